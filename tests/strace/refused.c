/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Programs that cannot be started: each exec is one line, with the error. With an argument: goes to that directory and starts itself there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void write_program(const char *name, const void *content, size_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    write(fd, content, size);
    close(fd);
}

/* A program of the host's whose interpreter is not there. */
static void copy_without_interpreter(const char *name)
{
    static char content[1 << 20];
    int fd = open("/bin/true", O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, content, sizeof content);
    char *interpreter = size > 0 ? memmem(content, (size_t)size, "/lib64/ld-", 10) : NULL;
    close(fd);
    if (interpreter) interpreter[1] = 'x';
    write_program(name, content, size > 0 ? (size_t)size : 0);
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "text", "lost", "empty", "missing", "/", "script", "unlinked", "short" };
    char *arguments[] = { "x", NULL }, *environment[] = { "A=1", NULL };
    if (argc > 1) {
        arguments[0] = argv[0];
        return chdir(argv[1]) || execve(argv[0], arguments, environment);
    }
    write_program("text", "hello\n", 6);
    write_program("lost", "#!/no/such/interpreter\n", 23);
    write_program("empty", "", 0);
    write_program("script", "#!./text\n", 9);
    write_program("short", "\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\7", 20);
    copy_without_interpreter("unlinked");
    syscall(SYS_getpid);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) execve(names[i], arguments, environment);
    write(-1, "eight; and seven more, so that there are fifteen lines", 54);
    for (int i = 0; i < 6; i++) close(-1);
    syscall(SYS_getpid);
    return 0;
}
