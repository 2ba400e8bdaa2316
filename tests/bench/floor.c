/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What binding and quieting costs anybody: the questions, changes and files of a post-start, asked of the kernel
 * without a policy, a plan, a check or a library's help; linked as guestarp is. The difference to guestarp is what
 * guestarp's own code costs, the difference to the empty program what the kernel's answers cost.
 *
 * floor CONFIG POLICY DIRECTORY FIREWALL-BRIDGE BRIDGE DEVICE ADDRESS COUNT OTHER-DEVICE...
 *
 * COUNT addresses from ADDRESS on.
 */

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GUEST_ADDRESSES_MAX 128

struct request {
	struct nlmsghdr header;
	char body[768];
};

static int nl;

static void add(struct request *r, const void *data, size_t len)
{
	memcpy((char *)r + r->header.nlmsg_len, data, len);
	r->header.nlmsg_len += NLMSG_ALIGN((unsigned)len);
}

static void add_attr(struct request *r, unsigned short type, const void *data, size_t len)
{
	struct rtattr attr = { .rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = type };

	add(r, &attr, sizeof(attr));
	add(r, data, len);
}

/* Sends it and reads up to its end: an answer, an ACK or, of a dump, NLMSG_DONE. */
static void ask(struct request *r, unsigned short type, unsigned short flags)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	static char answer[32768];
	const struct nlmsghdr *last = (const struct nlmsghdr *)answer;
	ssize_t n;

	r->header.nlmsg_type = type;
	r->header.nlmsg_flags = NLM_F_REQUEST | flags;
	if (sendto(nl, r, r->header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		err(1, "request %u", type);
	do {
		n = recv(nl, answer, sizeof(answer), 0);
		if (n < 0)
			err(1, "answer to %u", type);
	} while (flags & NLM_F_DUMP && last->nlmsg_type != NLMSG_DONE && last->nlmsg_type != NLMSG_ERROR);
	if (flags & NLM_F_ACK && *(const int *)NLMSG_DATA(last) != 0)
		errx(1, "request %u: %s", type, strerror(-*(const int *)NLMSG_DATA(last)));
}

#define REQUEST(first)                                                                                                 \
	struct request r = { .header.nlmsg_len = NLMSG_HDRLEN };                                                       \
	add(&r, &(first), sizeof(first))

static void get_link(const char *name)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	unsigned mask = 1 << 3; /* RTEXT_FILTER_SKIP_STATS */

	REQUEST(info);
	add_attr(&r, IFLA_IFNAME, name, strlen(name) + 1);
	add_attr(&r, IFLA_EXT_MASK, &mask, sizeof(mask));
	ask(&r, RTM_GETLINK, 0);
}

static void get_addresses(void)
{
	struct ifaddrmsg info = { .ifa_family = AF_INET };

	REQUEST(info);
	ask(&r, RTM_GETADDR, NLM_F_DUMP);
}

static void neighbour(unsigned short type, unsigned short flags, int ifindex, const struct in_addr *ip)
{
	struct ndmsg info = {
		.ndm_family = AF_INET, .ndm_ifindex = ifindex, .ndm_flags = NTF_PROXY, .ndm_state = NUD_PERMANENT
	};

	REQUEST(info);
	add_attr(&r, NDA_DST, ip, sizeof(*ip));
	ask(&r, type, flags);
}

static void neighbours_of(int ifindex)
{
	struct ndmsg info = { .ndm_family = AF_INET };

	REQUEST(info);
	add_attr(&r, NDA_IFINDEX, &ifindex, sizeof(ifindex));
	ask(&r, RTM_GETNEIGH, NLM_F_DUMP);
}

/* ---- nf_tables ----------------------------------------------------------------------------------------------------
 */

/* The head of an attribute that holds len bytes of others. */
static struct rtattr nest(size_t len, unsigned type)
{
	return (struct rtattr){ (unsigned short)(sizeof(struct rtattr) + len), (unsigned short)(NLA_F_NESTED | type) };
}

/* A key of a set of names, and the end of an interval where flags say so. */
static size_t put_key(char *at, const char *key, uint32_t flags)
{
	struct {
		struct rtattr element, key, value;
		char name[IFNAMSIZ];
		struct rtattr flags;
		uint32_t flags_value;
	} e = { .value = { RTA_LENGTH(IFNAMSIZ), NFTA_DATA_VALUE },
		.flags = { RTA_LENGTH(sizeof(uint32_t)), NFTA_SET_ELEM_FLAGS },
		.flags_value = htonl(flags) };
	size_t size = flags ? sizeof(e) : offsetof(__typeof__(e), flags);

	e.element = nest(size - sizeof(struct rtattr), NFTA_LIST_ELEM);
	e.key = nest(e.value.rta_len, NFTA_SET_ELEM_KEY);
	(void)strncpy(e.name, key, sizeof(e.name));
	memcpy(at, &e, size);
	return size;
}

static void begin(struct request *r, unsigned short type, unsigned short flags, uint8_t family, uint16_t res_id)
{
	struct nfgenmsg nfgen = { .nfgen_family = family, .res_id = htons(res_id) };

	memset(r, 0, sizeof(*r));
	r->header = (struct nlmsghdr){ NLMSG_HDRLEN, type, NLM_F_REQUEST | flags, 0, 0 };
	add(r, &nfgen, sizeof(nfgen));
}

static unsigned short of_nft(int type)
{
	return (unsigned short)(NFNL_SUBSYS_NFTABLES << 8 | type);
}

static void name_set(struct request *r)
{
	add_attr(r, NFTA_SET_ELEM_LIST_TABLE, "guestarp", sizeof("guestarp"));
	add_attr(r, NFTA_SET_ELEM_LIST_SET, "quiet", sizeof("quiet"));
}

/* The names of one guest, as one transaction that changes nothing: its firewall bridge's name says the VMID. */
static void make_sure(const char *firewall_bridge)
{
	static const char forms[][6] = { "fwbri", "fwlni", "fwprp", "fwlno", "tapi", "vethi" };
	int digits = (int)strspn(firewall_bridge + 4, "0123456789");
	static struct request r;
	static char batch[2048];
	static char elements[sizeof(r.body)];
	size_t size = 0;
	size_t length = 0;
	const struct nlmsghdr *answer = (const struct nlmsghdr *)batch;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t stem = strlen(forms[i]) - 1;
		char key[IFNAMSIZ] = "";

		(void)snprintf(key, sizeof(key), "%.*s%.*s%c", (int)stem, forms[i], digits, firewall_bridge + 4,
			       forms[i][stem]);
		size += put_key(elements + size, key, 0);
		key[strlen(key) - 1]++;
		size += put_key(elements + size, key, NFT_SET_ELEM_INTERVAL_END);
	}
	begin(&r, NFNL_MSG_BATCH_BEGIN, 0, 0, NFNL_SUBSYS_NFTABLES);
	memcpy(batch, &r, r.header.nlmsg_len);
	length = r.header.nlmsg_len;
	begin(&r, of_nft(NFT_MSG_NEWSETELEM), NLM_F_CREATE | NLM_F_ECHO | NLM_F_ACK, NFPROTO_ARP, 0);
	name_set(&r);
	add_attr(&r, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED, elements, size);
	memcpy(batch + length, &r, r.header.nlmsg_len);
	length += r.header.nlmsg_len;
	begin(&r, NFNL_MSG_BATCH_END, 0, 0, NFNL_SUBSYS_NFTABLES);
	memcpy(batch + length, &r, r.header.nlmsg_len);
	length += r.header.nlmsg_len;
	if (send(nl, batch, length, 0) < 0 || recv(nl, batch, sizeof(batch), 0) < 0)
		err(1, "nf_tables");
	if (answer->nlmsg_type != NLMSG_ERROR || *(const int *)NLMSG_DATA(answer) != 0)
		errx(1, "nf_tables: %s", strerror(-*(const int *)NLMSG_DATA(answer)));
}

/* Is a port of the guest's among those that are left alone? */
static void ask_loud(const char *port)
{
	static char element[64];
	struct request r;
	char answer[4096];
	char key[IFNAMSIZ] = "";

	(void)snprintf(key, sizeof(key), "%s", port);
	key[strlen(key) - 1] = '\0';
	begin(&r, of_nft(NFT_MSG_GETSETELEM), 0, NFPROTO_ARP, 0);
	name_set(&r);
	add_attr(&r, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED, element, put_key(element, key, 0));
	if (send(nl, &r, r.header.nlmsg_len, 0) < 0 || recv(nl, answer, sizeof(answer), 0) < 0)
		err(1, "nf_tables");
}

static int open_netlink(int protocol)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		err(1, "netlink");
	return fd;
}

static void quiet_names(const char *firewall_bridge)
{
	const char *id = firewall_bridge + strlen("fwbr");
	int rtnetlink = nl;
	char port[IFNAMSIZ];

	(void)snprintf(port, sizeof(port), "tap%s", id);
	get_link(port);
	(void)snprintf(port, sizeof(port), "veth%s", id);
	get_link(port);
	nl = open_netlink(NETLINK_NETFILTER);
	make_sure(firewall_bridge);
	ask_loud(port);
	close(nl);
	nl = rtnetlink;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void set_arp_ignore(int ifindex)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	unsigned on = 1;
	struct {
		struct rtattr inet, conf, arp_ignore;
		unsigned value;
	} spec = {
		{ sizeof(spec), AF_INET },
		{ sizeof(spec) - sizeof(struct rtattr), IFLA_INET_CONF },
		{ RTA_LENGTH(sizeof(unsigned)), IPV4_DEVCONF_ARP_IGNORE },
		on,
	};

	REQUEST(info);
	add_attr(&r, IFLA_AF_SPEC, &spec, sizeof(spec));
	ask(&r, RTM_NEWLINK, NLM_F_ACK);
}

static void set_noarp(int ifindex)
{
	struct ifinfomsg info = { .ifi_index = ifindex, .ifi_flags = IFF_NOARP, .ifi_change = IFF_NOARP };

	REQUEST(info);
	ask(&r, RTM_NEWLINK, NLM_F_ACK);
}

static void get_route(const struct in_addr *ip)
{
	struct rtmsg info = { .rtm_family = AF_INET, .rtm_dst_len = 32 };

	REQUEST(info);
	add_attr(&r, RTA_DST, ip, sizeof(*ip));
	ask(&r, RTM_GETROUTE, 0);
}

static void read_file(const char *path)
{
	char text[4096];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st) < 0 || read(fd, text, sizeof(text)) < 0)
		err(1, "%s", path);
	close(fd);
}

/* The address that is so many behind the first. */
static struct in_addr address(const struct in_addr *first, int i)
{
	return (struct in_addr){ htonl(ntohl(first->s_addr) + (unsigned)i) };
}

/* Whose each address is, as a symbolic link under one lock. */
static void claim(const char *path, const struct in_addr *first, int count)
{
	int parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir;

	(void)mkdirat(parent, "floor.owner", 0700);
	dir = openat(parent, "floor.owner", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || flock(dir, LOCK_EX) < 0)
		err(1, "%s/floor.owner", path);
	for (int i = 0; i < count; i++) {
		struct in_addr ip = address(first, i);
		char name[INET_ADDRSTRLEN];
		char old[256];

		(void)inet_ntop(AF_INET, &ip, name, sizeof(name));
		if (readlinkat(dir, name, old, sizeof(old)) < 0 && symlinkat("pve/101 0 eth3", dir, name) < 0)
			err(1, "%s", name);
	}
	close(dir);
	close(parent);
}

static void write_record(const char *path, int count)
{
	static const char text[] =
		"{ \"version\": 1, \"settings\": [ as long as the record that guestarp writes for the settings of a "
		"guest: the proxy entry of its address with what has to be known to remove it, ] }";
	static char record[GUEST_ADDRESSES_MAX * sizeof(text)];
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int lock = openat(dir, "floor.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int fd = openat(dir, ".floor.tmp", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct flock all = { .l_type = F_WRLCK };

	for (int i = 0; i < count; i++)
		memcpy(record + (size_t)i * sizeof(text), text, sizeof(text));
	if (dir < 0 || lock < 0 || fd < 0 || fcntl(lock, F_OFD_SETLK, &all) < 0 ||
	    write(fd, record, (size_t)count * sizeof(text)) < 0)
		err(1, "%s", path);
	close(fd);
	if (renameat(dir, ".floor.tmp", dir, "floor.json") < 0)
		err(1, "%s", path);
	close(lock);
	close(dir);
}

static void announce(int fd, int ifindex)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = ifindex, .sll_halen = ETH_ALEN };
	char frame[60] = { 0 };

	memset(to.sll_addr, 0xff, ETH_ALEN);
	memset(frame, 0xff, ETH_ALEN);
	frame[12] = 8;
	frame[13] = 6;
	if (sendto(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "frame");
}

/* Another process closes the packet socket, which takes 10 ms. */
static void leave(int packet)
{
	if (fork() == 0) {
		close_range(0, (unsigned)packet - 1, 0);
		close_range((unsigned)packet + 1, ~0U, 0);
		setsid();
		(void)nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		_exit(0);
	}
	close(packet);
}

static void announce_all(int bridge, int device, int count)
{
	int packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	announce(packet, bridge);
	for (int i = 0; i < count; i++)
		announce(packet, device);
	leave(packet);
}

int main(int argc, char *argv[])
{
	static const char words[] =
		"floor: the line of which every event has one, as long as it usually is in the journal\n";
	struct in_addr first;
	int others[16];
	int count = argc < 10 ? 0 : (int)strtol(argv[8], NULL, 10);
	int bridge;
	int device;

	if (count < 1 || count > GUEST_ADDRESSES_MAX || argc > 25 || inet_pton(AF_INET, argv[7], &first) != 1)
		errx(2, "usage: floor CONFIG POLICY DIRECTORY FIREWALL-BRIDGE BRIDGE DEVICE ADDRESS COUNT "
			"OTHER-DEVICE...");
	signal(SIGPIPE, SIG_IGN);
	read_file(argv[2]);
	read_file(argv[1]);
	nl = open_netlink(NETLINK_ROUTE);
	quiet_names(argv[4]);
	bridge = (int)if_nametoindex(argv[4]);
	device = (int)if_nametoindex(argv[6]);
	get_link(argv[4]);
	get_link(argv[6]);
	get_addresses();
	for (int i = 9; i < argc; i++)
		others[i - 9] = (int)if_nametoindex(argv[i]);
	claim(argv[3], &first, count);
	for (int i = 0; i < count; i++) {
		struct in_addr ip = address(&first, i);

		neighbour(RTM_GETNEIGH, 0, device, &ip);
		for (int j = 9; j < argc; j++)
			neighbour(RTM_GETNEIGH, 0, others[j - 9], &ip);
	}
	write_record(argv[3], count);
	set_arp_ignore(bridge);
	set_noarp(bridge);
	for (int i = 0; i < count; i++) {
		struct in_addr ip = address(&first, i);

		neighbour(RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, device, &ip);
		get_route(&ip);
	}
	neighbours_of(bridge);
	get_link(argv[5]);
	close(nl);
	announce_all((int)if_nametoindex(argv[5]), device, count);
	return write(STDERR_FILENO, words, sizeof(words) - 1) < 0;
}
