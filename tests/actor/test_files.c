/* SPDX-License-Identifier: Apache-2.0
 *
 * test_files.c - /files: what is shown, what is refused, and who gets out. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/files.h>
#include <actor/http.h>
#include <actor/limits.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "http/builtin/files_walk.h"
#include "tests/lib/http_talk.h"
#include "tests/lib/test.h"

/* --- fixture: a directory "box" attached as /box, and its neighbours --- */

static struct http_talk *talk;
static char *dir;

static char *
at(const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

static void
write_file(const char *name, const void *data, size_t size)
{
    autofree char *path = at(name);
    autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, size), (ssize_t) size);
}

static void
write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

static void
make_directory(const char *name)
{
    autofree char *path = at(name);

    ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void
make_link(const char *target, const char *name)
{
    autofree char *path = at(name);

    ck_assert_int_eq(symlink(target, path), 0);
}

static void
attach(const char *name, const char *file)
{
    autofree char *path = at(file);

    files_attach(http_talk_system(talk), name, path, NULL);
}

static void
set_up(void)
{
    talk = http_talk_start(NULL);
    ck_assert_ptr_null(files_start(http_talk_system(talk)));
    ck_assert_ptr_null(files_start(http_talk_system(talk)));
    dir = test_temp_dir();
    make_directory("box");
    make_directory("box/sub");
    make_directory("boxer");
    write_text("box/a", "hello world");
    write_text("box/sub/b", "deep");
    write_text("boxer/secret", "secret");
    attach("/box", "box");
}

static void
tear_down(void)
{
    http_talk_stop(&talk);
    free(dir);
}

static const char *
get(const char *path)
{
    return http_talk_get(talk, path);
}

/* The path is asked for and this is the JSON. */
static void
expect_json(const char *path, const char *json)
{
    const char *text = get(path);

    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, "\r\nContent-Type: application/json\r\n");
    ck_assert_str_eq(body_of(text), json);
}

static void
expect_failure(const char *path, const char *status, const char *body)
{
    const char *text = get(path);

    EXPECT_STATUS(text, "");
    ck_assert_msg(!strncmp(text + strlen("HTTP/1.1 "), status,
                           strlen(status)), "%s: got '%.200s'", path, text);
    ck_assert_str_eq(body_of(text), body);
    EXPECT_HAS(text, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
}

/* --- reading --- */

START_TEST(file_is_read_from_an_offset)
{
    expect_json("/files/read?path=/box/a&offset=0",
                "{\"data\":\"hello world\",\"offset\":0}");
    expect_json("/files/read?path=/box/a&offset=6&length=3",
                "{\"data\":\"wor\",\"offset\":6}");
    expect_json("/files/read?path=/box/a&offset=6&length=-1",
                "{\"data\":\"world\",\"offset\":6}");
    expect_json("/files/read?path=/box/sub/b&offset=0&length=100",
                "{\"data\":\"deep\",\"offset\":0}");
    expect_json("/files/read?path=%2Fbox%2Fa&offset=0&length=0",
                "{\"data\":\"\",\"offset\":0}");
}
END_TEST

START_TEST(without_an_offset_the_size_is_told)
{
    expect_json("/files/read?path=/box/a", "{\"data\":\"\",\"offset\":11}");
    expect_json("/files/read?path=/box/a&offset=-1&length=5",
                "{\"data\":\"\",\"offset\":11}");
}
END_TEST

START_TEST(behind_the_end_there_is_nothing)
{
    expect_json("/files/read?path=/box/a&offset=11",
                "{\"data\":\"\",\"offset\":11}");
    expect_json("/files/read?path=/box/a&offset=9223372036854775807",
                "{\"data\":\"\",\"offset\":9223372036854775807}");
}
END_TEST

START_TEST(answers_may_be_calls_of_a_function)
{
    const char *text =
        get("/files/read?path=/box/a&offset=0&length=5&jsonp=f");

    EXPECT_HAS(text, "\r\nContent-Type: text/javascript\r\n");
    ck_assert_str_eq(body_of(text),
                     "f({\"data\":\"hello\",\"offset\":0})");
}
END_TEST

START_TEST(numbers_that_are_none_are_refused)
{
    expect_failure("/files/read?path=/box/a&offset=x", "400",
                   "Failed to parse offset: Failed to convert 'x' to "
                   "number.\n");
    expect_failure("/files/read?path=/box/a&offset=", "400",
                   "Failed to parse offset: Failed to convert '' to "
                   "number.\n");
    expect_failure("/files/read?path=/box/a&offset=1&length=2q", "400",
                   "Failed to parse length: Failed to convert '2q' to "
                   "number.\n");
    expect_failure("/files/read?path=/box/a&offset=9223372036854775808",
                   "400", "Failed to parse offset: Failed to convert "
                   "'9223372036854775808' to number.\n");
    expect_failure("/files/read?path=/box/a&offset=-2", "400",
                   "Negative offset provided: -2.\n");
    expect_failure("/files/read?path=/box/a&offset=0&length=-7", "400",
                   "Negative length provided: -7.\n");
}
END_TEST

START_TEST(what_is_no_file_is_not_read)
{
    autofree char *fifo = at("box/fifo");

    ck_assert_int_eq(mkfifo(fifo, 0644), 0);
    expect_failure("/files/read?path=/box", "400",
                   "Cannot read a directory.\n");
    expect_failure("/files/read?path=/box/sub/", "400",
                   "Cannot read a directory.\n");
    expect_failure("/files/read?path=/box/fifo&offset=0", "400",
                   "'/box/fifo' is not a regular file.\n");
}
END_TEST

/* A hole of 3 GB before the data. */
START_TEST(offsets_go_beyond_31_bits)
{
    autofree char *path = at("box/large");
    int fd = open(path, O_WRONLY | O_CREAT, 0644);

    ck_assert_int_eq(pwrite(fd, "end", 3, INT64_C(3) << 30), 3);
    close(fd);

    expect_json("/files/read?path=/box/large",
                "{\"data\":\"\",\"offset\":3221225475}");
    expect_json("/files/read?path=/box/large&offset=3221225472",
                "{\"data\":\"end\",\"offset\":3221225472}");
}
END_TEST

/* The first piece would end within a character, which is left for the next;
 * together they are the file. */
START_TEST(long_files_come_in_pieces_of_whole_characters)
{
    size_t size = LIMIT_FILES_READ + 100;
    autofree char *data = xmalloc(size);
    static const char end[] = "\xe2\x82\xac end";

    memset(data, 'x', size);
    memcpy(data + LIMIT_FILES_READ - 2, end, sizeof end - 1);
    write_file("box/long", data, size);

    const char *body =
        body_of(get("/files/read?path=/box/long&offset=0"));
    ck_assert_uint_eq(strlen(body), strlen("{\"data\":\"\",\"offset\":0}")
                                    + LIMIT_FILES_READ - 2);
    EXPECT_HAS(body_of(get("/files/read?path=/box/long&offset=65534")),
               "{\"data\":\"\xe2\x82\xac endxxx");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_still_json)
{
    static const char bytes[] = "a\xff\0\x01\"\\\n\xe2\x82";

    write_file("box/bytes", bytes, sizeof bytes - 1);

    expect_json("/files/read?path=/box/bytes&offset=0",
                "{\"data\":\"a\xef\xbf\xbd\\u0000\\u0001\\\"\\\\\\n"
                "\xef\xbf\xbd\",\"offset\":0}");
}
END_TEST

START_TEST(file_that_grows_or_is_replaced_is_read_as_it_is_then)
{
    autofree char *from = at("box/new");
    autofree char *to = at("box/a");

    write_text("box/a", "hello world, and more");
    expect_json("/files/read?path=/box/a&offset=11",
                "{\"data\":\", and more\",\"offset\":11}");
    write_text("box/new", "new");
    ck_assert_int_eq(rename(from, to), 0);
    expect_json("/files/read?path=/box/a&offset=11",
                "{\"data\":\"\",\"offset\":11}");
    expect_json("/files/read?path=/box/a&offset=0",
                "{\"data\":\"new\",\"offset\":0}");
}
END_TEST

/* --- downloading --- */

START_TEST(file_is_downloaded_with_its_name_and_type)
{
    const char *text = get("/files/download?path=/box/a");

    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, "\r\nContent-Type: application/octet-stream\r\n");
    EXPECT_HAS(text, "\r\nContent-Disposition: attachment; filename=a\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 11\r\n");
    EXPECT_HAS(text, "\r\nETag: ");
    ck_assert_str_eq(body_of(text), "hello world");

    write_text("box/a \"b\".txt", "text");
    text = get("/files/download?path=/box/a%20%22b%22.txt");
    EXPECT_HAS(text, "\r\nContent-Type: text/plain");
    EXPECT_HAS(text, "; filename=\"a \\\"b\\\".txt\"\r\n");
}
END_TEST

START_TEST(part_of_a_file_is_downloaded)
{
    const char *text = http_talk_say(
        talk, "GET /files/download?path=/box/a HTTP/1.1\r\nHost: x\r\n"
        "Range: bytes=6-\r\n\r\n");

    EXPECT_STATUS(text, "206 Partial Content");
    EXPECT_HAS(text, "\r\nContent-Range: bytes 6-10/11\r\n");
    ck_assert_str_eq(body_of(text), "world");
    text = http_talk_say(talk, "HEAD /files/download?path=/box/a HTTP/1.1\r\n"
                               "Host: x\r\n\r\n");
    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, "\r\nContent-Length: 11\r\n");
    ck_assert_str_eq(body_of(text), "");
}
END_TEST

START_TEST(what_cannot_be_downloaded_says_why)
{
    autofree char *fifo = at("box/fifo");

    ck_assert_int_eq(mkfifo(fifo, 0644), 0);
    make_link("../boxer/secret", "box/out");
    expect_failure("/files/download", "400",
                   "Expecting 'path=value' in query.\n");
    expect_failure("/files/download?path=/box", "400",
                   "Cannot download a directory.\n");
    expect_failure("/files/download?path=/box/nope", "404", "");
    expect_failure("/files/download?path=/box/fifo", "400",
                   "'/box/fifo' is not a regular file.\n");
    expect_failure("/files/download?path=/box/out", "400",
                   "'/box/out' is inaccessible.\n");
}
END_TEST

/* --- browsing --- */

static void
expect_entry(const char *body, const char *name, const char *mode,
             unsigned long n_links, unsigned long size)
{
    struct passwd *user = getpwuid(getuid());
    autofree char *start = xasprintf("\"mode\":\"%s\",\"mtime\":", mode);
    autofree char *rest =
        xasprintf(".0,\"nlink\":%lu,\"path\":\"%s\",\"size\":%lu,"
                  "\"uid\":\"%s\"}", n_links, name, size,
                  user ? user->pw_name : "?");

    EXPECT_HAS(body, start);
    EXPECT_HAS(body, rest);
}

START_TEST(directory_is_listed_by_path)
{
    struct stat st;
    autofree char *sub = at("box/sub");
    autofree char *path = at("box/z");

    write_text("box/.hidden", "x");
    write_text("box/z", "");
    ck_assert_int_eq(chmod(path, 04751), 0);
    ck_assert_int_eq(stat(sub, &st), 0);

    const char *body = body_of(get("/files/browse?path=/box//"));
    ck_assert_int_eq(body[0], '[');
    ck_assert_int_eq(body[strlen(body) - 1], ']');
    expect_entry(body, "/box/.hidden", "-rw-r--r--", 1, 1);
    expect_entry(body, "/box/a", "-rw-r--r--", 1, 11);
    expect_entry(body, "/box/sub", "drwxr-xr-x", st.st_nlink,
                 (unsigned long) st.st_size);
    expect_entry(body, "/box/z", "-rwsr-x--x", 1, 0);
    ck_assert(strstr(body, "/box/.hidden") < strstr(body, "/box/a"));
    ck_assert(strstr(body, "/box/a") < strstr(body, "/box/sub"));
    ck_assert_ptr_null(strstr(body, "/box/sub/b"));
}
END_TEST

START_TEST(what_has_no_entries_is_an_empty_list)
{
    make_directory("box/empty");

    expect_json("/files/browse?path=/box/empty", "[]");
    expect_json("/files/browse?path=/box/a", "[]");
}
END_TEST

START_TEST(links_are_shown_as_what_they_lead_to_inside)
{
    make_link("a", "box/inside");
    make_link("../boxer/secret", "box/outside");
    make_link("nowhere", "box/dangling");

    const char *body = body_of(get("/files/browse?path=/box"));
    expect_entry(body, "/box/inside", "-rw-r--r--", 1, 11);
    expect_entry(body, "/box/outside", "lrwxrwxrwx", 1, 15);
    expect_entry(body, "/box/dangling", "lrwxrwxrwx", 1, 7);
}
END_TEST

/* --- paths --- */

START_TEST(paths_are_needed_and_have_to_be_there)
{
    static const char *const routes[] = { "read", "browse" };

    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        autofree char *none = xasprintf("/files/%s", routes[i]);
        autofree char *unknown = xasprintf("/files/%s?path=/nope", routes[i]);
        autofree char *missing = xasprintf("/files/%s?path=/box/nope/x",
                                           routes[i]);
        autofree char *below = xasprintf("/files/%s?path=/box/a/x",
                                         routes[i]);
        autofree char *empty = xasprintf("/files/%s?path=", routes[i]);

        expect_failure(none, "400", "Expecting 'path=value' in query.\n");
        expect_failure(unknown, "404", "");
        expect_failure(missing, "404", "");
        expect_failure(below, "404", "");
        expect_failure(empty, "404", "");
    }
}
END_TEST

START_TEST(path_longer_than_any_is_not_looked_for)
{
    autofini(strbuf) path = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&path, "/files/browse?path=/box");
    for (int i = 0; i < PATH_MAX; i++) {
        strbuf_append(&path, "/a");
    }
    expect_failure(path.data, "404", "");
}
END_TEST

START_TEST(longest_attached_path_counts)
{
    write_text("other", "other");
    attach("/box/sub/b", "other");

    expect_json("/files/read?path=/box/sub/b&offset=0",
                "{\"data\":\"other\",\"offset\":0}");
    expect_json("/files/read?path=/box/./sub//././b/&offset=0",
                "{\"data\":\"other\",\"offset\":0}");
    expect_failure("/files/read?path=/boxer/secret", "404", "");
    files_detach(http_talk_system(talk), "/box/sub/b", "/something/else");
    expect_json("/files/read?path=/box/sub/b&offset=0",
                "{\"data\":\"other\",\"offset\":0}");
    files_detach(http_talk_system(talk), "/box/sub/b", NULL);
    expect_json("/files/read?path=/box/sub/b&offset=0",
                "{\"data\":\"deep\",\"offset\":0}");
    files_detach(http_talk_system(talk), "/box", NULL);
    files_detach(http_talk_system(talk), "/box", NULL);
    expect_failure("/files/read?path=/box/sub/b&offset=0", "404", "");
}
END_TEST

START_TEST(mapping_is_told)
{
    attach("/a/log", "box/a");
    autofree char *json = xasprintf(
        "{\"/a/log\":\"%s/box/a\",\"/box\":\"%s/box\"}", dir, dir);

    expect_json("/files/debug", json);
}
END_TEST

START_TEST(attached_link_is_followed_anew_each_time)
{
    autofree char *link = at("log");

    write_text("log.1", "one");
    write_text("log.2", "two");
    make_link("log.1", "log");
    attach("/log", "log");
    expect_json("/files/read?path=/log&offset=0",
                "{\"data\":\"one\",\"offset\":0}");
    ck_assert_int_eq(unlink(link), 0);
    expect_failure("/files/read?path=/log&offset=0", "404", "");
    make_link("log.2", "log");
    expect_json("/files/read?path=/log&offset=0",
                "{\"data\":\"two\",\"offset\":0}");
}
END_TEST

/* --- getting out --- */

START_TEST(nobody_gets_out_of_an_attached_directory)
{
    autofree char *absolute = at("boxer/secret");
    autofree char *home = at("box/sub");

    make_link("../boxer/secret", "box/relative");
    make_link(absolute, "box/absolute");
    make_link("../boxer", "box/directory");
    make_link("/", "box/root");
    make_link("loop", "box/loop");
    make_link(home, "box/home");

    expect_failure("/files/read?path=/box/../boxer/secret&offset=0", "400",
                   "'/box/../boxer/secret' is inaccessible.\n");
    expect_failure("/files/read?path=/box/relative&offset=0", "400",
                   "'/box/relative' is inaccessible.\n");
    expect_failure("/files/read?path=/box/absolute&offset=0", "400",
                   "'/box/absolute' is inaccessible.\n");
    expect_failure("/files/read?path=/box/directory/secret&offset=0", "400",
                   "'/box/directory/secret' is inaccessible.\n");
    expect_failure("/files/browse?path=/box/directory", "400",
                   "'/box/directory' is inaccessible.\n");
    expect_failure("/files/browse?path=/box/..", "400",
                   "'/box/..' is inaccessible.\n");
    expect_failure("/files/read?path=/box/root/etc/passwd", "400",
                   "'/box/root/etc/passwd' is inaccessible.\n");
    EXPECT_STATUS(get("/files/read?path=/box/loop"), "400 ");
    expect_json("/files/read?path=/box/home/b&offset=0",
                "{\"data\":\"deep\",\"offset\":0}");
    expect_json("/files/read?path=/box/sub/../a&offset=0",
                "{\"data\":\"hello world\",\"offset\":0}");
}
END_TEST

/* A directory that becomes a link to a neighbour, and a directory again, all
 * the time. */
struct swapper {
    char *name, *aside, *link;
    bool stop;                  /* atomic */
    bool failed;                /* read after the end */
};

static void *
swap(void *swapper_)
{
    struct swapper *s = swapper_;

    while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
        s->failed |= rename(s->name, s->aside) != 0
                     || rename(s->link, s->name) != 0
                     || rename(s->name, s->link) != 0
                     || rename(s->aside, s->name) != 0;
    }
    return NULL;
}

START_TEST(nobody_gets_out_while_links_change)
{
    struct swapper s = { .name = at("box/swap"), .aside = at("box/aside"),
                         .link = at("box/link") };
    autofree char *root = at("box");
    pthread_t thread;
    unsigned n_read = 0;

    make_directory("box/swap");
    write_text("box/swap/secret", "mine");
    make_link("../boxer", "box/link");
    ck_assert_int_eq(pthread_create(&thread, NULL, swap, &s), 0);
    for (int i = 0; i < 20000 || n_read == 0; i++) {
        struct stat st;
        int fd = files_walk_open(root, "swap/secret", &st);

        if (fd >= 0) {
            char text[8] = "";
            ck_assert_int_gt(read(fd, text, sizeof text - 1), 0);
            ck_assert_str_eq(text, "mine");
            close(fd);
            n_read++;
        } else {
            ck_assert_msg(fd == -EXDEV || fd == -ENOENT, "%s", strerror(-fd));
        }
    }
    __atomic_store_n(&s.stop, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    ck_assert(!s.failed);
    free(s.name);
    free(s.aside);
    free(s.link);
}
END_TEST

/* --- guards --- */

static bool
permits_with_key(void *aux, const struct http_request *request)
{
    const char *key = http_request_header(request, "X-Key");

    return key && !strcmp(key, aux);
}

static unsigned n_destroyed;

static void
count_destroyed(void *aux UNUSED)
{
    n_destroyed++;
}

START_TEST(guard_is_asked_and_ends_with_its_path)
{
    static char key[] = "open";
    const struct files_guard guard = { permits_with_key, key,
                                       count_destroyed };
    autofree char *path = at("box");
    struct actor_system *system = http_talk_system(talk);

    n_destroyed = 0;
    files_attach(system, "/kept", path, &guard);
    expect_failure("/files/read?path=/kept/a", "403", "");
    expect_failure("/files/browse?path=/kept/nope", "403", "");
    EXPECT_STATUS(http_talk_say(talk,
                                "GET /files/read?path=/kept/a HTTP/1.1\r\n"
                                "Host: x\r\nX-Key: open\r\n\r\n"), "200 ");
    ck_assert_uint_eq(n_destroyed, 0);
    files_attach(system, "/kept", path, &guard);
    expect_failure("/files/read?path=/kept/a", "403", "");
    ck_assert_uint_eq(n_destroyed, 1);
    files_detach(system, "/kept", path);
    expect_failure("/files/read?path=/kept/a", "404", "");
    ck_assert_uint_eq(n_destroyed, 2);
    files_attach(system, "/kept", path, &guard);
    http_talk_stop(&talk);
    ck_assert_uint_eq(n_destroyed, 3);
    talk = http_talk_start(NULL);
}
END_TEST

static void
add(Suite *suite, const char *name, const TTest *test)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, TEST_TIMEOUT_S);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
}

static Suite *
files_suite(void)
{
    Suite *suite = suite_create("files");

    add(suite, "read", file_is_read_from_an_offset);
    add(suite, "size", without_an_offset_the_size_is_told);
    add(suite, "end", behind_the_end_there_is_nothing);
    add(suite, "jsonp", answers_may_be_calls_of_a_function);
    add(suite, "numbers", numbers_that_are_none_are_refused);
    add(suite, "no file", what_is_no_file_is_not_read);
    add(suite, "large", offsets_go_beyond_31_bits);
    add(suite, "pieces", long_files_come_in_pieces_of_whole_characters);
    add(suite, "bytes", bytes_that_are_no_text_are_still_json);
    add(suite, "grows", file_that_grows_or_is_replaced_is_read_as_it_is_then);
    add(suite, "download", file_is_downloaded_with_its_name_and_type);
    add(suite, "part", part_of_a_file_is_downloaded);
    add(suite, "no download", what_cannot_be_downloaded_says_why);
    add(suite, "browse", directory_is_listed_by_path);
    add(suite, "empty", what_has_no_entries_is_an_empty_list);
    add(suite, "links", links_are_shown_as_what_they_lead_to_inside);
    add(suite, "paths", paths_are_needed_and_have_to_be_there);
    add(suite, "paths", path_longer_than_any_is_not_looked_for);
    add(suite, "longest", longest_attached_path_counts);
    add(suite, "debug", mapping_is_told);
    add(suite, "rotated", attached_link_is_followed_anew_each_time);
    add(suite, "out", nobody_gets_out_of_an_attached_directory);
    add(suite, "race", nobody_gets_out_while_links_change);
    add(suite, "guard", guard_is_asked_and_ends_with_its_path);
    return suite;
}

TEST_MAIN(files_suite)
