/* SPDX-License-Identifier: Apache-2.0
 *
 * flags.c - loads flags from defaults, environment and command line, by the
 * rules of stout (flags/flags.hpp, flags/fetch.hpp).
 *
 * Thread: one, at start. */
#include <config.h>

#include <actor/flags.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/double.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "base/flags_private.h"

#define FILE_SCHEME "file://"

/* Bytes of a file that stands for a value. */
#define VALUE_FILE_MAX ((size_t) 16 << 20)

extern char **environ;

struct loader {
    const struct flag *flags;   /* borrowed, as all of it */
    size_t n_flags;
    char *values;
    const char **loaded_as;     /* owned; a flag's name in use, or NULL */
    struct error *error;        /* owned; the first one */
};

/* One "--name=value" taken apart. */
struct word {
    char *name;                 /* owned; lower case, without "no-" */
    char *value;                /* owned; NULL: no '=' */
    bool negated;               /* the name began with "no-" */
};

static void load_defaults(struct loader *);
static void load_environment(struct loader *, const char *prefix);
static int load_words(struct loader *, int argc, char *argv[]);
static void load_word(struct loader *, struct word *);
static struct error *load_value(struct loader *, size_t i, const char *text);
static void check_all(struct loader *);

struct error *
flags_load(const struct flag *flags, size_t n_flags, void *values, int argc,
           char *argv[], const char *env_prefix, int *ret_rest)
{
    struct loader l = {
        .flags = flags, .n_flags = n_flags, .values = values,
        .loaded_as = xcalloc(n_flags, sizeof *l.loaded_as),
    };
    int rest;

    load_defaults(&l);
    rest = load_words(&l, argc, argv);
    if (env_prefix) {
        load_environment(&l, env_prefix);
    }
    check_all(&l);
    if (ret_rest) {
        *ret_rest = rest;
    } else {
        for (int i = rest; i < argc; i++) {
            log_warn("Ignoring argument '%s', which is not a flag", argv[i]);
        }
    }
    free(l.loaded_as);
    return l.error;
}

void
flags_fini(const struct flag *flags, size_t n_flags, void *values)
{
    for (size_t i = 0; i < n_flags; i++) {
        if (flags[i].type == FLAG_STRING || flags[i].type == FLAG_PATH) {
            char **member = (char **) ((char *) values + flags[i].offset);
            free(*member);
            *member = NULL;
        }
    }
}

/* --- where values come from --- */

/* Keeps 'error' if it is the first one. */
static void
note(struct loader *l, struct error *error)
{
    if (!l->error) {
        l->error = error;
    } else {
        error_destroy(error);
    }
}

static void
load_defaults(struct loader *l)
{
    for (size_t i = 0; i < l->n_flags; i++) {
        if (l->flags[i].default_value) {
            struct error *error = load_value(l, i, l->flags[i].default_value);
            CHECK(!error, "default of flag '%s': %s", l->flags[i].name,
                  error_text(error));
        }
    }
}

/* The flag called 'name', or l->n_flags. */
static size_t
find_flag(const struct loader *l, const char *name)
{
    size_t i;

    for (i = 0; i < l->n_flags; i++) {
        const struct flag *f = &l->flags[i];
        if (!strcasecmp(name, f->name)
            || (f->alias && !strcasecmp(name, f->alias))) {
            break;
        }
    }
    return i;
}

static void
load_environment(struct loader *l, const char *prefix)
{
    size_t prefix_len = strlen(prefix);

    for (char **env = environ; env && *env; env++) {
        const char *equals = strchr(*env, '=');
        if (!equals || strncmp(*env, prefix, prefix_len) != 0) {
            continue;
        }
        const char *name = *env + prefix_len;
        struct word w = {
            .name = name < equals ? xstrndup(name, (size_t) (equals - name))
                                  : xstrdup(""),
            .value = xstrdup(equals + 1),
        };
        size_t i = find_flag(l, w.name);
        if (i < l->n_flags && !l->loaded_as[i]) {
            load_word(l, &w);
        }
        free(w.name);
        free(w.value);
    }
}

/* Takes "--name=value" apart; blanks around it do not count. */
static struct word
word_parse(const char *arg, size_t len)
{
    const char *equals = memchr(arg, '=', len);
    size_t name_len = equals ? (size_t) (equals - arg) : len;
    struct word w = { .name = NULL };

    if (equals) {
        w.value = xstrndup(equals + 1, len - name_len - 1);
    }
    arg += 2;
    name_len -= 2;
    if (name_len > 3 && !strncasecmp(arg, "no-", 3)) {
        w.negated = true;
        arg += 3;
        name_len -= 3;
    }
    w.name = xstrndup(arg, name_len);
    for (char *p = w.name; *p; p++) {
        *p = (char) tolower((unsigned char) *p);
    }
    return w;
}

/* Loads what looks like a flag and moves other words behind it; returns the
 * index of the first of those. */
static int
load_words(struct loader *l, int argc, char *argv[])
{
    int n_others = 0;
    int i = 1;

    autofree char **others
        = alloc_array((size_t) (argc > 0 ? argc : 1), sizeof *others);
    int n_taken = argc > 0 ? 1 : 0;
    for (; i < argc; i++) {
        const char *arg = argv[i] + strspn(argv[i], " \t\r\n");
        size_t len = strlen(arg);
        while (len > 0 && isspace((unsigned char) arg[len - 1])) {
            len--;
        }
        if (len < 2 || strncmp(arg, "--", 2) != 0) {
            others[n_others++] = argv[i];
            continue;
        }
        argv[n_taken++] = argv[i];
        if (len == 2) {
            i++;
            break;
        }
        struct word w = word_parse(arg, len);
        load_word(l, &w);
        free(w.name);
        free(w.value);
    }
    /* What follows '--' stays where it is. */
    for (int j = 0; j < n_others; j++) {
        argv[n_taken + j] = others[j];
    }
    return n_taken;
}

/* --- one value --- */

/* The text that 'w' stands for, to be read by the flag's type; NULL and an
 * error if it has none. */
static const char *
word_text(const struct flag *f, const struct word *w, struct error **error)
{
    if (f->type == FLAG_BOOL) {
        if (!w->value || !w->value[0]) {
            return w->negated ? "false" : "true";
        }
        if (!w->negated) {
            return w->value;
        }
        *error = error_create(ERROR_INVALID,
                              "Failed to load boolean flag '%s' via 'no-%s' "
                              "with value '%s'", w->name, w->name, w->value);
    } else if (w->negated) {
        *error = error_create(ERROR_INVALID,
                              "Failed to load non-boolean flag '%s' via "
                              "'no-%s'", w->name, w->name);
    } else if (!w->value) {
        *error = error_create(ERROR_INVALID,
                              "Failed to load non-boolean flag '%s': Missing "
                              "value", w->name);
    }
    return *error ? NULL : w->value;
}

static struct error *
unknown_flag(const struct word *w)
{
    if (w->negated) {
        return error_create(ERROR_INVALID,
                            "Failed to load unknown flag '%s' via 'no-%s'",
                            w->name, w->name);
    }
    return error_create(ERROR_INVALID, "Failed to load unknown flag '%s'",
                        w->name);
}

static struct error *
loaded_twice(const struct loader *l, size_t i, const char *name)
{
    if (l->loaded_as[i] == name) {
        return error_create(ERROR_INVALID,
                            "Duplicate flag '%s' on command line", name);
    }
    return error_create(ERROR_INVALID,
                        "Flag '%s' is already loaded via name '%s'", name,
                        l->loaded_as[i]);
}

static void
load_word(struct loader *l, struct word *w)
{
    struct error *error = NULL;
    size_t i = find_flag(l, w->name);

    if (i == l->n_flags) {
        note(l, unknown_flag(w));
        return;
    }
    const struct flag *f = &l->flags[i];
    bool by_alias = strcasecmp(w->name, f->name) != 0;
    const char *name = by_alias ? f->alias : f->name;
    if (l->loaded_as[i]) {
        note(l, loaded_twice(l, i, name));
        return;
    }
    l->loaded_as[i] = name;
    if (by_alias) {
        log_warn("Loaded deprecated flag '%s'", name);
    }
    const char *text = word_text(f, w, &error);
    if (text) {
        error = error_wrap(load_value(l, i, text), "Failed to load flag '%s'",
                           name);
    }
    if (error) {
        note(l, error);
    }
}

/* Appends all that is left to read in 'fd'. */
static struct error *
read_all(int fd, struct strbuf *out)
{
    for (;;) {
        char *room = strbuf_reserve(out, 4096);
        if (!room) {
            return error_create(ERROR_TOO_LARGE, "over %zu bytes",
                                out->max_len);
        }
        ssize_t n = read(fd, room, 4096);
        if (n < 0) {
            return error_errno(errno, "read");
        }
        if (n == 0) {
            return NULL;
        }
        strbuf_advance(out, (size_t) n);
    }
}

/* The content of the file at 'path'. */
static struct error *
fetch(const char *path, struct strbuf *out)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct error *error;

    if (fd < 0) {
        error = error_errno(errno, "Error reading file '%s'", path);
    } else {
        error = error_wrap(read_all(fd, out), "Error reading file '%s'", path);
    }
    if (!error && strlen(out->data) != out->len) {
        error = error_create(ERROR_PARSE, "File '%s' has a NUL byte", path);
    }
    return error;
}

static struct error *
bad_type(void)
{
    return error_create(ERROR_PARSE, "Failed to convert into required type");
}

static struct error *
parse_bool(const char *text, bool *ret)
{
    if (!strcmp(text, "true") || !strcmp(text, "1")) {
        *ret = true;
    } else if (!strcmp(text, "false") || !strcmp(text, "0")) {
        *ret = false;
    } else {
        return error_create(ERROR_PARSE,
                            "Expecting a boolean (e.g., true or false)");
    }
    return NULL;
}

static struct error *
parse_int(const char *text, int64_t *ret)
{
    const char *digits = text + (*text == '-');
    char *end;

    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (!isdigit((unsigned char) *digits) || *end || errno) {
        return bad_type();
    }
    *ret = value;
    return NULL;
}

static struct error *
parse_uint(const char *text, uint64_t *ret)
{
    char *end;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char) *text) || *end || errno) {
        return bad_type();
    }
    *ret = value;
    return NULL;
}

static struct error *
parse_double(const char *text, double *ret)
{
    return double_parse(text, strlen(text), ret) ? NULL : bad_type();
}

static void
set_string(char **member, const char *text)
{
    free(*member);
    *member = xstrdup(text);
}

static struct error *
parse_value(const struct flag *f, const char *text, void *member)
{
    switch (f->type) {
    case FLAG_BOOL:
        return parse_bool(text, member);
    case FLAG_INT:
        return parse_int(text, member);
    case FLAG_UINT:
        return parse_uint(text, member);
    case FLAG_DOUBLE:
        return parse_double(text, member);
    case FLAG_DURATION:
        return duration_parse(text, member);
    case FLAG_BYTES:
        return bytes_parse(text, member);
    case FLAG_STRING:
    case FLAG_PATH:
        set_string(member, text);
        return NULL;
    }
    UNREACHABLE();
}

/* Reads 'text' into the member of flag 'i'. */
static struct error *
load_value(struct loader *l, size_t i, const char *text)
{
    const struct flag *f = &l->flags[i];
    bool is_file = !strncmp(text, FILE_SCHEME, strlen(FILE_SCHEME));
    const char *path = text + (is_file ? strlen(FILE_SCHEME) : 0);
    void *member = l->values + f->offset;
    autofini(strbuf) content = STRBUF(VALUE_FILE_MAX);
    struct error *error;

    if (f->type == FLAG_PATH || !is_file) {
        error = parse_value(f, path, member);
    } else {
        error = fetch(path, &content);
        if (!error) {
            error = parse_value(f, content.data, member);
        }
    }
    return error_wrap(error, "Failed to load value '%s'", text);
}

/* --- the whole --- */

bool
flag_is_set(const struct flag *f, const void *values)
{
    const void *member = flag_member(f, values);

    switch (f->type) {
    case FLAG_STRING:
    case FLAG_PATH:
        return *(char *const *) member;
    case FLAG_BOOL:
        return f->default_value || *(const bool *) member;
    case FLAG_DOUBLE:
        return f->default_value || *(const double *) member != 0;
    case FLAG_INT:
    case FLAG_UINT:
    case FLAG_DURATION:
    case FLAG_BYTES:
        return f->default_value || *(const uint64_t *) member != 0;
    }
    UNREACHABLE();
}

static void
check_all(struct loader *l)
{
    for (size_t i = 0; i < l->n_flags && !l->error; i++) {
        const struct flag *f = &l->flags[i];
        if (f->required && !l->loaded_as[i] && !f->default_value) {
            note(l, error_create(ERROR_INVALID,
                                 "Flag '%s' is required, but it was not "
                                 "provided", f->name));
        } else if (f->validate
                   && (l->loaded_as[i] || flag_is_set(f, l->values))) {
            l->error = error_wrap(f->validate(f, flag_member(f, l->values)),
                                  "Failed to load flag '%s'", f->name);
        }
    }
}
