/* SPDX-License-Identifier: Apache-2.0
 *
 * exposition.h - a strict reader of what Prometheus scrapes.
 *
 * Thread-safety: any thread. */
#ifndef TESTS_LIB_EXPOSITION_H
#define TESTS_LIB_EXPOSITION_H 1

#include <stdbool.h>

/* Whether 'text' is text format 0.0.4, or OpenMetrics 1.0.0, as far as a
 * process without timestamps and exemplars has to say it: HELP and TYPE before
 * the samples of each family, which stand together; names of samples as their
 * type has them; no series twice.  NULL, or what is wrong; owned by the
 * caller. */
char *exposition_check(const char *text, bool openmetrics);

#endif /* TESTS_LIB_EXPOSITION_H */
