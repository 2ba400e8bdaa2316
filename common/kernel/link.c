/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and setting one device by rtnetlink. */

#include "kernel/link.h"

#include <dirent.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

#define DEPTH_MAX 8 /* the kernel's MAX_NEST_DEV */

DEFINE_CLEANUP(dir, DIR *, closedir)
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

/* IFLA_AF_SPEC { AF_INET6 { IFLA_INET6_CONF: s32[], value n at place n } }; not there where IPv6 is not. */
static void take_inet6(struct link *link, struct nlattr *af_spec)
{
	struct nlattr *inet6 = nla_find(nla_data(af_spec), nla_len(af_spec), AF_INET6);
	struct nlattr *conf = inet6 ? nla_find(nla_data(inet6), nla_len(inet6), IFLA_INET6_CONF) : NULL;
	size_t at = DEVCONF_FORWARDING * sizeof(uint32_t);

	if (conf && at + sizeof(uint32_t) <= (size_t)nla_len(conf))
		memcpy(&link->forwarding_6, (char *)nla_data(conf) + at, sizeof(uint32_t));
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
	/* With IFLA_LINK_NETNSID it is a number of another network namespace. */
	if (tb[IFLA_LINK] && nla_len(tb[IFLA_LINK]) == sizeof(uint32_t) && !tb[IFLA_LINK_NETNSID])
		link->lower = (int)nla_get_u32(tb[IFLA_LINK]);
	kind = tb[IFLA_LINKINFO] ? nla_find(nla_data(tb[IFLA_LINKINFO]), nla_len(tb[IFLA_LINKINFO]), IFLA_INFO_KIND)
				 : NULL;
	if (kind)
		nla_strlcpy(link->kind, kind, sizeof(link->kind));
	if (tb[IFLA_AF_SPEC]) {
		take_inet(link, tb[IFLA_AF_SPEC]);
		take_inet6(link, tb[IFLA_AF_SPEC]);
	}
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

int link_get_base(struct netlink *nl, const struct link *link, struct link *ret_base, struct err *err)
{
	struct link base = *link;

	for (int depth = 0; strcmp(base.kind, "vlan") == 0; depth++) {
		int lower = base.lower;
		int r = lower > 0 && depth < DEPTH_MAX ? link_get_by_index(nl, lower, &base, err)
						       : err_set(err, ENODEV, "%s: no device under it", base.name);

		if (r < 0)
			return r;
	}
	*ret_base = base;
	return 0;
}

void link_name(struct netlink *nl, int ifindex, char ret_name[IFNAMSIZ])
{
	struct link link;

	ret_name[0] = '\0';
	if (link_get_by_index(nl, ifindex, &link, NULL) == 0)
		memcpy(ret_name, link.name, IFNAMSIZ);
}

int link_each_lower(struct netlink *nl, const char *name, link_fn take, void *arg, struct err *err)
{
	static const char prefix[] = "lower_";
	char path[IFNAMSIZ + 32];
	CLEANUP(dir) DIR *dir = NULL;
	const struct dirent *entry;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s", name);
	dir = opendir(path);
	if (!dir)
		return err_errno(err, errno, "%s", path);
	while (r == 0) {
		struct link link;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return errno ? err_errno(err, errno, "%s", path) : 0;
		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0)
			continue;
		r = link_get(nl, entry->d_name + sizeof(prefix) - 1, &link, err);
		if (r == 0)
			r = take(&link, arg);
		/* It left while we looked. */
		else if (r == -ENODEV)
			r = 0;
	}
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
