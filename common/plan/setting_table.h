/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_PLAN_SETTING_TABLE_H
#define GUESTARP_PLAN_SETTING_TABLE_H
/* The kinds of settings, a row each: all that is said of a kind is said here. */

/*
 * Its name behind SETTING_; its word in records and JSON; what it is about beside a device (VALUE, MAC or IP); its text
 * for people, with the device and then that; and functions of effect/apply.c and kernel/: is it so, make it so, and,
 * where it is recorded and goes with its guest, remove it.
 */
#define SETTING_TABLE(ROW)                                                                                             \
	ROW(ARP_IGNORE, "arp_ignore", VALUE, "%s arp_ignore %u", read_link_value, write_link_value, NULL)              \
	ROW(ARP_ANNOUNCE, "arp_announce", VALUE, "%s arp_announce %u", read_link_value, write_link_value, NULL)        \
	ROW(ARP_FILTER, "arp_filter", VALUE, "%s arp_filter %u", read_link_value, write_link_value, NULL)              \
	/* the device flag; value 1 */                                                                                 \
	ROW(NOARP, "noarp", VALUE, "%s NOARP %u", read_link_value, write_noarp, NULL)                                  \
	/* hundredths of a second */                                                                                   \
	ROW(PROXY_DELAY, "proxy_delay", VALUE, "%s proxy_delay %u", read_sysctl, write_sysctl, NULL)                   \
	ROW(PROXY_DELAY_6, "proxy_delay_ipv6", VALUE, "%s proxy_delay (IPv6) %u", read_sysctl, write_sysctl, NULL)     \
	ROW(PROXY_NDP, "proxy_ndp", VALUE, "%s proxy_ndp %u", read_sysctl, write_sysctl, NULL)                         \
	/* device is a name of kernel/quiet.h, not of a device; kernel/quiet.h writes it */                            \
	ROW(QUIET_NAME, "quiet_name", VALUE, "%s quiet by name", NULL, NULL, NULL)                                     \
	/* pinned; mac is the one to pin */                                                                            \
	ROW(BRIDGE_MAC, "bridge_mac", MAC, "%s MAC pinned to %s", read_bridge_mac, write_bridge_mac, NULL)             \
	/* no entry for ip on the device */                                                                            \
	ROW(NO_PROXY, "no_proxy_entry", IP, "%s no proxy entry for %s", read_proxy, write_no_proxy, NULL)              \
	/* an entry for ip on the device */                                                                            \
	ROW(PROXY, "proxy_entry", IP, "%s proxy entry for %s", read_proxy, write_proxy, remove_proxy)                  \
	/* a host route for ip by the device */                                                                        \
	ROW(ROUTE, "host_route", IP, "%s host route to %s", read_route, write_route, remove_route)

#endif
