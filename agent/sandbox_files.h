/* SPDX-License-Identifier: Apache-2.0
 *
 * sandbox_files.h - sandboxes at /files, under the names that Mesos gives
 * them: the directory itself, "runs/latest" beside it, and
 * /frameworks/<id>/executors/<id>/runs/latest.
 *
 * Thread-safety: the agent's turn. */
#ifndef AGENT_SANDBOX_FILES_H
#define AGENT_SANDBOX_FILES_H 1

struct actor_system;
struct executor;

/* Shows the sandbox of 'executor', until that is destroyed. */
void sandbox_files_show(struct actor_system *, struct executor *);

/* One that is not shown is fine.  The names with "latest" stay if a later run
 * has taken them. */
void sandbox_files_hide(struct executor *);

#endif /* AGENT_SANDBOX_FILES_H */
