/* SPDX-License-Identifier: Apache-2.0
 *
 * test_op.c - operations: records of named steps. */
#include <config.h>

#include <actor/op.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>

#include "tests/lib/poller.h"
#include "tests/lib/test.h"

/* --- whom the operations ask --- */

enum mood {
    ANSWERS, KEEPS, ENDS, ANSWERS_TWICE, RAMBLES, ANSWERS_LATE,
    IS_DEAF,
};

static const struct actor_msg_type msg_question = {
    .name = "question", .size = sizeof(int),
};
static const struct actor_msg_type msg_answer = {
    .name = "answer", .size = sizeof(int),
};

struct oracle {
    struct actor base;
    enum mood mood;
    struct actor_msg *ticket;   /* owned; of a question to answer later */
    struct actor_timer timer;
};

static struct error *
oracle_init(struct actor *self, void *mood)
{
    ((struct oracle *) self)->mood = *(enum mood *) mood;
    return NULL;
}

static void
answer(struct actor *self, struct actor_msg *request, int n)
{
    struct actor_msg *msg = actor_msg_create(&msg_answer);

    *(int *) actor_msg_body(msg, &msg_answer) = n;
    actor_reply(self, request, &msg);
}

/* Answers with a message of a type that nobody expects. */
static void
ramble(struct actor *self, struct actor_msg *request)
{
    struct actor_msg *msg = actor_msg_create(&msg_question);

    actor_reply(self, request, &msg);
}

static void
answer_late(struct actor *self, void *arg UNUSED)
{
    struct oracle *oracle = (struct oracle *) self;

    answer(self, oracle->ticket, 42);
    actor_msg_destroy(steal(oracle->ticket));
}

static void
on_question(struct actor *self, struct actor_msg *msg)
{
    struct oracle *oracle = (struct oracle *) self;
    int n = *(int *) actor_msg_body(msg, &msg_question);

    switch (((struct oracle *) self)->mood) {
    case ANSWERS_TWICE:
        answer(self, msg, n + 1);
        /* Fallthrough. */
    case ANSWERS:
        answer(self, msg, n + 1);
        break;
    case ENDS:
        actor_stop(self);
        break;
    case RAMBLES:
        ramble(self, msg);
        break;
    case ANSWERS_LATE:
        oracle->ticket = actor_msg_ticket(msg);
        actor_timer_start(self, &oracle->timer, SECOND, answer_late, NULL);
        break;
    case KEEPS:
    case IS_DEAF:
        break;
    }
}

static const struct actor_handler oracle_handlers[] = {
    { &msg_question, on_question },
};

static const struct actor_type oracle_type = {
    .name = "oracle", .size = sizeof(struct oracle), .init = oracle_init,
    .handlers = oracle_handlers, .n_handlers = 1,
};
static const struct actor_type deaf_type = {
    .name = "deaf", .size = sizeof(struct oracle), .init = oracle_init,
};

static struct upid
spawn_oracle(struct actor_system *system, enum mood mood)
{
    struct upid upid;

    ck_assert_ptr_null(actor_spawn(system, mood == IS_DEAF ? &deaf_type
                                                           : &oracle_type,
                                   "oracle", &mood, &upid));
    return upid;
}

/* --- the operation --- */

enum { JOB_BEGIN, JOB_CALL, JOB_SLEEP, JOB_WORK, JOB_END, JOB_FAILED };

struct job {
    struct op base;
    struct journal *journal;
    int n;
};

/* What outlives the operation, and the test's wishes. */
struct journal {
    char text[1024];
    unsigned first;             /* the step after "begin" */
    unsigned failed_next;       /* after "failed"; 0: done */
    int64_t timeout;
    struct upid oracle;
    struct op *op;              /* NULL: destroyed */
    int n_destroyed;
    bool stop_after;
    bool fail_work;
    struct error *(*work)(void *);
};

static void
note(struct journal *journal, const char *text)
{
    size_t len = strlen(journal->text);

    snprintf(journal->text + len, sizeof journal->text - len, "%s ", text);
}

static struct job *
enter(struct op *op)
{
    struct job *job = (struct job *) op;

    note(job->journal, op_step_name(op));
    return job;
}

static enum op_next
job_begin(struct actor *self UNUSED, struct op *op)
{
    return op_goto(op, enter(op)->journal->first);
}

static enum op_next
job_call(struct actor *self UNUSED, struct op *op)
{
    struct job *job = enter(op);
    struct actor_msg *msg = actor_msg_create(&msg_question);

    *(int *) actor_msg_body(msg, &msg_question) = job->n;
    return op_call(op, &job->journal->oracle, &msg, &msg_answer,
                   job->journal->timeout, JOB_END);
}

static enum op_next
job_sleep(struct actor *self UNUSED, struct op *op)
{
    enter(op);
    return op_sleep(op, 5 * SECOND, JOB_END);
}

static struct error *
do_work(void *job_)
{
    struct job *job = job_;

    job->n += 100;
    return job->journal->fail_work ? error_create(ERROR_IO, "broken disk")
                                   : NULL;
}

static enum op_next
job_work(struct actor *self UNUSED, struct op *op)
{
    struct job *job = enter(op);

    return op_work(op, job->journal->work ? job->journal->work : do_work, job,
                   JOB_END);
}

static enum op_next
job_end(struct actor *self, struct op *op)
{
    struct job *job = enter(op);
    char text[32];

    if (op_reply(op)) {
        job->n = *(int *) actor_msg_body(op_reply(op), &msg_answer);
    }
    ck_assert_ptr_null(op_error(op));
    snprintf(text, sizeof text, "%d", job->n);
    note(job->journal, text);
    if (job->journal->stop_after) {
        actor_stop(self);
    }
    return OP_DONE;
}

static enum op_next
job_failed(struct actor *self, struct op *op)
{
    struct job *job = enter(op);
    unsigned next = job->journal->failed_next;

    note(job->journal, error_code_name(error_code(op_error(op))));
    job->journal->failed_next = 0;
    if (next == JOB_FAILED) {
        return op_fail(op, error_create(ERROR_INTERNAL, "again"));
    }
    if (job->journal->stop_after && !next) {
        actor_stop(self);
    }
    return next ? op_goto(op, next) : OP_DONE;
}

static void
job_destroy(struct op *op)
{
    struct job *job = (struct job *) op;

    job->journal->op = NULL;
    job->journal->n_destroyed++;
    free(job);
}

static const struct op_step job_steps[] = {
    [JOB_BEGIN] = { "begin", job_begin },
    [JOB_CALL] = { "call", job_call },
    [JOB_SLEEP] = { "sleep", job_sleep },
    [JOB_WORK] = { "work", job_work },
    [JOB_END] = { "end", job_end },
    [JOB_FAILED] = { "failed", job_failed },
};

static const struct op_type job_type = {
    .name = "job", .steps = job_steps, .n_steps = ARRAY_SIZE(job_steps),
    .failure_step = JOB_FAILED, .destroy = job_destroy,
};

/* --- the actor that has it --- */

static const struct actor_msg_type msg_cancel = { .name = "cancel" };

struct owner {
    struct actor base;
    struct journal *journal;
};

static struct error *
owner_init(struct actor *self, void *journal)
{
    struct job *job = xcalloc(1, sizeof *job);

    ((struct owner *) self)->journal = journal;
    job->journal = journal;
    job->journal->op = &job->base;
    job->n = 1;
    op_start(self, &job->base, &job_type);
    return NULL;
}

static void
owner_fini(struct actor *self)
{
    note(((struct owner *) self)->journal, "fini");
}

static void
on_cancel(struct actor *self, struct actor_msg *msg UNUSED)
{
    op_cancel(((struct owner *) self)->journal->op);
}

static const struct actor_handler owner_handlers[] = {
    { &msg_cancel, on_cancel },
};

static const struct actor_type owner_type = {
    .name = "owner", .size = sizeof(struct owner), .init = owner_init,
    .fini = owner_fini, .handlers = owner_handlers, .n_handlers = 1,
};

/* Runs the operation in a manual system for an hour and ends that. */
static void
run(struct journal *journal, enum mood mood)
{
    struct actor_system *system = bare_manual(NULL);

    journal->oracle = spawn_oracle(system, mood);
    ck_assert_ptr_null(actor_spawn(system, &owner_type, NULL, journal, NULL));
    actor_system_advance(system, HOUR);
    ck_assert_int_eq(journal->n_destroyed, 1);
    actor_system_destroy(system);
    ck_assert_int_eq(journal->n_destroyed, 1);
}

START_TEST(answer_of_a_call_is_there_in_the_next_step)
{
    struct journal journal = { .first = JOB_CALL, .timeout = SECOND };

    run(&journal, ANSWERS);

    ck_assert_str_eq(journal.text, "begin call end 2 fini ");
}
END_TEST

START_TEST(call_is_answered_in_a_later_turn)
{
    struct journal journal = { .first = JOB_CALL, .timeout = 2 * SECOND };

    run(&journal, ANSWERS_LATE);

    ck_assert_str_eq(journal.text, "begin call end 42 fini ");
}
END_TEST

START_TEST(second_answer_finds_no_record)
{
    struct journal journal = { .first = JOB_CALL, .timeout = SECOND };

    run(&journal, ANSWERS_TWICE);

    ck_assert_str_eq(journal.text, "begin call end 2 fini ");
}
END_TEST

START_TEST(answer_of_another_type_fails_the_call)
{
    struct journal journal = { .first = JOB_CALL, .timeout = SECOND };

    run(&journal, RAMBLES);

    ck_assert_str_eq(journal.text, "begin call failed PARSE fini ");
}
END_TEST

START_TEST(call_without_answer_times_out)
{
    struct journal journal = { .first = JOB_CALL, .timeout = SECOND };

    run(&journal, KEEPS);

    ck_assert_str_eq(journal.text, "begin call failed TIMEOUT fini ");
}
END_TEST

START_TEST(end_of_the_receiver_fails_the_call)
{
    struct journal journal = { .first = JOB_CALL,
                               .timeout = DURATION_FOREVER };

    run(&journal, ENDS);

    ck_assert_str_eq(journal.text, "begin call failed CLOSED fini ");
}
END_TEST

START_TEST(call_that_nobody_handles_fails)
{
    struct journal journal = { .first = JOB_CALL,
                               .timeout = DURATION_FOREVER };

    run(&journal, IS_DEAF);

    ck_assert_str_eq(journal.text, "begin call failed NOT_FOUND fini ");
}
END_TEST

START_TEST(call_to_nobody_fails)
{
    struct journal journal = { .first = JOB_CALL,
                               .timeout = DURATION_FOREVER };
    struct actor_system *system = bare_manual(NULL);

    ck_assert_ptr_null(actor_system_upid(system, "nobody", &journal.oracle));
    ck_assert_ptr_null(actor_spawn(system, &owner_type, NULL, &journal,
                                   NULL));
    actor_system_run(system);
    actor_system_destroy(system);

    ck_assert_int_eq(strncmp(journal.text, "begin call failed ", 18), 0);
}
END_TEST

START_TEST(failure_step_may_go_on_elsewhere)
{
    struct journal journal = {
        .first = JOB_CALL, .timeout = SECOND, .failed_next = JOB_SLEEP,
    };

    run(&journal, KEEPS);

    ck_assert_str_eq(journal.text,
                     "begin call failed TIMEOUT sleep end 1 fini ");
}
END_TEST

START_TEST(failure_of_the_failure_step_comes_back_to_it)
{
    struct journal journal = {
        .first = JOB_CALL, .timeout = SECOND, .failed_next = JOB_FAILED,
    };

    run(&journal, KEEPS);

    ck_assert_str_eq(journal.text,
                     "begin call failed TIMEOUT failed INTERNAL fini ");
}
END_TEST

START_TEST(sleep_takes_its_time)
{
    struct journal journal = { .first = JOB_SLEEP };
    struct actor_system *system = bare_manual(NULL);

    ck_assert_ptr_null(actor_spawn(system, &owner_type, NULL, &journal,
                                   NULL));
    actor_system_advance(system, 5 * SECOND - 1);
    ck_assert_str_eq(journal.text, "begin sleep ");
    ck_assert_str_eq(op_step_name(journal.op), "sleep");
    actor_system_advance(system, 1);
    ck_assert_str_eq(journal.text, "begin sleep end 1 ");
    actor_system_destroy(system);
}
END_TEST

START_TEST(work_is_done_before_the_next_step)
{
    struct journal journal = { .first = JOB_WORK };

    run(&journal, ANSWERS);

    ck_assert_str_eq(journal.text, "begin work end 101 fini ");
}
END_TEST

START_TEST(failed_work_goes_to_the_failure_step)
{
    struct journal journal = { .first = JOB_WORK, .fail_work = true };

    run(&journal, ANSWERS);

    ck_assert_str_eq(journal.text, "begin work failed IO fini ");
}
END_TEST

static void
cancel(struct actor_system *system, struct upid *owner)
{
    struct actor_msg *msg = actor_msg_create(&msg_cancel);

    actor_post(system, owner, &msg);
}

START_TEST(waiting_operation_can_be_cancelled)
{
    static const unsigned firsts[] = { JOB_CALL, JOB_SLEEP, JOB_WORK };
    struct journal journal = { .first = firsts[_i],
                               .timeout = DURATION_FOREVER };
    struct actor_system *system = bare_manual(NULL);
    struct upid owner;

    journal.oracle = spawn_oracle(system, ANSWERS);
    ck_assert_ptr_null(actor_spawn(system, &owner_type, NULL, &journal,
                                   &owner));
    cancel(system, &owner);
    actor_system_advance(system, MINUTE);
    ck_assert_int_eq(journal.n_destroyed, 1);
    actor_system_destroy(system);

    ck_assert_ptr_nonnull(strstr(journal.text, " failed CANCELLED fini "));
    ck_assert_ptr_null(strstr(journal.text, "end"));
}
END_TEST

START_TEST(operations_end_with_their_actor)
{
    static const unsigned firsts[] = { JOB_CALL, JOB_SLEEP, JOB_WORK };
    struct journal journal = { .first = firsts[_i],
                               .timeout = DURATION_FOREVER };
    struct actor_system *system = bare_threaded(2);
    struct upid owner;

    journal.oracle = spawn_oracle(system, KEEPS);
    ck_assert_ptr_null(actor_spawn(system, &owner_type, NULL, &journal,
                                   &owner));
    actor_system_destroy(system);

    ck_assert_int_eq(journal.n_destroyed, 1);
    ck_assert_ptr_nonnull(strstr(journal.text, "fini "));
}
END_TEST

/* --- work that outlives its operation, and its actor --- */

static struct actor_gate *entered, *released;

static struct error *
held_up(void *job)
{
    actor_gate_open(entered);
    actor_gate_wait(released, DURATION_FOREVER);

    /* The record has to be there still. */
    ((struct job *) job)->n++;
    return NULL;
}

START_TEST(record_stays_until_its_work_is_over)
{
    struct journal journal = { .first = JOB_WORK, .work = held_up,
                               .stop_after = _i == 0 };
    struct actor_system *system = bare_threaded(2);
    struct upid owner;

    entered = actor_gate_create();
    released = actor_gate_create();
    ck_assert_ptr_null(actor_spawn(system, &owner_type, NULL, &journal,
                                   &owner));
    actor_gate_wait(entered, DURATION_FOREVER);
    if (_i == 0) {
        cancel(system, &owner);         /* its failure step ends the actor */
    } else {
        actor_terminate(system, &owner);
    }
    ck_assert(actor_wait(system, &owner, DURATION_FOREVER));
    ck_assert_int_eq(journal.n_destroyed, 0);
    actor_gate_open(released);
    actor_system_destroy(system);

    ck_assert_int_eq(journal.n_destroyed, 1);
    actor_gate_destroy(entered);
    actor_gate_destroy(released);
}
END_TEST

/* --- many at a time --- */

static void
add_job(struct actor *self, struct journal *journal)
{
    struct job *job = xcalloc(1, sizeof *job);

    job->journal = journal;
    job->n = 1;
    op_start(self, &job->base, &job_type);
}

struct crowd {
    struct journal *journals;
    int n;
};

static struct error *
crowd_init(struct actor *self, void *crowd_)
{
    struct crowd *crowd = crowd_;

    for (int i = 0; i < crowd->n; i++) {
        add_job(self, &crowd->journals[i]);
    }
    return NULL;
}

static const struct actor_type crowd_type = {
    .name = "crowd", .size = sizeof(struct actor), .init = crowd_init,
};

START_TEST(each_of_many_operations_gets_its_own_answer)
{
    enum { N = 200 };
    struct journal *journals = xcalloc(N, sizeof *journals);
    struct crowd crowd = { journals, N };
    struct actor_system *system = bare_manual(NULL);
    struct upid oracle = spawn_oracle(system, ANSWERS);

    for (int i = 0; i < N; i++) {
        journals[i].first = i % 3 == 0 ? JOB_SLEEP
                            : i % 3 == 1 ? JOB_CALL : JOB_WORK;
        journals[i].timeout = MINUTE;
        journals[i].oracle = oracle;
    }
    ck_assert_ptr_null(actor_spawn(system, &crowd_type, NULL, &crowd, NULL));
    actor_system_advance(system, HOUR);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(journals[i].n_destroyed, 1);
        ck_assert_str_eq(journals[i].text,
                         i % 3 == 0   ? "begin sleep end 1 "
                         : i % 3 == 1 ? "begin call end 2 "
                                      : "begin work end 101 ");
    }
    actor_system_destroy(system);
    free(journals);
}
END_TEST

START_TEST(end_of_the_receiver_fails_all_calls_to_it)
{
    enum { N = 100 };
    struct journal *journals = xcalloc(N, sizeof *journals);
    struct crowd crowd = { journals, N };
    struct actor_system *system = bare_manual(NULL);
    struct upid oracle = spawn_oracle(system, KEEPS);

    for (int i = 0; i < N; i++) {
        journals[i].first = JOB_CALL;
        journals[i].timeout = DURATION_FOREVER;
        journals[i].oracle = oracle;
    }
    ck_assert_ptr_null(actor_spawn(system, &crowd_type, NULL, &crowd, NULL));
    actor_system_run(system);
    actor_terminate(system, &oracle);
    actor_system_run(system);
    for (int i = 0; i < N; i++) {
        ck_assert_str_eq(journals[i].text, "begin call failed CLOSED ");
    }
    actor_system_destroy(system);
    free(journals);
}
END_TEST

START_TEST(calls_between_threads_are_answered)
{
    enum { N = 100 };
    struct journal *journals = xcalloc(N, sizeof *journals);
    struct crowd crowd = { journals, N };
    struct actor_system *system = bare_threaded(3);
    struct upid oracle = spawn_oracle(system, ANSWERS), upid;

    for (int i = 0; i < N; i++) {
        journals[i].first = i % 2 ? JOB_CALL : JOB_WORK;
        journals[i].timeout = MINUTE;
        journals[i].oracle = oracle;
        journals[i].stop_after = i == N - 1;
    }
    ck_assert_ptr_null(actor_spawn(system, &crowd_type, NULL, &crowd, &upid));
    ck_assert(actor_wait(system, &upid, DURATION_FOREVER));
    actor_system_destroy(system);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(journals[i].n_destroyed, 1);
    }
    ck_assert_str_eq(journals[N - 1].text, "begin call end 2 ");
    free(journals);
}
END_TEST

static void
add_loop(Suite *suite, const char *name, const TTest *test, int n)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, TEST_TIMEOUT_S);
    tcase_add_loop_test(tcase, test, 0, n);
    suite_add_tcase(suite, tcase);
}

static Suite *
op_suite(void)
{
    Suite *suite = suite_create("op");

    test_add(suite, "answer", answer_of_a_call_is_there_in_the_next_step);
    test_add(suite, "late", call_is_answered_in_a_later_turn);
    test_add(suite, "twice", second_answer_finds_no_record);
    test_add(suite, "rambles", answer_of_another_type_fails_the_call);
    test_add(suite, "timeout", call_without_answer_times_out);
    test_add(suite, "end", end_of_the_receiver_fails_the_call);
    test_add(suite, "deaf", call_that_nobody_handles_fails);
    test_add(suite, "nobody", call_to_nobody_fails);
    test_add(suite, "go-on", failure_step_may_go_on_elsewhere);
    test_add(suite, "again", failure_of_the_failure_step_comes_back_to_it);
    test_add(suite, "sleep", sleep_takes_its_time);
    test_add(suite, "work", work_is_done_before_the_next_step);
    test_add(suite, "work-fails", failed_work_goes_to_the_failure_step);
    add_loop(suite, "cancel", waiting_operation_can_be_cancelled, 3);
    add_loop(suite, "with-actor", operations_end_with_their_actor, 3);
    add_loop(suite, "held-up", record_stays_until_its_work_is_over, 2);
    test_add(suite, "many", each_of_many_operations_gets_its_own_answer);
    test_add(suite, "many-end", end_of_the_receiver_fails_all_calls_to_it);
    test_add(suite, "threads", calls_between_threads_are_answered);
    return suite;
}

TEST_MAIN(op_suite)
