/* SPDX-License-Identifier: Apache-2.0
 *
 * memory_profiler.c - /memory-profiler: runs of the heap profiler, and their
 * results.
 *
 * A run has the time of its start as its id.  When it is over, by itself or by
 * /stop, the profile is written in the pool; what jeprof makes of it is made
 * by a child on the first request (heap_download.c).  All of it is kept until
 * the next run is over.
 *
 * Thread: the actor's turn; functions named work_... the pool. */
#include <config.h>

#include <actor/memory_profiler.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/work.h>
#include "http/builtin/heap_download.h"
#include "http/builtin/heap_profile.h"
#include "http/builtin/jemalloc.h"

#define DEFAULT_DURATION (5 * MINUTE)
#define MIN_DURATION (1 * SECOND)
#define MAX_DURATION (1 * DAY)

/* When the profile could not be written. */
#define RETRY (5 * SECOND)

enum state {
    STATE_IDLE,
    STATE_RUNNING,
    STATE_WRITING,
};

struct profiler {
    struct actor base;
    enum state state;
    int64_t id;                 /* of the present run, or the last; 0: none */
    int64_t end_ns;             /* of the present run */
    struct actor_timer end_timer;
    int64_t written_id;         /* of the run whose profile there is */
    char *directory;            /* owned; NULL: not made yet */
    struct http_request *stopping;      /* owned; NULL: nobody asked */
    struct heap_artifact artifacts[N_HEAP_ARTIFACTS];
};

/* --- what is missing --- */

/* Answers if the heap cannot be profiled. */
static bool
is_refused(struct http_request **request)
{
    if (!jemalloc_is_there()) {
        http_respond_text(request, 400, "The allocator of this program is not "
                          "jemalloc, which heap profiles need.  Start it with "
                          "LD_PRELOAD=libjemalloc.so.2, or install a build "
                          "that is linked with jemalloc.\n");
        return true;
    }
    if (!jemalloc_bool("config.prof")) {
        http_respond_text(request, 400, "This jemalloc was built without heap "
                          "profiling; it has to be configured with "
                          "--enable-prof.\n");
        return true;
    }
    if (!jemalloc_bool("opt.prof")) {
        http_respond_text(request, 400, "Heap profiling is off.  It has to be "
                          "enabled when the program starts: set MALLOC_CONF="
                          "\"prof:true,prof_active:false\" in its "
                          "environment.\n");
        return true;
    }
    return false;
}

/* --- writing the profile --- */

struct writing {
    char *directory;            /* owned; NULL: to be made */
    int64_t id;
};

static struct error *
work_write(void *arg)
{
    struct writing *w = arg;
    struct error *error = NULL;

    if (!w->directory) {
        error = heap_profile_make_directory(&w->directory);
    }
    if (!error) {
        autofree char *path = heap_raw_path(w->directory, w->id);
        error = heap_profile_write(path);
    }
    return error;
}

static void
writing_destroy(void *arg)
{
    struct writing *w = arg;

    free(w->directory);
    free(w);
}

static void
respond_written(struct profiler *p)
{
    autofini(strbuf) body = STRBUF(4096);
    struct json_writer w = JSON_WRITER(&body);
    static const char *const urls[][2] = {
        { "url_graph_profile", "graph" }, { "url_raw_profile", "raw" },
        { "url_symbolized_profile", "text" },
    };
    autofree char *id = xasprintf("%lld", (long long) p->id);

    json_object_begin(&w);
    json_member_string(&w, "id", id);
    json_member_string(&w, "message", "Heap profiling has stopped; the "
                       "profile can be downloaded.");
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
        autofree char *url = xasprintf("/memory-profiler/download/%s?id=%s",
                                       urls[i][1], id);
        json_member_string(&w, urls[i][0], url);
    }
    json_object_end(&w);
    http_respond_json(&p->stopping, &body);
}

static void stop_run(struct profiler *);

static void
on_end(struct actor *self, void *arg UNUSED)
{
    struct profiler *p = (struct profiler *) self;

    stop_run(p);
}

static void
on_write_failed(struct profiler *p, const struct error *error)
{
    log_warn("Failed to end heap profile %lld: %s; trying again in %d secs",
             (long long) p->id, error_text(error), (int) (RETRY / SECOND));
    p->state = STATE_RUNNING;
    actor_timer_start(&p->base, &p->end_timer, RETRY, on_end, NULL);
    if (p->stopping) {
        http_respond_text(&p->stopping, 500, "%s.\n", error_text(error));
    }
}

/* Removes the files of the last run whose profile was written. */
static void
remove_files(struct profiler *p)
{
    if (p->written_id) {
        autofree char *raw = heap_raw_path(p->directory, p->written_id);

        unlink(raw);
        for (int i = 0; i < N_HEAP_ARTIFACTS; i++) {
            heap_artifact_remove(&p->artifacts[i], p->directory,
                                 p->written_id);
        }
    }
}

static void
on_written(struct actor *self, void *arg, const struct error *error)
{
    struct profiler *p = (struct profiler *) self;
    struct writing *w = arg;

    if (!p->directory) {
        p->directory = steal(w->directory);
    }
    if (error) {
        on_write_failed(p, error);
        return;
    }
    remove_files(p);
    p->state = STATE_IDLE;
    p->written_id = p->id;
    log_info("Wrote heap profile %lld to '%s'", (long long) p->id,
             p->directory);
    if (p->stopping) {
        respond_written(p);
    }
}

/* The run is over; its profile is written. */
static void
stop_run(struct profiler *p)
{
    struct writing *w = xcalloc(1, sizeof *w);

    actor_timer_cancel(&p->base, &p->end_timer);
    p->state = STATE_WRITING;
    error_drop(jemalloc_set_bool("prof.active", false));
    w->directory = p->directory ? xstrdup(p->directory) : NULL;
    w->id = p->id;
    actor_work(&p->base, work_write, on_written, w, writing_destroy);
}

/* --- /start and /stop --- */

/* A second that has begun counts. */
static int64_t
remaining_seconds(const struct profiler *p)
{
    int64_t ns = p->end_ns - actor_now(&p->base);

    return ns > 0 ? (ns + SECOND - 1) / SECOND : 0;
}

static void
respond_started(struct profiler *p, struct http_request *request,
                const char *message)
{
    autofini(strbuf) body = STRBUF(4096);
    struct json_writer w = JSON_WRITER(&body);
    autofree char *remaining =
        xasprintf("%lld", (long long) remaining_seconds(p));

    json_object_begin(&w);
    json_member_int(&w, "id", p->id);
    json_member_string(&w, "message", message);
    json_member_string(&w, "remaining_seconds", remaining);
    json_object_end(&w);
    http_respond_json(&request, &body);
}

static struct error *
read_duration(const struct http_request *request, int64_t *ret)
{
    const char *text = http_request_query(request, "duration");
    struct error *error = NULL;

    *ret = DEFAULT_DURATION;
    if (text) {
        error = duration_parse(text, ret);
    }
    if (!error && (*ret < MIN_DURATION || *ret > MAX_DURATION)) {
        error = error_create(ERROR_INVALID, "'%.64s' is not between 1secs and "
                             "1days", text);
    }
    return error_wrap(error, "Invalid parameter 'duration'");
}

static void
start_run(struct profiler *p, struct http_request *request, int64_t duration)
{
    int64_t now_s = actor_wall_now(&p->base) / SECOND;
    struct error *error = jemalloc_set_bool("prof.active", true);

    if (error) {
        http_respond_error(&request, error);
        return;
    }
    p->id = now_s > p->id ? now_s : p->id + 1;
    p->state = STATE_RUNNING;
    p->end_ns = actor_now(&p->base) + duration;
    actor_timer_start(&p->base, &p->end_timer, duration, on_end, NULL);
    log_info("Started heap profile %lld", (long long) p->id);
    respond_started(p, request, "Heap profiling has started.");
}

static void
on_start(struct actor *self, struct http_request *request)
{
    struct profiler *p = (struct profiler *) self;
    int64_t duration;

    if (is_refused(&request)) {
        return;
    }
    autoerror *error = read_duration(request, &duration);
    if (error) {
        http_respond_text(&request, 400, "%s.\n", error_text(error));
    } else if (p->state == STATE_RUNNING) {
        respond_started(p, request, "Heap profiling is running already.");
    } else if (p->state == STATE_WRITING) {
        http_respond_text(&request, 409, "The profile of the run before is "
                          "being written.\n");
    } else if (jemalloc_bool("prof.active")) {
        http_respond_text(&request, 409, "Heap profiling was started by "
                          "somebody else, who has to stop it.\n");
    } else {
        start_run(p, request, duration);
    }
}

static void
on_stop(struct actor *self, struct http_request *request)
{
    struct profiler *p = (struct profiler *) self;

    if (is_refused(&request)) {
        return;
    }
    if (p->state == STATE_IDLE) {
        http_respond_text(&request, 400, "Heap profiling is not running.\n");
    } else if (p->stopping) {
        http_respond_text(&request, 409, "The profile is being written.\n");
    } else {
        p->stopping = request;
        if (p->state == STATE_RUNNING) {
            stop_run(p);
        }
    }
}

/* --- /download --- */

/* Whether the profile that 'request' wants is there; answers it if not. */
static bool
has_profile(const struct profiler *p, struct http_request **request)
{
    const char *text = http_request_query(*request, "id");
    long long id = p->written_id;
    char *end;

    if (!text && p->state != STATE_IDLE) {
        http_respond_text(request, 400, "Heap profiling is running: the "
                          "parameter 'id' has to say which profile is "
                          "wanted.\n");
        return false;
    }
    if (text) {
        errno = 0;
        id = strtoll(text, &end, 10);
        if (errno || *end || end == text) {
            http_respond_text(request, 400, "Invalid parameter 'id': '%.64s' "
                              "is not a number.\n", text);
            return false;
        }
    }
    if (id == 0 || id != p->written_id) {
        http_respond_text(request, 404, "There is no heap profile %lld; only "
                          "that of the last run is kept.\n", id);
        return false;
    }
    return true;
}

static void
on_raw(struct actor *self, struct http_request *request)
{
    struct profiler *p = (struct profiler *) self;

    if (has_profile(p, &request)) {
        heap_respond_raw(&request, p->directory, p->written_id);
    }
}

static void
respond_artifact(struct profiler *p, struct http_request *request,
                 enum heap_artifact_kind kind)
{
    if (has_profile(p, &request)) {
        heap_artifact_respond(&p->base, &p->artifacts[kind], &request,
                              p->directory, p->written_id);
    }
}

static void
on_text(struct actor *self, struct http_request *request)
{
    respond_artifact((struct profiler *) self, request, HEAP_TEXT);
}

static void
on_graph(struct actor *self, struct http_request *request)
{
    respond_artifact((struct profiler *) self, request, HEAP_GRAPH);
}

/* --- /statistics and /state --- */

struct statistics {
    struct http_request *request;       /* owned until answered */
    struct strbuf body;
};

static struct error *
work_statistics(void *arg)
{
    struct statistics *s = arg;

    jemalloc_statistics(&s->body);
    return NULL;
}

static void
on_statistics_done(struct actor *self UNUSED, void *arg,
                   const struct error *error UNUSED)
{
    struct statistics *s = arg;

    http_respond(&s->request, 200, "application/json; charset=utf-8",
                 &s->body);
}

static void
statistics_destroy(void *arg)
{
    struct statistics *s = arg;

    if (s->request) {
        http_respond_text(&s->request, 503, "503 Service Unavailable.");
    }
    strbuf_fini(&s->body);
    free(s);
}

static void
on_statistics(struct actor *self, struct http_request *request)
{
    if (!jemalloc_is_there()) {
        is_refused(&request);
        return;
    }
    struct statistics *s = xcalloc(1, sizeof *s);

    s->request = request;
    strbuf_init(&s->body, LIMIT_HTTP_QUEUE);
    actor_work(self, work_statistics, on_statistics_done, s,
               statistics_destroy);
}

static void
write_jemalloc(struct json_writer *w)
{
    const char *built = jemalloc_string("config.malloc_conf");
    const char *environment = getenv("MALLOC_CONF");

    json_key(w, "jemalloc");
    json_object_begin(w);
    json_key(w, "malloc_conf");
    json_object_begin(w);
    json_member_string(w, "build_options", built ? built : "");
    json_member_string(w, "environment", environment ? environment : "");
    json_object_end(w);
    json_member_bool(w, "profiling_active", jemalloc_bool("prof.active"));
    json_member_bool(w, "profiling_enabled", jemalloc_bool("opt.prof"));
    json_object_end(w);
}

static void
write_run(const struct profiler *p, struct json_writer *w)
{
    json_key(w, "current_run");
    json_object_begin(w);
    if (p->state == STATE_IDLE) {
        json_key(w, "id");
        json_null(w);
    } else {
        json_member_int(w, "id", p->id);
        json_member_int(w, "remaining_seconds", remaining_seconds(p));
    }
    json_object_end(w);
}

static void
on_state(struct actor *self, struct http_request *request)
{
    struct profiler *p = (struct profiler *) self;
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    json_object_begin(&w);
    if (jemalloc_is_there()) {
        write_jemalloc(&w);
    }
    json_key(&w, "memory_profiler");
    json_object_begin(&w);
    write_run(p, &w);
    json_member_bool(&w, "jemalloc_detected", jemalloc_is_there());
    json_member_string(&w, "tmp_dir", p->directory);
    json_object_end(&w);
    json_object_end(&w);
    http_respond_json(&request, &body);
}

/* --- the actor --- */

#define ID_PARAMETER \
    "Query parameters:\n\n" \
    ">        id=VALUE             The run that is meant.  Needed only " \
    "while another run goes on"

static const struct http_route routes[] = {
    {
        "/start", on_start,
        "Starts collection of stack traces.",
        "Samples allocations for a while and then writes a profile, unless "
        "/stop comes first.  Returns the id of the run.\n\n"
        "Query parameters:\n\n"
        ">        duration=VALUE       How long to collect (e.g., 30secs; "
        "from 1secs to 1days, 5mins by default)",
        .realm = "readwrite",
    },
    {
        "/stop", on_stop,
        "Stops collection of stack traces and writes the profile.",
        "Returns where the profile can be downloaded.",
        .realm = "readwrite",
    },
    {
        "/download/raw", on_raw,
        "Returns the raw heap profile.",
        "A file for jeprof.\n\n" ID_PARAMETER,
        .realm = "readwrite",
    },
    {
        "/download/text", on_text,
        "Returns the heap profile as text, with symbols.",
        "The output of `jeprof --text`.\n\n" ID_PARAMETER,
        .realm = "readwrite",
    },
    {
        "/download/graph", on_graph,
        "Returns the heap profile as a graph.",
        "The output of `jeprof --svg`.\n\n" ID_PARAMETER,
        .realm = "readwrite",
    },
    {
        "/statistics", on_statistics,
        "Shows statistics of the allocator.",
        "All that jemalloc tells about itself, as a JSON object.",
        .realm = "readwrite",
    },
    {
        "/state", on_state,
        "Shows the configuration of the allocator and of the profiler.",
        "A JSON object; without a run, the id of the current one is null.",
        .realm = "readwrite",
    },
};

static struct error *
profiler_init(struct actor *self, void *arg UNUSED)
{
    struct profiler *p = (struct profiler *) self;

    for (int i = 0; i < N_HEAP_ARTIFACTS; i++) {
        p->artifacts[i].kind = (enum heap_artifact_kind) i;
    }
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static void
profiler_fini(struct actor *self)
{
    struct profiler *p = (struct profiler *) self;

    if (p->state == STATE_RUNNING) {
        error_drop(jemalloc_set_bool("prof.active", false));
    }
    if (p->stopping) {
        http_respond_text(&p->stopping, 503, "503 Service Unavailable.");
    }
    for (int i = 0; i < N_HEAP_ARTIFACTS; i++) {
        heap_artifact_fini(&p->artifacts[i]);
    }
    if (p->directory) {
        remove_files(p);
        rmdir(p->directory);
        free(p->directory);
    }
}

static const struct actor_type profiler_type = {
    .name = "memory-profiler", .size = sizeof(struct profiler),
    .init = profiler_init, .fini = profiler_fini,
};

static struct error *
read_environment(bool *ret)
{
    const char *value = getenv("LIBPROCESS_MEMORY_PROFILING");

    if (!value || !strcmp(value, "false") || !strcmp(value, "0")) {
        *ret = false;
        return NULL;
    }
    if (!strcmp(value, "true") || !strcmp(value, "1")) {
        *ret = true;
        return NULL;
    }
    return error_create(ERROR_INVALID, "LIBPROCESS_MEMORY_PROFILING: "
                        "expecting a boolean (e.g., true or false), not "
                        "'%.64s'", value);
}

struct error *
memory_profiler_start(struct actor_system *system, bool wanted)
{
    bool in_environment;
    struct error *error = read_environment(&in_environment);

    if (!error && (wanted || in_environment)) {
        error = actor_spawn(system, &profiler_type, "memory-profiler", NULL,
                            NULL);
    }
    return error;
}
