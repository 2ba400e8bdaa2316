/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_TESTS_UNIT_ANSWER_ROWS_H
#define GUESTARP_TESTS_UNIT_ANSWER_ROWS_H
/* The rows of answer.c: small hosts, a question, and what each device that hears it does. */

/*
 * scene is a host, statements with ";" between them:
 *
 *	dev NAME [WORD|KEY=VALUE]...       up, with a carrier, and IPv4 and IPv6; ifindexes count from 1
 *	addr DEV IP/BITS [peer IP] [WORD]...
 *	vid DEV N [pvid] [untagged]        proxy DEV|* IP; group DEV IP; anycast DEV IP; quiet NAME; filtered
 *	all VALUE=N
 *	arrive IP KIND [DEV]...            what routing says of it as a target; unless told, addresses are local
 *	leave IP KIND [DEV]...             the same of a packet to an asker
 *	within TABLE IP KIND               the same of a table
 *	ask DEV[/TAG] ASKER TARGET
 *
 * expected is each device that hears, and why it does what it does: "DEV REASON, ...".
 */
static const struct row {
	const char *name;
	const char *scene;
	const char *expected;
} rows[] = {
	/* ---- who hears ---- */
	{ "a device answers for its own address", "dev e0; addr e0 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 OWN" },
	{ "any device answers for any address of the host",
	  "dev e0; dev e1; addr e1 10.1.0.1/24; ask e0 10.0.0.9 10.1.0.1", "e0 OWN" },
	{ "a device that is down hears nothing", "dev e0 down; addr e0 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "e0 DOWN" },
	{ "the address of a device that is down is answered for by others",
	  "dev e0; dev e1 down; addr e1 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 OWN" },
	{ "without a carrier nothing is heard", "dev e0 nocarrier; addr e0 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "e0 NO_CARRIER" },
	{ "a bridge hears instead of its port",
	  "dev b kind=bridge; dev e0 master=b; addr e0 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "b OWN" },
	{ "a port that does not forward", "dev b kind=bridge; dev e0 master=b blocked; ask e0 10.0.0.9 10.0.0.1",
	  "e0 UNHEARD" },
	{ "a bridge that is down", "dev b kind=bridge down; dev e0 master=b; ask e0 10.0.0.9 10.0.0.1", "e0 UNHEARD" },
	{ "a locked port", "dev b kind=bridge; dev e0 master=b locked; ask e0 10.0.0.9 10.0.0.1", "b LOCKED" },
	{ "learning and flood off: no way back",
	  "dev b kind=bridge; addr b 10.0.0.1/24; dev e0 master=b nolearning noflood; ask e0 10.0.0.9 10.0.0.1",
	  "b NO_WAY_BACK" },
	{ "learning off alone does no harm",
	  "dev b kind=bridge; addr b 10.0.0.1/24; dev e0 master=b nolearning; ask e0 10.0.0.9 10.0.0.1", "b OWN" },
	{ "a port's neighbours within the host hear, too: a firewall bridge",
	  "dev b kind=bridge; dev e0 master=b; dev p kind=veth master=b lower=l; dev l kind=veth master=f lower=p; "
	  "dev f kind=bridge; addr b 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "b OWN, f OWN" },
	{ "bcast_flood off holds a request back",
	  "dev b kind=bridge; dev e0 master=b; dev p kind=veth master=b lower=l nobcast; dev l kind=veth lower=p; "
	  "addr b 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "b OWN" },
	{ "mcast_flood off does not",
	  "dev b kind=bridge; dev e0 master=b; dev p kind=veth master=b lower=l nomcast; dev l kind=veth lower=p; "
	  "addr b 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "b OWN, l OWN" },
	{ "mcast_flood off holds a solicitation back",
	  "dev b kind=bridge; dev e0 master=b; dev p kind=veth master=b lower=l nomcast; dev l kind=veth lower=p; "
	  "group l ff02::1:ff00:1; addr l 2001:db8::1/64; ask e0 2001:db8::9 2001:db8::1",
	  "b NO_PROXY" },
	{ "isolated ports do not hear each other",
	  "dev b kind=bridge; dev e0 master=b isolated; dev p kind=veth master=b lower=l isolated; "
	  "dev l kind=veth lower=p; addr b 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "b OWN" },
	{ "one isolated port hears the others",
	  "dev b kind=bridge; dev e0 master=b; dev p kind=veth master=b lower=l isolated; "
	  "dev l kind=veth lower=p; addr b 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "b OWN, l OWN" },
	{ "devices on one LAN all hear", "dev e0 wire=1; dev e1 wire=1; addr e0 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "e0 OWN, e1 OWN" },
	{ "a guest's request leaves by one NIC and comes in by another",
	  "dev b kind=bridge; dev t master=b; dev e1 master=b wire=1; dev e0 wire=1; addr b 10.0.0.1/24; "
	  "ask t 10.0.0.9 10.0.0.1",
	  "b OWN, e0 OWN" },
	{ "the VLAN device of a port comes before the bridge",
	  "dev b kind=bridge; dev e0 master=b; dev v kind=vlan vlan=5 lower=e0; dev w kind=vlan vlan=5 lower=b; "
	  "addr b 10.0.0.1/24; ask e0/5 10.0.0.9 10.0.0.1",
	  "v OWN" },
	{ "and before the bond",
	  "dev b kind=bond; dev e0 master=b; dev v kind=vlan vlan=5 lower=e0; dev w kind=vlan vlan=5 lower=b; "
	  "addr b 10.0.0.1/24; ask e0/5 10.0.0.9 10.0.0.1",
	  "v OWN" },
	{ "a VLAN device that is down swallows its tag",
	  "dev b kind=bridge; dev e0 master=b; dev v kind=vlan vlan=5 lower=e0 down; dev w kind=vlan vlan=5 lower=b; "
	  "addr b 10.0.0.1/24; ask e0/5 10.0.0.9 10.0.0.1",
	  "e0 UNHEARD" },
	{ "without filtering a tag passes the bridge to its VLAN device",
	  "dev b kind=bridge; dev e0 master=b; dev w kind=vlan vlan=5 lower=b; addr b 10.0.0.1/24; "
	  "ask e0/5 10.0.0.9 10.0.0.1",
	  "w OWN" },
	{ "nobody hears a tag that no device has", "dev e0; addr e0 10.0.0.1/24; ask e0/5 10.0.0.9 10.0.0.1",
	  "e0 UNHEARD" },
	{ "a VLAN device within a bridge of its own",
	  "dev t kind=bridge; dev c master=t; dev q kind=vlan vlan=5 lower=l master=t; dev l kind=veth lower=p; "
	  "dev p kind=veth lower=l; dev w kind=vlan vlan=5 lower=p; addr t 10.0.0.1/24; ask c 10.0.0.9 10.0.0.1",
	  "t OWN, w OWN" },
	{ "a VLAN-aware bridge: a tagged port",
	  "dev b kind=bridge filtering; vid b 1 pvid untagged; vid b 5; dev e0 master=b; vid e0 1 pvid untagged; vid "
	  "e0 5; "
	  "dev v kind=vlan vlan=5 lower=b; addr v 10.0.0.1/24; ask e0/5 10.0.0.9 10.0.0.1",
	  "v OWN" },
	{ "a VLAN-aware bridge: a tag within a range of VLANs is that tag",
	  "dev b kind=bridge filtering; vid b 1 pvid untagged; vid b 5-7; dev e0 master=b; vid e0 5-7; "
	  "dev u kind=vlan vlan=5 lower=b; dev v kind=vlan vlan=6 lower=b; addr b 10.0.0.1/24; ask e0/6 10.0.0.9 "
	  "10.0.0.1",
	  "v OWN" },
	{ "a VLAN-aware bridge that sends one VLAN of a port's range up without its tag",
	  "dev b kind=bridge filtering; vid b 5 pvid untagged; vid b 6; dev e0 master=b; vid e0 5-6; "
	  "addr b 10.0.0.1/24; ask e0/6 10.0.0.9 10.0.0.1",
	  "e0 UNHEARD" },
	{ "a tagged answer that comes back by a port is taken by the port's VLAN device",
	  "dev b kind=bridge; dev c master=b; dev x kind=veth lower=y master=b; dev xv kind=vlan vlan=5 lower=x down; "
	  "dev y kind=veth lower=x; dev yv kind=vlan vlan=5 lower=y; addr yv 10.0.0.1/24; ask c/5 10.0.0.9 10.0.0.1",
	  "yv VLAN_DEVICE" },
	{ "a VLAN-aware bridge: the VLAN device of the port's VLAN hears",
	  "dev b kind=bridge filtering; vid b 1 pvid untagged; vid b 5; dev e0 master=b; vid e0 5 pvid untagged; "
	  "dev v kind=vlan vlan=5 lower=b; addr v 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "v OWN" },
	{ "a VLAN-aware bridge that is not in the VLAN itself",
	  "dev b kind=bridge filtering; vid b 1 pvid untagged; dev e0 master=b; vid e0 5 pvid untagged; "
	  "addr b 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "e0 UNHEARD" },
	{ "a port without a PVID takes nothing untagged",
	  "dev b kind=bridge filtering; vid b 1 pvid untagged; dev e0 master=b; vid e0 1 untagged; addr b 10.0.0.1/24; "
	  "ask e0 10.0.0.9 10.0.0.1",
	  "e0 UNHEARD" },
	{ "self untagged in another VLAN than its PVID: the answer goes into that",
	  "dev b kind=bridge filtering; vid b 1 pvid untagged; vid b 5 untagged; dev e0 master=b; vid e0 5 pvid "
	  "untagged; "
	  "addr b 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "b OTHER_VLAN" },
	{ "a PVID that leaves tagged: the answer comes with a tag",
	  "dev b kind=bridge filtering; vid b 1 pvid untagged; dev e0 master=b; vid e0 1 pvid; addr b 10.0.0.1/24; "
	  "ask e0 10.0.0.9 10.0.0.1",
	  "b OTHER_VLAN" },
	{ "an answer in another VLAN that leaves by the port all the same, untagged",
	  "dev b kind=bridge filtering; vid b 1 untagged; vid b 5 pvid; dev e0 master=b; vid e0 1 pvid untagged; "
	  "vid e0 5 untagged; addr b 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "b OWN" },
	{ "the same on a port that is not flooded: the bridge has not learned the asker there",
	  "dev b kind=bridge filtering; vid b 1 untagged; vid b 5 pvid; dev e0 master=b noflood; vid e0 1 pvid "
	  "untagged; "
	  "vid e0 5 untagged; addr b 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "b OTHER_VLAN" },
	{ "an answer in another VLAN that leaves with another tag",
	  "dev b kind=bridge filtering; vid b 5 untagged; vid b 6 pvid; dev e0 master=b; vid e0 5; vid e0 6; "
	  "addr b 10.0.0.1/24; ask e0/5 10.0.0.9 10.0.0.1",
	  "b OTHER_VLAN" },
	{ "the active slave feeds the bond",
	  "dev bo kind=bond; dev e0 master=bo; addr bo 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "bo OWN" },
	{ "a backup slave is silent", "dev bo kind=bond bond=1; dev e0 master=bo backup; ask e0 10.0.0.9 10.0.0.1",
	  "e0 UNHEARD" },
	{ "balance-alb answers with one of several MACs",
	  "dev bo kind=bond bond=6; dev e0 master=bo; addr bo 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "bo BALANCE_ALB" },
	{ "a macvlan hears beside the lower device",
	  "dev e0; dev m kind=macvlan lower=e0 mode=4; addr m 10.0.0.1/32; ask e0 10.0.0.9 10.0.0.1", "e0 OWN, m OWN" },
	{ "so does one of mode private",
	  "dev e0; dev m kind=macvlan lower=e0 mode=1; addr m 10.0.0.1/32; "
	  "ask e0 10.0.0.9 10.0.0.1",
	  "e0 OWN, m OWN" },
	{ "a macvlan that is down does not",
	  "dev e0; dev m kind=macvlan lower=e0 mode=4 down; addr m 10.0.0.1/32; ask e0 10.0.0.9 10.0.0.1", "e0 OWN" },
	{ "a macvlan with a list of sources",
	  "dev e0; dev m kind=macvlan lower=e0 mode=16; addr m 10.0.0.1/32; "
	  "ask e0 10.0.0.9 10.0.0.1",
	  "e0 OWN, m SOURCE_LIST" },
	{ "ipvlan L2: both hear",
	  "dev e0; dev i kind=ipvlan lower=e0 mode=0; addr i 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 OWN, i OWN" },
	{ "ipvlan L3 takes what is for its address",
	  "dev e0; dev i kind=ipvlan lower=e0 mode=1; addr i 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 IPVLAN" },
	{ "ipvlan L3 that is down does not",
	  "dev e0; dev i kind=ipvlan lower=e0 mode=1 down; addr i 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 OWN" },
	{ "ipvlan L3 goes by the peer",
	  "dev e0; dev i kind=ipvlan lower=e0 mode=1; addr i 10.0.0.1/32 peer 10.0.0.2; ask e0 10.0.0.9 10.0.0.1",
	  "e0 OWN" },
	{ "ipvlan L3s: the lower device alone",
	  "dev e0; dev i kind=ipvlan lower=e0 mode=2; addr i 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 OWN" },
	{ "Open vSwitch", "dev o kind=openvswitch; dev e0 master=o; ask e0 10.0.0.9 10.0.0.1", "e0 SWITCH" },
	{ "an XDP program", "dev e0 intercepted; addr e0 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 INTERCEPTED" },
	{ "neigh_suppress on a port of the bridge",
	  "dev b kind=bridge; dev e0 master=b; dev x kind=vxlan master=b suppress; addr b 10.0.0.1/24; "
	  "ask e0 10.0.0.9 10.0.0.1",
	  "b SUPPRESS" },
	{ "a VXLAN device with proxy",
	  "dev b kind=bridge; dev e0 master=b; dev x kind=vxlan master=b vxlanproxy; addr b 10.0.0.1/24; "
	  "ask e0 10.0.0.9 10.0.0.1",
	  "b OWN, x VXLAN_PROXY" },

	/* ---- IPv4 ---- */
	{ "no IPv4 on it", "dev e0 noinet; dev e1; addr e1 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 NO_IP" },
	{ "NOARP", "dev e0 noarp; addr e0 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 NOARP" },
	{ "a quiet name", "dev fwbr101i0; addr fwbr101i0 10.0.0.1/24; quiet fwbr1*; ask fwbr101i0 10.0.0.9 10.0.0.1",
	  "fwbr101i0 QUIET" },
	{ "a quiet name keeps probes unanswered, too", "dev f; addr f 10.0.0.1/24; quiet f; ask f 0.0.0.0 10.0.0.1",
	  "f QUIET" },
	{ "rules of others", "dev e0; addr e0 10.0.0.1/24; filtered; ask e0 10.0.0.9 10.0.0.1", "e0 FILTERED" },
	{ "rules of others make no device speak that is NOARP",
	  "dev e0 noarp; addr e0 10.0.0.1/24; filtered; ask e0 10.0.0.9 10.0.0.1", "e0 NOARP" },
	{ "a multicast target", "dev e0; arrive 224.0.0.5 local; ask e0 10.0.0.9 224.0.0.5", "e0 TARGET" },
	{ "a loopback target", "dev e0; arrive 127.0.0.1 local; ask e0 10.0.0.9 127.0.0.1", "e0 TARGET" },
	{ "route_localnet allows it", "dev e0 route_localnet=1; arrive 127.0.0.1 local; ask e0 10.0.0.9 127.0.0.1",
	  "e0 OWN" },
	{ "so does that of all", "dev e0; all route_localnet=1; arrive 127.0.0.1 local; ask e0 10.0.0.9 127.0.0.1",
	  "e0 OWN" },
	{ "drop_gratuitous_arp", "dev e0 drop_gratuitous_arp=1; addr e0 10.0.0.1/24; ask e0 10.0.0.1 10.0.0.1",
	  "e0 GRATUITOUS" },
	{ "a probe asks one table alone",
	  "dev e0; addr e0 10.0.0.1/24; arrive 10.0.0.1 failed; within 0 10.0.0.1 local; "
	  "ask e0 0.0.0.0 10.0.0.1",
	  "e0 OWN" },
	{ "a probe never asks the rules",
	  "dev e0; arrive 10.0.0.1 local; within 0 10.0.0.1 failed; ask e0 0.0.0.0 10.0.0.1", "e0 PROBE" },
	{ "a probe is answered by the VRF's table",
	  "dev r kind=vrf table=7; dev e0 master=r; within 7 10.0.0.1 local; ask e0 0.0.0.0 10.0.0.1", "e0 OWN" },
	{ "a probe on a VRF's device is not answered for addresses outside",
	  "dev r kind=vrf table=7; dev e0 master=r; within 0 10.0.0.1 local; ask e0 0.0.0.0 10.0.0.1", "e0 PROBE" },
	{ "a probe is never answered by proxy",
	  "dev e0 forwarding=1 proxy_arp=1; proxy e0 10.0.0.5; arrive 10.0.0.5 unicast e1; dev e1; ask e0 0.0.0.0 "
	  "10.0.0.5",
	  "e0 PROBE" },
	{ "a probe where the table is uncertain", "dev e0; within 0 10.0.0.1 uncertain; ask e0 0.0.0.0 10.0.0.1",
	  "e0 UNCERTAIN" },
	{ "arp_ignore holds for probes",
	  "dev e0 arp_ignore=1; dev e1; addr e1 10.0.0.1/24; within 0 10.0.0.1 local; ask e0 0.0.0.0 10.0.0.1",
	  "e0 ARP_IGNORE" },
	{ "a look-up that fails", "dev e0; addr e0 10.0.0.1/24; arrive 10.0.0.1 failed; ask e0 10.0.0.9 10.0.0.1",
	  "e0 ROUTING" },
	{ "a device without an address that rp_filter makes log the neighbour is not asked about",
	  "all log_martians=1; dev b; dev f rp_filter=2; addr b 10.0.0.1/24; leave 10.0.0.9 unicast b; "
	  "ask f 10.0.0.9 10.0.0.1",
	  "f RP_FILTER" },
	{ "the log as the device's own value, and rp_filter as that of all",
	  "all rp_filter=2; dev b; dev f log_martians=1; addr b 10.0.0.1/24; leave 10.0.0.9 unicast b; "
	  "ask f 10.0.0.9 10.0.0.1",
	  "f RP_FILTER" },
	{ "a neighbour that is reached by the device is believed",
	  "all log_martians=1; dev f rp_filter=1; dev b; addr b 10.0.0.1/24; leave 10.0.0.9 unicast f; "
	  "ask f 10.0.0.9 10.0.0.1",
	  "f OWN" },
	{ "with rp_filter 2 a device with an address believes all who can be reached",
	  "all log_martians=1; dev f rp_filter=2; dev b; addr b 10.0.0.1/24; addr f 10.1.0.1/24; "
	  "leave 10.0.0.9 unicast b; ask f 10.0.0.9 10.0.0.1",
	  "f OWN" },
	{ "with rp_filter 1 it does not",
	  "all log_martians=1; dev f rp_filter=1; dev b; addr b 10.0.0.1/24; addr f 10.1.0.1/24; "
	  "leave 10.0.0.9 unicast b; ask f 10.0.0.9 10.0.0.1",
	  "f RP_FILTER" },
	{ "a broadcast address", "dev e0; arrive 10.0.0.255 other; ask e0 10.0.0.9 10.0.0.255", "e0 NOT_UNICAST" },
	{ "protocols that rules have all named", "dev e0; arrive 10.0.0.1 uncertain; ask e0 10.0.0.9 10.0.0.1",
	  "e0 UNCERTAIN" },
	{ "arp_ignore 1: the address is another device's",
	  "dev e0 arp_ignore=1; dev e1; addr e1 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 ARP_IGNORE" },
	{ "arp_ignore 1: the device's own", "dev e0 arp_ignore=1; addr e0 10.0.0.1/24; ask e0 10.9.0.9 10.0.0.1",
	  "e0 OWN" },
	{ "arp_ignore of all, where it is greater",
	  "dev e0; all arp_ignore=1; dev e1; addr e1 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 ARP_IGNORE" },
	{ "arp_ignore 1 goes by the peer's subnet",
	  "dev e0 arp_ignore=1; addr e0 10.0.0.1/32 peer 10.0.0.2; ask e0 10.0.0.2 10.0.0.1", "e0 ARP_IGNORE" },
	{ "arp_ignore 1: another address's subnet will do",
	  "dev e0 arp_ignore=1; addr e0 10.0.0.1/32 peer 10.0.0.2; addr e0 10.0.0.3/24; ask e0 10.0.0.9 10.0.0.1",
	  "e0 OWN" },
	{ "arp_ignore 1 is silent for AnyIP", "dev e0 arp_ignore=1; arrive 10.5.0.1 local; ask e0 10.0.0.9 10.5.0.1",
	  "e0 ARP_IGNORE" },
	{ "AnyIP is answered for", "dev e0; arrive 10.5.0.1 local; ask e0 10.0.0.9 10.5.0.1", "e0 OWN" },
	{ "arp_ignore 2: the asker is of the subnet",
	  "dev e0 arp_ignore=2; addr e0 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 OWN" },
	{ "arp_ignore 2: the asker is of another", "dev e0 arp_ignore=2; addr e0 10.0.0.1/24; ask e0 10.1.0.9 10.0.0.1",
	  "e0 ARP_IGNORE" },
	{ "arp_ignore 2 and a single address: silent to all",
	  "dev e0 arp_ignore=2; addr e0 10.0.0.1/32; ask e0 10.0.0.9 10.0.0.1", "e0 ARP_IGNORE" },
	{ "arp_ignore 2 and a single address: but to probes",
	  "dev e0 arp_ignore=2; addr e0 10.0.0.1/32; within 0 10.0.0.1 local; ask e0 0.0.0.0 10.0.0.1", "e0 OWN" },
	{ "arp_ignore 3: an address of any device",
	  "dev e0 arp_ignore=3; dev e1; addr e1 10.0.0.1/24; "
	  "ask e0 10.0.0.9 10.0.0.1",
	  "e0 OWN" },
	{ "arp_ignore 3: scope host",
	  "dev e0 arp_ignore=3; dev e1; addr e1 10.0.0.1/24 scope 254; ask e0 10.0.0.9 10.0.0.1", "e0 ARP_IGNORE" },
	{ "arp_ignore 3: scope link",
	  "dev e0 arp_ignore=3; dev e1; addr e1 10.0.0.1/24 scope 253; "
	  "ask e0 10.0.0.9 10.0.0.1",
	  "e0 OWN" },
	{ "arp_ignore 3 is silent for AnyIP", "dev e0 arp_ignore=3; arrive 10.5.0.1 local; ask e0 10.0.0.9 10.5.0.1",
	  "e0 ARP_IGNORE" },
	{ "arp_ignore 4 is as 0", "dev e0 arp_ignore=4; dev e1; addr e1 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1",
	  "e0 OWN" },
	{ "arp_ignore 8", "dev e0 arp_ignore=8; addr e0 10.0.0.1/24; ask e0 10.0.0.9 10.0.0.1", "e0 ARP_IGNORE" },
	{ "arp_ignore 8 leaves proxy ARP",
	  "dev e0 arp_ignore=8 forwarding=1 proxy_arp=1; dev e1; arrive 10.0.0.5 unicast e1; "
	  "ask e0 10.0.0.9 10.0.0.5",
	  "e0 PROXY_ARP" },
	{ "arp_filter: the way to the asker is by the device",
	  "dev e0 arp_filter=1; addr e0 10.0.0.1/24; leave 10.0.0.9 unicast e0; ask e0 10.0.0.9 10.0.0.1", "e0 OWN" },
	{ "arp_filter: it is by another",
	  "dev e0 arp_filter=1; dev e1; addr e0 10.0.0.1/24; leave 10.0.0.9 unicast e1; ask e0 10.0.0.9 10.0.0.1",
	  "e0 ARP_FILTER" },
	{ "arp_filter of all",
	  "dev e0; all arp_filter=1; dev e1; addr e0 10.0.0.1/24; leave 10.0.0.9 unicast e1; ask e0 10.0.0.9 10.0.0.1",
	  "e0 ARP_FILTER" },
	{ "arp_filter: there is no way",
	  "dev e0 arp_filter=1; addr e0 10.0.0.1/24; leave 10.0.0.9 failed; ask e0 10.0.0.9 10.0.0.1",
	  "e0 ARP_FILTER" },
	{ "arp_filter: two ways, one by the device",
	  "dev e0 arp_filter=1; dev e1; addr e0 10.0.0.1/24; leave 10.0.0.9 unicast e0 e1; ask e0 10.0.0.9 10.0.0.1",
	  "e0 MULTIPATH" },
	{ "proxy_arp", "dev e0 forwarding=1 proxy_arp=1; dev e1; arrive 10.0.0.5 unicast e1; ask e0 10.0.0.9 10.0.0.5",
	  "e0 PROXY_ARP" },
	{ "proxy_arp of all",
	  "dev e0 forwarding=1; all proxy_arp=1; dev e1; arrive 10.0.0.5 unicast e1; "
	  "ask e0 10.0.0.9 10.0.0.5",
	  "e0 PROXY_ARP" },
	{ "proxy_arp without the device's forwarding",
	  "dev e0 proxy_arp=1; all forwarding=1; dev e1; arrive 10.0.0.5 unicast e1; ask e0 10.0.0.9 10.0.0.5",
	  "e0 FORWARDING" },
	{ "proxy_arp: the address is on the asker's side",
	  "dev e0 forwarding=1 proxy_arp=1; arrive 10.0.0.5 unicast e0; ask e0 10.0.0.9 10.0.0.5", "e0 IN_FRONT" },
	{ "medium_id: the same medium",
	  "dev e0 forwarding=1 proxy_arp=1 medium_id=1; dev e1 medium_id=1; arrive 10.0.0.5 unicast e1; "
	  "ask e0 10.0.0.9 10.0.0.5",
	  "e0 MEDIUM" },
	{ "medium_id: another medium",
	  "dev e0 forwarding=1 proxy_arp=1 medium_id=1; dev e1 medium_id=2; arrive 10.0.0.5 unicast e1; "
	  "ask e0 10.0.0.9 10.0.0.5",
	  "e0 PROXY_ARP" },
	{ "medium_id -1 here",
	  "dev e0 forwarding=1 proxy_arp=1 medium_id=-1; dev e1; arrive 10.0.0.5 unicast e1; "
	  "ask e0 10.0.0.9 10.0.0.5",
	  "e0 MEDIUM" },
	{ "medium_id -1 there",
	  "dev e0 forwarding=1 proxy_arp=1 medium_id=1; dev e1 medium_id=-1; arrive 10.0.0.5 unicast e1; "
	  "ask e0 10.0.0.9 10.0.0.5",
	  "e0 MEDIUM" },
	{ "medium_id does not hold for entries",
	  "dev e0 forwarding=1 proxy_arp=1 medium_id=-1; dev e1; proxy e0 10.0.0.5; arrive 10.0.0.5 unicast e1; "
	  "ask e0 10.0.0.9 10.0.0.5",
	  "e0 PROXY_ENTRY" },
	{ "proxy_arp_pvlan",
	  "dev e0 forwarding=1 proxy_arp_pvlan=1; arrive 10.0.0.5 unicast e0; ask e0 10.0.0.9 10.0.0.5",
	  "e0 PROXY_PVLAN" },
	{ "proxy_arp_pvlan: the asker's own address",
	  "dev e0 forwarding=1 proxy_arp_pvlan=1; arrive 10.0.0.5 unicast e0; ask e0 10.0.0.5 10.0.0.5",
	  "e0 IN_FRONT" },
	{ "proxy_arp_pvlan says nothing of other devices",
	  "dev e0 forwarding=1 proxy_arp_pvlan=1; dev e1; arrive 10.0.0.5 unicast e1; ask e0 10.0.0.9 10.0.0.5",
	  "e0 NO_PROXY" },
	{ "an entry on the device",
	  "dev e0 forwarding=1; dev e1; proxy e0 10.0.0.5; arrive 10.0.0.5 unicast e1; ask e0 10.0.0.9 10.0.0.5",
	  "e0 PROXY_ENTRY" },
	{ "an entry for all devices",
	  "dev e0 forwarding=1; dev e1; proxy * 10.0.0.5; arrive 10.0.0.5 unicast e1; ask e0 10.0.0.9 10.0.0.5",
	  "e0 PROXY_ENTRY" },
	{ "an entry on another device",
	  "dev e0 forwarding=1; dev e1; proxy e1 10.0.0.5; arrive 10.0.0.5 unicast e1; ask e0 10.0.0.9 10.0.0.5",
	  "e0 NO_PROXY" },
	{ "an entry where the address is in front",
	  "dev e0 forwarding=1; proxy e0 10.0.0.5; arrive 10.0.0.5 unicast e0; ask e0 10.0.0.9 10.0.0.5",
	  "e0 IN_FRONT" },
	{ "next hops that all make it answer",
	  "dev e0 forwarding=1 proxy_arp=1; dev e1; dev e2; arrive 10.0.0.5 unicast e1 e2; ask e0 10.0.0.9 10.0.0.5",
	  "e0 PROXY_ARP" },
	{ "next hops that do not agree",
	  "dev e0 forwarding=1 proxy_arp=1; dev e1; arrive 10.0.0.5 unicast e1 e0; ask e0 10.0.0.9 10.0.0.5",
	  "e0 MULTIPATH" },
	{ "next hops that agree, one of them the device: the look-up may fail for one",
	  "dev e0 forwarding=1 proxy_arp=1 proxy_arp_pvlan=1; dev e1; arrive 10.0.0.5 unicast e1 e0; ask e0 10.0.0.9 "
	  "10.0.0.5",
	  "e0 MULTIPATH" },
	{ "the same, and it has failed for the one that was taken",
	  "dev e0 forwarding=1 proxy_arp=1; dev e1; arrive 10.0.0.5 failed e1 e0; ask e0 10.0.0.9 10.0.0.5",
	  "e0 MULTIPATH" },
	{ "it has failed whichever next hop is taken",
	  "dev e0 forwarding=1 proxy_arp=1; dev e1; dev e2; arrive 10.0.0.5 failed e1 e2; ask e0 10.0.0.9 10.0.0.5",
	  "e0 ROUTING" },
	{ "next hops in different VRFs: the sender may be the host's own in one",
	  "dev e0 forwarding=1 proxy_arp=1; dev r kind=vrf table=7; dev e1 master=r; dev e2; arrive 10.0.0.5 failed e1 "
	  "e2; "
	  "ask e0 10.0.0.9 10.0.0.5",
	  "e0 MULTIPATH" },
	{ "next hops in different VRFs, and it has not failed for the one that was taken",
	  "dev e0 forwarding=1 proxy_arp=1; dev r kind=vrf table=7; dev e1 master=r; dev e2; arrive 10.0.0.5 unicast "
	  "e1 e2; "
	  "ask e0 10.0.0.9 10.0.0.5",
	  "e0 MULTIPATH" },

	/* ---- IPv6 ---- */
	{ "IPv6: its own address",
	  "dev e0; addr e0 2001:db8::1/64; group e0 ff02::1:ff00:1; ask e0 2001:db8::9 2001:db8::1", "e0 OWN" },
	{ "IPv6: another device's address",
	  "dev e0; dev e1; addr e1 2001:db8::1/64; group e0 ff02::1:ff00:1; ask e0 2001:db8::9 2001:db8::1",
	  "e0 NO_PROXY" },
	{ "IPv6: no IPv6 on it", "dev e0 noinet6; ask e0 2001:db8::9 2001:db8::1", "e0 NO_IP" },
	{ "IPv6: disable_ipv6",
	  "dev e0 disable_ipv6=1; addr e0 2001:db8::1/64; group e0 ff02::1:ff00:1; ask e0 2001:db8::9 2001:db8::1",
	  "e0 NO_IP" },
	{ "IPv6: the group is not joined", "dev e0; addr e0 2001:db8::1/64; ask e0 2001:db8::9 2001:db8::1",
	  "e0 NO_GROUP" },
	{ "IPv6: rules drop what comes in",
	  "dev e0; addr e0 2001:db8::1/64; group e0 ff02::1:ff00:1; arrive ff02::1:ff00:1 failed; "
	  "ask e0 2001:db8::9 2001:db8::1",
	  "e0 ROUTING" },
	{ "IPv6: but not in a VRF",
	  "dev r kind=vrf table=7; dev e0 master=r; addr e0 2001:db8::1/64; group e0 ff02::1:ff00:1; "
	  "arrive ff02::1:ff00:1 failed; ask e0 2001:db8::9 2001:db8::1",
	  "e0 OWN" },
	{ "IPv6: the VRF's own address",
	  "dev r kind=vrf table=7; dev e0 master=r; addr r 2001:db8::1/64; group e0 ff02::1:ff00:1; "
	  "ask e0 2001:db8::9 2001:db8::1",
	  "e0 OWN" },
	{ "IPv6: a tentative address",
	  "dev e0; addr e0 2001:db8::1/64 tentative; group e0 ff02::1:ff00:1; ask e0 2001:db8::9 2001:db8::1",
	  "e0 TENTATIVE" },
	{ "IPv6: a duplicate",
	  "dev e0; addr e0 2001:db8::1/64 dadfailed; group e0 ff02::1:ff00:1; ask e0 2001:db8::9 2001:db8::1",
	  "e0 TENTATIVE" },
	{ "IPv6: an optimistic address answers",
	  "dev e0; addr e0 2001:db8::1/64 optimistic; group e0 ff02::1:ff00:1; ask e0 2001:db8::9 2001:db8::1",
	  "e0 OWN" },
	{ "IPv6: but no probe",
	  "dev e0; addr e0 2001:db8::1/64 optimistic; group e0 ff02::1:ff00:1; ask e0 :: 2001:db8::1",
	  "e0 OPTIMISTIC" },
	{ "IPv6: an anycast address",
	  "dev e0; addr e0 fe80::1/64; anycast e0 2001:db8::; group e0 ff02::1:ff00:0; "
	  "ask e0 2001:db8::9 2001:db8::",
	  "e0 ANYCAST" },
	{ "IPv6: an entry",
	  "dev e0 forwarding_6=1 proxy_ndp=1; addr e0 fe80::1/64; proxy e0 2001:db8::5; group e0 ff02::1:ff00:5; "
	  "ask e0 2001:db8::9 2001:db8::5",
	  "e0 PROXY_ENTRY" },
	{ "IPv6: an entry answers probes, too",
	  "dev e0 forwarding_6=1 proxy_ndp=1; addr e0 fe80::1/64; proxy e0 2001:db8::5; group e0 ff02::1:ff00:5; "
	  "ask e0 :: 2001:db8::5",
	  "e0 PROXY_ENTRY" },
	{ "IPv6: proxy_ndp of all",
	  "dev e0 forwarding_6=1; all proxy_ndp=1; addr e0 fe80::1/64; proxy e0 2001:db8::5; group e0 ff02::1:ff00:5; "
	  "ask e0 2001:db8::9 2001:db8::5",
	  "e0 PROXY_ENTRY" },
	{ "IPv6: an entry without proxy_ndp",
	  "dev e0 forwarding_6=1; addr e0 fe80::1/64; proxy e0 2001:db8::5; group e0 ff02::1:ff00:5; "
	  "ask e0 2001:db8::9 2001:db8::5",
	  "e0 NO_PROXY" },
	{ "IPv6: an entry without the device's forwarding",
	  "dev e0 proxy_ndp=1; all forwarding_6=1; addr e0 fe80::1/64; proxy e0 2001:db8::5; group e0 ff02::1:ff00:5; "
	  "ask e0 2001:db8::9 2001:db8::5",
	  "e0 FORWARDING" },
	{ "IPv6: an entry, and no address from which to answer a link-local asker",
	  "dev e0 forwarding_6=1 proxy_ndp=1; dev e1; addr e1 2001:db8:1::1/64; proxy e0 2001:db8::5; "
	  "group e0 ff02::1:ff00:5; ask e0 fe80::9 2001:db8::5",
	  "e0 NO_SOURCE" },
	{ "IPv6: a global asker is answered from any",
	  "dev e0 forwarding_6=1 proxy_ndp=1; dev e1; addr e1 2001:db8:1::1/64; proxy e0 2001:db8::5; "
	  "group e0 ff02::1:ff00:5; ask e0 2001:db8::9 2001:db8::5",
	  "e0 PROXY_ENTRY" },
	{ "IPv6: NOARP sends its answer to itself",
	  "dev e0 noarp; addr e0 2001:db8::1/64; group e0 ff02::1:ff00:1; ask e0 2001:db8::9 2001:db8::1",
	  "e0 NOARP_SELF" },
	{ "IPv6: NOARP answers probes",
	  "dev e0 noarp; addr e0 2001:db8::1/64; group e0 ff02::1:ff00:1; ask e0 :: 2001:db8::1", "e0 OWN" },
};

/*
 * The same scenes, with "join DEV DEV" for two that were seen to hear each other. expected is each wire, as the devices
 * that hear it: "DEV DEV / DEV".
 */
static const struct row wires[] = {
	{ "two devices: two wires", "dev e0; dev e1", "e0 / e1" },
	{ "a bridge hears instead of its ports, once", "dev b kind=bridge; dev e0 master=b; dev e1 master=b", "b" },
	{ "a firewall bridge is on its bridge's wire",
	  "dev b kind=bridge; dev e0 master=b; dev p kind=veth master=b lower=l; dev l kind=veth master=f lower=p; "
	  "dev f kind=bridge",
	  "b f" },
	{ "devices in one subnet are on one wire",
	  "dev e0; dev e1; dev e2; addr e0 10.0.0.1/24; addr e1 10.0.0.2/24; addr e2 10.1.0.1/24", "e0 e1 / e2" },
	{ "a wider subnet is not the same", "dev e0; dev e1; addr e0 10.0.0.1/8; addr e1 10.1.0.2/24", "e0 / e1" },
	{ "host routes' addresses are no subnet", "dev e0; dev e1; addr e0 10.0.0.1/32; addr e1 10.0.0.1/32",
	  "e0 / e1" },
	{ "nor are those of another VRF",
	  "dev v kind=vrf table=10; dev e0; dev e1 master=v; addr e0 10.0.0.1/24; addr e1 10.0.0.2/24", "e0 / e1" },
	{ "two that hear each other", "dev e0; dev e1; dev e2; join e0 e2", "e0 e2 / e1" },
	{ "and all who are on their wires already",
	  "dev e0; dev e1; dev e2; addr e0 10.0.0.1/24; addr e1 10.0.0.2/24; join e1 e2", "e0 e1 e2" },
	{ "a port that hears brings its bridge", "dev b kind=bridge; dev e0 master=b; dev e1; join e1 e0", "b e1" },
	{ "a tagged network is a wire of its own", "dev e0; dev v kind=vlan lower=e0 vlan=5", "e0 / v" },
	{ "two tagged ones are joined without what carries them",
	  "dev e0; dev v kind=vlan lower=e0 vlan=5; dev e1; dev w kind=vlan lower=e1 vlan=5; join v w",
	  "e0 / v w / e1" },
	{ "a tag that only a bridge takes off",
	  "dev b kind=bridge filtering; vid b 6 pvid untagged; dev e0 master=b; vid e0 6", "b" },
	{ "one of a firewall bridge's, on a trunk",
	  "dev b kind=bridge filtering; vid b 1 pvid untagged; dev e0 master=b; vid e0 1 pvid untagged; vid e0 2-4094; "
	  "dev p kind=veth master=b lower=l; vid p 20 pvid untagged; dev l kind=veth master=f lower=p; dev f "
	  "kind=bridge",
	  "b / f" },
	{ "one that no port but its own is in",
	  "dev b kind=bridge filtering; vid b 6 pvid untagged; dev e0 master=b; vid e0 7", "" },
	{ "one that is down, or has no carrier, is on none", "dev e0 down; dev e1 nocarrier; dev e2", "e2" },
	{ "who waits beyond a VXLAN is asked from here", "dev x kind=vxlan; dev e0", "e0" },
};

#endif
