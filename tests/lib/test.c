/* SPDX-License-Identifier: Apache-2.0
 *
 * test.c - what every test program shares: running, paths, temporary files.
 *
 * The temporary directories of all tests lie below one that the parent makes
 * and removes: a child that crashes or is killed leaves nothing behind. */
#include <config.h>

#include "tests/lib/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

#define MAX_OPEN_DIRS 16

static char temp_root[4096];

static char *join(const char *dir, const char *name);
static void make_temp_root(void);
static void remove_temp_root(void);
static void disable_core_dumps(void);

void
test_add(Suite *suite, const char *name, const TTest *test)
{
    TCase *tcase = tcase_create(name);

    tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
}

int
test_run(Suite *(*create)(void))
{
    SRunner *runner;
    int n_failed;

    setenv("CK_DEFAULT_TIMEOUT", STRINGIFY(TEST_TIMEOUT_S), 0);
    disable_core_dumps();
    make_temp_root();
    runner = srunner_create(create());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove_temp_root();
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

char *
test_source_path(const char *name)
{
    const char *dir = getenv("top_srcdir");

    return join(dir ? dir : ".", name);
}

char *
test_build_path(const char *name)
{
    const char *dir = getenv("top_builddir");

    return join(dir ? dir : ".", name);
}

char *
test_temp_dir(void)
{
    char *path = join(temp_root, "XXXXXX");

    ck_assert_ptr_nonnull(mkdtemp(path));
    return path;
}

static char *
join(const char *dir, const char *name)
{
    char *path;

    ck_assert_int_ge(asprintf(&path, "%s/%s", dir, name), 0);
    return path;
}

static void
make_temp_root(void)
{
    const char *dir = getenv("TMPDIR");

    snprintf(temp_root, sizeof temp_root, "%s/cmesos-test.XXXXXX",
             dir ? dir : "/tmp");
    if (!mkdtemp(temp_root)) {
        perror(temp_root);
        exit(EXIT_FAILURE);
    }
}

static int
remove_entry(const char *path, const struct stat *st, int type,
             struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;
    return remove(path);
}

static void
remove_temp_root(void)
{
    if (nftw(temp_root, remove_entry, MAX_OPEN_DIRS,
             FTW_DEPTH | FTW_PHYS) != 0) {
        perror(temp_root);
    }
}

static void
disable_core_dumps(void)
{
    const struct rlimit none = { 0, 0 };

    setrlimit(RLIMIT_CORE, &none);
}
