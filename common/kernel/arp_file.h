/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_ARP_FILE_H
#define GUESTARP_KERNEL_ARP_FILE_H
/* IPv4's proxy entries by /proc/net/arp, for kernels that have no list of them (before Linux 3.4). */

#include "base/err.h"
#include "kernel/proxy.h"

/* Calls take for each until it returns other than 0; returns that. It shows the caller's network namespace. */
int arp_file_proxies(int (*take)(const struct proxy_entry *entry, void *arg), void *arg, struct err *err);

#endif
