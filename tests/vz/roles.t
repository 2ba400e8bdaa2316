#!/bin/bash
# What vznet-custom is to its callers: one line on stdout, no descriptor kept, statuses, and nothing for who did not ask.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-vz.sh" || exit
require jq perl ip tcpdump

topo_multi
v4=192.168.18.101 w4=192.168.18.102
PROGRAM=/usr/lib/vzctl/scripts/vznet-custom
untouched="0 0 80"

values() { # eth3's values that guestarp would set
    echo "$(arp_value eth3 arp_ignore) $(arp_value eth3 arp_announce) $(</proc/sys/net/ipv4/neigh/eth3/proxy_delay)"
}

reset_values() {
    for dev in eth0 eth3 eth4; do sysctl -q -w "net.ipv4.conf.$dev.arp_ignore=0" "net.ipv4.conf.$dev.arp_announce=0" "net.ipv4.neigh.$dev.proxy_delay=80"; done
}

chooser() { # "WORD..." [NAME=VALUE...]: sets OUT (bytes), ERR, STATUS
    local -a words
    read -ra words <<<"devices $1"
    shift
    STATUS=0
    run_script "$PROGRAM" "${words[@]}" -- "$@" >"$TMP/out" 2>"$TMP/err" || STATUS=$?
    OUT=$(od -An -c <"$TMP/out" | tr -d ' \n')
    ERR=$(<"$TMP/err")
}

chooser_is() { # OUT ERR-REGEX DESC
    is "$STATUS $OUT" "0 $1" "chooser: $3: stdout and status"
    like "$ERR" "$2" "chooser: $3: stderr"
}

# ---- the chooser --------------------------------------------------------------------------------------------------------

node_new chooser - 4.11
venet_ready
manual_run action
wrap_links
devices='"devices": {"eth3": {"arp_ignore": 1, "arp_announce": 2}}'
policy "{\"defaults\": {\"announce\": 1}, $devices}"
add=(VE_STATE=running "IP_ADDR=$v4/24")

ct_conf 101 "IP_ADDRESS=\"$v4\""
chooser "" VEID=101 "${add[@]}"
chooser_is 'all\n' '^$' "not managed"
chooser "detect" VEID=101 "${add[@]}"
chooser_is 'detect\n' '^$' "not managed, with the host's own choice"
chooser "list:eth0" VEID=101 "${add[@]}"
chooser_is 'list:eth0\n' '^$' "not managed, with the host's own list"
chooser "" VEID=102 "${add[@]}"
chooser_is 'all\n' 'vz/102: .*102\.conf' "a container without a file"
chooser ""
chooser_is 'all\n' '^$' "no container at all (vz.conf is read by other scripts, too)"
chooser "detect" "IP_ADDR=$v4"
chooser_is 'detect\n' '' "addresses of nobody"
chooser "" VEID=../101 "${add[@]}"
chooser_is 'all\n' '\.\./101' "a VEID that cannot be"
is "$(state) $(values)" "$NOTHING $untouched" "chooser: not managed: nothing is touched"

ct_conf 101 "IP_ADDRESS=\"$v4\"" 'GUESTARP_DEVICE="eth/3"'
chooser "" VEID=101 "${add[@]}"
chooser_is 'all\n' "101\\.conf:4: GUESTARP_DEVICE: 'eth/3'" "a device name that cannot be"
ct_conf 101 "IP_ADDRESS=\"$v4\"" 'GUESTARP_DEVICE="eth3"'
policy '{"guests": 7}'
chooser "detect" VEID=101 "${add[@]}"
chooser_is 'detect\n' 'guests: not an object' "a policy that cannot be read"
is "$(entries) / $(host_routes) / $(values)" " /  / $untouched" "chooser: nothing is touched then, either"
action 101 umount 2>/dev/null
reset_values

policy "{\"defaults\": {\"announce\": 1}, $devices}"
chooser "detect" VEID=101
chooser_is 'list:eth3\n' '^$' "managed, for a script that has no addresses"
is "$(state)" "$NOTHING" "chooser: which is only told"
chooser "detect" VEID=101 "${add[@]}"
chooser_is 'list:eth3\n' '^$' "managed"
is "$(state)" "$NOTHING" "V1: chooser: nothing is there before vzctl makes it"
manual_run 4.11
wrap_links
vz start 101
policy "{\"guests\": {\"101\": {\"announce\": 1}}, $devices}"
ct_conf 101 "IP_ADDRESS=\"$v4\"" 'GUESTARP_DEVICE="eth4"'
chooser "" VEID=101 VE_STATE=stopping "IP_ADDR=$v4"
chooser_is 'list:eth4eth3\n' '^$' "deletion after a change: the device of the record, too"
is "$(entries) / $(records)" " / " "chooser: and the entry is removed"
for dev in eth0 eth4; do ip neigh add proxy "$v4" dev "$dev"; done
chooser "" VEID=101 VE_STATE=stopping "IP_ADDR=$v4"
is "$ERR$(entries)" "" "chooser: entries that nobody has recorded are removed, too, from every device"
policy "{\"defaults\": {\"announce\": 1}, \"guests\": {\"web\": {\"device\": \"eth4\"}}}"
ct_conf 101 "IP_ADDRESS=\"$v4\"" 'NAME="web"'
chooser "" VEID=101
chooser_is 'list:eth4\n' '^$' "managed by its NAME"
policy "{\"guests\": {\"101\": {\"announce\": 1}}}"
chooser "detect" VEID=101 "${add[@]}"
chooser_is 'detect\n' '' "managed without a device"
chooser "" VEID=101 VE_STATE=stopping "IP_ADDR=$v4"
ct_conf 101 "IP_ADDRESS=\"$v4\"" 'GUESTARP_DEVICE="eth3"'
STATUS=0
run_script "$PROGRAM" devices -- VEID=101 "${add[@]}" >&- 2>/dev/null || STATUS=$?
is "$STATUS $(entries) / $(records)" "0  / " "chooser: a closed stdout is no reason to fail"

# Neither VE_STATE nor the script that asks says which it is: addresses that are known to be up go; of new ones nobody
# would say when they are there.
vz stop 101
vz start 101
chooser "" VEID=101 VE_STATE=running "IP_ADDR=$v4 $w4"
chooser_is 'list:eth3\n' '^$' "a running container, one address more"
is "$(entries)" "$v4 eth3" "chooser: it is only told"
chooser "" VEID=101 VE_STATE=running "IP_ADDR=$v4"
chooser_is 'list:eth3\n' '^$' "a running container, an address that it has"
is "$(entries)" "" "chooser: it goes"
chmod 777 "$ROOT/run/guestarp"
chooser "detect" VEID=101 VE_STATE=running "IP_ADDR=$v4"
chooser_is 'list:eth3\n' '/run/guestarp: refused, others can write it' "records that cannot be trusted"
chmod 700 "$ROOT/run/guestarp"
is "$(entries)" "" "chooser: nothing is touched then"
action 101 umount 2>/dev/null
is "$(entries) / $(records)" " / " "chooser: and nothing is left of all that"

# The announcements go on for 18 s, by a child that holds nothing of the start's: not the pipe of $(...), not the ends 6 and 8.
vz stop 101
policy '{"defaults": {"announce": 10}}'
(vz start 101 && echo "$STATUS" >"$TMP/status") 6>&1 8>&1 | cat >/dev/null
is "$(<"$TMP/status")" 0 "a start with vzctl's descriptors open"
announcing() { # its process id: no other process of this test's own namespace has that name
    grep -lxs 'vznet-custom\|vps-net_add\|memcheck.*' /proc/[0-9]*/comm | cut -d / -f 3
}
mapfile -t children < <(announcing)
isnt "${#children[@]}" 0 "they are at their end while the child still announces"
vz_ok stop 101
[ ${#children[@]} -eq 0 ] || kill "${children[@]}"
gone() { [ -z "$(announcing)" ]; }
wait_for gone
reset_values
node_end

# ---- not managed: as if guestarp were not there ----------------------------------------------------------------------------

for generation in $(wanted_generations 3.0 4.11 7 9); do
    node_new plain - "$generation"
    venet_ready
    node_setup
    id=$(ctid 101)
    policy "{\"guests\": {\"102\": {\"device\": \"eth4\"}}, $devices}"
    ct_conf "$id" "IP_ADDRESS=\"$v4\""
    vz_ok start "$id"
    is "$(entries) $(values)" "$v4 eth0, $v4 eth3, $v4 eth4 $untouched" "$generation: not managed: as vzctl does it"
    is "$(records)$ERR" "" "$generation: not managed: no record, and not a word"
    vz_ok stop "$id"
    is "$(state) $(values)" "$NOTHING $untouched" "$generation: not managed: stopped"
    node_end
done

# ---- two containers at the same moment ----------------------------------------------------------------------------------------

at_once() { # COMMAND ID...
    local command=$1 id
    local -a pids=()
    shift
    for id; do
        (trap - ERR && "vz_$command" "$id") >"$TMP/at-once.$id" 2>&1 &
        pids+=($!)
    done
    for id in "${pids[@]}"; do wait "$id" || fail "$generation: $command at once" "$(cat "$TMP"/at-once.*)"; done
}

for generation in $(wanted_generations 3.0 4.11 7 9); do
    node_new twins - "$generation"
    venet_ready
    node_setup
    one=$(ctid 101) two=$(ctid 102)
    policy '{"defaults": {"announce": 1}}'
    ct_conf "$one" "IP_ADDRESS=\"$v4 2001:db8:18::101\"" 'GUESTARP_DEVICE="eth3"'
    ct_conf "$two" "IP_ADDRESS=\"$w4 2001:db8:18::102\"" 'GUESTARP_DEVICE="eth4"'
    route=venet0 route2=venet0
    [ "$generation" != 9 ] || route=$(venet_port "$one") route2=$(venet_port "$two")
    want=$(want_state "101 eth3 $route $v4 2001:db8:18::101" "102 eth4 $route2 $w4 2001:db8:18::102")
    wrong=''
    for round in 1 2 3 4 5; do
        at_once boot "$one" "$two"
        [ "$(state)" = "$want" ] || wrong+="round $round, started:"$'\n'"$(state)"$'\n'
        at_once stop "$one" "$two"
        [ "$(state)" = "$NOTHING" ] || wrong+="round $round, stopped:"$'\n'"$(state)"$'\n'
    done
    is "$wrong" "" "$generation: two containers start, and stop, at the same moment, five times"
    node_end
done

# ---- a device that does not exist (yet) ------------------------------------------------------------------------------------------

for generation in $(wanted_generations 3.0 4.11 7 9); do
    node_new missing - "$generation"
    venet_ready
    node_setup
    id=$(ctid 101)
    route=venet0
    [ "$generation" != 9 ] || route=$(venet_port "$id")
    policy '{"defaults": {"announce": 1}}'
    ct_conf "$id" "IP_ADDRESS=\"$v4\"" 'GUESTARP_DEVICE="eth7"'
    vz start "$id"
    is "$STATUS" 0 "$generation: a device that does not exist: the container starts"
    like "$ERR" "guestarp: vz/$id: [a-z]+[a-z_-]*: device eth7 does not exist" "$generation: and it is said"
    unlike "$(entries)" "\\*" "$generation: no entry for every device"
    vz_ok stop "$id"
    is "$(state)" "$NOTHING" "$generation: stopped: nothing is left"
    ip link add eth7 type bridge
    ip link set eth7 up
    vz_ok start "$id"
    is "$(state)" "$(want_state "101 eth7 $route $v4")" "$generation: now the device exists"
    ip link del eth7
    vz_ok stop "$id"
    is "$(state)" "$NOTHING" "$generation: it went away before the container did"

    policy '{"defaults": {"announce": 1, "on_error": "abort"}}'
    vz start "$id"
    is "$STATUS" 79 "$generation: on_error abort: the mount script stops the start"
    like "$ERR" "device eth7 does not exist \\(the start is refused\\)" "$generation: and says so"
    is "$(state)" "$NOTHING" "$generation: on_error abort: nothing is left"
    not_ok "$generation: and it is not mounted" is_mounted "$id"
    # A wrapper alone.
    rm "$ROOT/etc/vz/conf/vps.mount"
    vz start "$id"
    case $generation in
    4.11) is "$STATUS" 0 "$generation: the chooser never stops a start" ;;
    9) is "$STATUS" 136 "$generation: on_error abort: the wrapper stops the start" ;;
    *) is "$STATUS" 1 "$generation: on_error abort: the wrapper stops the start, with status 1" ;;
    esac
    [ "$STATUS" -ne 0 ] || vz_ok stop "$id"
    is "$(state)" "$NOTHING" "$generation: on_error abort: nothing is left"
    # What cannot be recorded is not done, and that stops it as well.
    if [ "$generation" != 4.11 ]; then
        ip link add eth7 type bridge
        ip link set eth7 up
        chmod 777 "$ROOT/run/guestarp"
        vz start "$id"
        isnt "$STATUS" 0 "$generation: on_error abort: records that cannot be trusted stop the start"
        like "$ERR" "/run/guestarp: refused, others can write it.* \\(the start is refused\\)" "$generation: and it is said"
        chmod 700 "$ROOT/run/guestarp"
        is "$(state)" "$NOTHING" "$generation: on_error abort: nothing is left"
        ip link del eth7
    fi
    ln -s /usr/lib/vzctl/scripts/vznet-custom "$ROOT/etc/vz/conf/vps.mount"
    wrap_links

    # A policy that cannot be read, but for its on_error, and no last good one.
    rm -rf "$ROOT/var/lib/guestarp"
    policy '{"defaults": {"on_error": "abort", "announce": "x"}}'
    vz start "$id"
    is "$STATUS" 79 "$generation: on_error abort: so does a policy that cannot be read"
    [ "$STATUS" -ne 0 ] || vz stop "$id"
    policy '{"defaults": {"announce": "x"}}'
    vz start "$id"
    is "$STATUS" 0 "$generation: without it, a policy that cannot be read stops nothing"
    vz stop "$id"
    node_end
done

# ---- wrappers -----------------------------------------------------------------------------------------------------------------------

# What an original sees. Its own path differs, as that of a diverted file does.
probe_script() { # PATH STATUS
    cat >"$ROOT$1" <<'END'
#!/bin/bash
printf 'words: %s\n' "$*"
tr '\0' '\n' </proc/$$/environ | sort
for fd in /proc/$$/fd/*; do
    to=$(readlink "$fd") # a pipe's number is another each time
    [ "${fd##*/}" = 255 ] || echo "${fd##*/} ${to%%:*} $(sed -n 's/^flags:[ \t]*//p' "/proc/$$/fdinfo/${fd##*/}")"
done
grep -E '^(Cap|NoNewPrivs|Seccomp:)' "/proc/$$/status"
# 32 and 33 are glibc's own: its posix_spawn() lets them be ignored.
printf 'ignored: %x\n' $((0x$(sed -n 's/^SigIgn:[ \t]*//p' "/proc/$$/status") & ~0x180000000))
read -r line || echo "stdin: nothing"
echo "to stderr" >&2
END
    printf '%s\n' "$2" >>"$ROOT$1"
    chmod +x "$ROOT$1"
}

seen() { # PATH: what it says on both, with a leaked descriptor; sets STATUS
    STATUS=0
    (run_script "$1" one "two three" '' -- VEID="$id" SOME="x y" "$variable=" 8>/dev/null) >"$TMP/seen.out" 2>"$TMP/seen.err" || STATUS=$?
    cat "$TMP/seen.out" "$TMP/seen.err"
}

for pair in $(wanted_generations 3.0:vps-net_add 3.0:vps-net_del 4.8:vps-net_add 7:vz-net_add 7:vz-net_del 7:vz-stop 9:vz-netns_dev_add 9:vz-stop); do
    generation=${pair%:*} name=${pair#*:}
    node_new wrapper - "$generation"
    venet_ready
    node_setup
    id=$(ctid 101)
    policy '{"defaults": {"announce": 1}}'
    ct_conf "$id" 'GUESTARP_DEVICE="eth3"'
    variable=IP_ADDR
    [ "$generation" != 9 ] || variable=IP_ADD
    wrapper=$(scripts_dir)/$name original=$(scripts_dir)/$name.distrib
    is_classic || wrapper=/usr/libexec/libvzctl/script.d/$name original=$(scripts_dir)/$name
    for how in 'exit 0' 'exit 3' 'exit 34' 'exit 78'; do
        probe_script "$original" "$how"
        want=$(seen "$original")
        want_status=${how#exit }
        got=$(seen "$wrapper")
        seen "$wrapper" >/dev/null
        is "$STATUS" "$want_status" "$pair: $how: the original's status"
        # Valgrind has an environment of its own.
        if [ "$how" != 'exit 0' ] || [ -n "$GUESTARP_WRAP" ]; then continue; fi
        is "$got" "$want" "$pair: the original's arguments, environment, descriptors and output"
        like "$got" "stdin: nothing" "$pair: stdin cannot be read"
    done
    probe_script "$original" 'kill -9 $$'
    seen "$wrapper" >/dev/null
    is "$STATUS" 3 "$pair: a signal"
    id='' seen "$wrapper" >/dev/null
    is "$STATUS" 3 "$pair: a signal, no container's"
    probe_script "$original" 'exit 34'
    id='' seen "$wrapper" >"$TMP/seen"
    is "$STATUS" 34 "$pair: no container: the original's status"
    unlike "$(<"$TMP/seen")" "guestarp:" "$pair: no container: nothing is said"
    if [ -z "$GUESTARP_WRAP" ]; then
        STATUS=0
        node_exec /bin/sh -c "cd ${wrapper%/*} && exec ./${wrapper##*/}" >"$TMP/seen" 2>&1 || STATUS=$?
        is "$STATUS/$(<"$TMP/seen")" "1/guestarp: ${wrapper##*/}: './${wrapper##*/}' is no absolute path" "$pair: called by a relative path"
    fi
    rm "$ROOT$original"
    seen "$wrapper" >"$TMP/seen"
    # posix_spawn() cannot tell under valgrind, whose vfork() is a fork().
    if [ -z "$GUESTARP_WRAP" ]; then
        is "$STATUS" 1 "$pair: no original: status 1"
        like "$(<"$TMP/seen")" "guestarp: vz/$id: .*$original: No such file" "$pair: no original: says which"
    fi
    node_end
done

# ---- the probe -------------------------------------------------------------------------------------------------------------------------

ip -n client addr add $v4/32 dev eth0
for generation in $(wanted_generations 3.0 7 9); do
    node_new probe - "$generation"
    venet_ready
    node_setup
    id=$(ctid 101)
    ct_conf "$id" "IP_ADDRESS=\"$v4\"" 'GUESTARP_DEVICE="eth3"'
    policy '{"defaults": {"announce": 1, "probe": "refuse"}}'
    case $generation in 9) want=136 ;; *) want=1 ;; esac
    vz start "$id"
    is "$STATUS" "$want" "$generation: probe refuse: an address in use stops the start"
    like "$ERR" "$v4 is in use: $LAN_CLIENT_MAC answers for it on eth3" "$generation: and it is said who has it"
    is "$(state)" "$NOTHING" "$generation: probe refuse: nothing is left"
    vz undump "$id"
    is "$STATUS" 0 "$generation: SKIP_ARPDETECT=yes: nobody is asked"
    vz_ok stop "$id"
    policy '{"defaults": {"announce": 1, "probe": "warn"}}'
    vz start "$id"
    is "$STATUS" 0 "$generation: probe warn: the container starts"
    like "$ERR" "$v4 is in use: $LAN_CLIENT_MAC answers for it on eth3" "$generation: and it is said who has it"
    vz_ok stop "$id"
    node_end
done

# vzctl 4.9 and later asks by itself, on the chosen device alone.
node_new probe - 4.11
venet_ready
node_setup
ct_conf 101 "IP_ADDRESS=\"$v4\"" 'GUESTARP_DEVICE="eth3"'
policy '{"defaults": {"announce": 1}}'
echo 'ERROR_ON_ARPFAIL=yes' >>"$ROOT/etc/vz/vz.conf"
vz start 101
is "$STATUS" 1 "4.11: ERROR_ON_ARPFAIL: an address in use stops the start"
is "$(state)" "$NOTHING" "4.11: nothing is left"
vz undump 101
is "$STATUS" 0 "4.11: SKIP_ARPDETECT=yes: nobody is asked"
vz_ok stop 101
ip -n client addr del $v4/32 dev eth0

# ---- called wrongly -----------------------------------------------------------------------------------------------------------------------

for words in '' 'nonsense' 'init veth' 'addif' 'delif' 'addif veth1'; do
    STATUS=0
    # shellcheck disable=SC2086
    run_script "$PROGRAM" $words -- VEID=101 >"$TMP/out" 2>"$TMP/err" || STATUS=$?
    is "$STATUS $(<"$TMP/out")" "2 " "called with '$words': status 2"
    like "$(<"$TMP/err")" "^guestarp: vznet-custom: called with no role" "called with '$words': says so"
done
run_script "$PROGRAM" --help -- >"$TMP/out"
for word in init addif delif devices mount umount vps-net_add vps-net_del vz-net_add vz-net_del vz-netns_dev_add vz-stop; do
    like "$(<"$TMP/out")" "[[:space:]]$word" "--help names $word"
done
node_end
done_testing
