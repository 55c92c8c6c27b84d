/* SPDX-License-Identifier: Apache-2.0
 *
 * task_user.c - the user that a task runs as.
 *
 * Thread: a pool thread. */
#include <config.h>

#include "executor/task_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/vec.h>

/* Of one line in one of the files. */
#define LINE_MAX_SIZE 65536

/* As many as Linux lets a process have. */
#define GROUPS_MAX 65536

static bool
has_member(const struct group *group, const char *name)
{
    for (char *const *member = group->gr_mem; *member; member++) {
        if (!strcmp(*member, name)) {
            return true;
        }
    }
    return false;
}

static struct error *
find_user(FILE *file, const char *name, struct task_user *ret)
{
    autofree char *buffer = xmalloc(LINE_MAX_SIZE);
    struct passwd entry;
    struct passwd *found;

    while (fgetpwent_r(file, &entry, buffer, LINE_MAX_SIZE, &found) == 0) {
        if (!strcmp(found->pw_name, name)) {
            ret->uid = found->pw_uid;
            ret->gid = found->pw_gid;
            return NULL;
        }
    }
    return error_create(ERROR_NOT_FOUND, "No such user '%s'", name);
}

static void
find_groups(FILE *file, const char *name, struct task_user *ret)
{
    autofree char *buffer = xmalloc(LINE_MAX_SIZE);
    VEC(gid_t) groups = VEC_EMPTY;
    struct group entry;
    struct group *found;

    vec_push(&groups, ret->gid);
    while (groups.n < GROUPS_MAX
           && fgetgrent_r(file, &entry, buffer, LINE_MAX_SIZE, &found) == 0) {
        if (found->gr_gid != ret->gid && has_member(found, name)) {
            vec_push(&groups, found->gr_gid);
        }
    }
    ret->groups = groups.data;
    ret->n_groups = groups.n;
}

struct error *
task_user_find(const char *name, const char *passwd, const char *group,
               struct task_user *ret)
{
    struct task_user user = { .groups = NULL };
    FILE *file = fopen(passwd, "re");
    struct error *error;

    if (!file) {
        return error_errno(errno, "Failed to get user information for '%s': "
                           "opening '%s'", name, passwd);
    }
    error = find_user(file, name, &user);
    fclose(file);
    if (error) {
        return error;
    }
    file = fopen(group, "re");
    if (!file) {
        return error_errno(errno, "Failed to get the supplementary gids of "
                           "user '%s': opening '%s'", name, group);
    }
    find_groups(file, name, &user);
    fclose(file);
    *ret = user;
    return NULL;
}

void
task_user_fini(struct task_user *user)
{
    free(user->groups);
    *user = (struct task_user) { .groups = NULL };
}
