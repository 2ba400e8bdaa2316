/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_GUEST_H
#define GUESTARP_GUEST_GUEST_H
/* A guest as every platform describes it: who it is, its NICs, its addresses. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/log.h"

#define GUEST_WORD_SIZE     65  /* a UUID or an LXC name, NUL included */
#define GUEST_PATH_SIZE     129 /* an lxcpath, likewise */
#define GUEST_ID_SIZE       194 /* "<name>@<lxcpath>" */
#define GUEST_NAME_SIZE     200 /* "lxc/<id>" */
#define GUEST_HOSTNAME_SIZE 128
#define GUEST_NICS_MAX      32 /* Proxmox VE's net0..net31 */
#define GUEST_IPS_MAX       128
#define GUEST_NIC_IPS_MAX   16

#define GUEST_NIC_INDEX_MAX 999 /* containers of Proxmox VE may number theirs higher than GUEST_NICS_MAX */

/* Where LXC's containers usually are: one that lies there has no path in its name. */
#define GUEST_LXCPATH "/var/lib/lxc"

enum guest_kind { GUEST_PVE, GUEST_LXC, GUEST_VZ };

/* An address as a guest's configuration gives it to a NIC. */
struct guest_ip {
	struct ip ip;
	uint8_t prefix; /* its length, as the guest has it */
};

struct guest_nic {
	unsigned index;        /* N of netN */
	char port[IFNAMSIZ];   /* its end on the host where the configuration names it, else "" */
	char bridge[IFNAMSIZ]; /* the bridge it is plugged into, "" for none */
	unsigned tag;          /* VLAN, 0 for none */
	struct mac mac;        /* the guest's own end, of Proxmox VE's guests; all zero where it is not known */
	/* The fwbr in front of it when the platform makes one, "" where it never does. */
	char firewall_bridge[IFNAMSIZ];
	bool skipped; /* what the configuration says of it is of no use: no more is known than what its number tells */
	bool link_down; /* unplugged by the configuration */
	bool routed;    /* the platform routes to it (LXC's veth.mode = router, l2proxy): bridge is "" then */
	/* Its default gateways, family 0 for none. */
	struct ip gateway;
	struct ip gateway6;
	/* Addresses that its configuration ties to this NIC; they are among the guest's, too. */
	struct guest_ip ips[GUEST_NIC_IPS_MAX];
	size_t ip_count;
};

struct guest {
	enum guest_kind kind;
	char id[GUEST_ID_SIZE];
	/* Another name that policy may use, "" for none: OpenVZ's NAME, LXC's name of a container in another lxcpath.
	 */
	char alias[GUEST_WORD_SIZE];
	char hostname[GUEST_HOSTNAME_SIZE]; /* Proxmox VE's hostname of a container, name of a VM; for people alone */
	bool vm;                            /* of Proxmox VE's a virtual machine, not a container */
	bool hooked;                        /* its configuration names guestarp as its hookscript */
	char hookscript[96];                /* the volume that Proxmox VE calls, "" for none */
	char device[IFNAMSIZ];              /* chosen in the guest's own configuration, "" for none */
	char route[IFNAMSIZ];               /* the device towards it as its platform makes it, "" for none */
	bool platform_routes;               /* the platform itself adds the host routes by that device, perhaps later */
	bool migrating; /* its configuration is locked for a migration: it may still run on another node */
	char lxcpath[GUEST_PATH_SIZE]; /* the directory of its LXC directory, "" for the usual one and other kinds */
	size_t nic_count;
	size_t ip_count;
	/* Set as far as counted; large, mostly unused. */
	struct guest_nic nics[GUEST_NICS_MAX]; /* in the order of their index */
	struct ip ips[GUEST_IPS_MAX];          /* of all NICs, and those that are no NIC's (OpenVZ's venet) */
	struct notes notes;                    /* what its reader has skipped: file, line, key and value */
};

/*
 * -EINVAL for an id that the kind cannot have; nothing of the guest's configuration is read. LXC's names are unique in
 * one lxcpath only, so a container in another than the usual one is "<name>@<lxcpath>", with all but letters, digits,
 * slashes and GUEST_PUNCTUATION of the path as %XX.
 */
#define GUEST_PUNCTUATION "-_.+"
int guest_init(struct guest *guest, enum guest_kind kind, const char *id, struct err *err);

/* The name that LXC and LXC's files have for it. */
const char *guest_lxc_name(const struct guest *guest);

/* "pve/101", or "pve-101" with another separator, back to the guest; false for what names none. */
bool guest_init_named(struct guest *ret_guest, const char *name, char separator);

/* A copy of what is set: NICs, addresses and notes as far as they are counted. */
void guest_copy(struct guest *ret_copy, const struct guest *guest);

/* Could this be a guest's id, name or "kind/id"? */
bool guest_names_one(const char *text);

/* "pve/101". Returns text, which has room for GUEST_NAME_SIZE. */
const char *guest_name(const struct guest *guest, char *text);
const char *guest_kind_to_str(enum guest_kind kind);

/* A further NIC, netN of that index and nothing more yet; NULL over GUEST_NICS_MAX. */
struct guest_nic *guest_add_nic(struct guest *guest, unsigned index);

/* Adds an address unless the guest has it already. -ENOSPC over GUEST_IPS_MAX. */
int guest_add_ip(struct guest *guest, const struct ip *ip);

/* Adds an address to one of its NICs, and to the guest's. -ENOSPC over GUEST_NIC_IPS_MAX or GUEST_IPS_MAX. */
int guest_add_nic_ip(struct guest *guest, struct guest_nic *nic, const struct guest_ip *ip);

/* Clears what was read: NICs, addresses and notes. */
void guest_clear(struct guest *guest);

/* Nothing where the guest has no such address. */
void guest_remove_ip(struct guest *guest, const struct ip *ip);

#endif
