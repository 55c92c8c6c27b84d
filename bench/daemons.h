/* SPDX-License-Identifier: Apache-2.0
 *
 * daemons.h - the programs of the build tree as processes on loopback, and
 * what there is to be measured of them from outside.
 *
 * Logs and work directories are below bench_directory().
 *
 * Thread-safety: one thread. */
#ifndef BENCH_DAEMONS_H
#define BENCH_DAEMONS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Longest wait for anything. */
#define BENCH_PATIENCE (60 * SECOND)

/* Finds the build tree ($top_builddir) and makes the directory.  'name' is the
 * program's, in front of its figures: "cluster". */
void bench_init(const char *name);
void bench_remove_directory(void);
const char *bench_directory(void);
const char *bench_build(void);

/* Ends the program if it is not fine. */
void bench_must(bool is_fine, const char *what);
int64_t bench_now_ns(void);     /* monotonic */

/* One line of JSON: "<program>/<name>"; 'bar' NAN: none. */
void bench_print(const char *name, double value, const char *unit,
                 double bar);

/* Starts 'program' of the build tree with these flags, its output to the file
 * 'log'. */
pid_t bench_start(const char *program, const char *log, char *const flags[]);

/* Waits for its end; the status is as of waitpid(). */
int bench_wait(pid_t);
uint16_t bench_free_port(void);

/* Nanoseconds from 'begin_ns' until a GET of 'path' is answered with 200 and
 * with 'text' in it. */
int64_t bench_time_to_answer(uint16_t port, const char *path,
                             const char *text, int64_t begin_ns);

/* Megabytes of a line of /proc/PID/smaps_rollup: "Rss:", "Anonymous:". */
double bench_memory_mb(pid_t, const char *label);

/* Processor time of all its threads so far. */
double bench_cpu_seconds(pid_t);

/* Lines rss/<who> and rss/<who>_anonymous. */
void bench_print_memory(const char *who, pid_t, double bar,
                        double bar_anonymous);

#endif /* BENCH_DAEMONS_H */
