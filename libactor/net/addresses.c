/* SPDX-License-Identifier: Apache-2.0
 *
 * addresses.c - where a program listens; see addresses.h.  Thread: as said
 * there. */
#include <config.h>

#include <actor/addresses.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/strbuf.h>

/* What a command may print. */
#define OUTPUT_MAX 4096

extern char **environ;

struct variables {
    char *ip;
    char *port;
    char *advertise_ip;
    char *advertise_port;
};

#define VARIABLE(NAME) \
    { .name = #NAME, .type = FLAG_STRING, \
      .offset = offsetof(struct variables, NAME), .help = "" }

static const struct flag variable_table[] = {
    VARIABLE(ip),
    VARIABLE(port),
    VARIABLE(advertise_ip),
    VARIABLE(advertise_port),
};

/* A value, and what it came from. */
struct setting {
    const char *name;
    const char *value;          /* NULL: none */
};

static struct setting
choose(const char *flag_name, const char *flag, const char *variable_name,
       const char *variable)
{
    if (flag) {
        return (struct setting) { flag_name, flag };
    }
    return (struct setting) {
        variable_name, variable && *variable ? variable : NULL,
    };
}

/* --- the command --- */

static struct error *
read_output(int fd, struct strbuf *out)
{
    for (;;) {
        char buffer[512];
        ssize_t n = read(fd, buffer, sizeof buffer);

        if (n == 0) {
            return NULL;
        }
        if (n < 0 && errno != EINTR) {
            return error_errno(errno, "reading its output");
        }
        strbuf_append_bytes(out, buffer, n > 0 ? (size_t) n : 0);
    }
}

static struct error *
await(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return error_errno(errno, "waiting for it");
        }
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return NULL;
    }
    return WIFEXITED(status)
           ? error_create(ERROR_INVALID, "it exited with status %d",
                          WEXITSTATUS(status))
           : error_create(ERROR_INVALID, "it was killed by signal %d",
                          WTERMSIG(status));
}

/* A daemon blocks what should end it, to wait for it; the command has to heed
 * it, or one that hangs could not be interrupted. */
static void
init_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setflags(attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static struct error *
start_shell(const char *command, int stdout_fd, pid_t *ret)
{
    char *argv[] = { (char *) "sh", (char *) "-c", (char *) command, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    init_attributes(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, stdout_fd, STDOUT_FILENO);
    int errnum = posix_spawn(ret, "/bin/sh", &actions, &attributes, argv,
                             environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return errnum ? error_errno(errnum, "starting '/bin/sh'") : NULL;
}

static struct error *
run(const char *command, struct strbuf *out)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return error_errno(errno, "making a pipe");
    }
    struct error *error = start_shell(command, fds[1], &pid);
    close(fds[1]);
    if (!error) {
        struct error *unread = read_output(fds[0], out);

        error = await(pid);
        if (error) {
            error_destroy(unread);
        } else {
            error = unread;
        }
    }
    close(fds[0]);
    return error;
}

/* What the command prints, without the blanks around it. */
static struct error *
discover(const char *command, char **ret)
{
    autofini(strbuf) out = STRBUF(OUTPUT_MAX);
    struct error *error = run(command, &out);

    if (error) {
        return error_wrap(error, "--ip_discovery_command='%s'", command);
    }
    const char *start = out.data + strspn(out.data, " \t\r\n");
    size_t len = strcspn(start, " \t\r\n");

    *ret = xstrndup(start, len);
    return NULL;
}

/* --- parsing --- */

static struct error *
parse_ip(const struct setting *setting, struct address *ret)
{
    return error_wrap(address_parse_ip(setting->value, ret->port, ret), "%s",
                      setting->name);
}

static struct error *
parse_port(const struct setting *setting, unsigned least, uint16_t *ret)
{
    const char *p = setting->value;
    unsigned port = 0;

    if (!p) {
        return NULL;
    }
    do {
        if (*p < '0' || *p > '9'
            || (port = port * 10 + (unsigned) (*p - '0')) > UINT16_MAX) {
            return error_create(ERROR_INVALID, "%s: '%s' is not a port",
                                setting->name, setting->value);
        }
    } while (*++p);
    if (port < least) {
        return error_create(ERROR_INVALID, "%s: '%s' is no port to be told",
                            setting->name, setting->value);
    }
    *ret = (uint16_t) port;
    return NULL;
}

/* --- choosing --- */

static struct error *
choose_listen(const struct address_flags *flags, const struct variables *v,
              struct address *ret)
{
    autofree char *discovered = NULL;
    struct setting port = choose(NULL, NULL, "LIBPROCESS_PORT", v->port);
    struct setting ip = choose("--ip", flags->ip, "LIBPROCESS_IP", v->ip);
    struct error *error = NULL;

    *ret = (struct address) { .family = ADDRESS_IPV4, .port = flags->port };
    if (flags->ip && flags->ip_discovery_command) {
        return error_create(ERROR_INVALID, "--ip and --ip_discovery_command: "
                            "only one of them may be given");
    }
    if (flags->ip_discovery_command) {
        error = discover(flags->ip_discovery_command, &discovered);
        ip = (struct setting) { "--ip_discovery_command", discovered };
    }
    if (!error && !flags->has_port) {
        error = parse_port(&port, 0, &ret->port);
    }
    if (!error && ip.value) {
        error = parse_ip(&ip, ret);
    }
    return error;
}

static struct error *
choose_advertise(const struct address_flags *flags, const struct variables *v,
                 const struct address *listen, struct address *ret)
{
    struct setting ip = choose("--advertise_ip", flags->advertise_ip,
                               "LIBPROCESS_ADVERTISE_IP", v->advertise_ip);
    struct setting port = choose("--advertise_port", flags->advertise_port,
                                 "LIBPROCESS_ADVERTISE_PORT",
                                 v->advertise_port);
    struct address address = *listen;

    *ret = (struct address) { .family = ADDRESS_NONE };
    struct error *error = parse_port(&port, 1, &address.port);
    if (!error && ip.value) {
        error = parse_ip(&ip, &address);
    }
    if (!error && (ip.value || port.value)) {
        *ret = address;
    }
    return error;
}

struct error *
addresses_choose(const struct address_flags *flags, struct address *ret_listen,
                 struct address *ret_advertise)
{
    char *argv[] = { (char *) "addresses", NULL };
    struct variables variables = { .ip = NULL };
    struct address listen, advertise;
    struct error *error = flags_load(variable_table,
                                     ARRAY_SIZE(variable_table), &variables,
                                     1, argv, "LIBPROCESS_", NULL);

    error = error_wrap(error, "LIBPROCESS_*");
    if (!error) {
        error = choose_listen(flags, &variables, &listen);
    }
    if (!error) {
        error = choose_advertise(flags, &variables, &listen, &advertise);
    }
    flags_fini(variable_table, ARRAY_SIZE(variable_table), &variables);
    if (!error) {
        *ret_listen = listen;
        *ret_advertise = advertise;
    }
    return error;
}
