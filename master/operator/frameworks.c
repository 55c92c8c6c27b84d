/* SPDX-License-Identifier: Apache-2.0
 *
 * frameworks.c - calls about frameworks. */
#include <config.h>

#include "master/operator/operator.h"

void
operator_teardown(struct master *m, struct operator_call *call)
{
    const char *id = call->in->teardown->framework_id->value;
    struct framework *f = frameworks_find(&m->frameworks, id);

    if (!f) {
        operator_answer(call, 400, "No framework found with specified ID");
        return;
    }
    log_info("Processing TEARDOWN call of an operator for framework %s",
             f->text);
    frameworks_remove(m, f);
    operator_answer(call, 200, NULL);
}
