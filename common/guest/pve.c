/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of Proxmox VE's guest configuration that matters to ARP: netN, ipconfigN, hookscript. */

#include "guest/pve.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define SHOWN 60

/* One line's place, for messages. */
struct place {
	const char *path;
	unsigned line;
	const char *key;
};

/* What a netN or ipconfigN line said; addresses are added once all is read, as a later duplicate replaces. */
struct net {
	bool ipconfig;
	unsigned index;
	char bridge[IFNAMSIZ];
	unsigned tag;
	struct guest_ip ips[2];
	size_t ip_count;
};

struct nets {
	struct net list[2 * GUEST_NICS_MAX];
	size_t count;
	char hookscript[sizeof(((struct guest *)0)->hookscript)];
};

static int bad_value(const struct place *at, const char *name, const char *value, struct err *err)
{
	char shown[SHOWN];

	return err_set(err, EINVAL, "%s:%u: %s: %s: bad value '%s'", at->path, at->line, at->key, name,
		       text_shown(value, shown, sizeof(shown)));
}

static int take_bridge(const struct place *at, const char *value, struct net *net, struct err *err)
{
	if (ifname_copy(net->bridge, value) < 0)
		return bad_value(at, "bridge", value, err);
	return 0;
}

static int take_tag(const struct place *at, const char *value, struct net *net, struct err *err)
{
	uint32_t tag;

	if (parse_u32(value, 1, 4094, &tag) < 0)
		return bad_value(at, "tag", value, err);
	net->tag = tag;
	return 0;
}

static int take_address(const struct place *at, const char *name, uint8_t family, const char *value, struct net *net,
			struct err *err)
{
	struct guest_ip ip;

	if (strcmp(value, "dhcp") == 0 || strcmp(value, "manual") == 0 || strcmp(value, "auto") == 0)
		return 0;
	if (!strchr(value, '/') || ip_parse_prefix(value, &ip.ip, &ip.prefix) < 0 || ip.ip.family != family)
		return bad_value(at, name, value, err);
	net->ips[net->ip_count++] = ip;
	return 0;
}

static int take_ip(const struct place *at, const char *value, struct net *net, struct err *err)
{
	return take_address(at, "ip", AF_INET, value, net, err);
}

static int take_ip6(const struct place *at, const char *value, struct net *net, struct err *err)
{
	return take_address(at, "ip6", AF_INET6, value, net, err);
}

/* Properties that matter; a newer Proxmox VE may know more, which is none of our business. */
static const struct property {
	const char *name;
	int (*take)(const struct place *at, const char *value, struct net *net, struct err *err);
} properties[] = {
	{ "bridge", take_bridge },
	{ "tag", take_tag },
	{ "ip", take_ip },
	{ "ip6", take_ip6 },
};

#define PROPERTY_COUNT (sizeof(properties) / sizeof(properties[0]))

/* "k=v,k=v": split at ',', nothing trimmed, no key twice (PVE::JSONSchema::parse_property_string). */
static int parse_properties(const struct place *at, char *value, struct net *net, struct err *err)
{
	unsigned seen = 0;
	char *rest = value;
	char *item;

	while ((item = strsep(&rest, ",")) != NULL) {
		char *equals = strchr(item, '=');

		if (!equals)
			continue;
		*equals = '\0';
		for (size_t i = 0; i < PROPERTY_COUNT; i++) {
			int r;

			if (strcmp(item, properties[i].name) != 0)
				continue;
			if (seen & (1U << i))
				return err_set(err, EINVAL, "%s:%u: %s: %s is given twice", at->path, at->line, at->key,
					       item);
			seen |= 1U << i;
			r = properties[i].take(at, equals + 1, net, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* key is "<word><N>" with N in 0..31, written without a leading zero. */
static bool numbered(const char *key, const char *word, unsigned *ret_index)
{
	size_t len = strlen(word);
	uint32_t index;

	if (strncmp(key, word, len) != 0 || parse_u32(key + len, 0, GUEST_NICS_MAX - 1, &index) < 0)
		return false;
	*ret_index = index;
	return true;
}

/* "local:snippets/guestarp" on any storage: the file name is what the package installs. */
static bool names_guestarp(const char *volume)
{
	const char *tail = strstr(volume, ":snippets/");

	return tail && strcmp(tail, ":snippets/guestarp") == 0;
}

static struct net *find_net(struct nets *nets, bool ipconfig, unsigned index)
{
	for (size_t i = 0; i < nets->count; i++) {
		if (nets->list[i].ipconfig == ipconfig && nets->list[i].index == index)
			return &nets->list[i];
	}
	return NULL;
}

static int take_line(const struct place *at, bool vm, char *value, struct nets *nets, struct err *err)
{
	struct net net = { 0 };
	struct net *earlier;
	int r;

	if (strcmp(at->key, "hookscript") == 0) {
		/* One that is too long is none of ours. */
		if (text_copy(nets->hookscript, sizeof(nets->hookscript), value) < 0)
			(void)text_copy(nets->hookscript, sizeof(nets->hookscript), "?");
		return 0;
	}
	net.ipconfig = vm && numbered(at->key, "ipconfig", &net.index);
	if (!net.ipconfig && !numbered(at->key, "net", &net.index))
		return 0;
	r = parse_properties(at, value, &net, err);
	if (r < 0)
		return r;
	earlier = find_net(nets, net.ipconfig, net.index);
	if (earlier)
		*earlier = net;
	else
		nets->list[nets->count++] = net;
	return 0;
}

/* Cuts "key: value" in place: ^([a-z][a-z_]*\d*):\s*(.+?)\s*$, for VMs also '-' in the key. Anything else is no
 * setting. */
static bool split_line(bool vm, char *line, char **ret_value)
{
	char *p = line;
	char *end;

	if (!islower((unsigned char)*p))
		return false;
	while (islower((unsigned char)*p) || *p == '_' || (vm && *p == '-'))
		p++;
	while (isdigit((unsigned char)*p))
		p++;
	if (*p != ':')
		return false;
	*p++ = '\0';
	while (isspace((unsigned char)*p))
		p++;
	end = p + strlen(p);
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	*ret_value = p;
	return *p != '\0';
}

_Static_assert(GUEST_IPS_MAX >= 2 * 2 * GUEST_NICS_MAX, "room for ip and ip6 of each netN and ipconfigN");

static void add_ips(struct guest *guest, struct guest_nic *nic, const struct net *net)
{
	for (size_t i = 0; net && i < net->ip_count; i++)
		(void)guest_add_nic_ip(guest, nic, &net->ips[i]);
}

static void take_nets(struct guest *guest, struct nets *nets)
{
	(void)text_copy(guest->hookscript, sizeof(guest->hookscript), nets->hookscript);
	guest->hooked = names_guestarp(guest->hookscript);
	guest_clear(guest);
	for (unsigned i = 0; i < GUEST_NICS_MAX; i++) {
		const struct net *net = find_net(nets, false, i);
		struct guest_nic *nic = net ? guest_add_nic(guest, i) : NULL;

		/* An ipconfigN without its netN is of no NIC. */
		if (!nic)
			continue;
		add_ips(guest, nic, net);
		add_ips(guest, nic, find_net(nets, true, i));
		nic->tag = net->tag;
		memcpy(nic->bridge, net->bridge, IFNAMSIZ);
		/* A 9-digit VMID with i >= 10 does not fit IFNAMSIZ: Proxmox VE cannot make that device either. */
		if (snprintf(nic->firewall_bridge, IFNAMSIZ, "fwbr%si%u", guest->id, i) >= IFNAMSIZ)
			nic->firewall_bridge[0] = '\0';
	}
}

int pve_parse(struct guest *guest, bool vm, const char *path, char *text, struct err *err)
{
	struct nets nets;
	unsigned number = 0;
	char *rest = text;
	char *line;

	nets.count = 0;
	nets.hookscript[0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL) {
		struct place at = { path, ++number, line };
		char *value;
		int r;

		if (line[0] == '[')
			break;
		if (!split_line(vm, line, &value))
			continue;
		r = take_line(&at, vm, value, &nets, err);
		if (r < 0)
			return r;
	}
	take_nets(guest, &nets);
	return 0;
}

/* Proxmox VE's node names are host names; anything else must not become part of a path. */
static bool node_valid(const char *node)
{
	if (!isalnum((unsigned char)node[0]) || strlen(node) > 63)
		return false;
	for (const char *p = node; *p; p++) {
		if (!isalnum((unsigned char)*p) && *p != '-')
			return false;
	}
	return true;
}

#define CONFIG_PATH 160

static void config_path(const struct guest *guest, const char *node, bool vm, char path[CONFIG_PATH])
{
	(void)snprintf(path, CONFIG_PATH, "/etc/pve/%s%s%s%s/%s.conf", node ? "nodes/" : "", node ? node : "",
		       node ? "/" : "", vm ? "qemu-server" : "lxc", guest->id);
}

static int read_kind(struct guest *guest, const char *node, bool vm, struct err *err)
{
	char path[CONFIG_PATH];
	CLEANUP(free) char *text = NULL;
	uint64_t fingerprint;
	size_t len;
	int r;

	config_path(guest, node, vm, path);
	r = file_read(path, FILE_ANY, &text, &len, err);
	if (r < 0)
		return r;
	fingerprint = text_hash(TEXT_HASH_START, text);
	r = pve_parse(guest, vm, path, text, err);
	if (r == 0)
		guest->fingerprint = fingerprint;
	return r;
}

int pve_read(struct guest *guest, const char *node, struct err *err)
{
	char shown[SHOWN];
	int r;

	if (node && !node_valid(node))
		return err_set(err, EINVAL, "PVE_MIGRATED_FROM: '%s' is no node name",
			       text_shown(node, shown, sizeof(shown)));
	r = read_kind(guest, node, false, err);
	if (r == -ENOENT)
		r = read_kind(guest, node, true, err);
	if (r == -ENOENT)
		return err_set(err, ENOENT, "no /etc/pve/%s%s%s{lxc,qemu-server}/%s.conf", node ? "nodes/" : "",
			       node ? node : "", node ? "/" : "", guest->id);
	return r;
}

int pve_fingerprint(const struct guest *guest, uint64_t *ret_fingerprint, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	char path[CONFIG_PATH];
	size_t len;
	int r;

	config_path(guest, NULL, false, path);
	r = file_read(path, FILE_ANY, &text, &len, err);
	if (r == -ENOENT) {
		config_path(guest, NULL, true, path);
		r = file_read(path, FILE_ANY, &text, &len, err);
	}
	if (r == 0)
		*ret_fingerprint = text_hash(TEXT_HASH_START, text);
	return r;
}
