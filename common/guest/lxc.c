/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What LXC itself would make of a container's configuration, as far as addresses and bridges go. */

#include "guest/lxc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#define PATH_SIZE 512
#define DEPTH_MAX 8  /* files and directories that include each other */
#define FILES_MAX 64 /* in all */

/* LXC numbers NICs freely; only this many are looked at, as of any guest. */
struct net {
	bool present;
	bool bad_link;
	char type[16];
	char link[IFNAMSIZ];
	char pair[IFNAMSIZ];
	bool router;
	bool l2proxy;
	struct guest_ip ips[GUEST_NIC_IPS_MAX];
	size_t ip_count;
	struct ip gateway;
	struct ip gateway6;
};

/* One that is being read: a text, or a directory whose files are. */
struct source {
	char path[PATH_SIZE];
	char *text; /* to be freed; NULL where it is the caller's */
	char *rest; /* of the text */
	unsigned line;
	DIR *dir;
};

struct reading {
	struct notes *notes;
	bool below_root;
	struct source sources[DEPTH_MAX]; /* each included by the one before it */
	size_t depth;
	unsigned files;
	bool incomplete; /* something that is included could not be read */
	struct net nets[GUEST_NICS_MAX];
	bool hooked;
};

static struct source *current(struct reading *in)
{
	return &in->sources[in->depth - 1];
}

static void note(struct reading *in, const char *key, const char *what, const char *value, const char *consequence)
{
	const struct source *at = current(in);
	char shown_key[40];
	char shown[60];

	notes_add(in->notes, "%s:%u: %s: %s '%s'; %s", at->path, at->line,
		  text_shown(key, shown_key, sizeof(shown_key)), what, text_shown(value, shown, sizeof(shown)),
		  consequence);
}

static bool has_control(const char *text)
{
	while (*text && !iscntrl((unsigned char)*text))
		text++;
	return *text != '\0';
}

/* --- files that are included ---------------------------------------------------------------------------------- */

/* NULL, with a note, where there are too many already. */
static struct source *push(struct reading *in, const char *path)
{
	struct source *source = &in->sources[in->depth];

	if (in->depth == DEPTH_MAX || in->files == FILES_MAX) {
		notes_add(in->notes, "%s: not read, there are too many files that include each other", path);
		in->incomplete = true;
		return NULL;
	}
	memset(source, 0, sizeof(*source));
	(void)snprintf(source->path, sizeof(source->path), "%s", path);
	in->files++;
	in->depth++;
	return source;
}

static void pop(struct reading *in)
{
	struct source *source = current(in);

	free(source->text);
	if (source->dir)
		(void)closedir(source->dir);
	in->depth--;
}

static void include_file(struct reading *in, const char *path)
{
	struct source *source = push(in, path);
	struct err err;
	size_t len;
	int r;

	if (!source)
		return;
	r = in->below_root ? file_read(path, FILE_ANY, &source->text, &len, &err)
			   : file_read_given(path, FILE_ANY, &source->text, &len, &err);
	if (r < 0) {
		notes_add_err(in->notes, &err);
		in->incomplete = true;
		pop(in);
		return;
	}
	source->rest = source->text;
}

static DIR *open_directory(const struct reading *in, const char *path)
{
	char full[4096];
	DIR *dir;
	int fd;

	if (in->below_root && path_full(path, full, sizeof(full), NULL) < 0)
		return NULL;
	fd = open(in->below_root ? full : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (!dir)
		(void)close(fd);
	return dir;
}

/* A relative path is one of lxc-start's directory, which nobody can tell later. */
static void take_include(struct reading *in, const char *key, const char *value)
{
	struct source *source;
	DIR *dir;

	if (!*value)
		return;
	if (value[0] != '/' || strlen(value) >= PATH_SIZE || has_control(value)) {
		note(in, key, "no absolute path", value, "the line is skipped");
		in->incomplete = true;
		return;
	}
	dir = open_directory(in, value);
	if (!dir) {
		include_file(in, value);
		return;
	}
	source = push(in, value);
	if (source)
		source->dir = dir;
	else
		(void)closedir(dir);
}

/* LXC takes *.conf in the order of readdir(3), and so do we: a later line counts more. False at its end. */
static bool include_next(struct reading *in)
{
	const struct source *directory = current(in);
	const struct dirent *entry = readdir(directory->dir);
	char path[PATH_SIZE];
	size_t len;

	if (!entry)
		return false;
	len = strlen(entry->d_name);
	if (len < 6 || strcmp(entry->d_name + len - 5, ".conf") != 0)
		return true;
	if (has_control(entry->d_name) ||
	    snprintf(path, sizeof(path), "%s/%s", directory->path, entry->d_name) >= (int)sizeof(path)) {
		notes_add(in->notes, "%s: a file in it is skipped for its name", directory->path);
		in->incomplete = true;
		return true;
	}
	include_file(in, path);
	return true;
}

/* --- lxc.net -------------------------------------------------------------------------------------------------- */

/* An empty value clears the key. False for a name that no device can have. */
static bool take_name(const char *value, char name[IFNAMSIZ])
{
	name[0] = '\0';
	return !*value || ifname_copy(name, value) == 0;
}

/* As LXC's lxc_safe_uint(), strtoul(3) with any base: 010 is 8. */
static int parse_prefix(const char *text, unsigned max, uint8_t *ret_prefix)
{
	char *end;
	unsigned long value;

	if (!isdigit((unsigned char)text[0]) || strlen(text) > 10)
		return -EINVAL;
	value = strtoul(text, &end, 0);
	if (*end || value > max)
		return -EINVAL;
	*ret_prefix = (uint8_t)value;
	return 0;
}

/* LXC's own: that of the old classes, and 64. */
static uint8_t default_prefix(const struct ip *ip)
{
	if (ip->family == AF_INET6)
		return 64;
	if (ip->bytes[0] < 128)
		return 8;
	return ip->bytes[0] < 192 ? 16 : 24;
}

/* -EADDRNOTAVAIL: an address by which no guest can be reached. */
static int parse_address(char *value, uint8_t family, struct guest_ip *ret_ip)
{
	char *slash = strchr(value, '/');
	uint8_t whole;
	int r;

	if (slash)
		*slash = '\0';
	r = ip_parse_prefix(value, &ret_ip->ip, &whole);
	if (slash)
		*slash = '/';
	if ((strchr(value, ':') != NULL) != (family == AF_INET6))
		return -EINVAL;
	if (r < 0)
		return r;
	if (slash)
		return parse_prefix(slash + 1, whole, &ret_ip->prefix);
	ret_ip->prefix = default_prefix(&ret_ip->ip);
	return 0;
}

static void clear_addresses(struct net *net, uint8_t family)
{
	size_t kept = 0;

	for (size_t i = 0; i < net->ip_count; i++) {
		if (net->ips[i].ip.family != family)
			net->ips[kept++] = net->ips[i];
	}
	net->ip_count = kept;
}

/* "192.0.2.7/24 192.0.2.255": address, prefix, broadcast address. */
static void take_address(struct reading *in, struct net *net, const char *key, uint8_t family, char *value)
{
	struct guest_ip ip;
	int r;

	if (!*value) {
		clear_addresses(net, family);
		return;
	}
	value[strcspn(value, " \t")] = '\0';
	r = parse_address(value, family, &ip);
	if (r == -EADDRNOTAVAIL)
		note(in, key, "no guest can be reached by", value, "the address is skipped");
	else if (r < 0)
		note(in, key, "bad value", value, "the address is skipped");
	else if (net->ip_count == GUEST_NIC_IPS_MAX)
		note(in, key, "more addresses than guestarp keeps of a NIC:", value, "the address is skipped");
	else
		net->ips[net->ip_count++] = ip;
}

/* Also "auto", the bridge's own address, and "dev", none. */
static void take_gateway(struct reading *in, struct ip *gateway, const char *key, uint8_t family, const char *value)
{
	struct ip ip;

	gateway->family = 0;
	if (!*value || strcmp(value, "auto") == 0 || strcmp(value, "dev") == 0)
		return;
	if (ip_parse(value, &ip) == 0 && ip.family == family)
		*gateway = ip;
	else
		note(in, key, "bad value", value, "the gateway is skipped");
}

static void take_net_key(struct reading *in, struct net *net, const char *whole, const char *key, char *value)
{
	net->present = true;
	if (strcmp(key, "type") == 0) {
		if (text_copy(net->type, sizeof(net->type), value) < 0)
			(void)text_copy(net->type, sizeof(net->type), "?");
	} else if (strcmp(key, "link") == 0) {
		net->bad_link = !take_name(value, net->link);
		if (net->bad_link)
			note(in, whole, "bad value", value, "the NIC is skipped");
	} else if (strcmp(key, "veth.pair") == 0) {
		if (!take_name(value, net->pair))
			note(in, whole, "bad value", value, "the port's name is skipped");
	} else if (strcmp(key, "veth.mode") == 0) {
		net->router = strcmp(value, "router") == 0;
	} else if (strcmp(key, "l2proxy") == 0) {
		net->l2proxy = strcmp(value, "1") == 0;
	} else if (strcmp(key, "ipv4.address") == 0) {
		take_address(in, net, whole, AF_INET, value);
	} else if (strcmp(key, "ipv6.address") == 0) {
		take_address(in, net, whole, AF_INET6, value);
	} else if (strcmp(key, "ipv4.gateway") == 0) {
		take_gateway(in, &net->gateway, whole, AF_INET, value);
	} else if (strcmp(key, "ipv6.gateway") == 0) {
		take_gateway(in, &net->gateway6, whole, AF_INET6, value);
	}
}

/* "lxc.net.<N>.<key>"; "lxc.net" and "lxc.net.<N>" alone clear. */
static void take_net(struct reading *in, const char *whole, const char *rest, char *value)
{
	char number[8];
	size_t len = strcspn(rest, ".");
	uint32_t n;

	if (!*rest) {
		memset(in->nets, 0, sizeof(in->nets));
		return;
	}
	if (len >= sizeof(number))
		return;
	memcpy(number, rest, len);
	number[len] = '\0';
	if (parse_u32(number, 0, GUEST_NICS_MAX - 1, &n) < 0)
		return;
	if (rest[len])
		take_net_key(in, &in->nets[n], whole, rest + len + 1, value);
	else
		memset(&in->nets[n], 0, sizeof(in->nets[n]));
}

/* --- lines ---------------------------------------------------------------------------------------------------- */

/* The program's own name as the last part of the command's path. */
static bool names_us(const char *value)
{
	size_t len = strcspn(value, " \t");
	static const char name[] = "/guestarp-lxc";

	return len >= sizeof(name) - 1 && strncmp(value + len - (sizeof(name) - 1), name, sizeof(name) - 1) == 0;
}

static void take_line(struct reading *in, const char *key, char *value)
{
	if (strcmp(key, "lxc.net") == 0 || strncmp(key, "lxc.net.", 8) == 0)
		take_net(in, key, key[7] ? key + 8 : "", value);
	else if (strcmp(key, "lxc.include") == 0)
		take_include(in, key, value);
	/* In an included file it is every container's: the package's own line is one. */
	else if (in->depth == 1 && strcmp(key, "lxc.hook.start-host") == 0 && names_us(value))
		in->hooked = true;
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

/* Line by line, what is included in the place of the line that includes it. */
static void take_sources(struct reading *in)
{
	while (in->depth > 0) {
		struct source *source = current(in);
		char *line = source->dir ? NULL : strsep(&source->rest, "\n");
		char *key;
		char *value;

		if (source->dir ? !include_next(in) : !line) {
			pop(in);
			continue;
		}
		source->line++;
		if (line && split_line(line, &key, &value))
			take_line(in, key, value);
	}
}

/*
 * A veth without a bridge is routed to; in router mode by LXC itself. Without all that is included a bridge may only be
 * unknown, and a host route towards a bridge's port cuts the guest off.
 */
static bool is_routed_to(const struct reading *in, const struct net *net)
{
	if (!net->pair[0] || (net->type[0] && strcmp(net->type, "veth") != 0))
		return false;
	return net->router || (!net->link[0] && !net->bad_link && !in->incomplete);
}

static void take_nets(struct guest *guest, const struct reading *in)
{
	for (unsigned i = 0; i < GUEST_NICS_MAX; i++) {
		const struct net *net = &in->nets[i];
		struct guest_nic *nic = net->present ? guest_add_nic(guest, i) : NULL;
		bool veth = !net->type[0] || strcmp(net->type, "veth") == 0;

		if (!nic)
			continue;
		memcpy(nic->port, net->pair, IFNAMSIZ);
		if (is_routed_to(in, net) && !guest->route[0]) {
			memcpy(guest->route, net->pair, IFNAMSIZ);
			guest->platform_routes = net->router;
		}
		nic->skipped = net->bad_link && !net->router;
		if (nic->skipped)
			continue;
		nic->routed = net->router || net->l2proxy;
		/* The link of other types, and of a routed NIC, is a device beside it and no bridge. */
		if (veth && !nic->routed)
			memcpy(nic->bridge, net->link, IFNAMSIZ);
		nic->gateway = net->gateway;
		nic->gateway6 = net->gateway6;
		for (size_t j = 0; j < net->ip_count; j++)
			(void)guest_add_nic_ip(guest, nic, &net->ips[j]);
	}
}

static void parse(struct guest *guest, struct reading *in, const char *path, char *text)
{
	struct source *source;

	guest_clear(guest);
	guest->route[0] = '\0';
	guest->platform_routes = false;
	in->notes = &guest->notes;
	source = push(in, path);
	if (source)
		source->rest = text;
	take_sources(in);
	guest->hooked = in->hooked;
	take_nets(guest, in);
}

void lxc_parse(struct guest *guest, const char *path, char *text)
{
	struct reading in = { .below_root = true };

	parse(guest, &in, path, text);
}

/* "<lxcpath>/<name>/config"; "" for another file, which tells nothing of it. */
static void lxcpath_of(const char *name, const char *config, char *path, size_t size)
{
	char usual[4096];
	char end[GUEST_ID_SIZE + 16];
	size_t end_len = (size_t)snprintf(end, sizeof(end), "/%s/config", name);
	size_t len = strlen(config);

	path[0] = '\0';
	if (end_len >= sizeof(end) || config[0] != '/' || len <= end_len || len >= size ||
	    strcmp(config + len - end_len, end) != 0)
		return;
	len -= end_len;
	while (len > 1 && config[len - 1] == '/')
		len--;
	memcpy(path, config, len);
	path[len] = '\0';
	/* The usual one also below GUESTARP_ROOT. */
	if (path_full(GUEST_LXCPATH, usual, sizeof(usual), NULL) == 0 && strcmp(path, usual) == 0)
		path[0] = '\0';
}

/* As guest_init() takes it. False where there is no room. */
static bool append_path(char *id, size_t size, const char *path)
{
	for (const char *p = path; *p; p++) {
		bool plain = isalnum((unsigned char)*p) || *p == '/' || strchr(GUEST_PUNCTUATION, *p);

		if (!text_append(id, size, plain ? "%c" : "%%%02X", (unsigned char)*p))
			return false;
	}
	return true;
}

int lxc_identify(struct guest *guest, const char *name, const char *config, struct err *err)
{
	char path[4096];
	char id[GUEST_ID_SIZE] = "";
	char shown[80];

	lxcpath_of(name, config, path, sizeof(path));
	if (!path[0] || strcmp(path, GUEST_LXCPATH) == 0)
		return guest_init(guest, GUEST_LXC, name, err);
	if (strlen(path) >= GUEST_PATH_SIZE || !text_append(id, sizeof(id), "%s@", name) ||
	    !append_path(id, sizeof(id), path))
		return err_set(err, EINVAL, "%s: too long for an lxcpath (%d bytes)",
			       text_shown(path, shown, sizeof(shown)), GUEST_PATH_SIZE - 1);
	return guest_init(guest, GUEST_LXC, id, err);
}

bool lxc_had_name(const struct guest *guest, struct guest *ret_former)
{
	char place[sizeof(GUEST_LXCPATH) + GUEST_WORD_SIZE + 16];

	if (!guest->lxcpath[0])
		return false;
	(void)snprintf(place, sizeof(place), GUEST_LXCPATH "/%s/config", guest->alias);
	return !path_exists(place) && guest_init(ret_former, GUEST_LXC, guest->alias, NULL) == 0;
}

int lxc_read(struct guest *guest, const char *path, struct err *err)
{
	char place[GUEST_PATH_SIZE + GUEST_WORD_SIZE + 16];
	bool given = path || guest->lxcpath[0];
	CLEANUP(free) char *text = NULL;
	struct reading in = { .below_root = !given };
	size_t len;
	int r;

	(void)snprintf(place, sizeof(place), "%s/%s/config", guest->lxcpath[0] ? guest->lxcpath : GUEST_LXCPATH,
		       guest_lxc_name(guest));
	if (!path)
		path = place;
	r = given ? file_read_given(path, FILE_LINKED, &text, &len, err)
		  : file_read(path, FILE_LINKED, &text, &len, err);
	if (r < 0)
		return r;
	parse(guest, &in, path, text);
	return 0;
}
