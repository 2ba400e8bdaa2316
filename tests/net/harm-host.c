/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What harm.t does to a namespace without a process each time. One command a line on stdin:
 *
 *   set NAME VALUE PATH      writes a value below /proc/sys as it is in /run/netns/NAME
 *   forget NAME ADDRESS...   deletes what the namespace has learned of these neighbours
 *   listen NAME TEXT         somebody listens on this abstract socket there, as LXC's monitor does, until
 *   mute TEXT
 *   ip NAME SIZE             `ip -batch` begins there with so many bytes, which follow; "-": in the test's namespace
 *   wait                     each of these is done: a line for each that failed, and "."
 *   run NAME FILE [KEY=VALUE...] PROGRAM [ARGUMENT...]
 *                            runs it there with this environment alone; what it says is added to FILE. One line: its
 *                            wait status
 *   hold FILE ID             a process locks FILE, as QEMU does with its pid file. One line: its number, for
 *   release PID
 *   done                     one line ".": all before this is done
 *
 *   harm-host exec NAME PROGRAM [ARGUMENT...]   becomes that program there, with that namespace's /sys
 *   harm-host lock FILE -id ID                  what hold starts
 */

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "harm.h"

#define LISTENERS_MAX 16
#define BATCHES_MAX   64
#define TEXT_MAX      65536

static struct listener {
	char name[108];
	int fd;
} listeners[LISTENERS_MAX];

static struct batch {
	char name[32];
	pid_t pid;
} batches[BATCHES_MAX];
static size_t batch_count;

static void set(const char *name, const char *value, const char *key)
{
	char path[128];
	int fd;

	enter(name);
	(void)snprintf(path, sizeof(path), "/proc/sys/%s", key);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
	enter(NULL);
}

static bool is_among(const struct nlmsghdr *message, char *const *addresses, size_t count)
{
	const struct ndmsg *neighbour = NLMSG_DATA(message);
	const struct rtattr *attribute = (const struct rtattr *)(neighbour + 1);
	size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof(*neighbour));
	uint8_t address[16];

	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		for (size_t i = 0; attribute->rta_type == NDA_DST && i < count; i++)
			if (inet_pton(neighbour->ndm_family, addresses[i], address) == 1 &&
			    memcmp(address, RTA_DATA(attribute), RTA_PAYLOAD(attribute)) == 0)
				return true;
	}
	return false;
}

/* The message that told of a neighbour, sent back, is the one that deletes it. */
static void delete_neighbours(int fd, int out, char *const *addresses, size_t count)
{
	static char buffer[65536] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, (size_t)n);
		     message = NLMSG_NEXT(message, n)) {
			if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
				return;
			if (message->nlmsg_type != RTM_NEWNEIGH || !is_among(message, addresses, count))
				continue;
			message->nlmsg_type = RTM_DELNEIGH;
			message->nlmsg_flags = NLM_F_REQUEST;
			(void)send(out, message, message->nlmsg_len, 0);
		}
		if (n <= 0)
			return;
	}
}

static void forget(const char *name, char *const *addresses, size_t count)
{
	struct {
		struct nlmsghdr header;
		struct ndmsg neighbour;
	} request = { { sizeof(request), RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { 0 } };
	int fd;
	int out;

	enter(name);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	out = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	enter(NULL);
	if (fd < 0 || out < 0 || send(fd, &request, sizeof(request), 0) < 0)
		die("netlink");
	delete_neighbours(fd, out, addresses, count);
	close(fd);
	close(out);
}

static struct listener *listener_named(const char *name)
{
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		if (strcmp(listeners[i].name, name) == 0)
			return &listeners[i];
	fprintf(stderr, "harm-wire: nobody listens as %s\n", name);
	exit(1);
}

static void start_listening(const char *name, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(text);
	struct listener *listener = listener_named("");

	enter(name);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path + 1, text, len);
	if (bind(listener->fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) < 0 ||
	    listen(listener->fd, 1) < 0)
		die(text);
	(void)snprintf(listener->name, sizeof(listener->name), "%s", text);
	enter(NULL);
}

static void stop_listening(const char *text)
{
	struct listener *listener = listener_named(text);

	close(listener->fd);
	memset(listener, 0, sizeof(*listener));
}

/* ---- processes ------------------------------------------------------------------------------------------------- */

static pid_t fork_or_die(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	return pid;
}

/* The end of a new pipe that stays here; the child has the other one as its fd. */
static int child_with_pipe(int fd, pid_t *ret_pid)
{
	int ends[2];
	int its = fd == STDIN_FILENO ? 0 : 1;

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe");
	*ret_pid = fork_or_die();
	if (*ret_pid == 0)
		(void)dup2(ends[its], fd);
	close(ends[its]);
	return ends[!its];
}

static void start_batch(const char *name, size_t size)
{
	static char text[TEXT_MAX];
	struct batch *batch = &batches[batch_count];
	int fd;

	if (size > sizeof(text) || batch_count == BATCHES_MAX || fread(text, 1, size, stdin) != size) {
		fprintf(stderr, "harm-host: ip: too much, or too little\n");
		exit(1);
	}
	fd = child_with_pipe(STDIN_FILENO, &batch->pid);
	if (batch->pid == 0) {
		if (strcmp(name, "-") != 0)
			enter(name);
		execlp("ip", "ip", "-force", "-batch", "-", NULL);
		_exit(127);
	}
	(void)snprintf(batch->name, sizeof(batch->name), "%s", name);
	batch_count++;
	if (write(fd, text, size) != (ssize_t)size)
		perror("ip");
	close(fd);
}

static void wait_for_batches(void)
{
	for (size_t i = 0; i < batch_count; i++) {
		int status = 0;

		if (waitpid(batches[i].pid, &status, 0) < 0 || status != 0)
			(void)printf("ip -n %s failed\n", batches[i].name);
	}
	batch_count = 0;
	print_done();
}

static int exec_there(const char *name, char **words)
{
	enter(name);
	if (unshare(CLONE_NEWNS) < 0 || mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		die("/sys");
	execvp(words[0], words);
	perror(words[0]);
	return 127;
}

static void run(const char *name, const char *file, char **words)
{
	int status = 0;
	pid_t pid = fork_or_die();

	if (pid == 0) {
		int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
		int out = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		    dup2(out, STDERR_FILENO) < 0)
			die(file);
		(void)clearenv();
		while (strchr(*words, '=') && words[1])
			(void)putenv(*words++);
		_exit(exec_there(name, words));
	}
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	(void)printf("%d\n", status);
	(void)fflush(stdout);
}

/* QEMU's pid file: who holds its lock runs the guest. */
static int lock(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0)
		die(path);
	dprintf(fd, "%d\n", (int)getpid());
	close(STDOUT_FILENO);
	pause();
	return 0;
}

static void hold(char *path, char *id)
{
	char *words[] = { "harm-host", "lock", path, "-id", id, NULL };
	char byte;
	pid_t pid;
	int fd = child_with_pipe(STDOUT_FILENO, &pid);

	if (pid == 0) {
		execv("/proc/self/exe", words);
		_exit(127);
	}
	/* It ends when the lock is held. */
	(void)!read(fd, &byte, 1);
	close(fd);
	(void)printf("%d\n", (int)pid);
	(void)fflush(stdout);
}

static void release(pid_t pid)
{
	kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static bool obey(size_t count, char **words)
{
	if (count == 4 && strcmp(words[0], "set") == 0)
		set(words[1], words[2], words[3]);
	else if (count > 2 && strcmp(words[0], "forget") == 0)
		forget(words[1], words + 2, count - 2);
	else if (count == 3 && strcmp(words[0], "listen") == 0)
		start_listening(words[1], words[2]);
	else if (count == 2 && strcmp(words[0], "mute") == 0)
		stop_listening(words[1]);
	else if (count == 3 && strcmp(words[0], "ip") == 0)
		start_batch(words[1], strtoul(words[2], NULL, 10));
	else if (count == 1 && strcmp(words[0], "wait") == 0)
		wait_for_batches();
	else if (count > 3 && strcmp(words[0], "run") == 0)
		run(words[1], words[2], words + 3);
	else if (count == 3 && strcmp(words[0], "hold") == 0)
		hold(words[1], words[2]);
	else if (count == 2 && strcmp(words[0], "release") == 0)
		release((pid_t)strtol(words[1], NULL, 10));
	else if (count == 1 && strcmp(words[0], "done") == 0)
		print_done();
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "lock") == 0)
		return lock(argv[2]);
	if (argc > 3 && strcmp(argv[1], "exec") == 0)
		return exec_there(argv[2], argv + 3);
	return commands(obey);
}
