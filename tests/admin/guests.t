#!/bin/bash
# The words by which people name guests: numbers, kinds, lists, ranges and names; and what an unknown one is answered with.

. "$(dirname "$0")/../lib.sh" || exit
. "$(dirname "$0")/lib-admin.sh" || exit
require jq

true_paths
fresh_host
FORMS='\(a guest is 101, pve/101, ct/101, vm/101, 101,102, 101-103 or a name\)$'

guest_conf 101 lxc "hostname: web1" "net0: name=eth0,bridge=vmbr0,type=veth"
guest_conf 102 lxc "hostname: mail.example.org" "net0: name=eth0,bridge=vmbr0,type=veth"
guest_conf 103 qemu-server "name: Web2" "net0: virtio=02:9E:00:00:00:03,bridge=vmbr0"
guest_conf 110 lxc "hostname: twin" "[snap]" "hostname: earlier"
guest_conf 111 qemu-server "name: twin"
guest_conf 112 lxc "hostname: 101"
mkdir -p "$ROOT/etc/vz/conf" "$ROOT/var/lib/lxc/plain" "$ROOT/var/lib/lxc/101-102"
printf 'NAME="shop"\nIP_ADDRESS="192.0.2.7"\n' >"$ROOT/etc/vz/conf/201.conf"
printf 'lxc.net.0.type = veth\n' | tee "$ROOT/var/lib/lxc/plain/config" >"$ROOT/var/lib/lxc/101-102/config"

# The guests that some words mean, as status has them, in order.
mean() { # WANT DESC WORD...
    local want=$1 desc=$2
    shift 2
    admin status --json "$@"
    is "$STATUS $(jq -r '[.guests[].guest] | join(" ")' <<<"$OUT" 2>/dev/null)" "$want" "$desc${ERR:+ ($ERR)}"
}

mean "0 pve/101" "a number" 101
mean "0 pve/101" "a number with its kind" pve/101
mean "0 pve/101" "a container" ct/101
mean "0 pve/103" "a VM" vm/103
mean "0 pve/103 pve/101" "a list, in its order" 103,101
mean "0 pve/101 pve/102" "a list with kinds" ct/101,pve/102
mean "0 pve/101" "each guest once" 101,ct/101 web1 101
mean "0 pve/102 pve/103 pve/110" "a range: those that there are" 102-110
mean "0 pve/103 pve/111" "a range of VMs" vm/101-199
mean "0 pve/110 vz/201 pve/111" "ranges in a list" 110,150-299,111
mean "0 lxc/101-102" "a container of LXC's of that name, not a range" 101-102
mean "0 pve/101" "a host name" web1
mean "0 pve/103" "the name of a VM, in any case" web2
mean "0 pve/102" "a host name with dots" mail.example.org
mean "0 pve/110" "a name that two have, with its kind" ct/twin
mean "0 vz/201" "OpenVZ's NAME" shop
mean "0 vz/201" "the same with its kind" vz/shop
mean "0 lxc/plain" "a container of LXC's" plain
mean "0 pve/112" "a host name that is another's number hides nothing" ct/112
admin policy web1 --json
is "$(jq -r .guest <<<"$OUT")" pve/101 "policy takes a name"
admin plan web1,vm/web2
is "$(grep '/' <<<"$OUT" | grep '^pve')" "pve/101 web1
pve/103 Web2" "plan takes a list of names, and prints them"

refused "^guestarp: no guest 'web9' on this host, did you mean web1\? $FORMS" "the nearest name, and the forms" status web9
refused "^guestarp: no guest 'pve/104' on this host, did you mean pve/10[12]\? " "the nearest of that kind" status pve/104
refused "^guestarp: no guest 'nothing-like-it' on this host $FORMS" "nothing near" status nothing-like-it
refused "'twin' is the name of pve/110 and of pve/111: name it by its number" "a name that two have" status twin
refused "no guest 'vm/101' on this host" "a container is no VM" status vm/101
refused "no guest 'ct/103' on this host" "a VM is no container" status ct/103
refused "no guest '300-400' on this host" "a range without a guest" status 300-400
refused "no guest '103-101' on this host" "a range that goes backwards" status 103-101
refused "no guest '1-9999999999' on this host" "a range beyond all numbers" status 1-9999999999
refused "no guest '' on this host" "a list with nothing in it" status 101,
refused "no guest 'earlier' on this host" "a snapshot's name is none" status earlier
refused "'101-103' is more than one guest" "policy of several" policy 101-103
refused "'101,102' is more than one guest" "device of several" device 101,102 eth0

# A name that would look like something else in a terminal, or is none.
guest_conf 113 lxc $'hostname: \e[31mred'
admin plan 113,101
unlike "$OUT" $'\e' "a host name with control characters is not printed"

done_testing
