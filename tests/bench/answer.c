/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long an ARP request's answer takes: nanoseconds from before it is sent until after it is heard, a line each. Over
 * a veth the kernel answers inside of send(): what is measured is its own path, without anybody being woken up.
 *
 * answer DEV SENDER ADDRESS COUNT
 */

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

struct frame {
	struct ether_header eth;
	struct ether_arp arp;
	char padding[18];
};

static long long now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void hear(int fd, const struct in_addr *address)
{
	struct frame answer = { .eth.ether_type = 0 };
	struct sockaddr_ll from = { .sll_family = AF_PACKET };
	socklen_t size;

	do {
		size = sizeof(from);
		if (recvfrom(fd, &answer, sizeof(answer), 0, (struct sockaddr *)&from, &size) < 0)
			err(1, "no answer");
	} while (from.sll_pkttype == PACKET_OUTGOING || answer.arp.ea_hdr.ar_op != htons(ARPOP_REPLY) ||
		 memcmp(answer.arp.arp_spa, address, sizeof(*address)) != 0);
}

int main(int argc, char *argv[])
{
	struct sockaddr_ll self = { .sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_ARP) };
	struct frame request = { .eth.ether_type = htons(ETHERTYPE_ARP) };
	struct timeval limit = { .tv_sec = 3 };
	struct in_addr sender;
	struct in_addr address;
	struct ifreq ifr = { 0 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHERTYPE_ARP));

	if (argc != 5 || inet_pton(AF_INET, argv[2], &sender) != 1 || inet_pton(AF_INET, argv[3], &address) != 1)
		errx(2, "usage: answer DEV SENDER ADDRESS COUNT");
	(void)snprintf(ifr.ifr_name, IFNAMSIZ, "%s", argv[1]);
	self.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr) < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		err(1, "%s", argv[1]);
	memset(request.eth.ether_dhost, 0xff, ETH_ALEN);
	memcpy(request.eth.ether_shost, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	request.arp.ea_hdr =
		(struct arphdr){ htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), ETH_ALEN, 4, htons(ARPOP_REQUEST) };
	memcpy(request.arp.arp_sha, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	memcpy(request.arp.arp_spa, &sender, sizeof(sender));
	memcpy(request.arp.arp_tpa, &address, sizeof(address));
	for (long count = strtol(argv[4], NULL, 10); count > 0; count--) {
		long long began = now_ns();

		if (send(fd, &request, sizeof(request), 0) < 0)
			err(1, "%s", argv[1]);
		hear(fd, &address);
		printf("%lld\n", now_ns() - began);
	}
	return 0;
}
