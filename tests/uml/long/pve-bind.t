#!/bin/bash
# net/pve-bind.t on Linux 6.1, on which permanent entries survive a loss of carrier, and `ip link set ... down` deletes them.
exec "$(dirname "$0")/../run" "$(dirname "$0")/../../net/pve-bind.t" "$@"
