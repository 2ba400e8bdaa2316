#!/bin/bash
# load.t with guestarp-watch beside the hooks: a third of the starts and stops of Proxmox VE's containers are told to no hook, and
# nobody calls sync. In the end the kernel is as the model says.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require perl nft
export TMP GUESTARP_WATCHED=1
exec perl -I"$TESTS_DIR" -I"$TESTS_DIR/fault" "$TESTS_DIR/fault/load.pl" "$ROOT"
