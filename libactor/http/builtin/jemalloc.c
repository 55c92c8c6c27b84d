/* SPDX-License-Identifier: Apache-2.0
 *
 * jemalloc.c - mallctl(3) behind functions with types.  Thread: any. */
#include <config.h>

#include "http/builtin/jemalloc.h"

#include <stddef.h>

#include <actor/error.h>
#include <actor/strbuf.h>

extern int mallctl(const char *name, void *old, size_t *old_size, void *new,
                   size_t new_size) __attribute__((weak));
extern void malloc_stats_print(void (*write)(void *aux, const char *text),
                               void *aux, const char *options)
    __attribute__((weak));

bool
jemalloc_is_there(void)
{
    return mallctl && malloc_stats_print;
}

bool
jemalloc_bool(const char *name)
{
    bool value = false;
    size_t size = sizeof value;

    return jemalloc_is_there() && !mallctl(name, &value, &size, NULL, 0)
           && value;
}

const char *
jemalloc_string(const char *name)
{
    const char *value = NULL;
    size_t size = sizeof value;

    if (jemalloc_is_there()) {
        (void) mallctl(name, &value, &size, NULL, 0);
    }
    return value;
}

struct error *
jemalloc_set_bool(const char *name, bool value)
{
    int errnum = mallctl(name, NULL, NULL, &value, sizeof value);

    return errnum ? error_errno(errnum, "setting jemalloc's '%s'", name)
                  : NULL;
}

struct error *
jemalloc_dump(const char *path)
{
    int errnum = mallctl("prof.dump", NULL, NULL, &path, sizeof path);

    return errnum ? error_errno(errnum, "writing the heap profile '%s'", path)
                  : NULL;
}

static void
append(void *out, const char *text)
{
    strbuf_append(out, text);
}

void
jemalloc_statistics(struct strbuf *out)
{
    malloc_stats_print(append, out, "J");
}
