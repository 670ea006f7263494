/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Job control on a terminal of its own: sessions, groups, the foreground, characters that send signals, reading and writing from the
 * background, hang-up; signals to stopped processes; what waitid tells.
 */
#include "check.h"
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <pthread.h>

static int controller, terminal;
static volatile sig_atomic_t count[65];
static void note(int signal) { count[signal]++; }

static void say_wait(const char *what, pid_t pid, int options)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    long result = waitid(P_PID, (id_t)pid, &info, options);
    if (result < 0) printf("%s: %s\n", what, check_error(errno));
    else printf("%s: signo %d code %d status %d, that one %d\n", what, info.si_signo, info.si_code, info.si_status, info.si_pid == pid);
}

static void stopping(void)
{
    SECTION("stopped processes");
    static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
    for (int i = 0; i < 4; i++) {
        /* Of a child that has ended, waitid tells no more that it was continued: it goes on when that was seen. */
        int seen[2];
        char byte = 0;
        QUIET(pipe(seen));
        pid_t child = fork();
        if (child == 0) {
            signal(SIGCONT, note), signal(SIGUSR1, note);
            setpgid(0, 0);
            raise(stops[i]);
            if (read(seen[0], &byte, 1) != 1) _exit(99);
            _exit(count[SIGCONT] * 10 + count[SIGUSR1]);
        }
        say_wait("stopped", child, WSTOPPED);
        kill(child, SIGUSR1);
        usleep(10000);
        say_wait("still", child, WSTOPPED | WNOHANG);
        kill(child, SIGCONT);
        say_wait("continued", child, WCONTINUED);
        QUIET(write(seen[1], &byte, 1));
        close(seen[0]), close(seen[1]);
        say_wait("ended", child, WEXITED | WNOWAIT);
        say_wait("ended", child, WEXITED);
        say_wait("gone", child, WEXITED);
    }
    pid_t child = fork();
    if (child == 0) for (;;) raise(SIGSTOP);
    say_wait("stopped", child, WSTOPPED | WEXITED);
    kill(child, SIGTERM);
    usleep(10000);
    say_wait("SIGTERM waits", child, WEXITED | WNOHANG);
    kill(child, SIGKILL);
    say_wait("SIGKILL does not", child, WEXITED);
    child = fork();
    if (child == 0) {
        sigset_t set;
        sigemptyset(&set), sigaddset(&set, SIGTSTP), sigaddset(&set, SIGCONT);
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGTSTP);
        kill(getpid(), SIGCONT);
        sigset_t left;
        sigpending(&left);
        _exit(sigismember(&left, SIGTSTP) * 10 + sigismember(&left, SIGCONT));
    }
    say_wait("SIGCONT takes pending stops away", child, WEXITED | WSTOPPED);
    /* A thread that is in a loop stops too. */
    child = fork();
    if (child == 0) for (;;) continue;
    usleep(20000);
    kill(child, SIGSTOP);
    say_wait("a loop stops", child, WSTOPPED);
    kill(child, SIGCONT);
    say_wait("goes on", child, WCONTINUED);
    kill(child, SIGTERM);
    say_wait("and ends", child, WEXITED);
}

static void press(char key) { if (write(controller, &key, 1) != 1) printf("not written\n"); }

/* A child that leads a session on the terminal, with a handler that notes. */
static void leader(void)
{
    setsid();
    ioctl(terminal, TIOCSCTTY, 0);
    static const int noted[] = { SIGINT, SIGQUIT, SIGTSTP, SIGHUP, SIGWINCH, SIGCONT };
    for (int i = 0; i < 6; i++) signal(noted[i], note);
}

static void wait_for(int signal)
{
    for (int i = 0; i < 2000 && !count[signal]; i++) usleep(1000);
}

static void keys(void)
{
    SECTION("keys");
    pid_t child = fork();
    if (child == 0) {
        leader();
        SHOW("foreground is ours", tcgetpgrp(terminal) == getpgrp());
        press(3), wait_for(SIGINT);
        SHOW("SIGINT", count[SIGINT]);
        press(28), wait_for(SIGQUIT);
        SHOW("SIGQUIT", count[SIGQUIT]);
        press(26), wait_for(SIGTSTP);
        SHOW("SIGTSTP", count[SIGTSTP]);
        struct winsize size = { 33, 44, 0, 0 };
        CALL(ioctl(controller, TIOCSWINSZ, &size));
        wait_for(SIGWINCH);
        SHOW("SIGWINCH", count[SIGWINCH]);
        fflush(stdout);
        pid_t inner = fork();
        if (inner == 0) {
            char byte;
            setpgid(0, 0);
            signal(SIGTTIN, SIG_DFL);
            alarm(20);
            long got = read(terminal, &byte, 1);
            _exit(got == 1 ? byte : 99);
        }
        setpgid(inner, inner);
        say_wait("reading in the background", inner, WSTOPPED | WEXITED);
        CALL(tcsetpgrp(terminal, inner));
        kill(inner, SIGCONT);
        say_wait("continued", inner, WCONTINUED);
        press('x'), press('\n');
        say_wait("read in the foreground", inner, WEXITED);
        signal(SIGTTOU, SIG_IGN);
        CALL(tcsetpgrp(terminal, getpgrp()));
        signal(SIGTTOU, SIG_DFL);
        fflush(stdout);
        inner = fork();
        if (inner == 0) {
            struct termios settings;
            setpgid(0, 0);
            tcgetattr(terminal, &settings);
            settings.c_lflag |= TOSTOP;
            alarm(20);
            long result = tcsetattr(terminal, TCSANOW, &settings);
            _exit(result == 0 ? 5 : 6);
        }
        setpgid(inner, inner);
        say_wait("settings from the background", inner, WSTOPPED | WEXITED);
        kill(inner, SIGKILL);
        say_wait("killed", inner, WEXITED);
        inner = fork();
        if (inner == 0) {
            setpgid(0, 0);
            signal(SIGTTOU, SIG_IGN), signal(SIGTTIN, SIG_IGN);
            char byte;
            long result = read(terminal, &byte, 1);
            _exit(result < 0 && errno == EIO ? 7 : 8);
        }
        say_wait("SIGTTIN ignored", inner, WEXITED);
        CALL(tcsetpgrp(terminal, 1));
        CALL(tcgetsid(terminal) == getsid(0));
        fflush(stdout);
        close(controller);
        wait_for(SIGHUP);
        SHOW("SIGHUP", count[SIGHUP]);
        SHOW("SIGCONT with it", count[SIGCONT] > 0);
        exit(4);
    }
    close(controller);
    say_wait("the leader", child, WEXITED);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(50);
    stopping();
    QUIET(openpty(&controller, &terminal, NULL, NULL, NULL));
    keys();
    return 0;
}
