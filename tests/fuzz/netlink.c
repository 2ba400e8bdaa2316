/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's answers, as whole conversations: short, cut, endless, out of order, with an extended ACK. */

#include <netlink/netlink.h>

/* A batch is no message of libnl's, so its callback for what is sent does not see it. */
static int discard_batch(struct nl_sock *sock, void *bytes, size_t size);

/* Nor are answers to many questions at once read by libnl. */
static ssize_t receive_message(int fd, struct msghdr *msg, int flags);

#define nl_sendto              discard_batch
#define recvmsg                receive_message
#define netlink_open_netfilter open_kernel_netfilter
#include "kernel/netlink.c" /* NOLINT(bugprone-suspicious-include): for its conversation without a socket */
#undef netlink_open_netfilter
#undef recvmsg
#undef nl_sendto

#include "fuzz.h"
#include "kernel/address.h"
#include "kernel/link.h"
#include "kernel/neighbour.h"
#include "kernel/netstate.h"
#include "kernel/proxy.h"
#include "kernel/quiet.h"
#include "kernel/route.h"

#define DATAGRAMS 16
#define SOCKETS   2 /* rtnetlink's, and the one that netstate opens for nf_tables */

/* What is still to be received; nl is the socket by which something was sent last. */
static struct {
	const uint8_t *data;
	size_t size;
	unsigned left;
	struct netlink *nl;
	struct {
		const struct nl_sock *sock;
		struct netlink *nl;
	} sockets[SOCKETS];
} wire;

/* Numbers of messages that stand for others: the request's, or that of a batch's last one; its first one's; 0. */
enum { SEQ_LAST = 0, SEQ_FIRST = 1, SEQ_ECHO = 2 };

static void number_messages(uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + sizeof(struct nlmsghdr) <= size;) {
		struct nlmsghdr header;

		memcpy(&header, bytes + at, sizeof(header));
		if (header.nlmsg_seq == SEQ_LAST)
			header.nlmsg_seq = wire.nl->seq;
		else if (header.nlmsg_seq == SEQ_FIRST)
			header.nlmsg_seq = wire.nl->first_seq;
		else if (header.nlmsg_seq == SEQ_ECHO)
			header.nlmsg_seq = 0;
		memcpy(bytes + at, &header, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > size - at)
			return;
		at += NLMSG_ALIGN(header.nlmsg_len);
	}
}

/* Each datagram: its length in two bytes, itself. After the last one nothing comes any more. */
static bool next_datagram(const uint8_t **ret_bytes, size_t *ret_len)
{
	size_t len;

	if (wire.left == 0 || wire.size < 2)
		return false;
	wire.left--;
	len = (size_t)wire.data[0] << 8 | wire.data[1];
	wire.data += 2;
	wire.size -= 2;
	if (len > wire.size)
		len = wire.size;
	*ret_bytes = wire.data;
	*ret_len = len;
	wire.data += len;
	wire.size -= len;
	return true;
}

static int receive_next(struct nl_sock *sock, struct sockaddr_nl *from, unsigned char **ret_bytes,
			struct ucred **ret_creds)
{
	const uint8_t *bytes;
	size_t len;

	(void)sock;
	(void)ret_creds;
	if (!next_datagram(&bytes, &len))
		return -NLE_AGAIN;
	if (len == 0)
		return -NLE_INTR;
	*from = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	*ret_bytes = fuzz_bytes(bytes, len);
	number_messages(*ret_bytes, len);
	if (is_whole(*ret_bytes, (int)len))
		return (int)len;
	free(*ret_bytes);
	return -NLE_MSG_TRUNC;
}

static ssize_t receive_message(int fd, struct msghdr *msg, int flags)
{
	struct iovec *to = msg->msg_iov;
	const uint8_t *bytes;
	size_t len;

	(void)fd;
	(void)flags;
	if (!next_datagram(&bytes, &len)) {
		errno = EAGAIN;
		return -1;
	}
	if (len > to->iov_len) {
		msg->msg_flags |= MSG_TRUNC;
		len = to->iov_len;
	}
	memcpy(to->iov_base, bytes, len);
	number_messages(to->iov_base, len);
	return (ssize_t)len;
}

static void sent(const struct nl_sock *sock)
{
	for (size_t i = 0; i < SOCKETS; i++)
		if (wire.sockets[i].sock == sock)
			wire.nl = wire.sockets[i].nl;
}

static int discard(struct nl_sock *sock, struct nl_msg *msg)
{
	(void)msg;
	sent(sock);
	return 1;
}

static int discard_batch(struct nl_sock *sock, void *bytes, size_t size)
{
	(void)bytes;
	sent(sock);
	return (int)size;
}

static struct netlink *open_wire(size_t which)
{
	struct netlink *nl = calloc(1, sizeof(*nl));

	CHECK(nl);
	nl->cb = nl_cb_alloc(NL_CB_CUSTOM);
	CHECK(nl->cb);
	nl->sock = nl_socket_alloc_cb(nl->cb);
	CHECK(nl->sock);
	nl_socket_disable_auto_ack(nl->sock);
	nl_cb_set(nl->cb, NL_CB_VALID, NL_CB_CUSTOM, on_answer, nl);
	nl_cb_set(nl->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_done, nl);
	nl_cb_set(nl->cb, NL_CB_ACK, NL_CB_CUSTOM, on_done, nl);
	nl_cb_set(nl->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq, nl);
	nl_cb_err(nl->cb, NL_CB_CUSTOM, on_error, nl);
	nl_cb_overwrite_recv(nl->cb, receive_next);
	nl_cb_overwrite_send(nl->cb, discard);
	wire.sockets[which].sock = nl->sock;
	wire.sockets[which].nl = nl;
	return nl;
}

/* Of the same wire: a socket of the kernel's own would hear of no request of ours, and wait. */
int netlink_open_netfilter(struct netlink **ret_nl, struct err *err)
{
	(void)err;
	*ret_nl = open_wire(1);
	(*ret_nl)->netfilter = true;
	return 0;
}

static int ask_link(struct netlink *nl, struct err *err)
{
	struct link link;
	int r = link_get(nl, "eth3", &link, err);

	if (r == 0) {
		CHECK(strnlen(link.name, sizeof(link.name)) < sizeof(link.name));
		CHECK(strnlen(link.kind, sizeof(link.kind)) < sizeof(link.kind));
	}
	return r;
}

static int ask_proxy(struct netlink *nl, struct err *err)
{
	const struct ip ip = { AF_INET, { 192, 0, 2, 7 } };
	bool exists = false;

	return proxy_get(nl, 3, &ip, &exists, err);
}

static int ask_route(struct netlink *nl, struct err *err)
{
	const struct host_route route = { 3, 0, { AF_INET, { 192, 0, 2, 7 } } };
	bool has = false;
	int r = route_has_host(nl, &route, &has, err);

	CHECK(r == 0 || !has);
	return r;
}

static int ask_entries(struct netlink *nl, struct err *err)
{
	struct proxy_question questions[3] = { { .ifindex = 3, .ip = { AF_INET, { 192, 0, 2, 7 } } },
					       { .ifindex = 4, .ip = { AF_INET6, { 0x20, 1 } } },
					       { .ifindex = 3, .ip = { AF_INET, { 192, 0, 2, 8 } } } };

	(void)err;
	proxy_get_each(nl, questions, 3);
	for (size_t i = 0; i < 3; i++)
		CHECK(questions[i].known || !questions[i].exists);
	return 0;
}

static int ask_routes(struct netlink *nl, struct err *err)
{
	struct route_question questions[2] = { { .iif = 3, .ip = { AF_INET, { 192, 0, 2, 7 } } },
					       { .iif = 3, .ip = { AF_INET6, { 0x20, 1 } } } };

	(void)err;
	route_forward_each(nl, questions, 2);
	return 0;
}

static int ask_forward(struct netlink *nl, struct err *err)
{
	const struct ip ip = { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 7 } };
	struct route route = { .ifindex = -1 };
	int r = route_forward(nl, 3, NULL, &ip, &route, err);

	CHECK(r == 0 || route.ifindex == -1);
	return r;
}

static int ask_advertised(struct netlink *nl, struct err *err)
{
	struct route_devices devices;
	int r = route_advertised(nl, &devices, err);

	CHECK(devices.count <= ROUTE_DEVICES_MAX);
	return r;
}

static int ask_addresses(struct netlink *nl, struct err *err)
{
	struct addresses addresses = { 0 };
	int r = addresses_get(nl, AF_INET, &addresses, err);

	for (size_t i = 0; i < addresses.count; i++) {
		char text[IP_TEXT];

		CHECK(ip_to_str(&addresses.list[i].ip, text)[0]);
	}
	addresses_done(&addresses);
	return r;
}

static int ask_neighbours(struct netlink *nl, struct err *err)
{
	return neighbour_flush(nl, 3, err);
}

static int ask_state(struct netlink *nl, struct err *err)
{
	struct netstate state;
	int r = netstate_take(nl, &state, err);

	if (r == 0) {
		for (size_t i = 0; i < state.proxies.count; i++) {
			char text[IP_TEXT];

			CHECK(ip_to_str(&state.proxies.list[i].ip, text)[0]);
		}
		for (size_t i = 0; i < state.count; i++)
			CHECK(netstate_device(&state, state.devices[i].link.ifindex));
	}
	netstate_done(&state);
	return r;
}

static int change_link(struct netlink *nl, struct err *err)
{
	return link_set_flag(nl, 3, IFF_NOARP, true, err);
}

static int delete_entry(struct netlink *nl, struct err *err)
{
	const struct ip ip = { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 7 } };
	int r = proxy_delete(nl, 3, &ip, err);

	CHECK(r <= 1);
	return r > 0 ? 0 : r;
}

/* A name that nft itself would print, and the kernel take. */
static void check_name(const struct quiet_name *name)
{
	size_t len = strnlen(name->text, sizeof(name->text));

	CHECK(len > 0 && len < sizeof(name->text));
}

static int read_table(struct netlink *nl, struct err *err)
{
	struct quiet_table table;
	int r = quiet_read(nl, &table, err);

	CHECK(table.exists || !table.whole);
	for (size_t i = 0; r == 0 && i < table.names.count; i++) {
		check_name(&table.names.list[i]);
		CHECK(quiet_names_have(&table.names, &table.names.list[i]));
		(void)quiet_names_cover(&table.names, table.names.list[i].text);
	}
	quiet_names_done(&table.names);
	return r;
}

/* What a guest has, and one that is left alone. */
static void take_names(struct quiet_names *names)
{
	static const char *const texts[] = { "fwbr101i*", "fwln101i*", "tap101i*", "vmbr9" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK(quiet_names_add(names, texts[i], i == 2) == 0);
	quiet_names_sort(names);
}

static int ensure_names(struct netlink *nl, struct err *err)
{
	struct quiet_names names = { 0 };
	const size_t untouched = SIZE_MAX;
	size_t added = untouched;
	size_t loud = untouched;
	int r;

	take_names(&names);
	r = quiet_ensure(nl, &names, &added, &loud, err);
	CHECK((r == 0) == (added != untouched) && (r == 0) == (loud != untouched));
	quiet_names_done(&names);
	return r;
}

static int ask_name(struct netlink *nl, struct err *err)
{
	const struct quiet_name name = { .text = "fwbr101i*" };
	bool has = true;
	int r = quiet_has(nl, &name, &has, err);

	CHECK(r == 0 || has);
	return r;
}

static int change_names(struct netlink *nl, struct err *err)
{
	const struct quiet_names none = { 0 };
	struct quiet_names names = { 0 };
	int r;

	take_names(&names);
	r = quiet_change(nl, &none, &names, err);
	quiet_names_done(&names);
	return r;
}

static int (*const conversations[])(struct netlink *nl, struct err *err) = {
	ask_link,   ask_proxy,    ask_route, ask_addresses, ask_neighbours, ask_state,      change_link, delete_entry,
	read_table, ensure_names, ask_name,  change_names,  ask_forward,    ask_advertised, ask_entries, ask_routes,
};

#define CONVERSATIONS (sizeof(conversations) / sizeof(conversations[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned choice = fuzz_choice(&data, &size) % CONVERSATIONS;
	struct err err = { 0 };
	struct netlink *nl;
	int r;

	wire.data = data;
	wire.size = size;
	wire.left = DATAGRAMS;
	memset(wire.sockets, 0, sizeof(wire.sockets));
	nl = open_wire(0);
	wire.nl = nl;
	r = conversations[choice](nl, &err);
	fuzz_check_err(r, &err);
	netlink_close(nl);
	return 0;
}
