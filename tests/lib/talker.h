/* SPDX-License-Identifier: Apache-2.0
 *
 * talker.h - actors that talk over links when told to, and log what they saw.
 *
 *     struct pair p = pair_start();
 *
 *     ORDER(p.a, &p.at_a, .what = ORDER_PING, .to = p.at_b);
 *     multi_system_run(p.multi);
 *     ck_assert_uint_eq(p.log_b->n_pings, 1);
 *     pair_stop(&p);
 *
 * Thread-safety: logs are written by the talker's turns, and read when nothing
 * happens any more; the rest is for the test's own thread. */
#ifndef TESTS_LIB_TALKER_H
#define TESTS_LIB_TALKER_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/system.h>
#include <actor/upid.h>

struct actor_backend;
struct multi_system;

struct talker_log {
    atomic_uint n_pings;
    atomic_uint n_pongs;
    atomic_uint n_exited;
    uint8_t texts[100000][4];           /* of shutdown-agent, in order */
    atomic_uint n_texts;
    unsigned n_texts_at_pong;           /* that had come before the last */
    struct actor_gate *gates[4];        /* owned; the last one is opened at
                                         * 'gate_at' pongs, or exits */
    atomic_uint n_gates;
    atomic_uint gate_at;
    struct upid last_from;              /* of a pong or an exit */
};

struct talker_log *talker_log_create(void);             /* zeroed */

/* After the system of the talker. */
void talker_log_destroy(struct talker_log *);

/* Checks that the texts 0, 1, ... 'n' - 1 have come, in order. */
void check_order(const struct talker_log *, unsigned n);

/* Options of a system whose talkers understand each other. */
struct actor_system_options talker_system_options(void);

/* 'log' is on loan for the talker's life; 'replies': to pings. */
struct upid talker_spawn(struct actor_system *, const char *id,
                         struct talker_log *log, bool replies);

/* --- what to do --- */

struct order {
    enum { ORDER_PING, ORDER_TEXT, ORDER_LINK, ORDER_UNLINK } what;
    struct upid to;
    unsigned n;                         /* times; 0: once */
    size_t size;                        /* of the text; 0: its number */
};

/* Done by talker 'who', later. */
void give_order(struct actor_system *, const struct upid *who,
                const struct order *);

#define ORDER(system, who, ...) \
    give_order((system), (who), &(struct order) { __VA_ARGS__ })

/* --- two systems, with a talker each: "one" and "two" --- */

struct pair {
    struct multi_system *multi;         /* NULL: with threads */
    struct actor_system *a, *b;
    struct talker_log *log_a, *log_b;
    struct upid at_a, at_b;
};

/* In memory; both reply to pings. */
struct pair pair_start(void);
struct pair pair_start_bounded(const struct actor_link_bounds *);

/* With two threads each, listening at 'listen'; 'backend' may be NULL. */
struct pair pair_start_threads(const struct address *listen,
                               const struct actor_backend *backend);

void pair_stop(struct pair *);

/* --- looking --- */

/* With threads: what is about to be caused makes 'n' pongs in all, or 'n'
 * exits; and waits until it has.  Four times at most. */
void talker_log_expect(struct talker_log *, unsigned n);
void talker_log_wait(struct talker_log *);

/* An actor that there is not. */
struct upid nobody_at(struct actor_system *);

/* -1: there is no such metric. */
double metric_of(struct actor_system *, const char *name);

#endif /* TESTS_LIB_TALKER_H */
