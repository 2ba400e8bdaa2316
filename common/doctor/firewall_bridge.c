/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nothing but a guest's own frames should pass a firewall bridge, so that it needs neither ARP nor IPv6 of its own. */

#include "doctor/firewall_bridge.h"

#include <net/if.h>

#include "base/text.h"
#include "host/guests.h"
#include "kernel/frame.h"
#include "plan/names.h"
#include "policy/policy.h"

void firewall_bridge_keep(bool managed, bool quietable, struct finding *finding)
{
	if (!quietable)
		finding_set(finding->permanent,
			    "in \"guests\" of %s, then guestarp sync:\n\"%s\": { \"firewall_bridge\": \"quiet\" },",
			    POLICY_HOST_FILE, finding->guest);
	else if (managed)
		finding_set(finding->permanent, "guestarp sync");
	else
		finding_set(finding->permanent, "guestarp manage %s", finding->guest);
}

/* What no configuration names cannot be managed. */
static void keep_by_policy(struct finding *f)
{
	struct policy policy;
	struct guest guest;

	if (!guest_init_named(&guest, f->guest, '/') || guest_read(&guest, NULL) < 0)
		return;
	(void)policy_load(&policy, &guest, NULL);
	firewall_bridge_keep(policy_manages(&policy, &guest), names_quietable(&guest, &policy), f);
	policy_done(&policy);
}

/* Of IPv6 a link-local one, which the kernel gives it by itself, does not count. */
static bool has_address(const struct netstate *state, int ifindex)
{
	for (size_t i = 0; i < state->addresses.count; i++) {
		const struct address *a = &state->addresses.list[i];

		if (a->ifindex == ifindex && (a->ip.family == AF_INET || !IN6_IS_ADDR_LINKLOCAL(a->ip.bytes)))
			return true;
	}
	return false;
}

static void add(char *text, size_t size, const char *join, const char *words)
{
	(void)text_append(text, size, "%s%s", text[0] ? join : "", words);
}

static void fix_now(const struct netdev *d, unsigned kinds, struct finding *f)
{
	const char *name = d->link.name;
	char words[100];

	if (kinds & 1U << FRAME_ARP && !(d->link.flags & IFF_NOARP)) {
		finding_text(words, sizeof(words), "ip link set dev %s arp off", name);
		add(f->fix, sizeof(f->fix), " && ", words);
	}
	if (kinds & 1U << FRAME_IP4) {
		finding_text(words, sizeof(words), "ip link set dev %s type bridge mcast_snooping 0", name);
		add(f->fix, sizeof(f->fix), " && ", words);
	}
	if (kinds & 1U << FRAME_IP6 && d->link.inet6 && !d->link.value[LINK_DISABLE_IPV6]) {
		finding_text(words, sizeof(words), "sysctl -w net/ipv6/conf/%s/disable_ipv6=1", name);
		add(f->fix, sizeof(f->fix), " && ", words);
	}
}

void firewall_bridge_fix(const struct netstate *state, const char *device, unsigned kinds, struct finding *finding)
{
	const struct netdev *d = netstate_named(state, device);

	if (d && d->kind == NETDEV_BRIDGE && !has_address(state, d->link.ifindex))
		fix_now(d, kinds, finding);
	if (kinds & 1U << FRAME_ARP)
		keep_by_policy(finding);
	/* What a bridge without an address sends by IPv4 is that it has joined 224.0.0.106 (RFC 4286), as it snoops. */
	if (kinds & 1U << FRAME_IP4)
		add(finding->advice, sizeof(finding->advice), ", ",
		    "net.ipv4.igmp_link_local_mcast_reports = 0 in /etc/sysctl.d");
	if (kinds & 1U << FRAME_IP6)
		add(finding->advice, sizeof(finding->advice), ", ", "disable_ipv6 = 1 for it in /etc/sysctl.d");
}
