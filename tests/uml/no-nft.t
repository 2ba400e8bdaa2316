#!/bin/bash
# A kernel that has nf_tables, and not for ARP: a firewall bridge is quiet from the moment when guestarp sees it, and both the hook
# and check say that it is no earlier.

# shellcheck source-path=SCRIPTDIR source=lib-uml.sh
. "$(dirname "$0")/lib-uml.sh"
require arping nft

not_ok "nft itself can make no table for ARP" nft add table arp other
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.101/24,type=veth"

all_findings() {
    (GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" check --json 2>/dev/null || true) |
        jq -r '[.findings[] | select(.id != "hook-missing") | "\(.id) \(.fix)"] | join(", ")'
}

pve_ok 101 pre-start
like "$ERR" "this kernel has no nf_tables for ARP" "the hook says it"
is "$(all_findings)" "no-nf_tables null" "so does check, which knows no command against it"
is "$(quiet_names)" - "no table is there"
ct_start 101 0 vmbr0 192.168.0.101/24 06:fe:00:00:01:01
capture before ct101 eth0
ask ct101 eth0 192.168.0.1
fence ct101 before
capture_stop before
answered_by before 192.168.0.1 "fwbr101i0 vmbr0" "before: the firewall bridge answers for the host, too"
pve_ok 101 post-start
capture after ct101 eth0
ok "the guest asks for the host" ask ct101 eth0 192.168.0.1
fence ct101 after
capture_stop after
answered_by after 192.168.0.1 vmbr0 "after post-start the real bridge alone answers"
is "$(all_findings)" "no-nf_tables null" "check finds nothing else"
sync_now
is "$STATUS" 0 "sync succeeds"
is "$(all_findings)" "no-nf_tables null" "and check says the same after it"

done_testing
