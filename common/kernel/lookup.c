/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTM_GETROUTE as ARP's own look-ups are: with the incoming device, a sender, no protocol, and all next hops. */

#include "kernel/lookup.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"

#ifndef RTM_F_FIB_MATCH
#define RTM_F_FIB_MATCH 0x2000
#endif

/* A route of a table. */
struct prefix {
	struct ip ip;
	unsigned bits;
	enum lookup_kind kind;
};

/* Are the tables local and main one? */
enum trie { TRIE_UNKNOWN, TRIE_ONE, TRIE_TWO, TRIE_UNCERTAIN };

struct lookup_kernel {
	struct netlink *nl;
	struct lookup_rules rules;
	enum trie trie;

	/* The table that was listed last. */
	uint32_t table;
	struct prefix *prefixes;
	size_t count;
	size_t room;
};

static uint32_t number_of(struct nlattr *attr)
{
	return attr && nla_len(attr) == sizeof(uint32_t) ? nla_get_u32(attr) : 0;
}

static uint32_t table_of(const struct rtmsg *rtm, struct nlattr *const *tb)
{
	return tb[RTA_TABLE] ? number_of(tb[RTA_TABLE]) : rtm->rtm_table;
}

static enum lookup_kind kind_of(const struct rtmsg *rtm)
{
	switch (rtm->rtm_type) {
	case RTN_LOCAL:
		return LOOKUP_LOCAL;
	case RTN_UNICAST:
		return LOOKUP_UNICAST;
	default:
		return LOOKUP_OTHER;
	}
}

/* More hops than there is room for are too many to say anything. */
static void take_hop(struct lookup *l, int ifindex)
{
	if (l->hop_count < LOOKUP_HOPS)
		l->hops[l->hop_count++] = ifindex;
	else
		l->kind = LOOKUP_UNCERTAIN;
}

static void take_hops(struct lookup *l, struct nlattr *multipath)
{
	const struct rtnexthop *hop = nla_data(multipath);
	int left = nla_len(multipath);

	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		if (!(hop->rtnh_flags & RTNH_F_DEAD))
			take_hop(l, hop->rtnh_ifindex);
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
}

struct answer_of_kernel {
	struct lookup lookup;
	uint32_t table;
	bool cloned; /* one address's way, as the kernel does not tell the route and its table (before Linux 4.13) */
	int error;   /* of a look-up that failed: -errno */
};

static int take_route(struct nlmsghdr *msg, void *arg)
{
	struct answer_of_kernel *answer = arg;
	const struct rtmsg *rtm = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];

	if (msg->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(msg, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	answer->table = table_of(rtm, tb);
	answer->cloned = rtm->rtm_flags & RTM_F_CLONED;
	answer->lookup = (struct lookup){ .kind = kind_of(rtm) };
	if (tb[RTA_MULTIPATH])
		take_hops(&answer->lookup, tb[RTA_MULTIPATH]);
	else if (tb[RTA_OIF])
		take_hop(&answer->lookup, (int)number_of(tb[RTA_OIF]));
	return 0;
}

struct question {
	int iif;
	int oif;
	const struct ip *from; /* NULL for none */
	const struct ip *to;
	uint8_t protocol;
	unsigned flags;
};

static bool is_zero(const struct ip *ip)
{
	static const uint8_t zero[sizeof(ip->bytes)];

	return memcmp(ip->bytes, zero, ip_len(ip)) == 0;
}

static struct nl_msg *build(const struct question *q)
{
	bool from = q->from && !is_zero(q->from);
	struct rtmsg rtm = {
		.rtm_family = q->to->family,
		.rtm_dst_len = (unsigned char)(ip_len(q->to) * 8),
		.rtm_src_len = (unsigned char)(from ? ip_len(q->from) * 8 : 0),
		.rtm_flags = q->flags,
	};
	CLEANUP(nl_msg) struct nl_msg *msg = netlink_message(RTM_GETROUTE, 0, &rtm, sizeof(rtm));

	/* Rules may have a range of users; the kernel's own packets are root's. */
	if (!msg || nla_put(msg, RTA_DST, (int)ip_len(q->to), q->to->bytes) < 0 ||
	    (from && nla_put(msg, RTA_SRC, (int)ip_len(q->from), q->from->bytes) < 0) ||
	    (q->iif && nla_put_u32(msg, RTA_IIF, (uint32_t)q->iif) < 0) ||
	    (q->oif && nla_put_u32(msg, RTA_OIF, (uint32_t)q->oif) < 0) || nla_put_u32(msg, RTA_UID, 0) < 0 ||
	    nla_put_u8(msg, RTA_IP_PROTO, q->protocol) < 0)
		return NULL;
	return steal_ptr(&msg);
}

/* Errors of the conversation itself are no answer of routing's. */
static bool is_no_answer(int r)
{
	return r == -EIO || r == -EAGAIN || r == -ENOMEM || r == -EPERM || r == -EBADMSG || r == -EPROTONOSUPPORT;
}

static struct answer_of_kernel ask(const struct lookup_kernel *k, const struct question *q)
{
	struct answer_of_kernel answer = { .lookup.kind = LOOKUP_FAILED };
	int r;

	if (q->protocol == 0)
		return (struct answer_of_kernel){ .lookup.kind = LOOKUP_UNCERTAIN };
	r = netlink_get(k->nl, build(q), take_route, &answer, NULL);
	if (r < 0)
		answer = (struct answer_of_kernel){ .lookup.kind = is_no_answer(r) ? LOOKUP_UNCERTAIN : LOOKUP_FAILED };
	answer.error = r;
	/* Of a multicast address: it was found, and cannot be put into words (rt6_fill_node()). */
	if (r == -EMSGSIZE)
		answer.lookup.kind = q->to->family == AF_INET6 ? LOOKUP_OTHER : LOOKUP_UNCERTAIN;
	return answer;
}

/* What the kernel does not believe the sender by: the next hops of the way to the target. */
static void add_hops(const struct lookup_kernel *k, const struct ip *to, struct lookup *l)
{
	struct question q = { .to = to, .protocol = k->rules.protocol, .flags = RTM_F_FIB_MATCH };
	struct lookup way = ask(k, &q).lookup;

	memcpy(l->hops, way.hops, sizeof(l->hops));
	l->hop_count = way.hop_count;
}

static struct lookup ask_arrive(void *arg, int iif, const struct ip *from, const struct ip *to)
{
	const struct lookup_kernel *k = arg;
	bool v4 = to->family == AF_INET;
	struct question q = {
		.iif = iif,
		.from = from,
		.to = to,
		.protocol = v4 ? k->rules.protocol : IPPROTO_ICMPV6,
		.flags = v4 ? RTM_F_FIB_MATCH : 0,
	};
	struct answer_of_kernel answer = ask(k, &q);

	if (v4 && (answer.error == -EINVAL || answer.error == -EXDEV))
		add_hops(k, to, &answer.lookup);
	return answer.lookup;
}

static struct lookup ask_leave(void *arg, int oif, const struct ip *from, const struct ip *to)
{
	const struct lookup_kernel *k = arg;
	struct question q = {
		.oif = oif, .from = from, .to = to, .protocol = k->rules.protocol, .flags = RTM_F_FIB_MATCH
	};

	return ask(k, &q).lookup;
}

/* Routes whose device is down, and those for another type of service, are not looked at. */
static int take_prefix(struct nlmsghdr *msg, void *arg)
{
	struct lookup_kernel *k = arg;
	const struct rtmsg *rtm = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];
	struct prefix *list;

	if (msg->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(msg, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	/* Older kernels do not filter. */
	if (rtm->rtm_family != AF_INET || table_of(rtm, tb) != k->table || rtm->rtm_tos ||
	    (rtm->rtm_flags & RTNH_F_DEAD) || (tb[RTA_DST] && nla_len(tb[RTA_DST]) != 4))
		return 0;
	list = array_grow(k->prefixes, k->count, &k->room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	k->prefixes = list;
	list[k->count] = (struct prefix){ .ip.family = AF_INET, .bits = rtm->rtm_dst_len, .kind = kind_of(rtm) };
	if (tb[RTA_DST])
		memcpy(list[k->count].ip.bytes, nla_data(tb[RTA_DST]), 4);
	k->count++;
	return 0;
}

static void restart_prefixes(void *arg)
{
	((struct lookup_kernel *)arg)->count = 0;
}

static int list_table(struct lookup_kernel *k, uint32_t table)
{
	struct rtmsg rtm = { .rtm_family = AF_INET };
	int r;

	if (k->table == table)
		return 0;
	k->table = table;
	k->count = 0;
	r = netlink_dump(k->nl, RTM_GETROUTE, &rtm, sizeof(rtm), RTA_TABLE, &table, sizeof(table), take_prefix,
			 restart_prefixes, k, NULL);
	/* A table that has no route yet is none. */
	if (r == -ENOENT)
		r = 0;
	if (r < 0)
		k->table = 0;
	return r;
}

/* The longest prefix; of equal ones the first, as the kernel has them in the order in which it looks. */
static struct lookup find_prefix(struct lookup_kernel *k, uint32_t table, const struct ip *to)
{
	const struct prefix *best = NULL;

	if (list_table(k, table) < 0)
		return (struct lookup){ .kind = LOOKUP_UNCERTAIN };
	for (size_t i = 0; i < k->count; i++) {
		const struct prefix *p = &k->prefixes[i];

		if (ip_same_subnet(&p->ip, to, p->bits) && (!best || p->bits > best->bits))
			best = p;
	}
	return (struct lookup){ .kind = best ? best->kind : LOOKUP_FAILED };
}

/*
 * Until the first rule is added, local and main are one trie, in which the longest prefix of both counts, and which
 * goes by the name of main; afterwards they are two for ever. Where each address of the host is found tells which it
 * is.
 */
static enum trie find_trie(const struct lookup_kernel *k)
{
	static const struct ip loopback = { AF_INET, { 127, 0, 0, 1 } };
	struct question q = { .to = &loopback,
			      .protocol = k->rules.protocol,
			      .flags = RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE };
	struct answer_of_kernel answer = ask(k, &q);

	if (answer.lookup.kind != LOOKUP_LOCAL)
		return TRIE_UNCERTAIN;
	return answer.table == RT_TABLE_MAIN ? TRIE_ONE : TRIE_TWO;
}

static struct lookup ask_within(void *arg, uint32_t table, const struct ip *to)
{
	struct lookup_kernel *k = arg;
	struct question q = { .to = to, .protocol = k->rules.protocol, .flags = RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE };
	struct answer_of_kernel answer;

	if (table || k->rules.custom)
		return find_prefix(k, table ? table : RT_TABLE_LOCAL, to);
	answer = ask(k, &q);
	if (answer.lookup.kind != LOOKUP_LOCAL || (answer.table == RT_TABLE_LOCAL && !answer.cloned))
		return answer.lookup;
	if (answer.cloned)
		return find_prefix(k, RT_TABLE_LOCAL, to);
	if (k->trie == TRIE_UNKNOWN)
		k->trie = find_trie(k);
	/* A local route of main's. */
	if (k->trie == TRIE_TWO)
		answer.lookup.kind = LOOKUP_FAILED;
	if (k->trie == TRIE_UNCERTAIN)
		answer.lookup.kind = LOOKUP_UNCERTAIN;
	return answer.lookup;
}

int lookup_kernel_open(struct netlink *nl, const struct lookup_rules *rules, struct lookup_kernel **ret_kernel,
		       struct lookups *ret_lookups, struct err *err)
{
	struct lookup_kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return err_errno(err, ENOMEM, "look-ups");
	k->nl = nl;
	k->rules = *rules;
	*ret_kernel = k;
	*ret_lookups = (struct lookups){ ask_arrive, ask_leave, ask_within, k };
	return 0;
}

void lookup_kernel_close(struct lookup_kernel *kernel)
{
	if (!kernel)
		return;
	free(kernel->prefixes);
	free(kernel);
}

/* The kernel takes these three for a look-up (rtm_getroute_parse_ip_proto()). */
static const uint8_t protocols[] = { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP };

/* The kernel's own rules: 0 local, 32766 main, 32767 default (fib_default_rules_init()). */
static int take_rule(struct nlmsghdr *msg, void *arg)
{
	struct lookup_rules *rules = arg;
	const struct fib_rule_hdr *rule = nlmsg_data(msg);
	struct nlattr *protocol;
	uint32_t priority;

	if (msg->nlmsg_type != RTM_NEWRULE || !nlmsg_valid_hdr(msg, sizeof(*rule)))
		return -EBADMSG;
	priority = number_of(nlmsg_find_attr(msg, sizeof(*rule), FRA_PRIORITY));
	if (rule->action != FR_ACT_TO_TBL ||
	    !((priority == 0 && rule->table == RT_TABLE_LOCAL) || (priority == 32766 && rule->table == RT_TABLE_MAIN) ||
	      (priority == 32767 && rule->table == RT_TABLE_DEFAULT)))
		rules->custom = true;
	protocol = nlmsg_find_attr(msg, sizeof(*rule), FRA_IP_PROTO);
	for (size_t i = 0; protocol && nla_len(protocol) == 1 && i < sizeof(protocols); i++) {
		if (nla_get_u8(protocol) == protocols[i])
			rules->protocols |= 1U << i;
	}
	return 0;
}

static void restart_rules(void *arg)
{
	memset(arg, 0, sizeof(struct lookup_rules));
}

int lookup_rules_take(struct netlink *nl, struct lookup_rules *ret_rules, struct err *err)
{
	struct fib_rule_hdr rule = { .family = AF_INET };
	int r;

	memset(ret_rules, 0, sizeof(*ret_rules));
	r = netlink_dump(nl, RTM_GETRULE, &rule, sizeof(rule), 0, NULL, 0, take_rule, restart_rules, ret_rules, err);
	if (r < 0)
		return err_wrap(err, "rules");
	for (size_t i = sizeof(protocols); i-- > 0;) {
		if (!(ret_rules->protocols & (1U << i)))
			ret_rules->protocol = protocols[i];
	}
	return 0;
}
