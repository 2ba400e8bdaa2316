#!/bin/bash
# P3: machines that may have learned a wrong MAC for one of the host's own addresses are told the right one: link-local addresses,
# too, when a bridge's MAC has changed, and a VM that has just migrated here. The neighbours' own tables and pings are the witness.

. "$(dirname "$0")/../lib.sh" || exit
require jq ping perl

knows() { # NS DEV ADDRESS: the MAC that it has for it
    ip -n "$1" -j neigh show to "$3" dev "$2" | jq -r '.[0].lladdr // "none"'
}

knows_all() { # NS DEV MAC ADDRESS...
    local namespace=$1 dev=$2 want=$3 address
    shift 3
    for address; do [ "$(knows "$namespace" "$dev" "$address")" = "$want" ] || return 1; done
}

# What is learned stays for ten minutes: nobody asks again by himself while the test runs.
remembers() { # NS DEV
    local family
    for family in ipv4 ipv6; do in_ns "$1" sysctl -q -w "net.$family.neigh.$2.base_reachable_time_ms=600000"; done
}

reaches() { # NS DEV ADDRESS...: one packet each, at once
    local namespace=$1 dev=$2 address
    shift 2
    for address; do in_ns "$namespace" ping -n -q -c 1 -W 1 -I "$dev" "$address" || return 1; done
}

link_local() { # DEV
    ip -6 -j addr show dev "$1" | jq -r '[.[].addr_info[] | select(.scope == "link")][0].local'
}

link_local_there() { # DEV
    [ "$(link_local "$1")" != null ]
}

# ---- a bridge that is a router gets another MAC --------------------------------------------------------------------------

policy '{}'
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.100/24,type=veth"
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
ip -6 addr add 2001:db8:15::1/64 dev vmbr0 nodad
ip addr add 169.254.15.1/16 dev vmbr0 scope link
ip -6 addr add 2001:db8:99::1/128 dev lo
sysctl -q -w net.ipv6.conf.vmbr0.forwarding=1
ip -n outside addr add 169.254.15.2/16 dev eth0
ip -n outside -6 addr add 2001:db8:15::2/64 dev eth0 nodad
ip -n outside -6 addr add 2001:db8:15::99/64 dev eth0 nodad preferred_lft 0
remembers outside eth0
ip link add fwpr102p0 address 02:00:00:00:00:01 type veth peer name fwln102i0
quiet_v6 fwpr102p0
ip link set fwpr102p0 master vmbr0
is "$(mac - vmbr0)" 02:00:00:00:00:01 "before pre-start the bridge has a guest's MAC"

# 2001:db8:15::99 is the outside's: the kernel finds that out (RFC 4862) and keeps silent.
sysctl -q -w net.ipv6.conf.all.accept_dad=1 net.ipv6.conf.vmbr0.accept_dad=1
ip -6 addr add 2001:db8:15::99/64 dev vmbr0
is_duplicate() {
    ip -6 -j addr show dev vmbr0 | jq -e '.[0].addr_info[] | select(.local == "2001:db8:15::99") | .dadfailed'
}
ok "an address that another host has is a duplicate" wait_for is_duplicate

# A router advertisement: type 134, hop limit 64, lifetime 1800 s.
wait_for in_ns outside ping -q -c 1 -W 1 2001:db8:15::1
router=$(link_local vmbr0)
# shellcheck disable=SC2016 # Perl's own
perl -MSocket=:all -e 'socket(my $s, AF_INET6, SOCK_RAW, 58) or die "socket: $!";
    setsockopt($s, SOL_SOCKET, 25, "vmbr0\0") or die "device: $!";
    setsockopt($s, 41, 18, pack("i", 255)) or die "hops: $!";
    send($s, pack("CCnCCnNN", 134, 0, 0, 64, 0, 1800, 0, 0), 0, pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $ARGV[0]))
        or die "send: $!"' "$(</sys/class/net/vmbr0/ifindex)"
has_default() {
    ip -n outside -6 route show default | grep -q "via $router .*proto ra"
}
ok "the outside has its default route by the bridge's link-local address" wait_for has_default
own=(192.168.0.1 169.254.15.1 2001:db8:15::1 "$router")
ok "it reaches the bridge by each address, and what is behind it" reaches outside eth0 "${own[@]}" 2001:db8:99::1
ok "and has the guest's MAC for each" knows_all outside eth0 02:00:00:00:00:01 "${own[@]}"

capture pin outside eth0 'arp or icmp6[0] = 136'
pve_ok 100 pre-start
is "$(mac - vmbr0) $(link_local vmbr0)" "$UPLINK_MAC $router" "pre-start pins the uplink's MAC; the link-local address is the same"
knows_right() {
    knows_all outside eth0 "$UPLINK_MAC" "${own[@]}"
}
ok "the outside is told at once, of each address" wait_for -t 1 knows_right
ok "it has its default route still" has_default
ok "it reaches the bridge by each address, and what is behind it" reaches outside eth0 "${own[@]}" 2001:db8:99::1
# "target flags" of what nobody asked for, sorted.
advertised() { # NAME MAC
    (run_tcpdump -r "$TMP/$1.pcap" -n -v -t "ether src $2 and ether dst 33:33:00:00:00:01 and icmp6[0] = 136") 2>/dev/null |
        sed -n 's/.*tgt is \([0-9a-f:]*\), Flags \[\([^]]*\)\].*/\1 \2/p' | sort -u
}
fence outside pin
is "$(advertised pin $UPLINK_MAC)" "$(printf '%s\n' "2001:db8:15::1 router, override" "$router router, override" | sort)" \
    "what nobody asked for has the flags Router and Override, and the duplicate is not among it"
capture_stop pin
is "$(knows outside eth0 2001:db8:15::99)" none "the outside's own address stays the outside's"

# A host that is no router there says so: nobody is to take it for one.
sysctl -q -w net.ipv6.conf.all.accept_dad=0
ns_add second
veth - eth7 02:0b:0b:00:00:07 second eth0 02:0a:0a:00:00:07
quiet_v6 eth7
ip link add vmbr7 type bridge
ip link set vmbr7 up
ip link add fwpr107p0 address 02:00:00:00:00:07 type veth peer name fwln107i0
quiet_v6 fwpr107p0
ip link set fwpr107p0 master vmbr7
ip link set eth7 master vmbr7
ip -6 addr add 2001:db8:7::1/64 dev vmbr7 nodad
wait_for link_local_there vmbr7
guest_conf 107 lxc "net0: name=eth0,bridge=vmbr7,firewall=1,ip=192.168.7.100/24,type=veth"
fence_prepare second eth0
capture host second eth0 'icmp6[0] = 136'
pve_ok 107 pre-start
fence second host
is "$(advertised host 02:0b:0b:00:00:07)" "$(printf '%s\n' "2001:db8:7::1 override" "$(link_local vmbr7) override" | sort)" \
    "a bridge that does not forward has Override alone"
capture_stop host

# ---- a VM migrates to a host that is its gateway ------------------------------------------------------------------------

# Node pve2 is the namespace "source", this host the target. Each is the gateway 10.20.0.1 by a vmbr1 of its own. "qemu" is the
# VM's way out: its port to the node where it runs is up, so the VM itself sees no carrier come or go.
GATEWAY=(10.20.0.1 2001:db8:20::1 fe80::1)
VM_MAC=02:9e:00:00:00:c9
SOURCE_MAC=02:0d:0d:00:00:01

gateway() { # NS [MAC]: vmbr1 with the gateway's addresses
    ip_in "$1" link add vmbr1 ${2:+address "$2"} type bridge
    ip_in "$1" link set vmbr1 up
    ip_in "$1" addr add 10.20.0.1/24 dev vmbr1
    ip_in "$1" -6 addr add 2001:db8:20::1/64 dev vmbr1 nodad
    ip_in "$1" -6 addr add fe80::1/64 dev vmbr1 nodad
}

guest_ns() { # NS N: a guest's addresses
    ip -n "$1" addr add "10.20.0.$2/24" dev eth0
    ip -n "$1" -6 addr add "2001:db8:20::$2/64" dev eth0 nodad
    remembers "$1" eth0
}

# What is said is about the bridges alone, and a changed MAC is told once, not again while the VM migrates.
policy '{"defaults": {"announce": 0}}'
for namespace in source qemu vm other; do ns_add $namespace; done
ip -n qemu link add q type bridge
ip -n qemu link set q up
veth vm eth0 $VM_MAC qemu vm 02:0e:00:00:00:01
veth source tap201i0 02:0e:00:00:00:02 qemu source 02:0e:00:00:00:03
veth - tap201i0 02:0e:00:00:00:04 qemu target 02:0e:00:00:00:05
for port in vm source target; do ip -n qemu link set $port master q; done
ip -n qemu link set target down
gateway source $SOURCE_MAC
gateway -
ip -n source link set tap201i0 master vmbr1
veth source veth202i0 02:0e:00:00:00:06 other eth0 02:9e:00:00:00:ca
ip -n source link set veth202i0 master vmbr1
guest_ns vm 201
guest_ns other 202
fence_prepare vm eth0

mkdir -p "$ROOT/etc/pve/nodes/pve2/qemu-server"
SOURCE_CONF=$ROOT/etc/pve/nodes/pve2/qemu-server/201.conf
TARGET_CONF=$ROOT/etc/pve/qemu-server/201.conf
printf '%s\n' "hookscript: local:snippets/guestarp" "net0: virtio=${VM_MAC^^},bridge=vmbr1,firewall=1" >"$SOURCE_CONF"

migrated() { # PHASE: on the target, while it still runs on the source
    local -a wrap=()
    read -ra wrap <<<"$GUESTARP_WRAP"
    env "GUESTARP_ROOT=$ROOT" PVE_MIGRATED_FROM=pve2 ${wrap[@]+"${wrap[@]}"} "$GUESTARP_BUILD/guestarp-pve" 201 "$1" </dev/null
}

target_starts() {
    ok "the target's pre-start" migrated pre-start
    pve_plug 201 0 vmbr1 '' tap201i0
    ok "the target's post-start" migrated post-start
}

# Proxmox VE moves the configuration and has the target's QEMU resume the VM some time later.
moves() {
    mv "$SOURCE_CONF" "$TARGET_CONF"
    ip -n qemu link set source down
    sleep 0.6
    ip -n qemu link set target up
}

vm_knows() { # MAC
    knows_all vm eth0 "$1" "${GATEWAY[@]}"
}

ok "on the source it reaches its gateway" reaches vm eth0 "${GATEWAY[@]}"
ok "and has the source's MAC for it" vm_knows $SOURCE_MAC
ok "as another guest there" reaches other eth0 "${GATEWAY[@]}"
target_starts
isnt "$(mac - vmbr1)" $SOURCE_MAC "the target's bridge has another MAC"
ok "which the VM is not told while it is on the source" vm_knows $SOURCE_MAC
moves
ok "after the move the VM is told the target's MAC for its gateway, IPv4, IPv6 and link-local" wait_for -t 2 vm_knows "$(mac - vmbr1)"
ok "and reaches it at once" reaches vm eth0 "${GATEWAY[@]}"

# Back on the source, and the nodes' bridges are one segment now: the target's bridge has last seen the VM beyond its uplink,
# and both nodes have the gateway's address, as the administrator keeps them apart. The other guest on the source has its own.
ip -n qemu link set target down
pve 201 post-stop
mv "$TARGET_CONF" "$SOURCE_CONF"
pve_cleanup 201 0
ip -n qemu link set source up
veth - up1 02:0f:00:00:00:01 source up1 02:0f:00:00:00:02
ip link set up1 master vmbr1
ip -n source link set up1 master vmbr1
# The derived MAC gives way to the uplink's, and all are told of that.
migrated pre-start 2>"$TMP/err"
for address in "${GATEWAY[@]}"; do
    for namespace in vm other; do ip -n $namespace neigh replace "$address" lladdr $SOURCE_MAC dev eth0 nud reachable; done
done
ok "again on the source it reaches its gateway" reaches vm eth0 "${GATEWAY[@]}"
target_starts
vm_is_beyond() {
    bridge -j fdb show br vmbr1 | jq -e --arg mac "$VM_MAC" '.[] | select(.mac == $mac and .ifname == "up1")'
}
fence vm
ok "the target's bridge has it beyond its uplink" wait_for vm_is_beyond
moves
in_ns vm ping -n -q -c 1 -W 1 10.20.0.77 >/dev/null || true
ok "it is told the target's MAC all the same once it has said something" wait_for -t 2 vm_knows "$(mac - vmbr1)"
ok "the other guest keeps the MAC of the node that it is on" knows_all other eth0 $SOURCE_MAC "${GATEWAY[@]}"
ok "both reach their gateway" reaches vm eth0 "${GATEWAY[@]}"
ok "each its own" reaches other eth0 "${GATEWAY[@]}"

done_testing
