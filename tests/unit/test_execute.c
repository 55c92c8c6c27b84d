/* SPDX-License-Identifier: Apache-2.0
 *
 * test_execute.c - parts of mesos-execute: flags, tasks, and how updates are
 * shown. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "cli/execute_flags.h"
#include "cli/execute_output.h"
#include "cli/execute_status.h"
#include "cli/execute_task.h"
#include "tests/lib/test.h"

#define MAX_WORDS 16
#define COMMAND "--name=n", "--command=true"
#define TASK "--task={\"name\":\"n\",\"task_id\":{\"value\":\"i\"}," \
    "\"agent_id\":{\"value\":\"\"},\"command\":{\"value\":\"true\"}," \
    "\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\"," \
    "\"scalar\":{\"value\":1}}]}"
#define SCALAR(NAME, N) "\"name\":\"" NAME "\",\"type\":\"SCALAR\"," \
    "\"scalar\":{\"value\":" N "}"
#define DB "\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"db\"}]"
#define VOLUME "{" SCALAR("disk", "10") "," DB ",\"disk\":{\"persistence\":{" \
    "\"id\":\"v\"},\"volume\":{\"mode\":\"RW\",\"container_path\":\"d\"}}}"
#define GROUP "--task_group={\"tasks\":[{\"name\":\"n\",\"task_id\":{" \
    "\"value\":\"i\"},\"agent_id\":{\"value\":\"\"}}]}"

static struct {
    struct execute_flags flags;
    struct execute_task task;
    char *words[MAX_WORDS + 1];
    bool is_flags_error;
} t;

/* Loads 'words' (up to NULL) behind --master, and makes a task of them. */
static struct error *
load(const char *const *words)
{
    int n = 0;

    memset(&t, 0, sizeof t);
    t.words[n++] = xstrdup("mesos-execute");
    t.words[n++] = xstrdup("--master=127.0.0.1:1");
    for (; *words; words++) {
        ck_assert_int_lt(n, MAX_WORDS);
        t.words[n++] = xstrdup(*words);
    }
    struct error *error = execute_flags_load(&t.flags, n, t.words);

    t.is_flags_error = error;
    return error ? error : execute_task_init(&t.task, &t.flags);
}

static void
unload(void)
{
    execute_task_fini(&t.task);
    execute_flags_fini(&t.flags);
    for (int i = 0; i < MAX_WORDS; i++) {
        free(t.words[i]);
    }
}

static void
load_well(const char *const *words)
{
    autoerror *error = load(words);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

#define LOAD(...) load_well((const char *const []) { __VA_ARGS__, NULL })

/* --- refusing --- */

struct refusal {
    const char *words[6];
    const char *text;
};

static void
check_refusals(const struct refusal *refusals, size_t n, bool is_flags_error)
{
    for (size_t i = 0; i < n; i++) {
        autoerror *error = load(refusals[i].words);

        ck_assert_msg(error, "'%s'", refusals[i].text);
        ck_assert_str_eq(error_text(error), refusals[i].text);
        ck_assert_int_eq(t.is_flags_error, is_flags_error);
        unload();
    }
}

/* Answered with the usage. */
START_TEST(flags_that_do_not_go_together_are_refused)
{
    static const struct refusal refusals[] = {
        { { "--command=true" }, "Missing required option --name" },
        { { "--name=n" }, "Missing required option --command" },
        { { TASK, GROUP }, "Either task or task group should be set but not "
          "both. Provide either '--task' OR '--task_group'" },
        { { TASK, "--name=n" }, "'--name, --command, --env, --appc_image, "
          "--docker_image, --volumes' can only be set when both '--task' and "
          "'--task_group' are not set" },
        { { TASK, "--volumes=[]" }, "'--name, --command, --env, --appc_image, "
          "--docker_image, --volumes' can only be set when both '--task' and "
          "'--task_group' are not set" },
        { { GROUP, "--docker_image=x" }, "'--name, --command, --env, "
          "--appc_image, --docker_image, --volumes' can only be set when both "
          "'--task' and '--task_group' are not set" },
        { { TASK, "--networks=x" }, "'--networks' can only be set when "
          "'--task' is not set" },
        { { COMMAND, "--content_type=xml" }, "Invalid content type 'xml'" },
    };

    check_refusals(refusals, ARRAY_SIZE(refusals), true);
}
END_TEST

START_TEST(what_cannot_be_is_refused_with_the_reason)
{
    static const struct refusal refusals[] = {
        { { COMMAND, "--package=a.tgz" }, "Failed to create HDFS client: "
          "'--package' is not supported by this version; give the 'uris' of "
          "the command in '--task'" },
        { { COMMAND, "--appc_image=a", "--docker_image=b" }, "Flags "
          "'--docker-image' and '--appc-image' are both set" },
        { { COMMAND, "--containerizer=docker" }, "'Docker' containerizer "
          "requires docker image name" },
        { { COMMAND, "--containerizer=docker", "--docker_image=i",
            "--networks=a,b" }, "'Docker' containerizer can only support a "
          "single network" },
        { { COMMAND, "--containerizer=docker", "--docker_image=i", "--tty" },
          "'Docker' containerizer does not allow attaching a TTY" },
        { { COMMAND, "--containerizer=docker", "--docker_image=i" },
          "'--containerizer=docker' is not supported by this version: agents "
          "run containers themselves" },
        { { COMMAND, "--containerizer=pod" }, "Unsupported containerizer: "
          "pod" },
        { { COMMAND, "--docker_image=i" }, "'--docker_image' is not supported "
          "by this version: containers have the files of the agent's host" },
        { { COMMAND, "--appc_image=i" }, "'--appc_image' is not supported by "
          "this version: containers have the files of the agent's host" },
        { { GROUP, "--networks=a" }, "'--networks' is not supported by this "
          "version: containers are in the network of the agent's host" },
        { { COMMAND, "--tty" }, "'--tty' is not supported by this version: "
          "containers have no terminal" },
        { { TASK, "--effective_capabilities={}" },
          "'--effective_capabilities' is not supported by this version: "
          "containers have the capabilities of their user" },
        { { COMMAND, "--bounding_capabilities={}" },
          "'--bounding_capabilities' is not supported by this version: "
          "containers have the capabilities of their user" },
        { { COMMAND, "--volumes={}" }, "Failed to convert '--volumes' to "
          "protobuf: expecting a JSON array" },
        { { COMMAND, "--volumes=[],\"x\":[]" }, "Failed to convert "
          "'--volumes' to protobuf: expecting a JSON array: parse error: "
          "trailing garbage" },
        { { COMMAND, "--volumes=[{\"mode\":\"RW\"}]" }, "Failed to convert "
          "'--volumes' to protobuf: Missing required fields: "
          "volumes[0].container_path" },
        { { COMMAND, "--volumes=/nowhere/at/all" }, "Failed to load flag "
          "'volumes': reading '/nowhere/at/all': No such file or directory" },
        { { COMMAND, "--rlimits=[]" }, "Failed to load flag 'rlimits': "
          "Expecting a JSON object" },
        { { COMMAND, "--resources=[" VOLUME "]" }, "Failed to parse resources "
          "'[" VOLUME "]': Persistent volumes cannot be specified at the "
          "command line" },
        { { COMMAND, "--env=[]" }, "Failed to load flag 'env': expecting a "
          "JSON object" },
        { { COMMAND, "--env={\"A\":1}" }, "Failed to load flag 'env': the "
          "value of 'A' is not a string" },
        { { COMMAND, "--resources=cpus:" }, "Failed to parse resources "
          "'cpus:': Failed to parse resource 'cpus:': Expecting non-empty "
          "string" },
        { { "--task={}" }, "Failed to load flag 'task': Missing required "
          "fields: name, task_id, agent_id" },
        { { "--task_group={\"tasks\":[]}" }, "Failed to load flag "
          "'task_group': it has no tasks" },
    };

    check_refusals(refusals, ARRAY_SIZE(refusals), false);
}
END_TEST

START_TEST(what_means_nothing_here_is_accepted)
{
    LOAD(COMMAND, "--hadoop=/opt/hadoop", "--hdfs=h:1", "--overwrite",
         "--networks=", "--content_type=application/json", "--no-tty",
         "--containerizer=mesos", "--principal=p", "--secret=s");
    ck_assert_ptr_null(t.task.tasks[0]->container);
    unload();
}
END_TEST

/* --- making tasks --- */

START_TEST(volumes_and_rlimits_make_a_container)
{
    LOAD(COMMAND, "--volumes=[{\"mode\":\"RO\",\"container_path\":\"c\","
         "\"host_path\":\"/h\"}]", "--rlimits={\"rlimits\":[{\"type\":"
         "\"RLMT_CORE\",\"soft\":\"1\",\"hard\":2},{\"type\":"
         "\"RLMT_CPU\"}]}");
    const V1__ContainerInfo *container = t.task.tasks[0]->container;

    ck_assert_ptr_nonnull(container);
    ck_assert_int_eq((int) container->type, V1__CONTAINER_INFO__TYPE__MESOS);
    ck_assert_uint_eq(container->n_volumes, 1);
    ck_assert_int_eq((int) container->volumes[0]->mode,
                     V1__VOLUME__MODE__RO);
    ck_assert_str_eq(container->volumes[0]->host_path, "/h");
    ck_assert_uint_eq(container->rlimit_info->n_rlimits, 2);
    ck_assert_uint_eq(container->rlimit_info->rlimits[0]->soft, 1);
    ck_assert_uint_eq(container->rlimit_info->rlimits[0]->hard, 2);
    ck_assert(!container->rlimit_info->rlimits[1]->has_soft);
    unload();
}
END_TEST

static struct message *
make_offer(const char *resources)
{
    autofree char *json = xasprintf(
        "{\"id\":{\"value\":\"o\"},\"framework_id\":{\"value\":\"f\"},"
        "\"agent_id\":{\"value\":\"a\"},\"hostname\":\"h\",\"resources\":%s}",
        resources);
    struct message *m = NULL;
    autoerror *error = message_decode_json(&v1__offer__descriptor, json,
                                           strlen(json), &m);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    return m;
}

START_TEST(reservations_of_the_role_are_used_first)
{
    autodestroy(message) *offer = make_offer(
        "[{" SCALAR("cpus", "3") "},{" SCALAR("cpus", "1") "," DB "},"
        "{" SCALAR("mem", "64") "}]");

    LOAD(COMMAND, "--resources=cpus:2;mem:32", "--role=db");
    autodestroy(message) *m =
        execute_task_place(&t.task, message_root(offer), "db");

    ck_assert_ptr_nonnull(m);
    const V1__Offer__Operation *operation = message_root(m);
    const V1__TaskInfo *task = operation->launch->task_infos[0];
    double reserved = 0;
    double unreserved = 0;

    ck_assert_str_eq(task->agent_id->value, "a");
    ck_assert_uint_eq(task->n_resources, 3);
    for (size_t i = 0; i < task->n_resources; i++) {
        const V1__Resource *r = task->resources[i];

        if (strcmp(r->name, "cpus") == 0) {
            *(r->n_reservations ? &reserved : &unreserved) = r->scalar->value;
        }
    }
    ck_assert_double_eq(reserved, 1);
    ck_assert_double_eq(unreserved, 1);
    unload();
}
END_TEST

START_TEST(volume_of_the_role_is_used_when_it_is_named)
{
    autodestroy(message) *offer = make_offer(
        "[{" SCALAR("cpus", "1") "},{" SCALAR("disk", "10") "," DB "},"
        VOLUME "]");

    LOAD("--role=db", "--task={\"name\":\"n\",\"task_id\":{"
         "\"value\":\"i\"},\"agent_id\":{\"value\":\"\"},\"resources\":[{"
         SCALAR("cpus", "1") "}," VOLUME "]}");
    autodestroy(message) *m =
        execute_task_place(&t.task, message_root(offer), "db");

    ck_assert_ptr_nonnull(m);
    const V1__Offer__Operation *operation = message_root(m);
    const V1__TaskInfo *task = operation->launch->task_infos[0];
    size_t n_volumes = 0;

    ck_assert_uint_eq(task->n_resources, 2);
    for (size_t i = 0; i < task->n_resources; i++) {
        const V1__Resource *r = task->resources[i];

        n_volumes += r->disk && !strcmp(r->disk->persistence->id, "v");
    }
    ck_assert_uint_eq(n_volumes, 1);
    unload();
}
END_TEST

START_TEST(executor_of_a_task_gets_its_own_resources)
{
    autodestroy(message) *offer = make_offer("[{" SCALAR("cpus", "3") "}]");
    autodestroy(message) *small = make_offer("[{" SCALAR("cpus", "2") "}]");

    LOAD("--task={\"name\":\"n\",\"task_id\":{\"value\":\"i\"},"
         "\"agent_id\":{\"value\":\"\"},\"executor\":{\"executor_id\":{"
         "\"value\":\"e\"},\"resources\":[{" SCALAR("cpus", "2") "}]},"
         "\"resources\":[{" SCALAR("cpus", "1") "}]}");
    autodestroy(message) *m =
        execute_task_place(&t.task, message_root(offer), "*");
    autodestroy(message) *none =
        execute_task_place(&t.task, message_root(small), "*");

    ck_assert_ptr_null(none);
    ck_assert_ptr_nonnull(m);
    const V1__Offer__Operation *operation = message_root(m);
    const V1__TaskInfo *task = operation->launch->task_infos[0];

    ck_assert_double_eq(task->resources[0]->scalar->value, 1);
    ck_assert_double_eq(task->executor->resources[0]->scalar->value, 2);
    unload();
}
END_TEST

/* --- showing updates --- */

static void
check_status(const char *members, const char *expected)
{
    autofree char *json = xasprintf("{\"task_id\":{\"value\":\"i\"},%s}",
                                    members);
    autodestroy(message) *m = NULL;
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autoerror *error = message_decode_json(&v1__task_status__descriptor, json,
                                           strlen(json), &m);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    execute_status_format(message_root(m), &text);
    ck_assert_str_eq(text.data, expected);
}

START_TEST(update_is_shown_as_mesos_does)
{
    check_status("\"state\":\"TASK_STARTING\"",
                 "Received status update TASK_STARTING for task 'i'\n");
    check_status("\"state\":\"TASK_FAILED\",\"message\":\"m\","
                 "\"source\":\"SOURCE_AGENT\",\"reason\":"
                 "\"REASON_CONTAINER_LIMITATION_MEMORY\",\"healthy\":false,"
                 "\"check_status\":{\"type\":\"COMMAND\",\"command\":{"
                 "\"exit_code\":3}},\"limitation\":{\"resources\":["
                 "{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{"
                 "\"value\":96}}]}",
                 "Received status update TASK_FAILED for task 'i'\n"
                 "  message: 'm'\n"
                 "  source: SOURCE_AGENT\n"
                 "  reason: REASON_CONTAINER_LIMITATION_MEMORY\n"
                 "  healthy?: 0\n"
                 "  check status: COMMAND exit code 3\n"
                 "  resource limit violation: [{\"name\":\"mem\",\"scalar\":{"
                 "\"value\":96.0},\"type\":\"SCALAR\"}]\n");
}
END_TEST

START_TEST(every_kind_of_check_has_its_words)
{
    static const char *const cases[][2] = {
        { "\"type\":\"COMMAND\",\"command\":{}", "COMMAND" },
        { "\"type\":\"HTTP\",\"http\":{}", "HTTP" },
        { "\"type\":\"HTTP\",\"http\":{\"status_code\":404}",
          "HTTP status code 404" },
        { "\"type\":\"TCP\",\"tcp\":{}", "TCP" },
        { "\"type\":\"TCP\",\"tcp\":{\"succeeded\":true}",
          "TCP connection success" },
        { "\"type\":\"TCP\",\"tcp\":{\"succeeded\":false}",
          "TCP connection failure" },
        { "\"type\":\"UNKNOWN\"", "UNKNOWN" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        autofree char *members = xasprintf(
            "\"state\":\"TASK_RUNNING\",\"check_status\":{%s}", cases[i][0]);
        autofree char *expected = xasprintf(
            "Received status update TASK_RUNNING for task 'i'\n"
            "  check status: %s\n", cases[i][1]);

        check_status(members, expected);
    }
}
END_TEST

/* --- printing --- */

START_TEST(lines_are_put_together_and_named)
{
    autofini(strbuf) partial = STRBUF(EXECUTE_LINE_MAX);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    execute_lines_add(&partial, "p: ", "a\n\nb", 4, &out);
    ck_assert_str_eq(out.data, "p: a\np: \n");
    execute_lines_add(&partial, "p: ", "c", 1, &out);
    ck_assert_str_eq(out.data, "p: a\np: \n");
    execute_lines_add(&partial, "p: ", "\nd", 2, &out);
    ck_assert_str_eq(out.data, "p: a\np: \np: bc\n");
    execute_lines_end(&partial, "p: ", &out);
    execute_lines_end(&partial, "p: ", &out);
    ck_assert_str_eq(out.data, "p: a\np: \np: bc\np: d\n");
}
END_TEST

START_TEST(line_without_an_end_is_cut)
{
    autofini(strbuf) partial = STRBUF(EXECUTE_LINE_MAX);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    size_t size = 2 * EXECUTE_LINE_MAX + 1;
    autofree char *data = xcalloc(size, 1);

    memset(data, 'x', size);
    execute_lines_add(&partial, ">", data, size, &out);
    ck_assert_uint_eq(out.len, 2 * (EXECUTE_LINE_MAX + 2));
    ck_assert_uint_eq(partial.len, 1);
    ck_assert(!partial.overflow);
}
END_TEST

START_TEST(our_lines_begin_on_a_line_of_their_own)
{
    int pipe_fds[2];
    char said[256] = "";

    ck_assert_int_eq(pipe(pipe_fds), 0);
    struct execute_output *output =
        execute_output_create(pipe_fds[1], STDERR_FILENO, EXECUTE_STDOUT);

    execute_output_say(output, "first\n");
    execute_output_pass_on(output, EXECUTE_STDOUT, "half", 4);
    execute_output_printf(output, "%d%%\n", 50);
    execute_output_pass_on(output, EXECUTE_STDOUT, "whole\n", 6);
    execute_output_pass_on(output, EXECUTE_STDOUT, "", 0);
    execute_output_say(output, "last\n");
    execute_output_destroy(output);
    ck_assert_int_gt((int) read(pipe_fds[0], said, sizeof said - 1), 0);
    ck_assert_str_eq(said, "first\nhalf\n50%\nwhole\nlast\n");
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}
END_TEST

START_TEST(our_lines_stay_out_of_what_a_task_prints)
{
    int out_fds[2];
    int err_fds[2];
    char out[256] = "";
    char err[256] = "";

    ck_assert_int_eq(pipe(out_fds), 0);
    ck_assert_int_eq(pipe(err_fds), 0);
    struct execute_output *output =
        execute_output_create(out_fds[1], err_fds[1], EXECUTE_STDERR);

    execute_output_pass_on(output, EXECUTE_STDOUT, "half", 4);
    execute_output_say(output, "ours\n");
    execute_output_pass_on(output, EXECUTE_STDOUT, " and half\n", 10);
    execute_output_pass_on(output, EXECUTE_STDERR, "bad", 3);
    execute_output_say(output, "ours, too\n");
    execute_output_destroy(output);
    ck_assert_int_gt((int) read(out_fds[0], out, sizeof out - 1), 0);
    ck_assert_int_gt((int) read(err_fds[0], err, sizeof err - 1), 0);
    ck_assert_str_eq(out, "half and half\n");
    ck_assert_str_eq(err, "ours\nbad\nours, too\n");
    for (int i = 0; i < 2; i++) {
        close(out_fds[i]);
        close(err_fds[i]);
    }
}
END_TEST

static Suite *
execute_suite(void)
{
    Suite *suite = suite_create("execute");

    test_add(suite, "usage", flags_that_do_not_go_together_are_refused);
    test_add(suite, "refusals", what_cannot_be_is_refused_with_the_reason);
    test_add(suite, "accepted", what_means_nothing_here_is_accepted);
    test_add(suite, "container", volumes_and_rlimits_make_a_container);
    test_add(suite, "role", reservations_of_the_role_are_used_first);
    test_add(suite, "volume", volume_of_the_role_is_used_when_it_is_named);
    test_add(suite, "executor", executor_of_a_task_gets_its_own_resources);
    test_add(suite, "status", update_is_shown_as_mesos_does);
    test_add(suite, "checks", every_kind_of_check_has_its_words);
    test_add(suite, "lines", lines_are_put_together_and_named);
    test_add(suite, "long-line", line_without_an_end_is_cut);
    test_add(suite, "own-lines", our_lines_begin_on_a_line_of_their_own);
    test_add(suite, "not-ours", our_lines_stay_out_of_what_a_task_prints);
    return suite;
}

TEST_MAIN(execute_suite)
