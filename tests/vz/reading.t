#!/bin/bash
# V3, V4, V7: files made at random in the grammar of each vzctl generation. vz.c reads what a reader of its own reads.
#
#   GUESTARP_SEED=N     other files; GUESTARP_FILE=I that one of them alone, shown
#   GUESTARP_FILES=N    how many, default 3000

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh" || exit
require perl cc pkg-config
[ -e "$GUESTARP_BUILD/libguestarp.a" ] || skip_all "no libguestarp.a"

# A library with sanitizers needs them in its program.
for sanitizers in '' -fsanitize=address,undefined; do
    # shellcheck disable=SC2046,SC2086 # several words, or none
    cc -std=gnu11 -D_GNU_SOURCE -O2 $sanitizers -I "$TESTS_DIR/../common" $(pkg-config --cflags libnl-3.0) \
        -o "$TMP/reader" "$TESTS_DIR/vz/reader.c" "$GUESTARP_BUILD/libguestarp.a" \
        $(pkg-config --libs libnl-3.0 json-c) 2>"$TMP/cc.log" && break
done
[ -x "$TMP/reader" ] || { diag "$(cat "$TMP/cc.log")"; fail "the reader's program is built"; done_testing; }
# shellcheck disable=SC2034 # lib.sh's
tap_finished=1
perl "$TESTS_DIR/vz/grammar.pl" "$TMP/reader"
