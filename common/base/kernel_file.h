/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_KERNEL_FILE_H
#define GUESTARP_BASE_KERNEL_FILE_H
/* Values in /proc and /sys. */

#include <stddef.h>

/*
 * A small file of the kernel's (/proc, /sys), its last newline cut. The path is not below GUESTARP_ROOT.
 * -errno without words: a missing one is for the caller to judge.
 */
int kernel_file_read(const char *path, char *ret_text, size_t size);
int kernel_file_write(const char *path, const char *text);

#endif
