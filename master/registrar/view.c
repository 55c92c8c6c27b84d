/* SPDX-License-Identifier: Apache-2.0
 *
 * view.c - /registrar(1)/registry.
 *
 * A copy of the registry is shown, in the pool: changes do not wait. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/message.h>
#include <actor/op.h>
#include <actor/strbuf.h>

#include "master/registrar/registrar_private.h"

enum { VIEW_WRITE, VIEW_ANSWER, VIEW_FAILED };

struct view {
    struct op base;
    struct http_request *request;       /* owned until answered */
    struct strbuf data;
    struct strbuf json;
};

static struct view *
view_cast(struct op *op)
{
    return CONTAINER_OF(op, struct view, base);
}

static void
view_destroy(struct op *op)
{
    struct view *view = view_cast(op);

    if (view->request) {
        http_respond_text(&view->request, 503, "503 Service Unavailable.");
    }
    strbuf_fini(&view->data);
    strbuf_fini(&view->json);
    free(view);
}

static struct error *
write_json(void *view_)
{
    struct view *view = view_;
    struct registry *registry = NULL;
    autodestroy(message) *message = NULL;
    struct error *error = registry_decode(view->data.data, view->data.len,
                                          &registry);

    if (!error) {
        error = registry_to_message(registry, &message);
        registry_destroy(registry);
    }
    if (!error) {
        message_encode_json(message_root(message), &view->json);
    }
    return error;
}

static enum op_next
view_write(struct actor *self, struct op *op)
{
    struct registrar *r = registrar_cast(self);
    struct view *view = view_cast(op);

    strbuf_init(&view->data, STRBUF_UNLIMITED);
    strbuf_init(&view->json, STRBUF_UNLIMITED);
    if (!r->registry) {
        strbuf_append(&view->json, "{}");
        return op_goto(op, VIEW_ANSWER);
    }
    registry_encode(r->registry, &view->data);
    return op_work(op, write_json, view, VIEW_ANSWER);
}

static enum op_next
view_answer(struct actor *self UNUSED, struct op *op)
{
    http_respond_json(&view_cast(op)->request, &view_cast(op)->json);
    return OP_DONE;
}

static enum op_next
view_failed(struct actor *self UNUSED, struct op *op)
{
    http_respond_error(&view_cast(op)->request, error_clone(op_error(op)));
    return OP_DONE;
}

static const struct op_step view_steps[] = {
    [VIEW_WRITE] = { "write", view_write },
    [VIEW_ANSWER] = { "answer", view_answer },
    [VIEW_FAILED] = { "failed", view_failed },
};

static const struct op_type view_type = {
    .name = "registry-view", .steps = view_steps,
    .n_steps = ARRAY_SIZE(view_steps), .failure_step = VIEW_FAILED,
    .destroy = view_destroy,
};

void
registrar_on_registry(struct actor *self, struct http_request *request)
{
    struct view *view = xcalloc(1, sizeof *view);

    view->request = request;
    op_start(self, &view->base, &view_type);
}
