/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_json.c - reads JSON from flags, or from the files that they name.
 *
 * Thread: main's, at start. */
#include <config.h>

#include "cli/execute_json.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/strbuf.h>

static struct error *
read_file(const char *path, const char *flag, struct strbuf *ret)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    char buffer[4096];
    ssize_t size = fd < 0 ? -1 : 1;

    while (size > 0 && !ret->overflow) {
        size = read(fd, buffer, sizeof buffer);
        if (size > 0) {
            strbuf_append_bytes(ret, buffer, (size_t) size);
        }
    }
    if (size < 0) {
        return error_errno(errno, "Failed to load flag '%s': reading '%s'",
                           flag, path);
    }
    return NULL;
}

struct error *
execute_json_text(const char *value, const char *flag, struct strbuf *ret)
{
    struct error *error = NULL;

    if (value[0] == '/') {
        error = read_file(value, flag, ret);
    } else {
        strbuf_append(ret, value);
    }
    if (!error && ret->overflow) {
        error = error_create(ERROR_TOO_LARGE, "Failed to load flag '%s': it "
                             "is larger than %zu bytes", flag, ret->max_len);
    }
    return error;
}

struct error *
execute_json_message(const char *value, const char *flag,
                     const ProtobufCMessageDescriptor *descriptor,
                     struct message **ret)
{
    autofini(strbuf) content = STRBUF(LIMIT_MESSAGE_SIZE);
    struct error *error = execute_json_text(value, flag, &content);

    if (error) {
        return error;
    }
    return error_wrap(message_decode_json(descriptor, content.data,
                                          content.len, ret),
                      "Failed to load flag '%s'", flag);
}
