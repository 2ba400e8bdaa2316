#!/bin/bash
# `guestarp sync` for guests that no configuration lists: plain LXC containers and OpenVZ's, each by its record. What was lost
# comes back, what policy has moved moves, and nothing comes of a guest that has none.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require ip jq

v4=192.168.18.101 v6=2001:db8:18::101
w4=192.168.18.201 x4=192.168.18.202 w6=2001:db8:18::201

topo_multi
for dev in web.0 venet0; do
    ip link add "$dev" type veth peer name "$dev-peer"
    quiet_v6 "$dev-peer"
    ip link set "$dev" up
    ip link set "$dev-peer" up
done

read -ra wrap <<<"$GUESTARP_WRAP"

program() { # NAME WORD...
    local name=$1
    shift
    GUESTARP_ROOT=$ROOT timeout 60 ${wrap[@]+"${wrap[@]}"} "$GUESTARP_BUILD/$name" "$@" </dev/null
}

called() { # NAME WORD...: sets STATUS, OUT and ERR
    STATUS=0
    program "$@" >"$TMP/out" 2>"$TMP/err" || STATUS=$?
    OUT=$(<"$TMP/out")
    ERR=$(<"$TMP/err")
}

# A routed container of LXC's own.
cat >"$ROOT/web.conf" <<END
lxc.net.0.type = veth
lxc.net.0.veth.pair = web.0
lxc.net.0.ipv4.address = $v4/32
lxc.net.0.ipv6.address = $v6/128
END
lxc() { # HOOK
    LXC_CONFIG_FILE=$ROOT/web.conf LXC_NAME=web LXC_HOOK_TYPE=$1 program guestarp-lxc
}

# A container of vzctl's, whose addresses its scripts name.
mkdir -p "$ROOT/etc/vz/conf"
vz_conf() { # DEVICE
    printf 'IP_ADDRESS="%s"\nGUESTARP_DEVICE="%s"\nNETIF="ifname=eth0,host_ifname=veth201.0"\n' "$w4 $x4 $w6" "$1" >"$ROOT/etc/vz/conf/201.conf"
}
vz() { # VE_STATE ADDRESS...
    local state=$1
    shift
    VEID=201 VE_STATE=$state IP_ADDR="$*" program vznet-custom devices all
}

# The wrapper's way, as the chooser waits for vzctl's own script.
vz_add() { # ADDRESS...
    GUESTARP_ROOT=$ROOT VEID=201 VE_STATE=starting IP_ADDR="$*" "$TMP/vps-net_add" 2>/dev/null
}
ln -s "$GUESTARP_BUILD/vznet-custom" "$TMP/vps-net_add"
ln -s /bin/true "$TMP/vps-net_add.distrib"

guestarp_sync() {
    called guestarp sync
}

state() { # entries, and the host routes of guests
    printf '%s / %s / %s\n' "$(proxies 4)" "$(proxies 6)" \
        "$({ ip -j route show; ip -6 -j route show; } | jq -r '.[] | select(.dst | test("[.:][12]0[12]$")) | "\(.dst) \(.dev)"' | sort | paste -s -d ' ')"
}

lose() { # every entry and route of the two guests
    local address
    for address in $v4 $v6 $w4 $w6; do
        ip neigh del proxy "$address" dev eth3
    done
    ip route del $v4/32 dev web.0
    ip -6 route del $v6/128 dev web.0
}

synced() { # WANTED-STATE DESC: sync has something to do, and then nothing more
    guestarp_sync
    is "$STATUS $(state)" "0 $1" "$2"
    like "$ERR" "^guestarp: .*: up: " "$2: said"
    guestarp_sync
    is "$STATUS/$ERR/$(state)" "0//$1" "$2: once"
}

# What others own.
ip neigh add proxy 192.168.18.250 dev eth3

rest='"devices": {"eth0": {"arp_ignore": 1}}, "defaults": {"announce": 0}'
policy "{\"guests\": {\"lxc/web\": {\"device\": \"eth3\"}}, $rest}"
vz_conf eth3
none="192.168.18.250 eth3 /  / "
guestarp_sync
is "$STATUS/$ERR/$(state)" "0//$none" "no record: nothing to do, also for a container that has a configuration"

lxc_monitor web
lxc start-host 2>/dev/null
is "$(vz starting $w4 $w6 2>/dev/null)" "list:eth3" "OpenVZ's container starts"
vz_add $w4 $w6
up="$v4 eth3, $w4 eth3, 192.168.18.250 eth3 / $v6 eth3, $w6 eth3 / $v4 web.0 $v6 web.0"
is "$(state)" "$up" "both are up"
guestarp_sync
is "$STATUS/$ERR/$(state)" "0//$up" "sync finds nothing to do"

# ---- lost ---------------------------------------------------------------------------------------------------------------

lose
is "$(state)" "$none" "all of it is lost"
synced "$up" "sync puts it back"

ip link set eth3 down
ip link set eth3 up
is "$(proxies 4)" "" "a device that goes down and up loses its entries, all of them"
ip neigh add proxy 192.168.18.250 dev eth3
synced "$up" "sync puts the guests' back"

# A network reload: eth3 is gone for a while, and another device's if-up calls sync meanwhile.
ip link del eth3
guestarp_sync
like "$STATUS/$ERR" "^3/.*guestarp: lxc/web: sync: device eth3 does not exist" "the device is gone: said"
like "$ERR" "guestarp: vz/201: sync: device eth3 does not exist" "the device is gone: said of each guest"
veth - eth3 02:18:00:00:00:13 lan port3 02:18:00:00:01:13
ip -n lan link set dev port3 master switch
ip addr add 192.168.18.13/24 dev eth3
ip -6 addr add 2001:db8:18::13/64 dev eth3 nodad
ip neigh add proxy 192.168.18.250 dev eth3
synced "$up" "the device is made anew: sync puts the entries on it"

# ---- moved --------------------------------------------------------------------------------------------------------------

policy "{\"guests\": {\"lxc/web\": {\"device\": \"eth4\"}}, $rest}"
vz_conf eth4
synced "$v4 eth4, $w4 eth4, 192.168.18.250 eth3 / $v6 eth4, $w6 eth4 / $v4 web.0 $v6 web.0" "policy and the container's own word moved them"
policy "{\"guests\": {\"lxc/web\": {\"device\": \"eth3\"}}, $rest}"
vz_conf eth3
synced "$up" "and back"

# ---- apply, which asks whether the guest is here -----------------------------------------------------------------------

mkdir -p "$ROOT/var/lib/lxc/web"
cp "$ROOT/web.conf" "$ROOT/var/lib/lxc/web/config"
lose
ok "apply, a container of LXC's whose port is there" program guestarp apply lxc/web
is "$(state)" "$v4 eth3, 192.168.18.250 eth3 / $v6 eth3 / $v4 web.0 $v6 web.0" "its entries are back, and nobody else's"
ok "apply, a container of OpenVZ's whose port is not there" program guestarp apply vz/201
is "$(proxies 4)" "$v4 eth3, $w4 eth3, $x4 eth3, 192.168.18.250 eth3" "all addresses of its configuration are bound"
vz stopping $x4 >/dev/null 2>&1
ip route del $x4/32 dev venet0 2>/dev/null || true
is "$(state)" "$up" "one of them goes"

# ---- failures -----------------------------------------------------------------------------------------------------------

fails() { # REGEX DESC: status 1, said, nothing changed
    local before
    before=$(state)
    guestarp_sync
    is "$STATUS $(state)" "3 $before" "$2: status 3, and all is as it was"
    like "$ERR" "$1" "$2: said"
}

policy '{'
ip neigh del proxy $v4 dev eth3
called guestarp sync
is "$STATUS $(state)" "3 $up" "a policy with a mistake: what the last good one wants holds"
like "$ERR" "guestarp: lxc/web: sync: .*guestarp\.json: line 2, column 1: .*the last good" "a policy with a mistake: said"
policy "{\"guests\": {\"lxc/web\": {\"device\": \"eth9\"}}, $rest}"
fails "guestarp: lxc/web: sync: device eth9 does not exist" "a device that does not exist"
policy "{\"guests\": {\"lxc/web\": {\"device\": \"eth3\"}}, $rest}"
chmod 777 "$ROOT/run/guestarp"
fails "guestarp: lxc/web: sync: .*/run/guestarp: refused, others can write it" "records that others can write"
chmod 700 "$ROOT/run/guestarp"
guestarp_sync
is "$STATUS $(state)" "0 $up" "when all is well again, what was lost meanwhile comes back"

# A container of Proxmox VE's that runs and whose configuration cannot be read.
ip link add veth103i0 type veth peer name peer103
mkdir "$ROOT/etc/pve/lxc/103.conf"
fails "guestarp: pve/103: sync: .*103\.conf: Is a directory" "a configuration that cannot be read"
rmdir "$ROOT/etc/pve/lxc/103.conf"
ip link del veth103i0

# The records cannot be listed: what is there cannot be told.
mv "$ROOT/run/guestarp" "$ROOT/run/aside"
: >"$ROOT/run/guestarp"
fails "guestarp: /run/guestarp: Not a directory" "records that cannot be listed"
called guestarp check
is "$STATUS/$OUT/$ERR" "3//guestarp: /run/guestarp: Not a directory" "check says so, too"
called guestarp-watch
is "$STATUS/$OUT/$ERR" "1//guestarp: watch: /run/guestarp: Not a directory" "and guestarp-watch does, and does not run"
rm "$ROOT/run/guestarp"
mv "$ROOT/run/aside" "$ROOT/run/guestarp"

# Files that are no records, and the record of the longest VMID that there can be, whose guest is gone.
for name in xen-1 pve-web pve- -; do
    echo '{ "version": 1, "settings": [] }' >"$ROOT/run/guestarp/$name.json"
done
ip neigh add proxy 192.168.18.99 dev eth3
printf '{ "version": 1, "settings": [ { "setting": "proxy_entry", "device": "eth3", "ifindex": %d, "address": "192.168.18.99" } ] }\n' \
    "$(</sys/class/net/eth3/ifindex)" >"$ROOT/run/guestarp/pve-999999999.json"
chmod 600 "$ROOT"/run/guestarp/*.json
guestarp_sync
is "$STATUS/$ERR/$(state)" "0/guestarp: pve/999999999: removed: eth3: proxy entry for 192.168.18.99/$up" "only a record is one; a guest that is gone is done with"
rm "$ROOT"/run/guestarp/{xen-1,pve-web,pve-,-}.json

# ---- gone ---------------------------------------------------------------------------------------------------------------

# LXC closes its socket before its last hook.
lxc_monitor_end web
lxc post-stop 2>/dev/null
vz stopping $w4 $w6 >/dev/null 2>&1
is "$(state)" "$none" "stopped: nothing of them is left"
guestarp_sync
is "$STATUS/$ERR/$(state)" "0//$none" "sync brings nothing back"
is "$(find "$ROOT/run/guestarp" -name '*.json')" "" "no record is left"

# ---- does it run? -------------------------------------------------------------------------------------------------------

lxc_monitor web
called guestarp sync
like "$STATUS $(proxies 4)" "^0 $v4 eth3," "a container that was started unheard, before it was managed: sync binds it"
called guestarp status
like "$OUT" "lxc/web +!! +running" "and status knows it"
ip link add moved type veth peer name web.1
ip link del web.0
lxc start-host 2>/dev/null
like "$(proxies 4)" "^$v4 eth3," "a container whose port has another name is bound"
guestarp_sync
like "$(proxies 4)" "^$v4 eth3," "its monitor is there: sync leaves it bound"
cp "$ROOT/etc/guestarp/guestarp.json" "$TMP/policy"
policy '{"defaults": {"announce": 0, "nics": {"net0": {"device": "eth4"}}}, "guests": {"*": {"device": "eth3"}}}'
lxc start-host 2>/dev/null
like "$(proxies 4)" "^$v4 eth4," "the device of its one NIC is another: its address is bound there"
guestarp_sync
like "$(proxies 4)" "^$v4 eth4," "and sync leaves it there"
cp "$TMP/policy" "$ROOT/etc/guestarp/guestarp.json"
lxc start-host 2>/dev/null
lxc_monitor_end web
guestarp_sync
is "$STATUS $(proxies 4)" "0 192.168.18.250 eth3" "the monitor was killed, no hook was called: sync takes the entries back"
called guestarp apply lxc/web
is "$STATUS/$ERR $(proxies 4)" "3/guestarp: lxc/web: apply: it does not run here, nothing done 192.168.18.250 eth3" \
    "apply binds nothing for a container that does not run"

# OpenVZ's cgroups say what runs.
vz_add $w4
like "$(proxies 4)" "$w4 eth3" "OpenVZ's container is bound"
mount -t tmpfs tmpfs /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/ve/201
guestarp_sync
like "$(proxies 4)" "$w4 eth3" "its cgroup is there: it stays bound"
rmdir /sys/fs/cgroup/ve/201
guestarp_sync
is "$STATUS $(proxies 4)" "0 192.168.18.250 eth3" "the cgroup is gone, no script was called: sync takes the entries back"
called guestarp apply vz/201
is "$STATUS $(proxies 4)" "3 192.168.18.250 eth3" "apply binds nothing for it"
umount /sys/fs/cgroup

# A VM without a tap of Proxmox VE's naming: its QEMU holds the lock of its PID file.
policy '{"guests": {"104": {"device": "eth3"}}, "defaults": {"announce": 0, "bridge_mac": "leave"}}'
guest_conf 104 qemu-server "net0: virtio=02:9E:00:00:00:68,bridge=vmbr9" "ipconfig0: ip=192.168.18.104/32"
mkdir -p "$ROOT/run/qemu-server"
qemu() { # WORD...: holds the lock until it is killed
    rm -f "$TMP/qemu"
    # shellcheck disable=SC2016 # Perl's own
    perl -MFcntl=:DEFAULT,:flock -e 'open(my $f, "+>", shift) or die; my $l = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0);
        fcntl($f, F_SETLK, $l) or die; print "locked\n"; close STDOUT; sleep' "$ROOT/run/qemu-server/104.pid" "$@" >"$TMP/qemu" </dev/null &
    QEMU=$!
    wait_for grep -q locked "$TMP/qemu"
}
qemu_end() {
    kill "$QEMU"
    wait "$QEMU" 2>/dev/null || true
}
qemu -id 1045 -daemonize
called guestarp apply 104
is "$STATUS $(proxies 4)" "3 192.168.18.250 eth3" "another VM's process holds the lock: not this one"
qemu_end
called guestarp apply 104
is "$STATUS $(proxies 4)" "3 192.168.18.250 eth3" "a PID file that nobody holds: it does not run"
qemu -id 104 -daemonize
called guestarp apply 104
is "$STATUS $(proxies 4)" "0 192.168.18.104 eth3, 192.168.18.250 eth3" "its QEMU holds the lock: it is bound"
guestarp_sync
is "$STATUS $(proxies 4)" "0 192.168.18.104 eth3, 192.168.18.250 eth3" "and stays so"
qemu_end
guestarp_sync
is "$STATUS $(proxies 4)" "0 192.168.18.250 eth3" "QEMU was killed: sync takes the entry back"

done_testing
