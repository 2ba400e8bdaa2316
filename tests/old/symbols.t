#!/bin/bash
# The programs need no function that glibc 2.12, json-c 0.11 or libnl 3.2.21 has not, but for those that a condition in the
# source takes away there. Of a function that glibc has given another version since, the source is the same.

build=$(realpath -m -- "${GUESTARP_BUILD:-$(dirname -- "${BASH_SOURCE[0]}")/../../build}")
command -v objdump >/dev/null || { echo "1..0 # SKIP no program objdump"; exit 0; }
if grep -q __asan_init "$build/guestarp-pve"; then
    echo "1..0 # SKIP a sanitizer has functions of its own"
    exit 0
fi
echo 1..3

# Newer in glibc by their version alone: memcpy (2.14), posix_spawn (2.15), clock_gettime (2.17, from librt), stat and the like
# (2.33, inline before), __libc_start_main (2.34). secure_getenv is 2.17 (base/libc.h).
older="memcpy|posix_spawn|clock_gettime|f?stat|fstatat|lstat|mknodat|mknod|__libc_start_main|secure_getenv|pthread_[a-z_]*|dlsym"

undefined() { # LIBRARY-PATTERN: functions of it that are wanted, each once
    for program in "$build"/guestarp "$build"/guestarp-* "$build"/vznet-custom; do
        [ ! -f "$program" ] || objdump -T "$program"
    done | awk '/\*UND\*/ {print $(NF - 1), $NF}' | tr -d '()' | grep -E "$1" | sort -u
}

result() { # NUMBER DESC FOUND
    if [ -z "$3" ]; then
        echo "ok $1 - $2"
    else
        echo "not ok $1 - $2"
        printf '%s\n' "$3" | sed 's/^/# /' >&2
        bad=1
    fi
}

bad=0
result 1 "no function that is newer than glibc 2.12" \
    "$(undefined '^GLIBC_2\.[0-9]' | awk '{split($1, v, "."); if (v[2] + 0 > 12) print $2}' | grep -vxE "$older")"
# json_global_set_string_hash is json-c 0.13's, where its header says so (base/json.c).
result 2 "of json-c only what 0.11 has" "$(undefined ' json_' | awk '{print $2}' | grep -vxE \
    'json_global_set_string_hash|json_object_(array_(add|get_idx|length)|get_(boolean|int64|object|string)|is_type|new_(array|boolean|int|int64|object|string)|object_(add|get|get_ex)|put|to_json_string_ext)|json_tokener_(error_desc|free|get_error|new_ex|parse_ex|set_flags)')"
result 3 "of libnl only what 3.2.21 has" "$(undefined ' (nl|nla|nlmsg|rtnl)_' | grep -v '^GLIBC' | awk '{print $2}' | grep -vxE \
    'nl_(cb_(alloc|err|overwrite_recv|put|set)|connect|recv|recvmsgs|send_auto|sendto)|nl_socket_(alloc_cb|disable_auto_ack|disable_msg_peek|free|get_fd|get_local_port|set_msg_buf_size|use_seq)|nla_(data|find|get_u8|get_u32|len|nest_end|nest_start|next|ok|parse|parse_nested|put|put_string|put_u8|put_u32|strcmp|strlcpy|type)|nlmsg_(alloc_simple|alloc_size|append|data|find_attr|free|hdr|next|ok|parse|put|set_default_size|valid_hdr)')"
exit "$bad"
