/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three looks with one kind of report: at the host's state, at what leaves by a card, at the kernel's log. */

#include "doctor/check.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "doctor/martians.h"
#include "doctor/metrics.h"
#include "doctor/output.h"
#include "kernel/klog.h"

int check_allow(struct check *check, const char *text, struct err *err)
{
	struct listen *listen = &check->listen;
	char shown[40];

	if (listen->allowed_count == LISTEN_ALLOWED_MAX)
		return err_set(err, EINVAL, "check: at most %d MACs can be allowed", LISTEN_ALLOWED_MAX);
	if (mac_parse(text, &listen->allowed[listen->allowed_count]) < 0)
		return err_set(err, EINVAL, "check: --allow %s: that is no MAC",
			       text_shown(text, shown, sizeof(shown)));
	listen->allowed_count++;
	return 0;
}

int check_parse(struct check *check, char *const words[], size_t count, struct err *err)
{
	uint32_t seconds;

	if (check->probe + check->listens + check->log > 1)
		return err_set(err, EINVAL, "check: one of --probe, --listen and --log");
	if (check->prometheus && (check->listens || check->log))
		return err_set(err, EINVAL, "check: --prometheus is for the host's state");
	if (check->prometheus && count == 1) {
		check->file = words[0];
		return 0;
	}
	if (check->listen.allowed_count > 0 && !check->listens)
		return err_set(err, EINVAL, "check: --allow goes with --listen");
	if (count != (check->listens ? 2U : 0U))
		return err_set(err, EINVAL, "usage: guestarp check%s",
			       check->listens      ? " --listen SECONDS DEVICE"
			       : check->prometheus ? " --prometheus [FILE]"
						   : "");
	if (check->log)
		return klog_open(&check->log_fd, err);
	if (!check->listens)
		return 0;
	if (parse_u32(words[0], 1, LISTEN_SECONDS_MAX, &seconds) < 0)
		return err_set(err, EINVAL, "check: --listen: from 1 to %d seconds", LISTEN_SECONDS_MAX);
	if (!ifname_valid(words[1]))
		return err_set(err, EINVAL, "check: --listen: that is no device's name");
	check->listen.seconds = seconds;
	check->listen.device = words[1];
	return 0;
}

static int look(const struct check *check, struct findings *findings, char *clean, size_t size, struct err *err)
{
	char device[IFNAMSIZ] = "";
	int r;

	if (check->listens) {
		r = listen_check(&check->listen, findings, device, err);
		finding_text(clean, size, "Nothing found: no MAC but those that the provider knows left by %s.",
			     device);
	} else if (check->log) {
		CLEANUP(fd) int log = check->log_fd;

		r = martians_check(log, findings, err);
		finding_text(clean, size, "Nothing found: the kernel's log has no martian lines.");
	} else {
		r = doctor_check(check->probe, findings, err);
		finding_text(clean, size,
			     findings->unknown
				     ? "Nothing found, but rules of others see ARP first (nftables, arptables): "
				       "who answers is not known."
				     : "Nothing found: ARP on this host is right.");
	}
	return r;
}

/* A check that fails is a metric, too, and an error. */
static int print_metrics(const struct check *check, FILE *out, bool *ret_found, struct err *err)
{
	struct findings findings = { 0 };
	struct metrics metrics = { .findings = &findings, .begun_ms = clock_ms() };
	struct err failure;
	int r = doctor_check(check->probe, &findings, err);
	int written;

	metrics.success = r == 0;
	written = check->file ? metrics_write(&metrics, check->file, &failure) : metrics_print(&metrics, out);
	*ret_found = findings.count > 0;
	findings_done(&findings);
	if (r == 0 && written < 0)
		r = check->file ? err_set(err, failure.code, "metrics: %s", failure.text)
				: err_errno(err, EIO, "check");
	return r;
}

int check_run(const struct check *check, bool json, bool colour, FILE *out, bool *ret_found, struct err *err)
{
	struct findings findings = { 0 };
	char clean[160];
	int r;

	if (check->prometheus)
		return print_metrics(check, out, ret_found, err);
	r = look(check, &findings, clean, sizeof(clean), err);
	if (r == 0 && json && findings_print_json(&findings, out) < 0)
		r = err_errno(err, EIO, "check");
	else if (r == 0 && !json && findings.count == 0)
		output_wrapped(out, clean, 0);
	else if (r == 0 && !json)
		findings_print(&findings, colour, out);
	*ret_found = findings.count > 0;
	findings_done(&findings);
	return r;
}
