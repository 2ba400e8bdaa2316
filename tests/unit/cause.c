/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of one cause: which become one, in what words, with which command. */

#include "doctor/finding.h"

#include <stdio.h>
#include <string.h>

#include "table.h"

#define BRIDGES "Bridges {devices} in front of {guests} answer."

struct found {
	const char *device;
	const char *guest;
	const char *several;
	size_t wire;
	const char *fix;
	const char *permanent;
	const char *advice;
};

#define FOUND_MAX 4

static const struct join {
	const char *name;
	struct found found[FOUND_MAX];
	size_t findings;  /* that are left */
	const char *what; /* of the first of them */
	const char *fix;
	const char *permanent;
	const char *advice;
} joins[] = {
	{ "one stays as it is",
	  { { "a", "pve/1", BRIDGES, 0, "off a", "on a", "" } },
	  1,
	  "single",
	  "off a",
	  "on a",
	  "" },
	{ "two: one after the other",
	  { { "a", "pve/1", BRIDGES, 0, "off a", "", "" }, { "b", "pve/2", BRIDGES, 0, "off b", "", "" } },
	  1,
	  "Bridges a and b in front of guests pve/1 and pve/2 answer.",
	  "off a && off b",
	  "",
	  "" },
	{ "three are named, a guest once",
	  { { "a", "pve/1", BRIDGES, 0, "sync", "", "" },
	    { "b", "pve/1", BRIDGES, 0, "sync", "", "" },
	    { "c", "pve/1", BRIDGES, 0, "sync", "", "" } },
	  1,
	  "Bridges a, b and c in front of guest pve/1 answer.",
	  "sync",
	  "",
	  "" },
	{ "of four the first two",
	  { { "a", "", "{devices} answer.", 0, "sync", "", "" },
	    { "b", "", "{devices} answer.", 0, "sync", "", "" },
	    { "c", "", "{devices} answer.", 0, "sync", "", "" },
	    { "d", "", "{devices} answer.", 0, "sync", "", "" } },
	  1,
	  "a, b and 2 more answer.",
	  "sync",
	  "",
	  "" },
	{ "a sentence begins with a capital",
	  { { "", "pve/1", "{guests} do.", 0, "sync", "", "" }, { "", "pve/2", "{guests} do.", 0, "sync", "", "" } },
	  1,
	  "Guests pve/1 and pve/2 do.",
	  "sync",
	  "",
	  "" },
	{ "arguments of one command",
	  { { "a", "", "s", 0, "sysctl -w a=1 a=2", "", "" }, { "b", "", "s", 0, "sysctl -w b=1 a=2", "", "" } },
	  1,
	  "s",
	  "sysctl -w a=1 a=2 b=1",
	  "",
	  "" },
	{ "an argument that another one begins with",
	  { { "a", "", "s", 0, "guestarp manage pve/10", "", "" },
	    { "b", "", "s", 0, "guestarp manage pve/1", "", "" } },
	  1,
	  "s",
	  "guestarp manage pve/10 pve/1",
	  "",
	  "" },
	{ "a chain takes no arguments of another command",
	  { { "a", "", "s", 0, "sysctl -w a=1 && announce a", "", "" }, { "b", "", "s", 0, "sysctl -w b=1", "", "" } },
	  1,
	  "s",
	  "sysctl -w a=1 && announce a && sysctl -w b=1",
	  "",
	  "" },
	{ "what is there is not done twice",
	  { { "a", "", "s", 0, "del x && del y", "", "" }, { "b", "", "s", 0, "del y && del z", "", "" } },
	  1,
	  "s",
	  "del x && del y && del z",
	  "",
	  "" },
	{ "lines for one place",
	  { { "a", "", "s", 0, "sync", "in f:\na", "" }, { "b", "", "s", 0, "sync", "in f:\nb", "" } },
	  1,
	  "s",
	  "sync",
	  "in f:\na\nb",
	  "" },
	{ "lines for two places, and for the first one again",
	  { { "a", "", "s", 0, "sync", "in f:\na", "" },
	    { "b", "", "s", 0, "sync", "in g:\na", "" },
	    { "c", "", "s", 0, "sync", "in f:\nc", "" } },
	  1,
	  "s",
	  "sync",
	  "in f:\na\nin g:\na\nin f:\nc",
	  "" },
	{ "advice by lines",
	  { { "a", "", "s", 0, "", "", "if so:\na" }, { "b", "", "s", 0, "", "", "if so:\nb" } },
	  1,
	  "s",
	  "",
	  "",
	  "if so:\na\nb" },
	{ "different advice",
	  { { "a", "", "s", 0, "", "", "look at a:\na" }, { "b", "", "s", 0, "", "", "look" } },
	  2,
	  "single",
	  "",
	  "",
	  "look at a:\na" },
	{ "one has a command",
	  { { "a", "", "s", 0, "off a", "", "" }, { "b", "", "s", 0, "", "", "" } },
	  2,
	  "single",
	  "off a",
	  "",
	  "" },
	{ "one's fix is permanent",
	  { { "a", "", "s", 0, "sync", "", "" }, { "b", "", "s", 0, "off b", "attach b", "" } },
	  2,
	  "single",
	  "sync",
	  "",
	  "" },
	{ "a command and lines to paste",
	  { { "a", "", "s", 0, "off a", "attach a", "" }, { "b", "", "s", 0, "off b", "in f:\nb", "" } },
	  2,
	  "single",
	  "off a",
	  "attach a",
	  "" },
	{ "two wires",
	  { { "a", "", "s", 1, "off a", "", "" },
	    { "b", "", "s", 2, "off b", "", "" },
	    { "c", "", "s", 1, "off c", "", "" } },
	  2,
	  "s",
	  "off a && off c",
	  "",
	  "" },
	{ "other words",
	  { { "a", "", "s", 0, "sync", "", "" }, { "b", "", "t", 0, "sync", "", "" } },
	  2,
	  "single",
	  "sync",
	  "",
	  "" },
	{ "no words for several",
	  { { "a", "", "", 0, "sync", "", "" }, { "b", "", "", 0, "sync", "", "" } },
	  2,
	  "single",
	  "sync",
	  "",
	  "" },
};

static void fill(struct findings *findings, const struct found *found, bool permanent_fixes)
{
	struct finding *f = findings_add(findings, FINDING_BRIDGE_ANSWERS);

	assert_non_null(f);
	finding_set(f->device, "%s", found->device);
	finding_set(f->guest, "%s", found->guest);
	finding_set(f->what, "single");
	finding_set(f->several, "%s", found->several);
	finding_set(f->fix, "%s", found->fix);
	finding_set(f->permanent, "%s", found->permanent);
	finding_set(f->advice, "%s", found->advice);
	f->wire = found->wire;
	f->permanent_fixes = permanent_fixes;
}

static size_t count(const struct findings *findings)
{
	size_t left = 0;

	for (size_t i = 0; i < findings->count; i++)
		left += !findings->list[i].joined;
	return left;
}

static void join_row(void **state)
{
	const struct join *row = *state;
	struct findings findings = { 0 };

	for (size_t i = 0; i < FOUND_MAX && row->found[i].device; i++)
		fill(&findings, &row->found[i], false);
	findings_join(&findings);
	assert_int_equal(count(&findings), row->findings);
	assert_string_equal(findings.list[0].what, row->what);
	assert_string_equal(findings.list[0].fix, row->fix);
	assert_string_equal(findings.list[0].permanent, row->permanent);
	assert_string_equal(findings.list[0].advice, row->advice);
	findings_done(&findings);
}

/* Is each command of a chain one that was put in, as a whole? */
static bool is_whole(const char *fix)
{
	static const char link[] = "ip link set dev fwbr";

	for (const char *at = fix; at; at = strstr(at, " && ")) {
		if (at != fix)
			at += strlen(" && ");
		if (strncmp(at, link, sizeof(link) - 1) != 0)
			return false;
		at += strcspn(at, "&");
		if (strncmp(at - (*at ? 8 : 7), "arp off", 7) != 0)
			return false;
		at -= *at ? 1 : 0;
	}
	return true;
}

static void add_bridges(struct findings *findings, size_t bridges, bool permanent_fixes)
{
	for (size_t i = 0; i < bridges; i++) {
		char device[16];
		char guest[24];
		char fix[64];
		char permanent[64];
		struct found found = { device, guest, BRIDGES, 0, fix, permanent, "" };

		(void)snprintf(device, sizeof(device), "fwbr%zui0", 100 + i);
		(void)snprintf(guest, sizeof(guest), "pve/%zu", 100 + i);
		(void)snprintf(fix, sizeof(fix), "ip link set dev %s arp off", device);
		(void)snprintf(permanent, sizeof(permanent), "guestarp manage %s", guest);
		fill(findings, &found, permanent_fixes);
	}
}

/* What does not fit is another finding: no device is lost, and no command cut. */
static void room(void **state)
{
	struct findings findings = { 0 };
	size_t devices = 0;

	(void)state;
	add_bridges(&findings, 200, false);
	findings_join(&findings);
	assert_true(count(&findings) > 1);
	for (size_t i = 0; i < findings.count; i++) {
		const struct finding *f = &findings.list[i];
		size_t chained = 1;

		if (f->joined)
			continue;
		for (const char *at = f->fix; (at = strstr(at, " && ")); at++)
			chained++;
		assert_true(is_whole(f->fix));
		assert_int_equal(chained, finding_devices(&findings, f, NULL, NULL));
		assert_int_equal(chained, finding_guests(&findings, f, NULL, NULL));
		devices += chained;
	}
	assert_int_equal(devices, 200);
	findings_done(&findings);
}

/* One that ends it at once, too, takes the place of a long chain; not of a short one. */
static void long_chain(void **state)
{
	struct findings findings = { 0 };

	(void)state;
	add_bridges(&findings, 2, true);
	findings_join(&findings);
	assert_string_equal(findings.list[0].fix,
			    "ip link set dev fwbr100i0 arp off && ip link set dev fwbr101i0 arp off");
	assert_string_equal(findings.list[0].permanent, "guestarp manage pve/100 pve/101");
	findings_done(&findings);

	add_bridges(&findings, 30, true);
	findings_join(&findings);
	assert_int_equal(count(&findings), 1);
	assert_int_equal(strncmp(findings.list[0].fix, "guestarp manage pve/100 pve/101 pve/102 ", 40), 0);
	assert_non_null(strstr(findings.list[0].fix, " pve/129"));
	assert_string_equal(findings.list[0].permanent, "");
	findings_done(&findings);
}

static void keep(void **state)
{
	struct finding f = { .kind = FINDING_FLUX };

	(void)state;
	finding_set(f.fix, "ip link set dev a arp off");
	finding_keep_sysctl(&f);
	assert_string_equal(f.permanent, "");
	finding_set(f.fix, "sysctl -w a=1 b=2");
	finding_keep_sysctl(&f);
	assert_string_equal(f.permanent, "in /etc/sysctl.d/90-guestarp.conf:\na=1\nb=2");
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, join_row, joins);
	TABLE_TEST(&table, room);
	TABLE_TEST(&table, long_chain);
	TABLE_TEST(&table, keep);
	return table_run(&table, NULL, NULL);
}
