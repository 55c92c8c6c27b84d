/* SPDX-License-Identifier: Apache-2.0
 *
 * whitelist.c - the file of --whitelist. */
#include <config.h>

#include "master/whitelist.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/vec.h>
#include <actor/work.h>

#include "master/allocator/allocator.h"
#include "master/private.h"

#define INTERVAL_NS (5 * SECOND)
#define WHITELIST_MAX ((size_t) 16 * 1024 * 1024)

struct reading {
    const struct actor_disk *disk;
    char *path;                 /* owned */
    char *text;                 /* owned */
};

static void read_again(struct actor *, void *arg);

/* In the pool.  Links are followed: operators swap such files by them. */
static struct error *
read_file(void *arg)
{
    struct reading *r = arg;
    autofree char *path = NULL;
    struct stat st;
    size_t size = 0;
    ssize_t got = 0;
    int fd = -1;
    int rc = actor_disk_realpath(r->disk, r->path, &path);

    if (rc == 0) {
        fd = rc = actor_disk_open(r->disk, path, O_RDONLY, 0);
    }
    if (rc >= 0) {
        rc = actor_disk_fstat(r->disk, fd, &st);
    }
    if (rc < 0) {
        actor_disk_close(r->disk, &fd);
        return error_errno(-rc, "Failed to read whitelist '%s'", r->path);
    }
    if (!S_ISREG(st.st_mode) || (uint64_t) st.st_size > WHITELIST_MAX) {
        actor_disk_close(r->disk, &fd);
        return error_create(ERROR_TOO_LARGE, "Whitelist '%s' is no file of at "
                            "most %zu bytes", r->path, WHITELIST_MAX);
    }
    r->text = xcalloc((size_t) st.st_size + 1, 1);
    do {
        size += (size_t) got;
        got = actor_disk_pread(r->disk, fd, r->text + size,
                               (size_t) st.st_size - size, (off_t) size);
    } while (got > 0 && size + (size_t) got < (size_t) st.st_size);
    actor_disk_close(r->disk, &fd);
    return got < 0 ? error_errno((int) -got, "Failed to read whitelist '%s'",
                                 r->path) : NULL;
}

static void
tell(struct master *m, const char *text)
{
    autofree char *copy = xstrdup(text);
    VEC(const char *) names = VEC_EMPTY;
    const char *none[1] = { NULL };
    char *rest = copy;
    char *line;
    bool all = false;

    while ((line = strsep(&rest, "\n")) != NULL) {
        line += strspn(line, " \t\r");
        line[strcspn(line, " \t\r")] = '\0';
        all = all || !strcmp(line, "*");
        if (*line != '\0') {
            vec_push(&names, line);
        }
    }
    if (all) {
        allocator_set_whitelist(&m->base, &m->allocator, NULL, 0);
    } else {
        allocator_set_whitelist(&m->base, &m->allocator,
                                names.n > 0 ? names.data : none, names.n);
    }
    vec_fini(&names);
}

static void
on_read(struct actor *self, void *arg, const struct error *error)
{
    struct master *m = master_cast(self);
    struct reading *r = arg;

    if (error) {
        log_error("%s", error_text(error));
    } else if (!m->whitelist.text || strcmp(m->whitelist.text, r->text)) {
        free(m->whitelist.text);
        m->whitelist.text = steal(r->text);
        tell(m, m->whitelist.text);
    }
    actor_timer_start(self, &m->whitelist.timer, INTERVAL_NS, read_again,
                      NULL);
}

static void
reading_destroy(void *arg)
{
    struct reading *r = arg;

    free(r->text);
    free(r->path);
    free(r);
}

static void
read_again(struct actor *self, void *arg)
{
    struct master *m = master_cast(self);
    struct reading *r = xcalloc(1, sizeof *r);

    (void) arg;
    r->disk = actor_system_disk(actor_system_of(self));
    r->path = xstrdup(m->flags->whitelist);
    actor_work(self, read_file, on_read, r, reading_destroy);
}

void
whitelist_start(struct master *m)
{
    if (m->flags->whitelist && strcmp(m->flags->whitelist, "*")) {
        read_again(&m->base, NULL);
    }
}

void
whitelist_fini(struct whitelist *whitelist)
{
    free(whitelist->text);
}
