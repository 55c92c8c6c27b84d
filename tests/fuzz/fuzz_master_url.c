/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_master_url.c - addresses of masters as users write them. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "election/master_url.h"
#include "tests/fuzz/fuzz.h"

/* What parses has a text that parses to the same, and names an actor. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xstrndup(size > 0 ? (const char *) data : "", size);
    autofini(strbuf) again = STRBUF(1024);
    struct master_url url, url_again;
    struct address address;
    struct upid upid;
    struct error *error = master_url_parse(text, &url);

    if (error) {
        error_destroy(error);
        return 0;
    }
    master_url_format(&url, &again);
    error = master_url_parse(again.data, &url_again);
    CHECK(!error, "'%s'", text);
    CHECK(!strcmp(url.id, url_again.id), "'%s'", text);
    CHECK(!strcmp(url.host, url_again.host), "'%s'", text);
    CHECK(url.port == url_again.port && url.port > 0, "'%s'", text);
    if (master_url_number(&url, &address)) {
        error = upid_make(url.id, &address, &upid);
        CHECK(!error, "'%s'", text);
        CHECK(upid.address.port == url.port, "'%s'", text);
    }
    return 0;
}
