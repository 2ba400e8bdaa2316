/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_OUTGOING_H
#define GUESTARP_KERNEL_OUTGOING_H
/* Who sends by a device: the source MACs of the frames that leave by it, whatever else it carries. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ip.h"
#include "kernel/frame.h"

/* Twice so many fit into what Linux 6.1 lets a socket have for filters (net.core.optmem_max, 20 KiB). */
#define OUTGOING_IGNORED_MAX 96

/*
 * A socket that gets the first bytes of frames that leave by the device, but for those from MACs that are ignored: the
 * kernel's filter drops these, so they cost no copy. The descriptor is the caller's to close.
 */
int outgoing_open(int ifindex, const struct mac *ignored, size_t count, int *ret_fd, struct err *err);

/* Other MACs are ignored from now on. */
int outgoing_ignore(int fd, const struct mac *ignored, size_t count, struct err *err);

/* Who sent the next frame. 1, or 0 where none is there for now; -ENETDOWN: the device is down, or gone. */
int outgoing_next(int fd, struct frame_sender *ret_sender, struct err *err);

#endif
