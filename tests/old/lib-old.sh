# shellcheck shell=bash
# Programs that find an older kernel (tests/old/kernel.c). Source it from what knows GUESTARP_BUILD.

OLD_KERNELS=(2.6.32 3.10 3.16 4.9 4.18 5.14)

# Fails, with a word why, where the programs cannot be linked once more: they are somebody else's, or have a sanitizer.
old_can_build() {
    [ -f "$GUESTARP_BUILD/libguestarp.a" ] && command -v cc pkg-config >/dev/null || return 1
    ! grep -q __asan_init "$GUESTARP_BUILD/guestarp-pve"
}

# The names of what they found lacking go into DIRECTORY/seen.
old_build() { # KERNEL DIRECTORY
    local object program
    local -a libraries
    read -ra libraries <<<"$(pkg-config --libs libnl-3.0 json-c)"
    mkdir -p "$2"
    : >"$2/seen"
    cc -std=gnu11 -D_GNU_SOURCE -O1 -fPIE "-DOLD_KERNEL=\"$1\"" "-DOLD_SEEN=\"$2/seen\"" -c -o "$2/kernel.o" "$OLD_DIR/kernel.c"
    for object in "$GUESTARP_BUILD"/hooks/*.o; do
        program=${object##*/}
        cc -pie -o "$2/${program%.o}" "$object" "$2/kernel.o" "$GUESTARP_BUILD/libguestarp.a" -lc "${libraries[@]}"
    done
}
