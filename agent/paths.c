/* SPDX-License-Identifier: Apache-2.0
 *
 * paths.c - where things are in an agent's work directory.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "agent/paths.h"

#include <string.h>

#include <actor/alloc.h>

char *
paths_meta(const char *work_dir)
{
    return xasprintf("%s/meta", work_dir);
}

char *
paths_slaves(const char *work_dir)
{
    return xasprintf("%s/slaves", work_dir);
}

char *
paths_agent(const char *work_dir, const char *agent_id)
{
    return xasprintf("%s/slaves/%s", work_dir, agent_id);
}

char *
paths_framework(const char *work_dir, const char *agent_id,
                const char *framework_id)
{
    return xasprintf("%s/slaves/%s/frameworks/%s", work_dir, agent_id,
                     framework_id);
}

char *
paths_executor(const char *work_dir, const char *agent_id,
               const char *framework_id, const char *executor_id)
{
    return xasprintf("%s/slaves/%s/frameworks/%s/executors/%s", work_dir,
                     agent_id, framework_id, executor_id);
}

char *
paths_sandbox(const char *work_dir, const char *agent_id,
              const char *framework_id, const char *executor_id,
              const char *container_id)
{
    autofree char *executor = paths_executor(work_dir, agent_id, framework_id,
                                             executor_id);

    return xasprintf("%s/runs/%s", executor, container_id);
}

char *
paths_latest(const char *sandbox)
{
    const char *slash = strrchr(sandbox, '/');
    int len = slash ? (int) (slash - sandbox) : 0;

    return xasprintf("%.*s/latest", len, sandbox);
}
