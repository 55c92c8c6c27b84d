/* SPDX-License-Identifier: Apache-2.0
 *
 * wait.h - waiting for a condition, never for a time.
 *
 *     WAIT_FOR(counter_get(&n_updates) == 3);
 *
 * looks again each millisecond and fails the test after WAIT_MAX_S seconds.
 *
 * Thread-safety: as the condition. */
#ifndef TESTS_LIB_WAIT_H
#define TESTS_LIB_WAIT_H 1

#include <check.h>
#include <time.h>

/* Longer than any machine needs, shorter than a test may take. */
#define WAIT_MAX_S 40

#define WAIT_FOR(condition) \
    do { \
        struct timespec wait_pause_ = { 0, 1000 * 1000 }; \
        struct timespec wait_now_; \
        clock_gettime(CLOCK_MONOTONIC, &wait_now_); \
        time_t wait_end_ = wait_now_.tv_sec + WAIT_MAX_S; \
        while (!(condition)) { \
            clock_gettime(CLOCK_MONOTONIC, &wait_now_); \
            ck_assert_msg(wait_now_.tv_sec < wait_end_, \
                          "waited in vain for: %s", #condition); \
            nanosleep(&wait_pause_, NULL); \
        } \
    } while (0)

#endif /* TESTS_LIB_WAIT_H */
