#!/bin/bash
# net/owner.t on Linux 6.1.
exec "$(dirname "$0")/../run" "$(dirname "$0")/../../net/owner.t" "$@"
