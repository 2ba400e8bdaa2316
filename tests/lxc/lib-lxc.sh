# shellcheck shell=bash
# Real LXC containers with the devices that Proxmox VE gives them, or plain ones. Source it instead of ../lib.sh.
#
# LXC wants control groups: outside the private namespaces the test makes one of its own, runs itself in it as a child, and
# takes it away afterwards. Containers, their monitors and their devices die with the test's process namespace.

lxc_cgroup_root() { # where the unified hierarchy is mounted
    awk '{for (i = 7; i < NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") {print $5; exit}}' /proc/self/mountinfo
}

lxc_cgroup_remove() { # DIRECTORY
    [ ! -d "$1" ] || find "$1" -depth -type d -exec rmdir -- {} + 2>/dev/null || true
}

if [ -z "${GUESTARP_INSIDE:-}" ] && [ -z "${GUESTARP_CGROUP:-}" ] && [ "$(id -u)" -eq 0 ]; then
    GUESTARP_CGROUP=$(lxc_cgroup_root)
    if [ -n "$GUESTARP_CGROUP" ]; then
        GUESTARP_CGROUP=$GUESTARP_CGROUP/guestarp-test.$$
        # Two levels: the lower one has no controllers to hand on, so it may hold processes and groups at once.
        if mkdir -p "$GUESTARP_CGROUP/test" 2>/dev/null; then
            export GUESTARP_CGROUP
            lxc_status=0
            trap 'kill "$!" 2>/dev/null' INT TERM HUP
            (
                trap - INT TERM HUP
                echo "$BASHPID" >"$GUESTARP_CGROUP/test/cgroup.procs" || exit 1
                exec "$BASH" "$0" "$@"
            ) &
            wait "$!" || lxc_status=$?
            # Its processes may take a moment to be gone.
            for ((i = 0; i < 100; i++)); do
                lxc_cgroup_remove "$GUESTARP_CGROUP"
                [ -d "$GUESTARP_CGROUP" ] || break
                sleep 0.05
            done
            exit "$lxc_status"
        fi
    fi
    unset GUESTARP_CGROUP
fi

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh" || exit

[ -n "$GUESTARP_ROOT_OUTSIDE" ] || skip_all "containers with devices and control groups need root"
[ -n "${GUESTARP_CGROUP:-}" ] || skip_all "no control group of the unified hierarchy can be made here"
require lxc-start lxc-stop lxc-info busybox jq tcpdump
[ -z "$(ldd "$(command -v busybox)" 2>/dev/null | grep '=>' || true)" ] || skip_all "busybox is not static"
if ! mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null; then
    skip_all "no unified control groups here"
fi

# The usual lxcpath, so that these are the containers that everybody has. Hard links do not cross a mount: LXC_DIR is the same.
LXC_PATH=/var/lib/lxc
LXC_DIR=$ROOT/var/lib/lxc
LXC_PROGRAMS=$TMP/programs
LXC_LOG=$TMP/lxc.log
# What a container's init does before anything else: it asks for this address.
GATEWAY=192.168.0.1
export GUESTARP_ROOT=$ROOT
mkdir -p "$LXC_DIR" "$LXC_PROGRAMS"
mount --bind "$LXC_DIR" "$LXC_PATH"

# ---- programs that LXC calls ------------------------------------------------------------------------------------------

# The hook under its own name, with GUESTARP_WRAP's words before it where there are some.
LXC_HOOK=$GUESTARP_BUILD/guestarp-lxc
if [ -n "$GUESTARP_WRAP" ]; then
    LXC_HOOK=$LXC_PROGRAMS/guestarp-lxc
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$GUESTARP_WRAP" "$GUESTARP_BUILD/guestarp-lxc" >"$LXC_HOOK"
    chmod +x "$LXC_HOOK"
fi

# What the package puts into common.conf.d, which every container of the host includes.
LXC_DROP_IN=$TMP/guestarp.conf
mkdir -p "$TMP/libexec/guestarp"
ln -s "$LXC_HOOK" "$TMP/libexec/guestarp/guestarp-lxc"
sed "s|@LIBEXECDIR@|$TMP/libexec|g" "$TESTS_DIR/../packaging/host/lxc.conf.in" >"$LXC_DROP_IN"

# lxcnetaddbr: the container's devices are there, its init is not.
# Arguments with hook version 0: NAME net up veth HOST-DEVICE; LXC_NET_PEER with version 1.
cat >"$LXC_PROGRAMS/lxcnetaddbr" <<END
#!/bin/bash
set -eEuo pipefail
$(declare -f quiet_v6 pve_cleanup pve_plug)
vmid=\${LXC_NAME:-\${1:-}}
port=\${LXC_NET_PEER:-\${5:-}}
n=\${port##*i}
ip link set dev "\$port" up mtu 1500
ip addr add 0.0.0.0/0 dev "\$port"
pve_plug "\$vmid" "\$n" vmbr0 "" "\$port"
read -r index <"/sys/class/net/\$port/ifindex"
read -r mac <"/sys/class/net/fwbr\${vmid}i\$n/address"
echo "\$index \$mac" >>$TMP/plugged
END

# lxc-pve-poststop-hook (1.2): veth_delete for each NIC; a reboot from inside ends here, in failure, and systemd starts the
# container anew; else the hookscript's post-stop, in an environment without PATH's promise.
cat >"$LXC_PROGRAMS/lxc-pve-poststop-hook" <<END
#!/bin/bash
set -eEuo pipefail
$(declare -f pve_cleanup)
vmid=\$LXC_NAME
[ ! -e "/sys/class/net/veth\${vmid}i0" ] || ip link delete dev "veth\${vmid}i0"
pve_cleanup "\$vmid" 0
if [ "\$LXC_TARGET" = reboot ]; then
    touch "$TMP/reboot.\$vmid"
    exit 1
fi
exec $GUESTARP_WRAP "$GUESTARP_BUILD/guestarp-pve" "\$vmid" post-stop
END

# Notes what LXC calls hooks with, for the tests' own sake.
cat >"$LXC_PROGRAMS/note" <<END
#!/bin/sh
echo "\$# \${LXC_HOOK_VERSION:-} |\${LXC_HOOK_TYPE:- }|\${LXC_TARGET:- }|\$*" >>$TMP/noted
END
chmod +x "$LXC_PROGRAMS"/*

# ---- containers ---------------------------------------------------------------------------------------------------------

# One busybox, shared by all containers; each has its own /ctl, where its init reads what to do in the end.
container_root() { # NAME
    local root=$LXC_DIR/$1/rootfs dir applet
    for dir in bin dev proc sys sbin etc tmp ctl; do mkdir -p "$root/$dir"; done
    ln -f "$LXC_PROGRAMS/busybox" "$root/bin/busybox"
    for applet in sh ip arping reboot poweroff; do ln -sf busybox "$root/bin/$applet"; done
    [ -p "$root/ctl/word" ] || mkfifo "$root/ctl/word"
}
cp "$(command -v busybox)" "$LXC_PROGRAMS/busybox"

# An init whose first act is to ask for its gateway; the second answer shows that all who answer the first have done so.
container_init() { # NAME
    local init=$LXC_PATH/$1/rootfs/sbin/init
    cat >"$init" <<END
#!/bin/sh
arping -q -f -c 3 -w 3 -I eth0 $GATEWAY
arping -q -f -c 3 -w 3 -I eth0 $GATEWAY
echo asked >/ctl/asked
read -r word </ctl/word
exec "\$word" -f
END
    chmod +x "$init"
}

# A container as Proxmox VE's update_lxc_config writes it, with a host-managed NIC, which has its address before init runs.
# Further lines are appended: hooks, lxc.hook.version.
pve_container() { # VMID ADDRESS/LEN LINE...
    local vmid=$1 address=$2
    shift 2
    container_root "$vmid"
    container_init "$vmid"
    cat >"$LXC_PATH/$vmid/config" <<END
lxc.uts.name = ct$vmid
lxc.arch = $(uname -m)
lxc.rootfs.path = dir:$LXC_PATH/$vmid/rootfs
lxc.apparmor.profile = unconfined
lxc.mount.auto = proc:mixed sys:ro
lxc.monitor.unshare = 1
lxc.init.cmd = /sbin/init
lxc.hook.post-stop = $LXC_PROGRAMS/lxc-pve-poststop-hook
lxc.net.0.type = veth
lxc.net.0.veth.pair = veth${vmid}i0
lxc.net.0.hwaddr = $(guest_mac "$vmid" 0)
lxc.net.0.name = eth0
lxc.net.0.flags = up
lxc.net.0.ipv4.address = $address
lxc.net.0.script.up = $LXC_PROGRAMS/lxcnetaddbr
END
    printf '%s\n' "$@" >>"$LXC_PATH/$vmid/config"
}

# A container of LXC's own: no Proxmox VE anywhere, its network is what its lines say.
plain_container() { # NAME ADDRESS/LEN LINE...
    local name=$1 address=$2
    shift 2
    container_root "$name"
    container_init "$name"
    cat >"$LXC_PATH/$name/config" <<END
lxc.uts.name = $name
lxc.rootfs.path = dir:$LXC_PATH/$name/rootfs
lxc.apparmor.profile = unconfined
lxc.mount.auto = proc:mixed sys:ro
lxc.init.cmd = /sbin/init
END
    printf '%s\n' "$@" >>"$LXC_PATH/$name/config"
}

container_state() { # NAME
    lxc-info -P "$LXC_PATH" -n "$1" -sH
}

container_is() { # NAME STATE
    [ "$(container_state "$1" 2>/dev/null)" = "$2" ]
}

declare -A MONITOR=()

# lxc-start returns when the container's init has been executed, which is when Proxmox VE calls post-start.
container_start() { # NAME
    rm -f "$LXC_PATH/$1/rootfs/ctl/asked" "$TMP/reboot.$1"
    STATUS=0
    lxc-start -P "$LXC_PATH" -n "$1" -d -p "$TMP/monitor.$1" -l DEBUG -o "$LXC_LOG" </dev/null >"$TMP/start.out" 2>&1 || STATUS=$?
    OUT=$(<"$TMP/start.out")
    # LXC removes the file at its end, before the last hooks.
    MONITOR[$1]=$(<"$TMP/monitor.$1") || true
    [ "$STATUS" -eq 0 ] || diag "lxc-start $1: $OUT"$'\n'"$(grep -E 'ERROR|WARN' "$LXC_LOG" | tail -n 8 || true)"
    return "$STATUS"
}

container_asked() { # NAME: its init has had its answers
    wait_for test -e "$LXC_PATH/$1/rootfs/ctl/asked"
}

container_tell() { # NAME WORD: its init ends with that
    # A container that died has nobody who reads.
    timeout 5 tee "$LXC_PATH/$1/rootfs/ctl/word" <<<"$2" >/dev/null
}

# LXC says STOPPED before it runs the post-stop hooks; the monitor's end is the container's.
container_ended() { # NAME
    [ ! -e "/proc/${MONITOR[$1]}" ]
}

container_stop() { # NAME
    lxc-stop -P "$LXC_PATH" -n "$1" -k
    wait_for container_ended "$1"
}

# Killed, the monitor calls no hook; the kernel takes init with it, and init's network namespace in its own time.
container_kill_monitor() { # NAME
    kill -KILL "${MONITOR[$1]}"
    wait_for container_is "$1" STOPPED
}

no_device() { # DEV
    [ ! -e "/sys/class/net/$1" ]
}

# ---- frames on every device of the host, those to come included -----------------------------------------------------------

ALL_FENCE=198.51.100.7

all_fence_seen() { # NAME PORT
    [ -n "$(tcpdump -Z root -r "$TMP/$1.pcap" -n "udp and dst host $ALL_FENCE and dst port $2" 2>/dev/null)" ]
}

all_fence() { # NAME: everything that was on the wire before is in the capture
    local port=$((20000 + ++fence_number))
    echo >"/dev/udp/$ALL_FENCE/$port"
    wait_for all_fence_seen "$1" "$port"
}

all_begun() { # NAME: sends one fence and looks for any
    echo >"/dev/udp/$ALL_FENCE/19999"
    all_fence_seen "$1" 19999
}

capture_all() { # NAME: ARP on all devices
    ip addr replace "$ALL_FENCE/32" dev lo
    # -s: with the default length, tcpdump's buffer holds 32 frames.
    tcpdump -Z root -i any -s 256 -n -U --immediate-mode -B 8192 -w "$TMP/$1.pcap" "arp or (udp and dst host $ALL_FENCE)" 2>"$TMP/$1.log" &
    CAPTURE_PID[$1]=$!
    wait_for grep -q '^tcpdump: listening on' "$TMP/$1.log"
    # "listening" comes a moment before the first frame is taken, and that one may be lost: one more with each look.
    wait_for all_begun "$1"
}

# What the containers' ports carried, over the whole capture: "REQUESTS RIGHT WRONG", the last of which counts ARP frames from a
# firewall bridge's MAC (in the Ethernet header or in ARP's own field) towards a container, and answers that name any other MAC
# than the right one. Each port is known by its index. With an uplink: three more, for what went out by it.
port_counts() { # NAME RIGHT-MAC [UPLINK]
    local uplink=
    [ -z "${3:-}" ] || uplink=$(<"/sys/class/net/$3/ifindex")
    tcpdump -Z root -r "$TMP/$1.pcap" -n -e -t arp 2>/dev/null >"$TMP/$1.txt"
    perl -e '
        use strict; use warnings;
        my ($plugged, $frames, $right_mac, $gateway, $uplink) = @ARGV;
        my (%fwbr, %count);
        open my $in, "<", $plugged or die "$plugged: $!\n";
        /^(\d+) (\S+)$/ and $fwbr{$1} = $2 while <$in>;
        $fwbr{$uplink} = "none" if $uplink;
        open $in, "<", $frames or die "$frames: $!\n";
        while (<$in>) {
            my ($way, $index, $source) = /^\S+\s+(\S+)\s+ifindex (\d+) (\S+)/ or die "not understood: $_";
            my $mac = $fwbr{$index} // next;
            my $side = $uplink && $index == $uplink ? "lan" : "guest";
            my ($says) = /Reply \Q$gateway\E is-at ([0-9a-f:]+)/;
            if ($way eq "B" && /Request who-has \Q$gateway\E .*tell /) {
                $count{$side}{requests}++;
            } elsif ($way eq "Out" && ($source eq $mac || /is-at \Q$mac\E/ || ($says && $says ne $right_mac))) {
                $count{$side}{wrong}++;
            } elsif ($way eq "Out" && $says) {
                $count{$side}{right}++;
            }
        }
        print join(" ", map { my $side = $_; map { $count{$side}{$_} // 0 } qw(requests right wrong) }
            "guest", $uplink ? "lan" : ()), "\n"' "$TMP/plugged" "$TMP/$1.txt" "$2" "$GATEWAY" "$uplink"
}

# The bridge that Proxmox VE plugs into, with the gateway's address, as the containers ask for it.
BRIDGE_MAC=02:00:00:00:00:b0

lxc_bridge() {
    ip link add dev vmbr0 address "$BRIDGE_MAC" type bridge
    ip link set dev vmbr0 up
    ip addr add "$GATEWAY/24" dev vmbr0
}

# Beyond an uplink of that bridge, a host that never stops asking for the gateway: every 5 ms, each fifth time by a probe.
lxc_lan() {
    ns_add lan
    veth - eth0 02:00:00:00:00:0b lan eth0 02:00:00:00:00:0a
    quiet_v6 eth0
    ip link set dev eth0 master vmbr0
}

lan_asks() { # until LAN_ASKER is ended
    # shellcheck disable=SC2016 # Perl's own
    ip netns exec lan perl -e '
        use strict; use warnings; use Socket;
        my ($gateway) = @ARGV;
        my $mac = pack "H*", "02000000000a";
        open my $in, "<", "/sys/class/net/eth0/ifindex" or die "eth0: $!\n";
        chomp(my $index = <$in>);
        socket my $socket, 17, 3, 0 or die "packet socket: $!\n";
        bind $socket, pack("S n i S C C x8", 17, 0x0806, $index, 0, 0, 0) or die "eth0: $!\n";
        for (my $n = 0;; $n++) {
            my $from = inet_aton($n % 5 == 4 ? "0.0.0.0" : "192.168.0.2");
            send $socket, pack("a6 a6 n n n C C n a6 a4 a6 a4 x18", "\xff" x 6, $mac, 0x0806, 1, 0x0800, 6, 4, 1, $mac, $from,
                "", inet_aton($gateway)), 0;
            select undef, undef, undef, 0.005;
        }' "$GATEWAY" &
    LAN_ASKER=$!
}

lan_ends() {
    kill "$LAN_ASKER"
    wait "$LAN_ASKER" || true
}
