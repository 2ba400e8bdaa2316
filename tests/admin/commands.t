#!/bin/bash
# No command that check prints cuts anybody off: on hosts of all sorts each pair that could ping before can after all commands have
# been typed, no matter who remembers which MAC. Some of these hosts are as they should be; then nothing may be printed that touches them.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq arping tcpdump nft

pairs=() # "NS ADDRESS": who can reach what

reaches() { # NS ADDRESS
    local -a family=(-4)
    [[ $2 != *:* ]] || family=(-6)
    in_ns "$1" ping "${family[@]}" -q -c 3 -i 0.2 -W 1 "$2" 2>/dev/null | grep -q ' [1-3] received'
}

can() { # NS ADDRESS DESC: it does, and is looked at again
    ok "$3" reaches "$1" "$2"
    pairs+=("$1 $2")
}

# What check prints is typed, twice, as commands of the first look may bring others.
type_all() {
    local i
    typed=''
    for _ in 1 2; do
        findings
        for ((i = 0; i < $(wc -w <<<"$FOUND"); i++)); do
            [ -n "$(finding $i fix)" ] || continue
            typed+="${typed:+; }$(finding $i fix)"
            as_printed "$(finding $i fix)" || diag "$(finding $i fix): $(<"$TMP/printed.out")"
        done
    done
}

harmless() { # DESC: neighbours as they are, then with nothing learned
    local pair ns address
    type_all
    for pair in "${pairs[@]}"; do
        read -r ns address <<<"$pair"
        ok "$1: $ns still reaches $address, with what it knew ($typed)" reaches "$ns" "$address"
    done
    for pair in "${pairs[@]}"; do
        read -r ns address <<<"$pair"
        in_ns "$ns" ip neigh flush all
        in_ns "$ns" ip -6 neigh flush all
        ok "$1: and asking anew" reaches "$ns" "$address"
    done
    pairs=()
}

# ---- a bridge without an address is somebody's gateway ------------------------------------------------------------------

host() { # as it is without any guest
    fresh_host
    mkdir -p "$ROOT/var/lib/vz/snippets"
    install_hook
    stand_ins
}

gateway_host() { # vmbr1 without an address, a guest behind it; the host's address is on eth0
    host
    ns_add outside
    veth - eth0 "$UPLINK_MAC" outside eth0 "$OUTSIDE_MAC"
    ip addr add 192.168.0.1/24 dev eth0
    sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip link add vmbr1 address 02:00:00:00:0b:01 type bridge
    ip link set vmbr1 up
    ns_add ct50
    veth - vnet0 02:ff:00:00:05:05 ct50 eth0 02:00:00:00:05:06
    ip link set vnet0 master vmbr1
    ip -n ct50 addr add 192.168.0.50/32 dev eth0
}

gateway_host
ip -n ct50 route add 192.168.0.1 dev eth0
ip -n ct50 route add default via 192.168.0.1
ip route add 192.168.0.50/32 dev vmbr1
can ct50 192.168.0.1 "its gateway is the host's address, by a bridge that has none"
harmless "an unnumbered gateway"

gateway_host
ip -n ct50 route add 192.168.0.1 dev eth0
ip -n ct50 route add default via 192.168.0.1
ip route add 192.168.0.50/32 dev vmbr1 table 100
ip rule add pref 100 table 100
can ct50 192.168.0.1 "the same by a table of its own"
harmless "an unnumbered gateway in another table"

gateway_host
ip -6 addr add fe80::1/64 dev vmbr1 nodad
ip -n ct50 -6 addr add 2001:db8:18::50/128 dev eth0 nodad
ip -n ct50 -6 route add default via fe80::1 dev eth0
ip -6 addr add 2001:db8::1/64 dev eth0 nodad
ip -6 route add 2001:db8:18::50/128 dev vmbr1
can ct50 2001:db8::1 "its IPv6 gateway is the bridge's link-local address"
harmless "a gateway by IPv6 alone"

# ---- a bridge's MAC --------------------------------------------------------------------------------------------------------

host
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
ct_start 101 0 vmbr0 192.168.0.101/24 02:00:00:00:00:05 # fwpr's MAC is lower than the card's
can outside 192.168.0.1 "the LAN knows the bridge by a guest's MAC"
can ct101 192.168.0.1 "so does the guest"
harmless "the MAC that floats"

host
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
ip link set vmbr0 address 02:00:00:00:00:77
ip addr add 192.168.0.9/24 dev vmbr0
can outside 192.168.0.9 "the LAN knows the bridge by a MAC that was pinned by hand"
harmless "a MAC that is not the uplink's"

# ---- several network cards in one subnet -------------------------------------------------------------------------------------

host
topo_multi
ip addr add 192.168.18.51/32 dev lo
ip link add vmbr7 type bridge
ip addr add 192.168.18.50/32 dev vmbr7
ip link set vmbr7 up
can client 192.168.18.10 "an address of a card"
can client 192.168.18.51 "an address on lo, answered for by any card"
can client 192.168.18.50 "one on a bridge without ports"
harmless "flux, with addresses that no card has"

# ---- an entry that seems to be nobody's ------------------------------------------------------------------------------------------

host
topo_multi
for device in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.neigh.$device.proxy_delay=0"; done
ip link add vmbr1 type bridge
ip link set vmbr1 up
ip addr add 10.20.0.1/24 dev vmbr1
sysctl -q -w net.ipv4.conf.vmbr1.forwarding=1
ct_start 121 0 vmbr1 192.168.18.101/32
ip -n ct121 route add 10.20.0.1 dev eth0
ip -n ct121 route add default via 10.20.0.1
guest_conf 121 lxc "net0: name=eth0,bridge=vmbr1,hwaddr=02:9E:00:00:79:00,ip=dhcp,type=veth"
guest_conf 120 lxc "net0: name=eth0,bridge=vmbr1,hwaddr=02:9E:00:00:78:00,ip=192.168.18.101/32,type=veth"
ip route add 192.168.18.101/32 dev vmbr1
ip neigh add proxy 192.168.18.101 dev eth3
can client 192.168.18.101 "the address of a guest that is stopped, used by one whose configuration does not say so"
harmless "an entry that seems to be a stopped guest's"

# ---- a policy with a mistake, and no last good text ----------------------------------------------------------------------------------

host
topo_multi
for device in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.neigh.$device.proxy_delay=0" "net.ipv4.conf.$device.arp_ignore=1" "net.ipv4.conf.$device.arp_announce=2"; done
routed_guest 101 192.168.18.101
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,hwaddr=$(guest_mac 101 0),ip=192.168.18.101/32,type=veth"
policy '{"defaults": {"announce": 1, "device": "eth3"}, "guests": {"101": {}}}'
pve_ok 101 post-start
rm -rf "$ROOT/var/lib/guestarp"
policy '{"defaults": {"announce": 1, "device": "eth3"}, "guests": {"101": {}},}}'
can client 192.168.18.101 "a guest is bound, and then somebody edits the policy"
type_all
GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" sync >/dev/null 2>&1 || true
harmless "a policy with a mistake, and sync"

done_testing
