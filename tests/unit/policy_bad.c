/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestarp.json: every mistake that it can have, and every error in full. */

#include "policy/policy.h"

#include "policy_rows.h"

static const struct row rows[] = {
	/* Every key's bad values. */
	{ "ports: another word", NULL, "{\"defaults\": {\"ports\": \"loud\"}}", "broken",
	  HOST "defaults.ports: \"loud\" is not \"quiet\" or \"leave\"" },
	{ "a device's quiet: a word", NULL, "{\"devices\": {\"vmbr9\": {\"quiet\": \"yes\"}}}",
	  "broken vmbr9:", HOST "devices.vmbr9.quiet: \"yes\" is not true or false" },
	{ "firewall_bridge: another word", NULL, "{\"defaults\": {\"firewall_bridge\": \"quite\"}}", "broken",
	  HOST "defaults.firewall_bridge: \"quite\" is not \"quiet\" or \"leave\"" },
	{ "firewall_bridge: null", NULL, "{\"defaults\": {\"firewall_bridge\": null}}", "broken",
	  HOST "defaults.firewall_bridge: null is not \"quiet\" or \"leave\"" },
	{ "firewall_bridge: true", NULL, "{\"guests\": {\"101\": {\"firewall_bridge\": true}}}", "managed broken",
	  HOST "guests.101.firewall_bridge: true is not \"quiet\" or \"leave\"" },
	{ "an escaped NUL in a value", NULL, "{\"defaults\": {\"firewall_bridge\": \"leave\\u0000x\"}}", "broken",
	  HOST "line 1, column 40: a NUL character" },
	{ "bridge_mac: another word", NULL, "{\"defaults\": {\"bridge_mac\": \"PIN\"}}", "broken",
	  HOST "defaults.bridge_mac: \"PIN\" is not \"pin\" or \"leave\"" },
	{ "bridge_mac: a list", NULL, "{\"defaults\": {\"bridge_mac\": [\"pin\"]}}", "broken",
	  HOST "defaults.bridge_mac: [\"pin\"] is not \"pin\" or \"leave\"" },
	{ "device: too long", NULL, "{\"defaults\": {\"device\": \"abcdefghijklmnop\"}}", "broken",
	  HOST "defaults.device: \"abcdefghijklmnop\" is not a device name (1 to 15 characters) or null" },
	{ "device: empty", NULL, "{\"defaults\": {\"device\": \"\"}}", "broken",
	  HOST "defaults.device: \"\" is not a device name (1 to 15 characters) or null" },
	{ "device: a path", NULL, "{\"defaults\": {\"device\": \"../eth0\"}}", "broken",
	  HOST "defaults.device: \"../eth0\" is not a device name (1 to 15 characters) or null" },
	{ "device: a list", NULL, "{\"defaults\": {\"device\": [\"eth3\"]}}", "broken",
	  HOST "defaults.device: [\"eth3\"] is not a device name (1 to 15 characters) or null" },
	{ "device: false", NULL, "{\"defaults\": {\"device\": false}}", "broken",
	  HOST "defaults.device: false is not a device name (1 to 15 characters) or null" },
	{ "device: a line break in it", NULL, "{\"defaults\": {\"device\": \"eth3\\nx\"}}", "broken",
	  HOST "defaults.device: \"eth3\\nx\" is not a device name (1 to 15 characters) or null" },
	{ "route: a number", NULL, "{\"guests\": {\"*\": {\"route\": 3}}}", "managed broken all",
	  HOST "guests.*.route: 3 is not a device name (1 to 15 characters) or null" },
	{ "route: a blank", NULL, "{\"defaults\": {\"route\": \"vm br0\"}}", "broken",
	  HOST "defaults.route: \"vm br0\" is not a device name (1 to 15 characters) or null" },
	{ "addresses: another word", NULL, "{\"defaults\": {\"addresses\": \"auto\"}}", "broken",
	  HOST "defaults.addresses: \"auto\" is not \"config\" or a list of addresses" },
	{ "addresses: null", NULL, "{\"defaults\": {\"addresses\": null}}", "broken",
	  HOST "defaults.addresses: null is not \"config\" or a list of addresses" },
	{ "addresses: a bare address", NULL, "{\"defaults\": {\"addresses\": \"192.0.2.7\"}}", "broken",
	  HOST "defaults.addresses: \"192.0.2.7\" is not \"config\" or a list of addresses" },
	{ "addresses: one with a prefix", NULL, "{\"defaults\": {\"addresses\": [\"192.0.2.8\", \"192.0.2.7\\/24\"]}}",
	  "broken", HOST "defaults.addresses: \"192.0.2.7/24\" is not an address of a host" },
	{ "addresses: multicast", NULL, "{\"guests\": {\"100-199\": {\"addresses\": [\"224.0.0.1\"]}}}",
	  "managed broken", HOST "guests.100-199.addresses: \"224.0.0.1\" is not an address of a host" },
	{ "addresses: a number", NULL, "{\"defaults\": {\"addresses\": [1]}}", "broken",
	  HOST "defaults.addresses: 1 is not an address of a host" },
	{ "addresses: null in the list", NULL, "{\"defaults\": {\"addresses\": [null]}}", "broken",
	  HOST "defaults.addresses: null is not an address of a host" },
	{ "probe: true", NULL, "{\"defaults\": {\"probe\": true}}", "broken",
	  HOST "defaults.probe: true is not \"off\", \"warn\" or \"refuse\"" },
	{ "probe: another word", NULL, "{\"defaults\": {\"probe\": \"on\"}}", "broken",
	  HOST "defaults.probe: \"on\" is not \"off\", \"warn\" or \"refuse\"" },
	{ "announce: 11", NULL, "{\"defaults\": {\"announce\": 11}}", "broken",
	  HOST "defaults.announce: 11 is not a whole number from 0 to 10" },
	{ "announce: -1", NULL, "{\"defaults\": {\"announce\": -1}}", "broken",
	  HOST "defaults.announce: -1 is not a whole number from 0 to 10" },
	{ "announce: 2.0", NULL, "{\"defaults\": {\"announce\": 2.0}}", "broken",
	  HOST "defaults.announce: 2.0 is not a whole number from 0 to 10" },
	{ "announce: a string", NULL, "{\"defaults\": {\"announce\": \"2\"}}", "broken",
	  HOST "defaults.announce: \"2\" is not a whole number from 0 to 10" },
	{ "announce: true", NULL, "{\"defaults\": {\"announce\": true}}", "broken",
	  HOST "defaults.announce: true is not a whole number from 0 to 10" },
	{ "announce: wraps 32 bits", NULL, "{\"defaults\": {\"announce\": 4294967298}}", "broken",
	  HOST "defaults.announce: 4294967298 is not a whole number from 0 to 10" },
	{ "announce: null", NULL, "{\"defaults\": {\"announce\": null}}", "broken",
	  HOST "defaults.announce: null is not a whole number from 0 to 10" },
	{ "on_error: another word", NULL, "{\"defaults\": {\"on_error\": \"stop\"}}", "broken",
	  HOST "defaults.on_error: \"stop\" is not \"warn\" or \"abort\"" },
	{ "then: a string", NULL, "{\"defaults\": {\"then\": \"/a\"}}", "broken",
	  HOST "defaults.then: \"/a\" is not a list of absolute paths" },
	{ "then: a relative path", NULL, "{\"defaults\": {\"then\": [\"/a\", \"b\"]}}", "broken",
	  HOST "defaults.then: \"b\" is not an absolute path" },
	{ "then: null in the list", NULL, "{\"defaults\": {\"then\": [null]}}", "broken",
	  HOST "defaults.then: null is not an absolute path" },
	{ "then: a number in the list", NULL, "{\"defaults\": {\"then\": [7]}}", "broken",
	  HOST "defaults.then: 7 is not an absolute path" },
	{ "then: an empty path", NULL, "{\"defaults\": {\"then\": [\"\"]}}", "broken",
	  HOST "defaults.then: \"\" is not an absolute path" },
	{ "then: an object without of", NULL, "{\"guests\": {\"101\": {\"then\": {\"call\": [\"/a\"]}}}}",
	  "managed broken", HOST "guests.101.then: both \"of\" and \"call\" are needed" },
	{ "then: an object without call", NULL,
	  "{\"guests\": {\"101\": {\"then\": {\"of\": [\"bc:24:11:00:00:01\"]}}}}", "managed broken",
	  HOST "guests.101.then: both \"of\" and \"call\" are needed" },
	{ "then: of nobody", NULL, "{\"guests\": {\"101\": {\"then\": {\"of\": [], \"call\": [\"/a\"]}}}}",
	  "managed broken", HOST "guests.101.then.of: [] is not a list of UUIDs and MACs" },
	{ "then: of a word", NULL,
	  "{\"guests\": {\"101\": {\"then\": {\"of\": [\"bc:24:11:00:00:0g\"], \"call\": [\"/a\"]}}}}",
	  "managed broken", HOST "guests.101.then.of: \"bc:24:11:00:00:0g\" is not a UUID or a MAC" },
	{ "then: of half a UUID", NULL,
	  "{\"guests\": {\"101\": {\"then\": {\"of\": [\"0f2c4a6e-0000\"], \"call\": [\"/a\"]}}}}", "managed broken",
	  HOST "guests.101.then.of: \"0f2c4a6e-0000\" is not a UUID or a MAC" },
	{ "then: call is a string", NULL,
	  "{\"guests\": {\"101\": {\"then\": {\"of\": [\"bc:24:11:00:00:01\"], \"call\": \"/a\"}}}}", "managed broken",
	  HOST "guests.101.then: \"/a\" is not a list of absolute paths" },
	{ "then: another key", NULL,
	  "{\"guests\": {\"101\": {\"then\": {\"off\": [\"bc:24:11:00:00:01\"], \"call\": [\"/a\"]}}}}",
	  "managed broken", HOST "guests.101.then: unknown key \"off\", did you mean \"of\"?" },
	{ "then: nine", NULL,
	  "{\"defaults\": {\"then\": [\"/1\", \"/2\", \"/3\", \"/4\", \"/5\", \"/6\", \"/7\", \"/8\", \"/9\"]}}",
	  "broken", HOST "defaults.then: more than 8 hook scripts" },
	{ "a bad value keeps the weaker one", "{\"defaults\": {\"announce\": 5, \"then\": [\"/a\"]}}",
	  "{\"guests\": {\"101\": {\"announce\": \"x\", \"then\": [\"b\"], \"device\": \"eth3\"}}}",
	  "managed broken device=eth3 announce=5 then=/a",
	  HOST "guests.101.announce: \"x\" is not a whole number from 0 to 10" },
	{ "a long value is cut", NULL,
	  "{\"defaults\": {\"probe\": \"0123456789012345678901234567890123456789012345678901234567890\"}}", "broken",
	  HOST "defaults.probe: \"0123456789012345678901234567890123456789012345678901234... is not \"off\", \"warn\" "
	       "or \"refuse\"" },

	{ "arp_ignore: 9", NULL, "{\"devices\": {\"eth0\": {\"arp_ignore\": 9}}}",
	  "broken eth0:", HOST "devices.eth0.arp_ignore: 9 is not a whole number from 0 to 8" },
	{ "arp_announce: 3", NULL, "{\"devices\": {\"eth0\": {\"arp_announce\": 3, \"arp_ignore\": 1}}}",
	  "broken eth0:ignore=1,", HOST "devices.eth0.arp_announce: 3 is not a whole number from 0 to 2" },
	{ "arp_filter: 2", NULL, "{\"devices\": {\"eth0\": {\"arp_filter\": 2}}}",
	  "broken eth0:", HOST "devices.eth0.arp_filter: 2 is not a whole number from 0 to 1" },
	{ "arp_filter: true", NULL, "{\"devices\": {\"eth0\": {\"arp_filter\": true}}}",
	  "broken eth0:", HOST "devices.eth0.arp_filter: true is not a whole number from 0 to 1" },
	{ "proxy_delay: 1001", NULL, "{\"devices\": {\"eth0.100\": {\"proxy_delay\": 1001}}}",
	  "broken eth0.100:", HOST "devices.eth0.100.proxy_delay: 1001 is not a whole number from 0 to 1000" },
	{ "a device that cannot exist", NULL, "{\"devices\": {\"eth/0\": {}, \"eth1\": {\"arp_ignore\": 1}}}",
	  "broken eth1:ignore=1,", HOST "devices.eth/0: not a device name (1 to 15 characters)" },
	{ "a device's name too long", NULL, "{\"devices\": {\"abcdefghijklmnop\": {}}}", "broken",
	  HOST "devices.abcdefghijklmnop: not a device name (1 to 15 characters)" },
	{ "a device is no object", NULL, "{\"devices\": {\"eth0\": 1}}", "broken", HOST "devices.eth0: not an object" },
	{ "a device's unknown key", NULL, "{\"devices\": {\"eth0\": {\"arp_ignor\": 1}}}",
	  "broken eth0:", HOST "devices.eth0: unknown key \"arp_ignor\", did you mean \"arp_ignore\"?" },
	{ "a device's key that the kernel has and we do not", NULL, "{\"devices\": {\"eth0\": {\"rp_filter\": 1}}}",
	  "broken eth0:", HOST "devices.eth0: unknown key \"rp_filter\", did you mean \"arp_filter\"?" },

	{ "allowed: a word", NULL, "{\"defaults\": {\"allowed\": \"all\"}}", "broken",
	  HOST "defaults.allowed: \"all\" is not a list of prefixes or null" },
	{ "allowed: bits beyond the prefix", NULL, "{\"defaults\": {\"allowed\": [\"192.0.2.7/24\"]}}", "broken",
	  HOST "defaults.allowed: \"192.0.2.7/24\" is not a prefix such as \"192.0.2.0/24\"" },
	{ "allowed: too long a prefix", NULL, "{\"defaults\": {\"allowed\": [\"192.0.2.0/33\"]}}", "broken",
	  HOST "defaults.allowed: \"192.0.2.0/33\" is not a prefix such as \"192.0.2.0/24\"" },
	{ "allowed: no address", NULL, "{\"defaults\": {\"allowed\": [\"/24\"]}}", "broken",
	  HOST "defaults.allowed: \"/24\" is not a prefix such as \"192.0.2.0/24\"" },
	{ "allowed: a number", NULL, "{\"defaults\": {\"allowed\": [24]}}", "broken",
	  HOST "defaults.allowed: 24 is not a prefix such as \"192.0.2.0/24\"" },
	{ "allowed: IPv6 bits beyond the prefix", NULL, "{\"defaults\": {\"allowed\": [\"2001:db8::1/64\"]}}", "broken",
	  HOST "defaults.allowed: \"2001:db8::1/64\" is not a prefix such as \"192.0.2.0/24\"" },
	{ "shared: a word", NULL, "{\"defaults\": {\"shared\": \"config\"}}", "broken",
	  HOST "defaults.shared: \"config\" is not a list of addresses" },
	{ "shared: null", NULL, "{\"defaults\": {\"shared\": null}}", "broken",
	  HOST "defaults.shared: null is not a list of addresses" },
	{ "shared: a prefix", NULL, "{\"defaults\": {\"shared\": [\"192.0.2.0/24\"]}}", "broken",
	  HOST "defaults.shared: \"192.0.2.0/24\" is not an address of a host" },
	{ "nics: a list", NULL, "{\"defaults\": {\"nics\": [\"net0\"]}}", "broken",
	  HOST "defaults.nics: [\"net0\"] is not an object of NICs" },
	{ "nics: another name", NULL, "{\"defaults\": {\"nics\": {\"eth0\": {}}}}", "broken",
	  HOST "defaults.nics.eth0: not a NIC's name (net0 to net31)" },
	{ "nics: beyond the last", NULL, "{\"defaults\": {\"nics\": {\"net32\": {}}}}", "broken",
	  HOST "defaults.nics.net32: not a NIC's name (net0 to net31)" },
	{ "nics: a leading zero", NULL, "{\"defaults\": {\"nics\": {\"net01\": {}}}}", "broken",
	  HOST "defaults.nics.net01: not a NIC's name (net0 to net31)" },
	{ "nics: no object", NULL, "{\"defaults\": {\"nics\": {\"net1\": \"eth3\"}}}", "broken",
	  HOST "defaults.nics.net1: not an object" },
	{ "nics: another key", NULL,
	  "{\"defaults\": {\"nics\": {\"net0\": {\"device\": \"a\"}, \"net1\": {\"devise\": \"eth3\"}}}}", "broken",
	  HOST "defaults.nics.net1: unknown key \"devise\", did you mean \"device\"?" },
	{ "nics: no device", NULL, "{\"guests\": {\"101\": {\"nics\": {\"net1\": {\"device\": 3}}}}}", "managed broken",
	  HOST "guests.101.nics.net1.device: 3 is not a device name (1 to 15 characters) or null" },
	{ "nics: no address", NULL, "{\"defaults\": {\"nics\": {\"net1\": {\"addresses\": [\"x\"]}}}}", "broken",
	  HOST "defaults.nics.net1.addresses: \"x\" is not an address of a host" },
	{ "uplink: a number", NULL, "{\"devices\": {\"vmbr0\": {\"uplink\": 1}}}",
	  "broken vmbr0:", HOST "devices.vmbr0.uplink: 1 is not a device name (1 to 15 characters) or null" },

	/* Keys, parts and files that are wrong. */
	{ "an unknown key with one near", NULL, "{\"defaults\": {\"devise\": \"eth3\"}}", "broken",
	  HOST "defaults: unknown key \"devise\", did you mean \"device\"?" },
	{ "an unknown key with none near", NULL, "{\"guests\": {\"101\": {\"colour\": \"red\"}}}", "managed broken",
	  HOST "guests.101: unknown key \"colour\"" },
	{ "an unknown part with one near", NULL, "{\"guest\": {\"101\": {}}}", "broken",
	  HOST "unknown key \"guest\", did you mean \"guests\"?" },
	{ "an unknown part with none near", NULL, "{\"version\": 1, \"defaults\": {\"announce\": 1}}",
	  "broken announce=1", HOST "unknown key \"version\"" },
	{ "a key's control bytes are not passed on", NULL, "{\"defaults\": {\"\\u001b[31m\": 1}}", "broken",
	  HOST "defaults: unknown key \"?[31m\"" },
	{ "defaults is no object", NULL, "{\"defaults\": []}", "broken", HOST "defaults: not an object" },
	{ "defaults is null", NULL, "{\"defaults\": null}", "broken", HOST "defaults: not an object" },
	{ "guests is no object", NULL, "{\"guests\": [\"101\"]}", "broken", HOST "guests: not an object" },
	{ "devices is no object", NULL, "{\"devices\": \"eth0\"}", "broken", HOST "devices: not an object" },
	{ "a guest is no object", NULL, "{\"guests\": {\"101\": \"eth3\"}}", "managed broken",
	  HOST "guests.101: not an object" },
	{ "a backward range", NULL, "{\"guests\": {\"299-200\": {}, \"101\": {\"announce\": 1}}}",
	  "managed broken announce=1", HOST "guests.299-200: the range is backwards" },
	{ "the cluster's error names its file", "{\"defaults\": {\"announce\": 11}}",
	  "{\"defaults\": {\"announce\": 1}}", "broken announce=1",
	  CLUSTER "defaults.announce: 11 is not a whole number from 0 to 10" },
	{ "the first error is said", "{\"defaults\": {\"announce\": 11}}", "{\"defaults\": {\"announce\": 12}}",
	  "broken", CLUSTER "defaults.announce: 11 is not a whole number from 0 to 10" },
	{ "a broken cluster file, a good host file", "{", "{\"defaults\": {\"on_error\": \"abort\"}}", "broken abort",
	  CLUSTER "line 1, column 2: the text ends here, but the '{' of line 1 is not closed" },
	{ "a good cluster file, a broken host file", "{\"defaults\": {\"on_error\": \"abort\"}}", "x", "broken abort",
	  HOST "line 1, column 1: not an object, which begins with '{'" },
	{ "an empty file", NULL, "", "broken", HOST "line 1, column 1: empty: not even '{ }'" },
	{ "a file cut short", NULL, "{\"defaults\": {\"announce\": 1},\n \"gue", "broken",
	  HOST "line 2, column 2: this string is not closed on its line" },
	{ "bytes behind the object", NULL, "{}\n}", "broken",
	  HOST "line 2, column 1: the object has ended before '}'" },
	{ "no object", NULL, "[]", "broken", HOST "line 1, column 1: not an object, which begins with '{'" },
	{ "of a key given twice the last counts", NULL, "{\"defaults\": {\"announce\": 5, \"announce\": 1}}",
	  "announce=1", NULL },

	/* What is wrong in another guest's part is said, and does not make this guest's policy a broken one. */
	{ "another guest's bad value", NULL,
	  "{\"guests\": {\"102\": {\"announce\": 11}, \"101\": {\"device\": \"eth3\"}}}", "managed device=eth3",
	  HOST "guests.102.announce: 11 is not a whole number from 0 to 10" },
	{ "another guest's unknown key", NULL, "{\"guests\": {\"102\": {\"colour\": 1}}}", "",
	  HOST "guests.102: unknown key \"colour\"" },
	{ "another guest's part is no object", NULL, "{\"guests\": {\"102\": 1}}", "",
	  HOST "guests.102: not an object" },
	{ "another range's bad value", NULL, "{\"guests\": {\"200-299\": {\"then\": [\"x\"]}}}", "",
	  HOST "guests.200-299.then: \"x\" is not an absolute path" },
	{ "another kind's bad value", NULL, "{\"guests\": {\"vz/101\": {\"announce\": 11}}}", "",
	  HOST "guests.vz/101.announce: 11 is not a whole number from 0 to 10" },
	{ "another guest's then is not taken", NULL, "{\"guests\": {\"102\": {\"then\": [\"/a\"]}}}", "", NULL },
	{ "this guest's range is its own part", NULL, "{\"guests\": {\"100-199\": {\"announce\": 11}}}",
	  "managed broken", HOST "guests.100-199.announce: 11 is not a whole number from 0 to 10" },
	{ "both are wrong: this guest's is broken", NULL,
	  "{\"guests\": {\"102\": {\"announce\": 11}, \"101\": {\"announce\": 12}}}", "managed broken",
	  HOST "guests.102.announce: 11 is not a whole number from 0 to 10" },
};

static void addresses_limit(void **state)
{
	struct policy policy;
	struct err err = { 0 };
	char text[4000] = "{\"defaults\": {\"addresses\": [";

	(void)state;
	for (unsigned i = 0; i < GUEST_IPS_MAX; i++)
		assert_true(text_append(text, sizeof(text), "%s\"10.0.0.%u\"", i ? "," : "", i));
	put(POLICY_CLUSTER_FILE, NULL);
	text[strlen(text) + 4] = '\0';
	memcpy(text + strlen(text), "]}}", 4);
	put(POLICY_HOST_FILE, text);
	assert_int_equal(load_as(GUEST_PVE, "101", &policy, &err), 0);
	assert_int_equal(policy.ip_count, GUEST_IPS_MAX);
	policy_done(&policy);
	text[strlen(text) - 3] = '\0';
	assert_true(text_append(text, sizeof(text), ",\"10.0.1.0\"]}}"));
	put(POLICY_HOST_FILE, text);
	assert_int_equal(load_as(GUEST_PVE, "101", &policy, &err), -EINVAL);
	assert_string_equal(err.text, HOST "defaults.addresses: more than 128 addresses");
	assert_int_equal(policy.ip_count, 0);
	policy_done(&policy);
}

/* As many prefixes, and addresses of a NIC, as there may be, and one more. */
static void lists_limit(void **state)
{
	static const struct list {
		const char *begin;
		const char *end;
		unsigned max;
		const char *error;
	} lists[] = {
		{ "{\"defaults\": {\"allowed\": [", "]}}", POLICY_ALLOWED_MAX,
		  HOST "defaults.allowed: more than 64 prefixes" },
		{ "{\"defaults\": {\"shared\": [", "]}}", GUEST_IPS_MAX,
		  HOST "defaults.shared: more than 128 addresses" },
		{ "{\"defaults\": {\"nics\": {\"net0\": {\"addresses\": [", "]}}}}", GUEST_NIC_IPS_MAX,
		  HOST "defaults.nics.net0.addresses: more than 16 addresses" },
	};

	(void)state;
	put(POLICY_CLUSTER_FILE, NULL);
	for (size_t i = 0; i < 2 * sizeof(lists) / sizeof(lists[0]); i++) {
		const struct list *list = &lists[i / 2];
		struct policy policy;
		struct err err = { 0 };
		char text[4000] = "";

		(void)text_append(text, sizeof(text), "%s\"10.0.0.0\"", list->begin);
		for (unsigned j = 1; j < list->max + i % 2; j++)
			assert_true(text_append(text, sizeof(text), ",\"10.0.0.%u\"", j));
		(void)text_append(text, sizeof(text), "%s", list->end);
		put(POLICY_HOST_FILE, text);
		assert_int_equal(load_as(GUEST_PVE, "101", &policy, &err), i % 2 ? -EINVAL : 0);
		assert_string_equal(err.text, i % 2 ? list->error : "");
		policy_done(&policy);
	}
}

static void devices_limit(void **state)
{
	struct policy policy;
	struct err err = { 0 };
	char text[4000] = "{\"devices\": {";

	(void)state;
	for (unsigned i = 0; i <= POLICY_DEVICES_MAX; i++)
		assert_true(text_append(text, sizeof(text), "%s\"eth%u\": {}", i ? "," : "", i));
	assert_true(text_append(text, sizeof(text), "}}"));
	put(POLICY_CLUSTER_FILE, NULL);
	put(POLICY_HOST_FILE, text);
	assert_int_equal(load_as(GUEST_PVE, "101", &policy, &err), -EINVAL);
	assert_string_equal(err.text, HOST "more than 64 devices");
	assert_int_equal(policy.device_count, POLICY_DEVICES_MAX);
	assert_true(policy.broken);
	policy_done(&policy);
}

/* Cut short at every byte: broken, never read beyond its end, never taken in part. */
static void truncated(void **state)
{
	static const char whole[] =
		"{\"defaults\": {\"then\": [\"/a\"]}, \"guests\": {\"101\": {\"device\": \"eth3\"}}}";

	(void)state;
	put(POLICY_CLUSTER_FILE, NULL);
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		struct policy policy;

		root_put_bytes(POLICY_HOST_FILE, whole, len, 0644);
		assert_int_equal(load_as(GUEST_PVE, "101", &policy, NULL), -EINVAL);
		assert_true(policy.broken);
		assert_int_equal(policy.then_count + policy.device[0], 0);
		policy_done(&policy);
	}
}

static void nul_byte(void **state)
{
	struct policy policy;
	struct err err = { 0 };

	(void)state;
	put(POLICY_CLUSTER_FILE, NULL);
	root_put_bytes(POLICY_HOST_FILE, "{\n}\0", 4, 0644);
	assert_int_equal(load_as(GUEST_PVE, "101", &policy, &err), -EINVAL);
	assert_string_equal(err.text, "/etc/guestarp/guestarp.json:2: NUL byte");
	assert_true(policy.broken);
	policy_done(&policy);
}

static void untrusted(void **state)
{
	struct policy policy;
	struct err err = { 0 };

	(void)state;
	put(POLICY_CLUSTER_FILE, NULL);
	root_put_bytes(POLICY_HOST_FILE, "{\"defaults\": {\"device\": \"eth3\"}}", 32, 0666);
	assert_int_equal(load_as(GUEST_PVE, "101", &policy, &err), -EACCES);
	assert_string_equal(err.text,
			    HOST "refused, others can write it (mode 0666; chmod go-w /etc/guestarp/guestarp.json)");
	assert_true(policy.broken);
	assert_string_equal(policy.device, "");
	policy_done(&policy);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, load, rows);
	TABLE_TEST(&table, addresses_limit);
	TABLE_TEST(&table, devices_limit);
	TABLE_TEST(&table, lists_limit);
	TABLE_TEST(&table, truncated);
	TABLE_TEST(&table, nul_byte);
	TABLE_TEST(&table, untrusted);
	return table_run(&table, root_setup, root_teardown);
}
