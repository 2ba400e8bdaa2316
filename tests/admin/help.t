#!/bin/bash
# What the command says of itself, and what a shell offers while it is typed.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
require jq

true_paths
fresh_host

COMMANDS="check status manage unmanage plan apply undo sync attach detach policy announce device"

# ---- help ------------------------------------------------------------------------------------------------------------------

admin_is 0 "--help" --help
all=$OUT
is "$(sed -n 's/^  \([a-z]*\) .*/\1/p' <<<"$all" | paste -s -d ' ')" "$COMMANDS" "the list has each command"
for words in -h help "help help"; do
    # shellcheck disable=SC2086 # several words
    admin_is 0 "$words" $words
    is "$OUT" "$all" "$words says the same"
done
for command in $COMMANDS; do
    admin_is 0 "help $command" help "$command"
    help=$OUT
    like "$help" "^usage: guestarp $command" "it has the usage"
    like "$help" "
Example:
  # guestarp" "and an example"
    is "$(awk 'length($0) > 80' <<<"$help")" "" "in 80 columns"
    ok "on one screen" test "$(wc -l <<<"$help")" -le 24
    for words in "$command --help" "$command -h" "--help $command" "$command 101 --help" "--json $command -h"; do
        # shellcheck disable=SC2086 # several words
        admin $words
        is "$STATUS $OUT" "0 $help" "$words says the same"
    done
    # Each line of the example is a call that is understood, whatever comes of it on this host.
    while read -r words; do
        # shellcheck disable=SC2086 # several words
        admin $words
        unlike "$STATUS $ERR" "^2 .*(usage: |unknown |say --all)" "its example: guestarp $words"
    done < <(sed -n 's/^  # //p' <<<"$help" | sed 's/ && /\n/g' | sed -n 's/^guestarp //p' | sed 's/--listen 60 eth0/--listen 1 lo/')
done
admin_is 0 "help of a guest's device" help device
is "$(head -n 1 <<<"$OUT")" "usage: guestarp device GUEST DEVICE|none" "its words"
refused "unknown command 'atach', did you mean 'attach'" "help of a misspelt command" help atach
refused "usage: guestarp COMMAND" "nothing at all"
for words in --version -V; do
    admin_is 0 "$words" $words
    like "$OUT" "^guestarp [0-9]+\.[0-9]" "has the version"
done
status=0
"$GUESTARP_BUILD/guestarp" --help >/dev/full 2>/dev/null || status=$?
is "$status" 3 "what cannot be written was not said"

# ---- options anywhere ------------------------------------------------------------------------------------------------------

guest_conf 101 lxc "hostname: web1" "net0: name=eth0,bridge=vmbr0,type=veth"
for words in "policy 101 --json" "policy --json 101" "--json policy 101"; do
    # shellcheck disable=SC2086 # several words
    admin_is 0 "$words" $words
    is "$(jq -r .guest <<<"$OUT")" pve/101 "is JSON"
done
refused "check: unknown option --frob" "an unknown option in front" --frob check
refused "check: unknown option --all" "another command's in front" --all check
refused "check: --allow goes with --listen" "an option with a word of its own, in front" --allow 02:00:00:00:00:01 check
refused "check: unknown option --allow" "the same without its word" check --allow

# ---- results and errors ----------------------------------------------------------------------------------------------------

admin status
is "$ERR" "" "status: results on stdout alone"
admin plan 101
is "$ERR" "" "plan, too"
admin policy 999
is "$OUT" "" "errors on stderr alone"

# ---- completion ------------------------------------------------------------------------------------------------------------

ip link add eth7 type bridge
guest_conf 102 qemu-server "name: db1"
admin_is 0 "--completion guests" --completion guests
is "$(sort <<<"$OUT" | paste -s -d ' ')" "101 102 db1 pve/101 pve/102 web1" "all names that can be typed"
admin_is 0 "--completion devices" --completion devices
like "$OUT" "(^|
)eth7(
|$)" "the devices that are there"
refused "guests or devices" "--completion of something else" --completion frobs
admin_is 0 "--completion" --completion
cp "$TMP/admin.out" "$TMP/completion"
ok "it is bash" bash -n "$TMP/completion"
mkdir "$TMP/files"
: >"$TMP/files/policy.json"
offered() { # WORD...: what bash offers for the last one
    (cd "$TMP/files" && GUESTARP_ROOT=$ROOT PATH=$GUESTARP_BUILD:$PATH \
        bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _guestarp; echo "${COMPREPLY[*]}"' bash "$TMP/completion" "$@")
}
is "$(offered guestarp unm)" unmanage "a command"
is "$(offered guestarp help una)" "" "no command"
is "$(offered guestarp help unm)" unmanage "help's command"
is "$(offered guestarp --json pol)" policy "a command behind an option"
is "$(offered guestarp apply w)" web1 "a guest by its name"
is "$(offered guestarp status pve/)" "pve/101 pve/102" "guests by kind"
is "$(offered guestarp device 101 eth7)" eth7 "a device"
is "$(offered guestarp device 101 no)" none "or none"
is "$(offered guestarp plan 101 pre)" prepare "an event"
is "$(offered guestarp policy --check pol)" policy.json "a file"
is "$(offered guestarp check --prob)" --probe "an option"
is "$(offered guestarp --v)" --version "an option without a command"

done_testing
