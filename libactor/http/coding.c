/* SPDX-License-Identifier: Apache-2.0
 *
 * coding.c - answers as gzip; see coding.h.
 *
 * What is small is coded by the connection's worker; it takes less than to
 * carry it anywhere.  What is large would stop the worker, or the actor, for
 * as long as a second: it goes to the pool, with an actor to bring it back. */
#include <config.h>

#include "http/coding.h"

#include <string.h>
#include <strings.h>
#include <zlib.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/strbuf.h>
#include <actor/work.h>
#include "http/internal.h"

#define LARGE (32 * 1024)
#define GZIP_FORMAT (15 + 16)   /* zlib's: largest window, gzip's header */
#define PIECE_SIZE (64 * 1024)

/* --- Accept-Encoding --- */

#define Q_MAX 1000

/* The weight, in thousandths, of ";q=0.5" and what else may stand behind a
 * coding; malformed ones count as refusals. */
static int
parse_weight(const char *p, const char *end)
{
    int weight = 0, unit = Q_MAX;

    p += strspn(p, " \t");
    if (p >= end) {
        return Q_MAX;
    }
    p += *p == ';';
    p += strspn(p, " \t");
    if (strncasecmp(p, "q=", 2) != 0 || (p[2] != '0' && p[2] != '1')) {
        return 0;
    }
    weight = (p[2] - '0') * Q_MAX;
    p += 3;
    if (p < end && *p == '.') {
        for (p++; p < end && *p >= '0' && *p <= '9' && unit > 1; p++) {
            unit /= 10;
            weight += (*p - '0') * unit;
        }
    }
    p += strspn(p, " \t");
    return p >= end && weight <= Q_MAX ? weight : 0;
}

static bool
is_name(const char *p, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(p, name, len) == 0;
}

/* Weights as far as they are known; -1: not named. */
struct weights {
    int gzip;
    int identity;
    int any;
};

static void
read_weights(const char *value, struct weights *w)
{
    for (const char *p = value + strspn(value, " \t,"); *p;
         p += strspn(p, " \t,")) {
        const char *end = p + strcspn(p, ",");
        size_t len = strcspn(p, "; \t,");
        int weight = parse_weight(p + len, end);

        if (is_name(p, len, "gzip") || is_name(p, len, "x-gzip")) {
            w->gzip = weight;
        } else if (is_name(p, len, "identity")) {
            w->identity = weight;
        } else if (is_name(p, len, "*")) {
            w->any = weight;
        }
        p = end;
    }
}

static bool
prefers_gzip(const struct weights *w)
{
    int gzip = w->gzip >= 0 ? w->gzip : w->any;

    return gzip > 0 && gzip >= w->identity;
}

bool
http_accept_encoding_has_gzip(const char *value)
{
    struct weights w = { -1, -1, -1 };

    read_weights(value, &w);
    return prefers_gzip(&w);
}

bool
http_accepts_gzip(const struct http_head *head)
{
    struct weights w = { -1, -1, -1 };

    for (unsigned i = 0; i < head->n_headers; i++) {
        if (strcasecmp(head->headers[i].name, "Accept-Encoding") == 0) {
            read_weights(head->headers[i].value, &w);
        }
    }
    return prefers_gzip(&w);
}

/* --- gzip --- */

/* Gives zlib up to a piece of room; false: no more than 'data' has. */
static bool
deflate_piece(z_stream *z, int flush, size_t max, struct strbuf *out)
{
    char *room = strbuf_reserve(out, PIECE_SIZE);

    if (!room || out->len >= max) {
        return false;
    }
    z->next_out = (unsigned char *) room;
    z->avail_out = PIECE_SIZE;
    deflate(z, flush);
    strbuf_advance(out, PIECE_SIZE - z->avail_out);
    return true;
}

static bool
deflate_all(z_stream *z, const struct strbuf *data, struct strbuf *out)
{
    size_t done = 0;

    do {
        size_t n = data->len - done < UINT32_MAX ? data->len - done
                                                 : UINT32_MAX;
        bool is_last = done + n == data->len;

        z->next_in = (unsigned char *) data->data + done;
        z->avail_in = (uInt) n;
        done += n;
        do {
            if (!deflate_piece(z, is_last ? Z_FINISH : Z_NO_FLUSH, data->len,
                               out)) {
                return false;
            }
        } while (z->avail_out == 0);
    } while (done < data->len);
    return out->len < data->len;
}

bool
http_gzip(const struct strbuf *data, struct strbuf *out)
{
    z_stream z = { .zalloc = NULL };

    if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_FORMAT, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return false;
    }
    bool is_smaller = deflate_all(&z, data, out);

    deflateEnd(&z);
    return is_smaller;
}

static void
code(struct http_request *request)
{
    autofini(strbuf) coded = STRBUF(STRBUF_UNLIMITED);

    request->is_to_code = false;
    if (http_gzip(&request->content, &coded)) {
        struct strbuf plain = request->content;

        request->content = coded;
        coded = plain;
        http_response_header(request, "Content-Encoding", "gzip");
    }
}

void
http_coding_finish(struct http_request *request)
{
    if (request->is_to_code) {
        code(request);
    }
}

/* --- in the pool --- */

struct coder {
    struct actor base;
};

static struct error *
run_code(void *request)
{
    code(request);
    return NULL;
}

static void
on_coded(struct actor *self, void *request UNUSED,
         const struct error *error UNUSED)
{
    actor_stop(self);
}

static void
take_home(void *request_)
{
    struct http_request *request = request_;

    http_request_send_home(&request);
}

static struct error *
coder_init(struct actor *self, void *request)
{
    actor_work(self, run_code, on_coded, request, take_home);
    return NULL;
}

static const struct actor_type coder_type = {
    .name = "__gzip__", .size = sizeof(struct coder), .init = coder_init,
};

/* --- deciding --- */

static bool
has_coding(const struct http_request *request)
{
    return strcasestr(request->headers.data, "\nContent-Encoding:")
        || strncasecmp(request->headers.data, "Content-Encoding:", 17) == 0;
}

bool
http_coding_begin(struct http_request **request)
{
    struct http_request *r = *request;

    if (r->content.len < HTTP_CODING_MIN || r->is_final || r->stream
        || r->status == 204 || r->status == 304 || has_coding(r)) {
        return false;
    }
    http_response_header(r, "Vary", "Accept-Encoding");
    r->is_to_code = http_accepts_gzip(&r->head);
    if (!r->is_to_code || r->content.len <= LARGE) {
        return false;
    }
    struct error *error = actor_spawn(http_request_system(r), &coder_type,
                                      NULL, r, NULL);
    if (error) {
        r->is_to_code = false;          /* we are ending: as it is, then */
        error_drop(error);
        return false;
    }
    *request = NULL;
    return true;
}
