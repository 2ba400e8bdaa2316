/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's file: which lines count, and what there is room for. */

#include "guest/vz.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "guest/vz_ips.h"
#include "guest/vz_netif.h"

/* What is collected until the whole file is read. */
struct reading {
	struct guest guest;
	const char *path; /* for messages */
	enum vz_family family;
	bool named;            /* a NAME counts already */
	bool plugged;          /* a NETIF does */
	struct guest_nic veth; /* VETH_IP_ADDRESS: its ips alone */
	bool veth_too_many;
	char host_bridge[IFNAMSIZ]; /* VZHOSTBR */
	bool too_many;              /* there is no room for all */
};

static bool add_to_guest(const struct guest_ip *ip, void *arg)
{
	struct reading *in = arg;

	in->too_many = in->too_many || guest_add_ip(&in->guest, &ip->ip) < 0;
	return !in->too_many;
}

static bool add_to_veth(const struct guest_ip *ip, void *arg)
{
	struct reading *in = arg;

	in->veth_too_many = in->veth.ip_count == GUEST_NIC_IPS_MAX;
	if (!in->veth_too_many)
		in->veth.ips[in->veth.ip_count++] = *ip;
	return !in->veth_too_many;
}

/* The wiki's vznetcfg.custom: one list for the container, so it goes to the first NIC that is routed. */
static void take_veth_ips(struct reading *in)
{
	struct guest_nic *routed = NULL;

	for (size_t i = 0; !routed && i < in->guest.nic_count; i++) {
		if (!in->guest.nics[i].bridge[0])
			routed = &in->guest.nics[i];
	}
	for (size_t i = 0; i < in->veth.ip_count; i++) {
		int r = routed ? guest_add_nic_ip(&in->guest, routed, &in->veth.ips[i])
			       : guest_add_ip(&in->guest, &in->veth.ips[i].ip);

		in->too_many = in->too_many || r < 0;
	}
}

static int take_ips(struct reading *in, const char *value, unsigned number, struct err *err)
{
	(void)number;
	(void)err;
	vz_ips_walk(in->family, value, add_to_guest, in);
	return 0;
}

/* vzctl itself does not know it. In the shell that reads it the last counts. */
static int take_veth(struct reading *in, const char *value, unsigned number, struct err *err)
{
	(void)number;
	(void)err;
	in->veth.ip_count = 0;
	in->veth_too_many = false;
	vz_ips_walk(in->family, value, add_to_veth, in);
	return 0;
}

/* A second line is ignored as a whole, but where the first has no device. */
static int take_netif(struct reading *in, const char *value, unsigned number, struct err *err)
{
	int count;

	(void)number;
	(void)err;
	if (in->plugged)
		return 0;
	count = vz_netif_parse(in->family, value, &in->guest);
	in->plugged = count != 0;
	in->too_many = in->too_many || count < 0;
	return 0;
}

/* check_name(): libvzctl takes other alphabets, too. */
static bool is_name(enum vz_family family, const char *name)
{
	for (const char *p = name; *p; p++) {
		bool foreign = family == VZ_LIBVZCTL && (unsigned char)*p >= 127;

		if (!isalnum((unsigned char)*p) && !strchr(" -+_.", *p) && !foreign)
			return false;
	}
	return *name;
}

static int take_name(struct reading *in, const char *value, unsigned number, struct err *err)
{
	(void)number;
	(void)err;
	if (in->named || !is_name(in->family, value))
		return 0;
	in->named = true;
	(void)text_copy(in->guest.alias, sizeof(in->guest.alias), value);
	return 0;
}

/* vznetaddbr's, which sources the file: the last counts. libvzctl names the bridge itself. */
static int take_host_bridge(struct reading *in, const char *value, unsigned number, struct err *err)
{
	(void)number;
	(void)err;
	in->host_bridge[0] = '\0';
	if (in->family != VZ_LIBVZCTL)
		(void)ifname_copy(in->host_bridge, value);
	return 0;
}

/* Where NETIF says nothing: the device is in no bridge by bridge=, and not routed to. */
static void plug_others(struct reading *in)
{
	for (size_t i = 0; i < in->guest.nic_count; i++) {
		struct guest_nic *nic = &in->guest.nics[i];

		if (!nic->bridge[0] && nic->ip_count == 0)
			memcpy(nic->bridge, in->host_bridge, IFNAMSIZ);
	}
}

static int take_device(struct reading *in, const char *value, unsigned number, struct err *err)
{
	char shown[40];

	if (in->guest.device[0] || ifname_copy(in->guest.device, value) == 0)
		return 0;
	return err_set(err, EINVAL, "%s:%u: GUESTARP_DEVICE: '%s' is no device name", in->path, number,
		       text_shown(value, shown, sizeof(shown)));
}

/*
 * Of a key given twice libvzctl takes the last. vzctl takes the first, but adds up addresses, and does so with bad
 * lines between.
 */
static const struct key {
	const char *name;
	int (*take)(struct reading *in, const char *value, unsigned number, struct err *err);
} keys[] = {
	{ "IP_ADDRESS", take_ips },         { "NETIF", take_netif },
	{ "VETH_IP_ADDRESS", take_veth },   { "NAME", take_name },
	{ "GUESTARP_DEVICE", take_device }, { "VZHOSTBR", take_host_bridge },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* One line of each key, in the text. */
struct last {
	const char *value; /* NULL for none */
	unsigned number;
};

static int read_lines(struct reading *in, char *text, struct last last[KEYS], struct err *err)
{
	unsigned number = 0;
	char *raw;

	while ((raw = strsep(&text, "\n")) != NULL) {
		struct vz_line line;

		number++;
		if (!vz_line_split(in->family, raw, &line))
			continue;
		for (size_t i = 0; i < KEYS; i++) {
			int r = 0;

			if (strcmp(line.key, keys[i].name) != 0)
				continue;
			if (in->family == VZ_LIBVZCTL)
				last[i] = (struct last){ line.value, number };
			else
				r = keys[i].take(in, line.value, number, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Nothing half done: what vzctl has of its NICs' bridges stays, as their ports are plugged by us; no address does. */
static int refuse(struct reading *in, struct guest *guest, struct err *err)
{
	in->guest.ip_count = 0;
	for (size_t i = 0; i < in->guest.nic_count; i++)
		in->guest.nics[i].ip_count = 0;
	guest_copy(guest, &in->guest);
	return err_set(err, E2BIG, VZ_TOO_MANY, in->path, GUEST_IPS_MAX, GUEST_NIC_IPS_MAX, GUEST_NICS_MAX);
}

int vz_parse(struct guest *guest, enum vz_family family, const char *path, char *text, struct err *err)
{
	struct last last[KEYS] = { { NULL, 0 } };
	struct reading in;
	int r;

	guest_copy(&in.guest, guest);
	in.path = path;
	in.family = family;
	in.named = false;
	in.plugged = false;
	in.host_bridge[0] = '\0';
	in.too_many = false;
	in.veth.ip_count = 0;
	in.veth_too_many = false;
	r = read_lines(&in, text, last, err);
	for (size_t i = 0; r == 0 && i < KEYS; i++) {
		if (last[i].value)
			r = keys[i].take(&in, last[i].value, last[i].number, err);
	}
	if (r < 0)
		return r;
	take_veth_ips(&in);
	plug_others(&in);
	if (in.too_many || in.veth_too_many)
		return refuse(&in, guest, err);
	guest_copy(guest, &in.guest);
	return 0;
}

/* The upstream kernel's scripts came with 4.0, also where a packager has kept 3.x's directory (Proxmox's own 4.0). */
static bool is_3(const char *dir)
{
	char old[64];
	char new[64];

	(void)snprintf(old, sizeof(old), "%s/vps-functions", dir);
	(void)snprintf(new, sizeof(new), "%s/vps-netns_dev_add", dir);
	return path_exists(old) && !path_exists(new);
}

enum vz_family vz_family(void)
{
	if (path_exists("/usr/libexec/libvzctl/scripts"))
		return VZ_LIBVZCTL;
	if (!path_exists("/usr/libexec/vzctl") && (is_3("/usr/lib/vzctl/scripts") || is_3("/usr/lib64/vzctl/scripts")))
		return VZ_CLASSIC_3;
	return VZ_CLASSIC_4;
}

int vz_read(struct guest *guest, struct err *err)
{
	char path[GUEST_ID_SIZE + 32];
	CLEANUP(free) char *text = NULL;
	size_t len;
	int r;

	(void)snprintf(path, sizeof(path), "/etc/vz/conf/%s.conf", guest->id);
	/* libvzctl keeps the file in the container's private area and a link here. */
	r = file_read(path, FILE_LINKED, &text, &len, err);
	if (r < 0)
		return r;
	return vz_parse(guest, vz_family(), path, text, err);
}

struct ip_list {
	struct ip *ips;
	size_t count;
	size_t max;
	bool too_many;
};

static bool add_to_list(const struct guest_ip *ip, void *arg)
{
	struct ip_list *list = arg;

	list->too_many = list->count == list->max;
	if (!list->too_many)
		list->ips[list->count++] = ip->ip;
	return !list->too_many;
}

int vz_parse_ips(enum vz_family family, const char *list, struct ip *ret_ips, size_t max, size_t *ret_count)
{
	struct ip_list ips = { ret_ips, 0, max, false };

	vz_ips_walk(family, list, add_to_list, &ips);
	if (ips.too_many)
		return -E2BIG;
	*ret_count = ips.count;
	return 0;
}
