/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Function names by guest address. The host's /proc/self/maps tells which file is where; each file's symbol tables are read
 * once through libelf, when an address in it is first asked for.
 */
#include "debug/symbols.h"

#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct symbol { guest_addr start, end; const char *name; };

/* One mapped image: addresses are moved by its bias already. */
struct image { struct image *next; guest_addr low, high; struct symbol *symbols; size_t count; };

struct symbols { pthread_mutex_t lock; struct image *images; };

struct symbols *symbols_new(void)
{
    struct symbols *symbols = calloc(1, sizeof *symbols);
    if (symbols)
        pthread_mutex_init(&symbols->lock, NULL);
    return symbols;
}

/* -- reading a file's tables --------------------------------------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static void add_table(struct image *image, Elf *elf, Elf_Scn *section, const GElf_Shdr *header, guest_addr bias)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t total = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
    struct symbol *all = data ? realloc(image->symbols, (image->count + total) * sizeof *all) : NULL;
    if (!all)
        return;
    image->symbols = all;
    for (size_t i = 0; i < total && i < INT_MAX; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol) || GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF)
            continue;
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        char *copy = name && *name ? strdup(name) : NULL;
        if (copy)
            image->symbols[image->count++] = (struct symbol){ symbol.st_value + bias, symbol.st_value + bias + symbol.st_size, copy };
    }
}

/* The address that file offset `offset` has in the image before it is moved. */
static bool address_of_offset(Elf *elf, uint64_t offset, guest_addr *address)
{
    size_t count = 0;
    elf_getphdrnum(elf, &count);
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_LOAD && offset >= (header.p_offset & ~4095ull) && offset < header.p_offset + header.p_filesz) {
            *address = header.p_vaddr + (offset - header.p_offset);
            return true;
        }
    }
    return false;
}

static void read_file(struct image *image, const char *path, guest_addr start, uint64_t offset)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    Elf *elf = fd >= 0 && elf_version(EV_CURRENT) ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    guest_addr address;
    if (elf && address_of_offset(elf, offset, &address)) {
        GElf_Shdr header;
        for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));)
            if (gelf_getshdr(section, &header) && (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
                add_table(image, elf, section, &header, start - address);
        qsort(image->symbols, image->count, sizeof *image->symbols, by_start);
    }
    if (elf)
        elf_end(elf);
    if (fd >= 0)
        close(fd);
}

/* -- finding ----------------------------------------------------------------------------------------------------------------- */

/* Memory without a file becomes an image without symbols, so that it is not looked for again. */
static struct image *load_image(struct symbols *symbols, guest_addr pc)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    struct image *image = calloc(1, sizeof *image);
    char line[PATH_MAX + 128];
    if (image)
        *image = (struct image){ .low = pc & ~4095ull, .high = (pc & ~4095ull) + 4096 };
    while (image && maps && fgets(line, sizeof line, maps)) {
        unsigned long long low, high, offset;
        char path[PATH_MAX] = "";
        if (sscanf(line, "%llx-%llx %*4s %llx %*s %*s %4095[^\n]", &low, &high, &offset, path) < 3 || pc < low || pc >= high)
            continue;
        image->low = low;
        image->high = high;
        if (path[0] == '/')
            read_file(image, path, low, offset);
        break;
    }
    if (maps)
        fclose(maps);
    if (image) {
        image->next = symbols->images;
        symbols->images = image;
    }
    return image;
}

static const struct symbol *search(const struct image *image, guest_addr pc)
{
    size_t low = 0, high = image->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (image->symbols[middle].start > pc)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0)
        return NULL;
    const struct symbol *symbol = &image->symbols[low - 1];
    return symbol->end == symbol->start || pc < symbol->end ? symbol : NULL;
}

const char *symbols_find(struct symbols *symbols, guest_addr pc, guest_addr *start)
{
    pthread_mutex_lock(&symbols->lock);
    struct image *image = symbols->images;
    while (image && (pc < image->low || pc >= image->high))
        image = image->next;
    if (!image)
        image = load_image(symbols, pc);
    const struct symbol *symbol = image ? search(image, pc) : NULL;
    pthread_mutex_unlock(&symbols->lock);
    if (!symbol)
        return NULL;
    *start = symbol->start;
    return symbol->name;
}
