/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of devices, VLANs, addresses, proxy entries, groups, rules and names, each asked for once. */

#include "kernel/netstate.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "kernel/netdev.h"
#include "kernel/sysctl.h"

/* linux/rtnetlink.h of Debian 12 has both. */
#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

#define DEPTH_MAX 8 /* the kernel's MAX_NEST_DEV */

static int take_device(struct nlmsghdr *answer, void *arg)
{
	struct netstate *s = arg;
	struct netdev *list = array_grow(s->devices, s->count, &s->room, sizeof(*list));
	int r;

	if (!list)
		return -ENOMEM;
	s->devices = list;
	r = netdev_parse(answer, &list[s->count]);
	if (r == 0)
		s->count++;
	return r;
}

static void restart_devices(void *arg)
{
	((struct netstate *)arg)->count = 0;
}

static int by_ifindex(const void *a, const void *b)
{
	int x = ((const struct netdev *)a)->link.ifindex;
	int y = ((const struct netdev *)b)->link.ifindex;

	return (x > y) - (x < y);
}

static int take_devices(struct netlink *nl, struct netstate *s, struct err *err)
{
	int r = netdev_list(nl, take_device, restart_devices, s, err);

	/* An old kernel's are asked for one by one, which looks for the rest. */
	for (size_t i = 0; r == 0 && i < s->count; i++) {
		struct link *link = &s->devices[i].link;

		if (!link->whole)
			(void)link_get_by_index(nl, link->ifindex, link, NULL);
	}
	if (r == 0 && s->count > 0)
		qsort(s->devices, s->count, sizeof(*s->devices), by_ifindex);
	return r;
}

static int add_vlan(struct netstate *s, const struct netdev_vlan *vlan)
{
	struct netdev_vlan *list = array_grow(s->vlans, s->vlan_count, &s->vlan_room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	s->vlans = list;
	list[s->vlan_count++] = *vlan;
	return 0;
}

/* A range is told by two of them, its first and its last. */
static int take_vlan(struct netstate *s, int ifindex, const struct bridge_vlan_info *info)
{
	struct netdev_vlan *before = s->vlan_count > 0 ? &s->vlans[s->vlan_count - 1] : NULL;

	if ((info->flags & BRIDGE_VLAN_INFO_RANGE_END) && before && before->ifindex == ifindex) {
		before->last = info->vid;
		return 0;
	}
	return add_vlan(s, &(struct netdev_vlan){ .ifindex = ifindex,
						  .vid = info->vid,
						  .last = info->vid,
						  .pvid = info->flags & BRIDGE_VLAN_INFO_PVID,
						  .untagged = info->flags & BRIDGE_VLAN_INFO_UNTAGGED });
}

/* IFLA_AF_SPEC { IFLA_BRIDGE_VLAN_INFO: struct bridge_vlan_info, ... } */
static int take_vlans(struct nlmsghdr *answer, void *arg)
{
	struct netstate *s = arg;
	const struct ifinfomsg *info = nlmsg_data(answer);
	struct nlattr *spec;
	struct nlattr *attr;
	int left;
	int r = 0;

	if (answer->nlmsg_type != RTM_NEWLINK || !nlmsg_valid_hdr(answer, sizeof(*info)))
		return -EBADMSG;
	spec = nlmsg_find_attr(answer, sizeof(*info), IFLA_AF_SPEC);
	if (!spec)
		return 0;
	nla_for_each_nested(attr, spec, left)
	{
		struct bridge_vlan_info vlan;

		if (nla_type(attr) != IFLA_BRIDGE_VLAN_INFO || nla_len(attr) != (int)sizeof(vlan) || r < 0)
			continue;
		memcpy(&vlan, nla_data(attr), sizeof(vlan));
		r = take_vlan(s, info->ifi_index, &vlan);
	}
	return r;
}

static void restart_vlans(void *arg)
{
	((struct netstate *)arg)->vlan_count = 0;
}

/* Only where a bridge filters. */
static int list_vlans(struct netlink *nl, struct netstate *s, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_BRIDGE };
	uint32_t mask = RTEXT_FILTER_BRVLAN_COMPRESSED | RTEXT_FILTER_SKIP_STATS;
	bool filters = false;

	for (size_t i = 0; i < s->count; i++)
		filters = filters || s->devices[i].vlan_filtering;
	return !filters ? 0
			: netlink_dump(nl, RTM_GETLINK, &info, sizeof(info), IFLA_EXT_MASK, &mask, sizeof(mask),
				       take_vlans, restart_vlans, s, err);
}

/* Where a qdisc is for frames that come in, what is on it may take them. */
static int take_qdisc(struct nlmsghdr *answer, void *arg)
{
	struct netstate *s = arg;
	const struct tcmsg *tc = nlmsg_data(answer);
	struct nlattr *kind;

	if (!nlmsg_valid_hdr(answer, sizeof(*tc)))
		return -EBADMSG;
	kind = nlmsg_find_attr(answer, sizeof(*tc), TCA_KIND);
	if (!kind || (nla_strcmp(kind, "ingress") != 0 && nla_strcmp(kind, "clsact") != 0))
		return 0;
	for (size_t i = 0; i < s->count; i++) {
		if (s->devices[i].link.ifindex == tc->tcm_ifindex)
			s->devices[i].intercepted = true;
	}
	return 0;
}

static void restart_qdiscs(void *arg)
{
	(void)arg;
}

static int list_qdiscs(struct netlink *nl, struct netstate *s, struct err *err)
{
	struct tcmsg tc = { .tcm_family = AF_UNSPEC };

	return netlink_dump(nl, RTM_GETQDISC, &tc, sizeof(tc), 0, NULL, 0, take_qdisc, restart_qdiscs, s, err);
}

static int take_membership(struct nlmsghdr *answer, void *arg)
{
	struct memberships *all = arg;
	const struct ifaddrmsg *ifa = nlmsg_data(answer);
	struct membership *list;
	struct nlattr *attr;

	if (!nlmsg_valid_hdr(answer, sizeof(*ifa)))
		return -EBADMSG;
	attr = nlmsg_find_attr(answer, sizeof(*ifa),
			       answer->nlmsg_type == RTM_GETMULTICAST ? IFA_MULTICAST : IFA_ANYCAST);
	if (ifa->ifa_family != AF_INET6 || !attr || nla_len(attr) != 16)
		return 0;
	list = array_grow(all->list, all->count, &all->room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	all->list = list;
	list[all->count] = (struct membership){ .ifindex = (int)ifa->ifa_index, .ip.family = AF_INET6 };
	memcpy(list[all->count++].ip.bytes, nla_data(attr), 16);
	return 0;
}

static void restart_memberships(void *arg)
{
	((struct memberships *)arg)->count = 0;
}

static int list_memberships(struct netlink *nl, int type, struct memberships *all, struct err *err)
{
	struct ifaddrmsg ifa = { .ifa_family = AF_INET6 };
	int r = netlink_dump(nl, type, &ifa, sizeof(ifa), 0, NULL, 0, take_membership, restart_memberships, all, err);

	/* A kernel without IPv6. */
	return r == -EOPNOTSUPP ? 0 : r;
}

/* What counts for each is all's and the device's, greater or either (ip-sysctl.rst), but for those that are missing
 * here. */
static const struct {
	enum link_value value;
	enum sysctl file;
} all_files[] = {
	{ LINK_ARP_IGNORE, SYSCTL_ARP_IGNORE },
	{ LINK_ARP_ANNOUNCE, SYSCTL_ARP_ANNOUNCE },
	{ LINK_ARP_FILTER, SYSCTL_ARP_FILTER },
	{ LINK_PROXY_ARP, SYSCTL_PROXY_ARP },
	{ LINK_PROXY_ARP_PVLAN, SYSCTL_PROXY_ARP_PVLAN },
	{ LINK_ROUTE_LOCALNET, SYSCTL_ROUTE_LOCALNET },
	{ LINK_DROP_GRATUITOUS_ARP, SYSCTL_DROP_GRATUITOUS_ARP },
	{ LINK_PROXY_NDP, SYSCTL_PROXY_NDP },
	{ LINK_RP_FILTER, SYSCTL_RP_FILTER },
	{ LINK_LOG_MARTIANS, SYSCTL_LOG_MARTIANS },
};

static int read_all(struct netstate *s, struct err *err)
{
	for (size_t i = 0; i < sizeof(all_files) / sizeof(all_files[0]); i++) {
		int r = sysctl_get(all_files[i].file, "all", &s->all[all_files[i].value], err);

		/* An older kernel, or one without IPv6. */
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

int netstate_take(struct netlink *nl, struct netstate *ret_state, struct err *err)
{
	struct netstate *s = ret_state;
	int r;

	memset(s, 0, sizeof(*s));
	r = take_devices(nl, s, err);
	if (r == 0)
		r = list_vlans(nl, s, err);
	if (r == 0)
		r = list_qdiscs(nl, s, err);
	if (r == 0)
		r = addresses_get_all(nl, AF_UNSPEC, &s->addresses, err);
	if (r == 0)
		r = addresses_get_ranges(nl, &s->addresses, err);
	if (r == 0)
		r = proxies_get(nl, &s->proxies, err);
	if (r == 0)
		r = list_memberships(nl, RTM_GETMULTICAST, &s->groups, err);
	if (r == 0)
		r = list_memberships(nl, RTM_GETANYCAST, &s->anycasts, err);
	if (r == 0)
		r = lookup_rules_take(nl, &s->rules, err);
	if (r == 0)
		r = filters_take(&s->filters, err);
	if (r == 0)
		r = read_all(s, err);
	if (r == 0 && netstate_index(s) < 0)
		r = err_errno(err, ENOMEM, "devices");
	return r < 0 ? err_wrap(err, "looking at the host") : 0;
}

void netstate_done(struct netstate *state)
{
	free(state->devices);
	free(state->by_master);
	free(state->by_lower);
	free(state->by_name);
	free(state->vlans);
	free(state->groups.list);
	free(state->anycasts.list);
	addresses_done(&state->addresses);
	proxies_done(&state->proxies);
	quiet_names_done(&state->filters.quiet.names);
	memset(state, 0, sizeof(*state));
}

const struct netdev *netstate_device(const struct netstate *state, int ifindex)
{
	const struct netdev key = { .link.ifindex = ifindex };

	return state->count > 0 ? bsearch(&key, state->devices, state->count, sizeof(key), by_ifindex) : NULL;
}

const struct link *netstate_link(const struct netstate *state, int ifindex)
{
	const struct netdev *device = netstate_device(state, ifindex);

	return device ? &device->link : NULL;
}

static int by_name(const void *a, const void *b, void *arg)
{
	const struct netdev *devices = arg;

	return strcmp(devices[*(const size_t *)a].link.name, devices[*(const size_t *)b].link.name);
}

static size_t *places_by_name(const struct netstate *s)
{
	size_t *places = calloc(s->count ? s->count : 1, sizeof(*places));

	for (size_t i = 0; places && i < s->count; i++)
		places[i] = i;
	if (places && s->count > 1)
		qsort_r(places, s->count, sizeof(*places), by_name, s->devices);
	return places;
}

const struct netdev *netstate_named(const struct netstate *state, const char *name)
{
	size_t low = 0;
	size_t high = state->by_name ? state->count : 0;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct netdev *d = &state->devices[state->by_name[middle]];
		int order = strcmp(name, d->link.name);

		if (order == 0)
			return d;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct netdev *netstate_vrf(const struct netstate *state, int ifindex)
{
	const struct netdev *d = netstate_device(state, ifindex);

	for (int depth = 0; d && d->kind != NETDEV_VRF && depth < DEPTH_MAX; depth++)
		d = d->link.master ? netstate_device(state, d->link.master) : NULL;
	return d && d->kind == NETDEV_VRF ? d : NULL;
}

static int key_of(const struct netdev *d, bool master)
{
	return master ? d->link.master : d->link.lower;
}

struct order {
	const struct netdev *devices;
	bool master;
};

static int by_key(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	const size_t *x = a;
	const size_t *y = b;
	int first = key_of(&order->devices[*x], order->master);
	int second = key_of(&order->devices[*y], order->master);

	return first != second ? (first > second) - (first < second) : (*x > *y) - (*x < *y);
}

static size_t *places_by(const struct netstate *s, bool master)
{
	struct order order = { s->devices, master };
	size_t *places = calloc(s->count ? s->count : 1, sizeof(*places));

	for (size_t i = 0; places && i < s->count; i++)
		places[i] = i;
	if (places && s->count > 1)
		qsort_r(places, s->count, sizeof(*places), by_key, &order);
	return places;
}

static int by_port(const void *a, const void *b)
{
	const struct netdev_vlan *x = a;
	const struct netdev_vlan *y = b;

	return x->ifindex != y->ifindex ? (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex)
					: (x->vid > y->vid) - (x->vid < y->vid);
}

int netstate_index(struct netstate *state)
{
	struct netstate *s = state;

	free(s->by_master);
	free(s->by_lower);
	free(s->by_name);
	s->by_master = places_by(s, true);
	s->by_lower = places_by(s, false);
	s->by_name = places_by_name(s);
	if (s->vlan_count > 1)
		qsort(s->vlans, s->vlan_count, sizeof(*s->vlans), by_port);
	proxies_sort(&s->proxies);
	return s->by_master && s->by_lower && s->by_name ? 0 : -ENOMEM;
}

/* The first place whose key is not below. */
static size_t first_place(const struct netstate *s, const size_t *places, bool master, int key)
{
	size_t low = 0;
	size_t high = s->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (key_of(&s->devices[places[middle]], master) < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct netdev_places find_places(const struct netstate *s, const size_t *places, bool master, int ifindex)
{
	size_t first = first_place(s, places, master, ifindex);

	return (struct netdev_places){ places + first, first_place(s, places, master, ifindex + 1) - first };
}

struct netdev_places netstate_ports(const struct netstate *state, int ifindex)
{
	return find_places(state, state->by_master, true, ifindex);
}

struct netdev_places netstate_above(const struct netstate *state, int ifindex)
{
	return find_places(state, state->by_lower, false, ifindex);
}

bool netstate_proxies(const struct netstate *state, int ifindex, const struct ip *ip)
{
	return proxies_find(&state->proxies, ifindex, ip) != NULL;
}

const struct netdev_vlan *netstate_vlan(const struct netstate *state, int ifindex, uint16_t vid, bool pvid)
{
	size_t low = 0;
	size_t high = state->vlan_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (state->vlans[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < state->vlan_count && state->vlans[low].ifindex == ifindex; low++) {
		const struct netdev_vlan *vlan = &state->vlans[low];

		if (pvid ? vlan->pvid : vlan->vid <= vid && vid <= vlan->last)
			return vlan;
	}
	return NULL;
}
