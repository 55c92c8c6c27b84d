/* SPDX-License-Identifier: Apache-2.0
 *
 * snapshot.c - see snapshot.h. */
#include <config.h>

#include "replog/snapshot.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/error.h>

#include "replog/crc32c.h"
#include "replog/storage.h"
#include "replog/replog.h"

void
snapshot_destroy(struct snapshot *s)
{
    if (s) {
        free(s->directory);
        free(s);
    }
}

static char *
new_path(const struct snapshot *s)
{
    autofree char *path = storage_snapshot_path(s->directory, s->position);

    return xasprintf("%s" STORAGE_NEW, path);
}

static struct error *
fill(struct snapshot *s, int fd, const char *path, const void *data,
     size_t size)
{
    struct header header = {
        .kind = HEADER_KIND_SNAPSHOT, .epoch = s->epoch,
        .position = s->position, .size = size,
        .checksum = crc32c(data, size),
    };
    uint8_t sector[REPLOG_SECTOR];

    memcpy(header.id, s->id, sizeof header.id);
    header_encode(&header, sector);
    int rc = storage_write(s->disk, fd, sector, sizeof sector, 0);

    if (rc == 0) {
        rc = storage_write(s->disk, fd, data, size, sizeof sector);
    }
    if (rc < 0) {
        s->is_fatal = !storage_is_full(rc);
        return storage_error(rc, "writing", path);
    }
    rc = actor_disk_fsync(s->disk, fd);
    s->is_fatal = rc < 0;
    return rc < 0 ? storage_error(rc, "syncing", path) : NULL;
}

struct error *
snapshot_write(struct snapshot *s, const void *data, size_t size)
{
    autofree char *path = new_path(s);
    int fd = actor_disk_open(s->disk, path, O_WRONLY | O_CREAT | O_TRUNC,
                             0644);

    if (fd < 0) {
        s->is_fatal = !storage_is_full(fd);
        return storage_error(fd, "making", path);
    }
    struct error *error = fill(s, fd, path, data, size);

    actor_disk_close(s->disk, &fd);
    if (error) {
        actor_disk_unlink(s->disk, path);
    }
    return error;
}

void
snapshot_discard(const struct snapshot *s)
{
    autofree char *path = new_path(s);

    actor_disk_unlink(s->disk, path);
}

/* --- reading --- */

static struct error *
check(const uint8_t *data, size_t size, const uint8_t *id, uint64_t position,
      struct header *ret)
{
    struct error *error = header_decode(data, size, HEADER_KIND_SNAPSHOT, ret);

    if (error) {
        return error;
    }
    if (memcmp(ret->id, id, REPLOG_ID_SIZE) != 0) {
        return error_create(ERROR_PARSE, "it is of another log");
    }
    if (ret->position != position) {
        return error_create(ERROR_PARSE, "it is the snapshot of position %"
                            PRIu64, ret->position);
    }
    if (ret->size != size - REPLOG_SECTOR) {
        return error_create(ERROR_PARSE, "damaged at offset %zu: there should "
                            "be %" PRIu64 " bytes behind the header, and "
                            "there are %zu", size, ret->size,
                            size - REPLOG_SECTOR);
    }
    uint32_t checksum = crc32c(data + REPLOG_SECTOR, size - REPLOG_SECTOR);

    if (checksum != ret->checksum) {
        return error_create(ERROR_PARSE, "damaged at offset %u: the checksum "
                            "of what follows is 0x%08" PRIx32 " and should be "
                            "0x%08" PRIx32, REPLOG_SECTOR, checksum,
                            ret->checksum);
    }
    return NULL;
}

struct error *
snapshot_read(const struct actor_disk *disk, const char *directory,
              const uint8_t id[REPLOG_ID_SIZE], uint64_t position,
              struct header *ret_header, void **ret_data)
{
    autofree char *path = storage_snapshot_path(directory, position);
    uint8_t *data;
    size_t size;
    struct error *error = storage_read_whole(
        disk, path, REPLOG_SNAPSHOT_MAX + REPLOG_SECTOR, &data, &size);

    if (error) {
        return error;
    }
    error = error_wrap(check(data, size, id, position, ret_header), "'%s'",
                       path);
    if (!error && ret_data) {
        memmove(data, data + REPLOG_SECTOR, size - REPLOG_SECTOR);
        *ret_data = data;
    } else {
        free(data);
    }
    return error;
}
