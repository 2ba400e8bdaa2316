/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records: written and read again, damaged in many ways, and planted by others. */

#include "host/record.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "held.h"
#include "memory.h"

#define RECORD "/run/guestarp/pve-101.json"

static void add(struct plan *plan, enum setting_kind kind, const char *device, const char *ip)
{
	struct setting setting = { .kind = kind, .ifindex = 7, .guests = true };

	assert_int_equal(ifname_copy(setting.device, device), 0);
	assert_int_equal(ip_parse(ip, &setting.ip), 0);
	assert_int_equal(plan_add(plan, &setting), 0);
}

static void check_same(const struct setting *a, const struct setting *b)
{
	assert_true(setting_same(a, b));
	assert_string_equal(a->device, b->device);
	assert_int_equal(a->ifindex, b->ifindex);
	assert_int_equal(a->platforms, b->platforms);
	assert_int_equal(a->shared, b->shared);
	assert_int_equal(a->guests, b->guests);
}

/* Is there a record? What it says is released by the caller. */
static bool loads(const struct lock *lock, struct plan *ret_plan, struct notes *ret_notes)
{
	bool exists;

	memset(ret_plan, 0, sizeof(*ret_plan));
	memset(ret_notes, 0, sizeof(*ret_notes));
	assert_int_equal(record_load(lock, ret_plan, &exists, ret_notes, NULL), 0);
	return exists;
}

/* What was saved is what is read. saved is released. */
static void check_round_trip(struct plan *saved)
{
	struct plan loaded;
	struct notes notes;
	struct lock lock;
	struct stat st;

	root_clean();
	lock = hold(&guest_101);
	assert_int_equal(record_save(&lock, saved, NULL), 0);
	assert_true(loads(&lock, &loaded, &notes));
	assert_int_equal(notes.count, 0);
	assert_int_equal(loaded.count, saved->count);
	for (size_t i = 0; i < saved->count; i++)
		check_same(&loaded.settings[i], &saved->settings[i]);
	assert_int_equal(stat(root_path(RECORD), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	plan_done(saved);
	plan_done(&loaded);
	lock_release(&lock);
	root_clean();
}

static void round_trip(void **state)
{
	struct plan saved = { 0 };

	(void)state;
	add(&saved, SETTING_PROXY, "a\"b\\c\xc3\xa4", "192.0.2.8");
	add(&saved, SETTING_PROXY, "eth3", "192.0.2.7");
	add(&saved, SETTING_PROXY, "eth3", "2001:db8::7");
	add(&saved, SETTING_ROUTE, "veth101i0", "192.0.2.7");
	check_round_trip(&saved);
}

/* Each setting as long as it can be. */
static void longest(void **state)
{
	struct plan saved = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		const char *device = "\"\"\"\"\"\"\"\"\\\\\\\\\\\\\\";

		add(&saved, i % 2 ? SETTING_ROUTE : SETTING_PROXY, device, "2001:db8:1111:2222:3333:4444:5555:6666");
		saved.settings[i].ifindex = INT32_MAX;
		saved.settings[i].platforms = i % 2;
		saved.settings[i].shared = i % 3 == 0;
	}
	check_round_trip(&saved);
}

/* Each allocation fails in turn: the record is saved whole, or it is said, and the one before it stays. */
static void save_without_memory(void **state)
{
	struct plan before = { 0 };
	struct plan after = { 0 };
	struct notes notes;
	struct lock lock;
	unsigned n = 0;

	(void)state;
	root_clean();
	lock = hold(&guest_101);
	add(&before, SETTING_PROXY, "eth3", "192.0.2.7");
	for (size_t i = 0; i < 20; i++)
		add(&after, SETTING_PROXY, "eth3", "2001:db8::7");
	do {
		struct plan loaded;
		int r;

		assert_int_equal(record_save(&lock, &before, NULL), 0);
		memory_fail(++n);
		r = record_save(&lock, &after, NULL);
		memory_fail(0);
		assert_true(r == 0 || r == -ENOMEM);
		assert_true(loads(&lock, &loaded, &notes));
		assert_int_equal(notes.count, 0);
		assert_int_equal(loaded.count, r == 0 ? after.count : before.count);
		plan_done(&loaded);
	} while (memory_asked >= n);
	plan_done(&before);
	plan_done(&after);
	lock_release(&lock);
	root_clean();
}

static void empty_and_gone(void **state)
{
	struct plan none;
	struct notes notes;
	struct lock lock;

	(void)state;
	root_clean();
	lock = hold(&guest_101);
	assert_false(loads(&lock, &none, &notes));
	assert_int_equal(record_remove(&lock, NULL), 0);
	assert_false(record_exists(&guest_101));
	/* It can be seen from now on, and says nothing yet. */
	assert_int_equal(record_begin(&lock, NULL), 0);
	assert_true(record_exists(&guest_101));
	assert_false(loads(&lock, &none, &notes));
	assert_int_equal(record_save(&lock, &none, NULL), 0);
	assert_int_equal(record_begin(&lock, NULL), 0);
	assert_true(loads(&lock, &none, &notes));
	assert_int_equal(none.count + notes.count, 0);
	assert_int_equal(record_remove(&lock, NULL), 0);
	assert_false(loads(&lock, &none, &notes));
	assert_int_equal(access(root_path(RECORD), F_OK), -1);
	lock_release(&lock);
	root_clean();
}

static void names_are_apart(void **state)
{
	struct guest lxc;
	struct plan plan = { 0 };
	struct lock lock;

	(void)state;
	root_clean();
	assert_int_equal(guest_init(&lxc, GUEST_LXC, "101", NULL), 0);
	lock = hold(&guest_101);
	assert_int_equal(record_save(&lock, &plan, NULL), 0);
	lock_release(&lock);
	lock = hold(&lxc);
	assert_int_equal(record_save(&lock, &plan, NULL), 0);
	lock_release(&lock);
	assert_int_equal(access(root_path(RECORD), F_OK), 0);
	assert_int_equal(access(root_path("/run/guestarp/lxc-101.json"), F_OK), 0);
	root_clean();
}

#define GOOD     "{\"setting\": \"proxy_entry\", \"device\": \"eth3\", \"ifindex\": 7, \"address\": \"192.0.2.7\"}"
#define LIST(s)  "{\"version\": 1, \"settings\": [" s "]}"
#define UNCLEAR0 "record pve-101.json: settings[0] is not understood, ignoring it"
#define AT       "record pve-101.json: line 1, column "

/* note is NULL for a record that is understood, count says how many settings it has then. */
static const struct damaged {
	const char *name;
	const char *text;
	size_t count;
	const char *note;
} damageds[] = {
	{ "whole", LIST(GOOD), 1, NULL },
	{ "a key that a newer version adds", "{\"version\": 1, \"since\": 0, \"settings\": [" GOOD "]}", 1, NULL },
	{ "cut short", "{ \"a", 0, AT "3: this string is not closed on its line, ignoring it" },
	{ "bytes behind it", LIST(GOOD) "x", 0, AT "113: the object has ended before 'x', ignoring it" },
	{ "no JSON", "hello", 0, AT "1: not an object, which begins with '{', ignoring it" },
	{ "an array", "[]", 0, AT "1: not an object, which begins with '{', ignoring it" },
	{ "no version", "{\"settings\": []}", 0, "record pve-101.json: not a record of version 1, ignoring it" },
	{ "another version", "{\"version\": 2, \"settings\": []}", 0,
	  "record pve-101.json: not a record of version 1, ignoring it" },
	{ "the version as a string", "{\"version\": \"1\", \"settings\": []}", 0,
	  "record pve-101.json: not a record of version 1, ignoring it" },
	{ "no settings", "{\"version\": 1}", 0, "record pve-101.json: not a record of version 1, ignoring it" },
	{ "settings is an object", "{\"version\": 1, \"settings\": {}}", 0,
	  "record pve-101.json: not a record of version 1, ignoring it" },
	{ "a setting is null", LIST("null"), 0, UNCLEAR0 },
	{ "a setting is a number", LIST("7"), 0, UNCLEAR0 },
	{ "a setting is an array", LIST("[" GOOD "]"), 0, UNCLEAR0 },
	{ "the second setting is bad: none is taken", LIST(GOOD ", {}"), 0,
	  "record pve-101.json: settings[1] is not understood, ignoring it" },
	{ "an unknown kind", LIST("{\"setting\": \"shell\", \"device\": \"eth3\", \"ifindex\": 7}"), 0, UNCLEAR0 },
	{ "a kind that is never recorded",
	  LIST("{\"setting\": \"bridge_mac\", \"device\": \"vmbr0\", \"ifindex\": 7, \"value\": 1, \"was\": 0}"), 0,
	  UNCLEAR0 },
	{ "a setting of the host's",
	  LIST("{\"setting\": \"proxy_delay\", \"device\": \"eth3\", \"ifindex\": 7, \"value\": 1, \"was\": 0}"), 0,
	  UNCLEAR0 },
	{ "no entry to delete",
	  LIST("{\"setting\": \"no_proxy_entry\", \"device\": \"eth3\", \"ifindex\": 7, \"address\": \"192.0.2.7\"}"),
	  0, UNCLEAR0 },
	{ "no device", LIST("{\"setting\": \"proxy_entry\", \"ifindex\": 7, \"address\": \"192.0.2.7\"}"), 0,
	  UNCLEAR0 },
	{ "an empty device",
	  LIST("{\"setting\": \"proxy_entry\", \"device\": \"\", \"ifindex\": 7, \"address\": \"192.0.2.7\"}"), 0,
	  UNCLEAR0 },
	{ "a device that leads elsewhere",
	  LIST("{\"setting\": \"proxy_entry\", \"device\": \"../../x\", \"ifindex\": 7, \"address\": \"192.0.2.7\"}"),
	  0, UNCLEAR0 },
	{ "a device's name too long",
	  LIST("{\"setting\": \"proxy_entry\", \"device\": \"abcdefghijklmnop\", \"ifindex\": 7, \"address\": "
	       "\"192.0.2.7\"}"),
	  0, UNCLEAR0 },
	{ "a device that is a number",
	  LIST("{\"setting\": \"proxy_entry\", \"device\": 3, \"ifindex\": 7, \"address\": \"192.0.2.7\"}"), 0,
	  UNCLEAR0 },
	{ "no ifindex", LIST("{\"setting\": \"proxy_entry\", \"device\": \"eth3\", \"address\": \"192.0.2.7\"}"), 0,
	  UNCLEAR0 },
	{ "a negative ifindex",
	  LIST("{\"setting\": \"proxy_entry\", \"device\": \"eth3\", \"ifindex\": -1, \"address\": \"192.0.2.7\"}"), 0,
	  UNCLEAR0 },
	{ "an ifindex beyond an int",
	  LIST("{\"setting\": \"proxy_entry\", \"device\": \"eth3\", \"ifindex\": 4294967303, \"address\": "
	       "\"192.0.2.7\"}"),
	  0, UNCLEAR0 },
	{ "an ifindex as a string",
	  LIST("{\"setting\": \"proxy_entry\", \"device\": \"eth3\", \"ifindex\": \"7\", \"address\": \"192.0.2.7\"}"),
	  0, UNCLEAR0 },
	{ "no address", LIST("{\"setting\": \"proxy_entry\", \"device\": \"eth3\", \"ifindex\": 7}"), 0, UNCLEAR0 },
	{ "an address of nobody",
	  LIST("{\"setting\": \"host_route\", \"device\": \"eth3\", \"ifindex\": 7, \"address\": \"0.0.0.0\"}"), 0,
	  UNCLEAR0 },
	{ "an address with a prefix",
	  LIST("{\"setting\": \"host_route\", \"device\": \"eth3\", \"ifindex\": 7, \"address\": \"192.0.2.0/24\"}"), 0,
	  UNCLEAR0 },
	{ "a firewall bridge's values, as the versions before 0.2 recorded them: they stay",
	  LIST("{\"setting\": \"arp_ignore\", \"device\": \"fwbr101i0\", \"ifindex\": 7, \"value\": 1, \"was\": 0}, "
	       "{\"setting\": \"noarp\", \"device\": \"fwbr101i0\", \"ifindex\": 7, \"value\": 1, \"was\": 0}, " GOOD),
	  1, NULL },
	{ "another device's value was never recorded",
	  LIST("{\"setting\": \"arp_announce\", \"device\": \"eth0\", \"ifindex\": 7, \"value\": 1, \"was\": 0}"), 0,
	  UNCLEAR0 },
};

static void check_load(size_t count, const char *note)
{
	struct lock lock = hold(&guest_101);
	struct plan plan;
	struct notes notes;

	assert_true(loads(&lock, &plan, &notes));
	assert_int_equal(plan.count, count);
	assert_int_equal(notes.count, note ? 1 : 0);
	if (note)
		assert_string_equal(notes.line[0], note);
	plan_done(&plan);
	lock_release(&lock);
}

static void load(void **state)
{
	const struct damaged *row = *state;

	root_clean();
	root_put(RECORD, row->text);
	check_load(row->count, row->note);
	root_clean();
}

/* Cut short behind every byte, and every byte changed: a record that is understood, or a note; never a crash. */
static void damage_everywhere(void **state)
{
	static const char whole[] = LIST(GOOD);

	(void)state;
	root_clean();
	for (size_t i = 1; i < 2 * (sizeof(whole) - 1); i++) {
		const bool cut = i < sizeof(whole) - 1;
		char text[sizeof(whole)];
		struct lock lock = hold(&guest_101);
		struct plan plan;
		struct notes notes;

		memcpy(text, whole, sizeof(whole));
		if (!cut)
			text[i - (sizeof(whole) - 1)] ^= 0x15;
		root_put_bytes(RECORD, text, cut ? i : sizeof(whole) - 1, 0600);
		assert_true(loads(&lock, &plan, &notes));
		assert_int_equal(plan.count + notes.count, 1);
		assert_true(!cut || notes.count == 1);
		plan_done(&plan);
		lock_release(&lock);
	}
	root_clean();
}

static void planted_link(void **state)
{
	(void)state;
	root_clean();
	root_put("/etc/victim", LIST(GOOD));
	root_mkdirs(RECORD);
	assert_int_equal(symlink("../../etc/victim", root_path(RECORD)), 0);
	check_load(0, "record pve-101.json: refused, it is a symbolic link, ignoring it");
	root_clean();
}

static void planted_directory(void **state)
{
	(void)state;
	root_clean();
	root_mkdirs(RECORD "/");
	check_load(0, "record pve-101.json: Is a directory, ignoring it");
	root_clean();
}

static void planted_fifo(void **state)
{
	(void)state;
	root_clean();
	root_mkdirs(RECORD);
	assert_int_equal(mkfifo(root_path(RECORD), 0600), 0);
	check_load(0, "record pve-101.json: not a regular file, ignoring it");
	root_clean();
}

static void writable_record(void **state)
{
	(void)state;
	root_clean();
	root_put_bytes(RECORD, LIST(GOOD), strlen(LIST(GOOD)), 0622);
	check_load(
		0,
		"record pve-101.json: refused, others can write it (mode 0622; chmod go-w pve-101.json), ignoring it");
	root_clean();
}

static void foreign_record(void **state)
{
	(void)state;
	root_clean();
	root_put(RECORD, LIST(GOOD));
	assert_int_equal(chown(root_path(RECORD), 65534, 0), 0);
	check_load(0, "record pve-101.json: refused, it belongs to user 65534, ignoring it");
	root_clean();
}

static void check_open_refused(int result, const char *text)
{
	struct lock lock = LOCK_RELEASED;
	struct err err = { 0 };

	assert_int_equal(lock_guest(&guest_101, true, false, &lock, &err), result);
	assert_string_equal(err.text, text);
	assert_int_equal(lock.dir, -1);
	assert_int_equal(lock.fd, -1);
	lock_release(&lock);
}

static void bad_directory(void **state)
{
	(void)state;
	root_clean();
	root_mkdirs("/run/elsewhere/");
	assert_int_equal(symlink("elsewhere", root_path("/run/guestarp")), 0);
	check_open_refused(-ENOTDIR, "/run/guestarp: Not a directory");
	assert_int_equal(unlink(root_path("/run/guestarp")), 0);
	assert_int_equal(mkdir(root_path("/run/guestarp"), 0700), 0);
	assert_int_equal(chmod(root_path("/run/guestarp"), 0777), 0);
	check_open_refused(-EACCES,
			   "/run/guestarp: refused, others can write it (mode 0777; chmod go-w /run/guestarp)");
	assert_int_equal(chmod(root_path("/run/guestarp"), 0700), 0);
	assert_int_equal(symlink("../victim", root_path("/run/guestarp/lock")), 0);
	check_open_refused(-ELOOP, "/run/guestarp/lock: Too many levels of symbolic links");
	assert_int_equal(access(root_path("/run/victim"), F_OK), -1);
	root_clean();
}

static void foreign_directory(void **state)
{
	(void)state;
	root_clean();
	root_mkdirs("/run/guestarp/");
	assert_int_equal(chown(root_path("/run/guestarp"), 65534, 0), 0);
	check_open_refused(-EACCES, "/run/guestarp: refused, it belongs to user 65534");
	root_clean();
}

static void no_directory(void **state)
{
	struct lock lock = LOCK_RELEASED;

	(void)state;
	root_clean();
	root_mkdirs("/run/");
	assert_int_equal(lock_guest(&guest_101, false, false, &lock, NULL), -ENOENT);
	assert_int_equal(access(root_path("/run/guestarp"), F_OK), -1);
	assert_int_equal(lock.dir, -1);
	lock_release(&lock);
	root_clean();
}

int main(void)
{
	static struct table table;

	TABLE_TEST(&table, round_trip);
	TABLE_TEST(&table, longest);
	TABLE_TEST(&table, save_without_memory);
	TABLE_TEST(&table, empty_and_gone);
	TABLE_TEST(&table, names_are_apart);
	TABLE_ROWS(&table, load, damageds);
	TABLE_TEST(&table, damage_everywhere);
	TABLE_TEST(&table, planted_link);
	TABLE_TEST(&table, planted_directory);
	TABLE_TEST(&table, planted_fifo);
	TABLE_TEST(&table, writable_record);
	TABLE_TEST(&table, bad_directory);
	if (geteuid() == 0) {
		TABLE_TEST(&table, foreign_record);
		TABLE_TEST(&table, foreign_directory);
	} else {
		/* Only root can give a file away. */
		puts("# not root: records of another user are not tried");
	}
	TABLE_TEST(&table, no_directory);
	return table_run(&table, held_setup, root_teardown);
}
