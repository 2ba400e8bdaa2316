/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's file in vzctl's two C grammars; the shell that also sources it sees other things, which do not count.
 */

#include "guest/vz.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

/* One line cut into key and value, in place. */
struct line {
	char *key;
	char *value;
};

static char *skip_blanks(char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static void cut_blanks(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
}

/* Both families begin with it: \" becomes ", and so for any character. */
static void remove_backslashes(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

/* vzctl 4.11 util.c: key up to the first '=', a value that begins with '"' ends at the line's last '"'. */
static bool split_classic(char *text, struct line *line)
{
	char *equals;
	char *last;

	remove_backslashes(text);
	text = skip_blanks(text);
	cut_blanks(text);
	if (*text == '#')
		return false;
	equals = strchr(text, '=');
	if (!equals)
		return false;
	*equals = '\0';
	line->key = text;
	line->value = equals + 1;
	if (*line->value != '"')
		return true;
	last = strrchr(line->value, '"');
	if (last == line->value)
		return false;
	*last = '\0';
	line->value++;
	return true;
}

/* A '#' at the start of a word and outside quotes begins a comment (libvzctl common.c). */
static void cut_comment(char *text)
{
	char quote = '\0';

	for (char *p = text; *p; p++) {
		if (quote) {
			if (*p == quote)
				quote = '\0';
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '#' && (p == text || isspace((unsigned char)p[-1]))) {
			*p = '\0';
			return;
		}
	}
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

static bool split_libvzctl(char *text, struct line *line)
{
	char *equals;
	size_t len;

	remove_backslashes(text);
	text = skip_blanks(text);
	cut_comment(text);
	cut_blanks(text);
	equals = strchr(text, '=');
	if (!equals)
		return false;
	*equals = '\0';
	line->key = text;
	line->value = equals + 1;
	len = strlen(line->value);
	if (len > 0 && is_quote(line->value[len - 1]))
		line->value[len - 1] = '\0';
	if (is_quote(line->value[0]))
		line->value++;
	return true;
}

static bool is_nobody(const char *token)
{
	return strcmp(token, "0.0.0.0") == 0 || strcmp(token, "::") == 0 || strcmp(token, "::0") == 0;
}

/* 255.255.255.0: libvzctl alone takes a dotted mask. */
static bool parse_masked(char *token, struct guest_ip *ret_ip)
{
	char *slash = strchr(token, '/');
	struct in_addr mask;
	uint32_t bits;

	if (!slash || inet_pton(AF_INET, slash + 1, &mask) != 1)
		return false;
	bits = ~ntohl(mask.s_addr);
	if (bits & (bits + 1))
		return false;
	*slash = '\0';
	ret_ip->prefix = 32;
	for (; bits; bits >>= 1)
		ret_ip->prefix--;
	return ip_parse(token, &ret_ip->ip) == 0 && ret_ip->ip.family == AF_INET;
}

/* Called for each; false ends the walk. */
typedef bool (*ip_fn)(const struct guest_ip *ip, void *arg);

static void walk_ips(enum vz_family family, const char *list, ip_fn fn, void *arg)
{
	const char *delimiters = family == VZ_LIBVZCTL ? " \t," : " \t";

	while (*(list += strspn(list, delimiters))) {
		char token[64];
		size_t len = strcspn(list, delimiters);
		struct guest_ip ip;

		if (len >= sizeof(token))
			return;
		memcpy(token, list, len);
		token[len] = '\0';
		list += len;
		if (is_nobody(token))
			continue;
		if (ip_parse_prefix(token, &ip.ip, &ip.prefix) < 0 &&
		    !(family == VZ_LIBVZCTL && parse_masked(token, &ip)))
			return;
		if (!fn(&ip, arg))
			return;
	}
}

struct ip_list {
	struct ip *ips;
	size_t count;
	size_t max;
};

static bool add_to_list(const struct guest_ip *ip, void *arg)
{
	struct ip_list *list = arg;

	if (list->count == list->max)
		return false;
	list->ips[list->count++] = ip->ip;
	return true;
}

size_t vz_parse_ips(enum vz_family family, const char *list, struct ip *ret_ips, size_t max)
{
	struct ip_list ips = { ret_ips, 0, max };

	walk_ips(family, list, add_to_list, &ips);
	return ips.count;
}

/* veth101.0 of eth0, as vzctl names it; libvzctl: veth and the last eight digits of the MAC. */
static void default_port(const struct guest *guest, enum vz_family family, const char *ifname, const char *mac,
			 char port[IFNAMSIZ])
{
	char digits[13] = "";
	size_t n = 0;

	if (family == VZ_CLASSIC) {
		if (snprintf(port, IFNAMSIZ, "veth%s.%s", guest->id, ifname + strcspn(ifname, "0123456789")) >=
		    IFNAMSIZ)
			port[0] = '\0';
		return;
	}
	for (const char *p = mac; *p && n < 12; p++) {
		if (isxdigit((unsigned char)*p))
			digits[n++] = (char)tolower((unsigned char)*p);
	}
	if (n == 12)
		(void)snprintf(port, IFNAMSIZ, "veth%s", digits + 4);
}

struct netif {
	char ifname[IFNAMSIZ];
	char mac[24];
	struct guest_nic nic;
};

static bool add_to_nic(const struct guest_ip *ip, void *arg)
{
	struct guest_nic *nic = arg;

	if (nic->ip_count == GUEST_NIC_IPS_MAX)
		return false;
	nic->ips[nic->ip_count++] = *ip;
	return true;
}

static void add_nic_ips(struct guest_nic *nic, enum vz_family family, const char *list)
{
	walk_ips(family, list, add_to_nic, nic);
}

/* ip=a:b; the IPv6 addresses of ip6=, which comes last, are separated by ',' and so arrive as items without '='. */
static void take_netif_ips(struct guest_nic *nic, char *list)
{
	char *ip;

	while ((ip = strsep(&list, ":")) != NULL)
		add_nic_ips(nic, VZ_LIBVZCTL, ip);
}

static void take_gateway(struct ip *gateway, uint8_t family, const char *value)
{
	struct ip ip;

	if (ip_parse(value, &ip) == 0 && ip.family == family)
		*gateway = ip;
}

static void take_netif_item(enum vz_family family, struct netif *netif, char *item)
{
	char *value = strchr(item, '=');

	if (!value) {
		if (family == VZ_LIBVZCTL)
			add_nic_ips(&netif->nic, family, item);
		return;
	}
	*value++ = '\0';
	/* Names that are too long are vzctl's to refuse: such a device never comes to be. */
	if (strcmp(item, "ifname") == 0)
		(void)ifname_copy(netif->ifname, value);
	else if (strcmp(item, "host_ifname") == 0)
		(void)ifname_copy(netif->nic.port, value);
	else if (strcmp(item, "mac") == 0)
		(void)text_copy(netif->mac, sizeof(netif->mac), value);
	else if (strcmp(item, family == VZ_CLASSIC ? "bridge" : "network") == 0)
		(void)ifname_copy(netif->nic.bridge, value);
	else if (family == VZ_LIBVZCTL && strcmp(item, "ip") == 0)
		take_netif_ips(&netif->nic, value);
	else if (family == VZ_LIBVZCTL && strcmp(item, "ip6") == 0)
		add_nic_ips(&netif->nic, family, value);
	else if (family == VZ_LIBVZCTL && strcmp(item, "gw") == 0)
		take_gateway(&netif->nic.gateway, AF_INET, value);
	else if (family == VZ_LIBVZCTL && strcmp(item, "gw6") == 0)
		take_gateway(&netif->nic.gateway6, AF_INET6, value);
}

/* What is collected until the whole file is read. */
struct reading {
	struct guest guest;
	char ifnames[GUEST_NICS_MAX][IFNAMSIZ]; /* in the container, beside guest.nics */
	struct guest_nic veth;                  /* VETH_IP_ADDRESS: its ips alone */
};

/* Of several lines for one device the first counts. */
static bool is_new(const struct reading *in, const struct netif *netif)
{
	for (size_t i = 0; i < in->guest.nic_count; i++) {
		if (strcmp(in->ifnames[i], netif->ifname) == 0)
			return false;
	}
	return !netif->nic.port[0] || !vz_find_port(&in->guest, netif->nic.port);
}

static void take_netif(struct reading *in, enum vz_family family, char *value)
{
	struct guest *guest = &in->guest;
	char *device;

	while ((device = strsep(&value, ";")) != NULL) {
		struct netif netif = { 0 };
		struct guest_nic *nic;
		char *item;

		while ((item = strsep(&device, ",")) != NULL)
			take_netif_item(family, &netif, item);
		if (!netif.ifname[0] || guest->nic_count == GUEST_NICS_MAX)
			continue;
		if (!netif.nic.port[0])
			default_port(guest, family, netif.ifname, netif.mac, netif.nic.port);
		if (!is_new(in, &netif))
			continue;
		netif.nic.index = (unsigned)guest->nic_count;
		memcpy(in->ifnames[guest->nic_count], netif.ifname, IFNAMSIZ);
		nic = &guest->nics[guest->nic_count++];
		*nic = netif.nic;
		nic->ip_count = 0;
		for (size_t i = 0; i < netif.nic.ip_count; i++)
			(void)guest_add_nic_ip(guest, nic, &netif.nic.ips[i]);
	}
}

/* The wiki's vznetcfg.custom: one list for the container, so it goes to the first NIC that is routed. */
static void take_veth_ips(struct guest *guest, const struct guest_nic *veth)
{
	struct guest_nic *routed = NULL;

	for (size_t i = 0; !routed && i < guest->nic_count; i++) {
		if (!guest->nics[i].bridge[0])
			routed = &guest->nics[i];
	}
	for (size_t i = 0; i < veth->ip_count; i++) {
		if (!routed || guest_add_nic_ip(guest, routed, &veth->ips[i]) < 0)
			(void)guest_add_ip(guest, &veth->ips[i].ip);
	}
}

static bool add_to_guest(const struct guest_ip *ip, void *arg)
{
	return guest_add_ip(arg, &ip->ip) == 0;
}

static int take_line(struct reading *in, enum vz_family family, const char *path, unsigned number,
		     const struct line *line, struct err *err)
{
	struct guest *guest = &in->guest;
	char shown[40];

	if (strcmp(line->key, "IP_ADDRESS") == 0) {
		walk_ips(family, line->value, add_to_guest, guest);
	} else if (strcmp(line->key, "VETH_IP_ADDRESS") == 0) {
		in->veth.ip_count = 0;
		add_nic_ips(&in->veth, family, line->value);
	} else if (strcmp(line->key, "NETIF") == 0) {
		take_netif(in, family, line->value);
	} else if (strcmp(line->key, "NAME") == 0 && !guest->alias[0]) {
		(void)text_copy(guest->alias, sizeof(guest->alias), line->value);
	} else if (strcmp(line->key, "GUESTARP_DEVICE") == 0 && !guest->device[0]) {
		/* The first of several counts, as vzctl ignores duplicates. */
		if (ifname_copy(guest->device, line->value) < 0)
			return err_set(err, EINVAL, "%s:%u: GUESTARP_DEVICE: '%s' is no device name", path, number,
				       text_shown(line->value, shown, sizeof(shown)));
	}
	return 0;
}

int vz_parse(struct guest *guest, enum vz_family family, const char *path, char *text, struct err *err)
{
	struct reading in;
	unsigned number = 0;
	char *rest = text;
	char *raw;

	guest_copy(&in.guest, guest);
	in.veth.ip_count = 0;
	while ((raw = strsep(&rest, "\n")) != NULL) {
		struct line line;
		int r;

		number++;
		if (!(family == VZ_CLASSIC ? split_classic(raw, &line) : split_libvzctl(raw, &line)))
			continue;
		r = take_line(&in, family, path, number, &line, err);
		if (r < 0)
			return r;
	}
	take_veth_ips(&in.guest, &in.veth);
	guest_copy(guest, &in.guest);
	return 0;
}

enum vz_family vz_family(void)
{
	char path[4096];
	struct stat st;

	if (file_path("/usr/libexec/libvzctl", path, sizeof(path), NULL) < 0 || stat(path, &st) < 0)
		return VZ_CLASSIC;
	return S_ISDIR(st.st_mode) ? VZ_LIBVZCTL : VZ_CLASSIC;
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

const struct guest_nic *vz_find_port(const struct guest *guest, const char *port)
{
	for (size_t i = 0; i < guest->nic_count; i++) {
		if (strcmp(guest->nics[i].port, port) == 0)
			return &guest->nics[i];
	}
	return NULL;
}
