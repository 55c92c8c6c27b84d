/* SPDX-License-Identifier: Apache-2.0
 *
 * extract.c - archives, for mesos-fetcher.
 *
 * Thread: the program's only one. */
#include <config.h>

#include "agent/fetcher/extract.h"

#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include <actor/error.h>

#include "agent/fetcher/uri.h"

#define BLOCK_SIZE (64 << 10)

#define WRITE_FLAGS \
    (ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_SECURE_NODOTDOT \
     | ARCHIVE_EXTRACT_SECURE_SYMLINKS \
     | ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS)

static struct error *
archive_failure(struct archive *archive)
{
    const char *text = archive_error_string(archive);

    return error_create(ERROR_IO, "%s", text ? text : "unknown error");
}

static struct error *
check_entry(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    const char *target = archive_entry_hardlink(entry);
    mode_t kind = archive_entry_filetype(entry);

    if (!name || !uri_has_no_way_out(name)) {
        return error_create(ERROR_INVALID, "'%s' is not a path below the "
                            "sandbox", name ? name : "");
    }
    if (target && !uri_has_no_way_out(target)) {
        return error_create(ERROR_INVALID, "'%s' is a link to '%s', which is "
                            "not a path below the sandbox", name, target);
    }
    if (kind == AE_IFCHR || kind == AE_IFBLK) {
        return error_create(ERROR_INVALID, "'%s' is a device", name);
    }
    return NULL;
}

static struct error *
copy_data(struct archive *from, struct archive *to)
{
    const void *data;
    size_t size;
    la_int64_t offset;
    int rc;

    while ((rc = archive_read_data_block(from, &data, &size, &offset))
           == ARCHIVE_OK) {
        if (archive_write_data_block(to, data, size, offset) < ARCHIVE_OK) {
            return archive_failure(to);
        }
    }
    return rc == ARCHIVE_EOF ? NULL : archive_failure(from);
}

static struct error *
extract_entry(struct archive *from, struct archive *to,
              struct archive_entry *entry)
{
    struct error *error = check_entry(entry);

    if (error) {
        return error;
    }
    if (archive_write_header(to, entry) < ARCHIVE_WARN) {
        error = archive_failure(to);
    } else if (!archive_entry_size_is_set(entry)
               || archive_entry_size(entry) > 0) {
        error = copy_data(from, to);
    }
    if (!error && archive_write_finish_entry(to) < ARCHIVE_WARN) {
        error = archive_failure(to);
    }
    return error_wrap(error, "extracting '%s'",
                      archive_entry_pathname(entry));
}

static struct archive *
open_archive(const char *path, bool is_raw, struct error **ret_error)
{
    struct archive *archive = archive_read_new();

    archive_read_support_filter_gzip(archive);
    if (is_raw) {
        archive_read_support_format_raw(archive);
    } else {
        archive_read_support_filter_bzip2(archive);
        archive_read_support_filter_xz(archive);
        archive_read_support_format_tar(archive);
        archive_read_support_format_zip(archive);
    }
    *ret_error = archive_read_open_filename(archive, path, BLOCK_SIZE)
                     == ARCHIVE_OK ? NULL : archive_failure(archive);
    return archive;
}

struct error *
extract_archive(const char *path)
{
    struct error *error = NULL;
    struct archive *from = open_archive(path, false, &error);
    struct archive *to = archive_write_disk_new();

    archive_write_disk_set_options(to, WRITE_FLAGS);
    while (!error) {
        struct archive_entry *entry;
        int rc = archive_read_next_header(from, &entry);

        if (rc == ARCHIVE_EOF) {
            break;
        }
        error = rc < ARCHIVE_WARN ? archive_failure(from)
                                  : extract_entry(from, to, entry);
    }
    if (archive_write_close(to) < ARCHIVE_WARN && !error) {
        error = archive_failure(to);
    }
    archive_write_free(to);
    archive_read_free(from);
    return error;
}

struct error *
extract_gzip(const char *path, int fd)
{
    struct error *error = NULL;
    struct archive *from = open_archive(path, true, &error);
    struct archive_entry *entry;

    if (!error && archive_read_next_header(from, &entry) < ARCHIVE_WARN) {
        error = archive_failure(from);
    }
    if (!error && archive_filter_code(from, 0) != ARCHIVE_FILTER_GZIP) {
        error = error_create(ERROR_INVALID, "it is not in gzip format");
    }
    if (!error && archive_read_data_into_fd(from, fd) < ARCHIVE_WARN) {
        error = archive_failure(from);
    }
    archive_read_free(from);
    return error;
}
