/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenVZ's and Virtuozzo's hook in four roles, told apart by argv: EXTERNAL_SCRIPT of vznetcfg, chooser of
 * NEIGHBOUR_DEVS, action script, wrapper of the scripts that have no hook of their own. EXTERNAL_SCRIPT alone,
 * which the wiki's page on ARP flux hoped for, is never called for a venet address.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/spawn.h"
#include "base/text.h"
#include "event/event.h"
#include "event/known.h"
#include "guest/guest.h"
#include "guest/vz.h"
#include "guest/vz_ips.h"
#include "host/record.h"
#include "kernel/plug.h"
#include "plan/choice.h"
#include "plan/plan.h"
#include "policy/policy.h"

#define VENET       "venet0"
#define PATH_SIZE   4096
#define VZ_IP_INUSE 78 /* vzctl(8), EXIT STATUS */

/* One call: what vzctl said, and what came of it. */
struct call {
	int argc;
	char **argv;
	enum vz_family family;
	struct turn turn; /* its guest as its file has it */
	bool readable;    /* VEID names a container whose file could be read */
	bool managed;
	bool quiet;   /* say failures only */
	bool tells;   /* the role is about addresses: it says it where there are too many */
	bool refused; /* policy cannot be read, and says that nothing may start then */
};

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* Returns whether the failure is to stop the start. */
static bool say(struct call *call, const char *done, int result, bool may_abort)
{
	if (call->quiet)
		call->turn.outcome.done[0] = '\0';
	return turn_say(&call->turn, done, result, may_abort);
}

/* More addresses than there is room for: all of them are left to vzctl. Said once. */
static void tell_many(struct call *call, const struct err *failure)
{
	if (!call->tells)
		return;
	call->tells = false;
	call->turn.err = *failure;
	(void)say(call, "", -failure->code, false);
}

/* The container's file and its policy. */
static int read_files(struct call *call)
{
	struct turn *turn = &call->turn;
	int read = vz_read(&turn->guest, &turn->err);
	struct err failure = turn->err;
	bool covered;
	int r;

	if (read < 0 && read != -E2BIG)
		(void)say(call, "", read, false);
	call->readable = read == 0;
	r = turn_policy(turn);
	covered = policy_manages(&turn->policy, &turn->guest);
	call->managed = call->readable && covered;
	if (read == -E2BIG && covered)
		tell_many(call, &failure);
	return r;
}

/* VEID, its file, its policy. What fails here is said; the platform's own work has to go on without us. */
static void open_call(struct call *call, const char *word, bool aborts, bool tells)
{
	struct turn *turn = &call->turn;
	int r;

	call->tells = tells;
	call->family = vz_family();
	r = guest_init(&turn->guest, GUEST_VZ, env("VEID"), &turn->err);
	turn_init(turn, &turn->guest, word);
	turn_takes_some(turn);
	if (r < 0) {
		turn->name[0] = '\0';
		/* vz.conf is sourced by scripts that are about no container. */
		if (*env("VEID"))
			(void)say(call, "", r, false);
		return;
	}
	r = read_files(call);
	if (r < 0)
		call->refused = say(call, "", r, aborts && call->managed && turn->policy.broken);
}

/*
 * The files once more, under the lock. Not while one of the platform's scripts runs: vz.conf, which it sources, calls
 * us from within.
 */
static void begin(struct call *call, enum turn_kind kind)
{
	struct err before = call->turn.err;
	int r;

	call->turn.claims = true;
	turn_lock(&call->turn, kind);
	r = read_files(call);
	if (r < 0 && strcmp(before.text, call->turn.err.text) != 0)
		(void)say(call, "", r, false);
}

static void end(struct call *call)
{
	turn_unlock(&call->turn);
}

/* The addresses of one list in the environment, for a container that may have more. False where they are too many. */
static bool take_ips(struct call *call, const char *variable, struct guest *guest)
{
	struct err failure;

	guest_copy(guest, &call->turn.guest);
	guest->ip_count = 0;
	if (vz_parse_ips(call->family, env(variable), guest->ips, GUEST_IPS_MAX, &guest->ip_count) == 0)
		return true;
	(void)err_set(&failure, E2BIG, VZ_TOO_MANY, variable, GUEST_IPS_MAX, GUEST_NIC_IPS_MAX, GUEST_NICS_MAX);
	if (call->managed)
		tell_many(call, &failure);
	return false;
}

struct among {
	const struct known *known;
	struct guest *guest;
};

static bool add_known(const struct guest_ip *ip, void *arg)
{
	const struct among *among = arg;

	if (ip_among(among->known->ips, among->known->ip_count, &ip->ip))
		(void)guest_add_ip(among->guest, &ip->ip);
	return true;
}

/* Of a list that is too long: those that are recorded. Under the lock. */
static void take_known_ips(struct call *call, const char *variable, const struct known *known, struct guest *guest)
{
	struct among among = { known, guest };

	guest_copy(guest, &call->turn.guest);
	guest->ip_count = 0;
	vz_ips_walk(call->family, env(variable), add_known, &among);
}

static bool prepare(struct call *call, const struct guest *guest, bool probe, bool may_abort)
{
	return say(call, "prepared", event_prepare(&call->turn, guest, probe), may_abort);
}

/* route: the device by which vzctl itself routes the addresses. */
static bool add_ips(struct call *call, struct guest *guest, const char *route, bool may_abort)
{
	if (ifname_copy(guest->route, route) == 0)
		guest->platform_routes = true;
	return say(call, "up", event_up(&call->turn, guest), may_abort);
}

static void remove_ips(struct call *call, const struct guest *guest)
{
	(void)say(call, "took back", event_down_ips(&call->turn, guest->ips, guest->ip_count), false);
}

/* On whatever device vzctl has put them, before we were set up or without telling us. */
static void withdraw(struct call *call, struct guest *guest, const char *route)
{
	bool routes = ifname_copy(guest->route, route) == 0;

	guest->platform_routes = routes;
	(void)say(call, "took back", event_withdraw(&call->turn, guest, routes), false);
}

static void remove_all(struct call *call)
{
	(void)say(call, "took back", event_down(&call->turn), false);
}

/* --- EXTERNAL_SCRIPT: vznetcfg execs it in place of its own work ---------------------------------------------- */

/* A veth without a bridge is routed to by the host, by us: vznetcfg would not have done that. */
static bool up_routed(struct call *call, const char *port)
{
	const struct guest_nic *nic = vz_find_port(&call->turn.guest, port);
	struct guest guest;

	guest_copy(&guest, &call->turn.guest);
	guest.ip_count = nic ? nic->ip_count : 0;
	for (size_t i = 0; i < guest.ip_count; i++)
		guest.ips[i] = nic->ips[i].ip;
	if (ifname_copy(guest.route, port) < 0)
		return false;
	return say(call, "up", event_up(&call->turn, &guest), true);
}

static int plug(struct call *call, const char *port, const char *bridge)
{
	const struct guest_nic *nic;
	bool stop = false;

	if (call->managed)
		begin(call, TURN_STARTS);
	nic = vz_find_port(&call->turn.guest, port);
	if (!bridge && nic && nic->bridge[0])
		bridge = nic->bridge;
	if (call->managed)
		stop = prepare(call, &call->turn.guest, false, true);
	if (!stop)
		stop = say(call, "", plug_port(port, bridge, &call->turn.err), call->managed);
	if (!stop && call->managed && !bridge)
		stop = up_routed(call, port);
	end(call);
	return stop ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int role_init(struct call *call)
{
	return plug(call, call->argv[3], NULL);
}

static int role_addif(struct call *call)
{
	return plug(call, call->argv[2], call->argv[3]);
}

static int role_delif(struct call *call)
{
	return say(call, "", plug_out(call->argv[2], &call->turn.err), false) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- chooser: NEIGHBOUR_DEVS="$(vznet-custom devices)" in vz.conf --------------------------------------------- */

/* The script that sources vz.conf is our parent; its environment is the same for additions and deletions. */
static bool parent_is(const char *script)
{
	char path[32];
	char text[512] = "";

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)getppid());
	if (file_read_kernel(path, text, sizeof(text) - 1) < 0)
		return false;
	/* "/bin/sh" NUL "/usr/libexec/vzctl/scripts/vps-net_del" NUL */
	for (const char *arg = text; *arg; arg += strlen(arg) + 1) {
		if (strstr(arg, script))
			return true;
	}
	return false;
}

/* Else: the container stops, or every address is one that is known to be up (--ipadd names new ones only). */
static bool is_deletion(const struct guest *named, const struct known *known)
{
	struct guest left;

	if (strcmp(env("VE_STATE"), "starting") == 0)
		return false;
	if (parent_is("net_del") || strcmp(env("VE_STATE"), "stopping") == 0)
		return true;
	if (parent_is("net_add"))
		return false;
	guest_copy(&left, named);
	for (size_t i = 0; i < known->ip_count; i++)
		guest_remove_ip(&left, &known->ips[i]);
	return left.ip_count == 0;
}

/* vzctl takes its own entries from the devices of the record, too: policy may have changed since they were made. */
static void print_devices(const struct call *call, bool ours, const struct known *known)
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

/* Under the lock. ours: there is room for the addresses. */
static void choose(struct call *call, struct guest *named, bool ours)
{
	struct turn *turn = &call->turn;
	struct known known;

	if (known_read(turn, &known, &turn->err) < 0)
		(void)say(call, "", -turn->err.code, false);
	if (is_deletion(named, &known)) {
		print_devices(call, ours, &known);
		if (!ours)
			take_known_ips(call, "IP_ADDR", &known, named);
		remove_ips(call, named);
		if (call->managed)
			withdraw(call, named, "");
		return;
	}
	known.device_count = 0;
	print_devices(call, ours, &known);
	/* vzctl probes the listed device itself. */
	if (ours && call->managed && !prepare(call, named, false, false))
		(void)add_ips(call, named, VENET, false);
}

static int role_devices(struct call *call)
{
	const struct known none = { .ip_count = 0 };
	struct guest named;
	bool ours;

	call->quiet = true;
	ours = take_ips(call, "IP_ADDR", &named);
	/* vz.conf is sourced by other scripts, too, and most containers are none of ours: nothing to do but answer. */
	if ((ours && named.ip_count == 0) || !call->turn.name[0] ||
	    (!call->managed && !record_exists(&call->turn.guest))) {
		print_devices(call, ours, &none);
		return EXIT_SUCCESS;
	}
	begin(call, call->managed ? TURN_STARTS : TURN_TAKES_BACK);
	choose(call, &named, ours);
	end(call);
	return EXIT_SUCCESS;
}

/* --- action scripts: vps.mount, 101.umount, ... ----------------------------------------------------------------- */

/* Also called for a plain `vzctl mount`: only what is the host's is done, nothing of the container's. */
static int role_mount(struct call *call)
{
	bool stop;

	if (!call->managed)
		return EXIT_SUCCESS;
	begin(call, TURN_STARTS);
	stop = prepare(call, &call->turn.guest, false, true);
	end(call);
	return stop ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* After a stop, a failed start, a halt from inside: vzctl may have left anything behind. Never keeps it mounted. */
static int role_umount(struct call *call)
{
	if (!call->turn.name[0])
		return EXIT_SUCCESS;
	begin(call, TURN_TAKES_BACK);
	remove_all(call);
	end(call);
	return EXIT_SUCCESS;
}

/* --- wrappers: the original does its work, then we do ours -------------------------------------------------------- */

/* script.d/NAME stands before scripts/NAME (libvzctl); elsewhere dpkg-divert has moved the original to NAME.distrib. */
static int run_original(struct call *call)
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
static bool before_script(struct call *call, const struct change *change)
{
	struct guest added;
	bool stop = false;

	if (!take_ips(call, change->added, &added) || !call->managed || added.ip_count == 0)
		return false;
	begin(call, TURN_STARTS);
	if (call->managed)
		stop = prepare(call, &added, strcmp(env("SKIP_ARPDETECT"), "yes") != 0, true);
	end(call);
	return stop;
}

static void take_removed(struct call *call, const struct change *change, struct guest *ret_removed)
{
	struct known known;

	if (take_ips(call, change->removed, ret_removed))
		return;
	if (known_read(&call->turn, &known, &call->turn.err) < 0)
		(void)say(call, "", -call->turn.err.code, false);
	take_known_ips(call, change->removed, &known, ret_removed);
}

/* After it, under the lock. status is the script's; returns whether the start is to be stopped. */
static bool after_script(struct call *call, const struct change *change, int status)
{
	struct guest added;
	struct guest removed;

	(void)take_ips(call, change->added, &added);
	take_removed(call, change, &removed);
	if (change->all_removed)
		remove_all(call);
	else if (removed.ip_count > 0)
		remove_ips(call, &removed);
	/*
	 * vzctl takes the addresses from a container that does not start, but not the entries and routes that were made
	 * before. An address that another container has (78) is that one's.
	 */
	if (call->managed && added.ip_count > 0 && status == 0 && add_ips(call, &added, change->route, true)) {
		remove_ips(call, &added);
		withdraw(call, &added, change->route);
		return true;
	}
	if (call->managed && added.ip_count > 0 && status != 0 && status != VZ_IP_INUSE)
		withdraw(call, &added, change->route);
	return false;
}

static int wrap(struct call *call, const struct change *change)
{
	bool stop = false;
	int status;

	if (before_script(call, change))
		return EXIT_FAILURE;
	status = run_original(call);
	if (status < 0) {
		(void)say(call, "", status, false);
		return EXIT_FAILURE;
	}
	if (call->turn.name[0]) {
		begin(call, call->managed && *change->added ? TURN_STARTS : TURN_TAKES_BACK);
		stop = after_script(call, change, status);
		end(call);
	}
	return stop ? EXIT_FAILURE : status >= SPAWN_SIGNAL ? 128 + status - SPAWN_SIGNAL : status;
}

static int role_net_add(struct call *call)
{
	const struct change change = { .added = "IP_ADDR", .removed = "", .route = VENET };

	return wrap(call, &change);
}

static int role_net_del(struct call *call)
{
	const struct change change = { .added = "", .removed = "IP_ADDR" };

	return wrap(call, &change);
}

/* libvzctl 8 and 9: one script for both, and a veth in place of venet0. */
static int role_netns_dev_add(struct call *call)
{
	bool routed = strcmp(env("NETWORK_TYPE"), "routed") == 0;
	const struct change change = {
		.added = routed ? "IP_ADD" : "",
		.removed = routed ? "IP_DEL" : "",
		.route = env("HNAME"),
		.all_removed = routed && strcmp(env("IP_DEL"), "all") == 0,
	};

	return wrap(call, &change);
}

static int role_stop(struct call *call)
{
	const struct change change = { .added = "", .removed = "", .all_removed = true };

	return wrap(call, &change);
}

/* ------------------------------------------------------------------------------------------------------------------ */

struct role {
	const char *word;
	int min_args; /* argc at least */
	int (*run)(struct call *call);
	bool aborts;    /* its failure keeps the container from starting */
	bool tells;     /* call's */
	bool will_exec; /* the original script, with all its rights */
	const char *help;
};

/* Told by argv[1] ... */
static const struct role commands[] = {
	{ "init", 4, role_init, true, false, false, "init veth HOSTIF      EXTERNAL_SCRIPT of vzctl" },
	{ "addif", 4, role_addif, true, false, false, "addif HOSTIF NETWORK  EXTERNAL_SCRIPT of libvzctl" },
	{ "delif", 3, role_delif, false, false, false, "delif HOSTIF          the same, taken out of its bridge" },
	{ "devices", 2, role_devices, false, true, false, "devices [FALLBACK]    chooser: NEIGHBOUR_DEVS in vz.conf" },
};

/* ... or by the name that it was called by, up to its last dot. */
static const struct role names[] = {
	{ "mount", 1, role_mount, true, false, false, "mount, vps.mount, CTID.mount     action script" },
	{ "umount", 1, role_umount, false, false, false, "umount, vps.umount, CTID.umount  action script" },
	{ "vps-net_add", 1, role_net_add, true, true, true, "vps-net_add       wrapper, vzctl before 4.9" },
	{ "vps-net_del", 1, role_net_del, false, true, true, "vps-net_del       wrapper, vzctl before 4.9" },
	{ "vz-net_add", 1, role_net_add, true, true, true, "vz-net_add        wrapper, Virtuozzo 7" },
	{ "vz-net_del", 1, role_net_del, false, true, true, "vz-net_del        wrapper, Virtuozzo 7" },
	{ "vz-netns_dev_add", 1, role_netns_dev_add, true, true, true, "vz-netns_dev_add  wrapper, Virtuozzo 8 and 9" },
	{ "vz-stop", 1, role_stop, false, true, true, "vz-stop           wrapper, Virtuozzo 7 to 9" },
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
	static struct call call;
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
	open_call(&call, role->word, role->aborts, role->tells);
	/* Without our rights cut down the platform's own work still has to be done. */
	if (privilege_drop(role->will_exec, &call.turn.err) < 0)
		(void)say(&call, "", -call.turn.err.code, false);
	status = call.refused ? EXIT_FAILURE : role->run(&call);
	turn_done(&call.turn);
	process_end(status);
}
