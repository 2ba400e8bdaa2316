/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold for a guest, derived and nothing else. */

#include "plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/text.h"
#include "plan/bind.h"
#include "plan/choice.h"
#include "policy/ask.h"

int plan_add(struct plan *plan, const struct setting *setting)
{
	struct setting *settings = array_grow(plan->settings, plan->count, &plan->room, sizeof(*settings));

	if (!settings)
		return -ENOMEM;
	plan->settings = settings;
	plan->settings[plan->count++] = *setting;
	return 0;
}

void plan_done(struct plan *plan)
{
	free(plan->settings);
	memset(plan, 0, sizeof(*plan));
}

struct setting *plan_find(const struct plan *plan, const struct setting *setting)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (setting_same(&plan->settings[i], setting))
			return &plan->settings[i];
	}
	return NULL;
}

const char *plan_entry_device(const struct plan *plan, const struct ip *ip)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->settings[i].kind == SETTING_PROXY && ip_equal(&plan->settings[i].ip, ip))
			return plan->settings[i].device;
	}
	return "";
}

void plan_leave_out(struct plan *plan, const struct ip *ip)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct setting *s = &plan->settings[i];
		bool about = s->kind == SETTING_PROXY || s->kind == SETTING_NO_PROXY || s->kind == SETTING_ROUTE;

		if (!about || !ip_equal(&s->ip, ip))
			plan->settings[kept++] = *s;
	}
	plan->count = kept;
}

void plan_derive_mac(const char *machine_id, const char *bridge, struct mac *ret_mac)
{
	uint64_t hash = text_hash(text_hash(text_hash(TEXT_HASH_START, machine_id), "/"), bridge);

	/* A finaliser, so that near names differ in every byte. */
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	for (size_t i = 0; i < ETH_ALEN; i++)
		ret_mac->bytes[i] = (uint8_t)(hash >> (8 * i));
	/* Locally administered, unicast (IEEE 802: bits 1 and 0 of the first byte). */
	ret_mac->bytes[0] = (uint8_t)((ret_mac->bytes[0] & 0xfc) | 0x02);
}

/* A plan under construction; the first -ENOMEM stays. */
struct building {
	const struct guest *guest;
	const struct policy *policy;
	const struct facts *facts;
	struct plan *plan;
	struct notes *notes;
	struct err *err;
	int result;
};

static void missing(struct building *b, const char *what, const char *name)
{
	struct err err;
	int r = err_set(&err, ENODEV, "%s %s does not exist", what, name);

	if (b->result == 0) {
		b->result = r;
		*b->err = err;
	} else {
		notes_add_err(b->notes, &err);
	}
}

static void append(struct building *b, const struct setting *setting)
{
	if (plan_add(b->plan, setting) < 0)
		b->result = err_errno(b->err, ENOMEM, "plan");
}

static void add(struct building *b, const struct setting *setting)
{
	if (!plan_find(b->plan, setting))
		append(b, setting);
}

static void add_value(struct building *b, enum setting_kind kind, const struct link *link, uint32_t value)
{
	struct setting setting = { .kind = kind, .ifindex = link->ifindex, .value = value };

	(void)ifname_copy(setting.device, link->name);
	add(b, &setting);
}

static void add_ip(struct building *b, enum setting_kind kind, int ifindex, const char *device, const struct ip *ip)
{
	struct setting setting = { .kind = kind, .ifindex = ifindex, .ip = *ip, .guests = kind != SETTING_NO_PROXY };
	const struct link *link = kind == SETTING_ROUTE ? facts_link(b->facts, device) : NULL;

	setting.table = link ? link->table : 0;
	setting.shared = setting.guests && policy_shares(b->policy, ip);
	/* The platform's own route: recorded, so that none is left behind, but never made by us. */
	setting.platforms = kind == SETTING_ROUTE && b->guest->platform_routes && !b->policy->route[0];
	(void)text_copy(setting.device, sizeof(setting.device), device);
	/* One address after the other: what is planned for this one already is last. */
	for (size_t i = b->plan->count; i > 0 && ip_equal(&b->plan->settings[i - 1].ip, ip); i--) {
		if (setting_same(&b->plan->settings[i - 1], &setting))
			return;
	}
	append(b, &setting);
}

static void plan_devices(struct building *b)
{
	static const enum setting_kind kinds[POLICY_VALUE_COUNT] = {
		[POLICY_ARP_IGNORE] = SETTING_ARP_IGNORE,
		[POLICY_ARP_ANNOUNCE] = SETTING_ARP_ANNOUNCE,
		[POLICY_ARP_FILTER] = SETTING_ARP_FILTER,
		[POLICY_PROXY_DELAY] = SETTING_PROXY_DELAY,
	};

	for (size_t i = 0; i < b->policy->device_count; i++) {
		const struct policy_device *device = &b->policy->devices[i];
		const struct link *link = facts_link(b->facts, device->name);

		/* What this guest needs is told of where that is planned. */
		if (!link) {
			if (!plan_uses(b->guest, b->policy, device->name))
				notes_add(b->notes, "device %s does not exist", device->name);
			continue;
		}
		for (size_t j = 0; j < POLICY_VALUE_COUNT; j++) {
			if (device->set[j])
				add_value(b, kinds[j], link, device->value[j]);
		}
		if (device->set[POLICY_PROXY_DELAY])
			add_value(b, SETTING_PROXY_DELAY_6, link, device->value[POLICY_PROXY_DELAY]);
	}
}

/* Those that are to answer for its addresses and are not there, each said once; first the one that it has chosen. */
static void missing_devices(struct building *b, const struct ip *ips, size_t count, const char *first)
{
	const char *said = "";

	for (size_t i = 0; i <= count; i++) {
		const char *device = i == 0 ? first : plan_device_of(b->guest, b->policy, &ips[i - 1]);

		if (device[0] && !facts_link(b->facts, device) && strcmp(device, said) != 0)
			missing(b, "device", said = device);
	}
}

static void plan_bridge(struct building *b, const char *name)
{
	const struct link *link = facts_link(b->facts, name);
	const struct bridge *bridge = facts_bridge(b->facts, name);
	struct setting setting = { .kind = SETTING_BRIDGE_MAC };

	if (!bridge)
		return;
	setting.ifindex = link->ifindex;
	(void)ifname_copy(setting.device, link->name);
	if (bridge->pinned) {
		setting.mac = link->mac;
	} else if (bridge->has_uplink) {
		setting.mac = bridge->uplink;
	} else if (b->facts->machine_id[0]) {
		plan_derive_mac(b->facts->machine_id, name, &setting.mac);
	} else {
		if (b->result == 0)
			b->result = err_set(b->err, ENOENT, "%s: MAC not pinned: no uplink port and no /etc/machine-id",
					    name);
		return;
	}
	add(b, &setting);
}

int plan_prepare(const struct guest *guest, const struct policy *policy, const struct facts *facts, struct plan *plan,
		 struct notes *notes, struct err *err)
{
	struct building b = { guest, policy, facts, plan, notes, err, 0 };
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(guest, policy, buffer, &count);

	plan_devices(&b);
	missing_devices(&b, ips, count, plan_device(guest, policy));
	for (size_t i = 0; policy->pin && i < guest->nic_count; i++) {
		const struct guest_nic *nic = &guest->nics[i];
		char vlan[IFNAMSIZ];

		/* A bridge that is missing is the platform's to complain of: it cannot plug the guest. */
		plan_bridge(&b, nic->bridge);
		plan_vlan_bridge(nic, vlan);
		plan_bridge(&b, vlan);
	}
	for (size_t i = 0; policy->pin && i < facts->link_count; i++) {
		if (facts->carries_chosen[i])
			plan_bridge(&b, facts->links[i].name);
	}
	return b.result;
}

int plan_quiet(const struct guest *guest, const struct policy *policy, const struct facts *facts, struct plan *plan,
	       struct err *err)
{
	struct building b = { guest, policy, facts, plan, NULL, err, 0 };

	for (size_t i = 0; policy->quiet && i < guest->nic_count; i++) {
		const char *name = guest->nics[i].firewall_bridge;
		const struct link *link = name[0] ? facts_link(facts, name) : NULL;

		if (!link)
			continue;
		add_value(&b, SETTING_ARP_IGNORE, link, 1);
		add_value(&b, SETTING_NOARP, link, 1);
	}
	return b.result;
}

/* The delay that the policy names for the device, or 0: the kernel's 0 to 0.8 s is what makes proxies slow. */
static uint32_t delay_of(const struct policy *policy, const char *device)
{
	for (size_t i = 0; i < policy->device_count; i++) {
		if (strcmp(policy->devices[i].name, device) == 0 && policy->devices[i].set[POLICY_PROXY_DELAY])
			return policy->devices[i].value[POLICY_PROXY_DELAY];
	}
	return 0;
}

static void plan_entry(struct building *b, const struct link *link, const struct ip *ip)
{
	if (ip->family == AF_INET) {
		add_value(b, SETTING_PROXY_DELAY, link, delay_of(b->policy, link->name));
	} else {
		add_value(b, SETTING_PROXY_DELAY_6, link, delay_of(b->policy, link->name));
		add_value(b, SETTING_PROXY_NDP, link, 1);
	}
	add_ip(b, SETTING_PROXY, link->ifindex, link->name, ip);
}

/* On no other device: every one that holds an address of the host, and every one that policy names. */
static void plan_no_entries(struct building *b, const struct link *link, const struct ip *ip)
{
	const struct addresses *addresses = &b->facts->addresses;

	for (size_t i = 0; i < b->policy->device_count; i++) {
		const struct link *other = facts_link(b->facts, b->policy->devices[i].name);

		if (other && other->ifindex != link->ifindex)
			add_ip(b, SETTING_NO_PROXY, other->ifindex, "", ip);
	}
	for (size_t i = 0; i < addresses->count; i++) {
		if (addresses->list[i].ifindex != link->ifindex)
			add_ip(b, SETTING_NO_PROXY, addresses->list[i].ifindex, "", ip);
	}
}

/* device: the one that is to answer, or lead to the guest; NULL where none is asked about. */
static struct bind_question question_of(const struct guest *guest, const struct policy *policy,
					const struct facts *facts, const struct ip *ip, const struct link *device)
{
	const struct guest_nic *nic = plan_nic(guest, policy, ip);
	const struct policy_nic *said = nic ? policy_nic(policy, nic->index) : NULL;
	const struct link *bridge = nic && nic->bridge[0] ? facts_link(facts, nic->bridge) : NULL;
	const struct link *way = device ? device : bridge;
	const struct facts_gateway *gateway = facts_gateway(facts, way ? way->table : 0, ip->family);

	return (struct bind_question){
		.ip = ip,
		.allowed = policy_allows(policy, ip),
		.named = !policy->addresses_from_config || guest->device[0] || (said && said->has_device) ||
			 plan_listed(policy, nic),
		.device = device,
		.bridge = bridge,
		.addresses = &facts->addresses,
		.gateway = gateway ? gateway->ip : (struct ip){ .family = 0 },
		.gateway_ifindex = gateway ? gateway->ifindex : 0,
	};
}

bool plan_sane(const struct guest *guest, const struct policy *policy, const struct facts *facts, const struct ip *ip)
{
	struct bind_question question = question_of(guest, policy, facts, ip, NULL);

	return bind_sane(&question) == BIND_YES;
}

/* Is it right to do so for this address? What is not is said once. */
static bool may(struct building *b, const struct ip *ip, const struct link *device,
		enum bind_verdict (*decide)(const struct bind_question *question), bool say)
{
	struct bind_question question = question_of(b->guest, b->policy, b->facts, ip, device);
	enum bind_verdict verdict;
	char text[IP_TEXT];

	/* The platform's own route is not ours to judge. */
	if (decide == bind_route && b->guest->platform_routes && !b->policy->route[0])
		return true;
	verdict = decide(&question);
	if (verdict != BIND_YES && say)
		notes_add(b->notes,
			  decide == bind_route ? "no host route to %s by %s: it %s" : "%s is not bound on %s: it %s",
			  ip_to_str(ip, text), device->name, bind_reason(verdict));
	return verdict == BIND_YES;
}

/* One address: towards the guest, and for it. Returns the device that answers, NULL for none. */
static const struct link *plan_address(struct building *b, const struct ip *ip)
{
	const char *device = plan_device_of(b->guest, b->policy, ip);
	const char *towards = plan_route_of(b->guest, b->policy, ip);
	const struct link *link = device[0] ? facts_link(b->facts, device) : NULL;
	const struct link *route = towards[0] ? facts_link(b->facts, towards) : NULL;
	bool bound = link && may(b, ip, link, bind_entry, true);

	if (route && may(b, ip, route, bind_route, !link || bound))
		add_ip(b, SETTING_ROUTE, route->ifindex, route->name, ip);
	if (bound)
		plan_entry(b, link, ip);
	return bound ? link : NULL;
}

/* Those that are not there, each said once. */
static void missing_routes(struct building *b, const struct ip *ips, size_t count)
{
	const char *said_route = "";

	for (size_t i = 0; i < count; i++) {
		const char *route = plan_route_of(b->guest, b->policy, &ips[i]);

		if (route[0] && !facts_link(b->facts, route) && strcmp(route, said_route) != 0)
			missing(b, "route's device", said_route = route);
	}
}

int plan_up(const struct guest *guest, const struct policy *policy, const struct facts *facts, struct plan *plan,
	    struct notes *notes, struct err *err)
{
	struct building b = { guest, policy, facts, plan, notes, err, 0 };
	const struct link *bound[GUEST_IPS_MAX];
	struct ip buffer[GUEST_IPS_MAX];
	size_t count;
	const struct ip *ips = plan_ips(guest, policy, buffer, &count);

	missing_devices(&b, ips, count, "");
	missing_routes(&b, ips, count);
	/* The policy may name one twice. */
	for (size_t i = 0; i < count; i++)
		bound[i] = ip_among(ips, i, &ips[i]) ? NULL : plan_address(&b, &ips[i]);
	/* Behind all that answers right. */
	for (size_t i = 0; i < count; i++) {
		if (bound[i])
			plan_no_entries(&b, bound[i], &ips[i]);
	}
	return b.result;
}
