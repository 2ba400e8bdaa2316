#!/bin/bash
# Each event of each vzctl generation: entries, routes and records are exactly right after it, and nothing is left at the end.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-vz.sh" || exit
require jq perl ip

topo_multi
sysctl -q -w net.ipv6.conf.eth0.proxy_ndp=0

v4=192.168.18.101 v6=2001:db8:18::101 w4=192.168.18.102
all='"devices": {"eth0": {"arp_ignore": 1, "arp_announce": 2}, "eth3": {"arp_ignore": 1, "arp_announce": 2}, "eth4": {"arp_ignore": 1, "arp_announce": 2}}'

state_is() { # WANT DESC
    is "$(state)" "$1" "$GENERATION: $2"
}

# The real scripts without guestarp: the problem, and the proof that what is tested below would show it.
without() {
    local id
    id=$(ctid 101)
    ct_conf "$id" "IP_ADDRESS=\"$v4/24\"" 'GUESTARP_DEVICE="eth3"'
    # vzctl may warn here: its entries answer its own announcements, up to 0.8 s later.
    vz start "$id"
    is "$STATUS $(entries)" "0 $v4 eth0, $v4 eth3, $v4 eth4" "$GENERATION without guestarp: entries on every device"
    vz_ok stop "$id"
    state_is "$NOTHING" "without guestarp: stop takes them away"
    echo 'exit 1' >"$ROOT/etc/vz/conf/$id.start"
    vz start "$id"
    is "$STATUS $(entries)" "79 $v4 eth0, $v4 eth3, $v4 eth4" "$GENERATION without guestarp: a failed start leaves them behind"
    rm "$ROOT/etc/vz/conf/$id.start"
    vz start "$id"
    vz_ok halt "$id"
    state_is "$NOTHING" "without guestarp: halt"
}

each_event() {
    local id other route up up2 more
    id=$(ctid 101) other=$(ctid 102) route=venet0
    [ "$GENERATION" != 9 ] || route=$(venet_port "$id")
    policy "{\"defaults\": {\"announce\": 1}, \"guests\": {\"$other\": {\"device\": \"eth4\"}}, $all}"
    ct_conf "$id" "IP_ADDRESS=\"$v4/24 $v6\"" 'GUESTARP_DEVICE="eth3"' 'NAME="web"'
    up=$(want_state "101 eth3 $route $v4 $v6")
    more=$(want_state "101 eth3 $route $v4 $v6 192.168.18.151")

    vz_ok start "$id"
    state_is "$up" "start"
    unlike "$ERR" "WARNING|Warning|ERROR|Error" "$GENERATION: start: vzctl warns of nothing"
    ok "$GENERATION: the client reaches the container over IPv4" in_ns client ping -q -c 1 -W 2 $v4
    vz_ok stop "$id"
    state_is "$NOTHING" "stop"
    # Virtuozzo's vz-stop comes behind umount, and its words go to a log.
    ! is_classic || unlike "$ERR" "WARNING|Warning|ERROR|Error" "$GENERATION: stop: vzctl warns of nothing"

    vz_ok start "$id"
    vz_ok set "$id" --ipadd 192.168.18.151
    state_is "$more" "set --ipadd"
    vz_ok set "$id" --ipdel 192.168.18.151
    state_is "$up" "set --ipdel"
    unlike "$ERR" "WARNING|Warning|ERROR|Error" "$GENERATION: set --ipdel: vzctl warns of nothing"
    vz_ok set "$id" --ipadd 192.168.18.151 --save
    vz_ok set "$id" --ipdel $v4 --save
    vz_ok set "$id" --ipdel $v6 --save
    state_is "$(want_state "101 eth3 $route 192.168.18.151")" "set --ipadd --save, set --ipdel --save"
    vz_ok set "$id" --ipdel all
    is "$(entries) / $(host_routes)" " / " "$GENERATION: set --ipdel all"
    vz_ok stop "$id"
    state_is "$NOTHING" "stop without an address left"

    ct_conf "$id" "IP_ADDRESS=\"$v4/24\"" "IP_ADDRESS=\"$v6\"" 'GUESTARP_DEVICE="eth3"'
    vz_ok start "$id"
    state_is "$up" "start with accumulating IP_ADDRESS lines"
    vz_ok halt "$id"
    state_is "$NOTHING" "halt from inside"

    vz_ok start "$id"
    vz_ok reboot "$id"
    state_is "$up" "reboot from inside"
    vz_ok stop "$id" --skip-umount
    is "$(entries) / $(host_routes)" " / " "$GENERATION: stop --skip-umount"
    vz_ok start "$id"
    state_is "$up" "start of a container that is mounted still"

    vz_ok chkpnt "$id"
    state_is "$NOTHING" "chkpnt"
    vz_ok restore "$id"
    state_is "$up" "restore"
    vz_ok stop "$id"

    echo 'exit 1' >"$ROOT/etc/vz/conf/$id.start"
    vz start "$id"
    is "$STATUS" 79 "$GENERATION: a start that fails after the addresses were added"
    state_is "$NOTHING" "failed start"
    rm "$ROOT/etc/vz/conf/$id.start"

    # The second address cannot be added: there is a route to it by another device.
    if is_classic; then
        ct_conf "$id" "IP_ADDRESS=\"$v4/24 192.168.18.151\"" 'GUESTARP_DEVICE="eth3"'
        ip route add 192.168.18.151 dev eth4
        vz start "$id"
        is "$STATUS" 34 "$GENERATION: vps-net_add fails at its second address"
        ip route del 192.168.18.151 dev eth4
        state_is "$NOTHING" "start that failed in vps-net_add"
        ct_conf "$id" "IP_ADDRESS=\"$v4/24 $v6\"" 'GUESTARP_DEVICE="eth3"'
    fi

    vz_ok mount "$id"
    state_is "$NOTHING" "mount alone"
    vz_ok umount "$id"
    state_is "$NOTHING" "umount alone"

    ct_conf "$other" "IP_ADDRESS=\"$w4\""
    vz_ok start "$id"
    vz_ok start "$other"
    local route2=venet0
    [ "$GENERATION" != 9 ] || route2=$(venet_port "$other")
    up2=$(want_state "101 eth3 $route $v4 $v6" "102 eth4 $route2 $w4")
    state_is "$up2" "a second container, by the policy's device"
    vz_ok stop "$id"
    state_is "$(want_state "102 eth4 $route2 $w4")" "the first stops, the second stays"

    # Before 8 the kernel's own list of addresses keeps a second container from the address, without a script.
    if [ "$GENERATION" = 9 ]; then
        ct_conf "$id" "IP_ADDRESS=\"$w4\"" 'GUESTARP_DEVICE="eth3"'
        vz start "$id"
        is "$STATUS" 78 "$GENERATION: an address of the other container"
        state_is "$(want_state "102 eth4 $route2 $w4")" "which keeps what it has"
    fi

    policy "{\"defaults\": {\"announce\": 1}, \"guests\": {\"$other\": {\"device\": \"eth0\"}}, $all}"
    vz_ok stop "$other"
    state_is "$NOTHING" "the device was changed between start and stop"
    policy "{\"defaults\": {\"announce\": 1}, \"guests\": {\"$other\": {\"device\": \"eth4\"}}, $all}"
    vz_ok start "$other"
    policy "{}"
    vz_ok stop "$other"
    state_is "$NOTHING" "the container was taken off the policy between start and stop"
    policy "{\"defaults\": {\"announce\": 1}, \"guests\": {\"$other\": {\"device\": \"eth4\"}}, $all}"
    vz_ok start "$other"
    policy "{\"guests\": {\"$other\": {\"device\": 7}}}"
    vz_ok halt "$other"
    state_is "$NOTHING" "the policy was broken between start and halt"
}

# The same scripts as 3.0, in another directory.
start_and_stop() {
    ct_conf 101 "IP_ADDRESS=\"$v4/24\"" 'GUESTARP_DEVICE="eth3"'
    policy '{"defaults": {"announce": 1}}'
    vz_ok start 101
    state_is "$(want_state "101 eth3 venet0 $v4")" "start"
    vz_ok stop 101
    state_is "$NOTHING" "stop"
}

# A container that runs already when guestarp is set up.
running_before() {
    local id
    id=$(ctid 101)
    ct_conf "$id" "IP_ADDRESS=\"$v4/24 192.168.18.151\"" 'GUESTARP_DEVICE="eth3"'
    vz start "$id"
    ok "$GENERATION: the manual's set-up, line by line" node_setup
    policy '{"defaults": {"announce": 1}}'
    vz_ok set "$id" --ipdel 192.168.18.151
    is "$(entries) / $(records)" "$v4 eth0, $v4 eth3, $v4 eth4 / " "$GENERATION: started before the set-up: set --ipdel after it"
    vz_ok stop "$id"
    state_is "$NOTHING" "started before the set-up, stopped after it"
}

for generation in $(wanted_generations 3.0 4.8 4.11 7 9); do
    node_new "$generation" - "$generation"
    venet_ready
    [ "$generation" = 4.8 ] || without
    running_before
    if [ "$generation" = 4.8 ]; then start_and_stop; else each_event; fi
    node_end
done

node_new rpm - 3.0
venet_ready
ok "3.0 without dpkg: the manual's set-up, line by line" manual_run action veth wrapper-rpm
wrap_links
start_and_stop
node_end
done_testing
