#!/bin/bash
# `guestarp check --listen`: which MACs leave by the uplink, whose they are, and what ends that. tcpdump on the provider's side is
# the witness for which MACs there are.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq arping tcpdump nft perl strace

true_paths

LISTENER=

# Is a packet socket bound to the uplink?
listens() {
    awk -v device="$(<"/sys/class/net/eth0/ifindex")" '$5 == device {found = 1} END {exit !found}' /proc/net/packet
}

# guestarp begins to listen, and so does the provider.
listen_start() { # DEVICE WORD...
    local device=$1
    local -a wrap=()
    shift
    read -ra wrap <<<"$GUESTARP_WRAP"
    capture provider outside eth0 inbound
    # Bash has SIGINT ignored in what runs in the background.
    GUESTARP_ROOT=$ROOT ${wrap[@]+"${wrap[@]}"} "$GUESTARP_BUILD/guestarp" check --json --listen 60 "$device" "$@" </dev/null >"$TMP/admin.out" 2>"$TMP/admin.err" &
    LISTENER=$!
    wait_for listens
}

# SIGINT: the report. Sets STATUS, OUT and FOUND as findings does, each id with its MAC in MACS.
listen_stop() { # NS: the fence's
    local begun=$SECONDS
    fence "$1" provider
    kill -INT "$LISTENER"
    STATUS=0
    wait "$LISTENER" || STATUS=$?
    capture_stop provider
    OUT=$(<"$TMP/admin.out")
    ERR=$(<"$TMP/admin.err")
    take_findings
    FOUND=$(tr ' ' '\n' <<<"$FOUND" | sort | paste -s -d ' ')
    MACS=$(for key in "${!FINDINGS[@]}"; do [ "${key#* }" != mac ] || printf '%s\n' "${FINDINGS[$key]}"; done | sort | sed '/^$/d' | paste -s -d ' ')
    [ $((SECONDS - begun)) -lt 20 ] || fail "SIGINT ends it" "it took $((SECONDS - begun)) s"
}

# What the provider saw, but for what it knows.
provider_saw() { # KNOWN-MAC...
    local known
    known=$(printf '%s\n' "$OUTSIDE_MAC" "$@")
    run_tcpdump -r "$TMP/provider.pcap" -n -e -t 2>/dev/null | awk '{print $1}' | sort -u | grep -vxF "$known" | paste -s -d ' ' || true
}

same_as_provider() { # DESC KNOWN-MAC...
    local desc=$1
    shift
    is "$MACS" "$(provider_saw "$@")" "$desc: exactly the MACs that the provider sees and does not know"
}

captured_from() { # MAC FILTER
    [ -n "$(captured provider "ether src $1 and $2")" ]
}

GUEST=$(guest_mac 101 0)

# A container behind a firewall bridge whose configuration has its MAC, as Proxmox VE writes it.
guest_with_mac() { # as bridged_guest
    bridged_guest "$@"
    # It speaks only when it is told to; its firewall bridge, too, which joins the multicast group of snooping bridges.
    in_ns ct101 sysctl -q -w net.ipv6.conf.eth0.disable_ipv6=1
    sysctl -q -w net.ipv4.igmp_link_local_mcast_reports=0
    sed -i "s/^net0: /&hwaddr=${GUEST^^},/" "$ROOT/etc/pve/lxc/101.conf"
}

# ---- nothing --------------------------------------------------------------------------------------------------------------

bridge_host
guest_with_mac 101
fence_prepare - vmbr0
listen_start vmbr0
ping -q -c 2 -i 0.2 192.168.0.2 >/dev/null
listen_stop -
is "$FOUND/$STATUS" "/0" "the host alone sends: nothing found, status 0"
ok "the provider has seen the host" captured_from "$UPLINK_MAC" icmp
schema ok "its JSON is as its schema says" check "$TMP/admin.out"

# ---- a bridged guest --------------------------------------------------------------------------------------------------------

listen_start vmbr0
in_ns ct101 ping -q -c 2 -i 0.2 192.168.0.2 >/dev/null
listen_stop ct101
is "$FOUND/$STATUS" "mac-bridged/1" "a bridged guest sends: mac-bridged, status 1"
same_as_provider "a bridged guest" "$UPLINK_MAC"
is "$(finding 0 guests) $(finding 0 mac)" "pve/101 $GUEST" "whose MAC it is"
like "$(finding 0 what)" "net0 leaves by eth0" "which NIC's, and by which card: a bridge stands for its uplink"
like "$(finding 0 seen)" "[0-9] frames: .*IPv4.*192.168.0.101" "what was seen of it"
schema ok "its JSON is as its schema says" check "$TMP/admin.out"

listen_start eth0 --allow 02:00:00:00:00:99 --allow "${GUEST^^}"
in_ns ct101 ping -q -c 2 -i 0.2 192.168.0.2 >/dev/null
listen_stop ct101
is "$FOUND/$STATUS" "/0" "--allow: the provider knows that MAC"

# ---- a firewall bridge ------------------------------------------------------------------------------------------------------

fresh_host
bridge_host
guest_with_mac 101 loud
fwbr=$(mac - fwbr101i0)
listen_start eth0
ask outside eth0 192.168.0.1
listen_stop outside
is "$FOUND/$STATUS" "bridge-answers/1" "a loud firewall bridge: bridge-answers"
# The fence comes from outside itself.
same_as_provider "a firewall bridge" "$UPLINK_MAC"
is "$(finding 0 devices) $(finding 0 guests) $(finding 0 mac)" "fwbr101i0 pve/101 $fwbr" "which bridge, and in front of whom"
like "$(finding 0 seen)" "ARP.*from 192.168.0.1" "that it is ARP"
is "$(finding 0 fix)" "ip link set dev fwbr101i0 arp off" "what ends it: its flag"
ok "the printed command works" as_printed "$(finding 0 fix)"
listen_start eth0
ask outside eth0 192.168.0.1
listen_stop outside
is "$FOUND/$STATUS" "/0" "after that only the uplink's MAC leaves"

# A bridge that snoops joins 224.0.0.106, and says so by IGMP.
sysctl -q -w net.ipv4.igmp_link_local_mcast_reports=1
listen_start eth0
ip link set dev fwbr101i0 type bridge mcast_snooping 0
ip link set dev fwbr101i0 type bridge mcast_snooping 1
wait_for captured_from "$fwbr" igmp
listen_stop outside
like "$(ip maddr show dev fwbr101i0)" "224.0.0.106" "it is in the group of all snooping bridges"
is "$FOUND" "mac-not-uplink" "its multicast reports: mac-not-uplink"
same_as_provider "IGMP" "$UPLINK_MAC"
is "$(finding 0 devices) $(finding 0 guests) $(finding 0 mac)" "fwbr101i0 pve/101 $fwbr" "which bridge, and in front of whom"
like "$(finding 0 seen)" "frames?: IPv4" "that it is IPv4"
ok "the printed command works" as_printed "$(finding 0 fix)"
like "$(finding 0 fix)" "mcast_snooping 0" "and it is for that"
ip link set dev fwbr101i0 down
ip link set dev fwbr101i0 up
not_ok "after that it is in no such group, also when it comes up again" grep 224.0.0.106 <<<"$(ip maddr show dev fwbr101i0)"

# Its IPv6 is on, as Proxmox VE does not have it.
ip link set dev fwbr101i0 arp on
listen_start eth0
sysctl -q -w net.ipv6.conf.fwbr101i0.disable_ipv6=0
wait_for captured_from "$fwbr" ip6
listen_stop outside
is "$FOUND" "mac-not-uplink" "its IPv6: mac-not-uplink"
same_as_provider "IPv6" "$UPLINK_MAC"
like "$(finding 0 seen)" "frames?: IPv6" "that it is IPv6"
is "$(finding 0 fix)" "sysctl -w net/ipv6/conf/fwbr101i0/disable_ipv6=1" "and the command is for that"

# ---- a reject in a stranger's name ------------------------------------------------------------------------------------------

fresh_host
bridge_host
guest_with_mac 101
if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
    # Proxmox VE's firewall: iptables' hooks for what bridges pass on.
    sysctl -q -w net.bridge.bridge-nf-call-iptables=1
    nft -f - <<'END'
table ip firewall {
    chain forward {
        type filter hook forward priority 0
        iifname "fwbr101i0" meta l4proto tcp reject with tcp reset
    }
}
END
    # The provider's switch floods what is for another customer.
    ip -n outside neigh replace 192.168.0.77 lladdr 02:77:00:00:00:77 dev eth0 nud permanent
    listen_start eth0
    not_ok "the provider's neighbour is refused" in_ns outside timeout 5 bash -c ': </dev/tcp/192.168.0.77/80'
    listen_stop outside
    nft delete table ip firewall
    is "$FOUND/$STATUS" "mac-reject/1" "a firewall's reject: mac-reject"
    same_as_provider "a reject" "$UPLINK_MAC"
    is "$(finding 0 mac) $(finding 0 devices) $(finding 0 guests)" "02:77:00:00:00:77 fwpr101p0 pve/101" "whose name, and whose firewall"
    like "$(finding 0 seen)" "IPv4, all of them a firewall's rejects; from 192.168.0.77" "that it is a reject"
    like "$(finding 0 advice)" "drop instead of reject.*mac-learning 1 for vmbr0" "what ends it"
else
    skip "no br_netfilter"
fi

# ---- others -----------------------------------------------------------------------------------------------------------------

fresh_host
bridge_host
guest_with_mac 101
fence_prepare - vmbr0
ip -n ct101 link add nested address 02:4e:00:00:00:01 link eth0 type macvlan mode bridge
ip -n ct101 addr add 192.168.0.150/24 dev nested
ip -n ct101 link set nested up
ns_add ct55
veth - port55 02:55:00:00:00:01 ct55 eth0 02:55:00:00:00:02
ip link set port55 master vmbr0
ip -n ct55 addr add 192.168.0.55/24 dev eth0
listen_start eth0
in_ns ct101 arping -q -c 1 -w 1 -I nested 192.168.0.2 || true
in_ns ct55 ping -q -c 1 -W 2 192.168.0.2 >/dev/null
ip link add shim address 02:5e:00:00:00:01 link vmbr0 type macvlan mode bridge
ip addr add 192.168.0.160/24 dev shim noprefixroute
ip link set shim up
arping -q -c 1 -w 1 -I shim 192.168.0.2 || true
listen_stop -
for id in $(jq -r '.findings[] | "\(.id),\(.mac),\(.devices[0]),\(.guests[0])"' <<<"$OUT"); do echo "$id"; done | sort >"$TMP/got"
is "$(grep -v "$GUEST" "$TMP/got" | paste -s -d ' ')" \
    "mac-bridged,02:4e:00:00:00:01,fwpr101p0,pve/101 mac-not-uplink,02:5e:00:00:00:01,shim,null mac-unknown,02:55:00:00:00:02,port55,null" \
    "a machine in a guest, a port that is nobody's, a macvlan of the host's: each by its name"
same_as_provider "others" "$UPLINK_MAC"

fresh_host
bridge_host
sysctl -q -w net.ipv4.igmp_link_local_mcast_reports=0
ip link set dev vmbr0 address 02:0b:0b:00:00:99
fence_prepare - vmbr0
listen_start vmbr0
ping -q -c 1 192.168.0.2 >/dev/null
listen_stop -
is "$FOUND $(finding 0 devices) $MACS" "mac-not-uplink vmbr0 02:0b:0b:00:00:99" "a bridge with another MAC than its card's"
same_as_provider "the bridge" "$UPLINK_MAC"
is "$(finding 0 fix)" "ip link set dev vmbr0 address $UPLINK_MAC && guestarp announce vmbr0" "what ends it: the card's MAC"
ok "the printed command works" as_printed "$(finding 0 fix)"
# With the MAC went its neighbours.
fence_prepare - vmbr0
listen_start vmbr0
ping -q -c 1 192.168.0.2 >/dev/null
listen_stop -
is "$FOUND/$STATUS" "/0" "after that the host is known"

# ---- bounds -----------------------------------------------------------------------------------------------------------------

# So many frames from each of so many MACs.
flood() { # MACS FRAMES
    # As fast as they are taken: a queue that overflows would be the test's doing.
    # shellcheck disable=SC2016 # Perl's own
    perl -MSocket -e 'my ($macs, $frames, $index) = @ARGV;
        sub queued {
            open(my $in, "<", "/proc/net/packet") or die "$!\n";
            return grep { my @of = split; $of[4] eq $index && $of[6] > 0 } <$in>;
        }
        socket(my $s, 17, SOCK_RAW, 0) or die "$!\n";
        my $sent = 0;
        my $to = pack("SnlSCCa8", 17, 0x88b5, $index, 0, 0, 6, "");
        for my $f (1 .. $frames) { for my $m (1 .. $macs) {
            my $frame = pack("H12 H4 N n a46", "02fefefefe00", "0266", $m, 0x88b5, "");
            until (defined send($s, $frame, 0, $to)) { $!{ENOBUFS} or die "$!\n"; }
            if (++$sent % 50 == 0) { select(undef, undef, undef, 0.001) while queued() }
        } }' "$1" "$2" "$(<"/sys/class/net/eth0/ifindex")"
}

listen_start eth0
flood 1100 1
listen_stop -
is "$(jq '.findings | length' <<<"$OUT")" 1025 "1,100 MACs: 1,024 and a word of others"
like "$(finding 1024 what)" "More than 1024 MACs leave by eth0: 76 frames" "it says how many frames are untold"
# strace -D: the process is guestarp's own.
GUESTARP_WRAP="strace -D -qq -o $TMP/calls -e trace=recvfrom" listen_start eth0
flood 1 5000
flood 2 1
listen_stop -
ok "a loud MAC costs a thousand calls, not five" [ "$(grep -c recvfrom "$TMP/calls")" -lt 2500 ]
is "$(jq -r '.findings[] | "\(.mac) \(.seen)"' <<<"$OUT" | sort | paste -s -d ';')" \
    "02:66:00:00:00:01 1000 frames or more: other (type 0x88b5);02:66:00:00:00:02 1 frame: other (type 0x88b5)" \
    "a loud MAC is no longer counted, and a quiet one is heard beside it"

# The card's cable is pulled, so to speak.
listen_start eth0
ip link set dev eth0 down
ip link set dev eth0 up
wait_for settled
flood 1 1
listen_stop -
is "$FOUND $MACS" "mac-unknown 02:66:00:00:00:01" "down and up while it listens: it goes on"

# Nobody sends: it sleeps. The same as a whole, for people.
strace -f -qq -o "$TMP/calls" -e trace=poll,ppoll,recvfrom "$GUESTARP_BUILD/guestarp" check --listen 2 eth0 >"$TMP/words" || true
ok "2 s of silence are a handful of calls" [ "$(wc -l <"$TMP/calls")" -lt 20 ]
like "$(tr '\n' ' ' <"$TMP/words")" "Nothing found: no MAC but those that the provider knows left by eth0" "and it says what was not found"

# ---- wrong calls ------------------------------------------------------------------------------------------------------------

ip link add lonely type bridge
refused "1 to 3600 seconds" "no time at all" check --listen 0 eth0
refused "1 to 3600 seconds" "more than an hour" check --listen 3601 eth0
refused "1 to 3600 seconds" "no number" check --listen soon eth0
refused "usage: guestarp check --listen SECONDS DEVICE" "no device" check --listen 5
refused "no such device" "a device that is not there" check --listen 1 eth77
refused "no device's name" "what cannot be a name" check --listen 1 a/b
refused "no Ethernet device" "a device without a MAC" check --listen 1 lo
refused "a bridge without an uplink" "a bridge that leads nowhere" check --listen 1 lonely
refused "that is no MAC" "a MAC with a slip" check --listen 1 eth0 --allow 02:00:00:00:00
refused "goes with --listen" "--allow alone" check --allow 02:00:00:00:00:01
refused "one of --probe, --listen and --log" "two looks at once" check --probe --listen 1 eth0
refused "unknown option --allow" "--allow without a MAC" check --listen 1 eth0 --allow
refused "unknown option --listen" "another command" status --listen
ip link set eth0 down
admin_is 3 "a device that is down is said" check --listen 1 eth0
is "$ERR" "guestarp: eth0: Network is down" "in words"
ip link set eth0 up
listen_start eth0
capture_stop provider
ip link del eth0
kill -INT "$LISTENER"
wait "$LISTENER" || STATUS=$?
is "$STATUS $(<"$TMP/admin.err")" "3 guestarp: eth0: it has gone meanwhile" "a device that goes is said, and not that nothing was found"

done_testing
