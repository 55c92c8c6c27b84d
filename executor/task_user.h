/* SPDX-License-Identifier: Apache-2.0
 *
 * task_user.h - the user that a task runs as, looked up in /etc/passwd and
 * /etc/group.
 *
 * A statically linked program cannot ask what else a host may know of users
 * (nsswitch.conf): that takes shared libraries.  Who needs a user of a
 * directory service names him in the executor or in the framework, which the
 * agent looks up.
 *
 * Thread-safety: blocks; a pool thread, one at a time. */
#ifndef EXECUTOR_TASK_USER_H
#define EXECUTOR_TASK_USER_H 1

#include <stddef.h>
#include <sys/types.h>

#include <actor/compiler.h>

struct error;

struct task_user {
    uid_t uid;
    gid_t gid;
    gid_t *groups;              /* owned; all that he is in */
    size_t n_groups;
};

/* 'passwd' and 'group' are the files to look into. */
struct error *task_user_find(const char *name, const char *passwd,
                             const char *group, struct task_user *ret)
    MUST_CHECK;
void task_user_fini(struct task_user *);

#endif /* EXECUTOR_TASK_USER_H */
