#!/bin/bash
# Bridges get their uplink's MAC, whatever the uplink is: a bond, a VLAN device on a bond or a card, one VLAN in another; and never
# that of a device which leads nowhere.

# shellcheck source-path=SCRIPTDIR source=lib-uml.sh
. "$(dirname "$0")/lib-uml.sh"
require ping

#       outside                            host
#       switch - port1 ------------------- eno1      cards that VLAN devices stand on
#              - port2 ------------------- eno2
#              - port3 ------------------- eno3      cards of a bond
#              '- port4 ------------------ eno4
ENO1_MAC=02:0b:0b:00:00:01 ENO3_MAC=02:0b:0b:00:00:03
policy '{}'
ns_add outside
ip -n outside link add switch address "$OUTSIDE_MAC" type bridge
ip -n outside link set switch up
remembers outside switch
for n in 1 2 3 4; do
    card "vec$((2 * n - 2))" - eno$n 02:0b:0b:00:00:0$n
    card "vec$((2 * n - 1))" outside port$n 02:0a:0a:00:00:1$n
    quiet_v6 eno$n
    ip -n outside link set port$n master switch
done
# A dummy, and what stands on it.
ip link add dummy0 type dummy
ip link set dummy0 up

# Bridge N with one guest's port of a lower MAC, and beside it a dummy and a macvlan of yet lower ones: vmbrN or NAME, 10.N.0.1.
bridge_with() { # N [NAME]
    local name=${2:-vmbr$1}
    ip link add dev "$name" type bridge
    ip link set dev "$name" up
    ip link add "dum$1" address "02:00:00:00:01:$1" type dummy
    ip link add "mac$1" address "02:00:00:00:02:$1" link dummy0 type macvlan mode bridge
    for dev in "dum$1" "mac$1"; do
        ip link set dev "$dev" up
        ip link set dev "$dev" master "$name"
    done
    port "tap3${1}i0" "02:00:00:00:03:$1" "$name"
    ip addr add "10.$1.0.1/24" dev "$name"
}

beyond() { # N OUTSIDE-DEV: the host beyond bridge N's uplink, 10.N.0.2
    ip -n outside addr add "10.$1.0.2/24" dev "$2"
}

# Ports of low MACs join and leave, while the outside sends to the bridge's address all the time. Prints how many packets are lost.
churn() { # N BRIDGE
    local i
    ip netns exec outside ping -n -i 0.02 "10.$1.0.1" >"$TMP/ping" &
    wait_for grep -q icmp_seq=3 "$TMP/ping"
    for i in 1 2 3 4 5; do
        port "tap4${1}i$i" "02:00:00:00:00:0$i" "$2"
        ip link del dev "tap4${1}i$i"
    done
    i=$(grep -c icmp_seq "$TMP/ping")
    wait_for more_answers $((i + 5)) || true
    kill -INT $!
    wait $! || true
    sed -n 's/.*icmp_seq=\([0-9]*\) .*time=.*/\1/p' "$TMP/ping" | awk '{lost += $1 - last - 1; last = $1} END {print NR ? lost + 0 : "all"}'
}

more_answers() { # COUNT
    [ "$(grep -c icmp_seq "$TMP/ping")" -ge "$1" ]
}

# Before, the outside has learned a guest's MAC; pre-start pins the uplink's.
pinned() { # N BRIDGE UPLINK-MAC OUTSIDE-DEV WHAT NET0
    local vmid=5$1
    is "$(mac - "$2")" "02:00:00:00:01:$1" "$5: before, the bridge has the lowest MAC"
    ok "$5: before, the outside reaches it" wait_for reaches outside "$4" "10.$1.0.1"
    ok "$5: and has that MAC" knows outside "$4" "02:00:00:00:01:$1" "10.$1.0.1"
    guest_conf "$vmid" qemu-server "$6"
    pve_ok "$vmid" pre-start
    right "$@"
}

right() { # N BRIDGE UPLINK-MAC OUTSIDE-DEV WHAT
    is "$(<"/sys/class/net/$2/addr_assign_type") $(mac - "$2")" "3 $3" "$5: the uplink's MAC is pinned"
    ok "$5: the outside is told" wait_for -t 3 knows outside "$4" "$3" "10.$1.0.1"
    is "$(churn "$1" "$2")" 0 "$5: it loses no packet while guests' ports come and go"
    ok "$5: and has the same MAC" knows outside "$4" "$3" "10.$1.0.1"
}

# ---- VLAN devices of a card ------------------------------------------------------------------------------------------------

for n in 1 2; do
    ip link set dev eno$n up
    ip -n outside link set port$n up
done
bridge_with 10
ip link add link eno1 name eno1.50 address 02:0b:0b:00:50:01 type vlan id 50
ip link set eno1.50 up
quiet_v6 eno1.50
ip link set eno1.50 master vmbr10
vlan outside switch 50
beyond 10 switch.50
pinned 10 vmbr10 02:0b:0b:00:50:01 switch.50 eno1.50 "net0: virtio=02:9E:00:00:02:0A,bridge=vmbr10"
ip link del vmbr10

# One VLAN in another, 802.1Q in 802.1ad.
bridge_with 11
vlan - eno2 100 802.1ad
vlan - eno2.100 200
ip link set eno2.100.200 address 02:0b:0b:01:02:02
quiet_v6 eno2.100 eno2.100.200
ip link set eno2.100.200 master vmbr11
vlan outside switch 100 802.1ad
vlan outside switch.100 200
beyond 11 switch.100.200
pinned 11 vmbr11 02:0b:0b:01:02:02 switch.100.200 eno2.100.200 "net0: virtio=02:9E:00:00:02:0B,bridge=vmbr11"
ip link del vmbr11
ip link del eno2.100

# ---- Proxmox VE's own VLANs: vmbr0v50 ----------------------------------------------------------------------------------------

# A NIC with a tag, on a bridge that is not VLAN-aware: tap_plug makes vmbr0v50 and eno1.50, after pre-start.
ip link del eno1.50
ip link add dev vmbr0 type bridge
ip link set dev vmbr0 up
ip link set dev eno1 master vmbr0
guest_conf 512 qemu-server "net0: virtio=02:9E:00:00:02:0C,bridge=vmbr0,tag=50"
pve_ok 512 pre-start
is "$(mac - vmbr0)" $ENO1_MAC "vmbr0v50: vmbr0 has its uplink's MAC before vmbr0v50 is there"
vlan - eno1 50
quiet_v6 eno1.50
bridge_with 12 vmbr0v50
ip link set eno1.50 master vmbr0v50
port tap512i0 02:00:00:00:00:12 vmbr0v50
ip -n outside addr flush dev switch.50
beyond 12 switch.50
ok "vmbr0v50: the outside reaches it" wait_for reaches outside switch.50 10.12.0.1
ok "vmbr0v50: at the lowest MAC" knows outside switch.50 02:00:00:00:00:12 10.12.0.1
pve_ok 512 post-start
right 12 vmbr0v50 $ENO1_MAC switch.50 vmbr0v50
ip link del vmbr0v50
ip link del eno1.50
ip link del vmbr0

# ---- a bond, and a VLAN device on it -------------------------------------------------------------------------------------------

ip link add bond0 type bond mode active-backup miimon 20
for n in 1 2; do ip -n outside link set port$n down; done
for n in 3 4; do
    ip -n outside link set port$n up
    ip link set eno$n master bond0
done
quiet_v6 bond0
ip link set bond0 up
bridge_with 13
ip link set bond0 master vmbr13
beyond 13 switch
pinned 13 vmbr13 $ENO3_MAC switch bond0 "net0: virtio=02:9E:00:00:02:0D,bridge=vmbr13"

bridge_with 14
vlan - bond0 20
ip link set bond0.20 address 02:0b:0b:00:20:01
quiet_v6 bond0.20
ip link set bond0.20 master vmbr14
vlan outside switch 20
beyond 14 switch.20
pinned 14 vmbr14 02:0b:0b:00:20:01 switch.20 bond0.20 "net0: virtio=02:9E:00:00:02:0E,bridge=vmbr14"

# The card that has given the bond its MAC fails.
ip link set eno3 down
ip -n outside link set port3 down
active() {
    [ "$(</sys/class/net/bond0/bonding/active_slave)" = "$1" ]
}
ok "failover: the bond goes by its other card" wait_for active eno4
is "$(mac - vmbr13) $(mac - vmbr14)" "$ENO3_MAC 02:0b:0b:00:20:01" "failover: the bridges have the same MACs"
ok "failover: the outside reaches both" wait_for reaches outside switch 10.13.0.1
ok "failover: and the one in the VLAN" wait_for reaches outside switch.20 10.14.0.1
ok "failover: at the same MAC" knows outside switch $ENO3_MAC 10.13.0.1
ok "failover: at the same MAC in the VLAN" knows outside switch.20 02:0b:0b:00:20:01 10.14.0.1

# ---- what leads nowhere ----------------------------------------------------------------------------------------------------------

# A dummy, a macvlan, a VLAN device on a dummy, a bond of dummies; an ipvlan may be in no bridge.
bridge_with 15
vlan - dummy0 9
ip link add bond9 type bond mode active-backup
ip link add dum9 address 02:00:00:00:09:09 type dummy
ip link set dum9 master bond9
ip link set bond9 up
for dev in dummy0.9 bond9; do ip link set $dev master vmbr15; done
ip link add ipv15 link eno2 type ipvlan mode l2 2>"$TMP/ipvlan" || ip link add ipv15 link dummy0 type ipvlan mode l2 2>"$TMP/ipvlan" || true
not_ok "nowhere: the kernel takes no ipvlan into a bridge" ip link set ipv15 master vmbr15
lowest=$(mac - vmbr15)
guest_conf 515 qemu-server "net0: virtio=02:9E:00:00:02:0F,bridge=vmbr15"
pve_ok 515 pre-start
derived=$(mac - vmbr15)
is "$(</sys/class/net/vmbr15/addr_assign_type)" 3 "nowhere: the bridge is pinned"
isnt "$derived" "$lowest" "nowhere: its MAC is not the lowest of its ports"
is "$(ip -j link | jq -r --arg mac "$derived" '[.[] | select(.address == $mac) | .ifname] | join(" ")')" vmbr15 "nowhere: nor that of any other device"

# An uplink comes: the derived MAC gives way to its MAC, and who had learned the other one is told.
vlan - bond0 30
ip link set bond0.30 address 02:0b:0b:00:30:01
quiet_v6 bond0.30
ip link set bond0.30 master vmbr15
vlan outside switch 30
beyond 15 switch.30
ok "an uplink joins: the outside reaches the bridge" wait_for reaches outside switch.30 10.15.0.1
ok "an uplink joins: and has the derived MAC" knows outside switch.30 "$derived" 10.15.0.1
pve_ok 515 pre-start
right 15 vmbr15 02:0b:0b:00:30:01 switch.30 "an uplink joins"

done_testing
