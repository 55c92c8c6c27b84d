/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_status.c - status updates as text (Mesos' src/cli/execute.cpp and
 * src/v1/mesos.cpp).
 *
 * Thread: pure functions. */
#include <config.h>

#include "cli/execute_status.h"

#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_tree.h>

#include <actor/alloc.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/task_state.h"

static void
format_enum(const char *label, const ProtobufCEnumDescriptor *descriptor,
            bool is_set, int value, struct strbuf *out)
{
    const char *name = message_enum_name(descriptor, value);

    if (is_set && name) {
        strbuf_printf(out, "  %s: %s\n", label, name);
    }
}

/* --- checks --- */

static void
format_check(const V1__CheckStatusInfo *check, struct strbuf *out)
{
    if (check->type == V1__CHECK_INFO__TYPE__UNKNOWN) {
        strbuf_append(out, "UNKNOWN");
    } else if (check->command) {
        strbuf_append(out, "COMMAND");
        if (check->command->has_exit_code) {
            strbuf_printf(out, " exit code %d",
                          (int) check->command->exit_code);
        }
    } else if (check->http) {
        strbuf_append(out, "HTTP");
        if (check->http->has_status_code) {
            strbuf_printf(out, " status code %u",
                          (unsigned) check->http->status_code);
        }
    } else if (check->tcp) {
        strbuf_append(out, "TCP");
        if (check->tcp->has_succeeded) {
            strbuf_printf(out, " connection %s",
                          check->tcp->succeeded ? "success" : "failure");
        }
    }
}

/* --- resources --- */

static void write_sorted(yajl_val, struct json_writer *);

static int
compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void
write_object(yajl_val object, struct json_writer *w)
{
    size_t n = object->u.object.len;
    const char **keys = xcalloc(n + 1, sizeof *keys);

    for (size_t i = 0; i < n; i++) {
        keys[i] = object->u.object.keys[i];
    }
    qsort(keys, n, sizeof *keys, compare_keys);
    json_object_begin(w);
    for (size_t i = 0; i < n; i++) {
        const char *path[] = { keys[i], NULL };

        json_key(w, keys[i]);
        write_sorted(yajl_tree_get(object, path, yajl_t_any), w);
    }
    json_object_end(w);
    free(keys);
}

/* Members by name, the order in which Mesos writes what it prints. */
static void
write_sorted(yajl_val value, struct json_writer *w)
{
    if (YAJL_IS_OBJECT(value)) {
        write_object(value, w);
    } else if (YAJL_IS_ARRAY(value)) {
        json_array_begin(w);
        for (size_t i = 0; i < value->u.array.len; i++) {
            write_sorted(value->u.array.values[i], w);
        }
        json_array_end(w);
    } else if (YAJL_IS_STRING(value)) {
        json_string(w, YAJL_GET_STRING(value));
    } else if (YAJL_IS_NUMBER(value)) {
        json_raw(w, YAJL_GET_NUMBER(value), strlen(YAJL_GET_NUMBER(value)));
    } else if (YAJL_IS_NULL(value)) {
        json_null(w);
    } else {
        json_bool(w, YAJL_IS_TRUE(value));
    }
}

static void
format_resources(V1__Resource *const *resources, size_t n, struct strbuf *out)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    struct json_writer from = JSON_WRITER(&text);
    struct json_writer to = JSON_WRITER(out);
    char why[64];

    json_array_begin(&from);
    for (size_t i = 0; i < n; i++) {
        message_write_json(&resources[i]->base, &from);
    }
    json_array_end(&from);
    yajl_val root = yajl_tree_parse(text.data, why, sizeof why);

    if (root) {
        write_sorted(root, &to);
    }
    yajl_tree_free(root);
}

void
execute_status_format(const V1__TaskStatus *status, struct strbuf *out)
{
    const V1__TaskResourceLimitation *limitation = status->limitation;

    strbuf_printf(out, "Received status update %s for task '%s'\n",
                  task_state_name((int) status->state),
                  status->task_id->value);
    if (status->message) {
        strbuf_printf(out, "  message: '%s'\n", status->message);
    }
    format_enum("source", &v1__task_status__source__descriptor,
                status->has_source, (int) status->source, out);
    format_enum("reason", &v1__task_status__reason__descriptor,
                status->has_reason, (int) status->reason, out);
    if (status->has_healthy) {
        strbuf_printf(out, "  healthy?: %d\n", status->healthy);
    }
    if (status->check_status) {
        strbuf_append(out, "  check status: ");
        format_check(status->check_status, out);
        strbuf_append_char(out, '\n');
    }
    if (limitation && limitation->n_resources > 0) {
        strbuf_append(out, "  resource limit violation: ");
        format_resources(limitation->resources, limitation->n_resources, out);
        strbuf_append_char(out, '\n');
    }
}
