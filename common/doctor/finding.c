/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings in words that need no knowledge of ARP flux. */

#include "doctor/finding.h"

#include <json-c/json_object.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "doctor/output.h"

#define VERSION_JSON 2

/* The id is for programs, the meaning for people who see it for the first time. */
static const struct {
	const char *id;
	const char *meaning;
} kinds[] = {
#define ROW(kind, id, meaning)         { id, meaning },
#define LOOK(kind, id, meaning, check) { id, meaning },
	FINDING_TABLE(ROW, LOOK)
#undef ROW
#undef LOOK
};

struct finding *findings_add(struct findings *findings, enum finding_kind kind)
{
	struct finding *list = array_grow(findings->list, findings->count, &findings->room, sizeof(*list));

	if (!list) {
		findings->failed = true;
		return NULL;
	}
	findings->list = list;
	memset(&findings->list[findings->count], 0, sizeof(*findings->list));
	findings->list[findings->count].kind = kind;
	return &findings->list[findings->count++];
}

void finding_text(char *text, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, size, fmt, ap);
	va_end(ap);
}

void findings_done(struct findings *findings)
{
	free(findings->list);
	memset(findings, 0, sizeof(*findings));
}

void finding_keep_sysctl(struct finding *finding)
{
	static const char head[] = "sysctl -w ";
	char *text = finding->permanent;

	if (strncmp(finding->fix, head, sizeof(head) - 1) != 0)
		return;
	finding_set(finding->permanent, "in /etc/sysctl.d/90-guestarp.conf:\n%s", finding->fix + sizeof(head) - 1);
	for (char *blank = strchr(strchr(text, '\n'), ' '); blank; blank = strchr(blank, ' '))
		*blank = '\n';
}

/* ---- for people ----------------------------------------------------------------------------------------------------
 */

/* A command, and what is to be pasted, are never wrapped. */
static void print_text(const char *name, const char *text, FILE *out)
{
	const char *lines = strchr(text, '\n');

	if (!text[0])
		return;
	(void)fprintf(out, "    %s: ", name);
	if (!lines) {
		(void)fprintf(out, "%s\n", text);
		return;
	}
	(void)fprintf(out, "%.*s\n", (int)(lines - text), text);
	while (lines) {
		const char *line = lines + 1;
		size_t len = strcspn(line, "\n");
		bool place = line[len] == '\n' && len > 0 && line[len - 1] == ':';

		lines = line[len] ? line + len : NULL;
		(void)fprintf(out, "%*s%.*s\n", place ? 6 : 8, "", (int)len, line);
	}
}

static void print_finding(const struct finding *f, size_t number, bool colour, FILE *out)
{
	(void)fprintf(out, "%s%2zu.%s ", colour ? "\033[1;31m" : "", number, colour ? "\033[0m" : "");
	output_wrapped(out, f->what, 4);
	(void)fprintf(out, "    ");
	output_wrapped(out, kinds[f->kind].meaning, 4);
	if (f->seen[0]) {
		(void)fprintf(out, "    seen: ");
		output_wrapped(out, f->seen, 10);
	}
	print_text("fix", f->fix, out);
	print_text("permanent", f->permanent, out);
	if (strchr(f->advice, '\n')) {
		print_text("advice", f->advice, out);
	} else if (f->advice[0]) {
		(void)fprintf(out, "    advice: ");
		output_wrapped(out, f->advice, 12);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* How many different names the findings have; 0 also without memory. */
static size_t count_names(const struct findings *findings, bool guests)
{
	CLEANUP(free) const char **names = calloc(findings->count + 1, sizeof(*names));
	size_t count = 0;
	size_t different = 0;

	for (size_t i = 0; names && i < findings->count; i++) {
		const char *name = guests ? findings->list[i].guest : findings->list[i].device;

		if (name[0])
			names[count++] = name;
	}
	if (count > 1)
		qsort(names, count, sizeof(*names), by_text);
	for (size_t i = 0; i < count; i++)
		different += i == 0 || strcmp(names[i - 1], names[i]) != 0;
	return different;
}

static void print_number(size_t number, const char *name, const char *before, FILE *out)
{
	if (number > 0)
		(void)fprintf(out, "%s%zu %s%s", before, number, name, number == 1 ? "" : "s");
}

/* Is it the first one with this command? */
static bool is_first_with_fix(const struct findings *findings, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (!findings->list[j].joined && strcmp(findings->list[j].fix, findings->list[i].fix) == 0)
			return false;
	}
	return true;
}

/* Each command that is the fix of several findings, and of which ones. */
static void print_shared_fix(const struct findings *findings, size_t first, FILE *out)
{
	char numbers[60] = "";
	size_t number = 0;
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->list[i];

		number += !f->joined;
		if (!f->joined && strcmp(f->fix, findings->list[first].fix) == 0)
			(void)text_append(numbers, sizeof(numbers), "%s%zu", count++ ? ", " : "", number);
	}
	if (count > 1)
		(void)fprintf(out, "One line fixes %zu of them (%s):\n    %s\n", count, numbers,
			      findings->list[first].fix);
}

void findings_print(const struct findings *findings, bool colour, FILE *out)
{
	size_t number = 0;

	for (size_t i = 0; i < findings->count; i++) {
		if (!findings->list[i].joined)
			print_finding(&findings->list[i], ++number, colour, out);
	}
	(void)fputc('\n', out);
	print_number(number, "finding", "", out);
	print_number(count_names(findings, false), "device", ", ", out);
	print_number(count_names(findings, true), "guest", ", ", out);
	(void)fputc('\n', out);
	for (size_t i = 0; i < findings->count; i++) {
		if (!findings->list[i].joined && findings->list[i].fix[0] && is_first_with_fix(findings, i))
			print_shared_fix(findings, i, out);
	}
}

/* ---- for programs --------------------------------------------------------------------------------------------------
 */

static struct json_object *text_or_null(const char *text)
{
	return text[0] ? json_object_new_string(text) : NULL;
}

static void add_name(const char *name, size_t i, void *arg)
{
	(void)i;
	json_object_array_add(arg, json_object_new_string(name));
}

void findings_count(const struct findings *findings, void (*each)(const char *id, size_t count, void *arg), void *arg)
{
	for (size_t kind = 0; kind < FINDING_KIND_COUNT; kind++) {
		size_t count = 0;

		for (size_t i = 0; i < findings->count; i++)
			count += !findings->list[i].joined && findings->list[i].kind == kind;
		each(kinds[kind].id, count, arg);
	}
}

int findings_print_json(const struct findings *findings, FILE *out)
{
	CLEANUP(json) struct json_object *json = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_object_object_add(json, "version", json_object_new_int(VERSION_JSON));
	json_object_object_add(json, "findings", list);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->list[i];
		struct json_object *item = f->joined ? NULL : json_object_new_object();
		struct json_object *devices = item ? json_object_new_array() : NULL;
		struct json_object *guests = item ? json_object_new_array() : NULL;

		if (!item)
			continue;
		(void)finding_devices(findings, f, add_name, devices);
		(void)finding_guests(findings, f, add_name, guests);
		json_object_object_add(item, "id", json_object_new_string(kinds[f->kind].id));
		json_object_object_add(item, "devices", devices);
		json_object_object_add(item, "guests", guests);
		json_object_object_add(item, "mac", text_or_null(f->mac));
		json_object_object_add(item, "what", json_object_new_string(f->what));
		json_object_object_add(item, "meaning", json_object_new_string(kinds[f->kind].meaning));
		json_object_object_add(item, "fix", text_or_null(f->fix));
		json_object_object_add(item, "permanent", text_or_null(f->permanent));
		json_object_object_add(item, "advice", text_or_null(f->advice));
		json_object_object_add(item, "seen", text_or_null(f->seen));
		json_object_array_add(list, item);
	}
	return output_json(json, out);
}
