# shellcheck shell=bash
# Clean systems of a Debian release, to build and to use the package in: for packaging/check and tests/system/check, which
# source it in the tree's top directory. Theirs are DIR, where all that is made goes, and release.
# shellcheck disable=SC2154 # release

# What 0.1.0 was: the last commit before the work on 0.2.0. To be changed with each version that reaches the field.
BEFORE=c4ffc006e1b7485d9a6b334380e2843b44da3020

mirror() {
    # The one that apt has Debian itself from, not its security archive or somebody else's.
    # shellcheck disable=SC2016 # apt's own words
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1
}

# In namespaces that take mounts and processes with them. The root has to be a mount point for `unshare` inside.
in_root() { # ROOT [--net] COMMAND...
    local root=$1 net=
    shift
    if [ "$1" = --net ]; then
        net=--net
        shift
    fi
    # shellcheck disable=SC2016 # the inner shell's
    unshare --mount --pid --fork --kill-child $net -- sh -euc '
        root=$1
        shift
        mount --bind "$root" "$root"
        mount --rbind /dev "$root/dev"
        mount --rbind /sys "$root/sys"
        mount -t proc proc "$root/proc"
        mkdir -p "$root/var/cache/apt/archives"
        mount --bind "$0" "$root/var/cache/apt/archives"
        cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || :
        exec chroot "$root" env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
    ' "$DIR/$release.apt" "$root" "$@"
}

bare() {
    mmdebstrap --quiet --variant=minbase --format=tar "$release" "$DIR/$release.tar.new" "${MIRROR:-$(mirror)}"
    mv "$DIR/$release.tar.new" "$DIR/$release.tar"
}

system() { # ROOT
    rm -rf --one-file-system "$1"
    mkdir -p "$1" "$DIR/$release.apt"
    tar -C "$1" -xf "$DIR/$release.tar" --exclude './dev/*'
    in_root "$1" apt-get -q update
}

install_in() { # ROOT PACKAGE...
    local root=$1
    shift
    in_root "$root" apt-get -qy --no-install-recommends install "$@"
}

# One copy for all builds, as somebody may be working here: what git has, and no git, as in an unpacked tarball.
snapshot() {
    rm -rf "$DIR/tree"
    mkdir "$DIR/tree"
    if git -c safe.directory="$PWD" rev-parse --git-dir >/dev/null 2>&1; then
        git -c safe.directory="$PWD" ls-files -co --exclude-standard
    else
        find . -type d \( -name .git -o -path './build*' \) -prune -o ! -type d -print
    fi | while IFS= read -r file; do
        [ ! -e "$file" ] || printf '%s\n' "$file"
    done | tar -c -T - | tar -x -C "$DIR/tree" --no-same-owner
}

tree() { # DIRECTORY
    mkdir -p "${1%/*}"
    cp -r "$DIR/tree" "$1"
}

# Fails where there is no git, or not all of its history.
tree_before() { # DIRECTORY
    git -c safe.directory="$PWD" cat-file -e "$BEFORE^{commit}" 2>/dev/null || return 1
    mkdir -p "$1"
    git -c safe.directory="$PWD" archive "$BEFORE" | tar -x -C "$1" --no-same-owner
}

build_dependencies() {
    sed -n '/^Build-Depends:/,/^[^ ]/p' packaging/debian/control | sed -e 's/^Build-Depends://' -e '/^[A-Z]/d' -e 's/ <!nocheck>//' |
        tr ',' '\n' | sed -e 's/^ *debhelper-compat.*/debhelper/' -e 's/ //g' | sed '/^$/d'
}
