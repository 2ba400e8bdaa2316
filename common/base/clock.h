/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_CLOCK_H
#define GUESTARP_BASE_CLOCK_H
/* CLOCK_MONOTONIC, which nobody sets. */

#include <stdint.h>

int64_t clock_us(void);
int64_t clock_ms(void);

#endif
