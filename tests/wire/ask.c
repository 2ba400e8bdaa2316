/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that never stops asking: one ARP request on one device every 5 ms, each fifth of them a duplicate address
 * probe (RFC 5227, sender 0.0.0.0). It waits for its device, and goes on when the device went and came back. It counts
 * what it hears, so that a capture on the other end of the wire is not the only witness.
 *
 *   ask [-c COUNTS] DEV SENDER ADDRESS=MAC[,MAC...] [ADDRESS=MAC...]
 *
 *   The first address is the one that is asked for; where there is a second one, one request in five is for that. A MAC
 *   is one that may answer for the address. COUNTS holds "REQUESTS RIGHT WRONG", all that was sent and heard; it is
 *   true at every moment, also after a SIGKILL.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NS   5000000
#define TARGETS_MAX 2
#define MACS_MAX    3
#define COUNTS_SIZE 48

struct target {
	struct in_addr address;
	uint8_t macs[MACS_MAX][ETH_ALEN];
	size_t mac_count;
};

struct frame {
	struct ethhdr eth;
	struct ether_arp arp;
	uint8_t padding[18];
} __attribute__((packed));

struct asker {
	const char *dev;
	struct in_addr sender;
	struct target targets[TARGETS_MAX];
	size_t target_count;
	int fd; /* -1: the device is not there */
	uint8_t mac[ETH_ALEN];
	char *counts; /* COUNTS_SIZE bytes that a file shares */
	unsigned long turn, requests, right, wrong;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static bool parse_mac(const char *text, uint8_t mac[ETH_ALEN])
{
	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
		      &mac[5]) == ETH_ALEN;
}

static bool parse_target(char *text, struct target *ret_target)
{
	char *mac = strchr(text, '=');

	if (!mac)
		return false;
	*mac++ = '\0';
	if (inet_pton(AF_INET, text, &ret_target->address) != 1)
		return false;
	for (char *next; mac && ret_target->mac_count < MACS_MAX; mac = next) {
		next = strchr(mac, ',');
		if (next)
			*next++ = '\0';
		if (!parse_mac(mac, ret_target->macs[ret_target->mac_count++]))
			return false;
	}
	return true;
}

static void counts_open(struct asker *asker, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || ftruncate(fd, COUNTS_SIZE) < 0)
		die(path);
	asker->counts = mmap(NULL, COUNTS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (asker->counts == MAP_FAILED)
		die(path);
	close(fd);
}

static void counts_write(const struct asker *asker)
{
	char text[COUNTS_SIZE + 1];

	if (!asker->counts)
		return;
	(void)snprintf(text, sizeof(text), "%15lu %15lu %14lu\n", asker->requests, asker->right, asker->wrong);
	memcpy(asker->counts, text, COUNTS_SIZE);
}

/* By /sys: an ioctl by name has the kernel look for a module of that name where the device is not there. */
static bool read_sys(const char *dev, const char *name, char *buffer, size_t size)
{
	char path[128];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/%s", dev, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buffer, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	buffer[n] = '\0';
	return true;
}

static void device_close(struct asker *asker)
{
	if (asker->fd >= 0)
		close(asker->fd);
	asker->fd = -1;
}

static void device_open(struct asker *asker)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP) };
	char text[64];

	if (!read_sys(asker->dev, "ifindex", text, sizeof(text)))
		return;
	address.sll_ifindex = (int)strtol(text, NULL, 10);
	if (!read_sys(asker->dev, "address", text, sizeof(text)) || !parse_mac(text, asker->mac))
		return;
	asker->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (asker->fd < 0)
		die("packet socket");
	if (bind(asker->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		device_close(asker);
}

static void ask(struct asker *asker)
{
	struct frame frame = { .eth.h_proto = htons(ETH_P_ARP) };
	unsigned turn = asker->turn % 5;
	bool probe = turn == 4;
	const struct target *target = &asker->targets[turn == 2 ? asker->target_count - 1 : 0];

	memset(frame.eth.h_dest, 0xff, ETH_ALEN);
	memcpy(frame.eth.h_source, asker->mac, ETH_ALEN);
	frame.arp.ea_hdr = (struct arphdr){ htons(ARPHRD_ETHER), htons(ETH_P_IP), ETH_ALEN, 4, htons(ARPOP_REQUEST) };
	memcpy(frame.arp.arp_sha, asker->mac, ETH_ALEN);
	if (!probe)
		memcpy(frame.arp.arp_spa, &asker->sender, 4);
	memcpy(frame.arp.arp_tpa, &target->address, 4);
	if (send(asker->fd, &frame, sizeof(frame), 0) < 0) {
		if (errno == ENXIO || errno == ENODEV)
			device_close(asker);
		return;
	}
	asker->turn++;
	asker->requests++;
}

static void judge(struct asker *asker, const struct ether_arp *arp)
{
	for (size_t i = 0; i < asker->target_count; i++) {
		const struct target *target = &asker->targets[i];
		bool right = false;

		if (memcmp(arp->arp_spa, &target->address, 4) != 0)
			continue;
		for (size_t j = 0; j < target->mac_count; j++)
			right = right || memcmp(arp->arp_sha, target->macs[j], ETH_ALEN) == 0;
		asker->right += right && ntohs(arp->ea_hdr.ar_op) == ARPOP_REPLY;
		asker->wrong += !right;
	}
}

static void hear(struct asker *asker)
{
	struct frame frame;
	struct ether_arp arp;
	struct sockaddr_ll from = { 0 };
	socklen_t size = sizeof(from);

	for (;;) {
		ssize_t n = recvfrom(asker->fd, &frame, sizeof(frame), 0, (struct sockaddr *)&from, &size);

		if (n < 0 && errno == ENETDOWN)
			continue; /* said once each time that the device goes down */
		if (n < 0)
			return;
		memcpy(&arp, &frame.arp, sizeof(arp));
		if ((size_t)n >= sizeof(frame.eth) + sizeof(arp) && from.sll_pkttype != PACKET_OUTGOING)
			judge(asker, &arp);
	}
}

int main(int argc, char **argv)
{
	static struct asker asker = { .fd = -1 };
	int64_t next = now_ns();
	int i = 1;

	if (argc > 2 && strcmp(argv[1], "-c") == 0) {
		counts_open(&asker, argv[2]);
		i = 3;
	}
	if (argc < i + 3 || argc > i + 2 + TARGETS_MAX || inet_pton(AF_INET, argv[i + 1], &asker.sender) != 1) {
		fprintf(stderr, "usage: ask [-c COUNTS] DEV SENDER ADDRESS=MAC[,MAC...] [ADDRESS=MAC...]\n");
		return 2;
	}
	asker.dev = argv[i];
	for (i += 2; i < argc; i++) {
		if (!parse_target(argv[i], &asker.targets[asker.target_count++])) {
			fprintf(stderr, "ask: not understood: %s\n", argv[i]);
			return 2;
		}
	}
	for (;;) {
		struct pollfd poll_fd = { .fd = asker.fd, .events = POLLIN };
		int64_t left = next - now_ns();

		if (left > 0) {
			struct timespec timeout = { .tv_nsec = left };

			(void)ppoll(&poll_fd, 1, &timeout, NULL);
			if (asker.fd >= 0)
				hear(&asker);
			continue;
		}
		if (asker.fd < 0)
			device_open(&asker);
		if (asker.fd >= 0)
			ask(&asker);
		counts_write(&asker);
		/* Never two at once: a pause that the scheduler made is not made up for. */
		next += PERIOD_NS;
		if (next < now_ns() + PERIOD_NS * 4 / 5)
			next = now_ns() + PERIOD_NS * 4 / 5;
	}
}
