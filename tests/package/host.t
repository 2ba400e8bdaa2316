#!/bin/bash
# What the package puts before others (packaging/host): LXC's drop-in never keeps a container from starting, whatever has become
# of guestarp. The rest of the package is packaging/check's.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"

host=$TESTS_DIR/../packaging/host
fill() { # FILE
    sed -e "s,@LIBEXECDIR@,$TMP/libexec,g; s,@BINDIR@,$TMP/bin,g" "$host/$1"
}
mkdir -p "$TMP/libexec/guestarp" "$TMP/bin"

program() { # PATH SHELL-TEXT: what stands there notes how it was called, then does that
    printf '#!/bin/sh\necho "$# $*" >>%s\n%s\n' "$TMP/called" "$2" >"$1"
    chmod +x "$1"
    : >"$TMP/called"
}

# ---- LXC's drop-in ------------------------------------------------------------------------------------------------------

lxc=$TMP/libexec/guestarp/guestarp-lxc

# LXC runs `sh -c "exec VALUE"`, with its three words behind VALUE where lxc.hook.version is 0.
lxc_hook() { # HOOK [WORD...]: sets STATUS
    local hook=$1 value
    shift
    value=$(fill lxc.conf.in | sed -n "s/^lxc\.hook\.$hook = //p")
    STATUS=0
    env -i LXC_NAME=ct LXC_HOOK_TYPE="$hook" sh -c "exec $value $*" >"$TMP/hook.out" 2>&1 || STATUS=$?
}

for hook in start-host post-stop; do
    is "$(fill lxc.conf.in | grep -c "^lxc\.hook\.$hook = ")" 1 "$hook: one line"
    program "$lxc" 'exit 0'
    lxc_hook $hook "'a name'" lxc $hook
    is "$STATUS: $(<"$TMP/called")" "0: 3 a name lxc $hook" "$hook, version 0: called with LXC's three words"
    program "$lxc" 'exit 0'
    lxc_hook $hook
    is "$STATUS: $(<"$TMP/called")" "0: 0 " "$hook, version 1: called with none"
    for how in 'exit 2' 'exit 127' 'kill -SEGV $$' 'kill -KILL $$'; do
        program "$lxc" "$how"
        lxc_hook $hook ct lxc $hook
        is "$STATUS" 0 "$hook: LXC goes on when the program ends with: $how"
    done
    program "$lxc" 'exit 1'
    lxc_hook $hook ct lxc $hook
    is "$STATUS" "$([ $hook = start-host ] && echo 1 || echo 0)" "$hook: $([ $hook = start-host ] && echo refused || echo goes on) when the program says 1"
    chmod -x "$lxc"
    lxc_hook $hook ct lxc $hook
    is "$STATUS" 0 "$hook: LXC goes on when the program cannot be run"
    rm "$lxc"
    lxc_hook $hook ct lxc $hook
    is "$STATUS$(<"$TMP/hook.out")" 0 "$hook: LXC goes on, and nothing is said, when the program is gone"
done

# ---- the example policy -----------------------------------------------------------------------------------------------------

examples=$TESTS_DIR/../packaging/examples
# As the Makefile takes the comments out.
if example=$(sed -e '/^ *\/\//d' -e 's,  *//.*,,' "$examples/guestarp.jsonc" | jq -c .); then
    pass "the example without its comments is JSON"
else
    fail "the example without its comments is JSON"
fi
ip link add eth0 type veth peer name eth1
guest_conf 150 lxc
for text in "$example" "$(<"$examples/guestarp.jsonc")"; do
    policy "$text"
    pve_ok 150 pre-start
    unlike "$ERR" 'guestarp\.json' "nobody finds fault with the example, $([ "$text" = "$example" ] && echo without || echo with) its comments"
done
is "$(jq -r '.defaults | keys | join(" ")' <<<"$example")" "$(sed -n '/^\.Ss Guest keys/,/^\.Ss Device keys/s/^\.It Cm \([a-z_]*\) :.*/\1/p' \
    "$TESTS_DIR/../packaging/man/guestarp.json.5" | sort | paste -s -d ' ')" "it has every key of guestarp.json(5)"
done_testing
