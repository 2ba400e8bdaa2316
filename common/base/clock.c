/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One clock in two units. */

#include "base/clock.h"

#include <time.h>

int64_t clock_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}
