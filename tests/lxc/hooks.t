#!/bin/bash
# LXC's hook for Proxmox VE's containers: both hook versions, reboots by LXC and by systemd, containers that are not managed,
# and failures, none of which keeps a container from starting.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib-lxc.sh" || exit

vmid=100
fwbr=fwbr${vmid}i0
state() {
    perl -I"$TESTS_DIR" -MState -e 'print State::text(shift), State::names()' "$ROOT"
}

lxc_bridge
ip link add dev eth3 address 02:00:00:00:00:03 type veth peer name port3
ip link set dev port3 up
ip link set dev eth3 up
ip addr add 192.168.18.13/24 dev eth3
sysctl -q -w net.ipv4.conf.eth3.forwarding=1 net.ipv4.conf.vmbr0.forwarding=1

conf() { # [LINE...]: the container's configuration in Proxmox VE, without the hookscript
    printf '%s\n' "net0: name=eth0,bridge=vmbr0,firewall=1,hwaddr=$(guest_mac $vmid 0),ip=192.168.0.100/24,type=veth" "$@" \
        >"$ROOT/etc/pve/lxc/$vmid.conf"
}

hooks() { # VERSION: by the package's drop-in; note sees what LXC says
    pve_container $vmid 192.168.0.100/24 "lxc.hook.version = $1" "lxc.hook.start-host = $LXC_PROGRAMS/note" \
        "lxc.hook.post-stop = $LXC_PROGRAMS/note" "lxc.include = $LXC_DROP_IN"
    rm -f "$TMP/noted"
}

lxc_alone() { # VERSION: LXC itself reboots the container, as it does where no post-stop hook fails
    hooks "$1"
    sed -i "\\|lxc-pve-poststop-hook|d; s|= $LXC_PROGRAMS/lxcnetaddbr|= $LXC_PROGRAMS/again|" "$LXC_PATH/$vmid/config"
    printf '#!/bin/sh\ntouch %s/again\nexec %s/lxcnetaddbr "$@"\n' "$TMP" "$LXC_PROGRAMS" >"$LXC_PROGRAMS/again"
    chmod +x "$LXC_PROGRAMS/again"
}

state_is() { # "LINE..." DESC: what the kernel has beside what it had before
    local got want
    got=$(comm -13 <(sort <<<"$before") <(state | sort))
    want=$(printf '%s' "$1" | sort)
    if [ "$got" = "$want" ]; then pass "$2"; else fail "$2" "got:"$'\n'"$got"$'\n'"want:"$'\n'"$want"; fi
}

# Of a guest that is managed, whether it runs or not.
named="name quiet fwbr${vmid}i*
name quiet fwln${vmid}i*
name quiet fwln${vmid}o*
name quiet fwpr${vmid}p*
name quiet tap${vmid}i*
name quiet veth${vmid}i*"
quiet="$named
$fwbr NOARP
$fwbr arp_ignore 1
record pve-$vmid"
bound="$quiet
eth3 proxy 192.168.0.100"

stopped_by() { # WORD: init ends so, and Proxmox VE or LXC notices
    container_tell $vmid "$1"
    wait_for container_ended $vmid
}

# Its bridge is pinned from the start, as it was made with a MAC.
before=$(state)

# ---- versions ------------------------------------------------------------------------------------------------------------

for version in 0 1; do
    desc="lxc.hook.version $version"
    policy '{}'
    conf "hookscript: local:snippets/guestarp"
    hooks $version
    ok "$desc: the container starts" container_start $vmid
    state_is "$quiet" "$desc: start-host has made the firewall bridge quiet, and nothing else"
    if [ $version = 0 ]; then call="3 0 | | |$vmid lxc start-host"; else call="0 1 |start-host| |"; fi
    is "$(head -n 1 "$TMP/noted")" "$call" "$desc: LXC calls the hook as described"
    container_stop $vmid
    state_is "$named" "$desc: nothing but its names is left after the stop"

    lxc_alone $version
    policy '{"guests": {"100": {"announce": 1, "nics": {"net0": {"device": "eth3"}}}}}'
    conf "hookscript: local:snippets/guestarp"
    container_start $vmid
    before=$(state | grep -vxF "$bound")
    state_is "$bound" "$desc: LXC alone: the entry is there, too"
    container_asked $vmid
    index=$(<"/sys/class/net/$fwbr/ifindex")
    # LXC's own reboot: the hook is told of it, and the entry stays meanwhile.
    rm -f "$TMP/again" "$LXC_PATH/$vmid/rootfs/ctl/asked"
    stdbuf -oL ip monitor neigh >"$TMP/monitor" &
    monitor=$!
    container_tell $vmid reboot
    wait_for test -e "$TMP/again"
    container_asked $vmid
    kill $monitor
    isnt "$(<"/sys/class/net/$fwbr/ifindex")" "$index" "$desc: LXC's own reboot: the firewall bridge is another one"
    state_is "$bound" "$desc: LXC's own reboot: which is quiet again"
    unlike "$(<"$TMP/monitor")" "eleted.*192\.168\.0\.100.*proxy" "$desc: LXC's own reboot: the entry stayed all the time"
    stopped_by poweroff
    # Without lxc-pve-poststop-hook the bridge itself stays behind.
    pve_cleanup $vmid 0
    state_is "$named" "$desc: LXC alone: nothing but its names is left after poweroff from inside"
done

# ---- Proxmox VE's reboot from inside -----------------------------------------------------------------------------------------

hooks 0
container_start $vmid
container_asked $vmid
stopped_by reboot
ok "reboot from inside: Proxmox VE's hook has seen it" test -e "$TMP/reboot.$vmid"
state_is "$named
eth3 proxy 192.168.0.100
record pve-$vmid" "reboot from inside: the guest's entry and record stay while systemd starts it anew"
container_start $vmid
state_is "$bound" "reboot from inside: the new firewall bridge is quiet before any hookscript"
container_asked $vmid
stopped_by poweroff
state_is "$named" "poweroff from inside: nothing but its names is left"

# ---- containers that nobody manages ---------------------------------------------------------------------------------------------

whole() { # every value of every device that a hook could touch
    sysctl -a 2>/dev/null | grep -E '^net\.ipv[46]\.(conf|neigh)\.' | grep -vE '\.(veth|fwbr|fwln)'"${vmid}"'i0\.|\.fwpr'"${vmid}"'p0\.'
    state
}

conf
policy '{"guests": {"101": {"device": "eth3"}}, "devices": {"eth3": {"arp_ignore": 1}}}'
hooks 0
"$GUESTARP_BUILD/guestarp" sync 2>/dev/null
state_is "" "no longer managed: sync has taken its names away"
all_before=$(whole)
container_start $vmid
state_is "" "unmanaged: neither fwbr nor anything else has changed"
is "$(whole)" "$all_before" "unmanaged: every other device has each value that it had"
not_ok "unmanaged: no record" record_exists $vmid
container_stop $vmid
is "$(whole)" "$all_before" "unmanaged: nor has anything after its stop"
policy '{"guests": {"101": {"device": 7}}}'
: >"$LXC_LOG"
container_start $vmid
state_is "" "unmanaged, and a broken policy: nothing changes"
not_ok "unmanaged, and a broken policy: not a word of it in the log" grep -q 'guestarp: pve/100' "$LXC_LOG"
container_stop $vmid

# ---- failures: the container starts ---------------------------------------------------------------------------------------------

starts() { # DESC REGEX: with what the hook says in LXC's log
    : >"$LXC_LOG"
    ok "$1: the container starts" container_start $vmid
    ok "$1: it is running" container_is $vmid RUNNING
    like "$(grep -a 'guestarp' "$LXC_LOG" || true)" "$2" "$1: and it is said"
    container_stop $vmid
}

conf "hookscript: local:snippets/guestarp"
policy '{"defaults": {"on_error": "abort"}, "guests": {"100": {"device": "eth9"}}}'
starts "no such device, on_error abort" "pve/100: start-host: device eth9 does not exist"
policy '{"guests": {"100": {"devise": "eth3"}}}'
hooks 0
container_start $vmid
state_is "$quiet" "a broken policy: the firewall bridge is quiet all the same"
container_stop $vmid
starts "a broken policy" "guestarp.json.*devise"
policy '{}'
conf "hookscript: local:snippets/guestarp" "net1: name=eth1,bridge=vm/br1"
starts "a configuration that is not understood" "100.conf:3: net1: bridge: bad value"
rm "$ROOT/etc/pve/lxc/$vmid.conf"
mkdir "$ROOT/etc/pve/lxc/$vmid.conf"
starts "a configuration that cannot be read" "pve/100: start-host: .*100.conf"
rmdir "$ROOT/etc/pve/lxc/$vmid.conf"
conf "hookscript: local:snippets/guestarp"
rm -rf "$ROOT/run/guestarp"
touch "$ROOT/run/guestarp"
starts "records that cannot be written" "pve/100: start-host: .*run/guestarp"
rm "$ROOT/run/guestarp"
state_is "$named" "nothing but its names is left after all these"

done_testing
