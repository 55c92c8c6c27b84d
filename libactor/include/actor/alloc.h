/* SPDX-License-Identifier: Apache-2.0
 *
 * alloc.h - memory.
 *
 * Small allocations of a size we chose ourselves use the x functions, which
 * log and abort when there is no memory.  Anything sized by a peer, a file or
 * a configuration is checked against a limit first and uses the try_
 * functions, which give NULL.
 *
 * Thread-safety: as malloc. */
#ifndef ACTOR_ALLOC_H
#define ACTOR_ALLOC_H 1

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <actor/compiler.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size)                /* zeroed */
    __attribute__((malloc, returns_nonnull));
void *xrealloc(void *, size_t size) __attribute__((returns_nonnull));
void *xmemdup(const void *, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *, size_t max_len)
    __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
    PRINTF_FORMAT(1, 2) __attribute__((returns_nonnull));
char *xvasprintf(const char *fmt, va_list)
    PRINTF_FORMAT(1, 0) __attribute__((returns_nonnull));

/* An array of 'n' elements; aborts where the product would overflow. */
void *alloc_array(size_t n, size_t size) __attribute__((returns_nonnull));

/* As malloc, calloc and realloc; NULL when there is no memory (or when
 * alloc_fail_after() says so). */
void *try_malloc(size_t size) MUST_CHECK;
void *try_calloc(size_t n, size_t size) MUST_CHECK;
void *try_realloc(void *, size_t size) MUST_CHECK;

/* For tests: lets 'n' try_ allocations succeed and fails the next one, once.
 * A negative 'n' switches this off.  Process-wide. */
void alloc_fail_after(long n);

/* For tests: how many try_ allocations there were since the start. */
unsigned long alloc_n_tries(void);

static inline void
alloc_free_indirect(void *ptr)
{
    free(*(void **) ptr);
}

static inline void
alloc_close_indirect(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

/* Locals that are freed, or closed (unless negative), at the end of their
 * scope: 'autofree char *name = ...;', 'autoclose int fd = ...;'. */
#define autofree __attribute__((cleanup(alloc_free_indirect)))
#define autoclose __attribute__((cleanup(alloc_close_indirect)))

/* A local 'struct TYPE' that is given to TYPE_fini() at the end of its scope:
 * 'autofini(strbuf) s = ...;'. */
#define autofini(TYPE) __attribute__((cleanup(TYPE##_fini))) struct TYPE

/* A local 'struct TYPE *' that is given to TYPE_destroy_indirect(). */
#define autodestroy(TYPE) \
    __attribute__((cleanup(TYPE##_destroy_indirect))) struct TYPE

/* The value of pointer 'ptr', which becomes NULL: hands ownership on. */
#define steal(ptr) \
    ({ __typeof__(ptr) *steal_p_ = &(ptr); \
       __typeof__(ptr) steal_v_ = *steal_p_; \
       *steal_p_ = NULL; \
       steal_v_; })

#endif /* ACTOR_ALLOC_H */
