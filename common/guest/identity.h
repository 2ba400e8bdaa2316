/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_IDENTITY_H
#define GUESTARP_GUEST_IDENTITY_H
/* Which guest of Proxmox VE it is, where the number says too little: a later guest may have the same. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ip.h"
#include "guest/guest.h"

#define IDENTITY_UUID 37 /* NUL included */

/* What Proxmox VE makes up for each new guest and each clone, and keeps when the guest is changed or restored. */
struct identity {
	char uuid[IDENTITY_UUID]; /* smbios1's, "" for none: containers have none */
	struct mac macs[GUEST_NICS_MAX];
	size_t mac_count;
};

/* Adds a UUID or a MAC as text. -EINVAL for anything else, -ENOSPC for too many. */
int identity_add(struct identity *identity, const char *text);

/* Has neither UUID nor MAC. */
bool identity_is_empty(const struct identity *identity);

/* The same guest? By the UUID where both have one, else by any one MAC, since NICs come and go. */
bool identity_same(const struct identity *a, const struct identity *b);

/* From the main section of a configuration. Whatever is none of it is no mistake. */
void identity_parse(const char *text, struct identity *ret_identity);

/* From the guest's configuration on this node, or else on node unless that is NULL. -ENOENT where there is none. */
int identity_read(const struct guest *guest, const char *node, struct identity *ret_identity, struct err *err);

#endif
