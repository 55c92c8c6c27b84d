/* SPDX-License-Identifier: Apache-2.0
 *
 * place.h - a directory of some disk in which a test works, and what is done
 * there all the time.  Calls are those of actor/disk.h with names instead of
 * paths.
 *
 * Thread-safety: the test's own thread. */
#ifndef TESTS_LIB_PLACE_H
#define TESTS_LIB_PLACE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor_disk;
struct stat;

struct place {
    const struct actor_disk *disk;
    const char *root;
};

/* 'name' in the place; good until it is called eight times more. */
const char *place_path(const struct place *, const char *name);

/* --- 0 or more; -errno --- */

int place_open(const struct place *, const char *name, int flags);
int place_mkdir(const struct place *, const char *name);
int place_unlink(const struct place *, const char *name);
int place_rmdir(const struct place *, const char *name);
int place_move(const struct place *, const char *from, const char *to);
int place_link(const struct place *, const char *target, const char *name);
int place_cut(const struct place *, const char *name, size_t size);
int place_stat(const struct place *, const char *name, struct stat *ret);

/* '*ret_path' is the caller's to free. */
int place_realpath(const struct place *, const char *name, char **ret_path);

/* Syncs directory 'name'. */
int place_sync(const struct place *, const char *name);

/* --- asserted --- */

/* Makes 'name' a file with 'text' in it. */
void place_put(const struct place *, const char *name, const char *text);

/* Checks that it is one. */
void place_has(const struct place *, const char *name, const char *text);
bool place_exists(const struct place *, const char *name);

/* --- anything at random --- */

/* A path of up to three components, some of which lead out of where one is, or
 * end with a slash; 'random' is of seeded_init(). */
const char *place_draw(uint64_t random[4], char path[64]);

/* Makes one of all calls; what comes of it in one number, which is the same
 * for disks that do the same.  'what' tells what was done. */
int place_do(const struct place *, uint64_t random[4], char what[200]);

#endif /* TESTS_LIB_PLACE_H */
