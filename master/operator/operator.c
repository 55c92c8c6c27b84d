/* SPDX-License-Identifier: Apache-2.0
 *
 * operator.c - the operator API: what is refused, and who does the rest.
 *
 * Refusals come in the order of Mesos, so that one who does several things
 * wrong is told the same. */
#include <config.h>

#include "master/operator/operator.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#define JSON "application/json"
#define PROTOBUF "application/x-protobuf"

#define CALL(NAME) MASTER__CALL__TYPE__##NAME

/* A type of call, and the member that has to be there. */
struct entry {
    Master__Call__Type type;
    const char *member;         /* NULL: none */
    size_t offset;              /* of the member, a pointer */
    operator_call_fn *fn;
};

#define PLAIN(TYPE, FN) { CALL(TYPE), NULL, 0, FN }
#define WITH(TYPE, MEMBER, FN) \
    { CALL(TYPE), #MEMBER, offsetof(Master__Call, MEMBER), FN }

static const struct entry entries[] = {
    PLAIN(GET_HEALTH, operator_get_health),
    PLAIN(GET_VERSION, operator_get_version),
    PLAIN(GET_FLAGS, operator_get_flags),
    WITH(GET_METRICS, get_metrics, operator_get_metrics),
    PLAIN(GET_MASTER, operator_get_master),
    PLAIN(GET_LOGGING_LEVEL, operator_get_logging_level),
    WITH(TEARDOWN, teardown, operator_teardown),
    WITH(MARK_AGENT_GONE, mark_agent_gone, operator_mark_agent_gone),
    WITH(DRAIN_AGENT, drain_agent, operator_drain_agent),
    WITH(DEACTIVATE_AGENT, deactivate_agent, operator_deactivate_agent),
    WITH(REACTIVATE_AGENT, reactivate_agent, operator_reactivate_agent),
    WITH(RESERVE_RESOURCES, reserve_resources, operator_reserve_resources),
    WITH(UNRESERVE_RESOURCES, unreserve_resources,
         operator_unreserve_resources),
    WITH(CREATE_VOLUMES, create_volumes, operator_create_volumes),
    WITH(DESTROY_VOLUMES, destroy_volumes, operator_destroy_volumes),
    WITH(GROW_VOLUME, grow_volume, operator_grow_volume),
    WITH(SHRINK_VOLUME, shrink_volume, operator_shrink_volume),
    PLAIN(GET_QUOTA, operator_get_quota),
    WITH(UPDATE_QUOTA, update_quota, operator_update_quota),
    WITH(SET_QUOTA, set_quota, operator_set_quota),
    WITH(REMOVE_QUOTA, remove_quota, operator_remove_quota),
    PLAIN(GET_WEIGHTS, operator_get_weights),
    WITH(UPDATE_WEIGHTS, update_weights, operator_update_weights),
    PLAIN(GET_MAINTENANCE_STATUS, operator_get_maintenance_status),
    PLAIN(GET_MAINTENANCE_SCHEDULE, operator_get_maintenance_schedule),
    WITH(UPDATE_MAINTENANCE_SCHEDULE, update_maintenance_schedule,
         operator_update_maintenance_schedule),
    WITH(START_MAINTENANCE, start_maintenance, operator_start_maintenance),
    WITH(STOP_MAINTENANCE, stop_maintenance, operator_stop_maintenance),
};

static const struct entry *
find_entry(Master__Call__Type type)
{
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        if (entries[i].type == type) {
            return &entries[i];
        }
    }
    return NULL;
}

/* --- answers --- */

static void
call_destroy(struct operator_call *call)
{
    message_unref(call->message);
    free(call);
}

void
operator_answer(struct operator_call *call, int status, const char *text)
{
    if (text && text[0] != '\0') {
        http_respond_text(&call->request, status, "%s", text);
    } else {
        http_respond(&call->request, status, NULL, NULL);
    }
    call_destroy(call);
}

void
operator_answer_error(struct operator_call *call, struct error *error)
{
    if (error) {
        http_respond_error(&call->request, error);
        call_destroy(call);
    } else {
        operator_answer(call, 200, NULL);
    }
}

void
operator_answer_response(struct operator_call *call,
                         const Master__Response *response)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);

    if (call->is_json) {
        message_encode_json(&response->base, &body);
    } else {
        message_encode_protobuf(&response->base, &body);
    }
    http_respond(&call->request, 200, call->is_json ? JSON : PROTOBUF, &body);
    call_destroy(call);
}

struct message *
operator_response_create(Master__Response__Type type, Master__Response **ret)
{
    struct message *m = message_create(&master__response__descriptor);

    *ret = message_root(m);
    (*ret)->has_type = true;
    (*ret)->type = type;
    return m;
}

void
operator_answer_with(struct operator_call *call, struct message *response)
{
    operator_answer_response(call, message_root(response));
    message_unref(response);
}

/* --- refusals --- */

/* False if the request has been answered. */
static bool
check_request(const struct master *m, struct http_request **request)
{
    static const char *const methods[] = { "POST" };
    const char *type = http_request_header(*request, "Content-Type");

    if (!m->is_recovered) {
        http_respond_text(request, 503, "Master has not finished recovery");
    } else if (strcmp(http_request_method(*request), "POST") != 0) {
        http_respond_method_not_allowed(request, methods,
                                        ARRAY_SIZE(methods));
    } else if (!type) {
        http_respond_text(request, 400, "Expecting 'Content-Type' to be "
                          "present");
    } else if (!http_media_type_is(type, JSON)
               && !http_media_type_is(type, PROTOBUF)) {
        http_respond_text(request, 415, "Expecting 'Content-Type' of " JSON
                          " or " PROTOBUF);
    }
    return *request != NULL;
}

struct error *
operator_decode(const char *body, size_t size, bool is_json,
                struct message **ret)
{
    struct error *error;

    if (!is_json) {
        return error_wrap(message_decode_protobuf(&master__call__descriptor,
                                                  body, size, ret),
                          "Failed to parse body into Call protobuf");
    }
    error = message_decode_json(&master__call__descriptor, body, size, ret);
    return error_wrap(error, error && error_code(error) == ERROR_PARSE
                      ? "Failed to parse body into JSON"
                      : "Failed to convert JSON into Call protobuf");
}

const char *
operator_find_missing(const Master__Call *call)
{
    const struct entry *entry = find_entry(call->type);

    if (!call->has_type) {
        return "type";
    }
    if (entry && entry->member
        && !*(void *const *) ((const char *) call + entry->offset)) {
        return entry->member;
    }
    return NULL;
}

/* --- the request --- */

static void
run(struct master *m, struct operator_call *call)
{
    const struct entry *entry = find_entry(call->in->type);
    const char *missing = operator_find_missing(call->in);
    const char *accept = http_request_header(call->request, "Accept");

    call->is_json = http_accepts_media_type(accept, JSON);
    if (missing) {
        autofree char *text = xasprintf("Failed to validate master::Call: "
                                        "Expecting '%s' to be present",
                                        missing);

        operator_answer(call, 400, text);
    } else if (!call->is_json && !http_accepts_media_type(accept, PROTOBUF)) {
        operator_answer(call, 406, "Expecting 'Accept' to allow '" PROTOBUF
                        "' or '" JSON "'");
    } else if (!entry) {
        const char *name = message_enum_name(
            &master__call__type__descriptor, (int) call->in->type);
        autofree char *text = xasprintf("This master does not support %s",
                                        name ? name : "this call");

        operator_answer(call, 501, text);
    } else {
        log_info("Processing call %s", message_enum_name(
            &master__call__type__descriptor, (int) call->in->type));
        entry->fn(m, call);
    }
}

void
operator_on_request(struct actor *self, struct http_request *request)
{
    struct master *m = master_cast(self);
    struct operator_call *call;
    struct message *message;
    struct error *error;
    const char *body;
    bool is_json;
    size_t size;

    log_info("HTTP %s for %s from %s", http_request_method(request),
             http_request_path(request),
             ADDRESS_TEXT(http_request_peer(request)));
    if (leadership_redirects(m, &request) || !check_request(m, &request)) {
        return;
    }
    is_json = http_media_type_is(http_request_header(request, "Content-Type"),
                                 JSON);
    body = http_request_body(request, &size);
    error = operator_decode(body, size, is_json, &message);
    if (error) {
        http_respond_text(&request, 400, "%s", error_text(error));
        error_destroy(error);
        return;
    }
    call = xcalloc(1, sizeof *call);
    call->request = request;
    call->message = message;
    call->in = message_root(message);
    run(m, call);
}
