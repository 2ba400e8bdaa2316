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
	struct ifinfomsg info = { 0 };
	uint32_t mask = RTEXT_FILTER_SKIP_STATS;
	int r = netlink_dump(nl, RTM_GETLINK, &info, sizeof(info), IFLA_EXT_MASK, &mask, sizeof(mask), take_device,
			     restart_devices, s, err);

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
		r = add_vlan(s, &(struct netdev_vlan){ .ifindex = info->ifi_index,
						       .vid = vlan.vid,
						       .pvid = vlan.flags & BRIDGE_VLAN_INFO_PVID,
						       .untagged = vlan.flags & BRIDGE_VLAN_INFO_UNTAGGED });
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
	uint32_t mask = RTEXT_FILTER_BRVLAN | RTEXT_FILTER_SKIP_STATS;
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
	return r < 0 ? err_wrap(err, "looking at the host") : 0;
}

void netstate_done(struct netstate *state)
{
	free(state->devices);
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

const struct netdev *netstate_named(const struct netstate *state, const char *name)
{
	for (size_t i = 0; i < state->count; i++) {
		if (strcmp(state->devices[i].link.name, name) == 0)
			return &state->devices[i];
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

const struct netdev_vlan *netstate_vlan(const struct netstate *state, int ifindex, uint16_t vid, bool pvid)
{
	for (size_t i = 0; i < state->vlan_count; i++) {
		const struct netdev_vlan *vlan = &state->vlans[i];

		if (vlan->ifindex == ifindex && (pvid ? vlan->pvid : vlan->vid == vid))
			return vlan;
	}
	return NULL;
}
