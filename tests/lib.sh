# shellcheck shell=bash
# What every net test stands on: private namespaces, TAP, the hook's caller, topologies and captured frames.
#
# Source it first:  . "$(dirname "$0")/../lib.sh"
# Nothing survives a test: devices, processes and files live in namespaces and on a tmpfs that die with it.

set -eEuo pipefail
shopt -s inherit_errexit

TESTS_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
GUESTARP_BUILD=$(realpath -m -- "${GUESTARP_BUILD:-$TESTS_DIR/../build}")
GUESTARP_WRAP=${GUESTARP_WRAP:-}
GUESTARP_MUST_RUN=${GUESTARP_MUST_RUN:-}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

# ---- TAP ----------------------------------------------------------------------------------------------------------

tap_count=0
tap_failed=0
tap_finished=

diag() {
    printf '%s\n' "$*" | sed 's/^/# /' >&2
}

skip_all() { # REASON: the whole file
    tap_finished=1
    if [ "$GUESTARP_MUST_RUN" = 1 ]; then
        printf '1..1\nnot ok 1 - must run: %s\n' "$1"
        exit 1
    fi
    printf '1..0 # SKIP %s\n' "$1"
    exit 0
}

plan() { # N, or nothing when done_testing ends the file
    printf '1..%s\n' "$1"
    tap_plan=$1
}

done_testing() {
    [ -n "${tap_plan:-}" ] || printf '1..%s\n' "$tap_count"
    tap_finished=1
    exit $((tap_failed > 0))
}

pass() { # DESC
    printf 'ok %s - %s\n' $((++tap_count)) "$1"
}

fail() { # DESC [DIAGNOSTICS]
    printf 'not ok %s - %s\n' $((++tap_count)) "$1"
    tap_failed=$((tap_failed + 1))
    local i=1
    while [ "${BASH_SOURCE[i]:-}" = "${BASH_SOURCE[0]}" ]; do i=$((i + 1)); done
    diag "${0##*/}:${BASH_LINENO[i - 1]}: failed: $1"
    [ $# -lt 2 ] || diag "$2"
}

ok() { # DESC COMMAND...
    local desc=$1
    shift
    if "$@" >"$TMP/ok.out" 2>&1; then
        pass "$desc"
    else
        fail "$desc" "command: $*"$'\n'"$(<"$TMP/ok.out")"
    fi
}

not_ok() { # DESC COMMAND...: the command must fail
    local desc=$1
    shift
    if "$@" >"$TMP/ok.out" 2>&1; then
        fail "$desc" "succeeded: $*"$'\n'"$(<"$TMP/ok.out")"
    else
        pass "$desc"
    fi
}

is() { # GOT WANT DESC
    if [ "$1" = "$2" ]; then pass "$3"; else fail "$3" "got:  $1"$'\n'"want: $2"; fi
}

isnt() { # GOT UNWANTED DESC
    if [ "$1" != "$2" ]; then pass "$3"; else fail "$3" "got what must not be: $1"; fi
}

like() { # GOT EXTENDED-REGEX DESC
    if [[ $1 =~ $2 ]]; then pass "$3"; else fail "$3" "got:  $1"$'\n'"want: $2"; fi
}

unlike() { # GOT EXTENDED-REGEX DESC
    if [[ $1 =~ $2 ]]; then fail "$3" "got:  $1"$'\n'"unwanted: $2"; else pass "$3"; fi
}

skip() { # REASON: one assertion that this machine cannot make
    if [ "$GUESTARP_MUST_RUN" = 1 ]; then
        fail "must run: $1"
    else
        printf 'ok %s # SKIP %s\n' $((++tap_count)) "$1"
    fi
}

require() { # PROGRAM...
    local program
    for program; do
        command -v "$program" >/dev/null || skip_all "no program $program"
    done
}

# GUESTARP_PATIENCE is by how much longer it is where all is slow.
wait_for() { # [-t SECONDS] COMMAND...: poll until it succeeds; fails when the time is over
    local limit=30 end
    if [ "$1" = -t ]; then
        limit=$2
        shift 2
    fi
    end=$((SECONDS + limit * ${GUESTARP_PATIENCE:-1}))
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

# ---- private namespaces ---------------------------------------------------------------------------------------------

# tests/system: a virtual machine that was made for it (its image has the file) is the test's as a whole.
WHOLE_MACHINE=
[ -z "${GUESTARP_SYSTEM:-}" ] || [ ! -e /etc/guestarp-system ] || WHOLE_MACHINE=1

# GUESTARP_INSIDE carries the outer network namespace, so a variable left in somebody's environment cannot make a test
# touch the machine's own devices.
if [ -z "${GUESTARP_INSIDE:-}" ] && [ -z "$WHOLE_MACHINE" ]; then
    namespaces=(-m -n -p)
    GUESTARP_ROOT_OUTSIDE=1
    if [ "$(id -u)" -ne 0 ]; then
        namespaces=(-m -r -u -n -p)
        GUESTARP_ROOT_OUTSIDE=
    fi
    unshare "${namespaces[@]}" --fork --kill-child --mount-proc true 2>/dev/null ||
        skip_all "no private namespaces here (unshare ${namespaces[*]})"
    GUESTARP_INSIDE=$(readlink /proc/self/ns/net)
    GUESTARP_UNIQUE=$$
    export GUESTARP_INSIDE GUESTARP_UNIQUE GUESTARP_ROOT_OUTSIDE GUESTARP_BUILD
    exec unshare "${namespaces[@]}" --fork --kill-child --mount-proc -- "$BASH" "$0" "$@"
fi
if [ -n "$WHOLE_MACHINE" ]; then
    GUESTARP_ROOT_OUTSIDE=1 GUESTARP_UNIQUE=$$
elif [ $$ -ne 1 ] || [ "$(readlink /proc/self/ns/net)" = "$GUESTARP_INSIDE" ]; then
    echo "GUESTARP_INSIDE is set, but this is no private namespace" >&2
    exit 1
fi

lib_on_exit() {
    local status=$?
    if [ -z "$tap_finished" ]; then
        diag "${0##*/}: ended before done_testing, status $status"
        exit $((status ? status : 1))
    fi
}
trap lib_on_exit EXIT
trap 'diag "${0##*/}:$LINENO: failed: $BASH_COMMAND"' ERR
trap 'exit 130' INT TERM HUP

if [ -z "$WHOLE_MACHINE" ]; then
    mount -t sysfs sysfs /sys
    mount -t tmpfs -o mode=0755 tmpfs /run
fi
umask 022
TMP=/run/test
ROOT=$TMP/root
[ -z "$WHOLE_MACHINE" ] || ROOT=
mkdir -p "$TMP" /run/netns

# A new network namespace inherits the machine's IPv4 values: give each test the kernel's own defaults.
kernel_defaults() {
    local key
    # Link-local addresses are there at once, rather than at some time during the test.
    {
        for key in rp_filter arp_ignore arp_announce arp_filter arp_notify arp_accept proxy_arp proxy_arp_pvlan log_martians forwarding; do
            printf '%s = 0\n' "net.ipv4.conf.all.$key" "net.ipv4.conf.default.$key"
        done
        printf '%s = 0\n' net.ipv6.conf.{all,default}.accept_dad net.ipv6.conf.default.router_solicitations
    } | sysctl -q -p -
    ip link set lo up
    # Entries without a device outlive every device, and their namespace: another one is born with them (Linux 6.18).
    while read -r key _; do ip neigh del proxy "$key"; done < <(ip -4 neigh show proxy | grep -v ' dev ' || true)
}
[ -n "$WHOLE_MACHINE" ] || kernel_defaults

# ---- the program under test -----------------------------------------------------------------------------------------

# GUESTARP_ROOT as a Proxmox VE node lays it out: /etc/pve/lxc and qemu-server are links into nodes/NAME.
if [ -z "$WHOLE_MACHINE" ]; then
    mkdir -p "$ROOT/etc/guestarp" "$ROOT/etc/pve/nodes/pve1/lxc" "$ROOT/etc/pve/nodes/pve1/qemu-server" "$ROOT/run" "$ROOT/var/lib/vz"
    ln -s nodes/pve1 "$ROOT/etc/pve/local"
    ln -s nodes/pve1/lxc "$ROOT/etc/pve/lxc"
    ln -s nodes/pve1/qemu-server "$ROOT/etc/pve/qemu-server"
    echo 0123456789abcdef0123456789abcdef >"$ROOT/etc/machine-id"
fi

policy() { # JSON: this host's /etc/guestarp/guestarp.json
    printf '%s\n' "$1" >"$ROOT/etc/guestarp/guestarp.json"
    chmod 0644 "$ROOT/etc/guestarp/guestarp.json"
}

guest_conf() { # VMID lxc|qemu-server LINE...: a guest that names guestarp as its hookscript
    local vmid=$1 kind=$2
    shift 2
    printf '%s\n' "hookscript: local:snippets/guestarp" "$@" >"$ROOT/etc/pve/$kind/$vmid.conf"
    chmod 0640 "$ROOT/etc/pve/$kind/$vmid.conf"
}

STATUS=0 OUT='' ERR=''

# The environment and descriptors that Proxmox VE gives a hookscript.
pve_exec() { # VMID PHASE [WORD...], to be run in a subshell or in the background
    local -a environment=(LC_ALL=C PATH=/sbin:/bin:/usr/sbin:/usr/bin "GUESTARP_ROOT=$ROOT" PVE_MIGRATED_FROM=)
    local -a wrap=()
    local name
    for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; do
        [ -z "${!name:-}" ] || environment+=("$name=${!name}")
    done
    read -ra wrap <<<"$GUESTARP_WRAP"
    exec env -i "${environment[@]}" timeout -k 5 60 ${wrap[@]+"${wrap[@]}"} "$GUESTARP_BUILD/guestarp-pve" "$@"
}

pve() { # VMID PHASE: runs the hook; sets STATUS, OUT and ERR
    STATUS=0
    (pve_exec "$@") </dev/null >"$TMP/hook.out" 2>"$TMP/hook.err" || STATUS=$?
    OUT=$(<"$TMP/hook.out")
    ERR=$(<"$TMP/hook.err")
}

pve_ok() { # VMID PHASE: the hook, which must succeed and say nothing on stdout
    pve "$@"
    if [ "$STATUS" -eq 0 ] && [ -z "$OUT" ]; then
        pass "$1 $2: exit status 0"
    else
        fail "$1 $2: exit status 0" "status $STATUS"$'\n'"stdout: $OUT"$'\n'"stderr: $ERR"
    fi
}

declare -A MONITOR_PID=()

# What LXC's monitor has for others: somebody listens on its abstract socket. lxc_make_abstract_socket_name(), as in 5.0.
lxc_monitor() { # NAME [LXCPATH]
    rm -f "$TMP/monitor.$1" # of one before: the file is emptied only when the new one runs
    # shellcheck disable=SC2016 # Perl's own
    perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die;
        bind($s, pack("Sa*", AF_UNIX, "\0$ARGV[0]")) && listen($s, 5) or die "$ARGV[0]: $!\n";
        print "listening\n"; close STDOUT; sleep' "${2:-/var/lib/lxc}/$1/command" >"$TMP/monitor.$1" </dev/null &
    MONITOR_PID[$1]=$!
    wait_for grep -q listening "$TMP/monitor.$1"
}

lxc_monitor_end() { # NAME
    kill "${MONITOR_PID[$1]}"
    wait "${MONITOR_PID[$1]}" 2>/dev/null || true
}

# guestarp-watch, until it has looked at everything or has ended; sets WATCH_PID. What it says is in $TMP/watch.out.
# shellcheck disable=SC2120 # net/watch.t gives it one
watch_start() { # [COMMAND...]: before it, such as strace
    GUESTARP_ROOT=$ROOT "$@" "$GUESTARP_BUILD/guestarp-watch" --foreground </dev/null >"$TMP/watch.out" 2>&1 &
    WATCH_PID=$!
    perl -I"$TESTS_DIR" -MWatch -e 'Watch::settled(shift)' "$WATCH_PID"
}

watch_idle() { # until it has handled all that has happened so far
    perl -I"$TESTS_DIR" -MWatch -e 'Watch::idle(shift)' "$WATCH_PID"
}

watch_stop() { # sets STATUS
    STATUS=0
    # Of a tracer the traced one; its own children, which announce, end by themselves.
    kill "$(perl -I"$TESTS_DIR" -MWatch -e 'print Watch::traced(shift)' "$WATCH_PID")" 2>/dev/null || true
    wait "$WATCH_PID" || STATUS=$?
}

record_exists() { # VMID
    [ -f "$ROOT/run/guestarp/pve-$1.json" ]
}

# ---- namespaces, devices, addresses -----------------------------------------------------------------------------------

# The host is the test's own network namespace, written "-"; every other one has a name.
in_ns() { # NS COMMAND...
    if [ "$1" = - ]; then
        shift
        "$@"
    else
        ip netns exec "$@"
    fi
}

ip_in() { # NS IP-ARGUMENTS...
    if [ "$1" = - ]; then
        shift
        ip "$@"
    else
        ip -n "$@"
    fi
}

ns_add() { # NS
    ip netns add "$1"
    in_ns "$1" bash -c "$(declare -f kernel_defaults); kernel_defaults"
}

veth() { # NS DEV MAC PEER-NS PEER-DEV PEER-MAC: both ends up
    local -a there=()
    [ "$4" = - ] || there=(netns "$4")
    ip_in "$1" link add "$2" address "$3" type veth peer name "$5" address "$6" ${there[@]+"${there[@]}"}
    ip_in "$1" link set "$2" up
    ip_in "$4" link set "$5" up
}

# A jq takes ten times as long as an ip: where a line of text has the answer, it is taken from there.
mac() { # NS DEV
    local address
    read -r _ _ address _ < <(ip_in "$1" -br link show dev "$2")
    printf '%s\n' "$address"
}

has_flag() { # DEV FLAG, as in: has_flag fwbr100i0 NOARP
    [[ $(ip -o link show dev "$1") =~ [\<,]$2[,\>] ]]
}

arp_value() { # DEV KEY: an IPv4 value of a device (dots in names are fine)
    cat "/proc/sys/net/ipv4/conf/$1/$2"
}

proxies() { # [4|6]: "address device" of every proxy entry, sorted, on one line
    ip "-${1:-4}" neigh show proxy | awk '{print $1, $2 == "dev" ? $3 : "*"}' | sort | paste -s -d , | sed 's/,/, /g'
}

neighbours_on() { # DEV: every neighbour entry of one device, in whatever state, but those for multicast
    ip -j neigh show dev "$1" nud all | jq -r '[.[] | select((.state // ["NONE"]) != ["NOARP"]) | .dst] | sort | join(" ")'
}

# The names in guestarp's table, sorted, on one line; those that are left alone begin with "!". "-" without a table.
# nft is the witness, not guestarp.
quiet_names() {
    nft -j list table arp guestarp 2>/dev/null | jq -r '[.nftables[] | select(.set) | .set | .name as $set | (.elem // [])[]
        | (if $set == "loud" then "!" else "" end) + tostring] | sort | join(" ")' || echo -
}

# Those of guest VMID as policy has them by default.
names_of() { # VMID
    echo "fwbr$1i* fwln$1i* fwln$1o* fwpr$1p* tap$1i* veth$1i*"
}

# Everything that guestarp could change, one fact a line, but for what the kernel itself learns.
kernel_state() {
    local dev
    { ip -j addr; ip -j route show table all; ip -j -4 neigh show proxy; ip -j -6 neigh show proxy; } | jq -c '.[] |
        if .addr_info then (.addr_info | map(select(.scope != "link"))) as $own | del(.addr_info), [.ifname, $own]
        else select(has("proxy") or (.dst | startswith("fe80") | not)) end'
    echo "names: $(quiet_names)"
    for dev in /sys/class/net/*; do [ ! -d "$dev" ] || echo "${dev##*/} $(<"$dev/addr_assign_type")"; done
    grep -rs . /proc/sys/net/ipv4/conf /proc/sys/net/ipv4/neigh /proc/sys/net/ipv6/conf /proc/sys/net/ipv6/neigh | sort || true
}

# The same with every record.
whole_state() {
    kernel_state
    find "$ROOT" -name '*.json' -path '*/run/*'
}

# The kernel tells of a link's carrier up to a second late (linkwatch), and tries addresses for duplicates. A bridge is of
# unknown state until its first port.
settled() {
    ip -j addr | jq -e '[.[].master] as $bridges | all(.[] | select(.flags | index("UP"));
        if .operstate == "UNKNOWN" then .ifname | IN($bridges[]) | not
        else (.operstate == "UP") == (.flags | contains(["LOWER_UP"])) end and all(.addr_info[]; .tentative | not))' >/dev/null
}

unchanged() { # BEFORE DESC [STATE]: what kernel_state, or STATE, says is what it said before
    local after
    after=$("${3:-kernel_state}")
    if [ "$after" = "$1" ]; then
        pass "$2"
    else
        printf '%s\n' "$1" >"$TMP/before"
        printf '%s\n' "$after" >"$TMP/after"
        fail "$2" "$(diff "$TMP/before" "$TMP/after" || true)"
    fi
}

# ---- Proxmox VE's devices ------------------------------------------------------------------------------

quiet_v6() { # DEV...
    local dev
    for dev; do
        sysctl -q -w "net/ipv6/conf/$dev/disable_ipv6=1"
    done
}

# Takes the firewall bridge away first, as tap_plug and tap_unplug do.
pve_cleanup() { # VMID N
    local dev
    for dev in "fwln$1i$2" "fwbr$1i$2"; do
        [ ! -e "/sys/class/net/$dev" ] || ip link delete dev "$dev"
    done
}

# Port PORT (tap or veth, default veth<vmid>i<n>) joins BRIDGE behind a new firewall bridge, in tap_plug's order.
# A third word after BRIDGE gives fwpr's MAC, which is random in the field.
pve_plug() { # VMID N BRIDGE [FWPR-MAC] [PORT]
    local vmid=$1 n=$2 bridge=$3 fwpr_mac=${4:-} port=${5:-veth$1i$2} key
    local fwbr=fwbr${vmid}i$n fwln=fwln${vmid}i$n fwpr=fwpr${vmid}p$n
    local -a peer_address=()
    [ -z "$fwpr_mac" ] || peer_address=(address "$fwpr_mac")
    pve_cleanup "$vmid" "$n"
    ip link add dev "$fwbr" type bridge
    quiet_v6 "$fwbr"
    ip link set dev "$fwbr" up mtu 1500
    for key in ageing_time stp_state priority forward_delay hello_time max_age multicast_snooping multicast_querier; do
        cat "/sys/class/net/$bridge/bridge/$key" >"/sys/class/net/$fwbr/bridge/$key" 2>/dev/null || true
    done
    ip link add dev "$fwln" mtu 1500 type veth peer name "$fwpr" mtu 1500 ${peer_address[@]+"${peer_address[@]}"}
    quiet_v6 "$fwln" "$fwpr"
    ip link set dev "$fwln" up
    ip link set dev "$fwpr" up
    ip link set dev "$fwpr" master "$bridge"
    ip link set dev "$fwln" master "$fwbr"
    quiet_v6 "$port"
    ip link set dev "$port" master "$fwbr"
}

pve_unplug() { # VMID N: what veth_delete and tap_unplug leave behind: nothing
    [ ! -e "/sys/class/net/veth$1i$2" ] || ip link set dev "veth$1i$2" nomaster
    pve_cleanup "$1" "$2"
}

guest_mac() { # VMID N: the MAC that the guest's configuration gives netN
    printf '02:9e:%02x:%02x:%02x:%02x\n' $((($1 >> 16) & 255)) $((($1 >> 8) & 255)) $(($1 & 255)) "$2"
}

# A container as LXC starts it: namespace ct<vmid>, its eth<n>, the host's end with first byte fe, then tap_plug.
ct_start() { # VMID N BRIDGE ADDRESS/LEN [FWPR-MAC]
    local vmid=$1 n=$2 bridge=$3 address=$4 ct=ct$1 guest host
    guest=$(guest_mac "$vmid" "$n")
    host=fe${guest#02}
    [ -e "/run/netns/$ct" ] || ns_add "$ct"
    veth - "veth${vmid}i$n" "$host" "$ct" "eth$n" "$guest"
    ip addr add 0.0.0.0/0 dev "veth${vmid}i$n"
    pve_plug "$vmid" "$n" "$bridge" "${5:-}"
    ip -n "$ct" addr add "$address" dev "eth$n"
    fence_prepare "$ct" "eth$n"
}

ct_stop() { # VMID N
    pve_unplug "$1" "$2"
    ip link delete dev "veth$1i$2"
}

# ---- topologies (drawn in tests/README.md) -------------------------------------------------------------------------------

UPLINK_MAC=02:0b:0b:00:00:01
OUTSIDE_MAC=02:0a:0a:00:00:02

# A bridge with the host's address and an uplink port eth0 to the namespace "outside".
topo_bridge() { # BRIDGE HOST-ADDRESS/LEN OUTSIDE-ADDRESS/LEN
    ns_add outside
    veth - eth0 "$UPLINK_MAC" outside eth0 "$OUTSIDE_MAC"
    ip link add dev "$1" type bridge
    quiet_v6 eth0
    ip link set dev eth0 master "$1"
    ip link set dev "$1" up
    ip addr add "$2" dev "$1"
    ip -n outside addr add "$3" dev eth0
    fence_prepare outside eth0
}

LAN_CLIENT_MAC=02:18:00:00:00:81

# A host with eth0, eth3 and eth4 in one LAN; the LAN's switch is a bridge in the namespace "lan"; a client at .129.
topo_multi() {
    local n
    ns_add lan
    ns_add client
    ip -n lan link add dev switch type bridge
    ip -n lan link set dev switch up
    veth client eth0 "$LAN_CLIENT_MAC" lan client 02:18:00:00:01:81
    ip -n lan link set dev client master switch
    for n in 0 3 4; do
        veth - "eth$n" "02:18:00:00:00:1$n" lan "port$n" "02:18:00:00:01:1$n"
        ip -n lan link set dev "port$n" master switch
        ip addr add "192.168.18.1$n/24" dev "eth$n"
        ip -6 addr add "2001:db8:18::1$n/64" dev "eth$n" nodad
        sysctl -q -w "net.ipv4.conf.eth$n.forwarding=1"
    done
    sysctl -q -w net.ipv6.conf.all.forwarding=1
    ip -n client addr add 192.168.18.129/24 dev eth0
    ip -n client -6 addr add 2001:db8:18::129/64 dev eth0 nodad
    fence_prepare client eth0
}

# A guest that is routed, not bridged: a veth with nothing but a host route, as vzctl's venet or a routed container has.
routed_guest() { # VMID IPV4 [IPV6]
    local vmid=$1 ct=ct$1 dev=veth$1i0 gateway=169.254.0.1
    ns_add "$ct"
    veth - "$dev" "fe$(guest_mac "$vmid" 0 | cut -c3-)" "$ct" eth0 "$(guest_mac "$vmid" 0)"
    sysctl -q -w "net.ipv4.conf.$dev.forwarding=1"
    ip addr add "$gateway/32" dev "$dev"
    ip route add "$2/32" dev "$dev"
    ip -n "$ct" addr add "$2/32" dev eth0
    ip -n "$ct" route add default via "$gateway" dev eth0 onlink
    if [ -n "${3:-}" ]; then
        ip -6 addr add fe80::1/64 dev "$dev" nodad
        ip -6 route add "$3/128" dev "$dev"
        ip -n "$ct" -6 addr add "$3/128" dev eth0 nodad
        ip -n "$ct" -6 route add default via fe80::1 dev eth0
    fi
}

# ---- frames ---------------------------------------------------------------------------------------------------------------

# tcpdump gives its rights away, which a namespace that knows one user only refuses: there strace stands in for the kernel.
run_tcpdump() {
    if [ -n "$GUESTARP_ROOT_OUTSIDE" ]; then
        exec tcpdump -Z root "$@"
    fi
    exec strace -D -qq -o /dev/null -e trace=setgroups -e inject=setgroups:retval=0 tcpdump -Z root "$@"
}

declare -A CAPTURE_PID=()

# Captures into $TMP/NAME.pcap until capture_stop. NS is a namespace that fence_prepare knows; fences are always captured.
capture() { # NAME NS DEV [FILTER], FILTER "arp" by default
    local name=$1 namespace=$2 dev=$3 filter=${4:-arp}
    rm -f "$TMP/$name.pcap"
    # -s: with the default length, tcpdump's buffer holds only a handful of frames, and a burst is lost.
    in_ns_exec "$namespace" -i "$dev" -s 256 -n -U --immediate-mode -w "$TMP/$name.pcap" "($filter) or $FENCE_FILTER" 2>"$TMP/$name.log" &
    CAPTURE_PID[$name]=$!
    # "listening" comes a moment before the first frame is taken.
    if ! wait_for grep -q '^tcpdump: listening on' "$TMP/$name.log" || ! wait_for capture_lives "$name" "$namespace"; then
        diag "tcpdump on $dev: $(<"$TMP/$name.log")"
        return 1
    fi
}

capture_lives() { # NAME NS
    fence_send "$2" 20000
    fence_seen "$1" 20000
}

in_ns_exec() { # NS TCPDUMP-ARGUMENTS...: becomes tcpdump, so that its process id is the caller's child
    local namespace=$1
    shift
    if [ "$namespace" = - ]; then
        run_tcpdump "$@"
    fi
    local -a words=(tcpdump -Z root)
    [ -n "$GUESTARP_ROOT_OUTSIDE" ] ||
        words=(strace -D -qq -o /dev/null -e trace=setgroups -e inject=setgroups:retval=0 tcpdump -Z root)
    exec ip netns exec "$namespace" "${words[@]}" "$@"
}

capture_stop() { # NAME...
    local name
    for name; do
        kill -INT "${CAPTURE_PID[$name]}"
        wait "${CAPTURE_PID[$name]}" || true
        unset "CAPTURE_PID[$name]"
        # "No frame from ..." must not pass because the frame was lost.
        if ! grep -q '^0 packets dropped by kernel' "$TMP/$name.log"; then
            fail "capture $name is whole" "$(<"$TMP/$name.log")"
        fi
    done
}

captured() { # NAME [FILTER]: the frames as text, one a line, fences left out
    (run_tcpdump -r "$TMP/$1.pcap" -n -e -t "(${2:-arp}) and not $FENCE_FILTER") 2>/dev/null
}

captured_count() { # NAME [FILTER]
    captured "$@" | wc -l
}

# A fence is a small UDP datagram to a MAC that nobody has: every bridge floods it and no host takes it. Frames keep their
# order, so once a capture shows the fence, whatever was sent or answered before it has been captured as well.
FENCE_MAC=02:fe:fe:fe:fe:fe
FENCE_FILTER="(ether dst $FENCE_MAC)"
fence_number=0

fence_prepare() { # NS DEV
    ip_in "$1" route replace 198.51.100.9/32 dev "$2"
    ip_in "$1" neigh replace 198.51.100.9 lladdr "$FENCE_MAC" dev "$2" nud permanent
}

fence() { # NS NAME...: send one and wait until each capture NAME has it
    local namespace=$1 name port=$((20000 + ++fence_number))
    shift
    fence_send "$namespace" "$port"
    for name; do
        wait_for fence_seen "$name" "$port"
    done
}

fence_send() { # NS PORT
    in_ns "$1" bash -c "echo >/dev/udp/198.51.100.9/$2"
}

fence_seen() { # NAME PORT
    [ -n "$( (run_tcpdump -r "$TMP/$1.pcap" -n "$FENCE_FILTER and udp dst port $2") 2>/dev/null)" ]
}

# A capture filter for frames with an ARP sender: MAC either in the Ethernet header or in ARP's own field.
arp_from() { # MAC
    local h
    h=${1//:/}
    printf 'arp and (ether src %s or (arp[8:4] = 0x%s and arp[12:2] = 0x%s))\n' "$1" "${h:0:8}" "${h:8:4}"
}

# Who said that ADDRESS is at its MAC: names, sorted, each once.
answerers() { # NAME ADDRESS
    local found
    captured "$1" 'arp and arp[6:2] = 2' | sed -n "s/.* Reply ${2//./\\.} is-at \([0-9a-f:]*\).*/\1/p" | sort -u |
        while read -r found; do mac_name "$found"; done | sort -u | paste -s -d ' '
}

# Exactly these devices said that ADDRESS is at their MAC.
answered_by() { # NAME ADDRESS "DEV..." DESC
    local got
    got=$(answerers "$1" "$2")
    if [ "$got" = "$3" ]; then
        pass "$4"
    else
        fail "$4" "answered by: $got"$'\n'"want:        $3"$'\n'"$(captured "$1")"
    fi
}

# Every MAC that sent an ARP frame: names, sorted, each once.
arp_senders() { # NAME
    local found
    captured "$1" arp | awk '{print $1}' | sort -u |
        while read -r found; do mac_name "$found"; done | sort -u | paste -s -d ' '
}

# A bridge has the MAC of one of its ports unless it is pinned; the bridge's name is the one that says something.
mac_name() { # MAC
    local dev address name=''
    for dev in /sys/class/net/*/; do
        dev=${dev%/}
        { read -r address <"$dev/address"; } 2>/dev/null || continue
        [ "$address" = "$1" ] || continue
        [ -n "$name" ] && [ ! -d "$dev/bridge" ] || name=${dev##*/}
        [ ! -d "$dev/bridge" ] || break
    done
    if [ -z "$name" ]; then
        case $1 in
        "$OUTSIDE_MAC") name=outside ;;
        "$LAN_CLIENT_MAC") name=client ;;
        02:9e:*) name=guest ;;
        *) name=$1 ;;
        esac
    fi
    printf '%s\n' "$name"
}

# One plain ARP request, broadcast; succeeds when somebody answers.
ask() { # NS DEV ADDRESS
    in_ns "$1" arping -q -f -b -c 1 -w 1 -I "$2" "$3"
}

# One probe as of RFC 5227 (sender 0.0.0.0); succeeds when somebody answers.
dad_probe() { # NS DEV ADDRESS
    ! in_ns "$1" arping -q -D -f -c 1 -w 1 -I "$2" "$3"
}

# How long the answers to N single requests took, in microseconds, one a line.
answer_times() { # NS DEV ADDRESS N
    local i
    for ((i = 0; i < $4; i++)); do
        in_ns "$1" arping -f -b -c 1 -w 2 -I "$2" "$3" || true
    done | sed -n 's/.*\] *\([0-9.]*\)ms$/\1/p' | awk '{printf "%d\n", $1 * 1000}'
}

median() {
    sort -n | awk '{v[NR] = $1} END {if (NR) print v[int((NR + 1) / 2)]}'
}

# ---- the kernel's log --------------------------------------------------------------------------------------------------

can_read_kernel_log() {
    [ -n "$GUESTARP_ROOT_OUTSIDE" ] && dmesg >/dev/null 2>&1
}

martian_lines() { # DEV [SINCE]: how many the log has now, of after that time of its own
    dmesg | sed -n "s/^\[ *\([0-9.]*\)\] .*martian source .* on dev $1\$/\1/p" |
        awk -v since="${2:-0}" '$1 > since {n++} END {print n + 0}'
}

log_time() { # of its last line
    dmesg | tail -n 1 | sed 's/^\[ *\([0-9.]*\)\] .*/\1/'
}

# A nine-digit VMID of this process alone: the kernel's log belongs to the whole machine.
unique_vmid() { # N from 0 to 9
    printf '%d\n' $((100000000 + (GUESTARP_UNIQUE % 4194304) * 10 + $1))
}
