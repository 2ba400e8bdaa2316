/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parse_netif() and parse_netif_str() of vzctl (config.c) and libvzctl (veth.c). */

#include "guest/vz_netif.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "guest/vz.h"
#include "guest/vz_ips.h"

#define VALUE_SIZE 256 /* their room for a value that they look into */

/* One device while it is read. */
struct netif {
	enum vz_family family;
	char ifname[IFNAMSIZ]; /* in the container */
	char mac[VALUE_SIZE];
	bool has_gateway[2]; /* gw= and gw6= were there: the first counts */
	bool has_network;
	bool cannot_be; /* vzctl takes it, the kernel does not: a '/' in its name */
	bool too_many;
	struct guest_nic nic;
};

/* A value within its line: up to its comma, and, for ip6= alone, up to the end of the device. */
struct value {
	const char *text;
	size_t len;
	const char *end;
};

static bool copy(char to[VALUE_SIZE], const struct value *value)
{
	if (value->len >= VALUE_SIZE)
		return false;
	memcpy(to, value->text, value->len);
	to[value->len] = '\0';
	return true;
}

/* Of a key given twice the first counts; a longer name ends the device. */
static bool take_name(char to[IFNAMSIZ], const struct value *value)
{
	if (value->len >= IFNAMSIZ)
		return false;
	if (!to[0]) {
		memcpy(to, value->text, value->len);
		to[value->len] = '\0';
	}
	return true;
}

static bool take_ifname(struct netif *netif, const struct value *value)
{
	return take_name(netif->ifname, value);
}

static bool take_port(struct netif *netif, const struct value *value)
{
	return take_name(netif->nic.port, value);
}

static bool take_bridge(struct netif *netif, const struct value *value)
{
	return take_name(netif->nic.bridge, value);
}

/* 00:18:51:0A:0B:0C with any separators; libvzctl takes 0018510A0B0C, too. What is behind it is not looked at. */
static bool is_mac(enum vz_family family, const char *text)
{
	size_t step = family == VZ_LIBVZCTL && strlen(text) == 12 ? 2 : 3;

	if (strlen(text) < 5 * step + 2)
		return false;
	for (size_t i = 0; i < 6; i++) {
		if (!isxdigit((unsigned char)text[i * step]) || !isxdigit((unsigned char)text[i * step + 1]))
			return false;
	}
	return true;
}

static bool take_mac(struct netif *netif, const struct value *value)
{
	return copy(netif->mac, value) && is_mac(netif->family, netif->mac);
}

static bool take_host_mac(struct netif *netif, const struct value *value)
{
	char text[VALUE_SIZE];

	return copy(text, value) && is_mac(netif->family, text);
}

static bool is_one_of(const struct value *value, const char *a, const char *b)
{
	char text[VALUE_SIZE];

	return copy(text, value) && (strcmp(text, a) == 0 || strcmp(text, b) == 0);
}

static bool take_filter(struct netif *netif, const struct value *value)
{
	(void)netif;
	return value->len == 0 || is_one_of(value, "on", "off");
}

static bool take_dhcp(struct netif *netif, const struct value *value)
{
	(void)netif;
	return is_one_of(value, "yes", "no");
}

static bool take_type(struct netif *netif, const struct value *value)
{
	(void)netif;
	return is_one_of(value, "bridge", "routed");
}

static bool take_vport(struct netif *netif, const struct value *value)
{
	(void)netif;
	return is_one_of(value, "ovs", "ovs");
}

/* Its names may be longer than a device's, and have blanks: then it is no bridge of the kernel's. */
static bool take_network(struct netif *netif, const struct value *value)
{
	char text[VALUE_SIZE];

	if (netif->has_network)
		return true;
	netif->has_network = true;
	if (!copy(text, value) || value->len > 64)
		return false;
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < 127 && !isalnum((unsigned char)*p) && !strchr("#() -_.", *p))
			return false;
	}
	(void)ifname_copy(netif->nic.bridge, text);
	return true;
}

static bool take_gateway(struct netif *netif, const struct value *value, uint8_t family)
{
	bool *has = &netif->has_gateway[family == AF_INET6];
	struct guest_ip ip;
	enum vz_ip taken;

	if (*has)
		return true;
	*has = true;
	taken = vz_ip_parse(netif->family, value->text, value->len, &ip);
	if (taken == VZ_IP_GOOD && ip.ip.family == family)
		*(family == AF_INET ? &netif->nic.gateway : &netif->nic.gateway6) = ip.ip;
	return taken != VZ_IP_BAD;
}

static bool take_gw(struct netif *netif, const struct value *value)
{
	return take_gateway(netif, value, AF_INET);
}

static bool take_gw6(struct netif *netif, const struct value *value)
{
	return take_gateway(netif, value, AF_INET6);
}

/* A bad one is passed over. */
static void take_ips(struct netif *netif, const char *list, const char *end, char separator)
{
	struct guest_nic *nic = &netif->nic;

	while (list < end) {
		const char *next = memchr(list, separator, (size_t)(end - list));
		size_t len = (size_t)((next ? next : end) - list);
		struct guest_ip ip;

		if (vz_ip_parse(netif->family, list, len, &ip) == VZ_IP_GOOD) {
			if (nic->ip_count == GUEST_NIC_IPS_MAX)
				netif->too_many = true;
			else
				nic->ips[nic->ip_count++] = ip;
		}
		list += len + 1;
	}
}

static bool take_ip(struct netif *netif, const struct value *value)
{
	take_ips(netif, value->text, value->text + value->len, ':');
	return true;
}

/* Up to the device's end, as its separator is the ',' that ends other values; those are read once more as they are. */
static bool take_ip6(struct netif *netif, const struct value *value)
{
	take_ips(netif, value->text, value->end, ',');
	return true;
}

/* Others are passed over. */
static const struct key {
	const char *name;
	bool (*take)(struct netif *netif, const struct value *value); /* false: the device is refused */
	bool classic;
	bool libvzctl;
	bool empty; /* libvzctl looks at an empty value, too */
} keys[] = {
	{ "ifname=", take_ifname, true, true, false },
	{ "host_ifname=", take_port, true, true, false },
	{ "mac=", take_mac, true, true, false },
	{ "host_mac=", take_host_mac, true, true, false },
	{ "mac_filter=", take_filter, true, true, false },
	{ "bridge=", take_bridge, true, false, false },
	{ "ip_filter=", take_filter, false, true, false },
	{ "dhcp=", take_dhcp, false, true, false },
	{ "dhcp6=", take_dhcp, false, true, false },
	{ "type=", take_type, false, true, true },
	{ "vport=", take_vport, false, true, true },
	{ "network=", take_network, false, true, false },
	{ "gw=", take_gw, false, true, false },
	{ "gw6=", take_gw6, false, true, false },
	{ "ip=", take_ip, false, true, false },
	{ "ip6=", take_ip6, false, true, false },
};

/* len: of the item; the device ends at end. False: vzctl refuses the device. */
static bool take_item(struct netif *netif, const char *item, size_t len, const char *end)
{
	bool libvzctl = netif->family == VZ_LIBVZCTL;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t name = strlen(keys[i].name);
		const struct value value = { item + name, len - name, end };

		if (len < name || memcmp(item, keys[i].name, name) != 0 ||
		    !(libvzctl ? keys[i].libvzctl : keys[i].classic))
			continue;
		if (libvzctl && value.len == 0 && !keys[i].empty)
			return true;
		return keys[i].take(netif, &value);
	}
	return true;
}

/* veth101.0: the number behind the letters of eth0, 0 where there is none; cut where it is too long. */
static void name_by_number(struct netif *netif, const char *id)
{
	size_t letters = strcspn(netif->ifname, "0123456789");
	int number = letters > 0 ? (int)strtol(netif->ifname + letters, NULL, 10) : 0;

	if (snprintf(netif->nic.port, IFNAMSIZ, "veth%s.%d", id, number) < 0)
		netif->nic.port[0] = '\0';
}

/* veth and the last eight digits of the MAC; without one it is random. */
static void name_by_mac(struct netif *netif)
{
	char digits[13] = "";
	size_t n = 0;

	for (const char *p = netif->mac; *p && n < 12; p++) {
		if (isxdigit((unsigned char)*p))
			digits[n++] = (char)tolower((unsigned char)*p);
	}
	if (n == 12)
		(void)snprintf(netif->nic.port, IFNAMSIZ, "veth%s", digits + 4);
}

/* False: vzctl refuses it. */
static bool read_device(struct netif *netif, const char *device, const char *end, const char *id)
{
	char name[IFNAMSIZ];

	while (device < end) {
		const char *comma = memchr(device, ',', (size_t)(end - device));
		size_t len = (size_t)((comma ? comma : end) - device);

		if (!take_item(netif, device, len, end))
			return false;
		device += len + 1;
	}
	if (!netif->ifname[0])
		return false;
	if (!netif->nic.port[0] && netif->family == VZ_LIBVZCTL)
		name_by_mac(netif);
	else if (!netif->nic.port[0])
		name_by_number(netif, id);
	netif->cannot_be = (netif->nic.port[0] && ifname_copy(name, netif->nic.port) < 0) ||
			   (netif->nic.bridge[0] && ifname_copy(name, netif->nic.bridge) < 0);
	return true;
}

/* Of two with one name on the host only the first can be made. */
static int add_device(struct guest *guest, const struct netif *netif)
{
	struct guest_nic *nic;

	if (netif->cannot_be || (netif->nic.port[0] && vz_netif_find(guest, netif->nic.port)))
		return 0;
	nic = guest_add_nic(guest, (unsigned)guest->nic_count);
	if (!nic)
		return -E2BIG;
	*nic = netif->nic;
	nic->index = (unsigned)guest->nic_count - 1;
	nic->ip_count = 0;
	for (size_t i = 0; i < netif->nic.ip_count; i++) {
		if (guest_add_nic_ip(guest, nic, &netif->nic.ips[i]) < 0)
			return -E2BIG;
	}
	return netif->too_many ? -E2BIG : 0;
}

/* Of several devices with one name in the container the first counts. */
struct seen {
	char ifnames[GUEST_NICS_MAX][IFNAMSIZ];
	size_t count;
};

static bool has_seen(const struct seen *seen, const char *ifname)
{
	for (size_t i = 0; i < seen->count; i++) {
		if (strcmp(seen->ifnames[i], ifname) == 0)
			return true;
	}
	return false;
}

static int add_new(struct seen *seen, struct guest *guest, const struct netif *netif)
{
	if (has_seen(seen, netif->ifname))
		return 0;
	if (seen->count == GUEST_NICS_MAX)
		return -E2BIG;
	memcpy(seen->ifnames[seen->count++], netif->ifname, IFNAMSIZ);
	return add_device(guest, netif);
}

int vz_netif_parse(enum vz_family family, const char *value, struct guest *guest)
{
	struct seen seen = { .count = 0 };
	int result = 0;

	for (const char *device = value; *device;) {
		const char *end = device + strcspn(device, ";");
		struct netif netif = { .family = family };

		if (end == device) {
			device++;
			continue;
		}
		if (read_device(&netif, device, end, guest->id)) {
			if (add_new(&seen, guest, &netif) < 0)
				result = -E2BIG;
		} else if (family != VZ_LIBVZCTL) {
			/* vzctl leaves the rest of the line alone; libvzctl goes on with the next one. */
			break;
		}
		device = end;
	}
	return result < 0 ? result : (int)seen.count;
}

const struct guest_nic *vz_netif_find(const struct guest *guest, const char *port)
{
	for (size_t i = 0; i < guest->nic_count; i++) {
		if (strcmp(guest->nics[i].port, port) == 0)
			return &guest->nics[i];
	}
	return NULL;
}
