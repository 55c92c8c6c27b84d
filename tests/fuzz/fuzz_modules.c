/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_modules.c - the value of --modules, for the container logger. */
#include <config.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#include "agent/logger/logger.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xstrndup(size > 0 ? (const char *) data : "", size);
    struct logger_options options;
    struct error *error =
        logger_options_read("org_apache_mesos_LogrotateContainerLogger", text,
                            "/libexec", &options);

    if (!error) {
        CHECK(options.is_rotating && options.launcher_dir);
        CHECK(options.max_size[LOGGER_STDOUT] >= 4096);
        CHECK(options.max_size[LOGGER_STDERR] >= 4096);
        logger_options_fini(&options);
    }
    error_destroy(error);
    return 0;
}
