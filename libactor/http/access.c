/* SPDX-License-Identifier: Apache-2.0
 *
 * access.c - asks who makes a request and whether they may; see access.h.
 *
 * A check travels as a message to the actor that answers it, and owns the
 * request meanwhile.  Whoever drops the message, because the actor is gone,
 * answers 503 by that.  Locking: 'lock' guards the table. */
#include <config.h>

#include <actor/http_access.h>

#include <pthread.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/http.h>
#include <actor/vec.h>
#include "core/transport.h"
#include "http/access.h"
#include "http/internal.h"

struct checker {
    enum http_access_step step;
    char *subject;                      /* owned; realm, or path of a route */
    struct upid actor;                  /* that answers */
    http_check_fn *fn;
};

struct http_access {
    pthread_rwlock_t lock;
    char *realm_prefix;                 /* owned */
    VEC(struct checker) checkers;
};

struct http_check {
    struct http_request *request;       /* owned */
    char *subject;                      /* owned */
    struct upid actor;                  /* that answers */
    http_check_fn *fn;
};

/* --- the table --- */

struct http_access *
http_access_create(const char *realm_prefix)
{
    struct http_access *access = xcalloc(1, sizeof *access);

    pthread_rwlock_init(&access->lock, NULL);
    access->realm_prefix = xstrdup(realm_prefix ? realm_prefix : "");
    return access;
}

void
http_access_destroy(struct http_access *access)
{
    vec_foreach (&access->checkers, it) {
        free(it->subject);
    }
    vec_fini(&access->checkers);
    free(access->realm_prefix);
    pthread_rwlock_destroy(&access->lock);
    free(access);
}

static void
set_checker(struct actor *self, enum http_access_step step,
            const char *subject, http_check_fn *fn)
{
    struct http_server *server = system_http(actor_system_of(self));
    struct checker *checker = NULL;

    if (!server) {
        return;                         /* nobody can make requests */
    }
    struct http_access *access = server->access;

    pthread_rwlock_wrlock(&access->lock);
    vec_foreach (&access->checkers, it) {
        if (it->step == step && strcmp(it->subject, subject) == 0) {
            checker = it;
        }
    }
    if (!checker) {
        struct checker added = { .step = step, .subject = xstrdup(subject) };

        vec_push(&access->checkers, added);
        checker = &vec_last(&access->checkers);
    }
    checker->actor = *actor_upid(self);
    checker->fn = fn;
    pthread_rwlock_unlock(&access->lock);
}

void
http_set_authenticator(struct actor *self, const char *realm,
                       http_check_fn *fn)
{
    set_checker(self, HTTP_ACCESS_WHO, realm, fn);
}

void
http_set_authorizer(struct actor *self, const char *path, http_check_fn *fn)
{
    set_checker(self, HTTP_ACCESS_MAY, path, fn);
}

static bool
has_realm(const struct http_access *access, const char *subject,
          const char *realm)
{
    size_t len = strlen(access->realm_prefix);

    return realm && strncmp(subject, access->realm_prefix, len) == 0
        && strcmp(subject + len, realm) == 0;
}

static bool
has_path(const char *subject, const struct http_request *request)
{
    const char *id = request->actor.id;
    size_t len = strlen(id);

    return subject[0] == '/' && strncmp(subject + 1, id, len) == 0
        && strcmp(subject + 1 + len, request->route->path) == 0;
}

/* With the lock. */
static const struct checker *
find_checker(const struct http_access *access,
             const struct http_request *request)
{
    vec_foreach (&access->checkers, it) {
        bool is_it = it->step == HTTP_ACCESS_WHO
            ? has_realm(access, it->subject, request->route->realm)
            : has_path(it->subject, request);

        if (it->step == request->access_step && is_it) {
            return it;
        }
    }
    return NULL;
}

/* --- checks --- */

struct check_body {
    struct http_check *check;           /* owned; NULL: taken */
};

/* The request, and no check any more. */
static struct http_request *
conclude(struct http_check **check)
{
    struct http_check *c = steal(*check);
    struct http_request *request = c->request;

    free(c->subject);
    free(c);
    return request;
}

static void
check_message_fini(void *body)
{
    struct check_body *b = body;

    if (b->check) {
        struct http_request *request = conclude(&b->check);

        http_respond_text(&request, 503, "503 Service Unavailable.");
    }
}

static void
check_message_run(struct actor *self, struct actor_msg *msg);

static const struct actor_msg_type check_message = {
    .name = "http-check",
    .size = sizeof(struct check_body),
    .fini = check_message_fini,
    .run = check_message_run,
};

static void
check_message_run(struct actor *self, struct actor_msg *msg)
{
    struct check_body *body = actor_msg_body(msg, &check_message);

    /* What is not taken out is answered as the message is destroyed. */
    if (http_is_actor(self, &body->check->actor)) {
        struct http_check *check = steal(body->check);

        check->fn(self, check);
    }
}

static void
send_check(struct http_server *server, struct http_check *check)
{
    struct http_connection *connection = check->request->connection;
    struct upid nobody = { .id = "" };
    struct actor_msg *msg = actor_msg_create(&check_message);
    struct check_body *body = actor_msg_body(msg, &check_message);

    body->check = check;
    if (!system_deliver(server->system, &nobody, check->actor.id, &msg,
                        check->request->body.len,
                        http_connection_pressure(connection))) {
        actor_msg_destroy(msg);
    }
}

bool
http_access_ask(struct http_server *server, struct http_request *request)
{
    struct http_access *access = server->access;
    struct http_check *check = NULL;

    pthread_rwlock_rdlock(&access->lock);
    for (; !check && request->access_step != HTTP_ACCESS_DONE;
         request->access_step++) {
        const struct checker *checker = find_checker(access, request);

        if (checker) {
            check = xcalloc(1, sizeof *check);
            check->request = request;
            check->subject = xstrdup(checker->subject);
            check->fn = checker->fn;
            check->actor = checker->actor;
        }
    }
    pthread_rwlock_unlock(&access->lock);
    if (!check) {
        return false;
    }
    http_connection_hold(request->connection, request);
    send_check(server, check);
    return true;
}

/* --- answers --- */

const struct http_request *
http_check_request(const struct http_check *check)
{
    return check->request;
}

const char *
http_check_subject(const struct http_check *check)
{
    return check->subject;
}

static struct http_principal *
copy_principal(const struct http_principal *principal)
{
    struct http_principal *copy = xcalloc(1, sizeof *copy);
    struct http_claim *claims =
        alloc_array(principal->n_claims + 1, sizeof *claims);

    for (size_t i = 0; i < principal->n_claims; i++) {
        claims[i].name = xstrdup(principal->claims[i].name);
        claims[i].value = xstrdup(principal->claims[i].value);
    }
    copy->value = principal->value ? xstrdup(principal->value) : NULL;
    copy->claims = claims;
    copy->n_claims = principal->n_claims;
    return copy;
}

void
http_principal_destroy(struct http_principal *principal)
{
    if (!principal) {
        return;
    }
    for (size_t i = 0; i < principal->n_claims; i++) {
        free((char *) principal->claims[i].name);
        free((char *) principal->claims[i].value);
    }
    free((struct http_claim *) principal->claims);
    free((char *) principal->value);
    free(principal);
}

static void
on_checked(struct worker_job *job)
{
    struct http_request *request = CONTAINER_OF(job, struct http_request, job);

    http_connection_checked(request->connection, request);
}

void
http_check_accept(struct http_check **check,
                  const struct http_principal *principal)
{
    struct http_request *request = conclude(check);

    if (principal) {
        http_principal_destroy(request->principal);
        request->principal = copy_principal(principal);
    }
    request->job.fn = on_checked;
    worker_post(http_connection_worker(request->connection), &request->job);
}

void
http_check_challenge(struct http_check **check, const char *challenge,
                     const char *text)
{
    struct http_request *request = conclude(check);

    http_response_header(request, "WWW-Authenticate", challenge);
    http_respond_text(&request, 401, "%s", text ? text : "401 Unauthorized.");
}

void
http_check_forbid(struct http_check **check, const char *text)
{
    struct http_request *request = conclude(check);

    http_respond_text(&request, 403, "%s", text ? text : "403 Forbidden.");
}

const struct http_principal *
http_request_principal(const struct http_request *request)
{
    return request->principal;
}
