/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why the kernel logged a martian: ARP at a firewall bridge, one's own address on another machine, or rp_filter. */

#include "doctor/martians.h"

#include <inttypes.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "doctor/firewall_bridge.h"
#include "kernel/frame.h"
#include "kernel/klog.h"
#include "kernel/route.h"

#define LINES_MAX 1000000 /* somebody may write faster than we read */

/* Lines about one device and one pair of addresses. */
struct group {
	struct martian martian;
	uint64_t lines;
	int64_t us; /* the last one's time */
	bool known; /* there was a header line */
	struct mac source;
	uint16_t type; /* EtherType */
};

struct log {
	struct group list[MARTIANS_MAX];
	size_t count;
	uint64_t untold; /* lines of groups that there was no room for */
};

/* ---- the log ----------------------------------------------------------------------------------------------------- */

static struct group *find(struct log *log, const struct martian *martian)
{
	for (size_t i = 0; i < log->count; i++) {
		const struct martian *m = &log->list[i].martian;

		if (ip_equal(&m->target, &martian->target) && ip_equal(&m->sender, &martian->sender) &&
		    strcmp(m->device, martian->device) == 0)
			return &log->list[i];
	}
	return NULL;
}

/* The newest say most: where there is no room, the oldest goes. */
static struct group *take(struct log *log, const struct martian *martian, int64_t us)
{
	struct group *g = find(log, martian);

	if (!g && log->count < MARTIANS_MAX) {
		g = &log->list[log->count++];
		*g = (struct group){ .martian = *martian };
	} else if (!g) {
		g = &log->list[0];
		for (size_t i = 1; i < log->count; i++) {
			if (log->list[i].us < g->us)
				g = &log->list[i];
		}
		log->untold += g->lines;
		*g = (struct group){ .martian = *martian };
	}
	g->lines++;
	g->us = us;
	return g;
}

static int read_log(int fd, struct log *log, struct err *err)
{
	struct group *last = NULL;
	struct klog_line line;
	int r = 1;

	for (int i = 0; i < LINES_MAX && (r = klog_next(fd, &line, err)) > 0; i++) {
		struct martian martian;

		if (klog_parse_martian(line.text, &martian)) {
			last = take(log, &martian, line.us);
		} else if (last && klog_parse_header(line.text, &last->source, &last->type)) {
			last->known = true;
			last = NULL;
		}
	}
	return r < 0 ? r : 0;
}

/* ---- in words ---------------------------------------------------------------------------------------------------- */

static void seen(const struct group *g, struct finding *f)
{
	int64_t ago = (clock_us() - g->us) / 1000000;
	char mac[MAC_TEXT];

	finding_set(f->seen, "%" PRIu64 " line%s, the last one %" PRId64 " s ago", g->lines, g->lines == 1 ? "" : "s",
		    ago > 0 ? ago : 0);
	if (g->known)
		(void)text_append(f->seen, sizeof(f->seen), ", %s from MAC %s",
				  g->type == ETHERTYPE_ARP  ? "ARP"
				  : g->type == ETHERTYPE_IP ? "IPv4"
							    : "a frame",
				  mac_to_str(&g->source, mac));
}

static struct finding *new_finding(struct findings *findings, enum finding_kind kind, const struct group *g)
{
	struct finding *f = findings_add(findings, kind);

	if (!f)
		return NULL;
	finding_set(f->device, "%s", g->martian.device);
	if (g->known)
		(void)mac_to_str(&g->source, f->mac);
	seen(g, f);
	return f;
}

static bool is_bare_bridge(const struct netstate *state, const struct netdev *d)
{
	if (d->kind != NETDEV_BRIDGE)
		return false;
	for (size_t i = 0; i < state->addresses.count; i++) {
		const struct address *a = &state->addresses.list[i];

		if (a->ifindex == d->link.ifindex && a->ip.family == AF_INET)
			return false;
	}
	return true;
}

/* ARP asks routing, and thus rp_filter, before anything that keeps a bridge from answering. */
static void at_bridge(const struct netstate *state, const struct group *g, const char *guest, struct findings *findings)
{
	const struct netdev *d = netstate_named(state, g->martian.device);
	struct finding *f = new_finding(findings, FINDING_BRIDGE_MARTIANS, g);
	char target[IP_TEXT];
	char sender[IP_TEXT];

	if (!f)
		return;
	finding_set(f->guest, "%s", guest);
	finding_set(f->what, "%s%s%s%s has no address and is asked by ARP all the same: %s asks for %s.",
		    !d || d->kind == NETDEV_BRIDGE ? "Bridge " : "", g->martian.device,
		    guest[0] ? " in front of guest " : "", guest, ip_to_str(&g->martian.sender, sender),
		    ip_to_str(&g->martian.target, target));
	if (guest[0])
		firewall_bridge_fix(state, g->martian.device, 1U << FRAME_ARP, f);
	else
		finding_set(f->permanent, "in \"devices\" of %s, then guestarp sync:\n\"%s\": { \"quiet\": true },",
			    POLICY_HOST_FILE, g->martian.device);
}

static const struct link *device_with(const struct netstate *state, const struct mac *mac)
{
	for (size_t i = 0; i < state->count; i++) {
		if (mac_equal(&state->devices[i].link.mac, mac))
			return &state->devices[i].link;
	}
	return NULL;
}

/* The sender has an address of the host's. */
static void own_sender(const struct netstate *state, const struct group *g, struct finding *f)
{
	const struct link *own = g->known ? device_with(state, &g->source) : NULL;
	char sender[IP_TEXT];

	(void)ip_to_str(&g->martian.sender, sender);
	finding_set(f->what, "%s gets packets whose sender is %s, an address of this host%s%s.", g->martian.device,
		    sender, own ? ": they come from its own " : "", own ? own->name : "");
	if (own)
		finding_set(f->advice, "%s and %s are on one wire: guestarp check --probe", own->name,
			    g->martian.device);
	else
		finding_set(f->advice, "another machine has the address: guestarp check --probe");
}

/* The kernel is asked as for a packet of the host's own, which it never logs. */
static void refused(struct netlink *nl, const struct netstate *state, const struct group *g, struct finding *f)
{
	const struct netdev *d = netstate_named(state, g->martian.device);
	const struct link *back = NULL;
	struct route route = { 0 };
	char target[IP_TEXT];
	char sender[IP_TEXT];

	if (d && route_lookup(nl, 0, &g->martian.sender, &route, NULL) == 0)
		back = netstate_link(state, route.ifindex);
	finding_set(f->what, "%s got a packet for %s from %s", g->martian.device, ip_to_str(&g->martian.target, target),
		    ip_to_str(&g->martian.sender, sender));
	if (!d)
		(void)text_append(f->what, sizeof(f->what), "; no device here has that name now.");
	else if (is_bare_bridge(state, d))
		(void)text_append(f->what, sizeof(f->what), ", and has no address itself.");
	else if (back && back != &d->link)
		(void)text_append(f->what, sizeof(f->what), ", to whom this host's packets leave by %s.", back->name);
	else
		(void)text_append(f->what, sizeof(f->what), back ? "." : ", to whom this host has no route.");
	if (d)
		finding_set(f->advice,
			    "rp_filter 2 for %s where answers may leave by any device, or log_martians 0 for all and "
			    "for %s, in /etc/sysctl.d",
			    d->link.name, d->link.name);
}

static void explain(struct netlink *nl, const struct netstate *state, const struct group *g, struct findings *findings)
{
	const struct netdev *d = netstate_named(state, g->martian.device);
	char guest[GUEST_NAME_SIZE];
	bool own = addresses_have(&state->addresses, &g->martian.sender);
	struct finding *f;

	(void)patient_of_port(g->martian.device, guest);
	if (g->known && g->type == ETHERTYPE_ARP && !own && (guest[0] || (d && is_bare_bridge(state, d)))) {
		at_bridge(state, g, guest, findings);
		return;
	}
	f = new_finding(findings, FINDING_MARTIANS, g);
	if (!f)
		return;
	finding_set(f->guest, "%s", guest);
	if (own)
		own_sender(state, g, f);
	else
		refused(nl, state, g, f);
}

int martians_check(int log, struct findings *findings, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	CLEANUP(free) struct log *lines = calloc(1, sizeof(*lines));
	struct netstate state = { 0 };
	struct finding *f;
	int r;

	if (!lines)
		return err_errno(err, ENOMEM, "log");
	r = read_log(log, lines, err);
	if (r == 0)
		r = netlink_open(&nl, err);
	if (r == 0)
		r = netstate_take(nl, &state, err);
	for (size_t i = 0; r == 0 && i < lines->count; i++)
		explain(nl, &state, &lines->list[i], findings);
	f = r == 0 && lines->untold ? findings_add(findings, FINDING_MARTIANS) : NULL;
	if (f)
		finding_set(f->what, "%" PRIu64 " more martian lines are of further devices and addresses than %d.",
			    lines->untold, MARTIANS_MAX);
	if (r == 0 && findings->failed)
		r = err_errno(err, ENOMEM, "findings");
	netstate_done(&state);
	return r;
}
