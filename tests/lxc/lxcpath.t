#!/bin/bash
# Containers of one name in two lxcpaths are two guests, and one whose name is a number is not Proxmox VE's of that number.
# Real containers; the client's ping is the witness.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib-lxc.sh" || exit

GATEWAY=10.0.3.1
topo_multi
for dev in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.neigh.$dev.proxy_delay=0"; done
ip link add dev lxcbr0 type bridge
ip link set dev lxcbr0 up
ip addr add $GATEWAY/24 dev lxcbr0
sysctl -q -w net.ipv4.conf.lxcbr0.forwarding=1 net.ipv4.conf.default.forwarding=1

OTHER=$TMP/other/lxc
OTHER_ID="web@$OTHER"
OTHER_RECORD="lxc-web@${OTHER//\//:}.json"
mkdir -p "$OTHER"
usual() { "$@"; }
elsewhere() { LXC_PATH=$OTHER LXC_DIR=$OTHER "$@"; }

declare -A RUNS=()
start() { # usual|elsewhere NAME
    "$1" container_start "$2" || true
    RUNS[$1]=${MONITOR[$2]}
    is "$STATUS" 0 "$2 $1 starts"
}

stop() { # usual|elsewhere NAME
    MONITOR[$2]=${RUNS[$1]}
    "$1" container_stop "$2"
}

routed() { # usual|elsewhere NAME PORT ADDRESS
    "$1" plain_container "$2" - "lxc.net.0.type = veth" "lxc.net.0.veth.mode = router" "lxc.net.0.veth.pair = $3" \
        "lxc.net.0.name = eth0" "lxc.net.0.flags = up" "lxc.net.0.ipv4.address = $4/32" "lxc.net.0.ipv4.gateway = $GATEWAY" \
        "lxc.include = $LXC_DROP_IN"
}

reached() { # ADDRESS
    ip -n client neigh flush to "192.168.18.$1" dev eth0
    if in_ns client ping -q -c 1 -W 2 "192.168.18.$1" >/dev/null; then echo yes; else echo no; fi
}

both() { # "101's 102's" DESC
    is "$(reached 101) $(reached 102)" "$1" "$2"
}

sync() {
    STATUS=0
    ERR=$("$GUESTARP_BUILD/guestarp" sync 2>&1) || STATUS=$?
}

entries() {
    proxies 4 | tr ',' '\n' | sed -n 's/^ *192\.168\.18\.//p' | paste -s -d ,
}

# ---- two of one name ---------------------------------------------------------------------------------------------------------

# The name alone stands for both, the name with its lxcpath for one of them.
policy '{"guests": {"'"$OTHER_ID"'": {"device": "eth4"}, "web": {"device": "eth3", "announce": 1}}}'
routed usual web vethone 192.168.18.101
routed elsewhere web vethtwo 192.168.18.102
start usual web
start elsewhere web
both "yes yes" "both are reached"
is "$(entries)" "101 eth3,102 eth4" "each by the device that policy names for it"
is "$(cd "$ROOT/run/guestarp" && echo lxc-*)" "lxc-web.json $OTHER_RECORD" "each has a record"
sync
is "$STATUS $ERR" "0 " "sync has nothing to say"
both "yes yes" "and removes nothing"
OUT=$("$GUESTARP_BUILD/guestarp" status --json) || true
is "$(jq -r '.guests[] | "\(.guest) \(.running) \(.missing)"' <<<"$OUT" | paste -s -d ,)" "lxc/web running 0,lxc/$OTHER_ID running 0" \
    "status knows both"
stop elsewhere web
both "yes no" "the other one stops: this one is reached"
is "$(entries)" "101 eth3" "and the other one's entry is gone"
start elsewhere web
both "yes yes" "it starts again"
stop usual web
both "no yes" "this one stops: the other one is reached"
sync
both "no yes" "after sync, too"
is "$STATUS $(entries)" "0 102 eth4" "with its entry alone"
start usual web
both "yes yes" "and this one starts again"
for name in "$OTHER_ID" "lxc/$OTHER_ID"; do
    ip neigh del proxy 192.168.18.102 dev eth4
    ok "apply $name" "$GUESTARP_BUILD/guestarp" apply "$name"
    both "yes yes" "apply $name makes the other one's entry"
done

# One address in both, which LXC takes where the second one is bridged: it is refused, and its stop is its own.
stop elsewhere web
sed -i 's/192\.168\.18\.102/192.168.18.101/; s/veth\.mode = router/link = lxcbr0/' "$OTHER/web/config"
start elsewhere web
like "$(grep -a "is lxc/web's" "$LXC_LOG" || true)" "192.168.18.101 is lxc/web's, and left to it" "one address in both: it is the first one's"
stop elsewhere web
is "$(reached 101) $(entries)" "yes 101 eth3" "the second one stops: the first one is reached"
stop usual web
is "$(entries)" "" "the first one stops: nobody answers"

# ---- as the version before has left it ------------------------------------------------------------------------------------------

# It had one name for both, and the container in the other lxcpath runs while the package is upgraded.
rm -r "$LXC_DIR/web"
routed elsewhere web vethtwo 192.168.18.102
start elsewhere web
as_before() {
    mv "$ROOT/run/guestarp/$OTHER_RECORD" "$ROOT/run/guestarp/lxc-web.json"
    ln -sfn "lxc/web 0 eth4" "$ROOT/run/guestarp/owner/192.168.18.102"
}
as_before
sync
is "$STATUS $(reached 102)" "0 yes" "a record under the name alone: sync removes nothing from who runs"
ok "apply $OTHER_ID" "$GUESTARP_BUILD/guestarp" apply "$OTHER_ID"
is "$(cd "$ROOT/run/guestarp" && echo lxc-*)" "$OTHER_RECORD" "its own event gives the record its whole name"
is "$(readlink "$ROOT/run/guestarp/owner/192.168.18.102") $(reached 102)" "lxc/$OTHER_ID 0 eth4 yes" "and the claim"
as_before
stop elsewhere web
is "$(entries) $(cd "$ROOT/run/guestarp" && echo lxc-*)" " lxc-*" "so does its stop, which takes all of it back"
start elsewhere web
is "$(reached 102)" yes "and its start"
as_before
container_kill_other() {
    kill -KILL "${RUNS[elsewhere]}"
    wait_for elsewhere container_is web STOPPED
}
container_kill_other
sync
is "$STATUS $(entries)" "0 " "killed, it runs nowhere: sync removes it"

# ---- a name that looks like a record's -------------------------------------------------------------------------------------------

# Killed and destroyed by hand, it is known by its record alone.
policy '{"guests": {"a.json.b": {"device": "eth3", "announce": 0}}}'
routed usual a.json.b vethjson 192.168.18.103
start usual a.json.b
is "$(reached 103) $(entries)" "yes 103 eth3" "a container named a.json.b is reached"
ip neigh del proxy 192.168.18.103 dev eth3
sync
is "$STATUS $(reached 103)" "0 yes" "its entry is lost: sync brings it back"
kill -KILL "${RUNS[usual]}"
wait_for container_is a.json.b STOPPED
rm -r "$LXC_DIR/a.json.b"
sync
is "$STATUS $(entries) $(cd "$ROOT/run/guestarp" && echo *.json)" "0  *.json" "killed and destroyed: sync finds its record and removes it"

# ---- numbers ----------------------------------------------------------------------------------------------------------------

# Container 101 and VM 102 of Proxmox VE run; plain containers in another lxcpath have their numbers.
policy '{"defaults": {"device": "eth3", "announce": 0}}'
for vmid in 101 102; do routed_guest $vmid 192.168.18.$vmid; done
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr9,ip=192.168.18.101/32,type=veth"
guest_conf 102 qemu-server "net0: virtio=02:9E:00:00:00:66,bridge=vmbr9" "ipconfig0: ip=192.168.18.102/32"
for vmid in 101 102; do pve_ok $vmid post-start; done
both "yes yes" "two guests of Proxmox VE run"
for vmid in 101 102; do
    routed elsewhere $vmid vethplain 192.168.18.150
    start elsewhere $vmid
    stop elsewhere $vmid
    both "yes yes" "a plain container $vmid in another lxcpath starts and stops"
done
is "$(entries)" "101 eth3,102 eth3" "they have what they had"

# The usual lxcpath may have one with a VM's number.
routed usual 102 vethplain 192.168.18.150
start usual 102
stop usual 102
both "yes yes" "a plain container 102 in the usual lxcpath starts and stops, beside VM 102"

done_testing
