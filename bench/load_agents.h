/* SPDX-License-Identifier: Apache-2.0
 *
 * load_agents.h - agents that are actors and run nothing, and a scheduler that
 * fills them: a load for a master in another process.
 *
 * All of them live in one system with one worker and share one link with the
 * master.  An agent registers, says of each task it gets that it runs, and
 * when the master is gone registers again with all it has.  The scheduler
 * answers each offer with so many tasks, and acknowledges what it hears.
 *
 *     struct load *load = load_create(10000, 10);
 *
 *     load_register(load, &master);       waits for all agents
 *     load_launch(load);                  waits for all tasks
 *     load_destroy(load);
 *
 * Thread-safety: one thread; not a worker's. */
#ifndef BENCH_LOAD_AGENTS_H
#define BENCH_LOAD_AGENTS_H 1

#include <stdint.h>

struct load;
struct upid;

struct load *load_create(unsigned n_agents, unsigned n_tasks_each);
void load_destroy(struct load *);

/* The agents register with the master; returns when all have.  Each function
 * ends the program if nothing comes of it in time. */
void load_register(struct load *, const struct upid *master);

/* The scheduler subscribes and launches; returns when every task has been
 * reported running and that was acknowledged. */
void load_launch(struct load *);

/* When the first offer was accepted and when the last order to run a task
 * came; monotonic. */
int64_t load_accepted_ns(const struct load *);
int64_t load_ordered_ns(const struct load *);

/* To be called before the master is killed, and when another one has its
 * address; returns when all agents are registered again. */
void load_expect_return(struct load *);
void load_wait_return(struct load *);

/* All tasks finish; returns when that is acknowledged. */
void load_finish(struct load *);

#endif /* BENCH_LOAD_AGENTS_H */
