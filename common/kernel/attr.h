/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_ATTR_H
#define GUESTARP_KERNEL_ATTR_H
/* Attributes of netlink messages, one in another. */

#include <netlink/attr.h>

/* NULL where the nest has none, or is NULL. */
struct nlattr *attr_within(const struct nlattr *nest, int type);

#endif
