#!/bin/bash
# What somebody without root's rights may have put where guestarp reads and writes: links, FIFOs and devices in place of files,
# files and directories that others can write, huge files, names that climb out of their directory. Nothing outside is read
# into a message or written, nothing hangs, and no guest is kept from starting.

. "$(dirname "$0")/../lib.sh"
require jq nft

topo_multi
RECORDS=$ROOT/run/guestarp
RECORD=$RECORDS/pve-101.json
POLICY=$ROOT/etc/guestarp/guestarp.json
KEPT=$ROOT/var/lib/guestarp
VICTIM=$TMP/victim
good='{"defaults": {"announce": 1}, "guests": {"101": {"device": "eth3"}}}'

fresh() { # the host before an attack: no records, no table, a good policy, a victim's file
    nft delete table arp guestarp 2>/dev/null || true
    rm -rf "$RECORDS" "$POLICY" "$ROOT/etc/guestarp"
    mkdir -p "$ROOT/etc/guestarp"
    policy "$good"
    rm -rf "$KEPT"
    guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,ip=192.168.18.101/32"
    ip neigh del proxy 192.168.18.101 dev eth3 2>/dev/null || true
    echo "a secret of somebody's" >"$VICTIM"
    chmod 0600 "$VICTIM"
}

# The hook ends with status 0 (a hang would be ended by timeout, with another) and says something; the victim's file is as it was and none of it is shown.
survived() { # DESC
    is "$STATUS" 0 "$1: the guest starts"
    like "$ERR" "^guestarp: pve/101: " "$1: it is said"
    unlike "$ERR$OUT" "secret" "$1: nothing of another file is shown"
    is "$(<"$VICTIM")" "a secret of somebody's" "$1: the other file is untouched"
}

answers() { # yes|no DESC
    is "$(proxies 4)" "$([ "$1" = no ] || echo "192.168.18.101 eth3")" "$2"
}

# Nothing of a file is needed for that but who the guest is.
named() { # DESC
    ok "$1: the guest is quiet by name all the same" jq -e '
        [.nftables[].set | select(.name == "quiet").elem[]?] | contains(["fwbr101i*", "fwln101i*", "fwln101o*", "fwpr101p*"])
        ' <(nft -j list table arp guestarp)
}

fresh
pve_ok 101 post-start
answers yes "without an attack the entry is set"

# ---- the directory of records -----------------------------------------------------------------------------------------------

fresh
mkdir "$TMP/elsewhere"
ln -s "$TMP/elsewhere" "$RECORDS"
pve 101 post-start
survived "a link as the directory of records"
is "$(ls -A "$TMP/elsewhere")" "" "a link as the directory of records: nothing is written through it"
answers no "a link as the directory of records: nothing is set that could not be removed"
named "a link as the directory of records"

fresh
mkdir "$RECORDS"
chmod 0777 "$RECORDS"
pve 101 post-start
survived "a directory of records that others can write"
is "$(ls -A "$RECORDS")" "" "a directory of records that others can write: nothing is written"
answers no "a directory of records that others can write: nothing is set"
named "a directory of records that others can write"

fresh
mkdir "$RECORDS"
if chown 65534 "$RECORDS" 2>/dev/null; then
    pve 101 post-start
    survived "somebody else's directory of records"
    answers no "somebody else's directory of records: nothing is set"
else
    skip "no second user in this namespace"
fi

fresh
mkfifo "$RECORDS"
pve 101 post-start
survived "a FIFO as the directory of records"
named "a FIFO as the directory of records"

# ---- record, lock, the file beside it -------------------------------------------------------------------------------------------

for what in link fifo directory huge writable garbage deep; do
    fresh
    mkdir -m 0700 "$RECORDS"
    case $what in
    link) ln -s "$VICTIM" "$RECORD" ;;
    fifo) mkfifo "$RECORD" ;;
    directory) mkdir "$RECORD" ;;
    huge) truncate -s 3G "$RECORD" ;;
    writable) echo '{ "version": 1, "settings": [] }' >"$RECORD" && chmod 0666 "$RECORD" ;;
    garbage) head -c 100000 /dev/urandom >"$RECORD" ;;
    deep) printf '%0100000d' 0 | tr 0 '[' >"$RECORD" ;;
    esac
    pve 101 post-start
    survived "record: $what"
    if [ "$what" != directory ]; then
        answers yes "record: $what: what cannot be understood is replaced"
        ok "record: $what: by a whole one" timeout 5 jq -e '.version == 1 and (.settings | length) > 0' "$RECORD"
        ok "record: $what: a file of our own" test -f "$RECORD" -a ! -L "$RECORD"
        pve_ok 101 post-stop
        answers no "record: $what: and what was set is removed"
    else
        answers no "record: $what: nothing is set that could not be recorded"
    fi
done

# A record that names what is not the guest's is undone only where it still stands, on that device: no file, no other device.
fresh
mkdir -m 0700 "$RECORDS"
echo '{ "version": 1, "settings": [ { "setting": "noarp", "device": "../../etc", "ifindex": 1, "value": 1, "was": 0 } ] }' >"$RECORD"
chmod 0600 "$RECORD"
pve 101 post-stop
survived "a record with a path for a device"

for what in link fifo directory; do
    fresh
    mkdir -m 0700 "$RECORDS"
    case $what in
    link) ln -s "$VICTIM" "$RECORDS/lock" ;;
    fifo) mkfifo "$RECORDS/lock" ;;
    directory) mkdir "$RECORDS/lock" ;;
    esac
    pve 101 post-start
    if [ "$what" = fifo ]; then
        is "$STATUS" 0 "lock: $what: the guest starts"
    else
        survived "lock: $what"
        answers no "lock: $what: without a lock nothing is set"
    fi
    named "lock: $what"
done

for what in link fifo directory; do
    fresh
    mkdir -m 0700 "$RECORDS"
    case $what in
    link) ln -s "$VICTIM" "$RECORDS/.pve-101.json.tmp" ;;
    fifo) mkfifo "$RECORDS/.pve-101.json.tmp" ;;
    directory) mkdir "$RECORDS/.pve-101.json.tmp" ;;
    esac
    pve 101 post-start
    survived "the file beside the record: $what"
    ok "the file beside the record: $what: set with a record, or not at all" bash -c "
        if [ -s '$RECORD' ]; then grep -q proxy_entry '$RECORD'; else [ -z '$(proxies 4)' ]; fi"
done

# ---- the policy -----------------------------------------------------------------------------------------------------------------

for what in link fifo directory huge writable nul deep long; do
    fresh
    case $what in
    link) mv "$POLICY" "$TMP/good.json" && ln -s "$TMP/good.json" "$POLICY" ;;
    fifo) rm "$POLICY" && mkfifo "$POLICY" ;;
    directory) rm "$POLICY" && mkdir "$POLICY" ;;
    huge) truncate -s 3G "$POLICY" ;;
    writable) chmod 0666 "$POLICY" ;;
    nul) printf '{"guests": {"101": {"device": "eth3"}}}\0{}' >"$POLICY" ;;
    deep) printf '%0100000d' 0 | tr 0 '[' >"$POLICY" ;;
    long) printf '{"guests": {"%0900000d": {"device": "eth3"}}, "x": 1}' 0 >"$POLICY" ;;
    esac
    pve 101 pre-start
    survived "policy: $what, pre-start"
    pve 101 post-start
    survived "policy: $what, post-start"
    if [ "$what" != long ]; then answers no "policy: $what: nothing of it is believed"; fi
    named "policy: $what"
done

fresh
chmod 0777 "$ROOT/etc/guestarp"
pve 101 post-start
is "$STATUS" 0 "a directory of the policy that others can write: the guest starts"
fresh
if chown 65534 "$POLICY" 2>/dev/null; then
    pve 101 post-start
    survived "somebody else's policy"
    answers no "somebody else's policy: nothing of it is believed"
else
    skip "no second user in this namespace"
fi

# ---- its last good text --------------------------------------------------------------------------------------------------------------

for what in link fifo directory huge writable cut; do
    fresh
    mkdir -m 0700 "$KEPT"
    printf '%s' "$good" >"$KEPT/host.json"
    chmod 0600 "$KEPT/host.json"
    case $what in
    link) mv "$KEPT/host.json" "$TMP/good.json" && ln -s "$TMP/good.json" "$KEPT/host.json" ;;
    fifo) rm "$KEPT/host.json" && mkfifo "$KEPT/host.json" ;;
    directory) rm "$KEPT/host.json" && mkdir "$KEPT/host.json" ;;
    huge) truncate -s 3G "$KEPT/host.json" ;;
    writable) chmod 0666 "$KEPT/host.json" ;;
    cut) truncate -s 20 "$KEPT/host.json" ;;
    esac
    policy '{'
    pve 101 post-start
    survived "last good text: $what"
    answers no "last good text: $what: nothing of it is believed"
done

for what in link beside directory; do
    fresh
    mkdir -m 0700 "$KEPT"
    case $what in
    link) ln -s "$VICTIM" "$KEPT/host.json" ;;
    beside) ln -s "$VICTIM" "$KEPT/.host.json.tmp" ;;
    directory) rmdir "$KEPT" && mkdir -p "$TMP/elsewhere" && ln -s "$TMP/elsewhere" "$KEPT" ;;
    esac
    pve 101 post-start
    survived "writing the last good text, $what"
    is "$(ls -A "$TMP/elsewhere")" "" "writing the last good text, $what: nothing is written through a link"
    answers yes "writing the last good text, $what: the event does its work"
    rm -rf "$KEPT"
done

# ---- a guest's configuration --------------------------------------------------------------------------------------------------------

conf=$ROOT/etc/pve/nodes/pve1/lxc/101.conf
for what in link fifo directory huge; do
    fresh
    rm -f "$conf"
    case $what in
    link) ln -s "$VICTIM" "$conf" ;;
    fifo) mkfifo "$conf" ;;
    directory) mkdir "$conf" ;;
    huge) truncate -s 3G "$conf" ;;
    esac
    for phase in pre-start post-start; do
        pve 101 $phase
        survived "configuration: $what, $phase"
        named "configuration: $what, $phase"
    done
    answers no "configuration: $what: nothing is set"
    rm -rf "$conf"
done

# ---- names --------------------------------------------------------------------------------------------------------------------------

fresh
touch "$TMP/before"
for name in ../101 101/../102 '101;id' $'101\n' '' . .. -1 0101 1000000000 "$(printf '%0300d' 1)"; do
    STATUS=0
    (pve_exec "$name" post-start) </dev/null >"$TMP/hook.out" 2>"$TMP/hook.err" || STATUS=$?
    is "$STATUS" 2 "pve: $(printf %.20q "$name") is no guest"
done

lxc_as() { # NAME: start-host
    STATUS=0
    env -i PATH="$PATH" GUESTARP_ROOT="$ROOT" LXC_NAME="$1" timeout 10 "$GUESTARP_BUILD/guestarp-lxc" "$1" lxc start-host \
        </dev/null >"$TMP/hook.out" 2>"$TMP/hook.err" || STATUS=$?
}

ln -s "$GUESTARP_BUILD/vznet-custom" "$TMP/vps.umount"
vz_as() { # NAME: a container's umount
    STATUS=0
    env -i PATH="$PATH" GUESTARP_ROOT="$ROOT" VEID="$1" timeout 10 "$TMP/vps.umount" </dev/null >"$TMP/hook.out" 2>"$TMP/hook.err" || STATUS=$?
}

for name in ../pve-101 a/b .. .hidden "$(printf '%0100d' 1)" $'a\nb'; do
    lxc_as "$name"
    is "$STATUS" 0 "lxc: the container $(printf %.20q "$name") is not kept from starting"
    vz_as "$name"
    is "$STATUS" 0 "vz: the container $(printf %.20q "$name") is not kept mounted"
done
is "$(find "$ROOT/run" "$ROOT/etc" -newer "$TMP/before" -type f ! -name lock | sort)" "" "none of these names wrote a file"

# ---- what guestarp-watch says of itself --------------------------------------------------------------------------------

for name in watch .watch.tmp; do
    fresh
    mkdir -m 0700 "$RECORDS"
    ln -s "$VICTIM" "$RECORDS/$name"
    watch_start
    watch_stop
    is "$STATUS $(<"$VICTIM")" "0 a secret of somebody's" "$name is a link to another's file: that one is left alone"
    is "$(stat -c %F "$RECORDS/watch")" "regular file" "$name is a link: and its own is written"
done
fresh
mkdir -m 0700 "$RECORDS"
ln -s "$VICTIM" "$RECORDS/lock"
watch_start
watch_stop
is "$STATUS $(<"$VICTIM")" "1 a secret of somebody's" "the lock is a link to another's file: guestarp-watch does not run"

fresh
watch_start
for text in '' '[]' '{"since": "x", "last": {}}' '{"since": -1, "events": 1e99, "last": "\u001b[2J"}' "$(printf '{"last": "%*s"}' 5000 '')"; do
    printf '%s' "$text" >"$RECORDS/watch"
    STATUS=0
    GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" status >"$TMP/out" 2>"$TMP/err" || STATUS=$?
    is "$STATUS$(<"$TMP/err")" 0 "guestarp-watch has said $(printf %.30q "$text"): status goes on"
    is "$(tr -d '\n -~' <"$TMP/out")" "" "and prints nothing of it that is no text"
done
watch_stop
is "$STATUS" 0 "it ends well"

# PVE_MIGRATED_FROM is part of a path.
mkdir -p "$ROOT/etc/pve/nodes/pve1/lxc"
STATUS=0
env -i GUESTARP_ROOT="$ROOT" PVE_MIGRATED_FROM=../../../.. timeout 10 "$GUESTARP_BUILD/guestarp-pve" 101 post-start \
    </dev/null >"$TMP/hook.out" 2>"$TMP/hook.err" || STATUS=$?
is "$STATUS" 0 "a node's name that climbs: the guest starts"
like "$(<"$TMP/hook.err")" "is no node name" "a node's name that climbs: refused"

done_testing
