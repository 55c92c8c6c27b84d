/* SPDX-License-Identifier: Apache-2.0
 *
 * version_endpoint.c - /version, and who we are.  Thread: the actor's turn;
 * the functions of actor/version.h: any. */
#include <config.h>

#include <pthread.h>
#include <time.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/strbuf.h>
#include <actor/version.h>
#include "http/builtin/builtin.h"

static char build_date[32];
static pthread_once_t build_date_once = PTHREAD_ONCE_INIT;

const char *
actor_version(void)
{
    return PACKAGE_VERSION;
}

static void
format_build_date(void)
{
    time_t t = (time_t) BUILD_TIME;
    struct tm tm;

    gmtime_r(&t, &tm);
    strftime(build_date, sizeof build_date, "%Y-%m-%d %H:%M:%S", &tm);
}

const char *
actor_build_date(void)
{
    pthread_once(&build_date_once, format_build_date);
    return build_date;
}

int64_t
actor_build_time(void)
{
    return BUILD_TIME;
}

const char *
actor_build_user(void)
{
    return BUILD_USER;
}

void
actor_version_write_json(struct json_writer *w)
{
    json_member_string(w, "build_date", actor_build_date());
    json_member_double(w, "build_time", (double) BUILD_TIME);
    json_member_string(w, "build_user", actor_build_user());
    json_member_string(w, "cmesos_version", actor_version());
    json_member_string(w, "version", ACTOR_MESOS_VERSION);
}

static void
on_version(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(4096);
    struct json_writer w = JSON_WRITER(&body);

    json_object_begin(&w);
    actor_version_write_json(&w);
    json_object_end(&w);
    http_respond_json(&request, &body);
}

static const struct http_route routes[] = {
    {
        "", on_version,
        "Provides version information.",
        "Returns a JSON object with the version of the Mesos API that is "
        "spoken, our own version, and when and by whom this was built.",
    },
};

static struct error *
version_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

const struct actor_type version_endpoint_type = {
    .name = "version", .size = sizeof(struct actor), .init = version_init,
};
