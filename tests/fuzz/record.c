/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records: whatever a file says is refused or understood; what is understood and saved is read again as the same. */

#include "host/record.c" /* NOLINT(bugprone-suspicious-include): for its static functions */

#include "fuzz.h"

static void check_setting(const struct setting *s)
{
	CHECK(ifname_valid(s->device));
	CHECK(s->ifindex >= 0);
	CHECK(s->guests);
	/* A firewall bridge's values, which older records have, are left out. */
	CHECK(s->kind == SETTING_PROXY || s->kind == SETTING_ROUTE);
	fuzz_check_ip(&s->ip);
}

static void check_same(const struct plan *a, const struct plan *b)
{
	CHECK(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct setting *x = &a->settings[i];
		const struct setting *y = &b->settings[i];

		CHECK(setting_same(x, y));
		CHECK(x->ifindex == y->ifindex);
		CHECK(x->platforms == y->platforms && x->guests == y->guests);
	}
}

/* In the run's own directory (tests/fuzz/run makes and removes it). */
static void save_and_load(const struct plan *settings)
{
	static struct guest guest;
	static struct lock lock = LOCK_RELEASED;
	struct plan loaded = { 0 };
	struct notes notes = { 0 };
	struct err err = { 0 };
	bool exists = false;

	if (lock.dir < 0) {
		CHECK(guest_init(&guest, GUEST_PVE, "101", &err) == 0);
		CHECK(lock_guest(&guest, true, false, &lock, &err) == 0);
	}
	CHECK(record_save(&lock, settings, &err) == 0);
	CHECK(record_load(&lock, &loaded, &exists, &notes, &err) == 0);
	CHECK(exists && notes.count == 0);
	check_same(settings, &loaded);
	plan_done(&loaded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct plan settings = { 0 };
	struct err err = { 0 };
	int r = parse_record("f", text, size, &settings, &err);

	fuzz_check_err(r, &err);
	for (size_t i = 0; i < settings.count; i++)
		check_setting(&settings.settings[i]);
	if (r == 0)
		save_and_load(&settings);
	plan_done(&settings);
	free(text);
	return 0;
}
