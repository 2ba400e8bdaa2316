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

/* Who reads a property. */
#define CT_NET   1U /* netN of a container */
#define VM_NET   2U /* netN of a VM */
#define IPCONFIG 4U /* ipconfigN, cloud-init's, of VMs alone */

/* What a netN or ipconfigN line said; addresses are added once all is read, as a later duplicate replaces. */
struct net {
	unsigned kind; /* one of the three */
	unsigned index;
	char number[4]; /* index as it is written: it becomes part of device names */
	bool skipped;
	char bridge[IFNAMSIZ];
	unsigned tag;
	struct mac mac;
	bool link_down;
	struct guest_ip ips[2];
	size_t ip_count;
	struct ip gateway;
	struct ip gateway6;
};

struct reading {
	const char *path;
	unsigned line;
	const char *key;
	bool vm;
	struct notes *notes;
	struct net nets[2 * GUEST_NICS_MAX];
	size_t count;
	char hookscript[sizeof(((struct guest *)0)->hookscript)];
	char hostname[GUEST_HOSTNAME_SIZE];
	bool migrating;
	uint32_t routed; /* NICs that LXC is told to route to, one bit each */
};

/* What becomes of a value. */
enum verdict { TAKEN, BAD, NO_PREFIX, NOT_SERVED, TWICE };

static void note(const struct reading *in, const char *what, const char *value, const char *consequence)
{
	char shown[SHOWN];

	notes_add(in->notes, "%s:%u: %s: %s '%s'; %s", in->path, in->line, in->key, what,
		  text_shown(value, shown, sizeof(shown)), consequence);
}

/* 'pve-bridge-id' */
static enum verdict take_bridge(const char *value, struct net *net)
{
	for (const char *p = value; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return BAD;
	}
	return ifname_copy(net->bridge, value) < 0 ? BAD : TAKEN;
}

static enum verdict take_tag(const char *value, struct net *net)
{
	uint32_t tag;

	if (parse_u32_padded(value, 1, 4094, &tag) < 0)
		return BAD;
	net->tag = tag;
	return TAKEN;
}

/* PVE::JSONSchema::parse_boolean */
static enum verdict take_link_down(const char *value, struct net *net)
{
	static const char *const words[] = { "0", "off", "no", "false", "1", "on", "yes", "true" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(value, words[i]) == 0) {
			net->link_down = i >= 4;
			return TAKEN;
		}
	}
	return BAD;
}

/* 'pve-ipv4-config', 'pve-ipv6-config': no prefix below 8. */
static enum verdict take_address(uint8_t family, const char *value, struct net *net)
{
	struct guest_ip ip = { .prefix = 0 };
	int r = ip_parse_prefix(value, &ip.ip, &ip.prefix);
	bool other = (family == AF_INET6) != (strchr(value, ':') != NULL);

	if (strcmp(value, "dhcp") == 0 || strcmp(value, "manual") == 0)
		return TAKEN;
	if (other || r == -EINVAL)
		return BAD;
	if (!strchr(value, '/'))
		return NO_PREFIX;
	if (r < 0)
		return NOT_SERVED;
	if (ip.prefix < 8)
		return BAD;
	net->ips[net->ip_count++] = ip;
	return TAKEN;
}

static enum verdict take_ip(const char *value, struct net *net)
{
	return take_address(AF_INET, value, net);
}

static enum verdict take_ip6(const char *value, struct net *net)
{
	return strcmp(value, "auto") == 0 ? TAKEN : take_address(AF_INET6, value, net);
}

static enum verdict take_gateway(uint8_t family, const char *value, struct ip *gateway)
{
	struct ip ip;
	uint8_t prefix;
	int r = ip_parse_prefix(value, &ip, &prefix);

	if (r == -EINVAL || strchr(value, '/') || (family == AF_INET6) != (strchr(value, ':') != NULL))
		return BAD;
	if (r == 0)
		*gateway = ip;
	return TAKEN;
}

static enum verdict take_gw(const char *value, struct net *net)
{
	return take_gateway(AF_INET, value, &net->gateway);
}

static enum verdict take_gw6(const char *value, struct net *net)
{
	return take_gateway(AF_INET6, value, &net->gateway6);
}

/* Properties that matter; a newer Proxmox VE may know more, and what it makes of them is left to it. */
static const struct property {
	const char *name;
	unsigned kinds;
	enum verdict (*take)(const char *value, struct net *net);
	/* A container's bad value costs this alone; NULL: the NIC. */
	const char *alone;
} properties[] = {
	{ "bridge", CT_NET | VM_NET, take_bridge, NULL },
	{ "tag", CT_NET | VM_NET, take_tag, NULL },
	{ "link_down", CT_NET | VM_NET, take_link_down, NULL },
	{ "ip", CT_NET | IPCONFIG, take_ip, "the address is skipped" },
	{ "ip6", CT_NET | IPCONFIG, take_ip6, "the address is skipped" },
	{ "gw", CT_NET | IPCONFIG, take_gw, "the gateway is skipped" },
	{ "gw6", CT_NET | IPCONFIG, take_gw6, "the gateway is skipped" },
};

#define PROPERTY_COUNT (sizeof(properties) / sizeof(properties[0]))

/*
 * Proxmox VE skips a VM's line with a bad value as a whole, and starts the VM. It starts no container with one; a
 * container that runs with such a line was changed by hand, and keeps what can be understood.
 */
static void judge(const struct reading *in, struct net *net, const char *name, const char *value,
		  const struct property *property, enum verdict verdict)
{
	static const char *const words[] = {
		[BAD] = "bad value",
		[NO_PREFIX] = "no prefix length in",
		[NOT_SERVED] = "no guest can be reached by",
		[TWICE] = "given twice, now",
	};
	const char *alone = property ? property->alone : NULL;
	char what[60];

	if (verdict == TAKEN)
		return;
	(void)snprintf(what, sizeof(what), "%s: %s", name, words[verdict]);
	if (verdict == NOT_SERVED) {
		note(in, what, value, "the address is skipped");
	} else if (alone && !in->vm && verdict != TWICE) {
		note(in, what, value, alone);
	} else {
		note(in, what, value, in->vm ? "the line is skipped" : "the NIC is skipped");
		net->skipped = true;
	}
}

static const struct property *find_property(const char *name, unsigned kind)
{
	for (size_t i = 0; i < PROPERTY_COUNT; i++) {
		if ((properties[i].kinds & kind) && strcmp(name, properties[i].name) == 0)
			return &properties[i];
	}
	return NULL;
}

/* The schema's "requires". */
static void check_gateways(const struct reading *in, unsigned seen, struct net *net)
{
	const struct property *ip = find_property("ip", IPCONFIG);
	const struct property *ip6 = find_property("ip6", IPCONFIG);

	net->skipped = (net->gateway.family && !(seen & 1U << (ip - properties))) ||
		       (net->gateway6.family && !(seen & 1U << (ip6 - properties)));
	if (net->skipped)
		note(in, "a gateway without", net->gateway.family ? "ip" : "ip6", "the line is skipped");
}

/* "k=v,k=v": split at ',', nothing trimmed, no key twice (PVE::JSONSchema::parse_property_string). */
static void take_properties(const struct reading *in, char *value, struct net *net)
{
	unsigned seen = 0;
	char *rest = value;
	char *item;

	while (!net->skipped && (item = strsep(&rest, ",")) != NULL) {
		char *equals = strchr(item, '=');
		const struct property *property;
		char shown[30];
		unsigned bit;

		if (!equals)
			continue;
		*equals = '\0';
		property = find_property(item, net->kind);
		bit = property ? 1U << (property - properties) : 0;
		if (seen & bit)
			judge(in, net, item, equals + 1, property, TWICE);
		else if (property)
			judge(in, net, item, equals + 1, property, property->take(equals + 1, net));
		else if (in->vm && !equals[1])
			judge(in, net, text_shown(item, shown, sizeof(shown)), equals + 1, NULL, BAD);
		seen |= bit;
		/* hwaddr, macaddr, or the model of the card; nothing else looks like a MAC. */
		if (!property && net->kind != IPCONFIG)
			(void)mac_parse(equals + 1, &net->mac);
	}
	if (net->kind == IPCONFIG && !net->skipped)
		check_gateways(in, seen, net);
}

/* key is "<word><N>": of VMs N is 0 to 31 without a leading zero, of containers any number. */
static bool numbered(const struct reading *in, const char *word, struct net *net)
{
	size_t len = strlen(word);
	const char *digits = in->key + len;
	uint32_t index;
	int r;

	if (strncmp(in->key, word, len) != 0 || text_copy(net->number, sizeof(net->number), digits) < 0)
		return false;
	r = in->vm ? parse_u32(digits, 0, GUEST_NICS_MAX - 1, &index)
		   : parse_u32_padded(digits, 0, GUEST_NIC_INDEX_MAX, &index);
	if (r == 0)
		net->index = index;
	return r == 0;
}

/* "local:snippets/guestarp" on any storage: the file name is what the package installs. */
static bool names_guestarp(const char *volume)
{
	const char *tail = strstr(volume, ":snippets/");

	return tail && strcmp(tail, ":snippets/guestarp") == 0;
}

/* 'pve-volume-id': ^[a-z][a-z0-9\-\_\.]*[a-z0-9]:.+$ in any case; nobody names a file with control characters. */
static bool volume_valid(const char *value)
{
	size_t len = strcspn(value, ":");

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)value[i]) && !strchr("-_.", value[i]))
			return false;
	}
	for (const char *p = value; *p; p++) {
		if (iscntrl((unsigned char)*p))
			return false;
	}
	return len >= 2 && isalpha((unsigned char)value[0]) && isalnum((unsigned char)value[len - 1]) && value[len] &&
	       value[len + 1];
}

static void take_hookscript(struct reading *in, const char *value)
{
	if (!volume_valid(value)) {
		note(in, "no volume", value, "the line is skipped");
		/* A container's earlier line does not come back: Proxmox VE refuses its start. */
		if (!in->vm)
			in->hookscript[0] = '\0';
	} else if (text_copy(in->hookscript, sizeof(in->hookscript), value) < 0) {
		/* One that is too long is none of ours. */
		(void)text_copy(in->hookscript, sizeof(in->hookscript), "?");
	}
}

static struct net *find_net(struct reading *in, unsigned kind, unsigned index)
{
	for (size_t i = 0; i < in->count; i++) {
		if (in->nets[i].kind == kind && in->nets[i].index == index)
			return &in->nets[i];
	}
	return NULL;
}

static void take_net(struct reading *in, char *value)
{
	struct net net = { .kind = in->vm ? VM_NET : CT_NET };
	struct net read;
	struct net *earlier;

	if (in->vm && numbered(in, "ipconfig", &net))
		net.kind = IPCONFIG;
	else if (!numbered(in, "net", &net))
		return;
	read = net;
	take_properties(in, value, &read);
	earlier = find_net(in, net.kind, net.index);
	/* Its number is still known: fwbr101i0 may be there, and has to be quiet. */
	if (read.skipped) {
		read = net;
		read.skipped = true;
	}
	if (earlier && !(read.skipped && in->vm))
		*earlier = read;
	else if (!earlier && in->count < sizeof(in->nets) / sizeof(in->nets[0]))
		in->nets[in->count++] = read;
}

/* 'dns-name': what is none, or is too long, is no name. */
static void take_hostname(struct reading *in, const char *value)
{
	bool valid = text_copy(in->hostname, sizeof(in->hostname), value) == 0;

	for (const char *p = value; *p; p++)
		valid = valid && (isalnum((unsigned char)*p) || strchr("-.", *p));
	if (!valid)
		in->hostname[0] = '\0';
}

static void take_line(struct reading *in, char *value)
{
	if (strcmp(in->key, "hookscript") == 0)
		take_hookscript(in, value);
	else if (strcmp(in->key, "lock") == 0)
		in->migrating = strcmp(value, "migrate") == 0;
	else if (strcmp(in->key, in->vm ? "name" : "hostname") == 0)
		take_hostname(in, value);
	else
		take_net(in, value);
}

/*
 * What Proxmox VE hands on to LXC unread, "lxc.KEY: VALUE" or "lxc.KEY = VALUE": in router mode the port is the guest's
 * gateway, whatever netN says of a bridge.
 */
static void take_raw(struct reading *in, const char *line)
{
	unsigned index;
	char key[16];
	char value[16];

	if (!in->vm && sscanf(line, "lxc.net.%2u.%15[a-z0-9.] %*1[:=] %15s", &index, key, value) == 3 &&
	    index < GUEST_NICS_MAX &&
	    ((strcmp(key, "veth.mode") == 0 && strcmp(value, "router") == 0) ||
	     (strcmp(key, "l2proxy") == 0 && strcmp(value, "1") == 0)))
		in->routed |= UINT32_C(1) << index;
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

/*
 * "[pve:pending]", "[<snapshot>]" with ^[a-z][a-z0-9_\-]+$ in any case; of a VM anything in brackets. A '[' that begins
 * something else does not end the main section.
 */
static bool is_section(bool vm, const char *line)
{
	size_t len = line[0] == '[' ? strcspn(line, "]") : 0;
	const char *end = line + len;

	if (len == 0 || *end != ']' || end[1 + strspn(end + 1, " \t\r\f\v")] != '\0')
		return false;
	if (vm || (len == strlen("[pve:pending") && strncasecmp(line, "[pve:pending", len) == 0))
		return true;
	for (const char *p = line + 2; p < end; p++) {
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			return false;
	}
	return len >= 3 && isalpha((unsigned char)line[1]);
}

_Static_assert(GUEST_IPS_MAX >= 2 * 2 * GUEST_NICS_MAX, "room for ip and ip6 of each netN and ipconfigN");

static void add_ips(struct guest *guest, struct guest_nic *nic, const struct net *net)
{
	if (!net)
		return;
	for (size_t i = 0; i < net->ip_count; i++)
		(void)guest_add_nic_ip(guest, nic, &net->ips[i]);
	if (net->gateway.family)
		nic->gateway = net->gateway;
	if (net->gateway6.family)
		nic->gateway6 = net->gateway6;
}

/* The NIC of the lowest index that is not below from; NULL: none. */
static const struct net *next_net(const struct reading *in, unsigned from)
{
	const struct net *next = NULL;

	for (size_t i = 0; i < in->count; i++) {
		const struct net *net = &in->nets[i];

		if (net->kind != IPCONFIG && net->index >= from && (!next || net->index < next->index))
			next = net;
	}
	return next;
}

static void take_nets(struct guest *guest, struct reading *in)
{
	const struct net *net;

	for (unsigned from = 0; (net = next_net(in, from)) != NULL; from = net->index + 1) {
		struct guest_nic *nic = guest_add_nic(guest, net->index);

		if (!nic) {
			notes_add(in->notes, "%s: more than %u NICs; the others are skipped", in->path, GUEST_NICS_MAX);
			return;
		}
		nic->skipped = net->skipped;
		nic->tag = net->tag;
		nic->mac = net->mac;
		nic->link_down = net->link_down;
		nic->routed = net->index < GUEST_NICS_MAX && (in->routed & UINT32_C(1) << net->index);
		memcpy(nic->bridge, net->bridge, IFNAMSIZ);
		/* A 9-digit VMID with i >= 10 does not fit IFNAMSIZ: Proxmox VE cannot make that device either. */
		if (snprintf(nic->firewall_bridge, IFNAMSIZ, "fwbr%si%s", guest->id, net->number) >= IFNAMSIZ)
			nic->firewall_bridge[0] = '\0';
		/* An ipconfigN without its netN is of no NIC. */
		if (net->skipped)
			continue;
		add_ips(guest, nic, net);
		add_ips(guest, nic, find_net(in, IPCONFIG, net->index));
	}
}

void pve_parse(struct guest *guest, bool vm, const char *path, char *text)
{
	struct reading in = { .path = path, .vm = vm, .notes = &guest->notes };
	char *rest = text;
	char *line;

	guest_clear(guest);
	while ((line = strsep(&rest, "\n")) != NULL && !is_section(vm, line)) {
		char *value;

		in.line++;
		in.key = line;
		take_raw(&in, line);
		if (split_line(vm, line, &value))
			take_line(&in, value);
	}
	(void)text_copy(guest->hookscript, sizeof(guest->hookscript), in.hookscript);
	memcpy(guest->hostname, in.hostname, sizeof(guest->hostname));
	guest->hooked = names_guestarp(guest->hookscript);
	guest->migrating = in.migrating;
	guest->vm = vm;
	take_nets(guest, &in);
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

#define CONFIG_PATH (GUEST_ID_SIZE + 96)

static void config_path(const struct guest *guest, const char *node, bool vm, char path[CONFIG_PATH])
{
	(void)snprintf(path, CONFIG_PATH, "/etc/pve/%s%s%s%s/%s.conf", node ? "nodes/" : "", node ? node : "",
		       node ? "/" : "", vm ? "qemu-server" : "lxc", guest->id);
}

/* A container's, or else a VM's. */
static int read_text(const struct guest *guest, const char *node, char path[CONFIG_PATH], bool *ret_vm, char **ret_text,
		     struct err *err)
{
	size_t len;
	int r;

	config_path(guest, node, false, path);
	r = file_read(path, FILE_ANY, ret_text, &len, err);
	*ret_vm = r == -ENOENT;
	if (!*ret_vm)
		return r;
	config_path(guest, node, true, path);
	return file_read(path, FILE_ANY, ret_text, &len, err);
}

int pve_read(struct guest *guest, const char *node, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	char path[CONFIG_PATH];
	char shown[SHOWN];
	bool vm;
	int r;

	if (node && !node_valid(node))
		return err_set(err, EINVAL, "PVE_MIGRATED_FROM: '%s' is no node name",
			       text_shown(node, shown, sizeof(shown)));
	r = read_text(guest, node, path, &vm, &text, err);
	if (r == -ENOENT)
		return err_set(err, ENOENT, "no /etc/pve/%s%s%s{lxc,qemu-server}/%s.conf", node ? "nodes/" : "",
			       node ? node : "", node ? "/" : "", guest->id);
	if (r == 0)
		pve_parse(guest, vm, path, text);
	return r;
}

int pve_text(const struct guest *guest, char **ret_text, struct err *err)
{
	char path[CONFIG_PATH];
	bool vm;

	return read_text(guest, NULL, path, &vm, ret_text, err);
}
