/* SPDX-License-Identifier: Apache-2.0
 *
 * container_search.c - which executors live on, and what belongs to nobody.
 *
 * Thread: a pool thread. */
#include <config.h>

#include "agent/container_search.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/table.h>

#include "agent/launcher/launcher.h"

/* Where the mark of an executor's processes is. */
#define MARK "MESOS_SANDBOX"

/* A sandbox with processes. */
struct found {
    char *sandbox;              /* owned */
    struct container_survivor *survivor;        /* NULL: an orphan */
    pid_t pid;                  /* of the executor; 0: none was found */
    size_t n;                   /* processes */
    bool is_known;              /* it is the one that was written down */
    UT_hash_handle hh;
};

struct view {
    const struct container_search *search;
    struct found *table;        /* owned */
    VEC(pid_t) pids;            /* of all that was found */
};

/* The length of the sandbox below 'root' that the path is of: itself, or a
 * container in it.  0: of none. */
static size_t
sandbox_length(const char *root, const char *path)
{
    const char *begin = path;
    static const char *const parts[] = {
        NULL, "frameworks", NULL, "executors", NULL, "runs", NULL,
    };
    size_t len = strlen(root);

    if (strncmp(path, root, len) != 0) {
        return 0;
    }
    path += len;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        size_t n;

        if (*path++ != '/') {
            return 0;
        }
        n = strcspn(path, "/");
        if (n == 0 || (parts[i] && (strlen(parts[i]) != n ||
                                    strncmp(path, parts[i], n) != 0))) {
            return 0;
        }
        path += n;
    }
    return *path == '\0' || strncmp(path, "/containers/", 12) == 0
               ? (size_t) (path - begin) : 0;
}

static struct found *
get(struct view *view, const char *sandbox)
{
    struct found *found;

    HASH_FIND_STR(view->table, sandbox, found);
    if (!found) {
        found = xcalloc(1, sizeof *found);
        found->sandbox = xstrdup(sandbox);
        HASH_ADD_KEYPTR(hh, view->table, found->sandbox,
                        strlen(found->sandbox), found);
    }
    return found;
}

/* The executor is the one that was written down; or else the leader of a
 * session that does not come from another process of the sandbox: parents are
 * found before their children, but for what wraps around. */
static void
note(void *view_, pid_t pid, pid_t parent, bool is_leader, const char *value)
{
    struct view *view = view_;
    struct found *found;
    bool has_parent = false;
    size_t len = sandbox_length(view->search->survivors.root, value);

    if (len == 0) {
        return;
    }
    autofree char *sandbox = xstrndup(value, len);
    found = get(view, sandbox);
    is_leader &= value[len] == '\0';
    vec_foreach (&view->pids, it) {
        has_parent |= *it == parent;
    }
    vec_push(&view->pids, pid);
    found->n++;
    if (found->survivor && found->survivor->pid == pid) {
        found->pid = pid;
        found->is_known = true;
    } else if (!found->is_known && is_leader && !has_parent &&
               found->pid == 0) {
        found->pid = pid;
    }
}

static void
kill_orphan(const struct container_search *search, const struct found *found)
{
    autofree char *variable = xasprintf(MARK "=%s", found->sandbox);

    log_info("Cleaning up orphan container %s",
             strrchr(found->sandbox, '/') + 1);
    struct error *error = actor_child_kill_marked(search->system, variable);
    if (error) {
        log_error("Failed to kill orphans: %s", error_text(error));
        error_destroy(error);
    }
}

/* --- cgroups --- */

static void
end_container(const struct container_search *search, const char *container_id)
{
    struct error *error = launcher_end(search->launcher, container_id);

    if (error) {
        log_error("Failed to clean up container %s: %s", container_id,
                  error_text(error));
        error_destroy(error);
    }
}

/* Of a container that is not among the survivors. */
static void
end_if_orphan(void *search_, const char *container_id)
{
    const struct container_search *search = search_;

    vec_foreach (&search->survivors.all, it) {
        if (strcmp(it->container_id, container_id) == 0) {
            return;
        }
    }
    log_info("Cleaning up orphan container %s", container_id);
    end_container(search, container_id);
}

static void
end_orphans(struct container_search *search)
{
    struct error *error = launcher_list(search->launcher, end_if_orphan,
                                        search);

    if (error) {
        log_error("Failed to look for orphan containers: %s",
                  error_text(error));
        error_destroy(error);
    }
}

struct error *
container_search_run(struct container_search *search)
{
    struct view view = { .search = search };
    struct found *it, *next;
    struct error *error;

    if (search->launcher) {
        end_orphans(search);
    }

    vec_foreach (&search->survivors.all, survivor) {
        get(&view, survivor->sandbox)->survivor = survivor;
    }
    error = actor_child_list_marked(search->system, MARK, note, &view);
    HASH_ITER(hh, view.table, it, next) {
        if (!error && !it->survivor) {
            kill_orphan(search, it);
        } else if (!error) {
            bool is_guess = it->survivor->pid == 0;

            it->survivor->pid = it->n == 0 ? -1
                : it->is_known || is_guess ? it->pid : 0;
            if (it->survivor->pid < 0 && search->launcher) {
                end_container(search, it->survivor->container_id);
            }
        }
        HASH_DEL(view.table, it);
        free(it->sandbox);
        free(it);
    }
    vec_fini(&view.pids);
    return error;
}

void
container_search_destroy(void *search_)
{
    struct container_search *search = search_;

    container_survivors_fini(&search->survivors);
    free(search);
}

void
container_survivors_fini(struct container_survivors *survivors)
{
    free(survivors->root);
    vec_foreach (&survivors->all, it) {
        free(it->container_id);
        free(it->framework_id);
        free(it->executor_id);
        free(it->sandbox);
    }
    vec_fini(&survivors->all);
}
