/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sorted list: new devices mostly have the highest index, and are put at its end. */

#include "watch/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "kernel/bridge.h"
#include "kernel/netdev.h"

/* The place of the first that is not below. */
static size_t place_of(const struct devices *devices, int ifindex)
{
	size_t low = 0;
	size_t high = devices->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (devices->list[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct device *devices_find(const struct devices *devices, int ifindex)
{
	size_t at = place_of(devices, ifindex);

	return at < devices->count && devices->list[at].ifindex == ifindex ? &devices->list[at] : NULL;
}

int devices_take(struct devices *devices, const struct link *link, struct change *ret_change)
{
	size_t at = place_of(devices, link->ifindex);
	bool known = at < devices->count && devices->list[at].ifindex == link->ifindex;
	struct device now = { .ifindex = link->ifindex, .master = link->master };
	const struct device *before = known ? &devices->list[at] : NULL;

	now.up = link->flags & IFF_UP;
	now.running = now.up && link->flags & IFF_RUNNING;
	(void)text_copy(now.name, sizeof(now.name), link->name);
	ret_change->came = !before || strcmp(before->name, now.name) != 0;
	ret_change->runs = now.running && !(before && before->running);
	ret_change->rose = (now.up && !(before && before->up)) || ret_change->runs;
	ret_change->joined = now.master != 0 && (!before || before->master != now.master);
	if (!known) {
		struct device *list = array_grow(devices->list, devices->count, &devices->room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		devices->list = list;
		memmove(&list[at + 1], &list[at], (devices->count - at) * sizeof(*list));
		devices->count++;
	}
	devices->list[at] = now;
	return 0;
}

void devices_forget(struct devices *devices, int ifindex)
{
	size_t at = place_of(devices, ifindex);

	if (at == devices->count || devices->list[at].ifindex != ifindex)
		return;
	devices->count--;
	memmove(&devices->list[at], &devices->list[at + 1], (devices->count - at) * sizeof(*devices->list));
}

static int take_link(struct nlmsghdr *answer, void *arg)
{
	struct change change;
	struct link link;
	int r = link_parse(answer, &link);

	return r < 0 ? r : devices_take(arg, &link, &change);
}

static void restart(void *arg)
{
	((struct devices *)arg)->count = 0;
}

int devices_read(struct devices *devices, struct netlink *nl, struct err *err)
{
	int r;

	devices->count = 0;
	r = netdev_list(nl, take_link, restart, devices, err);
	return r < 0 ? err_wrap(err, "devices") : 0;
}

void devices_done(struct devices *devices)
{
	free(devices->list);
	memset(devices, 0, sizeof(*devices));
}

bool devices_may_be_uplink(const struct link *link)
{
	static const char *const never[] = { "veth", "tun", "bridge", "macvlan", "ipvlan", "vxlan", "dummy" };

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (strcmp(link->kind, never[i]) == 0)
			return false;
	}
	return !bridge_port_is_guests(link->name);
}
