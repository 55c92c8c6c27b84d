/* SPDX-License-Identifier: Apache-2.0
 *
 * text.c - a string that many records share: immutable and counted. */
#include <config.h>

#include "master/text.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

struct text *
text_create(const char *s)
{
    return text_create_n(s, strlen(s));
}

struct text *
text_create_n(const char *s, size_t len)
{
    struct text *text = xmalloc(sizeof *text + len + 1);

    text->n_refs = 1;
    text->len = (uint32_t) len;
    memcpy(text->s, s, len);
    text->s[len] = '\0';
    return text;
}

struct text *
text_ref(struct text *text)
{
    if (text) {
        text->n_refs++;
    }
    return text;
}

void
text_unref(struct text *text)
{
    if (text && --text->n_refs == 0) {
        free(text);
    }
}
