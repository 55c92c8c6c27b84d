/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_recordio.c - a stream of records, whole and byte by byte: the outcome
 * is the same, and what was decoded is encoded as it came. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>
#include "http/recordio.h"
#include "tests/fuzz/fuzz.h"

#define MAX_SIZE 1000

/* Encodes again what is decoded, into 'out'. */
static struct error *
decode(const uint8_t *data, size_t size, size_t step, struct strbuf *out)
{
    struct recordio_decoder decoder;
    struct error *error = NULL;
    size_t i = 0;

    recordio_decoder_init(&decoder, MAX_SIZE);
    while (i < size && !error) {
        size_t used = 0;
        bool is_whole = false;

        error = recordio_decode(&decoder, data + i,
                                size - i < step ? size - i : step, &used,
                                &is_whole);
        i += used;
        if (!error && decoder.record.len > MAX_SIZE) {
            abort();
        }
        if (is_whole) {
            recordio_encode(out, decoder.record.data, decoder.record.len);
            strbuf_clear(&decoder.record);
        }
    }
    if (!error) {
        error = recordio_end(&decoder);
    }
    recordio_decoder_fini(&decoder);
    return error;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofini(strbuf) whole = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) pieces = STRBUF(STRBUF_UNLIMITED);
    autoerror *error = decode(data, size, size, &whole);
    autoerror *other = decode(data, size, 1, &pieces);

    if (!error != !other
        || (error && strcmp(error_text(error), error_text(other)) != 0)
        || whole.len != pieces.len
        || memcmp(whole.data, pieces.data, whole.len) != 0) {
        abort();
    }
    if (!error && whole.len != size) {
        abort();
    }
    if (whole.len > size || memcmp(whole.data, data, whole.len) != 0) {
        abort();
    }
    return 0;
}
