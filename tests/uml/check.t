#!/bin/bash
# `guestarp check` on hosts with VLANs, VRFs, bonds and macvlans: what it finds is what the wire shows, and where a host is as its
# programs build it nothing is found.

# shellcheck source-path=SCRIPTDIR source=lib-uml.sh
. "$(dirname "$0")/lib-uml.sh"
# shellcheck source-path=SCRIPTDIR source=../admin/lib-admin.sh
. "$(dirname "$0")/../admin/lib-admin.sh"
require arping tcpdump jq

true_paths

# Which devices answer NS, who asks for the address.
answer() { # NS ADDRESS WANT DESC [DEV]
    capture asked "$1" "${5:-eth0}"
    ask "$1" "${5:-eth0}" "$2" || true
    fence "$1" asked
    capture_stop asked
    answered_by asked "$2" "$3" "$4"
}

# Runs what is printed until nothing is found; prints how many commands that took.
fix_all() {
    local n=0
    while [ $n -lt 9 ]; do
        findings
        [ -n "$FOUND" ] || break
        as_printed "$(finding 0 fix)" || return 1
        n=$((n + 1))
    done
    echo $n
}

# eth0 in a LAN with the namespace "lan".
card_host() { # [ADDRESS/LEN]
    fresh_host
    ns_add lan
    veth - eth0 "$UPLINK_MAC" lan eth0 "$OUTSIDE_MAC"
    ip -n lan addr add 192.168.0.2/24 dev eth0
    [ -z "${1:-}" ] || ip addr add "$1" dev eth0
    fence_prepare lan eth0
}

# A container's or pod's pair of devices into BRIDGE.
member() { # NS DEV BRIDGE [ADDRESS/LEN]
    ns_add "$1"
    veth - "$2" "$(printf '02:77:00:00:00:%02x' $((RANDOM % 250)))" "$1" eth0 "$(printf '02:78:00:00:00:%02x' $((RANDOM % 250)))"
    quiet_v6 "$2"
    ip link set dev "$2" master "$3"
    [ -z "${4:-}" ] || ip -n "$1" addr add "$4" dev eth0
    fence_prepare "$1" eth0
}

# ---- a VLAN-aware bridge, the host in VLAN 10 ----------------------------------------------------------------------------------

vlan_host() {
    fresh_host
    ns_add outside
    veth - eth0 "$UPLINK_MAC" outside eth0 "$OUTSIDE_MAC"
    ip link add dev vmbr0 type bridge vlan_filtering 1
    quiet_v6 eth0
    ip link set dev eth0 master vmbr0
    ip link set dev vmbr0 up
    bridge vlan add vid 2-4094 dev eth0
    bridge vlan add vid 10 dev vmbr0 self
    ip link add link vmbr0 name vmbr0.10 type vlan id 10
    ip link set dev vmbr0.10 up
    ip addr add 192.168.10.1/24 dev vmbr0.10
    ip -n outside link add link eth0 name eth0.10 type vlan id 10
    ip -n outside link set dev eth0.10 up
    ip -n outside addr add 192.168.10.2/24 dev eth0.10
    fence_prepare outside eth0.10
}

vlan_host
findings
is "$FOUND $(finding 0 devices)" "mac-floats vmbr0" "a VLAN device's MAC floats with its bridge's, and that is all"
ip link set dev vmbr0 address "$UPLINK_MAC"
answer outside 192.168.10.1 vmbr0 "VLAN 10: one answer" eth0.10
healthy "a VLAN-aware bridge without an address of its own"
ct_start 101 0 vmbr0 192.168.10.101/24
bridge vlan del vid 1 dev fwpr101p0
bridge vlan add vid 10 pvid untagged dev fwpr101p0
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,tag=10,ip=192.168.10.101/24,type=veth"
install_hook
answer ct101 192.168.10.1 "fwbr101i0 vmbr0" "a firewall bridge in VLAN 10 answers, too"
found_and_fixed bridge-answers fwbr101i0 pve/101 "a firewall bridge in VLAN 10"
answer ct101 192.168.10.1 vmbr0 "after that the host's VLAN device alone does, with its bridge's MAC"
ip link add link vmbr0 name vmbr0.20 type vlan id 20
not_ok "later VLAN devices speak ARP" has_flag vmbr0.20 NOARP

# The bridge itself is in the VLAN of a trunk, without a VLAN device; a second card is in it outside.
fresh_host
ns_add outside
veth - eth0 "$UPLINK_MAC" outside port0 "$OUTSIDE_MAC"
veth - eth1 02:10:00:00:01:01 outside port1 02:10:00:00:01:02
ip -n outside link add switch type bridge
ip -n outside link add link port0 name port0.20 type vlan id 20
for port in port0.20 port1; do
    ip -n outside link set dev "$port" master switch
    ip -n outside link set dev "$port" up
done
ip -n outside link set dev switch up
ip -n outside addr add 192.168.20.2/24 dev switch
ip link add dev vmbr0 address "$UPLINK_MAC" type bridge vlan_filtering 1
quiet_v6 eth0
ip link set dev eth0 master vmbr0
bridge vlan add vid 20 dev eth0
bridge vlan add vid 20 pvid untagged dev vmbr0 self
ip link set dev vmbr0 up
ip addr add 192.168.20.1/24 dev vmbr0
ip addr add 192.168.20.3/24 dev eth1
fence_prepare outside switch
answer outside 192.168.20.1 "eth1 vmbr0" "a bridge in a trunk's VLAN, and a card in it: both answer" switch
answer outside 192.168.20.3 "eth1 vmbr0" "also for the card's address" switch
findings
is "$FOUND $(finding 0 devices)" "host-flux eth1 vmbr0" "both are found"
is "$(fix_all)" 1 "the commands as printed end it"
answer outside 192.168.20.1 vmbr0 "after that the bridge alone answers for its address" switch
answer outside 192.168.20.3 eth1 "and the card for its own" switch

# ---- VRFs -------------------------------------------------------------------------------------------------------------------------

# EVPN as ifupdown2 and FRR make it: a VRF with the bridge of its L3VNI, which has no address, and one with the tenants' gateway.
# ifupdown2 has the table "local" looked at after VRFs, each of which ends with an unreachable default route.
card_host 192.168.0.1/24
ip rule add pref 32765 table local
ip rule del pref 0
ip link add red type vrf table 1010
ip link set dev red up
ip route add table 1010 unreachable default metric 4278198272
for vni in 10 1000; do
    ip link add "br$vni" type bridge
    ip link add "vni$vni" type vxlan id $vni local 192.168.0.1 dstport 4789 nolearning
    ip link set dev "vni$vni" master "br$vni"
    ip link set dev "br$vni" addrgenmode none master red
    ip link set dev "br$vni" address "02:10:00:00:00:$((vni % 97 + 10))" up
    ip link set dev "vni$vni" up
done
ip addr add 10.10.0.1/24 dev br10
member tenant tap110i0 br10 10.10.0.9/24
member other tap111i0 br1000 192.168.0.9/24
answer tenant 10.10.0.1 br10 "a VRF's bridge answers its tenants"
answer other 192.168.0.1 "" "one without an address answers nobody for the host's"
# Beyond an L3VNI there are routers alone, which ask nobody.
ip link del dev tap111i0
healthy "EVPN with a VRF"
ip rule add pref 0 table local
ip rule del pref 32765

# A VRF's bridge answers requests for addresses that its VRF has not, as the table "local" comes first, but no probes for them.
card_host
ip link add red type vrf table 1010
ip link set dev red up
for n in 0 1; do ip link add "vmbr$n" address "02:10:00:00:00:0$n" type bridge; done
ip link add fwpr type veth peer name fwln
ip link set dev eth0 master vmbr0
ip link set dev fwpr master vmbr0
ip link set dev fwln master vmbr1
ip link set dev vmbr0 master red
for dev in fwpr fwln vmbr0 vmbr1; do
    quiet_v6 $dev
    ip link set dev $dev up
done
ip addr add 192.168.0.19/24 dev vmbr0
ip addr add 192.168.0.19/32 dev lo
ip addr add 192.168.0.3/24 dev eth0
ip addr add 192.168.0.7/24 dev vmbr1 scope host
answer lan 192.168.0.19 "vmbr0 vmbr1" "a bridge answers for an address of a VRF's bridge"
answer lan 192.168.0.3 "vmbr0 vmbr1" "both do for one on a port"
ok "one tells who probes for that that it is taken" dad_probe lan eth0 192.168.0.3
findings
like "$FOUND" host-flux "that bridge is found"
for ((n = 0; n < 9; n++)); do
    fix=$(finding $n fix)
    [ -z "$fix" ] || ok "the command works: $fix" as_printed "$fix"
done
ok "after all commands as printed somebody still says that it is taken" dad_probe lan eth0 192.168.0.3
ip addr del 192.168.0.19/32 dev lo

# ---- macvlans -----------------------------------------------------------------------------------------------------------------------

card_host 192.168.0.1/24
ip link add link eth0 name shim address 02:51:00:00:00:01 type macvlan mode bridge
quiet_v6 shim
ip link set dev shim up
ip addr add 192.168.0.50/32 dev shim
answer lan 192.168.0.50 "eth0 shim" "a macvlan beside its card: both answer"
findings
is "$FOUND" "host-flux" "both are found"
is "$(fix_all)" 1 "one command as printed ends it"
answer lan 192.168.0.50 shim "after that the macvlan alone answers for its address"
answer lan 192.168.0.1 eth0 "and the card for its own"

# The usual device for the host beside Docker's macvlan network, with a route to the containers: their broadcasts pass the card by.
card_host 192.168.0.1/24
ns_add web
ip link add link eth0 name web0 address 02:51:00:00:00:77 netns web type macvlan mode bridge
ip -n web link set dev web0 name eth0
ip -n web link set dev eth0 up
ip -n web addr add 192.168.0.200/24 dev eth0
fence_prepare web eth0
ip link add link eth0 name shim address 02:51:00:00:00:01 type macvlan mode bridge
quiet_v6 shim
ip link set dev shim up
ip addr add 192.168.0.223/32 dev shim
ip route add 192.168.0.192/27 dev shim
answer lan 192.168.0.223 "eth0 shim" "a macvlan for containers: both answer for its address"
answer lan 192.168.0.1 "eth0 shim" "and for the card's"
answer web 192.168.0.1 shim "a container hears the macvlan alone"
findings
is "$FOUND $(finding 0 devices) $(finding 1 devices)" "host-flux host-flux eth0 shim" "both are found"
is "$(finding 1 fix)" "" "no command takes what only the macvlan answers"
like "$(finding 1 advice)" "let them use an address that shim has" "and it is said what to do"
ok "the card's command works" as_printed "$(finding 0 fix)"
answer lan 192.168.0.223 shim "after it the macvlan alone answers for its address"
answer web 192.168.0.1 shim "and the container still has its answer"
ok "and an echo" in_ns web ping -q -c 1 -W 2 192.168.0.1

# keepalived with use_vmac: vrrp.N with the protocol's MAC, as keepalived sets both up.
for len in 32 24; do
    card_host 192.168.0.1/24
    ip link add link eth0 name vrrp.51 address 00:00:5e:00:01:33 type macvlan mode private
    sysctl -q -w net.ipv4.conf.eth0.arp_ignore=1 net.ipv4.conf.eth0.arp_filter=1 net/ipv4/conf/vrrp.51/arp_ignore=1 \
        net/ipv4/conf/vrrp.51/accept_local=1 net/ipv4/conf/vrrp.51/rp_filter=0
    quiet_v6 vrrp.51
    ip link set dev vrrp.51 up
    ip addr add 192.168.0.100/$len dev vrrp.51
    answer lan 192.168.0.100 vrrp.51 "keepalived's address, /$len: one answer"
    answer lan 192.168.0.1 eth0 "the host's own: one answer"
    healthy "keepalived with use_vmac, /$len"
done

# Docker's ipvlan network with a device for the host.
card_host 192.168.0.1/24
ip link add link eth0 name ipshim type ipvlan mode l2
ip link set dev ipshim up
ip addr add 192.168.0.60/32 dev ipshim
answer lan 192.168.0.60 eth0 "an ipvlan has its card's MAC"
healthy "an ipvlan beside its card"

# ---- bonds, tunnels, containers -------------------------------------------------------------------------------------------------------

fresh_host
ns_add lan
ip -n lan link add switch type bridge
ip -n lan link set dev switch up
ip link add bond0 type bond mode active-backup miimon 100
for n in 0 1; do
    veth - "eth$n" "02:b0:00:00:00:0$n" lan "port$n" "02:b0:00:00:01:0$n"
    ip link set dev "eth$n" down
    ip link set dev "eth$n" master bond0
    ip link set dev "eth$n" up
    ip -n lan link set dev "port$n" master switch
done
ip -n lan addr add 192.168.0.2/24 dev switch
ip link set dev bond0 up
ip link add vmbr0 type bridge
ip link set dev bond0 master vmbr0
ip link set dev vmbr0 address "$(mac - bond0)" up
ip addr add 192.168.0.1/24 dev vmbr0
ip link add link bond0 name bond0.20 type vlan id 20
ip link set dev bond0.20 up
ip addr add 192.168.20.1/24 dev bond0.20
fence_prepare lan switch
answer lan 192.168.0.1 vmbr0 "a bridge on a bond: one answer" switch
healthy "a bridge on a bond, and a VLAN beside it"

card_host 192.168.0.1/24
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200 2>/dev/null || true
modprobe tun 2>/dev/null || true
if ip tuntap add dev tun0 mode tun 2>/dev/null; then
    ip link set dev tun0 up
    ip addr add 192.168.0.5/24 dev tun0
    answer lan 192.168.0.5 eth0 "a tunnel's address of the LAN: one answer"
    healthy "a tunnel with an address of the LAN"
else
    skip "no tun devices here"
fi

card_host 192.168.0.1/24
ip route add default via 192.168.0.2
sysctl -q -w net.ipv4.ip_forward=1
ip link add docker0 address 02:42:00:00:00:01 type bridge
ip addr add 172.17.0.1/16 dev docker0
ip link set dev docker0 up
member web veth1234567 docker0 172.17.0.2/16
ip link add virbr0 address 52:54:00:00:00:01 type bridge
ip addr add 192.168.122.1/24 dev virbr0
ip link set dev virbr0 up
member vm vnet0 virbr0 192.168.122.9/24
ip link add lxcbr0 address 00:16:3e:00:00:00 type bridge
ip addr add 10.0.3.1/24 dev lxcbr0
ip link set dev lxcbr0 up
member lxc1 vethAbCdEf lxcbr0 10.0.3.9/24
answer web 172.17.0.1 docker0 "Docker's bridge answers"
healthy "Docker, libvirt and LXC"
healthy "the same, asked on the wire" --probe

card_host 192.168.0.1/24
ip route add default via 192.168.0.2
sysctl -q -w net.ipv4.ip_forward=1
ip link add flannel.1 type vxlan id 1 local 192.168.0.1 dev eth0 dstport 8472 nolearning
ip addr add 10.244.0.0/32 dev flannel.1
ip link set dev flannel.1 up
ip route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
ip link add cni0 address 02:cc:00:00:00:01 type bridge
ip addr add 10.244.0.1/24 dev cni0
ip link set dev cni0 up
member pod veth0a1b2c3d cni0 10.244.0.7/24
healthy "flannel"

done_testing
