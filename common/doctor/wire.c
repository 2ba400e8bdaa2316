/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking on the wire who answers for an address: the flux seen, not inferred. */

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor/doctor.h"
#include "doctor/wire.h"
#include "kernel/packet.h"

#define DEVICES_MAX   16
#define ADDRESSES_MAX 64

/* One device's questions, and the answers. */
struct wire_round {
	const struct link *link;
	struct packet packets[ADDRESSES_MAX];
	struct probe_result results[ADDRESSES_MAX];
	size_t count;
	struct probe_heard heard;
};

static void add(const struct doctor *d, struct wire_round *round, const struct ip *ip)
{
	struct packet packet = { .ifindex = round->link->ifindex, .source = round->link->mac, .ip = *ip };

	for (size_t i = 0; i < round->count; i++) {
		if (ip_equal(&round->packets[i].ip, ip))
			return;
	}
	if (round->count == ADDRESSES_MAX)
		return;
	/* A solicitation from :: would end the duplicate address detection of a guest that is just starting. */
	if (!addresses_sender(&d->addresses, round->link->ifindex, ip, &packet.sender) && ip->family == AF_INET6)
		return;
	round->packets[round->count++] = packet;
}

/* Host's and guests' addresses in the subnets that the device is in. */
static void collect(const struct doctor *d, struct wire_round *round)
{
	const struct addresses *all = &d->addresses;

	for (size_t i = 0; i < all->count; i++) {
		const struct address *subnet = &all->list[i];

		if (subnet->ifindex != round->link->ifindex || subnet->prefix >= ip_len(&subnet->ip) * 8)
			continue;
		for (size_t j = 0; j < all->count; j++) {
			if (ip_same_subnet(&all->list[j].ip, &subnet->ip, subnet->prefix))
				add(d, round, &all->list[j].ip);
		}
		for (size_t j = 0; j < d->patient_count; j++) {
			const struct guest *guest = &d->patients[j].guest;

			for (size_t k = 0; k < guest->ip_count; k++) {
				if (ip_same_subnet(&guest->ips[k], &subnet->ip, subnet->prefix))
					add(d, round, &guest->ips[k]);
			}
		}
	}
}

/* Does the device answer for it by an entry? */
static bool device_proxies(const struct doctor *d, const struct link *link, const struct ip *ip)
{
	for (size_t i = 0; i < d->state.proxies.count; i++) {
		const struct proxy_entry *entry = &d->state.proxies.list[i];

		if (entry->ifindex == link->ifindex && ip_equal(&entry->ip, ip))
			return true;
	}
	return false;
}

static bool holds(const struct doctor *d, const struct link *link, const struct ip *ip)
{
	const struct netdev *device = netstate_device(&d->state, link->ifindex);

	return device && device_holds(d, device, ip);
}

static bool on_wire(const struct doctor *d, size_t wire, int ifindex)
{
	for (size_t i = 0; i < d->segments.count; i++) {
		if (d->segments.list[i].wire == wire && segment_has(&d->segments.list[i], ifindex))
			return true;
	}
	return false;
}

/* Those of a wire within the host, such as a pair of veths, are told by nobody else. */
static bool on_any_wire(const struct doctor *d, int ifindex)
{
	for (size_t i = 0; i < d->segments.count; i++) {
		if (segment_has(&d->segments.list[i], ifindex))
			return true;
	}
	return false;
}

/* Does the model have it answer for the address where the other one is, and how? */
static bool is_expected(const struct doctor *d, const struct link *asked, const struct ip *ip, int ifindex,
			struct reply *ret_reply)
{
	const struct reply_set set = { .target = *ip, .own = addresses_have(&d->addresses, ip), .foreign = true };

	for (size_t i = 0; i < d->wires.count; i++) {
		const struct wire *w = &d->wires.list[i];

		if (on_wire(d, w->id, asked->ifindex) && wire_hears(w, ifindex) &&
		    wire_ask(d, w, &set, netstate_device(&d->state, ifindex), ret_reply))
			return true;
	}
	return false;
}

/*
 * The device of this host that has answered; NULL: another machine. Several may have one MAC, as a bridge and its
 * uplink have: it is the one that the model has answer, else the one that holds the address.
 */
static const struct link *find_answering(const struct doctor *d, const struct link *asked, const struct ip *ip,
					 const struct mac *mac, bool *ret_expected)
{
	const struct link *found = NULL;
	int best = -1;

	*ret_expected = false;
	for (size_t i = 0; i < d->state.count; i++) {
		const struct link *link = &d->state.devices[i].link;
		struct reply reply;
		int rank;

		if (!mac_equal(&link->mac, mac) || (link->flags & IFF_LOOPBACK))
			continue;
		rank = is_expected(d, asked, ip, link->ifindex, &reply) ? 2 : holds(d, link, ip) ? 1 : 0;
		if (rank > best)
			found = link;
		best = rank > best ? rank : best;
	}
	*ret_expected = best == 2;
	return found;
}

/* A finding that already says why this device answers: what was seen is its proof. */
static struct finding *explained(const struct doctor *d, const struct link *link, const struct ip *ip)
{
	char text[IP_TEXT];
	size_t len = strlen(ip_to_str(ip, text));

	for (size_t i = 0; link && i < d->findings->count; i++) {
		struct finding *f = &d->findings->list[i];

		if ((f->kind == FINDING_BRIDGE_ANSWERS || f->kind == FINDING_FLUX) &&
		    strcmp(f->device, link->name) == 0)
			return f;
		/* The address is its first word; the device is one of several. */
		if (f->kind == FINDING_PROXY_MANY && strncmp(f->what, text, len) == 0 && f->what[len] == ' ')
			return f;
	}
	return NULL;
}

static bool is_said(const struct doctor *d, const char *ip)
{
	for (size_t i = 0; i < d->findings->count; i++) {
		const struct finding *f = &d->findings->list[i];

		if (f->kind == FINDING_WIRE && strncmp(f->what, ip, strlen(ip)) == 0 && f->what[strlen(ip)] == ' ')
			return true;
	}
	return false;
}

/*
 * Does the device that asks answer there itself for an address of the host's, once somebody else asks? Those of lo and
 * of tunnels are answered for on every device. One that answers probes alone tells no lie.
 */
static bool stands_in(const struct doctor *d, const struct link *link, const struct ip *ip)
{
	struct reply reply;

	return addresses_have(&d->addresses, ip) && !holds(d, link, ip) &&
	       is_expected(d, link, ip, link->ifindex, &reply) && reply.request;
}

static void two_answers(struct doctor *d, const struct wire_round *round, size_t i, bool stranger)
{
	const struct probe_result *result = &round->results[i];
	const struct ip *ip = &round->packets[i].ip;
	struct finding *f;
	bool stand_in;
	char text[IP_TEXT];
	char hex[MAC_TEXT];

	/* Once for an address, no matter who asked. */
	if (is_said(d, ip_to_str(ip, text)))
		return;
	f = findings_add(d->findings, FINDING_WIRE);
	if (!f)
		return;
	finding_set(f->device, "%s", round->link->name);
	finding_set(f->what, "%s was asked for on %s; answers came from", text, round->link->name);
	for (size_t j = 0; j < result->count; j++) {
		const struct mac *mac = &result->holders[j];
		bool expected;
		const struct link *link = find_answering(d, round->link, ip, mac, &expected);

		(void)text_append(f->what, sizeof(f->what), "%s %s%s%s%s", j ? "," : "", link ? link->name : "",
				  link ? " (" : "", mac_to_str(mac, hex), link ? ")" : "");
	}
	stand_in = stands_in(d, round->link, ip);
	if (holds(d, round->link, ip))
		(void)text_append(f->what, sizeof(f->what), ", and %s itself holds it", round->link->name);
	else if (device_proxies(d, round->link, ip) || stand_in)
		(void)text_append(f->what, sizeof(f->what), ", and %s itself answers for it", round->link->name);
	/* Nothing on this host ends what another machine does; which of the two is to answer nobody here knows. */
	if (stranger && stand_in)
		finding_set(f->advice,
			    "if the other machine is to answer, as a load balancer does for its servers: "
			    "arp_ignore=1 and arp_announce=2 on %s; else take the address away there",
			    round->link->name);
	else if (stranger)
		finding_set(f->advice, "find who else has the address, and take it away there");
	else
		finding_set(f->advice, "these are this host's own devices, and its settings do not explain it");
}

/* Answers that the device itself would not give: its own address is answered for by nobody else. */
static void judge(struct doctor *d, const struct wire_round *round, size_t i)
{
	const struct ip *ip = &round->packets[i].ip;
	const struct probe_result *result = &round->results[i];
	bool own = result->count > 0 &&
		   (holds(d, round->link, ip) || device_proxies(d, round->link, ip) || stands_in(d, round->link, ip));
	bool stranger = false;
	bool unexplained = false;
	char text[IP_TEXT];

	if (result->count + (own ? 1 : 0) < 2)
		return;
	for (size_t j = 0; j < result->count; j++) {
		bool expected;
		const struct link *link = find_answering(d, round->link, ip, &result->holders[j], &expected);
		struct finding *f = explained(d, link, ip);

		/* Another card of ours that holds the address is the one that should answer. */
		if (link && (holds(d, link, ip) || !on_any_wire(d, round->link->ifindex)))
			continue;
		stranger = stranger || !link;
		unexplained = unexplained || !(f || expected);
		if (f && !f->seen[0])
			finding_set(f->seen, "asked on %s for %s%s, %s answered", round->link->name,
				    ip_to_str(ip, text), addresses_have(&d->addresses, ip) ? " of this host" : "",
				    link->name);
	}
	if (unexplained)
		two_answers(d, round, i, stranger);
}

/* Sets what was seen of each finding, and adds what none explains. */
void check_wire(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->round_count; i++) {
		for (size_t j = 0; j < doctor->rounds[i].count; j++)
			judge(doctor, &doctor->rounds[i], j);
	}
}

/* A device of ours that has heard what another one asked is on its wire, whatever their addresses are. */
static void join_wires(struct doctor *d, const struct wire_round *round)
{
	for (size_t i = 0; i < round->heard.count; i++)
		segments_join(&d->segments, round->link->ifindex, round->heard.ifindexes[i]);
}

int wire_take(struct doctor *doctor, struct err *err)
{
	struct doctor *d = doctor;

	d->rounds = calloc(DEVICES_MAX, sizeof(*d->rounds));
	if (!d->rounds)
		return err_errno(err, ENOMEM, "address probes");
	for (size_t i = 0; i < d->state.count && d->round_count < DEVICES_MAX; i++) {
		const struct link *link = &d->state.devices[i].link;
		struct wire_round *round = &d->rounds[d->round_count];
		int r;

		if (link->type != ARPHRD_ETHER || !(link->flags & IFF_UP) || (link->flags & (IFF_NOARP | IFF_LOOPBACK)))
			continue;
		memset(round, 0, sizeof(*round));
		round->link = link;
		collect(d, round);
		if (round->count == 0)
			continue;
		r = packet_probe(round->packets, round->count, round->results, &round->heard, err);
		/* A device that went away, or down, since it was looked at. */
		if (r == -ENODEV || r == -ENXIO || r == -ENETDOWN)
			continue;
		/* What could not be asked must not pass for right. */
		if (r < 0)
			return err_wrap(err, "%s: address probe", link->name);
		d->round_count++;
	}
	for (size_t i = 0; i < d->round_count; i++)
		join_wires(d, &d->rounds[i]);
	return 0;
}
