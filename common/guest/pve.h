/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_GUEST_PVE_H
#define GUESTARP_GUEST_PVE_H
/* Proxmox VE's guest configurations: /etc/pve/lxc/<vmid>.conf, /etc/pve/qemu-server/<vmid>.conf. */

#include <stdint.h>

#include "base/err.h"
#include "guest/guest.h"

/*
 * Reads the configuration of the guest that guest_init() named, container or VM, into guest.
 * node is NULL for this node, or the name of the node whose configuration holds (a live migration's source).
 * -ENOENT: this node has no such guest. -EINVAL: no node's name, or no text. guest is unchanged on failure.
 * Grammar: PVE::LXC::Config::parse_pct_config, PVE::QemuServer::parse_vm_config; only the part before the
 * first section counts, of duplicate keys the last one. What Proxmox VE skips is skipped, and guest->notes say so:
 * a bad line of a VM, a bad address or NIC of a container. The number of a NIC is known all the same.
 */
int pve_read(struct guest *guest, const char *node, struct err *err);

/* The text that pve_read() would read now on this node, to be freed by the caller. -ENOENT. */
int pve_text(const struct guest *guest, char **ret_text, struct err *err);

/* As pve_read for text that is already in memory; vm tells the grammar, path is for notes. */
void pve_parse(struct guest *guest, bool vm, const char *path, char *text);

#endif
