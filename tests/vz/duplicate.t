#!/bin/bash
# vzctl's own duplicate check, with the real arpsend's second and its socket that hears all devices: with the chooser nothing
# is bound or announced before it has ended well (V1), and it never takes us for another computer (V2). The wire is the judge.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-vz.sh" || exit
require jq perl ip tcpdump

topo_multi
a=192.168.18.101 b=192.168.18.102 c=192.168.18.103 taken=192.168.18.104 d=192.168.18.105
# Another computer has it.
ip -n client addr add "$taken/24" dev eth0

node_new check - 4.11
venet_ready
node_setup
touch "$ROOT/.vz/arpsend-real"
echo 'ERROR_ON_ARPFAIL=yes' >>"$ROOT/etc/vz/vz.conf"
policy '{"defaults": {"announce": 2}, "devices": {"eth0": {"arp_ignore": 1}, "eth3": {"arp_ignore": 1}, "eth4": {"arp_ignore": 1}}}'
ct_conf 101 "IP_ADDRESS=\"$a $b $c\"" 'GUESTARP_DEVICE="eth3"'
ct_conf 102 "IP_ADDRESS=\"$taken\"" 'GUESTARP_DEVICE="eth3"'
ct_conf 103 "IP_ADDRESS=\"$d $taken\"" 'GUESTARP_DEVICE="eth3"'

# vzctl's probe of an address, and frames of ours that claim one: "P address" and "C address", in their order.
frames() { # NAME
    captured "$1" "arp and not ether src $(mac client eth0)" |
        sed -n -e 's/.* who-has \([0-9.]*\) .* tell \1, .*/C \1/p' -e 's/.* Reply \([0-9.]*\) is-at .*/C \1/p' \
            -e 's/.* who-has \([0-9.]*\) .*tell 192\.168\.18\.1[034], .*/P \1/p'
}

claims() { # NAME: how many, and of what
    frames "$1" | grep ^C | sort | uniq -c | awk '{print $3 "*" $1}' | paste -s -d ' '
}

state_is() { # WANT DESC: what the chooser's child has to record comes a moment behind vzctl's end
    wait_for state_equals "$1" || true
    is "$(state)" "$1" "$2"
}

state_equals() { [ "$(state)" = "$1" ]; }

up=$(want_state "101 eth3 venet0 $a $b $c")

# ---- V1: nothing before the check has ended well ----

capture start client eth0
vz start 101
is "$STATUS" 0 "V2: three addresses, a second for each: the start is not refused"
unlike "$ERR" 'another computer|in use' "V2: and takes none of our frames for another computer's"
state_is "$up" "V1: bound and recorded after the check"
fence client start
capture_stop start
# In the order of the wire: all three probes, and only then the first claim.
is "$(frames start | awk '!seen[$0]++' | head -4 | paste -s -d ' ')" "P $a P $b P $c C $a" "V1: not one claim before the last probe"
like "$(claims start)" "$a\\*[1-9]" "V1: then the addresses are announced"

capture add client eth0
vz set 101 --ipadd "$taken"
is "$STATUS" 1 "V1: an address of another computer: vzctl refuses it"
sleep 2.5 # as long as an announcement might be repeated: that it is not there cannot be waited for
fence client add
capture_stop add
unlike "$(frames add)" "C $taken" "V1: refused: not one frame claims it"
is "$(frames add | grep -c "P $taken")" 1 "V1: refused: vzctl's own probe was there"
state_is "$up" "V1: refused: nothing is bound, recorded or routed"
is "$(ip -n client -j neigh show | jq -r --arg ip "$taken" '[.[] | select(.dst == $ip)] | length')" 0 "V1: refused: nobody has learned it"

capture refused client eth0
vz start 102
is "$STATUS" 1 "V1: a start with an address of another computer is refused"
fence client refused
capture_stop refused
unlike "$(frames refused)" "C $taken" "V1: refused start: not one frame claims it"
state_is "$up" "V1: refused start: nothing is left of it"

capture second client eth0
vz start 103
is "$STATUS" 1 "V1: a start whose second address is another computer's is refused"
fence client second
capture_stop second
is "$(frames second | paste -s -d ' ')" "P $d P $taken" "V1: refused at the second address: no frame claims the first"
state_is "$up" "V1: refused at the second address: nothing is left of it"

# ---- V2: however soon it is started again, and added to ----

for round in 1 2; do
    vz stop 101
    is "$STATUS $(state)" "0 $NOTHING" "V2: stop $round"
    vz start 101
    is "$STATUS" 0 "V2: started again at once, $round"
    unlike "$ERR" 'another computer|in use' "V2: started again at once, $round: no frame of ours is heard"
done
vz set 101 --ipadd "$d"
is "$STATUS" 0 "V2: set --ipadd at once behind that"
state_is "$(want_state "101 eth3 venet0 $a $b $c $d")" "V2: all four are bound"
vz reboot 101
is "$STATUS" 0 "V2: reboot from inside"
state_is "$up" "V2: reboot from inside: all three are bound"
vz stop 101
state_is "$NOTHING" "V2: stop: nothing is left"

# A script that is killed in the check, and one that fails behind it.
sed -i 's/^vzarpipdetect .*/kill -9 $$/' "$ROOT/usr/libexec/vzctl/scripts/vps-net_add"
capture killed client eth0
vz start 101
is "$STATUS" 3 "V1: vps-net_add is killed"
fence client killed
capture_stop killed
is "$(frames killed)" "" "V1: killed: no frame"
state_is "$NOTHING" "V1: killed: nothing is bound"
node_end
done_testing
