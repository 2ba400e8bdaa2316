/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the kernel's log about martians, as different kernels write them. */

#include "kernel/klog.h"

#include <string.h>

#include "table.h"

/* device is NULL where the line is none. */
static const struct line {
	const char *name;
	const char *text;
	const char *target;
	const char *sender;
	const char *device;
} lines[] = {
	{ "Linux 6", "IPv4: martian source 192.0.2.1 from 192.0.2.9, on dev fwbr100i0", "192.0.2.1", "192.0.2.9",
	  "fwbr100i0" },
	{ "without a prefix", "martian source 192.0.2.1 from 192.0.2.9, on dev eth0.5", "192.0.2.1", "192.0.2.9",
	  "eth0.5" },
	{ "the longest addresses and name",
	  "IPv4: martian source 255.255.255.255 from 203.113.113.113, on dev abcdefghijklmno", "255.255.255.255",
	  "203.113.113.113", "abcdefghijklmno" },
	{ "a martian destination", "IPv4: martian destination 127.0.0.1 from 192.0.2.9, dev eth0", NULL, NULL, NULL },
	{ "a name that is none", "IPv4: martian source 192.0.2.1 from 192.0.2.9, on dev a/b", NULL, NULL, NULL },
	{ "a name that is too long", "IPv4: martian source 192.0.2.1 from 192.0.2.9, on dev abcdefghijklmnop", NULL,
	  NULL, NULL },
	{ "more behind the name", "IPv4: martian source 192.0.2.1 from 192.0.2.9, on dev eth0 now", NULL, NULL, NULL },
	{ "no address", "IPv4: martian source 192.0.2 from 192.0.2.9, on dev eth0", NULL, NULL, NULL },
	{ "a word for an address", "IPv4: martian source aaaaaaaaaaaaaaaaaaaaaa from 192.0.2.9, on dev eth0", NULL,
	  NULL, NULL },
	{ "cut short", "IPv4: martian source 192.0.2.1 from 192.0.2.9", NULL, NULL, NULL },
	{ "nothing", "", NULL, NULL, NULL },
};

static void is_ip(const struct ip *ip, const char *text)
{
	char shown[IP_TEXT];

	assert_string_equal(ip_to_str(ip, shown), text);
}

static void martian(void **state)
{
	const struct line *row = *state;
	struct martian m;

	assert_int_equal(klog_parse_martian(row->text, &m), row->device != NULL);
	if (!row->device)
		return;
	is_ip(&m.target, row->target);
	is_ip(&m.sender, row->sender);
	assert_string_equal(m.device, row->device);
}

/* source is NULL where the line is none. */
static const struct header {
	const char *name;
	const char *text;
	const char *source;
	unsigned type;
} headers[] = {
	{ "Linux 6", "ll header: 00000000: ff ff ff ff ff ff 02 9e 00 00 65 00 08 06", "02:9e:00:00:65:00", 0x0806 },
	{ "with its bytes as text",
	  "ll header: 00000000: ff ff ff ff ff ff 02 9e 00 00 65 00 08 00        ......$.....e.", "02:9e:00:00:65:00",
	  0x0800 },
	{ "with colons", "ll header: ff:ff:ff:ff:ff:ff:02:9e:00:00:65:00:08:06", "02:9e:00:00:65:00", 0x0806 },
	{ "its second row", "ll header: 00000010: 00 05", NULL, 0 },
	{ "cut short", "ll header: 00000000: ff ff ff ff ff ff 02 9e 00 00 65 00 08", NULL, 0 },
	{ "half a byte", "ll header: 00000000: ff ff ff ff ff ff 02 9e 00 00 65 00 08 0", NULL, 0 },
	{ "another line", "eth0: link up", NULL, 0 },
};

static void header(void **state)
{
	const struct header *row = *state;
	struct mac source;
	uint16_t type;
	char shown[MAC_TEXT];

	assert_int_equal(klog_parse_header(row->text, &source, &type), row->source != NULL);
	if (!row->source)
		return;
	assert_string_equal(mac_to_str(&source, shown), row->source);
	assert_int_equal(type, row->type);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, martian, lines);
	TABLE_ROWS(&table, header, headers);
	return table_run(&table, NULL, NULL);
}
