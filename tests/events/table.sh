# shellcheck shell=bash
# The events themselves, for events.t, which asserts, and for peers, which measures what others leave wrong. Source it behind
# lib-events.sh. Each is one function event_NAME; what it stands for is the line above it.

# pct start, start at boot (pve-guests), start by HA, restore and start
event_ct_start() {
    ct_conf 101
    expect pve1 "before it: nothing"
    pct_start 101
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# stop, shutdown, HA stop, stopall, destroy --force
event_ct_stop() {
    ct_conf 101
    pct_start 101
    happens
    pct_stop 101
    expect pve1 "after it" "$(host)"
}

# a shutdown that times out: pre-stop, and the container runs on
event_ct_shutdown_timeout() {
    ct_conf 101
    pct_start 101
    happens
    hookscript 101 pre-stop
    settle
    expect pve1 "it runs on" "$(up 101)" "$(host)"
}

# pct reboot: all four phases
event_ct_pct_reboot() {
    ct_conf 101
    pct_start 101
    happens
    pct_stop 101
    pct_start 101
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# reboot inside the guest: no phase at all, veth and fwbr are made anew
event_ct_reboot_inside() {
    ct_conf 101
    pct_start 101
    happens
    lxc_end 101 reboot
    lxc_start 101
    settle
    expect pve1 "after it" "$(up 101)" "$(host)"
    pct_stop 101
    expect pve1 "and after a stop" "$(host)"
}

# poweroff inside, crash of init, lxc-stop, systemctl stop pve-container@: post-stop alone
event_ct_poweroff_inside() {
    ct_conf 101
    pct_start 101
    happens
    lxc_end 101 stop
    settle
    expect pve1 "after it" "$(host)"
}

# lxc-start by hand, systemctl start pve-container@: no phase
event_ct_lxc_start_by_hand() {
    ct_conf 101
    lxc_start 101
    settle
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# suspend (lxc-checkpoint -s: post-stop only) and resume (none)
event_ct_suspend_resume() {
    ct_conf 101
    pct_start 101
    happens
    lxc_end 101 stop
    settle
    expect pve1 "suspended" "$(host)"
    lxc_start 101
    settle
    expect pve1 "resumed" "$(up 101)" "$(host)"
}

# snapshot, backup in snapshot or suspend mode: a freeze, no phase, no device
event_ct_snapshot() {
    ct_conf 101
    pct_start 101
    happens
    settle
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# rollback of a running container: pre-stop post-stop, the configuration is the snapshot's; --start
event_ct_rollback() {
    conf 101 lxc "net0: $(net 101 0)" "net1: $(net 101 1)"
    pct_start 101
    expect pve1 "before it, with two NICs" "$(up 101)" "$(quiet 101 1)" "$(bound 101 1)" "$(host)"
    happens
    pct_stop 101
    ct_conf 101
    expect pve1 "rolled back" "$(host)"
    pct_start 101
    expect pve1 "started, with one NIC" "$(up 101)" "$(host)"
}

# vzdump in stop mode: all four
event_ct_vzdump_stop() {
    ct_conf 101
    pct_start 101
    happens
    pct_stop 101
    expect pve1 "stopped" "$(host)"
    pct_start 101
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# the start fails after the devices were made; lxc_end still runs post-stop
event_ct_failed_start() {
    ct_conf 101
    hookscript 101 pre-start
    lxc_devices 101
    lxc_hook 101 start-host
    lxc_end 101 stop
    settle
    expect pve1 "after it" "$(host)"
}

# the monitor's socket cannot be used: post-start may come before the devices
event_ct_early_post_start() {
    ct_conf 101
    hookscript 101 pre-start
    hookscript 101 post-start
    lxc_start 101
    settle
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# the monitor is killed: no post-stop, veth goes with the container, fwbr stays until the next start
event_ct_monitor_killed() {
    ct_conf 101
    pct_start 101
    happens
    port_gone veth101i0
    settle
    # The stale bridge itself has no guest: whatever it is, it harms nobody.
    fw_cleanup 101 0
    expect pve1 "after it" "$(host)"
    pct_start 101
    expect pve1 "and after a start" "$(up 101)" "$(host)"
}

# lxc-pve-poststop-hook dies at its umount: no veth_delete, no post-stop
event_ct_poststop_hook_dies() {
    ct_conf 101
    pct_start 101
    happens
    port_gone veth101i0
    lxc_hook 101 post-stop stop
    settle
    fw_cleanup 101 0
    expect pve1 "after it" "$(host)"
}

# the configuration is absent when the container ends: Proxmox VE's post-stop hook does nothing
event_ct_destroyed_while_running() {
    ct_conf 101
    pct_start 101
    happens
    rm "$ROOT/etc/pve/lxc/101.conf"
    lxc_end 101 stop
    settle
    fw_cleanup 101 0
    sync
    names_go 101
    expect pve1 "and after guestarp sync" "$(host)"
}

# pct set -net1 on a running container: plugged before the configuration says so
event_ct_hotplug() {
    ct_conf 101
    pct_start 101
    happens
    veth_plug 101 1 vmbr1 1 0
    conf 101 lxc "net0: $(net 101 0)" "net1: $(net 101 1)"
    settle
    later
    expect pve1 "after it" "$(up 101)" "$(quiet 101 1)" "$(bound 101 1)" "$(host)"
}

# pct set --delete net1: unplugged before the configuration says so
event_ct_hotunplug() {
    conf 101 lxc "net0: $(net 101 0)" "net1: $(net 101 1)"
    pct_start 101
    happens
    port_gone veth101i1
    fw_cleanup 101 1
    ct_conf 101
    settle
    later
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# hwaddr or name changed: veth_delete, hotplug_net
event_ct_hwaddr_changed() {
    ct_conf 101
    pct_start 101
    happens
    port_gone veth101i0
    fw_cleanup 101 0
    veth_plug 101 0 vmbr1 1 0
    ct_conf 101
    settle
    later
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# bridge or tag changed: tap_unplug, net_tap_plug of the same veth
event_ct_bridge_changed() {
    ct_conf 101
    pct_start 101
    happens
    tap_unplug 101 0 veth101i0
    tap_plug 101 0 veth101i0 vmbr0 1
    ct_conf 101 bridge=vmbr0 firewall=1
    settle
    later
    # The policy's route is by vmbr1, which the NIC is no longer in.
    expect pve1 "after it" "$(up 101 | grep -v '^vmbr1 route ')" "$(host)" "vmbr0 pinned $UPLINK0_MAC"
}

# the NIC's firewall is switched off while it runs: fwbr goes, the same veth stays
event_ct_firewall_off() {
    ct_conf 101
    pct_start 101
    happens
    tap_unplug 101 0 veth101i0
    tap_plug 101 0 veth101i0 vmbr1 0
    ct_conf 101 bridge=vmbr1
    settle
    expect pve1 "after it" "$(bound 101 0)" "$(record 101)" "$(host)"
}

# and on again
event_ct_firewall_on() {
    ct_conf 101 bridge=vmbr1
    pct_start 101
    expect pve1 "before it" "$(bound 101 0)" "$(record 101)" "$(host)"
    happens
    tap_unplug 101 0 veth101i0
    tap_plug 101 0 veth101i0 vmbr1 1
    ct_conf 101
    settle
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# link_down=1 and back
event_ct_link_down() {
    ct_conf 101
    pct_start 101
    happens
    tap_unplug 101 0 veth101i0
    ip link set dev veth101i0 down
    ct_conf 101 bridge=vmbr1 firewall=1 link_down=1
    settle
    expect pve1 "down" "$(bound 101 0)" "$(record 101)" "$(host)"
    ip link set dev veth101i0 up
    tap_plug 101 0 veth101i0 vmbr1 1
    ct_conf 101
    settle
    expect pve1 "and up" "$(up 101)" "$(host)"
}

# ip or gw changed: only inside the container; nobody is called
event_ct_ip_changed() {
    ct_conf 101
    pct_start 101
    conf 101 lxc "net0: $(net 102 0)"
    happens
    settle
    expect pve1 "after it" "$(quiet 101 0)" "$(bound 102 0)" "$(record 101)" "$(host)"
}

# nftables firewall: no fwbr on Linux bridges, the port is directly in vmbr
event_ct_nftables() {
    ct_conf 101
    hookscript 101 pre-start
    veth_plug 101 0 vmbr1 0 0
    lxc_hook 101 start-host
    hookscript 101 post-start
    settle
    expect pve1 "after it" "$(bound 101 0)" "$(record 101)" "$(host)"
    pct_stop 101
    expect pve1 "and after a stop" "$(host)"
}

# offline migration, clone, template, restore: nothing runs, nothing is called
event_ct_offline_migration() {
    ct_conf 101
    pct_start 101
    happens
    pct_stop 101
    conf_moves 101 lxc
    sync
    expect pve1 "the source" "$(host)"
    expect pve2 "the target"
}

# restart migration: source pre-stop post-stop, the configuration moves, target pct start
event_ct_restart_migration() {
    ct_conf 101
    pct_start 101
    happens
    pct_stop 101
    conf_moves 101 lxc
    on pve2 pct_start 101
    expect pve1 "the source" "$(host)"
    expect pve2 "the target" "$(up 101)" "$(host)"
}

# restart migration that fails: the source starts it again
event_ct_restart_migration_fails() {
    ct_conf 101
    pct_start 101
    happens
    pct_stop 101
    pct_start 101
    expect pve1 "the source" "$(up 101)" "$(host)"
    expect pve2 "the target"
}

# a node dies and HA recovers the guest on another: no phase on the dead one, whose /run and devices are new
event_ct_node_crash() {
    ct_conf 101
    pct_start 101
    happens
    conf_moves 101 lxc
    node_reboot
    on pve2 pct_start 101
    sync
    expect pve1 "the dead node, after its boot"
    expect pve2 "the other" "$(up 101)" "$(host)"
}

# qm start, start at boot, HA start, restore, live restore, live import
event_vm_start() {
    vm_conf 201
    qm_start 201
    expect pve1 "after it" "$(up 201)" "$(host)"
}

# stop, shutdown, HA stop, stopall
event_vm_stop() {
    vm_conf 201
    qm_start 201
    happens
    qm_stop 201
    expect pve1 "after it" "$(host)"
}

# a powerdown that times out
event_vm_shutdown_timeout() {
    vm_conf 201
    qm_start 201
    happens
    hookscript 201 pre-stop
    settle
    expect pve1 "it runs on" "$(up 201)" "$(host)"
}

# qm reboot: all four, the restart by qm cleanup
event_vm_qm_reboot() {
    vm_conf 201
    qm_start 201
    happens
    qm_stop 201
    qm_start 201
    expect pve1 "after it" "$(up 201)" "$(host)"
}

# reboot inside, qm reset, pause and resume, snapshot, backup of a running VM, link_down: no phase, no device
event_vm_reboot_inside() {
    vm_conf 201
    qm_start 201
    happens
    settle
    expect pve1 "after it" "$(up 201)" "$(host)"
}

# poweroff inside, crash, SIGKILL, suspend to disk: qm cleanup: tap_unplug, post-stop
event_vm_poweroff_inside() {
    vm_conf 201
    qm_start 201
    happens
    port_gone tap201i0
    tap_unplug 201 0 tap201i0
    hookscript 201 post-stop
    settle
    expect pve1 "after it" "$(host)"
}

# suspend to disk (post-stop only) and its start (pre-start post-start)
event_vm_suspend_to_disk() {
    vm_conf 201
    qm_start 201
    happens
    qemu_end 201
    hookscript 201 post-stop
    settle
    expect pve1 "suspended" "$(host)"
    qm_start 201
    expect pve1 "started" "$(up 201)" "$(host)"
}

# qmeventd is dead: QEMU's end is followed by no phase, fwbr stays
event_vm_crash_unnoticed() {
    vm_conf 201
    qm_start 201
    happens
    port_gone tap201i0
    settle
    fw_cleanup 201 0
    expect pve1 "after it" "$(host)"
}

# rollback to a snapshot with vmstate: pre-stop post-stop pre-start post-start, the configuration is the snapshot's
event_vm_rollback() {
    vm_conf 201 bridge=vmbr1
    qm_start 201
    expect pve1 "before it, without a firewall" "$(bound 201 0)" "$(record 201)" "$(host)"
    happens
    qm_stop 201
    vm_conf 201
    qm_start 201
    expect pve1 "after it" "$(up 201)" "$(host)"
}

# vzdump of a stopped VM: pre-start post-start (paused, with taps), pre-stop post-stop
event_vm_vzdump_stopped() {
    vm_conf 201
    qm_start 201
    happens
    expect pve1 "meanwhile" "$(up 201)" "$(host)"
    qm_stop 201
    expect pve1 "after it" "$(host)"
}

# the start fails after pre-start: neither post-start nor post-stop
event_vm_failed_start() {
    vm_conf 201
    hookscript 201 pre-start
    qemu_start 201
    settle
    qemu_end 201
    settle
    # Without guestarp-watch nobody has heard of its devices: eth3 was never prepared for it. A bridge's MAC is pinned in pre-start.
    expect pve1 "after it" "$(if [ "$WATCH" = never ]; then host | grep pinned; else host; fi)"
}

# qm set -net1 on a running VM: device plug by pve-bridge-hotplug, then the configuration
event_vm_hotplug() {
    vm_conf 201
    qm_start 201
    happens
    tap_new 201 1 vmbr1 1
    conf 201 qemu-server "net0: $(vm_net 201 0)" "ipconfig0: $(vm_ips 201 0)" "net1: $(vm_net 201 1)" "ipconfig1: $(vm_ips 201 1)"
    settle
    later
    expect pve1 "after it" "$(up 201)" "$(quiet 201 1)" "$(bound 201 1)" "$(host)"
}

# the NIC is removed
event_vm_hotunplug() {
    conf 201 qemu-server "net0: $(vm_net 201 0)" "ipconfig0: $(vm_ips 201 0)" "net1: $(vm_net 201 1)" "ipconfig1: $(vm_ips 201 1)"
    qm_start 201
    happens
    tap_gone 201 1
    vm_conf 201
    settle
    later
    expect pve1 "after it" "$(up 201)" "$(host)"
}

# bridge, tag, trunks or firewall changed: tap_unplug, tap_plug of the same tap
event_vm_firewall_toggled() {
    vm_conf 201
    qm_start 201
    happens
    tap_unplug 201 0 tap201i0
    tap_plug 201 0 tap201i0 vmbr1 0
    vm_conf 201 bridge=vmbr1
    settle
    expect pve1 "off" "$(bound 201 0)" "$(record 201)" "$(host)"
    tap_unplug 201 0 tap201i0
    tap_plug 201 0 tap201i0 vmbr1 1
    vm_conf 201
    settle
    expect pve1 "and on" "$(up 201)" "$(host)"
}

# model, MAC, queues or MTU changed: the device is unplugged and plugged again
event_vm_model_changed() {
    vm_conf 201
    qm_start 201
    happens
    tap_gone 201 0
    tap_new 201 0 vmbr1 1
    vm_conf 201
    settle
    later
    expect pve1 "after it" "$(up 201)" "$(host)"
}

# shellcheck disable=SC2034 # CONF: the configuration that the functions called here read
migration_target_starts() { # VMID: qm start on the target, over ssh from the source
    local CONF
    CONF=$(node_root pve1)/etc/pve/nodes/pve1/qemu-server/$1.conf
    hookscript "$1" pre-start pve1
    qemu_start "$1"
    hookscript "$1" post-start pve1
    settle
}

# shellcheck disable=SC2034 # as above
migration_target_ends() { # VMID: qm stop --migratedfrom
    local CONF
    CONF=$(node_root pve1)/etc/pve/nodes/pve1/qemu-server/$1.conf
    qemu_end "$1"
    hookscript "$1" post-stop pve1
    settle
}

state_has() { # NODE LINE
    on "$1" state | grep -qxF "$2"
}

# live migration: no phase on the source; on the target both while the guest still runs on the source
event_vm_live_migration() {
    vm_conf 201
    qm_start 201
    happens
    on pve2 migration_target_starts 201
    expect pve1 "while it is copied, the source" "$(up 201)" "$(host)"
    expect pve2 "while it is copied, the target" "$(quiet 201 0)" "$(record 201)" "vmbr1 pinned $UPLINK1_MAC"
    conf_moves 201 qemu-server
    # The VM runs on the target, and the source's QEMU ends: taps go, no phase; qm cleanup finds no configuration.
    qemu_end 201
    settle
    moved
    # No hook hears of it there.
    [ "$WATCH" = never ] || expect pve1 "after it, the source" "$(host)"
    expect pve2 "after it, the target" "$(up 201)" "$(host)"
    on pve2 qm_stop 201
    expect pve2 "and after a stop" "$(host)"
}

moved() { # the target has seen that the guest is its own
    if [ "$WITH" = guestarp ] && [ -n "$MANAGED" ]; then
        wait_for state_has pve2 "eth3 proxy 2001:db8:18::201" || true
        wait_for state_has pve2 "vmbr1 route 2001:db8:18::201" || true
    fi
}

# aborted live migration: the target gets post-stop without pre-stop, the source nothing
event_vm_live_migration_aborted() {
    vm_conf 201
    qm_start 201
    happens
    on pve2 migration_target_starts 201
    on pve2 migration_target_ends 201
    expect pve2 "the target" "vmbr1 pinned $UPLINK1_MAC"
    expect pve1 "the source" "$(up 201)" "$(host)"
    qm_stop 201
    expect pve1 "the source after a stop" "$(host)"
}

# the target's QEMU dies before the guest moved, and nobody calls post-stop there
event_vm_live_migration_target_dies() {
    vm_conf 201
    qm_start 201
    happens
    on pve2 migration_target_starts 201
    on pve2 qemu_end 201
    on pve2 settle
    expect pve2 "the target" "vmbr1 pinned $UPLINK1_MAC"
    expect pve1 "the source" "$(up 201)" "$(host)"
}

# The chosen device is taken down and up: its entries are gone
event_device_flaps() {
    ct_conf 101
    vm_conf 201
    pct_start 101
    qm_start 201
    happens
    ip link set dev eth3 down
    ip link set dev eth3 up
    ip addr replace 2001:db8:18::13/64 dev eth3 nodad
    settle
    expect pve1 "after it" "$(up 101)" "$(up 201)" "$(host)"
}

# The chosen device loses and regains its carrier: entries stay, as they are permanent
event_device_loses_carrier() {
    ct_conf 101
    pct_start 101
    happens
    ip -n "$FAR" link set dev "$NODE.p3" down
    wait_for grep -q 0 /sys/class/net/eth3/carrier
    expect pve1 "without carrier" "$(up 101)" "$(host)"
    ip -n "$FAR" link set dev "$NODE.p3" up
    wait_for grep -q 1 /sys/class/net/eth3/carrier
    expect pve1 "and with it" "$(up 101)" "$(host)"
}

# The guests' bridge is taken down and up: the host routes by it are gone
event_bridge_flaps() {
    ct_conf 101
    pct_start 101
    happens
    ip link set dev vmbr1 down
    ip link set dev vmbr1 up
    settle
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# The guest's own port is taken down and up
event_port_flaps() {
    ct_conf 101
    pct_start 101
    happens
    ip link set dev veth101i0 down
    ip link set dev veth101i0 up
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# A network reload makes the guests' bridge anew: MAC, routes and ports are gone; ports come back with the reload
event_network_reload() {
    ct_conf 101
    pct_start 101
    happens
    ip link del uplink1
    ip link del vmbr1
    # Heard of before it has its uplink: too early to choose its MAC.
    ip link add vmbr1 type bridge
    settle
    vmbr1_up
    ip link set dev fwpr101p0 master vmbr1
    ip link set dev fwpr199p0 master vmbr1
    settle
    expect pve1 "after it" "$(up 101)" "$(host)"
}

# A network reload makes the chosen device anew
event_device_made_anew() {
    ct_conf 101
    vm_conf 201
    pct_start 101
    qm_start 201
    happens
    ip link del eth3
    ip link add eth3 address 02:18:00:00:00:13 type veth peer name "$NODE.p3" netns "$FAR"
    ip link set eth3 up
    ip addr add 192.168.18.13/24 dev eth3
    ip addr add 2001:db8:18::13/64 dev eth3 nodad
    ip -n "$FAR" link set "$NODE.p3" up
    settle
    expect pve1 "after it" "$(up 101)" "$(up 201)" "$(host)"
}

# The administrator chooses another device: the entry moves
event_policy_edited() {
    ct_conf 101
    pct_start 101
    happens
    events_policy '"device": "eth4"'
    settle
    expect pve1 "after it" "$(up 101 | sed 's/eth3/eth4/')" "$(host)" "eth4 proxy_delay 0" "eth4 proxy_delay_ipv6 0" "eth4 proxy_ndp 1"
    pct_stop 101
    expect pve1 "and after a stop" "$(host)" "eth4 proxy_delay 0" "eth4 proxy_delay_ipv6 0" "eth4 proxy_ndp 1"
}

# The hookscript is taken off a running guest: what was set goes when the guest goes
event_detached_while_running() {
    conf 204 lxc "net0: $(net 204 0)"
    pct_start 204
    happens
    MANAGED='' conf 204 lxc "net0: $(net 204 0)"
    policy '{}'
    sync
    names_go 204
    expect pve1 "still" "$(up 204)" "$(host)"
    lxc_end 204 stop
    settle
    expect pve1 "after its stop" "$(host)"
}

unheard() { # COMMAND...: none of guestarp's hooks is called
    local WITH=$WITH
    case $WITH in guestarp | hookscript) WITH=nobody ;; esac
    "$@"
}

# Not one hook was called from start to stop, as after a crash of everything: repaired both ways
event_hooks_lost() {
    ct_conf 101
    vm_conf 201
    unheard pct_start 101
    unheard qm_start 201
    settle
    expect pve1 "two guests came" "$(up 101)" "$(up 201)" "$(host)"
    unheard pct_stop 101
    unheard qm_stop 201
    settle
    expect pve1 "and went" "$(host)"
}

# guestarp's own settings were undone by somebody: guestarp sync
event_settings_lost() {
    ct_conf 101
    pct_start 101
    happens
    [ -z "$MANAGED" ] || ip neigh del proxy 192.168.18.101 dev eth3 2>/dev/null || true
    [ -z "$MANAGED" ] || ip neigh add proxy 192.168.18.101 dev eth4
    [ -z "$MANAGED" ] || ip link set dev fwbr101i0 arp on
    sync
    expect pve1 "after guestarp sync" "$(up 101)" "$(host)"
}

# Two guests of two kinds and an unmanaged one; one of them goes
event_one_of_two_goes() {
    ct_conf 101
    vm_conf 201
    pct_start 101
    qm_start 201
    happens
    pct_stop 101
    expect pve1 "the other stays" "$(up 201)" "$(host)"
    qm_stop 201
    expect pve1 "and goes" "$(host)"
}

# What went before was only to get there.
happens() {
    : >"$TMP/first-frames"
}

# What Proxmox VE changes first and writes into the configuration afterwards may be seen a moment later.
# shellcheck disable=SC2034 # expect reads it
later() {
    SOON=1
}

event_names() {
    sed -n 's/^event_\([a-z0-9_]*\)() {$/\1/p' "$EVENTS_DIR/table.sh" | grep -vx names
}

# Of these no hook hears, or of not all of it; of all others one does, or there is nothing to be done.
hooks_hear() { # NAME
    case $1 in
    bridge_flaps | ct_bridge_changed | ct_firewall_on | ct_hotplug | ct_hotunplug | ct_hwaddr_changed | ct_ip_changed | \
        ct_link_down | ct_monitor_killed | device_flaps | device_made_anew | hooks_lost | network_reload | policy_edited | \
        vm_crash_unnoticed | vm_firewall_toggled | vm_hotplug | vm_hotunplug | vm_live_migration_target_dies | \
        vm_model_changed) return 1 ;;
    esac
}
