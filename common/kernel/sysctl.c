/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few files of /proc/sys/net. RTM_GETNEIGHTBL would answer for every device of the host instead of one. */

#include "kernel/sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/kernel_file.h"
#include "base/text.h"

static const struct {
	const char *before;
	const char *after;
} paths[] = {
	[SYSCTL_PROXY_DELAY] = { "/proc/sys/net/ipv4/neigh/", "/proxy_delay" },
	[SYSCTL_PROXY_DELAY_6] = { "/proc/sys/net/ipv6/neigh/", "/proxy_delay" },
	[SYSCTL_PROXY_NDP] = { "/proc/sys/net/ipv6/conf/", "/proxy_ndp" },
	[SYSCTL_FORWARDING_6] = { "/proc/sys/net/ipv6/conf/", "/forwarding" },
	[SYSCTL_FORCE_FORWARDING_6] = { "/proc/sys/net/ipv6/conf/", "/force_forwarding" },
	[SYSCTL_ARP_IGNORE] = { "/proc/sys/net/ipv4/conf/", "/arp_ignore" },
	[SYSCTL_ARP_ANNOUNCE] = { "/proc/sys/net/ipv4/conf/", "/arp_announce" },
	[SYSCTL_ARP_FILTER] = { "/proc/sys/net/ipv4/conf/", "/arp_filter" },
	[SYSCTL_PROXY_ARP] = { "/proc/sys/net/ipv4/conf/", "/proxy_arp" },
	[SYSCTL_PROXY_ARP_PVLAN] = { "/proc/sys/net/ipv4/conf/", "/proxy_arp_pvlan" },
	[SYSCTL_ROUTE_LOCALNET] = { "/proc/sys/net/ipv4/conf/", "/route_localnet" },
	[SYSCTL_DROP_GRATUITOUS_ARP] = { "/proc/sys/net/ipv4/conf/", "/drop_gratuitous_arp" },
	[SYSCTL_RP_FILTER] = { "/proc/sys/net/ipv4/conf/", "/rp_filter" },
	[SYSCTL_LOG_MARTIANS] = { "/proc/sys/net/ipv4/conf/", "/log_martians" },
};

static int build_path(enum sysctl which, const char *device, char *path, size_t size, struct err *err)
{
	if (!ifname_valid(device))
		return err_errno(err, EINVAL, "device name");
	if (snprintf(path, size, "%s%s%s", paths[which].before, device, paths[which].after) >= (int)size)
		return err_errno(err, ENAMETOOLONG, "%s", device);
	return 0;
}

int sysctl_get(enum sysctl which, const char *device, uint32_t *ret_value, struct err *err)
{
	char path[96];
	char text[16];
	int r = build_path(which, device, path, sizeof(path), err);

	if (r < 0)
		return r;
	r = kernel_file_read(path, text, sizeof(text));
	if (r < 0)
		return err_errno(err, -r, "%s", path);
	if (parse_u32(text, 0, UINT32_MAX, ret_value) < 0)
		return err_set(err, EBADMSG, "%s: '%s' is no number", path, text);
	return 0;
}

int sysctl_set(enum sysctl which, const char *device, uint32_t value, struct err *err)
{
	char path[96];
	char text[16];
	int r = build_path(which, device, path, sizeof(path), err);

	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%u", value);
	r = kernel_file_write(path, text);
	return r < 0 ? err_errno(err, -r, "%s", path) : 0;
}
