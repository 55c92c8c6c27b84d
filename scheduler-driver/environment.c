/* SPDX-License-Identifier: Apache-2.0
 *
 * environment.c - LIBPROCESS_* and MESOS_* variables of a driver.
 *
 * Thread: the application's, when it creates or starts a driver. */
#include <config.h>

#include "scheduler-driver/environment.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/addresses.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/system.h>

char *
environment_user(void)
{
    char buffer[4096];
    struct passwd entry, *found = NULL;
    uid_t uid = geteuid();

    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) != 0
        || !found) {
        return xasprintf("%lu", (unsigned long) uid);
    }
    return xstrdup(found->pw_name);
}

char *
environment_hostname(void)
{
    char name[256] = "";

    if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') {
        return xstrdup("localhost");
    }
    return xstrdup(name);
}

struct error *
environment_address(struct actor_system_options *options)
{
    struct address_flags none = { .ip = NULL };

    return addresses_choose(&none, &options->listen, &options->advertise);
}

/* --- flags --- */

struct driver_flags {
    char *modules;
    char *modules_dir;
    int64_t registration_backoff_factor;
};

static struct error *
validate_backoff(const struct flag *flag, const void *member)
{
    (void) flag;
    if (*(const int64_t *) member <= 0) {
        return error_create(ERROR_INVALID, "Expected more than 0");
    }
    return NULL;
}

static const struct flag flags[] = {
    { .name = "modules", .type = FLAG_STRING,
      .offset = offsetof(struct driver_flags, modules),
      .help = "Modules to load" },
    { .name = "modules_dir", .type = FLAG_STRING,
      .offset = offsetof(struct driver_flags, modules_dir),
      .help = "Directory of files that name modules to load" },
    { .name = "registration_backoff_factor",
      .type = FLAG_DURATION,
      .offset = offsetof(struct driver_flags, registration_backoff_factor),
      .default_value = "2secs",
      .validate = validate_backoff,
      .help = "Pause before the second attempt to subscribe" },
};

static struct error *
check_modules(const struct driver_flags *values)
{
    if (values->modules && values->modules_dir) {
        return error_create(ERROR_INVALID, "Only one of MESOS_MODULES or "
                            "MESOS_MODULES_DIR should be specified");
    }
    if (values->modules || values->modules_dir) {
        return error_create(ERROR_INVALID, "Error loading modules: this "
                            "library has no use for modules; unset %s",
                            values->modules ? "MESOS_MODULES"
                                            : "MESOS_MODULES_DIR");
    }
    return NULL;
}

struct error *
environment_flags(int64_t *ret_backoff_ns)
{
    char *argv[] = { (char *) "driver", NULL };
    struct driver_flags values = { 0 };
    struct error *error = flags_load(flags, ARRAY_SIZE(flags), &values, 1,
                                     argv, "MESOS_", NULL);

    if (!error) {
        error = check_modules(&values);
    }
    *ret_backoff_ns = values.registration_backoff_factor;
    flags_fini(flags, ARRAY_SIZE(flags), &values);
    return error;
}
