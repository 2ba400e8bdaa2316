/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges as /sys/class/net shows them: addr_assign_type is in no netlink message. */

#include "kernel/bridge.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define PATH_SIZE    96
#define NET_ADDR_SET 3 /* include/uapi/linux/netdevice.h */

DEFINE_CLEANUP(dir, DIR *, closedir)

static int read_attribute(const char *device, const char *attribute, char *ret_text, size_t size)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof(path), "/sys/class/net/%s/%s", device, attribute) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return file_read_kernel(path, ret_text, size);
}

static bool has_attribute(const char *device, const char *attribute)
{
	char path[PATH_SIZE];

	return snprintf(path, sizeof(path), "/sys/class/net/%s/%s", device, attribute) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

static bool parse_mac(const char *text, struct mac *ret_mac)
{
	unsigned b[6];
	char end;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &end) != 6)
		return false;
	for (size_t i = 0; i < 6; i++)
		ret_mac->bytes[i] = (uint8_t)b[i];
	return true;
}

bool bridge_port_is_guests(const char *port)
{
	/* vif: Xen; vnet, tap: libvirt, QEMU; veth: LXC, OpenVZ, Docker; vb-, ve-: systemd-nspawn; vxlan leads to no
	 * provider. */
	static const char *const prefixes[] = { "veth", "tap", "fwpr", "fwln", "vnet", "vif", "vb-", "ve-", "vxlan" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strncmp(port, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* How well the port at hand is suited: physical before virtual, then the lower MAC. */
static bool better(bool physical, const struct mac *mac, bool best_physical, const struct mac *best)
{
	if (physical != best_physical)
		return physical;
	return memcmp(mac->bytes, best->bytes, ETH_ALEN) < 0;
}

static int find_uplink(const char *name, struct bridge *bridge)
{
	char path[PATH_SIZE];
	CLEANUP(dir) DIR *ports = NULL;
	const struct dirent *entry;
	bool best_physical = false;

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/brif", name);
	ports = opendir(path);
	if (!ports)
		return -errno;
	for (;;) {
		char text[MAC_TEXT + 1];
		bool physical;
		struct mac mac;
		int r;

		errno = 0;
		entry = readdir(ports);
		if (!entry)
			return -errno;
		if (!ifname_valid(entry->d_name) || bridge_port_is_guests(entry->d_name))
			continue;
		/* A port may leave while we look: it is no uplink then. Any other failure must not be taken for that.
		 */
		r = read_attribute(entry->d_name, "address", text, sizeof(text));
		if (r < 0 && r != -ENOENT && r != -ENODEV && r != -EINVAL)
			return r;
		if (r < 0 || !parse_mac(text, &mac))
			continue;
		physical = has_attribute(entry->d_name, "device");
		if (!bridge->has_uplink || better(physical, &mac, best_physical, &bridge->uplink)) {
			bridge->has_uplink = true;
			bridge->uplink = mac;
			best_physical = physical;
		}
	}
}

int bridge_uplink(const char *name, struct bridge *bridge, struct err *err)
{
	int r = find_uplink(name, bridge);

	return r < 0 ? err_errno(err, -r, "%s: ports", name) : 0;
}

int bridge_read(const char *name, int ifindex, struct bridge *ret_bridge, struct err *err)
{
	struct bridge bridge = { 0 };
	char text[16];
	uint32_t number;
	int r;

	if (!ifname_valid(name))
		return err_errno(err, EINVAL, "bridge name");
	r = read_attribute(name, "ifindex", text, sizeof(text));
	if (r < 0 || parse_u32(text, 0, INT32_MAX, &number) < 0 || (int)number != ifindex)
		return err_set(err, EXDEV, "%s: /sys shows another network namespace", name);
	if (!has_attribute(name, "bridge"))
		return err_set(err, ENOTSUP, "%s: not a Linux bridge", name);
	r = read_attribute(name, "addr_assign_type", text, sizeof(text));
	if (r < 0)
		return err_errno(err, -r, "%s: addr_assign_type", name);
	bridge.pinned = parse_u32(text, 0, 255, &number) == 0 && number == NET_ADDR_SET;
	if (!bridge.pinned) {
		r = bridge_uplink(name, &bridge, err);
		if (r < 0)
			return r;
	}
	*ret_bridge = bridge;
	return 0;
}
