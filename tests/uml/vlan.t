#!/bin/bash
# VLAN devices on a bridge have its MAC: who has learned a wrong one for their addresses is told the right one, and a bridge that
# carries the chosen device is pinned.

# shellcheck source-path=SCRIPTDIR source=lib-uml.sh
. "$(dirname "$0")/lib-uml.sh"
require arping ping

# ---- a VLAN-aware bridge is pinned ----------------------------------------------------------------------------------------

#       out                           host
#       eth0.50.7 - eth0.50 - eth0 -- eno1 - vmbr0 (VLAN-aware) - vmbr0.50 - vmbr0.50.7
policy '{}'
ns_add out
card vec0 - eno1 "$UPLINK_MAC"
card vec1 out eth0 "$OUTSIDE_MAC"
ip link add dev vmbr0 type bridge vlan_filtering 1
quiet_v6 eno1
ip link set dev vmbr0 up
ip link set dev eno1 up
ip link set dev eno1 master vmbr0
ip -n out link set dev eth0 up
bridge vlan add vid 50 dev eno1
bridge vlan add vid 50 dev vmbr0 self
port tap300i0 02:00:00:00:00:01 vmbr0
vlan - vmbr0 50
vlan - vmbr0.50 7
vlan out eth0 50
vlan out eth0.50 7
ip addr add 192.168.60.1/24 dev vmbr0
ip addr add 192.168.50.1/24 dev vmbr0.50
ip -6 addr add 2001:db8:50::1/64 dev vmbr0.50 nodad
ip -6 addr add fe80::1/64 dev vmbr0.50 nodad
ip addr add 192.168.57.1/24 dev vmbr0.50.7
ip -n out addr add 192.168.60.2/24 dev eth0
ip -n out addr add 192.168.50.2/24 dev eth0.50
ip -n out -6 addr add 2001:db8:50::2/64 dev eth0.50 nodad
ip -n out addr add 192.168.57.2/24 dev eth0.50.7
fence_prepare out eth0
in_50=(192.168.50.1 2001:db8:50::1 fe80::1)
is "$(mac - vmbr0) $(mac - vmbr0.50)" "02:00:00:00:00:01 02:00:00:00:00:01" "before: a VLAN device has the MAC that its bridge has from a guest's port"
ok "before: a host in VLAN 50 reaches it" wait_for reaches out eth0.50 "${in_50[@]}"
ok "before: and in a VLAN within" reaches out eth0.50.7 192.168.57.1
ok "before: it has that MAC for each" knows out eth0.50 02:00:00:00:00:01 "${in_50[@]}"

guest_conf 300 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.60.30/24,type=veth"
capture pin out eth0 'vlan 50'
pve_ok 300 pre-start
is "$(mac - vmbr0) $(mac - vmbr0.50)" "$UPLINK_MAC $UPLINK_MAC" "the uplink's MAC is pinned, and the VLAN device has it, too"
ok "the host is told of each address of the VLAN device" wait_for knows out eth0.50 "$UPLINK_MAC" "${in_50[@]}"
ok "and of the VLAN within" wait_for knows out eth0.50.7 "$UPLINK_MAC" 192.168.57.1
ok "it reaches them" reaches out eth0.50 "${in_50[@]}"
ok "also within" reaches out eth0.50.7 192.168.57.1
fence out pin
capture_stop pin
like "$(captured pin 'vlan 50')" "$UPLINK_MAC > ff:ff:ff:ff:ff:ff[^"$'\n'"]* vlan 50,[^"$'\n'"]* who-has 192.168.50.1 .*tell 192.168.50.1," "by frames with the tag"

# ---- a firewall bridge behind a VLAN-aware bridge becomes quiet ---------------------------------------------------------------

ns_add ct301
ip link add dev tap301i0 type veth peer name eth0 netns ct301
ip -n ct301 link set dev eth0 up
ip link set dev tap301i0 up
pve_plug 301 0 vmbr0 '' tap301i0
remembers ct301 eth0
bridge vlan del vid 1 dev fwpr301p0
bridge vlan add vid 50 dev fwpr301p0 pvid untagged
ip -n ct301 addr add 192.168.50.30/24 dev eth0
fwbr_mac=$(mac - fwbr301i0)
answers_of_50() { # how often the firewall bridge, and the VLAN device, answer three requests of the guest's
    in_ns ct301 arping -b -c 3 -I eth0 192.168.50.1 >"$TMP/arping" || true
    echo "$(grep -ic "$fwbr_mac" "$TMP/arping")/$(grep -ic "$(mac - vmbr0.50)" "$TMP/arping")"
}
ok "the guest has its network" wait_for reaches ct301 eth0 192.168.50.2
like "$(answers_of_50)" "^[1-9]" "before: the firewall bridge answers for the VLAN device's address"
ip -n ct301 neigh replace 192.168.50.1 lladdr "$fwbr_mac" dev eth0 nud reachable
guest_conf 301 qemu-server "net0: virtio=02:9E:00:00:01:2D,bridge=vmbr0,firewall=1,tag=50"
pve_ok 301 post-start
ok "the guest is told the VLAN device's MAC" wait_for knows ct301 eth0 "$(mac - vmbr0.50)" 192.168.50.1
ok "and reaches its gateway" reaches ct301 eth0 192.168.50.1
is "$(answers_of_50)" 0/3 "only the VLAN device answers"

# ---- the chosen device is a VLAN device of a bridge that no NIC names -----------------------------------------------------------

#       out5                 host
#       eth0.70 - eth0 ----- eno2 - vmbr5 - vmbr5.70                      vmbr6 10.6.0.1 - veth302i0 === ct302
sysctl -q -w net.ipv4.ip_forward=1
ns_add out5
card vec2 - eno2 02:0b:0b:00:00:05
card vec3 out5 eth0 02:0a:0a:00:00:05
ip link add dev vmbr5 type bridge
ip link set dev vmbr5 up
ip link set dev eno2 up
ip link set dev eno2 master vmbr5
ip -n out5 link set dev eth0 up
vlan out5 eth0 70
port tap303i0 02:00:00:00:00:05 vmbr5
vlan - vmbr5 70
ip addr add 198.51.100.2/24 dev vmbr5.70
ip -n out5 addr add 198.51.100.1/24 dev eth0.70
ip link add dev vmbr6 type bridge
ip link set dev vmbr6 up
ip addr add 10.6.0.1/24 dev vmbr6
ns_add ct302
ip link add dev veth302i0 type veth peer name eth0 netns ct302
ip link set dev veth302i0 up
ip link set dev veth302i0 master vmbr6
ip -n ct302 link set dev eth0 up
ip -n ct302 addr add 198.51.100.7/32 dev eth0
ip -n ct302 route add default via 10.6.0.1 dev eth0 onlink
policy '{ "guests": { "302": { "device": "vmbr5.70", "route": "vmbr6" } } }'
guest_conf 302 lxc "net0: name=eth0,bridge=vmbr6,ip=198.51.100.7/32,type=veth"
like "$(findings)" "mac-floats vmbr5" "check finds that the MAC of the bridge under it follows its ports"
pve_ok 302 pre-start
is "$(</sys/class/net/vmbr5/addr_assign_type) $(mac - vmbr5)" "3 02:0b:0b:00:00:05" "the bridge under the chosen device is pinned"
unlike "$(findings)" "mac-floats vmbr5" "check finds that no more"
pve_ok 302 post-start
ok "the guest is reached by its address on the VLAN device" wait_for reaches out5 eth0.70 198.51.100.7
was=$(mac - vmbr5.70)
ok "at its MAC" knows out5 eth0.70 "$was" 198.51.100.7
ip link del dev tap303i0
is "$(mac - vmbr5.70)" "$was" "another guest's port, of a lower MAC, leaves: the VLAN device has the same MAC"
ok "the guest is reached all the time" reaches out5 eth0.70 198.51.100.7

done_testing
