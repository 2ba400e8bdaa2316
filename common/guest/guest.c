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

static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || (c && strchr(GUEST_PUNCTUATION, c));
}

/* A name that may stand in a file name, as LXC's and OpenVZ's ids do: len bytes of it. */
static bool word_valid(const char *id, size_t len)
{
	if (len == 0 || len >= GUEST_WORD_SIZE || id[0] == '.' || id[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_plain(id[i]))
			return false;
	}
	return true;
}

static bool is_plain_in_path(char c)
{
	return c == '/' || is_plain(c);
}

/* Only one text stands for each path. */
static bool decode_path(const char *text, char path[GUEST_PATH_SIZE])
{
	size_t len = 0;

	for (const char *p = text; *p; p++) {
		unsigned byte = (unsigned char)*p;

		if (!is_plain_in_path(*p)) {
			if (*p != '%' || strspn(p + 1, "0123456789ABCDEF") < 2 || sscanf(p + 1, "%2x", &byte) != 1 ||
			    byte == 0 || is_plain_in_path((char)byte))
				return false;
			p += 2;
		}
		if (len + 1 >= GUEST_PATH_SIZE)
			return false;
		path[len++] = (char)byte;
	}
	path[len] = '\0';
	return path[0] == '/' && strcmp(path, GUEST_LXCPATH) != 0;
}

/* "web", or "web@/srv/lxc". */
static bool lxc_id_valid(const char *id, char path[GUEST_PATH_SIZE])
{
	const char *at = strchr(id, '@');

	path[0] = '\0';
	if (!at)
		return word_valid(id, strlen(id));
	return strlen(id) < GUEST_ID_SIZE && word_valid(id, (size_t)(at - id)) && decode_path(at + 1, path);
}

static bool id_valid(enum guest_kind kind, const char *id, char path[GUEST_PATH_SIZE])
{
	path[0] = '\0';
	return kind == GUEST_PVE   ? vmid_valid(id)
	       : kind == GUEST_LXC ? lxc_id_valid(id, path)
				   : word_valid(id, strlen(id));
}

const char *guest_kind_to_str(enum guest_kind kind)
{
	static const char *const names[] = { [GUEST_PVE] = "pve", [GUEST_LXC] = "lxc", [GUEST_VZ] = "vz" };

	return names[kind];
}

int guest_init(struct guest *guest, enum guest_kind kind, const char *id, struct err *err)
{
	char path[GUEST_PATH_SIZE];
	char shown[40];

	if (!id_valid(kind, id, path))
		return err_set(err, EINVAL, "'%s' is no %s", text_shown(id, shown, sizeof(shown)),
			       kind == GUEST_PVE ? "VMID (100 to 999999999)" : "guest name");
	memset(guest, 0, offsetof(struct guest, nics));
	guest_clear(guest);
	guest->kind = kind;
	memcpy(guest->lxcpath, path, sizeof(path));
	if (path[0])
		(void)snprintf(guest->alias, sizeof(guest->alias), "%.*s", (int)strcspn(id, "@"), id);
	return text_copy(guest->id, sizeof(guest->id), id);
}

const char *guest_lxc_name(const struct guest *guest)
{
	return guest->lxcpath[0] ? guest->alias : guest->id;
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
	char path[GUEST_PATH_SIZE];

	for (enum guest_kind kind = GUEST_PVE; kind <= GUEST_VZ; kind++) {
		const char *word = guest_kind_to_str(kind);
		size_t len = strlen(word);

		if (strncmp(text, word, len) == 0 && text[len] == '/')
			return id_valid(kind, text + len + 1, path);
	}
	if (strchr(text, '@'))
		return lxc_id_valid(text, path);
	/* OpenVZ's NAME has the widest set: vzctl's config.c allows blanks, too. */
	return *text && strlen(text) < GUEST_WORD_SIZE && strspn(text, ALIAS_CHARACTERS) == strlen(text);
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
	if (ip_among(guest->ips, guest->ip_count, ip))
		return 0;
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
