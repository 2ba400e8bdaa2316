#!/bin/bash
# Random hosts before and after each event of each guest, on the wire: exactly the right MAC answers (law 1), and who
# was reached is reached (law 2, also against the same host without guestarp). Bonds and VLANs are left out, as this
# machine's kernel has none; uml/harm.t has VRFs.
#
#   GUESTARP_SEED=N     other hosts than those of seed 10; GUESTARP_HOST=I that one of them alone
#   GUESTARP_HOSTS=N    how many, default 300 (150 with GUESTARP_SHORT=1)
#   GUESTARP_WORKERS=N  how many at once, default 6: most of the time goes by waiting for the kernel

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require perl cc nft
[ -x "$GUESTARP_BUILD/guestarp" ] || skip_all "no program guestarp"

for program in harm-wire harm-host; do
    cc -std=gnu11 -D_GNU_SOURCE -O2 -o "$TMP/$program" "$TESTS_DIR/net/$program.c" || skip_all "no $program"
done
tap_finished=1
perl "$TESTS_DIR/net/harm.pl" "$TMP/harm-wire" "$TMP/harm-host" "${GUESTARP_WORKERS:-6}" "$@"
