/* SPDX-License-Identifier: Apache-2.0
 *
 * compiler.h - names for the few compiler attributes the project uses.
 *
 * Thread-safety: macros only. */
#ifndef ACTOR_COMPILER_H
#define ACTOR_COMPILER_H 1

#include <stddef.h>

/* The result of the function has to be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Parameter 'fmt' (counted from 1) is a printf format, its arguments begin at
 * parameter 'first' (0 for a va_list). */
#define PRINTF_FORMAT(fmt, first) __attribute__((format(printf, fmt, first)))

#define NO_RETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define LIKELY(cond) __builtin_expect(!!(cond), 1)
#define UNLIKELY(cond) __builtin_expect(!!(cond), 0)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of type 'type' whose member 'member' is at 'ptr'. */
#define CONTAINER_OF(ptr, type, member) \
    ((type *) (void *) ((char *) (ptr) - offsetof(type, member)))

#endif /* ACTOR_COMPILER_H */
