/* SPDX-License-Identifier: Apache-2.0
 *
 * user_lookup.c - a user's ids, by name.
 *
 * Thread: the record belongs to the pool's thread while it reads, and to the
 * actor's turns before and after; 'done' and 'aux' to the actor alone. */
#include <config.h>

#include "executor/checks/user_lookup.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/vec.h>
#include <actor/work.h>

#define ENTRY_SIZE 65536        /* a line of these files; longer ones end it */

struct user_lookup {
    char *name;                 /* owned */
    user_lookup_fn *done;       /* NULL: cancelled */
    void *aux;
    struct user_ids ids;        /* 'groups' owned */
};

static struct error *
find_user(struct user_lookup *lookup, char *buffer)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd entry, *found = NULL;
    char *end;
    unsigned long number = strtoul(lookup->name, &end, 10);
    bool is_number = *lookup->name >= '0' && *lookup->name <= '9' && !*end;
    bool is_there = false;

    while (file && !is_there
           && fgetpwent_r(file, &entry, buffer, ENTRY_SIZE, &found) == 0) {
        is_there = strcmp(entry.pw_name, lookup->name) == 0
            || (is_number && entry.pw_uid == number);
    }
    if (is_there) {
        lookup->ids.uid = entry.pw_uid;
        lookup->ids.gid = entry.pw_gid;
        free(lookup->name);
        lookup->name = xstrdup(entry.pw_name);
    }
    if (file) {
        fclose(file);
    }
    return is_there ? NULL
                    : error_create(ERROR_NOT_FOUND, "user '%s' is not in "
                                   "/etc/passwd", lookup->name);
}

static bool
has_member(const struct group *group, const char *name)
{
    for (char **member = group->gr_mem; member && *member; member++) {
        if (strcmp(*member, name) == 0) {
            return true;
        }
    }
    return false;
}

static void
find_groups(struct user_lookup *lookup, char *buffer)
{
    FILE *file = fopen("/etc/group", "re");
    struct group entry, *found = NULL;
    VEC(gid_t) groups = { 0 };

    vec_push(&groups, lookup->ids.gid);
    while (file
           && fgetgrent_r(file, &entry, buffer, ENTRY_SIZE, &found) == 0) {
        if (entry.gr_gid != lookup->ids.gid
            && has_member(&entry, lookup->name)) {
            vec_push(&groups, entry.gr_gid);
        }
    }
    if (file) {
        fclose(file);
    }
    lookup->ids.groups = groups.data;
    lookup->ids.n_groups = groups.n;
}

static struct error *
look_up_run(void *arg)
{
    struct user_lookup *lookup = arg;
    autofree char *buffer = xmalloc(ENTRY_SIZE);
    struct error *error = find_user(lookup, buffer);

    if (!error) {
        find_groups(lookup, buffer);
    }
    return error;
}

static void
look_up_done(struct actor *self, void *arg, const struct error *error)
{
    struct user_lookup *lookup = arg;

    if (lookup->done) {
        lookup->done(self, lookup->aux, error ? NULL : &lookup->ids, error);
    }
}

static void
look_up_destroy(void *arg)
{
    struct user_lookup *lookup = arg;

    free(lookup->ids.groups);
    free(lookup->name);
    free(lookup);
}

struct user_lookup *
user_lookup_start(struct actor *self, const char *name, user_lookup_fn *done,
                  void *aux)
{
    struct user_lookup *lookup = xcalloc(1, sizeof *lookup);

    lookup->name = xstrdup(name);
    lookup->done = done;
    lookup->aux = aux;
    actor_work(self, look_up_run, look_up_done, lookup, look_up_destroy);
    return lookup;
}

void
user_lookup_cancel(struct user_lookup *lookup)
{
    if (lookup) {
        lookup->done = NULL;
    }
}
