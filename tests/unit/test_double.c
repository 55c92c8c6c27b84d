/* SPDX-License-Identifier: Apache-2.0
 *
 * test_double.c - doubles as text: shortest, exact, whatever the locale. */
#include <config.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <actor/compiler.h>
#include <actor/double.h>

#include "tests/lib/test.h"

static void
assert_text(double value, const char *expected)
{
    char text[DOUBLE_TEXT_SIZE];

    ck_assert_str_eq(double_format(value, false, text), expected);
}

static bool
parses(const char *s)
{
    double value;

    return double_parse(s, strlen(s), &value);
}

/* Numbers of all magnitudes, the same each time. */
static uint64_t
next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005)
             + UINT64_C(1442695040888963407);
    return *state ^ *state >> 29;
}

START_TEST(numbers_have_their_shortest_text)
{
    assert_text(0, "0");
    assert_text(-0.0, "-0");
    assert_text(1, "1");
    assert_text(0.1, "0.1");
    assert_text(0.1 + 0.2, "0.30000000000000004");
    assert_text(1.0 / 3, "0.3333333333333333");
    assert_text(123456.789, "123456.789");
    assert_text(-2.5, "-2.5");
    assert_text(100, "100");
    assert_text(9007199254740993.0, "9007199254740992");
    assert_text(4.35, "4.35");
    assert_text(1e15, "1000000000000000");
    assert_text(0.001, "0.001");
    assert_text(3.0000001, "3.0000001");
    assert_text(1700000000.1234567, "1700000000.1234567");
    assert_text(274373368052711.625, "274373368052711.62");
    assert_text(2060918604584763.25, "2060918604584763.2");
    assert_text(0.00012345678901234567, "0.00012345678901234567");
    assert_text(9.5367431640625e-07, "9.5367431640625e-7");
}
END_TEST

START_TEST(exponents_begin_outside_1e_6_and_1e21)
{
    assert_text(1e-6, "0.000001");
    assert_text(1e-7, "1e-7");
    assert_text(1.5e-7, "1.5e-7");
    assert_text(1e20, "100000000000000000000");
    assert_text(1e21, "1e21");
    assert_text(1.25e22, "1.25e22");
    assert_text(123456789012345678901234.0, "1.2345678901234569e23");
}
END_TEST

START_TEST(limits_of_the_range_have_a_text)
{
    assert_text(DBL_MAX, "1.7976931348623157e308");
    assert_text(DBL_MIN, "2.2250738585072014e-308");
    assert_text(5e-324, "5e-324");
    assert_text(INFINITY, "inf");
    assert_text(-INFINITY, "-inf");
    assert_text(NAN, "nan");
}
END_TEST

/* The decimal nearest to a power of two may read back as its neighbour. */
START_TEST(powers_of_two_have_their_shortest_text)
{
    assert_text(0x1p-44, "5.684341886080802e-14");
    assert_text(0x1p-1074, "5e-324");
    assert_text(0x1p60, "1152921504606847000");
}
END_TEST

START_TEST(texts_read_back_as_the_same_number)
{
    uint64_t state = 1;

    for (int i = 0; i < 20000; i++) {
        char text[DOUBLE_TEXT_SIZE];
        uint64_t bits = next_random(&state);
        double value, back;

        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) {
            continue;
        }
        double_format(value, i % 2, text);
        ck_assert_msg(double_parse(text, strlen(text), &back), "%s", text);
        ck_assert_msg(memcmp(&back, &value, sizeof back) == 0, "%s", text);
    }
}
END_TEST

START_TEST(short_decimals_come_back_as_they_were)
{
    uint64_t state = 2;

    for (int i = 0; i < 20000; i++) {
        char text[DOUBLE_TEXT_SIZE];
        double back;
        double value = (double) (next_random(&state) % 1000000000) / 1000;

        double_format(value, false, text);
        const char *point = strchr(text, '.');
        ck_assert_msg(!point || strlen(point) <= 4, "%s", text);
        ck_assert(double_parse(text, strlen(text), &back));
        ck_assert(!(back < value) && !(back > value));
    }
}
END_TEST

START_TEST(locale_of_the_application_does_not_matter)
{
    double value = 0;

    /* Where none of these is installed this says nothing, and passes. */
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
        setlocale(LC_ALL, "fr_FR.UTF-8");
    }
    assert_text(1.0 / 3, "0.3333333333333333");
    ck_assert(double_parse("2.5", 3, &value));
    ck_assert(!(value < 2.5) && !(value > 2.5));
}
END_TEST

START_TEST(only_decimal_numbers_parse)
{
    static const char *const good[] = {
        "0", "1", "-1", "+1", "1.", ".5", "1.5", "1e5", "1E-5", "1.5e+3",
        "00012", "1e-999",
    };
    static const char *const bad[] = {
        "", "-", ".", "e5", "1e", "1e+", "1,5", " 1", "1 ", "0x10", "inf",
        "nan", "1.5.2", "1e5.0", "--1", "1e999", "abc", "1f",
    };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        ck_assert_msg(parses(good[i]), "'%s'", good[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_msg(!parses(bad[i]), "'%s'", bad[i]);
    }
}
END_TEST

START_TEST(number_ends_with_its_length)
{
    double value = 0;

    ck_assert(double_parse("1234", 2, &value));
    ck_assert_int_eq((int) value, 12);
    ck_assert(!double_parse("1\0" "2", 3, &value));
}
END_TEST

START_TEST(long_numbers_parse)
{
    char text[200];
    double value = 0;

    memset(text, '0', sizeof text);
    text[1] = '.';
    text[150] = '1';

    ck_assert(double_parse(text, sizeof text, &value));
    ck_assert(value > 0.9e-149 && value < 1.1e-149);
}
END_TEST

static Suite *
double_suite(void)
{
    Suite *suite = suite_create("double");

    test_add(suite, "numbers", numbers_have_their_shortest_text);
    test_add(suite, "exponents", exponents_begin_outside_1e_6_and_1e21);
    test_add(suite, "limits", limits_of_the_range_have_a_text);
    test_add(suite, "powers", powers_of_two_have_their_shortest_text);
    test_add(suite, "texts", texts_read_back_as_the_same_number);
    test_add(suite, "short", short_decimals_come_back_as_they_were);
    test_add(suite, "locale", locale_of_the_application_does_not_matter);
    test_add(suite, "only", only_decimal_numbers_parse);
    test_add(suite, "number", number_ends_with_its_length);
    test_add(suite, "long", long_numbers_parse);
    return suite;
}

TEST_MAIN(double_suite)
