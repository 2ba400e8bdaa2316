/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forgetting what a quieted device has learned: such an entry points at the wrong side of the firewall bridge. */

#include "kernel/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* A firewall bridge has one guest behind it; what does not fit is deleted by the kernel's own ageing. */
#define FLUSH_MAX 256

struct entries {
	int ifindex;
	size_t count;
	uint8_t address[FLUSH_MAX][4];
};

static int take_entry(struct nlmsghdr *answer, void *arg)
{
	struct entries *entries = arg;
	const struct ndmsg *nd = nlmsg_data(answer);
	struct nlattr *dst;

	if (!nlmsg_valid_hdr(answer, sizeof(*nd)))
		return -EBADMSG;
	if (answer->nlmsg_type != RTM_NEWNEIGH || nd->ndm_ifindex != entries->ifindex || nd->ndm_family != AF_INET)
		return 0;
	dst = nlmsg_find_attr(answer, sizeof(*nd), NDA_DST);
	if (dst && nla_len(dst) == 4 && entries->count < FLUSH_MAX)
		memcpy(entries->address[entries->count++], nla_data(dst), 4);
	return 0;
}

static void restart(void *arg)
{
	struct entries *entries = arg;

	entries->count = 0;
}

int neighbour_flush(struct netlink *nl, int ifindex, struct err *err)
{
	struct ndmsg nd = { .ndm_family = AF_INET };
	struct entries entries = { .ifindex = ifindex };
	uint32_t index = (uint32_t)ifindex;
	int r = netlink_dump(nl, RTM_GETNEIGH, &nd, sizeof(nd), NDA_IFINDEX, &index, sizeof(index), take_entry, restart,
			     &entries, err);

	nd.ndm_ifindex = ifindex;
	for (size_t i = 0; r == 0 && i < entries.count; i++) {
		struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELNEIGH, 0);

		if (msg && (nlmsg_append(msg, &nd, sizeof(nd), NLMSG_ALIGNTO) < 0 ||
			    nla_put(msg, NDA_DST, 4, entries.address[i]) < 0)) {
			nlmsg_free(msg);
			msg = NULL;
		}
		r = netlink_change(nl, msg, err);
		if (r == -ENOENT)
			r = 0;
	}
	return r;
}
