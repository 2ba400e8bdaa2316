/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_HOST_OWNER_H
#define GUESTARP_HOST_OWNER_H
/*
 * An address has one owner in each VRF of this host: /run/guestarp/owner/<address>, and in a VRF <address>@<vrf>, is a
 * symbolic link to "<guest> <rank> <device>". The VRF is that of the device which answers, else of the NIC's bridge.
 * A claim stays when its guest stops ("resting"), so that sync gives nobody else what is the guest's; another guest's
 * own start may take it then. All claims are read and replaced under one lock of the directory, the innermost of all,
 * which is never held while anything waits.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ip.h"
#include "guest/guest.h"
#include "plan/plan.h"
#include "policy/policy.h"

#define OWNER_DIR "/run/guestarp/owner"

/* How an address became a guest's. A higher one takes an address over, also from a guest that runs. */
enum owner_rank {
	OWNER_CONFIG,  /* its configuration has it */
	OWNER_ALLOWED, /* and it lies in the policy's "allowed" */
	OWNER_NAMED,   /* the policy's "addresses" name it */
};

struct owner_claim {
	struct ip ip;
	char vrf[IFNAMSIZ]; /* "" for none */
	enum owner_rank rank;
	char device[IFNAMSIZ]; /* that answers for it, "" where the guest is only bridged */

	/* The answer. */
	bool granted;
	bool standing;  /* the guest had it already */
	bool resting;   /* not granted: the other one does not run, and its address goes to who starts first */
	bool displaces; /* granted: the other one runs */
	char other[GUEST_NAME_SIZE]; /* not granted: who has it; granted: whom it was taken from, "" for nobody */
};

/*
 * The addresses that the guest has to claim, unanswered: all that it wants and may have, but for those that it shares.
 * plan says where each is answered for. Returns how many.
 */
size_t owner_claims_of(const struct guest *guest, const struct policy *policy, const struct facts *facts,
		       const struct plan *plan, struct owner_claim claims[GUEST_IPS_MAX]);

/*
 * Claims addresses for the guest. start: its own event, or the administrator's word: resting claims of others are
 * taken, too. Without /run all are granted: who can say otherwise?
 */
int owner_claim(const struct guest *guest, bool start, struct owner_claim *claims, size_t count, struct err *err);

/* What owner_claim() would answer just now. Changes nothing. */
int owner_foresee(const struct guest *guest, bool start, struct owner_claim *claims, size_t count, struct err *err);

/*
 * May the guest remove this recorded entry or route, whose device is in the VRF ("" for none)? Not where another one
 * has claimed the address since, or has the same, where it is shared, and runs. It is shared when it was recorded so,
 * or where policy, NULL for none known, says so now.
 */
bool owner_may_release(const struct guest *guest, const struct policy *policy, const char *vrf,
		       const struct setting *setting);

/* Does another guest that runs have the same setting, recorded as its own? Reads every record: for what is shared. */
bool owner_shares(const struct guest *guest, const struct setting *setting);

/* Removes the guest's claim of an address that is no longer its own. */
void owner_drop(const struct guest *guest, const char *vrf, const struct ip *ip);

/* Who has claimed the address in the VRF; false where nobody has. */
bool owner_of(const char *vrf, const struct ip *ip, char ret_guest[GUEST_NAME_SIZE]);

#endif
