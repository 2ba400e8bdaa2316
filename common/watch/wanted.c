/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A queue: mostly of one guest. */

#include "watch/wanted.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void wanted_all(struct wanted *wanted, bool prepare)
{
	wanted->all = true;
	wanted->prepare = wanted->prepare || prepare;
}

void wanted_add(struct wanted *wanted, const struct due *due)
{
	struct due *list;

	for (size_t i = 0; i < wanted->count; i++) {
		struct due *d = &wanted->due[i];

		if (d->nic == due->nic && strcmp(d->guest, due->guest) == 0) {
			d->own = d->own || due->own;
			d->came = d->came || due->came;
			d->arrives = d->arrives || due->arrives;
			d->announces = d->announces || due->announces;
			d->settled = d->settled && due->settled;
			return;
		}
	}
	list = array_grow(wanted->due, wanted->count, &wanted->room, sizeof(*list));
	if (!list) {
		wanted_all(wanted, false);
		return;
	}
	wanted->due = list;
	list[wanted->count++] = *due;
}

bool wanted_next(struct wanted *wanted, struct due *ret_due)
{
	if (wanted->count == 0)
		return false;
	*ret_due = wanted->due[0];
	wanted->count--;
	memmove(&wanted->due[0], &wanted->due[1], wanted->count * sizeof(wanted->due[0]));
	return true;
}

void wanted_done(struct wanted *wanted)
{
	free(wanted->due);
	memset(wanted, 0, sizeof(*wanted));
}
