/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_TESTS_UNIT_POLICY_ROWS_H
#define GUESTARP_TESTS_UNIT_POLICY_ROWS_H
/* Tables of policies: what the two files say, and in one line what is made of it for pve/101. */

#include "policy/policy.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "root.h"

#define HOST    "/etc/guestarp/guestarp.json: "
#define CLUSTER "/etc/pve/guestarp.json: "

/* What differs from the defaults, in one line. */
static inline void add_lists(const struct policy *p, char *text, size_t size)
{
	char mac[MAC_TEXT];
	char ip[IP_TEXT];

	if (!p->addresses_from_config)
		(void)text_append(text, size, " addresses=");
	for (size_t i = 0; i < p->ip_count; i++)
		(void)text_append(text, size, "%s%s", i ? "," : "", ip_to_str(&p->ips[i], ip));
	for (size_t i = 0; i < p->then_count; i++)
		(void)text_append(text, size, "%s%s", i ? "," : " then=", p->then[i]);
	if (!identity_is_empty(&p->then_of))
		(void)text_append(text, size, " of=%s", p->then_of.uuid);
	for (size_t i = 0; i < p->then_of.mac_count; i++)
		(void)text_append(text, size, "%s%s", i ? "," : "+", mac_to_str(&p->then_of.macs[i], mac));
}

static inline void add_ips(const char *word, const struct ip ips[], size_t count, char *text, size_t size)
{
	char ip[IP_TEXT];

	(void)text_append(text, size, "%s", word);
	for (size_t i = 0; i < count; i++)
		(void)text_append(text, size, "%s%s", i ? "," : "", ip_to_str(&ips[i], ip));
}

static inline void add_ownership(const struct policy *p, char *text, size_t size)
{
	char ip[IP_TEXT];

	if (!p->allowed_any)
		(void)text_append(text, size, " allowed=");
	for (size_t i = 0; i < p->allowed_count; i++)
		(void)text_append(text, size, "%s%s/%u", i ? "," : "", ip_to_str(&p->allowed[i].ip, ip),
				  p->allowed[i].bits);
	if (p->shared_count)
		add_ips(" shared=", p->shared, p->shared_count, text, size);
	for (size_t i = 0; i < p->nic_count; i++) {
		const struct policy_nic *nic = &p->nics[i];

		(void)text_append(text, size, " net%u:", nic->index);
		if (nic->has_device)
			(void)text_append(text, size, "device=%s,", nic->device);
		if (nic->has_route)
			(void)text_append(text, size, "route=%s,", nic->route);
		if (nic->has_addresses)
			add_ips(nic->addresses_from_config ? "config" : "addresses=", nic->ips, nic->ip_count, text,
				size);
	}
}

static inline void add_devices(const struct policy *p, char *text, size_t size)
{
	static const char *const names[] = { "ignore", "announce", "filter", "delay" };

	for (size_t i = 0; i < p->device_count; i++) {
		(void)text_append(text, size, " %s:", p->devices[i].name);
		for (size_t j = 0; j < POLICY_VALUE_COUNT; j++) {
			if (p->devices[i].set[j])
				(void)text_append(text, size, "%s=%u,", names[j], p->devices[i].value[j]);
		}
		(void)text_append(text, size, "%s", p->devices[i].quiet ? "quiet" : "");
		if (p->devices[i].uplink[0])
			(void)text_append(text, size, "uplink=%s", p->devices[i].uplink);
	}
}

static inline const char *in_words(const struct policy *p, char *text, size_t size)
{
	static const char *const probes[] = { "off", "warn", "refuse" };

	text[0] = '\0';
	(void)text_append(text, size, "%s%s", p->managed ? " managed" : "", p->broken ? " broken" : "");
	(void)text_append(text, size, "%s", p->all ? " all" : "");
	(void)text_append(text, size, "%s%s%s", p->quiet ? "" : " leave", p->quiet_ports ? "" : " leave-ports",
			  p->pin ? "" : " unpinned");
	if (p->device[0])
		(void)text_append(text, size, " device=%s", p->device);
	if (p->route[0])
		(void)text_append(text, size, " route=%s", p->route);
	if (p->probe != PROBE_OFF)
		(void)text_append(text, size, " probe=%s", probes[p->probe]);
	if (p->announce != 2)
		(void)text_append(text, size, " announce=%u", p->announce);
	(void)text_append(text, size, "%s", p->abort_on_error ? " abort" : "");
	add_lists(p, text, size);
	add_ownership(p, text, size);
	add_devices(p, text, size);
	return text[0] ? text + 1 : text;
}
/* cluster and host are the files' texts, NULL for none. error is NULL where all is well. The guest is pve/101. */
struct row {
	const char *name;
	const char *cluster;
	const char *host;
	const char *read;
	const char *error;
};

static inline void put(const char *path, const char *text)
{
	if (text)
		root_put(path, text);
	else
		(void)unlink(root_path(path));
}

static inline int load_as(enum guest_kind kind, const char *id, struct policy *policy, struct err *err)
{
	struct guest guest;

	assert_int_equal(guest_init(&guest, kind, id, NULL), 0);
	memset(policy, 0x5a, sizeof(*policy));
	return policy_load(policy, &guest, err);
}

static inline void load(void **state)
{
	const struct row *row = *state;
	struct policy policy;
	struct err err = { 0 };
	char words[1000];
	int r;

	put(POLICY_CLUSTER_FILE, row->cluster);
	put(POLICY_HOST_FILE, row->host);
	r = load_as(GUEST_PVE, "101", &policy, &err);
	assert_string_equal(err.text, row->error ? row->error : "");
	assert_int_equal(r < 0, row->error != NULL);
	assert_int_equal(-r, err.code);
	assert_string_equal(in_words(&policy, words, sizeof(words)), row->read);
	policy_done(&policy);
}

#endif
