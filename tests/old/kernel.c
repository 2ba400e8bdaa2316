/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linked with guestarp's programs: the kernel that this machine has answers as an older one does. OLD_KERNEL is the
 * name of a row of the table below. To the file OLD_SEEN, if it is there, goes the name of each thing that was
 * found lacking. In the
 * program, and not preloaded, it needs no environment and no file, which vzctl's scripts have not.
 *
 * A request that the older kernel does not take is answered here, with its errno; what it passes over is cut out of
 * requests, and what it does not tell out of answers. So all that is done is done by the real kernel. What cannot be
 * shown in this way is an older kernel's own mistakes.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* lib-old.sh has others. */
#ifndef OLD_KERNEL
#define OLD_KERNEL "5.14"
#define OLD_SEEN   "/dev/null"
#endif

/* What came when, by its release and commit. A distribution's kernel may have more than its number
 * says. */
enum lack {
	LINK_BY_NAME, /* RTM_GETLINK by IFLA_IFNAME: 2.6.33 (rtnl_getlink()); -EINVAL before */
	AF_SPEC,      /* IFLA_AF_SPEC, told and taken: 2.6.38 (f8ff182c716c, 9f0f7272ac95); passed over before */
	SET_MASTER,   /* IFLA_MASTER in RTM_NEWLINK: 2.6.39 (fbaec0ea54f7); passed over before */
	BRIDGE_KIND,  /* IFLA_INFO_KIND of a bridge: 3.0 (bb900b27a2f4) */
	PROXY_LIST,   /* RTM_GETNEIGH with NTF_PROXY as a list: 3.4 (84920c1420e2); the ordinary entries before */
	MASTER,       /* IFLA_MASTER of a bridge's port, IFLA_CARRIER: 3.9 (898e506171f9, 9a57247f31aa) */
	NFTABLES,     /* 3.13; each message of nfnetlink for it gets -EINVAL before (nfnetlink_rcv_msg()) */
	SLAVE,        /* IFLA_INFO_SLAVE_KIND and _DATA: 3.14 (ba7d49b1f0f8) */
	OFD,          /* F_OFD_SETLK: 3.15 (5d50ffd7c31d); -EINVAL before */
	NEIGH_FILTER, /* RTM_GETNEIGH's list by NDA_IFINDEX or NDA_MASTER: 4.4 (21fdd092acc7); passed over before */
	LOOKUP_TABLE, /* RTM_F_LOOKUP_TABLE: 4.4 (c36ba6603a11); passed over before */
	EXT_ACK,      /* NETLINK_EXT_ACK: 4.12 (2d4bc93368f5); -ENOPROTOOPT before */
	FIB_MATCH,    /* RTM_F_FIB_MATCH: 4.13 (b61798130f1b, 18c3a61c4264); passed over before */
	SET_ELEMENT,  /* NFT_MSG_GETSETELEM for one: 4.15 (ba0e4d9917b4); -EOPNOTSUPP before */
	STRICT,       /* NETLINK_GET_STRICT_CHK: 4.20 (89d35528d17d); -ENOPROTOOPT before */
	NEIGH_GET,    /* RTM_GETNEIGH for one entry: 5.0 (82cbb5c631a0); -EOPNOTSUPP before */
	ALT_NAME,     /* alternative names: 5.5 (36fbf1e52bd3); -ENODEV before */
	PERM_ADDRESS, /* IFLA_PERM_ADDRESS: 5.6 (f74877a5457d) */
	CLOSE_RANGE,  /* 5.9 (278a5fbaed89); -ENOSYS before */
	KEPT,         /* NUD_PERMANENT of a proxy entry: 6.17 (c7d78566bbd3); passed over before */
	LACK_COUNT
};

/* From which on a kernel has all that comes before. */
static const struct {
	const char *name;
	enum lack first; /* the first thing that it lacks */
} kernels[] = {
	{ "2.6.32", LINK_BY_NAME }, /* OpenVZ 6, as kernel.org's */
	{ "3.10", NFTABLES },       /* Virtuozzo 7 */
	{ "3.16", NEIGH_FILTER },   /* Debian 8 */
	{ "4.9", EXT_ACK },         /* Debian 9 */
	{ "4.18", STRICT },         /* Virtuozzo 8 */
	{ "5.14", KEPT },           /* Virtuozzo 9 */
};

/* POSIX has no other way to get a function out of a void pointer. */
#define NEXT(name)                                                                                                     \
	static __typeof__(name) *next;                                                                                 \
	if (!next)                                                                                                     \
	*(void **)&next = dlsym(RTLD_NEXT, #name)

/* For who only reads it: lint. */
#ifndef OLD_KERNEL
#define OLD_KERNEL ""
#define OLD_SEEN   ""
#endif

static bool lacks(enum lack what)
{
	static int first = -1;

	for (size_t i = 0; first < 0; i++) {
		if (i == sizeof(kernels) / sizeof(kernels[0]))
			abort();
		if (strcmp(OLD_KERNEL, kernels[i].name) == 0)
			first = (int)kernels[i].first;
	}
	return (int)what >= first;
}

static void write_seen(const char *name)
{
	int fd = open(OLD_SEEN, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "%s\n", name);
	close(fd);
}

#define seen(what) write_seen(#what)

/* True for what it lacks, which is noted. */
#define misses(what) (lacks(what) && (seen(what), true))

static int protocol_of(int fd)
{
	int domain = -1;
	int protocol = -1;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 || domain != AF_NETLINK)
		return -1;
	len = sizeof(protocol);
	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 ? protocol : -1;
}

/* ---- attributes -------------------------------------------------------------------------------------------------- */

static struct rtattr *attr_find(void *from, size_t left, unsigned type)
{
	struct rtattr *attr = from;

	for (int n = (int)left; RTA_OK(attr, n); attr = RTA_NEXT(attr, n)) {
		if ((attr->rta_type & 0x3fffU) == type)
			return attr;
	}
	return NULL;
}

static struct rtattr *find(struct nlmsghdr *header, size_t fixed, unsigned type)
{
	size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);

	return header->nlmsg_len > skip ? attr_find((char *)header + skip, header->nlmsg_len - skip, type) : NULL;
}

static bool cut(struct nlmsghdr *header, size_t fixed, unsigned type)
{
	struct rtattr *attr = find(header, fixed, type);
	size_t len = attr ? RTA_ALIGN(attr->rta_len) : 0;
	char *end = (char *)header + header->nlmsg_len;

	if (!attr)
		return false;
	if ((char *)attr + len > end)
		len = (size_t)(end - (char *)attr);
	memmove(attr, (char *)attr + len, (size_t)(end - (char *)attr) - len);
	header->nlmsg_len -= (uint32_t)len;
	return true;
}

/* Within a nest its room stays, so that nothing has to move: as a type that nobody knows. */
static void hide(struct rtattr *attr)
{
	attr->rta_type = 0x3fff; /* NLA_TYPE_MASK */
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

/* Errors that the older kernel answers with, until they are fetched. */
static struct refusal {
	int fd;
	int error;
	struct nlmsghdr request;
} refusals[256];
static size_t refusal_count;

/* The errno of a request that is not taken, else 0; and what is passed over is cut out of it. */
static int judge_link(struct nlmsghdr *header)
{
	struct rtattr *name = find(header, sizeof(struct ifinfomsg), IFLA_IFNAME);
	const struct ifinfomsg *info = NLMSG_DATA(header);
	char path[64];

	if (header->nlmsg_type == RTM_NEWLINK) {
		if (lacks(AF_SPEC) && cut(header, sizeof(*info), IFLA_AF_SPEC))
			seen(AF_SPEC);
		if (lacks(SET_MASTER) && cut(header, sizeof(*info), IFLA_MASTER))
			seen(SET_MASTER);
		return 0;
	}
	if (header->nlmsg_type != RTM_GETLINK || (header->nlmsg_flags & NLM_F_DUMP) || info->ifi_index > 0 || !name)
		return 0;
	if (misses(LINK_BY_NAME))
		return EINVAL;
	if (!lacks(ALT_NAME))
		return 0;
	(void)snprintf(path, sizeof(path), "/sys/class/net/%.16s", (const char *)RTA_DATA(name));
	/* A test that has access() fail means the program's own. */
	return access(path, F_OK) == 0 || errno != ENOENT ? 0 : ENODEV;
}

static int judge_neighbour(struct nlmsghdr *header)
{
	struct ndmsg *nd = NLMSG_DATA(header);

	/* Before 4.20 (859bd2ef1fc1) no loss of the carrier took an entry away. */
	if (header->nlmsg_type == RTM_NEWNEIGH && (nd->ndm_flags & NTF_PROXY) && !lacks(STRICT) && misses(KEPT))
		nd->ndm_state = 0;
	if (header->nlmsg_type != RTM_GETNEIGH)
		return 0;
	if (!(header->nlmsg_flags & NLM_F_DUMP))
		return misses(NEIGH_GET) ? EOPNOTSUPP : 0;
	if ((nd->ndm_flags & NTF_PROXY) && misses(PROXY_LIST))
		nd->ndm_flags = 0;
	if (lacks(NEIGH_FILTER)) {
		(void)cut(header, sizeof(*nd), NDA_IFINDEX);
		(void)cut(header, sizeof(*nd), NDA_MASTER);
	}
	return 0;
}

static int judge_route(struct nlmsghdr *header)
{
	struct rtmsg *rtm = NLMSG_DATA(header);

	if (header->nlmsg_type != RTM_GETROUTE || (header->nlmsg_flags & NLM_F_DUMP))
		return 0;
	if ((rtm->rtm_flags & RTM_F_FIB_MATCH) && misses(FIB_MATCH))
		rtm->rtm_flags &= ~(unsigned)RTM_F_FIB_MATCH;
	if (lacks(LOOKUP_TABLE))
		rtm->rtm_flags &= ~(unsigned)RTM_F_LOOKUP_TABLE;
	return 0;
}

static int judge_netfilter(const struct nlmsghdr *header)
{
	const int get_element = 10 << 8 | 13; /* NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM */

	if (misses(NFTABLES))
		return EINVAL;
	return header->nlmsg_type == get_element && !(header->nlmsg_flags & NLM_F_DUMP) && misses(SET_ELEMENT)
		       ? EOPNOTSUPP
		       : 0;
}

static int judge(int protocol, struct nlmsghdr *header)
{
	int error;

	if (protocol == NETLINK_NETFILTER)
		return judge_netfilter(header);
	error = judge_link(header);
	if (error == 0)
		error = judge_neighbour(header);
	return error ? error : judge_route(header);
}

/* What was never fetched of a socket that had the number before is none of the new one's. */
int socket(int domain, int type, int protocol)
{
	size_t kept = 0;
	int fd;

	NEXT(socket);
	fd = next(domain, type, protocol);
	for (size_t i = 0; i < refusal_count; i++) {
		if (refusals[i].fd != fd)
			refusals[kept++] = refusals[i];
	}
	refusal_count = kept;
	return fd;
}

static void refuse(int fd, const struct nlmsghdr *request, int error)
{
	if (refusal_count == sizeof(refusals) / sizeof(refusals[0]))
		abort();
	refusals[refusal_count++] = (struct refusal){ fd, error, *request };
}

/* What of a datagram goes to the real kernel. A new one, to be freed. */
static char *translate(int fd, int protocol, const void *bytes, size_t size, size_t *ret_size)
{
	char *taken = malloc(size + NLMSG_ALIGNTO);
	char *request = malloc(size + NLMSG_ALIGNTO);
	const char *at = bytes;
	size_t left = size;

	*ret_size = 0;
	while (taken && request && left >= NLMSG_HDRLEN) {
		struct nlmsghdr *header = (void *)request;
		size_t len;
		int error;

		memcpy(header, at, NLMSG_HDRLEN);
		len = header->nlmsg_len;
		if (len < NLMSG_HDRLEN || len > left)
			break;
		memcpy(request, at, len);
		error = judge(protocol, header);
		if (error)
			refuse(fd, header, error);
		else
			memcpy(taken + *ret_size, request, header->nlmsg_len);
		if (!error)
			*ret_size += NLMSG_ALIGN(header->nlmsg_len);
		len = NLMSG_ALIGN(len) < left ? NLMSG_ALIGN(len) : left;
		at += len;
		left -= len;
	}
	free(request);
	return taken;
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t to_size)
{
	int protocol = protocol_of(fd);
	size_t taken_size;
	char *taken;
	ssize_t n;

	NEXT(sendto);
	if (protocol != NETLINK_ROUTE && protocol != NETLINK_NETFILTER)
		return next(fd, bytes, size, flags, to, to_size);
	taken = translate(fd, protocol, bytes, size, &taken_size);
	n = taken_size > 0 ? next(fd, taken, taken_size, flags, to, to_size) : 0;
	free(taken);
	return n < 0 ? n : (ssize_t)size;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	int protocol = protocol_of(fd);
	struct iovec iov;
	struct msghdr copy = *msg;
	size_t size = msg->msg_iov[0].iov_len;
	ssize_t n;

	NEXT(sendmsg);
	if ((protocol != NETLINK_ROUTE && protocol != NETLINK_NETFILTER) || msg->msg_iovlen != 1)
		return next(fd, msg, flags);
	iov.iov_base = translate(fd, protocol, msg->msg_iov[0].iov_base, size, &iov.iov_len);
	copy.msg_iov = &iov;
	n = iov.iov_len > 0 ? next(fd, &copy, flags) : 0;
	free(iov.iov_base);
	return n < 0 ? n : (ssize_t)size;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static void edit_info(struct nlmsghdr *header)
{
	struct rtattr *info = find(header, sizeof(struct ifinfomsg), IFLA_LINKINFO);
	void *within = info ? RTA_DATA(info) : NULL;
	struct rtattr *kind = info ? attr_find(within, RTA_PAYLOAD(info), IFLA_INFO_KIND) : NULL;
	struct rtattr *slave = info ? attr_find(within, RTA_PAYLOAD(info), IFLA_INFO_SLAVE_KIND) : NULL;

	if (slave && lacks(MASTER) && strcmp(RTA_DATA(slave), "bridge") == 0 &&
	    cut(header, sizeof(struct ifinfomsg), IFLA_MASTER))
		seen(MASTER);
	if (slave && lacks(SLAVE)) {
		struct rtattr *data = attr_find(within, RTA_PAYLOAD(info), IFLA_INFO_SLAVE_DATA);

		hide(slave);
		if (data)
			hide(data);
	}
	if (kind && lacks(BRIDGE_KIND) && strcmp(RTA_DATA(kind), "bridge") == 0 &&
	    cut(header, sizeof(struct ifinfomsg), IFLA_LINKINFO))
		seen(BRIDGE_KIND);
}

static void edit_link(struct nlmsghdr *header)
{
	static const struct {
		enum lack lack;
		unsigned type;
	} attributes[] = {
		{ AF_SPEC, IFLA_AF_SPEC },
		{ MASTER, IFLA_CARRIER },
		{ ALT_NAME, IFLA_PROP_LIST },
		{ PERM_ADDRESS, IFLA_PERM_ADDRESS },
	};
	const struct ifinfomsg *info = NLMSG_DATA(header);

	/* A bridge's own list (AF_BRIDGE) has VLANs there. */
	if (info->ifi_family == AF_BRIDGE)
		return;
	edit_info(header);
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (lacks(attributes[i].lack))
			(void)cut(header, sizeof(*info), attributes[i].type);
	}
}

/* Each message shrinks where it is, and the next one follows it. */
static size_t edit(char *bytes, size_t size)
{
	size_t from = 0;
	size_t to = 0;

	while (size - from >= NLMSG_HDRLEN) {
		struct nlmsghdr *header = (void *)(bytes + from);
		size_t len = NLMSG_ALIGN(header->nlmsg_len);

		if (len < NLMSG_HDRLEN || len > size - from)
			break;
		if (header->nlmsg_type == RTM_NEWLINK)
			edit_link(header);
		memmove(bytes + to, header, header->nlmsg_len);
		to += NLMSG_ALIGN(((struct nlmsghdr *)(void *)(bytes + to))->nlmsg_len);
		from += len;
	}
	return to;
}

static ssize_t answer_refused(struct refusal *refusal, struct msghdr *msg)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer = {
		.header = { .nlmsg_len = sizeof(answer),
			    .nlmsg_type = NLMSG_ERROR,
			    .nlmsg_seq = refusal->request.nlmsg_seq,
			    .nlmsg_pid = refusal->request.nlmsg_pid },
		.error = { .error = -refusal->error, .msg = refusal->request },
	};
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };

	memcpy(msg->msg_iov[0].iov_base, &answer, sizeof(answer));
	if (msg->msg_name)
		memcpy(msg->msg_name, &from, sizeof(from));
	msg->msg_namelen = msg->msg_name ? sizeof(from) : 0;
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	refusal_count--;
	memmove(refusal, refusal + 1, (size_t)(refusals + refusal_count - refusal) * sizeof(*refusal));
	return sizeof(answer);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	int protocol = protocol_of(fd);
	ssize_t n;

	NEXT(recvmsg);
	for (size_t i = 0; i < refusal_count; i++) {
		if (refusals[i].fd == fd)
			return answer_refused(&refusals[i], msg);
	}
	n = next(fd, msg, flags);
	return n > 0 && protocol == NETLINK_ROUTE && msg->msg_iovlen == 1
		       ? (ssize_t)edit(msg->msg_iov[0].iov_base, (size_t)n)
		       : n;
}

/* ---- other calls ------------------------------------------------------------------------------------------------- */

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	NEXT(setsockopt);
	if (level == SOL_NETLINK && ((name == NETLINK_GET_STRICT_CHK && misses(STRICT)) ||
				     ((name == NETLINK_EXT_ACK || name == NETLINK_CAP_ACK) && misses(EXT_ACK)))) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return next(fd, level, name, value, len);
}

int fcntl(int fd, int cmd, ...)
{
	va_list arguments;
	void *argument;

	NEXT(fcntl);
	va_start(arguments, cmd);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if ((cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW || cmd == F_OFD_GETLK) && misses(OFD)) {
		errno = EINVAL;
		return -1;
	}
	return next(fd, cmd, argument);
}

long syscall(long number, ...)
{
	va_list arguments;
	long a[6];

	NEXT(syscall);
	if (number == SYS_close_range && misses(CLOSE_RANGE)) {
		errno = ENOSYS;
		return -1;
	}
	va_start(arguments, number);
	for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
