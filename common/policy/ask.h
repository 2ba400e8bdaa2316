/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_POLICY_ASK_H
#define GUESTARP_POLICY_ASK_H
/* Questions to a policy that has been read, and one to its text. */

#include <stdbool.h>

#include "policy/policy.h"

/* Does the address lie in one of "allowed", or is there no such limit? */
bool policy_allows(const struct policy *policy, const struct ip *ip);

bool policy_shares(const struct policy *policy, const struct ip *ip);

/* What is said of netN, or NULL. */
const struct policy_nic *policy_nic(const struct policy *policy, unsigned index);

/* The port that is named as the bridge's uplink, "" for none. */
const char *policy_uplink(const struct policy *policy, const char *bridge);

/* Is there a string of that name, an interface's, in any policy file of this host? */
bool policy_mentions(const char *name);

#endif
