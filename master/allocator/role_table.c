/* SPDX-License-Identifier: Apache-2.0
 *
 * role_table.c - the tree of roles, with their places among the sorted.
 *
 * A role without a reason to exist goes, and takes along what only led to it.
 * (Mesos removes a role when its framework leaves it, and then fails checks
 * when something comes back that was held in it.) */
#include <config.h>

#include "master/allocator/table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

#include "master/allocator/role_table.h"

struct allocator_role *
allocator_roles_find(struct allocator_tables *t, const char *name)
{
    struct allocator_role *role;

    HASH_FIND_STR(t->roles, name, role);
    return role;
}

struct allocator_role *
allocator_roles_next(const struct allocator_tables *t,
                     struct allocator_role *role)
{
    return role ? role->hh.next : t->roles;
}

static struct allocator_role *
role_create(struct allocator_tables *t, const char *name,
            struct allocator_role *parent)
{
    struct allocator_role *role = xcalloc(1, sizeof *role);

    role->name = xstrdup(name);
    role->self_path = xasprintf("%s/.", name);
    role->parent = parent;
    role->top = parent ? parent->top : role;
    role->weight = 1;
    role->node.path = role->name;
    role->node.weight = 1;
    role->self.path = role->self_path;
    role->self.weight = 1;
    role->self.leaf = role;
    sorter_init(&role->clients, t->sorter_ops, &t->pool);
    HASH_ADD_KEYPTR(hh, t->roles, role->name, strlen(role->name), role);
    return role;
}

static void
role_destroy(struct allocator_tables *t, struct allocator_role *role)
{
    if (t->role_ends) {
        t->role_ends(t->aux, role);
    }
    for (size_t i = 0; i < t->stale_roles.n; i++) {
        if (t->stale_roles.data[i] == role) {
            vec_remove_unordered(&t->stale_roles, i);
            break;
        }
    }
    HASH_DEL(t->roles, role);
    sorter_fini(&role->clients);
    vec_fini(&role->node.children);
    free(role->self_path);
    free(role->name);
    free(role);
}

/* The first 'len' bytes of 'name', which end before a slash or the end; made
 * from the top down, since roles may be deeper than a stack is. */
struct allocator_role *
role_table_get(struct allocator_tables *t, const char *name)
{
    struct allocator_role *role = NULL;
    const char *end = name;

    while (*end) {
        size_t len = strcspn(end + 1, "/") + 1 + (size_t) (end - name);
        autofree char *path = xstrndup(name, len);
        struct allocator_role *next = allocator_roles_find(t, path);

        if (!next) {
            next = role_create(t, path, role);
            if (role) {
                role->n_refs++;
            }
        }
        role = next;
        end = name + len;
    }
    return role;
}

struct allocator_role *
role_table_get_top(struct allocator_tables *t, const char *name)
{
    autofree char *top = xstrndup(name, strcspn(name, "/"));

    return role_table_get(t, top);
}

void
role_table_unref(struct allocator_tables *t, struct allocator_role *role)
{
    role->n_refs--;
    while (role && role->n_refs == 0) {
        struct allocator_role *parent = role->parent;

        role_destroy(t, role);
        if (parent) {
            parent->n_refs--;
        }
        role = parent;
    }
}

/* For who got a role that may have no reason to exist. */
static void
role_settle(struct allocator_tables *t, struct allocator_role *role)
{
    role->n_refs++;
    role_table_unref(t, role);
}

/* --- places among the sorted --- */

void
role_table_enter_sorter(struct allocator_tables *t,
                        struct allocator_role *role)
{
    struct allocator_role *above = role;
    bool is_new = role->n_clients == 0;

    role->n_clients++;
    role->n_refs++;
    if (!is_new) {
        return;
    }
    /* From the lowest that is there down. */
    while (above && above->n_sorted == 0) {
        above = above->parent;
    }
    for (struct allocator_role *r = role; r; r = r->parent) {
        r->n_sorted++;
    }
    for (;;) {
        struct allocator_role *next = role;

        while (next != above && next->parent != above) {
            next = next->parent;
        }
        if (next == above) {
            break;
        }
        sorter_add(&t->sorter, above ? &above->node : NULL, &next->node);
        above = next;
    }
    sorter_add(&t->sorter, &role->node, &role->self);
}

void
role_table_leave_sorter(struct allocator_tables *t,
                        struct allocator_role *role)
{
    if (--role->n_clients == 0) {
        sorter_remove(&t->sorter, &role->self);
        for (struct allocator_role *r = role; r; r = r->parent) {
            if (--r->n_sorted == 0) {
                sorter_remove(&t->sorter, &r->node);
                r->node.n_allocations = 0;
            }
        }
        role->self.n_allocations = 0;
    }
    role_table_unref(t, role);
}

void
allocator_roles_mark_stale(struct allocator_tables *t,
                           struct allocator_role *role)
{
    for (; role && !role->is_metric_stale; role = role->parent) {
        role->is_metric_stale = true;
        vec_push(&t->stale_roles, role);
    }
}

/* --- weight and quota --- */

void
allocator_roles_set_weight(struct allocator_tables *t, const char *name,
                           double weight)
{
    struct allocator_role *role = role_table_get(t, name);
    bool had = role->weight < 1 || role->weight > 1;
    bool has = weight < 1 || weight > 1;

    role->weight = weight;
    sorter_set_weight(&t->sorter, &role->node, weight);
    allocator_roles_mark_stale(t, role);
    role->n_refs += has && !had;
    if (had && !has) {
        role_table_unref(t, role);
    } else {
        role_settle(t, role);
    }
}

static void
quota_destroy(struct allocator_quota *quota)
{
    if (quota) {
        resource_quantities_fini(&quota->guarantees_given);
        resource_quantities_fini(&quota->limits_given);
        free(quota);
    }
}

static struct allocator_quota *
quota_create(struct allocator_tables *t,
             const struct resource_quantities *guarantees,
             const struct resource_quantities *limits)
{
    struct allocator_quota *quota;

    if (guarantees->n == 0 && limits->n == 0) {
        return NULL;
    }
    quota = xcalloc(1, sizeof *quota);
    resource_quantities_init_copy(&quota->guarantees_given, guarantees);
    resource_quantities_init_copy(&quota->limits_given, limits);
    quota->guarantees = amounts_of_quantities(&t->names, guarantees, 0);
    quota->limits = amounts_of_quantities(&t->names, limits, INT64_MAX);
    quota->has_guarantees = !amounts_is_zero(&quota->guarantees);
    quota->has_limits = limits->n > 0;
    return quota;
}

static void
forget_quota(struct allocator_tables *t, const struct allocator_role *role)
{
    for (size_t i = 0; i < t->quota_roles.n; i++) {
        if (t->quota_roles.data[i] == role) {
            vec_remove(&t->quota_roles, i);
            return;
        }
    }
}

void
allocator_roles_set_quota(struct allocator_tables *t, const char *name,
                          const struct resource_quantities *guarantees,
                          const struct resource_quantities *limits)
{
    struct allocator_role *role = role_table_get_top(t, name);
    bool had = role->quota != NULL;

    quota_destroy(role->quota);
    role->quota = quota_create(t, guarantees, limits);
    allocator_roles_mark_stale(t, role);
    if (role->quota && !had) {
        role->n_refs++;
        vec_push(&t->quota_roles, role);
    } else if (had && !role->quota) {
        forget_quota(t, role);
        role_table_unref(t, role);
    } else {
        role_settle(t, role);
    }
}

void
role_table_fini(struct allocator_tables *t)
{
    struct allocator_role *role, *next;

    HASH_ITER(hh, t->roles, role, next) {
        quota_destroy(role->quota);
        role_destroy(t, role);
    }
}
