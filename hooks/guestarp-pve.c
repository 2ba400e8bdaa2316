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
#include "effect/chain.h"
#include "event/event.h"
#include "event/sync.h"
#include "guest/guest.h"
#include "guest/pve.h"
#include "watch/move.h"

/* One call: what Proxmox VE said, and what came of it. */
struct call {
	struct turn turn;
	const char *migrated_from; /* the node that a VM is migrating from; NULL for an ordinary start */
	bool moves;                /* it is not here yet */
};

/* No reason to refuse a start. */
static void quiet(struct turn *turn)
{
	struct err err = turn->err;

	if (event_quiet(turn) < 0)
		notes_add_err(&turn->outcome.notes, &turn->err);
	turn->err = err;
}

/* On a migration's target its configuration is still the source node's. To be quiet by name nothing of it is needed. */
static int read_guest(struct call *call)
{
	struct turn *turn = &call->turn;
	int r = pve_read(&turn->guest, call->migrated_from, &turn->err);

	/* Under whatever name Proxmox VE calls us: it does. */
	turn->guest.hooked = true;
	notes_add_all(&turn->outcome.notes, &turn->guest.notes);
	if (r < 0)
		quiet(turn);
	return r;
}

static int pre_start(struct call *call)
{
	int r = read_guest(call);

	if (r < 0)
		return r;
	quiet(&call->turn);
	/* One that still runs on the source rightly answers there. */
	return event_prepare(&call->turn, &call->turn.guest, !call->migrated_from);
}

/* On a migration's target it comes too early to answer for the guest, and no later one comes: a process waits. */
static int post_start(struct call *call)
{
	struct turn *turn = &call->turn;
	struct err failure;
	int prepared;
	int r = read_guest(call);

	if (r < 0)
		return r;
	/* Between clusters no node is named, but the configuration is locked until the move. */
	call->moves = call->migrated_from || turn->guest.migrating;
	turn->elsewhere = call->moves;
	/* Once more: when policy was changed since pre-start nobody knew of this guest. */
	prepared = event_prepare(turn, &turn->guest, false);
	failure = turn->err;
	r = event_up(turn, &turn->guest);
	if (prepared < 0 && (r == 0 || strcmp(failure.text, turn->err.text) != 0))
		notes_add_err(&turn->outcome.notes, &failure);
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
	return event_down(&call->turn);
}

static const struct phase {
	const char *word;
	int (*run)(struct call *call);
	enum turn_kind kind;
	bool aborts; /* a failure can keep the guest from starting */
	const char *done;
	const char *help;
} phases[] = {
	{ "pre-start", pre_start, TURN_STARTS, true, "prepared",
	  "set the host's devices, pin bridge MACs, probe addresses" },
	{ "post-start", post_start, TURN_STARTS, false, "up", "quiet firewall bridges, bind and announce addresses" },
	{ "pre-stop", pre_stop, TURN_REMOVES, false, "", "nothing: the guest may live on" },
	{ "post-stop", post_stop, TURN_REMOVES, false, "removed", "remove what was set for the guest" },
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

/* Whether the start is refused. What is begun under the lock is ended before any other script is called. */
static bool take_turn(struct call *call, const struct phase *phase)
{
	struct turn *turn = &call->turn;
	bool abort;
	int r;

	turn_lock(turn, phase->kind);
	r = turn_policy(turn);
	abort = turn_say(turn, "", r, phase->aborts && turn->policy.broken);
	if (!abort) {
		r = privilege_drop(turn->policy.then_count > 0, &turn->err);
		if (r == 0)
			r = phase->run(call);
		abort = turn_say(turn, phase->done, r, phase->aborts);
	}
	event_unlock(turn);
	if (!abort && call->moves && move_wait(&turn->guest, &turn->err) < 0)
		(void)turn_say(turn, "", -turn->err.code, false);
	return abort;
}

static int run_phase(struct call *call, const struct phase *phase, char *const argv[])
{
	struct turn *turn = &call->turn;
	int r;

	if (take_turn(call, phase))
		return EXIT_FAILURE;
	r = chain_run(&turn->policy, &turn->guest, call->migrated_from, argv, phase->aborts, &turn->outcome.notes,
		      &turn->err);
	(void)turn_say(turn, "", r, false);
	return r < 0 && phase->aborts ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	static struct call call;
	const struct phase *phase;
	struct guest guest;
	struct err err;
	int status;

	process_begin();
	if (log_help(argc, argv, "guestarp-pve", usage))
		return EXIT_SUCCESS;
	if (argc != 3) {
		log_line(NULL, "usage: guestarp-pve VMID PHASE (see --help)");
		return 2;
	}
	if (guest_init(&guest, GUEST_PVE, argv[1], &err) < 0) {
		log_line(NULL, "%s", err.text);
		return 2;
	}
	turn_init(&call.turn, &guest, argv[2]);
	/* Whatever its configuration says: we are called. */
	call.turn.guest.hooked = true;
	call.turn.claims = true;
	phase = find_phase(argv[2]);
	if (!phase) {
		char shown[40];

		log_line(call.turn.name, "phase '%s' is not known to this version, nothing done",
			 text_shown(argv[2], shown, sizeof(shown)));
		return EXIT_SUCCESS;
	}
	call.migrated_from = getenv("PVE_MIGRATED_FROM");
	if (call.migrated_from && !call.migrated_from[0])
		call.migrated_from = NULL;
	status = run_phase(&call, phase, argv);
	event_done(&call.turn);
	process_end(status);
}
