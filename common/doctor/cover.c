/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests managed by a key of the policy that has nothing in it. */

#include "doctor/cover.h"

#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "doctor/device.h"
#include "host/guests.h"
#include "host/lock.h"
#include "host/record.h"
#include "policy/edit.h"
#include "policy/policy.h"

static const char *const files[] = { POLICY_CLUSTER_FILE, POLICY_HOST_FILE };

/* Only a file that is one: /etc/pve without pmxcfs is an empty directory of the host's own. */
static bool is_there(const char *file)
{
	return file != files[0] || guest_platform_known();
}

/* A file with a mistake is not edited any further, and the caller is told. */
static int check(struct err *err)
{
	const struct guest nobody = { .kind = GUEST_PVE };
	struct policy policy;
	int r;

	if (guest_platform_missing())
		return err_set(err, ENOENT, "%s", GUEST_PLATFORM_MISSING);
	r = policy_load(&policy, &nobody, err);
	policy_done(&policy);
	return r;
}

static int add(const char *file, const char *key, bool *ret_changed, char *ret_file, struct err *err)
{
	(void)snprintf(ret_file, COVER_FILE_SIZE, "%s: guests.%s", file, key);
	return policy_cover_file(file, key, true, ret_changed, err);
}

/* Out of both files; ret_file lists where it was. */
static int take_out(const char *key, bool *ret_changed, char *ret_file, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(files[0]); i++) {
		bool changed = false;

		if (is_there(files[i]))
			r = policy_cover_file(files[i], key, false, &changed, err);
		if (!changed)
			continue;
		(void)text_append(ret_file, COVER_FILE_SIZE, "%s%s: guests.%s", *ret_file ? ", " : "", files[i], key);
		*ret_changed = true;
	}
	return r;
}

int cover_all(bool covered, bool *ret_changed, char *ret_file, struct err *err)
{
	struct lock lock = LOCK_RELEASED;
	int r;

	*ret_changed = false;
	ret_file[0] = '\0';
	r = lock_policy(&lock, err);
	if (r == 0)
		r = check(err);
	if (r == 0)
		r = covered ? add(files[guest_platform_known() ? 0 : 1], "*", ret_changed, ret_file, err)
			    : take_out("*", ret_changed, ret_file, err);
	lock_release(&lock);
	return r;
}

/* A number alone is any platform's, and Proxmox VE's by custom; others are named in full. */
static int cover_locked(const struct guest *guest, bool covered, bool *ret_changed, char *ret_file, struct err *err)
{
	char name[GUEST_NAME_SIZE];
	int r = check(err);

	(void)guest_name(guest, name);
	if (r < 0)
		return r;
	if (covered)
		return guest->kind == GUEST_PVE ? add(files[0], guest->id, ret_changed, ret_file, err)
						: add(files[1], name, ret_changed, ret_file, err);
	r = take_out(guest->id, ret_changed, ret_file, err);
	return r < 0 ? r : take_out(name, ret_changed, ret_file, err);
}

int cover_guest(const struct guest *guest, bool covered, bool *ret_changed, char *ret_file, struct err *err)
{
	struct lock lock = LOCK_RELEASED;
	struct policy policy;
	int r;

	*ret_changed = false;
	ret_file[0] = '\0';
	r = lock_policy(&lock, err);
	if (r == 0)
		r = cover_locked(guest, covered, ret_changed, ret_file, err);
	lock_release(&lock);
	if (r == 0 && !covered) {
		(void)policy_load(&policy, guest, NULL);
		(void)device_managed_by(guest, &policy, ret_file, COVER_FILE_SIZE);
		policy_done(&policy);
	}
	return r;
}
