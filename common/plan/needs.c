/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices by their names: what the host has beside this guest is no need of a plan's. */

#include "plan/needs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/text.h"
#include "plan/choice.h"
#include "policy/ask.h"

static int add(struct needs *needs, const struct need *need)
{
	struct need *list;

	/* Mostly what was needed just before. */
	for (size_t i = needs->count; i > 0; i--) {
		const struct need *n = &needs->list[i - 1];

		if (n->kind == need->kind && n->family == need->family && strcmp(n->device, need->device) == 0)
			return 0;
	}
	list = array_grow(needs->list, needs->count, &needs->room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	needs->list = list;
	list[needs->count++] = *need;
	return 0;
}

/* Nothing for "". */
static int add_device(struct needs *needs, enum need_kind kind, const char *device)
{
	struct need need = { .kind = kind };

	(void)text_copy(need.device, sizeof(need.device), device);
	return device[0] ? add(needs, &need) : 0;
}

static int add_family(struct needs *needs, enum need_kind kind, uint8_t family)
{
	return add(needs, &(struct need){ .kind = kind, .family = family });
}

static int add_policy_devices(struct needs *needs, const struct guest *guest, const struct policy *policy)
{
	int r = add_device(needs, NEED_DEVICE, plan_device(guest, policy));

	for (size_t i = 0; r == 0 && i < policy->device_count; i++)
		r = add_device(needs, NEED_DEVICE, policy->devices[i].name);
	return r;
}

static int add_bridges(struct needs *needs, const struct guest *guest)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < guest->nic_count; i++) {
		char vlan[IFNAMSIZ];

		plan_vlan_bridge(&guest->nics[i], vlan);
		r = add_device(needs, NEED_BRIDGE, guest->nics[i].bridge);
		if (r == 0)
			r = add_device(needs, NEED_BRIDGE, vlan);
	}
	return r;
}

int needs_prepare(const struct guest *guest, const struct policy *policy, struct needs *needs)
{
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(guest, policy, buffer, &count);
	int r = add_policy_devices(needs, guest, policy);

	for (size_t i = 0; r == 0 && policy->nic_count > 0 && i < count; i++)
		r = add_device(needs, NEED_DEVICE, plan_device_of(guest, policy, &ips[i]));
	if (r < 0 || !policy->pin)
		return r;
	r = add_bridges(needs, guest);
	if (r == 0)
		r = add_device(needs, NEED_BASE, plan_device(guest, policy));
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_device(needs, NEED_BASE, plan_device_of(guest, policy, &ips[i]));
	return r;
}

int needs_quiet(const struct guest *guest, struct needs *needs)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < guest->nic_count; i++)
		r = add_device(needs, NEED_DEVICE, guest->nics[i].firewall_bridge);
	return r;
}

/* Where addresses are bound or routed: who else could answer, and whose the addresses are. */
static int add_host(struct needs *needs, const struct guest *guest, const struct policy *policy, bool six)
{
	int r = add_policy_devices(needs, guest, policy);

	if (r == 0)
		r = add_family(needs, NEED_ADDRESSES, AF_INET);
	if (r == 0 && six)
		r = add_family(needs, NEED_ADDRESSES, AF_INET6);
	return r;
}

static int add_nics(struct needs *needs, const struct guest *guest, const struct policy *policy)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < guest->nic_count; i++) {
		const struct guest_nic *nic = &guest->nics[i];

		if (nic->ip_count > 0 || policy_nic(policy, nic->index))
			r = add_device(needs, NEED_DEVICE, nic->bridge);
		if (r == 0)
			r = add_device(needs, NEED_VRF, nic->bridge);
	}
	return r;
}

int needs_up(const struct guest *guest, const struct policy *policy, struct needs *needs)
{
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(guest, policy, buffer, &count);
	bool binds = false;
	bool four = false;
	bool six = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		const char *device = plan_device_of(guest, policy, &ips[i]);
		const char *route = plan_route_of(guest, policy, &ips[i]);

		binds = binds || device[0] || route[0];
		four = four || ips[i].family == AF_INET;
		six = six || ips[i].family == AF_INET6;
		r = add_device(needs, NEED_DEVICE, route);
		if (r == 0)
			r = add_device(needs, NEED_DEVICE, device);
	}
	if (r == 0 && binds)
		r = add_host(needs, guest, policy, six);
	if (r == 0)
		r = add_nics(needs, guest, policy);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_device(needs, NEED_VRF, plan_device_of(guest, policy, &ips[i]));
	if (r == 0 && binds && four)
		r = add_family(needs, NEED_GATEWAY, AF_INET);
	if (r == 0 && binds && six)
		r = add_family(needs, NEED_GATEWAY, AF_INET6);
	return r;
}

void needs_done(struct needs *needs)
{
	free(needs->list);
	memset(needs, 0, sizeof(*needs));
}
