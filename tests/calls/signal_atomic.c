/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Waits that let a signal through for their time only: it comes at a random moment around the call and must end each of them.
 */
#include "check.h"
#include <sys/epoll.h>
#include <sys/select.h>

enum { WAITS = 1200 };
static volatile sig_atomic_t count;
static void note(int signal) { (void)signal; count++; }
static void dawdle(void) { for (volatile int i = rand() % 3000; i > 0; i--) continue; }

static void send_back(int from)
{
    char byte;
    while (read(from, &byte, 1) == 1) {
        dawdle();
        kill(getppid(), SIGUSR1);
    }
    _exit(0);
}

int main(void)
{
    int fds[2], late = 0, queue = epoll_create1(0);
    sigset_t blocked, none;
    struct timespec limit = { 3, 0 };
    struct epoll_event event;
    signal(SIGUSR1, note);
    sigemptyset(&none), sigemptyset(&blocked), sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    QUIET(pipe(fds));
    pid_t child = fork();
    if (child == 0) {
        close(fds[1]);
        send_back(fds[0]);
    }
    for (int i = 0; i < WAITS && late < 5; i++) {
        long result;
        count = 0;
        QUIET(write(fds[1], "x", 1));
        dawdle();
        switch (i % 4) {
        case 0: result = ppoll(NULL, 0, &limit, &none); break;
        case 1: result = pselect(0, NULL, NULL, NULL, &limit, &none); break;
        case 2: result = epoll_pwait(queue, &event, 1, 3000, &none); break;
        default: result = sigsuspend(&none);
        }
        late += !(result < 0 && errno == EINTR && count == 1);
    }
    close(fds[1]);
    waitpid(child, NULL, 0);
    SHOW("not ended by the signal", late);
    return 0;
}
