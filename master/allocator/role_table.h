/* SPDX-License-Identifier: Apache-2.0
 *
 * role_table.h - the tree of roles: what only table.c needs of it.
 *
 * Thread-safety: the allocator's turns only. */
#ifndef MASTER_ALLOCATOR_ROLE_TABLE_H
#define MASTER_ALLOCATOR_ROLE_TABLE_H 1

struct allocator_role;
struct allocator_tables;

/* The role, or the top-level role that it is in; made if it is missing.  It
 * goes when its last reason is taken back: who keeps one counts 'n_refs'. */
struct allocator_role *role_table_get(struct allocator_tables *,
                                      const char *name);
struct allocator_role *role_table_get_top(struct allocator_tables *,
                                          const char *name);
void role_table_unref(struct allocator_tables *, struct allocator_role *);

/* It has a client more, which is a reason to exist and to be sorted; or one
 * less. */
void role_table_enter_sorter(struct allocator_tables *,
                             struct allocator_role *);
void role_table_leave_sorter(struct allocator_tables *,
                             struct allocator_role *);

/* All roles, which nobody uses any more. */
void role_table_fini(struct allocator_tables *);

#endif /* MASTER_ALLOCATOR_ROLE_TABLE_H */
