/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock before the reading, and the announcements after it. */

#include "event/turn.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

void turn_init(struct turn *turn, const struct guest *who, const char *word)
{
	const struct lock closed = LOCK_RELEASED;

	turn->word = word;
	if (who != &turn->guest)
		guest_copy(&turn->guest, who);
	(void)guest_name(who, turn->name);
	turn->loaded = false;
	turn->hurry = false;
	turn->claims = false;
	turn->partly = false;
	turn->announces = false;
	turn->early = false;
	turn->unsaid = false;
	turn->said[0] = '\0';
	turn->elsewhere = false;
	turn->lock = closed;
	turn->locked = err_set(&turn->lock_err, ENOLCK, "not locked");
	turn->nl = NULL;
	facts_init(&turn->facts);
	memset(&turn->announcements, 0, sizeof(turn->announcements));
	memset(&turn->outcome, 0, sizeof(turn->outcome));
}

void turn_lock(struct turn *turn, enum turn_kind kind)
{
	turn->locked = lock_guest(&turn->guest, kind != TURN_REMOVES, turn->hurry, &turn->lock, &turn->lock_err);
	if (turn->locked == 0)
		record_adopt(&turn->lock);
	if (turn->locked == 0 && kind == TURN_STARTS)
		turn->locked = record_begin(&turn->lock, &turn->lock_err);
}

int turn_locked(const struct turn *turn, struct err *err)
{
	if (turn->locked < 0)
		*err = turn->lock_err;
	return turn->locked;
}

int turn_record(struct turn *turn, struct plan *ret_settings, bool *ret_exists)
{
	struct notes notes = { 0 };
	int r = record_load(&turn->lock, ret_settings, ret_exists, &notes, &turn->err);

	/* At once: a later look finds another record in its place. */
	log_notes(turn->name, &notes);
	return r;
}

int turn_policy(struct turn *turn)
{
	int r;

	/* Mostly nobody has written to them since it was loaded without the lock. */
	if (turn->loaded && policy_is_current(&turn->policy, &turn->guest))
		return 0;
	if (turn->loaded)
		policy_done(&turn->policy);
	r = policy_load(&turn->policy, &turn->guest, &turn->err);
	turn->loaded = true;
	if (policy_manages(&turn->policy, &turn->guest))
		policy_keep(&turn->policy, &turn->outcome.notes);
	if (turn->partly)
		policy_drop_nic_addresses(&turn->policy);
	return r;
}

void turn_takes_some(struct turn *turn)
{
	turn->partly = true;
	if (turn->loaded)
		policy_drop_nic_addresses(&turn->policy);
}

int turn_ask(struct turn *turn)
{
	return turn->nl ? 0 : netlink_open(&turn->nl, &turn->err);
}

bool turn_say(struct turn *turn, const char *done, int result, bool may_abort)
{
	/* An address in use with "probe": "refuse" is a decision, not an accident. */
	bool refused = result < 0 && may_abort && (turn->policy.abort_on_error || result == -EADDRINUSE);

	if (turn->early && (result < 0 || turn->outcome.notes.count > 0)) {
		turn->unsaid = true;
		memset(&turn->outcome.notes, 0, sizeof(turn->outcome.notes));
		result = 0;
	}
	/* What one event could not do the next one of the same turn mostly cannot either. */
	if (result < 0 && !refused && strcmp(turn->said, turn->err.text) == 0)
		result = 0;
	if (result < 0)
		(void)text_copy(turn->said, sizeof(turn->said), turn->err.text);
	outcome_say(&turn->outcome, turn->name[0] ? turn->name : NULL, turn->word, done, result, &turn->err, refused);
	return refused;
}

/* The child that announces again must not hold the lock, nor have us copy what we have let go of. */
static void announce(struct turn *turn)
{
	unsigned rounds = turn->policy.announce ? turn->policy.announce : 1;

	if (announcements_send(&turn->announcements, rounds, &turn->err) < 0)
		(void)turn_say(turn, "", -turn->err.code, false);
	announcements_done(&turn->announcements);
	memset(&turn->announcements, 0, sizeof(turn->announcements));
}

bool turn_unlock(struct turn *turn)
{
	bool again;

	if (turn->lock.fd >= 0)
		record_give_up(&turn->lock);
	again = lock_let_go(&turn->lock);
	turn->locked = err_set(&turn->lock_err, ENOLCK, "not locked");
	netlink_close(turn->nl);
	turn->nl = NULL;
	facts_forget(&turn->facts);
	if (turn->loaded)
		announce(turn);
	return again;
}

bool turn_done(struct turn *turn)
{
	bool again = turn_unlock(turn);

	if (turn->loaded)
		policy_done(&turn->policy);
	turn->loaded = false;
	return again;
}
