/* SPDX-License-Identifier: Apache-2.0
 *
 * peer_private.h - what the parts of a peer share: its life (peer.c), how it
 * gets its connection (peer_dial.c), what is sent to it (peer_send.c) and what
 * it sends us (peer_frames.c).
 *
 * Thread-safety: the peer's worker. */
#ifndef LINK_PEER_PRIVATE_H
#define LINK_PEER_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/node.h"
#include "link/peer.h"

/* Of 'in' and 'out', whose sizes are bounded otherwise: a lack of memory for
 * what strangers sized is an overflow and not the end of us. */
#define PEER_BUFFER_MAX (SIZE_MAX / 2)

/* --- peer.c --- */

/* Sends what waits, or sees to it that there will be a connection. */
void peer_pump(struct peer *);

/* The connection is settled; 'rest' came with the handshake. */
void peer_go_live(struct peer *, const char *incarnation, const void *rest,
                  size_t rest_size);

/* The link is of no use any more: closes it, drops what waits, and tells
 * those who had linked somebody there. */
void peer_fail(struct peer *, enum peer_loss, const char *reason);

/* Tells local actor 'local' that 'remote', which it linked, is gone with the
 * process of that token; 0: whoever it was. */
void peer_tell_exited(struct peer *, const char *local, const char *remote,
                      uint32_t incarnation);

/* Closes the stream, if there is one; nobody is told. */
void peer_close_stream(struct peer *);

/* Does nothing for 'duration', and then sends what waits. */
void peer_rest(struct peer *, int64_t duration);

/* An idle peer goes out of the table after a while. */
void peer_forget_later(struct peer *);

/* --- peer_dial.c --- */

/* Connects and asks for a link. */
void peer_dial(struct peer *);

/* --- peer_send.c --- */

void peer_send_init(struct peer *);
void peer_send_fini(struct peer *);

/* Takes what is in the inbox: it waits to be encoded. */
void peer_take_items(struct peer *);

void peer_drop_waiting(struct peer *);

/* Writes what is encoded.  False when the stream takes no more now, or is
 * broken. */
bool peer_write_out(struct peer *);

/* Encodes and writes all that the stream takes. */
void peer_write_all(struct peer *);

/* --- peer_frames.c --- */

/* Reads the frames in 'data'; false if the link was given up. */
bool peer_read(struct peer *, const void *data, size_t size);

/* Ends all watches on local actors. */
void peer_clear_watches(struct peer *);

#endif /* LINK_PEER_PRIVATE_H */
