# shellcheck shell=bash
# Proxmox VE's events as the facts describe them: who is called when, with which arguments and environment, and what happens to
# the devices. Source it instead of ../lib.sh.
#
# WITH says who listens: guestarp (hookscript, LXC's hook, guestarp-watch), or only one that tests/events/peers measures:
# hookscript (guestarp-pve alone), sysctl (the sysctl.d glob), nft (a rule on iifname).
# WATCH says when guestarp-watch runs: always, late (it is started when what Proxmox VE does has ended, and stopped) or never.
# MANAGED= makes every guest one that guestarp has nothing to do with.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh" || exit
EVENTS_DIR=$TESTS_DIR/events
WITH=${WITH:-guestarp} WATCH=${WATCH:-always} MANAGED=${MANAGED-1}

# ---- nodes ------------------------------------------------------------------------------------------------------------

# Each event has a world of its own, so that several can be under way at once (the kernel takes its time to delete devices):
# the network namespaces pve1 and pve2, one for all that is far away (guests, LAN), and a directory.
# /etc/pve/nodes is shared by both nodes, as pmxcfs does it.
NODE='' WORLD='' FAR=''
GATEWAY=10.20.0.1
UPLINK1_MAC=02:0b:0b:00:00:11
UPLINK0_MAC=02:0b:0b:00:00:10

node_root() { # NODE
    echo "$TMP/$1"
}

node_files() { # NODE: GUESTARP_ROOT
    local root nodes=$TMP/nodes
    root=$(node_root "$1")
    mkdir -p "$nodes/$1/lxc" "$nodes/$1/qemu-server" "$TMP/etc-guestarp" "$root/etc/pve" "$root/run" "$root/var/lib/vz"
    ln -s "$nodes" "$root/etc/pve/nodes"
    ln -s "$TMP/etc-guestarp" "$root/etc/guestarp"
    ln -s "nodes/$1" "$root/etc/pve/local"
    ln -s "nodes/$1/lxc" "$root/etc/pve/lxc"
    ln -s "nodes/$1/qemu-server" "$root/etc/pve/qemu-server"
    ln -s nodes/.version "$root/etc/pve/.version"
    echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
    written
}

# Any file of pmxcfs has changed, on whichever node.
written() {
    date +%N >"$TMP/nodes/.version"
}

world_new() { # NAME: sets WORLD, FAR and TMP; its files are looked at by the caller when it has ended
    WORLD=$1 FAR=far.$1 TMP=$TMP/$1
    mkdir -p "$TMP"
    ns_add "pve1.$1"
    ns_add "pve2.$1"
    ip netns add "$FAR"
    node_files pve1
    node_files pve2
}

world_end() { # NAME
    local namespace NODE
    for NODE in pve1 pve2; do TMP=$TMP/$1 node_watch_stop; done
    for namespace in pve1 pve2 far; do ip netns del "$namespace.$1"; done
    rm -rf "${TMP:?}/$1"
}

# Runs a function on a node.
on() { # NODE COMMAND...
    local node=$1
    shift
    if [ "$node" = "$NODE" ]; then
        "$@"
        return
    fi
    declare -p TMP TESTS_DIR EVENTS_DIR GUESTARP_BUILD GUESTARP_WRAP WITH WATCH MANAGED EVENT WORLD FAR GATEWAY \
        UPLINK0_MAC UPLINK1_MAC >"$TMP/variables.$node"
    # shellcheck disable=SC2016 # for the shell there
    in_ns "$node.$WORLD" env NODE="$node" ROOT="$(node_root "$node")" bash -c 'set -eEuo pipefail
        shopt -s inherit_errexit
        . "$1"
        . "$2"
        shift 2
        "$@"' - "$FUNCTIONS" "$TMP/variables.$node" "$@"
}

# vmbr0 and vmbr1 with an uplink each; vmbr1's guests are routed to, and eth3 is to answer for them; eth4 is beside it.
host_devices() {
    ip -batch - <<END
link add vmbr0 type bridge
link add eth0 address $UPLINK0_MAC type veth peer name $NODE.p0 netns $FAR
link set eth0 master vmbr0 up
link set vmbr0 up
addr add 192.168.0.1/24 dev vmbr0
link add eth3 address 02:18:00:00:00:13 type veth peer name $NODE.p3 netns $FAR
link set eth3 up
addr add 192.168.18.13/24 dev eth3
link add eth4 address 02:18:00:00:00:14 type veth peer name $NODE.p4 netns $FAR
link set eth4 up
addr add 192.168.18.14/24 dev eth4
addr add 2001:db8:18::13/64 dev eth3 nodad
END
    ip link add vmbr1 type bridge
    vmbr1_up
    ip -n "$FAR" -batch - <<END
link set $NODE.p0 up
link set $NODE.p3 up
link set $NODE.p4 up
END
    sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

vmbr1_up() {
    may_answer vmbr1
    ip -batch - <<END
link add uplink1 address $UPLINK1_MAC type veth peer name $NODE.p1 netns $FAR
link set uplink1 master vmbr1 up
link set vmbr1 up
addr add $GATEWAY/24 dev vmbr1
END
    may_answer uplink1
    ip -n "$FAR" link set "$NODE.p1" up
}

state() { # what the kernel of this node has beside its defaults, and the names that are quiet
    perl -I"$TESTS_DIR" -MState -e 'print State::text(shift), State::names()' "$ROOT"
}

# The host's devices, and an unmanaged container (199) that runs throughout, behind a firewall bridge.
node_boot() {
    local dev
    host_devices
    if [ "$WITH" = nft ]; then
        nft -f - <<'END'
table arp guests {
    chain input {
        type filter hook input priority filter
        iifname "fwbr*" drop
    }
}
END
    fi
    # guestarp.service, before any guest.
    sync
    [ "$WATCH" != always ] || node_watch_start
    conf 199 lxc "net0: $(net 199 0)"
    lxc_devices 199
    # A bridge's MAC follows its ports while they join: asked is only when all have.
    for dev in fwbr199i0 fwln199i0 veth199i0; do may_answer "$dev"; done
    lan_begins
    settle
    # The names of a node that boots once more are none of what is new on it.
    state | sed '/^name /d' >"$TMP/base.$NODE"
}

# The node dies and boots: its devices and its /run are new.
node_reboot() {
    local dev
    node_watch_stop
    for dev in /sys/class/net/*; do
        [ "${dev##*/}" = lo ] || printf 'link del %s\n' "${dev##*/}"
    done | ip -force -batch - 2>/dev/null || true
    rm -rf "$ROOT/run/guestarp"
    nft flush ruleset
    : >"$TMP/named.$NODE"
    lan_ends
    node_boot
}

# ---- the LAN beyond vmbr1's uplink -------------------------------------------------------------------------------------------

# From before the first guest until after the last somebody there asks for the gateway. What answers is to be vmbr1: with any
# MAC that it may have had, its own or a port's. The unmanaged guest's devices are none of guestarp's business.
watched() {
    [ -n "$MANAGED" ] && [ "$WITH" = guestarp ]
}

may_answer() { # DEV: with the MAC that it has now
    ! watched || cat "/sys/class/net/$1/address" >>"$TMP/may-answer.$NODE"
}

lan_begins() {
    watched || return 0
    ip netns exec "$FAR" "$EVENTS_DIR/lan-asks" "$NODE.p1" "$GATEWAY" 10.20.0.2 "$TMP/lan.$NODE" </dev/null >>"$TMP/lan.log" 2>&1 &
    echo $! >"$TMP/lan-asks.$NODE"
}

lan_ends() { # what it heard is added up
    [ -e "$TMP/lan-asks.$NODE" ] || return 0
    kill "$(<"$TMP/lan-asks.$NODE")"
    wait_for test -e "$TMP/lan.$NODE"
    cat "$TMP/lan.$NODE" >>"$TMP/heard.$NODE"
    rm "$TMP/lan.$NODE" "$TMP/lan-asks.$NODE"
}

lan_right() { # at the end of an event
    local node wrong
    for node in pve1 pve2; do
        [ -e "$TMP/lan-asks.$node" ] || continue
        on "$node" lan_ends
        wrong=$(awk 'NR == FNR {right[$1]; next} !($2 in right)' "$TMP/may-answer.$node" "$TMP/heard.$node")
        [ -z "$wrong" ] || echo "# $EVENT: the LAN beyond $node heard: $wrong"
        ok "$EVENT: the LAN beyond $node was answered" grep -qF "$UPLINK1_MAC" "$TMP/heard.$node"
    done
}

# The policy of both nodes.
# shellcheck disable=SC2120 # table.sh gives it an argument
events_policy() { # [JSON MEMBERS of 101]
    if [ -n "$MANAGED" ]; then
        policy '{"defaults": {"announce": 1}, "guests": {
            "101": {"device": "eth3", "route": "vmbr1"'"${1:+, $1}"'}, "200-209": {"device": "eth3", "route": "vmbr1"}}}'
    else
        policy '{"defaults": {"announce": 1, "device": "eth3"}, "guests": {"150": {"device": "eth3", "route": "vmbr1"}}}'
    fi
}

# ---- configurations --------------------------------------------------------------------------------------------------------

conf_path() { # VMID: on this node
    local kind
    for kind in lxc qemu-server; do
        if [ -e "$ROOT/etc/pve/$kind/$1.conf" ]; then
            echo "$ROOT/etc/pve/$kind/$1.conf"
            return
        fi
    done
    return 1
}

conf() { # VMID lxc|qemu-server LINE...
    local vmid=$1 kind=$2
    shift 2
    [ -z "$MANAGED" ] || [ "$vmid" = 199 ] || set -- "hookscript: local:snippets/guestarp" "$@"
    printf '%s\n' "$@" >"$ROOT/etc/pve/$kind/$vmid.conf.new"
    if [ -e "$ROOT/etc/pve/$kind/$vmid.conf" ]; then
        mv "$ROOT/etc/pve/$kind/$vmid.conf.new" "$ROOT/etc/pve/$kind/$vmid.conf"
        written
        return
    fi
    mv "$ROOT/etc/pve/$kind/$vmid.conf.new" "$ROOT/etc/pve/$kind/$vmid.conf"
    written
    attached "$vmid"
}

conf_moves() { # VMID lxc|qemu-server: to the other node
    mv "$ROOT/etc/pve/nodes/pve1/$2/$1.conf" "$ROOT/etc/pve/nodes/pve2/$2/"
    written
}

# A guest has its hookscript line by attach, and its names with it.
attached() { # VMID
    [ "$1" != 199 ] && watched || return 0
    run_program PATH=/usr/sbin:/usr/bin:/sbin:/bin -- guestarp attach "$1"
    names_come "$1"
}

# From then on they stay on that node, whatever the guest does, and so they do where its start found none.
names_come() { # VMID
    [ -z "$MANAGED" ] || echo "$1" >>"$TMP/named.$NODE"
}

names_go() { # VMID: it is not managed any more, or destroyed, and sync has seen it
    [ ! -e "$TMP/named.$NODE" ] || sed -i "/^$1\$/d" "$TMP/named.$NODE"
}

named() { # NODE
    local vmid
    [ "$WITH" = guestarp ] && [ -e "$TMP/named.$1" ] || return 0
    while read -r vmid; do
        printf 'name quiet %s\n' "fwbr${vmid}i*" "fwln${vmid}i*" "fwln${vmid}o*" "fwpr${vmid}p*" "tap${vmid}i*" "veth${vmid}i*"
    done < <(sort -u "$TMP/named.$1")
}

# netN of guest VMID is 192.168.18.VMID (plus 50 for net1), behind a firewall bridge in vmbr1 unless said otherwise.
number() { # VMID N
    echo $(($1 % 100 + ($1 < 200 ? 100 : 200) + 50 * $2))
}

net() { # VMID N [PROPERTY...]: a container's
    local vmid=$1 n=$2 number all=bridge=vmbr1,firewall=1
    shift 2
    number=$(number "$vmid" "$n")
    [ $# -eq 0 ] || all=$(IFS=,; echo "$*")
    echo "name=eth$n,$all,hwaddr=$(guest_mac "$vmid" "$n"),ip=192.168.18.$number/32,ip6=2001:db8:18::$number/128,gw=$GATEWAY,type=veth"
}

ct_conf() { # VMID [PROPERTY...]: a container with one NIC
    local vmid=$1
    shift
    conf "$vmid" lxc "arch: amd64" "hostname: ct$vmid" "net0: $(net "$vmid" 0 "$@")" "[snap1]" "net0: name=eth0,bridge=vmbr9,ip=192.0.2.99/24"
}

vm_net() { # VMID N [PROPERTY...]
    local vmid=$1 n=$2 all=bridge=vmbr1,firewall=1
    shift 2
    [ $# -eq 0 ] || all=$(IFS=,; echo "$*")
    echo "virtio=$(guest_mac "$vmid" "$n"),$all"
}

vm_ips() { # VMID N
    echo "ip=192.168.18.$(number "$1" "$2")/32,gw=$GATEWAY,ip6=2001:db8:18::$(number "$1" "$2")/128"
}

vm_conf() { # VMID [PROPERTY...]
    local vmid=$1
    shift
    conf "$vmid" qemu-server "boot: order=scsi0" "net0: $(vm_net "$vmid" 0 "$@")" "ipconfig0: $(vm_ips "$vmid" 0)" "[PENDING]" "net0: bad"
}

nics_of() { # VMID: "N BRIDGE FIREWALL LINK_DOWN", one NIC a line
    sed -n '/^\[/q; s/^net\([0-9]*\): /\1 /p' "${CONF:-$(conf_path "$1")}" | while read -r n rest; do
        bridge=${rest##*bridge=} firewall=0 down=0
        [[ $rest != *firewall=1* ]] || firewall=1
        [[ $rest != *link_down=1* ]] || down=1
        echo "$n ${bridge%%,*} $firewall $down"
    done
}

# ---- who is called -----------------------------------------------------------------------------------------------------------

# stderr of all of them goes to one file: what is said is looked at by other tests.
run_program() { # NAME=VALUE... -- PROGRAM ARGUMENT...
    local -a environment=(LC_ALL=C "GUESTARP_ROOT=$ROOT") wrap=()
    local name program
    while [ "$1" != -- ]; do
        environment+=("$1")
        shift
    done
    shift
    for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; do
        [ -z "${!name:-}" ] || environment+=("$name=${!name}")
    done
    read -ra wrap <<<"$GUESTARP_WRAP"
    program=$GUESTARP_BUILD/$1
    shift
    echo "$NODE: ${program##*/} $*" >>"$TMP/events.log"
    env -i "${environment[@]}" ${wrap[@]+"${wrap[@]}"} "$program" "$@" </dev/null >>"$TMP/events.log" 2>&1
}

hookscript() { # VMID PHASE [MIGRATED-FROM]: only where the configuration names it (1.1)
    case $WITH in guestarp | hookscript) ;; *) return 0 ;; esac
    grep -q '^hookscript:' "${CONF:-$(conf_path "$1")}" || return 0
    run_program PATH=/sbin:/bin:/usr/sbin:/usr/bin "PVE_MIGRATED_FROM=${3:-}" -- guestarp-pve "$1" "$2"
    [ "$2" != pre-start ] || names_come "$1"
}

lxc_hook() { # VMID start-host|post-stop [TARGET]
    [ "$WITH" = guestarp ] || return 0
    run_program "LXC_NAME=$1" LXC_HOOK_VERSION=0 "LXC_CONFIG_FILE=$ROOT/var/lib/lxc/$1/config" "LXC_TARGET=${3:-}" LXC_LOG_LEVEL=ERROR \
        -- guestarp-lxc "$1" lxc "$2"
}

sync() { # what guestarp.service calls, and the administrator
    [ "$WITH" = guestarp ] || return 0
    run_program PATH=/usr/sbin:/usr/bin:/sbin:/bin -- guestarp sync
}

# A device came. 99-systemd.rules has systemd-sysctl apply the glob net.ipv4.conf.fwbr*.arp_ignore = 1 to it.
came() { # DEV
    if [[ $WITH = sysctl && $1 = fwbr* ]]; then sysctl -q -w "net/ipv4/conf/$1/arp_ignore=1"; fi
}

# ---- guestarp-watch --------------------------------------------------------------------------------------------------------

node_watch_start() {
    [ "$WITH" = guestarp ] || return 0
    local -a wrap
    read -ra wrap <<<"$GUESTARP_WRAP"
    watch_start ${wrap[@]+"${wrap[@]}"}
    echo "$WATCH_PID" >"$TMP/watch.$NODE"
}

node_watch_stop() {
    [ -e "$TMP/watch.$NODE" ] || return 0
    kill "$(<"$TMP/watch.$NODE")"
    wait_for test ! -e "/proc/$(<"$TMP/watch.$NODE")/cwd"
    rm "$TMP/watch.$NODE"
}

# It has handled what has happened on this node; late, it is only here that it is started.
settle() {
    [ "$WITH" = guestarp ] || return 0
    case $WATCH in
    always) WATCH_PID=$(<"$TMP/watch.$NODE") watch_idle ;;
    late)
        node_watch_start
        node_watch_stop
        ;;
    esac
}

# ---- devices (3.2 to 3.4) --------------------------------------------------------------------------------------------------------

exists() { # DEV
    [ -e "/sys/class/net/$1" ]
}

port_new() { # PORT MAC: tap or veth; its other end is g<vmid>i<n> in the namespace "guests"
    local vmid=${1#[tv]*[ph]}
    ip link add dev "$1" type veth peer name "$NODE.g${vmid}" address "$2" netns "$FAR"
    [[ $vmid != 199* ]] || may_answer "$1"
    ip -n "$FAR" link set dev "$NODE.g${vmid}" up
}

port_gone() { # PORT
    ! exists "$1" || ip link delete dev "$1"
}

fw_cleanup() { # VMID N: $cleanup_firewall_bridge
    ! exists "fwln$1i$2" || ip link delete dev "fwln$1i$2"
    ! exists "fwbr$1i$2" || ip link delete dev "fwbr$1i$2"
}

tap_plug() { # VMID N PORT BRIDGE FIREWALL
    local fwbr=fwbr$1i$2 fwln=fwln$1i$2 fwpr=fwpr$1p$2 port=$3 bridge=$4
    fw_cleanup "$1" "$2"
    if [ "$5" = 0 ]; then
        quiet_v6 "$port"
        ip link set dev "$port" master "$bridge"
        return
    fi
    ip link add dev "$fwbr" type bridge
    [ "$1" != 199 ] || may_answer "$fwbr"
    came "$fwbr"
    quiet_v6 "$fwbr"
    ip link set dev "$fwbr" up mtu 1500
    ip link add dev "$fwln" mtu 1500 type veth peer name "$fwpr" mtu 1500
    may_answer "$fwpr"
    [ "$1" != 199 ] || may_answer "$fwln"
    quiet_v6 "$fwln" "$fwpr"
    ip -batch - <<END
link set dev $fwln up
link set dev $fwpr up
link set dev $fwpr master $bridge
link set dev $fwln master $fwbr
END
    quiet_v6 "$port"
    ip link set dev "$port" master "$fwbr"
}

tap_unplug() { # VMID N PORT
    ! exists "$3" || ip link set dev "$3" nomaster
    fw_cleanup "$1" "$2"
}

# ---- containers (1.2) ---------------------------------------------------------------------------------------------------------------

veth_plug() { # VMID N BRIDGE FIREWALL LINK_DOWN: LXC makes the pair, lxcnetaddbr plugs it
    local port=veth$1i$2
    port_new "$port" "$(guest_mac "$1" "$2")"
    ip link set dev "$port" up
    ip link set dev "$port" up mtu 1500
    ip addr add 0.0.0.0/0 dev "$port"
    if [ "$5" = 1 ]; then
        ip link set dev "$port" down
    else
        tap_plug "$1" "$2" "$port" "$3" "$4"
    fi
}

lxc_devices() { # VMID
    local n bridge firewall down
    while read -r n bridge firewall down; do
        veth_plug "$1" "$n" "$bridge" "$firewall" "$down"
    done < <(nics_of "$1")
}

# The unit's ExecStart: devices, start-host, init. No hookscript is called from here.
lxc_start() { # VMID
    lxc_devices "$1"
    lxc_hook "$1" start-host
    first_frame "$1"
}

# The monitor's end: its network, then the post-stop hooks, Proxmox VE's being one.
lxc_end() { # VMID stop|reboot
    local port
    for port in /sys/class/net/veth"$1"i*; do port_gone "${port##*/}"; done
    # Which of the two hooks comes first depends on the directory's order.
    [ "$WATCH" != always ] || lxc_hook "$1" post-stop "$2"
    poststop_hook "$1" "$2" || return 0
    [ "$WATCH" = always ] || lxc_hook "$1" post-stop "$2"
}

poststop_hook() { # VMID TARGET: fails on a reboot
    local n rest
    conf_path "$1" >/dev/null || return 0
    while read -r n rest; do
        port_gone "veth$1i$n"
        fw_cleanup "$1" "$n"
    done < <(nics_of "$1")
    [ "$2" != reboot ] || return 1
    hookscript "$1" post-stop
}

pct_start() { # VMID
    hookscript "$1" pre-start
    lxc_start "$1"
    hookscript "$1" post-start
    settle
}

pct_stop() { # VMID
    hookscript "$1" pre-stop
    lxc_end "$1" stop
    settle
}

# ---- virtual machines (1.3) -------------------------------------------------------------------------------------------------------------

tap_new() { # VMID N BRIDGE FIREWALL: pve-bridge
    port_new "tap$1i$2" "$(guest_mac "$1" "$2")"
    quiet_v6 "tap$1i$2"
    ip link set dev "tap$1i$2" up promisc on mtu 1500
    tap_plug "$1" "$2" "tap$1i$2" "$3" "$4"
}

tap_gone() { # VMID N: pve-bridgedown, then QEMU closes the device
    tap_unplug "$1" "$2" "tap$1i$2"
    port_gone "tap$1i$2"
}

qemu_start() { # VMID
    local n bridge firewall down
    while read -r n bridge firewall down; do
        tap_new "$1" "$n" "$bridge" "$firewall"
    done < <(nics_of "$1")
}

qemu_end() { # VMID
    local port
    for port in /sys/class/net/tap"$1"i*; do
        ! exists "${port##*/}" || tap_gone "$1" "${port##*i}"
    done
}

qm_start() { # VMID
    hookscript "$1" pre-start
    qemu_start "$1"
    first_frame "$1"
    hookscript "$1" post-start
    settle
}

qm_stop() { # VMID
    hookscript "$1" pre-stop
    qemu_end "$1"
    hookscript "$1" post-stop
    settle
}

# ---- what must hold -----------------------------------------------------------------------------------------------------------------------

quiet() { # VMID N...
    local vmid=$1 n
    shift
    for n; do printf '%s\n' "fwbr${vmid}i$n NOARP" "fwbr${vmid}i$n arp_ignore 1"; done
}

bound() { # VMID N...: on eth3, routed by vmbr1
    local vmid=$1 n number
    shift
    for n; do
        number=$(number "$vmid" "$n")
        printf '%s\n' "eth3 proxy 192.168.18.$number" "eth3 proxy 2001:db8:18::$number" "vmbr1 route 192.168.18.$number" \
            "vmbr1 route 2001:db8:18::$number"
    done
}

record() { # VMID...
    printf 'record pve-%s\n' "$@"
}

up() { # VMID: with one NIC, all that belongs to it
    quiet "$1" 0
    bound "$1" 0
    record "$1"
}

# What stays on the host once a managed guest was started: eth3 answers without delay, vmbr1 has its uplink's MAC for good.
host() {
    printf '%s\n' "eth3 proxy_delay 0" "eth3 proxy_delay_ipv6 0" "eth3 proxy_ndp 1" "vmbr1 pinned $UPLINK1_MAC"
}

# The facts on NODE beside those of a fresh one are exactly these; where guestarp-watch runs, or with SOON, within ten seconds.
expect() { # NODE DESC FACTS...
    local node=$1 desc=$2 want
    shift 2
    want=$(printf '%s\n' "$@" "$(named "$node")" | sed '/^$/d' | sort)
    [ -n "$MANAGED" ] || want=
    [ "$WITH" != guestarp ] || [ "${SOON:-}$WATCH" = never ] || [ "${SOON:-}$WATCH" = late ] || wait_for facts_are "$node" "$want" || true
    SOON=
    judge "$node" "$desc" "$(facts "$node")" "$want"
}

facts() { # NODE
    on "$1" state | sort | comm -13 <(sort "$TMP/base.$1") -
}

facts_are() { # NODE FACTS
    [ "$(facts "$1")" = "$2" ]
}

# tests/events/peers has its own.
judge() { # NODE DESC GOT WANT
    if [ "$3" = "$4" ]; then
        pass "$EVENT: $2"
    else
        fail "$EVENT: $2" "$1, - is missing, + is too much:"$'\n'"$(diff <(echo "$4") <(echo "$3") | sed -n 's/^</-/p; s/^>/+/p' || true)"$'\n'"$(tail -n 12 "$TMP/events.log")"
    fi
}

# The guest's first ARP request: as init or the vCPUs begin to run.
first_frame() { # VMID
    if [ -z "$MANAGED" ] || [ "$WITH" = nobody ]; then return 0; fi
    ! exists "fwbr$1i0" || echo "$1 $(wrong_answers "$1" 0)" >>"$TMP/first-frames"
}

# How often the firewall bridge answers the guest's two requests for its gateway, 0 to 2; "silence" when nobody does.
wrong_answers() { # VMID N
    local answers
    if ! answers=$(ip netns exec "$FAR" "$EVENTS_DIR/who-answers" "$NODE.g$1i$2" "$GATEWAY" 192.168.18.77); then
        echo silence
        return
    fi
    grep -cixF "$(<"/sys/class/net/fwbr$1i$2/address")" <<<"$answers" || true
}

# ---- events ---------------------------------------------------------------------------------------------------------------------------------

# What one event said, for the test that runs it: in its own process, so not as TAP yet.
said_pass() { # DESC
    echo "ok $1" >>"$TMP/said"
}

said_fail() { # DESC [DIAGNOSTICS]
    printf 'not ok %s\n' "$1" >>"$TMP/said"
    [ $# -lt 2 ] || printf '# %s\n' "${2//$'\n'/$'\n'# }" >>"$TMP/said"
}

# In the world's own namespaces and process.
event_inside() { # NAME
    pass() { said_pass "$@"; }
    fail() { said_fail "$@"; }
    : >"$TMP/events.log"
    : >"$TMP/first-frames"
    ROOT=$(node_root pve1)
    events_policy ""
    node_boot
    ! declare -f "event_$1" | grep -q pve2 || on pve2 node_boot
    "event_$1"
    event_over "$1"
}

# tests/events/peers has its own.
event_over() { # NAME
    first_frames_right
    lan_right
}

# Nobody meets a wrong answer from his first frame on.
first_frames_right() {
    local vmid wrong
    while read -r vmid wrong; do
        is "$wrong" 0 "$EVENT: no wrong answer to the first frame of $vmid"
    done <"$TMP/first-frames"
}

# Runs an event in a new world; what it said is in $TMP/WORLD.said then.
run_event() { # WORLD NAME
    local outside=$TMP
    local EVENT=$2 WITH=$WITH WATCH=$WATCH MANAGED=$MANAGED TMP=$TMP
    [ "$WITH" != guestarp ] || EVENT="$2 (${MANAGED:+watch $WATCH}${MANAGED:-unmanaged})"
    EVENT=${EVENT/%1)/)}
    world_new "$1"
    : >"$TMP/said"
    on pve1 event_inside "$2" >"$TMP/out" 2>&1 || said_fail "$EVENT: ended early" "$(tail -n 30 "$TMP/out" "$TMP/events.log")"
    mv "$TMP/said" "$outside/$1.said"
    TMP=$outside
    world_end "$1"
}

FUNCTIONS=$TMP/functions.sh
export FUNCTIONS
functions_save() { # once everything is defined
    declare -f >"$FUNCTIONS"
}
