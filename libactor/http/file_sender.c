/* SPDX-License-Identifier: Apache-2.0
 *
 * file_sender.c - answers a request with a file.
 *
 * An actor for each answer.  The pool opens the file and reads its first
 * piece, which is all of most files.  Of larger ones a piece is read while the
 * one before is written: memory is two pieces, however slow the reader is. */
#include <config.h>

#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/log.h>
#include <actor/system.h>
#include <actor/work.h>
#include "http/date.h"
#include "http/file.h"
#include "http/internal.h"
#include "http/stream.h"

struct sender {
    struct actor base;
    struct http_request *request;       /* owned until it is answered */
    char *content_type;                 /* owned; NULL: by extension */
    struct file *file;                  /* owned; NULL: in the pool */
    struct http_stream *stream;         /* owned; NULL: not yet */
    bool is_drained;                    /* the reader wants more */
    bool has_piece;                     /* read and not yet written */
};

/* What goes to the pool and back. */
struct errand {
    struct file *file;                  /* owned */
    const struct http_head *head;       /* of a request of ours; opening */
    struct http_request *request;       /* owned; likewise */
    int64_t now_ns;
};

static void
errand_destroy(void *errand_)
{
    struct errand *errand = errand_;

    if (errand->request) {
        http_respond_text(&errand->request, 503, "503 Service Unavailable.");
    }
    file_destroy(errand->file);
    free(errand);
}

/* --- ends --- */

static void
respond_error(struct sender *s, const struct error *error)
{
    int status = error_code_http_status(error_code(error));

    if (status != 404 && status != 403) {
        log_warn_every(SECOND, "Cannot answer with a file: %s",
                       error_text(error));
    }
    strbuf_clear(&s->request->headers);
    http_respond_text(&s->request, status, "%d %s.", status,
                      http_status_text(status));
}

static void
finish(struct sender *s)
{
    http_stream_end(&s->stream);
    actor_stop(&s->base);
}

static void
on_closed(struct actor *self, void *arg UNUSED)
{
    finish((struct sender *) self);
}

/* --- pieces --- */

static struct error *
run_read(void *errand)
{
    return file_read(((struct errand *) errand)->file);
}

static void on_read(struct actor *self, void *arg, const struct error *);

static void
read_next(struct sender *s)
{
    struct errand *errand = xcalloc(1, sizeof *errand);

    errand->file = steal(s->file);
    actor_work(&s->base, run_read, on_read, errand, errand_destroy);
}

/* Writes the piece that is there if the reader wants it, and has the next one
 * read. */
static void
write_piece(struct sender *s)
{
    if (!s->has_piece || !s->is_drained) {
        return;
    }
    s->has_piece = s->is_drained = false;
    http_stream_write(s->stream, &s->file->piece);
    if (s->file->left == 0) {
        finish(s);
    } else {
        read_next(s);
    }
}

static void
on_read(struct actor *self, void *arg, const struct error *error)
{
    struct sender *s = (struct sender *) self;

    s->file = steal(((struct errand *) arg)->file);
    if (error) {
        log_warn_every(SECOND, "Breaking off an answer: %s",
                       error_text(error));
        http_stream_abort(&s->stream);
        actor_stop(self);
        return;
    }
    s->has_piece = true;
    write_piece(s);
}

static void
on_drained(struct actor *self, void *arg UNUSED)
{
    struct sender *s = (struct sender *) self;

    s->is_drained = true;
    write_piece(s);
}

/* --- the answer --- */

static void
add_headers(struct sender *s)
{
    const struct http_selection *selection = &s->file->selection;
    const struct http_validators *v = &s->file->validators;
    char date[HTTP_DATE_SIZE];

    http_date_format(v->modified_s, date);
    http_response_header(s->request, "ETag", v->etag);
    http_response_header(s->request, "Last-Modified", date);
    http_response_header(s->request, "Accept-Ranges", "bytes");
    if (selection->status == 206) {
        autofini(strbuf) range = STRBUF(STRBUF_UNLIMITED);

        strbuf_printf(&range, "bytes %llu-%llu/%llu",
                      (unsigned long long) selection->first,
                      (unsigned long long) (selection->first
                                            + selection->length - 1),
                      (unsigned long long) v->size);
        http_response_header(s->request, "Content-Range", range.data);
    }
}

static void
respond_unsatisfiable(struct sender *s)
{
    autofini(strbuf) range = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&range, "bytes */%llu",
                  (unsigned long long) s->file->validators.size);
    strbuf_clear(&s->request->headers);
    http_response_header(s->request, "Content-Range", range.data);
    http_respond_text(&s->request, 416, "416 %s.", http_status_text(416));
}

/* 200 or 206: the first piece is all of it, or the beginning, or it was not
 * asked for. */
static void
respond_content(struct sender *s)
{
    const struct http_selection *selection = &s->file->selection;
    const char *type = s->content_type ? s->content_type : s->file->type;

    add_headers(s);
    s->request->is_final = true;
    s->request->has_length = true;
    s->request->length = selection->length;
    if (s->file->left == 0) {
        http_respond(&s->request, selection->status, type, &s->file->piece);
        actor_stop(&s->base);
        return;
    }
    s->stream = http_respond_stream(&s->base, &s->request, selection->status,
                                    type, on_closed, NULL);
    http_stream_on_drained(s->stream, on_drained);
    s->has_piece = s->is_drained = true;
    write_piece(s);
}

static void
respond(struct sender *s)
{
    switch (s->file->selection.status) {
    case 200:
    case 206:
        respond_content(s);
        return;
    case 304:
        add_headers(s);
        http_respond(&s->request, 304, NULL, NULL);
        break;
    case 416:
        respond_unsatisfiable(s);
        break;
    default:
        http_respond_text(&s->request, 412, "412 %s.", http_status_text(412));
        break;
    }
    actor_stop(&s->base);
}

static struct error *
run_open(void *errand_)
{
    struct errand *errand = errand_;

    return file_open(errand->file, errand->head, errand->now_ns);
}

static void
on_opened(struct actor *self, void *arg, const struct error *error)
{
    struct sender *s = (struct sender *) self;
    struct errand *errand = arg;

    s->file = steal(errand->file);
    s->request = steal(errand->request);
    if (error) {
        respond_error(s, error);
        actor_stop(self);
        return;
    }
    respond(s);
}

/* --- life --- */

struct arguments {
    struct http_request **request;      /* taken */
    struct file *file;                  /* taken */
    const char *content_type;
};

static struct error *
sender_init(struct actor *self, void *arguments_)
{
    struct arguments *a = arguments_;
    struct sender *s = (struct sender *) self;
    struct errand *errand = xcalloc(1, sizeof *errand);

    s->content_type = a->content_type ? xstrdup(a->content_type) : NULL;
    errand->file = steal(a->file);
    errand->now_ns = actor_wall_now(self);
    errand->request = steal(*a->request);
    errand->head = &errand->request->head;
    actor_work(self, run_open, on_opened, errand, errand_destroy);
    return NULL;
}

static void
sender_fini(struct actor *self)
{
    struct sender *s = (struct sender *) self;

    if (s->stream) {
        http_stream_abort(&s->stream);
    }
    file_destroy(s->file);
    free(s->content_type);
}

static const struct actor_type sender_type = {
    .name = "__file__", .size = sizeof(struct sender), .init = sender_init,
    .fini = sender_fini,
};

/* Takes 'file'. */
static void
send_file(struct http_request **request, struct file *file,
          const char *content_type)
{
    static const char *const methods[] = { "GET" };
    const char *method = http_request_method(*request);
    struct arguments arguments = { request, file, content_type };

    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        file_destroy(file);
        http_respond_method_not_allowed(request, methods,
                                        ARRAY_SIZE(methods));
        return;
    }
    struct actor_system *system = http_request_system(*request);
    struct error *error = actor_spawn(system, &sender_type, NULL, &arguments,
                                      NULL);
    if (error) {
        file_destroy(arguments.file);
        http_respond_error(request, error);
    }
}

static const struct actor_disk *
disk_of(const struct http_request *request)
{
    return actor_system_disk(http_request_system(request));
}

void
http_respond_file(struct http_request **request, const char *path,
                  const char *content_type)
{
    send_file(request, file_create(disk_of(*request), NULL, path),
              content_type);
}

void
http_respond_open_file(struct http_request **request, int *fd,
                       const char *name, const char *content_type)
{
    int taken = *fd;

    *fd = -1;
    send_file(request, file_create_open(&actor_disk_real, taken, name),
              content_type);
}

void
http_respond_file_below(struct http_request **request, const char *root)
{
    const char *path = http_request_rest(*request);

    send_file(request, file_create(disk_of(*request), root, path), NULL);
}
