/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names of core files: kernel.core_pattern's escapes (core(5)). That a core is written there is for tests/cores and tests/calls/cores.c.
 */
#include "usermode/core_dump.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct process process = { .executable = "/root/of/guest/usr/bin/program", .sysroot = "/root/of/guest" };
static struct thread thread = { .process = &process, .tid = 4321 };
static char name[256];

static const char *expand(const char *pattern, bool add_pid)
{
    return core_name(&thread, pattern, add_pid, 11, 8192, name, sizeof name) ? name : "none";
}

static const char *with_pid(const char *format)
{
    static char text[64];
    snprintf(text, sizeof text, format, (int)getpid());
    return text;
}

Test(core_pattern, escapes)
{
    prctl(PR_SET_NAME, "a/name");
    cr_expect_str_eq(expand("core", false), "core");
    cr_expect_str_eq(expand("%%-%s-%i-%I-%c", false), "%-11-4321-4321-8192");
    cr_expect_str_eq(expand("/var/crash/%p", false), with_pid("/var/crash/%d"));
    cr_expect_str_eq(expand("%e", false), "a!name", "a slash in a name leads nowhere");
    cr_expect_str_eq(expand("%f:%E", false), "program:!usr!bin!program", "the guest's names");
    cr_expect_str_eq(expand("x%qy%", false), "xy", "unknown ones are dropped");
    prctl(PR_SET_NAME, "..");
    cr_expect_str_eq(expand("/tmp/%e/core", false), "/tmp/!./core");
}

Test(core_pattern, adds_the_pid_once)
{
    cr_expect_str_eq(expand("core", true), with_pid("core.%d"));
    cr_expect_str_eq(expand("core.%p", true), with_pid("core.%d"));
}

Test(core_pattern, none)
{
    cr_expect_str_eq(expand("|/usr/lib/systemd/systemd-coredump %P", false), "none");
    cr_expect_str_eq(expand("@/run/socket", false), "none");
    cr_expect_str_eq(expand("", false), "none");
    cr_expect_eq(core_name(&thread, "a name that is too long", false, 11, 0, name, 8), true);
    cr_expect_str_eq(name, "a name ");
}

Test(core_pattern, program)
{
    static struct core_command command;
    cr_expect(core_command(&thread, "|/usr/bin/collect %s x%qy%%  %f %F %", 11, 8192, &command));
    const char *const wanted[] = { "/usr/bin/collect", "11", "xy%", "program", "3", "", NULL };
    for (int i = 0; wanted[i]; i++)
        cr_expect_str_eq(command.arguments[i], wanted[i], "argument %d", i);
    cr_expect_null(command.arguments[6]);
    cr_expect(command.names_process);
    prctl(PR_SET_NAME, "two words");
    cr_expect(core_command(&thread, "|/bin/x %e", 11, 0, &command));
    cr_expect_str_eq(command.arguments[1], "two words", "words are told apart before");
    cr_expect_not(command.names_process);
    cr_expect_not(core_command(&thread, "|collect", 11, 0, &command), "a relative name");
    cr_expect_not(core_command(&thread, "|", 11, 0, &command));
    cr_expect_not(core_command(&thread, "core", 11, 0, &command));
}
