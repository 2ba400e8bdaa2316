#!/bin/bash
# V4: more addresses than there is room for are left to vzctl as a whole, with one line, on start, stop and failed start.
# GUESTARP_ADDRESSES: how many there are beside 130, in each generation; that takes minutes (make check-long).

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-vz.sh" || exit
require jq perl ip

topo_multi
# Two devices are as good as three, and less work.
ip link set eth4 down

addresses() { # COUNT
    local i list=''
    for ((i = 0; i < $1; i++)); do list+=" 198.18.$((i / 200)).$((i % 200 + 1))"; done
    echo "${list# }"
}

counted() { # "ENTRIES on DEVICES, ROUTES routes, RECORDS records"
    local entries routes
    entries=$(ip_in "$NODE_NS" -4 -j neigh show proxy | jq -r '"\(length) on \([.[].dev] | unique | length)"')
    routes=$(ip_in "$NODE_NS" -4 -j route show table main | jq '[.[] | select(.dst | test("^198\\.18\\.[0-9.]*$"))] | length')
    echo "$entries, $routes routes, $(find "$ROOT/run" -name "vz-*.json" | wc -l) records"
}

one_line() { # DESC
    is "$(grep -c '^guestarp' <<<"$ERR") $(grep -c 'more than 128 addresses.*nothing is done' <<<"$ERR")" "1 1" "$GENERATION: V4: $1: one line"
}

# As vzctl alone does it: on both devices, and a failed start leaves that behind.
refused() { # COUNT
    local id count=$1
    id=$(ctid 101)
    ct_conf "$id" "IP_ADDRESS=\"$(addresses "$count")\"" 'GUESTARP_DEVICE="eth3"'
    vz start "$id"
    is "$STATUS $(counted)" "0 $((2 * count)) on 2, $count routes, 0 records" "$GENERATION: V4: $count addresses: start"
    one_line "$count addresses: start"
    vz stop "$id"
    is "$STATUS $(counted)" "0 0 on 0, 0 routes, 0 records" "$GENERATION: V4: $count addresses: stop"
    one_line "$count addresses: stop"
    echo 'exit 1' >"$ROOT/etc/vz/conf/$id.start"
    vz start "$id"
    rm "$ROOT/etc/vz/conf/$id.start"
    like "$STATUS $(counted)" "^79 $((2 * count)) on 2, .* 0 records" "$GENERATION: V4: $count addresses: failed start: vzctl's own"
    one_line "$count addresses: failed start"
    # What it has left behind, at once.
    ip_in "$NODE_NS" -4 -j neigh show proxy | jq -r '.[] | "neigh del proxy \(.dst) dev \(.dev)"' | ip_in "$NODE_NS" -batch -
    ! ip_in "$NODE_NS" link show venet0 >/dev/null 2>&1 || ip_in "$NODE_NS" route flush root 198.18.0.0/16 dev venet0
    rm -f "$ROOT"/var/{lib/vzctl,vz}/veip/*
}

# As many as there is room for; then more while it runs. What was recorded goes with the container.
more_later() {
    local id
    id=$(ctid 101)
    ct_conf "$id" "IP_ADDRESS=\"$(addresses 128)\"" 'GUESTARP_DEVICE="eth3"'
    vz_ok start "$id"
    is "$(counted)" "128 on 1, 128 routes, 1 records" "$GENERATION: V4: 128 addresses: start"
    vz set "$id" --ipadd "198.18.9.1 198.18.9.2" --save
    like "$STATUS $(counted)" '^0 [0-9]* on [12], 130 routes, 1 records' "$GENERATION: V4: two more: set --ipadd --save"
    vz stop "$id"
    is "$STATUS $(counted)" "0 0 on 0, 0 routes, 0 records" "$GENERATION: V4: stop with 130 of which 128 are recorded"
}

generations=(4.11 9)
[ -z "${GUESTARP_ADDRESSES:-}" ] || generations=(3.0 4.11 7 9)
for generation in $(wanted_generations "${generations[@]}"); do
    node_new "$generation" - "$generation"
    # Nobody listens here, and its time is not what this is about.
    ln -sf /bin/true "$ROOT/usr/sbin/arpsend"
    venet_ready
    node_setup
    policy '{"defaults": {"announce": 0}}'
    refused 130
    [ -z "${GUESTARP_ADDRESSES:-}" ] || refused "$GUESTARP_ADDRESSES"
    [ "$generation" != 4.11 ] || more_later
    node_end
done
done_testing
