/* SPDX-License-Identifier: Apache-2.0
 *
 * meta_paths.c - where things are under <work_dir>/meta.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "agent/checkpoint/meta_paths.h"

#include <actor/alloc.h>

char *
meta_agent(const char *agent_id)
{
    return xasprintf("slaves/%s", agent_id);
}

char *
meta_framework(const char *agent_id, const char *framework_id)
{
    return xasprintf("slaves/%s/frameworks/%s", agent_id, framework_id);
}

char *
meta_executor(const char *agent_id, const char *framework_id,
              const char *executor_id)
{
    return xasprintf("slaves/%s/frameworks/%s/executors/%s", agent_id,
                     framework_id, executor_id);
}

char *
meta_run(const char *agent_id, const char *framework_id,
         const char *executor_id, const char *container_id)
{
    return xasprintf("slaves/%s/frameworks/%s/executors/%s/runs/%s", agent_id,
                     framework_id, executor_id, container_id);
}
