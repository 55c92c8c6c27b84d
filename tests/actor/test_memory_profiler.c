/* SPDX-License-Identifier: Apache-2.0
 *
 * test_memory_profiler.c - /memory-profiler on an allocator that only says it
 * is jemalloc, and with a jeprof that is none. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/memory_profiler.h>
#include <actor/system.h>
#include "tests/lib/fake_process.h"
#include "tests/lib/http_talk.h"
#include "tests/lib/test.h"

/* --- jemalloc, as far as it is asked --- */

static struct {
    bool built;                 /* config.prof */
    bool enabled;               /* opt.prof */
    bool active;                /* prof.active */
    int dump_error;             /* errno value; 0: dumping works */
    unsigned n_dumps;
} heap;

int mallctl(const char *name, void *old, size_t *old_size, void *new,
            size_t new_size);
void malloc_stats_print(void (*write_cb)(void *aux, const char *text),
                        void *aux, const char *options);

static int
dump(const char *path)
{
    autofree char *text = xasprintf("heap %u\n", ++heap.n_dumps);
    autoclose int fd = open(path, O_WRONLY | O_TRUNC);

    if (heap.dump_error) {
        return heap.dump_error;
    }
    return write(fd, text, strlen(text)) == (ssize_t) strlen(text) ? 0 : EIO;
}

int
mallctl(const char *name, void *old, size_t *old_size UNUSED, void *new,
        size_t new_size UNUSED)
{
    if (!strcmp(name, "prof.dump")) {
        return dump(*(const char **) new);
    }
    if (!strcmp(name, "config.malloc_conf")) {
        *(const char **) old = "built:so";
        return 0;
    }
    bool *value = !strcmp(name, "config.prof") ? &heap.built
                  : !strcmp(name, "opt.prof") ? &heap.enabled
                  : !strcmp(name, "prof.active") ? &heap.active : NULL;
    if (!value) {
        return ENOENT;
    }
    if (old) {
        *(bool *) old = *value;
    }
    if (new) {
        *value = *(bool *) new;
    }
    return 0;
}

void
malloc_stats_print(void (*write_cb)(void *aux, const char *text), void *aux,
                   const char *options)
{
    ck_assert_str_eq(options, "J");
    write_cb(aux, "{\"jemalloc\":");
    write_cb(aux, "{}}");
}

/* --- fixture --- */

static struct http_talk *talk;
static struct fake_process *processes;
static char *dir;

static void
set_up(void)
{
    struct actor_backend backend = { .process = &fake_process_ops };
    struct actor_system_options options = { .backend = &backend };

    dir = test_temp_dir();
    setenv("TMPDIR", dir, 1);
    setenv("MALLOC_CONF", "prof:true", 1);
    heap.built = heap.enabled = true;
    backend.process_ctx = processes = fake_process_create();
    talk = http_talk_start(&options);
    ck_assert_ptr_null(memory_profiler_start(http_talk_system(talk), true));
}

static void
tear_down(void)
{
    if (talk) {
        http_talk_stop(&talk);
    }
    fake_process_destroy(processes);
    free(dir);
}

static const char *
get(const char *rest)
{
    autofree char *path = xasprintf("/memory-profiler%s", rest);

    return http_talk_get(talk, path);
}

/* Starts a run; its id. */
static char *
start_run(void)
{
    const char *body = body_of(get("/start?duration=10secs"));
    size_t len = strspn(body + strlen("{\"id\":"), "0123456789");

    EXPECT_HAS(body, "\"remaining_seconds\":\"10\"}");
    return xstrndup(body + strlen("{\"id\":"), len);
}

static char *
start_and_stop(void)
{
    char *id = start_run();

    EXPECT_STATUS(get("/stop"), "200 ");
    return id;
}

/* --- runs --- */

START_TEST(run_ends_when_it_is_stopped)
{
    autofree char *id = start_run();
    autofree char *raw = xasprintf(
        "\"url_raw_profile\":\"/memory-profiler/download/raw?id=%s\"", id);
    autofree char *start = xasprintf("{\"id\":\"%s\",\"message\":\"", id);

    ck_assert(heap.active);
    const char *text = get("/stop");
    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, start);
    EXPECT_HAS(text, raw);
    ck_assert(!heap.active);
    text = get("/download/raw");
    EXPECT_HAS(text, "\r\nContent-Disposition: attachment; "
                     "filename=profile.");
    EXPECT_HAS(text, "\r\nContent-Type: application/octet-stream\r\n");
    ck_assert_str_eq(body_of(text), "heap 1\n");
    EXPECT_STATUS(get("/stop"), "400 ");
}
END_TEST

START_TEST(run_ends_by_itself)
{
    autofree char *id = start_run();
    autofree char *running = xasprintf(
        "\"current_run\":{\"id\":%s,\"remaining_seconds\":6}", id);

    http_talk_advance(talk, 4 * SECOND);
    EXPECT_HAS(get("/state"), running);
    EXPECT_HAS(get("/start"), "\"remaining_seconds\":\"6\"}");
    http_talk_advance(talk, 6 * SECOND);
    ck_assert(!heap.active);
    EXPECT_HAS(get("/state"), "\"current_run\":{\"id\":null}");
    ck_assert_str_eq(body_of(get("/download/raw")), "heap 1\n");
}
END_TEST

START_TEST(profile_that_cannot_be_written_is_tried_again)
{
    free(start_run());
    heap.dump_error = EFAULT;
    EXPECT_STATUS(get("/stop"), "500 ");
    EXPECT_STATUS(get("/download/raw"), "400 ");
    http_talk_advance(talk, 5 * SECOND);
    ck_assert_uint_eq(heap.n_dumps, 2);
    heap.dump_error = 0;
    http_talk_advance(talk, 5 * SECOND);
    ck_assert_str_eq(body_of(get("/download/raw")), "heap 3\n");
}
END_TEST

START_TEST(disk_without_room_is_an_error)
{
    free(start_run());
    setenv("TMPDIR", "/nowhere", 1);
    const char *text = get("/stop");
    EXPECT_STATUS(text, "500 ");
    EXPECT_HAS(text, "creating directory '/nowhere/libprocess.");
}
END_TEST

START_TEST(only_the_last_profile_is_kept_and_ids_are_checked)
{
    autofree char *first = start_and_stop();
    autofree char *second = start_and_stop();
    autofree char *old = xasprintf("/download/raw?id=%s", first);
    autofree char *new = xasprintf("/download/raw?id=%s", second);

    ck_assert_str_ne(first, second);
    EXPECT_STATUS(get(old), "404 ");
    ck_assert_str_eq(body_of(get(new)), "heap 2\n");
    EXPECT_STATUS(get("/download/raw?id="), "400 ");
    EXPECT_STATUS(get("/download/raw?id=1x"), "400 ");
    EXPECT_STATUS(get("/download/text?id=7"), "404 ");

    autofree char *third = start_run();
    EXPECT_STATUS(get("/download/raw"), "400 ");
    ck_assert_str_eq(body_of(get(new)), "heap 2\n");
    autofree char *present = xasprintf("/download/raw?id=%s", third);
    EXPECT_STATUS(get(present), "404 ");
}
END_TEST

START_TEST(without_a_run_there_is_no_profile)
{
    EXPECT_STATUS(get("/download/raw"), "404 ");
    EXPECT_STATUS(get("/download/text"), "404 ");
    EXPECT_STATUS(get("/download/graph?id=0"), "404 ");
    EXPECT_STATUS(get("/stop"), "400 ");
}
END_TEST

START_TEST(durations_are_bounded)
{
    static const char *const refused[] = {
        "", "x", "10", "999ms", "25hrs", "-1secs", "2days",
    };

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        autofree char *path = xasprintf("/start?duration=%s", refused[i]);
        const char *text = get(path);

        EXPECT_STATUS(text, "400 ");
        EXPECT_HAS(text, "\r\n\r\nInvalid parameter 'duration': ");
    }
    ck_assert(!heap.active);
    EXPECT_HAS(get("/start"), "\"remaining_seconds\":\"300\"}");
}
END_TEST

/* --- what is missing --- */

START_TEST(heap_that_cannot_be_profiled_says_why)
{
    heap.enabled = false;
    EXPECT_STATUS(get("/start"), "400 ");
    EXPECT_HAS(get("/start"), "MALLOC_CONF=\"prof:true,prof_active:false\"");
    EXPECT_HAS(get("/state"), "\"profiling_enabled\":false");
    heap.built = false;
    EXPECT_HAS(get("/stop"), "--enable-prof");
}
END_TEST

START_TEST(what_somebody_else_started_is_left_alone)
{
    heap.active = true;
    EXPECT_STATUS(get("/start"), "409 ");
    http_talk_stop(&talk);
    ck_assert(heap.active);
}
END_TEST

START_TEST(state_and_statistics_are_told)
{
    const char *text = get("/state");

    ck_assert_str_eq(body_of(text),
                     "{\"jemalloc\":{\"malloc_conf\":{\"build_options\":"
                     "\"built:so\",\"environment\":\"prof:true\"},"
                     "\"profiling_active\":false,\"profiling_enabled\":true},"
                     "\"memory_profiler\":{\"current_run\":{\"id\":null},"
                     "\"jemalloc_detected\":true,\"tmp_dir\":null}}");
    text = get("/statistics");
    EXPECT_HAS(text,
               "\r\nContent-Type: application/json; charset=utf-8\r\n");
    ck_assert_str_eq(body_of(text), "{\"jemalloc\":{}}");
}
END_TEST

/* --- jeprof --- */

static void
write_output(const struct fake_child *child, const char *text)
{
    autoclose int fd = open(child->argv[7], O_WRONLY | O_CREAT, 0600);

    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t) strlen(text));
}

START_TEST(text_and_graphs_are_made_once)
{
    free(start_and_stop());
    ck_assert_str_eq(get("/download/text"), "");
    const struct fake_child *child = fake_process_find(processes, "--text");
    ck_assert_ptr_nonnull(child);
    ck_assert_ptr_nonnull(strstr(child->argv[6], "/profile."));
    write_output(child, "10 MB main\n");
    fake_process_exit(processes, child->pid, W_EXITCODE(0, 0));
    const char *text = http_talk_say(talk, "");
    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    ck_assert_str_eq(body_of(text), "10 MB main\n");
    ck_assert_str_eq(body_of(get("/download/text")), "10 MB main\n");
    ck_assert_uint_eq(fake_process_n(processes), 1);

    ck_assert_str_eq(get("/download/graph"), "");
    child = fake_process_find(processes, "--svg");
    write_output(child, "<svg/>");
    fake_process_exit(processes, child->pid, W_EXITCODE(0, 0));
    text = http_talk_say(talk, "");
    EXPECT_HAS(text, "\r\nContent-Type: image/svg+xml\r\n");
    ck_assert_str_eq(body_of(text), "<svg/>");
}
END_TEST

START_TEST(jeprof_that_fails_is_said_and_tried_again)
{
    free(start_and_stop());
    ck_assert_str_eq(get("/download/text"), "");
    fake_process_exit(processes, fake_process_at(processes, 0)->pid,
                      W_EXITCODE(127, 0));
    EXPECT_STATUS(http_talk_say(talk, ""), "500 ");
    fake_process_fail_next(processes, ERROR_NOT_FOUND);
    EXPECT_STATUS(get("/download/text"), "500 ");
    ck_assert_str_eq(get("/download/text"), "");
    ck_assert_uint_eq(fake_process_n(processes), 2);
    http_talk_advance(talk, 10 * MINUTE);
    ck_assert_int_eq(fake_process_at(processes, 1)->last_signal, SIGKILL);
    EXPECT_STATUS(http_talk_say(talk, ""), "500 ");
}
END_TEST

START_TEST(system_ends_while_jeprof_works_and_leaves_nothing)
{
    free(start_and_stop());
    ck_assert_str_eq(get("/download/text"), "");
    http_talk_stop(&talk);
    ck_assert_int_eq(fake_process_at(processes, 0)->last_signal, SIGKILL);
    ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* --- whether it is there at all --- */

START_TEST(it_has_to_be_wanted)
{
    struct http_talk *other = http_talk_start(NULL);
    struct actor_system *system = http_talk_system(other);

    ck_assert_ptr_null(memory_profiler_start(system, false));
    EXPECT_STATUS(http_talk_get(other, "/memory-profiler/state"), "404 ");
    setenv("LIBPROCESS_MEMORY_PROFILING", "maybe", 1);
    autoerror *error = memory_profiler_start(system, true);
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error_text(error), "'maybe'"));
    setenv("LIBPROCESS_MEMORY_PROFILING", "0", 1);
    ck_assert_ptr_null(memory_profiler_start(system, false));
    EXPECT_STATUS(http_talk_get(other, "/memory-profiler/state"), "404 ");
    setenv("LIBPROCESS_MEMORY_PROFILING", "true", 1);
    ck_assert_ptr_null(memory_profiler_start(system, false));
    EXPECT_STATUS(http_talk_get(other, "/memory-profiler/state"), "200 ");
    http_talk_stop(&other);
}
END_TEST

static void
add(Suite *suite, const char *name, const TTest *test)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, TEST_TIMEOUT_S);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
}

static Suite *
memory_profiler_suite(void)
{
    Suite *suite = suite_create("memory_profiler");

    add(suite, "stop", run_ends_when_it_is_stopped);
    add(suite, "end", run_ends_by_itself);
    add(suite, "retry", profile_that_cannot_be_written_is_tried_again);
    add(suite, "room", disk_without_room_is_an_error);
    add(suite, "ids", only_the_last_profile_is_kept_and_ids_are_checked);
    add(suite, "no run", without_a_run_there_is_no_profile);
    add(suite, "duration", durations_are_bounded);
    add(suite, "missing", heap_that_cannot_be_profiled_says_why);
    add(suite, "other", what_somebody_else_started_is_left_alone);
    add(suite, "state", state_and_statistics_are_told);
    add(suite, "jeprof", text_and_graphs_are_made_once);
    add(suite, "failure", jeprof_that_fails_is_said_and_tried_again);
    add(suite, "end", system_ends_while_jeprof_works_and_leaves_nothing);
    add(suite, "wanted", it_has_to_be_wanted);
    return suite;
}

TEST_MAIN(memory_profiler_suite)
