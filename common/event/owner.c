/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims as symbolic links, which are read without opening anything. */

#include "event/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "event/guests.h"
#include "event/record.h"
#include "event/running.h"
#include "plan/choice.h"

#define TRIES      4
#define CLAIM_SIZE (GUEST_NAME_SIZE + IFNAMSIZ + 8)

/* A claim as it stands. */
struct standing {
	char text[CLAIM_SIZE]; /* "" where there is none */
	char guest[GUEST_NAME_SIZE];
	unsigned rank;
	char device[IFNAMSIZ];
};

static int open_owners(bool create, int *ret_dir, struct err *err)
{
	CLEANUP(fd) int records = -1;
	int r = file_open_dir(RECORD_DIR, create, &records, err);

	return r < 0 ? r : file_open_dir(OWNER_DIR, create, ret_dir, err);
}

/* What is no claim of ours counts as none. */
static void read_claim(int dir, const struct ip *ip, struct standing *ret_standing)
{
	struct standing *s = ret_standing;
	char name[IP_TEXT];
	ssize_t len;

	memset(s, 0, sizeof(*s));
	len = readlinkat(dir, ip_to_str(ip, name), s->text, sizeof(s->text) - 1);
	if (len < 0 || len == (ssize_t)sizeof(s->text) - 1)
		s->text[0] = '\0';
	else
		s->text[len] = '\0';
	if (sscanf(s->text, "%71s %1u %15s", s->guest, &s->rank, s->device) < 2 || s->rank > OWNER_NAMED)
		memset(s, 0, sizeof(*s));
	if (strcmp(s->device, "-") == 0)
		s->device[0] = '\0';
}

/* Under the lock alone, which readers share: so it need not be replaced at once, and a kill leaves nothing beside it.
 */
static int write_claim(int dir, const struct guest *guest, const struct owner_claim *claim, const struct standing *s,
		       struct err *err)
{
	char name[IP_TEXT];
	char who[GUEST_NAME_SIZE];
	char text[CLAIM_SIZE];

	(void)snprintf(text, sizeof(text), "%s %u %s", guest_name(guest, who), (unsigned)claim->rank,
		       claim->device[0] ? claim->device : "-");
	if (strcmp(text, s->text) == 0)
		return 0;
	(void)ip_to_str(&claim->ip, name);
	if ((unlinkat(dir, name, 0) < 0 && errno != ENOENT) || symlinkat(text, dir, name) < 0)
		return err_errno(err, errno, "%s/%s", OWNER_DIR, name);
	return 0;
}

/* Does its configuration still have the address, or its policy? A guest that is nowhere has none. */
static bool still_wants(struct guest *guest, const struct ip *ip)
{
	static struct policy policy;
	struct ip buffer[GUEST_IPS_MAX];
	const struct ip *ips;
	size_t count;
	bool wants = false;
	int r = guest_read(guest, NULL);

	if (r == -ENOENT)
		return false;
	/* What cannot be read, or is not listed there (OpenVZ's own list), is left to whether it runs. */
	if (r < 0 || guest->kind != GUEST_PVE)
		return true;
	(void)policy_load(&policy, guest, NULL);
	ips = plan_ips(guest, &policy, buffer, &count);
	for (size_t i = 0; i < count; i++)
		wants = wants || ip_equal(&ips[i], ip);
	policy_done(&policy);
	return wants;
}

/* What is asked of another guest, without the lock of the claims. */
enum holder {
	HOLDER_RUNS,
	HOLDER_RESTS,
	HOLDER_GONE,
};

static enum holder ask_holder(const struct standing *s, const struct ip *ip)
{
	static struct guest guest;
	enum running running = RUNNING_UNKNOWN;

	if (!guest_init_named(&guest, s->guest, '/') || !still_wants(&guest, ip))
		return HOLDER_GONE;
	if (running_ask(&guest, &running, NULL) < 0 || running != RUNNING_NO)
		return HOLDER_RUNS;
	/* It may be on its way up, inside its own event. */
	return lock_is_held(&guest) ? HOLDER_RUNS : HOLDER_RESTS;
}

static void refuse(struct owner_claim *claim, const struct standing *s)
{
	claim->granted = false;
	(void)text_copy(claim->other, sizeof(claim->other), s->guest);
	(void)text_copy(claim->other_device, sizeof(claim->other_device), s->device);
}

static int grant(int dir, const struct guest *guest, struct owner_claim *claim, const struct standing *s,
		 bool displaces, struct err *err)
{
	refuse(claim, s);
	claim->granted = true;
	if (!displaces)
		claim->other[0] = '\0';
	return write_claim(dir, guest, claim, s, err);
}

/*
 * One address under the lock. asked is what was asked of a holder before, NULL for not yet; 1 where a holder has to be
 * asked first.
 */
static int judge(int dir, const struct guest *guest, bool start, struct owner_claim *claim,
		 const struct standing *asked, enum holder holder, struct standing *ret_ask, struct err *err)
{
	struct standing s;
	char name[GUEST_NAME_SIZE];

	read_claim(dir, &claim->ip, &s);
	if (!s.text[0] || strcmp(s.guest, guest_name(guest, name)) == 0)
		return grant(dir, guest, claim, &s, false, err);
	if (!asked || strcmp(asked->text, s.text) != 0) {
		*ret_ask = s;
		return 1;
	}
	if (holder == HOLDER_GONE || (holder == HOLDER_RESTS && start))
		return grant(dir, guest, claim, &s, false, err);
	if (claim->rank > s.rank)
		return grant(dir, guest, claim, &s, holder == HOLDER_RUNS, err);
	refuse(claim, &s);
	return 0;
}

static int claim_one(int dir, const struct guest *guest, bool start, struct owner_claim *claim, struct err *err)
{
	struct standing ask = { .rank = 0 };
	enum holder holder = HOLDER_RUNS;
	int r = 1;

	for (int i = 0; r > 0 && i < TRIES; i++) {
		struct standing asked = ask;

		if (flock(dir, LOCK_EX) < 0)
			return err_errno(err, errno, OWNER_DIR);
		r = judge(dir, guest, start, claim, i > 0 ? &asked : NULL, holder, &ask, err);
		(void)flock(dir, LOCK_UN);
		if (r > 0)
			holder = ask_holder(&ask, &claim->ip);
	}
	/* Others are quicker each time: it is theirs. */
	if (r > 0)
		refuse(claim, &ask);
	return r < 0 ? r : 0;
}

int owner_claim(const struct guest *guest, bool start, struct owner_claim *claims, size_t count, struct err *err)
{
	CLEANUP(fd) int dir = -1;
	int r = 0;

	for (size_t i = 0; i < count; i++)
		claims[i].granted = true;
	if (count > 0)
		r = open_owners(true, &dir, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = claim_one(dir, guest, start, &claims[i], err);
	return r;
}

bool owner_of(const struct ip *ip, char ret_guest[GUEST_NAME_SIZE])
{
	CLEANUP(fd) int dir = -1;
	struct standing s;

	if (open_owners(false, &dir, NULL) < 0)
		return false;
	(void)flock(dir, LOCK_SH);
	read_claim(dir, ip, &s);
	(void)text_copy(ret_guest, GUEST_NAME_SIZE, s.guest);
	return s.text[0];
}

static bool has_too(const struct guest *guest, const struct setting *setting)
{
	enum running running = RUNNING_UNKNOWN;
	struct plan recorded = { 0 };
	struct notes notes = { 0 };
	bool exists = false;
	bool has = record_peek(guest, &recorded, &exists, &notes, NULL) == 0 && plan_find(&recorded, setting);

	plan_done(&recorded);
	return has && (running_ask(guest, &running, NULL) < 0 || running != RUNNING_NO);
}

/* Only for what is shared: it reads every record. */
static bool another_has(const struct guest *guest, const struct setting *setting)
{
	struct guest_list guests = { 0 };
	bool has = guest_list_recorded(&guests, NULL) < 0;

	for (size_t i = 0; !has && i < guests.count; i++) {
		const struct guest *other = &guests.list[i];

		has = (other->kind != guest->kind || strcmp(other->id, guest->id) != 0) && has_too(other, setting);
	}
	guest_list_done(&guests);
	return has;
}

bool owner_may_release(const struct guest *guest, const struct setting *setting)
{
	char owner[GUEST_NAME_SIZE];
	char name[GUEST_NAME_SIZE];

	if (setting->shared)
		return !another_has(guest, setting);
	return !owner_of(&setting->ip, owner) || strcmp(owner, guest_name(guest, name)) == 0;
}

void owner_drop(const struct guest *guest, const struct ip *ip)
{
	CLEANUP(fd) int dir = -1;
	struct standing s;
	char name[GUEST_NAME_SIZE];
	char link[IP_TEXT];

	if (open_owners(false, &dir, NULL) < 0 || flock(dir, LOCK_EX) < 0)
		return;
	read_claim(dir, ip, &s);
	if (strcmp(s.guest, guest_name(guest, name)) == 0)
		(void)unlinkat(dir, ip_to_str(ip, link), 0);
}
