#!/bin/bash
# Each program is killed at every system call of each event; the next ordinary event, or `guestarp sync`, makes the kernel,
# the record and all files exactly what they would be. The main events at every call, the others at every fourth
# (GUESTARP_FAULT_FULL=1: all of them, by every event that mends).

. "$(dirname "$0")/../lib.sh"
require strace perl
export TMP
exec perl -I"$TESTS_DIR/fault" "$TESTS_DIR/fault/killed.pl" "$ROOT" "${@:1:1}"
