/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One record is read when it has changed: a thousand guests that start one after the other cost a thousand readings. */

#include "watch/bindings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "host/guests.h"
#include "host/record.h"

#define LOOKS_MAX 32
/* Two looks, and what they may be late. */
#define FIGHT_S 70

static const struct binding *find(const struct bindings *bindings, const struct binding *like)
{
	for (size_t i = 0; i < bindings->count; i++) {
		const struct binding *b = &bindings->list[i];

		if (b->setting.ifindex == like->setting.ifindex && setting_same(&b->setting, &like->setting) &&
		    strcmp(b->guest, like->guest) == 0)
			return b;
	}
	return NULL;
}

static int add(struct bindings *bindings, const struct binding *binding)
{
	struct binding *list = array_grow(bindings->list, bindings->count, &bindings->room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	bindings->list = list;
	list[bindings->count++] = *binding;
	return 0;
}

static int add_guest(struct bindings *bindings, const char *name)
{
	struct bound_guest guest = { .config = { 0 } };
	struct bound_guest *guests;

	for (size_t i = 0; i < bindings->guest_count; i++) {
		if (strcmp(bindings->guests[i].name, name) == 0)
			return 0;
	}
	guests = array_grow(bindings->guests, bindings->guest_count, &bindings->guest_room, sizeof(*guests));
	if (!guests)
		return -ENOMEM;
	memcpy(guest.name, name, GUEST_NAME_SIZE);
	bindings->guests = guests;
	guests[bindings->guest_count++] = guest;
	return 0;
}

/* Those of the guest go from the list, into ret_removed; and the guest itself, unless it stays. */
static int take_out(struct bindings *bindings, const char *name, bool stays, struct bindings *ret_removed)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < bindings->count; i++) {
		if (strcmp(bindings->list[i].guest, name) != 0)
			bindings->list[kept++] = bindings->list[i];
		else if (r == 0)
			r = add(ret_removed, &bindings->list[i]);
	}
	bindings->count = kept;
	kept = 0;
	for (size_t i = 0; i < bindings->guest_count; i++) {
		if (stays || strcmp(bindings->guests[i].name, name) != 0)
			bindings->guests[kept++] = bindings->guests[i];
	}
	bindings->guest_count = kept;
	return r;
}

int bindings_update(struct bindings *bindings, const struct guest *guest)
{
	char name[GUEST_NAME_SIZE] = "";
	struct bindings before = { 0 };
	struct plan settings = { 0 };
	struct notes notes = { 0 };
	bool exists = false;
	int r;

	/* What cannot be read is the guest's next event's to tell. */
	(void)record_peek(guest, &settings, &exists, &notes, NULL);
	r = take_out(bindings, guest_name(guest, name), exists, &before);
	if (r == 0 && exists)
		r = add_guest(bindings, name);
	for (size_t i = 0; r == 0 && i < settings.count; i++) {
		struct binding b = { .setting = settings.settings[i] };
		const struct binding *old;

		if (b.setting.kind != SETTING_PROXY && b.setting.kind != SETTING_ROUTE)
			continue;
		memcpy(b.guest, name, sizeof(b.guest));
		old = find(&before, &b);
		r = add(bindings, old ? old : &b);
	}
	plan_done(&settings);
	bindings_done(&before);
	return r;
}

int bindings_read(struct bindings *bindings, struct err *err)
{
	struct guest_list guests = { 0 };
	int r = guest_list_recorded(&guests, err);

	bindings_done(bindings);
	for (size_t i = 0; r == 0 && i < guests.count; i++) {
		if (bindings_update(bindings, &guests.list[i]) < 0)
			r = err_errno(err, ENOMEM, "records");
	}
	guest_list_done(&guests);
	return r;
}

void bindings_done(struct bindings *bindings)
{
	free(bindings->list);
	free(bindings->guests);
	memset(bindings, 0, sizeof(*bindings));
}

bool binding_was_lost(struct binding *binding, bool holds)
{
	bool is_power;

	binding->looks = holds ? 0 : binding->looks + 1;
	is_power = (binding->looks & (binding->looks - 1)) == 0;
	return !holds && (is_power || binding->looks % LOOKS_MAX == 0);
}

bool binding_may_return(struct binding *binding, time_t now)
{
	if (binding->left_alone)
		return false;
	binding->left_alone = binding->restored[1] != 0 && now - binding->restored[1] <= FIGHT_S;
	binding->restored[1] = binding->restored[0];
	binding->restored[0] = now;
	return !binding->left_alone;
}
