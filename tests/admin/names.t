#!/bin/bash
# Which names are quiet, by table and on the wire: through attach, detach, device and policy, for one guest and for all, with
# guests that are destroyed or on other nodes, and after somebody else had his hands in nftables.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq arping tcpdump nft

true_paths

# Who answers a guest, or the LAN's host, that asks for an address: a plain request and a probe.
who_answers() { # NS ADDRESS
    capture asked "$1" eth0
    ask "$1" eth0 "$2" || true
    dad_probe "$1" eth0 "$2" || true
    fence "$1" asked
    capture_stop asked
    answerers asked "$2"
}

# Both sides of a guest's firewall bridge: the guest's own, and the LAN's beyond the uplink.
both_sides() { # VMID WANT DESC
    is "$(who_answers "ct$1" 192.168.0.1)" "$2" "$3: towards the guest"
    is "$(who_answers outside 192.168.0.1)" "$2" "$3: towards the LAN"
}

# The firewall bridge as it comes, without the second line: what is seen then is the names' doing.
made_anew() { # VMID
    ct_stop "$1" 0
    ct_start "$1" 0 vmbr0 "192.168.0.$1/24"
}

conf() { # VMID [LINE...]: not managed
    local vmid=$1
    shift
    printf '%s\n' "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.$vmid/24,type=veth" "$@" >"$ROOT/etc/pve/lxc/$vmid.conf"
}

host() { # VMID...: runs them, unmanaged
    local vmid
    fresh_host
    mkdir -p "$ROOT/var/lib/vz/snippets"
    install_hook
    stand_ins
    bridge_host
    for vmid; do
        conf "$vmid"
        ct_start "$vmid" 0 vmbr0 "192.168.0.$vmid/24"
    done
}

synced() { # DESC LINE...: after sync the table has exactly these names, and the next sync has nothing to do
    local desc=$1
    shift
    admin_is 0 "$desc: sync" sync
    table_is "$desc" "$@"
    admin sync
    is "$STATUS $OUT$ERR" "0 " "$desc: once more, and nothing is to be done"
}

for_all=$(printf 'quiet %s\n' {fwbr,fwln,fwpr}{1..9}'*')

# ---- attach and detach ----------------------------------------------------------------------------------------------------

host 101 102
admin_is 0 "sync without a managed guest" sync
table_is "leaves no table" none
is "$ERR" "" "and has nothing to say"
both_sides 101 "fwbr101i0 fwbr102i0 vmbr0" "nobody is managed"

admin attach 101
table_is "attach makes the guest's names at once" "$(names_of quiet both 101)"
is "$(who_answers ct101 192.168.0.1)" "fwbr102i0 vmbr0" "its firewall bridge is quiet, without any event, the other's answers"
is "$(who_answers outside 192.168.0.1)" "fwbr102i0 vmbr0" "so it is towards the LAN"
not_ok "the device itself has no flag yet" has_flag fwbr101i0 NOARP
admin attach 102
both_sides 101 vmbr0 "both attached"
admin detach 102
table_is "detach takes the names out" "$(names_of quiet both 101)"
is "$(who_answers outside 192.168.0.1)" "fwbr102i0 vmbr0" "and its bridge answers as before"
admin detach 101
table_is "with the last guest goes the table" none

# ---- device: policy begins to cover a guest, and ceases to -------------------------------------------------------------------

admin_is 0 "device" device 101 eth0
table_is "a guest that policy begins to cover has its names" "$(names_of quiet both 101)"
is "$(who_answers outside 192.168.0.1)" "fwbr102i0 vmbr0" "and is quiet"
rm "$ROOT/etc/guestarp/guestarp.json"
synced "policy is gone" none

# ---- every guest ---------------------------------------------------------------------------------------------------------------

host 101 102
policy '{"guests": {"*": {}}}'
synced "a policy for all" "$for_all" "$(names_of quiet ports 101 102)"
both_sides 101 vmbr0 "a policy for all"
ct_start 103 0 vmbr0 192.168.0.103/24
both_sides 103 vmbr0 "a guest that nobody has ever heard of"
ct_stop 103 0

# The names for every guest as they were at first: a hook or sync, the first of them, makes them the new ones.
for first in "guestarp-pve 101 pre-start" "guestarp sync"; do
    nft -f - <<'END'
flush set arp guestarp quiet
add element arp guestarp quiet { "fwbr*", "fwln*", "fwpr*", "tap101i*", "veth101i*", "tap102i*", "veth102i*" }
END
    # shellcheck disable=SC2086 # two words
    (cd "$GUESTARP_BUILD" && GUESTARP_ROOT=$ROOT ./$first) >/dev/null 2>&1
    table_is "the former names for all: $first" "$for_all" "$(names_of quiet ports 101 102)"
done

# A part of them, as a hook that failed half-way leaves it.
nft -f - <<'END'
flush set arp guestarp quiet
add element arp guestarp quiet { "fwbr1*", "fwln1*", "fwpr1*", "tap101i*", "veth101i*", "tap102i*", "veth102i*" }
END
pve_ok 101 pre-start
table_is "a hook makes a part of the names for all whole" "$for_all" "$(names_of quiet ports 101 102)"

# Bridges of the host's own, whose names begin as Proxmox VE's do: somebody reaches the host by them.
subnet=10
for own in fwbridge0 fwprod fwln-dmz; do
    ip link add "$own" type bridge
    ip addr add "192.0.$subnet.1/24" dev "$own"
    ip link set "$own" up
    veth - "port$subnet" "02:77:00:00:$subnet:01" outside "by$subnet" "02:77:00:00:$subnet:02"
    ip link set "port$subnet" master "$own"
    ip -n outside addr add "192.0.$subnet.2/24" dev "by$subnet"
    ok "the host's own $own answers" in_ns outside ping -q -c 1 -W 2 "192.0.$subnet.1"
    ip link del "$own"
    ip link del "port$subnet"
    subnet=$((subnet + 1))
done

policy '{"guests": {"*": {}, "102": {"firewall_bridge": "leave"}}}'
synced "one that is left alone" "$for_all" "$(names_of loud firewall 102)" "$(names_of quiet ports 101 102)"
# Not for long: what was set on the device itself stays with it.
made_anew 102
made_anew 101
is "$(who_answers ct102 192.168.0.1)" "fwbr102i0 vmbr0" "its firewall bridge answers the guest"
is "$(who_answers ct101 192.168.0.1)" "fwbr102i0 vmbr0" "the other's does not, but this one does"
is "$(who_answers outside 192.168.0.1)" "fwbr102i0 vmbr0" "and the LAN"
findings
is "$(jq -r '[.findings[] | select(.id == "bridge-answers") | .devices[]] | join(" ")' "$TMP/admin.out")" fwbr102i0 "check finds that one, and no other"

policy '{"guests": {"*": {}, "102": {"ports": "leave"}}}'
synced "its ports are left alone" "$for_all" "$(names_of quiet ports 101)"
both_sides 102 vmbr0 "ports left alone"

# Back to single guests: the names for all overlap theirs.
policy '{"guests": {"102": {}}}'
synced "from all to one" "$(names_of quiet both 102)"
policy '{"guests": {"*": {}}}'
synced "and from one to all" "$for_all" "$(names_of quiet ports 101 102)"
policy '{"guests": {"*": {"firewall_bridge": "leave"}, "101": {"firewall_bridge": "quiet"}}}'
synced "all but one left alone" "$(names_of quiet firewall 101)" "$(names_of quiet ports 101 102)"
policy '{}'
synced "nobody" none

# The guest's own event makes the same change.
policy '{"guests": {"102": {}}}'
synced "one" "$(names_of quiet both 102)"
policy '{"guests": {"*": {}}}'
conf 101 "hookscript: local:snippets/guestarp"
pve_ok 101 pre-start
table_is "a guest's start finds that policy covers all" "$for_all" "$(names_of quiet ports 101 102)"

# A port of its own, in no bridge: what "ports" is for.
port_answers() { # DESC WANT
    ct_stop 101 0
    veth - veth101i0 fe:00:00:00:01:01 ct101 eth0 "$(guest_mac 101 0)"
    ip addr add 0.0.0.0/0 dev veth101i0
    ip -n ct101 addr add 192.168.0.101/24 dev eth0
    fence_prepare ct101 eth0
    is "$(who_answers ct101 192.168.0.1)" "$2" "$1"
    ip link del veth101i0
    ct_start 101 0 vmbr0 192.168.0.101/24
}
port_answers "between two bridges, a quiet port is silent" ""
policy '{"guests": {"*": {"ports": "leave"}}}'
synced "no ports" "$for_all"
port_answers "one that is left alone answers" veth101i0

# ---- the host's own devices ------------------------------------------------------------------------------------------------------

host
policy '{"devices": {"vmbr9": {"quiet": true}, "vmbr0": {"quiet": true}, "eth7": {"quiet": true}, "routed": {"quiet": true}}}'
ns_add ct9
veth - port9 02:99:00:00:00:01 ct9 eth0 02:99:00:00:00:02
ip link add vmbr9 type bridge
quiet_v6 vmbr9
ip link set dev port9 master vmbr9
ip link set dev vmbr9 address 02:99:00:00:00:09 up
ip -n ct9 addr add 192.168.0.99/24 dev eth0
fence_prepare ct9 eth0
ip link add routed address 02:77:00:00:00:01 type veth peer name routed2
ip link set dev routed up
ip route add 203.0.113.7/32 dev routed
is "$(who_answers ct9 192.168.0.1)" vmbr9 "an address-less bridge answers for another's address"
admin_is 0 "sync" sync
table_is "the bridge and the device to come are quiet, those that must answer are not" "quiet eth7" "quiet vmbr9"
like "$ERR" "devices\.vmbr0\.quiet: it has an IPv4 address, so it has to answer; left alone" "the reason is said: an address"
like "$ERR" "devices\.routed\.quiet: an IPv4 route leaves by it, so it has to answer; left alone" "the reason is said: a route"
is "$(who_answers ct9 192.168.0.1)" "" "it is silent on the wire"
is "$(who_answers outside 192.168.0.1)" vmbr0 "and the one with the address answers"
not_ok "it has no flag, which VLAN devices would inherit" has_flag vmbr9 NOARP
healthy "the bridge is no finding"
ip addr add 10.9.0.1/24 dev vmbr9
admin_is 0 "sync, when the bridge has an address" sync
table_is "it is quiet no longer" "quiet eth7"
is "$(who_answers ct9 192.168.0.1)" vmbr9 "and answers"
policy '{}'
synced "no devices" none

# ---- guests that are destroyed, or elsewhere -----------------------------------------------------------------------------------------

host 101 102
mkdir -p "$ROOT"/etc/pve/nodes/pve2/{lxc,qemu-server}
conf 101 "hookscript: local:snippets/guestarp"
conf 102 "hookscript: local:snippets/guestarp"
synced "two guests" "$(names_of quiet both 101 102)"
mv "$ROOT/etc/pve/lxc/102.conf" "$ROOT/etc/pve/nodes/pve2/lxc/"
synced "one is on another node: it keeps its names" "$(names_of quiet both 101 102)"
mv "$ROOT/etc/pve/nodes/pve2/lxc/102.conf" "$ROOT/etc/pve/nodes/pve2/qemu-server/"
synced "whatever it is there" "$(names_of quiet both 101 102)"
rm "$ROOT/etc/pve/nodes/pve2/qemu-server/102.conf"
synced "it is nowhere: it is destroyed" "$(names_of quiet both 101)"

# pmxcfs is down: /etc/pve is a directory without anything.
mv "$ROOT/etc/pve/nodes" "$ROOT/nodes.away"
rm "$ROOT"/etc/pve/{lxc,qemu-server,local}
for round in 1 2; do
    admin_is 0 "an empty /etc/pve, round $round: sync" sync
    like "$ERR" "^guestarp: sync: pmxcfs is down [^;]*; nothing is removed because of that$" "it says that, and of nothing done"
    table_is "an empty /etc/pve takes nothing out" "$(names_of quiet both 101)"
done
findings
is "$FOUND" "pmxcfs-down" "check then"
# Both bridges as they come: the names alone tell them apart.
made_anew 101
made_anew 102
is "$(who_answers outside 192.168.0.1)" "fwbr102i0 vmbr0" "the guest is quiet still"
mv "$ROOT/nodes.away" "$ROOT/etc/pve/nodes"
ln -s nodes/pve1 "$ROOT/etc/pve/local"
ln -s nodes/pve1/lxc "$ROOT/etc/pve/lxc"
ln -s nodes/pve1/qemu-server "$ROOT/etc/pve/qemu-server"
synced "pmxcfs is back" "$(names_of quiet both 101)"
# Its policy is what cannot be read: as little is known then.
policy '{'
admin sync
table_is "a policy with a mistake takes nothing out" "$(names_of quiet both 101)"
policy '{}'
rm "$ROOT/etc/pve/lxc/101.conf"
synced "the last guest is destroyed" none

# ---- somebody else's hands ------------------------------------------------------------------------------------------------------------

broken_table() { # DESC: found, and sync makes it anew, with the names that belong into it
    findings
    like " $FOUND " " quiet-table " "$1: found"
    admin_is 0 "$1: sync" sync
    like "$ERR" "nftables table arp guestarp made anew|quiet by name: pve/101" "$1: it says what it did"
    table_is "$1: the names are right" "$(names_of quiet both 101)"
    is "$(nft list table arp guestarp)" "$whole" "$1: the table is what it was"
    healthy "$1: fixed"
    both_sides 101 vmbr0 "$1"
}

host 101
conf 101 "hookscript: local:snippets/guestarp"
pve_ok 101 pre-start
pve_ok 101 post-start
whole=$(nft list table arp guestarp)
printf '%s\n' "$whole" >"$TMP/saved.nft"
nft flush ruleset
is "$(who_answers outside 192.168.0.1)" vmbr0 "after nft flush ruleset the flag keeps it quiet"
broken_table "nft flush ruleset"
nft flush ruleset
nft -f "$TMP/saved.nft"
healthy "what was saved, loaded again, is the table"
sed "s/\"veth101i\*\"/\"veth101i*\", \"fwbr7i*\"/" "$TMP/saved.nft" >"$TMP/stale.nft"
nft -f "$TMP/stale.nft"
is "$(grep -c 'iifname != @loud drop' < <(nft list table arp guestarp))" 2 "loaded a second time, its rules are doubled"
broken_table "nft -f with doubled rules and a stale name"
nft 'add table arp guestarp { flags dormant; }'
made_anew 101
is "$(who_answers outside 192.168.0.1)" "fwbr101i0 vmbr0" "a dormant table does nothing"
broken_table "a dormant table"
nft insert rule arp guestarp input accept
made_anew 101
is "$(who_answers outside 192.168.0.1)" "fwbr101i0 vmbr0" "a rule in front of ours"
broken_table "a rule in front of ours"
nft flush chain arp guestarp input
broken_table "no rules"
nft delete table arp guestarp
nft -f - <<'END'
table arp guestarp {
    set quiet { type ifname; }
    chain mine { type filter hook input priority 0; }
}
END
broken_table "a table of that name that is quite another"

# The guest's own event makes the table anew, too.
nft flush ruleset
pve_ok 101 pre-start
table_is "a start makes the table anew" "$(names_of quiet both 101)"
name_deleted 'fwbr101i*'
findings
is "$FOUND" quiet-name-missing "a name is missing: found"
pve_ok 101 post-start
table_is "a start puts the name back" "$(names_of quiet both 101)"
admin_is 0 "undo --quiet" undo --quiet
table_is "deletes the table" none
admin_is 0 "undo --quiet once more" undo --quiet

# ---- status -------------------------------------------------------------------------------------------------------------------------------

admin sync
admin_is 0 "status" status
like "$OUT" "fwbr101i0 +ok +quiet by name and by flag"$'\n' "both"
nft flush ruleset
admin_is 1 "status without the table" status
like "$OUT" "fwbr101i0 +ok +quiet by flag"$'\n' "by flag"
like "$OUT" "missing: fwbr101i\*: quiet" "and what is missing"
made_anew 101
admin status
like "$OUT" "fwbr101i0 +!! +answers for the host"$'\n' "neither"
is "$(who_answers outside 192.168.0.1)" "fwbr101i0 vmbr0" "and so it is on the wire"
conf 101
admin attach 101
admin status
like "$OUT" "fwbr101i0 +ok +quiet by name"$'\n' "by name"
is "$(who_answers outside 192.168.0.1)" vmbr0 "and so it is on the wire"
admin status --json
is "$(jq -r '[.guests[0].settings[] | select(.setting == "quiet_name") | "\(.device) \(.holds)"] | join(", ")' <<<"$OUT")" \
    "fwbr101i* true, fwln101i* true, fwpr101p* true, fwln101o* true, tap101i* true, veth101i* true" "for programs, each name"
schema ok "it follows its schema" status "$TMP/admin.out"

# ---- a routed port never loses its gateway ---------------------------------------------------------------------------------------------------

# How an administrator takes a guest's NIC out of its bridge: each way by itself makes the port answer for the gateway.
routed_tap() { # HOW
    [ -e /run/netns/vm101 ] || ns_add vm101
    veth - tap101i0 fe:00:00:00:01:01 vm101 eth0 "$(guest_mac 101 0)"
    ip -n vm101 addr add 192.168.30.2/24 dev eth0
    fence_prepare vm101 eth0
    case $1 in
    address) ip addr add 192.168.30.1/32 dev tap101i0 ;;
    route) ip addr replace 192.168.30.1/32 dev lo && ip route add 192.168.30.2/32 dev tap101i0 ;;
    proxy_arp) ip addr replace 192.168.30.1/32 dev lo && sysctl -q -w net.ipv4.conf.tap101i0.proxy_arp=1 ;;
    esac
}

for how in address route proxy_arp; do
    host
    printf '%s\n' "hookscript: local:snippets/guestarp" "net0: virtio=$(guest_mac 101 0),bridge=vmbr0" >"$ROOT/etc/pve/qemu-server/101.conf"
    pve_ok 101 pre-start
    table_is "routed by $how: as its configuration says, before it is seen" "$(names_of quiet both 101)"
    routed_tap "$how"
    pve_ok 101 post-start
    like "$ERR" "pve/101: up: .*left alone: pve/101" "routed by $how: it says so"
    unlike "$ERR" "quiet by name" "routed by $how: and not that it is quiet"
    table_is "routed by $how: seen, its ports are left alone" "$(names_of quiet both 101)" "$(names_of loud ports 101)"
    is "$(who_answers vm101 192.168.30.1)" tap101i0 "routed by $how: the guest's gateway answers"
    synced "routed by $how: sync" "$(names_of quiet both 101)" "$(names_of loud ports 101)"
    findings
    unlike " $FOUND " " quiet-" "routed by $how: no finding"
    admin status
    unlike "$OUT" "missing: (tap|veth)" "routed by $how: nor is a name missing"
    ip link del tap101i0
    pve_ok 101 post-stop
    ip addr del 192.168.30.1/32 dev lo 2>/dev/null || true
    pve_ok 101 pre-start
    routed_tap "$how"
    is "$(who_answers vm101 192.168.30.1)" tap101i0 "routed by $how: started again, it answers from the first request on"
    pve_ok 101 post-start
    is "$(who_answers vm101 192.168.30.1)" tap101i0 "routed by $how: and goes on"
done

# At a start it is in its bridge until the administrator's own script takes it out: it stays left alone.
ip link del tap101i0
pve_ok 101 post-stop
ip addr del 192.168.30.1/32 dev lo 2>/dev/null || true
pve_ok 101 pre-start
veth - tap101i0 fe:00:00:00:01:01 vm101 eth0 "$(guest_mac 101 0)"
ip link set dev tap101i0 master vmbr0
pve_ok 101 post-start
table_is "in its bridge for a moment, its ports are left alone" "$(names_of quiet both 101)" "$(names_of loud ports 101)"
is "$(who_answers outside 192.168.0.1)" vmbr0 "and there it does not answer"
policy '{"guests": {"101": {"ports": "leave"}}}'
synced "policy leaves them alone: then there is nothing to note" "$(names_of quiet firewall 101)"

done_testing
