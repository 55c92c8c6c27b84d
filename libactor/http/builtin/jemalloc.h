/* SPDX-License-Identifier: Apache-2.0
 *
 * jemalloc.h - the allocator, if it is jemalloc.
 *
 * Only programs link it (libmesos.so must not), so its functions are weak
 * symbols: they may not be there.
 *
 * Thread-safety: any thread. */
#ifndef HTTP_BUILTIN_JEMALLOC_H
#define HTTP_BUILTIN_JEMALLOC_H 1

#include <stdbool.h>

#include <actor/compiler.h>

struct error;
struct strbuf;

bool jemalloc_is_there(void);

/* The value "opt.prof" for example has; false, or NULL, if nothing has that
 * name. */
bool jemalloc_bool(const char *name);
const char *jemalloc_string(const char *name);

struct error *jemalloc_set_bool(const char *name, bool value) MUST_CHECK;

/* Writes the profile of the heap into file 'path'; blocks. */
struct error *jemalloc_dump(const char *path) MUST_CHECK;

/* All its statistics as a JSON object; takes a while. */
void jemalloc_statistics(struct strbuf *out);

#endif /* HTTP_BUILTIN_JEMALLOC_H */
