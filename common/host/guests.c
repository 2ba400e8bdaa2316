/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding guests where their platforms leave traces. */

#include "host/guests.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/path.h"
#include "base/text.h"
#include "guest/lxc.h"
#include "guest/pve.h"
#include "guest/vz.h"
#include "host/record.h"
#include "host/running.h"

#define PATH_SIZE 4096
#define SLOTS_MIN 64 /* a power of two */

DEFINE_CLEANUP(dir, DIR *, closedir)
DEFINE_CLEANUP(names, struct if_nameindex *, if_freenameindex)

/* The guest's slot, or the free one for it. One in two at least is free. */
static size_t *find_slot(const struct guest_list *guests, const struct guest *guest)
{
	for (size_t i = (size_t)text_hash(TEXT_HASH_START ^ (uint64_t)guest->kind, guest->id);; i++) {
		size_t *slot = &guests->slots[i & (guests->slot_count - 1)];
		const struct guest *there = *slot ? &guests->list[*slot - 1] : NULL;

		if (!there || (there->kind == guest->kind && strcmp(there->id, guest->id) == 0))
			return slot;
	}
}

/* Slots for one guest more. */
static int grow_slots(struct guest_list *guests)
{
	size_t count = guests->slot_count ? guests->slot_count * 2 : SLOTS_MIN;
	size_t *slots;

	if (guests->count + 1 <= guests->slot_count / 2)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(guests->slots);
	guests->slots = slots;
	guests->slot_count = count;
	for (size_t i = 0; i < guests->count; i++)
		*find_slot(guests, &guests->list[i]) = i + 1;
	return 0;
}

bool guest_list_has(const struct guest_list *guests, const struct guest *guest)
{
	return guests->count > 0 && *find_slot(guests, guest) != 0;
}

/* NULL with errno 0 at the end: a list that was cut short must not look complete. */
static const struct dirent *next_entry(DIR *dir)
{
	errno = 0;
	return readdir(dir);
}

static int add_guest(struct guest_list *guests, const struct guest *guest)
{
	struct guest *list;
	size_t *slot;

	if (guest_list_has(guests, guest))
		return 0;
	list = array_grow(guests->list, guests->count, &guests->room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	guests->list = list;
	if (grow_slots(guests) < 0)
		return -ENOMEM;
	slot = find_slot(guests, guest);
	guest_copy(&guests->list[guests->count++], guest);
	*slot = guests->count;
	return 0;
}

int guest_list_recorded(struct guest_list *guests, struct err *err)
{
	char path[4096];
	CLEANUP(dir) DIR *dir = NULL;
	const struct dirent *entry;
	int r = path_full(RECORD_DIR, path, sizeof(path), err);

	if (r < 0)
		return r;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, errno, RECORD_DIR);
	while ((entry = next_entry(dir)) != NULL) {
		struct guest guest;

		if (record_guest(entry->d_name, &guest) && add_guest(guests, &guest) < 0)
			return err_errno(err, ENOMEM, RECORD_DIR);
	}
	return errno ? err_errno(err, errno, RECORD_DIR) : 0;
}

int guest_list_running(struct guest_list *guests, struct err *err)
{
	CLEANUP(names) struct if_nameindex *names = if_nameindex();

	if (!names)
		return err_errno(err, errno, "list of devices");
	for (const struct if_nameindex *n = names; n->if_name; n++) {
		struct guest guest;
		unsigned nic;
		bool bridge;

		if (running_parse_port(n->if_name, &guest, &nic, &bridge) && !bridge && add_guest(guests, &guest) < 0)
			return err_errno(err, ENOMEM, "list of devices");
	}
	return 0;
}

/* Where pmxcfs has crashed its directory is there, and nothing in it can be reached. */
static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ENOTCONN;
}

/* Every name in the directory that ends so and gives an id of the kind. A missing directory has none. */
static int add_directory(struct guest_list *guests, const char *path, const char *suffix, enum guest_kind kind,
			 struct err *err)
{
	char full[PATH_SIZE];
	CLEANUP(dir) DIR *dir = NULL;
	const struct dirent *entry;
	int r = path_full(path, full, sizeof(full), err);

	if (r < 0)
		return r;
	dir = opendir(full);
	if (!dir)
		return is_missing(errno) ? 0 : err_errno(err, errno, "%s", path);
	while ((entry = next_entry(dir)) != NULL) {
		size_t len = strlen(entry->d_name);
		size_t end = strlen(suffix);
		char id[GUEST_ID_SIZE];
		struct guest guest;

		if (len <= end || len - end >= sizeof(id) || strcmp(entry->d_name + len - end, suffix) != 0)
			continue;
		memcpy(id, entry->d_name, len - end);
		id[len - end] = '\0';
		/* vz.conf's neighbours: 0.conf is the host's own, ve-*.conf-sample are samples. */
		if (kind == GUEST_VZ && strcmp(id, "0") == 0)
			continue;
		if (guest_init(&guest, kind, id, NULL) == 0 && add_guest(guests, &guest) < 0)
			return err_errno(err, ENOMEM, "%s", path);
	}
	return errno ? err_errno(err, errno, "%s", path) : 0;
}

static bool has_proxmox(void)
{
	return path_exists("/etc/pve") || errno == ENOTCONN;
}

int guest_list_containers(struct guest_list *guests, struct err *err)
{
	char full[PATH_SIZE];
	CLEANUP(dir) DIR *dir = NULL;
	const struct dirent *entry;
	bool proxmox = has_proxmox();
	int r = path_full(GUEST_LXCPATH, full, sizeof(full), err);

	if (r < 0)
		return r;
	dir = opendir(full);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(err, errno, GUEST_LXCPATH);
	while ((entry = next_entry(dir)) != NULL) {
		char path[sizeof(entry->d_name) + 32];
		struct guest guest;

		/* Proxmox VE writes the like for its own containers. */
		if (proxmox && guest_init(&guest, GUEST_PVE, entry->d_name, NULL) == 0)
			continue;
		(void)snprintf(path, sizeof(path), GUEST_LXCPATH "/%s/config", entry->d_name);
		if (guest_init(&guest, GUEST_LXC, entry->d_name, NULL) == 0 && path_exists(path) &&
		    add_guest(guests, &guest) < 0)
			return err_errno(err, ENOMEM, GUEST_LXCPATH);
	}
	return errno ? err_errno(err, errno, GUEST_LXCPATH) : 0;
}

int guest_list_configured(struct guest_list *guests, struct err *err)
{
	int r = add_directory(guests, "/etc/pve/lxc", ".conf", GUEST_PVE, err);

	if (r == 0)
		r = add_directory(guests, "/etc/pve/qemu-server", ".conf", GUEST_PVE, err);
	if (r == 0)
		r = add_directory(guests, "/etc/vz/conf", ".conf", GUEST_VZ, err);
	return r < 0 ? r : guest_list_containers(guests, err);
}

bool guest_platform_known(void)
{
	return path_exists("/etc/pve/lxc") && path_exists("/etc/pve/qemu-server");
}

bool guest_platform_missing(void)
{
	return has_proxmox() && !guest_platform_known();
}

int guest_each_of_cluster(bool (*wanted)(const struct guest *guest, const void *data),
			  void (*fn)(const struct guest *guest, const char *node, void *data), void *data)
{
	static const char *const kinds[] = { "lxc", "qemu-server" };
	char full[PATH_SIZE];
	CLEANUP(dir) DIR *dir = NULL;
	const struct dirent *entry;
	int r = 0;

	if (path_full("/etc/pve/nodes", full, sizeof(full), NULL) == 0)
		dir = opendir(full);
	while (dir && r == 0 && (entry = next_entry(dir)) != NULL) {
		struct guest_list guests = { 0 };

		for (size_t i = 0; entry->d_name[0] != '.' && r == 0 && i < 2; i++) {
			char path[sizeof(entry->d_name) + 32];
			struct err err;

			(void)snprintf(path, sizeof(path), "/etc/pve/nodes/%s/%s", entry->d_name, kinds[i]);
			r = add_directory(&guests, path, ".conf", GUEST_PVE, &err);
			r = r == -ENOMEM ? r : 0;
		}
		for (size_t i = 0; r == 0 && i < guests.count; i++) {
			if (wanted(&guests.list[i], data) && pve_read(&guests.list[i], entry->d_name, NULL) == 0)
				fn(&guests.list[i], entry->d_name, data);
		}
		guest_list_done(&guests);
	}
	return r;
}

bool guest_in_cluster(const struct guest *guest)
{
	static const char *const kinds[] = { "lxc", "qemu-server" };
	char full[PATH_SIZE];
	CLEANUP(dir) DIR *dir = NULL;
	const struct dirent *entry;

	if (path_full("/etc/pve/nodes", full, sizeof(full), NULL) < 0)
		return true;
	dir = opendir(full);
	/* A list that cannot be read says nothing. */
	if (!dir)
		return errno != ENOENT;
	while ((entry = next_entry(dir)) != NULL) {
		for (size_t i = 0; entry->d_name[0] != '.' && i < 2; i++) {
			char path[sizeof(entry->d_name) + GUEST_ID_SIZE + 32];

			(void)snprintf(path, sizeof(path), "/etc/pve/nodes/%s/%s/%s.conf", entry->d_name, kinds[i],
				       guest->id);
			if (path_exists(path))
				return true;
		}
	}
	return errno != 0;
}

void guest_list_done(struct guest_list *guests)
{
	free(guests->list);
	free(guests->slots);
	memset(guests, 0, sizeof(*guests));
}

int guest_read(struct guest *guest, struct err *err)
{
	if (guest->kind == GUEST_PVE)
		return pve_read(guest, NULL, err);
	if (guest->kind == GUEST_VZ)
		return vz_read(guest, err);
	return lxc_read(guest, NULL, err);
}

static bool names_port(const struct guest *guest, const char *port)
{
	for (size_t i = 0; i < guest->nic_count; i++) {
		if (strcmp(guest->nics[i].port, port) == 0)
			return true;
	}
	return false;
}

bool guest_has_port(const char *port, const void *guest)
{
	struct guest_list guests = { 0 };
	bool has = guest && names_port(guest, port);

	if (!has)
		(void)guest_list_containers(&guests, NULL);
	for (size_t i = 0; !has && i < guests.count; i++)
		has = guest_read(&guests.list[i], NULL) == 0 && names_port(&guests.list[i], port);
	guest_list_done(&guests);
	return has;
}
