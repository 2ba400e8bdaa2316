/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way of a frame through VLANs, bridges, bonds, macvlans and veths, as __netif_receive_skb_core() passes it on. */

#include "answer/hear.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"

/* linux/if_link.h; macvlan's are bits. */
enum { MACVLAN_BRIDGE = 4, MACVLAN_SOURCE = 16, IPVLAN_L2 = 0 };

/* A frame on its way, as a device receives it, or sends it. */
struct frame {
	int ifindex;
	bool out;
	uint16_t tag;            /* 0: none */
	enum answer_reason lost; /* why an answer would not get back; REASON_NONE: it would */
};

struct walk {
	const struct netstate *state;
	uint8_t family;
	struct frame *frames; /* those before next are dealt with */
	size_t count;
	size_t room;
	size_t next;
	size_t *table; /* places in frames plus one, by hash; 0: free */
	size_t table_size;
	size_t *heard; /* places in hearers plus one, by the device's place */
	struct hearers *hearers;
	int result;
};

static bool is_up(const struct netdev *d)
{
	return d && (d->link.flags & IFF_UP) && (d->link.flags & NETDEV_CARRIER);
}

static size_t hash(const struct walk *w, const struct frame *f)
{
	return ((size_t)f->ifindex * 2654435761U + f->tag * 40503U + f->out * 97U + f->lost * 31U) % w->table_size;
}

/* Where the frame is in the table, or could be. */
static size_t *slot(const struct walk *w, const struct frame *f)
{
	size_t at = hash(w, f);

	for (; w->table[at]; at = (at + 1) % w->table_size) {
		const struct frame *other = &w->frames[w->table[at] - 1];

		if (other->ifindex == f->ifindex && other->out == f->out && other->tag == f->tag &&
		    other->lost == f->lost)
			break;
	}
	return &w->table[at];
}

static bool is_known(const struct walk *w, const struct frame *frame)
{
	struct frame better = *frame;

	if (w->table_size == 0)
		return false;
	better.lost = REASON_NONE;
	return *slot(w, frame) || *slot(w, &better);
}

/* The table is at most half full. */
static bool make_room(struct walk *w)
{
	struct frame *list = array_grow(w->frames, w->count, &w->room, sizeof(*list));
	size_t *table;

	if (!list)
		return false;
	w->frames = list;
	if (w->count * 2 < w->table_size)
		return true;
	table = calloc((w->count + 32) * 4, sizeof(*table));
	if (!table)
		return false;
	free(w->table);
	w->table = table;
	w->table_size = (w->count + 32) * 4;
	for (size_t i = 0; i < w->count; i++)
		*slot(w, &w->frames[i]) = i + 1;
	return true;
}

/* A second one of the same kind on the same device would fare alike. One that can be answered counts before others. */
static void put_frame(struct walk *w, const struct frame *frame)
{
	if (frame->lost != REASON_NONE)
		w->hearers->even = false;
	if (is_known(w, frame))
		return;
	if (!make_room(w)) {
		w->result = -ENOMEM;
		return;
	}
	w->frames[w->count++] = *frame;
	*slot(w, frame) = w->count;
}

static void receive(struct walk *w, int ifindex, uint16_t tag, enum answer_reason lost)
{
	put_frame(w, &(struct frame){ .ifindex = ifindex, .tag = tag, .lost = lost });
}

/* As one of the host's own leaves by the device. */
static void transmit(struct walk *w, const struct netdev *d, uint16_t tag, enum answer_reason lost)
{
	put_frame(w, &(struct frame){ .ifindex = d->link.ifindex, .out = true, .tag = tag, .lost = lost });
}

/* That nobody can tell counts more than that it hears, and that more than a lost answer. */
static int rank(enum answer_reason reason)
{
	if (reason == REASON_NONE)
		return 1;
	return reason_verdict(reason) == ANSWER_UNKNOWN ? 2 : 0;
}

static void add_hearer(struct walk *w, int ifindex, enum answer_reason reason)
{
	struct hearers *all = w->hearers;
	const struct netdev *d = netstate_device(w->state, ifindex);
	size_t *heard = d ? &w->heard[d - w->state->devices] : NULL;
	struct hearer *list;

	if (reason != REASON_NONE)
		all->even = false;
	if (!heard)
		return;
	if (*heard) {
		if (rank(reason) > rank(all->list[*heard - 1].reason))
			all->list[*heard - 1].reason = reason;
		return;
	}
	list = array_grow(all->list, all->count, &all->room, sizeof(*list));
	if (!list) {
		w->result = -ENOMEM;
		return;
	}
	all->list = list;
	list[all->count++] = (struct hearer){ ifindex, reason };
	*heard = all->count;
}

static void add_out(struct walk *w, const struct netdev *d, uint16_t tag)
{
	struct hearers *all = w->hearers;
	struct way_out *list = array_grow(all->outs, all->out_count, &all->out_room, sizeof(*list));

	if (!list) {
		w->result = -ENOMEM;
		return;
	}
	all->outs = list;
	list[all->out_count++] = (struct way_out){ d->link.ifindex, tag };
}

/* Out of the host, and to its others on that wire. */
static void send_out(struct walk *w, const struct netdev *d, uint16_t tag, enum answer_reason lost)
{
	add_out(w, d, tag);
	for (size_t i = 0; d->wire && i < w->state->count; i++) {
		const struct netdev *other = &w->state->devices[i];

		if (other->wire == d->wire && other != d)
			receive(w, other->link.ifindex, tag, lost);
	}
}

/* Down or not: it takes its tag's frames. */
static const struct netdev *vlan_child(const struct walk *w, int ifindex, uint16_t tag)
{
	struct netdev_places above = netstate_above(w->state, tag ? ifindex : 0);

	for (size_t i = 0; tag && i < above.count; i++) {
		const struct netdev *d = &w->state->devices[above.places[i]];

		if (d->kind == NETDEV_VLAN && d->vlan == tag)
			return d;
	}
	return NULL;
}

/* To a bridge's port or a bond's device, whose VLAN device would take the answer. */
static void transmit_part(struct walk *w, const struct netdev *d, uint16_t tag, enum answer_reason lost)
{
	if (lost == REASON_NONE && vlan_child(w, d->link.ifindex, tag))
		lost = REASON_VLAN_DEVICE;
	transmit(w, d, tag, lost);
}

/* A frame within a bridge. */
struct bridged {
	const struct netdev *bridge;
	const struct netdev *from; /* the port that it came in by, NULL for the bridge's own */
	int in;                    /* the port, or the bridge itself, by which it came in */
	uint16_t tag;              /* as it came in */
	uint16_t vid;              /* 0 where the bridge does not filter */
	enum answer_reason lost;
};

/*
 * Would an answer in this VLAN get out where the question came in, and look the same? In another VLAN than the
 * question's the bridge has not learned where the asker is.
 */
static bool answer_leaves(const struct walk *w, const struct bridged *b, uint16_t vid)
{
	const struct netdev_vlan *vlan = netstate_vlan(w->state, b->in, vid, false);

	if (!vlan || (b->tag == 0 ? !vlan->untagged : vlan->untagged || vid != b->tag))
		return false;
	return vid == b->vid || !b->from || b->from->port.flood;
}

/* In which VLAN of a port's, or of the bridge itself, a frame with this tag comes in; 0 for none. */
static uint16_t vlan_in(const struct walk *w, int ifindex, uint16_t tag)
{
	const struct netdev_vlan *vlan = netstate_vlan(w->state, ifindex, tag, tag == 0);

	/* It may be a range of VLANs. */
	return !vlan ? 0 : tag ? tag : vlan->vid;
}

/*
 * The tag with which it leaves by a port, or goes up on the bridge. What comes back untagged is in the port's PVID.
 * False where the port or bridge is not in that VLAN.
 */
static bool leave_vlan(const struct walk *w, const struct bridged *b, int ifindex, uint16_t *ret_tag,
		       enum answer_reason *lost)
{
	const struct netdev_vlan *vlan;
	uint16_t back;

	*ret_tag = b->tag;
	if (!b->bridge->vlan_filtering)
		return true;
	vlan = netstate_vlan(w->state, ifindex, b->vid, false);
	if (!vlan)
		return false;
	*ret_tag = vlan->untagged ? 0 : b->vid;
	back = vlan_in(w, ifindex, *ret_tag);
	if ((back == 0 || !answer_leaves(w, b, back)) && *lost == REASON_NONE)
		*lost = REASON_OTHER_VLAN;
	return true;
}

static bool port_passes(const struct walk *w, const struct bridged *b, const struct netdev *to)
{
	const struct bridge_port *port = &to->port;

	return is_up(to) && port->forwarding && (w->family == AF_INET ? port->bcast_flood : port->mcast_flood) &&
	       !(b->from && b->from->port.isolated && port->isolated);
}

/* It does not pass on in one direction what it passes on in the other. */
static bool is_odd(const struct netdev *port)
{
	const struct bridge_port *p = &port->port;

	return !p->learning || !p->flood || !p->bcast_flood || !p->mcast_flood || p->isolated || p->locked;
}

static void flood(struct walk *w, const struct bridged *b)
{
	struct netdev_places ports = netstate_ports(w->state, b->bridge->link.ifindex);
	bool suppress = false;

	for (size_t i = 0; i < ports.count; i++) {
		const struct netdev *to = &w->state->devices[ports.places[i]];
		enum answer_reason lost = b->lost;
		uint16_t tag;

		if (is_odd(to))
			w->hearers->even = false;
		suppress = suppress || to->port.suppress;
		if (to != b->from && port_passes(w, b, to) && leave_vlan(w, b, to->link.ifindex, &tag, &lost))
			transmit_part(w, to, tag, lost);
	}
	if (suppress)
		add_hearer(w, b->bridge->link.ifindex, REASON_SUPPRESS);
}

/* False where the frame is in no VLAN of the port's. */
static bool enter_vlan(const struct walk *w, struct bridged *b)
{
	if (!b->bridge->vlan_filtering)
		return true;
	b->vid = vlan_in(w, b->in, b->tag);
	return b->vid != 0;
}

static void enter_bridge(struct walk *w, const struct netdev *port, const struct netdev *bridge, const struct frame *f)
{
	struct bridged b = { .bridge = bridge, .from = port, .in = port->link.ifindex, .tag = f->tag, .lost = f->lost };
	enum answer_reason lost;
	uint16_t tag;

	if (!(bridge->link.flags & IFF_UP) || !port->port.forwarding)
		return;
	if (port->port.locked) {
		add_hearer(w, bridge->link.ifindex, REASON_LOCKED);
		return;
	}
	if (!port->port.learning && !port->port.flood && b.lost == REASON_NONE)
		b.lost = REASON_NO_WAY_BACK;
	if (!enter_vlan(w, &b))
		return;
	lost = b.lost;
	if (leave_vlan(w, &b, bridge->link.ifindex, &tag, &lost))
		receive(w, bridge->link.ifindex, tag, lost);
	flood(w, &b);
}

static void transmit_macvlan(struct walk *w, const struct netdev *d, const struct netdev *lower, uint16_t tag,
			     enum answer_reason lost)
{
	struct netdev_places above = netstate_above(w->state, d->link.lower);

	for (size_t i = 0; lower && d->mode == MACVLAN_BRIDGE && i < above.count; i++) {
		const struct netdev *other = &w->state->devices[above.places[i]];

		if (other != d && other->kind == NETDEV_MACVLAN && other->mode == MACVLAN_BRIDGE)
			receive(w, other->link.ifindex, tag, lost);
	}
	if (lower)
		transmit(w, lower, tag, lost);
}

/* One that is active stands for all: they are on one LAN, or the bond would not work. */
static void transmit_bond(struct walk *w, const struct netdev *d, uint16_t tag, enum answer_reason lost)
{
	struct netdev_places ports = netstate_ports(w->state, d->link.ifindex);
	bool sent = false;

	for (size_t i = 0; i < ports.count; i++) {
		const struct netdev *slave = &w->state->devices[ports.places[i]];

		if (!is_up(slave) || slave->backup)
			continue;
		if (sent && d->bond_mode != BOND_BROADCAST)
			add_out(w, slave, tag);
		else
			transmit_part(w, slave, tag, lost);
		sent = true;
	}
}

/* A frame that leaves by the device: to what it stands on, what it is cabled to, or its ports. */
static void send_by(struct walk *w, const struct frame *f)
{
	const struct netdev *d = netstate_device(w->state, f->ifindex);
	const struct netdev *lower = d && d->link.lower ? netstate_device(w->state, d->link.lower) : NULL;
	struct bridged b = { .bridge = d, .in = f->ifindex, .tag = f->tag, .lost = f->lost };

	if (!is_up(d))
		return;
	switch (d->kind) {
	case NETDEV_VETH:
		if (lower && lower->kind == NETDEV_VETH)
			receive(w, lower->link.ifindex, f->tag, f->lost);
		else
			send_out(w, d, f->tag, f->lost);
		break;
	case NETDEV_VLAN:
		if (lower && f->tag == 0)
			transmit(w, lower, d->vlan, f->lost);
		break;
	case NETDEV_BRIDGE:
		if (enter_vlan(w, &b))
			flood(w, &b);
		break;
	case NETDEV_MACVLAN:
		transmit_macvlan(w, d, lower, f->tag, f->lost);
		break;
	case NETDEV_BOND:
		transmit_bond(w, d, f->tag, f->lost);
		break;
	case NETDEV_SWITCH:
		add_hearer(w, d->link.ifindex, REASON_SWITCH);
		break;
	case NETDEV_VXLAN:
		if (d->vxlan_proxy)
			add_hearer(w, d->link.ifindex, REASON_VXLAN_PROXY);
		add_out(w, d, f->tag);
		break;
	case NETDEV_OTHER:
	case NETDEV_IPVLAN:
	case NETDEV_VRF:
	default:
		send_out(w, d, f->tag, f->lost);
		break;
	}
}

/* Devices on it that hear beside it. Those of ipvlan's other modes take only what is for their addresses. */
static void receive_above(struct walk *w, const struct frame *f)
{
	struct netdev_places above = netstate_above(w->state, f->ifindex);

	for (size_t i = 0; i < above.count; i++) {
		const struct netdev *d = &w->state->devices[above.places[i]];

		if (!is_up(d))
			continue;
		if (d->kind == NETDEV_MACVLAN && d->mode == MACVLAN_SOURCE)
			add_hearer(w, d->link.ifindex, REASON_SOURCE_LIST);
		else if (d->kind == NETDEV_MACVLAN || (d->kind == NETDEV_IPVLAN && d->mode == IPVLAN_L2))
			receive(w, d->link.ifindex, f->tag, f->lost);
	}
}

/* VLAN devices come first, then what the device is a part of, then its own addresses. */
static void take_in(struct walk *w, const struct frame *f)
{
	const struct netdev *d = netstate_device(w->state, f->ifindex);
	const struct netdev *child;
	const struct netdev *master;

	if (!is_up(d))
		return;
	if (d->intercepted) {
		add_hearer(w, f->ifindex, REASON_INTERCEPTED);
		return;
	}
	child = vlan_child(w, f->ifindex, f->tag);
	if (child) {
		receive(w, child->link.ifindex, 0, f->lost);
		return;
	}
	master = d->link.master ? netstate_device(w->state, d->link.master) : NULL;
	if (master && master->kind == NETDEV_BRIDGE) {
		enter_bridge(w, d, master, f);
		return;
	}
	if (master && master->kind == NETDEV_BOND) {
		if (!d->backup)
			receive(w, master->link.ifindex, f->tag, f->lost);
		return;
	}
	if (master && master->kind == NETDEV_SWITCH) {
		add_hearer(w, f->ifindex, REASON_SWITCH);
		return;
	}
	receive_above(w, f);
	if (f->tag == 0)
		add_hearer(w, f->ifindex, f->lost);
}

int hearers_find(const struct netstate *state, int ifindex, uint16_t vlan, uint8_t family, struct hearers *ret_hearers)
{
	struct walk w = { .state = state, .family = family, .hearers = ret_hearers };
	const struct netdev *d = netstate_device(state, ifindex);

	memset(ret_hearers, 0, sizeof(*ret_hearers));
	ret_hearers->even = true;
	w.heard = calloc(state->count ? state->count : 1, sizeof(*w.heard));
	if (!w.heard)
		return -ENOMEM;
	receive(&w, ifindex, vlan, REASON_NONE);
	if (d)
		send_out(&w, d, vlan, REASON_NONE);
	while (w.next < w.count && w.result == 0) {
		struct frame f = w.frames[w.next++];

		if (f.out)
			send_by(&w, &f);
		else
			take_in(&w, &f);
	}
	free(w.frames);
	free(w.table);
	free(w.heard);
	return w.result;
}

void hearers_done(struct hearers *hearers)
{
	free(hearers->list);
	free(hearers->outs);
	memset(hearers, 0, sizeof(*hearers));
}
