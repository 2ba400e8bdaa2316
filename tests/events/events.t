#!/bin/bash
# Every event in a guest's life: after each the kernel's settings are exactly those of the plan, and nothing of a guest that is
# gone remains: with guestarp-watch, with one that is started after the event, and, where a hook hears of the event, without. And
# none of them changes anything when the guests are not managed.
#
#   tests/events/events.t [NAME...]    only these events; GUESTARP_EVENT_WATCH: only with guestarp-watch so (default: "always late never")

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib-events.sh" || exit
# shellcheck source-path=SCRIPTDIR
. "$EVENTS_DIR/table.sh"
require jq perl
[ -x "$GUESTARP_BUILD/guestarp" ] || skip_all "no program guestarp"

if [ $# -gt 0 ]; then events=("$@"); else mapfile -t events < <(event_names); fi
functions_save

tell() { # WORLD: what it said, as TAP
    local line failed='' diagnostics=''
    while IFS= read -r line; do
        if [[ $line = '# '* ]]; then
            diagnostics+=${line#'# '}$'\n'
            continue
        fi
        [ -z "$failed" ] || fail "$failed" "$diagnostics"
        failed='' diagnostics=''
        case $line in
        'ok '*) pass "${line#ok }" ;;
        'not ok '*) failed=${line#not ok } ;;
        esac
    done <"$TMP/$1.said"
    [ -z "$failed" ] || fail "$failed" "$diagnostics"
    rm "$TMP/$1.said"
}

worlds=0 told=0
start() { # NAME
    run_event "w$worlds" "$1" &
    worlds=$((worlds + 1))
    while [ $((worlds - told)) -ge "${GUESTARP_EVENT_JOBS:-4}" ]; do tell_next; done
}

if [ -z "$GUESTARP_WRAP" ]; then patience=240; else patience=600; fi
tell_next() {
    wait_for -t $patience test -e "$TMP/w$told.said" ||
        echo "not ok event $told: nothing was said for $patience s" >"$TMP/w$told.said"
    tell "w$told"
    told=$((told + 1))
}

for WATCH in ${GUESTARP_EVENT_WATCH:-always late never}; do
    for name in "${events[@]}"; do
        [ "$WATCH" != never ] || hooks_hear "$name" || continue
        start "$name"
    done
done
WATCH=always
MANAGED=
for name in "${events[@]}"; do start "$name"; done
while [ "$told" -lt "$worlds" ]; do tell_next; done
wait

done_testing
