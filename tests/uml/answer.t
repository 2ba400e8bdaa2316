#!/bin/bash
# answer/wire.t on Linux 6.1, with VLAN, bond, VRF, macvlan, ipvlan and dummy devices, and bridges that filter VLANs. check is
# judged where GUESTARP_JUDGE says on which hosts (make check-long), as that takes a minute for each.
GUESTARP_HOSTS=${GUESTARP_HOSTS:-50} GUESTARP_JUDGE=${GUESTARP_JUDGE:-0} exec "$(dirname "$0")/run" "$(dirname "$0")/../answer/wire.t" "$@"
