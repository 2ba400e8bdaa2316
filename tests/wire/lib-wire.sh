# shellcheck shell=bash
# Every wire of a host, watched from before a guest's first device until after its last. Source it instead of ../lib.sh,
# then lib-ct.sh or lib-vm.sh.
#
# The askers never stop: a host in each LAN and the guest itself ask for the host's address every 5 ms (ask.c). One
# program judges every ARP frame on every device (watch.c). WITH says who is called:
#   none      nobody, the guest is not managed
#   guestarp  the hookscript, LXC's hook by the package's drop-in, and `guestarp sync` once before any guest
#   nft       nobody, but an nftables set has the names of the guest's devices
# GUESTARP_WIRE_WITH=nft puts that set in guestarp's place, which shows that the test measures what it says.

# shellcheck source-path=SCRIPTDIR source=../lxc/lib-lxc.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lxc/lib-lxc.sh" || exit
require cc nft jq
WIRE_DIR=$TESTS_DIR/wire
WITH=none
VMID='' PORT=''

cc -std=gnu11 -D_GNU_SOURCE -O2 -static -o "$LXC_PROGRAMS/ask" "$WIRE_DIR/ask.c" || skip_all "no static ask"
cc -std=gnu11 -D_GNU_SOURCE -O2 -o "$LXC_PROGRAMS/watch" "$WIRE_DIR/watch.c" || skip_all "no watch"

# ---- the host and its two LANs -------------------------------------------------------------------------------------

# vmbrN has 192.168.N.1 and a MAC of its own, which no port changes; ethN is its uplink; in the LAN beyond, a host asks.
VMBR_MACS=(02:00:00:00:00:b0 02:00:00:00:00:b1)
VMBR_ANY=${VMBR_MACS[0]},${VMBR_MACS[1]}
LAN_MACS=(02:1a:00:00:00:02 02:1a:00:00:01:02)

wire_host() {
    local n
    for n in 0 1; do
        ns_add "lan$n"
        veth - "eth$n" "02:0b:0b:00:00:0$n" "lan$n" eth0 "${LAN_MACS[n]}"
        ip link add dev "vmbr$n" address "${VMBR_MACS[n]}" type bridge
        ip link set dev "eth$n" master "vmbr$n"
        ip link set dev "vmbr$n" up
        ip addr add "192.168.$n.1/24" dev "vmbr$n"
        ip -n "lan$n" addr add "192.168.$n.2/24" dev eth0
    done
}

# A proxied answer is delayed by up to 0.8 s, which a device may not live for: at once here.
prompt() { # DEV...
    local dev
    for dev; do sysctl -q -w "net/ipv4/neigh/$dev/proxy_delay=0"; done
}

# rp_filter and proxy_arp as an administrator sets them for all devices, those to come included. Proxy ARP needs
# forwarding.
wire_kernel() { # RP_FILTER PROXY_ARP
    local dev
    sysctl -q -w "net.ipv4.conf.all.forwarding=$2" "net.ipv4.conf.default.forwarding=$2" \
        "net.ipv4.conf.all.proxy_arp=$2" net.ipv4.conf.all.log_martians=1
    for dev in all default eth0 eth1 vmbr0 vmbr1; do
        sysctl -q -w "net.ipv4.conf.$dev.rp_filter=$1"
    done
    prompt eth0 eth1 vmbr0 vmbr1
}

# A VMID of this process alone, as the kernel's log belongs to the whole machine. Eight digits: a NIC that is plugged
# into a running container has one letter more for a moment, and nine digits leave no room for it.
wire_vmid() { # N from 0 to 9
    printf '%d\n' $((10000000 + (GUESTARP_UNIQUE % 4194304) * 10 + $1))
}

# ---- watch and askers ----------------------------------------------------------------------------------------------

watch_say() { # COMMAND...: sets SAID
    echo "$*" >&"${WATCH[1]}"
    read -r -u "${WATCH[0]}" SAID
}

watch_ok() { # COMMAND...: fails when nobody asks or answers any more
    watch_say "$@"
    [ "$SAID" = ok ] || {
        diag "$ROW_NAME: watch: $*: $SAID"
        return 1
    }
}

# Watches all devices and has both LANs ask for the host's address there and for the guest's. Who may say what: a vmbr
# has the host's addresses; with proxy ARP it also answers for hosts on the other side of it.
wire_begin() { # [ADDRESS=MAC...], see watch.c
    local n guest
    guest=$(guest_mac "$VMID" 0),$(guest_mac "$VMID" 1)
    coproc WATCH {
        exec "$LXC_PROGRAMS/watch" "+192.168.0.1=$VMBR_ANY" "+192.168.1.1=$VMBR_ANY" \
            "192.168.0.2=${LAN_MACS[0]},${VMBR_MACS[1]}" "192.168.1.2=${LAN_MACS[1]},${VMBR_MACS[0]}" \
            "192.168.0.100=$guest" "192.168.1.100=$guest" "$@"
    }
    watch_ok begin
    ASKERS=()
    for n in 0 1; do
        ip netns exec "lan$n" "$LXC_PROGRAMS/ask" -c "$TMP/lan$n.counts" eth0 "192.168.$n.2" \
            "192.168.$n.1=${VMBR_MACS[n]}" "192.168.$n.100=$guest" &
        ASKERS+=($!)
    done
    for n in 0 1; do
        watch_ok answered "eth$n" 5
        watch_ok steady "eth$n"
    done
}

wire_end() {
    local asker
    for asker in "${ASKERS[@]}"; do
        kill "$asker"
        wait "$asker" 2>/dev/null || true
    done
    # watch ends with its input.
    eval "exec ${WATCH[1]}>&-"
    wait "$WATCH_PID" || true
}

# What the LANs' own NICs have heard: "REQUESTS WRONG".
lan_heard() {
    awk '{requests += $1; wrong += $3} END {print requests, wrong}' "$TMP"/lan?.counts
}

# The path between guest and host is up: each of the next requests has exactly one right answer.
runs_on() { # [PORT [REQUESTS]]
    local port=${1:-$PORT}
    watch_ok answered "$port" 1
    watch_ok steady "$port"
    watch_ok answered "$port" "${2:-20}"
    watch_ok unsteady "$port"
}

# The guest's last device has gone; what is heard after that counts as well.
gone() { # REQUESTS of the LAN
    no_device "$PORT"
    watch_ok asked eth0 "$1"
}

# ---- rows: what one event did to the wires -------------------------------------------------------------------------

declare -A ROW=()
ROWS=()
ROW_NAME=

log_end() { # the newest line's time: the log is a ring, which others fill as well
    dmesg | sed -n '$s/^\[ *\([0-9.]*\)\].*/\1/p'
}

guest_martians() { # SINCE: lines about the guest's devices that are newer than that
    dmesg | awk -v since="$1" -v devices="dev (fwbr|fwln|fwpr|tap|veth)${VMID}[ip]" \
        '/martian/ && $0 ~ devices {gsub(/^\[ *|\].*/, ""); n += $0 + 0 > since + 0} END {print n + 0}'
}

# Runs an event and adds what the wires carried meanwhile to ROW[NAME,KEY].
row() { # NAME COMMAND...
    local name=$1 pair since
    shift
    ROW_NAME=$name
    [ -n "${ROW[$name,times]:-}" ] || ROWS+=("$name")
    since=$(log_end)
    watch_ok begin
    "$@"
    watch_say report
    for pair in times=1 martians=$(guest_martians "$since") $SAID; do
        if [[ $pair = from=* ]]; then
            ROW[$name,from]+=" ${pair#*=}"
        else
            ROW[$name,${pair%%=*}]=$((${ROW[$name,${pair%%=*}]:-0} + ${pair#*=}))
        fi
    done
}

# Which kinds of device answered wrongly: "fwbr 12, fwln 3".
row_from() { # NAME
    # shellcheck disable=SC2086 # words
    printf '%s\n' ${ROW[$1,from]//,/ } | awk -F: 'NF == 2 {sub(/[0-9]+[ip][0-9]+$/, "", $1); n[$1] += $2}
        END {for (d in n) printf "%s %d\n", d, n[d]}' | sort | paste -s -d, | sed 's/,/, /g'
}

row_text() { # NAME
    local key
    for key in times lan_requests lan_right lan_wrong guest_requests guest_right guest_wrong sent unanswered extra \
        martians dropped; do
        printf '%s %s, ' "$key" "${ROW[$1,$key]}"
    done
    echo "from: $(row_from "$1")"
}

# A line for tests/wire/table.
row_save() { # SCENARIO NAME
    local key
    [ -n "${GUESTARP_WIRE_RESULTS:-}" ] || return 0
    {
        printf '%s\t%s' "$1" "$2"
        for key in times lan_requests lan_wrong guest_requests guest_wrong unanswered extra martians; do
            printf '\t%s' "${ROW[$2,$key]}"
        done
        printf '\t%s\n' "$(row_from "$2")"
    } >>"$GUESTARP_WIRE_RESULTS"
}

# With nobody there the same events have wrong answers: a test that cannot fail proves nothing.
rows_are_wrong() { # DESC
    local name
    for name in "${ROWS[@]}"; do
        if [ $((${ROW[$name,lan_wrong]} + ${ROW[$name,guest_wrong]})) -gt 0 ]; then
            pass "$1: $name: there are wrong answers"
        else
            fail "$1: $name: there are wrong answers" "$(row_text "$name")"
        fi
    done
}

row_is_right() { # DESC NAME
    local key
    for key in lan_wrong guest_wrong sent unanswered extra martians dropped; do
        if [ "${ROW[$2,$key]}" != 0 ]; then
            fail "$1: $2: no wrong answer on any wire, one right answer each" "$(row_text "$2")"
            return
        fi
    done
    if [ "${ROW[$2,lan_requests]}" -lt $((10 * ${ROW[$2,times]})) ]; then
        fail "$1: $2: no wrong answer on any wire, one right answer each" "too few requests: $(row_text "$2")"
        return
    fi
    pass "$1: $2: no wrong answer on any wire, one right answer each"
}

rows_are_right() { # DESC
    local name
    for name in "${ROWS[@]}"; do row_is_right "$1" "$name"; done
}

# ---- Proxmox VE's devices, in tap_plug's order and with its pauses -------------------------------------------------

# These pauses are Proxmox VE's own: each step there is a child process and some Perl. Measured from its own code:
# fwln joins fwbr 91, 127, 193 ms (least, median, most) after fwbr was made, the port after 109,
# 150, 229; between fwpr and fwln some 20 ms. They are part of what is tested: wrong answers come in them.
pause() { # SECONDS
    sleep "$1"
}

# Which bridge and firewall a NIC has: in a file, as the programs that LXC and QEMU start read it, too.
nic_write() { # VMID N BRIDGE FIREWALL
    mkdir -p "$TMP/nics"
    echo "$3 $4" >"$TMP/nics/$1.$2"
}

tap_plug() { # VMID N PORT
    local fwbr=fwbr$1i$2 fwln=fwln$1i$2 fwpr=fwpr$1p$2 port=$3 bridge firewall
    read -r bridge firewall <"$TMP/nics/$1.$2"
    pve_cleanup "$1" "$2"
    if [ "$firewall" = 0 ]; then
        pause 0.02
        quiet_v6 "$port"
        ip link set dev "$port" master "$bridge"
        return
    fi
    ip link add dev "$fwbr" type bridge
    quiet_v6 "$fwbr"
    prompt "$fwbr"
    pause 0.02
    ip link set dev "$fwbr" up mtu 1500
    pause 0.03
    ip link add dev "$fwln" mtu 1500 type veth peer name "$fwpr" mtu 1500
    quiet_v6 "$fwln" "$fwpr"
    prompt "$fwln" "$fwpr" "$port"
    pause 0.02
    ip link set dev "$fwln" up
    ip link set dev "$fwpr" up
    pause 0.02
    ip link set dev "$fwpr" master "$bridge"
    pause 0.02
    ip link set dev "$fwln" master "$fwbr"
    pause 0.02
    quiet_v6 "$port"
    ip link set dev "$port" master "$fwbr"
}

tap_unplug() { # VMID N PORT
    [ ! -e "/sys/class/net/$3" ] || ip link set dev "$3" nomaster
    pve_cleanup "$1" "$2"
}

# What programs that LXC and QEMU start begin with.
wire_functions() {
    printf '#!/bin/bash\nset -eEuo pipefail\nTMP=%s\n' "$TMP"
    declare -f pause prompt quiet_v6 pve_cleanup tap_plug tap_unplug
}

# A running guest's NIC gets another firewall or bridge: tap_unplug, then tap_plug of the same port.
replug() { # VMID N PORT BRIDGE FIREWALL
    tap_unplug "$1" "$2" "$3"
    pause 0.02
    nic_write "$1" "$2" "$4" "$5"
    tap_plug "$1" "$2" "$3"
}

# ---- who is called -------------------------------------------------------------------------------------------------

managed() {
    [ "$WITH" = guestarp ]
}

hookscript() { # PHASE
    managed || return 0
    (pve_exec "$VMID" "$1") </dev/null >>"$TMP/hook.log" 2>&1 || diag "guestarp-pve $VMID $1: status $?"
}

guestarp() { # WORD...
    local -a wrap=()
    read -ra wrap <<<"$GUESTARP_WRAP"
    ${wrap[@]+"${wrap[@]}"} "$GUESTARP_BUILD/guestarp" "$@"
}

# The guest's configuration; a managed one names the hookscript.
wire_conf() { # lxc|qemu-server LINE...
    local kind=$1
    shift
    if managed; then
        guest_conf "$VMID" "$kind" "$@"
    else
        printf '%s\n' "$@" >"$ROOT/etc/pve/$kind/$VMID.conf"
    fi
}

# Before any guest starts, as the boot unit does.
host_boots() {
    case $WITH in
    guestarp)
        guestarp sync >>"$TMP/hook.log" 2>&1 || diag "guestarp sync: status $?: $(tail -n 3 "$TMP/hook.log")"
        ;;
    nft)
        nft delete table arp guestarp 2>/dev/null || true
        nft -f - <<END
table arp guestarp {
    set quiet { type ifname; flags interval; }
    chain input { type filter hook input priority 0; arp operation request iifname @quiet drop; }
}
END
        nft add element arp guestarp quiet "{ \"fwbr${VMID}i*\", \"fwln${VMID}i*\", \"fwpr${VMID}p*\",
            \"fwln${VMID}o*\", \"tap${VMID}i*\", \"veth${VMID}i*\" }"
        ;;
    esac
}

host_ends() {
    nft delete table arp guestarp 2>/dev/null || true
    rm -rf "$ROOT/run/guestarp"
    rm -f "$ROOT/etc/pve/lxc/$VMID.conf" "$ROOT/etc/pve/qemu-server/$VMID.conf"
}

# ---- scenarios -----------------------------------------------------------------------------------------------------

scenario_number=0

# A host with WITH and these values, and a guest that does not exist yet.
scenario_begin() { # pct|vm WITH RP_FILTER PROXY_ARP [ADDRESS=MAC...]
    local kind=$1 rp_filter=$3 proxy_arp=$4
    WITH=$2
    shift 4
    [ "$WITH" != guestarp ] || WITH=${GUESTARP_WIRE_WITH:-guestarp}
    ROW=() ROWS=()
    VMID=$(wire_vmid $((scenario_number % 10)))
    scenario_number=$((scenario_number + 1))
    : >"$TMP/hook.log"
    wire_kernel "$rp_filter" "$proxy_arp"
    wire_begin "$@"
    "${kind}_new"
    host_boots
}

scenario_end() {
    wire_end
    host_ends
}

# TIMES lives of a guest; rows are judged by the caller.
scenario() { # pct|vm WITH RP_FILTER PROXY_ARP TIMES
    local i name
    scenario_begin "$1" "$2" "$3" "$4"
    for ((i = 0; i < $5; i++)); do "$1_life"; done
    scenario_end
    for name in "${ROWS[@]}"; do
        row_save "$1"$'\t'"$2"$'\t'"$3"$'\t'"$4" "$name"
        [ -z "${GUESTARP_TEST_VERBOSE:-}" ] || diag "$1 $2 rp_filter $3 proxy_arp $4: $name: $(row_text "$name")"
    done
}
