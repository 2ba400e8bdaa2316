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
#include <netlink/attr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "kernel/attr.h"
#include "kernel/device_file.h"

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

#define DEPTH_MAX 8 /* the kernel's MAX_NEST_DEV */

DEFINE_CLEANUP(dir, DIR *, closedir)

/* The place of each in its family's list. */
static const struct {
	int family;
	unsigned at;
	const char *file; /* in /proc/sys/net */
} devconf[LINK_VALUE_COUNT] = {
	[LINK_ARP_IGNORE] = { AF_INET, IPV4_DEVCONF_ARP_IGNORE - 1, "arp_ignore" },
	[LINK_ARP_ANNOUNCE] = { AF_INET, IPV4_DEVCONF_ARP_ANNOUNCE - 1, "arp_announce" },
	[LINK_ARP_FILTER] = { AF_INET, IPV4_DEVCONF_ARPFILTER - 1, "arp_filter" },
	[LINK_FORWARDING] = { AF_INET, IPV4_DEVCONF_FORWARDING - 1, "forwarding" },
	[LINK_RP_FILTER] = { AF_INET, IPV4_DEVCONF_RP_FILTER - 1, "rp_filter" },
	[LINK_PROXY_ARP] = { AF_INET, IPV4_DEVCONF_PROXY_ARP - 1, "proxy_arp" },
	[LINK_FORWARDING_6] = { AF_INET6, DEVCONF_FORWARDING, "forwarding" },
	[LINK_ACCEPT_RA_6] = { AF_INET6, DEVCONF_ACCEPT_RA, "accept_ra" },
	[LINK_PROXY_ARP_PVLAN] = { AF_INET, IPV4_DEVCONF_PROXY_ARP_PVLAN - 1, "proxy_arp_pvlan" },
	[LINK_MEDIUM_ID] = { AF_INET, IPV4_DEVCONF_MEDIUM_ID - 1, "medium_id" },
	[LINK_ROUTE_LOCALNET] = { AF_INET, IPV4_DEVCONF_ROUTE_LOCALNET - 1, "route_localnet" },
	[LINK_DROP_GRATUITOUS_ARP] = { AF_INET, IPV4_DEVCONF_DROP_GRATUITOUS_ARP - 1, "drop_gratuitous_arp" },
	[LINK_PROXY_NDP] = { AF_INET6, DEVCONF_PROXY_NDP, "proxy_ndp" },
	[LINK_DISABLE_IPV6] = { AF_INET6, DEVCONF_DISABLE_IPV6, "disable_ipv6" },
	[LINK_LOG_MARTIANS] = { AF_INET, IPV4_DEVCONF_LOG_MARTIANS - 1, "log_martians" },
	[LINK_ACCEPT_LOCAL] = { AF_INET, IPV4_DEVCONF_ACCEPT_LOCAL - 1, "accept_local" },
};

/* IFLA_AF_SPEC { AF_INET { IFLA_INET_CONF: u32[] }, AF_INET6 { IFLA_INET6_CONF: s32[] } } */
static void take_values(struct link *link, struct nlattr *af_spec, int family, int attr)
{
	struct nlattr *conf = attr_within(attr_within(af_spec, family), attr);

	if (!conf)
		return;
	*(family == AF_INET ? &link->inet : &link->inet6) = true;
	for (size_t i = 0; i < LINK_VALUE_COUNT; i++) {
		size_t at = devconf[i].at * sizeof(uint32_t);

		if (devconf[i].family == family && at + sizeof(uint32_t) <= (size_t)nla_len(conf))
			memcpy(&link->value[i], (char *)nla_data(conf) + at, sizeof(uint32_t));
	}
}

/* A VRF's, as its device tells it. */
static unsigned table_of(struct nlattr *slave_data)
{
	struct nlattr *table = attr_within(slave_data, IFLA_VRF_PORT_TABLE);

	return table && nla_len(table) == sizeof(uint32_t) ? nla_get_u32(table) : 0;
}

int link_parse(struct nlmsghdr *answer, struct link *ret_link)
{
	struct link *link = ret_link;
	struct nlattr *tb[IFLA_MAX + 1];
	const struct ifinfomsg *info = nlmsg_data(answer);
	struct nlattr *kind;
	struct nlattr *slave;

	if (answer->nlmsg_type != RTM_NEWLINK || nlmsg_parse(answer, sizeof(*info), tb, IFLA_MAX, NULL) < 0 ||
	    !tb[IFLA_IFNAME])
		return -EBADMSG;
	memset(link, 0, sizeof(*link));
	link->whole = tb[IFLA_CARRIER] != NULL;
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
	kind = attr_within(tb[IFLA_LINKINFO], IFLA_INFO_KIND);
	if (kind)
		nla_strlcpy(link->kind, kind, sizeof(link->kind));
	/* The kernel tells the slave's kind since 3.14, and has VRFs since 4.3. */
	slave = attr_within(tb[IFLA_LINKINFO], IFLA_INFO_SLAVE_KIND);
	link->port = link->master != 0 && !(slave && nla_strcmp(slave, "vrf") == 0);
	if (link->master != 0 && !link->port)
		link->table = table_of(attr_within(tb[IFLA_LINKINFO], IFLA_INFO_SLAVE_DATA));
	if (tb[IFLA_AF_SPEC]) {
		take_values(link, tb[IFLA_AF_SPEC], AF_INET, IFLA_INET_CONF);
		take_values(link, tb[IFLA_AF_SPEC], AF_INET6, IFLA_INET6_CONF);
	}
	return 0;
}

static void read_values(struct link *link)
{
	for (size_t i = 0; i < LINK_VALUE_COUNT; i++) {
		int family = devconf[i].family;

		if (device_file_value(family, link->name, devconf[i].file, &link->value[i]) == 0)
			*(family == AF_INET ? &link->inet : &link->inet6) = true;
	}
}

/* The rest of one that is not whole, from /sys and /proc/sys. */
static void complete(struct netlink *nl, struct link *link)
{
	if (link->whole)
		return;
	netlink_set_lacking(nl, NETLINK_LACKS_MASTER);
	if (link->master == 0)
		link->master = device_file_master(link->name);
	link->port = link->master != 0;
	if (!link->kind[0] && device_file_is_bridge(link->name))
		(void)text_copy(link->kind, sizeof(link->kind), "bridge");
	if (link->inet || link->inet6)
		return;
	netlink_set_lacking(nl, NETLINK_LACKS_VALUES);
	read_values(link);
}

static int take_link(struct nlmsghdr *answer, void *arg)
{
	return link_parse(answer, arg);
}

static int request(struct netlink *nl, const char *name, int ifindex, struct link *ret_link, struct err *err)
{
	struct ifinfomsg info = { .ifi_index = ifindex };
	CLEANUP(nl_msg) struct nl_msg *msg = netlink_message(RTM_GETLINK, 0, &info, sizeof(info));
	struct link link = { 0 };
	int r;

	if (msg && ((name && nla_put_string(msg, IFLA_IFNAME, name) < 0) ||
		    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0))
		return err_errno(err, ENOMEM, "netlink request");
	r = netlink_get(nl, steal_ptr(&msg), take_link, &link, err);
	if (r == 0 && link.ifindex <= 0)
		r = err_set(err, EBADMSG, "netlink: an answer without a device");
	if (r < 0)
		return r;
	complete(nl, &link);
	*ret_link = link;
	return 0;
}

/* Its name may be another's by now. */
static int get_by_file(struct netlink *nl, const char *name, struct link *ret_link, struct err *err)
{
	int ifindex = device_file_index(name);
	struct link link;
	int r = ifindex > 0 ? request(nl, NULL, ifindex, &link, err) : err_errno(err, ENODEV, "%s", name);

	if (r < 0)
		return r;
	if (strcmp(link.name, name) != 0)
		return err_errno(err, ENODEV, "%s", name);
	*ret_link = link;
	return 0;
}

int link_get(struct netlink *nl, const char *name, struct link *ret_link, struct err *err)
{
	int r;

	if (netlink_lacks(nl, NETLINK_LACKS_NAMES))
		return get_by_file(nl, name, ret_link, err);
	r = request(nl, name, 0, ret_link, err);
	/* Before Linux 2.6.33 a name is not looked at. */
	if (r != -EINVAL || !ifname_valid(name))
		return r;
	netlink_set_lacking(nl, NETLINK_LACKS_NAMES);
	return get_by_file(nl, name, ret_link, err);
}

int link_get_by_index(struct netlink *nl, int ifindex, struct link *ret_link, struct err *err)
{
	return request(nl, NULL, ifindex, ret_link, err);
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

void link_vrf(struct netlink *nl, const struct link *link, char ret_vrf[IFNAMSIZ])
{
	struct link above = *link;
	int depth = 0;

	while (strcmp(above.kind, "vrf") != 0 && above.master && depth++ < DEPTH_MAX) {
		if (link_get_by_index(nl, above.master, &above, NULL) < 0)
			break;
	}
	memcpy(ret_vrf, strcmp(above.kind, "vrf") == 0 ? above.name : (char[IFNAMSIZ]){ "" }, IFNAMSIZ);
}

void link_name(struct netlink *nl, int ifindex, char ret_name[IFNAMSIZ])
{
	struct link link;

	ret_name[0] = '\0';
	if (link_get_by_index(nl, ifindex, &link, NULL) == 0)
		memcpy(ret_name, link.name, IFNAMSIZ);
}

int link_each_lower(struct netlink *nl, const char *name, bool (*skip)(const char *name), link_fn take, void *arg,
		    struct err *err)
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
		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0 ||
		    (skip && skip(entry->d_name + sizeof(prefix) - 1)))
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

/* RTM_NEWLINK for a device that is there: these of its flags, and what the caller adds. NULL without memory. */
static struct nl_msg *build(int ifindex, unsigned flags, unsigned which)
{
	struct ifinfomsg info = { .ifi_index = ifindex, .ifi_flags = flags, .ifi_change = which };

	return netlink_message(RTM_NEWLINK, 0, &info, sizeof(info));
}

/* An ifindex of 0 would mean "by name", and none is set: refused here. msg is consumed. */
static int change(struct netlink *nl, int ifindex, struct nl_msg *msg, struct err *err)
{
	CLEANUP(nl_msg) struct nl_msg *held = msg;

	return ifindex > 0 ? netlink_change(nl, steal_ptr(&held), err) : err_errno(err, ENODEV, "device %d", ifindex);
}

static int set_value_by_file(struct netlink *nl, int ifindex, enum link_value which, uint32_t value, struct err *err)
{
	struct link link;
	int r = link_get_by_index(nl, ifindex, &link, err);

	return r < 0 ? r : device_file_set_value(devconf[which].family, link.name, devconf[which].file, value, err);
}

static int set_value(struct netlink *nl, int ifindex, enum link_value which, uint32_t value, struct err *err)
{
	CLEANUP(nl_msg) struct nl_msg *msg = build(ifindex, 0, 0);
	struct nlattr *families = msg ? nla_nest_start(msg, IFLA_AF_SPEC) : NULL;
	struct nlattr *family = families ? nla_nest_start(msg, devconf[which].family) : NULL;
	struct nlattr *values = family ? nla_nest_start(msg, IFLA_INET_CONF) : NULL;

	if (!values || nla_put_u32(msg, (int)devconf[which].at + 1, value) < 0)
		return err_errno(err, ENOMEM, "netlink request");
	nla_nest_end(msg, values);
	nla_nest_end(msg, family);
	nla_nest_end(msg, families);
	return change(nl, ifindex, steal_ptr(&msg), err);
}

int link_set_value(struct netlink *nl, int ifindex, enum link_value which, uint32_t value, struct err *err)
{
	return ifindex > 0 && netlink_lacks(nl, NETLINK_LACKS_VALUES)
		       ? set_value_by_file(nl, ifindex, which, value, err)
		       : set_value(nl, ifindex, which, value, err);
}

int link_set_flag(struct netlink *nl, int ifindex, unsigned flag, bool on, struct err *err)
{
	return change(nl, ifindex, build(ifindex, on ? flag : 0, flag), err);
}

static int change_attr(struct netlink *nl, int ifindex, int type, const void *data, int len, struct err *err)
{
	CLEANUP(nl_msg) struct nl_msg *msg = build(ifindex, 0, 0);

	if (!msg || nla_put(msg, type, len, data) < 0)
		return err_errno(err, ENOMEM, "netlink request");
	return change(nl, ifindex, steal_ptr(&msg), err);
}

static int set_master_by_ioctl(struct netlink *nl, int ifindex, int master, struct err *err)
{
	struct link port;
	struct link bridge;
	int r = link_get_by_index(nl, ifindex, &port, err);

	if (r == 0 && master)
		r = link_get_by_index(nl, master, &bridge, err);
	return r < 0 ? r : device_file_set_master(port.name, master ? bridge.name : NULL, err);
}

int link_set_master(struct netlink *nl, int ifindex, int master, struct err *err)
{
	/* Before Linux 2.6.39 it would be passed over. */
	if (ifindex > 0 && netlink_lacks(nl, NETLINK_LACKS_MASTER))
		return set_master_by_ioctl(nl, ifindex, master, err);
	return change_attr(nl, ifindex, IFLA_MASTER, &master, sizeof(master), err);
}

int link_set_mac(struct netlink *nl, int ifindex, const struct mac *mac, struct err *err)
{
	return change_attr(nl, ifindex, IFLA_ADDRESS, mac->bytes, ETH_ALEN, err);
}
