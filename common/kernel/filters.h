/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_FILTERS_H
#define GUESTARP_KERNEL_FILTERS_H
/* Who may drop or change ARP before the kernel's own answer: chains of nf_tables and the old tables. */

#include <stdbool.h>

#include "base/err.h"
#include "kernel/quiet.h"

/*
 * guestarp's own table, and whether somebody else has a chain where ARP passes by: of family arp, bridge or netdev, or
 * at inet's ingress; or a table of arptables or ebtables. *ret_others is true as well where the caller may not look.
 * Where guestarp's own table was changed by others it is one of theirs. The table is to be released with
 * quiet_names_done().
 */
int filters_take(struct quiet_table *ret_table, bool *ret_others, struct err *err);

#endif
