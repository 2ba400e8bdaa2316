/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_TESTS_UNIT_HELD_H
#define GUESTARP_TESTS_UNIT_HELD_H
/* Two guests, and the lock of one that is held: for what stands on locks. */

#include "host/lock.h"
#include "root.h"

static struct guest guest_101;
static struct guest guest_102;

static inline struct lock hold(const struct guest *guest)
{
	struct lock lock = LOCK_RELEASED;
	struct err err = { 0 };

	root_mkdirs("/run/");
	assert_int_equal(lock_guest(guest, true, false, &lock, &err), 0);
	return lock;
}

static inline int held_setup(void **state)
{
	if (guest_init(&guest_101, GUEST_PVE, "101", NULL) < 0 || guest_init(&guest_102, GUEST_PVE, "102", NULL) < 0)
		return -1;
	return root_setup(state);
}

#endif
