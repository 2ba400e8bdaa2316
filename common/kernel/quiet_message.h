/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_QUIET_MESSAGE_H
#define GUESTARP_KERNEL_QUIET_MESSAGE_H
/* The parts of quiet.h's table as messages of nf_tables (linux/netfilter/nf_tables.h). Those returned may be NULL: no
 * memory. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/netlink.h"
#include "kernel/quiet.h"

#define QUIET_TABLE "guestarp"
#define QUIET_CHAIN "input"

/* nft's number for the type ifname; to the kernel it is only a number that it keeps. */
#define QUIET_TYPE_IFNAME 41

/* "quiet" or "loud". */
const char *quiet_set_name(bool loud);

/* NFT_MSG_type of family arp, with room for size bytes, and the name of the table as its attribute attr (0: none). */
struct nl_msg *quiet_message(int type, int flags, size_t size, int attr);
struct nl_msg *quiet_message_chain(void);
struct nl_msg *quiet_message_set(bool loud, uint32_t id);

/* The rule about that set; the one about quiet comes first. */
struct nl_msg *quiet_message_rule(bool loud);

/* The names of one set from *at on, as many as a message takes; *at is the first that is left. */
struct nl_msg *quiet_message_names(int type, int flags, const struct quiet_names *names, bool loud, size_t *at);

/* A question for one element. */
struct nl_msg *quiet_message_get(const char key[IFNAMSIZ], bool loud);

/* Are these NFTA_RULE_EXPRESSIONS (or NULL) those of quiet_message_rule()? */
bool quiet_rule_is(struct nlattr *expressions, bool loud);

/* Is this attribute (or NULL) that number, big-endian as all of nf_tables'? */
bool quiet_is_u32(const struct nlattr *attr, uint32_t value);

/* The keys of a name's interval: the first, and the one behind the last. */
void quiet_interval(const char *text, char ret_first[IFNAMSIZ], char ret_behind[IFNAMSIZ]);

/* Calls take for each element of a message of elements; other messages are passed over. -EBADMSG. */
typedef void (*quiet_element_fn)(bool loud, const char key[IFNAMSIZ], bool end, void *arg);
int quiet_each_element(struct nlmsghdr *answer, quiet_element_fn take, void *arg);

#endif
