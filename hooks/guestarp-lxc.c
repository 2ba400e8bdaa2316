/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LXC's hook: start-host runs when the container's devices exist and before its init does, on a reboot from
 * inside, too, so that not even its first frame meets a wrong answer. Proxmox VE's hookscript comes later and
 * not always.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/text.h"
#include "event/event.h"
#include "event/sync.h"
#include "guest/guest.h"
#include "guest/lxc.h"
#include "guest/pve.h"
#include "host/guests.h"
#include "host/running.h"
#include "policy/policy.h"

/* One call: what LXC said, and what came of it. */
struct call {
	const char *container;
	const char *word; /* lxc.hook.<word> */
	struct turn turn;
	bool readable; /* its configuration could be read, when it was looked at first */
};

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/*
 * Proxmox VE names its containers by their VMID, and has them in the usual lxcpath. A plain one there may have the
 * number of a VM. Where Proxmox VE's configuration cannot be seen, as with pmxcfs down, it is Proxmox VE's unless a VM
 * of that number runs: what is set for that one must not be taken for the container's.
 */
static bool is_proxmox(const char *container, struct guest *guest, int *ret_result, struct err *err)
{
	bool unseen;
	int r;

	if (guest->kind != GUEST_LXC || guest->lxcpath[0] || guest_init(guest, GUEST_PVE, container, NULL) < 0)
		return false;
	r = pve_read(guest, NULL, err);
	unseen = r == -ENOENT ? guest_platform_missing() : r < 0;
	*ret_result = r;
	return (r == 0 && !guest->vm) || (unseen && !running_is_vm(container));
}

static int find_guest(const char *container, struct guest *ret_guest, struct err *err)
{
	const char *config = env("LXC_CONFIG_FILE");
	int result = 0;
	int r = lxc_identify(ret_guest, container, config, err);

	if (r < 0)
		return r;
	if (is_proxmox(container, ret_guest, &result, err))
		return result;
	r = lxc_identify(ret_guest, container, config, err);
	if (r == 0 && *config)
		r = lxc_read(ret_guest, config, err);
	return r;
}

/* Under the lock: what counts is what the files say now. A start stops only where policy says so in words, and only for
 * containers that have no pre-start to say it. */
static bool up(struct turn *turn, bool readable)
{
	bool plain = turn->guest.kind == GUEST_LXC;

	if (!policy_manages(&turn->policy, &turn->guest))
		return false;
	if (!readable) {
		(void)turn_say(turn, "quiet", event_quiet(turn), false);
		return false;
	}
	notes_add_all(&turn->outcome.notes, &turn->guest.notes);
	if (turn_say(turn, "prepared", event_prepare(turn, &turn->guest, plain), plain))
		return true;
	(void)turn_say(turn, "up", event_up(turn, &turn->guest), false);
	return false;
}

/* A container that nobody manages needs no lock. A mistake in the policy of another guest does not matter to it. */
static int start_host(struct call *call)
{
	struct turn *turn = &call->turn;
	bool refused;
	int r = turn_policy(turn);

	if (!policy_manages(&turn->policy, &turn->guest)) {
		if (turn->policy.broken)
			(void)turn_say(turn, "", r, false);
		return EXIT_SUCCESS;
	}
	turn->claims = true;
	turn_lock(turn, TURN_STARTS);
	r = find_guest(call->container, &turn->guest, &turn->err);
	if (r < 0 && call->readable)
		(void)turn_say(turn, "", r, false);
	if (turn_policy(turn) < 0)
		(void)turn_say(turn, "", -turn->err.code, false);
	refused = up(turn, r == 0);
	return refused ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A reboot from inside (LXC_TARGET=reboot): the same guest is back in a moment, and start-host is called for it. */
static int post_stop(struct call *call)
{
	struct turn *turn = &call->turn;

	if (strcmp(env("LXC_TARGET"), "reboot") == 0 || !record_exists(&turn->guest))
		return EXIT_SUCCESS;
	turn_lock(turn, TURN_REMOVES);
	/* What it shares stays, and what that is the policy says. */
	(void)turn_policy(turn);
	(void)turn_say(turn, "removed", event_down(turn), false);
	return EXIT_SUCCESS;
}

static const struct hook {
	const char *word;
	int (*run)(struct call *call);
	const char *help;
} hooks[] = {
	{ "start-host", start_host, "what guestarp-pve(8) does at pre-start and post-start" },
	{ "post-stop", post_stop, "remove what was set for the container" },
};

#define HOOK_COUNT (sizeof(hooks) / sizeof(hooks[0]))

static void usage(void)
{
	(void)printf("usage: guestarp-lxc CONTAINER lxc HOOK   (lxc.hook.version = 0)\n"
		     "       guestarp-lxc                      (1: by LXC_NAME and LXC_HOOK_TYPE)\n\n");
	for (size_t i = 0; i < HOOK_COUNT; i++)
		(void)printf("  lxc.hook.%-10s %s\n", hooks[i].word, hooks[i].help);
}

static const struct hook *find_hook(const char *word)
{
	for (size_t i = 0; i < HOOK_COUNT; i++) {
		if (strcmp(hooks[i].word, word) == 0)
			return &hooks[i];
	}
	return NULL;
}

static int run_hook(struct call *call, const struct hook *hook)
{
	struct turn *turn = &call->turn;
	int r = find_guest(call->container, &turn->guest, &turn->err);

	turn_init(turn, &turn->guest, call->word);
	call->readable = r == 0;
	/* A configuration that we cannot read is no reason to keep a container from starting or its record. */
	if (r < 0)
		(void)turn_say(turn, "", r, false);
	if (turn->guest.id[0] == '\0')
		return EXIT_SUCCESS;
	if (privilege_drop(false, &turn->err) < 0) {
		(void)turn_say(turn, "", -turn->err.code, false);
		return EXIT_SUCCESS;
	}
	return hook->run(call);
}

int main(int argc, char *argv[])
{
	static struct call call;
	const struct hook *hook;
	int status;

	process_begin();
	if (log_help(argc, argv, "guestarp-lxc", usage))
		return EXIT_SUCCESS;
	call.container = argc > 1 ? argv[1] : env("LXC_NAME");
	call.word = argc > 3 ? argv[3] : env("LXC_HOOK_TYPE");
	hook = find_hook(call.word);
	if (!*call.container || (argc > 1 && argc < 4) || !*call.word) {
		log_line(NULL, "usage: guestarp-lxc CONTAINER lxc HOOK (see --help)");
		return 2;
	}
	/* A normal user's own containers come here as well: they may change nothing of the host's. */
	if (!hook || !privilege_is_root())
		return EXIT_SUCCESS;
	status = run_hook(&call, hook);
	event_done(&call.turn);
	process_end(status);
}
