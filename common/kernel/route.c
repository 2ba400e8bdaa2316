/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host routes: a proxy entry answers only when the guest is routed by another device than the asker's. */

#include "kernel/route.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>

#ifndef RTM_F_FIB_MATCH
#define RTM_F_FIB_MATCH 0x2000
#endif

static uint32_t number_of(struct nlattr *attr)
{
	return attr && nla_len(attr) == sizeof(uint32_t) ? nla_get_u32(attr) : 0;
}

static unsigned table_of(const struct rtmsg *rtm, struct nlattr *const *tb)
{
	return tb[RTA_TABLE] ? number_of(tb[RTA_TABLE]) : rtm->rtm_table;
}

static bool is_link_local(const struct ip *ip)
{
	return ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

static void take_source(uint8_t family, struct nlattr *attr, struct ip *ret_source)
{
	struct ip source = { .family = family };

	memset(ret_source, 0, sizeof(*ret_source));
	if (!attr || (family != AF_INET && family != AF_INET6) || nla_len(attr) != (int)ip_len(&source))
		return;
	memcpy(source.bytes, nla_data(attr), ip_len(&source));
	if (!is_link_local(&source))
		*ret_source = source;
}

static int take_route(struct nlmsghdr *msg, void *arg)
{
	struct route *route = arg;
	const struct rtmsg *rtm = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];

	if (msg->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(msg, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	route->prefix = rtm->rtm_dst_len;
	route->table = table_of(rtm, tb);
	route->ifindex = (int)number_of(tb[RTA_OIF]);
	route->cloned = rtm->rtm_flags & RTM_F_CLONED;
	take_source(rtm->rtm_family, tb[RTA_PREFSRC], &route->source);
	return 0;
}

struct question {
	const struct ip *ip;
	const struct ip *from; /* NULL for none */
	int iif;               /* 0: a packet of the host's own */
	int oif;               /* that one leaves by, or by another device of its VRF; 0: by any */
	unsigned flags;
};

/* NULL without memory. */
static struct nl_msg *build_question(const struct question *q)
{
	struct rtmsg rtm = {
		.rtm_family = q->ip->family,
		.rtm_dst_len = (unsigned char)(ip_len(q->ip) * 8),
		.rtm_src_len = (unsigned char)(q->from ? ip_len(q->from) * 8 : 0),
		.rtm_flags = q->flags,
	};
	CLEANUP(nl_msg) struct nl_msg *msg = netlink_message(RTM_GETROUTE, 0, &rtm, sizeof(rtm));

	if (!msg || nla_put(msg, RTA_DST, (int)ip_len(q->ip), q->ip->bytes) < 0 ||
	    (q->from && nla_put(msg, RTA_SRC, (int)ip_len(q->from), q->from->bytes) < 0))
		return NULL;
	if (q->oif && nla_put_u32(msg, RTA_OIF, (uint32_t)q->oif) < 0)
		return NULL;
	/* The kernel would ask as for UDP, for which there may be a rule. */
	if (q->iif && (nla_put_u32(msg, RTA_IIF, (uint32_t)q->iif) < 0 ||
		       nla_put_u8(msg, RTA_IP_PROTO, q->ip->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6) < 0))
		return NULL;
	return steal_ptr(&msg);
}

/*
 * No route: IPv4 says ENETUNREACH or EHOSTUNREACH; a blackhole says EINVAL, a prohibit EACCES. That is an answer, and
 * err stays as it is.
 */
static bool says_no_route(int r)
{
	return r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EINVAL || r == -EACCES || r == -ENOENT;
}

static int request(struct netlink *nl, const struct question *q, netlink_answer_fn take, void *arg, struct err *err)
{
	struct err failure;
	int r = netlink_get(nl, build_question(q), take, arg, &failure);

	if (r == -ENETUNREACH || (!q->iif && says_no_route(r)))
		return 0;
	if (r < 0 && err)
		*err = failure;
	return r;
}

/* Addresses that nobody has a route of his own for: reserved (RFC 1112), and for documentation (RFC 9637). */
static const struct ip *far_away(int family)
{
	static const struct ip far[] = { { AF_INET, { 240, 0, 0, 1 } }, { AF_INET6, { 0x3f, 0xff, 0x0f, 0xff } } };

	return &far[family == AF_INET6];
}

int route_lookup(struct netlink *nl, int device, const struct ip *ip, struct route *ret_route, struct err *err)
{
	struct question q = { .ip = ip, .oif = device };
	struct route route = { .ifindex = 0 };
	int r = request(nl, &q, take_route, &route, err);

	if (r == 0)
		*ret_route = route;
	return r;
}

int route_forward(struct netlink *nl, int iif, const struct ip *from, const struct ip *ip, struct route *ret_route,
		  struct err *err)
{
	struct question q = { .ip = ip, .from = from ? from : far_away(ip->family), .iif = iif };
	struct route route = { .ifindex = 0 };
	int r;

	if (iif <= 0)
		return err_errno(err, ENODEV, "route without a device");
	r = request(nl, &q, take_route, &route, err);
	if (r == 0)
		*ret_route = route;
	return r;
}

static struct nl_msg *build_forward(const void *question)
{
	const struct route_question *r = question;
	const struct question q = {
		.ip = &r->ip,
		.from = r->from.family ? &r->from : far_away(r->ip.family),
		.iif = r->iif,
	};

	return build_question(&q);
}

static int take_forward(struct nlmsghdr *msg, void *question)
{
	return take_route(msg, &((struct route_question *)question)->route);
}

static void end_forward(void *question, int result)
{
	struct route_question *r = question;

	r->result = r->iif > 0 ? result : -ENODEV;
}

void route_forward_each(struct netlink *nl, struct route_question *questions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		questions[i].route = (struct route){ .ifindex = 0 };
	netlink_get_each(nl, questions, sizeof(*questions), count, build_forward, take_forward, end_forward);
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
	/* Before Linux 4.13 the kernel does not tell which route it was: that of an address that no other is for. */
	if ((rtm->rtm_dst_len != 0 && !(rtm->rtm_flags & RTM_F_CLONED)) || !tb[RTA_GATEWAY] || !tb[RTA_OIF] ||
	    nla_len(tb[RTA_GATEWAY]) != (rtm->rtm_family == AF_INET ? 4 : 16))
		return 0;
	gateway->ip.family = rtm->rtm_family;
	memcpy(gateway->ip.bytes, nla_data(tb[RTA_GATEWAY]), (size_t)nla_len(tb[RTA_GATEWAY]));
	gateway->ifindex = (int)number_of(tb[RTA_OIF]);
	return 0;
}

int route_gateway(struct netlink *nl, int family, int device, struct ip *ret_gateway, int *ret_ifindex, struct err *err)
{
	struct question q = { .ip = far_away(family), .oif = device, .flags = RTM_F_FIB_MATCH };
	struct gateway gateway = { .ifindex = 0 };
	int r = request(nl, &q, take_gateway, &gateway, err);

	*ret_gateway = gateway.ip;
	*ret_ifindex = gateway.ifindex;
	return r;
}

/* A look at the routes that leave by one device. */
struct by_device {
	int ifindex;
	const struct host_route *host; /* only this one; NULL for any */
	bool found;
};

static unsigned table_number(const struct host_route *route)
{
	return route->table ? route->table : RT_TABLE_MAIN;
}

static bool is_host_route(const struct rtmsg *rtm, struct nlattr *const *tb, const struct host_route *host)
{
	const struct ip *ip = &host->ip;

	return table_of(rtm, tb) == table_number(host) && rtm->rtm_family == ip->family &&
	       rtm->rtm_dst_len == ip_len(ip) * 8 && tb[RTA_DST] && nla_len(tb[RTA_DST]) == (int)ip_len(ip) &&
	       memcmp(nla_data(tb[RTA_DST]), ip->bytes, ip_len(ip)) == 0;
}

/* By one device, or by several at once (RTA_MULTIPATH, also of a group of nexthops). */
static bool leaves_by(struct nlattr *tb[], int ifindex)
{
	const struct rtnexthop *hop;
	int left;

	if (tb[RTA_OIF] && (int)number_of(tb[RTA_OIF]) == ifindex)
		return true;
	if (!tb[RTA_MULTIPATH])
		return false;
	hop = nla_data(tb[RTA_MULTIPATH]);
	left = nla_len(tb[RTA_MULTIPATH]);
	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		if (hop->rtnh_ifindex == ifindex)
			return true;
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return false;
}

static int take_by_device(struct nlmsghdr *msg, void *arg)
{
	struct by_device *by = arg;
	const struct rtmsg *rtm = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];

	if (nlmsg_parse(msg, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	/* Older kernels do not filter. */
	if (msg->nlmsg_type == RTM_NEWROUTE && rtm->rtm_type == RTN_UNICAST && leaves_by(tb, by->ifindex) &&
	    (!by->host || is_host_route(rtm, tb, by->host)))
		by->found = true;
	return 0;
}

static void restart_by_device(void *arg)
{
	((struct by_device *)arg)->found = false;
}

static int look_by_device(struct netlink *nl, struct by_device *by, struct err *err)
{
	struct rtmsg rtm = {
		.rtm_family = by->host ? by->host->ip.family : AF_INET,
		.rtm_table = by->host && !by->host->table ? RT_TABLE_MAIN : RT_TABLE_UNSPEC,
	};
	uint32_t oif = (uint32_t)by->ifindex;
	int r = netlink_dump(nl, RTM_GETROUTE, &rtm, sizeof(rtm), RTA_OIF, &oif, sizeof(oif), take_by_device,
			     restart_by_device, by, err);

	return r < 0 ? err_wrap(err, "routes") : 0;
}

int route_by_device(struct netlink *nl, int ifindex, bool *ret_routed, struct err *err)
{
	struct by_device by = { .ifindex = ifindex };
	int r = look_by_device(nl, &by, err);

	if (r == 0)
		*ret_routed = by.found;
	return r;
}

static void take_device(struct route_devices *devices, int ifindex)
{
	for (size_t i = 0; i < devices->count; i++) {
		if (devices->ifindexes[i] == ifindex)
			return;
	}
	if (devices->count == ROUTE_DEVICES_MAX)
		devices->more = true;
	else
		devices->ifindexes[devices->count++] = ifindex;
}

/* A router's own route has its protocol, that of a prefix the kernel's, and both end some time. */
static int take_advertised(struct nlmsghdr *msg, void *arg)
{
	const struct rtmsg *rtm = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];
	struct rta_cacheinfo info = { .rta_expires = 0 };

	if (nlmsg_parse(msg, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	if (tb[RTA_CACHEINFO] && nla_len(tb[RTA_CACHEINFO]) >= (int)sizeof(info))
		memcpy(&info, nla_data(tb[RTA_CACHEINFO]), sizeof(info));
	if (msg->nlmsg_type == RTM_NEWROUTE && tb[RTA_OIF] &&
	    (rtm->rtm_protocol == RTPROT_RA || (rtm->rtm_protocol == RTPROT_KERNEL && info.rta_expires)))
		take_device(arg, (int)number_of(tb[RTA_OIF]));
	return 0;
}

static void restart_advertised(void *arg)
{
	memset(arg, 0, sizeof(struct route_devices));
}

int route_advertised(struct netlink *nl, struct route_devices *ret_devices, struct err *err)
{
	struct rtmsg rtm = { .rtm_family = AF_INET6 };
	int r;

	memset(ret_devices, 0, sizeof(*ret_devices));
	r = netlink_dump(nl, RTM_GETROUTE, &rtm, sizeof(rtm), 0, NULL, 0, take_advertised, restart_advertised,
			 ret_devices, err);
	return r < 0 ? err_wrap(err, "routes") : 0;
}

/* The kernel's own rules: 0 local, 32766 main, 32767 default (fib_default_rules_init()). */
static int take_rule(struct nlmsghdr *msg, void *arg)
{
	bool *others = arg;
	const struct fib_rule_hdr *rule = nlmsg_data(msg);
	uint32_t priority;

	if (msg->nlmsg_type != RTM_NEWRULE || !nlmsg_valid_hdr(msg, sizeof(*rule)))
		return -EBADMSG;
	priority = number_of(nlmsg_find_attr(msg, sizeof(*rule), FRA_PRIORITY));
	if (rule->action != FR_ACT_TO_TBL ||
	    !((priority == 0 && rule->table == RT_TABLE_LOCAL) || (priority == 32766 && rule->table == RT_TABLE_MAIN) ||
	      (priority == 32767 && rule->table == RT_TABLE_DEFAULT)))
		*others = true;
	return 0;
}

static void restart_rules(void *arg)
{
	*(bool *)arg = false;
}

static int has_other_rules(struct netlink *nl, int family, bool *ret_others, struct err *err)
{
	struct fib_rule_hdr rule = { .family = (uint8_t)family };
	int r = netlink_dump(nl, RTM_GETRULE, &rule, sizeof(rule), 0, NULL, 0, take_rule, restart_rules, ret_others,
			     err);

	return r < 0 ? err_wrap(err, "rules") : 0;
}

/*
 * The kernel's answer comes from the table that the rules lead to first. Where that is not the one, only a list can
 * tell what it has: of the device's routes, which the kernel filters. So it is where the answer is the
 * way of one address, as IPv4's is before Linux 4.13 and IPv6's before 4.2, and not the route that leads there.
 */
int route_has_host(struct netlink *nl, const struct host_route *host, bool *ret_has, struct err *err)
{
	struct by_device by = { .ifindex = host->ifindex, .host = host };
	/* IPv4 names the main table whatever the table, unless asked to look; IPv6 always names the true one. */
	struct question q = {
		.ip = &host->ip,
		.oif = host->table ? host->ifindex : 0,
		.flags = RTM_F_FIB_MATCH | (host->ip.family == AF_INET ? RTM_F_LOOKUP_TABLE : 0),
	};
	struct route route = { .ifindex = 0 };
	bool others = true;
	int r = request(nl, &q, take_route, &route, err);

	if (r == 0 && route.table == 0 && !route.cloned)
		r = has_other_rules(nl, host->ip.family, &others, err);
	if (r == 0 && !route.cloned && (route.table == table_number(host) || !others))
		by.found = route.ifindex == host->ifindex && route.prefix == ip_len(&host->ip) * 8;
	else if (r == 0)
		r = look_by_device(nl, &by, err);
	if (r == 0)
		*ret_has = by.found;
	return r;
}

/* NULL without memory. */
static struct nl_msg *build(int type, int flags, const struct rtmsg *like, const struct host_route *route)
{
	CLEANUP(nl_msg) struct nl_msg *msg = NULL;
	const struct ip *ip = &route->ip;
	unsigned table = table_number(route);
	struct rtmsg rtm = *like;

	rtm.rtm_family = ip->family;
	rtm.rtm_dst_len = (unsigned char)(ip_len(ip) * 8);
	rtm.rtm_table = (unsigned char)(table < RT_TABLE_COMPAT ? table : RT_TABLE_COMPAT);
	rtm.rtm_type = RTN_UNICAST;
	msg = netlink_message(type, flags, &rtm, sizeof(rtm));
	if (!msg || nla_put(msg, RTA_DST, (int)ip_len(ip), ip->bytes) < 0 ||
	    nla_put_u32(msg, RTA_OIF, (uint32_t)route->ifindex) < 0 ||
	    (rtm.rtm_table == RT_TABLE_COMPAT && nla_put_u32(msg, RTA_TABLE, table) < 0))
		return NULL;
	return steal_ptr(&msg);
}

int route_add_host(struct netlink *nl, const struct host_route *route, const struct ip *source, struct err *err)
{
	CLEANUP(nl_msg) struct nl_msg *msg = NULL;
	const struct rtmsg like = {
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = route->ip.family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
	};

	if (route->ifindex <= 0)
		return err_errno(err, ENODEV, "route without a device");
	msg = build(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &like, route);
	if (msg && source && nla_put(msg, RTA_PREFSRC, (int)ip_len(source), source->bytes) < 0)
		return err_errno(err, ENOMEM, "route");
	return netlink_change(nl, steal_ptr(&msg), err);
}

int route_delete_host(struct netlink *nl, const struct host_route *route, struct err *err)
{
	/* No matter who added it: vzctl's routes have another protocol and may have another scope. */
	const struct rtmsg like = { .rtm_protocol = RTPROT_UNSPEC, .rtm_scope = RT_SCOPE_NOWHERE };
	int r;

	if (route->ifindex <= 0)
		return err_errno(err, ENODEV, "route without a device");
	r = netlink_change(nl, build(RTM_DELROUTE, 0, &like, route), err);
	if (r == -ESRCH)
		return 0;
	return r < 0 ? r : 1;
}
