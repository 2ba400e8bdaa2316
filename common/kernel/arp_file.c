/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line has an address, numbers for the hardware's type and ATF_* flags, a MAC, a mask and a device or "*". */

#include "kernel/arp_file.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/device_file.h"

#define PATH "/proc/net/arp"

DEFINE_CLEANUP(file, FILE *, fclose)

/* False for what is no proxy entry, and for one whose device is gone by now. */
static bool parse_line(const char *line, struct proxy_entry *ret_entry)
{
	char address[IP_TEXT];
	char device[IFNAMSIZ];
	unsigned flags;

	memset(ret_entry, 0, sizeof(*ret_entry));
	/* IP_TEXT and IFNAMSIZ */
	if (sscanf(line, "%45s 0x%*x 0x%x %*s %*s %15s", address, &flags, device) != 3 || !(flags & ATF_PUBL) ||
	    ip_parse(address, &ret_entry->ip) < 0)
		return false;
	if (strcmp(device, "*") == 0)
		return true;
	ret_entry->ifindex = device_file_index(device);
	return ret_entry->ifindex > 0;
}

int arp_file_proxies(int (*take)(const struct proxy_entry *entry, void *arg), void *arg, struct err *err)
{
	CLEANUP(free) char *line = NULL;
	CLEANUP(file) FILE *file = fopen(PATH, "re");
	size_t room = 0;
	int r = 0;

	if (!file)
		return err_errno(err, errno, PATH);
	while (r == 0 && getline(&line, &room, file) >= 0) {
		struct proxy_entry entry;

		if (parse_line(line, &entry))
			r = take(&entry, arg);
	}
	if (r < 0)
		return err_errno(err, -r, PATH);
	return ferror(file) ? err_errno(err, errno, PATH) : r;
}
