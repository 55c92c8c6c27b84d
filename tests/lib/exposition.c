/* SPDX-License-Identifier: Apache-2.0
 *
 * exposition.c - reads Prometheus' formats line by line. */
#include <config.h>

#include "tests/lib/exposition.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/vec.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"

struct reader {
    bool openmetrics;
    char *family;               /* owned; of the last TYPE */
    char *helped;               /* owned; of the last HELP */
    char *type;                 /* owned */
    VEC(char *) families;       /* owned; all there were */
    VEC(char *) series;         /* owned; name and labels */
    bool ended;
};

static size_t
name_len(const char *text)
{
    size_t len = strspn(text, LETTERS);

    return len > 0 ? len + strspn(text + len, LETTERS DIGITS) : 0;
}

static bool
is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static bool
set(char **text, const char *from, size_t len)
{
    free(*text);
    *text = xstrndup(from, len);
    return len > 0;
}

/* Up to the unescaped '"', which is left behind; NULL: there is none, or an
 * escape that is not one. */
static const char *
skip_value(const char *p)
{
    for (; *p && *p != '"'; p++) {
        if (*p == '\\' && !is_one_of(*++p, "\\\"n")) {
            return NULL;
        }
    }
    return *p ? p : NULL;
}

/* Behind the closing brace, or NULL. */
static const char *
skip_labels(const char *p)
{
    do {
        size_t len = name_len(p + 1);

        if (len == 0 || strncmp(p + 1 + len, "=\"", 2)) {
            return NULL;
        }
        p = skip_value(p + 1 + len + 2);
        if (!p) {
            return NULL;
        }
        p++;
    } while (*p == ',');
    return *p == '}' ? p + 1 : NULL;
}

static bool
is_number(const char *text)
{
    char *end;

    if (!strcmp(text, "NaN") || !strcmp(text, "+Inf")
        || !strcmp(text, "-Inf")) {
        return true;
    }
    if (text[strspn(text, DIGITS "+-.e")] != '\0') {
        return false;
    }
    strtod(text, &end);
    return end > text && *end == '\0';
}

/* Whether a family of this type has samples of this name. */
static bool
belongs(const struct reader *r, const char *name, size_t len)
{
    size_t family_len = strlen(r->family);
    autofree char *suffix = NULL;

    if (len < family_len || strncmp(name, r->family, family_len)) {
        return false;
    }
    suffix = xstrndup(name + family_len, len - family_len);
    if (!strcmp(r->type, "counter")) {
        return !strcmp(suffix, r->openmetrics ? "_total" : "");
    }
    if (!strcmp(r->type, "summary") && suffix[0] != '\0') {
        return !strcmp(suffix, "_sum") || !strcmp(suffix, "_count");
    }
    return suffix[0] == '\0';
}

static const char *
read_sample(struct reader *r, const char *line)
{
    size_t len = name_len(line);
    const char *p = line + len;

    if (!r->family || !belongs(r, line, len)) {
        return "a sample outside its family";
    }
    if (*p == '{') {
        p = skip_labels(p);
        if (!p) {
            return "bad labels";
        }
    }
    if (*p != ' ' || !is_number(p + 1)) {
        return "bad value";
    }
    vec_push(&r->series, xstrndup(line, (size_t) (p - line)));
    return NULL;
}

static const char *
read_type(struct reader *r, const char *text)
{
    size_t len = name_len(text);
    const char *type = text + len + 1;

    if (len == 0 || text[len] != ' ' || !r->helped
        || strlen(r->helped) != len || strncmp(r->helped, text, len)) {
        return "a type without its help before it";
    }
    if (strcmp(type, "counter") && strcmp(type, "gauge")
        && strcmp(type, "summary")) {
        return "unknown type";
    }
    set(&r->family, text, len);
    set(&r->type, type, strlen(type));
    vec_push(&r->families, xstrdup(r->family));
    return NULL;
}

static const char *
read_help(struct reader *r, const char *text)
{
    size_t len = name_len(text);

    for (const char *p = text; *p; p++) {
        if (*p == '\\'
            && !is_one_of(*++p, r->openmetrics ? "\\n\"" : "\\n")) {
            return "bad escape in a help";
        }
    }
    return set(&r->helped, text, len) && text[len] == ' ' ? NULL : "bad help";
}

static const char *
read_line(struct reader *r, const char *line)
{
    if (r->ended) {
        return "more behind the end";
    }
    if (!strncmp(line, "# HELP ", 7)) {
        return read_help(r, line + 7);
    }
    if (!strncmp(line, "# TYPE ", 7)) {
        return read_type(r, line + 7);
    }
    if (r->openmetrics && !strcmp(line, "# EOF")) {
        r->ended = true;
        return NULL;
    }
    return read_sample(r, line);
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* One that is there twice, or NULL; frees the texts. */
static char *
take_double(char *texts[], size_t n)
{
    char *twice = NULL;

    if (n > 0) {
        qsort(texts, n, sizeof *texts, compare_texts);
    }
    for (size_t i = 1; i < n && !twice; i++) {
        if (!strcmp(texts[i - 1], texts[i])) {
            twice = xasprintf("twice: %s", texts[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        free(texts[i]);
    }
    free(texts);
    return twice;
}

static char *
finish(struct reader *r, char *problem)
{
    autofree char *family = take_double(r->families.data, r->families.n);
    autofree char *series = take_double(r->series.data, r->series.n);

    if (!problem && r->openmetrics && !r->ended) {
        problem = xstrdup("no # EOF");
    }
    free(r->family);
    free(r->helped);
    free(r->type);
    return problem ? problem : family ? steal(family) : steal(series);
}

char *
exposition_check(const char *text, bool openmetrics)
{
    struct reader r = { .openmetrics = openmetrics };
    char *problem = NULL;

    while (*text && !problem) {
        size_t len = strcspn(text, "\n");
        autofree char *line = xstrndup(text, len);
        const char *why = text[len] == '\n' ? read_line(&r, line)
                                            : "no line feed at the end";

        if (why) {
            problem = xasprintf("%s: %s", why, line);
        }
        text += len + (text[len] == '\n');
    }
    return finish(&r, problem);
}
