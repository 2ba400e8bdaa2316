/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenVZ's and Virtuozzo's hook in four roles, told apart by argv: EXTERNAL_SCRIPT of vznetcfg, chooser of
 * NEIGHBOUR_DEVS, action script, wrapper of the scripts that have no hook of their own. EXTERNAL_SCRIPT alone,
 * which the wiki's page on ARP flux hoped for, is never called for a venet address.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/script.h"
#include "base/spawn.h"
#include "base/text.h"
#include "event/event.h"
#include "event/known.h"
#include "event/sync.h"
#include "event/vz_call.h"
#include "guest/guest.h"
#include "guest/vz.h"
#include "guest/vz_external.h"
#include "guest/vz_netif.h"
#include "host/record.h"
#include "kernel/link.h"
#include "kernel/plug.h"
#include "kernel/route.h"
#include "plan/choice.h"
#include "plan/plan.h"
#include "policy/policy.h"

#define PATH_SIZE   4096
#define VZ_IP_INUSE 78  /* vzctl(8), EXIT STATUS */
#define SCRIPT_S    600 /* vzctl asks a second for each of the addresses that a guest may have */

/* A script's, as a shell has it. */
static int status_of(int spawned)
{
	return spawned >= SPAWN_SIGNAL ? 128 + spawned - SPAWN_SIGNAL : spawned;
}

/* --- EXTERNAL_SCRIPT: vznetcfg execs it in place of its own work ---------------------------------------------- */

/* A veth without a bridge is routed to by the host, by us: vznetcfg would not have done that. */
static bool up_routed(struct vz_call *call, struct guest *routed, const char *port)
{
	if (ifname_copy(routed->route, port) < 0)
		return false;
	return vz_call_say(call, "up", event_up(&call->turn, routed), true);
}

/* The container with that device's addresses alone. Returns whether there are any to be routed to it, by us. */
static bool take_routed_nic(const struct vz_call *call, const struct guest_nic *nic, struct guest *ret_routed)
{
	struct ip buffer[GUEST_IPS_MAX];
	size_t count = 0;

	guest_copy(ret_routed, &call->turn.guest);
	ret_routed->ip_count = nic ? nic->ip_count : 0;
	for (size_t i = 0; i < ret_routed->ip_count; i++)
		ret_routed->ips[i] = nic->ips[i].ip;
	if (call->managed)
		(void)plan_ips(ret_routed, &call->turn.policy, buffer, &count);
	return count > 0;
}

/* The script that the host had before us, as vznetcfg would have run it: it plugs, or does whatever else it was for. */
static int run_external(struct vz_call *call, const char *script)
{
	char path[PATH_SIZE];
	char *argv[] = { path, call->argv[1], call->argv[2], call->argv[3], NULL };
	int r = path_full(script, path, sizeof(path), &call->turn.err);

	return r < 0 ? r : spawn_wait(path, argv, &call->turn.err);
}

/* Nothing says where the port belongs. vznetcfg brings it up and no more; so do we, but not without a word. */
static int plug_nowhere(struct vz_call *call, const char *port)
{
	struct err *err = &call->turn.err;
	char script[VZ_EXTERNAL_SIZE];
	int r = vz_external(script, err);

	if (r == 0 && script[0])
		r = run_external(call, script);
	else if (r == 0)
		r = err_set(err, ENOENT, "%s is in no bridge: NETIF has no bridge= for it", port);
	if (r >= 0)
		return status_of(r);
	(void)vz_call_say(call, "", r, false);
	return vz_call_say(call, "", plug_port(port, NULL, err), call->managed) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int plug(struct vz_call *call, const char *port, const char *bridge)
{
	const struct guest_nic *nic;
	struct guest routed;
	bool nowhere;
	bool stop = false;

	if (call->managed)
		vz_call_begin(call, TURN_STARTS);
	nic = vz_netif_find(&call->turn.guest, port);
	if (!bridge && nic && nic->bridge[0])
		bridge = nic->bridge;
	nowhere = !bridge && !take_routed_nic(call, nic, &routed);
	if (call->managed)
		stop = vz_call_prepare(call, &call->turn.guest, false, true);
	if (!stop && !nowhere)
		stop = vz_call_say(call, "", plug_port(port, bridge, &call->turn.err), call->managed);
	if (!stop && !nowhere && !bridge)
		stop = up_routed(call, &routed, port);
	vz_call_end(call);
	if (!stop && nowhere)
		return plug_nowhere(call, port);
	return stop ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int role_init(struct vz_call *call)
{
	return plug(call, call->argv[3], NULL);
}

static int role_addif(struct vz_call *call)
{
	return plug(call, call->argv[2], call->argv[3]);
}

static int role_delif(struct vz_call *call)
{
	return vz_call_say(call, "", plug_out(call->argv[2], &call->turn.err), false) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- chooser: NEIGHBOUR_DEVS="$(vznet-custom devices)" in vz.conf --------------------------------------------- */

/*
 * The script that sources vz.conf is our parent; its environment is the same for additions and deletions. Else: the
 * container stops, or every address is one that is known to be up (--ipadd names new ones only). */
static bool is_deletion(const struct guest *named, const struct known *known)
{
	struct guest left;

	if (strcmp(vz_env("VE_STATE"), "starting") == 0)
		return false;
	if (script_calls("net_del") || strcmp(vz_env("VE_STATE"), "stopping") == 0)
		return true;
	if (script_calls("net_add"))
		return false;
	guest_copy(&left, named);
	for (size_t i = 0; i < known->ip_count; i++)
		guest_remove_ip(&left, &known->ips[i]);
	return left.ip_count == 0;
}

/* vzctl takes its own entries from the devices of the record, too: policy may have changed since they were made. */
static void print_devices(const struct vz_call *call, bool ours, const struct known *known)
{
	const char *fallback = call->argc > 2 ? call->argv[2] : "all";
	const char *device = plan_device(&call->turn.guest, &call->turn.policy);

	if (!ours || !call->managed || call->turn.policy.broken || !device[0]) {
		(void)puts(fallback);
		return;
	}
	(void)printf("list:%s", device);
	for (size_t i = 0; i < known->device_count; i++) {
		if (strcmp(known->devices[i], device) != 0)
			(void)printf(" %s", known->devices[i]);
	}
	(void)putchar('\n');
}

/* Under the lock. ours: there is room for the addresses. Returns whether they are to be added. */
static bool choose(struct vz_call *call, struct guest *named, bool ours)
{
	struct turn *turn = &call->turn;
	struct known known;

	if (known_read(turn, &known, &turn->err) < 0)
		(void)vz_call_say(call, "", -turn->err.code, false);
	if (is_deletion(named, &known)) {
		print_devices(call, ours, &known);
		if (!ours)
			vz_call_take_known(call, "IP_ADDR", &known, named);
		vz_call_remove(call, named);
		if (call->managed)
			vz_call_remove_unrecorded(call, named, "");
		return false;
	}
	known.device_count = 0;
	print_devices(call, ours, &known);
	/* vzctl probes the listed device itself. */
	return ours && call->managed && !vz_call_prepare(call, named, false, false);
}

/* Those of the addresses that vzctl has routed: the first thing that it does behind its duplicate check. */
static bool take_routed(struct vz_call *call, const struct guest *named, struct guest *ret_routed)
{
	struct turn *turn = &call->turn;
	struct link venet;

	guest_copy(ret_routed, named);
	ret_routed->ip_count = 0;
	if (turn_ask(turn) < 0 || link_get(turn->nl, VZ_VENET, &venet, &turn->err) < 0)
		return false;
	for (size_t i = 0; i < named->ip_count; i++) {
		const struct host_route route = { .ifindex = venet.ifindex, .ip = named->ips[i] };
		bool has = false;

		if (route_has_host(turn->nl, &route, &has, &turn->err) == 0 && has)
			(void)guest_add_ip(ret_routed, &named->ips[i]);
	}
	return true;
}

/* vps-net_add has ended. It has added all of its addresses, or, of what it leaves behind when it fails, some. */
static void settle(struct vz_call *call, const struct guest *named)
{
	struct guest routed;

	if (!call->managed)
		return;
	if (!take_routed(call, named, &routed))
		(void)vz_call_say(call, "", -call->turn.err.code, false);
	else if (routed.ip_count == named->ip_count)
		(void)vz_call_add(call, &routed, VZ_VENET, false);
	else if (routed.ip_count > 0)
		vz_call_remove_unrecorded(call, &routed, VZ_VENET);
}

/* The child's part. ready: closed when the lock is its. */
static _Noreturn void settle_and_end(struct vz_call *call, const struct guest *named, pid_t pid, int ready)
{
	int script = script_open(pid);

	vz_call_begin(call, TURN_STARTS);
	close(ready);
	if (call->turn.locked == 0 && script >= 0 && script_wait(script, SCRIPT_S))
		settle(call, named);
	event_done(&call->turn);
	process_end(EXIT_SUCCESS);
}

/*
 * The script is about to ask whether the addresses are in use, a second for each, and hears our frames as those of
 * another computer. So a child binds and announces, when that has ended well. Until then the guest's lock is its: what
 * comes next for the container (a failed start's umount) waits for it. We return when it has the lock.
 */
static void settle_later(struct vz_call *call, const struct guest *named)
{
	pid_t script = script_calls("net_add") ? script_find() : 0;
	int ends[2];
	char byte;
	int r;

	if (script <= 0)
		return;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		(void)vz_call_say(call, "", err_errno(&call->turn.err, errno, "pipe"), false);
		return;
	}
	(void)fflush(stdout);
	r = process_detach(ends[1], &call->turn.err);
	if (r == 1)
		settle_and_end(call, named, script, ends[1]);
	if (r < 0)
		(void)vz_call_say(call, "", r, false);
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(ends[0]);
}

static int role_devices(struct vz_call *call)
{
	const struct known none = { .ip_count = 0 };
	struct guest named;
	bool adds;
	bool ours;

	call->quiet = true;
	ours = vz_call_take_ips(call, "IP_ADDR", &named);
	/* vz.conf is sourced by other scripts, too, and most containers are none of ours: nothing to do but answer. */
	if ((ours && named.ip_count == 0) || !call->turn.name[0] ||
	    (!call->managed && !record_exists(&call->turn.guest))) {
		print_devices(call, ours, &none);
		return EXIT_SUCCESS;
	}
	vz_call_begin(call, call->managed ? TURN_STARTS : TURN_REMOVES);
	adds = choose(call, &named, ours);
	vz_call_end(call);
	if (adds)
		settle_later(call, &named);
	return EXIT_SUCCESS;
}

/* --- action scripts: vps.mount, 101.umount, ... ----------------------------------------------------------------- */

/* Also called for a plain `vzctl mount`: only what is the host's is done, nothing of the container's. */
static int role_mount(struct vz_call *call)
{
	bool stop;

	if (!call->managed)
		return EXIT_SUCCESS;
	vz_call_begin(call, TURN_STARTS);
	stop = vz_call_prepare(call, &call->turn.guest, false, true);
	vz_call_end(call);
	return stop ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* After a stop, a failed start, a halt from inside: vzctl may have left anything behind. Never keeps it mounted. */
static int role_umount(struct vz_call *call)
{
	if (!call->turn.name[0])
		return EXIT_SUCCESS;
	vz_call_begin(call, TURN_REMOVES);
	vz_call_remove_all(call);
	vz_call_end(call);
	return EXIT_SUCCESS;
}

/* --- wrappers: the original does its work, then we do ours -------------------------------------------------------- */

/* script.d/NAME stands before scripts/NAME (libvzctl); elsewhere dpkg-divert has moved the original to NAME.distrib. */
static int run_original(struct vz_call *call)
{
	const char *self = call->argv[0];
	const char *name = strrchr(self, '/');
	const char *script_d = "/script.d";
	size_t dir = name ? (size_t)(name - self) : 0;
	char path[PATH_SIZE];
	int n;

	if (dir >= strlen(script_d) && strncmp(name - strlen(script_d), script_d, strlen(script_d)) == 0)
		n = snprintf(path, sizeof(path), "%.*s/scripts%s", (int)(dir - strlen(script_d)), self, name);
	else
		n = snprintf(path, sizeof(path), "%s.distrib", self);
	if (self[0] != '/' || n >= (int)sizeof(path))
		return err_set(&call->turn.err, EINVAL, "'%s' is no absolute path", self);
	return spawn_wait(path, call->argv, &call->turn.err);
}

/* What one run of a wrapped script adds and takes away. */
struct change {
	const char *added;
	const char *removed;
	const char *route;
	bool all_removed;
};

/* Before the script. What vzctl would ask on every device is asked on the chosen one, if policy wants to know. */
static bool before_script(struct vz_call *call, const struct change *change)
{
	struct guest added;
	bool stop = false;

	if (!vz_call_take_ips(call, change->added, &added) || !call->managed || added.ip_count == 0)
		return false;
	vz_call_begin(call, TURN_STARTS);
	if (call->managed)
		stop = vz_call_prepare(call, &added, strcmp(vz_env("SKIP_ARPDETECT"), "yes") != 0, true);
	vz_call_end(call);
	return stop;
}

static void take_removed(struct vz_call *call, const struct change *change, struct guest *ret_removed)
{
	struct known known;

	if (vz_call_take_ips(call, change->removed, ret_removed))
		return;
	if (known_read(&call->turn, &known, &call->turn.err) < 0)
		(void)vz_call_say(call, "", -call->turn.err.code, false);
	vz_call_take_known(call, change->removed, &known, ret_removed);
}

/* After it, under the lock. status is the script's; returns whether the start is to be stopped. */
static bool after_script(struct vz_call *call, const struct change *change, int status)
{
	struct guest added;
	struct guest removed;

	(void)vz_call_take_ips(call, change->added, &added);
	take_removed(call, change, &removed);
	if (change->all_removed)
		vz_call_remove_all(call);
	else if (removed.ip_count > 0)
		vz_call_remove(call, &removed);
	/*
	 * vzctl takes the addresses from a container that does not start, but not the entries and routes that were made
	 * before. An address that another container has (78) is that one's.
	 */
	if (call->managed && added.ip_count > 0 && status == 0 && vz_call_add(call, &added, change->route, true)) {
		vz_call_remove(call, &added);
		vz_call_remove_unrecorded(call, &added, change->route);
		return true;
	}
	if (call->managed && added.ip_count > 0 && status != 0 && status != VZ_IP_INUSE)
		vz_call_remove_unrecorded(call, &added, change->route);
	return false;
}

static int wrap(struct vz_call *call, const struct change *change)
{
	bool stop = false;
	int status;

	if (before_script(call, change))
		return EXIT_FAILURE;
	status = run_original(call);
	if (status < 0) {
		(void)vz_call_say(call, "", status, false);
		return EXIT_FAILURE;
	}
	if (call->turn.name[0]) {
		vz_call_begin(call, call->managed && *change->added ? TURN_STARTS : TURN_REMOVES);
		stop = after_script(call, change, status);
		vz_call_end(call);
	}
	return stop ? EXIT_FAILURE : status_of(status);
}

static int role_net_add(struct vz_call *call)
{
	const struct change change = { .added = "IP_ADDR", .removed = "", .route = VZ_VENET };

	return wrap(call, &change);
}

static int role_net_del(struct vz_call *call)
{
	const struct change change = { .added = "", .removed = "IP_ADDR" };

	return wrap(call, &change);
}

/* libvzctl 8 and 9: one script for both, and a veth in place of venet0. */
static int role_netns_dev_add(struct vz_call *call)
{
	bool routed = strcmp(vz_env("NETWORK_TYPE"), "routed") == 0;
	const struct change change = {
		.added = routed ? "IP_ADD" : "",
		.removed = routed ? "IP_DEL" : "",
		.route = vz_env("HNAME"),
		.all_removed = routed && strcmp(vz_env("IP_DEL"), "all") == 0,
	};

	return wrap(call, &change);
}

static int role_stop(struct vz_call *call)
{
	const struct change change = { .added = "", .removed = "", .all_removed = true };

	return wrap(call, &change);
}

/* ------------------------------------------------------------------------------------------------------------------ */

struct role {
	const char *word;
	const char *help;
	int (*run)(struct vz_call *call);
	int min_args;   /* argc at least */
	bool aborts;    /* its failure keeps the container from starting */
	bool tells;     /* vz_call's */
	bool will_exec; /* the original script, or the one before us, with all its rights */
};

/* Told by argv[1] ... */
static const struct role commands[] = {
	{ "init", "init veth HOSTIF      EXTERNAL_SCRIPT of vzctl", role_init, 4, true, false, true },
	{ "addif", "addif HOSTIF NETWORK  EXTERNAL_SCRIPT of libvzctl", role_addif, 4, true, false, false },
	{ "delif", "delif HOSTIF          the same, taken out of its bridge", role_delif, 3, false, false, false },
	{ "devices", "devices [FALLBACK]    chooser: NEIGHBOUR_DEVS in vz.conf", role_devices, 2, false, true, false },
};

/* ... or by the name that it was called by, up to its last dot. */
static const struct role names[] = {
	{ "mount", "mount, vps.mount, CTID.mount     action script", role_mount, 1, true, false, false },
	{ "umount", "umount, vps.umount, CTID.umount  action script", role_umount, 1, false, false, false },
	{ "vps-net_add", "vps-net_add       wrapper, vzctl before 4.9", role_net_add, 1, true, true, true },
	{ "vps-net_del", "vps-net_del       wrapper, vzctl before 4.9", role_net_del, 1, false, true, true },
	{ "vz-net_add", "vz-net_add        wrapper, Virtuozzo 7", role_net_add, 1, true, true, true },
	{ "vz-net_del", "vz-net_del        wrapper, Virtuozzo 7", role_net_del, 1, false, true, true },
	{ "vz-netns_dev_add", "vz-netns_dev_add  wrapper, Virtuozzo 8 and 9", role_netns_dev_add, 1, true, true, true },
	{ "vz-stop", "vz-stop           wrapper, Virtuozzo 7 to 9", role_stop, 1, false, true, true },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct role *find(const struct role *table, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(table[i].word, word) == 0)
			return &table[i];
	}
	return NULL;
}

static void usage(void)
{
	(void)printf("usage: vznet-custom WORD ...\n\nOpenVZ and Virtuozzo call it, see vznet-custom(8):\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		(void)printf("  %s\n", commands[i].help);
	(void)printf("\nor, by a link of the name:\n");
	for (size_t i = 0; i < COUNT(names); i++)
		(void)printf("  %s\n", names[i].help);
}

static const struct role *find_role(int argc, char *argv[])
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	const char *dot = strrchr(name, '.');
	const struct role *role = find(names, COUNT(names), dot ? dot + 1 : name);

	if (!role && argc > 1)
		role = find(commands, COUNT(commands), argv[1]);
	return role && argc >= role->min_args ? role : NULL;
}

int main(int argc, char *argv[])
{
	static struct vz_call call;
	const struct role *role;
	int status;

	process_begin();
	if (log_help(argc, argv, "vznet-custom", usage))
		return EXIT_SUCCESS;
	role = find_role(argc, argv);
	if (!role) {
		log_line(NULL, "vznet-custom: called with no role that it knows (see --help)");
		return 2;
	}
	call.argc = argc;
	call.argv = argv;
	vz_call_open(&call, role->word, role->aborts, role->tells);
	/* Without our rights cut down the platform's own work still has to be done. */
	if (privilege_drop(role->will_exec, &call.turn.err) < 0)
		(void)vz_call_say(&call, "", -call.turn.err.code, false);
	status = call.refused ? EXIT_FAILURE : role->run(&call);
	event_done(&call.turn);
	process_end(status);
}
