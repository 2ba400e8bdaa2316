/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who on the wire and which of a host's devices hear each other, and who can be pinged: the eyes of Judge.pm. Frames
 * alone decide. It sends from and listens in two namespaces, that of the host and that of its LANs. One command a line
 * on stdin:
 *
 *   from DEV[/TAG]               a marked broadcast out of this device of the LANs
 *   to DEV ASKER                 a marked frame out of this device of the host to the MAC of an asker's device
 *   ping ASKER MAC SENDER TARGET an echo request to that MAC; who asks for SENDER by ARP meanwhile hears of ASKER's
 *   go MS                        sends these; ends when nothing has come for MS milliseconds
 *
 * It answers go with a line for each, in their order: the host's devices that heard a broadcast, joined by "," or "-";
 * 1 or 0 for the others; and with a line "." at the end.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "../net/harm.h"

#define COMMANDS_MAX 4096
#define HEARD_MAX    64
#define BATCH        32
#define BUFFER_SIZE  (4 << 20)
#define MARK         0x88b5 /* IEEE 802's for local experiments */

enum { HOST_MARK, LAN_MARK, LAN_ARP, LAN_IP, SOCKETS };
enum what { FROM, TO, PING };

struct marked {
	uint16_t turn;
	uint16_t number;
} __attribute__((packed));

struct frame {
	struct ethhdr eth;
	uint8_t payload[64];
} __attribute__((packed));

struct command {
	int heard[HEARD_MAX];
	size_t heard_count;
	enum what what;
	int ifindex; /* it is sent out of */
	int asker;   /* that is to hear it */
	uint32_t sender, target;
	uint16_t tag;
	uint8_t mac[ETH_ALEN];
	bool done;
};

static struct command list[COMMANDS_MAX];
static size_t command_count;
static uint16_t turn; /* of go: what an earlier one has sent is not counted */
static int fds[SOCKETS];

static int socket_for(uint16_t protocol)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(protocol));
	int size = BUFFER_SIZE;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		die("socket");
	return fd;
}

static int device(int fd, const char *name)
{
	struct ifreq request = { 0 };

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return ioctl(fd, SIOCGIFINDEX, &request) < 0 ? 0 : request.ifr_ifindex;
}

static void mac_of(int fd, int ifindex, uint8_t mac[ETH_ALEN])
{
	struct ifreq request = { .ifr_ifindex = ifindex };

	memset(mac, 0, ETH_ALEN);
	if (ioctl(fd, SIOCGIFNAME, &request) == 0 && ioctl(fd, SIOCGIFHWADDR, &request) == 0)
		memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
}

/* ---- frames that go out ----------------------------------------------------------------------------------------- */

static void send_frame(int fd, int ifindex, const struct frame *frame, size_t len)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex, .sll_halen = ETH_ALEN };

	memcpy(to.sll_addr, frame->eth.h_dest, ETH_ALEN);
	(void)sendto(fd, frame, sizeof(frame->eth) + len, 0, (struct sockaddr *)&to, sizeof(to));
}

static void send_marked(const struct command *c, size_t number)
{
	int fd = fds[c->what == FROM ? LAN_MARK : HOST_MARK];
	struct marked marked = { turn, (uint16_t)number };
	struct frame frame = { .eth.h_proto = htons(MARK) };
	uint16_t tagged[2] = { htons(c->tag), htons(MARK) };
	size_t skip = c->tag ? sizeof(tagged) : 0;

	if (c->tag)
		frame.eth.h_proto = htons(ETH_P_8021Q);
	memcpy(frame.payload, tagged, skip);
	memcpy(frame.payload + skip, &marked, sizeof(marked));
	mac_of(fd, c->ifindex, frame.eth.h_source);
	if (c->what == FROM)
		memset(frame.eth.h_dest, 0xff, ETH_ALEN);
	else
		mac_of(fds[LAN_MARK], c->asker, frame.eth.h_dest);
	send_frame(fd, c->ifindex, &frame, 46);
}

/* Over all of the header, in which it is 0 so far. */
static void set_checksum(uint8_t *header, size_t len, size_t place)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? header[i] : (uint32_t)header[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	header[place] = (uint8_t)(~sum >> 8);
	header[place + 1] = (uint8_t)~sum;
}

static void send_ping(const struct command *c, size_t number)
{
	struct frame frame = { .eth.h_proto = htons(ETH_P_IP) };
	struct icmphdr echo = { .type = ICMP_ECHO };
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(ip) + sizeof(echo)),
		.ttl = 64,
		.protocol = IPPROTO_ICMP,
		.saddr = c->sender,
		.daddr = c->target,
	};

	echo.un.echo.id = htons((uint16_t)number);
	echo.un.echo.sequence = htons(turn);
	memcpy(frame.eth.h_dest, c->mac, ETH_ALEN);
	mac_of(fds[LAN_IP], c->ifindex, frame.eth.h_source);
	memcpy(frame.payload, &ip, sizeof(ip));
	memcpy(frame.payload + sizeof(ip), &echo, sizeof(echo));
	set_checksum(frame.payload, sizeof(ip), offsetof(struct iphdr, check));
	set_checksum(frame.payload + sizeof(ip), sizeof(echo), offsetof(struct icmphdr, checksum));
	send_frame(fds[LAN_IP], c->ifindex, &frame, 46);
}

/* ---- frames that come in ---------------------------------------------------------------------------------------- */

static void take_marked(const struct frame *frame, int ifindex, bool on_host)
{
	struct marked marked;
	struct command *c;

	memcpy(&marked, frame->payload, sizeof(marked));
	c = marked.turn == turn && marked.number < command_count ? &list[marked.number] : NULL;
	if (c && c->what == FROM && on_host && c->heard_count < HEARD_MAX)
		c->heard[c->heard_count++] = ifindex;
	else if (c && c->what == TO && !on_host && c->asker == ifindex)
		c->done = true;
}

/* Whose address is asked for where its owner is: the host looks for the way back. */
static void take_arp(const struct frame *frame, int ifindex)
{
	struct ether_arp asked;
	struct ether_arp answer;
	struct frame reply = { .eth.h_proto = htons(ETH_P_ARP) };
	uint32_t target;

	memcpy(&asked, frame->payload, sizeof(asked));
	memcpy(&target, asked.arp_tpa, sizeof(target));
	if (ntohs(asked.ea_hdr.ar_op) != ARPOP_REQUEST)
		return;
	for (size_t i = 0; i < command_count; i++) {
		if (list[i].what != PING || list[i].ifindex != ifindex || list[i].sender != target)
			continue;
		answer = asked;
		answer.ea_hdr.ar_op = htons(ARPOP_REPLY);
		mac_of(fds[LAN_ARP], ifindex, answer.arp_sha);
		memcpy(answer.arp_spa, asked.arp_tpa, 4);
		memcpy(answer.arp_tha, asked.arp_sha, ETH_ALEN);
		memcpy(answer.arp_tpa, asked.arp_spa, 4);
		memcpy(reply.eth.h_dest, asked.arp_sha, ETH_ALEN);
		memcpy(reply.eth.h_source, answer.arp_sha, ETH_ALEN);
		memcpy(reply.payload, &answer, sizeof(answer));
		send_frame(fds[LAN_ARP], ifindex, &reply, 46);
		return;
	}
}

static void take_ip(const struct frame *frame, int ifindex)
{
	struct iphdr ip;
	struct icmphdr echo;
	size_t number;

	memcpy(&ip, frame->payload, sizeof(ip));
	memcpy(&echo, frame->payload + sizeof(ip), sizeof(echo));
	number = ntohs(echo.un.echo.id);
	if (ip.protocol == IPPROTO_ICMP && echo.type == ICMP_ECHOREPLY && ntohs(echo.un.echo.sequence) == turn &&
	    number < command_count && list[number].what == PING && list[number].ifindex == ifindex &&
	    list[number].sender == ip.daddr && list[number].target == ip.saddr)
		list[number].done = true;
}

static bool hear(void)
{
	bool heard = false;

	for (int i = 0; i < SOCKETS; i++) {
		struct frame frame = { 0 };
		struct sockaddr_ll from = { 0 };
		socklen_t size = sizeof(from);

		while (recvfrom(fds[i], &frame, sizeof(frame), 0, (struct sockaddr *)&from, &size) > 0) {
			heard = true;
			size = sizeof(from);
			if (from.sll_pkttype == PACKET_OTHERHOST || from.sll_pkttype == PACKET_OUTGOING)
				continue;
			if (i == LAN_ARP)
				take_arp(&frame, from.sll_ifindex);
			else if (i == LAN_IP)
				take_ip(&frame, from.sll_ifindex);
			else
				take_marked(&frame, from.sll_ifindex, i == HOST_MARK);
		}
	}
	return heard;
}

/* ---- commands --------------------------------------------------------------------------------------------------- */

static void print(const struct command *c)
{
	struct ifreq request = { 0 };

	if (c->what != FROM) {
		(void)printf("%d\n", c->done);
		return;
	}
	for (size_t i = 0; i < c->heard_count; i++) {
		request.ifr_ifindex = c->heard[i];
		if (ioctl(fds[HOST_MARK], SIOCGIFNAME, &request) < 0)
			die("device");
		(void)printf("%s%s", i ? "," : "", request.ifr_name);
	}
	(void)printf(c->heard_count ? "\n" : "-\n");
}

static void go(int ms)
{
	struct pollfd polled[SOCKETS];

	turn++;
	for (size_t i = 0; i < command_count; i++) {
		if (list[i].what == PING)
			send_ping(&list[i], i);
		else
			send_marked(&list[i], i);
		if (i % BATCH == BATCH - 1)
			(void)hear();
	}
	for (int i = 0; i < SOCKETS; i++)
		polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	while (poll(polled, SOCKETS, ms) > 0 && hear())
		;
	for (size_t i = 0; i < command_count; i++)
		print(&list[i]);
	command_count = 0;
	print_done();
}

static bool parse_mac(const char *text, uint8_t mac[ETH_ALEN])
{
	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
		      &mac[5]) == ETH_ALEN;
}

static bool add(size_t words_count, char **words)
{
	struct command *c = &list[command_count];
	char *tag = words_count == 2 ? strchr(words[1], '/') : NULL;

	if (command_count == COMMANDS_MAX)
		die("too many commands");
	if (tag)
		*tag++ = '\0';
	*c = (struct command){ .tag = (uint16_t)strtoul(tag ? tag : "0", NULL, 10) };
	if (words_count == 2 && strcmp(words[0], "from") == 0) {
		c->what = FROM;
		c->ifindex = device(fds[LAN_MARK], words[1]);
	} else if (words_count == 3 && strcmp(words[0], "to") == 0) {
		c->what = TO;
		c->ifindex = device(fds[HOST_MARK], words[1]);
		c->asker = device(fds[LAN_MARK], words[2]);
	} else if (words_count == 5 && strcmp(words[0], "ping") == 0) {
		c->what = PING;
		c->ifindex = device(fds[LAN_MARK], words[1]);
		if (!parse_mac(words[2], c->mac) || inet_pton(AF_INET, words[3], &c->sender) != 1 ||
		    inet_pton(AF_INET, words[4], &c->target) != 1)
			return false;
	} else {
		return false;
	}
	command_count++;
	return true;
}

static bool obey(size_t words_count, char **words)
{
	if (words_count == 2 && strcmp(words[0], "go") == 0)
		go((int)strtol(words[1], NULL, 10));
	else
		return add(words_count, words);
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: reach HOST LANS\n");
		return 2;
	}
	enter(argv[1]);
	fds[HOST_MARK] = socket_for(MARK);
	enter(NULL);
	enter(argv[2]);
	fds[LAN_MARK] = socket_for(MARK);
	fds[LAN_ARP] = socket_for(ETH_P_ARP);
	fds[LAN_IP] = socket_for(ETH_P_IP);
	return commands(obey);
}
