#!/bin/bash
# A new kernel pays nothing for the older ones: one guest's start, a second event and its stop take as many messages as before
# guestarp knew those, and none of the files and calls that stand in for what is lacking.

. "$(dirname "$0")/../lib.sh"
require strace jq
v4=192.168.18.101 v6=2001:db8:18::101

topo_multi
routed_guest 101 $v4 $v6
guest_conf 101 lxc "net0: name=eth0,ip=$v4/32,ip6=$v6/128,type=veth"
policy '{"devices": {"eth3": {"arp_ignore": 1, "arp_announce": 2}}, "defaults": {"announce": 0}, "guests": {"101": {"device": "eth3", "route": "veth101i0"}}}'

counted() { # PHASE MESSAGES DESC
    GUESTARP_WRAP="strace -qq -f -o $TMP/trace -e trace=sendmsg,sendto,openat,ioctl" pve 101 "$1"
    is "$STATUS $(grep -cE ' (sendmsg|sendto)\(' "$TMP/trace")" "0 $2" "$3: so many messages"
    is "$(grep -E '/proc/net/arp|/sys/class/net|"lock\.|ioctl' "$TMP/trace" || true)" "" "$3: nothing in place of them"
}

counted post-start 24 "start"
counted post-start 12 "a second event"
counted post-stop 3 "stop"
done_testing
