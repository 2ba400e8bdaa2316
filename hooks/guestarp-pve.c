/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxmox VE's hookscript: `guestarp <vmid> <phase>`, called by PVE::GuestHelpers::exec_hookscript(). */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/text.h"
#include "event/chain.h"
#include "event/event.h"
#include "event/report.h"
#include "event/watch.h"
#include "guest/guest.h"
#include "guest/pve.h"
#include "policy/policy.h"

/* One call: what Proxmox VE said, and what came of it. */
struct call {
	struct guest guest;
	char name[GUEST_NAME_SIZE];
	struct policy policy;
	const char *migrated_from; /* the node that a VM is migrating from; NULL for an ordinary start */
	struct outcome outcome;
	struct err err;
};

/* On a migration's target the configuration is still the source node's. */
static int read_guest(struct call *call)
{
	int r = pve_read(&call->guest, call->migrated_from, &call->err);

	/* Under whatever name Proxmox VE calls us: it does. */
	call->guest.hooked = true;
	notes_add_all(&call->outcome.notes, &call->guest.notes);
	return r;
}

/* To be quiet by name nothing of its configuration is needed. */
static int unreadable(struct call *call, int r)
{
	struct err failure;

	if (event_quiet(&call->guest, &call->policy, &call->outcome, &failure) < 0)
		notes_add_err(&call->outcome.notes, &failure);
	return r;
}

static int pre_start(struct call *call)
{
	int r = read_guest(call);

	if (r < 0)
		return unreadable(call, r);
	/* The guest still runs on the source and rightly answers there. */
	return event_prepare(&call->guest, &call->policy, !call->migrated_from, &call->outcome, &call->err);
}

/* On a migration's target it comes too early to answer for the guest, and nothing comes later: hence the watch. */
static int post_start(struct call *call)
{
	bool migrates;
	int r = read_guest(call);

	if (r < 0)
		return unreadable(call, r);
	/* Between clusters no node is named, but the configuration is locked until the move. */
	migrates = call->migrated_from || call->guest.migrating;
	call->guest.elsewhere = migrates;
	r = event_up(&call->guest, &call->policy, &call->outcome, &call->err);
	if (r == 0 && migrates)
		r = watch_migration(&call->guest, &call->err);
	return r;
}

/* Nothing is undone here: a shutdown can time out, and the guest lives on. */
static int pre_stop(struct call *call)
{
	(void)call;
	return 0;
}

static int post_stop(struct call *call)
{
	return event_down(&call->guest, &call->outcome, &call->err);
}

static const struct phase {
	const char *word;
	int (*run)(struct call *call);
	bool aborts; /* a failure can keep the guest from starting */
	const char *done;
	const char *help;
} phases[] = {
	{ "pre-start", pre_start, true, "prepared", "set the host's devices, pin bridge MACs, probe addresses" },
	{ "post-start", post_start, false, "up", "quiet firewall bridges, bind and announce addresses" },
	{ "pre-stop", pre_stop, false, "", "nothing: the guest may live on" },
	{ "post-stop", post_stop, false, "took back", "take back what was set for the guest" },
};

#define PHASE_COUNT (sizeof(phases) / sizeof(phases[0]))

static void usage(void)
{
	(void)printf("usage: guestarp-pve VMID PHASE\n\nProxmox VE calls it: "
		     "pct set VMID --hookscript local:snippets/guestarp\n\n");
	for (size_t i = 0; i < PHASE_COUNT; i++)
		(void)printf("  %-11s %s\n", phases[i].word, phases[i].help);
}

static const struct phase *find_phase(const char *word)
{
	for (size_t i = 0; i < PHASE_COUNT; i++) {
		if (strcmp(phases[i].word, word) == 0)
			return &phases[i];
	}
	return NULL;
}

static int run_phase(struct call *call, const struct phase *phase, char *const argv[])
{
	bool abort;
	int r = policy_load(&call->policy, &call->guest, &call->err);

	policy_keep(&call->policy, &call->outcome.notes);
	abort = report(call->name, phase->word, "", r, &call->err, &call->policy, phase->aborts && call->policy.broken,
		       &call->outcome);
	if (!abort) {
		r = privilege_drop(call->policy.then_count > 0, &call->err);
		if (r == 0)
			r = phase->run(call);
		abort = report(call->name, phase->word, phase->done, r, &call->err, &call->policy, phase->aborts,
			       &call->outcome);
	}
	if (abort)
		return EXIT_FAILURE;
	r = chain_run(&call->policy, &call->guest, call->migrated_from, argv, phase->aborts, &call->outcome.notes,
		      &call->err);
	(void)report(call->name, phase->word, "", r, &call->err, &call->policy, false, &call->outcome);
	return r < 0 && phase->aborts ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	static struct call call;
	const struct phase *phase;
	int status;

	process_begin();
	if (log_help(argc, argv, "guestarp-pve", usage))
		return EXIT_SUCCESS;
	if (argc != 3) {
		log_line(NULL, "usage: guestarp-pve VMID PHASE (see --help)");
		return 2;
	}
	if (guest_init(&call.guest, GUEST_PVE, argv[1], &call.err) < 0) {
		log_line(NULL, "%s", call.err.text);
		return 2;
	}
	(void)guest_name(&call.guest, call.name);
	phase = find_phase(argv[2]);
	if (!phase) {
		char shown[40];

		log_line(call.name, "phase '%s' is not known to this version, nothing done",
			 text_shown(argv[2], shown, sizeof(shown)));
		return EXIT_SUCCESS;
	}
	call.migrated_from = getenv("PVE_MIGRATED_FROM");
	if (call.migrated_from && !call.migrated_from[0])
		call.migrated_from = NULL;
	status = run_phase(&call, phase, argv);
	policy_done(&call.policy);
	process_end(status);
}
