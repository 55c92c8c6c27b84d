/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_json.h - resources as /state shows them: reserved ones by role,
 * the others together.
 *
 * Thread-safety: pure functions. */
#ifndef AGENT_RESOURCES_JSON_H
#define AGENT_RESOURCES_JSON_H 1

#include <stdbool.h>
#include <stddef.h>

struct json_writer;
struct V1__Resource;

/* The role that the resource is reserved to; NULL: it is not. */
const char *resource_reserved_role(const struct V1__Resource *);

/* {"<role>": {"cpus": ...}}, or "is_full": {"<role>": [Resource, ...]}. */
void resources_json_reserved(struct V1__Resource *const *, size_t n,
                             bool is_full, struct json_writer *);

/* {"cpus": ...}, or [Resource, ...], of what is not reserved. */
void resources_json_unreserved(struct V1__Resource *const *, size_t n,
                               bool is_full, struct json_writer *);

#endif /* AGENT_RESOURCES_JSON_H */
