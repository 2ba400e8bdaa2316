#!/bin/bash
# LXC's hook for containers that know no Proxmox VE: addresses from LXC's own configuration, managed by the policy or by the
# hook's own line; whatever fails, the container starts, unless the policy says otherwise in words.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib-lxc.sh" || exit

# The host: eth3 towards a client, eth4 beside it, lxcbr0 with a port of its own.
GATEWAY=10.0.3.1
topo_multi
ip link add dev lxcbr0 type bridge
ip link add dev uplink address 02:00:00:00:00:0b type veth peer name uplink-peer
ip link set dev uplink master lxcbr0
ip link set dev uplink up
ip link set dev uplink-peer up
ip link set dev lxcbr0 up
ip addr add $GATEWAY/24 dev lxcbr0
sysctl -q -w net.ipv4.conf.lxcbr0.forwarding=1 net.ipv4.conf.default.forwarding=1
rm -r "$ROOT/etc/pve"

# Without LXC's own entry for the gateway: it goes with the carrier of a veth whose peer moves, if the kernel is slow to tell.
state() {
    perl -I"$TESTS_DIR" -MState -e 'print State::text(shift)' "$ROOT" | sed "/^vethweb proxy $GATEWAY\$/d"
}

base=$(state)

state_is() { # "LINE..." DESC: what the kernel has beside what it had before
    local got want
    got=$(comm -13 <(sort <<<"$base") <(state | sort))
    want=$(printf '%s' "$1" | sort)
    if [ "$got" = "$want" ]; then pass "$2"; else fail "$2" "got:"$'\n'"$got"$'\n'"want:"$'\n'"$want"; fi
}

bridged=(
    "lxc.net.0.type = veth" "lxc.net.0.link = lxcbr0" "lxc.net.0.name = eth0" "lxc.net.0.flags = up"
    "lxc.net.0.veth.pair = vethweb" "lxc.net.0.ipv4.address = 10.0.3.7/24" "lxc.net.0.ipv4.gateway = 10.0.3.1"
)
routed=(
    "lxc.net.0.type = veth" "lxc.net.0.veth.mode = router" "lxc.net.0.veth.pair = vethweb" "lxc.net.0.name = eth0"
    "lxc.net.0.flags = up" "lxc.net.0.ipv4.address = 192.168.18.101/32" "lxc.net.0.ipv4.gateway = 10.0.3.1"
    "lxc.net.0.ipv6.address = 2001:db8:18::101/128"
)
hook=("lxc.hook.start-host = $LXC_HOOK" "lxc.hook.post-stop = $LXC_HOOK")

ended_by() { # WORD
    container_asked web
    container_tell web "$1"
    wait_for container_ended web
}

# ---- the policy's own word for it ---------------------------------------------------------------------------------------------

for name in "lxc/web" "web"; do
    policy '{"guests": {"'$name'": {"device": "eth3", "announce": 1}}, "devices": {"eth4": {"arp_ignore": 1}}}'
    # By the package's drop-in: no line of the container's own names the hook.
    plain_container web - "${routed[@]}" "lxc.include = $LXC_DROP_IN"
    ok "policy's \"$name\": the container starts" container_start web
    [ "$name" = web ] || host_keeps="eth3 proxy_delay 0
eth3 proxy_delay_ipv6 0
eth3 proxy_ndp 1
eth4 arp_ignore 1"
    ran=$(state)
    state_is "$host_keeps
eth3 proxy 192.168.18.101
eth3 proxy 2001:db8:18::101
record lxc-web
vethweb route 192.168.18.101
vethweb route 2001:db8:18::101" "policy's \"$name\": entries on eth3 for the addresses of LXC's configuration"
    ok "policy's \"$name\": the client reaches the container" in_ns client ping -q -c 1 -W 2 192.168.18.101
    # The container has no way back over IPv6; who answers for it is what counts.
    in_ns client ping -q -c 1 -w 1 2001:db8:18::101 >/dev/null || true
    is "$(ip -n client -j neigh show to 2001:db8:18::101 | jq -r '.[0].lladdr')" "$(mac - eth3)" "policy's \"$name\": eth3 answers for its IPv6 address"

    ended_by poweroff
    state_is "$host_keeps" "policy's \"$name\": nothing of it is left after poweroff from inside"
done

container_start web
is "$(state)" "$ran" "again"
container_asked web
rm -f "$LXC_PATH/web/rootfs/ctl/asked"
container_tell web reboot
container_asked web
is "$(state)" "$ran" "after a reboot from inside all is as it was"
container_stop web
state_is "$host_keeps" "after lxc-stop nothing of it is left"

# ---- the hook's own line -------------------------------------------------------------------------------------------------------

policy '{"defaults": {"announce": 1, "nics": {"net0": {"device": "eth3"}}}}'
plain_container web - "${bridged[@]}" "${hook[@]}"
ok "hook's line: the container starts" container_start web
state_is "$host_keeps
eth3 proxy 10.0.3.7
lxcbr0 pinned 02:00:00:00:00:0b
record lxc-web" "hook's line: its entry on the policy's default device, and its bridge has the uplink's MAC"
container_stop web
host_keeps+="
lxcbr0 pinned 02:00:00:00:00:0b"
state_is "$host_keeps" "hook's line: nothing of it is left after the stop"

# ---- a configuration in several files --------------------------------------------------------------------------------------------

mkdir -p "$TMP/net.conf.d"
printf '%s\n' "${bridged[@]:0:4}" >"$TMP/net.conf"
printf '%s\n' "${bridged[@]:0:4}" >"$TMP/net.conf.d/10-net.conf"
for include in net.conf net.conf.d; do
    plain_container web - "lxc.include = $TMP/$include" "${bridged[@]:4}" "${hook[@]}"
    ok "bridge in $include: the container starts" container_start web
    state_is "$host_keeps
eth3 proxy 10.0.3.7
record lxc-web" "bridge in $include: no route is made towards the bridge's port"
    ok "bridge in $include: the host reaches the container" ping -q -c 1 -W 2 10.0.3.7
    container_stop web
    state_is "$host_keeps" "bridge in $include: nothing of it is left after the stop"
done

# ---- unmanaged --------------------------------------------------------------------------------------------------------------------

policy '{"guests": {"lxc/mail": {"device": "eth3"}}, "defaults": {"device": "eth4"}}'
plain_container web - "${bridged[@]}" "lxc.include = $LXC_DROP_IN"
whole=$(sysctl -a 2>/dev/null | grep -E '^net\.ipv[46]\.(conf|neigh)\.' | grep -v '\.vethweb\.')
container_start web
state_is "$host_keeps" "unmanaged: nothing changes"
container_stop web
is "$(sysctl -a 2>/dev/null | grep -E '^net\.ipv[46]\.(conf|neigh)\.' | grep -v '\.vethweb\.')" "$whole" "unmanaged: every device has each value that it had"

# ---- failures -----------------------------------------------------------------------------------------------------------------------

starts() { # DESC REGEX
    : >"$LXC_LOG"
    ok "$1: the container starts" container_start web
    like "$(grep -a guestarp "$LXC_LOG" || true)" "$2" "$1: and it is said"
    container_stop web
}

policy '{"guests": {"web": {"device": "eth9"}}}'
starts "no such device" "lxc/web: start-host: device eth9 does not exist"
policy '{"guests": {"web": {"device": "eth3"}}'
plain_container web - "${bridged[@]}" "${hook[@]}"
starts "a broken policy" "lxc/web: start-host: .*guestarp.json"
policy '{"guests": {"web": {"device": "eth9", "on_error": "abort"}}}'
: >"$LXC_LOG"
not_ok "on_error abort: the container does not start" container_start web
like "$(grep -a guestarp "$LXC_LOG" || true)" "does not exist \(the start is refused\)" "on_error abort: and it is said"
state_is "$host_keeps" "nothing is left after all these"

done_testing
