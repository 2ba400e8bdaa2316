#!/bin/bash
# shellcheck disable=SC2016 # jq's, sed's, Python's and the inner shell's own
#
# check for monitoring: the metrics against a strict parser of Prometheus' text format and against check --json, the file that
# node_exporter reads, the units that write it, and the examples for Icinga and Ansible.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
. "$(dirname "$0")/lib-pve.sh" || exit
require jq strace

true_paths
PROM=$TMP/prom/guestarp.prom
mkdir "$TMP/prom"

# The text format of node_exporter's textfile collector, no more lenient than `promtool check metrics`: HELP, then TYPE, then all
# samples of a metric together; names, labels, escapes and values as its grammar has them; no series twice; no timestamps.
cat >"$TMP/strict" <<'END'
import re, sys
text = open(sys.argv[1]).read()
assert text.endswith("\n"), "no newline at the end"
seen, series, current, state = set(), set(), None, None
for line in text[:-1].split("\n"):
    help_ = re.fullmatch(r"# HELP ([a-z][a-z0-9_]*) (\S.*\S)", line)
    type_ = re.fullmatch(r"# TYPE ([a-z][a-z0-9_]*) (gauge|counter)", line)
    sample = re.fullmatch(r'([a-z][a-z0-9_]*)((?:\{[a-z_]+="(?:[^"\\\n]|\\[\\n"])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\n"])*")*\})?) (-?[0-9]+(?:\.[0-9]+)?)', line)
    if help_:
        assert state != "help", f"HELP without TYPE before: {line}"
        assert state != "type", f"a metric without a sample before: {line}"
        assert help_[1] not in seen, f"twice: {line}"
        current, state = help_[1], "help"
        seen.add(current)
        assert current.startswith("guestarp_"), f"not ours: {line}"
    elif type_:
        assert state == "help" and type_[1] == current, f"TYPE out of place: {line}"
        assert (type_[2] == "counter") == current.endswith("_total"), f"type and name: {line}"
        state = "type"
    elif sample:
        assert state in ("type", "sample") and sample[1] == current, f"sample out of place: {line}"
        assert sample[1] + sample[2] not in series, f"series twice: {line}"
        series.add(sample[1] + sample[2])
        state = "sample"
        float(sample[3])
    else:
        raise AssertionError(f"neither HELP, TYPE nor sample: {line!r}")
assert state == "sample", "ends without a sample"
END
strict() { # FILE
    /usr/bin/python3 "$TMP/strict" "$1"
}

value() { # SERIES [FILE]
    awk -v series="$1" '$1 == series { print $2 }' "${2:-$TMP/admin.out}"
}

# ---- the metrics -----------------------------------------------------------------------------------------------------------

fresh_host
bridge_host
bridged_guest 101
admin apply 101
admin_is 0 "a healthy host" check --prometheus
ok "the format is right" strict "$TMP/admin.out"
if command -v promtool >/dev/null; then
    ok "promtool has nothing to say" sh -c 'promtool check metrics <"$1"' sh "$TMP/admin.out"
fi
cp "$TMP/admin.out" "$TMP/healthy"
is "$(value guestarp_check_success)" 1 "it came to its end"
is "$(value guestarp_answers_known)" 1 "who answers is known"
is "$(value guestarp_guests) $(value guestarp_guests_managed) $(value guestarp_guests_running)" "1 1 1" "guests, managed, running"
ok "when is now" test "$(($(date +%s) - $(value guestarp_check_timestamp_seconds)))" -le 5
is "$(sed -n 's/^guestarp_findings{id="\(.*\)"} 0$/\1/p' "$TMP/admin.out" | sort | paste -s -d ' ')" \
    "$(jq -r '.properties.findings.items.properties.id.enum | sort | join(" ")' "$SCHEMAS/check.schema.json")" "each id has a series, 0"
# Dashboards and alerts go by them: a name that changes or goes is to be seen here.
is "$(sed -n 's/^# TYPE //p' "$TMP/admin.out" | paste -s -d ' ')" \
    "guestarp_info gauge guestarp_check_success gauge guestarp_check_timestamp_seconds gauge guestarp_check_duration_seconds gauge guestarp_watch_running gauge guestarp_findings gauge guestarp_answers_known gauge guestarp_guests gauge guestarp_guests_managed gauge guestarp_guests_running gauge" \
    "the names"
for change in '1d' '2d' '3d' 's/ 1$/ one/' 's/gauge/counter/' 's/^guestarp_findings{id="proxy-gone"}/guestarp_findings{id="proxy-all-devices"}/' 's/{id=/{id:/' '$a\
guestarp_info{version="x"} 1' '$a\
'; do
    sed "$change" "$TMP/healthy" >"$TMP/changed"
    not_ok "the parser refuses a text after sed '${change//$'\n'/ }'" strict "$TMP/changed"
done

bridged_guest 102 loud
sysctl -q -w net.ipv4.conf.vmbr0.rp_filter=0
ip neigh add proxy 192.168.0.250
findings
counts=$(jq -r '[.findings[].id] | group_by(.) | map("\(.[0]) \(length)") | .[]' "$TMP/admin.out")
ok "there is something to find" test -n "$counts"
admin_is 1 "a host that is not" check --prometheus
ok "the format is right" strict "$TMP/admin.out"
is "$(sed -n 's/^guestarp_findings{id="\(.*\)"} \([1-9][0-9]*\)$/\1 \2/p' "$TMP/admin.out" | sort)" "$(sort <<<"$counts")" "as many as check --json has"
admin_is 1 "with --probe" check --prometheus --probe
ok "the format is right" strict "$TMP/admin.out"
refused "one of --json and --prometheus" "not as JSON" check --prometheus --json
refused "is for the host's state" "not of a log" check --prometheus --log
refused "usage: guestarp check --prometheus \[FILE\]" "a word too many" check --prometheus a b

# ---- the file --------------------------------------------------------------------------------------------------------------

admin_is 1 "into a file" check --prometheus "$PROM"
is "$OUT$ERR" "" "nothing is said"
ok "the format is right" strict "$PROM"
is "$(stat -c %a "$PROM") $(find "$TMP/prom" -mindepth 1 | wc -l)" "644 1" "all can read it, and nothing is beside it"
# A reader meanwhile has the old text or the new one, whole.
inode=$(stat -c %i "$PROM")
(while [ ! -e "$TMP/stop" ]; do strict "$PROM" 2>>"$TMP/torn" || echo torn >>"$TMP/torn"; done) &
reader=$!
for ((i = 0; i < 20; i++)); do
    admin check --prometheus "$PROM"
done
: >"$TMP/stop"
wait "$reader"
not_ok "no reader has seen half of it" test -e "$TMP/torn" -a -s "$TMP/torn"
isnt "$(stat -c %i "$PROM")" "$inode" "it was replaced, not written over"
(cd "$TMP/prom" && GUESTARP_ROOT=$ROOT "$GUESTARP_BUILD/guestarp" check --prometheus here.prom) || true
ok "a file in the working directory" strict "$TMP/prom/here.prom"
admin_is 3 "into a directory that is not there" check --prometheus "$TMP/nowhere/a.prom"
like "$ERR" "^guestarp: metrics: $TMP/nowhere/.*No such file" "is said"
admin_is 3 "into a directory's name" check --prometheus "$TMP/prom/"
admin_is 3 "into /dev/full's place" check --prometheus /dev/full/x

# A check that cannot be done: that is a metric, and nothing else of the host is claimed.
cp "$PROM" "$TMP/before"
GUESTARP_WRAP="strace -f -o /dev/null -e trace=socket -e inject=socket:error=EMFILE" admin_is 3 "a check that cannot be done" check --prometheus "$PROM"
like "$ERR" "^guestarp: .*netlink socket: " "says why"
ok "the format is right" strict "$PROM"
is "$(value guestarp_check_success "$PROM") $(grep -c '^guestarp_\(findings\|guests\)' "$PROM" || true)" "0 0" "success is 0, and nothing is claimed"

# ---- the units -------------------------------------------------------------------------------------------------------------

host=$TESTS_DIR/../packaging/host
command=$(sed -n "s,^ExecStart=@BINDIR@/guestarp ,,p" "$host/guestarp-prometheus.service.in")
is "$command" "check --prometheus /var/lib/prometheus/node-exporter/guestarp.prom" "the service writes node_exporter's file"
mkdir -p "$TMP/lib/prometheus/node-exporter"
# shellcheck disable=SC2086 # several words
admin $command
is "$STATUS $(sed -n 's/^SuccessExitStatus=//p' "$host/guestarp-prometheus.service.in")" "1 1" "something found is success for systemd"
ok "as the unit calls it, the format is right" strict /var/lib/prometheus/node-exporter/guestarp.prom
if command -v systemd-analyze >/dev/null; then
    mkdir "$TMP/units"
    sed "s,@BINDIR@,$GUESTARP_BUILD," "$host/guestarp-prometheus.service.in" >"$TMP/units/guestarp-prometheus.service"
    cp "$host/guestarp-prometheus.timer" "$TMP/units/"
    is "$(systemd-analyze verify --man=no "$TMP/units"/guestarp-prometheus.{service,timer} 2>&1 | grep -i guestarp-prometheus || true)" "" \
        "systemd-analyze has nothing to say of them"
else
    skip "no systemd-analyze"
fi

# ---- the examples ----------------------------------------------------------------------------------------------------------

examples=$TESTS_DIR/../packaging/examples
plugin() { # WORD...: sets STATUS and OUT
    STATUS=0
    OUT=$(GUESTARP_ROOT=$ROOT "$examples/check_guestarp" --command "$GUESTARP_BUILD/guestarp" "$@" 2>&1) || STATUS=$?
}
findings
n=$(wc -w <<<"$FOUND")
first=${FOUND%% *}
plugin
like "$STATUS $OUT" "^1 GUESTARP WARNING - $n findings?: $first .* \| findings=$n;0$" "the plugin, with findings"
plugin --critical "$first,x"
like "$STATUS $OUT" "^2 GUESTARP CRITICAL - $n finding" "one that is critical"
plugin --critical nothing
like "$STATUS $OUT" "^1 GUESTARP WARNING - " "one that is not"
plugin --command "$TMP/nowhere/guestarp"
like "$STATUS $OUT" "^3 GUESTARP UNKNOWN - .*No such file" "without guestarp"
plugin --command "$GUESTARP_BUILD/guestarp --frob"
like "$STATUS $OUT" "^3 GUESTARP UNKNOWN - guestarp: check: unknown option" "called wrongly"
plugin --command "strace -f -o /dev/null -e trace=socket -e inject=socket:error=EMFILE $GUESTARP_BUILD/guestarp"
like "$STATUS $OUT" "^3 GUESTARP UNKNOWN - guestarp: netlink socket: " "a check that cannot be done"
for file in check_guestarp icinga2.conf; do
    ok "sudoers' line in $file is what the plugin calls" grep -q "NOPASSWD: /usr/bin/guestarp check --json$" "$examples/$file"
done
ok "and Icinga's configuration names the plugin" grep -q 'PluginDir + "/check_guestarp"' "$examples/icinga2.conf"
for id in $(sed -n 's/.*guestarp_critical = "\(.*\)"/\1/p' "$examples/icinga2.conf" | tr ',' ' '); do
    ok "$id is a finding" jq -e --arg id "$id" '.properties.findings.items.properties.id.enum | index($id) != null' "$SCHEMAS/check.schema.json"
done
fresh_host
bridge_host
bridged_guest 101
admin apply 101
plugin
is "$STATUS $OUT" "0 GUESTARP OK - ARP on this host is right | findings=0;0" "the plugin on a healthy host"

# The playbook's own commands, in its order, twice: Ansible itself is not needed to see what they do.
commands() {
    sed -n 's/^ *ansible\.builtin\.command: guestarp //p' "$examples/ansible.yml"
}
fresh_host
bridge_host
bridged_guest 101 loud
stand_ins
is "$(commands | wc -l)" 4 "the playbook has four commands"
changed=
for round in 1 2; do
    while read -r words; do
        # shellcheck disable=SC2086 # several words
        admin $words
        case $words in
        manage*) [[ $OUT == *'managed now'* ]] && changed+=" $round:manage" ;;
        apply*) [ -n "$ERR" ] && changed+=" $round:apply" ;;
        esac
        ok "round $round: guestarp $words: status $STATUS" test "$STATUS" -le "$([[ $words == check* ]] && echo 1 || echo 0)"
    done < <(commands)
done
is "$changed" " 1:manage 1:apply" "the first round changes the host, the second nothing"
healthy "and the host is well"
if /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
    ok "the playbook is YAML with a name and one module for each task" /usr/bin/python3 -c '
import sys, yaml
(play,) = yaml.safe_load(open(sys.argv[1]))
for task in play["tasks"]:
    modules = [key for key in task if key.startswith("ansible.builtin.")]
    assert task["name"] and len(modules) == 1, task
    assert set(task) <= {"name", "register", "changed_when", "failed_when", *modules}, task' "$examples/ansible.yml"
else
    skip "no python3-yaml"
fi
# Where it is: too large for what the tests install.
if command -v ansible-playbook >/dev/null; then
    ok "Ansible understands it" ansible-playbook --syntax-check -i localhost, "$examples/ansible.yml"
fi

done_testing
