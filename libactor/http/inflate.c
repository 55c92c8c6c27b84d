/* SPDX-License-Identifier: Apache-2.0
 *
 * inflate.c - content that came as gzip; see inflate.h.  Thread: any. */
#include <config.h>

#include "http/inflate.h"

#include <stdbool.h>
#include <zlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>

#define GZIP_ONLY (15 + 16)     /* zlib's: largest window, gzip's header */
#define PIECE_SIZE (16 * 1024)

struct http_inflate {
    z_stream z;
    bool is_ended;              /* the member is whole */
};

struct http_inflate *
http_inflate_create(void)
{
    struct http_inflate *inflation = xcalloc(1, sizeof *inflation);

    if (inflateInit2(&inflation->z, GZIP_ONLY) != Z_OK) {
        free(inflation);
        return NULL;
    }
    return inflation;
}

void
http_inflate_destroy(struct http_inflate *inflation)
{
    if (inflation) {
        inflateEnd(&inflation->z);
        free(inflation);
    }
}

static struct error *
append(struct strbuf *out, const void *data, size_t size)
{
    if (size > out->max_len - out->len) {
        return error_create(ERROR_TOO_LARGE,
                            "the content has more than %zu bytes",
                            out->max_len);
    }
    strbuf_append_bytes(out, data, size);
    return out->overflow ? error_create(ERROR_NO_MEMORY,
                                        "no memory for the content")
                         : NULL;
}

/* Inflates as much as fits into a piece. */
static struct error *
inflate_piece(struct http_inflate *inflation, struct strbuf *out)
{
    unsigned char piece[PIECE_SIZE];
    z_stream *z = &inflation->z;

    z->next_out = piece;
    z->avail_out = sizeof piece;
    int result = inflate(z, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) {
        return error_create(ERROR_NO_MEMORY, "no memory to inflate gzip");
    }
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        return error_create(ERROR_PARSE, "malformed gzip after %lu bytes: %s",
                            z->total_in, z->msg ? z->msg : "not gzip");
    }
    inflation->is_ended = result == Z_STREAM_END;
    return append(out, piece, sizeof piece - z->avail_out);
}

struct error *
http_inflate(struct http_inflate *inflation, const void *data, size_t size,
             struct strbuf *out)
{
    z_stream *z = &inflation->z;
    const unsigned char *next = data;

    while (size > 0) {
        uInt n = size < UINT32_MAX ? (uInt) size : UINT32_MAX;

        z->next_in = (unsigned char *) next;
        z->avail_in = n;
        next += n;
        size -= n;
        do {
            if (inflation->is_ended) {
                return error_create(ERROR_PARSE, "bytes behind the end of "
                                    "gzip, after %lu bytes", z->total_in);
            }
            struct error *error = inflate_piece(inflation, out);
            if (error) {
                return error;
            }
        } while (z->avail_in > 0 || (z->avail_out == 0
                                     && !inflation->is_ended));
    }
    return NULL;
}

struct error *
http_inflate_end(const struct http_inflate *inflation)
{
    if (inflation->is_ended) {
        return NULL;
    }
    return error_create(ERROR_PARSE, "gzip ends early, after %lu bytes",
                        inflation->z.total_in);
}
