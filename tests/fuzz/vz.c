/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenVZ's container files in the three grammars, and lists of addresses as they stand in its scripts' environment. */

#include "guest/vz.h"
#include "guest/vz_netif.h"

#include <errno.h>

#include "fuzz.h"

static void check_list(enum vz_family family, const char *list, size_t max)
{
	struct ip *ips = malloc(max ? max * sizeof(*ips) : 1);
	size_t count = 0;

	CHECK(ips);
	if (vz_parse_ips(family, list, ips, max, &count) < 0)
		count = 0;
	CHECK(count <= max);
	for (size_t i = 0; i < count; i++)
		fuzz_check_ip(&ips[i]);
	free(ips);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ids[] = { "101", "ed7b2ee3-09a1-4ba2-8a15-3d7d7c4b1c2d" };
	unsigned choice = fuzz_choice(&data, &size);
	enum vz_family family = (enum vz_family)(choice % (VZ_LIBVZCTL + 1));
	struct guest guest;
	struct guest before;
	struct err err = { 0 };
	char *text = fuzz_text(data, size);
	int r;

	check_list(family, text, choice >> 3);
	CHECK(guest_init(&guest, GUEST_VZ, ids[choice >> 2 & 1], &err) == 0);
	before = guest;
	r = vz_parse(&guest, family, "f", text, &err);
	fuzz_check_err(r, &err);
	fuzz_check_guest(&guest);
	if (r == -E2BIG)
		CHECK(guest.ip_count == 0);
	else if (r < 0)
		CHECK(memcmp(&guest, &before, sizeof(guest)) == 0);
	for (size_t i = 0; i < guest.nic_count; i++)
		CHECK(!guest.nics[i].port[0] || vz_netif_find(&guest, guest.nics[i].port) == &guest.nics[i]);
	free(text);
	return 0;
}
