#!/bin/bash
# Forwarding is off where a guest's entry is: for the device, or for all. The kernel stays silent, and this is said with a
# command that ends it and takes nothing away: neither the routes that routers have advertised, nor what they will.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/../admin/lib-admin.sh" || exit
require tcpdump arping ndisc6 ping jq perl

v4=192.168.18.101 v6=2001:db8:18::101 far=2001:db8:99::1

# The client is a router, too: whom it advertises itself to reaches "far" by it, and gets an address in 2001:db8:77::/64.
advertise() { # LIFETIME: in seconds, of the router and of the prefix
    # shellcheck disable=SC2016 # Perl's own
    in_ns client perl -MSocket=:all -e '
        socket my $s, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 or die "socket: $!\n";
        my $index = `cat /sys/class/net/eth0/ifindex`;
        setsockopt $s, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255 or die "hops: $!\n";
        setsockopt $s, IPPROTO_IPV6, IPV6_MULTICAST_IF, pack "i", $index or die "device: $!\n";
        my $prefix = pack "C C C C N N N a16", 3, 4, 64, 0xc0, $ARGV[0], $ARGV[0], 0, inet_pton(AF_INET6, "2001:db8:77::");
        send $s, (pack "C C n C C n N N a*", 134, 0, 0, 64, 0, $ARGV[0], 0, 0, $prefix), 0,
            pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $index) or die "send: $!\n";' "$1"
}

advertised() { # the devices with a default route by an advertisement, and those with an address by one
    echo "$(ip -j -6 route show default | jq -r '[.[] | select(.protocol == "ra") | .dev, .nexthops[]?.dev] | map(select(.)) | sort | join(" ")')/$(
        ip -j -6 addr | jq -r '[.[] | select(any(.addr_info[]; .local // "" | startswith("2001:db8:77:"))) | .ifname] | sort | join(" ")')"
}

lives() { # of the default route by eth3, in seconds
    ip -j -6 route show default dev eth3 | jq -r '[.[].expires // 0] | max // 0'
}

to_far() {
    if ping -6 -q -c 1 -W 1 -I eth3 $far >/dev/null && ping -6 -q -c 1 -W 1 $far >/dev/null; then echo yes; else echo no; fi
}

# Who answers the client's solicitations for the guest, and whether the client reaches it.
served() { # NAME
    local found
    ip -n client -6 neigh flush to $v6 dev eth0
    capture "$1" client eth0 'icmp6 and ip6[40] = 136'
    in_ns client ndisc6 -q -1 -n -r 1 -w 1 $v6 eth0 >/dev/null || true
    fence client "$1"
    capture_stop "$1"
    found=$(captured "$1" icmp6 | grep -F "tgt is $v6," | awk '{print $1}' | sort -u | paste -s -d ' ') || true
    ip -n client -6 neigh flush to $v6 dev eth0
    echo "${found:+$(mac_name "$found")}/$(in_ns client ping -6 -q -c 1 -W 1 $v6 >/dev/null && echo yes || echo no)"
}

# eth3 and eth4 take advertisements, as they do not forward; all.forwarding is VALUE, where a guest's port has it at 1.
host() { # VALUE
    fresh_host
    topo_multi
    sysctl -q -w "net.ipv6.conf.all.forwarding=$1"
    sysctl -q -w net.ipv6.conf.eth3.forwarding=0 net.ipv6.conf.eth4.forwarding=0 net.ipv6.conf.eth0.accept_ra=0
    for dev in eth0 eth3 eth4; do
        sysctl -q -w "net.ipv4.conf.$dev.arp_ignore=1" "net.ipv4.conf.$dev.arp_announce=2" "net.ipv6.neigh.$dev.proxy_delay=0" \
            "net.ipv4.neigh.$dev.proxy_delay=0"
    done
    routed_guest 101 $v4 $v6
    install_hook
    guest_conf 101 lxc "net0: name=eth0,bridge=vmbr9,ip=$v4/32,ip6=$v6/128,type=veth"
    policy '{"defaults": {"announce": 1, "device": "eth3"}}'
    ip -n client -6 addr add $far/128 dev lo
    ip -n client -6 addr add 2001:db8:77::1/64 dev eth0 nodad
    # Its neighbour advertisements have to say that it is a router.
    in_ns client sysctl -q -w net.ipv6.conf.all.forwarding=1
    advertise 1000
    accepted() { [ "$(advertised)" = "eth3 eth4/eth3 eth4" ]; }
    wait_for accepted
}

repaired() { # DESC: after the command everything that was there is there, and the guest is reached
    ok "$1: the printed command works ($command)" as_printed "$command"
    is "$(served "after$1")" "eth3/yes" "$1: eth3 answers, and the client reaches the guest"
    is "$(advertised) $(to_far)" "eth3 eth4/eth3 eth4 yes" "$1: what routers have advertised is still there, and used"
    advertise 2000
    renewed() { [ "$(lives)" -gt 1500 ]; }
    ok "$1: and what they advertise from now on is believed" wait_for renewed
    pve 101 post-start
    unlike "$ERR" "forwarding" "$1: the hook is content"
    findings
    is "$FOUND" "" "$1: so is check"
    pve_ok 101 post-stop
}

for all in 1 0; do
    what=device
    [ $all = 1 ] || what=all
    host $all
    is "$(to_far)" yes "$what: before, the host reaches what lies behind the router"
    pve_ok 101 pre-start
    pve 101 post-start
    like "$(proxies 6)" "$v6 eth3" "$what: the entry is there"
    is "$(served "before$what")" "/no" "$what: and nobody answers"
    want="eth3 will not answer for $v6: forwarding is off \((sysctl -w [^()]*)\)"
    like "$ERR" "$want" "$what: the hook says why, and what to do"
    command=
    [[ ! $ERR =~ $want ]] || command=${BASH_REMATCH[1]}
    findings
    is "$FOUND" "proxy-no-forwarding" "$what: so does check"
    is "$(finding 0 devices) $(finding 0 fix)" "eth3 $command" "$what: with the same command"
    like "$command" "^sysctl -w( net/ipv6/conf/eth[34]/accept_ra=2){2} net/ipv6/conf/$([ $all = 1 ] && echo eth3 || echo all)/forwarding=1$" \
        "$what: it keeps the advertised routes of both devices"
    repaired $what
done

# The administrator has turned advertisements off or keeps them on: not changed. Here nothing is advertised on eth4.
host 1
ip -6 route del default dev eth4
ip -6 addr flush dev eth4 scope global
ip -6 route flush dev eth4 proto kernel 2001:db8:77::/64
sysctl -q -w net.ipv6.conf.eth3.accept_ra=2
pve 101 post-start
like "$ERR" "forwarding is off \(sysctl -w net/ipv6/conf/eth3/forwarding=1\)" "accept_ra as it must be: nothing but forwarding"

# On for the device and off for all: the kernel answers, and drops the packets.
host 1
sysctl -q -w net.ipv6.conf.all.forwarding=0
sysctl -q -w net.ipv6.conf.eth3.accept_ra=2 net.ipv6.conf.eth4.accept_ra=2 net.ipv6.conf.eth3.forwarding=1
pve 101 post-start
is "$(served vain)" "eth3/no" "off for all alone: eth3 answers, and the guest is not reached"
want="eth3 answers in vain for $v6: forwarding is off for all devices \((sysctl -w [^()]*)\)"
like "$ERR" "$want" "the hook says so"
command=
[[ ! $ERR =~ $want ]] || command=${BASH_REMATCH[1]}
findings
is "$FOUND $(finding 0 fix)" "proxy-no-forwarding $command" "so does check"
repaired vain

# IPv4's is the device's own.
host 1
sysctl -q -w net.ipv6.conf.eth3.accept_ra=2 net.ipv6.conf.eth4.accept_ra=2 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.eth3.forwarding=0
pve 101 post-start
like "$ERR" "eth3 will not answer for $v4: forwarding is off \(sysctl -w net/ipv4/conf/eth3/forwarding=1\)" "IPv4: said"
unlike "$ERR" "leaves by the device itself|$v6: forwarding" "IPv4: and nothing else"
not_ok "IPv4: nobody answers" ask client eth0 $v4
as_printed "sysctl -w net/ipv4/conf/eth3/forwarding=1"
ok "IPv4: after the command eth3 does" ask client eth0 $v4
is "$(served v4)" "eth3/yes" "and IPv6 is served all the time"

done_testing
