/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_NETLINK_H
#define GUESTARP_KERNEL_NETLINK_H
/* One netlink conversation: a request, its answers, the kernel's own errno and words. */

#include <netlink/msg.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"

struct netlink;

/* The sockets are bound to the caller's network namespace. NULL in *ret_nl on failure. */
int netlink_open(struct netlink **ret_nl, struct err *err);

/*
 * As netlink_open(), to nfnetlink in place of rtnetlink. -EPROTONOSUPPORT on a kernel without it. One without nf_tables
 * answers with -EOPNOTSUPP.
 */
int netlink_open_netfilter(struct netlink **ret_nl, struct err *err);

void netlink_close(struct netlink *nl);

/* What the kernel behind a connection has turned out to lack by its answers; common/README.md, "Older kernels". */
enum netlink_lack {
	NETLINK_LACKS_NEIGHBOUR, /* RTM_GETNEIGH for one entry, since Linux 5.0 */
	NETLINK_LACKS_PROXIES,   /* RTM_GETNEIGH's list of proxy entries, since 3.4 */
	NETLINK_LACKS_NAMES,     /* RTM_GETLINK by name, since 2.6.33 */
	NETLINK_LACKS_VALUES,    /* IFLA_AF_SPEC, since 2.6.38 */
	NETLINK_LACKS_MASTER,    /* IFLA_MASTER of a bridge's port, since 3.9 */
	NETLINK_LACK_COUNT
};

bool netlink_lacks(const struct netlink *nl, enum netlink_lack what);
void netlink_set_lacking(struct netlink *nl, enum netlink_lack what);
DEFINE_CLEANUP(netlink, struct netlink *, netlink_close)
DEFINE_CLEANUP(nl_msg, struct nl_msg *, nlmsg_free)

/* Called for each answer; a negative value ends the conversation with that result. */
typedef int (*netlink_answer_fn)(struct nlmsghdr *answer, void *arg);

/* A message that begins with this header, to be freed by the caller; NULL without memory. */
struct nl_msg *netlink_message(int type, int flags, const void *header, size_t len);

/*
 * Sends msg (consumed in every case; NULL is -ENOMEM) and waits, at most 5 s. All of them return the kernel's
 * -errno; err gets the kernel's extended acknowledgement text where it gave one. EEXIST, ENOENT and ENODEV
 * are for the caller to judge.
 */
int netlink_change(struct netlink *nl, struct nl_msg *msg, struct err *err);
int netlink_get(struct netlink *nl, struct nl_msg *msg, netlink_answer_fn answer, void *arg, struct err *err);

/* So many, at 4 KiB each in the kernel, fit into libnl's receive buffer. */
#define NETLINK_QUESTIONS_MAX 12

/*
 * As netlink_get() for each of an array's questions, of size bytes each, so many in one datagram. ask builds the
 * message, NULL without memory; answer gets the question as its argument; done is told what netlink_get() would have
 * returned. For the kernel's words ask the one that failed again.
 */
void netlink_get_each(struct netlink *nl, void *questions, size_t size, size_t count,
		      struct nl_msg *(*ask)(const void *question), netlink_answer_fn answer,
		      void (*done)(void *question, int result));

/*
 * Sends msg (consumed; NULL is -ENOMEM) as a dump, again a few times when it was interrupted (NLM_F_DUMP_INTR):
 * restart() forgets what came so far.
 */
int netlink_list(struct netlink *nl, struct nl_msg *msg, netlink_answer_fn answer, void (*restart)(void *arg),
		 void *arg, struct err *err);

/* The same for a request of a header and at most one attribute. */
int netlink_dump(struct netlink *nl, int type, const void *header, size_t header_len, int attr_type, const void *attr,
		 size_t attr_len, netlink_answer_fn answer, void (*restart)(void *arg), void *arg, struct err *err);

/*
 * Several changes of nf_tables as one transaction: all or none. The messages stay the caller's. echo is called for what
 * the kernel tells of changes that asked for it (NLM_F_ECHO). The first failure is returned; -EOPNOTSUPP where the
 * kernel has no nf_tables.
 */
int netlink_batch(struct netlink *nl, struct nl_msg *const *msgs, size_t count, netlink_answer_fn echo, void *arg,
		  struct err *err);

#endif
