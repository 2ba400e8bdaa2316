#!/bin/bash
# Every command block of the README, the manuals and packaging/doc is run as it is printed, on the host that the block names,
# and does what the text says of it. blocks.pl has how blocks are marked; vznet-custom(8)'s are run by tests/vz.

# shellcheck disable=SC2016 # words of inner shells, and Markdown's own quotes

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq arping tcpdump

true_paths

# ---- the hosts ------------------------------------------------------------------------------------------------------------

bin=$TMP/bin
mkdir -p "$bin"

# The readers' commands. sudo: the test is root. apt and systemctl: there is nothing for them to do here. guestarp: check's and status' 1 is an
# answer and no failure; nobody waits for minutes of listening.
cat >"$bin/sudo" <<'END'
#!/bin/sh
exec "$@"
END
printf '#!/bin/sh\nexit 0\n' >"$bin/apt"
cp "$bin/apt" "$bin/systemctl"
cat >"$bin/guestarp" <<'END'
#!/bin/bash
words=("$@")
for ((i = 0; i < $#; i++)); do
    [ "${words[i]}" != --listen ] || words[i + 1]=1
done
status=0
"$GUESTARP_BUILD/guestarp" "${words[@]}" || status=$?
case ${1:-}/$status in
check/1 | status/1) exit 0 ;;
esac
exit $status
END
chmod +x "$bin"/*
ln -s "$ROOT/usr/sbin/pct" "$ROOT/usr/sbin/qm" "$bin/"

new_host() {
    fresh_host
    stand_ins
    install_hook
}

# One guest behind a firewall bridge that answers.
host_loud() {
    new_host
    bridge_host
    bridged_guest 101 loud
}

# The same, with a bridge whose MAC is that of the guest's port.
host_floating() {
    new_host
    topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
    bridged_guest 101 loud 02:00:00:00:00:07
}

# Managed in both ways: by its hook script, and by a policy for all guests.
host_managed() {
    new_host
    bridge_host
    bridged_guest 101
    admin manage --all
    admin apply --all
}

# A routed guest that nobody manages, with an entry on each of these cards.
routed_host() { # CARD...
    local dev
    new_host
    multi_host
    routed_guest 103 192.168.18.103 2001:db8:18::103
    guest_conf 103 lxc "net0: name=eth0,bridge=vmbr9,ip=192.168.18.103/32,ip6=2001:db8:18::103/128,type=veth"
    sed -i '/^hookscript:/d' "$ROOT/etc/pve/lxc/103.conf"
    for dev; do
        ip neigh add proxy 192.168.18.103 dev "$dev"
        ip -6 neigh add proxy 2001:db8:18::103 dev "$dev"
    done
}

host_routed() {
    routed_host eth0 eth3 eth4
}

# The kernel's own delay.
host_slow() {
    routed_host eth3
    sysctl -q -w net.ipv4.neigh.eth3.proxy_delay=80
}

# One that has a device, which does not forward.
host_silent() {
    host_routed
    admin device 103 eth3
    admin apply 103
    sysctl -q -w net.ipv4.conf.eth3.forwarding=0 net.ipv6.conf.eth3.forwarding=0
}

# A plain container, which does not run.
host_plain() {
    new_host
    multi_host
    mkdir -p "$ROOT/var/lib/lxc/web"
    printf '%s\n' 'lxc.net.0.type = veth' 'lxc.net.0.veth.mode = router' 'lxc.net.0.veth.pair = vethweb' \
        'lxc.net.0.ipv4.address = 192.168.18.107/32' >"$ROOT/var/lib/lxc/web/config"
}

# Several cards in one subnet.
host_cards() {
    new_host
    topo_multi
}

# ---- and what is right on them when the block has been run ----------------------------------------------------------------

after_loud() { # WHERE [WORD]: with a word, it is only quiet
    answered_alone ct101 eth0 192.168.0.1 vmbr0 "$1: the guest has one answer"
    answered_alone outside eth0 192.168.0.1 vmbr0 "$1: and so has the LAN"
    [ -z "${2:-}" ] || return 0
    healthy "$1"
}

after_floating() {
    after_loud "$1"
    is "$(mac - vmbr0)" "$UPLINK_MAC" "$1: the bridge has its network card's MAC"
}

after_routed() {
    answered_alone client eth0 192.168.18.103 eth3 "$1: the chosen card alone answers"
    ok "$1: and the guest is reached" in_ns client ping -q -c 1 -W 2 192.168.18.103
    healthy "$1"
}

after_slow() {
    after_routed "$1"
    is "$(</proc/sys/net/ipv4/neigh/eth3/proxy_delay)" 0 "$1: at once"
}

after_silent() {
    after_routed "$1"
    ok "$1: by IPv6, too" in_ns client ping -q -c 1 -W 2 2001:db8:18::103
}

after_cards() {
    answered_alone client eth0 192.168.18.13 eth3 "$1: each card answers for its own address"
    healthy "$1"
}

after_managed() { # for nobody to find guestarp's hand in anything
    table_is "$1: no name is left" none
    is "$(hookscript 101)" "" "$1: and no hook script"
    is "$(cat "$ROOT"/etc/{guestarp,pve}/guestarp.json 2>/dev/null | grep -c '"\*"' || true)" 0 "$1: and no policy for all guests"
    is "$(find "$ROOT/run/guestarp" -name 'pve-*.json')" "" "$1: and no record"
}

run_block() { # DIRECTORY: as one reader would type it; sets STATUS
    STATUS=0
    GUESTARP_ROOT=$ROOT GUESTARP_BUILD=$GUESTARP_BUILD PATH=$bin:$PATH timeout -k 5 120 \
        bash -eu -o pipefail -c 'cd "$1" && . "$2"' bash "$TMP/here" "$1/text" </dev/null >"$TMP/block.out" 2>&1 || STATUS=$?
}

block() { # DIRECTORY
    local host where text id
    host=$(<"$1/host") where=$(<"$1/where")
    case $host in
    elsewhere=*) return ;;
    esac
    host=${host#host=}
    if ! declare -F "host_${host%-only}" >/dev/null; then
        fail "$where: there is no host $host"
        return
    fi
    "host_${host%-only}"
    for id in $(<"$1/finds"); do
        findings --probe
        like " $FOUND " " $id " "$where: check finds $id there"
    done
    if [ "$(<"$1/kind")" = console ]; then
        # The first line is the command, the rest what it says, on a host with that name.
        text=$(sed '1!d; s/^# //' "$1/text")
        GUESTARP_ROOT=$ROOT PATH=$bin:$PATH LC_ALL=C.UTF-8 unshare --uts bash -c "hostname pve1; $text" \
            </dev/null >"$TMP/block.out" 2>&1 || true
        is "$(<"$TMP/block.out")" "$(sed 1d "$1/text")" "$where: $text prints that"
        is "$(wide <"$TMP/block.out")" "" "$where: in 80 columns"
        [ "${where%:*}" != README.md ] || captures+=("$text")
        return
    fi
    run_block "$1"
    if [ "$STATUS" -ne 0 ]; then
        fail "$where: runs" "status $STATUS: $(<"$1/text")"$'\n'"$(<"$TMP/block.out")"
        return
    fi
    pass "$where: runs"
    # "-only": it looks, and changes nothing.
    [ "$host" != "${host%-only}" ] || "after_$host" "$where"
}

documents=("$TESTS_DIR"/../README.md "$TESTS_DIR"/../packaging/doc/*.md)
for page in "$TESTS_DIR"/../packaging/man/*.[1-8]; do
    [ "${page##*/}" = vznet-custom.8 ] || documents+=("$page")
done
captures=()
mkdir "$TMP/blocks" "$TMP/here"
ok "every block says on which host it runs" "$TESTS_DIR/admin/blocks.pl" "$TMP/blocks" "${documents[@]}"
for directory in "$TMP"/blocks/*; do
    block "$directory"
done

is "$(printf '%s\n' ${captures[@]+"${captures[@]}"} | sort | paste -s -d ,)" "guestarp check --probe,guestarp status" \
    "the README shows check and status"

# A block that runs elsewhere: where it does.
is "$(cat "$TMP"/blocks/*/host | sed -n 's/^elsewhere=//p' | sort -u | paste -s -d ' ')" "ci debian" "the others run in CI and in clean Debian systems"

# ---- the policies that guestarp.json(5) shows -----------------------------------------------------------------------------------

awk -v to="$TMP/policy" '/^\.Bd -literal/ { getline; if (/^[{]/) out = to "." ++n }
    /^\.Ed/ { out = "" }
    out { print >out }' "$TESTS_DIR/../packaging/man/guestarp.json.5"
for text in "$TMP"/policy.*; do
    admin_is 0 "guestarp.json(5)'s policy ${text##*.} has no mistake" policy --check "$text"
done

# ---- the rule that the README offers instead -----------------------------------------------------------------------------------

host_loud
rule=$(sed -n 's/^ *`\(table arp .*\)`$/\1/p' "$TESTS_DIR/../README.md")
ok "the README's nft rule is one: $rule" nft "$rule"
after_loud "the README's nft rule" quiet
nft delete table arp quiet

# ---- the demo's output ------------------------------------------------------------------------------------------------------

# Times, and how many packets were on their way, differ from run to run.
numbers() {
    sed -E 's/[0-9.]+ ms/N ms/g; s/^( *(of these lost|packets that 101 sent) +)[0-9]+ /\1N /; s/ +/ /g'
}

# In namespaces of its own.
if env -u GUESTARP_INSIDE "$TESTS_DIR/demo" >"$TMP/demo.out" 2>&1; then
    pass "the demo runs"
else
    fail "the demo runs" "$(<"$TMP/demo.out")"
fi
for directory in "$TMP"/blocks/*; do
    [ "$(<"$directory/kind") $(<"$directory/host")" != "console elsewhere=debian" ] || sed 1d "$directory/text"
done | numbers >"$TMP/demo.readme"
is "$(grep -cxFf <(numbers <"$TMP/demo.out") "$TMP/demo.readme")" "$(wc -l <"$TMP/demo.readme")" "the README's lines are among the demo's"
ok "and there are some" test -s "$TMP/demo.readme"

done_testing
