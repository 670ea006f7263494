/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * clone in its kinds, and execve: errors before the point of no return, programs named by path, directory, descriptor or
 * memory file, scripts, from a thread, with all descriptors closed; what the new program finds.
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char self[4096], directory[4096] = "/tmp/clone_and_exec.XXXXXX", script[8192];
static volatile int shared;
static char clone_stack[65536] __attribute__((aligned(16)));

/* -- the program that is exec'ed: checks what it was given -------------------------------------------------------------------- */

static int be_child(int count, char **arguments)
{
    const char *what = arguments[1], *name = (const char *)getauxval(AT_EXECFN);
    char comm[16];
    sigset_t mask;
    CHECK(prctl(PR_GET_NAME, comm) == 0);
    if (strcmp(what, "plain") == 0)
        return strcmp(arguments[0], "other-name") == 0 && strcmp(getenv("MARK"), "kept") == 0 && strncmp(name, self, 1) == 0 ? 40 : 41;
    if (strcmp(what, "descriptor") == 0)
        return strncmp(name, "/dev/fd/", 8) == 0 ? 40 : 41;
    if (strcmp(what, "script-argument") == 0)
        return count == 4 && strcmp(arguments[2], script) == 0 && strcmp(arguments[3], "last") == 0 && strcmp(comm, "script") == 0 ? 40 : 41;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    struct sigaction action;
    sigaction(SIGINT, NULL, &action);
    return strcmp(what, "signals") == 0 && sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGSEGV) && action.sa_handler == SIG_IGN ? 40 : 41;
}

/* -- exec ------------------------------------------------------------------------------------------------------------------------ */

static int status_of(void (*action)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        action();
        perror("exec");
        _exit(99);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *const plain[] = { "other-name", "plain", NULL }, *const by_descriptor[] = { "x", "descriptor", NULL };
static char *const with_mark[] = { "MARK=kept", NULL };

static void by_path(void) { execve(self, plain, with_mark); }
static void by_own_name(void) { execve("/proc/self/exe", plain, with_mark); }
static void by_program_descriptor(void) { execveat(open(self, O_PATH | O_CLOEXEC), "", by_descriptor, with_mark, AT_EMPTY_PATH); }
static void by_script(void) { execve(script, (char *[]){ "lost", "last", NULL }, environ); }
static void after_closing(void)
{
    for (int fd = 3; fd < 1200; fd++)
        close(fd);
    by_path();
}

static void by_directory(void)
{
    char *slash = strrchr(self, '/');
    *slash = 0;
    int fd = open(self, O_PATH | O_DIRECTORY);
    execveat(fd, slash + 1, by_descriptor, with_mark, 0);
}

static void by_memory_file(void)
{
    static char bytes[65536];
    int from = open(self, O_RDONLY), to = memfd_create("program", MFD_CLOEXEC);
    for (ssize_t size; (size = read(from, bytes, sizeof bytes)) > 0;)
        CHECK(write(to, bytes, (size_t)size) == size);
    fexecve(to, by_descriptor, with_mark);
}

static void *exec_thread(void *unused)
{
    by_path();
    return unused;
}

static void from_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, exec_thread, NULL);
    sleep(20);
}

static void with_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGINT, SIG_IGN);
    execve(self, (char *[]){ "x", "signals", NULL }, environ);
}

static void make_files(void)
{
    char text[8192];
    CHECK(mkdtemp(directory));
    snprintf(script, sizeof script, "%s/script", directory);
    int fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0755), size = snprintf(text, sizeof text, "#! %s script-argument\n", self);
    CHECK(write(fd, text, (size_t)size) == size && close(fd) == 0);
}

static void fails(const char *path, char *const *arguments, char *const *environment, int error)
{
    errno = 0;
    CHECK(execve(path, arguments, environment) == -1 && errno == error);
}

static void check_exec(void)
{
    char *bad[] = { "x", (char *)8, NULL };
    make_files();
    fails("/nonexistent", plain, environ, ENOENT);
    fails("", plain, environ, ENOENT);
    fails("/", plain, environ, EACCES);
    fails("/etc/passwd", plain, environ, EACCES);
    fails("/etc/passwd/x", plain, environ, ENOTDIR);
    fails((const char *)8, plain, environ, EFAULT);
    fails(self, bad, environ, EFAULT);
    fails(self, (char **)8, environ, EFAULT);
    CHECK(status_of(by_path) == 40);
    CHECK(status_of(by_own_name) == 40);
    CHECK(status_of(by_program_descriptor) == 40);
    CHECK(status_of(by_directory) == 40);
    CHECK(status_of(by_memory_file) == 40);
    /* A name longer than the 256 bytes of a script's first line cannot be told. */
    CHECK(strlen(self) > 200 || status_of(by_script) == 40);
    CHECK(status_of(from_thread) == 40);
    CHECK(status_of(after_closing) == 40);
    CHECK(status_of(with_signals) == 40);
    CHECK(unlink(script) == 0 && rmdir(directory) == 0);
}

/* -- clone ------------------------------------------------------------------------------------------------------------------------ */

static int clone_child(void *argument)
{
    shared = 42;
    *(volatile int *)argument = 7;
    return 3;
}

static void check_clone(int flags, bool shares)
{
    volatile int local = 0;
    int status;
    shared = 0;
    pid_t pid = clone(clone_child, clone_stack + sizeof clone_stack, flags | SIGCHLD, (void *)&local);
    CHECK(pid > 0);
    CHECK(!(flags & CLONE_VFORK) || shared == (shares ? 42 : 0));
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
    CHECK(shared == (shares ? 42 : 0) && local == (shares ? 7 : 0));
}

static void check_spawn(void)
{
    int status;
    pid_t pid;
    CHECK(posix_spawn(&pid, "/nonexistent", NULL, NULL, plain, environ) == ENOENT);
    CHECK(posix_spawn(&pid, self, NULL, NULL, plain, with_mark) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 40);
    CHECK(system("exit 6") == 6 << 8);
}

/* Actions set in the child are the child's. */
static void check_vfork_actions(void)
{
    int status;
    signal(SIGUSR1, SIG_DFL);
    pid_t pid = vfork();
    if (pid == 0) {
        signal(SIGUSR1, SIG_IGN);
        _exit(2);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 2);
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
}

int main(int count, char **arguments)
{
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    CHECK(length > 0);
    if (count > 1 && strcmp(arguments[1], "script-argument") == 0)
        snprintf(script, sizeof script, "%s", (const char *)getauxval(AT_EXECFN));
    if (count > 1)
        return be_child(count, arguments);
    CHECK(open("/", O_PATH) == 3);        /* nothing of ours is in the way */
    close(3);
    check_exec();
    check_clone(CLONE_VM, true);
    check_clone(CLONE_VM | CLONE_VFORK, true);
    check_clone(CLONE_VFORK, false);
    check_clone(CLONE_FILES | CLONE_FS, false);
    check_clone(0, false);
    check_spawn();
    check_vfork_actions();
    return 0;
}
