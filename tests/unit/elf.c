/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ELF headers and scripts as a hostile or broken file may have them. Files are made in memory; mapping is recorded, not done.
 */
#include "loaders/loader.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SEGMENT_FILE_OFFSET 0x1000

struct test_file { Elf64_Ehdr header; Elf64_Phdr segments[4]; char name[64]; };

/* Text at 0x10000 from the file's start, data at 0x20000 with bss, an interpreter's name. */
static struct test_file good_file(void)
{
    struct test_file file;
    memset(&file, 0, sizeof file);
    memcpy(file.header.e_ident, ELFMAG, SELFMAG);
    file.header.e_ident[EI_CLASS] = ELFCLASS64;
    file.header.e_ident[EI_DATA] = ELFDATA2LSB;
    file.header.e_ident[EI_VERSION] = EV_CURRENT;
    file.header.e_type = ET_DYN;
    file.header.e_machine = EM_AARCH64;
    file.header.e_version = EV_CURRENT;
    file.header.e_entry = 0x10200;
    file.header.e_phoff = offsetof(struct test_file, segments);
    file.header.e_ehsize = sizeof(Elf64_Ehdr);
    file.header.e_phentsize = sizeof(Elf64_Phdr);
    file.header.e_phnum = 4;
    file.segments[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x10000, .p_filesz = 0x1000, .p_memsz = 0x1000, .p_align = 0x10000 };
    file.segments[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0x1000, .p_vaddr = 0x21000, .p_filesz = 0x800, .p_memsz = 0x3000, .p_align = 0x10000 };
    file.segments[2] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = offsetof(struct test_file, name), .p_filesz = 10, .p_memsz = 10 };
    file.segments[3] = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W };
    strcpy(file.name, "/lib/ld.x");
    return file;
}

static int make_file(const void *bytes, size_t size, size_t file_size)
{
    int fd = memfd_create("elf", MFD_CLOEXEC);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
    cr_assert_eq(ftruncate(fd, (off_t)file_size), 0);
    return fd;
}

static int read_file(const struct test_file *file, struct elf_file *out)
{
    char error[LOADER_ERROR_SIZE] = "";
    int fd = make_file(file, sizeof *file, 0x1800), result = elf_read(fd, out, error);
    close(fd);
    cr_assert(result == 0 || error[0], "a failure has a text");
    cr_assert(!strchr(error, '\n'));
    return result;
}

static void rejected(const struct test_file *file, const char *what)
{
    struct elf_file out;
    cr_expect_eq(read_file(file, &out), -ENOEXEC, "%s", what);
}

Test(elf, reads_a_good_file)
{
    struct test_file file = good_file();
    struct elf_file out;
    cr_assert_eq(read_file(&file, &out), 0);
    cr_expect_eq(out.segment_count, 2);
    cr_expect_eq(out.low, 0x10000);
    cr_expect_eq(out.high, 0x24000);
    cr_expect_eq(out.alignment, 0x10000);
    cr_expect_eq(out.header_address, 0x10000 + offsetof(struct test_file, segments));
    cr_expect_str_eq(out.interpreter, "/lib/ld.x");
    cr_expect(out.relocatable);
    cr_expect(!out.executable_stack);
    cr_expect_eq(out.segments[1].protection, PROT_READ | PROT_WRITE);
}

Test(elf, rejects_bad_headers)
{
    struct test_file file = good_file();
    file.header.e_phentsize = 55;
    rejected(&file, "wrong size of program headers");
    file = good_file();
    file.header.e_phnum = 0;
    rejected(&file, "no program headers");
    file = good_file();
    file.header.e_phnum = 0xfffe;
    rejected(&file, "absurd number of program headers");
    file = good_file();
    file.header.e_phoff = 0x17f0;
    rejected(&file, "program headers beyond the end");
    file = good_file();
    file.header.e_phoff = ~0ull - 8;
    rejected(&file, "program headers wrap around");
    file = good_file();
    file.header.e_type = ET_REL;
    rejected(&file, "an object file");
    file = good_file();
    file.header.e_type = ET_CORE;
    rejected(&file, "a core file");
}

Test(elf, rejects_bad_segments)
{
    struct test_file file = good_file();
    file.segments[1].p_filesz = 0x4000;
    rejected(&file, "larger in the file than in memory");
    file = good_file();
    file.segments[1].p_filesz = 0x2000;
    rejected(&file, "truncated");
    file = good_file();
    file.segments[1].p_offset = ~0xfffull;
    rejected(&file, "offset wraps around");
    file = good_file();
    file.segments[1].p_vaddr = 0x10800;
    file.segments[1].p_offset = 0x800;
    rejected(&file, "overlapping");
    file = good_file();
    file.segments[1].p_vaddr = 0x1000;
    rejected(&file, "out of order");
    file = good_file();
    file.segments[1].p_memsz = 1ull << 60;
    rejected(&file, "absurd size");
    file = good_file();
    file.segments[1].p_vaddr = 0xfffffffffffff000ull;
    rejected(&file, "address wraps around");
    file = good_file();
    file.segments[1].p_vaddr += 8;
    rejected(&file, "offset and address disagree");
    file = good_file();
    file.segments[1].p_align = 0x3000;
    rejected(&file, "odd alignment");
    file = good_file();
    file.segments[0].p_type = file.segments[1].p_type = PT_NULL;
    rejected(&file, "nothing to load");
}

Test(elf, rejects_bad_interpreters)
{
    struct test_file file = good_file();
    file.segments[2].p_filesz = 1;
    rejected(&file, "empty name");
    file = good_file();
    file.segments[2].p_filesz = 5;
    rejected(&file, "no end");
    file = good_file();
    file.segments[2].p_filesz = 1 << 20;
    rejected(&file, "too long");
    file = good_file();
    file.segments[2].p_offset = 0x17fc;
    rejected(&file, "beyond the end");
    file = good_file();
    file.segments[3] = file.segments[2];
    rejected(&file, "two of them");
}

Test(elf, survives_every_truncation_and_byte)
{
    struct test_file file = good_file();
    struct elf_file out;
    char error[LOADER_ERROR_SIZE];
    for (size_t size = 0; size < sizeof file; size++) {
        int fd = make_file(&file, size, size);
        cr_expect(elf_read(fd, &out, error) < 0, "%zu bytes", size);
        close(fd);
    }
    for (size_t at = 0; at < offsetof(struct test_file, name); at++) {
        struct test_file bad = good_file();
        ((uint8_t *)&bad)[at] ^= 0xff;
        int fd = make_file(&bad, sizeof bad, 0x1800);
        if (elf_read(fd, &out, error) == 0)
            cr_expect(out.low < out.high && out.segment_count <= LOADER_SEGMENTS);
        close(fd);
    }
}

Test(elf, identifies_both_classes_and_byte_orders)
{
    uint8_t big[64] = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2MSB, 1 };
    struct elf_identity identity;
    big[17] = 2, big[19] = 8, big[39] = 0x20;
    cr_assert(elf_identify(big, sizeof big, &identity));
    cr_expect_eq(identity.machine, EM_MIPS);
    cr_expect_eq(identity.type, ET_EXEC);
    cr_expect_eq(identity.flags, 0x20);
    cr_expect(!elf_identify(big, 20, &identity));
    cr_expect(!elf_identify("#!/bin/sh", 9, &identity));
}

/* -- mapping: what is asked for, in which order ---------------------------------------------------------------------------- */

struct recorded { uint64_t address, size, offset; int protection, flags; };
struct recorder { struct recorded maps[16]; int count; uint64_t cleared, cleared_size; };

static int64_t record_map(void *user, uint64_t address, uint64_t size, int protection, int flags, int fd, uint64_t offset)
{
    struct recorder *recorder = user;
    (void)fd;
    recorder->maps[recorder->count++] = (struct recorded){ address, size, offset, protection, flags };
    return (int64_t)(address ? address : 0x7000001000);
}

static void record_unmap(void *user, uint64_t address, uint64_t size)
{
    record_map(user, address, size, -1, 0, -1, 0);
}

static int record_clear(void *user, uint64_t address, uint64_t size)
{
    struct recorder *recorder = user;
    recorder->cleared = address;
    recorder->cleared_size = size;
    return 0;
}

Test(elf, maps_segments_and_bss)
{
    struct test_file file = good_file();
    struct elf_file out;
    struct elf_image image;
    struct recorder r = { .count = 0 };
    const struct loader_memory memory = { &r, record_map, record_unmap, record_clear };
    char error[LOADER_ERROR_SIZE];
    cr_assert_eq(read_file(&file, &out), 0);
    cr_assert_eq(elf_map(3, &out, &memory, 0x5555550000, &image, error), 0);
    cr_assert_eq(r.count, 4);
    cr_expect_eq(r.maps[0].protection, PROT_NONE);
    cr_expect_eq(r.maps[1].protection, PROT_READ | PROT_EXEC);
    cr_expect_eq(r.maps[2].address, image.bias + 0x21000);
    cr_expect_eq(r.maps[2].size, 0x1000);
    cr_expect_eq(r.maps[3].address, image.bias + 0x22000);
    cr_expect_eq(r.maps[3].size, 0x2000);
    cr_expect(r.maps[3].flags & MAP_ANONYMOUS);
    cr_expect_eq(r.cleared, image.bias + 0x21800);
    cr_expect_eq(r.cleared_size, 0x800);
    cr_expect_eq(image.entry, image.bias + 0x10200);
    cr_expect_eq(image.bias % 0x10000, 0);
}

Test(elf, aligns_where_the_place_is_chosen)
{
    struct test_file file = good_file();
    struct elf_file out;
    struct elf_image image;
    struct recorder r = { .count = 0 };
    const struct loader_memory memory = { &r, record_map, record_unmap, record_clear };
    char error[LOADER_ERROR_SIZE];
    cr_assert_eq(read_file(&file, &out), 0);
    cr_assert_eq(elf_map(3, &out, &memory, 0, &image, error), 0);
    cr_expect_eq(image.low, 0x7000010000);
    cr_expect_eq(r.maps[0].size, 0x14000 + 0x10000);
    cr_expect_eq(r.maps[1].protection, -1);
    cr_expect_eq(r.maps[1].address, 0x7000001000);
    cr_expect_eq(r.maps[1].size, 0xf000);
    cr_expect_eq(r.maps[2].address, 0x7000024000);
    cr_expect_eq(r.maps[2].address + r.maps[2].size, 0x7000001000 + 0x24000);
}

/* -- scripts ------------------------------------------------------------------------------------------------------------------ */

static int parse(const char *text, struct script *script)
{
    return script_parse(text, strlen(text), script);
}

Test(script, takes_interpreter_and_one_argument)
{
    struct script script;
    cr_assert_eq(parse("#!/bin/sh\necho", &script), 1);
    cr_expect_str_eq(script.interpreter, "/bin/sh");
    cr_expect(!script.has_argument);
    cr_assert_eq(parse("#! \t/usr/bin/env  -S python3 -u \t\nx", &script), 1);
    cr_expect_str_eq(script.interpreter, "/usr/bin/env");
    cr_expect_str_eq(script.argument, "-S python3 -u");
    cr_assert_eq(parse("#!/bin/sh", &script), 1);
    cr_expect_str_eq(script.interpreter, "/bin/sh");
}

Test(script, rejects_bad_lines)
{
    struct script script;
    char text[300];
    cr_expect_eq(parse("#!\n", &script), -ENOEXEC);
    cr_expect_eq(parse("#!   \n", &script), -ENOEXEC);
    cr_expect_eq(parse("echo", &script), 0);
    cr_expect_eq(parse("#", &script), 0);
    memset(text, 'a', sizeof text);
    memcpy(text, "#!/", 3);
    cr_expect_eq(script_parse(text, sizeof text, &script), -ENOEXEC, "the name is cut off");
    memcpy(text, "#!/bin/sh ", 10);
    cr_assert_eq(script_parse(text, sizeof text, &script), 1);
    cr_expect_eq(strlen(script.argument), 246);
}
