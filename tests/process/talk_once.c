/* SPDX-License-Identifier: Apache-2.0
 *
 * talk_once.c - one word over loopback, between two processes that have a
 * directory in common.
 *
 *     talk_once listen FILE WORD      writes a port to FILE, sends WORD to
 *                                     the first who connects there
 *     talk_once ask FILE              waits for FILE, prints what it is sent
 *
 * Exits with 0 if that worked. */
#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

static int
fail(const char *what)
{
    perror(what);
    return EXIT_FAILURE;
}

static struct sockaddr_in
loopback(unsigned port)
{
    return (struct sockaddr_in) {
        .sin_family = AF_INET, .sin_port = htons((uint16_t) port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

/* Under another name first, so that the file is whole when it is there. */
static int
write_port(const char *path, unsigned port)
{
    char temporary[4096];
    FILE *file;

    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    file = fopen(temporary, "we");
    if (!file) {
        return -1;
    }
    fprintf(file, "%u\n", port);
    return fclose(file) == 0 ? rename(temporary, path) : -1;
}

static int
listen_once(const char *path, const char *word)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client;

    if (bind(fd, (struct sockaddr *) &address, size) < 0
        || listen(fd, 1) < 0
        || getsockname(fd, (struct sockaddr *) &address, &size) < 0
        || write_port(path, ntohs(address.sin_port)) < 0) {
        return fail(path);
    }
    client = accept(fd, NULL, NULL);
    if (client < 0 || dprintf(client, "%s\n", word) < 0) {
        return fail("sending");
    }
    close(client);
    close(fd);
    return EXIT_SUCCESS;
}

/* Waits, watching its directory, until the file is there. */
static FILE *
await_file(const char *path)
{
    char event[sizeof(struct inotify_event) + 256];
    char directory[4096];
    int watch = inotify_init1(IN_CLOEXEC);
    FILE *file;

    snprintf(directory, sizeof directory, "%s", path);
    *strrchr(directory, '/') = '\0';
    if (inotify_add_watch(watch, directory, IN_MOVED_TO) < 0) {
        return NULL;
    }
    while (!(file = fopen(path, "re")) && errno == ENOENT
           && read(watch, event, sizeof event) > 0) {
    }
    close(watch);
    return file;
}

static int
ask(const char *path)
{
    char text[64] = "";
    FILE *file = await_file(path);
    struct sockaddr_in address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ssize_t n;

    if (!file || !fgets(text, sizeof text, file)) {
        return fail(path);
    }
    fclose(file);
    address = loopback((unsigned) strtoul(text, NULL, 10));
    if (connect(fd, (struct sockaddr *) &address, sizeof address) < 0) {
        return fail("connecting");
    }
    while ((n = read(fd, text, sizeof text)) > 0) {
        fwrite(text, 1, (size_t) n, stdout);
    }
    close(fd);
    return n == 0 ? EXIT_SUCCESS : fail("reading");
}

int
main(int argc, char *argv[])
{
    if (argc == 4 && !strcmp(argv[1], "listen")) {
        return listen_once(argv[2], argv[3]);
    }
    if (argc == 3 && !strcmp(argv[1], "ask")) {
        return ask(argv[2]);
    }
    fprintf(stderr, "usage: talk_once listen FILE WORD | ask FILE\n");
    return EXIT_FAILURE;
}
