/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first announcement while the hook runs, the later ones from a child nobody waits for. */

#include "effect/announce.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/process.h"
#include "kernel/proxy.h"
#include "plan/choice.h"

#define INTERVAL_MS 2000
#define LET_GO_MS   100 /* longer than a hook needs from here to its end */

int announcements_add(struct announcements *announcements, const struct announcement *announcement)
{
	struct announcement *list =
		array_grow(announcements->list, announcements->count, &announcements->room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	announcements->list = list;
	announcements->list[announcements->count++] = *announcement;
	return 0;
}

bool announcements_can(const struct link *link)
{
	return link->type == ARPHRD_ETHER && !(link->flags & (IFF_NOARP | IFF_LOOPBACK)) && (link->flags & IFF_UP);
}

/* Does it speak for the bridge: the bridge itself, or a VLAN device on it? One that is gone does not. */
static int ask_speaker(struct netlink *nl, int ifindex, const struct link *bridge, struct link *ret_link,
		       bool *ret_speaks, struct err *err)
{
	struct link base = { 0 };
	int r = link_get_by_index(nl, ifindex, ret_link, err);

	if (r == 0)
		r = link_get_base(nl, ret_link, &base, err);
	*ret_speaks = r == 0 && base.ifindex == bridge->ifindex && announcements_can(ret_link);
	return r == -ENODEV ? 0 : r;
}

int announcements_add_own(struct announcements *announcements, struct netlink *nl, const struct link *bridge,
			  const struct addresses *addresses, const struct mac *to, struct err *err)
{
	struct link link = { 0 };
	bool speaks = false;

	for (size_t i = 0; i < addresses->count; i++) {
		const struct address *own = &addresses->list[i];
		struct announcement a = { .packet.ip = own->ip };
		/* The kernel lists those of one device together. */
		bool another = i == 0 || own->ifindex != addresses->list[i - 1].ifindex;
		int r = another ? ask_speaker(nl, own->ifindex, bridge, &link, &speaks, err) : 0;

		if (r < 0)
			return r;
		if (!speaks)
			continue;
		a.packet.ifindex = link.ifindex;
		a.packet.source = link.mac;
		a.packet.router = link.value[LINK_FORWARDING_6] != 0;
		if (to)
			a.packet.to = *to;
		if (announcements_add(announcements, &a) < 0)
			return err_errno(err, ENOMEM, "announcement");
	}
	return 0;
}

int announcements_add_proxied(struct announcements *announcements, struct netlink *nl, const struct link *bridge,
			      struct err *err)
{
	struct proxies proxies;
	int r = proxies_get(nl, &proxies, err);

	for (size_t i = 0; r == 0 && i < proxies.count; i++) {
		const struct proxy_entry *entry = &proxies.list[i];
		struct announcement a = { .proxied = true, .packet.ip = entry->ip };
		struct link link;
		bool speaks = false;

		if (entry->ifindex != 0)
			r = ask_speaker(nl, entry->ifindex, bridge, &link, &speaks, err);
		if (r < 0 || !speaks)
			continue;
		a.packet.ifindex = link.ifindex;
		a.packet.source = link.mac;
		if (announcements_add(announcements, &a) < 0)
			r = err_errno(err, ENOMEM, "announcement");
	}
	proxies_done(&proxies);
	return r;
}

static int add_bridge(struct announcements *announcements, struct netlink *nl, const char *name,
		      const struct addresses *addresses, const struct mac *to, struct err *err)
{
	struct link bridge;
	int r = name[0] ? link_get(nl, name, &bridge, err) : -ENODEV;

	if (r == 0)
		r = announcements_add_own(announcements, nl, &bridge, addresses, to, err);
	return r < 0 && r != -ENODEV ? err_wrap(err, "%s", name) : 0;
}

/* Told to all hosts, a bridge of several NICs needs it once. */
static bool is_told(const struct guest *guest, size_t nic)
{
	for (size_t i = 0; i < nic; i++) {
		if (guest->nics[i].tag == guest->nics[nic].tag &&
		    strcmp(guest->nics[i].bridge, guest->nics[nic].bridge) == 0)
			return true;
	}
	return false;
}

int announcements_add_bridges(struct announcements *announcements, struct netlink *nl, const struct guest *guest,
			      int family, bool guest_alone, struct err *err)
{
	struct addresses addresses = { 0 };
	int r = addresses_get_answered(nl, family, &addresses, err);

	for (size_t i = 0; r == 0 && i < guest->nic_count; i++) {
		const struct guest_nic *nic = &guest->nics[i];
		const struct mac *to = guest_alone ? &nic->mac : NULL;
		char vlan[IFNAMSIZ];

		if (!guest_alone && is_told(guest, i))
			continue;
		plan_vlan_bridge(nic, vlan);
		r = add_bridge(announcements, nl, nic->bridge, &addresses, to, err);
		if (r == 0)
			r = add_bridge(announcements, nl, vlan, &addresses, to, err);
	}
	addresses_done(&addresses);
	return r;
}

void announcements_done(struct announcements *announcements)
{
	free(announcements->list);
	memset(announcements, 0, sizeof(*announcements));
}

/* The guest may have stopped or moved in the meantime: a claim that is no longer true would do harm. */
static bool still_so(struct netlink *nl, const struct announcement *a, const struct addresses *own)
{
	struct link link;
	bool so = false;

	if (link_get_by_index(nl, a->packet.ifindex, &link, NULL) < 0 || !mac_equal(&link.mac, &a->packet.source))
		return false;
	if (a->proxied)
		return proxy_get(nl, a->packet.ifindex, &a->packet.ip, &so, NULL) == 0 && so;
	for (size_t i = 0; i < own->count && !so; i++)
		so = own->list[i].ifindex == a->packet.ifindex && ip_equal(&own->list[i].ip, &a->packet.ip);
	return so;
}

static void wait_ms(long ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000 * 1000 };

	while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
		;
}

static void say_again(struct netlink *nl, const struct announcements *announcements, int fd)
{
	struct addresses own = { 0 };
	bool known = false;

	for (size_t i = 0; i < announcements->count; i++) {
		const struct announcement *a = &announcements->list[i];

		/* None are known where they cannot be read, and none are claimed. */
		if (!a->proxied && !known)
			(void)addresses_get_answered(nl, AF_UNSPEC, &own, NULL);
		known = known || !a->proxied;
		if (still_so(nl, a, &own))
			(void)packet_announce(fd, &a->packet, NULL);
	}
	addresses_done(&own);
}

static void repeat(const struct announcements *announcements, int fd, unsigned rounds)
{
	CLEANUP(netlink) struct netlink *nl = NULL;

	if (rounds == 0 || netlink_open(&nl, NULL) < 0)
		return;
	for (unsigned i = 0; i < rounds; i++) {
		wait_ms(INTERVAL_MS);
		say_again(nl, announcements, fd);
	}
}

int announcements_say(const struct announcements *announcements, int fd, struct err *err)
{
	struct err failure;
	int result = 0;

	for (size_t i = 0; i < announcements->count; i++) {
		int r = packet_announce(fd, &announcements->list[i].packet, &failure);

		if (r < 0 && result == 0) {
			result = r;
			*err = failure;
		}
	}
	return result;
}

int announcements_send(const struct announcements *announcements, unsigned rounds, struct err *err)
{
	CLEANUP(fd) int fd = -1;
	int r;

	if (announcements->count == 0 || rounds == 0)
		return 0;
	r = packet_open(&fd, err);
	if (r == 0)
		r = announcements_say(announcements, fd, err);
	if (r < 0)
		return err_wrap(err, "announcement");
	/*
	 * Also where nothing is to be said again: the last to close a packet socket waits for an RCU grace period
	 * (packet_release()), some 10 ms in which no guest starts.
	 */
	r = process_detach(fd, err);
	if (r == 1) {
		wait_ms(LET_GO_MS);
		repeat(announcements, fd, rounds - 1);
		_exit(0);
	}
	return r < 0 && rounds > 1 ? err_wrap(err, "announcing again") : 0;
}

int announce_device(const char *name, unsigned rounds, size_t *ret_count, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct announcements announcements = { 0 };
	struct addresses addresses = { 0 };
	struct link link;
	int r = netlink_open(&nl, err);

	if (r == 0)
		r = link_get(nl, name, &link, err);
	if (r == 0 && !announcements_can(&link))
		r = err_set(err, ENETDOWN, "it is down, or does no ARP");
	if (r == 0)
		r = addresses_get_answered(nl, AF_UNSPEC, &addresses, err);
	if (r == 0)
		r = announcements_add_own(&announcements, nl, &link, &addresses, NULL, err);
	if (r == 0)
		r = announcements_add_proxied(&announcements, nl, &link, err);
	*ret_count = announcements.count;
	if (r == 0)
		r = announcements_send(&announcements, rounds, err);
	announcements_done(&announcements);
	addresses_done(&addresses);
	return r < 0 ? err_wrap(err, "%s", name) : 0;
}
