/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_threads.c - the HTTP server on threads: several clients at a time
 * on loopback ask for all that it sends by way of other threads. */
#include <config.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/http_access.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "http/inflate.h"
#include "net/net.h"
#include "tests/lib/test.h"

#define N_CLIENTS 4
#define N_ROUNDS 10
#define FILE_SIZE 2000003
#define TEXT_SIZE 200000

static char *file_path;                 /* owned; of the test */

/* What file and text are made of. */
static void
fill(struct strbuf *out, size_t size)
{
    while (out->len < size) {
        strbuf_printf(out, "%zu,", out->len);
    }
    strbuf_truncate(out, size);
}

/* --- the server --- */

static void
on_hello(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "hello");
}

static void
on_text(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);

    fill(&body, TEXT_SIZE);
    http_respond(&request, 200, "text/plain", &body);
}

static void
on_file(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_file(&request, file_path, NULL);
}

static void
on_who(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "%s",
                      http_request_principal(request)->value);
}

static const struct http_route routes[] = {
    { "/hello", on_hello },
    { "/text", on_text },
    { "/file", on_file },
    { "/who", on_who, .realm = "r" },
};

static struct error *
server_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct actor), .init = server_init,
};

/* Thinks for a moment about each request. */
struct thought {
    struct actor_timer timer;
    struct http_check *check;           /* owned */
    struct thought *next;
};

struct guard {
    struct actor base;
    struct thought *thoughts;           /* owned */
};

static void
on_thought(struct actor *self, void *thought_)
{
    const struct http_principal principal = { .value = "somebody" };
    struct guard *guard = (struct guard *) self;
    struct thought *thought = thought_;
    struct thought **at = &guard->thoughts;

    while (*at != thought) {
        at = &(*at)->next;
    }
    *at = thought->next;
    http_check_accept(&thought->check, &principal);
    free(thought);
}

static void
on_check(struct actor *self, struct http_check *check)
{
    struct guard *guard = (struct guard *) self;
    struct thought *thought = xcalloc(1, sizeof *thought);

    thought->check = check;
    thought->next = guard->thoughts;
    guard->thoughts = thought;
    actor_timer_start(self, &thought->timer, MILLISECOND, on_thought,
                      thought);
}

static struct error *
guard_init(struct actor *self, void *arg UNUSED)
{
    http_set_authenticator(self, "r", on_check);
    return NULL;
}

static void
guard_fini(struct actor *self)
{
    struct guard *guard = (struct guard *) self;

    while (guard->thoughts) {
        struct thought *thought = guard->thoughts;

        guard->thoughts = thought->next;
        actor_timer_cancel(self, &thought->timer);
        http_check_forbid(&thought->check, NULL);
        free(thought);
    }
}

static const struct actor_type guard_type = {
    .name = "guard", .size = sizeof(struct guard), .init = guard_init,
    .fini = guard_fini,
};

static struct actor_system *
start(void)
{
    struct actor_system_options options = {
        .n_workers = 3, .delegate = "server",
        .listen = { .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 } },
    };
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofree char *dir = test_temp_dir();
    struct actor_system *system = NULL;

    file_path = xasprintf("%s/file", dir);
    int fd = open(file_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    fill(&text, FILE_SIZE);
    ck_assert_int_eq(write(fd, text.data, text.len), FILE_SIZE);
    close(fd);
    ck_assert_ptr_null(actor_system_create(&options, &system));
    ck_assert_ptr_null(actor_spawn(system, &guard_type, "guard", NULL,
                                   NULL));
    ck_assert_ptr_null(actor_spawn(system, &server_type, "server", NULL,
                                   NULL));
    return system;
}

/* --- clients; what they find is looked at by the test's thread --- */

struct client {
    pthread_t thread;
    int fd;
    unsigned n_good;
    struct strbuf in;                   /* came and not yet looked at */
};

static void
client_open(struct client *client, struct actor_system *system)
{
    struct sockaddr_storage storage;
    socklen_t len = socket_address_to(actor_system_address(system), &storage);

    memset(client, 0, sizeof *client);
    strbuf_init(&client->in, STRBUF_UNLIMITED);
    client->fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(client->fd, (struct sockaddr *) &storage, len),
                     0);
}

static void
client_close(struct client *client)
{
    close(client->fd);
    strbuf_fini(&client->in);
}

static bool
receive(struct client *client)
{
    char *to = strbuf_reserve(&client->in, 65536);
    ssize_t n = recv(client->fd, to, 65536, 0);

    if (n <= 0) {
        return false;
    }
    strbuf_advance(&client->in, (size_t) n);
    return true;
}

/* Takes an answer off what comes; false if the connection ends first. */
static bool
take_answer(struct client *client, struct strbuf *head, struct strbuf *body)
{
    const char *end, *length;

    while (!(end = strstr(client->in.data, "\r\n\r\n"))) {
        if (!receive(client)) {
            return false;
        }
    }
    size_t head_len = (size_t) (end + 4 - client->in.data);
    strbuf_append_bytes(head, client->in.data, head_len);
    length = strstr(head->data, "\r\nContent-Length: ");
    size_t len = length ? strtoul(length + 18, NULL, 10) : 0;
    while (client->in.len < head_len + len) {
        if (!receive(client)) {
            return false;
        }
    }
    strbuf_append_bytes(body, client->in.data + head_len, len);
    strbuf_consume(&client->in, head_len + len);
    return true;
}

static bool
is_gzip_of_text(const struct strbuf *body)
{
    autofini(strbuf) plain = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) wanted = STRBUF(STRBUF_UNLIMITED);
    struct http_inflate *inflate = http_inflate_create();
    autoerror *error = http_inflate(inflate, body->data, body->len, &plain);

    http_inflate_destroy(inflate);
    fill(&wanted, TEXT_SIZE);
    return !error && strcmp(plain.data, wanted.data) == 0;
}

static bool
is_file(const struct strbuf *body)
{
    autofini(strbuf) wanted = STRBUF(STRBUF_UNLIMITED);

    fill(&wanted, FILE_SIZE);
    return strcmp(body->data, wanted.data) == 0;
}

static bool
is_hello(const struct strbuf *body)
{
    return strcmp(body->data, "hello") == 0;
}

static bool
is_somebody(const struct strbuf *body)
{
    return strcmp(body->data, "somebody") == 0;
}

static const char round_text[] =
    "GET /text HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n"
    "GET /file HTTP/1.1\r\n\r\n"
    "GET /hello HTTP/1.1\r\n\r\n"
    "GET /who HTTP/1.1\r\n\r\n"
    "GET /hello HTTP/1.1\r\n\r\n";

static bool (*const expected[])(const struct strbuf *body) = {
    is_gzip_of_text, is_file, is_hello, is_somebody, is_hello,
};

static void *
run_client(void *client_)
{
    struct client *client = client_;

    for (unsigned i = 0; i < N_ROUNDS; i++) {
        send(client->fd, round_text, sizeof round_text - 1, MSG_NOSIGNAL);
        for (size_t j = 0; j < ARRAY_SIZE(expected); j++) {
            autofini(strbuf) head = STRBUF(STRBUF_UNLIMITED);
            autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);

            if (!take_answer(client, &head, &body)) {
                return NULL;
            }
            client->n_good += expected[j](&body);
        }
    }
    return NULL;
}

START_TEST(clients_get_their_answers_whole_and_in_order)
{
    struct actor_system *system = start();
    struct client clients[N_CLIENTS];

    for (int i = 0; i < N_CLIENTS; i++) {
        client_open(&clients[i], system);
        pthread_create(&clients[i].thread, NULL, run_client, &clients[i]);
    }
    for (int i = 0; i < N_CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        ck_assert_uint_eq(clients[i].n_good,
                          N_ROUNDS * ARRAY_SIZE(expected));
        client_close(&clients[i]);
    }
    actor_system_destroy(system);
    free(file_path);
}
END_TEST

START_TEST(a_system_ends_in_the_middle_of_answers)
{
    struct actor_system *system = start();
    struct client clients[N_CLIENTS];

    for (int i = 0; i < N_CLIENTS; i++) {
        client_open(&clients[i], system);
        send(clients[i].fd, round_text, sizeof round_text - 1, MSG_NOSIGNAL);
        send(clients[i].fd, round_text, sizeof round_text - 1, MSG_NOSIGNAL);
        ck_assert(receive(&clients[i]));
    }
    actor_system_destroy(system);
    for (int i = 0; i < N_CLIENTS; i++) {
        while (receive(&clients[i])) {
        }
        client_close(&clients[i]);
    }
    free(file_path);
}
END_TEST

START_TEST(clients_go_in_the_middle_of_answers)
{
    struct actor_system *system = start();
    struct client client;

    for (int i = 0; i < 20; i++) {
        client_open(&client, system);
        send(client.fd, round_text, sizeof round_text - 1, MSG_NOSIGNAL);
        ck_assert(receive(&client));
        client_close(&client);
    }
    client_open(&client, system);
    pthread_create(&client.thread, NULL, run_client, &client);
    pthread_join(client.thread, NULL);
    ck_assert_uint_eq(client.n_good, N_ROUNDS * ARRAY_SIZE(expected));
    client_close(&client);
    actor_system_destroy(system);
    free(file_path);
}
END_TEST

static Suite *
http_threads_suite(void)
{
    Suite *suite = suite_create("http_threads");

    test_add(suite, "answers", clients_get_their_answers_whole_and_in_order);
    test_add(suite, "end", a_system_ends_in_the_middle_of_answers);
    test_add(suite, "clients_go", clients_go_in_the_middle_of_answers);
    return suite;
}

TEST_MAIN(http_threads_suite)
