# shellcheck shell=bash
# Stand-ins for Proxmox VE's pct and qm. Source it behind lib-admin.sh.
#
# They do to $ROOT what the real ones do to the node: the guest's lock for ten seconds at most, root alone, the hookscript a
# file that is executable, the configuration rewritten as a whole. What they were called with is in $ROOT/calls.

# How the next call fails: "", "exit", "killed-before" or "killed-after" (the configuration was written).
pve_fails() { # WORD
    echo "$1" >"$ROOT/fail"
}

stand_ins() {
    local kind
    mkdir -p "$ROOT/usr/sbin" "$ROOT/run/lock/lxc" "$ROOT/run/lock/qemu-server"
    pve_fails ""
    echo 10 >"$ROOT/lock-timeout"
    rm -f "$ROOT/calls"
    for kind in pct qm; do
        cat >"$ROOT/usr/sbin/$kind" <<'STAND_IN'
#!/bin/bash
# pct set VMID --hookscript VOLUME | --delete hookscript
set -eu
root=$GUESTARP_ROOT
die() { echo "$1" >&2; exit "${2:-255}"; }

# PVE::GuestHelpers::check_hookscript
check_hookscript() { # VOLUME
    local path
    [[ $1 =~ ^[a-zA-Z][a-zA-Z0-9_.-]*[a-zA-Z0-9]:(.+)$ ]] || die "unable to parse volume ID '$1'"
    [[ ${BASH_REMATCH[1]} =~ ^snippets/([^/]+)$ ]] || die "$1 is not in the snippets directory"
    [ "${1%%:*}" = local ] || die "storage '${1%%:*}' does not exist"
    path=$root/var/lib/vz/snippets/${1##*/}
    [ -f "$path" ] || die "script '$path' does not exist"
    [ -x "$path" ] || die "script '$path' is not executable"
}

program=${0##*/}
echo "$program $*" >>"$root/calls"
if [ "$program" = pct ]; then
    kind=lxc lock=$root/run/lock/lxc/pve-config-$2.lock
else
    kind=qemu-server lock=$root/run/lock/qemu-server/lock-$2.conf
fi
conf=$root/etc/pve/$kind/$2.conf
[ "$1" = set ] && [ $# -eq 4 ] || die "400 not enough arguments"
[ "$(id -u)" = 0 ] || die "please run as root"
[ -f "$conf" ] || die "Configuration file 'nodes/pve1/$kind/$2.conf' does not exist"
exec 9>"$lock"
flock -w "$(cat "$root/lock-timeout")" 9 || die "can't lock file '$lock' - got timeout"
fail=$(cat "$root/fail")
[ "$fail" != exit ] || die "500 storage is not online"
[ "$fail" != killed-before ] || kill -KILL $$
case $3 in
--hookscript)
    check_hookscript "$4"
    line="hookscript: $4"
    ;;
--delete)
    [ "$4" = hookscript ] || die "400 unknown option"
    line=
    ;;
*) die "400 unknown option" ;;
esac
# The main section alone; the rest is snapshots'.
awk -v line="$line" '
    function put() { if (!done && line != "") print line; done = 1 }
    /^\[/ { put(); rest = 1 }
    !rest && /^hookscript:/ { put(); next }
    { print }
    END { put() }' "$conf" >"$conf.tmp.$$"
chmod 640 "$conf.tmp.$$"
mv "$conf.tmp.$$" "$conf"
[ "$fail" != killed-after ] || kill -KILL $$
STAND_IN
        chmod 755 "$ROOT/usr/sbin/$kind"
    done
}

hookscript() { # VMID: what its configuration names
    local conf=$ROOT/etc/pve/lxc/$1.conf
    [ -f "$conf" ] || conf=$ROOT/etc/pve/qemu-server/$1.conf
    sed -n '/^\[/q; s/^hookscript: //p' "$conf"
}

# What Proxmox VE does before a start: it checks the hookscript, if there is one.
pct_start_check() { # VMID
    local script
    script=$(hookscript "$1")
    [ -z "$script" ] && return
    [[ $script == local:snippets/* ]] && [ -f "$ROOT/var/lib/vz/snippets/${script##*/}" ] &&
        [ -x "$ROOT/var/lib/vz/snippets/${script##*/}" ]
}

# A hookscript of somebody else's. It writes down how it is called.
snippet() { # NAME
    printf '#!/bin/sh\necho "$@" >>"%s/%s.log"\n' "$ROOT" "$1" >"$ROOT/var/lib/vz/snippets/$1"
    chmod 755 "$ROOT/var/lib/vz/snippets/$1"
    rm -f "$ROOT/$1.log"
}
