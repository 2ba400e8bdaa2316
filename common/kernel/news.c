/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket for each group: a flood of the one costs nothing of the other. */

#include "kernel/news.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ROOM        (8 * 1024 * 1024) /* some hundred guests that start at once; memory only when it is used */
#define BUFFER_SIZE 32768

static void join(int fd, int group)
{
	/* A kernel without IPv6 has none of its addresses to tell of. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
}

int news_open(enum news_group group, int room, int *ret_fd, struct err *err)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	CLEANUP(fd) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		return err_errno(err, errno, "netlink");
	if (room == 0)
		room = ROOM;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (group == NEWS_LINKS) {
		join(fd, RTNLGRP_LINK);
	} else {
		join(fd, RTNLGRP_IPV4_IFADDR);
		join(fd, RTNLGRP_IPV6_IFADDR);
	}
	*ret_fd = steal_fd(&fd);
	return 0;
}

static bool parse_address(struct nlmsghdr *message, struct news *news)
{
	static const uint8_t zero[4];
	const struct ifaddrmsg *info = nlmsg_data(message);
	struct nlattr *address;

	if (!nlmsg_valid_hdr(message, sizeof(*info)) || info->ifa_scope >= RT_SCOPE_LINK)
		return false;
	/* Proxmox VE gives each port of a container 0.0.0.0. */
	address = nlmsg_find_attr(message, sizeof(*info), IFA_ADDRESS);
	if (!address || (nla_len(address) == sizeof(zero) && memcmp(nla_data(address), zero, sizeof(zero)) == 0))
		return false;
	news->kind = NEWS_ADDRESS;
	news->link.ifindex = (int)info->ifa_index;
	return true;
}

static bool parse(struct nlmsghdr *message, struct news *news)
{
	memset(news, 0, sizeof(*news));
	switch (message->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return parse_address(message, news);
	case RTM_DELLINK:
		/* Of a bridge's port that leaves the bridge AF_BRIDGE tells as of a device that goes. */
		news->kind = NEWS_LINK_GONE;
		message->nlmsg_type = RTM_NEWLINK;
		break;
	case RTM_NEWLINK:
		break;
	default:
		return false;
	}
	return nlmsg_valid_hdr(message, sizeof(struct ifinfomsg)) &&
	       ((const struct ifinfomsg *)nlmsg_data(message))->ifi_family == AF_UNSPEC &&
	       link_parse(message, &news->link) == 0;
}

int news_read(int fd, news_fn take, void *arg)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	int result = 0;

	for (;;) {
		struct sockaddr_nl from = { .nl_family = AF_NETLINK };
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &from_len);
		struct nlmsghdr *message = (struct nlmsghdr *)buffer;
		int rest = (int)len;

		if (len < 0 && errno == ENOBUFS) {
			result = -ENOBUFS;
			continue;
		}
		if (len < 0)
			return errno == EAGAIN || errno == EINTR ? result : -errno;
		/* Any process may send to us. */
		if (from.nl_pid != 0)
			continue;
		for (; nlmsg_ok(message, rest); message = nlmsg_next(message, &rest)) {
			struct news news;

			if (parse(message, &news))
				take(&news, arg);
		}
	}
}
