/* SPDX-License-Identifier: Apache-2.0
 *
 * test_logger.c - what the container logger is told, and what it starts. */
#include <config.h>

#include "agent/logger/logger.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/child.h>
#include <actor/error.h>
#include <actor/system.h>

#include "tests/lib/fake_process.h"
#include "tests/lib/test.h"

#define MODULE "org_apache_mesos_LogrotateContainerLogger"
#define MODULES(PARAMETERS) \
    "{\"libraries\": [{\"file\": \"x.so\", \"modules\": [{\"name\": \"" \
    MODULE "\", \"parameters\": [" PARAMETERS "]}]}]}"
#define PARAMETER(KEY, VALUE) \
    "{\"key\": \"" KEY "\", \"value\": \"" VALUE "\"}"

static void
check_refused(const char *logger, const char *modules, const char *why)
{
    struct logger_options options;
    struct error *error = logger_options_read(logger, modules, "/l",
                                              &options);

    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error_text(error), why), "%s", error_text(error));
    error_destroy(error);
}

START_TEST(nothing_rotates_unless_it_is_wanted)
{
    struct logger_options options;

    ck_assert_ptr_null(logger_options_read(NULL, MODULES(""), "/l",
                                           &options));
    ck_assert(!options.is_rotating);
    logger_options_fini(&options);
}
END_TEST

START_TEST(parameters_are_read)
{
    struct logger_options options;
    struct error *error = logger_options_read(
        MODULE,
        MODULES(PARAMETER("max_stdout_size", "1MB") ","
                PARAMETER("logrotate_stderr_options", "rotate 3") ","
                PARAMETER("libprocess_num_worker_threads", "8")),
        "/l", &options);

    ck_assert_ptr_null(error);
    ck_assert(options.is_rotating);
    ck_assert_uint_eq(options.max_size[LOGGER_STDOUT], 1 << 20);
    ck_assert_uint_eq(options.max_size[LOGGER_STDERR], 10 << 20);
    ck_assert_ptr_null(options.rotation[LOGGER_STDOUT]);
    ck_assert_str_eq(options.rotation[LOGGER_STDERR], "rotate 3");
    ck_assert_str_eq(options.launcher_dir, "/l");
    logger_options_fini(&options);
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
    check_refused("other", NULL, "Module 'other' unknown");
    check_refused(MODULE, "{", "Failed to load flag 'modules'");
    check_refused(MODULE, MODULES(PARAMETER("max_stdout_size", "1")),
                  "Failed to parse '1'");
    check_refused(MODULE, MODULES(PARAMETER("max_stderr_size", "100B")),
                  "at least 4KB");
    check_refused(MODULE, MODULES(PARAMETER("color", "red")),
                  "unknown parameter 'color'");
}
END_TEST

/* --- starting --- */

static struct {
    struct fake_process *processes;
    struct logger_options options;
    char *env;
    int streams[LOGGER_N_STREAMS];
    struct error *error;
} t;

static struct error *
owner_init(struct actor *self, void *arg UNUSED)
{
    char *const envp[] = { t.env, NULL };
    struct actor_child_options child = ACTOR_CHILD_OPTIONS_INIT;

    child.envp = envp;
    child.set_ids = true;
    child.uid = 77;
    t.error = logger_start(self, &t.options, "/s", &child, t.streams);
    return NULL;
}

static const struct actor_type owner_type = {
    .name = "owner", .size = sizeof(struct actor), .init = owner_init,
};

/* With 'env' in the environment of the container. */
static struct actor_system *
start(const char *env)
{
    struct actor_backend backend = { .process = &fake_process_ops };
    struct actor_system_options options = {
        .manual = true, .backend = &backend, .seed = 1,
    };
    struct actor_system *system;

    backend.process_ctx = t.processes;
    t.env = (char *) env;
    ck_assert_ptr_null(actor_system_create(&options, &system));
    ck_assert_ptr_null(actor_spawn(system, &owner_type, NULL, NULL, NULL));
    return system;
}

static bool
has_argument(size_t i, const char *argument)
{
    const struct fake_child *child = fake_process_at(t.processes, i);

    for (char **it = child->argv; *it; it++) {
        if (strcmp(*it, argument) == 0) {
            return true;
        }
    }
    return false;
}

static void
set_up(void)
{
    memset(&t, 0, sizeof t);
    t.processes = fake_process_create();
    ck_assert_ptr_null(logger_options_read(MODULE, NULL, "/l", &t.options));
}

static void
tear_down(struct actor_system *system)
{
    actor_system_destroy(system);
    fake_process_destroy(t.processes);
    logger_options_fini(&t.options);
    error_destroy(t.error);
}

START_TEST(each_stream_has_a_logger_of_the_tasks_user)
{
    set_up();
    struct actor_system *system =
        start("CONTAINER_LOGGER_MAX_STDERR_SIZE=2MB");

    ck_assert_ptr_null(t.error);
    ck_assert_uint_eq(fake_process_n(t.processes), 2);
    ck_assert(has_argument(0, "--log_filename=/s/stdout"));
    ck_assert(has_argument(0, "--max_size=10485760B"));
    ck_assert(has_argument(1, "--log_filename=/s/stderr"));
    ck_assert(has_argument(1, "--max_size=2097152B"));
    ck_assert_uint_eq(fake_process_at(t.processes, 1)->uid, 77);
    for (int i = 0; i < LOGGER_N_STREAMS; i++) {
        ck_assert_int_eq(fcntl(t.streams[i], F_GETFD), FD_CLOEXEC);
        close(t.streams[i]);
    }
    tear_down(system);
}
END_TEST

START_TEST(wrong_value_in_the_environment_is_an_error)
{
    set_up();
    struct actor_system *system =
        start("CONTAINER_LOGGER_MAX_STDOUT_SIZE=much");

    ck_assert_ptr_nonnull(t.error);
    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    ck_assert_int_eq(t.streams[0], -1);
    tear_down(system);
}
END_TEST

START_TEST(task_does_not_say_what_program_runs)
{
    set_up();
    struct actor_system *system =
        start("CONTAINER_LOGGER_LOGROTATE_PATH=/bin/evil");

    ck_assert_ptr_null(t.error);
    ck_assert(has_argument(0, "--logrotate_path=logrotate"));
    close(t.streams[0]);
    close(t.streams[1]);
    tear_down(system);
}
END_TEST

START_TEST(logger_that_does_not_start_is_an_error)
{
    set_up();
    fake_process_fail_next(t.processes, ERROR_NOT_FOUND);
    struct actor_system *system = start("A=b");

    ck_assert_ptr_nonnull(strstr(error_text(t.error),
                                 "Failed to create logger process"));
    ck_assert_int_eq(t.streams[0], -1);
    ck_assert_int_eq(t.streams[1], -1);
    tear_down(system);
}
END_TEST

static Suite *
logger_suite(void)
{
    Suite *suite = suite_create("logger");

    test_add(suite, "off", nothing_rotates_unless_it_is_wanted);
    test_add(suite, "parameters", parameters_are_read);
    test_add(suite, "wrong", what_is_wrong_is_named);
    test_add(suite, "streams", each_stream_has_a_logger_of_the_tasks_user);
    test_add(suite, "environment",
             wrong_value_in_the_environment_is_an_error);
    test_add(suite, "program", task_does_not_say_what_program_runs);
    test_add(suite, "no-start", logger_that_does_not_start_is_an_error);
    return suite;
}

TEST_MAIN(logger_suite)
