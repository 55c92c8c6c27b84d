/* SPDX-License-Identifier: Apache-2.0
 *
 * date.h - dates as HTTP has them.
 *
 * Thread-safety: any thread. */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H 1

#include <stdbool.h>
#include <stdint.h>

#define HTTP_DATE_SIZE 30       /* with the NUL */

/* "Sun, 06 Nov 1994 08:49:37 GMT", of seconds since 1970 in the years 1 to
 * 9999; others are taken for the nearest. */
void http_date_format(int64_t seconds, char ret[HTTP_DATE_SIZE]);

/* That form, and the two that old senders have: "Sunday, 06-Nov-94 08:49:37
 * GMT" and "Sun Nov  6 08:49:37 1994".  The day of the week is not looked at.
 * False: it is no date. */
bool http_date_parse(const char *text, int64_t *ret_seconds);

#endif /* HTTP_DATE_H */
