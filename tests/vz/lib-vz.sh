# shellcheck shell=bash
# A stand-in for vzctl and libvzctl: what is called when, with which arguments, environment
# and descriptors, and what that does to the kernel. Source it behind ../lib.sh.
#
# A node is a root directory of its own, which the scripts see as / (chroot), and a network namespace: so all paths are
# the true ones, nothing but the true environment is needed, and two nodes can be two hosts.
#
# Generations: 3.0 (vzctl 3.0.14 to 3.0.30), 4.8 (4.0 to 4.8), 4.11 (4.9 and later), 7 (Virtuozzo 7), 9 (8 and 9). A
# test's arguments are those that it is to run for; without any it runs for all that it knows.

VZ_DIR=$TESTS_DIR/vz
MANUAL=$TESTS_DIR/../packaging/man/vznet-custom.8
ONLY_GENERATIONS=" $* "

wanted_generations() { # GENERATION...: those of them that this run is for
    local generation
    for generation; do
        [[ $ONLY_GENERATIONS != *[0-9]* || $ONLY_GENERATIONS == *" ${generation%%[-:]*} "* ]] || continue
        echo "$generation"
    done
}

# ---- nodes ----------------------------------------------------------------------------------------------------------

# The node that everything below acts on. ROOT is its root, so that policy() writes there.
GENERATION='' NODE_NS=-

node_use() { # NODE
    ROOT=$TMP/node-$1
    GENERATION=$(<"$ROOT/.generation")
    NODE_NS=$(<"$ROOT/.netns")
}

is_classic() {
    [[ $GENERATION == [34].* ]]
}

scripts_dir() {
    case $GENERATION in
    3.0) echo "${VZ_LIB:-/usr/lib}/vzctl/scripts" ;;
    4.*) echo /usr/libexec/vzctl/scripts ;;
    *) echo /usr/libexec/libvzctl/scripts ;;
    esac
}

# Links to the machine's own files, in directories of our own; none to what is put there below.
node_farm() { # DIRECTORY...
    local dir
    local -a files
    for dir; do
        mkdir -p "$ROOT$dir"
        files=("$dir"/*)
        ln -s "${files[@]/#//.host}" "$ROOT$dir/"
        rm -f "$ROOT$dir"/{vzctl,libvzctl,guestarp,vznetcfg,arpsend}
    done
}

node_own() { # DIRECTORY: of the node's own from now on, with links to the machine's files
    rm "$ROOT$1"
    node_farm "$1"
}

# VZ_LIB: where vzctl 3 has its scripts, /usr/lib else.
node_new() { # NODE NETNS GENERATION
    local link
    ROOT=$TMP/node-$1
    mkdir -p "$ROOT/.host"
    mount --rbind / "$ROOT/.host"
    # "ip netns" shares its mounts: what is unmounted here must not be unmounted there.
    mount --make-rprivate "$ROOT/.host"
    mount -o remount,bind,ro "$ROOT/.host"
    # The other nodes.
    umount -l "$ROOT/.host/run"
    echo "$3" >"$ROOT/.generation"
    echo "$2" >"$ROOT/.netns"
    node_use "$1"
    node_farm /usr/sbin /usr/lib /usr/libexec
    mkdir -p "$ROOT/etc"
    for link in /usr/{bin,lib32,lib64,libx32,local,share} /etc/alternatives; do
        ln -s "/.host$link" "$ROOT$link"
    done
    [ -z "${VZ_LIB:-}" ] || node_own "$VZ_LIB"
    for link in /bin /sbin /lib*; do
        [ ! -h "$link" ] || cp -P "$link" "$ROOT$link"
    done
    mkdir -p "$ROOT"/{proc,sys,dev,run,tmp,etc/guestarp,etc/vz/conf,etc/vz/names,usr/lib/vzctl/scripts,.vz,vz/private}
    mkdir -p "$ROOT/var/lib/dpkg" "$ROOT/usr/libexec/guestarp"
    mount --rbind /proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    mount --make-rprivate "$ROOT/dev"
    # make coverage: where the programs put their counts.
    [ -z "${GUESTARP_COVERAGE:-}" ] || mount --bind --mkdir "$GUESTARP_COVERAGE" "$ROOT$GUESTARP_COVERAGE"
    [ "$NODE_NS" != - ] || mount --rbind /sys "$ROOT/sys"
    echo 0123456789abcdef0123456789abcdef >"$ROOT/etc/machine-id"
    # As in life: comments, values with blanks, a key of vzctl's alone.
    printf '%s\n' '## Global parameters' 'VIRTUOZZO=yes' 'LOCKDIR=/vz/lock' 'TEMPLATE="a b"' >"$ROOT/etc/vz/vz.conf"
    cp "$VZ_DIR/arpsend" "$ROOT/usr/sbin/arpsend"
    install_program /usr/libexec/guestarp/vznet-custom
    ln -s /usr/libexec/guestarp/vznet-custom "$ROOT/usr/lib/vzctl/scripts/vznet-custom"
    if is_classic; then node_classic; else node_libvzctl; fi
}

node_classic() {
    local dir
    dir=$(scripts_dir)
    mkdir -p "$ROOT$dir" "$ROOT/var/lib/vzctl/veip"
    cp "$VZ_DIR"/classic/v[pz]s-* "$VZ_DIR"/classic/vzevent-stop "$ROOT$dir/"
    sed -i "s/@GENERATION@/$GENERATION/" "$ROOT$dir/vps-functions"
    # What 4.9 and later are known by.
    [ "$GENERATION" = 4.11 ] || sed -i '/list:/d' "$ROOT$dir/vps-functions"
    cp "$VZ_DIR/classic/vznetcfg" "$ROOT/usr/sbin/vznetcfg"
}

node_libvzctl() {
    local dir
    dir=$(scripts_dir)
    mkdir -p "$ROOT$dir" "$ROOT/var/vz/veip"
    cp "$VZ_DIR"/libvzctl/vz-{functions,stop} "$ROOT$dir/"
    if [ "$GENERATION" = 7 ]; then
        cp "$VZ_DIR"/libvzctl/vz-net_{add,del} "$ROOT$dir/"
    else
        cp "$VZ_DIR"/libvzctl/vz-netns_dev_add "$ROOT$dir/"
    fi
    cp "$VZ_DIR/libvzctl/vznetcfg" "$ROOT/usr/sbin/vznetcfg"
}

node_end() { # the current node's files; its devices and containers must be gone
    local dir
    for dir in .host proc dev sys ${GUESTARP_COVERAGE:+"$GUESTARP_COVERAGE"}; do
        # A user namespace may not unmount what is below one by one.
        ! mountpoint -q "$ROOT/$dir" || umount -l "$ROOT/$dir" || return
    done
    rm -rf --one-file-system "$ROOT"
}

node_exec() { # COMMAND...: with the node's files and network
    if [ "$NODE_NS" = - ]; then
        chroot "$ROOT" "$@"
    else
        # ip netns exec has mounted that namespace's /sys.
        # shellcheck disable=SC2016
        ip netns exec "$NODE_NS" sh -c 'mount --rbind /sys "$0/sys" && exec chroot "$0" "$@"' "$ROOT" "$@"
    fi
}

# A link to the program. Under GUESTARP_WRAP a script, which calls the link of the same path under /wrapped.
install_program() { # PATH
    local wrapped=$ROOT/wrapped$1
    if [ -z "$GUESTARP_WRAP" ]; then
        ln -s "/.host$GUESTARP_BUILD/vznet-custom" "$ROOT$1"
        return
    fi
    mkdir -p "${wrapped%/*}"
    ln -sf "/.host$GUESTARP_BUILD/vznet-custom" "$wrapped"
    printf '#!/bin/sh\nexec %s /wrapped%s "$@"\n' "$GUESTARP_WRAP" "$1" >"$ROOT$1"
    chmod +x "$ROOT$1"
}

# Under GUESTARP_WRAP the links that the manual makes become scripts of that kind, too: argv[0] says the role.
wrap_links() {
    local link original
    [ -n "$GUESTARP_WRAP" ] || return 0
    for link in "$ROOT"/usr/lib*/vzctl/scripts/v[pz]s-* "$ROOT"/usr/libexec/libvzctl/script.d/* "$ROOT"/etc/vz/conf/*mount; do
        [ -h "$link" ] || continue
        rm "$link"
        link=${link#"$ROOT"}
        install_program "$link"
        original=$link.distrib
        [[ $link != */script.d/* ]] || original=${link/script.d/scripts}
        mkdir -p "$ROOT/wrapped${original%/*}"
        ln -sf "$original" "$ROOT/wrapped$original"
        # The originals look for it beside themselves.
        [[ $link == */script.d/* ]] || ln -sf "${original%/*}/vps-functions" "$ROOT/wrapped${original%/*}/vps-functions"
    done
}

# ---- the manual page's set-up ------------------------------------------------------------------------------------------

manual_block() { # NAME
    sed -n "/^\\.\\\\\" try: $1\$/,/^\\.\\\\\" end\$/p" "$MANUAL" | grep -v '^\.'
}

manual_run() { # NAME...: each block, in a shell of its own, stopped at the first line that fails
    local name block
    for name; do
        block=$(manual_block "$name")
        if [ -z "$block" ] || ! node_exec /usr/bin/env -i PATH="$PATH" HOME=/ /bin/sh -e -c "$block" >"$TMP/manual.out" 2>&1; then
            diag "manual, '$name': $(<"$TMP/manual.out")"
            return 1
        fi
    done
}

# guestarp is installed and set up as vznet-custom(8) says, for everything that the generation has.
node_setup() {
    manual_run action veth
    case $GENERATION in
    3.0 | 4.8) manual_run wrapper ;;
    *) manual_run "$GENERATION" ;;
    esac
    wrap_links
}

# ---- devices -------------------------------------------------------------------------------------------------------------

VENET_MAC=02:18:00:00:00:e0

# venet0 has no ARP. Its other end is a namespace that stands for the insides of all containers of the node; the kernel
# puts a NOARP device's own MAC into its frames, so both ends have the same one.
venet_new() { # NETNS-OF-THE-CONTAINERS
    veth "$NODE_NS" venet0 "$VENET_MAC" "$1" venet0 "$VENET_MAC"
    in_ns "$NODE_NS" sysctl -q -w net.ipv4.conf.venet0.forwarding=1 net.ipv6.conf.venet0.disable_ipv6=0
    ip_in "$NODE_NS" link set venet0 arp off
    ip_in "$1" link set venet0 arp off
    ip_in "$1" route replace default dev venet0
    ip_in "$1" -6 route replace default dev venet0
}

containers() { # the namespace with the insides of the node's containers
    echo "inside${NODE_NS#-}"
}

# One namespace for all nodes of one network namespace; venet0 where the generation has it.
venet_ready() {
    local inside
    inside=$(containers)
    [ -e "/run/netns/$inside" ] || ns_add "$inside"
    if ip_in "$NODE_NS" link show venet0 >/dev/null 2>&1; then
        [ "$GENERATION" != 9 ] || ip_in "$NODE_NS" link del venet0
    else
        [ "$GENERATION" = 9 ] || venet_new "$inside"
    fi
}

# ---- containers --------------------------------------------------------------------------------------------------------------

conf_file() { # CTID: the file itself, which libvzctl keeps in the container's private area
    if is_classic; then echo "$ROOT/etc/vz/conf/$1.conf"; else echo "$ROOT/vz/private/$1/ve.conf"; fi
}

ct_conf() { # CTID LINE...
    local id=$1
    shift
    if ! is_classic; then
        mkdir -p "$ROOT/vz/private/$id"
        ln -sfn "/vz/private/$id/ve.conf" "$ROOT/etc/vz/conf/$id.conf"
    fi
    printf '%s\n' '# a comment' 'ONBOOT="yes"' "$@" >"$(conf_file "$id")"
}

# The generations' own ids: a number, or a UUID that ends in it.
ctid() { # NUMBER
    if is_classic; then printf '%s\n' "$1"; else printf '5f4e7c1a-3b52-4c6e-9d1f-000000000%03d\n' "$1"; fi
}

conf_value() { # CTID KEY: all lines of the key, for the stand-in alone: plain values in double quotes
    sed -n "s/^$2=\"\(.*\)\"\$/\1/p" "$(conf_file "$1")" | if [ "$2" = NETIF ]; then paste -s -d ';'; else paste -s -d ' '; fi
}

# The addresses that the kernel has for a container (venet's ioctl), one a line.
kernel_ips() { # CTID
    cat "$ROOT/.vz/$1.ips" 2>/dev/null || true
}

without_masks() { # "IP/N..."
    local ip out=''
    for ip in $1; do out+="${out:+ }${ip%%/*}"; done
    printf '%s\n' "$out"
}

kernel_ip_add() { # CTID "IP/N..."
    local ips
    ips=$(without_masks "$2")
    # shellcheck disable=SC2086 # a list
    printf '%s\n' $ips >>"$ROOT/.vz/$1.ips"
    # shellcheck disable=SC2086
    printf 'addr replace %s dev lo\n' $ips | ip_in "$(containers)" -batch -
}

kernel_ip_del() { # CTID "IP..."
    local ip
    local -a had=()
    local -A gone=()
    [ -n "$2" ] || return 0
    for ip in $2; do gone[$ip]=1; done
    [ ! -e "$ROOT/.vz/$1.ips" ] || mapfile -t had <"$ROOT/.vz/$1.ips"
    for ip in ${had[@]+"${had[@]}"}; do [ -n "${gone[$ip]:-}" ] || echo "$ip"; done >"$ROOT/.vz/$1.ips"
    # shellcheck disable=SC2086
    printf 'addr del %s dev lo\n' $2 | ip_in "$(containers)" -force -batch - 2>/dev/null || true
}

# ---- calling a script as run_script() does ------------------------------------------------------------------------------------

run_script() { # PATH [WORD...] -- [NAME=VALUE...]; 11 when the file is missing, 3 after a signal
    local path=$1 status=0
    local -a words=() environment name
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    [ -e "$ROOT$path" ] || [ -h "$ROOT$path" ] || return 11
    case $GENERATION in
    3.0) environment=("$@" HOME=/ TERM=linux PATH=/bin:/sbin:/usr/bin:/usr/sbin:) ;;
    4.*) environment=(HOME=/ TERM=linux PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@") ;;
    *) environment=(HOME=/ PATH=/usr/local/sbin:/usr/local/bin:/bin:/sbin:/usr/bin:/usr/sbin: SHELL=/bin/bash "$@") ;;
    esac
    for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; do
        [ -z "${!name:-}" ] || environment+=("$name=${!name}")
    done
    node_exec /usr/bin/env -i "${environment[@]}" "$path" ${words[@]+"${words[@]}"} 0>/dev/null || status=$?
    [ "$status" -lt 128 ] || status=3
    return "$status"
}

# premount, mount: first the global script. umount, postumount: first the container's own. Absent ones are skipped.
action() { # CTID WORD
    local name names="vps $1"
    [[ $2 != *umount ]] || names="$1 vps"
    for name in $names; do
        run_script "/etc/vz/conf/$name.$2" -- "VEID=$1" "VE_CONFFILE=/etc/vz/conf/$1.conf" || [ $? -eq 11 ] || return 79
    done
}

# libvzctl's own script, or the administrator's in script.d.
lib_script() { # NAME [NAME=VALUE...]
    local path=/usr/libexec/libvzctl/script.d/$1
    shift
    [ -e "$ROOT$path" ] || [ -h "$ROOT$path" ] || path=${path/script.d/scripts}
    run_script "$path" -- "$@"
}

net_script() { # add|del CTID STATE "IP..." [NAME=VALUE]
    local what=$1 id=$2 state=$3 ips=$4
    local path
    shift 4
    [ -n "$ips" ] || return 0
    if is_classic; then
        path=$(scripts_dir)/vps-net_$what
        run_script "$path" -- "VEID=$id" "VE_STATE=$state" "IP_ADDR=$ips" "$@"
    else
        lib_script "vz-net_$what" "VEID=$id" "IP_ADDR=$(without_masks "$ips")" "$@" "VE_STATE=$state"
    fi
}

netns_dev_add() { # CTID STATE "IPS-TO-ADD" "IPS-TO-DELETE" [NAME=VALUE]
    local id=$1 state=$2 add=$3 del=$4
    local -a lists=()
    shift 4
    [ -z "$add" ] || lists+=("IP_ADD=$add")
    [ -z "$del" ] || lists+=("IP_DEL=$del")
    lib_script vz-netns_dev_add "VEID=$id" VNAME=venet0 VMAC=00:18:51:00:00:01 HMAC=fe:18:51:00:00:01 \
        "HNAME=$(venet_port "$id")" NETWORK_TYPE=routed ${lists[@]+"${lists[@]}"} "$@" "VE_STATE=$state"
}

venet_port() { # CTID: the host's end of the veth that 8 and 9 have for venet0
    echo "v${1: -8}"
}

# ---- the parts of vzctl's commands ---------------------------------------------------------------------------------------------

is_mounted() { [ -e "$ROOT/.vz/$1.mounted" ]; }
is_running() { [ -e "$ROOT/.vz/$1.running" ]; }

vz_mount() { # CTID
    ! is_mounted "$1" || return 0
    action "$1" premount || return
    touch "$ROOT/.vz/$1.mounted"
    if ! action "$1" mount; then
        rm "$ROOT/.vz/$1.mounted"
        return 79
    fi
}

vz_umount() { # CTID
    is_mounted "$1" || return 0
    action "$1" umount || return
    rm "$ROOT/.vz/$1.mounted"
    action "$1" postumount
}

addresses_add() { # CTID STATE "IP/N..." [NAME=VALUE]
    local id=$1 state=$2 ips=$3
    local status=0
    shift 3
    [ -n "$ips" ] || return 0
    kernel_ip_add "$id" "$ips"
    if [ "$GENERATION" = 9 ]; then
        netns_dev_add "$id" "$state" "$(without_masks "$ips")" '' "$@" || status=$?
        [ "$status" -eq 0 ] || [ "$status" -eq 78 ] || status=136
    else
        net_script add "$id" "$state" "$ips" "$@" || status=$?
    fi
    if [ "$status" -ne 0 ]; then
        kernel_ip_del "$id" "$(without_masks "$ips")"
        [ "$GENERATION" != 7 ] || net_script del "$id" "$state" "$ips"
    fi
    return "$status"
}

addresses_del() { # CTID STATE "IP..."
    kernel_ip_del "$1" "$3"
    if [ "$GENERATION" != 9 ]; then
        net_script del "$1" "$2" "$3" || true
    elif [ -n "$(kernel_ips "$1")" ]; then
        netns_dev_add "$1" "$2" '' "$3" || true
    else
        netns_dev_add "$1" "$2" '' all || true
    fi
}

# "PORT BRIDGE" of each device in NETIF, the bridge perhaps empty.
netif_list() { # CTID
    local device item port bridge
    while IFS= read -r -d ';' device; do
        [ -n "$device" ] || continue
        port='' bridge=''
        while IFS= read -r -d , item; do
            case $item in
            ifname=*) [ -n "$port" ] || port=veth$1.${item##*[!0-9]} ;;
            host_ifname=*) port=${item#*=} ;;
            bridge=* | network=*) bridge=${item#*=} ;;
            esac
        done <<<"$device,"
        echo "$port $bridge"
    done <<<"$(conf_value "$1" NETIF);"
}

veth_start() { # CTID: each device and, for it, vznetcfg
    local port bridge
    while read -r port bridge; do
        veth_new "$port"
        # Absent: vzctl takes that for success.
        if is_classic; then
            run_script /usr/sbin/vznetcfg init veth "$port" -- "VEID=$1" || return 130
        elif [ -n "$bridge" ]; then
            run_script /usr/sbin/vznetcfg addif "$port" "$bridge" -- "VEID=$1" NETWORK_TYPE=bridge || return 136
        fi
    done < <(netif_list "$1")
}

veth_new() { # PORT: down on the host, up in the container
    local inside
    inside=$(containers)
    ip_in "$NODE_NS" link add "$1" type veth peer name "$1" netns "$inside"
    ip_in "$inside" link set "$1" up
}

# The container is gone: with its namespace went its devices, with those the routes to them.
veth_stop() { # CTID
    local port
    while read -r port _; do
        ip_in "$NODE_NS" link del "$port" 2>/dev/null || true
    done < <(netif_list "$1")
    [ "$GENERATION" != 9 ] || ip_in "$NODE_NS" link del "$(venet_port "$1")" 2>/dev/null || true
}

# Addresses, devices, then the container's own start script inside it (whose failure is VZ_ACTIONSCRIPT_ERROR, 79).
vz_run() { # CTID [NAME=VALUE]
    local id=$1 inside
    shift
    touch "$ROOT/.vz/$id.running"
    if [ "$GENERATION" = 9 ]; then
        inside=$(containers)
        veth_new "$(venet_port "$id")"
        [ -n "$(conf_value "$id" IP_ADDRESS)" ] || netns_dev_add "$id" starting '' all "$@" || return 136
        ip_in "$inside" route replace default dev "$(venet_port "$id")"
        in_ns "$NODE_NS" sysctl -q -w "net.ipv4.conf.$(venet_port "$id").forwarding=1"
    fi
    addresses_add "$id" starting "$(conf_value "$id" IP_ADDRESS)" "$@" || return
    veth_start "$id" || return
    [ ! -e "$ROOT/etc/vz/conf/$id.start" ] || in_ns "$(containers)" bash <"$ROOT/etc/vz/conf/$id.start" || return 79
}

# The processes and the network inside are gone. No script hears of it.
vz_kill() { # CTID
    kernel_ip_del "$1" "$(kernel_ips "$1")"
    veth_stop "$1"
    rm -f "$ROOT/.vz/$1.running"
}

vz_boot() { # CTID [NAME=VALUE]
    local id=$1 status=0
    shift
    ! is_running "$id" || return 32
    vz_umount "$id" || return
    vz_mount "$id" || return
    is_classic || lib_script vz-start "VEID=$id" || [ $? -eq 11 ] || status=79
    [ "$status" -ne 0 ] || vz_run "$id" "$@" || status=$?
    if [ "$status" -ne 0 ]; then
        # vps-net_del is not called, neither is vz-stop.
        vz_kill "$id"
        vz_umount "$id"
    fi
    return "$status"
}

vz_stop() { # CTID [--skip-umount]
    local id=$1 ips
    ips=$(kernel_ips "$id" | paste -s -d ' ')
    vz_kill "$id"
    ! is_classic || net_script del "$id" stopping "$ips" || true
    [ "${2:-}" = --skip-umount ] || vz_umount "$id" || return
    is_classic || lib_script vz-stop "VEID=$id" || true
}

# vzeventd: "vzctl umount", then the clean-up.
vz_halt() { # CTID
    vz_kill "$1"
    vz_umount "$1" || return
    if is_classic; then
        run_script "$(scripts_dir)/vzevent-stop" -- "VEID=$1" "VE_CONFFILE=/etc/vz/conf/$1.conf"
    else
        lib_script vz-stop "VEID=$1" || true
    fi
}

vz_reboot() { # CTID: umount and start, without a clean-up of the network in between
    vz_kill "$1"
    vz_umount "$1" || return
    vz_boot "$1"
}

vz_set() { # CTID --ipadd IP|--ipdel IP|all [--save]
    local id=$1 ips old
    case $2 in
    --ipadd) addresses_add "$id" running "$3" || return ;;
    --ipdel)
        ips=$(without_masks "$3")
        [ "$3" != all ] || ips=$(kernel_ips "$id" | paste -s -d ' ')
        addresses_del "$id" running "$ips"
        ;;
    esac
    [ "${4:-}" = --save ] || return 0
    # After the scripts, as vzctl does it.
    old=$(conf_value "$id" IP_ADDRESS)
    case $2 in
    --ipadd) old+=" $3" ;;
    --ipdel) old=$(printf '%s\n' "$old" | tr ' ' '\n' | grep -vE "^${3//./\\.}(/|$)" | paste -s -d ' ') ;;
    esac
    sed -i '/^IP_ADDRESS=/d' "$(conf_file "$id")"
    echo "IP_ADDRESS=\"${old# }\"" >>"$(conf_file "$id")"
}

# Checkpoints: vps-net_del with the container frozen; libvzctl tells vz-stop.
vz_dump() { # CTID
    ! is_classic || net_script del "$1" running "$(kernel_ips "$1" | paste -s -d ' ')" || true
}

vz_chkpnt() { # CTID
    vz_dump "$1"
    vz_kill "$1"
    vz_umount "$1" || return
    is_classic || lib_script vz-stop "VEID=$1" || true
}

# A source whose dump is not wanted after all.
vz_resume() { # CTID
    local ips
    ips=$(kernel_ips "$1" | paste -s -d ' ')
    ! is_classic || net_script add "$1" running "$ips"
}

vz() { # COMMAND CTID [WORD...]: as from the command line; sets STATUS, OUT and ERR
    local command=$1
    shift
    STATUS=0
    case $command in start | restore) command=boot ;; undump) command=boot && set -- "$@" SKIP_ARPDETECT=yes ;; esac
    # An error inside is the stand-in's own to judge.
    (trap - ERR && "vz_$command" "$@") >"$TMP/vz.out" 2>"$TMP/vz.err" || STATUS=$?
    # The chooser's child has the container's lock until it has done what waits for vzctl's script.
    wait_for nobody_locks || diag "a lock is held still"
    OUT=$(<"$TMP/vz.out")
    ERR=$(<"$TMP/vz.err")
}

nobody_locks() {
    [ ! -e "$ROOT/run/guestarp/lock" ] || ! grep -q ":$(stat -c %i "$ROOT/run/guestarp/lock") " /proc/locks
}

vz_ok() { # COMMAND CTID [WORD...]: it must succeed and say nothing on stdout
    vz "$@"
    [ "$STATUS" -eq 0 ] && [ -z "$OUT" ] && return
    fail "$GENERATION: vzctl $*" "status $STATUS"$'\n'"stdout: $OUT"$'\n'"stderr: $ERR"
}

# ---- what is there ---------------------------------------------------------------------------------------------------------------

joined() { # [SEPARATOR]: the lines of stdin, sorted, as one
    sort | awk -v between="${1:-, }" '{printf "%s%s", (NR > 1 ? between : ""), $0} END {if (NR) print ""}'
}

entries() { # "address device" of every proxy entry of the node, both families
    { ip_in "$NODE_NS" -4 neigh show proxy && ip_in "$NODE_NS" -6 neigh show proxy; } |
        awk '{print $1, $2 == "dev" ? $3 : "*"}' | joined
}

host_routes() { # "address device" of every host route in the main table
    { ip_in "$NODE_NS" -4 route show table main && ip_in "$NODE_NS" -6 route show table main; } |
        awk '$1 ~ /^[0-9a-f.:]+$/ && $1 != "198.51.100.9" {sub(/.* dev /, $1 " "); print $1, $2}' | joined
}

records() { # "number: setting device address, ..." of every record
    local -a files
    files=("$ROOT"/run/guestarp/*.json)
    [ -e "${files[0]}" ] || return 0
    jq -r '(input_filename | sub("\\.json$"; "")[-3:]) + ": "
        + ([.settings[] | "\(.setting) \(.address // "-") \(.device)"] | sort | join(", "))' "${files[@]}" | joined ' | '
}

state() {
    printf 'entries: %s\nroutes: %s\nrecords: %s\n' "$(entries)" "$(host_routes)" "$(records)"
}

# What state() says of containers: for each argument "NUMBER DEVICE ROUTE-DEVICE ADDRESS..." entries, routes, record.
want_state() {
    local line number device route ip entries='' routes='' records='' part
    local -a ips
    for line; do
        read -r number device route ip <<<"$line"
        part=''
        read -ra ips <<<"$ip"
        for ip in ${ips[@]+"${ips[@]}"}; do
            entries+="$ip $device"$'\n'
            routes+="$ip $route"$'\n'
            part+="proxy_entry $ip $device"$'\n'"host_route $ip $route"$'\n'
        done
        records+="$number: $(printf %s "$part" | joined)"$'\n'
    done
    printf 'entries: %s\nroutes: %s\nrecords: %s\n' "$(printf %s "$entries" | joined)" "$(printf %s "$routes" | joined)" \
        "$(printf %s "$records" | joined ' | ')"
}

# shellcheck disable=SC2034 # for the tests
NOTHING=$'entries: \nroutes: \nrecords: '
