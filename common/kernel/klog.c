/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/kmsg: a record for each read(2), "6,339,5140900,-;text" and lines with more of it. */

#include "kernel/klog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define KLOG_PATH  "/dev/kmsg"
#define RECORD_MAX 8192 /* the kernel writes none that is larger (CONSOLE_EXT_LOG_MAX, later PRINTK_MESSAGE_MAX) */
#define HEADER     "ll header: "
#define MARTIAN    "martian source "

int klog_open(int *ret_fd, struct err *err)
{
	CLEANUP(fd) int fd = open(KLOG_PATH, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_errno(err, errno, "the kernel's log, " KLOG_PATH);
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, KLOG_PATH);
	/* Containers have a pipe or a console there. */
	if (!S_ISCHR(st.st_mode))
		return err_set(err, ENODEV, KLOG_PATH ": not the kernel's log");
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* "6,339,5140900,-;": level and facility, sequence number, microseconds, flags. False for what a program wrote. */
static bool parse_record(const char *record, struct klog_line *ret_line)
{
	const char *text = strchr(record, ';');
	unsigned priority;
	int64_t us;
	size_t len;

	if (!text || sscanf(record, "%u,%*u,%" SCNd64, &priority, &us) != 2 || priority > 7)
		return false;
	text++;
	len = strcspn(text, "\n");
	if (len >= sizeof(ret_line->text))
		return false;
	ret_line->us = us;
	memcpy(ret_line->text, text, len);
	ret_line->text[len] = '\0';
	return true;
}

int klog_next(int fd, struct klog_line *ret_line, struct err *err)
{
	char record[RECORD_MAX + 1];
	ssize_t n;

	for (;;) {
		n = read(fd, record, RECORD_MAX);
		/* EPIPE: the kernel has written over what was next. */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			return n == 0 || errno == EAGAIN ? 0 : err_errno(err, errno, KLOG_PATH);
		record[n] = '\0';
		if (parse_record(record, ret_line))
			return 1;
	}
}

/* Up to the given end, which *text is moved behind. */
static bool take_address(const char **text, const char *end, struct ip *ret_ip)
{
	char address[INET_ADDRSTRLEN];
	const char *at = strstr(*text, end);
	size_t len = at ? (size_t)(at - *text) : sizeof(address);

	if (len >= sizeof(address))
		return false;
	memcpy(address, *text, len);
	address[len] = '\0';
	memset(ret_ip, 0, sizeof(*ret_ip));
	ret_ip->family = AF_INET;
	*text = at + strlen(end);
	return inet_pton(AF_INET, address, ret_ip->bytes) == 1;
}

bool klog_parse_martian(const char *text, struct martian *ret_martian)
{
	const char *at = strstr(text, MARTIAN);
	struct martian martian;

	if (!at)
		return false;
	at += strlen(MARTIAN);
	if (!take_address(&at, " from ", &martian.target) || !take_address(&at, ", on dev ", &martian.sender) ||
	    ifname_copy(martian.device, at) < 0)
		return false;
	*ret_martian = martian;
	return true;
}

static bool take_byte(const char **text, uint8_t *ret_byte)
{
	static const char digits[] = "0123456789abcdef";
	const char *high = **text ? strchr(digits, (*text)[0]) : NULL;
	const char *low = high && (*text)[1] ? strchr(digits, (*text)[1]) : NULL;

	if (!low)
		return false;
	*ret_byte = (uint8_t)((high - digits) << 4 | (low - digits));
	*text += 2;
	*text += **text == ' ' || **text == ':';
	return true;
}

/* Old kernels write "ff:ff:...", and some the bytes as text behind them. */
bool klog_parse_header(const char *text, struct mac *ret_source, uint16_t *ret_type)
{
	static const char offset[] = "00000000: ";
	const char *at = strstr(text, HEADER);
	uint8_t header[ETH_HLEN];

	if (!at)
		return false;
	at += strlen(HEADER);
	if (strncmp(at, offset, strlen(offset)) == 0)
		at += strlen(offset);
	for (size_t i = 0; i < sizeof(header); i++) {
		if (!take_byte(&at, &header[i]))
			return false;
	}
	memcpy(ret_source->bytes, header + ETH_ALEN, ETH_ALEN);
	*ret_type = (uint16_t)(header[2 * ETH_ALEN] << 8 | header[2 * ETH_ALEN + 1]);
	return true;
}
