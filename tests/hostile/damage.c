/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * damage FILE DIRECTORY: writes copies of an ELF file, each damaged in one way, always the same: cut short, or with a field of the ELF
 * header or of a program header replaced. Prints their names.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static uint8_t *original, *copy;
static size_t size;
static const char *directory;

static void write_file(const char *name, size_t length)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(copy, 1, length, out) != length || fclose(out)) {
        perror(path);
        exit(2);
    }
    chmod(path, 0755);
    puts(name);
    memcpy(copy, original, size);
}

static void truncations(const Elf64_Ehdr *header)
{
    size_t table = header->e_phoff + (size_t)header->e_phnum * sizeof(Elf64_Phdr);
    size_t lengths[] = {1, 2, 4, 5, 15, 16, 17, 18, 20, 24, 32, 40, 52, 63, 64, 65, 100, table - 57, table - 1, table, table + 1, 4095, 4096, 4097,
                        size / 4, size / 2, size / 4 * 3};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char name[64];
        snprintf(name, sizeof name, "cut-at-%zu", lengths[i]);
        write_file(name, lengths[i]);
    }
}

struct field { const char *name; size_t offset, bytes; };
#define HEADER(field) {#field, offsetof(Elf64_Ehdr, field), sizeof((Elf64_Ehdr *)0)->field}
#define PROGRAM(field) {#field, offsetof(Elf64_Phdr, field), sizeof((Elf64_Phdr *)0)->field}

static void replace(const char *prefix, size_t base, const struct field *field)
{
    static const uint64_t values[] = {0, 1, 0xffff, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff, 0xfffffffffffff000, 0x800000000000};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char name[96];
        if ((field->bytes == 4 && i > 4) || (field->bytes == 2 && i > 2))
            break;
        memcpy(copy + base + field->offset, &values[i], field->bytes);
        if (memcmp(copy, original, size) == 0)
            continue;
        snprintf(name, sizeof name, "%s%s-%llx", prefix, field->name, (unsigned long long)values[i]);
        write_file(name, size);
    }
}

int main(int argc, char **argv)
{
    static const struct field in_header[] = {HEADER(e_type), HEADER(e_machine), HEADER(e_version), HEADER(e_entry), HEADER(e_phoff),
                                             HEADER(e_ehsize), HEADER(e_phentsize), HEADER(e_phnum), HEADER(e_shoff), HEADER(e_flags)};
    static const struct field in_program[] = {PROGRAM(p_type), PROGRAM(p_flags), PROGRAM(p_offset), PROGRAM(p_vaddr), PROGRAM(p_filesz),
                                              PROGRAM(p_memsz), PROGRAM(p_align)};
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
    struct stat st;
    if (!in || fstat(fileno(in), &st))
        return 2;
    directory = argv[2];
    size = (size_t)st.st_size;
    original = malloc(size);
    copy = malloc(size);
    if (!original || !copy || fread(original, 1, size, in) != size)
        return 2;
    memcpy(copy, original, size);
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)original;
    const Elf64_Phdr *programs = (const Elf64_Phdr *)(original + header->e_phoff);
    truncations(header);
    for (unsigned i = 0; i < EI_PAD; i++) {
        char name[32];
        copy[i] ^= 0x83;
        snprintf(name, sizeof name, "ident-%u", i);
        write_file(name, size);
    }
    for (size_t i = 0; i < sizeof in_header / sizeof *in_header; i++)
        replace("", 0, &in_header[i]);
    for (unsigned number = 0, loads = 0; number < header->e_phnum && loads < 2; number++) {
        if (programs[number].p_type != PT_LOAD)
            continue;
        char prefix[32];
        snprintf(prefix, sizeof prefix, "load-%u-", loads++);
        for (size_t i = 0; i < sizeof in_program / sizeof *in_program; i++)
            replace(prefix, header->e_phoff + number * sizeof(Elf64_Phdr), &in_program[i]);
    }
    return 0;
}
