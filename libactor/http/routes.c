/* SPDX-License-Identifier: Apache-2.0
 *
 * routes.c - which actor answers which path.
 *
 * A table of actors by id, each with its routes, most segments first, so that
 * the first match is the longest prefix.  An actor's routes go when it ends;
 * one that comes after it under the same id gets an entry of its own, told
 * apart by the generation in its UPID.
 *
 * Locking: 'lock' guards the table.  It is not held while core is asked to
 * watch an actor's end, since core may call us back under locks of its own.
 * Thread: any. */
#include <config.h>

#include <pthread.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/vec.h>
#include "core/transport.h"
#include "http/internal.h"
#include "http/pattern.h"
#include "http/target.h"

struct owner {
    struct exit_watch watch;
    struct http_routes *routes;         /* borrowed */
    struct upid upid;
    bool watched;
    VEC(const struct http_route *) paths;   /* as pattern.h orders them */
};

struct http_routes {
    pthread_rwlock_t lock;
    char *delegate;                     /* owned; NULL: none */
    VEC(struct owner *) owners;         /* by id; newest first within one */
};

struct http_routes *
http_routes_create(const char *delegate)
{
    struct http_routes *routes = xcalloc(1, sizeof *routes);

    pthread_rwlock_init(&routes->lock, NULL);
    routes->delegate = delegate ? xstrdup(delegate) : NULL;
    return routes;
}

static void
owner_destroy(struct owner *owner)
{
    vec_fini(&owner->paths);
    free(owner);
}

void
http_routes_destroy(struct http_routes *routes)
{
    vec_foreach (&routes->owners, it) {
        owner_destroy(*it);
    }
    vec_fini(&routes->owners);
    free(routes->delegate);
    pthread_rwlock_destroy(&routes->lock);
    free(routes);
}

/* --- adding and removing --- */

/* Index of the first owner whose id is not below 'id'. */
static size_t
lower_bound(const struct http_routes *routes, const char *id, size_t len)
{
    size_t low = 0;
    size_t high = routes->owners.n;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const char *other = routes->owners.data[middle]->upid.id;
        int order = strncmp(other, id, len);

        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct owner *
find_owner(const struct http_routes *routes, const char *id, size_t len)
{
    for (size_t i = lower_bound(routes, id, len); i < routes->owners.n; i++) {
        struct owner *owner = routes->owners.data[i];

        if (strncmp(owner->upid.id, id, len) != 0) {
            return NULL;
        }
        if (owner->upid.id[len] == '\0') {
            return owner;
        }
    }
    return NULL;
}

static bool
is_same_actor(const struct upid *a, const struct upid *b)
{
    return a->hint_slot == b->hint_slot
        && a->hint_generation == b->hint_generation;
}

bool
http_is_actor(const struct actor *self, const struct upid *upid)
{
    return is_same_actor(actor_upid(self), upid);
}

static void
remove_owner(struct http_routes *routes, struct owner *owner)
{
    for (size_t i = 0; i < routes->owners.n; i++) {
        if (routes->owners.data[i] == owner) {
            vec_remove(&routes->owners, i);
            owner_destroy(owner);
            return;
        }
    }
}

static void
on_owner_exit(struct exit_watch *watch)
{
    struct owner *owner = CONTAINER_OF(watch, struct owner, watch);
    struct http_routes *routes = owner->routes;

    pthread_rwlock_wrlock(&routes->lock);
    remove_owner(routes, owner);
    pthread_rwlock_unlock(&routes->lock);
}

static struct owner *
add_owner(struct http_routes *routes, const struct upid *upid)
{
    size_t len = strlen(upid->id);
    struct owner *old = find_owner(routes, upid->id, len);

    if (old && !old->watched) {
        remove_owner(routes, old);
    }
    struct owner *owner = xcalloc(1, sizeof *owner);

    owner->routes = routes;
    owner->upid = *upid;
    owner->watch.fn = on_owner_exit;
    size_t i = lower_bound(routes, upid->id, len + 1);
    vec_push(&routes->owners, owner);
    memmove(&routes->owners.data[i + 1], &routes->owners.data[i],
            (routes->owners.n - 1 - i) * sizeof *routes->owners.data);
    routes->owners.data[i] = owner;
    return owner;
}

/* Of two routes with one path. */
static bool
serve_the_same(const struct http_route *a, const struct http_route *b)
{
    return strcmp(a->methods ? a->methods : "",
                  b->methods ? b->methods : "") == 0;
}

/* One that serves the same is replaced. */
static void
add_path(struct owner *owner, const struct http_route *route)
{
    size_t i = 0;

    CHECK(http_pattern_is_valid(route->path), "route '%s'", route->path);
    while (i < owner->paths.n
           && http_pattern_compare(owner->paths.data[i]->path, route->path)
              < 0) {
        i++;
    }
    for (; i < owner->paths.n
           && http_pattern_compare(owner->paths.data[i]->path, route->path)
              == 0; i++) {
        if (serve_the_same(owner->paths.data[i], route)) {
            owner->paths.data[i] = route;
            return;
        }
    }
    vec_push(&owner->paths, route);
    memmove(&owner->paths.data[i + 1], &owner->paths.data[i],
            (owner->paths.n - 1 - i) * sizeof *owner->paths.data);
    owner->paths.data[i] = route;
}

void
http_routes_add(struct http_routes *routes, struct actor_system *system,
                const struct upid *upid, const struct http_route *added,
                size_t n)
{
    bool is_new;

    pthread_rwlock_wrlock(&routes->lock);
    struct owner *owner = find_owner(routes, upid->id, strlen(upid->id));
    is_new = !owner || !is_same_actor(&owner->upid, upid);
    if (is_new) {
        owner = add_owner(routes, upid);
        owner->watched = true;
    }
    for (size_t i = 0; i < n; i++) {
        add_path(owner, &added[i]);
    }
    pthread_rwlock_unlock(&routes->lock);
    if (is_new && !system_watch_exit(system, upid->id, &owner->watch)) {
        pthread_rwlock_wrlock(&routes->lock);
        owner->watched = false;
        pthread_rwlock_unlock(&routes->lock);
    }
}

/* --- looking up --- */

/* True if 'methods', "GET, POST", has 'method'; who serves GET serves HEAD. */
static bool
methods_have(const char *methods, const char *method)
{
    size_t len = strlen(method);

    for (const char *p = methods; *p; p += strspn(p, ", ")) {
        size_t n = strcspn(p, ", ");

        if ((n == len && memcmp(p, method, n) == 0)
            || (n == 3 && memcmp(p, "GET", 3) == 0
                && strcmp(method, "HEAD") == 0)) {
            return true;
        }
        p += n;
    }
    return false;
}

/* Of the routes with the path of route 'first', the one for 'method'; if
 * there is none, says what there is. */
static void
choose_by_method(const struct owner *owner, size_t first, const char *method,
                 struct http_match *match)
{
    const char *path = owner->paths.data[first]->path;

    for (size_t i = first; i < owner->paths.n; i++) {
        const struct http_route *route = owner->paths.data[i];

        if (http_pattern_compare(route->path, path) != 0) {
            break;
        }
        if (!route->methods || methods_have(route->methods, method)) {
            match->route = route;
            return;
        }
        strbuf_printf(&match->methods, "%s%s",
                      match->methods.len > 0 ? ", " : "", route->methods);
    }
    match->route = owner->paths.data[first];
    match->is_refused = true;
}

static void
match_owner(const struct owner *owner, const char *method, const char *end,
            struct http_match *match)
{
    for (size_t i = 0; i < owner->paths.n; i++) {
        match->rest = http_pattern_match(owner->paths.data[i]->path,
                                         match->at, end);
        if (match->rest) {
            choose_by_method(owner, i, method, match);
            return;
        }
    }
}

static const char *
skip_slashes(const char *at, const char *end)
{
    while (at < end && *at == '/') {
        at++;
    }
    return at;
}

/* The actor whose id is the segment at '*at', which is moved behind it. */
static struct owner *
find_named(const struct http_routes *routes, const char **at,
           const char *end)
{
    char id[UPID_ID_MAX + 1];
    const char *p = *at;
    size_t len = 0;

    while (p < end && *p != '/') {
        if (len == UPID_ID_MAX) {
            return NULL;
        }
        id[len++] = (char) http_decode_char(&p);
    }
    id[len] = '\0';
    struct owner *owner = len > 0 ? find_owner(routes, id, len) : NULL;

    if (owner) {
        *at = p;
    }
    return owner;
}

static void
find_route(struct http_routes *routes, const struct http_target *target,
           const char *method, struct http_match *match)
{
    const char *end = target->raw_end;
    const char *at = skip_slashes(target->raw, end);
    struct owner *owner = find_named(routes, &at, end);

    if (!owner && routes->delegate) {
        owner = find_owner(routes, routes->delegate,
                           strlen(routes->delegate));
    }
    if (owner) {
        match->actor = owner->upid;
        match->at = skip_slashes(at, end);
        match_owner(owner, method, end, match);
    }
}

void
http_routes_find(struct http_routes *routes, const struct http_target *target,
                 const char *method, struct http_match *ret)
{
    memset(ret, 0, sizeof *ret);
    strbuf_init(&ret->methods, STRBUF_UNLIMITED);
    pthread_rwlock_rdlock(&routes->lock);
    find_route(routes, target, method, ret);
    pthread_rwlock_unlock(&routes->lock);
}

void
http_match_fini(struct http_match *match)
{
    strbuf_fini(&match->methods);
}

/* Paths of one owner in the order of the alphabet. */
static int
compare_paths(const void *a, const void *b)
{
    const struct http_route *const *left = a;
    const struct http_route *const *right = b;

    return strcmp((*left)->path, (*right)->path);
}

static void
owner_for_each(const struct owner *owner, bool is_delegate,
               void (*fn)(void *aux, const char *id, bool is_delegate,
                          const struct http_route *),
               void *aux)
{
    size_t n = owner->paths.n;
    autofree const struct http_route **sorted =
        xmemdup(owner->paths.data, n * sizeof *sorted);

    qsort(sorted, n, sizeof *sorted, compare_paths);
    for (size_t i = 0; i < n; i++) {
        if (sorted[i]->summary) {
            fn(aux, owner->upid.id, is_delegate, sorted[i]);
        }
    }
}

void
http_routes_for_each(struct http_routes *routes,
                     void (*fn)(void *aux, const char *id, bool is_delegate,
                                const struct http_route *),
                     void *aux)
{
    pthread_rwlock_rdlock(&routes->lock);
    vec_foreach (&routes->owners, it) {
        const char *id = (*it)->upid.id;

        owner_for_each(*it, routes->delegate
                            && strcmp(routes->delegate, id) == 0, fn, aux);
    }
    pthread_rwlock_unlock(&routes->lock);
}
