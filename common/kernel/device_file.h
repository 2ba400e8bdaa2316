/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_DEVICE_FILE_H
#define GUESTARP_KERNEL_DEVICE_FILE_H
/*
 * What /sys and /proc/sys tell of one device, and what ioctls do with it, where an old kernel's netlink does not. All
 * act in the caller's network namespace.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Its ifindex; -ENODEV where there is none. No ioctl: the kernel would look for a module of an unknown name. */
int device_file_index(const char *name);

/* The ifindex of the bridge that it is a port of; 0 for none. */
int device_file_master(const char *name);

bool device_file_is_bridge(const char *name);

/* A value of "brport", such as "state"; missing where it is no port, or there is no such file. */
uint32_t device_file_port_value(const char *name, const char *file, uint32_t missing);

/* ipv4/conf/NAME/FILE, or ipv6; a negative number as its two's complement. -errno, -ENOENT where there is none. */
int device_file_value(int family, const char *name, const char *file, uint32_t *ret_value);
int device_file_set_value(int family, const char *name, const char *file, uint32_t value, struct err *err);

/* Into the bridge of that name, NULL for out of the one that it is in. */
int device_file_set_master(const char *name, const char *bridge, struct err *err);

#endif
