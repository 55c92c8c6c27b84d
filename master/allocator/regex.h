/* SPDX-License-Identifier: Apache-2.0
 *
 * regex.h - regular expressions that strangers give us, in bounded time.
 *
 * The syntax is that of RE2 without its rarer parts: what needs backtracking
 * (back references, looking around, atomic groups, ...) is refused.  PCRE2
 * does the matching, with limits on its steps and memory.
 *
 * Thread-safety: pure functions; an expression may be used by one thread at a
 * time. */
#ifndef MASTER_ALLOCATOR_REGEX_H
#define MASTER_ALLOCATOR_REGEX_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;
struct regex;

enum regex_answer {
    REGEX_NO,
    REGEX_YES,
    REGEX_UNKNOWN,              /* it would have taken too long */
};

/* Errors in Mesos' words: "Failed to construct regex from pattern 'p': ..."
 * and "Regex 'p' is too complex: ...".  'max_memory' is for the compiled form,
 * in bytes.  The program's size is that of the machine that RE2 would build:
 * one step for each character, class, anchor, group's end and branch, as often
 * as a repetition needs it. */
struct error *regex_compile(const char *pattern, uint64_t max_memory,
                            uint64_t max_program_size, struct regex **ret)
    MUST_CHECK;
void regex_destroy(struct regex *);                     /* NULL is fine */

/* Whether the whole of 'text' matches. */
enum regex_answer regex_match(const struct regex *, const char *text);

/* Checks the syntax and counts steps, up to 'max'; more gives 'max' + 1. */
struct error *regex_program_size(const char *pattern, uint64_t max,
                                 uint64_t *ret) MUST_CHECK;

#endif /* MASTER_ALLOCATOR_REGEX_H */
