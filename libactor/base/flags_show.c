/* SPDX-License-Identifier: Apache-2.0
 *
 * flags_show.c - flags for people: --help, the line at start, JSON.
 *
 * Thread: any that owns the values. */
#include <config.h>

#include <actor/flags.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/json.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "base/flags_private.h"

/* Blanks between the columns of --help. */
#define PAD 5

static int
compare_names(const void *a, const void *b)
{
    const struct flag *const *x = a;
    const struct flag *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

/* The flags in the order of their names; the caller frees the array. */
static const struct flag **
sorted(const struct flag *flags, size_t n_flags)
{
    const struct flag **order = alloc_array(n_flags, sizeof *order);

    for (size_t i = 0; i < n_flags; i++) {
        order[i] = &flags[i];
    }
    qsort(order, n_flags, sizeof *order, compare_names);
    return order;
}

static void
append_value(struct strbuf *out, const struct flag *f, const void *values)
{
    const void *member = flag_member(f, values);

    switch (f->type) {
    case FLAG_STRING:
    case FLAG_PATH:
        strbuf_append(out, *(char *const *) member);
        return;
    case FLAG_BOOL:
        strbuf_append(out, *(const bool *) member ? "true" : "false");
        return;
    case FLAG_INT:
        strbuf_append_int(out, *(const int64_t *) member);
        return;
    case FLAG_UINT:
        strbuf_append_uint(out, *(const uint64_t *) member);
        return;
    case FLAG_DOUBLE:
        strbuf_append_double(out, *(const double *) member, false);
        return;
    case FLAG_DURATION:
        duration_format(out, *(const int64_t *) member);
        return;
    case FLAG_BYTES:
        bytes_format(out, *(const uint64_t *) member);
        return;
    }
    UNREACHABLE();
}

void
flags_each(const struct flag *flags, size_t n_flags, const void *values,
           void (*fn)(void *aux, const char *name, const char *value),
           void *aux)
{
    autofree const struct flag **order = sorted(flags, n_flags);

    for (size_t i = 0; i < n_flags; i++) {
        if (flag_is_set(order[i], values)) {
            autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
            append_value(&text, order[i], values);
            fn(aux, order[i]->name, text.data);
        }
    }
}

static void
write_member(void *w, const char *name, const char *value)
{
    json_member_string(w, name, value);
}

void
flags_write_json(struct json_writer *w, const struct flag *flags,
                 size_t n_flags, const void *values)
{
    json_object_begin(w);
    flags_each(flags, n_flags, values, write_member, w);
    json_object_end(w);
}

void
flags_format(struct strbuf *out, const struct flag *flags, size_t n_flags,
             const void *values)
{
    autofree const struct flag **order = sorted(flags, n_flags);
    const char *blank = "";

    for (size_t i = 0; i < n_flags; i++) {
        if (flag_is_set(order[i], values)) {
            strbuf_printf(out, "%s--%s=\"", blank, order[i]->name);
            append_value(out, order[i], values);
            strbuf_append_char(out, '"');
            blank = " ";
        }
    }
}

/* --- usage --- */

/* The left column: "  --name=VALUE" or "  --[no-]name", then the alias. */
static void
append_names(struct strbuf *out, const struct flag *f)
{
    const char *before = f->type == FLAG_BOOL ? "--[no-]" : "--";
    const char *after = f->type == FLAG_BOOL ? "" : "=VALUE";

    strbuf_printf(out, "  %s%s%s", before, f->name, after);
    if (f->alias) {
        strbuf_printf(out, ", %s%s%s", before, f->alias, after);
    }
}

static size_t
names_width(const struct flag *f)
{
    autofini(strbuf) names = STRBUF(STRBUF_UNLIMITED);

    append_names(&names, f);
    return names.len;
}

/* Help, and the default at its end. */
static char *
help_text(const struct flag *f)
{
    const char *help = f->help ? f->help : "";
    size_t len = strlen(help);
    const char *blank = len > 0 && help[len - 1] != '\n' ? " " : "";

    if (!f->default_value) {
        return xstrdup(help);
    }
    return xasprintf("%s%s(default: %s)", help, blank, f->default_value);
}

static void
append_paragraph(struct strbuf *out, const struct flag *f, size_t width)
{
    autofree char *help = help_text(f);
    const char *line = help;
    size_t start = out->len;

    append_names(out, f);
    for (;;) {
        size_t len = strcspn(line, "\n");
        while (out->len - start < width && !out->overflow) {
            strbuf_append_char(out, ' ');
        }
        strbuf_append_bytes(out, line, len);
        strbuf_append_char(out, '\n');
        if (!line[len]) {
            return;
        }
        start = out->len;
        line += len + 1;
    }
}

void
flags_usage(struct strbuf *out, const char *program, const char *message,
            const struct flag *flags, size_t n_flags)
{
    autofree const struct flag **order = sorted(flags, n_flags);
    const char *slash = strrchr(program, '/');
    size_t width = 0;

    if (message) {
        strbuf_printf(out, "%s\n\n", message);
    }
    strbuf_printf(out, "Usage: %s [options]\n\n", slash ? slash + 1 : program);
    for (size_t i = 0; i < n_flags; i++) {
        size_t w = names_width(order[i]);
        width = w > width ? w : width;
    }
    for (size_t i = 0; i < n_flags; i++) {
        append_paragraph(out, order[i], width + PAD);
    }
}
