#!/bin/bash
# Virtual machines on a watched host: a real QEMU, whose guest asks from its first moment on. In a whole life of events
# no firewall bridge answers on any wire, and each request that can reach the right bridge has exactly one answer.
#
# GUESTARP_WIRE_FULL=1, as tests/wire/table sets it: all values of the kernel on both sides, GUESTARP_WIRE_TIMES lives
# each (default 5).

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib-wire.sh" || exit
. "$(dirname "$0")/lib-vm.sh" || exit

missing=$(vm_missing)
[ -z "$missing" ] || skip_all "no virtual machine can be run here: $missing"
full=${GUESTARP_WIRE_FULL:-}
times=${GUESTARP_WIRE_TIMES:-$([ -n "$full" ] && echo 5 || echo 1)}

# Two lives show as much as twenty.
without() { # RP_FILTER PROXY_ARP
    scenario vm none "$1" "$2" $((times < 2 ? times : 2))
    rows_are_wrong "without guestarp, rp_filter $1, proxy_arp $2"
}

with() { # RP_FILTER PROXY_ARP [POLICY]
    local desc="guestarp, rp_filter $1, proxy_arp $2" requests wrong
    policy "${3:-{\}}"
    scenario vm guestarp "$1" "$2" "$times"
    rows_are_right "$desc"
    read -r requests wrong < <(lan_heard)
    is "$wrong" 0 "$desc: the LANs' own NICs have heard nothing wrong"
    isnt "$requests" 0 "$desc: and the LANs have asked"
}

wire_host

VM_REBOOTS=$full
without 0 0
VM_REBOOTS=1
with 0 0
VM_REBOOTS=$full
with 2 1 '{"guests": {"*": {}}}'
if [ -n "$full" ]; then
    without 2 0
    without 0 1
    without 2 1
    with 2 0
    with 0 1
fi

done_testing
