#!/bin/bash
# guestarp-watch: what no hook hears is right again by itself, seen on the wire: a device that is taken down and up, made anew or
# renamed, entries, names and policy that somebody changes, a guest that dies unheard. And it sleeps when nothing happens.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require ip jq nft strace arping tcpdump

export ASAN_OPTIONS=detect_leaks=0 # of what is traced
v4=192.168.18.101

topo_multi
for device in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.neigh.$device.proxy_delay=0"; done
ip link add vmbr0 address 02:00:00:00:00:b0 type bridge
ip link set vmbr0 up
ip addr add 10.20.0.1/24 dev vmbr0
sysctl -q -w net.ipv4.conf.vmbr0.forwarding=1
ct_start 101 0 vmbr0 $v4/32
ip route add $v4/32 dev vmbr0
ip -n ct101 route add default via 10.20.0.1 dev eth0 onlink
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,hwaddr=$(guest_mac 101 0),ip=$v4/32,gw=10.20.0.1,type=veth"
on() { # DEVICE: written as an editor does
    printf '{"defaults": {"announce": 1}, "guests": {"101": {"device": "%s"}}}\n' "$1" >"$ROOT/etc/guestarp/.new"
    mv "$ROOT/etc/guestarp/.new" "$ROOT/etc/guestarp/guestarp.json"
}

bound() { ip neigh show proxy dev "$1" | grep -q "${2:-$v4}"; } # DEV [ADDRESS]
unbound() { ! bound "$1"; }
reached() { in_ns client ping -q -c 1 -W 1 $v4 >/dev/null 2>&1; }
cut_off() { ! reached; }
answers_from() { # "DEV..." DESC
    capture asked client eth0
    ask client eth0 $v4 || true
    fence client asked
    capture_stop asked
    answered_by asked $v4 "$1" "$2"
}
anew() { in_ns client ip neigh flush all; }

restored() { # DESC [SECONDS]
    local i
    for ((i = 0; i < ${2:-5} * 20; i++)); do
        if reached; then
            pass "$1"
            return
        fi
        sleep 0.05
    done
    fail "$1" "$(proxies 4); $(<"$TMP/watch.out")"
}

on eth3
pve_ok 101 pre-start
pve_ok 101 post-start
ok "with its hooks alone: the guest is reached" reached
ip link set eth3 down
ip link set eth3 up
anew
ok "the device was taken down and up: nobody has heard of it" cut_off

# ---- what happened while it was away ----------------------------------------------------------------------------------------

watch_start
restored "when it starts it repairs what was lost before"
answers_from eth3 "by the chosen device alone"

# ---- devices ------------------------------------------------------------------------------------------------------------------

for _ in 1 2 3; do
    ip link set eth3 down
    ip link set eth3 up
    anew
    restored "down and up: back by itself"
done
answers_from eth3 "by the chosen device alone"
ip -n lan link set port3 down
wait_for sh -c '! ip link show eth3 | grep -q LOWER_UP'
ip neigh del proxy $v4 dev eth3 2>/dev/null || true # as kernels before 2025 do by themselves
ip -n lan link set port3 up
anew
restored "its carrier was lost: there again"
ip link set eth3 down
ip link set eth3 name eth33
ip link set eth33 up
on eth33
anew
restored "it has another name, and the policy the same"
answers_from eth33 "and it answers alone"
ip link set eth33 down
ip link set eth33 name eth3
on eth3
ip link set eth3 up
anew
restored "and back"

# ---- a network manager at work, and one that leaves it so ----------------------------------------------------------------------

silences() { grep -c "eth3 will not answer for $v4: forwarding is off" "$TMP/watch.out" || true; }
flaps_silent() {
    sysctl -q -w net.ipv4.conf.eth3.forwarding=0
    ip link set eth3 down
    ip link set eth3 up
}
flaps_silent
watch_idle
ok "the device came back without forwarding: nobody answers" cut_off
sysctl -q -w net.ipv4.conf.eth3.forwarding=1
anew
restored "forwarding is on again, soon after guestarp-watch has looked"
sleep 6
is "$(silences)" 0 "and nothing was said of it"
flaps_silent
wait_for sh -c "grep -q 'will not answer' '$TMP/watch.out'"
ok "it stays off: still nobody answers" cut_off
is "$(silences)" 1 "which is said"
sleep 6
is "$(silences)" 1 "once"
sysctl -q -w net.ipv4.conf.eth3.forwarding=1
anew
restored "until it is on again"

# ---- policy ---------------------------------------------------------------------------------------------------------------------

on eth4
wait_for bound eth4
anew
answers_from eth4 "another device is chosen: that one answers"
ok "the guest is reached by it" reached
printf '{"defaults": {"announce": 1}, "guests": {"101": {"device": "eth3"}},}}\n' >"$ROOT/etc/guestarp/guestarp.json"
sleep 1
ok "a policy with a mistake changes nothing" reached
on eth3
wait_for bound eth3

# ---- a device whose MAC is another ------------------------------------------------------------------------------------------------

eth3_made() {
    ip link add eth3 address 02:18:00:00:00:33 type veth peer name port3 address 02:18:00:00:01:13 netns lan
    ip -n lan link set port3 master switch up
    sysctl -q -w net.ipv4.conf.eth3.forwarding=1
    ip link set eth3 up
    ip addr add 192.168.18.13/24 dev eth3
}
anew
ok "the client knows eth3's MAC" reached
capture anew client eth0
ip link del eth3
eth3_made
knows() { [[ $(ip -n client neigh show to "$v4" dev eth0) == *" 02:18:00:00:00:33 "* ]]; }
ok "eth3 is made anew with another MAC: the client hears of it unasked" wait_for -t 5 knows
capture_stop anew
like "$(captured anew arp)" "02:18:00:00:00:33 > ff:ff:ff:ff:ff:ff.*who-has $v4 .*tell $v4," "by an announcement"
ok "and reaches the guest" reached

# ---- networking restarts: the device is gone for a while, and much else is told ---------------------------------------------------

missing() { grep -c 'device eth3 does not exist' "$TMP/watch.out" || true; }
eth3_gone() {
    ip link del eth3
    for _ in 1 2 3; do
        ip addr add 203.0.113.4/32 dev eth4
        ip addr del 203.0.113.4/32 dev eth4
        watch_idle
    done
}
eth3_gone
ok "without its device the guest is not answered for" cut_off
eth3_made
anew
restored "the device is there again"
sleep 6
is "$(missing)" 0 "and nothing was said of it"
eth3_gone
wait_for -t 10 grep -q 'device eth3 does not exist' "$TMP/watch.out"
is "$(missing)" 1 "it stays away: which is said"
sleep 6
is "$(missing)" 1 "once"
eth3_made
anew
restored "until it is there again"

# ---- what another node writes in pmxcfs -----------------------------------------------------------------------------------------

n=100
# What pmxcfs shows: one number more in .version for a guest's configuration alone, and that file is always of 1970. Times of
# the others are whole seconds.
pmxcfs() { # FILE TEXT
    printf '%s\n' "$2" >"$ROOT/etc/pve/$1"
    touch -d "@$(date +%s)" "$ROOT/etc/pve/$1"
    [[ $1 != *.conf ]] || n=$((n + 1))
    printf '{"starttime":1700000000,"clinfo":2,"vmlist":%d}\n' $n >"$ROOT/etc/pve/.version"
    touch -d @0 "$ROOT/etc/pve/.version"
}
conf() { # ADDRESS
    pmxcfs lxc/101.conf "hookscript: local:snippets/guestarp"$'\n'"net0: name=eth0,bridge=vmbr0,firewall=1,hwaddr=$(guest_mac 101 0),ip=$1/32,gw=10.20.0.1,type=veth"
}
conf $v4
sleep 2.5
ok "the configuration is written as it was: nothing changes" reached
conf 192.168.18.102
wait_for unbound eth3 || true
anew
ok "the guest has another address in its configuration: the former one is no longer answered for" cut_off
conf 192.168.18.103
wait_for bound eth3 192.168.18.103 || true
conf $v4
restored "and back, all within a few seconds"
printf '{"defaults": {"announce": 1}}\n' >"$ROOT/etc/guestarp/guestarp.json"
wait_for unbound eth3
pmxcfs guestarp.json '{"guests": {"101": {"device": "eth4", "announce": 1}}}'
anew
restored "the cluster's policy names a device: the guest is reached"
answers_from eth4 "by that one"
pmxcfs guestarp.json '{"guests": {"101": {"device": "eth3", "announce": 1}}}'
wait_for bound eth3 || true
anew
answers_from eth3 "it names another one: that one answers"
rm "$ROOT/etc/pve/guestarp.json"
on eth3
wait_for bound eth3

# ---- the policy's own directory --------------------------------------------------------------------------------------------------

choose() { # DEV DIR
    mkdir -p "$2"
    printf '{"guests": {"101": {"device": "%s", "announce": 1}}}\n' "$1" >"$2/guestarp.json"
}
answers_by() { # DEV DESC
    wait_for bound "$1" || true
    anew
    answers_from "$1" "$2"
}
choose eth4 "$TMP/new"
mv "$ROOT/etc/guestarp" "$TMP/old"
mv "$TMP/new" "$ROOT/etc/guestarp"
answers_by eth4 "/etc/guestarp is another directory: its policy holds"
choose eth3 "$ROOT/etc/guestarp"
answers_by eth3 "and is heard when it changes"
choose eth4 "$TMP/linked"
ln -s "$TMP/linked" "$TMP/link"
mv "$ROOT/etc/guestarp" "$TMP/old2"
mv -T "$TMP/link" "$ROOT/etc/guestarp"
answers_by eth4 "it is a link to another one: that one's holds"
rm "$ROOT/etc/guestarp"
choose eth4 "$ROOT/etc/guestarp"
answers_by eth4 "it is removed and made anew"
chmod go+w "$ROOT/etc/guestarp/guestarp.json"
choose eth3 "$ROOT/etc/guestarp"
wait_for grep -q "others can write it" "$TMP/watch.out"
anew
answers_from eth4 "others can write the policy: the last good one holds"
chmod go-w "$ROOT/etc/guestarp/guestarp.json"
answers_by eth3 "they no longer can: it holds"
on eth3

# ---- the table of names ---------------------------------------------------------------------------------------------------------

nft flush ruleset
wait_for sh -c 'nft list table arp guestarp 2>/dev/null | grep -q fwbr101i'
pass "nft flush ruleset: the names are there again"

# A port that is its guest's gateway was left alone by a name that is gone with the table.
guest_conf 202 lxc "net0: name=eth0,bridge=vmbr0,firewall=0,hwaddr=$(guest_mac 202 0),ip=10.22.0.2/24,gw=10.22.0.1,type=veth"
ns_add ct202
veth - veth202i0 02:ff:00:00:02:02 ct202 eth0 "$(guest_mac 202 0)"
ip addr add 10.22.0.1/24 dev veth202i0
ip -n ct202 addr add 10.22.0.2/24 dev eth0
printf '{"defaults": {"announce": 1}, "guests": {"*": {}, "101": {"device": "eth3"}}}\n' >"$ROOT/etc/guestarp/guestarp.json"
wait_for sh -c 'nft list table arp guestarp 2>/dev/null | grep -q veth202i'
gateway() { in_ns ct202 ip neigh flush all && in_ns ct202 ping -q -c 1 -W 1 10.22.0.1 >/dev/null; }
ok "a guest whose port is its gateway reaches it" gateway
nft flush ruleset
wait_for sh -c 'nft list table arp guestarp 2>/dev/null | grep -qF "fwbr9*"'
ok "after nft flush ruleset, too" gateway
ip link del veth202i0
find "$ROOT/etc/pve/" -name 202.conf -delete
on eth3
wait_for sh -c '! nft list table arp guestarp 2>/dev/null | grep -qF "fwbr9*"'

# ---- a network reload makes a bridge anew --------------------------------------------------------------------------------------

ip link set fwpr101p0 nomaster
ip link del vmbr0
ip link add vmbr0 type bridge
ip link set vmbr0 up
ip addr add 10.20.0.1/24 dev vmbr0
sysctl -q -w net.ipv4.conf.vmbr0.forwarding=1
ip link set fwpr101p0 master vmbr0
ip route replace $v4/32 dev vmbr0
pinned() { [ "$(cat /sys/class/net/vmbr0/addr_assign_type)" = 3 ]; }
ok "its MAC is pinned when its ports are there" wait_for pinned
anew
restored "the guest is reached"

# ---- records are gone ------------------------------------------------------------------------------------------------------------

# What it says of itself may come in between.
wait_for rm -rf "$ROOT/run/guestarp"
wait_for sh -c "grep -qs $v4 '$ROOT/run/guestarp/pve-101.json'"
ip link set eth3 down
ip link set eth3 up
anew
restored "somebody has removed all records, and the device flaps: back all the same"

# ---- entries: put back, but not for ever ----------------------------------------------------------------------------------------

ip neigh del proxy $v4 dev eth3
anew
restored "an entry that somebody has deleted is back" 40
ip neigh del proxy $v4 dev eth3
anew
restored "once more" 40
# A look that another event has asked for may have put it back, too, and does not count.
left_alone() { grep -q 'third time within a minute: left alone' "$TMP/watch.out"; }
fought() {
    local i n
    for n in 3 4; do
        ip neigh del proxy "$v4" dev eth3
        for ((i = 0; i < 400; i++)); do
            ! left_alone || return 0
            ! proxies 4 | grep -q "$v4 eth3" || break
            sleep 0.1
        done
        diag "deleted $n times"
    done
    return 1
}
ok "the third time within a minute it says so" fought
anew
ok "and leaves it" cut_off
pve_ok 101 post-start
ok "the guest's own event binds it again" reached

# ---- a guest that dies unheard, and one that comes ---------------------------------------------------------------------------------

ct_stop 101 0
wait_for unbound eth3
pass "its devices are gone, no hook was called: its entry is removed"
ct_start 101 0 vmbr0 $v4/32
ip route replace $v4/32 dev vmbr0
ip -n ct101 route add default via 10.20.0.1 dev eth0 onlink
anew
restored "it is started by nobody's hook: bound"

# ---- at rest -----------------------------------------------------------------------------------------------------------------------

is "$(grep -vc '^guestarp: ' "$TMP/watch.out" || true)" 0 "it says lines of its own alone"
watch_stop
is "$STATUS" 0 "SIGTERM ends it well"
watch_start strace -f -tt -e trace=epoll_wait,sendmsg,sendto -o "$TMP/trace"
wait_for grep -q epoll_wait "$TMP/trace"
sleep 3
: >"$TMP/trace"
sleep 12
watch_stop
waits=$(grep -c 'epoll_wait.*= 0' "$TMP/trace" || true)
if [ "$waits" -ge 4 ] && [ "$waits" -le 8 ]; then pass "nothing happens: it wakes every 2 s"; else fail "nothing happens: it wakes every 2 s" "$waits times in 12 s"; fi
ct_stop 101 0
pve_ok 101 post-stop
watch_start strace -f -tt -e trace=epoll_wait -o "$TMP/trace"
wait_for grep -q epoll_wait "$TMP/trace"
sleep 2
: >"$TMP/trace"
sleep 6
is "$(grep -c 'epoll_wait.*= 0' "$TMP/trace" || true)" 0 "no guest runs: it does not wake at all"
watch_stop

done_testing
