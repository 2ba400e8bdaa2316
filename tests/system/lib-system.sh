# shellcheck shell=bash
# What the parts of tests/system stand on: tests/lib.sh, in a virtual machine of their own. Source it first.
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
    # QEMU keeps back what a card sends while no other one can receive.
    ip link set dev eth2 arp off up
    ip -n lan addr add 2001:db8:18::129/64 dev eth1 nodad
    in_ns lan sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}
[ -e /run/netns/lan ] || lan_up

# The device of a MAC, for "ADDRESS MAC[ MORE]" lines: "ADDRESS DEV", sorted, each once. A bridge has the MAC of one of its
# ports, and is what is meant. Nothing is run for it, as all is slow here.
named() {
    local file dev mac address found
    local -A devs=()
    for file in /sys/class/net/*/address; do
        dev=${file%/address}
        dev=${dev##*/}
        read -r mac <"$file" || continue
        [ -n "${devs[$mac]:-}" ] && [[ $dev != vmbr* ]] || devs[$mac]=$dev
    done
    while read -r address found _; do
        [[ $found != 02:9e:* ]] || devs[$found]=guest
        echo "$address ${devs[$found]:-$found}"
    done | sort -u
}

# Devices whose MACs answer requests and probes of the LAN for ADDRESS, sorted, each once.
heard() { # ADDRESS
    in_ns lan $STATE/tests/system/ask eth1 "$1" | named | cut -d ' ' -f 2 | paste -s -d ' '
}

is_heard() { # ADDRESS "DEV..." DESC
    is "$(heard "$1")" "$2" "$3"
}

# From the LAN, with nothing known from before.
lan_reaches() { # ADDRESS
    ip -n lan neigh flush dev eth1 >/dev/null 2>&1 || true
    in_ns lan ping -q -c 2 -i 0.3 -W 2 "$1"
}

# ---- Proxmox VE's containers -----------------------------------------------------------------------------------------

SNIPPET=/var/lib/vz/snippets/guestarp
PROGRAMS=/usr/local/lib/pve
CT_PATH=/var/lib/lxc

# What Proxmox VE has beside LXC: the programs that LXC calls for its containers, by a drop-in of its own,
# and the unit that runs a container. What they are called with and when is noted in $STATE/noted.
pve_programs() {
    mkdir -p $PROGRAMS
    cat >$PROGRAMS/lxcnetaddbr <<END
#!/bin/bash
set -eEuo pipefail
$(declare -f quiet_v6 pve_cleanup pve_plug)
vmid=\$1 port=\$5
bridge=\$(sed -n "s/^net\${port##*i}: .*bridge=\([^,]*\).*/\1/p" /etc/pve/lxc/\$vmid.conf)
echo "\$vmid plugged \$(cut -d ' ' -f 1 /proc/uptime) \$(systemctl is-active guestarp.service)" >>$STATE/noted
ip link set dev "\$port" up mtu 1500
ip addr add 0.0.0.0/0 dev "\$port"
pve_plug "\$vmid" "\${port##*i}" "\$bridge" "" "\$port"
END
    cat >$PROGRAMS/lxc-pve-poststop-hook <<END
#!/bin/bash
set -eEuo pipefail
$(declare -f pve_cleanup)
vmid=\$LXC_NAME
[ -e "/etc/pve/lxc/\$vmid.conf" ] || exit 0
[ ! -e "/sys/class/net/veth\${vmid}i0" ] || ip link delete dev "veth\${vmid}i0"
pve_cleanup "\$vmid" 0
[ "\$LXC_TARGET" != reboot ] || exit 1
! grep -q ^hookscript: "/etc/pve/lxc/\$vmid.conf" || exec $SNIPPET "\$vmid" post-stop
END
    chmod 755 $PROGRAMS/*
    echo "lxc.hook.post-stop = $PROGRAMS/lxc-pve-poststop-hook" >/usr/share/lxc/config/common.conf.d/01-pve.conf
    cat >/etc/systemd/system/pve-container@.service <<'END'
[Unit]
Description=PVE LXC Container: %i
DefaultDependencies=No
After=lxc.service
Wants=lxc.service

[Service]
Type=simple
Delegate=yes
KillMode=mixed
TimeoutStopSec=120s
ExecStart=/usr/bin/lxc-start -F -n %i
ExecStop=/usr/bin/lxc-stop -n %i --kill
END
    systemctl daemon-reload
}

# Written as Proxmox VE does, but for the profile, which it has from LXC as well: "generated".
ct_new() { # VMID BRIDGE ADDRESS/LEN GATEWAY [LINE...]: lines of the guest's own configuration
    local vmid=$1 bridge=$2 address=$3 gateway=$4 root=$CT_PATH/$1/rootfs dir applet
    shift 4
    printf '%s\n' "arch: amd64" "hostname: ct$vmid" "$@" \
        "net0: name=eth0,bridge=$bridge,firewall=1,gw=$gateway,hwaddr=$(guest_mac "$vmid" 0),ip=$address,type=veth" \
        >"/etc/pve/lxc/$vmid.conf"
    for dir in bin dev proc sys sbin etc tmp; do mkdir -p "$root/$dir"; done
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in sh ip ping sleep reboot poweroff; do ln -sf busybox "$root/bin/$applet"; done
    # An init that ends when it is told to, and gives the container one word, if one is there: "reboot".
    cat >"$root/sbin/init" <<'END'
#!/bin/sh
trap 'exec poweroff -f' PWR TERM INT
while sleep 0.2; do
    if [ -e /reboot ]; then
        /bin/busybox rm /reboot
        exec reboot -f
    fi
done
END
    chmod 755 "$root/sbin/init"
    cat >"$CT_PATH/$vmid/config" <<END
lxc.include = /usr/share/lxc/config/common.conf
lxc.arch = amd64
lxc.uts.name = ct$vmid
lxc.rootfs.path = dir:$root
lxc.apparmor.profile = generated
lxc.monitor.unshare = 1
lxc.init.cmd = /sbin/init
lxc.net.0.type = veth
lxc.net.0.veth.pair = veth${vmid}i0
lxc.net.0.hwaddr = $(guest_mac "$vmid" 0)
lxc.net.0.name = eth0
lxc.net.0.flags = up
lxc.net.0.ipv4.address = $address
lxc.net.0.ipv4.gateway = $gateway
lxc.net.0.script.up = $PROGRAMS/lxcnetaddbr
END
}

# The hookscript as Proxmox VE finds and calls it: by its link, argv, environment and closed stdin.
hook() { # VMID PHASE
    ! grep -q '^hookscript: local:snippets/guestarp$' /etc/pve/*/"$1".conf ||
        env -i LC_ALL=C PATH=/sbin:/bin:/usr/sbin:/usr/bin LVM_SUPPRESS_FD_WARNINGS=1 $SNIPPET "$1" "$2" </dev/null
}

ct_runs() { # VMID
    [ "$(lxc-info -n "$1" -s -H 2>/dev/null)" = RUNNING ]
}

ct_ended() { # VMID
    # Neither active nor deactivating.
    [[ $(systemctl show -P ActiveState "pve-container@$1.service") =~ ^(inactive|failed)$ ]] && [ ! -e "/sys/class/net/veth${1}i0" ]
}

pct_start() { # VMID
    hook "$1" pre-start
    systemctl start "pve-container@$1.service"
    wait_for -t 60 ct_runs "$1"
    hook "$1" post-start
}

pct_stop() { # VMID
    hook "$1" pre-stop
    lxc-stop -n "$1" --kill
    wait_for -t 60 ct_ended "$1"
    # lxc-start's status is that of the init that was killed.
    systemctl reset-failed "pve-container@$1.service" 2>/dev/null || true
}

in_ct() { # VMID COMMAND...: in its network
    local pid
    pid=$(lxc-info -n "$1" -p -H)
    shift
    nsenter -t "$pid" -n "$@"
}

# What policy_all makes quiet: everybody's firewall bridges, and each guest's own ports.
names_of_all() { # VMID...
    {
        printf '%s\n' {fwbr,fwln,fwpr}{1..9}'*'
        printf 'tap%si*\n' "$@"
        printf 'veth%si*\n' "$@"
    } | sort | paste -s -d ' '
}

policy_all() { # [MORE]: every guest; further members of the policy's "guests"
    echo "{\"guests\": {\"*\": {}${1:+, $1}}}" >/etc/pve/guestarp.json
}

# ---- the package ------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2034 # the parts'
DEB=$(find $STATE/debs -maxdepth 1 -name 'guestarp_*.deb' | head -n 1)
# shellcheck disable=SC2034
BEFORE_DEB=$(find $STATE/debs -mindepth 2 -name 'guestarp_*.deb' | head -n 1)

# Lines of ours in the journal, of this boot, at PRIORITY or worse.
journal_of_ours() { # PRIORITY
    journalctl -q -b -o cat -p "$1" -t guestarp -t guestarp-pve -t guestarp-lxc -t guestarp-watch -u guestarp.service -u guestarp-watch.service || true
}

# ---- wishes of QEMU ---------------------------------------------------------------------------------------------------

cable() { # DEV on|off
    local answer
    echo "@link $1 $2" >/dev/ttyS1
    read -r -t 60 answer </dev/ttyS1 && [ "$answer" = "done" ]
}
