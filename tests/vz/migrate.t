#!/bin/bash
# Live migration between two nodes in one LAN, and its abort: the neighbours follow, and neither node keeps anything.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-vz.sh" || exit
require tcpdump arping jq perl

v4=192.168.18.101 v6=2001:db8:18::101
topo_multi

# The second node: eth0, eth3 and eth4 in the same LAN.
ns_add second
for n in 0 3 4; do
    veth second "eth$n" "02:18:00:00:00:2$n" lan "second$n" "02:18:00:00:01:2$n"
    ip -n lan link set dev "second$n" master switch
    ip -n second addr add "192.168.18.2$n/24" dev "eth$n"
    ip -n second -6 addr add "2001:db8:18::2$n/64" dev "eth$n" nodad
    in_ns second sysctl -q -w "net.ipv4.conf.eth$n.forwarding=1"
done
in_ns second sysctl -q -w net.ipv6.conf.all.forwarding=1

each_node() { # COMMAND...
    node_use first
    "$@"
    node_use second
    "$@"
}

prepare_node() {
    venet_ready
    node_setup
    # Both nodes bind to their own eth3, by the container's file, which the migration copies.
    policy '{"defaults": {"announce": 1}, "devices": {"eth0": {"arp_ignore": 1}, "eth3": {"arp_ignore": 1}, "eth4": {"arp_ignore": 1}}}'
}

state_of() { # NODE
    node_use "$1"
    state
}

answers() { # DESC WANT
    capture asked client eth0
    for _ in 1 2 3; do ask client eth0 $v4 || true; done
    fence client asked
    capture_stop asked
    answered_by asked $v4 "$2" "$1"
}

for generation in $(wanted_generations 3.0 4.11 7 9); do
    node_new first - "$generation"
    node_new second second "$generation"
    each_node prepare_node
    id=$(ctid 101)
    route=venet0
    [ "$generation" != 9 ] || route=$(venet_port "$id")
    up=$(want_state "101 eth3 $route $v4 $v6")
    node_use first
    ct_conf "$id" "IP_ADDRESS=\"$v4 $v6\"" 'GUESTARP_DEVICE="eth3"'
    vz_ok start "$id"
    answers "$generation: the first node's eth3 answers" eth3

    # vzmigrate --online: suspend, dump | undump, resume | kill, umount, destroy.
    if is_classic; then
        vz_ok dump "$id"
        is "$(entries) / $(host_routes)" " / " "$generation: dumped: the source answers no more"
        # The abort: resumed where it was.
        vz_ok resume "$id"
        is "$(state)" "$up" "$generation: the migration is given up: all is as before"
        answers "$generation: and the first node's eth3 answers again" eth3
        vz_ok dump "$id"
    fi
    cp "$(conf_file "$id")" "$TMP/moved.conf"
    node_use second
    ct_conf "$id"
    cp "$TMP/moved.conf" "$(conf_file "$id")"
    capture move client eth0 'arp or icmp6'
    vz_ok undump "$id"
    fence client move
    capture_stop move
    is "$(state)" "$up" "$generation: undumped: the target has what it needs"
    like "$(captured move "arp and ether src $(mac second eth3)")" "$v4" "$generation: the target has announced the address from eth3"
    unlike "$(captured move "arp and ether src $(mac second eth3)")" "who-has $v4 .*tell (0\.0\.0\.0|192\.168\.18\.23)," \
        "$generation: without a probe (SKIP_ARPDETECT)"
    node_use first
    vz_ok kill "$id"
    vz_ok umount "$id"
    is_classic || vz_ok chkpnt "$id"
    is "$(state)" "$NOTHING" "$generation: the source has nothing left"
    is "$(state_of second)" "$up" "$generation: and the target all"
    answers "$generation: the second node's eth3 answers, alone" "$(mac second eth3)"
    ok "$generation: the client reaches the container on the second node" in_ns client ping -q -c 1 -W 2 $v4
    node_use second
    vz_ok stop "$id"
    is "$(state)" "$NOTHING" "$generation: stopped there: nothing is left"
    ip -n client neigh flush dev eth0
    fence_prepare client eth0
    each_node node_end
done
done_testing
