/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_EFFECT_ANSWERING_H
#define GUESTARP_EFFECT_ANSWERING_H
/* Will devices answer for the proxy entries that a guest has on them? */

#include <stdbool.h>
#include <stddef.h>

#include "answer/reason.h"
#include "base/ip.h"
#include "base/log.h"
#include "kernel/address.h"
#include "kernel/link.h"
#include "kernel/netlink.h"

struct answering {
	const struct link *link;
	const struct ip *ip;
	enum answer_reason reason; /* of IPv6 forwarding and the route alone are looked at */
	int way; /* ifindex of the device by which packets from there would leave; 0 for none, -1 where not known */
};

/*
 * IPv4's by the model, with the entries as they are to be. One question to routing for each; with routed false, as the
 * platform may be yet to add its route, none.
 */
void answering_ask_each(struct netlink *nl, const struct addresses *addresses, bool routed, struct answering *list,
			size_t count);

/* "eth3 will not answer for 192.0.2.7: forwarding is off (command)"; command "" for none. */
void answering_note(struct notes *notes, const char *device, const struct ip *ip, enum answer_reason reason,
		    const char *command);

#endif
