/* SPDX-License-Identifier: Apache-2.0
 *
 * daemons.c - see daemons.h. */
#include <config.h>

#include "bench/daemons.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include <actor/duration.h>
#include <actor/json.h>
#include <actor/strbuf.h>

extern char **environ;

static const char *program_name;
static const char *build;
static char directory[] = "/tmp/cmesos-bench.XXXXXX";

/* --- the program's own --- */

void
bench_init(const char *name)
{
    program_name = name;
    build = getenv("top_builddir");
    bench_must(build != NULL, "top_builddir is not set");
    bench_must(mkdtemp(directory) != NULL, "mkdtemp");
}

const char *
bench_directory(void)
{
    return directory;
}

const char *
bench_build(void)
{
    return build;
}

void
bench_remove_directory(void)
{
    char *argv[] = { (char *) "rm", (char *) "-rf", directory, NULL };
    pid_t pid;

    if (posix_spawnp(&pid, "rm", NULL, NULL, argv, environ) == 0) {
        (void) bench_wait(pid);
    }
}

void
bench_must(bool is_fine, const char *what)
{
    if (!is_fine) {
        fprintf(stderr, "bench_%s: %s (errno %d)\n", program_name,
                what, errno);
        exit(EXIT_FAILURE);
    }
}

int64_t
bench_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

/* --- results --- */

void
bench_print(const char *name, double value, const char *unit, double bar)
{
    autofini(strbuf) out = STRBUF(512);
    autofini(strbuf) full_name = STRBUF(128);
    struct json_writer w = JSON_WRITER(&out);

    strbuf_printf(&full_name, "%s/%s", program_name, name);
    json_object_begin(&w);
    json_member_string(&w, "name", full_name.data);
    json_member_double(&w, "value", value);
    json_member_string(&w, "unit", unit);
    if (!isnan(bar)) {
        json_member_double(&w, "bar", bar);
    }
    json_object_end(&w);
    puts(out.data);
    fflush(stdout);
}

/* --- processes --- */

pid_t
bench_start(const char *program, const char *log, char *const flags[])
{
    autofree char *path = xasprintf("%s/%s", build, program);
    autofree char *out = xasprintf("%s/%s", directory, log);
    char *argv[16] = { path };
    posix_spawn_file_actions_t actions;
    pid_t pid;

    for (size_t i = 0; flags[i] && i < 14; i++) {
        argv[i + 1] = flags[i];
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, out,
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    bench_must(posix_spawn(&pid, path, &actions, NULL, argv, environ) == 0,
               path);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

int
bench_wait(pid_t pid)
{
    int status = 0;

    bench_must(waitpid(pid, &status, 0) == pid, "waitpid");
    return status;
}

uint16_t
bench_free_port(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof in;
    autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    bench_must(bind(fd, (void *) &in, sizeof in) == 0, "bind");
    bench_must(getsockname(fd, (void *) &in, &len) == 0, "getsockname");
    return ntohs(in.sin_port);
}

/* Whether an HTTP request to 'port' for 'path' is answered, with 'text'. */
static bool
answers(uint16_t port, const char *path, const char *text)
{
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(port) };
    autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    autofree char *request = xasprintf(
        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        path);
    autofini(strbuf) answer = STRBUF(1 << 20);
    char buffer[4096];
    ssize_t size;

    if (connect(fd, (void *) &in, sizeof in) != 0
        || send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
        return false;
    }
    while ((size = recv(fd, buffer, sizeof buffer, 0)) > 0) {
        strbuf_append_bytes(&answer, buffer, (size_t) size);
    }
    return strstr(answer.data, " 200 ") && strstr(answer.data, text);
}

int64_t
bench_time_to_answer(uint16_t port, const char *path, const char *text,
                     int64_t begin_ns)
{
    struct timespec pause = { 0, 200 * MICROSECOND };

    while (!answers(port, path, text)) {
        bench_must(bench_now_ns() - begin_ns < BENCH_PATIENCE, path);
        nanosleep(&pause, NULL);
    }
    return bench_now_ns() - begin_ns;
}

double
bench_memory_mb(pid_t pid, const char *label)
{
    autofree char *path = xasprintf("/proc/%d/smaps_rollup", (int) pid);
    FILE *file = fopen(path, "re");
    char line[256];
    double mb = 0;

    while (file && fgets(line, sizeof line, file)) {
        if (!strncmp(line, label, strlen(label))) {
            mb = (double) strtoul(line + strlen(label), NULL, 10) / 1024;
        }
    }
    if (file) {
        fclose(file);
    }
    return mb;
}

double
bench_cpu_seconds(pid_t pid)
{
    autofree char *path = xasprintf("/proc/%d/stat", (int) pid);
    FILE *file = fopen(path, "re");
    char line[1024] = "";
    char *field;
    double ticks = 0;

    bench_must(file && fgets(line, sizeof line, file), path);
    fclose(file);

    /* The name may have anything in it; utime and stime are 14 and 15. */
    field = strrchr(line, ')');
    for (int i = 2; field && i < 15; i++) {
        field = strchr(field + 1, ' ');
        if (field && i >= 13) {
            ticks += (double) strtoul(field, NULL, 10);
        }
    }
    return ticks / (double) sysconf(_SC_CLK_TCK);
}

void
bench_print_memory(const char *who, pid_t pid, double bar,
                   double bar_anonymous)
{
    autofree char *rss = xasprintf("rss/%s", who);
    autofree char *anonymous = xasprintf("rss/%s_anonymous", who);

    bench_print(rss, bench_memory_mb(pid, "Rss:"), "MB", bar);
    bench_print(anonymous, bench_memory_mb(pid, "Anonymous:"), "MB",
                bar_anonymous);
}
