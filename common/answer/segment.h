/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_ANSWER_SEGMENT_H
#define GUESTARP_ANSWER_SEGMENT_H
/* Segments: which of the host's devices hear each other, and frames that come from outside. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer/hear.h"
#include "kernel/netstate.h"

/* All that hears a frame which comes in by one of the devices that lead out of the host. */
struct segment {
	int ifindex;   /* one such device */
	uint16_t vlan; /* the frame's tag there, 0 for none */
	struct hearers hearers;
	size_t wire; /* the same for all segments that are on one wire */
};

struct segments {
	struct segment *list;
	size_t count;
	size_t room;
};

/*
 * As topology shows them, untagged and with the tags that the host has VLAN devices for, or a bridge that filters takes
 * off; none that nobody hears.
 * Segments with devices in one subnet and VRF are on one wire: addresses, but those of host and link scope.
 * To be released with segments_done(), also after a failure. -ENOMEM.
 */
int segments_find(const struct netstate *state, const struct addresses *addresses, struct segments *ret_segments);
void segments_done(struct segments *segments);

/* The segments that these devices have are on one wire. */
void segments_join(struct segments *segments, int ifindex, int other);

/*
 * Does the other device answer everybody on the wire whom the device answers? Where they share no segment the wire
 * between them is outside, perhaps beyond a port that passes frames on in one direction alone: then nobody can tell,
 * and not.
 */
bool segments_covered(const struct segments *segments, size_t wire, int ifindex, int other);

/* Does the device hear what comes in there, or is it a way out of it for frames without a tag? */
bool segment_has(const struct segment *segment, int ifindex);

#endif
