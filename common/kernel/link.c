/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and setting one device by rtnetlink. */

#include "kernel/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

DEFINE_CLEANUP(rtnl_link, struct rtnl_link *, rtnl_link_put)

static const int devconf[LINK_VALUE_COUNT] = {
	[LINK_ARP_IGNORE] = IPV4_DEVCONF_ARP_IGNORE, [LINK_ARP_ANNOUNCE] = IPV4_DEVCONF_ARP_ANNOUNCE,
	[LINK_ARP_FILTER] = IPV4_DEVCONF_ARPFILTER,  [LINK_FORWARDING] = IPV4_DEVCONF_FORWARDING,
	[LINK_RP_FILTER] = IPV4_DEVCONF_RP_FILTER,   [LINK_PROXY_ARP] = IPV4_DEVCONF_PROXY_ARP,
};

/* IFLA_AF_SPEC { AF_INET { IFLA_INET_CONF: u32[], value n at place n - 1 } } */
static void take_inet(struct link *link, struct nlattr *af_spec)
{
	struct nlattr *inet = nla_find(nla_data(af_spec), nla_len(af_spec), AF_INET);
	struct nlattr *conf = inet ? nla_find(nla_data(inet), nla_len(inet), IFLA_INET_CONF) : NULL;

	if (!conf)
		return;
	for (size_t i = 0; i < LINK_VALUE_COUNT; i++) {
		size_t at = ((size_t)devconf[i] - 1) * sizeof(uint32_t);

		if (at + sizeof(uint32_t) <= (size_t)nla_len(conf))
			memcpy(&link->value[i], (char *)nla_data(conf) + at, sizeof(uint32_t));
	}
}

int link_parse(struct nlmsghdr *answer, struct link *ret_link)
{
	struct link *link = ret_link;
	struct nlattr *tb[IFLA_MAX + 1];
	const struct ifinfomsg *info = nlmsg_data(answer);
	struct nlattr *kind;

	if (answer->nlmsg_type != RTM_NEWLINK || nlmsg_parse(answer, sizeof(*info), tb, IFLA_MAX, NULL) < 0 ||
	    !tb[IFLA_IFNAME])
		return -EBADMSG;
	memset(link, 0, sizeof(*link));
	link->ifindex = info->ifi_index;
	link->flags = info->ifi_flags;
	link->type = info->ifi_type;
	nla_strlcpy(link->name, tb[IFLA_IFNAME], sizeof(link->name));
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == ETH_ALEN)
		memcpy(link->mac.bytes, nla_data(tb[IFLA_ADDRESS]), ETH_ALEN);
	if (tb[IFLA_MASTER] && nla_len(tb[IFLA_MASTER]) == sizeof(uint32_t))
		link->master = (int)nla_get_u32(tb[IFLA_MASTER]);
	if (tb[IFLA_LINK] && nla_len(tb[IFLA_LINK]) == sizeof(uint32_t) && !tb[IFLA_LINK_NETNSID])
		link->lower = (int)nla_get_u32(tb[IFLA_LINK]);
	kind = tb[IFLA_LINKINFO] ? nla_find(nla_data(tb[IFLA_LINKINFO]), nla_len(tb[IFLA_LINKINFO]), IFLA_INFO_KIND)
				 : NULL;
	if (kind)
		nla_strlcpy(link->kind, kind, sizeof(link->kind));
	if (tb[IFLA_AF_SPEC])
		take_inet(link, tb[IFLA_AF_SPEC]);
	return 0;
}

static int take_link(struct nlmsghdr *answer, void *arg)
{
	return link_parse(answer, arg);
}

static int get(struct netlink *nl, const char *name, int ifindex, struct link *ret_link, struct err *err)
{
	struct ifinfomsg info = { .ifi_index = ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, 0);

	if (msg && (nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		    (name && nla_put_string(msg, IFLA_IFNAME, name) < 0) ||
		    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return netlink_get(nl, msg, take_link, ret_link, err);
}

int link_get(struct netlink *nl, const char *name, struct link *ret_link, struct err *err)
{
	return get(nl, name, 0, ret_link, err);
}

int link_get_by_index(struct netlink *nl, int ifindex, struct link *ret_link, struct err *err)
{
	return get(nl, NULL, ifindex, ret_link, err);
}

void link_name(struct netlink *nl, int ifindex, char ret_name[IFNAMSIZ])
{
	struct link link;

	ret_name[0] = '\0';
	if (link_get_by_index(nl, ifindex, &link, NULL) == 0)
		memcpy(ret_name, link.name, IFNAMSIZ);
}

struct ports {
	int master;
	struct link *list;
	size_t count;
	size_t room;
};

static int take_port(struct nlmsghdr *answer, void *arg)
{
	struct ports *ports = arg;
	struct link *list = array_grow(ports->list, ports->count, &ports->room, sizeof(*list));
	int r;

	if (!list)
		return -ENOMEM;
	ports->list = list;
	r = link_parse(answer, &list[ports->count]);
	/* Older kernels do not filter. */
	if (r == 0 && list[ports->count].master == ports->master)
		ports->count++;
	return r;
}

static void forget_ports(void *arg)
{
	((struct ports *)arg)->count = 0;
}

int link_each_port(struct netlink *nl, int master, link_fn take, void *arg, struct err *err)
{
	struct ifinfomsg info = { 0 };
	struct ports ports = { .master = master };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, 0);
	int r;

	if (msg && (nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
		    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0 ||
		    nla_put_u32(msg, IFLA_MASTER, (uint32_t)master) < 0)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	r = netlink_list(nl, msg, take_port, forget_ports, &ports, err);
	/* take may ask further questions. */
	for (size_t i = 0; r == 0 && i < ports.count; i++)
		r = take(&ports.list[i], arg);
	free(ports.list);
	return r;
}

/* Sends what changes holds for the device. An ifindex of 0 would mean "by name", and none is set: refused here. */
static int change(struct netlink *nl, int ifindex, struct rtnl_link *changes, struct err *err)
{
	CLEANUP(rtnl_link) struct rtnl_link *which = rtnl_link_alloc();
	struct nl_msg *msg = NULL;

	if (ifindex <= 0)
		return err_errno(err, ENODEV, "device %d", ifindex);
	if (!which || !changes)
		return err_errno(err, ENOMEM, "netlink request");
	rtnl_link_set_ifindex(which, ifindex);
	if (rtnl_link_build_change_request(which, changes, 0, &msg) < 0)
		return err_errno(err, ENOMEM, "netlink request");
	return netlink_change(nl, msg, err);
}

int link_set_value(struct netlink *nl, int ifindex, enum link_value which, uint32_t value, struct err *err)
{
	CLEANUP(rtnl_link) struct rtnl_link *changes = rtnl_link_alloc();

	if (changes && rtnl_link_inet_set_conf(changes, (unsigned)devconf[which], value) < 0)
		return err_errno(err, ENOMEM, "netlink request");
	return change(nl, ifindex, changes, err);
}

int link_set_noarp(struct netlink *nl, int ifindex, bool noarp, struct err *err)
{
	CLEANUP(rtnl_link) struct rtnl_link *changes = rtnl_link_alloc();

	if (changes && noarp)
		rtnl_link_set_flags(changes, IFF_NOARP);
	else if (changes)
		rtnl_link_unset_flags(changes, IFF_NOARP);
	return change(nl, ifindex, changes, err);
}

int link_set_master(struct netlink *nl, int ifindex, int master, struct err *err)
{
	CLEANUP(rtnl_link) struct rtnl_link *changes = rtnl_link_alloc();

	if (changes)
		rtnl_link_set_master(changes, master);
	return change(nl, ifindex, changes, err);
}

int link_set_up(struct netlink *nl, int ifindex, struct err *err)
{
	CLEANUP(rtnl_link) struct rtnl_link *changes = rtnl_link_alloc();

	if (changes)
		rtnl_link_set_flags(changes, IFF_UP);
	return change(nl, ifindex, changes, err);
}

int link_set_mac(struct netlink *nl, int ifindex, const struct mac *mac, struct err *err)
{
	CLEANUP(rtnl_link) struct rtnl_link *changes = rtnl_link_alloc();
	struct nl_addr *addr = nl_addr_build(AF_LLC, mac->bytes, ETH_ALEN);

	if (!addr)
		return err_errno(err, ENOMEM, "netlink request");
	if (changes)
		rtnl_link_set_addr(changes, addr);
	nl_addr_put(addr);
	return change(nl, ifindex, changes, err);
}
