#!/bin/bash
# answer/wire.t on Linux 6.1, with VLAN, bond, VRF, macvlan, ipvlan and dummy devices, and bridges that filter VLANs.
GUESTARP_HOSTS=${GUESTARP_HOSTS:-50} exec "$(dirname "$0")/run" "$(dirname "$0")/../answer/wire.t" "$@"
