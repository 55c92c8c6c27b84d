/* SPDX-License-Identifier: Apache-2.0
 *
 * alloc.c - memory: the x functions that cannot fail, the try_ ones that can.
 *
 * Thread: any. */
#include <config.h>

#include <actor/alloc.h>

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <actor/log.h>

/* How many further try_ allocations succeed; negative: all of them. */
static atomic_long n_until_failure = -1;
static atomic_ulong n_tries;

static void NO_RETURN
out_of_memory(size_t size)
{
    log_fatal("Out of memory: cannot allocate %zu bytes", size);
}

void *
xmalloc(size_t size)
{
    void *ptr = malloc(size > 0 ? size : 1);

    if (UNLIKELY(!ptr)) {
        out_of_memory(size);
    }
    return ptr;
}

void *
xcalloc(size_t n, size_t size)
{
    void *ptr = n > 0 && size > 0 ? calloc(n, size) : calloc(1, 1);

    if (UNLIKELY(!ptr)) {
        out_of_memory(size > 0 && n > SIZE_MAX / size ? SIZE_MAX : n * size);
    }
    return ptr;
}

void *
xrealloc(void *old, size_t size)
{
    void *ptr = realloc(old, size > 0 ? size : 1);

    if (UNLIKELY(!ptr)) {
        out_of_memory(size);
    }
    return ptr;
}

void *
xmemdup(const void *data, size_t size)
{
    void *copy = xmalloc(size);

    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

char *
xstrdup(const char *s)
{
    return xmemdup(s, strlen(s) + 1);
}

char *
xstrndup(const char *s, size_t max_len)
{
    size_t len = strnlen(s, max_len);
    char *copy = xmalloc(len + 1);

    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *
xasprintf(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    char *s = xvasprintf(fmt, args);
    va_end(args);
    return s;
}

char *
xvasprintf(const char *fmt, va_list args)
{
    char *s = NULL;

    if (UNLIKELY(vasprintf(&s, fmt, args) < 0)) {
        log_fatal("Cannot format a text like '%s'", fmt);
    }
    return s;
}

void *
alloc_array(size_t n, size_t size)
{
    size_t total;

    if (UNLIKELY(__builtin_mul_overflow(n, size, &total))) {
        log_fatal("Out of memory: cannot allocate %zu elements of %zu bytes",
                  n, size);
    }
    return xmalloc(total);
}

/* Counts a try_ allocation; false when a test wants this one to fail. */
static bool
may_allocate(void)
{
    atomic_fetch_add_explicit(&n_tries, 1, memory_order_relaxed);
    if (LIKELY(atomic_load_explicit(&n_until_failure,
                                    memory_order_relaxed) < 0)) {
        return true;
    }
    /* Passes through zero once, then stays negative: switched off. */
    return atomic_fetch_sub(&n_until_failure, 1) != 0;
}

void *
try_malloc(size_t size)
{
    return may_allocate() ? malloc(size > 0 ? size : 1) : NULL;
}

void *
try_calloc(size_t n, size_t size)
{
    if (!may_allocate()) {
        return NULL;
    }
    return n > 0 && size > 0 ? calloc(n, size) : calloc(1, 1);
}

void *
try_realloc(void *old, size_t size)
{
    return may_allocate() ? realloc(old, size > 0 ? size : 1) : NULL;
}

void
alloc_fail_after(long n)
{
    atomic_store(&n_until_failure, n);
}

unsigned long
alloc_n_tries(void)
{
    return atomic_load_explicit(&n_tries, memory_order_relaxed);
}
