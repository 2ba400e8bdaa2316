/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's decision on an answer, line by line: a row for each, with the state that it turns on. */

#include "table.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>

#include "answer/answer.h"
#include "answer/segment.h"
#include "answer_rows.h"

#define DEVICES_MAX 16
#define LISTS_MAX   16
#define WORDS_MAX   16

/* ---- the scene ---- */

struct said {
	struct ip ip;
	uint32_t table;
	struct lookup lookup;
};

struct scene {
	struct netstate state;
	struct netdev devices[DEVICES_MAX];
	struct netdev_vlan vlans[LISTS_MAX];
	struct address addresses[LISTS_MAX];
	struct proxy_entry proxies[LISTS_MAX];
	struct membership groups[LISTS_MAX];
	struct membership anycasts[LISTS_MAX];
	struct said arrive[LISTS_MAX];
	struct said leave[LISTS_MAX];
	struct said within[LISTS_MAX];
	size_t arrive_count;
	size_t leave_count;
	size_t within_count;
	struct answer_question question;
	int joined[2]; /* ifindexes, 0 for none */
};

static const struct {
	const char *name;
	enum link_value value;
} values[] = {
	{ "arp_ignore", LINK_ARP_IGNORE },           { "arp_filter", LINK_ARP_FILTER },
	{ "forwarding", LINK_FORWARDING },           { "proxy_arp", LINK_PROXY_ARP },
	{ "proxy_arp_pvlan", LINK_PROXY_ARP_PVLAN }, { "medium_id", LINK_MEDIUM_ID },
	{ "route_localnet", LINK_ROUTE_LOCALNET },   { "drop_gratuitous_arp", LINK_DROP_GRATUITOUS_ARP },
	{ "forwarding_6", LINK_FORWARDING_6 },       { "proxy_ndp", LINK_PROXY_NDP },
	{ "disable_ipv6", LINK_DISABLE_IPV6 },       { "rp_filter", LINK_RP_FILTER },
	{ "log_martians", LINK_LOG_MARTIANS },
};

static const struct {
	const char *name;
	enum netdev_kind kind;
} kinds[] = {
	{ "bridge", NETDEV_BRIDGE },   { "bond", NETDEV_BOND },     { "vlan", NETDEV_VLAN },
	{ "macvlan", NETDEV_MACVLAN }, { "ipvlan", NETDEV_IPVLAN }, { "vrf", NETDEV_VRF },
	{ "veth", NETDEV_VETH },       { "vxlan", NETDEV_VXLAN },   { "openvswitch", NETDEV_SWITCH },
};

#define NAMED(reason) [REASON_##reason] = #reason
static const char *const names[REASON_COUNT] = {
	NAMED(NONE),        NAMED(DOWN),        NAMED(NO_CARRIER),  NAMED(UNHEARD),    NAMED(NO_WAY_BACK),
	NAMED(OTHER_VLAN),  NAMED(VLAN_DEVICE), NAMED(NO_IP),       NAMED(NOARP),      NAMED(QUIET),
	NAMED(IPVLAN),      NAMED(TARGET),      NAMED(GRATUITOUS),  NAMED(PROBE),      NAMED(ROUTING),
	NAMED(NOT_UNICAST), NAMED(ARP_IGNORE),  NAMED(ARP_FILTER),  NAMED(FORWARDING), NAMED(IN_FRONT),
	NAMED(MEDIUM),      NAMED(NO_PROXY),    NAMED(NO_GROUP),    NAMED(TENTATIVE),  NAMED(OPTIMISTIC),
	NAMED(NO_SOURCE),   NAMED(RP_FILTER),   NAMED(NOARP_SELF),  NAMED(OWN),        NAMED(PROXY_ARP),
	NAMED(PROXY_PVLAN), NAMED(PROXY_ENTRY), NAMED(ANYCAST),     NAMED(FILTERED),   NAMED(INTERCEPTED),
	NAMED(SWITCH),      NAMED(LOCKED),      NAMED(SOURCE_LIST), NAMED(SUPPRESS),   NAMED(VXLAN_PROXY),
	NAMED(BALANCE_ALB), NAMED(UNCERTAIN),   NAMED(MULTIPATH),
};

static struct ip ip_of(const char *text)
{
	struct ip ip = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(ip.family, text, ip.bytes), 1);
	return ip;
}

/* A device may be named before it is described. */
static int ifindex_of(struct scene *s, const char *name)
{
	struct netdev *new;

	for (size_t i = 0; i < s->state.count; i++) {
		if (strcmp(s->devices[i].link.name, name) == 0)
			return s->devices[i].link.ifindex;
	}
	assert_true(s->state.count < DEVICES_MAX);
	new = &s->devices[s->state.count++];
	*new = (struct netdev){
		.link = { .ifindex = (int)s->state.count,
			  .flags = IFF_UP | NETDEV_CARRIER,
			  .mac.bytes = { 2, [5] = (uint8_t)s->state.count },
			  .type = ARPHRD_ETHER,
			  .inet = true,
			  .inet6 = true },
		.port = { .forwarding = true,
			  .learning = true,
			  .flood = true,
			  .bcast_flood = true,
			  .mcast_flood = true },
	};
	(void)snprintf(new->link.name, sizeof(new->link.name), "%s", name);
	return new->link.ifindex;
}

static bool set_value(uint32_t list[LINK_VALUE_COUNT], const char *key, const char *value)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (strcmp(values[i].name, key) == 0) {
			list[values[i].value] = (uint32_t)strtol(value, NULL, 10);
			return true;
		}
	}
	return false;
}

static enum netdev_kind kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].kind;
	}
	fail_msg("no kind %s", name);
	return NETDEV_OTHER;
}

static void describe(struct scene *s, struct netdev *d, const char *key, const char *value)
{
	unsigned number = (unsigned)strtoul(value, NULL, 10);

	if (strcmp(key, "kind") == 0)
		d->kind = kind_of(value);
	else if (strcmp(key, "master") == 0)
		d->link.master = ifindex_of(s, value);
	else if (strcmp(key, "lower") == 0)
		d->link.lower = ifindex_of(s, value);
	else if (strcmp(key, "vlan") == 0)
		d->vlan = (uint16_t)number;
	else if (strcmp(key, "table") == 0)
		d->table = number;
	else if (strcmp(key, "bond") == 0)
		d->bond_mode = (uint8_t)number;
	else if (strcmp(key, "mode") == 0)
		d->mode = number;
	else if (strcmp(key, "wire") == 0)
		d->wire = number;
	else if (!set_value(d->link.value, key, value))
		fail_msg("no key %s", key);
}

static void mark(struct netdev *d, const char *word)
{
	struct bridge_port *p = &d->port;
	const struct {
		const char *word;
		bool *flag;
		bool value;
	} flags[] = {
		{ "blocked", &p->forwarding, false },     { "nolearning", &p->learning, false },
		{ "noflood", &p->flood, false },          { "nobcast", &p->bcast_flood, false },
		{ "nomcast", &p->mcast_flood, false },    { "isolated", &p->isolated, true },
		{ "locked", &p->locked, true },           { "suppress", &p->suppress, true },
		{ "backup", &d->backup, true },           { "filtering", &d->vlan_filtering, true },
		{ "noinet", &d->link.inet, false },       { "noinet6", &d->link.inet6, false },
		{ "intercepted", &d->intercepted, true }, { "vxlanproxy", &d->vxlan_proxy, true },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].word, word) == 0) {
			*flags[i].flag = flags[i].value;
			return;
		}
	}
	if (strcmp(word, "down") == 0)
		d->link.flags &= ~(unsigned)IFF_UP;
	else if (strcmp(word, "nocarrier") == 0)
		d->link.flags &= ~NETDEV_CARRIER;
	else if (strcmp(word, "noarp") == 0)
		d->link.flags |= IFF_NOARP;
	else
		fail_msg("no word %s", word);
}

static void add_device(struct scene *s, char **words, size_t count)
{
	int ifindex = ifindex_of(s, words[1]);
	struct netdev *d = &s->devices[ifindex - 1];

	for (size_t i = 2; i < count; i++) {
		char *value = strchr(words[i], '=');

		if (value) {
			*value++ = '\0';
			describe(s, d, words[i], value);
		} else {
			mark(d, words[i]);
		}
	}
}

static void add_address(struct scene *s, char **words, size_t count)
{
	struct address *a = &s->addresses[s->state.addresses.count++];
	char *bits = strchr(words[2], '/');

	assert_non_null(bits);
	*bits++ = '\0';
	a->ifindex = ifindex_of(s, words[1]);
	a->ip = ip_of(words[2]);
	a->peer = a->ip;
	a->prefix = (unsigned)strtoul(bits, NULL, 10);
	for (size_t i = 3; i < count; i++) {
		if (strcmp(words[i], "peer") == 0)
			a->peer = ip_of(words[++i]);
		else if (strcmp(words[i], "scope") == 0)
			a->scope = (uint8_t)strtoul(words[++i], NULL, 10);
		else if (strcmp(words[i], "tentative") == 0)
			a->flags |= IFA_F_TENTATIVE;
		else if (strcmp(words[i], "dadfailed") == 0)
			a->flags |= IFA_F_DADFAILED;
		else if (strcmp(words[i], "optimistic") == 0)
			a->flags |= IFA_F_OPTIMISTIC | IFA_F_TENTATIVE;
		else
			fail_msg("no word %s", words[i]);
	}
}

static void add_vlan(struct scene *s, char **words, size_t count)
{
	struct netdev_vlan *v = &s->vlans[s->state.vlan_count++];
	char *end;

	v->ifindex = ifindex_of(s, words[1]);
	v->vid = (uint16_t)strtoul(words[2], &end, 10);
	v->last = *end == '-' ? (uint16_t)strtoul(end + 1, NULL, 10) : v->vid;
	for (size_t i = 3; i < count; i++)
		*(strcmp(words[i], "pvid") == 0 ? &v->pvid : &v->untagged) = true;
}

static void add_membership(struct scene *s, struct memberships *all, char **words)
{
	all->list[all->count++] = (struct membership){ ifindex_of(s, words[1]), ip_of(words[2]) };
}

static void add_said(struct scene *s, struct said *said, char **words, size_t count)
{
	static const char *const lookups[] = { [LOOKUP_FAILED] = "failed",
					       [LOOKUP_LOCAL] = "local",
					       [LOOKUP_UNICAST] = "unicast",
					       [LOOKUP_OTHER] = "other",
					       [LOOKUP_UNCERTAIN] = "uncertain" };
	size_t kind = 0;

	while (strcmp(lookups[kind], words[1]) != 0)
		kind++;
	said->ip = ip_of(words[0]);
	said->lookup.kind = (enum lookup_kind)kind;
	for (size_t i = 2; i < count; i++)
		said->lookup.hops[said->lookup.hop_count++] = ifindex_of(s, words[i]);
}

/* "e0" or "e0/5", tagged. */
static void take_where(struct scene *s, char *text)
{
	char *vlan = strchr(text, '/');

	if (vlan)
		*vlan++ = '\0';
	s->question.ifindex = ifindex_of(s, text);
	s->question.vlan = (uint16_t)strtoul(vlan ? vlan : "0", NULL, 10);
}

static void add(struct scene *s, char **words, size_t count)
{
	const char *what = words[0];

	if (strcmp(what, "dev") == 0) {
		add_device(s, words, count);
	} else if (strcmp(what, "addr") == 0) {
		add_address(s, words, count);
	} else if (strcmp(what, "vid") == 0) {
		add_vlan(s, words, count);
	} else if (strcmp(what, "proxy") == 0) {
		s->proxies[s->state.proxies.count++] =
			(struct proxy_entry){ strcmp(words[1], "*") == 0 ? 0 : ifindex_of(s, words[1]),
					      ip_of(words[2]) };
	} else if (strcmp(what, "group") == 0) {
		add_membership(s, &s->state.groups, words);
	} else if (strcmp(what, "anycast") == 0) {
		add_membership(s, &s->state.anycasts, words);
	} else if (strcmp(what, "quiet") == 0) {
		assert_int_equal(quiet_names_add(&s->state.filters.quiet.names, words[1], false), 0);
	} else if (strcmp(what, "filtered") == 0) {
		s->state.filters.others = true;
	} else if (strcmp(what, "all") == 0) {
		char *value = strchr(words[1], '=');

		*value++ = '\0';
		assert_true(set_value(s->state.all, words[1], value));
	} else if (strcmp(what, "arrive") == 0) {
		add_said(s, &s->arrive[s->arrive_count++], words + 1, count - 1);
	} else if (strcmp(what, "leave") == 0) {
		add_said(s, &s->leave[s->leave_count++], words + 1, count - 1);
	} else if (strcmp(what, "within") == 0) {
		s->within[s->within_count].table = (uint32_t)strtoul(words[1], NULL, 10);
		add_said(s, &s->within[s->within_count++], words + 2, count - 2);
	} else if (strcmp(what, "ask") == 0) {
		s->question = (struct answer_question){ .asker = ip_of(words[2]), .target = ip_of(words[3]) };
		take_where(s, words[1]);
	} else if (strcmp(what, "join") == 0) {
		s->joined[0] = ifindex_of(s, words[1]);
		s->joined[1] = ifindex_of(s, words[2]);
	} else {
		fail_msg("no statement %s", what);
	}
}

static void build(struct scene *s, const char *text)
{
	char copy[1000];
	char *rest = copy;
	char *statement;

	*s = (struct scene){ .state.devices = s->devices, .state.vlans = s->vlans };
	s->state.addresses.list = s->addresses;
	s->state.proxies.list = s->proxies;
	s->state.groups.list = s->groups;
	s->state.anycasts.list = s->anycasts;
	assert_true((size_t)snprintf(copy, sizeof(copy), "%s", text) < sizeof(copy));
	while ((statement = strsep(&rest, ";")) != NULL) {
		char *words[WORDS_MAX] = { 0 };
		size_t count = 0;
		char *word;

		while (count < WORDS_MAX && (word = strsep(&statement, " ")) != NULL) {
			if (word[0])
				words[count++] = word;
		}
		add(s, words, count);
	}
}

/* ---- routing as the scene has it ---- */

static const struct said *find_said(const struct said *list, size_t count, uint32_t table, const struct ip *ip)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].table == table && ip_equal(&list[i].ip, ip))
			return &list[i];
	}
	return NULL;
}

static struct lookup arrive(void *arg, int iif, const struct ip *from, const struct ip *to)
{
	const struct scene *s = arg;
	const struct said *said = find_said(s->arrive, s->arrive_count, 0, to);
	enum lookup_kind unsaid = to->family == AF_INET6                    ? LOOKUP_OTHER
				  : addresses_have(&s->state.addresses, to) ? LOOKUP_LOCAL
									    : LOOKUP_FAILED;

	assert_true(iif > 0);
	/* The kernel takes no zero for a sender. */
	assert_true(from->family == AF_INET6 || from->bytes[0]);
	return said ? said->lookup : (struct lookup){ .kind = unsaid };
}

static struct lookup leave(void *arg, int oif, const struct ip *from, const struct ip *to)
{
	const struct scene *s = arg;
	const struct said *said = find_said(s->leave, s->leave_count, 0, to);

	assert_true(oif >= 0);
	assert_true(from->bytes[0] == 0 || ip_equal(from, &s->question.target));
	return said ? said->lookup : (struct lookup){ .kind = LOOKUP_FAILED };
}

static struct lookup within(void *arg, uint32_t table, const struct ip *to)
{
	const struct scene *s = arg;
	const struct said *said = find_said(s->within, s->within_count, table, to);

	return said ? said->lookup : (struct lookup){ .kind = LOOKUP_FAILED };
}

/* ---- tests ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* "b OWN, f OWN", in order of the devices' names. */
static void print(const struct scene *s, const struct answers *answers, char *text, size_t size)
{
	char lines[DEVICES_MAX][64];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < answers->count; i++)
		(void)snprintf(lines[i], sizeof(lines[i]), "%s %s",
			       netstate_device(&s->state, answers->list[i].ifindex)->link.name,
			       names[answers->list[i].reason]);
	qsort(lines, answers->count, sizeof(lines[0]), by_text);
	for (size_t i = 0; i < answers->count && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "", lines[i]);
}

static void leave_scene(struct scene *s)
{
	quiet_names_done(&s->state.filters.quiet.names);
	free(s->state.by_master);
	free(s->state.by_lower);
	free(s->state.by_name);
}

static void test_answer(void **test)
{
	const struct row *row = *test;
	static struct scene s;
	struct lookups lookups = { arrive, leave, within, &s };
	struct answers answers;
	char text[400];

	build(&s, row->scene);
	assert_int_equal(netstate_index(&s.state), 0);
	assert_int_equal(answers_find(&s.state, &lookups, &s.question, &answers), 0);
	print(&s, &answers, text, sizeof(text));
	assert_string_equal(text, row->expected);
	for (size_t i = 0; i < answers.count; i++) {
		const struct answer *a = &answers.list[i];
		static const struct mac none;

		assert_int_equal(a->verdict, reason_verdict(a->reason));
		/* The answering device's own MAC, and of nobody else one. */
		assert_true(mac_equal(&a->mac, a->verdict == ANSWER_REPLIES
						       ? &netstate_device(&s.state, a->ifindex)->link.mac
						       : &none));
	}
	answers_done(&answers);
	leave_scene(&s);
}

/* The names of those that hear this wire, in their order, behind what is in text. */
static void print_wire(const struct scene *s, const struct segments *segments, size_t wire, char *text, size_t size)
{
	char names_heard[DEVICES_MAX * 2][IFNAMSIZ + 1];
	size_t count = 0;

	for (size_t i = 0; i < segments->count; i++) {
		const struct hearers *h = &segments->list[i].hearers;

		for (size_t j = 0; segments->list[i].wire == wire && j < h->count; j++)
			(void)snprintf(names_heard[count++], sizeof(names_heard[0]), " %s",
				       netstate_device(&s->state, h->list[j].ifindex)->link.name);
	}
	qsort(names_heard, count, sizeof(names_heard[0]), by_text);
	for (size_t i = 0; i < count; i++)
		(void)strncat(text, names_heard[i] + (text[0] == '\0'), size - strlen(text) - 1);
}

static void test_wires(void **test)
{
	const struct row *row = *test;
	static struct scene s;
	struct segments segments;
	char text[400] = "";

	build(&s, row->scene);
	assert_int_equal(netstate_index(&s.state), 0);
	assert_int_equal(segments_find(&s.state, &s.state.addresses, &segments), 0);
	if (s.joined[0])
		segments_join(&segments, s.joined[0], s.joined[1]);
	for (size_t i = 0; i < segments.count; i++) {
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen = seen || segments.list[j].wire == segments.list[i].wire;
		if (seen)
			continue;
		if (text[0])
			(void)strncat(text, " /", sizeof(text) - strlen(text) - 1);
		print_wire(&s, &segments, segments.list[i].wire, text, sizeof(text));
	}
	assert_string_equal(text, row->expected);
	segments_done(&segments);
	leave_scene(&s);
}

/* Each reason has words, and there is a row that shows it. */
static void test_reasons(void **test)
{
	(void)test;
	for (size_t i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		bool shown = false;

		assert_true(reason_words((enum answer_reason)i)[0]);
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			const char *at = strstr(rows[j].expected, names[i]);
			size_t len = strlen(names[i]);

			shown = shown || (at && at[-1] == ' ' && (at[len] == '\0' || at[len] == ','));
		}
		if (!shown)
			fail_msg("no row shows %s", names[i]);
	}
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, test_answer, rows);
	TABLE_ROWS(&table, test_wires, wires);
	TABLE_TEST(&table, test_reasons);
	return table_run(&table, NULL, NULL);
}
