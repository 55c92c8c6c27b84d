/* SPDX-License-Identifier: Apache-2.0
 *
 * limits.h - the bounds on everything that a stranger sizes.  Checked before
 * memory is reserved; one set for all wires. */
#ifndef ACTOR_LIMITS_H
#define ACTOR_LIMITS_H 1

#include <stddef.h>

/* A message on any wire: nesting, elements of one repeated field, bytes of one
 * string, bytes of the whole.  The depth is msgpack-c's own limit. */
#define LIMIT_MESSAGE_DEPTH 32
#define LIMIT_MESSAGE_COUNT ((size_t) 1 << 22)
#define LIMIT_MESSAGE_STRING ((size_t) 64 << 20)
#define LIMIT_MESSAGE_SIZE ((size_t) 64 << 20)

/* Fields of one message that its reader does not know. */
#define LIMIT_MESSAGE_UNKNOWN 4096

/* What a message may take once it is decoded. */
#define LIMIT_MESSAGE_MEMORY ((size_t) 512 << 20)

/* A frame of an actor link, its header included. */
#define LIMIT_LINK_FRAME (LIMIT_MESSAGE_SIZE + 4096)

/* Links that the actors of a peer may hold to ours. */
#define LIMIT_LINK_WATCHES ((size_t) 1 << 18)

/* What may wait to be written on one link, in bytes of memory, encoded or not
 * yet; and on one HTTP connection. */
#define LIMIT_LINK_QUEUE ((size_t) 256 << 20)
#define LIMIT_HTTP_QUEUE ((size_t) 64 << 20)

/* What may wait in the inbox of an actor before connections that bring more
 * are not read for a while: messages, and bytes on the wire of those that are
 * large. */
#define LIMIT_MAILBOX_MESSAGES 16384
#define LIMIT_MAILBOX_BYTES ((size_t) 64 << 20)

/* HTTP requests: request line and headers, number of headers, body. */
#define LIMIT_HTTP_HEAD ((size_t) 80 << 10)
#define LIMIT_HTTP_HEADERS 128
#define LIMIT_HTTP_BODY ((size_t) 64 << 20)

/* All bodies of requests that a system holds at a time. */
#define LIMIT_HTTP_BODIES ((size_t) 1 << 30)

/* Entries of a directory that /files/browse shows. */
#define LIMIT_FILES_ENTRIES ((size_t) 1 << 17)

/* Bytes of one answer of /files/read: Mesos' 16 pages. */
#define LIMIT_FILES_READ ((size_t) 64 << 10)

/* One record of a RecordIO stream. */
#define LIMIT_RECORD LIMIT_MESSAGE_SIZE

/* HTTP client: connections to one address, idle ones of one worker, and bytes
 * of a stream that wait for their actor. */
#define LIMIT_HTTP_CLIENT_CONNECTIONS 16
#define LIMIT_HTTP_CLIENT_IDLE 256
#define LIMIT_HTTP_READ_AHEAD ((size_t) 1 << 20)

/* Requests of one connection that are being answered at a time. */
#define LIMIT_HTTP_PIPELINE 64

#endif /* ACTOR_LIMITS_H */
