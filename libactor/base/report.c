/* SPDX-License-Identifier: Apache-2.0
 *
 * report.c - text for those who may call nothing.
 *
 * Thread: any, also in signal handlers. */
#include <config.h>

#include "base/report.h"

#include <actor/duration.h>

#include "base/log_private.h"

static void put_number(struct report_line *, uint64_t, unsigned base,
                       const char *prefix, size_t width);

static void
put(struct report_line *line, char c)
{
    /* The last byte is for the newline. */
    if (line->len < sizeof line->data - 1) {
        line->data[line->len++] = c;
    }
}

void
report_text(struct report_line *line, const char *text)
{
    while (*text) {
        put(line, *text++);
    }
}

void
report_quoted(struct report_line *line, const char *text)
{
    put(line, '\'');
    report_text(line, text);
    put(line, '\'');
}

void
report_uint(struct report_line *line, uint64_t value, size_t width)
{
    put_number(line, value, 10, "", width);
}

void
report_hex(struct report_line *line, uint64_t value, size_t width)
{
    put_number(line, value, 16, "0x", width);
}

void
report_duration(struct report_line *line, int64_t ns)
{
    uint64_t us = (uint64_t) (ns < 0 ? 0 : ns) / MICROSECOND;

    report_uint(line, us / 1000000, 0);
    put(line, '.');
    for (uint64_t unit = 100000; unit > 0; unit /= 10) {
        put(line, (char) ('0' + us / unit % 10));
    }
    put(line, 's');
}

void
report_end(struct report_line *line, int fd)
{
    line->data[line->len++] = '\n';
    if (fd >= 0) {
        log_write_fd(fd, line->data, line->len);
    } else {
        log_write_report(line->data, line->len, fd == REPORT_FATAL);
    }
    line->len = 0;
}

void
report_write(int fd, const char *text)
{
    struct report_line line = REPORT_LINE;

    report_text(&line, text);
    report_end(&line, fd);
}

static void
put_number(struct report_line *line, uint64_t value, unsigned base,
           const char *prefix, size_t width)
{
    char reversed[24];
    size_t n = 0, n_prefix = 0;

    do {
        reversed[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    while (prefix[n_prefix]) {
        n_prefix++;
    }
    for (size_t i = n + n_prefix; i < width; i++) {
        put(line, ' ');
    }
    report_text(line, prefix);
    while (n > 0) {
        put(line, reversed[--n]);
    }
}
