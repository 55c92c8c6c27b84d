/* SPDX-License-Identifier: Apache-2.0
 *
 * test_symbol.c - names of functions from an ELF file, whole or broken. */
#include <config.h>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>

#include "base/symbol.h"
#include "tests/lib/test.h"

static __attribute__((noinline)) int
function_that_nobody_exports(int n)
{
    return n + 1;
}

START_TEST(static_function_has_its_name_anywhere_inside)
{
    uintptr_t pc = (uintptr_t) function_that_nobody_exports;
    char name[SYMBOL_NAME_SIZE];

    ck_assert(symbol_find(pc, name));
    ck_assert_str_eq(name, "function_that_nobody_exports");
    ck_assert(symbol_find(pc + 1, name));
    ck_assert_str_eq(name, "function_that_nobody_exports");
    ck_assert_int_eq(function_that_nobody_exports(1), 2);
}
END_TEST

START_TEST(what_is_not_of_the_program_has_no_name)
{
    int on_the_stack = 0;
    char name[SYMBOL_NAME_SIZE];

    ck_assert(!symbol_find(0, name));
    ck_assert(!symbol_find(1, name));
    ck_assert(!symbol_find((uintptr_t) &on_the_stack, name));
    ck_assert(!symbol_find(UINTPTR_MAX, name));
}
END_TEST

/* --- files made here --- */

/* A file with two functions, [0x1000, 0x1010) "first" and [0x1010, 0x1030)
 * "second", and one without a size, 0x2000 "assembly". */
struct file {
    ElfW(Ehdr) head;
    ElfW(Shdr) sections[3];
    ElfW(Sym) symbols[5];
    char names[32];
};

static ElfW(Sym)
symbol(uint32_t name, unsigned type, uint64_t value, uint64_t size)
{
    return (ElfW(Sym)) {
        .st_name = name, .st_info = (unsigned char) ELF64_ST_INFO(0, type),
        .st_shndx = 1, .st_value = value, .st_size = size,
    };
}

static struct file
make(void)
{
    struct file file = {
        .head = {
            .e_ident = ELFMAG, .e_shoff = offsetof(struct file, sections),
            .e_shentsize = sizeof(ElfW(Shdr)), .e_shnum = 3,
        },
        .sections = {
            [1] = {
                .sh_type = SHT_SYMTAB, .sh_link = 2,
                .sh_offset = offsetof(struct file, symbols),
                .sh_size = sizeof file.symbols,
            },
            [2] = {
                .sh_type = SHT_STRTAB,
                .sh_offset = offsetof(struct file, names),
                .sh_size = sizeof file.names,
            },
        },
        .symbols = {
            [1] = symbol(1, STT_FUNC, 0x1000, 0x10),
            [2] = symbol(7, STT_FUNC, 0x1010, 0x20),
            [3] = symbol(14, STT_FUNC, 0x2000, 0),
            [4] = symbol(23, STT_OBJECT, 0x1004, 4),
        },
        .names = "\0first\0second\0assembly\0data",
    };

    return file;
}

static const char *
find(const struct file *file, uint64_t address)
{
    static char name[SYMBOL_NAME_SIZE];

    return symbol_find_in_file(file, sizeof *file, address, name) ? name
                                                                  : "(none)";
}

START_TEST(function_is_the_one_with_the_address_inside)
{
    struct file file = make();

    ck_assert_str_eq(find(&file, 0xfff), "(none)");
    ck_assert_str_eq(find(&file, 0x1000), "first");
    ck_assert_str_eq(find(&file, 0x1004), "first");
    ck_assert_str_eq(find(&file, 0x100f), "first");
    ck_assert_str_eq(find(&file, 0x1010), "second");
    ck_assert_str_eq(find(&file, 0x102f), "second");
    ck_assert_str_eq(find(&file, 0x1030), "(none)");
    ck_assert_str_eq(find(&file, 0x2000), "assembly");
    ck_assert_str_eq(find(&file, 0x2001), "(none)");
}
END_TEST

START_TEST(table_of_a_stripped_file_is_the_one_that_is_left)
{
    struct file file = make();

    file.sections[1].sh_type = SHT_DYNSYM;
    ck_assert_str_eq(find(&file, 0x1010), "second");

    file.sections[1].sh_type = SHT_NULL;
    ck_assert_str_eq(find(&file, 0x1010), "(none)");
}
END_TEST

START_TEST(long_name_is_cut_off)
{
    struct {
        struct file file;
        char more[2 * SYMBOL_NAME_SIZE];
    } big = { .file = make() };
    char name[SYMBOL_NAME_SIZE];

    memset(big.more, 'x', sizeof big.more - 1);
    big.file.sections[2].sh_offset = offsetof(typeof(big), more);
    big.file.sections[2].sh_size = sizeof big.more;
    ck_assert(symbol_find_in_file(&big, sizeof big, 0x1000, name));

    ck_assert_uint_eq(strlen(name), SYMBOL_NAME_SIZE - 1);
}
END_TEST

START_TEST(name_at_the_end_of_the_file_ends_there)
{
    struct file file = make();
    char name[SYMBOL_NAME_SIZE];

    file.sections[2].sh_offset = sizeof file - 2;
    memcpy((char *) &file + sizeof file - 2, "\0z", 2);
    ck_assert(symbol_find_in_file(&file, sizeof file, 0x1000, name));

    ck_assert_str_eq(name, "z");
}
END_TEST

/* Each 8 bytes of the tables with each of some values: the address sanitizer
 * sees what is read. */
START_TEST(broken_file_gives_no_name_or_a_wrong_one)
{
    static const uint64_t values[] = {
        0, 1, 0xffff, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 100,
        0xffffffff00000002, 0x200000001,
    };
    struct file good = make();
    char name[SYMBOL_NAME_SIZE];

    for (size_t at = 0; at + 8 <= offsetof(struct file, names); at += 4) {
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
            autofree struct file *bad = xmemdup(&good, sizeof good);

            memcpy((char *) bad + at, &values[i], 8);
            if (symbol_find_in_file(bad, sizeof *bad, 0x1010, name)) {
                ck_assert_uint_lt(strlen(name), sizeof name);
            }
        }
    }
}
END_TEST

START_TEST(file_cut_short_anywhere_is_read_to_its_end_only)
{
    struct file good = make();
    char name[SYMBOL_NAME_SIZE];

    for (size_t size = 0; size < sizeof good; size++) {
        autofree void *bad = xmemdup(&good, size + 1);
        autofree void *exact = realloc(steal(bad), size > 0 ? size : 1);

        if (symbol_find_in_file(exact, size, 0x1010, name)) {
            ck_assert_uint_lt(strlen(name), sizeof name);
        }
    }
}
END_TEST

static Suite *
symbol_suite(void)
{
    Suite *suite = suite_create("symbol");

    test_add(suite, "static", static_function_has_its_name_anywhere_inside);
    test_add(suite, "not", what_is_not_of_the_program_has_no_name);
    test_add(suite, "inside", function_is_the_one_with_the_address_inside);
    test_add(suite, "stripped",
             table_of_a_stripped_file_is_the_one_that_is_left);
    test_add(suite, "long", long_name_is_cut_off);
    test_add(suite, "end", name_at_the_end_of_the_file_ends_there);
    test_add(suite, "broken", broken_file_gives_no_name_or_a_wrong_one);
    test_add(suite, "short", file_cut_short_anywhere_is_read_to_its_end_only);
    return suite;
}

TEST_MAIN(symbol_suite)
