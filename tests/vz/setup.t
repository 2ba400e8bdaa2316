#!/bin/bash
# Is vznet-custom called wherever each generation of vzctl can call it? `guestarp check` says what is missing, its commands add
# it, and the manual's blocks do the same; a block that is pasted on another generation's host changes nothing.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-vz.sh" || exit
require jq perl

v4=192.168.18.101
topo_multi

check_setup() { # sets OUT to "what" of the finding, COMMAND to its command; empty where there is none
    local json
    # shellcheck disable=SC2086
    json=$(node_exec $GUESTARP_WRAP "/.host$GUESTARP_BUILD/guestarp" check --json) || true
    OUT=$(jq -r '.findings[] | select(.id == "openvz-setup").what' <<<"$json")
    COMMAND=$(jq -r '.findings[] | select(.id == "openvz-setup").permanent // ""' <<<"$json")
}

node_shell() { # TEXT: pasted into a shell of the node
    node_exec /usr/bin/env -i PATH="$PATH" HOME=/ /bin/sh -c "$1" >"$TMP/pasted" 2>&1
}

# Every file and link of the node's own, with its text.
files() {
    (cd "$ROOT" && find etc usr var \( -type l -printf '%p -> %l\n' \) -o \( -type f -exec sha256sum {} + \) -o -printf '%p\n' | sort)
}

changes() { # since files was written to $TMP/before
    files | diff "$TMP/before" - || true
}

# HOST: a generation; 3.0-rpm and 3.0-lib64 have no dpkg.
node_ready() { # NAME HOST
    node_new "$1" - "${2%-*}"
    if [[ $2 == 3.0-* ]]; then
        node_own /usr/bin
        rm "$ROOT/usr/bin/dpkg-divert"
    fi
    venet_ready
    manual_run policy
    ct_conf "$(ctid 101)" "IP_ADDRESS=\"$v4\"" 'NAME="101"'
}

for host in $(wanted_generations 3.0 3.0-rpm 3.0-lib64 4.8 4.11 7 9); do
    VZ_LIB=''
    [ "$host" != 3.0-lib64 ] || VZ_LIB=/usr/lib64
    node_ready "host$host" "$host"
    check_setup
    like "$OUT" "Missing: .*vps\\.mount" "$host: nothing is set up: check says what is missing"
    unlike "$OUT" "vznet\\.conf" "$host: a container without a veth device needs no EXTERNAL_SCRIPT"
    ok "$host: the command" node_shell "$COMMAND"
    wrap_links
    check_setup
    is "$OUT" "" "$host: after it nothing is missing"
    vz_ok start "$(ctid 101)"
    is "$(entries)" "$v4 eth3" "$host: set up by check: the container is bound to its device alone"
    vz_ok stop "$(ctid 101)"
    is "$(state)" "$NOTHING" "$host: and nothing is left"

    ct_conf "$(ctid 101)" "IP_ADDRESS=\"$v4\"" 'NAME="101"' 'NETIF="ifname=eth0,bridge=vmbr0,network=vmbr0"'
    check_setup
    like "$OUT" "Missing: EXTERNAL_SCRIPT in /etc/vz/vznet\\.conf\\." "$host: a veth device needs EXTERNAL_SCRIPT"
    ok "$host: the command for it" node_shell "$COMMAND"
    check_setup
    is "$OUT" "" "$host: after it nothing is missing"
    node_end

    # The manual's blocks.
    [ "$host" != 3.0-rpm ] || continue
    node_ready "manual$host" "$host"
    files >"$TMP/before"
    case $host in
    3.0-lib64) own='wrapper-rpm' ;;
    3.0 | 4.8) own=wrapper ;;
    *) own=$host ;;
    esac
    for block in wrapper wrapper-rpm 4.11 7 9; do
        # What is pasted without need, but does what it says: 4.9 and later can be wrapped as well, and the chooser is asked
        # by nobody before.
        case $block:$host in
        4.11:[34].* | wrapper*:[34].*) continue ;;
        4.11:*) rm "$ROOT/etc/vz/vz.conf" && files >"$TMP/before" ;;
        "$block:$block") continue ;;
        esac
        if node_shell "$(manual_block "$block")"; then
            fail "$host: the block '$block' of another generation fails" "$(<"$TMP/pasted")"
        else
            like "$(<"$TMP/pasted")" "No such file" "$host: the block '$block' of another generation says what is not there"
        fi
        is "$(changes)" "" "$host: and changes nothing"
    done
    manual_run action veth "$own"
    files >"$TMP/before"
    [[ $own != wrapper* ]] || ok "$host: the wrapper's block can be pasted again" node_shell "$(manual_block "$own")"
    [[ $own != wrapper* ]] || is "$(changes)" "" "$host: and changes nothing then"
    wrap_links
    check_setup
    is "$OUT" "" "$host: set up as the manual says: nothing is missing"
    node_end
done

# Scripts of the administrator's own are left to him.
VZ_LIB=''
node_ready own 4.11
manual_run 4.11
printf '#!/bin/sh\nexit 0\n' >"$ROOT/etc/vz/conf/vps.mount"
chmod +x "$ROOT/etc/vz/conf/vps.mount"
check_setup
like "$OUT" "vps\\.mount, .*vps\\.umount" "an action script that does not call guestarp is said"
is "$COMMAND" "ln -s /usr/lib/vzctl/scripts/vznet-custom /etc/vz/conf/vps.umount" "and the command leaves it alone"
printf '#!/bin/sh\n/usr/local/lib/guestarp.mount\n' >"$ROOT/etc/vz/conf/vps.mount"
ok "the command" node_shell "$COMMAND"
check_setup
is "$OUT" "" "a script that calls it is enough"
echo '{}' >"$ROOT/etc/guestarp/guestarp.json"
rm "$ROOT/etc/vz/conf/vps.mount"
check_setup
is "$OUT" "" "no managed container: nothing is said"
node_end
done_testing
