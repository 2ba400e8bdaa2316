/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_POLICY_KEY_TABLE_H
#define GUESTARP_POLICY_KEY_TABLE_H
/* What guestarp.json says of guests, a row for each key. */

/*
 * Its name behind POLICY_, and as it stands in the file. take_<name>() of policy/key.c checks a value and puts it into
 * struct policy, show_<name>() of doctor/explain.c shows what holds. The order is that of guestarp.json(5) and of
 * `guestarp policy`.
 */
#define POLICY_TABLE(ROW)                                                                                              \
	ROW(FIREWALL_BRIDGE, firewall_bridge)                                                                          \
	ROW(PORTS, ports)                                                                                              \
	ROW(BRIDGE_MAC, bridge_mac)                                                                                    \
	ROW(DEVICE, device)                                                                                            \
	ROW(ADDRESSES, addresses)                                                                                      \
	ROW(ALLOWED, allowed)                                                                                          \
	ROW(SHARED, shared)                                                                                            \
	ROW(ROUTE, route)                                                                                              \
	ROW(NICS, nics)                                                                                                \
	ROW(PROBE, probe)                                                                                              \
	ROW(ANNOUNCE, announce)                                                                                        \
	ROW(ON_ERROR, on_error)                                                                                        \
	ROW(THEN, then)

#endif
