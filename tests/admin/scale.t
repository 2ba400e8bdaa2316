#!/bin/bash
# Looking at a host with 60 guests costs a small multiple of looking at its links, and twice the guests twice as much.
# tests/admin/scale measures 1,000.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/lib-admin.sh"
. "$(dirname "$0")/lib-scale.sh"
require jq strace

# How often a command asks the kernel, which no load on the machine changes.
questions() { # WORD...
    GUESTARP_ROOT=$ROOT strace -f -qq -e trace=sendto,sendmsg,recvmsg,openat -o "$TMP/strace" "$GUESTARP_BUILD/guestarp" "$@" >/dev/null 2>&1 || true
    wc -l <"$TMP/strace"
}

# Wall time is other people's as well, so it has three tries.
fast_enough() { # WORD
    local try link took
    for try in 1 2 3; do
        link=$(fastest 3 0 ip -j link)
        took=$(fastest 3 0 guestarp_here "$1")
        echo "try $try: $took us, ip -j link $link us"
        [ "$took" -ge $((link * 40)) ] || return 0
    done
    return 1
}

scale_host
scale_guests 1000 30
declare -A few=()
for word in check status sync; do few[$word]=$(questions $word); done
scale_guests 1030 30
for word in check status; do
    ok "60 guests: $word takes under 40 times ip -j link" fast_enough "$word"
done
for word in check status sync; do
    many=$(questions $word)
    ok "$word: twice the guests, at most twice the questions (${few[$word]}, then $many)" test "$many" -le $((${few[$word]} * 2 + 20))
done
healthy "60 guests"
admin status --json
is "$(jq '.guests | length' <<<"$OUT")" 60 "status has all of them"
done_testing
