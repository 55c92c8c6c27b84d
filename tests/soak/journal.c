/* SPDX-License-Identifier: Apache-2.0
 *
 * journal.c - reading and writing the lines of a journal. */
#include <config.h>

#include "tests/soak/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>

static struct soak_task *
add_task(struct journal *j, const char *id)
{
    struct soak_task *task = xcalloc(1, sizeof *task);

    task->id = xstrdup(id);
    HASH_ADD_KEYPTR(hh, j->tasks, task->id, strlen(task->id), task);
    return task;
}

static void
set_end(struct journal *j, struct soak_task *task, const char *state)
{
    if (task->n_ends++ == 0) {
        task->end = xstrdup(state);
        j->n_over++;
    }
}

static void
read_line(struct journal *j, char *line)
{
    char *text = line + 2;
    char *space;

    if (strlen(line) < 3 || line[1] != ' ') {
        return;
    }
    switch (line[0]) {
    case 'I':
        free(j->framework_id);
        j->framework_id = xstrdup(text);
        break;
    case 'L':
        if (!journal_find(j, text)) {
            add_task(j, text);
        }
        break;
    case 'E':
        space = strchr(text, ' ');
        if (space) {
            struct soak_task *task;

            *space = '\0';
            task = journal_find(j, text);
            if (task) {
                set_end(j, task, space + 1);
            }
        }
        break;
    default:
        break;
    }
}

struct error *
journal_open(const char *path, struct journal *ret)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    *ret = (struct journal) { 0 };
    while (file && (len = getline(&line, &size, file)) > 0) {
        if (line[len - 1] == '\n') {
            line[len - 1] = '\0';
            read_line(ret, line);
        }
    }
    free(line);
    if (file) {
        fclose(file);
    }
    ret->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (ret->fd < 0) {
        return error_errno(errno, "opening journal '%s'", path);
    }
    return NULL;
}

void
journal_close(struct journal *j)
{
    struct soak_task *task, *next;

    HASH_ITER (hh, j->tasks, task, next) {
        HASH_DEL(j->tasks, task);
        free(task->id);
        free(task->end);
        free(task);
    }
    free(j->framework_id);
    close(j->fd);
}

/* Starts with a line's end: what was cut short is a line by itself then. */
static struct error *
put(struct journal *j, char kind, const char *a, const char *b)
{
    char line[512];
    int len = snprintf(line, sizeof line, "\n%c %s%s%s\n", kind, a,
                       b ? " " : "", b ? b : "");

    if (len < 0 || (size_t) len >= sizeof line) {
        return error_create(ERROR_INVALID, "a line of %d bytes is too long",
                            len);
    }
    if (write(j->fd, line, (size_t) len) != len || fdatasync(j->fd)) {
        return error_errno(errno, "writing the journal");
    }
    return NULL;
}

struct error *
journal_set_framework(struct journal *j, const char *id)
{
    free(j->framework_id);
    j->framework_id = xstrdup(id);
    return put(j, 'I', id, NULL);
}

struct error *
journal_launch(struct journal *j, const char *id, struct soak_task **ret)
{
    *ret = add_task(j, id);
    return put(j, 'L', id, NULL);
}

struct error *
journal_end(struct journal *j, struct soak_task *task, const char *state)
{
    bool is_first = task->n_ends == 0;

    set_end(j, task, state);
    return is_first ? put(j, 'E', task->id, state) : NULL;
}

struct soak_task *
journal_find(struct journal *j, const char *id)
{
    struct soak_task *task;

    HASH_FIND(hh, j->tasks, id, strlen(id), task);
    return task;
}

size_t
journal_n_tasks(const struct journal *j)
{
    return HASH_COUNT(j->tasks);
}
