#!/bin/bash
# What the administrator is told of guestarp-watch: that it runs, since when, what it has done; or that it does not.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
require jq

topo_multi
# An IPv6 address that goes with its device is news that concerns every guest.
ip -6 addr flush dev eth3
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,firewall=1,hwaddr=$(guest_mac 101 0),ip=192.168.18.101/32,type=veth"
ip link add veth101i0 type veth peer name peer101
ip link set veth101i0 up
sysctl -q -w net.ipv4.conf.eth3.forwarding=1 net.ipv4.neigh.eth3.proxy_delay=0

policy '{"guests": {"101": {"device": "eth3"}}}'

found_watch() { # yes|no DESC
    findings
    case " $FOUND " in
    *" watch-not-running "*) is yes "$1" "$2" ;;
    *) is no "$1" "$2" ;;
    esac
}

told() { # JQ-FILTER WANTED DESC
    admin status --json
    printf '%s\n' "$OUT" >"$TMP/status.json"
    is "$(jq -r "$1" "$TMP/status.json")" "$2" "$3"
    schema ok "$3: the schema holds" status "$TMP/status.json"
}

found_watch no "no systemd: nothing is said of it"
mkdir -p "$ROOT/run/systemd/system"
found_watch yes "systemd could run it, and a guest is managed: check says that it does not"
admin check --json
is "$(jq -r '.findings[] | select(.id == "watch-not-running").fix' <<<"$OUT")" "systemctl start guestarp-watch.service" "and the command"
admin status
like "$OUT" "guestarp-watch +!! +does not run" "status says so"
told .watch null "JSON says so"

watch_start
found_watch no "it runs: check has nothing to say of it"
begun=$(date +%s)
told '.watch.since <= '"$begun"' and .watch.since >= '"$((begun - 60))" true "JSON says since when"
told .watch.last.what all "and that it has looked at every guest"
like "$(admin status && echo "$OUT")" "guestarp-watch +ok +since $(date -d "@$(jq .watch.since "$TMP/status.json")" '+%Y-%m-%d %H:%M:%S'), [0-9]+ events" "and so does status, in local time"
ip link set eth3 down
ip link set eth3 up
seen() { admin status --json; jq -e '.watch.last.what == "pve/101" and .watch.events > 0 and .watch.last.microseconds > 0' <<<"$OUT" >/dev/null; }
(pve_exec 101 post-start) </dev/null 2>/dev/null
ip link set eth3 down
ip link set eth3 up
ok "its device flaps: the guest is what it has looked at last" wait_for seen
STATUS=0
GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp-watch" </dev/null >"$TMP/second.out" 2>&1 || STATUS=$?
is "$STATUS $(<"$TMP/second.out")" "1 guestarp: watch: another guestarp-watch runs" "a second one ends"
seen_running() { admin status --json; jq -e ".watch != null" <<<"$OUT" >/dev/null; }
# What it says of itself may come in between.
wait_for rm -rf "$ROOT/run/guestarp"
wait_for test -e "$ROOT/run/guestarp/lock"
ok "somebody has cleared its directory: it runs, and says so" wait_for seen_running
kill -KILL $WATCH_PID
wait $WATCH_PID 2>/dev/null || true
found_watch yes "it was killed: check says so"
told .watch null "and status"
watch_start
found_watch no "it is started again"
watch_stop
is "$STATUS" 0 "and ended"

# ---- what systemd hears ------------------------------------------------------------------------------------------------------

perl -MIO::Socket::UNIX -MSocket -e '$| = 1; my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die "$!\n";
    print "$_\n" while defined $socket->recv($_, 999)' "$TMP/notify" >"$TMP/notified" &
listener=$!
wait_for test -S "$TMP/notify"
heard() { paste -s -d ' ' "$TMP/notified"; }
has_heard() { [ "$(heard)" = "$1" ]; }
ip link del veth101i0
(pve_exec 101 post-stop) </dev/null 2>/dev/null
NOTIFY_SOCKET=$TMP/notify watch_start
is "$(heard)" "READY=1" "nobody runs: systemd hears that it is ready, and waits for nothing else"
ip link add veth101i0 type veth peer name peer101
ip link set veth101i0 up
(pve_exec 101 post-start) </dev/null 2>/dev/null
wait_for has_heard "READY=1 WATCHDOG_USEC=300000000 WATCHDOG=1" || true
is "$(heard)" "READY=1 WATCHDOG_USEC=300000000 WATCHDOG=1" "a guest runs: it is to be alive from now on, and is"
ip link del veth101i0
(pve_exec 101 post-stop) </dev/null 2>/dev/null
wait_for has_heard "READY=1 WATCHDOG_USEC=300000000 WATCHDOG=1 WATCHDOG_USEC=0" || true
is "$(heard)" "READY=1 WATCHDOG_USEC=300000000 WATCHDOG=1 WATCHDOG_USEC=0" "it stops: nobody waits for a sign of life"
watch_stop
kill $listener
wait $listener 2>/dev/null || true
find "$ROOT/etc/pve/lxc/" -name '*.conf' -delete
policy '{}'
found_watch no "no guest is managed: nobody misses it"

done_testing
