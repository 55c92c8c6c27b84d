/* SPDX-License-Identifier: Apache-2.0
 *
 * master_place.c - where one master after the other keeps its registry. */
#include <config.h>

#include "tests/lib/master_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>

#include "core/system_private.h"
#include "master/private.h"
#include "tests/lib/test.h"

static void
keep_line(void *aux, const char *line)
{
    const char *text = strstr(line, "] ");

    if (text) {
        strbuf_printf(aux, "%s\n", text + 2);
    }
}

void
place_open(struct place *place)
{
    snprintf(place->directory, sizeof place->directory,
             "/tmp/test_master.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(place->directory));
    strbuf_init(&place->lines, STRBUF_UNLIMITED);
    log_set_sink(keep_line, &place->lines);
}

void
place_close(struct place *place)
{
    char command[128];

    log_set_sink(NULL, NULL);
    snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
    ck_assert_int_eq(system(command), 0);
    strbuf_fini(&place->lines);
}

bool
has_line(const struct place *place, const char *text)
{
    return strstr(place->lines.data, text) != NULL;
}

struct stage
stage_in(const struct place *place)
{
    struct stage s = stage_create();

    free(s.flags.registry);
    s.flags.registry = xstrdup("replicated_log");
    s.flags.work_dir = xstrdup(place->directory);
    return s;
}

struct master *
find_master(const struct stage *s)
{
    uint32_t generation;
    struct actor_slot *slot = system_find(s->system, &s->master,
                                          &generation);

    return slot ? master_cast(slot->actor) : NULL;
}

struct master *
master_of(const struct stage *s)
{
    struct master *m = find_master(s);

    ck_assert_ptr_nonnull(m);
    return m;
}
