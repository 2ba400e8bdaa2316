#!/bin/bash
# Each key of guestarp.json has its effect on the kernel, through the hookscript; each bad value is named and changes
# nothing; a policy that cannot be trusted or read never blocks a start unless it says so itself.

. "$(dirname "$0")/../lib.sh" || exit
require tcpdump jq pgrep

v4=192.168.18.101 v6=2001:db8:18::101
fwbr=fwbr101i0
file=/etc/guestarp/guestarp.json

topo_multi
for bridge in vmbr1 vmbr2; do
    ip link add dev "$bridge" type bridge
    ip link set dev "$bridge" up
done
ip addr add 192.168.0.1/24 dev vmbr1
ip link add dev down0 type bridge
net0="net0: name=eth0,bridge=vmbr1,firewall=1,ip=$v4/24,ip6=$v6/64,type=veth"
guest_conf 101 lxc "$net0"
ct_start 101 0 vmbr1 192.168.0.100/24

silent() { # DESC: the last hook succeeded without a word
    is "$STATUS/$OUT/$ERR" "0//" "$1"
}

quiet_values() { # of fwbr: arp_ignore and NOARP
    echo "$(arp_value "$fwbr" arp_ignore) $(has_flag "$fwbr" NOARP && echo NOARP)"
}

assign_type() { # DEV
    cat "/sys/class/net/$1/addr_assign_type"
}

wait_for settled

# ---- firewall_bridge ---------------------------------------------------------------------------------------------------

ports="tap101i* veth101i*"
policy '{"defaults": {"firewall_bridge": "leave", "ports": "leave", "bridge_mac": "leave"}}'
before=$(kernel_state)
pve 101 post-start
silent "firewall_bridge leave, ports leave: post-start has nothing to do"
unchanged "$before" "firewall_bridge leave, ports leave: fwbr is left as it is, and no table is made"
policy '{"defaults": {"firewall_bridge": "leave", "bridge_mac": "leave"}}'
pve 101 post-start
is "$STATUS/$ERR" "0/guestarp: pve/101: up: quiet by name: pve/101" "firewall_bridge leave: says what it did"
is "$(quiet_values)/$(quiet_names)" "0 /$ports" "firewall_bridge leave: the ports alone are quiet"
policy '{"defaults": {"firewall_bridge": "quiet", "bridge_mac": "leave"}}'
pve 101 post-start
is "$STATUS/$ERR" "0/guestarp: pve/101: up: quiet by name: pve/101; $fwbr: arp_ignore 1; $fwbr: NOARP 1" "firewall_bridge quiet: says what it did"
is "$(quiet_values)/$(quiet_names)" "1 NOARP/$(names_of 101)" "firewall_bridge quiet: fwbr is quiet"
policy '{"defaults": {"ports": "leave"}}'
pve 101 post-start
is "$STATUS $(quiet_values)/$(quiet_names)" "0 1 NOARP/fwbr101i* fwln101i* fwln101o* fwpr101p*" "ports changed to leave: their names go"
policy '{"defaults": {"firewall_bridge": "leave", "bridge_mac": "leave"}}'
pve 101 post-start
is "$STATUS $(quiet_names)" "0 $ports" "firewall_bridge changed to leave: its names go"
is "$(quiet_values)" "1 NOARP" "and what was set on a bridge that is there stays: taking it back would make it answer"
for_all=$(echo {fwbr,fwln,fwpr}{1..9}'*')
policy '{"guests": {"*": {}}}'
pve 101 post-start
is "$STATUS $(quiet_names)" "0 $for_all $ports" "a policy for every guest: one name stands for all their firewall bridges"
policy '{"guests": {"*": {}, "101": {"firewall_bridge": "leave"}}}'
pve 101 pre-start
is "$STATUS $(quiet_names)" "0 !fwbr101i* !fwln101i* !fwln101o* !fwpr101p* $for_all $ports" "but this one"
policy '{"guests": {"*": {}}}'
pve 101 pre-start
is "$STATUS $(quiet_names)" "0 $for_all $ports" "and no longer"
policy '{"defaults": {}}'
pve 101 pre-start
is "$STATUS $(quiet_names)" "0 $(names_of 101)" "a policy for none but those that are attached: each has its own names again"
pve_ok 101 post-stop
is "$(quiet_names)" "$(names_of 101)" "a guest that has stopped keeps its names"

# ---- bridge_mac --------------------------------------------------------------------------------------------------------

guest_conf 101 lxc "${net0/vmbr1/vmbr2}"
policy '{"guests": {"101": {"bridge_mac": "leave"}}}'
before=$(kernel_state)
pve 101 pre-start
silent "bridge_mac leave: pre-start has nothing to do"
unchanged "$before" "bridge_mac leave: the bridge's MAC is not pinned"
policy '{"guests": {"101": {"bridge_mac": "pin"}}}'
is "$(assign_type vmbr2)" 1 "bridge_mac: before, the bridge's MAC follows its ports"
pve 101 pre-start
like "$STATUS/$ERR" "^0/guestarp: pve/101: prepared: vmbr2: MAC pinned to [0-9a-f:]{17}\$" "bridge_mac pin: says what it did"
is "$(assign_type vmbr2) $(mac - vmbr2)" "3 ${ERR##* }" "bridge_mac pin: the bridge has that MAC, pinned"
guest_conf 101 lxc "$net0"

# ---- device, addresses -------------------------------------------------------------------------------------------------

bound() {
    echo "$(proxies 4)/$(proxies 6)"
}

policy '{"defaults": {"announce": 0, "firewall_bridge": "leave", "device": null}}'
pve 101 post-start
silent "device null: nothing to do"
is "$(bound)" "/" "device null: no entry"
policy '{"defaults": {"announce": 0, "firewall_bridge": "leave", "device": "eth3"}}'
pve_ok 101 post-start
is "$(bound)" "$v4 eth3/$v6 eth3" "device: an entry for each address of the configuration, on that device"
policy '{"defaults": {"announce": 0, "firewall_bridge": "leave", "device": "eth3"}, "guests": {"101": {"device": null}}}'
pve_ok 101 post-start
is "$(bound)" "/" "device null for one guest takes the default back"
policy '{"defaults": {"announce": 0, "firewall_bridge": "leave", "device": "eth3", "addresses": ["192.168.18.150", "2001:db8:18::150"]}}'
pve_ok 101 post-start
is "$(bound)" "192.168.18.150 eth3/2001:db8:18::150 eth3" "addresses: those of the list instead of the configuration's"
policy '{"defaults": {"announce": 0, "firewall_bridge": "leave", "device": "eth3", "addresses": ["2001:db8:18::150"]}}'
pve_ok 101 post-start
is "$(bound)" "/2001:db8:18::150 eth3" "addresses: what left the list is removed"
policy '{"defaults": {"announce": 0, "firewall_bridge": "leave", "device": "eth3", "addresses": "config"}}'
pve_ok 101 post-start
is "$(bound)" "$v4 eth3/$v6 eth3" "addresses config: those of the configuration again"
pve_ok 101 post-stop
is "$(bound)" "/" "and post-stop removes them"

# ---- route -------------------------------------------------------------------------------------------------------------

routes() {
    {
        ip -j route show table main
        ip -j -6 route show table main
    } | jq -rs '[add[] | select(.protocol == "static") | "\(.dst) \(.dev)"] | sort | join(", ")'
}

policy '{"defaults": {"firewall_bridge": "leave", "route": "vmbr1"}}'
pve_ok 101 post-start
is "$(routes)" "$v4 vmbr1, $v6 vmbr1" "route: a host route for each address"
policy '{"defaults": {"firewall_bridge": "leave", "route": "vmbr2"}}'
pve 101 post-start
is "$STATUS $(routes)" "0 " "route: none by a bridge that the NIC is not in, and what was set is removed"
like "$ERR" "no host route to $v4 by vmbr2: it belongs to a NIC that is in another bridge" "and why"
policy '{"defaults": {"firewall_bridge": "leave", "route": null}}'
pve_ok 101 post-start
is "$(routes)" "" "route null: none"
policy '{"defaults": {"firewall_bridge": "leave", "route": "eth9"}}'
before=$(kernel_state)
pve 101 post-start
is "$STATUS/$ERR" "0/guestarp: pve/101: post-start: route's device eth9 does not exist" "route by a device that does not exist: said"
unchanged "$before" "route by a device that does not exist: nothing changed"
ip route add "$v4/32" dev vmbr2
policy '{"defaults": {"firewall_bridge": "leave", "route": "vmbr1", "addresses": ["192.168.18.101"]}}'
before=$(kernel_state)
pve 101 post-start
is "$STATUS/$ERR" "0/guestarp: pve/101: post-start: vmbr1: host route to $v4: a host route by another device is there already" \
    "a host route of the administrator's by another device: said"
pve_ok 101 post-stop
unchanged "$before" "and left alone, also by post-stop"
ip route del "$v4/32" dev vmbr2

# ---- probe -------------------------------------------------------------------------------------------------------------

probe_policy() { # WORD [ON_ERROR]
    policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"device\": \"eth3\", \"probe\": \"$1\", \"on_error\": \"${2:-warn}\", \"then\": [\"$TMP/then\"]}}"
}

printf '#!/bin/sh\necho ran >>%s/ran\n' "$TMP" >"$TMP/then"
chmod +x "$TMP/then"
ran() {
    if [ -e "$TMP/ran" ]; then echo ran; else echo "did not run"; fi
    rm -f "$TMP/ran"
}

probe_policy refuse
# What the policy before left alone is quiet by name again.
pve_ok 101 pre-start
pve 101 pre-start
silent "probe refuse: nobody holds the addresses, and all is well"
ip -n client addr add "$v4/32" dev eth0
ip -n client -6 addr add "$v6/128" dev eth0 nodad
ran >/dev/null
holds4="$v4 is in use: $LAN_CLIENT_MAC answers for it on eth3"
holds6="$v6 is in use: $LAN_CLIENT_MAC answers for it on eth3"
probe_policy off
before=$(kernel_state)
pve 101 pre-start
silent "probe off: a holder is no matter"
probe_policy warn abort
pve 101 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/101: $holds4"$'\n'"guestarp: pve/101: $holds6" "probe warn: who holds the addresses is said, the start goes on"
is "$(ran)" ran "probe warn: the chain goes on"
probe_policy refuse
pve 101 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: $holds4 (the start is refused)"$'\n'"guestarp: pve/101: $holds6" "probe refuse: the start is refused, and by whom"
is "$(ran)" "did not run" "probe refuse: the chain is not called"
unchanged "$before" "a probe changes nothing on the kernel"
ip -n client addr del "$v4/32" dev eth0
pve 101 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: $holds6 (the start is refused)" "probe refuse: the IPv6 address alone is enough"
mkdir -p "$ROOT/etc/pve/nodes/pve2/qemu-server"
printf '%s\n' "net0: virtio=02:9E:00:00:00:65,bridge=vmbr1" "ipconfig0: ip6=$v6/64" >"$ROOT/etc/pve/nodes/pve2/qemu-server/101.conf"
STATUS=0
ERR=$( (
    shopt -u inherit_errexit
    set +e
    env -i GUESTARP_ROOT="$ROOT" PVE_MIGRATED_FROM=pve2 "$GUESTARP_BUILD/guestarp-pve" 101 pre-start 2>&1 >/dev/null </dev/null
    echo "status $?"
))
is "$ERR" "status 0" "probe refuse: not for a guest that is migrating, which still answers on its source"
ip -n client -6 addr del "$v6/128" dev eth0
pve 101 pre-start
silent "probe refuse: the holder is gone, and so is the refusal"
ran >/dev/null
# Two failures: the one that refuses the start is the one that is said of it.
ip -n client addr add "$v4/32" dev eth0
policy '{"defaults": {"bridge_mac": "leave", "device": "eth3", "probe": "refuse"}, "devices": {"eth9": {"arp_ignore": 1}}}'
pve 101 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: $holds4 (the start is refused)"$'\n'"guestarp: pve/101: device eth9 does not exist" \
    "probe refuse: an address in use outranks another failure"
ip -n client addr del "$v4/32" dev eth0
policy '{"defaults": {"bridge_mac": "leave", "device": "eth9", "probe": "refuse"}}'
pve 101 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/101: pre-start: device eth9 does not exist" "probe refuse: nobody is asked on a device that is not there"
policy '{"defaults": {"bridge_mac": "leave", "device": "down0", "probe": "refuse"}}'
pve 101 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/101: pre-start: down0: address probe: frame for $v4: Network is down" \
    "probe refuse: a probe that cannot be made is a failure, not a holder"

# ---- announce ----------------------------------------------------------------------------------------------------------

# Four guests, so that their seconds pass at once: guest 11N announces N times.
for n in 0 1 2 3; do
    guest_conf "11$n" lxc "net0: name=eth0,ip=192.168.18.11$n/24,ip6=2001:db8:18::11$n/64,type=veth"
done
policy '{"defaults": {"device": "eth3"}, "guests": {"110": {"announce": 0}, "111": {"announce": 1}, "113": {"announce": 3}}}'
hooks_ended() {
    ! pgrep -f guestarp-pve
}
wait_for -t 20 hooks_ended
capture announce client eth0 'arp or icmp6'
for n in 0 1 2 3; do pve_ok "11$n" post-start; done
ok "the announcing children end" wait_for -t 20 hooks_ended
fence client announce
capture_stop announce
mac3=$(mac - eth3)
announced() { # N: how often the IPv4 and the IPv6 address were announced from eth3
    echo "$(captured announce "arp and ether src $mac3" | grep -c "who-has 192.168.18.11$1 .*tell 192.168.18.11$1," || true)" \
        "$(captured announce 'icmp6 and ip6[40] = 136' | grep -F "tgt is 2001:db8:18::11$1," | grep -c "^$mac3 > 33:33:00:00:00:01" || true)"
}
is "$(announced 0)" "0 0" "announce 0: not once"
is "$(announced 1)" "1 1" "announce 1: once"
is "$(announced 2)" "2 2" "announce 2, the default: twice"
is "$(announced 3)" "3 3" "announce 3: three times"
gaps() { # between the announcements of guest 113, in tenths of a second
    (run_tcpdump -r "$TMP/announce.pcap" -n -tt "arp and ether src $mac3") 2>/dev/null |
        awk '/who-has 192.168.18.113 .*tell 192.168.18.113,/ {if (last) printf "%d ", ($1 - last) * 10; last = $1}'
}
like "$(gaps)" "^2[0-4] 2[0-4] \$" "announce 3: two seconds apart"
for n in 0 1 2 3; do pve 11$n post-stop; done

# ---- on_error ----------------------------------------------------------------------------------------------------------

policy '{"defaults": {"bridge_mac": "leave", "firewall_bridge": "leave"}}'
pve_ok 101 post-start
policy '{"defaults": {"bridge_mac": "leave", "firewall_bridge": "leave", "device": "eth9", "on_error": "warn"}}'
before=$(kernel_state)
pve 101 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/101: pre-start: device eth9 does not exist" "on_error warn: a failure is said, the start goes on"
policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"firewall_bridge\": \"leave\", \"device\": \"eth9\", \"on_error\": \"abort\", \"then\": [\"$TMP/then\"]}}"
pve 101 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: device eth9 does not exist (the start is refused)" "on_error abort: a failure stops the start"
is "$(ran)" "did not run" "on_error abort: the chain is not called"
pve 101 post-start
is "$STATUS/$ERR" "0/guestarp: pve/101: post-start: device eth9 does not exist" "on_error abort: post-start only says it"
is "$(ran)" ran "on_error abort: post-start's chain goes on"
unchanged "$before" "on_error: nothing changed"
pve 101 post-stop
is "$STATUS/$ERR" "0/" "on_error abort: post-stop succeeds"
# Devices of the host that this guest does not need.
spare='"devices": {"spare9": {"arp_ignore": 1}, "eth3": {"arp_ignore": 1}}'
policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"device\": \"eth3\", \"on_error\": \"abort\"}, $spare}"
pve 101 pre-start
like "$STATUS/$ERR" "^0/guestarp: pve/101: prepared: .*eth3: arp_ignore 1"$'\n'"guestarp: pve/101: device spare9 does not exist$" \
    "on_error abort: a device that is not there and that the guest does not need is a note"
# Its values cannot be written, as it goes just then: the same.
ip link add spare9 type veth peer name spare8
mount -t tmpfs -o ro tmpfs /proc/sys/net/ipv4/neigh
policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"on_error\": \"abort\"}, \"devices\": {\"spare9\": {\"proxy_delay\": 5}}}"
pve 101 pre-start
like "$STATUS/$ERR" "^0/guestarp: pve/101: .*"$'\n'"guestarp: pve/101: spare9: proxy_delay 5: [^(]*$" \
    "on_error abort: nor is one whose values cannot be set a reason"
policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"device\": \"spare9\", \"on_error\": \"abort\"}, \"devices\": {\"spare9\": {\"proxy_delay\": 5}}}"
pve 101 pre-start
like "$STATUS/$ERR" "^1/guestarp: pve/101: pre-start: spare9: proxy_delay 5: .* \(the start is refused\)" "on_error abort: one that the guest needs is"
umount /proc/sys/net/ipv4/neigh
ip link del spare9
policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"device\": \"eth3\", \"on_error\": \"abort\"}, \"guests\": {\"101\": {\"nics\": {\"net0\": {\"device\": \"eth9\"}}}}}"
pve 101 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: device eth9 does not exist (the start is refused)" "on_error abort: without the device of one of its NICs it does not start"
policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"firewall_bridge\": \"leave\", \"device\": \"eth9\", \"on_error\": \"abort\", \"then\": [\"$TMP/then\"]}}"
pve 199 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/199: pre-start: no /etc/pve/{lxc,qemu-server}/199.conf (the start is refused)" "on_error abort: no configuration"

# ---- then --------------------------------------------------------------------------------------------------------------

script() { # NAME BODY
    printf '#!/bin/sh\n%s\n' "$2" >"$TMP/$1"
    chmod +x "$TMP/$1"
}
# shellcheck disable=SC2016
script first 'echo "first $# $1 $2 $0" >>'"$TMP/log"'; env | grep -v -e ^_= -e ^PWD= -e ^SHLVL= -e ^OLDPWD= | sort >'"$TMP/env"'; echo said; readlink /proc/self/fd/0 >'"$TMP/stdin"
# shellcheck disable=SC2016
script second 'echo "second $# $1 $2 $0" >>'"$TMP/log"
script fails 'echo fails >>'"$TMP/log"'; exit 3'
# shellcheck disable=SC2016
script killed 'echo killed >>'"$TMP/log"'; kill -9 $$'
# shellcheck disable=SC2016
script pipe 'echo pipe >>'"$TMP/log"'; kill -PIPE $$; echo survived >>'"$TMP/log"
echo "no program" >"$TMP/text"

then_policy() { # SCRIPT...
    local list
    list=$(printf "\"$TMP/%s\"," "$@")
    policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"firewall_bridge\": \"leave\", \"then\": [${list%,}]}}"
}

chained() { # what ran, on one line
    [ ! -e "$TMP/log" ] || paste -s -d , "$TMP/log"
    rm -f "$TMP/log"
}

then_policy first second
for phase in pre-start post-start pre-stop post-stop; do
    pve 101 $phase
    is "$STATUS/$OUT/$ERR" "0/said/" "then, $phase: succeeds, what a script prints is passed on"
    is "$(chained)" "first 2 101 $phase $TMP/first,second 2 101 $phase $TMP/second" "then, $phase: in order, with the same arguments"
done
# Valgrind has an environment of its own.
if [ -z "$GUESTARP_WRAP" ]; then
    is "$(<"$TMP/env")" "GUESTARP_ROOT=$ROOT"$'\n'"LC_ALL=C"$'\n'"PATH=/sbin:/bin:/usr/sbin:/usr/bin"$'\n'"PVE_MIGRATED_FROM=" "then: with the same environment"
fi
is "$(<"$TMP/stdin")" /dev/null "then: with the same standard input"

then_policy second fails first
pve 101 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: then: $TMP/fails: exit code 3" "then: a failure at pre-start stops the start"
is "$(chained)" "second 2 101 pre-start $TMP/second,fails" "then: and ends the chain"
for phase in post-start pre-stop post-stop; do
    pve 101 $phase
    is "$STATUS/$ERR" "0/guestarp: pve/101: $phase: then: $TMP/fails: exit code 3" "then: a failure at $phase is only said"
    is "$(chained)" "second 2 101 $phase $TMP/second,fails,first 2 101 $phase $TMP/first" "then: and at $phase the chain goes on"
done
then_policy fails killed second
pve 101 post-start
is "$STATUS/$ERR" "0/guestarp: pve/101: post-start: then: $TMP/fails: exit code 3"$'\n'"guestarp: pve/101: then: $TMP/killed: got signal 9" "then: each failure is said"
is "$(chained)" "fails,killed,second 2 101 post-start $TMP/second" "then: each script is called"
then_policy killed
pve 101 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: then: $TMP/killed: got signal 9" "then: a signal is a failure"
then_policy pipe
pve 101 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: then: $TMP/pipe: got signal 13" "then: a script has SIGPIPE as Proxmox VE gives it"
then_policy first
# shellcheck disable=SC2016
GUESTARP_WRAP='perl -e $SIG{CHLD}="IGNORE";exec@ARGV' pve 101 pre-start
is "$STATUS/$OUT/$ERR" "0/said/" "then: a caller that ignores SIGCHLD hides no script's end"
rm -f "$TMP/log"
# posix_spawn() cannot tell under valgrind, whose vfork() is a fork().
if [ -z "$GUESTARP_WRAP" ]; then
    then_policy nowhere
    pve 101 pre-start
    is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: then: $TMP/nowhere: No such file or directory" "then: a missing script"
    then_policy text
    pve 101 pre-start
    is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: then: $TMP/text: Permission denied" "then: a script that is no program"
fi
chained >/dev/null

# ---- devices -----------------------------------------------------------------------------------------------------------

values() { # DEV: what "devices" can set
    echo "$(arp_value "$1" arp_ignore) $(arp_value "$1" arp_announce) $(arp_value "$1" arp_filter)" \
        "$(<"/proc/sys/net/ipv4/neigh/$1/proxy_delay") $(<"/proc/sys/net/ipv6/neigh/$1/proxy_delay")"
}

ip link add dev br0.7 type bridge
ip link set dev br0.7 up
wait_for settled
is "$(values eth0) / $(values br0.7) / $(values eth4)" "0 0 0 80 80 / 0 0 0 80 80 / 0 0 0 80 80" "devices: before"
policy '{"defaults": {"bridge_mac": "leave"}, "devices": {"eth0": {"arp_ignore": 1, "arp_announce": 2, "arp_filter": 1, "proxy_delay": 8}, "br0.7": {"arp_ignore": 8}}}'
pve 101 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/101: prepared: quiet by name: pve/101; eth0: arp_ignore 1; eth0: arp_announce 2; eth0: arp_filter 1; eth0: proxy_delay 8; eth0: proxy_delay (IPv6) 8; br0.7: arp_ignore 8" \
    "devices: says what it did"
is "$(values eth0)" "1 2 1 8 8" "devices: each value is set at pre-start"
is "$(values br0.7)" "8 0 0 80 80" "devices: a name with a dot, and only the value that is named"
is "$(values eth4) / $(arp_value all arp_ignore) $(arp_value default arp_ignore)" "0 0 0 80 80 / 0 0" "devices: no other device, nor all, nor default"
before=$(kernel_state)
pve 101 pre-start
silent "devices: a second pre-start has nothing to do"
policy '{"defaults": {"bridge_mac": "leave"}, "devices": {"eth0": {"arp_ignore": 1, "arp_announce": 2, "arp_filter": 1, "proxy_delay": 7}}}'
pve_ok 101 pre-start
pve 101 pre-start
silent "devices: a delay that the kernel rounds to its ticks is not set again and again"
before=$(kernel_state)
pve_ok 101 post-stop
unchanged "$before" "devices: the values are the host's and stay after post-stop"
policy '{"defaults": {"bridge_mac": "leave"}, "devices": {"eth0": {"arp_ignore": 0, "arp_announce": 0, "arp_filter": 0, "proxy_delay": 80}, "eth8": {"arp_ignore": 1}, "eth9": {"arp_ignore": 1}, "br0.7": {"arp_ignore": 0}}}'
pve 101 pre-start
is "$STATUS $(values eth0) / $(values br0.7)" "0 0 0 0 80 80 / 0 0 0 80 80" "devices: zeros are values as well"
like "$ERR" "^guestarp: pve/101: prepared: [^
]*
guestarp: pve/101: device eth8 does not exist
guestarp: pve/101: device eth9 does not exist\$" "devices: those that do not exist are said, the others are set all the same"

policy "{\"defaults\": {\"bridge_mac\": \"leave\"}, \"devices\": {$(printf '"no%d": {"arp_ignore": 1}, ' {1..9})\"no10\": {\"arp_ignore\": 1}}}"
pve 101 pre-start
is "$STATUS/$(tail -n 1 <<<"$ERR")" "0/guestarp: pve/101: 4 more of the kind" "devices: of many that do not exist, not all are said"
is "$(grep -c 'device no[0-9]* does not exist' <<<"$ERR")" 6 "devices: and the others are counted"

# ---- a host without IPv6 -----------------------------------------------------------------------------------------------

# As the kernel has it with ipv6.disable=1: none of these files.
mount -t tmpfs -o ro tmpfs /proc/sys/net/ipv6
policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"device\": \"eth3\", \"announce\": 0, \"addresses\": [\"$v4\"]}, \"devices\": {\"eth3\": {\"proxy_delay\": 5}}}"
pve 101 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/101: prepared: eth3: proxy_delay 5" "no IPv6: a delay is set for IPv4, and nothing is missed"
pve 101 post-start
is "$STATUS $(proxies 4)" "0 $v4 eth3" "no IPv6: the IPv4 address is bound"
unlike "$ERR" "ipv6" "no IPv6: of which nothing is said"
policy "{\"defaults\": {\"bridge_mac\": \"leave\", \"device\": \"eth3\", \"announce\": 0, \"addresses\": [\"$v4\", \"$v6\"]}}"
pve 101 post-start
like "$STATUS/$ERR" "^0/.*/proc/sys/net/ipv6/conf/eth3/proxy_ndp: No such file" "no IPv6: that an IPv6 address cannot be answered for is said"
is "$(proxies 4)" "$v4 eth3" "no IPv6: the IPv4 address stays bound"
umount /proc/sys/net/ipv6
pve 101 post-stop
is "$STATUS $(proxies 4)/$(proxies 6)" "0 /" "nothing is left of it"
policy '{"devices": {"eth3": {"proxy_delay": 80}}, "defaults": {"bridge_mac": "leave"}}'
pve_ok 101 pre-start

# ---- bad values --------------------------------------------------------------------------------------------------------

# Guest 103 is not plugged in: once its names are there, a broken policy leaves the hook nothing at all to do for it.
guest_conf 103 lxc "net0: name=eth0,bridge=vmbr1,firewall=1,ip=192.168.18.103/24,type=veth"
pve_ok 103 pre-start
before=$(kernel_state)
no_last_good() {
    rm -rf "$ROOT/var/lib/guestarp"
}
bad() { # POLICY MESSAGE-BEHIND-THE-FILE'S-NAME
    local phase
    no_last_good
    policy "$1"
    for phase in pre-start post-start; do
        pve 103 $phase
        is "$STATUS/$OUT/$ERR" "0//guestarp: pve/103: $phase: $file$2" "$1, $phase"
    done
    unchanged "$before" "$1 changes nothing"
}
name='is not a device name (1 to 15 characters) or null'
bad '{"defaults": {"firewall_bridge": "silent", "device": "eth3"}}' ': defaults.firewall_bridge: "silent" is not "quiet" or "leave"'
bad '{"defaults": {"bridge_mac": true, "device": "eth3"}}' ': defaults.bridge_mac: true is not "pin" or "leave"'
bad '{"guests": {"103": {"device": "eth3/0"}}}' ": guests.103.device: \"eth3/0\" $name"
bad '{"guests": {"*": {"device": 3}}}' ": guests.*.device: 3 $name"
bad '{"guests": {"100-110": {"device": "eth3", "route": "a-name-too-long-for-it"}}}' ": guests.100-110.route: \"a-name-too-long-for-it\" $name"
bad '{"defaults": {"device": "eth3", "addresses": ["192.168.18.103/24"]}}' ': defaults.addresses: "192.168.18.103/24" is not an address of a host'
bad '{"defaults": {"device": "eth3", "addresses": "all"}}' ': defaults.addresses: "all" is not "config" or a list of addresses'
bad '{"defaults": {"device": "eth3", "addresses": ["2001:db8::1", "ff02::1"]}}' ': defaults.addresses: "ff02::1" is not an address of a host'
bad '{"defaults": {"device": "eth3", "probe": "yes"}}' ': defaults.probe: "yes" is not "off", "warn" or "refuse"'
bad '{"defaults": {"device": "eth3", "announce": 11}}' ': defaults.announce: 11 is not a whole number from 0 to 10'
bad '{"defaults": {"device": "eth3", "announce": "2"}}' ': defaults.announce: "2" is not a whole number from 0 to 10'
bad '{"defaults": {"device": "eth3", "on_error": "ignore"}}' ': defaults.on_error: "ignore" is not "warn" or "abort"'
bad '{"defaults": {"device": "eth3", "then": ["hook"]}}' ': defaults.then: "hook" is not an absolute path'
bad '{"defaults": {"device": "eth3", "then": "/hook"}}' ': defaults.then: "/hook" is not a list of absolute paths'
bad '{"devices": {"eth0": {"arp_ignore": 9}, "eth3": {"arp_ignore": 1}}}' ': devices.eth0.arp_ignore: 9 is not a whole number from 0 to 8'
bad '{"devices": {"eth0": {"arp_announce": 3}}}' ': devices.eth0.arp_announce: 3 is not a whole number from 0 to 2'
bad '{"devices": {"eth0": {"arp_filter": true}}}' ': devices.eth0.arp_filter: true is not a whole number from 0 to 1'
bad '{"devices": {"eth0": {"proxy_delay": 1001}}}' ': devices.eth0.proxy_delay: 1001 is not a whole number from 0 to 1000'
bad '{"devices": {"eth 0": {}}}' ': devices.eth 0: not a device name (1 to 15 characters)'
bad '{"devices": {"eth0": {"rp_filter": 0}}}' ': devices.eth0: unknown key "rp_filter", did you mean "arp_filter"?'
bad '{"defaults": {"device": "eth3", "anounce": 2}}' ': defaults: unknown key "anounce", did you mean "announce"?'
bad '{"default": {"device": "eth3"}}' ': unknown key "default", did you mean "defaults"?'
bad '{"guests": {"199-100": {}, "103": {"device": "eth3"}}}' ': guests.199-100: the range is backwards'
bad '{"guests": {"103": "eth3"}}' ': guests.103: not an object'
bad '{"guests": {"103": {"device": "eth3"}}' ": line 2, column 1: the text ends here, but the '{' of line 1 is not closed"
bad '{"guests": {"103": {"device": "eth3"}}} {}' ": line 1, column 41: the object has ended before '{'"
bad '{"devices": {}'$'\n''  "guests": {"103": {"device": "eth3"}}}' ': line 2, column 3: a comma is missing before "guests"'
bad '' ": line 2, column 1: empty: not even '{ }'"
bad '["device"]' ": line 1, column 1: not an object, which begins with '{'"

# ---- a policy that others could have written ---------------------------------------------------------------------------

distrusted() { # MESSAGE-BEHIND-THE-FILE'S-NAME DESC
    no_last_good
    pve 103 pre-start
    is "$STATUS/$ERR" "0/guestarp: pve/103: pre-start: $file: $1" "$2: pre-start says so and goes on"
    pve 103 post-start
    is "$STATUS/$ERR" "0/guestarp: pve/103: post-start: $file: $1" "$2: post-start says so"
    unchanged "$before" "$2: nothing changed"
}
good='{"defaults": {"device": "eth3", "on_error": "abort", "then": ["/nowhere"]}, "devices": {"eth3": {"arp_ignore": 1}}}'
policy "$good"
chmod 0646 "$ROOT$file"
distrusted "refused, others can write it (mode 0646; chmod go-w $file)" "a policy that all can write"
chmod 0664 "$ROOT$file"
distrusted "refused, others can write it (mode 0664; chmod go-w $file)" "a policy that a group can write"
if [ -n "$GUESTARP_ROOT_OUTSIDE" ]; then
    policy "$good"
    chown 65534 "$ROOT$file"
    distrusted "refused, it belongs to user 65534" "a policy of another user"
else
    skip "one user only in this namespace: a policy of another user"
fi
rm "$ROOT$file"
printf '%s\n' "$good" >"$ROOT/etc/guestarp/real.json"
ln -s real.json "$ROOT$file"
distrusted "refused, it is a symbolic link" "a policy that is a symbolic link"
rm "$ROOT$file"
mkfifo "$ROOT$file"
distrusted "not a regular file" "a policy that is a FIFO"
rm "$ROOT$file"
mkdir "$ROOT$file"
distrusted "Is a directory" "a policy that is a directory"
rmdir "$ROOT$file"

# ---- a broken policy ---------------------------------------------------------------------------------------------------

policy '{"defaults": {"announce": 0, "device": "eth3", "firewall_bridge": "leave", "route": "vmbr1"}}'
pve_ok 101 post-start
is "$(bound) $(routes)" "$v4 eth3/$v6 eth3 $v4 vmbr1, $v6 vmbr1" "broken: before, the guest is bound by a good policy"
no_last_good
policy '{"defaults": {"announce": 0, "device": "eth4", "on_eror": "abort"}, "guests": {"101": {"route": null}}, "devices": {"eth3": {"arp_filter": 1}}}'
before=$(kernel_state)
broken="$file: defaults: unknown key \"on_eror\", did you mean \"on_error\"?"
pve 101 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/101: pre-start: $broken"$'\n'"guestarp: pve/101: prepared: quiet by name: pve/101" "broken: a start is not blocked"
like "$(quiet_names)" 'fwbr101i\*' "broken: its firewall bridge is quiet by name all the same"
all_but_names() {
    kernel_state | grep -v '^names: '
}
is "$(all_but_names)" "$(grep -v '^names: ' <<<"$before")" "broken: pre-start changes nothing else"
nft flush set arp guestarp quiet
ip link set dev "$fwbr" arp on
pve 101 post-start
is "$STATUS/$ERR" "0/guestarp: pve/101: post-start: $broken"$'\n'"guestarp: pve/101: up: quiet by name: pve/101; $fwbr: NOARP 1" "broken: post-start says so"
is "$(quiet_values)" "1 NOARP" "broken: fwbr is made quiet all the same"
is "$(bound) $(routes)" "$v4 eth3/$v6 eth3 $v4 vmbr1, $v6 vmbr1" "broken: nothing is bound, nothing removed"
pve 101 post-stop
is "$STATUS $(bound) $(routes)" "0 / " "broken: a guest that is gone is removed by its record alone"
is "$(quiet_values)" "1 NOARP" "broken: its fwbr, while it is there, stays quiet"
policy '{"defaults": {"device": "eth3", "on_error": "abort", "announce": 11}}'
pve 101 pre-start
is "$STATUS/$ERR" "1/guestarp: pve/101: pre-start: $file: defaults.announce: 11 is not a whole number from 0 to 10 (the start is refused)" \
    "broken: with on_error abort readable the start is refused"
pve 101 post-start
is "$STATUS $(bound)" "0 /" "broken: with on_error abort readable post-start goes on, and binds nothing"
pve_ok 102 post-stop
no_last_good
policy '{"defaults": {"bridge_mac": "leave", "on_error": "abort"}, "guests": {"102": {"announce": 11}}}'
pve 101 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/101: pre-start: $file: guests.102.announce: 11 is not a whole number from 0 to 10" \
    "another guest's part is broken: said, but the start is not refused, nor said to be"
policy '{"defaults": {"announce": 0, "device": "eth3"}, "guests": {"102": {"announce": 11}}}'
pve 101 post-start
is "$STATUS $(bound)" "0 $v4 eth3/$v6 eth3" "another guest's part is broken: this guest is bound"
pve 101 post-stop

# ---- the cluster's file ------------------------------------------------------------------------------------------------

cluster() {
    printf '%s\n' "$1" >"$ROOT/etc/pve/guestarp.json"
    chmod 0640 "$ROOT/etc/pve/guestarp.json"
}
cluster '{"defaults": {"announce": 0, "firewall_bridge": "leave"}, "guests": {"101": {"device": "eth4"}}}'
rm "$ROOT$file"
pve_ok 101 post-start
is "$(bound)" "$v4 eth4/$v6 eth4" "the cluster's policy alone"
policy '{"defaults": {"device": "eth3"}}'
pve_ok 101 post-start
is "$(bound)" "$v4 eth3/$v6 eth3" "the host's policy over the cluster's"
no_last_good
chmod 0666 "$ROOT/etc/pve/guestarp.json"
pve 101 post-start
is "$STATUS/${ERR%%$'\n'*}" "0/guestarp: pve/101: post-start: /etc/pve/guestarp.json: refused, others can write it (mode 0666; chmod go-w /etc/pve/guestarp.json)" \
    "a cluster's policy that all can write is refused"
is "$(bound)" "$v4 eth3/$v6 eth3" "and nothing is removed for it"
rm -f "$ROOT/etc/pve/guestarp.json"
pve 101 post-stop
is "$STATUS $(bound)" "0 /" "at the end nothing is left"

done_testing
