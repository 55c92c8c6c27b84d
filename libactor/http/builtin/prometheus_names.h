/* SPDX-License-Identifier: Apache-2.0
 *
 * prometheus_names.h - Mesos' names of metrics as Prometheus' families and
 * labels.
 *
 *     master/tasks_running
 *         master_tasks_running
 *     allocator/mesos/roles/eng/dev/shares/dominant
 *         allocator_mesos_roles_shares_dominant, role="eng/dev"
 *
 * Thread-safety: any thread. */
#ifndef HTTP_BUILTIN_PROMETHEUS_NAMES_H
#define HTTP_BUILTIN_PROMETHEUS_NAMES_H 1

#include <stdbool.h>

struct strbuf;

/* Appends what metric 'key' becomes: the name of its family, which has nothing
 * but letters, digits and '_' and does not begin with a digit; its labels as
 * they stand between the braces, "" if it has none; and the key itself with
 * <label> for what became a label. */
void prometheus_name(const char *key, struct strbuf *family,
                     struct strbuf *labels, struct strbuf *pattern);

/* Appends 'name="value"', and a comma before it unless 'labels' is empty. */
void prometheus_label(struct strbuf *labels, const char *name,
                      const char *value);

/* Appends 'text' with '\' and line feeds escaped, and '"' too if 'quoted';
 * bytes that are not UTF-8 become U+FFFD. */
void prometheus_escape(struct strbuf *out, const char *text, bool quoted);

#endif /* HTTP_BUILTIN_PROMETHEUS_NAMES_H */
