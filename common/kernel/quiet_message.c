/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nft would send for the table, set by set and rule by rule. */

#include "kernel/quiet_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_arp.h>
#include <netlink/attr.h>
#include <stddef.h>
#include <string.h>

#include "kernel/attr.h"

/* A list of elements is one attribute, whose length has 16 bits: two elements a name, of 36 bytes at most. */
#define NAMES_MAX    ((size_t)600)
#define MESSAGE_SIZE ((size_t)64 * 1024)
#define SMALL_SIZE   ((size_t)1024)

const char *quiet_set_name(bool loud)
{
	return loud ? "loud" : "quiet";
}

struct nl_msg *quiet_message(int type, int flags, size_t size, int attr)
{
	struct nfgenmsg nfgen = { .nfgen_family = NFPROTO_ARP };
	CLEANUP(nl_msg) struct nl_msg *msg = nlmsg_alloc_size(size ? size : SMALL_SIZE);

	if (!msg || !nlmsg_put(msg, 0, 0, NFNL_SUBSYS_NFTABLES << 8 | type, 0, flags) ||
	    nlmsg_append(msg, &nfgen, sizeof(nfgen), NLMSG_ALIGNTO) < 0 ||
	    (attr && nla_put_string(msg, attr, QUIET_TABLE) < 0))
		return NULL;
	return steal_ptr(&msg);
}

/* nf_tables' numbers are big-endian. */
static int put_u32(struct nl_msg *msg, int type, uint32_t value)
{
	return nla_put_u32(msg, type, htonl(value));
}

struct nl_msg *quiet_message_chain(void)
{
	CLEANUP(nl_msg) struct nl_msg *msg = quiet_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, 0, NFTA_CHAIN_TABLE);
	struct nlattr *hook;

	if (!msg || nla_put_string(msg, NFTA_CHAIN_NAME, QUIET_CHAIN) < 0 ||
	    put_u32(msg, NFTA_CHAIN_POLICY, NF_ACCEPT) < 0 || nla_put_string(msg, NFTA_CHAIN_TYPE, "filter") < 0)
		return NULL;
	hook = nla_nest_start(msg, NFTA_CHAIN_HOOK);
	if (!hook || put_u32(msg, NFTA_HOOK_HOOKNUM, NF_ARP_IN) < 0 || put_u32(msg, NFTA_HOOK_PRIORITY, 0) < 0)
		return NULL;
	nla_nest_end(msg, hook);
	return steal_ptr(&msg);
}

/* id: the set's own among those of the transaction. */
struct nl_msg *quiet_message_set(bool loud, uint32_t id)
{
	CLEANUP(nl_msg) struct nl_msg *msg = quiet_message(NFT_MSG_NEWSET, NLM_F_CREATE, 0, NFTA_SET_TABLE);

	if (!msg || nla_put_string(msg, NFTA_SET_NAME, quiet_set_name(loud)) < 0 ||
	    put_u32(msg, NFTA_SET_FLAGS, NFT_SET_INTERVAL) < 0 ||
	    put_u32(msg, NFTA_SET_KEY_TYPE, QUIET_TYPE_IFNAME) < 0 || put_u32(msg, NFTA_SET_KEY_LEN, IFNAMSIZ) < 0 ||
	    put_u32(msg, NFTA_SET_ID, id) < 0)
		return NULL;
	return steal_ptr(&msg);
}

/* ---- rules -------------------------------------------------------------------------------------------------- */

#define ATTRIBUTES_MAX 4

/* An expression: its attributes are numbers, or one name of a set, or one nested value. */
struct expression {
	const char *name;
	struct {
		int type;
		uint32_t value;
	} numbers[ATTRIBUTES_MAX]; /* as far as type is not 0 */
	int set_attr;              /* that of the set's name; 0: none */
	int data_attr;             /* that of the operation or verdict below; 0: none */
	bool verdict;
	int32_t data;
};

/* The register that everything goes through. */
#define REGISTER NFT_REG_1

#define META_IIFNAME                                                                                                   \
	{                                                                                                              \
		.name = "meta", .numbers = { { NFTA_META_KEY, NFT_META_IIFNAME }, { NFTA_META_DREG, REGISTER } }       \
	}
/* Is the name not in the set? */
#define NOT_IN_SET                                                                                                     \
	{                                                                                                              \
		.name = "lookup",                                                                                      \
		.numbers = { { NFTA_LOOKUP_SREG, REGISTER }, { NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV } },                \
		.set_attr = NFTA_LOOKUP_SET                                                                            \
	}
#define VERDICT(code)                                                                                                  \
	{                                                                                                              \
		.name = "immediate", .numbers = { { NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT } },                          \
		.data_attr = NFTA_IMMEDIATE_DATA, .verdict = true, .data = (code)                                      \
	}

/* The first: iifname != @quiet accept */
static const struct expression quiet_rule[] = { META_IIFNAME, NOT_IN_SET, VERDICT(NF_ACCEPT) };

/* The second: arp operation request iifname != @loud drop */
static const struct expression loud_rule[] = {
	{ .name = "payload",
	  .numbers = { { NFTA_PAYLOAD_DREG, REGISTER },
		       { NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER },
		       { NFTA_PAYLOAD_OFFSET, offsetof(struct arphdr, ar_op) },
		       { NFTA_PAYLOAD_LEN, sizeof(uint16_t) } } },
	{ .name = "cmp",
	  .numbers = { { NFTA_CMP_SREG, REGISTER }, { NFTA_CMP_OP, NFT_CMP_EQ } },
	  .data_attr = NFTA_CMP_DATA,
	  .data = ARPOP_REQUEST },
	META_IIFNAME,
	NOT_IN_SET,
	VERDICT(NF_DROP),
};

static const struct expression *rule_of(bool loud, size_t *ret_count)
{
	*ret_count = loud ? sizeof(loud_rule) / sizeof(loud_rule[0]) : sizeof(quiet_rule) / sizeof(quiet_rule[0]);
	return loud ? loud_rule : quiet_rule;
}

/* NFTA_CMP_OP's NFT_CMP_EQ is 0: which numbers are meant is said by their types. */
static size_t number_count(const struct expression *e)
{
	size_t count = 0;

	while (count < ATTRIBUTES_MAX && e->numbers[count].type != 0)
		count++;
	return count;
}

static int put_data(struct nl_msg *msg, const struct expression *e)
{
	struct nlattr *data = nla_nest_start(msg, e->data_attr);
	uint16_t operation = htons((uint16_t)e->data);
	struct nlattr *verdict;

	if (!data)
		return -ENOMEM;
	if (e->verdict) {
		verdict = nla_nest_start(msg, NFTA_DATA_VERDICT);
		if (!verdict || put_u32(msg, NFTA_VERDICT_CODE, (uint32_t)e->data) < 0)
			return -ENOMEM;
		nla_nest_end(msg, verdict);
	} else if (nla_put(msg, NFTA_DATA_VALUE, sizeof(operation), &operation) < 0) {
		return -ENOMEM;
	}
	nla_nest_end(msg, data);
	return 0;
}

static int put_expression(struct nl_msg *msg, const struct expression *e, bool loud)
{
	struct nlattr *element = nla_nest_start(msg, NFTA_LIST_ELEM);
	struct nlattr *data;

	if (!element || nla_put_string(msg, NFTA_EXPR_NAME, e->name) < 0)
		return -ENOMEM;
	data = nla_nest_start(msg, NFTA_EXPR_DATA);
	if (!data || (e->set_attr && nla_put_string(msg, e->set_attr, quiet_set_name(loud)) < 0))
		return -ENOMEM;
	for (size_t i = 0; i < number_count(e); i++) {
		if (put_u32(msg, e->numbers[i].type, e->numbers[i].value) < 0)
			return -ENOMEM;
	}
	if (e->data_attr && put_data(msg, e) < 0)
		return -ENOMEM;
	nla_nest_end(msg, data);
	nla_nest_end(msg, element);
	return 0;
}

struct nl_msg *quiet_message_rule(bool loud)
{
	CLEANUP(nl_msg)
	struct nl_msg *msg = quiet_message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, 0, NFTA_RULE_TABLE);
	struct nlattr *expressions = NULL;
	size_t count;
	const struct expression *rule = rule_of(loud, &count);

	if (msg && nla_put_string(msg, NFTA_RULE_CHAIN, QUIET_CHAIN) >= 0)
		expressions = nla_nest_start(msg, NFTA_RULE_EXPRESSIONS);
	for (size_t i = 0; expressions && i < count; i++) {
		if (put_expression(msg, &rule[i], loud) < 0)
			return NULL;
	}
	if (!expressions)
		return NULL;
	nla_nest_end(msg, expressions);
	return steal_ptr(&msg);
}

bool quiet_is_u32(const struct nlattr *attr, uint32_t value)
{
	return attr && nla_len(attr) == sizeof(uint32_t) && ntohl(nla_get_u32(attr)) == value;
}

static bool is_data(const struct nlattr *data, const struct expression *e)
{
	const struct nlattr *value = attr_within(data, NFTA_DATA_VALUE);
	uint16_t operation = htons((uint16_t)e->data);

	if (e->verdict)
		return quiet_is_u32(attr_within(attr_within(data, NFTA_DATA_VERDICT), NFTA_VERDICT_CODE),
				    (uint32_t)e->data);
	return value && nla_len(value) == sizeof(operation) &&
	       memcmp(nla_data(value), &operation, sizeof(operation)) == 0;
}

static bool is_expression(const struct nlattr *element, const struct expression *e, bool loud)
{
	const struct nlattr *name = attr_within(element, NFTA_EXPR_NAME);
	const struct nlattr *data = attr_within(element, NFTA_EXPR_DATA);
	const struct nlattr *set = e->set_attr ? attr_within(data, e->set_attr) : NULL;

	if (!name || nla_strcmp(name, e->name) != 0)
		return false;
	if (e->set_attr && (!set || nla_strcmp(set, quiet_set_name(loud)) != 0))
		return false;
	for (size_t i = 0; i < number_count(e); i++) {
		if (!quiet_is_u32(attr_within(data, e->numbers[i].type), e->numbers[i].value))
			return false;
	}
	return !e->data_attr || is_data(attr_within(data, e->data_attr), e);
}

bool quiet_rule_is(struct nlattr *expressions, bool loud)
{
	size_t count;
	const struct expression *rule = rule_of(loud, &count);
	struct nlattr *element;
	size_t at = 0;
	int left;

	if (!expressions)
		return false;
	nla_for_each_nested(element, expressions, left)
	{
		if (at == count || !is_expression(element, &rule[at], loud))
			return false;
		at++;
	}
	return at == count;
}

/* ---- names --------------------------------------------------------------------------------------------------- */

/* A register holds a name with zeroes to its end. */
void quiet_interval(const char *text, char ret_first[IFNAMSIZ], char ret_behind[IFNAMSIZ])
{
	size_t len = strnlen(text, IFNAMSIZ - 1);
	bool prefix = len > 0 && text[len - 1] == '*';

	memset(ret_first, 0, IFNAMSIZ);
	memcpy(ret_first, text, prefix ? len - 1 : len);
	memcpy(ret_behind, ret_first, IFNAMSIZ);
	if (prefix && len > 1)
		ret_behind[len - 2]++;
	else
		ret_behind[IFNAMSIZ - 1]++;
}

static int put_key(struct nl_msg *msg, const char key[IFNAMSIZ], uint32_t flags)
{
	struct nlattr *element = nla_nest_start(msg, NFTA_LIST_ELEM);
	struct nlattr *nested = element ? nla_nest_start(msg, NFTA_SET_ELEM_KEY) : NULL;

	if (!nested || nla_put(msg, NFTA_DATA_VALUE, IFNAMSIZ, key) < 0)
		return -ENOMEM;
	nla_nest_end(msg, nested);
	if (flags && put_u32(msg, NFTA_SET_ELEM_FLAGS, flags) < 0)
		return -ENOMEM;
	nla_nest_end(msg, element);
	return 0;
}

struct nl_msg *quiet_message_names(int type, int flags, const struct quiet_names *names, bool loud, size_t *at)
{
	CLEANUP(nl_msg)
	struct nl_msg *msg =
		quiet_message(type, flags, names->count < 16 ? 4 * SMALL_SIZE : MESSAGE_SIZE, NFTA_SET_ELEM_LIST_TABLE);
	struct nlattr *list;
	size_t count = 0;

	if (!msg || nla_put_string(msg, NFTA_SET_ELEM_LIST_SET, quiet_set_name(loud)) < 0)
		return NULL;
	list = nla_nest_start(msg, NFTA_SET_ELEM_LIST_ELEMENTS);
	if (!list)
		return NULL;
	for (; *at < names->count && count < NAMES_MAX; (*at)++) {
		char first[IFNAMSIZ];
		char behind[IFNAMSIZ];

		if (names->list[*at].loud != loud)
			continue;
		quiet_interval(names->list[*at].text, first, behind);
		if (put_key(msg, first, 0) < 0 || put_key(msg, behind, NFT_SET_ELEM_INTERVAL_END) < 0)
			return NULL;
		count++;
	}
	nla_nest_end(msg, list);
	return steal_ptr(&msg);
}

struct nl_msg *quiet_message_get(const char key[IFNAMSIZ], bool loud)
{
	CLEANUP(nl_msg) struct nl_msg *msg = quiet_message(NFT_MSG_GETSETELEM, 0, 0, NFTA_SET_ELEM_LIST_TABLE);
	struct nlattr *list = NULL;

	if (msg && nla_put_string(msg, NFTA_SET_ELEM_LIST_SET, quiet_set_name(loud)) >= 0)
		list = nla_nest_start(msg, NFTA_SET_ELEM_LIST_ELEMENTS);
	if (!list || put_key(msg, key, 0) < 0)
		return NULL;
	nla_nest_end(msg, list);
	return steal_ptr(&msg);
}

int quiet_each_element(struct nlmsghdr *answer, quiet_element_fn take, void *arg)
{
	struct nlattr *tb[NFTA_SET_ELEM_LIST_MAX + 1];
	struct nlattr *element;
	int left;

	if (answer->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM))
		return 0;
	if (nlmsg_parse(answer, sizeof(struct nfgenmsg), tb, NFTA_SET_ELEM_LIST_MAX, NULL) < 0 ||
	    !tb[NFTA_SET_ELEM_LIST_SET])
		return -EBADMSG;
	if (!tb[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	nla_for_each_nested(element, tb[NFTA_SET_ELEM_LIST_ELEMENTS], left)
	{
		struct nlattr *e[NFTA_SET_ELEM_MAX + 1];
		struct nlattr *value;
		char key[IFNAMSIZ];
		uint32_t flags = 0;

		if (nla_parse_nested(e, NFTA_SET_ELEM_MAX, element, NULL) < 0 || !e[NFTA_SET_ELEM_KEY])
			return -EBADMSG;
		value = nla_find(nla_data(e[NFTA_SET_ELEM_KEY]), nla_len(e[NFTA_SET_ELEM_KEY]), NFTA_DATA_VALUE);
		if (!value || nla_len(value) != IFNAMSIZ)
			return -EBADMSG;
		memcpy(key, nla_data(value), IFNAMSIZ);
		if (e[NFTA_SET_ELEM_FLAGS] && nla_len(e[NFTA_SET_ELEM_FLAGS]) == sizeof(uint32_t))
			flags = ntohl(nla_get_u32(e[NFTA_SET_ELEM_FLAGS]));
		take(nla_strcmp(tb[NFTA_SET_ELEM_LIST_SET], quiet_set_name(true)) == 0, key,
		     flags & NFT_SET_ELEM_INTERVAL_END, arg);
	}
	return 0;
}
