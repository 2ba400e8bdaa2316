/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_FINDING_TABLE_H
#define GUESTARP_DOCTOR_FINDING_TABLE_H
/* The kinds of findings, a row each: all that is said of a kind is said here. */

/*
 * Its name behind FINDING_; its id for programs; what it means, for people who see it for the first time. A row with a
 * function, LOOK, has the host's state looked at for it: in the order of the rows, the last one for what no other
 * finding explains. The others, ROW, are found by a function of an earlier row, or by `check --listen` and `--log`.
 */
#define FINDING_TABLE(ROW, LOOK)                                                                                       \
	ROW(PLATFORM, "pmxcfs-down",                                                                                   \
	    "Proxmox VE's guests cannot be checked. guestarp removes nothing while their "                             \
	    "configurations are missing.")                                                                             \
	ROW(POLICY, "policy-broken",                                                                                   \
	    "Its last good text stays in force. If there is none, nothing is bound for guests whose policy "           \
	    "cannot be read.")                                                                                         \
	LOOK(MAC_FLOATS, "mac-floats",                                                                                 \
	     "The bridge takes the lowest MAC of its ports, so a guest's start or stop can change it and "             \
	     "cut off everybody who knew the old one.",                                                                \
	     check_bridges)                                                                                            \
	ROW(MAC_NOT_UPLINK, "mac-not-uplink",                                                                          \
	    "The provider may know only the network card's own MAC and block others.")                                 \
	LOOK(BRIDGE_ANSWERS, "bridge-answers",                                                                         \
	     "Guests and outside hosts can learn the wrong hardware address (MAC) for this host; their "               \
	     "traffic then gets lost, and providers block servers for it.",                                            \
	     check_flux)                                                                                               \
	ROW(BRIDGE_MARTIANS, "bridge-martians",                                                                        \
	    "The kernel logs \"martian source\" lines for each question that reaches it.")                             \
	ROW(FLUX, "host-flux",                                                                                         \
	    "Network cards in one subnet answer for each other's addresses, so this host's own address "               \
	    "jumps between hardware addresses (ARP flux).")                                                            \
	ROW(PROXY_STRANGERS, "proxy-strangers",                                                                        \
	    "Neighbours who ask there for such an address send this host what is meant for another "                   \
	    "machine.")                                                                                                \
	LOOK(QUIET_TABLE, "quiet-table",                                                                               \
	     "It keeps guests' firewall bridges and ports from answering for this host while they come "               \
	     "and go.",                                                                                                \
	     check_names)                                                                                              \
	ROW(QUIET_NAME, "quiet-name-missing",                                                                          \
	    "Their firewall bridges and ports answer for this host while they come and go.")                           \
	ROW(QUIET_UNSUPPORTED, "no-nf_tables",                                                                         \
	    "A firewall bridge is quiet only from the moment when guestarp sees it.")                                  \
	LOOK(PROXY_MANY, "proxy-many",                                                                                 \
	     "Several network cards answer for the same guest, so the guest's address jumps between "                  \
	     "hardware addresses (ARP flux).",                                                                         \
	     check_proxies)                                                                                            \
	ROW(PROXY_GONE, "proxy-gone",                                                                                  \
	    "This host still answers for a guest that does not run here. If it runs elsewhere, its "                   \
	    "traffic comes here.")                                                                                     \
	ROW(PROXY_ALL, "proxy-all-devices", "The entry names no device: every network card answers.")                  \
	ROW(PROXY_FORWARDING, "proxy-no-forwarding", "The entry is there, but the kernel stays silent.")               \
	ROW(PROXY_IN_FRONT, "proxy-in-front",                                                                          \
	    "The guest is on the same side as those who ask: the entry does nothing, or (IPv6) answers "               \
	    "instead of the guest.")                                                                                   \
	ROW(PROXY_SILENT, "proxy-silent", "Neighbours that ask there for the guest get no answer.")                    \
	ROW(PROXY_SLOW, "proxy-slow", "The kernel delays each proxied answer by a random time up to this.")            \
	ROW(PROXY_NDP, "proxy-ndp-off", "IPv6 neighbours who ask for the guest get no answer.")                        \
	LOOK(ADDRESS_TWICE, "address-twice",                                                                           \
	     "Guests with one address cut each other off; on one host guestarp leaves it to the one that "             \
	     "has it.",                                                                                                \
	     check_claimants)                                                                                          \
	LOOK(WATCH, "watch-not-running",                                                                               \
	     "Changes that no hook hears of stay wrong until guestarp sync: a network card that is taken down and "    \
	     "up, an entry that somebody deletes, a guest whose process is killed.",                                   \
	     check_hooks)                                                                                              \
	ROW(HOOK_MISSING, "hook-missing", "Proxmox VE refuses to start a guest whose hookscript is not there.")        \
	ROW(HOOK_OTHER, "hook-other",                                                                                  \
	    "Only guestarp as the guest's hookscript does that, and Proxmox VE does not call it.")                     \
	LOOK(OPENVZ, "openvz-setup",                                                                                   \
	     "vzctl puts entries on every network card, or leaves them behind when a container is gone.",              \
	     check_openvz)                                                                                             \
	LOOK(GUEST_UNKNOWN, "policy-guest-unknown", "What the policy says of it has no effect.", check_policies)       \
	ROW(DEVICE_MISSING, "policy-device-missing",                                                                   \
	    "Nothing answers for the guest until there is a device of that name.")                                     \
	ROW(GUEST_LINE, "guest-line-skipped",                                                                          \
	    "guestarp does nothing for what the line says, as the platform itself would not take it.")                 \
	LOOK(WIRE, "two-answers", "Seen on the wire just now: more than one hardware address claims it.", check_wire)  \
	ROW(MAC_BRIDGED, "mac-bridged", "A provider that knows one MAC for each network card blocks others.")          \
	ROW(MAC_REJECT, "mac-reject",                                                                                  \
	    "A bridge passes on what is meant for a machine that it does not know. A firewall that "                   \
	    "rejects it answers with that machine's MAC, and providers block servers for this.")                       \
	ROW(MAC_UNKNOWN, "mac-unknown", "The provider may know only the network card's own MAC and block others.")     \
	ROW(MARTIANS, "martians",                                                                                      \
	    "rp_filter refuses a packet that comes in by another device than its answer would leave by, "              \
	    "and log_martians has the kernel log it.")

#endif
