/* SPDX-License-Identifier: Apache-2.0
 *
 * paths.h - where things are in an agent's work directory.
 *
 * The layout is that of Mesos (src/slave/paths.hpp), since tools and people
 * look into it:
 *
 *     <work_dir>/slaves/<agent>/frameworks/<framework>/executors/<executor>/
 *         runs/<container>/       the sandbox
 *         runs/latest             a link to the newest of them
 *     <work_dir>/meta/            what survives a restart of the agent
 *
 * Ids are used as names of directories; whoever made them has checked that
 * they fit (model/ids.h).  Results are the caller's to free.
 *
 * Thread-safety: pure functions. */
#ifndef AGENT_PATHS_H
#define AGENT_PATHS_H 1

char *paths_meta(const char *work_dir);
char *paths_slaves(const char *work_dir);
char *paths_agent(const char *work_dir, const char *agent_id);
char *paths_framework(const char *work_dir, const char *agent_id,
                      const char *framework_id);
char *paths_executor(const char *work_dir, const char *agent_id,
                     const char *framework_id, const char *executor_id);
char *paths_sandbox(const char *work_dir, const char *agent_id,
                    const char *framework_id, const char *executor_id,
                    const char *container_id);

/* The link beside a sandbox that names the newest one. */
char *paths_latest(const char *sandbox);

#endif /* AGENT_PATHS_H */
