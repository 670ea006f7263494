/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * /proc/<pid>/maps, smaps and smaps_rollup as the guest must see them (proc_pid_smaps(5)): where and how it mapped comes from its
 * address space, file names, offsets and what is in memory from the host's files. Both are in ascending order.
 */
#include "syscalls/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The part of a host mapping that is one guest mapping's. */
struct piece { guest_addr start, end; int protection; };

/* As fs/proc/task_mmu.c names mappings. */
static const char *label(const struct proc_view *view, const struct host_mapping *m, const struct piece *piece)
{
    const struct process *process = view->process;
    if (m->path[0] == '/') return proc_guest_name(view->process, m->path);
    if (piece->start <= process->stack_start && piece->end > process->stack_start) return "[stack]";
    if (piece->start <= process->brk && piece->end >= process->brk_start) return "[heap]";
    if (process->vdso && piece->start == process->vdso) return "[vdso]";
    if (process->time_page && piece->start == process->time_page) return "[vvar]";
    return strncmp(m->path, "[anon", 5) == 0 ? m->path : "";
}

static void write_head(const struct proc_view *view, struct text *out, const struct host_mapping *m, const struct piece *piece)
{
    char line[160];
    const char *name = label(view, m, piece);
    int length = snprintf(line, sizeof line, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)piece->start,
                          (unsigned long long)piece->end, piece->protection & PROT_READ ? 'r' : '-', piece->protection & PROT_WRITE ? 'w' : '-',
                          piece->protection & PROT_EXEC ? 'x' : '-', m->shared ? 's' : 'p',
                          (unsigned long long)(m->inode ? m->offset + (piece->start - m->start) : 0), m->device_major, m->device_minor,
                          (unsigned long long)m->inode);
    text_add(out, line, length);
    if (*name) text_print(out, "%*s%s", length < 73 ? 73 - length : 0, "", name);
    text_add(out, "\n", 1);
}

/* The next piece of m at or above `at`; false: no more. */
static bool next_piece(const struct proc_view *view, const struct host_mapping *m, guest_addr at, struct piece *piece)
{
    struct guest_mapping mapping;
    if (at < m->start) at = m->start;
    if (at >= m->end || !proc_view_next(view, at, &mapping) || mapping.start >= m->end) return false;
    /* Another process's stack may have grown since its table was read. */
    piece->start = mapping.start > at && !mapping.grows_down ? mapping.start : at;
    piece->end = mapping.end < m->end ? mapping.end : m->end;
    piece->protection = mapping.protection;
    return true;
}

void proc_write_maps(const struct proc_view *view, struct text *out)
{
    struct host_maps maps;
    struct host_mapping m;
    struct piece piece;
    if (!host_maps_open(&maps, view->pid, "maps")) return;
    while (host_maps_next(&maps, &m))
        for (guest_addr at = 0; next_piece(view, &m, at, &piece); at = piece.end)
            write_head(view, out, &m, &piece);
    host_maps_close(&maps);
}

/* -- smaps --------------------------------------------------------------------------------------------------------------- */
/* A host mapping that several guest mappings share (only PROT_EXEC tells them apart) is counted with the first of them; the others say 0. */
enum { PIECES = 16 };
struct smaps { const struct proc_view *view; struct text *out; struct piece pieces[PIECES]; unsigned count; struct host_mapping mapping; char path[512]; };

static void write_empty_pieces(struct smaps *s)
{
    for (unsigned i = 1; i < s->count; i++) {
        write_head(s->view, s->out, &s->mapping, &s->pieces[i]);
        text_print(s->out, "Size:           %8llu kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\nRss:                   0 kB\nPss:                   0 kB\n",
                   (unsigned long long)(s->pieces[i].end - s->pieces[i].start) / 1024);
    }
    s->count = 0;
}

static void begin_mapping(struct smaps *s, const struct host_mapping *m)
{
    write_empty_pieces(s);
    s->mapping = *m;
    snprintf(s->path, sizeof s->path, "%s", m->path);
    s->mapping.path = s->path;
    for (guest_addr at = 0; s->count < PIECES && next_piece(s->view, &s->mapping, at, &s->pieces[s->count]); s->count++)
        at = s->pieces[s->count].end;
    if (s->count) write_head(s->view, s->out, &s->mapping, &s->pieces[0]);
}

/* What the first piece says differently from the host: its size, and that it may be executed. */
static void write_smaps_line(struct smaps *s, const char *line)
{
    const struct piece *piece = &s->pieces[0];
    if (strncmp(line, "Size:", 5) == 0) text_print(s->out, "Size:           %8llu kB\n", (unsigned long long)(piece->end - piece->start) / 1024);
    else if (strncmp(line, "VmFlags: ", 9) == 0 && (piece->protection & PROT_EXEC) && !strstr(line, " ex ")) {
        const char *rest = strstr(line, " mr ");
        int head = rest ? (int)(rest - line) : (int)strlen(line);
        text_print(s->out, "%.*s ex%s\n", head, line, rest ? rest : "");
    } else text_print(s->out, "%s\n", line);
}

void proc_write_smaps(const struct proc_view *view, struct text *out)
{
    struct host_maps maps;
    struct host_mapping m;
    struct smaps s = { .view = view, .out = out };
    char *line;
    if (!host_maps_open(&maps, view->pid, "smaps")) return;
    while ((line = host_maps_line(&maps))) {
        if (host_mapping_parse(line, &m)) begin_mapping(&s, &m);
        else if (s.count) write_smaps_line(&s, line);
    }
    write_empty_pieces(&s);
    host_maps_close(&maps);
}

/* The lines of the host's rollup, each the sum over the guest's mappings. */
enum { ROLLUP_LINES = 40 };
struct rollup_line { char name[24]; uint64_t sum; };

static void add_to_rollup(struct rollup_line *lines, unsigned *count, const char *line)
{
    size_t length = strcspn(line, ":");
    unsigned i = 0;
    if (!strstr(line, " kB") || length >= sizeof lines->name || strstr(line, "Size:")) return;
    while (i < *count && (strncmp(lines[i].name, line, length) != 0 || lines[i].name[length])) i++;
    if (i == ROLLUP_LINES) return;
    if (i == *count) {
        memcpy(lines[i].name, line, length);
        lines[i].name[length] = 0;
        lines[i].sum = 0;
        ++*count;
    }
    lines[i].sum += strtoull(line + length + 1, NULL, 10);
}

void proc_write_smaps_rollup(const struct proc_view *view, struct text *out)
{
    struct host_maps maps;
    struct host_mapping m;
    struct rollup_line lines[ROLLUP_LINES];
    struct piece piece;
    unsigned count = 0;
    guest_addr low = 0, high = 0;
    bool ours = false;
    char *line;
    if (!host_maps_open(&maps, view->pid, "smaps")) return;
    while ((line = host_maps_line(&maps))) {
        if (!host_mapping_parse(line, &m)) {
            if (ours) add_to_rollup(lines, &count, line);
            continue;
        }
        ours = next_piece(view, &m, 0, &piece);
        if (ours && !low) low = piece.start;
        if (ours) high = piece.end;
    }
    host_maps_close(&maps);
    text_print(out, "%08llx-%08llx ---p 00000000 00:00 0%*s[rollup]\n", (unsigned long long)low, (unsigned long long)high, 33, "");
    for (unsigned i = 0; i < count; i++) {
        int name = (int)strlen(lines[i].name) + 1;
        text_print(out, "%s:%*llu kB\n", lines[i].name, name < 24 ? 24 - name : 1, (unsigned long long)lines[i].sum);
    }
}

uint64_t proc_mapped_size(const struct proc_view *view)
{
    struct guest_mapping mapping;
    uint64_t size = 0;
    for (guest_addr at = 0; proc_view_next(view, at, &mapping); at = mapping.end) size += mapping.end - mapping.start;
    return size;
}
