#!/bin/bash
# A thousand random events over thirty guests and their clones, some of which are not managed: after each, the kernel is
# what the model says, and after each hundred so is the wire.
#
#   GUESTARP_SEED=N    those of another seed than 12
#   GUESTARP_EVENTS=N  how many, default 1000 (500 with GUESTARP_SHORT=1); with it each run has another seed, and prints it

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
require perl nft
[ -x "$GUESTARP_BUILD/guestarp" ] || skip_all "no program guestarp"

# Bridges that are pinned from the start: what pins them is another test's matter.
ip netns add far
ip -batch - <<'END'
link add vmbr0 address 02:00:00:00:00:b0 type bridge
link add vmbr1 address 02:00:00:00:00:b1 type bridge
link set vmbr0 up
link set vmbr1 up
addr add 10.20.0.1/16 dev vmbr1
link add eth3 address 02:18:00:00:00:13 type veth peer name p3 netns far
link add eth4 address 02:18:00:00:00:14 type veth peer name p4 netns far
link set eth3 up
link set eth4 up
addr add 192.168.18.13/24 dev eth3
addr add 192.168.18.14/24 dev eth4
END
ip -n far link set p3 up
ip -n far link set p4 up
mkdir -p "$ROOT/etc/pve/nodes/pve2/lxc" "$ROOT/etc/pve/nodes/pve2/qemu-server"
# Ports need no IPv6 of their own, as Proxmox VE says, too.
sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.disable_ipv6=1

export GUESTARP_ROOT=$ROOT GUESTARP_WRAP TESTS_DIR
tap_finished=1
# One seed, the same events each time.
PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 perl -I"$TESTS_DIR" "$TESTS_DIR/events/random.pl"
