/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_KLOG_H
#define GUESTARP_KERNEL_KLOG_H
/* The kernel's log (Documentation/ABI/testing/dev-kmsg), and what it says of packets that rp_filter refuses. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"

#define KLOG_LINE 1024

struct klog_line {
	int64_t us; /* when it was written, on about the clock of base/clock.h */
	char text[KLOG_LINE];
};

/* Needs CAP_SYSLOG where kernel.dmesg_restrict is set. The descriptor is the caller's to close. */
int klog_open(int *ret_fd, struct err *err);

/* The next line that the kernel itself has written. 1, or 0 at the end. */
int klog_next(int fd, struct klog_line *ret_line, struct err *err);

/* "IPv4: martian source 192.0.2.1 from 192.0.2.9, on dev eth0" (net/ipv4/route.c ip_handle_martian_source()). */
struct martian {
	struct ip target;
	struct ip sender;
	char device[IFNAMSIZ];
};
bool klog_parse_martian(const char *text, struct martian *ret_martian);

/* The line behind it, "ll header: 00000000: ff ff ...": the Ethernet header of the packet. type is its EtherType. */
bool klog_parse_header(const char *text, struct mac *ret_source, uint16_t *ret_type);

#endif
