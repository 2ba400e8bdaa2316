#!/bin/bash
# P3: after pre-start a bridge keeps its MAC, whatever guests come and go, and it is a MAC that the provider knows.

. "$(dirname "$0")/../lib.sh" || exit
require jq ping

assign_type() { # BRIDGE: 3 is pinned, 1 follows the ports
    cat "/sys/class/net/$1/addr_assign_type"
}

policy '{}'
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.100/24,type=veth"

topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
ct_start 101 0 vmbr0 192.168.0.101/24 06:fe:00:00:01:01

# Twenty guests' ports join and leave, each with a MAC below the uplink's. Prints each MAC that the bridge had.
join_and_leave() { # BRIDGE
    local i port fwpr
    for ((i = 1; i <= 20; i++)); do
        printf -v port 'tap3%02di0' "$i"
        printf -v fwpr 'fwpr3%02dp0' "$i"
        if ((i % 2)); then
            # Without a firewall: the guest's own port.
            ip link add "$port" address "02:00:00:00:01:$(printf %02x "$i")" type veth peer name "peer$i"
            ip link set "$port" up
            ip link set "$port" master "$1"
            mac - "$1"
            ip link del "$port"
        else
            ip link add "$port" type veth peer name "peer$i"
            ip link set "$port" up
            pve_plug "3$(printf %02d "$i")" 0 "$1" "02:00:00:00:02:$(printf %02x "$i")" "$port"
            mac - "$1"
            pve_cleanup "3$(printf %02d "$i")" 0
            ip link del "$port"
        fi
        mac - "$1"
    done
}

changes() { # MAC-BEFORE, the MACs on stdin: how often it changed
    awk -v last="$1" '$1 != last {n++; last = $1} END {print n + 0}'
}

# Runs join_and_leave while guest 101 and the outside host send steadily to the bridge's address and to each other.
# Sets CHANGES and LOST, counted over the packets up to the last answer and those that were still to be answered by then.
churn() { # BRIDGE
    local name before=''
    before=$(mac - "$1")
    declare -A pid=()
    ip netns exec ct101 ping -n -i 0.01 192.168.0.1 >"$TMP/ping.gateway" &
    pid[gateway]=$!
    ip netns exec ct101 ping -n -i 0.01 192.168.0.2 >"$TMP/ping.beyond" &
    pid[beyond]=$!
    ip netns exec outside ping -n -i 0.01 192.168.0.1 >"$TMP/ping.outside" &
    pid[outside]=$!
    for name in gateway beyond outside; do wait_for grep -q icmp_seq=3 "$TMP/ping.$name"; done
    join_and_leave "$1" >"$TMP/macs"
    CHANGES=$(changes "$before" <"$TMP/macs")
    LOST=0
    for name in gateway beyond outside; do
        # So many more answers than there are: the last one counted was sent after the last leave.
        wait_for more_answers "$TMP/ping.$name" $(($(grep -c icmp_seq "$TMP/ping.$name") + 3)) || LOST=$((LOST + 1))
        kill -INT "${pid[$name]}"
        wait "${pid[$name]}" || true
        LOST=$((LOST + $(sed -n 's/.*icmp_seq=\([0-9]*\) .*time=.*/\1/p' "$TMP/ping.$name" | sort -n |
            awk '{lost += $1 - last - 1; last = $1} END {print lost + 0}')))
    done
    [ "$(wc -l <"$TMP/macs")" -eq 40 ]
}

more_answers() { # FILE COUNT
    [ "$(grep -c icmp_seq "$1")" -ge "$2" ]
}

# ---- the problem --------------------------------------------------------------------------------------------------------

is "$(assign_type vmbr0)" 1 "before: the bridge follows its ports"
is "$(mac - vmbr0)" "$UPLINK_MAC" "before: it has the uplink's MAC"
churn vmbr0
is "$CHANGES" 40 "before: 20 joins and leaves change its MAC 40 times"
isnt "$LOST" 0 "before: packets are lost"

# ---- pinned to the uplink ------------------------------------------------------------------------------------------------

# A guest's port that joined earlier has made the bridge leave the uplink's MAC already.
ct_start 102 0 vmbr0 192.168.0.102/24 02:00:00:00:00:01
is "$(mac - vmbr0)" 02:00:00:00:00:01 "before pre-start the bridge has a guest's MAC"
capture pin outside eth0
pve_ok 100 pre-start
is "$(mac - vmbr0)" "$UPLINK_MAC" "pre-start gives the bridge its uplink's MAC"
is "$(assign_type vmbr0)" 3 "and pins it"
announced() {
    captured pin | grep -q "^$UPLINK_MAC > ff:ff:ff:ff:ff:ff.*who-has 192.168.0.1 .*tell 192.168.0.1,"
}
ok "the bridge announces its address with the new MAC" wait_for -t 3 announced
capture_stop pin
in_ns ct101 ip neigh flush dev eth0 to 192.168.0.0/24
in_ns outside ip neigh flush dev eth0 to 192.168.0.0/24
churn vmbr0
is "$CHANGES" 0 "after: 20 joins and leaves change its MAC 0 times"
is "$LOST" 0 "after: no packet is lost"
is "$(mac - vmbr0)" "$UPLINK_MAC" "after: it still has the uplink's MAC"

pve_ok 100 pre-start
is "$(mac - vmbr0) $(assign_type vmbr0)" "$UPLINK_MAC 3" "a second pre-start changes nothing"
pve_ok 100 post-stop
is "$(mac - vmbr0) $(assign_type vmbr0)" "$UPLINK_MAC 3" "post-stop leaves the pin: other guests live on it"

# ---- a bridge that is pinned already --------------------------------------------------------------------------------------

ns_add other
veth - eth1 02:0b:0b:00:00:02 other eth0 02:0a:0a:00:00:03
ip link add vmbr2 address 02:77:00:00:00:01 type bridge
ip link set eth1 master vmbr2
ip link set vmbr2 up
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr2,firewall=1,ip=192.168.2.100/24,type=veth"
pve_ok 100 pre-start
is "$(mac - vmbr2) $(assign_type vmbr2)" "02:77:00:00:00:01 3" "a bridge already pinned keeps its MAC"

# ---- several bridges, guests' ports, a tag's bridge ----------------------------------------------------------------------

ip link add vmbr3 type bridge
veth - eth2 02:0b:0b:00:00:03 other eth1 02:0a:0a:00:00:04
for port in tap900i0 veth900i0 fwpr900p0 fwln900o0 vnet0; do
    ip link add "$port" address "02:00:00:00:03:$(printf %02x ${#port})" type veth peer name "peer-$port"
    ip link set "$port" master vmbr3
done
ip link set eth2 master vmbr3
ip link add vmbr0v7 type bridge
veth - eth0.7 02:0b:0b:00:00:07 other eth2 02:0a:0a:00:00:05
ip link set eth0.7 master vmbr0v7
ip link add bystander type bridge
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr3,ip=192.168.3.100/24,type=veth" \
    "net1: name=eth1,bridge=vmbr0,firewall=1,ip=dhcp,tag=7,type=veth"
pve_ok 100 pre-start
is "$(mac - vmbr3) $(assign_type vmbr3)" "02:0b:0b:00:00:03 3" "among guests' ports it finds the uplink"
is "$(mac - vmbr0v7) $(assign_type vmbr0v7)" "02:0b:0b:00:00:07 3" "a tagged NIC's own bridge is pinned, with its uplink's MAC"
isnt "$(assign_type bystander)" 3 "a bridge that the guest does not use is left alone"

# ---- without an uplink ------------------------------------------------------------------------------------------------------

# What a host with this machine id makes of a bridge named vmbr9 that has guests' ports only, or none.
derived() { # MACHINE-ID BRIDGE [PORT]
    echo "$1" >"$ROOT/etc/machine-id"
    ip link add "$2" type bridge
    if [ -n "${3:-}" ]; then
        ip link add "$3" type veth peer name "peer-$3"
        ip link set "$3" master "$2"
    fi
    guest_conf 100 lxc "net0: name=eth0,bridge=$2,ip=192.168.9.100/24,type=veth"
    pve 100 pre-start
    printf '%s %s %s\n' "$STATUS" "$(mac - "$2")" "$(assign_type "$2")"
    ip link del "$2"
    [ -z "${3:-}" ] || ip link del "$3"
}

first=$(derived 0123456789abcdef0123456789abcdef vmbr9)
like "$first" '^0 [0-9a-f][26ae]:[0-9a-f:]{14} 3$' "without an uplink: a local, unicast MAC, pinned"
is "$(derived 0123456789abcdef0123456789abcdef vmbr9 fwpr900p9)" "$first" "guests' ports do not matter for it"
isnt "$(derived 0123456789abcdef0123456789abcdef vmbr8)" "$first" "another bridge's MAC is another one"
isnt "$(derived fedcba9876543210fedcba9876543210 vmbr9)" "$first" "another machine's MAC is another one"

# The same host after a reboot: a second network namespace, the same machine id.
export -f derived guest_conf mac ip_in assign_type pve pve_exec
export TMP ROOT GUESTARP_BUILD GUESTARP_WRAP
is "$(unshare -n -m bash -c 'mount -t sysfs sysfs /sys; derived 0123456789abcdef0123456789abcdef vmbr9')" "$first" \
    "the derived MAC is the same in a second namespace with the same machine id"

# ---- policy ---------------------------------------------------------------------------------------------------------------

policy '{"defaults": {"bridge_mac": "leave"}}'
ip link add vmbr5 type bridge
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr5,ip=192.168.5.100/24,type=veth"
pve_ok 100 pre-start
isnt "$(assign_type vmbr5)" 3 'bridge_mac "leave" leaves it'
policy '{}'
guest_conf 100 lxc "net0: name=eth0,bridge=nosuch0,ip=192.168.5.100/24,type=veth"
pve 100 pre-start
is "$STATUS" 0 "a bridge that does not exist stops no guest"

# Nothing to derive a MAC from.
mv "$ROOT/etc/machine-id" "$TMP/machine-id"
ip link add vmbr7 type bridge
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr7,ip=192.168.7.100/24,type=veth"
pve 100 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/100: pre-start: vmbr7: MAC not pinned: no uplink port and no /etc/machine-id" "neither uplink nor machine id: said"
isnt "$(assign_type vmbr7)" 3 "and not pinned"
mv "$TMP/machine-id" "$ROOT/etc/machine-id"

# A bridge that is down, whose MAC is pinned to another one: there is nobody to tell.
ip link add vmbr6 type bridge
ip link add up6 address 02:0b:0b:00:00:06 type veth peer name up6peer
ip link add fwpr106p0 address 02:00:00:00:00:06 type veth peer name fwln106i0
ip link set up6 master vmbr6
ip link set fwpr106p0 master vmbr6
is "$(mac - vmbr6)" 02:00:00:00:00:06 "a bridge that is down has a guest's port's MAC"
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr6,ip=192.168.6.100/24,type=veth"
pve_ok 100 pre-start
is "$(mac - vmbr6) $(assign_type vmbr6)" "02:0b:0b:00:00:06 3" "it gets the uplink's all the same"

# What stands on no network card is an uplink only where its kind can be one, whatever it is called and however low its MAC.
ip link add vmbr13 type bridge
ip link add up13 address 02:0b:0b:00:00:03 type veth peer name up13peer
ip link add lan13 link up13peer address 02:00:00:00:00:03 type macvlan mode bridge
ip link add vx13 address 02:00:00:00:00:04 type vxlan id 3 dstport 4789 dev lo
for port in up13 lan13 vx13; do ip link set "$port" master vmbr13; done
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr13,ip=192.168.3.100/24,type=veth"
pve_ok 100 pre-start
is "$(mac - vmbr13) $(assign_type vmbr13)" "02:0b:0b:00:00:03 3" "neither a macvlan nor a vxlan is taken for the uplink"

# A bridge gets its uplink when its first guest runs already: a derived MAC gives way, at once and told at once.
ns_add late
ip link add vmbr14 type bridge
ip link set vmbr14 up
ip addr add 192.168.4.1/24 dev vmbr14
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr14,ip=192.168.4.100/24,type=veth"
pve_ok 100 pre-start
derived=$(mac - vmbr14)
like "$derived $(assign_type vmbr14)" '^.[26ae]:.* 3$' "without an uplink the MAC is derived"
pve 100 pre-start
is "$STATUS/$ERR/$(mac - vmbr14)" "0//$derived" "and stays"
veth - up14 02:0b:0b:00:00:04 late eth0 02:0c:0c:00:00:04
ip -n late addr add 192.168.4.2/24 dev eth0
ip link set up14 master vmbr14
wait_for in_ns late ping -q -c 1 -W 1 192.168.4.1
is "$(ip -n late -j neigh show to 192.168.4.1 dev eth0 | jq -r '.[0].lladdr')" "$derived" "a host beyond the uplink has the derived MAC"
pve 100 pre-start
is "$STATUS/$ERR" "0/guestarp: pve/100: prepared: vmbr14: MAC pinned to 02:0b:0b:00:00:04" "the next event gives the bridge its uplink's MAC"
is "$(mac - vmbr14) $(assign_type vmbr14)" "02:0b:0b:00:00:04 3" "it has it"
late_knows() {
    [ "$(ip -n late -j neigh show to 192.168.4.1 dev eth0 | jq -r '.[0].lladdr')" = 02:0b:0b:00:00:04 ]
}
ok "and the host beyond the uplink is told" wait_for -t 2 late_knows
ip link add up15 address 02:00:00:00:00:05 type veth peer name up15peer
ip link set up15 master vmbr14
pve 100 pre-start
is "$STATUS/$ERR/$(mac - vmbr14)" "0//02:0b:0b:00:00:04" "an uplink's MAC gives way to no other's"

# A plain container's port has whatever name its administrator gives it. It is no uplink for that.
ns_add ct116
ns_add web
ip link add vmbr16 type bridge
ip link set vmbr16 up
ip addr add 192.168.16.1/24 dev vmbr16
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr16,ip=192.168.16.100/24,type=veth"
pve_ok 100 pre-start
derived=$(mac - vmbr16)
veth - veth116i0 fe:00:00:00:01:16 ct116 eth0 02:9e:00:00:01:16
ip link set veth116i0 master vmbr16
ip -n ct116 addr add 192.168.16.116/24 dev eth0
ip -n ct116 route add 192.168.0.1/32 dev eth0
ok "a guest reaches another address of the host's by its bridge" in_ns ct116 ping -q -c 1 -W 2 192.168.0.1
veth - w.0 02:00:00:00:00:16 web eth0 02:9e:00:00:02:16
ip link set w.0 master vmbr16
mkdir -p "$ROOT/var/lib/lxc/web"
printf 'lxc.net.0.%s\n' 'type = veth' 'link = vmbr16' 'veth.pair = w.0' 'ipv4.address = 192.168.16.7/24' >"$ROOT/var/lib/lxc/web/config"
policy '{"guests": {"lxc/web": {}}}'
env -i PATH="$PATH" "GUESTARP_ROOT=$ROOT" "LXC_CONFIG_FILE=$ROOT/var/lib/lxc/web/config" "$GUESTARP_BUILD/guestarp-lxc" web lxc start-host \
    </dev/null >"$TMP/out" 2>"$TMP/err" && STATUS=0 || STATUS=$?
is "$STATUS/$(<"$TMP/out")$(<"$TMP/err")/$(mac - vmbr16)" "0//$derived" "a container's own port is not taken for its bridge's uplink"
pve 100 pre-start
is "$STATUS/$ERR/$(mac - vmbr16)" "0//$derived" "nor by another guest's event"
ok "the guest still reaches that address, with the MAC that it has" in_ns ct116 ping -q -c 1 -W 2 192.168.0.1
# Its configuration's word counts where there is nothing else: a port that no configuration names is an uplink here.
printf 'lxc.net.0.%s\n' 'type = veth' 'link = vmbr16' 'ipv4.address = 192.168.16.7/24' >"$ROOT/var/lib/lxc/web/config"
pve 100 pre-start
is "$STATUS/$(mac - vmbr16)" "0/02:00:00:00:00:16" "a port that no configuration names leads out, as nothing else does"
policy '{}'

# What /sys says is another network's: its bridges are not taken for these.
guest_conf 100 lxc "net0: name=eth0,bridge=vmbr6,ip=192.168.6.100/24,type=veth"
# shellcheck disable=SC2016 # the inner shell's
unshare -n sh -c 'ip link add vmbr6 type bridge; exec "$@"' - env "GUESTARP_ROOT=$ROOT" "$GUESTARP_BUILD/guestarp-pve" 100 pre-start \
    </dev/null >"$TMP/out" 2>"$TMP/err" && STATUS=0 || STATUS=$?
is "$STATUS/$(<"$TMP/out")/$(<"$TMP/err")" "0//guestarp: pve/100: pre-start: vmbr6: /sys shows another network namespace
guestarp: pve/100: prepared: quiet by name: pve/100" "a /sys of another network is noticed"

done_testing
