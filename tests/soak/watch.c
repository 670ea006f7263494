/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Runs a command of known length and watches its workers: watch INTERVAL SECONDS COMMAND…
 * A worker is a child of the command's first process; what its own children use counts as its own for progress, not for size. Every
 * INTERVAL seconds, of each worker: resident memory, threads, descriptors, and whether it or a descendant has used processor time or been
 * scheduled since. At the end each worker is judged by its smallest values in the second quarter of SECONDS and in the last one: what a
 * program needs now and then is no growth, what it never gives back is.
 * The last lines are `grew …`, `stuck …`, `left …` for what is wrong, and a summary. Status: the command's, or 1 if anything is.
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 256, PROCESSES = 8192, SAMPLES = 4096, STUCK_AFTER = 6 };
enum { RESIDENT, THREADS, DESCRIPTORS, VALUES };
static const char *const value_names[VALUES] = { "KB resident", "threads", "descriptors" };
static const long allowed[VALUES] = { 6144, 16, 4 };               /* and an eighth; threads come and go, up to 16 of a stressor */

struct sample { long values[VALUES]; bool alive; };
struct worker {
    pid_t pid;
    char name[32];
    unsigned long long progress;
    int idle;                                                       /* samples without progress, in a row */
    bool stuck;
    struct sample samples[SAMPLES];
};
struct process { pid_t pid, parent; unsigned long long ticks; };

static struct worker *workers[WORKERS];
static int worker_count, sample_count;
static long sample_times[SAMPLES], length;
static struct process processes[PROCESSES];
static int process_count;

static FILE *open_of(pid_t pid, const char *file)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/%s", (int)pid, file);
    return fopen(name, "r");
}

static bool read_process(pid_t pid, struct process *process)
{
    char line[1024];
    unsigned long long times[4];
    FILE *stat = open_of(pid, "stat");
    if (!stat) return false;
    bool read = fgets(line, sizeof line, stat);
    fclose(stat);
    const char *rest = read ? strrchr(line, ')') : NULL;
    if (!rest || sscanf(rest + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu", &process->parent, &times[0], &times[1], &times[2], &times[3]) != 5)
        return false;
    process->pid = pid;
    process->ticks = times[0] + times[1] + times[2] + times[3];
    return true;
}

static int count_entries(pid_t pid, const char *folder)
{
    char name[64];
    int count = 0;
    snprintf(name, sizeof name, "/proc/%d/%s", (int)pid, folder);
    DIR *directory = opendir(name);
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count > 2 ? count - 2 : 0;
}

static void read_processes(void)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    process_count = 0;
    while (proc && (entry = readdir(proc)) && process_count < PROCESSES)
        if (atoi(entry->d_name) > 0 && read_process(atoi(entry->d_name), &processes[process_count])) process_count++;
    if (proc) closedir(proc);
}

/* A line `name: number` of /proc/PID/status. */
static long status_number(pid_t pid, const char *label)
{
    char line[256];
    long number = 0;
    FILE *status = open_of(pid, "status");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, label, strlen(label)) == 0) number = atol(line + strlen(label));
    if (status) fclose(status);
    return number;
}

/* All threads' switches: a thread that only waits and is woken uses too little time to be seen. */
static unsigned long long switches(pid_t pid)
{
    char name[300], line[256];
    unsigned long long sum = 0, number;
    snprintf(name, sizeof name, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(name);
    const struct dirent *entry;
    while (tasks && (entry = readdir(tasks))) {
        snprintf(name, sizeof name, "/proc/%d/task/%s/status", (int)pid, entry->d_name);
        FILE *status = entry->d_name[0] == '.' ? NULL : fopen(name, "r");
        while (status && fgets(line, sizeof line, status))
            if (sscanf(line, "voluntary_ctxt_switches: %llu", &number) == 1 || sscanf(line, "nonvoluntary_ctxt_switches: %llu", &number) == 1) sum += number;
        if (status) fclose(status);
    }
    if (tasks) closedir(tasks);
    return sum;
}

static unsigned long long progress_of(pid_t pid)
{
    unsigned long long sum = switches(pid);
    for (int i = 0; i < process_count; i++) {
        if (processes[i].pid == pid) sum += processes[i].ticks;
        if (processes[i].parent == pid) sum += progress_of(processes[i].pid) + (unsigned long long)processes[i].pid;
    }
    return sum;
}

static struct worker *worker_with(pid_t pid)
{
    for (int i = 0; i < worker_count; i++)
        if (workers[i]->pid == pid) return workers[i];
    if (worker_count == WORKERS) return NULL;
    struct worker *worker = workers[worker_count++] = calloc(1, sizeof *worker);
    if (!worker) abort();
    worker->pid = pid;
    return worker;
}

static void take_sample(struct worker *worker)
{
    struct sample *sample = &worker->samples[sample_count];
    unsigned long long progress = progress_of(worker->pid);
    FILE *name = open_of(worker->pid, "comm");
    if (name && fgets(worker->name, sizeof worker->name, name)) worker->name[strcspn(worker->name, "\n")] = 0;
    if (name) fclose(name);
    *sample = (struct sample){ { status_number(worker->pid, "VmRSS:"), count_entries(worker->pid, "task"), count_entries(worker->pid, "fd") }, true };
    worker->idle = progress == worker->progress ? worker->idle + 1 : 0;
    worker->progress = progress;
    if (worker->idle == STUCK_AFTER) {
        worker->stuck = true;
        printf("stuck: %s (%d)\n", worker->name, (int)worker->pid);
    }
}

static void sample_all(pid_t command, time_t start)
{
    long sums[VALUES] = { 0 };
    int alive = 0;
    read_processes();
    for (int i = 0; i < process_count; i++) {
        struct worker *worker = processes[i].parent == command ? worker_with(processes[i].pid) : NULL;
        if (!worker) continue;
        take_sample(worker);
        alive++;
        for (int k = 0; k < VALUES; k++) sums[k] += worker->samples[sample_count].values[k];
    }
    sample_times[sample_count] = (long)(time(NULL) - start);
    printf("%5ld s: %d workers, %ld MB resident, %ld threads, %ld descriptors, %d processes in all\n", sample_times[sample_count], alive, sums[RESIDENT] / 1024,
           sums[THREADS], sums[DESCRIPTORS], process_count);
    fflush(stdout);
    if (sample_count < SAMPLES - 1) sample_count++;
}

/* Between two times, in quarters of the run. */
static long smallest(const struct worker *worker, int value, int from, int to)
{
    long least = -1;
    for (int i = 0; i < sample_count; i++)
        if (sample_times[i] >= from * length / 4 && sample_times[i] < to * length / 4 && worker->samples[i].alive && (least < 0 || worker->samples[i].values[value] < least)) least = worker->samples[i].values[value];
    return least;
}

static int judged;

static bool judge(const struct worker *worker, long before[VALUES], long after[VALUES])
{
    bool good = !worker->stuck;
    judged += smallest(worker, RESIDENT, 1, 2) >= 0 && smallest(worker, RESIDENT, 3, 4) >= 0;
    for (int k = 0; k < VALUES; k++) {
        long first = smallest(worker, k, 1, 2), last = smallest(worker, k, 3, 4);
        if (first < 0 || last < 0) continue;
        before[k] += first;
        after[k] += last;
        if (last <= first + first / 8 + allowed[k]) continue;
        printf("grew: %s (%d) from %ld to %ld %s\n", worker->name, (int)worker->pid, first, last, value_names[k]);
        good = false;
    }
    return good;
}

/* Orphans of the command come to us (PR_SET_CHILD_SUBREAPER). */
static int left_behind(void)
{
    int count = 0;
    sleep(2);
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
    read_processes();
    for (int i = 0; i < process_count; i++)
        if (processes[i].parent == getpid()) {
            printf("left: process %d\n", (int)processes[i].pid);
            kill(processes[i].pid, SIGKILL);
            count++;
        }
    return count;
}

static int run(pid_t command, int interval)
{
    int status = 0;
    time_t start = time(NULL), next = start + interval;
    while (waitpid(command, &status, WNOHANG) == 0) {
        sleep(1);
        if (time(NULL) < next) continue;
        sample_all(command, start);
        next = time(NULL) + interval;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    if (argc < 4) return 2;
    length = atol(argv[2]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t command = fork();
    if (command == 0) {
        execvp(argv[3], &argv[3]);
        _exit(127);
    }
    int status = run(command, atoi(argv[1])), bad = left_behind();
    long before[VALUES] = { 0 }, after[VALUES] = { 0 };
    for (int i = 0; i < worker_count; i++) bad += !judge(workers[i], before, after);
    printf("%d workers, %d judged, %d samples; least of the second and of the last quarter: %ld and %ld MB, %ld and %ld threads, %ld and %ld descriptors; status %d\n",
           worker_count, judged, sample_count, before[RESIDENT] / 1024, after[RESIDENT] / 1024, before[THREADS], after[THREADS], before[DESCRIPTORS], after[DESCRIPTORS], status);
    return status ? status : bad || !judged ? 1 : 0;
}
