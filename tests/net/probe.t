#!/bin/bash
# "probe" and `check --probe`: is an address answered for already? Linux answers a probe (sender 0.0.0.0) never for a proxied
# address, an ordinary request always. Seen by a third host: what was asked, and that its caches are as they were.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/../admin/lib-admin.sh" || exit
require tcpdump arping ndisc6 ping jq

v4=192.168.18.101 v6=2001:db8:18::101 node_mac=02:18:00:00:00:77

topo_multi
for dev in eth0 eth3 eth4; do
    sysctl -q -w "net.ipv4.conf.$dev.arp_ignore=1" "net.ipv4.conf.$dev.arp_announce=2" "net.ipv6.conf.$dev.proxy_ndp=1" \
        "net.ipv4.neigh.$dev.proxy_delay=0" "net.ipv6.neigh.$dev.proxy_delay=0"
done
routed_guest 101 $v4 $v6
install_hook
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr9,ip=$v4/32,ip6=$v6/128,type=veth"

# A second node in the LAN, with a way to the guest's addresses of its own.
ns_add node
veth node eth0 $node_mac lan node 02:18:00:00:01:77
ip -n lan link set dev node master switch
veth node way 02:18:00:00:02:77 node way-peer 02:18:00:00:02:78
ip -n node addr add 192.168.18.20/24 dev eth0
ip -n node -6 addr add 2001:db8:18::20/64 dev eth0 nodad
ip -n node route add $v4/32 dev way
ip -n node -6 route add $v6/128 dev way
in_ns node sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.eth0.proxy_ndp=1 \
    net.ipv4.neigh.eth0.proxy_delay=0 net.ipv6.neigh.eth0.proxy_delay=0
node() { # add|del ADDRESS
    ip -n node neigh "$1" proxy "$2" dev eth0
}

# What the client knows of its neighbours: addresses and MACs, whatever their state; not who asked it by a link-local address.
caches() {
    ip -n client -j neigh show dev eth0 nud all | jq -r '[.[] | select(.lladdr and (.dst | test("^f[ef]") | not)) | "\(.dst) \(.lladdr)"] | sort | join(", ")'
}

# Of what was asked about ADDRESS: from which address, by which MAC (Ethernet's, and what is said inside), each once.
askers() { # NAME ADDRESS
    if [[ $2 == *:* ]]; then
        captured "$1" 'icmp6 and ip6[40] = 135' | grep -F "who has $2" | sed -n 's/^\([0-9a-f:]*\) > .*: \([0-9a-f:]*\) > ff02.*/\2 \1/p'
    else
        captured "$1" 'arp[6:2] = 1' | sed -n "s/^\([0-9a-f:]*\) > .* who-has ${2//./\\.} .*tell \([0-9.]*\),.*/\2 \1/p"
    fi | sort -u | paste -s -d ,
}

sender_mac_inside() { # NAME: ARP's own field, and the option of solicitations, of all that eth3 has sent
    (run_tcpdump -r "$TMP/$1.pcap" -n -e -t -v "ether src $(mac - eth3) and (icmp6 or arp)") 2>/dev/null |
        sed -n 's/.*source link-address option.*: \([0-9a-f:]*\)$/\1/p' | sort -u | paste -s -d ,
}

# ---- the hook ---------------------------------------------------------------------------------------------------------------

policy '{"defaults": {"announce": 0, "device": "eth3", "probe": "refuse"}}'
for address in 192.168.18.10 192.168.18.13 192.168.18.14 192.168.18.20 2001:db8:18::13 2001:db8:18::20; do
    in_ns client ping -q -c 1 -W 1 "$address" >/dev/null || true
done
ip -n client neigh replace $v4 lladdr 02:00:00:00:00:99 dev eth0 nud stale
ip -n client neigh replace $v6 lladdr 02:00:00:00:00:99 dev eth0 nud stale
before=$(caches)
pve_ok 101 pre-start
capture free client eth0 'arp or icmp6'
pve_ok 101 pre-start
fence client free
capture_stop free
is "$ERR" "" "nobody answers: nothing is said"
is "$(askers free $v4)" "0.0.0.0 $(mac - eth3),192.168.18.13 $(mac - eth3)" "IPv4: asked by probes, and by requests from eth3's own address"
is "$(askers free $v6)" "2001:db8:18::13 $(mac - eth3)" "IPv6: asked by solicitations from eth3's own address"
is "$(sender_mac_inside free)" "$(mac - eth3)" "with eth3's own MAC"
is "$(captured_count free "(arp and arp[14:4] = arp[24:4]) or (icmp6 and ip6[40] = 136 and ether src $(mac - eth3))")" 0 "nothing is announced"
is "$(caches)" "$before" "the client's caches are as they were"

for address in $v4 $v6; do
    node add "$address"
    pve 101 pre-start
    is "$STATUS" 1 "another node answers for $address: the start is refused"
    like "$ERR" "$address is in use: $node_mac answers for it on eth3" "and it is said who does"
    is "$(caches)" "$before" "the client's caches are as they were"
    node del "$address"
done
pve_ok 101 pre-start
node add $v4
policy '{"defaults": {"announce": 0, "device": "eth3", "probe": "warn"}}'
pve 101 pre-start
is "$STATUS" 0 "warn: the guest may start"
like "$ERR" "$v4 is in use: $node_mac answers for it on eth3" "and it is said"
node del $v4

# Leftovers of our own are no reason: the guest's next event takes them.
policy '{"defaults": {"announce": 0, "device": "eth3", "probe": "refuse"}}'
for address in $v4 $v6; do
    ip neigh add proxy "$address" dev eth4
    pve 101 pre-start
    is "$STATUS" 0 "an entry for $address on another device of this host: the guest may start"
    like "$ERR" "eth4 of this host has an entry for $address" "and it is said"
    unlike "$ERR" "in use" "but not as if it were another machine's"
    node add "$address"
    pve 101 pre-start
    is "$STATUS" 1 "beside it another node's is still found"
    like "$ERR" "$address is in use: $node_mac answers" "and named"
    node del "$address"
done
pve 101 post-start
is "$(proxies 4) / $(proxies 6)" "$v4 eth3 / $v6 eth3" "the leftovers go"
pve 101 pre-start
is "$STATUS/$ERR" "0/" "an entry on the chosen device itself is nothing to be said"
pve_ok 101 post-stop

# ---- which address is the device's own ----------------------------------------------------------------------------------------

# A duplicate of the client's is not: all who heard it would send to us what is the client's.
ip -6 addr flush dev eth3 scope global
sysctl -q -w net.ipv6.conf.eth3.accept_dad=1 net.ipv6.conf.eth3.dad_transmits=1
ip -6 addr add 2001:db8:18::129/64 dev eth3
failed() { ip -j -6 addr show dev eth3 | jq -e 'any(.[].addr_info[]; .dadfailed)' >/dev/null; }
wait_for failed
ip -4 addr flush dev eth3
node add $v6
capture none client eth0 'arp or icmp6'
pve 101 pre-start
fence client none
capture_stop none
is "$STATUS" 1 "a device without an address of its own: IPv6's other node is found"
is "$(askers none $v4) / $(askers none $v6)" "0.0.0.0 $(mac - eth3) / :: $(mac - eth3)" "by what comes from nobody alone"
node del $v6
ip -6 addr flush dev eth3 scope global
ip addr add 192.168.18.13/24 dev eth3
ip -6 addr add 2001:db8:18::13/64 dev eth3 nodad
# Not of the guest's subnet: still its own.
ip addr add 203.0.113.5/32 dev eth3
ip addr del 192.168.18.13/24 dev eth3
capture host32 client eth0
pve 101 pre-start
fence client host32
capture_stop host32
is "$(askers host32 $v4)" "0.0.0.0 $(mac - eth3),203.0.113.5 $(mac - eth3)" "a host address will do"
ip addr del 203.0.113.5/32 dev eth3
ip addr add 192.168.18.13/24 dev eth3
policy '{"defaults": {"announce": 0, "device": "eth3"}}'

# ---- check --probe ------------------------------------------------------------------------------------------------------------

pve_ok 101 post-start
names_made 101
findings --probe
is "$FOUND" "" "a guest with one entry on one device: nothing is found"
for address in $v4 $v6; do
    ip -n client neigh flush to "$address" dev eth0
    ok "the client reaches the guest: $address" in_ns client ping -q -c 1 -W 1 "$address"
done
before=$(caches)
for address in $v4 $v6; do
    node add "$address"
    findings --probe
    is "$FOUND" "two-answers" "check: another node answers for $address, too"
    like "$(finding 0 what)" "^$address was asked for on eth[03]; answers came from ($node_mac, (and eth3 itself answers for it|eth3 \()|eth3 \([^)]*\), $node_mac)" "who does"
    is "$(finding 0 fix)" "" "nothing that runs here ends that"
    node del "$address"
done
is "$(caches)" "$before" "the client's caches are as they were"
ok "and it reaches the guest" in_ns client ping -q -c 1 -W 1 $v4
findings --probe
is "$FOUND" "" "gone with the node's entries"

# The host's own addresses, by IPv6.
ip -n node -6 addr add 2001:db8:18::14/64 dev eth0 nodad
findings --probe
is "$FOUND" "two-answers" "check: another node has eth4's address"
like "$(finding 0 what)" "2001:db8:18::14 was asked for on eth[034]; answers came from ($node_mac, (and eth4 itself holds it|eth4 \()|eth4 \([^)]*\), $node_mac)" "which is said"
ip -n node -6 addr del 2001:db8:18::14/64 dev eth0

for dev in eth0 eth4; do
    ip neigh add proxy $v4 dev $dev
    ip neigh add proxy $v6 dev $dev
done
findings --probe
is "$FOUND" "proxy-many" "entries on all three devices of this host are found"
like "$(finding 0 seen)" "for $v6, eth[034] answered" "and seen on the wire, where the kernel answers its own host"
while read -r command; do as_printed "$command"; done < <(jq -r '.findings[].fix' <"$TMP/admin.out")
findings --probe
is "$FOUND" "" "and gone by the commands"
is "$(proxies 4 | wc -w) $(proxies 6 | wc -w)" "2 2" "one entry of each is left"

# A machine that is just trying whether the address is free: only it may find out.
ns_add starting
veth starting eth0 02:18:00:00:00:88 lan starting 02:18:00:00:01:88
ip -n lan link set dev starting master switch
ip neigh del proxy $v6 dev eth0 2>/dev/null || ip neigh del proxy $v6 dev eth3
in_ns starting sysctl -q -w net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=100
ip -n starting -6 addr add $v6/64 dev eth0
state() { ip -n starting -j -6 addr show dev eth0 | jq -r --arg ip "$v6" '.[].addr_info[] | select(.local == $ip) | "\(.tentative) \(.dadfailed)"'; }
is "$(state)" "true null" "a machine tries an address"
capture trying client eth0 icmp6
findings --probe
fence client trying
capture_stop trying
like "$(askers trying $v6)" "2001:db8:18::1[034] " "check asks for it"
is "$(state)" "true null" "and ends nobody's duplicate address detection"

done_testing
