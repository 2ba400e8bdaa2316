/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The platforms' own processes and lists, then devices as evidence. */

#include "host/running.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "guest/lxc.h"
#include "kernel/link.h"
#include "kernel/monitor.h"

#define PATH_SIZE 4096

/* The socket of LXC's monitor: lxc_make_abstract_socket_name() in its commands_utils.c. */
static enum monitor ask_lxc(const char *lxcpath, const char *container)
{
	char name[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char full[PATH_SIZE];
	const char *path = lxcpath[0] ? lxcpath : GUEST_LXCPATH;
	struct stat st = { .st_uid = 0 };

	/* One that is not usual is as LXC has it. */
	if (lxcpath[0])
		(void)stat(lxcpath, &st);
	else if (path_full(path, full, sizeof(full), NULL) == 0)
		(void)stat(full, &st);
	if (snprintf(name, sizeof(name), "%s/%s/command", path, container) >= (int)sizeof(name) - 2) {
		uint64_t hash = text_hash(text_hash(text_hash(TEXT_HASH_START, path), "/"), container);

		(void)snprintf(name, sizeof(name), "lxc/%016" PRIx64 "/command", hash);
	}
	return monitor_listens(name, st.st_uid);
}

/*
 * Versions before 0.2 recorded every container by its name alone. One of which nothing is in the usual place may run in
 * another, until its own next event gives the record its whole name.
 */
static enum monitor ask_elsewhere(const struct guest *guest)
{
	char end[GUEST_ID_SIZE + 16];
	struct guest read;

	if (guest->lxcpath[0] || guest_init(&read, GUEST_LXC, guest->id, NULL) < 0 ||
	    lxc_read(&read, NULL, NULL) != -ENOENT)
		return MONITOR_NONE;
	(void)snprintf(end, sizeof(end), "/%s/command", guest->id);
	return monitor_listens_anywhere(end);
}

static enum monitor ask_qemu(const char *id)
{
	char path[GUEST_ID_SIZE + 32];

	(void)snprintf(path, sizeof(path), "/run/qemu-server/%s.pid", id);
	return monitor_locks(path, "-id", id);
}

/* OpenVZ's own list of what runs: "101 0 12 192.0.2.7" a line. Later kernels have a cgroup for each. */
static enum monitor ask_vz(const char *id)
{
	char path[GUEST_ID_SIZE + 32];
	CLEANUP(free) char *text = NULL;
	char *rest;
	char *line;
	size_t len;

	if (access("/proc/vz/veinfo", F_OK) == 0) {
		if (file_read_given("/proc/vz/veinfo", FILE_ANY, &text, &len, NULL) < 0)
			return MONITOR_UNKNOWN;
		rest = text;
		while ((line = strsep(&rest, "\n")) != NULL) {
			char *word = line + strspn(line, " ");

			if (strncmp(word, id, strlen(id)) == 0 && word[strlen(id)] == ' ')
				return MONITOR_THERE;
		}
		return MONITOR_NONE;
	}
	if (access("/sys/fs/cgroup/ve", F_OK) < 0)
		return MONITOR_UNKNOWN;
	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/ve/%s", id);
	return access(path, F_OK) == 0 ? MONITOR_THERE : MONITOR_NONE;
}

typedef int (*exists_fn)(void *arg, const char *name, bool *ret_exists, struct err *err);

/* By netlink: an ioctl with a device's name has the kernel run modprobe for one that does not exist. */
static int exists_now(void *arg, const char *name, bool *ret_exists, struct err *err)
{
	struct link link;
	int r = link_get(arg, name, &link, err);

	*ret_exists = r == 0;
	return r == -ENODEV ? 0 : r;
}

static int exists_in_list(void *arg, const char *name, bool *ret_exists, struct err *err)
{
	const struct running_devices *devices = arg;

	(void)err;
	*ret_exists = devices->exists(name, devices->arg);
	return 0;
}

/* A port that is there: no process may be found of one that is started in another way, or stops just now. */
static int ask_ports(const struct guest *guest, exists_fn exists, void *arg, bool *ret_there, struct err *err)
{
	static const char *const prefixes[] = { "tap", "veth" };
	int r = 0;

	*ret_there = false;
	for (size_t i = 0; r == 0 && !*ret_there && i <= guest->nic_count; i++) {
		/* Also the first one, whatever the configuration says: it may just have been changed. */
		const struct guest_nic *nic = i < guest->nic_count ? &guest->nics[i] : NULL;

		if (nic && nic->port[0])
			r = exists(arg, nic->port, ret_there, err);
		for (size_t j = 0; guest->kind == GUEST_PVE && r == 0 && !*ret_there && j < 2; j++) {
			char name[IFNAMSIZ];

			if (snprintf(name, sizeof(name), "%s%si%u", prefixes[j], guest->id, nic ? nic->index : 0) <
			    (int)sizeof(name))
				r = exists(arg, name, ret_there, err);
		}
	}
	return r;
}

static enum monitor ask_platform(const struct guest *guest)
{
	enum monitor answer;

	switch (guest->kind) {
	case GUEST_PVE:
		answer = ask_lxc("", guest->id);
		return answer == MONITOR_NONE ? ask_qemu(guest->id) : answer;
	case GUEST_LXC:
		answer = ask_lxc(guest->lxcpath, guest_lxc_name(guest));
		return answer == MONITOR_NONE ? ask_elsewhere(guest) : answer;
	default:
		return ask_vz(guest->id);
	}
}

bool running_is_vm(const char *vmid)
{
	return ask_qemu(vmid) == MONITOR_THERE;
}

/* LXC's own word for its own containers is all that counts: its ports' names are the administrator's. */
static bool need_ports(const struct guest *guest, enum monitor answer)
{
	return answer != MONITOR_THERE && guest->kind != GUEST_LXC;
}

static enum running judge(enum monitor answer, bool there)
{
	if (answer == MONITOR_THERE || there)
		return RUNNING_YES;
	return answer == MONITOR_NONE ? RUNNING_NO : RUNNING_UNKNOWN;
}

int running_ask(const struct guest *guest, enum running *ret_running, struct err *err)
{
	enum monitor answer = ask_platform(guest);
	CLEANUP(netlink) struct netlink *nl = NULL;
	bool there = false;
	int r = 0;

	if (need_ports(guest, answer)) {
		r = netlink_open(&nl, err);
		if (r == 0)
			r = ask_ports(guest, exists_now, nl, &there, err);
	}
	if (r == 0)
		*ret_running = judge(answer, there);
	return r;
}

enum running running_ask_listed(const struct guest *guest, const struct running_devices *devices)
{
	struct running_devices list = *devices;
	enum monitor answer = ask_platform(guest);
	bool there = false;

	if (need_ports(guest, answer))
		(void)ask_ports(guest, exists_in_list, &list, &there, NULL);
	return judge(answer, there);
}

bool running_parse_port(const char *name, struct guest *ret_guest, unsigned *ret_nic, bool *ret_firewall_bridge)
{
	static const char *const prefixes[] = { "tap", "veth", "fwbr" };

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(prefixes[i]);
		const char *digits = name + len;
		char vmid[IFNAMSIZ];
		size_t n;
		uint32_t nic;

		if (strncmp(name, prefixes[i], len) != 0)
			continue;
		n = strspn(digits, "0123456789");
		if (n >= sizeof(vmid) || digits[n] != 'i' || parse_u32(digits + n + 1, 0, GUEST_NICS_MAX - 1, &nic) < 0)
			return false;
		memcpy(vmid, digits, n);
		vmid[n] = '\0';
		*ret_nic = nic;
		*ret_firewall_bridge = i == 2;
		return guest_init(ret_guest, GUEST_PVE, vmid, NULL) == 0;
	}
	return false;
}
