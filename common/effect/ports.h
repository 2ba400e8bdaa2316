/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EFFECT_PORTS_H
#define GUESTARP_EFFECT_PORTS_H
/* A guest's ports, as the kernel shows them: are they in a bridge, or is one of them the guest's gateway? */

#include "base/err.h"
#include "guest/guest.h"
#include "kernel/netlink.h"
#include "plan/facts.h"
#include "plan/names.h"

/* What the kernel shows of the guest's ports, and where it has none of them what its configuration says. */
int ports_ask(struct netlink *nl, const struct guest *guest, struct facts *facts, enum names_ports *ret_ports,
	      struct err *err);

#endif
