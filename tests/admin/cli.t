#!/bin/bash
# What people and programs read: 80 columns, colours on terminals alone, JSON as its schemas say, exit statuses, and
# wrong calls answered in one line. What each command does, and that plan and status change nothing.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/lib-admin.sh"
. "$(dirname "$0")/lib-pve.sh"
require jq script stty

true_paths

CONFIG=$ROOT/etc/guestarp/guestarp.json

# A host with something wrong of nearly every kind, and names as long as they can be.
busy_host() {
    local vmid=987654099 dev
    fresh_host
    stand_ins
    topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
    bridged_guest 101 loud 02:00:00:00:00:07
    bridged_guest "$vmid" loud
    ip link add a-long-bridge-0 type bridge
    ip link set a-long-bridge-0 address 02:00:00:00:00:0c
    ip addr add 10.7.0.1/24 dev a-long-bridge-0
    ip link set a-long-bridge-0 up
    ip addr add 192.168.0.9/24 dev eth0
    for dev in eth0 vmbr0 a-long-bridge-0; do
        ip neigh add proxy 2001:db8:1234:5678:9abc:def0:1234:5678 dev $dev
        ip neigh add proxy 10.9.9.9 dev $dev
    done
    ip neigh add proxy 10.9.9.8 dev a-long-bridge-0
    ip neigh add proxy 10.9.9.7
    guest_conf 103 lxc "net0: name=eth0,bridge=a-long-bridge-0,ip=10.9.9.6/32,ip6=2001:db8:1234:5678::9999/128,type=veth"
    ip neigh add proxy 10.9.9.6 dev eth0
    printf 'hookscript: local:snippets/a-hookscript-with-a-long-name.pl\nnet0: name=eth0,bridge=vmbr0\n' >"$ROOT/etc/pve/lxc/104.conf"
    policy '{"guests": {"104": {"announce": 1}, "103": {"device": "a-long-bridge-0"}, "101": {"devise": "eth0"}}}'
    rm "$ROOT$HOOK"
}

# Lines over 80 columns; commands are there to be copied and may be longer, and so may the one line of an error.
too_long() {
    sed 's/\x1b\[[0-9;]*m//g; s/\r$//' | awk 'length($0) > 80 && !/^ *(fix|permanent): guestarp |^ *fix: / && !/^guestarp: /'
}

colours() {
    grep -c $'\x1b' || true
}

# The command on a terminal of 80 columns: what it writes is in $TMP/tty, its exit status in TTY_STATUS.
on_terminal() { # WORDS-BEFORE WORD...
    local before=$1
    shift
    TTY_STATUS=0
    GUESTARP_ROOT=$ROOT TERM=xterm script -qec "stty cols 80 rows 24; $before $GUESTARP_BUILD/guestarp $*" /dev/null \
        </dev/null >"$TMP/tty" || TTY_STATUS=$?
}

# ---- for people ---------------------------------------------------------------------------------------------------------

busy_host
for words in "check" "check --probe" "status" "plan 103" "policy 101" "policy 103"; do
    # shellcheck disable=SC2086
    admin $words
    is "$(too_long <"$TMP/admin.out")" "" "$words: no line over 80 columns"
    is "$(colours <"$TMP/admin.out")" 0 "$words: no colours into a file"
    is "$(grep -c ' $' "$TMP/admin.out" || true)" 0 "$words: no blanks at a line's end"
    on_terminal "" "$words"
    is "$(too_long <"$TMP/tty")" "" "$words: no line over 80 columns on a terminal"
    is "$TTY_STATUS" "$STATUS" "$words: the same exit status"
    is "$(sed '/^guestarp: asking on the wire/d; s/\x1b\[[0-9;]*m//g; s/\r$//' "$TMP/tty")" "$(cat "$TMP/admin.out" "$TMP/admin.err")" "$words: the same words"
    on_terminal "NO_COLOR=1" "$words"
    is "$(colours <"$TMP/tty")" 0 "$words: no colours with NO_COLOR"
done
admin check
findings
ok "there was something to see ($(wc -w <<<"$FOUND") findings)" test "$(wc -w <<<"$FOUND")" -ge 10
on_terminal "" check --probe
is "$(grep -c '^guestarp: asking on the wire, which takes some seconds' "$TMP/tty")" 1 "check --probe: a terminal is told that it takes longer"
on_terminal "2>/dev/null" check --probe
is "$(grep -c 'asking on the wire' "$TMP/tty" || true)" 0 "who has sent stderr elsewhere is not"
on_terminal "" check --listen 1 eth0
like "$(<"$TMP/tty")" "guestarp: listening on eth0 for 1 s; Ctrl-C ends it sooner" "check --listen, too"
on_terminal "" check
isnt "$(colours <"$TMP/tty")" 0 "check has colours on a terminal"
on_terminal "" status
isnt "$(colours <"$TMP/tty")" 0 "status has colours on a terminal"
on_terminal "NO_COLOR=" status
isnt "$(colours <"$TMP/tty")" 0 "an empty NO_COLOR is none (no-color.org)"

# A host name of 64 bytes, in a namespace of its own.
long=$(printf 'h%.0s' {1..64})
# shellcheck disable=SC2016 # the inner shell's own
GUESTARP_ROOT=$ROOT unshare -u bash -c 'hostname "$1"; "$2/guestarp" status' bash "$long" "$GUESTARP_BUILD" >"$TMP/admin.out" || true
ok "the host's name is in the tree" grep -q hhhh "$TMP/admin.out"
is "$(too_long <"$TMP/admin.out")" "" "status with a long host name: no line over 80 columns"

# ---- for programs ---------------------------------------------------------------------------------------------------------

findings --probe
schema ok "check --json follows its schema" check "$TMP/admin.out"
is "$STATUS" 1 "check --json: status 1 when there are findings"
enum=$(jq -r '.properties.findings.items.properties.id.enum | sort | join(" ")' "$SCHEMAS/check.schema.json")
is "$enum" "$(sed -n 's/^.*\(ROW\|LOOK\)([A-Z_]*, "\([a-z_-]*\)".*/\2/p' "$TESTS_DIR/../common/doctor/finding_table.h" | sort | paste -s -d ' ')" \
    "the schema has exactly the ids of the table"
admin status --json
schema ok "status --json follows its schema" status "$TMP/admin.out"
is "$STATUS" 1 "status --json: status 1 when something is missing"
is "$(jq '[.guests[] | select((.settings | map(select(.holds | not)) | length) != .missing and .running != "stopped")] | length' <<<"$OUT")" 0 \
    "missing counts the settings that do not hold"
for id in 101 103 104; do
    admin policy "$id" --json
    schema ok "policy $id --json follows its schema" policy "$TMP/admin.out"
done

# The schemas can say no.
for change in '.version = 1' '.findings[0].id = "else"' '.findings[0].extra = 1' 'del(.findings[0].fix)' '.findings[0].guests = ["101"]'; do
    findings
    jq "$change" "$TMP/admin.out" >"$TMP/changed.json"
    schema not_ok "check's schema refuses $change" check "$TMP/changed.json"
done
for change in '.guests[0].running = "yes"' 'del(.guests[0].missing)' '.guests[].settings[].setting = "else"' '.guests[].settings[].ifindex = "1"'; do
    admin status --json
    jq "$change" "$TMP/admin.out" >"$TMP/changed.json"
    schema not_ok "status's schema refuses $change" status "$TMP/changed.json"
done
for change in 'del(.then)' '.device.value = 1' '.announce.value = 11' '.announce.source = ""'; do
    admin policy 104 --json
    jq "$change" "$TMP/admin.out" >"$TMP/changed.json"
    schema not_ok "policy's schema refuses $change" policy "$TMP/changed.json"
done

# A host with nothing wrong.
fresh_host
bridge_host
bridged_guest 101
admin_is 0 "check on a healthy host" check --json
schema ok "an empty list follows the schema" check "$TMP/admin.out"
pve_ok 101 pre-start
pve_ok 101 post-start
admin_is 0 "status on a healthy host" status
like "$OUT" "vmbr0 +ok +MAC pinned" "the bridge's mark"
like "$OUT" "fwbr101i0 +ok +quiet by name and by flag" "the firewall bridge's mark"
like "$OUT" "pve/101 +ok +running" "the guest's mark"
admin status --json
schema ok "status --json follows its schema" status "$TMP/admin.out"
is "$(jq -c '[.guests[] | [.guest, .managed, .running, .recorded, .missing]]' <<<"$OUT")" '[["pve/101",true,"running",true,0]]' "its values"
ip link set dev fwbr101i0 arp on
admin_is 1 "status when something is missing" status 101
like "$OUT" "fwbr101i0 +ok +quiet by name"$'\n' "it is quiet still"
like "$OUT" "missing: fwbr101i0: NOARP 1" "and what is missing"
rm "$ROOT"/etc/pve/lxc/*
rm -rf "$ROOT/run/guestarp"
admin_is 0 "status without any guest" status
like "$OUT" "no guest is managed: guestarp plan --all, then guestarp manage --all" "it says what to do"
admin status --json
schema ok "without any guest it follows its schema" status "$TMP/admin.out"

# A full disk.
fresh_host
bridge_host
bridged_guest 101
admin apply --all
for words in "check" "check --json" "status" "status --json" "policy 101 --json"; do
    status=0
    # shellcheck disable=SC2086
    GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" $words >/dev/full 2>"$TMP/full" || status=$?
    is "$status" 3 "$words: what cannot be written is a failure"
done

# ---- called wrongly ---------------------------------------------------------------------------------------------------------

refused "usage: guestarp COMMAND" "no command"
refused "unknown command 'chekc', did you mean 'check'" "a misspelt command" chekc
refused "unknown command 'frobnicate' \(see --help\)" "no such command" frobnicate
refused "usage: guestarp COMMAND" "an option alone" --json
for command in check status plan apply undo sync manage unmanage attach detach policy device; do
    refused "$command: unknown option --frob" "$command: no such option" "$command" --frob
    refused "$command: unknown option -x" "$command: no short options" "$command" -x
done
refused "check: unknown option --all" "another command's option" check --all
refused "usage: guestarp check" "a word too many" check 101
refused "usage: guestarp sync" "a word too many" sync 101
refused "usage: guestarp plan GUEST" "a word too few" plan
refused "no guest 'up' on this host" "an event that is not the last word" plan 101 up prepare
refused "no guest 'sideways' on this host" "no such event" plan 101 sideways
refused "usage: guestarp device GUEST" "a word too few" device 101
for command in status plan policy; do
    refused "no guest '999' on this host" "$command: no such guest" "$command" 999
    refused "no guest 'vz/101' on this host" "$command: no such guest of that kind" "$command" vz/101
    refused "no guest '../101' on this host" "$command: no path" "$command" ../101
    refused "no guest '' on this host" "$command: an empty name" "$command" ""
done
refused "undo: unknown option --probe" "another command's option" undo --probe
refused "--quiet is for the whole host" "undo: a guest and --quiet" undo 101 --quiet
refused "--quiet is for the whole host" "undo: --all and --quiet" undo --all --quiet
first_guest() {
    table_names
    has_flag fwbr101i0 NOARP && echo NOARP
    arp_value fwbr101i0 arp_ignore
    cat "$ROOT/etc/pve/lxc/101.conf"
}

stand_ins
for command in apply undo attach detach; do
    refused "no guest '999' on this host" "$command: no such guest" "$command" 999
    refused "name guests, or say --all" "$command: neither guest nor --all" "$command"
    refused "name guests, or say --all" "$command: a guest and --all" "$command" 101 --all
    # The names are as policy and configurations want them, so that there would be something to do for the table.
    admin apply 101
    # Something to do for the first guest, whatever the command.
    admin undo 101
    ip link set dev fwbr101i0 arp on
    [ "$command" != undo ] || admin apply 101
    sed -i '/^hookscript:/d' "$ROOT/etc/pve/lxc/101.conf"
    [ "$command" = attach ] || sed -i '1i hookscript: local:snippets/guestarp' "$ROOT/etc/pve/lxc/101.conf"
    before=$(first_guest)
    refused "no guest '999' on this host" "$command: the second guest does not exist" "$command" 101 999
    is "$(first_guest)" "$before" "$command: then nothing is done for the first"
done
refused "no guest '999' on this host" "device: no such guest" device 999 eth0
for name in "" . .. a/b 0123456789abcdef "a b" 'a"b'; do
    refused "is not a device name" "device: '$name'" device 101 "$name"
done
not_ok "nothing of all that wrote a policy" test -e "$CONFIG"

admin_is 0 "--help" --help
for command in check status plan apply undo sync manage unmanage attach detach policy device announce; do
    like "$OUT" "  $command " "--help names $command"
    ok "the manual has $command" grep -q "^\.It Cm $command\$\|^\.It Cm $command " "$TESTS_DIR/../packaging/man/guestarp.8"
done
for id in $enum; do
    ok "the manual has $id" grep -qx "\.It Cm $id" "$TESTS_DIR/../packaging/man/guestarp.8"
done
is "$(too_long <"$TMP/admin.out")" "" "--help: no line over 80 columns"
admin_is 0 "--version" --version
like "$OUT" "^guestarp [0-9]+\.[0-9]" "it has a version"
admin_is 0 "--completion" --completion
ok "it is bash" bash -n "$TMP/admin.out"
complete_words() { # WORD...: what bash offers for the last one
    bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _guestarp; echo "${COMPREPLY[*]}"' bash "$TMP/completion" "$@"
}
cp "$TMP/admin.out" "$TMP/completion"
is "$(complete_words guestarp att)" attach "completion of a command"
is "$(complete_words guestarp check --)" "--probe --json --listen --allow --log --prometheus --help" "completion of options"

# ---- plan, apply, undo, sync --------------------------------------------------------------------------------------------------

fresh_host
multi_host
multi_guest 101
multi_guest 102
policy '{"defaults": {"announce": 0}, "guests": {"101": {"device": "eth3"}, "102": {"device": "eth4"}}}'
wait_for settled
before=$(kernel_state)
admin_is 0 "plan" plan 101
like "$OUT" "up +set +eth3: proxy entry for 192.168.18.101" "it says what would be set"
admin plan 101 prepare
unlike "$OUT" "^up " "plan prepare has nothing of up"
admin plan 101 up
unlike "$OUT" "^prepare " "plan up has nothing of prepare"
admin plan 101 down
is "$OUT" "" "nothing would be undone"
admin check
admin check --probe
admin status
admin policy 101
unchanged "$before" "plan, check, status and policy change nothing"
not_ok "and leave no record" record_exists 101

admin_is 0 "apply" apply 101
like "$ERR" "pve/101: up: .*eth3: proxy entry for 192.168.18.101" "it says what it did"
is "$(proxies 4)" "192.168.18.101 eth3" "the entry is there"
ok "and a record" record_exists 101
admin plan 101
unlike "$OUT" " set " "plan has nothing left to set"
admin plan 101 down
like "$OUT" "down +undo +eth3: proxy entry for 192.168.18.101" "plan down says what would be undone"
admin_is 0 "apply again" apply 101
is "$ERR" "" "has nothing to say"
admin_is 0 "apply --all" apply --all
is "$(proxies 4)" "192.168.18.101 eth3, 192.168.18.102 eth4" "entries for all"
admin_is 0 "undo" undo 101
is "$(proxies 4)" "192.168.18.102 eth4" "its entry is gone"
not_ok "and its record" record_exists 101
admin_is 0 "undo again" undo 101
admin_is 0 "undo --all" undo --all
is "$(proxies 4)$(proxies 6)" "" "all entries are gone"
admin_is 0 "sync" sync
is "$(proxies 4)" "192.168.18.101 eth3, 192.168.18.102 eth4" "sync sets them again"
ip link del veth102i0
admin_is 3 "apply for a guest that does not run" apply 102
like "$ERR" "pve/102: apply: it does not run here" "it says so"
admin_is 0 "sync when a guest is gone" sync
is "$(proxies 4)" "192.168.18.101 eth3" "takes its entry away"
admin_is 0 "apply --all with a guest that does not run" apply --all
is "$(proxies 4)" "192.168.18.101 eth3" "leaves that one out"
policy '{"guests": {"101": {"device": "nodev9"}}}'
admin_is 3 "apply when a device is not there" apply 101
like "$ERR" "pve/101: .*nodev9" "it names the device"
policy '{'
admin_is 3 "apply with a policy that cannot be read" apply 101
like "$ERR" "/etc/guestarp/guestarp.json:" "it names the file"

# ---- policy, device ---------------------------------------------------------------------------------------------------------------

policy '{"guests": {"101": {"device": "eth9", "route": "eth8"}}, "devices": {"eth7": {"arp_ignore": 1}}}'
for words in "status 101" "plan 101 prepare" "plan 101 up"; do
    # shellcheck disable=SC2086
    admin $words
    like "$OUT$ERR" "eth9 +does not exist" "$words: a device that does not exist"
done
# A guest without a NIC has a place in status, too.
guest_conf 105 lxc "hostname: none"
admin status
like "$OUT" "pve/105 +.* stopped" "status: a guest without NICs"
rm "$ROOT/etc/pve/lxc/105.conf"
echo '{"guests": {"101": {"device": "eth3"}}}' >"$ROOT/etc/pve/guestarp.json"
policy '{"defaults": {"announce": 4}}'
admin_is 0 "policy" policy 101
like "$OUT" "device +\"eth3\" +/etc/pve/guestarp.json: guests.101" "a value from the cluster's file"
like "$OUT" "announce +4 +/etc/guestarp/guestarp.json: defaults" "a value from the host's file"
like "$OUT" "probe +\"off\" +default" "a value from nowhere"
rm "$ROOT/etc/pve/guestarp.json"
policy '{"guests": {"101": {"addresses": ["192.0.2.7", "2001:db8::7"], "then": ["/usr/local/bin/mine"], "bridge_mac": "leave",
    "firewall_bridge": "leave", "route": "veth101i0", "allowed": ["192.0.2.0/24"], "shared": ["192.0.2.50"],
    "nics": {"net1": {"device": "eth3", "addresses": []}}, "probe": "refuse", "on_error": "abort"}}}'
admin_is 0 "policy of a guest with every key" policy 101
like "$OUT" 'addresses +\["192.0.2.7","2001:db8::7"\] +/etc/guestarp/guestarp.json: guests.101' "a list of addresses"
admin policy 101 --json
is "$(jq -c 'map_values(.value?)' <<<"$OUT")" \
    '{"firewall_bridge":"leave","ports":"quiet","bridge_mac":"leave","device":null,"addresses":["192.0.2.7","2001:db8::7"],"allowed":["192.0.2.0/24"],"shared":["192.0.2.50"],"route":"veth101i0","nics":{"net1":{"device":"eth3","addresses":[]}},"probe":"refuse","announce":2,"on_error":"abort","then":["/usr/local/bin/mine"]}' \
    "the same for programs"

printf '{"guests": {"1": {"devise": "a"}}}' >"$TMP/bad.json"
printf '{"guests": {"1": {"device": "a"}}}' >"$TMP/good.json"
admin_is 0 "policy --check of a good file" policy --check /etc/guestarp/guestarp.json
is "$OUT$ERR" "" "says nothing"
for file in "$TMP/bad.json" ./bad.json; do
    # A file that is named is that file, wherever GUESTARP_ROOT points.
    (cd "$TMP" && GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" policy --check "$file" >"$TMP/admin.out" 2>"$TMP/admin.err") && STATUS=0 || STATUS=$?
    is "$STATUS" 1 "policy --check $file"
    like "$(<"$TMP/admin.err")" "^guestarp: $file: .*\"devise\".*\"device\"" "names file, place and the nearest key"
done
ok "policy --check of a good file with a relative path" bash -c "cd $TMP && GUESTARP_ROOT=$ROOT $GUESTARP_BUILD/guestarp policy --check good.json"
admin_is 3 "policy --check of no file" policy --check /nonexistent
like "$ERR" "/nonexistent: No such file" "says so"

text='{
	"defaults": { "announce": 1 },

	"guests":   {
		"101" : { "device":"eth0",
		          "probe": "warn" },
		"200-299": { "device": "eth4" }   },
	"devices": {"eth0": {"arp_ignore": 1}}
}'
policy "$text"
admin_is 0 "device" device 101 eth3
is "$(<"$CONFIG")" "${text/\"eth0\",/\"eth3\",}" "every other byte is as it was"
admin policy 101 --json
is "$(jq -r .device.value <<<"$OUT")" eth3 "and it counts"
admin_is 0 "device none" device 101 none
admin policy 101 --json
is "$(jq -r .device.value <<<"$OUT")" null "takes it away"
admin_is 0 "device of a guest that is not in the file" device 102 eth4
admin policy 102 --json
is "$(jq -r .device.value <<<"$OUT")" eth4 "adds it"
admin policy --check /etc/guestarp/guestarp.json
is "$STATUS" 0 "the file is a policy still"
for text in '{"guests": {"pve/101": {"device": "eth0"}}}' '{"guests": {"101": {"device": "eth0"}, "pve/101": {"device": "eth4"}}}' \
    '{"guests": {"101": {"device": "eth0"}, "101": {"device": "eth4"}}}' '{"guests": {"10\u0031": {"device": "eth0"}}}'; do
    policy "$text"
    admin device 101 eth3
    admin policy 101 --json
    is "$(jq -r .device.value <<<"$OUT")" eth3 "device counts whatever the file has: $text"
done
mkdir -p "$ROOT/etc/vz/conf"
printf 'NAME="web"\nIP_ADDRESS="192.0.2.7"\n' >"$ROOT/etc/vz/conf/77.conf"
policy '{"guests": {"77": {"device": "eth0"}, "web": {"device": "eth4"}}}'
admin_is 0 "device of a container that the file has by its name" device vz/77 eth3
admin policy vz/77 --json
is "$(jq -r .device.value <<<"$OUT")" eth3 "counts"
rm -r "$ROOT/etc/vz"
policy '{}'
echo '{ "guests": ' >"$ROOT/etc/pve/guestarp.json"
admin_is 3 "device with a cluster's file that is no policy" device 101 eth3
like "$ERR" "^guestarp: /etc/pve/guestarp.json" "names the file"
rm "$ROOT/etc/pve/guestarp.json"
policy '{ # mine
}'
before=$(<"$CONFIG")
admin_is 3 "device with a file that is no policy" device 101 eth3
like "$ERR" "^guestarp: /etc/guestarp/guestarp.json" "names the file"
is "$(<"$CONFIG")" "$before" "and leaves it"
rm -f "$CONFIG"

# Devices that nobody asks for a guest, and devices that are not there.
for word in lo all default; do
    refused "guestarp: .*$word" "device $word" device 101 "$word"
    not_ok "and nothing is written for $word" test -e "$CONFIG"
done
ip link add eth30 type bridge
admin_is 0 "device that is not there" device 101 eth31
like "$ERR" "^guestarp: pve/101: there is no device eth31 on this host now, did you mean eth3" "it says so, with the nearest"
admin_is 0 "device that is nothing near" device 101 quitefar
is "$ERR" "guestarp: pve/101: there is no device quitefar on this host now" "it says so"
admin_is 0 "device that is there" device 101 eth30
is "$ERR" "" "not a word"
ip link property add dev eth30 altname uplinkport
admin_is 0 "device by another of its names" device 101 uplinkport
is "$ERR" "" "not a word"
ip link del eth30
rm -f "$CONFIG"

# Not root: one clear error, and nothing is claimed.
if setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; then
    cp "$GUESTARP_BUILD/guestarp" "$TMP/guestarp"
    chmod 755 "$TMP" "$TMP/guestarp"
    without_root="a monitoring user gets its findings from guestarp-prometheus.timer or by sudo, see guestarp(8)"
    for words in check "check --json" status "plan 101" "apply 101" "apply --all" "undo 101" sync "attach 101" "detach 101" "policy 101" "device 101 eth3"; do
        # shellcheck disable=SC2086 # several words
        is "$(setpriv --reuid 65534 --regid 65534 --clear-groups "$TMP/guestarp" $words 2>&1 || echo "status $?")" \
            "guestarp: ${words%% *}: only root can do that$([ "${words%% *}" != check ] || echo "; $without_root")"$'\n'"status 3" "$words, as nobody"
    done
    is "$(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups "$TMP/guestarp" policy --check "$TMP/good.json" 2>&1 || echo "status $?")" "" \
        "policy --check needs no root"
else
    skip "one user only in this namespace: not root"
fi
admin_is 0 "device without a file" device 101 eth3
is "$(stat -c %a "$CONFIG")" 600 "the new file is root's alone"

# Twenty at once, five times: none is lost.
for ((i = 0; i < 20; i++)); do
    guest_conf $((300 + i)) lxc "net0: name=eth0,bridge=vmbr9,type=veth"
done
lost=0
for ((round = 0; round < 5; round++)); do
    rm -f "$CONFIG"
    pids=()
    for ((i = 0; i < 20; i++)); do
        GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" device $((300 + i)) eth3 >/dev/null 2>&1 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || lost=$((lost + 100)); done
    lost=$((lost + 20 - $(jq '.guests | length' "$CONFIG")))
done
is "$lost" 0 "twenty at once: each succeeds, and all of them are in the file"

# ---- what takes longer says how far it is, on a terminal alone ---------------------------------------------------------------

fresh_host
stand_ins
install_hook
mkdir "$ROOT/fast"
mv "$ROOT/usr/sbin/pct" "$ROOT/fast/pct"
printf '#!/bin/sh\nsleep 1.1\nexec %s/fast/pct "$@"\n' "$ROOT" >"$ROOT/usr/sbin/pct"
chmod +x "$ROOT/usr/sbin/pct"
for id in 401 402 403; do
    echo "net0: name=eth0,bridge=vmbr9,type=veth" >"$ROOT/etc/pve/lxc/$id.conf"
done
on_terminal "" attach --all
is "$TTY_STATUS $(grep -c ': attached' "$TMP/tty")" "0 3" "attach --all with a slow pct"
like "$(<"$TMP/tty")" "guestarp: [123] of 3 guests" "a terminal is told how far it is"
admin_is 0 "detach --all with a slow pct" detach --all
is "$(grep -c ': detached' "$TMP/admin.out") $(grep -c ' of 3 ' "$TMP/admin.err" || true)" "3 0" "a file is not"

# ---- what the papers tell people to type: on a host without guests, so that nothing comes of it ------------------------------

command_lines() {
    # shellcheck disable=SC2016 # the papers' own quotes
    grep -hoE '(`|[#$] |sudo |&& |\.Ql )guestarp [a-z][^`&|]*' \
        "$TESTS_DIR"/../{README.md,packaging/debian/README.Debian,packaging/man/*.[1-8]} | sed 's/^[^g]*guestarp //; s/ *#.*//; s/ [.]$//' | sort -u
}

fresh_host
while read -r words; do
    # shellcheck disable=SC2086 # several words
    admin $words
    unlike "$STATUS $ERR" "^2 .*(usage: |unknown |say --all)" "the papers' guestarp $words"
done < <(command_lines)

done_testing
