/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_CHOICE_H
#define GUESTARP_PLAN_CHOICE_H
/* What configuration and policy together choose for a guest: addresses, their NIC, the device, the route. Pure. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/ip.h"
#include "guest/guest.h"
#include "policy/policy.h"

/*
 * The addresses that are to be answered for: the policy's, for the guest or for one of its NICs, or else the guest's
 * own. In buffer, or where they are already.
 */
const struct ip *plan_ips(const struct guest *guest, const struct policy *policy, struct ip buffer[GUEST_IPS_MAX],
			  size_t *ret_count);

/* What the policy says of a NIC, NULL where it lists no addresses for it, and for no NIC. */
const struct policy_nic *plan_listed(const struct policy *policy, const struct guest_nic *nic);

/* The NIC that the address belongs to, by the policy or the configuration; NULL for none. */
const struct guest_nic *plan_nic(const struct guest *guest, const struct policy *policy, const struct ip *ip);

/* As plan_device() and plan_route(), for one address: what policy says of its NIC comes first. */
const char *plan_device_of(const struct guest *guest, const struct policy *policy, const struct ip *ip);
const char *plan_route_of(const struct guest *guest, const struct policy *policy, const struct ip *ip);

/*
 * The device that is to answer: the guest's own choice in its configuration, else the policy's; "" for none, and
 * where policy is broken.
 */
const char *plan_device(const struct guest *guest, const struct policy *policy);

/* The device towards the guest that gets its host routes: the policy's, else its platform's; "" for none. */
const char *plan_route(const struct guest *guest, const struct policy *policy);

/*
 * Is the guest in need of the host's device: does it answer for one of its addresses, lead to it, or is it one of its
 * bridges? Policy's "devices" name others as well, which are no reason to keep it from starting.
 */
bool plan_uses(const struct guest *guest, const struct policy *policy, const char *device);

/* "vmbr1v7" of vmbr1 and tag 7, as PVE::Network names a bridge per VLAN; "" where there is none or no room. */
void plan_vlan_bridge(const struct guest_nic *nic, char ret_name[IFNAMSIZ]);

#endif
