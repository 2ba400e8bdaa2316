#!/bin/sh
# What an administrator would write instead of guestarp: the shortest shell hook that brings about the same, with ip and sysctl.
# It leaves out what guestarp does beside: no policy, no record, no check of anything, no announcements.
#
#   hook.sh VMID pre-start|post-start|post-stop|start-host      Proxmox VE, LXC
#   hook.sh VMID bare           post-start with neither the other devices' entries nor the neighbours already misled
#   VEID=CTID hook.sh devices   OpenVZ

conf=$GUESTARP_ROOT/etc device=eth3 others="eth0 eth4 vmbr0"

# Sets ip, bridge and hooked from a container's configuration.
read_pve() {
    hooked=
    while read -r key value; do
        case $key in
        hookscript:) hooked=1 ;;
        net0:)
            ip=${value#*,ip=} bridge=${value#*bridge=}
            ip=${ip%%/*} bridge=${bridge%%,*}
            ;;
        esac
    done <"$conf/pve/lxc/$1.conf" && [ -n "$hooked" ]
}

prepare() {
    sysctl -q -w net/ipv4/conf/eth0/arp_ignore=1 net/ipv4/conf/eth0/arp_announce=2 \
        net/ipv4/conf/eth3/arp_ignore=1 net/ipv4/conf/eth3/arp_announce=2
}

pin() {
    read -r type <"/sys/class/net/$bridge/addr_assign_type"
    [ "$type" = 3 ] || ip link set dev "$bridge" address "$(cat /sys/class/net/eth5/address)"
}

bind() {
    ip neigh replace proxy "$ip" dev $device
    for other in $others; do ip neigh del proxy "$ip" dev "$other" 2>/dev/null; done
}

quiet_and_bind() {
    ip link set dev "fwbr$1i0" arp off
    sysctl -q -w "net/ipv4/conf/fwbr$1i0/arp_ignore=1" net/ipv4/neigh/$device/proxy_delay=0
    bind
    ip neigh flush dev "fwbr$1i0"
}

case ${2:-$1} in
pre-start)
    read_pve "$1" || exit 0
    prepare
    pin
    ;;
post-start)
    read_pve "$1" || exit 0
    quiet_and_bind "$1"
    ;;
bare)
    read_pve "$1" || exit 0
    ip link set dev "fwbr$1i0" arp off
    sysctl -q -w "net/ipv4/conf/fwbr$1i0/arp_ignore=1" net/ipv4/neigh/$device/proxy_delay=0
    ip neigh replace proxy "$ip" dev $device
    ;;
start-host)
    read_pve "$1" || exit 0
    prepare
    pin
    quiet_and_bind "$1"
    ;;
post-stop)
    read_pve "$1" || exit 0
    ip neigh del proxy "$ip" dev $device
    ;;
devices)
    # shellcheck disable=SC1090
    . "$conf/vz/conf/$VEID.conf"
    if [ -z "${GUESTARP_DEVICE:-}" ]; then
        echo all
        exit 0
    fi
    echo "list:$GUESTARP_DEVICE"
    ip=$IP_ADDR
    prepare
    sysctl -q -w net/ipv4/neigh/$device/proxy_delay=0
    bind
    ;;
esac
exit 0
