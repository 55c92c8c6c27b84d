/* SPDX-License-Identifier: Apache-2.0
 *
 * prometheus_names.c - names with roles, frameworks and the like in them,
 * taken apart by patterns.
 *
 * Thread: any. */
#include <config.h>

#include "http/builtin/prometheus_names.h"

#include <stddef.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>
#include "base/utf8.h"

#define FRAMEWORK "master/frameworks/<%framework>/<framework_id>/"

/* The first pattern that matches a name counts.  <label> stands for what has
 * no '/', <%label> for what is percent-encoded besides, {label} for anything,
 * as much as possible; a '*' at the end for the rest, which becomes part of
 * the family's name. */
static const struct {
    const char *pattern;
    const char *family;
} patterns[] = {
    { "allocator/mesos/roles/{role}/shares/dominant",
      "allocator_mesos_roles_shares_dominant" },
    { "allocator/mesos/offer_filters/roles/{role}/active",
      "allocator_mesos_offer_filters_roles_active" },
    { "allocator/mesos/quota/roles/{role}/resources/<resource>/*",
      "allocator_mesos_quota_roles_resources_" },
    { "allocator/mesos/resources/<resource>/*",
      "allocator_mesos_resources_" },
    { "master/task_<state>/source_<source>/reason_<reason>",
      "master_tasks_by_reason" },
    { FRAMEWORK "roles/{role}/*", "master_frameworks_roles_" },
    { FRAMEWORK "tasks/active/task_<state>",
      "master_frameworks_tasks_active" },
    { FRAMEWORK "tasks/terminal/task_<state>",
      "master_frameworks_tasks_terminal" },
    { FRAMEWORK "*", "master_frameworks_" },
    { "frameworks/{principal}/messages_received",
      "frameworks_messages_received" },
    { "frameworks/{principal}/messages_processed",
      "frameworks_messages_processed" },
    { "resource_providers/<provider>/csi_plugin/*",
      "resource_providers_csi_plugin_" },
    { "resource_providers/<provider>/operations/*",
      "resource_providers_operations_" },
    { "csi_plugins/<plugin>/csi_plugin/*", "csi_plugins_csi_plugin_" },
};

#define CAPTURES_MAX 4

/* What one placeholder stands for. */
struct capture {
    const char *label;
    size_t label_len;
    bool encoded;
    const char *value;
    size_t len;
};

struct match {
    struct capture captures[CAPTURES_MAX];
    size_t n;
    const char *rest;           /* what '*' stands for; NULL: no '*' */
};

/* --- matching --- */

static bool match_from(const char *pattern, const char *text, struct match *);

/* 'pattern' is at a placeholder: tries the longest value first. */
static bool
match_placeholder(const char *pattern, const char *text, struct match *m)
{
    bool any = *pattern == '{';
    const char *end = strchr(pattern, any ? '}' : '>');
    struct capture *c = &m->captures[m->n++];

    c->encoded = pattern[1] == '%';
    c->label = pattern + 1 + c->encoded;
    c->label_len = (size_t) (end - c->label);
    c->value = text;
    c->len = any ? strlen(text) : strcspn(text, "/");
    for (;;) {
        if (match_from(end + 1, text + c->len, m)) {
            return true;
        }
        if (c->len == 0) {
            m->n--;
            return false;
        }
        c->len--;
    }
}

static bool
match_from(const char *pattern, const char *text, struct match *m)
{
    while (*pattern != '<' && *pattern != '{') {
        if (*pattern == '*') {
            m->rest = text;
            return *text != '\0';
        }
        if (*pattern != *text) {
            return false;
        }
        if (*pattern == '\0') {
            return true;
        }
        pattern++;
        text++;
    }
    return match_placeholder(pattern, text, m);
}

/* --- writing --- */

/* As isalpha() in the C locale; an application may have set another. */
static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void
append_sanitized(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        bool is_plain = is_letter(*text) || (*text >= '0' && *text <= '9');

        strbuf_append_char(out, is_plain ? *text : '_');
    }
}

void
prometheus_escape(struct strbuf *out, const char *text, bool quoted)
{
    size_t len = strlen(text);

    while (len > 0) {
        bool valid = true;
        size_t n = (unsigned char) *text < 0x80
                   ? 1 : utf8_sequence(text, len, &valid);
        if (!valid) {
            strbuf_append(out, UTF8_REPLACEMENT);
        } else if (*text == '\n') {
            strbuf_append(out, "\\n");
        } else if (*text == '\\' || (*text == '"' && quoted)) {
            strbuf_append_char(out, '\\');
            strbuf_append_char(out, *text);
        } else {
            strbuf_append_bytes(out, text, n);
        }
        text += n;
        len -= n;
    }
}

void
prometheus_label(struct strbuf *labels, const char *name, const char *value)
{
    strbuf_printf(labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
    prometheus_escape(labels, value, true);
    strbuf_append_char(labels, '"');
}

static int
hex_value(char c)
{
    const char *digits = "00112233445566778899aAbBcCdDeEfF";
    const char *p = c ? strrchr(digits, c) : NULL;

    return p ? (int) (p - digits) / 2 : -1;
}

/* What is not well encoded stands for itself; %00 too, which ends no text. */
static void
percent_decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        int high = *from == '%' ? hex_value(from[1]) : -1;
        int low = high >= 0 ? hex_value(from[2]) : -1;

        if (low >= 0 && high + low > 0) {
            *to++ = (char) (high * 16 + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static void
append_labels(struct strbuf *labels, const struct match *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct capture *c = &m->captures[i];
        autofree char *label = xstrndup(c->label, c->label_len);
        autofree char *value = xstrndup(c->value, c->len);

        if (c->encoded) {
            percent_decode(value);
        }
        prometheus_label(labels, label, value);
    }
}

/* The pattern as people write it. */
static void
append_pattern(struct strbuf *out, const char *pattern, const char *rest)
{
    for (; *pattern; pattern++) {
        switch (*pattern) {
        case '{':
            strbuf_append_char(out, '<');
            break;
        case '}':
            strbuf_append_char(out, '>');
            break;
        case '*':
            strbuf_append(out, rest);
            break;
        case '%':
            break;
        default:
            strbuf_append_char(out, *pattern);
            break;
        }
    }
}

void
prometheus_name(const char *key, struct strbuf *family, struct strbuf *labels,
                struct strbuf *pattern)
{
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        struct match m = { .n = 0 };

        if (match_from(patterns[i].pattern, key, &m)) {
            strbuf_append(family, patterns[i].family);
            append_sanitized(family, m.rest ? m.rest : "");
            append_labels(labels, &m);
            append_pattern(pattern, patterns[i].pattern, m.rest);
            return;
        }
    }
    if (!is_letter(key[0])) {
        strbuf_append_char(family, '_');
    }
    append_sanitized(family, key);
    strbuf_append(pattern, key);
}
