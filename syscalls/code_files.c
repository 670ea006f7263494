/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See the header. The files are few, and in no order.
 */
#include "syscalls/code_files.h"

#include <string.h>
#include <sys/mman.h>

/* Files are placed in an area of their own, small enough that they share page tables, at multiples of the largest page that segments
 * are aligned to. */
#define PLACE_LOW 0x7000000000ull
#define PLACE_SIZE (2ull << 30)
#define PLACE_STEP 0x10000ull

struct code_files *code_files_new(uint64_t salt)
{
    struct code_files *files = mmap(NULL, sizeof *files, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (files == MAP_FAILED)
        return NULL;
    files->salt = salt;
    return files;
}

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void code_files_mapped(struct code_files *files, guest_addr start, guest_addr end, const struct stat *status, uint64_t offset)
{
    if (files->count == CODE_FILES || !S_ISREG(status->st_mode))
        return;
    files->file[files->count++] = (struct code_file){
        .start = start, .end = end, .offset = offset,
        .identity = {status->st_dev, status->st_ino, (uint64_t)status->st_size, nanoseconds(status->st_mtim), nanoseconds(status->st_ctim)},
    };
}

/* What is before the hole stays, or else what is behind it. */
static bool cut(struct code_file *file, guest_addr start, guest_addr end)
{
    file->was_cut = file->looked_up;
    if (start > file->start) {
        file->end = start;
    } else if (end < file->end) {
        file->offset += end - file->start;
        file->start = end;
    } else {
        return false;
    }
    return true;
}

void code_files_cut(struct code_files *files, guest_addr start, guest_addr end)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->file[i].start < end && files->file[i].end > start && !cut(&files->file[i], start, end))
            files->file[i--] = files->file[--files->count];
}

guest_addr code_files_place(const struct code_files *files, uint64_t size, unsigned nth)
{
    const uint64_t identity[] = {files->salt, size, nth};
    if (size > PLACE_SIZE / 2)
        return 0;
    return PLACE_LOW + digest_of(identity, sizeof identity).low % (PLACE_SIZE / 2 / PLACE_STEP) * PLACE_STEP;
}

struct code_file *code_files_find(struct code_files *files, guest_addr pc)
{
    for (size_t i = 0; i < files->count; i++)
        if (pc >= files->file[i].start && pc < files->file[i].end)
            return &files->file[i];
    return NULL;
}

void code_files_changed(struct process *process, guest_addr start, guest_addr end)
{
    if (!process->code_files)
        return;
    address_space_lock(process);
    struct code_files *files = process->code_files;
    for (size_t i = 0; i < files->count; i++)
        if (!files->file[i].looked_up && files->file[i].start < end && files->file[i].end > start)
            files->file[i--] = files->file[--files->count];
    address_space_unlock(process);
}
