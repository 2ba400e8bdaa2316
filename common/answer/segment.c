/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One walk from each device that leads out of the host, but for those that an earlier walk has come out by. */

#include "answer/segment.h"

#include <errno.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"

#define TAGS_MAX  256
#define WALKS_MAX 4096  /* with tags that bridges alone take off */
#define PAIRS_MAX 10000 /* of ways in and out that are compared */

/* Of all devices and tags, those that belong to a segment already. */
struct search {
	const struct netstate *state;
	uint16_t tags[TAGS_MAX]; /* the first is 0, none; then those of VLAN devices */
	size_t tag_count;
	size_t filter_tags; /* from here on those that bridges alone take off */
	bool *done;         /* by the device's place and the tag's */
	struct segments *segments;
};

static bool is_outside(const struct netstate *state, const struct netdev *device)
{
	const struct netdev *peer = device->link.lower ? netstate_device(state, device->link.lower) : NULL;

	if (!(device->link.flags & IFF_UP) || !(device->link.flags & NETDEV_CARRIER) ||
	    (device->link.flags & IFF_LOOPBACK) || device->link.type != ARPHRD_ETHER)
		return false;
	switch (device->kind) {
	case NETDEV_VETH:
		return !peer || peer->kind != NETDEV_VETH;
	case NETDEV_OTHER:
		return strcmp(device->link.kind, "dummy") != 0;
	/* Who is beyond it is asked by those who are here, or, behind an L3VNI, by nobody. */
	case NETDEV_VXLAN:
	case NETDEV_BRIDGE:
	case NETDEV_BOND:
	case NETDEV_VLAN:
	case NETDEV_MACVLAN:
	case NETDEV_IPVLAN:
	case NETDEV_VRF:
	case NETDEV_SWITCH:
	default:
		return false;
	}
}

static void take_tag(struct search *s, bool seen[4096], uint16_t vlan)
{
	if (s->tag_count == TAGS_MAX || seen[vlan & 4095])
		return;
	seen[vlan & 4095] = true;
	s->tags[s->tag_count++] = vlan;
}

static void take_tags(struct search *s)
{
	bool seen[4096] = { false };

	take_tag(s, seen, 0);
	for (size_t i = 0; i < s->state->count; i++) {
		if (s->state->devices[i].kind == NETDEV_VLAN)
			take_tag(s, seen, s->state->devices[i].vlan);
	}
	s->filter_tags = s->tag_count;
	for (size_t i = 0; i < s->state->vlan_count; i++) {
		const struct netdev_vlan *vlan = &s->state->vlans[i];

		for (unsigned vid = vlan->vid; vlan->untagged && vid <= vlan->last; vid++)
			take_tag(s, seen, (uint16_t)vid);
	}
}

/* Such a tag means something only to a bridge that filters, on a port that is in its VLAN. */
static bool is_in_vlan(const struct netstate *state, const struct netdev *d, uint16_t tag)
{
	const struct netdev *bridge = d->link.master ? netstate_device(state, d->link.master) : NULL;
	const struct netdev_vlan *vlan =
		bridge && bridge->vlan_filtering ? netstate_vlan(state, d->link.ifindex, tag, false) : NULL;

	return vlan && !vlan->untagged;
}

static bool *done_at(const struct search *s, int ifindex, uint16_t vlan)
{
	const struct netdev *d = netstate_device(s->state, ifindex);

	for (size_t i = 0; d && i < s->tag_count; i++) {
		if (s->tags[i] == vlan)
			return &s->done[(size_t)(d - s->state->devices) * s->tag_count + i];
	}
	return NULL;
}

static bool hears(const struct segment *segment)
{
	for (size_t i = 0; i < segment->hearers.count; i++) {
		if (reason_verdict(segment->hearers.list[i].reason) != ANSWER_SILENT)
			return true;
	}
	return false;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct hearer *x = a;
	const struct hearer *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static int add(struct search *s, int ifindex, uint16_t vlan)
{
	struct segments *all = s->segments;
	struct segment *list = array_grow(all->list, all->count, &all->room, sizeof(*list));
	struct segment *segment;
	int r;

	if (!list)
		return -ENOMEM;
	all->list = list;
	segment = &list[all->count];
	*segment = (struct segment){ .ifindex = ifindex, .vlan = vlan, .wire = all->count };
	r = hearers_find(s->state, ifindex, vlan, AF_INET, &segment->hearers);
	for (size_t i = 0; r == 0 && segment->hearers.even && i < segment->hearers.out_count; i++) {
		const struct way_out *out = &segment->hearers.outs[i];
		bool *done = done_at(s, out->ifindex, out->vlan);

		if (done)
			*done = true;
	}
	if (r < 0 || !hears(segment)) {
		hearers_done(&segment->hearers);
		return r;
	}
	qsort(segment->hearers.list, segment->hearers.count, sizeof(*segment->hearers.list), by_ifindex);
	all->count++;
	return 0;
}

static int walk_all(struct search *s)
{
	size_t walks = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->state->count; i++) {
		const struct netdev *d = &s->state->devices[i];

		if (!is_outside(s->state, d))
			continue;
		for (size_t j = 0; r == 0 && j < s->tag_count; j++) {
			bool filtered = j >= s->filter_tags;

			if (s->done[i * s->tag_count + j] ||
			    (filtered && (walks == WALKS_MAX || !is_in_vlan(s->state, d, s->tags[j]))))
				continue;
			walks += filtered;
			r = add(s, d->link.ifindex, s->tags[j]);
		}
	}
	return r;
}

static const struct hearer *hearer_on(const struct segment *segment, int ifindex)
{
	const struct hearer key = { .ifindex = ifindex };

	return bsearch(&key, segment->hearers.list, segment->hearers.count, sizeof(key), by_ifindex);
}

static bool leads_out(const struct segment *segment, int ifindex, uint16_t vlan)
{
	for (size_t i = 0; i < segment->hearers.out_count; i++) {
		if (segment->hearers.outs[i].ifindex == ifindex && segment->hearers.outs[i].vlan == vlan)
			return true;
	}
	return false;
}

bool segment_has(const struct segment *segment, int ifindex)
{
	return hearer_on(segment, ifindex) || leads_out(segment, ifindex, 0);
}

static bool answers_on(const struct segment *segment, int ifindex)
{
	const struct hearer *hearer = hearer_on(segment, ifindex);

	return hearer && hearer->reason == REASON_NONE;
}

/* Does what comes in by the way out, too, reach the device, and the way by which the segment came in? */
static bool leads_back(const struct segments *segments, const struct segment *from, const struct way_out *out,
		       int ifindex)
{
	for (size_t i = 0; i < segments->count; i++) {
		const struct segment *s = &segments->list[i];

		if (s->ifindex == out->ifindex && s->vlan == out->vlan)
			return answers_on(s, ifindex) && leads_out(s, from->ifindex, from->vlan);
	}
	return false;
}

static bool is_two_way(const struct segments *segments, size_t wire, int ifindex)
{
	size_t pairs = 0;

	for (size_t i = 0; i < segments->count; i++) {
		const struct segment *s = &segments->list[i];

		if (s->wire != wire || s->hearers.even || !answers_on(s, ifindex))
			continue;
		for (size_t j = 0; j < s->hearers.out_count; j++) {
			if (++pairs > PAIRS_MAX || !leads_back(segments, s, &s->hearers.outs[j], ifindex))
				return false;
		}
	}
	return true;
}

bool segments_covered(const struct segments *segments, size_t wire, int ifindex, int other)
{
	bool together = true;

	for (size_t i = 0; together && i < segments->count; i++) {
		const struct segment *s = &segments->list[i];

		together = s->wire != wire || !answers_on(s, ifindex) || answers_on(s, other);
	}
	return together || (is_two_way(segments, wire, ifindex) && is_two_way(segments, wire, other));
}

/* All that are on the wire of the one are on that of the other. */
static void join(struct segments *segments, size_t a, size_t b)
{
	size_t from = segments->list[b].wire;
	size_t to = segments->list[a].wire;

	for (size_t i = 0; i < segments->count; i++) {
		if (segments->list[i].wire == from)
			segments->list[i].wire = to;
	}
}

void segments_join(struct segments *segments, int ifindex, int other)
{
	for (size_t i = 0; i < segments->count; i++) {
		if (!segment_has(&segments->list[i], ifindex))
			continue;
		for (size_t j = 0; j < segments->count; j++) {
			if (segment_has(&segments->list[j], other))
				join(segments, i, j);
		}
	}
}

/* An address whose device hears a segment. */
struct place {
	size_t segment;
	const struct address *address;
};

/* Two devices of one subnet, of which neither hears the other's segment: the wire between them is outside. */
static bool share_wire(const struct netstate *state, const struct segments *segments, const struct place *a,
		       const struct place *b)
{
	unsigned prefix = a->address->prefix > b->address->prefix ? a->address->prefix : b->address->prefix;

	return a->address->ifindex != b->address->ifindex && a->address->ip.family == b->address->ip.family &&
	       ip_same_subnet(&a->address->ip, &b->address->ip, prefix) &&
	       !hearer_on(&segments->list[a->segment], b->address->ifindex) &&
	       !hearer_on(&segments->list[b->segment], a->address->ifindex) &&
	       netstate_vrf(state, a->address->ifindex) == netstate_vrf(state, b->address->ifindex);
}

static int join_subnets(const struct netstate *state, const struct addresses *addresses, struct segments *segments)
{
	struct place *places = NULL;
	size_t count = 0;
	size_t room = 0;

	for (size_t i = 0; i < addresses->count; i++) {
		const struct address *a = &addresses->list[i];

		/* A host route's /32 on two devices is no subnet that both are in. */
		for (size_t j = 0; a->prefix < ip_len(&a->ip) * 8 && j < segments->count; j++) {
			struct place *list;

			if (!hearer_on(&segments->list[j], a->ifindex))
				continue;
			list = array_grow(places, count, &room, sizeof(*list));
			if (!list) {
				free(places);
				return -ENOMEM;
			}
			places = list;
			places[count++] = (struct place){ j, a };
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			if (share_wire(state, segments, &places[i], &places[j]))
				join(segments, places[i].segment, places[j].segment);
		}
	}
	free(places);
	return 0;
}

int segments_find(const struct netstate *state, const struct addresses *addresses, struct segments *ret_segments)
{
	struct search s = { .state = state, .segments = ret_segments };
	int r = -ENOMEM;

	memset(ret_segments, 0, sizeof(*ret_segments));
	take_tags(&s);
	s.done = calloc(state->count * s.tag_count + 1, sizeof(*s.done));
	if (s.done)
		r = walk_all(&s);
	free(s.done);
	return r < 0 ? r : join_subnets(state, addresses, ret_segments);
}

void segments_done(struct segments *segments)
{
	for (size_t i = 0; i < segments->count; i++)
		hearers_done(&segments->list[i].hearers);
	free(segments->list);
	memset(segments, 0, sizeof(*segments));
}
