/* SPDX-License-Identifier: Apache-2.0
 *
 * change.c - one change of what operators have laid down, from the wish to the
 * answer.
 *
 * A change is checked against what there is, and what there is must not be
 * another thing when it is made: so that two at once, each of which is fine,
 * may not be so together.  There are few of them, and each is a moment. */
#include <config.h>

#include "master/policy/change.h"

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/op.h>
#include <utlist.h>

#include "master/private.h"
#include "master/registry_calls.h"

enum { CHANGE_CHECK, CHANGE_PERSIST, CHANGE_PUBLISH, CHANGE_FAILED };

struct policy_change {
    struct op base;
    struct policy_change *prev, *next;  /* while it waits */
    const struct policy_change_type *type;
    struct message *message;    /* counted; root is a RegistryChange */
    bool force;
    struct policy_answer answer;
};

static void run_queue(struct master *);

static struct policy_change *
change_cast(struct op *op)
{
    return CONTAINER_OF(op, struct policy_change, base);
}

void
policy_answer(const struct policy_answer *answer, struct error *error)
{
    if (answer->fn) {
        answer->fn(answer->aux, error);
    } else {
        error_destroy(error);
    }
}

static void
answer(struct policy_change *change, struct error *error)
{
    struct policy_answer to = change->answer;

    change->answer.fn = NULL;
    policy_answer(&to, error);
}

/* The master has ended, unless it has been answered. */
static void
change_destroy(struct op *op)
{
    struct policy_change *change = change_cast(op);

    if (change->answer.fn) {
        answer(change, error_create(ERROR_UNAVAILABLE,
                                    "Service Unavailable"));
    }
    message_unref(change->message);
    free(change);
}

static enum op_next
change_end(struct master *m, struct policy_change *change,
           struct error *error)
{
    answer(change, error);
    m->policy.is_changing = false;
    run_queue(m);
    return OP_DONE;
}

static enum op_next
change_check(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct policy_change *change = change_cast(op);
    struct error *error = change->type->check(m,
                                              message_root(change->message),
                                              change->force);

    return error ? change_end(m, change, error)
                 : op_goto(op, CHANGE_PERSIST);
}

static enum op_next
change_persist(struct actor *self, struct op *op)
{
    struct message *message = message_ref(change_cast(op)->message);

    return registry_call(self, op, &message, CHANGE_PUBLISH);
}

static enum op_next
change_publish(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct policy_change *change = change_cast(op);
    struct error *refused = NULL;

    if (registry_is_changed(op, &refused)) {
        change->type->publish(m, message_root(change->message));
    } else if (!refused) {
        return registry_fail(op);
    }
    return change_end(m, change, refused);
}

static enum op_next
change_failed(struct actor *self, struct op *op)
{
    master_exit(master_cast(self), "Failed to %s in the registry: %s",
                change_cast(op)->type->what, error_text(op_error(op)));
    return OP_DONE;
}

static const struct op_step steps[] = {
    [CHANGE_CHECK] = { "check", change_check },
    [CHANGE_PERSIST] = { "persist", change_persist },
    [CHANGE_PUBLISH] = { "publish", change_publish },
    [CHANGE_FAILED] = { "failed", change_failed },
};

static const struct op_type change_type = {
    .name = "policy-change", .steps = steps, .n_steps = ARRAY_SIZE(steps),
    .failure_step = CHANGE_FAILED, .destroy = change_destroy,
};

/* Those that are refused end at once, so this does not call itself. */
static void
run_queue(struct master *m)
{
    struct policy *p = &m->policy;

    if (p->is_running_queue) {
        return;
    }
    p->is_running_queue = true;
    while (p->waiting && !p->is_changing) {
        struct policy_change *change = p->waiting;

        DL_DELETE(p->waiting, change);
        p->is_changing = true;
        op_start(&m->base, &change->base, &change_type);
    }
    p->is_running_queue = false;
}

void
policy_change(struct master *m, const struct policy_change_type *type,
              struct message **message, bool force,
              const struct policy_answer *answer)
{
    struct policy_change *change = xcalloc(1, sizeof *change);

    change->type = type;
    change->message = steal(*message);
    change->force = force;
    if (answer) {
        change->answer = *answer;
    }
    DL_APPEND(m->policy.waiting, change);
    run_queue(m);
}

void
policy_changes_fini(struct master *m)
{
    while (m->policy.waiting) {
        struct policy_change *change = m->policy.waiting;

        DL_DELETE(m->policy.waiting, change);
        change_destroy(&change->base);
    }
}
