/* SPDX-License-Identifier: Apache-2.0
 *
 * call.c - a call, between the actor that made it and the worker that carries
 * it out.
 *
 * The worker puts what comes into the call, in order: the head, pieces, the
 * end.  One message at a time is on its way to the actor; it takes the next of
 * these, and sends itself again if there are more, so that each is a turn.
 * The other way goes one job, with what the actor's side wants.  'lock' guards
 * what both sides touch; nothing is sent while it is held, since sending takes
 * locks of the core. */
#include <config.h>

#include <stdlib.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/work.h>
#include "http/client/call.h"
#include "http/client/channel.h"
#include "http/client/pool.h"
#include "net/net.h"

struct call_piece {
    struct call_piece *prev, *next;
    struct strbuf data;
};

/* --- life --- */

static void
piece_destroy(struct call_piece *piece)
{
    strbuf_fini(&piece->data);
    free(piece);
}

static void
drop_pieces(struct http_call *call)
{
    while (call->pieces) {
        struct call_piece *piece = call->pieces;

        DL_DELETE(call->pieces, piece);
        piece_destroy(piece);
    }
}

static void
ref(struct http_call *call)
{
    atomic_fetch_add(&call->refs, 1);
}

void
http_call_unref(struct http_call *call)
{
    if (atomic_fetch_sub(&call->refs, 1) > 1) {
        return;
    }
    if (call->destroy) {
        call->destroy(call->arg);
    }
    if (call->channel) {
        http_channel_unref(call->channel);
    }
    drop_pieces(call);
    http_answer_destroy(call->answer);
    error_destroy(call->error);
    recordio_decoder_fini(&call->records);
    strbuf_fini(&call->head);
    strbuf_fini(&call->body);
    free(call->host);
    free(call->name);
    pthread_mutex_destroy(&call->lock);
    free(call);
}

/* --- to the worker --- */

static void
on_job(struct worker_job *job)
{
    struct http_call *call = CONTAINER_OF(job, struct http_call, job);

    pthread_mutex_lock(&call->lock);
    unsigned wants = call->wants;

    call->wants = 0;
    call->is_posted = false;
    pthread_mutex_unlock(&call->lock);
    pool_on_wants(call, wants);
    http_call_unref(call);
}

/* With the lock. */
static void
want(struct http_call *call, enum call_want what)
{
    call->wants |= what;
    if (!call->is_posted) {
        call->is_posted = true;
        ref(call);
        worker_post(call->worker->worker, &call->job);
    }
}

/* The actor's side has no use for it any more. */
static void
drop(struct http_call *call)
{
    pthread_mutex_lock(&call->lock);
    if (call->is_started && !call->is_ended) {
        want(call, CALL_WANTS_DROP);
    }
    pthread_mutex_unlock(&call->lock);
}

/* The address is known. */
static void
start(struct http_call *call)
{
    struct http_client *client = http_client_of(call->system);

    call->worker = call->channel ? call->channel->worker
                                 : http_client_worker(client, &call->address);
    ref(call);                  /* the worker's */
    pthread_mutex_lock(&call->lock);
    call->is_started = true;
    want(call, CALL_WANTS_START);
    pthread_mutex_unlock(&call->lock);
}

/* --- to the actor --- */

struct call_body {
    struct http_call *call;             /* counted */
};

static void
call_message_fini(void *body)
{
    struct call_body *b = body;

    http_call_unref(b->call);
}

static void call_message_run(struct actor *self, struct actor_msg *msg);

static const struct actor_msg_type call_message = {
    .name = "http-call",
    .size = sizeof(struct call_body),
    .fini = call_message_fini,
    .run = call_message_run,
};

/* With the lock; true if send_message() has to follow, without it. */
static bool
may_tell(struct http_call *call)
{
    bool is_due = !call->is_told && !call->is_paused
        && (call->head_is_due || call->pieces || call->is_ended);

    call->is_told |= is_due;
    return is_due;
}

static void
send_message(struct http_call *call)
{
    struct actor_msg *msg = actor_msg_create(&call_message);
    struct call_body *body = actor_msg_body(msg, &call_message);

    ref(call);
    body->call = call;
    actor_post(call->system, &call->owner, &msg);
}

static void
unlock_and_tell(struct http_call *call)
{
    bool is_due = may_tell(call);

    pthread_mutex_unlock(&call->lock);
    if (is_due) {
        send_message(call);
    }
}

void
http_call_tell_head(struct http_call *call, struct http_answer **answer)
{
    pthread_mutex_lock(&call->lock);
    call->answer = steal(*answer);
    call->head_is_due = true;
    unlock_and_tell(call);
}

void
http_call_set_answer(struct http_call *call, struct http_answer **answer)
{
    pthread_mutex_lock(&call->lock);
    call->answer = steal(*answer);
    pthread_mutex_unlock(&call->lock);
}

/* What a piece counts for. */
static size_t
piece_size(const struct call_piece *piece)
{
    return sizeof *piece + piece->data.len;
}

/* Appends 'data', which it empties, to 'pieces'. */
static void
add_piece(struct call_piece **pieces, size_t *n_bytes, struct strbuf *data)
{
    struct call_piece *piece = xcalloc(1, sizeof *piece);
    size_t max = data->max_len;

    piece->data = *data;
    strbuf_init(data, max);
    DL_APPEND(*pieces, piece);
    *n_bytes += piece_size(piece);
}

static struct error *
cut_records(struct http_call *call, const struct strbuf *data,
            struct call_piece **pieces, size_t *n_bytes)
{
    size_t i = 0;

    while (i < data->len) {
        size_t used = 0;
        bool is_whole = false;
        struct error *error = recordio_decode(&call->records, data->data + i,
                                              data->len - i, &used,
                                              &is_whole);
        if (error) {
            return error;
        }
        i += used;
        if (is_whole) {
            add_piece(pieces, n_bytes, &call->records.record);
        }
    }
    return NULL;
}

struct error *
http_call_tell_data(struct http_call *call, struct strbuf *data)
{
    struct call_piece *pieces = NULL;
    struct error *error = NULL;
    size_t n_bytes = 0;

    if (call->has_records) {
        error = cut_records(call, data, &pieces, &n_bytes);
        strbuf_clear(data);
    } else if (data->len > 0) {
        add_piece(&pieces, &n_bytes, data);
    }
    pthread_mutex_lock(&call->lock);
    DL_CONCAT(call->pieces, pieces);
    call->n_bytes += n_bytes;
    unlock_and_tell(call);
    return error;
}

bool
http_call_is_full(struct http_call *call)
{
    pthread_mutex_lock(&call->lock);
    bool is_full = call->n_bytes >= LIMIT_HTTP_READ_AHEAD;

    call->is_held |= is_full;
    pthread_mutex_unlock(&call->lock);
    return is_full;
}

void
http_call_tell_end(struct http_call *call, struct error *error)
{
    pthread_mutex_lock(&call->lock);
    if (call->is_ended) {
        error_destroy(error);           /* the first one stays */
    } else {
        call->error = call->name ? error_wrap(error, "%s", call->name)
                                 : error_wrap(error, "a call of '%s'",
                                              call->owner.id);
        call->is_ended = true;
    }
    unlock_and_tell(call);
}

/* --- the actor's turns --- */

/* Nothing is called any more. */
static void
end(struct actor *self, struct http_call *call)
{
    call->is_over = true;
    actor_timer_cancel(self, &call->look_up_timer);
    system_unwatch_exit(call->system, &call->watch);
    http_call_unref(call);
}

static struct call_piece *
take_piece(struct http_call *call)
{
    struct call_piece *piece = call->pieces;

    DL_DELETE(call->pieces, piece);
    call->n_bytes -= piece_size(piece);
    if (call->is_held && call->n_bytes <= LIMIT_HTTP_READ_AHEAD / 2) {
        call->is_held = false;
        want(call, CALL_WANTS_RESUME);
    }
    return piece;
}

/* Answer and error are in the call, which the message keeps. */
static void
tell_done(struct actor *self, struct http_call *call)
{
    struct error *error = steal(call->error);
    struct http_answer *answer = steal(call->answer);

    end(self, call);
    call->done(self, call->arg, error ? NULL : answer, error);
    http_answer_destroy(answer);
    error_destroy(error);
}

/* Calls what is next.  The lock is not held while it does. */
static void
tell_next(struct actor *self, struct http_call *call)
{
    struct call_piece *piece = NULL;
    bool is_head, is_done = false;

    pthread_mutex_lock(&call->lock);
    call->is_told = false;
    if (call->is_paused) {
        pthread_mutex_unlock(&call->lock);
        return;
    }
    is_head = call->head_is_due;
    call->head_is_due = false;
    if (!is_head && call->pieces) {
        piece = take_piece(call);
    } else if (!is_head) {
        is_done = call->is_ended;
    }
    if (is_done) {
        pthread_mutex_unlock(&call->lock);
        tell_done(self, call);
        return;
    }
    unlock_and_tell(call);
    if (is_head && call->on_head) {
        call->on_head(self, call->arg, call->answer);
    }
    if (piece) {
        call->on_data(self, call->arg, piece->data.data, piece->data.len);
        piece_destroy(piece);
    }
}

static void
call_message_run(struct actor *self, struct actor_msg *msg)
{
    struct call_body *body = actor_msg_body(msg, &call_message);
    struct http_call *call = body->call;

    if (http_client_is_owner(self, &call->owner) && !call->is_over) {
        tell_next(self, call);
    }
}

/* The owner has ended; any thread, with a lock of the core. */
static void
on_owner_exit(struct exit_watch *watch)
{
    struct http_call *call = CONTAINER_OF(watch, struct http_call, watch);

    drop(call);
    http_call_unref(call);
}

/* --- looking up a host name --- */

struct look_up {
    struct http_call *call;             /* counted */
    struct address address;
};

static struct error *
look_up_run(void *arg)
{
    struct look_up *look_up = arg;
    struct http_call *call = look_up->call;

    return http_client_of(call->system)->resolve(
        call->host, call->address.port, &look_up->address);
}

static void
look_up_done(struct actor *self, void *arg, const struct error *error)
{
    struct look_up *look_up = arg;
    struct http_call *call = look_up->call;

    if (call->is_over || call->is_ended) {
        return;                         /* cancelled, or it took too long */
    }
    actor_timer_cancel(self, &call->look_up_timer);
    if (error) {
        http_call_tell_end(call, error_clone(error));
    } else {
        call->address = look_up->address;
        start(call);
    }
}

static void
look_up_destroy(void *arg)
{
    struct look_up *look_up = arg;

    http_call_unref(look_up->call);
    free(look_up);
}

static void
on_look_up_timeout(struct actor *self UNUSED, void *arg)
{
    struct http_call *call = arg;

    http_call_tell_end(call, error_create(ERROR_TIMEOUT, "looking up host "
                                          "'%s': no answer in time",
                                          call->host));
}

static void
begin_look_up(struct actor *self, struct http_call *call)
{
    struct look_up *look_up = xcalloc(1, sizeof *look_up);
    int64_t timeout = call->timeout_ns < call->connect_timeout_ns
        ? call->timeout_ns : call->connect_timeout_ns;

    ref(call);
    look_up->call = call;
    if (timeout != DURATION_FOREVER) {
        actor_timer_start(self, &call->look_up_timer, timeout,
                          on_look_up_timeout, call);
    }
    actor_work(self, look_up_run, look_up_done, look_up, look_up_destroy);
}

/* --- what actors do --- */

static struct http_call *
create(struct actor *self, const struct http_call_options *options,
       http_call_done_fn *done, void *arg)
{
    struct http_call *call = xcalloc(1, sizeof *call);

    atomic_init(&call->refs, 1);        /* the actor's */
    call->system = actor_system_of(self);
    call->owner = *actor_upid(self);
    call->done = done;
    call->on_head = options->on_head;
    call->on_data = options->on_data;
    call->destroy = options->destroy;
    call->arg = arg;
    call->channel = options->channel;
    if (call->channel) {
        http_channel_ref(call->channel);
    }
    pthread_mutex_init(&call->lock, NULL);
    call->job.fn = on_job;
    strbuf_init(&call->head, LIMIT_HTTP_HEAD);
    strbuf_init(&call->body, STRBUF_UNLIMITED);
    call->watch.fn = on_owner_exit;
    system_watch_exit(call->system, call->owner.id, &call->watch);
    return call;
}

static struct error *
build(struct http_call *call, const struct http_call_options *options)
{
    struct http_client *client = http_client_of(call->system);

    struct error *error = http_call_build(call, options);

    if (!error && call->host && !client->resolve) {
        error = error_create(ERROR_UNSUPPORTED, "host '%s' has a name, and "
                             "the network knows addresses only", call->host);
    }
    return error;
}

struct http_call *
http_call(struct actor *self, const struct http_call_options *options,
          http_call_done_fn *done, void *arg)
{
    struct http_call *call = create(self, options, done, arg);
    struct error *error = build(call, options);

    recordio_decoder_init(&call->records,
                          error ? 0 : call->max_record);
    if (error) {
        http_call_tell_end(call, error);
        return call;
    }
    int64_t now = actor_now(self);

    call->deadline_ns = call->timeout_ns < INT64_MAX - now
        ? now + call->timeout_ns : INT64_MAX;
    if (call->host) {
        begin_look_up(self, call);
    } else {
        start(call);
    }
    return call;
}

void
http_call_cancel(struct actor *self, struct http_call **call_)
{
    struct http_call *call = steal(*call_);

    drop(call);
    end(self, call);
}

void
http_call_pause(struct actor *self UNUSED, struct http_call *call)
{
    pthread_mutex_lock(&call->lock);
    call->is_paused = true;
    pthread_mutex_unlock(&call->lock);
}

void
http_call_resume(struct actor *self UNUSED, struct http_call *call)
{
    pthread_mutex_lock(&call->lock);
    call->is_paused = false;
    unlock_and_tell(call);
}

/* --- answers --- */

int
http_answer_status(const struct http_answer *answer)
{
    return (int) answer->head.status;
}

const char *
http_answer_header(const struct http_answer *answer, const char *name)
{
    return http_head_find(&answer->head, name);
}

const char *
http_answer_body(const struct http_answer *answer, size_t *ret_size)
{
    if (ret_size) {
        *ret_size = answer->body.len;
    }
    return answer->body.data;
}

void
http_answer_take_body(struct http_answer *answer, struct strbuf *ret)
{
    size_t max = answer->body.max_len;

    strbuf_fini(ret);
    *ret = answer->body;
    strbuf_init(&answer->body, max);
}
