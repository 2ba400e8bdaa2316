/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxmox VE's guest configurations, containers' and VMs': anybody with an editor or an API token may write them. */

#include "guest/pve.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ids[] = { "101", "999999999" };
	unsigned choice = fuzz_choice(&data, &size);
	bool vm = choice & 1;
	struct guest guest;
	struct guest before;
	struct guest again;
	struct err err = { 0 };
	char *text = fuzz_text(data, size);
	int r;

	CHECK(guest_init(&guest, GUEST_PVE, ids[choice >> 1 & 1], &err) == 0);
	before = guest;
	r = pve_parse(&guest, vm, "f", text, &err);
	fuzz_check_err(r, &err);
	fuzz_check_guest(&guest);
	if (r < 0)
		CHECK(memcmp(&guest, &before, sizeof(guest)) == 0);
	CHECK(strcmp(guest.id, before.id) == 0);

	/* What a guest was read as before leaves no trace in what it is read as now. */
	free(text);
	text = fuzz_text(data, size);
	again = guest;
	if (r == 0) {
		CHECK(pve_parse(&again, vm, "f", text, &err) == 0);
		CHECK(memcmp(&guest, &again, sizeof(guest)) == 0);
	}
	free(text);
	return 0;
}
