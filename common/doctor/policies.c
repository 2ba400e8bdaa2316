/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policy and configurations say and nothing comes of: guests and devices that are not there, lines that are
 * skipped. */

#include <errno.h>
#include <json-c/json_object_iterator.h>
#include <json-c/linkhash.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "host/guests.h"
#include "kernel/link.h"

/* "200-299" and "*" are no guest's names. */
static bool names_several(const char *key)
{
	return strcmp(key, "*") == 0 || key[strspn(key, "0123456789-")] == '\0';
}

static bool is_patient(const struct doctor *d, const char *key)
{
	for (size_t i = 0; i < d->patient_count; i++) {
		const struct guest *guest = &d->patients[i].guest;

		if (strcmp(guest->id, key) == 0 || strcmp(d->patients[i].name, key) == 0 ||
		    (guest->alias[0] && strcmp(guest->alias, key) == 0) ||
		    (guest->kind == GUEST_LXC && strcmp(guest_lxc_name(guest), key) == 0))
			return true;
	}
	return false;
}

static bool is_in_cluster(const char *key)
{
	const char *id = strncmp(key, "pve/", 4) == 0 ? key + 4 : key;
	struct guest guest;

	return guest_init(&guest, GUEST_PVE, id, NULL) == 0 && guest_in_cluster(&guest);
}

static void unknown_guest(struct doctor *d, const char *file, const char *key)
{
	struct finding *f = findings_add(d->findings, FINDING_GUEST_UNKNOWN);
	char shown[80];

	if (!f)
		return;
	finding_set(f->what, "%s names the guest \"%s\", and there is none of that name.", file,
		    text_shown(key, shown, sizeof(shown)));
	/* A line for each, so that all of them are there however many are one finding. */
	finding_set(f->several, "%s names guests that are nowhere.", file);
	finding_set(f->advice, "correct or remove in \"guests\" of %s:\n\"%s\"", file, shown);
}

/* The cluster's file may name containers of other nodes, of which only those of Proxmox VE can be seen from here. */
static void check_guests(struct doctor *d, const char *file, struct json_object *json, bool of_cluster)
{
	struct json_object *guests;

	if (!json_object_object_get_ex(json, "guests", &guests) || !json_object_is_type(guests, json_type_object))
		return;
	json_object_object_foreach(guests, key, value) {
		bool number = key[0] && key[strspn(key, "0123456789")] == '\0';

		(void)value;
		if ((!number && (names_several(key) || of_cluster)) || is_patient(d, key) || is_in_cluster(key))
			continue;
		unknown_guest(d, file, key);
	}
}

static void check_file(struct doctor *d, const char *file, const char *text, bool of_cluster)
{
	CLEANUP(json) struct json_object *json = NULL;

	if (text && json_parse_written(file, text, strlen(text), &json, NULL) == 0)
		check_guests(d, file, json, of_cluster);
}

static void check_device(struct doctor *d, const struct patient *p)
{
	const char *device = p->device;
	struct finding *f;
	struct link link;

	/* It may have another name, which the kernel alone knows. */
	if (!device[0] || netstate_named(&d->state, device) || link_get(d->nl, device, &link, NULL) != -ENODEV)
		return;
	f = findings_add(d->findings, FINDING_DEVICE_MISSING);
	if (!f)
		return;
	finding_set(f->device, "%s", device);
	finding_set(f->guest, "%s", p->name);
	finding_set(f->what, "Policy names the device %s for guest %s, and there is none.", device, p->name);
	finding_set(f->several, "Policy names the device %s for {guests}, and there is none.", device);
	finding_set(f->advice, "choose one of this host's for each guest: guestarp device GUEST DEVICE");
}

static void check_lines(struct doctor *d, const struct patient *p)
{
	struct finding *f = p->guest.notes.count > 0 ? findings_add(d->findings, FINDING_GUEST_LINE) : NULL;

	if (!f)
		return;
	finding_set(f->guest, "%s", p->name);
	finding_set(f->what, "%s.", p->guest.notes.line[0]);
	finding_set(f->advice, "correct the line, by the platform's own tools");
}

void check_policies(struct doctor *d)
{
	if (!guest_platform_missing()) {
		check_file(d, POLICY_CLUSTER_FILE, d->policy.files[0].text, true);
		check_file(d, POLICY_HOST_FILE, d->policy.files[1].text, false);
	}
	for (size_t i = 0; i < d->patient_count; i++) {
		const struct patient *p = &d->patients[i];

		if (!p->managed || !p->readable)
			continue;
		check_device(d, p);
		check_lines(d, p);
	}
}
