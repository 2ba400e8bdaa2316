#!/bin/bash
# Two guests want one address, a guest wants the host's, a NIC is in a network of its own: who answers for what, on the wire,
# and that nobody who was reached before is lost.

. "$(dirname "$0")/../lib.sh" || exit
require tcpdump arping ping jq

v4=192.168.18.101
topo_multi
for dev in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.neigh.$dev.proxy_delay=0"; done
routed_guest 101 $v4
routed_guest 102 192.168.18.102
net() { # VMID ADDRESS: a routed container's NIC
    echo "net0: name=eth0,bridge=vmbr0,hwaddr=02:9E:00:00:00:$((1 + $1 % 90)),ip=$2/32,type=veth"
}
guest_conf 101 lxc "$(net 101 $v4)"
policy '{"defaults": {"announce": 1, "device": "eth3"}, "guests": {"105": {"device": "eth4"}}}'

who() { # NAME ADDRESS: asks twice by the client; who answered
    capture "$1" client eth0
    ask client eth0 "$2" || true
    ask client eth0 "$2" || true
    fence client "$1"
    capture_stop "$1"
    answerers "$1" "$2"
}

reached() { # ADDRESS: does the client reach it?
    ip -n client neigh flush to "$1" dev eth0
    if in_ns client ping -q -c 1 -W 1 "$1" >/dev/null; then echo yes; else echo no; fi
}

sync() {
    STATUS=0
    ERR=$(GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" sync 2>&1) || STATUS=$?
}

pve_ok 101 pre-start
pve_ok 101 post-start
is "$(who alone $v4)/$(reached $v4)" "eth3/yes" "101 runs: eth3 answers for its address, and the client reaches it"

# Linux 6.1 renames no device that is up.
rename() { # OLD NEW
    ip link set "$1" down
    ip link set "$1" name "$2"
    ip link set "$2" up
}

# ---- a clone is started, looked at, stopped --------------------------------------------------------------------------------

# Proxmox VE's restore of a backup of 101 as 105: the same address.
guest_conf 105 lxc "$(net 105 $v4)"
ip link add veth105i0 type veth peer name peer105
for phase in pre-start post-start; do
    pve 105 $phase
    is "$STATUS" 0 "a clone of 101 starts: $phase"
done
like "$ERR" "105: $v4 is pve/101's, and left to it" "it is said who has the address"
is "$(proxies 4)" "$v4 eth3" "no entry of the clone's is made, and 101's stays"
is "$(who clone $v4)/$(reached $v4)" "eth3/yes" "on the wire nothing has changed"
sync
is "$STATUS $(who synced $v4)/$(reached $v4)" "0 eth3/yes" "nor does sync change it"
ip link del veth105i0
pve_ok 105 post-stop
is "$(who stopped $v4)/$(reached $v4)" "eth3/yes" "the clone stops: 101 is still reached"

# ---- 101 stops; whose is the address then? ----------------------------------------------------------------------------------

pve_ok 101 post-stop
rename veth101i0 rest101
ip route replace $v4/32 dev rest101
is "$(who nobody $v4)" "" "101 stops: nobody answers"
ip link add veth105i0 type veth peer name peer105
sync
is "$STATUS $(proxies 4)" "0 " "105 runs and 101 rests: sync gives the address to nobody else"
pve 105 post-start
is "$STATUS $(proxies 4)" "0 $v4 eth4" "105's own start takes it"
is "$(who taken $v4)" "eth4" "and eth4 answers"
rename rest101 veth101i0
ip route replace $v4/32 dev veth101i0
pve 101 post-start
is "$STATUS $(proxies 4)" "0 $v4 eth4" "101 starts again while 105 runs: it is 105's now"
like "$ERR" "101: $v4 is pve/105's, and left to it" "which is said"
sync
is "$STATUS $(proxies 4)" "0 $v4 eth4" "and sync keeps it so"

# ---- the policy's own word ---------------------------------------------------------------------------------------------------

policy "{\"defaults\": {\"announce\": 1, \"device\": \"eth3\"}, \"guests\": {\"105\": {\"device\": \"eth4\"}, \"101\": {\"addresses\": [\"$v4\"]}}}"
capture over client eth0
pve 101 post-start
is "$STATUS $(proxies 4)" "0 $v4 eth3" "an address that the policy names for 101 is taken over from 105, which runs"
like "$ERR" "$v4 is taken over from pve/105, which runs" "and that is said"
fence client over
capture_stop over
like "$(captured over "arp and ether src $(mac - eth3)")" "who-has $v4 .*tell $v4," "eth3 announces it"
is "$(who over2 $v4)/$(reached $v4)" "eth3/yes" "eth3 answers, and 101 is reached"
pve 105 post-start
is "$STATUS $(proxies 4)" "0 $v4 eth3" "105's next event leaves it"
ip link del veth105i0
pve_ok 105 post-stop
is "$(proxies 4)/$(reached $v4)" "$v4 eth3/yes" "and its stop"

# 105 is destroyed. A claim of a guest that is nowhere is nobody's.
policy '{"defaults": {"announce": 1, "device": "eth3"}}'
rm "$ROOT/etc/pve/lxc/105.conf"
ln -sfn "pve/105 0 eth4" "$ROOT/run/guestarp/owner/192.168.18.102"
guest_conf 102 lxc "$(net 102 192.168.18.102)"
pve_ok 102 post-start
is "$(who other 192.168.18.102)/$(reached 192.168.18.102)" "eth3/yes" "the claim of a guest that was destroyed is no claim"

# ---- what a tenant may write ---------------------------------------------------------------------------------------------------

ip route add default via 192.168.18.129 dev eth0
routes_before=$(ip route show)
insane() { # ADDRESS WHY
    guest_conf 106 lxc "$(net 106 "$1")"
    policy '{"defaults": {"announce": 1, "device": "eth3", "route": "vmbr0"}}'
    capture insane client eth0
    pve 106 post-start
    is "$STATUS" 0 "$1: the guest starts"
    like "$ERR" "106: $1 is not bound on eth3: it $2" "$1: and why"
    fence client insane
    capture_stop insane
    is "$(captured insane "arp[6:2] = 1 and arp[14:4] = arp[24:4]")" "" "$1: nothing is announced"
    unlike "$(proxies 4)" "$1 " "$1: no entry is made"
    is "$(ip route show)" "$routes_before" "$1: nor a route"
    pve_ok 106 post-stop
}
ip link add vmbr0 type bridge
ip link set vmbr0 up
routes_before=$(ip route show)
insane 192.168.18.129 "is this host's gateway"
insane 192.168.18.10 "is this host's own address"
insane 169.254.7.7 "is link-local"
is "$(reached 192.168.18.10)/$(reached $v4)" "yes/yes" "the host and 101 are reached as before"

# ---- two NICs, one of them in a network of the host's own ---------------------------------------------------------------------

for n in 1 2; do
    ip link add "vmbr$n" type bridge
    ip link set "vmbr$n" up
done
ip addr add 10.0.0.1/24 dev vmbr2
ns_add ct107
veth - veth107i1 fe:00:00:00:01:07 ct107 eth1 02:00:00:00:01:07
ip link set veth107i1 master vmbr2
ip -n ct107 addr add 10.0.0.5/24 dev eth1
is "$(ping -q -c 1 -W 1 10.0.0.5 >/dev/null && echo yes)" yes "before, the host reaches the guest's private address"
guest_conf 107 lxc "net0: name=eth0,bridge=vmbr1,ip=192.168.18.107/32,type=veth" "net1: name=eth1,bridge=vmbr2,ip=10.0.0.5/24,type=veth"
policy '{"defaults": {"announce": 1}, "guests": {"107": {"device": "eth3", "route": "vmbr1"}}}'
capture private client eth0
pve 107 post-start
is "$STATUS $(ip -j route show 192.168.18.107 | jq -r '.[].dev')" "0 vmbr1" "the public address is routed to its own bridge"
like "$(proxies 4)" "192.168.18.107 eth3" "and bound"
unlike "$(proxies 4)" "10.0.0.5" "the private one is not"
is "$(ip -j route show 10.0.0.5/32)" "[]" "nor routed to another bridge"
like "$ERR" "10.0.0.5 is not bound on eth3: it is in a private network of the guest's own bridge" "and why"
fence client private
capture_stop private
is "$(captured private "arp and arp[24:4] = 0x0a000005")" "" "nothing of it is said towards the provider"
is "$(ping -q -c 1 -W 1 10.0.0.5 >/dev/null && echo yes)" yes "the host still reaches it"
pve_ok 107 post-stop


# ---- policy: one NIC, prefixes, several holders -------------------------------------------------------------------------------

policy '{"defaults": {"announce": 0}, "guests": {"107": {"device": "eth3", "nics": {"net1": {"device": "eth4"}}}}}'
pve 107 post-start
like "$STATUS $(proxies 4)" "^0 10.0.0.5 eth4, .*192.168.18.107 eth3" "a device that the policy names for one NIC is that NIC's alone, and its address is bound there"
policy '{"defaults": {"announce": 0}, "guests": {"107": {"device": "eth3", "nics": {"net1": {"addresses": ["192.168.18.117"]}}}}}'
pve 107 post-start
like "$STATUS $(proxies 4)" "^0 192.168.18.101 .*192.168.18.107 eth3, 192.168.18.117 eth3" "addresses that the policy names for one NIC stand for that NIC's"
pve_ok 107 post-stop
unlike "$(proxies 4)" "10[.]0[.]0|[.]117|[.]107" "all of it goes with the guest"

# Another guest's configuration has the address that policy lists for 107's NIC alone.
policy '{"defaults": {"announce": 0, "device": "eth4"}, "guests": {"107": {"device": "eth3", "nics": {"net1": {"addresses": ["192.168.18.117"]}}}}}'
ip link add veth107i0 type veth peer name peer107
ip addr add 169.254.0.7/32 dev veth107i1
ip route add 192.168.18.117/32 dev veth107i1
ip link set veth107i1 nomaster
sysctl -q -w net.ipv4.conf.veth107i1.forwarding=1
ip -n ct107 addr add 192.168.18.117/32 dev eth1
ip -n ct107 route add default via 169.254.0.7 dev eth1 onlink
pve_ok 107 post-start
is "$(who listed 192.168.18.117)/$(reached 192.168.18.117)" "eth3/yes" "an address that policy lists for one NIC"
guest_conf 110 lxc "net0: name=eth0,bridge=vmbr0,ip=192.168.18.117/32,type=veth"
ip link add veth110i0 type veth peer name peer110
pve 110 post-start
like "$STATUS/$ERR" "^0/.*110: 192.168.18.117 is pve/107's, and left to it" "another guest that has it in its configuration does not get it"
is "$(who listed2 192.168.18.117)/$(reached 192.168.18.117)" "eth3/yes" "and 107 is still reached"
is "$(readlink "$ROOT/run/guestarp/owner/192.168.18.117" | cut -d ' ' -f 1)" pve/107 "its claim stands"
ip link del veth110i0
pve_ok 110 post-stop
is "$(reached 192.168.18.117)" "yes" "after the other's stop, too"
ip link del veth107i0
rename veth107i1 port107
pve_ok 107 post-stop

guest_conf 107 lxc "net0: name=eth0,bridge=vmbr1,ip=192.168.18.107/32,type=veth"
policy '{"defaults": {"announce": 0, "device": "eth3"}, "guests": {"107": {"allowed": ["192.168.18.96/30"]}}}'
pve 107 post-start
like "$ERR" "192.168.18.107 is not bound on eth3: it is not in the policy's \"allowed\"" "an address outside of what is allowed is not bound"
unlike "$(proxies 4)" "[.]107" "no entry is made for it"
pve_ok 107 post-stop

shared=192.168.18.150
for vmid in 108 109; do
    guest_conf $vmid lxc "net0: name=eth0,bridge=vmbr0,ip=$shared/32,type=veth"
    ip link add "veth${vmid}i0" type veth peer name "peer$vmid"
done
ip route add $shared/32 dev veth101i0
ip -n ct101 addr add $shared/32 dev eth0
policy "{\"defaults\": {\"announce\": 0, \"device\": \"eth3\", \"shared\": [\"$shared\"]}}"
pve_ok 108 post-start
pve_ok 109 post-start
is "$(who shared $shared)/$(reached $shared)" "eth3/yes" "an address that two guests share"
ip link del veth108i0
pve_ok 108 post-stop
is "$(who shared2 $shared)/$(reached $shared)" "eth3/yes" "one of them stops: it is still answered for"
ip link del veth109i0
pve_ok 109 post-stop
is "$(who shared3 $shared)" "" "the last one stops: nobody answers any more"

done_testing
