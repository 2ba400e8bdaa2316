/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse_line() of vzctl 3.x and 4.x (util.c) and of libvzctl (common.c); a shell that sources the file sees other
 * things. */

#include "guest/vz_line.h"

#include <ctype.h>
#include <string.h>

#define KEY_SIZE 512 /* vzctl's STR_SIZE; libvzctl has room for more, and no such key */

static char *skip_blanks(char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static void cut_blanks(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
}

/* All begin with it: \" becomes ", and so for any character, the line's end included. */
static void remove_backslashes(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\\' && !*++from)
			break;
		*to++ = *from;
	}
	*to = '\0';
}

/* A '#' at the start of a word and outside quotes begins a comment (libvzctl's uncommentstr). */
static void cut_comment(char *text)
{
	char quote = '\0';

	for (char *p = text; *p; p++) {
		if (quote) {
			if (*p == quote)
				quote = '\0';
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '#' && (p == text || isspace((unsigned char)p[-1]))) {
			*p = '\0';
			return;
		}
	}
}

static bool is_quote(enum vz_family family, char c)
{
	return c == '"' || (family == VZ_LIBVZCTL && c == '\'');
}

/* 3.x and libvzctl: one quote at the line's end and one behind the '=' go, each by itself. */
static void cut_last_quote(enum vz_family family, char *text)
{
	size_t len = strlen(text);

	if (len > 0 && is_quote(family, text[len - 1]))
		text[len - 1] = '\0';
}

/* 4.x: a value that begins with a quote ends at the line's last one. */
static bool cut_at_last_quote(struct vz_line *line)
{
	char *last = strrchr(line->value, '"');

	if (!last)
		return false;
	*last = '\0';
	return true;
}

bool vz_line_split(enum vz_family family, char *text, struct vz_line *ret_line)
{
	struct vz_line line;
	char *equals;

	remove_backslashes(text);
	if (family == VZ_LIBVZCTL)
		cut_comment(text);
	text = skip_blanks(text);
	cut_blanks(text);
	if (*text == '#')
		return false;
	if (family != VZ_CLASSIC_4)
		cut_last_quote(family, text);
	equals = strchr(text, '=');
	if (!equals || equals - text >= KEY_SIZE)
		return false;
	*equals = '\0';
	line.key = text;
	line.value = equals + 1;
	if (is_quote(family, *line.value)) {
		line.value++;
		if (family == VZ_CLASSIC_4 && !cut_at_last_quote(&line))
			return false;
	}
	*ret_line = line;
	return true;
}
