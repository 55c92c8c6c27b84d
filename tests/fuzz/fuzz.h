/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz.h - what a fuzz target defines.
 *
 * Decode, encode, decode again, compare; abort when it does not hold.  Under
 * --enable-fuzz libFuzzer is the main program, otherwise replay.c. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H 1

#include <stddef.h>
#include <stdint.h>

/* Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* TESTS_FUZZ_FUZZ_H */
