/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * measure RUNS < list: times commands side by side. A line of the list is tab-separated:
 *   group  name  native-command  qemu-command  ferry-command        (an empty command is left out)
 * The commands of a line run in turn, RUNS times; the figure is the least CPU time (user + system, children included). Prints a
 * table in Markdown with slow-downs against native, the ratio qemu/ferry, and a geometric mean for each group.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NATIVE, QEMU, FERRY, WHO_COUNT };

struct figure { double cpu; long peak_kib; bool failed; };

static struct figure run_once(const char *command)
{
    struct rusage usage;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
        return (struct figure){.failed = true};
    return (struct figure){
        .cpu = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec),
        .peak_kib = usage.ru_maxrss,
        .failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0,
    };
}

struct mean { double log_sum[WHO_COUNT]; unsigned count[WHO_COUNT]; };

static void add_ratio(struct mean *mean, int who, double ratio)
{
    mean->log_sum[who] += log(ratio);
    mean->count[who]++;
}

static void print_mean(const char *group, const struct mean *mean)
{
    if (!group[0])
        return;
    double value[WHO_COUNT];
    for (int who = 0; who < WHO_COUNT; who++)
        value[who] = mean->count[who] ? exp(mean->log_sum[who] / mean->count[who]) : 0;
    printf("| **%s** | **geometric mean** | | **%.2f** | **%.2f** | %.2f | |\n", group, value[QEMU], value[FERRY],
           value[FERRY] > 0 ? value[QEMU] / value[FERRY] : 0);
    fflush(stdout);
}

static void measure_line(char *fields[5], int runs, struct mean *mean)
{
    struct figure best[WHO_COUNT] = {{.cpu = 1e9}, {.cpu = 1e9}, {.cpu = 1e9}};
    for (int run = 0; run < runs; run++) {
        for (int who = 0; who < WHO_COUNT; who++) {
            const char *command = fields[2 + who];
            if (!command[0] || command[0] == '-')
                continue;
            struct figure figure = run_once(command);
            best[who].failed |= figure.failed;
            if (figure.cpu < best[who].cpu)
                best[who].cpu = figure.cpu;
            if (figure.peak_kib > best[who].peak_kib)
                best[who].peak_kib = figure.peak_kib;
        }
    }
    printf("| %s | %s | %.4f |", fields[0], fields[1], best[NATIVE].cpu);
    for (int who = QEMU; who < WHO_COUNT; who++) {
        if (best[who].cpu >= 1e9) {
            printf(" |");
            continue;
        }
        double ratio = best[who].cpu / (best[NATIVE].cpu > 1e-6 ? best[NATIVE].cpu : 1e-6);
        printf(best[who].failed ? " %.2f (failed) |" : " %.2f |", ratio);
        if (!best[who].failed)
            add_ratio(mean, who, ratio);
    }
    printf(" %.2f | %+.1f |\n", best[FERRY].cpu > 0 && best[QEMU].cpu < 1e9 ? best[QEMU].cpu / best[FERRY].cpu : 0,
           (double)(best[FERRY].peak_kib - best[NATIVE].peak_kib) / 1024);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int runs = argc > 1 ? atoi(argv[1]) : 3;
    char line[8192], group[64] = "";
    struct mean mean = {{0}, {0}};
    printf("| group | what | native s | qemu / native | ferry / native | qemu / ferry | peak MiB over native |\n|---|---|---|---|---|---|---|\n");
    while (fgets(line, sizeof line, stdin)) {
        char *fields[5] = {0}, *rest = line;
        line[strcspn(line, "\n")] = 0;
        for (int i = 0; i < 5; i++)
            fields[i] = strsep(&rest, "\t");
        if (!fields[4])
            continue;
        if (strcmp(group, fields[0]) != 0) {
            print_mean(group, &mean);
            memset(&mean, 0, sizeof mean);
            snprintf(group, sizeof group, "%s", fields[0]);
        }
        measure_line(fields, runs, &mean);
    }
    print_mean(group, &mean);
    return 0;
}
