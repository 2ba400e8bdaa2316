# shellcheck shell=bash
# The life of a Proxmox VE virtual machine for tests/wire: a real QEMU under TCG, whose guest asks from its first moment
# on. Source it after lib-wire.sh.
#
# The guest is Debian's cloud kernel with an initramfs of busybox and ask, made here. QEMU itself makes and ends the tap
# and calls pve-bridge and pve-bridgedown, as in Proxmox VE.

VM_DIR=$TMP/vm

vm_kernel() { # the newest of Debian's cloud kernels; nothing when there is none
    local kernel
    for kernel in /boot/vmlinuz-*-cloud-amd64; do
        if [ -r "$kernel" ]; then echo "$kernel"; fi
    done | sort -V | tail -n 1
}

# Why there can be no virtual machine here; nothing when there can.
vm_missing() {
    local program
    for program in qemu-system-x86_64 cpio modprobe perl; do
        if ! command -v "$program" >/dev/null; then
            echo "no program $program"
            return
        fi
    done
    if [ -z "$(vm_kernel)" ]; then
        echo "no /boot/vmlinuz-*-cloud-amd64 (package linux-image-cloud-amd64)"
    elif [ ! -c /dev/net/tun ]; then
        echo "no /dev/net/tun"
    fi
}

vm_modules() { # VERSION: files, in the order in which they have to be loaded
    local module
    for module in virtio_pci virtio_net; do
        modprobe -S "$1" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ {print $2}'
}

vm_initramfs() {
    local tree=$VM_DIR/initramfs version module
    version=$(vm_kernel)
    version=${version#/boot/vmlinuz-}
    mkdir -p "$tree/bin" "$tree/dev" "$tree/proc" "$tree/sys" "$tree/modules"
    cp "$LXC_PROGRAMS/busybox" "$LXC_PROGRAMS/ask" "$tree/bin/"
    {
        printf '#!/bin/busybox sh\nb=/bin/busybox\n'
        printf "\$b mount -t proc proc /proc\n\$b mount -t sysfs sysfs /sys\n\$b mount -t devtmpfs dev /dev\n"
        vm_modules "$version" | while read -r module; do
            cp "$module" "$tree/modules/"
            echo "\$b insmod /modules/${module##*/}"
        done
        cat <<END
bring_up() { # N: as soon as the NIC is there, also when it is plugged later, or again
    while true; do
        if [ -e /sys/class/net/eth\$1 ]; then
            \$b ip link set dev eth\$1 up
            \$b ip addr add 192.168.\$1.100/24 dev eth\$1 2>/dev/null
        fi
        \$b usleep 20000
    done
}
# Opened before it asks: those who hear it may tell it something.
exec 3</dev/ttyS0
echo begun >/dev/console
bring_up 0 &
bring_up 1 &
/bin/ask eth0 192.168.0.100 192.168.0.1=$VMBR_ANY 192.168.0.2=${LAN_MACS[0]},${VMBR_MACS[1]} &
/bin/ask eth1 192.168.1.100 192.168.1.1=$VMBR_ANY 192.168.1.2=${LAN_MACS[1]},${VMBR_MACS[0]} &
read -r word <&3
exec \$b "\$word" -f
END
    } >"$tree/init"
    chmod +x "$tree/init"
    (cd "$tree" && find . | cpio -o -H newc --quiet) >"$VM_DIR/initramfs.cpio"
}

# pve-bridge (also for a NIC that is plugged) and pve-bridgedown, which QEMU calls with the tap's name.
vm_programs() {
    {
        wire_functions
        cat <<'END'
port=$1 id=${1#tap}
# Perl starts, the configuration is read (pve-bridge).
pause 0.02
quiet_v6 "$port"
ip link set dev "$port" up promisc on mtu 1500
tap_plug "${id%i*}" "${id#*i}" "$port"
END
    } >"$LXC_PROGRAMS/pve-bridge"
    {
        wire_functions
        cat <<'END'
id=${1#tap}
pause 0.02
tap_unplug "${id%i*}" "${id#*i}" "$1"
END
    } >"$LXC_PROGRAMS/pve-bridgedown"
    chmod +x "$LXC_PROGRAMS/pve-bridge" "$LXC_PROGRAMS/pve-bridgedown"
}

vm_net() { # N BRIDGE FIREWALL
    echo "net$1: virtio=$(guest_mac "$VMID" "$1"),bridge=$2,firewall=$3"
}

vm_conf() { # LINE...
    wire_conf qemu-server "boot: order=scsi0" "$@"
}

vm_new() {
    PORT=tap${VMID}i0
    mkdir -p "$VM_DIR" "$ROOT/run/qemu-server"
    vm_conf "$(vm_net 0 vmbr0 1)"
    nic_write "$VMID" 0 vmbr0 1
    vm_programs
    vm_initramfs
}

vm_netdev() { # N
    echo "tap,id=net$1,ifname=tap${VMID}i$1,script=$LXC_PROGRAMS/pve-bridge,downscript=$LXC_PROGRAMS/pve-bridgedown"
}

vm_device() { # N
    echo "virtio-net-pci,id=net$1,netdev=net$1,mac=$(guest_mac "$VMID" "$1"),romfile="
}

# QEMU's parent ends when all devices are plugged. Proxmox VE's QEMU has an option -id. Debian's takes "-id" for a name
# and the number for a disk, so that the command line reads the same.
vm_boot() {
    local kernel_words
    rm -f "$VM_DIR/serial" "$VM_DIR/monitor"
    truncate -s 1M "$VM_DIR/$VMID"
    kernel_words="console=ttyS1 quiet panic=-1 no_timer_check mitigations=off"
    (
        cd "$VM_DIR"
        exec qemu-system-x86_64 -name -id "$VMID" -accel tcg -machine pc -m 96 -smp 1 -nodefaults -no-user-config \
            -display none -daemonize -pidfile "$ROOT/run/qemu-server/$VMID.pid" \
            -serial unix:serial,server=on,wait=off -serial file:console \
            -monitor unix:monitor,server=on,wait=off \
            -kernel "$(vm_kernel)" -initrd initramfs.cpio -append "$kernel_words" \
            -netdev "$(vm_netdev 0)" -device "$(vm_device 0)"
    ) </dev/null >"$VM_DIR/qemu.log" 2>&1 || diag "qemu: $(<"$VM_DIR/qemu.log")"
    VM_PID=$(<"$ROOT/run/qemu-server/$VMID.pid")
}

# Its tty echoes what has arrived: QEMU drops what it has not read yet when the other side hangs up.
vm_tell() { # WORD: to the guest's init
    perl -MIO::Socket::UNIX -e '
        my ($path, $word) = @ARGV;
        my $s = IO::Socket::UNIX->new($path) or die "$path: $!\n";
        $s->autoflush(1);
        print $s "$word\n";
        alarm 180;
        <$s>' "$VM_DIR/serial" "$1"
}

vm_monitor() { # COMMAND: prints what QEMU says
    perl -MIO::Socket::UNIX -e '
        my ($path, $command) = @ARGV;
        my $s = IO::Socket::UNIX->new($path) or die "$path: $!\n";
        $s->autoflush(1);
        my $text = "";
        sub prompt { 1 while $text !~ /\(qemu\) \z/ && sysread $s, $text, 4096, length $text; $text = "" if @_ }
        prompt(1);
        print $s "$command\n";
        prompt();
        $text =~ s/^.*\n//;
        $text =~ s/\(qemu\) \z//;
        print $text' "$VM_DIR/monitor" "$1"
}

vm_start() {
    hookscript pre-start
    vm_boot
    hookscript post-start
    runs_on
}

vm_ended() {
    [ ! -e "/proc/$VM_PID" ]
}

vm_stop() {
    hookscript pre-stop
    vm_monitor quit
    wait_for -t 120 vm_ended
    hookscript post-stop
    no_device "fwbr${VMID}i0"
    gone 5
}

vm_begun() { # TIMES: so often the guest's init has begun since QEMU started
    [ "$(grep -c begun "$VM_DIR/console")" -ge "$1" ]
}

vm_reboot() { # inside: the same QEMU, the same tap
    local times
    times=$(grep -c begun "$VM_DIR/console")
    vm_tell reboot
    wait_for -t 180 vm_begun $((times + 1))
    runs_on
}

vm_firewall() { # 0|1
    replug "$VMID" 0 "$PORT" vmbr0 "$1"
    vm_conf "$(vm_net 0 vmbr0 "$1")"
    runs_on
}

vm_bridge() { # BRIDGE
    replug "$VMID" 0 "$PORT" "$1" 1
    vm_conf "$(vm_net 0 "$1" 1)"
    runs_on
}

vm_hotplug() {
    nic_write "$VMID" 1 vmbr1 1
    vm_monitor "netdev_add $(vm_netdev 1)"
    vm_monitor "device_add $(vm_device 1)"
    vm_conf "$(vm_net 0 vmbr0 1)" "$(vm_net 1 vmbr1 1)"
    runs_on "tap${VMID}i1"
}

vm_no_nic() { # N: the guest has let go of it
    ! vm_monitor "info network" | grep -q "^virtio-net-pci.*net$1\|^net$1: index=0,type=nic"
}

vm_unplug() {
    vm_monitor "device_del net1"
    wait_for -t 120 vm_no_nic 1
    vm_monitor "netdev_del net1"
    vm_conf "$(vm_net 0 vmbr0 1)"
    no_device "tap${VMID}i1"
    runs_on
}

# Killed, QEMU calls no pve-bridgedown: the tap is gone, the firewall bridge stays. The LAN goes on asking.
vm_kill() {
    kill -KILL "$VM_PID"
    wait_for no_device "$PORT"
    gone 60
    # qmeventd's `qm cleanup`, at last.
    tap_unplug "$VMID" 0 "$PORT"
    hookscript post-stop
    gone 5
}

# Each event of a virtual machine's life. A reboot takes TCG 6 s and touches no device of the host: VM_REBOOTS= leaves
# it out.
VM_REBOOTS=1
vm_life() {
    row "start" vm_start
    row "firewall switched off" vm_firewall 0
    row "firewall switched on" vm_firewall 1
    row "NIC plugged" vm_hotplug
    row "NIC unplugged" vm_unplug
    row "bridge changed to vmbr1" vm_bridge vmbr1
    row "bridge changed back to vmbr0" vm_bridge vmbr0
    [ -z "$VM_REBOOTS" ] || row "reboot from inside" vm_reboot
    row "stop" vm_stop
    row "start" vm_start
    row "QEMU killed, nobody cleans up for a while" vm_kill
}
