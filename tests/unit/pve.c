/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxmox VE's guest configurations: what Proxmox VE reads in them, as a table. */

#include "guest/pve.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "root.h"

#define CT false
#define VM true

/*
 * What is read, in one line: "hooked", "migrating", then each NIC as netN:bridge.tag>fwbr(its addresses)@its gateways,
 * and "skipped" or "down" behind it. notes are what is said of it, "; " between them; "f" is the file's name.
 */
static const struct row {
	const char *name;
	bool vm;
	const char *text;
	const char *read;
	const char *notes; /* NULL: none */
	const char *vmid;  /* NULL: 101 */
} rows[] = {
	{ "nothing", CT, "", "", NULL, NULL },
	{ "a container", CT,
	  "arch: amd64\nhookscript: local:snippets/guestarp\nhostname: web\nmemory: 512\n"
	  "net0: name=eth0,bridge=vmbr0,firewall=1,gw=192.0.2.1,hwaddr=BC:24:11:00:00:01,ip=192.0.2.7/24,type=veth\n"
	  "ostype: debian\n",
	  "hooked net0:vmbr0>fwbr101i0(192.0.2.7/24)@192.0.2.1", NULL, NULL },
	{ "properties in any order", CT, "net0: type=veth,ip=192.0.2.7/24,tag=7,bridge=vmbr0,name=eth0\n",
	  "net0:vmbr0.7>fwbr101i0(192.0.2.7/24)", NULL, NULL },
	{ "IPv4 and IPv6", CT, "net0: name=eth0,bridge=vmbr0,ip6=2001:DB8::7/64,gw6=2001:db8::1,ip=192.0.2.7/32\n",
	  "net0:vmbr0>fwbr101i0(2001:db8::7/64 192.0.2.7/32)@2001:db8::1", NULL, NULL },
	{ "dhcp", CT, "net0: name=eth0,bridge=vmbr0,ip=dhcp,ip6=dhcp\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "manual", CT, "net0: name=eth0,bridge=vmbr0,ip=manual,ip6=manual\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "auto", CT, "net0: name=eth0,bridge=vmbr0,ip6=auto\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "no bridge", CT, "net0: name=eth0,ip=192.0.2.7/24\n", "net0:>fwbr101i0(192.0.2.7/24)", NULL, NULL },
	{ "two NICs out of order", CT, "net1: bridge=vmbr1,ip=192.0.2.8/24\nnet0: bridge=vmbr0,ip=192.0.2.7/24\n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24) net1:vmbr1>fwbr101i1(192.0.2.8/24)", NULL, NULL },
	{ "the same address twice", CT, "net0: bridge=vmbr0,ip=192.0.2.7/24\nnet1: bridge=vmbr1,ip=192.0.2.7/32\n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24) net1:vmbr1>fwbr101i1(192.0.2.7/32)", NULL, NULL },
	{ "properties of a newer Proxmox VE", CT, "net0: bridge=vmbr0,host-managed=1,new=a b,ip=192.0.2.7/24\n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24)", NULL, NULL },
	{ "a look-alike property", CT, "net0: xbridge=vmbr0,ip66=1/2,tags=9\n", "net0:>fwbr101i0", NULL, NULL },
	{ "a property twice that is not ours", CT, "net0: mtu=1400,mtu=1500,bridge=vmbr0\n", "net0:vmbr0>fwbr101i0",
	  NULL, NULL },
	{ "empty items", CT, "net0: ,bridge=vmbr0,,\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "the firewall off", CT, "net0: bridge=vmbr0,firewall=0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },

	{ "a VM", VM,
	  "boot: order=scsi0\nhookscript: nfs:snippets/guestarp\n"
	  "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=4094\nipconfig0: ip=192.0.2.7/24,gw=192.0.2.1\n",
	  "hooked net0:vmbr0.4094>fwbr101i0(192.0.2.7/24)@192.0.2.1", NULL, NULL },
	{ "a VM's MAC in macaddr", VM, "net0: model=virtio,macaddr=BC:24:11:00:00:01,bridge=vmbr0\n",
	  "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "a VM's bare model", VM, "net0: virtio,bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "a VM's user-mode NAT", VM, "net0: e1000=BC:24:11:00:00:01\n", "net0:>fwbr101i0", NULL, NULL },
	{ "ipconfig before its net", VM, "ipconfig1: ip6=2001:db8::7/64\nnet1: virtio,bridge=vmbr1\n",
	  "net1:vmbr1>fwbr101i1(2001:db8::7/64)", NULL, NULL },
	{ "ipconfig auto", VM, "ipconfig0: ip=dhcp,ip6=auto\nnet0: virtio,bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL,
	  NULL },
	{ "a VM's key with hyphens", VM, "a-b_c1: x\nnet0: virtio,bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "ipconfig of a container is none", CT, "net0: bridge=vmbr0\nipconfig0: ip=192.0.2.7/24\n",
	  "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "ipconfig of a container is not even looked at", CT, "ipconfig0: ip=nonsense\n", "", NULL, NULL },

	{ "CRLF", CT, "hookscript: local:snippets/guestarp\r\nnet0: bridge=vmbr0,ip=192.0.2.7/24\r\n\r\n",
	  "hooked net0:vmbr0>fwbr101i0(192.0.2.7/24)", NULL, NULL },
	{ "tabs and blanks around the value", CT, "net0:\t  bridge=vmbr0,ip=192.0.2.7/24 \t \n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24)", NULL, NULL },
	{ "no blank behind the colon", CT, "net0:bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "no final newline", CT, "net0: bridge=vmbr0,ip=192.0.2.7/24", "net0:vmbr0>fwbr101i0(192.0.2.7/24)", NULL,
	  NULL },
	{ "blank lines", CT, "\n\n\nnet0: bridge=vmbr0\n\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "description lines", CT, "#net0: bridge=vmbr9,bridge=\n# [snap]\n#\n##%0A\nnet0: bridge=vmbr0\n#x\n",
	  "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "a leading blank is no setting", CT, " net0: bridge=vmbr9\nnet1: bridge=vmbr1\n", "net1:vmbr1>fwbr101i1",
	  NULL, NULL },
	{ "a blank before the colon is no setting", CT, "net0 : bridge=vmbr9\n", "", NULL, NULL },
	{ "capitals are no setting", CT, "Net0: bridge=vmbr9\nnET0: bridge=vmbr9\n", "", NULL, NULL },
	{ "no value is no setting", CT, "net0:\nnet1:  \t\nnet2\n", "", NULL, NULL },
	{ "raw LXC keys", CT, "lxc.net.0.veth.mode: router\nlxc.net.0.link = vmbr9\nnet0: bridge=vmbr0\n",
	  "net0:vmbr0>fwbr101i0 routed", NULL, NULL },

	{ "stops at a snapshot", CT,
	  "net0: bridge=vmbr0,ip=192.0.2.7/24\n\n[snap1]\nhookscript: local:snippets/guestarp\n"
	  "net0: bridge=vmbr9,ip=192.0.2.9/24\nnet1: nonsense,ip=x\n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24)", NULL, NULL },
	{ "stops at pending changes", CT, "net0: bridge=vmbr0\n[pve:pending]\nnet0: bridge=vmbr9\n",
	  "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "stops at a VM's pending changes", VM,
	  "net0: virtio,bridge=vmbr0\r\n[PENDING]\r\nnet0: virtio,bridge=vmbr9\r\n", "net0:vmbr0>fwbr101i0", NULL,
	  NULL },
	{ "stops at cloud-init's section", VM,
	  "net0: virtio,bridge=vmbr0\n[special:cloudinit]\nipconfig0: ip=192.0.2.9/24\n", "net0:vmbr0>fwbr101i0", NULL,
	  NULL },
	{ "a section at once", CT, "[snap]\nnet0: bridge=vmbr9\n", "", NULL, NULL },
	{ "a bracket inside is none", CT, "description: [snap]\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL,
	  NULL },

	{ "the last duplicate wins", CT,
	  "net0: bridge=vmbr8,tag=8,ip=192.0.2.8/24\nnet0: bridge=vmbr0,ip=192.0.2.7/24\n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24)", NULL, NULL },
	{ "the last duplicate wins whole", CT,
	  "net0: bridge=vmbr8,tag=8,ip=192.0.2.8/24,ip6=2001:db8::8/64\nnet0: name=eth0\n", "net0:>fwbr101i0", NULL,
	  NULL },
	{ "the last ipconfig wins", VM, "net0: virtio\nipconfig0: ip=192.0.2.8/24\nipconfig0: ip=dhcp\n",
	  "net0:>fwbr101i0", NULL, NULL },
	{ "the last hookscript wins", CT, "hookscript: local:snippets/guestarp\nhookscript: local:snippets/other\n", "",
	  NULL, NULL },
	{ "the last hookscript wins the other way", CT,
	  "hookscript: local:snippets/other\nhookscript: local:snippets/guestarp\n", "hooked", NULL, NULL },

	{ "tag 1", CT, "net0: bridge=vmbr0,tag=1\n", "net0:vmbr0.1>fwbr101i0", NULL, NULL },
	{ "the longest bridge name", CT, "net0: bridge=abcdefghijklmno\n", "net0:abcdefghijklmno>fwbr101i0", NULL,
	  NULL },
	{ "net31", CT, "net31: bridge=vmbr0\n", "net31:vmbr0>fwbr101i31", NULL, NULL },
	{ "a container's net32, with a bad bridge", CT, "net32: bridge=\n", "net32:>fwbr101i32 skipped",
	  "f:1: net32: bridge: bad value ''; the NIC is skipped", NULL },
	{ "a container's net01, with a bad bridge", CT, "net01: bridge=\n", "net1:>fwbr101i01 skipped",
	  "f:1: net01: bridge: bad value ''; the NIC is skipped", NULL },
	{ "net does not exist", CT, "net: bridge=\n", "", NULL, NULL },
	{ "netx0 is another key", CT, "netx0: bridge=\nnet_0: bridge=\nmynet0: bridge=\n", "", NULL, NULL },
	{ "net99999999999 does not exist", CT, "net99999999999: bridge=\n", "", NULL, NULL },
	{ "ipconfig32 does not exist", VM, "ipconfig32: ip=x\nipconfig01: ip=x\n", "", NULL, NULL },
	{ "nine digits, net9", CT, "net9: bridge=vmbr0\n", "net9:vmbr0>fwbr123456789i9", NULL, "123456789" },
	{ "nine digits, net10: no such device", CT, "net10: bridge=vmbr0\n", "net10:vmbr0>", NULL, "123456789" },
	{ "eight digits, net31", CT, "net31: bridge=vmbr0\n", "net31:vmbr0>fwbr12345678i31", NULL, "12345678" },

	{ "hookscript on another storage", CT, "hookscript: my-nfs.2:snippets/guestarp\n", "hooked", NULL, NULL },
	{ "hookscript longer than any of ours", CT,
	  "hookscript: local:snippets/"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	  "", NULL, NULL },
	{ "hookscript with a longer name", CT, "hookscript: local:snippets/guestarp2\n", "", NULL, NULL },
	{ "hookscript with an ending", CT, "hookscript: local:snippets/guestarp.pl\n", "", NULL, NULL },
	{ "hookscript with another start", CT, "hookscript: local:snippets/my-guestarp\n", "", NULL, NULL },
	{ "hookscript of another folder", CT, "hookscript: local:iso/guestarp\n", "", NULL, NULL },
	{ "hookscript in a folder below", CT, "hookscript: local:snippets/a/guestarp\n", "", NULL, NULL },
	{ "hookscript without a storage's colon", CT, "hookscript: snippets/guestarp\n", "",
	  "f:1: hookscript: no volume 'snippets/guestarp'; the line is skipped", NULL },
	{ "hookscript with capitals", CT, "hookscript: local:snippets/Guestarp\n", "", NULL, NULL },
	{ "another key with the value", CT,
	  "hookscripts: local:snippets/guestarp\nhookscript0: local:snippets/guestarp\n", "", NULL, NULL },

	/* one bad value costs as much as it costs with Proxmox VE */
	{ "a VM's bad ipconfig beside its net", VM, "net0: virtio,bridge=vmbr0,firewall=1\nipconfig0: ip=10.0.0.1/33\n",
	  "net0:vmbr0>fwbr101i0", "f:2: ipconfig0: ip: bad value '10.0.0.1/33'; the line is skipped", NULL },
	{ "a VM's bad ipconfig of another NIC", VM,
	  "net0: virtio,bridge=vmbr0\nipconfig0: ip=192.0.2.7/24\nipconfig1: ip=10.0.0.1/33\n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24)", "f:3: ipconfig1: ip: bad value '10.0.0.1/33'; the line is skipped",
	  NULL },
	{ "a VM's bad net beside another", VM,
	  "net0: virtio,bridge=vmbr0\nnet1: virtio,bridge=vmbr0,tag=5000\nipconfig1: ip=192.0.2.8/24\n",
	  "net0:vmbr0>fwbr101i0 net1:>fwbr101i1 skipped", "f:2: net1: tag: bad value '5000'; the line is skipped",
	  NULL },
	{ "a VM's bridge twice beside another NIC", VM,
	  "net0: virtio,bridge=vmbr0\nnet1: virtio,bridge=vmbr0,bridge=vmbr1\n",
	  "net0:vmbr0>fwbr101i0 net1:>fwbr101i1 skipped",
	  "f:2: net1: bridge: given twice, now 'vmbr1'; the line is skipped", NULL },
	{ "a VM's bad line leaves the good one before it", VM,
	  "net0: virtio,bridge=vmbr0\nnet0: virtio,bridge=vmbr1,tag=0\n", "net0:vmbr0>fwbr101i0",
	  "f:2: net0: tag: bad value '0'; the line is skipped", NULL },
	{ "a VM's good line behind a bad one", VM, "net0: virtio,bridge=vmbr1,tag=0\nnet0: virtio,bridge=vmbr0\n",
	  "net0:vmbr0>fwbr101i0", "f:1: net0: tag: bad value '0'; the line is skipped", NULL },
	{ "a container's bad line does not leave the good one before it", CT,
	  "net0: bridge=vmbr0\nnet0: bridge=vmbr1,tag=0\n", "net0:>fwbr101i0 skipped",
	  "f:2: net0: tag: bad value '0'; the NIC is skipped", NULL },
	{ "a container's bad address beside a good one", CT,
	  "net0: bridge=vmbr0,ip=192.0.2.7/33,ip6=2001:db8::7/64,gw=x,gw6=2001:db8::1\n",
	  "net0:vmbr0>fwbr101i0(2001:db8::7/64)@2001:db8::1",
	  "f:1: net0: ip: bad value '192.0.2.7/33'; the address is skipped; f:1: net0: gw: bad value 'x'; the gateway "
	  "is skipped",
	  NULL },
	{ "a VM's bad address beside a good one", VM,
	  "net0: virtio,bridge=vmbr0\nipconfig0: ip=192.0.2.7/24,ip6=2001:db8::7/129\n", "net0:vmbr0>fwbr101i0",
	  "f:2: ipconfig0: ip6: bad value '2001:db8::7/129'; the line is skipped", NULL },
	{ "an address that no guest answers for", CT, "net0: bridge=vmbr0,ip=224.0.0.5/32,ip6=2001:db8::7/64\n",
	  "net0:vmbr0>fwbr101i0(2001:db8::7/64)",
	  "f:1: net0: ip: no guest can be reached by '224.0.0.5/32'; the address is skipped", NULL },
	{ "an address that no VM answers for", VM,
	  "net0: virtio,bridge=vmbr0\nipconfig0: ip=224.0.0.5/32,ip6=2001:db8::7/64\n",
	  "net0:vmbr0>fwbr101i0(2001:db8::7/64)",
	  "f:2: ipconfig0: ip: no guest can be reached by '224.0.0.5/32'; the address is skipped", NULL },
	{ "ip without prefix in a VM", VM, "net0: virtio,bridge=vmbr0\nipconfig0: ip=192.0.2.7\n",
	  "net0:vmbr0>fwbr101i0", "f:2: ipconfig0: ip: no prefix length in '192.0.2.7'; the line is skipped", NULL },
	{ "a prefix below 8", CT, "net0: bridge=vmbr0,ip=192.0.2.7/7\nnet1: bridge=vmbr1,ip=192.0.2.8/8\n",
	  "net0:vmbr0>fwbr101i0 net1:vmbr1>fwbr101i1(192.0.2.8/8)",
	  "f:1: net0: ip: bad value '192.0.2.7/7'; the address is skipped", NULL },
	{ "a padded prefix", CT, "net0: bridge=vmbr0,ip=192.0.2.7/024,ip6=2001:db8::7/064\n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24 2001:db8::7/64)", NULL, NULL },
	{ "a NIC that LXC routes to", CT, "net0: bridge=vmbr0\nnet1: bridge=vmbr1\nlxc.net.1.veth.mode: router\n",
	  "net0:vmbr0>fwbr101i0 net1:vmbr1>fwbr101i1 routed", NULL, NULL },
	{ "the same with an equals sign", CT, "net0: bridge=vmbr0\nlxc.net.0.veth.mode = router\n",
	  "net0:vmbr0>fwbr101i0 routed", NULL, NULL },
	{ "l2proxy", CT, "net0: bridge=vmbr0\nlxc.net.0.l2proxy: 1\n", "net0:vmbr0>fwbr101i0 routed", NULL, NULL },
	{ "bridge mode", CT, "net0: bridge=vmbr0\nlxc.net.0.veth.mode: bridge\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "no raw keys in a VM", VM, "net0: virtio,bridge=vmbr0\nlxc.net.0.veth.mode: router\n", "net0:vmbr0>fwbr101i0",
	  NULL, NULL },
	{ "a padded tag", CT, "net0: bridge=vmbr0,tag=007\n", "net0:vmbr0.7>fwbr101i0", NULL, NULL },
	{ "ip=auto", CT, "net0: bridge=vmbr0,ip=auto\n", "net0:vmbr0>fwbr101i0",
	  "f:1: net0: ip: bad value 'auto'; the address is skipped", NULL },
	{ "a VM's netN knows no address", VM, "net0: virtio,bridge=vmbr0,ip=x\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "a VM's property without a value", VM, "net0: virtio,bridge=vmbr0,rate=\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: rate: bad value ''; the line is skipped", NULL },
	{ "a container's property without a value that is not ours", CT, "net0: bridge=vmbr0,rate=\n",
	  "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "a property's name with an escape", VM, "net0: virtio,\x1b[31m=\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: ?[31m: bad value ''; the line is skipped", NULL },
	{ "an empty item of a VM", VM, "net0: virtio,,bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "as many notes as there can be", CT,
	  "net0: tag=0\nnet1: tag=0\nnet2: tag=0\nnet3: tag=0\nnet4: tag=0\nnet5: tag=0\nnet6: tag=0\n",
	  "net0:>fwbr101i0 skipped net1:>fwbr101i1 skipped net2:>fwbr101i2 skipped net3:>fwbr101i3 skipped "
	  "net4:>fwbr101i4 skipped net5:>fwbr101i5 skipped net6:>fwbr101i6 skipped",
	  "f:1: net0: tag: bad value '0'; the NIC is skipped; f:2: net1: tag: bad value '0'; the NIC is skipped; f:3: "
	  "net2: tag: bad value '0'; the NIC is skipped; f:4: net3: tag: bad value '0'; the NIC is skipped; f:5: net4: "
	  "tag: bad value '0'; the NIC is skipped; f:6: net5: tag: bad value '0'; the NIC is skipped",
	  NULL },

	/* gateways, links that are down, locks */
	{ "a container's gateways", CT, "net0: bridge=vmbr0,ip=192.0.2.7/24,gw=192.0.2.1,gw6=fe80::1\n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24)@192.0.2.1@fe80::1", NULL, NULL },
	{ "a VM's gateways", VM,
	  "net0: virtio,bridge=vmbr0\nipconfig0: gw=192.0.2.1,ip=192.0.2.7/24,ip6=auto,gw6=2001:db8::1\n",
	  "net0:vmbr0>fwbr101i0(192.0.2.7/24)@192.0.2.1@2001:db8::1", NULL, NULL },
	{ "a VM's gateway without an address", VM,
	  "net0: virtio,bridge=vmbr0\nipconfig0: gw=192.0.2.1,ip6=2001:db8::7/64\n", "net0:vmbr0>fwbr101i0",
	  "f:2: ipconfig0: a gateway without 'ip'; the line is skipped", NULL },
	{ "a VM's IPv6 gateway without an address", VM,
	  "net0: virtio,bridge=vmbr0\nipconfig0: gw6=2001:db8::1,ip=192.0.2.7/24\n", "net0:vmbr0>fwbr101i0",
	  "f:2: ipconfig0: a gateway without 'ip6'; the line is skipped", NULL },
	{ "a gateway of the other family", CT, "net0: bridge=vmbr0,gw=2001:db8::1\n", "net0:vmbr0>fwbr101i0",
	  "f:1: net0: gw: bad value '2001:db8::1'; the gateway is skipped", NULL },
	{ "a gateway with a prefix", CT, "net0: bridge=vmbr0,gw=192.0.2.1/24\n", "net0:vmbr0>fwbr101i0",
	  "f:1: net0: gw: bad value '192.0.2.1/24'; the gateway is skipped", NULL },
	{ "a gateway that is none", CT, "net0: bridge=vmbr0,gw=0.0.0.0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "link_down", CT,
	  "net0: bridge=vmbr0,link_down=1\nnet1: bridge=vmbr1,link_down=Yes\nnet2: bridge=vmbr2,link_down=off\n",
	  "net0:vmbr0>fwbr101i0 down net1:vmbr1>fwbr101i1 down net2:vmbr2>fwbr101i2", NULL, NULL },
	{ "link_down that is neither", VM, "net0: virtio,link_down=maybe\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: link_down: bad value 'maybe'; the line is skipped", NULL },
	{ "a migration", VM, "lock: migrate\nnet0: virtio,bridge=vmbr0\n", "migrating net0:vmbr0>fwbr101i0", NULL,
	  NULL },
	{ "a container's migration", CT, "net0: bridge=vmbr0\nlock: migrate\n", "migrating net0:vmbr0>fwbr101i0", NULL,
	  NULL },
	{ "another lock", VM, "lock: backup\n", "", NULL, NULL },
	{ "the last lock counts", VM, "lock: migrate\nlock: backup\n", "", NULL, NULL },
	{ "a snapshot's lock", VM, "[snap]\nlock: migrate\n", "", NULL, NULL },

	/* what is a section */
	{ "a bracket that is no section", CT, "[\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "a bracket that is not closed", CT, "[snap\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "a section with words behind", CT, "[snap] x\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "a snapshot's name with a digit first", CT, "[1snap]\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL,
	  NULL },
	{ "a snapshot's name of one letter", CT, "[a]\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "a snapshot's name of two letters", CT, "[ab]\nnet0: bridge=vmbr0\n", "", NULL, NULL },
	{ "a snapshot's name with a colon", CT, "[pve:snap]\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL,
	  NULL },
	{ "pending changes in capitals, blanks behind", CT, "[PVE:Pending] \t\nnet0: bridge=vmbr0\n", "", NULL, NULL },
	{ "a blank before the bracket", CT, " [snap]\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "empty brackets of a container", CT, "[]\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },
	{ "empty brackets of a VM", VM, "[]\nnet0: bridge=vmbr0\n", "", NULL, NULL },
	{ "an unknown section of a VM", VM, "[special:new one]\nnet0: bridge=vmbr0\n", "", NULL, NULL },
	{ "two brackets of a VM", VM, "[a]b]\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0", NULL, NULL },

	/* numbers of containers' NICs */
	{ "net007", CT, "net007: bridge=vmbr0\n", "net7:vmbr0>fwbr101i007", NULL, NULL },
	{ "net999", CT, "net999: bridge=vmbr0\nnet31: bridge=vmbr1\n",
	  "net31:vmbr1>fwbr101i31 net999:vmbr0>fwbr101i999", NULL, NULL },
	{ "net1000", CT, "net1000: bridge=vmbr0\n", "", NULL, NULL },
	{ "one number written twice", CT, "net1: bridge=vmbr0\nnet01: bridge=vmbr1\n", "net1:vmbr1>fwbr101i01", NULL,
	  NULL },
	{ "a VM's net01 does not exist", VM, "net01: bridge=vmbr0\nnet32: bridge=vmbr0\n", "", NULL, NULL },

	/* hookscripts that are no volume */
	{ "hookscript that is a path", CT, "hookscript: /usr/local/bin/x\n", "",
	  "f:1: hookscript: no volume '/usr/local/bin/x'; the line is skipped", NULL },
	{ "a VM's hookscript that is a path leaves the one before it", VM,
	  "hookscript: local:snippets/guestarp\nhookscript: /usr/local/bin/x\n", "hooked",
	  "f:2: hookscript: no volume '/usr/local/bin/x'; the line is skipped", NULL },
	{ "a container's does not", CT, "hookscript: local:snippets/guestarp\nhookscript: /usr/local/bin/x\n", "",
	  "f:2: hookscript: no volume '/usr/local/bin/x'; the line is skipped", NULL },
	{ "hookscript with an escape", CT, "hookscript: local:snippets/\x1b[31mx\n", "",
	  "f:1: hookscript: no volume 'local:snippets/?[31mx'; the line is skipped", NULL },
	{ "hookscript of a storage that cannot be", CT, "hookscript: -x:snippets/guestarp\n", "",
	  "f:1: hookscript: no volume '-x:snippets/guestarp'; the line is skipped", NULL },
	{ "hookscript without a file", CT, "hookscript: local:\n", "",
	  "f:1: hookscript: no volume 'local:'; the line is skipped", NULL },

	{ "ip twice", CT, "arch: amd64\nnet0: bridge=vmbr0,ip=192.0.2.7/24,ip=192.0.2.8/24\n",
	  "net0:>fwbr101i0 skipped", "f:2: net0: ip: given twice, now '192.0.2.8/24'; the NIC is skipped", NULL },
	{ "ip twice, first dhcp", CT, "net0: ip=dhcp,ip=192.0.2.8/24\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: ip: given twice, now '192.0.2.8/24'; the NIC is skipped", NULL },
	{ "bridge twice", VM, "#\n\n\nnet12: bridge=vmbr0,virtio,bridge=vmbr0\n", "net12:>fwbr101i12 skipped",
	  "f:4: net12: bridge: given twice, now 'vmbr0'; the line is skipped", NULL },
	{ "ip6 twice in ipconfig", VM, "ipconfig3: ip6=auto,ip6=auto\n", "",
	  "f:1: ipconfig3: ip6: given twice, now 'auto'; the line is skipped", NULL },
	{ "tag twice", CT, "net0: tag=1,tag=1\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: tag: given twice, now '1'; the NIC is skipped", NULL },
	{ "ip without prefix", CT, "net0: ip=192.0.2.7\n", "net0:>fwbr101i0",
	  "f:1: net0: ip: no prefix length in '192.0.2.7'; the address is skipped", NULL },
	{ "ip with too long a prefix", CT, "net0: ip=192.0.2.7/33\n", "net0:>fwbr101i0",
	  "f:1: net0: ip: bad value '192.0.2.7/33'; the address is skipped", NULL },
	{ "empty ip", CT, "net0: ip=\n", "net0:>fwbr101i0", "f:1: net0: ip: bad value ''; the address is skipped",
	  NULL },
	{ "ip of the other family", CT, "net0: ip=2001:db8::7/64\n", "net0:>fwbr101i0",
	  "f:1: net0: ip: bad value '2001:db8::7/64'; the address is skipped", NULL },
	{ "ip6 of the other family", CT, "net0: ip6=192.0.2.7/24\n", "net0:>fwbr101i0",
	  "f:1: net0: ip6: bad value '192.0.2.7/24'; the address is skipped", NULL },
	{ "ip of nobody", CT, "net0: ip=0.0.0.0/0\n", "net0:>fwbr101i0",
	  "f:1: net0: ip: no guest can be reached by '0.0.0.0/0'; the address is skipped", NULL },
	{ "ip6 multicast", CT, "net0: ip6=ff02::1/64\n", "net0:>fwbr101i0",
	  "f:1: net0: ip6: no guest can be reached by 'ff02::1/64'; the address is skipped", NULL },
	{ "ip with a blank", CT, "net0: ip= 192.0.2.7/24\n", "net0:>fwbr101i0",
	  "f:1: net0: ip: bad value ' 192.0.2.7/24'; the address is skipped", NULL },
	{ "ip in capitals", CT, "net0: ip=DHCP\n", "net0:>fwbr101i0",
	  "f:1: net0: ip: bad value 'DHCP'; the address is skipped", NULL },
	{ "a bad ipconfig", VM, "ipconfig0: ip=x\n", "", "f:1: ipconfig0: ip: bad value 'x'; the line is skipped",
	  NULL },
	{ "tag 0", CT, "net0: tag=0\n", "net0:>fwbr101i0 skipped", "f:1: net0: tag: bad value '0'; the NIC is skipped",
	  NULL },
	{ "tag 4095", CT, "net0: tag=4095\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: tag: bad value '4095'; the NIC is skipped", NULL },
	{ "tag in words", CT, "net0: tag=seven\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: tag: bad value 'seven'; the NIC is skipped", NULL },
	{ "empty bridge", CT, "net0: bridge=\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: bridge: bad value ''; the NIC is skipped", NULL },
	{ "a bridge's name too long", CT, "net0: bridge=abcdefghijklmnop\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: bridge: bad value 'abcdefghijklmnop'; the NIC is skipped", NULL },
	{ "a bridge's name with a slash", CT, "net0: bridge=../eth0\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: bridge: bad value '../eth0'; the NIC is skipped", NULL },
	{ "an escape in a value is not passed on", CT, "net0: bridge=\x1b[31m/\n", "net0:>fwbr101i0 skipped",
	  "f:1: net0: bridge: bad value '?[31m/'; the NIC is skipped", NULL },
	{ "a bad line that a later one replaces", CT, "net0: tag=0\nnet0: bridge=vmbr0\n", "net0:vmbr0>fwbr101i0",
	  "f:1: net0: tag: bad value '0'; the NIC is skipped", NULL },
};

static void append_ip(char *text, size_t size, const char *before, const struct ip *ip)
{
	char word[IP_TEXT];

	if (ip->family)
		(void)text_append(text, size, "%s%s", before, ip_to_str(ip, word));
}

static const char *in_words(const struct guest *guest, char *text, size_t size)
{
	text[0] = '\0';
	(void)text_append(text, size, "%s%s", guest->hooked ? " hooked" : "", guest->migrating ? " migrating" : "");
	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct guest_nic *nic = &guest->nics[i];

		(void)text_append(text, size, " net%u:%s", nic->index, nic->bridge);
		if (nic->tag)
			(void)text_append(text, size, ".%u", nic->tag);
		(void)text_append(text, size, ">%s", nic->firewall_bridge);
		for (size_t j = 0; j < nic->ip_count; j++) {
			append_ip(text, size, j == 0 ? "(" : " ", &nic->ips[j].ip);
			(void)text_append(text, size, "/%u", nic->ips[j].prefix);
		}
		(void)text_append(text, size, "%s", nic->ip_count ? ")" : "");
		append_ip(text, size, "@", &nic->gateway);
		append_ip(text, size, "@", &nic->gateway6);
		(void)text_append(text, size, "%s%s",
				  nic->skipped  ? " skipped"
				  : nic->routed ? " routed"
						: "",
				  nic->link_down ? " down" : "");
	}
	return text[0] ? text + 1 : text;
}

/* The guest has each address of its NICs, once, and no other. */
static void check_ips(const struct guest *guest)
{
	struct guest again = { .kind = GUEST_PVE };

	for (size_t i = 0; i < guest->nic_count; i++) {
		for (size_t j = 0; j < guest->nics[i].ip_count; j++)
			assert_int_equal(guest_add_ip(&again, &guest->nics[i].ips[j].ip), 0);
	}
	assert_int_equal(guest->ip_count, again.ip_count);
	for (size_t i = 0; i < again.ip_count; i++)
		assert_true(ip_equal(&guest->ips[i], &again.ips[i]));
}

static const char *notes_in_words(const struct notes *notes, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < notes->count; i++)
		(void)text_append(text, size, "%s%s", i ? "; " : "", notes->line[i]);
	return text;
}

static void start(struct guest *guest, const char *vmid)
{
	assert_int_equal(guest_init(guest, GUEST_PVE, vmid ? vmid : "101", NULL), 0);
}

static void parse(void **state)
{
	const struct row *row = *state;
	struct guest guest;
	char words[1000];
	char notes[2000];
	char *text = strdup(row->text);

	start(&guest, row->vmid);
	assert_non_null(text);
	pve_parse(&guest, row->vm, "f", text);
	free(text);
	(void)notes_in_words(&guest.notes, notes, sizeof(notes));
	assert_string_equal(notes, row->notes ? row->notes : "");
	assert_string_equal(in_words(&guest, words, sizeof(words)), row->read);
	check_ips(&guest);
}

/* What was read before is not mixed with what is read now. */
/* hwaddr, macaddr, or the model's value; "-" for none. */
static void macs(void **state)
{
	static const struct {
		bool vm;
		const char *text;
		const char *mac;
	} nics[] = {
		{ false, "net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,type=veth\n", "bc:24:11:00:00:01" },
		{ true, "net0: virtio=BC:24:11:00:00:02,bridge=vmbr0\n", "bc:24:11:00:00:02" },
		{ true, "net0: model=e1000,macaddr=BC:24:11:00:00:03,bridge=vmbr0\n", "bc:24:11:00:00:03" },
		{ true, "net0: virtio,bridge=vmbr0\nipconfig0: ip6=auto,x=BC:24:11:00:00:04\n", "00:00:00:00:00:00" },
		{ true, "net0: virtio=BC:24:11:00:00:05:06,bridge=vmbr0\n", "00:00:00:00:00:00" },
		{ true, "net0: virtio=BC:24:11:00:00:06,tag=x\n", "00:00:00:00:00:00" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(nics) / sizeof(nics[0]); i++) {
		struct guest guest;
		char text[200];
		char mac[MAC_TEXT];

		assert_int_equal(guest_init(&guest, GUEST_PVE, "101", NULL), 0);
		(void)snprintf(text, sizeof(text), "%s", nics[i].text);
		pve_parse(&guest, nics[i].vm, "f", text);
		assert_int_equal(guest.nic_count, 1);
		assert_string_equal(mac_to_str(&guest.nics[0].mac, mac), nics[i].mac);
	}
}

static void parse_again(void **state)
{
	char first[] = "hookscript: local:snippets/guestarp\nlock: migrate\nnet0: bridge=vmbr0,ip=192.0.2.7/24\n"
		       "net1: bridge=vmbr1\nnet3: tag=0\n";
	char second[] = "net2: bridge=vmbr2,ip=192.0.2.8/24\n";
	struct guest guest;
	char words[1000];

	(void)state;
	start(&guest, NULL);
	pve_parse(&guest, CT, "f", first);
	pve_parse(&guest, CT, "f", second);
	assert_int_equal(guest.notes.count, 0);
	assert_string_equal(in_words(&guest, words, sizeof(words)), "net2:vmbr2>fwbr101i2(192.0.2.8/24)");
}

static void all_nics(void **state)
{
	struct guest guest;
	char text[8000] = "";

	(void)state;
	start(&guest, "999999999");
	for (unsigned i = 0; i < GUEST_NICS_MAX; i++) {
		assert_true(text_append(text, sizeof(text), "net%u: virtio,bridge=vmbr%u\n", i, i));
		assert_true(text_append(text, sizeof(text), "ipconfig%u: ip=10.0.0.%u/24,ip6=2001:db8::%x/64\n", i,
					i + 1, i + 1));
	}
	pve_parse(&guest, VM, "f", text);
	assert_int_equal(guest.nic_count, 32);
	assert_int_equal(guest.ip_count, 64);
	assert_string_equal(guest.nics[31].bridge, "vmbr31");
}

/* A line of a megabyte is a line like any other. */
static void long_line(void **state)
{
	const size_t len = 1024 * 1024;
	char *text = malloc(len + 64);
	struct guest guest;
	char words[1000];

	(void)state;
	start(&guest, NULL);
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, "description: ", 13);
	memcpy(text + len, "\nnet0: bridge=vmbr0\n", sizeof("\nnet0: bridge=vmbr0\n"));
	pve_parse(&guest, CT, "f", text);
	assert_string_equal(in_words(&guest, words, sizeof(words)), "net0:vmbr0>fwbr101i0");
	free(text);
}

#define LXC_101  "/etc/pve/lxc/101.conf"
#define QEMU_101 "/etc/pve/qemu-server/101.conf"
#define NODE_101 "/etc/pve/nodes/pve2/qemu-server/101.conf"

static void check_read(const char *node, const char *read, int result, const char *error)
{
	struct guest guest;
	struct err err = { 0 };
	char words[1000];

	start(&guest, NULL);
	assert_int_equal(pve_read(&guest, node, &err), result);
	assert_string_equal(in_words(&guest, words, sizeof(words)), read);
	if (error)
		assert_string_equal(err.text, error);
	assert_string_equal(guest.id, "101");
}

static void read_kinds(void **state)
{
	(void)state;
	root_clean();
	check_read(NULL, "", -ENOENT, "no /etc/pve/{lxc,qemu-server}/101.conf");
	root_put(QEMU_101, "net0: virtio,bridge=vmbr0\nipconfig0: ip=192.0.2.7/24\n");
	check_read(NULL, "net0:vmbr0>fwbr101i0(192.0.2.7/24)", 0, NULL);
	root_put(LXC_101, "net0: bridge=vmbr1,ip=192.0.2.8/24\nipconfig0: ip=192.0.2.7/24\n");
	check_read(NULL, "net0:vmbr1>fwbr101i0(192.0.2.8/24)", 0, NULL);
	root_put(LXC_101, "net0: tag=x\n");
	check_read(NULL, "net0:>fwbr101i0 skipped", 0, NULL);
	root_put_bytes(LXC_101, "net0: bridge=vmbr0\n\0", 20, 0644);
	check_read(NULL, "", -EINVAL, LXC_101 ":2: NUL byte");
	root_clean();
}

static void read_of_a_node(void **state)
{
	(void)state;
	root_clean();
	root_put(QEMU_101, "net0: virtio,bridge=vmbr0\n");
	check_read("pve2", "", -ENOENT, "no /etc/pve/nodes/pve2/{lxc,qemu-server}/101.conf");
	root_put(NODE_101, "net0: virtio,bridge=vmbr2\n");
	check_read("pve2", "net0:vmbr2>fwbr101i0", 0, NULL);
	root_put(NODE_101, "net0: tag=x\n");
	check_read("pve2", "net0:>fwbr101i0 skipped", 0, NULL);
	root_clean();
}

static const struct node {
	const char *name;
	const char *node;
	const char *error;
} nodes[] = {
	{ "a path", "../x", "PVE_MIGRATED_FROM: '../x' is no node name" },
	{ "dot dot", "..", "PVE_MIGRATED_FROM: '..' is no node name" },
	{ "a slash", "pve2/qemu-server", "PVE_MIGRATED_FROM: 'pve2/qemu-server' is no node name" },
	{ "empty", "", "PVE_MIGRATED_FROM: '' is no node name" },
	{ "a hyphen first", "-pve2", "PVE_MIGRATED_FROM: '-pve2' is no node name" },
	{ "a newline", "pve2\n", "PVE_MIGRATED_FROM: 'pve2?' is no node name" },
	{ "a dot", "pve2.example.org", "PVE_MIGRATED_FROM: 'pve2.example.org' is no node name" },
	{ "64 bytes", "a123456789a123456789a123456789a123456789a123456789a123456789abcd",
	  "PVE_MIGRATED_FROM: 'a123456789a123456789a123456789a123456789a123456789a12345...' is no node name" },
	{ "63 bytes are fine", "a123456789a123456789a123456789a123456789a123456789a123456789abc",
	  "no /etc/pve/nodes/a123456789a123456789a123456789a123456789a123456789a123456789abc/"
	  "{lxc,qemu-server}/101.conf" },
	{ "letters, digits and hyphens are fine", "PVE-2a", "no /etc/pve/nodes/PVE-2a/{lxc,qemu-server}/101.conf" },
};

static void node_name(void **state)
{
	const struct node *row = *state;

	check_read(row->node, "", strncmp(row->error, "no ", 3) == 0 ? -ENOENT : -EINVAL, row->error);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, parse, rows);
	TABLE_TEST(&table, macs);
	TABLE_TEST(&table, parse_again);
	TABLE_TEST(&table, all_nics);
	TABLE_TEST(&table, long_line);
	TABLE_TEST(&table, read_kinds);
	TABLE_TEST(&table, read_of_a_node);
	TABLE_ROWS(&table, node_name, nodes);
	return table_run(&table, root_setup, root_teardown);
}
