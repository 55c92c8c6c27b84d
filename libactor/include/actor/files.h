/* SPDX-License-Identifier: Apache-2.0
 *
 * files.h - files and directories that a system shows at /files.
 *
 *     error = files_start(system);
 *     files_attach(system, "/master/log", "/var/log/mesos/master.INFO", NULL);
 *
 * makes /files/read?path=/master/log answer.  A component attaches what it
 * wants seen under a virtual path; of several that are prefixes of what is
 * asked for, by segments, the longest counts.  What is attached is looked up
 * anew at each request, so a log may be rotated behind its link.  Nobody gets
 * out of an attached directory: not by "..", nor by links that lead elsewhere,
 * even if they are changed at that moment.
 *
 * Files are read in the worker pool, from the kernel's own file system.
 *
 * Thread-safety: any thread; requests see calls in their order. */
#ifndef ACTOR_FILES_H
#define ACTOR_FILES_H 1

#include <stdbool.h>

#include <actor/compiler.h>

struct actor_system;
struct error;
struct http_request;

/* Starts the actor "files"; one that is there is fine.  Without it nothing is
 * shown. */
struct error *files_start(struct actor_system *) MUST_CHECK;

/* Who may see what is attached. */
struct files_guard {
    /* Called in a turn of the actor "files"; false is answered 403. */
    bool (*permits)(void *aux, const struct http_request *);
    void *aux;

    /* Called once when the path is detached or replaced, or the system ends;
     * may be NULL. */
    void (*destroy)(void *aux);
};

/* Shows the file or directory 'path' as 'name', an absolute virtual path, in
 * place of what had that name before.  'path' need not exist yet.  'guard' is
 * copied; NULL: anybody may. */
void files_attach(struct actor_system *, const char *name, const char *path,
                  const struct files_guard *guard);

/* Ends it, if 'name' still stands for 'path' (NULL: whatever it stands for).
 * One that is not attached is fine. */
void files_detach(struct actor_system *, const char *name, const char *path);

#endif /* ACTOR_FILES_H */
