/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening for frames that leave, for somebody whose provider has complained of unknown MACs. */

#include "doctor/listen.h"

#include <errno.h>
#include <net/if_arp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "doctor/heard.h"
#include "host/guests.h"
#include "kernel/bridge.h"
#include "kernel/fdb.h"
#include "kernel/outgoing.h"

#define LOUD      1000 /* frames of a MAC that tell enough of it: its others would only fill the queue */
#define TURN_MAX  4096 /* frames between two looks at the clock */
#define LOOK_MS   1000 /* between two looks at a bridge's forwarding database */
#define DEPTH_MAX 4

struct listener {
	const struct listen *listen;
	struct hearing *hearing;
	struct netlink *nl;
	struct mac ignored[OUTGOING_IGNORED_MAX]; /* those that are known, then loud ones */
	size_t ignored_count;
	bool unlocated; /* a MAC came since the last look at the bridge's database */
	int64_t looked; /* ms */
	int fd;
	int signals;
};

/* ---- where ------------------------------------------------------------------------------------------------------- */

/* The port by which a bridge's guests reach the provider, as bridge_uplink() knows it. */
static const struct netdev *uplink_of(struct netlink *nl, const struct netstate *state, const struct netdev *bridge)
{
	static const struct bridge_claims claims = { guest_has_port, NULL };
	struct netdev_places ports = netstate_ports(state, bridge->link.ifindex);
	struct bridge found = { 0 };

	if (bridge_uplink(nl, bridge->link.name, &claims, &found, NULL) < 0 || !found.has_uplink)
		return NULL;
	for (size_t i = 0; i < ports.count; i++) {
		const struct netdev *port = &state->devices[ports.places[i]];

		if (mac_equal(&port->link.mac, &found.uplink) && !bridge_port_is_guests(port->link.name))
			return port;
	}
	return NULL;
}

/* NULL: err says why. */
static const struct netdev *find_device(struct listener *l, struct err *err)
{
	const char *name = l->listen->device;
	const struct netdev *device = netstate_named(&l->hearing->before, name);

	if (!device) {
		(void)err_set(err, ENODEV, "%s: there is no such device", name);
		return NULL;
	}
	if (device->link.type != ARPHRD_ETHER) {
		(void)err_set(err, EINVAL, "%s: it is no Ethernet device, and has no MAC", name);
		return NULL;
	}
	if (device->kind == NETDEV_BRIDGE)
		device = uplink_of(l->nl, &l->hearing->before, device);
	if (!device) {
		(void)err_set(err, EINVAL, "%s: a bridge without an uplink; name the network card", name);
		return NULL;
	}
	if (!(device->link.flags & IFF_UP)) {
		(void)err_errno(err, ENETDOWN, "%s", device->link.name);
		return NULL;
	}
	return device;
}

/* Is the port the device, a bond that it is a slave of, or a VLAN device on one of these? */
static bool stands_on(const struct netstate *state, const struct netdev *port, const struct netdev *device)
{
	for (int depth = 0; port && depth < DEPTH_MAX; depth++) {
		if (port == device || device->link.master == port->link.ifindex)
			return true;
		port = port->kind == NETDEV_VLAN ? netstate_device(state, port->link.lower) : NULL;
	}
	return false;
}

static void find_uplinks(struct hearing *hearing, const struct netdev *device)
{
	const struct netstate *state = &hearing->before;

	for (size_t i = 0; i < state->count && hearing->uplink_count < HEARD_UPLINKS_MAX; i++) {
		const struct netdev *port = &state->devices[i];
		const struct netdev *bridge = netstate_device(state, port->link.master);

		if (bridge && bridge->kind == NETDEV_BRIDGE && stands_on(state, port, device))
			hearing->uplinks[hearing->uplink_count++] = port->link.ifindex;
	}
}

/* ---- what was heard ---------------------------------------------------------------------------------------------- */

static struct heard *find(struct hearing *hearing, const struct mac *mac)
{
	for (size_t i = 0; i < hearing->count; i++) {
		if (mac_equal(&hearing->list[i].mac, mac))
			return &hearing->list[i];
	}
	return NULL;
}

static struct heard *add(struct listener *l, const struct mac *mac)
{
	struct hearing *hearing = l->hearing;
	struct heard *h;

	if (hearing->count == LISTEN_MACS_MAX) {
		hearing->untold++;
		return NULL;
	}
	h = &hearing->list[hearing->count++];
	*h = (struct heard){ .mac = *mac, .only_rejects = true, .nic = HEARD_NO_NIC };
	l->unlocated = true;
	return h;
}

static int take(struct listener *l, const struct frame_sender *sender, struct err *err)
{
	struct heard *h = find(l->hearing, &sender->mac);

	if (!h)
		h = add(l, &sender->mac);
	/* Frames that were queued before it was ignored. */
	if (!h || h->more)
		return 0;
	h->frames++;
	h->only_rejects = h->only_rejects && sender->reject;
	h->kinds |= 1U << sender->kind;
	if (sender->kind == FRAME_OTHER && !h->type)
		h->type = sender->type;
	if (!h->ip.family)
		h->ip = sender->ip;
	if (h->frames < LOUD || l->ignored_count == OUTGOING_IGNORED_MAX)
		return 0;
	h->more = true;
	l->ignored[l->ignored_count++] = h->mac;
	return outgoing_ignore(l->fd, l->ignored, l->ignored_count, err);
}

/* The first answer counts: the database forgets, and is taught otherwise by whom a reject has answered for. */
static void locate(int port, const struct mac *mac, void *arg)
{
	struct heard *h = find(arg, mac);

	if (h && !h->port)
		h->port = port;
}

static void look(struct listener *l)
{
	struct hearing *hearing = l->hearing;

	if (!l->unlocated)
		return;
	l->unlocated = false;
	l->looked = clock_ms();
	for (size_t i = 0; i < hearing->uplink_count; i++) {
		const struct link *uplink = netstate_link(&hearing->before, hearing->uplinks[i]);

		if (uplink)
			(void)fdb_list(l->nl, uplink->master, locate, hearing, NULL);
	}
}

static int listen_turn(struct listener *l, struct err *err)
{
	int r = 1;

	for (int i = 0; r > 0 && i < TURN_MAX; i++) {
		struct frame_sender sender;

		r = outgoing_next(l->fd, &sender, err);
		/* Told once; when the device comes up again, so does the socket. */
		if (r == -ENETDOWN)
			r = 0;
		if (r > 0 && take(l, &sender, err) < 0)
			return -err->code;
	}
	if (r >= 0 && clock_ms() - l->looked >= LOOK_MS)
		look(l);
	return r < 0 ? r : 0;
}

static int listen_on(struct listener *l, struct err *err)
{
	int64_t deadline = clock_ms() + (int64_t)l->listen->seconds * 1000;
	struct pollfd fds[] = { { .fd = l->fd, .events = POLLIN }, { .fd = l->signals, .events = POLLIN } };
	int64_t left;
	int r = 0;

	while (r == 0 && !fds[1].revents && (left = deadline - clock_ms()) > 0) {
		if (l->unlocated && left > LOOK_MS)
			left = LOOK_MS;
		(void)poll(fds, 2, (int)left);
		r = listen_turn(l, err);
	}
	look(l);
	return r;
}

static void known(struct listener *l, const struct mac *mac)
{
	static const struct mac none;

	if (!mac_equal(mac, &none))
		l->ignored[l->ignored_count++] = *mac;
}

/* ---- whose configuration has them -------------------------------------------------------------------------------- */

static void take_nic(struct hearing *hearing, const struct guest *guest, const struct guest_nic *nic)
{
	for (size_t i = 0; i < hearing->count; i++) {
		struct heard *h = &hearing->list[i];
		const struct link *port = netstate_link(&hearing->before, h->port);

		if (mac_equal(&h->mac, &nic->mac)) {
			(void)guest_name(guest, h->guest);
			h->nic = (int)nic->index;
		}
		if (port && strcmp(port->name, nic->port) == 0)
			(void)guest_name(guest, h->behind);
	}
}

static int take_guests(struct hearing *hearing, struct err *err)
{
	struct guest_list guests = { 0 };
	int r = guest_list_configured(&guests, err);

	for (size_t i = 0; r == 0 && i < guests.count; i++) {
		struct guest *guest = &guests.list[i];

		if (guest_read(guest, NULL) < 0)
			continue;
		for (size_t j = 0; j < guest->nic_count; j++)
			take_nic(hearing, guest, &guest->nics[j]);
	}
	guest_list_done(&guests);
	return r;
}

/* ---------------------------------------------------------------------------------------------------------------- */

static int begin(struct listener *l, char ret_device[IFNAMSIZ], struct err *err)
{
	const struct netdev *device;
	sigset_t signals;
	int r = netstate_take(l->nl, &l->hearing->before, err);

	if (r < 0)
		return r;
	device = find_device(l, err);
	if (!device)
		return -err->code;
	l->hearing->device = device->link.ifindex;
	memcpy(ret_device, device->link.name, IFNAMSIZ);
	find_uplinks(l->hearing, device);
	known(l, &device->link.mac);
	known(l, &device->permanent);
	for (size_t i = 0; i < l->listen->allowed_count; i++)
		known(l, &l->listen->allowed[i]);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	l->signals = signalfd(-1, &signals, SFD_CLOEXEC);
	if (l->signals < 0)
		return err_errno(err, errno, "signals");
	return outgoing_open(l->hearing->device, l->ignored, l->ignored_count, &l->fd, err);
}

int listen_check(const struct listen *listen, struct findings *findings, char ret_device[IFNAMSIZ], struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	CLEANUP(free) struct hearing *hearing = calloc(1, sizeof(*hearing));
	struct listener l = { .listen = listen, .hearing = hearing, .fd = -1, .signals = -1 };
	int r;

	if (!hearing)
		return err_errno(err, ENOMEM, "MACs");
	r = netlink_open(&nl, err);
	l.nl = nl;
	if (r == 0)
		r = begin(&l, ret_device, err);
	if (r == 0 && (r = listen_on(&l, err)) < 0)
		(void)err_wrap(err, "%s", ret_device);
	if (r == 0)
		r = netstate_take(nl, &hearing->now, err);
	if (r == 0 && !netstate_device(&hearing->now, hearing->device))
		r = err_set(err, ENETDOWN, "%s: it has gone meanwhile", ret_device);
	if (r == 0)
		r = take_guests(hearing, err);
	if (r == 0) {
		heard_judge(hearing, findings);
		if (findings->failed)
			r = err_errno(err, ENOMEM, "findings");
	}
	cleanup_fd(&l.fd);
	cleanup_fd(&l.signals);
	netstate_done(&hearing->now);
	netstate_done(&hearing->before);
	return r;
}
