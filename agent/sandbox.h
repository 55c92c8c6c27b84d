/* SPDX-License-Identifier: Apache-2.0
 *
 * sandbox.h - makes the directory an executor runs in.
 *
 * Thread-safety: any thread; everything here blocks and belongs into the
 * worker pool. */
#ifndef AGENT_SANDBOX_H
#define AGENT_SANDBOX_H 1

#include <stdbool.h>
#include <sys/types.h>

#include <actor/compiler.h>

struct actor_disk;
struct error;

/* A user and all his groups. */
struct sandbox_user {
    uid_t uid;
    gid_t gid;
    gid_t *groups;              /* owned */
    size_t n_groups;
};

/* Looks the user up, in whatever directory the host asks. */
struct error *sandbox_user_find(const char *name, struct sandbox_user *ret)
    MUST_CHECK;
void sandbox_user_fini(struct sandbox_user *);

struct sandbox {
    int out_fd, err_fd;         /* owned; the files stdout and stderr */
};

/* Makes 'directory' with what is missing above it, mode 0750, gives it to
 * 'user' (NULL: stays ours), points the link 'latest' beside it to it and
 * opens its stdout and stderr. */
struct error *sandbox_create(const struct actor_disk *, const char *directory,
                             const struct sandbox_user *user,
                             const char *user_name, struct sandbox *ret)
    MUST_CHECK;
void sandbox_fini(const struct actor_disk *, struct sandbox *);

/* mkdir -p, for other directories of ours. */
struct error *sandbox_make_path(const struct actor_disk *, const char *path,
                                mode_t mode) MUST_CHECK;

#endif /* AGENT_SANDBOX_H */
