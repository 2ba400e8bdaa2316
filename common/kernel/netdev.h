/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_NETDEV_H
#define GUESTARP_KERNEL_NETDEV_H
/* What one message tells of a device beyond a struct link. */

#include "kernel/netlink.h"
#include "kernel/netstate.h"

/* One RTM_NEWLINK message. -EBADMSG. */
int netdev_parse(struct nlmsghdr *answer, struct netdev *ret_device);

#endif
