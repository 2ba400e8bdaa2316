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

/*
 * For all guests: a VMID begins with one of nine digits. A host's own bridge may well be called fwbridge0 or fwprod,
 * and has to answer.
 */
static const char *const stems[] = { "fwbr", "fwln", "fwpr" };
static const char digits[] = "123456789";

#define STEM_COUNT (sizeof(stems) / sizeof(stems[0]))
#define ALL_COUNT  (STEM_COUNT * (sizeof(digits) - 1))

bool names_for_all(const struct policy *policy)
{
	return policy->all && policy->quiet_others && !policy->broken;
}

/* Those of the VMIDs that begin with the digit. */
static int add_digit(char digit, struct quiet_names *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < STEM_COUNT; i++) {
		char text[IFNAMSIZ];

		(void)snprintf(text, sizeof(text), "%s%c*", stems[i], digit);
		r = quiet_names_add(list, text, false);
	}
	return r;
}

int names_add_all(struct quiet_names *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && digits[i]; i++)
		r = add_digit(digits[i], list);
	return r;
}

void names_other_of_all(const struct guest *guest, struct quiet_name *ret_name)
{
	memset(ret_name, 0, sizeof(*ret_name));
	(void)snprintf(ret_name->text, sizeof(ret_name->text), "fwpr%c*", guest->id[0] == '9' ? '8' : '9');
}

bool names_all_cover(const char *device)
{
	for (size_t i = 0; i < STEM_COUNT; i++) {
		size_t len = strlen(stems[i]);

		if (strncmp(device, stems[i], len) == 0 && device[len] && strchr(digits, device[len]))
			return true;
	}
	return false;
}

enum names_form names_form_of(const struct quiet_names *names)
{
	size_t all = 0;
	size_t former = 0;

	for (size_t i = 0; i < names->count; i++) {
		const struct quiet_name *name = &names->list[i];
		size_t len = strlen(name->text);

		if (name->loud || len == 0 || name->text[len - 1] != '*')
			continue;
		all += len == 6 && names_all_cover(name->text);
		for (size_t j = 0; j < STEM_COUNT; j++)
			former += len == 5 && strncmp(name->text, stems[j], 4) == 0;
	}
	if (all + former == 0)
		return NAMES_FORM_SINGLE;
	return all == ALL_COUNT && former == 0 ? NAMES_FORM_ALL : NAMES_FORM_OTHER;
}

bool names_quietable(const struct guest *guest, const struct policy *policy)
{
	/* What is meant by a policy with a mistake is unknown; a firewall bridge that is quiet is right for every
	 * guest. */
	return guest->kind == GUEST_PVE && (policy->quiet || policy->broken);
}

struct names names_plan(const struct guest *guest, const struct policy *policy, bool managed, enum names_ports ports)
{
	struct names names = { NAMES_NOWHERE, NAMES_NOWHERE };

	if (!managed || guest->kind != GUEST_PVE)
		return names;
	if (names_quietable(guest, policy))
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

	if (names->firewall == NAMES_OF_ALL)
		r = add_digit(guest->id[0], wanted);
	if (r == 0 && (names->firewall == NAMES_QUIET || names->firewall == NAMES_LOUD))
		r = names_add_firewall(guest, names->firewall == NAMES_LOUD, wanted);
	if (r == 0 && (names->ports == NAMES_QUIET || names->ports == NAMES_LOUD))
		r = names_add_ports(guest, names->ports == NAMES_LOUD, wanted);
	return r;
}

static bool parse(const char *text, const struct form *form, struct guest *ret_guest)
{
	size_t len = strlen(form->before);
	size_t count;
	char id[IFNAMSIZ];

	if (strncmp(text, form->before, len) != 0)
		return false;
	count = strspn(text + len, "0123456789");
	if (count == 0 || text[len + count] != form->behind || strcmp(text + len + count + 1, "*") != 0)
		return false;
	memcpy(id, text + len, count);
	id[count] = '\0';
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
