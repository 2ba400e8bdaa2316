/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vznetcfg's own work, done instead of it. */

#include "kernel/plug.h"

#include <errno.h>
#include <string.h>

#include "kernel/link.h"

static int join(struct netlink *nl, const struct link *port, const char *name, struct err *err)
{
	struct link bridge;
	int r = link_get(nl, name, &bridge, err);

	if (r < 0)
		return err_wrap(err, "bridge %s", name);
	if (strcmp(bridge.kind, "bridge") != 0)
		return err_set(err, ENOTSUP, "%s is no Linux bridge", name);
	if (port->master == bridge.ifindex)
		return 0;
	r = link_set_master(nl, port->ifindex, bridge.ifindex, err);
	return r < 0 ? err_wrap(err, "%s into bridge %s", port->name, name) : 0;
}

int plug_port(const char *port, const char *bridge, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct err failure;
	struct link link;
	int joined = 0;
	int r = netlink_open(&nl, err);

	if (r < 0)
		return r;
	r = link_get(nl, port, &link, err);
	if (r < 0)
		return err_wrap(err, "%s", port);
	if (bridge)
		joined = join(nl, &link, bridge, err);
	r = link_set_flag(nl, link.ifindex, IFF_UP, true, &failure);
	if (r < 0 && joined == 0) {
		*err = failure;
		return err_wrap(err, "%s up", port);
	}
	return joined;
}

int plug_out(const char *port, struct err *err)
{
	CLEANUP(netlink) struct netlink *nl = NULL;
	struct link link;
	int r = netlink_open(&nl, err);

	if (r < 0)
		return r;
	r = link_get(nl, port, &link, err);
	if (r == 0 && link.master != 0)
		r = link_set_master(nl, link.ifindex, 0, err);
	if (r == -ENODEV)
		return 0;
	return r < 0 ? err_wrap(err, "%s", port) : 0;
}
