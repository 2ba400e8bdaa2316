#!/bin/bash
# Without the rights that it needs, as in somebody's container or under somebody's profile: each program ends well and says what
# the kernel refused, changes nothing, and remembers what it tried; with its rights back the same event makes all of it right.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require ip jq setpriv tcpdump

v4=192.168.18.101 v6=2001:db8:18::101
topo_multi
routed_guest 101 $v4 $v6
guest_conf 101 lxc "net0: name=eth0,bridge=vmbr0,gw=169.254.0.1,ip=$v4/32,ip6=$v6/128,type=veth"
ip route del $v4/32 dev veth101i0

chosen() { # DEVICE
    policy "{\"defaults\": {\"announce\": 1, \"probe\": \"refuse\"}, \"guests\": {\"101\": {\"device\": \"$1\", \"route\": \"veth101i0\"}},
        \"devices\": {\"eth0\": {\"arp_ignore\": 1}}}"
}

without() { # "CAPABILITY..." PROGRAM WORD...: sets STATUS, OUT and ERR
    local -a wrap=()
    local lost=${1// /,-} program=$2
    shift 2
    read -ra wrap <<<"$GUESTARP_WRAP"
    STATUS=0
    GUESTARP_ROOT=$ROOT setpriv --bounding-set "-$lost" --inh-caps "-$lost" timeout 60 ${wrap[@]+"${wrap[@]}"} \
        "$GUESTARP_BUILD/$program" "$@" </dev/null >"$TMP/out" 2>"$TMP/err" || STATUS=$?
    OUT=$(<"$TMP/out")
    ERR=$(<"$TMP/err")
}

state() {
    echo "$(proxies 4) / $(proxies 6) / $(ip -j route show $v4/32 | jq -r '[.[].dev] | join(" ")') / $(arp_value eth0 arp_ignore)"
}

refused() { # WANTED-STATE DESC: by the last call
    is "$STATUS/$OUT $(state)" "0/ $1" "$2: it ends well, and nothing has changed"
    like "$ERR" "^guestarp: [^:]*/101: .*Operation not permitted" "$2: and says what the kernel refused"
}

setpriv --bounding-set -net_admin --inh-caps -net_admin true 2>/dev/null || skip_all "rights cannot be taken away here"

# ---- starting -----------------------------------------------------------------------------------------------------------

none=" /  /  / 0"
bound="$v4 eth3 / $v6 eth3 / veth101i0 / 1"
chosen eth3
without net_admin guestarp-pve 101 pre-start
refused "$none" "pre-start"
without net_admin guestarp-pve 101 post-start
refused "$none" "post-start"
ok "what was tried is recorded" record_exists 101
without net_raw guestarp-pve 101 pre-start
is "$STATUS $(state)" "0  /  /  / 1" "pre-start without packet sockets: the host's device is set, and nobody is refused"
like "$ERR" "eth3: address probe: .*Operation not permitted" "and the probe that could not be made is said"
without net_raw guestarp-pve 101 post-start
is "$STATUS $(state)" "0 $bound" "post-start without packet sockets: entries and route are there"
like "$ERR" "announcement: packet socket: Operation not permitted" "and that nothing was announced is said"

# ---- moving -------------------------------------------------------------------------------------------------------------

chosen eth4
moved="$v4 eth4 / $v6 eth4 / veth101i0 / 1"
without net_admin guestarp-pve 101 post-start
refused "$bound" "a policy that has changed"
pve_ok 101 post-start
is "$(state)" "$moved" "with its rights the entries move"

# ---- stopping -----------------------------------------------------------------------------------------------------------

without net_admin guestarp-pve 101 post-stop
refused "$moved" "post-stop"
ok "the record is kept" record_exists 101
without net_admin guestarp undo 101
is "$STATUS $(state)" "3 $moved" "undo fails"
like "$ERR" "^guestarp: pve/101: undo: .*Operation not permitted" "and says so"
pve_ok 101 post-stop
is "$(state)" " /  /  / 1" "with its rights nothing is left"
not_ok "nor a record" record_exists 101

# ---- looking ----------------------------------------------------------------------------------------------------------------

chosen eth3
without net_raw guestarp check --probe
is "$STATUS/$OUT" "3/" "check --probe: what could not be asked does not pass for right"
like "$ERR" "^guestarp: eth[034]: address probe: packet socket: Operation not permitted" "and why is said"

# ---- OpenVZ: the platform's own work, and what no record knows of -----------------------------------------------------------

mkdir -p "$ROOT/etc/vz/conf"
printf 'GUESTARP_DEVICE="eth3"\nIP_ADDRESS="%s"\n' $v4 >"$ROOT/etc/vz/conf/101.conf"
ip link add veth101.0 type veth peer name inside
VEID=101 without net_admin vznet-custom init veth veth101.0
like "$STATUS/$ERR" "^0/(.*"$'\n'")?guestarp: vz/101: init: veth101\.0 up: Operation not permitted" "a port that cannot be taken up is said"
not_ok "and is down" has_flag veth101.0 UP
ip neigh add proxy $v4 dev eth0
ip neigh add proxy $v4 dev eth3
VEID=101 VE_STATE=stopping IP_ADDR=$v4 without net_admin vznet-custom devices all
is "$STATUS/$OUT $(proxies 4)" "0/list:eth3 $v4 eth0, $v4 eth3" "the chooser chooses, also when it can take nothing back"
like "$ERR" "^guestarp: vz/101: devices: .*Operation not permitted" "and says so"

done_testing
