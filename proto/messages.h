/* SPDX-License-Identifier: Apache-2.0
 *
 * messages.h - the kinds of messages that cross a process border.
 *
 * Each is the root of a 'struct message' and has a name on the wire.  Masters
 * and agents talk in messages of internal.proto; schedulers and executors in
 * the calls and events of the public API, whole.
 *
 *     actor_send_message(self, &agent, &msg_ping_agent, &m);
 *
 * A system knows those it was given at its start: proto_messages[].  Names are
 * never reused: like field numbers, they are what lets versions mix.
 *
 * Thread-safety: constants only. */
#ifndef PROTO_MESSAGES_H
#define PROTO_MESSAGES_H 1

#include <stddef.h>

#include <actor/actor.h>

/* MESSAGE(name of the object, name on the wire, prefix of the generated C) */
#define PROTO_MESSAGES(MESSAGE) \
    /* a scheduler and the master */ \
    MESSAGE(scheduler_call, "scheduler.Call", scheduler__call) \
    MESSAGE(scheduler_event, "scheduler.Event", scheduler__event) \
    MESSAGE(deactivate_framework, "DeactivateFramework", \
            internal__deactivate_framework) \
    /* an executor and its agent */ \
    MESSAGE(executor_call, "executor.Call", executor__call) \
    MESSAGE(executor_event, "executor.Event", executor__event) \
    MESSAGE(reconnect_executor, "ReconnectExecutor", \
            internal__reconnect_executor) \
    /* agent to master */ \
    MESSAGE(register_agent, "RegisterAgent", internal__register_agent) \
    MESSAGE(reregister_agent, "ReregisterAgent", internal__reregister_agent) \
    MESSAGE(unregister_agent, "UnregisterAgent", internal__unregister_agent) \
    MESSAGE(pong_agent, "PongAgent", internal__pong_agent) \
    MESSAGE(update_status, "UpdateStatus", internal__update_status) \
    MESSAGE(exited_executor, "ExitedExecutor", internal__exited_executor) \
    MESSAGE(update_operation_status, "UpdateOperationStatus", \
            internal__update_operation_status) \
    MESSAGE(update_agent, "UpdateAgent", internal__update_agent) \
    MESSAGE(executor_to_framework, "ExecutorToFramework", \
            internal__executor_to_framework) \
    /* master to agent */ \
    MESSAGE(agent_registered, "AgentRegistered", internal__agent_registered) \
    MESSAGE(agent_reregistered, "AgentReregistered", \
            internal__agent_reregistered) \
    MESSAGE(reconcile_tasks, "ReconcileTasks", internal__reconcile_tasks) \
    MESSAGE(ping_agent, "PingAgent", internal__ping_agent) \
    MESSAGE(shutdown_agent, "ShutdownAgent", internal__shutdown_agent) \
    MESSAGE(drain_agent, "DrainAgent", internal__drain_agent) \
    MESSAGE(run_task, "RunTask", internal__run_task) \
    MESSAGE(run_task_group, "RunTaskGroup", internal__run_task_group) \
    MESSAGE(kill_task, "KillTask", internal__kill_task) \
    MESSAGE(acknowledge_update, "AcknowledgeUpdate", \
            internal__acknowledge_update) \
    MESSAGE(shutdown_framework, "ShutdownFramework", \
            internal__shutdown_framework) \
    MESSAGE(shutdown_executor, "ShutdownExecutor", \
            internal__shutdown_executor) \
    MESSAGE(update_framework, "UpdateFramework", internal__update_framework) \
    MESSAGE(framework_to_executor, "FrameworkToExecutor", \
            internal__framework_to_executor) \
    MESSAGE(apply_operation, "ApplyOperation", internal__apply_operation) \
    MESSAGE(acknowledge_operation_status, "AcknowledgeOperationStatus", \
            internal__acknowledge_operation_status) \
    MESSAGE(reconcile_operations, "ReconcileOperations", \
            internal__reconcile_operations)

/* msg_scheduler_call, msg_register_agent, ... */
#define PROTO_MESSAGE_DECLARE(NAME, WIRE_NAME, C_NAME) \
    extern const struct actor_msg_type msg_##NAME;
PROTO_MESSAGES(PROTO_MESSAGE_DECLARE)
#undef PROTO_MESSAGE_DECLARE

/* All of them. */
extern const struct actor_msg_type *const proto_messages[];
extern const size_t proto_n_messages;

#endif /* PROTO_MESSAGES_H */
