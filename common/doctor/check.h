/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_CHECK_H
#define GUESTARP_DOCTOR_CHECK_H
/* The command check: which of its looks was asked for, and what it says. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "doctor/listen.h"

struct check {
	bool probe;
	bool listens; /* --listen SECONDS DEVICE */
	bool log;
	bool prometheus;  /* as metrics */
	const char *file; /* that gets them, NULL: as every output */
	int log_fd;       /* of --log: klog_open() */
	struct listen listen;
};

/* One MAC of --allow. -EINVAL. */
int check_allow(struct check *check, const char *text, struct err *err);

/*
 * The words behind the options, and what of these goes together. Opens the log, which needs rights that are given away
 * before check_run(). -EINVAL: wrongly called.
 */
int check_parse(struct check *check, char *const words[], size_t count, struct err *err);

/* Looks, and says what was found. -EINVAL, -ENODEV: wrongly called. */
int check_run(const struct check *check, bool json, bool colour, FILE *out, bool *ret_found, struct err *err);

#endif
