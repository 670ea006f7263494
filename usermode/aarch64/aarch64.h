/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shared by the files of this folder.
 */
#ifndef FERRY_USERMODE_AARCH64_H
#define FERRY_USERMODE_AARCH64_H

#include "usermode/usermode.h"

extern const struct usermode_isa aarch64_usermode;

/* vdso_image.c */
enum { AARCH64_VDSO_SIZE = 2640, AARCH64_VDSO_SIGNAL_RETURN = 1684 };
extern const uint8_t aarch64_vdso[AARCH64_VDSO_SIZE];

int aarch64_push_frame(struct thread *thread, const siginfo_t *info, const struct signal_action *action, uint64_t mask);
int aarch64_pop_frame(struct thread *thread, bool (*set_mask)(struct thread *thread, uint64_t mask), bool *try_again);

#endif
