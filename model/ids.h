/* SPDX-License-Identifier: Apache-2.0
 *
 * ids.h - the ids of things, one type each, so that the compiler refuses an
 * agent's id where a task's belongs.
 *
 * Ids become names of directories: parsing refuses the empty id, ids longer
 * than NAME_MAX, "." and "..", '/', '\\' and control characters, with the
 * texts of Mesos' src/common/validation.cpp.
 *
 * Thread-safety: pure functions on values. */
#ifndef MODEL_IDS_H
#define MODEL_IDS_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/compiler.h>

struct error;

/* Declares 'struct NAME' and its functions.  A zeroed one is "no id". */
#define MODEL_ID_DECLARE(NAME) \
    struct NAME { \
        char *s;                /* owned; NULL: none */ \
    }; \
    struct error *NAME##_parse(const char *, struct NAME *ret) MUST_CHECK; \
    void NAME##_init_copy(struct NAME *, const struct NAME *); \
    void NAME##_fini(struct NAME *); \
    bool NAME##_equal(const struct NAME *, const struct NAME *);

MODEL_ID_DECLARE(framework_id)
MODEL_ID_DECLARE(agent_id)
MODEL_ID_DECLARE(executor_id)
MODEL_ID_DECLARE(task_id)
MODEL_ID_DECLARE(offer_id)
MODEL_ID_DECLARE(container_id)

/* The rules alone.  The texts do not say whose id it is, as in Mesos. */
struct error *id_validate(const char *id) MUST_CHECK;

#endif /* MODEL_IDS_H */
