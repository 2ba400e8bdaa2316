/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read from LXC's container configurations, as a table. */

#include "guest/lxc.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "table.h"

#define SIXTEEN                                                                                                        \
	"lxc.net.0.ipv4.address = 10.0.0.1\nlxc.net.0.ipv4.address = 10.0.0.2\nlxc.net.0.ipv4.address = 10.0.0.3\n"    \
	"lxc.net.0.ipv4.address = 10.0.0.4\nlxc.net.0.ipv4.address = 10.0.0.5\nlxc.net.0.ipv4.address = 10.0.0.6\n"    \
	"lxc.net.0.ipv4.address = 10.0.0.7\nlxc.net.0.ipv4.address = 10.0.0.8\nlxc.net.0.ipv4.address = 10.0.0.9\n"    \
	"lxc.net.0.ipv6.address = 2001:db8::1\nlxc.net.0.ipv6.address = 2001:db8::2\nlxc.net.0.ipv6.address = "        \
	"2001:db8::3\n"                                                                                                \
	"lxc.net.0.ipv6.address = 2001:db8::4\nlxc.net.0.ipv6.address = 2001:db8::5\nlxc.net.0.ipv6.address = "        \
	"2001:db8::6\n"                                                                                                \
	"lxc.net.0.ipv6.address = 2001:db8::7\n"

/*
 * What is read, in one line: "hooked", "via" the device towards it ("LXC's" where LXC adds the route), each NIC as
 * N:port>bridge(its addresses). error is set where the whole is refused.
 */
static const struct row {
	const char *name;
	const char *text;
	const char *want;
	const char *error;
} rows[] = {
	{ "nothing", "", "", NULL },
	{ "no network", "lxc.uts.name = web\nlxc.rootfs.path = dir:/x=y\n", "", NULL },
	{ "bridged",
	  "lxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\nlxc.net.0.flags = up\nlxc.net.0.name = eth0\n"
	  "lxc.net.0.veth.pair = vethweb\nlxc.net.0.ipv4.address = 10.0.3.7/24 10.0.3.255\n"
	  "lxc.net.0.ipv4.gateway = 10.0.3.1\nlxc.net.0.ipv6.address = 2001:DB8::7/64\n",
	  "0:vethweb>lxcbr0(10.0.3.7 2001:db8::7)", NULL },
	{ "bridged, LXC names the port", "lxc.net.0.link = lxcbr0\n", "0:>lxcbr0", NULL },
	{ "routed by LXC", "lxc.net.0.veth.mode = router\nlxc.net.0.veth.pair = web.0\n", "via web.0 LXC's 0:web.0>",
	  NULL },
	{ "routed by LXC beside a link",
	  "lxc.net.0.veth.mode = router\nlxc.net.0.veth.pair = web.0\nlxc.net.0.link = eth0\n",
	  "via web.0 LXC's 0:web.0>eth0", NULL },
	{ "a veth without a bridge", "lxc.net.0.veth.pair = web.0\n", "via web.0 0:web.0>", NULL },
	{ "bridge mode", "lxc.net.0.veth.mode = bridge\nlxc.net.0.veth.pair = a\nlxc.net.0.link = b\n", "0:a>b", NULL },
	{ "the first routed one", "lxc.net.1.veth.pair = a\nlxc.net.3.veth.pair = b\n", "via a 1:a> 3:b>", NULL },
	{ "in any order", "lxc.net.2.link = b\nlxc.net.0.link = a\nlxc.net.2.veth.pair = c\n", "0:>a 2:c>b", NULL },
	{ "the last number", "lxc.net.31.link = a\n", "31:>a", NULL },
	{ "numbers that are not looked at",
	  "lxc.net.32.link = a\nlxc.net.01.link = a\nlxc.net.x.link = a\nlxc.net..link = a\n"
	  "lxc.net.100000000000.link = a\nlxc.network.link = a\n",
	  "", NULL },
	{ "an address without a prefix", "lxc.net.0.ipv4.address = 10.0.3.7\n", "0:>(10.0.3.7)", NULL },
	{ "as many addresses as there can be", SIXTEEN,
	  "0:>(10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 10.0.0.9 2001:db8::1 "
	  "2001:db8::2 2001:db8::3 "
	  "2001:db8::4 2001:db8::5 2001:db8::6 2001:db8::7)",
	  NULL },

	/* what takes back */
	{ "an empty name", "lxc.net.0.link = a\nlxc.net.0.veth.pair = b\nlxc.net.0.link =\n", "via b 0:b>", NULL },
	{ "an empty address",
	  "lxc.net.0.ipv4.address = 10.0.3.7\nlxc.net.0.ipv6.address = 2001:db8::7\nlxc.net.0.ipv4.address =\n",
	  "0:>(2001:db8::7)", NULL },
	{ "an empty IPv6 address",
	  "lxc.net.0.ipv4.address = 10.0.3.7\nlxc.net.0.ipv6.address = 2001:db8::7\nlxc.net.0.ipv6.address = \"\"\n",
	  "0:>(10.0.3.7)", NULL },
	{ "one NIC", "lxc.net.0.link = a\nlxc.net.1.link = b\nlxc.net.0 =\n", "1:>b", NULL },
	{ "all NICs", "lxc.net.0.link = a\nlxc.net.1.link = b\nlxc.net =\nlxc.net.2.link = c\n", "2:>c", NULL },

	/* LXC's grammar */
	{ "blanks", " \t lxc.net.0.link\t=  a \t\r\n", "0:>a", NULL },
	{ "none", "lxc.net.0.link=a", "0:>a", NULL },
	{ "quotes", "lxc.net.0.link = \"a\"\nlxc.net.1.link = 'b'\n", "0:>a 1:>b", NULL },
	{ "another quote at the end", "lxc.net.0.link = \"a'\n", "0:>\"a'", NULL },
	{ "one quote", "lxc.net.0.link = \"\n", "0:>\"", NULL },
	{ "quotes around nothing", "lxc.net.0.link = \"\"\n", "0:>", NULL },
	{ "comments", "# lxc.net.0.link = a\n  #lxc.net.0.link = a\n\n", "", NULL },
	{ "a hash in a value", "lxc.net.0.link = a#b\n", "0:>a#b", NULL },
	{ "no =", "lxc.net.0.link a\n", "", NULL },
	{ "capitals count", "LXC.net.0.link = a\nlxc.net.0.Link = a\n", "0:>", NULL },

	/* our own line */
	{ "the hook", "lxc.hook.start-host = /usr/libexec/guestarp/guestarp-lxc\n", "hooked", NULL },
	{ "the hook with words", "lxc.hook.start-host = /opt/guestarp-lxc a b\n", "hooked", NULL },
	{ "another's", "lxc.hook.start-host = /opt/not-guestarp-lxc\n", "", NULL },
	{ "as another's word", "lxc.hook.start-host = /bin/echo /opt/guestarp-lxc\n", "", NULL },
	{ "at post-stop alone", "lxc.hook.post-stop = /opt/guestarp-lxc\n", "", NULL },

	/* refused as a whole */
	{ "a bridge's name too long", "\nlxc.net.0.link = abcdefghijklmnop\n", "",
	  "f:2: lxc.net.0.link: bad value 'abcdefghijklmnop'" },
	{ "a port's name that cannot be", "lxc.net.0.veth.pair = ../a\n", "",
	  "f:1: lxc.net.0.veth.pair: bad value '../a'" },
	{ "no address", "lxc.net.0.link = a\nlxc.net.0.ipv4.address = dhcp\n", "",
	  "f:2: lxc.net.0.ipv4.address: bad value 'dhcp'" },
	{ "a prefix too long", "lxc.net.0.ipv4.address = 10.0.3.7/33\n", "",
	  "f:1: lxc.net.0.ipv4.address: bad value '10.0.3.7/33'" },
	{ "the other family", "lxc.net.0.ipv4.address = 2001:db8::7\n", "",
	  "f:1: lxc.net.0.ipv4.address: bad value '2001:db8::7'" },
	{ "one address too many", SIXTEEN "lxc.net.0.ipv6.address = 2001:db8::8\n", "",
	  "f:17: lxc.net.0.ipv6.address: bad value '2001:db8::8'" },
	{ "control characters are not shown", "lxc.net.0.link = a\033b/\n", "",
	  "f:1: lxc.net.0.link: bad value 'a?b/'" },
};

static const char *in_words(const struct guest *guest, char *words, size_t size)
{
	char ip[IP_TEXT];

	words[0] = '\0';
	if (guest->hooked)
		assert_true(text_append(words, size, "hooked"));
	if (guest->route[0])
		assert_true(text_append(words, size, "via %s%s", guest->route, guest->platform_routes ? " LXC's" : ""));
	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct guest_nic *nic = &guest->nics[i];

		assert_true(text_append(words, size, "%s%u:%s>%s", words[0] ? " " : "", nic->index, nic->port,
					nic->bridge));
		for (size_t j = 0; j < nic->ip_count; j++)
			assert_true(text_append(words, size, "%s%s", j ? " " : "(", ip_to_str(&nic->ips[j].ip, ip)));
		assert_true(text_append(words, size, "%s", nic->ip_count ? ")" : ""));
	}
	return words;
}

/* The guest has each address of its NICs, and no other. */
static void check_ips(const struct guest *guest)
{
	size_t count = 0;

	for (size_t i = 0; i < guest->nic_count; i++) {
		for (size_t j = 0; j < guest->nics[i].ip_count; j++)
			assert_true(ip_equal(&guest->ips[count++], &guest->nics[i].ips[j].ip));
	}
	assert_int_equal(guest->ip_count, count);
}

static void parse(void **state)
{
	const struct row *row = *state;
	struct guest guest;
	struct guest before;
	struct err err = { 0 };
	char words[1000];
	char *text = strdup(row->text);

	assert_non_null(text);
	assert_int_equal(guest_init(&guest, GUEST_LXC, "web", NULL), 0);
	before = guest;
	if (row->error) {
		assert_int_equal(lxc_parse(&guest, "f", text, &err), -EINVAL);
		assert_string_equal(err.text, row->error);
		assert_string_equal(in_words(&guest, words, sizeof(words)), in_words(&before, words, sizeof(words)));
		assert_int_equal(guest.ip_count, 0);
	} else {
		assert_int_equal(lxc_parse(&guest, "f", text, &err), 0);
		assert_string_equal(in_words(&guest, words, sizeof(words)), row->want);
		check_ips(&guest);
	}
	free(text);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, parse, rows);
	return table_run(&table, NULL, NULL);
}
