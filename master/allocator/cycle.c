/* SPDX-License-Identifier: Apache-2.0
 *
 * cycle.c - who is offered what of the candidates.
 *
 * Agents are taken in an order of chance.  First the guarantees: a role that
 * lacks something of its own is given of each agent what it lacks, and what it
 * may have besides.  Then the fair shares: an agent goes, whole, to the first
 * client in the order of shares that takes it, as far as limits and the
 * headroom for other roles' guarantees let it.
 *
 * The order stands while one agent is given away; what was given is charged
 * behind that (sorter.h).
 *
 * A nested role is under the quota of its top-level role, in both stages. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "master/allocator/filter_table.h"
#include "master/allocator/offer_constraints.h"
#include "master/allocator/private.h"
#include "model/resource.h"
#include "model/resources_part.h"
#include "model/roles.h"

/* What could be offered of the agent at hand. */
struct pick {
    bool is_valid;
    const struct allocator_role *role;  /* to whom, and to what kind */
    unsigned abilities;
    bool is_whole;              /* all that is available, as it is */
    struct resources resources; /* else */
    bool has_guaranteed;
    struct amounts kept;        /* for the headroom */
    bool is_kept_any;
    bool is_limited;            /* something was cut */
    int fits_default;           /* the allocator's minimum; -1: not tried */
    bool has_fingerprint;
    uint64_t fingerprint;
};

struct cycle {
    struct allocator *a;
    struct allocator_tables *t;
    int64_t now_ns;
    bool has_quota;
    struct amounts required;    /* headroom for guarantees */
    bool is_required;
    struct amounts held_back;
    size_t n_held_back;
    struct amounts kept;        /* of the agent at hand, for the headroom */
    bool is_kept;
    struct pick pick;
    VEC(struct allocator_client *) touched;
    VEC(struct allocator_framework *) receivers;
};

/* --- quota --- */

static struct amounts
unsatisfied(const struct allocator_role *top)
{
    struct amounts rest = { { 0 } };

    if (top->quota && top->quota->has_guarantees) {
        rest = top->quota->guarantees;
        amounts_subtract(&rest, &top->consumed);
        amounts_subtract(&rest, &top->reservations);
    }
    return rest;
}

/* What the role may still get by its limits. */
static struct amounts
limit_left(const struct allocator_role *top)
{
    struct amounts left = top->quota->limits;

    for (size_t i = 0; i < AMOUNTS_MAX; i++) {
        if (left.v[i] != INT64_MAX) {
            int64_t rest = left.v[i] - top->consumed.v[i]
                           - top->reservations.v[i];

            left.v[i] = rest > 0 ? rest : 0;
        }
    }
    return left;
}

/* What decides whether a role need be looked at for an agent at all. */
static void
update_quota(struct allocator_role *top)
{
    struct amounts rest = unsatisfied(top);

    if (top->quota) {
        top->quota->lacks_some = !amounts_is_zero(&rest);
        top->quota->left = limit_left(top);
    }
}

static void
compute_required(struct cycle *c)
{
    memset(&c->required, 0, sizeof c->required);
    vec_foreach (&c->t->quota_roles, role) {
        struct amounts rest = unsatisfied(*role);

        amounts_add(&c->required, &rest);
        update_quota(*role);
    }
    c->is_required = !amounts_is_zero(&c->required);
}

/* What may be given away without touching the headroom. */
static struct amounts
surplus(const struct cycle *c)
{
    struct amounts rest = c->t->free;

    amounts_subtract(&rest, &c->required);
    return rest;
}

static int64_t
min_amount(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void
use(int64_t *left, int64_t amount)
{
    if (*left != INT64_MAX) {
        *left -= amount;
    }
}

/* --- picking --- */

#define WANTS_SHARED 1u
#define WANTS_REVOCABLE 2u
#define KNOWS_REFINEMENT 4u

static unsigned
abilities_of(const struct allocator_framework *framework)
{
    return (framework->wants_shared ? WANTS_SHARED : 0)
        | (framework->wants_revocable ? WANTS_REVOCABLE : 0)
        | (framework->is_reservation_refinement ? KNOWS_REFINEMENT : 0);
}

static void
pick_reset(struct pick *pick)
{
    resources_fini(&pick->resources);
    memset(pick, 0, sizeof *pick);
    pick->fits_default = -1;
}

/* What the amounts of plain scalars are bounded by. */
struct bounds {
    struct amounts guaranteed;  /* left of what the role lacks */
    struct amounts limit;
    struct amounts headroom;
};

static void
set_bounds(const struct cycle *c, const struct allocator_role *role,
           bool guarantees, struct bounds *bounds)
{
    memset(&bounds->guaranteed, 0, sizeof bounds->guaranteed);
    for (size_t i = 0; i < AMOUNTS_MAX; i++) {
        bounds->limit.v[i] = bounds->headroom.v[i] = INT64_MAX;
    }
    if (!c->has_quota) {
        return;
    }
    if (guarantees) {
        bounds->guaranteed = unsatisfied(role->top);
    }
    if (role->top->quota && role->top->quota->has_limits) {
        bounds->limit = role->top->quota->left;
    }
    if (c->is_required) {
        bounds->headroom = surplus(c);
    }
}

/* How much of 'amount' may go.  What is guaranteed may always. */
static int64_t
shrink(struct pick *pick, struct bounds *bounds, size_t k, int64_t amount,
       bool is_exclusive)
{
    int64_t guaranteed = min_amount(amount, bounds->guaranteed.v[k]);
    int64_t rest = amount - guaranteed;
    int64_t by_limit = guaranteed >= bounds->limit.v[k] ? 0
        : min_amount(rest, bounds->limit.v[k] - guaranteed);
    int64_t more = min_amount(by_limit, bounds->headroom.v[k]);

    if (is_exclusive && guaranteed + more < amount) {
        guaranteed = more = 0;
    }
    if (more < by_limit) {
        pick->kept.v[k] += by_limit - more;
        pick->is_kept_any = true;
    }
    pick->is_limited = pick->is_limited || guaranteed + more < amount;
    pick->has_guaranteed = pick->has_guaranteed || guaranteed > 0;
    bounds->guaranteed.v[k] -= guaranteed;
    use(&bounds->limit.v[k], guaranteed + more);
    use(&bounds->headroom.v[k], more);
    return guaranteed + more;
}

static bool
was_offered(const struct allocator_agent *agent, const struct resource *entry)
{
    for (size_t i = 0; i < agent->shared_offered.n; i++) {
        const struct resource *other = &agent->shared_offered.entries[i];

        if (resource_equal_kind(other, entry)
            && resource_equal_value(other, entry)) {
            return true;
        }
    }
    return false;
}

static bool
may_have(const struct allocator_agent *agent, const struct resource *entry,
         const struct allocator_role *role, unsigned abilities)
{
    const char *reserved_to;

    if (!entry->meta) {
        return true;
    }
    reserved_to = entry_reserved_to(entry);
    if ((reserved_to && !role_is_within(role->name, reserved_to))
        || (!(abilities & KNOWS_REFINEMENT) && entry_is_refined(entry))
        || (!(abilities & WANTS_REVOCABLE) && entry_is_revocable(entry))) {
        return false;
    }
    return !resource_is_shared(entry)
        || ((abilities & WANTS_SHARED) && !was_offered(agent, entry));
}

static void
pick_entry(struct cycle *c, struct bounds *bounds,
           const struct resource *entry)
{
    struct pick *pick = &c->pick;
    struct resource copy;
    int k = -1;

    resource_init_copy(&copy, entry);
    if (entry_is_plain(entry)) {
        k = amount_names_index(&c->t->names, entry->name);
    }
    if (k >= 0) {
        copy.scalar = shrink(pick, bounds, (size_t) k, entry->scalar,
                             resource_is_exclusive(entry));
    }
    copy.n_shared = 1;
    resources_add_entry(&pick->resources, &copy);
}

/* Whether nothing stands against taking all of the agent as it is. */
static bool
is_for_everybody(const struct cycle *c, const struct allocator_agent *agent,
                 const struct bounds *bounds)
{
    return !agent->is_mixed
        && (!c->has_quota || (amounts_fit(&agent->plain, &bounds->limit)
                              && amounts_fit(&agent->plain,
                                             &bounds->headroom)));
}

static void
make_pick(struct cycle *c, const struct allocator_agent *agent,
          const struct allocator_client *client, bool guarantees)
{
    struct pick *pick = &c->pick;
    unsigned abilities = abilities_of(client->framework);
    struct bounds bounds;

    if (pick->is_valid && !guarantees
        && ((pick->is_whole && !c->has_quota)
            || (pick->role == client->role
                && pick->abilities == abilities))) {
        return;
    }
    pick_reset(pick);
    pick->is_valid = !guarantees;
    pick->role = client->role;
    pick->abilities = abilities;
    set_bounds(c, client->role, guarantees, &bounds);
    if (!guarantees && is_for_everybody(c, agent, &bounds)) {
        pick->is_whole = true;
        return;
    }
    for (size_t i = 0; i < agent->available.n; i++) {
        const struct resource *entry = &agent->available.entries[i];

        if (may_have(agent, entry, client->role, abilities)) {
            pick_entry(c, &bounds, entry);
        }
    }
}

/* --- who takes it --- */

static bool
minimum_fits(const struct allocator_minimum *minimum,
             const struct resources *resources)
{
    for (size_t i = 0; i < minimum->n; i++) {
        if (resource_quantities_fit(&minimum->any[i], resources)) {
            return true;
        }
    }
    return minimum->n == 0;
}

static bool
is_worth_an_offer(struct cycle *c, const struct allocator_client *client,
                  const struct resources *resources)
{
    if (resources_is_empty(resources)) {
        return false;
    }
    if (client->has_minimum) {
        return minimum_fits(&client->minimum, resources);
    }
    if (c->pick.fits_default < 0) {
        c->pick.fits_default = minimum_fits(&c->a->minimum, resources);
    }
    return c->pick.fits_default > 0;
}

/* Two bits for each agent that was asked about: known, and excluded. */
static bool
is_excluded(struct allocator_client *client,
            const struct allocator_agent *agent)
{
    size_t byte = agent->index / 4;
    unsigned shift = (unsigned) (agent->index % 4) * 2;
    unsigned verdict;

    if (!client->has_constraints) {
        return false;
    }
    if (byte >= client->verdicts_size) {
        size_t size = byte + byte / 2 + 16;
        uint8_t *verdicts = xcalloc(size, 1);

        if (client->verdicts_size > 0) {
            memcpy(verdicts, client->verdicts, client->verdicts_size);
        }
        free(client->verdicts);
        client->verdicts = verdicts;
        client->verdicts_size = size;
    }
    verdict = (unsigned) (client->verdicts[byte] >> shift) & 3u;
    if (verdict == 0) {
        verdict = offer_constraints_exclude(client->framework->constraints,
                                            client->role->name,
                                            agent->hostname, agent->info)
            ? 3 : 1;
        client->verdicts[byte] |= (uint8_t) (verdict << shift);
    }
    return verdict == 3;
}

static bool
can_use(const struct allocator *a, const struct allocator_client *client,
        struct allocator_agent *agent)
{
    const struct allocator_framework *framework = client->framework;

    if (agent->has_gpus && !framework->wants_gpus
        && a->options.filter_gpu_resources) {
        return false;
    }
    if (agent->is_remote && !framework->is_region_aware) {
        return false;
    }
    if (framework->is_multi_role && !agent->is_multi_role) {
        if (!agent->is_filter_logged) {
            log_warn("Implicitly filtering agent %s from framework %s because "
                     "the framework is MULTI_ROLE capable but the agent is "
                     "not", agent->id, framework->id);
        }
        agent->is_filter_logged = true;
        return false;
    }
    if (client->role->parent && !agent->is_hierarchical_role) {
        if (!agent->is_filter_logged) {
            log_warn("Implicitly filtering agent %s from role %s because the "
                     "role is hierarchical but the agent is not "
                     "HIERARCHICAL_ROLE capable", agent->id,
                     client->role->name);
        }
        agent->is_filter_logged = true;
        return false;
    }
    return true;
}

static void
note_shared(struct allocator_agent *agent, const struct resources *resources)
{
    for (size_t i = 0; i < resources->n; i++) {
        struct resource copy;

        if (resource_is_shared(&resources->entries[i])) {
            resource_init_copy(&copy, &resources->entries[i]);
            resources_add_entry(&agent->shared_offered, &copy);
        }
    }
}

/* Takes the pick out of what is available. */
static void
take_pick(struct cycle *c, struct allocator_agent *agent,
          struct resources *ret)
{
    if (c->pick.is_whole) {
        *ret = agent->available;
        agent->available = (struct resources) { 0 };
        return;
    }
    *ret = c->pick.resources;
    c->pick.resources = (struct resources) { 0 };
    resources_take(&agent->available, ret, NULL);
    if (agent->has_shared) {
        /* It stays available to others. */
        note_shared(agent, ret);
        for (size_t i = 0; i < ret->n; i++) {
            struct resource copy;

            if (resource_is_shared(&ret->entries[i])) {
                resource_init_copy(&copy, &ret->entries[i]);
                resources_add_entry(&agent->available, &copy);
            }
        }
    }
}

static void
give(struct cycle *c, struct allocator_agent *agent,
     struct allocator_client *client)
{
    struct allocator_role *top = client->role->top;
    struct amounts before = unsatisfied(top);
    struct amounts after;
    struct allocator_offer offer = {
        .agent_id = xstrdup(agent->id),
        .role = xstrdup(client->role->name),
    };

    take_pick(c, agent, &offer.resources);
    allocator_agents_offer(c->t, agent, client, &offer.resources);
    vec_push(&client->framework->offers, offer);
    if (!client->is_touched) {
        client->is_touched = true;
        vec_push(&c->touched, client);
    }
    if (!client->framework->has_offers) {
        client->framework->has_offers = true;
        vec_push(&c->receivers, client->framework);
    }
    update_quota(top);
    if (c->is_required) {
        after = unsatisfied(top);
        amounts_subtract(&before, &after);
        amounts_subtract(&c->required, &before);
        c->is_required = !amounts_is_zero(&c->required);
    }
    pick_reset(&c->pick);
}

static bool
is_filtered(struct cycle *c, const struct allocator_agent *agent,
            const struct allocator_client *client,
            const struct resources *resources)
{
    if (!client->filters || agent->n_filters == 0) {
        return false;
    }
    if (!c->pick.has_fingerprint) {
        c->pick.has_fingerprint = true;
        c->pick.fingerprint = allocator_fingerprint(resources);
    }
    return allocator_filters_match(client, agent, resources,
                                   c->pick.fingerprint, c->now_ns);
}

/* Offers to the client, unless something stands against it. */
static void
try_client(struct cycle *c, struct allocator_agent *agent,
           struct allocator_client *client, bool guarantees)
{
    const struct resources *resources;

    if (is_excluded(client, agent) || !can_use(c->a, client, agent)) {
        return;
    }
    make_pick(c, agent, client, guarantees);
    resources = c->pick.is_whole ? &agent->available : &c->pick.resources;
    agent->is_held_back = agent->is_held_back || c->pick.is_limited;
    if (c->pick.is_kept_any) {
        c->is_kept = true;
        c->kept = c->pick.kept;
    }
    if ((guarantees && !c->pick.has_guaranteed)
        || !is_worth_an_offer(c, client, resources)
        || is_filtered(c, agent, client, resources)) {
        return;
    }
    give(c, agent, client);
}

/* --- the stages, for one agent --- */

static void
settle(struct cycle *c)
{
    vec_foreach (&c->touched, client) {
        allocator_clients_settle(c->t, *client);
    }
    vec_clear(&c->touched);
}

static void
offer_guarantees(struct cycle *c, struct allocator_agent *agent)
{
    struct sorter_node *node, *leaf;

    sorter_begin(&c->t->sorter);
    while (c->is_required && agent->available.n > 0
           && (node = sorter_next(&c->t->sorter)) != NULL) {
        struct allocator_role *role = node->leaf;
        const struct allocator_quota *quota = role->top->quota;

        if (!quota || !quota->lacks_some) {
            continue;
        }
        sorter_begin(&role->clients);
        while (quota->lacks_some
               && (leaf = sorter_next(&role->clients)) != NULL) {
            try_client(c, agent, leaf->leaf, true);
        }
    }
    pick_reset(&c->pick);
    settle(c);
}

/* Whether the agent has nothing that the limits of the role leave it: the
 * short way round in clusters of many full roles. */
static bool
is_at_limit(const struct allocator_agent *agent,
            const struct allocator_role *top)
{
    if (!top->quota || !top->quota->has_limits || agent->is_mixed
        || agent->has_others) {
        return false;
    }
    for (size_t i = 0; i < AMOUNTS_MAX; i++) {
        if (agent->plain.v[i] > 0 && top->quota->left.v[i] > 0) {
            return false;
        }
    }
    return true;
}

static void
offer_shares(struct cycle *c, struct allocator_agent *agent)
{
    struct sorter_node *node, *leaf;

    c->is_kept = false;
    sorter_begin(&c->t->sorter);
    while (agent->available.n > 0
           && (node = sorter_next(&c->t->sorter)) != NULL) {
        struct allocator_role *role = node->leaf;

        if (is_at_limit(agent, role->top)) {
            agent->is_held_back = true;
            continue;
        }
        sorter_begin(&role->clients);
        while (agent->available.n > 0
               && (leaf = sorter_next(&role->clients)) != NULL) {
            try_client(c, agent, leaf->leaf, false);
        }
    }
    if (c->is_kept) {
        amounts_add(&c->held_back, &c->kept);
        c->n_held_back++;
    }
    pick_reset(&c->pick);
    settle(c);
    c->a->is_any_held_back = c->a->is_any_held_back || agent->is_held_back;
}

/* --- the whole cycle --- */

static void
send_offers(struct allocator *a, struct allocator_framework *framework)
{
    struct actor_msg *msg = actor_msg_create(&msg_allocator_offers);
    struct allocator_offers *offers = actor_msg_body(msg,
                                                     &msg_allocator_offers);

    offers->framework_id = xstrdup(framework->id);
    offers->offers = framework->offers.data;
    offers->n_offers = framework->offers.n;
    framework->offers.data = NULL;
    framework->offers.n = framework->offers.capacity = 0;
    framework->has_offers = false;
    actor_send(&a->base, &a->options.master, &msg);
}

static void
log_headroom(const struct cycle *c, bool is_before)
{
    autofini(strbuf) required = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) other = STRBUF(STRBUF_UNLIMITED);
    struct resource_quantities q;

    amounts_to_quantities(&c->required, &c->t->names, &q);
    resource_quantities_format(&q, &required);
    resource_quantities_fini(&q);
    amounts_to_quantities(is_before ? &c->t->free : &c->held_back,
                          &c->t->names, &q);
    resource_quantities_format(&q, &other);
    resource_quantities_fini(&q);
    if (is_before) {
        log_info("Before allocation, required quota headroom is %s and "
                 "available quota headroom is %s", required.data, other.data);
    } else {
        log_info("After allocation, %s are required for quota headroom, %s "
                 "were held back from %zu agents to ensure sufficient quota "
                 "headroom", required.data, other.data, c->n_held_back);
    }
}

static void
shuffle(struct allocator *a)
{
    for (size_t i = a->candidates.n; i > 1; i--) {
        size_t k = (size_t) (allocator_random(a) % i);
        struct allocator_agent *agent = a->candidates.data[k];

        a->candidates.data[k] = a->candidates.data[i - 1];
        a->candidates.data[i - 1] = agent;
    }
}

static bool
is_offered(const struct allocator_agent *agent)
{
    return agent->active && agent->is_listed;
}

static void
offer_all(struct cycle *c)
{
    struct allocator *a = c->a;

    shuffle(a);
    if (c->is_required) {
        vec_foreach (&a->candidates, agent) {
            if (is_offered(*agent)) {
                offer_guarantees(c, *agent);
            }
        }
        shuffle(a);
    }
    vec_foreach (&a->candidates, agent) {
        if (is_offered(*agent)) {
            offer_shares(c, *agent);
        }
    }
}

void
allocator_run_cycle(struct allocator *a)
{
    struct cycle c = {
        .a = a, .t = &a->tables, .now_ns = actor_now(&a->base),
        .has_quota = a->tables.quota_roles.n > 0,
    };

    pick_reset(&c.pick);
    vec_foreach (&a->candidates, agent) {
        (*agent)->is_held_back = false;
    }
    if (c.has_quota && a->candidates.n > 0) {
        compute_required(&c);
        log_headroom(&c, true);
        offer_all(&c);
        log_headroom(&c, false);
    } else {
        offer_all(&c);
    }
    vec_foreach (&a->candidates, agent) {
        resources_fini(&(*agent)->shared_offered);
        (*agent)->is_candidate = false;
        allocator_ask_to_leave(a, *agent);
    }
    vec_clear(&a->candidates);
    vec_foreach (&c.receivers, framework) {
        send_offers(a, *framework);
    }
    allocator_send_inverse_offers(a);
    vec_fini(&c.receivers);
    vec_fini(&c.touched);
}
