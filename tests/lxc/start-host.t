#!/bin/bash
# Proxmox VE's containers, counted on the wire from their first frame on: through start-host not one ARP answer of a firewall
# bridge in 100 starts, 20 reboots from inside and 20 kills of the monitor; with the hookscript alone there are some.
#
# GUESTARP_STARTS=N: N starts, and N/5 reboots and kills (default 100).

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib-lxc.sh" || exit

starts=${GUESTARP_STARTS:-100}
fifth=$(((starts + 4) / 5))
vmid=100

lxc_bridge
guest_conf $vmid lxc "net0: name=eth0,bridge=vmbr0,firewall=1,hwaddr=$(guest_mac $vmid 0),ip=192.168.0.100/24,type=veth"

# What Proxmox VE does after the container runs, where the hookscript is all there is.
hookscript=

phase() { # PHASE
    [ -z "$hookscript" ] || (pve_exec $vmid "$1") </dev/null
}

start() {
    phase pre-start
    container_start "$vmid"
    phase post-start
    container_asked "$vmid"
}

start_and_stop() {
    start
    container_stop "$vmid"
}

# No phase of the hookscript at all: LXC's post-stop hook fails, and systemd starts the container once more.
reboot_inside() {
    rm -f "$TMP/reboot.$vmid"
    container_tell "$vmid" reboot
    wait_for container_ended "$vmid"
    [ -e "$TMP/reboot.$vmid" ]
    container_start "$vmid"
    container_asked "$vmid"
}

start_and_kill() {
    start
    container_kill_monitor "$vmid"
    wait_for no_device "veth${vmid}i0"
}

counted() { # NAME TIMES WHAT: runs WHAT so often; sets REQUESTS, RIGHT and WRONG
    local i
    : >"$TMP/plugged"
    capture_all "$1"
    for ((i = 0; i < $2; i++)); do "$3"; done
    all_fence "$1"
    capture_stop "$1"
    read -r REQUESTS RIGHT WRONG <<<"$(port_counts "$1" "$BRIDGE_MAC")"
    diag "$1: $(wc -l <"$TMP/plugged") starts, $REQUESTS requests, $RIGHT answers of the bridge, $WRONG frames from a firewall bridge"
    # A container that was not heard, or not plugged, proves nothing.
    if [ "$(wc -l <"$TMP/plugged")" -ge "$2" ] && [ "$REQUESTS" -ge $((2 * $2)) ] && [ "$RIGHT" -ge $((2 * $2)) ]; then
        pass "$1: $2 times, the container asked and the bridge answered"
    else
        fail "$1: $2 times, the container asked and the bridge answered" "requests $REQUESTS, right answers $RIGHT"
    fi
}

pve_container $vmid 192.168.0.100/24 "lxc.hook.start-host = $LXC_HOOK"
counted "start-host: starts" "$starts" start_and_stop
is "$WRONG" 0 "start-host: no frame from a firewall bridge in $starts starts"
start
counted "start-host: reboots" "$fifth" reboot_inside
is "$WRONG" 0 "start-host: no frame from a firewall bridge in $fifth reboots from inside"
container_stop "$vmid"
ok "nothing is recorded of a container that stopped" test ! -e "$ROOT/run/guestarp/pve-$vmid.json"
counted "start-host: kills" "$fifth" start_and_kill
is "$WRONG" 0 "start-host: no frame from a firewall bridge in $fifth starts after the monitor was killed"

# The same with the hookscript alone: post-start comes after the container has begun to run, and on a reboot not at all.
hookscript=1
pve_container $vmid 192.168.0.100/24
counted "hookscript alone: starts" "$starts" start_and_stop
after_start=$WRONG
start
counted "hookscript alone: reboots" "$fifth" reboot_inside
isnt "$WRONG" 0 "hookscript alone: the firewall bridge answers after a reboot from inside"
container_stop "$vmid"
counted "hookscript alone: kills" "$fifth" start_and_kill
isnt $((after_start + WRONG)) 0 "hookscript alone: the firewall bridge answers after a start"

done_testing
