/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to a policy that has been read, and one to its text. */

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "policy/ask.h"

bool policy_allows(const struct policy *policy, const struct ip *ip)
{
	for (size_t i = 0; !policy->allowed_any && i < policy->allowed_count; i++) {
		if (ip_same_subnet(ip, &policy->allowed[i].ip, policy->allowed[i].bits))
			return true;
	}
	return policy->allowed_any;
}

bool policy_shares(const struct policy *policy, const struct ip *ip)
{
	return ip_among(policy->shared, policy->shared_count, ip);
}

const struct policy_nic *policy_nic(const struct policy *policy, unsigned index)
{
	for (size_t i = 0; i < policy->nic_count; i++) {
		if (policy->nics[i].index == index)
			return &policy->nics[i];
	}
	return NULL;
}

const char *policy_uplink(const struct policy *policy, const char *bridge)
{
	for (size_t i = 0; i < policy->device_count; i++) {
		if (strcmp(policy->devices[i].name, bridge) == 0)
			return policy->devices[i].uplink;
	}
	return "";
}

bool policy_mentions(const char *name)
{
	static const char *const paths[] = { POLICY_HOST_FILE, POLICY_CLUSTER_FILE };
	char word[IFNAMSIZ + 2];
	bool is = false;

	(void)snprintf(word, sizeof(word), "\"%s\"", name);
	for (size_t i = 0; !is && i < 2; i++) {
		CLEANUP(free) char *text = NULL;
		size_t len;

		is = file_read(paths[i], FILE_ANY, &text, &len, NULL) == 0 && strstr(text, word);
	}
	return is;
}
