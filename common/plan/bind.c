/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Usual set-ups, each a row of the table in tests/unit/bind.c. */

#include "plan/bind.h"

#include <string.h>
#include <sys/socket.h>

struct prefix {
	struct ip ip;
	unsigned bits;
};

static bool in_one_of(const struct ip *ip, const struct prefix *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ip_same_subnet(ip, &prefixes[i].ip, prefixes[i].bits))
			return true;
	}
	return false;
}

static bool is_link_local(const struct ip *ip)
{
	/* RFC 3927, RFC 4291 2.5.6 */
	static const struct prefix prefixes[] = {
		{ { AF_INET, { 169, 254 } }, 16 },
		{ { AF_INET6, { 0xfe, 0x80 } }, 10 },
	};

	return in_one_of(ip, prefixes, sizeof(prefixes) / sizeof(prefixes[0]));
}

bool bind_private(const struct ip *ip)
{
	static const struct prefix prefixes[] = {
		{ { AF_INET, { 10 } }, 8 },       { { AF_INET, { 172, 16 } }, 12 }, { { AF_INET, { 192, 168 } }, 16 },
		{ { AF_INET, { 100, 64 } }, 10 }, { { AF_INET6, { 0xfc } }, 7 },
	};

	return in_one_of(ip, prefixes, sizeof(prefixes) / sizeof(prefixes[0]));
}

/* Does one of the device's own prefixes hold the address? */
static bool holds(const struct addresses *addresses, int ifindex, const struct ip *ip)
{
	for (size_t i = 0; ifindex > 0 && i < addresses->count; i++) {
		const struct address *a = &addresses->list[i];

		if (a->ifindex == ifindex && a->ip.family == ip->family && a->prefix < ip_len(ip) * 8 &&
		    ip_same_subnet(ip, &a->ip, a->prefix))
			return true;
	}
	return false;
}

enum bind_verdict bind_sane(const struct bind_question *q)
{
	if (!q->allowed)
		return BIND_NOT_ALLOWED;
	if (is_link_local(q->ip))
		return BIND_LINK_LOCAL;
	if (addresses_have(q->addresses, q->ip))
		return BIND_HOSTS_OWN;
	if (q->gateway.family && ip_equal(&q->gateway, q->ip) &&
	    !(q->bridge && q->bridge->ifindex == q->gateway_ifindex))
		return BIND_GATEWAY;
	return BIND_YES;
}

enum bind_verdict bind_entry(const struct bind_question *q)
{
	enum bind_verdict sane = bind_sane(q);

	if (sane != BIND_YES)
		return sane;
	if (q->bridge && (q->device->ifindex == q->bridge->ifindex || q->device->master == q->bridge->ifindex))
		return BIND_OWN_BRIDGE;
	if (q->named || holds(q->addresses, q->device->ifindex, q->ip) ||
	    holds(q->addresses, q->device->port ? q->device->master : 0, q->ip))
		return BIND_YES;
	if (q->bridge && bind_private(q->ip) && holds(q->addresses, q->bridge->ifindex, q->ip))
		return BIND_PRIVATE;
	return BIND_YES;
}

enum bind_verdict bind_route(const struct bind_question *q)
{
	enum bind_verdict sane = bind_sane(q);

	if (sane != BIND_YES)
		return sane;
	if (q->device->port)
		return BIND_PORT;
	if (q->bridge && q->device->ifindex != q->bridge->ifindex && strcmp(q->device->kind, "bridge") == 0)
		return BIND_OTHER_BRIDGE;
	/* The bridge's own route leads there already. */
	if (q->bridge && holds(q->addresses, q->bridge->ifindex, q->ip))
		return BIND_PRIVATE;
	return BIND_YES;
}

const char *bind_reason(enum bind_verdict verdict)
{
	static const char *const reasons[] = {
		[BIND_YES] = "",
		[BIND_NOT_ALLOWED] = "is not in the policy's \"allowed\"",
		[BIND_LINK_LOCAL] = "is link-local",
		[BIND_HOSTS_OWN] = "is this host's own address",
		[BIND_GATEWAY] = "is this host's gateway",
		[BIND_OWN_BRIDGE] = "is answered for by the guest itself there: it is the guest's own bridge",
		[BIND_PRIVATE] = "is in a private network of the guest's own bridge",
		[BIND_OTHER_BRIDGE] = "belongs to a NIC that is in another bridge",
		[BIND_PORT] = "cannot be reached there: it is a port of a bridge or a bond",
	};

	return reasons[verdict];
}

const struct guest_nic *bind_nic(const struct guest *guest, const struct ip *ip)
{
	for (size_t i = 0; i < guest->nic_count; i++) {
		for (size_t j = 0; j < guest->nics[i].ip_count; j++) {
			if (ip_equal(&guest->nics[i].ips[j].ip, ip))
				return &guest->nics[i];
		}
	}
	return NULL;
}
