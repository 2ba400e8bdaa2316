#!/bin/bash
# answer/wire.t, which judges check on every 25th host, on Linux 6.1, with VLAN, bond, VRF, macvlan, ipvlan and dummy devices, and bridges that filter VLANs.
GUESTARP_HOSTS=${GUESTARP_HOSTS:-50} GUESTARP_JUDGE=${GUESTARP_JUDGE:-25} exec "$(dirname "$0")/run" "$(dirname "$0")/../answer/wire.t" "$@"
