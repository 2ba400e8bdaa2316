/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_FIREWALL_BRIDGE_H
#define GUESTARP_DOCTOR_FIREWALL_BRIDGE_H
/* What ends the frames that a guest's firewall bridge sends by itself. */

#include <stdbool.h>

#include "doctor/finding.h"
#include "kernel/netstate.h"

/*
 * Sets the permanent form of a finding about a firewall bridge of finding->guest. quietable: where guestarp manages the
 * guest, its firewall bridges are quiet, as policy says.
 */
void firewall_bridge_keep(bool managed, bool quietable, struct finding *finding);

/*
 * Sets fix, permanent and advice of a finding about a firewall bridge, or a port, of finding->guest. kinds: what was
 * seen of it, bits 1 << enum frame_kind. No command where it has an address: then it is more than a firewall bridge.
 */
void firewall_bridge_fix(const struct netstate *state, const char *device, unsigned kinds, struct finding *finding);

#endif
