/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy with a mistake: the last good text of each file holds, as a whole. */

#include "policy/kept.h"

#include <sys/stat.h>
#include <time.h>

#include "policy_rows.h"

#define GOOD_HOST    "{\"guests\": {\"101\": {\"device\": \"eth3\"}}}"
#define GOOD_CLUSTER "{\"defaults\": {\"announce\": 5, \"route\": \"vmbr0\"}}"
#define BOTH         "managed device=eth3 route=vmbr0 announce=5"
#define SINCE        "; the last good policy of 2026-11-26 15:50 stays in force"

enum how { READ, MODE_0666, LINK, DIRECTORY };

/* cluster and host are what the files say after both were good once. */
static const struct kept_row {
	const char *name;
	const char *cluster;
	const char *host;
	const char *read;
	const char *error;
	enum how how;   /* becomes of the host's file */
	bool unmounted; /* without pmxcfs */
} rows_kept[] = {
	{ "both good", GOOD_CLUSTER, GOOD_HOST, BOTH, NULL, READ, false },
	{ "another good text", GOOD_CLUSTER, "{\"guests\": {\"101\": {\"device\": \"eth4\"}}}",
	  "managed device=eth4 route=vmbr0 announce=5", NULL, READ, false },
	{ "no JSON", GOOD_CLUSTER, "{\n  \"defaults\": {}\n  \"guests\": {}\n}", BOTH,
	  HOST "line 3, column 3: a comma is missing before \"guests\"" SINCE, READ, false },
	{ "an empty file", GOOD_CLUSTER, "", BOTH, HOST "line 1, column 1: empty: not even '{ }'" SINCE, READ, false },
	{ "an unknown key", GOOD_CLUSTER, "{\"defaults\": {\"devise\": \"eth4\", \"announce\": 1}}", BOTH,
	  HOST "defaults: unknown key \"devise\", did you mean \"device\"?" SINCE, READ, false },
	{ "a bad value, and nothing else of that file is taken", GOOD_CLUSTER,
	  "{\"defaults\": {\"announce\": 11, \"probe\": \"warn\"}, \"devices\": {\"eth0\": {\"arp_ignore\": 1}}}", BOTH,
	  HOST "defaults.announce: 11 is not a whole number from 0 to 10" SINCE, READ, false },
	{ "a bad value of another guest", GOOD_CLUSTER,
	  "{\"guests\": {\"102\": {\"announce\": 11}, \"101\": {\"device\": \"eth4\"}}}", BOTH,
	  HOST "guests.102.announce: 11 is not a whole number from 0 to 10" SINCE, READ, false },
	{ "the cluster's", "{", "{\"guests\": {\"101\": {\"device\": \"eth4\"}}}",
	  "managed device=eth4 route=vmbr0 announce=5",
	  CLUSTER "line 1, column 2: the text ends here, but the '{' of line 1 is not closed" SINCE, READ, false },
	{ "both", "{", "{", BOTH,
	  CLUSTER "line 1, column 2: the text ends here, but the '{' of line 1 is not closed" SINCE, READ, false },
	{ "the host's file is gone", GOOD_CLUSTER, NULL, "route=vmbr0 announce=5", NULL, READ, false },
	{ "the cluster's file is gone", NULL, GOOD_HOST, "managed device=eth3", NULL, READ, false },
	{ "the cluster's file is gone with pmxcfs", NULL, GOOD_HOST, BOTH,
	  CLUSTER "not there, and neither is /etc/pve/nodes" SINCE, READ, true },
	{ "others can write it", GOOD_CLUSTER, "{}", BOTH,
	  HOST "refused, others can write it (mode 0666; chmod go-w /etc/guestarp/guestarp.json)" SINCE, MODE_0666,
	  false },
	{ "a link", GOOD_CLUSTER, "{}", BOTH, HOST "refused, it is a symbolic link" SINCE, LINK, false },
	{ "a directory", GOOD_CLUSTER, NULL, BOTH, HOST "Is a directory" SINCE, DIRECTORY, false },
};

static void load_and_keep(struct notes *notes)
{
	struct policy policy;
	struct err err = { 0 };

	(void)load_as(GUEST_PVE, "101", &policy, &err);
	policy_keep(&policy, notes);
	policy_done(&policy);
}

/* Both good, and kept since a moment that the test knows. */
static void both_kept(void)
{
	static const struct timespec since[2] = { { .tv_sec = 1795708200 }, { .tv_sec = 1795708200 } };
	struct notes notes = { 0 };

	root_clean();
	root_mkdirs("/var/lib/");
	root_mkdirs("/etc/pve/nodes/");
	put(POLICY_CLUSTER_FILE, GOOD_CLUSTER);
	put(POLICY_HOST_FILE, GOOD_HOST);
	load_and_keep(&notes);
	assert_int_equal(notes.count, 0);
	assert_int_equal(utimensat(AT_FDCWD, root_path(KEPT_DIR "/host.json"), since, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, root_path(KEPT_DIR "/cluster.json"), since, 0), 0);
}

static void change(const struct kept_row *row)
{
	put(POLICY_CLUSTER_FILE, row->cluster);
	put(POLICY_HOST_FILE, row->host);
	if (row->how == MODE_0666)
		assert_int_equal(chmod(root_path(POLICY_HOST_FILE), 0666), 0);
	if (row->how == LINK) {
		put(POLICY_HOST_FILE, NULL);
		assert_int_equal(symlink("x.json", root_path(POLICY_HOST_FILE)), 0);
	}
	if (row->how == DIRECTORY)
		assert_int_equal(mkdir(root_path(POLICY_HOST_FILE), 0755), 0);
	if (row->unmounted)
		assert_int_equal(rmdir(root_path("/etc/pve/nodes")), 0);
}

static void kept(void **state)
{
	const struct kept_row *row = *state;
	struct policy policy;
	struct err err = { 0 };
	char words[1000];
	int r;

	both_kept();
	change(row);
	/* The second time what the first event has kept is there. */
	for (int i = 0; i < 2; i++) {
		struct notes notes = { 0 };

		r = load_as(GUEST_PVE, "101", &policy, &err);
		assert_string_equal(err.text, row->error ? row->error : "");
		assert_int_equal(r < 0, row->error != NULL);
		assert_string_equal(in_words(&policy, words, sizeof(words)), row->read);
		policy_keep(&policy, &notes);
		assert_int_equal(notes.count, 0);
		policy_done(&policy);
	}
}

static bool is_current(const struct policy *policy, const char *id, const char *alias)
{
	struct guest guest;

	assert_int_equal(guest_init(&guest, GUEST_PVE, id, NULL), 0);
	assert_int_equal(text_copy(guest.alias, sizeof(guest.alias), alias), 0);
	return policy_is_current(policy, &guest);
}

/* What was loaded is what would be loaded, for the same guest and until a file changes; never with a mistake in one. */
static void current(void **state)
{
	const struct kept_row *row = *state;
	struct policy policy;

	both_kept();
	assert_int_equal(load_as(GUEST_PVE, "101", &policy, NULL), 0);
	assert_true(is_current(&policy, "101", ""));
	assert_false(is_current(&policy, "102", ""));
	assert_false(is_current(&policy, "101", "web"));
	change(row);
	assert_int_equal(is_current(&policy, "101", ""), strcmp(row->name, "both good") == 0);
	policy_done(&policy);
	(void)load_as(GUEST_PVE, "101", &policy, NULL);
	assert_int_equal(is_current(&policy, "101", ""), row->error == NULL);
	policy_done(&policy);
}

/* Without a kept text there is none to tell it by. */
static void current_unreadable(void **state)
{
	struct policy policy;

	(void)state;
	root_clean();
	put(POLICY_HOST_FILE, GOOD_HOST);
	assert_int_equal(chmod(root_path(POLICY_HOST_FILE), 0666), 0);
	assert_true(load_as(GUEST_PVE, "101", &policy, NULL) < 0);
	assert_false(is_current(&policy, "101", ""));
	policy_done(&policy);
}

static void assert_kept(const char *name, const char *wanted)
{
	char *text = NULL;
	size_t len;

	if (!wanted) {
		assert_false(kept_exists(name));
		return;
	}
	assert_int_equal(kept_read(name, &text, &len, NULL), 0);
	assert_string_equal(text, wanted);
	free(text);
}

/* What is kept, by whom it can be read, and that nothing is written where nothing has changed. */
static void files(void **state)
{
	struct notes notes = { 0 };
	struct stat before;
	struct stat after;

	(void)state;
	both_kept();
	assert_kept(KEPT_HOST, GOOD_HOST);
	assert_kept(KEPT_CLUSTER, GOOD_CLUSTER);
	assert_int_equal(stat(root_path(KEPT_DIR), &before), 0);
	assert_int_equal(before.st_mode & 07777, 0700);
	assert_int_equal(stat(root_path(KEPT_DIR "/host.json"), &before), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	load_and_keep(&notes);
	assert_int_equal(stat(root_path(KEPT_DIR "/host.json"), &after), 0);
	assert_true(before.st_ino == after.st_ino);
	put(POLICY_HOST_FILE, "{\"guests\": {\"101\": 1}}");
	put(POLICY_CLUSTER_FILE, "{ // comment\n}");
	load_and_keep(&notes);
	assert_kept(KEPT_HOST, GOOD_HOST);
	assert_kept(KEPT_CLUSTER, "{ // comment\n}");
	put(POLICY_HOST_FILE, NULL);
	put(POLICY_CLUSTER_FILE, NULL);
	load_and_keep(&notes);
	assert_kept(KEPT_HOST, NULL);
	assert_kept(KEPT_CLUSTER, NULL);
	assert_int_equal(notes.count, 0);
}

/* policy_load() alone, and a check of a file, write nothing. */
static void unwritten(void **state)
{
	struct policy policy;

	(void)state;
	root_clean();
	root_mkdirs("/var/lib/");
	put(POLICY_HOST_FILE, GOOD_HOST);
	assert_int_equal(load_as(GUEST_PVE, "101", &policy, NULL), 0);
	policy_done(&policy);
	assert_int_equal(policy_check_file(root_path(POLICY_HOST_FILE), NULL), 0);
	assert_int_equal(access(root_path(KEPT_DIR), F_OK), -1);
}

/* Where it cannot be kept: one note. */
static void no_room(void **state)
{
	struct notes notes = { 0 };

	(void)state;
	root_clean();
	put(POLICY_HOST_FILE, GOOD_HOST);
	put(POLICY_CLUSTER_FILE, GOOD_CLUSTER);
	load_and_keep(&notes);
	assert_int_equal(notes.count, 1);
	assert_string_equal(notes.line[0],
			    "the last good policy is not kept: /var/lib/guestarp: No such file or directory");
}

/* A kept text that is no good itself, or that others could have written, is none. */
static void bad_kept(void **state)
{
	static const char *const texts[] = { "", "{", "{\"defaults\": {\"colour\": 1}}" };
	struct policy policy;
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i <= 3; i++) {
		both_kept();
		put(POLICY_HOST_FILE, "{");
		put(KEPT_DIR "/host.json", i < 3 ? texts[i] : GOOD_HOST);
		if (i == 3)
			assert_int_equal(chmod(root_path(KEPT_DIR "/host.json"), 0666), 0);
		assert_int_equal(load_as(GUEST_PVE, "101", &policy, &err), -EINVAL);
		assert_string_equal(err.text,
				    HOST "line 1, column 2: the text ends here, but the '{' of line 1 is not closed");
		assert_true(policy.broken);
		assert_string_equal(policy.device, "");
		policy_done(&policy);
	}
}

int main(void)
{
	static struct table table;

	if (setenv("TZ", "UTC0", 1) < 0)
		return 1;
	TABLE_ROWS(&table, kept, rows_kept);
	TABLE_ROWS(&table, current, rows_kept);
	TABLE_TEST(&table, current_unreadable);
	TABLE_TEST(&table, files);
	TABLE_TEST(&table, unwritten);
	TABLE_TEST(&table, no_room);
	TABLE_TEST(&table, bad_kept);
	return table_run(&table, root_setup, root_teardown);
}
