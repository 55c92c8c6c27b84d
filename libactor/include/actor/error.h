/* SPDX-License-Identifier: Apache-2.0
 *
 * error.h - what went wrong, for people.
 *
 * A function that can fail for a reason worth explaining returns a
 * 'struct error *': NULL is success.  The text says what we were doing, to
 * which object in quotes, then why, in lower case and without a full stop:
 *
 *     launching task 'web.7': fetching 'app.tgz': connection refused
 *
 * Callers add what they were doing with error_wrap() and pass it up; the chain
 * ends in a log line, in a reply, or in error_drop().  A bug of our own is not
 * an error: that is CHECK(), in log.h.
 *
 * Thread-safety: an error belongs to one thread at a time.  (The shape follows
 * lib/ovsdb-error.h of Open vSwitch.) */
#ifndef ACTOR_ERROR_H
#define ACTOR_ERROR_H 1

#include <stdarg.h>
#include <stdbool.h>

#include <actor/compiler.h>

/* What kind of failure it was; error.def is the list, each with the HTTP
 * status that answers for it. */
enum error_code {
#define ERROR_CODE(NAME, HTTP_STATUS, TEXT) ERROR_##NAME,
#include <actor/error.def>
#undef ERROR_CODE
    N_ERROR_CODES
};

struct error;

/* A new error, owned by the caller.  Never NULL. */
struct error *error_create(enum error_code, const char *fmt, ...)
    PRINTF_FORMAT(2, 3) MUST_CHECK;
struct error *error_create_valist(enum error_code, const char *fmt, va_list)
    PRINTF_FORMAT(2, 0) MUST_CHECK;

/* A new error about errno value 'errnum': the text, then ": ", then what the
 * C library calls it.  The code is chosen from 'errnum' (ENOENT gives
 * ERROR_NOT_FOUND and so on; ERROR_IO when nothing fits better). */
struct error *error_errno(int errnum, const char *fmt, ...)
    PRINTF_FORMAT(2, 3) MUST_CHECK;

/* Takes 'error' and returns it with the text and ": " put before its own.
 * NULL stays NULL. */
struct error *error_wrap(struct error *error, const char *fmt, ...)
    PRINTF_FORMAT(2, 3) MUST_CHECK;

struct error *error_clone(const struct error *) MUST_CHECK;

enum error_code error_code(const struct error *);
const char *error_code_name(enum error_code);       /* "NOT_FOUND" */
int error_code_http_status(enum error_code);        /* 404 */

/* The text; valid as long as the error. */
const char *error_text(const struct error *);

/* Frees the error; NULL is fine. */
void error_destroy(struct error *);

/* Frees the error of something whose failure does not matter, and says it at
 * verbose level 1.  NULL is fine. */
void error_drop(struct error *);

static inline void
error_destroy_indirect(struct error **error)
{
    error_destroy(*error);
}

/* A local error that is destroyed at the end of its scope. */
#define autoerror __attribute__((cleanup(error_destroy_indirect))) struct error

#endif /* ACTOR_ERROR_H */
