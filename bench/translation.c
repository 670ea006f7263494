/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Translation alone: translates what direct jumps and calls reach from a program's entry and its function symbols, and runs
 * none of it, so that a profiler sees the translator and nothing else (callgrind cannot run ferry itself). Uses the engine's
 * own structures, since nothing else translates without running.
 *
 *     bench/translation FILE [BLOCKS [ROUNDS]]
 *     valgrind --tool=callgrind --cache-sim=yes --branch-sim=yes bench/translation FILE 16000
 */
#include "translate/engine/engine.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct program { const uint8_t *file; size_t size; };

struct queue { guest_addr *pcs; size_t first, count, capacity; };

static const Elf64_Phdr *segment_at(const struct program *program, guest_addr pc, size_t size)
{
    const Elf64_Ehdr *header = (const void *)program->file;
    const Elf64_Phdr *segments = (const void *)(program->file + header->e_phoff);
    for (unsigned i = 0; i < header->e_phnum; i++) {
        const Elf64_Phdr *segment = &segments[i];
        if (segment->p_type == PT_LOAD && segment->p_flags & PF_X && pc >= segment->p_vaddr
            && pc + size <= segment->p_vaddr + segment->p_filesz)
            return segment;
    }
    return NULL;
}

static bool fetch(void *user, guest_addr pc, void *bytes, size_t size)
{
    const struct program *program = user;
    const Elf64_Phdr *segment = segment_at(program, pc, size);
    if (segment)
        memcpy(bytes, program->file + segment->p_offset + (pc - segment->p_vaddr), size);
    return segment != NULL;
}

static void queue_add(struct queue *queue, guest_addr pc)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity ? 2 * queue->capacity : 4096;
        queue->pcs = realloc(queue->pcs, queue->capacity * sizeof *queue->pcs);
        if (!queue->pcs)
            exit(1);
    }
    queue->pcs[queue->count++] = pc;
}

static void queue_functions(struct queue *queue, const struct program *program)
{
    const Elf64_Ehdr *header = (const void *)program->file;
    const Elf64_Shdr *sections = (const void *)(program->file + header->e_shoff);
    queue_add(queue, header->e_entry);
    for (unsigned i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB && sections[i].sh_type != SHT_DYNSYM)
            continue;
        const Elf64_Sym *symbols = (const void *)(program->file + sections[i].sh_offset);
        for (size_t s = 0; s < sections[i].sh_size / sizeof *symbols; s++)
            if (ELF64_ST_TYPE(symbols[s].st_info) == STT_FUNC && symbols[s].st_value)
                queue_add(queue, symbols[s].st_value);
    }
}

static void translate_reachable(struct engine *engine, struct program *program, unsigned long limit)
{
    struct queue queue = {0};
    queue_functions(&queue, program);
    for (; queue.first < queue.count && engine->statistics.blocks < limit; queue.first++) {
        guest_addr pc = queue.pcs[queue.first];
        if (block_find(engine, pc) || !segment_at(program, pc, 4))
            continue;
        struct code_block *block = block_translate(engine, pc);
        for (uint32_t i = 0; block && i < block->host.exit_count; i++)
            queue_add(&queue, block->exits[i].host.target);
    }
    free(queue.pcs);
}

static bool open_program(struct program *program, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) || (size_t)status.st_size < sizeof(Elf64_Ehdr))
        return false;
    program->size = (size_t)status.st_size;
    program->file = mmap(NULL, program->size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    return program->file != MAP_FAILED && !memcmp(program->file, ELFMAG, SELFMAG) && program->file[EI_CLASS] == ELFCLASS64;
}

static const struct guest_isa *isa_of(const struct program *program)
{
    const Elf64_Ehdr *header = (const void *)program->file;
    for (const struct guest_isa *const *isa = guest_isa_list(); *isa; isa++)
        if ((*isa)->elf_machine == header->e_machine)
            return *isa;
    return NULL;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct program program;
    const struct guest_isa *isa = argc > 1 && open_program(&program, argv[1]) ? isa_of(&program) : NULL;
    if (!isa) {
        fprintf(stderr, "usage: translation FILE [BLOCKS [ROUNDS]]; FILE: a program that ferry knows\n");
        return 2;
    }
    unsigned long limit = argc > 2 ? strtoul(argv[2], NULL, 0) : 16000, rounds = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;
    struct engine_options options = {.host = "x86_64", .cache_bytes = 256 << 20, .max_insns = 64, .dump_block = ~(guest_addr)0,
                                     .fetch = fetch, .user = &program};
    for (unsigned long i = 0; i < rounds; i++) {
        struct engine *engine = engine_new(isa, &options);
        if (!engine) {
            perror("translation: engine_new");
            return 1;
        }
        double started = seconds();
        translate_reachable(engine, &program, limit);
        double taken = seconds() - started;
        struct engine_statistics s;
        engine_get_statistics(engine, &s);
        printf("%lu blocks, %lu guest instructions, %.1f ns each; %.2f IR operations and %.1f host bytes a guest instruction\n", s.blocks,
               s.guest_insns, taken * 1e9 / (double)s.guest_insns, (double)s.ir_insns / (double)s.guest_insns,
               (double)s.host_bytes / (double)s.guest_insns);
        engine_free(engine);
    }
    return 0;
}
