/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /sys/class/net, for kernels whose RTM_NEWLINK says less. */

#include "kernel/device_file.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/kernel_file.h"
#include "base/text.h"

#define PATH_SIZE 96

static int read_number(const char *device, const char *file, uint32_t max, uint32_t *ret_number)
{
	char path[PATH_SIZE];
	char text[16];
	int r;

	if (!ifname_valid(device) ||
	    snprintf(path, sizeof(path), "/sys/class/net/%s/%s", device, file) >= (int)sizeof(path))
		return -EINVAL;
	r = kernel_file_read(path, text, sizeof(text));
	if (r == 0 && parse_u32(text, 0, max, ret_number) < 0)
		r = -EBADMSG;
	return r;
}

int device_file_index(const char *name)
{
	uint32_t number = 0;

	return read_number(name, "ifindex", INT_MAX, &number) == 0 && number > 0 ? (int)number : -ENODEV;
}

int device_file_master(const char *name)
{
	uint32_t number = 0;

	return read_number(name, "brport/bridge/ifindex", INT_MAX, &number) == 0 ? (int)number : 0;
}

bool device_file_is_bridge(const char *name)
{
	char path[PATH_SIZE];

	return ifname_valid(name) &&
	       snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", name) < (int)sizeof(path) &&
	       access(path, F_OK) == 0;
}

uint32_t device_file_port_value(const char *name, const char *file, uint32_t missing)
{
	char within[32];
	uint32_t number;

	(void)snprintf(within, sizeof(within), "brport/%s", file);
	return read_number(name, within, UINT32_MAX, &number) == 0 ? number : missing;
}

static int value_path(int family, const char *name, const char *file, char path[PATH_SIZE])
{
	if (!ifname_valid(name))
		return -EINVAL;
	return snprintf(path, PATH_SIZE, "/proc/sys/net/ipv%c/conf/%s/%s", family == AF_INET6 ? '6' : '4', name, file) <
			       PATH_SIZE
		       ? 0
		       : -ENAMETOOLONG;
}

int device_file_value(int family, const char *name, const char *file, uint32_t *ret_value)
{
	char path[PATH_SIZE];
	char text[16];
	uint32_t number;
	bool negative;
	int r = value_path(family, name, file, path);

	if (r == 0)
		r = kernel_file_read(path, text, sizeof(text));
	if (r < 0)
		return r;
	negative = text[0] == '-';
	if (parse_u32(text + negative, 0, UINT32_MAX, &number) < 0)
		return -EBADMSG;
	*ret_value = negative ? 0U - number : number;
	return 0;
}

int device_file_set_value(int family, const char *name, const char *file, uint32_t value, struct err *err)
{
	char path[PATH_SIZE];
	char text[16];
	int r = value_path(family, name, file, path);

	(void)snprintf(text, sizeof(text), "%u", value);
	if (r == 0)
		r = kernel_file_write(path, text);
	return r < 0 ? err_errno(err, -r, "%s", file) : 0;
}

int device_file_set_master(const char *name, const char *bridge, struct err *err)
{
	CLEANUP(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int master = bridge ? 0 : device_file_master(name);
	struct ifreq request = { .ifr_ifindex = 0 };

	if (fd < 0)
		return err_errno(err, errno, "socket");
	if (!bridge && master == 0)
		return 0;
	if (bridge)
		(void)text_copy(request.ifr_name, sizeof(request.ifr_name), bridge);
	else if (!if_indextoname((unsigned)master, request.ifr_name))
		return err_errno(err, errno, "bridge");
	request.ifr_ifindex = device_file_index(name);
	if (ioctl(fd, bridge ? SIOCBRADDIF : SIOCBRDELIF, &request) < 0)
		return err_errno(err, errno, "%s", request.ifr_name);
	return 0;
}
