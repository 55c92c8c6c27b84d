/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_container.c - the container of a command: what is asked for, and
 * what of that there is not.
 *
 * Volumes are passed on as they are: the agent knows which kinds it has, and
 * says so of others.
 *
 * Thread: main's, at start. */
#include <config.h>

#include "cli/execute_container.h"

#include <string.h>

#include <yajl/yajl_tree.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "cli/execute_flags.h"
#include "cli/execute_json.h"

/* --- what there is not --- */

static struct error *
unsupported(const char *flag, const char *why)
{
    return error_create(ERROR_UNSUPPORTED, "'--%s' is not supported by this "
                        "version: %s", flag, why);
}

static struct error *
check_docker(const struct execute_flags *f)
{
    if (!f->docker_image) {
        return error_create(ERROR_INVALID, "'Docker' containerizer requires "
                            "docker image name");
    }
    if (f->networks && strchr(f->networks, ',')) {
        return error_create(ERROR_INVALID, "'Docker' containerizer can only "
                            "support a single network");
    }
    if (f->tty) {
        return error_create(ERROR_INVALID, "'Docker' containerizer does not "
                            "allow attaching a TTY");
    }
    return unsupported("containerizer=docker", "agents run containers "
                       "themselves");
}

static struct error *
check_containerizer(const struct execute_flags *f)
{
    if (!strcmp(f->containerizer, "docker")) {
        return check_docker(f);
    }
    if (strcmp(f->containerizer, "mesos")) {
        return error_create(ERROR_INVALID, "Unsupported containerizer: %s",
                            f->containerizer);
    }
    return NULL;
}

/* What a container of Mesos' own would have. */
static struct error *
check_features(const struct execute_flags *f)
{
    static const char images[] = "containers have the files of the agent's "
                                 "host";
    static const char capabilities[] = "containers have the capabilities of "
                                       "their user";

    if (f->appc_image) {
        return unsupported("appc_image", images);
    }
    if (f->docker_image) {
        return unsupported("docker_image", images);
    }
    if (f->networks && f->networks[0]) {
        return unsupported("networks", "containers are in the network of the "
                           "agent's host");
    }
    if (f->effective_capabilities) {
        return unsupported("effective_capabilities", capabilities);
    }
    if (f->bounding_capabilities) {
        return unsupported("bounding_capabilities", capabilities);
    }
    if (f->tty) {
        return unsupported("tty", "containers have no terminal");
    }
    return NULL;
}

struct error *
execute_container_check(const struct execute_flags *f)
{
    if (f->package) {
        return error_create(ERROR_UNSUPPORTED, "Failed to create HDFS client: "
                            "'--package' is not supported by this version; "
                            "give the 'uris' of the command in '--task'");
    }
    if (f->appc_image && f->docker_image) {
        return error_create(ERROR_INVALID, "Flags '--docker-image' and "
                            "'--appc-image' are both set");
    }
    struct error *error = check_containerizer(f);

    return error ? error : check_features(f);
}

/* --- what there is --- */

/* Whether 'text' is a JSON array and nothing but that. */
static struct error *
check_array(const char *text)
{
    char why[256] = "";
    yajl_val root = yajl_tree_parse(text, why, sizeof why);
    struct error *error = NULL;

    if (!YAJL_IS_ARRAY(root)) {
        why[strcspn(why, "\n")] = '\0';
        error = error_create(ERROR_PARSE, "expecting a JSON array%s%s",
                             why[0] ? ": " : "", why);
    }
    yajl_tree_free(root);
    return error;
}

static struct error *
add_volumes(const char *value, struct message *m,
            V1__ContainerInfo *container)
{
    autofini(strbuf) text = STRBUF(LIMIT_MESSAGE_SIZE);
    autofini(strbuf) wrapped = STRBUF(LIMIT_MESSAGE_SIZE);
    autodestroy(message) *decoded = NULL;
    struct error *error = execute_json_text(value, "volumes", &text);

    if (error) {
        return error;
    }
    error = check_array(text.data);
    if (!error) {
        strbuf_printf(&wrapped, "{\"type\":\"MESOS\",\"volumes\":%s}",
                      text.data);
        error = message_decode_json(&v1__container_info__descriptor,
                                    wrapped.data, wrapped.len, &decoded);
    }
    if (error) {
        return error_wrap(error, "Failed to convert '--volumes' to protobuf");
    }
    const V1__ContainerInfo *from = message_root(decoded);

    message_hold(m, decoded);
    container->volumes = from->volumes;
    container->n_volumes = from->n_volumes;
    return NULL;
}

static struct error *
add_rlimits(const char *value, struct message *m,
            V1__ContainerInfo *container)
{
    autodestroy(message) *decoded = NULL;
    struct error *error = execute_json_message(
        value, "rlimits", &v1__rlimit_info__descriptor, &decoded);

    if (!error) {
        message_hold(m, decoded);
        container->rlimit_info = message_root(decoded);
    }
    return error;
}

struct error *
execute_container_make(const struct execute_flags *f, struct message *m,
                       V1__ContainerInfo **ret)
{
    V1__ContainerInfo *container =
        message_new(m, &v1__container_info__descriptor);
    struct error *error = NULL;

    container->type = V1__CONTAINER_INFO__TYPE__MESOS;
    if (f->volumes) {
        error = add_volumes(f->volumes, m, container);
    }
    if (!error && f->rlimits) {
        error = add_rlimits(f->rlimits, m, container);
    }
    if (!error) {
        *ret = container->n_volumes > 0 || container->rlimit_info ? container
                                                                  : NULL;
    }
    return error;
}
