#!/bin/bash
# Each finding of `guestarp check`: the real condition, seen alone; the printed command, run as printed; nothing left to find.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq arping tcpdump

true_paths

# Who answers the guest that asks for the host's address.
answers_guest() { # VMID WANT DESC [ADDRESS]
    capture asked "ct$1" eth0
    ask "ct$1" eth0 "${4:-192.168.0.1}" || true
    dad_probe "ct$1" eth0 "${4:-192.168.0.1}" || true
    fence "ct$1" asked
    capture_stop asked
    answered_by asked "${4:-192.168.0.1}" "$2" "$3"
}

# Who answers the LAN's client that asks for an address.
answers_client() { # ADDRESS WANT DESC
    capture asked client eth0
    ask client eth0 "$1" || true
    fence client asked
    capture_stop asked
    answered_by asked "$1" "$2" "$3"
}

# Which devices ask the client with that address for a sender.
claimed_by() { # ADDRESS WANT DESC
    local got
    ip neigh flush all
    capture asked client eth0 'arp[6:2] = 1'
    ping -q -c 1 -W 1 -I "$1" 192.168.18.129 >/dev/null || true
    fence client asked
    capture_stop asked
    got=$(captured asked arp | grep -F "tell $1," | awk '{print $1}' | sort -u | while read -r got; do mac_name "$got"; done | paste -s -d ' ') || true
    is "$got" "$2" "$3"
}

# Whose neighbour advertisements the client gets. ndisc6 does not wait for a proxy's, whose sender is not the target.
advertised_by() { # ADDRESS WANT DESC
    local got
    capture asked client eth0 'icmp6 and ip6[40] = 136'
    in_ns client ndisc6 -q -1 -n -r 1 -w 1 "$1" eth0 >/dev/null || true
    fence client asked
    capture_stop asked
    got=$(captured asked icmp6 | grep -F "tgt is $1," | awk '{print $1}' | sort -u |
        while read -r got; do mac_name "$got"; done | paste -s -d ' ') || true
    is "$got" "$2" "$3"
}

# ---- nothing wrong ------------------------------------------------------------------------------------------------------

healthy "a host with nothing but lo"
admin_is 0 "the same for people" check
is "$OUT" "Nothing found: ARP on this host is right." "it says so"

bridge_host
bridged_guest 101
healthy "a quiet firewall bridge on a pinned bridge"
healthy "the same, asked on the wire" --probe

fresh_host
multi_host
multi_guest 101
ip neigh add proxy 192.168.18.101 dev eth3
ip neigh add proxy 2001:db8:18::101 dev eth3
healthy "one entry on one of three cards"
healthy "the same, asked on the wire" --probe

# ---- bridge-answers -----------------------------------------------------------------------------------------------------

fresh_host
bridge_host
bridged_guest 101 loud
answers_guest 101 "fwbr101i0 vmbr0" "rp_filter 0: the firewall bridge answers"
found_and_fixed bridge-answers fwbr101i0 pve/101 "bridge-answers, rp_filter 0"
answers_guest 101 vmbr0 "after that the real bridge alone does"

ip link set dev fwbr101i0 arp on
sysctl -q -w net.ipv4.conf.all.rp_filter=2
answers_guest 101 "fwbr101i0 vmbr0" "rp_filter 2: it answers probes"
findings
like "$(finding 0 what)" "answers ARP probes for this host" "it says that it is probes"
found_and_fixed bridge-answers fwbr101i0 pve/101 "bridge-answers, rp_filter 2"
answers_guest 101 vmbr0 "after that the real bridge alone does"

ip link set dev fwbr101i0 arp on
sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.fwbr101i0.arp_ignore=1
healthy "arp_ignore alone, where nothing else is set"
sysctl -q -w net.ipv4.conf.all.proxy_arp=1 net.ipv4.conf.all.forwarding=1 net.ipv4.neigh.fwbr101i0.proxy_delay=0
answers_guest 101 "fwbr101i0 outside" "proxy_arp on all: it answers for other machines in spite of arp_ignore" 192.168.0.2
found_and_fixed bridge-answers fwbr101i0 pve/101 "bridge-answers, proxy_arp"
answers_guest 101 outside "after that they alone do" 192.168.0.2

# ---- quiet-table, quiet-name-missing ------------------------------------------------------------------------------------

fresh_host
bridge_host
bridged_guest 101
nft flush ruleset
answers_guest 101 vmbr0 "without any table: the flag alone keeps the firewall bridge quiet"
findings
like "$(finding 0 what)" "\"arp guestarp\" is gone" "it says that it is gone"
found_and_fixed quiet-table "" "" "quiet-table, after nft flush ruleset"
table_is "its names are there again" "$(names_of quiet both 101)"

name_deleted 'veth101i*'
findings
like "$(finding 0 what)" "lacks names of guest pve/101" "it says whose"
found_and_fixed quiet-name-missing "" pve/101 "quiet-name-missing"
table_is "the name is there again" "$(names_of quiet both 101)"

# With neither line, both are found, and what fixes the table fixes the bridge.
nft flush ruleset
ip link set dev fwbr101i0 arp off
sysctl -q -w net.ipv4.conf.fwbr101i0.arp_ignore=0
ip link set dev fwbr101i0 arp on
answers_guest 101 "fwbr101i0 vmbr0" "without either the firewall bridge answers"
findings
is "$FOUND" "bridge-answers quiet-table" "both are found"
ok "the printed command works" as_printed "guestarp sync"
healthy "sync fixes both"
answers_guest 101 vmbr0 "after that the real bridge alone answers"

# Quiet by name alone, it neither answers nor logs: the question is dropped before the kernel looks at routes.
ip link set dev fwbr101i0 arp on
healthy "by name alone nothing answers"
answers_guest 101 vmbr0 "and so it is on the wire"

# ---- bridge-answers, other bridges --------------------------------------------------------------------------------------

# A bridge of the administrator's own, as Proxmox VE makes it without an IPv4 address: it has IPv6's link-local one.
fresh_host
bridge_host
ns_add ct55
veth - port55 02:55:00:00:00:01 ct55 eth0 02:55:00:00:00:02
ip link add vmbr5 type bridge
ip link set dev port55 master vmbr5
ip link set dev vmbr5 address 02:55:00:00:00:05 up
ip -n ct55 addr add 192.168.0.55/24 dev eth0
fence_prepare ct55 eth0
answers_guest 55 vmbr5 "a bridge without an IPv4 address answers for another bridge's"
findings
permanent=$(finding 0 permanent)
found_and_fixed bridge-answers vmbr5 "" "bridge-answers, no guest's bridge"
capture silent ct55 eth0
not_ok "after that nobody does" ask ct55 eth0 192.168.0.1
capture_stop silent
# Its permanent form, pasted where its first line says.
sysctl -q -w net.ipv4.conf.vmbr5.arp_ignore=0
answers_guest 55 vmbr5 "without the command's value it answers again"
is "${permanent%%$'\n'*}" 'in "devices" of /etc/guestarp/guestarp.json, then guestarp sync:' "its permanent form is a line of policy"
policy "{\"devices\": {$(sed 1d <<<"$permanent")}}"
ok "sync takes it" as_printed "guestarp sync"
not_ok "with it nobody answers" ask ct55 eth0 192.168.0.1
healthy "bridge-answers, by policy"

# ---- bridge-martians ----------------------------------------------------------------------------------------------------

fresh_host
vmid=$(unique_vmid 1)
bridge_host
ip addr add 10.99.0.1/32 dev lo
ct_start "$vmid" 0 vmbr0 192.168.0.101/24
echo "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.101/24,type=veth" >"$ROOT/etc/pve/lxc/$vmid.conf"
install_hook
# The whole machine has one limit of such lines a second.
asked_and_logged() {
    ask "ct$vmid" eth0 192.168.0.1
    [ "$(martian_lines "fwbr${vmid}i0")" -gt 0 ]
}
sysctl -q -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.all.log_martians=1 "net.ipv4.conf.fwbr${vmid}i0.arp_ignore=1"
if can_read_kernel_log; then
    ok "rp_filter and log_martians: the kernel logs the question" wait_for asked_and_logged
else
    skip "the kernel's log cannot be read here"
fi
if can_read_kernel_log; then
    sleep 1.1
    before=$(martian_lines "fwbr${vmid}i0")
    findings
    is "$(martian_lines "fwbr${vmid}i0")" "$before" "check itself asks nothing that the kernel logs"
else
    skip "the kernel's log cannot be read here"
fi
found_and_fixed bridge-martians "fwbr${vmid}i0" "pve/$vmid" "bridge-martians"
if can_read_kernel_log; then
    since=$(log_time)
    ask "ct$vmid" eth0 192.168.0.1
    ask "ct$vmid" eth0 192.168.0.1
    is "$(martian_lines "fwbr${vmid}i0" "$since")" 0 "after that it logs none"
else
    skip "the kernel's log cannot be read here"
fi
ip link set dev "fwbr${vmid}i0" arp on
guest_conf "$vmid" lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.101/24,type=veth"
names_made "$vmid"
healthy "by name alone nothing is logged"
if can_read_kernel_log; then
    since=$(log_time)
    ask "ct$vmid" eth0 192.168.0.1
    ask "ct$vmid" eth0 192.168.0.1
    is "$(martian_lines "fwbr${vmid}i0" "$since")" 0 "and the log has no line of it"
else
    skip "the kernel's log cannot be read here"
fi
sed -i '/^hookscript:/d' "$ROOT/etc/pve/lxc/$vmid.conf"
admin_is 0 "the names go with the guest's management" sync
sysctl -q -w net.ipv4.conf.all.log_martians=0
healthy "nothing is logged without log_martians"
sysctl -q -w "net.ipv4.conf.fwbr${vmid}i0.log_martians=1"
found_and_fixed bridge-martians "fwbr${vmid}i0" "pve/$vmid" "bridge-martians, by the device's own value"

# ---- mac-floats ---------------------------------------------------------------------------------------------------------

lower_port_joins() { # BRIDGE: prints whether the bridge's MAC is another one then
    local before
    before=$(mac - "$1")
    ip link add lower address 02:00:00:00:00:01 type veth peer name lower2
    quiet_v6 lower
    ip link set dev lower master "$1"
    [ "$(mac - "$1")" = "$before" ] && echo same || echo another
    ip link del lower
}

fresh_host
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
is "$(lower_port_joins vmbr0)" another "a lower port changes the bridge's MAC"
found_and_fixed mac-floats vmbr0 "" "mac-floats, with an uplink"
is "$(mac - vmbr0) $(lower_port_joins vmbr0)" "$UPLINK_MAC same" "after that it keeps the uplink's"

fresh_host
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
bridged_guest 101 quiet 02:00:00:00:00:07
is "$(mac - vmbr0)" 02:00:00:00:00:07 "the bridge has the MAC of a guest's port"
findings
like "$(finding 0 what)" "that of fwpr101p0 and changes when it stops: guest pve/101" "it names the guest whose stop changes it"
found_and_fixed mac-floats vmbr0 pve/101 "mac-floats, a guest's MAC"
is "$(mac - vmbr0)" "$UPLINK_MAC" "after that it has the uplink's"

fresh_host
ip link add vmbr1 type bridge
ip addr add 10.1.0.1/24 dev vmbr1
ip link set dev vmbr1 up
ct_start 101 0 vmbr1 10.1.0.101/24
ip link set dev fwbr101i0 arp off
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr1,firewall=1,ip=10.1.0.101/24,type=veth"
install_hook
names_made 101
found_and_fixed mac-floats vmbr1 pve/101 "mac-floats, without an uplink"
derived=$(mac - vmbr1)
ip link del vmbr1
ip link add vmbr1 type bridge
pve_ok 101 pre-start
is "$(mac - vmbr1)" "$derived" "the MAC is the one that guestarp-pve would pin"

# A guest's port that is in the bridge itself, as without Proxmox VE's firewall.
fresh_host
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
ns_add ct102
veth - veth102i0 02:00:00:00:00:06 ct102 eth0 02:9e:00:00:66:00
quiet_v6 veth102i0
ip link set dev veth102i0 master vmbr0
guest_conf 102 lxc "net0: name=eth0,bridge=vmbr0,ip=192.168.0.102/24,type=veth"
install_hook
names_made 102
findings
like "$(finding 0 what)" "that of veth102i0 and changes when it stops: guest pve/102" "a guest's own port is named as well"
found_and_fixed mac-floats vmbr0 pve/102 "mac-floats, a guest's port without a firewall bridge"

# ---- mac-not-uplink -----------------------------------------------------------------------------------------------------

fresh_host
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
ip link set dev vmbr0 address 02:00:00:00:00:99
findings
like "$(finding 0 what)" "has the MAC 02:00:00:00:00:99, its network card has $UPLINK_MAC" "both MACs are named"
found_and_fixed mac-not-uplink vmbr0 "" "mac-not-uplink"
is "$(mac - vmbr0)" "$UPLINK_MAC" "after that it has the uplink's"

# ---- proxy-many ---------------------------------------------------------------------------------------------------------

fresh_host
multi_host
multi_guest 101
for dev in eth0 eth3 eth4; do ip neigh add proxy 192.168.18.101 dev $dev; done
answers_client 192.168.18.101 "eth0 eth3 eth4" "three cards answer for the guest"
findings
like "$(finding 0 what)" "192.168.18.101 \(guest pve/101\) is answered for on 3 network cards: eth0, eth3, eth4" "they are named"
found_and_fixed proxy-many eth0 pve/101 "proxy-many"
answers_client 192.168.18.101 eth0 "after that the first of them does"

for dev in eth0 eth3; do ip neigh add proxy 2001:db8:18::101 dev $dev; done
found_and_fixed proxy-many eth0 pve/101 "proxy-many, IPv6"
is "$(proxies 6)" "2001:db8:18::101 eth0" "one IPv6 entry is left"

# The device that policy has chosen stays.
ip neigh add proxy 192.168.18.101 dev eth4
policy '{"guests": {"101": {"device": "eth4"}}}'
findings
is "$(jq -r '.findings[] | select(.id == "proxy-many") | .devices[]' "$TMP/admin.out")" eth4 "proxy-many: the chosen device is the right one"
is "$(jq -r '.findings[] | select(.id == "proxy-many") | .fix' "$TMP/admin.out")" "ip neigh del proxy 192.168.18.101 dev eth0" "and the other entry goes"
ip neigh del proxy 192.168.18.101 dev eth4
policy '{}'

# An address that no configuration knows.
ip route add 192.168.18.77/32 dev veth101i0
for dev in eth3 eth4; do ip neigh add proxy 192.168.18.77 dev $dev; done
found_and_fixed proxy-many eth3 "" "proxy-many, nobody's address"

# ---- proxy-gone ---------------------------------------------------------------------------------------------------------

ip neigh flush proxy 2>/dev/null || true
fresh_host
multi_host
guest_conf 102 lxc "net0: name=eth0,bridge=vmbr9,ip=192.168.18.102/32,type=veth"
install_hook
names_made 102
ip link add elsewhere type veth peer name elsewhere2
ip link set elsewhere up
ip route add 192.168.18.102/32 dev elsewhere
ip neigh add proxy 192.168.18.102 dev eth3
answers_client 192.168.18.102 eth3 "the host answers for a guest that does not run"
findings
is "$FOUND/$(finding 0 fix)" "proxy-gone/" "proxy-gone: no command where another guest may use somebody else's entry"
is "$(finding 0 advice)" $'if no other guest uses the address:\n'"ip neigh del proxy 192.168.18.102 dev eth3" "but which one it would be"
ip neigh del proxy 192.168.18.102 dev eth3
policy '{"guests": {"102": {"device": "eth3", "announce": 0}}}'
GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp-pve" 102 post-start 2>/dev/null
answers_client 192.168.18.102 eth3 "the guest was started, and nobody has told of its end"
found_and_fixed proxy-gone eth3 pve/102 "proxy-gone, our own entry"
not_ok "after that nobody does" ask client eth0 192.168.18.102

# ---- proxy-all-devices ----------------------------------------------------------------------------------------------------

fresh_host
multi_host
multi_guest 101
ip neigh add proxy 192.168.18.101
answers_client 192.168.18.101 "eth0 eth3 eth4" "an entry without a device: all cards answer"
findings
is "$(finding 0 id) $(finding 0 fix)" "proxy-all-devices " "proxy-all-devices: no command where nobody would answer after it"
ip neigh del proxy 192.168.18.101
ip neigh add proxy 192.168.18.101 dev eth3
ip neigh add proxy 192.168.18.101
found_and_fixed proxy-all-devices "" pve/101 "proxy-all-devices, beside an entry on a device"
answers_client 192.168.18.101 eth3 "after that this one answers"

# ---- proxy-no-forwarding ----------------------------------------------------------------------------------------------------

fresh_host
multi_host
multi_guest 101
ip neigh add proxy 192.168.18.101 dev eth3
sysctl -q -w net.ipv4.conf.eth3.forwarding=0
not_ok "without forwarding nobody answers" ask client eth0 192.168.18.101
found_and_fixed proxy-no-forwarding eth3 pve/101 "proxy-no-forwarding"
answers_client 192.168.18.101 eth3 "after that eth3 does"

ip neigh add proxy 2001:db8:18::101 dev eth3
sysctl -q -w net.ipv6.conf.all.forwarding=0
found_and_fixed proxy-no-forwarding eth3 pve/101 "proxy-no-forwarding, IPv6"

# ---- proxy-in-front ---------------------------------------------------------------------------------------------------------

fresh_host
multi_host
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr9,ip=192.168.18.101/24,type=veth"
install_hook
names_made 101
veth - veth101i0 fe:00:00:00:01:01 lan port101 02:18:00:00:02:01
ip route add 192.168.18.101/32 dev eth3
ip neigh add proxy 192.168.18.101 dev eth3
not_ok "a guest on eth3's own side: nobody answers" ask client eth0 192.168.18.101
found_and_fixed proxy-in-front eth3 pve/101 "proxy-in-front"

# ---- proxy-slow -------------------------------------------------------------------------------------------------------------

fresh_host
multi_host
multi_guest 101
ip neigh add proxy 192.168.18.101 dev eth3
sysctl -q -w net.ipv4.neigh.eth3.proxy_delay=80
found_and_fixed proxy-slow eth3 "" "proxy-slow"
ok "after that answers are fast" test "$(answer_times client eth0 192.168.18.101 9 | median)" -lt 5000
ip neigh add proxy 2001:db8:18::101 dev eth3
sysctl -q -w net.ipv6.neigh.eth3.proxy_delay=80
found_and_fixed proxy-slow eth3 "" "proxy-slow, IPv6"

sysctl -q -w net.ipv4.neigh.eth3.proxy_delay=80 net.ipv6.neigh.eth3.proxy_delay=80
findings
for ((i = 0; i < $(wc -w <<<"$FOUND"); i++)); do as_printed "$(finding $i fix)"; done
healthy "proxy-slow, IPv4 and IPv6 on one card: one look finds both"
sysctl -q -w net.ipv4.neigh.eth3.proxy_delay=0 net.ipv6.neigh.eth3.proxy_delay=0

# ---- proxy-ndp-off ----------------------------------------------------------------------------------------------------------

sysctl -q -w net.ipv6.conf.eth3.proxy_ndp=0
advertised_by 2001:db8:18::101 "" "without proxy_ndp nobody answers"
found_and_fixed proxy-ndp-off eth3 pve/101 "proxy-ndp-off"
advertised_by 2001:db8:18::101 eth3 "after that eth3 does"
sysctl -q -w net.ipv6.conf.eth3.proxy_ndp=0 net.ipv6.conf.all.proxy_ndp=1
healthy "proxy_ndp on all devices will do"

# ---- host-flux --------------------------------------------------------------------------------------------------------------

fresh_host
multi_host
sysctl -q -w net.ipv4.conf.eth3.arp_ignore=0 net.ipv4.conf.eth3.arp_announce=0
answers_client 192.168.18.10 "eth0 eth3" "eth3 answers for eth0's address"
found_and_fixed host-flux eth3 "" "host-flux"
answers_client 192.168.18.10 eth0 "after that eth0 alone does"
# Packets to the LAN leave by eth0, whatever address they come from.
sysctl -q -w net.ipv4.conf.eth3.arp_announce=0
healthy "arp_announce of a card by which nothing leaves"
sysctl -q -w net.ipv4.conf.eth0.arp_announce=0
claimed_by 192.168.18.13 eth0 "eth0 asks with eth3's address for a sender"
found_and_fixed host-flux eth0 "" "host-flux, arp_announce alone"
claimed_by 192.168.18.13 "" "after that it does not"
sysctl -q -w net.ipv4.conf.eth3.arp_announce=2
sysctl -q -w net.ipv4.conf.eth3.arp_ignore=0 net.ipv4.conf.eth4.arp_ignore=0
findings
is "$FOUND $(finding 0 devices)" "host-flux eth3 eth4" "two cards of one wire are one finding"
sysctl -q -w net.ipv4.conf.all.arp_ignore=1
healthy "the value of all devices counts"
sysctl -q -w net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.eth4.arp_ignore=1
for dev in eth0 eth3; do ip addr add "10.5.0.1${dev#eth}/24" dev "$dev"; done
ip addr add 192.168.18.33/24 dev eth3
findings --probe
is "$FOUND" host-flux "a card with several addresses in shared subnets is one finding"
like "$(finding 0 seen)" "asked on eth0 for .* of this host, eth3 answered" "and what was seen on the wire is its proof"
found_and_fixed host-flux eth3 "" "host-flux, several addresses"

# ---- two-answers ------------------------------------------------------------------------------------------------------------

# Another machine has an address of this host. No command that runs here ends that, and it says so.
fresh_host
bridge_host
bridged_guest 101
ip -n outside addr add 192.168.0.1/32 dev eth0
healthy "without --probe nothing is seen of it"
findings --probe
is "$FOUND" two-answers "two-answers: found, and nothing else"
is "$STATUS $(finding 0 devices)" "1 vmbr0" "two-answers: status 1, device named"
like "$(finding 0 what)" "192.168.0.1 was asked for on vmbr0; answers came from $OUTSIDE_MAC, and vmbr0 itself holds it" "both are named"
is "$(finding 0 fix)" "" "there is no command that ends it here"
like "$(finding 0 advice)" "find who else has the address" "it says what to do instead"
ip -n outside addr del 192.168.0.1/32 dev eth0
healthy "two-answers: gone when the other machine gives it up" --probe

# One address that somebody else has is one finding, however many cards hear of it.
fresh_host
multi_host
ns_add thief
veth - port66 02:18:00:00:01:66 thief eth0 02:18:00:00:00:66
ip link set dev port66 netns lan
ip -n lan link set dev port66 master switch up
ip -n thief addr add 192.168.18.10/32 dev eth0
findings --probe
is "$FOUND" two-answers "two-answers on three cards: said once"

# Two machines with a guest's address.
fresh_host
bridge_host
bridged_guest 101
ns_add thief
veth - port66 02:18:00:00:01:66 thief eth0 02:18:00:00:00:66
quiet_v6 port66
ip link set dev port66 master vmbr0
ip -n thief addr add 192.168.0.101/24 dev eth0
findings --probe
is "$FOUND" two-answers "two-answers, a guest's address: found, and nothing else"
like "$(finding 0 what)" "192.168.0.101 was asked for on vmbr0; answers came from .*02:18:00:00:00:66" "the MACs are named"
ip -n thief addr flush dev eth0
healthy "two-answers, a guest's address: gone when the other machine gives it up" --probe

# ---- hook-missing -----------------------------------------------------------------------------------------------------------

fresh_host
bridge_host
bridged_guest 101
stand_ins
rm "$ROOT$HOOK"
not_ok "Proxmox VE refuses the guest's hookscript" pct_start_check 101
found_and_fixed hook-missing "" pve/101 "hook-missing, no such file"
ok "after that Proxmox VE would start the guest" pct_start_check 101

guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.101/24,type=veth"
names_made 101
echo '#!/bin/true' >"$ROOT$HOOK"
chmod 644 "$ROOT$HOOK"
not_ok "Proxmox VE refuses a hookscript that is not executable" pct_start_check 101
found_and_fixed hook-missing "" pve/101 "hook-missing, not executable"
ok "after that Proxmox VE would start the guest" pct_start_check 101

printf 'hookscript: nowhere:snippets/guestarp\nnet0: name=eth0,bridge=vmbr0\n' >"$ROOT/etc/pve/lxc/101.conf"
found_and_fixed hook-missing "" pve/101 "hook-missing, no such storage"

# ---- hook-other -------------------------------------------------------------------------------------------------------------

fresh_host
bridge_host
bridged_guest 101
stand_ins
snippet old.pl
printf 'hookscript: local:snippets/old.pl\nnet0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:01\n' >"$ROOT/etc/pve/lxc/101.conf"
healthy "another hookscript, and no policy for the guest"
policy '{"guests": {"101": {"announce": 1}}}'
healthy "another hookscript, and nothing in the policy that needs one"
policy '{"guests": {"101": {"on_error": "abort"}}}'
found_and_fixed hook-other "" pve/101 "hook-other"
is "$(hookscript 101)" "local:snippets/guestarp" "after that guestarp is the hookscript"
pve_ok 101 post-start
is "$(cat "$ROOT/old.pl.log" 2>&1 || true)" "101 post-start" "and calls the other one"

sed -i '/^hookscript:/d' "$ROOT/etc/pve/lxc/101.conf"
rm "$ROOT/etc/pve/guestarp.json"
policy '{"guests": {"101": {"probe": "refuse"}}}'
found_and_fixed hook-other "" pve/101 "hook-other, no hookscript at all"

# Where attach would refuse, printing it would be no help: then there is no command, and words instead.
honest() { # DESC: of the one finding there is
    findings
    is "$FOUND" hook-other "$1: found, and nothing else"
    if [ -z "$(finding 0 fix)" ]; then
        isnt "$(finding 0 advice)" "" "$1: no command, and what to do instead"
    else
        ok "$1: the printed command works" as_printed "$(finding 0 fix)"
    fi
}

printf 'hookscript: local:snippets/old.pl\nnet0: name=eth0,bridge=vmbr0\n' >"$ROOT/etc/pve/lxc/101.conf"
policy '{"defaults": {"then": ["/usr/local/bin/mine"]}, "guests": {"101": {"announce": 1}}}'
honest "hook-other beside a chain"
printf 'hookscript: local:snippets/gone.pl\nnet0: name=eth0,bridge=vmbr0\n' >"$ROOT/etc/pve/lxc/101.conf"
policy '{"guests": {"101": {"probe": "warn"}}}'
honest "hook-other, whose file is gone"

printf 'hookscript: local:snippets/old.pl\nnet0: name=eth0,bridge=vmbr0\n' >"$ROOT/etc/pve/lxc/101.conf"
policy '{"guests": {"101": {"probe": "warn"}}}'
honest "hook-other, of a guest without a MAC"

# ---- policy-broken ----------------------------------------------------------------------------------------------------------

fresh_host
bridge_host
bridged_guest 101
policy '{"defaults": {"devise": "eth0"}}'
findings
like "$(finding 0 what)" "^/etc/guestarp/guestarp.json: .*devise.*device" "file, place and the nearest key"
is "$FOUND $(finding 0 fix)" "policy-broken " "no command: without the file what it once wanted would be removed from guests that run"
is "$(finding 0 advice)" "correct it and see: guestarp policy --check /etc/guestarp/guestarp.json" "but what to do"
policy '{"guests": {"101": {"announce": 1}}}'
GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp-pve" 101 pre-start 2>/dev/null
policy '{"guests": {"101": {"announce": "two"}}}'
found_and_fixed policy-broken "" "" "policy-broken, with a last good text"
ok "the file is kept" test -e "$ROOT/etc/guestarp/guestarp.json.broken"
echo '{' >"$ROOT/etc/pve/guestarp.json"
findings
is "$FOUND $(finding 0 fix)" "policy-broken " "the cluster's: no command without a last good text"

# ---- policy-guest-unknown, policy-device-missing, guest-line-skipped ---------------------------------------------------------

fresh_host
bridge_host
bridged_guest 101
healthy "a managed guest"
policy '{"guests": {"101": {}, "100-199": {}, "ct103": {}, "104": {}}}'
findings
is "$FOUND" "policy-guest-unknown" "names of guests that are nowhere are one finding"
is "$(finding 0 advice | sed 1d | paste -s -d ' ')" '"ct103" "104"' "both are named"
policy '{"guests": {"101": {"device": "eth9"}}}'
findings
is "$FOUND $(finding 0 devices) $(finding 0 guests)" "policy-device-missing eth9 pve/101" "a device that is not there"
rm "$ROOT/etc/guestarp/guestarp.json"
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.101,type=veth"
findings
is "$FOUND $(finding 0 guests)" "guest-line-skipped pve/101" "an address without a prefix length"
like "$(finding 0 what)" "/etc/pve/lxc/101.conf:2: .*no prefix length in '192.168.0.101'" "file, line and value"
printf 'hookscript: local:snippets/\033[31mx\n' >"$ROOT/etc/pve/lxc/101.conf"
policy '{"guests": {"101": {}, "\\u001b[32my": {}}}'
admin check
unlike "$OUT$ERR" $'\033' "no escape sequence of theirs reaches the terminal"

# What keeps a managed guest's firewall bridge quiet is sync, and no hookscript.
fresh_host
bridge_host
bridged_guest 101 loud
policy '{"guests": {"*": {}}}'
findings
is "$(jq -r '.findings[] | select(.id == "bridge-answers") | .fix, .permanent' "$TMP/admin.out" | paste -s -d ' ')" "guestarp sync null" "a guest that policy covers needs no attach"

# One that policy leaves alone answers because policy wants it.
policy '{"guests": {"*": {"firewall_bridge": "leave"}}}'
findings
permanent=$(jq -r '.findings[] | select(.id == "bridge-answers") | .permanent' "$TMP/admin.out")
is "${permanent%%$'\n'*}" 'in "guests" of /etc/guestarp/guestarp.json, then guestarp sync:' "left by policy: the permanent form is a line of policy"
policy "{\"guests\": {\"*\": {\"firewall_bridge\": \"leave\"}, $(sed 1d <<<"$permanent")}}"
ok "sync takes it" as_printed "guestarp sync"
answers_guest 101 vmbr0 "with it the real bridge alone answers"
healthy "left by policy, but for this guest"

done_testing
