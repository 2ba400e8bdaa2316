/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How failures, notes and what was done are kept, in a fixed space. */

#include "effect/outcome.h"

#include <errno.h>
#include <string.h>

#include "table.h"

static void failure(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(err_set(&err, ENODEV, "device %s", "eth3"), -ENODEV);
	assert_int_equal(err.code, ENODEV);
	assert_string_equal(err.text, "device eth3");
	assert_int_equal(err_wrap(&err, "bind %d", 7), -ENODEV);
	assert_string_equal(err.text, "bind 7: device eth3");
	assert_int_equal(err_errno(&err, ENOENT, "%s", "/x"), -ENOENT);
	assert_string_equal(err.text, "/x: No such file or directory");
	assert_int_equal(err_set(NULL, EBUSY, "nobody listens"), -EBUSY);
	assert_int_equal(err_errno(NULL, EBUSY, "nobody listens"), -EBUSY);
	assert_true(err_wrap(NULL, "nobody listens") < 0);
}

static void failure_too_long(void **state)
{
	char text[1000];
	struct err err = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(err_errno(&err, ENOENT, "%s", text), -ENOENT);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err_wrap(&err, "%s", text), -ENOENT);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void notes(void **state)
{
	struct notes all = { 0 };
	struct err err = { 0 };

	(void)state;
	notes_add(&all, "first %d", 1);
	notes_add(&all, "first %d", 1);
	assert_int_equal(all.count, 1);
	(void)err_set(&err, EIO, "100%% sure");
	notes_add_err(&all, &err);
	assert_string_equal(all.line[0], "first 1");
	assert_string_equal(all.line[1], "100% sure");
	for (unsigned i = 0; i < NOTES_MAX; i++)
		notes_add(&all, "more %u", i);
	assert_int_equal(all.count, NOTES_MAX);
	assert_int_equal(all.dropped, 2);
	notes_add(&all, "first %d", 1);
	assert_int_equal(all.dropped, 2);
}

static void first_failure_counts(void **state)
{
	struct outcome outcome = { 0 };
	struct err one = { 0 };
	struct err two = { 0 };
	struct err err = { 0 };
	int result = 0;

	(void)state;
	(void)err_set(&one, ENODEV, "one");
	(void)err_set(&two, EBUSY, "two");
	outcome_failed(&outcome, &result, &one, &err);
	outcome_failed(&outcome, &result, &two, &err);
	assert_int_equal(result, -ENODEV);
	assert_string_equal(err.text, "one");
	assert_int_equal(outcome.notes.count, 1);
	assert_string_equal(outcome.notes.line[0], "two");
}

/* With names of every length, so that the line ends at every place near its limit. */
static void done(void **state)
{
	static const char name[] = "abcdefghijklmno";

	(void)state;
	for (size_t len = 1; len < IFNAMSIZ; len++) {
		struct setting setting = { .kind = SETTING_ARP_IGNORE, .value = 1 };
		struct {
			struct outcome outcome;
			char behind[128];
		} held = { 0 };
		static const char nothing[sizeof(held.behind)];
		const char *end;

		memcpy(setting.device, name, len);
		outcome_done(&held.outcome, &setting);
		assert_string_equal(strstr(held.outcome.done, ": "), ": arp_ignore 1");
		memcpy(setting.device, "eth0", 5);
		for (unsigned i = 0; i < 100; i++)
			outcome_done(&held.outcome, &setting);
		assert_true(memchr(held.outcome.done, '\0', sizeof(held.outcome.done)) != NULL);
		end = held.outcome.done + strlen(held.outcome.done);
		assert_string_equal(end - strlen("; eth0: arp_ignore 1; ..."), "; eth0: arp_ignore 1; ...");
		assert_null(strstr(held.outcome.done, "...;"));
		assert_in_range(held.outcome.count_left_out, 70, 80);
		assert_memory_equal(held.behind, nothing, sizeof(nothing));
	}
}

/* What is short enough for the rest of the room comes behind the mark no more. */
static void done_short_after_long(void **state)
{
	struct setting setting = { .kind = SETTING_PROXY, .device = "abcdefghijklmno" };
	struct outcome outcome = { 0 };

	(void)state;
	assert_int_equal(ip_parse("2001:db8:1111:2222:3333:4444:5555:6666", &setting.ip), 0);
	for (unsigned i = 0; i < 10; i++)
		outcome_done(&outcome, &setting);
	setting = (struct setting){ .kind = SETTING_NOARP, .device = "e", .value = 1 };
	outcome_done(&outcome, &setting);
	assert_string_equal(outcome.done + strlen(outcome.done) - 5, "; ...");
	assert_true(outcome.count_left_out >= 4);
}

int main(void)
{
	static struct table table;

	TABLE_TEST(&table, failure);
	TABLE_TEST(&table, failure_too_long);
	TABLE_TEST(&table, notes);
	TABLE_TEST(&table, first_failure_counts);
	TABLE_TEST(&table, done);
	TABLE_TEST(&table, done_short_after_long);
	return table_run(&table, NULL, NULL);
}
