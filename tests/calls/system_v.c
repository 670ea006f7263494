/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * System V shared memory, semaphores and message queues, in an IPC namespace of the program's own.
 */
#include "check.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define SHM_EXECUTABLE 0100000

static bool is_error(void *address) { return address == (void *)-1; }

static void show_attached(const char *label, int id)
{
    struct shmid_ds segment;
    int result = shmctl(id, IPC_STAT, &segment);
    if (result) printf("%s: %s\n", label, check_error(errno));
    else printf("%s: attached %d mode %o size %zu own %d\n", label, (int)segment.shm_nattch, segment.shm_perm.mode, segment.shm_segsz,
                segment.shm_cpid == getpid());
}

static void faults(volatile char *address, int write)
{
    CHILD(if (write) *address = 1; else (void)*address);
}

static void segments(void)
{
    int id = shmget(IPC_PRIVATE, 3 * PAGE + 5, IPC_CREAT | 0640);
    CALL(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600));
    CALL(shmget(0x1234, 10, 0));
    CALL(shmget(0x1234, 1ull << 62, IPC_CREAT | 0600) == -1 ? -1 : 0);
    int key = shmget(0x1234, 10, IPC_CREAT | IPC_EXCL | 0600);
    CALL(shmget(0x1234, 10, IPC_CREAT | IPC_EXCL | 0600));
    CALL(shmget(0x1234, 11, 0));
    CALL(shmget(0x1234, PAGE + 1, 0));
    CALL(shmget(0x1234, 10, 0) == key);
    show_attached("fresh", id);
    char *a = shmat(id, NULL, 0);
    CALL(is_error(a) ? -1 : 0);
    CALL(((uintptr_t)a & (PAGE - 1)) == 0);
    show_attached("one", id);
    char *b = shmat(id, NULL, SHM_RDONLY);
    CALL(is_error(b) ? -1 : 0);
    strcpy(a + PAGE, "shared");
    SHOW_TEXT("seen", b + PAGE);
    faults(b, true);
    faults(a + 4 * PAGE - 1, true);
    show_attached("two", id);
    CALL(is_error(shmat(id, a + 1, 0)) ? -1 : 0);
    CALL(is_error(shmat(id, a, 0)) ? -1 : 0);
    CALL(is_error(shmat(id, a + 1, SHM_RND)) ? -1 : 0);
    CALL(is_error(shmat(id, NULL, SHM_REMAP)) ? -1 : 0);
    CALL(is_error(shmat(id, a + 1, SHM_REMAP)) ? -1 : 0);
    CALL(is_error(shmat(-1, NULL, 0)) ? -1 : 0);
    CALL(is_error(shmat(9999, NULL, 0)) ? -1 : 0);
    CALL(is_error(shmat(id, (void *)-PAGE, 0)) ? -1 : 0);
    CALL(is_error(shmat(id, (void *)(1ull << 62), 0)) ? -1 : 0);
    CALL(shmat(id, b + 100, SHM_REMAP | SHM_RND) == b ? 0 : 1);
    show_attached("remapped", id);
    CALL((b[0] = 5, a[0] == 5));
    char *place = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(place, 1, 8 * PAGE);
    CALL(shmat(id, place + 2 * PAGE, SHM_REMAP) == place + 2 * PAGE ? 0 : 1);
    printf("around: %d %d %d\n", place[0], place[2 * PAGE], place[6 * PAGE]);
    CALL(shmdt(place + PAGE));
    CALL(shmdt(place + 3 * PAGE));
    CALL(shmdt(place + 2 * PAGE + 1));
    CALL(shmdt(place + 2 * PAGE));
    CALL(shmdt(place + 2 * PAGE));
    CALL(shmat(id, place + 2 * PAGE, 0) == place + 2 * PAGE ? 0 : 1);
    /* Cut in the middle: shmdt takes away what is left of it. */
    CALL(munmap(place + 3 * PAGE, PAGE));
    CALL(mprotect(place + 4 * PAGE, PAGE, PROT_READ));
    show_attached("cut", id);
    CALL(shmdt(place + 2 * PAGE));
    show_attached("gone", id);
    faults(place + 5 * PAGE, false);
    CALL(mremap(b, 4 * PAGE, 2 * PAGE, 0) == b ? 0 : 1);
    CALL(shmdt(b));
    show_attached("shrunk", id);
    CALL(shmctl(id, SHM_LOCK, NULL));
    show_attached("locked", id);
    CALL(shmctl(id, SHM_UNLOCK, NULL));
    struct shmid_ds segment;
    QUIET(shmctl(id, IPC_STAT, &segment));
    segment.shm_perm.mode = 0604;
    CALL(shmctl(id, IPC_SET, &segment));
    show_attached("set", id);
    segment.shm_perm.uid = -1;
    CALL(shmctl(id, IPC_SET, &segment));
    CALL(shmctl(id, 99, &segment));
    CALL(shmctl(id, IPC_STAT | 0x100, &segment));
    struct shminfo limits;
    struct shm_info used;
    OK(shmctl(0, IPC_INFO, (struct shmid_ds *)&limits));
    printf("min %lu seg %lu\n", limits.shmmin, limits.shmseg);
    OK(shmctl(0, SHM_INFO, (struct shmid_ds *)&used));
    printf("ids %d\n", used.used_ids);
    CALL(shmctl(0, SHM_STAT, &segment) == id);
    CALL(shmctl(0, SHM_STAT_ANY, &segment) == id);
    CALL(shmctl(50, SHM_STAT, &segment));
    WILD(shmctl, "..o", id, IPC_STAT, 0);
    WILD(shmctl, "..i", id, IPC_SET, 0);
    WILD(shmctl, "..o", 0, IPC_INFO, 0);
    WILD(shmctl, "..o", 0, SHM_INFO, 0);
    CALL(shmctl(id, IPC_RMID, NULL));
    show_attached("removed", id);
    char *c = shmat(id, NULL, 0);
    CALL(is_error(c) ? -1 : 0);
    CHILD(show_attached("in a child", id));
    CALL(shmdt(c));
    CALL(shmdt(a));
    show_attached("destroyed", id);
    CALL(is_error(shmat(id, NULL, 0)) ? -1 : 0);
    c = shmat(key, NULL, SHM_EXECUTABLE);
    CALL(is_error(c) ? -1 : 0);
    CALL(shmdt(c));
    CALL(shmctl(key, IPC_RMID, NULL));
    CALL(shmdt(NULL));
}

union semun { int val; struct semid_ds *buf; unsigned short *array; struct seminfo *info; };

static void show_semaphores(const char *label, int id)
{
    unsigned short values[4] = { 0 };
    int result = semctl(id, 0, GETALL, values);
    if (result) printf("%s: %s\n", label, check_error(errno));
    else printf("%s: %u %u %u %u\n", label, values[0], values[1], values[2], values[3]);
}

static void on_alarm(int signal) { (void)signal; }

static void semaphores(void)
{
    int id = semget(IPC_PRIVATE, 4, IPC_CREAT | 0600);
    unsigned short values[4] = { 1, 2, 3, 4 };
    struct semid_ds status;
    struct seminfo limits;
    CALL(semget(IPC_PRIVATE, -1, IPC_CREAT));
    CALL(semget(IPC_PRIVATE, 0, IPC_CREAT));
    CALL(semget(IPC_PRIVATE, 1 << 30, IPC_CREAT));
    CALL(semctl(id, 0, SETALL, values));
    show_semaphores("set", id);
    CALL(semctl(id, 2, SETVAL, 9));
    CALL(semctl(id, 2, SETVAL, -1));
    CALL(semctl(id, 2, SETVAL, 40000));
    CALL(semctl(id, 4, SETVAL, 1));
    CALL(semctl(id, -1, GETVAL));
    CALL(semctl(id, 2, GETVAL));
    CALL(semctl(id, 2, GETPID) == getpid());
    CALL(semctl(id, 2, GETNCNT));
    CALL(semctl(id, 2, GETZCNT));
    CALL(semctl(id, 0, IPC_STAT, &status));
    printf("count %lu mode %o\n", status.sem_nsems, status.sem_perm.mode);
    status.sem_perm.mode = 0640;
    CALL(semctl(id, 0, IPC_SET, &status));
    OK(semctl(0, 0, IPC_INFO, &limits));
    SHOW("largest", limits.semvmx);
    OK(semctl(0, 0, SEM_INFO, &limits));
    SHOW("sets", limits.semusz);
    CALL(semctl(0, 0, SEM_STAT, &status) == id);
    SHOW("count", status.sem_nsems);
    CALL(semctl(0, 0, SEM_STAT_ANY, &status) == id);
    CALL(semctl(id, 0, 55, &status));
    CALL(semctl(id, 0, IPC_STAT | 0x100, &status));
    WILD(semctl, "...o", id, 0, IPC_STAT, 0);
    WILD(semctl, "...i", id, 0, IPC_SET, 0);
    WILD(semctl, "...o", id, 0, GETALL, 0);
    WILD(semctl, "...i", id, 0, SETALL, 0);
    WILD(semctl, "...o", 0, 0, IPC_INFO, 0);
    QUIET(semctl(id, 0, SETALL, values));
    struct sembuf operations[3] = { { 0, 1, 0 }, { 1, -2, 0 }, { 3, -5, IPC_NOWAIT } };
    CALL(semop(id, operations, 3));
    show_semaphores("all or nothing", id);
    CALL(semop(id, operations, 2));
    show_semaphores("done", id);
    CALL(semop(id, operations, 0));
    CALL(semop(id, operations, 501));
    CALL(semop(-1, operations, 1));
    operations[0].sem_num = 4;
    CALL(semop(id, operations, 1));
    operations[0] = (struct sembuf){ 0, 32767, 0 };
    CALL(semop(id, operations, 1));
    WILD(semop, ".i.", id, 0, 1);
    struct timespec little = { 0, 10000000 };
    operations[0] = (struct sembuf){ 0, -100, 0 };
    CALL(semtimedop(id, operations, 1, &little));
    little.tv_nsec = -1;
    CALL(semtimedop(id, operations, 1, &little));
    little.tv_nsec = 1000000000;
    CALL(semtimedop(id, operations, 1, &little));
    little.tv_nsec = 1000000;
    WILD(semtimedop, "...i", id, (long)(struct sembuf[]){ { 0, 0, IPC_NOWAIT } }, 1, 0);
    /* Undone when the process ends. */
    struct sembuf undo[2] = { { 0, -1, SEM_UNDO }, { 2, 5, SEM_UNDO } };
    CHILD(semop(id, undo, 2); show_semaphores("in the child", id));
    show_semaphores("undone", id);
    /* A signal interrupts it, even with SA_RESTART. */
    sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_alarm, .sa_flags = SA_RESTART }, NULL);
    pid_t child = fork();
    if (child == 0) {
        printf("interrupted: %s\n", semop(id, operations, 1) ? check_error(errno) : "ok");
        exit(0);
    }
    while (semctl(id, 0, GETNCNT) == 0) usleep(1000);
    kill(child, SIGUSR1);
    check_wait("interrupted", child);
    child = fork();
    if (child == 0) {
        printf("removed: %s\n", semop(id, operations, 1) ? check_error(errno) : "ok");
        exit(0);
    }
    while (semctl(id, 0, GETNCNT) == 0) usleep(1000);
    QUIET(semctl(id, 0, IPC_RMID));
    check_wait("removed", child);
    CALL(semop(id, operations, 1));
}

static void queues(void)
{
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    struct { long type; char text[64]; } message = { 1, "text" };
    struct msqid_ds status;
    struct msginfo limits;
    CALL(msgsnd(id, &message, 5, 0));
    message.type = 0;
    CALL(msgsnd(id, &message, 5, 0));
    message.type = -1;
    CALL(msgsnd(id, &message, 5, 0));
    message.type = 3;
    CALL(msgsnd(id, &message, -1, 0));
    CALL(msgsnd(id, &message, 1 << 20, 0));
    CALL(msgsnd(id, &message, 0, 0));
    message.type = 2;
    CALL(msgsnd(id, &message, 64, IPC_NOWAIT));
    CALL(msgctl(id, IPC_STAT, &status));
    printf("messages %lu bytes %lu limit %lu own %d\n", status.msg_qnum, status.__msg_cbytes, status.msg_qbytes, status.msg_lspid == getpid());
    CALL(msgrcv(id, &message, 10, 2, IPC_NOWAIT));
    CALL(msgrcv(id, &message, 10, 2, IPC_NOWAIT | MSG_NOERROR));
    CALL(msgrcv(id, &message, 64, 99, IPC_NOWAIT));
    CALL(msgrcv(id, &message, 64, 1, IPC_NOWAIT | MSG_EXCEPT));
    SHOW("type", message.type);
    CALL(msgrcv(id, &message, 64, 0, MSG_COPY));
    CALL(msgrcv(id, &message, 64, 0, MSG_COPY | IPC_NOWAIT));
    CALL(msgrcv(id, &message, 64, -5, IPC_NOWAIT));
    CALL(msgrcv(id, &message, -1, 0, IPC_NOWAIT));
    CALL(msgrcv(id, &message, 64, 0, IPC_NOWAIT));
    status.msg_qbytes = 100;
    CALL(msgctl(id, IPC_SET, &status));
    message.type = 7;
    CALL(msgsnd(id, &message, 60, IPC_NOWAIT));
    CALL(msgsnd(id, &message, 60, IPC_NOWAIT));
    OK(msgctl(0, IPC_INFO, (struct msqid_ds *)&limits));
    printf("%d %d\n", limits.msgmax, limits.msgmnb);
    OK(msgctl(0, MSG_INFO, (struct msqid_ds *)&limits));
    SHOW("queues", limits.msgpool);
    CALL(msgctl(0, MSG_STAT, &status) == id);
    CALL(msgctl(0, MSG_STAT_ANY, &status) == id);
    CALL(msgctl(id, 77, &status));
    WILD(msgctl, "..o", id, IPC_STAT, 0);
    WILD(msgctl, "..i", id, IPC_SET, 0);
    WILD(msgctl, "..o", 0, IPC_INFO, 0);
    WILD(msgctl, "..o", 0, MSG_INFO, 0);
    WILD(msgsnd, ".i..", id, 0, 4, IPC_NOWAIT);
    WILD(msgrcv, ".o...", id, 0, 64, 0, IPC_NOWAIT);
    sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = on_alarm, .sa_flags = SA_RESTART }, NULL);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        usleep(50000), kill(parent, SIGUSR1);
        exit(0);
    }
    CALL(msgrcv(id, &message, 64, 5, 0));
    check_wait("signal", child);
    child = fork();
    if (child == 0) {
        printf("removed: %s\n", msgrcv(id, &message, 64, 5, 0) ? check_error(errno) : "ok");
        exit(0);
    }
    usleep(50000);
    QUIET(msgctl(id, IPC_RMID, NULL));
    check_wait("removed", child);
    CALL(msgget(0x77, 0));
}

int main(void)
{
    if (unshare(CLONE_NEWIPC) && unshare(CLONE_NEWUSER | CLONE_NEWIPC)) SKIP("no IPC namespaces");
    SECTION("shared memory");
    segments();
    SECTION("semaphores");
    semaphores();
    SECTION("message queues");
    queues();
    return 0;
}
