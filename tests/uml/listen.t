#!/bin/bash
# `guestarp check --listen` where the provider is reached by a VLAN device or a bond: what leaves is found behind the bridge that
# stands on it. On 6.1, whose filters have less room.

# shellcheck source-path=SCRIPTDIR source=lib-uml.sh
. "$(dirname "$0")/lib-uml.sh"
require arping

#       outside              host
#       port1 -------------- eno1 - eno1.5 - vmbr5 - port55 === ct55 10.0.0.55
#                                 - eno1.7 - vmbr7 - port57 === ct57 10.0.0.57
#       port2 -------------- eno2 - bond0 -- vmbr0 - port56 === ct56 10.0.0.56
policy '{}'
ns_add outside
card vec0 - eno1 02:0b:0b:00:00:01
card vec1 outside port1 02:0a:0a:00:00:11
card vec2 - eno2 02:0b:0b:00:00:02
card vec3 outside port2 02:0a:0a:00:00:12
quiet_v6 eno1 eno2
ip link set dev eno1 up
ip link add dev bond0 type bond mode active-backup
ip link set dev eno2 master bond0
quiet_v6 bond0
ip link set dev bond0 up
for n in 1 2; do ip -n outside link set dev port$n up; done
sysctl -q -w net.ipv4.igmp_link_local_mcast_reports=0
vlan - eno1 5
vlan - eno1 7
quiet_v6 eno1.5 eno1.7

bridged() { # BRIDGE UPLINK N
    ip link add dev "$1" type bridge
    quiet_v6 "$1"
    ip link set dev "$1" up
    ip link set dev "$2" master "$1"
    ns_add "ct$3"
    veth - "port$3" "02:55:00:00:00:$3" "ct$3" eth0 "02:56:00:00:00:$3"
    quiet_v6 "port$3"
    in_ns "ct$3" sysctl -q -w net.ipv6.conf.eth0.disable_ipv6=1
    ip link set dev "port$3" master "$1"
    ip -n "ct$3" addr add "10.0.0.$3/24" dev eth0
}
bridged vmbr5 eno1.5 55
bridged vmbr7 eno1.7 57
bridged vmbr0 bond0 56

bound() { # DEVICE: does a packet socket listen there?
    awk -v device="$(<"/sys/class/net/$1/ifindex")" '$5 == device {found = 1} END {exit !found}' /proc/net/packet
}

# ctN asks on its wire while guestarp listens on DEVICE, which is to be BOUND. Prints "id mac device" of each finding.
heard() { # DEVICE BOUND N
    local pid
    GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" check --json --listen 60 "$1" </dev/null >"$TMP/heard" 2>"$TMP/err" &
    pid=$!
    wait_for bound "$2"
    # Nobody answers; it has left a second ago.
    in_ns "ct$3" arping -q -c 1 -w 1 -I eth0 10.0.0.99 || true
    kill -INT "$pid"
    wait "$pid" || true
    jq -r '.findings[] | "\(.id) \(.mac) \(.devices[0])"' "$TMP/heard" | sort | paste -s -d ,
}

wait_for grep -qx up /sys/class/net/bond0/operstate
is "$(heard vmbr5 eno1.5 55)" "mac-unknown 02:56:00:00:00:55 port55" "a bridge on a VLAN device, which is its uplink"
is "$(heard eno1.5 eno1.5 55)" "mac-unknown 02:56:00:00:00:55 port55" "that VLAN device itself"
is "$(heard eno1 eno1 55)" "mac-unknown 02:56:00:00:00:55 port55" "the card below it: tagged frames are read, and the bridge is found"
is "$(heard eno1 eno1 57)" "mac-unknown 02:56:00:00:00:57 port57" "and so is the bridge on its other VLAN device"
is "$(heard vmbr0 bond0 56)" "mac-unknown 02:56:00:00:00:56 port56" "a bridge on a bond"
is "$(heard eno2 eno2 56)" "mac-unknown 02:56:00:00:00:56 port56" "the bond's card"
like "$(jq -r '.findings[0].seen' "$TMP/heard")" "^1 frame: ARP; from 10.0.0.56" "what was seen of it"
is "$(heard eno1 eno1 56)" "" "another card has heard nothing"

done_testing
