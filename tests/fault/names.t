#!/bin/bash
# Forty guests' hooks at once where there is no table of quiet names: one table, its two rules, exactly the forty guests' names.
# The same while policy changes between single guests and every guest, each time with a sync: what the last policy says.
# GUESTARP_FAULT_FULL=1: many times more.

. "$(dirname "$0")/../lib.sh"
require perl nft
export TMP
exec perl -I"$TESTS_DIR" -I"$TESTS_DIR/fault" "$TESTS_DIR/fault/names.pl" "$ROOT"
