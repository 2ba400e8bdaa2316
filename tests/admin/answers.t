#!/bin/bash
# `guestarp check` on hosts where the plain rules of thumb are wrong: what it finds is what the wire shows, and nothing else.
# tests/uml/check.t has those that need VLAN, VRF and macvlan devices.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
require jq arping tcpdump

true_paths

PROBES=yes

# Which devices answer NS, who asks for the address by a request and by a probe.
answer() { # NS ADDRESS WANT DESC
    capture asked "$1" eth0
    ask "$1" eth0 "$2" || true
    [ "$PROBES" = no ] || dad_probe "$1" eth0 "$2" || true
    fence "$1" asked
    capture_stop asked
    answered_by asked "$2" "$3" "$4"
}

# Runs what is printed until nothing is found with --probe; prints how many commands that took.
fix_all() {
    local n=0
    while [ $n -lt 9 ]; do
        findings --probe
        [ -n "$FOUND" ] || break
        as_printed "$(finding 0 fix)" || return 1
        n=$((n + 1))
    done
    echo $n
}

# ---- cards in one subnet, of which one does not speak ----------------------------------------------------------------------

fresh_host
topo_multi
ip link set dev eth4 down
ip link set dev eth3 arp off
answer client 192.168.18.10 eth0 "the partners are NOARP and down: one answer"
answer client 192.168.18.13 eth0 "and one for the NOARP partner's address"
answer client 192.168.18.14 eth0 "and for that of the one that is down"
healthy "partners that are NOARP and down"
healthy "the same, asked on the wire" --probe
ip link set dev eth3 arp on
answer client 192.168.18.13 "eth0 eth3" "it is on again: two answers"
findings
is "$FOUND $(finding 0 devices)" "host-flux eth0 eth3" "and both are found"
is "$(jq -r '[.findings[].fix // "none"] | unique | join(" ")' "$TMP/admin.out")" none "eth4's address would be lost with any command: there is none"
like "$(finding 0 advice)" "first give 192.168.18.14, .* to eth[03]" "and the address is named"

# ---- cards on one wire in different subnets -----------------------------------------------------------------------------------

fresh_host
topo_multi
ip addr flush dev eth4
ip link set dev eth4 down
ip addr flush dev eth3
ip addr add 10.3.0.1/24 dev eth3
ip -6 addr add fd00:3::1/64 dev eth3 nodad
answer client 192.168.18.10 "eth0 eth3" "two subnets on one wire: two answers"
findings
is "$FOUND" "" "nothing on the host tells of that"
findings --probe
is "$FOUND $(finding 0 devices)" "host-flux eth0 eth3" "the wire does"
like "$(finding 0 seen)" "asked on eth[03] for .* of this host, eth[03] answered; 1 more seen" "and it is said what was seen"
is "$(fix_all)" 1 "one command as printed ends it"
answer client 192.168.18.10 eth0 "after that one answers"

# One of them answers nothing that is asked, and both have an entry for one address.
fresh_host
topo_multi
ip addr flush dev eth4
ip link set dev eth4 down
ip addr flush dev eth3
ip addr add 10.3.0.1/24 dev eth3
sysctl -q -w net.ipv4.conf.eth0.arp_ignore=1 net.ipv4.conf.eth3.arp_ignore=1 net.ipv4.neigh.eth0.proxy_delay=0 \
    net.ipv4.neigh.eth3.proxy_delay=0
routed_guest 101 192.168.18.101
ip neigh add proxy 192.168.18.101 dev eth0
ip neigh add proxy 192.168.18.101 dev eth3
answer client 192.168.18.10 eth0 "two subnets on one wire, none for the other's: one answers"
PROBES=no answer client 192.168.18.101 "eth0 eth3" "and both for an entry"
findings
is "$FOUND" "" "nothing on the host tells of that"
findings --probe
is "$FOUND" "proxy-many" "the wire does: what one asks the other hears"
is "$(fix_all)" 1 "the command as printed ends it"
PROBES=no answer client 192.168.18.101 eth0 "after that one answers"

# ---- whose a MAC is ------------------------------------------------------------------------------------------------------------

fresh_host
topo_multi
ip addr flush dev eth0
ip addr flush dev eth4
ip link set dev eth4 down
ip link add vmbr0 type bridge
quiet_v6 eth0
ip link set dev eth0 master vmbr0
ip link set dev vmbr0 address "$(mac - eth0)" up
ip addr add 192.168.18.10/24 dev vmbr0
answer client 192.168.18.13 "eth3 vmbr0" "a bridge with its uplink's MAC answers for another card's address"
findings --probe
is "$FOUND $(finding 0 devices)" "host-flux eth3 vmbr0" "that is found, and no other machine"
like "$(finding 0 seen)" "asked on (eth3 for 192.168.18.13|vmbr0 for 192.168.18.10) of this host, (vmbr0|eth3) answered; 1 more seen" "it is the bridge's answer, not its uplink's"
is "$(fix_all)" 1 "one command as printed ends it"
answer client 192.168.18.13 eth3 "after that one answers"

# ---- one address of two guests -------------------------------------------------------------------------------------------------

fresh_host
multi_host
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr9,ip=192.168.18.201/32,type=veth"
multi_guest 201
ip neigh add proxy 192.168.18.201 dev eth3
answer client 192.168.18.201 eth3 "bound for the guest that runs"
findings
unlike "$FOUND" proxy-gone "a stopped guest with the same address: its entry is not gone"

# ---- one address on several wires ------------------------------------------------------------------------------------------------

fresh_host
for id in 1 2; do
    ns_add ct$id
    veth - veth_c$id 02:01:00:00:00:0$id ct$id eth0 02:01:00:00:01:0$id
    ip route add 10.0.0.$id/32 dev veth_c$id
    sysctl -q -w net.ipv4.conf.veth_c$id.forwarding=1 net.ipv4.neigh.veth_c$id.proxy_delay=0
    ip neigh add proxy 169.254.1.1 dev veth_c$id
    ip -n ct$id addr add 10.0.0.$id/32 dev eth0
    fence_prepare ct$id eth0
done
ns_add up
veth - eth0 02:01:00:00:00:0e up eth0 02:01:00:00:00:0f
ip addr add 192.0.2.1/24 dev eth0
ip route add default via 192.0.2.254
answer ct1 169.254.1.1 veth_c1 "each container has its own gateway"
answer ct2 169.254.1.1 veth_c2 "the other, too"
healthy "LXC's router mode: one address on two wires"

# ---- a bridge that has an address, but none of IPv4 -----------------------------------------------------------------------------

fresh_host
bridge_host
ns_add ct55
veth - port55 02:55:00:00:00:01 ct55 eth0 02:55:00:00:00:02
ip link add vmbr5 type bridge
ip link set dev port55 master vmbr5
ip link set dev vmbr5 address 02:55:00:00:00:01 up
ip -6 addr add 2001:db8:5::1/64 dev vmbr5 nodad
ip -n ct55 addr add 192.168.0.55/24 dev eth0
fence_prepare ct55 eth0
answer ct55 192.168.0.1 vmbr5 "a bridge with an IPv6 address answers for another one's IPv4 address"
found_and_fixed bridge-answers vmbr5 "" "a bridge with an IPv6 address alone"
ip link set dev port55 nomaster
sysctl -q -w net.ipv4.conf.vmbr5.arp_ignore=0
healthy "without a port nobody asks it"

# ---- proxy_arp ---------------------------------------------------------------------------------------------------------------------

fresh_host
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
ip link set dev vmbr0 address "$UPLINK_MAC"
ns_add other
veth - eth5 02:05:00:00:00:01 other eth0 02:05:00:00:00:02
ip addr add 10.5.0.1/24 dev eth5
healthy "two networks"
sysctl -q -w net.ipv4.conf.vmbr0.proxy_arp=1 net.ipv4.conf.all.forwarding=1 net.ipv4.neigh.vmbr0.proxy_delay=0
answer outside 10.5.0.77 vmbr0 "proxy_arp on the uplink: it answers for a stranger's address"
findings
is "$FOUND $(finding 0 devices)" "proxy-strangers vmbr0" "found, and nothing else"
is "$(finding 0 fix)" "" "no command: a guest may need it"
sysctl -q -w net.ipv4.conf.vmbr0.proxy_arp=0
healthy "without it"

# A guest's own gateway answers for whatever is beyond it: Calico's way.
fresh_host
ns_add up
veth - eth0 02:01:00:00:00:0e up eth0 02:01:00:00:00:0f
ip addr add 192.0.2.1/24 dev eth0
ip route add default via 192.0.2.254
ns_add pod
veth - cali1 ee:ee:ee:ee:ee:ee pod eth0 02:01:00:00:01:01
ip route add 10.65.0.2/32 dev cali1
sysctl -q -w net.ipv4.conf.cali1.proxy_arp=1 net.ipv4.conf.cali1.forwarding=1 net.ipv4.neigh.cali1.proxy_delay=0
ip -n pod addr add 10.65.0.2/32 dev eth0
ip -n pod route add 169.254.1.1 dev eth0
ip -n pod route add default via 169.254.1.1
fence_prepare pod eth0
answer pod 169.254.1.1 cali1 "Calico's gateway answers"
healthy "Calico's way to a pod"

# ---- somebody else's firewall ------------------------------------------------------------------------------------------------------

fresh_host
bridge_host
bridged_guest 101 loud
nft -f - <<<'table arp filter { chain input { type filter hook input priority filter; iifname "fwbr*" arp operation request drop; }; }'
answer ct101 192.168.0.1 vmbr0 "an nftables rule keeps the firewall bridge silent"
healthy "it does not answer, and nothing is said"
nft delete table arp filter

# Proxmox VE's own: ebtables' chains, of which only the one for frames from port to port has rules.
nft -f - <<'END'
table bridge filter {
    chain INPUT { type filter hook input priority -200; policy accept; }
    chain FORWARD { type filter hook forward priority -200; policy accept; jump PVEFW-FORWARD; }
    chain OUTPUT { type filter hook output priority -200; policy accept; }
    chain PVEFW-FORWARD { iifname "veth101i0" ether saddr != 02:9e:00:00:65:00 drop; }
}
END
answer ct101 192.168.0.1 "fwbr101i0 vmbr0" "Proxmox VE's firewall does not"
found_and_fixed bridge-answers fwbr101i0 pve/101 "behind Proxmox VE's firewall"
nft add rule bridge filter INPUT ether type arp drop
ip link set dev fwbr101i0 arp on
answer ct101 192.168.0.1 "" "a rule for what the bridge itself takes does, and the host, too"
healthy "which nobody can tell in advance, so nothing is found"
admin check
like "$OUT" "^Nothing found, but rules of others see ARP first" "and that is said"
nft delete table bridge filter

# ---- policy routing ------------------------------------------------------------------------------------------------------------------

# Each card answers for what leaves by it: arp_filter, with a rule and a table for each address.
fresh_host
topo_multi
table=100
for n in 0 3 4; do
    sysctl -q -w net.ipv4.conf.eth$n.arp_filter=1 net.ipv4.conf.eth$n.arp_announce=2
    ip rule add from 192.168.18.1$n table $table
    ip route add 192.168.18.0/24 dev eth$n table $table
    table=$((table + 1))
done
PROBES=no answer client 192.168.18.13 eth3 "arp_filter and policy routing: the card itself answers"
healthy "arp_filter and policy routing"
healthy "the same, asked on the wire" --probe
while ip rule del priority "$(ip -j rule | jq 'first(.[] | select(.priority != 0 and .priority < 32766)).priority')" 2>/dev/null; do :; done

# With rp_filter 1 a card believes nobody who is reached by another one. That a probe is answered by each tells no lie.
fresh_host
topo_multi
sysctl -q -w net.ipv4.conf.all.rp_filter=1
for n in 0 3 4; do sysctl -q -w net.ipv4.conf.eth$n.arp_announce=2; done
PROBES=no answer client 192.168.18.13 eth0 "rp_filter 1: one card answers for all"
healthy "rp_filter 1"

# ---- addresses that local routes alone make the host's (AnyIP) -----------------------------------------------------------------------

# arp_ignore would end their answers. Table 50 is one that look-ups by two of the cards reach.
for route in "dev lo" "dev eth3" "dev lo table 50"; do
    fresh_host
    topo_multi
    [ "${route##* }" != 50 ] || for n in 0 3 4; do ip rule add iif eth$n lookup 50 priority 50; done
    # shellcheck disable=SC2086 # several words
    ip route add local 192.168.18.64/28 $route
    PROBES=no answer client 192.168.18.70 "eth0 eth3 eth4" "local 192.168.18.64/28 $route: three answers"
    findings
    is "$FOUND $(finding 0 devices)" "host-flux eth0 eth3 eth4" "which is found"
    is "$(jq -r '[.findings[].fix // "none"] | unique | join(" ")' "$TMP/admin.out")" none "there is no command that would end all of them"
    like "$(finding 0 advice)" "192\.168\.18\.65, which this host has by a local route alone" "and the address is named"
    findings --probe
    is "$FOUND" host-flux "the same, asked on the wire"
    # shellcheck disable=SC2086 # several words
    ip route del local 192.168.18.64/28 $route
done
while ip rule del priority 50 2>/dev/null; do :; done

# A table that no look-up reaches is nothing.
fresh_host
topo_multi
ip route add local 192.168.18.64/28 dev lo table 50
answer client 192.168.18.70 "" "local 192.168.18.64/28 dev lo table 50, without a rule: no answer"
findings
is "$FOUND" host-flux "three cards answer for each other"
isnt "$(finding 0 fix)" "" "and there is a command"
is "$(fix_all)" 1 "which ends it"
ip route flush table 50

# Of the low addresses none can be a neighbour's.
fresh_host
topo_multi
ip route add local 192.168.18.0/28 dev lo
answer client 192.168.18.13 "eth0 eth3 eth4" "local 192.168.18.0/28: three answers for a card's address"
findings
is "$FOUND $(finding 0 devices)" "host-flux eth0 eth3 eth4" "which is found"
ip route del local 192.168.18.0/28 dev lo

# An entry does nothing for such an address, so it lacks nothing.
fresh_host
topo_multi
ip link set dev eth3 down
ip link set dev eth4 down
sysctl -q -w net.ipv4.conf.all.forwarding=0
ip route add local 192.168.18.65 dev lo
ip neigh add proxy 192.168.18.65 dev eth0
answer client 192.168.18.65 eth0 "a local route and an entry, without forwarding: one answer"
healthy "a local route and an entry, without forwarding"
ip route del local 192.168.18.65 dev lo

# ---- /32 ------------------------------------------------------------------------------------------------------------------------------

# A rented server: its address is a /32, its router is on the link all the same.
fresh_host
ns_add outside
veth - eth0 "$UPLINK_MAC" outside eth0 "$OUTSIDE_MAC"
ip addr add 198.51.100.7/32 dev eth0
ip route add 203.0.113.1 dev eth0
ip route add default via 203.0.113.1 src 198.51.100.7
ip -n outside addr add 203.0.113.1/32 dev eth0
ip -n outside route add 198.51.100.7 dev eth0
fence_prepare outside eth0
answer outside 198.51.100.7 eth0 "a /32 is answered for"
healthy "a server whose address is a /32"

done_testing
