/* SPDX-License-Identifier: Apache-2.0
 *
 * registry.c - what a master keeps of its cluster: reading and writing it. */
#include <config.h>

#include "master/registrar/registry.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/registrar/parts.h"
#include "master/registrar/registry_private.h"

typedef char *key_fn(const void *root);

static key_fn key_of_one, key_of_agent, key_of_unreachable, key_of_gone,
    key_of_machine, key_of_weight, key_of_quota, key_of_capability;
static struct error *take_part(struct registry *, const struct part *);

struct section_type {
    enum part_kind kind;
    const char *what;           /* for errors */
    const ProtobufCMessageDescriptor *descriptor;
    key_fn *key;                /* of a root; NULL: it has none */
};

static const struct section_type section_types[N_SECTIONS] = {
    [SECTION_MASTER] = {
        PART_MASTER, "master", &internal__registry__master__descriptor,
        key_of_one,
    },
    [SECTION_AGENTS] = {
        PART_AGENT, "agent", &internal__registry__slave__descriptor,
        key_of_agent,
    },
    [SECTION_UNREACHABLE] = {
        PART_UNREACHABLE, "unreachable agent",
        &internal__registry__unreachable_slave__descriptor,
        key_of_unreachable,
    },
    [SECTION_GONE] = {
        PART_GONE, "gone agent", &internal__registry__gone_slave__descriptor,
        key_of_gone,
    },
    [SECTION_MACHINES] = {
        PART_MACHINE, "machine", &internal__registry__machine__descriptor,
        key_of_machine,
    },
    [SECTION_SCHEDULES] = {
        PART_SCHEDULE, "schedule", &maintenance__schedule__descriptor,
        key_of_one,
    },
    [SECTION_WEIGHTS] = {
        PART_WEIGHT, "weight", &internal__registry__weight__descriptor,
        key_of_weight,
    },
    [SECTION_QUOTAS] = {
        PART_QUOTA, "quota", &quota__quota_config__descriptor, key_of_quota,
    },
    [SECTION_CAPABILITIES] = {
        PART_CAPABILITY, "minimum capability",
        &internal__registry__minimum_capability__descriptor,
        key_of_capability,
    },
};

/* --- names --- */

static char *
key_of_one(const void *root)
{
    (void) root;
    return xstrdup("");
}

static char *
key_of_agent(const void *root)
{
    const V1__AgentInfo *info = ((const Internal__Registry__Slave *) root)
        ->info;

    return info->id ? xstrdup(info->id->value) : NULL;
}

static char *
key_of_unreachable(const void *root)
{
    const Internal__Registry__UnreachableSlave *agent = root;

    return xstrdup(agent->id->value);
}

static char *
key_of_gone(const void *root)
{
    return xstrdup(((const Internal__Registry__GoneSlave *) root)->id->value);
}

static char *
key_of_machine(const void *root)
{
    const Internal__Registry__Machine *machine = root;

    return registry_machine_key(machine->info->id);
}

static char *
key_of_weight(const void *root)
{
    const V1__WeightInfo *info = ((const Internal__Registry__Weight *) root)
        ->info;

    return info->role ? xstrdup(info->role) : NULL;
}

static char *
key_of_quota(const void *root)
{
    return xstrdup(((const Quota__QuotaConfig *) root)->role);
}

static char *
key_of_capability(const void *root)
{
    const Internal__Registry__MinimumCapability *capability = root;

    return xstrdup(capability->capability);
}

char *
registry_machine_key(const V1__MachineID *id)
{
    char *key = xasprintf("%s\n%s", id->hostname ? id->hostname : "",
                          id->ip ? id->ip : "");

    for (char *c = key; *c != '\n'; c++) {
        *c = (char) tolower((unsigned char) *c);
    }
    return key;
}

/* --- life, and the records --- */

struct registry *
registry_create(void)
{
    return xcalloc(1, sizeof(struct registry));
}

void
registry_destroy(struct registry *r)
{
    if (r) {
        for (size_t i = 0; i < N_SECTIONS; i++) {
            records_fini(&r->sections[i]);
        }
        free(r);
    }
}

/* What is asked of agents without taking them apart. */
static void
note_agent(struct registry *r, struct record *record, bool deactivated,
           const V1__DrainInfo *drain_info)
{
    r->n_deactivated += deactivated;
    r->n_deactivated -= record->deactivated;
    record->deactivated = deactivated;
    record->drain_state = drain_info ? (uint8_t) drain_info->state : 0;
}

static void
note(struct registry *r, enum section section, struct record *record,
     const void *root)
{
    if (section == SECTION_AGENTS) {
        const Internal__Registry__Slave *agent = root;

        note_agent(r, record, agent->deactivated, agent->drain_info);
    } else if (section == SECTION_UNREACHABLE) {
        const Internal__Registry__UnreachableSlave *agent = root;

        note_agent(r, record, agent->deactivated, agent->drain_info);
    }
}

bool
registry_put(struct registry *r, enum section section, const char *key,
             const ProtobufCMessage *message)
{
    struct records *records = &r->sections[section];
    struct record *record = records_find(records, key);
    autofini(strbuf) data = STRBUF(UINT32_MAX);

    DCHECK(message->descriptor == section_types[section].descriptor);
    message_encode_msgpack(message, &data);
    CHECK(!data.overflow, "a message of the registry is too large");
    if (record && record->size == data.len
        && !memcmp(record->data, data.data, data.len)) {
        return false;
    }
    if (!record) {
        record = records_add(records, key);
    }
    records_set(records, record, data.data, (uint32_t) data.len);
    note(r, section, record, message);
    return true;
}

struct message *
registry_get(const struct registry *r, enum section section,
             const struct record *record)
{
    struct message *message = NULL;
    struct error *error =
        message_decode_msgpack(section_types[section].descriptor,
                               record->data, record->size, &message);

    (void) r;
    CHECK(!error, "%s '%s' cannot be read back: %s",
          section_types[section].what, record->key, error_text(error));
    return message;
}

void
registry_remove(struct registry *r, enum section section,
                struct record *record)
{
    r->n_deactivated -= record->deactivated;
    records_remove(&r->sections[section], record);
}

/* --- as a whole --- */

uint64_t
registry_size(const struct registry *r)
{
    uint64_t size = PARTS_HEAD_SIZE;

    for (size_t i = 0; i < N_SECTIONS; i++) {
        size += r->sections[i].size
            + PART_HEAD_SIZE * (uint64_t) records_count(&r->sections[i]);
    }
    return size;
}

void
registry_encode(const struct registry *r, struct strbuf *out)
{
    size_t size = (size_t) registry_size(r);

    strbuf_reserve(out, size);
    parts_start(out);
    for (size_t i = 0; i < N_SECTIONS; i++) {
        const struct record *record = NULL;

        while ((record = records_next(&r->sections[i], record)) != NULL) {
            parts_append(out, section_types[i].kind, record->data,
                         record->size);
        }
    }
}

struct error *
registry_decode(const void *data, size_t size, struct registry **ret)
{
    struct registry *r = registry_create();
    struct parts_reader reader;
    struct part part;
    struct error *error = parts_begin(&reader, data, size);

    while (!error && parts_next(&reader, &part, &error)) {
        error = take_part(r, &part);
    }
    if (error) {
        registry_destroy(r);
        return error;
    }
    *ret = r;
    return NULL;
}

/* A message that is not there yet, and the form it has been read from, or
 * NULL. */
static struct error *
take_message(struct registry *r, enum section section,
             const ProtobufCMessage *message, const struct part *part)
{
    const struct section_type *type = &section_types[section];
    struct records *records = &r->sections[section];
    autofree char *key = type->key(message);
    struct record *record;

    if (!key) {
        return error_create(ERROR_INVALID, "%s %zu has no name", type->what,
                            records_count(records));
    }
    if (records_find(records, key)) {
        return error_create(ERROR_INVALID, "%s '%s' is there twice",
                            type->what, key);
    }
    if (!part) {
        registry_put(r, section, key, message);
        return NULL;
    }
    record = records_add(records, key);
    records_set(records, record, part->body, part->size);
    note(r, section, record, message);
    return NULL;
}

static struct error *
take_part(struct registry *r, const struct part *part)
{
    for (size_t i = 0; i < N_SECTIONS; i++) {
        const struct section_type *type = &section_types[i];
        autodestroy(message) *message = NULL;
        struct error *error;

        if ((unsigned) type->kind != part->kind) {
            continue;
        }
        error = message_decode_msgpack(type->descriptor, part->body,
                                       part->size, &message);
        if (error) {
            return error_wrap(error, "%s %zu", type->what,
                              records_count(&r->sections[i]));
        }
        return take_message(r, (enum section) i, message_root(message), part);
    }
    return error_create(ERROR_UNSUPPORTED, "the registry has a part of kind "
                        "%u, which this version does not know", part->kind);
}

/* --- as a message --- */

/* The messages of a section, copied into 'm'. */
static struct error *
copy_section(const struct registry *r, enum section section,
             struct message *m, size_t *ret_n, void *ret_array)
{
    const struct records *records = &r->sections[section];
    const struct record *record = NULL;
    size_t n = records_count(records);
    void **array = message_array(m, n, sizeof *array);
    size_t i = 0;

    while ((record = records_next(records, record)) != NULL) {
        autodestroy(message) *copy = registry_get(r, section, record);

        if (message_memory(m) > LIMIT_MESSAGE_MEMORY) {
            return error_create(ERROR_TOO_LARGE, "the registry takes more "
                                "than %zu bytes of memory",
                                LIMIT_MESSAGE_MEMORY);
        }
        array[i++] = message_copy(m, message_root(copy));
    }
    *ret_n = n;
    memcpy(ret_array, &array, sizeof array);
    return NULL;
}

struct error *
registry_to_message(const struct registry *r, struct message **ret)
{
    struct message *m = message_create(&internal__registry__descriptor);
    Internal__Registry *root = message_root(m);
    Internal__Registry__Master **masters;
    size_t n_masters;
    struct error *error = copy_section(r, SECTION_MASTER, m, &n_masters,
                                       &masters);

    root->slaves = message_new(m, &internal__registry__slaves__descriptor);
    root->machines = message_new(m, &internal__registry__machines__descriptor);
    root->unreachable = message_new(
        m, &internal__registry__unreachable_slaves__descriptor);
    root->gone = message_new(m, &internal__registry__gone_slaves__descriptor);
#define COPY(SECTION, WHOLE, MEMBER) \
    if (!error) { \
        error = copy_section(r, SECTION, m, &(WHOLE)->n_##MEMBER, \
                             &(WHOLE)->MEMBER); \
    }
    COPY(SECTION_AGENTS, root->slaves, slaves)
    COPY(SECTION_UNREACHABLE, root->unreachable, slaves)
    COPY(SECTION_GONE, root->gone, slaves)
    COPY(SECTION_MACHINES, root->machines, machines)
    COPY(SECTION_SCHEDULES, root, schedules)
    COPY(SECTION_WEIGHTS, root, weights)
    COPY(SECTION_QUOTAS, root, quota_configs)
    COPY(SECTION_CAPABILITIES, root, minimum_capabilities)
#undef COPY
    if (error) {
        message_unref(m);
        return error;
    }
    if (n_masters > 0) {
        root->master = masters[0];
    }
    *ret = m;
    return NULL;
}

static struct error *
take_all(struct registry *r, enum section section, size_t n, void *array_)
{
    ProtobufCMessage **array = array_;
    struct error *error = NULL;

    for (size_t i = 0; !error && i < n; i++) {
        error = take_message(r, section, array[i], NULL);
    }
    return error;
}

struct error *
registry_from_message(const Internal__Registry *root, struct registry **ret)
{
    struct registry *r = registry_create();
    struct error *error = NULL;

    if (root->master) {
        error = take_message(r, SECTION_MASTER, &root->master->base, NULL);
    }
#define TAKE(SECTION, WHOLE, MEMBER) \
    if (!error && (WHOLE)) { \
        error = take_all(r, SECTION, (WHOLE)->n_##MEMBER, (WHOLE)->MEMBER); \
    }
    TAKE(SECTION_AGENTS, root->slaves, slaves)
    TAKE(SECTION_UNREACHABLE, root->unreachable, slaves)
    TAKE(SECTION_GONE, root->gone, slaves)
    TAKE(SECTION_MACHINES, root->machines, machines)
    TAKE(SECTION_SCHEDULES, root, schedules)
    TAKE(SECTION_WEIGHTS, root, weights)
    TAKE(SECTION_QUOTAS, root, quota_configs)
    TAKE(SECTION_CAPABILITIES, root, minimum_capabilities)
#undef TAKE
    if (error) {
        registry_destroy(r);
        return error;
    }
    *ret = r;
    return NULL;
}

/* --- changes, written down --- */

void
registry_encode_change(const Internal__RegistryChange *change,
                       struct strbuf *out)
{
    parts_append_message(out, PART_CHANGE, &change->base);
}

static struct error *
replay_part(struct registry *r, const struct part *part)
{
    autodestroy(message) *change = NULL;
    struct registry_effect effect;
    struct error *error;

    if (part->kind != PART_CHANGE) {
        return error_create(ERROR_UNSUPPORTED, "a part of kind %u stands "
                            "where a change is wanted", part->kind);
    }
    error = message_decode_msgpack(&internal__registry_change__descriptor,
                                   part->body, part->size, &change);
    return error ? error
                 : registry_apply(r, message_root(change), &effect);
}

struct error *
registry_replay(struct registry *r, const void *data, size_t size)
{
    struct parts_reader reader;
    struct part part;
    struct error *error = parts_begin(&reader, data, size);
    size_t n = 0;

    while (!error && parts_next(&reader, &part, &error)) {
        error = error_wrap(replay_part(r, &part), "change %zu", n++);
    }
    return error;
}
