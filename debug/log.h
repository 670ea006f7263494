/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Trace channels and where their text goes. The one place with process-wide mutable state besides the signal entry: channels
 * are asked for in every corner, and messages must get out when everything else is broken.
 */
#ifndef FERRY_DEBUG_LOG_H
#define FERRY_DEBUG_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* The first six and LOG_CPU have translate.h's values (enum translate_trace). */
enum log_channel {
    LOG_DECODE = 1, LOG_IR = 2, LOG_PASSES = 4, LOG_HOST = 8, LOG_RUN = 16, LOG_FAULT = 32,
    LOG_SYSCALL = 64, LOG_SIGNAL = 128, LOG_UNIMPLEMENTED = 256, LOG_PAGE = 512, LOG_CPU = 1024,
    LOG_NO_LINK = 1 << 16,                /* not a channel: -d nochain */
    LOG_TRANSLATOR = LOG_DECODE | LOG_IR | LOG_PASSES | LOG_HOST | LOG_RUN | LOG_FAULT | LOG_CPU,
};

/* Comma-separated names of ours (--trace, FERRY_LOG) or qemu's (-d); adds to *channels. false: *bad is the unknown name. */
bool log_parse(const char *names, unsigned *channels, char *bad, size_t bad_size);
/* Prints the names with a word on each. */
void log_list(void);

void log_enable(unsigned channels);
bool log_enabled(unsigned channels);
/* Sends the text to a file (a %d in its name becomes the process id). false: errno. */
bool log_to_file(const char *path);
/* It goes where the program before this one in the same process sent it. */
void log_inherit(int fd);
/* The process that one of both was called in; 0: none. */
int log_process(void);
/* Where the text goes; 2 at first. Whoever moves the descriptor writes the new number there. */
int *log_descriptor(void);
/* One write(2) each: lines of several threads do not mix. Async-signal-safe. */
void log_text(void *unused, const char *text);
void log_printf(unsigned channel, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
