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
#include "event/guests.h"
#include "event/report.h"
#include "event/running.h"
#include "guest/guest.h"
#include "guest/lxc.h"
#include "guest/pve.h"
#include "policy/policy.h"

/* One call: what LXC said, and what came of it. */
struct call {
	const char *container;
	const char *word; /* lxc.hook.<word> */
	struct guest guest;
	char name[GUEST_NAME_SIZE];
	struct policy policy;
	bool readable;
	bool managed;
	struct outcome outcome;
	struct err err;
};

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static bool say(struct call *call, const char *done, int result, bool may_abort)
{
	return report(call->name, call->word, done, result, &call->err, &call->policy, may_abort, &call->outcome);
}

/*
 * Proxmox VE names its containers by their VMID, and has them in the usual lxcpath. A plain one there may have the
 * number of a VM. Where Proxmox VE's configuration cannot be seen, as with pmxcfs down, it is Proxmox VE's unless a VM
 * of that number runs: what is set for that one must not be taken for the container's.
 */
static bool is_proxmox(struct call *call, int *ret_result)
{
	bool unseen;
	int r;

	if (call->guest.kind != GUEST_LXC || call->guest.lxcpath[0] ||
	    guest_init(&call->guest, GUEST_PVE, call->container, NULL) < 0)
		return false;
	r = pve_read(&call->guest, NULL, &call->err);
	unseen = r == -ENOENT ? guest_platform_missing() : r < 0;
	*ret_result = r;
	return (r == 0 && !call->guest.vm) || (unseen && !running_is_vm(call->container));
}

static int find_guest(struct call *call)
{
	const char *config = env("LXC_CONFIG_FILE");
	int result = 0;
	int r = lxc_identify(&call->guest, call->container, config, &call->err);

	if (r < 0)
		return r;
	if (is_proxmox(call, &result))
		return result;
	r = lxc_identify(&call->guest, call->container, config, &call->err);
	if (r == 0 && *config)
		r = lxc_read(&call->guest, config, &call->err);
	return r;
}

/* A start stops only where policy says so in words, and only for containers that have no pre-start to say it. */
static int start_host(struct call *call)
{
	bool plain = call->guest.kind == GUEST_LXC;

	if (!call->managed)
		return EXIT_SUCCESS;
	if (!call->readable) {
		(void)say(call, "quiet", event_quiet(&call->guest, &call->policy, &call->outcome, &call->err), false);
		return EXIT_SUCCESS;
	}
	if (say(call, "prepared", event_prepare(&call->guest, &call->policy, plain, &call->outcome, &call->err), plain))
		return EXIT_FAILURE;
	(void)say(call, "up", event_up(&call->guest, &call->policy, &call->outcome, &call->err), false);
	return EXIT_SUCCESS;
}

/* A reboot from inside (LXC_TARGET=reboot): the same guest is back in a moment, and start-host sees to it. */
static int post_stop(struct call *call)
{
	if (strcmp(env("LXC_TARGET"), "reboot") != 0)
		(void)say(call, "took back", event_down(&call->guest, &call->outcome, &call->err), false);
	return EXIT_SUCCESS;
}

static const struct hook {
	const char *word;
	int (*run)(struct call *call);
	const char *help;
} hooks[] = {
	{ "start-host", start_host, "what guestarp-pve(8) does at pre-start and post-start" },
	{ "post-stop", post_stop, "take back what was set for the container" },
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
	int r = find_guest(call);

	(void)guest_name(&call->guest, call->name);
	/* A configuration that we cannot read is no reason to keep a container from starting or its record. */
	if (r < 0)
		(void)say(call, "", r, false);
	if (call->guest.id[0] == '\0')
		return EXIT_SUCCESS;
	if (policy_load(&call->policy, &call->guest, &call->err) < 0) {
		/* A mistake in another guest's part is none of a container that nobody manages. */
		if (policy_manages(&call->policy, &call->guest) || call->policy.broken)
			(void)say(call, "", -call->err.code, false);
	}
	if (privilege_drop(false, &call->err) < 0) {
		(void)say(call, "", -call->err.code, false);
		return EXIT_SUCCESS;
	}
	call->readable = r == 0;
	call->managed = policy_manages(&call->policy, &call->guest);
	if (call->managed)
		policy_keep(&call->policy, &call->outcome.notes);
	if (call->managed && hook->run == start_host)
		notes_add_all(&call->outcome.notes, &call->guest.notes);
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
	if (!hook)
		return EXIT_SUCCESS;
	status = run_hook(&call, hook);
	policy_done(&call.policy);
	process_end(status);
}
