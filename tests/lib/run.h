/* SPDX-License-Identifier: Apache-2.0
 *
 * run.h - runs functions in children, for what ends a process.
 *
 * Thread-safety: one thread. */
#ifndef TESTS_LIB_RUN_H
#define TESTS_LIB_RUN_H 1

struct strbuf;

/* Runs 'fn' in a child; returns its wait status, and what it wrote to standard
 * error in 'err'. */
int run_child(void (*fn)(void), struct strbuf *err);

/* Appends all that can be read from 'fd'. */
void run_read_all(int fd, struct strbuf *out);

#endif /* TESTS_LIB_RUN_H */
