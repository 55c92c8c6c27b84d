/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_detect.c - completes --resources with what the host has.
 *
 * Thread: start-up, before there are actors. */
#include <config.h>

#include "agent/resources_detect.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define MEGABYTE (UINT64_C(1) << 20)
#define GIGABYTE (UINT64_C(1) << 30)

/* Offered where the host does not tell. */
#define DEFAULT_CPUS 1
#define DEFAULT_MEM_BYTES (1 * GIGABYTE)
#define DEFAULT_DISK_BYTES (10 * GIGABYTE)
#define DEFAULT_PORTS "[31000-32000]"

static bool has_name(const char *text, const struct resources *,
                     const char *name);
static struct error *check_types(const struct resources *);
static void append_missing(const struct host_capacity *, const char *text,
                           const struct resources *, struct strbuf *);

void
host_capacity_read(const char *work_dir, struct host_capacity *ret)
{
    struct host_capacity capacity = { .n_cpus = 0 };
    struct sysinfo info;
    struct statvfs fs;

    capacity.n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (sysinfo(&info) == 0) {
        capacity.memory_bytes = (uint64_t) info.totalram * info.mem_unit;
    }
    if (statvfs(work_dir, &fs) == 0) {
        capacity.disk_bytes = (uint64_t) fs.f_blocks * fs.f_frsize;
    }
    *ret = capacity;
}

uint64_t
resources_detect_mem(uint64_t bytes)
{
    bytes = bytes >= 2 * GIGABYTE ? bytes - GIGABYTE : bytes / 2;
    return bytes / MEGABYTE;
}

uint64_t
resources_detect_disk(uint64_t bytes)
{
    bytes = bytes >= 10 * GIGABYTE ? bytes - 5 * GIGABYTE : bytes / 2;
    return bytes / MEGABYTE;
}

struct error *
resources_detect(const char *text, const char *default_role,
                 const struct host_capacity *capacity, struct resources *ret)
{
    autofini(strbuf) missing = STRBUF(4096);
    struct resources detected = { .entries = NULL };
    struct resources result = { .entries = NULL };
    struct error *error;

    if (text && *text) {
        error = resources_parse(text, default_role, &result);
        if (!error) {
            error = check_types(&result);
        }
        if (error) {
            resources_fini(&result);
            return error;
        }
    }
    append_missing(capacity, text ? text : "", &result, &missing);
    error = resources_parse(missing.data, default_role, &detected);
    if (error) {
        resources_fini(&result);
        return error;
    }
    resources_add(&result, &detected);
    resources_fini(&detected);
    *ret = result;
    return NULL;
}

static struct error *
check_type(const V1__Resource *resource)
{
    static const struct {
        const char *name;
        V1__Value__Type type;
        const char *kind;
    } known[] = {
        { "cpus", V1__VALUE__TYPE__SCALAR, "a number" },
        { "mem", V1__VALUE__TYPE__SCALAR, "a number" },
        { "disk", V1__VALUE__TYPE__SCALAR, "a number" },
        { "gpus", V1__VALUE__TYPE__SCALAR, "a number" },
        { "ports", V1__VALUE__TYPE__RANGES, "ranges" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (strcmp(resource->name, known[i].name) == 0 &&
            resource->type != known[i].type) {
            return error_create(ERROR_INVALID, "Resource '%s' has to be %s",
                                resource->name, known[i].kind);
        }
    }
    return NULL;
}

/* A host whose cpus are a set of words gets no tasks; better it says why. */
static struct error *
check_types(const struct resources *given)
{
    struct message *m = message_create(&v1__agent_info__descriptor);
    struct error *error = NULL;
    V1__Resource **array;
    size_t n;

    resources_encode(given, m, &array, &n);
    for (size_t i = 0; i < n && !error; i++) {
        error = check_type(array[i]);
    }
    message_unref(m);
    return error;
}

static void
append_missing(const struct host_capacity *capacity, const char *text,
               const struct resources *given, struct strbuf *out)
{
    if (!has_name(text, given, "cpus")) {
        if (capacity->n_cpus <= 0) {
            log_warn("Failed to auto-detect the number of cpus to use; "
                     "defaulting to %d", DEFAULT_CPUS);
        }
        strbuf_printf(out, "cpus:%ld;", capacity->n_cpus > 0
                                            ? capacity->n_cpus
                                            : DEFAULT_CPUS);
    }
    if (!has_name(text, given, "mem")) {
        uint64_t mem = resources_detect_mem(capacity->memory_bytes);

        if (capacity->memory_bytes == 0) {
            log_warn("Failed to auto-detect the size of main memory; "
                     "defaulting to 1GB");
            mem = DEFAULT_MEM_BYTES / MEGABYTE;
        }
        strbuf_printf(out, "mem:%" PRIu64 ";", mem);
    }
    if (!has_name(text, given, "disk")) {
        uint64_t disk = resources_detect_disk(capacity->disk_bytes);

        if (capacity->disk_bytes == 0) {
            log_warn("Failed to auto-detect the disk space; defaulting to "
                     "10GB");
            disk = DEFAULT_DISK_BYTES / MEGABYTE;
        }
        strbuf_printf(out, "disk:%" PRIu64 ";", disk);
    }
    if (!has_name(text, given, "ports")) {
        strbuf_append(out, "ports:" DEFAULT_PORTS);
    }
}

/* Whether 'text' names the resource, be it with an empty value, which leaves
 * no trace in the sum. */
static bool
has_name(const char *text, const struct resources *given, const char *name)
{
    struct message *m = message_create(&v1__agent_info__descriptor);
    V1__Resource **array;
    size_t len = strlen(name);
    size_t n;
    bool found = false;

    resources_encode(given, m, &array, &n);
    for (size_t i = 0; i < n && !found; i++) {
        found = strcmp(array[i]->name, name) == 0;
    }
    message_unref(m);

    bool is_json = text[strspn(text, " \t\r\n")] == '[';
    for (const char *p = text; !found && (p = strstr(p, name)); p += len) {
        bool begins = p == text || strchr(is_json ? "\"" : "; \t\n", p[-1]);

        found = begins && p[len] && strchr(is_json ? "\"" : ":( \t", p[len]);
    }
    return found;
}
