/* SPDX-License-Identifier: GPL-2.0-or-later
 * fork, vfork, posix_spawn with a missing program, exec of ourselves, of scripts and of native programs, argv[0], environment,
 * /proc/self/exe, close-on-exec, pipes, wait statuses, fork from a threaded program.
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int wait_for(pid_t pid)
{
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

static void read_all(int fd, char *buffer, size_t size)
{
    size_t used = 0;
    ssize_t got;
    while ((got = read(fd, buffer + used, size - 1 - used)) > 0)
        used += (size_t)got;
    buffer[used] = 0;
    close(fd);
}

static void run_and_read(const char *path, char *const argv[], char *const envp[], char *buffer, size_t size)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execve(path, argv, envp);
        _exit(126);
    }
    close(ends[1]);
    read_all(ends[0], buffer, size);
    int status = wait_for(pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void *idle(void *argument)
{
    pause();
    return argument;
}

int main(int argc, char **argv)
{
    char buffer[4096], self[4096];
    if (argc > 1 && strcmp(argv[1], "child") == 0) {
        printf("%s|%s|%s|%d\n", argv[0], argv[2], getenv("MARK") ? getenv("MARK") : "none", fcntl(100, F_GETFD) == -1);
        return 0;
    }
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    CHECK(length > 0);
    self[length] = 0;
    CHECK(strstr(self, "processes") != NULL);

    /* vfork shares memory, and the error of a failed exec is seen. */
    volatile int shared = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        shared = 1;
        execl("/nonexistent/program", "x", (char *)NULL);
        shared = errno;
        _exit(5);
    }
    CHECK(shared == ENOENT && WEXITSTATUS(wait_for(pid)) == 5);
    char *const nothing[] = {"x", NULL};
    CHECK(posix_spawn(&pid, "/nonexistent/program", NULL, NULL, nothing, environ) == ENOENT);

    /* exec of ourselves: argv[0] as given, environment exactly, close-on-exec closed. */
    CHECK(fcntl(1, F_DUPFD_CLOEXEC, 100) >= 100);
    char *const again[] = {"other name", "child", "an argument", NULL};
    char *const marked[] = {"MARK=1", NULL}, *const empty[] = {NULL};
    run_and_read(self, again, marked, buffer, sizeof buffer);
    CHECK(strcmp(buffer, "other name|an argument|1|1\n") == 0);
    run_and_read(self, again, empty, buffer, sizeof buffer);
    CHECK(strcmp(buffer, "other name|an argument|none|1\n") == 0);
    run_and_read("/proc/self/exe", again, empty, buffer, sizeof buffer);
    CHECK(strcmp(buffer, "other name|an argument|none|1\n") == 0);

    /* A script whose interpreter is us. */
    char script[] = "/tmp/ferry-test-XXXXXX";
    int fd = mkstemp(script);
    CHECK(fd >= 0);
    CHECK(dprintf(fd, "#!%s child\n", self) > 0 && fchmod(fd, 0755) == 0 && close(fd) == 0);
    char *const as_script[] = {"ignored", "argument", NULL};
    run_and_read(script, as_script, marked, buffer, sizeof buffer);
    CHECK(strstr(buffer, script) != NULL && strstr(buffer, "|1|") != NULL);
    unlink(script);

    /* A native program of the host (where there is one), through the shell. */
    FILE *shell = popen("echo native; exit 3", "r");
    CHECK(shell && fgets(buffer, sizeof buffer, shell) && strcmp(buffer, "native\n") == 0);
    CHECK(WEXITSTATUS(pclose(shell)) == 3);

    CHECK(execl("/tmp", "x", (char *)NULL) == -1 && errno == EACCES);
    CHECK(execl("/etc/passwd", "x", (char *)NULL) == -1 && errno == EACCES);

    pthread_t thread;
    pthread_create(&thread, NULL, idle, NULL);
    for (int i = 0; i < 20; i++) {
        pid = fork();
        if (pid == 0)
            _exit(i);
        CHECK(WEXITSTATUS(wait_for(pid)) == i);
    }
    return 0;
}
