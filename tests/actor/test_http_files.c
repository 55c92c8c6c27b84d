/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_files.c - files as answers. */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/http.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "tests/lib/http_stage.h"

static char *root;                      /* of the test; owned */

/* --- a server of files --- */

static void
on_assets(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_file_below(&request, root);
}

static void
on_download(struct actor *self UNUSED, struct http_request *request)
{
    autofree char *path = xasprintf("%s/%s", root, http_request_rest(request));

    http_response_header(request, "Content-Disposition",
                         "attachment; filename=x");
    http_respond_file(&request, path, "application/octet-stream");
}

static void
on_hello(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "hello");
}

static const struct http_route routes[] = {
    { "/assets", on_assets },
    { "/download", on_download },
    { "/hello", on_hello },
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

static char *
path_of(const char *name)
{
    return xasprintf("%s/%s", root, name);
}

/* Last changed on Sun, 06 Nov 1994 08:49:37 GMT. */
static void
write_file(const char *name, const char *data, size_t size)
{
    static const struct timespec then[2] = { { 784111777, 0 },
                                             { 784111777, 0 } };
    autofree char *path = path_of(name);
    autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                            0644);

    ck_assert_int_ge(fd, 0);
    while (size > 0) {
        ssize_t n = write(fd, data, size);

        ck_assert_int_gt(n, 0);
        data += n;
        size -= (size_t) n;
    }
    ck_assert_int_eq(futimens(fd, then), 0);
}

/* Of digits that tell where they are. */
static char *
write_large_file(const char *name, size_t size)
{
    char *data = xmalloc(size + 1);

    for (size_t i = 0; i < size; i++) {
        data[i] = (char) ('0' + (i / 7 + i / 1000) % 10);
    }
    data[size] = '\0';
    write_file(name, data, size);
    return data;
}

static struct http_stage
start(void)
{
    root = test_temp_dir();
    write_file("index.html", "<p>", 3);
    write_file("digits.txt", "0123456789", 10);
    write_file("empty.css", "", 0);
    return stage_start(&server_type, NULL);
}

static void
stop(struct http_stage *f)
{
    stage_stop(f);
    free(root);
}

/* All of the answer in steps through a small window. */
static void
read_on(struct http_stage *f, struct strbuf *out)
{
    size_t size;

    do {
        const char *text = memory_client_text(f->client, &size);

        strbuf_append_bytes(out, text, size);
        memory_client_clear(f->client);
        multi_system_run(f->multi);
    } while (size > 0);
}

static char *
etag_of(const char *text)
{
    const char *etag = strstr(text, "\r\nETag: ");

    ck_assert_ptr_nonnull(etag);
    return xstrndup(etag + 8, strcspn(etag + 8, "\r"));
}

/* --- whole files --- */

START_TEST(a_file_comes_with_its_type_and_validators)
{
    struct http_stage f = start();
    const char *text = stage_get(&f, "/assets/digits.txt");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "\r\nContent-Type: text/plain\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 10\r\n");
    EXPECT_HAS(text, "\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    EXPECT_HAS(text, "\r\nETag: \"");
    EXPECT_HAS(text, "\r\nAccept-Ranges: bytes\r\n");
    EXPECT_BODY(text, "0123456789");
    text = stage_get(&f, "/assets/empty.css");
    EXPECT_HAS(text, "\r\nContent-Type: text/css\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 0\r\n");
    EXPECT_BODY(text, "");
    stop(&f);
}
END_TEST

START_TEST(a_download_keeps_its_headers_and_its_type)
{
    struct http_stage f = start();
    const char *text = stage_get(&f, "/download/digits.txt");

    EXPECT_HAS(text, "\r\nContent-Disposition: attachment; filename=x\r\n");
    EXPECT_HAS(text, "\r\nContent-Type: application/octet-stream\r\n");
    EXPECT_BODY(text, "0123456789");
    text = stage_get(&f, "/download/none");
    EXPECT_STATUS(text, "404 Not Found\r\n");
    EXPECT_HAS_NOT(text, "Content-Disposition");
    EXPECT_STATUS(stage_get(&f, "/download/"), "404 ");
    stop(&f);
}
END_TEST

START_TEST(head_of_a_file_has_the_length_of_its_get)
{
    struct http_stage f = start();
    const char *text = stage_ask(&f, "HEAD", "/assets/digits.txt", "");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 10\r\n");
    EXPECT_BODY(text, "");
    EXPECT_STATUS(stage_ask(&f, "POST", "/assets/digits.txt",
                            "Content-Length: 0\r\n"), "405 ");
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    stop(&f);
}
END_TEST

START_TEST(a_large_file_comes_whole_through_a_small_window)
{
    struct http_stage f = start();
    size_t size = 3 * 1024 * 1024 + 17;
    autofree char *data = write_large_file("large", size);
    autofini(strbuf) got = STRBUF(STRBUF_UNLIMITED);

    memory_net_set_window(multi_system_net(f.multi), 65536);
    stage_say(&f, "GET /assets/large HTTP/1.1\r\n\r\n"
                  "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    read_on(&f, &got);

    const char *body = body_of(got.data);
    EXPECT_HAS(got.data, "\r\nContent-Length: 3145745\r\n");
    ck_assert_uint_gt(got.len, size);
    ck_assert(memcmp(body, data, size) == 0);
    EXPECT_STATUS(body + size, "200 OK\r\n");
    EXPECT_BODY(body + size, "hello");
    stop(&f);
}
END_TEST

START_TEST(http_1_0_keeps_its_connection_after_a_large_file)
{
    struct http_stage f = start();
    autofree char *data = write_large_file("large", 600000);
    const char *text = stage_say(&f, "GET /assets/large HTTP/1.0\r\n"
                                     "Connection: keep-alive\r\n\r\n");

    EXPECT_BODY(text, data);
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    stop(&f);
}
END_TEST

START_TEST(who_ends_its_side_still_gets_a_large_file)
{
    struct http_stage f = start();
    size_t size = 1000000;
    autofree char *data = write_large_file("large", size);
    autofini(strbuf) got = STRBUF(STRBUF_UNLIMITED);
    static const char request[] = "GET /assets/large HTTP/1.1\r\n\r\n";

    memory_net_set_window(multi_system_net(f.multi), 65536);
    memory_client_write(f.client, request, sizeof request - 1);
    memory_client_shutdown(f.client);
    multi_system_run(f.multi);
    read_on(&f, &got);
    ck_assert(strcmp(body_of(got.data), data) == 0);
    ck_assert(memory_client_is_ended(f.client));
    stop(&f);
}
END_TEST

START_TEST(who_ends_its_side_in_the_middle_gets_the_rest)
{
    struct http_stage f = start();
    size_t size = 1000000;
    autofree char *data = write_large_file("large", size);
    autofini(strbuf) got = STRBUF(STRBUF_UNLIMITED);

    memory_net_set_window(multi_system_net(f.multi), 65536);
    stage_get(&f, "/assets/large");
    memory_client_shutdown(f.client);
    read_on(&f, &got);
    ck_assert(strcmp(body_of(got.data), data) == 0);
    stop(&f);
}
END_TEST

/* --- files that change --- */

START_TEST(a_file_that_grows_is_sent_as_long_as_it_was)
{
    struct http_stage f = start();
    size_t size = 1000000;
    autofree char *data = write_large_file("log", size);
    autofree char *path = path_of("log");
    autofini(strbuf) got = STRBUF(STRBUF_UNLIMITED);

    memory_net_set_window(multi_system_net(f.multi), 65536);
    stage_say(&f, "GET /assets/log HTTP/1.1\r\n\r\n");
    ck_assert_int_eq(truncate(path, 2000000), 0);
    read_on(&f, &got);
    ck_assert(strcmp(body_of(got.data), data) == 0);
    stop(&f);
}
END_TEST

START_TEST(a_file_that_shrinks_breaks_its_connection)
{
    struct http_stage f = start();
    size_t size = 1000000;
    autofree char *path = path_of("log");
    autofini(strbuf) got = STRBUF(STRBUF_UNLIMITED);

    free(write_large_file("log", size));
    memory_net_set_window(multi_system_net(f.multi), 65536);
    stage_say(&f, "GET /assets/log HTTP/1.1\r\n\r\n"
                  "GET /hello HTTP/1.1\r\n\r\n");
    ck_assert_int_eq(truncate(path, 10), 0);
    read_on(&f, &got);
    ck_assert_uint_lt(got.len, size);
    EXPECT_HAS_NOT(got.data, "hello");
    ck_assert(memory_client_is_ended(f.client));
    stop(&f);
}
END_TEST

START_TEST(a_reader_may_go_in_the_middle_of_a_file)
{
    struct http_stage f = start();

    free(write_large_file("large", 2000000));
    memory_net_set_window(multi_system_net(f.multi), 65536);
    stage_say(&f, "GET /assets/large HTTP/1.1\r\n\r\n");
    memory_net_break_all(multi_system_net(f.multi));
    multi_system_run(f.multi);
    stage_reconnect(&f);
    EXPECT_HAS(stage_get(&f, "/__processes__"), "\"id\":\"server(1)\"");
    EXPECT_HAS_NOT(stage_get(&f, "/__processes__"), "__file__");
    stop(&f);
}
END_TEST

/* --- parts, and nothing at all --- */

START_TEST(what_has_not_changed_is_not_sent_again)
{
    struct http_stage f = start();
    autofree char *etag = etag_of(stage_get(&f, "/assets/digits.txt"));
    autofree char *header = xasprintf("If-None-Match: \"x\", %s\r\n", etag);
    const char *text = stage_ask(&f, "GET", "/assets/digits.txt", header);

    EXPECT_STATUS(text, "304 Not Modified\r\n");
    EXPECT_HAS(text, "\r\nETag: \"");
    EXPECT_HAS_NOT(text, "Content-Length");
    EXPECT_BODY(text, "");
    EXPECT_STATUS(stage_ask(&f, "GET", "/assets/digits.txt",
                            "If-Modified-Since: "
                            "Sun, 06 Nov 1994 08:49:37 GMT\r\n"), "304 ");
    EXPECT_STATUS(stage_ask(&f, "GET", "/assets/digits.txt",
                            "If-Modified-Since: "
                            "Sun, 06 Nov 1994 08:49:36 GMT\r\n"), "200 ");
    EXPECT_STATUS(stage_ask(&f, "GET", "/assets/digits.txt",
                            "If-Match: \"other\"\r\n"), "412 ");
    write_file("digits.txt", "01234567890", 11);
    EXPECT_STATUS(stage_ask(&f, "GET", "/assets/digits.txt", header),
                  "200 ");
    stop(&f);
}
END_TEST

START_TEST(a_range_is_sent_alone)
{
    struct http_stage f = start();
    const char *text = stage_ask(&f, "GET", "/assets/digits.txt",
                                 "Range: bytes=2-4\r\n");

    EXPECT_STATUS(text, "206 Partial Content\r\n");
    EXPECT_HAS(text, "\r\nContent-Range: bytes 2-4/10\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 3\r\n");
    EXPECT_BODY(text, "234");
    EXPECT_BODY(stage_ask(&f, "GET", "/assets/digits.txt",
                          "Range: bytes=-3\r\n"), "789");
    EXPECT_BODY(stage_ask(&f, "GET", "/assets/digits.txt",
                          "Range: bytes=8-99\r\n"), "89");
    EXPECT_BODY(stage_ask(&f, "GET", "/assets/digits.txt",
                          "Range: bytes=1-2,4-5\r\n"), "0123456789");
    text = stage_ask(&f, "GET", "/assets/digits.txt",
                     "Range: bytes=10-\r\n");
    EXPECT_STATUS(text, "416 Requested range not satisfiable\r\n");
    EXPECT_HAS(text, "\r\nContent-Range: bytes */10\r\n");
    stop(&f);
}
END_TEST

START_TEST(a_range_of_another_version_is_not_sent)
{
    struct http_stage f = start();
    autofree char *etag = etag_of(stage_get(&f, "/assets/digits.txt"));
    autofree char *header = xasprintf("Range: bytes=2-4\r\nIf-Range: %s\r\n",
                                      etag);

    EXPECT_BODY(stage_ask(&f, "GET", "/assets/digits.txt", header), "234");
    EXPECT_BODY(stage_ask(&f, "GET", "/assets/digits.txt",
                          "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n"),
                "0123456789");
    EXPECT_BODY(stage_ask(&f, "GET", "/assets/digits.txt",
                          "Range: bytes=2-4\r\nIf-Range: "
                          "Sun, 06 Nov 1994 08:49:37 GMT\r\n"), "234");
    stop(&f);
}
END_TEST

/* In the year 2300, which nanoseconds in 64 bits do not reach. */
START_TEST(a_file_from_a_far_future_has_a_weak_tag)
{
    static const struct timespec then[2] = { { 10413792000, 0 },
                                             { 10413792000, 0 } };
    struct http_stage f = start();
    autofree char *path = path_of("digits.txt");

    ck_assert_int_eq(utimensat(AT_FDCWD, path, then, 0), 0);
    EXPECT_HAS(stage_get(&f, "/assets/digits.txt"), "\r\nETag: W/\"");
    EXPECT_BODY(stage_get(&f, "/assets/digits.txt"), "0123456789");
    stop(&f);
}
END_TEST

START_TEST(a_large_range_comes_in_pieces)
{
    struct http_stage f = start();
    autofree char *data = write_large_file("large", 1500000);
    const char *text = stage_ask(&f, "GET", "/assets/large",
                                 "Range: bytes=100-899999\r\n");

    EXPECT_HAS(text, "\r\nContent-Length: 899900\r\n");
    ck_assert_uint_eq(strlen(body_of(text)), 899900);
    ck_assert(memcmp(body_of(text), data + 100, 899900) == 0);
    stop(&f);
}
END_TEST

/* --- directories --- */

START_TEST(a_directory_stands_for_its_index)
{
    struct http_stage f = start();
    autofree char *with = path_of("with");
    autofree char *without = path_of("without");

    ck_assert_int_eq(mkdir(with, 0755), 0);
    ck_assert_int_eq(mkdir(without, 0755), 0);
    write_file("with/index.html", "inner", 5);
    EXPECT_BODY(stage_get(&f, "/assets"), "<p>");
    EXPECT_HAS(stage_get(&f, "/assets/"), "\r\nContent-Type: text/html\r\n");
    EXPECT_BODY(stage_get(&f, "/assets/with/"), "inner");
    EXPECT_STATUS(stage_get(&f, "/assets/without"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/assets/digits.txt/x"), "404 ");
    stop(&f);
}
END_TEST

START_TEST(nothing_leads_out_of_the_root)
{
    struct http_stage f = start();
    autofree char *outside = test_temp_dir();
    autofree char *secret = xasprintf("%s/secret", outside);
    autofree char *link = path_of("link");
    autofree char *directory = path_of("directory");
    autofree char *inside = path_of("inside");
    autofree char *index = path_of("indexed");
    autofree char *index_html = path_of("indexed/index.html");
    autofree char *fifo = path_of("fifo");
    autoclose int fd = open(secret, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(symlink(secret, link), 0);
    ck_assert_int_eq(symlink(outside, directory), 0);
    ck_assert_int_eq(symlink("digits.txt", inside), 0);
    ck_assert_int_eq(mkdir(index, 0755), 0);
    ck_assert_int_eq(symlink(secret, index_html), 0);
    ck_assert_int_eq(mkfifo(fifo, 0644), 0);
    EXPECT_STATUS(stage_get(&f, "/assets/link"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/assets/directory/secret"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/assets/indexed/"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/assets/../secret"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/assets/%2e%2e/secret"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/assets/x%2f..%2f..%2fsecret"), "404 ");
    EXPECT_STATUS(stage_get(&f, "/assets/fifo"), "404 ");
    EXPECT_BODY(stage_get(&f, "/assets/inside"), "0123456789");
    stop(&f);
}
END_TEST

START_TEST(a_system_may_end_while_files_are_read)
{
    struct http_stage f = start();

    free(write_large_file("large", 2000000));
    memory_net_set_window(multi_system_net(f.multi), 65536);
    stage_say(&f, "GET /assets/large HTTP/1.1\r\n\r\n");
    memory_client_write(f.client, "GET /assets/large HTTP/1.1\r\n\r\n", 30);
    stop(&f);
}
END_TEST

static Suite *
http_files_suite(void)
{
    Suite *suite = suite_create("http_files");

    test_add(suite, "whole", a_file_comes_with_its_type_and_validators);
    test_add(suite, "download", a_download_keeps_its_headers_and_its_type);
    test_add(suite, "head", head_of_a_file_has_the_length_of_its_get);
    test_add(suite, "large", a_large_file_comes_whole_through_a_small_window);
    test_add(suite, "http_1_0",
             http_1_0_keeps_its_connection_after_a_large_file);
    test_add(suite, "half_close",
             who_ends_its_side_still_gets_a_large_file);
    test_add(suite, "half_close_later",
             who_ends_its_side_in_the_middle_gets_the_rest);
    test_add(suite, "grows", a_file_that_grows_is_sent_as_long_as_it_was);
    test_add(suite, "shrinks", a_file_that_shrinks_breaks_its_connection);
    test_add(suite, "reader_goes", a_reader_may_go_in_the_middle_of_a_file);
    test_add(suite, "not_changed", what_has_not_changed_is_not_sent_again);
    test_add(suite, "range", a_range_is_sent_alone);
    test_add(suite, "if_range", a_range_of_another_version_is_not_sent);
    test_add(suite, "far_future", a_file_from_a_far_future_has_a_weak_tag);
    test_add(suite, "large_range", a_large_range_comes_in_pieces);
    test_add(suite, "index", a_directory_stands_for_its_index);
    test_add(suite, "root", nothing_leads_out_of_the_root);
    test_add(suite, "end", a_system_may_end_while_files_are_read);
    return suite;
}

TEST_MAIN(http_files_suite)
