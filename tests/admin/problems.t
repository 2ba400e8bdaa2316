#!/bin/bash
# The three problems as a new user has them, without policy, hookscript or record: `guestarp check --probe` names each, in words
# for somebody who never heard of ARP flux, and what it prints repairs them.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/lib-admin.sh"
. "$(dirname "$0")/lib-pve.sh"
require jq arping tcpdump

true_paths

# Guests as Proxmox VE has them by itself: guestarp is not installed in any way.
plain_conf() { # VMID LINE...
    local vmid=$1
    shift
    printf '%s\n' "$@" >"$ROOT/etc/pve/lxc/$vmid.conf"
}

nothing_configured() {
    [ -z "$(ls -A "$ROOT/etc/guestarp")" ] && [ ! -e "$ROOT/etc/pve/guestarp.json" ] && [ ! -e "$ROOT/run/guestarp" ] &&
        ! grep -qs hookscript "$ROOT"/etc/pve/lxc/*.conf
}

# Runs what is printed for the first finding until nothing is found; prints how many commands that took.
fix_all() {
    local n=0
    while [ $n -lt 20 ]; do
        findings --probe
        [ -n "$FOUND" ] || break
        as_printed "$(finding 0 fix)" || return 1
        n=$((n + 1))
    done
    echo $n
}

# What a reader needs: no finding without a meaning and a command, and no word of the trade that is not explained.
readable() { # DESC
    is "$(jq '[.findings[] | select((.what | length) < 20 or (.meaning | length) < 20 or .fix == null)] | length' "$TMP/admin.out")" 0 \
        "$1: every finding has words and a command"
}

# ---- P1, P3: Proxmox VE's firewall bridge, and its bridge's MAC ------------------------------------------------------------

for rp_filter in 0 2; do
    fresh_host
    sysctl -q -w "net.ipv4.conf.all.rp_filter=$rp_filter"
    topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
    ct_start 101 0 vmbr0 192.168.0.101/24 02:00:00:00:00:07
    ct_start 102 0 vmbr0 192.168.0.102/24 02:00:00:00:00:09
    plain_conf 101 "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.101/24,type=veth"
    plain_conf 102 "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.102/24,type=veth"
    ok "rp_filter $rp_filter: nothing is configured" nothing_configured
    findings --probe
    is "$(tr ' ' '\n' <<<"$FOUND" | sort | paste -s -d ' ')" "bridge-answers mac-floats" "rp_filter $rp_filter: both problems, no more"
    readable "rp_filter $rp_filter"
    is "$(jq -r '[.findings[] | select(.id == "bridge-answers") | .devices[]] | sort | join(" ")' "$TMP/admin.out")" "fwbr101i0 fwbr102i0" \
        "rp_filter $rp_filter: each firewall bridge is named"
    like "$(jq -r '.findings[] | select(.id == "mac-floats") | .what' "$TMP/admin.out")" "vmbr0 .*fwpr101p0 .*guest pve/101" \
        "rp_filter $rp_filter: the bridge, the port and the guest whose stop changes its MAC are named"
    is "$(jq -r '.findings[] | select(.id == "bridge-answers") | .seen' "$TMP/admin.out" | sort)" \
        "asked on vmbr0 for 192.168.0.1 of this host, fwbr101i0 answered; 1 more seen" "rp_filter $rp_filter: seen on the wire"
    admin check --probe
    like "$OUT" "learn the wrong hardware address \(MAC\)" "rp_filter $rp_filter: what it means"
    like "$OUT" "permanent: guestarp manage pve/101 pve/102" "rp_filter $rp_filter: how it stays so"
    is "$(fix_all)" 2 "rp_filter $rp_filter: two commands as printed end it"
    healthy "rp_filter $rp_filter: after that" --probe
    capture after ct101 eth0
    ask ct101 eth0 192.168.0.1
    dad_probe ct101 eth0 192.168.0.1 || true
    fence ct101 after
    capture_stop after
    answered_by after 192.168.0.1 vmbr0 "rp_filter $rp_filter: the real bridge alone answers"
    is "$(mac - vmbr0)" "$UPLINK_MAC" "rp_filter $rp_filter: with the network card's MAC"
    ct_stop 101 0
    is "$(mac - vmbr0)" "$UPLINK_MAC" "rp_filter $rp_filter: also when the guest has stopped"
done

# Permanently, as it says there.
fresh_host
stand_ins
install_hook
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
ct_start 101 0 vmbr0 192.168.0.101/24 02:00:00:00:00:07
plain_conf 101 "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.101/24,type=veth"
findings
ok "the permanent command works" as_printed "$(jq -r '[.findings[] | select(.id == "bridge-answers")][0].permanent' "$TMP/admin.out")"
ct_stop 101 0
pve_ok 101 pre-start
ct_start 101 0 vmbr0 192.168.0.101/24 02:00:00:00:00:07
pve_ok 101 post-start
healthy "after the guest's next start" --probe

# ---- P2: proxied guests on a host with several cards in one subnet ------------------------------------------------------------

fresh_host
topo_multi
routed_guest 101 192.168.18.101
plain_conf 101 "net0: name=eth0,bridge=vmbr9,ip=192.168.18.101/32,type=veth"
for dev in eth0 eth3 eth4; do ip neigh add proxy 192.168.18.101 dev $dev; done
ok "several cards: nothing is configured" nothing_configured
findings --probe
is "$(tr ' ' '\n' <<<"$FOUND" | sort -u | paste -s -d ' ')" "host-flux proxy-many" "several cards: both sides of the problem, no more"
readable "several cards"
is "$(jq -r '[.findings[] | select(.id == "host-flux") | .devices[]] | sort | join(" ")' "$TMP/admin.out")" "eth0 eth3 eth4" "each card is named"
like "$(jq -r '.findings[] | select(.id == "host-flux") | .seen' "$TMP/admin.out")" "answered; 2 more seen$" "each was seen answering for another"
like "$(jq -r '.findings[] | select(.id == "proxy-many") | .what' "$TMP/admin.out")" "192.168.18.101 \(guest pve/101\) .* 3 network cards: eth0, eth3, eth4" "the guest and its cards are named"
isnt "$(fix_all)" 20 "the commands as printed repair it"
healthy "several cards: after that" --probe
for address in 192.168.18.10 192.168.18.13 192.168.18.14 192.168.18.101; do
    capture after client eth0
    ask client eth0 "$address"
    fence client after
    capture_stop after
    is "$(answerers after "$address" | wc -w)" 1 "$address: one card answers"
done

# The wire is asked within a second or two whatever there is, and with a bounded number of frames.
fresh_host
bridge_host
for ((i = 100; i < 220; i++)); do
    plain_conf "$i" "net0: name=eth0,bridge=vmbr0,ip=192.168.0.$i/24,type=veth"
done
capture bounded outside eth0
begun=$(date +%s%N)
findings --probe
took=$((($(date +%s%N) - begun) / 1000000))
fence outside bounded
capture_stop bounded
ok "120 guests' addresses: under five seconds ($took ms)" test "$took" -lt 5000
ok "at least one question for each of 64 addresses, and at most 400 frames ($(captured_count bounded))" \
    test "$(captured_count bounded)" -ge 64 -a "$(captured_count bounded)" -le 400

done_testing
