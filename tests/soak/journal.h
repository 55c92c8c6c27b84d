/* SPDX-License-Identifier: Apache-2.0
 *
 * journal.h - what a framework of the soak test must not forget when it is
 * killed: its id, which tasks it has launched, and how they ended.
 *
 * A file of lines, each durable before the call that wrote it returns; a line
 * that a kill has cut short is ignored.
 *
 *     I <framework id>
 *     L <task>                about to be launched
 *     E <task> <state>        it has ended
 *
 * Thread-safety: one thread at a time. */
#ifndef TESTS_SOAK_JOURNAL_H
#define TESTS_SOAK_JOURNAL_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/compiler.h>
#include <actor/table.h>

struct error;

struct soak_task {
    UT_hash_handle hh;
    char *id;                   /* owned; the key */
    char *end;                  /* owned; NULL: it has not ended */
    unsigned n_ends;            /* how often we were told */

    /* What this process has seen itself. */
    bool is_running;
    bool has_last_update;       /* an update told its end, not an answer */
};

struct journal {
    int fd;
    char *framework_id;         /* owned; NULL: none yet */
    struct soak_task *tasks;    /* owned; table, in order */
    size_t n_over;
};

/* Reads the file, which is made if there is none. */
struct error *journal_open(const char *path, struct journal *ret) MUST_CHECK;
void journal_close(struct journal *);

struct error *journal_set_framework(struct journal *, const char *id)
    MUST_CHECK;
struct error *journal_launch(struct journal *, const char *task,
                             struct soak_task **ret) MUST_CHECK;

/* A second end is counted, and not written. */
struct error *journal_end(struct journal *, struct soak_task *,
                          const char *state) MUST_CHECK;

struct soak_task *journal_find(struct journal *, const char *task);
size_t journal_n_tasks(const struct journal *);

#endif /* TESTS_SOAK_JOURNAL_H */
