#!/bin/bash
# Every program's words: --help and --version, calls that are wrong, and words that are not for it. None of them changes
# anything, writes a record or keeps its caller waiting.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require ip jq

MANUALS=$TESTS_DIR/../packaging/man

# A container that all of them would have something to do for.
topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
ct_start 101 0 vmbr0 192.168.0.101/24
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.101/24,type=veth"

state() {
    ip -j -d link | jq -c '[.[] | [.ifname, .address, .flags]]'
    ip -4 neigh show proxy
    ip -6 neigh show proxy
    grep -rs . /proc/sys/net/ipv4/conf
    find "$ROOT" -type f | sort
}
before=$(state)

read -ra wrap <<<"$GUESTARP_WRAP"

call() { # PROGRAM [NAME=VALUE...] -- WORD...: sets STATUS, OUT and ERR
    local program=$1
    local -a environment=()
    shift
    while [ "$1" != -- ]; do
        environment+=("$1")
        shift
    done
    shift
    STATUS=0
    env -i PATH="$PATH" "GUESTARP_ROOT=$ROOT" ${environment[@]+"${environment[@]}"} timeout 60 \
        ${wrap[@]+"${wrap[@]}"} "$GUESTARP_BUILD/$program" "$@" \
        </dev/null >"$TMP/out" 2>"$TMP/err" || STATUS=$?
    OUT=$(<"$TMP/out")
    ERR=$(<"$TMP/err")
}

# ---- help and version -----------------------------------------------------------------------------------------------------

version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$TESTS_DIR/../packaging/debian/changelog")
for file in "$MANUALS"/*.8; do
    program=$(basename "$file" .8)
    call "$program" -- --version
    is "$STATUS/$OUT/$ERR" "0/guestarp $version/" "$program --version"
    call "$program" -- --help
    like "$STATUS/$ERR/$OUT" "^0//usage: $program " "$program --help says how it is called"
    is "$(tail -n 1 <<<"$OUT")" "guestarp $version, $program(8)" "$program --help names version and manual"
    is "$(awk 'length($0) > 80' <<<"$OUT")" "" "$program --help: no line over 80 columns"
    mapfile -t explained < <(sed -n 's/^  \([a-zA-Z][^ ,]*\).*/\1/p' <<<"$OUT")
    ok "$program --help: there are words to explain (${#explained[@]})" test "${#explained[@]}" -ge 2
    for word in "${explained[@]}"; do
        ok "$program $word: the manual has it" grep -qwF -- "${word#lxc.hook.}" "$MANUALS/$program.8"
    done
done

# ---- wrongly called ---------------------------------------------------------------------------------------------------------

wrong() { # PROGRAM USAGE [NAME=VALUE...] -- WORD...
    local program=$1 usage=$2
    shift 2
    call "$program" "$@"
    is "$STATUS/$OUT/$ERR" "2//guestarp: $usage (see --help)" "$program, called with: $*"
}

usage="usage: guestarp-lxc CONTAINER lxc HOOK"
wrong guestarp-lxc "$usage" --
wrong guestarp-lxc "$usage" -- 101
wrong guestarp-lxc "$usage" -- 101 lxc
wrong guestarp-lxc "$usage" -- '' lxc start-host
wrong guestarp-lxc "$usage" -- 101 lxc ''
wrong guestarp-lxc "$usage" LXC_NAME=101 --
wrong guestarp-lxc "$usage" LXC_HOOK_TYPE=start-host --
wrong guestarp-lxc "$usage" LXC_NAME=101 LXC_HOOK_TYPE=start-host -- 101

usage="usage: guestarp-watch [--foreground]"
wrong guestarp-watch "$usage" -- eth3
wrong guestarp-watch "$usage" -- --foreground eth3

usage="vznet-custom: called with no role that it knows"
wrong vznet-custom "$usage" --
wrong vznet-custom "$usage" -- frobnicate
wrong vznet-custom "$usage" -- init veth
wrong vznet-custom "$usage" -- addif veth101.0

is "$(state)" "$before" "nothing of all that changed anything"

# ---- not for it -----------------------------------------------------------------------------------------------------

silent() { # PROGRAM [NAME=VALUE...] -- WORD...
    call "$@"
    is "$STATUS/$OUT/$ERR" "0//" "nothing to do: $*"
}

silent guestarp-lxc -- 101 lxc pre-mount
silent guestarp-lxc LXC_NAME=101 LXC_HOOK_TYPE=autodev --
is "$(state)" "$before" "nor did any of these"

# The same calls do something when they are right: what is compared can change.
call guestarp-lxc -- 101 lxc start-host
is "$STATUS" 0 "guestarp-lxc 101 lxc start-host"
isnt "$(state)" "$before" "that did something"

done_testing
