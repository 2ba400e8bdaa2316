#!/bin/bash
# EXTERNAL_SCRIPT: veth devices into their bridge or routed, in place of vznetcfg's own work.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-vz.sh" || exit
require jq perl ip

topo_multi
v4=192.168.18.101 v6=2001:db8:18::101

# br0 with an uplink port whose MAC is not the lowest: a container's port would take br0's MAC away.
ip link add br0 type bridge
ip link add uplink address 02:b0:00:00:00:b0 type veth peer name uplink-peer
ip link set uplink master br0
for dev in br0 uplink uplink-peer; do ip link set "$dev" up; done
ip addr add 10.20.0.1/24 dev br0

master() { # DEV
    ip -j link show dev "$1" 2>/dev/null | jq -r '.[0].master // "none"'
}

pinned() { # BRIDGE: its MAC, and how it was assigned (3: set)
    echo "$(mac - "$1") $(cat "/sys/class/net/$1/addr_assign_type")"
}

unpin() {
    ip link del br0
    ip link add br0 type bridge
    ip link set uplink master br0
    ip link set br0 up
}

# As on a host that had vznetaddbr, and has got our line behind its own.
before_us() {
    printf '%s\n' '#!/bin/sh' "echo \"\$VEID \$*\" >/.vz/called" "ip link set \"\$3\" master br0 up" >"$ROOT/usr/sbin/vznetaddbr"
    chmod +x "$ROOT/usr/sbin/vznetaddbr"
    sed -i '1i EXTERNAL_SCRIPT="/usr/sbin/vznetaddbr"' "$ROOT/etc/vz/vznet.conf"
}

for generation in $(wanted_generations 3.0 4.11 7 9); do
    node_new "$generation" - "$generation"
    venet_ready
    ok "$generation: set up as the manual says" node_setup
    id=$(ctid 101)
    policy '{"defaults": {"announce": 1}}'
    if is_classic; then bridge=bridge port=veth101.0; else bridge=network port=veth18000101; fi
    netif="ifname=eth0,mac=00:18:18:00:01:01,host_ifname=$port,host_mac=02:00:00:00:00:01"

    # ---- in a bridge
    ct_conf "$id" "NETIF=\"$netif,$bridge=br0\"" 'GUESTARP_DEVICE="eth3"'
    vz_ok start "$id"
    is "$(master "$port")" br0 "$generation: in its bridge"
    ok "$generation: and up" has_flag "$port" UP
    is "$(pinned br0)" "02:b0:00:00:00:b0 3" "$generation: the bridge's MAC is pinned, to the uplink's"
    is "$(entries) / $(host_routes)" " / " "$generation: a bridged container answers for itself"
    # libvzctl says delif when the device's network is taken away.
    if ! is_classic; then
        ok "$generation: delif" run_script /usr/sbin/vznetcfg delif "$port" "" -- "VEID=$id"
        is "$(master "$port")" none "$generation: out of its bridge"
        ok "$generation: delif of a device that is gone" run_script /usr/sbin/vznetcfg delif gone0 "" -- "VEID=$id"
    fi
    vz_ok stop "$id"
    is "$(state)" "$NOTHING" "$generation: stopped: nothing is left"
    unpin

    # The default name of the host's end.
    if is_classic; then
        ct_conf "$id" 'NETIF="ifname=eth1,mac=00:18:18:00:01:01,bridge=br0;ifname=eth2,bridge=br0"' 'GUESTARP_DEVICE="eth3"'
        vz_ok start "$id"
        is "$(master veth101.1) $(master veth101.2)" "br0 br0" "$generation: two devices with their default names"
        vz_ok stop "$id"
        unpin
    fi

    # ---- not managed: vznetcfg's work all the same, and no more
    ct_conf "$id" "NETIF=\"$netif,$bridge=br0\""
    vz_ok start "$id"
    ok "$generation: not managed: up" has_flag "$port" UP
    isnt "$(pinned br0 | cut -d ' ' -f 2)" 3 "$generation: not managed: the bridge's MAC is left alone"
    is "$(records)" "" "$generation: not managed: no record"
    vz_ok stop "$id"

    # ---- what is named as the bridge is none; the port is in its bridge already
    ct_conf "$id" "NETIF=\"$netif,$bridge=uplink\"" 'GUESTARP_DEVICE="eth3"'
    vz start "$id"
    is "$STATUS" 0 "$generation: no bridge but another device: the container starts"
    like "$ERR" "guestarp: vz/$id: .*uplink is no Linux bridge" "$generation: and it is said"
    is "$(master "$port")" none "$generation: in no bridge"
    ok "$generation: the device is up" has_flag "$port" UP
    ip link set "$port" master br0
    if is_classic; then words=(init veth "$port"); else words=(addif "$port" br0); fi
    ct_conf "$id" "NETIF=\"$netif,$bridge=br0\""
    node_exec /usr/bin/env -i "VEID=$id" /usr/lib/vzctl/scripts/vznet-custom "${words[@]}" >"$TMP/out" 2>&1 || fail "$generation: plugged again"
    is "$(master "$port")/$(<"$TMP/out")" "br0/" "$generation: plugged again: it is in its bridge, and nothing is said"
    node_exec /usr/bin/env -i "VEID=$id" /usr/lib/vzctl/scripts/vznet-custom init veth ../x >"$TMP/out" 2>&1 || fail "$generation: a name that cannot be"
    like "$(<"$TMP/out")" "guestarp: vz/$id: init: ../x: " "$generation: a device's name that cannot be is said"
    vz_ok stop "$id"

    # ---- the bridge does not exist
    ct_conf "$id" "NETIF=\"$netif,$bridge=br7\"" 'GUESTARP_DEVICE="eth3"'
    vz start "$id"
    is "$STATUS" 0 "$generation: a bridge that does not exist: the container starts"
    like "$ERR" "guestarp: vz/$id: .*br7" "$generation: and it is said"
    ok "$generation: the device is up" has_flag "$port" UP
    vz_ok stop "$id"
    policy '{"defaults": {"announce": 1, "on_error": "abort"}}'
    vz start "$id"
    if is_classic; then want=130; else want=136; fi
    is "$STATUS" $want "$generation: with on_error abort it does not"
    is "$(state)" "$NOTHING" "$generation: and nothing is left"
    policy '{"defaults": {"announce": 1}}'
    node_exec /usr/bin/env -i /usr/lib/vzctl/scripts/vznet-custom init veth nodev0 >"$TMP/out" 2>&1 || fail "$generation: init without VEID"
    like "$(<"$TMP/out")" "nodev0" "$generation: a device that does not exist is said"

    # ---- routed, as in the wiki's vznetcfg.custom; libvzctl calls nothing for those
    if is_classic; then
        ct_conf "$id" "NETIF=\"$netif\"" "VETH_IP_ADDRESS=\"$v4/32 $v6\"" 'GUESTARP_DEVICE="eth3"'
        vz_ok start "$id"
        is "$(state)" "$(want_state "101 eth3 $port $v4 $v6")" "$generation: routed: entries, routes, record"
        is "$(master "$port")" none "$generation: in no bridge"
        vz_ok stop "$id"
        is "$(state)" "$NOTHING" "$generation: routed: stopped: nothing is left"
        vz_ok start "$id"
        vz_ok halt "$id"
        is "$(state)" "$NOTHING" "$generation: routed: halted: nothing is left"
        vz_ok start "$id"
        vz_ok chkpnt "$id"
        vz_ok restore "$id"
        is "$(state)" "$(want_state "101 eth3 $port $v4 $v6")" "$generation: routed: restored"
        vz_ok reboot "$id"
        is "$(state)" "$(want_state "101 eth3 $port $v4 $v6")" "$generation: routed: rebooted"
        echo 'exit 1' >"$ROOT/etc/vz/conf/$id.start"
        vz_ok stop "$id"
        vz start "$id"
        is "$STATUS $(state)" "79 $NOTHING" "$generation: routed: a failed start leaves nothing"
        rm "$ROOT/etc/vz/conf/$id.start"

        # Both kinds of addresses in one container.
        ct_conf "$id" 'IP_ADDRESS="192.168.18.151"' "NETIF=\"$netif\"" "VETH_IP_ADDRESS=\"$v4\"" 'GUESTARP_DEVICE="eth3"'
        vz_ok start "$id"
        is "$(entries) / $(host_routes)" "$v4 eth3, 192.168.18.151 eth3 / $v4 $port, 192.168.18.151 venet0" "$generation: venet and routed veth"
        vz_ok set "$id" --ipdel 192.168.18.151
        is "$(entries) / $(host_routes)" "$v4 eth3 / $v4 $port" "$generation: set --ipdel takes its own alone"
        vz_ok stop "$id"
        is "$(state)" "$NOTHING" "$generation: both: nothing is left"

        # Another container with its address: the kernel's own list does not know those of a routed veth.
        ct_conf "$id" "NETIF=\"$netif\"" "VETH_IP_ADDRESS=\"$v4\"" 'GUESTARP_DEVICE="eth3"'
        ct_conf 102 "IP_ADDRESS=\"192.168.18.152 $v4\"" 'GUESTARP_DEVICE="eth4"'
        vz_ok start "$id"
        vz start 102
        is "$STATUS $(state)" "34 $(want_state "101 eth3 $port $v4")" "$generation: another one's start fails with its address: it keeps what it has"
        vz_ok stop "$id"
        vz start 102
        is "$STATUS" 0 "$generation: the other one starts when it has stopped"
        vz_ok stop 102
        is "$(state)" "$NOTHING" "$generation: both have stopped: nothing is left"
    fi

    # ---- V8: a host that used vznetaddbr: its own script stays what decides where NETIF has no bridge=
    if is_classic; then
        plain="ifname=eth0,mac=00:18:18:00:01:01"
        ct_conf "$id" "NETIF=\"$plain\"" 'GUESTARP_DEVICE="eth3"'
        vz start "$id"
        is "$STATUS $(master veth101.0)" "0 none" "$generation: V8: no bridge=, no address, no script of the host's: it starts"
        ok "$generation: V8: and is up" has_flag veth101.0 UP
        is "$(grep -c 'guestarp: vz/101: init: veth101.0 is in no bridge: NETIF has no bridge= for it' <<<"$ERR")" 1 "$generation: V8: with one line"
        vz_ok stop "$id"
        before_us
        vz_ok start "$id"
        is "$(master veth101.0) $(<"$ROOT/.vz/called")" "br0 101 init veth veth101.0" "$generation: V8: the script that the host had before us is called, and plugs"
        vz_ok stop "$id"
        ct_conf "$id" "NETIF=\"$plain\"" "VETH_IP_ADDRESS=\"$v4\""
        vz_ok start "$id"
        is "$(<"$ROOT/.vz/called")" "101 init veth veth101.0" "$generation: V8: not managed: it is called for a routed one, too"
        vz_ok stop "$id"
        rm "$ROOT/.vz/called"
        ct_conf "$id" "NETIF=\"$plain,bridge=br0\"" 'GUESTARP_DEVICE="eth3"'
        vz_ok start "$id"
        is "$(master veth101.0)" br0 "$generation: V8: bridge= is ours to do"
        ok "$generation: V8: without that script" test ! -e "$ROOT/.vz/called"
        vz_ok stop "$id"
        unpin
        ct_conf "$id" "NETIF=\"$plain\"" 'VZHOSTBR="br0"' 'GUESTARP_DEVICE="eth3"'
        vz_ok start "$id"
        is "$(master veth101.0) $(pinned br0)" "br0 02:b0:00:00:00:b0 3" "$generation: V8: the file's VZHOSTBR is honoured, and pinned"
        ok "$generation: V8: VZHOSTBR: without that script" test ! -e "$ROOT/.vz/called"
        vz_ok stop "$id"
        unpin
        ct_conf "$id" "NETIF=\"$plain\"" 'GUESTARP_DEVICE="eth3"'
        echo 'exit 7' >>"$ROOT/usr/sbin/vznetaddbr"
        vz start "$id"
        is "$STATUS" 130 "$generation: V8: its failure stops the start, as before us"
        is "$(state)" "$NOTHING" "$generation: V8: and nothing is left"
        rm "$ROOT/usr/sbin/vznetaddbr"
        vz start "$id"
        is "$STATUS $(master veth101.0)" "0 none" "$generation: V8: a script that is gone: it starts"
        like "$ERR" 'guestarp: vz/101: init: /usr/sbin/vznetaddbr: ' "$generation: V8: and it is said"
        ok "$generation: V8: it is up" has_flag veth101.0 UP
        vz_ok stop "$id"
    fi
    node_end
done
done_testing
