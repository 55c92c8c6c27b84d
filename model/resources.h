/* SPDX-License-Identifier: Apache-2.0
 *
 * resources.h - arithmetic on resources: "cpus:4;mem:8192;ports:[31000-32000]"
 *
 * A 'struct resources' is a sum: entries of the same name, type and metadata
 * (reservations, disk, revocable, shared, provider, allocation role) are kept
 * merged, and empty ones are left out.  Scalars are whole thousandths, as in
 * Mesos; ranges are sorted, disjoint and not adjacent; sets are sorted.
 *
 * Mirrors src/common/resources.cpp and values.cpp of Mesos.
 * Thread-safety: one thread at a time; pure functions otherwise. */
#ifndef MODEL_RESOURCES_H
#define MODEL_RESOURCES_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;
struct json_writer;
struct message;
struct resource;
struct strbuf;
struct V1__Resource;

/* Zeroed: nothing at all. */
struct resources {
    struct resource *entries;   /* owned */
    size_t n;
    size_t capacity;
};

void resources_fini(struct resources *);
void resources_init_copy(struct resources *, const struct resources *);

/* The text of --resources, or the same as a JSON array of Resource objects.
 * Entries without a role get 'default_role' ("*").  Names the entry that is
 * wrong. */
struct error *resources_parse(const char *text, const char *default_role,
                              struct resources *ret) MUST_CHECK;

/* From and to messages.  Decoding validates (names, types, values >= 0, roles,
 * reservations) with the texts of Mesos, and refuses more than RESOURCES_MAX
 * entries: summing them up takes time by the square of their number.  Encoding
 * puts an array into 'm'. */
#define RESOURCES_MAX ((size_t) 4096)
struct error *resources_decode(struct V1__Resource *const *, size_t n,
                               struct resources *ret) MUST_CHECK;
void resources_encode(const struct resources *, struct message *m,
                      struct V1__Resource ***ret, size_t *ret_n);

void resources_add(struct resources *, const struct resources *);

/* 'a' has to contain 'b'; CHECKed. */
void resources_subtract(struct resources *a, const struct resources *b);

bool resources_contain(const struct resources *a, const struct resources *b);
bool resources_equal(const struct resources *, const struct resources *);
bool resources_is_empty(const struct resources *);

/* Sum of all scalar entries of 'name', in thousandths. */
int64_t resources_scalar(const struct resources *, const char *name);
#define resources_cpus(r) resources_scalar((r), "cpus")
#define resources_mem(r) resources_scalar((r), "mem")
#define resources_disk(r) resources_scalar((r), "disk")

/* The same without reservations, allocation, disk info and revocability: what
 * sums are compared by. */
void resources_to_unreserved(const struct resources *,
                             struct resources *ret);

/* Sets, or clears with NULL, the allocation role of all entries. */
void resources_set_allocation(struct resources *, const char *role);

/* A part of 'available' whose names and amounts are those of 'wanted' (taken
 * as unreserved): entries reserved to 'role' first, then unreserved ones.
 * False, and nothing in '*ret', if there is not enough. */
bool resources_find(const struct resources *available,
                    const struct resources *wanted, const char *role,
                    struct resources *ret);

/* As Mesos prints them: "cpus:4; mem:8192; ports:[31000-32000]", with
 * "(reservations: ...)" and so on behind the name where there are any; "{}"
 * when empty. */
void resources_format(const struct resources *, struct strbuf *);

/* The object of the legacy endpoints: {"cpus":4.0,"disk":0.0,"gpus":0.0,
 * "mem":8192.0,"ports":"[31000-32000]"}; cpus, disk, gpus and mem are always
 * there. */
void resources_write_json(const struct resources *, struct json_writer *);
void resources_write_member(const struct resources *, struct json_writer *,
                            const char *key);

#endif /* MODEL_RESOURCES_H */
