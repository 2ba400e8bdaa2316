/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells guestarp-watch by itself: one datagram, of links and addresses, and what is known of the
 * devices then. */

#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "kernel/news.h"
#include "watch/devices.h"

#define TAKEN_MAX 4096

static struct devices devices;
static unsigned taken;

static void check_devices(void)
{
	for (size_t i = 0; i < devices.count; i++) {
		const struct device *d = &devices.list[i];

		CHECK(i == 0 || devices.list[i - 1].ifindex < d->ifindex);
		CHECK(devices_find(&devices, d->ifindex) == d);
		CHECK(memchr(d->name, '\0', sizeof(d->name)));
		CHECK(!d->running || d->up);
	}
}

static void take(const struct news *news, void *arg)
{
	struct change change;

	(void)arg;
	CHECK(++taken <= TAKEN_MAX);
	switch (news->kind) {
	case NEWS_LINK:
		CHECK(memchr(news->link.name, '\0', sizeof(news->link.name)));
		CHECK(devices_take(&devices, &news->link, &change) == 0);
		CHECK(devices_find(&devices, news->link.ifindex));
		(void)devices_may_be_uplink(&news->link);
		break;
	case NEWS_LINK_GONE:
		CHECK(memchr(news->link.name, '\0', sizeof(news->link.name)));
		devices_forget(&devices, news->link.ifindex);
		CHECK(!devices_find(&devices, news->link.ifindex));
		break;
	case NEWS_ADDRESS:
		break;
	default:
		CHECK(false);
	}
	check_devices();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];
	int r;

	/* A socket of another family: nobody's number is in what it says of the sender, as in the kernel's. */
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == 0);
	taken = 0;
	if (size > 0)
		CHECK(send(ends[0], data, size, 0) == (ssize_t)size);
	r = news_read(ends[1], take, NULL);
	CHECK(r == 0);
	devices_done(&devices);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
