#!/bin/bash
# An event that looks on (sync, the administrator's command) sees a guest run, or gone, and right before each of its
# requests the guest stops, or starts. In the end the kernel, the record and all files are as the guest's own event left them.
# Every fourteenth request, other ones from run to run (GUESTARP_SEED=N repeats one); GUESTARP_FAULT_FULL=1: all.
#
#   tests/fault/meanwhile.t [SCENARIO [POINT]]   those whose names match, at the points that match, such as sync 'request 9$'

. "$(dirname "$0")/../lib.sh"
require perl cc nft
if grep -q __asan_init "$GUESTARP_BUILD/guestarp-pve"; then skip_all "the sanitizer has to be loaded first"; fi
export TMP FAULT_SHIM=$TMP/shim.so
cc -std=gnu11 -D_GNU_SOURCE -O1 -fPIC -shared -o "$FAULT_SHIM" "$TESTS_DIR/fault/shim.c" || skip_all "no shim"
exec perl -I"$TESTS_DIR" -I"$TESTS_DIR/fault" "$TESTS_DIR/fault/meanwhile.pl" "$ROOT" "$@"
