#!/bin/bash
# The OpenVZ wiki's example of ARP flux: a node with eth0, eth3 and eth4 in 192.168.18.0/24, a client at .129, containers
# 101 and 102. Before, three MACs answer for each address; with each vzctl generation set up as the manual says, one.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-vz.sh" || exit
require tcpdump ndisc6 jq perl

v4=192.168.18.101 w4=192.168.18.102 v6=2001:db8:18::101
topo_multi

# The kernel's random delay of up to 0.8 s is not what this is about. venet0 is looked at afterwards.
for dev in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.neigh.$dev.proxy_delay=0" "net.ipv6.neigh.$dev.proxy_delay=0" "net.ipv6.conf.$dev.proxy_ndp=1"; done

# The LAN's switch answers at once; it does not matter who else is asked.
ip -n lan addr add 192.168.18.1/24 dev switch

rounds() { # NAME TIMES COUNT: so many times so many rounds, in each of which the client asks everybody for each of the addresses
    local i
    local -a asked=()
    for ((i = 0; i < $3; i++)); do asked+=(192.168.18.{10,13,14,101,102}); done
    capture "$1" client eth0 'arp or icmp6'
    for ((i = 0; i < $2; i++)); do
        in_ns client "$TESTS_DIR/events/answers-each" eth0 192.168.18.1 192.168.18.129 "${asked[@]}" >/dev/null
    done
    in_ns client ndisc6 -q -1 -n -r 1 -w 1 $v6 eth0 >/dev/null || true
    fence client "$1"
    capture_stop "$1"
}

replies() { # NAME ADDRESS: how many
    captured "$1" 'arp[6:2] = 2' | grep -cF " Reply $2 is-at" || true
}

# Who announced an address, in order: by request, by reply or by neighbour advertisement.
announcers() { # NAME ADDRESS
    captured "$1" 'arp or icmp6' | awk -v ip="$2" '
        index($0, "who-has " ip " ") && index($0, "tell " ip ",") || index($0, "Reply " ip " is-at") && index($0, "> ff:ff:ff:ff:ff:ff") \
            || index($0, "> 33:33:00:00:00:01") && index($0, "tgt is " ip ",") {print $1}' | uniq |
        while read -r found; do mac_name "$found"; done | paste -s -d ' '
}

confs() {
    ct_conf "$(ctid 101)" "IP_ADDRESS=\"$v4 $v6\"" 'NAME="101"'
    ct_conf "$(ctid 102)" "IP_ADDRESS=\"$w4\"" 'NAME="102"'
}

venet_values() {
    [ ! -e /sys/class/net/venet0 ] || echo "$(arp_value venet0 arp_ignore) $(arp_value venet0 arp_announce) $(</proc/sys/net/ipv4/neigh/venet0/proxy_delay)"
}

for generation in $(wanted_generations 3.0 4.11 7 9); do
    node_new "$generation" - "$generation"
    venet_ready
    confs
    venet=$(venet_values)

    # ---- before
    vz_ok start "$(ctid 101)"
    vz_ok start "$(ctid 102)"
    rounds before 2 10
    for ip in 10 13 14; do
        answered_by before "192.168.18.$ip" "eth0 eth3 eth4" "$generation before: three devices answer for the node's .$ip"
    done
    answered_by before $v4 "eth0 eth3 eth4" "$generation before: three devices answer for container 101"
    answered_by before $w4 "eth0 eth3 eth4" "$generation before: three devices answer for container 102"
    vz_ok stop "$(ctid 101)"
    vz_ok stop "$(ctid 102)"

    # ---- after
    ok "$generation: set up as the manual says" node_setup
    manual_run policy
    capture announced client eth0 'arp or icmp6'
    vz_ok start "$(ctid 101)"
    vz_ok start "$(ctid 102)"
    fence client announced
    capture_stop announced
    like "$(announcers announced $v4)" "(^| )eth3$" "$generation: the last word on 101's IPv4 address is eth3's"
    like "$(announcers announced $v6)" "(^| )eth3$" "$generation: the last word on 101's IPv6 address is eth3's"
    like "$(announcers announced $w4)" "(^| )eth4$" "$generation: the last word on 102's address is eth4's"
    if [ "$generation" = 4.11 ]; then
        unlike "$(announcers announced $v4)" "eth0|eth4" "$generation: no other device has announced it"
        is "$(captured announced 'arp' | grep -F "who-has $v4 " | grep -vF "tell $v4," | awk '{print $1}' | sort -u)" "$(mac - eth3)" \
            "$generation: vzctl's probe went out on eth3 alone"
    fi
    rounds after 5 40
    for n in 0:10 3:13 4:14; do
        answered_by after "192.168.18.${n#*:}" "eth${n%:*}" "$generation after: eth${n%:*} alone answers for the node's .${n#*:}"
        is "$(replies after "192.168.18.${n#*:}")" 200 "$generation after: 200 requests, 200 answers"
    done
    answered_by after $v4 eth3 "$generation after: eth3 alone answers for container 101"
    answered_by after $w4 eth4 "$generation after: eth4 alone answers for container 102"
    is "$(replies after $v4) $(replies after $w4)" "200 200" "$generation after: 200 requests, 200 answers each"
    is "$(captured after 'icmp6 and ip6[40] = 136' | grep -F "tgt is $v6," | awk '{print $1}' | sort -u)" "$(mac - eth3)" "$generation after: eth3 alone advertises 101's IPv6 address"
    for dev in eth0 eth3 eth4; do
        is "$(arp_value $dev arp_ignore) $(arp_value $dev arp_announce)" "1 2" "$generation: $dev has arp_ignore 1 and arp_announce 2"
    done
    is "$(arp_value all arp_ignore) $(arp_value default arp_ignore) $(arp_value all proxy_arp)" "0 0 0" "$generation: conf/all and conf/default are untouched"
    is "$(venet_values)" "$venet" "$generation: venet0 is untouched"
    vz_ok stop "$(ctid 101)"
    vz_ok stop "$(ctid 102)"
    is "$(state)" "$NOTHING" "$generation: and nothing is left"
    for dev in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.conf.$dev.arp_ignore=0" "net.ipv4.conf.$dev.arp_announce=0"; done
    node_end
done
done_testing
