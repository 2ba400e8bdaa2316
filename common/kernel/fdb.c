/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTM_GETNEIGH of family AF_BRIDGE, for one bridge alone. */

#include "kernel/fdb.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct entries {
	fdb_fn take;
	void *arg;
};

static int take_entry(struct nlmsghdr *answer, void *arg)
{
	const struct entries *entries = arg;
	const struct ndmsg *nd = nlmsg_data(answer);
	struct nlattr *lladdr;
	struct mac mac;

	if (!nlmsg_valid_hdr(answer, sizeof(*nd)))
		return -EBADMSG;
	/* NTF_SELF: what a card itself filters by, which nobody has learned. */
	if (answer->nlmsg_type != RTM_NEWNEIGH || nd->ndm_family != AF_BRIDGE || (nd->ndm_flags & NTF_SELF))
		return 0;
	lladdr = nlmsg_find_attr(answer, sizeof(*nd), NDA_LLADDR);
	if (!lladdr || nla_len(lladdr) != ETH_ALEN)
		return 0;
	memcpy(mac.bytes, nla_data(lladdr), ETH_ALEN);
	entries->take(nd->ndm_ifindex, &mac, entries->arg);
	return 0;
}

static void restart(void *arg)
{
	(void)arg;
}

int fdb_list(struct netlink *nl, int bridge, fdb_fn take, void *arg, struct err *err)
{
	struct ndmsg nd = { .ndm_family = AF_BRIDGE };
	struct entries entries = { take, arg };
	uint32_t index = (uint32_t)bridge;

	return netlink_dump(nl, RTM_GETNEIGH, &nd, sizeof(nd), NDA_MASTER, &index, sizeof(index), take_entry, restart,
			    &entries, err);
}
