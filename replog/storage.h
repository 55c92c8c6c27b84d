/* SPDX-License-Identifier: Apache-2.0
 *
 * storage.h - what is done to the files of a log's directory, durably.
 *
 * Names, 'P' being a position of twenty digits: "metadata", "lock",
 * "segment-P", "snapshot-P", and with ".new" behind it what is not whole yet.
 *
 * Calls block.  Thread-safety: one thread at a time; different ones may write
 * files of different names. */
#ifndef REPLOG_STORAGE_H
#define REPLOG_STORAGE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct actor_disk;
struct error;

#define STORAGE_METADATA "metadata"
#define STORAGE_LOCK "lock"
#define STORAGE_NEW ".new"

enum storage_kind {
    STORAGE_KIND_METADATA,
    STORAGE_KIND_LOCK,
    STORAGE_KIND_SEGMENT,
    STORAGE_KIND_SNAPSHOT,
    STORAGE_KIND_NEW,             /* the beginning of one of the others */
    STORAGE_KIND_NONE,            /* lost+found */
    STORAGE_KIND_FOREIGN,
};

/* What 'name' is; '*ret_position' is set for segments and snapshots. */
enum storage_kind storage_classify(const char *name, uint64_t *ret_position);

/* Paths; the caller frees them. */
char *storage_path(const char *directory, const char *name);
char *storage_segment_path(const char *directory, uint64_t position);
char *storage_snapshot_path(const char *directory, uint64_t position);

/* True of the errors of a disk, negated, that go away when there is room. */
bool storage_is_full(int rc);

/* "writing '/a/b': no space left on device". */
struct error *storage_error(int rc, const char *what, const char *path)
    MUST_CHECK;

/* Makes the directory with what is missing above it, durably. */
struct error *storage_make_directory(const struct actor_disk *,
                                   const char *path) MUST_CHECK;

/* All of it; 0 or -errno. */
int storage_write(const struct actor_disk *, int fd, const void *, size_t size,
                size_t offset);
int storage_write_zeroes(const struct actor_disk *, int fd, size_t from,
                       size_t to);

/* Fills 'size' bytes; ERROR_PARSE if there are fewer. */
struct error *storage_read(const struct actor_disk *, int fd, const char *path,
                         void *, size_t size, size_t offset) MUST_CHECK;

/* The file as a whole, which may have 'max' bytes. */
struct error *storage_read_whole(const struct actor_disk *, const char *path,
                               size_t max, uint8_t **ret_data,
                               size_t *ret_size) MUST_CHECK;

/* Gives the file "path.new", which is durable, its own name, durably. */
struct error *storage_put_in_place(const struct actor_disk *,
                                 const char *directory, const char *path)
    MUST_CHECK;

#endif /* REPLOG_STORAGE_H */
