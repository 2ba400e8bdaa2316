/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into a program: what strace cannot do to it. Memory that is not there, netlink answers that are lost, cut
 * or interrupted, a command that runs right before a request. Counting begins with the program's own first call,
 * signal().
 *
 * FAULT=KIND:N is the Nth time, N+ from then on. KIND: alloc; alloc-json (in json-c's parser); recv-late (no answer in
 * time, it comes with the next), recv-lost, recv-cut (half of it), recv-short (half, and the kernel says so);
 * dump-intr; before-send; nft-denied and nft-absent (nf_tables answers a request, or a batch of them, with EPERM or
 * EOPNOTSUPP and does nothing).
 *
 * FAULT_RUN=PATH, for before-send, is the program to run, and to wait for.
 *
 * FAULT_COUNT=PATH is where to write how often each came: "alloc 12\njson 9\nrecv 3\nsend 4\nnft 2\n"
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json_tokener.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc's own, so that nothing has to be looked up before there is memory. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool begun;
static pid_t beginner;
static bool inside;  /* our own work is not counted */
static bool parsing; /* json-c 0.16's parser does not look whether it got the memory that it asked for */
static unsigned long allocs;
static unsigned long json_allocs;
static unsigned long recvs;
static unsigned long sends;
static unsigned long nft_requests;
static int nft_refused; /* the errno that is the answer to the last one; 0: the kernel's own answer is */
static struct nlmsghdr nft_request;

/* Is it this kind's turn? */
static bool turn(const char *kind, unsigned long count)
{
	const char *fault = getenv("FAULT");
	size_t len = strlen(kind);
	char *end;
	unsigned long n;

	if (!fault || strncmp(fault, kind, len) != 0 || fault[len] != ':')
		return false;
	n = strtoul(fault + len + 1, &end, 10);
	return *end == '+' ? count >= n : count == n;
}

static bool no_memory(void)
{
	if (!begun || inside)
		return false;
	if (parsing ? !turn("alloc-json", ++json_allocs) : !turn("alloc", ++allocs))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return no_memory() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return no_memory() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return no_memory() ? NULL : __libc_realloc(old, size);
}

/* POSIX has no other way to get a function out of a void pointer. */
#define NEXT(name)                                                                                                     \
	static __typeof__(name) *next;                                                                                 \
	if (!next) {                                                                                                   \
		inside = true;                                                                                         \
		*(void **)&next = dlsym(RTLD_NEXT, #name);                                                             \
		inside = false;                                                                                        \
	}

__sighandler_t signal(int number, __sighandler_t handler)
{
	NEXT(signal)
	begun = true;
	beginner = getpid();
	return next(number, handler);
}

struct json_object *json_tokener_parse_ex(struct json_tokener *tokener, const char *text, int len)
{
	struct json_object *json;

	NEXT(json_tokener_parse_ex)
	parsing = true;
	json = next(tokener, text, len);
	parsing = false;
	return json;
}

/* The kernel changed the list while it was read: each part of a dump says so. */
static void interrupt(void *bytes, size_t size)
{
	struct nlmsghdr *header = bytes;

	for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
		if (header->nlmsg_flags & NLM_F_MULTI)
			header->nlmsg_flags |= NLM_F_DUMP_INTR;
	}
}

static bool is_netfilter(int fd)
{
	int protocol = -1;
	socklen_t len = sizeof(protocol);

	return begun && getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 && protocol == NETLINK_NETFILTER;
}

/* Does the kernel refuse this request, which begins so? It refuses a batch by its first message. */
static bool refused(int fd, const void *bytes)
{
	if (!is_netfilter(fd))
		return false;
	nft_requests++;
	nft_refused = turn("nft-denied", nft_requests) ? EPERM : turn("nft-absent", nft_requests) ? EOPNOTSUPP : 0;
	memcpy(&nft_request, bytes, sizeof(nft_request));
	return nft_refused != 0;
}

static ssize_t answer_refused(struct msghdr *msg)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer = {
		.header = { .nlmsg_len = sizeof(answer), .nlmsg_type = NLMSG_ERROR, .nlmsg_flags = NLM_F_CAPPED },
		.error = { .error = -nft_refused, .msg = nft_request },
	};
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };

	answer.header.nlmsg_seq = nft_request.nlmsg_seq;
	answer.header.nlmsg_pid = nft_request.nlmsg_pid;
	memcpy(msg->msg_iov[0].iov_base, &answer, sizeof(answer));
	memcpy(msg->msg_name, &from, sizeof(from));
	msg->msg_namelen = sizeof(from);
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	nft_refused = 0;
	return sizeof(answer);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n;

	NEXT(recvmsg)
	recvs++;
	if (nft_refused && is_netfilter(fd))
		return answer_refused(msg);
	if (turn("recv-late", recvs)) {
		errno = EAGAIN;
		return -1;
	}
	n = next(fd, msg, flags);
	if (n <= 0)
		return n;
	if (turn("recv-lost", recvs)) {
		errno = EAGAIN;
		return -1;
	}
	if (turn("recv-cut", recvs))
		return n / 2;
	if (turn("recv-short", recvs)) {
		msg->msg_flags |= MSG_TRUNC;
		return n / 2;
	}
	if (turn("dump-intr", recvs))
		interrupt(msg->msg_iov[0].iov_base, (size_t)n);
	return n;
}

/* An answer that does not come is not waited for as long as the program would. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	const struct timeval soon = { .tv_usec = 20000 };

	NEXT(setsockopt)
	if (level == SOL_SOCKET && name == SO_RCVTIMEO)
		return next(fd, level, name, &soon, sizeof(soon));
	return next(fd, level, name, value, len);
}

static void run_command(void)
{
	const char *path = getenv("FAULT_RUN");
	char *const args[] = { (char *)(size_t)path, NULL };
	char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	pid_t pid;
	int status;

	inside = true;
	if (path && posix_spawn(&pid, path, NULL, NULL, args, environment) == 0)
		(void)waitpid(pid, &status, 0);
	inside = false;
}

/* A request, too. */
unsigned if_nametoindex(const char *name)
{
	NEXT(if_nametoindex)
	if (begun && !inside && turn("before-send", ++sends))
		run_command();
	return next(name);
}

/* The question for a lock is a request, too: what was read before it may be old once it is granted. */
int fcntl(int fd, int cmd, ...)
{
	va_list arguments;
	void *argument;

	NEXT(fcntl)
	va_start(arguments, cmd);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (cmd == F_OFD_SETLK && begun && !inside && turn("before-send", ++sends))
		run_command();
	return next(fd, cmd, argument);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	NEXT(sendmsg)
	sends++;
	if (turn("before-send", sends))
		run_command();
	if (refused(fd, msg->msg_iov[0].iov_base))
		return (ssize_t)msg->msg_iov[0].iov_len;
	return next(fd, msg, flags);
}

/* nl_sendto(): a batch. */
ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t len)
{
	NEXT(sendto)
	if (!is_netfilter(fd))
		return next(fd, bytes, size, flags, to, len);
	sends++;
	if (turn("before-send", sends))
		run_command();
	if (refused(fd, bytes))
		return (ssize_t)size;
	return next(fd, bytes, size, flags, to, len);
}

static __attribute__((destructor)) void tell(void)
{
	const char *path = getenv("FAULT_COUNT");
	char text[128];
	int n = snprintf(text, sizeof(text), "alloc %lu\njson %lu\nrecv %lu\nsend %lu\nnft %lu\n", allocs, json_allocs,
			 recvs, sends, nft_requests);
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	if (write(fd, text, (size_t)n) < 0)
		(void)0;
	close(fd);
}

/* A hook's last call. Its children, who end so, too, have nothing to tell. */
_Noreturn void _exit(int status)
{
	if (begun && getpid() == beginner)
		tell();
	(void)syscall(SYS_exit_group, status);
	abort();
}
