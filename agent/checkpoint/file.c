/* SPDX-License-Identifier: Apache-2.0
 *
 * file.c - checkpoints on the disk: reading them.
 *
 * Thread: a pool thread, or the one that starts the agent. */
#include <config.h>

#include "agent/checkpoint/file.h"

#include <errno.h>
#include <fcntl.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#define PIECE ((size_t) 64 << 10)

/* The line before the content is short. */
#define FILE_MAX (CHECKPOINT_SIZE_MAX + 4096)

static struct error *
read_all(const struct actor_disk *disk, int fd, const char *path,
         struct strbuf *out)
{
    off_t offset = 0;
    ssize_t n;

    do {
        char *room = strbuf_reserve(out, PIECE);

        if (!room || (size_t) offset > FILE_MAX) {
            return error_create(ERROR_TOO_LARGE, "'%s' is too large for a "
                                "checkpoint", path);
        }
        n = actor_disk_pread(disk, fd, room, PIECE, offset);
        if (n < 0) {
            return error_errno((int) -n, "reading '%s'", path);
        }
        strbuf_advance(out, (size_t) n);
        offset += n;
    } while (n > 0);
    return NULL;
}

struct error *
checkpoint_read_bytes(const struct actor_disk *disk, const char *path,
                      struct strbuf *out)
{
    int fd = actor_disk_open(disk, path, O_RDONLY, 0);

    if (fd < 0) {
        return error_errno(-fd, "opening '%s'", path);
    }
    struct error *error = read_all(disk, fd, path, out);
    actor_disk_close(disk, &fd);
    return error;
}

struct error *
checkpoint_read(const struct actor_disk *disk, const char *path,
                const char *kind, struct strbuf *out)
{
    autofini(strbuf) file = STRBUF(STRBUF_UNLIMITED);
    struct error *error = checkpoint_read_bytes(disk, path, &file);
    const void *content;
    size_t size;

    if (error) {
        return error;
    }
    error = checkpoint_decode(file.data, file.len, kind, &content, &size);
    if (!error) {
        strbuf_append_bytes(out, content, size);
    }
    return error_wrap(error, "'%s'", path);
}

struct error *
checkpoint_read_message(const struct actor_disk *disk, const char *path,
                        const char *kind,
                        const ProtobufCMessageDescriptor *descriptor,
                        struct message **ret)
{
    autofini(strbuf) content = STRBUF(STRBUF_UNLIMITED);
    struct error *error = checkpoint_read(disk, path, kind, &content);

    if (error) {
        return error;
    }
    return error_wrap(message_decode_msgpack(descriptor, content.data,
                                             content.len, ret),
                      "'%s'", path);
}

struct error *
checkpoint_read_log(const struct actor_disk *disk, const char *path,
                    const char *kind, checkpoint_record_fn *fn, void *aux,
                    uint64_t *ret_size)
{
    autofini(strbuf) file = STRBUF(STRBUF_UNLIMITED);
    struct error *error = checkpoint_read_bytes(disk, path, &file);
    size_t good = 0;

    if (error) {
        return error;
    }
    error = checkpoint_log_read(file.data, file.len, kind, fn, aux, &good);
    if (!error && good < file.len) {
        log_warn("Cutting off %zu bytes at offset %zu of '%s', which were not "
                 "written to their end", file.len - good, good, path);
    }
    *ret_size = good;
    return error_wrap(error, "'%s'", path);
}
