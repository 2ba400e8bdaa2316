#!/bin/bash
# attach and detach against stand-ins for pct and qm: the hookscript that was there is called still, refusals come before any
# change, and whatever is interrupted leaves the old state or the new one.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq strace flock

true_paths

POLICY=$ROOT/etc/pve/guestarp.json
CONFIG=$ROOT/etc/guestarp/guestarp.json

container() { # VMID [HOOKSCRIPT] [MAC]: with a snapshot, whose lines are none of ours
    {
        printf 'arch: amd64\n'
        [ -z "${2:-}" ] || printf 'hookscript: %s\n' "$2"
        printf 'net0: name=eth0,bridge=vmbr0,hwaddr=%s,ip=192.0.2.7/24,type=veth\n' "${3:-BC:24:11:00:01:${1: -2}}"
        printf '[snap]\nhookscript: local:snippets/snap.pl\nnet0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:FF:FF:FF,type=veth\n'
    } >"$ROOT/etc/pve/lxc/$1.conf"
}

machine() { # VMID [HOOKSCRIPT]
    {
        [ -z "${2:-}" ] || printf 'hookscript: %s\n' "$2"
        printf 'net0: virtio=02:9E:00:00:00:01,bridge=vmbr0\n'
    } >"$ROOT/etc/pve/qemu-server/$1.conf"
}

fresh_node() {
    fresh_host
    mkdir -p "$ROOT/var/lib/vz/snippets"
    install_hook
    stand_ins
    snippet old.pl
}

# What Proxmox VE would call for the guest, in order: its hookscript, and what that calls in turn.
calls_for() { # VMID
    local script
    script=$(hookscript "$1")
    script=${script#local:snippets/}
    if [ "$script" = guestarp ]; then
        admin policy "$1" --json
        script="guestarp $(jq -r '[.then.value[] | sub(".*/"; "")] | join(" ")' <<<"$OUT")"
    fi
    echo "${script% }"
}

# Every byte that attach could change.
bytes() {
    local file
    for file in "$POLICY" "$ROOT"/etc/pve/{lxc,qemu-server}/*; do
        [ ! -f "$file" ] || (echo "== ${file#"$ROOT"}" && cat "$file")
    done
}

pct_calls() {
    cat "$ROOT/calls" 2>/dev/null || true
}

# Refused, with the reason, before anything was called or changed.
refuses() { # EXTENDED-REGEX DESC WORD...
    local want=$1 desc=$2 before
    shift 2
    # What was written by hand since has its names, so that those are attach's own.
    admin sync
    before=$(bytes && table_names)
    rm -f "$ROOT/calls"
    admin "$@"
    if [ "$STATUS" = 3 ] && [[ $ERR =~ $want ]] && [ "$(wc -l <"$TMP/admin.err")" = 1 ]; then
        pass "$desc: refused, and why"
    else
        fail "$desc: refused, and why" "status $STATUS, want 3 and one line with: $want"$'\n'"$OUT"$'\n'"$ERR"
    fi
    is "$(bytes && table_names)$(pct_calls)" "$before" "$desc: nothing called, nothing changed"
}

# ---- plain --------------------------------------------------------------------------------------------------------------

fresh_node
container 101
before=$(bytes)
admin_is 0 "attach a container" attach 101
is "$(pct_calls)" "pct set 101 --hookscript local:snippets/guestarp" "through pct, with these arguments"
is "$OUT" "pve/101: attached"$'\n'"takes effect at its next start" "a line says so, and when it takes effect"
is "$ERR" "guestarp: names: quiet by name: pve/101" "and one that its names are quiet"
table_is "they are, before its first start" "$(names_of quiet both 101)"
is "$(hookscript 101)" local:snippets/guestarp "its hookscript is guestarp"
like "$(<"$ROOT/etc/pve/lxc/101.conf")" "\[snap\]"$'\n'"hookscript: local:snippets/snap.pl" "the snapshot's is not"
not_ok "no policy is written for that" test -e "$POLICY"
admin_is 0 "attach it again" attach 101
is "$OUT$ERR" "pve/101: is attached already" "it says so"
is "$(pct_calls | wc -l)" 1 "and calls nothing"
admin_is 0 "detach it" detach 101
is "$(pct_calls | tail -n 1)" "pct set 101 --delete hookscript" "through pct, with these arguments"
is "$OUT/$ERR" "pve/101: detached/guestarp: names: no longer quiet by name: pve/101" "a line says so, and one that its names are not quiet any more"
table_is "nor is there a table without names" none
is "$(bytes)" "$before" "the configuration is as before, byte for byte"
admin_is 0 "detach it again" detach 101
is "$OUT$ERR" "pve/101: is not attached" "it says so"

machine 201
admin_is 0 "attach a virtual machine" attach pve/201
is "$(pct_calls | tail -n 1)" "qm set 201 --hookscript local:snippets/guestarp" "through qm"
is "$(hookscript 201)" local:snippets/guestarp "its hookscript is guestarp"

# ---- a hookscript that is there already -----------------------------------------------------------------------------------

fresh_node
container 101 local:snippets/old.pl
before=$(bytes)
admin_is 0 "attach where another hookscript is" attach 101
is "$(calls_for 101)" "guestarp old.pl" "guestarp calls it"
pve_ok 101 pre-start
pve_ok 101 post-start
is "$(cat "$ROOT/old.pl.log" 2>&1 || true)" "101 pre-start"$'\n'"101 post-start" "it is called, with the same arguments"
admin_is 0 "detach" detach 101
is "$(hookscript 101)" local:snippets/old.pl "the other one is the guest's own again"
is "$(bytes)" "$before" "everything is as before, byte for byte"

policy_text='{
  "defaults": {"announce": 3},
  "guests": {
    "102": { "device": "eth0" }
  }
}'
echo "$policy_text" >"$POLICY"
before=$(bytes)
admin_is 0 "attach beside a policy that is there" attach 101
is "$(calls_for 101)" "guestarp old.pl" "the other hookscript is called"
admin_is 0 "detach" detach 101
is "$(bytes)" "$before" "everything is as before, byte for byte"

echo '{"guests": {"101": {"device": "eth0"}}}' >"$POLICY"
before=$(bytes)
admin_is 0 "attach a guest that has a policy" attach 101
is "$(calls_for 101)" "guestarp old.pl" "the other hookscript is called"
admin_is 0 "detach" detach 101
is "$(bytes)" "$before" "everything is as before, byte for byte"

# Two kinds of storage: the volume is found again.
printf 'dir: local\n\tpath /var/lib/vz\n\tcontent iso,snippets\n\nnfs: share\n\tserver 192.0.2.1\n\texport /x\n' >"$ROOT/etc/pve/storage.cfg"
mkdir -p "$ROOT/mnt/pve/share/snippets"
cp "$ROOT/var/lib/vz/snippets/old.pl" "$ROOT/mnt/pve/share/snippets/old.pl"
rm -f "$POLICY"
container 101 share:snippets/old.pl
admin_is 0 "attach where the other hookscript is on an NFS storage" attach 101
admin policy 101 --json
is "$(jq -c .then.value <<<"$OUT")" '["/mnt/pve/share/snippets/old.pl"]' "its file is chained"

# ---- several, all ------------------------------------------------------------------------------------------------------------

fresh_node
container 101
container 102 local:snippets/old.pl
machine 201
container 103 local:snippets/guestarp
admin_is 0 "attach --all" attach --all
is "$(calls_for 101), $(calls_for 102), $(calls_for 103), $(calls_for 201)" "guestarp, guestarp old.pl, guestarp, guestarp" "every guest"
is "$(pct_calls | wc -l)" 3 "a call for each that was not attached"
admin_is 0 "detach two" detach 101 102
is "$(calls_for 101), $(calls_for 102), $(calls_for 201)" ", old.pl, guestarp" "the two, and not the third"
admin_is 0 "detach --all" detach --all
is "$(calls_for 103), $(calls_for 201)" ", " "all others"

container 104 local:snippets/gone.pl
admin_is 3 "attach --all where one is refused" attach --all
is "$(calls_for 101), $(calls_for 104), $(calls_for 201)" "guestarp, gone.pl, guestarp" "the others are attached"
like "$ERR" "pve/104: attach: .*gone.pl" "the one is named"

# ---- the same number, another guest ---------------------------------------------------------------------------------------------

# Who is called at a start of 101, but guestarp.
called() {
    rm -f "$ROOT/old.pl.log"
    pve 101 pre-start
    [ ! -e "$ROOT/old.pl.log" ] || cat "$ROOT/old.pl.log"
}

fresh_node
container 101 local:snippets/old.pl
admin attach 101
is "$(jq -c '.guests["101"].then' "$POLICY")" '{"of":["bc:24:11:00:01:01"],"call":["/var/lib/vz/snippets/old.pl"]}' "attach writes whose hookscript it was"
admin policy 101 --json
printf '%s' "$OUT" >"$TMP/policy.json"
schema ok "policy --json, with a chain of one guest's, follows its schema" policy "$TMP/policy.json"
is "$(called)" "101 pre-start" "its own hookscript is called"
sed -i '/^net0/s/$/\nnet1: name=eth1,bridge=vmbr0,hwaddr=BC:24:11:00:02:01,type=veth/' "$ROOT/etc/pve/lxc/101.conf"
is "$(called)" "101 pre-start" "also when it has got a NIC"

# Destroyed, and another 101 created.
container 101 local:snippets/guestarp BC:24:11:99:99:99
is "$(called)" "" "a new guest with an old number: the dead one's hookscript is not called"
pve 101 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/101: then (/etc/pve/guestarp.json: guests.101) is not called: by UUID and MACs it is that of another guest" \
    "one note says why"
admin_is 0 "detach the new one" detach 101
is "$(hookscript 101)" "" "it does not get the dead one's hookscript"
not_ok "and the dead one's is out of the policy" test -e "$POLICY"

for new in "" local:snippets/new.pl; do
    fresh_node
    snippet new.pl
    container 101 local:snippets/old.pl
    admin attach 101
    container 101 "$new" BC:24:11:99:99:99
    admin_is 0 "attach a new guest with an old number${new:+ and a hookscript}" attach 101
    is "$(calls_for 101)" "guestarp${new:+ new.pl}" "only its own hookscript is in the policy"
done

# A clone has the line, another number, and other MACs.
fresh_node
container 101 local:snippets/old.pl
admin attach 101
sed 's/BC:24:11:00:01:01/BC:24:11:00:07:07/' "$ROOT/etc/pve/lxc/101.conf" >"$ROOT/etc/pve/lxc/106.conf"
is "$(calls_for 106)" guestarp "a clone gets no chain"
rm "$ROOT/etc/pve/lxc/106.conf"

# Virtual machines: by the UUID, whatever becomes of NICs.
vm() { # UUID MAC [HOOKSCRIPT]
    printf 'hookscript: %s\nsmbios1: uuid=%s\nnet0: virtio=%s,bridge=vmbr0\n' "${3:-local:snippets/guestarp}" "$1" "$2" >"$ROOT/etc/pve/qemu-server/101.conf"
}
fresh_node
one=0f2c4a6e-1111-2222-3333-444455556666 two=0f2c4a6e-1111-2222-3333-777788889999
vm $one 02:9E:00:00:00:01 local:snippets/old.pl
admin attach 101
vm $one 02:9E:00:00:00:02
is "$(called)" "101 pre-start" "a machine with a new NIC is the same"
vm $two 02:9E:00:00:00:01
is "$(called)" "" "one that was given its MAC is not"
rm "$ROOT/etc/pve/qemu-server/101.conf"

# By hand, without a word whose it is: for any guest with the number.
fresh_node
container 101 local:snippets/guestarp
echo '{"guests": {"100-199": {"then": ["'"$ROOT"'/var/lib/vz/snippets/old.pl"]}}}' >"$POLICY"
is "$(called)" "101 pre-start" "a chain written by hand is called for every guest that it covers"

fresh_node
printf 'hookscript: local:snippets/old.pl\nnet0: name=eth0,bridge=vmbr0,type=veth\n' >"$ROOT/etc/pve/lxc/101.conf"
refuses "no UUID and no NIC with a MAC to know it by" "a guest that nothing tells from the next one" attach 101

# ---- what still manages it ------------------------------------------------------------------------------------------------------

fresh_node
ip link add eth3 type bridge
container 101
admin_is 0 "device, then attach" device 101 eth3
admin attach 101
admin_is 0 "device none" device 101 none
is "$ERR" "" "guestarp is its hookscript still: no word"
not_ok "no null is left that manages the guest" test -e "$CONFIG"
admin_is 0 "detach" detach 101
is "$(head -n 1 <<<"$OUT")" "pve/101: detached" "nothing manages it any more"
admin_is 0 "undo" undo 101
admin policy 101 --json
is "$(jq .managed <<<"$OUT")" false "it is not managed"

admin device 101 eth3
admin_is 0 "device none for a guest that nothing else covers" device 101 none
is "$(head -n 1 <<<"$ERR")" "guestarp: pve/101: no longer managed: nothing else covers it" "it says so"

# What the version before has left.
echo '{"guests": {"101": {"device": null}}}' >"$CONFIG"
admin_is 0 "detach of a guest with a null left" detach 101
is "$OUT$ERR" "pve/101: is not attached" "nothing manages it any more"
not_ok "the null is gone" test -e "$CONFIG"
for policy_text in '{"guests": {"101": {"device": null, "announce": 1}}}' '{"guests": {"101": {"device": null}, "*": {}}}' \
    '{"defaults": {"device": "eth3"}, "guests": {"101": {"device": null}, "100-199": {}}}'; do
    echo "$policy_text" >"$CONFIG"
    admin_is 0 "detach, policy $policy_text" detach 101
    is "$(<"$CONFIG")" "$policy_text" "a null that is not what manages the guest stays"
done
echo '{"defaults": {"device": "eth3"}, "guests": {"100-199": {}}}' >"$CONFIG"
admin_is 0 "device none where a default names a device" device 101 none
admin policy 101 --json
is "$(jq -c '[.managed, .device.value]' <<<"$OUT")" '[true,null]' "then the null is needed"

echo '{"guests": {"101": {"device": "eth3"}, "*": {}}}' >"$CONFIG"
echo '{"guests": {"100-199": {}}}' >"$POLICY"
admin attach 101
admin_is 0 "detach a guest that policy covers" detach 101
is "$OUT$ERR" "pve/101: detached; still managed by /etc/pve/guestarp.json: guests.100-199, /etc/guestarp/guestarp.json: guests.101, /etc/guestarp/guestarp.json: guests.*" \
    "it says where"
mkdir -p "$ROOT/etc/vz/conf"
printf 'IP_ADDRESS="192.0.2.9"\nGUESTARP_DEVICE="eth3"\n' >"$ROOT/etc/vz/conf/301.conf"
echo '{}' >"$CONFIG"
admin_is 0 "detach a container of OpenVZ" detach vz/301
is "$(head -n 1 <<<"$OUT")" "vz/301: is not attached; still managed by GUESTARP_DEVICE in its own configuration" "it names its file's word"
admin_is 0 "device none, for it" device vz/301 none
is "$ERR" "guestarp: vz/301: its own configuration says GUESTARP_DEVICE=\"eth3\", which has the last word" "it says what still holds"
rm -r "$ROOT/etc/vz"

# ---- refused -----------------------------------------------------------------------------------------------------------------

fresh_node
container 101
rm "$ROOT$HOOK"
refuses "Proxmox VE would refuse local:snippets/guestarp: /var/lib/vz/snippets/guestarp: No such file" "no hookscript on this node" attach 101
echo '#!/bin/sh' >"$ROOT$HOOK"
chmod 644 "$ROOT$HOOK"
refuses "/var/lib/vz/snippets/guestarp is not executable" "a hookscript that is not executable" attach 101
rm "$ROOT$HOOK"
mkdir "$ROOT$HOOK"
refuses "/var/lib/vz/snippets/guestarp is no file" "a directory in its place" attach 101
rmdir "$ROOT$HOOK"
install_hook

# Proxmox VE has "local" at /var/lib/vz whatever storage.cfg says of it.
for config in 'dir: local\n\tpath /srv\n' 'lvmthin: data\n\tvgname pve\n' ''; do
    # shellcheck disable=SC2059 # a format
    printf "$config" >"$ROOT/etc/pve/storage.cfg"
    admin_is 0 "attach with storage.cfg: '$config'" attach 101
    is "$(calls_for 101)" guestarp "the hookscript is found"
    admin_is 0 "detach" detach 101
done
rm "$ROOT/etc/pve/storage.cfg"

container 101 local:snippets/gone.pl
refuses "the hookscript that is there, local:snippets/gone.pl: .*No such file" "the other hookscript is not there" attach 101
container 101 local:snippets/old.pl
echo '{"guests": {"101": {"then": ["/usr/local/bin/mine"]}}}' >"$POLICY"
refuses "policy has a \"then\" .*guestarp.json.* beside the hookscript local:snippets/old.pl" "a chain that is there already" attach 101
echo '{' >"$POLICY"
refuses "/etc/pve/guestarp.json" "a policy that cannot be read" attach 101

container 101 local:snippets/guestarp
echo '{"guests": {"101": {"then": ["/var/lib/vz/snippets/old.pl", "/usr/local/bin/mine"]}}}' >"$POLICY"
refuses "names 2 hookscripts, Proxmox VE allows one" "detach: a chain of two" detach 101
echo '{"guests": {"101": {"then": ["/usr/local/bin/mine"]}}}' >"$POLICY"
refuses "/usr/local/bin/mine is in no storage's snippets directory" "detach: a script that is in no storage" detach 101

mkdir -p "$ROOT/etc/vz/conf"
echo 'IP_ADDRESS="192.0.2.9"' >"$ROOT/etc/vz/conf/301.conf"
refuses "only Proxmox VE has hookscripts" "a container of OpenVZ" attach vz/301
rm -r "$ROOT/etc/vz"

# ---- pct and qm fail -----------------------------------------------------------------------------------------------------------

# After a failure: the old state, byte for byte, and a message that has pct's reason above it.
fails() { # EXTENDED-REGEX DESC WORD...
    local want=$1 desc=$2 before
    shift 2
    before=$(bytes)
    admin_is 3 "$desc: status 3" "$@"
    like "$ERR" "$want" "$desc: it says why"
    is "$(bytes)" "$before" "$desc: the old state, byte for byte"
}

for policy_text in "" '{ "guests": { "102": { "announce": 1 } } }'; do
    fresh_node
    rm -f "$POLICY"
    [ -z "$policy_text" ] || echo "$policy_text" >"$POLICY"
    container 101 local:snippets/old.pl
    container 102
    with=${policy_text:+, with a policy}
    pve_fails exit
    fails "500 storage is not online.*pct set 101: exit code 255" "pct fails$with" attach 101
    fails "pct set 102: exit code 255" "pct fails without another hookscript$with" attach 102
    pve_fails killed-before
    fails "pct set 101: got signal 9" "pct is killed before$with" attach 101
    pve_fails ""
    echo 0 >"$ROOT/lock-timeout"
    flock "$ROOT/run/lock/lxc/pve-config-101.lock" true
    exec 8>"$ROOT/run/lock/lxc/pve-config-101.lock"
    flock 8
    fails "can't lock file.*pct set 101: exit code" "the guest is locked$with" attach 101
    exec 8>&-
    mv "$ROOT/usr/sbin/pct" "$ROOT/usr/sbin/pct.away"
    # posix_spawn() cannot tell under valgrind, whose vfork() is a fork().
    if [ -z "$GUESTARP_WRAP" ]; then
        fails "/usr/sbin/pct: No such file" "pct is not there$with" attach 101
    fi
    mv "$ROOT/usr/sbin/pct.away" "$ROOT/usr/sbin/pct"

    # It did its work before it died: then that is the state, and the other hookscript must be called in it.
    pve_fails killed-after
    admin attach 101
    is "$(calls_for 101)" "guestarp old.pl" "pct is killed after its work$with: the new state"
    pve_fails ""
    admin_is 0 "and attach once more is content" attach 101

    pve_fails exit
    fails "pct set 101: exit code 255" "detach: pct fails$with" detach 101
    pve_fails killed-after
    admin detach 101
    is "$(calls_for 101)" "old.pl" "detach: pct is killed after its work$with: the new state"
    pve_fails ""
    admin_is 0 "and detach once more is content" detach 101
    admin policy 101 --json
    is "$(jq -c .then.value <<<"$OUT")" '[]' "detach leaves no chain$with"
done

fresh_node
machine 201 local:snippets/old.pl
pve_fails exit
fails "qm set 201: exit code 255" "qm fails" attach 201

# No quorum: /etc/pve is read-only.
fresh_node
container 101 local:snippets/old.pl
mount --bind "$ROOT/etc/pve" "$ROOT/etc/pve"
mount -o remount,bind,ro "$ROOT/etc/pve"
fails "Read-only file system" "no quorum" attach 101
umount "$ROOT/etc/pve"

# ---- killed at each system call that changes something ------------------------------------------------------------------------------

# Runs guestarp and kills it at the Nth call of SYSCALL. False when it made fewer.
killed_at() { # SYSCALL N WORD...
    local syscall=$1 n=$2 status=0
    shift 2
    # A shell of its own, as this one would write down that strace was killed.
    (
        GUESTARP_ROOT=$ROOT strace -qq -o /dev/null -e "trace=$syscall" -e "inject=$syscall:signal=KILL:when=$n" \
            "$GUESTARP_BUILD/guestarp" "$@"
        exit $?
    ) </dev/null >/dev/null 2>&1 || status=$?
    # pct goes on by itself.
    exec 8>"$ROOT/run/lock/lxc/pve-config-101.lock"
    wait_for pct_is_gone
    flock 8
    exec 8>&-
    [ "$status" = 137 ]
}

pct_is_gone() {
    ! grep -lsz 'usr/sbin/pct$' /proc/[0-9]*/cmdline
}

interrupted() { # OLD NEW PREPARE WORD...
    local old=$1 new=$2 prepare=$3 syscall n got killed=0 wrong='' stuck=''
    shift 3
    for syscall in openat write renameat unlinkat mkdir vfork,clone,clone3 wait4 exit_group; do
        for ((n = 1; n <= 200; n++)); do
            $prepare
            killed_at "$syscall" "$n" "$@" || break
            killed=$((killed + 1))
            got=$(calls_for 101)
            [ "$got" = "$old" ] || [ "$got" = "$new" ] || wrong+=" $syscall $n: '$got';"
            admin policy --check /etc/pve/guestarp.json
            [ ! -e "$POLICY" ] || [ "$STATUS" = 0 ] || wrong+=" $syscall $n: $ERR;"
            admin "$@"
            [ "$STATUS $(calls_for 101)" = "0 $new" ] || stuck+=" $syscall $n: $ERR;"
        done
    done
    ok "$* was killed at many places ($killed)" test "$killed" -ge 20
    is "$wrong" "" "$*, killed anywhere: the old state or the new"
    is "$stuck" "" "$*, killed anywhere: once more finishes it"
}

detached_node() {
    rm -f "$POLICY"
    container 101 local:snippets/old.pl
}

detached_node_with_policy() {
    echo '{ "guests": { "102": { "announce": 1 } } }' >"$POLICY"
    container 101 local:snippets/old.pl
}

attached_node() {
    echo '{ "guests": { "101": { "then": ["/var/lib/vz/snippets/old.pl"] } } }' >"$POLICY"
    container 101 local:snippets/guestarp
}

attached_node_of() {
    echo '{ "guests": { "101": { "then": {"of": ["bc:24:11:00:01:01"], "call": ["/var/lib/vz/snippets/old.pl"]} } } }' >"$POLICY"
    container 101 local:snippets/guestarp
}

fresh_node
interrupted old.pl "guestarp old.pl" detached_node attach 101
interrupted old.pl "guestarp old.pl" detached_node_with_policy attach 101
interrupted "guestarp old.pl" old.pl attached_node detach 101
interrupted "guestarp old.pl" old.pl attached_node_of detach 101

done_testing
