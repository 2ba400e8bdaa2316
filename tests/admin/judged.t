#!/bin/bash
# `guestarp check` on hosts of the kinds that tests/answer's random hosts have found it wrong on, against the wire.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
require jq arping tcpdump

true_paths

answer() { # NS ADDRESS WANT DESC: which devices answer an ordinary request
    capture asked "$1" eth0
    ask "$1" eth0 "$2" || true
    fence "$1" asked
    capture_stop asked
    answered_by asked "$2" "$3" "$4"
}

# Two cards in one subnet, and no third one.
two_cards() {
    fresh_host
    topo_multi
    ip addr flush dev eth4
    ip link set dev eth4 down
}

# ---- one device, two things wrong ------------------------------------------------------------------------------------

two_cards
ns_add other
veth - eth5 02:05:00:00:00:01 other eth0 02:05:00:00:00:02
ip addr add 10.5.0.1/24 dev eth5
sysctl -q -w net.ipv4.conf.eth3.proxy_arp=1 net.ipv4.neigh.eth3.proxy_delay=0
answer client 192.168.18.10 "eth0 eth3" "a card answers for another one's address"
answer client 10.5.0.77 eth3 "and by proxy_arp for a stranger's"
findings
is "$FOUND $(finding 0 devices) $(finding 1 devices)" "host-flux proxy-strangers eth0 eth3 eth3" "both are found"
ok "the first one's command works" as_printed "$(finding 0 fix)"
answer client 192.168.18.10 eth0 "one card answers for the address"
findings
is "$FOUND" proxy-strangers "and only the second one is left"

# ---- who answers nothing but probes is no other one who answers ---------------------------------------------------------

fresh_host
topo_multi
sysctl -q -w net.ipv4.conf.eth3.arp_filter=1
answer client 192.168.18.13 "eth0 eth4" "arp_filter: the card that has the address is silent"
findings
is "$(jq -r '[.findings[].devices[]] | join(" ")' "$TMP/admin.out")" "eth0 eth4" "the others' flux is found"
is "$(jq -r '[.findings[].fix // "none"] | unique | join(" ")' "$TMP/admin.out")" none "there is no command, as nobody would answer for the address"
like "$(finding 0 advice)" "first give 192.168.18.13, .* to eth0" "and the address is named"

# ---- a neighbour is not the host itself ---------------------------------------------------------------------------------

two_cards
for i in 1 2; do ip addr add "192.168.18.$i/32" dev lo scope link; done
answer client 192.168.18.10 "eth0 eth3" "lo has addresses of link scope: two cards answer for another"
findings
is "$FOUND $(finding 0 devices)" "host-flux eth0 eth3" "and both are found"

# ---- a bridge with an address of link scope ------------------------------------------------------------------------------

two_cards
ip addr flush dev eth3
ip link add vmbr5 type bridge
quiet_v6 eth3
ip link set dev eth3 master vmbr5
ip link set dev vmbr5 address 02:55:00:00:00:01 up
ip addr add 192.168.18.55/24 dev vmbr5 scope link
answer client 192.168.18.10 "eth0 vmbr5" "a bridge with an address of link scope answers for another one's"
findings --probe
like "$FOUND" host-flux "it is a device like others"
unlike "$OUT" "has no address" "and nobody says that it has none"

# ---- a bridge with the MAC of a port that has the address -----------------------------------------------------------------

two_cards
ip link add vmbr5 type bridge
quiet_v6 eth3
ip link set dev eth3 master vmbr5
ip link set dev vmbr5 address "$(mac - eth3)" up
ok "the bridge answers for its port's address, as another card does" ask client eth0 192.168.18.13
findings --probe
like "$(jq -r '.findings[] | select(.id == "host-flux") | .devices | join(" ")' "$TMP/admin.out")" "eth0" "the other card's answer for it is wrong"
is "$(jq -r '[.findings[] | select(.id | test("host-flux|bridge-answers")) | .fix // "none"] | unique | join(" ")' "$TMP/admin.out")" none \
    "the bridge's is right: no command takes it"

# ---- on the wire: what the model explains is no riddle ---------------------------------------------------------------------

fresh_host
ip link add x0 type veth peer name y0
for i in x0 y0; do ip link set dev $i up; done
ip addr add 10.9.0.1/24 dev x0
ip addr add 10.9.0.2/24 dev y0
healthy "two ends of a cable within the host" --probe

two_cards
ip link add vmbr5 type bridge
quiet_v6 eth3
ip link set dev eth3 master vmbr5
ip link set dev vmbr5 address "$(mac - eth3)" arp off up
answer client 192.168.18.13 eth0 "another card answers for the address of a bridge's port"
findings --probe
unlike " $FOUND " " two-answers " "which needs no other explanation"

# ---- on the wire: an address that the device answers for and does not have ---------------------------------------------------

# A real server behind a director (LVS-DR): the virtual address is on lo, and the director alone is to answer for it.
fresh_host
ns_add client
ns_add lan
ip -n lan link add switch type bridge
ip -n lan link set dev switch up
veth - eth0 "$UPLINK_MAC" lan port0 02:18:00:00:01:10
veth client eth0 "$LAN_CLIENT_MAC" lan client 02:18:00:00:01:81
ns_add director
veth director eth0 02:18:00:00:00:66 lan port66 02:18:00:00:01:66
for i in port0 client port66; do ip -n lan link set dev "$i" master switch; done
ip addr add 192.168.18.10/24 dev eth0
ip addr add 192.168.18.200/32 dev lo
ip -n client addr add 192.168.18.129/24 dev eth0
ip -n director addr add 192.168.18.200/24 dev eth0
fence_prepare client eth0
answer client 192.168.18.200 "02:18:00:00:00:66 eth0" "an address of lo that the director has, too: two answers"
findings --probe
is "$FOUND" two-answers "which is found"
like "$(finding 0 what)" "192.168.18.200 was asked for on eth0; answers came from 02:18:00:00:00:66, and eth0 itself answers for it" "in words"
like "$(finding 0 advice)" "^if the other machine is to answer, .* arp_ignore=1 and arp_announce=2 on eth0" "and what to do then"
sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
answer client 192.168.18.200 02:18:00:00:00:66 "arp_ignore: the director alone answers"
healthy "a real server as it should be" --probe
sysctl -q -w net.ipv4.conf.all.arp_ignore=0
ip -n director addr flush dev eth0
answer client 192.168.18.200 eth0 "without the director this host alone answers"
healthy "an address of lo that nobody else has" --probe

# ---- an entry without a device, where the other one is of no use -------------------------------------------------------------

two_cards
ip addr flush dev eth3
ip link set dev eth3 down
ns_add other
veth - eth5 02:05:00:00:00:01 other eth0 02:05:00:00:00:02
ip addr add 10.5.0.1/24 dev eth5
sysctl -q -w net.ipv4.conf.eth5.forwarding=1 net.ipv4.neigh.eth5.proxy_delay=0 net.ipv4.neigh.eth0.proxy_delay=0
routed_guest 101 192.168.18.101
ip neigh add proxy 192.168.18.101 dev eth5
ip neigh add proxy 192.168.18.101
answer client 192.168.18.101 eth0 "an entry without a device answers where its neighbours ask"
findings
like " $FOUND " " proxy-all-devices " "it is found"
is "$(jq -r '.findings[] | select(.id == "proxy-all-devices") | .fix // "none"' "$TMP/admin.out")" none "no command, as nobody would answer there after it"

# ---- forwarding where proxy_arp is on ------------------------------------------------------------------------------------------

two_cards
sysctl -q -w net.ipv4.conf.all.proxy_arp=1 net.ipv4.conf.eth0.forwarding=0 net.ipv4.conf.eth3.forwarding=0 net.ipv4.neigh.eth3.proxy_delay=0
ns_add other
veth - eth5 02:05:00:00:00:01 other eth0 02:05:00:00:00:02
ip addr add 10.5.0.1/24 dev eth5
ip route add 192.168.18.77/32 dev eth5
ip neigh add proxy 192.168.18.77 dev eth3
answer client 192.168.18.77 "" "an entry, and no forwarding: nobody answers"
findings
one=$(jq -c '.findings[] | select(.id == "proxy-no-forwarding")' "$TMP/admin.out")
is "$(jq -r '"\(.devices | join(" ")) \(.fix // "none")"' <<<"$one")" "eth3 none" "it is found, and has no command"
like "$(jq -r .advice <<<"$one")" "first turn proxy_arp and proxy_arp_pvlan off" "but what to do first"
sysctl -q -w net.ipv4.conf.eth3.forwarding=1
answer client 10.5.0.77 eth3 "as forwarding alone has the card answer for strangers"
sysctl -q -w net.ipv4.conf.all.proxy_arp=0

# ---- several cards, one of which is yet to forward -------------------------------------------------------------------------------

fresh_host
topo_multi
ns_add other
veth - eth5 02:05:00:00:00:01 other eth0 02:05:00:00:00:02
ip addr add 10.5.0.1/24 dev eth5
for i in 0 3 4; do
    sysctl -q -w net.ipv4.conf.eth$i.arp_ignore=1 net.ipv4.conf.eth$i.arp_announce=2 net.ipv4.neigh.eth$i.proxy_delay=0
    ip neigh add proxy 192.168.18.77 dev eth$i
done
ip route add 192.168.18.77/32 dev eth5
ip route add 192.168.18.78/32 dev eth5
ip neigh add proxy 192.168.18.78 dev eth4
sysctl -q -w net.ipv4.conf.eth4.forwarding=0
answer client 192.168.18.77 "eth0 eth3" "three entries, two cards that forward: two answer"
findings
is "$FOUND" "proxy-many proxy-no-forwarding" "both are found"
for i in 0 1; do ok "a command works" as_printed "$(finding $i fix)"; done
answer client 192.168.18.78 eth4 "the third one answers for what it alone has"
answer client 192.168.18.77 eth0 "and one card for the other"

# ---- two bridges that hear each other in one direction ---------------------------------------------------------------------------

fresh_host
ip addr flush dev lo scope global
ns_add client
veth - eth0 02:18:00:00:00:10 client eth0 "$LAN_CLIENT_MAC"
ns_add behind
veth - port 02:18:00:00:00:20 behind eth0 02:18:00:00:00:21
for n in 0 1; do
    ip link add "b$n" address "02:18:00:00:00:b$n" type bridge
    ip link set "b$n" up
done
ip link add x0 type veth peer name x1
ip link set x0 master b0 up
ip link set x1 master b1 up
ip link set x0 type bridge_slave bcast_flood off
ip link set eth0 master b0 up
ip link set port master b1 up
ip addr add 192.168.18.10/24 dev b0
ip addr add 192.168.18.11/16 dev b1
ip -n client addr add 192.168.18.129/24 dev eth0
ip -n behind addr add 192.168.18.130/24 dev eth0
fence_prepare client eth0
fence_prepare behind eth0
answer client 192.168.18.11 b0 "one side hears the first bridge alone"
answer behind 192.168.18.11 "b0 b1" "the other side both"
findings
is "$(jq -r '[.findings[] | select(.id == "host-flux") | .fix // "none"] | join(" ")' "$TMP/admin.out" | grep -c 'conf/b0/arp_ignore' || true)" 0 \
    "no command silences the only one that answers the first side"

# ---- proxy_arp answers others than the card's own neighbours ------------------------------------------------------------------------

two_cards
sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
ns_add other
veth - eth5 02:05:00:00:00:01 other eth0 02:05:00:00:00:02
ip addr add 10.5.0.2/24 dev eth5
sysctl -q -w net.ipv4.conf.eth0.proxy_arp=1 net.ipv4.neigh.eth0.proxy_delay=0
ip rule add pref 101 from 192.168.18.0/24 prohibit
answer client 10.5.0.77 "" "a rule refuses what the card's own neighbours ask for"
ip -n client addr add 10.5.0.78/24 dev eth0
answer client 10.5.0.77 eth0 "and not what a machine of the other subnet asks for"
findings
is "$FOUND $(finding 0 devices)" "proxy-strangers eth0" "which is found"
ip rule del pref 101
sysctl -q -w net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0

# ---- a bridge whose card passes frames on in one direction alone ---------------------------------------------------------------------

two_cards
ns_add behind
veth - port 02:18:00:00:00:20 behind eth0 02:18:00:00:00:21
ip addr flush dev eth0
ip link add b0 address 02:18:00:00:00:b0 type bridge
ip link set b0 up
quiet_v6 eth0
for i in eth0 port; do ip link set "$i" master b0 up; done
ip addr add 192.168.18.10/24 dev b0
ip -n behind addr add 192.168.18.130/24 dev eth0
fence_prepare behind eth0
ip link set eth0 type bridge_slave bcast_flood off
answer client 192.168.18.13 "b0 eth3" "no broadcasts leave: the LAN hears the bridge and the other card"
answer behind 192.168.18.13 b0 "a guest the bridge alone"
findings
like " $FOUND " " host-flux " "which is found"
is "$(jq -r '.findings[] | select(.id == "host-flux") | .fix // ""' "$TMP/admin.out" | grep -c 'conf/b0/arp_ignore' || true)" 0 \
    "no command takes the guest's only answer"
ip link set eth0 type bridge_slave bcast_flood on learning off flood off fdb_flush
answer client 192.168.18.10 eth3 "no answers leave: the LAN hears the other card alone"
answer behind 192.168.18.10 "b0 eth3" "a guest both"
findings
like " $FOUND " " host-flux " "which is found"
is "$(jq -r '.findings[] | select(.id == "host-flux") | .fix // ""' "$TMP/admin.out" | grep -c 'conf/eth3/arp_ignore' || true)" 0 \
    "no command takes the LAN's only answer"
ip link set eth0 type bridge_slave learning on flood on
ip link set port type bridge_slave isolated on
answer client 192.168.18.10 "b0 eth3" "a guest's isolated port keeps nobody from the LAN"
findings
ok "there is a command" as_printed "$(jq -r '.findings[] | select(.id == "host-flux") | .fix // "false"' "$TMP/admin.out")"
answer client 192.168.18.10 b0 "after it one answers the LAN"
answer behind 192.168.18.13 eth3 "and one the guest"

# ---- a bridge without an address that answers for a guest, too ---------------------------------------------------------------------

two_cards
ip addr flush dev eth3
ip link add vmbr5 address 02:18:00:00:00:b5 type bridge
quiet_v6 eth3
ip link set eth3 master vmbr5
ip link set vmbr5 up
ns_add other
veth - eth5 02:05:00:00:00:01 other eth0 02:05:00:00:00:02
ip addr add 10.5.0.1/24 dev eth5
ip route add 192.168.18.77/32 dev eth5
ip neigh add proxy 192.168.18.77 dev vmbr5
sysctl -q -w net.ipv4.conf.vmbr5.forwarding=1 net.ipv4.neigh.vmbr5.proxy_delay=0
answer client 192.168.18.10 "eth0 vmbr5" "the bridge answers for the card's address"
answer client 192.168.18.77 vmbr5 "and alone for a guest's"
findings
is "$FOUND $(finding 0 devices)" "bridge-answers vmbr5" "which is found"
is "$(finding 0 advice)" "" "a command needs no advice beside it"
is "$(finding 0 permanent)" "in /etc/sysctl.d/90-guestarp.conf:"$'\n'"net/ipv4/conf/vmbr5/arp_ignore=1" \
    "what lasts is what the command sets, not a quiet name"
ok "the command works" as_printed "$(finding 0 fix)"
answer client 192.168.18.10 eth0 "after it the card alone answers for its address"
answer client 192.168.18.77 vmbr5 "and still the bridge for the guest"
healthy "nothing is left to say"
guest_conf 105 lxc "net0: name=eth0,bridge=vmbr5,hwaddr=$(guest_mac 105 0),ip=192.168.18.105/24,type=veth"
ns_add ct105
veth - veth105i0 "fe$(guest_mac 105 0 | cut -c3-)" ct105 eth0 "$(guest_mac 105 0)"
quiet_v6 veth105i0
ip link set veth105i0 master vmbr5
ip -n ct105 addr add 192.168.18.105/24 dev eth0
fence_prepare ct105 eth0
sysctl -q -w net.ipv4.conf.vmbr5.proxy_arp=1
answer ct105 192.168.18.99 vmbr5 "proxy_arp: the bridge answers a guest for strangers"
findings
is "${FOUND%% *} $(finding 0 devices)" "bridge-answers vmbr5" "which is found"
is "$(finding 0 permanent)" "" "no quiet name, which would silence the guest's entry"
like "$(finding 0 advice)" "proxy_arp=0$" "but what ends the strangers alone"
sysctl -q -w net.ipv4.conf.vmbr5.proxy_arp=0
answer ct105 192.168.18.99 "" "after it nobody answers for them"
answer client 192.168.18.77 vmbr5 "and the bridge for the guest"

done_testing
