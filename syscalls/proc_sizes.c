/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The sizes that /proc/<pid>/status, statm and stat tell, of the guest's memory alone: sums over its mappings, where what is in memory
 * comes from the host's smaps (fs/proc/task_mmu.c, mm/mmap.c's vm_stat_account).
 */
#include "syscalls/proc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#define TMPFS 0x01021994

static void sum_mappings(const struct proc_view *view, struct proc_sizes *sizes)
{
    const struct process *process = view->process;
    struct guest_mapping m;
    for (guest_addr at = 0; proc_view_next(view, at, &m); at = m.end) {
        uint64_t size = m.end - m.start;
        sizes->all += size;
        if (m.grows_down) sizes->stack += size;
        else if ((m.protection & PROT_WRITE) && !m.shared) sizes->data += size;
        else if ((m.protection & PROT_EXEC) && !(m.protection & PROT_WRITE)) sizes->libraries += size;
    }
    sizes->peak = process->mapped_peak > sizes->all ? process->mapped_peak : sizes->all;
    sizes->program = ((process->code_end + 4095) & ~4095ull) - (process->code_start & ~4095ull);
    if (sizes->program > sizes->libraries) sizes->program = sizes->libraries;
    sizes->libraries -= sizes->program;
}

static bool is_shared_memory(const struct host_mapping *m)
{
    struct statfs status;
    if (m->path[0] != '/') return false;
    return strncmp(m->path, "/dev/zero", 9) == 0 || strncmp(m->path, "/memfd:", 7) == 0 || strncmp(m->path, "/SYSV", 5) == 0
        || (statfs(m->path, &status) == 0 && status.f_type == TMPFS);
}

static uint64_t bytes_of(const char *line, const char *name)
{
    size_t length = strlen(name);
    return strncmp(line, name, length) == 0 ? strtoull(line + length, NULL, 10) * 1024 : 0;
}

/* One mapping at a time: its anonymous pages come after those of a file, of which they are a part. */
static void sum_resident(const struct proc_view *view, struct proc_sizes *sizes)
{
    struct host_maps maps;
    struct host_mapping m;
    bool ours = false;
    uint64_t *filed = &sizes->file;
    char *line;
    if (!host_maps_open(&maps, view->pid, "smaps")) return;
    while ((line = host_maps_line(&maps))) {
        if (host_mapping_parse(line, &m)) {
            ours = proc_view_has(view, m.start, m.end);
            filed = ours && is_shared_memory(&m) ? &sizes->shared_memory : &sizes->file;
        } else if (ours) {
            uint64_t anonymous = bytes_of(line, "Anonymous:");
            *filed += bytes_of(line, "Rss:") - anonymous;
            sizes->anonymous += anonymous;
            sizes->swap += bytes_of(line, "Swap:");
        }
    }
    host_maps_close(&maps);
}

void proc_sizes_read(const struct proc_view *view, struct proc_sizes *sizes)
{
    *sizes = (struct proc_sizes){ 0 };
    sum_mappings(view, sizes);
    sum_resident(view, sizes);
    sizes->resident = sizes->anonymous + sizes->file + sizes->shared_memory;
}

/* What the host counts besides is ferry's, and is taken off the largest that it has counted. */
static uint64_t most_resident(const struct proc_sizes *sizes, uint64_t host_most, uint64_t host_now)
{
    uint64_t own = host_now > sizes->resident ? host_now - sizes->resident : 0;
    return host_most > own + sizes->resident ? host_most - own : sizes->resident;
}

bool proc_sizes_write_line(const struct proc_sizes *sizes, const char *text, const char *line, struct text *out)
{
    const char *now = strstr(text, "\nVmRSS:");
    const struct { const char *name; uint64_t value; } lines[] = {
        { "VmPeak:", sizes->peak }, { "VmSize:", sizes->all }, { "VmRSS:", sizes->resident }, { "RssAnon:", sizes->anonymous },
        { "RssFile:", sizes->file }, { "RssShmem:", sizes->shared_memory }, { "VmData:", sizes->data }, { "VmStk:", sizes->stack },
        { "VmExe:", sizes->program }, { "VmLib:", sizes->libraries }, { "VmSwap:", sizes->swap },
        { "VmHWM:", most_resident(sizes, bytes_of(line, "VmHWM:"), now ? bytes_of(now + 1, "VmRSS:") : 0) },
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (strncmp(line, lines[i].name, strlen(lines[i].name)) != 0) continue;
        text_print(out, "%s\t%8llu kB\n", lines[i].name, (unsigned long long)lines[i].value / 1024);
        return true;
    }
    return false;
}

/* proc_pid_statm(5), in pages: size, in memory, of that files and shared memory, program, 0, data and stack, 0. */
void proc_write_statm(const struct proc_view *view, struct text *out)
{
    struct proc_sizes sizes;
    proc_sizes_read(view, &sizes);
    text_print(out, "%llu %llu %llu %llu 0 %llu 0\n", (unsigned long long)sizes.all / 4096, (unsigned long long)sizes.resident / 4096,
               (unsigned long long)(sizes.file + sizes.shared_memory) / 4096, (unsigned long long)sizes.program / 4096,
               (unsigned long long)(sizes.data + sizes.stack) / 4096);
}

/* A line of the guest's heap, which to the host is memory like any other. */
static bool is_heap(const struct proc_view *view, guest_addr start, const char *line)
{
    struct guest_mapping m;
    const struct process *process = view->process;
    return start < process->brk && !strstr(line, " file=") && proc_view_next(view, start, &m) && m.end > process->brk_start;
}

/* Of the host's lines those of the guest's memory: each begins with an address. */
void proc_write_numa_maps(const struct proc_view *view, struct text *out)
{
    struct host_maps maps;
    char *line;
    if (!host_maps_open(&maps, view->pid, "numa_maps")) return;
    while ((line = host_maps_line(&maps))) {
        guest_addr start = strtoull(line, NULL, 16);
        size_t policy = strcspn(line, " ");
        policy += policy < strlen(line) ? 1 + strcspn(line + policy + 1, " ") : 0;
        if (proc_view_has(view, start, start + 4096))
            text_print(out, "%.*s%s%s\n", (int)policy, line, is_heap(view, start, line) ? " heap" : "", line + policy);
    }
    host_maps_close(&maps);
}
