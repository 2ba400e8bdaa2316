/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_NETDEV_H
#define GUESTARP_KERNEL_NETDEV_H
/* The list of all devices, and what one of its messages tells beyond a struct link. */

#include "kernel/netlink.h"
#include "kernel/netstate.h"

/* One RTM_NEWLINK message. -EBADMSG. */
int netdev_parse(struct nlmsghdr *answer, struct netdev *ret_device);

/* A message for each device of the host, without counters. Otherwise as netlink_dump(). Never for a hook. */
int netdev_list(struct netlink *nl, netlink_answer_fn take, void (*restart)(void *arg), void *arg, struct err *err);

#endif
