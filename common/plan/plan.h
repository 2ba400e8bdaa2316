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
 * Before the guest's devices exist: the values of "devices", the bridges' MACs. Notes say what is missing.
 * -ENODEV when something that this guest needs is not there (the rest of the plan is complete all the same).
 */
int plan_prepare(const struct guest *guest, const struct policy *policy, const struct facts *facts, struct plan *plan,
		 struct notes *notes, struct err *err);

/* Firewall bridges that exist: NOARP and arp_ignore 1. -ENOMEM. */
int plan_quiet(const struct guest *guest, const struct policy *policy, const struct facts *facts, struct plan *plan,
	       struct err *err);

/* Its devices exist: proxy entries on the chosen device alone, host routes. */
int plan_up(const struct guest *guest, const struct policy *policy, const struct facts *facts, struct plan *plan,
	    struct notes *notes, struct err *err);

/* May this guest have the address at all, as far as the facts tell? Not one of the host's own, its gateway, ... */
bool plan_sane(const struct guest *guest, const struct policy *policy, const struct facts *facts, const struct ip *ip);

/* The device whose entry for the address is planned, "" for none. */
const char *plan_entry_device(const struct plan *plan, const struct ip *ip);

/* Leaves out what is planned for the address: it is another guest's. */
void plan_leave_out(struct plan *plan, const struct ip *ip);

/* A locally administered MAC, the same for the same machine and bridge for ever. */
void plan_derive_mac(const char *machine_id, const char *bridge, struct mac *ret_mac);

#endif
