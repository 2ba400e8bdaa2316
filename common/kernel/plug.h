/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_PLUG_H
#define GUESTARP_KERNEL_PLUG_H
/* Plugging a container's veth, where the platform leaves that to its hook (vznetcfg's EXTERNAL_SCRIPT). */

#include "base/err.h"

/*
 * Puts the port into the bridge, unless that is NULL, and brings it up: up also where the bridge is missing or
 * none, as without it the container has no network at all. -ENODEV, -ENOTSUP (no Linux bridge).
 */
int plug_port(const char *port, const char *bridge, struct err *err);

/* Takes the port out of whatever bridge it is in. A port that is gone is no failure. */
int plug_out(const char *port, struct err *err);

#endif
