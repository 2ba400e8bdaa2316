/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARP and neighbour discovery, byte by byte, and what shows that somebody holds an address. */

#include "kernel/frame.h"

#include <string.h>

#include "table.h"

#define OURS "02aabbccddee"

static const struct mac ours = { { 0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee } };

/* Hexadecimal digits; blanks are for the reader. */
static size_t from_hex(const char *hex, uint8_t *bytes, size_t size)
{
	size_t count = 0;
	unsigned byte;

	for (const char *p = hex; *p;) {
		if (*p == ' ') {
			p++;
			continue;
		}
		assert_int_equal(sscanf(p, "%2x", &byte), 1);
		assert_true(count < size);
		bytes[count++] = (uint8_t)byte;
		p += 2;
	}
	return count;
}

typedef size_t (*build_fn)(const struct ip *ip, const struct mac *source, uint8_t frame[FRAME_MAX]);

static size_t request_from_9(const struct ip *ip, const struct mac *source, uint8_t frame[FRAME_MAX])
{
	struct ip sender;

	assert_int_equal(ip_parse(ip->family == AF_INET ? "192.0.2.9" : "2001:db8::9", &sender), 0);
	return frame_request(ip, &sender, source, frame);
}

static size_t of_host(const struct ip *ip, const struct mac *source, uint8_t frame[FRAME_MAX])
{
	return frame_announcement(ip, source, false, frame);
}

static size_t of_router(const struct ip *ip, const struct mac *source, uint8_t frame[FRAME_MAX])
{
	return frame_announcement(ip, source, true, frame);
}

/* Written down from the RFCs and, for the checksums, computed by another program. */
static const struct golden {
	const char *name;
	build_fn build;
	const char *ip;
	const char *frame;
} goldens[] = {
	{ "ARP announcement (RFC 5227 section 3)", of_host, "192.0.2.7",
	  "ffffffffffff " OURS " 0806 0001 0800 06 04 0001 " OURS " c0000207 000000000000 c0000207"
	  "000000000000000000000000000000000000" },
	{ "ARP probe (RFC 5227 section 2.1.1)", frame_probe, "192.0.2.7",
	  "ffffffffffff " OURS " 0806 0001 0800 06 04 0001 " OURS " 00000000 000000000000 c0000207"
	  "000000000000000000000000000000000000" },
	{ "ARP knows no routers", of_router, "192.0.2.7",
	  "ffffffffffff " OURS " 0806 0001 0800 06 04 0001 " OURS " c0000207 000000000000 c0000207"
	  "000000000000000000000000000000000000" },
	{ "unsolicited neighbour advertisement (RFC 4861 section 7.2.6)", of_host, "2001:db8::1:2345",
	  "333300000001 " OURS " 86dd 60000000 0020 3a ff 20010db8000000000000000000012345"
	  "ff020000000000000000000000000001 88 00 183c 20000000 20010db8000000000000000000012345 02 01 " OURS },
	{ "a router's, with its flag", of_router, "2001:db8::1:2345",
	  "333300000001 " OURS " 86dd 60000000 0020 3a ff 20010db8000000000000000000012345"
	  "ff020000000000000000000000000001 88 00 983b a0000000 20010db8000000000000000000012345 02 01 " OURS },
	{ "DAD's neighbour solicitation (RFC 4862 section 5.4.2)", frame_probe, "2001:db8::1:2345",
	  "3333ff012345 " OURS " 86dd 60000000 0018 3a ff 00000000000000000000000000000000"
	  "ff0200000000000000000001ff012345 87 00 0663 00000000 20010db8000000000000000000012345" },
	{ "ARP request (RFC 826)", request_from_9, "192.0.2.7",
	  "ffffffffffff " OURS " 0806 0001 0800 06 04 0001 " OURS " c0000209 000000000000 c0000207"
	  "000000000000000000000000000000000000" },
	{ "neighbour solicitation (RFC 4861 section 7.2.2)", request_from_9, "2001:db8::1:2345",
	  "3333ff012345 " OURS " 86dd 60000000 0020 3a ff 20010db8000000000000000000000009"
	  "ff0200000000000000000001ff012345 87 00 3b32 00000000 20010db8000000000000000000012345 01 01 " OURS },
};

static void build(void **state)
{
	const struct golden *row = *state;
	uint8_t want[FRAME_MAX];
	uint8_t frame[FRAME_MAX + 1];
	size_t len = from_hex(row->frame, want, sizeof(want));
	struct ip ip;

	memset(frame, 0x5a, sizeof(frame));
	assert_int_equal(ip_parse(row->ip, &ip), 0);
	assert_int_equal(row->build(&ip, &ours, frame), len);
	assert_memory_equal(frame, want, len);
	for (size_t i = len; i < sizeof(frame); i++)
		assert_int_equal(frame[i], 0x5a);
}

/* RFC 1071: the sum over pseudo-header and message, checksum included, is ffff. Written apart from the program's. */
static uint32_t sum_of(const uint8_t *frame, size_t len)
{
	uint32_t sum = 58 + (uint32_t)(len - 54);

	for (size_t i = 22; i < len; i += 2)
		sum += (uint32_t)(frame[i] * 256 + (i + 1 < len ? frame[i + 1] : 0));
	while (sum > 0xffff)
		sum = sum % 0x10000 + sum / 0x10000;
	return sum;
}

static void checksums(void **state)
{
	struct ip ip;

	(void)state;
	assert_int_equal(ip_parse("2001:db8::", &ip), 0);
	/* Enough values that each carry happens. */
	for (unsigned i = 1; i < 4096; i++) {
		uint8_t frame[FRAME_MAX];
		struct mac mac = { { 0x02, (uint8_t)(i * 7), (uint8_t)(i >> 3), (uint8_t)(i * 31), 0xff, (uint8_t)i } };

		ip.bytes[4] = (uint8_t)(i * 13);
		ip.bytes[14] = (uint8_t)(i >> 8);
		ip.bytes[15] = (uint8_t)i;
		assert_int_equal(sum_of(frame, of_router(&ip, &mac, frame)), 0xffff);
		assert_int_equal(sum_of(frame, frame_probe(&ip, &mac, frame)), 0xffff);
		assert_int_equal(sum_of(frame, request_from_9(&ip, &mac, frame)), 0xffff);
	}
}

#define THEIRS "02112233445f"
#define BRIDGE "0200000000b1" /* who passed it on */
#define V4     "192.0.2.7"
#define V6     "2001:db8::1:2345"

#define ARP(op, sender_mac, sender, target)                                                                            \
	"ffffffffffff " BRIDGE " 0806 0001 0800 06 04 " op sender_mac sender " 000000000000 " target
#define IP6(source, type)                                                                                              \
	"333300000001 " THEIRS " 86dd 60000000 0020 3a ff " source "ff020000000000000000000000000001" type             \
	" 00 0000 20000000 "
#define FROM_SOMEBODY "20010db8000000000000000000000001"
#define FROM_NOBODY   "00000000000000000000000000000000"
#define TARGET_V6     "20010db8000000000000000000012345"
#define OTHER_V6      "20010db8000000000000000000012346"

/* holder is NULL where the frame shows nothing. */
static const struct shown {
	const char *name;
	const char *ip;
	const char *frame;
	const char *holder;
} showns[] = {
	{ "a reply from the address", V4, ARP("0002", THEIRS, "c0000207", "c0000201"), THEIRS },
	{ "a request from the address", V4, ARP("0001", THEIRS, "c0000207", "c0000201"), THEIRS },
	{ "an announcement of the address", V4, ARP("0001", THEIRS, "c0000207", "c0000207"), THEIRS },
	{ "a gratuitous reply", V4, ARP("0002", THEIRS, "c0000207", "c0000207"), THEIRS },
	{ "another's probe for the address", V4, ARP("0001", THEIRS, "00000000", "c0000207"), THEIRS },
	{ "a request for the address", V4, ARP("0001", THEIRS, "c0000201", "c0000207"), NULL },
	{ "a reply to the address", V4, ARP("0002", THEIRS, "c0000201", "c0000207"), NULL },
	{ "a reply from nobody", V4, ARP("0002", THEIRS, "00000000", "c0000207"), NULL },
	{ "a probe for another address", V4, ARP("0001", THEIRS, "00000000", "c0000208"), NULL },
	{ "another address's announcement", V4, ARP("0001", THEIRS, "c0000208", "c0000208"), NULL },
	{ "our own probe coming back", V4, ARP("0001", OURS, "00000000", "c0000207"), NULL },
	{ "our own announcement coming back", V4, ARP("0001", OURS, "c0000207", "c0000207"), NULL },
	{ "ARP over something else", V4,
	  "ffffffffffff " THEIRS " 0806 0006 0800 06 04 0002 " THEIRS " c0000207 000000000000 c0000201", NULL },
	{ "ARP for something else", V4,
	  "ffffffffffff " THEIRS " 0806 0001 86dd 06 04 0002 " THEIRS " c0000207 000000000000 c0000201", NULL },
	{ "ARP with another length of MACs", V4,
	  "ffffffffffff " THEIRS " 0806 0001 0800 08 04 0002 " THEIRS " c0000207 000000000000 c0000201", NULL },
	{ "ARP with another length of addresses", V4,
	  "ffffffffffff " THEIRS " 0806 0001 0800 06 10 0002 " THEIRS " c0000207 000000000000 c0000201", NULL },
	{ "another Ethernet type", V4,
	  "ffffffffffff " THEIRS " 0800 0001 0800 06 04 0002 " THEIRS " c0000207 000000000000 c0000201", NULL },
	{ "ARP when asked for IPv6", V6, ARP("0002", THEIRS, "c0000207", "c0000201"), NULL },
	{ "an advertisement", V6, IP6(FROM_SOMEBODY, "88") TARGET_V6 "0201" BRIDGE, BRIDGE },
	{ "an advertisement without an option", V6, IP6(FROM_SOMEBODY, "88") TARGET_V6, THEIRS },
	{ "an advertisement with another option", V6, IP6(FROM_SOMEBODY, "88") TARGET_V6 "0101" BRIDGE, THEIRS },
	{ "an advertisement with an option cut short", V6, IP6(FROM_SOMEBODY, "88") TARGET_V6 "0201 0200000000",
	  THEIRS },
	{ "an advertisement of another address", V6, IP6(FROM_SOMEBODY, "88") OTHER_V6 "0201" BRIDGE, NULL },
	{ "our own advertisement coming back", V6, IP6(FROM_SOMEBODY, "88") TARGET_V6 "0201" OURS, NULL },
	{ "another's DAD for the address", V6, IP6(FROM_NOBODY, "87") TARGET_V6, THEIRS },
	{ "a solicitation for the address", V6, IP6(FROM_SOMEBODY, "87") TARGET_V6 "0101" BRIDGE, NULL },
	{ "another's DAD for another address", V6, IP6(FROM_NOBODY, "87") OTHER_V6, NULL },
	{ "a router's advertisement", V6, IP6(FROM_SOMEBODY, "86") TARGET_V6, NULL },
	{ "a forwarded advertisement (hop limit 254)", V6,
	  "333300000001 " THEIRS " 86dd 60000000 0018 3a fe " FROM_SOMEBODY
	  "ff020000000000000000000000000001 88 00 0000 20000000" TARGET_V6,
	  NULL },
	{ "UDP with the same bytes", V6,
	  "333300000001 " THEIRS " 86dd 60000000 0018 11 ff " FROM_SOMEBODY
	  "ff020000000000000000000000000001 88 00 0000 20000000" TARGET_V6,
	  NULL },
	{ "IPv6 when asked for IPv4", V4, IP6(FROM_SOMEBODY, "88") TARGET_V6, NULL },
	{ "nothing", V4, "", NULL },
};

static bool shows(const uint8_t *bytes, size_t len, const char *address, struct mac *ret_holder)
{
	/* Of exactly this size, so that a sanitizer sees a read beyond it. */
	uint8_t *frame = malloc(len ? len : 1);
	struct ip ip;
	bool result;

	assert_non_null(frame);
	memcpy(frame, bytes, len);
	assert_int_equal(ip_parse(address, &ip), 0);
	result = frame_shows_holder(frame, len, &ip, &ours, ret_holder);
	free(frame);
	return result;
}

static void shows_holder(void **state)
{
	const struct shown *row = *state;
	struct mac holder = { { 1, 2, 3, 4, 5, 6 } };
	struct mac want = holder;
	uint8_t bytes[128];
	size_t len = from_hex(row->frame, bytes, sizeof(bytes));

	assert_int_equal(shows(bytes, len, row->ip, &holder), row->holder != NULL);
	if (row->holder)
		assert_int_equal(from_hex(row->holder, want.bytes, sizeof(want.bytes)), 6);
	assert_memory_equal(&holder, &want, sizeof(want));
}

/* Cut short at every byte: shows nothing until the last byte that matters is there, and is never read beyond. */
static const struct cut {
	const char *name;
	const char *ip;
	const char *frame;
	size_t needed;
} cuts[] = {
	{ "ARP", V4, ARP("0002", THEIRS, "c0000207", "c0000201") "000000000000000000000000000000000000", 42 },
	{ "advertisement", V6, IP6(FROM_SOMEBODY, "88") TARGET_V6 "0201" BRIDGE, 78 },
	{ "solicitation", V6, IP6(FROM_NOBODY, "87") TARGET_V6, 78 },
};

static void truncated(void **state)
{
	const struct cut *row = *state;
	uint8_t bytes[128];
	size_t len = from_hex(row->frame, bytes, sizeof(bytes));
	struct mac holder;

	assert_true(len >= row->needed);
	for (size_t i = 0; i <= len; i++)
		assert_int_equal(shows(bytes, i, row->ip, &holder), i >= row->needed);
}

/* Another host's probe and announcement as this very program sends them. */
static void own_frames(void **state)
{
	static const char *const addresses[] = { V4, V6 };
	const struct mac theirs = { { 0x02, 0x11, 0x22, 0x33, 0x44, 0x5f } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t frame[FRAME_MAX];
		struct mac holder = { 0 };
		struct ip ip;

		assert_int_equal(ip_parse(addresses[i], &ip), 0);
		assert_true(shows(frame, frame_probe(&ip, &theirs, frame), addresses[i], &holder));
		assert_true(mac_equal(&holder, &theirs));
		assert_true(shows(frame, of_host(&ip, &theirs, frame), addresses[i], &holder));
		assert_false(shows(frame, frame_probe(&ip, &ours, frame), addresses[i], &holder));
		assert_false(shows(frame, of_host(&ip, &ours, frame), addresses[i], &holder));
	}
}

#define SENT_BY(type)                 "020000000001 " THEIRS type
#define IP4(protocol, offset, source) "4500 0028 0000 " offset " 40 " protocol " 0000" source "c0000201"
#define TCP(flags)                    " 0050 c000 00000000 00000000 50 " flags " 0000 0000 0000"
#define IP6_OF(next, source)          "60000000 0014 " next " 40 " source FROM_SOMEBODY

/* Who sent it. kind is that of the whole frame; ip is NULL for none. */
static const struct sent {
	const char *name;
	const char *frame;
	enum frame_kind kind;
	uint16_t type;
	bool reject;
	const char *ip;
} sents[] = {
	{ "ARP", SENT_BY("0806") "0001 0800 06 04 0002 " BRIDGE "c0000207 000000000000 c0000201", FRAME_ARP, 0x0806,
	  false, V4 },
	{ "an ARP probe", SENT_BY("0806") "0001 0800 06 04 0001 " BRIDGE "00000000 000000000000 c0000201", FRAME_ARP,
	  0x0806, false, NULL },
	{ "ARP for something else", SENT_BY("0806") "0001 86dd 06 04 0002 " BRIDGE "c0000207 000000000000 c0000201",
	  FRAME_ARP, 0x0806, false, NULL },
	{ "a TCP reset", SENT_BY("0800") IP4("06", "4000", "c0000207") TCP("14"), FRAME_IP4, 0x0800, true, V4 },
	{ "TCP", SENT_BY("0800") IP4("06", "4000", "c0000207") TCP("10"), FRAME_IP4, 0x0800, false, V4 },
	{ "a later fragment", SENT_BY("0800") IP4("06", "0001", "c0000207") TCP("14"), FRAME_IP4, 0x0800, false, V4 },
	{ "a TCP reset behind IP options",
	  SENT_BY("0800") "4600 002c 0000 4000 40 06 0000 c0000207 c0000201 01010101" TCP("04"), FRAME_IP4, 0x0800,
	  true, V4 },
	{ "a header shorter than IPv4's", SENT_BY("0800") "4100 0028 0000 4000 40 06 0000 c0000207 c0000201" TCP("14"),
	  FRAME_IP4, 0x0800, false, V4 },
	{ "ICMP: port unreachable", SENT_BY("0800") IP4("01", "0000", "c0000207") "0303 0000 00000000", FRAME_IP4,
	  0x0800, true, V4 },
	{ "ICMP: echo", SENT_BY("0800") IP4("01", "0000", "c0000207") "0800 0000 00000000", FRAME_IP4, 0x0800, false,
	  V4 },
	{ "UDP with a reset's bytes", SENT_BY("0800") IP4("11", "0000", "c0000207") TCP("14"), FRAME_IP4, 0x0800, false,
	  V4 },
	{ "IGMP from nobody", SENT_BY("0800") IP4("02", "0000", "00000000") "2200 0000", FRAME_IP4, 0x0800, false,
	  NULL },
	{ "a TCP reset by IPv6", SENT_BY("86dd") IP6_OF("06", TARGET_V6) TCP("14"), FRAME_IP6, 0x86dd, true, V6 },
	{ "ICMPv6: port unreachable", SENT_BY("86dd") IP6_OF("3a", TARGET_V6) "0104 0000", FRAME_IP6, 0x86dd, true,
	  V6 },
	{ "ICMPv6 from ::", SENT_BY("86dd") IP6_OF("3a", FROM_NOBODY) "8f00 0000", FRAME_IP6, 0x86dd, false, NULL },
	{ "a tag", SENT_BY("8100 0005 0800") IP4("06", "4000", "c0000207") TCP("14"), FRAME_IP4, 0x0800, true, V4 },
	{ "two tags", SENT_BY("88a8 0005 8100 0006 86dd") IP6_OF("06", TARGET_V6) TCP("14"), FRAME_IP6, 0x86dd, true,
	  V6 },
	{ "three tags", SENT_BY("8100 0005 8100 0006 8100 0007 0800") IP4("06", "4000", "c0000207"), FRAME_OTHER,
	  0x8100, false, NULL },
	{ "LLDP", SENT_BY("88cc") "0207", FRAME_OTHER, 0x88cc, false, NULL },
	{ "802.3 with a length", SENT_BY("0026") "4242 03", FRAME_OTHER, 0x0026, false, NULL },
};

static bool reads(const uint8_t *bytes, size_t len, struct frame_sender *ret_sender)
{
	uint8_t *frame = malloc(len ? len : 1);
	bool result;

	assert_non_null(frame);
	memcpy(frame, bytes, len);
	result = frame_read_sender(frame, len, ret_sender);
	free(frame);
	return result;
}

static void read_sender(void **state)
{
	const struct sent *row = *state;
	uint8_t bytes[128];
	size_t len = from_hex(row->frame, bytes, sizeof(bytes));
	struct frame_sender sender;
	struct ip ip = { 0 };
	struct mac theirs;

	(void)from_hex(THEIRS, theirs.bytes, sizeof(theirs.bytes));
	if (row->ip)
		assert_int_equal(ip_parse(row->ip, &ip), 0);
	assert_true(reads(bytes, len, &sender));
	assert_true(mac_equal(&sender.mac, &theirs));
	assert_int_equal(sender.kind, row->kind);
	assert_int_equal(sender.type, row->type);
	assert_int_equal(sender.ip.family, ip.family);
	assert_memory_equal(sender.ip.bytes, ip.bytes, sizeof(ip.bytes));
	assert_int_equal(sender.reject, row->reject);
	/* Cut short: never read beyond, and no more is claimed than is there. */
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(reads(bytes, i, &sender), i >= 14);
		assert_true(i < 14 || row->reject || !sender.reject);
	}
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, build, goldens);
	TABLE_TEST(&table, checksums);
	TABLE_ROWS(&table, shows_holder, showns);
	TABLE_ROWS(&table, truncated, cuts);
	TABLE_TEST(&table, own_frames);
	TABLE_ROWS(&table, read_sender, sents);
	return table_run(&table, NULL, NULL);
}
