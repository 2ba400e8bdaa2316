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

#include "base/kernel_file.h"
#include "kernel/netlink.h"

#define OWN_TABLE "guestarp"

/* linux/netfilter_bridge.h, which cannot be had beside net/if.h; the most that there are of any family. */
enum { NF_BR_FORWARD = 2, NF_MAX_HOOKS = 8 };

static uint32_t number_of(struct nlattr *attr, uint32_t missing)
{
	return attr && nla_len(attr) == sizeof(uint32_t) ? ntohl(nla_get_u32(attr)) : missing;
}

static uint32_t hook_of(struct nlattr *hook)
{
	return number_of(nla_find(nla_data(hook), nla_len(hook), NFTA_HOOK_HOOKNUM), NF_MAX_HOOKS);
}

/* As ebtables makes them before it has a rule for each. */
static bool is_empty(struct nlattr *const *tb)
{
	return number_of(tb[NFTA_CHAIN_USE], 1) == 0 && number_of(tb[NFTA_CHAIN_POLICY], NF_DROP) == NF_ACCEPT;
}

/*
 * Of a bridge's: what goes from port to port passes another hook than what the bridge itself takes and sends, and
 * Proxmox VE's firewall, which drops frames with other MACs than the guest's, is there.
 */
static int take_chain(struct nlmsghdr *answer, void *arg)
{
	bool *others = arg;
	const struct nfgenmsg *nfgen = nlmsg_data(answer);
	struct nlattr *tb[NFTA_CHAIN_MAX + 1];

	if (nlmsg_parse(answer, sizeof(*nfgen), tb, NFTA_CHAIN_MAX, NULL) < 0)
		return -EBADMSG;
	/* One without a hook is reached from one that has. */
	if (!tb[NFTA_CHAIN_HOOK] || !tb[NFTA_CHAIN_TABLE] || is_empty(tb))
		return 0;
	switch (nfgen->nfgen_family) {
	case NFPROTO_ARP:
		*others = *others || nla_strcmp(tb[NFTA_CHAIN_TABLE], OWN_TABLE) != 0;
		break;
	case NFPROTO_BRIDGE:
		*others = *others || hook_of(tb[NFTA_CHAIN_HOOK]) != NF_BR_FORWARD;
		break;
	case NFPROTO_NETDEV:
		*others = true;
		break;
	case NFPROTO_INET:
		*others = *others || hook_of(tb[NFTA_CHAIN_HOOK]) == NF_INET_INGRESS;
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

	return kernel_file_read("/proc/net/arp_tables_names", text, sizeof(text)) == 0 && text[0];
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
