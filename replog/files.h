/* SPDX-License-Identifier: Apache-2.0
 *
 * files.h - what is done to the files of a log's directory, durably.
 *
 * Names, 'P' being a position of twenty digits: "metadata", "lock",
 * "segment-P", "snapshot-P", and with ".new" behind it what is not whole yet.
 *
 * Calls block.  Thread-safety: one thread at a time; different ones may write
 * files of different names. */
#ifndef REPLOG_FILES_H
#define REPLOG_FILES_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct actor_disk;
struct error;

#define FILES_METADATA "metadata"
#define FILES_LOCK "lock"
#define FILES_NEW ".new"

enum files_kind {
    FILES_KIND_METADATA,
    FILES_KIND_LOCK,
    FILES_KIND_SEGMENT,
    FILES_KIND_SNAPSHOT,
    FILES_KIND_NEW,             /* the beginning of one of the others */
    FILES_KIND_NONE,            /* lost+found */
    FILES_KIND_FOREIGN,
};

/* What 'name' is; '*ret_position' is set for segments and snapshots. */
enum files_kind files_classify(const char *name, uint64_t *ret_position);

/* Paths; the caller frees them. */
char *files_path(const char *directory, const char *name);
char *files_segment_path(const char *directory, uint64_t position);
char *files_snapshot_path(const char *directory, uint64_t position);

/* True of the errors of a disk, negated, that go away when there is room. */
bool files_is_full(int rc);

/* "writing '/a/b': no space left on device". */
struct error *files_error(int rc, const char *what, const char *path)
    MUST_CHECK;

/* Makes the directory with what is missing above it, durably. */
struct error *files_make_directory(const struct actor_disk *,
                                   const char *path) MUST_CHECK;

/* All of it; 0 or -errno. */
int files_write(const struct actor_disk *, int fd, const void *, size_t size,
                size_t offset);
int files_write_zeroes(const struct actor_disk *, int fd, size_t from,
                       size_t to);

/* Fills 'size' bytes; ERROR_PARSE if there are fewer. */
struct error *files_read(const struct actor_disk *, int fd, const char *path,
                         void *, size_t size, size_t offset) MUST_CHECK;

/* The file as a whole, which may have 'max' bytes. */
struct error *files_read_whole(const struct actor_disk *, const char *path,
                               size_t max, uint8_t **ret_data,
                               size_t *ret_size) MUST_CHECK;

/* Gives the file "path.new", which is durable, its own name, durably. */
struct error *files_put_in_place(const struct actor_disk *,
                                 const char *directory, const char *path)
    MUST_CHECK;

#endif /* REPLOG_FILES_H */
