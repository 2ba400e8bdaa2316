/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three dumps: devices, addresses, proxy entries. */

#include "kernel/snapshot.h"

#include <errno.h>
#include <linux/rtnetlink.h>
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

static int by_ifindex(const void *a, const void *b)
{
	int x = ((const struct link *)a)->ifindex;
	int y = ((const struct link *)b)->ifindex;

	return (x > y) - (x < y);
}

int snapshot_take(struct netlink *nl, struct snapshot *ret_snapshot, struct err *err)
{
	struct snapshot *s = ret_snapshot;
	struct ifinfomsg info = { 0 };
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
		r = proxies_get(nl, &s->proxies, err);
	if (r < 0)
		return err_wrap(err, "looking at the host");
	if (s->link_count > 0)
		qsort(s->links, s->link_count, sizeof(*s->links), by_ifindex);
	return 0;
}

void snapshot_done(struct snapshot *snapshot)
{
	free(snapshot->links);
	proxies_done(&snapshot->proxies);
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
