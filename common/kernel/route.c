/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host routes: a proxy entry answers only when the guest is routed by another device than the asker's. */

#include "kernel/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <string.h>
#include <sys/socket.h>

#ifndef RTM_F_FIB_MATCH
#define RTM_F_FIB_MATCH 0x2000
#endif

DEFINE_CLEANUP(rtnl_route, struct rtnl_route *, rtnl_route_put)

struct answer {
	unsigned prefix;
	unsigned table;
	int ifindex;
};

static int take_route(struct nlmsghdr *msg, void *arg)
{
	struct answer *answer = arg;
	const struct rtmsg *rtm = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];

	if (msg->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(msg, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	answer->prefix = rtm->rtm_dst_len;
	answer->table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	answer->ifindex = tb[RTA_OIF] ? (int)nla_get_u32(tb[RTA_OIF]) : 0;
	return 0;
}

/* Where there is no route, take is not called, and that is no failure. */
static int request(struct netlink *nl, const struct ip *ip, unsigned flags, netlink_answer_fn take, void *arg,
		   struct err *err)
{
	struct rtmsg rtm = {
		.rtm_family = ip->family,
		.rtm_dst_len = (unsigned char)(ip_len(ip) * 8),
		.rtm_flags = flags,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int r;

	if (msg && (nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) < 0 ||
		    nla_put(msg, RTA_DST, (int)ip_len(ip), ip->bytes) < 0)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	r = netlink_get(nl, msg, take, arg, err);
	/* No route: IPv4 says ENETUNREACH or EHOSTUNREACH; a blackhole says EINVAL, a prohibit EACCES. */
	if (r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EINVAL || r == -EACCES || r == -ENOENT)
		return 0;
	return r;
}

static int ask(struct netlink *nl, const struct ip *ip, unsigned flags, struct answer *ret_answer, struct err *err)
{
	memset(ret_answer, 0, sizeof(*ret_answer));
	return request(nl, ip, flags, take_route, ret_answer, err);
}

int route_lookup(struct netlink *nl, const struct ip *ip, int *ret_ifindex, struct err *err)
{
	struct answer answer;
	int r = ask(nl, ip, 0, &answer, err);

	if (r == 0)
		*ret_ifindex = answer.ifindex;
	return r;
}

int route_get_host(struct netlink *nl, const struct ip *ip, int *ret_ifindex, struct err *err)
{
	struct answer answer;
	int r = ask(nl, ip, RTM_F_FIB_MATCH, &answer, err);

	if (r == 0)
		*ret_ifindex = answer.prefix == ip_len(ip) * 8 && answer.table == RT_TABLE_MAIN ? answer.ifindex : 0;
	return r;
}

struct gateway {
	struct ip ip;
	int ifindex;
};

static int take_gateway(struct nlmsghdr *msg, void *arg)
{
	struct gateway *gateway = arg;
	const struct rtmsg *rtm = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];

	if (msg->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(msg, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	if (rtm->rtm_dst_len != 0 || !tb[RTA_GATEWAY] || !tb[RTA_OIF] ||
	    nla_len(tb[RTA_GATEWAY]) != (rtm->rtm_family == AF_INET ? 4 : 16))
		return 0;
	gateway->ip.family = rtm->rtm_family;
	memcpy(gateway->ip.bytes, nla_data(tb[RTA_GATEWAY]), (size_t)nla_len(tb[RTA_GATEWAY]));
	gateway->ifindex = (int)nla_get_u32(tb[RTA_OIF]);
	return 0;
}

int route_gateway(struct netlink *nl, int family, struct ip *ret_gateway, int *ret_ifindex, struct err *err)
{
	/* Addresses that nobody has a route of his own for: reserved (RFC 1112), and for documentation (RFC 9637). */
	static const struct ip far[] = { { AF_INET, { 240, 0, 0, 1 } }, { AF_INET6, { 0x3f, 0xff, 0x0f, 0xff } } };
	const struct ip *ip = &far[family == AF_INET6];
	struct gateway gateway = { .ifindex = 0 };
	int r = request(nl, ip, RTM_F_FIB_MATCH, take_gateway, &gateway, err);

	*ret_gateway = gateway.ip;
	*ret_ifindex = gateway.ifindex;
	return r;
}

struct by_device {
	int ifindex;
	bool routed;
};

static int take_by_device(struct nlmsghdr *msg, void *arg)
{
	struct by_device *by = arg;
	const struct rtmsg *rtm = nlmsg_data(msg);
	struct nlattr *oif;

	if (!nlmsg_valid_hdr(msg, sizeof(*rtm)))
		return -EBADMSG;
	/* Older kernels do not filter by the device. */
	oif = nlmsg_find_attr(msg, sizeof(*rtm), RTA_OIF);
	if (msg->nlmsg_type == RTM_NEWROUTE && rtm->rtm_type == RTN_UNICAST && oif &&
	    nla_len(oif) == sizeof(uint32_t) && (int)nla_get_u32(oif) == by->ifindex)
		by->routed = true;
	return 0;
}

static void restart_by_device(void *arg)
{
	((struct by_device *)arg)->routed = false;
}

int route_by_device(struct netlink *nl, int ifindex, bool *ret_routed, struct err *err)
{
	struct rtmsg rtm = { .rtm_family = AF_INET };
	struct by_device by = { .ifindex = ifindex };
	uint32_t oif = (uint32_t)ifindex;
	int r = netlink_dump(nl, RTM_GETROUTE, &rtm, sizeof(rtm), RTA_OIF, &oif, sizeof(oif), take_by_device,
			     restart_by_device, &by, err);

	if (r < 0)
		return err_wrap(err, "routes");
	*ret_routed = by.routed;
	return 0;
}

static struct rtnl_route *host_route(int ifindex, const struct ip *ip)
{
	CLEANUP(rtnl_route) struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *dst = nl_addr_build(ip->family, ip->bytes, ip_len(ip));

	if (!route || !hop || !dst) {
		if (hop)
			rtnl_route_nh_free(hop);
		nl_addr_put(dst);
		return NULL;
	}
	rtnl_route_nh_set_ifindex(hop, ifindex);
	rtnl_route_add_nexthop(route, hop);
	rtnl_route_set_dst(route, dst);
	nl_addr_put(dst);
	rtnl_route_set_family(route, ip->family);
	rtnl_route_set_table(route, RT_TABLE_MAIN);
	rtnl_route_set_type(route, RTN_UNICAST);
	rtnl_route_set_protocol(route, RTPROT_STATIC);
	rtnl_route_set_scope(route, ip->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
	return steal_ptr(&route);
}

int route_add_host(struct netlink *nl, int ifindex, const struct ip *ip, struct err *err)
{
	CLEANUP(rtnl_route) struct rtnl_route *route = host_route(ifindex, ip);
	struct nl_msg *msg = NULL;

	if (ifindex <= 0)
		return err_errno(err, ENODEV, "route without a device");
	if (route && rtnl_route_build_add_request(route, NLM_F_CREATE | NLM_F_EXCL, &msg) < 0)
		msg = NULL;
	return netlink_change(nl, msg, err);
}

int route_delete_host(struct netlink *nl, int ifindex, const struct ip *ip, struct err *err)
{
	CLEANUP(rtnl_route) struct rtnl_route *route = host_route(ifindex, ip);
	struct nl_msg *msg = NULL;
	int r;

	/* Whoever added it: vzctl's routes have another protocol and may have another scope. */
	if (route) {
		rtnl_route_set_protocol(route, RTPROT_UNSPEC);
		rtnl_route_set_scope(route, RT_SCOPE_NOWHERE);
	}
	if (ifindex <= 0)
		return err_errno(err, ENODEV, "route without a device");
	if (route && rtnl_route_build_del_request(route, 0, &msg) < 0)
		msg = NULL;
	r = netlink_change(nl, msg, err);
	if (r == -ESRCH)
		return 0;
	return r < 0 ? r : 1;
}
