#!/bin/bash
# One report for each cause: what many devices have in common is one finding, and its one command is right for all of them.
# What only looks alike stays apart. Who answers is captured before and after.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq arping tcpdump nft

true_paths
stand_ins

# Which devices answer NS, who asks for the address by a request and by a probe.
answer() { # NS ADDRESS WANT DESC
    capture asked "$1" eth0
    ask "$1" eth0 "$2" || true
    dad_probe "$1" eth0 "$2" || true
    fence "$1" asked
    capture_stop asked
    answered_by asked "$2" "$3" "$4"
}

reached() { # NS ADDRESS
    in_ns "$1" ping -q -c 3 -i 0.2 -W 1 "$2" 2>/dev/null | grep -q ' [1-3] received'
}

# Each guest, whatever it has learned, and then with nothing learned.
all_reach() { # DESC VMID...
    local desc=$1 vmid lost=''
    shift
    for vmid; do
        reached "ct$vmid" 192.168.0.1 || lost+=" $vmid"
        in_ns "ct$vmid" ip neigh flush all
        reached "ct$vmid" 192.168.0.1 || lost+=" $vmid (asking anew)"
    done
    is "$lost" "" "$desc: every guest reaches the host"
    ok "$desc: and the first one the last" reached "ct$1" "192.168.0.$vmid"
}

bridges() { # VMID...: as answered_by names them, sorted, with vmbr0
    printf 'fwbr%si0\n' "$@" | cat - <(echo vmbr0) | sort | paste -s -d ' '
}

# ---- three firewall bridges ------------------------------------------------------------------------------------------------

fresh_host
bridge_host
for vmid in 101 102 103; do bridged_guest $vmid loud; done
answer outside 192.168.0.1 "$(bridges 101 102 103)" "three guests' firewall bridges answer"
findings --probe
is "$FOUND" bridge-answers "three: one finding"
is "$(finding 0 devices)/$(finding 0 guests)" "fwbr101i0 fwbr102i0 fwbr103i0/pve/101 pve/102 pve/103" "with all devices and guests"
like "$(finding 0 what)" "^Bridges fwbr101i0, fwbr102i0 and fwbr103i0 in front of guests pve/101, pve/102 and pve/103 have" "all three are named"
is "$(finding 0 permanent)" "guestarp manage pve/101 pve/102 pve/103" "what keeps it so, for all of them"
ok "its command works" as_printed "$(finding 0 fix)"
answer outside 192.168.0.1 vmbr0 "after that the real bridge alone answers"
healthy "three, fixed" --probe
all_reach "three, fixed" 101 102 103

# ---- thirty ------------------------------------------------------------------------------------------------------------------

for vmid in 101 102 103; do ip link set dev "fwbr${vmid}i0" arp on; done
for vmid in $(seq 104 130); do bridged_guest "$vmid" loud; done
read -ra vmids < <(seq -s ' ' 101 130)
answer outside 192.168.0.1 "$(bridges "${vmids[@]}")" "thirty guests' firewall bridges answer the LAN"
answer ct117 192.168.0.1 "$(bridges "${vmids[@]}")" "and a guest"
findings --probe
is "$FOUND" bridge-answers "thirty: one finding"
is "$(finding 0 devices)" "$(printf 'fwbr%si0 ' "${vmids[@]}" | sed 's/ $//')" "it has every device"
is "$(finding 0 guests)" "$(printf 'pve/%s ' "${vmids[@]}" | sed 's/ $//')" "and every guest"
is "$(finding 0 fix)" "guestarp manage $(printf 'pve/%s ' "${vmids[@]}" | sed 's/ $//')" "one command names them all"
is "$(finding 0 permanent)" "" "which keeps it so"
like "$(finding 0 seen)" "fwbr1..i0 answered; [1-9][0-9]* more seen$" "they were seen on the wire"
schema ok "thirty: the schema" check "$TMP/admin.out"
fix=$(finding 0 fix)
admin check
like "$(paste -s -d ' ' <<<"$OUT" | tr -s ' ')" "Bridges fwbr101i0, fwbr102i0 and 28 more in front of guests pve/101, pve/102 and 28 more have no address" "in words, too"
is "$(tail -n 1 <<<"$OUT")" "1 finding, 30 devices, 30 guests" "and they are counted"
is "$(awk 'length($0) > 80 && !/^ *fix: /' <<<"$OUT")" "" "at most 80 columns, but for the command"
ok "its command works" as_printed "$fix"
answer outside 192.168.0.1 vmbr0 "after that the real bridge alone answers the LAN"
answer ct117 192.168.0.1 vmbr0 "and a guest"
healthy "thirty, fixed" --probe
all_reach "thirty, fixed" "${vmids[@]}"

# Their names are lost: two findings, one line.
nft flush ruleset
answer outside 192.168.0.1 "$(bridges "${vmids[@]}")" "after nft flush ruleset they answer again"
findings
is "$FOUND" "bridge-answers quiet-table" "two findings"
admin check
is "$(tail -n 3 <<<"$OUT")" "2 findings, 30 devices, 30 guests
One line fixes 2 of them (1, 2):
    guestarp sync" "and one line for both, at the end"
ok "it works" as_printed "$(tail -n 1 <<<"$OUT")"
answer outside 192.168.0.1 vmbr0 "after that the real bridge alone answers"
healthy "by one line" --probe

# ---- what looks alike and is not ------------------------------------------------------------------------------------------------

# One guest is managed, and its names are lost; nobody manages the other. What fixes the one does nothing for the other.
fresh_host
bridge_host
bridged_guest 101
bridged_guest 102 loud
nft delete table arp guestarp
sysctl -q -w net.ipv4.conf.fwbr101i0.arp_ignore=0
ip link set dev fwbr101i0 arp on
findings
is "$FOUND" "bridge-answers bridge-answers quiet-table" "a managed guest and one that is not: two findings"
sync=$(jq -r '[.findings[] | select(.guests == ["pve/101"])][0].fix' "$TMP/admin.out")
is "$sync" "guestarp sync" "the managed one needs no more than sync"
ok "it works" as_printed "$sync"
answer outside 192.168.0.1 "fwbr102i0 vmbr0" "and the other one still answers"
found_and_fixed bridge-answers fwbr102i0 pve/102 "the other one's finding has its own command"
answer outside 192.168.0.1 vmbr0 "after that the real bridge alone answers"

# A policy that leaves firewall bridges alone: it is not enough to be managed.
fresh_host
bridge_host
bridged_guest 101 loud
policy '{"defaults": {"firewall_bridge": "leave"}}'
findings
is "$FOUND" bridge-answers "firewall_bridge is leave: found"
is "$(finding 0 permanent)" $'in "guests" of /etc/guestarp/guestarp.json, then guestarp sync:\n"pve/101": { "firewall_bridge": "quiet" },' \
    "permanent is a line of the policy"
policy '{"defaults": {"firewall_bridge": "leave"}, "guests": {"pve/101": { "firewall_bridge": "quiet" }}}'
ok "with it sync works" as_printed "guestarp sync"
healthy "firewall_bridge is leave, but not for this guest"

# Cards on two wires: what is said of one wire is not so on the other.
fresh_host
topo_multi
ns_add lan2
ns_add client2
ip -n lan2 link add dev switch type bridge
ip -n lan2 link set dev switch up
veth client2 eth0 02:06:00:00:00:81 lan2 client 02:06:00:00:01:81
ip -n lan2 link set dev client master switch
for n in 5 6; do
    veth - "eth$n" "02:06:00:00:00:1$n" lan2 "port$n" "02:06:00:00:01:1$n"
    ip -n lan2 link set dev "port$n" master switch
    ip addr add "10.6.0.1$n/24" dev "eth$n"
done
ip -n client2 addr add 10.6.0.129/24 dev eth0
fence_prepare client2 eth0
answer client 192.168.18.13 "eth0 eth3 eth4" "three cards on one wire answer for each other"
answer client2 10.6.0.15 "eth5 eth6" "two on another"
findings --probe
is "$FOUND" "host-flux host-flux" "two wires: two findings"
is "$(jq -r '[.findings[].devices | sort | join(" ")] | sort | join("/")' "$TMP/admin.out")" "eth0 eth3 eth4/eth5 eth6" "each with its own cards"
permanent=$(jq -r '.findings[] | select(.devices | index("eth5")) | .permanent' "$TMP/admin.out")
ok "one command works" as_printed "$(jq -r '.findings[] | select(.devices | index("eth0")) | .fix' "$TMP/admin.out")"
for n in 0 3 4; do answer client "192.168.18.1$n" "eth$n" "after that each card of that wire answers for itself: eth$n"; done
answer client2 10.6.0.15 "eth5 eth6" "and on the other wire it is as before"
# The permanent form, pasted where its first line says.
is "${permanent%%$'\n'*}" "in /etc/sysctl.d/90-guestarp.conf:" "its permanent form is lines of a file"
sed 1d <<<"$permanent" >/etc/sysctl.d/90-guestarp.conf
ok "which are read as they are" sysctl -q -p /etc/sysctl.d/90-guestarp.conf
for n in 5 6; do answer client2 "10.6.0.1$n" "eth$n" "with them each card answers for itself: eth$n"; done
healthy "two wires" --probe
ok "the first wire is reached" reached client 192.168.18.13
ok "and the second" reached client2 10.6.0.16

# ---- entries of many guests ------------------------------------------------------------------------------------------------------

fresh_host
multi_host
sysctl -q -w net.ipv4.neigh.default.gc_thresh3=4096 2>/dev/null || true
for vmid in $(seq 151 158); do
    multi_guest "$vmid"
    for dev in eth0 eth3; do ip neigh add proxy "192.168.18.$vmid" dev $dev; done
done
answer client 192.168.18.155 "eth0 eth3" "two cards answer for each guest"
findings
is "$FOUND" proxy-many "eight guests: one finding"
is "$(finding 0 guests | wc -w)" 8 "with all of them"
is "$(grep -o 'ip neigh del proxy' <<<"$(finding 0 fix)" | wc -l)" 8 "one line for all eight"
like "$(finding 0 permanent)" "^guestarp device pve/151 eth0 && guestarp apply pve/151 && .* && guestarp apply pve/158$" "and what keeps it so"
permanent=$(finding 0 permanent)
ok "it works" as_printed "$(finding 0 fix)"
for vmid in 151 155 158; do answer client "192.168.18.$vmid" eth0 "after that one card answers for guest $vmid"; done
healthy "eight guests"
ok "the permanent one works, too" as_printed "$permanent"
is "$(jq -r '[.guests[].device] | unique | join(" ")' /etc/guestarp/guestarp.json)" eth0 "which is policy for all of them"
answer client 192.168.18.158 eth0 "and one card still answers"
healthy "eight guests, permanently"

sysctl -q -w net.ipv4.conf.eth0.forwarding=0
findings
is "$FOUND" proxy-no-forwarding "a card that does not forward is one finding, however many guests it is to answer for"
is "$(finding 0 devices) $(finding 0 guests | wc -w)" "eth0 8" "with its guests"
found_and_fixed proxy-no-forwarding eth0 "$(printf 'pve/%s ' $(seq 151 158) | sed 's/ $//')" "its command"
answer client 192.168.18.155 eth0 "after that it answers"

done_testing
