/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxmox VE's device names as evidence. */

#include "event/running.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "kernel/link.h"

/* By netlink: an ioctl with a name makes the kernel run modprobe for one that does not exist. */
static int exists(struct netlink *nl, const char *name, bool *ret_exists, struct err *err)
{
	struct link link;
	int r = link_get(nl, name, &link, err);

	*ret_exists = r == 0;
	return r == 0 || r == -ENODEV ? 0 : err_wrap(err, "%s", name);
}

static int ask_pve(struct netlink *nl, const struct guest *guest, enum running *ret_running, struct err *err)
{
	static const char *const prefixes[] = { "tap", "veth" };

	/* Every number, not only those in the configuration: a NIC may just have been plugged or unplugged. */
	for (unsigned i = 0; i < GUEST_NICS_MAX; i++) {
		for (size_t j = 0; j < 2; j++) {
			char name[IFNAMSIZ];
			bool there = false;
			int r;

			if (snprintf(name, sizeof(name), "%s%si%u", prefixes[j], guest->id, i) >= (int)sizeof(name))
				continue;
			r = exists(nl, name, &there, err);
			if (r < 0)
				return r;
			if (there) {
				*ret_running = RUNNING_YES;
				return 0;
			}
		}
	}
	*ret_running = RUNNING_NO;
	return 0;
}

int running_ask(const struct guest *guest, enum running *ret_running, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	int opened = netlink_open(&nl, err);

	if (opened < 0)
		return opened;
	if (guest->kind == GUEST_PVE)
		return ask_pve(nl, guest, ret_running, err);
	for (size_t i = 0; i < guest->nic_count; i++) {
		bool there = false;
		int r = guest->nics[i].port[0] ? exists(nl, guest->nics[i].port, &there, err) : 0;

		if (r < 0)
			return r;
		if (there) {
			*ret_running = RUNNING_YES;
			return 0;
		}
	}
	*ret_running = RUNNING_UNKNOWN;
	return 0;
}

int running_as_seen(const struct guest *guest, bool *ret_so, struct err *err)
{
	enum running running = RUNNING_UNKNOWN;
	int r = 0;

	*ret_so = true;
	if (guest->seen == GUEST_SEEN_RUNNING || guest->seen == GUEST_SEEN_GONE)
		r = running_ask(guest, &running, err);
	if (guest->seen == GUEST_SEEN_RUNNING)
		*ret_so = running != RUNNING_NO;
	if (guest->seen == GUEST_SEEN_GONE)
		*ret_so = running == RUNNING_NO;
	return r;
}

bool running_parse_port(const char *name, struct guest *ret_guest, unsigned *ret_nic, bool *ret_firewall_bridge)
{
	static const char *const prefixes[] = { "tap", "veth", "fwbr" };

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(prefixes[i]);
		const char *digits = name + len;
		char vmid[IFNAMSIZ];
		size_t n;
		uint32_t nic;

		if (strncmp(name, prefixes[i], len) != 0)
			continue;
		n = strspn(digits, "0123456789");
		if (n >= sizeof(vmid) || digits[n] != 'i' || parse_u32(digits + n + 1, 0, GUEST_NICS_MAX - 1, &nic) < 0)
			return false;
		memcpy(vmid, digits, n);
		vmid[n] = '\0';
		*ret_nic = nic;
		*ret_firewall_bridge = i == 2;
		return guest_init(ret_guest, GUEST_PVE, vmid, NULL) == 0;
	}
	return false;
}
