/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, device names and misspelt words from other people's files. */

#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret_value)
{
	uint64_t value = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -EINVAL;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(*p - '0');
		if (value > UINT32_MAX)
			return -ERANGE;
	}
	if (value < min || value > max)
		return -ERANGE;

	*ret_value = (uint32_t)value;
	return 0;
}

bool parse_u32_range(const char *text, uint32_t *ret_first, uint32_t *ret_last)
{
	const char *dash = strchr(text, '-');
	char first[16];

	if (!dash || (size_t)(dash - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = '\0';
	return parse_u32(first, 0, UINT32_MAX, ret_first) == 0 && parse_u32(dash + 1, 0, UINT32_MAX, ret_last) == 0;
}

int parse_u32_padded(const char *text, uint32_t min, uint32_t max, uint32_t *ret_value)
{
	while (text[0] == '0' && text[1] != '\0')
		text++;
	return parse_u32(text, min, max, ret_value);
}

bool ifname_valid(const char *name)
{
	size_t len = strnlen(name, IFNAMSIZ);

	if (len == 0 || len >= IFNAMSIZ)
		return false;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (const char *p = name; *p; p++) {
		if (*p == '/' || *p == ':' || isspace((unsigned char)*p) || iscntrl((unsigned char)*p))
			return false;
	}
	return true;
}

int ifname_copy(char ret_name[IFNAMSIZ], const char *name)
{
	if (!ifname_valid(name))
		return -EINVAL;
	return text_copy(ret_name, IFNAMSIZ, name);
}

int text_copy(char *ret_text, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(ret_text, text, len + 1);
	return 0;
}

/* Levenshtein distance of two short words; anything long is far from everything. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len >= 32 || b_len >= 32)
		return UINT32_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned above = row[j];
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b_len];
}

const char *text_nearest(const char *misspelt, const void *table, size_t count, size_t stride)
{
	const char *nearest = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < count; i++) {
		const char *word = *(const char *const *)((const char *)table + i * stride);
		unsigned d = distance(misspelt, word);

		if (d < best) {
			best = d;
			nearest = word;
		}
	}
	return nearest;
}

const char *text_shown(const char *text, char *ret_text, size_t size)
{
	size_t len = strnlen(text, size);
	bool cut = len >= size;

	if (cut)
		len = size - 1;
	for (size_t i = 0; i < len; i++)
		ret_text[i] = iscntrl((unsigned char)text[i]) ? '?' : text[i];
	ret_text[len] = '\0';
	if (cut && len >= 3)
		memcpy(ret_text + len - 3, "...", 3);
	return ret_text;
}

uint64_t text_hash(uint64_t hash, const char *text)
{
	for (const char *p = text; *p; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(1099511628211);
	return hash;
}

bool text_append(char *text, size_t size, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;
	int n;

	if (len >= size)
		return false;
	va_start(ap, fmt);
	n = vsnprintf(text + len, size - len, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < size - len)
		return true;
	text[len] = '\0';
	return false;
}
