/* SPDX-License-Identifier: Apache-2.0
 *
 * double.h - doubles as decimal text, whatever locale the application set.
 *
 * Thread-safety: pure functions. */
#ifndef ACTOR_DOUBLE_H
#define ACTOR_DOUBLE_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/compiler.h>

/* Longest text of double_format(), with its NUL. */
#define DOUBLE_TEXT_SIZE 32

/* The shortest decimal text that reads back as 'value', in 'buffer', which is
 * returned: "0.1", "3", "1e21", "-2.5e-7".  No exponent between 1e-6 and 1e21.
 * A whole number has ".0" only if 'keep_point' (and never next to an
 * exponent).  Infinities and NaN: "inf", "-inf", "nan". */
const char *double_format(double value, bool keep_point,
                          char buffer[DOUBLE_TEXT_SIZE]);

/* "[+-]digits[.digits][e[+-]digits]" and nothing else, of 'len' bytes; digits
 * may be missing on one side of the point.  False (and '*ret' untouched) for
 * any other text and for numbers that are too large. */
bool double_parse(const char *, size_t len, double *ret) MUST_CHECK;

#endif /* ACTOR_DOUBLE_H */
