/* SPDX-License-Identifier: Apache-2.0
 *
 * message.c - the life of a message, and filling it in.
 *
 * The header, the root and the first pieces are one allocation, so a small
 * message costs one.  Releasing a message may release others that it holds,
 * and those again others: they are put on a list and not recursed into, since
 * a chain has no bound. */
#include <config.h>

#include <actor/message.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>

#include "codec/message_impl.h"

/* Room behind the root of a message that is about to be filled in. */
#define MESSAGE_SLACK 320

static struct message *
message_setup(void *block, const ProtobufCMessageDescriptor *descriptor,
              size_t size)
{
    struct message *m = block;

    m->magic = MESSAGE_MAGIC;
    atomic_init(&m->n_refs, 1);
    m->holds = NULL;
    m->next_dead = NULL;
    arena_init(&m->arena, m, size,
               offsetof(struct message, root) + descriptor->sizeof_message);
    return m;
}

struct message *
message_create(const ProtobufCMessageDescriptor *descriptor)
{
    size_t size = ARENA_ROUND(offsetof(struct message, root)
                              + descriptor->sizeof_message + MESSAGE_SLACK);
    struct message *m = message_setup(xmalloc(size), descriptor, size);

    descriptor->message_init((ProtobufCMessage *) (void *) m->root);
    return m;
}

struct message *
message_try_create(const ProtobufCMessageDescriptor *descriptor, size_t room)
{
    size_t size = ARENA_ROUND(offsetof(struct message, root) + room);
    void *block = try_malloc(size);

    return block ? message_setup(block, descriptor, size) : NULL;
}

struct message *
message_ref(struct message *m)
{
    DCHECK(m->magic == MESSAGE_MAGIC, "not a message");
    atomic_fetch_add_explicit(&m->n_refs, 1, memory_order_relaxed);
    return m;
}

/* Drops one reference and says whether it was the last.  The release pairs
 * with the acquire of whoever drops the last one, which then sees all that
 * others did with the message. */
static bool
message_drop(struct message *m)
{
    DCHECK(m->magic == MESSAGE_MAGIC, "not a message");

    /* Nobody else can take a reference if ours is the only one. */
    if (atomic_load_explicit(&m->n_refs, memory_order_acquire) == 1) {
        return true;
    }
    return atomic_fetch_sub_explicit(&m->n_refs, 1, memory_order_acq_rel)
           == 1;
}

void
message_unref(struct message *m)
{
    if (!m || !message_drop(m)) {
        return;
    }
    for (struct message *dead = m; dead; dead = m) {
        m = dead->next_dead;
        for (struct message_hold *h = dead->holds; h; h = h->next) {
            if (message_drop(h->message)) {
                h->message->next_dead = m;
                m = h->message;
            }
        }
        dead->magic = 0;
        arena_fini(&dead->arena);
        free(dead);
    }
}

void
message_destroy_indirect(struct message **m)
{
    message_unref(*m);
}

void *
message_root(const struct message *m)
{
    DCHECK(m->magic == MESSAGE_MAGIC, "not a message");
    return ((struct message *) m)->root;
}

const ProtobufCMessageDescriptor *
message_descriptor(const struct message *m)
{
    const ProtobufCMessage *root = message_root(m);

    return root->descriptor;
}

size_t
message_memory(const struct message *m)
{
    return m->arena.memory;
}

void *
message_alloc(struct message *m, size_t size)
{
    return memset(arena_alloc(&m->arena, size), 0, size);
}

char *
message_strdup(struct message *m, const char *s)
{
    size_t size = strlen(s) + 1;

    return memcpy(arena_alloc_bytes(&m->arena, size), s, size);
}

char *
message_strndup(struct message *m, const char *s, size_t len)
{
    size_t n = strnlen(s, len);
    char *copy = memcpy(arena_alloc_bytes(&m->arena, n + 1), s, n);

    copy[n] = '\0';
    return copy;
}

char *
message_printf(struct message *m, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    autofree char *text = xvasprintf(fmt, args);
    va_end(args);
    return message_strdup(m, text);
}

void *
message_new(struct message *m, const ProtobufCMessageDescriptor *descriptor)
{
    void *new = arena_alloc(&m->arena, descriptor->sizeof_message);

    descriptor->message_init(new);
    return new;
}

void
message_hold(struct message *m, struct message *other)
{
    struct message_hold *hold;

    CHECK(m != other, "a message that holds itself never goes away");
    hold = arena_alloc(&m->arena, sizeof *hold);
    hold->message = message_ref(other);
    hold->next = m->holds;
    m->holds = hold;
}
