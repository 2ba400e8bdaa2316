/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking on the wire who answers for an address: the flux seen, not inferred. */

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>

#include "base/text.h"
#include "doctor/doctor.h"
#include "kernel/packet.h"

#define DEVICES_MAX   16
#define ADDRESSES_MAX 64

/* One device's questions. */
struct round {
	const struct link *link;
	struct packet packets[ADDRESSES_MAX];
	struct probe_result results[ADDRESSES_MAX];
	size_t count;
};

static void add(const struct doctor *d, struct round *round, const struct ip *ip)
{
	struct packet packet = { .ifindex = round->link->ifindex, .source = round->link->mac, .ip = *ip };

	for (size_t i = 0; i < round->count; i++) {
		if (ip_equal(&round->packets[i].ip, ip))
			return;
	}
	if (round->count == ADDRESSES_MAX)
		return;
	/* A solicitation from :: would end the duplicate address detection of a guest that is just starting. */
	if (!addresses_sender(&d->snapshot.addresses, round->link->ifindex, ip, &packet.sender) &&
	    ip->family == AF_INET6)
		return;
	round->packets[round->count++] = packet;
}

/* Host's and guests' addresses in the subnets that the device is in. */
static void collect(const struct doctor *d, struct round *round)
{
	const struct addresses *all = &d->snapshot.addresses;

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

static bool device_holds(const struct doctor *d, const struct link *link, const struct ip *ip)
{
	for (size_t i = 0; i < d->snapshot.addresses.count; i++) {
		const struct address *address = &d->snapshot.addresses.list[i];

		if (address->ifindex == link->ifindex && ip_equal(&address->ip, ip))
			return true;
	}
	return false;
}

/* Does the device answer for it by an entry? */
static bool device_proxies(const struct doctor *d, const struct link *link, const struct ip *ip)
{
	for (size_t i = 0; i < d->snapshot.proxy_count; i++) {
		const struct proxy_entry *entry = &d->snapshot.proxies[i];

		if (entry->ifindex == link->ifindex && ip_equal(&entry->ip, ip))
			return true;
	}
	return false;
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

static void name_mac(const struct doctor *d, const struct mac *mac, char *text, size_t size)
{
	const struct link *link = snapshot_link_by_mac(&d->snapshot, mac);
	char hex[MAC_TEXT];

	(void)snprintf(text, size, "%s%s%s%s", link ? link->name : "", link ? " (" : "", mac_to_str(mac, hex),
		       link ? ")" : "");
}

static void two_answers(struct doctor *d, const struct round *round, size_t i)
{
	const struct probe_result *result = &round->results[i];
	struct finding *f;
	char ip[IP_TEXT + 1];
	char name[64];

	/* Once for an address, no matter who asked. */
	(void)ip_to_str(&round->packets[i].ip, ip);
	for (size_t j = 0; j < d->findings->count; j++) {
		if (d->findings->list[j].kind == FINDING_WIRE &&
		    strncmp(d->findings->list[j].what, ip, strlen(ip)) == 0 &&
		    d->findings->list[j].what[strlen(ip)] == ' ')
			return;
	}
	f = findings_add(d->findings, FINDING_WIRE);

	if (!f)
		return;
	finding_set(f->device, "%s", round->link->name);
	finding_set(f->what, "%s was asked for on %s; answers came from", ip, round->link->name);
	for (size_t j = 0; j < result->count; j++) {
		name_mac(d, &result->holders[j], name, sizeof(name));
		(void)text_append(f->what, sizeof(f->what), "%s %s", j ? "," : "", name);
	}
	if (device_holds(d, round->link, &round->packets[i].ip))
		(void)text_append(f->what, sizeof(f->what), ", and %s itself holds it", round->link->name);
	else if (device_proxies(d, round->link, &round->packets[i].ip))
		(void)text_append(f->what, sizeof(f->what), ", and %s itself answers for it", round->link->name);
	/* Nothing on this host mends what another machine does. */
	finding_set(f->last, "find who else has the address, and take it away there");
}

/* Answers that the device itself would not give: its own address is answered for by nobody else. */
static void judge(struct doctor *d, const struct round *round, size_t i)
{
	const struct ip *ip = &round->packets[i].ip;
	const struct probe_result *result = &round->results[i];
	bool own = result->count > 0 && (device_holds(d, round->link, ip) || device_proxies(d, round->link, ip));
	bool unexplained = false;
	char text[IP_TEXT];

	if (result->count + (own ? 1 : 0) < 2)
		return;
	for (size_t j = 0; j < result->count; j++) {
		const struct link *link = snapshot_link_by_mac(&d->snapshot, &result->holders[j]);
		struct finding *f = explained(d, link, ip);

		/* Another card of ours that holds the address is the one that should answer. */
		if (link && device_holds(d, link, ip))
			continue;
		if (!f) {
			unexplained = true;
			continue;
		}
		if (!f->seen[0])
			finding_set(f->seen, "asked on %s for %s%s, %s answered", round->link->name,
				    ip_to_str(ip, text),
				    addresses_have(&d->snapshot.addresses, ip) ? " of this host" : "", link->name);
	}
	if (unexplained)
		two_answers(d, round, i);
}

int check_wire(struct doctor *d, struct err *err)
{
	static struct round round;
	size_t asked = 0;

	for (size_t i = 0; i < d->snapshot.link_count && asked < DEVICES_MAX; i++) {
		const struct link *link = &d->snapshot.links[i];
		int r;

		if (link->type != ARPHRD_ETHER || !(link->flags & IFF_UP) || (link->flags & (IFF_NOARP | IFF_LOOPBACK)))
			continue;
		memset(&round, 0, sizeof(round));
		round.link = link;
		collect(d, &round);
		if (round.count == 0)
			continue;
		asked++;
		r = packet_probe(round.packets, round.count, round.results, err);
		/* A device that went away, or down, since it was looked at. */
		if (r == -ENODEV || r == -ENXIO || r == -ENETDOWN)
			continue;
		/* What could not be asked must not pass for right. */
		if (r < 0)
			return err_wrap(err, "%s: address probe", link->name);
		for (size_t j = 0; j < round.count; j++)
			judge(d, &round, j);
	}
	return 0;
}
