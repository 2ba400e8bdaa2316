/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxmox VE's guest configurations, containers' and VMs': anybody with an editor or an API token may write them. */

#include "guest/pve.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ids[] = { "101", "999999999" };
	unsigned choice = fuzz_choice(&data, &size);
	bool vm = choice & 1;
	static struct guest guest;
	static struct guest again;
	char *text = fuzz_text(data, size);

	memset(&guest, 0, sizeof(guest)); /* compared as a whole */
	CHECK(guest_init(&guest, GUEST_PVE, ids[choice >> 1 & 1], NULL) == 0);
	pve_parse(&guest, vm, "f", text);
	fuzz_check_guest(&guest);
	CHECK(strcmp(guest.id, ids[choice >> 1 & 1]) == 0);

	/* What a guest was read as before leaves no trace in what it is read as now. */
	free(text);
	text = fuzz_text(data, size);
	again = guest;
	pve_parse(&again, vm, "f", text);
	CHECK(memcmp(&guest, &again, sizeof(guest)) == 0);
	free(text);
	return 0;
}
