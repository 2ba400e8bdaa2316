/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest model, and which ids each platform gives. */

#include "guest/guest.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define ALIAS_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -+_."

/* Proxmox VE: ^[1-9][0-9]{2,8}$ (PVE::JSONSchema). */
static bool vmid_valid(const char *id)
{
	uint32_t vmid;

	return parse_u32(id, 100, 999999999, &vmid) == 0;
}

/* A name that may stand in a file name, as LXC's and OpenVZ's ids do. */
static bool name_valid(const char *id)
{
	size_t len = strnlen(id, GUEST_ID_SIZE);

	if (len == 0 || len >= GUEST_ID_SIZE || id[0] == '.' || id[0] == '-')
		return false;
	for (const char *p = id; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-_.+", *p))
			return false;
	}
	return true;
}

const char *guest_kind_to_str(enum guest_kind kind)
{
	static const char *const names[] = { [GUEST_PVE] = "pve", [GUEST_LXC] = "lxc", [GUEST_VZ] = "vz" };

	return names[kind];
}

int guest_init(struct guest *guest, enum guest_kind kind, const char *id, struct err *err)
{
	char shown[40];

	if (!(kind == GUEST_PVE ? vmid_valid(id) : name_valid(id)))
		return err_set(err, EINVAL, "'%s' is no %s", text_shown(id, shown, sizeof(shown)),
			       kind == GUEST_PVE ? "VMID (100 to 999999999)" : "guest name");
	memset(guest, 0, offsetof(struct guest, nics));
	guest_clear(guest);
	guest->kind = kind;
	return text_copy(guest->id, sizeof(guest->id), id);
}

bool guest_init_named(struct guest *ret_guest, const char *name, char separator)
{
	for (enum guest_kind kind = GUEST_PVE; kind <= GUEST_VZ; kind++) {
		const char *word = guest_kind_to_str(kind);
		size_t len = strlen(word);

		if (strncmp(name, word, len) == 0 && name[len] == separator)
			return guest_init(ret_guest, kind, name + len + 1, NULL) == 0;
	}
	return false;
}

bool guest_names_one(const char *text)
{
	for (enum guest_kind kind = GUEST_PVE; kind <= GUEST_VZ; kind++) {
		const char *word = guest_kind_to_str(kind);
		size_t len = strlen(word);

		if (strncmp(text, word, len) == 0 && text[len] == '/')
			return kind == GUEST_PVE ? vmid_valid(text + len + 1) : name_valid(text + len + 1);
	}
	/* OpenVZ's NAME has the widest set: vzctl's config.c allows blanks, too. */
	return *text && strlen(text) < GUEST_ID_SIZE && strspn(text, ALIAS_CHARACTERS) == strlen(text);
}

const char *guest_name(const struct guest *guest, char *text)
{
	(void)snprintf(text, GUEST_NAME_SIZE, "%s/%s", guest_kind_to_str(guest->kind), guest->id);
	return text;
}

void guest_copy(struct guest *ret_copy, const struct guest *guest)
{
	memcpy(ret_copy, guest, offsetof(struct guest, nics));
	memcpy(ret_copy->nics, guest->nics, guest->nic_count * sizeof(guest->nics[0]));
	memcpy(ret_copy->ips, guest->ips, guest->ip_count * sizeof(guest->ips[0]));
	memcpy(&ret_copy->notes, &guest->notes,
	       offsetof(struct notes, line) + guest->notes.count * sizeof(guest->notes.line[0]));
}

void guest_clear(struct guest *guest)
{
	guest->nic_count = 0;
	guest->ip_count = 0;
	guest->notes.count = 0;
	guest->notes.dropped = 0;
}

struct guest_nic *guest_add_nic(struct guest *guest, unsigned index)
{
	struct guest_nic *nic;

	if (guest->nic_count == GUEST_NICS_MAX)
		return NULL;
	nic = &guest->nics[guest->nic_count++];
	memset(nic, 0, sizeof(*nic));
	nic->index = index;
	return nic;
}

int guest_add_ip(struct guest *guest, const struct ip *ip)
{
	for (size_t i = 0; i < guest->ip_count; i++) {
		if (ip_equal(&guest->ips[i], ip))
			return 0;
	}
	if (guest->ip_count == GUEST_IPS_MAX)
		return -ENOSPC;
	guest->ips[guest->ip_count++] = *ip;
	return 0;
}

int guest_add_nic_ip(struct guest *guest, struct guest_nic *nic, const struct guest_ip *ip)
{
	if (nic->ip_count == GUEST_NIC_IPS_MAX || guest_add_ip(guest, &ip->ip) < 0)
		return -ENOSPC;
	nic->ips[nic->ip_count++] = *ip;
	return 0;
}

void guest_remove_ip(struct guest *guest, const struct ip *ip)
{
	for (size_t i = 0; i < guest->ip_count; i++) {
		if (ip_equal(&guest->ips[i], ip)) {
			guest->ips[i] = guest->ips[--guest->ip_count];
			return;
		}
	}
}
