/* SPDX-License-Identifier: Apache-2.0
 *
 * master_place.h - where one master after the other keeps its registry, and
 * what they have logged.
 *
 *     struct place place;
 *     place_open(&place);
 *     struct stage s = stage_in(&place);
 *
 *     stage_open(&s);
 *     ck_assert(has_line(&place, "Recovering from registrar\n"));
 *     stage_close(&s);
 *     place_close(&place);
 *
 * Thread-safety: the test's thread only; one place at a time. */
#ifndef TESTS_LIB_MASTER_PLACE_H
#define TESTS_LIB_MASTER_PLACE_H 1

#include <stdbool.h>

#include <actor/strbuf.h>

#include "tests/lib/master_stage.h"

struct master;

struct place {
    char directory[64];
    struct strbuf lines;        /* without what comes before "] " */
};

void place_open(struct place *);
void place_close(struct place *);
bool has_line(const struct place *, const char *text);

/* A stage, not opened, whose master keeps its registry in the place. */
struct stage stage_in(const struct place *);

/* The master of an open stage, and NULL, or a failure, if it has ended. */
struct master *find_master(const struct stage *);
struct master *master_of(const struct stage *);

#endif /* TESTS_LIB_MASTER_PLACE_H */
