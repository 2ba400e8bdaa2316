# shellcheck shell=bash
# Hosts with many guests, and what looking at them costs. Source it behind lib-admin.sh.

# N running containers more, each with four links on the host, as Proxmox VE makes them; applied and healthy.
scale_guests() { # FIRST-VMID N
    local id
    for ((id = $1; id < $1 + $2; id++)); do
        printf '%s\n' "link add fwbr${id}i0 type bridge" "link set fwbr${id}i0 arp off up" \
            "link add fwln${id}i0 type veth peer name fwpr${id}p0" \
            "link set fwpr${id}p0 master vmbr0 up" "link set fwln${id}i0 master fwbr${id}i0 up" \
            "link add veth${id}i0 type veth peer name g${id} netns guests" "link set veth${id}i0 master fwbr${id}i0 up"
        printf 'hookscript: local:snippets/guestarp\nnet0: name=eth0,bridge=vmbr0,firewall=1,ip=10.%d.%d.2/24,type=veth\n' \
            $((id / 256)) $((id % 256)) >"$ROOT/etc/pve/lxc/$id.conf"
    done >"$TMP/batch"
    ip -batch "$TMP/batch"
    guestarp_here apply --all 2>/dev/null
}

scale_host() {
    sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
    ns_add guests
    bridge_host
    install_hook
}

# The fastest of N runs in microseconds: what else runs here only ever adds to it. The exit status must be as wanted.
fastest() { # N WANTED-STATUS COMMAND...
    local n=$1 want=$2 best=0 i begun took status
    shift 2
    for ((i = 0; i < n; i++)); do
        begun=${EPOCHREALTIME/./}
        status=0
        "$@" >/dev/null 2>&1 || status=$?
        took=$((${EPOCHREALTIME/./} - begun))
        [ "$status" = "$want" ] || {
            diag "$*: status $status, want $want"
            return 1
        }
        [ "$best" -gt 0 ] && [ "$best" -le "$took" ] || best=$took
    done
    echo "$best"
}

guestarp_here() {
    GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" "$@"
}

# The most memory that a run had, in KiB. GNU time is a small process: what it was before exec does not count as the program's.
peak() { # WORD...
    GUESTARP_ROOT=$ROOT /usr/bin/time -f %M -o "$TMP/peak" "$GUESTARP_BUILD/guestarp" "$@" >/dev/null 2>&1 || true
    tail -n 1 "$TMP/peak"
}
