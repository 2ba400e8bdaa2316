/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which lines a tree needs is known from its end alone, so all of it is kept before the first line is printed. */

#include "doctor/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "doctor/output.h"

#define MARK_COLUMN 40
#define STEP        3 /* columns a level */
#define MARGIN_SIZE (TREE_DEPTH * 8)

static void add(struct tree *tree, const struct tree_row *row, const char *name, const char *text)
{
	struct tree_row *rows = array_grow(tree->rows, tree->count, &tree->room, sizeof(*rows));

	if (!rows) {
		tree->failed = true;
		return;
	}
	tree->rows = rows;
	rows[tree->count] = *row;
	rows[tree->count].name = strdup(name);
	rows[tree->count].text = strdup(text);
	if (!rows[tree->count].name || !rows[tree->count].text)
		tree->failed = true;
	tree->count++;
}

void tree_node(struct tree *tree, int depth, enum tree_mark mark, const char *name, const char *text)
{
	add(tree, &(struct tree_row){ .depth = depth < TREE_DEPTH ? depth : TREE_DEPTH - 1, .mark = mark }, name, text);
}

void tree_detail(struct tree *tree, const char *label, const char *text)
{
	int depth = tree->count > 0 ? tree->rows[tree->count - 1].depth : 0;

	add(tree, &(struct tree_row){ .depth = depth, .detail = true }, label, text);
}

static void find_branches(struct tree *tree)
{
	unsigned open = 0;

	for (size_t i = tree->count; i-- > 0;) {
		struct tree_row *row = &tree->rows[i];
		unsigned bit = 1U << row->depth;

		row->more = open & (2 * bit - 1);
		if (!row->detail)
			open = (open & (bit - 1)) | bit;
	}
	/* A detail stands below its node: what goes on there goes on beside it. */
	for (size_t i = 1; i < tree->count; i++) {
		if (tree->rows[i].detail)
			tree->rows[i].more = tree->rows[i - 1].more;
	}
}

/* What stands in front of a row: lines that go on from level 1 to its last. */
static void margin_of(const struct tree_row *row, int levels, bool unicode, char margin[MARGIN_SIZE])
{
	margin[0] = '\0';
	for (int level = 1; level <= levels; level++)
		(void)strncat(margin,
			      !(row->more & 1U << level) ? "   "
			      : unicode                  ? "\u2502  "
							 : "|  ",
			      MARGIN_SIZE - strlen(margin) - 1);
}

static void print_node(const struct tree_row *row, bool colour, bool unicode, FILE *out)
{
	static const char *const plain[] = { [TREE_OK] = "ok", [TREE_BAD] = "!!", [TREE_NONE] = "--" };
	static const char *const colours[] = { [TREE_OK] = "\033[32m", [TREE_BAD] = "\033[1;31m", [TREE_NONE] = "" };
	const char *begin = colour ? colours[row->mark] : "";
	bool more = row->more & 1U << row->depth;
	char margin[MARGIN_SIZE];
	const char *branch = unicode ? (more ? "\u251c\u2500 " : "\u2514\u2500 ") : more ? "|- " : "`- ";

	margin_of(row, row->depth - 1, unicode, margin);
	(void)fprintf(out, "%s%s%-*s %s%s%s%s%s\n", margin, row->depth ? branch : "", MARK_COLUMN - STEP * row->depth,
		      row->name, begin, plain[row->mark], *begin ? "\033[0m" : "", *row->text ? "  " : "", row->text);
}

static void print_detail(const struct tree_row *row, bool unicode, FILE *out)
{
	int width = STEP * row->depth;
	int label = (int)strlen(row->name);
	char margin[MARGIN_SIZE];

	margin_of(row, row->depth, unicode, margin);
	(void)fprintf(out, "%s%*s%s%s", margin, STEP, "", row->name, label ? ": " : "");
	output_wrapped_behind(out, row->text, margin, width, width + STEP + (label ? label + 2 : 0));
}

void tree_print(struct tree *tree, bool colour, bool unicode, FILE *out)
{
	find_branches(tree);
	for (size_t i = 0; !tree->failed && i < tree->count; i++) {
		if (tree->rows[i].detail)
			print_detail(&tree->rows[i], unicode, out);
		else
			print_node(&tree->rows[i], colour, unicode, out);
	}
}

void tree_done(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->rows[i].name);
		free(tree->rows[i].text);
	}
	free(tree->rows);
	memset(tree, 0, sizeof(*tree));
}
