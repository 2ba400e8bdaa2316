#!/bin/bash
# A proxy entry is there and its device stays silent all the same: the hook and status say why, in the same words. Whether the
# client gets an answer is the witness, before and after.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require tcpdump jq

v4=192.168.18.101
true_paths
multi_host
routed_guest 101 $v4
install_hook
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr9,ip=$v4/32,type=veth"
policy '{"defaults": {"announce": 0, "device": "eth3"}}'
sysctl -q -w net.ipv4.conf.eth3.rp_filter=0 net.ipv4.conf.all.rp_filter=0

start() {
    pve_ok 101 pre-start
    pve 101 post-start
    like "$(proxies 4)" "$v4 eth3" "${1:-}the entry is there"
}

silent() { # DESC WHY FIX: the device is made silent, and FIX is what ends it
    local desc=$1 why=$2
    shift 2
    pve_ok 101 post-stop
    start "$desc: "
    not_ok "$desc: the client gets no answer" ask client eth0 $v4
    like "$ERR" "eth3 will not answer for $v4: $why" "$desc: the hook says why"
    admin_is 1 "$desc: status has found something" status 101
    like "$(tr -s ' \n' ' ' <<<"$OUT")" "eth3 will not answer for $v4: $why" "$desc: and says the same"
    findings
    is "$FOUND $(finding 0 devices) $(finding 0 guests)" "proxy-silent eth3 pve/101" "$desc: check, too"
    like "$(finding 0 what)" "$v4 is to be answered for on eth3, but eth3 stays silent: $why" "$desc: in the same words"
    schema ok "$desc: as the schema says" check "$TMP/admin.out"
    "$@"
    ok "$desc: fixed, the client is answered" ask client eth0 $v4
    pve_ok 101 post-stop
    start "$desc, fixed: "
    unlike "$ERR" "will not answer" "$desc: fixed, the hook is content"
    admin_is 0 "$desc: so is status" status 101
    healthy "$desc: and check"
}

start
ok "the client is answered" ask client eth0 $v4
unlike "$ERR" "will not answer" "and the hook says nothing"

# The host's own packets to the LAN leave by eth0, so what the LAN sends to eth3 is refused.
sysctl -q -w net.ipv4.conf.eth3.rp_filter=1
silent rp_filter "routing refuses a packet from the neighbour" sysctl -q -w net.ipv4.conf.eth3.rp_filter=0

ip link set dev eth3 arp off
silent NOARP "ARP is off on it \(NOARP\)" ip link set dev eth3 arp on

in_ns lan ip link set dev port3 down
silent carrier "it has no carrier" in_ns lan ip link set dev port3 up

done_testing
