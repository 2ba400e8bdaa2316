/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udev's hook: `guestarp-udev add|remove <ifname>`. Proxmox VE plugs, toggles and rebuilds a guest's devices without
 * calling its hookscript, and a live migration's source calls none at all; the kernel always tells udev.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/text.h"
#include "event/sync.h"
#include "event/watch.h"
#include "guest/pve.h"
#include "host/running.h"
#include "kernel/bridge.h"

/* A device that is no guest's came: entries may belong on it (a network reload has rebuilt a bridge). */
static int host_device(const char *name, struct err *err)
{
	struct sync_result result;

	return bridge_port_is_guests(name) ? 0 : event_sync(false, false, &result, err);
}

/* Proxmox VE writes the configuration after it has plugged or unplugged: it is looked at again when it has. */
static int sync_guest(const struct guest *guest, const struct hint *hint, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	int r = pve_text(guest, &text, NULL);

	return event_sync_guest(guest, hint) && r == 0 ? watch_config(guest, text, err) : 0;
}

static int add(const char *name, struct err *err)
{
	struct hint hint = HINT_NONE;
	struct guest guest;
	unsigned nic;
	bool firewall_bridge;

	if (!running_parse_port(name, &guest, &nic, &firewall_bridge))
		return host_device(name, err);
	if (firewall_bridge)
		hint.nic = (int)nic;
	return sync_guest(&guest, &hint, err);
}

/* Whether it was the guest's last device is what event_sync_guest() asks the kernel, now: it may be back already. */
static int removed(const char *name, struct err *err)
{
	const struct hint none = HINT_NONE;
	struct guest guest;
	unsigned nic;
	bool firewall_bridge;

	if (!running_parse_port(name, &guest, &nic, &firewall_bridge) || firewall_bridge)
		return 0;
	return sync_guest(&guest, &none, err);
}

static const struct action {
	const char *word;
	int (*run)(const char *name, struct err *err);
	const char *help;
} actions[] = {
	{ "add", add, "a device came: its guest is up" },
	{ "remove", removed, "a device went: its guest is down if it was the last" },
};

#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

static void usage(void)
{
	(void)printf("usage: guestarp-udev ACTION IFNAME\n\n");
	for (size_t i = 0; i < ACTION_COUNT; i++)
		(void)printf("  %-7s %s\n", actions[i].word, actions[i].help);
}

int main(int argc, char *argv[])
{
	struct err err;

	process_begin();
	if (log_help(argc, argv, "guestarp-udev", usage))
		return EXIT_SUCCESS;
	if (argc != 3 || !ifname_valid(argv[2])) {
		log_line(NULL, "usage: guestarp-udev add|remove IFNAME (see --help)");
		return 2;
	}
	for (size_t i = 0; i < ACTION_COUNT; i++) {
		if (strcmp(actions[i].word, argv[1]) != 0)
			continue;
		if (privilege_drop(false, &err) < 0 || actions[i].run(argv[2], &err) < 0)
			log_line(NULL, "%s %s: %s", argv[1], argv[2], err.text);
		process_end(EXIT_SUCCESS);
	}
	/* change, move, online, ...: nothing that concerns us. */
	return EXIT_SUCCESS;
}
