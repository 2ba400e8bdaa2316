/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenVZ's container files in vzctl's two grammars, and lists of addresses, as tables. */

#include "guest/vz.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "guest/vz_external.h"
#include "root.h"

#define LIB VZ_LIBVZCTL

/*
 * What is read, in one line: the device, the name in brackets, each NIC as port>bridge(its addresses), the addresses.
 * classic: of vzctl 4.x, and of 3.x where vzctl_3 below has no row of the name. lib: of libvzctl, NULL where it agrees.
 * error is set where the whole is refused; "f" is its name.
 */
static const struct row {
	const char *name;
	const char *text;
	const char *classic;
	const char *lib;
	const char *error;
} rows[] = {
	{ "nothing", "", "", NULL, NULL },
	{ "a container",
	  "ONBOOT=\"yes\"\n\nKMEMSIZE=\"14372700:14790164\"\nVE_ROOT=\"/vz/root/$VEID\"\nIP_ADDRESS=\"192.0.2.7 "
	  "2001:DB8::7\"\n"
	  "NAME=\"web\"\nGUESTARP_DEVICE=\"eth3\"\n",
	  "eth3 [web] 192.0.2.7 2001:db8::7", NULL, NULL },

	/* quotes, blanks and comments */
	{ "a comment behind a quoted value", "NAME=\"a\" # x\n", "[a]", NULL, NULL },
	{ "a comment with quotes behind a quoted value", "NAME=\"a\" # \"x\"\n", "", "[a]", NULL },
	{ "a comment behind a bare value", "NAME=b c # x\n", "", "[b c]", NULL },
	{ "a hash in a word", "GUESTARP_DEVICE=a#b\n", "a#b", NULL, NULL },
	{ "a hash in quotes", "NETIF=\"ifname=eth0,host_ifname=p0,x= #,bridge=b,network=b\"\n", "p0>b", NULL, NULL },
	{ "a comment line", "# NAME=\"a\"\n  #NAME=\"a\"\n\t# NAME=\"a\"\n", "", NULL, NULL },
	{ "single quotes", "NAME='b'\n", "", "[b]", NULL },
	{ "single quotes around a device", "GUESTARP_DEVICE='b'\n", "'b'", "b", NULL },
	{ "single quotes and a comment", "NAME='b' # c\n", "", "[b]", NULL },
	{ "single quotes around addresses", "IP_ADDRESS='192.0.2.7 192.0.2.8'\n", "", "192.0.2.7 192.0.2.8", NULL },
	{ "a blank before the =", "NAME =\"b\"\n", "", NULL, NULL },
	{ "a blank behind the =", "NAME= \"b\"\n", "", NULL, NULL },
	{ "a blank behind the =, before a name", "NAME= b\n", "[ b]", NULL, NULL },
	{ "export", "export NAME=b\n", "", NULL, NULL },
	{ "leading and trailing blanks", " \t NAME=\"b\" \t \r\n", "[b]", NULL, NULL },
	{ "trailing blanks of a bare value", "NAME=b \t\n", "[b]", NULL, NULL },
	{ "no quotes", "GUESTARP_DEVICE=eth3\nIP_ADDRESS=192.0.2.7 192.0.2.8\n", "eth3 192.0.2.7 192.0.2.8", NULL,
	  NULL },
	{ "an unmatched quote", "NAME=\"b\nIP_ADDRESS=\"192.0.2.7\"\n", "192.0.2.7", "[b] 192.0.2.7", NULL },
	{ "an unmatched quote at the end", "GUESTARP_DEVICE=b\"\n", "b\"", "b", NULL },
	{ "one quote alone", "IP_ADDRESS=192.0.2.7\nIP_ADDRESS=\"\n", "192.0.2.7", "", NULL },
	{ "an empty value", "NAME=\"\"\nIP_ADDRESS=\"\"\nIP_ADDRESS=\n", "", NULL, NULL },
	{ "no =", "NAME\nIP_ADDRESS 192.0.2.7\nNAME=\"b\"\n", "[b]", NULL, NULL },
	{ "the first = splits", "GUESTARP_DEVICE=a=b\n", "a=b", NULL, NULL },
	{ "escaped quotes", "NAME=\\\"b\\\"\n", "[b]", NULL, NULL },
	{ "an escaped letter", "GUESTARP_DEVICE=\"e\\th3\"\n", "eth3", NULL, NULL },
	{ "an escaped backslash", "GUESTARP_DEVICE=\"a\\\\b\"\n", "a\\b", NULL, NULL },
	{ "a backslash at the end of the file", "NAME=b\\", "[b]", NULL, NULL },
	{ "V7: a backslash at the line's end", "IP_ADDRESS=192.0.2.5\\\nNAME=b\n", "[b] 192.0.2.5", NULL, NULL },
	{ "no continuation lines", "IP_ADDRESS=\"192.0.2.7 \\\n192.0.2.8\"\n", "", "192.0.2.7", NULL },
	{ "no final newline", "NAME=\"b\"", "[b]", NULL, NULL },
	{ "capitals count", "name=\"b\"\nIp_Address=\"192.0.2.7\"\n", "", NULL, NULL },
	{ "a look-alike key", "XIP_ADDRESS=\"192.0.2.7\"\nIP_ADDRESSES=\"192.0.2.7\"\nEXT_IP_ADDRESS=\"192.0.2.7\"\n",
	  "", NULL, NULL },
	{ "a shell's expansion is none", "GUESTARP_DEVICE=\"$VEID\"\n", "$VEID", NULL, NULL },
	{ "a name's characters", "NAME=\"a b-c+d_e.f\"\n", "[a b-c+d_e.f]", NULL, NULL },
	{ "a name in another alphabet", "NAME=\"\303\244\"\n", "", "[\303\244]", NULL },
	{ "V7: a quote and a comment behind addresses", "IP_ADDRESS=\"192.0.2.7\" # x\n", "192.0.2.7", NULL, NULL },
	{ "V7: a quote that does not end", "IP_ADDRESS=\"192.0.2.7\n", "", "192.0.2.7", NULL },

	/* lines of the same key */
	{ "V3: addresses", "IP_ADDRESS=\"192.0.2.7\"\nIP_ADDRESS=\"192.0.2.8 192.0.2.7\"\n", "192.0.2.7 192.0.2.8",
	  "192.0.2.8 192.0.2.7", NULL },
	{ "V3: the last line of addresses is empty", "IP_ADDRESS=\"192.0.2.7\"\nIP_ADDRESS=\"\"\n", "192.0.2.7", "",
	  NULL },
	{ "V3: names", "NAME=\"a\"\nNAME=\"b\"\n", "[a]", "[b]", NULL },
	{ "V3: names, the first is none", "NAME=\"a/\"\nNAME=\"b\"\nNAME=\"c\"\n", "[b]", "[c]", NULL },
	{ "V3: names, the last is none", "NAME=\"a\"\nNAME=\"b/\"\n", "[a]", "", NULL },
	{ "V3: devices of ours", "GUESTARP_DEVICE=\"eth3\"\nGUESTARP_DEVICE=\"eth4\"\n", "eth3", "eth4", NULL },
	{ "V3: a second NETIF", "NETIF=\"ifname=eth0,host_ifname=p0\"\nNETIF=\"ifname=eth1,host_ifname=p1\"\n", "p0>",
	  "p1>", NULL },
	{ "V3: a second NETIF behind one without a device",
	  "NETIF=\"\"\nNETIF=\"bridge=b\"\nNETIF=\"ifname=eth1,host_ifname=p1\"\nNETIF=\"\"\n", "p1>", "", NULL },
	{ "the first device of a name counts", "NETIF=\"ifname=eth0,host_ifname=p0;ifname=eth0,host_ifname=p1\"\n",
	  "p0>", NULL, NULL },
	{ "the first device of a port counts", "NETIF=\"ifname=eth0,host_ifname=p0;ifname=eth1,host_ifname=p0\"\n",
	  "p0>", NULL, NULL },

	/* addresses */
	{ "masks", "IP_ADDRESS=\"192.0.2.7/24 192.0.2.8/0 192.0.2.9/32 2001:db8::7/64\"\n",
	  "192.0.2.7 192.0.2.8 192.0.2.9 2001:db8::7", NULL, NULL },
	{ "V7: a mask too long", "IP_ADDRESS=\"192.0.2.6 192.0.2.7/33 192.0.2.8\"\n", "192.0.2.6",
	  "192.0.2.6 192.0.2.7 192.0.2.8", NULL },
	{ "a mask too long for both", "IP_ADDRESS=\"192.0.2.6 192.0.2.7/129 192.0.2.8\"\n", "192.0.2.6", NULL, NULL },
	{ "a mask below 0", "IP_ADDRESS=\"192.0.2.6 192.0.2.7/-1 192.0.2.8\"\n", "192.0.2.6", NULL, NULL },
	{ "V7: a mask with a zero", "IP_ADDRESS=\"192.0.2.7/08 192.0.2.8/+8\"\n", "192.0.2.7 192.0.2.8", NULL, NULL },
	{ "V7: addresses that nobody can have are passed over",
	  "IP_ADDRESS=\"127.0.0.1 192.0.2.7 224.0.0.5 ::1 ff02::1 0.0.0.0/0 192.0.2.8\"\n", "192.0.2.7 192.0.2.8", NULL,
	  NULL },
	{ "a mask too long for IPv6", "IP_ADDRESS=\"2001:db8::6 2001:db8::7/129 192.0.2.8\"\n", "2001:db8::6", NULL,
	  NULL },
	{ "V7: an empty mask", "IP_ADDRESS=\"192.0.2.6 192.0.2.7/ 192.0.2.8\"\n", "192.0.2.6 192.0.2.7 192.0.2.8",
	  "192.0.2.6", NULL },
	{ "a dotted mask", "IP_ADDRESS=\"192.0.2.6 192.0.2.7/255.255.255.0 192.0.2.8\"\n", "192.0.2.6",
	  "192.0.2.6 192.0.2.7 192.0.2.8", NULL },
	{ "V7: a dotted mask with holes", "IP_ADDRESS=\"192.0.2.6 192.0.2.7/255.0.255.0 192.0.2.8\"\n", "192.0.2.6",
	  "192.0.2.6 192.0.2.7 192.0.2.8", NULL },
	{ "a dotted mask that is none", "IP_ADDRESS=\"192.0.2.6 192.0.2.7/255.0.256.0 192.0.2.8\"\n", "192.0.2.6", NULL,
	  NULL },
	{ "a dotted mask of IPv6", "IP_ADDRESS=\"192.0.2.6 2001:db8::7/255.255.255.0\"\n", "192.0.2.6",
	  "192.0.2.6 2001:db8::7", NULL },
	{ "a short form", "IP_ADDRESS=\"192.0.2.6 10.1 192.0.2.8\"\n", "192.0.2.6", NULL, NULL },
	{ "the rest of the line is dropped, not of the file",
	  "IP_ADDRESS=\"192.0.2.6 x 192.0.2.8\"\nIP_ADDRESS=\"192.0.2.9\"\n", "192.0.2.6 192.0.2.9", "192.0.2.9",
	  NULL },
	{ "addresses of nobody are passed over", "IP_ADDRESS=\"0.0.0.0 192.0.2.7 :: 192.0.2.8 ::0 192.0.2.9\"\n",
	  "192.0.2.7 192.0.2.8 192.0.2.9", NULL, NULL },
	{ "tabs and many blanks", "IP_ADDRESS=\" \t192.0.2.7\t \t192.0.2.8 \"\n", "192.0.2.7 192.0.2.8", NULL, NULL },
	{ "commas", "IP_ADDRESS=\"192.0.2.7,192.0.2.8\"\n", "", "192.0.2.7 192.0.2.8", NULL },
	{ "the same address written twice", "IP_ADDRESS=\"2001:db8::7 2001:DB8:0::7/64\"\n", "2001:db8::7", NULL,
	  NULL },

	/* NETIF */
	{ "a veth", "NETIF=\"ifname=eth0,mac=00:18:51:0A:0B:0C,host_ifname=veth101.0,host_mac=00:18:51:0A:0B:0D\"\n",
	  "veth101.0>", NULL, NULL },
	{ "keys in any order", "NETIF=\"host_ifname=p0,bridge=br0,network=br0,mac=00:18:51:0A:0B:0C,ifname=eth0\"\n",
	  "p0>br0", NULL, NULL },
	{ "two devices", "NETIF=\"ifname=eth0,host_ifname=p0;ifname=eth1,host_ifname=p1\"\n", "p0> p1>", NULL, NULL },
	{ "empty devices and items", "NETIF=\";;ifname=eth0,,host_ifname=p0,;\"\n", "p0>", NULL, NULL },
	{ "V7: no ifname", "NETIF=\"ifname=eth0,host_ifname=p0;host_ifname=p1;ifname=eth2,host_ifname=p2\"\n", "p0>",
	  "p0> p2>", NULL },
	{ "V7: a bad MAC",
	  "NETIF=\"ifname=eth0,host_ifname=p0;ifname=eth1,host_ifname=p1,mac=bad;ifname=eth2,host_ifname=p2\"\n", "p0>",
	  "p0> p2>", NULL },
	{ "V7: a bad filter", "NETIF=\"ifname=eth0,mac_filter=x;ifname=eth1,host_ifname=p1\"\n", "", "p1>", NULL },
	{ "V7: a MAC without separators", "NETIF=\"ifname=eth0,mac=0018510a0b0c,host_ifname=p0\"\n", "", "p0>", NULL },
	{ "V7: the first bridge counts", "NETIF=\"ifname=eth0,host_ifname=p0,bridge=a,bridge=b,network=a,network=b\"\n",
	  "p0>a", NULL, NULL },
	{ "the first of each name counts",
	  "NETIF=\"ifname=eth0,ifname=eth1,host_ifname=p0,host_ifname=p1;ifname=eth1,host_ifname=p2\"\n", "p0> p2>",
	  NULL, NULL },
	{ "a network that is no bridge's name", "NETIF=\"ifname=eth0,host_ifname=p0,network=my network\"\n", "p0>",
	  NULL, NULL },
	{ "a network that cannot be", "NETIF=\"ifname=eth0,host_ifname=p0,network=a/b\"\n", "p0>", "", NULL },
	{ "addresses in front of ip6= are unknown keys",
	  "NETIF=\"ifname=eth0,host_ifname=p0,2001:db8::6,ip6=2001:db8::7,192.0.2.7,network=b\"\n", "p0>",
	  "p0>b(2001:db8::7 192.0.2.7) 2001:db8::7 192.0.2.7", NULL },
	{ "a bad address of a device is passed over",
	  "NETIF=\"ifname=eth0,host_ifname=p0,ip=192.0.2.6:x:192.0.2.7/:192.0.2.8\"\n", "p0>",
	  "p0>(192.0.2.6 192.0.2.8) 192.0.2.6 192.0.2.8", NULL },
	{ "a bad gateway", "NETIF=\"ifname=eth0,host_ifname=p0,gw=x;ifname=eth1,host_ifname=p1\"\n", "p0> p1>", "p1>",
	  NULL },
	{ "unknown keys", "NETIF=\"ifname=eth0,host_ifname=p0,mac_filter=on,new=1\"\n", "p0>", NULL, NULL },
	{ "bridge= is vzctl's", "NETIF=\"ifname=eth0,host_ifname=p0,bridge=br0\"\n", "p0>br0", "p0>", NULL },
	{ "network= is libvzctl's", "NETIF=\"ifname=eth0,host_ifname=p0,network=br0\"\n", "p0>", "p0>br0", NULL },
	{ "the default name", "NETIF=\"ifname=eth0,mac=00:18:51:0A:0B:0C\"\n", "veth101.0>", "veth510a0b0c>", NULL },
	{ "V7: the default name of wan", "NETIF=\"ifname=wan,mac=00:18:51:0A:0B:0C\"\n", "veth101.0>", "veth510a0b0c>",
	  NULL },
	{ "the default name of 7eth", "NETIF=\"ifname=7eth,mac=00:18:51:0A:0B:0C\"\n", "veth101.0>", "veth510a0b0c>",
	  NULL },
	{ "the default name of eth07", "NETIF=\"ifname=eth07,mac=00:18:51:0A:0B:0C\"\n", "veth101.7>", "veth510a0b0c>",
	  NULL },
	{ "the default name of eth12", "NETIF=\"ifname=eth12,mac=00:18:51:0A:0B:0C\"\n", "veth101.12>", "veth510a0b0c>",
	  NULL },
	{ "a name of 16 letters is vzctl's to refuse", "NETIF=\"ifname=abcdefghijklmnop,host_ifname=p0\"\n", "", NULL,
	  NULL },
	{ "a name of 15 letters", "NETIF=\"ifname=eth0,host_ifname=abcdefghijklmno\"\n", "abcdefghijklmno>", NULL,
	  NULL },
	{ "a routed veth's addresses",
	  "NETIF=\"ifname=eth0,host_ifname=p0,type=routed,ip=192.0.2.7:192.0.2.8/24,ip6=2001:db8::7,2001:db8::8/64\"\n",
	  "p0>", "p0>(192.0.2.7 192.0.2.8/24 2001:db8::7 2001:db8::8/64) 192.0.2.7 192.0.2.8 2001:db8::7 2001:db8::8",
	  NULL },
	{ "a bridged veth's addresses",
	  "NETIF=\"ifname=eth0,host_ifname=p0,network=br0,configure=none,ip=192.0.2.7\"\n", "p0>",
	  "p0>br0(192.0.2.7) 192.0.2.7", NULL },

	{ "a dotted mask of a device", "NETIF=\"ifname=eth0,host_ifname=p0,ip=192.0.2.7/255.255.255.128\"\n", "p0>",
	  "p0>(192.0.2.7/25) 192.0.2.7", NULL },
	{ "gateways of a device", "NETIF=\"ifname=eth0,host_ifname=p0,gw=192.0.2.1,gw6=2001:db8::1,ip=192.0.2.7/24\"\n",
	  "p0>", "p0>(192.0.2.7/24)@192.0.2.1@2001:db8::1 192.0.2.7", NULL },
	{ "gateways of the other family", "NETIF=\"ifname=eth0,host_ifname=p0,gw=2001:db8::1,gw6=192.0.2.1\"\n", "p0>",
	  NULL, NULL },

	/* the wiki's key, and ours */
	{ "VETH_IP_ADDRESS", "NETIF=\"ifname=eth0,host_ifname=p0\"\nVETH_IP_ADDRESS=\"192.0.2.7/32 2001:db8::7\"\n",
	  "p0>(192.0.2.7 2001:db8::7) 192.0.2.7 2001:db8::7", NULL, NULL },
	{ "VETH_IP_ADDRESS before NETIF", "VETH_IP_ADDRESS=\"192.0.2.7\"\nNETIF=\"ifname=eth0,host_ifname=p0\"\n",
	  "p0>(192.0.2.7) 192.0.2.7", NULL, NULL },
	{ "VETH_IP_ADDRESS goes to the first device without a bridge",
	  "VETH_IP_ADDRESS=\"192.0.2.7\"\nNETIF=\"ifname=eth0,host_ifname=p0,bridge=br0,network=br0;ifname=eth1,host_"
	  "ifname=p1;"
	  "ifname=eth2,host_ifname=p2\"\n",
	  "p0>br0 p1>(192.0.2.7) p2> 192.0.2.7", NULL, NULL },
	{ "V8: vznetaddbr's bridge, for devices without one and without addresses",
	  "NETIF=\"ifname=eth0,host_ifname=p0,bridge=br0,network=br0;ifname=eth1,host_ifname=p1;ifname=eth2,host_"
	  "ifname=p2\"\n"
	  "VETH_IP_ADDRESS=\"192.0.2.7\"\nVZHOSTBR=\"br8\"\nVZHOSTBR=\"br9\"\n",
	  "p0>br0 p1>(192.0.2.7) p2>br9 192.0.2.7", "p0>br0 p1>(192.0.2.7) p2> 192.0.2.7", NULL },
	{ "V8: a bridge that cannot be", "NETIF=\"ifname=eth0,host_ifname=p0\"\nVZHOSTBR=\"a/b\"\n", "p0>", NULL,
	  NULL },
	{ "the last VETH_IP_ADDRESS counts, also behind one that is too long",
	  "VETH_IP_ADDRESS=\"10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 10.0.0.9 "
	  "10.0.0.10 "
	  "10.0.0.11 10.0.0.12 10.0.0.13 10.0.0.14 10.0.0.15 10.0.0.16 10.0.0.17\"\nVETH_IP_ADDRESS=\"192.0.2.7\"\n",
	  "192.0.2.7", NULL, NULL },
	{ "a device name that cannot be", "NAME=\"a\"\n\nGUESTARP_DEVICE=\"eth/3\"\n", "", NULL,
	  "f:3: GUESTARP_DEVICE: 'eth/3' is no device name" },
	{ "a device name that is too long", "GUESTARP_DEVICE=\"abcdefghijklmnop\"\n", "", NULL,
	  "f:1: GUESTARP_DEVICE: 'abcdefghijklmnop' is no device name" },
	{ "a device without a name", "GUESTARP_DEVICE=\"\"\n", "", NULL, "f:1: GUESTARP_DEVICE: '' is no device name" },
	{ "a device commented out", "#GUESTARP_DEVICE=\"eth/3\"\n", "", NULL, NULL },
};

/* What vzctl 3.x reads in another way than 4.x: it takes one quote at each end, whether they belong together or not. */
static const struct row_3 {
	const char *name;
	const char *words;
} vzctl_3[] = {
	{ "a comment behind a quoted value", "" },        { "a comment with quotes behind a quoted value", "" },
	{ "an unmatched quote", "[b] 192.0.2.7" },        { "an unmatched quote at the end", "b" },
	{ "no continuation lines", "192.0.2.7" },         { "V7: a quote and a comment behind addresses", "" },
	{ "V7: a quote that does not end", "192.0.2.7" },
};

static const char *words_of(const struct row *row, enum vz_family family)
{
	for (size_t i = 0; family == VZ_CLASSIC_3 && i < sizeof(vzctl_3) / sizeof(vzctl_3[0]); i++) {
		if (strcmp(vzctl_3[i].name, row->name) == 0)
			return vzctl_3[i].words;
	}
	return family == LIB && row->lib ? row->lib : row->classic;
}

static void append_ips(char *words, size_t size, const struct ip *ips, size_t count, const char *between)
{
	char ip[IP_TEXT];

	for (size_t i = 0; i < count; i++)
		assert_true(text_append(words, size, "%s%s", i > 0 ? " " : between, ip_to_str(&ips[i], ip)));
}

static const char *in_words(const struct guest *guest, char *words, size_t size)
{
	const char *blank = "";

	words[0] = '\0';
	if (guest->device[0]) {
		assert_true(text_append(words, size, "%s", guest->device));
		blank = " ";
	}
	if (guest->alias[0]) {
		assert_true(text_append(words, size, "%s[%s]", blank, guest->alias));
		blank = " ";
	}
	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct guest_nic *nic = &guest->nics[i];

		assert_true(text_append(words, size, "%s%s>%s%s", blank, nic->port, nic->bridge,
					nic->ip_count > 0 ? "(" : ""));
		for (size_t j = 0; j < nic->ip_count; j++) {
			append_ips(words, size, &nic->ips[j].ip, 1, j > 0 ? " " : "");
			if (nic->ips[j].prefix != ip_len(&nic->ips[j].ip) * 8)
				assert_true(text_append(words, size, "/%u", nic->ips[j].prefix));
		}
		assert_true(text_append(words, size, "%s", nic->ip_count > 0 ? ")" : ""));
		append_ips(words, size, &nic->gateway, nic->gateway.family != 0, "@");
		append_ips(words, size, &nic->gateway6, nic->gateway6.family != 0, "@");
		blank = " ";
	}
	append_ips(words, size, guest->ips, guest->ip_count, blank);
	return words;
}

static void start(struct guest *guest)
{
	memset(guest, 0, sizeof(*guest)); /* compared as a whole */
	assert_int_equal(guest_init(guest, GUEST_VZ, "101", NULL), 0);
}

static void check(const struct row *row, enum vz_family family)
{
	const char *want = words_of(row, family);
	struct guest guest;
	struct guest before;
	struct err err = { 0 };
	char words[1000];
	char *text = strdup(row->text);

	assert_non_null(text);
	start(&guest);
	before = guest;
	if (row->error) {
		assert_int_equal(vz_parse(&guest, family, "f", text, &err), -EINVAL);
		assert_string_equal(err.text, row->error);
		assert_memory_equal(&guest, &before, sizeof(guest));
	} else {
		assert_int_equal(vz_parse(&guest, family, "f", text, &err), 0);
		assert_string_equal(in_words(&guest, words, sizeof(words)), want);
	}
	free(text);
}

static void vzctl_3x(void **state)
{
	check(*state, VZ_CLASSIC_3);
}

static void vzctl_4x(void **state)
{
	check(*state, VZ_CLASSIC_4);
}

static void libvzctl(void **state)
{
	check(*state, LIB);
}

/* IP_ADDR, IP_ADD and IP_DEL of the environment. */
static const struct list {
	const char *name;
	const char *list;
	const char *classic;
	const char *lib;
} lists[] = {
	{ "nothing", "", "", NULL },
	{ "blanks alone", " \t ", "", NULL },
	{ "as vzctl writes it", "192.0.2.7/24 2001:db8::7", "192.0.2.7 2001:db8::7", NULL },
	{ "as libvzctl writes it", "192.0.2.7 2001:db8::7", "192.0.2.7 2001:db8::7", NULL },
	{ "all", "all", "", NULL },
	{ "commas", "192.0.2.7,192.0.2.8", "", "192.0.2.7 192.0.2.8" },
	{ "a bad one ends it", "192.0.2.7 bad 192.0.2.8", "192.0.2.7", NULL },
	{ "a token longer than any address",
	  "192.0.2.7 0000000000000000000000000000000000000000000000000000000000000000000 192.0.2.8", "192.0.2.7",
	  NULL },
	{ "nobody's", "0.0.0.0 :: ::0 192.0.2.7", "192.0.2.7", NULL },
	{ "V4: four", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", NULL },
	{ "V4: five", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5", "too many", NULL },
};

static const char *list_in_words(enum vz_family family, const char *text, char *words, size_t size)
{
	struct ip ips[5];
	size_t count = 7;
	int r;

	memset(ips, 0x55, sizeof(ips));
	words[0] = '\0';
	r = vz_parse_ips(family, text, ips, 4, &count);
	assert_int_equal(ips[4].family, 0x55);
	if (r < 0) {
		assert_int_equal(r, -E2BIG);
		assert_int_equal(count, 7);
		return "too many";
	}
	append_ips(words, size, ips, count, "");
	return words;
}

static void list(void **state)
{
	const struct list *row = *state;
	char words[200];

	assert_string_equal(list_in_words(VZ_CLASSIC_3, row->list, words, sizeof(words)), row->classic);
	assert_string_equal(list_in_words(VZ_CLASSIC_4, row->list, words, sizeof(words)), row->classic);
	assert_string_equal(list_in_words(LIB, row->list, words, sizeof(words)), row->lib ? row->lib : row->classic);
}

/* V4: more than there is room for is refused as a whole, and said in one line. */
static const struct many {
	const char *name;
	unsigned ips, veth_ips, nics;
	bool good;
} manys[] = {
	{ "V4: 128 addresses", 128, 0, 0, true },
	{ "V4: 129 addresses", 129, 0, 0, false },
	{ "V4: 1000 addresses", 1000, 0, 2, false },
	{ "V4: 16 addresses of a device", 2, 16, 1, true },
	{ "V4: 17 addresses of a device", 2, 17, 1, false },
	{ "V4: all of them", 112, 16, 1, true },
	{ "V4: one more than all of them", 113, 16, 1, false },
	{ "V4: 32 devices", 1, 0, 32, true },
	{ "V4: 33 devices", 1, 0, 33, false },
};

static void many(void **state)
{
	static const enum vz_family families[] = { VZ_CLASSIC_3, VZ_CLASSIC_4, LIB };
	const struct many *row = *state;

	for (size_t f = 0; f < 3; f++) {
		char text[30000] = "NAME=b\nIP_ADDRESS=\"";
		struct guest guest;
		struct err err = { 0 };
		int r;

		for (unsigned i = 0; i < row->ips; i++)
			assert_true(text_append(text, sizeof(text), " 198.18.%u.%u", i / 256, i % 256));
		assert_true(text_append(text, sizeof(text), "\"\nVETH_IP_ADDRESS=\""));
		for (unsigned i = 0; i < row->veth_ips; i++)
			assert_true(text_append(text, sizeof(text), " 198.19.0.%u", i));
		assert_true(text_append(text, sizeof(text), "\"\nNETIF=\""));
		for (unsigned i = 0; i < row->nics; i++)
			assert_true(text_append(text, sizeof(text), "ifname=eth%u,host_ifname=p%u;", i, i));
		assert_true(text_append(text, sizeof(text), "\"\n"));
		start(&guest);
		r = vz_parse(&guest, families[f], "f", text, &err);
		assert_int_equal(r, row->good ? 0 : -E2BIG);
		assert_string_equal(guest.alias, "b");
		assert_int_equal(guest.nic_count, row->nics > 32 ? 32 : row->nics);
		assert_int_equal(guest.ip_count, row->good ? row->ips + row->veth_ips : 0);
		for (size_t i = 0; i < guest.nic_count; i++)
			assert_int_equal(guest.nics[i].ip_count, row->good && i == 0 ? row->veth_ips : 0);
		if (!row->good)
			assert_string_equal(err.text, "f: more than 128 addresses, 16 of one device, or 32 devices: "
						      "nothing is done for its addresses");
	}
}

static void long_names(void **state)
{
	char text[400] = "NETIF=\"ifname=eth12\"\nNAME=\"";
	struct guest guest;

	(void)state;
	/* As vzctl cuts it. */
	assert_int_equal(guest_init(&guest, GUEST_VZ, "2147483644", NULL), 0);
	memset(text + strlen(text), 'n', 300);
	assert_true(text_append(text, sizeof(text), "\"\n"));
	assert_int_equal(vz_parse(&guest, VZ_CLASSIC_4, "f", text, NULL), 0);
	assert_int_equal(guest.nic_count, 1);
	assert_string_equal(guest.nics[0].port, "veth2147483644.");
	assert_string_equal(guest.alias, "");
}

/* The blank makes the quotes part of the name; libvzctl has cut the last one off. */
static void blank_before_device(void **state)
{
	char classic_text[] = "GUESTARP_DEVICE= \"eth3\"\n";
	char lib_text[] = "GUESTARP_DEVICE= \"eth3\"\n";
	struct guest guest;
	struct err err = { 0 };

	(void)state;
	start(&guest);
	assert_int_equal(vz_parse(&guest, VZ_CLASSIC_4, "f", classic_text, &err), -EINVAL);
	assert_string_equal(err.text, "f:1: GUESTARP_DEVICE: ' \"eth3\"' is no device name");
	assert_int_equal(vz_parse(&guest, LIB, "f", lib_text, &err), -EINVAL);
	assert_string_equal(err.text, "f:1: GUESTARP_DEVICE: ' \"eth3' is no device name");
}

#define CONF "/etc/vz/conf/101.conf"

static void read_file(void **state)
{
	struct guest guest;
	struct err err = { 0 };
	char words[1000];

	(void)state;
	root_clean();
	start(&guest);
	assert_int_equal(vz_read(&guest, &err), -ENOENT);
	assert_non_null(strstr(err.text, CONF));
	root_put(CONF, "NAME=b\"\nGUESTARP_DEVICE='a'\nIP_ADDRESS=\"192.0.2.7\"\n");
	assert_int_equal(vz_family(), VZ_CLASSIC_4);
	assert_int_equal(vz_read(&guest, &err), 0);
	assert_string_equal(in_words(&guest, words, sizeof(words)), "'a' 192.0.2.7");

	/* guestarp's own link makes no directory vzctl's. */
	root_put("/usr/lib/vzctl/scripts/vznet-custom", "");
	assert_int_equal(vz_family(), VZ_CLASSIC_4);
	root_put("/usr/lib/vzctl/scripts/vps-functions", "");
	assert_int_equal(vz_family(), VZ_CLASSIC_3);
	start(&guest);
	assert_int_equal(vz_read(&guest, &err), 0);
	assert_string_equal(in_words(&guest, words, sizeof(words)), "'a' [b] 192.0.2.7");
	root_put("/usr/lib/vzctl/scripts/vps-netns_dev_add", "");
	assert_int_equal(vz_family(), VZ_CLASSIC_4);
	root_put("/usr/lib64/vzctl/scripts/vps-functions", "");
	assert_int_equal(vz_family(), VZ_CLASSIC_3);
	root_put("/usr/libexec/vzctl/scripts/vps-functions", "");
	assert_int_equal(vz_family(), VZ_CLASSIC_4);

	root_put("/usr/libexec/libvzctl/scripts/x", "");
	assert_int_equal(vz_family(), LIB);
	start(&guest);
	assert_int_equal(vz_read(&guest, &err), 0);
	assert_string_equal(in_words(&guest, words, sizeof(words)), "a [b] 192.0.2.7");

	/* libvzctl's file is a link into the container's private area. */
	root_put("/vz/private/101/ve.conf", "NAME=\"b\"\n");
	assert_int_equal(unlink(root_path(CONF)), 0);
	assert_int_equal(symlink("../../../vz/private/101/ve.conf", root_path(CONF)), 0);
	start(&guest);
	assert_int_equal(vz_read(&guest, &err), 0);
	assert_string_equal(in_words(&guest, words, sizeof(words)), "[b]");
	root_clean();
}

/* V8: EXTERNAL_SCRIPT before ours. */
static const struct external {
	const char *name;
	const char *text;
	const char *path; /* NULL: refused */
} externals[] = {
	{ "nothing", "", "" },
	{ "ours alone", "EXTERNAL_SCRIPT=\"/usr/lib/vzctl/scripts/vznet-custom\"\n", "" },
	{ "another before ours",
	  "#!/bin/bash\nEXTERNAL_SCRIPT=\"/usr/sbin/vznetaddbr\"\nEXTERNAL_SCRIPT=\"/x/vznet-custom\"\n",
	  "/usr/sbin/vznetaddbr" },
	{ "and behind it", "EXTERNAL_SCRIPT=/x/vznet-custom\nEXTERNAL_SCRIPT=/usr/sbin/vznetaddbr # mine\n",
	  "/usr/sbin/vznetaddbr" },
	{ "the last of two", "EXTERNAL_SCRIPT=/a\n export EXTERNAL_SCRIPT='/b'; true\n", "/b" },
	{ "taken away again", "EXTERNAL_SCRIPT=/a\nEXTERNAL_SCRIPT=\n", "" },
	{ "a comment", "#EXTERNAL_SCRIPT=/a\n# EXTERNAL_SCRIPT=/a\nXEXTERNAL_SCRIPT=/a\n", "" },
	{ "a shell's variable", "EXTERNAL_SCRIPT=\"$DIR/vznetaddbr\"\n", NULL },
	{ "no path", "EXTERNAL_SCRIPT=vznetaddbr\n", NULL },
};

static void external(void **state)
{
	const struct external *row = *state;
	char path[VZ_EXTERNAL_SIZE] = "as it was";
	struct err err = { 0 };
	char *text = strdup(row->text);

	assert_non_null(text);
	assert_int_equal(vz_external_parse("f", text, path, &err), row->path ? 0 : -EINVAL);
	assert_string_equal(path, row->path ? row->path : "as it was");
	if (!row->path)
		assert_non_null(strstr(err.text, "f:1: EXTERNAL_SCRIPT: '"));
	free(text);
}

static const struct id {
	const char *name;
	const char *id;
	bool good;
} ids[] = {
	{ "a number", "101", true },
	{ "one", "1", true },
	{ "the largest", "2147483644", true },
	{ "a UUID", "5f4e7c1a-3b52-4c6e-9d1f-000000000101", true },
	{ "empty", "", false },
	{ "a path", "../101", false },
	{ "a dot", ".", false },
	{ "a slash", "101/x", false },
	{ "a newline", "101\n", false },
	{ "a blank", "101 102", false },
};

static void id(void **state)
{
	const struct id *row = *state;
	struct guest guest;

	assert_int_equal(guest_init(&guest, GUEST_VZ, row->id, NULL), row->good ? 0 : -EINVAL);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, vzctl_3x, rows);
	TABLE_ROWS(&table, vzctl_4x, rows);
	TABLE_ROWS(&table, libvzctl, rows);
	TABLE_ROWS(&table, list, lists);
	TABLE_ROWS(&table, external, externals);
	TABLE_ROWS(&table, id, ids);
	TABLE_TEST(&table, blank_before_device);
	TABLE_ROWS(&table, many, manys);
	TABLE_TEST(&table, long_names);
	TABLE_TEST(&table, read_file);
	return table_run(&table, root_setup, root_teardown);
}
