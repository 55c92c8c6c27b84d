/* SPDX-License-Identifier: Apache-2.0
 *
 * command_stage.h - a command executor, an agent that does what the test says,
 * and commands that are only written down.
 *
 * The task is "a", its framework F0, the agent S0.  What the agent says runs
 * the system.
 *
 * Thread-safety: the test's thread. */
#ifndef TESTS_LIB_COMMAND_STAGE_H
#define TESTS_LIB_COMMAND_STAGE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <actor/upid.h>

#include "executor/executor_environment.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct actor_gate;
struct actor_system;
struct fake_child;
struct fake_process;
struct message;
struct recorder;

struct command_stage {
    struct fake_process *processes;
    struct actor_system *system;
    struct recorder *agent;
    struct executor_environment environment;
    struct actor_gate *done;
    bool is_acknowledged;
    struct upid session;
};

/* The only one: each test is a process. */
extern struct command_stage t;

/* 'checkpoint': of the framework. */
void set_up(bool checkpoint);
void tear_down(void);

/* Subscribed, and the task runs. */
void set_up_running(void);
void advance(int64_t ns);

/* --- what the agent says --- */

struct message *make_event(Executor__Event__Type type);
void say(struct message *event);
void *make_id(struct message *m, const ProtobufCMessageDescriptor *descriptor,
              const char *text);

/* 'knows_killing': the framework knows TASK_KILLING. */
void say_subscribed(bool knows_killing);

/* To be changed, and said. */
struct message *make_launch(const char *command, V1__TaskInfo **ret_task);
void launch(const char *command);
struct message *make_kill(void);
void say_kill(void);
void say_kill_with_grace(int64_t grace_ns);

/* --- what the executor said --- */

size_t count_updates(void);
const V1__TaskStatus *last_status(void);
void acknowledge_last(void);

/* --- the command, which is the first child --- */

const struct fake_child *child(void);
void end_command(int status);

#endif /* TESTS_LIB_COMMAND_STAGE_H */
