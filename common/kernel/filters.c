/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One list of nf_tables' chains. What their rules do is not followed: that there are some is enough to know nothing. */

#include "kernel/filters.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "kernel/netlink.h"

#define OWN_TABLE "guestarp"

/* A base chain's hook; one that is no base chain has none, and is reached from one that has. */
static bool is_ingress(struct nlattr *hook)
{
	struct nlattr *number = nla_find(nla_data(hook), nla_len(hook), NFTA_HOOK_HOOKNUM);

	return number && nla_len(number) == sizeof(uint32_t) && ntohl(nla_get_u32(number)) == NF_INET_INGRESS;
}

static int take_chain(struct nlmsghdr *answer, void *arg)
{
	bool *others = arg;
	const struct nfgenmsg *nfgen = nlmsg_data(answer);
	struct nlattr *tb[NFTA_CHAIN_MAX + 1];

	if (nlmsg_parse(answer, sizeof(*nfgen), tb, NFTA_CHAIN_MAX, NULL) < 0)
		return -EBADMSG;
	if (!tb[NFTA_CHAIN_HOOK] || !tb[NFTA_CHAIN_TABLE])
		return 0;
	switch (nfgen->nfgen_family) {
	case NFPROTO_ARP:
		*others = *others || nla_strcmp(tb[NFTA_CHAIN_TABLE], OWN_TABLE) != 0;
		break;
	case NFPROTO_BRIDGE:
	case NFPROTO_NETDEV:
		*others = true;
		break;
	case NFPROTO_INET:
		*others = *others || is_ingress(tb[NFTA_CHAIN_HOOK]);
		break;
	default:
		break;
	}
	return 0;
}

static void restart_chains(void *arg)
{
	*(bool *)arg = false;
}

static int list_chains(struct netlink *nl, bool *ret_others, struct err *err)
{
	struct nfgenmsg nfgen = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };

	return netlink_dump(nl, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, &nfgen, sizeof(nfgen), 0, NULL, 0,
			    take_chain, restart_chains, ret_others, err);
}

/* The old arptables' names, if it is loaded here. ebtables tells nobody; its rules are for the caller to mention. */
static bool has_old_tables(void)
{
	char text[64];

	return file_read_kernel("/proc/net/arp_tables_names", text, sizeof(text)) == 0 && text[0];
}

static int look(struct quiet_table *table, bool *others, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	int r = netlink_open_netfilter(&nl, err);

	if (r == 0)
		r = list_chains(nl, others, err);
	if (r == 0)
		r = quiet_read(nl, table, err);
	return r;
}

int filters_take(struct filters *ret_filters, struct err *err)
{
	struct filters *f = ret_filters;
	bool others = false;
	int r;

	memset(f, 0, sizeof(*f));
	r = look(&f->quiet, &others, err);
	f->known = r == 0;
	f->denied = r == -EPERM;
	if (r < 0 && !f->denied && r != -EPROTONOSUPPORT && r != -EOPNOTSUPP)
		return r;
	f->others = others || f->denied || (f->quiet.exists && !f->quiet.whole) || has_old_tables();
	return 0;
}
