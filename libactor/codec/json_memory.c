/* SPDX-License-Identifier: Apache-2.0
 *
 * json_memory.c - see json_memory.h. */
#include <config.h>

#include "codec/json_memory.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include <utlist.h>

struct json_memory_block {
    struct json_memory_block *prev;
    struct json_memory_block *next;
    _Alignas(16) char data[];
};

static void *
json_malloc(void *context, size_t size)
{
    struct json_memory *memory = context;
    struct json_memory_block *b = try_malloc(sizeof *b + size);

    if (!b) {
        longjmp(*memory->out_of_memory, 1);
    }
    DL_PREPEND(memory->blocks, b);
    return b->data;
}

static void
json_free(void *context, void *data)
{
    struct json_memory *memory = context;

    if (data) {
        struct json_memory_block *b =
            CONTAINER_OF(data, struct json_memory_block, data);

        DL_DELETE(memory->blocks, b);
        free(b);
    }
}

static void *
json_realloc(void *context, void *data, size_t size)
{
    struct json_memory *memory = context;

    if (!data) {
        return json_malloc(context, size);
    }
    struct json_memory_block *b =
        CONTAINER_OF(data, struct json_memory_block, data);

    DL_DELETE(memory->blocks, b);

    struct json_memory_block *moved = try_realloc(b, sizeof *b + size);

    if (!moved) {
        free(b);
        longjmp(*memory->out_of_memory, 1);
    }
    DL_PREPEND(memory->blocks, moved);
    return moved->data;
}

yajl_alloc_funcs
json_memory_funcs(struct json_memory *memory)
{
    return (yajl_alloc_funcs) {
        .malloc = json_malloc,
        .realloc = json_realloc,
        .free = json_free,
        .ctx = memory,
    };
}

void
json_memory_fini(struct json_memory *memory)
{
    struct json_memory_block *b, *next;

    DL_FOREACH_SAFE (memory->blocks, b, next) {
        free(b);
    }
    memory->blocks = NULL;
}
