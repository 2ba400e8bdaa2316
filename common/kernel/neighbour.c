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
		CLEANUP(nl_msg) struct nl_msg *msg = netlink_message(RTM_DELNEIGH, 0, &nd, sizeof(nd));

		if (msg && nla_put(msg, NDA_DST, 4, entries.address[i]) < 0)
			return err_errno(err, ENOMEM, "netlink request");
		r = netlink_change(nl, steal_ptr(&msg), err);
		if (r == -ENOENT)
			r = 0;
	}
	return r;
}
