/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vz.c reads, for many files in one process: reading.t compares it with grammar.pl. In: "GENERATION LENGTH\n" and
 * so many bytes, again and again. Out: a line for each, the parts between blanks: device=D name=N
 * nic=PORT>BRIDGE@GATEWAY@GATEWAY6(ADDRESS/PREFIX,...) ips=ADDRESS,...
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/vz.h"

static void print_gateway(const struct ip *gateway)
{
	char text[IP_TEXT];

	(void)printf("@%s", gateway->family ? ip_to_str(gateway, text) : "");
}

static void print_nic(const struct guest_nic *nic)
{
	char text[IP_TEXT];

	(void)printf(" nic=%s>%s", nic->port, nic->bridge);
	print_gateway(&nic->gateway);
	print_gateway(&nic->gateway6);
	(void)putchar('(');
	for (size_t i = 0; i < nic->ip_count; i++)
		(void)printf("%s%s/%u", i > 0 ? "," : "", ip_to_str(&nic->ips[i].ip, text), nic->ips[i].prefix);
	(void)putchar(')');
}

static void print_guest(const struct guest *guest)
{
	char text[IP_TEXT];

	(void)printf("device=%s name=%s", guest->device, guest->alias);
	for (size_t i = 0; i < guest->nic_count; i++)
		print_nic(&guest->nics[i]);
	(void)printf(" ips=");
	for (size_t i = 0; i < guest->ip_count; i++)
		(void)printf("%s%s", i > 0 ? "," : "", ip_to_str(&guest->ips[i], text));
	(void)putchar('\n');
}

/* No difference between 7 and 8 is known. */
static enum vz_family family_of(unsigned generation)
{
	return generation == 3 ? VZ_CLASSIC_3 : generation == 4 ? VZ_CLASSIC_4 : VZ_LIBVZCTL;
}

int main(void)
{
	unsigned generation;
	size_t len;

	while (scanf("%u %zu", &generation, &len) == 2 && getchar() == '\n') {
		char *text = calloc(1, len + 1);
		struct guest guest;
		struct err err;

		if (!text || fread(text, 1, len, stdin) != len || guest_init(&guest, GUEST_VZ, "101", &err) < 0)
			return EXIT_FAILURE;
		if (vz_parse(&guest, family_of(generation), "f", text, &err) < 0)
			(void)printf("refused: %s\n", err.text);
		else
			print_guest(&guest);
		free(text);
	}
	return EXIT_SUCCESS;
}
