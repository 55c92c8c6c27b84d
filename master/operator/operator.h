/* SPDX-License-Identifier: Apache-2.0
 *
 * operator.h - the operator API: calls of people and their tools to the
 * master, POST /api/v1.
 *
 * operator.c has the route and the table of calls; the files beside it have
 * what they do.  A call is answered once, at once or in a later turn of the
 * master, with a status and a text, or with a Response.
 *
 * Mirrors Master::Http::api() of Mesos' src/master/http.cpp, and
 * src/master/validation.cpp for what is refused.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_OPERATOR_OPERATOR_H
#define MASTER_OPERATOR_OPERATOR_H 1

#include <actor/http.h>

#include "master/private.h"
#include "proto/mesos/v1/master/master.pb-c.h"

/* One call while it is worked on. */
struct operator_call {
    struct http_request *request;       /* owned */
    struct message *message;    /* counted; its root is 'in' */
    const Master__Call *in;
    bool is_json;               /* as the answer will be */
};

/* Answers the call, now or later.  The member of 'in' that belongs to its type
 * is there. */
typedef void operator_call_fn(struct master *, struct operator_call *);

/* --- what is asked for --- */

/* Takes the body of a request apart: a Master.Call, in '*ret', the caller's.
 * An error says what is wrong with it and where. */
struct error *operator_decode(const char *body, size_t size, bool is_json,
                              struct message **ret) MUST_CHECK;

/* The member that the call's type needs and that is not there: "type",
 * "drain_agent"; NULL: nothing is missing. */
const char *operator_find_missing(const Master__Call *);

/* --- answers: each takes the call --- */

/* 'text' may be NULL or "". */
void operator_answer(struct operator_call *, int status, const char *text);

/* 200, or what the error's code says; takes 'error'. */
void operator_answer_error(struct operator_call *, struct error *error);

/* 200 with a Response, in JSON or protobuf. */
void operator_answer_response(struct operator_call *,
                              const Master__Response *);

/* The same with one that was made by the function below; takes it. */
void operator_answer_with(struct operator_call *, struct message *response);

/* A Response of that type, in '*ret', and the message that all in it belongs
 * to, the caller's. */
struct message *operator_response_create(Master__Response__Type,
                                         Master__Response **ret);

/* --- the calls, by file --- */

/* info.c */
operator_call_fn operator_get_health, operator_get_version,
    operator_get_flags, operator_get_metrics, operator_get_master,
    operator_get_logging_level;

/* agents.c */
operator_call_fn operator_mark_agent_gone, operator_drain_agent,
    operator_deactivate_agent, operator_reactivate_agent;

/* frameworks.c */
operator_call_fn operator_teardown;

/* resources.c */
operator_call_fn operator_reserve_resources, operator_unreserve_resources,
    operator_create_volumes, operator_destroy_volumes, operator_grow_volume,
    operator_shrink_volume;

/* policy.c */
operator_call_fn operator_get_quota, operator_update_quota,
    operator_set_quota, operator_remove_quota, operator_get_weights,
    operator_update_weights, operator_get_maintenance_status,
    operator_get_maintenance_schedule, operator_update_maintenance_schedule,
    operator_start_maintenance, operator_stop_maintenance;

/* The route's handler. */
http_handler_fn operator_on_request;

#endif /* MASTER_OPERATOR_OPERATOR_H */
