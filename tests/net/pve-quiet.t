#!/bin/bash
# P1: from its first event on a guest's firewall bridge answers no ARP at all, also when it is made anew and no event tells
# of that; the right bridge still does, and a guest that had already learned the wrong MAC is healed.

. "$(dirname "$0")/../lib.sh" || exit
require tcpdump arping jq ping nft

vmid=$(unique_vmid 0)
other=$(unique_vmid 1)
fwbr=fwbr${vmid}i0
ct=ct$vmid
host=192.168.0.1
elsewhere=10.99.0.1
far=192.168.0.2
guest=192.168.0.100

# One announcement each: with a second one still to come, healing could not be told from the case before.
policy '{"defaults": {"announce": 1}}'
guest_conf "$vmid" lxc "arch: amd64" "hostname: quiet" \
    "net0: name=eth0,bridge=vmbr1,firewall=1,gw=$host,hwaddr=02:9E:00:00:00:00,ip=$guest/24,type=veth"

topo_bridge vmbr1 $host/24 $far/24
# The bridge's own MAC is not this test's matter (pve-mac.t): pinned, so that each answer names its device.
ip link set dev vmbr1 address 02:00:00:00:00:b1
# An address of the host on another device: fwbr answers for that one as well.
ip addr add $elsewhere/32 dev lo

start_guest() {
    ct_start "$vmid" 0 vmbr1 $guest/24
    # A proxied answer is delayed at random by default; at once here, so that a wrong one cannot come after the capture.
    sysctl -q -w "net.ipv4.neigh.$fwbr.proxy_delay=0"
}

# As before guestarp's first event.
forget_names() {
    nft delete table arp guestarp 2>/dev/null || true
}

restart_guest() {
    ct_stop "$vmid" 0
    ip netns del "$ct"
    start_guest
}

# Sends what the words after NAME say and captures it on the guest's side and on the uplink's.
watch() { # NAME COMMAND...
    local name=$1
    shift
    capture "$name.guest" "$ct" eth0
    capture "$name.uplink" outside eth0
    "$@"
    fence "$ct" "$name.guest" "$name.uplink"
    fence outside "$name.guest" "$name.uplink"
    capture_stop "$name.guest" "$name.uplink"
}

plain_requests() {
    ask "$ct" eth0 "$host" || true
    ask outside eth0 "$host" || true
}

probes() {
    dad_probe "$ct" eth0 "$host" || true
    dad_probe outside eth0 "$host" || true
}

other_requests() {
    ask "$ct" eth0 "$elsewhere" || true
    ask "$ct" eth0 "$far" || true
    ask outside eth0 "$guest" || true
}

conf_values() { # DEV: every IPv4 value of a device, and its flags and MAC
    grep -r . "/proc/sys/net/ipv4/conf/$1/" | sort
    [ ! -e "/sys/class/net/$1" ] || ip -j link show dev "$1" | jq -c '.[0] | [.flags, .address]'
}

fwbr_frames() { # NAME: how many frames on either side come from the firewall bridge
    local filter
    filter=$(arp_from "$(mac - "$fwbr")")
    echo $(($(captured_count "$1.guest" "$filter") + $(captured_count "$1.uplink" "$filter")))
}

start_guest

for rp_filter in 0 1 2; do
    for proxy_arp in 0 1; do
        forget_names
        restart_guest
        sysctl -q -w net.ipv4.conf.all.rp_filter=$rp_filter net.ipv4.conf.all.forwarding=$proxy_arp net.ipv4.conf.all.proxy_arp=$proxy_arp
        case="rp_filter $rp_filter, proxy_arp $proxy_arp"

        # The problem is really there.
        both="$fwbr vmbr1"
        wrong=$both
        [ $rp_filter -eq 0 ] || wrong=vmbr1
        watch before plain_requests
        is "$(answerers before.guest "$host") / $(answerers before.uplink "$host")" "$wrong / $wrong" "$case: a request before, guest / uplink"
        watch before probes
        is "$(answerers before.guest "$host") / $(answerers before.uplink "$host")" "$both / $both" "$case: a probe before, guest / uplink"
        watch before other_requests
        if [ $rp_filter = 0 ] && [ $proxy_arp = 1 ]; then
            answered_by before.guest "$far" "$fwbr outside" "$case: before, fwbr answers for a host beyond the bridge"
        fi
        if [ $rp_filter = 0 ]; then
            isnt "$(neighbours_on "$fwbr")" "" "$case: before, the host has neighbours on fwbr"
        fi

        all_before=$(conf_values all)
        default_before=$(conf_values default)
        pve_ok "$vmid" post-start
        is "$(arp_value "$fwbr" arp_ignore)" 1 "$case: arp_ignore of fwbr"
        ok "$case: fwbr has the NOARP flag" has_flag "$fwbr" NOARP
        is "$(neighbours_on "$fwbr")" "" "$case: the stale neighbours on fwbr are gone"
        is "$(conf_values all)" "$all_before" "$case: conf/all untouched"
        is "$(conf_values default)" "$default_before" "$case: conf/default untouched"

        watch after plain_requests
        answered_by after.guest "$host" vmbr1 "$case: a guest's request is answered by the bridge alone"
        answered_by after.uplink "$host" vmbr1 "$case: an outside host's request is answered by the bridge alone"
        is "$(fwbr_frames after)" 0 "$case: requests: no ARP frame from fwbr"
        watch after probes
        answered_by after.guest "$host" vmbr1 "$case: a guest's probe is answered by the bridge alone"
        answered_by after.uplink "$host" vmbr1 "$case: an outside host's probe is answered by the bridge alone"
        is "$(fwbr_frames after)" 0 "$case: probes: no ARP frame from fwbr"
        watch after other_requests
        answered_by after.guest "$elsewhere" vmbr1 "$case: another address of the host: the bridge alone"
        answered_by after.guest "$far" outside "$case: a host beyond the bridge answers for itself alone"
        answered_by after.uplink "$guest" guest "$case: the guest answers for itself alone"
        is "$(fwbr_frames after)" 0 "$case: other requests: no ARP frame from fwbr"
        is "$(neighbours_on "$fwbr")" "" "$case: no new neighbour on fwbr"

        # Its devices are made anew and nobody calls guestarp.
        restart_guest
        not_ok "$case: made anew, fwbr has no flag" has_flag "$fwbr" NOARP
        watch anew plain_requests
        answered_by anew.guest "$host" vmbr1 "$case: made anew: a guest's request is answered by the bridge alone"
        answered_by anew.uplink "$host" vmbr1 "$case: made anew: an outside host's request is answered by the bridge alone"
        is "$(fwbr_frames anew)" 0 "$case: made anew: requests: no ARP frame from fwbr"
        watch anew probes
        answered_by anew.guest "$host" vmbr1 "$case: made anew: a guest's probe is answered by the bridge alone"
        answered_by anew.uplink "$host" vmbr1 "$case: made anew: an outside host's probe is answered by the bridge alone"
        is "$(fwbr_frames anew)" 0 "$case: made anew: probes: no ARP frame from fwbr"
    done
done

# ---- a guest that had learned the wrong MAC ----------------------------------------------------------------------------

gateway_mac() {
    ip -n "$ct" -j neigh show to "$host" dev eth0 | jq -r '.[0].lladdr // "none"'
}

gateway_is() { # MAC
    [ "$(gateway_mac)" = "$1" ]
}

# Nothing but an announcement may heal it: its cache holds an entry for an hour.
learn_wrong() {
    ip -n "$ct" neigh flush dev eth0 to "$host"
    in_ns "$ct" ping -q -c 1 -W 1 "$host" || true
    gateway_is "$(mac - "$fwbr")"
}

sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.all.proxy_arp=0 net.ipv4.conf.all.forwarding=0
forget_names
restart_guest
in_ns "$ct" sysctl -q -w net.ipv4.neigh.eth0.base_reachable_time_ms=3600000
ok "the guest learns fwbr's MAC for its gateway" wait_for learn_wrong
# The host must not ask the guest anything by itself: its question would heal the guest as well.
ip neigh flush to "$guest" nud all
sysctl -q -w net.ipv4.conf.all.rp_filter=2
not_ok "and cannot reach its gateway with it" in_ns "$ct" ping -q -c 3 -i 0.1 -W 1 "$host"
ok "its cache still has the wrong MAC" gateway_is "$(mac - "$fwbr")"
capture heal "$ct" eth0
pve_ok "$vmid" post-start
ok "post-start heals the guest's cache at once" wait_for -t 2 gateway_is "$(mac - vmbr1)"
ok "the guest reaches its gateway" in_ns "$ct" ping -q -c 1 -W 1 "$host"
fence "$ct" heal
capture_stop heal
like "$(captured heal 'arp and arp[6:2] = 1')" "$(mac - vmbr1) > ff:ff:ff:ff:ff:ff.*who-has $host (\(ff:ff:ff:ff:ff:ff\) )?tell $host" \
    "what heals it is the bridge's announcement of its own address"
pve_ok "$vmid" post-start
is "$(arp_value "$fwbr" arp_ignore) $(has_flag "$fwbr" NOARP && echo NOARP)" "1 NOARP" "a second post-start leaves it quiet"

# ---- others' devices, and the kernel's log -----------------------------------------------------------------------------

ct_start "$other" 0 vmbr1 192.168.0.102/24
other_fwbr=fwbr${other}i0
restart_guest
sysctl -q -w net.ipv4.conf.all.rp_filter=0
untouched=$(for dev in "$other_fwbr" "veth${other}i0" "fwpr${other}p0" "fwln${other}i0" "veth${vmid}i0" "fwpr${vmid}p0" "fwln${vmid}i0" eth0 vmbr1; do
    conf_values "$dev"
done)
pve_ok "$vmid" post-start
is "$(for dev in "$other_fwbr" "veth${other}i0" "fwpr${other}p0" "fwln${other}i0" "veth${vmid}i0" "fwpr${vmid}p0" "fwln${vmid}i0" eth0 vmbr1; do
    conf_values "$dev"
done)" "$untouched" "another guest's fwbr and every other device keep their values"
watch others plain_requests
answered_by others.guest "$host" "$other_fwbr vmbr1" "so the other guest's fwbr still answers, and ours does not"

if can_read_kernel_log; then
    # Both fwbr handle each request, ours first, and share the kernel's rate limit: a line on the other one's account
    # shows that a line on ours would have been logged as well.
    one_more_martian() { # DEV COUNT
        ask "$ct" eth0 "$host" || true
        dad_probe "$ct" eth0 "$host" || true
        ask outside eth0 "$host" || true
        [ "$(martian_lines "$1")" -gt "$2" ]
    }
    for rp_filter in 1 2; do
        forget_names
        restart_guest
        sysctl -q -w net.ipv4.conf.all.rp_filter=$rp_filter "net.ipv4.conf.$fwbr.log_martians=1" "net.ipv4.conf.$other_fwbr.log_martians=1"
        count=$(martian_lines "$fwbr")
        ok "rp_filter $rp_filter: before, requests log martian lines on fwbr" wait_for -t 20 one_more_martian "$fwbr" "$count"
        pve_ok "$vmid" post-start
        # By time, not by number: the log is a ring, and another test's lines push out what was counted.
        since=$(log_time)
        ok "rp_filter $rp_filter: the log takes lines about the other guest's fwbr" \
            wait_for -t 20 one_more_martian "$other_fwbr" $(($(martian_lines "$other_fwbr") + 1))
        is "$(martian_lines "$fwbr" "$since")" 0 "rp_filter $rp_filter: and no martian line about ours"
    done
else
    skip "the kernel's log cannot be read here: martian lines"
fi

# ---- a second NIC, a VM, no firewall bridge ----------------------------------------------------------------------------

sysctl -q -w net.ipv4.conf.all.rp_filter=0
restart_guest
ct_start "$vmid" 1 vmbr1 192.168.0.110/24
guest_conf "$vmid" lxc "net0: name=eth0,bridge=vmbr1,firewall=1,ip=$guest/24,type=veth" "net1: name=eth1,bridge=vmbr1,firewall=1,ip=dhcp,type=veth"
pve_ok "$vmid" post-start
ok "two NICs: the first fwbr is quiet" has_flag "$fwbr" NOARP
ok "two NICs: the second fwbr is quiet" has_flag "fwbr${vmid}i1" NOARP
is "$(arp_value "fwbr${vmid}i1" arp_ignore)" 1 "two NICs: arp_ignore of the second"

vm=$(unique_vmid 2)
ns_add "vm$vm"
veth - "tap${vm}i0" 02:9e:0f:0f:0f:01 "vm$vm" eth0 02:9e:0f:0f:0f:02
pve_plug "$vm" 0 vmbr1 '' "tap${vm}i0"
guest_conf "$vm" qemu-server "ostype: l26" "net0: virtio=02:9E:0F:0F:0F:02,bridge=vmbr1,firewall=1" "scsihw: virtio-scsi-single"
pve_ok "$vm" post-start
ok "a VM's fwbr is quiet" has_flag "fwbr${vm}i0" NOARP
is "$(arp_value "fwbr${vm}i0" arp_ignore)" 1 "a VM's fwbr has arp_ignore"

pve_unplug "$other" 0
ip link set dev "veth${other}i0" master vmbr1
guest_conf "$other" lxc "net0: name=eth0,bridge=vmbr1,firewall=1,ip=192.168.0.102/24,type=veth"
pve_ok "$other" pre-start
pve_ok "$other" post-start
is "$ERR" "" "no fwbr (the nftables firewall) is a silent success"
pve_ok "$other" post-stop

ct_stop "$vmid" 0
ct_stop "$vmid" 1
pve_ok "$vmid" post-start
pve_ok "$vmid" post-stop
pve_ok "$vmid" post-stop

done_testing
