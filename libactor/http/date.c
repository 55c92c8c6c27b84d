/* SPDX-License-Identifier: Apache-2.0
 *
 * date.c - dates as HTTP has them; see date.h.  Thread: any. */
#include <config.h>

#include "http/date.h"

#include <string.h>
#include <time.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>

#define FIRST_SECOND INT64_C(-62135596800)      /* 0001-01-01 00:00:00 */
#define LAST_SECOND INT64_C(253402300799)       /* 9999-12-31 23:59:59 */

static const char days[7][4] = {
    "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
};
static const char months[12][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
};

void
http_date_format(int64_t seconds, char ret[HTTP_DATE_SIZE])
{
    autofini(strbuf) text = STRBUF(HTTP_DATE_SIZE - 1);
    time_t t = seconds < FIRST_SECOND ? FIRST_SECOND
               : seconds > LAST_SECOND ? LAST_SECOND : seconds;
    struct tm tm;

    gmtime_r(&t, &tm);
    strbuf_printf(&text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                  tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    memcpy(ret, text.data, text.len + 1);
}

/* --- parsing: each takes its part off '*p', or fails --- */

static bool
take_text(const char **p, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(*p, text, len) != 0) {
        return false;
    }
    *p += len;
    return true;
}

/* Of 'n_digits' digits; a blank may stand for the first if 'padded'. */
static bool
take_number(const char **p, int n_digits, bool padded, int *ret)
{
    int value = 0;

    for (int i = 0; i < n_digits; i++) {
        char c = **p;

        if (!(c >= '0' && c <= '9') && !(padded && i == 0 && c == ' ')) {
            return false;
        }
        value = value * 10 + (c == ' ' ? 0 : c - '0');
        (*p)++;
    }
    *ret = value;
    return true;
}

static bool
take_month(const char **p, struct tm *tm)
{
    for (int i = 0; i < 12; i++) {
        if (take_text(p, months[i])) {
            tm->tm_mon = i;
            return true;
        }
    }
    return false;
}

static bool
take_year(const char **p, int n_digits, struct tm *tm)
{
    int year;

    if (!take_number(p, n_digits, false, &year)) {
        return false;
    }
    if (n_digits == 2) {
        year += year < 70 ? 2000 : 1900;
    }
    tm->tm_year = year - 1900;
    return true;
}

static bool
take_time(const char **p, struct tm *tm)
{
    return take_number(p, 2, false, &tm->tm_hour) && take_text(p, ":")
        && take_number(p, 2, false, &tm->tm_min) && take_text(p, ":")
        && take_number(p, 2, false, &tm->tm_sec);
}

/* "06 Nov 1994 08:49:37 GMT", or with dashes and a short year. */
static bool
parse_with_comma(const char *p, const char *dash, int year_digits,
                 struct tm *tm)
{
    return take_number(&p, 2, false, &tm->tm_mday) && take_text(&p, dash)
        && take_month(&p, tm) && take_text(&p, dash)
        && take_year(&p, year_digits, tm) && take_text(&p, " ")
        && take_time(&p, tm) && strcmp(p, " GMT") == 0;
}

/* "Nov  6 08:49:37 1994". */
static bool
parse_of_c(const char *p, struct tm *tm)
{
    return take_month(&p, tm) && take_text(&p, " ")
        && take_number(&p, 2, true, &tm->tm_mday) && take_text(&p, " ")
        && take_time(&p, tm) && take_text(&p, " ")
        && take_year(&p, 4, tm) && *p == '\0';
}

static bool
parse_any(const char *text, struct tm *tm)
{
    const char *comma = strchr(text, ',');

    if (comma && comma[1] == ' ') {
        return parse_with_comma(comma + 2, " ", 4, tm)
            || parse_with_comma(comma + 2, "-", 2, tm);
    }
    const char *blank = strchr(text, ' ');

    return blank && parse_of_c(blank + 1, tm);
}

bool
http_date_parse(const char *text, int64_t *ret_seconds)
{
    struct tm tm = { .tm_isdst = 0 };

    if (!parse_any(text, &tm) || tm.tm_mday < 1 || tm.tm_mday > 31
        || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60) {
        return false;
    }
    *ret_seconds = timegm(&tm);
    return true;
}
