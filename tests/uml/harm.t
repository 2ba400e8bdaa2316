#!/bin/bash
# Random hosts with two VRFs that have the same addresses: net/harm.t for each of them, while things happen in the other.
#
#   GUESTARP_SEED, GUESTARP_HOST, GUESTARP_WORKERS as for net/harm.t; GUESTARP_HOSTS=N how many, default 6 (3 with
#   GUESTARP_SHORT=1)

grep -q '^vendor_id.*User Mode Linux' /proc/cpuinfo || exec "$(dirname "$0")/run" "$0" "$@"
GUESTARP_HOSTS=${GUESTARP_HOSTS:-${GUESTARP_SHORT:+3}}
GUESTARP_HOSTS=${GUESTARP_HOSTS:-6} exec "$(dirname "$0")/../net/harm.t" twins
