#!/bin/bash
# The way into guestarp's care and out of it: manage and unmanage, for all and for some; what each command that sets guests up
# says is to be done now; plan for those that are not managed yet.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq

true_paths

CLUSTER=$ROOT/etc/pve/guestarp.json
CONFIG=$ROOT/etc/guestarp/guestarp.json

# A host with two containers that run, 101 and 102, a VM that is stopped, 103, and one of LXC's. None is managed.
fresh_node() {
    fresh_host
    bridge_host
    bridged_guest 101 loud
    bridged_guest 102 loud
    stand_ins
    guest_conf 103 qemu-server "name: db1" "net0: virtio=02:9E:00:00:00:03,bridge=vmbr0,firewall=1"
    sed -i '/^hookscript:/d' "$ROOT/etc/pve/qemu-server/103.conf"
}

managed() { # VMID...: which of them are
    local vmid list=
    for vmid; do
        admin policy "$vmid" --json
        [ "$(jq .managed <<<"$OUT")" != true ] || list+=" $vmid"
    done
    echo "${list# }"
}

# ---- all -----------------------------------------------------------------------------------------------------------------

fresh_node
is "$(managed 101 102 103)" "" "none is managed"
admin_is 0 "manage --all" manage --all
is "$OUT" "all guests are managed now (/etc/pve/guestarp.json: guests.*)
takes effect at their next start; now: guestarp apply --all" "it says where, when, and what to do now"
is "$(<"$CLUSTER")" '{ "guests": { "*": {} } }' "the cluster's file says it"
not_ok "this host's file does not" test -e "$CONFIG"
is "$(managed 101 102 103)" "101 102 103" "every guest is managed"
like "$(table_names)" "quiet fwbr1\*" "their firewall bridges are quiet at once"
admin_is 0 "what it says is to be done" apply --all
ok "is done" has_flag fwbr101i0 NOARP
before=$(<"$CLUSTER")
admin_is 0 "manage --all again" manage --all
is "$OUT$ERR" "all guests are managed already (/etc/pve/guestarp.json: guests.*)" "it says so, and nothing more"
is "$(<"$CLUSTER")" "$before" "the file is the same"
admin_is 0 "unmanage --all" unmanage --all
is "$OUT" "guests are no longer managed all together (/etc/pve/guestarp.json: guests.*)
what was set for them stays until they stop; now: guestarp undo --all" "it says where that stood, and what to do now"
not_ok "the file, which said nothing else, is gone" test -e "$CLUSTER"
is "$(managed 101 102 103)" "" "no guest is managed"
unlike "$(table_names)" "quiet fwbr" "no name is left"
admin_is 0 "what it says is to be done" undo --all
admin_is 0 "unmanage --all again" unmanage --all
is "$OUT$ERR" "guests are not managed all together" "it says so"

# What else is in the file stays, byte for byte.
text='{
	// ours
	"defaults": { "announce": 1 },   "guests": {
		"103": { "device": "eth0", }, // trailing
	}
}'
printf '%s\n' "$text" >"$CLUSTER"
admin_is 0 "manage --all with a file of somebody's" manage --all
is "$(<"$CLUSTER")" "${text/\"guests\": \{/\"guests\": { \"*\": {\},}" "all else is as it was"
admin_is 0 "unmanage --all" unmanage --all
is "$(<"$CLUSTER")" "$text" "and is so again"

# Settings that would be lost.
printf '{"guests": {"*": {"announce": 3}}}\n' >"$CLUSTER"
admin_is 0 "manage --all where guests.* has settings" manage --all
admin_is 3 "unmanage --all" unmanage --all
is "$OUT/$ERR" "/guestarp: /etc/pve/guestarp.json: guests.* has settings, which would be lost: take them away first" "keeps them, and says so"
is "$(<"$CLUSTER")" '{"guests": {"*": {"announce": 3}}}' "the file is as it was"
rm "$CLUSTER"
policy '{"guests": {"*": {}}}'
admin_is 0 "unmanage --all of this host's file" unmanage --all
like "$OUT" "/etc/guestarp/guestarp.json: guests\.\*" "is said"
is "$(managed 101 102 103)" "" "no guest is managed"

# A file with a mistake is left alone.
for file in "$CLUSTER" "$CONFIG"; do
    mkdir -p "${file%/*}"
    printf '{"guests": {"101": {"devise": "a"}}}\n' >"$file"
    for command in manage unmanage; do
        admin_is 3 "$command --all with a mistake in ${file#"$ROOT"}" $command --all
        like "$ERR" "^guestarp: ${file#"$ROOT"}: .*devise" "names it"
        is "$(<"$file")" '{"guests": {"101": {"devise": "a"}}}' "and leaves it"
    done
    rm "$file"
done

# Without Proxmox VE it is this host's file; with pmxcfs down nobody knows.
mv "$ROOT/etc/pve/qemu-server" "$ROOT/etc/qemu-server"
admin manage --all
is "$STATUS $(ls "$ROOT/etc/pve/guestarp.json" "$CONFIG" 2>/dev/null || true)" "3 " "manage --all with pmxcfs down writes nothing"
like "$ERR" "pmxcfs is down" "and says why"
mv "$ROOT/etc/qemu-server" "$ROOT/etc/pve/qemu-server"
mv "$ROOT/etc/pve" "$ROOT/etc/elsewhere"
rm -f "$ROOT"/var/lib/guestarp/*
admin_is 0 "manage --all without Proxmox VE" manage --all
is "$(<"$CONFIG")" '{ "guests": { "*": {} } }' "is in this host's file"
admin_is 0 "unmanage --all" unmanage --all
not_ok "which is gone again" test -e "$CONFIG"
mv "$ROOT/etc/elsewhere" "$ROOT/etc/pve"

# ---- some ----------------------------------------------------------------------------------------------------------------

fresh_node
admin_is 0 "manage 101 and 103" manage 101 103
is "$OUT" "pve/101: is managed now (/etc/pve/guestarp.json: guests.101)
pve/103: is managed now (/etc/pve/guestarp.json: guests.103)
takes effect at their next start; now: guestarp apply 101" "now: only the one that runs"
is "$(managed 101 102 103)" "101 103" "these are managed"
table_is "and their names are there" "$(names_of quiet both 101 103)"
admin_is 0 "manage 103 again" manage 103
is "$OUT" "pve/103: is managed already (/etc/pve/guestarp.json: guests.103)" "it says so"
admin_is 0 "unmanage 103, which is stopped" unmanage 103
is "$OUT" "pve/103: is no longer managed" "nothing is to be done"
admin_is 0 "unmanage 101, which runs" unmanage 101
is "$OUT" "pve/101: is no longer managed
what was set for it stays until it stops; now: guestarp undo 101" "it says what to do now"
table_is "no name is left" none
not_ok "nor the file" test -e "$CLUSTER"
printf '{"guests": {"100-199": {}, "101": {}}}\n' >"$CLUSTER"
admin_is 0 "unmanage 101, which a range covers, too" unmanage 101
is "$OUT" "pve/101: taken off the list; still managed by /etc/pve/guestarp.json: guests.100-199" "it says what still does"
admin_is 0 "unmanage 102, which only the range covers" unmanage 102
is "$OUT" "pve/102: is not on the list; still managed by /etc/pve/guestarp.json: guests.100-199" "it says so"
rm "$CLUSTER"
mkdir -p "$ROOT/var/lib/lxc/web"
printf 'lxc.net.0.type = veth\nlxc.net.0.link = vmbr0\n' >"$ROOT/var/lib/lxc/web/config"
admin_is 0 "manage a container of LXC" manage lxc/web
is "$(<"$CONFIG")" '{ "guests": { "lxc/web": {} } }' "is in this host's file, with its kind"
admin_is 0 "unmanage it" unmanage web
not_ok "the file is gone" test -e "$CONFIG"
refused "no guest '999' on this host" "manage: the second guest does not exist" manage 101 999
is "$(managed 101)" "" "then nothing is done for the first"
refused "name guests, or say --all" "manage without a guest" manage
refused "name guests, or say --all" "unmanage with a guest and --all" unmanage 101 --all

# ---- attach, detach, device ----------------------------------------------------------------------------------------------

install_hook
admin_is 0 "attach guests that run" attach 101 102
like "$OUT" "takes effect at their next start; now: guestarp apply 101 102$" "attach says what to do now"
admin_is 0 "which works" apply 101 102
admin_is 0 "detach one" detach 101
like "$OUT" "what was set for it stays until it stops; now: guestarp undo 101$" "detach, too"
admin_is 0 "which works" undo 101
admin_is 0 "attach one that is stopped" attach 103
like "$OUT" "takes effect at its next start$" "there is nothing to do now"
admin_is 0 "device" device 101 vmbr0
is "$OUT" "pve/101: vmbr0 is to answer for it
takes effect at its next start; now: guestarp apply 101" "device says what to do now"

# ---- plan, before anything is managed ------------------------------------------------------------------------------------

fresh_node
admin_is 0 "plan --all" plan --all
is "$(grep '^pve/' <<<"$OUT")" "pve/101 (not managed yet)
pve/102 (not managed yet)
pve/103 db1 (not managed yet)" "plan --all has every guest, with its name"
is "$(grep -c 'fwbr101i\*: quiet' <<<"$OUT")" 1 "and what would be set"
is "$(awk 'length($0) > 80' <<<"$OUT")" "" "in 80 columns"
before=$(table_names)
admin_is 0 "plan of two" plan 102 101 up
is "$(grep '^pve/' <<<"$OUT")" "pve/102 (not managed yet)
pve/101 (not managed yet)" "in the order that was asked for"
unlike "$OUT" "^prepare" "of the event that was asked for"
is "$(table_names)" "$before" "plan changes nothing"
admin plan 101
planned=$OUT
admin manage 101
admin apply 101
admin plan 101
is "${planned// set  / holds}" "$OUT" "what was planned is what apply has set"
refused "usage: guestarp plan GUEST" "plan of nothing" plan
refused "usage: guestarp plan GUEST" "plan of a guest and --all" plan 101 --all

done_testing
