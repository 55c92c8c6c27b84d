/* SPDX-License-Identifier: Apache-2.0
 *
 * error.c - errors: a code for programs and a text for people.
 *
 * Thread: that of the error's owner. */
#include <config.h>

#include <actor/error.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>

struct error {
    enum error_code code;
    char *text;                 /* owned */
};

struct code_info {
    const char *name;
    int http_status;
};

static const struct code_info code_infos[N_ERROR_CODES] = {
#define ERROR_CODE(NAME, HTTP_STATUS, TEXT) \
    [ERROR_##NAME] = { #NAME, HTTP_STATUS },
#include <actor/error.def>
#undef ERROR_CODE
};

static enum error_code code_from_errno(int errnum);

/* Takes 'text'. */
static struct error *
error_from_text(enum error_code code, char *text)
{
    struct error *error = xmalloc(sizeof *error);

    error->code = code;
    error->text = text;
    return error;
}

struct error *
error_create(enum error_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    struct error *error = error_create_valist(code, fmt, args);
    va_end(args);
    return error;
}

struct error *
error_create_valist(enum error_code code, const char *fmt, va_list args)
{
    return error_from_text(code, xvasprintf(fmt, args));
}

struct error *
error_errno(int errnum, const char *fmt, ...)
{
    char buffer[128];
    va_list args;

    va_start(args, fmt);
    autofree char *what = xvasprintf(fmt, args);
    va_end(args);
    const char *why = strerror_r(errnum, buffer, sizeof buffer);
    return error_from_text(code_from_errno(errnum),
                           xasprintf("%s: %s", what, why));
}

struct error *
error_wrap(struct error *error, const char *fmt, ...)
{
    va_list args;

    if (!error) {
        return NULL;
    }
    va_start(args, fmt);
    autofree char *what = xvasprintf(fmt, args);
    va_end(args);
    char *text = xasprintf("%s: %s", what, error->text);
    free(error->text);
    error->text = text;
    return error;
}

struct error *
error_clone(const struct error *error)
{
    return error ? error_from_text(error->code, xstrdup(error->text)) : NULL;
}

enum error_code
error_code(const struct error *error)
{
    return error->code;
}

const char *
error_code_name(enum error_code code)
{
    CHECK((unsigned) code < N_ERROR_CODES, "code %d", (int) code);
    return code_infos[code].name;
}

int
error_code_http_status(enum error_code code)
{
    CHECK((unsigned) code < N_ERROR_CODES, "code %d", (int) code);
    return code_infos[code].http_status;
}

const char *
error_text(const struct error *error)
{
    return error->text;
}

void
error_destroy(struct error *error)
{
    if (error) {
        free(error->text);
        free(error);
    }
}

void
error_drop(struct error *error)
{
    if (error) {
        vlog(1, "Ignoring: %s", error->text);
        error_destroy(error);
    }
}

static enum error_code
code_from_errno(int errnum)
{
    switch (errnum) {
    case EINVAL:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
        return ERROR_INVALID;
    case EFBIG:
    case E2BIG:
    case EMSGSIZE:
    case EOVERFLOW:
        return ERROR_TOO_LARGE;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERROR_FORBIDDEN;
    case ENOENT:
    case ESRCH:
    case ENODEV:
    case ENXIO:
        return ERROR_NOT_FOUND;
    case EEXIST:
    case EADDRINUSE:
        return ERROR_EXISTS;
    case EBUSY:
    case ENOTEMPTY:
    case ETXTBSY:
        return ERROR_CONFLICT;
    case EAGAIN:
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE:
        return ERROR_UNAVAILABLE;
    case ETIMEDOUT:
        return ERROR_TIMEOUT;
    case ECANCELED:
    case EINTR:
        return ERROR_CANCELLED;
    case ENOSYS:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
        return ERROR_UNSUPPORTED;
    case ENOSPC:
    case EDQUOT:
        return ERROR_NO_SPACE;
    case ENOMEM:
    case ENOBUFS:
        return ERROR_NO_MEMORY;
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ESHUTDOWN:
        return ERROR_CLOSED;
    default:
        return ERROR_IO;
    }
}
