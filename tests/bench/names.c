/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table of quiet names costs the kernel, by guestarp's own requests: nanoseconds, a line each with what it
 * was.
 *
 * names GUESTS ROUNDS   makes the table with the names of so many guests from 1000000 on, and pve/101's; then, ROUNDS
 *                       times, adds a guest's names, makes sure of them, and deletes them. Nine digits are the longest.
 * names drop            deletes the table
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/quiet.h"
#include "plan/names.h"

#define FIRST 1000000

static long long now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void add(struct quiet_names *names, unsigned vmid)
{
	static struct guest guest;
	char id[16];

	(void)snprintf(id, sizeof(id), "%u", vmid);
	if (guest_init(&guest, GUEST_PVE, id, NULL) < 0 || names_add_firewall(&guest, false, names) < 0 ||
	    names_add_ports(&guest, false, names) < 0)
		errx(1, "names of %u", vmid);
}

static void must(int r, const struct err *failure)
{
	if (r < 0)
		errx(1, "%s", failure->text);
}

static void change(struct netlink *nl, unsigned guests, unsigned long rounds)
{
	const struct quiet_names none = { 0 };
	struct err failure;

	for (unsigned long i = 0; i < rounds; i++) {
		struct quiet_names one = { 0 };
		size_t added = 0;
		size_t loud = 0;
		long long began[4];

		/* Each time another one, behind, before and between the others. */
		add(&one, i % 2 ? FIRST + guests + (unsigned)i : 100 + 2 * (unsigned)i);
		began[0] = now_ns();
		must(quiet_change(nl, &one, &none, &failure), &failure);
		began[1] = now_ns();
		must(quiet_ensure(nl, &one, &added, &loud, &failure), &failure);
		began[2] = now_ns();
		must(quiet_change(nl, &none, &one, &failure), &failure);
		began[3] = now_ns();
		if (added + loud != 0)
			errx(1, "names were not there");
		printf("addition\t%lld\n", began[1] - began[0]);
		printf("making sure\t%lld\n", began[2] - began[1]);
		printf("deletion\t%lld\n", began[3] - began[2]);
		quiet_names_done(&one);
	}
}

int main(int argc, char *argv[])
{
	struct quiet_names names = { 0 };
	struct netlink *nl;
	struct err failure;
	unsigned guests;

	if (argc != 2 + (argc > 1 && strcmp(argv[1], "drop") != 0))
		errx(2, "usage: names GUESTS ROUNDS | names drop");
	must(netlink_open_netfilter(&nl, &failure), &failure);
	must(quiet_drop(nl, &failure), &failure);
	if (argc == 3) {
		guests = (unsigned)strtoul(argv[1], NULL, 10);
		add(&names, 101);
		for (unsigned i = 0; i < guests; i++)
			add(&names, FIRST + i);
		must(quiet_make(nl, false, &names, &failure), &failure);
		change(nl, guests, strtoul(argv[2], NULL, 10));
	}
	quiet_names_done(&names);
	netlink_close(nl);
	return 0;
}
