/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json-c tells a mistake by a number, each version by another one, and takes NaN for JSON. So it is told here. */

#include "base/grammar.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define WHOLE_DIGITS_MAX 18
#define WORD_SHOWN       24

/* What may come next. The first two are a name or value directly behind its opening bracket. */
enum expect { FIRST_NAME, FIRST_ITEM, NAME, COLON, ITEM, AFTER };

struct walk {
	const char *original; /* the text before anything of it was made a blank, for places */
	char *text;
	char *p;
	char *open[GRAMMAR_DEPTH_MAX]; /* the brackets that p is in */
	unsigned depth;
	bool blank_commas;
	struct err *err;
};

static unsigned line_of(const char *text, const char *at)
{
	unsigned line = 1;

	for (const char *p = text; p < at; p++)
		line += *p == '\n';
	return line;
}

int grammar_mistake(const char *text, const char *at, const char *words, struct err *err)
{
	unsigned column = 1;

	for (const char *p = text; p < at; p++)
		column = *p == '\n' ? 1 : column + (((unsigned char)*p & 0xc0) != 0x80);
	return err_set(err, EINVAL, "line %u, column %u: %s", line_of(text, at), column, words);
}

static int __attribute__((format(printf, 3, 4))) mistake(const struct walk *w, const char *at, const char *fmt, ...)
{
	char words[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return grammar_mistake(w->original, w->original + (at - w->text), words, w->err);
}

static char *skip_blanks(char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* The word, number, string or single character at p, for a message: in its own quotes or in single ones. */
static const char *shown(const char *p, char text[WORD_SHOWN])
{
	size_t len = strcspn(p, " \t\r\n,:{}[]\"");
	char token[WORD_SHOWN];
	char inner[WORD_SHOWN - 2];

	if (*p == '"') {
		len = strcspn(p + 1, "\"\n") + 1;
		len += p[len] == '"';
	} else if (len == 0) {
		len = 1;
	}
	if (len >= sizeof(token))
		len = sizeof(token) - 1;
	memcpy(token, p, len);
	token[len] = '\0';
	if (*p == '"')
		return text_shown(token, text, WORD_SHOWN);
	(void)snprintf(text, WORD_SHOWN, "'%s'", text_shown(token, inner, sizeof(inner)));
	return text;
}

static const char *closing(const struct walk *w)
{
	return *w->open[w->depth - 1] == '{' ? "}" : "]";
}

/* For all states: what is wrong at p, where something else was to come. */
static int unexpected(const struct walk *w, const char *wanted)
{
	char text[WORD_SHOWN];
	const char *p = w->p;

	if (*p == '\0' && w->depth > 0)
		return mistake(w, p, "the text ends here, but the '%c' of line %u is not closed",
			       *w->open[w->depth - 1], line_of(w->text, w->open[w->depth - 1]));
	if (p[0] == '/' && p[1] == '*' && w->blank_commas)
		return mistake(w, p, "this comment is not closed");
	if (p[0] == '/' && (p[1] == '/' || p[1] == '*') && !w->blank_commas)
		return mistake(w, p, "a comment, which this file cannot have");
	if (*p == '\'')
		return mistake(w, p, "single quotes: JSON has double ones");
	return mistake(w, p, "%s before %s", wanted, shown(p, text));
}

static int escape(struct walk *w)
{
	size_t hex = 0;

	if (w->p[1] == 'u') {
		while (hex < 4 && isxdigit((unsigned char)w->p[2 + hex]))
			hex++;
	}
	if (w->p[1] == '\0' || !strchr("\"\\/bfnrtu", w->p[1]) || (w->p[1] == 'u' && hex < 4))
		return mistake(w, w->p, "not an escape that JSON has (\\\\ is a backslash)");
	w->p += 2 + hex;
	return 0;
}

static int string(struct walk *w)
{
	const char *begin = w->p++;

	while (*w->p != '"') {
		int r = 0;

		if (*w->p == '\0' || *w->p == '\n')
			return mistake(w, begin, "this string is not closed on its line");
		if ((unsigned char)*w->p < 0x20)
			return mistake(w, w->p, "a control character in a string");
		if (*w->p == '\\')
			r = escape(w);
		else
			w->p++;
		if (r < 0)
			return r;
	}
	w->p++;
	return 0;
}

static size_t digits(const char *p)
{
	return strspn(p, "0123456789");
}

/* The length of a number that begins here: 0 for none. */
static size_t number_len(const char *p)
{
	const char *q = p + (*p == '-');
	size_t n = digits(q);

	if (n == 0 || (n > 1 && *q == '0'))
		return 0;
	q += n;
	if (*q == '.') {
		n = digits(q + 1);
		if (n == 0)
			return 0;
		q += n + 1;
	}
	if (*q == 'e' || *q == 'E') {
		q += 1 + (q[1] == '+' || q[1] == '-');
		n = digits(q);
		if (n == 0)
			return 0;
		q += n;
	}
	return (size_t)(q - p);
}

/* Of whole numbers what no 64 bits hold, some versions of json-c cut and others refuse without a place. */
static bool is_too_large(const char *p)
{
	const char *q = p + (*p == '-');
	size_t n = digits(q);

	return n > WHOLE_DIGITS_MAX && !strchr(".eE", q[n] ? q[n] : ' ');
}

/* A number, true, false or null, up to what can stand behind one. */
static int word(struct walk *w)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t len = strcspn(w->p, " \t\r\n,:{}[]\"/");
	bool known = len > 0 && number_len(w->p) == len;
	char text[WORD_SHOWN];

	for (size_t i = 0; i < 3; i++)
		known = known || (strlen(words[i]) == len && strncmp(w->p, words[i], len) == 0);
	if (known && is_too_large(w->p))
		return mistake(w, w->p, "%s is too large a number", shown(w->p, text));
	if (known) {
		w->p += len;
		return 0;
	}
	if (len == 0 || *w->p == '\'')
		return unexpected(w, "a value is missing");
	if (*w->p == '-' || isdigit((unsigned char)*w->p))
		return mistake(w, w->p, "%s is not a number", shown(w->p, text));
	return mistake(w, w->p, "%s is not a value: text stands in double quotes", shown(w->p, text));
}

static int open_bracket(struct walk *w)
{
	w->open[w->depth++] = w->p;
	return *w->p++ == '{' ? FIRST_NAME : FIRST_ITEM;
}

static int item(struct walk *w)
{
	int r;

	if (w->depth == GRAMMAR_DEPTH_MAX)
		return mistake(w, w->p, "more than %d levels", GRAMMAR_DEPTH_MAX - 1);
	if (*w->p == '{' || *w->p == '[')
		return open_bracket(w);
	r = *w->p == '"' ? string(w) : word(w);
	return r < 0 ? r : AFTER;
}

static int name(struct walk *w)
{
	int r;

	if (*w->p != '"') {
		char text[WORD_SHOWN];

		if (isalnum((unsigned char)*w->p))
			return mistake(w, w->p, "%s is not a name: names stand in double quotes", shown(w->p, text));
		return unexpected(w, "a name is missing");
	}
	r = string(w);
	return r < 0 ? r : COLON;
}

/* Behind a name. */
static int colon(struct walk *w)
{
	if (*w->p != ':')
		return unexpected(w, "a colon is missing");
	w->p++;
	return ITEM;
}

/* Behind a value: a comma, or the closing bracket of what it is in. */
static int after(struct walk *w)
{
	char *next;

	if (*w->p == *closing(w)) {
		w->p++;
		w->depth--;
		return AFTER;
	}
	if (*w->p == '}' || *w->p == ']')
		return mistake(w, w->p, "a '%s' is missing before '%c', for the '%c' of line %u", closing(w), *w->p,
			       *w->open[w->depth - 1], line_of(w->text, w->open[w->depth - 1]));
	if (*w->p != ',')
		return unexpected(w, "a comma is missing");
	next = skip_blanks(w->p + 1);
	if (*next == *closing(w)) {
		if (!w->blank_commas)
			return mistake(w, w->p, "a comma before '%c'", *next);
		*w->p = ' ';
		w->p = next;
		return AFTER;
	}
	w->p++;
	return *closing(w) == '}' ? NAME : ITEM;
}

static int step(struct walk *w, int expect)
{
	switch (expect) {
	case FIRST_NAME:
	case FIRST_ITEM:
		if (*w->p == *closing(w))
			return after(w);
		return expect == FIRST_NAME ? name(w) : item(w);
	case NAME:
		return name(w);
	case COLON:
		return colon(w);
	case ITEM:
		return item(w);
	default:
		return after(w);
	}
}

static int check(struct walk *w)
{
	char text[WORD_SHOWN];
	int expect;

	if (*w->p == '\0')
		return mistake(w, w->p, "empty: not even '{ }'");
	if (*w->p == '/')
		return unexpected(w, "'{' is missing");
	if (*w->p != '{')
		return mistake(w, w->p, "not an object, which begins with '{'");
	expect = open_bracket(w);
	while (expect >= 0 && w->depth > 0) {
		w->p = skip_blanks(w->p);
		expect = step(w, expect);
	}
	if (expect < 0)
		return expect;
	w->p = skip_blanks(w->p);
	if (*w->p == '/')
		return unexpected(w, "the object has ended");
	return *w->p ? mistake(w, w->p, "the object has ended before %s", shown(w->p, text)) : 0;
}

int grammar_check(const char *original, char *text, bool blank_commas, struct err *err)
{
	struct walk w = { .original = original, .text = text, .blank_commas = blank_commas, .err = err };

	w.p = skip_blanks(text);
	return check(&w);
}

void grammar_blank_comments(char *text)
{
	bool in_string = false;

	if (!strchr(text, '/'))
		return;
	for (char *p = text; *p; p++) {
		const char *end;

		if (in_string && *p == '\\' && p[1]) {
			p++;
			continue;
		}
		/* A string ends with its line, closed or not: what is behind one that is not is not what it seems. */
		if (*p == '"' || *p == '\n')
			in_string = *p == '"' && !in_string;
		if (in_string || *p != '/' || (p[1] != '/' && p[1] != '*'))
			continue;
		end = p[1] == '/' ? p + strcspn(p, "\n") : strstr(p + 2, "*/");
		if (!end)
			return;
		end += p[1] == '*' ? 2 : 0;
		for (; p < end; p++) {
			if (*p != '\n')
				*p = ' ';
		}
		p--;
	}
}
