#!/bin/bash
# net/rules.t on Linux 6.1.
exec "$(dirname "$0")/../run" "$(dirname "$0")/../../net/rules.t" "$@"
