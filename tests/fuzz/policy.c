/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy: the cluster's file and this host's over it, for guests of each kind and for none. */

#include "policy/policy.c" /* NOLINT(bugprone-suspicious-include): for its static functions */

#include "fuzz.h"

#define NAMED(name) (strnlen(name, sizeof(name)) < sizeof(name))

static void check_policy(const struct policy *p)
{
	fuzz_check_ifname(p->device);
	fuzz_check_ifname(p->route);
	CHECK(p->ip_count <= GUEST_IPS_MAX);
	CHECK(p->probe == PROBE_OFF || p->probe == PROBE_WARN || p->probe == PROBE_REFUSE);
	CHECK(p->announce <= 10);
	CHECK(p->then_count <= POLICY_THEN_MAX);
	CHECK(p->device_count <= POLICY_DEVICES_MAX);
	for (size_t i = 0; i < p->ip_count; i++)
		fuzz_check_ip(&p->ips[i]);
	CHECK(p->allowed_count <= POLICY_ALLOWED_MAX && (!p->allowed_any || p->allowed_count == 0));
	for (size_t i = 0; i < p->allowed_count; i++)
		CHECK(p->allowed[i].bits <= ip_len(&p->allowed[i].ip) * 8);
	CHECK(p->shared_count <= GUEST_IPS_MAX);
	for (size_t i = 0; i < p->shared_count; i++)
		fuzz_check_ip(&p->shared[i]);
	CHECK(p->nic_count <= GUEST_NICS_MAX && p->then_of.mac_count <= GUEST_NICS_MAX);
	for (size_t i = 0; i < p->nic_count; i++) {
		const struct policy_nic *nic = &p->nics[i];

		CHECK(nic->index < GUEST_NICS_MAX && nic->ip_count <= GUEST_NIC_IPS_MAX);
		for (size_t j = 0; j < i; j++)
			CHECK(nic->index != p->nics[j].index);
		fuzz_check_ifname(nic->device);
		fuzz_check_ifname(nic->route);
		for (size_t j = 0; j < nic->ip_count; j++)
			fuzz_check_ip(&nic->ips[j]);
	}
	for (size_t i = 0; i < p->then_count; i++)
		CHECK(p->then[i][0] == '/' && strlen(p->then[i]) < PATH_MAX);
	for (size_t i = 0; i < p->device_count; i++) {
		const struct policy_device *device = &p->devices[i];

		CHECK(ifname_valid(device->name));
		fuzz_check_ifname(device->uplink);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(device->name, p->devices[j].name) != 0);
		CHECK(device->value[POLICY_ARP_IGNORE] <= 8);
		CHECK(device->value[POLICY_ARP_ANNOUNCE] <= 2);
		CHECK(device->value[POLICY_ARP_FILTER] <= 1);
		CHECK(device->value[POLICY_PROXY_DELAY] <= 1000);
	}
	for (size_t i = 0; i < POLICY_KEY_COUNT; i++)
		CHECK(NAMED(p->source[i]) && p->source[i][0]);
}

/* first is the cluster's file, second the host's; a file may be missing. */
static void load(const struct guest *guest, const char *first, size_t first_len, const char *second, size_t second_len)
{
	struct policy *policy = malloc(sizeof(*policy));
	struct err err = { 0 };
	struct reading in = { .policy = policy, .guest = guest, .err = &err };

	CHECK(policy);
	key_defaults(policy);
	in.file = POLICY_CLUSTER_FILE;
	(void)take_text(&in, first, first_len);
	if (second) {
		in.file = POLICY_HOST_FILE;
		(void)take_text(&in, second, second_len);
	}
	fuzz_check_err(in.result, &err);
	check_policy(policy);
	CHECK(!policy->broken || in.result < 0);
	/* Without a guest every part counts. */
	CHECK(guest || in.result == 0 || policy->broken || !policy->managed);
	policy_done(policy);
	free(policy);
}

/* A byte 0xff ends the cluster's file and begins the host's: it is in no UTF-8 text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct guest guests[] = {
		{ .kind = GUEST_PVE, .id = "101" },
		{ .kind = GUEST_LXC, .id = "web1" },
		{ .kind = GUEST_VZ, .id = "200", .alias = "shop" },
	};
	unsigned which = fuzz_choice(&data, &size) % 4;
	const uint8_t *cut = size ? memchr(data, 0xff, size) : NULL;
	size_t first_len = cut ? (size_t)(cut - data) : size;
	size_t second_len = cut ? size - first_len - 1 : 0;
	char *first = fuzz_text(data, first_len);
	char *second = cut ? fuzz_text(cut + 1, second_len) : NULL;

	load(which < 3 ? &guests[which] : NULL, first, first_len, second, second_len);
	free(first);
	free(second);
	return 0;
}
