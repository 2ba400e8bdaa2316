/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One guest's part of the table, changed in place; the whole table where that is missing. */

#include "effect/quieting_guest.h"

#include <errno.h>

#include "base/cleanup.h"
#include "effect/quieting_host.h"
#include "host/lock.h"
#include "kernel/quiet.h"

/* Names of the kind that are there although they should not be are deleted. The first one stands for all. */
static int delete_names(struct netlink *nl, const struct guest *guest, bool loud,
			int (*add)(const struct guest *guest, bool loud, struct quiet_names *list), bool *ret_deleted,
			struct err *err)
{
	struct quiet_names all = { 0 };
	struct quiet_names there = { 0 };
	const struct quiet_names none = { 0 };
	int r = add(guest, loud, &all);

	for (size_t i = 0; r == 0 && i < all.count; i++) {
		bool has = false;

		r = quiet_has(nl, &all.list[i], &has, err);
		if (r == 0 && !has && i == 0)
			break;
		if (r == 0 && has)
			r = quiet_names_add(&there, all.list[i].text, loud);
	}
	if (r == -ENOMEM)
		(void)err_errno(err, ENOMEM, "names");
	if (r == 0 && there.count > 0) {
		r = quiet_change(nl, &none, &there, err);
		*ret_deleted = true;
	}
	quiet_names_done(&all);
	quiet_names_done(&there);
	return r;
}

static int ensure(struct netlink *nl, const struct guest *guest, const struct names *names, bool *ret_quieted,
		  struct outcome *outcome, struct err *err)
{
	struct quiet_names wanted = { 0 };
	size_t quiet = 0;
	size_t loud = 0;
	int r = names_add(names, guest, &wanted);

	if (r < 0)
		r = err_errno(err, ENOMEM, "names");
	if (r == 0 && wanted.count > 0)
		r = quiet_ensure(nl, &wanted, &quiet, &loud, err);
	if (r == 0 && quiet > 0)
		quieting_host_say(outcome, "quiet by name", &wanted, false);
	if (r == 0 && loud > 0)
		quieting_host_say(outcome, "left alone", &wanted, true);
	quiet_names_done(&wanted);
	if (r == 0)
		*ret_quieted = quiet > 0;
	return r;
}

static int unwanted(struct netlink *nl, const struct guest *guest, const struct policy *policy,
		    const struct names *names, bool *ret_deleted, struct err *err)
{
	int r = 0;

	if (policy->broken)
		return 0;
	if (names->firewall == NAMES_NOWHERE)
		r = delete_names(nl, guest, false, names_add_firewall, ret_deleted, err);
	/* Only beside the names for all guests is a firewall bridge left alone by name. */
	if (r == 0 && names->firewall == NAMES_OF_ALL)
		r = delete_names(nl, guest, true, names_add_firewall, ret_deleted, err);
	if (r == 0 && (!policy->quiet_ports || !policy_manages(policy, guest)))
		r = delete_names(nl, guest, false, names_add_ports, ret_deleted, err);
	return r;
}

/* This guest's own names, too: while it is on its way here, its configuration is on another node. */
static int whole_table(const struct guest *guest, const struct names *names, struct outcome *outcome, struct err *err)
{
	struct quiet_names also = { 0 };
	int r = names_add(names, guest, &also);

	r = r < 0 ? err_errno(err, ENOMEM, "names") : quieting_host_with(&also, outcome, err);
	quiet_names_done(&also);
	return r;
}

static int has_all(struct netlink *nl, const struct guest *guest, bool *ret_has, struct err *err)
{
	struct quiet_name name;

	names_other_of_all(guest, &name);
	return quiet_has(nl, &name, ret_has, err);
}

static int by_name(struct netlink *nl, const struct guest *guest, const struct policy *policy, enum names_ports ports,
		   enum quieting *ret_quieting, struct outcome *outcome, struct err *err)
{
	struct names names = names_plan(guest, policy, policy_manages(policy, guest), ports);
	struct lock lock = LOCK_RELEASED;
	bool quieted = false;
	bool deleted = false;
	bool whole = true;
	bool missing; /* the table, or it has names of the other form: policy has just begun, or ceased, to cover all */
	int r;

	/* A full /run keeps nobody from being quiet; what the lock is for is rare. */
	(void)lock_names(false, &lock, NULL);
	r = ensure(nl, guest, &names, &quieted, outcome, err);
	/* The names for all guests are there already, and may be what is meant by a policy that cannot be read. */
	if (r == -EEXIST && policy->broken) {
		names.firewall = NAMES_NOWHERE;
		r = ensure(nl, guest, &names, &quieted, outcome, err);
	}
	if (r == 0)
		r = unwanted(nl, guest, policy, &names, &deleted, err);
	/* Of the names for all these are only the guest's own part. */
	if (r == 0 && names.firewall == NAMES_OF_ALL)
		r = has_all(nl, guest, &whole, err);
	missing = r == -ENOENT || r == -EEXIST || !whole;
	lock_release(&lock);
	*ret_quieting = quieted || missing ? QUIETING_MADE : QUIETING_KEPT;
	return missing ? whole_table(guest, &names, outcome, err) : r;
}

int quieting_guest(const struct guest *guest, const struct policy *policy, enum names_ports ports,
		   enum quieting *ret_quieting, struct outcome *outcome, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	int r;

	*ret_quieting = QUIETING_KEPT;
	if (guest->kind != GUEST_PVE)
		return 0;
	r = netlink_open_netfilter(&nl, err);
	if (r == 0)
		r = by_name(nl, guest, policy, ports, ret_quieting, outcome, err);
	if (r == -EPROTONOSUPPORT || r == -EOPNOTSUPP) {
		*ret_quieting = QUIETING_UNSUPPORTED;
		quieting_host_unsupported(outcome);
		r = 0;
	}
	return r < 0 ? err_wrap(err, "quiet by name") : 0;
}
