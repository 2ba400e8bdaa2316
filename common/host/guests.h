/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_HOST_GUESTS_H
#define GUESTARP_HOST_GUESTS_H
/* The guests of this host, as records, devices and configurations tell of them. Not for a hook's path. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "guest/guest.h"

/* Only kind and id of each are set; each is there once. */
struct guest_list {
	struct guest *list;
	size_t count;
	size_t room;
	size_t *slots; /* a hash table of places in the list, counted from 1 */
	size_t slot_count;
};

/* Adds every guest that has a record. */
int guest_list_recorded(struct guest_list *guests, struct err *err);

/* Adds every guest of Proxmox VE that has a tap or veth device. */
int guest_list_running(struct guest_list *guests, struct err *err);

/* Adds every plain LXC container that has a configuration in the usual place. */
int guest_list_containers(struct guest_list *guests, struct err *err);

/* Adds every guest with a configuration: Proxmox VE's of this node, OpenVZ's, plain LXC's. */
int guest_list_configured(struct guest_list *guests, struct err *err);

/* Is Proxmox VE's cluster file system there? Else that a configuration is not there says nothing. */
bool guest_platform_known(void);

/* Is this a host of Proxmox VE, and pmxcfs does not show it the guests? In words for the administrator. */
bool guest_platform_missing(void);
#define GUEST_PLATFORM_MISSING "pmxcfs is down (/etc/pve is empty), so which guests Proxmox VE has is not known"

/*
 * Calls fn for each guest of Proxmox VE that any node of the cluster has a configuration of, this node included, as far
 * as it can be read. What it tells is read only of those that are wanted. -ENOMEM.
 */
int guest_each_of_cluster(bool (*wanted)(const struct guest *guest, const void *data),
			  void (*fn)(const struct guest *guest, const char *node, void *data), void *data);

/* Has any node of the cluster a configuration of this guest of Proxmox VE? */
bool guest_in_cluster(const struct guest *guest);

/*
 * A port that a configuration names: the guest's own, or a plain LXC container's, whose ports have whatever name their
 * administrator gives them. guest: a struct guest, NULL for none. A bridge_claims' is_guests: it reads every
 * container's configuration, and is asked only where a bridge has no physical port.
 */
bool guest_has_port(const char *port, const void *guest);

bool guest_list_has(const struct guest_list *guests, const struct guest *guest);

void guest_list_done(struct guest_list *guests);

/* Reads the configuration of a guest of any kind from where it usually is. As pve_read(), vz_read(), lxc_read(). */
int guest_read(struct guest *guest, struct err *err);

#endif
