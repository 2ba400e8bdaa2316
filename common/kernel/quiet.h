/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_QUIET_H
#define GUESTARP_KERNEL_QUIET_H
/*
 * Devices that answer no ARP request, by name: an nftables table of family arp with two sets of names. A name is in
 * force before its device exists and after it is gone, so no event has to be in time.
 *
 *	table arp guestarp {
 *		set quiet { type ifname; flags interval; }
 *		set loud { type ifname; flags interval; }
 *		chain input {
 *			type filter hook input priority filter; policy accept;
 *			iifname != @quiet accept
 *			arp operation request iifname != @loud drop
 *		}
 *	}
 *
 * A device that is in no set, such as the real bridge, costs one look-up. Only requests are dropped: the host's own
 *resolution by such a device goes on. Each function returns -EOPNOTSUPP on a kernel that has no nf_tables, or none for
 *ARP.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "kernel/netlink.h"

/* "fwbr101i*": every device whose name begins so; without the asterisk one device. */
struct quiet_name {
	char text[IFNAMSIZ];
	bool loud; /* in the set of those that are left alone all the same */
};

/* A name may overlap no other of its set ("fwbr1*" and "fwbr101i*"); the kernel says -EEXIST. */
struct quiet_names {
	struct quiet_name *list;
	size_t count;
	size_t room;
};

/* -ENOMEM. */
int quiet_names_add(struct quiet_names *names, const char *text, bool loud);

/* In order, and each once. */
void quiet_names_sort(struct quiet_names *names);

/* Of names in order. */
bool quiet_names_have(const struct quiet_names *names, const struct quiet_name *name);

/* Does a device of this name answer no request? Of names in order. */
bool quiet_names_cover(const struct quiet_names *names, const char *device);

void quiet_names_done(struct quiet_names *names);

/* What is in the kernel. */
struct quiet_table {
	bool exists;
	bool whole; /* it is as drawn above, and its sets hold nothing but names */
	struct quiet_names names;
};

/*
 * To be released with quiet_names_done(&table->names), also after a failure. In order. Lists both sets: not for a
 * hook.
 */
int quiet_read(struct netlink *nl, struct quiet_table *ret_table, struct err *err);

/*
 * Makes sure that the names are there, whether or not they were; *ret_quiet and *ret_loud say how many of either set
 * were not. -ENOENT without the table, -EEXIST where another name overlaps one.
 */
int quiet_ensure(struct netlink *nl, const struct quiet_names *names, size_t *ret_quiet, size_t *ret_loud,
		 struct err *err);

/* Is there a table of this name at all? */
int quiet_exists(struct netlink *nl, bool *ret_exists, struct err *err);

/* Is the name there? One that overlaps it is another. */
int quiet_has(struct netlink *nl, const struct quiet_name *name, bool *ret_has, struct err *err);

/* In one transaction. Each name of removed must be there (-ENOENT), none of added may overlap what stays. */
int quiet_change(struct netlink *nl, const struct quiet_names *added, const struct quiet_names *removed,
		 struct err *err);

/*
 * The table anew with these names, in one transaction, so that there is no moment without it. replace: in place of the
 * one that is there (-ENOENT when there is none); else -EEXIST when there is one.
 */
int quiet_make(struct netlink *nl, bool replace, const struct quiet_names *names, struct err *err);

/* What is not there is no failure. */
int quiet_drop(struct netlink *nl, struct err *err);

#endif
