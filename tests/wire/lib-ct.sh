# shellcheck shell=bash
# The life of a Proxmox VE container, in real LXC (tests/lxc/lib-lxc.sh), for tests/wire. Source it after lib-wire.sh.
#
# ORDER says which post-stop hook LXC has read first: guestarp.conf or 01-pve.conf. LXC reads the directory in its own
# order, which differs from host to host.

ORDER=guestarp-first
HEARD_WRONG=0

# lxcnetaddbr and lxc-pve-poststop-hook, as in tests/lxc, with tap_plug's own pauses.
pct_programs() {
    {
        wire_functions
        cat <<'END'
vmid=${LXC_NAME:-${1:-}}
port=${LXC_NET_PEER:-${5:-}}
ip link set dev "$port" up mtu 1500
ip addr add 0.0.0.0/0 dev "$port"
tap_plug "$vmid" "${port##*i}" "$port"
END
    } >"$LXC_PROGRAMS/lxcnetaddbr"
    {
        wire_functions
        cat <<END
vmid=\$LXC_NAME
# Perl has to start and all volumes to be unmounted, 0.3 to 2 s.
pause 0.3
for n in 0 1; do
    port=veth\${vmid}i\$n
    [ ! -e "/sys/class/net/\$port" ] || ip link delete dev "\$port"
    pve_cleanup "\$vmid" "\$n"
done
if [ "\$LXC_TARGET" = reboot ]; then
    touch "$TMP/reboot.\$vmid"
    exit 1
fi
grep -q ^hookscript "$ROOT/etc/pve/lxc/\$vmid.conf" || exit 0
exec $GUESTARP_WRAP "$GUESTARP_BUILD/guestarp-pve" "\$vmid" post-stop
END
    } >"$LXC_PROGRAMS/lxc-pve-poststop-hook"
}

# The container's own wish to know: its init asks from its first act on, on both NICs, as soon as they are there.
pct_init() {
    local init=$LXC_PATH/$VMID/rootfs/sbin/init
    cat >"$init" <<END
#!/bin/sh
/bin/ask -c /ctl/eth0.counts eth0 192.168.0.100 192.168.0.1=$VMBR_ANY 192.168.0.2=${LAN_MACS[0]},${VMBR_MACS[1]} &
/bin/ask -c /ctl/eth1.counts eth1 192.168.1.100 192.168.1.1=$VMBR_ANY 192.168.1.2=${LAN_MACS[1]},${VMBR_MACS[0]} &
read -r word </ctl/word
exec "\$word" -f
END
    chmod +x "$init"
}

pct_net() { # N BRIDGE FIREWALL: a line of its configuration
    echo "net$1: name=eth$1,bridge=$2,firewall=$3,hwaddr=$(guest_mac "$VMID" "$1"),ip=192.168.$1.100/24,type=veth"
}

# Written when the plug has been done, as Proxmox VE does.
pct_conf() { # LINE...
    wire_conf lxc "arch: amd64" "hostname: ct$VMID" "$@"
}

pct_new() {
    PORT=veth${VMID}i0 HEARD_WRONG=0
    pct_conf "$(pct_net 0 vmbr0 1)"
    nic_write "$VMID" 0 vmbr0 1
    pct_programs
    pve_container "$VMID" 192.168.0.100/24
    ln -f "$LXC_PROGRAMS/ask" "$LXC_DIR/$VMID/rootfs/bin/ask"
    if managed; then
        if [ "$ORDER" = guestarp-first ]; then
            sed -i "\\|lxc-pve-poststop-hook|i lxc.include = $LXC_DROP_IN" "$LXC_PATH/$VMID/config"
        else
            echo "lxc.include = $LXC_DROP_IN" >>"$LXC_PATH/$VMID/config"
        fi
    fi
}

# HEARD_WRONG counts what the container's own NICs hear: ask has counted until the container's end.
pct_heard() {
    local wrong
    while read -r _ _ wrong; do
        HEARD_WRONG=$((HEARD_WRONG + wrong))
    done < <(cat "$LXC_PATH/$VMID/rootfs/ctl/"*.counts 2>/dev/null || true)
    rm -f "$LXC_PATH/$VMID/rootfs/ctl/"*.counts
}

pct_boot() {
    pct_init
    container_start "$VMID"
}

pct_start() {
    hookscript pre-start
    pct_boot
    hookscript post-start
    runs_on
}

pct_stop() {
    hookscript pre-stop
    container_stop "$VMID"
    pct_heard
    no_device "fwbr${VMID}i0"
    gone 5
}

# No phase of the hookscript: LXC's post-stop hook fails, and systemd starts the container once more.
pct_reboot() {
    rm -f "$TMP/reboot.$VMID"
    container_tell "$VMID" reboot
    wait_for container_ended "$VMID"
    pct_heard
    [ -e "$TMP/reboot.$VMID" ]
    pct_boot
    runs_on
}

pct_firewall() { # 0|1
    replug "$VMID" 0 "$PORT" vmbr0 "$1"
    pct_conf "$(pct_net 0 vmbr0 "$1")"
    runs_on
}

pct_bridge() { # BRIDGE
    replug "$VMID" 0 "$PORT" "$1" 1
    pct_conf "$(pct_net 0 "$1" 1)"
    runs_on
}

# hotplug_net: the pair is made, plugged, and its end is given to the container, which brings it up.
pct_hotplug() {
    local port=veth${VMID}i1 pid
    nic_write "$VMID" 1 vmbr1 1
    ip link add dev "$port" type veth peer name "${port}p" address "$(guest_mac "$VMID" 1)"
    quiet_v6 "$port" "${port}p"
    ip link set dev "$port" up
    tap_plug "$VMID" 1 "$port"
    pid=$(lxc-info -P "$LXC_PATH" -n "$VMID" -pH)
    ip link set dev "${port}p" netns "$pid" name eth1
    nsenter -t "$pid" -n ip link set dev eth1 up
    nsenter -t "$pid" -n ip addr add 192.168.1.100/24 dev eth1
    pct_conf "$(pct_net 0 vmbr0 1)" "$(pct_net 1 vmbr1 1)"
    runs_on "$port"
}

pct_unplug() { # veth_delete, then the configuration
    ip link delete dev "veth${VMID}i1"
    pause 0.02
    pve_cleanup "$VMID" 1
    pct_conf "$(pct_net 0 vmbr0 1)"
    runs_on
}

# Killed, the monitor calls no hook; the firewall bridge stays until the next start. The LAN goes on asking.
pct_kill_monitor() {
    container_kill_monitor "$VMID"
    wait_for no_device "$PORT"
    pct_heard
    gone 60
}

# Each event of a container's life.
pct_life() {
    row "start" pct_start
    row "firewall switched off" pct_firewall 0
    row "firewall switched on" pct_firewall 1
    row "NIC plugged" pct_hotplug
    row "NIC unplugged" pct_unplug
    row "bridge changed to vmbr1" pct_bridge vmbr1
    row "bridge changed back to vmbr0" pct_bridge vmbr0
    row "reboot from inside" pct_reboot
    row "stop" pct_stop
    row "start" pct_start
    row "monitor killed, nobody cleans up" pct_kill_monitor
    row "start after that" pct_start
    row "stop" pct_stop
}
