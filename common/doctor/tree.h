/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_TREE_H
#define GUESTARP_DOCTOR_TREE_H
/* A tree in text, a mark beside each of its nodes: 80 columns. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TREE_DEPTH 8

enum tree_mark { TREE_OK, TREE_BAD, TREE_NONE };

/* A node; or what is said of the node before it, indented below that. */
struct tree_row {
	int depth;     /* 0: the root */
	unsigned more; /* bit d: further down the same branch has a node at depth d */
	bool detail;
	enum tree_mark mark;
	char *name; /* a detail's label, "" for none */
	char *text;
};

struct tree {
	struct tree_row *rows;
	size_t count;
	size_t room;
	bool failed; /* because there was no memory */
};

void tree_node(struct tree *tree, int depth, enum tree_mark mark, const char *name, const char *text);
void tree_detail(struct tree *tree, const char *label, const char *text);

/* unicode: lines as in a box, else of ASCII. */
void tree_print(struct tree *tree, bool colour, bool unicode, FILE *out);
void tree_done(struct tree *tree);

#endif
