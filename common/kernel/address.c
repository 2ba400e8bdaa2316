/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices of the host hold an address: those are where a proxy entry can answer beside the chosen one. */

#include "kernel/address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"

enum which { GLOBAL, ANSWERED, ALL };

/* The part of the list that this dump added, to be forgotten when it is interrupted. */
struct reading {
	struct addresses *addresses;
	size_t before;
	enum which which;
};

static bool is_wanted(const struct ifaddrmsg *ifa, enum which which)
{
	if (which == ANSWERED)
		return !(ifa->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
	return which == ALL || ifa->ifa_scope < RT_SCOPE_LINK;
}

static int take_address(struct nlmsghdr *answer, void *arg)
{
	const struct reading *reading = arg;
	struct addresses *all = reading->addresses;
	const struct ifaddrmsg *ifa = nlmsg_data(answer);
	struct address *list;
	struct address *address;
	struct nlattr *tb[IFA_MAX + 1];
	struct nlattr *local;

	if (!nlmsg_valid_hdr(answer, sizeof(*ifa)))
		return -EBADMSG;
	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return 0;
	if (answer->nlmsg_type != RTM_NEWADDR || !is_wanted(ifa, reading->which))
		return 0;
	if (nlmsg_parse(answer, sizeof(*ifa), tb, IFA_MAX, NULL) < 0)
		return -EBADMSG;
	local = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];
	if (!local || nla_len(local) != (ifa->ifa_family == AF_INET ? 4 : 16))
		return 0;
	list = array_grow(all->list, all->count, &all->room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	all->list = list;
	address = &all->list[all->count++];
	memset(address, 0, sizeof(*address));
	address->ifindex = (int)ifa->ifa_index;
	address->ip.family = ifa->ifa_family;
	address->scope = ifa->ifa_scope;
	address->prefix = ifa->ifa_prefixlen;
	address->flags = tb[IFA_FLAGS] && nla_len(tb[IFA_FLAGS]) == sizeof(uint32_t) ? nla_get_u32(tb[IFA_FLAGS])
										     : ifa->ifa_flags;
	memcpy(address->ip.bytes, nla_data(local), (size_t)nla_len(local));
	address->peer = address->ip;
	if (tb[IFA_ADDRESS] && nla_len(tb[IFA_ADDRESS]) == nla_len(local))
		memcpy(address->peer.bytes, nla_data(tb[IFA_ADDRESS]), (size_t)nla_len(local));
	return 0;
}

static void restart(void *arg)
{
	struct reading *reading = arg;

	reading->addresses->count = reading->before;
}

static int read_list(struct netlink *nl, int family, struct reading *reading, struct err *err)
{
	struct ifaddrmsg ifa = { .ifa_family = (uint8_t)family };
	int r = netlink_dump(nl, RTM_GETADDR, &ifa, sizeof(ifa), 0, NULL, 0, take_address, restart, reading, err);

	return r < 0 ? err_wrap(err, "the host's addresses") : 0;
}

int addresses_get(struct netlink *nl, int family, struct addresses *ret_addresses, struct err *err)
{
	struct reading reading = { ret_addresses, ret_addresses->count, GLOBAL };

	return read_list(nl, family, &reading, err);
}

int addresses_get_answered(struct netlink *nl, int family, struct addresses *ret_addresses, struct err *err)
{
	struct reading reading = { ret_addresses, ret_addresses->count, ANSWERED };

	return read_list(nl, family, &reading, err);
}

int addresses_get_all(struct netlink *nl, int family, struct addresses *ret_addresses, struct err *err)
{
	struct reading reading = { ret_addresses, ret_addresses->count, ALL };

	return read_list(nl, family, &reading, err);
}

static int add_range(struct addresses *all, const struct address_range *range)
{
	struct address_range *ranges = array_grow(all->ranges, all->range_count, &all->range_room, sizeof(*ranges));

	if (!ranges)
		return -ENOMEM;
	all->ranges = ranges;
	ranges[all->range_count++] = *range;
	return 0;
}

static int take_range(struct nlmsghdr *answer, void *arg)
{
	struct addresses *all = arg;
	const struct rtmsg *rtm = nlmsg_data(answer);
	struct address_range range = { .ip.family = AF_INET };
	struct nlattr *tb[RTA_MAX + 1];

	if (answer->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(answer, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	/* Older kernels do not filter. */
	if (rtm->rtm_family != AF_INET || rtm->rtm_type != RTN_LOCAL || rtm->rtm_dst_len > 32 ||
	    (tb[RTA_DST] && nla_len(tb[RTA_DST]) != 4))
		return 0;
	range.prefix = rtm->rtm_dst_len;
	range.table = tb[RTA_TABLE] && nla_len(tb[RTA_TABLE]) == sizeof(uint32_t) ? nla_get_u32(tb[RTA_TABLE])
										  : rtm->rtm_table;
	if (tb[RTA_DST])
		memcpy(range.ip.bytes, nla_data(tb[RTA_DST]), 4);
	if (range.ip.bytes[0] == 127 || (range.prefix == 32 && addresses_have(all, &range.ip)))
		return 0;
	return add_range(all, &range);
}

static void restart_ranges(void *arg)
{
	((struct addresses *)arg)->range_count = 0;
}

int addresses_get_ranges(struct netlink *nl, struct addresses *addresses, struct err *err)
{
	struct rtmsg rtm = { .rtm_family = AF_INET, .rtm_type = RTN_LOCAL };
	int r = netlink_dump(nl, RTM_GETROUTE, &rtm, sizeof(rtm), 0, NULL, 0, take_range, restart_ranges, addresses,
			     err);

	return r < 0 ? err_wrap(err, "local routes") : 0;
}

const struct address_range *addresses_range(const struct addresses *addresses, const struct ip *ip)
{
	for (size_t i = 0; i < addresses->range_count; i++) {
		const struct address_range *range = &addresses->ranges[i];

		if (ip->family == AF_INET && ip_same_subnet(&range->ip, ip, range->prefix))
			return range;
	}
	return NULL;
}

int addresses_global(const struct addresses *all, struct addresses *ret_addresses)
{
	struct addresses *global = ret_addresses;

	memset(global, 0, sizeof(*global));
	for (size_t i = 0; i < all->count; i++) {
		struct address *list;

		if (all->list[i].scope >= RT_SCOPE_LINK)
			continue;
		list = array_grow(global->list, global->count, &global->room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		global->list = list;
		list[global->count++] = all->list[i];
	}
	for (size_t i = 0; i < all->range_count; i++) {
		if (add_range(global, &all->ranges[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

void addresses_done(struct addresses *addresses)
{
	free(addresses->list);
	free(addresses->ranges);
	memset(addresses, 0, sizeof(*addresses));
}

bool addresses_have(const struct addresses *addresses, const struct ip *ip)
{
	for (size_t i = 0; i < addresses->count; i++) {
		if (ip_equal(&addresses->list[i].ip, ip))
			return true;
	}
	return false;
}

/* The lowest ones first, as gateways mostly have them. */
static bool find_neighbour(const struct addresses *addresses, const struct address *own, const struct ip *other,
			   bool in_ranges, struct ip *ret_ip)
{
	size_t last = ip_len(&own->ip) - 1;

	for (unsigned low = 1; low < 255; low++) {
		struct ip ip = own->ip;

		/* Within the last byte, whatever the prefix. */
		ip.bytes[last] = (uint8_t)low;
		if (!ip_same_subnet(&ip, &own->ip, own->prefix) || ip_equal(&ip, other) ||
		    addresses_have(addresses, &ip) || (!in_ranges && addresses_range(addresses, &ip)))
			continue;
		*ret_ip = ip;
		return true;
	}
	return false;
}

bool addresses_neighbour_in(const struct addresses *addresses, const struct address *own, const struct ip *other,
			    struct ip *ret_ip)
{
	/* No look-up may reach the ranges. */
	return find_neighbour(addresses, own, other, false, ret_ip) ||
	       (addresses->range_count > 0 && find_neighbour(addresses, own, other, true, ret_ip));
}

bool addresses_neighbour(const struct addresses *addresses, int ifindex, const struct ip *other, struct ip *ret_ip)
{
	for (size_t i = 0; i < addresses->count; i++) {
		const struct address *own = &addresses->list[i];

		if (own->ifindex == ifindex && own->ip.family == other->family &&
		    addresses_neighbour_in(addresses, own, other, ret_ip))
			return true;
	}
	return false;
}

bool addresses_sender(const struct addresses *addresses, int ifindex, const struct ip *ip, struct ip *ret_sender)
{
	const struct address *best = NULL;

	for (size_t i = 0; i < addresses->count; i++) {
		const struct address *own = &addresses->list[i];

		if (own->ifindex != ifindex || own->ip.family != ip->family || ip_equal(&own->ip, ip) ||
		    (own->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_OPTIMISTIC)))
			continue;
		if (!best ||
		    (ip_same_subnet(ip, &own->ip, own->prefix) && !ip_same_subnet(ip, &best->ip, best->prefix)))
			best = own;
	}
	if (best)
		*ret_sender = best->ip;
	return best;
}
