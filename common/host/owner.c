/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims as symbolic links, which are read without opening anything. */

#include "host/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "guest/lxc.h"
#include "host/guests.h"
#include "host/record.h"
#include "host/running.h"
#include "plan/choice.h"
#include "policy/ask.h"

#define TRIES           4
#define CLAIM_NAME_SIZE (IP_TEXT + IFNAMSIZ)
#define CLAIM_SIZE      (GUEST_NAME_SIZE + IFNAMSIZ + 8)
#define CLAIM_NEW       ".new" /* written beside the others, then renamed */

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

/* Device names have no slash, and addresses no "@". */
static const char *claim_name(const char *vrf, const struct ip *ip, char name[CLAIM_NAME_SIZE])
{
	char text[IP_TEXT];

	(void)snprintf(name, CLAIM_NAME_SIZE, "%s%s%s", ip_to_str(ip, text), vrf[0] ? "@" : "", vrf);
	return name;
}

/* What is no claim of ours counts as none. */
static void read_claim(int dir, const char *vrf, const struct ip *ip, struct standing *ret_standing)
{
	struct standing *s = ret_standing;
	char name[CLAIM_NAME_SIZE];
	ssize_t len;

	memset(s, 0, sizeof(*s));
	len = readlinkat(dir, claim_name(vrf, ip, name), s->text, sizeof(s->text) - 1);
	if (len < 0 || len == (ssize_t)sizeof(s->text) - 1)
		s->text[0] = '\0';
	else
		s->text[len] = '\0';
	if (sscanf(s->text, "%199s %1u %15s", s->guest, &s->rank, s->device) < 2 || s->rank > OWNER_NAMED)
		memset(s, 0, sizeof(*s));
	if (strcmp(s->device, "-") == 0)
		s->device[0] = '\0';
}

/* A claim that a process was writing when it was killed goes with the next lock. */
static int lock_owners(int dir, int how)
{
	if (flock(dir, how) < 0)
		return -errno;
	(void)unlinkat(dir, CLAIM_NEW, 0);
	return 0;
}

/* Under the lock; replaced at once, as without its claim a guest that runs would lose the address to the next start. */
static int write_claim(int dir, const struct guest *guest, const struct owner_claim *claim, const struct standing *s,
		       struct err *err)
{
	char name[CLAIM_NAME_SIZE];
	char who[GUEST_NAME_SIZE];
	char text[CLAIM_SIZE];

	(void)snprintf(text, sizeof(text), "%s %u %s", guest_name(guest, who), (unsigned)claim->rank,
		       claim->device[0] ? claim->device : "-");
	if (strcmp(text, s->text) == 0)
		return 0;
	(void)claim_name(claim->vrf, &claim->ip, name);
	if (symlinkat(text, dir, name) == 0)
		return 0;
	if (errno != EEXIST || symlinkat(text, dir, CLAIM_NEW) < 0 || renameat(dir, CLAIM_NEW, dir, name) < 0)
		return err_errno(err, errno, "%s/%s", OWNER_DIR, name);
	return 0;
}

static enum owner_rank rank_of(const struct guest *guest, const struct policy *policy, const struct ip *ip)
{
	const struct guest_nic *nic = plan_nic(guest, policy, ip);

	if (!policy->addresses_from_config || plan_listed(policy, nic))
		return OWNER_NAMED;
	return policy->allowed_any ? OWNER_CONFIG : OWNER_ALLOWED;
}

/*
 * Does its configuration still have the address, or its policy, and at what rank? A guest that is nowhere has none; but
 * where pmxcfs is down, each of Proxmox VE's seems to be nowhere. The rank stays as it was where policy cannot be read.
 */
static bool still_wants(struct guest *guest, const struct ip *ip, unsigned *rank)
{
	static struct policy policy;
	struct ip buffer[GUEST_IPS_MAX];
	const struct ip *ips;
	size_t count;
	bool wants;
	int r = guest_read(guest, NULL);

	if (r == -ENOENT)
		return guest->kind == GUEST_PVE && !guest_platform_known();
	/* What cannot be read, or is not listed there (OpenVZ's own list), is left to whether it runs. */
	if (r < 0 || guest->kind != GUEST_PVE)
		return true;
	(void)policy_load(&policy, guest, NULL);
	ips = plan_ips(guest, &policy, buffer, &count);
	wants = policy.broken || (ip_among(ips, count, ip) && policy_allows(&policy, ip));
	if (!policy.broken)
		*rank = rank_of(guest, &policy, ip);
	policy_done(&policy);
	return wants;
}

/* What is asked of another guest, without the lock of the claims. Its rank is what it is by now. */
enum holder {
	HOLDER_RUNS,
	HOLDER_RESTS,
	HOLDER_GONE,
};

static enum holder ask_holder(struct standing *s, const struct ip *ip)
{
	static struct guest guest;
	enum running running = RUNNING_UNKNOWN;

	if (!guest_init_named(&guest, s->guest, '/') || !still_wants(&guest, ip, &s->rank))
		return HOLDER_GONE;
	if (running_ask(&guest, &running, NULL) < 0 || running != RUNNING_NO)
		return HOLDER_RUNS;
	/* It may be on its way up, inside its own event. */
	return lock_is_held(&guest) ? HOLDER_RUNS : HOLDER_RESTS;
}

/* Its name, or the one by which a version before has claimed for it. */
static bool is_name_of(const struct guest *guest, const char *claimed)
{
	struct guest former;
	char name[GUEST_NAME_SIZE];

	if (strcmp(claimed, guest_name(guest, name)) == 0)
		return true;
	return lxc_had_name(guest, &former) && strcmp(claimed, guest_name(&former, name)) == 0;
}

static void refuse(struct owner_claim *claim, const struct standing *s, bool resting)
{
	claim->granted = false;
	claim->resting = resting;
	(void)text_copy(claim->other, sizeof(claim->other), s->guest);
}

/* One guest's turn at the claims. */
struct claiming {
	int dir;
	const struct guest *guest;
	bool start;
	bool write; /* else only what would be answered is asked for */
	struct err *err;
};

static int grant(const struct claiming *c, struct owner_claim *claim, const struct standing *s, bool displaces)
{
	refuse(claim, s, false);
	claim->granted = true;
	claim->displaces = displaces;
	if (claim->standing)
		claim->other[0] = '\0';
	return c->write ? write_claim(c->dir, c->guest, claim, s, c->err) : 0;
}

/*
 * One address under the lock. asked is what was asked of a holder before, NULL for not yet; 1 where a holder has to be
 * asked first.
 */
static int judge(const struct claiming *c, struct owner_claim *claim, const struct standing *asked, enum holder holder,
		 struct standing *ret_ask)
{
	struct standing s;

	read_claim(c->dir, claim->vrf, &claim->ip, &s);
	claim->standing = is_name_of(c->guest, s.guest);
	if (!s.text[0] || claim->standing)
		return grant(c, claim, &s, false);
	if (!asked || strcmp(asked->text, s.text) != 0) {
		*ret_ask = s;
		return 1;
	}
	if (holder == HOLDER_GONE || (holder == HOLDER_RESTS && c->start))
		return grant(c, claim, &s, false);
	if (claim->rank > asked->rank)
		return grant(c, claim, &s, holder == HOLDER_RUNS);
	refuse(claim, &s, holder == HOLDER_RESTS);
	return 0;
}

static int claim_one(const struct claiming *c, struct owner_claim *claim)
{
	struct standing ask = { .rank = 0 };
	enum holder holder = HOLDER_RUNS;
	int r = 1;

	for (int i = 0; r > 0 && i < TRIES; i++) {
		struct standing asked = ask;

		if (lock_owners(c->dir, c->write ? LOCK_EX : LOCK_SH) < 0)
			return err_errno(c->err, errno, OWNER_DIR);
		r = judge(c, claim, i > 0 ? &asked : NULL, holder, &ask);
		(void)flock(c->dir, LOCK_UN);
		if (r > 0)
			holder = ask_holder(&ask, &claim->ip);
	}
	/* Others are quicker each time: it stays with them. */
	if (r > 0)
		refuse(claim, &ask, false);
	return r < 0 ? r : 0;
}

/* Mostly nobody else wants any of them: then all are judged under one lock. */
static int claim_free(const struct claiming *c, struct owner_claim *claims, size_t count, bool contested[GUEST_IPS_MAX])
{
	struct standing ask;
	int r = 0;

	if (lock_owners(c->dir, c->write ? LOCK_EX : LOCK_SH) < 0)
		return err_errno(c->err, errno, OWNER_DIR);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = judge(c, &claims[i], NULL, HOLDER_RUNS, &ask);
		contested[i] = r > 0;
	}
	(void)flock(c->dir, LOCK_UN);
	return r < 0 ? r : 0;
}

static int claim_all(struct claiming *c, struct owner_claim *claims, size_t count)
{
	bool contested[GUEST_IPS_MAX] = { false };
	CLEANUP(fd) int dir = -1;
	int r = 0;

	for (size_t i = 0; i < count; i++)
		claims[i].granted = true;
	if (count > 0)
		r = open_owners(c->write, &dir, c->err);
	/* Nobody has ever claimed any. */
	if (r == -ENOENT && !c->write)
		return 0;
	c->dir = dir;
	if (r == 0 && count > 0)
		r = claim_free(c, claims, count, contested);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = contested[i] ? claim_one(c, &claims[i]) : 0;
	return r;
}

int owner_claim(const struct guest *guest, bool start, struct owner_claim *claims, size_t count, struct err *err)
{
	struct claiming c = { .guest = guest, .start = start, .write = true, .err = err };

	return claim_all(&c, claims, count);
}

int owner_foresee(const struct guest *guest, bool start, struct owner_claim *claims, size_t count, struct err *err)
{
	struct claiming c = { .guest = guest, .start = start, .err = err };

	return claim_all(&c, claims, count);
}

size_t owner_claims_of(const struct guest *guest, const struct policy *policy, const struct facts *facts,
		       const struct plan *plan, struct owner_claim claims[GUEST_IPS_MAX])
{
	struct ip buffer[GUEST_IPS_MAX];
	size_t ip_count;
	const struct ip *ips = plan_ips(guest, policy, buffer, &ip_count);
	size_t count = 0;

	if (policy->broken)
		return 0;
	for (size_t i = 0; i < ip_count; i++) {
		struct owner_claim *claim = &claims[count];
		const struct guest_nic *nic;

		if (policy_shares(policy, &ips[i]) || !plan_sane(guest, policy, facts, &ips[i]))
			continue;
		memset(claim, 0, sizeof(*claim));
		claim->ip = ips[i];
		claim->rank = rank_of(guest, policy, &ips[i]);
		(void)text_copy(claim->device, sizeof(claim->device), plan_entry_device(plan, &ips[i]));
		nic = plan_nic(guest, policy, &ips[i]);
		(void)text_copy(claim->vrf, sizeof(claim->vrf),
				facts_vrf(facts, claim->device[0] ? claim->device
						 : nic            ? nic->bridge
								  : ""));
		count++;
	}
	return count;
}

bool owner_of(const char *vrf, const struct ip *ip, char ret_guest[GUEST_NAME_SIZE])
{
	CLEANUP(fd) int dir = -1;
	struct standing s;

	if (open_owners(false, &dir, NULL) < 0)
		return false;
	(void)lock_owners(dir, LOCK_SH);
	read_claim(dir, vrf, ip, &s);
	(void)text_copy(ret_guest, GUEST_NAME_SIZE, s.guest);
	return s.text[0];
}

static bool has_too(const struct guest *guest, const struct setting *setting)
{
	enum running running = RUNNING_UNKNOWN;

	return record_has(guest, setting) && (running_ask(guest, &running, NULL) < 0 || running != RUNNING_NO);
}

bool owner_shares(const struct guest *guest, const struct setting *setting)
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

bool owner_may_release(const struct guest *guest, const struct policy *policy, const char *vrf,
		       const struct setting *setting)
{
	char owner[GUEST_NAME_SIZE];
	struct guest other;

	if (setting->shared || (policy && policy_shares(policy, &setting->ip)))
		return !owner_shares(guest, setting);
	if (!owner_of(vrf, &setting->ip, owner) || is_name_of(guest, owner))
		return true;
	/* It may have been killed between its claim and its record: what is not its own would stay for ever. */
	return guest_init_named(&other, owner, '/') && !lock_is_held(&other) && !record_has(&other, setting);
}

void owner_drop(const struct guest *guest, const char *vrf, const struct ip *ip)
{
	CLEANUP(fd) int dir = -1;
	struct standing s;
	char name[CLAIM_NAME_SIZE];

	if (open_owners(false, &dir, NULL) < 0 || lock_owners(dir, LOCK_EX) < 0)
		return;
	read_claim(dir, vrf, ip, &s);
	if (is_name_of(guest, s.guest))
		(void)unlinkat(dir, claim_name(vrf, ip, name), 0);
}
