#!/bin/bash
# `guestarp check --log`: real martians, each with its cause in words, what ends it, and that it does. dmesg is the witness for
# how many lines there are. The log is the whole machine's, so each device has a name that no other test's has.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq arping

true_paths

refused "one of --probe, --listen and --log" "two looks at once" check --log --probe
refused "usage: guestarp check" "a word too many" check --log eth0

if ! can_read_kernel_log; then
    admin_is 3 "a log that cannot be read is said" check --log
    like "$ERR" "^guestarp: the kernel's log, /dev/kmsg: " "in one line"
    skip "the kernel's log cannot be read here"
    done_testing
fi

vmid=$(unique_vmid 0)
bridge=br${vmid} other=ot${vmid} fwbr=fwbr${vmid}i0

# The log explained; those about one device are left. Sets FOUND, OUT.
explained() { # DEVICE
    admin check --log --json
    jq --arg device "$1" '.findings |= map(select(.devices == [$device]))' <"$TMP/admin.out" >"$TMP/of-device" &&
        cp "$TMP/of-device" "$TMP/admin.out"
    OUT=$(<"$TMP/admin.out")
    take_findings
}

logged() { # DEVICE COMMAND...: until the kernel has logged a line, which it does ten times in 5 s for the whole machine
    local device=$1 before
    shift
    before=$(martian_lines "$device")
    one_more() {
        "$@" >/dev/null 2>&1 || true
        [ "$(martian_lines "$device")" -gt "$before" ]
    }
    wait_for -t 30 one_more "$@"
}

# ---- a firewall bridge is asked by ARP ------------------------------------------------------------------------------------

topo_bridge "$bridge" 192.168.0.1/24 192.168.0.2/24
ip link set dev "$bridge" address "$UPLINK_MAC"
ct_start "$vmid" 0 "$bridge" 192.168.0.100/24
guest_conf "$vmid" lxc "net0: name=eth0,bridge=$bridge,firewall=1,ip=192.168.0.100/24,type=veth"
sed -i '/^hookscript:/d' "$ROOT/etc/pve/lxc/$vmid.conf"
sysctl -q -w net.ipv4.conf.all.rp_filter=2 "net.ipv4.conf.$fwbr.log_martians=1"
ok "the kernel logs the guest's question" logged "$fwbr" ask "ct$vmid" eth0 192.168.0.1
explained "$fwbr"
is "$FOUND/$STATUS" "bridge-martians/1" "a firewall bridge that is asked: bridge-martians, status 1"
is "$(finding 0 guests) $(finding 0 mac)" "pve/$vmid $(guest_mac "$vmid" 0)" "in front of whom, and who asks"
like "$(finding 0 what)" "192.168.0.100 asks for 192.168.0.1" "for what"
like "$(finding 0 seen)" "^$(martian_lines "$fwbr") lines?, .*ARP" "as many lines as dmesg has"
schema ok "its JSON is as its schema says" check "$TMP/admin.out"
is "$(finding 0 permanent)" "guestarp manage pve/$vmid" "permanent: guestarp"
policy "{\"guests\": {\"$vmid\": {\"firewall_bridge\": \"leave\"}}}"
explained "$fwbr"
is "$(finding 0 permanent)" "in \"guests\" of /etc/guestarp/guestarp.json, then guestarp sync:
\"pve/$vmid\": { \"firewall_bridge\": \"quiet\" }," "where policy leaves it alone, sync would not help: policy's line"
policy '{}'
explained "$fwbr"
is "$(finding 0 fix)" "ip link set dev $fwbr arp off" "and now: its flag"
ok "the printed command works" as_printed "$(finding 0 fix)"
since=$(log_time)
quiet_now() {
    ask "ct$vmid" eth0 192.168.0.1
    [ "$(martian_lines "$fwbr" "$since")" = 0 ]
}
ok "after that a question has its answer and logs nothing" quiet_now
explained "$fwbr"
is "$(finding 0 fix)" "" "it is quiet by now: the lines are old, and there is no command"
ct_stop "$vmid" 0
explained "$fwbr"
is "$FOUND $(finding 0 guests)" "bridge-martians pve/$vmid" "the bridge is gone: its name says whose it was"

# ---- the host's own address ------------------------------------------------------------------------------------------------

sysctl -q -w net.ipv4.conf.all.rp_filter=0 "net.ipv4.conf.$bridge.log_martians=1"
ip -n outside addr add 192.168.0.1/24 dev eth0
ip addr add 192.168.0.7/24 dev "$bridge"
ip -n outside neigh replace 192.168.0.7 lladdr "$UPLINK_MAC" dev eth0
ok "the kernel logs a packet from its own address" logged "$bridge" \
    in_ns outside ping -q -c 1 -W 0.1 -I 192.168.0.1 192.168.0.7
explained "$bridge"
is "$FOUND" "martians" "another machine has the host's address: martians"
is "$(finding 0 mac)" "$OUTSIDE_MAC" "which machine"
like "$(finding 0 what)" "sender is 192.168.0.1, an address of this host" "what is wrong"
like "$(finding 0 advice)" "another machine has the address" "and that it is another machine's"
ip -n outside addr del 192.168.0.1/24 dev eth0

# ---- rp_filter ---------------------------------------------------------------------------------------------------------------

ns_add far
veth - "$other" 02:07:00:00:00:01 far eth0 02:07:00:00:00:02
ip addr add 10.77.0.1/24 dev "$other"
ip route add 203.0.113.0/24 via 192.168.0.2
ip -n far addr add 10.77.0.2/24 dev eth0
ip -n far addr add 203.0.113.5/32 dev eth0
sysctl -q -w "net.ipv4.conf.$other.rp_filter=1" "net.ipv4.conf.$other.log_martians=1"
ok "the kernel logs what comes in by another device than its answer would leave by" logged "$other" \
    in_ns far ping -q -c 1 -W 0.1 -I 203.0.113.5 10.77.0.1
explained "$other"
is "$FOUND" "martians" "rp_filter: martians"
like "$(finding 0 what)" "$other got a packet for 10.77.0.1 from 203.0.113.5, to whom this host's packets leave by $bridge" \
    "for whom, from whom, and by which device its answers leave"
like "$(finding 0 advice)" "rp_filter 2 for $other" "what ends it"
since=$(log_time)
sysctl -q -w "net.ipv4.conf.$other.rp_filter=2"
# The answer leaves by the other device.
capture answer outside eth0 'icmp and dst host 203.0.113.5'
comes_in() {
    in_ns far ping -q -c 1 -W 0.1 -I 203.0.113.5 10.77.0.1 >/dev/null || true
    [ "$(captured_count answer icmp)" -gt 0 ]
}
ok "and it does: the packet is answered" wait_for comes_in
is "$(martian_lines "$other" "$since")" 0 "and no line is logged"
capture_stop answer

# ---- for people, and where it cannot be read ---------------------------------------------------------------------------------

admin_is 1 "the same for people" check --log
is "$(awk 'length($0) > 80 && !/^ *fix: /' "$TMP/admin.out")" "" "in 80 columns"
mkdir -p "$TMP/dev"
: >"$TMP/kmsg"
mount --bind "$TMP/kmsg" /dev/kmsg
admin_is 3 "what is not the kernel's log is not read" check --log
is "$ERR" "guestarp: /dev/kmsg: not the kernel's log" "and said in one line"
umount /dev/kmsg

done_testing
