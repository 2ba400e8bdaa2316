/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What LXC itself would make of a container's configuration, as far as addresses and bridges go. */

#include "guest/lxc.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

/* LXC numbers NICs freely; only this many are looked at, as of any guest. */
struct net {
	bool present;
	char link[IFNAMSIZ];
	char pair[IFNAMSIZ];
	bool router;
	struct guest_ip ips[GUEST_NIC_IPS_MAX];
	size_t ip_count;
};

struct reading {
	const char *path;
	unsigned line;
	struct net nets[GUEST_NICS_MAX];
	bool hooked;
};

static int bad_value(const struct reading *in, const char *key, const char *value, struct err *err)
{
	char shown[60];

	return err_set(err, EINVAL, "%s:%u: %s: bad value '%s'", in->path, in->line, key,
		       text_shown(value, shown, sizeof(shown)));
}

/* An empty value clears the key. */
static int take_name(struct reading *in, const char *key, const char *value, char ret_name[IFNAMSIZ], struct err *err)
{
	if (!*value)
		ret_name[0] = '\0';
	else if (ifname_copy(ret_name, value) < 0)
		return bad_value(in, key, value, err);
	return 0;
}

/* "192.0.2.7/24 192.0.2.255": address, prefix, broadcast address. */
static int take_address(struct reading *in, struct net *net, const char *key, uint8_t family, char *value,
			struct err *err)
{
	struct guest_ip ip;

	if (!*value) {
		size_t kept = 0;

		for (size_t i = 0; i < net->ip_count; i++) {
			if (net->ips[i].ip.family != family)
				net->ips[kept++] = net->ips[i];
		}
		net->ip_count = kept;
		return 0;
	}
	value[strcspn(value, " \t")] = '\0';
	if (ip_parse_prefix(value, &ip.ip, &ip.prefix) < 0 || ip.ip.family != family ||
	    net->ip_count == GUEST_NIC_IPS_MAX)
		return bad_value(in, key, value, err);
	net->ips[net->ip_count++] = ip;
	return 0;
}

static int take_net_key(struct reading *in, struct net *net, const char *whole, const char *key, char *value,
			struct err *err)
{
	net->present = true;
	if (strcmp(key, "link") == 0)
		return take_name(in, whole, value, net->link, err);
	if (strcmp(key, "veth.pair") == 0)
		return take_name(in, whole, value, net->pair, err);
	if (strcmp(key, "veth.mode") == 0)
		net->router = strcmp(value, "router") == 0;
	if (strcmp(key, "ipv4.address") == 0)
		return take_address(in, net, whole, AF_INET, value, err);
	if (strcmp(key, "ipv6.address") == 0)
		return take_address(in, net, whole, AF_INET6, value, err);
	return 0;
}

/* "lxc.net.<N>.<key>"; "lxc.net" and "lxc.net.<N>" alone clear. */
static int take_net(struct reading *in, const char *whole, const char *rest, char *value, struct err *err)
{
	char number[8];
	size_t len = strcspn(rest, ".");
	uint32_t n;

	if (!*rest) {
		memset(in->nets, 0, sizeof(in->nets));
		return 0;
	}
	if (len >= sizeof(number))
		return 0;
	memcpy(number, rest, len);
	number[len] = '\0';
	if (parse_u32(number, 0, GUEST_NICS_MAX - 1, &n) < 0)
		return 0;
	if (!rest[len]) {
		memset(&in->nets[n], 0, sizeof(in->nets[n]));
		return 0;
	}
	return take_net_key(in, &in->nets[n], whole, rest + len + 1, value, err);
}

/* The program's own name as the last part of the command's path. */
static bool names_us(const char *value)
{
	size_t len = strcspn(value, " \t");
	static const char name[] = "/guestarp-lxc";

	return len >= sizeof(name) - 1 && strncmp(value + len - (sizeof(name) - 1), name, sizeof(name) - 1) == 0;
}

static int take_line(struct reading *in, const char *key, char *value, struct err *err)
{
	if (strcmp(key, "lxc.net") == 0 || strncmp(key, "lxc.net.", 8) == 0)
		return take_net(in, key, key[7] ? key + 8 : "", value, err);
	if (strcmp(key, "lxc.hook.start-host") == 0 && names_us(value))
		in->hooked = true;
	return 0;
}

/* "key = value", blanks around both, one pair of quotes around the value (LXC's parse_line()). */
static bool split_line(char *line, char **ret_key, char **ret_value)
{
	char *equals;
	char *end;
	char *value;

	while (isspace((unsigned char)*line))
		line++;
	equals = strchr(line, '=');
	if (*line == '#' || !equals)
		return false;
	for (end = equals; end > line && isspace((unsigned char)end[-1]); end--)
		;
	*end = '\0';
	value = equals + 1;
	while (isspace((unsigned char)*value))
		value++;
	for (end = value + strlen(value); end > value && isspace((unsigned char)end[-1]); end--)
		;
	if (end - value >= 2 && (*value == '"' || *value == '\'') && end[-1] == *value) {
		value++;
		end--;
	}
	*end = '\0';
	*ret_key = line;
	*ret_value = value;
	return true;
}

static void take_nets(struct guest *guest, const struct reading *in)
{
	guest->hooked = in->hooked;
	for (unsigned i = 0; i < GUEST_NICS_MAX; i++) {
		const struct net *net = &in->nets[i];
		struct guest_nic *nic = net->present ? guest_add_nic(guest, i) : NULL;

		if (!nic)
			continue;
		memcpy(nic->port, net->pair, IFNAMSIZ);
		memcpy(nic->bridge, net->link, IFNAMSIZ);
		for (size_t j = 0; j < net->ip_count; j++)
			(void)guest_add_nic_ip(guest, nic, &net->ips[j]);
		/* A veth with a name and without a bridge is routed to; in router mode by LXC itself. */
		if (net->pair[0] && (net->router || !net->link[0]) && !guest->route[0]) {
			memcpy(guest->route, net->pair, IFNAMSIZ);
			guest->platform_routes = net->router;
		}
	}
}

int lxc_parse(struct guest *guest, const char *path, char *text, struct err *err)
{
	struct reading in = { .path = path };
	struct guest read;
	char *rest = text;
	char *line;

	guest_copy(&read, guest);
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *key;
		char *value;
		int r;

		in.line++;
		if (!split_line(line, &key, &value))
			continue;
		r = take_line(&in, key, value, err);
		if (r < 0)
			return r;
	}
	take_nets(&read, &in);
	guest_copy(guest, &read);
	return 0;
}

int lxc_read(struct guest *guest, const char *path, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	size_t len;
	int r = file_read_given(path, FILE_LINKED, &text, &len, err);

	return r < 0 ? r : lxc_parse(guest, path, text, err);
}
