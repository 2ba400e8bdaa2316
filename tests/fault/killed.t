#!/bin/bash
# Each program is killed at every system call of each event; the next ordinary event, or `guestarp sync`, makes the kernel,
# the record and all files exactly what they would be. The main events at every tenth call, the others at every fortieth, at
# others from run to run (GUESTARP_SEED=N repeats one); GUESTARP_FAULT_FULL=1: at all of them, and by every event that repairs.
#
#   tests/fault/killed.t [SCENARIO [POINT]]   those whose names match, at the points that match, such as 'pve post-start$' 'sendmsg 9 '

. "$(dirname "$0")/../lib.sh"
require strace perl nft
export TMP
exec perl -I"$TESTS_DIR" -I"$TESTS_DIR/fault" "$TESTS_DIR/fault/killed.pl" "$ROOT" "$@"
