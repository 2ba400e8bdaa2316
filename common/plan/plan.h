/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_PLAN_H
#define GUESTARP_PLAN_PLAN_H
/* (guest, policy, host facts) -> the settings that must hold. Pure: no file, no socket. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"
#include "guest/guest.h"
#include "plan/facts.h"
#include "plan/setting.h"
#include "policy/policy.h"

struct plan {
	struct setting *settings;
	size_t count;
	size_t room;
};

/* -ENOMEM. Also builds other lists of settings (records). */
int plan_add(struct plan *plan, const struct setting *setting);
void plan_done(struct plan *plan);

/* The setting of the list that is the same fact, or NULL. */
struct setting *plan_find(const struct plan *plan, const struct setting *setting);

/*
 * The addresses that are to be answered for: the policy's, for the guest or for one of its NICs, or else the guest's
 * own. In buffer, or where they are already.
 */
const struct ip *plan_ips(const struct guest *guest, const struct policy *policy, struct ip buffer[GUEST_IPS_MAX],
			  size_t *ret_count);

/* The NIC that the address belongs to, by the policy or the configuration; NULL for none. */
const struct guest_nic *plan_nic(const struct guest *guest, const struct policy *policy, const struct ip *ip);

/* As plan_device() and plan_route(), for one address: what policy says of its NIC comes first. */
const char *plan_device_of(const struct guest *guest, const struct policy *policy, const struct ip *ip);
const char *plan_route_of(const struct guest *guest, const struct policy *policy, const struct ip *ip);

/*
 * The device that is to answer: the guest's own choice in its configuration, else the policy's; "" for none, while the
 * guest runs elsewhere, and where policy is broken.
 */
const char *plan_device(const struct guest *guest, const struct policy *policy);

/* The device towards the guest that gets its host routes: the policy's, else its platform's; "" for none. */
const char *plan_route(const struct guest *guest, const struct policy *policy);

/* "vmbr1v7" of vmbr1 and tag 7, as PVE::Network names a bridge per VLAN; "" where there is none or no room. */
void plan_vlan_bridge(const struct guest_nic *nic, char ret_name[IFNAMSIZ]);

/*
 * Before the guest's devices exist: the values of "devices", the bridges' MACs. Notes say what is missing.
 * -ENODEV when something that policy names is not there (the rest of the plan is complete all the same).
 */
int plan_prepare(const struct guest *guest, const struct policy *policy, const struct facts *facts, struct plan *plan,
		 struct notes *notes, struct err *err);

/* Firewall bridges that exist: NOARP and arp_ignore 1. -ENOMEM. */
int plan_quiet(const struct guest *guest, const struct policy *policy, const struct facts *facts, struct plan *plan,
	       struct err *err);

/* Its devices exist: proxy entries on the chosen device alone, host routes. */
int plan_up(const struct guest *guest, const struct policy *policy, const struct facts *facts, struct plan *plan,
	    struct notes *notes, struct err *err);

/* A locally administered MAC, the same for the same machine and bridge for ever. */
void plan_derive_mac(const char *machine_id, const char *bridge, struct mac *ret_mac);

#endif
