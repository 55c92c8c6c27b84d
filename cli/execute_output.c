/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_output.c - what mesos-execute and its tasks print.
 *
 * Thread: any; members are guarded by the mutex. */
#include <config.h>

#include "cli/execute_output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>
#include <actor/system.h>

struct execute_output {
    struct actor_mutex *mutex;              /* guards the rest */
    int fds[EXECUTE_N_STREAMS];             /* borrowed; -1: broken */
    bool is_mid_line[EXECUTE_N_STREAMS];
    enum execute_stream own;                /* where our own lines go */
    bool is_terminal;                       /* both are: one and the same */
};

struct execute_output *
execute_output_create(int stdout_fd, int stderr_fd, enum execute_stream own)
{
    struct execute_output *output = xcalloc(1, sizeof *output);

    output->mutex = actor_mutex_create();
    output->fds[EXECUTE_STDOUT] = stdout_fd;
    output->fds[EXECUTE_STDERR] = stderr_fd;
    output->own = own;
    output->is_terminal = isatty(stdout_fd) && isatty(stderr_fd);
    return output;
}

void
execute_output_destroy(struct execute_output *output)
{
    if (output) {
        actor_mutex_destroy(output->mutex);
        free(output);
    }
}

/* With the mutex held. */
static void
put(struct execute_output *output, enum execute_stream stream,
    const char *data, size_t size)
{
    if (size > 0) {
        output->is_mid_line[stream] = data[size - 1] != '\n';
    }
    while (size > 0 && output->fds[stream] >= 0) {
        ssize_t n = write(output->fds[stream], data, size);

        if (n >= 0) {
            data += n;
            size -= (size_t) n;
        } else if (errno != EINTR) {
            output->fds[stream] = -1;
        }
    }
}

/* Likewise. */
static void
finish_line(struct execute_output *output)
{
    bool is_unfinished = output->is_mid_line[output->own];

    for (size_t i = 0; i < EXECUTE_N_STREAMS && output->is_terminal; i++) {
        is_unfinished = is_unfinished || output->is_mid_line[i];
        output->is_mid_line[i] = false;
    }
    if (is_unfinished) {
        put(output, output->own, "\n", 1);
    }
}

void
execute_output_say(struct execute_output *output, const char *text)
{
    actor_mutex_lock(output->mutex);
    finish_line(output);
    put(output, output->own, text, strlen(text));
    actor_mutex_unlock(output->mutex);
}

void
execute_output_printf(struct execute_output *output, const char *fmt, ...)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    va_list args;

    va_start(args, fmt);
    strbuf_vprintf(&text, fmt, args);
    va_end(args);
    execute_output_say(output, text.data);
}

void
execute_output_pass_on(struct execute_output *output,
                       enum execute_stream stream, const void *data,
                       size_t size)
{
    actor_mutex_lock(output->mutex);
    put(output, stream, data, size);
    actor_mutex_unlock(output->mutex);
}

/* --- lines --- */

void
execute_lines_end(struct strbuf *partial, const char *prefix,
                  struct strbuf *out)
{
    if (partial->len > 0) {
        strbuf_append(out, prefix);
        strbuf_append_bytes(out, partial->data, partial->len);
        strbuf_append_char(out, '\n');
        strbuf_clear(partial);
    }
}

void
execute_lines_add(struct strbuf *partial, const char *prefix,
                  const char *data, size_t size, struct strbuf *out)
{
    while (size > 0) {
        size_t room = EXECUTE_LINE_MAX - partial->len;
        size_t len = size < room ? size : room;
        const char *newline = memchr(data, '\n', len);

        if (newline) {
            len = (size_t) (newline - data);
            strbuf_append(out, prefix);
            strbuf_append_bytes(out, partial->data, partial->len);
            strbuf_append_bytes(out, data, len);
            strbuf_append_char(out, '\n');
            strbuf_clear(partial);
            len++;
        } else {
            strbuf_append_bytes(partial, data, len);
            if (partial->len == EXECUTE_LINE_MAX) {
                execute_lines_end(partial, prefix, out);
            }
        }
        data += len;
        size -= len;
    }
}
