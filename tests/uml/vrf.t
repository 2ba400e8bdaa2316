#!/bin/bash
# One address in two VRFs is two addresses: each has its owner, its entries and its answer.

# shellcheck source-path=SCRIPTDIR source=lib-uml.sh
. "$(dirname "$0")/lib-uml.sh"
require ping

#       outred  eth0 .129 -- eno1 .10 - red  - veth310i0 === ct310 10.9.0.5
#                                           '- veth312i0 === ct312 10.9.0.5
#       outblue eth0 .129 -- eno2 .10 - blue - veth311i0 === ct311 10.9.0.5
twin4=10.9.0.5 twin6=2001:db8:9::5
sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1

# VRF NAME with table TABLE: a network card and a host behind it.
segment() { # NAME TABLE CARD CARD-OF-HOST DEV MAC
    ip link add dev "$1" type vrf table "$2"
    ip link set dev "$1" up
    ns_add "out$1"
    card "$3" - "$5" "$6"
    card "$4" "out$1" eth0 "$LAN_CLIENT_MAC"
    ip link set dev "$5" master "$1"
    ip link set dev "$5" up
    ip addr add 10.9.0.10/24 dev "$5"
    ip -6 addr add 2001:db8:9::10/64 dev "$5" nodad
    sysctl -q -w "net.ipv4.conf.$5.forwarding=1"
    ip -n "out$1" link set dev eth0 up
    ip -n "out$1" addr add 10.9.0.129/24 dev eth0
    ip -n "out$1" -6 addr add 2001:db8:9::129/64 dev eth0 nodad
}

guest() { # VMID
    guest_conf "$1" lxc "net0: name=eth0,bridge=vmbr9,ip=$twin4/32,ip6=$twin6/128,type=veth"
}

entries() {
    echo "$(proxies 4); $(proxies 6)"
}

# The VRFs whose host reaches the twin there at the MAC of the VRF's network card, by both addresses.
served() {
    local vrf dev
    for vrf in red:eno1 blue:eno2; do
        dev=${vrf#*:} vrf=${vrf%:*}
        ip -n "out$vrf" neigh flush dev eth0
        if reaches "out$vrf" eth0 $twin4 $twin6 && knows "out$vrf" eth0 "$(mac - "$dev")" $twin4 $twin6; then echo "$vrf"; fi
    done | paste -s -d ' '
}

segment red 10 vec0 vec1 eno1 02:09:00:00:00:01
segment blue 11 vec2 vec3 eno2 02:09:00:00:00:02
for twin in 310:red 311:blue; do
    routed "ct${twin%:*}" "veth${twin%:*}i0" "${twin#*:}"
    routed_address "ct${twin%:*}" "veth${twin%:*}i0" $twin4 $twin6 "${twin#*:}"
    guest "${twin%:*}"
done
routed ct312 veth312i0 red
guest 312
policy '{ "defaults": { "announce": 1 }, "guests": { "310": { "device": "eno1" }, "311": { "device": "eno2" }, "312": { "device": "eno1" } } }'
both="$twin4 eno1, $twin4 eno2; $twin6 eno1, $twin6 eno2"

is "$(served)" "" "before: nobody is reached"
pve_ok 310 post-start
is "$(served)" red "red's guest starts and is reached"
pve_ok 311 post-start
unlike "$ERR" "left to it" "blue's guest with the same addresses starts: they are nobody else's there"
is "$(entries)" "$both" "each has its entries"
is "$(served)" "red blue" "both are reached, by their own devices"
pve_ok 310 post-start
is "$ERR/$(entries)" "/$both" "red's next event changes nothing"
sync_now
is "$STATUS/$(entries)" "0/$both" "nor does sync"
is "$(findings)" "" "check finds nothing, as no address is twice"
pve_ok 312 post-start
like "$ERR" "$twin4 is pve/310's, and left to it" "a second guest in red: the address is taken there"
is "$(served)" "red blue" "both are reached as before"
ip link del dev veth312i0
pve_ok 312 post-stop
is "$(served)" "red blue" "it stops, and both are reached as before"

# Each guest's restart is its own affair.
ip link del dev veth311i0
pve_ok 311 post-stop
is "$(entries)/$(served)" "$twin4 eno1; $twin6 eno1/red" "blue's guest stops: its entries go, and red's is reached as before"
ip netns del ct311
routed ct311 veth311i0 blue
routed_address ct311 veth311i0 $twin4 $twin6 blue
pve_ok 311 post-start
is "$(served)" "red blue" "it starts again, and both are reached"
for vrf in 310 311; do
    ip link del dev veth${vrf}i0
    pve_ok $vrf post-stop
done
is "$(entries)/$(served)" "; /" "both stop, and nothing is left"

# A bridge in red that has none of its own prefixes: the guest's host route is the policy's.
ip link add vmbr7 type bridge
quiet_v6 vmbr7
ip link set vmbr7 master red up
ip addr add 10.9.0.10/32 dev vmbr7
sysctl -q -w net.ipv4.conf.vmbr7.forwarding=1
ns_add ct320
ip link add veth320i0 type veth peer name eth0 netns ct320
quiet_v6 veth320i0
ip link set veth320i0 master vmbr7 up
ip -n ct320 link set eth0 up
ip -n ct320 addr add 10.9.0.6/32 dev eth0
ip -n ct320 route add 10.9.0.10 dev eth0
ip -n ct320 route add default via 10.9.0.10
guest_conf 320 lxc "net0: name=eth0,bridge=vmbr7,ip=10.9.0.6/32,type=veth"
policy '{ "defaults": { "announce": 1 }, "guests": { "320": { "device": "eno1", "route": "vmbr7" } } }'
not_ok "a guest behind a bridge in red is not reached" reaches outred eth0 10.9.0.6
pve_ok 320 post-start
like "$ERR" "vmbr7: host route to 10.9.0.6" "its route is the bridge's, which is in a VRF and no port"
ok "it is reached" reaches outred eth0 10.9.0.6
ok "at the card's MAC" knows outred eth0 "$(mac - eno1)" 10.9.0.6
pve_ok 320 post-start
is "$ERR" "" "its next event finds the route in the VRF's table"
ip route flush vrf red 10.9.0.6
pve_ok 320 post-start
like "$ERR" "up: vmbr7: host route to 10.9.0.6\$" "or puts it back"
ip link del dev veth320i0
pve_ok 320 post-stop
is "$(ip route show vrf red 10.9.0.6)" "" "it stops, and its route is gone"

# Each VRF has its own gateway, which is no guest's address there.
ip route add default via 10.9.0.1 dev eno1 vrf red
guest_conf 320 lxc "net0: name=eth0,bridge=vmbr7,ip=10.9.0.1/32,type=veth"
guest_conf 321 lxc "net0: name=eth0,bridge=vmbr9,ip=10.9.0.1/32,type=veth"
policy '{ "defaults": { "announce": 1 }, "guests": { "320": { "device": "eno1" }, "321": { "device": "eno2" } } }'
pve_ok 320 post-start
like "$ERR" "10.9.0.1 is not bound on eno1: it is this host's gateway" "a guest in red with the address of red's gateway goes without"
pve_ok 321 post-start
is "$(proxies 4)" "10.9.0.1 eno2" "one in blue, which has another way out, has it"
pve_ok 321 post-stop
pve_ok 320 post-stop

done_testing
