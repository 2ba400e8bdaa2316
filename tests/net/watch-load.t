#!/bin/bash
# guestarp-watch where very much happens: thousands of devices that concern nobody, news that is lost, a BGP daemon's routes, a
# firewall of 10,000 elements. In the end the guest is reached, and what concerns nobody does not wake it.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require ip jq nft perl strace

v4=192.168.18.101
topo_multi
for device in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.neigh.$device.proxy_delay=0"; done
# What guests' ports cost the kernel beside.
sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
routed_guest 101 $v4
policy '{"defaults": {"announce": 1}, "guests": {"101": {"device": "eth3"}}}'
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr1,hwaddr=$(guest_mac 101 0),ip=$v4/32,type=veth"
pve_ok 101 post-start

reached() { in_ns client ping -q -c 1 -W 1 "$v4" >/dev/null 2>&1; }
anew() { in_ns client ip neigh flush all; }
flap() {
    ip link set eth3 down
    ip link set eth3 up
    anew
}
strangers() { # COUNT: devices made and deleted, with a guest's device flapping in their midst
    perl -e 'for my $round (1 .. $ARGV[0] / 1000) {
        print map { "link add name x$_ group 7 type veth peer name y$_\nlink set y$_ group 7\nlink set x$_ up\n" } 1 .. 500;
        print "link del group 7\n";
    }' "$1" | ip -batch -
}
# Of the sockets of news: how much was lost.
lost() {
    # Not the files that it closes meanwhile.
    { find "/proc/$WATCH_PID/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null || true; } | tr -dc '0-9\n' |
        awk 'NR == FNR {mine[$1]; next} $NF in mine {sum += $9} END {print sum + 0}' - "/proc/$WATCH_PID/net/netlink"
}
told() { # KEY: of what it says of itself
    watch_idle
    GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" status --json | jq ".watch.$1"
}

watch_start
ok "the guest is reached" reached

# ---- a burst ---------------------------------------------------------------------------------------------------------------

strangers 5000 &
sleep 0.3
flap
ok "its device flaps among 5,000 devices that come and go: reached again" wait_for reached
wait $!
watch_idle
ok "and when all is over" reached
is "$(lost)" 0 "no news was lost"

# ---- news is lost ------------------------------------------------------------------------------------------------------------

kill -STOP "$WATCH_PID"
strangers 6000
flap
not_ok "it is stopped: the guest is cut off" reached
kill -CONT "$WATCH_PID"
ok "more came than the kernel keeps" test "$(lost)" -gt 0
ok "it looks at every guest: reached again" wait_for reached
watch_idle
is "$(grep -c 'up: .*proxy entry' "$TMP/watch.out")" 2 "each time it has bound the address once"

# ---- what concerns nobody -----------------------------------------------------------------------------------------------------

events=$(told events) lost=$(lost)
strace -qq -p "$WATCH_PID" -e trace=epoll_wait,epoll_pwait -o "$TMP/trace" &
tracer=$!
wait_for grep -q . "$TMP/trace"
perl -e 'for my $i (0 .. 199_999) { printf "route add 10.%d.%d.%d/32 dev eth0 proto bgp\n", 64 + ($i >> 16), $i >> 8 & 255, $i & 255 }' | ip -batch -
is "$(ip route show proto bgp | wc -l)" 200000 "a BGP daemon has loaded 200,000 routes"
for _ in 1 2; do
    perl -e 'print "flush ruleset inet\ntable inet own {\nset s { type ipv4_addr; elements = { ", join(", ", map { "10.$_" } map { int($_ / 256) . "." . $_ % 256 . ".1" } 0 .. 9999), " }\n}\n}\n"' | nft -f -
done
is "$(nft -j list set inet own s | jq '[.nftables[] | select(.set).set.elem[]] | length')" 10000 "nft has loaded 10,000 elements"
is "$(told events) $(lost)" "$events $lost" "it has heard of none of that"
kill "$tracer"
wait "$tracer" || true
is "$(grep -c ' = [1-9]' "$TMP/trace" || true)" 0 "nor was it woken, but by the clock"

watch_stop
is "$STATUS" 0 "it ends well"
done_testing
