/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_LIBC_H
#define GUESTARP_BASE_LIBC_H
/* What glibc 2.12 (OpenVZ 6's) has under another name. */

#include <stdlib.h>

#if !__GLIBC_PREREQ(2, 17)
#define secure_getenv __secure_getenv
#endif

#endif
