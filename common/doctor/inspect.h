/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_INSPECT_H
#define GUESTARP_DOCTOR_INSPECT_H
/* What should hold for a guest and what does, changing nothing. */

#include <stdbool.h>
#include <stddef.h>

#include "answer/answer.h"
#include "base/err.h"
#include "base/log.h"
#include "guest/guest.h"
#include "host/owner.h"
#include "host/running.h"
#include "kernel/lookup.h"
#include "kernel/netstate.h"
#include "plan/plan.h"
#include "policy/policy.h"

/* One of the guest's addresses, and a device of the host that has a proxy entry for it. */
struct inspected_answer {
	struct ip ip;
	int ifindex; /* 0: the entry is on all devices */
	char device[IFNAMSIZ];
	struct answer answer; /* of the model; with ifindex 0 it is not asked */
};

struct inspection {
	struct plan settings; /* in the order in which events make them hold: prepare's, then up's */
	bool *holds;          /* beside settings */
	size_t prepare_count; /* so many of them are prepare's */
	struct plan recorded; /* what down would remove */
	bool has_record;
	enum running running;
	struct notes notes;
	/* Its addresses and whose each is. What is refused is not among the settings. */
	struct owner_claim *claims;
	size_t claim_count;
	struct ip ips[GUEST_IPS_MAX]; /* its addresses, by policy or configuration */
	size_t ip_count;
	/* Which of the host's entries answer for the guest's addresses, by address; of a guest that does not run none.
	 */
	struct inspected_answer *answers;
	size_t answer_count;
};

/* The host as inspect_guest() compares with it, taken once for all guests. */
struct inspect_host {
	struct netlink *nl;
	struct netstate state;      /* filters.known: the table of names is */
	struct addresses addresses; /* the host's own that other hosts may ask for */
	struct lookup_kernel *kernel;
	struct lookups lookups;
};

/* To be released with inspect_host_done(), also after a failure. */
int inspect_host_take(struct inspect_host *ret_host, struct err *err);
void inspect_host_done(struct inspect_host *host);

/* To be released with inspection_done(), also after a failure. managed: it is ours to touch. */
int inspect_guest(const struct guest *guest, const struct policy *policy, bool managed, const struct inspect_host *host,
		  struct inspection *ret_inspection, struct err *err);
void inspection_done(struct inspection *inspection);

/* Settings that do not hold. */
size_t inspection_missing(const struct inspection *inspection);

/* Addresses that it wants and another guest has. */
size_t inspection_refused(const struct inspection *inspection);

#endif
