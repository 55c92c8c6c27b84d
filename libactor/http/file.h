/* SPDX-License-Identifier: Apache-2.0
 *
 * file.h - a file on its way to a client: found, opened and read in the pool,
 * a piece at a time.
 *
 * Thread-safety: one thread at a time; file_open() and file_read() block. */
#ifndef HTTP_FILE_H
#define HTTP_FILE_H 1

#include <stdint.h>
#include <sys/types.h>

#include <actor/compiler.h>
#include <actor/strbuf.h>
#include "http/conditions.h"

#define FILE_PIECE (256 * 1024)
#define FILE_ETAG_SIZE 64

struct actor_disk;
struct error;
struct http_head;

struct file {
    const struct actor_disk *disk;      /* borrowed */
    char *root;                 /* owned; NULL: 'path' may be anywhere */
    char *path;                 /* owned; below 'root' if there is one */
    int fd;                     /* owned; -1: not open */
    char etag[FILE_ETAG_SIZE];
    struct http_validators validators;
    struct http_selection selection;
    const char *type;           /* by its extension; NULL: unknown */
    uint64_t offset;            /* of what is to be read next */
    uint64_t left;              /* to be read of the selection */
    struct strbuf piece;        /* the last piece that was read */
};

/* 'root' may be NULL. */
struct file *file_create(const struct actor_disk *, const char *root,
                         const char *path);

/* One that is open already, as 'fd' of the disk, which it takes. */
struct file *file_create_open(const struct actor_disk *, int fd,
                              const char *name);
void file_destroy(struct file *);               /* NULL is fine */

/* Opens the file, which has to be a regular one that no link leads out of the
 * root to, selects what of it 'head' asks for at wall time 'now_ns', and reads
 * the first piece if there is to be a body.  A directory below a root, and the
 * root itself, stand for their index.html.  ERROR_NOT_FOUND, ERROR_FORBIDDEN,
 * or what went wrong. */
struct error *file_open(struct file *, const struct http_head *head,
                        int64_t now_ns) MUST_CHECK;

/* Reads the next piece; ERROR_IO also if the file has become shorter. */
struct error *file_read(struct file *) MUST_CHECK;

#endif /* HTTP_FILE_H */
