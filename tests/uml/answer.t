#!/bin/bash
# answer/wire.t on Linux 6.1, with VLAN, bond, VRF, macvlan, ipvlan and dummy devices, and bridges that filter VLANs. check is
# judged on every tenth host, as that takes ten seconds for each; on how many GUESTARP_JUDGE and GUESTARP_JUDGED say.
judge=${GUESTARP_JUDGE:-10}
[ -z "${GUESTARP_JUDGED:-}" ] || judge=4
GUESTARP_HOSTS=${GUESTARP_HOSTS:-50} GUESTARP_JUDGE=$judge exec "$(dirname "$0")/run" "$(dirname "$0")/../answer/wire.t" "$@"
