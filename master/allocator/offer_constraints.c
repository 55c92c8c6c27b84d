/* SPDX-License-Identifier: Apache-2.0
 *
 * offer_constraints.c - what an agent must be like to be offered. */
#include <config.h>

#include "master/allocator/offer_constraints.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/vec.h>

#include "master/allocator/regex.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

typedef Scheduler__AttributeConstraint__Selector Selector;
typedef Scheduler__AttributeConstraint__Predicate Predicate;

#define PSEUDO(NAME) \
    SCHEDULER__ATTRIBUTE_CONSTRAINT__SELECTOR__PSEUDOATTRIBUTE_TYPE__##NAME
#define SELECTS(NAME) SCHEDULER__ATTRIBUTE_CONSTRAINT__SELECTOR__##NAME
#define IS(NAME) SCHEDULER__ATTRIBUTE_CONSTRAINT__PREDICATE__PREDICATE_##NAME

struct constraint {
    char *attribute;            /* owned; NULL: 'pseudo' */
    int pseudo;
    int predicate;
    char *text;                 /* owned; to be equal to */
    struct regex *regex;        /* owned; to match */
};

struct group {
    VEC(struct constraint) constraints;
};

struct role_constraints {
    char *role;                 /* owned */
    VEC(struct group) groups;
};

struct offer_constraints {
    VEC(struct role_constraints) roles;
};

/* --- compiling --- */

static struct error *
compile_selector(const Selector *selector, struct constraint *c)
{
    if ((int) selector->selector_case
        == (int) SELECTS(SELECTOR_ATTRIBUTE_NAME)) {
        c->attribute = xstrdup(selector->attribute_name);
        return NULL;
    }
    if ((int) selector->selector_case
        != (int) SELECTS(SELECTOR_PSEUDOATTRIBUTE_TYPE)) {
        return error_create(ERROR_INVALID, "Exactly one of "
                            "'AttributeConstraint::Selector::name' or "
                            "'AttributeConstraint::Selector::"
                            "pseudoattribute_type' must be set");
    }
    c->pseudo = (int) selector->pseudoattribute_type;
    if (c->pseudo != (int) PSEUDO(HOSTNAME) && c->pseudo != (int) PSEUDO(ZONE)
        && c->pseudo != (int) PSEUDO(REGION)) {
        return error_create(ERROR_INVALID, "Unknown pseudoattribute type");
    }
    return NULL;
}

static struct error *
compile_regex(const char *pattern,
              const struct offer_constraints_limits *limits,
              struct constraint *c)
{
    return regex_compile(pattern, limits->max_memory,
                         limits->max_program_size, &c->regex);
}

static struct error *
compile_predicate(const Predicate *p,
                  const struct offer_constraints_limits *limits,
                  struct constraint *c)
{
    c->predicate = (int) p->predicate_case;
    switch (c->predicate) {
    case IS(EXISTS):
    case IS(NOT_EXISTS):
        return NULL;
    case IS(TEXT_EQUALS):
        c->text = xstrdup(p->text_equals->value);
        return NULL;
    case IS(TEXT_NOT_EQUALS):
        c->text = xstrdup(p->text_not_equals->value);
        return NULL;
    case IS(TEXT_MATCHES):
        return compile_regex(p->text_matches->regex, limits, c);
    case IS(TEXT_NOT_MATCHES):
        return compile_regex(p->text_not_matches->regex, limits, c);
    default:
        return error_create(ERROR_INVALID, "Unknown predicate type");
    }
}

static struct error *
compile_group(const Scheduler__OfferConstraints__RoleConstraints__Group *g,
              const struct offer_constraints_limits *limits,
              struct group *group)
{
    struct error *error = NULL;

    for (size_t i = 0; i < g->n_attribute_constraints && !error; i++) {
        const Scheduler__AttributeConstraint *constraint =
            g->attribute_constraints[i];
        struct constraint c = { 0 };

        error = compile_selector(constraint->selector, &c);
        if (!error) {
            error = compile_predicate(constraint->predicate, limits, &c);
        }
        vec_push(&group->constraints, c);
    }
    return error;
}

static struct error *
compile_role(const Scheduler__OfferConstraints__RoleConstraintsEntry *entry,
             const struct offer_constraints_limits *limits,
             struct role_constraints *role)
{
    struct error *error = NULL;

    if (!entry->value || entry->value->n_groups == 0) {
        return error_create(ERROR_INVALID,
                            "'OfferConstraints::role_constraints' has an "
                            "empty 'RoleConstraints::groups' for role %s",
                            role->role);
    }
    for (size_t i = 0; i < entry->value->n_groups && !error; i++) {
        struct group group = { VEC_EMPTY };

        if (entry->value->groups[i]->n_attribute_constraints == 0) {
            /* The missing blank is Mesos' own. */
            return error_create(ERROR_INVALID,
                                "'OfferConstraints::RoleConstraints::groups' "
                                "for role %scontains an empty "
                                "RoleConstraints::Group", role->role);
        }
        error = compile_group(entry->value->groups[i], limits, &group);
        vec_push(&role->groups, group);
    }
    return error;
}

struct error *
offer_constraints_create(const Scheduler__OfferConstraints *source,
                         const struct offer_constraints_limits *limits,
                         struct offer_constraints **ret)
{
    struct offer_constraints *constraints = xcalloc(1, sizeof *constraints);
    struct error *error = NULL;

    for (size_t i = 0; i < source->n_role_constraints && !error; i++) {
        struct role_constraints role = {
            .role = xstrdup(source->role_constraints[i]->key
                            ? source->role_constraints[i]->key : ""),
        };

        error = compile_role(source->role_constraints[i], limits, &role);
        vec_push(&constraints->roles, role);
    }
    if (error) {
        offer_constraints_destroy(constraints);
        return error;
    }
    *ret = constraints;
    return NULL;
}

static void
group_fini(struct group *group)
{
    vec_foreach (&group->constraints, c) {
        free(c->attribute);
        free(c->text);
        regex_destroy(c->regex);
    }
    vec_fini(&group->constraints);
}

void
offer_constraints_destroy(struct offer_constraints *constraints)
{
    if (!constraints) {
        return;
    }
    vec_foreach (&constraints->roles, role) {
        vec_foreach (&role->groups, group) {
            group_fini(group);
        }
        vec_fini(&role->groups);
        free(role->role);
    }
    vec_fini(&constraints->roles);
    free(constraints);
}

/* --- holding an agent against them --- */

static const V1__Attribute *
find_attribute(const V1__AgentInfo *info, const char *name)
{
    for (size_t i = 0; info && i < info->n_attributes; i++) {
        if (!strcmp(info->attributes[i]->name, name)) {
            return info->attributes[i];
        }
    }
    return NULL;
}

static const char *
pseudo_value(int pseudo, const char *hostname, const V1__AgentInfo *info)
{
    const V1__DomainInfo__FaultDomain *domain =
        info && info->domain ? info->domain->fault_domain : NULL;

    if (pseudo == (int) PSEUDO(HOSTNAME)) {
        return hostname;
    }
    if (!domain) {
        return NULL;
    }
    return pseudo == (int) PSEUDO(REGION) ? domain->region->name
                                          : domain->zone->name;
}

static bool
holds_for_text(const struct constraint *c, const char *text)
{
    switch (c->predicate) {
    case IS(EXISTS):
        return true;
    case IS(NOT_EXISTS):
        return false;
    case IS(TEXT_EQUALS):
        return !strcmp(text, c->text);
    case IS(TEXT_NOT_EQUALS):
        return strcmp(text, c->text) != 0;
    case IS(TEXT_MATCHES):
        return regex_match(c->regex, text) == REGEX_YES;
    default:
        /* What could not be decided holds neither way. */
        return regex_match(c->regex, text) == REGEX_NO;
    }
}

static bool
holds_for_nothing(const struct constraint *c)
{
    return c->predicate == (int) IS(NOT_EXISTS)
        || c->predicate == (int) IS(TEXT_NOT_EQUALS)
        || c->predicate == (int) IS(TEXT_NOT_MATCHES);
}

static bool
constraint_holds(const struct constraint *c, const char *hostname,
                 const V1__AgentInfo *info)
{
    const V1__Attribute *attribute;
    const char *text;

    if (!c->attribute) {
        text = pseudo_value(c->pseudo, hostname, info);
        return text ? holds_for_text(c, text) : holds_for_nothing(c);
    }
    attribute = find_attribute(info, c->attribute);
    if (!attribute) {
        return holds_for_nothing(c);
    }
    if (attribute->type == V1__VALUE__TYPE__TEXT && attribute->text) {
        return holds_for_text(c, attribute->text->value);
    }
    return c->predicate != (int) IS(NOT_EXISTS);
}

static bool
group_holds(const struct group *group, const char *hostname,
            const V1__AgentInfo *info)
{
    vec_foreach (&group->constraints, c) {
        if (!constraint_holds(c, hostname, info)) {
            return false;
        }
    }
    return true;
}

static const struct role_constraints *
find_role(const struct offer_constraints *constraints, const char *name)
{
    vec_foreach (&constraints->roles, role) {
        if (!strcmp(role->role, name)) {
            return role;
        }
    }
    return NULL;
}

bool
offer_constraints_concern(const struct offer_constraints *constraints,
                          const char *role)
{
    return find_role(constraints, role) != NULL;
}

bool
offer_constraints_exclude(const struct offer_constraints *constraints,
                          const char *name, const char *hostname,
                          const V1__AgentInfo *info)
{
    const struct role_constraints *role = find_role(constraints, name);

    if (!role) {
        return false;
    }
    vec_foreach (&role->groups, group) {
        if (group_holds(group, hostname, info)) {
            return false;
        }
    }
    return true;
}
