/* SPDX-License-Identifier: Apache-2.0
 *
 * test_prometheus.c - metrics as Prometheus reads them. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "http/builtin/prometheus.h"
#include "http/builtin/prometheus_names.h"
#include "tests/lib/exposition.h"
#include "tests/lib/test.h"

/* 'metrics' in 'format', which it is written in strictly. */
static char *
text_of(struct metrics *metrics, enum prometheus_format format)
{
    struct strbuf out = STRBUF(STRBUF_UNLIMITED);

    prometheus_write(metrics, format, &out);
    autofree char *problem =
        exposition_check(out.data, format == PROMETHEUS_OPENMETRICS);
    ck_assert_msg(!problem, "%s in:\n%s", problem, out.data);
    return strbuf_take(&out);
}

static void
expect_name(const char *key, const char *family, const char *labels,
            const char *pattern)
{
    autofini(strbuf) f = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) l = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) p = STRBUF(STRBUF_UNLIMITED);

    prometheus_name(key, &f, &l, &p);
    ck_assert_str_eq(f.data, family);
    ck_assert_str_eq(l.data, labels);
    ck_assert_str_eq(p.data, pattern);
}

#define EXPECT_HAS(text, part) \
    ck_assert_msg(strstr((text), (part)) != NULL, "no '%s' in:\n%s", (part), \
                  (text))

/* --- names --- */

START_TEST(names_have_underlines_for_what_is_not_allowed)
{
    expect_name("master/tasks_running", "master_tasks_running", "",
                "master/tasks_running");
    expect_name("9/a.b-c:d", "_9_a_b_c_d", "", "9/a.b-c:d");
    expect_name("", "_", "", "");
}
END_TEST

START_TEST(roles_become_labels_even_with_slashes)
{
    expect_name("allocator/mesos/roles/eng/dev/shares/dominant",
                "allocator_mesos_roles_shares_dominant", "role=\"eng/dev\"",
                "allocator/mesos/roles/<role>/shares/dominant");
    expect_name("allocator/mesos/quota/roles//resources/cpus/consumed",
                "allocator_mesos_quota_roles_resources_consumed",
                "role=\"\",resource=\"cpus\"",
                "allocator/mesos/quota/roles/<role>/resources/<resource>/"
                "consumed");
    expect_name("allocator/mesos/quota/roles/a/resources/b/resources/mem/"
                "limit", "allocator_mesos_quota_roles_resources_limit",
                "role=\"a/resources/b\",resource=\"mem\"",
                "allocator/mesos/quota/roles/<role>/resources/<resource>/"
                "limit");
    expect_name("allocator/mesos/offer_filters/roles/*/active",
                "allocator_mesos_offer_filters_roles_active", "role=\"*\"",
                "allocator/mesos/offer_filters/roles/<role>/active");
    expect_name("frameworks/some/body/messages_received",
                "frameworks_messages_received", "principal=\"some/body\"",
                "frameworks/<principal>/messages_received");
}
END_TEST

START_TEST(frameworks_become_labels_with_their_names_decoded)
{
    expect_name("master/frameworks/my%20%22fw%22%2/F-0001/calls/accept",
                "master_frameworks_calls_accept",
                "framework=\"my \\\"fw\\\"%2\",framework_id=\"F-0001\"",
                "master/frameworks/<framework>/<framework_id>/calls/accept");
    expect_name("master/frameworks/n/F/roles/a/b/suppressed",
                "master_frameworks_roles_suppressed",
                "framework=\"n\",framework_id=\"F\",role=\"a/b\"",
                "master/frameworks/<framework>/<framework_id>/roles/<role>/"
                "suppressed");
    expect_name("master/frameworks/n/F/tasks/active/task_running",
                "master_frameworks_tasks_active",
                "framework=\"n\",framework_id=\"F\",state=\"running\"",
                "master/frameworks/<framework>/<framework_id>/tasks/active/"
                "task_<state>");
    expect_name("master/task_lost/source_master/reason_slave_removed",
                "master_tasks_by_reason",
                "state=\"lost\",source=\"master\",reason=\"slave_removed\"",
                "master/task_<state>/source_<source>/reason_<reason>");
}
END_TEST

START_TEST(labels_are_utf8_and_have_their_quotes_escaped)
{
    autofini(strbuf) labels = STRBUF(STRBUF_UNLIMITED);

    prometheus_label(&labels, "a", "x\\y\n\"\xc3\xa4\xff");
    prometheus_label(&labels, "b", "");

    ck_assert_str_eq(labels.data, "a=\"x\\\\y\\n\\\"\xc3\xa4\xef\xbf\xbd\","
                     "b=\"\"");
}
END_TEST

/* --- kinds --- */

START_TEST(counters_and_gauges_say_what_they_are)
{
    struct metrics *metrics = metrics_create();
    struct metric *c = metrics_add_counter(metrics, "master/tasks_lost");
    struct metric *t = metrics_add_counter(metrics, "operations/total");
    struct metric *g = metrics_add_gauge(metrics, "master/cpus_total");

    metric_increment(c, 3);
    metric_set(g, 0.5);

    autofree char *text = text_of(metrics, PROMETHEUS_TEXT);
    ck_assert_str_eq(text,
        "# HELP master_cpus_total Value of Mesos' metric master/cpus_total\n"
        "# TYPE master_cpus_total gauge\n"
        "master_cpus_total 0.5\n"
        "# HELP master_tasks_lost_total Value of Mesos' metric "
        "master/tasks_lost\n"
        "# TYPE master_tasks_lost_total counter\n"
        "master_tasks_lost_total 3\n"
        "# HELP operations_total Value of Mesos' metric operations/total\n"
        "# TYPE operations_total counter\n"
        "operations_total 0\n");
    autofree char *open = text_of(metrics, PROMETHEUS_OPENMETRICS);
    EXPECT_HAS(open, "# TYPE master_tasks_lost counter\n"
                     "master_tasks_lost_total 3\n");
    metrics_remove(metrics, &c);
    metrics_remove(metrics, &t);
    metrics_remove(metrics, &g);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(values_that_are_no_numbers_have_names)
{
    struct metrics *metrics = metrics_create();
    struct metric *m[3];
    static const char *const names[] = { "a", "b", "c" };

    for (int i = 0; i < 3; i++) {
        m[i] = metrics_add_gauge(metrics, names[i]);
        metric_set(m[i], i == 0 ? (double) NAN : i == 1 ? HUGE_VAL
                                                        : -HUGE_VAL);
    }

    autofree char *text = text_of(metrics, PROMETHEUS_TEXT);
    EXPECT_HAS(text, "\na NaN\n");
    EXPECT_HAS(text, "\nb +Inf\n");
    EXPECT_HAS(text, "\nc -Inf\n");
    for (int i = 0; i < 3; i++) {
        metrics_remove(metrics, &m[i]);
    }
    metrics_destroy(metrics);
}
END_TEST

/* The window forgets, the sum and the count do not. */
START_TEST(timer_with_a_window_is_a_summary)
{
    struct metrics *metrics = metrics_create();
    struct metric *silent = metrics_add_timer(metrics, "silent_ms", HOUR);
    struct metric *plain = metrics_add_timer(metrics, "plain_ms", 0);
    struct metric *m = metrics_add_timer(metrics, "run_ms", MINUTE);

    metric_record(plain, 7 * MILLISECOND, 0);
    metric_record(m, 100 * MILLISECOND, 0);
    metric_record(m, 4 * MILLISECOND, HOUR);
    metric_record(m, 2 * MILLISECOND, HOUR);

    autofree char *text = text_of(metrics, PROMETHEUS_TEXT);
    ck_assert_ptr_null(strstr(text, "silent"));
    EXPECT_HAS(text, "# TYPE plain_ms gauge\nplain_ms 7\n");
    EXPECT_HAS(text, "# TYPE run_ms summary\n"
                     "run_ms{quantile=\"0.0\"} 2\n"
                     "run_ms{quantile=\"0.5\"} 3\n"
                     "run_ms{quantile=\"0.9\"} 3.8\n");
    EXPECT_HAS(text, "run_ms{quantile=\"1.0\"} 4\n"
                     "run_ms_sum 106\n"
                     "run_ms_count 3\n");
    EXPECT_HAS(text, "# TYPE run_ms_last gauge\nrun_ms_last 2\n");
    ck_assert_ptr_null(strstr(text, "p99"));
    autofree char *open = text_of(metrics, PROMETHEUS_OPENMETRICS);
    EXPECT_HAS(open, "\n# EOF\n");
    metrics_remove(metrics, &silent);
    metrics_remove(metrics, &plain);
    metrics_remove(metrics, &m);
    metrics_destroy(metrics);
}
END_TEST

/* --- families --- */

START_TEST(samples_of_a_family_stand_together)
{
    struct metrics *metrics = metrics_create();
    static const char *const names[] = {
        "allocator/mesos/roles/a/shares/dominant",
        "allocator/mesos/roles/a/shares/other",
        "allocator/mesos/roles/b/shares/dominant",
    };
    struct metric *m[ARRAY_SIZE(names)];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        m[i] = metrics_add_gauge(metrics, names[i]);
    }

    autofree char *text = text_of(metrics, PROMETHEUS_TEXT);
    EXPECT_HAS(text,
               "allocator_mesos_roles_shares_dominant{role=\"a\"} 0\n"
               "allocator_mesos_roles_shares_dominant{role=\"b\"} 0\n");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        metrics_remove(metrics, &m[i]);
    }
    metrics_destroy(metrics);
}
END_TEST

START_TEST(keys_that_would_be_one_series_are_told_apart)
{
    struct metrics *metrics = metrics_create();
    struct metric *a = metrics_add_counter(metrics, "x/a_b");
    struct metric *b = metrics_add_counter(metrics, "x/a/b");
    struct metric *c = metrics_add_counter(metrics, "x/a.b");

    metric_increment(a, 1);
    metric_increment(b, 2);
    metric_increment(c, 3);

    autofree char *text = text_of(metrics, PROMETHEUS_TEXT);
    EXPECT_HAS(text, "x_a_b_total 3\n"
                     "x_a_b_total{key=\"x/a/b\"} 2\n"
                     "x_a_b_total{key=\"x/a_b\"} 1\n");
    metrics_remove(metrics, &a);
    metrics_remove(metrics, &b);
    metrics_remove(metrics, &c);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(families_of_two_kinds_have_two_names)
{
    struct metrics *metrics = metrics_create();
    struct metric *c = metrics_add_counter(metrics, "a/b");
    struct metric *g = metrics_add_gauge(metrics, "a.b");
    struct metric *t = metrics_add_timer(metrics, "t", HOUR);
    struct metric *n = metrics_add_gauge(metrics, "t_count");
    struct metric *total = metrics_add_gauge(metrics, "a_b_total");

    metric_record(t, MILLISECOND, 0);

    autofree char *text = text_of(metrics, PROMETHEUS_TEXT);
    EXPECT_HAS(text, "# TYPE a_b_total counter\na_b_total 0\n");
    EXPECT_HAS(text, "# TYPE a_b_2 gauge\na_b_2 0\n");
    EXPECT_HAS(text, "# TYPE a_b_total_2 gauge\na_b_total_2 0\n");
    EXPECT_HAS(text, "# TYPE t_count_2 gauge\nt_count_2 0\n");
    autofree char *open = text_of(metrics, PROMETHEUS_OPENMETRICS);
    EXPECT_HAS(open, "# TYPE a_b counter\na_b_total 0\n");
    metrics_remove(metrics, &c);
    metrics_remove(metrics, &g);
    metrics_remove(metrics, &t);
    metrics_remove(metrics, &n);
    metrics_remove(metrics, &total);
    metrics_destroy(metrics);
}
END_TEST

START_TEST(no_metrics_are_an_empty_answer)
{
    struct metrics *metrics = metrics_create();
    autofree char *text = text_of(metrics, PROMETHEUS_TEXT);
    autofree char *open = text_of(metrics, PROMETHEUS_OPENMETRICS);

    ck_assert_str_eq(text, "");
    ck_assert_str_eq(open, "# EOF\n");
    metrics_destroy(metrics);
}
END_TEST

/* --- Accept --- */

START_TEST(openmetrics_has_to_be_asked_for)
{
    static const char *const text[] = {
        "", "*/*", "text/plain", "text/html, */*;q=0.1",
        "application/openmetrics-text;q=0",
        "application/openmetrics-text; version=1.0.0; q=0.4, text/plain",
        "application/openmetrics-textual", "application/openmetrics",
        "application/openmetrics-text;q=x", "q=1", ",,;q=", ";",
    };
    static const char *const open[] = {
        "application/openmetrics-text",
        "application/OpenMetrics-Text; version=1.0.0",
        "application/openmetrics-text;version=1.0.0,application/"
        "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;"
        "q=0.5,*/*;q=0.1",
        "text/plain;q=0.25 ,application/openmetrics-text;q=0.255",
        "application/openmetrics-text;q=1.0",
    };

    ck_assert_int_eq(prometheus_negotiate(NULL), PROMETHEUS_TEXT);
    for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
        ck_assert_msg(prometheus_negotiate(text[i]) == PROMETHEUS_TEXT, "%s",
                      text[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
        ck_assert_msg(prometheus_negotiate(open[i])
                      == PROMETHEUS_OPENMETRICS, "%s", open[i]);
    }
}
END_TEST

static Suite *
prometheus_suite(void)
{
    Suite *suite = suite_create("prometheus");

    test_add(suite, "names", names_have_underlines_for_what_is_not_allowed);
    test_add(suite, "roles", roles_become_labels_even_with_slashes);
    test_add(suite, "frameworks",
             frameworks_become_labels_with_their_names_decoded);
    test_add(suite, "labels", labels_are_utf8_and_have_their_quotes_escaped);
    test_add(suite, "kinds", counters_and_gauges_say_what_they_are);
    test_add(suite, "values", values_that_are_no_numbers_have_names);
    test_add(suite, "timer", timer_with_a_window_is_a_summary);
    test_add(suite, "family", samples_of_a_family_stand_together);
    test_add(suite, "double", keys_that_would_be_one_series_are_told_apart);
    test_add(suite, "two kinds", families_of_two_kinds_have_two_names);
    test_add(suite, "none", no_metrics_are_an_empty_answer);
    test_add(suite, "accept", openmetrics_has_to_be_asked_for);
    return suite;
}

TEST_MAIN(prometheus_suite)
