/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_METRICS_H
#define GUESTARP_DOCTOR_METRICS_H
/* A check as Prometheus reads it: the text format of node_exporter's textfile collector. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "doctor/finding.h"

struct metrics {
	const struct findings *findings;
	bool success;     /* the check came to its end; else nothing is said of what it found */
	int64_t begun_ms; /* clock_ms() */
};

/* Every metric has HELP and TYPE, and every id of a finding a series, 0 included. 0 or -EIO. */
int metrics_print(const struct metrics *metrics, FILE *out);

/* The same into a file, replaced as a whole (0644). */
int metrics_write(const struct metrics *metrics, const char *path, struct err *err);

#endif
