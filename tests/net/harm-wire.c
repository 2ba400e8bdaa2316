/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks who has an address, and who can be reached, from inside many network namespaces at once: the eyes of harm.t. It
 * knows of no guest and no policy, and reads nothing but frames. One command a line on stdin:
 *
 *   open NAME                    sockets in /run/netns/NAME; they hold it until
 *   close NAME
 *   ask NAME DEV SENDER TARGET   ARP request or neighbour solicitation out of DEV, from its own MAC
 *   ping NAME TARGET [VRF]       an echo request as the namespace, or its VRF, would send it
 *   go MS                        sends all of these; ends when nothing has come for MS milliseconds
 *   macs NAME DEV...             one line: the MACs of these devices
 *
 * It answers go with a line for each question, in their order: the MACs that answered, joined by "," or "-"; 1 or 0 for
 * a ping; and with a line "." at the end.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harm.h"

#define PLACES_MAX    64
#define QUESTIONS_MAX 4096
#define MACS_MAX      8
#define BATCH         32
#define BUFFER_SIZE   (4 << 20)
#define ICMP_FILTER   1 /* linux/icmp.h, which cannot be had beside net/if.h */

enum { ARP, NDISC, PING, PING6, SOCKETS };

struct place {
	char name[32];
	int fds[SOCKETS];
};

struct question {
	struct place *place;
	size_t mac_count;
	int ifindex;
	bool ping, v6, answered;
	uint8_t sender[16], target[16];
	uint8_t macs[MACS_MAX][ETH_ALEN];
};

struct arp_frame {
	struct ethhdr eth;
	struct ether_arp arp;
	uint8_t padding[18];
} __attribute__((packed));

struct ndisc_frame {
	struct ethhdr eth;
	struct ip6_hdr ip;
	struct nd_neighbor_solicit ns;
	uint8_t option[2 + ETH_ALEN];
} __attribute__((packed));

static struct place places[PLACES_MAX];
static struct question questions[QUESTIONS_MAX];
static size_t question_count;
static uint16_t turn; /* of go: a late answer to an earlier one is none */

/* ---- sockets -------------------------------------------------------------------------------------------------- */

static int socket_at(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	int size = BUFFER_SIZE;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		die("socket");
	return fd;
}

/* Answers alone: there are as many requests as namespaces times questions. */
static void filter_answers(struct place *place)
{
	struct sock_filter arp[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_HLEN + 6), /* the operation */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPOP_REPLY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter ndisc[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 ETH_HLEN + 6), /* next header and hop limit: not routed (RFC 4861, 7.1.2) */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6 << 8 | 255, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 40), /* the type */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_ADVERT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog arp_program = { sizeof(arp) / sizeof(arp[0]), arp };
	struct sock_fprog ndisc_program = { sizeof(ndisc) / sizeof(ndisc[0]), ndisc };
	uint32_t echo = ~(1U << ICMP_ECHOREPLY);
	struct icmp6_filter echo6;

	ICMP6_FILTER_SETBLOCKALL(&echo6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &echo6);
	if (setsockopt(place->fds[ARP], SOL_SOCKET, SO_ATTACH_FILTER, &arp_program, sizeof(arp_program)) < 0 ||
	    setsockopt(place->fds[NDISC], SOL_SOCKET, SO_ATTACH_FILTER, &ndisc_program, sizeof(ndisc_program)) < 0 ||
	    setsockopt(place->fds[PING], SOL_RAW, ICMP_FILTER, &echo, sizeof(echo)) < 0 ||
	    setsockopt(place->fds[PING6], IPPROTO_ICMPV6, ICMP6_FILTER, &echo6, sizeof(echo6)) < 0)
		die("filter");
}

static struct place *place_named(const char *name)
{
	for (size_t i = 0; i < PLACES_MAX; i++)
		if (strcmp(places[i].name, name) == 0)
			return &places[i];
	fprintf(stderr, "harm-wire: no place %s\n", name);
	exit(1);
}

static void place_open(const char *name)
{
	struct place *place = place_named("");

	enter(name);
	(void)snprintf(place->name, sizeof(place->name), "%s", name);
	place->fds[ARP] = socket_at(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP));
	place->fds[NDISC] = socket_at(AF_PACKET, SOCK_RAW, htons(ETH_P_IPV6));
	place->fds[PING] = socket_at(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	place->fds[PING6] = socket_at(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	filter_answers(place);
	enter(NULL);
}

static void place_close(const char *name)
{
	struct place *place = place_named(name);

	for (size_t i = 0; i < SOCKETS; i++)
		close(place->fds[i]);
	memset(place, 0, sizeof(*place));
}

static void print_macs(const struct place *place, char *const *devices, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ifreq request = { 0 };
		const uint8_t *mac = (uint8_t *)request.ifr_hwaddr.sa_data;

		(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", devices[i]);
		(void)ioctl(place->fds[ARP], SIOCGIFHWADDR, &request);
		(void)printf("%s%02x:%02x:%02x:%02x:%02x:%02x", i ? " " : "", mac[0], mac[1], mac[2], mac[3], mac[4],
			     mac[5]);
	}
	(void)printf("\n");
	(void)fflush(stdout);
}

/* ---- questions ------------------------------------------------------------------------------------------------ */

static uint32_t sum(uint32_t so_far, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		so_far += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return so_far;
}

static uint16_t checksum(uint32_t sum_of_all)
{
	while (sum_of_all >> 16)
		sum_of_all = (sum_of_all & 0xffff) + (sum_of_all >> 16);
	return htons((uint16_t)~sum_of_all);
}

static void send_arp(const struct question *q, const uint8_t mac[ETH_ALEN], struct sockaddr_ll *to)
{
	struct arp_frame frame = { .eth.h_proto = htons(ETH_P_ARP) };

	memset(frame.eth.h_dest, 0xff, ETH_ALEN);
	memcpy(frame.eth.h_source, mac, ETH_ALEN);
	frame.arp.ea_hdr = (struct arphdr){ htons(ARPHRD_ETHER), htons(ETH_P_IP), ETH_ALEN, 4, htons(ARPOP_REQUEST) };
	memcpy(frame.arp.arp_sha, mac, ETH_ALEN);
	memcpy(frame.arp.arp_spa, q->sender, 4);
	memcpy(frame.arp.arp_tpa, q->target, 4);
	(void)sendto(q->place->fds[ARP], &frame, sizeof(frame), 0, (struct sockaddr *)to, sizeof(*to));
}

static void send_ndisc(const struct question *q, const uint8_t mac[ETH_ALEN], struct sockaddr_ll *to)
{
	struct ndisc_frame frame = { .eth.h_proto = htons(ETH_P_IPV6) };
	uint8_t group[16] = { 0xff, 2, [11] = 1, 0xff };
	size_t len = sizeof(frame.ns) + sizeof(frame.option);

	memcpy(group + 13, q->target + 13, 3);
	frame.eth.h_dest[0] = frame.eth.h_dest[1] = 0x33;
	memcpy(frame.eth.h_dest + 2, group + 12, 4);
	memcpy(frame.eth.h_source, mac, ETH_ALEN);
	frame.ip.ip6_vfc = 0x60;
	frame.ip.ip6_plen = htons((uint16_t)len);
	frame.ip.ip6_nxt = IPPROTO_ICMPV6;
	frame.ip.ip6_hlim = 255;
	memcpy(&frame.ip.ip6_src, q->sender, 16);
	memcpy(&frame.ip.ip6_dst, group, 16);
	frame.ns.nd_ns_hdr.icmp6_type = ND_NEIGHBOR_SOLICIT;
	memcpy(&frame.ns.nd_ns_target, q->target, 16);
	frame.option[0] = ND_OPT_SOURCE_LINKADDR;
	frame.option[1] = 1;
	memcpy(frame.option + 2, mac, ETH_ALEN);
	frame.ns.nd_ns_hdr.icmp6_cksum =
		checksum(sum(sum(IPPROTO_ICMPV6 + (uint32_t)len, &frame.ip.ip6_src, 32), &frame.ns, len));
	(void)sendto(q->place->fds[NDISC], &frame, sizeof(frame), 0, (struct sockaddr *)to, sizeof(*to));
}

/* way: the interface of a VRF, or none. */
static void send_by(int fd, void *to, socklen_t size, struct icmphdr *echo, int level, int type, const void *way,
		    size_t way_size)
{
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { echo, sizeof(*echo) };
	struct msghdr message = {
		.msg_name = to,
		.msg_namelen = size,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(way_size),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(way_size);
	memcpy(CMSG_DATA(header), way, way_size);
	(void)sendmsg(fd, &message, 0);
}

static void send_ping(const struct question *q, size_t number)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct in_pktinfo way = { .ipi_ifindex = q->ifindex };
	struct in6_pktinfo way6 = { .ipi6_ifindex = (unsigned)q->ifindex };
	struct icmphdr echo = { .type = q->v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO };

	echo.un.echo.id = htons((uint16_t)number);
	echo.un.echo.sequence = htons(turn);
	if (q->v6) {
		memcpy(&to6.sin6_addr, q->target, 16);
		send_by(q->place->fds[PING6], &to6, sizeof(to6), &echo, IPPROTO_IPV6, IPV6_PKTINFO, &way6,
			sizeof(way6));
	} else {
		memcpy(&to.sin_addr, q->target, 4);
		echo.checksum = checksum(sum(0, &echo, sizeof(echo)));
		send_by(q->place->fds[PING], &to, sizeof(to), &echo, IPPROTO_IP, IP_PKTINFO, &way, sizeof(way));
	}
}

/* A device that is not there has nobody who answers. */
static void send_question(struct question *q, size_t number)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = q->ifindex, .sll_halen = ETH_ALEN };
	struct ifreq request = { .ifr_ifindex = q->ifindex };
	const uint8_t *mac = (uint8_t *)request.ifr_hwaddr.sa_data;

	if (q->ping) {
		send_ping(q, number);
		return;
	}
	if (ioctl(q->place->fds[ARP], SIOCGIFNAME, &request) < 0 ||
	    ioctl(q->place->fds[ARP], SIOCGIFHWADDR, &request) < 0)
		return;
	memset(to.sll_addr, 0xff, ETH_ALEN);
	if (q->v6)
		send_ndisc(q, mac, &to);
	else
		send_arp(q, mac, &to);
}

/* ---- answers -------------------------------------------------------------------------------------------------- */

static void answered(const struct place *place, int ifindex, bool v6, const uint8_t *sender, const uint8_t *target,
		     const uint8_t mac[ETH_ALEN])
{
	size_t len = v6 ? 16 : 4;

	for (size_t i = 0; i < question_count; i++) {
		struct question *q = &questions[i];
		size_t known = 0;

		if (q->ping || q->place != place || q->v6 != v6 || q->ifindex != ifindex ||
		    memcmp(q->sender, sender, len) != 0 || memcmp(q->target, target, len) != 0)
			continue;
		while (known < q->mac_count && memcmp(q->macs[known], mac, ETH_ALEN) != 0)
			known++;
		if (known == q->mac_count && known < MACS_MAX)
			memcpy(q->macs[q->mac_count++], mac, ETH_ALEN);
	}
}

static void pong(const struct place *place, const uint8_t *icmp, size_t len, bool v6)
{
	struct icmphdr echo;
	size_t number;

	if (len < sizeof(echo))
		return;
	memcpy(&echo, icmp, sizeof(echo));
	number = ntohs(echo.un.echo.id);
	if (ntohs(echo.un.echo.sequence) == turn && number < question_count && questions[number].ping &&
	    questions[number].place == place && questions[number].v6 == v6)
		questions[number].answered = true;
}

static void take(const struct place *place, int kind, const uint8_t *frame, size_t len, int ifindex)
{
	struct arp_frame arp;
	const uint8_t *option = frame + sizeof(struct ethhdr) + 40 + 24;
	size_t header;

	switch (kind) {
	case ARP:
		if (len < sizeof(arp.eth) + sizeof(arp.arp))
			return;
		memcpy(&arp, frame, sizeof(arp.eth) + sizeof(arp.arp));
		answered(place, ifindex, false, arp.arp.arp_tpa, arp.arp.arp_spa, arp.arp.arp_sha);
		return;
	case NDISC:
		if (len >= sizeof(struct ethhdr) + 40 + 24 + 8 && option[0] == ND_OPT_TARGET_LINKADDR)
			answered(place, ifindex, true, frame + 14 + 24, frame + 14 + 40 + 8, option + 2);
		return;
	case PING:
		header = len > 0 ? (frame[0] & 15U) * 4U : 0;
		if (len > header)
			pong(place, frame + header, len - header, false);
		return;
	default:
		pong(place, frame, len, true);
	}
}

/* True when something came. */
static bool hear(void)
{
	static uint8_t frame[2048];
	bool heard = false;

	for (size_t i = 0; i < PLACES_MAX; i++) {
		for (int kind = 0; places[i].name[0] && kind < SOCKETS; kind++) {
			struct sockaddr_storage from;
			struct sockaddr_ll link;
			socklen_t size = sizeof(from);
			ssize_t n;

			while ((n = recvfrom(places[i].fds[kind], frame, sizeof(frame), 0, (struct sockaddr *)&from,
					     &size)) > 0) {
				memcpy(&link, &from, sizeof(link));
				size = sizeof(from);
				heard = true;
				/* What a bridge floods, or a device sends to itself, is no answer to all who see it.
				 */
				if (kind <= NDISC && link.sll_pkttype == PACKET_OTHERHOST)
					continue;
				take(&places[i], kind, frame, (size_t)n, link.sll_ifindex);
			}
		}
	}
	return heard;
}

static bool all_answered(void)
{
	for (size_t i = 0; i < question_count; i++)
		if (!questions[i].answered && questions[i].mac_count == 0)
			return false;
	return true;
}

/* All who answer do so while the request is sent, on an idle machine; the rest is patience. */
static void wait_quiet(int ms)
{
	struct pollfd fds[PLACES_MAX * SOCKETS];
	nfds_t count = 0;

	for (size_t i = 0; i < PLACES_MAX; i++)
		for (int kind = 0; places[i].name[0] && kind < SOCKETS; kind++)
			fds[count++] = (struct pollfd){ .fd = places[i].fds[kind], .events = POLLIN };
	while (poll(fds, count, all_answered() ? 1 : ms) > 0 && hear())
		;
}

static void go(int ms)
{
	turn++;
	for (size_t i = 0; i < question_count; i++) {
		send_question(&questions[i], i);
		if (i % BATCH == BATCH - 1)
			(void)hear();
	}
	(void)hear();
	wait_quiet(ms);
	for (size_t i = 0; i < question_count; i++) {
		const struct question *q = &questions[i];

		if (q->ping)
			(void)printf("%d", q->answered);
		else if (q->mac_count == 0)
			(void)printf("-");
		for (size_t j = 0; j < q->mac_count; j++)
			(void)printf("%s%02x:%02x:%02x:%02x:%02x:%02x", j ? "," : "", q->macs[j][0], q->macs[j][1],
				     q->macs[j][2], q->macs[j][3], q->macs[j][4], q->macs[j][5]);
		(void)printf("\n");
	}
	print_done();
	question_count = 0;
}

static void parse(const char *text, bool v6, uint8_t ret_address[16])
{
	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, ret_address) == 1)
		return;
	fprintf(stderr, "harm-wire: no address: %s\n", text);
	exit(1);
}

/* sender: NULL for a ping. dev may be NULL for one. */
static void add_question(const char *place, const char *dev, const char *sender, const char *target)
{
	struct question *q = &questions[question_count];
	struct ifreq request = { 0 };

	if (question_count == QUESTIONS_MAX) {
		fprintf(stderr, "harm-wire: too many questions\n");
		exit(1);
	}
	question_count++;
	memset(q, 0, sizeof(*q));
	q->place = place_named(place);
	q->v6 = strchr(target, ':') != NULL;
	q->ping = !sender;
	parse(target, q->v6, q->target);
	if (sender)
		parse(sender, q->v6, q->sender);
	if (!dev)
		return;
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", dev);
	q->ifindex = ioctl(q->place->fds[ARP], SIOCGIFINDEX, &request) == 0 ? request.ifr_ifindex : -1;
}

static bool obey(size_t count, char **words)
{
	if (count == 2 && strcmp(words[0], "open") == 0)
		place_open(words[1]);
	else if (count == 2 && strcmp(words[0], "close") == 0)
		place_close(words[1]);
	else if (count == 5 && strcmp(words[0], "ask") == 0)
		add_question(words[1], words[2], words[3], words[4]);
	else if ((count == 3 || count == 4) && strcmp(words[0], "ping") == 0)
		add_question(words[1], words[3], NULL, words[2]);
	else if (count == 2 && strcmp(words[0], "go") == 0)
		go((int)strtol(words[1], NULL, 10));
	else if (count > 1 && strcmp(words[0], "macs") == 0)
		print_macs(place_named(words[1]), words + 2, count - 2);
	else
		return false;
	return true;
}

int main(void)
{
	return commands(obey);
}
