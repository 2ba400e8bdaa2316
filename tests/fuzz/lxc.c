/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LXC's container configurations. */

#include "guest/lxc.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest guest;
	struct guest before;
	struct err err = { 0 };
	char *text = fuzz_text(data, size);
	int r;

	CHECK(guest_init(&guest, GUEST_LXC, "web1", &err) == 0);
	before = guest;
	r = lxc_parse(&guest, "f", text, &err);
	fuzz_check_err(r, &err);
	fuzz_check_guest(&guest);
	if (r < 0)
		CHECK(memcmp(&guest, &before, sizeof(guest)) == 0);
	CHECK(strcmp(guest.id, before.id) == 0);
	free(text);
	return 0;
}
