/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device names that PVE::Network gives, as prefixes. */

#include "plan/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What stands before and behind the VMID. fwln<vmid>o<n>: Open vSwitch's end of a firewall bridge. */
struct form {
	const char *before;
	char behind;
};

static const struct form firewall_forms[] = { { "fwbr", 'i' }, { "fwln", 'i' }, { "fwpr", 'p' }, { "fwln", 'o' } };
static const struct form port_forms[] = { { "tap", 'i' }, { "veth", 'i' } };

#define FIREWALL_COUNT (sizeof(firewall_forms) / sizeof(firewall_forms[0]))
#define PORT_COUNT     (sizeof(port_forms) / sizeof(port_forms[0]))

static const char *const for_all[] = { "fwbr*", "fwln*", "fwpr*" };

bool names_for_all(const struct policy *policy)
{
	return policy->all && policy->quiet_others && !policy->broken;
}

bool names_of_all_cover(const char *device)
{
	for (size_t i = 0; i < sizeof(for_all) / sizeof(for_all[0]); i++) {
		if (strncmp(device, for_all[i], strlen(for_all[i]) - 1) == 0)
			return true;
	}
	return false;
}

struct names names_plan(const struct guest *guest, const struct policy *policy, bool managed, enum names_ports ports)
{
	struct names names = { NAMES_NOWHERE, NAMES_NOWHERE };

	if (!managed || guest->kind != GUEST_PVE)
		return names;
	/* What is meant by a policy with a mistake is unknown; a firewall bridge that is quiet is right for every
	 * guest. */
	if (policy->quiet || policy->broken)
		names.firewall = names_for_all(policy) ? NAMES_OF_ALL : NAMES_QUIET;
	else if (names_for_all(policy))
		names.firewall = NAMES_LOUD;
	if (policy->quiet_ports && ports == NAMES_PORTS_ROUTED)
		names.ports = NAMES_LOUD;
	else if (policy->quiet_ports && ports != NAMES_PORTS_UNKNOWN)
		names.ports = NAMES_QUIET;
	return names;
}

enum names_ports names_ports_of(const struct guest *guest)
{
	enum names_ports ports = NAMES_PORTS_UNKNOWN;

	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct guest_nic *nic = &guest->nics[i];

		/* A line that Proxmox VE passes over makes no port. */
		if (nic->skipped)
			continue;
		if (nic->routed || !nic->bridge[0])
			return NAMES_PORTS_UNKNOWN;
		ports = NAMES_PORTS_BRIDGED;
	}
	/* One without any may have NICs in LXC's own words alone. */
	return ports;
}

static int add_forms(const struct form *forms, size_t count, const struct guest *guest, bool loud,
		     struct quiet_names *list)
{
	for (size_t i = 0; i < count; i++) {
		char text[IFNAMSIZ];

		/* A VMID has at most nine digits: they always fit. */
		if (snprintf(text, sizeof(text), "%s%.9s%c*", forms[i].before, guest->id, forms[i].behind) >=
			    (int)sizeof(text) ||
		    quiet_names_add(list, text, loud) < 0)
			return -ENOMEM;
	}
	return 0;
}

int names_add_firewall(const struct guest *guest, bool loud, struct quiet_names *list)
{
	return add_forms(firewall_forms, FIREWALL_COUNT, guest, loud, list);
}

int names_add_ports(const struct guest *guest, bool loud, struct quiet_names *list)
{
	return add_forms(port_forms, PORT_COUNT, guest, loud, list);
}

int names_add(const struct names *names, const struct guest *guest, struct quiet_names *wanted)
{
	int r = 0;

	for (size_t i = 0; names->firewall == NAMES_OF_ALL && r == 0 && i < sizeof(for_all) / sizeof(for_all[0]); i++)
		r = quiet_names_add(wanted, for_all[i], false);
	if (r == 0 && (names->firewall == NAMES_QUIET || names->firewall == NAMES_LOUD))
		r = names_add_firewall(guest, names->firewall == NAMES_LOUD, wanted);
	if (r == 0 && (names->ports == NAMES_QUIET || names->ports == NAMES_LOUD))
		r = names_add_ports(guest, names->ports == NAMES_LOUD, wanted);
	return r;
}

static bool parse(const char *text, const struct form *form, struct guest *ret_guest)
{
	size_t len = strlen(form->before);
	size_t digits;
	char id[IFNAMSIZ];

	if (strncmp(text, form->before, len) != 0)
		return false;
	digits = strspn(text + len, "0123456789");
	if (digits == 0 || text[len + digits] != form->behind || strcmp(text + len + digits + 1, "*") != 0)
		return false;
	memcpy(id, text + len, digits);
	id[digits] = '\0';
	return guest_init(ret_guest, GUEST_PVE, id, NULL) == 0;
}

bool names_parse(const char *text, struct guest *ret_guest, bool *ret_port)
{
	for (size_t i = 0; i < FIREWALL_COUNT + PORT_COUNT; i++) {
		*ret_port = i >= FIREWALL_COUNT;
		if (parse(text, *ret_port ? &port_forms[i - FIREWALL_COUNT] : &firewall_forms[i], ret_guest))
			return true;
	}
	return false;
}
