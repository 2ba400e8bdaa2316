#!/bin/bash
# pmxcfs is down: /etc/pve is an empty directory, and every guest of Proxmox VE seems to be gone. Nothing may be removed
# on such evidence. Witness: the client's ping to a guest that runs, and the names in nft's own list.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq strace tcpdump

true_paths
stand_ins
install_hook

reached() { # DESC
    ip -n client neigh flush to 192.168.18.101 dev eth0
    ok "$1" in_ns client ping -q -c 1 -W 2 192.168.18.101
}

pmxcfs() { # down|up
    if [ "$1" = down ]; then
        mkdir "$TMP/away"
        mv "$ROOT"/etc/pve/* "$TMP/away/"
    else
        mv "$TMP"/away/* "$ROOT/etc/pve/"
        rmdir "$TMP/away"
    fi
}

state() {
    proxies 4
    quiet_names
    (cd "$ROOT/run/guestarp" && find . -name '*.json' -exec grep . {} + && find owner -type l -printf '%f %l\n') | sort
    ip -j route show | jq -r '.[] | "\(.dst) \(.dev)"' | sort
}

kept() { # DESC
    local now
    now=$(state)
    if [ "$now" = "$before" ]; then pass "$1"; else fail "$1" "$(diff <(echo "$before") <(echo "$now") || true)"; fi
    reached "$1: the client reaches 101"
}

multi_host
multi_guest 101
guest_conf 102 lxc "net0: name=eth0,bridge=vmbr9,ip=192.168.18.102/32,type=veth"
names_made 102
policy '{"defaults": {"announce": 0, "device": "eth3"}}'
pve_ok 101 pre-start
pve_ok 101 post-start
reached "101 runs"
before=$(state)
like "$before" "192.168.18.101 eth3" "it has an entry"
like "$before" "pve/101 0 eth3" "and a claim"
like "$before" "fwbr102i" "102, which is stopped, has names"

pmxcfs down

admin_is 3 "status could not be found out" status
like "$OUT" "note: pmxcfs is down" "it says why"
unlike "$OUT" "no guest is managed" "and not that no guest is managed"
like "$OUT" "pve/101 .*running" "101, which has a record, is shown"
admin status --json
schema ok "status --json is as its schema says" status "$TMP/admin.out"
like "$(jq -r '.notes[]' <<<"$OUT")" "pmxcfs is down" "the note is there, too"
kept "after status"

findings
is "$FOUND $STATUS" "pmxcfs-down 1" "check finds that, and nothing else"
schema ok "check --json is as its schema says" check "$TMP/admin.out"
kept "after check"

for round in 1 2; do
    admin_is 0 "sync, round $round" sync
    like "$ERR" "pmxcfs is down" "it says so"
    kept "after sync"
done

admin_is 3 "apply --all" apply --all
like "$ERR" "pve/101: apply: pmxcfs is down.*nothing done" "it says why it does nothing"
kept "after apply --all"
admin_is 3 "apply 101" apply 101
like "$ERR" "pmxcfs is down" "it says why it does nothing"
kept "after apply 101"
refused "no guest '102' is known: pmxcfs is down" "apply 102, of which nothing is known" apply 102
kept "after apply 102"

admin attach 101
is "$STATUS" 3 "attach 101 can do nothing"
kept "after attach"
admin device 101 eth3
kept "after device"
admin detach 101
kept "after detach"

# A plain container that wants 101's address: nothing says that 101 no longer has it.
mkdir -p "$ROOT/var/lib/lxc/plain"
printf '%s\n' "lxc.net.0.type = veth" "lxc.net.0.veth.mode = router" "lxc.net.0.ipv4.address = 192.168.18.101/32" >"$ROOT/var/lib/lxc/plain/config"
policy '{"defaults": {"announce": 0, "device": "eth3"}, "guests": {"lxc/plain": {"device": "eth4"}}}'
ERR=$(LXC_CONFIG_FILE=$ROOT/var/lib/lxc/plain/config GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp-lxc" plain lxc start-host 2>&1)
like "$ERR" "192.168.18.101 is pve/101's, and left to it" "another guest that starts does not get 101's address"
GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp-lxc" plain lxc post-stop
kept "after its stop"

rm -r "$ROOT/var/lib/lxc/plain"
policy '{"defaults": {"announce": 0, "device": "eth3"}}'

# 101 reboots from inside: LXC's hooks are called for what can only be Proxmox VE's container.
mkdir -p "$ROOT/var/lib/lxc/101"
printf '%s\n' "lxc.net.0.type = veth" "lxc.net.0.veth.pair = veth101i0" >"$ROOT/var/lib/lxc/101/config"
lxc_hook() { # HOOK TARGET
    ERR=$(LXC_CONFIG_FILE=$ROOT/var/lib/lxc/101/config LXC_TARGET=$2 GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp-lxc" 101 lxc "$1" 2>&1)
}
lxc_hook post-stop reboot
lxc_hook start-host ""
kept "after a reboot from inside"
lxc_hook post-stop stop
is "$(proxies 4)" "" "it stops: its entry goes"
pmxcfs up
admin_is 0 "apply 101, while pmxcfs is up" apply 101
pmxcfs down
kept "once more"

# What is typed by name for this guest is done: it names what was recorded, and needs no configuration.
admin_is 0 "undo 101" undo 101
is "$(proxies 4)" "" "it takes the entry back"
pmxcfs up
admin_is 0 "pmxcfs is there again: apply --all" apply --all
reached "and 101 is reached again"
healthy "nothing is found"

# pmxcfs has crashed: nothing that is in /etc/pve can be reached, nor that itself.
crashed() { # COMMAND...
    local path GUESTARP_WRAP="strace -f -qq -o $TMP/strace -e inject=openat,access,newfstatat:error=ENOTCONN"
    for path in '' /lxc /qemu-server /lxc/101.conf /qemu-server/101.conf; do
        GUESTARP_WRAP+=" -P $ROOT/etc/pve$path"
    done
    "$@"
}
before=$(state)
crashed admin_is 3 "it has crashed: status could not be found out" status
like "$OUT" "note: pmxcfs is down" "it says why"
like "$OUT" "pve/101 .*running" "101, which has a record, is shown"
crashed findings
is "$FOUND $STATUS" "pmxcfs-down 1" "check finds that, and nothing else"
crashed admin sync
kept "after sync"

# It stops while pmxcfs is down: that it does not run is known from its processes and devices.
pmxcfs down
ip link del veth101i0
admin_is 0 "101 stops, then sync" sync
is "$(proxies 4)" "" "its entry goes: it does not run"
pmxcfs up

done_testing
