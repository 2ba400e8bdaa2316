#!/bin/bash
# What changes while an event of the guest is under way counts in the end, however slow that event is.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require ip jq strace

# Leaks cannot be looked for in a program that is traced.
export ASAN_OPTIONS=detect_leaks=0

topo_multi
ip link add vmbr0 address 02:00:00:00:00:b0 type bridge
ip link set vmbr0 up
ip addr add 10.20.0.1/24 dev vmbr0
ct_start 101 0 vmbr0 192.168.18.101/32
ip route add 192.168.18.101/32 dev vmbr0
ip -n ct101 route add default via 10.20.0.1 dev eth0 onlink
sysctl -q -w net.ipv4.conf.vmbr0.forwarding=1

nic() { printf 'net%s: name=eth%s,bridge=vmbr0,firewall=1,hwaddr=%s,ip=192.168.18.%s/32,gw=10.20.0.1,type=veth' "$1" "$1" "$(guest_mac 101 "$1")" "$2"; }
on() { policy '{"defaults": {"announce": 1}, "guests": {"101": {"device": "'"$1"'"}}}'; }

program() { # NAME WORD...: sets STATUS and ERR
    STATUS=0
    GUESTARP_ROOT=$ROOT timeout 60 "$GUESTARP_BUILD/$1" "${@:2}" </dev/null >"$TMP/out" 2>"$TMP/err" || STATUS=$?
    ERR=$(<"$TMP/err")
}

answers_from() { # ADDRESS "DEV..." DESC
    capture asked client eth0
    ask client eth0 "$1" || true
    fence client asked
    capture_stop asked
    answered_by asked "$1" "$2" "$3"
}

locked() { grep -q "OFDLCK.* [0-9a-f]*:[0-9a-f]*:$(stat -c %i "$ROOT/run/guestarp/lock") " /proc/locks; }

# ---- who gives up waiting --------------------------------------------------------------------------------------------------

guest_conf 101 lxc "$(nic 0 101)"
lxc_monitor 101
on eth3
pve_ok 101 pre-start
# The record is written after all has been read, and before anything is done.
(GUESTARP_WRAP='strace -f -qq -o /dev/null -e inject=renameat:delay_enter=14000000:when=1' pve_exec 101 post-start) </dev/null >"$TMP/slow" 2>&1 &
slow=$!
half_written() { [ -n "$(find "$ROOT/run/guestarp" -name '*.tmp')" ]; }
wait_for half_written
ok 'the slow one has read all, and holds the lock' locked
on eth4
program guestarp sync
like "$ERR" 'another event has not let go of pve-101.json for 10 s' 'sync says whom it has waited for in vain'
is "$STATUS" 3 'and that it could not do its work'
wait "$slow"
is "$?" 0 'the slow post-start ends well'
answers_from 192.168.18.101 eth4 'what sync was told holds when the slow one has ended'
ok 'the guest is reached through it' in_ns client ping -q -c 1 -W 1 192.168.18.101
is "$(find "$ROOT/run/guestarp" -name '*.again')" '' 'no mark is left'

# ---- a NIC whose line is written late -----------------------------------------------------------------------------------

watch_start
ct_start 101 1 vmbr0 192.168.18.102/32
ip route add 192.168.18.102/32 dev vmbr0
ip -n ct101 route add 192.168.18.129/32 via 10.20.0.1 dev eth1 onlink
wait_for has_flag fwbr101i1 NOARP
watch_idle
guest_conf 101 lxc "$(nic 0 101)" "$(nic 1 102)"
bound() { [[ " $(proxies 4) " == *" 192.168.18.102 eth4 "* ]]; }
wait_for -t 5 bound || true
answers_from 192.168.18.102 eth4 "the new NIC's address is answered for, though its line came late"
watch_stop
is "$STATUS" 0 'guestarp-watch ends well'

pve_ok 101 post-stop
is "$(proxies 4)" '' 'the guest stops: nothing is left'
lxc_monitor_end 101
done_testing
