/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_follow.c - an actor that reads the outputs of tasks from their agent
 * and shows them.
 *
 * Each stream is either busy, with one call or with writing what that brought,
 * or waits for its timer.  A stream is over once a call that began after the
 * end of its task has brought all there is.
 *
 * Thread: the actor's turns; 'struct job' alone, the pool. */
#include <config.h>

#include "cli/execute_follow.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http_client.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/upid.h>
#include <actor/work.h>

#include "cli/execute_output.h"

/* Pauses while nothing comes. */
#define PAUSE_MIN (10 * MILLISECOND)
#define PAUSE_MAX (1 * SECOND)

/* Asked for at a time. */
#define PIECE ((size_t) 256 * 1024)

#define CONNECT_TIMEOUT (3 * SECOND)

struct stream {
    struct follow_task *task;
    enum execute_stream kind;
    char *url;                  /* owned */
    uint64_t offset;            /* of what has not been read */
    struct strbuf partial;      /* a line that has no end yet */
    int64_t pause_ns;
    struct actor_timer timer;
    bool is_busy;
    bool look_again;            /* when it is no longer busy */
    bool is_last;               /* the call began after the task's end */
    bool has_complained;
    bool is_over;
};

struct follow_task {
    char *prefix;               /* owned; NULL: none */
    char *last;                 /* owned; shown in the end; NULL: not ended */
    struct stream streams[EXECUTE_N_STREAMS];
};

struct follower {
    struct actor base;
    struct address agent;
    struct execute_output *output;      /* borrowed */
    void (*done)(void *aux);
    void *aux;
    struct follow_task *tasks;          /* owned */
    size_t n_tasks;
    size_t n_over;
};

static void ask(struct follower *, struct stream *);
static void end_stream(struct follower *, struct stream *);

/* --- showing, in the pool --- */

struct job {
    struct execute_output *output;      /* borrowed */
    struct stream *stream;              /* for the actor; NULL: our own line */
    enum execute_stream kind;
    bool has_all;                       /* the file had no more */
    bool is_end;                        /* nothing comes behind it */
    struct strbuf text;
};

static void
job_destroy(void *job_)
{
    struct job *job = job_;

    strbuf_fini(&job->text);
    free(job);
}

static struct error *
job_run(void *job_)
{
    struct job *job = job_;

    if (job->stream) {
        execute_output_pass_on(job->output, job->kind, job->text.data,
                               job->text.len);
    } else {
        execute_output_say(job->output, job->text.data);
    }
    return NULL;
}

static struct job *
job_create(struct follower *f, struct stream *stream)
{
    struct job *job = xcalloc(1, sizeof *job);

    job->output = f->output;
    job->stream = stream;
    job->kind = stream ? stream->kind : EXECUTE_STDOUT;
    strbuf_init(&job->text, STRBUF_UNLIMITED);
    return job;
}

/* --- what comes next --- */

static void
on_timer(struct actor *self, void *stream)
{
    ask((struct follower *) self, stream);
}

static void
pause_stream(struct follower *f, struct stream *s)
{
    actor_timer_start(&f->base, &s->timer, s->pause_ns, on_timer, s);
    s->pause_ns = s->pause_ns * 2 < PAUSE_MAX ? s->pause_ns * 2 : PAUSE_MAX;
}

/* The stream is no longer busy. */
static void
go_on(struct follower *f, struct stream *s, bool has_all)
{
    s->is_busy = false;
    if (has_all && s->is_last) {
        end_stream(f, s);
    } else if (!has_all || s->look_again || s->task->last) {
        ask(f, s);
    } else {
        pause_stream(f, s);
    }
}

static void
on_last_shown(struct actor *self, void *job UNUSED,
              const struct error *error UNUSED)
{
    struct follower *f = (struct follower *) self;

    if (++f->n_over == f->n_tasks) {
        f->done(f->aux);
    }
}

static void
on_shown(struct actor *self, void *job_, const struct error *error UNUSED)
{
    struct follower *f = (struct follower *) self;
    struct job *job = job_;
    struct follow_task *task = job->stream->task;

    if (!job->is_end) {
        go_on(f, job->stream, job->has_all);
        return;
    }
    job->stream->is_over = true;
    if (task->streams[EXECUTE_STDOUT].is_over
        && task->streams[EXECUTE_STDERR].is_over) {
        struct job *last = job_create(f, NULL);

        strbuf_append(&last->text, task->last);
        actor_work(self, job_run, on_last_shown, last, job_destroy);
    }
}

/* Shows the rest of a line. */
static void
end_stream(struct follower *f, struct stream *s)
{
    struct job *job = job_create(f, s);

    s->is_busy = true;
    job->is_end = true;
    if (s->task->prefix) {
        execute_lines_end(&s->partial, s->task->prefix, &job->text);
    }
    actor_work(&f->base, job_run, on_shown, job, job_destroy);
}

/* --- asking --- */

static void
show(struct follower *f, struct stream *s, const char *data, size_t size,
     bool has_all)
{
    struct job *job = job_create(f, s);

    s->pause_ns = PAUSE_MIN;
    job->has_all = has_all;
    if (s->task->prefix) {
        execute_lines_add(&s->partial, s->task->prefix, data, size,
                          &job->text);
    } else {
        strbuf_append_bytes(&job->text, data, size);
    }
    actor_work(&f->base, job_run, on_shown, job, job_destroy);
}

static void
complain(struct stream *s, const char *why)
{
    if (!s->has_complained) {
        log_warn("Cannot show %s: %s", s->url, why);
        s->has_complained = true;
    }
}

/* There is nothing behind the offset.  If the file has become shorter it was
 * rotated, and is read from its beginning. */
static void
handle_unsatisfiable(struct follower *f, struct stream *s,
                     const struct http_answer *answer)
{
    const char *range = http_answer_header(answer, "Content-Range");
    bool is_shorter = range && !strncmp(range, "bytes */", 8)
                      && strtoull(range + 8, NULL, 10) < s->offset;

    if (is_shorter) {
        s->offset = 0;
    }
    go_on(f, s, !is_shorter);
}

static void
handle_data(struct follower *f, struct stream *s,
            const struct http_answer *answer)
{
    size_t size;
    const char *data = http_answer_body(answer, &size);

    /* All of the file, from somebody who knows no ranges. */
    if (http_answer_status(answer) == 200) {
        size_t known = s->offset < size ? (size_t) s->offset : size;

        data += known;
        size -= known;
    }
    s->offset += size;
    if (size == 0) {
        go_on(f, s, true);
    } else {
        show(f, s, data, size, size < PIECE);
    }
}

/* Agents come back, but an end does not wait for that. */
static void
handle_failure(struct follower *f, struct stream *s, const char *why,
               bool is_final)
{
    complain(s, why);
    if (s->is_last || (is_final && s->task->last)) {
        end_stream(f, s);
    } else if (is_final) {
        s->is_busy = false;         /* until we are told to look again */
    } else {
        go_on(f, s, true);
    }
}

static void
on_answer(struct actor *self, void *stream, struct http_answer *answer,
          const struct error *error)
{
    struct follower *f = (struct follower *) self;
    struct stream *s = stream;
    int status = error ? 0 : http_answer_status(answer);

    switch (status) {
    case 0:
        handle_failure(f, s, error_text(error), false);
        break;
    case 200:
    case 206:
        handle_data(f, s, answer);
        break;
    case 404:                       /* not there yet */
        go_on(f, s, true);
        break;
    case 416:
        handle_unsatisfiable(f, s, answer);
        break;
    case 503:
        handle_failure(f, s, "the agent is not ready", false);
        break;
    default: {
        autofree char *why = xasprintf("the agent answers %d", status);

        handle_failure(f, s, why, true);
    }
    }
}

static void
ask(struct follower *f, struct stream *s)
{
    autofree char *range =
        xasprintf("bytes=%llu-%llu", (unsigned long long) s->offset,
                  (unsigned long long) (s->offset + PIECE - 1));
    const char *headers[] = { "Range", range, NULL };

    actor_timer_cancel(&f->base, &s->timer);
    s->is_busy = true;
    s->look_again = false;
    s->is_last = s->task->last;
    http_call(&f->base, &(struct http_call_options) {
                  .url = s->url, .address = &f->agent, .headers = headers,
                  .connect_timeout_ns = CONNECT_TIMEOUT,
              }, on_answer, s);
}

/* --- being told --- */

struct look_body {
    size_t task;
    char *last;                 /* owned; NULL: it has not ended */
};

static void
look_body_fini(void *body)
{
    free(((struct look_body *) body)->last);
}

static const struct actor_msg_type msg_look = {
    .name = "follow.look", .size = sizeof(struct look_body),
    .fini = look_body_fini,
};

static void
on_look(struct actor *self, struct actor_msg *msg)
{
    struct follower *f = (struct follower *) self;
    struct look_body *body = actor_msg_body(msg, &msg_look);
    struct follow_task *task = &f->tasks[body->task];

    if (task->last) {
        return;                     /* an end that was told twice */
    }
    task->last = steal(body->last);
    for (size_t i = 0; i < EXECUTE_N_STREAMS; i++) {
        struct stream *s = &task->streams[i];

        s->pause_ns = PAUSE_MIN;
        if (s->is_busy) {
            s->look_again = true;
        } else {
            ask(f, s);
        }
    }
}

static void
post(struct actor_system *system, const struct upid *follower, size_t task,
     const char *last)
{
    struct actor_msg *msg = actor_msg_create(&msg_look);
    struct look_body *body = actor_msg_body(msg, &msg_look);

    body->task = task;
    body->last = last ? xstrdup(last) : NULL;
    actor_post(system, follower, &msg);
}

void
follow_look(struct actor_system *system, const struct upid *follower,
            size_t task)
{
    post(system, follower, task, NULL);
}

void
follow_end(struct actor_system *system, const struct upid *follower,
           size_t task, const char *text)
{
    post(system, follower, task, text);
}

/* --- the actor --- */

/* As a value in a query. */
static void
append_encoded(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char) *text;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9') || strchr("-._~/", c)) {
            strbuf_append_char(out, (char) c);
        } else {
            strbuf_printf(out, "%%%02X", c);
        }
    }
}

static char *
make_url(const struct follow_options *options, size_t task, const char *file)
{
    autofini(strbuf) url = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&url, "/files/download?path=/frameworks/");
    append_encoded(&url, options->framework_id);
    strbuf_append(&url, "/executors/");
    append_encoded(&url, options->directories[task]);
    strbuf_printf(&url, "/%s", file);
    return strbuf_take(&url);
}

static void
init_task(struct follow_task *task, const struct follow_options *options,
          size_t i)
{
    static const char *const files[EXECUTE_N_STREAMS] = {
        [EXECUTE_STDOUT] = "stdout", [EXECUTE_STDERR] = "stderr",
    };

    task->prefix = options->prefixes ? xstrdup(options->prefixes[i]) : NULL;
    for (size_t k = 0; k < EXECUTE_N_STREAMS; k++) {
        struct stream *s = &task->streams[k];

        s->task = task;
        s->kind = (enum execute_stream) k;
        s->url = make_url(options, i, files[k]);
        s->pause_ns = PAUSE_MIN;
        strbuf_init(&s->partial, EXECUTE_LINE_MAX);
    }
}

static struct error *
follower_init(struct actor *self, void *options_)
{
    struct follower *f = (struct follower *) self;
    const struct follow_options *options = options_;

    f->agent = options->agent;
    f->output = options->output;
    f->done = options->done;
    f->aux = options->aux;
    f->n_tasks = options->n_tasks;
    f->tasks = xcalloc(f->n_tasks, sizeof *f->tasks);
    for (size_t i = 0; i < f->n_tasks; i++) {
        init_task(&f->tasks[i], options, i);
        for (size_t k = 0; k < EXECUTE_N_STREAMS; k++) {
            pause_stream(f, &f->tasks[i].streams[k]);
        }
    }
    return NULL;
}

static void
follower_fini(struct actor *self)
{
    struct follower *f = (struct follower *) self;

    for (size_t i = 0; i < f->n_tasks; i++) {
        struct follow_task *task = &f->tasks[i];

        for (size_t k = 0; k < EXECUTE_N_STREAMS; k++) {
            struct stream *s = &task->streams[k];

            actor_timer_cancel(self, &s->timer);
            free(s->url);
            strbuf_fini(&s->partial);
        }
        free(task->prefix);
        free(task->last);
    }
    free(f->tasks);
}

static const struct actor_handler handlers[] = {
    { &msg_look, on_look },
};

static const struct actor_type follower_type = {
    .name = "follower", .size = sizeof(struct follower),
    .init = follower_init, .fini = follower_fini, .handlers = handlers,
    .n_handlers = ARRAY_SIZE(handlers),
};

struct error *
follow_start(struct actor_system *system, const struct follow_options *options,
             struct upid *ret_follower)
{
    return actor_spawn(system, &follower_type, NULL, (void *) options,
                       ret_follower);
}
