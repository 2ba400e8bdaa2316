#!/bin/bash
# Routes as the kernel decides them: by rules, tables and the device that a request comes in on. What the hook and check say
# of them must be what the wire shows, and no printed command may take a guest off the net.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/../admin/lib-admin.sh" || exit
require tcpdump arping ndisc6 ping jq

v4=192.168.18.101 v6=2001:db8:18::101

topo_multi
routed_guest 101 $v4 $v6
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr9,ip=$v4/32,ip6=$v6/128,type=veth"
install_hook
for dev in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.conf.$dev.arp_ignore=1" "net.ipv4.conf.$dev.arp_announce=2"; done

who() { # NAME: who answers the client that asks for the guest's addresses: IPv4's / IPv6's
    local found
    capture "$1" client eth0 'arp or icmp6'
    ask client eth0 $v4 || true
    in_ns client ndisc6 -q -1 -n -r 1 -w 1 $v6 eth0 >/dev/null || true
    fence client "$1"
    capture_stop "$1"
    found=$(captured "$1" 'icmp6 and ip6[40] = 136' | grep -F "tgt is $v6," | awk '{print $1}' | sort -u | paste -s -d ' ') || true
    echo "$(answerers "$1" $v4)/${found:+$(mac_name "$found")}"
}

reached() { # does the client reach the guest? IPv4/IPv6
    local address got=
    for address in $v4 $v6; do
        ip -n client neigh flush to "$address" dev eth0
        if in_ns client ping -q -c 1 -W 1 "$address" >/dev/null; then got=$got/yes; else got=$got/no; fi
    done
    echo "${got#/}"
}

# ---- the route is in a table of its own, which only what comes in by the device sees ----------------------------------------

for family in -4 -6; do
    ip $family rule add iif eth0 lookup 200
done
ip route del $v4/32 dev veth101i0
ip -6 route del $v6/128 dev veth101i0
ip route add $v4/32 dev veth101i0 table 200
ip -6 route add $v6/128 dev veth101i0 table 200
policy '{"defaults": {"announce": 1, "device": "eth0"}}'
pve_ok 101 pre-start
capture announced client eth0 'arp or icmp6'
pve 101 post-start
is "$STATUS" 0 "a rule for eth0: post-start ends with 0"
unlike "$ERR" "will not answer" "nothing is said against it"
is "$(proxies 4) / $(proxies 6)" "$v4 eth0 / $v6 eth0" "both entries are there"
fence client announced
capture_stop announced
like "$(captured announced)" "$(mac - eth0) > ff:ff:ff:ff:ff:ff.* who-has $v4 .*tell $v4," "IPv4 is announced"
like "$(captured announced icmp6)" "$(mac - eth0) > 33:33:00:00:00:01.*tgt is $v6," "so is IPv6"
is "$(who ruled)" "eth0/eth0" "eth0 answers"
is "$(reached)" "yes/yes" "and the client reaches the guest"
findings
is "$FOUND" "" "check finds nothing wrong"
while read -r command; do
    [ -z "$command" ] || as_printed "$command"
done < <(jq -r '.findings[].fix // ""' <"$TMP/admin.out")
is "$(who checked) $(reached)" "eth0/eth0 yes/yes" "whatever check prints, the guest is reached after it"

# Only a look-up with the device sees that, too: what comes in by eth0 would go out by eth0 again.
ip route replace $v4/32 dev veth101i0
ip -6 route replace $v6/128 dev veth101i0
ip route replace $v4/32 dev eth0 table 200
ip -6 route replace $v6/128 dev eth0 table 200
pve_ok 101 post-stop
pve 101 post-start
for address in $v4 $v6; do
    like "$ERR" "eth0 will not answer for $address: the route to it leaves by the device itself" "$address is in front of eth0 by the rule: said"
done
is "$(proxies 6)" "" "and no IPv6 entry is made, which would answer instead of the guest"
is "$(who front)" "/" "nobody answers for it"
findings
is "$FOUND" "proxy-in-front" "check finds the IPv4 entry"
as_printed "$(finding 0 fix)"
is "$(proxies 4)" "" "and takes it away"
pve_ok 101 post-stop
for family in -4 -6; do
    ip $family rule del iif eth0 lookup 200
    ip $family route flush table 200
done

# A rule for UDP alone is none for ARP.
ip route replace $v4/32 dev veth101i0
ip route add $v4/32 dev eth0 table 200
ip rule add ipproto 17 lookup 200
pve 101 post-start
unlike "$ERR" "will not answer for $v4" "a rule for UDP says nothing of ARP"
is "$(who udp) $(reached)" "eth0/eth0 yes/yes" "eth0 answers"
findings
is "$FOUND" "" "check finds nothing wrong"
pve_ok 101 post-stop
ip rule del ipproto 17 lookup 200
ip route flush table 200

# ---- a host route of our own, while rules lie before the main table ----------------------------------------------------------

ip route del $v4/32 dev veth101i0
ip -6 route del $v6/128 dev veth101i0
policy '{"defaults": {"announce": 1, "device": "eth0", "route": "veth101i0"}}'
host_routes() { # of the main table: ours, as ip sees them
    echo "$(ip -j route show table main $v4/32 | jq -r '[.[].dev] | join(" ")')/$(ip -j -6 route show table main $v6/128 | jq -r '[.[].dev] | join(" ")')"
}
for before in "lookup 201" "blackhole" "unreachable"; do
    if [ "$before" = "lookup 201" ]; then
        ip route add 192.168.18.0/24 dev veth101i0 table 201
        ip -6 route add 2001:db8:18::/64 dev veth101i0 table 201
    fi
    for round in before after; do
        [ "$round" = before ] || for address in $v4 $v6; do
            # shellcheck disable=SC2086 # several words
            ip "-$([[ $address == *:* ]] && echo 6 || echo 4)" rule add to $address iif lo $before
        done
        pve 101 post-start
        is "$STATUS $(host_routes)" "0 veth101i0/veth101i0" "$before, $round the rule: the host routes are there"
        unlike "$ERR" "there already" "and no other is found in their place"
    done
    is "$(who "rule${before// /}") $(reached)" "eth0/eth0 yes/yes" "$before: eth0 answers, and the guest is reached"
    pve 101 post-stop
    is "$STATUS $(host_routes)" "0 /" "$before: both are removed with the guest"

    # Somebody else's is not ours: it was there before.
    ip route add $v4/32 dev veth101i0
    ip -6 route add $v6/128 dev veth101i0
    pve 101 post-start
    unlike "$ERR" "host route" "$before: an administrator's own host route is seen"
    pve 101 post-stop
    is "$STATUS $(host_routes)" "0 veth101i0/veth101i0" "$before: and left when the guest stops"
    ip route del $v4/32 dev veth101i0
    ip -6 route del $v6/128 dev veth101i0
    for address in $v4 $v6; do
        # shellcheck disable=SC2086
        ip "-$([[ $address == *:* ]] && echo 6 || echo 4)" rule del to $address iif lo $before
    done
done

done_testing
