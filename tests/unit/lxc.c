/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read from LXC's container configurations, as a table. */

#include "guest/lxc.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "root.h"

#define SIXTEEN                                                                                                        \
	"lxc.net.0.ipv4.address = 10.0.0.1\nlxc.net.0.ipv4.address = 10.0.0.2\nlxc.net.0.ipv4.address = 10.0.0.3\n"    \
	"lxc.net.0.ipv4.address = 10.0.0.4\nlxc.net.0.ipv4.address = 10.0.0.5\nlxc.net.0.ipv4.address = 10.0.0.6\n"    \
	"lxc.net.0.ipv4.address = 10.0.0.7\nlxc.net.0.ipv4.address = 10.0.0.8\nlxc.net.0.ipv4.address = 10.0.0.9\n"    \
	"lxc.net.0.ipv6.address = 2001:db8::1\nlxc.net.0.ipv6.address = 2001:db8::2\nlxc.net.0.ipv6.address = "        \
	"2001:db8::3\n"                                                                                                \
	"lxc.net.0.ipv6.address = 2001:db8::4\nlxc.net.0.ipv6.address = 2001:db8::5\nlxc.net.0.ipv6.address = "        \
	"2001:db8::6\n"                                                                                                \
	"lxc.net.0.ipv6.address = 2001:db8::7\n"

#define WEB "lxc.net.0.ipv4.address = 10.0.0.1/24\n"

#define SIXTEEN_READ                                                                                                   \
	"10.0.0.1/8 10.0.0.2/8 10.0.0.3/8 10.0.0.4/8 10.0.0.5/8 10.0.0.6/8 10.0.0.7/8 10.0.0.8/8 10.0.0.9/8 "          \
	"2001:db8::1/64 2001:db8::2/64 2001:db8::3/64 2001:db8::4/64 2001:db8::5/64 2001:db8::6/64 2001:db8::7/64"

/*
 * What is read, in one line: "hooked", "via" the device towards it ("LXC's" where LXC adds the route), each NIC as
 * N:port>bridge(its addresses)@its gateways, and "skipped" or "routed" behind it. Then what is said of it, "; "
 * between.
 */
static const struct row {
	const char *name;
	const char *text;
	const char *want;
	const char *notes; /* NULL: none */
} rows[] = {
	{ "nothing", "", "", NULL },
	{ "no network", "lxc.uts.name = web\nlxc.rootfs.path = dir:/x=y\n", "", NULL },
	{ "bridged",
	  "lxc.net.0.type = veth\nlxc.net.0.link = lxcbr0\nlxc.net.0.flags = up\nlxc.net.0.name = eth0\n"
	  "lxc.net.0.veth.pair = vethweb\nlxc.net.0.ipv4.address = 10.0.3.7/24 10.0.3.255\n"
	  "lxc.net.0.ipv4.gateway = 10.0.3.1\nlxc.net.0.ipv6.address = 2001:DB8::7/64\n",
	  "0:vethweb>lxcbr0(10.0.3.7/24 2001:db8::7/64)@10.0.3.1", NULL },
	{ "bridged, LXC names the port", "lxc.net.0.link = lxcbr0\n", "0:>lxcbr0", NULL },
	{ "routed by LXC", "lxc.net.0.veth.mode = router\nlxc.net.0.veth.pair = web.0\n",
	  "via web.0 LXC's 0:web.0> routed", NULL },
	{ "routed by LXC beside a link",
	  "lxc.net.0.veth.mode = router\nlxc.net.0.veth.pair = web.0\nlxc.net.0.link = eth0\n",
	  "via web.0 LXC's 0:web.0> routed", NULL },
	{ "a veth without a bridge", "lxc.net.0.veth.pair = web.0\n", "via web.0 0:web.0>", NULL },
	{ "bridge mode", "lxc.net.0.veth.mode = bridge\nlxc.net.0.veth.pair = a\nlxc.net.0.link = b\n", "0:a>b", NULL },
	{ "the first routed one", "lxc.net.1.veth.pair = a\nlxc.net.3.veth.pair = b\n", "via a 1:a> 3:b>", NULL },
	{ "in any order", "lxc.net.2.link = b\nlxc.net.0.link = a\nlxc.net.2.veth.pair = c\n", "0:>a 2:c>b", NULL },
	{ "the last number", "lxc.net.31.link = a\n", "31:>a", NULL },
	{ "numbers that are not looked at",
	  "lxc.net.32.link = a\nlxc.net.01.link = a\nlxc.net.x.link = a\nlxc.net..link = a\n"
	  "lxc.net.100000000000.link = a\nlxc.network.link = a\n",
	  "", NULL },
	{ "an address without a prefix", "lxc.net.0.ipv4.address = 10.0.3.7\n", "0:>(10.0.3.7/8)", NULL },
	{ "as many addresses as there can be", SIXTEEN, "0:>(" SIXTEEN_READ ")", NULL },

	/* what empties a key */
	{ "an empty name", "lxc.net.0.link = a\nlxc.net.0.veth.pair = b\nlxc.net.0.link =\n", "via b 0:b>", NULL },
	{ "an empty address",
	  "lxc.net.0.ipv4.address = 10.0.3.7\nlxc.net.0.ipv6.address = 2001:db8::7\nlxc.net.0.ipv4.address =\n",
	  "0:>(2001:db8::7/64)", NULL },
	{ "an empty IPv6 address",
	  "lxc.net.0.ipv4.address = 10.0.3.7\nlxc.net.0.ipv6.address = 2001:db8::7\nlxc.net.0.ipv6.address = \"\"\n",
	  "0:>(10.0.3.7/8)", NULL },
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

	/* what is skipped */
	{ "a bridge's name too long",
	  "\nlxc.net.0.link = abcdefghijklmnop\nlxc.net.0.veth.pair = a\nlxc.net.1.link = b\n", "0:a> skipped 1:>b",
	  "f:2: lxc.net.0.link: bad value 'abcdefghijklmnop'; the NIC is skipped" },
	{ "a bridge's name that a later one replaces", "lxc.net.0.link = a/b\nlxc.net.0.link = b\n", "0:>b",
	  "f:1: lxc.net.0.link: bad value 'a/b'; the NIC is skipped" },
	{ "a port's name that cannot be", "lxc.net.0.veth.pair = ../a\nlxc.net.0.link = b\n", "0:>b",
	  "f:1: lxc.net.0.veth.pair: bad value '../a'; the port's name is skipped" },
	{ "no address", "lxc.net.0.link = a\nlxc.net.0.ipv4.address = dhcp\nlxc.net.0.ipv4.address = 10.0.3.7/24\n",
	  "0:>a(10.0.3.7/24)", "f:2: lxc.net.0.ipv4.address: bad value 'dhcp'; the address is skipped" },
	{ "a prefix too long", "lxc.net.0.ipv4.address = 10.0.3.7/33\n", "0:>",
	  "f:1: lxc.net.0.ipv4.address: bad value '10.0.3.7/33'; the address is skipped" },
	{ "an empty prefix", "lxc.net.0.ipv4.address = 10.0.3.7/\n", "0:>",
	  "f:1: lxc.net.0.ipv4.address: bad value '10.0.3.7/'; the address is skipped" },
	{ "the other family", "lxc.net.0.ipv4.address = 2001:db8::7\n", "0:>",
	  "f:1: lxc.net.0.ipv4.address: bad value '2001:db8::7'; the address is skipped" },
	{ "an address of no guest", "lxc.net.0.ipv4.address = 127.0.0.1/8\n", "0:>",
	  "f:1: lxc.net.0.ipv4.address: no guest can be reached by '127.0.0.1/8'; the address is skipped" },
	{ "one address too many", SIXTEEN "lxc.net.0.ipv6.address = 2001:db8::8\n", "0:>(" SIXTEEN_READ ")",
	  "f:17: lxc.net.0.ipv6.address: more addresses than guestarp keeps of a NIC: '2001:db8::8'; the address is "
	  "skipped" },
	{ "a gateway that is none", "lxc.net.0.ipv4.gateway = 10.0.3.1\nlxc.net.0.ipv4.gateway = x\n", "0:>",
	  "f:2: lxc.net.0.ipv4.gateway: bad value 'x'; the gateway is skipped" },
	{ "control characters are not shown", "lxc.net.0.link = a\033b/\n", "0:> skipped",
	  "f:1: lxc.net.0.link: bad value 'a?b/'; the NIC is skipped" },

	/* prefixes as LXC reads them */
	{ "an octal prefix", "lxc.net.0.ipv4.address = 10.0.3.7/030\n", "0:>(10.0.3.7/24)", NULL },
	{ "a hexadecimal prefix", "lxc.net.0.ipv4.address = 10.0.3.7/0x18\n", "0:>(10.0.3.7/24)", NULL },
	{ "a class B", "lxc.net.0.ipv4.address = 172.16.3.7\n", "0:>(172.16.3.7/16)", NULL },
	{ "a class C", "lxc.net.0.ipv4.address = 192.0.2.7\n", "0:>(192.0.2.7/24)", NULL },

	/* gateways, and NICs that are in no bridge */
	{ "gateways", "lxc.net.0.ipv4.gateway = 10.0.3.1\nlxc.net.0.ipv6.gateway = fe80::1\n", "0:>@10.0.3.1@fe80::1",
	  NULL },
	{ "gateways that are no address", "lxc.net.0.ipv4.gateway = auto\nlxc.net.0.ipv6.gateway = dev\n", "0:>",
	  NULL },
	{ "an empty gateway", "lxc.net.0.ipv4.gateway = 10.0.3.1\nlxc.net.0.ipv4.gateway =\n", "0:>", NULL },
	{ "l2proxy", "lxc.net.0.type = ipvlan\nlxc.net.0.link = eth0\nlxc.net.0.l2proxy = 1\n", "0:> routed", NULL },
	{ "l2proxy off", "lxc.net.0.type = veth\nlxc.net.0.link = br0\nlxc.net.0.l2proxy = 0\n", "0:>br0", NULL },
	{ "macvlan's link is no bridge", "lxc.net.0.type = macvlan\nlxc.net.0.link = eth0\n", "0:>", NULL },
	{ "another type has no port", "lxc.net.0.type = macvlan\nlxc.net.0.veth.pair = a\n", "0:a>", NULL },
	{ "router mode removed", "lxc.net.0.veth.mode = router\nlxc.net.0.link = b\nlxc.net.0.veth.mode = bridge\n",
	  "0:>b", NULL },

	/* what is included: inc/ has these files */
	{ "the bridge is in another file", "lxc.include = /inc/net.conf\nlxc.net.0.veth.pair = web0\n" WEB,
	  "0:web0>br0(10.0.0.1/24)", NULL },
	{ "a later line counts", "lxc.include = /inc/net.conf\nlxc.net.0.link = br1\n", "0:>br1", NULL },
	{ "a later file counts", "lxc.net.0.link = br1\nlxc.include = /inc/net.conf\n", "0:>br0", NULL },
	{ "a file in a file", "lxc.include = /inc/outer.conf\nlxc.net.1.link = br1\n", "0:>br0 1:>br1 2:>br2", NULL },
	{ "a directory", "lxc.include = /inc/d/\nlxc.net.1.link = br1\n", "0:>br0 1:>br1", NULL },
	{ "quotes", "lxc.include = \"/inc/net.conf\"\n", "0:>br0", NULL },
	{ "an included file clears", "lxc.net.0.link = br1\nlxc.include = /inc/clear.conf\nlxc.net.2.link = br2\n",
	  "2:>br2", NULL },
	{ "an empty include", "lxc.include =\nlxc.net.0.veth.pair = a\n", "via a 0:a>", NULL },
	{ "a hook in an included file is no line of its own", "lxc.include = /inc/hook.conf\n", "", NULL },
	{ "its own hook behind an included file",
	  "lxc.include = /inc/net.conf\nlxc.hook.start-host = /usr/libexec/guestarp/guestarp-lxc\n", "hooked 0:>br0",
	  NULL },
	{ "a bad line in an included file", "\nlxc.include = /inc/bad.conf\nlxc.net.0.link = x/y\n", "0:> skipped",
	  "/inc/bad.conf:2: lxc.net.0.link: bad value 'a/b'; the NIC is skipped; f:3: lxc.net.0.link: bad value 'x/y'; "
	  "the "
	  "NIC is skipped" },
	{ "a file that is not there", "lxc.include = /inc/gone.conf\nlxc.net.0.veth.pair = web0\n" WEB,
	  "0:web0>(10.0.0.1/24)", "/inc/gone.conf: No such file or directory" },
	{ "a file that is not there, in router mode",
	  "lxc.include = /inc/gone.conf\nlxc.net.0.veth.mode = router\nlxc.net.0.veth.pair = a\n",
	  "via a LXC's 0:a> routed", "/inc/gone.conf: No such file or directory" },
	{ "a symbolic link", "lxc.include = /inc/link.conf\n", "", "/inc/link.conf: refused, it is a symbolic link" },
	{ "a symbolic link to a directory", "lxc.include = /inc/link.d\n", "",
	  "/inc/link.d: refused, it is a symbolic link" },
	{ "a FIFO", "lxc.include = /inc/fifo\n", "", "/inc/fifo: not a regular file" },
	{ "a file too large", "lxc.include = /inc/large.conf\n", "", "/inc/large.conf: larger than 1048576 bytes" },
	{ "a relative path", "lxc.include = inc/net.conf\n", "",
	  "f:1: lxc.include: no absolute path 'inc/net.conf'; the line is skipped" },
	{ "a path with an escape", "lxc.include = /inc/\033[31m\n", "",
	  "f:1: lxc.include: no absolute path '/inc/?[31m'; the line is skipped" },
	{ "a file that includes itself", "lxc.include = /inc/self.conf\nlxc.net.1.link = br1\n", "0:>br0 1:>br1",
	  "/inc/self.conf: not read, there are too many files that include each other" },
	{ "too many files", "lxc.include = /inc/many\nlxc.net.1.link = br1\n", "0:>br0 1:>br1",
	  "/inc/net.conf: not read, there are too many files that include each other" },
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
			assert_true(text_append(words, size, "%s%s/%u", j ? " " : "(", ip_to_str(&nic->ips[j].ip, ip),
						nic->ips[j].prefix));
		assert_true(text_append(words, size, "%s", nic->ip_count ? ")" : ""));
		if (nic->gateway.family)
			assert_true(text_append(words, size, "@%s", ip_to_str(&nic->gateway, ip)));
		if (nic->gateway6.family)
			assert_true(text_append(words, size, "@%s", ip_to_str(&nic->gateway6, ip)));
		assert_true(
			text_append(words, size, "%s%s", nic->skipped ? " skipped" : "", nic->routed ? " routed" : ""));
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

static void put_includes(void)
{
	static char large[1024 * 1024 + 1];
	char many[6400] = "";

	for (unsigned i = 0; i < 100; i++)
		assert_true(text_append(many, sizeof(many), "lxc.include = /inc/net.conf\n"));
	memset(large, '#', sizeof(large));
	root_put("/inc/net.conf", "lxc.net.0.type = veth\nlxc.net.0.link = br0\n");
	root_put("/inc/outer.conf", "lxc.include = /inc/net.conf\nlxc.net.1.link = br0\nlxc.net.2.link = br2\n");
	root_put("/inc/clear.conf", "lxc.net =\n");
	root_put("/inc/hook.conf", "lxc.hook.start-host = /usr/libexec/guestarp/guestarp-lxc\n");
	root_put("/inc/bad.conf", "\nlxc.net.0.link = a/b\n");
	root_put("/inc/self.conf", "lxc.net.0.link = br0\nlxc.include = /inc/self.conf\n");
	root_put("/inc/many", many);
	root_put_bytes("/inc/large.conf", large, sizeof(large), 0644);
	root_put("/inc/d/10-net.conf", "lxc.net.0.link = br0\n");
	root_put("/inc/d/20-empty.conf", "");
	root_put("/inc/d/README", "lxc.net.9.link = br9\n");
	root_put("/inc/d/.conf", "lxc.net.9.link = br9\n");
	assert_int_equal(symlink("net.conf", root_path("/inc/link.conf")), 0);
	assert_int_equal(symlink("d", root_path("/inc/link.d")), 0);
	assert_int_equal(mkfifo(root_path("/inc/fifo"), 0600), 0);
}

static int setup(void **state)
{
	int r = root_setup(state);

	if (r == 0)
		put_includes();
	return r;
}

static const char *notes_in_words(const struct notes *notes, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < notes->count; i++)
		(void)text_append(text, size, "%s%s", i ? "; " : "", notes->line[i]);
	return text;
}

static void parse(void **state)
{
	const struct row *row = *state;
	struct guest guest;
	char words[1000];
	char notes[1000];
	char *text = strdup(row->text);

	assert_non_null(text);
	assert_int_equal(guest_init(&guest, GUEST_LXC, "web", NULL), 0);
	lxc_parse(&guest, "f", text);
	assert_string_equal(notes_in_words(&guest.notes, notes, sizeof(notes)), row->notes ? row->notes : "");
	assert_string_equal(in_words(&guest, words, sizeof(words)), row->want);
	check_ips(&guest);
	free(text);
}

/* Which container of its name it is, by where its configuration lies. */
static const struct place {
	const char *name;
	const char *config; /* as LXC gives it */
	const char *id;
	const char *lxcpath;
} places[] = {
	{ "not known", "", "web", "" },
	{ "the usual one", "/var/lib/lxc/web/config", "web", "" },
	{ "the usual one with slashes", "/var/lib/lxc//web/config", "web", "" },
	{ "another", "/srv/lxc/web/config", "web@/srv/lxc", "/srv/lxc" },
	{ "another with slashes", "/srv/lxc//web/config", "web@/srv/lxc", "/srv/lxc" },
	{ "another container's", "/srv/lxc/web2/config", "web", "" },
	{ "a name's end", "/srv/lxc/myweb/config", "web", "" },
	{ "any file", "/srv/web.conf", "web", "" },
	{ "no whole path", "lxc/web/config", "web", "" },
	{ "the root directory", "/web/config", "web", "" },
	{ "a blank and a colon", "/srv/my lxc:1/web/config", "web@/srv/my%20lxc%3A1", "/srv/my lxc:1" },
	{ "an at and a percent sign", "/srv/a@b%/web/config", "web@/srv/a%40b%25", "/srv/a@b%" },
	{ "a byte over 127", "/srv/\xc3\xa4/web/config", "web@/srv/%C3%A4", "/srv/\xc3\xa4" },
};

static void identify(void **state)
{
	const struct place *row = *state;
	struct guest guest;
	struct guest again;
	char name[GUEST_NAME_SIZE];

	assert_int_equal(lxc_identify(&guest, "web", row->config, NULL), 0);
	assert_string_equal(guest.id, row->id);
	assert_string_equal(guest.lxcpath, row->lxcpath);
	assert_string_equal(guest.alias, row->lxcpath[0] ? "web" : "");
	assert_string_equal(guest_lxc_name(&guest), "web");
	/* All of it is in the name. */
	assert_true(guest_init_named(&again, guest_name(&guest, name), '/'));
	assert_string_equal(again.id, guest.id);
	assert_string_equal(again.lxcpath, guest.lxcpath);
	assert_string_equal(again.alias, guest.alias);
	assert_true(guest_names_one(name));
	assert_true(guest_names_one(guest.id));
}

/* Rather none than one that may be another's. */
static void identify_long(void **state)
{
	struct guest guest;
	struct err err = { 0 };
	char config[300];

	(void)state;
	(void)snprintf(config, sizeof(config), "/%0127d/web/config", 7);
	assert_int_equal(lxc_identify(&guest, "web", config, NULL), 0);
	(void)snprintf(config, sizeof(config), "/%0128d/web/config", 7);
	assert_int_equal(lxc_identify(&guest, "web", config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "too long for an lxcpath (128 bytes)"));
}

/* It is read from its own lxcpath. */
static void read_place(void **state)
{
	struct guest guest;

	(void)state;
	root_put("/srv/lxc/web/config", "lxc.net.0.link = br1\n");
	assert_int_equal(lxc_identify(&guest, "web", root_path("/srv/lxc/web/config"), NULL), 0);
	assert_int_equal(lxc_read(&guest, NULL, NULL), 0);
	assert_string_equal(guest.nics[0].bridge, "br1");
	assert_string_equal(guest.alias, "web");
	/* The usual one lies below GUESTARP_ROOT. */
	assert_int_equal(lxc_identify(&guest, "web", root_path("/var/lib/lxc/web/config"), NULL), 0);
	assert_string_equal(guest.id, "web");
}

/* The file itself: others' are refused, and the guest keeps its name. */
static void read_file(void **state)
{
	struct guest guest;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(guest_init(&guest, GUEST_LXC, "web", NULL), 0);
	assert_int_equal(lxc_read(&guest, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "/var/lib/lxc/web/config: No such file or directory");
	root_put_bytes("/var/lib/lxc/web/config", "", 0, 0666);
	assert_int_equal(lxc_read(&guest, NULL, &err), -EACCES);
	assert_string_equal(guest.id, "web");
	/* What a file names that is given by its path lies where it says, not below GUESTARP_ROOT. */
	root_put("/var/lib/lxc/web/config", "lxc.include = /inc/net.conf\n");
	assert_int_equal(lxc_read(&guest, root_path("/var/lib/lxc/web/config"), &err), 0);
	assert_int_equal(guest.notes.count, 1);
	assert_string_equal(guest.notes.line[0], "/inc/net.conf: No such file or directory");
	assert_int_equal(lxc_read(&guest, NULL, &err), 0);
	assert_int_equal(guest.notes.count, 0);
	assert_string_equal(guest.nics[0].bridge, "br0");
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, parse, rows);
	TABLE_ROWS(&table, identify, places);
	TABLE_TEST(&table, identify_long);
	TABLE_TEST(&table, read_place);
	TABLE_TEST(&table, read_file);
	return table_run(&table, setup, root_teardown);
}
