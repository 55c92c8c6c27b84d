/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_json.h - flags of mesos-execute whose value is JSON, or the path of
 * a file with it.
 *
 * Thread-safety: one thread, at start; reading a file blocks. */
#ifndef CLI_EXECUTE_JSON_H
#define CLI_EXECUTE_JSON_H 1

#include <protobuf-c/protobuf-c.h>

#include <actor/compiler.h>

struct error;
struct message;
struct strbuf;

/* Appends 'value', or the content of the file that it names if it begins with
 * a slash.  Errors name 'flag'. */
struct error *execute_json_text(const char *value, const char *flag,
                                struct strbuf *ret) MUST_CHECK;

/* The message that the value of 'flag' stands for. */
struct error *execute_json_message(const char *value, const char *flag,
                                   const ProtobufCMessageDescriptor *,
                                   struct message **ret) MUST_CHECK;

#endif /* CLI_EXECUTE_JSON_H */
