#!/bin/bash
# A policy with a mistake does not disarm the host: the last good text of each file holds, for every caller and after a
# reboot, until the file is right again or gone.

. "$(dirname "$0")/../lib.sh" || exit
require jq strace

v4=192.168.18.101
file=/etc/guestarp/guestarp.json
kept=$ROOT/var/lib/guestarp

topo_multi
net0="net0: name=eth0,bridge=vmbr9,ip=$v4/32,type=veth"
guest_conf 101 lxc "$net0"
cluster() { # TEXT
    printf '%s\n' "$1" >"$ROOT/etc/pve/guestarp.json"
    chmod 0640 "$ROOT/etc/pve/guestarp.json"
}
bound() {
    echo "$(proxies 4) $(ip -j route show table main | jq -r '[.[] | select(.protocol == "static") | .dev] | join(" ")')"
}
ip link add dev vmbr9 type bridge
ip link set dev vmbr9 up
wait_for settled

cluster '{ // every guest of the cluster
  "defaults": { "announce": 0, "firewall_bridge": "leave", "bridge_mac": "leave", "route": "vmbr9", },
}'
policy '{"guests": {"101": {"device": "eth3"}}}'
pve 101 post-start
is "$STATUS $(bound)" "0 $v4 eth3 vmbr9" "good policies, with a comment and last commas: bound, and routed"
is "$(stat -c '%a %n' "$kept" "$kept"/*)" "700 $kept
600 $kept/cluster.json
600 $kept/host.json" "their texts are kept, for root alone"
is "$(cmp "$kept/host.json" "$ROOT$file" && cmp "$kept/cluster.json" "$ROOT/etc/pve/guestarp.json" && echo same)" same "byte for byte"

# ---- the issue's story -------------------------------------------------------------------------------------------------

mistake="$file: line 3, column 3: a comma is missing before \"devices\""
broken='{
  "guests": {"101": {"device": "eth4"}}
  "devices": {}
}'
policy "$broken"
says() { # DESC [WORDS-BEFORE-IT]
    like "$ERR" "^guestarp: pve/101: ${2:-}$mistake; the last good policy of 20[0-9-]{8} [0-9]{2}:[0-9]{2} stays in force\$" "$1"
}
for phase in pre-start post-start pre-stop; do
    pve 101 $phase
    is "$STATUS $(bound)" "0 $v4 eth3 vmbr9" "a comma is missing, $phase: what holds stays, and nothing of the new text is taken"
    says "$phase: one line says so" "$phase: "
done
pve 101 post-stop
is "$STATUS $(bound)" "0  " "a comma is missing: post-stop removes"
pve 101 post-start
is "$STATUS $(bound)" "0 $v4 eth3 vmbr9" "and the next start binds again, by the last good policy"

# ---- after a reboot ----------------------------------------------------------------------------------------------------

ip neigh del proxy $v4 dev eth3
ip route del $v4 dev vmbr9
rm -rf "$ROOT/run/guestarp"
pve 101 pre-start
pve 101 post-start
is "$STATUS $(bound)" "0 $v4 eth3 vmbr9" "after a reboot the last good policy holds as well"
like "$ERR" "$mistake; the last good policy of " "and the mistake is said"

# ---- on_error: abort is no mistake's ------------------------------------------------------------------------------------

policy '{"guests": {"101": {"device": "eth3", "on_error": "abort"}}}'
pve_ok 101 pre-start
policy "$broken"
pve 101 pre-start
is "$STATUS" 0 "with on_error abort in the last good policy, too, a mistake refuses no start"
says "it is said" "pre-start: "

# ---- the administrator's command -----------------------------------------------------------------------------------------

run() { # WORD...: guestarp's output, both streams
    GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" "$@" </dev/null 2>&1 || true
}
# It exits with 1, as the file has a mistake.
is "$({ GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" policy 101 --json 2>/dev/null || true; } | jq -r '.device.value + " " + .route.value')" \
    "eth3 vmbr9" "policy shows what holds"
like "$(run check --json | jq -r '.findings[] | select(.id == "policy-broken") | .fix')" \
    "^mv $file $file.broken && cp /var/lib/guestarp/host.json $file\$" "check's fix puts the last good text in the file's place"
like "$(run device 101 eth4)" "line 3, column 3" "a file with a mistake is not edited"
is "$(<"$ROOT$file")" "$broken" "not one byte of it"

# ---- what is not there, and what cannot be read ---------------------------------------------------------------------------

policy '{"guests": {"101": {"device": "eth3"}}}'
pve_ok 101 post-start
chmod 0666 "$ROOT$file"
pve 101 post-start
is "$STATUS $(bound)" "0 $v4 eth3 vmbr9" "a file that others can write: the last good policy holds"
like "$ERR" "chmod go-w $file\\); the last good policy of " "and it is said"
mv "$ROOT/etc/pve" "$ROOT/etc/pve.away"
mkdir "$ROOT/etc/pve"
chmod 0644 "$ROOT$file"
pve 101 post-start 2>/dev/null
is "$(bound)" "$v4 eth3 vmbr9" "without pmxcfs nothing is removed"
mv "$ROOT/etc/pve.away/nodes/pve1/lxc/101.conf" "$TMP/101.conf"
like "$(run policy --check $file; ls "$kept")" "cluster.json" "without pmxcfs the cluster's last good policy stays"
rmdir "$ROOT/etc/pve"
mv "$ROOT/etc/pve.away" "$ROOT/etc/pve"
mv "$TMP/101.conf" "$ROOT/etc/pve/nodes/pve1/lxc/101.conf"
rm "$ROOT$file"
pve 101 post-start
is "$STATUS/$ERR $(bound)" "0/guestarp: pve/101: up: eth3: proxy entry for $v4 removed  vmbr9" "the host's file is gone: so is its policy"
is "$(ls "$kept")" cluster.json "and its last good text"
rm "$ROOT/etc/pve/guestarp.json"
pve 101 post-start
is "$STATUS $(bound)" "0  " "the cluster's file is gone, and pmxcfs lives: so is its policy"
is "$(ls "$kept")" "" "and its last good text"

# ---- where nothing can be kept ---------------------------------------------------------------------------------------------

policy '{"guests": {"101": {"device": "eth3", "announce": 0, "bridge_mac": "leave"}}}'
cluster '{"guests": {}}'
mount --bind "$ROOT/var/lib" "$ROOT/var/lib"
mount -o remount,bind,ro "$ROOT/var/lib"
pve 101 post-start
is "$STATUS $(proxies 4)" "0 $v4 eth3" "/var/lib is read-only: the event does its work"
is "$(grep 'Read-only file system' <<<"$ERR")" \
    "guestarp: pve/101: the last good policy is not kept: /var/lib/guestarp: Read-only file system" "one note says so"
umount "$ROOT/var/lib"

# ---- what it costs ------------------------------------------------------------------------------------------------------------

pve_ok 101 post-start
strace -f -o "$TMP/trace" env ASAN_OPTIONS=detect_leaks=0 GUESTARP_ROOT="$ROOT" "$GUESTARP_BUILD/guestarp-pve" 101 post-start 2>/dev/null
is "$(grep -c "openat(.*var/lib/guestarp" "$TMP/trace") $(grep -c "var/lib/guestarp" "$TMP/trace")" "2 2" \
    "in the ordinary case each kept text is read once, and nothing more is asked of it"

done_testing
