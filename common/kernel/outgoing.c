/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PACKET_OUTGOING frames (packet(7)), with a filter that is made anew when one MAC more is known well enough. */

#include "kernel/outgoing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/packet.h"

#define OF_EACH   5
#define OF_ALL    8
#define AT_SOURCE ETH_ALEN

#define QUEUE_SIZE (4 * 1024 * 1024) /* some thousands of frames: what a guest sends before it is ignored */

struct code {
	struct sock_filter list[OF_ALL + OF_EACH * OUTGOING_IGNORED_MAX];
	size_t count;
};

static void add(struct code *code, struct sock_filter instruction)
{
	code->list[code->count++] = instruction;
}

/* Jumps are counted from the next instruction on. */
static void build(struct code *code, const struct mac *ignored, size_t count)
{
	code->count = 0;
	add(code, (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)));
	add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0));
	add(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
	add(code, (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_SOURCE));
	add(code, (struct sock_filter)BPF_STMT(BPF_ST, 0));
	add(code, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT_SOURCE + 2));
	add(code, (struct sock_filter)BPF_STMT(BPF_ST, 1));
	for (size_t i = 0; i < count && i < OUTGOING_IGNORED_MAX; i++) {
		uint16_t first;
		uint32_t last;

		memcpy(&first, ignored[i].bytes, sizeof(first));
		memcpy(&last, ignored[i].bytes + sizeof(first), sizeof(last));
		add(code, (struct sock_filter)BPF_STMT(BPF_LD | BPF_MEM, 1));
		add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(last), 0, 3));
		add(code, (struct sock_filter)BPF_STMT(BPF_LD | BPF_MEM, 0));
		add(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohs(first), 0, 1));
		add(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
	}
	add(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, FRAME_MAX));
}

int outgoing_open(int ifindex, const struct mac *ignored, size_t count, int *ret_fd, struct err *err)
{
	const int size = QUEUE_SIZE;
	struct code code;
	int r;

	build(&code, ignored, count);
	r = packet_listen(ifindex, code.list, code.count, ret_fd, err);
	/* Where it may not be had, a burst is cut earlier. */
	if (r == 0)
		(void)setsockopt(*ret_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return r;
}

int outgoing_ignore(int fd, const struct mac *ignored, size_t count, struct err *err)
{
	struct code code;
	struct sock_fprog filter = { .filter = code.list };

	build(&code, ignored, count);
	filter.len = (unsigned short)code.count;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
		return err_errno(err, errno, "packet filter");
	return 0;
}

int outgoing_next(int fd, struct frame_sender *ret_sender, struct err *err)
{
	uint8_t frame[FRAME_MAX];
	ssize_t n;

	do
		n = recv(fd, frame, sizeof(frame), MSG_DONTWAIT);
	while (n >= 0 && !frame_read_sender(frame, (size_t)n, ret_sender));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : err_errno(err, errno, "packet socket");
	return 1;
}
