/* SPDX-License-Identifier: Apache-2.0
 *
 * recordio.h - records in a stream of bytes, as the streaming answers of the
 * v1 API have them: the length in decimal, a line feed, that many bytes;
 * nothing before, between or after.
 *
 * A length has digits only, none too many, and is not above the decoder's
 * limit; a record may be empty.  Memory is taken as bytes come, not as a
 * length promises.  The first error ends a stream for good: where the next
 * record begins is not known any more.
 *
 * Thread-safety: one thread at a time. */
#ifndef HTTP_RECORDIO_H
#define HTTP_RECORDIO_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/strbuf.h>

struct error;

/* Appends a record of 'size' bytes to 'out'. */
void recordio_encode(struct strbuf *out, const void *data, size_t size);

struct recordio_decoder {
    struct strbuf record;       /* owned; what has come of the record */
    uint64_t offset;            /* bytes of the stream seen so far */
    uint64_t length_offset;     /* where the present length began */
    size_t length;              /* as far as its digits have come */
    unsigned n_digits;
    bool in_record;             /* the length is over */
};

/* 'max_size' is the most that a record may have, at most LIMIT_RECORD. */
void recordio_decoder_init(struct recordio_decoder *, size_t max_size);
void recordio_decoder_fini(struct recordio_decoder *);

/* Looks at the next bytes, to the end of the present record and not beyond;
 * '*ret_used' is how many those were.  '*ret_is_whole': 'record' is complete,
 * the caller takes it or copies it, and clears it before the next call.
 *
 * ERROR_PARSE: not a length; ERROR_TOO_LARGE: above the limit;
 * ERROR_NO_MEMORY.  The text says at which offset of the stream. */
struct error *recordio_decode(struct recordio_decoder *, const void *data,
                              size_t size, size_t *ret_used,
                              bool *ret_is_whole) MUST_CHECK;

/* The stream has ended: ERROR_CLOSED if that was within a record. */
struct error *recordio_end(const struct recordio_decoder *) MUST_CHECK;

#endif /* HTTP_RECORDIO_H */
