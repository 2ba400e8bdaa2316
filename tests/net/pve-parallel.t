#!/bin/bash
# Twenty hooks for twenty guests at once end with exactly the twenty guests' settings; so do twenty for one guest.

. "$(dirname "$0")/../lib.sh" || exit
require jq

topo_multi
ip link add vmbr0 address 02:00:00:00:00:b0 type bridge
ip link set vmbr0 up
ip addr add 10.20.0.1/24 dev vmbr0

guests=$(seq 201 220)
want4='' want6=''
for vmid in $guests; do
    ct_start "$vmid" 0 vmbr0 "10.20.0.$((vmid - 100))/24"
    for dev in eth0 eth3 eth4; do ip neigh add proxy "192.168.18.$vmid" dev "$dev"; done
    ip neigh del proxy "192.168.18.$vmid" dev eth$((vmid % 2 ? 3 : 4))
    guest_conf "$vmid" lxc \
        "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.18.$vmid/32,ip6=2001:db8:18::$vmid/128,type=veth"
    want4+="192.168.18.$vmid eth$((vmid % 2 ? 3 : 4)), "
    want6+="2001:db8:18::$vmid eth$((vmid % 2 ? 3 : 4)), "
done
# Odd guests on eth3, even ones on eth4; the administrator's own entry belongs to nobody.
policy "$(for vmid in $guests; do
    jq -n --arg vmid "$vmid" --arg device "eth$((vmid % 2 ? 3 : 4))" '{($vmid): {device: $device}}'
done | jq -s '{defaults: {announce: 1}, guests: add}')"
ip neigh add proxy 192.168.18.99 dev eth3
ct_start 300 0 vmbr0 10.20.0.250/24

at_once() { # PHASE VMID...: all of them together; sets FAILED to the guests whose hook failed
    local phase=$1 vmid i=0
    local -a pids=()
    shift
    FAILED=''
    for vmid; do
        i=$((i + 1))
        (pve_exec "$vmid" "$phase") </dev/null >"$TMP/at-once.$i.$vmid" 2>&1 &
        pids+=($!)
    done
    i=0
    for vmid; do
        i=$((i + 1))
        wait "${pids[i - 1]}" || FAILED+="$vmid ($?: $(<"$TMP/at-once.$i.$vmid")) "
    done
}

unquiet() { # the guests whose fwbr is not quiet
    local vmid
    for vmid in $guests; do
        if ! has_flag "fwbr${vmid}i0" NOARP || [ "$(arp_value "fwbr${vmid}i0" arp_ignore)" != 1 ]; then echo "$vmid"; fi
    done
}

records() {
    find "$ROOT/run/guestarp" -name '*.json' -printf '%f\n' | sort | paste -s -d ' '
}

expected() { # "address device, " list
    printf '%s' "$1" | sed 's/, $//; s/, /\n/g' | sort | paste -s -d ',' | sed 's/,/, /g'
}

all_values() {
    grep -r . /proc/sys/net/ipv4/conf/{all,default,fwbr300i0}/ | sort
}

untouched=$(all_values)

for round in 1 2; do
    # shellcheck disable=SC2086
    at_once pre-start $guests
    is "$FAILED" "" "round $round: twenty pre-start at once succeed"
    # shellcheck disable=SC2086
    at_once post-start $guests
    is "$FAILED" "" "round $round: twenty post-start at once succeed"
    is "$(proxies 4)" "$(expected "192.168.18.99 eth3, $want4")" "round $round: exactly the twenty IPv4 entries and the administrator's"
    is "$(proxies 6)" "$(expected "$want6")" "round $round: exactly the twenty IPv6 entries"
    is "$(unquiet)" "" "round $round: all twenty fwbr are quiet"
    not_ok "round $round: a guest without a hook keeps its fwbr as it was" has_flag fwbr300i0 NOARP
    is "$(all_values)" "$untouched" "round $round: all, default and the other guest's fwbr are untouched"
    is "$(records)" "$(for vmid in $guests; do echo "pve-$vmid.json"; done | sort | paste -s -d ' ')" "round $round: twenty records"
    bad=0
    for vmid in $guests; do jq -e . "$ROOT/run/guestarp/pve-$vmid.json" >/dev/null 2>&1 || bad=$((bad + 1)); done
    is "$bad" 0 "round $round: each record is whole JSON"
    is "$(stat -c %a "$ROOT/run/guestarp")" 700 "round $round: the records' folder is 0700"
    # shellcheck disable=SC2086
    at_once post-stop $guests
    is "$FAILED" "" "round $round: twenty post-stop at once succeed"
    is "$(proxies 4)" "192.168.18.99 eth3" "round $round: the administrator's entry alone is left"
    is "$(proxies 6)" "" "round $round: no IPv6 entry is left"
    is "$(records)" "" "round $round: no record is left"
done

# A guest's own hooks can meet as well: its start hook, guestarp-watch and the administrator report the same thing.
many=$(for i in $(seq 20); do echo 201; done)
# shellcheck disable=SC2086
at_once post-start $many
is "$FAILED" "" "twenty post-start of one guest succeed"
is "$(proxies 4)" "192.168.18.201 eth3, 192.168.18.99 eth3" "and leave its one entry"
pve_ok 201 post-stop
is "$(proxies 4)" "192.168.18.99 eth3" "which one post-stop takes away"

# Half of the guests come while the other half goes.
odd=$(for vmid in $guests; do [ $((vmid % 2)) = 0 ] || echo "$vmid"; done)
even=$(for vmid in $guests; do [ $((vmid % 2)) = 1 ] || echo "$vmid"; done)
# shellcheck disable=SC2086
at_once post-start $odd
is "$FAILED" "" "ten guests up"
# shellcheck disable=SC2086
at_once post-stop $odd &
stopping=$!
# shellcheck disable=SC2086
at_once post-start $even
is "$FAILED" "" "ten other guests up while the first ten go"
wait $stopping
is "$(proxies 4)" "$(expected "192.168.18.99 eth3, $(for vmid in $even; do printf '192.168.18.%s eth4, ' "$vmid"; done)")" \
    "exactly the second ten are left"

done_testing
