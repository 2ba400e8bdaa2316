#!/bin/bash
# The kernels of OpenVZ's hosts: on each, as the stand-in has it, an event does what it does on a new one, and samples of the
# tests in net, vz and fault pass.

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
sample() { # KERNEL WORD...: a file of tests/ and its arguments
    local kernel=$1 status=0
    shift
    GUESTARP_BUILD=$work/$kernel bash "$OLD_DIR/../$1" "${@:2}" >"$work/out" 2>&1 || status=$?
    ! grep -q '^1\.\.0' "$work/out" || status=1
    report "$status" "$kernel: $*" "$work/out"
}

for kernel in "${OLD_KERNELS[@]}"; do
    old_build "$kernel" "$work/$kernel"
    sample "$kernel" old/event.sh "$kernel"
    sample "$kernel" net/route.t
done
sample 2.6.32 vz/migrate.t
sample 4.9 fault/failing.t 'pve post-start$' '^recv-(late|lost):[1-4]$'
sample 4.18 net/rules.t
echo "1..$count"
exit "$failed"
