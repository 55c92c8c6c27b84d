/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect.c - where an HTTP answer points to.  Thread: any. */
#include <config.h>

#include "executor/checks/redirect.h"

#include <string.h>
#include <strings.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>

bool
status_is_redirect(int status)
{
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

bool
url_is_https(const char *url)
{
    return strncasecmp(url, "https:", 6) == 0;
}

/* Of the scheme with its colon; 0: there is none. */
static size_t
scheme_length(const char *text)
{
    size_t n = strcspn(text, ":/?#");

    return n > 0 && text[n] == ':' ? n + 1 : 0;
}

static bool
is_segment(const char *at, size_t len, const char *dots)
{
    return len == strlen(dots) && memcmp(at, dots, len) == 0;
}

/* Drops the last segment of a path that begins at 'root'. */
static void
drop_segment(struct strbuf *out, size_t root)
{
    size_t len = out->len;

    while (len > root && out->data[len - 1] != '/') {
        len--;
    }
    strbuf_truncate(out, len > root ? len - 1 : root);
}

/* Appends 'path', which begins with a slash, without "." and ".."; 'root' is
 * where the path begins in 'out'. */
static void
append_path(struct strbuf *out, size_t root, const char *path, size_t len)
{
    size_t i = 0;

    while (i < len) {
        const char *segment = path + i + 1;
        const char *slash = memchr(segment, '/', len - i - 1);
        size_t n = slash ? (size_t) (slash - segment) : len - i - 1;
        bool is_last = !slash;

        if (is_segment(segment, n, "..")) {
            drop_segment(out, root);
            strbuf_append(out, is_last ? "/" : "");
        } else if (is_segment(segment, n, ".")) {
            strbuf_append(out, is_last ? "/" : "");
        } else {
            strbuf_append_char(out, '/');
            strbuf_append_bytes(out, segment, n);
        }
        i += n + 1;
    }
}

char *
url_resolve(const char *base, const char *reference)
{
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) path = STRBUF(STRBUF_UNLIMITED);
    size_t scheme = scheme_length(base);
    size_t authority = scheme + 2 + strcspn(base + scheme + 2, "/?#");
    size_t base_path = authority + strcspn(base + authority, "?#");
    size_t len = strcspn(reference, "#");
    size_t path_len = strcspn(reference, "?#");

    if (scheme_length(reference) > 0) {
        strbuf_append_bytes(&out, reference, len);
        return strbuf_take(&out);
    }
    if (strncmp(reference, "//", 2) == 0) {
        strbuf_append_bytes(&out, base, scheme);
        strbuf_append_bytes(&out, reference, len);
        return strbuf_take(&out);
    }
    strbuf_append_bytes(&out, base, authority);
    if (path_len == 0) {
        strbuf_append_bytes(&path, base + authority, base_path - authority);
    } else if (reference[0] == '/') {
        strbuf_append_bytes(&path, reference, path_len);
    } else {
        while (base_path > authority && base[base_path - 1] != '/') {
            base_path--;
        }
        strbuf_append_bytes(&path, base + authority, base_path - authority);
        strbuf_append(&path, path.len == 0 ? "/" : "");
        strbuf_append_bytes(&path, reference, path_len);
    }
    append_path(&out, authority, path.data, path.len);
    strbuf_append_bytes(&out, reference + path_len, len - path_len);
    return strbuf_take(&out);
}
