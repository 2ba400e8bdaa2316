#!/bin/bash
# What Proxmox VE, or another caller, hands to the hookscript: odd guest configurations, VMIDs, phases, arguments and
# PVE_MIGRATED_FROM. The right exit status, one clear line, and nothing changed.

. "$(dirname "$0")/../lib.sh" || exit
require jq

fwbr=fwbr101i0
conf=$ROOT/etc/pve/lxc/101.conf
shown=/etc/pve/lxc/101.conf

# Guest 101 is plugged in and would be made quiet, bound to eth3 and its bridge pinned, if its configuration were read.
topo_multi
ip link add dev vmbr1 type bridge
ip link set dev vmbr1 up
ip addr add 192.168.0.1/24 dev vmbr1
ct_start 101 0 vmbr1 192.168.0.100/24
policy '{"defaults": {"announce": 0, "device": "eth3"}}'
net0="net0: name=eth0,bridge=vmbr1,firewall=1,ip=192.168.18.101/24,type=veth"

all_set() { # how far guest 101 is what its configuration wants
    echo "$(arp_value "$fwbr" arp_ignore) $(proxies 4)"
}

wait_for settled
before=$(whole_state)

# ---- guest configurations that are read --------------------------------------------------------------------------------

accepted() { # DESC: the configuration is read, and obeyed
    pve 101 pre-start
    is "$STATUS" 0 "$1: pre-start"
    pve 101 post-start
    is "$STATUS $(all_set)" "0 1 192.168.18.101 eth3" "$1: post-start reads it"
    unlike "$ERR" "$shown" "$1: and has nothing to say of it"
    pve_ok 101 post-stop
    is "$(all_set)" "1 " "$1: post-stop takes the entry back, and leaves fwbr quiet while it is there"
}

# The bridge's MAC is the only thing that stays: pinned now, so that nothing changes from here on.
guest_conf 101 lxc "$net0"
accepted "an ordinary configuration"
wait_for settled
before=$(whole_state)

printf 'arch: amd64\r\nhookscript: local:snippets/guestarp\r\n%s\r\n\r\n[snap]\r\nnet0: bridge=/\r\n' "net0: name=eth0,bridge=vmbr1,type=veth,ip=192.168.18.101/24" >"$conf"
accepted "CRLF, as Proxmox VE reads it"
printf '%s' "$net0" >"$conf"
accepted "no final newline"
printf '#%%0A\n\n\t\nnonsense\nnet0\n[\n[1snap]\nnet1000: ip=x\n%s\n' "$net0" >"$conf"
accepted "lines that say nothing"
guest_conf 101 lxc "${net0/ip=192.168.18.101\/24/ip=192.168.18.101\/024,tag=007}"
accepted "numbers with leading zeros"
{
    printf 'description: '
    head -c 1000000 /dev/zero | tr '\0' x
    printf '\n%s\n' "$net0"
} >"$conf"
accepted "a line of a million bytes"
{
    head -c 600000 /dev/zero | tr '\0' '\n'
    printf '%s\n' "$net0"
} >"$conf"
accepted "600,000 lines"
unchanged "$before" "and nothing is left of any of them" whole_state

# ---- guest configurations that are not -----------------------------------------------------------------------------------

refused() { # MESSAGE DESC
    local phase
    for phase in pre-start post-start; do
        pve 101 $phase
        is "$STATUS/$OUT/$ERR" "0//guestarp: pve/101: $phase: $1" "$2, $phase"
    done
    for phase in pre-stop post-stop; do
        pve 101 $phase
        is "$STATUS/$OUT/$ERR" "0//" "$2: $phase does not need it"
    done
    unchanged "$before" "$2: nothing changed" whole_state
}

printf '%s\n\0%s\n' "# first" "$net0" >"$conf"
refused "$shown:2: NUL byte" "a NUL byte"
printf '%s\0' "$net0" >"$conf"
refused "$shown:1: NUL byte" "a NUL byte at the end"
head -c 1048577 /dev/zero | tr '\0' '#' >"$conf"
refused "$shown: larger than 1048576 bytes" "a line of a mebibyte and one byte"
rm "$conf"
refused "no /etc/pve/{lxc,qemu-server}/101.conf" "no configuration"
mkdir "$conf"
refused "$shown: Is a directory" "a directory"
rmdir "$conf"
printf '%s\n' "$net0" >"$TMP/real.conf"
ln -s "$TMP/real.conf" "$conf"
refused "$shown: refused, it is a symbolic link" "a symbolic link"
rm "$conf"
ln -s nowhere "$conf"
refused "$shown: refused, it is a symbolic link" "a dangling symbolic link"
rm "$conf"
mkfifo "$conf"
refused "$shown: not a regular file" "a FIFO, where it waits for nobody"
rm "$conf"
if [ -n "$GUESTARP_ROOT_OUTSIDE" ]; then
    mknod "$conf" c 1 3
    # The file system refuses it first where it is mounted so.
    pve 101 pre-start
    like "$STATUS/$ERR" "^0/guestarp: pve/101: pre-start: $shown: (not a regular file|Permission denied)\$" "a device"
    rm "$conf"
else
    skip "no device can be made in this namespace"
fi
mv "$ROOT/etc/pve/nodes" "$ROOT/etc/pve/elsewhere"
refused "no /etc/pve/{lxc,qemu-server}/101.conf" "no node's directory, as without pmxcfs"
mv "$ROOT/etc/pve/elsewhere" "$ROOT/etc/pve/nodes"
: >"$conf"
for phase in pre-start post-start post-stop; do
    pve 101 $phase
    is "$STATUS/$OUT/$ERR" "0//" "an empty configuration: $phase has nothing to do"
done
unchanged "$before" "an empty configuration: nothing changed" whole_state
guest_conf 101 lxc "$net0"

# ---- guest configurations of which Proxmox VE would skip a part ------------------------------------------------------------

noted() { # MESSAGE ENTRIES DESC: one line says what is skipped; the firewall bridge is quiet, and the entries are there
    local phase
    for phase in pre-start post-start; do
        pve 101 $phase
        is "$STATUS/$(grep -F "$shown_now:" <<<"$ERR")" "0/guestarp: pve/101: $shown_now:$1" "$3: $phase says it"
    done
    is "$(all_set)" "1 $2" "$3: and does the rest"
    pve_ok 101 post-stop
    unchanged "$before" "$3: post-stop removes it" whole_state
}

shown_now=$shown
bound="192.168.18.101 eth3"
{
    printf '%s\nnet1: name=eth1,bridge=vmbr1,ip=' "$net0"
    head -c 1000000 /dev/zero | tr '\0' 9
} >"$conf"
noted "2: net1: ip: bad value '$(printf '9%.0s' {1..56})...'; the address is skipped" "$bound" "a value of a million bytes"
printf 'arch: amd64\n%s,ip=192.168.18.102/24\n' "$net0" >"$conf"
noted "2: net0: ip: given twice, now '192.168.18.102/24'; the NIC is skipped" "" "a property twice"
printf 'net0: bridge=vmbr1,ip=192.168.18.101/24\nnet1: bridge=vm/br,ip=192.168.18.102/24\n' >"$conf"
noted "2: net1: bridge: bad value 'vm/br'; the NIC is skipped" "$bound" "another NIC's bridge that cannot be"
printf '%s\nnet1: bridge=vmbr1,tag=\033[31m\n' "$net0" >"$conf"
noted "2: net1: tag: bad value '?[31m'; the NIC is skipped" "$bound" "an escape sequence, which is not passed on"
printf '%s,ip6=ff02::1/64\n' "$net0" >"$conf"
noted "1: net0: ip6: no guest can be reached by 'ff02::1/64'; the address is skipped" "$bound" "an address that is none of a guest"
printf 'net0: name=eth0,bridge=vmbr1,ip=192.168.18.101\n' >"$conf"
noted "1: net0: ip: no prefix length in '192.168.18.101'; the address is skipped" "" "an address without its prefix length"
# Who looks is told, too.
GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" plan 101 >"$TMP/plan" 2>&1 || true
like "$(tr -s ' \n' ' ' <"$TMP/plan")" "note: $shown:1: net0: ip: no prefix length in '192.168.18.101'; the address is skipped" "and plan says it"
guest_conf 101 lxc "$net0"
echo "hookscript: /var/lib/vz/snippets/guestarp" >>"$conf"
noted "3: hookscript: no volume '/var/lib/vz/snippets/guestarp'; the line is skipped" "$bound" "a hookscript that is a path"

rm "$conf"
vm=$ROOT/etc/pve/qemu-server/101.conf
shown_now=/etc/pve/qemu-server/101.conf
vm_net0="net0: virtio=BC:24:11:00:00:01,bridge=vmbr1,firewall=1"
vm_conf() { # LINE...: of a VM whose net0 is well
    printf '%s\n' "$vm_net0" "ipconfig0: ip=192.168.18.101/24" "$@" >"$vm"
}
vm_conf "ipconfig1: ip=10.0.0.1/33"
noted "3: ipconfig1: ip: bad value '10.0.0.1/33'; the line is skipped" "$bound" "a VM's address with too long a prefix"
vm_conf "net1: virtio=BC:24:11:00:00:02,bridge=vmbr1,tag=5000" "ipconfig1: ip=192.168.18.102/24"
noted "3: net1: tag: bad value '5000'; the line is skipped" "$bound" "a VM's NIC with a VLAN that cannot be"
vm_conf "net1: virtio=BC:24:11:00:00:02,bridge=vmbr1,bridge=vmbr2"
noted "3: net1: bridge: given twice, now 'vmbr2'; the line is skipped" "$bound" "a VM's NIC in two bridges"
rm "$vm"
guest_conf 101 lxc "$net0"

# ---- VMIDs -------------------------------------------------------------------------------------------------------------

vmid() { # VMID AS-SHOWN DESC
    local phase
    for phase in pre-start post-start pre-stop post-stop unknown; do
        pve "$1" $phase
        is "$STATUS/$OUT/$ERR" "2//guestarp: '$2' is no VMID (100 to 999999999)" "VMID $3, $phase"
    done
    unchanged "$before" "VMID $3: nothing changed" whole_state
}
vmid 0 0 0
vmid 99 99 99
vmid 1000000000 1000000000 "of ten digits"
vmid 12345678901234567890 12345678901234567890 "of 20 digits"
vmid 18446744073709551717 18446744073709551717 "that wraps to 101"
vmid 4294967397 4294967397 "that wraps to 101 in 32 bits"
vmid web web "of letters"
vmid 101x 101x "with a letter"
vmid '' '' empty
vmid $'101\n' '101?' "with a newline"
vmid $'101\nguestarp: pve/102: all is well' "101?guestarp: pve/102: all is well" "with a forged line"
vmid ' 101' ' 101' "with a blank"
vmid 0101 0101 "with a leading zero"
vmid -101 -101 negative
vmid +101 +101 "with a plus"
vmid ../101 ../101 "that is a path"
vmid pve/101 pve/101 "with its kind"
vmid "$(printf '1%.0s' {1..5000})" "$(printf '1%.0s' {1..36})..." "of 5000 digits"

# ---- phases ------------------------------------------------------------------------------------------------------------

phase() { # PHASE AS-SHOWN DESC
    pve 101 "$1"
    is "$STATUS/$OUT/$ERR" "0//guestarp: pve/101: phase '$2' is not known to this version, nothing done" "$3"
    unchanged "$before" "$3: nothing changed" whole_state
}
phase pre-migrate pre-migrate "a phase that a newer Proxmox VE invents"
phase '' '' "an empty phase"
phase PRE-START PRE-START "a phase in capitals"
phase post-start2 post-start2 "a longer word"
phase post-star post-star "a shorter word"
phase $'post-start\n' 'post-start?' "a phase with a newline"
phase "$(printf 'x%.0s' {1..5000})" "$(printf 'x%.0s' {1..36})..." "a phase of 5000 bytes"
phase --help --help "an option in the phase's place"

# ---- arguments ---------------------------------------------------------------------------------------------------------

called_wrongly() { # DESC WORD...
    local desc=$1
    shift
    pve "$@"
    is "$STATUS/$OUT/$ERR" "2//guestarp: usage: guestarp-pve VMID PHASE (see --help)" "$desc"
    unchanged "$before" "$desc: nothing changed" whole_state
}
called_wrongly "no argument"
called_wrongly "a VMID alone" 101
called_wrongly "three arguments" 101 post-start now
called_wrongly "four arguments" 101 post-start '' ''
called_wrongly "an unknown option" --halp
called_wrongly "--version with more behind it" --version 101 post-start

pve --version
like "$STATUS/$OUT/$ERR" '^0/guestarp [0-9][^ ]*/$' "--version"
version=$OUT
pve --help
is "$STATUS/$ERR" "0/" "--help"
like "$OUT" '^usage: guestarp-pve VMID PHASE' "--help says how it is called"
for phase in pre-start post-start pre-stop post-stop; do
    like "$OUT" "
  $phase +[a-z]" "--help explains $phase"
done
like "$OUT" "$version" "--help says the version"
unchanged "$before" "neither changes anything" whole_state

# ---- PVE_MIGRATED_FROM -------------------------------------------------------------------------------------------------

migrated() { # PHASE [VALUE]: the hook with PVE_MIGRATED_FROM set to VALUE, or not set at all
    local -a environment=("GUESTARP_ROOT=$ROOT") wrap=()
    local name
    [ $# -lt 2 ] || environment+=("PVE_MIGRATED_FROM=$2")
    for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; do
        [ -z "${!name:-}" ] || environment+=("$name=${!name}")
    done
    read -ra wrap <<<"$GUESTARP_WRAP"
    STATUS=0
    env -i "${environment[@]}" timeout -k 5 60 ${wrap[@]+"${wrap[@]}"} "$GUESTARP_BUILD/guestarp-pve" 101 "$1" \
        </dev/null >"$TMP/hook.out" 2>"$TMP/hook.err" || STATUS=$?
    OUT=$(<"$TMP/hook.out")
    ERR=$(<"$TMP/hook.err")
}

no_node() { # VALUE AS-SHOWN DESC
    local phase
    for phase in pre-start post-start; do
        migrated $phase "$1"
        is "$STATUS/$OUT/$ERR" "0//guestarp: pve/101: $phase: PVE_MIGRATED_FROM: '$2' is no node name" "PVE_MIGRATED_FROM $3, $phase"
    done
    unchanged "$before" "PVE_MIGRATED_FROM $3: nothing changed" whole_state
}
# There to be found, if the name were believed.
mkdir -p "$ROOT/etc/pve/x/lxc" "$ROOT/etc/pve/nodes/pve.2/lxc"
printf '%s\n' "$net0" | tee "$ROOT/etc/pve/x/lxc/101.conf" >"$ROOT/etc/pve/nodes/pve.2/lxc/101.conf"
no_node ../x ../x "that leads elsewhere"
no_node .. .. "of two dots"
no_node . . "of a dot"
no_node pve1/lxc/.. pve1/lxc/.. "with slashes"
no_node pve.2 pve.2 "with a dot"
no_node -pve1 -pve1 "with a hyphen first"
no_node $'pve1\n' 'pve1?' "with a newline"
no_node ' ' ' ' "of a blank"
no_node "$(printf 'n%.0s' {1..64})" "$(printf 'n%.0s' {1..56})..." "of 64 bytes"
for phase in pre-stop post-stop; do
    migrated $phase ../x
    is "$STATUS/$OUT/$ERR" "0//" "PVE_MIGRATED_FROM is no matter to $phase"
done
for phase in pre-start post-start; do
    migrated $phase pve3
    is "$STATUS/$OUT/$ERR" "0//guestarp: pve/101: $phase: no /etc/pve/nodes/pve3/{lxc,qemu-server}/101.conf" \
        "PVE_MIGRATED_FROM names a node without this guest, $phase"
done
unchanged "$before" "PVE_MIGRATED_FROM names a node without this guest: nothing changed" whole_state

bound_by() { # [VALUE]: what post-start binds
    migrated post-start "$@"
    printf '%s %s\n' "$STATUS" "$(proxies 4)"
    migrated post-stop "$@"
}
is "$(bound_by '')" "0 192.168.18.101 eth3" "PVE_MIGRATED_FROM empty, as in an ordinary start: this node's configuration"
is "$(bound_by)" "0 192.168.18.101 eth3" "PVE_MIGRATED_FROM not set: this node's configuration"
unchanged "$before" "and nothing is left" whole_state

# A migration: the guest still runs on its source, and so its configuration is there.
source=$ROOT/etc/pve/nodes/pve2/qemu-server/101.conf
mkdir -p "${source%/*}"
printf '%s\n' "hookscript: local:snippets/guestarp" "net0: virtio=02:9E:00:00:00:65,bridge=vmbr1" "ipconfig0: ip=192.168.18.102/24" >"$source"
rm "$conf"
migrated pre-start pve2
is "$STATUS/$OUT/$ERR" "0//" "a migration: pre-start reads the source node's configuration"
migrated post-start pve2
is "$STATUS $(all_set)" "0 1 " "a migration: post-start makes fwbr quiet, and answers for nobody yet"
mv "$source" "$ROOT/etc/pve/nodes/pve1/qemu-server/101.conf"
arrived() {
    [ "$(proxies 4)" = "192.168.18.102 eth3" ]
}
ok "a migration: the guest is bound when its configuration has moved here" wait_for arrived
migrated post-stop ''
is "$STATUS $(all_set)" "0 1 " "a migration: and the entry is removed when it stops"

done_testing
