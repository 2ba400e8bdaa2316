#!/bin/bash
# Who takes an address over, or shares it, has its route as well: the guest is reached, before and after the other one's stop,
# and nothing is left when both are gone.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require ip ping strace

topo_multi
for n in 1 2; do
    ip link add "vmbr$n" address "02:00:00:00:00:b$n" type bridge
    ip link set "vmbr$n" up
    ip addr add "10.2$n.0.1/24" dev "vmbr$n"
    sysctl -q -w "net.ipv4.conf.vmbr$n.forwarding=1"
done
address=192.168.18.150

guest() { # VMID BRIDGE: it runs, with the address
    local ct=ct$1 gateway=10.2${2#vmbr}.0.1
    ct_start "$1" 0 "$2" "$address/32"
    ip -n "$ct" route add "$gateway" dev eth0
    ip -n "$ct" route add default via "$gateway"
    guest_conf "$1" lxc "net0: name=eth0,bridge=$2,firewall=1,hwaddr=$(guest_mac "$1" 0),ip=$address/32,type=veth"
}

start() { # VMID
    pve_ok "$1" pre-start
    pve_ok "$1" post-start
}

stop() { # VMID
    ct_stop "$1" 0
    ip netns del "ct$1"
    pve_ok "$1" post-stop
}

reached() { # DESC: the client, whose caches are empty, has an answer
    ip -n client neigh flush to "$address" dev eth0
    ip neigh flush dev vmbr1
    ip neigh flush dev vmbr2
    ok "$1" in_ns client ping -q -c 1 -W 2 "$address"
}

nothing_left() { # DESC
    is "$(proxies 4)/$(ip route show "$address")" / "$1"
}

both() { # KEYS-OF-108 KEYS-OF-109: as they run by eth3
    policy "{\"defaults\": {\"announce\": 1, \"device\": \"eth3\"}, \"guests\": {\"108\": {$1}, \"109\": {$2}}}"
}

# ---- taken over --------------------------------------------------------------------------------------------------------------

for bridge in vmbr1 vmbr2; do
    guest 108 vmbr1
    both '"route": "vmbr1"' "\"route\": \"$bridge\""
    start 108
    reached "$bridge: the first one is reached"
    ct_stop 108 0
    ip link add veth108i0 type bridge # its port is there: it runs
    guest 109 "$bridge"
    both '"route": "vmbr1"' "\"route\": \"$bridge\", \"addresses\": [\"$address\"]"
    start 109
    reached "$bridge: taken over, the second one is reached"
    ip link del veth108i0
    pve_ok 108 post-stop
    reached "$bridge: the first one stops: the second one is reached"
    stop 109
    nothing_left "$bridge: both have stopped: nothing is left"
    ip netns del ct108
    rm -r "$ROOT/run/guestarp"
done

# ---- taken over by one that is killed before it has recorded anything -----------------------------------------------------------

for device in eth3 eth4; do
    guest 108 vmbr1
    both '"route": "vmbr1"' '"route": "vmbr1"'
    start 108
    ip link add veth109i0 type bridge
    guest_conf 109 lxc "net0: name=eth0,bridge=vmbr1,firewall=1,ip=$address/32,type=veth"
    both '"route": "vmbr1"' "\"route\": \"vmbr1\", \"device\": \"$device\", \"addresses\": [\"$address\"]"
    pve_ok 109 pre-start
    (GUESTARP_WRAP='strace -f -qq -o /dev/null -e inject=renameat:signal=KILL:when=2' pve_exec 109 post-start) \
        </dev/null >"$TMP/killed" 2>&1 || true
    is "$(readlink "$ROOT/run/guestarp/owner/$address")" "pve/109 2 $device" "$device: killed when it had claimed the address"
    reached "$device: the first one is reached all the same"
    ip link del veth109i0
    pve_ok 109 post-stop
    stop 108
    nothing_left "$device: both have stopped: nothing is left"
    rm -r "$ROOT/run/guestarp"
done

# ---- shared ---------------------------------------------------------------------------------------------------------------------

guest 108 vmbr1
both "\"route\": \"vmbr1\", \"shared\": [\"$address\"]" "\"route\": \"vmbr1\", \"shared\": [\"$address\"]"
start 108
reached "shared: one runs, and is reached"
guest 109 vmbr1
start 109
stop 108
reached "shared: who made the route has stopped, and the other one is reached"
stop 109
nothing_left "shared: both have stopped: nothing is left"

# Policy says so only when the first one runs already.
guest 108 vmbr1
both '"route": "vmbr1"' '"route": "vmbr1"'
start 108
both "\"route\": \"vmbr1\", \"shared\": [\"$address\"]" "\"route\": \"vmbr1\", \"shared\": [\"$address\"]"
guest 109 vmbr1
start 109
stop 108
reached "shared since: the first one has stopped, and the other one is reached"
stop 109
nothing_left "shared since: both have stopped: nothing is left"
rm -r "$ROOT/run/guestarp"

# ---- two that run, and one has it --------------------------------------------------------------------------------------------------

# Both of them; what answers for 108 is away, so that 109 alone can be reached.
two() { # KEYS-OF-108 KEYS-OF-109
    guest 108 vmbr1
    both "$1" "$2"
    start 108
    ct_stop 108 0
    ip link add veth108i0 type bridge # its port is there: it runs
    guest 109 vmbr1
    start 109
}

none_left() { # DESC
    [ ! -e /sys/class/net/veth108i0 ] || ip link del veth108i0
    pve_ok 108 post-stop
    stop 109
    nothing_left "$1: both have stopped: nothing is left"
    ip netns del ct108
    rm -r "$ROOT/run/guestarp"
    rm -f "$ROOT"/etc/pve/nodes/pve*/lxc/10[89].conf
}

sync() {
    ok "sync" env GUESTARP_ROOT="$ROOT" "$GUESTARP_BUILD/guestarp" sync
}

owner() { readlink "$ROOT/run/guestarp/owner/$address" | cut -d ' ' -f 1; }

two '"route": "vmbr1"' '"route": "vmbr1"'
is "$(owner)" pve/108 "both run: the first one has it"
mkdir -p "$ROOT/etc/pve/nodes/pve2/lxc"
mv "$ROOT/etc/pve/nodes/pve1/lxc/108.conf" "$ROOT/etc/pve/nodes/pve2/lxc/"
sync
is "$(owner)" pve/109 "the first one's configuration is on another node now: the second one has it"
ip link del veth108i0
pve_ok 108 post-stop
reached "the first one's devices go: the second one is reached"
none_left "moved"

two "\"route\": \"vmbr1\", \"addresses\": [\"$address\"]" '"route": "vmbr1"'
both '"route": "vmbr1"' '"route": "vmbr1", "allowed": ["192.168.18.0/24"]'
pve_ok 109 post-start
is "$(owner)" pve/109 "the policy named it for the first one, and allows it to the second one now: it is the second one's"
none_left "rank"

two '"route": "vmbr1"' '"route": "vmbr1"'
both '"device": null' '"route": "vmbr1"'
pve_ok 108 post-start
is "$(owner)/$(proxies 4)" "pve/108/" "no device answers for the first one any more: the address is its own all the same"
sync
is "$(owner)/$(proxies 4)" "pve/108/" "and a sync gives it to nobody else"
none_left "bridged"

# ---- a live migration ----------------------------------------------------------------------------------------------------------------

migrated() { # PHASE: on the target, while it still runs on the source
    env GUESTARP_ROOT="$ROOT" PVE_MIGRATED_FROM=pve2 "$GUESTARP_BUILD/guestarp-pve" 109 "$1" </dev/null
}

guest 108 vmbr1
both '"route": "vmbr1"' '"route": "vmbr1"'
start 108
ct_stop 108 0
pve_ok 108 post-stop
is "$(owner)" pve/108 "one that has stopped keeps its address"
guest 109 vmbr1
mv "$ROOT/etc/pve/nodes/pve1/lxc/109.conf" "$ROOT/etc/pve/nodes/pve2/lxc/"
ok "another one comes with the same address: the target's pre-start" migrated pre-start
ok "the target's post-start" migrated post-start
is "$(owner)" pve/108 "while it runs on the source the address is not its own here"
mv "$ROOT/etc/pve/nodes/pve2/lxc/109.conf" "$ROOT/etc/pve/nodes/pve1/lxc/"
arrived() { [ "$(owner)/$(proxies 4)" = "pve/109/$address eth3" ]; }
ok "it has moved here: its own arrival takes the address" wait_for arrived
reached "and it is reached"

# Its configuration is locked while it is copied.
sed -i '1i lock: migrate' "$ROOT/etc/pve/nodes/pve1/lxc/109.conf"
ip link set eth3 down
ip link set eth3 up
sync
reached "it migrates away, and its device flaps meanwhile: it is still reached"
ip link add veth108i0 type bridge
none_left "migrated"

# ---- a gateway by several routes at once -----------------------------------------------------------------------------------------

address=192.168.18.151
# A routed guest with two ports, which have no address: what tells that they are its gateway is one route by both.
ns_add ct110
for n in 0 1; do
    veth - "veth110i$n" "fe:00:00:00:00:1$n" ct110 "eth$n" "$(guest_mac 110 "$n")"
    sysctl -q -w "net.ipv4.conf.veth110i$n.forwarding=1"
done
ip link set lo up
ip addr add 10.9.9.1/32 dev lo
ip route add "$address/32" nexthop dev veth110i0 nexthop dev veth110i1
sysctl -q -w net.ipv4.conf.all.rp_filter=0
ip -n ct110 addr add "$address/32" dev eth0
ip -n ct110 route add 10.9.9.1 dev eth0
guest_conf 110 lxc "net0: name=eth0,bridge=vmbr1,hwaddr=$(guest_mac 110 0),ip=$address/32,type=veth"
policy '{"defaults": {"announce": 1, "device": "eth3"}, "guests": {"110": {}}}'
gateway_answers() {
    ip -n ct110 neigh flush dev eth0
    in_ns ct110 ping -q -c 1 -W 2 10.9.9.1
}
ok 'a route by two ports: the guest has its gateway before' gateway_answers
pve_ok 110 post-start
ok 'a route by two ports: and after post-start' gateway_answers
pve_ok 110 post-stop

done_testing
