/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_http.c - answers of 1 KB that are made for each request, ours beside
 * h2o's, on one processor each.
 *
 * Our server is a process with one worker, whose actor makes each body in its
 * turn.  The peer is h2o with one thread: an mruby handler that makes the same
 * body, which is what Debian's h2o can answer without a file; and, as another
 * figure, a file of that size, which h2o need not make at all.  Both servers
 * run on the same processor, one at a time; the load comes from another one.
 * They take turns for some rounds; a figure is the median of its rounds.
 *
 * Each line has h2o's figure of the same run as its peer.  Without h2o there
 * are only ours; without a second processor there are none. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "bench/http_load.h"

#define BODY_SIZE 1024
#define N_ROUNDS 7
#define ROUND (700 * MILLISECOND)
#define N_CONNECTIONS 64
#define PIPELINED 16

/* Longest time for all of it. */
#define PATIENCE_S 300

/* Status of a child that finds no program. */
#define NO_PROGRAM 127

/* --- processors --- */

static size_t cpus[2];                    /* of the servers, of the load */

static bool
find_cpus(void)
{
    cpu_set_t set;
    int n = 0;

    CHECK(sched_getaffinity(0, sizeof set, &set) == 0, "sched_getaffinity");
    for (size_t cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++) {
        if (CPU_ISSET(cpu, &set)) {
            cpus[n++] = cpu;
        }
    }
    return n == 2;
}

static void
move_to_cpu(size_t cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    CHECK(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

/* --- our server --- */

struct server {
    struct actor base;
    unsigned n;
};

static void
on_dynamic(struct actor *self, struct http_request *r)
{
    struct server *server = (struct server *) self;
    autofini(strbuf) body = STRBUF(BODY_SIZE);

    strbuf_append_uint(&body, ++server->n);
    strbuf_append_char(&body, ' ');
    size_t left = BODY_SIZE - body.len;
    memset(strbuf_reserve(&body, left), 'x', left);
    strbuf_advance(&body, left);
    http_respond(&r, 200, "text/plain", &body);
}

static const struct http_route routes[] = {
    { "/dynamic", on_dynamic },
};

static struct error *
server_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct server), .init = server_init,
};

/* Tells its port, and serves until nobody holds 'in' any more. */
static void
serve(int in, int out)
{
    struct actor_system_options options = {
        .n_workers = 1, .delegate = "server",
        .listen = { .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 } },
    };
    struct actor_system *system = NULL;
    char byte;

    move_to_cpu(cpus[0]);
    struct error *error = actor_system_create(&options, &system);
    CHECK(!error, "%s", error_text(error));
    error = actor_spawn(system, &server_type, "server", NULL, NULL);
    CHECK(!error, "%s", error_text(error));
    uint16_t port = actor_system_address(system)->port;
    CHECK(write(out, &port, sizeof port) == sizeof port, "writing the port");
    ssize_t n = read(in, &byte, 1);
    actor_system_destroy(system);
    _exit(n == 0 ? 0 : 1);
}

/* --- servers --- */

struct process {
    pid_t pid;                          /* 0: none */
    uint16_t port;
};

static int control[2];

static struct process
start_ours(void)
{
    struct process process = { 0 };
    int up[2];

    CHECK(pipe2(up, O_CLOEXEC) == 0 && pipe2(control, O_CLOEXEC) == 0,
          "pipe: errno %d", errno);
    process.pid = fork();
    if (process.pid == 0) {
        close(control[1]);
        serve(control[0], up[1]);
    }
    close(control[0]);
    close(up[1]);
    CHECK(read(up[0], &process.port, sizeof process.port)
          == sizeof process.port, "our server does not start");
    close(up[0]);
    return process;
}

static void
stop_ours(const struct process *process)
{
    int status;

    close(control[1]);
    CHECK(waitpid(process->pid, &status, 0) == process->pid && status == 0,
          "our server ends with status %d", status);
}

static uint16_t
free_port(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *) &address, size) == 0
          && getsockname(fd, (struct sockaddr *) &address, &size) == 0,
          "finding a port: errno %d", errno);
    close(fd);
    return ntohs(address.sin_port);
}

static FILE *h2o_log;                   /* open as long as it runs */
static char directory[] = "/tmp/cmesos-bench-http.XXXXXX";

static void
write_file(const char *name, const char *text)
{
    autofree char *path = xasprintf("%s/%s", directory, name);
    FILE *file = fopen(path, "we");

    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0,
          "writing '%s': errno %d", path, errno);
}

static void
write_h2o_files(uint16_t port)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    CHECK(mkdtemp(directory) && chmod(directory, 0755) == 0, "mkdtemp");
    memset(strbuf_reserve(&text, BODY_SIZE), 'x', BODY_SIZE);
    strbuf_advance(&text, BODY_SIZE);
    write_file("file.txt", text.data);
    strbuf_clear(&text);
    strbuf_printf(&text,
                  "num-threads: 1\n"
                  "listen: {host: 127.0.0.1, port: %u}\n"
                  "hosts:\n"
                  "  default:\n"
                  "    paths:\n"
                  "      /dynamic:\n"
                  "        mruby.handler: |\n"
                  "          n = 0\n"
                  "          Proc.new do |env|\n"
                  "            n += 1\n"
                  "            head = n.to_s + \" \"\n"
                  "            [200, {\"content-type\" => \"text/plain\"},\n"
                  "             [head + \"x\" * (%d - head.size)]]\n"
                  "          end\n"
                  "      /file:\n"
                  "        file.dir: %s\n",
                  port, BODY_SIZE, directory);
    write_file("h2o.conf", text.data);
}

static void
remove_h2o_files(void)
{
    static const char *const names[] = { "file.txt", "h2o.conf" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        autofree char *path = xasprintf("%s/%s", directory, names[i]);

        unlink(path);
    }
    rmdir(directory);
}

static void
run_h2o(int log)
{
    autofree char *conf = xasprintf("%s/h2o.conf", directory);

    move_to_cpu(cpus[0]);
    if (dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0) {
        execlp("h2o", "h2o", "-c", conf, (char *) NULL);
    }
    _exit(NO_PROGRAM);
}

/* Reads what h2o logs until it is ready; false if it ends before. */
static bool
becomes_ready(FILE *log)
{
    char line[512];

    while (fgets(line, sizeof line, log)) {
        if (strstr(line, "ready to serve requests")) {
            return true;
        }
    }
    return false;
}

/* No process if there is no h2o. */
static struct process
start_h2o(void)
{
    struct process process = { .port = free_port() };
    int log[2], status;

    write_h2o_files(process.port);
    CHECK(pipe2(log, O_CLOEXEC) == 0, "pipe: errno %d", errno);
    process.pid = fork();
    if (process.pid == 0) {
        run_h2o(log[1]);
    }
    close(log[1]);
    h2o_log = fdopen(log[0], "r");
    if (becomes_ready(h2o_log)) {
        return process;
    }
    CHECK(waitpid(process.pid, &status, 0) == process.pid
          && WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM,
          "h2o ends with status %d", status);
    fputs("bench_http: there is no h2o to compare with\n", stderr);
    return (struct process) { 0 };
}

static void
stop_h2o(const struct process *process)
{
    if (process->pid) {
        kill(process->pid, SIGTERM);
        waitpid(process->pid, NULL, 0);
    }
    fclose(h2o_log);
    remove_h2o_files();
}

/* --- rounds --- */

enum contestant { OURS, H2O_MRUBY, H2O_FILE, N_CONTESTANTS };

static const char *const targets[N_CONTESTANTS] = {
    [OURS] = "/dynamic",
    [H2O_MRUBY] = "/dynamic",
    [H2O_FILE] = "/file/file.txt",
};

enum figure { PER_SECOND, P50, P99, CPU, N_FIGURES };

/* Of one contestant at one depth. */
struct figures {
    double rounds[N_FIGURES][N_ROUNDS];
    double median[N_FIGURES];
};

static double
cpu_ns(pid_t pid)
{
    struct timespec t;
    clockid_t clock;

    CHECK(clock_getcpuclockid(pid, &clock) == 0
          && clock_gettime(clock, &t) == 0, "the clock of %d", (int) pid);
    return (double) t.tv_sec * SECOND + (double) t.tv_nsec;
}

static void
run_round(const struct process *process, enum contestant who, unsigned depth,
          struct figures *figures, unsigned round)
{
    struct http_load load = {
        .port = process->port, .target = targets[who],
        .body_size = BODY_SIZE, .n_connections = N_CONNECTIONS,
        .depth = depth, .duration_ns = ROUND,
    };
    struct http_load_result result;
    double before = cpu_ns(process->pid);

    http_load_run(&load, &result);
    figures->rounds[PER_SECOND][round] = result.per_second;
    figures->rounds[P50][round] = result.p50_us;
    figures->rounds[P99][round] = result.p99_us;
    figures->rounds[CPU][round] = (cpu_ns(process->pid) - before)
        / (double) result.n_answers / MICROSECOND;
}

static int
compare(const void *a_, const void *b_)
{
    const double *a = a_;
    const double *b = b_;

    return (*a > *b) - (*a < *b);
}

static void
find_medians(struct figures *figures)
{
    for (unsigned i = 0; i < N_FIGURES; i++) {
        qsort(figures->rounds[i], N_ROUNDS, sizeof(double), compare);
        figures->median[i] = figures->rounds[i][N_ROUNDS / 2];
    }
}

/* --- results --- */

/* 'peer' 0: none; it is the bar as well if 'is_bar'. */
static void
print(const char *name, double value, const char *unit, double peer,
      bool is_bar)
{
    autofini(strbuf) out = STRBUF(512);
    struct json_writer w = JSON_WRITER(&out);

    json_object_begin(&w);
    json_member_string(&w, "name", name);
    json_member_double(&w, "value", value);
    json_member_string(&w, "unit", unit);
    if (peer > 0) {
        json_member_double(&w, "peer", peer);
    }
    if (peer > 0 && is_bar) {
        json_member_double(&w, "bar", peer);
    }
    json_object_end(&w);
    puts(out.data);
}

static void
print_one(const struct figures *ours, const struct figures *h2o,
          enum figure figure, const char *name, const char *unit, bool is_bar)
{
    print(name, ours->median[figure], unit, h2o->median[figure], is_bar);
}

static void
report(const struct figures one[], const struct figures many[])
{
    const struct figures *ours = &one[OURS], *mruby = &one[H2O_MRUBY];

    print_one(ours, mruby, PER_SECOND, "http/dynamic", "requests/s", true);
    print_one(ours, mruby, P50, "http/dynamic, p50", "us", false);
    print_one(ours, mruby, P99, "http/dynamic, p99", "us", false);
    print_one(ours, mruby, CPU, "http/dynamic, processor", "us/request",
              false);
    print_one(&many[OURS], &many[H2O_MRUBY], PER_SECOND,
              "http/dynamic, pipelined", "requests/s", true);
    print_one(&many[OURS], &many[H2O_MRUBY], CPU,
              "http/dynamic, pipelined, processor", "us/request", false);
    if (one[H2O_FILE].median[PER_SECOND] > 0) {
        print_one(ours, &one[H2O_FILE], PER_SECOND,
                  "http/dynamic, h2o a file", "requests/s", false);
        print_one(ours, &one[H2O_FILE], CPU,
                  "http/dynamic, h2o a file, processor", "us/request", false);
        print_one(&many[OURS], &many[H2O_FILE], PER_SECOND,
                  "http/dynamic, h2o a file, pipelined", "requests/s", false);
    }
}

int
main(void)
{
    static struct figures one[N_CONTESTANTS], many[N_CONTESTANTS];

    if (!find_cpus()) {
        fputs("bench_http: one processor is too few\n", stderr);
        return 0;
    }
    alarm(PATIENCE_S);                  /* rather than wait for ever */
    struct process ours = start_ours();
    struct process h2o = start_h2o();

    move_to_cpu(cpus[1]);
    for (unsigned round = 0; round < N_ROUNDS; round++) {
        for (unsigned who = 0; who < N_CONTESTANTS; who++) {
            const struct process *process = who == OURS ? &ours : &h2o;

            if (process->pid) {
                run_round(process, who, 1, &one[who], round);
                run_round(process, who, PIPELINED, &many[who], round);
            }
        }
    }
    for (unsigned who = 0; who < N_CONTESTANTS; who++) {
        find_medians(&one[who]);
        find_medians(&many[who]);
    }
    report(one, many);
    stop_h2o(&h2o);
    stop_ours(&ours);
    return 0;
}
