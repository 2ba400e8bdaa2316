#!/bin/bash
# Cases that were wrong before guestarp was quiet by name, each by itself, on a watched host: Q1 the order of post-stop
# hooks, Q3 QEMU is killed, Q4 a reboot from inside, Q5 the start of a VM, Q6 a toggle of the firewall, Q9 the ruleset
# is flushed, Q10 a routed port.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib-wire.sh" || exit
. "$(dirname "$0")/lib-ct.sh" || exit
. "$(dirname "$0")/lib-vm.sh" || exit

policy '{}'
wire_host

# ---- Q1, Q4, Q6: containers ----------------------------------------------------------------------------------------

# Without guestarp the same events have wrong answers: containers.t.
for ORDER in guestarp-first pve-first; do
    scenario_begin pct guestarp 0 0
    pct_start
    row "Q4, reboot from inside" pct_reboot
    row "Q1, stop" pct_stop
    scenario_end
    rows_are_right "post-stop hooks: $ORDER"
done

in_container() { # COMMAND...
    nsenter -t "$(lxc-info -P "$LXC_PATH" -n "$VMID" -pH)" -n "$@"
}

gateway_in_container() { # ADDRESS: at which MAC the container takes it to be
    in_container ip -j neigh show "$1" dev eth0 | jq -r '.[0].lladdr // empty'
}

# The container needs its gateway all the time, and learns it anew in the middle of the toggle.
pct_toggle() { # 0|1
    in_container ip neigh flush dev eth0
    in_container ping -q -i 0.02 -w 1 -c 40 192.168.0.1 >/dev/null 2>&1 &
    pct_firewall "$1"
    wait "$!" || true
}

scenario_begin pct guestarp 0 0
pct_start
for firewall in 0 1 0 1; do
    row "Q6, firewall=$firewall" pct_toggle "$firewall"
    is "$(gateway_in_container 192.168.0.1)" "${VMBR_MACS[0]}" \
        "Q6, firewall=$firewall: the container holds the real bridge's MAC for its gateway"
done

row "Q6, stop" pct_stop
scenario_end
rows_are_right "one container"

# ---- Q9: nft flush ruleset, then a toggle --------------------------------------------------------------------------

runs_without_table() {
    nft flush ruleset
    runs_on "$PORT" 60
}

scenario_begin pct guestarp 0 0
pct_start
is "$(quiet_names)" "$(names_of "$VMID")" "Q9: the running guest's devices are named in the set"
row "Q9, the ruleset is flushed while the guest runs" runs_without_table
isnt "$(quiet_names)" "$(names_of "$VMID")" "Q9: the flush has taken the names away"
# A toggle is announced to nobody: the new firewall bridge may answer until the guest's next event.
pct_firewall 0
pct_firewall 1
pct_reboot
is "$(quiet_names)" "$(names_of "$VMID")" "Q9: the guest's next event brings the names back"
row "Q9, firewall=0 after that" pct_firewall 0
row "Q9, firewall=1 after that" pct_firewall 1
nft flush ruleset
guestarp sync >>"$TMP/hook.log" 2>&1
is "$(quiet_names)" "$(names_of "$VMID")" "Q9: guestarp sync brings the names back"
row "Q9, stop" pct_stop
scenario_end
rows_are_right "after nft flush ruleset"

# ---- Q10: a routed port --------------------------------------------------------------------------------------------

# LXC has given the port a route to the container and a proxy entry for the container's gateway: it has to answer.
ROUTER=169.254.1.1

router_lines() { # SEPARATOR
    sed "s/=/$1/" <<END
lxc.net.0.type=veth
lxc.net.0.veth.mode=router
lxc.net.0.veth.pair=$PORT
lxc.net.0.name=eth0
lxc.net.0.hwaddr=$(guest_mac "$VMID" 0)
lxc.net.0.flags=up
lxc.net.0.ipv4.address=192.168.0.100/32
lxc.net.0.ipv4.gateway=$ROUTER
END
}

gateway_answers() { # DESC
    in_container ip neigh flush dev eth0
    ok "$1: the container reaches the host by its gateway" in_container ping -q -c 1 -w 5 192.168.0.1
    is "$(gateway_in_container "$ROUTER")" "$(mac - "$PORT")" \
        "$1: and its gateway is its own port"
}

routed() { # DESC LINE...: of the configuration
    local desc=$1 lines
    shift
    scenario_begin pct guestarp 0 1
    # The guest was a bridged one until now.
    mapfile -t lines < <(router_lines ": ")
    pct_conf "$@" "${lines[@]}"
    host_boots
    sed -i '/^lxc\.net\./d' "$LXC_PATH/$VMID/config"
    router_lines " = " >>"$LXC_PATH/$VMID/config"
    # LXC asks for the one; without the other the kernel knows no way to the gateway, and would not answer for it.
    sysctl -q -w net.ipv6.conf.all.forwarding=1
    ip route replace default via 192.168.0.2
    hookscript pre-start
    pct_boot
    hookscript post-start
    gateway_answers "$desc: after the start"
    guestarp sync >>"$TMP/hook.log" 2>&1
    gateway_answers "$desc: after guestarp sync"
    hookscript pre-stop
    container_stop "$VMID"
    scenario_end
}

routed "Q10, raw keys alone"
routed "Q10, raw keys beside a net0 line" \
    "net0: name=eth0,bridge=vmbr0,firewall=1,hwaddr=02:9E:00:00:00:01,ip=192.168.0.100/24,type=veth"

# ---- Q3, Q5: a virtual machine -------------------------------------------------------------------------------------

missing=$(vm_missing)
if [ -z "$missing" ]; then
    scenario_begin vm guestarp 0 0
    row "Q5, start" vm_start
    row "Q3, QEMU is killed" vm_kill
    scenario_end
    rows_are_right "virtual machine"
else
    skip "no virtual machine can be run here: $missing"
fi

done_testing
