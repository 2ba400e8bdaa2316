#!/bin/bash
# The package for Virtuozzo 7 to 9: built from the tree by Debian's rpm, installed into a node, set up as the manual says; and
# it cannot be removed while vzctl would call what is gone.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-vz.sh" || exit
require jq rpmbuild

tree=$(realpath "$TESTS_DIR/..")
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$tree/packaging/debian/changelog")
v4=192.168.18.101

# ---- built --------------------------------------------------------------------------------------------------------------

mkdir -p "$TMP/rpm/SOURCES"
(cd "$tree" && find . -type d \( -name .git -o -path './build*' -o -path ./debian \) -prune -o ! -type d -print |
    tar -cz -T - --no-same-owner --transform "s,^\\.,guestarp-$version," -f "$TMP/rpm/SOURCES/guestarp-$version.tar.gz")
if ! rpmbuild -ta --nodeps --define "_topdir $TMP/rpm" --define "debug_package %{nil}" --define "optflags -O0" \
    "$TMP/rpm/SOURCES/guestarp-$version.tar.gz" >"$TMP/rpmbuild" 2>&1; then
    tail -n 30 "$TMP/rpmbuild" >&2
    exit 1
fi
package=$(echo "$TMP"/rpm/RPMS/*/guestarp-"$version"-1*.rpm)
is "$(rpm -qp --qf '%{version}' "$package")" "$version" "the version is the changelog's"
rpm -qlp "$package" | sed 's/\.gz$//' | sort >"$TMP/files"
for path in $(grep -o '/usr/lib/vzctl/scripts/vznet-custom' "$MANUAL" | sort -u) /etc/guestarp \
    $(sed -n '/^\.Sh SEE ALSO/,$s,^\.Xr \([^ ]*\) \([58]\).*,/usr/share/man/man\2/\1.\2,p' "$MANUAL"); do
    like $'\n'"$(<"$TMP/files")"$'\n' $'\n'"$path"$'\n' "what the manual names is there: $path"
done
unlike "$(<"$TMP/files")" '/lxc/|snippets|debian' "nothing of other platforms is"

# ---- installed ----------------------------------------------------------------------------------------------------------

topo_multi
for generation in 7 9; do
    node_new "rpm$generation" - "$generation"
    venet_ready
    rm -r "$ROOT/usr/libexec/guestarp" "$ROOT/usr/lib/vzctl" "$ROOT/etc/guestarp"
    # Where it is put must be the node's own, as the machine's directories are read-only there.
    node_own /usr/bin
    node_own /usr/share
    rm "$ROOT"/usr/share/{man,doc,bash-completion} "$ROOT"/usr/lib/{systemd,tmpfiles.d}
    ok "$generation: installed" rpm --root "$ROOT" --nodeps -i "$package"
    is "$(state)" "$NOTHING" "$generation: which changes nothing"
    manual_run policy
    ct_conf "$(ctid 101)" "IP_ADDRESS=\"$v4\"" 'NAME="101"'
    ok "$generation: set up as the manual says" node_setup
    vz_ok start "$(ctid 101)"
    is "$(entries)" "$v4 eth3" "$generation: the container is bound to its device alone"
    STATUS=0
    rpm --root "$ROOT" -e guestarp >"$TMP/erase" 2>&1 || STATUS=$?
    like "$STATUS $(<"$TMP/erase")" "^1 .*script\\.d/vz-stop" "$generation: not removed while vzctl calls it, and it says where"
    vz_ok stop "$(ctid 101)"
    is "$(state)" "$NOTHING" "$generation: nothing is left"
    rm -r "$ROOT"/usr/libexec/libvzctl/script.d "$ROOT"/etc/vz/conf/vps.* "$ROOT/etc/vz/vznet.conf"
    ok "$generation: removed when it does not" rpm --root "$ROOT" -e guestarp
    is "$(find "$ROOT"/usr/libexec/guestarp "$ROOT/usr/lib/vzctl" "$ROOT"/usr/lib/systemd/system/guestarp* 2>/dev/null || true)" "" "$generation: no file is left"
    vz_ok start "$(ctid 101)"
    is "$(entries)" "$v4 eth0, $v4 eth3, $v4 eth4" "$generation: and containers start as before"
    vz_ok stop "$(ctid 101)"
    node_end
done
done_testing
