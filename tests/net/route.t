#!/bin/bash
# A host route by a bridge that has no address of its own: the host goes on sending from the address that it has sent from to
# that guest, as the guest may know no way back to its others. The ping is the witness, before and after.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/../admin/lib-admin.sh" || exit
. "$(dirname "$0")/../admin/lib-pve.sh" || exit

guest=192.0.2.9
install_hook
ns_add fw
veth - eth3 02:18:00:00:00:13 - eth4 02:18:00:00:00:14
ip addr add 198.51.100.3/24 dev eth3
for n in 0 1; do
    ip link add "vmbr$n" type bridge
    ip link set "vmbr$n" up
    veth - "veth101i$n" "fe:9e:00:00:65:0$n" fw "eth$n" "02:9e:00:00:65:0$n"
    ip link set "veth101i$n" master "vmbr$n"
done
ip addr add 10.1.0.2/24 dev vmbr1
ip route add default via 10.1.0.1 dev vmbr1
ip -n fw addr add $guest/24 dev eth0
ip -n fw addr add 10.1.0.1/24 dev eth1
ip -n fw route add default via 192.0.2.1 dev eth0
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,ip=$guest/24,gw=192.0.2.1,type=veth" "net1: name=eth1,bridge=vmbr1,ip=10.1.0.1/24,type=veth"
policy '{"defaults": {"announce": 0, "bridge_mac": "leave"}, "guests": {"101": {"route": "vmbr0"}}}'

ok "before: the host reaches the guest, by its other network" ping -q -c 1 -W 2 $guest
pve_ok 101 pre-start
pve 101 post-start
like "$(ip route show $guest)" "dev vmbr0" "the route is there"
like "$(ip route get $guest)" "dev vmbr0 .*src 10.1.0.2 " "it sends as before"
ok "the host reaches the guest" ping -q -c 1 -W 2 $guest

# With an address of its own the bridge's is taken, as by every route.
pve_ok 101 post-stop
is "$(ip route show $guest)" "" "stopped: the route is gone"
ip addr add 192.0.2.2/24 dev vmbr0
pve_ok 101 pre-start
pve 101 post-start
like "$(ip route get $guest)" "dev vmbr0 .*src 192.0.2.2 " "the bridge has an address: sent from it"
ok "and reached" ping -q -c 1 -W 2 $guest
done_testing
