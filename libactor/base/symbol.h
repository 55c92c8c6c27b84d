/* SPDX-License-Identifier: Apache-2.0
 *
 * symbol.h - the names of functions, from the ELF file of this program.
 *
 * dladdr() knows only what is exported, which in our programs is next to
 * nothing.  The symbol table of the file has the static functions too, as
 * long as it was not stripped.
 *
 * Thread-safety: any thread, also in signal handlers; nothing is allocated
 * but a mapping of the file. */
#ifndef BASE_SYMBOL_H
#define BASE_SYMBOL_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer names are cut off. */
#define SYMBOL_NAME_SIZE 128

/* The name of the function of this program that the code at 'pc' belongs to.
 * False if 'pc' is not of the program itself (but of a shared library), or
 * if its file has no name for it or cannot be read. */
bool symbol_find(uintptr_t pc, char ret_name[SYMBOL_NAME_SIZE]);

/* The same for the address 'address', as the file counts, in the file whose
 * content is given; whatever that content is, nothing outside is read. */
bool symbol_find_in_file(const void *data, size_t size, uint64_t address,
                         char ret_name[SYMBOL_NAME_SIZE]);

#endif /* BASE_SYMBOL_H */
