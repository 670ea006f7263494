/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The substitution tables of AES (FIPS 197, sections 5.1.1 and 5.3.2). Hosts share these; the rounds they write each for themselves, and
 * check each other.
 */
#ifndef FERRY_HOST_AES_TABLES_H
#define FERRY_HOST_AES_TABLES_H

#include <stdint.h>

extern const uint8_t aes_sbox[256], aes_inverse_sbox[256];

#endif
