/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libnl's socket with the kernel's errno and extended ACK kept, which libnl's own calls throw away. */

#include "kernel/netlink.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel fills a dump's buffer up to 32 KiB; our requests are short, and libnl zeroes each as a whole. */
#define BUFFER_SIZE    ((size_t)32 * 1024)
#define REQUEST_SIZE   ((size_t)1024)
#define ANSWER_SECONDS 5
#define DUMP_TRIES     5
#define ERRNO_MAX      4095 /* linux/err.h MAX_ERRNO */
#define BATCH_SMALL    ((size_t)64 * 1024)
#define ANSWER_SIZE    ((size_t)4 * 1024) /* to a single question */

struct netlink {
	struct nl_sock *sock;
	struct nl_cb *cb;

	/* The conversation under way: one request, or a batch of them, which the answer to the last one ends. */
	uint32_t first_seq;
	uint32_t seq;
	bool batch;
	netlink_answer_fn answer;
	void *arg;
	bool done;
	bool interrupted;
	bool silent; /* an answer did not come in time: no later request waits again */
	int result;
	char words[160];

	bool netfilter;
	bool lacks[NETLINK_LACK_COUNT];
};

DEFINE_CLEANUP(nl_sock, struct nl_sock *, nl_socket_free)

/* What a broken socket, no answer or a short message becomes: libnl has no errno of its own for them. */
static int libnl_errno(int nle)
{
	switch (nle < 0 ? -nle : nle) {
	case NLE_AGAIN:
		return EAGAIN;
	case NLE_NOMEM:
		return ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return EPERM;
	case NLE_MSG_TRUNC:
	case NLE_MSGSIZE:
		return EMSGSIZE;
	case NLE_PROTO_MISMATCH:
		return EPROTONOSUPPORT;
	default:
		return EIO;
	}
}

static int on_answer(struct nl_msg *msg, void *arg)
{
	struct netlink *nl = arg;
	struct nlmsghdr *header = nlmsg_hdr(msg);

	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		nl->interrupted = true;
	if (nl->answer && nl->result == 0)
		nl->result = nl->answer(header, nl->arg);
	/* A dump ends with NLMSG_DONE; a single answer is alone, as we ask for no ACK beside it. */
	if (!(header->nlmsg_flags & NLM_F_MULTI) && !nl->batch)
		nl->done = true;
	return NL_OK;
}

static int on_done(struct nl_msg *msg, void *arg)
{
	struct netlink *nl = arg;

	if (nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP_INTR)
		nl->interrupted = true;
	nl->done = true;
	return NL_STOP;
}

/* linux/netlink.h: TLVs follow the error's (capped or whole) copy of our request. */
static void take_words(struct netlink *nl, const struct nlmsgerr *e)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)((const char *)e - NLMSG_HDRLEN);
	size_t skip = sizeof(*e);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = { NULL };

	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (header->nlmsg_len < NLMSG_HDRLEN + skip)
		return;
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)(uintptr_t)e + skip),
		      (int)(header->nlmsg_len - NLMSG_HDRLEN - skip), NULL) < 0 ||
	    !tb[NLMSGERR_ATTR_MSG])
		return;
	nla_strlcpy(nl->words, tb[NLMSGERR_ATTR_MSG], sizeof(nl->words));
}

/*
 * Anything but a negated errno is no answer of a kernel's. Without nf_tables, before Linux 3.13, each message is
 * invalid; later ones call the first message of a batch, and a question of ours, nothing of the kind.
 */
static int error_of(const struct netlink *nl, const struct nlmsgerr *e, uint32_t seq)
{
	if (nl->netfilter && e->error == -EINVAL && seq == nl->first_seq)
		return -EOPNOTSUPP;
	return e->error <= 0 && e->error >= -ERRNO_MAX ? e->error : -EBADMSG;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct netlink *nl = arg;
	const struct nlmsghdr *header = (const struct nlmsghdr *)((const char *)e - NLMSG_HDRLEN);

	(void)from;
	/* Each request of a batch may fail; the first failure is told. One of the batch as a whole is its first's. */
	if (nl->result == 0) {
		nl->result = error_of(nl, e, header->nlmsg_seq);
		take_words(nl, e);
	}
	if (!nl->batch || header->nlmsg_seq == nl->first_seq || header->nlmsg_seq == nl->seq)
		nl->done = true;
	return nl->done ? NL_STOP : NL_OK;
}

/* An answer to an earlier, timed-out request is not ours. */
static int on_seq(struct nl_msg *msg, void *arg)
{
	const struct netlink *nl = arg;
	uint32_t seq = nlmsg_hdr(msg)->nlmsg_seq;

	/* nf_tables numbers what it echoes of a set's elements 0. */
	if (nl->batch && seq == 0)
		return NL_OK;
	return seq - nl->first_seq <= nl->seq - nl->first_seq ? NL_OK : NL_SKIP;
}

/* libnl passes over bytes that are no whole message: a list that was cut short would look complete. */
static bool is_whole(unsigned char *bytes, int len)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)bytes;

	while (nlmsg_ok(header, len))
		header = nlmsg_next(header, &len);
	return len <= 0;
}

static int receive(struct nl_sock *sock, struct sockaddr_nl *from, unsigned char **ret_bytes, struct ucred **ret_creds)
{
	int n = nl_recv(sock, from, ret_bytes, ret_creds);

	if (n <= 0 || is_whole(*ret_bytes, n))
		return n;
	free(*ret_bytes);
	*ret_bytes = NULL;
	return -NLE_MSG_TRUNC;
}

static int set_options(int fd)
{
	static const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK };
	struct timeval timeout = { .tv_sec = ANSWER_SECONDS };
	int on = 1;

	/* Older kernels (OpenVZ 7's 3.10) know none of these; all work without. */
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, SOL_NETLINK, options[i], &on, sizeof(on));
	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ? -errno : 0;
}

void netlink_close(struct netlink *nl)
{
	if (!nl)
		return;
	nl_cb_put(nl->cb);
	nl_socket_free(nl->sock);
	free(nl);
}

static int open_protocol(int protocol, struct netlink **ret_nl, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = calloc(1, sizeof(*nl));
	int r;

	if (!nl)
		return err_errno(err, ENOMEM, "netlink");
	nl->cb = nl_cb_alloc(NL_CB_CUSTOM);
	nl->sock = nl->cb ? nl_socket_alloc_cb(nl->cb) : NULL;
	if (!nl->sock)
		return err_errno(err, ENOMEM, "netlink");
	nl->netfilter = protocol == NETLINK_NETFILTER;
	r = nl_connect(nl->sock, protocol);
	if (r < 0)
		return err_errno(err, libnl_errno(r), "netlink socket");
	r = set_options(nl_socket_get_fd(nl->sock));
	if (r < 0)
		return err_errno(err, -r, "netlink socket");
	nlmsg_set_default_size(REQUEST_SIZE);
	nl_socket_disable_auto_ack(nl->sock);
	nl_socket_disable_msg_peek(nl->sock);
	(void)nl_socket_set_msg_buf_size(nl->sock, BUFFER_SIZE);
	nl_cb_overwrite_recv(nl->cb, receive);
	nl_cb_set(nl->cb, NL_CB_VALID, NL_CB_CUSTOM, on_answer, nl);
	nl_cb_set(nl->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_done, nl);
	nl_cb_set(nl->cb, NL_CB_ACK, NL_CB_CUSTOM, on_done, nl);
	nl_cb_set(nl->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq, nl);
	nl_cb_err(nl->cb, NL_CB_CUSTOM, on_error, nl);
	*ret_nl = steal_ptr(&nl);
	return 0;
}

bool netlink_lacks(const struct netlink *nl, enum netlink_lack what)
{
	return nl->lacks[what];
}

void netlink_set_lacking(struct netlink *nl, enum netlink_lack what)
{
	nl->lacks[what] = true;
}

int netlink_open(struct netlink **ret_nl, struct err *err)
{
	return open_protocol(NETLINK_ROUTE, ret_nl, err);
}

int netlink_open_netfilter(struct netlink **ret_nl, struct err *err)
{
	return open_protocol(NETLINK_NETFILTER, ret_nl, err);
}

static int begin(struct netlink *nl, struct err *err)
{
	if (nl->silent)
		return err_set(err, EAGAIN, "the kernel does not answer");
	nl->done = false;
	nl->batch = false;
	nl->interrupted = false;
	nl->result = 0;
	nl->words[0] = '\0';
	return 0;
}

static int receive_answers(struct netlink *nl, struct err *err)
{
	while (!nl->done) {
		int r = nl_recvmsgs(nl->sock, nl->cb);
		/* NLE_DUMP_INTR is told by the flag, which on_answer() saw. */
		if (r == -NLE_AGAIN)
			nl->silent = true;
		if (r < 0 && r != -NLE_DUMP_INTR && !nl->done)
			return err_errno(err, libnl_errno(r), "netlink answer");
	}
	if (nl->result < 0 && nl->words[0])
		return err_set(err, -nl->result, "%s (%s)", strerror(-nl->result), nl->words);
	if (nl->result < 0)
		return err_set(err, -nl->result, "%s", strerror(-nl->result));
	return 0;
}

static int converse(struct netlink *nl, struct nl_msg *msg, int flags, struct err *err)
{
	int r = begin(nl, err);

	if (r < 0)
		return r;
	nlmsg_hdr(msg)->nlmsg_flags |= (uint16_t)flags;
	nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
	r = nl_send_auto(nl->sock, msg);
	if (r < 0)
		return err_errno(err, libnl_errno(r), "netlink request");
	nl->seq = nlmsg_hdr(msg)->nlmsg_seq;
	nl->first_seq = nl->seq;
	return receive_answers(nl, err);
}

int netlink_change(struct netlink *nl, struct nl_msg *msg, struct err *err)
{
	CLEANUP(nl_msg) struct nl_msg *held = msg;

	if (!held)
		return err_errno(err, ENOMEM, "netlink request");
	nl->answer = NULL;
	return converse(nl, held, NLM_F_REQUEST | NLM_F_ACK, err);
}

int netlink_get(struct netlink *nl, struct nl_msg *msg, netlink_answer_fn answer, void *arg, struct err *err)
{
	CLEANUP(nl_msg) struct nl_msg *held = msg;

	if (!held)
		return err_errno(err, ENOMEM, "netlink request");
	nl->answer = answer;
	nl->arg = arg;
	return converse(nl, held, NLM_F_REQUEST, err);
}

int netlink_list(struct netlink *nl, struct nl_msg *msg, netlink_answer_fn answer, void (*restart)(void *arg),
		 void *arg, struct err *err)
{
	CLEANUP(nl_msg) struct nl_msg *held = msg;

	if (!held)
		return err_errno(err, ENOMEM, "netlink request");
	for (int i = 0; i < DUMP_TRIES; i++) {
		int r;

		nl->answer = answer;
		nl->arg = arg;
		r = converse(nl, held, NLM_F_REQUEST | NLM_F_DUMP, err);
		if (r < 0 || !nl->interrupted)
			return r;
		restart(arg);
	}
	return err_set(err, EAGAIN, "the kernel's list kept changing while it was read");
}

struct nl_msg *netlink_message(int type, int flags, const void *header, size_t len)
{
	CLEANUP(nl_msg) struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	return msg && nlmsg_append(msg, (void *)(uintptr_t)header, len, NLMSG_ALIGNTO) == 0 ? steal_ptr(&msg) : NULL;
}

int netlink_dump(struct netlink *nl, int type, const void *header, size_t header_len, int attr_type, const void *attr,
		 size_t attr_len, netlink_answer_fn answer, void (*restart)(void *arg), void *arg, struct err *err)
{
	CLEANUP(nl_msg) struct nl_msg *msg = netlink_message(type, 0, header, header_len);

	if (msg && attr && nla_put(msg, attr_type, (int)attr_len, attr) < 0)
		return err_errno(err, ENOMEM, "netlink request");
	return netlink_list(nl, steal_ptr(&msg), answer, restart, arg, err);
}

/* ---- many questions ------------------------------------------------------------------------------------------------
 */

/* The next message of a datagram, with a number of its own. */
static void append(struct netlink *nl, char **at, struct nl_msg *msg, int flags)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);

	nl->seq = nl_socket_use_seq(nl->sock);
	header->nlmsg_seq = nl->seq;
	header->nlmsg_pid = nl_socket_get_local_port(nl->sock);
	header->nlmsg_flags |= (uint16_t)flags;
	memcpy(*at, header, header->nlmsg_len);
	*at += NLMSG_ALIGN(header->nlmsg_len);
}

static int answer_to(const struct netlink *nl, struct nlmsghdr *header, netlink_answer_fn answer, void *arg)
{
	int r;

	if (header->nlmsg_type != NLMSG_ERROR)
		return answer(header, arg);
	if (!nlmsg_valid_hdr(header, sizeof(struct nlmsgerr)))
		return -EBADMSG;
	/* Asked for no acknowledgement, the kernel sends none. */
	r = error_of(nl, nlmsg_data(header), header->nlmsg_seq);
	return r < 0 ? r : -EBADMSG;
}

static int receive_datagram(struct netlink *nl, char *bytes)
{
	struct iovec iov = { bytes, ANSWER_SIZE };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do {
		n = recvmsg(nl_socket_get_fd(nl->sock), &msg, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == 0 || msg.msg_flags & MSG_TRUNC || !is_whole((unsigned char *)bytes, (int)n) ? -EMSGSIZE : (int)n;
}

/* Questions under way in one datagram. */
struct asked {
	char *at; /* the first of the caller's */
	size_t size;
	size_t count;
	int results[NETLINK_QUESTIONS_MAX]; /* -EINPROGRESS without an answer so far */
};

static int receive_each(struct netlink *nl, struct asked *asked, netlink_answer_fn answer)
{
	char bytes[ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (size_t left = asked->count; left > 0;) {
		int n = receive_datagram(nl, bytes);

		if (n == -EAGAIN)
			nl->silent = true;
		if (n < 0)
			return n;
		for (struct nlmsghdr *header = (void *)bytes; nlmsg_ok(header, n); header = nlmsg_next(header, &n)) {
			size_t i = header->nlmsg_seq - nl->first_seq;

			if (i >= asked->count || asked->results[i] != -EINPROGRESS)
				continue;
			asked->results[i] = answer_to(nl, header, answer, asked->at + i * asked->size);
			left--;
		}
	}
	return 0;
}

/* One datagram, numbered throughout. */
static int send_each(struct netlink *nl, const struct asked *asked, struct nl_msg *(*ask)(const void *question))
{
	CLEANUP(free) char *bytes = calloc(asked->count, REQUEST_SIZE);
	char *at = bytes;
	int r;

	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < asked->count; i++) {
		CLEANUP(nl_msg) struct nl_msg *msg = ask(asked->at + i * asked->size);

		if (!msg)
			return -ENOMEM;
		append(nl, &at, msg, NLM_F_REQUEST);
		if (i == 0)
			nl->first_seq = nl->seq;
	}
	r = nl_sendto(nl->sock, bytes, (size_t)(at - bytes));
	return r < 0 ? -libnl_errno(r) : 0;
}

void netlink_get_each(struct netlink *nl, void *questions, size_t size, size_t count,
		      struct nl_msg *(*ask)(const void *question), netlink_answer_fn answer,
		      void (*done)(void *question, int result))
{
	for (size_t from = 0; from < count; from += NETLINK_QUESTIONS_MAX) {
		struct asked asked = { .at = (char *)questions + from * size, .size = size, .count = count - from };
		int r = begin(nl, NULL);

		if (asked.count > NETLINK_QUESTIONS_MAX)
			asked.count = NETLINK_QUESTIONS_MAX;
		for (size_t i = 0; i < asked.count; i++)
			asked.results[i] = -EINPROGRESS;
		if (r == 0)
			r = send_each(nl, &asked, ask);
		if (r == 0)
			r = receive_each(nl, &asked, answer);
		for (size_t i = 0; i < asked.count; i++)
			done(asked.at + i * size, asked.results[i] == -EINPROGRESS ? r : asked.results[i]);
	}
}

/* ---- changes of nf_tables as one -----------------------------------------------------------------------------------
 */

/* What a batch is wrapped in (linux/netfilter/nfnetlink.h). */
struct batch_mark {
	struct nlmsghdr header;
	struct nfgenmsg nfgen;
};

static void mark(struct netlink *nl, char *at, int type, uint32_t seq)
{
	const struct batch_mark mark = {
		.header = { .nlmsg_len = sizeof(mark),
			    .nlmsg_type = (uint16_t)type,
			    .nlmsg_flags = NLM_F_REQUEST,
			    .nlmsg_seq = seq,
			    .nlmsg_pid = nl_socket_get_local_port(nl->sock) },
		.nfgen = { .res_id = htons(NFNL_SUBSYS_NFTABLES) },
	};

	memcpy(at, &mark, sizeof(mark));
}

/* The messages one behind the other, numbered from the begin mark's number on. */
static char *gather(struct netlink *nl, struct nl_msg *const *msgs, size_t count, size_t *ret_size)
{
	size_t size = 2 * sizeof(struct batch_mark);
	char *bytes;
	char *at;

	for (size_t i = 0; i < count; i++)
		size += NLMSG_ALIGN(nlmsg_hdr(msgs[i])->nlmsg_len);
	bytes = calloc(size, 1);
	if (!bytes)
		return NULL;
	nl->first_seq = nl_socket_use_seq(nl->sock);
	mark(nl, bytes, NFNL_MSG_BATCH_BEGIN, nl->first_seq);
	at = bytes + sizeof(struct batch_mark);
	for (size_t i = 0; i < count; i++)
		append(nl, &at, msgs[i], i + 1 < count ? NLM_F_REQUEST : NLM_F_REQUEST | NLM_F_ACK);
	mark(nl, at, NFNL_MSG_BATCH_END, nl_socket_use_seq(nl->sock));
	*ret_size = size;
	return bytes;
}

int netlink_batch(struct netlink *nl, struct nl_msg *const *msgs, size_t count, netlink_answer_fn echo, void *arg,
		  struct err *err)
{
	CLEANUP(free) char *bytes = NULL;
	size_t size;
	int room;
	int r = begin(nl, err);

	if (r < 0)
		return r;
	bytes = gather(nl, msgs, count, &size);
	if (!bytes)
		return err_errno(err, ENOMEM, "netlink request");
	/* A datagram must fit into the socket's buffer with the kernel's own overhead; ten thousand guests' names do
	 * not. */
	room = (int)(2 * size);
	if (size > BATCH_SMALL)
		(void)setsockopt(nl_socket_get_fd(nl->sock), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	nl->batch = true;
	nl->answer = echo;
	nl->arg = arg;
	r = nl_sendto(nl->sock, bytes, size);
	if (r < 0)
		return err_errno(err, libnl_errno(r), "netlink request");
	return receive_answers(nl, err);
}
