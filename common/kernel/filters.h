/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_FILTERS_H
#define GUESTARP_KERNEL_FILTERS_H
/* Who may drop or change ARP before the kernel's own answer: chains of nf_tables and the old tables. */

#include <stdbool.h>

#include "base/err.h"
#include "kernel/quiet.h"

struct filters {
	bool known;  /* the kernel has nf_tables for ARP, and the caller may look */
	bool denied; /* the caller may not */
	bool others; /* see filters_take() */
	struct quiet_table quiet;
};

/*
 * guestarp's own table, and whether somebody else has a chain where ARP passes by: of family arp, bridge (but for what
 * goes from port to port) or netdev, or at inet's ingress, that has rules or drops; or a table of arptables or
 * ebtables. others is true as well where the caller may not look. Where guestarp's own table was changed by others it
 * is one of theirs. To be released with quiet_names_done(&filters->quiet.names).
 */
int filters_take(struct filters *ret_filters, struct err *err);

#endif
