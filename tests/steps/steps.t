#!/bin/bash
# The steps by which packaging/doc/CONTRIBUTING.md adds a policy key, a finding and a setting kind: three patches that
# take them, in a copy of the tree, which is built and whose new tests are run.

. "$(dirname "$0")/../lib.sh" || exit
require patch make cc pkg-config jq

tree=$TMP/tree
mkdir -p "$tree/tests" "$tree/packaging/debian"
cp -R "$TESTS_DIR"/../Makefile "$TESTS_DIR"/../common "$TESTS_DIR"/../hooks "$tree"
cp -R "$TESTS_DIR/unit" "$tree/tests"
cp "$TESTS_DIR/../packaging/debian/changelog" "$tree/packaging/debian"

for step in key finding setting; do
    ok "$step: the patch applies" patch -d "$tree" -p1 -s -F0 -i "$TESTS_DIR/steps/$step.patch"
    is "$(sed -n '/^diff .*_table\.h$/,/^diff /s/^+[^+]/+/p' "$TESTS_DIR/steps/$step.patch" | wc -l)" 1 "$step: one row of one table"
done

# As fast as it can be: what is tried is the code's shape. CC alone is as it was for the programs under test.
build() { # TARGET...
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u SANITIZE make -C "$tree" BUILD=build CFLAGS=-O0 LDFLAGS= CI=1 "$@"
}
programs=(example_key example_finding example_setting policy setting)
ok "all of it builds" build -j2 build/guestarp "${programs[@]/#/build/tests/unit/}"
for program in "${programs[@]}"; do
    ok "$program: its test" "$tree/build/tests/unit/$program"
done

# lo is what the setting's test has changed.
like "$(ip link show lo)" ALLMULTI "setting: the kernel has it"
ip link set lo up
ip link set lo promisc on
"$tree/build/guestarp" check --json >"$TMP/check.json" || true
is "$(jq -c '.findings[] | select(.id == "example") | [.devices[], .fix]' "$TMP/check.json")" \
    '["lo","ip link set dev lo promisc off"]' "finding: check has it"
guest_conf 101 lxc
like "$(GUESTARP_ROOT=$ROOT "$tree/build/guestarp" policy 101)" $'\nexample +0 +default\n' "key: policy shows it"

done_testing
