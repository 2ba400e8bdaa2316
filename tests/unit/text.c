/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, device names, misspelt words, bounded strings, the hash. */

#include "base/text.h"

#include <errno.h>
#include <string.h>

#include "table.h"

static const struct number {
	const char *name;
	const char *text;
	uint32_t min;
	uint32_t max;
	int result;
	uint32_t value;
} numbers[] = {
	{ "zero", "0", 0, 9, 0, 0 },
	{ "plain", "4094", 1, 4094, 0, 4094 },
	{ "the minimum", "100", 100, 200, 0, 100 },
	{ "the maximum", "200", 100, 200, 0, 200 },
	{ "largest", "4294967295", 0, UINT32_MAX, 0, UINT32_MAX },
	{ "one over largest", "4294967296", 0, UINT32_MAX, -ERANGE, 0 },
	{ "wraps 64 bits", "18446744073709551617", 0, UINT32_MAX, -ERANGE, 0 },
	{ "20 digits", "12345678901234567890", 0, UINT32_MAX, -ERANGE, 0 },
	{ "below", "99", 100, 200, -ERANGE, 0 },
	{ "above", "201", 100, 200, -ERANGE, 0 },
	{ "empty", "", 0, 9, -EINVAL, 0 },
	{ "leading zero", "07", 0, 9, -EINVAL, 0 },
	{ "two zeros", "00", 0, 9, -EINVAL, 0 },
	{ "plus", "+7", 0, 9, -EINVAL, 0 },
	{ "minus", "-7", 0, 9, -EINVAL, 0 },
	{ "leading blank", " 7", 0, 9, -EINVAL, 0 },
	{ "trailing blank", "7 ", 0, 9, -EINVAL, 0 },
	{ "trailing newline", "7\n", 0, 9, -EINVAL, 0 },
	{ "hexadecimal", "0x7", 0, 9, -EINVAL, 0 },
	{ "letters", "seven", 0, 9, -EINVAL, 0 },
	{ "number, then letters", "7a", 0, 9, -EINVAL, 0 },
	{ "a point", "7.0", 0, 9, -EINVAL, 0 },
	{ "character before 0", "1/", 0, 99, -EINVAL, 0 },
	{ "character after 9", "1:", 0, 99, -EINVAL, 0 },
};

static void number(void **state)
{
	const struct number *row = *state;
	uint32_t value = 4711;

	assert_int_equal(parse_u32(row->text, row->min, row->max, &value), row->result);
	assert_int_equal(value, row->result == 0 ? row->value : 4711);
}

static const struct number padded[] = {
	{ "plain", "4094", 1, 4094, 0, 4094 },
	{ "leading zeros", "007", 1, 9, 0, 7 },
	{ "zeros alone", "000", 0, 9, 0, 0 },
	{ "zero", "0", 0, 9, 0, 0 },
	{ "more zeros than a number has digits", "000000000000000000000007", 0, 9, 0, 7 },
	{ "zeros alone, below", "00", 1, 9, -ERANGE, 0 },
	{ "above", "010", 0, 9, -ERANGE, 0 },
	{ "empty", "", 0, 9, -EINVAL, 0 },
	{ "hexadecimal", "0x7", 0, 9, -EINVAL, 0 },
	{ "zeros, then a letter", "00a", 0, 9, -EINVAL, 0 },
};

static void padded_number(void **state)
{
	const struct number *row = *state;
	uint32_t value = 4711;

	assert_int_equal(parse_u32_padded(row->text, row->min, row->max, &value), row->result);
	assert_int_equal(value, row->result == 0 ? row->value : 4711);
}

static const struct device {
	const char *name;
	const char *text;
	bool valid;
} devices[] = {
	{ "plain", "eth0", true },
	{ "one byte", "e", true },
	{ "15 bytes", "fwbr123456789i0", true },
	{ "VLAN with a dot", "eno1.100", true },
	{ "starting with a dot", ".eth0", true },
	{ "three dots", "...", true },
	{ "bytes over 127", "br\xc3\xa4", true },
	{ "hyphen and at", "br-lan@1", true },
	{ "empty", "", false },
	{ "16 bytes", "fwbr123456789i10", false },
	{ "very long", "eth0eth0eth0eth0eth0eth0eth0eth0", false },
	{ "dot", ".", false },
	{ "dot dot", "..", false },
	{ "slash", "eth0/arp", false },
	{ "colon (an alias)", "eth0:1", false },
	{ "blank", "eth 0", false },
	{ "tab", "eth0\t", false },
	{ "newline", "eth0\n", false },
	{ "control byte", "eth\x01", false },
	{ "DEL", "eth\x7f", false },
};

static void device(void **state)
{
	const struct device *row = *state;
	char name[IFNAMSIZ] = "before";

	assert_int_equal(ifname_valid(row->text), row->valid);
	assert_int_equal(ifname_copy(name, row->text), row->valid ? 0 : -EINVAL);
	assert_string_equal(name, row->valid ? row->text : "before");
}

static void copy(void **state)
{
	char text[4] = "abc";

	(void)state;
	assert_int_equal(text_copy(text, sizeof(text), "1234"), -ENAMETOOLONG);
	assert_string_equal(text, "abc");
	assert_int_equal(text_copy(text, sizeof(text), "123"), 0);
	assert_string_equal(text, "123");
	assert_int_equal(text_copy(text, sizeof(text), ""), 0);
	assert_string_equal(text, "");
}

static const struct {
	const char *word;
	int other;
} words[] = {
	{ "device", 1 }, { "devices", 2 }, { "announce", 3 },
	{ "then", 4 },   { "route", 5 },   { "a23456789b23456789c23456789d234", 6 },
};

static const struct misspelt {
	const char *name;
	const char *text;
	const char *nearest;
} misspelts[] = {
	{ "the word itself", "route", "route" },
	{ "one letter less", "devic", "device" },
	{ "one letter more", "routee", "route" },
	{ "one letter other", "rouse", "route" },
	{ "two letters swapped", "anonunce", "announce" },
	{ "two letters less", "annoue", "announce" },
	{ "nearer of two", "devicess", "devices" },
	{ "the first of two as near", "devicexs", "devices" },
	{ "other case counts", "Then", "then" },
	{ "three letters off", "announcing", NULL },
	{ "nothing near", "firewall", NULL },
	{ "empty", "", NULL },
	{ "31 bytes", "a23456789b23456789c23456789d23x", "a23456789b23456789c23456789d234" },
	{ "32 bytes", "a23456789b23456789c23456789d234x", NULL },
	{ "long", "0123456789012345678901234567890123456789012345678901234567890123456789", NULL },
};

static void nearest(void **state)
{
	const struct misspelt *row = *state;
	const char *word = text_nearest(row->text, words, sizeof(words) / sizeof(words[0]), sizeof(words[0]));

	if (row->nearest) {
		assert_non_null(word);
		assert_string_equal(word, row->nearest);
	} else {
		assert_null(word);
	}
}

static const struct shown {
	const char *name;
	const char *text;
	size_t size;
	const char *want;
} showns[] = {
	{ "as it is", "vmbr0", 10, "vmbr0" },
	{ "empty", "", 10, "" },
	{ "fits exactly", "123456789", 10, "123456789" },
	{ "one too long", "1234567890", 10, "123456..." },
	{ "far too long", "12345678901234567890", 10, "123456..." },
	{ "newline, tab, escape, DEL", "a\nb\tc\x1b[0m\x7f", 20, "a?b?c?[0m?" },
	{ "bytes over 127 stay", "br\xc3\xa4", 10, "br\xc3\xa4" },
	{ "room for three", "abcdef", 4, "..." },
	{ "room for two", "abcdef", 3, "ab" },
	{ "no room", "abcdef", 1, "" },
};

static void shown(void **state)
{
	const struct shown *row = *state;
	char text[32];

	memset(text, '#', sizeof(text));
	assert_ptr_equal(text_shown(row->text, text, row->size), text);
	assert_string_equal(text, row->want);
	for (size_t i = row->size; i < sizeof(text); i++)
		assert_int_equal(text[i], '#');
}

static void append(void **state)
{
	char text[8] = "ab";

	(void)state;
	assert_true(text_append(text, sizeof(text), "%s", ""));
	assert_string_equal(text, "ab");
	assert_true(text_append(text, sizeof(text), "-%d", 12));
	assert_string_equal(text, "ab-12");
	assert_false(text_append(text, sizeof(text), "%s", "xyz"));
	assert_string_equal(text, "ab-12");
	assert_true(text_append(text, sizeof(text), "%s", "xy"));
	assert_string_equal(text, "ab-12xy");
	assert_false(text_append(text, sizeof(text), "%s", "z"));
	assert_string_equal(text, "ab-12xy");
}

/* FNV-1a's published vectors (64 bits). */
static const struct hashed {
	const char *name;
	const char *text;
	uint64_t hash;
} hasheds[] = {
	{ "nothing", "", UINT64_C(0xcbf29ce484222325) },
	{ "a", "a", UINT64_C(0xaf63dc4c8601ec8c) },
	{ "foobar", "foobar", UINT64_C(0x85944171f73967e8) },
	{ "byte over 127", "\xff", UINT64_C(0xaf64724c8602eb6e) },
};

static void hash(void **state)
{
	const struct hashed *row = *state;

	assert_true(text_hash(TEXT_HASH_START, row->text) == row->hash);
}

static void hash_in_pieces(void **state)
{
	(void)state;
	assert_true(text_hash(text_hash(TEXT_HASH_START, "foo"), "bar") == text_hash(TEXT_HASH_START, "foobar"));
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, number, numbers);
	TABLE_ROWS(&table, padded_number, padded);
	TABLE_ROWS(&table, device, devices);
	TABLE_ROWS(&table, nearest, misspelts);
	TABLE_ROWS(&table, shown, showns);
	TABLE_ROWS(&table, hash, hasheds);
	TABLE_TEST(&table, copy);
	TABLE_TEST(&table, append);
	TABLE_TEST(&table, hash_in_pieces);
	return table_run(&table, NULL, NULL);
}
