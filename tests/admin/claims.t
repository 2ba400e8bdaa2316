#!/bin/bash
# Whose an address is: status says it of each guest, check says who else in the cluster has it, and no command that either
# prints takes an address from a guest that is reached. The client's ping is the witness.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq tcpdump

true_paths
install_hook
twin=192.168.18.101

reached() { # DESC
    ip -n client neigh flush to $twin dev eth0
    ok "$1" in_ns client ping -q -c 1 -W 2 $twin
}

claim_is() { # GUEST OWNER GRANTED DESC: what status --json says of its one address
    admin status --json "$1"
    schema ok "status --json $1 is as its schema says" status "$TMP/admin.out"
    is "$(jq -r '.guests[] | .claims[] | "\(.address) \(.owner) \(.granted)"' <<<"$OUT")" "$twin $2 $3" "$4"
}

# All that check prints, as it is printed.
all_printed() {
    local command
    while read -r command; do
        [ -z "$command" ] || as_printed "$command" || true
    done < <(jq -r '.findings[].fix // ""' <<<"$OUT")
}

routed_conf() { # VMID ADDRESS [NODE] [BRIDGE]
    printf '%s\n' "hookscript: local:snippets/guestarp" "net0: name=eth0,bridge=${4:-vmbr9},ip=$2/32,type=veth" \
        >"$ROOT/etc/pve/nodes/${3:-pve1}/lxc/$1.conf"
}

# Older kernels rename only what is down.
rename() { # FROM TO
    ip link set dev "$1" down
    ip link set dev "$1" name "$2" up
}

multi_host
routed_guest 101 $twin
routed_conf 101 $twin
policy '{"defaults": {"announce": 0, "device": "eth3"}, "guests": {"200-299": {"device": "eth4"}}}'
pve_ok 101 pre-start
pve_ok 101 post-start
reached "101 runs: the client reaches it"
claim_is 101 pve/101 true "status --json: it owns its address"
admin_is 0 "status 101" status 101
like "$OUT" "owns: $twin" "status: it owns its address"
healthy "one guest with the address"

# ---- a clone that is not started ------------------------------------------------------------------------------------------

routed_conf 201 $twin
names_made 201
claim_is 201 pve/101 false "a clone, stopped: the address is 101's"
admin_is 0 "a stopped guest's address that another has is nothing wrong with this one" status 201
like "$OUT" "wants: $twin is pve/101's, which runs" "status says whose it is"
admin_is 0 "plan 201" plan 201
like "$OUT" "note: $twin is pve/101's, which runs" "plan says so, too"
unlike "$OUT" "proxy entry for $twin" "and plans nothing for it"
findings
is "$FOUND" "address-twice" "check: found, and nothing else"
schema ok "check --json is as its schema says" check "$TMP/admin.out"
is "$(finding 0 what)" "$twin is also in the configuration of pve/201; pve/101 runs and has it." "it says who has it, and who else"
is "$(finding 0 guests)/$(finding 0 fix)" "pve/101/" "of the guest that has it, with no command"
reached "the client reaches 101"

# ---- it runs --------------------------------------------------------------------------------------------------------------

ip link add veth201i0 type veth peer name peer201
pve_ok 201 post-start
claim_is 201 pve/101 false "the clone runs: the address is 101's all the same"
admin_is 1 "now status has found something" status 201
unlike "$OUT" "missing:" "nothing is said to be missing that no command may make"
findings
is "$FOUND" "address-twice" "check: the same finding, and no other"
like "$(finding 0 what)" "also in the configuration of pve/201 \(runs, too\); pve/101 runs and has it" "it says that both run"
reached "the client reaches 101"

# ---- the owner has stopped, and the other one runs ----------------------------------------------------------------------------

# As D7 of the cases: 101 is stopped, 201 runs and is bound.
ip route del $twin/32 dev veth101i0
rename veth101i0 rest101
pve_ok 101 post-stop
claim_is 201 pve/101 false "101 has stopped and 201 runs: the claim rests"
admin status 201
like "$OUT" "wants: $twin is pve/101's, which is stopped; a start or apply[[:space:]]+takes it" "status says what gives it to 201"
rename rest101 port201
ip route add $twin/32 dev port201
admin_is 0 "apply 201, as it says" apply 201
reached "the client reaches 201 now, by eth4"
is "$(proxies 4)" "$twin eth4" "its entry is the only one"
findings
is "$FOUND" "address-twice" "101's configuration has the address, too, and 101 is not said to be gone"
is "$(finding 0 what)" "$twin is also in the configuration of pve/101; pve/201 runs and has it." "it is 201's"
all_printed
reached "with all that check prints done, the client still reaches 201"

# The same without any claim, as on a host that knows no guestarp.
rm -r "$ROOT/run/guestarp"
policy '{}'
sed -i /^hookscript/d "$ROOT"/etc/pve/lxc/*.conf
findings
is "$FOUND" "address-twice" "with no guest managed: the entry is not said to be a stopped guest's"
all_printed
reached "with all that check prints done, the client reaches 201"

# ---- the cluster ------------------------------------------------------------------------------------------------------------

rm "$ROOT"/etc/pve/lxc/101.conf
healthy "101 is destroyed"
mkdir -p "$ROOT"/etc/pve/nodes/pve2/{lxc,qemu-server}
printf 'net0: virtio=02:00:00:00:00:01,bridge=vmbr9\nipconfig0: ip=203.0.113.5/32\n' >"$ROOT/etc/pve/nodes/pve2/qemu-server/301.conf"
healthy "guests of another node with addresses of their own"

# A private address counts where the wire is the same one.
routed_conf 302 $twin pve2 vmbr9
healthy "a private address on another node, and the bridge has no uplink here"
ip link add vmbr9 type bridge
ip link add uplink9 address 02:00:00:00:00:09 type veth peer name far9
ip link set uplink9 master vmbr9
findings
is "$FOUND" "address-twice" "the same on a bridge that leads out"
is "$(finding 0 what)" "$twin is also in the configuration of pve/302 (node pve2); pve/201 runs and has it." "the node is named"
routed_conf 302 $twin pve2 vmbr8
healthy "and on another bridge"

# A public one always does.
ip link add veth202i0 type veth peer name peer202
routed_conf 202 203.0.113.5
sed -i /^hookscript/d "$ROOT/etc/pve/lxc/202.conf"
findings
is "$FOUND" "address-twice" "a public address, on whatever bridge"
is "$(finding 0 what)" "203.0.113.5 is also in the configuration of pve/301 (node pve2); pve/202 runs and has it." "a VM's of another node"
policy '{"defaults": {"shared": ["203.0.113.5"]}}'
healthy "what is shared by policy"
policy '{}'
ip link del veth202i0
healthy "202 is stopped: what is on another node is not known to run"

done_testing
