#!/bin/bash
# status as a tree: its lines in UTF-8 and in ASCII, the guests' names, who answers for each address (as the wire has it), the
# summary; that a host with something wrong never reads ok; and colours only where a terminal has them.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq script tcpdump arping strace

true_paths

asked() { # WORD...: "asked N times" of the kernel
    GUESTARP_WRAP="strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -e trace=sendmsg,sendto -o $TMP/asked" admin "$@"
    printf 'asked %s times' "$(grep -cE '(sendmsg|sendto)\(' "$TMP/asked")"
}

status_utf8() { # all guests
    LC_ALL=C.UTF-8 admin status
}

# ---- the tree --------------------------------------------------------------------------------------------------------------

fresh_host
bridge_host
bridged_guest 101
bridged_guest 102
sed -i '1i hostname: web1' "$ROOT/etc/pve/lxc/101.conf"
guest_conf 103 qemu-server "name: db1" "net0: virtio=02:9E:00:00:00:03,bridge=vmbr0"
for id in 101 102; do
    pve_ok $id pre-start
    pve_ok $id post-start
done
status_utf8
is "$STATUS" 0 "all is well"
is "$(sed "1s/^[^ ]* */HOST /; s/  *ok/ ok/; s/  *--/ --/" <<<"$OUT")" "HOST ok
└─ vmbr0 ok  MAC pinned
   ├─ fwbr101i0 ok  quiet by name and by flag
   │  └─ pve/101 web1 ok  running
   │        192.168.0.101 answered by itself on vmbr0
   │        owns: 192.168.0.101
   ├─ fwbr102i0 ok  quiet by name and by flag
   │  └─ pve/102 ok  running
   │        192.168.0.102 answered by itself on vmbr0
   │        owns: 192.168.0.102
   └─ pve/103 db1 --  stopped

3 guests: 2 ok, 1 stopped, 0 with something missing" "the tree"
is "$(wide <<<"$OUT")" "" "in 80 columns"
utf8=$OUT
for locale in C POSIX; do
    LC_ALL=$locale admin status
    is "$OUT" "$(sed 's/├─/|-/g; s/└─/`-/g; s/│/|/g' <<<"$utf8")" "LC_ALL=$locale: the same in ASCII"
done
LC_ALL='' LC_CTYPE=C LANG=C.UTF-8 admin status
unlike "$OUT" "└" "LC_CTYPE counts before LANG"
LC_ALL='' LC_CTYPE='' LANG=C.UTF-8 admin status
is "$OUT" "$utf8" "LANG counts where nothing else does"
admin status --json
schema ok "JSON follows its schema" status "$TMP/admin.out"
is "$(jq -c '[.guests[] | [.guest, .name, [.addresses[] | .address, .answered_by]]]' <<<"$OUT")" \
    '[["pve/101","web1",["192.168.0.101",[]]],["pve/102",null,["192.168.0.102",[]]],["pve/103","db1",[]]]' "it has the names and addresses"
is "$(jq .findings <<<"$OUT")" null "and no findings, as the host was not checked"
jq '.guests[0].addresses[0].answered_by = "eth3"' "$TMP/admin.out" >"$TMP/changed.json"
schema not_ok "the schema refuses another answered_by" status "$TMP/changed.json"

# ---- who answers -----------------------------------------------------------------------------------------------------------

fresh_host
multi_host
multi_guest 101
policy '{"defaults": {"announce": 0}, "guests": {"101": {"device": "eth3"}}}'
# Status, and the wire for the same address.
answered() { # WANT-STATUS-WORDS WANT-ON-THE-WIRE DESC
    admin status 101
    like "$OUT" "192.168.18.101, 2001:db8:18::101 answered by $1(
|$)" "$3: status"
    capture asked client eth0
    ask client eth0 192.168.18.101 || true
    fence client asked
    capture_stop asked
    answered_by asked 192.168.18.101 "$2" "$3: the wire"
}
answered nobody "" "nothing is set"
admin apply 101
answered eth3 eth3 "its device"
ip neigh add proxy 192.168.18.101 dev eth4
ip neigh add proxy 2001:db8:18::101 dev eth4
answered "eth3, eth4" "eth3 eth4" "an entry of somebody's on another device, too"
admin status --json 101
is "$(jq -c '.guests[0].addresses[0]' <<<"$OUT")" '{"address":"192.168.18.101","answered_by":["eth3","eth4"]}' "JSON has both"
ip neigh del proxy 192.168.18.101 dev eth4
ip neigh del proxy 2001:db8:18::101 dev eth4
sysctl -q -w net.ipv4.conf.eth3.forwarding=0
capture asked client eth0
ask client eth0 192.168.18.101 || true
fence client asked
capture_stop asked
answered_by asked 192.168.18.101 "" "an entry on a device that does not forward: the wire"
admin status 101
like "$OUT" "192.168.18.101 answered by nobody" "status"
like "$(tr -s ' \n' ' ' <<<"$OUT")" "eth3 will not answer for 192.168.18.101: " "and why"
like "$OUT" "1 guest: 0 ok, 0 stopped, 1 with something missing" "the summary counts it"
sysctl -q -w net.ipv4.conf.eth3.forwarding=1
ip link del veth101i0
admin status 101
unlike "$OUT" "answered by" "of a guest that does not run nothing is said"

# ---- a host that is not well -----------------------------------------------------------------------------------------------

fresh_host
bridge_host
admin_is 0 "status of a healthy host without guests" status
like "$OUT" " --
" "does not read ok"
like "$OUT" "no guest is managed: guestarp plan --all, then guestarp manage --all" "and says what to do"
admin status --json
is "$(jq .findings <<<"$OUT")" 0 "JSON has the number of findings"
schema ok "and follows its schema" status "$TMP/admin.out"
bridged_guest 101 loud
findings
count=$(wc -w <<<"$FOUND")
ok "check finds something" test "$count" -gt 0
admin_is 1 "status of a host with findings and nothing managed" status
unlike "$OUT" " ok" "does not read ok"
like "$(head -n 1 <<<"$OUT")" " !!" "it is marked"
like "$OUT" "$count findings? on this host: guestarp check" "and counts what check finds"
checked=$(asked check)
like "$checked" "asked [1-9]" "check asks the kernel"
is "$(asked status)" "$checked" "and status no more than that"
admin_is 1 "the same for programs" status --json
is "$(jq .findings <<<"$OUT")" "$count" "JSON has the number"
schema ok "and follows its schema" status "$TMP/admin.out"

# ---- colours ---------------------------------------------------------------------------------------------------------------

escapes() { # ENVIRONMENT WORD...: how many lines have some, on a terminal
    local env=$1
    shift
    GUESTARP_ROOT=$ROOT script -qec "env $env $GUESTARP_BUILD/guestarp $*" /dev/null </dev/null | grep -c $'\x1b' || true
}
for words in status check; do
    isnt "$(escapes TERM=xterm $words)" 0 "$words: a terminal"
    is "$(escapes TERM=dumb $words)" 0 "$words: a dumb terminal"
    is "$(escapes TERM= $words)" 0 "$words: an empty TERM"
    is "$(escapes "-u TERM" $words)" 0 "$words: no TERM"
    is "$(escapes "TERM=xterm NO_COLOR=1" $words)" 0 "$words: NO_COLOR"
done

# ---- as people see them, for the papers ------------------------------------------------------------------------------------

# $GUESTARP_CAPTURES: a directory that gets check, status, plan and help as this host has them.
fresh_host
bridge_host
bridged_guest 101 loud
sed -i '1i hostname: web1' "$ROOT/etc/pve/lxc/101.conf"
guest_conf 102 qemu-server "name: db1" "net0: virtio=02:9E:00:00:00:02,bridge=vmbr0,firewall=1"
sed -i '/^hookscript/d' "$ROOT/etc/pve/qemu-server/102.conf"
mkdir -p "$TMP/captures"
seen() { # NAME WORD...
    local name=$1
    shift
    LC_ALL=C.UTF-8 admin "$@"
    { echo "# guestarp $*" && printf '%s\n' "$OUT"; } | sed "s/^$(hostname) *\( [-o!]\)/pve1                                    \1/" >"$TMP/captures/$name"
    is "$(grep -v '^ *\(fix\|permanent\): ' "$TMP/captures/$name" | wide)" "" "$name: in 80 columns"
}
seen check check
like "$(<"$TMP/captures/check")" " 1\. .*fwbr101i0" "check shows the firewall bridge"
like "$(<"$TMP/captures/check")" "fix: guestarp |fix: " "and a command"
seen plan plan --all
like "$(<"$TMP/captures/plan")" "pve/101 web1 \(not managed yet\)" "plan shows what is to come"
admin manage --all
admin apply --all
seen status status
like "$(<"$TMP/captures/status")" "pve1  *ok
└─ vmbr0 " "status shows that it has"
seen help --help
like "$(<"$TMP/captures/help")" "  manage " "help shows manage"
[ -z "${GUESTARP_CAPTURES:-}" ] || cp "$TMP/captures/"* "$GUESTARP_CAPTURES"

done_testing
