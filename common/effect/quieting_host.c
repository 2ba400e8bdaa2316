/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole table, from all that the host knows of its guests. */

#include "effect/quieting_host.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "effect/ports.h"
#include "host/guests.h"
#include "host/record.h"
#include "kernel/address.h"
#include "kernel/route.h"

/* Another program may change the table between our look and our change. */
#define TRIES 5

#define SAID_MAX 8 /* guests and devices that a line names */

struct host {
	struct guest_list guests;
	bool guests_known;    /* /etc/pve is there: a guest that is not in it is nowhere */
	struct policy policy; /* for guests that nobody names, and the host's devices */
	struct quiet_names wanted;
	struct quiet_names held; /* of guests of which too little is known to take a name away */
	bool unread_said;
	bool asks_ports; /* there is no table that would know which of them are routed */
	struct netlink *nl;
	struct outcome *outcome;
};

/* ---- in words -------------------------------------------------------------------------------------------------------
 */

/* Whose name it is, as a reader thinks of it. */
static const char *owner_of(const char *text, char ret_owner[GUEST_NAME_SIZE])
{
	struct guest guest;
	bool port;

	if (names_parse(text, &guest, &port))
		return guest_name(&guest, ret_owner);
	(void)snprintf(ret_owner, GUEST_NAME_SIZE, "%s", names_all_cover(text) ? "every guest" : text);
	return ret_owner;
}

void quieting_host_say(struct outcome *outcome, const char *what, const struct quiet_names *names, bool loud)
{
	char said[SAID_MAX][GUEST_NAME_SIZE];
	char text[SETTING_TEXT] = "";
	size_t count = 0;

	for (size_t i = 0; i < names->count && count <= SAID_MAX; i++) {
		char owner[GUEST_NAME_SIZE];
		size_t j = 0;

		if (names->list[i].loud != loud)
			continue;
		(void)owner_of(names->list[i].text, owner);
		while (j < count && strcmp(said[j], owner) != 0)
			j++;
		if (j < count)
			continue;
		if (count == SAID_MAX) {
			(void)text_append(text, sizeof(text), ", ...");
			break;
		}
		(void)text_append(text, sizeof(text), "%s%s", count ? ", " : "", owner);
		memcpy(said[count++], owner, sizeof(owner));
	}
	if (count > 0)
		outcome_text(outcome, "%s: %s", what, text);
}

void quieting_host_unsupported(struct outcome *outcome)
{
	if (record_first("no-nf_tables"))
		notes_add(&outcome->notes,
			  "this kernel has no nf_tables for ARP: a firewall bridge is quiet only from the "
			  "moment when guestarp sees it");
}

/* ---- what is wanted ------------------------------------------------------------------------------------------------
 */

/* Guests whose names stay whatever is planned: that their configuration is unreadable just now says nothing. */
static int hold_all(struct host *host, const struct guest *guest)
{
	int r = 0;

	for (int loud = 0; r == 0 && loud < 2; loud++) {
		r = names_add_firewall(guest, loud, &host->held);
		if (r == 0)
			r = names_add_ports(guest, loud, &host->held);
	}
	return r;
}

/* A mistake in the policy is every guest's: one of them is told. */
static void say_unread(struct host *host, const struct guest *guest, const struct err *failure)
{
	char name[GUEST_NAME_SIZE];

	if (!host->unread_said)
		notes_add(&host->outcome->notes, "the quiet names of %s may not be right: %s", guest_name(guest, name),
			  failure->text);
	host->unread_said = true;
}

/* A port that is routed may be its guest's gateway just now, and the table that has left it alone is gone. */
static enum names_ports ports_of(struct host *host, const struct guest *guest)
{
	enum names_ports ports = names_ports_of(guest);
	static struct facts facts;

	if (!host->asks_ports || ports != NAMES_PORTS_BRIDGED)
		return ports;
	facts_init(&facts);
	/* What cannot be asked is as the configuration says. */
	(void)ports_ask(host->nl, guest, &facts, &ports, NULL);
	facts_done(&facts);
	return ports;
}

static int want_guest(struct host *host, struct guest *guest)
{
	static struct policy policy;
	struct err failure;
	bool readable = guest_read(guest, &failure) == 0;
	bool managed;
	struct names names;
	int r = 0;

	/* It may have been destroyed since it was listed. */
	if (!readable && failure.code != ENOENT)
		say_unread(host, guest, &failure);
	if (policy_load_like(&policy, &host->policy, guest, &failure) < 0 && policy.broken)
		say_unread(host, guest, &failure);
	managed = policy_manages(&policy, guest);
	names = names_plan(guest, &policy, managed, readable && managed ? ports_of(host, guest) : NAMES_PORTS_UNKNOWN);
	if (!readable || policy.broken)
		r = hold_all(host, guest);
	/* A port that was seen to be routed is left alone from then on: at a start it is in its bridge until the
	 * administrator's own script takes it out. */
	else if (managed && names.ports == NAMES_QUIET)
		r = names_add_ports(guest, true, &host->held);
	if (r == 0 && names.firewall != NAMES_OF_ALL)
		r = names_add(&names, guest, &host->wanted);
	else if (r == 0 && names.ports != NAMES_NOWHERE)
		r = names_add_ports(guest, names.ports == NAMES_LOUD, &host->wanted);
	policy_done(&policy);
	return r;
}

/* A device by which the host itself is reached has to answer. One that is not there cannot carry anything yet. */
static int may_be_quiet(struct netlink *nl, const char *device, struct notes *notes, bool *ret_may, struct err *err)
{
	struct addresses addresses = { 0 };
	struct link link;
	bool addressed = false;
	bool routed = false;
	int r = link_get(nl, device, &link, err);

	*ret_may = true;
	if (r == -ENODEV)
		return 0;
	if (r == 0)
		r = addresses_get(nl, AF_INET, &addresses, err);
	for (size_t i = 0; i < addresses.count; i++)
		addressed = addressed || addresses.list[i].ifindex == link.ifindex;
	addresses_done(&addresses);
	if (r == 0)
		r = route_by_device(nl, link.ifindex, &routed, err);
	*ret_may = !addressed && !routed;
	if (r == 0 && !*ret_may)
		notes_add(notes, "devices.%s.quiet: %s, so it has to answer; left alone", device,
			  addressed ? "it has an IPv4 address" : "an IPv4 route leaves by it");
	return r;
}

static int want_devices(struct host *host, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;

	for (size_t i = 0; i < host->policy.device_count; i++) {
		const char *device = host->policy.devices[i].name;
		bool may = false;
		int r = 0;

		if (!host->policy.devices[i].quiet || names_all_cover(device))
			continue;
		if (!nl)
			r = netlink_open(&nl, err);
		if (r == 0)
			r = may_be_quiet(nl, device, &host->outcome->notes, &may, err);
		if (r < 0)
			return r;
		if (may && quiet_names_add(&host->wanted, device, false) < 0)
			return err_errno(err, ENOMEM, "names");
	}
	return 0;
}

static int want(struct host *host, struct err *err)
{
	const struct guest other = { .kind = GUEST_PVE };
	int r;

	(void)policy_load(&host->policy, &other, NULL);
	r = guest_list_configured(&host->guests, err);
	for (size_t i = 0; r == 0 && i < host->guests.count; i++) {
		if (host->guests.list[i].kind == GUEST_PVE)
			r = want_guest(host, &host->guests.list[i]);
	}
	if (r == 0 && names_for_all(&host->policy))
		r = names_add_all(&host->wanted);
	if (r == -ENOMEM)
		return err_errno(err, ENOMEM, "names");
	return r < 0 ? r : want_devices(host, err);
}

/* ---- what stays -----------------------------------------------------------------------------------------------------
 */

static bool stays(const struct host *host, const struct quiet_name *name)
{
	static struct guest guest;
	bool port;

	if (!names_parse(name->text, &guest, &port))
		return host->policy.broken;
	if (!port && names_for_all(&host->policy) && !name->loud)
		return false;
	if (guest_list_has(&host->guests, &guest))
		return quiet_names_have(&host->held, name);
	/* Destroyed, or on another node, from where it may be on its way. */
	if (!host->guests_known)
		return true;
	/* Asked twice: it may move from one node to another while the nodes are looked at one by one. */
	for (int look = 0; look < 2; look++) {
		if (guest_in_cluster(&guest))
			return true;
	}
	return false;
}

/* What is wanted, and what stays. */
static int final_names(const struct host *host, const struct quiet_table *table, struct quiet_names *ret_names)
{
	bool of_all = names_form_of(&host->wanted) != NAMES_FORM_SINGLE ||
		      (host->policy.broken && names_form_of(&table->names) != NAMES_FORM_SINGLE);
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->names.count; i++) {
		const struct quiet_name *name = &table->names.list[i];

		if (stays(host, name))
			r = quiet_names_add(ret_names, name->text, name->loud);
	}
	for (size_t i = 0; r == 0 && i < host->wanted.count; i++) {
		const struct quiet_name *name = &host->wanted.list[i];
		struct guest guest;
		bool port;

		/* With a policy that cannot be read, what it may have covered before is still covered. */
		if (of_all && !name->loud && names_parse(name->text, &guest, &port) && !port)
			continue;
		r = quiet_names_add(ret_names, name->text, name->loud);
	}
	quiet_names_sort(ret_names);
	return r;
}

/* The names of a that b does not have. */
static int missing(const struct quiet_names *a, const struct quiet_names *b, struct quiet_names *ret_names)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->count; i++) {
		if (!quiet_names_have(b, &a->list[i]))
			r = quiet_names_add(ret_names, a->list[i].text, a->list[i].loud);
	}
	return r;
}

/* ---- the change -----------------------------------------------------------------------------------------------------
 */

static void say_change(struct outcome *outcome, const struct quiet_names *added, const struct quiet_names *removed)
{
	quieting_host_say(outcome, "quiet by name", added, false);
	quieting_host_say(outcome, "left alone", added, true);
	quieting_host_say(outcome, "no longer quiet by name", removed, false);
	quieting_host_say(outcome, "no longer left alone", removed, true);
}

static int change(struct netlink *nl, const struct quiet_table *table, const struct quiet_names *wanted,
		  struct outcome *outcome, struct err *err)
{
	struct quiet_names added = { 0 };
	struct quiet_names removed = { 0 };
	bool anew = table->exists && (!table->whole || names_form_of(&table->names) != names_form_of(wanted));
	int r = missing(wanted, &table->names, &added);

	if (r == 0)
		r = missing(&table->names, wanted, &removed);
	if (r < 0)
		(void)err_errno(err, ENOMEM, "names");
	else if (wanted->count == 0)
		r = table->exists ? quiet_drop(nl, err) : 0;
	else if (!table->exists || anew)
		r = quiet_make(nl, table->exists, wanted, err);
	else if (added.count + removed.count > 0)
		r = quiet_change(nl, &added, &removed, err);
	/* The table is made of what any kernel with nf_tables has, but for its family. */
	if (r == -ENOENT && !table->exists)
		r = -EOPNOTSUPP;
	/* Between the two forms all names change, and what is quiet hardly does. */
	if (r == 0 && anew)
		outcome_text(outcome, "nftables table arp guestarp made anew");
	else if (r == 0)
		say_change(outcome, &added, &removed);
	quiet_names_done(&added);
	quiet_names_done(&removed);
	return r;
}

static int bring_about(struct host *host, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	int r = netlink_open_netfilter(&nl, err);

	for (int i = 0; nl && i < TRIES; i++) {
		struct quiet_names names = { 0 };
		struct quiet_table table;

		r = quiet_read(nl, &table, err);
		if (r == 0 && final_names(host, &table, &names) < 0)
			r = err_errno(err, ENOMEM, "names");
		if (r == 0)
			r = change(nl, &table, &names, host->outcome, err);
		quiet_names_done(&names);
		quiet_names_done(&table.names);
		if (r != -ENOENT && r != -EEXIST)
			break;
	}
	if (r == -EPROTONOSUPPORT)
		r = -EOPNOTSUPP;
	if (r == -EOPNOTSUPP && host->wanted.count == 0)
		return 0;
	if (r == -EOPNOTSUPP)
		quieting_host_unsupported(host->outcome);
	return r;
}

int quieting_host_with(const struct quiet_names *also, struct outcome *outcome, struct err *err)
{
	static struct host host;
	struct lock lock = LOCK_RELEASED;
	int r;

	memset(&host, 0, sizeof(host));
	host.outcome = outcome;
	host.guests_known = guest_platform_known();
	host.asks_ports = netlink_open(&host.nl, NULL) == 0 && !quieting_host_has_table();
	/* Policy is read under it: who adds a name by a later policy comes later. */
	(void)lock_names(true, &lock, NULL);
	r = want(&host, err);
	/* It may have gone away meanwhile. */
	host.guests_known = host.guests_known && guest_platform_known();
	for (size_t i = 0; r == 0 && i < also->count; i++) {
		if (quiet_names_add(&host.wanted, also->list[i].text, also->list[i].loud) < 0)
			r = err_errno(err, ENOMEM, "names");
	}
	quiet_names_sort(&host.wanted);
	quiet_names_sort(&host.held);
	if (r == 0)
		r = bring_about(&host, err);
	lock_release(&lock);
	netlink_close(host.nl);
	policy_done(&host.policy);
	quiet_names_done(&host.wanted);
	quiet_names_done(&host.held);
	guest_list_done(&host.guests);
	return r;
}

int quieting_host(struct outcome *outcome, struct err *err)
{
	const struct quiet_names none = { 0 };

	return quieting_host_with(&none, outcome, err);
}

bool quieting_host_has_table(void)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	bool exists = false;

	return netlink_open_netfilter(&nl, NULL) == 0 && quiet_exists(nl, &exists, NULL) == 0 && exists;
}

int quieting_host_drop(struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	int r = netlink_open_netfilter(&nl, err);

	if (r == 0)
		r = quiet_drop(nl, err);
	return r == -EPROTONOSUPPORT || r == -EOPNOTSUPP ? 0 : r;
}
