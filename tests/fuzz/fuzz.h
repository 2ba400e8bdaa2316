/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_TESTS_FUZZ_FUZZ_H
#define GUESTARP_TESTS_FUZZ_FUZZ_H
/* What every fuzzer stands on: properties that must hold, and the input as exact pieces of memory. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "base/text.h"
#include "guest/guest.h"

/* The fuzzer's own name for it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property. What breaks it ends the run with the input kept. */
#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                  \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* The first byte of the input, taken off it: a choice that the input makes. 0 where there is none. */
static inline unsigned fuzz_choice(const uint8_t **data, size_t *size)
{
	if (*size == 0)
		return 0;
	(*size)--;
	return *(*data)++;
}

/* The input in memory of exactly its size, so that one byte too far is seen. To be freed. */
static inline void *fuzz_bytes(const uint8_t *data, size_t size)
{
	/* One byte for none: malloc(0) may be NULL. */
	void *bytes = malloc(size ? size : 1);

	CHECK(bytes);
	if (size)
		memcpy(bytes, data, size);
	return bytes;
}

/* As file_read() gives a file: up to its first NUL, which it would refuse. To be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	CHECK(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static inline void fuzz_check_ifname(const char *name)
{
	CHECK(!name[0] || ifname_valid(name));
}

/* An address that a guest may have, and the same one when it is printed and read again. */
static inline void fuzz_check_ip(const struct ip *ip)
{
	char text[IP_TEXT];
	struct ip again;

	CHECK(ip->family == AF_INET || ip->family == AF_INET6);
	CHECK(ip_parse(ip_to_str(ip, text), &again) == 0);
	CHECK(ip_equal(ip, &again));
}

static inline bool fuzz_has_ip(const struct guest *guest, const struct ip *ip)
{
	for (size_t i = 0; i < guest->ip_count; i++) {
		if (ip_equal(&guest->ips[i], ip))
			return true;
	}
	return false;
}

/* No control characters, whatever the file had. */
static inline void fuzz_check_notes(const struct notes *notes)
{
	CHECK(notes->count <= NOTES_MAX);
	for (size_t i = 0; i < notes->count; i++) {
		CHECK(strnlen(notes->line[i], NOTE_SIZE) < NOTE_SIZE);
		for (const char *p = notes->line[i]; *p; p++)
			CHECK((unsigned char)*p >= 32 && *p != 127);
	}
}

/* What every reader promises of a guest. */
static inline void fuzz_check_guest(const struct guest *guest)
{
	CHECK(guest->nic_count <= GUEST_NICS_MAX);
	CHECK(guest->ip_count <= GUEST_IPS_MAX);
	CHECK(strnlen(guest->alias, sizeof(guest->alias)) < sizeof(guest->alias));
	CHECK(strnlen(guest->hookscript, sizeof(guest->hookscript)) < sizeof(guest->hookscript));
	CHECK(strnlen(guest->lxcpath, sizeof(guest->lxcpath)) < sizeof(guest->lxcpath));
	fuzz_check_notes(&guest->notes);
	fuzz_check_ifname(guest->device);
	fuzz_check_ifname(guest->route);
	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct guest_nic *nic = &guest->nics[i];

		CHECK(nic->index <= GUEST_NIC_INDEX_MAX);
		CHECK(i == 0 || nic->index > guest->nics[i - 1].index);
		CHECK(nic->tag <= 4094);
		CHECK(nic->ip_count <= GUEST_NIC_IPS_MAX);
		fuzz_check_ifname(nic->port);
		fuzz_check_ifname(nic->bridge);
		fuzz_check_ifname(nic->firewall_bridge);
		CHECK(!nic->skipped || (!nic->bridge[0] && nic->ip_count == 0));
		CHECK(!nic->routed || !nic->bridge[0]);
		CHECK(nic->gateway.family == 0 || nic->gateway.family == AF_INET);
		CHECK(nic->gateway6.family == 0 || nic->gateway6.family == AF_INET6);
		for (size_t j = 0; j < nic->ip_count; j++) {
			fuzz_check_ip(&nic->ips[j].ip);
			CHECK(nic->ips[j].prefix <= ip_len(&nic->ips[j].ip) * 8);
			CHECK(fuzz_has_ip(guest, &nic->ips[j].ip));
		}
	}
	for (size_t i = 0; i < guest->ip_count; i++) {
		fuzz_check_ip(&guest->ips[i]);
		for (size_t j = 0; j < i; j++)
			CHECK(!ip_equal(&guest->ips[i], &guest->ips[j]));
	}
}

/* A failure is said; success says nothing that would be mistaken for one. */
static inline void fuzz_check_err(int result, const struct err *err)
{
	CHECK(result <= 0);
	CHECK(result == 0 || (err->code == -result && err->text[0]));
	CHECK(strnlen(err->text, sizeof(err->text)) < sizeof(err->text));
}

#endif
