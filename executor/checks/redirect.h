/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect.h - where an HTTP answer points to.
 *
 * Thread-safety: pure functions on values. */
#ifndef EXECUTOR_CHECKS_REDIRECT_H
#define EXECUTOR_CHECKS_REDIRECT_H 1

#include <stdbool.h>

/* 301, 302, 303, 307, 308. */
bool status_is_redirect(int status);

bool url_is_https(const char *url);

/* What 'reference', of a Location header, means in an answer to 'base', which
 * is "scheme://authority..." (RFC 3986, 5.2); without a fragment.  The caller
 * frees it. */
char *url_resolve(const char *base, const char *reference);

#endif /* EXECUTOR_CHECKS_REDIRECT_H */
