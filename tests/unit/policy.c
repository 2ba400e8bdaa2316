/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guestarp.json: every key, and the order in which files and scopes are merged. */

#include "policy/policy.h"

#include "policy/key.h"
#include "policy_rows.h"

static const struct row rows[] = {
	{ "no file", NULL, NULL, "", NULL },
	{ "an empty object", NULL, "{}", "", NULL },
	{ "empty parts", "{\"defaults\": {}}", "{\"defaults\": {}, \"guests\": {}, \"devices\": {}}", "", NULL },

	/* Every key. */
	{ "firewall_bridge quiet", NULL, "{\"defaults\": {\"firewall_bridge\": \"quiet\"}}", "", NULL },
	{ "firewall_bridge leave", NULL, "{\"defaults\": {\"firewall_bridge\": \"leave\"}}", "leave", NULL },
	{ "bridge_mac pin", NULL, "{\"defaults\": {\"bridge_mac\": \"pin\"}}", "", NULL },
	{ "bridge_mac leave", NULL, "{\"defaults\": {\"bridge_mac\": \"leave\"}}", "unpinned", NULL },
	{ "device", NULL, "{\"defaults\": {\"device\": \"eth3\"}}", "device=eth3", NULL },
	{ "device null", NULL, "{\"defaults\": {\"device\": null}}", "", NULL },
	{ "device of 15 bytes", NULL, "{\"defaults\": {\"device\": \"abcdefghijklmno\"}}", "device=abcdefghijklmno",
	  NULL },
	{ "route", NULL, "{\"defaults\": {\"route\": \"vmbr0\"}}", "route=vmbr0", NULL },
	{ "route null", NULL, "{\"defaults\": {\"route\": null}}", "", NULL },
	{ "addresses config", NULL, "{\"defaults\": {\"addresses\": \"config\"}}", "", NULL },
	{ "addresses", NULL, "{\"defaults\": {\"addresses\": [\"192.0.2.7\", \"2001:DB8::7\"]}}",
	  "addresses=192.0.2.7,2001:db8::7", NULL },
	{ "no addresses", NULL, "{\"defaults\": {\"addresses\": []}}", "addresses=", NULL },
	{ "probe off", NULL, "{\"defaults\": {\"probe\": \"off\"}}", "", NULL },
	{ "probe warn", NULL, "{\"defaults\": {\"probe\": \"warn\"}}", "probe=warn", NULL },
	{ "probe refuse", NULL, "{\"defaults\": {\"probe\": \"refuse\"}}", "probe=refuse", NULL },
	{ "announce 0", NULL, "{\"defaults\": {\"announce\": 0}}", "announce=0", NULL },
	{ "announce 10", NULL, "{\"defaults\": {\"announce\": 10}}", "announce=10", NULL },
	{ "on_error warn", NULL, "{\"defaults\": {\"on_error\": \"warn\"}}", "", NULL },
	{ "on_error abort", NULL, "{\"defaults\": {\"on_error\": \"abort\"}}", "abort", NULL },
	{ "then", NULL, "{\"defaults\": {\"then\": [\"/a\", \"/b c\"]}}", "then=/a,/b c", NULL },
	{ "then of eight", NULL,
	  "{\"defaults\": {\"then\": [\"/1\", \"/2\", \"/3\", \"/4\", \"/5\", \"/6\", \"/7\", \"/8\"]}}",
	  "then=/1,/2,/3,/4,/5,/6,/7,/8", NULL },
	{ "then of one guest", NULL,
	  "{\"guests\": {\"101\": {\"then\": {\"of\": [\"BC:24:11:00:00:01\", "
	  "\"0F2C4A6E-0000-1111-2222-abcdefABCDEF\"], \"call\": [\"/a\", \"/b\"]}}}}",
	  "managed then=/a,/b of=0f2c4a6e-0000-1111-2222-abcdefabcdef+bc:24:11:00:00:01", NULL },
	{ "then of any guest over then of one",
	  "{\"guests\": {\"101\": {\"then\": {\"of\": [\"bc:24:11:00:00:01\"], \"call\": [\"/a\"]}}}}",
	  "{\"defaults\": {\"then\": [\"/b\"]}}", "managed then=/b", NULL },
	{ "then empty", NULL, "{\"defaults\": {\"then\": []}}", "", NULL },
	{ "devices", NULL,
	  "{\"devices\": {\"eth0\": {\"arp_ignore\": 8, \"arp_announce\": 2, \"arp_filter\": 1, \"proxy_delay\": "
	  "1000}, "
	  "\"eth0.100\": {\"arp_ignore\": 0, \"proxy_delay\": 0}, \"eth9\": {}}}",
	  "eth0:ignore=8,announce=2,filter=1,delay=1000, eth0.100:ignore=0,delay=0, eth9:", NULL },
	{ "all at once", NULL,
	  "{\"guests\": {\"101\": {\"firewall_bridge\": \"leave\", \"bridge_mac\": \"leave\", \"device\": \"eth3\", "
	  "\"addresses\": [\"192.0.2.7\"], \"route\": \"veth101i0\", \"probe\": \"warn\", \"announce\": 3, "
	  "\"on_error\": \"abort\", \"then\": [\"/x\"]}}}",
	  "managed leave unpinned device=eth3 route=veth101i0 probe=warn announce=3 abort addresses=192.0.2.7 then=/x",
	  NULL },

	/* Which guests a part covers. */
	{ "by id", NULL, "{\"guests\": {\"101\": {\"announce\": 1}}}", "managed announce=1", NULL },
	{ "by name with its kind", NULL, "{\"guests\": {\"pve/101\": {\"announce\": 1}}}", "managed announce=1", NULL },
	{ "by a name with another kind", NULL, "{\"guests\": {\"vz/101\": {\"announce\": 1}, \"lxc/101\": {}}}", "",
	  NULL },
	{ "by range", NULL, "{\"guests\": {\"100-199\": {\"announce\": 1}}}", "managed announce=1", NULL },
	{ "first of a range", NULL, "{\"guests\": {\"101-199\": {\"announce\": 1}}}", "managed announce=1", NULL },
	{ "last of a range", NULL, "{\"guests\": {\"100-101\": {\"announce\": 1}}}", "managed announce=1", NULL },
	{ "a range of one", NULL, "{\"guests\": {\"101-101\": {\"announce\": 1}}}", "managed announce=1", NULL },
	{ "after a range", NULL, "{\"guests\": {\"99-100\": {\"announce\": 1}}}", "", NULL },
	{ "before a range", NULL, "{\"guests\": {\"102-103\": {\"announce\": 1}}}", "", NULL },
	{ "the widest range", NULL, "{\"guests\": {\"0-4294967295\": {\"announce\": 1}}}", "managed announce=1", NULL },
	{ "all", NULL, "{\"guests\": {\"*\": {\"announce\": 1}}}", "managed all announce=1", NULL },
	{ "others", NULL, "{\"guests\": {\"102\": {\"announce\": 1}, \"1010\": {}, \"10\": {}, \"web\": {}}}", "",
	  NULL },
	{ "managed without a word", NULL, "{\"guests\": {\"101\": {}}}", "managed", NULL },
	{ "managed by the cluster", "{\"guests\": {\"101\": {}}}", "{}", "managed", NULL },

	/* The order: the weaker ones stand last in the file, so that the file's order cannot be what decides. */
	{ "* over defaults", NULL,
	  "{\"guests\": {\"*\": {\"announce\": 1}}, \"defaults\": {\"announce\": 5, \"device\": \"eth5\"}}",
	  "managed all device=eth5 announce=1", NULL },
	{ "a range over *", NULL,
	  "{\"guests\": {\"100-199\": {\"announce\": 1}, \"*\": {\"announce\": 5, \"device\": \"eth5\"}}}",
	  "managed all device=eth5 announce=1", NULL },
	{ "an id over a range", NULL,
	  "{\"guests\": {\"101\": {\"announce\": 1}, \"100-199\": {\"announce\": 5, \"device\": \"eth5\"}}}",
	  "managed device=eth5 announce=1", NULL },
	{ "a name over a range of one", NULL,
	  "{\"guests\": {\"pve/101\": {\"announce\": 1}, \"101-101\": {\"announce\": 5, \"device\": \"eth5\"}}}",
	  "managed device=eth5 announce=1", NULL },
	{ "the narrower range wins, named first", NULL,
	  "{\"guests\": {\"100-150\": {\"announce\": 1}, \"100-200\": {\"announce\": 5, \"device\": \"eth5\"}}}",
	  "managed device=eth5 announce=1", NULL },
	{ "the narrower range wins, named last", NULL,
	  "{\"guests\": {\"100-200\": {\"announce\": 5, \"device\": \"eth5\"}, \"100-150\": {\"announce\": 1}}}",
	  "managed device=eth5 announce=1", NULL },
	{ "the narrowest of four ranges", NULL,
	  "{\"guests\": {\"101-101\": {\"announce\": 1}, \"0-4294967295\": {\"announce\": 9, \"device\": \"eth9\", "
	  "\"route\": \"r9\", \"probe\": \"warn\"}, "
	  "\"100-102\": {\"announce\": 3, \"device\": \"eth3\"}, \"100-199\": {\"announce\": 5, \"device\": \"eth5\", "
	  "\"route\": \"r5\"}}}",
	  "managed device=eth3 route=r5 probe=warn announce=1", NULL },
	{ "of ranges as wide the later wins", NULL,
	  "{\"guests\": {\"100-102\": {\"announce\": 5, \"device\": \"eth5\"}, \"101-103\": {\"announce\": 1}}}",
	  "managed device=eth5 announce=1", NULL },
	{ "all strengths in one file, key by key", NULL,
	  "{\"guests\": {\"101\": {\"announce\": 1}, \"100-199\": {\"announce\": 2, \"device\": \"eth2\"}, "
	  "\"*\": {\"announce\": 3, \"device\": \"eth3\", \"route\": \"r3\"}}, "
	  "\"defaults\": {\"announce\": 4, \"device\": \"eth4\", \"route\": \"r4\", \"probe\": \"warn\"}}",
	  "managed all device=eth2 route=r3 probe=warn announce=1", NULL },
	{ "host over cluster, key by key", "{\"defaults\": {\"announce\": 5, \"device\": \"eth5\"}}",
	  "{\"defaults\": {\"announce\": 1}}", "device=eth5 announce=1", NULL },
	{ "the host's defaults over the cluster's id",
	  "{\"guests\": {\"101\": {\"announce\": 5, \"device\": \"eth5\"}}}", "{\"defaults\": {\"announce\": 1}}",
	  "managed device=eth5 announce=1", NULL },
	{ "the cluster alone", "{\"defaults\": {\"announce\": 5}}", NULL, "announce=5", NULL },
	{ "null takes a device back", "{\"defaults\": {\"device\": \"eth5\", \"route\": \"r5\"}}",
	  "{\"guests\": {\"101\": {\"device\": null, \"route\": null}}}", "managed", NULL },
	{ "config takes addresses back", "{\"defaults\": {\"addresses\": [\"192.0.2.7\"]}}",
	  "{\"guests\": {\"101\": {\"addresses\": \"config\"}}}", "managed", NULL },
	{ "a list replaces a list",
	  "{\"defaults\": {\"then\": [\"/a\", \"/b\"], \"addresses\": [\"192.0.2.7\", \"192.0.2.8\"]}}",
	  "{\"defaults\": {\"then\": [\"/c\"], \"addresses\": [\"192.0.2.9\"]}}", "addresses=192.0.2.9 then=/c", NULL },
	{ "an empty then ends the chain", "{\"defaults\": {\"then\": [\"/a\"]}}", "{\"defaults\": {\"then\": []}}", "",
	  NULL },
	{ "devices, value by value", "{\"devices\": {\"eth0\": {\"arp_ignore\": 1, \"arp_announce\": 2}}}",
	  "{\"devices\": {\"eth1\": {\"arp_ignore\": 2}, \"eth0\": {\"arp_ignore\": 0}}}",
	  "eth0:ignore=0,announce=2, eth1:ignore=2,", NULL },

	/* Owners, and NICs by themselves. */
	{ "allowed", NULL,
	  "{\"defaults\": {\"allowed\": [\"192.0.2.0/24\", \"2001:DB8::/32\", \"198.51.100.7\", \"0.0.0.0/0\", "
	  "\"::/0\"]}}",
	  "allowed=192.0.2.0/24,2001:db8::/32,198.51.100.7/32,0.0.0.0/0,::/0", NULL },
	{ "allowed null over a list", "{\"defaults\": {\"allowed\": [\"192.0.2.0/24\"]}}",
	  "{\"guests\": {\"101\": {\"allowed\": null}}}", "managed", NULL },
	{ "allowed: none at all", NULL, "{\"defaults\": {\"allowed\": []}}", "allowed=", NULL },
	{ "a list of allowed replaces a list", NULL,
	  "{\"guests\": {\"101\": {\"allowed\": [\"192.0.2.0/25\"]}, \"*\": {\"allowed\": [\"10.0.0.0/8\", "
	  "\"::/0\"]}}}",
	  "managed all allowed=192.0.2.0/25", NULL },
	{ "shared", NULL, "{\"defaults\": {\"shared\": [\"192.0.2.50\", \"2001:db8::50\"]}}",
	  "shared=192.0.2.50,2001:db8::50", NULL },
	{ "shared: none again", "{\"defaults\": {\"shared\": [\"192.0.2.50\"]}}", "{\"defaults\": {\"shared\": []}}",
	  "", NULL },
	{ "nics", NULL,
	  "{\"guests\": {\"101\": {\"nics\": {\"net1\": {\"device\": \"eth3\", \"route\": \"vmbr1\", \"addresses\": "
	  "[\"192.0.2.7\"]}, \"net31\": {}, \"net0\": {\"addresses\": \"config\"}}}}}",
	  "managed net1:device=eth3,route=vmbr1,addresses=192.0.2.7 net31: net0:config", NULL },
	{ "nics: none", NULL, "{\"defaults\": {\"nics\": {}}}", "", NULL },
	{ "nics, key by key",
	  "{\"guests\": {\"101\": {\"nics\": {\"net1\": {\"device\": \"eth3\", \"route\": \"r1\"}, \"net2\": "
	  "{\"device\": \"eth2\"}}}}}",
	  "{\"defaults\": {\"nics\": {\"net1\": {\"device\": null}, \"net3\": {\"route\": \"r3\"}}}}",
	  "managed net1:device=,route=r1, net2:device=eth2, net3:route=r3,", NULL },
	{ "nics, from weak to strong", NULL,
	  "{\"guests\": {\"101\": {\"nics\": {\"net1\": {\"device\": \"a\"}}}, \"100-199\": {\"nics\": {\"net1\": "
	  "{\"device\": \"b\", \"route\": \"c\"}}}}, \"defaults\": {\"nics\": {\"net1\": {\"route\": \"d\", "
	  "\"addresses\": []}}}}",
	  "managed net1:device=a,route=c,addresses=", NULL },
	{ "a bridge's uplink", NULL, "{\"devices\": {\"vmbr0\": {\"uplink\": \"eno1\"}}}", "vmbr0:uplink=eno1", NULL },
	{ "a bridge's uplink removed", "{\"devices\": {\"vmbr0\": {\"uplink\": \"eno1\"}}}",
	  "{\"devices\": {\"vmbr0\": {\"uplink\": null}}}", "vmbr0:", NULL },

	/* Ports, and devices of the host that are quiet. */
	{ "ports quiet", NULL, "{\"defaults\": {\"ports\": \"quiet\"}}", "", NULL },
	{ "ports leave", NULL, "{\"guests\": {\"101\": {\"ports\": \"leave\"}}}", "managed leave-ports", NULL },
	{ "a device that is quiet", NULL, "{\"devices\": {\"vmbr9\": {\"quiet\": true}}}", "vmbr9:quiet", NULL },
	{ "a device that the host's file leaves loud", "{\"devices\": {\"vmbr9\": {\"quiet\": true}}}",
	  "{\"devices\": {\"vmbr9\": {\"quiet\": false}}}", "vmbr9:", NULL },
};

static const struct kind {
	const char *name;
	enum guest_kind kind;
	const char *id;
	const char *read;
} kinds[] = {
	{ "lxc/web", GUEST_LXC, "web", "managed announce=1" },
	{ "lxc/101", GUEST_LXC, "101", "managed announce=7 device=eth5" },
	{ "vz/101", GUEST_VZ, "101", "managed announce=3 device=eth5" },
	{ "pve/101", GUEST_PVE, "101", "managed announce=7 device=eth5" },
	{ "lxc/web-1", GUEST_LXC, "web-1", "" },
	{ "lxc/web in an lxcpath", GUEST_LXC, "web@/srv/lxc", "managed announce=1" },
	{ "lxc/web in one that is named", GUEST_LXC, "web@/srv/2", "managed announce=9" },
	{ "lxc/mail in an lxcpath, by kind", GUEST_LXC, "mail@/srv/lxc", "managed announce=6" },
	{ "lxc/105 in an lxcpath", GUEST_LXC, "105@/srv/lxc", "managed announce=2 device=eth5" },
};

static void load_kind(void **state)
{
	const struct kind *row = *state;
	struct policy policy;
	char words[1000] = "";

	put(POLICY_CLUSTER_FILE, NULL);
	put(POLICY_HOST_FILE, "{\"guests\": {\"web@/srv/2\": {\"announce\": 9}, \"lxc/mail\": {\"announce\": 6}, "
			      "\"web\": {\"announce\": 1}, \"101\": {\"announce\": 7}, "
			      "\"vz/101\": {\"announce\": 3}, \"100-110\": {\"device\": \"eth5\"}}}");
	assert_int_equal(load_as(row->kind, row->id, &policy, NULL), 0);
	if (policy.managed)
		(void)text_append(words, sizeof(words), "managed announce=%u%s%s", policy.announce,
				  policy.device[0] ? " device=" : "", policy.device);
	assert_string_equal(words, row->read);
	policy_done(&policy);
}

/* Many guests by one reading of the files, whatever becomes of these meanwhile. */
static void like(void **state)
{
	static const char *const texts[] = {
		"{\"guests\": {\"102\": {\"device\": \"eth3\"}}}",
		"{\"guests\": {\"102\": {\"device\": 7, \"announce\": 5}}}",
	};
	struct policy policy;
	struct policy other;
	struct guest guest;
	struct err err = { 0 };
	struct err said = { 0 };

	(void)state;
	assert_int_equal(guest_init(&guest, GUEST_PVE, "102", NULL), 0);
	put(POLICY_CLUSTER_FILE, NULL);
	for (int i = 0; i < 2; i++) {
		put(POLICY_HOST_FILE, texts[i]);
		assert_int_equal(load_as(GUEST_PVE, "101", &policy, &err), i == 0 ? 0 : -EINVAL);
		assert_false(policy.broken);
		put(POLICY_HOST_FILE, "{\"guests\": {\"102\": {\"device\": \"eth4\"}}}");
		assert_int_equal(policy_load_like(&other, &policy, &guest, &said), i == 0 ? 0 : -EINVAL);
		assert_string_equal(said.text, err.text);
		assert_true(other.managed);
		assert_int_equal(other.broken, i == 1);
		assert_string_equal(other.device, i == 0 ? "eth3" : "");
		assert_int_equal(other.announce, i == 0 ? 2 : 5);
		policy_done(&other);
		policy_done(&policy);
	}
}

static void source(void **state)
{
	struct policy policy;

	(void)state;
	put(POLICY_CLUSTER_FILE, "{\"defaults\": {\"announce\": 5, \"probe\": \"warn\"}}");
	put(POLICY_HOST_FILE, "{\"guests\": {\"100-199\": {\"announce\": 1, \"then\": 7}}}");
	assert_int_equal(load_as(GUEST_PVE, "101", &policy, NULL), -EINVAL);
	assert_string_equal(policy.source[POLICY_ANNOUNCE], HOST "guests.100-199");
	assert_string_equal(policy.source[POLICY_PROBE], CLUSTER "defaults");
	assert_string_equal(policy.source[POLICY_THEN], "default");
	assert_string_equal(policy.source[POLICY_DEVICE], "default");
	policy_done(&policy);
}

static void key_names(void **state)
{
	static const char *const names[POLICY_KEY_COUNT] = {
		[POLICY_FIREWALL_BRIDGE] = "firewall_bridge",
		[POLICY_PORTS] = "ports",
		[POLICY_BRIDGE_MAC] = "bridge_mac",
		[POLICY_DEVICE] = "device",
		[POLICY_ADDRESSES] = "addresses",
		[POLICY_ALLOWED] = "allowed",
		[POLICY_SHARED] = "shared",
		[POLICY_ROUTE] = "route",
		[POLICY_NICS] = "nics",
		[POLICY_PROBE] = "probe",
		[POLICY_ANNOUNCE] = "announce",
		[POLICY_ON_ERROR] = "on_error",
		[POLICY_THEN] = "then",
	};

	(void)state;
	for (unsigned i = 0; i < POLICY_KEY_COUNT; i++)
		assert_string_equal(policy_key_to_str((enum policy_key)i), names[i]);
}

static void quiet_alone(void **state)
{
	struct policy policy;
	char words[1000];

	(void)state;
	memset(&policy, 0x5a, sizeof(policy));
	policy_quiet_alone(&policy);
	assert_string_equal(in_words(&policy, words, sizeof(words)), "unpinned");
	policy_done(&policy);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, load, rows);
	TABLE_ROWS(&table, load_kind, kinds);
	TABLE_TEST(&table, like);
	TABLE_TEST(&table, source);
	TABLE_TEST(&table, key_names);
	TABLE_TEST(&table, quiet_alone);
	return table_run(&table, root_setup, root_teardown);
}
