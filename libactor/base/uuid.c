/* SPDX-License-Identifier: Apache-2.0
 *
 * uuid.c - UUIDs as bytes and as text.
 *
 * Thread: any. */
#include <config.h>

#include <actor/uuid.h>

#include <string.h>

#include <actor/error.h>

void
uuid_make_v4(const uint8_t random[16], struct uuid *ret)
{
    memcpy(ret->bytes, random, sizeof ret->bytes);
    ret->bytes[6] = (uint8_t) ((ret->bytes[6] & 0x0f) | 0x40);
    ret->bytes[8] = (uint8_t) ((ret->bytes[8] & 0x3f) | 0x80);
}

/* Whether a dash stands before byte 'i'. */
static bool
has_dash_before(size_t i)
{
    return i == 4 || i == 6 || i == 8 || i == 10;
}

const char *
uuid_format(const struct uuid *u, char buffer[UUID_TEXT_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    char *p = buffer;

    for (size_t i = 0; i < sizeof u->bytes; i++) {
        if (has_dash_before(i)) {
            *p++ = '-';
        }
        *p++ = hex[u->bytes[i] >> 4];
        *p++ = hex[u->bytes[i] & 0x0f];
    }
    *p = '\0';
    return buffer;
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char) (c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
parse_text(const char *s, struct uuid *ret)
{
    if (strlen(s) != UUID_TEXT_SIZE - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof ret->bytes; i++) {
        if (has_dash_before(i) && *s++ != '-') {
            return false;
        }
        int high = hex_value(*s++);
        int low = hex_value(*s++);
        if (high < 0 || low < 0) {
            return false;
        }
        ret->bytes[i] = (uint8_t) (high << 4 | low);
    }
    return true;
}

struct error *
uuid_parse(const char *text, struct uuid *ret)
{
    struct uuid u;

    if (!parse_text(text, &u)) {
        return error_create(ERROR_PARSE, "invalid UUID '%.64s'", text);
    }
    *ret = u;
    return NULL;
}

struct error *
uuid_from_bytes(const void *data, size_t size, struct uuid *ret)
{
    if (size != sizeof ret->bytes) {
        return error_create(ERROR_PARSE, "a UUID of %zu bytes", size);
    }
    memcpy(ret->bytes, data, size);
    return NULL;
}

bool
uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
