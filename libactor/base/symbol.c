/* SPDX-License-Identifier: Apache-2.0
 *
 * symbol.c - the names of functions, from the ELF file of this program.
 *
 * The file is /proc/self/exe, which is the right one even if an upgrade has
 * put another in its place.  It is mapped for each look-up and searched from
 * one end to the other: half a millisecond for a master, and nothing that has
 * to be kept, or built before the crash.
 *
 * Thread: any, also in signal handlers. */
#include <config.h>

#include "base/symbol.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file's content. */
struct file {
    const uint8_t *data;
    uint64_t size;
};

/* A symbol table and the names in it. */
struct table {
    uint64_t offset, n;         /* of symbols */
    uint64_t names, names_size;
};

static bool find_address(uintptr_t pc, uint64_t *ret);
static bool find_table(const struct file *, uint32_t type, struct table *ret);
static bool search(const struct file *, const struct table *,
                   uint64_t address, char *ret_name);

bool
symbol_find(uintptr_t pc, char ret_name[SYMBOL_NAME_SIZE])
{
    uint64_t address;
    struct stat st;
    bool found = false;

    if (!find_address(pc, &address)) {
        return false;
    }
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &st) == 0 && st.st_size > 0) {
        size_t size = (size_t) st.st_size;
        void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

        if (data != MAP_FAILED) {
            found = symbol_find_in_file(data, size, address, ret_name);
            munmap(data, size);
        }
    }
    close(fd);
    return found;
}

bool
symbol_find_in_file(const void *data, size_t size, uint64_t address,
                    char ret_name[SYMBOL_NAME_SIZE])
{
    const struct file file = { .data = data, .size = size };
    struct table table;

    return (find_table(&file, SHT_SYMTAB, &table)
            && search(&file, &table, address, ret_name))
           || (find_table(&file, SHT_DYNSYM, &table)
               && search(&file, &table, address, ret_name));
}

/* Copies 'size' bytes at 'offset', if they are there. */
static bool
read_at(const struct file *file, uint64_t offset, void *ret, size_t size)
{
    if (offset > file->size || size > file->size - offset) {
        return false;
    }
    memcpy(ret, file->data + offset, size);
    return true;
}

/* The program headers are where the kernel says; how far the program was
 * moved is how far they are from where they say that they are. */
static bool
find_address(uintptr_t pc, uint64_t *ret)
{
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *) getauxval(AT_PHDR);
    unsigned long n = getauxval(AT_PHNUM);
    uintptr_t moved = 0;

    for (unsigned long i = 0; headers && i < n; i++) {
        if (headers[i].p_type == PT_PHDR) {
            moved = (uintptr_t) headers - headers[i].p_vaddr;
        }
    }
    for (unsigned long i = 0; headers && i < n; i++) {
        if (headers[i].p_type == PT_LOAD
            && pc - moved - headers[i].p_vaddr < headers[i].p_memsz) {
            *ret = pc - moved;
            return true;
        }
    }
    return false;
}

/* The first section of type 'type'; its link is the section of the names. */
static bool
find_table(const struct file *file, uint32_t type, struct table *ret)
{
    ElfW(Ehdr) head;
    ElfW(Shdr) section, names;

    if (!read_at(file, 0, &head, sizeof head)
        || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0
        || head.e_shentsize != sizeof section) {
        return false;
    }
    for (uint64_t i = 0; i < head.e_shnum; i++) {
        if (!read_at(file, head.e_shoff + i * sizeof section, &section,
                     sizeof section)) {
            return false;
        }
        if (section.sh_type != type) {
            continue;
        }
        if (!read_at(file, head.e_shoff + section.sh_link * sizeof names,
                     &names, sizeof names)) {
            return false;
        }
        *ret = (struct table) {
            .offset = section.sh_offset,
            .n = section.sh_size / sizeof(ElfW(Sym)),
            .names = names.sh_offset, .names_size = names.sh_size,
        };
        return true;
    }
    return false;
}

static bool
copy_name(const struct file *file, const struct table *table, uint64_t at,
          char *ret_name)
{
    size_t len = 0;

    if (at >= table->names_size) {
        return false;
    }
    while (len < SYMBOL_NAME_SIZE - 1
           && read_at(file, table->names + at + len, &ret_name[len], 1)
           && ret_name[len] != '\0') {
        len++;
    }
    ret_name[len] = '\0';
    return len > 0;
}

/* The function with 'address' inside; of nested ones, the last to begin.
 * Assembly has functions without a size. */
static bool
search(const struct file *file, const struct table *table, uint64_t address,
       char *ret_name)
{
    ElfW(Sym) symbol, best = { .st_name = 0 };

    for (uint64_t i = 0; i < table->n; i++) {
        if (!read_at(file, table->offset + i * sizeof symbol, &symbol,
                     sizeof symbol)) {
            break;
        }
        unsigned type = ELF64_ST_TYPE(symbol.st_info);

        if ((type == STT_FUNC || type == STT_GNU_IFUNC)
            && symbol.st_shndx != SHN_UNDEF && symbol.st_name != 0
            && address >= symbol.st_value
            && (address - symbol.st_value < symbol.st_size
                || address == symbol.st_value)
            && symbol.st_value >= best.st_value) {
            best = symbol;
        }
    }
    return best.st_name != 0 && copy_name(file, table, best.st_name, ret_name);
}
