/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_NAMES_H
#define GUESTARP_PLAN_NAMES_H
/* Which names of a Proxmox VE guest belong into the table of kernel/quiet.h. Pure. */

#include <stdbool.h>

#include "guest/guest.h"
#include "kernel/quiet.h"
#include "policy/policy.h"

/* Of one kind of devices. */
enum names_place {
	NAMES_NOWHERE,
	NAMES_QUIET,
	NAMES_LOUD,
	NAMES_OF_ALL, /* quiet by the names that stand for every guest's devices */
};

/* Of one guest: its firewall bridges with what ties them in, and its own ports (tap, veth). */
struct names {
	enum names_place firewall;
	enum names_place ports;
};

enum names_ports {
	NAMES_PORTS_UNKNOWN, /* the configuration could not be read, or names no NIC, or one without a bridge */
	NAMES_PORTS_BRIDGED, /* says the configuration */
	NAMES_PORTS_ROUTED,  /* one has an address, a route or proxy_arp: it answers for the guest's gateway */
};

/* Does one set of names stand for the firewall bridges of all guests? */
bool names_for_all(const struct policy *policy);

/* Adds that set: "fwbr1*" and so on. -ENOMEM. */
int names_add_all(struct quiet_names *list);

/* One of the set that stands for other guests than this one: where it is missing, the set is not whole. */
void names_other_of_all(const struct guest *guest, struct quiet_name *ret_name);

/* The form that a list of names has. Two forms at once overlap. */
enum names_form {
	NAMES_FORM_SINGLE, /* of single guests */
	NAMES_FORM_ALL,
	NAMES_FORM_OTHER, /* a part of those for all, or "fwbr*", as it was at first */
};
enum names_form names_form_of(const struct quiet_names *names);

/* Do the names for all stand for this device, too? */
bool names_all_cover(const char *device);

/* ports: what the kernel shows of them, where it has been asked, else what the configuration says. */
struct names names_plan(const struct guest *guest, const struct policy *policy, bool managed, enum names_ports ports);

/* Would its firewall bridges be quiet by name, if guestarp managed it? */
bool names_quietable(const struct guest *guest, const struct policy *policy);

/* What the configuration says. */
enum names_ports names_ports_of(const struct guest *guest);

/* Adds the names that must be there, of those for all the ones that stand for this guest. -ENOMEM. */
int names_add(const struct names *names, const struct guest *guest, struct quiet_names *wanted);

/* Adds a guest's names, all of one kind. -ENOMEM. */
int names_add_firewall(const struct guest *guest, bool loud, struct quiet_names *list);
int names_add_ports(const struct guest *guest, bool loud, struct quiet_names *list);

/* The guest whose name it is, by its form alone; false for the names of all guests and of a host's device. */
bool names_parse(const char *text, struct guest *ret_guest, bool *ret_port);

#endif
