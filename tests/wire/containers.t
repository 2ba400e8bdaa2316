#!/bin/bash
# Real containers on a watched host: in a whole life of events no firewall bridge answers on any wire, and each request
# that can reach the right bridge has exactly one answer. Without guestarp each of these events has wrong answers.
#
# GUESTARP_WIRE_FULL=1, as tests/wire/table sets it: all values of the kernel on both sides, GUESTARP_WIRE_TIMES lives
# each (default 5).

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib-wire.sh" || exit
. "$(dirname "$0")/lib-ct.sh" || exit

full=${GUESTARP_WIRE_FULL:-}
times=${GUESTARP_WIRE_TIMES:-$([ -n "$full" ] && echo 5 || echo 1)}

heard() { # DESC: the NICs in the LANs and in the container, as witnesses of their own
    local requests wrong
    read -r requests wrong < <(lan_heard)
    is "$wrong" 0 "$1: the LANs' own NICs have heard nothing wrong"
    isnt "$requests" 0 "$1: and the LANs have asked"
    is "$HEARD_WRONG" 0 "$1: the container's own NICs have heard nothing wrong"
}

without() { # RP_FILTER PROXY_ARP
    local desc="without guestarp, rp_filter $1, proxy_arp $2"
    scenario pct none "$1" "$2" "$times"
    rows_are_wrong "$desc"
    isnt "$HEARD_WRONG" 0 "$desc: the container's own NICs have heard wrong answers"
}

with() { # RP_FILTER PROXY_ARP ORDER [POLICY]
    local desc="guestarp, rp_filter $1, proxy_arp $2, $3"
    ORDER=$3
    policy "${4:-{\}}"
    scenario pct guestarp "$1" "$2" "$times"
    rows_are_right "$desc"
    heard "$desc"
}

# One line is enough, as all of this machine's namespaces share the kernel's limit of ten in five seconds.
martians_are_logged() {
    [ "$(guest_martians 0)" -gt 0 ]
}

wire_host

without 0 0
if [ -n "$full" ]; then
    without 2 0
    without 0 1
    without 2 1
fi

scenario_begin pct none 2 0
pct_start
ok "without guestarp, rp_filter 2: the kernel logs martian lines about the guest's devices" \
    wait_for -t 20 martians_are_logged
pct_stop
scenario_end

with 0 0 guestarp-first
with 2 0 pve-first
with 0 1 pve-first '{"guests": {"*": {}}}'
with 2 1 guestarp-first '{"guests": {"*": {}}}'
if [ -n "$full" ]; then
    with 0 0 pve-first
fi

done_testing
