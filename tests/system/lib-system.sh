# shellcheck shell=bash
# What the parts of tests/system stand on: tests/lib.sh, in a virtual machine that is theirs as a whole. Source it first.
#
# The cards eth0 to eth4 are on one wire. eth1 is in a namespace of its own, "lan": the host that looks on from outside,
# with 192.168.18.129. The others are the host's: see tests/system/image.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit
[ -n "$WHOLE_MACHINE" ] || skip_all "runs in a virtual machine (make check-system)"

STATE=/srv/system
LAN=192.168.18.129
# shellcheck disable=SC2034 # the parts'
HOST=192.168.18.10

# ---- across boots -----------------------------------------------------------------------------------------------------

tap_count=$(cat $STATE/count 2>/dev/null || echo 0)
tap_failed=$(cat $STATE/failed 2>/dev/null || echo 0)
rm -f $STATE/rebooting

# The part starts anew after it, with BOOT one higher, and goes on counting.
reboot_machine() {
    echo "$tap_count" >$STATE/count
    echo "$tap_failed" >$STATE/failed
    touch $STATE/rebooting
    sync
    tap_finished=1
    systemctl --no-block reboot
    exit 0
}

# ---- the wire -----------------------------------------------------------------------------------------------------------

lan_up() {
    ip netns add lan
    ip link set dev eth1 netns lan
    ip -n lan link set dev lo up
    ip -n lan link set dev eth1 up
    ip -n lan addr add $LAN/24 dev eth1
    ip -n lan addr add 2001:db8:18::129/64 dev eth1 nodad
    in_ns lan sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}
[ -e /run/netns/lan ] || lan_up

# Devices whose MACs answered the LAN's request for ADDRESS in a second, sorted, each once.
heard() { # ADDRESS
    local found
    in_ns lan arping -b -w 1 -I eth1 "$1" | sed -n 's/.*\[\([0-9A-Fa-f:]*\)\].*/\L\1/p' | sort -u |
        while read -r found; do mac_name "$found"; done | sort -u | paste -s -d ' '
}

is_heard() { # ADDRESS "DEV..." DESC
    is "$(heard "$1")" "$2" "$3"
}

# From the LAN, with nothing known from before.
lan_reaches() { # ADDRESS
    ip -n lan neigh flush dev eth1 >/dev/null 2>&1 || true
    in_ns lan ping -q -c 2 -i 0.3 -W 2 "$1"
}

# ---- the package ------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2034 # the parts'
DEB=$(find $STATE/debs -maxdepth 1 -name 'guestarp_*.deb' | head -n 1)
# shellcheck disable=SC2034
BEFORE_DEB=$(find $STATE/debs -mindepth 2 -name 'guestarp_*.deb' | head -n 1)

# Lines of ours in the journal, of this boot, at PRIORITY or worse.
journal_of_ours() { # PRIORITY
    journalctl -q -b -o cat -p "$1" -t guestarp -t guestarp-pve -t guestarp-lxc -t guestarp-udev -u guestarp.service || true
}

# ---- wishes of QEMU ---------------------------------------------------------------------------------------------------

cable() { # DEV on|off
    local answer
    echo "@link $1 $2"
    read -r -t 10 answer && [ "$answer" = "done" ]
}
