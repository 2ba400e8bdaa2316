#!/bin/bash
# Random hosts, each asked for every address by everybody on its wires: the library's model says of each question who
# answers it, and the wire is the judge. Bonds, VLANs, VRFs, macvlans and ipvlans are left out, as this machine's kernel
# has none.
#
# Every fourth host is one that check is judged on (Judge.pm).
#
#   GUESTARP_SEED=N     other hosts; GUESTARP_HOST=I that one of them alone
#   GUESTARP_HOSTS=N    how many, default 200
#   GUESTARP_JUDGE=N    check is judged on every Nth, default 4, 0 for none; GUESTARP_JUDGED=1: on all, with no question to the model
#
# The hosts that check is judged on are the same at each run, but for those of another GUESTARP_SEED.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require perl cc nft pkg-config
[ -e "$GUESTARP_BUILD/libguestarp.a" ] || skip_all "no libguestarp.a"
[ "$(id -u)" = 0 ] || skip_all "not root"

cc -std=gnu11 -D_GNU_SOURCE -O2 -o "$TMP/harm-wire" "$TESTS_DIR/net/harm-wire.c" || skip_all "no harm-wire"
# A library with sanitizers needs them in its program.
for sanitizers in '' -fsanitize=address,undefined; do
    # shellcheck disable=SC2046,SC2086 # several words, or none
    cc -std=gnu11 -D_GNU_SOURCE -O2 $sanitizers -I "$TESTS_DIR/../common" $(pkg-config --cflags libnl-3.0) \
        -o "$TMP/answer-model" "$TESTS_DIR/answer/model.c" "$GUESTARP_BUILD/libguestarp.a" \
        $(pkg-config --libs libnl-3.0 json-c) 2>"$TMP/cc.log" && break
done
cc -std=gnu11 -D_GNU_SOURCE -O2 -o "$TMP/reach" "$TESTS_DIR/answer/reach.c" || skip_all "no reach"
[ -x "$TMP/answer-model" ] || { diag "$(cat "$TMP/cc.log")"; fail "the model's program is built"; done_testing; }
tap_finished=1
perl "$TESTS_DIR/answer/random.pl" "$TMP/harm-wire" "$TMP/answer-model" "$TMP/reach" \
    "$GUESTARP_BUILD/guestarp" "$TMP/root"
