#!/bin/bash
# Proxmox VE's containers, counted on both wires, the container's from its first frame on and the LAN's throughout: not one wrong
# ARP answer in 25 starts and stops, 5 reboots from inside and 5 kills of the monitor, by LXC's hooks and by the hookscript
# alone; with nobody there are some of each.
#
# GUESTARP_STARTS=N: N starts, and N/5 reboots and kills (default 25; make check-long: 100).

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib-lxc.sh" || exit

starts=${GUESTARP_STARTS:-25}
fifth=$(((starts + 4) / 5))
vmid=100

lxc_bridge
lxc_lan
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

counted() { # NAME TIMES WHAT: runs WHAT so often; sets WRONG and LAN_WRONG
    local i requests right lan_requests lan_right
    : >"$TMP/plugged"
    capture_all "$1"
    lan_asks
    for ((i = 0; i < $2; i++)); do "$3"; done
    lan_ends
    all_fence "$1"
    capture_stop "$1"
    read -r requests right WRONG lan_requests lan_right LAN_WRONG <<<"$(port_counts "$1" "$BRIDGE_MAC" eth0)"
    diag "$1: $(wc -l <"$TMP/plugged") starts, $requests requests, $right answers of the bridge, $WRONG wrong; LAN: $lan_requests, $lan_right, $LAN_WRONG"
    # A container that was not heard, or not plugged, proves nothing.
    if [ "$(wc -l <"$TMP/plugged")" -ge "$2" ] && [ "$requests" -ge $((2 * $2)) ] && [ "$right" -ge $((2 * $2)) ]; then
        pass "$1: $2 times, the container asked and the bridge answered"
    else
        fail "$1: $2 times, the container asked and the bridge answered" "requests $requests, right answers $right"
    fi
    ok "$1: the LAN asked all the time ($lan_requests times)" test "$lan_requests" -ge $((10 * $2))
    is "$lan_right" "$lan_requests" "$1: each of the LAN's requests has one right answer"
}

silent() { # NAME TIMES WHAT
    counted "$@"
    is "$WRONG" 0 "$1: no wrong answer towards the container in $2"
    is "$LAN_WRONG" 0 "$1: no wrong answer towards the LAN in $2"
}

# What guestarp.service does before any guest starts: start-host is too late for the first one's devices.
boot() {
    nft flush ruleset
    "$GUESTARP_BUILD/guestarp" sync
}

boot
pve_container $vmid 192.168.0.100/24 "lxc.hook.start-host = $LXC_HOOK" "lxc.hook.post-stop = $LXC_HOOK"
silent "start-host: starts" "$starts" start_and_stop
start
silent "start-host: reboots" "$fifth" reboot_inside
container_stop "$vmid"
ok "nothing is recorded of a container that stopped" test ! -e "$ROOT/run/guestarp/pve-$vmid.json"
silent "start-host: kills" "$fifth" start_and_kill

# Proxmox VE's own post-stop hook, which deletes the firewall bridge, comes first or last as the directory has it.
boot
pve_container $vmid 192.168.0.100/24 "lxc.hook.start-host = $LXC_HOOK"
sed -i "s|^lxc.hook.post-stop = |lxc.hook.post-stop = $LXC_HOOK\n&|" "$LXC_PATH/$vmid/config"
silent "post-stop first: starts" "$fifth" start_and_stop

# The hookscript alone: post-start comes after the container has begun to run, and on a reboot not at all; pre-start is early.
nft flush ruleset
hookscript=1
pve_container $vmid 192.168.0.100/24
silent "hookscript alone: starts" "$starts" start_and_stop
start
silent "hookscript alone: reboots" "$fifth" reboot_inside
container_stop "$vmid"
silent "hookscript alone: kills" "$fifth" start_and_kill

# Nobody: what all that would be.
nft flush ruleset
hookscript=
sed -i '/^hookscript:/d' "$ROOT/etc/pve/lxc/$vmid.conf"
counted "nobody: starts" "$fifth" start_and_stop
after_start=$WRONG
isnt "$LAN_WRONG" 0 "nobody: the LAN gets wrong answers at starts and stops"
start
counted "nobody: reboots" "$fifth" reboot_inside
isnt $((after_start + WRONG)) 0 "nobody: the container gets wrong answers"
isnt "$LAN_WRONG" 0 "nobody: the LAN gets wrong answers at reboots"
container_stop "$vmid"
counted "nobody: kills" "$fifth" start_and_kill
isnt "$LAN_WRONG" 0 "nobody: the LAN gets wrong answers when the monitor is killed"

done_testing
