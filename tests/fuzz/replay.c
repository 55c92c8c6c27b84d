/* SPDX-License-Identifier: Apache-2.0
 *
 * replay.c - runs a fuzz target over its corpus, for 'make check'.
 *
 * The corpus of program fuzz_json is the directory tests/fuzz/corpus/json.
 * Each file is given to the target as it is, cut short at every length, and
 * with bytes changed N_MUTATIONS times from a fixed seed: the same inputs in
 * every run.  A target reports a defect by crashing.  Prints TAP; the plan
 * comes last, so that a crash is not taken for the end. */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((size_t) 1 << 20)
#define MAX_CUTS 2048
#define N_MUTATIONS 2000
#define SEED UINT64_C(0x9e3779b97f4a7c15)

struct input {
    size_t size;
    uint8_t data[INPUT_MAX];
};

static struct input input;
static uint64_t random_state;

/* xorshift64* */
static uint64_t
next_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

/* The target gets memory of exactly that size, so that AddressSanitizer sees
 * a read behind the end. */
static void
run_once(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy) {
        abort();
    }
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void
run_cut_short(void)
{
    size_t n = input.size < MAX_CUTS ? input.size : MAX_CUTS;

    for (size_t size = 0; size < n; size++) {
        run_once(input.data, size);
    }
}

static void
run_mutated(void)
{
    static struct input mutated;

    random_state = SEED;
    for (int i = 0; i < N_MUTATIONS && input.size > 0; i++) {
        int n_changes = 1 + (int) (next_random() % 4);

        mutated.size = input.size;
        memcpy(mutated.data, input.data, input.size);
        while (n_changes--) {
            mutated.data[next_random() % input.size]
                = (uint8_t) (next_random() >> 32);
        }
        run_once(mutated.data, mutated.size);
    }
}

static void
read_input(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    input.size = fread(input.data, 1, sizeof input.data, file);
    fclose(file);
}

static int
is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
    const char *top = getenv("top_srcdir");
    const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
    struct dirent **entries;
    char dir[4096];
    int n;

    name = name ? name + 1 : argv[0];
    if (strncmp(name, "fuzz_", 5) != 0) {
        fprintf(stderr, "%s: the name does not begin with fuzz_\n", name);
        return EXIT_FAILURE;
    }
    snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s", top ? top : ".",
             name + 5);
    n = scandir(dir, &entries, is_visible, alphasort);
    if (n <= 0) {
        fprintf(stderr, "%s: no corpus\n", dir);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < n; i++) {
        char path[8192];

        snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
        read_input(path);
        run_once(input.data, input.size);
        run_cut_short();
        run_mutated();
        printf("ok %d - %s\n", i + 1, entries[i]->d_name);
        fflush(stdout);
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", n);
    return EXIT_SUCCESS;
}
