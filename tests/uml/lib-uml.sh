# shellcheck shell=bash
# What the tests of this folder stand on: sourced first, it starts a test anew in User-Mode Linux, and then lib.sh.
#
#   . "$(dirname "$0")/lib-uml.sh"

grep -q '^vendor_id.*User Mode Linux' /proc/cpuinfo || exec "$(dirname "$0")/run" "$0" "$@"

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
require ip bridge jq tcpdump nsenter

# A network card of this kernel's, vec0 to vec7, becomes NS's, by another name and down. They are cabled in pairs, vec0 to vec1,
# and real to the kernel: no driver of virtual devices made them. One that goes down after it was up does not come up again.
card() { # CARD NS NAME MAC
    nsenter --net=/mnt/cards ip link set dev "$1" netns 1
    [ "$2" = - ] || ip link set dev "$1" netns "$2"
    ip_in "$2" link set dev "$1" name "$3" address "$4"
}

# What NS learns by DEV stays for an hour: it does not ask again by itself.
remembers() { # NS DEV
    local family
    for family in ipv4 ipv6; do in_ns "$1" sysctl -q -w "net/$family/neigh/$2/base_reachable_time_ms=3600000"; done
}

knows() { # NS DEV MAC ADDRESS...: NS has that MAC for each
    local namespace=$1 dev=$2 want=$3 address
    shift 3
    for address; do ip_in "$namespace" neigh show to "$address" dev "$dev" | grep -q "lladdr $want " || return 1; done
}

reaches() { # NS DEV ADDRESS...: NS gets an answer from each by DEV
    local namespace=$1 dev=$2 address
    shift 2
    for address; do in_ns "$namespace" ping -n -q -c 1 -W 2 -I "$dev" "$address" >/dev/null || return 1; done
}

# A guest's port with a MAC of its own.
port() { # DEV MAC BRIDGE
    ip link add dev "$1" address "$2" type veth peer name "$1.peer"
    ip link set dev "$1" up
    ip link set dev "$1" master "$3"
}

vlan() { # NS LOWER VID [PROTOCOL]: LOWER.VID, up
    ip_in "$1" link add link "$2" name "$2.$3" type vlan protocol "${4:-802.1q}" id "$3"
    ip_in "$1" link set dev "$2.$3" up
    remembers "$1" "$2.$3"
}

# A container that is routed, in a namespace of its own, behind PORT; IPV6 has fe80::1 as its gateway.
routed() { # NS PORT [VRF]
    ns_add "$1"
    ip link add dev "$2" type veth peer name eth0 netns "$1"
    [ -z "${3:-}" ] || ip link set dev "$2" master "$3"
    ip link set dev "$2" up
    ip -n "$1" link set dev eth0 up
    ip addr add 169.254.0.1/32 dev "$2"
    ip -6 addr add fe80::1/64 dev "$2" nodad
    sysctl -q -w "net.ipv4.conf.$2.forwarding=1"
}

# Its addresses, and the way to it.
routed_address() { # NS PORT IPV4 IPV6 [VRF]
    ip -n "$1" addr add "$3/32" dev eth0
    ip -n "$1" -6 addr add "$4/128" dev eth0 nodad
    ip -n "$1" route replace default via 169.254.0.1 dev eth0 onlink
    ip -n "$1" -6 route replace default via fe80::1 dev eth0
    ip route add "$3/32" dev "$2" ${5:+vrf "$5"}
    ip -6 route add "$4/128" dev "$2" ${5:+vrf "$5"}
}

sync_now() { # guestarp sync; sets STATUS and ERR
    STATUS=0
    GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" sync >/dev/null 2>"$TMP/err" </dev/null || STATUS=$?
    ERR=$(<"$TMP/err")
}

# What check finds, by the names of its findings, but that this kernel has no nf_tables for ARP.
findings() {
    (GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" check --json 2>/dev/null || true) |
        jq -r '[.findings[] | select(.id != "no-nf_tables" and .id != "hook-missing")
            | .id as $id | if .devices == [] then $id else "\($id) \(.devices[])" end] | unique | join(", ")'
}
