/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of one cause become one: thirty loud firewall bridges have one reason, and one command ends it. */

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "doctor/finding.h"

#define NAMED_MAX 3 /* devices, or guests, that words name; of more than these the first two, and how many more */

#define CHAIN_MAX 400 /* bytes of commands one after the other, where a shorter one would do */

/* Commands that take any number of what follows. */
static const char *const heads[] = {
	"sysctl -w ", "guestarp manage ", "guestarp attach ", "guestarp detach ", "guestarp apply ", "chmod +x ",
};

static const char *head_of(const char *command)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (strncmp(command, heads[i], strlen(heads[i])) == 0 && !strstr(command, " && "))
			return heads[i];
	}
	return NULL;
}

/* Is it one of the parts of text that separator divides? */
static bool has_part(const char *text, const char *part, const char *separator)
{
	size_t len = strlen(part);
	size_t skip = strlen(separator);

	for (const char *at = text; at; at = strstr(at, separator)) {
		if (at != text)
			at += skip;
		if (strncmp(at, part, len) == 0 && (at[len] == '\0' || strncmp(at + len, separator, skip) == 0))
			return true;
	}
	return false;
}

/* Adds those parts that are not there yet, looked for from from on. */
static bool join_parts(char text[FINDING_TEXT], const char *from, const char *parts, const char *separator)
{
	char part[FINDING_TEXT];

	for (const char *at = parts, *end; at; at = end ? end + strlen(separator) : NULL) {
		end = strstr(at, separator);
		(void)snprintf(part, sizeof(part), "%.*s", end ? (int)(end - at) : (int)strlen(at), at);
		if (!has_part(from, part, separator) && !text_append(text, FINDING_TEXT, "%s%s", separator, part))
			return false;
	}
	return true;
}

/* One line that runs both commands, or what is common to them once; false where it would be too long. */
static bool join_command(char text[FINDING_TEXT], const char *command)
{
	const char *head = head_of(text);

	if (!head || head != head_of(command))
		return join_parts(text, text, command, " && ");
	return join_parts(text, text + strlen(head), command + strlen(head), " ");
}

/* The last line that says where the following ones go: it ends with a colon. */
static const char *last_place(const char *text)
{
	const char *place = text;

	for (const char *colon = strstr(text, ":\n"); colon; colon = strstr(colon + 1, ":\n")) {
		place = colon;
		while (place > text && place[-1] != '\n')
			place--;
	}
	return place;
}

/* For lines that go to the same place it stands once. */
static bool join_paste(char text[FINDING_TEXT], const char *paste)
{
	const char *place = last_place(text);
	size_t len = strcspn(paste, "\n") + 1;

	if (strncmp(place, paste, len) == 0)
		return join_parts(text, place + len, paste + len, "\n");
	return text_append(text, FINDING_TEXT, "\n%s", paste);
}

static bool join_text(char text[FINDING_TEXT], const char *more)
{
	if (strcmp(text, more) == 0)
		return true;
	if (!text[0] || !more[0] || !strchr(text, '\n') != !strchr(more, '\n'))
		return false;
	return strchr(text, '\n') ? join_paste(text, more) : join_command(text, more);
}

/* Where the fixes make too long a line, the permanent command takes their place, if it ends it, too. */
static bool join_fix(struct finding *to, const struct finding *f)
{
	bool permanent = to->permanent_fixes && f->permanent_fixes;

	if (!to->fix[0] || !f->fix[0])
		return !to->fix[0] == !f->fix[0];
	/* It has taken it already: its text has all of them. */
	if (permanent && strcmp(to->fix, to->permanent) == 0)
		return join_command(to->fix, f->permanent);
	if (!permanent || strlen(to->fix) + strlen(" && ") + strlen(f->fix) < CHAIN_MAX)
		return join_command(to->fix, f->fix);
	(void)text_copy(to->fix, sizeof(to->fix), to->permanent);
	return join_command(to->fix, f->permanent);
}

/* Joined in a copy, so that to is as it was where not all fits. */
static bool join(struct finding *to, const struct finding *f)
{
	struct finding copy = *to;

	if (!join_fix(&copy, f) || !join_text(copy.permanent, f->permanent) || !join_text(copy.advice, f->advice))
		return false;
	if (f->seen[0] && !copy.seen[0])
		memcpy(copy.seen, f->seen, sizeof(copy.seen));
	else if (f->seen[0])
		copy.more_seen++;
	*to = copy;
	return true;
}

static bool share_cause(const struct finding *a, const struct finding *b)
{
	return a->kind == b->kind && a->wire == b->wire && a->several[0] && strcmp(a->several, b->several) == 0 &&
	       a->permanent_fixes == b->permanent_fixes;
}

/* ---- names --------------------------------------------------------------------------------------------------------
 */

static const struct finding *next_of(const struct findings *findings, const struct finding *f)
{
	return f->next ? &findings->list[f->next] : NULL;
}

static const char *name_of(const struct finding *f, bool guest)
{
	return guest ? f->guest : f->device;
}

static size_t each_name(const struct findings *findings, const struct finding *first, bool guest,
			void (*each)(const char *name, size_t i, void *arg), void *arg)
{
	size_t count = 0;

	for (const struct finding *f = first; f; f = next_of(findings, f)) {
		const char *name = name_of(f, guest);

		if (!name[0] || (guest ? f->guest_again : f->device_again))
			continue;
		if (each)
			each(name, count, arg);
		count++;
	}
	return count;
}

size_t finding_devices(const struct findings *findings, const struct finding *finding,
		       void (*each)(const char *name, size_t i, void *arg), void *arg)
{
	return each_name(findings, finding, false, each, arg);
}

size_t finding_guests(const struct findings *findings, const struct finding *finding,
		      void (*each)(const char *name, size_t i, void *arg), void *arg)
{
	return each_name(findings, finding, true, each, arg);
}

struct wording {
	char *text;
	size_t size;
	size_t count;
};

/* "a", "a and b", "a, b and c", "a, b and 28 more" */
static void add_name(const char *name, size_t i, void *arg)
{
	const struct wording *w = arg;
	size_t named = w->count > NAMED_MAX ? NAMED_MAX - 1 : w->count;

	if (i < named)
		(void)text_append(w->text, w->size, "%s%s", i == 0 ? "" : i + 1 == w->count ? " and " : ", ", name);
	else if (i == named)
		(void)text_append(w->text, w->size, " and %zu more", w->count - named);
}

static void add_names(const struct findings *findings, const struct finding *f, bool guest, char *text, size_t size)
{
	struct wording w = { text, size, each_name(findings, f, guest, NULL, NULL) };

	if (guest)
		(void)text_append(text, size, "guest%s ", w.count == 1 ? "" : "s");
	(void)each_name(findings, f, guest, add_name, &w);
}

/* What for all that were joined. */
static void word(const struct findings *findings, struct finding *f)
{
	static const char devices[] = "{devices}";
	static const char guests[] = "{guests}";
	char *text = f->what;

	text[0] = '\0';
	for (const char *at = f->several; *at;) {
		if (strncmp(at, devices, sizeof(devices) - 1) == 0) {
			add_names(findings, f, false, text, sizeof(f->what));
			at += sizeof(devices) - 1;
		} else if (strncmp(at, guests, sizeof(guests) - 1) == 0) {
			add_names(findings, f, true, text, sizeof(f->what));
			at += sizeof(guests) - 1;
		} else {
			(void)text_append(text, sizeof(f->what), "%c", *at++);
		}
	}
	if (text[0] >= 'a' && text[0] <= 'z' && strncmp(f->several, guests, sizeof(guests) - 1) == 0)
		text[0] = (char)(text[0] - 'a' + 'A');
}

static void note_again(const struct findings *findings, const struct finding *first, struct finding *f)
{
	for (const struct finding *e = first; e && e != f && !(f->device_again && f->guest_again);
	     e = next_of(findings, e)) {
		f->device_again = f->device_again || strcmp(e->device, f->device) == 0;
		f->guest_again = f->guest_again || strcmp(e->guest, f->guest) == 0;
	}
}

static void join_all(struct findings *findings, size_t first)
{
	size_t last = first;

	for (size_t i = first + 1; i < findings->count; i++) {
		struct finding *f = &findings->list[i];

		if (f->joined || !share_cause(&findings->list[first], f) || !join(&findings->list[first], f))
			continue;
		findings->list[last].next = i;
		f->joined = true;
		last = i;
		note_again(findings, &findings->list[first], f);
	}
	if (last == first)
		return;
	word(findings, &findings->list[first]);
	if (findings->list[first].more_seen)
		(void)text_append(findings->list[first].seen, sizeof(findings->list[first].seen), "; %zu more seen",
				  findings->list[first].more_seen);
	/* The permanent command ends it now. */
	if (strcmp(findings->list[first].fix, findings->list[first].permanent) == 0)
		findings->list[first].permanent[0] = '\0';
}

void findings_join(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (!findings->list[i].joined)
			join_all(findings, i);
	}
}
