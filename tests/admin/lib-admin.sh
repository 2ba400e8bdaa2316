# shellcheck shell=bash
# The administrator's command on a host of the test's own. Source it behind ../lib.sh.
#
# What guestarp prints is run as it is printed, so the paths in it must be the true ones: $ROOT's directories are mounted
# over the machine's in the test's private mount namespace, onto a copy of /etc and an empty /var/lib.

SCHEMAS=$TESTS_DIR/../packaging
FOUND=

true_paths() {
    local dir
    mkdir -p "$TMP/etc" "$ROOT/usr/sbin" "$ROOT/var/lib/vz/snippets" "$ROOT/mnt"
    # Not all of it can be read without root, and not all of it is needed.
    cp -a --no-preserve=ownership /etc/. "$TMP/etc/" 2>/dev/null || true
    mkdir -p "$TMP/etc/guestarp" "$TMP/etc/pve" "$TMP/lib/vz"
    mount --bind "$TMP/etc" /etc
    mount --bind "$TMP/lib" /var/lib
    mkdir -p "$ROOT/var/lib/guestarp" "$TMP/lib/guestarp"
    for dir in /etc/guestarp /etc/pve /var/lib/vz /var/lib/guestarp; do
        mount --bind "$ROOT$dir" "$dir"
    done
}

# ---- the command ------------------------------------------------------------------------------------------------------

admin() { # WORD...: runs it; sets STATUS, OUT and ERR
    local -a wrap=()
    read -ra wrap <<<"$GUESTARP_WRAP"
    STATUS=0
    GUESTARP_ROOT=$ROOT timeout -k 5 120 ${wrap[@]+"${wrap[@]}"} "$GUESTARP_BUILD/guestarp" "$@" \
        </dev/null >"$TMP/admin.out" 2>"$TMP/admin.err" || STATUS=$?
    OUT=$(<"$TMP/admin.out")
    ERR=$(<"$TMP/admin.err")
}

admin_is() { # WANTED-STATUS DESC WORD...
    local want=$1 desc=$2
    shift 2
    admin "$@"
    if [ "$STATUS" = "$want" ]; then
        pass "$desc"
    else
        fail "$desc" "guestarp $*: status $STATUS, want $want"$'\n'"stdout: $OUT"$'\n'"stderr: $ERR"
    fi
}

# Wrongly called: status 2, one line, nothing else.
refused() { # EXTENDED-REGEX DESC WORD...
    local want=$1 desc=$2
    shift 2
    admin "$@"
    if [ "$STATUS" = 2 ] && [ -z "$OUT" ] && [ "$(wc -l <"$TMP/admin.err")" = 1 ] && [[ $ERR =~ $want ]]; then
        pass "$desc"
    else
        fail "$desc" "guestarp $*: status $STATUS, want 2, and on stderr one line with: $want"$'\n'"stdout: $OUT"$'\n'"stderr: $ERR"
    fi
}

NOTHING_FOUND='{
  "version": 2,
  "findings": [
  ]
}'
declare -A FINDINGS=() # "N FIELD" of the last findings

# Can this kernel make a table for ARP? What check says of one that cannot (tests/uml) is left out.
NF_TABLES=no
! nft -c add table arp other 2>/dev/null || NF_TABLES=yes

# Checks, and sets FOUND to the ids of all findings, in order; "broken" where the output is no JSON.
findings() { # [--probe]
    admin check --json "$@"
    take_findings
}

# The same of what is in OUT.
take_findings() {
    local -a texts
    local i
    FINDINGS=()
    FOUND=
    [ "$OUT" != "$NOTHING_FOUND" ] || return 0
    if [ "$NF_TABLES" = no ] && jq 'del(.findings[] | select(.id == "no-nf_tables"))' <<<"$OUT" >"$TMP/admin.out" 2>&1; then
        OUT=$(<"$TMP/admin.out")
        [ "$STATUS" != 1 ] || STATUS=$(jq '.findings | length > 0 | if . then 1 else 0 end' <<<"$OUT")
    fi
    mapfile -d '' texts < <(jq -j '([.findings[].id] | join(" ")), (.findings | to_entries[] | .key as $n | .value | to_entries[] |
        "\u0000\($n) \(.key)\u0000\(.value // "" | if type == "array" then join(" ") else . end)"), "\u0000whole"' <<<"$OUT" 2>/dev/null || true)
    if [ ${#texts[@]} = 0 ] || [ "${texts[-1]}" != whole ]; then
        FOUND="broken, status $STATUS: $OUT $ERR"
        return
    fi
    FOUND=${texts[0]}
    for ((i = 1; i + 1 < ${#texts[@]}; i += 2)); do FINDINGS[${texts[i]}]=${texts[i + 1]}; done
}

finding() { # N FIELD: of the last findings; a list as words
    printf '%s\n' "${FINDINGS["$1 $2"]-}"
}

healthy() { # DESC [--probe]
    local desc=$1
    shift
    findings "$@"
    if [ -z "$FOUND" ] && [ "$STATUS" = 0 ]; then
        pass "$desc: nothing found, status 0"
    else
        fail "$desc: nothing found, status 0" "status $STATUS, found: $FOUND"$'\n'"$OUT"$'\n'"$ERR"
    fi
}

# The lines on stdin that 80 columns of a terminal do not hold.
wide() {
    LC_ALL=C.UTF-8 /usr/bin/python3 -c 'import sys
for line in sys.stdin.buffer.read().decode("utf-8").splitlines():
    len(line) > 80 and print(line)'
}

# A command that guestarp printed, as it is printed, in root's shell.
as_printed() { # COMMAND-LINE
    GUESTARP_ROOT=$ROOT PATH=$GUESTARP_BUILD:$PATH sh -c "$1" </dev/null >"$TMP/printed.out" 2>&1
}

# Exactly one finding, its command works, and then there is none.
found_and_fixed() { # ID DEVICE GUEST DESC
    local fix
    : >"$TMP/printed.out"
    findings
    is "$FOUND" "$1" "$4: found, and nothing else"
    is "$STATUS $(finding 0 devices)/$(finding 0 guests)" "1 $2/$3" "$4: status 1, device and guest named"
    fix=$(finding 0 fix)
    if [ -z "$fix" ] || ! as_printed "$fix"; then
        fail "$4: the printed command works" "$fix: $(<"$TMP/printed.out")"
        return
    fi
    pass "$4: the printed command works ($fix)"
    healthy "$4: fixed"
}

# Does a file follow packaging/NAME.schema.json?
valid() { # NAME FILE
    /usr/bin/python3 - "$SCHEMAS/$1.schema.json" "$2" <<'END'
import json, sys
import jsonschema
schema, document = (json.load(open(name)) for name in sys.argv[1:])
validator = jsonschema.validators.validator_for(schema)
validator.check_schema(schema)
errors = list(validator(schema).iter_errors(document))
for error in errors:
    print("/".join(map(str, error.absolute_path)), error.message)
sys.exit(bool(errors))
END
}

schema() { # ok|not_ok DESC NAME FILE
    if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
        "$1" "$2" valid "$3" "$4"
    else
        skip "no python3-jsonschema"
    fi
}

# ---- a host ------------------------------------------------------------------------------------------------------------

# As after a reboot, without guests and policy: one test file has many hosts.
fresh_host() {
    local name
    while read -r name; do
        ip netns del "$name"
    done < <(ip netns list | awk '{print $1}')
    for name in /sys/devices/virtual/net/*; do
        [ "${name##*/}" = lo ] || echo "link del ${name##*/}"
    done | ip -force -batch - 2>/dev/null || true # the second end of a pair has gone with the first
    for name in /sys/devices/virtual/net/*; do [ "${name##*/}" = lo ] || return 1; done
    nft delete table arp guestarp 2>/dev/null || ! has_table
    rm -rf "$ROOT"/etc/guestarp/* "$ROOT"/etc/pve/guestarp.json* "$ROOT"/run/guestarp "$ROOT"/var/lib/guestarp/* "$ROOT"/etc/pve/storage.cfg \
        "$ROOT"/etc/pve/{lxc,qemu-server}/*.conf "$ROOT"/var/lib/vz/snippets/*
    kernel_defaults
    sysctl -q -w net.ipv6.conf.all.forwarding=0 net.ipv6.conf.all.proxy_ndp=0
}

HOOK=/var/lib/vz/snippets/guestarp

# What the package installs for Proxmox VE.
install_hook() {
    mkdir -p "$ROOT${HOOK%/*}"
    ln -sfn "$GUESTARP_BUILD/guestarp-pve" "$ROOT$HOOK"
}

# Proxmox VE's bridge as it should be: with the uplink's MAC, and kept there.
bridge_host() {
    topo_bridge vmbr0 192.168.0.1/24 192.168.0.2/24
    ip link set dev vmbr0 address "$UPLINK_MAC"
}

# A container behind a firewall bridge: managed and quiet, by name and by flag; with "loud", one that nobody manages.
bridged_guest() { # VMID [loud] [FWPR-MAC]
    ct_start "$1" 0 vmbr0 "192.168.0.$(($1 % 1000))/24" "${3:-}"
    guest_conf "$1" lxc "net0: name=eth0,bridge=vmbr0,firewall=1,ip=192.168.0.$(($1 % 1000))/24,type=veth"
    install_hook
    if [ "${2:-}" = loud ]; then
        sed -i '/^hookscript:/d' "$ROOT/etc/pve/lxc/$1.conf"
        return
    fi
    ip link set dev "fwbr$1i0" arp off
    names_made "$1"
}

# Three cards in one LAN that do not answer for each other, and at once for guests.
multi_host() {
    local n
    topo_multi
    for n in 0 3 4; do
        sysctl -q -w "net.ipv4.conf.eth$n.arp_ignore=1" "net.ipv4.conf.eth$n.arp_announce=2" \
            "net.ipv4.neigh.eth$n.proxy_delay=0" "net.ipv6.neigh.eth$n.proxy_delay=0" "net.ipv6.conf.eth$n.proxy_ndp=1"
    done
}

# The wire: DEVICE alone answers NS, which asks for ADDRESS on DEV.
answered_alone() { # NS DEV ADDRESS DEVICE DESC
    capture answers "$1" "$2"
    ask "$1" "$2" "$3" || true
    fence "$1" answers
    capture_stop answers
    answered_by answers "$3" "$4" "$5"
}

# ---- the table of names --------------------------------------------------------------------------------------------------

has_table() {
    nft list table arp guestarp >/dev/null 2>&1
}

# What the table has beside its two rules: "quiet NAME" and "loud NAME", one a line, sorted; "none" without a table.
table_names() {
    if ! has_table; then
        echo none
        return
    fi
    nft -j list table arp guestarp | jq -r '.nftables[].set // empty | .name as $set | .elem[]? | "\($set) \(.)"' | sort
}

# Those of guests: "quiet VMID..." as table_names has them, ports included unless WORD is "firewall".
names_of() { # SET firewall|ports|both VMID...
    local set=$1 which=$2 vmid
    shift 2
    for vmid; do
        [ "$which" = ports ] || printf '%s\n' "$set fwbr${vmid}i*" "$set fwln${vmid}i*" "$set fwln${vmid}o*" "$set fwpr${vmid}p*"
        [ "$which" = firewall ] || printf '%s\n' "$set tap${vmid}i*" "$set veth${vmid}i*"
    done
}

table_is() { # DESC LINE...: exactly these names
    local desc=$1 got want
    shift
    got=$(table_names)
    want=$(printf '%s\n' "$@" | sed '/^$/d' | sort)
    if [ "$got" = "$want" ]; then
        pass "$desc"
    else
        fail "$desc" "- is missing, + is too much:"$'\n'"$(diff <(echo "$want") <(echo "$got") | sed -n 's/^</-/p; s/^>/+/p' || true)"
    fi
}

# As by hand. nft 1.0.6 says of every name with an asterisk that it does not exist, of its own tables, too, when it is to be
# deleted: the others are put in its place.
name_deleted() { # NAME: of the set quiet
    local others
    others=$(nft -j list set arp guestarp quiet | jq -r --arg name "$1" '[.nftables[].set.elem[]? | select(. != $name) | "\"\(.)\""] | join(", ")')
    nft -f - <<<"flush set arp guestarp quiet; add element arp guestarp quiet { $others }"
}

# Nothing but the names is made: the guest is attached already.
names_made() { # VMID
    GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" attach "$1" >/dev/null 2>&1
}

# A routed container that runs. Proxmox VE's bridge for it is not there: nothing but the address matters.
multi_guest() { # VMID
    routed_guest "$1" "192.168.18.$1" "2001:db8:18::$1"
    guest_conf "$1" lxc "net0: name=eth0,bridge=vmbr9,ip=192.168.18.$1/32,ip6=2001:db8:18::$1/128,type=veth"
    install_hook
    names_made "$1"
}
