/* SPDX-License-Identifier: Apache-2.0
 *
 * containerizer.c - executors as processes in sandboxes.
 *
 * A launch is one trip to the worker pool, for the sandbox, and one spawn.
 * Answers name the container, so a destroy that overtakes its launch finds it
 * between the two.
 *
 * Thread: the actor's turns; the prepare_ functions run in the pool.
 * Builds on agent/sandbox.h and <actor/child.h>; used by agent/launch.c. */
#include <config.h>

#include "agent/containerizer_private.h"

#include <stdlib.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/work.h>

#include "agent/container_search.h"
#include "agent/fetcher/fetcher.h"
#include "agent/launcher/launcher.h"
#include "agent/sandbox.h"
#include "model/rlimits.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct destroy_body {
    char *container_id;         /* owned */
};

/* What the pool works on: a copy of what it needs, since the container may be
 * gone when it is done. */
struct preparation {
    const struct actor_disk *disk;      /* borrowed, as the next */
    const struct launcher *launcher;    /* NULL: none */
    char *container_id;         /* owned, as the rest */
    char *directory;
    char *user_name;            /* NULL: our own */
    struct volume_links links;
    struct sandbox_user user;
    struct sandbox sandbox;
    int cgroup;                 /* descriptor; -1: none */
};

static void launched_fini(void *);
static void terminated_fini(void *);
static void spec_body_fini(void *);
static void destroy_fini(void *);
static void recover_fini(void *);

const struct actor_msg_type msg_container_launched = {
    .name = "container-launched",
    .size = sizeof(struct container_launched), .fini = launched_fini,
};
const struct actor_msg_type msg_container_terminated = {
    .name = "container-terminated",
    .size = sizeof(struct container_terminated), .fini = terminated_fini,
};

const struct actor_msg_type msg_containers_recovered = {
    .name = "containers-recovered",
};

static const struct actor_msg_type msg_recover = {
    .name = "containers-recover",
    .size = sizeof(struct container_survivors), .fini = recover_fini,
};
static const struct actor_msg_type msg_launch = {
    .name = "container-launch",
    .size = sizeof(struct container_spec), .fini = spec_body_fini,
};
static const struct actor_msg_type msg_destroy = {
    .name = "container-destroy",
    .size = sizeof(struct destroy_body), .fini = destroy_fini,
};

static struct error *containerizer_init(struct actor *, void *arg);
static void containerizer_fini(struct actor *);
static void on_launch(struct actor *, struct actor_msg *);
static void on_destroy(struct actor *, struct actor_msg *);
static void on_recover(struct actor *, struct actor_msg *);
static struct error *prepare_run(void *arg);
static struct error *prepare_sandbox(struct preparation *);
static void prepare_done(struct actor *, void *arg, const struct error *);
static void prepare_destroy(void *arg);
static bool has_uris(const struct container *);
static void fetch(struct containerizer *, struct container *,
                  struct preparation *);
static void on_fetched(struct actor *, struct actor_msg *);
static void end_unborn(struct containerizer *, struct container *);
static void start(struct containerizer *, struct container *,
                  const struct preparation *, const char *failure);
static bool is_other_user(const struct preparation *);
static struct error *start_child(struct containerizer *, struct container *,
                                 struct actor_child_options *);
static struct error *spawn(struct containerizer *, struct container *,
                           const struct preparation *);
static void search_done(struct actor *, void *arg, const struct error *);
static void tell_launched(struct containerizer *, const struct container *,
                          const char *failure);

static const struct actor_handler handlers[] = {
    { &msg_launch, on_launch },
    { &msg_destroy, on_destroy },
    { &msg_recover, on_recover },
    { &msg_fetched, on_fetched },
};

static const struct actor_type containerizer_type = {
    .name = "mesos-containerizer", .size = sizeof(struct containerizer),
    .init = containerizer_init, .fini = containerizer_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static const char *const state_names[] = {
    [CONTAINER_STARTING] = "STARTING",
    [CONTAINER_PREPARING] = "PREPARING",
    [CONTAINER_FETCHING] = "FETCHING",
    [CONTAINER_RUNNING] = "RUNNING",
    [CONTAINER_DESTROYING] = "DESTROYING",
};

/* --- for the agent --- */

struct error *
containerizer_start(struct actor_system *system,
                    const struct containerizer_options *options,
                    struct upid *ret)
{
    return actor_spawn(system, &containerizer_type, NULL, (void *) options,
                       ret);
}

void
containerizer_launch(struct actor *self, const struct upid *containerizer,
                     struct container_spec *spec)
{
    struct actor_msg *msg = actor_msg_create(&msg_launch);

    *(struct container_spec *) actor_msg_body(msg, &msg_launch) = *spec;
    *spec = (struct container_spec) { .container_id = NULL };
    actor_send(self, containerizer, &msg);
}

void
containerizer_destroy(struct actor *self, const struct upid *containerizer,
                      const char *container_id)
{
    struct actor_msg *msg = actor_msg_create(&msg_destroy);
    struct destroy_body *body = actor_msg_body(msg, &msg_destroy);

    body->container_id = xstrdup(container_id);
    actor_send(self, containerizer, &msg);
}

void
container_spec_fini(struct container_spec *spec)
{
    free(spec->container_id);
    free(spec->framework_id);
    free(spec->executor_id);
    free(spec->sandbox);
    free(spec->user);
    volume_links_fini(&spec->links);
    free(spec->path);
    for (char **p = spec->argv; p && *p; p++) {
        free(*p);
    }
    free(spec->argv);
    for (char **p = spec->envp; p && *p; p++) {
        free(*p);
    }
    free(spec->envp);
    message_unref(spec->executor_info);
    *spec = (struct container_spec) { .container_id = NULL };
}

/* --- the actor --- */

static struct error *
containerizer_init(struct actor *self, void *arg)
{
    struct containerizer *c = (struct containerizer *) self;
    const struct containerizer_options *options = arg;

    c->owner = *options->owner;
    c->fetcher = *options->fetcher;
    c->launcher = options->launcher;
    c->logger = *options->logger;
    *options->logger = (struct logger_options) { .is_rotating = false };
    return NULL;
}

static void
containerizer_fini(struct actor *self)
{
    struct containerizer *c = (struct containerizer *) self;

    while (c->containers.head) {
        if (c->containers.head->fetching) {
            prepare_destroy(c->containers.head->fetching);
        }
        container_table_remove(&c->containers, c->containers.head);
    }
    logger_options_fini(&c->logger);
}

static void
on_launch(struct actor *self, struct actor_msg *msg)
{
    struct containerizer *c = (struct containerizer *) self;
    struct container_spec *spec = actor_msg_body(msg, &msg_launch);
    struct container *container = xcalloc(1, sizeof *container);

    container->spec = *spec;
    *spec = (struct container_spec) { .container_id = NULL };
    container->state_since = actor_now(self);
    CHECK(!container_table_find(&c->containers, container->spec.container_id));
    container_table_add(&c->containers, container);
    log_info("Starting container %s", container->spec.container_id);
    container_go_to(c, container, CONTAINER_PREPARING);

    struct preparation *preparation = xcalloc(1, sizeof *preparation);
    preparation->disk = actor_system_disk(actor_system_of(self));
    preparation->launcher = c->launcher;
    preparation->cgroup = -1;
    preparation->container_id = xstrdup(container->spec.container_id);
    preparation->directory = xstrdup(container->spec.sandbox);
    if (container->spec.user) {
        preparation->user_name = xstrdup(container->spec.user);
    }
    preparation->links = container->spec.links;
    container->spec.links = (struct volume_links) { .items = VEC_EMPTY };
    preparation->sandbox = (struct sandbox) { .out_fd = -1, .err_fd = -1 };
    actor_work(self, prepare_run, prepare_done, preparation, prepare_destroy);
}

static struct error *
prepare_run(void *arg)
{
    struct preparation *p = arg;
    struct error *error = prepare_sandbox(p);

    return error || !p->launcher
               ? error : launcher_prepare(p->launcher, p->container_id,
                                          &p->cgroup);
}

static struct error *
prepare_sandbox(struct preparation *p)
{
    struct error *error;

    if (!p->user_name) {
        log_info("Creating sandbox '%s'", p->directory);
        error = sandbox_create(p->disk, p->directory, NULL, NULL,
                               &p->sandbox);
        return error ? error : volume_links_make(p->disk, p->directory,
                                                 &p->links);
    }
    log_info("Creating sandbox '%s' for user '%s'", p->directory,
             p->user_name);
    error = sandbox_user_find(p->user_name, &p->user);
    if (error) {
        return error_wrap(error, "Failed to create executor directory '%s': "
                          "Failed to chown directory to '%s'", p->directory,
                          p->user_name);
    }
    error = sandbox_create(p->disk, p->directory, &p->user, p->user_name,
                           &p->sandbox);
    return error ? error : volume_links_make(p->disk, p->directory,
                                             &p->links);
}

static void
prepare_done(struct actor *self, void *arg, const struct error *failure)
{
    struct containerizer *c = (struct containerizer *) self;
    struct preparation *p = arg;
    struct container *container =
        container_table_find(&c->containers, p->container_id);

    if (!container) {
        return;
    }
    if (container->is_destroyed) {
        end_unborn(c, container);
    } else if (!failure && has_uris(container)) {
        fetch(c, container, p);
    } else {
        start(c, container, p, failure ? error_text(failure) : NULL);
    }
}

/* It was destroyed before it had a process. */
static void
end_unborn(struct containerizer *c, struct container *container)
{
    container_tell_terminated(c, container, -1);
    container_drop(c, container);
    container_table_remove(&c->containers, container);
}

/* Begins to run, or says why it does not. */
static void
start(struct containerizer *c, struct container *container,
      const struct preparation *p, const char *failure)
{
    struct error *error = failure ? NULL : spawn(c, container, p);

    if (failure || error) {
        tell_launched(c, container, failure ? failure : error_text(error));
        error_destroy(error);
        container_drop(c, container);
        container_table_remove(&c->containers, container);
        return;
    }
    container_go_to(c, container, CONTAINER_RUNNING);
    tell_launched(c, container, NULL);
}

/* --- fetching --- */

static bool
has_uris(const struct container *container)
{
    const V1__ExecutorInfo *info = message_root(container->spec.executor_info);

    return info->command && info->command->n_uris > 0;
}

/* Keeps what was prepared until all is there. */
static void
fetch(struct containerizer *c, struct container *container,
      struct preparation *p)
{
    struct preparation *kept = xcalloc(1, sizeof *kept);
    const struct sandbox_user *user = &kept->user;
    struct fetch_request request;

    *kept = *p;
    *p = (struct preparation) {
        .disk = p->disk, .sandbox = { .out_fd = -1, .err_fd = -1 },
        .cgroup = -1,
    };
    container->fetching = kept;
    container_go_to(c, container, CONTAINER_FETCHING);
    request = (struct fetch_request) {
        .container_id = xstrdup(container->spec.container_id),
        .sandbox = xstrdup(container->spec.sandbox),
        .user = kept->user_name ? xstrdup(kept->user_name) : NULL,
        .executor_info = message_ref(container->spec.executor_info),
        .set_ids = is_other_user(kept), .uid = user->uid, .gid = user->gid,
        .groups = xmemdup(user->groups, user->n_groups * sizeof(gid_t)),
        .n_groups = user->n_groups,
        .out_fd = kept->sandbox.out_fd, .err_fd = kept->sandbox.err_fd,
    };
    fetcher_fetch(&c->base, &c->fetcher, &request);
}

static void
on_fetched(struct actor *self, struct actor_msg *msg)
{
    struct containerizer *c = (struct containerizer *) self;
    struct fetched *body = actor_msg_body(msg, &msg_fetched);
    struct container *container =
        container_table_find(&c->containers, body->container_id);
    struct preparation *p;

    if (!container || !container->fetching) {
        return;
    }
    p = steal(container->fetching);
    if (container->is_destroyed) {
        end_unborn(c, container);
    } else {
        start(c, container, p, body->failure);
    }
    prepare_destroy(p);
}

static void
prepare_destroy(void *arg)
{
    struct preparation *p = arg;

    if (p->cgroup >= 0) {
        close(p->cgroup);
    }
    sandbox_fini(p->disk, &p->sandbox);
    sandbox_user_fini(&p->user);
    volume_links_fini(&p->links);
    free(p->user_name);
    free(p->directory);
    free(p->container_id);
    free(p);
}

/* An agent that is not root runs its own user's tasks only: there is nothing
 * to switch, nor may it set its groups. */
static bool
is_other_user(const struct preparation *p)
{
    return p->user_name && (geteuid() == 0 || geteuid() != p->user.uid);
}

/* With loggers at its outputs, if that is wanted. */
static struct error *
start_child(struct containerizer *c, struct container *container,
            struct actor_child_options *options)
{
    int streams[LOGGER_N_STREAMS] = { -1, -1 };
    struct error *error = NULL;

    if (c->logger.is_rotating) {
        error = logger_start(&c->base, &c->logger, container->spec.sandbox,
                             options, streams);
        options->stdio[1] = streams[LOGGER_STDOUT];
        options->stdio[2] = streams[LOGGER_STDERR];
    }
    if (!error) {
        error = actor_child_spawn(&c->base, options, container_on_exit,
                                  container, &container->child);
    }
    for (int i = 0; i < LOGGER_N_STREAMS; i++) {
        if (streams[i] >= 0) {
            close(streams[i]);
        }
    }
    return error;
}

static struct error *
spawn(struct containerizer *c, struct container *container,
      const struct preparation *p)
{
    struct actor_child_options options = ACTOR_CHILD_OPTIONS_INIT;
    struct actor_child_rlimit rlimits[RLIMITS_MAX];
    const V1__ExecutorInfo *info = message_root(container->spec.executor_info);
    struct error *error;

    error = rlimits_read(info->container ? info->container->rlimit_info
                                         : NULL, rlimits, &options.n_rlimits);
    if (error) {
        return error;
    }
    options.rlimits = rlimits;
    options.path = container->spec.path;
    options.argv = container->spec.argv;
    options.envp = container->spec.envp;
    options.directory = container->spec.sandbox;
    options.stdio[1] = p->sandbox.out_fd;
    options.stdio[2] = p->sandbox.err_fd;
    options.new_session = true;
    options.cgroup = p->cgroup;

    if (is_other_user(p)) {
        options.set_ids = true;
        options.uid = p->user.uid;
        options.gid = p->user.gid;
        options.groups = p->user.groups;
        options.n_groups = p->user.n_groups;
    }

    error = start_child(c, container, &options);
    if (!error) {
        log_info("Forked child with pid '%d' for container '%s'",
                 (int) actor_child_pid(container->child),
                 container->spec.container_id);
    }
    return error;
}

/* --- destroying --- */

static void
on_destroy(struct actor *self, struct actor_msg *msg)
{
    struct containerizer *c = (struct containerizer *) self;
    struct destroy_body *body = actor_msg_body(msg, &msg_destroy);
    struct container *container =
        container_table_find(&c->containers, body->container_id);

    if (container && !container->is_destroyed) {
        container_kill(c, container);
    }
}

/* --- taking up again --- */

void
containerizer_recover(struct actor *self, const struct upid *containerizer,
                      struct container_survivors *survivors)
{
    struct actor_msg *msg = actor_msg_create(&msg_recover);

    *(struct container_survivors *) actor_msg_body(msg, &msg_recover) =
        *survivors;
    *survivors = (struct container_survivors) { .root = NULL };
    actor_send(self, containerizer, &msg);
}

static struct error *
search_run(void *arg)
{
    return container_search_run(arg);
}

static void
on_recover(struct actor *self, struct actor_msg *msg)
{
    const struct containerizer *c = (struct containerizer *) self;
    struct container_survivors *body = actor_msg_body(msg, &msg_recover);
    struct container_search *search = xcalloc(1, sizeof *search);

    log_info("Recovering Mesos containers");
    search->system = actor_system_of(self);
    search->launcher = c->launcher;
    search->survivors = *body;
    *body = (struct container_survivors) { .root = NULL };
    actor_work(self, search_run, search_done, search,
               container_search_destroy);
}

static void
take_up(struct containerizer *c, struct container_survivor *survivor)
{
    struct container *container = xcalloc(1, sizeof *container);
    struct error *error;

    container->spec.container_id = steal(survivor->container_id);
    container->spec.framework_id = steal(survivor->framework_id);
    container->spec.executor_id = steal(survivor->executor_id);
    container->spec.sandbox = steal(survivor->sandbox);
    container->state = CONTAINER_RUNNING;
    container->state_since = actor_now(&c->base);
    container_table_add(&c->containers, container);
    log_info("Recovering container %s for executor '%s' of framework %s",
             container->spec.container_id, container->spec.executor_id,
             container->spec.framework_id);
    if (survivor->pid > 0) {
        error = actor_child_watch(&c->base, survivor->pid, container_on_exit,
                                  container, &container->child);
        if (!error) {
            tell_launched(c, container, NULL);
            return;
        }
        error_drop(error);
    }
    if (survivor->pid < 0) {
        container_tell_terminated(c, container, -1);
        container_table_remove(&c->containers, container);
        return;
    }
    /* What it has left is killed before its end is told. */
    container->child = NULL;
    container_go_to(c, container, CONTAINER_DESTROYING);
    container_sweep(c, container, -1);
}

static void
search_done(struct actor *self, void *arg, const struct error *error)
{
    struct containerizer *c = (struct containerizer *) self;
    struct container_search *search = arg;
    struct actor_msg *msg = actor_msg_create(&msg_containers_recovered);

    if (error) {
        log_error("Failed to look for containers: %s", error_text(error));
    }
    vec_foreach (&search->survivors.all, it) {
        take_up(c, it);
    }
    actor_send(self, &c->owner, &msg);
}

static void
recover_fini(void *arg)
{
    container_survivors_fini(arg);
}

/* --- telling --- */

const char *
container_state_name(enum container_state state)
{
    return state_names[state];
}

void
container_go_to(struct containerizer *c, struct container *container,
                enum container_state state)
{
    int64_t now = actor_now(&c->base);

    log_info("Transitioning the state of container %s from %s to %s after %s",
             container->spec.container_id, state_names[container->state],
             state_names[state], DURATION_TEXT(now - container->state_since));
    container->state = state;
    container->state_since = now;
}

static void
tell_launched(struct containerizer *c, const struct container *container,
              const char *failure)
{
    struct actor_msg *msg = actor_msg_create(&msg_container_launched);
    struct container_launched *body =
        actor_msg_body(msg, &msg_container_launched);

    body->container_id = xstrdup(container->spec.container_id);
    body->framework_id = xstrdup(container->spec.framework_id);
    body->executor_id = xstrdup(container->spec.executor_id);
    body->failure = failure ? xstrdup(failure) : NULL;
    body->pid = container->child ? actor_child_pid(container->child) : 0;
    actor_send(&c->base, &c->owner, &msg);
}

void
container_tell_terminated(struct containerizer *c,
                          const struct container *container, int status)
{
    struct actor_msg *msg = actor_msg_create(&msg_container_terminated);
    struct container_terminated *body =
        actor_msg_body(msg, &msg_container_terminated);

    body->container_id = xstrdup(container->spec.container_id);
    body->framework_id = xstrdup(container->spec.framework_id);
    body->executor_id = xstrdup(container->spec.executor_id);
    body->status = status;
    body->is_destroyed = container->is_destroyed;
    actor_send(&c->base, &c->owner, &msg);
}

/* --- bodies --- */

static void
launched_fini(void *arg)
{
    struct container_launched *body = arg;

    free(body->container_id);
    free(body->framework_id);
    free(body->executor_id);
    free(body->failure);
}

static void
terminated_fini(void *arg)
{
    struct container_terminated *body = arg;

    free(body->container_id);
    free(body->framework_id);
    free(body->executor_id);
}

static void
spec_body_fini(void *arg)
{
    container_spec_fini(arg);
}

static void
destroy_fini(void *arg)
{
    struct destroy_body *body = arg;

    free(body->container_id);
}
