/* SPDX-License-Identifier: Apache-2.0
 *
 * work.c - blocking work of simulated processes.
 *
 * A piece of work is done at one instant, some time after it was asked for,
 * and its actor hears of it when the disk would have been done with what it
 * called.  Pieces of one process may overtake each other, as with threads; a
 * process that dies in between has done the work and never hears of it. */
#include <config.h>

#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/work.h>

#include "sim/private.h"

#define START_SPREAD (200 * MICROSECOND)

struct sim_work {
    struct actor_work *work;            /* owned; NULL: handed back */
    struct sim_process *process;
    struct sim_event event;
    struct sim_work *prev, *next;       /* process->works */
};

static void
finish(struct sim_event *event)
{
    struct sim_work *w = CONTAINER_OF(event, struct sim_work, event);
    struct sim_process *p = w->process;
    struct actor_work *work = w->work;

    DL_DELETE(p->works, w);
    free(w);
    actor_work_finish(work);
    sim_process_run(p);
}

static void
run(struct sim_event *event)
{
    struct sim_work *w = CONTAINER_OF(event, struct sim_work, event);
    struct sim_process *p = w->process;

    if (p->is_stopped) {
        sim_schedule(p->sim, event, MILLISECOND, run);
        return;
    }
    p->disk_ns = 0;
    actor_work_run(w->work);
    sim_schedule(p->sim, event, p->disk_ns, finish);
}

static void
work_submit(void *p_, struct actor_work *work)
{
    struct sim_process *p = p_;

    if (!p->is_alive) {
        actor_work_drop(work);
        return;
    }
    struct sim_work *w = xcalloc(1, sizeof *w);

    w->work = work;
    w->process = p;
    DL_APPEND(p->works, w);
    sim_schedule(p->sim, &w->event,
                 (int64_t) sim_below(p->sim, SIM_STREAM_PROCESS,
                                     START_SPREAD), run);
}

const struct actor_work_ops sim_work_ops = { .submit = work_submit };

void
sim_work_drop_all(struct sim_process *p)
{
    while (p->works) {
        struct sim_work *w = p->works;

        DL_DELETE(p->works, w);
        sim_cancel(p->sim, &w->event);
        actor_work_drop(w->work);
        free(w);
    }
}
