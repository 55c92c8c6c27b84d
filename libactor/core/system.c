/* SPDX-License-Identifier: Apache-2.0
 *
 * system.c - actor systems: their life, their parts, and manual driving. */
#include <config.h>

#include <actor/system.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/uuid.h>

#include "core/dump.h"
#include "core/system_private.h"

#define MAX_WORKERS 1024u

static unsigned choose_n_workers(const struct actor_system_options *);
static void copy_options(struct actor_system *,
                         const struct actor_system_options *);
static void end_actors(struct actor_system *);
static void stop_part(struct actor_system *, struct system_part *);
static void stop_workers(struct actor_system *);
static double read_depth_max(void *system);
static void drain_jobs(struct actor_system *);
static void free_system(struct actor_system *);

struct error *
system_create(const struct actor_system_options *options,
              const struct poller_ops *poller, struct actor_system **ret)
{
    struct actor_system *system;

    if (!options->manual && options->n_workers > MAX_WORKERS) {
        return error_create(ERROR_INVALID, "%u worker threads: at most %u",
                            options->n_workers, MAX_WORKERS);
    }
    system = aligned_alloc(CACHE_LINE, sizeof *system);
    CHECK(system, "out of memory");
    memset(system, 0, sizeof *system);
    system->magic = SYSTEM_MAGIC;
    system->is_manual = options->manual;
    system->shuffles = options->manual && options->shuffle;
    system->n_workers = choose_n_workers(options);
    system->poller = poller;
    copy_options(system, options);
    pthread_mutex_init(&system->random_lock, NULL);
    pthread_mutex_init(&system->children_lock, NULL);
    pthread_mutex_init(&system->inspect_lock, NULL);
    backend_complete(system, options->backend, options->seed);
    slot_table_init(&system->slots);
    for (unsigned i = 0; i < N_EXIT_LOCKS; i++) {
        pthread_mutex_init(&system->exit_locks[i], NULL);
    }
    system->metrics = metrics_create();
    system->dead_letters = metrics_add_counter(system->metrics,
                                               "actor/dead_letters");
    system->depth_metric = metrics_add_function(
        system->metrics, "actor/mailbox/depth_max", read_depth_max, system);
    pressure_init(system);
    system->depot = msg_depot_create();
    system->pool = pool_create(system);

    size_t size = system->n_workers * sizeof *system->workers;
    system->workers = aligned_alloc(CACHE_LINE, size);
    CHECK(system->workers, "out of memory");
    for (unsigned i = 0; i < system->n_workers; i++) {
        worker_init(&system->workers[i], system, i);
    }
    for (unsigned i = 0; !system->is_manual && i < system->n_workers; i++) {
        worker_start(&system->workers[i]);
    }
    dump_remember(system);
    *ret = system;
    return NULL;
}

static unsigned
choose_n_workers(const struct actor_system_options *options)
{
    if (options->manual) {
        return 1;
    }
    if (options->n_workers > 0) {
        return options->n_workers;
    }
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > (long) MAX_WORKERS ? MAX_WORKERS : (unsigned) n;
}

static int
compare_types(const void *a_, const void *b_)
{
    const struct actor_msg_type *const *a = a_, *const *b = b_;

    return strcmp((*a)->name, (*b)->name);
}

static void
copy_options(struct actor_system *system,
             const struct actor_system_options *options)
{
    system->delegate = options->delegate ? xstrdup(options->delegate) : NULL;
    system->address = (struct address) {
        .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 },
    };
    system->n_messages = options->n_messages;
    if (options->n_messages > 0) {
        system->messages = xmemdup(options->messages,
                                   options->n_messages
                                   * sizeof *options->messages);
        qsort(system->messages, system->n_messages,
              sizeof *system->messages, compare_types);
    }
}

static double
read_depth_max(void *system)
{
    return atomic_load_explicit(&((struct actor_system *) system)->depth_max,
                                memory_order_relaxed);
}

/* --- end --- */

void
actor_system_destroy(struct actor_system *system)
{
    if (!system) {
        return;
    }
    CHECK(system->magic == SYSTEM_MAGIC);
    CHECK(!worker_current_of(system), "a system destroyed by its own worker");
    end_actors(system);
    if (system->transport_ops) {
        system->transport_ops->stop(system->transport);
    }
    struct system_part *client = system_http_client(system);

    if (client) {
        stop_part(system, client);
    }
    stop_workers(system);
    pool_destroy(system->pool);
    drain_jobs(system);
    child_destroy_all(system);
    if (system->transport_ops) {
        system->transport_ops->destroy(system->transport);
        drain_jobs(system);
    }
    if (client) {
        client->destroy(client);
    }
    free_system(system);
}

/* One after the other, newest first: an actor may count on those that were
 * there before it. */
static void
end_actors(struct actor_system *system)
{
    size_t n;
    struct slot_ref *refs;

    slot_table_close(&system->slots);
    refs = slot_table_list(&system->slots, &n);
    while (n-- > 0) {
        struct upid upid;

        if (slot_read_upid(refs[n].slot, refs[n].generation, &upid)) {
            actor_terminate(system, &upid);
            while (!actor_wait(system, &upid, DURATION_FOREVER)) {
            }
        }
    }
    free(refs);
}

/* Something that a worker does while another thread waits. */
struct errand {
    struct worker_job job;
    unsigned index;
    void (*fn)(void *aux, unsigned index);
    void *aux;
    struct actor_gate *gate;
};

static void
run_errand(struct worker_job *job)
{
    struct errand *errand = CONTAINER_OF(job, struct errand, job);

    errand->fn(errand->aux, errand->index);
    actor_gate_open(errand->gate);
}

void
system_call_worker(struct actor_system *system, unsigned index,
                   void (*fn)(void *aux, unsigned index), void *aux)
{
    struct errand errand = {
        .job.fn = run_errand, .index = index, .fn = fn, .aux = aux,
        .gate = actor_gate_create(),
    };

    worker_post(&system->workers[index], &errand.job);
    if (system->is_manual) {
        actor_system_run(system);
    }
    actor_gate_wait(errand.gate, DURATION_FOREVER);
    actor_gate_destroy(errand.gate);
}

static void
stop_part_of(void *part_, unsigned index)
{
    struct system_part *part = part_;

    part->stop(part, index);
}

static void
stop_part(struct actor_system *system, struct system_part *part)
{
    for (unsigned i = 0; i < system->n_workers; i++) {
        system_call_worker(system, i, stop_part_of, part);
    }
}

static void
stop_workers(struct actor_system *system)
{
    /* Release: pairs with the load in worker_main(). */
    atomic_store_explicit(&system->is_stopping, true, memory_order_release);
    for (unsigned i = 0; !system->is_manual && i < system->n_workers; i++) {
        worker_join(&system->workers[i]);
    }
}

/* What was posted to workers whose threads have ended. */
static void
drain_jobs(struct actor_system *system)
{
    bool any;

    do {
        any = false;
        for (unsigned i = 0; i < system->n_workers; i++) {
            struct worker *before = worker_adopt(&system->workers[i]);

            any |= worker_run_jobs(&system->workers[i]);
            worker_adopt(before);
        }
    } while (any);
}

static void
free_system(struct actor_system *system)
{
    dump_forget(system);
    for (unsigned i = 0; i < system->n_workers; i++) {
        worker_fini(&system->workers[i]);
    }
    free(system->workers);
    msg_depot_destroy(system->depot);
    slot_table_fini(&system->slots);
    for (unsigned i = 0; i < N_EXIT_LOCKS; i++) {
        pthread_mutex_destroy(&system->exit_locks[i]);
    }
    pthread_mutex_destroy(&system->random_lock);
    pthread_mutex_destroy(&system->children_lock);
    pthread_mutex_destroy(&system->inspect_lock);
    metrics_remove(system->metrics, &system->dead_letters);
    metrics_remove(system->metrics, &system->depth_metric);
    pressure_fini(system);
    metrics_destroy(system->metrics);
    free(system->messages);
    free(system->delegate);
    system->magic = 0;
    free(system);
}

/* --- parts --- */

const struct address *
actor_system_address(const struct actor_system *system)
{
    return &system->address;
}

struct metrics *
actor_system_metrics(struct actor_system *system)
{
    return system->metrics;
}

struct error *
actor_system_upid(struct actor_system *system, const char *id,
                  struct upid *ret)
{
    struct upid upid;
    struct error *error = upid_make(id, &system->address, &upid);

    if (error) {
        return error;
    }
    struct actor_slot *slot = slot_table_find(&system->slots, id,
                                              &upid.hint_generation);
    if (slot) {
        upid.hint_slot = slot->index;
    }
    *ret = upid;
    return NULL;
}

int64_t
actor_system_now(const struct actor_system *system)
{
    return system->backend.clock->now(system->backend.clock_ctx);
}

int64_t
actor_system_wall_now(const struct actor_system *system)
{
    return system->backend.clock->wall_now(system->backend.clock_ctx);
}

void
actor_system_random_uuid(struct actor_system *system, struct uuid *ret_uuid)
{
    uint8_t bytes[16];

    system->backend.random->fill(system->backend.random_ctx, bytes,
                                 sizeof bytes);
    uuid_make_v4(bytes, ret_uuid);
}

void
system_set_transport(struct actor_system *system,
                     const struct transport_ops *ops, void *transport)
{
    system->transport_ops = ops;
    system->transport = transport;
}

void
system_set_address(struct actor_system *system, const struct address *address)
{
    system->address = *address;
}

const struct actor_backend *
system_backend(const struct actor_system *system)
{
    return &system->backend;
}

void
system_set_http(struct actor_system *system, void *http)
{
    system->http = http;
}

void *
system_http(const struct actor_system *system)
{
    return system->http;
}

struct system_part *
system_offer_http_client(struct actor_system *system,
                         struct system_part *part)
{
    struct system_part *present = NULL;

    return atomic_compare_exchange_strong(&system->http_client, &present,
                                          part) ? part : present;
}

struct system_part *
system_http_client(const struct actor_system *system)
{
    return system->http_client;
}

const char *
system_delegate(const struct actor_system *system)
{
    return system->delegate;
}

const struct actor_msg_type *
system_find_message(const struct actor_system *system, const char *name,
                    size_t len)
{
    size_t low = 0, high = system->n_messages;

    while (low < high) {
        size_t i = low + (high - low) / 2;
        const char *other = system->messages[i]->name;
        int order = strncmp(name, other, len);

        if (order == 0 && other[len] == '\0') {
            return system->messages[i];
        }
        if (order > 0) {
            low = i + 1;
        } else {
            high = i;
        }
    }
    return NULL;
}

/* --- delivery --- */

struct actor_slot *
system_find(struct actor_system *system, const struct upid *upid,
            uint32_t *ret_generation)
{
    if (!system_is_local(system, upid)) {
        return NULL;
    }
    if (upid->hint_generation != 0) {
        struct actor_slot *slot = slot_table_at(&system->slots,
                                                upid->hint_slot);

        if (slot && slot_generation(slot) == upid->hint_generation
            && !mailbox_is_dead(&slot->mailbox)) {
            *ret_generation = upid->hint_generation;
            return slot;
        }
    }
    return slot_table_find(&system->slots, upid->id, ret_generation);
}

/* As system_push(); returns how many are in the inbox then, about. */
static inline uint32_t
push(struct actor_system *system, struct actor_slot *slot,
     uint32_t generation, struct actor_msg *msg)
{
    uint32_t n = 0;

    msg->generation = generation;
    switch (mailbox_push_counted(&slot->mailbox, msg, &n)) {
    case MAILBOX_PUSHED:
        break;
    case MAILBOX_PUSHED_TO_IDLE:
        worker_schedule(slot);
        break;
    case MAILBOX_REFUSED:
        system_dead_letter(system, msg);
        break;
    }
    return n;
}

void
system_push(struct actor_system *system, struct actor_slot *slot,
            uint32_t generation, struct actor_msg *msg)
{
    push(system, slot, generation, msg);
}

static const struct actor_msg_type msg_no_answer = {
    .name = "actor.no-answer",
};

void
system_dead_letter(struct actor_system *system, struct actor_msg *msg)
{
    if (!msg->type->run) {
        metric_increment(system->dead_letters, 1);
    }
    if (msg->call != 0 && msg->from_kind == MSG_FROM_LOCAL) {
        struct actor_msg *notice = actor_msg_create(&msg_no_answer);

        notice->reply_to = msg->call;
        system_push(system, msg->from.slot, msg->from_generation, notice);
    }
    actor_msg_destroy(msg);
}

bool
system_is_no_answer(const struct actor_msg *msg)
{
    return msg->type == &msg_no_answer;
}

bool
system_deliver(struct actor_system *system, const struct upid *from,
               const char *id, struct actor_msg **msg, size_t size,
               struct pressure_watch *watch)
{
    uint32_t generation;
    struct actor_slot *slot = slot_table_find(&system->slots, id,
                                              &generation);

    if (!slot) {
        return false;
    }
    actor_msg_set_from(*msg, from);

    /* Before the push: what it adds is not forgotten with what was there. */
    uint32_t kib = pressure_add_size(slot, size);
    uint32_t n = push(system, slot, generation, steal(*msg));

    if (UNLIKELY(n >= LIMIT_MAILBOX_MESSAGES
                 || kib >= LIMIT_MAILBOX_BYTES >> 10)
        && watch && !watch->is_armed) {
        pressure_await(slot, generation, watch);
    }
    return true;
}

/* --- manual systems --- */

size_t
actor_system_run(struct actor_system *system)
{
    struct worker *worker = &system->workers[0];
    bool any;

    CHECK(system->is_manual, "a system with threads runs by itself");
    uint64_t n_before = recorder_n_messages(&worker->recorder);
    struct worker *before = worker_adopt(worker);
    do {
        worker->now_ns = actor_system_now(system);
        any = worker_run_jobs(worker);
        if (worker->poller) {
            system->poller->run(worker->poller, 0);
            any |= atomic_load(&worker->jobs) != NULL;
        }
        any |= worker_run_timers(worker, actor_system_now(system));
        while (worker_run_one(worker)) {
            any = true;
        }
        any |= pool_run_one(system->pool);
    } while (any);
    worker_adopt(before);
    return (size_t) (recorder_n_messages(&worker->recorder) - n_before);
}

void
actor_system_advance(struct actor_system *system, int64_t ns)
{
    CHECK(ns >= 0 && backend_has_virtual_clock(system),
          "only a virtual clock can be moved");
    int64_t until = system->virtual_ns + ns;

    actor_system_run(system);
    for (;;) {
        int64_t next = actor_system_next_timer(system);

        if (next > until) {
            break;
        }
        if (next > system->virtual_ns) {
            system->virtual_ns = next;
        }
        actor_system_run(system);
    }
    system->virtual_ns = until;
}

int64_t
actor_system_next_timer(const struct actor_system *system)
{
    int64_t next = INT64_MAX;

    for (unsigned i = 0; i < system->n_workers; i++) {
        int64_t at = worker_next_timer(&system->workers[i]);

        next = at < next ? at : next;
    }
    return next;
}
