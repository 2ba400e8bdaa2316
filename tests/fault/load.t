#!/bin/bash
# 64 guests' events at once; then random events (GUESTARP_EVENTS, 1,500 unless GUESTARP_FAULT_FULL=1, then 10,000) of 64 guests by
# four processes: at the end the kernel is as a model says, no event failed or waited longer than a stated bound, and no process
# or file is left. The seed is printed; GUESTARP_SEED repeats it.

. "$(dirname "$0")/../lib.sh"
require perl nft
export TMP
exec perl -I"$TESTS_DIR" -I"$TESTS_DIR/fault" "$TESTS_DIR/fault/load.pl" "$ROOT"
