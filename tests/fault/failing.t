#!/bin/bash
# Each system call of each event fails in turn, as do allocations and netlink's answers, and devices go or change their names
# between look-up and use. Each time the program ends by itself and in time, with a status that keeps no guest from starting
# unless policy says so, has done all or says what it has not, and leaves what the next ordinary event makes right.
# A sample of that, another one from run to run (GUESTARP_SEED=N repeats one); GUESTARP_FAULT_FULL=1: everything.
#
#   tests/fault/failing.t [SCENARIO [POINT]]   those whose names match, at the points that match, such as 'pve post-start$' '^alloc:9$'

. "$(dirname "$0")/../lib.sh"
require strace perl cc nft
export TMP FAULT_SHIM=$TMP/shim.so
# Memory is the sanitizer's own to give: without the shim, system calls alone fail.
if grep -q __asan_init "$GUESTARP_BUILD/guestarp-pve"; then
    FAULT_SHIM=''
else
    cc -std=gnu11 -D_GNU_SOURCE -O1 -fPIC -shared -o "$FAULT_SHIM" "$TESTS_DIR/fault/shim.c" || skip_all "no shim"
fi
exec perl -I"$TESTS_DIR" -I"$TESTS_DIR/fault" "$TESTS_DIR/fault/failing.pl" "$ROOT" "$@"
