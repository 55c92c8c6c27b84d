/* SPDX-License-Identifier: Apache-2.0
 *
 * flags_private.h - what loading and showing flags have in common.
 *
 * Thread-safety: pure functions. */
#ifndef BASE_FLAGS_PRIVATE_H
#define BASE_FLAGS_PRIVATE_H 1

#include <actor/flags.h>

/* The member of the struct at 'values' that 'flag' is about. */
static inline const void *
flag_member(const struct flag *flag, const void *values)
{
    return (const char *) values + flag->offset;
}

/* Whether the flag has a value to check or to show. */
bool flag_is_set(const struct flag *, const void *values);

#endif /* BASE_FLAGS_PRIVATE_H */
