/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxmox VE gives a number away again; UUID and MACs it makes anew for each guest and each clone. */

#include "guest/identity.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define PATH_SIZE  (GUEST_ID_SIZE + 96)
#define VALUE_SIZE 64

/* Groups of hexadecimal digits, "8-4-4-4-12" as their lengths. */
static bool is_hex(const char *text, const char *shape)
{
	for (; *shape && *text; shape++, text++) {
		if (*shape == 'x' ? !isxdigit((unsigned char)*text) : *shape != *text)
			return false;
	}
	return *shape == *text;
}

int identity_add(struct identity *identity, const char *text)
{
	struct mac mac;

	if (mac_parse(text, &mac) == 0) {
		if (identity->mac_count == GUEST_NICS_MAX)
			return -ENOSPC;
		identity->macs[identity->mac_count++] = mac;
		return 0;
	}
	if (!is_hex(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))
		return -EINVAL;
	for (size_t i = 0; i < IDENTITY_UUID; i++)
		identity->uuid[i] = (char)tolower((unsigned char)text[i]);
	return 0;
}

bool identity_is_empty(const struct identity *identity)
{
	return !identity->uuid[0] && identity->mac_count == 0;
}

bool identity_same(const struct identity *a, const struct identity *b)
{
	if (a->uuid[0] && b->uuid[0])
		return strcmp(a->uuid, b->uuid) == 0;
	for (size_t i = 0; i < a->mac_count; i++) {
		for (size_t j = 0; j < b->mac_count; j++) {
			if (mac_equal(&a->macs[i], &b->macs[j]))
				return true;
		}
	}
	return false;
}

/* "netN" and "smbios1" have them, as values of properties: hwaddr=MAC, macaddr=MAC, virtio=MAC, uuid=UUID. */
static bool has_identity(const char *line, size_t key_len)
{
	if (key_len == 7 && strncmp(line, "smbios1", 7) == 0)
		return true;
	return key_len > 3 && strncmp(line, "net", 3) == 0 && strspn(line + 3, "0123456789") == key_len - 3;
}

static void take_line(const char *line, size_t len, struct identity *identity)
{
	const char *colon = memchr(line, ':', len);
	const char *end = line + len;

	if (!colon || !has_identity(line, (size_t)(colon - line)))
		return;
	for (const char *p = colon; p < end;) {
		char value[VALUE_SIZE];
		size_t part = 0;

		while (p + part < end && !strchr("=, \t\r", p[part]))
			part++;
		if (part < sizeof(value)) {
			memcpy(value, p, part);
			value[part] = '\0';
			(void)identity_add(identity, value);
		}
		p += part + 1;
	}
}

void identity_parse(const char *text, struct identity *ret_identity)
{
	memset(ret_identity, 0, sizeof(*ret_identity));
	while (*text && *text != '[') {
		size_t len = strcspn(text, "\n");

		take_line(text, len, ret_identity);
		text += len + (text[len] == '\n');
	}
}

int identity_read(const struct guest *guest, const char *node, struct identity *ret_identity, struct err *err)
{
	static const char *const kinds[] = { "lxc", "qemu-server" };
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < 4; i++) {
		CLEANUP(free) char *text = NULL;
		char path[PATH_SIZE];
		size_t len;

		if (i >= 2 && !node)
			break;
		(void)snprintf(path, sizeof(path), "/etc/pve/%s%s%s%s/%s.conf", i < 2 ? "" : "nodes/",
			       i < 2 ? "" : node, i < 2 ? "" : "/", kinds[i % 2], guest->id);
		r = file_read(path, FILE_ANY, &text, &len, err);
		if (r == 0)
			identity_parse(text, ret_identity);
	}
	return r;
}
