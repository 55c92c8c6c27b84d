/* SPDX-License-Identifier: Apache-2.0
 *
 * whitelist.h - the file of --whitelist: agents, by host name, one a line,
 * that are offered.
 *
 * It is read every five seconds, as Mesos does; what cannot be read is logged
 * and changes nothing.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_WHITELIST_H
#define MASTER_WHITELIST_H 1

#include <stddef.h>

#include <actor/actor.h>

struct master;

struct whitelist {
    struct actor_timer timer;
    char *text;                 /* owned; as last told; NULL: never */
};

void whitelist_start(struct master *);
void whitelist_fini(struct whitelist *);

#endif /* MASTER_WHITELIST_H */
