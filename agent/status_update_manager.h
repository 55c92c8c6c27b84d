/* SPDX-License-Identifier: Apache-2.0
 *
 * status_update_manager.h - status updates that get there.
 *
 * The actor task-status-update-manager(1) keeps a stream (status_stream.h) for
 * each task and hands the agent what has to be sent to the master, again and
 * again until the scheduler acknowledges it.  It is created paused, and paused
 * again while no master is there.
 *
 * What it says to the agent, its owner:
 *
 *     msg_status_recorded     the update is in its stream (or was before): the
 *                             executor may be told so
 *     msg_status_forward      send this update to the master
 *     msg_status_acknowledged the scheduler has seen an update
 *
 * Thread-safety: the functions are for the agent's turns. */
#ifndef AGENT_STATUS_UPDATE_MANAGER_H
#define AGENT_STATUS_UPDATE_MANAGER_H 1

#include <stdbool.h>

#include <actor/actor.h>
#include <actor/uuid.h>

struct checkpoint_log;
struct message;

extern const struct actor_msg_type msg_status_recorded;
extern const struct actor_msg_type msg_status_forward;
extern const struct actor_msg_type msg_status_acknowledged;

/* Body of msg_status_recorded and msg_status_forward. */
struct status_body {
    struct message *update;     /* counted; its root is a StatusUpdate */
};

struct status_acknowledged {
    char *framework_id;         /* owned */
    char *task_id;              /* owned */
    struct uuid uuid;
    bool is_terminal;           /* the stream is over */
};

struct status_update_manager_options {
    const struct upid *owner;           /* the agent */
    const struct upid *checkpointer;
};

struct error *status_update_manager_start(
    struct actor_system *, const struct status_update_manager_options *,
    struct upid *ret) MUST_CHECK;

/* Adds the update to its stream; it needs a UUID.  'log' is where the updates
 * of this task are kept, relative to meta, and nobody is told of one that is
 * not durable there; NULL: nothing is kept.  The first update of a stream
 * decides which. */
void status_update_manager_update(struct actor *self,
                                  const struct upid *manager,
                                  struct message *update, const char *log);

/* A stream as it was left by an agent before: its log, of which all is taken,
 * and its records (roots: cmesos.checkpoint.UpdateRecord), by reference. */
void status_update_manager_recover(struct actor *self,
                                   const struct upid *manager,
                                   const char *framework_id,
                                   const char *task_id,
                                   const struct checkpoint_log *log,
                                   struct message *const *records, size_t n);

/* The scheduler has seen update 'uuid'. */
void status_update_manager_acknowledge(struct actor *self,
                                       const struct upid *manager,
                                       const char *framework_id,
                                       const char *task_id,
                                       const struct uuid *uuid);

/* Sending stops; and goes on, with the oldest update of each task at once. */
void status_update_manager_pause(struct actor *self,
                                 const struct upid *manager);
void status_update_manager_resume(struct actor *self,
                                  const struct upid *manager);

/* Ends all streams of the framework. */
void status_update_manager_close(struct actor *self,
                                 const struct upid *manager,
                                 const char *framework_id);

/* A fault for tests to plant: when resumed, the manager forgets what was sent
 * and not acknowledged, so that an acknowledgement that was lost with the
 * connection is waited for for ever. */
extern bool status_update_manager_fault_forgets;

#endif /* AGENT_STATUS_UPDATE_MANAGER_H */
