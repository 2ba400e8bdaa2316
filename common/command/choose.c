/* SPDX-License-Identifier: GPL-2.0-or-later */
/* People name guests in many ways; an exact id comes first, so that no other form can hide it. */

#include "command/choose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "doctor/status.h"
#include "host/guests.h"

#define FORMS    "a guest is 101, pve/101, ct/101, vm/101, 101,102, 101-103 or a name"
#define VMID_MAX 999999999

/* What stands in front of a number or name. */
static const struct prefix {
	const char *word;
	enum guest_kind kind;
	int vm; /* 1: a VM; 0: a container; -1: either */
} prefixes[] = {
	{ "pve/", GUEST_PVE, -1 }, { "ct/", GUEST_PVE, 0 },   { "vm/", GUEST_PVE, 1 },
	{ "vz/", GUEST_VZ, -1 },   { "lxc/", GUEST_LXC, -1 },
};

/* Every guest that has a configuration or a record, each read; taken when a word is no exact id. */
struct known {
	struct guest_list guests;
	bool taken;
};

static int take_known(struct known *known, struct err *err)
{
	int r;

	if (known->taken)
		return 0;
	known->taken = true;
	r = guest_list_configured(&known->guests, err);
	if (r == 0)
		r = guest_list_recorded(&known->guests, err);
	for (size_t i = 0; r == 0 && i < known->guests.count; i++)
		(void)guest_read(&known->guests.list[i], NULL);
	return r;
}

static int add(struct chosen *chosen, const struct guest *guest, struct err *err)
{
	struct guest *list;

	for (size_t i = 0; i < chosen->count; i++) {
		if (chosen->list[i].kind == guest->kind && strcmp(chosen->list[i].id, guest->id) == 0)
			return 0;
	}
	list = array_grow(chosen->list, chosen->count, &chosen->room, sizeof(*list));
	if (!list)
		return err_errno(err, ENOMEM, "guests");
	chosen->list = list;
	guest_copy(&chosen->list[chosen->count++], guest);
	return 0;
}

static const struct prefix *prefix_of(const char *word)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(word, prefixes[i].word, strlen(prefixes[i].word)) == 0)
			return &prefixes[i];
	}
	return NULL;
}

static bool fits(const struct guest *guest, const struct prefix *prefix)
{
	return !prefix || (guest->kind == prefix->kind && (prefix->vm < 0 || guest->vm == prefix->vm));
}

static bool has_name(const struct guest *guest, const char *name)
{
	return (guest->hostname[0] && strcasecmp(guest->hostname, name) == 0) ||
	       (guest->alias[0] && strcmp(guest->alias, name) == 0);
}

/* "101-103" */
static bool parse_vmids(const char *text, uint32_t *ret_first, uint32_t *ret_last)
{
	return parse_u32_range(text, ret_first, ret_last) && *ret_first > 0 && *ret_first <= *ret_last &&
	       *ret_last <= VMID_MAX;
}

static bool in_range(const struct guest *guest, uint32_t first, uint32_t last)
{
	uint32_t id;

	return parse_u32(guest->id, first, last, &id) == 0;
}

static int by_number(const void *a, const void *b)
{
	return strverscmp(((const struct guest *)a)->id, ((const struct guest *)b)->id);
}

static int unknown(const struct known *known, const char *word, struct err *err)
{
	CLEANUP(free) const char **names = calloc(4 * known->guests.count + 1, sizeof(*names));
	CLEANUP(free) char(*full)[GUEST_NAME_SIZE] = calloc(known->guests.count + 1, sizeof(*full));
	const char *nearest = NULL;
	char shown[80];
	size_t count = 0;

	for (size_t i = 0; names && full && i < known->guests.count; i++) {
		const struct guest *guest = &known->guests.list[i];

		names[count++] = guest->id;
		names[count++] = guest_name(guest, full[i]);
		names[count++] = guest->hostname;
		names[count++] = guest->alias;
	}
	if (word[0])
		nearest = text_nearest(word, names, count, sizeof(*names));
	(void)text_shown(word, shown, sizeof(shown));
	if (guest_platform_missing())
		return err_set(err, ENOENT, "no guest '%s' is known: %s", shown, GUEST_PLATFORM_MISSING);
	if (nearest && nearest[0])
		return err_set(err, ENOENT, "no guest '%s' on this host, did you mean %s? (" FORMS ")", shown, nearest);
	return err_set(err, ENOENT, "no guest '%s' on this host (" FORMS ")", shown);
}

/* Several guests of one name: none is taken for another. */
static int ambiguous(const char *word, const struct guest *a, const struct guest *b, struct err *err)
{
	char name_a[GUEST_NAME_SIZE];
	char name_b[GUEST_NAME_SIZE];
	char shown[80];

	return err_set(err, ENOENT, "'%s' is the name of %s and of %s: name it by its number",
		       text_shown(word, shown, sizeof(shown)), guest_name(a, name_a), guest_name(b, name_b));
}

/* A container or VM of that number: no name hides it. */
static const struct guest *numbered(const struct known *known, const struct prefix *prefix, const char *id)
{
	for (size_t i = 0; prefix && i < known->guests.count; i++) {
		if (fits(&known->guests.list[i], prefix) && strcmp(known->guests.list[i].id, id) == 0)
			return &known->guests.list[i];
	}
	return NULL;
}

static int choose_known(struct known *known, const char *word, struct chosen *chosen, struct err *err)
{
	const struct prefix *prefix = prefix_of(word);
	const char *rest = prefix ? word + strlen(prefix->word) : word;
	const struct guest *found = NULL;
	size_t before = chosen->count;
	uint32_t first = 0;
	uint32_t last = 0;
	bool range = parse_vmids(rest, &first, &last);
	int r = take_known(known, err);
	const struct guest *exact = r == 0 ? numbered(known, prefix, rest) : NULL;

	if (exact)
		return add(chosen, exact, err);
	for (size_t i = 0; r == 0 && *rest && i < known->guests.count; i++) {
		const struct guest *guest = &known->guests.list[i];

		if (!fits(guest, prefix) || !(range ? in_range(guest, first, last) : has_name(guest, rest)))
			continue;
		if (!range && found)
			return ambiguous(word, found, guest, err);
		found = guest;
		r = add(chosen, guest, err);
	}
	if (r < 0)
		return r;
	if (!found)
		return unknown(known, word, err);
	if (chosen->count > before)
		qsort(chosen->list + before, chosen->count - before, sizeof(*chosen->list), by_number);
	return 0;
}

static int choose_word(struct known *known, const char *word, struct chosen *chosen, struct err *err)
{
	struct guest guest;
	bool readable;

	if (status_find(word, &guest, &readable, NULL) == 0)
		return add(chosen, &guest, err);
	return choose_known(known, word, chosen, err);
}

int choose_guests(char *const words[], size_t count, struct chosen *ret_chosen, struct err *err)
{
	struct known known = { 0 };
	int r = 0;

	memset(ret_chosen, 0, sizeof(*ret_chosen));
	for (size_t i = 0; r == 0 && i < count; i++) {
		CLEANUP(free) char *list = strdup(words[i]);
		char *rest = list;
		const char *word;

		if (!list)
			r = err_errno(err, ENOMEM, "guests");
		while (r == 0 && (word = strsep(&rest, ",")) != NULL)
			r = choose_word(&known, word, ret_chosen, err);
	}
	guest_list_done(&known.guests);
	return r;
}

int choose_one(const char *word, struct guest *ret_guest, struct err *err)
{
	struct chosen chosen;
	char shown[80];
	int r = choose_guests((char *const[]){ (char *)(uintptr_t)word }, 1, &chosen, err);

	if (r == 0 && chosen.count != 1)
		r = err_set(err, ENOENT, "'%s' is more than one guest", text_shown(word, shown, sizeof(shown)));
	if (r == 0)
		guest_copy(ret_guest, &chosen.list[0]);
	chosen_done(&chosen);
	return r;
}

void chosen_done(struct chosen *chosen)
{
	free(chosen->list);
	memset(chosen, 0, sizeof(*chosen));
}

int choose_names(FILE *out, struct err *err)
{
	struct known known = { 0 };
	char name[GUEST_NAME_SIZE];
	int r = take_known(&known, err);

	for (size_t i = 0; r == 0 && i < known.guests.count; i++) {
		const struct guest *guest = &known.guests.list[i];
		const char *given = status_given_name(guest);

		(void)fprintf(out, "%s\n%s\n", guest->id, guest_name(guest, name));
		if (*given)
			(void)fprintf(out, "%s\n", given);
	}
	guest_list_done(&known.guests);
	return r;
}
