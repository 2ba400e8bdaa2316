/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table as it stands in the kernel, compared with the one that quiet.h draws. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_arp.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/quiet.h"
#include "kernel/quiet_message.h"

#define TRIES 3

/* What has been seen so far. */
struct seen {
	unsigned parts;  /* chains, sets and rules that are right, one bit each */
	bool strange;    /* there is something else */
	size_t rules;    /* their order counts */
	size_t elements; /* of the list below */
};

struct element {
	char key[IFNAMSIZ];
	bool loud;
	bool end;
};

struct looking {
	struct quiet_table *table;
	struct seen seen;
	struct seen before; /* as the list at hand began, to be gone back to when it is interrupted */
	struct element *elements;
	size_t room;
	bool no_memory;
};

enum { PART_CHAIN = 1, PART_QUIET = 2, PART_LOUD = 4, PART_RULE_LOUD = 8, PART_RULE_QUIET = 16, PART_ALL = 31 };

static bool has_text(struct nlattr *attr, const char *text)
{
	return attr && nla_strcmp(attr, text) == 0;
}

static int take_table(struct nlmsghdr *answer, void *arg)
{
	struct looking *looking = arg;
	struct nlattr *tb[NFTA_TABLE_MAX + 1];

	if (nlmsg_parse(answer, sizeof(struct nfgenmsg), tb, NFTA_TABLE_MAX, NULL) < 0)
		return -EBADMSG;
	looking->table->exists = true;
	/* Dormant, or a daemon's own. */
	if (tb[NFTA_TABLE_FLAGS] && !quiet_is_u32(tb[NFTA_TABLE_FLAGS], 0))
		looking->seen.strange = true;
	return 0;
}

static int take_chain(struct nlmsghdr *answer, void *arg)
{
	struct looking *looking = arg;
	struct nlattr *tb[NFTA_CHAIN_MAX + 1];
	struct nlattr *hook[NFTA_HOOK_MAX + 1] = { NULL };

	if (nlmsg_parse(answer, sizeof(struct nfgenmsg), tb, NFTA_CHAIN_MAX, NULL) < 0)
		return -EBADMSG;
	if (!has_text(tb[NFTA_CHAIN_TABLE], QUIET_TABLE))
		return 0;
	if (tb[NFTA_CHAIN_HOOK] && nla_parse_nested(hook, NFTA_HOOK_MAX, tb[NFTA_CHAIN_HOOK], NULL) < 0)
		return -EBADMSG;
	if (has_text(tb[NFTA_CHAIN_NAME], QUIET_CHAIN) && has_text(tb[NFTA_CHAIN_TYPE], "filter") &&
	    quiet_is_u32(tb[NFTA_CHAIN_POLICY], NF_ACCEPT) && quiet_is_u32(hook[NFTA_HOOK_HOOKNUM], NF_ARP_IN) &&
	    quiet_is_u32(hook[NFTA_HOOK_PRIORITY], 0))
		looking->seen.parts |= PART_CHAIN;
	else
		looking->seen.strange = true;
	return 0;
}

static int take_set(struct nlmsghdr *answer, void *arg)
{
	struct looking *looking = arg;
	struct nlattr *tb[NFTA_SET_MAX + 1];
	bool loud;

	if (nlmsg_parse(answer, sizeof(struct nfgenmsg), tb, NFTA_SET_MAX, NULL) < 0)
		return -EBADMSG;
	if (!has_text(tb[NFTA_SET_TABLE], QUIET_TABLE))
		return 0;
	loud = has_text(tb[NFTA_SET_NAME], quiet_set_name(true));
	if ((loud || has_text(tb[NFTA_SET_NAME], quiet_set_name(false))) &&
	    quiet_is_u32(tb[NFTA_SET_FLAGS], NFT_SET_INTERVAL) &&
	    quiet_is_u32(tb[NFTA_SET_KEY_TYPE], QUIET_TYPE_IFNAME) && quiet_is_u32(tb[NFTA_SET_KEY_LEN], IFNAMSIZ))
		looking->seen.parts |= loud ? PART_LOUD : PART_QUIET;
	else
		looking->seen.strange = true;
	return 0;
}

static int take_rule(struct nlmsghdr *answer, void *arg)
{
	struct looking *looking = arg;
	struct nlattr *tb[NFTA_RULE_MAX + 1];
	bool loud;

	if (nlmsg_parse(answer, sizeof(struct nfgenmsg), tb, NFTA_RULE_MAX, NULL) < 0)
		return -EBADMSG;
	if (!has_text(tb[NFTA_RULE_TABLE], QUIET_TABLE))
		return 0;
	loud = looking->seen.rules++ > 0;
	if (looking->seen.rules <= 2 && has_text(tb[NFTA_RULE_CHAIN], QUIET_CHAIN) &&
	    quiet_rule_is(tb[NFTA_RULE_EXPRESSIONS], loud))
		looking->seen.parts |= loud ? PART_RULE_LOUD : PART_RULE_QUIET;
	else
		looking->seen.strange = true;
	return 0;
}

static void take_element(bool loud, const char key[IFNAMSIZ], bool end, void *arg)
{
	struct looking *looking = arg;
	struct element *grown = array_grow(looking->elements, looking->seen.elements, &looking->room, sizeof(*grown));
	struct element *element;

	looking->no_memory = looking->no_memory || !grown;
	if (!grown)
		return;
	looking->elements = grown;
	element = &grown[looking->seen.elements++];
	memcpy(element->key, key, IFNAMSIZ);
	element->loud = loud;
	element->end = end;
}

static int take_elements(struct nlmsghdr *answer, void *arg)
{
	int r = quiet_each_element(answer, take_element, arg);

	return r == 0 && ((struct looking *)arg)->no_memory ? -ENOMEM : r;
}

static void restart(void *arg)
{
	struct looking *looking = arg;

	looking->seen = looking->before;
}

static int by_set_and_key(const void *a, const void *b)
{
	const struct element *x = a;
	const struct element *y = b;
	int order = x->loud != y->loud ? x->loud - y->loud : memcmp(x->key, y->key, IFNAMSIZ);

	/* One interval may begin where another ends. */
	return order ? order : y->end - x->end;
}

/* The text of an interval, if it is that of a name. */
static bool name_of(const char first[IFNAMSIZ], const char behind[IFNAMSIZ], char ret_text[IFNAMSIZ])
{
	size_t len = strnlen(first, IFNAMSIZ);
	char again[IFNAMSIZ];
	char end[IFNAMSIZ];

	for (int prefix = 0; prefix < 2; prefix++) {
		if (len == 0 || len + (size_t)prefix >= IFNAMSIZ)
			return false;
		memset(ret_text, 0, IFNAMSIZ);
		memcpy(ret_text, first, len);
		if (prefix)
			ret_text[len] = '*';
		quiet_interval(ret_text, again, end);
		if (memcmp(again, first, IFNAMSIZ) == 0 && memcmp(end, behind, IFNAMSIZ) == 0)
			return true;
	}
	return false;
}

static int pair_elements(struct looking *looking)
{
	static const char zero[IFNAMSIZ];
	size_t count = looking->seen.elements;

	if (count > 0)
		qsort(looking->elements, count, sizeof(*looking->elements), by_set_and_key);
	for (size_t i = 0; i < count; i++) {
		const struct element *e = &looking->elements[i];
		const struct element *next = i + 1 < count ? e + 1 : NULL;
		char text[IFNAMSIZ];

		/* nft itself begins a set with an end, of nothing. */
		if (e->end && memcmp(e->key, zero, IFNAMSIZ) == 0)
			continue;
		if (e->end || !next || !next->end || next->loud != e->loud || !name_of(e->key, next->key, text)) {
			looking->seen.strange = true;
			continue;
		}
		if (quiet_names_add(&looking->table->names, text, e->loud) < 0)
			return -ENOMEM;
		i++;
	}
	return 0;
}

/* One list of what the table has, by a request that names the table, and the set where there is one. */
static int list(struct netlink *nl, int type, int attr, const char *set, netlink_answer_fn take,
		struct looking *looking, struct err *err)
{
	struct nl_msg *msg = quiet_message(type, 0, 0, attr);

	if (msg && set && nla_put_string(msg, NFTA_SET_ELEM_LIST_SET, set) < 0) {
		nlmsg_free(msg);
		msg = NULL;
	}
	looking->before = looking->seen;
	return netlink_list(nl, msg, take, restart, looking, err);
}

static int look(struct netlink *nl, struct looking *looking, struct err *err)
{
	int r = netlink_get(nl, quiet_message(NFT_MSG_GETTABLE, 0, 0, NFTA_TABLE_NAME), take_table, looking, err);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = list(nl, NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE, NULL, take_chain, looking, err);
	if (r == 0)
		r = list(nl, NFT_MSG_GETSET, NFTA_SET_TABLE, NULL, take_set, looking, err);
	if (r == 0)
		r = list(nl, NFT_MSG_GETRULE, NFTA_RULE_TABLE, NULL, take_rule, looking, err);
	for (int loud = 0; r == 0 && loud < 2; loud++) {
		if (looking->seen.parts & (unsigned)(loud ? PART_LOUD : PART_QUIET))
			r = list(nl, NFT_MSG_GETSETELEM, NFTA_SET_ELEM_LIST_TABLE, quiet_set_name(loud), take_elements,
				 looking, err);
	}
	/* It went while we looked. */
	return r == -ENOENT ? -EAGAIN : r;
}

/*
 * Whether the table could be made: a kernel whose nf_tables has no family arp says only to who adds one that it has
 * none, and to all others that there is no such table. It is added twice, which nothing comes of: the second time it
 * exists.
 */
static int ask_family(struct netlink *nl, struct err *err)
{
	struct nl_msg *msgs[2] = { NULL };
	size_t count = sizeof(msgs) / sizeof(msgs[0]);
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		msgs[i] = quiet_message(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, 0, NFTA_TABLE_NAME);
		if (!msgs[i])
			r = err_errno(err, ENOMEM, "netlink request");
	}
	if (r == 0)
		r = netlink_batch(nl, msgs, count, NULL, NULL, err);
	for (size_t i = 0; i < count; i++)
		nlmsg_free(msgs[i]);
	return r == -EEXIST ? 0 : r;
}

int quiet_read(struct netlink *nl, struct quiet_table *ret_table, struct err *err)
{
	struct looking looking;
	int r;

	memset(ret_table, 0, sizeof(*ret_table));
	for (int tries = 0; tries < TRIES; tries++) {
		memset(&looking, 0, sizeof(looking));
		looking.table = ret_table;
		r = look(nl, &looking, err);
		if (r == 0 && pair_elements(&looking) < 0)
			r = err_errno(err, ENOMEM, "names");
		free(looking.elements);
		if (r != -EAGAIN)
			break;
		ret_table->exists = false;
	}
	if (r == 0 && !ret_table->exists)
		r = ask_family(nl, err);
	ret_table->whole = ret_table->exists && !looking.seen.strange && looking.seen.parts == PART_ALL;
	quiet_names_sort(&ret_table->names);
	return r < 0 ? err_wrap(err, "nftables") : 0;
}
