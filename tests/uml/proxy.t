#!/bin/bash
# Entries on a bond, on a VLAN device of it and on one VLAN in another: answered for on that wire, and on no other.

# shellcheck source-path=SCRIPTDIR source=lib-uml.sh
. "$(dirname "$0")/lib-uml.sh"
require ping arping ndisc6

#       lan                                                host, routes             guests, routed
#       switch .1, 2001:db8:18::1 - port1, port2 --------- eno1, eno2 - bond0 .2    ct101 192.0.2.101, 2001:db8:2::101
#       switch.20 .1                                       bond0.20 .2              ct102 192.0.2.102, ...
#       switch.100.200 .1                                  bond0.100.200 .2         ct103 192.0.2.103, ...
# Each guest has an address of a network that all three wires know as on-link, so that each host asks for it on each wire.
sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ns_add lan
ip -n lan link add switch address "$OUTSIDE_MAC" type bridge
ip -n lan link set switch up
ip link add bond0 type bond mode active-backup miimon 20
for n in 1 2; do
    card "vec$((2 * n - 2))" - eno$n 02:0b:0b:00:00:0$n
    card "vec$((2 * n - 1))" lan port$n 02:0a:0a:00:00:1$n
    ip -n lan link set port$n master switch
    ip -n lan link set port$n up
    ip link set eno$n master bond0
done
ip link set bond0 up
vlan - bond0 20
vlan - bond0 100 802.1ad
vlan - bond0.100 200
vlan lan switch 20
vlan lan switch 100 802.1ad
vlan lan switch.100 200
remembers lan switch
WIRES=(bond0:switch bond0.20:switch.20 bond0.100.200:switch.100.200)

# One side of a wire: its address of 10.N.0.0/24 and 2001:db8:N::/64.
side() { # NS DEV N HOST
    ip_in "$1" addr add "10.$3.0.$4/24" dev "$2"
    ip_in "$1" -6 addr add "2001:db8:$3::$4/64" dev "$2" nodad
}
for n in 1 2 3; do
    wire=${WIRES[n - 1]}
    side - "${wire%:*}" $n 2
    sysctl -q -w "net/ipv4/conf/${wire%:*}/forwarding=1"
    side lan "${wire#*:}" $n 1
    v4=192.0.2.10$n v6=2001:db8:2::10$n
    routed ct10$n veth10${n}i0
    routed_address ct10$n veth10${n}i0 $v4 $v6
    guest_conf 10$n lxc "net0: name=eth0,bridge=vmbr9,ip=$v4/32,ip6=$v6/128,type=veth"
    # The wire's own way to the guest that is bound to it.
    ip -n lan route add $v4/32 dev "${wire#*:}"
    ip -n lan -6 route add $v6/128 dev "${wire#*:}"
done
fence_prepare lan switch
policy '{ "guests": { "101": { "device": "bond0" }, "102": { "device": "bond0.20" }, "103": { "device": "bond0.100.200" } } }'

# The wire of each captured frame that matches, by its tags.
wires_of() { # CAPTURE EXTENDED-REGEX
    captured "$1" 'ether[0] >= 0' | { grep -E "$2" || true; } |
        sed -E 's/.* vlan 100,.* vlan 200,.*/bond0.100.200/; t; s/.* vlan 20,.*/bond0.20/; t; s/.* vlan .*/strange/; t; s/.*/bond0/' | sort -u
}

# Asks for the guest's addresses on all wires; prints "DEV/4/6" of each on which somebody answers.
answers_for() { # N
    local wire pid v4=192.0.2.10$1 v6=2001:db8:2::10$1
    local -a asking=()
    capture asked lan switch 'ether[0] >= 0'
    for wire in "${WIRES[@]}"; do
        ip netns exec lan arping -q -b -c 1 -w 1 -I "${wire#*:}" "$v4" &
        asking+=($!)
        # It does not take a proxy's answer, whose sender is not the target.
        ip netns exec lan ndisc6 -q -1 -n -r 1 -w 800 "$v6" "${wire#*:}" >/dev/null &
        asking+=($!)
    done
    for pid in "${asking[@]}"; do wait "$pid" || true; done
    fence lan asked
    capture_stop asked
    {
        wires_of asked " Reply ${v4//./\\.} is-at " | sed 's,$, /4,'
        # What nobody asked for goes to all nodes.
        wires_of asked " > ([^f]|f[^f])[^ ]*: ICMP6, neighbor advertisement, tgt is $v6," | sed 's,$, /6,'
    } | sort | awk '{a[$1] = a[$1] $2} END {for (dev in a) print dev a[dev]}' | sort | paste -s -d ' '
}

guest_reached() { # N
    local wire=${WIRES[$1 - 1]}
    ip -n lan neigh flush dev "${wire#*:}"
    reaches lan "${wire#*:}" "192.0.2.10$1" "2001:db8:2::10$1"
}

for n in 1 2 3; do
    wire=${WIRES[n - 1]} dev=${WIRES[n - 1]%:*} v4=192.0.2.10$n
    [ $n -ne 2 ] || is "$(answers_for $n)" "" "$dev: before, nobody answers for the guest"
    capture all$n lan switch 'ether[0] >= 0'
    pve_ok 10$n pre-start
    pve_ok 10$n post-start
    is "$(answers_for $n)" "$dev/4/6" "$dev: after its start it is answered for there, by ARP and by neighbour discovery, and on no other wire"
    ok "$dev: it is reached" guest_reached $n
    ok "$dev: at the device's MAC" knows lan "${wire#*:}" "$(mac - "$dev")" 192.0.2.10$n 2001:db8:2::10$n
    fence lan all$n
    capture_stop all$n
    is "$(wires_of all$n "^$(mac - "$dev") > ff:.* who-has ${v4//./\\.} .*tell ${v4//./\\.},")" "$dev" "$dev: it is announced there, and on no other wire"
done
all="192.0.2.101 bond0, 192.0.2.102 bond0.20, 192.0.2.103 bond0.100.200"
is "$(proxies 4)" "$all" "each guest has its entry"
is "$(findings)" "" "check finds nothing"

# ---- the bond fails over -----------------------------------------------------------------------------------------------------

ip link set eno1 down
ip -n lan link set port1 down
active() {
    [ "$(</sys/class/net/bond0/bonding/active_slave)" = eno2 ]
}
ok "failover: the bond goes by its other card" wait_for active
for n in 1 2 3; do ok "failover: the guest behind ${WIRES[n - 1]%:*} is reached" guest_reached $n; done
is "$(answers_for 2)" "bond0.20/4/6" "failover: bond0.20 answers, and no other wire"

# ---- the VLAN device goes down and comes up: the kernel takes its entries away --------------------------------------------------

ip link set bond0.20 down
is "$(answers_for 2)" "" "bond0.20 is down: nobody answers"
ok "and the guest behind bond0 is reached as before" guest_reached 1
ip link set bond0.20 up
ip -6 addr replace 2001:db8:2::2/64 dev bond0.20 nodad
sync_now
is "$STATUS/$(answers_for 2)" "0/bond0.20/4/6" "up again, sync: it is answered for there alone"
ok "and the guest is reached" guest_reached 2

# ---- another device, by policy; stops ---------------------------------------------------------------------------------------------

policy '{ "guests": { "101": { "device": "bond0" }, "102": { "device": "bond0" }, "103": { "device": "bond0.100.200" } } }'
pve_ok 102 post-start
is "$(answers_for 2)" "bond0/4/6" "moved from the VLAN device to the bond: the bond alone answers"
for n in 1 2 3; do
    ip link del dev veth10${n}i0
    pve_ok 10$n post-stop
    not_ok "10$n stops: it is not reached" guest_reached $n
done
is "$(answers_for 2)" "" "and nobody answers for it"
is "$(proxies 4)$(proxies 6)" "" "no entry is left"

done_testing
