/* SPDX-License-Identifier: Apache-2.0
 *
 * json_memory.h - memory for yajl, which does not look whether it got any.
 *
 * When there is none, control goes back to where the parse began, by
 * longjmp(): nothing but yajl's own frames and callbacks lies between, and
 * all that yajl has is on one list.
 *
 * Thread-safety: one thread at a time. */
#ifndef CODEC_JSON_MEMORY_H
#define CODEC_JSON_MEMORY_H 1

#include <setjmp.h>
#include <stddef.h>

#include <yajl/yajl_common.h>

struct json_memory_block;

struct json_memory {
    jmp_buf *out_of_memory;             /* borrowed */
    struct json_memory_block *blocks;   /* owned */
};

/* What yajl_alloc() wants; refers to 'memory'. */
yajl_alloc_funcs json_memory_funcs(struct json_memory *memory);

/* Frees all that yajl has not. */
void json_memory_fini(struct json_memory *);

#endif /* CODEC_JSON_MEMORY_H */
