/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_ERR_H
#define GUESTARP_BASE_ERR_H
/* One failure, said in words: fixed size, so reporting one never fails itself. */

#include <stddef.h>

struct err {
	int code;       /* a positive errno, 0 while nothing failed */
	char text[400]; /* what failed, outermost context first */
};

/*
 * Both return -code, so that a function can end in `return err_set(...)`.
 * err may be NULL where the caller only wants the code.
 */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* err_set() followed by ": " and strerror(code). */
int err_errno(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of what is already said. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
