/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three dumps: devices, addresses, proxy entries. */

#include "kernel/snapshot.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

/* An array that grows by doubling. */
static int grow(void **list, size_t count, size_t size)
{
	void *more;

	/* Full at 0, 16, 32, 64, ... */
	if (count != 0 && (count < 16 || (count & (count - 1)) != 0))
		return 0;
	more = realloc(*list, (count ? count * 2 : 16) * size);
	if (!more)
		return -ENOMEM;
	*list = more;
	return 0;
}

static int take_link(struct nlmsghdr *answer, void *arg)
{
	struct snapshot *s = arg;

	if (grow((void **)&s->links, s->link_count, sizeof(*s->links)) < 0)
		return -ENOMEM;
	return link_parse(answer, &s->links[s->link_count++]);
}

static void forget_links(void *arg)
{
	((struct snapshot *)arg)->link_count = 0;
}

static int take_proxy(struct nlmsghdr *answer, void *arg)
{
	struct snapshot *s = arg;
	const struct ndmsg *nd = nlmsg_data(answer);
	struct nlattr *dst;
	struct proxy_entry *entry;

	if (!nlmsg_valid_hdr(answer, sizeof(*nd)))
		return -EBADMSG;
	if (nd->ndm_family != AF_INET && nd->ndm_family != AF_INET6)
		return 0;
	if (answer->nlmsg_type != RTM_NEWNEIGH || !(nd->ndm_flags & NTF_PROXY))
		return 0;
	dst = nlmsg_find_attr(answer, sizeof(*nd), NDA_DST);
	if (!dst || nla_len(dst) != (nd->ndm_family == AF_INET ? 4 : 16))
		return 0;
	if (grow((void **)&s->proxies, s->proxy_count, sizeof(*s->proxies)) < 0)
		return -ENOMEM;
	entry = &s->proxies[s->proxy_count++];
	memset(entry, 0, sizeof(*entry));
	entry->ifindex = nd->ndm_ifindex;
	entry->ip.family = nd->ndm_family;
	memcpy(entry->ip.bytes, nla_data(dst), (size_t)nla_len(dst));
	return 0;
}

static void forget_proxies(void *arg)
{
	((struct snapshot *)arg)->proxy_count = 0;
}

static int by_ifindex(const void *a, const void *b)
{
	int x = ((const struct link *)a)->ifindex;
	int y = ((const struct link *)b)->ifindex;

	return (x > y) - (x < y);
}

static int by_address(const void *a, const void *b)
{
	const struct proxy_entry *x = a;
	const struct proxy_entry *y = b;
	int order = x->ip.family != y->ip.family ? (x->ip.family > y->ip.family ? 1 : -1)
						 : memcmp(x->ip.bytes, y->ip.bytes, sizeof(x->ip.bytes));

	return order ? order : (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

int snapshot_take(struct netlink *nl, struct snapshot *ret_snapshot, struct err *err)
{
	struct snapshot *s = ret_snapshot;
	struct ifinfomsg info = { 0 };
	struct ndmsg nd = { .ndm_flags = NTF_PROXY };
	uint32_t mask = RTEXT_FILTER_SKIP_STATS;
	int r;

	memset(s, 0, sizeof(*s));
	r = netlink_dump(nl, RTM_GETLINK, &info, sizeof(info), IFLA_EXT_MASK, &mask, sizeof(mask), take_link,
			 forget_links, s, err);
	if (r == 0)
		r = addresses_get(nl, AF_INET, &s->addresses, err);
	if (r == 0)
		r = addresses_get(nl, AF_INET6, &s->addresses, err);
	if (r == 0)
		r = netlink_dump(nl, RTM_GETNEIGH, &nd, sizeof(nd), 0, NULL, 0, take_proxy, forget_proxies, s, err);
	if (r < 0)
		return err_wrap(err, "looking at the host");
	if (s->link_count > 0)
		qsort(s->links, s->link_count, sizeof(*s->links), by_ifindex);
	if (s->proxy_count > 0)
		qsort(s->proxies, s->proxy_count, sizeof(*s->proxies), by_address);
	return 0;
}

void snapshot_done(struct snapshot *snapshot)
{
	free(snapshot->links);
	free(snapshot->proxies);
	addresses_done(&snapshot->addresses);
	memset(snapshot, 0, sizeof(*snapshot));
}

const struct link *snapshot_link(const struct snapshot *snapshot, int ifindex)
{
	const struct link key = { .ifindex = ifindex };

	return bsearch(&key, snapshot->links, snapshot->link_count, sizeof(key), by_ifindex);
}

const struct link *snapshot_link_by_mac(const struct snapshot *snapshot, const struct mac *mac)
{
	for (size_t i = 0; i < snapshot->link_count; i++) {
		if (mac_equal(&snapshot->links[i].mac, mac))
			return &snapshot->links[i];
	}
	return NULL;
}
