/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 826, 5227, 4861 and 4862 on the wire. */

#include "kernel/frame.h"

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <linux/ip.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>

#define ARP_LEN         (sizeof(struct ether_header) + sizeof(struct ether_arp))
#define MIN_LEN         60     /* Ethernet's minimum without FCS; padding is zero */
#define ETHERTYPE_QINQ  0x88a8 /* IEEE 802.1ad: the outer one of two tags */
#define FRAGMENT_OFFSET 0x1fff /* RFC 791: of the flags and the offset */

static const struct mac broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

static void put_ethernet(uint8_t *frame, const struct mac *to, const struct mac *from, uint16_t type)
{
	struct ether_header eth;

	memcpy(eth.ether_dhost, to->bytes, ETH_ALEN);
	memcpy(eth.ether_shost, from->bytes, ETH_ALEN);
	eth.ether_type = htons(type);
	memcpy(frame, &eth, sizeof(eth));
}

static size_t arp_request(const uint8_t *sender, const struct ip *target, const struct mac *source, uint8_t *frame)
{
	struct ether_arp arp;

	memset(frame, 0, MIN_LEN);
	memset(&arp, 0, sizeof(arp));
	put_ethernet(frame, &broadcast, source, ETHERTYPE_ARP);
	arp.arp_hrd = htons(ARPHRD_ETHER);
	arp.arp_pro = htons(ETHERTYPE_IP);
	arp.arp_hln = ETH_ALEN;
	arp.arp_pln = 4;
	arp.arp_op = htons(ARPOP_REQUEST);
	memcpy(arp.arp_sha, source->bytes, ETH_ALEN);
	memcpy(arp.arp_spa, sender, 4);
	memcpy(arp.arp_tpa, target->bytes, 4);
	memcpy(frame + sizeof(struct ether_header), &arp, sizeof(arp));
	return MIN_LEN;
}

/* RFC 4443 section 2.3: the checksum over pseudo-header and message. */
static uint16_t icmp6_checksum(const struct ip6_hdr *ip6, const uint8_t *message, size_t len)
{
	uint32_t sum = (uint32_t)len + IPPROTO_ICMPV6;
	const uint8_t *addresses = (const uint8_t *)&ip6->ip6_src;

	for (size_t i = 0; i < 32; i += 2)
		sum += (uint32_t)addresses[i] << 8 | addresses[i + 1];
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)message[i] << 8 | message[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* message (icmp_len bytes, its checksum zero) to a multicast group. */
static size_t icmp6_frame(const struct in6_addr *from, const struct in6_addr *group, const struct mac *source,
			  uint8_t *message, size_t icmp_len, uint8_t *frame)
{
	/* RFC 2464 section 7: 33:33 and the group's last four bytes. */
	struct mac to = { { 0x33, 0x33 } };
	struct ip6_hdr ip6;
	uint16_t sum;

	memcpy(to.bytes + 2, group->s6_addr + 12, 4);
	put_ethernet(frame, &to, source, ETHERTYPE_IPV6);
	memset(&ip6, 0, sizeof(ip6));
	ip6.ip6_flow = htonl(6U << 28);
	ip6.ip6_plen = htons((uint16_t)icmp_len);
	ip6.ip6_nxt = IPPROTO_ICMPV6;
	ip6.ip6_hlim = 255;
	ip6.ip6_src = *from;
	ip6.ip6_dst = *group;
	sum = icmp6_checksum(&ip6, message, icmp_len);
	memcpy(message + offsetof(struct icmp6_hdr, icmp6_cksum), &sum, sizeof(sum));
	memcpy(frame + sizeof(struct ether_header), &ip6, sizeof(ip6));
	memcpy(frame + sizeof(struct ether_header) + sizeof(ip6), message, icmp_len);
	return sizeof(struct ether_header) + sizeof(ip6) + icmp_len;
}

static size_t advertisement(const struct ip *ip, const struct mac *source, bool router, uint8_t *frame)
{
	static const struct in6_addr all_nodes = { { { 0xff, 0x02, [15] = 1 } } };
	struct {
		struct nd_neighbor_advert na;
		struct nd_opt_hdr option;
		uint8_t mac[ETH_ALEN];
	} message = { 0 };
	struct in6_addr from;

	memcpy(&from, ip->bytes, sizeof(from));
	message.na.nd_na_type = ND_NEIGHBOR_ADVERT;
	message.na.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE | (router ? ND_NA_FLAG_ROUTER : 0);
	message.na.nd_na_target = from;
	message.option.nd_opt_type = ND_OPT_TARGET_LINKADDR;
	message.option.nd_opt_len = 1;
	memcpy(message.mac, source->bytes, ETH_ALEN);
	return icmp6_frame(&from, &all_nodes, source, (uint8_t *)&message, sizeof(message), frame);
}

/* From :: (sender NULL) it must not say who asks (RFC 4861 section 4.3). */
static size_t solicitation(const struct ip *ip, const struct ip *sender, const struct mac *source, uint8_t *frame)
{
	struct in6_addr group = { { { 0xff, 0x02, [11] = 1, 0xff } } };
	struct in6_addr from = in6addr_any;
	struct {
		struct nd_neighbor_solicit ns;
		struct nd_opt_hdr option;
		uint8_t mac[ETH_ALEN];
	} message = { 0 };

	memcpy(group.s6_addr + 13, ip->bytes + 13, 3);
	message.ns.nd_ns_type = ND_NEIGHBOR_SOLICIT;
	memcpy(&message.ns.nd_ns_target, ip->bytes, 16);
	if (!sender)
		return icmp6_frame(&from, &group, source, (uint8_t *)&message, sizeof(message.ns), frame);
	memcpy(&from, sender->bytes, sizeof(from));
	message.option.nd_opt_type = ND_OPT_SOURCE_LINKADDR;
	message.option.nd_opt_len = 1;
	memcpy(message.mac, source->bytes, ETH_ALEN);
	return icmp6_frame(&from, &group, source, (uint8_t *)&message, sizeof(message), frame);
}

size_t frame_announcement(const struct ip *ip, const struct mac *source, bool router, uint8_t frame[FRAME_MAX])
{
	if (ip->family == AF_INET6)
		return advertisement(ip, source, router, frame);
	return arp_request(ip->bytes, ip, source, frame);
}

size_t frame_probe(const struct ip *ip, const struct mac *source, uint8_t frame[FRAME_MAX])
{
	static const uint8_t nobody[4];

	if (ip->family == AF_INET6)
		return solicitation(ip, NULL, source, frame);
	return arp_request(nobody, ip, source, frame);
}

size_t frame_request(const struct ip *ip, const struct ip *sender, const struct mac *source, uint8_t frame[FRAME_MAX])
{
	if (ip->family == AF_INET6)
		return solicitation(ip, sender, source, frame);
	return arp_request(sender->bytes, ip, source, frame);
}

static bool arp_shows(const uint8_t *frame, size_t len, const struct ip *ip, struct mac *ret_holder)
{
	static const uint8_t nobody[4];
	struct ether_arp arp;

	if (len < ARP_LEN)
		return false;
	memcpy(&arp, frame + sizeof(struct ether_header), sizeof(arp));
	if (arp.arp_hrd != htons(ARPHRD_ETHER) || arp.arp_pro != htons(ETHERTYPE_IP) || arp.arp_hln != ETH_ALEN ||
	    arp.arp_pln != 4)
		return false;
	memcpy(ret_holder->bytes, arp.arp_sha, ETH_ALEN);
	if (memcmp(arp.arp_spa, ip->bytes, 4) == 0)
		return true;
	return arp.arp_op == htons(ARPOP_REQUEST) && memcmp(arp.arp_spa, nobody, 4) == 0 &&
	       memcmp(arp.arp_tpa, ip->bytes, 4) == 0;
}

static bool icmp6_shows(const uint8_t *frame, size_t len, const struct ip *ip, struct mac *ret_holder)
{
	const size_t at = sizeof(struct ether_header) + sizeof(struct ip6_hdr);
	struct nd_neighbor_advert nd; /* type, flags, target: laid out as in a solicitation */
	struct ip6_hdr ip6;

	if (len < at + sizeof(nd))
		return false;
	memcpy(&ip6, frame + sizeof(struct ether_header), sizeof(ip6));
	memcpy(&nd, frame + at, sizeof(nd));
	if (ip6.ip6_nxt != IPPROTO_ICMPV6 || ip6.ip6_hlim != 255 || memcmp(&nd.nd_na_target, ip->bytes, 16) != 0)
		return false;
	memcpy(ret_holder->bytes, frame + ETH_ALEN, ETH_ALEN);
	if (nd.nd_na_type == ND_NEIGHBOR_ADVERT) {
		const uint8_t *option = frame + at + sizeof(nd);

		if (len >= at + sizeof(nd) + 2 + ETH_ALEN && option[0] == ND_OPT_TARGET_LINKADDR && option[1] == 1)
			memcpy(ret_holder->bytes, option + 2, ETH_ALEN);
		return true;
	}
	return nd.nd_na_type == ND_NEIGHBOR_SOLICIT && IN6_IS_ADDR_UNSPECIFIED(&ip6.ip6_src);
}

bool frame_shows_holder(const uint8_t *frame, size_t len, const struct ip *ip, const struct mac *ours,
			struct mac *ret_holder)
{
	struct ether_header eth;
	struct mac holder;
	bool shows;

	if (len < sizeof(eth))
		return false;
	memcpy(&eth, frame, sizeof(eth));
	if (ip->family == AF_INET)
		shows = eth.ether_type == htons(ETHERTYPE_ARP) && arp_shows(frame, len, ip, &holder);
	else
		shows = eth.ether_type == htons(ETHERTYPE_IPV6) && icmp6_shows(frame, len, ip, &holder);
	if (!shows || mac_equal(&holder, ours))
		return false;
	*ret_holder = holder;
	return true;
}

static uint16_t word(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void take_ip(struct frame_sender *sender, uint8_t family, const void *bytes)
{
	static const uint8_t unspecified[16];
	size_t len = family == AF_INET ? 4 : 16;

	if (memcmp(bytes, unspecified, len) == 0)
		return;
	sender->ip.family = family;
	memcpy(sender->ip.bytes, bytes, len);
}

/* What lies behind the IP header. */
static bool is_reject(unsigned protocol, const uint8_t *payload, size_t len)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return len > 13 && (payload[13] & TH_RST);
	case IPPROTO_ICMP:
		return len > 0 && payload[0] == ICMP_DEST_UNREACH;
	case IPPROTO_ICMPV6:
		return len > 0 && payload[0] == ICMP6_DST_UNREACH;
	default:
		return false;
	}
}

static void take_packet(struct frame_sender *sender, const uint8_t *packet, size_t len)
{
	struct ether_arp arp;
	struct iphdr ip4;
	struct ip6_hdr ip6;

	switch (sender->type) {
	case ETHERTYPE_ARP:
		sender->kind = FRAME_ARP;
		if (len < sizeof(arp))
			return;
		memcpy(&arp, packet, sizeof(arp));
		if (arp.arp_pro == htons(ETHERTYPE_IP) && arp.arp_hln == ETH_ALEN && arp.arp_pln == 4)
			take_ip(sender, AF_INET, arp.arp_spa);
		return;
	case ETHERTYPE_IP:
		sender->kind = FRAME_IP4;
		if (len < sizeof(ip4))
			return;
		memcpy(&ip4, packet, sizeof(ip4));
		take_ip(sender, AF_INET, &ip4.saddr);
		/* Only a packet's first fragment has its header. */
		if (ip4.ihl >= 5 && len > ip4.ihl * 4U && !(ntohs(ip4.frag_off) & FRAGMENT_OFFSET))
			sender->reject = is_reject(ip4.protocol, packet + ip4.ihl * 4U, len - ip4.ihl * 4U);
		return;
	case ETHERTYPE_IPV6:
		sender->kind = FRAME_IP6;
		if (len < sizeof(ip6))
			return;
		memcpy(&ip6, packet, sizeof(ip6));
		take_ip(sender, AF_INET6, &ip6.ip6_src);
		sender->reject = is_reject(ip6.ip6_nxt, packet + sizeof(ip6), len - sizeof(ip6));
		return;
	default:
		return;
	}
}

bool frame_read_sender(const uint8_t *frame, size_t len, struct frame_sender *ret_sender)
{
	struct frame_sender sender = { .kind = FRAME_OTHER };
	size_t at = 2 * ETH_ALEN;

	if (len < sizeof(struct ether_header))
		return false;
	memcpy(sender.mac.bytes, frame + ETH_ALEN, ETH_ALEN);
	sender.type = word(frame + at);
	for (int tag = 0; tag < 2 && (sender.type == ETHERTYPE_VLAN || sender.type == ETHERTYPE_QINQ) && len >= at + 6;
	     tag++) {
		at += 4;
		sender.type = word(frame + at);
	}
	take_packet(&sender, frame + at + 2, len - at - 2);
	*ret_sender = sender;
	return true;
}
