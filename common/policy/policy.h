/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_POLICY_POLICY_H
#define GUESTARP_POLICY_POLICY_H
/* What the administrator wants for one guest, merged from guestarp.json (5). */

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/log.h"
#include "guest/guest.h"
#include "guest/identity.h"
#include "policy/key_table.h"

#define POLICY_HOST_FILE    "/etc/guestarp/guestarp.json"
#define POLICY_CLUSTER_FILE "/etc/pve/guestarp.json"
#define POLICY_FILE_COUNT   2
#define POLICY_DEVICES_MAX  64
#define POLICY_THEN_MAX     8
#define POLICY_ALLOWED_MAX  64
#define POLICY_SOURCE_SIZE  120
#define POLICY_MANAGED_SIZE 300

enum policy_probe { PROBE_OFF, PROBE_WARN, PROBE_REFUSE };

/* The values of a device that "devices" may set. */
enum policy_value { POLICY_ARP_IGNORE, POLICY_ARP_ANNOUNCE, POLICY_ARP_FILTER, POLICY_PROXY_DELAY, POLICY_VALUE_COUNT };

struct policy_device {
	char name[IFNAMSIZ];
	bool set[POLICY_VALUE_COUNT];
	uint32_t value[POLICY_VALUE_COUNT]; /* proxy_delay in hundredths of a second, as the sysctl */
	bool quiet;                         /* it answers no ARP request */
	char uplink[IFNAMSIZ];              /* the port whose MAC a bridge has, "" for what the kernel says */
};

struct policy_prefix {
	struct ip ip; /* with no bit set beyond the prefix */
	unsigned bits;
};

/* What is said of one NIC; what is not said is as for the guest. */
struct policy_nic {
	unsigned index; /* N of netN */
	bool has_device;
	bool has_route;
	bool has_addresses;
	char device[IFNAMSIZ];      /* "" for null */
	char route[IFNAMSIZ];       /* "" for null */
	bool addresses_from_config; /* else ips */
	struct ip ips[GUEST_NIC_IPS_MAX];
	size_t ip_count;
};

/* POLICY_FIREWALL_BRIDGE and so on, in the order of the table. */
#define POLICY_ROW(key, name) POLICY_##key,
enum policy_key { POLICY_TABLE(POLICY_ROW) POLICY_KEY_COUNT };
#undef POLICY_ROW

/* What became of one of the files. */
enum policy_file_state {
	POLICY_FILE_NONE,   /* there is none, and it is not known whether there should be one */
	POLICY_FILE_GONE,   /* there is none, and so no such policy */
	POLICY_FILE_GOOD,   /* it holds */
	POLICY_FILE_KEPT,   /* it has a mistake, or cannot be read: its last good text holds */
	POLICY_FILE_BROKEN, /* the same without a last good text */
};

struct policy_file {
	enum policy_file_state state;
	char *text; /* that holds, as far as it can be understood; NULL for none */
	int result; /* what is wrong with the file, 0 or -errno: err */
	struct err err;
};

struct policy {
	bool managed; /* a "guests" key covers the guest */
	/* Which ones do: "<file>: guests.*, <file>: guests.101". What does not fit is left out. */
	char managed_by[POLICY_MANAGED_SIZE];
	bool all;    /* the key "*" is one of them: every guest is covered */
	bool broken; /* something that concerns this guest could not be read: see policy_load() */

	bool quiet;                 /* firewall_bridge */
	bool quiet_others;          /* the same for guests that only the key "*" covers */
	bool quiet_ports;           /* ports */
	bool pin;                   /* bridge_mac */
	char device[IFNAMSIZ];      /* "" for null */
	bool addresses_from_config; /* else ips */
	bool allowed_any;           /* else its addresses must lie in one of allowed */
	char route[IFNAMSIZ];       /* "" for null */
	enum policy_probe probe;
	uint32_t announce;
	bool abort_on_error;
	char *then[POLICY_THEN_MAX];
	size_t then_count;
	struct identity then_of; /* whose they are; empty: any guest's that the policy covers */

	struct policy_file files[POLICY_FILE_COUNT]; /* the cluster's, the host's */
	char guest[GUEST_NAME_SIZE];                 /* policy_load()'s, and its other name */
	char alias[GUEST_WORD_SIZE];

	/* Where each key's value comes from: "<file>: guests.101", or "default". */
	char source[POLICY_KEY_COUNT][POLICY_SOURCE_SIZE];

	size_t ip_count;
	size_t allowed_count;
	size_t shared_count;
	size_t nic_count;
	size_t device_count;
	/* Set as far as counted; large, mostly unused. */
	struct ip ips[GUEST_IPS_MAX];
	struct policy_prefix allowed[POLICY_ALLOWED_MAX];
	struct ip shared[GUEST_IPS_MAX]; /* several guests may hold them */
	struct policy_nic nics[GUEST_NICS_MAX];
	struct policy_device devices[POLICY_DEVICES_MAX];
};

/*
 * The policy for a guest; a guest without an id stands for those that no key names. Both files are optional; without
 * them the defaults hold and managed is false.
 * A file with a mistake, or one that cannot be read: its last good text (policy_keep()) holds instead, as a whole, and
 * err says both. Without such a text err says the file, the path in it and the value; policy still holds every value
 * that could be read, and broken is set when the bad part concerns this guest: an up must then neither bind nor take
 * back anything but may keep a firewall bridge quiet, and honours abort_on_error. A failure in a part for other guests
 * leaves broken false. Nothing is written. Always policy_done() afterwards.
 */
int policy_load(struct policy *policy, const struct guest *guest, struct err *err);
void policy_done(struct policy *policy);

/* Reads the files, and does not parse them: would policy_load() do no more than it did? False where it is not sure. */
bool policy_is_current(const struct policy *policy, const struct guest *guest);

/*
 * policy_load() for another guest from the texts that like was loaded from: for who goes through many guests, so that
 * one policy holds for all of them, whatever becomes of the files meanwhile. It has no texts itself.
 */
int policy_load_like(struct policy *policy, const struct policy *like, const struct guest *guest, struct err *err);

/*
 * Keeps the text of each file that policy_load() has found good as its last good one, where it is another than before;
 * for root alone. What fails is a note.
 */
void policy_keep(const struct policy *policy, struct notes *notes);

/* Is it ours to touch? Its configuration names guestarp or a device, or a "guests" key covers it. */
bool policy_manages(const struct policy *policy, const struct guest *guest);

/* What still holds for a guest whose policy is broken: its firewall bridge is kept quiet, nothing else. */
void policy_quiet_alone(struct policy *policy);

/* As if it listed no addresses for single NICs. */
void policy_drop_nic_addresses(struct policy *policy);

/* Checks one file as a whole, for every guest that it names. 0, or the first thing wrong in err. */
int policy_check_file(const char *path, struct err *err);

#endif
