/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Announcing and probing from a device that need not own the address: AF_PACKET, no ip_nonlocal_bind. */

#include "kernel/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "kernel/frame.h"

#define PROBES            3
#define PROBE_INTERVAL_MS 100
#define LISTEN_MS         200

int packet_open(int *ret_fd, struct err *err)
{
	/* Protocol 0: nothing is received, so a busy host's traffic does not fill a queue of ours. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, errno, "packet socket");
	*ret_fd = fd;
	return 0;
}

static int send_frame(int fd, const struct packet *packet, const uint8_t *frame, size_t len, struct err *err)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = packet->ifindex,
		.sll_halen = ETH_ALEN,
	};
	char text[IP_TEXT];

	memcpy(to.sll_addr, frame, ETH_ALEN);
	if (sendto(fd, frame, len, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) < 0)
		return err_errno(err, errno, "frame for %s", ip_to_str(&packet->ip, text));
	return 0;
}

int packet_announce(int fd, const struct packet *packet, struct err *err)
{
	static const struct mac all;
	uint8_t frame[FRAME_MAX];
	size_t len = frame_announcement(&packet->ip, &packet->source, packet->router, frame);

	/* In the Ethernet header alone; RFC 6085 for IPv6's group. */
	if (!mac_equal(&packet->to, &all))
		memcpy(frame, packet->to.bytes, ETH_ALEN);
	return send_frame(fd, packet, frame, len, err);
}

/* ARP, and ICMPv6 neighbour solicitations and advertisements: a busy device's other traffic would fill the queue. */
static const struct sock_filter answers[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 5, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 5),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 40),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x80, 0, 1), /* an ICMPv6 message that is no error */
	BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

int packet_listen(int ifindex, const struct sock_filter *code, size_t len, int *ret_fd, struct err *err)
{
	struct sockaddr_ll here = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};
	struct sock_fprog filter = { .len = (unsigned short)len, .filter = (struct sock_filter *)(uintptr_t)code };
	/* Answers to a neighbour solicitation from :: go to all nodes, and unicast answers of proxies to us: no
	 * promiscuity needed. */
	CLEANUP(fd) int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, errno, "packet socket");
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
		return err_errno(err, errno, "packet filter");
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0)
		return err_errno(err, errno, "packet socket");
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* Untagged frames from this MAC: on a trunk another network's would come in as well. */
static int open_for_own(const struct mac *source, int *ret_fd, struct err *err)
{
	const uint8_t *b = source->bytes;
	const struct sock_filter own[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3], 0, 5),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 10),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)b[4] << 8 | b[5], 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return packet_listen(0, own, sizeof(own) / sizeof(own[0]), ret_fd, err);
}

static void add_holder(struct probe_result *result, const struct mac *holder)
{
	for (size_t i = 0; i < result->count; i++) {
		if (mac_equal(&result->holders[i], holder))
			return;
	}
	if (result->count < PROBE_HOLDERS_MAX)
		result->holders[result->count++] = *holder;
}

/* Our own frames come back as PACKET_OUTGOING. */
static void take_frame(int fd, const struct packet *packets, size_t count, struct probe_result *results)
{
	uint8_t frame[FRAME_MAX];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

	if (n <= 0 || from.sll_pkttype == PACKET_OUTGOING)
		return;
	for (size_t i = 0; i < count; i++) {
		struct mac holder;

		if (frame_shows_holder(frame, (size_t)n, &packets[i].ip, &packets[i].source, &holder))
			add_holder(&results[i], &holder);
	}
}

/* Is it one of the questions, byte for byte? */
static bool is_question(const struct packet *packets, size_t count, const uint8_t *frame, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		const struct packet *p = &packets[i];
		uint8_t own[FRAME_MAX];
		size_t own_len = frame_probe(&p->ip, &p->source, own);

		if (own_len <= len && memcmp(own, frame, own_len) == 0)
			return true;
		own_len = p->sender.family == p->ip.family ? frame_request(&p->ip, &p->sender, &p->source, own) : 0;
		if (own_len > 0 && own_len <= len && memcmp(own, frame, own_len) == 0)
			return true;
	}
	return false;
}

static void take_own(int fd, const struct packet *packets, size_t count, struct probe_heard *heard)
{
	uint8_t frame[FRAME_MAX];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

	if (n <= 0 || from.sll_pkttype == PACKET_OUTGOING || from.sll_ifindex == packets[0].ifindex ||
	    heard->count == PROBE_HEARD_MAX)
		return;
	for (size_t i = 0; i < heard->count; i++) {
		if (heard->ifindexes[i] == from.sll_ifindex)
			return;
	}
	if (is_question(packets, count, frame, (size_t)n))
		heard->ifindexes[heard->count++] = from.sll_ifindex;
}

/* One device's questions on their way. */
struct probe {
	const struct packet *packets;
	size_t count;
	struct probe_result *results;
	struct probe_heard *heard; /* NULL where nobody wants to know */
	int fd;
	int own_fd; /* -1 without heard */
};

static void listen_until(const struct probe *p, int64_t deadline)
{
	struct pollfd wait[] = { { .fd = p->fd, .events = POLLIN }, { .fd = p->own_fd, .events = POLLIN } };
	int64_t left;

	while ((left = deadline - clock_ms()) > 0) {
		if (poll(wait, 2, (int)left) <= 0)
			continue;
		if (wait[0].revents)
			take_frame(p->fd, p->packets, p->count, p->results);
		if (wait[1].revents)
			take_own(p->own_fd, p->packets, p->count, p->heard);
	}
}

static int ask(int fd, const struct packet *packet, struct err *err)
{
	uint8_t frame[FRAME_MAX];
	bool request = packet->sender.family == packet->ip.family;
	size_t len;
	int r = 0;

	if (packet->ip.family == AF_INET || !request) {
		len = frame_probe(&packet->ip, &packet->source, frame);
		r = send_frame(fd, packet, frame, len, err);
	}
	if (r == 0 && request) {
		len = frame_request(&packet->ip, &packet->sender, &packet->source, frame);
		r = send_frame(fd, packet, frame, len, err);
	}
	return r;
}

int packet_probe(const struct packet *packets, size_t count, struct probe_result *results,
		 struct probe_heard *ret_heard, struct err *err)
{
	CLEANUP(fd) int fd = -1;
	CLEANUP(fd) int own_fd = -1;
	struct probe probe = { .packets = packets, .count = count, .results = results, .heard = ret_heard };
	int r;

	memset(results, 0, count * sizeof(*results));
	if (ret_heard)
		memset(ret_heard, 0, sizeof(*ret_heard));
	if (count == 0)
		return 0;
	r = packet_listen(packets[0].ifindex, answers, sizeof(answers) / sizeof(answers[0]), &fd, err);
	if (r == 0 && ret_heard)
		r = open_for_own(&packets[0].source, &own_fd, err);
	probe.fd = fd;
	probe.own_fd = own_fd;
	for (int round = 0; r == 0 && round < PROBES; round++) {
		for (size_t i = 0; r == 0 && i < count; i++)
			r = ask(fd, &packets[i], err);
		if (r == 0)
			listen_until(&probe, clock_ms() + (round + 1 < PROBES ? PROBE_INTERVAL_MS : LISTEN_MS));
	}
	return r;
}
