/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversations with the kernel that go wrong on the way: answers that do not come, are cut, belong to a list that has
 * changed meanwhile. In a network namespace of the test's own, with this program's recvmsg(), sendmsg() and sendto()
 * between libnl and the kernel.
 */

#include "kernel/netlink.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/address.h"
#include "kernel/arp_file.h"
#include "kernel/link.h"
#include "kernel/neighbour.h"
#include "kernel/netstate.h"
#include "kernel/proxy.h"
#include "kernel/route.h"
#include "kernel/sysctl.h"
#include "table.h"

static const struct ip ip4 = { AF_INET, { 192, 0, 2, 7 } };
static const struct ip ip6 = { AF_INET6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 } };

/* What is to happen to the next answers and requests; a count of -1 means all. */
static struct {
	int after;     /* so many parts of a list later ... */
	int interrupt; /* ... so many say that it changed */
	int error;     /* this errno ... */
	int errors;    /* ... so often, in place of an answer */
	int type;      /* messages have this type, where it is not 0 */
	bool cut;      /* the kernel says that there was no room for all of it */
	int lost;      /* so many bytes at its end are not there, and nobody says so */
	int refuse;    /* errno of a request */
	unsigned sent;
} wire;

static bool is_due(int *count)
{
	if (*count > 0)
		(*count)--;
	else if (*count == 0)
		return false;
	return true;
}

/* POSIX has no other way to get a function out of a void pointer. */
#define NEXT(name)                                                                                                     \
	static __typeof__(name) *next;                                                                                 \
	if (!next)                                                                                                     \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

static void disturb(void *bytes, size_t size)
{
	struct nlmsghdr *header = bytes;
	bool is_list = header->nlmsg_flags & NLM_F_MULTI;
	bool changed = is_list && !is_due(&wire.after) && is_due(&wire.interrupt);

	for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
		if (changed)
			header->nlmsg_flags |= NLM_F_DUMP_INTR;
		if (wire.type && header->nlmsg_type >= NLMSG_MIN_TYPE)
			header->nlmsg_type = (uint16_t)wire.type;
	}
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n;

	NEXT(recvmsg);
	if (wire.error && is_due(&wire.errors)) {
		errno = wire.error;
		return -1;
	}
	n = next(fd, msg, flags);
	if (n > 0)
		disturb(msg->msg_iov[0].iov_base, (size_t)n);
	if (n > 0 && wire.cut)
		msg->msg_flags |= MSG_TRUNC;
	return n > wire.lost ? n - wire.lost : n;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	NEXT(sendmsg);
	wire.sent++;
	if (wire.refuse) {
		errno = wire.refuse;
		return -1;
	}
	return next(fd, msg, flags);
}

/* A datagram of many requests. */
ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t to_size)
{
	NEXT(sendto);
	wire.sent++;
	if (wire.refuse) {
		errno = wire.refuse;
		return -1;
	}
	return next(fd, bytes, size, flags, to, to_size);
}

/* ---- a host ------------------------------------------------------------------------------------------------------ */

static bool have_namespace;

static int add_address(struct netlink *nl, int ifindex)
{
	struct ifaddrmsg ifa = { .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = (unsigned)ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put(msg, IFA_LOCAL, 4, ip4.bytes), 0);
	return netlink_change(nl, msg, NULL);
}

/* lo is up and has an address, and two proxy entries. */
static int host_up(void **state)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct link lo;

	(void)state;
	have_namespace = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
	if (!have_namespace)
		return 0;
	assert_int_equal(netlink_open(&nl, NULL), 0);
	assert_int_equal(link_get(nl, "lo", &lo, NULL), 0);
	assert_int_equal(link_set_flag(nl, lo.ifindex, IFF_UP, true, NULL), 0);
	assert_int_equal(add_address(nl, lo.ifindex), 0);
	assert_int_equal(proxy_add(nl, lo.ifindex, &ip4, NULL), 0);
	assert_int_equal(proxy_add(nl, lo.ifindex, &ip6, NULL), 0);
	return 0;
}

static struct netlink *open_netlink(void)
{
	struct netlink *nl = NULL;

	memset(&wire, 0, sizeof(wire));
	if (!have_namespace)
		skip();
	assert_int_equal(netlink_open(&nl, NULL), 0);
	return nl;
}

static int get_link(struct netlink *nl, struct err *err)
{
	struct link link;

	return link_get(nl, "lo", &link, err);
}

static int get_proxy(struct netlink *nl, struct err *err)
{
	bool exists = false;

	return proxy_get(nl, 1, &ip4, &exists, err);
}

static int get_route(struct netlink *nl, struct err *err)
{
	struct route route;

	return route_lookup(nl, 0, &ip4, &route, err);
}

static int get_addresses(struct netlink *nl, struct err *err)
{
	struct addresses addresses = { 0 };
	int r = addresses_get(nl, AF_INET, &addresses, err);

	if (r == 0)
		assert_int_equal(addresses.count, 1);
	addresses_done(&addresses);
	return r;
}

static int get_state(struct netlink *nl, struct err *err)
{
	static size_t links;
	struct netstate state;
	int r = netstate_take(nl, &state, err);

	if (r == 0) {
		struct addresses global;

		assert_int_equal(state.proxies.count, 2);
		assert_int_equal(addresses_global(&state.addresses, &global), 0);
		assert_int_equal(global.count, 1);
		assert_true(state.count > 0);
		assert_true(!links || state.count == links);
		links = state.count;
		addresses_done(&global);
	}
	netstate_done(&state);
	return r;
}

static int flush_neighbours(struct netlink *nl, struct err *err)
{
	return neighbour_flush(nl, 1, err);
}

/* ---- what is asked, and what becomes of it -------------------------------------------------------------------------
 */

struct question {
	const char *name;
	int (*ask)(struct netlink *nl, struct err *err);
	const char *about; /* what its failures begin with */
};

static const struct question singles[] = {
	{ "a device", get_link, "" },
	{ "an entry", get_proxy, "" },
	{ "a route", get_route, "" },
};

static const struct question lists[] = {
	{ "addresses", get_addresses, "the host's addresses: " },
	{ "all of the host", get_state, "looking at the host: " },
	{ "a device's neighbours", flush_neighbours, "" },
};

static void answered(void **state)
{
	const struct question *question = *state;
	CLEANUP(netlink) struct netlink *nl = open_netlink();

	assert_int_equal(question->ask(nl, NULL), 0);
}

/* A signal is no answer: it is waited on. */
static void signalled(void **state)
{
	const struct question *question = *state;
	CLEANUP(netlink) struct netlink *nl = open_netlink();

	wire.error = EINTR;
	wire.errors = 3;
	assert_int_equal(question->ask(nl, NULL), 0);
	assert_int_equal(wire.errors, 0);
}

/* A list that changed is read again, whichever part of it says so, and has nothing twice. */
static void interrupted(void **state)
{
	const struct question *question = *state;
	int parts = 0;

	for (;; parts++) {
		CLEANUP(netlink) struct netlink *nl = open_netlink();

		wire.after = parts;
		wire.interrupt = 1;
		assert_int_equal(question->ask(nl, NULL), 0);
		if (wire.interrupt == 1)
			break;
	}
	assert_in_range(parts, 1, 100);
}

/* Nor for ever. */
static void always_interrupted(void **state)
{
	const struct question *question = *state;
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct err err = { 0 };
	char want[200];

	wire.interrupt = -1;
	assert_int_equal(question->ask(nl, &err), -EAGAIN);
	(void)snprintf(want, sizeof(want), "%sthe kernel's list kept changing while it was read", question->about);
	assert_non_null(strstr(err.text, want));
	assert_in_range(wire.sent, 2, 20);
}

/* Waited for once; nothing is asked after that. */
static void silent(void **state)
{
	const struct question *question = *state;
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct err err = { 0 };

	wire.error = EAGAIN;
	wire.errors = -1;
	assert_int_equal(question->ask(nl, &err), -EAGAIN);
	assert_non_null(strstr(err.text, "netlink answer: Resource temporarily unavailable"));
	wire.error = 0;
	wire.sent = 0;
	assert_int_equal(question->ask(nl, &err), -EAGAIN);
	assert_non_null(strstr(err.text, "the kernel does not answer"));
	assert_int_equal(wire.sent, 0);
}

/* libnl's codes do not get out. */
static const struct failure {
	const char *name;
	int error;
	int wanted;
} failures[] = {
	{ "no memory", ENOMEM, ENOMEM },
	{ "no rights", EPERM, EPERM },
	{ "the socket is broken", ENOTCONN, EIO },
};

static void no_answer(void **state)
{
	const struct failure *row = *state;
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct err err = { 0 };

	wire.error = row->error;
	wire.errors = 1;
	assert_int_equal(get_link(nl, &err), -row->wanted);
	assert_non_null(strstr(err.text, "netlink answer: "));
	assert_non_null(strstr(err.text, strerror(row->wanted)));
}

static void no_request(void **state)
{
	const struct failure *row = *state;
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct err err = { 0 };

	wire.refuse = row->error;
	assert_int_equal(get_link(nl, &err), -row->wanted);
	assert_non_null(strstr(err.text, "netlink request: "));
	assert_non_null(strstr(err.text, strerror(row->wanted)));
}

static void cut(void **state)
{
	const struct question *question = *state;
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct err err = { 0 };

	wire.cut = true;
	assert_int_equal(question->ask(nl, &err), -EMSGSIZE);
	assert_non_null(strstr(err.text, "netlink answer: Message too long"));
}

/* A list's messages before the loss must not pass for the whole list. */
static void lost(void **state)
{
	static const int losses[] = { 1, 4, 17 };
	const struct question *question = *state;

	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		CLEANUP(netlink) struct netlink *nl = open_netlink();
		struct err err = { 0 };

		wire.lost = losses[i];
		assert_int_equal(question->ask(nl, &err), -EMSGSIZE);
		assert_non_null(strstr(err.text, "netlink answer: Message too long"));
	}
}

/* A message of a kind that was not asked for. */
static void another_kind(void **state)
{
	const struct question *question = *state;
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct err err = { 0 };

	wire.type = RTM_NEWRULE;
	assert_int_equal(question->ask(nl, &err), -EBADMSG);
	assert_string_equal(err.text, "Bad message");
}

/* In a list it is left out. */
static void another_kind_listed(void **state)
{
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct addresses addresses = { 0 };

	(void)state;
	wire.type = RTM_NEWRULE;
	assert_int_equal(addresses_get(nl, AF_INET, &addresses, NULL), 0);
	assert_int_equal(addresses.count, 0);
	addresses_done(&addresses);
}

/* ---- many questions at once --------------------------------------------------------------------------------------
 */

#define MANY 40

/* Of every kind that there is: ip4 and ip6 have entries, their neighbours have none, as has no device but the first. */
static size_t ask_many(struct netlink *nl, struct proxy_question *questions)
{
	size_t known = 0;

	for (size_t i = 0; i < MANY; i++) {
		struct proxy_question *q = &questions[i];

		*q = (struct proxy_question){ .ifindex = i % 5 == 4 ? (int)(i % 2) * 9999 : 1,
					      .ip = i % 2 ? ip6 : ip4 };
		q->ip.bytes[3] = (uint8_t)(q->ip.bytes[3] + (i % 3 == 2));
	}
	proxy_get_each(nl, questions, MANY);
	for (size_t i = 0; i < MANY; i++)
		known += questions[i].known;
	return known;
}

static void answered_each(void **state)
{
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct proxy_question questions[MANY];

	(void)state;
	wire.error = EINTR;
	wire.errors = 3;
	assert_int_equal(ask_many(nl, questions), MANY - MANY / 5);
	assert_int_equal(wire.sent, (MANY + NETLINK_QUESTIONS_MAX - 1) / NETLINK_QUESTIONS_MAX);
	for (size_t i = 0; i < MANY; i++) {
		bool exists = false;
		int r = proxy_get(nl, questions[i].ifindex, &questions[i].ip, &exists, NULL);

		assert_int_equal(r == 0, questions[i].known);
		assert_true(r < 0 || exists == questions[i].exists);
		assert_true(r < 0 || exists == (i % 3 != 2));
	}
}

/* What no answer has come to is not known; the questions of the other datagrams are answered. */
static void lost_each(void **state)
{
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct proxy_question questions[MANY];

	(void)state;
	wire.error = ENOBUFS;
	wire.errors = 1;
	assert_in_range(ask_many(nl, questions), MANY / 2, MANY - MANY / 5 - 1);
	wire.error = EAGAIN;
	wire.errors = -1;
	wire.sent = 0;
	assert_int_equal(ask_many(nl, questions), 0);
	assert_int_equal(wire.sent, 1);
}

static void broken_each(void **state)
{
	struct proxy_question questions[MANY];

	(void)state;
	for (int what = 0; what < 4; what++) {
		CLEANUP(netlink) struct netlink *nl = open_netlink();
		size_t known;

		wire.cut = what == 0;
		wire.lost = what == 1;
		wire.refuse = what == 2 ? ENOBUFS : 0;
		wire.type = what == 3 ? RTM_NEWRULE : 0;
		known = ask_many(nl, questions);
		/* That there is none says an error, which has no kind. */
		assert_true(what == 3 ? known < MANY / 2 : known == 0);
		for (size_t i = 0; i < MANY; i++)
			assert_false(questions[i].known && questions[i].exists);
	}
}

static void routes_each(void **state)
{
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct route_question questions[MANY];

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		questions[i] = (struct route_question){ .iif = i % 4 == 3 ? 0 : 1, .ip = i % 2 ? ip6 : ip4 };
		questions[i].ip.bytes[3] = (uint8_t)(questions[i].ip.bytes[3] + (i % 3 == 2));
	}
	route_forward_each(nl, questions, MANY);
	for (size_t i = 0; i < MANY; i++) {
		struct route route = { .ifindex = -1 };
		int r = route_forward(nl, questions[i].iif, NULL, &questions[i].ip, &route, NULL);

		assert_int_equal(r == 0, questions[i].result == 0 || questions[i].result == -ENETUNREACH);
		assert_true(r < 0 ||
			    (route.ifindex == questions[i].route.ifindex && route.table == questions[i].route.table &&
			     route.prefix == questions[i].route.prefix &&
			     route.source.family == questions[i].route.source.family));
	}
}

/* ---- never without a device: to the kernel that would be all of them
 * ------------------------------------------------- */

/* There is no socket: what does not refuse by itself dies. */
static int take_entry(const struct proxy_entry *entry, void *arg)
{
	struct proxy_entry *taken = arg;

	*taken = *entry;
	return 7;
}

/* Where the kernel has no list of them: IPv4's alone, and no ordinary entry. */
static void proxies_by_file(void **state)
{
	CLEANUP(netlink) struct netlink *nl = open_netlink();
	struct proxy_entry taken = { .ifindex = 0 };

	(void)state;
	assert_int_equal(arp_file_proxies(take_entry, &taken, NULL), 7);
	assert_int_equal(taken.ifindex, 1);
	assert_memory_equal(&taken.ip, &ip4, sizeof(ip4));
	assert_int_equal(proxy_delete(nl, 1, &ip4, NULL), 1);
	assert_int_equal(arp_file_proxies(take_entry, &taken, NULL), 0);
	assert_int_equal(proxy_add(nl, 1, &ip4, NULL), 0);
}

static void no_device(void **state)
{
	const struct mac mac = { { 2, 0, 0, 0, 0, 1 } };
	bool exists = true;
	struct err err = { 0 };

	(void)state;
	for (int ifindex = -1; ifindex <= 0; ifindex++) {
		assert_int_equal(proxy_add(NULL, ifindex, &ip4, &err), -ENODEV);
		assert_string_equal(err.text, "proxy entry without a device: No such device");
		assert_int_equal(proxy_delete(NULL, ifindex, &ip4, &err), -ENODEV);
		assert_int_equal(proxy_get(NULL, ifindex, &ip4, &exists, &err), -ENODEV);
		assert_true(exists);
		assert_int_equal(route_add_host(NULL, &(struct host_route){ ifindex, 0, ip4 }, NULL, &err), -ENODEV);
		assert_string_equal(err.text, "route without a device: No such device");
		assert_int_equal(route_delete_host(NULL, &(struct host_route){ ifindex, 0, ip4 }, &err), -ENODEV);
		assert_int_equal(link_set_flag(NULL, ifindex, IFF_UP, true, &err), -ENODEV);
		assert_int_equal(link_set_flag(NULL, ifindex, IFF_NOARP, true, &err), -ENODEV);
		assert_int_equal(link_set_value(NULL, ifindex, LINK_ARP_IGNORE, 1, &err), -ENODEV);
		assert_int_equal(link_set_mac(NULL, ifindex, &mac, &err), -ENODEV);
		assert_int_equal(link_set_master(NULL, ifindex, 1, &err), -ENODEV);
	}
}

/* Nor a name that leads out of /proc/sys/net. */
static void no_name(void **state)
{
	static const char *const names[] = { "", ".", "..", "../all", "a/b", "abcdefghijklmnop" };
	uint32_t value = 4711;
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(sysctl_get(SYSCTL_PROXY_NDP, names[i], &value, &err), -EINVAL);
		assert_int_equal(sysctl_set(SYSCTL_PROXY_NDP, names[i], 1, &err), -EINVAL);
		assert_string_equal(err.text, "device name: Invalid argument");
	}
	assert_int_equal(value, 4711);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, answered, singles);
	TABLE_ROWS(&table, answered, lists);
	TABLE_ROWS(&table, signalled, singles);
	TABLE_ROWS(&table, signalled, lists);
	TABLE_ROWS(&table, silent, singles);
	TABLE_ROWS(&table, silent, lists);
	TABLE_ROWS(&table, cut, singles);
	TABLE_ROWS(&table, cut, lists);
	TABLE_ROWS(&table, lost, singles);
	TABLE_ROWS(&table, lost, lists);
	TABLE_ROWS(&table, another_kind, singles);
	TABLE_TEST(&table, another_kind_listed);
	TABLE_ROWS(&table, interrupted, lists);
	TABLE_ROWS(&table, always_interrupted, lists);
	TABLE_ROWS(&table, no_answer, failures);
	TABLE_ROWS(&table, no_request, failures);
	TABLE_TEST(&table, answered_each);
	TABLE_TEST(&table, lost_each);
	TABLE_TEST(&table, broken_each);
	TABLE_TEST(&table, routes_each);
	TABLE_TEST(&table, proxies_by_file);
	TABLE_TEST(&table, no_device);
	TABLE_TEST(&table, no_name);
	return table_run(&table, host_up, NULL);
}
