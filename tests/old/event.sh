#!/bin/bash
# One guest's start, a second event and its stop, on a host where others have put entries everywhere. The argument is the
# kernel that the programs find: what it lacks must have shown, so that this is no test of a new one.

. "$(dirname "$0")/../lib.sh"
require jq arping nft
v4=192.168.18.101 v6=2001:db8:18::101


# What has to show in this.
declare -A lacking=(
    [2.6.32]='CLOSE_RANGE EXT_ACK FIB_MATCH LINK_BY_NAME NEIGH_GET OFD PROXY_LIST STRICT'
    [3.10]='CLOSE_RANGE EXT_ACK FIB_MATCH NEIGH_GET OFD STRICT'
    [3.16]='CLOSE_RANGE EXT_ACK FIB_MATCH NEIGH_GET STRICT'
    [4.9]='CLOSE_RANGE EXT_ACK FIB_MATCH NEIGH_GET STRICT'
    [4.18]='CLOSE_RANGE NEIGH_GET STRICT'
    [5.14]='KEPT'
)

state() { # entries, the host route, and the device's values
    echo "$(proxies 4) / $(proxies 6) / $(ip -j route show $v4/32 | jq -r '[.[] | "\(.dev) \(.protocol)"] | join(",")') / $(arp_value eth3 arp_ignore) $(arp_value eth3 arp_announce) $(</proc/sys/net/ipv4/neigh/eth3/proxy_delay)"
}

topo_multi
routed_guest 101 $v4 $v6
guest_conf 101 lxc "net0: name=eth0,ip=$v4/32,ip6=$v6/128,type=veth"
# The way to the guest leaves by its port already, and is no host route.
ip route del $v4/32 dev veth101i0
ip route add 192.168.18.100/31 dev veth101i0
policy '{"devices": {"eth3": {"arp_ignore": 1, "arp_announce": 2}}, "defaults": {"announce": 3}, "guests": {"101": {"device": "eth3", "route": "veth101i0"}}}'
for dev in eth0 eth4; do
    ip neigh add proxy $v4 dev $dev
    ip -6 neigh add proxy $v6 dev $dev
done

: >"$GUESTARP_BUILD/seen"
capture wire client eth0
mkfifo "$TMP/kept"
(cat "$TMP/kept" && touch "$TMP/closed") &
exec 9>"$TMP/kept"
pve 101 post-start
exec 9>&-
is "$STATUS $OUT" "0 " "post-start: exit status 0"
ok "the child that still announces keeps no descriptor" wait_for -t 2 test -e "$TMP/closed"
ok "and it still announces" pgrep -x guestarp-pve
unlike "$ERR" "not (supported|permitted)|[Ii]nvalid|Protocol" "and no word of what the kernel lacks"
is "$(state)" "$v4 eth3 / $v6 eth3 / veth101i0 static / 1 2 0" "entries on its device alone, a host route, values"
in_ns client arping -q -b -c 1 -w 2 -I eth0 $v4
fence client wire
capture_stop wire
answered_by wire $v4 eth3 "its device answers, and no other"
is "$(sort -u "$GUESTARP_BUILD/seen" | grep -xE "${lacking[$1]// /|}" | paste -s -d ' ')" "${lacking[$1]}" "it was a kernel $1"
pve 101 post-start
is "$STATUS $(state)" "0 $v4 eth3 / $v6 eth3 / veth101i0 static / 1 2 0" "once more: nothing else"
unlike "$ERR" "route|$v4" "and nothing of it was thought to be missing"

# Another event of the guest waits, and both do their work.
(pve_exec 101 post-start) >"$TMP/first" 2>&1 &
pve 101 post-start
is "$STATUS" 0 "two events at once"
ok "both end well" wait $!
pve 101 post-stop
is "$STATUS $(proxies 4) $(proxies 6) $(ip route show $v4/32)" "0   " "post-stop: nothing is left"
done_testing
