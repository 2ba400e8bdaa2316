/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose a device or an address is, as far as its name and the guests' configurations say. */

#include "doctor/patient.h"

#include <stdio.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/owner.h"

const char *patient_of_device(const char *device, char name[GUEST_NAME_SIZE])
{
	struct guest guest;
	unsigned nic;
	bool bridge;

	name[0] = '\0';
	if (running_parse_port(device, &guest, &nic, &bridge))
		(void)guest_name(&guest, name);
	return name;
}

/* What ties a firewall bridge in, running_parse_port() does not know, as none of it is a guest's own device. */
const char *patient_of_port(const char *port, char name[GUEST_NAME_SIZE])
{
	char fwbr[IFNAMSIZ];
	const char *nic;

	if (strncmp(port, "fwpr", 4) != 0 && strncmp(port, "fwln", 4) != 0)
		return patient_of_device(port, name);
	nic = port + 4 + strspn(port + 4, "0123456789");
	name[0] = '\0';
	if (*nic && strchr("pio", *nic) &&
	    snprintf(fwbr, sizeof(fwbr), "fwbr%.*si%s", (int)(nic - port - 4), port + 4, nic + 1) < IFNAMSIZ)
		(void)patient_of_device(fwbr, name);
	return name;
}

static bool is_likelier(const struct patient *a, const struct patient *b, const char *owner)
{
	bool a_runs = a->running != RUNNING_NO;
	bool b_runs = b->running != RUNNING_NO;

	return a_runs != b_runs ? a_runs : strcmp(a->name, owner) == 0;
}

const struct patient *patient_with(const struct doctor *doctor, const struct ip *ip)
{
	const struct patient *found = NULL;
	char owner[GUEST_NAME_SIZE] = "";

	for (size_t i = 0; i < doctor->patient_count; i++) {
		const struct patient *p = &doctor->patients[i];

		if (!ip_among(p->guest.ips, p->guest.ip_count, ip))
			continue;
		if (found && !owner[0])
			(void)owner_of("", ip, owner);
		if (!found || is_likelier(p, found, owner))
			found = p;
	}
	return found;
}

const struct patient *patient_named(const struct doctor *d, const char *name)
{
	for (size_t i = 0; i < d->patient_count; i++) {
		if (strcmp(d->patients[i].name, name) == 0)
			return &d->patients[i];
	}
	return NULL;
}
