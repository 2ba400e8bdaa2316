/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One proxy entry by its key, without the list that grows with the host; and that list, for who wants all. */

#include "kernel/proxy.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "kernel/arp_file.h"

static struct nl_msg *build(int type, int flags, int ifindex, const struct ip *ip)
{
	struct ndmsg nd = {
		.ndm_family = ip->family,
		.ndm_ifindex = ifindex,
		.ndm_flags = NTF_PROXY,
		/* A GET with a state is refused by strict checking. */
		.ndm_state = type == RTM_NEWNEIGH ? NUD_PERMANENT : 0,
	};
	CLEANUP(nl_msg) struct nl_msg *msg = netlink_message(type, flags, &nd, sizeof(nd));

	return msg && nla_put(msg, NDA_DST, (int)ip_len(ip), ip->bytes) == 0 ? steal_ptr(&msg) : NULL;
}

static int no_device(struct err *err)
{
	return err_errno(err, ENODEV, "proxy entry without a device");
}

/* ---- the list --------------------------------------------------------------------------------------------------- */

static int add_entry(struct proxies *proxies, const struct proxy_entry *entry)
{
	struct proxy_entry *list = array_grow(proxies->list, proxies->count, &proxies->room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	proxies->list = list;
	list[proxies->count++] = *entry;
	return 0;
}

struct listing {
	struct proxies *proxies;
	bool others; /* entries came that were not asked for */
};

static int take_listed(struct nlmsghdr *answer, void *arg)
{
	struct listing *listing = arg;
	struct proxies *proxies = listing->proxies;
	const struct ndmsg *nd = nlmsg_data(answer);
	struct proxy_entry entry = { 0 };
	struct nlattr *dst;

	if (!nlmsg_valid_hdr(answer, sizeof(*nd)))
		return -EBADMSG;
	if (nd->ndm_family != AF_INET && nd->ndm_family != AF_INET6)
		return 0;
	if (answer->nlmsg_type != RTM_NEWNEIGH)
		return 0;
	if (!(nd->ndm_flags & NTF_PROXY)) {
		listing->others = true;
		return 0;
	}
	dst = nlmsg_find_attr(answer, sizeof(*nd), NDA_DST);
	if (!dst || nla_len(dst) != (nd->ndm_family == AF_INET ? 4 : 16))
		return 0;
	entry.ifindex = nd->ndm_ifindex;
	entry.ip.family = nd->ndm_family;
	memcpy(entry.ip.bytes, nla_data(dst), (size_t)nla_len(dst));
	return add_entry(proxies, &entry);
}

static void restart_list(void *arg)
{
	((struct listing *)arg)->proxies->count = 0;
}

static int by_address(const void *a, const void *b)
{
	const struct proxy_entry *x = a;
	const struct proxy_entry *y = b;
	int order = x->ip.family != y->ip.family ? (x->ip.family > y->ip.family ? 1 : -1)
						 : memcmp(x->ip.bytes, y->ip.bytes, sizeof(x->ip.bytes));

	return order ? order : (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

void proxies_sort(struct proxies *proxies)
{
	if (proxies->count > 1)
		qsort(proxies->list, proxies->count, sizeof(*proxies->list), by_address);
}

const struct proxy_entry *proxies_find(const struct proxies *proxies, int ifindex, const struct ip *ip)
{
	const struct proxy_entry key = { ifindex, *ip };

	return proxies->count > 0 ? bsearch(&key, proxies->list, proxies->count, sizeof(key), by_address) : NULL;
}

static int take_from_file(const struct proxy_entry *entry, void *arg)
{
	return add_entry(arg, entry);
}

/*
 * A kernel without such a list gives the ordinary entries instead of it, or nothing where there are none. IPv4's are in
 * /proc/net/arp then, IPv6's nowhere.
 */
static int read_list(struct netlink *nl, int family, struct proxies *ret_proxies, struct err *err)
{
	struct ndmsg nd = { .ndm_family = (uint8_t)family, .ndm_flags = NTF_PROXY };
	struct listing listing = { .proxies = ret_proxies };
	int r;

	memset(ret_proxies, 0, sizeof(*ret_proxies));
	r = netlink_dump(nl, RTM_GETNEIGH, &nd, sizeof(nd), 0, NULL, 0, take_listed, restart_list, &listing, err);
	if (r < 0)
		return r;
	if (ret_proxies->count == 0 && listing.others)
		netlink_set_lacking(nl, NETLINK_LACKS_PROXIES);
	/* With no entry of whatever kind, it shows when it lacks a thing that came later. */
	if (ret_proxies->count == 0 && family != AF_INET6 &&
	    (netlink_lacks(nl, NETLINK_LACKS_PROXIES) || netlink_lacks(nl, NETLINK_LACKS_MASTER)))
		r = arp_file_proxies(take_from_file, ret_proxies, err);
	if (r == 0)
		proxies_sort(ret_proxies);
	return r;
}

int proxies_get(struct netlink *nl, struct proxies *ret_proxies, struct err *err)
{
	return read_list(nl, AF_UNSPEC, ret_proxies, err);
}

void proxies_done(struct proxies *proxies)
{
	free(proxies->list);
	memset(proxies, 0, sizeof(*proxies));
}

/* An entry that is not in the list may be there all the same, where there is no list. */
static bool is_told(const struct netlink *nl, const struct ip *ip)
{
	return ip->family == AF_INET ||
	       !(netlink_lacks(nl, NETLINK_LACKS_PROXIES) || netlink_lacks(nl, NETLINK_LACKS_MASTER));
}

static int find_in_list(struct netlink *nl, int ifindex, const struct ip *ip, bool *ret_exists, struct err *err)
{
	struct proxies proxies;
	int r = read_list(nl, ip->family, &proxies, err);

	if (r == 0 && !is_told(nl, ip))
		r = err_set(err, EOPNOTSUPP, "this kernel does not tell of IPv6's proxy entries");
	if (r == 0)
		*ret_exists = proxies_find(&proxies, ifindex, ip) != NULL;
	proxies_done(&proxies);
	return r;
}

/* ---- one entry -------------------------------------------------------------------------------------------------- */

/* A device-less entry (all devices) also answers a look-up by device: it is not the one asked for. */
static int take_entry(struct nlmsghdr *answer, void *arg)
{
	const struct ndmsg *nd = nlmsg_data(answer);
	int *ifindex = arg;

	if (answer->nlmsg_type != RTM_NEWNEIGH || !nlmsg_valid_hdr(answer, sizeof(*nd)))
		return -EBADMSG;
	*ifindex = nd->ndm_ifindex;
	return 0;
}

int proxy_get(struct netlink *nl, int ifindex, const struct ip *ip, bool *ret_exists, struct err *err)
{
	int found = 0;
	int r;

	if (ifindex <= 0)
		return no_device(err);
	if (netlink_lacks(nl, NETLINK_LACKS_NEIGHBOUR))
		return find_in_list(nl, ifindex, ip, ret_exists, err);
	r = netlink_get(nl, build(RTM_GETNEIGH, 0, ifindex, ip), take_entry, &found, err);
	if (r == -EOPNOTSUPP) {
		netlink_set_lacking(nl, NETLINK_LACKS_NEIGHBOUR);
		return find_in_list(nl, ifindex, ip, ret_exists, err);
	}
	if (r == -ENOENT)
		found = 0;
	else if (r < 0)
		return r;
	*ret_exists = found == ifindex;
	return 0;
}

static struct nl_msg *build_question(const void *question)
{
	const struct proxy_question *q = question;

	return build(RTM_GETNEIGH, 0, q->ifindex, &q->ip);
}

static int answer_question(struct nlmsghdr *answer, void *question)
{
	struct proxy_question *q = question;
	int found = 0;
	int r = take_entry(answer, &found);

	q->exists = r == 0 && found == q->ifindex;
	return r;
}

static void end_question(void *question, int result)
{
	struct proxy_question *q = question;

	q->known = q->ifindex > 0 && (result == 0 || result == -ENOENT);
	q->exists = q->exists && result == 0;
	q->refused = result == -EOPNOTSUPP;
}

/* One list for all of them. */
static void find_each_in_list(struct netlink *nl, struct proxy_question *questions, size_t count)
{
	struct proxies proxies;
	int r = count > 0 ? read_list(nl, AF_UNSPEC, &proxies, NULL) : -ENOENT;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct proxy_question *q = &questions[i];

		q->known = q->ifindex > 0 && is_told(nl, &q->ip);
		q->exists = q->known && proxies_find(&proxies, q->ifindex, &q->ip);
	}
	if (count > 0)
		proxies_done(&proxies);
}

void proxy_get_each(struct netlink *nl, struct proxy_question *questions, size_t count)
{
	bool lacks = netlink_lacks(nl, NETLINK_LACKS_NEIGHBOUR);

	if (!lacks)
		netlink_get_each(nl, questions, sizeof(*questions), count, build_question, answer_question,
				 end_question);
	for (size_t i = 0; i < count && !lacks; i++)
		lacks = questions[i].refused;
	if (!lacks)
		return;
	netlink_set_lacking(nl, NETLINK_LACKS_NEIGHBOUR);
	find_each_in_list(nl, questions, count);
}

int proxy_add(struct netlink *nl, int ifindex, const struct ip *ip, struct err *err)
{
	if (ifindex <= 0)
		return no_device(err);
	return netlink_change(nl, build(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex, ip), err);
}

int proxy_delete(struct netlink *nl, int ifindex, const struct ip *ip, struct err *err)
{
	int r;

	if (ifindex <= 0)
		return no_device(err);
	r = netlink_change(nl, build(RTM_DELNEIGH, 0, ifindex, ip), err);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}
