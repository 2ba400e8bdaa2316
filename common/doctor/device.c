/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A value that says nothing still has the guest managed, so none is left where it was put in here. */

#include "doctor/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "host/record.h"
#include "kernel/link.h"
#include "kernel/netlink.h"
#include "policy/edit.h"

/* Room for a device's name as JSON. */
#define VALUE_SIZE (IFNAMSIZ + 2)
#define NAME_COUNT 3

/* The names that the policy may have for it: its number, and others that have the last word under that. */
struct names {
	char with_kind[GUEST_NAME_SIZE];
	const char *list[NAME_COUNT + 1];
};

static void names_of(const struct guest *guest, struct names *names)
{
	*names = (struct names){ .list = { guest->id } };
	names->list[1] = guest_name(guest, names->with_kind);
	/* Containers of other lxcpaths may have the same. */
	names->list[2] = guest->alias[0] && !guest->lxcpath[0] ? guest->alias : NULL;
}

int device_check(const char *device, struct err *err)
{
	if (!ifname_valid(device) || strpbrk(device, "\"\\"))
		return err_set(err, EINVAL, "'%s' is not a device name (1 to 15 characters)", device);
	if (strcmp(device, "lo") == 0)
		return err_set(err, EINVAL, "nobody asks for a guest on lo: name the device that shall answer for it");
	if (strcmp(device, "all") == 0 || strcmp(device, "default") == 0)
		return err_set(err, EINVAL, "'%s' is no device: name the one that shall answer for it", device);
	return 0;
}

/* A list of all links is for a person's command, never for a hook. */
static void note_missing(const char *device, struct notes *notes)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct if_nameindex *all;
	struct link link;
	size_t count = 0;
	const char *nearest;

	if (netlink_open(&nl, NULL) < 0 || link_get(nl, device, &link, NULL) != -ENODEV)
		return;
	all = if_nameindex();
	while (all && all[count].if_index)
		count++;
	nearest = all ? text_nearest(device, &all[0].if_name, count, sizeof(*all)) : NULL;
	notes_add(notes, "there is no device %s on this host now%s%s%s", device, nearest ? ", did you mean " : "",
		  nearest ? nearest : "", nearest ? "?" : "");
	if (all)
		if_freenameindex(all);
}

static int load(const struct guest *guest, struct policy *policy, struct err *err)
{
	int r = policy_load(policy, guest, err);

	policy_done(policy);
	return r;
}

/* Under its number, and where another of its names has the last word under that, too. */
static int set(const struct guest *guest, const char *device, struct err *err)
{
	char value[VALUE_SIZE];
	struct names names;
	struct policy policy;
	int r = 0;

	names_of(guest, &names);
	(void)snprintf(value, sizeof(value), *device ? "\"%s\"" : "null", device);
	for (size_t i = 0; r == 0 && names.list[i]; i++) {
		r = policy_edit_file(POLICY_HOST_FILE, names.list[i], "device", value, NULL, err);
		if (r == 0)
			r = load(guest, &policy, err);
		if (r == 0 && strcmp(policy.device, device) == 0)
			return 0;
	}
	return r;
}

/* Without the key under any of its names. before gets the whole text that was there, or NULL. */
static int take_away(const struct guest *guest, char **ret_before, struct err *err)
{
	struct names names;
	int r = 0;

	names_of(guest, &names);
	for (size_t i = 0; r == 0 && names.list[i]; i++)
		r = policy_edit_file(POLICY_HOST_FILE, names.list[i], "device", NULL, i == 0 ? ret_before : NULL, err);
	return r;
}

static int set_none(const struct guest *guest, struct notes *notes, struct err *err)
{
	struct policy policy;
	bool managed;
	int r = load(guest, &policy, err);

	managed = policy_manages(&policy, guest);
	if (r == 0)
		r = take_away(guest, NULL, err);
	if (r == 0)
		r = load(guest, &policy, err);
	if (r < 0)
		return r;
	if (policy_manages(&policy, guest) && policy.device[0])
		return set(guest, "", err);
	if (managed && !policy_manages(&policy, guest))
		notes_add(notes, "no longer managed: nothing else covers it");
	return 0;
}

int device_set(const struct guest *guest, const char *device, struct notes *notes, struct err *err)
{
	struct lock lock = LOCK_RELEASED;
	int r = lock_policy(&lock, err);

	if (r == 0)
		r = *device ? set(guest, device, err) : set_none(guest, notes, err);
	lock_release(&lock);
	if (r < 0)
		return r;
	if (*device)
		note_missing(device, notes);
	if (guest->device[0] && strcmp(guest->device, device) != 0)
		notes_add(notes, "its own configuration says GUESTARP_DEVICE=\"%s\", which has the last word",
			  guest->device);
	return 0;
}

int device_tidy(const struct guest *guest, struct err *err)
{
	CLEANUP(free) char *before = NULL;
	struct policy policy;
	struct policy without;
	int r = load(guest, &policy, err);

	/* A null that keeps a device away which another place names is no leftover. */
	if (r < 0 || policy.device[0] || !policy.managed || guest->hooked ||
	    strncmp(policy.source[POLICY_DEVICE], POLICY_HOST_FILE, sizeof(POLICY_HOST_FILE) - 1) != 0)
		return r;
	r = take_away(guest, &before, err);
	if (r == 0)
		r = load(guest, &without, err);
	if (r == 0 && without.managed)
		r = policy_replace_file(POLICY_HOST_FILE, before, err);
	return r;
}

const char *device_managed_by(const struct guest *guest, const struct policy *policy, char *text, size_t size)
{
	text[0] = '\0';
	(void)text_append(text, size, "%s", policy->managed_by);
	if (guest->hooked)
		(void)text_append(text, size, "%sits hookscript", *text ? ", " : "");
	if (guest->device[0])
		(void)text_append(text, size, "%sGUESTARP_DEVICE in its own configuration", *text ? ", " : "");
	return text;
}
