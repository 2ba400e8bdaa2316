#!/bin/bash
# The hook's path: it dumps neither all links nor all neighbours, so a big host costs it nothing, and no child of it
# keeps the descriptors that Proxmox VE waits on, or needs them.

. "$(dirname "$0")/../lib.sh" || exit
require strace jq
strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"

v4=192.168.18.101 v6=2001:db8:18::101

topo_multi
routed_guest 102 $v4 $v6
ip link add vmbr0 type bridge
ip link set vmbr0 up
ip addr add 10.20.0.1/24 dev vmbr0
ct_start 101 0 vmbr0 10.20.0.101/24
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=$v4/32,ip6=$v6/128,type=veth"
policy '{"defaults": {"announce": 2}, "guests": {"101": {"device": "eth3"}},
    "devices": {"eth0": {"arp_ignore": 1, "arp_announce": 2}, "eth3": {"arp_ignore": 1, "arp_announce": 2}}}'

traced() { # NAME PHASE: the hook under strace; its messages end up in $TMP/NAME.strace
    GUESTARP_WRAP="strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -s 4096 -e trace=network,execve -o $TMP/$1.strace" pve 101 "$2"
}

# One line for each netlink request that was sent. (Debian's strace prints a request of several messages in one line.)
sent() { # NAME
    grep -E 'send(msg|to)\(.*nlmsg_type=RTM_' "$TMP/$1.strace" || true
}

messages() { # NAME [REGEX]: how many requests
    sent "$1" | grep -oE 'nlmsg_type=RTM_[A-Z]*' | grep -cE "${2:-.}" || true
}

# Dumps of anything but addresses, or of one device's neighbours by key.
forbidden_dumps() { # NAME
    sent "$1" | grep -E 'nlmsg_flags=[A-Z_|]*(NLM_F_DUMP|NLM_F_ROOT)' | grep -v 'nlmsg_type=RTM_GETADDR' |
        grep -vE 'nlmsg_type=RTM_GETNEIGH,.*NDA_IFINDEX' || true
}

# What came back, in bytes.
received() { # NAME
    awk '/recvmsg\(.*= [0-9]+$/ {sum += $NF} END {print sum + 0}' "$TMP/$1.strace"
}

everything() { # SUFFIX: all four phases of a guest that is bound and quieted
    local phase
    for phase in pre-start post-start pre-stop post-stop; do
        traced "$phase.$1" "$phase"
        is "$STATUS" 0 "$1 host, $phase: exit status 0 under strace"
        is "$(forbidden_dumps "$phase.$1")" "" "$1 host, $phase: no dump of all links, neighbours or routes"
    done
}

# What an unfiltered look at the host looks like in this counting, so that the counting is known to see it.
for what in 'link show' 'neigh show' 'neigh show proxy'; do
    # shellcheck disable=SC2086
    strace -f -qq -s 4096 -e trace=network -o "$TMP/control.strace" ip $what >/dev/null
    isnt "$(forbidden_dumps control)" "" "ip $what is seen as a dump"
done

# The host's own values and the bridge's MAC are written once only: both rounds are to find them in place.
pve_ok 101 pre-start
everything small
isnt "$(messages post-start.small)" 0 "post-start speaks netlink at all"
isnt "$(messages pre-start.small)" 0 "pre-start speaks netlink at all"
like "$(sent post-start.small | grep -F RTM_NEWNEIGH | grep -F "\"$v4\"")" 'ndm_ifindex=if_nametoindex\("eth3"\), ndm_state=NUD_PERMANENT, ndm_flags=NTF_PROXY' \
    "the IPv4 entry is asked for with NUD_PERMANENT, on eth3"
like "$(sent post-start.small | grep -F RTM_NEWNEIGH | grep -F "\"$v6\"")" 'ndm_ifindex=if_nametoindex\("eth3"\), ndm_state=NUD_PERMANENT, ndm_flags=NTF_PROXY' \
    "the IPv6 entry is asked for with NUD_PERMANENT, on eth3"
is "$(grep -c 'execve(' "$TMP/post-start.small.strace")" 1 "post-start starts no other program"

# A host with 200 more links, 2000 more proxy entries and 500 more neighbours.
{
    for ((i = 0; i < 100; i++)); do echo "link add big$i type veth peer name bigger$i"; done
    for ((i = 0; i < 2000; i++)); do echo "neigh add proxy 10.77.$((i / 250)).$((i % 250 + 1)) dev eth3"; done
    for ((i = 0; i < 250; i++)); do
        echo "neigh add 192.168.18.$i lladdr 02:00:00:00:00:$(printf %02x "$i") dev eth0 nud stale"
        echo "neigh add 10.20.0.$i lladdr 02:00:00:00:00:$(printf %02x "$i") dev vmbr0 nud stale"
    done
} | ip -force -batch - 2>/dev/null || true
pve_unplug 101 0
pve_plug 101 0 vmbr0
everything big
for phase in pre-start post-start pre-stop post-stop; do
    is "$(messages "$phase.big")" "$(messages "$phase.small")" "$phase: as many requests on a big host as on a small one"
    small=$(received "$phase.small") big=$(received "$phase.big")
    ok "$phase: the kernel's answers are as short there ($small bytes, then $big)" test "$big" -le $((small + small / 5))
done

# ---- the descriptors that Proxmox VE waits on ----------------------------------------------------------------------------

# Reading to the end of both pipes must not take longer than the hook itself.
pve 101 post-stop
mkfifo "$TMP/stdout" "$TMP/stderr"
(pve_exec 101 post-start) </dev/null >"$TMP/stdout" 2>"$TMP/stderr" &
hook=$!
cat "$TMP/stdout" >"$TMP/stdout.read" &
stdout_reader=$!
cat "$TMP/stderr" >"$TMP/stderr.read" &
stderr_reader=$!
wait $hook
wait $stdout_reader $stderr_reader

announcers() { # the processes that run the program still
    local exe
    for exe in /proc/[0-9]*/exe; do
        if [ "$(readlink "$exe" 2>/dev/null)" = "$GUESTARP_BUILD/guestarp-pve" ]; then
            exe=${exe#/proc/}
            echo "${exe%/exe}"
        fi
    done
}

if [ -n "$GUESTARP_WRAP" ]; then
    skip "under ${GUESTARP_WRAP%% *} the announcing child cannot be told by its program"
else
    child=$(announcers)
    isnt "$child" "" "both pipes ended although the child that announces again still lives"
    open=$(for pid in $child; do find "/proc/$pid/fd" -type l -printf '%f %l\n' 2>/dev/null; done)
    unlike "$open" '(^|[[:space:]])[012] (pipe:|/run/test/)' "it holds none of the hook's stdin, stdout and stderr"
    unlike "$open" 'pipe:' "and no other pipe"
    unlike "$open" '/run/guestarp/' "and no lock or record of guestarp"
    gone() { [ -z "$(announcers)" ]; }
    ok "it ends by itself" wait_for -t 20 gone
fi
is "$(<"$TMP/stdout.read")" "" "nothing on stdout"

# ---- called with stdin, stdout and stderr closed: no socket takes their numbers, and the child announces on its own -------

# Valgrind needs descriptors of its own.
if [ -z "$GUESTARP_WRAP" ]; then
    pve 101 post-stop
    capture closed client eth0
    (pve_exec 101 post-start) <&- >&- 2>&- || true
    announced_twice() {
        [ "$(captured closed | grep -cF "$v4 tell $v4")" = 2 ]
    }
    ok "all descriptors closed: it announces, and its child again" wait_for -t 20 announced_twice
    like ", $(proxies 4)," ", $v4 eth3," "and the entry is there"
    capture_stop closed
fi

done_testing
