/* SPDX-License-Identifier: GPL-2.0-or-later
 * What /proc says of the own process, of a forked child and of a child that executed another image of this program: the program, its
 * arguments, environment and auxiliary vector, its mappings, and that these files agree with each other.
 */
#include "check.h"
#include <elf.h>
#include <linux/openat2.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

static char text[1 << 20];

static long slurp(pid_t pid, const char *file)
{
    char name[64];
    long used = 0, got;
    snprintf(name, sizeof name, pid ? "/proc/%2$d/%1$s" : "/proc/self/%1$s", file, (int)pid);
    int fd = open(name, O_RDONLY);
    if (fd < 0) return -1;
    while ((got = read(fd, text + used, sizeof text - 1 - used)) > 0) used += got;
    close(fd);
    text[used] = 0;
    return used;
}

/* openat2 with RESOLVE_ flags, which only the kernel can judge, finds the same files. */
static void resolved(void)
{
    static const struct { const char *name; uint64_t flags; } ways[] = {
        { "no flags", 0 }, { "NO_XDEV", RESOLVE_NO_XDEV }, { "NO_MAGICLINKS", RESOLVE_NO_MAGICLINKS }, { "NO_SYMLINKS", RESOLVE_NO_SYMLINKS },
        { "BENEATH", RESOLVE_BENEATH }, { "IN_ROOT", RESOLVE_IN_ROOT },
    };
    static const char *const names[] = { "/proc/self/maps", "self/maps", "self/exe", "/self/maps", "self/../self/status", "thread-self/maps", "self/task/../maps", "self/statm" };
    int directory = QUIET(open("/proc", O_RDONLY | O_DIRECTORY));
    struct stat program, status;
    QUIET(stat("/proc/self/exe", &program));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
            struct open_how how = { .flags = O_RDONLY, .resolve = ways[k].flags };
            printf("%s %s: ", names[i], ways[k].name);
            int fd = syscall(SYS_openat2, directory, names[i], &how, sizeof how);
            if (fd < 0) { printf("%s\n", check_error(errno)); continue; }
            text[0] = 0;
            long got = read(fd, text, 8191);
            text[got < 0 ? 0 : got] = 0;
            bool right = strstr(names[i], "exe") ? fstat(fd, &status) == 0 && status.st_ino == program.st_ino
                       : strstr(names[i], "maps") ? strtoul(text, NULL, 16) == 0x400000
                       : strstr(names[i], "statm") ? strtoul(text, NULL, 10) < 1000 : strstr(text, "\nVmPeak:") != NULL;
            printf("descriptor %d, the guest's: %d\n", fd, right);
            close(fd);
        }
    close(directory);
}

static void show_strings(const char *label, long size)
{
    printf("%s:", label);
    for (long at = 0; at < size; at += strlen(text + at) + 1) printf(" \"%s\"", text + at);
    printf("\n");
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The number n of a stat file; the name may hold blanks. */
static unsigned long long stat_number(pid_t pid, int n)
{
    if (slurp(pid, "stat") < 0) return 0;
    char *at = strrchr(text, ')') + 1;
    for (int i = 3; i < n && at; i++) at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

/* The line of maps (or smaps) that holds an address; NULL: none. */
static char *line_of(pid_t pid, const char *file, unsigned long long address)
{
    if (slurp(pid, file) < 0) return NULL;
    for (char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
        unsigned long long start, end;
        if (sscanf(line, "%llx-%llx ", &start, &end) == 2 && address >= start && address < end) {
            *strchrnul(line, '\n') = 0;
            return line;
        }
    }
    return NULL;
}

static void show_mapping(pid_t pid, const char *file, const char *what, unsigned long long address, bool named)
{
    char *line = line_of(pid, file, address), protection[8] = "", path[256] = "";
    if (line) sscanf(line, "%*s %7s %*s %*s %*s %255s", protection, path);
    printf("%s %s: %s %s\n", file, what, line ? protection : "nowhere", named ? base_name(path) : "");
}

static unsigned long long auxiliary(pid_t pid, unsigned long type)
{
    Elf64_auxv_t entry;
    long size = slurp(pid, "auxv");
    for (long at = 0; at + (long)sizeof entry <= size; at += sizeof entry) {
        memcpy(&entry, text + at, sizeof entry);
        if (entry.a_type == type) return entry.a_un.a_val;
    }
    return 0;
}

static unsigned long long number_of(pid_t pid, const char *file, const char *name)
{
    slurp(pid, file);
    char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void show_process(pid_t pid)
{
    char name[64], link[512];
    snprintf(name, sizeof name, pid ? "/proc/%d/exe" : "/proc/self/exe", (int)pid);
    long length = readlink(name, link, sizeof link - 1);
    link[length > 0 ? length : 0] = 0;
    struct stat by_link, by_name;
    SHOW("exe is a link to a file", length > 0 && stat(name, &by_link) == 0 && stat(link, &by_name) == 0 && by_link.st_ino == by_name.st_ino);
    show_strings("cmdline", slurp(pid, "cmdline"));
    show_strings("environ", slurp(pid, "environ"));
    slurp(pid, "comm");
    SHOW("comm is the file's name", strncmp(text, base_name(link), 15) == 0);
    snprintf(name, sizeof name, "(%.15s)", base_name(link));
    slurp(pid, "stat");
    SHOW("stat has it too", strstr(text, name) != NULL);
    unsigned long long entry = auxiliary(pid, AT_ENTRY), headers = auxiliary(pid, AT_PHDR), random = auxiliary(pid, AT_RANDOM);
    SHOW("auxv AT_PAGESZ", auxiliary(pid, AT_PAGESZ));
    SHOW("auxv AT_PHENT", auxiliary(pid, AT_PHENT));
    show_mapping(pid, "maps", "entry", entry, false);
    show_mapping(pid, "smaps", "entry", entry, false);
    line_of(pid, "maps", headers);
    show_mapping(pid, "maps", "random bytes", random, true);
    show_mapping(pid, "maps", "stack", stat_number(pid, 28), true);
    show_mapping(pid, "maps", "arguments", stat_number(pid, 48), true);
    show_mapping(pid, "maps", "environment", stat_number(pid, 50), true);
    show_mapping(pid, "maps", "nothing", 0, true);
    SHOW("vsize is what status says", stat_number(pid, 23) / 1024 == number_of(pid, "status", "VmSize:"));
    slurp(pid, "statm");
    SHOW("and statm", strtoull(text, NULL, 10) * 4 == number_of(pid, "status", "VmSize:"));
    SHOW("which is not much", stat_number(pid, 23) < 64 << 20);
    SHOW("rollup has memory", number_of(pid, "smaps_rollup", "Rss:") > 0);
}

static void own_mappings(void)
{
    char *pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(pages, 1, 4 * PAGE);
    mprotect(pages + PAGE, PAGE, PROT_READ | PROT_EXEC);
    mprotect(pages + 2 * PAGE, PAGE, PROT_NONE);
    for (int i = 0; i < 4; i++) {
        show_mapping(0, "maps", "page", (uintptr_t)pages + i * PAGE, true);
        show_mapping(0, "smaps", "page", (uintptr_t)pages + i * PAGE, true);
    }
    munmap(pages + 3 * PAGE, PAGE);
    show_mapping(0, "maps", "unmapped page", (uintptr_t)pages + 3 * PAGE, true);
    char *low = sbrk(3 * PAGE);
    show_mapping(0, "maps", "break", (uintptr_t)low + PAGE, true);
    SHOW("break begins where stat says", stat_number(0, 47) <= (uintptr_t)low);
}

int main(int argc, char **argv)
{
    int ends[2];
    if (argc > 1 && strcmp(argv[1], "wait") == 0) {
        write(1, "r", 1);                      /* ready: its parent reads it */
        pause();
    }
    SECTION("self");
    char *environment[] = { "ONE=1", "LONG=abcdefghijklmnopqrstuvwxyz", NULL };
    own_mappings();
    SHOW("auxv is getauxval's", auxiliary(0, AT_RANDOM) == getauxval(AT_RANDOM) && auxiliary(0, AT_ENTRY) == getauxval(AT_ENTRY));
    SHOW("stack in stat", line_of(0, "maps", stat_number(0, 28)) == line_of(0, "maps", (uintptr_t)environ));
    *(volatile char *)sbrk(PAGE) = 1;
    char *heap_line = slurp(0, "numa_maps") < 0 ? NULL : strstr(text, " heap ");
    SHOW("numa_maps names the heap once", heap_line && heap_line - text > 8 && strncmp(heap_line - 8, " default", 8) == 0 && !strstr(heap_line + 1, " heap "));
    strcpy(argv[0], "x");
    slurp(0, "cmdline");
    SHOW_TEXT("a changed argument shows", text);
    SECTION("openat2");
    resolved();
    SECTION("a child that executed");
    QUIET(pipe(ends));
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        char *arguments[] = { "a name", "wait", "", "last one", NULL };
        execve("/proc/self/exe", arguments, environment);
        _exit(127);
    }
    char byte;
    SHOW("it is there", read(ends[0], &byte, 1) == 1);
    show_process(child);
    kill(child, SIGKILL);
    check_wait("executed", child);
    SECTION("a forked child");
    child = fork();
    if (child == 0) pause();
    char *heap = line_of(child, "maps", (uintptr_t)text), protection[8] = "";
    if (heap) sscanf(heap, "%*s %7s", protection);
    SHOW_TEXT("its data", protection);
    char link[512] = "", own[512] = "", name[64];
    snprintf(name, sizeof name, "/proc/%d/exe", (int)child);
    SHOW("same program", readlink(name, link, sizeof link - 1) > 0 && readlink("/proc/self/exe", own, sizeof own - 1) > 0 && strcmp(link, own) == 0);
    kill(child, SIGKILL);
    check_wait("forked", child);
    return 0;
}
