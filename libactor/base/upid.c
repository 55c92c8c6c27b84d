/* SPDX-License-Identifier: Apache-2.0
 *
 * upid.c - names of actors as text and as values.
 *
 * Thread: any. */
#include <config.h>

#include <actor/upid.h>

#include <string.h>

#include <actor/error.h>
#include <actor/table.h>

static bool
id_byte_is_valid(unsigned char c)
{
    return c > ' ' && c != 0x7f && c != '/' && c != '@';
}

static struct error *
id_check(const char *id, size_t len)
{
    if (len == 0) {
        return error_create(ERROR_PARSE, "the id of the actor is empty");
    }
    if (len > UPID_ID_MAX) {
        return error_create(ERROR_PARSE,
                            "the id of the actor has %zu bytes, at most %d "
                            "are allowed", len, UPID_ID_MAX);
    }
    for (size_t i = 0; i < len; i++) {
        if (!id_byte_is_valid((unsigned char) id[i])) {
            return error_create(ERROR_PARSE,
                                "byte %zu of the actor's id is not allowed",
                                i + 1);
        }
    }
    return NULL;
}

static struct error *
upid_make_n(const char *id, size_t len, const struct address *address,
            struct upid *ret)
{
    struct error *error = id_check(id, len);

    if (error) {
        return error;
    }
    *ret = (struct upid) { .address = *address };
    memcpy(ret->id, id, len);
    return NULL;
}

struct error *
upid_parse(const char *text, struct upid *ret)
{
    const char *at = strchr(text, '@');
    struct address address;
    struct error *error;

    if (!at) {
        return error_create(ERROR_PARSE,
                            "parsing UPID '%.128s': expected 'id@ip:port'",
                            text);
    }
    error = address_parse(at + 1, &address);
    if (!error) {
        error = upid_make_n(text, (size_t) (at - text), &address, ret);
    }
    return error_wrap(error, "parsing UPID '%.128s'", text);
}

struct error *
upid_make(const char *id, const struct address *address, struct upid *ret)
{
    return error_wrap(upid_make_n(id, strlen(id), address, ret),
                      "naming an actor '%.128s'", id);
}

const char *
upid_format(const struct upid *u, char buffer[UPID_TEXT_SIZE])
{
    size_t len = strnlen(u->id, UPID_ID_MAX);

    memcpy(buffer, u->id, len);
    buffer[len] = '@';
    address_format(&u->address, buffer + len + 1);
    return buffer;
}

bool
upid_equal(const struct upid *a, const struct upid *b)
{
    return strcmp(a->id, b->id) == 0
           && address_equal(&a->address, &b->address);
}

bool
upid_is_same(const struct upid *a, const struct upid *b)
{
    return upid_equal(a, b)
           && (a->incarnation == b->incarnation || a->incarnation == 0
               || b->incarnation == 0);
}

bool
upid_is_empty(const struct upid *u)
{
    return u->id[0] == '\0';
}

uint64_t
upid_hash(const struct upid *u)
{
    uint8_t key[UPID_ID_MAX + 1 + sizeof u->address];
    size_t len = strnlen(u->id, UPID_ID_MAX);

    memcpy(key, u->id, len);
    key[len] = '\0';
    memcpy(key + len + 1, &u->address, sizeof u->address);
    return table_hash(key, len + 1 + sizeof u->address);
}
