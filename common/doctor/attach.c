/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hookscript: local:snippets/guestarp, with whatever was there before chained behind it. */

#include "doctor/attach.h"

#include <errno.h>
#include <json-c/json_object.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/text.h"
#include "doctor/device.h"
#include "doctor/storage.h"
#include "guest/identity.h"
#include "guest/pve.h"
#include "host/guests.h"
#include "host/record.h"
#include "policy/edit.h"
#include "policy/policy.h"

#define VOLUME_SIZE 128

/* `pct set 101 --hookscript VOLUME`, or `--delete hookscript` for NULL. */
static int set_hookscript(const struct guest *guest, const char *volume, struct err *err)
{
	char config[GUEST_ID_SIZE + 32];
	char program[PATH_MAX];
	bool container;
	const char *args[] = {
		program, "set", guest->id, volume ? "--hookscript" : "--delete", volume ? volume : "hookscript", NULL
	};
	int status;
	int r;

	(void)snprintf(config, sizeof(config), "/etc/pve/lxc/%s.conf", guest->id);
	container = path_exists(config);
	r = path_full(container ? "/usr/sbin/pct" : "/usr/sbin/qm", program, sizeof(program), err);
	if (r < 0)
		return r;
	status = spawn_wait(program, (char *const *)(uintptr_t)args, err);
	if (status < 0)
		return status;
	if (status > 0)
		return err_set(err, ECANCELED, "%s set %s: %s %d", container ? "pct" : "qm", guest->id,
			       status >= SPAWN_SIGNAL ? "got signal" : "exit code",
			       status >= SPAWN_SIGNAL ? status - SPAWN_SIGNAL : status);
	return 0;
}

/* {"of": ["bc:24:11:00:00:01"], "call": ["/var/lib/vz/snippets/old.pl"]} as JSON text, to be freed. */
static char *then_json(const struct identity *of, const char *path)
{
	CLEANUP(json) struct json_object *then = json_object_new_object();
	struct json_object *whose = json_object_new_array();
	struct json_object *call = json_object_new_array();
	char mac[MAC_TEXT];

	if (of->uuid[0])
		json_object_array_add(whose, json_object_new_string(of->uuid));
	for (size_t i = 0; i < of->mac_count; i++)
		json_object_array_add(whose, json_object_new_string(mac_to_str(&of->macs[i], mac)));
	json_object_array_add(call, json_object_new_string(path));
	json_object_object_add(then, "of", whose);
	json_object_object_add(then, "call", call);
	return strdup(json_object_to_json_string_ext(then, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* Is the policy's "then" that of an earlier guest with this number? */
static bool is_foreign(const struct guest *guest, const struct policy *policy)
{
	struct identity now;

	return policy->then_count > 0 && !identity_is_empty(&policy->then_of) &&
	       identity_read(guest, NULL, &now, NULL) == 0 && !identity_same(&policy->then_of, &now);
}

bool attach_has_then(const struct guest *guest, const struct policy *policy)
{
	return policy->then_count > 0 && !is_foreign(guest, policy);
}

/* What pct or qm has made of it, however it ended. */
static bool has_now(const struct guest *guest, const char *volume)
{
	struct guest now;

	return guest_init(&now, guest->kind, guest->id, NULL) == 0 && pve_read(&now, NULL, NULL) == 0 &&
	       strcmp(now.hookscript, volume ? volume : "") == 0;
}

static int set_and_see(const struct guest *guest, const char *volume, struct err *err)
{
	int r = set_hookscript(guest, volume, err);

	return r < 0 && has_now(guest, volume) ? 0 : r;
}

/* The policy's side of it: then is the script's path; nothing is written where it is there already. */
static int chain(const struct guest *guest, const struct policy *policy, char **ret_before, bool *ret_written,
		 struct err *err)
{
	CLEANUP(free) char *then = NULL;
	struct identity of;
	char path[PATH_MAX];
	bool foreign = is_foreign(guest, policy);
	int r = storage_check(guest->hookscript, err);

	if (r == 0)
		r = storage_path(guest->hookscript, path, sizeof(path), err);
	if (r < 0)
		return err_wrap(err, "the hookscript that is there, %s", guest->hookscript);
	/* An attach that was interrupted has got this far. */
	if (policy->then_count == 1 && !foreign && strcmp(policy->then[0], path) == 0)
		return 0;
	if (policy->then_count > 0 && !foreign)
		return err_set(err, EEXIST, "policy has a \"then\" (%s) beside the hookscript %s: take one away",
			       policy->source[POLICY_THEN], guest->hookscript);
	r = identity_read(guest, NULL, &of, err);
	if (r < 0)
		return r;
	/* It would be called for whatever guest has the number next. */
	if (identity_is_empty(&of))
		return err_set(err, EINVAL, "it has a hookscript, %s, but no UUID and no NIC with a MAC to know it by",
			       guest->hookscript);
	then = then_json(&of, path);
	if (!then)
		return err_errno(err, ENOMEM, "policy");
	r = policy_edit_file(POLICY_CLUSTER_FILE, guest->id, "then", then, ret_before, err);
	*ret_written = r == 0;
	return r;
}

static int attach_locked(const struct guest *guest, const struct policy *policy, struct err *err)
{
	CLEANUP(free) char *before = NULL;
	bool written = false;
	int r = 0;

	if (guest->hookscript[0]) {
		r = chain(guest, policy, &before, &written, err);
	} else if (is_foreign(guest, policy)) {
		r = policy_edit_file(POLICY_CLUSTER_FILE, guest->id, "then", NULL, &before, err);
		written = r == 0;
	}
	if (r < 0)
		return r;
	r = set_and_see(guest, STORAGE_GUESTARP, err);
	if (r < 0 && written && policy_replace_file(POLICY_CLUSTER_FILE, before, NULL) < 0)
		return err_wrap(err, "%s keeps what was changed for the guest", POLICY_CLUSTER_FILE);
	return r;
}

int attach_guest(const struct guest *guest, bool *ret_changed, struct err *err)
{
	struct lock lock = LOCK_RELEASED;
	struct policy policy;
	int r;

	if (guest->kind != GUEST_PVE)
		return err_set(err, EINVAL, "only Proxmox VE has hookscripts; see guestarp-lxc(8), vznet-custom(8)");
	*ret_changed = false;
	if (guest->hooked)
		return 0;
	r = storage_check(STORAGE_GUESTARP, err);
	if (r < 0)
		return err_wrap(err, "Proxmox VE would refuse " STORAGE_GUESTARP);
	r = lock_policy(&lock, err);
	if (r < 0)
		return r;
	r = policy_load(&policy, guest, err);
	if (r == 0)
		r = attach_locked(guest, &policy, err);
	policy_done(&policy);
	lock_release(&lock);
	*ret_changed = r == 0;
	return r;
}

/* A "then" that is the hookscript itself was left by an interrupted detach, or attach. */
static bool is_stale(const struct guest *guest, const struct policy *policy)
{
	char path[PATH_MAX];

	return !guest->hooked && guest->hookscript[0] && policy->then_count == 1 &&
	       storage_path(guest->hookscript, path, sizeof(path), NULL) == 0 && strcmp(policy->then[0], path) == 0;
}

static int detach_locked(const struct guest *guest, const struct policy *policy, bool *ret_changed, struct err *err)
{
	char volume[VOLUME_SIZE] = "";
	bool stale = is_stale(guest, policy);
	bool foreign = is_foreign(guest, policy);
	int r = 0;

	if (!guest->hooked && !stale && !foreign)
		return 0;
	if (policy->then_count > 1 && !foreign)
		return err_set(err, EEXIST, "policy's \"then\" (%s) names %zu hookscripts, Proxmox VE allows one",
			       policy->source[POLICY_THEN], policy->then_count);
	if (policy->then_count == 1 && !foreign)
		r = storage_volume(policy->then[0], volume, sizeof(volume), err);
	/* The hookscript first: for a moment both may call the script; never neither. */
	if (r == 0 && guest->hooked)
		r = set_and_see(guest, volume[0] ? volume : NULL, err);
	if (r == 0 && (volume[0] || foreign))
		r = policy_edit_file(POLICY_CLUSTER_FILE, guest->id, "then", NULL, NULL, err);
	*ret_changed = r == 0 && (guest->hooked || stale);
	return r;
}

/* As it is now; what cannot be read any more is as it was. */
static void say_still(const struct guest *guest, char *ret_still)
{
	struct policy policy;
	struct guest now;

	if (guest_init(&now, guest->kind, guest->id, NULL) < 0 || guest_read(&now, NULL) < 0)
		now = *guest;
	(void)policy_load(&policy, &now, NULL);
	(void)device_managed_by(&now, &policy, ret_still, ATTACH_STILL_SIZE);
	policy_done(&policy);
}

int detach_guest(const struct guest *guest, bool *ret_changed, char *ret_still, struct err *err)
{
	struct lock lock = LOCK_RELEASED;
	struct policy policy;
	struct guest unhooked = *guest;
	int r;

	*ret_changed = false;
	ret_still[0] = '\0';
	unhooked.hooked = false;
	r = lock_policy(&lock, err);
	if (r < 0)
		return r;
	r = policy_load(&policy, guest, err);
	if (r == 0)
		r = detach_locked(guest, &policy, ret_changed, err);
	policy_done(&policy);
	if (r == 0)
		r = device_tidy(&unhooked, err);
	lock_release(&lock);
	say_still(guest, ret_still);
	return r;
}
