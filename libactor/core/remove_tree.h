/* SPDX-License-Identifier: Apache-2.0
 *
 * remove_tree.h - removes a directory with all that is in it.
 *
 * Thread-safety: any thread; blocks. */
#ifndef CORE_REMOVE_TREE_H
#define CORE_REMOVE_TREE_H 1

/* As actor_disk_remove_tree(), on the kernel's disk. */
int remove_tree(const char *path);

#endif /* CORE_REMOVE_TREE_H */
