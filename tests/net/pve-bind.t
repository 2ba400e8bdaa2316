#!/bin/bash
# P2: a guest's addresses are answered for by the chosen device alone, at once and always with one MAC; the entries
# survive a link flap, follow the policy, and are gone with the guest. IPv4 and IPv6.

. "$(dirname "$0")/../lib.sh" || exit
require tcpdump arping ndisc6 ping jq

v4=192.168.18.101 v6=2001:db8:18::101
w4=192.168.18.102 w6=2001:db8:18::102

topo_multi
routed_guest 101 $v4 $v6
routed_guest 102 $w4 $w6
for vmid in 101 102; do
    guest_conf "$vmid" lxc "net0: name=eth0,bridge=vmbr0,gw=169.254.0.1,ip=192.168.18.$vmid/32,ip6=2001:db8:18::$vmid/128,type=veth"
done

# What vzctl leaves behind: an entry for each address on each device.
on_every_device() { # ADDRESS...
    local address dev
    for address; do
        for dev in eth0 eth3 eth4; do ip neigh replace proxy "$address" dev "$dev"; done
    done
}

requests() { # ADDRESS COUNT: single requests from the client, each to everybody
    local i
    for ((i = 0; i < $2; i++)); do ask client eth0 "$1" || true; done
}

# ndisc6 asks but does not wait: it takes no advertisement whose sender is not the target itself, as a proxy's never is.
solicitations() { # ADDRESS COUNT: single multicast solicitations from the client
    local i
    for ((i = 0; i < $2; i++)); do in_ns client ndisc6 -q -1 -n -r 1 -w 1 "$1" eth0 >/dev/null || true; done
}

# Every neighbour advertisement for an address that the client got: whose MAC sent it.
advertisers() { # NAME ADDRESS
    local found
    captured "$1" 'icmp6 and ip6[40] = 136' | grep -F "tgt is $2," | awk '{print $1}' | sort -u |
        while read -r found; do mac_name "$found"; done | sort -u | paste -s -d ' '
}

# ---- the problem ------------------------------------------------------------------------------------------------------------

policy '{"defaults": {"announce": 1}, "guests": {"101": {"device": "eth3"}, "102": {"device": "eth4"}}}'
on_every_device $v4 $w4 $v6 $w6
for dev in eth0 eth3 eth4; do sysctl -q -w "net.ipv6.conf.$dev.proxy_ndp=1" "net.ipv6.neigh.$dev.proxy_delay=0" "net.ipv4.neigh.$dev.proxy_delay=0"; done
capture before client eth0 'arp or icmp6'
requests $v4 5
solicitations $v6 5
fence client before
capture_stop before
answered_by before $v4 "eth0 eth3 eth4" "before: three devices answer for the IPv4 address"
is "$(advertisers before $v6)" "eth0 eth3 eth4" "before: three devices answer for the IPv6 address"
for dev in eth0 eth3 eth4; do sysctl -q -w "net.ipv6.conf.$dev.proxy_ndp=0" "net.ipv6.neigh.$dev.proxy_delay=80" "net.ipv4.neigh.$dev.proxy_delay=80"; done

# ---- bound to the chosen device ---------------------------------------------------------------------------------------------

# The administrator's own entries, for addresses of nobody here.
ip neigh add proxy 192.168.18.200 dev eth3
ip neigh add proxy 2001:db8:18::200 dev eth3

# Guest 101's entries are to be the program's own: their state is looked at below, and post-stop must take them away.
ip neigh del proxy $v4 dev eth3
ip neigh del proxy $v6 dev eth3
capture announce client eth0 'arp or icmp6'
pve_ok 101 pre-start
pve_ok 101 post-start
pve_ok 102 pre-start
pve_ok 102 post-start
is "$(proxies 4)" "$v4 eth3, $w4 eth4, 192.168.18.200 eth3" "IPv4 entries found on every device are on the chosen ones alone"
is "$(proxies 6)" "$v6 eth3, $w6 eth4, 2001:db8:18::200 eth3" "IPv6 entries found on every device are on the chosen ones alone"

announced() { # ADDRESS DEV
    if [[ $1 == *:* ]]; then
        captured announce 'icmp6 and ip6[40] = 136' | grep -F "tgt is $1," | grep -q "^$(mac - "$2") > 33:33:00:00:00:01"
    else
        captured announce | grep -Eq "^$(mac - "$2") > ff:ff:ff:ff:ff:ff.*(who-has $1 .*tell $1,|Reply $1 is-at)"
    fi
}
for pair in "$v4 eth3" "$v6 eth3" "$w4 eth4" "$w6 eth4"; do
    # shellcheck disable=SC2086
    ok "announced: ${pair% *} from ${pair#* }" wait_for -t 3 announced $pair
done
capture_stop announce
is "$(captured announce "arp and ether src $(mac - eth0)" | grep -cE "$v4|$w4" || true)" 0 "and from no other device"

for dev in eth3 eth4; do
    is "$(cat /proc/sys/net/ipv4/neigh/$dev/proxy_delay) $(cat /proc/sys/net/ipv6/neigh/$dev/proxy_delay)" "0 0" "$dev: proxy_delay 0"
    is "$(cat /proc/sys/net/ipv6/conf/$dev/proxy_ndp)" 1 "$dev: proxy_ndp 1"
done
is "$(cat /proc/sys/net/ipv4/neigh/eth0/proxy_delay) $(cat /proc/sys/net/ipv6/conf/eth0/proxy_ndp)" "80 0" "eth0, which answers for nobody, keeps its values"
is "$(cat /proc/sys/net/ipv4/conf/all/proxy_arp) $(cat /proc/sys/net/ipv6/conf/all/proxy_ndp)" "0 0" "conf/all is untouched"

# ---- 200 requests ---------------------------------------------------------------------------------------------------------

capture many client eth0
answer_times client eth0 $v4 200 >"$TMP/times"
fence client many
capture_stop many
is "$(wc -l <"$TMP/times")" 200 "IPv4: 200 requests are answered"
is "$(captured_count many "arp[6:2] = 2")" 200 "IPv4: each of them once"
answered_by many $v4 eth3 "IPv4: by one MAC, eth3's"
median_us=$(median <"$TMP/times")
ok "IPv4: the first answer's median, $median_us us, is under 2 ms" test "${median_us:-9999}" -lt 2000

capture many client eth0 icmp6
solicitations $v6 200
fence client many
capture_stop many
is "$(captured many 'icmp6 and ip6[40] = 136' | grep -cF "tgt is $v6,")" 200 "IPv6: 200 solicitations are answered, each once"
is "$(advertisers many $v6)" eth3 "IPv6: by one MAC, eth3's"
answer_us() { # from a solicitation to its advertisement, by the capture's time stamps
    (run_tcpdump -r "$TMP/many.pcap" -n -tt "icmp6 and (ip6[40] = 135 or ip6[40] = 136)") 2>/dev/null |
        awk -v target="$v6" '
            /neighbor solicitation/ && index($0, "who has " target ",") {asked = $1}
            /neighbor advertisement/ && index($0, "tgt is " target ",") && asked {printf "%d\n", ($1 - asked) * 1000000; asked = 0}'
}
median_us=$(answer_us | median)
ok "IPv6: the answer's median, $median_us us, is under 2 ms" test "${median_us:-9999}" -lt 2000

requests $w4 3
capture other client eth0 'arp or icmp6'
requests $w4 3
solicitations $w6 3
fence client other
capture_stop other
is "$(answerers other $w4) / $(advertisers other $w6)" "eth4 / eth4" "guest 102 is answered for by eth4 alone"
ok "the client reaches guest 101 over IPv4" in_ns client ping -q -c 1 -W 2 $v4
ok "the client reaches guest 101 over IPv6" in_ns client ping -6 -q -c 1 -W 2 $v6

# ---- a link flap, a second hook, a changed policy ----------------------------------------------------------------------------

# NUD_PERMANENT is what makes an entry survive, on kernels that have it (c7d78566bbd3): two entries made by ip tell.
ip neigh add proxy 192.168.18.201 dev eth3 nud none
ip neigh add proxy 192.168.18.202 dev eth3 nud permanent
ip -n lan link set port3 down
wait_for grep -q 0 /sys/class/net/eth3/carrier
ip -n lan link set port3 up
wait_for grep -q 1 /sys/class/net/eth3/carrier
flapped=$(proxies 4)
ip neigh del proxy 192.168.18.201 dev eth3 2>/dev/null || true
ip neigh del proxy 192.168.18.202 dev eth3 2>/dev/null || true
if [[ $flapped == *192.168.18.202* && $flapped != *192.168.18.201* ]]; then
    like "$flapped" "$v4 eth3" "the IPv4 entry is NUD_PERMANENT: it survives a loss of carrier"
    like "$(proxies 6)" "$v6 eth3" "the IPv6 entry is NUD_PERMANENT: it survives a loss of carrier"
else
    skip "this kernel does not tell permanent proxy entries from others by a loss of carrier"
fi
ip neigh replace proxy 192.168.18.200 dev eth3
ip neigh replace proxy 2001:db8:18::200 dev eth3

pve_ok 101 post-start
is "$(proxies 4) $(proxies 6)" "$v4 eth3, $w4 eth4, 192.168.18.200 eth3 $v6 eth3, $w6 eth4, 2001:db8:18::200 eth3" "a second post-start has all entries in place"

policy '{"defaults": {"announce": 1}, "guests": {"101": {"device": "eth4"}, "102": {"device": "eth4"}}}'
pve_ok 101 post-start
is "$(proxies 4)" "$v4 eth4, $w4 eth4, 192.168.18.200 eth3" "policy changed from eth3 to eth4: the IPv4 entry follows at the next post-start"
is "$(proxies 6)" "$v6 eth4, $w6 eth4, 2001:db8:18::200 eth3" "policy changed from eth3 to eth4: the IPv6 entry follows"
capture moved client eth0
requests $v4 5
fence client moved
capture_stop moved
answered_by moved $v4 eth4 "and eth4 alone answers"

# ---- gone with the guest ---------------------------------------------------------------------------------------------------

pve_ok 101 pre-stop
is "$(proxies 4)" "$v4 eth4, $w4 eth4, 192.168.18.200 eth3" "pre-stop takes nothing away"
pve_ok 101 post-stop
is "$(proxies 4)" "$w4 eth4, 192.168.18.200 eth3" "post-stop takes the IPv4 entry away, and nothing else"
is "$(proxies 6)" "$w6 eth4, 2001:db8:18::200 eth3" "post-stop takes the IPv6 entry away, and nothing else"
not_ok "the record is gone" record_exists 101
pve_ok 101 post-stop
is "$(proxies 4)" "$w4 eth4, 192.168.18.200 eth3" "a second post-stop changes nothing"
capture gone client eth0
requests $v4 1
fence client gone
capture_stop gone
answered_by gone $v4 "" "nobody answers for a guest that is gone"

# Guest 102's entries on eth4 were there before its hook ran. They answer in its name: no matter who made them, they must go with it.
pve_ok 102 post-stop
is "$(proxies 4) / $(proxies 6)" "192.168.18.200 eth3 / 2001:db8:18::200 eth3" \
    "post-stop takes the guest's entries that were found; the administrator's, for other addresses, are still there"

# ---- another name of the device -----------------------------------------------------------------------------------------------

ip link property add dev eth3 altname enp3s0
policy '{"defaults": {"device": "enp3s0", "announce": 0}}'
pve 101 post-start
is "$STATUS $(proxies 4)" "0 $v4 eth3, 192.168.18.200 eth3" "a device's alternative name stands for the device"
unlike "$ERR" "does not exist" "and nothing is missed"
pve_ok 101 post-stop
ip link property del dev eth3 altname enp3s0

# ---- addresses by policy, a device that does not exist -------------------------------------------------------------------------

policy '{"defaults": {"announce": 0}, "guests": {"101": {"device": "eth3", "addresses": ["192.168.18.150", "2001:db8:18::150"]}}}'
pve_ok 101 post-start
is "$(proxies 4) / $(proxies 6)" "192.168.18.150 eth3, 192.168.18.200 eth3 / 2001:db8:18::150 eth3, 2001:db8:18::200 eth3" "addresses from the policy instead of the configuration"
pve_ok 101 post-stop
is "$(proxies 4) / $(proxies 6)" "192.168.18.200 eth3 / 2001:db8:18::200 eth3" "and gone again"
policy '{"guests": {"101": {"device": "eth7"}}}'
pve 101 post-start
is "$STATUS" 0 "a device that does not exist: post-start still ends with 0"
like "$ERR" "guestarp: pve/101: .*eth7" "and says which device is missing"
is "$(proxies 4)" "192.168.18.200 eth3" "and makes no entry, least of all one for every device"

# ---- the host route --------------------------------------------------------------------------------------------------------

ip route del $v4/32 dev veth101i0
policy '{"defaults": {"announce": 0}, "guests": {"101": {"device": "eth3", "route": "veth101i0", "addresses": ["192.168.18.101"]}}}'
pve_ok 101 post-start
is "$(ip -j route show $v4/32 | jq -r '.[0].dev')" veth101i0 "route: the host route is made"
ok "the client reaches the guest through it" in_ns client ping -q -c 1 -W 2 $v4
pve_ok 101 post-stop
is "$(ip -j route show $v4/32)" "[]" "and gone after post-stop"

# ---- a guest on its device's own side ----------------------------------------------------------------------------------------

# IPv4's proxy ARP stays silent then; an IPv6 entry would answer instead of the guest.
ip route add $v4/32 dev eth3
ip -6 route replace $v6/128 dev eth3
policy '{"defaults": {"announce": 1}, "guests": {"101": {"device": "eth3"}}}'
capture front client eth0 'arp or icmp6'
pve 101 post-start
is "$STATUS" 0 "routed by its own device: post-start ends with 0"
for address in $v4 $v6; do
    like "$ERR" "guestarp: pve/101: eth3 will not answer for $address: the route to it leaves by the device itself" "and says so for $address"
done
is "$(proxies 4) / $(proxies 6)" "$v4 eth3, 192.168.18.200 eth3 / 2001:db8:18::200 eth3" "the IPv4 entry is made, the IPv6 entry is not"
is "$(jq -r '[.settings[].address] | join(" ")' "$ROOT/run/guestarp/pve-101.json")" "$v4" "nor is it recorded"
requests $v4 1
solicitations $v6 1
fence client front
capture_stop front
is "$(captured front "arp and not ether src $LAN_CLIENT_MAC") / $(advertisers front $v6 || true)" " / " "nothing is announced, and nobody answers"

ip route replace $v4/32 dev veth101i0
ip -6 route replace $v6/128 dev veth101i0
pve_ok 101 post-start
unlike "$ERR" "will not answer" "routed by its port: no more warnings"
is "$(proxies 4) / $(proxies 6)" "$v4 eth3, 192.168.18.200 eth3 / $v6 eth3, 2001:db8:18::200 eth3" "and both entries are there"
pve_ok 101 post-stop
is "$(proxies 4) / $(proxies 6)" "192.168.18.200 eth3 / 2001:db8:18::200 eth3" "and gone again"

done_testing
