/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_TESTS_UNIT_TABLE_H
#define GUESTARP_TESTS_UNIT_TABLE_H
/* Tables of cases for cmocka: each row is a test of its own, named in the TAP output. */

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TABLE_MAX 400

struct table {
	struct CMUnitTest tests[TABLE_MAX];
	char names[TABLE_MAX][120];
	size_t count;
};

/* One test. row goes to its state pointer. */
static inline void table_add(struct table *table, const char *name, const char *row_name, CMUnitTestFunction test,
			     const void *row)
{
	char *full;

	if (table->count == TABLE_MAX)
		abort();
	full = table->names[table->count];
	(void)snprintf(full, sizeof(table->names[0]), "%s%s%s", name, row_name ? ": " : "", row_name ? row_name : "");
	table->tests[table->count++] = (struct CMUnitTest){
		.name = full,
		.test_func = test,
		.initial_state = (void *)(uintptr_t)row,
	};
}

/* Every row of an array whose first member is the row's name. */
#define TABLE_ROWS(table, test, rows)                                                                                  \
	do {                                                                                                           \
		for (size_t _i = 0; _i < sizeof(rows) / sizeof((rows)[0]); _i++)                                       \
			table_add(table, #test, (rows)[_i].name, test, &(rows)[_i]);                                   \
	} while (0)

#define TABLE_TEST(table, test) table_add(table, #test, NULL, test, NULL)

static inline int table_run(struct table *table, CMFixtureFunction setup, CMFixtureFunction teardown)
{
	return _cmocka_run_group_tests("unit", table->tests, table->count, setup, teardown) != 0;
}

#endif
