/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and labels are an interface: dashboards and alerts are written by them. */

#include "doctor/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "host/watching.h"

static void print_head(FILE *out, const char *name, const char *help)
{
	(void)fprintf(out, "# HELP guestarp_%s %s\n# TYPE guestarp_%s gauge\n", name, help, name);
}

static void print_number(FILE *out, const char *name, const char *help, int64_t value)
{
	print_head(out, name, help);
	(void)fprintf(out, "guestarp_%s %" PRId64 "\n", name, value);
}

static void print_count(const char *id, size_t count, void *out)
{
	(void)fprintf(out, "guestarp_findings{id=\"%s\"} %zu\n", id, count);
}

static void print_found(const struct findings *findings, FILE *out)
{
	print_head(out, "findings", "What is wrong with ARP on this host, by the id of its kind (guestarp check).");
	findings_count(findings, print_count, out);
	print_number(out, "answers_known", "Whether who answers is known: no rules of others see ARP first.",
		     !findings->unknown);
	print_number(out, "guests", "Guests that have a configuration or a record on this host.",
		     (int64_t)findings->guests);
	print_number(out, "guests_managed", "Guests that guestarp looks after.", (int64_t)findings->managed);
	print_number(out, "guests_running", "Guests that run.", (int64_t)findings->running);
}

int metrics_print(const struct metrics *metrics, FILE *out)
{
	print_head(out, "info", "The version of guestarp.");
	(void)fprintf(out, "guestarp_info{version=\"%s\"} 1\n", VERSION);
	print_number(out, "check_success", "Whether the last check came to its end.", metrics->success);
	print_number(out, "check_timestamp_seconds", "When the last check ended.", (int64_t)time(NULL));
	print_head(out, "check_duration_seconds", "How long the last check took.");
	(void)fprintf(out, "guestarp_check_duration_seconds %.3f\n", (double)(clock_ms() - metrics->begun_ms) / 1000);
	print_number(out, "watch_running", "Whether guestarp-watch runs.", watching_runs());
	if (metrics->success)
		print_found(metrics->findings, out);
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}

int metrics_write(const struct metrics *metrics, const char *path, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r = -ENOMEM;

	if (out) {
		r = metrics_print(metrics, out);
		if (fclose(out) != 0)
			r = -ENOMEM;
	}
	return r < 0 ? err_errno(err, ENOMEM, "%s", path) : file_replace_given(path, text, len, err);
}
