#!/bin/bash
# The kernels of OpenVZ's hosts: on each, as the stand-in has it, an event does what it does on a new one, and samples of the
# tests in net, vz and fault pass; with GUESTARP_OLD_FULL=1 (make check-long) more of them, as a whole.
#
#   tests/old/kernels.t [KERNEL...]     these alone

OLD_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
GUESTARP_BUILD=$(realpath -m -- "${GUESTARP_BUILD:-$OLD_DIR/../../build}")
. "$OLD_DIR/lib-old.sh" || exit
if ! old_can_build; then
    echo "1..0 # SKIP the programs cannot be linked with the stand-in"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
failed=0

report() { # STATUS DESC FILE
    if [ "$1" -eq 0 ]; then
        echo "ok $((++count)) - $2"
    else
        echo "not ok $((++count)) - $2"
        failed=1
        grep -A8 '^not ok' "$3" | sed 's/^/# /' >&2
    fi
}

# A test that skips itself proves nothing here.
sample() { # WORD...: a file of tests/ and its arguments
    local status=0
    GUESTARP_BUILD=$work/$kernel bash "$OLD_DIR/../$1" "${@:2}" >"$work/out" 2>&1 || status=$?
    ! grep -q '^1\.\.0' "$work/out" || status=1
    report "$status" "$kernel: $*" "$work/out"
}

# The vzctl of a host with that kernel.
declare -A generations=([2.6.32]="3.0 4.11" [3.10]=7 [3.16]=4.11 [4.9]=4.11 [4.18]=9 [5.14]=9)
net=(route owner)
vz=(migrate)
fault=('failing.t ^vznet-custom.vps-net_(add|del)$')
if [ -n "${GUESTARP_OLD_FULL:-}" ]; then
    net+=(words taken)
    vz+=(events roles setup veth wiki)
    fault=('failing.t ^vznet-custom.' 'killed.t ^vznet-custom.')
fi

[ $# -gt 0 ] || set -- "${OLD_KERNELS[@]}"
for kernel; do
    old_build "$kernel" "$work/$kernel"
    sample old/event.sh "$kernel"
    for file in "${net[@]}"; do sample "net/$file.t"; done
    for generation in ${generations[$kernel]}; do
        for file in "${vz[@]}"; do sample "vz/$file.t" "$generation"; done
    done
    for words in "${fault[@]}"; do sample "fault/${words%% *}" "${words#* }"; done
    # Before, check has its finding on nf_tables everywhere.
    case $kernel in 2.6.32 | 3.10) continue ;; esac
    [ -z "${GUESTARP_OLD_FULL:-}" ] || for file in forwarding probe turns heal; do sample "net/$file.t"; done
    [ "$kernel" != 4.18 ] && [ -z "${GUESTARP_OLD_FULL:-}" ] || sample net/rules.t
done
echo "1..$count"
exit "$failed"
