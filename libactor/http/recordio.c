/* SPDX-License-Identifier: Apache-2.0
 *
 * recordio.c - records in a stream of bytes; see recordio.h.  Thread: any. */
#include <config.h>

#include "http/recordio.h"

#include <inttypes.h>

#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>

void
recordio_encode(struct strbuf *out, const void *data, size_t size)
{
    strbuf_append_uint(out, size);
    strbuf_append_char(out, '\n');
    strbuf_append_bytes(out, data, size);
}

void
recordio_decoder_init(struct recordio_decoder *decoder, size_t max_size)
{
    CHECK(max_size <= LIMIT_RECORD, "%zu bytes", max_size);
    *decoder = (struct recordio_decoder) { .record = STRBUF(max_size) };
}

void
recordio_decoder_fini(struct recordio_decoder *decoder)
{
    strbuf_fini(&decoder->record);
}

static struct error *
malformed_length(const struct recordio_decoder *decoder, unsigned char c)
{
    if (c == '\n') {
        return error_create(ERROR_PARSE, "no length of a record at offset %"
                            PRIu64, decoder->offset);
    }
    if (c >= '0' && c <= '9') {
        return error_create(ERROR_PARSE, "a zero before the length of a "
                            "record at offset %" PRIu64,
                            decoder->length_offset);
    }
    return error_create(ERROR_PARSE, "byte 0x%02x in the length of a record "
                        "at offset %" PRIu64, c, decoder->offset);
}

static struct error *
length_char(struct recordio_decoder *decoder, unsigned char c)
{
    size_t max = decoder->record.max_len;

    if (decoder->n_digits == 0) {
        decoder->length_offset = decoder->offset;
    }
    if (c == '\n' && decoder->n_digits > 0) {
        decoder->in_record = true;
        return NULL;
    }
    if (c < '0' || c > '9' || (decoder->n_digits > 0 && !decoder->length)) {
        return malformed_length(decoder, c);
    }
    /* The limit is far from where this would overflow. */
    decoder->length = decoder->length * 10 + (size_t) (c - '0');
    decoder->n_digits++;
    if (decoder->length > max) {
        return error_create(ERROR_TOO_LARGE, "the record at offset %" PRIu64
                            " has more than %zu bytes",
                            decoder->length_offset, max);
    }
    return NULL;
}

/* Takes bytes of the record's content; returns how many. */
static size_t
take_content(struct recordio_decoder *decoder, const char *data, size_t size)
{
    size_t left = decoder->length - decoder->record.len;
    size_t n = size < left ? size : left;

    strbuf_append_bytes(&decoder->record, data, n);
    decoder->offset += n;
    return n;
}

static bool
is_whole(const struct recordio_decoder *decoder)
{
    return decoder->in_record && decoder->record.len == decoder->length;
}

static void
begin_next(struct recordio_decoder *decoder)
{
    decoder->in_record = false;
    decoder->n_digits = 0;
    decoder->length = 0;
}

struct error *
recordio_decode(struct recordio_decoder *decoder, const void *data_,
                size_t size, size_t *ret_used, bool *ret_is_whole)
{
    const char *data = data_;
    size_t i = 0;
    bool whole = false;

    while (i < size && !decoder->in_record) {
        struct error *error = length_char(decoder, (unsigned char) data[i]);
        if (error) {
            return error;
        }
        i++;
        decoder->offset++;
    }
    if (decoder->in_record) {
        i += take_content(decoder, data + i, size - i);
        whole = is_whole(decoder);
    }
    if (decoder->record.overflow) {
        return error_create(ERROR_NO_MEMORY, "no memory for the record at "
                            "offset %" PRIu64, decoder->length_offset);
    }
    if (whole) {
        begin_next(decoder);
    }
    *ret_used = i;
    *ret_is_whole = whole;
    return NULL;
}

struct error *
recordio_end(const struct recordio_decoder *decoder)
{
    if (!decoder->in_record && decoder->n_digits == 0) {
        return NULL;
    }
    return error_create(ERROR_CLOSED, "the stream ends at offset %" PRIu64
                        " within the record at offset %" PRIu64,
                        decoder->offset, decoder->length_offset);
}
