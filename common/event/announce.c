/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first announcement while the hook runs, the later ones from a child nobody waits for. */

#include "event/announce.h"

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

int announcements_add_own(struct announcements *announcements, const struct link *link,
			  const struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++) {
		struct announcement a = { .packet = { link->ifindex, link->mac, addresses->list[i].ip } };

		if (addresses->list[i].ifindex == link->ifindex && announcements_add(announcements, &a) < 0)
			return -ENOMEM;
	}
	return 0;
}

void announcements_done(struct announcements *announcements)
{
	free(announcements->list);
	memset(announcements, 0, sizeof(*announcements));
}

/* The guest may have stopped or moved in the meantime: a claim that is no longer true would do harm. */
static bool still_so(struct netlink *nl, const struct announcement *a)
{
	struct addresses addresses = { 0 };
	struct link link;
	bool so = false;

	if (link_get_by_index(nl, a->packet.ifindex, &link, NULL) < 0 || !mac_equal(&link.mac, &a->packet.source))
		return false;
	if (a->proxied)
		return proxy_get(nl, a->packet.ifindex, &a->packet.ip, &so, NULL) == 0 && so;
	if (addresses_get(nl, a->packet.ip.family, &addresses, NULL) == 0) {
		for (size_t i = 0; i < addresses.count && !so; i++)
			so = addresses.list[i].ifindex == a->packet.ifindex &&
			     ip_equal(&addresses.list[i].ip, &a->packet.ip);
	}
	addresses_done(&addresses);
	return so;
}

static void wait_ms(long ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000 * 1000 };

	while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
		;
}

static void repeat(const struct announcements *announcements, int fd, unsigned rounds)
{
	CLEANUP(netlink) struct netlink *nl = NULL;

	if (rounds == 0 || netlink_open(&nl, NULL) < 0)
		return;
	for (unsigned i = 0; i < rounds; i++) {
		wait_ms(INTERVAL_MS);
		for (size_t j = 0; j < announcements->count; j++) {
			if (still_so(nl, &announcements->list[j]))
				(void)packet_announce(fd, &announcements->list[j].packet, NULL);
		}
	}
}

int announcements_send(const struct announcements *announcements, unsigned rounds, struct err *err)
{
	CLEANUP(fd) int fd = -1;
	int r;

	if (announcements->count == 0 || rounds == 0)
		return 0;
	r = packet_open(&fd, err);
	for (size_t i = 0; r == 0 && i < announcements->count; i++)
		r = packet_announce(fd, &announcements->list[i].packet, err);
	if (r < 0)
		return err_wrap(err, "announcement");
	/*
	 * Also where nothing is to be said again: whoever closes a packet socket last waits for an RCU grace period
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
