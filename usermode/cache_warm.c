/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `ferry cache warm`: translates a program or library that nobody runs. Where code begins is told by the entry and the function symbols.
 */
#include "usermode/cache.h"

#include <gelf.h>
#include <stdio.h>
#include <string.h>

/* One that is found by its soname, or the program's interpreter. */
static bool is_library(const struct program *program)
{
    const char *base = strrchr(program->path, '/');
    return program->file.relocatable && strstr(base ? base : program->path, ".so");
}

static bool translate_from(struct process *process, guest_addr pc)
{
    const struct code_file *file = code_files_find(process->code_files, pc);
    return !file || engine_translate_from(process->engine, pc, file->start, file->end);
}

static bool translate_symbols(struct process *process, Elf *elf, Elf_Scn *section, const GElf_Shdr *header, guest_addr bias)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = data && header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
    (void)elf;
    for (size_t i = 0; i < count; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) && GELF_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_value && symbol.st_shndx != SHN_UNDEF
            && !translate_from(process, symbol.st_value + bias))
            return false;
    }
    return true;
}

static bool translate_all_symbols(struct process *process, int fd, guest_addr bias)
{
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    bool fits = true;
    for (Elf_Scn *section = NULL; fits && elf && (section = elf_nextscn(elf, section));) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
            fits = translate_symbols(process, elf, section, &header, bias);
    }
    if (elf)
        elf_end(elf);
    return fits;
}

int cache_warm(struct thread *thread, struct program *program)
{
    struct process *process = thread->process;
    struct engine_statistics statistics;
    struct elf_image image;
    if (!process->code_files) {
        fprintf(stderr, "ferry: there is no cache to warm\n");
        return 1;
    }
    int status = program_map(program, thread, is_library(program), &image);
    if (status)
        return status;
    bool fits = (!image.entry || translate_from(process, image.entry)) && translate_all_symbols(process, program->fd, image.bias);
    engine_get_statistics(process->engine, &statistics);
    printf("%s: %llu guest instructions in %llu blocks translated%s\n", program->name, (unsigned long long)statistics.guest_insns,
           (unsigned long long)statistics.blocks, fits ? "" : ", then the code space was full (--cache-size)");
    fflush(stdout);
    cache_save(thread);
    return 0;
}
