/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's own words come before the policy's, those for a NIC before those for the guest. */

#include "plan/choice.h"

#include <stdio.h>
#include <string.h>

#include "plan/bind.h"
#include "policy/ask.h"

const struct policy_nic *plan_listed(const struct policy *policy, const struct guest_nic *nic)
{
	const struct policy_nic *said = nic ? policy_nic(policy, nic->index) : NULL;

	return said && said->has_addresses && !said->addresses_from_config ? said : NULL;
}

const struct ip *plan_ips(const struct guest *guest, const struct policy *policy, struct ip buffer[GUEST_IPS_MAX],
			  size_t *ret_count)
{
	const struct ip *all = policy->addresses_from_config ? guest->ips : policy->ips;
	size_t all_count = policy->addresses_from_config ? guest->ip_count : policy->ip_count;
	size_t count = 0;

	*ret_count = all_count;
	if (policy->nic_count == 0)
		return all;
	for (size_t i = 0; i < all_count; i++) {
		if (!policy->addresses_from_config || !plan_listed(policy, bind_nic(guest, &all[i])))
			buffer[count++] = all[i];
	}
	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct policy_nic *said = plan_listed(policy, &guest->nics[i]);

		for (size_t j = 0; said && j < said->ip_count && count < GUEST_IPS_MAX; j++)
			buffer[count++] = said->ips[j];
	}
	*ret_count = count;
	return buffer;
}

const struct guest_nic *plan_nic(const struct guest *guest, const struct policy *policy, const struct ip *ip)
{
	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct policy_nic *said = plan_listed(policy, &guest->nics[i]);

		for (size_t j = 0; said && j < said->ip_count; j++) {
			if (ip_equal(&said->ips[j], ip))
				return &guest->nics[i];
		}
	}
	return bind_nic(guest, ip);
}

static const struct policy_nic *said_of(const struct guest *guest, const struct policy *policy, const struct ip *ip)
{
	const struct guest_nic *nic = policy->nic_count > 0 ? plan_nic(guest, policy, ip) : NULL;

	return nic && !policy->broken ? policy_nic(policy, nic->index) : NULL;
}

const char *plan_device_of(const struct guest *guest, const struct policy *policy, const struct ip *ip)
{
	const struct policy_nic *said = said_of(guest, policy, ip);

	return said && said->has_device ? said->device : plan_device(guest, policy);
}

const char *plan_route_of(const struct guest *guest, const struct policy *policy, const struct ip *ip)
{
	const struct policy_nic *said = said_of(guest, policy, ip);

	return said && said->has_route ? said->route : plan_route(guest, policy);
}

const char *plan_device(const struct guest *guest, const struct policy *policy)
{
	if (policy->broken)
		return "";
	return guest->device[0] ? guest->device : policy->device;
}

const char *plan_route(const struct guest *guest, const struct policy *policy)
{
	if (policy->broken)
		return "";
	return policy->route[0] ? policy->route : guest->route;
}

bool plan_uses(const struct guest *guest, const struct policy *policy, const char *device)
{
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(guest, policy, buffer, &count);
	bool uses = strcmp(plan_device(guest, policy), device) == 0 || strcmp(plan_route(guest, policy), device) == 0;

	for (size_t i = 0; !uses && policy->nic_count > 0 && i < count; i++)
		uses = strcmp(plan_device_of(guest, policy, &ips[i]), device) == 0 ||
		       strcmp(plan_route_of(guest, policy, &ips[i]), device) == 0;
	for (size_t i = 0; !uses && i < guest->nic_count; i++) {
		char vlan[IFNAMSIZ];

		plan_vlan_bridge(&guest->nics[i], vlan);
		uses = strcmp(guest->nics[i].bridge, device) == 0 || strcmp(vlan, device) == 0;
	}
	return uses;
}

void plan_vlan_bridge(const struct guest_nic *nic, char ret_name[IFNAMSIZ])
{
	ret_name[0] = '\0';
	if (nic->tag == 0 || !nic->bridge[0])
		return;
	if (snprintf(ret_name, IFNAMSIZ, "%sv%u", nic->bridge, nic->tag) >= IFNAMSIZ)
		ret_name[0] = '\0';
}
