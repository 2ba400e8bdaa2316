#!/bin/bash
# answer/wire.t on Linux 6.1, with VLAN, bond, VRF, macvlan, ipvlan and dummy devices, and bridges that filter VLANs. On every
# tenth host check is judged.
GUESTARP_HOSTS=${GUESTARP_HOSTS:-50} GUESTARP_JUDGE=${GUESTARP_JUDGE:-10} exec "$(dirname "$0")/run" "$(dirname "$0")/../answer/wire.t" "$@"
