/* SPDX-License-Identifier: Apache-2.0
 *
 * files_endpoint.c - /files/browse, /files/read, /files/download and
 * /files/debug: what components have attached (actor/files.h).
 *
 * The actor knows virtual paths; what is behind them is looked at in the pool.
 * Thread: the actor's turn; what works on 'struct look' alone, the pool. */
#include <config.h>

#include <actor/files.h>

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/work.h>
#include "base/name_tree.h"
#include "http/builtin/files_content.h"
#include "http/mime.h"

/* What may stand for itself in a header (RFC 9110, 5.6.2), as far as files are
 * called so. */
#define FILE_NAME_CHARACTERS \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+"

struct attached {
    struct name_leaf leaf;   /* first */
    char *name;                 /* owned */
    char *path;                 /* owned */
    struct files_guard guard;
};

struct files {
    struct actor base;
    struct name_tree attached;       /* of struct attached */
};

/* --- attaching --- */

struct attach_body {
    char *name;                 /* owned */
    char *path;                 /* owned; of a detachment it may be NULL */
    struct files_guard guard;   /* owned */
};

static void
guard_fini(struct files_guard *guard)
{
    if (guard->destroy) {
        guard->destroy(guard->aux);
    }
    *guard = (struct files_guard) { .aux = NULL };
}

static void
attach_body_fini(void *body_)
{
    struct attach_body *body = body_;

    free(body->name);
    free(body->path);
    guard_fini(&body->guard);
}

static const struct actor_msg_type msg_attach = {
    .name = "files.attach", .size = sizeof(struct attach_body),
    .fini = attach_body_fini,
};

static const struct actor_msg_type msg_detach = {
    .name = "files.detach", .size = sizeof(struct attach_body),
    .fini = attach_body_fini,
};

/* 'path' with one slash where there are several, none at its end, and no
 * component ".": one place has one name, and so one guard. */
static char *
normalize(const char *path)
{
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    bool is_absolute = path[0] == '/';

    while (*path) {
        size_t len = strcspn(path, "/");

        if (len > 1 || (len == 1 && path[0] != '.')) {
            if (is_absolute || out.len > 0) {
                strbuf_append_char(&out, '/');
            }
            strbuf_append_bytes(&out, path, len);
        }
        path += len + (path[len] == '/');
    }
    return strbuf_take(&out);
}

static void
post(struct actor_system *system, const struct actor_msg_type *type,
     const char *name, const char *path, const struct files_guard *guard)
{
    struct actor_msg *msg = actor_msg_create(type);
    struct attach_body *body = actor_msg_body(msg, type);
    struct upid upid;
    autoerror *error = actor_system_upid(system, "files", &upid);

    body->name = normalize(name);
    body->path = path ? xstrdup(path) : NULL;
    if (guard) {
        body->guard = *guard;
    }
    if (error) {
        actor_msg_destroy(msg);
    } else {
        actor_post(system, &upid, &msg);
    }
}

void
files_attach(struct actor_system *system, const char *name, const char *path,
             const struct files_guard *guard)
{
    post(system, &msg_attach, name, path, guard);
}

void
files_detach(struct actor_system *system, const char *name, const char *path)
{
    post(system, &msg_detach, name, path, NULL);
}

static struct attached *
find(const struct files *f, const char *name)
{
    return (struct attached *) name_tree_find(&f->attached, name);
}

static void
detach(struct files *f, struct attached *a)
{
    name_tree_remove(&f->attached, &a->leaf);
    guard_fini(&a->guard);
    free(a->name);
    free(a->path);
    free(a);
}

static void
on_attach(struct actor *self, struct actor_msg *msg)
{
    struct files *f = (struct files *) self;
    struct attach_body *body = actor_msg_body(msg, &msg_attach);
    struct attached *old = find(f, body->name);
    struct attached *a = xcalloc(1, sizeof *a);

    if (old) {
        detach(f, old);
    }
    a->name = steal(body->name);
    a->path = steal(body->path);
    a->guard = body->guard;
    body->guard = (struct files_guard) { .aux = NULL };
    a->leaf.name = a->name;
    name_tree_add(&f->attached, &a->leaf);
}

static void
on_detach(struct actor *self, struct actor_msg *msg)
{
    struct files *f = (struct files *) self;
    const struct attach_body *body = actor_msg_body(msg, &msg_detach);
    struct attached *a = find(f, body->name);

    if (a && (!body->path || !strcmp(a->path, body->path))) {
        detach(f, a);
    }
}

/* --- looking --- */

struct look {
    struct http_request *request;       /* owned until answered */
    struct files_place place;
    struct error *(*fn)(struct look *);
    int64_t offset;                     /* of /files/read */
    int64_t length;
    struct strbuf body;
    int fd;                             /* of /files/download; owned */
};

static void
look_destroy(void *look_)
{
    struct look *look = look_;

    if (look->request) {
        http_respond_text(&look->request, 503, "503 Service Unavailable.");
    }
    free(look->place.name);
    free(look->place.root);
    free(look->place.rest);
    strbuf_fini(&look->body);
    alloc_close_indirect(&look->fd);
    free(look);
}

/* In the pool. */
static struct error *
look_run(void *look_)
{
    struct look *look = look_;

    return look->fn(look);
}

/* As Mesos words it: a line, but nothing for what is not there. */
static void
respond_failure(struct http_request **request, const struct error *error)
{
    int status = error_code_http_status(error_code(error));

    if (status == 404) {
        http_respond_text(request, status, "%s", "");
    } else {
        http_respond_text(request, status, "%s\n", error_text(error));
    }
}

static void
on_looked(struct actor *self UNUSED, void *look_, const struct error *error)
{
    struct look *look = look_;

    if (error) {
        respond_failure(&look->request, error);
    } else {
        http_respond_json(&look->request, &look->body);
    }
}

/* The longest attached prefix of 'name'; '*ret_rest' is what follows it. */
static struct attached *
find_prefix(const struct files *f, const char *name, const char **ret_rest)
{
    autofree char *prefix = xstrdup(name);
    size_t len = strlen(name);

    for (;;) {
        struct attached *a = find(f, prefix);

        if (a) {
            *ret_rest = name[len] == '/' ? name + len + 1 : name + len;
            return a;
        }
        while (len > 0 && name[len - 1] != '/') {
            len--;
        }
        if (len == 0) {
            return NULL;
        }
        prefix[--len] = '\0';
    }
}

/* Where 'path' of the query leads, for 'request' to be answered from there.
 * NULL: the request has been answered. */
static struct look *
look_create(struct files *f, struct http_request *request)
{
    const char *path = http_request_query(request, "path");
    const char *rest;

    if (!path) {
        http_respond_text(&request, 400,
                          "Expecting 'path=value' in query.\n");
        return NULL;
    }
    autofree char *name = normalize(path);
    const struct attached *a =
        strlen(name) < PATH_MAX ? find_prefix(f, name, &rest) : NULL;
    if (!a) {
        http_respond_text(&request, 404, "%s", "");
        return NULL;
    }
    if (a->guard.permits && !a->guard.permits(a->guard.aux, request)) {
        http_respond_text(&request, 403, "%s", "");
        return NULL;
    }
    struct look *look = xcalloc(1, sizeof *look);

    look->request = request;
    look->place.root = xstrdup(a->path);
    look->place.rest = xstrdup(rest);
    look->place.name = steal(name);
    strbuf_init(&look->body, STRBUF_UNLIMITED);
    look->fd = -1;
    return look;
}

static void
look_start(struct files *f, struct look *look,
           struct error *(*fn)(struct look *), actor_work_done_fn *done)
{
    look->fn = fn;
    actor_work(&f->base, look_run, done, look, look_destroy);
}

/* --- the endpoints --- */

static struct error *
look_browse(struct look *look)
{
    return files_browse(&look->place, &look->body);
}

static void
on_browse(struct actor *self, struct http_request *request)
{
    struct look *look = look_create((struct files *) self, request);

    if (look) {
        look_start((struct files *) self, look, look_browse, on_looked);
    }
}

static struct error *
look_read(struct look *look)
{
    return files_read(&look->place, look->offset, look->length, &look->body);
}

/* A whole number of the query; '*ret' stays as it is if there is none. */
static struct error *
query_number(const struct http_request *request, const char *name,
             int64_t *ret)
{
    const char *text = http_request_query(request, name);
    char *end;

    if (!text) {
        return NULL;
    }
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || !strchr("-0123456789", text[0])
        || text[0] == '\0') {
        return error_create(ERROR_INVALID, "Failed to parse %s: Failed to "
                            "convert '%.64s' to number.", name, text);
    }
    *ret = value;
    return NULL;
}

static void
on_read(struct actor *self, struct http_request *request)
{
    struct look *look = look_create((struct files *) self, request);

    if (!look) {
        return;
    }
    look->offset = look->length = -1;
    autoerror *error = query_number(request, "offset", &look->offset);
    if (!error) {
        error = query_number(request, "length", &look->length);
    }
    if (error) {
        respond_failure(&look->request, error);
        look_destroy(look);
    } else {
        look_start((struct files *) self, look, look_read, on_looked);
    }
}

/* What a browser saves the file as, in quotes if need be. */
static void
set_disposition(struct http_request *request, const char *path)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *quote = name[strspn(name, FILE_NAME_CHARACTERS)] ? "\"" : "";
    autofini(strbuf) value = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&value, "attachment; filename=%s", quote);
    for (; *name; name++) {
        if (*name == '"' || *name == '\\') {
            strbuf_append_char(&value, '\\');
        }
        strbuf_append_char(&value, *name);
    }
    strbuf_append(&value, quote);
    http_response_header(request, "Content-Disposition", value.data);
}

static struct error *
look_download(struct look *look)
{
    return files_open(&look->place, &look->fd);
}

static void
on_opened(struct actor *self UNUSED, void *look_, const struct error *error)
{
    struct look *look = look_;
    const char *type = http_mime_type(look->place.name);

    if (error) {
        respond_failure(&look->request, error);
        return;
    }
    set_disposition(look->request, look->place.name);
    http_respond_open_file(&look->request, &look->fd, look->place.name,
                           type ? type : "application/octet-stream");
}

static void
on_download(struct actor *self, struct http_request *request)
{
    struct look *look = look_create((struct files *) self, request);

    if (look) {
        look_start((struct files *) self, look, look_download, on_opened);
    }
}

static void
on_debug(struct actor *self, struct http_request *request)
{
    struct files *f = (struct files *) self;
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);
    struct name_leaf *leaf;
    const char *last = NULL;

    json_object_begin(&w);
    while (name_tree_list(&f->attached, last, &leaf, 1) == 1) {
        json_member_string(&w, leaf->name, ((struct attached *) leaf)->path);
        last = leaf->name;
    }
    json_object_end(&w);
    http_respond_json(&request, &body);
}

static const struct http_route routes[] = {
    {
        "/browse", on_browse,
        "Returns a file listing for a directory.",
        "Lists files and directories contained in the path as a JSON "
        "array, sorted by path; empty for a file.\n\n"
        "Query parameters:\n\n"
        ">        path=VALUE          The path of directory to browse.",
        .realm = "readonly",
    },
    {
        "/read", on_read,
        "Reads data from a file.",
        "Returns {\"data\": ..., \"offset\": ...}.  Without an offset, or "
        "with -1, no data and the size of the file.  At most 64 KiB are "
        "returned at a time; bytes that are not UTF-8 as U+FFFD.\n\n"
        "Query parameters:\n\n"
        ">        path=VALUE          The path of file to read.\n"
        ">        offset=VALUE        Where to begin, in bytes.\n"
        ">        length=VALUE        How much to return at most, in bytes.",
        .realm = "readonly",
    },
    {
        "/download", on_download,
        "Returns the raw file contents for a given path.",
        "As an attachment, with ETag and ranges.\n\n"
        "Query parameters:\n\n"
        ">        path=VALUE          The path of file to download.",
        .realm = "readonly",
    },
    {
        "/debug", on_debug,
        "Returns the internal virtual path mapping.",
        "Returns a JSON object: each virtual path and the file or directory "
        "that it stands for.",
        .realm = "readonly",
    },
};

static struct error *
files_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static void
files_fini(struct actor *self)
{
    struct files *f = (struct files *) self;
    struct name_leaf *leaf;

    while (name_tree_list(&f->attached, NULL, &leaf, 1) == 1) {
        detach(f, (struct attached *) leaf);
    }
    name_tree_fini(&f->attached);
}

static const struct actor_handler handlers[] = {
    { &msg_attach, on_attach },
    { &msg_detach, on_detach },
};

static const struct actor_type files_type = {
    .name = "files", .size = sizeof(struct files), .init = files_init,
    .fini = files_fini, .handlers = handlers,
    .n_handlers = ARRAY_SIZE(handlers),
};

struct error *
files_start(struct actor_system *system)
{
    struct error *error = actor_spawn(system, &files_type, "files", NULL,
                                      NULL);

    if (error && error_code(error) == ERROR_EXISTS) {
        error_destroy(error);
        return NULL;
    }
    return error;
}
