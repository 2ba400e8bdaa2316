/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_KERNEL_NEWS_H
#define GUESTARP_KERNEL_NEWS_H
/* What the kernel tells of by itself (rtnetlink(7)): devices and the host's addresses. Of proxy entries it tells
 * nothing. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/link.h"

enum news_group { NEWS_LINKS, NEWS_ADDRESSES };

enum news_kind {
	NEWS_LINK,      /* it is new, or something about it is; link is all of it */
	NEWS_LINK_GONE, /* of link, ifindex and name are set */
	NEWS_ADDRESS,   /* one came, went or changed on the device of link.ifindex; not those of link scope */
};

struct news {
	enum news_kind kind;
	struct link link;
};

typedef void (*news_fn)(const struct news *news, void *arg);

/* A socket for one group, non-blocking, with room for so many bytes of news (0: 8 MiB). To be closed by the caller. */
int news_open(enum news_group group, int room, int *ret_fd, struct err *err);

/* All that has come. -ENOBUFS: some was lost, what came before and after is told all the same. */
int news_read(int fd, news_fn take, void *arg);

#endif
