/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sim_net.c - connections of a simulated network: what TCP promises, and
 * what it does when networks, processes and hosts fail.
 *
 * Two hosts have a service each, an actor that does with connections what the
 * test says and closes them when it ends. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>
#include <actor/sim_plan.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "core/system_private.h"
#include "sim/net.h"
#include "sim/private.h"
#include "tests/lib/test.h"

#define N_SEEDS 50
#define PORT 5050
#define N_ENDS 8
#define KEEPALIVE (10 * SECOND)

enum { A, B, N_HOSTS };

/* One end of a connection, as its process sees it. */
struct end {
    struct actor_stream *stream;        /* NULL: free, or closed */
    struct user *user;
    struct strbuf got;
    unsigned n_writable;        /* how often it was told */
    unsigned n_ends;
    unsigned n_breaks;
    char error[100];            /* of the last break */
};

struct user {
    struct actor base;
    struct sim_process *process;
    struct actor_listener *listener;
};

static struct world {
    struct sim *sim;
    struct sim_host *hosts[N_HOSTS];
    struct user *users[N_HOSTS];        /* NULL: dead */
    struct end ends[N_ENDS];            /* in the order they came up */
    unsigned n_ends;
} w;

static void
on_data(void *end_, const void *data, size_t size)
{
    struct end *end = end_;

    strbuf_append_bytes(&end->got, data, size);
}

static void
on_writable(void *end_)
{
    struct end *end = end_;

    end->n_writable++;
}

static void
on_closed(void *end_, const struct error *error)
{
    struct end *end = end_;

    if (error) {
        end->n_breaks++;
        snprintf(end->error, sizeof end->error, "%s", error_text(error));
    } else {
        end->n_ends++;
    }
}

static const struct actor_stream_callbacks callbacks = {
    on_data, on_writable, on_closed,
};

static void
close_end(struct end *end)
{
    sim_net_ops.close(end->user->process, steal(end->stream));
}

static struct error *
user_init(struct actor *self, void *process)
{
    struct user *user = (struct user *) self;

    user->process = process;
    w.users[sim_host_index(sim_process_host(process))] = user;
    return NULL;
}

static void
user_fini(struct actor *self)
{
    struct user *user = (struct user *) self;

    for (size_t i = 0; i < N_ENDS; i++) {
        if (w.ends[i].stream && w.ends[i].user == user) {
            close_end(&w.ends[i]);
        }
    }
    if (user->listener) {
        sim_net_ops.unlisten(user->process, user->listener);
    }
    w.users[sim_host_index(sim_process_host(user->process))] = NULL;
}

static const struct actor_type user_type = {
    .name = "user", .size = sizeof(struct user), .init = user_init,
    .fini = user_fini,
};

static struct error *
start(struct sim_process *p)
{
    const struct actor_system_options options = { .delegate = NULL };
    struct actor_system *system;
    struct error *error = sim_process_open(p, &options, &system);

    return error ? error : actor_spawn(system, &user_type, "user", p, NULL);
}

static const struct sim_program program = { .name = "user", .start = start };

/* --- what tests do --- */

static void
create_world(uint64_t seed)
{
    memset(&w, 0, sizeof w);
    w.sim = sim_create(&(struct sim_options) { .seed = seed });
    sim_add_program(w.sim, &program);
    for (int i = 0; i < N_HOSTS; i++) {
        w.hosts[i] = sim_add_host(w.sim, i == A ? "a" : "b");
        sim_add_service(w.hosts[i], "user",
                        (char *[]) { (char *) "user", NULL });
    }
    sim_run(w.sim, SECOND);
}

static void
destroy_world(void)
{
    sim_destroy(w.sim);
    for (size_t i = 0; i < N_ENDS; i++) {
        ck_assert_ptr_null(w.ends[i].stream);
        strbuf_fini(&w.ends[i].got);
    }
}

static void
pass(int64_t ns)
{
    sim_run(w.sim, ns);
}

static struct worker *
worker_of(struct user *user)
{
    return system_worker(sim_process_system(user->process), 0);
}

static struct end *
add_end(struct user *user)
{
    struct end *end = &w.ends[w.n_ends++];

    ck_assert_uint_le(w.n_ends, N_ENDS);
    end->user = user;
    strbuf_init(&end->got, STRBUF_UNLIMITED);
    return end;
}

static void
set_reading(struct end *end, bool on)
{
    sim_net_ops.set_reading(end->user->process, end->stream, on);
}

static void
on_accept(void *user_, struct actor_stream *stream,
          const struct address *peer UNUSED)
{
    struct user *user = user_;
    struct end *end = add_end(user);

    end->stream = stream;
    sim_net_ops.attach(user->process, stream, worker_of(user), &callbacks,
                       end);
    set_reading(end, true);
}

static struct address
address_of(int host)
{
    struct address address = *sim_host_address(w.hosts[host]);

    address.port = PORT;
    return address;
}

static void
listen_at(int host)
{
    struct user *user = w.users[host];
    const struct address address = address_of(host);
    struct address bound;
    struct error *error =
        sim_net_ops.listen(user->process, worker_of(user), &address,
                           on_accept, user, &user->listener, &bound);

    ck_assert_ptr_null(error);
    ck_assert_int_eq(bound.port, PORT);
}

static struct end *
connect_to(int from, const struct address *address)
{
    struct user *user = w.users[from];
    struct end *end = add_end(user);
    struct error *error =
        sim_net_ops.connect(user->process, worker_of(user), address,
                            &callbacks, end, &end->stream);

    ck_assert_ptr_null(error);
    set_reading(end, true);
    return end;
}

/* The ends at A, which connects, and at B. */
static void
connect_both(struct end **ret_a, struct end **ret_b)
{
    const struct address address = address_of(B);

    if (!w.users[B]->listener) {
        listen_at(B);
    }
    *ret_a = connect_to(A, &address);
    *ret_b = &w.ends[w.n_ends];
    pass(SECOND);
    ck_assert_uint_eq((*ret_a)->n_writable, 1);
    ck_assert_ptr_nonnull((*ret_b)->stream);
}

static ssize_t
send_bytes(struct end *end, const void *data, size_t size)
{
    const struct iovec iov = { (void *) data, size };

    return sim_net_ops.write(end->user->process, end->stream, &iov, 1);
}

static ssize_t
say(struct end *end, const char *text)
{
    return send_bytes(end, text, strlen(text));
}

static void
assert_got(const struct end *end, const char *text)
{
    ck_assert_str_eq(end->got.len > 0 ? end->got.data : "", text);
}

static void
assert_broken(const struct end *end, const char *why)
{
    ck_assert_uint_eq(end->n_breaks, 1);
    ck_assert_msg(strstr(end->error, why), "%s", end->error);
}

static void
assert_whole(const struct end *end)
{
    ck_assert_uint_eq(end->n_breaks + end->n_ends, 0);
}

static void
fault(enum sim_fault_kind kind, int from, int64_t amount, int64_t for_ns)
{
    const struct sim_fault f = {
        .kind = kind, .amount = amount, .for_ns = for_ns,
        .hosts = { (uint32_t) from, (uint32_t) !from },
    };

    sim_fault_apply(&f, w.sim);
    pass(0);
}

static void
keep_alive(struct end *end)
{
    sim_net_ops.set_keepalive(end->user->process, end->stream, KEEPALIVE);
}

/* --- bytes --- */

/* Says 2,000 numbers in pieces, whatever the network does to them. */
static void
count_through(uint64_t seed, bool faults)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    struct end *a, *b;

    create_world(seed);
    connect_both(&a, &b);
    if (faults) {
        fault(SIM_FAULT_DELAY, A, 100 * MILLISECOND, HOUR);
        fault(SIM_FAULT_LOSS, A, 300000, HOUR);
        fault(SIM_FAULT_LOSS, B, 300000, HOUR);
        fault(SIM_FAULT_REORDER, A, 500000, HOUR);
        fault(SIM_FAULT_DUPLICATE, A, 500000, HOUR);
    }
    for (unsigned i = 0; i < 2000; i++) {
        size_t before = text.len;

        strbuf_printf(&text, "%u ", i);
        ck_assert_int_eq(send_bytes(a, text.data + before,
                                    text.len - before),
                         (int) (text.len - before));
        if (i % 100 == 0) {
            pass(10 * MILLISECOND);
        }
    }
    pass(HOUR / 2);
    assert_got(b, text.data);
    assert_whole(b);
    destroy_world();
}

START_TEST(bytes_arrive_in_order)
{
    count_through(1, false);
}
END_TEST

START_TEST(bytes_arrive_in_order_whatever_the_network_does)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        count_through(seed, true);
    }
}
END_TEST

START_TEST(both_sides_speak_at_once)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    say(a, "ping");
    say(b, "pong");
    pass(SECOND);
    assert_got(a, "pong");
    assert_got(b, "ping");
    destroy_world();
}
END_TEST

START_TEST(nothing_is_heard_before_one_is_connected)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        create_world(seed);
        listen_at(B);
        fault(SIM_FAULT_LOSS, B, 700000, 5 * SECOND);
        const struct address address = address_of(B);
        struct end *a = connect_to(A, &address);

        ck_assert_int_eq(say(a, "early"), 0);
        while (!w.ends[1].stream) {
            pass(MILLISECOND);
        }
        say(&w.ends[1], "hello");
        while (a->n_writable == 0 && a->n_breaks == 0) {
            assert_got(a, "");
            pass(MILLISECOND);
        }
        pass(MINUTE);
        assert_got(a, a->n_breaks ? "" : "hello");
        destroy_world();
    }
}
END_TEST

/* --- connecting --- */

START_TEST(who_connects_to_nobody_is_refused)
{
    create_world(1);
    const struct address address = address_of(B);
    struct end *a = connect_to(A, &address);

    pass(SECOND);
    assert_broken(a, "refused");
    destroy_world();
}
END_TEST

START_TEST(who_is_refused_hears_of_it_though_resets_are_lost)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        create_world(seed);
        const struct address address = address_of(B);

        fault(SIM_FAULT_ONE_WAY, B, 0, 5 * SECOND);
        struct end *a = connect_to(A, &address);

        pass(4 * SECOND);
        assert_whole(a);
        pass(10 * SECOND);
        assert_broken(a, "refused");
        destroy_world();
    }
}
END_TEST

START_TEST(a_host_without_power_does_not_answer)
{
    create_world(1);
    const struct address address = address_of(B);

    sim_host_crash(w.hosts[B], DAY);
    struct end *a = connect_to(A, &address);

    pass(30 * SECOND);
    assert_whole(a);
    pass(3 * MINUTE);
    assert_broken(a, "timed out");
    destroy_world();
}
END_TEST

START_TEST(an_address_without_host_does_not_answer)
{
    static const struct address nowhere = {
        .family = ADDRESS_IPV4, .ip = { 10, 9, 9, 9 }, .port = PORT,
    };

    create_world(1);
    struct end *a = connect_to(A, &nowhere);

    pass(4 * MINUTE);
    assert_broken(a, "timed out");
    destroy_world();
}
END_TEST

START_TEST(who_connects_during_a_partition_gets_through_after_it)
{
    create_world(1);
    const struct address address = address_of(B);

    listen_at(B);
    fault(SIM_FAULT_PARTITION, A, 0, 5 * SECOND);
    struct end *a = connect_to(A, &address);

    pass(4 * SECOND);
    ck_assert_uint_eq(a->n_writable, 0);
    pass(20 * SECOND);
    ck_assert_uint_eq(a->n_writable, 1);
    assert_whole(a);
    destroy_world();
}
END_TEST

START_TEST(a_port_is_listened_on_once)
{
    struct address address, bound, other;
    struct actor_listener *listener;

    create_world(1);
    struct user *user = w.users[B];

    address = address_of(B);
    listen_at(B);
    autoerror *error = sim_net_ops.listen(user->process, worker_of(user),
                                          &address, on_accept, user,
                                          &listener, &bound);

    ck_assert_ptr_nonnull(error);
    sim_net_ops.unlisten(user->process, steal(user->listener));
    pass(0);
    listen_at(B);

    /* And port 0 is any that is free. */
    w.hosts[B]->last_port = PORT - 1;
    address.port = 0;
    ck_assert_ptr_null(sim_net_ops.listen(user->process, worker_of(user),
                                          &address, on_accept, user,
                                          &listener, &other));
    ck_assert_int_ne(other.port, PORT);
    ck_assert_int_ne(other.port, 0);
    sim_net_ops.unlisten(user->process, listener);
    pass(0);
    destroy_world();
}
END_TEST

START_TEST(twenty_thousand_connections_come_and_go)
{
    create_world(1);
    const struct address address = address_of(B);

    listen_at(B);
    for (unsigned i = 0; i < 40000; i++) {
        w.n_ends = 0;
        struct end *a = connect_to(A, &address);

        pass(50 * MILLISECOND);
        say(a, "x");
        pass(50 * MILLISECOND);
        ck_assert_uint_eq(w.ends[1].got.len, 1);
        ck_assert_int_ge(w.ends[0].stream->local.port, 32768);
        close_end(a);
        close_end(&w.ends[1]);
        strbuf_fini(&w.ends[0].got);
        strbuf_fini(&w.ends[1].got);
        memset(w.ends, 0, sizeof w.ends);
    }
    pass(SECOND);
    ck_assert_ptr_null(w.sim->net->streams);
    destroy_world();
}
END_TEST

START_TEST(a_port_in_use_is_passed_over)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    w.hosts[A]->last_port = (uint16_t) (a->stream->local.port - 1);
    const struct address address = address_of(B);
    struct end *other = connect_to(A, &address);

    ck_assert_int_ne(other->stream->local.port, a->stream->local.port);
    pass(SECOND);
    destroy_world();
}
END_TEST

/* --- partitions --- */

START_TEST(a_partition_breaks_what_is_kept_alive)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    keep_alive(a);
    fault(SIM_FAULT_PARTITION, A, 0, HOUR);
    pass(KEEPALIVE / 2);
    assert_whole(a);
    pass(KEEPALIVE);
    assert_broken(a, "timed out");
    assert_whole(b);
    destroy_world();
}
END_TEST

START_TEST(what_is_sent_into_a_partition_breaks_after_the_timeout)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    keep_alive(b);
    fault(SIM_FAULT_ONE_WAY, B, 0, HOUR);
    say(b, "anybody?");
    pass(KEEPALIVE / 2);
    assert_whole(b);
    pass(2 * KEEPALIVE);
    assert_broken(b, "timed out");
    assert_got(a, "");
    destroy_world();
}
END_TEST

START_TEST(a_partition_that_heals_in_time_breaks_nothing)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    keep_alive(a);
    keep_alive(b);
    for (unsigned i = 0; i < 5; i++) {
        fault(SIM_FAULT_PARTITION, A, 0, KEEPALIVE / 2);
        say(a, "x");
        say(b, "y");
        pass(3 * KEEPALIVE);
    }
    assert_whole(a);
    assert_whole(b);
    assert_got(a, "yyyyy");
    assert_got(b, "xxxxx");
    destroy_world();
}
END_TEST

START_TEST(a_one_way_partition_lets_the_other_way_through)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    fault(SIM_FAULT_ONE_WAY, A, 0, 5 * SECOND);
    say(a, "ping");
    say(b, "pong");
    pass(4 * SECOND);
    assert_got(a, "pong");
    assert_got(b, "");
    pass(20 * SECOND);
    assert_got(b, "ping");
    destroy_world();
}
END_TEST

START_TEST(without_keepalive_a_partition_breaks_nothing_that_is_silent)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    fault(SIM_FAULT_PARTITION, A, 0, HOUR);
    pass(2 * HOUR);
    assert_whole(a);
    say(a, "still here");
    pass(SECOND);
    assert_got(b, "still here");
    destroy_world();
}
END_TEST

START_TEST(a_clog_holds_what_is_sent_and_lets_it_go)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    fault(SIM_FAULT_CLOG, B, 0, 5 * SECOND);
    say(a, "one ");
    pass(SECOND);
    say(a, "two");
    say(b, "three");
    pass(3900 * MILLISECOND);
    assert_got(a, "");
    assert_got(b, "");
    pass(200 * MILLISECOND);
    assert_got(a, "three");
    assert_got(b, "one two");
    destroy_world();
}
END_TEST

START_TEST(two_clogs_hold_until_both_are_over)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    fault(SIM_FAULT_CLOG, A, 0, 2 * SECOND);
    fault(SIM_FAULT_CLOG, B, 0, 5 * SECOND);
    say(a, "x");
    pass(4900 * MILLISECOND);
    assert_got(b, "");
    pass(200 * MILLISECOND);
    assert_got(b, "x");
    destroy_world();
}
END_TEST

START_TEST(a_clog_holds_who_connects)
{
    create_world(1);
    const struct address address = address_of(B);

    fault(SIM_FAULT_CLOG, B, 0, 3 * SECOND);
    struct end *a = connect_to(A, &address);

    pass(2900 * MILLISECOND);
    assert_whole(a);
    pass(200 * MILLISECOND);
    assert_broken(a, "refused");
    destroy_world();
}
END_TEST

START_TEST(a_reset_breaks_both_ends)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    fault(SIM_FAULT_RESET, A, 0, 0);
    pass(0);
    assert_broken(a, "reset");
    assert_broken(b, "reset");
    ck_assert_int_eq(say(a, "x"), -1);
    pass(SECOND);
    assert_broken(a, "reset");
    destroy_world();
}
END_TEST

/* --- windows --- */

/* Bytes that 'end' takes now. */
static size_t
fill(struct end *end)
{
    static const char bytes[10000];
    size_t total = 0;
    ssize_t n;

    while ((n = send_bytes(end, bytes, sizeof bytes)) > 0) {
        total += (size_t) n;
    }
    ck_assert_int_eq(n, 0);
    return total;
}

START_TEST(who_does_not_read_holds_up_who_writes)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    set_reading(b, false);
    size_t n = fill(a);

    ck_assert_uint_eq(n, SIM_NET_WINDOW);
    pass(HOUR);
    ck_assert_uint_eq(fill(a), 0);
    ck_assert_uint_eq(a->n_writable, 1);
    ck_assert_uint_eq(b->got.len, 0);
    set_reading(b, true);
    pass(SECOND);
    ck_assert_uint_eq(b->got.len, n);
    ck_assert_uint_eq(a->n_writable, 2);
    ck_assert_uint_gt(fill(a), 0);
    destroy_world();
}
END_TEST

START_TEST(who_stands_still_gets_everything_later)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    keep_alive(a);
    fault(SIM_FAULT_PAUSE, B, 0, MINUTE);
    say(a, "wake up");
    pass(59 * SECOND);
    assert_got(b, "");
    assert_whole(a);
    pass(2 * SECOND);
    assert_got(b, "wake up");
    destroy_world();
}
END_TEST

/* --- ends --- */

START_TEST(one_side_may_end_and_go_on_listening)
{
    for (int first = A; first <= B; first++) {
        struct end *ends[N_HOSTS];

        create_world(1);
        connect_both(&ends[A], &ends[B]);
        struct end *one = ends[first], *other = ends[!first];

        say(one, "last words");
        sim_net_ops.shutdown(one->user->process, one->stream);
        pass(SECOND);
        assert_got(other, "last words");
        ck_assert_uint_eq(other->n_ends, 1);
        ck_assert_uint_eq(one->n_ends, 0);
        say(other, "answer");
        pass(SECOND);
        assert_got(one, "answer");
        sim_net_ops.shutdown(other->user->process, other->stream);
        pass(SECOND);
        ck_assert_uint_eq(one->n_ends, 1);
        ck_assert_uint_eq(one->n_breaks + other->n_breaks, 0);
        destroy_world();
    }
}
END_TEST

START_TEST(who_writes_after_its_own_end_is_broken)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    sim_net_ops.shutdown(a->user->process, a->stream);
    ck_assert_int_eq(say(a, "x"), -1);
    pass(SECOND);
    assert_broken(a, "pipe");
    destroy_world();
}
END_TEST

START_TEST(what_was_written_before_closing_arrives)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct end *a, *b;

        create_world(seed);
        connect_both(&a, &b);
        fault(SIM_FAULT_LOSS, A, 500000, HOUR);
        fault(SIM_FAULT_PARTITION, A, 0, 2 * SECOND);
        say(a, "farewell");
        close_end(a);
        pass(10 * MINUTE);
        assert_got(b, "farewell");
        ck_assert_uint_eq(b->n_ends, 1);
        ck_assert_uint_eq(b->n_breaks, 0);
        destroy_world();
    }
}
END_TEST

/* B half-closes while A's answer and end are still on their way. */
START_TEST(an_end_that_crosses_a_close_resets_nothing)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct end *a, *b;

        create_world(seed);
        connect_both(&a, &b);
        fault(SIM_FAULT_DELAY, A, SECOND, HOUR);
        say(a, "answer");
        close_end(a);
        sim_net_ops.shutdown(b->user->process, b->stream);
        pass(MINUTE);
        assert_got(b, "answer");
        ck_assert_uint_eq(b->n_ends, 1);
        ck_assert_uint_eq(b->n_breaks, 0);
        destroy_world();
    }
}
END_TEST

START_TEST(who_writes_to_one_that_has_closed_is_reset)
{
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct end *a, *b;

        create_world(seed);
        connect_both(&a, &b);
        close_end(b);
        pass(SECOND);
        ck_assert_uint_eq(a->n_ends, 1);
        fault(SIM_FAULT_ONE_WAY, B, 0, 3 * SECOND);
        set_reading(a, true);
        ck_assert_int_eq(say(a, "hello?"), 6);
        pass(2 * SECOND);
        ck_assert_uint_eq(a->n_breaks, 0);
        pass(10 * SECOND);
        assert_broken(a, "reset");
        destroy_world();
    }
}
END_TEST

START_TEST(who_closes_with_something_unread_resets)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    set_reading(b, false);
    say(a, "unread");
    pass(SECOND);
    close_end(b);
    pass(SECOND);
    assert_broken(a, "reset");
    ck_assert_uint_eq(a->n_ends, 0);
    destroy_world();
}
END_TEST

/* --- processes and hosts --- */

START_TEST(a_killed_process_ends_its_connections)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    say(b, "last words");
    sim_service_kill(w.hosts[B], "user", HOUR);
    pass(SECOND);
    assert_got(a, "last words");
    ck_assert_uint_eq(a->n_ends, 1);
    ck_assert_uint_eq(a->n_breaks, 0);
    destroy_world();
}
END_TEST

START_TEST(a_killed_process_that_has_not_read_all_resets)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    set_reading(b, false);
    say(a, "unread");
    pass(SECOND);
    sim_service_kill(w.hosts[B], "user", HOUR);
    pass(SECOND);
    assert_broken(a, "reset");
    destroy_world();
}
END_TEST

START_TEST(a_crash_is_silent_and_a_booted_host_resets)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    say(b, "never sent");
    sim_host_crash(w.hosts[B], 10 * SECOND);
    pass(5 * SECOND);
    assert_whole(a);
    assert_got(a, "");
    say(a, "hello?");
    pass(4 * SECOND);
    assert_whole(a);
    pass(10 * SECOND);
    assert_broken(a, "reset");
    destroy_world();
}
END_TEST

START_TEST(keepalive_finds_out_that_a_host_was_booted)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    keep_alive(a);
    sim_host_crash(w.hosts[B], SECOND);
    pass(KEEPALIVE);
    assert_broken(a, "reset");
    destroy_world();
}
END_TEST

START_TEST(a_crash_takes_along_what_dead_processes_had_sent)
{
    struct end *a, *b;

    create_world(1);
    connect_both(&a, &b);
    fault(SIM_FAULT_PARTITION, A, 0, 10 * SECOND);
    say(b, "from the dead");
    sim_service_kill(w.hosts[B], "user", HOUR);
    pass(SECOND);
    sim_host_crash(w.hosts[B], HOUR);
    pass(MINUTE);
    assert_got(a, "");
    ck_assert_uint_eq(a->n_ends, 0);
    destroy_world();
}
END_TEST

START_TEST(a_process_that_stands_still_and_dies_takes_nobody_on)
{
    struct end *a;

    create_world(1);
    listen_at(B);
    const struct address address = address_of(B);

    fault(SIM_FAULT_PAUSE, B, 0, HOUR);
    a = connect_to(A, &address);
    pass(SECOND);
    ck_assert_uint_eq(a->n_writable, 1);
    ck_assert_uint_eq(w.n_ends, 1);
    struct end *other = connect_to(A, &address);

    say(a, "hello");
    pass(SECOND);
    sim_service_kill(w.hosts[B], "user", HOUR);
    pass(SECOND);
    assert_broken(a, "reset");
    assert_broken(other, "reset");
    ck_assert_uint_eq(other->n_ends, 0);
    struct end *late = connect_to(A, &address);

    pass(SECOND);
    assert_broken(late, "refused");
    destroy_world();
}
END_TEST

START_TEST(a_crash_forgets_who_waited_to_be_accepted)
{
    create_world(1);
    listen_at(B);
    const struct address address = address_of(B);

    fault(SIM_FAULT_PAUSE, B, 0, HOUR);
    struct end *a = connect_to(A, &address);

    pass(SECOND);
    sim_host_crash(w.hosts[B], SECOND);
    pass(3 * SECOND);
    ck_assert_uint_eq(w.n_ends, 1);
    say(a, "hello");
    pass(SECOND);
    assert_broken(a, "reset");
    destroy_world();
}
END_TEST

static Suite *
sim_net_suite(void)
{
    Suite *suite = suite_create("sim_net");

    test_add(suite, "order", bytes_arrive_in_order);
    test_add(suite, "order-faults",
             bytes_arrive_in_order_whatever_the_network_does);
    test_add(suite, "both", both_sides_speak_at_once);
    test_add(suite, "early", nothing_is_heard_before_one_is_connected);
    test_add(suite, "refused", who_connects_to_nobody_is_refused);
    test_add(suite, "refused-late",
             who_is_refused_hears_of_it_though_resets_are_lost);
    test_add(suite, "no-power", a_host_without_power_does_not_answer);
    test_add(suite, "no-host", an_address_without_host_does_not_answer);
    test_add(suite, "connect-partition",
             who_connects_during_a_partition_gets_through_after_it);
    test_add(suite, "port", a_port_is_listened_on_once);
    test_add(suite, "many", twenty_thousand_connections_come_and_go);
    test_add(suite, "port-in-use", a_port_in_use_is_passed_over);
    test_add(suite, "keepalive", a_partition_breaks_what_is_kept_alive);
    test_add(suite, "user-timeout",
             what_is_sent_into_a_partition_breaks_after_the_timeout);
    test_add(suite, "heal", a_partition_that_heals_in_time_breaks_nothing);
    test_add(suite, "one-way", a_one_way_partition_lets_the_other_way_through);
    test_add(suite, "silent",
             without_keepalive_a_partition_breaks_nothing_that_is_silent);
    test_add(suite, "clog", a_clog_holds_what_is_sent_and_lets_it_go);
    test_add(suite, "clogs", two_clogs_hold_until_both_are_over);
    test_add(suite, "clog-connect", a_clog_holds_who_connects);
    test_add(suite, "reset", a_reset_breaks_both_ends);
    test_add(suite, "window", who_does_not_read_holds_up_who_writes);
    test_add(suite, "pause", who_stands_still_gets_everything_later);
    test_add(suite, "half-close", one_side_may_end_and_go_on_listening);
    test_add(suite, "own-end", who_writes_after_its_own_end_is_broken);
    test_add(suite, "close", what_was_written_before_closing_arrives);
    test_add(suite, "crossing", an_end_that_crosses_a_close_resets_nothing);
    test_add(suite, "peer-end", who_writes_to_one_that_has_closed_is_reset);
    test_add(suite, "unread", who_closes_with_something_unread_resets);
    test_add(suite, "kill", a_killed_process_ends_its_connections);
    test_add(suite, "kill-unread",
             a_killed_process_that_has_not_read_all_resets);
    test_add(suite, "crash", a_crash_is_silent_and_a_booted_host_resets);
    test_add(suite, "crash-keepalive",
             keepalive_finds_out_that_a_host_was_booted);
    test_add(suite, "crash-lingering",
             a_crash_takes_along_what_dead_processes_had_sent);
    test_add(suite, "backlog",
             a_process_that_stands_still_and_dies_takes_nobody_on);
    test_add(suite, "backlog-crash",
             a_crash_forgets_who_waited_to_be_accepted);
    return suite;
}

TEST_MAIN(sim_net_suite)
