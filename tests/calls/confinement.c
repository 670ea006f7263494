/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * landlock, bpf and perf_event_open: interfaces with structures of growing size and pointers inside them.
 */
#include "check.h"
#include <linux/bpf.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ull << 13)
#endif

static long create(const void *attributes, size_t size, unsigned flags)
{
    return syscall(SYS_landlock_create_ruleset, attributes, size, flags);
}

static void open_file(const char *name, int flags)
{
    int fd = open(name, flags, 0600);
    printf("open %s %#x: %s\n", name, flags, fd < 0 ? check_error(errno) : "ok");
    if (fd >= 0) close(fd);
}

static void landlock(void)
{
    struct { uint64_t file, net, scoped, more[2]; } rules = { .file = 0x1fff };
    if (create(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0) {
        CALL(create(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION));
        return;
    }
    CALL(create(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0);
    CALL(create(&rules, 8, LANDLOCK_CREATE_RULESET_VERSION));
    CALL(create(NULL, 0, 0));
    CALL(create(&rules, 4, 0));
    CALL(create(&rules, 5000, 0));
    CALL(create(check_pages()->edge, 8, 0));
    CALL(create(check_edge(8), 16, 0));
    rules.more[1] = 1;
    CALL(create(&rules, sizeof rules, 0));
    rules.more[1] = 0, rules.file = 1ull << 60;
    CALL(create(&rules, 8, 0));
    rules.file = 0;
    CALL(create(&rules, 8, 0));
    rules.file = 0x1fff;
    int fd = CALL(create(&rules, sizeof rules, 0));
    SHOW("flags", fcntl(fd, F_GETFD));
    QUIET(mkdir("allowed", 0755)), QUIET(mkdir("denied", 0755));
    check_write_file("allowed/a", "a"), check_write_file("denied/d", "d");
    struct landlock_path_beneath_attr beneath = { .allowed_access = 0x1fff, .parent_fd = open("allowed", O_PATH) };
    RAW(landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 1);
    RAW(landlock_add_rule, fd, 77, &beneath, 0);
    RAW(landlock_add_rule, 0, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    RAW(landlock_add_rule, 99, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    RAW(landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, check_pages()->edge, 0);
    RAW(landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    beneath.allowed_access = 0;
    RAW(landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    beneath.allowed_access = LANDLOCK_ACCESS_FS_REFER;
    RAW(landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    beneath.allowed_access = 1, beneath.parent_fd = 99;
    RAW(landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    beneath.parent_fd = fd;
    RAW(landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    RAW(landlock_restrict_self, fd, 0x1000);
    RAW(landlock_restrict_self, 99, 0);
    RAW(landlock_restrict_self, 0, 0);
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    /* The program itself may be started again. */
    beneath.allowed_access = 1 << 0 | 1 << 2, beneath.parent_fd = open("/proc/self/exe", O_PATH);
    RAW(landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    RAW(landlock_restrict_self, fd, 0);
    open_file("allowed/a", O_RDWR), open_file("allowed/new", O_CREAT | O_RDWR);
    open_file("denied/d", O_RDONLY), open_file("denied/new", O_CREAT | O_RDWR), open_file("denied/d", O_PATH);
    CALL(rename("allowed/a", "denied/a"));
    CALL(mkdir("denied/x", 0700));
    CALL(chdir("denied"));
    CALL(access("d", R_OK));
    CHILD(open_file("d", O_RDONLY));
    CHILD(CALL(execl("d", "d", NULL)));
    CHILD(execl("/proc/self/exe", "again", "again", NULL));
    CALL(socket(AF_INET, SOCK_STREAM, 0) >= 0);
}

static int bpf(int command, union bpf_attr *attributes, unsigned size)
{
    return syscall(SYS_bpf, command, attributes, size);
}

static void programs(void)
{
    union bpf_attr a;
    uint32_t key = 1;
    uint64_t value = 0x1122334455667788;
    memset(&a, 0, sizeof a);
    a.map_type = BPF_MAP_TYPE_ARRAY, a.key_size = 4, a.value_size = 8, a.max_entries = 4;
    int map = bpf(BPF_MAP_CREATE, &a, sizeof a);
    CALL(map < 0 ? -1 : 0);
    CALL(bpf(BPF_MAP_CREATE, &a, 4096));
    CALL(bpf(BPF_MAP_CREATE, &a, 1 << 20));
    CALL(bpf(BPF_MAP_CREATE, (union bpf_attr *)check_pages()->edge, sizeof a));
    CALL(bpf(999, &a, sizeof a));
    a.value_size = 0;
    CALL(bpf(BPF_MAP_CREATE, &a, sizeof a));
    if (map < 0) return;
    memset(&a, 0, sizeof a);
    a.map_fd = map, a.key = (uintptr_t)&key, a.value = (uintptr_t)&value;
    CALL(bpf(BPF_MAP_UPDATE_ELEM, &a, sizeof a));
    value = 0;
    CALL(bpf(BPF_MAP_LOOKUP_ELEM, &a, sizeof a));
    SHOW("value", value);
    key = 77;
    CALL(bpf(BPF_MAP_LOOKUP_ELEM, &a, sizeof a));
    a.key = (uintptr_t)check_pages()->edge;
    CALL(bpf(BPF_MAP_LOOKUP_ELEM, &a, sizeof a));
    key = 1, a.key = (uintptr_t)&key, a.value = (uintptr_t)check_pages()->readonly;
    CALL(bpf(BPF_MAP_LOOKUP_ELEM, &a, sizeof a));
    a.next_key = (uintptr_t)&value, value = 0;
    CALL(bpf(BPF_MAP_GET_NEXT_KEY, &a, sizeof a));
    SHOW("next", value);
    CALL(bpf(BPF_MAP_DELETE_ELEM, &a, sizeof a));
    /* A program that lets everything through, attached to a socket. */
    struct bpf_insn code[2] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 3 }, { .code = BPF_JMP | BPF_EXIT } };
    char log[256] = "";
    memset(&a, 0, sizeof a);
    a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, a.insns = (uintptr_t)code, a.insn_cnt = 2, a.license = (uintptr_t)"GPL";
    a.log_buf = (uintptr_t)log, a.log_size = sizeof log, a.log_level = 1;
    int program = bpf(BPF_PROG_LOAD, &a, sizeof a);
    CALL(program < 0 ? -1 : 0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CALL(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, 4));
    code[0].dst_reg = 12;
    CALL(bpf(BPF_PROG_LOAD, &a, sizeof a));
    printf("log is %s\n", log[0] ? "written" : "empty");
    a.insns = (uintptr_t)check_pages()->edge;
    CALL(bpf(BPF_PROG_LOAD, &a, sizeof a));
    a.insns = (uintptr_t)code, a.license = (uintptr_t)check_pages()->edge;
    CALL(bpf(BPF_PROG_LOAD, &a, sizeof a));
}

static int event(struct perf_event_attr *attributes, pid_t pid, int cpu, int group, unsigned long flags)
{
    return syscall(SYS_perf_event_open, attributes, pid, cpu, group, flags);
}

static void events(void)
{
    struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof a, .config = PERF_COUNT_SW_PAGE_FAULTS, .exclude_kernel = 1, .disabled = 1 };
    int fd = event(&a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    CALL(fd < 0 ? -1 : 0);
    CALL(event(&a, -1, -1, -1, 0));
    CALL(event(&a, 0x7ffffff0, -1, -1, 0));
    CALL(event(&a, 0, 9999, -1, 0));
    CALL(event(&a, 0, -1, 99, 0));
    CALL(event(&a, 0, -1, -1, 0x1000));
    CALL(event((struct perf_event_attr *)check_pages()->edge, 0, -1, -1, 0));
    a.size = 8;
    CALL(event(&a, 0, -1, -1, 0));
    SHOW("size is told", a.size > 60);
    a.size = 5000;
    CALL(event(&a, 0, -1, -1, 0));
    a.size = sizeof a, a.type = 77;
    CALL(event(&a, 0, -1, -1, 0));
    if (fd < 0) return;
    uint64_t count = 77, id = 0;
    CALL(read(fd, &count, 4));
    CALL(read(fd, &count, 8));
    SHOW("count", count);
    CALL(ioctl(fd, PERF_EVENT_IOC_ENABLE, 0));
    CALL(ioctl(fd, PERF_EVENT_IOC_DISABLE, 0));
    CALL(ioctl(fd, PERF_EVENT_IOC_RESET, 0));
    CALL(ioctl(fd, PERF_EVENT_IOC_ID, &id));
    CALL(id != 0);
    CALL(ioctl(fd, PERF_EVENT_IOC_PERIOD, &id));
    CALL(ioctl(fd, PERF_EVENT_IOC_ID, check_pages()->edge));
    struct perf_event_mmap_page *page = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CALL(page == MAP_FAILED ? -1 : 0);
    if (page != MAP_FAILED) SHOW("data", page->data_offset);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        printf("%s: started\n", argv[1]);
        return 5;
    }
    SECTION("bpf");
    programs();
    SECTION("perf_event_open");
    events();
    SECTION("landlock");
    landlock();
    return 0;
}
