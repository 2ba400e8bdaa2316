/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges every ARP frame on every device of a network namespace, those to come included: who said that an address is at
 * its MAC, on which wire, and whether each request for one of the host's own addresses had exactly one right answer.
 *
 *   watch [+]ADDRESS=MAC[,MAC...]...
 *
 *   A MAC is one that may say that it has the address. "+" is an address of the host's own: its requests are followed.
 *   A wire is an uplink (eth0, eth1, ...) or a guest's port (veth..., tap...): what leaves by it, others hear.
 *
 * It reads one command a line and answers each with one line:
 *   begin          counts from nothing                                                      ok
 *   steady DEV     from now on each request on DEV has an answer                            ok
 *   unsteady DEV   no longer (the last request has its answer, or is counted without)       ok
 *   answered DEV N when N more requests on DEV had their right answer                       ok | late
 *   asked DEV N    when N more requests came in by DEV                                      ok | late
 *   report         all counts as KEY=NUMBER, and from=DEV:NUMBER,... of those who answered wrongly
 *
 * A device's frames are in the order in which the kernel handled them: an answer never comes before its request.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ADDRESSES_MAX 8
#define MACS_MAX      3
#define RECENT_MAX    16
#define SECOND_NS     1000000000LL
/* A frame on its way through a bridge is seen on the next device well within this, and nobody asks twice in it. */
#define SAME_FRAME_NS 2500000

struct address {
	size_t mac_count;
	struct in_addr ip;
	uint8_t macs[MACS_MAX][ETH_ALEN];
	bool own;
};

struct device {
	int ifindex;
	char name[IFNAMSIZ];
	bool steady;
	bool pending; /* a request has no right answer yet; from whom it came: */
	uint8_t asker_mac[ETH_ALEN], asker_ip[4];
	unsigned long requests, right, wrong, unanswered, extra;
	unsigned long heard_first;             /* wrong frames that nobody had sent before */
	unsigned long all_requests, all_right; /* never begun anew */
};

/* A wrong frame seen a moment ago: on its way it is seen once more on each device. */
struct recent {
	struct ether_arp arp;
	int64_t at;
};

static struct address addresses[ADDRESSES_MAX];
static size_t address_count;
static struct device *devices;
static size_t device_count;
static struct recent recent[RECENT_MAX];
static size_t recent_next;
static int packets = -1, links = -1;
static unsigned long dropped;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* ---- devices -------------------------------------------------------------------------------------------------- */

static struct device *device_of(int ifindex)
{
	struct device *device;

	for (size_t i = device_count; i > 0; i--)
		if (devices[i - 1].ifindex == ifindex)
			return &devices[i - 1];
	devices = realloc(devices, (device_count + 1) * sizeof(*devices));
	if (!devices)
		die("realloc");
	device = &devices[device_count++];
	*device = (struct device){ .ifindex = ifindex };
	return device;
}

/* The last one of that name: a device made anew is another one. */
static struct device *device_named(const char *name)
{
	for (size_t i = device_count; i > 0; i--)
		if (strcmp(devices[i - 1].name, name) == 0)
			return &devices[i - 1];
	return NULL;
}

static void links_read(void)
{
	static char buffer[65536] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t n;

	while ((n = recv(links, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0 || (n < 0 && errno == ENOBUFS)) {
		for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, (size_t)n);
		     message = NLMSG_NEXT(message, n)) {
			struct ifinfomsg *link = NLMSG_DATA(message);
			struct rtattr *attribute = IFLA_RTA(link);
			size_t left = IFLA_PAYLOAD(message);

			if (message->nlmsg_type != RTM_NEWLINK)
				continue;
			for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
				if (attribute->rta_type == IFLA_IFNAME)
					(void)snprintf(device_of(link->ifi_index)->name, IFNAMSIZ, "%s",
						       (char *)RTA_DATA(attribute));
		}
	}
}

static struct device *device_seen(int ifindex)
{
	struct device *device = device_of(ifindex);
	struct ifreq request = { .ifr_ifindex = ifindex };

	if (device->name[0])
		return device;
	links_read();
	device = device_of(ifindex);
	/* It was there before we were. */
	if (!device->name[0] && ioctl(packets, SIOCGIFNAME, &request) == 0)
		(void)snprintf(device->name, IFNAMSIZ, "%s", request.ifr_name);
	return device;
}

static bool is_uplink(const struct device *device)
{
	return strncmp(device->name, "eth", 3) == 0;
}

static bool is_port(const struct device *device)
{
	return strncmp(device->name, "veth", 4) == 0 || strncmp(device->name, "tap", 3) == 0;
}

/* ---- frames --------------------------------------------------------------------------------------------------- */

static const struct address *address_of(const uint8_t ip[4])
{
	for (size_t i = 0; i < address_count; i++)
		if (memcmp(&addresses[i].ip, ip, 4) == 0)
			return &addresses[i];
	return NULL;
}

static bool may_say(const struct address *address, const uint8_t mac[ETH_ALEN])
{
	for (size_t i = 0; i < address->mac_count; i++)
		if (memcmp(address->macs[i], mac, ETH_ALEN) == 0)
			return true;
	return false;
}

static bool seen_before(const struct ether_arp *arp)
{
	struct timespec stamp = { 0 };
	int64_t now;

	/* When the kernel handled it, not when it was read. */
	(void)ioctl(packets, SIOCGSTAMPNS, &stamp);
	now = stamp.tv_sec * SECOND_NS + stamp.tv_nsec;
	for (size_t i = 0; i < RECENT_MAX; i++)
		if (now - recent[i].at < SAME_FRAME_NS && memcmp(&recent[i].arp, arp, sizeof(*arp)) == 0)
			return true;
	recent[recent_next++ % RECENT_MAX] = (struct recent){ .arp = *arp, .at = now };
	return false;
}

/* A request came in: the one before it should have had its answer. */
static void requested(struct device *device, const struct ether_arp *arp)
{
	device->requests++;
	device->all_requests++;
	device->unanswered += device->steady && device->pending;
	device->pending = true;
	memcpy(device->asker_mac, arp->arp_sha, ETH_ALEN);
	memcpy(device->asker_ip, arp->arp_spa, 4);
}

static void answered(struct device *device, const struct ether_arp *arp)
{
	/* Somebody else's, flooded, or an announcement. */
	if (memcmp(arp->arp_tha, device->asker_mac, ETH_ALEN) != 0)
		return;
	if (device->pending && memcmp(arp->arp_tpa, device->asker_ip, 4) == 0) {
		device->pending = false;
		device->right++;
		device->all_right++;
	} else {
		device->extra += device->steady;
	}
}

static void judge(struct device *device, bool outgoing, const struct ether_arp *arp)
{
	bool request = ntohs(arp->ea_hdr.ar_op) == ARPOP_REQUEST;
	const struct address *said = address_of(arp->arp_spa);
	const struct address *asked = address_of(arp->arp_tpa);

	if (!outgoing) {
		if (request && asked && asked->own && (is_uplink(device) || is_port(device)))
			requested(device, arp);
		return;
	}
	if (!said)
		return;
	if (!may_say(said, arp->arp_sha)) {
		device->wrong++;
		device->heard_first += !seen_before(arp);
	} else if (!request && said->own) {
		answered(device, arp);
	}
}

static void packets_read(void)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	for (;;) {
		uint8_t frame[256];
		struct sockaddr_ll from = { 0 };
		socklen_t from_size = sizeof(from);
		ssize_t n = recvfrom(packets, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from, &from_size);
		struct ether_arp arp;

		if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
			die("recvfrom");
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < (ssize_t)(ETH_HLEN + sizeof(arp)))
			continue;
		memcpy(&arp, frame + ETH_HLEN, sizeof(arp));
		judge(device_seen(from.sll_ifindex), from.sll_pkttype == PACKET_OUTGOING, &arp);
	}
	if (getsockopt(packets, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
		dropped += stats.tp_drops;
}

static void packets_open(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 256),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	/* ETH_P_ALL: no other protocol sees what leaves. */
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int size = 64 << 20;

	packets = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (packets < 0 || setsockopt(packets, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
		die("packet socket");
	(void)setsockopt(packets, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	links = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (links < 0 || bind(links, (struct sockaddr *)&group, sizeof(group)) < 0)
		die("netlink socket");
	(void)setsockopt(links, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(packets, (struct sockaddr *)&all, sizeof(all)) < 0)
		die("packet socket");
}

/* Until DONE says so of WHAT; false when the time is over. */
static bool look_until(bool (*done)(const void *), const void *what, int64_t ns)
{
	int64_t end = now_ns() + ns;

	for (;;) {
		struct pollfd fds[] = { { .fd = packets, .events = POLLIN }, { .fd = links, .events = POLLIN } };

		links_read();
		packets_read();
		if (done(what))
			return true;
		if (now_ns() >= end)
			return false;
		(void)poll(fds, 2, 10);
	}
}

/* ---- commands ------------------------------------------------------------------------------------------------- */

struct wanted {
	const char *name;
	unsigned long requests, right;
};

static bool has_answer(const void *name)
{
	const struct device *device = device_named(name);

	return device && !device->pending;
}

static bool has_counted(const void *data)
{
	const struct wanted *wanted = data;
	unsigned long requests = 0;
	unsigned long right = 0;

	/* Whatever bore that name: a device may have been made anew. */
	for (size_t i = 0; i < device_count; i++) {
		if (strcmp(devices[i].name, wanted->name) != 0)
			continue;
		requests += devices[i].all_requests;
		right += devices[i].all_right;
	}
	return requests >= wanted->requests && right >= wanted->right;
}

static bool wait_for_more(const char *name, unsigned long requests, unsigned long right)
{
	struct wanted wanted = { .name = name };

	for (size_t i = 0; i < device_count; i++) {
		if (strcmp(devices[i].name, name) != 0)
			continue;
		wanted.requests += devices[i].all_requests;
		wanted.right += devices[i].all_right;
	}
	wanted.requests += requests;
	wanted.right += right;
	return look_until(has_counted, &wanted, 180 * SECOND_NS);
}

static void begin(void)
{
	for (size_t i = 0; i < device_count; i++) {
		struct device *device = &devices[i];

		device->requests = device->right = device->wrong = 0;
		device->unanswered = device->extra = device->heard_first = 0;
	}
	dropped = 0;
}

static void steady(const char *name, bool on)
{
	bool has = look_until(has_answer, name, on ? SECOND_NS / 50 : SECOND_NS);
	struct device *device = device_named(name);

	if (!device)
		return;
	if (!on)
		device->unanswered += device->steady && !has;
	device->pending = device->pending && !on;
	device->steady = on;
}

static void report(void)
{
	struct device lan = { 0 };
	struct device guest = { 0 };
	unsigned long elsewhere = 0;
	const char *separator = "";

	for (size_t i = 0; i < device_count; i++) {
		const struct device *device = &devices[i];
		struct device *sum = is_uplink(device) ? &lan : &guest;

		elsewhere += device->heard_first;
		if (!is_uplink(device) && !is_port(device))
			continue;
		sum->requests += device->requests;
		sum->right += device->right;
		sum->wrong += device->wrong;
		sum->unanswered += device->unanswered;
		sum->extra += device->extra;
	}
	printf("lan_requests=%lu lan_right=%lu lan_wrong=%lu guest_requests=%lu guest_right=%lu guest_wrong=%lu ",
	       lan.requests, lan.right, lan.wrong, guest.requests, guest.right, guest.wrong);
	printf("unanswered=%lu extra=%lu sent=%lu dropped=%lu from=", lan.unanswered + guest.unanswered,
	       lan.extra + guest.extra, elsewhere, dropped);
	for (size_t i = 0; i < device_count; i++) {
		if (devices[i].heard_first == 0)
			continue;
		printf("%s%s:%lu", separator, devices[i].name[0] ? devices[i].name : "?", devices[i].heard_first);
		separator = ",";
	}
	printf("\n");
}

static void command(char *line)
{
	const char *word = strtok_r(line, " \n", &line);
	const char *name = strtok_r(NULL, " \n", &line);
	const char *number = strtok_r(NULL, " \n", &line);
	unsigned long n = number ? strtoul(number, NULL, 10) : 0;
	bool good = true;

	packets_read();
	if (!word)
		word = "";
	if (strcmp(word, "report") == 0) {
		report();
		return;
	}
	if (strcmp(word, "begin") == 0)
		begin();
	else if (name && strcmp(word, "steady") == 0)
		steady(name, true);
	else if (name && strcmp(word, "unsteady") == 0)
		steady(name, false);
	else if (name && strcmp(word, "answered") == 0)
		good = wait_for_more(name, 0, n);
	else if (name && strcmp(word, "asked") == 0)
		good = wait_for_more(name, n, 0);
	else
		good = false;
	printf(good ? "ok\n" : "late\n");
}

static bool parse_address(char *text, struct address *ret_address)
{
	char *mac = strchr(text, '=');

	ret_address->own = *text == '+';
	text += *text == '+';
	if (!mac)
		return false;
	*mac++ = '\0';
	if (inet_pton(AF_INET, text, &ret_address->ip) != 1)
		return false;
	for (char *next; mac && ret_address->mac_count < MACS_MAX; mac = next) {
		uint8_t *to = ret_address->macs[ret_address->mac_count++];

		next = strchr(mac, ',');
		if (next)
			*next++ = '\0';
		if (sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &to[0], &to[1], &to[2], &to[3], &to[4],
			   &to[5]) != ETH_ALEN)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static char line[256];

	for (int i = 1; i < argc; i++) {
		if (address_count == ADDRESSES_MAX || !parse_address(argv[i], &addresses[address_count++])) {
			fprintf(stderr, "usage: watch [+]ADDRESS=MAC[,MAC...]... (not understood: %s)\n", argv[i]);
			return 2;
		}
	}
	packets_open();
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Commands are read byte by byte: nothing may wait in a buffer that poll() does not see. */
	for (size_t n = 0;;) {
		struct pollfd fds[] = { { .fd = 0, .events = POLLIN },
					{ .fd = packets, .events = POLLIN },
					{ .fd = links, .events = POLLIN } };

		(void)poll(fds, 3, -1);
		links_read();
		packets_read();
		if (!(fds[0].revents & (POLLIN | POLLHUP)))
			continue;
		if (read(0, &line[n], 1) != 1)
			return 0;
		if (line[n] != '\n' && n + 2 < sizeof(line)) {
			n++;
			continue;
		}
		line[n] = '\0';
		n = 0;
		command(line);
	}
}
