#!/bin/bash
# The table of quiet names on a Debian kernel with modules, booted in QEMU: 6.1 where this is Debian 12. Two things that neither
# the machine's own kernel nor tests/uml can show: what an older nf_tables makes of prefixes, batches and absent elements, and that
# no program of ours makes the kernel run modprobe for a device that does not exist. tests/kernel/init is what runs in there.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh" || exit
require qemu-system-x86_64 cpio modprobe depmod busybox nft ip

kernel=$(find /boot -name 'vmlinuz-*-cloud-amd64' -readable | sort -V | tail -n 1)
[ -n "$kernel" ] || skip_all "no /boot/vmlinuz-*-cloud-amd64 (package linux-image-cloud-amd64)"
version=${kernel#/boot/vmlinuz-}
busybox=$(command -v busybox)
! ldd "$busybox" >/dev/null 2>&1 || skip_all "busybox needs libraries (package busybox-static)"
tree=$TMP/initramfs

# Each program with its libraries, at the paths that it looks for them.
add_programs() { # PROGRAM...
    local program
    for program; do
        install -D "$(realpath "$program")" "$tree/sbin/${program##*/}"
        ldd "$program" | sed -n 's,^.*[[:space:]]\(/[^ ]*\) (0x.*,\1,p'
    done | sort -u | xargs cp -L --parents -t "$tree"
}

add_modules() { # MODULE...
    local module
    for module; do modprobe -S "$version" --show-depends "$module"; done | awk '$1 == "insmod" {print $2}' | sort -u |
        xargs cp --parents -t "$tree"
    cp --parents -t "$tree" "/lib/modules/$version"/modules.{order,builtin,builtin.modinfo}
    depmod -b "$tree" "$version"
}

initramfs() {
    mkdir -p "$tree"/{bin,sbin,dev,proc,sys,run,tmp,etc/guestarp,etc/pve/lxc,etc/pve/qemu-server,etc/pve/nodes}
    cp "$busybox" "$tree/bin/busybox"
    add_programs "$GUESTARP_BUILD"/{guestarp,guestarp-pve,guestarp-lxc} "$(command -v nft)" "$(command -v ip)"
    add_modules nfnetlink nf_tables veth bridge
    install "$TESTS_DIR/kernel/init" "$tree/init"
    (cd "$tree" && find . | cpio -o -H newc --quiet) >"$TMP/initramfs.cpio"
}

initramfs
timeout -k 5 600 qemu-system-x86_64 -accel tcg -machine pc -m 512 -smp 1 -nodefaults -no-user-config -nographic -no-reboot \
    -serial "file:$TMP/console" -serial "file:$TMP/tap" -kernel "$kernel" -initrd "$TMP/initramfs.cpio" \
    -append "console=ttyS0 quiet panic=-1 no_timer_check mitigations=off" </dev/null >"$TMP/qemu" 2>&1 || diag "QEMU: status $?"

# A terminal ends lines with CR.
tr -d '\r' <"$TMP/tap"
tap_finished=1
if ! grep -q '^1\.\.[1-9]' "$TMP/tap"; then
    diag "the virtual machine did not come to its end: $(tail -n 20 "$TMP/qemu" "$TMP/console")"
    exit 1
fi
! grep -q '^not ok' "$TMP/tap" || exit 1
