/* SPDX-License-Identifier: Apache-2.0
 *
 * test_fetcher.c - the fetcher, with children that are only written down: what
 * they would fetch is put there by the test. */
#include <config.h>

#include "agent/fetcher/fetcher.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "proto/cmesos/fetcher.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/test.h"

#define N_CONTAINERS 3

static struct {
    struct fake_process *processes;
    struct actor_system *system;
    struct actor *owner;
    struct upid fetcher;
    char *dir;
    char *cache_dir;
    unsigned n_over[N_CONTAINERS];
    char *failures[N_CONTAINERS];
} t;

/* --- the stage --- */

static void
on_fetched(struct actor *self UNUSED, struct actor_msg *msg)
{
    struct fetched *body = actor_msg_body(msg, &msg_fetched);
    int i = body->container_id[0] - '0';

    t.n_over[i]++;
    t.failures[i] = steal(body->failure);
}

static const struct actor_handler handlers[] = {
    { &msg_fetched, on_fetched },
};

static struct error *
owner_init(struct actor *self, void *arg UNUSED)
{
    t.owner = self;
    return NULL;
}

static const struct actor_type owner_type = {
    .name = "owner", .size = sizeof(struct actor), .init = owner_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static void
set_up(void)
{
    struct actor_backend backend = { .process = &fake_process_ops };
    struct actor_system_options options = {
        .manual = true, .backend = &backend, .seed = 1,
    };

    memset(&t, 0, sizeof t);
    t.dir = test_temp_dir();
    t.cache_dir = xasprintf("%s/cache", t.dir);
    t.processes = fake_process_create();
    backend.process_ctx = t.processes;
    struct fetcher_options fetcher = {
        .launcher_dir = "/libexec", .cache_dir = t.cache_dir,
        .cache_size = 100, .stall_timeout_ns = MINUTE,
    };
    ck_assert_ptr_null(actor_system_create(&options, &t.system));
    ck_assert_ptr_null(actor_spawn(t.system, &owner_type, NULL, NULL, NULL));
    ck_assert_ptr_null(fetcher_start(t.system, &fetcher, &t.fetcher));
    actor_system_run(t.system);
}

static void
tear_down(void)
{
    actor_system_destroy(t.system);
    fake_process_destroy(t.processes);
    for (int i = 0; i < N_CONTAINERS; i++) {
        free(t.failures[i]);
    }
    free(t.cache_dir);
    free(t.dir);
}

/* Container 'i' wants 'uris', all to be cached. */
static void
ask(int i, const char *const *uris, size_t n)
{
    struct message *m = message_create(&v1__executor_info__descriptor);
    V1__ExecutorInfo *info = message_root(m);
    V1__CommandInfo *command = message_new(m, &v1__command_info__descriptor);
    struct fetch_request request = {
        .container_id = xasprintf("%d", i), .sandbox = xstrdup(t.dir),
        .executor_info = m, .out_fd = -1, .err_fd = -1,
    };

    info->command = command;
    command->uris = message_array(m, n, sizeof *command->uris);
    command->n_uris = n;
    for (size_t k = 0; k < n; k++) {
        command->uris[k] = message_new(m,
                                       &v1__command_info__uri__descriptor);
        command->uris[k]->value = message_strdup(m, uris[k]);
        command->uris[k]->has_cache = true;
        command->uris[k]->cache = true;
    }
    fetcher_fetch(t.owner, &t.fetcher, &request);
    actor_system_run(t.system);
}

#define ASK(i, ...) \
    ask((i), (const char *const[]) { __VA_ARGS__ }, \
        ARRAY_SIZE(((const char *const[]) { __VA_ARGS__ })))

static const struct fake_child *
child(size_t i)
{
    ck_assert_uint_lt(i, fake_process_n(t.processes));
    return fake_process_at(t.processes, i);
}

static const char *
told(size_t i)
{
    return fake_child_getenv(child(i), "MESOS_FETCHER_INFO");
}

static bool
is_told(size_t i, const char *text)
{
    return strstr(told(i), text) != NULL;
}

static void
finish(size_t i, int status)
{
    ck_assert(fake_process_exit(t.processes, child(i)->pid, status));
    actor_system_run(t.system);
}

/* The child that probes says so, and ends. */
static void
probe(size_t i, const char *sizes)
{
    ck_assert(is_told(i, "\"PROBE\""));
    ck_assert_int_eq(write(child(i)->stdio[1], sizes, strlen(sizes)),
                     (int) strlen(sizes));
    finish(i, W_EXITCODE(0, 0));
}

/* The child that fills the cache makes these files, and ends. */
static void
put(const char *name, size_t size)
{
    autofree char *path = xasprintf("%s/%s", t.cache_dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t) size), 0);
    close(fd);
}

static void
fill(size_t i, const char *name, size_t size)
{
    ck_assert(is_told(i, "\"FILL_CACHE\""));
    ck_assert(is_told(i, name));
    put(name, size);
    finish(i, W_EXITCODE(0, 0));
}

static double
n_used(void)
{
    double value = -1;

    ck_assert(metrics_get(actor_system_metrics(t.system),
                          "containerizer/fetcher/cache_size_used_bytes",
                          &value));
    return value;
}

/* --- tests --- */

START_TEST(second_who_wants_it_waits_for_the_first)
{
    set_up();

    ASK(0, "http://h/a");
    ASK(1, "http://h/a");
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    probe(0, "10\n");
    ck_assert_double_eq(n_used(), 10);
    fill(1, "c1-a", 10);

    /* Both go on now. */
    ck_assert_uint_eq(fake_process_n(t.processes), 4);
    ck_assert(is_told(2, "RETRIEVE_FROM_CACHE"));
    ck_assert(is_told(3, "RETRIEVE_FROM_CACHE"));
    finish(2, W_EXITCODE(0, 0));
    finish(3, W_EXITCODE(0, 0));
    ck_assert_uint_eq(t.n_over[0], 1);
    ck_assert_uint_eq(t.n_over[1], 1);
    ck_assert_ptr_null(t.failures[0]);
    ck_assert_ptr_null(t.failures[1]);
    tear_down();
}
END_TEST

START_TEST(two_who_fill_what_the_other_wants_both_end)
{
    set_up();

    ASK(0, "http://h/a");
    probe(0, "10\n");           /* child 1 fills a */
    ASK(1, "http://h/b", "http://h/a");
    ASK(2, "http://h/a", "http://h/b");
    ck_assert_uint_eq(fake_process_n(t.processes), 3);
    probe(2, "20\n");           /* child 3 fills b */
    fill(3, "c2-b", 20);
    fill(1, "c1-a", 10);
    for (size_t i = 4; i < fake_process_n(t.processes); i++) {
        finish(i, W_EXITCODE(0, 0));
    }

    for (int i = 0; i < N_CONTAINERS; i++) {
        ck_assert_uint_eq(t.n_over[i], 1);
        ck_assert_ptr_null(t.failures[i]);
    }
    ck_assert_uint_eq(fake_process_n(t.processes), 7);
    ck_assert_double_eq(n_used(), 30);
    tear_down();
}
END_TEST

START_TEST(cached_file_is_not_downloaded_again)
{
    set_up();
    ASK(0, "http://h/a");
    probe(0, "10\n");
    fill(1, "c1-a", 8);
    finish(2, W_EXITCODE(0, 0));
    ck_assert_double_eq(n_used(), 8);

    ASK(1, "http://h/a");

    ck_assert_uint_eq(fake_process_n(t.processes), 4);
    ck_assert(is_told(3, "RETRIEVE_FROM_CACHE"));
    finish(3, W_EXITCODE(0, 0));
    ck_assert_uint_eq(t.n_over[1], 1);
    tear_down();
}
END_TEST

START_TEST(cached_file_that_is_gone_is_fetched_directly_and_then_again)
{
    set_up();
    ASK(0, "http://h/a");
    probe(0, "10\n");
    fill(1, "c1-a", 10);
    finish(2, W_EXITCODE(0, 0));
    autofree char *path = xasprintf("%s/c1-a", t.cache_dir);
    ck_assert_int_eq(unlink(path), 0);

    ASK(1, "http://h/a");
    ck_assert(is_told(3, "BYPASS_CACHE"));
    ck_assert_double_eq(n_used(), 0);
    finish(3, W_EXITCODE(0, 0));
    ASK(2, "http://h/a");
    ck_assert(is_told(4, "\"PROBE\""));
    tear_down();
}
END_TEST

/* Whatever the probe says but a number that fits. */
START_TEST(what_cannot_be_sized_goes_past_the_cache)
{
    static const char *const sizes[] = {
        "", "-\n", "101\n", "10", "x10\n", "-10\n", " 10\n", "10 \n",
        "99999999999999999999999\n", "\n10\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        set_up();
        ASK(0, "http://h/a");
        probe(0, sizes[i]);

        ck_assert_msg(is_told(1, "BYPASS_CACHE"), "'%s': %s", sizes[i],
                      told(1));
        ck_assert_double_eq(n_used(), 0);
        finish(1, W_EXITCODE(0, 0));
        ck_assert_ptr_null(t.failures[0]);
        tear_down();
    }
}
END_TEST

START_TEST(download_that_fails_lets_both_fetch_directly)
{
    set_up();
    ASK(0, "http://h/a");
    ASK(1, "http://h/a");
    probe(0, "10\n");
    finish(1, W_EXITCODE(1, 0));

    ck_assert(is_told(2, "BYPASS_CACHE"));
    ck_assert(is_told(3, "BYPASS_CACHE"));
    ck_assert_double_eq(n_used(), 0);
    finish(2, W_EXITCODE(1, 0));
    finish(3, W_EXITCODE(0, 0));
    ck_assert_ptr_nonnull(strstr(t.failures[0], "Failed to fetch all URIs "
                                 "for container '0': exited with status 1"));
    ck_assert_ptr_null(t.failures[1]);
    tear_down();
}
END_TEST

START_TEST(half_a_file_of_a_child_that_was_killed_is_not_used)
{
    set_up();
    ASK(0, "http://h/a");
    probe(0, "10\n");
    put("c1-a", 5);
    fetcher_kill(t.owner, &t.fetcher, "0");
    actor_system_run(t.system);
    ck_assert_int_eq(child(1)->last_signal, SIGKILL);
    ck_assert_uint_eq(t.n_over[0], 1);
    ck_assert_ptr_nonnull(t.failures[0]);
    autofree char *path = xasprintf("%s/c1-a", t.cache_dir);
    ck_assert_int_ne(access(path, F_OK), 0);

    ASK(1, "http://h/a");
    ck_assert(is_told(2, "\"PROBE\""));
    tear_down();
}
END_TEST

START_TEST(killed_while_waiting_for_another)
{
    set_up();
    ASK(0, "http://h/a");
    ASK(1, "http://h/a");

    fetcher_kill(t.owner, &t.fetcher, "1");
    fetcher_kill(t.owner, &t.fetcher, "nobody");
    actor_system_run(t.system);

    ck_assert_uint_eq(t.n_over[1], 1);
    ck_assert_uint_eq(t.n_over[0], 0);
    probe(0, "10\n");
    fill(1, "c1-a", 10);
    finish(2, W_EXITCODE(0, 0));
    ck_assert_ptr_null(t.failures[0]);
    tear_down();
}
END_TEST

START_TEST(room_is_made_by_removing_files)
{
    set_up();
    ASK(0, "http://h/a");
    probe(0, "60\n");
    fill(1, "c1-a", 60);
    finish(2, W_EXITCODE(0, 0));

    ASK(1, "http://h/b");
    probe(3, "50\n");
    autofree char *path = xasprintf("%s/c1-a", t.cache_dir);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_double_eq(n_used(), 50);
    tear_down();
}
END_TEST

START_TEST(files_of_an_earlier_agent_are_removed_and_no_others)
{
    set_up();
    ck_assert_int_eq(mkdir(t.cache_dir, 0755), 0);
    put("c9-old", 1);
    put("precious", 1);
    ASK(0, "http://h/a");
    autofree char *old = xasprintf("%s/c9-old", t.cache_dir);
    autofree char *precious = xasprintf("%s/precious", t.cache_dir);

    ck_assert_int_ne(access(old, F_OK), 0);
    ck_assert_int_eq(access(precious, F_OK), 0);
    tear_down();
}
END_TEST

START_TEST(start_that_fails_is_told)
{
    set_up();

    fake_process_fail_next(t.processes, ERROR_NOT_FOUND);
    ASK(0, "http://h/a");
    ck_assert(is_told(0, "BYPASS_CACHE"));
    finish(0, W_EXITCODE(0, 0));
    ck_assert_ptr_null(t.failures[0]);
    tear_down();
}
END_TEST

START_TEST(end_of_the_actor_ends_its_children)
{
    set_up();
    ASK(0, "http://h/a");
    ASK(1, "http://h/a");

    actor_terminate(t.system, &t.fetcher);
    actor_system_run(t.system);

    ck_assert_int_eq(child(0)->last_signal, SIGKILL);
    tear_down();
}
END_TEST

static Suite *
fetcher_suite(void)
{
    Suite *suite = suite_create("fetcher");

    test_add(suite, "waiting", second_who_wants_it_waits_for_the_first);
    test_add(suite, "crossing", two_who_fill_what_the_other_wants_both_end);
    test_add(suite, "hit", cached_file_is_not_downloaded_again);
    test_add(suite, "gone",
             cached_file_that_is_gone_is_fetched_directly_and_then_again);
    test_add(suite, "sizes", what_cannot_be_sized_goes_past_the_cache);
    test_add(suite, "failing", download_that_fails_lets_both_fetch_directly);
    test_add(suite, "killed-filling",
             half_a_file_of_a_child_that_was_killed_is_not_used);
    test_add(suite, "killed-waiting", killed_while_waiting_for_another);
    test_add(suite, "room", room_is_made_by_removing_files);
    test_add(suite, "clearing",
             files_of_an_earlier_agent_are_removed_and_no_others);
    test_add(suite, "no-start", start_that_fails_is_told);
    test_add(suite, "end", end_of_the_actor_ends_its_children);
    return suite;
}

TEST_MAIN(fetcher_suite)
