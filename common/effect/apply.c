/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How each kind of setting is read from the kernel, written to it and removed: the functions of plan/setting_table.h.
 */

#include "effect/apply.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "effect/asking.h"
#include "host/owner.h"
#include "kernel/proxy.h"
#include "kernel/route.h"
#include "kernel/sysctl.h"

typedef int (*read_fn)(struct netlink *nl, const struct facts *facts, const struct setting *s, bool *ret_holds,
		       struct err *err);
typedef int (*write_fn)(struct netlink *nl, const struct facts *facts, const struct setting *s, struct err *err);
/* 1 when it was there, 0 when not. */
typedef int (*remove_fn)(struct netlink *nl, int ifindex, const struct setting *s, struct err *err);

static enum link_value link_value_of(enum setting_kind kind)
{
	return kind == SETTING_ARP_IGNORE     ? LINK_ARP_IGNORE
	       : kind == SETTING_ARP_ANNOUNCE ? LINK_ARP_ANNOUNCE
					      : LINK_ARP_FILTER;
}

static int read_link_value(struct netlink *nl, const struct facts *facts, const struct setting *s, bool *ret_holds,
			   struct err *err)
{
	const struct link *link = facts_link(facts, s->device);

	(void)nl;
	if (!link)
		return err_errno(err, ENODEV, "%s", s->device);
	*ret_holds = s->value ==
		     (s->kind == SETTING_NOARP ? (link->flags & IFF_NOARP) != 0 : link->value[link_value_of(s->kind)]);
	return 0;
}

static int write_link_value(struct netlink *nl, const struct facts *facts, const struct setting *s, struct err *err)
{
	(void)facts;
	return link_set_value(nl, s->ifindex, link_value_of(s->kind), s->value, err);
}

static int write_noarp(struct netlink *nl, const struct facts *facts, const struct setting *s, struct err *err)
{
	(void)facts;
	return link_set_flag(nl, s->ifindex, IFF_NOARP, s->value != 0, err);
}

static enum sysctl sysctl_of(enum setting_kind kind)
{
	return kind == SETTING_PROXY_DELAY     ? SYSCTL_PROXY_DELAY
	       : kind == SETTING_PROXY_DELAY_6 ? SYSCTL_PROXY_DELAY_6
					       : SYSCTL_PROXY_NDP;
}

static int read_sysctl(struct netlink *nl, const struct facts *facts, const struct setting *s, bool *ret_holds,
		       struct err *err)
{
	uint32_t value = 0;
	int r = sysctl_get(sysctl_of(s->kind), s->device, &value, err);

	(void)nl;
	(void)facts;
	/* A host without IPv6 has nothing to delay there. */
	if (r == -ENOENT && s->kind == SETTING_PROXY_DELAY_6) {
		*ret_holds = true;
		return 0;
	}
	/* The kernel keeps ticks: what is written may be read back one less. */
	if (r == 0)
		*ret_holds = value == s->value || (s->kind != SETTING_PROXY_NDP && value + 1 == s->value);
	return r;
}

static int write_sysctl(struct netlink *nl, const struct facts *facts, const struct setting *s, struct err *err)
{
	(void)facts;
	(void)nl;
	return sysctl_set(sysctl_of(s->kind), s->device, s->value, err);
}

/* Any pinned MAC is right: who pinned it knew why. */
static int read_bridge_mac(struct netlink *nl, const struct facts *facts, const struct setting *s, bool *ret_holds,
			   struct err *err)
{
	const struct bridge *bridge = facts_bridge(facts, s->device);

	(void)nl;
	if (!bridge)
		return err_errno(err, ENODEV, "%s", s->device);
	*ret_holds = bridge->pinned;
	return 0;
}

static int write_bridge_mac(struct netlink *nl, const struct facts *facts, const struct setting *s, struct err *err)
{
	(void)facts;
	return link_set_mac(nl, s->ifindex, &s->mac, err);
}

static int read_proxy(struct netlink *nl, const struct facts *facts, const struct setting *s, bool *ret_holds,
		      struct err *err)
{
	bool exists = false;
	int r = proxy_get(nl, s->ifindex, &s->ip, &exists, err);

	(void)facts;
	/* A device that went away between the look-up and now has no entries. */
	if (r == -ENODEV && s->kind == SETTING_NO_PROXY)
		r = 0;
	if (r == 0)
		*ret_holds = exists == (s->kind == SETTING_PROXY);
	return r;
}

static int write_proxy(struct netlink *nl, const struct facts *facts, const struct setting *s, struct err *err)
{
	(void)facts;
	return proxy_add(nl, s->ifindex, &s->ip, err);
}

static int write_no_proxy(struct netlink *nl, const struct facts *facts, const struct setting *s, struct err *err)
{
	int r = proxy_delete(nl, s->ifindex, &s->ip, err);

	(void)facts;
	return r > 0 ? 0 : r;
}

static int read_route(struct netlink *nl, const struct facts *facts, const struct setting *s, bool *ret_holds,
		      struct err *err)
{
	(void)facts;
	if (s->platforms) {
		*ret_holds = true;
		return 0;
	}
	return route_has_host(nl, &(struct host_route){ s->ifindex, s->table, s->ip }, ret_holds, err);
}

/*
 * By a device without an address of its own the kernel would send from any of the host's, to which the guest may have
 * no way back. What the host has sent from so far is right.
 */
static int write_route(struct netlink *nl, const struct facts *facts, const struct setting *s, struct err *err)
{
	struct route so_far = { .ifindex = 0 };
	struct ip own;
	int r;

	if (!addresses_sender(&facts->addresses, s->ifindex, &s->ip, &own))
		(void)route_lookup(nl, s->table ? s->ifindex : 0, &s->ip, &so_far, NULL);
	r = route_add_host(nl, &(struct host_route){ s->ifindex, s->table, s->ip },
			   so_far.source.family ? &so_far.source : NULL, err);
	if (r == -EEXIST)
		return err_set(err, EEXIST, "a host route by another device is there already");
	return r;
}

static int remove_proxy(struct netlink *nl, int ifindex, const struct setting *s, struct err *err)
{
	return proxy_delete(nl, ifindex, &s->ip, err);
}

static int remove_route(struct netlink *nl, int ifindex, const struct setting *s, struct err *err)
{
	return route_delete_host(nl, &(struct host_route){ ifindex, s->table, s->ip }, err);
}

static const struct {
	read_fn read;
	write_fn write;
	remove_fn remove;
} kinds[] = {
#define ROW(kind, word, about, text, read, write, remove) { read, write, remove },
	SETTING_TABLE(ROW)
#undef ROW
};

static int in_words(int r, const struct setting *setting, struct err *err)
{
	char text[SETTING_TEXT];

	return r < 0 ? err_wrap(err, "%s", setting_to_str(setting, text)) : r;
}

int apply_read(struct netlink *nl, const struct facts *facts, const struct setting *setting, bool *ret_holds,
	       struct err *err)
{
	return in_words(kinds[setting->kind].read(nl, facts, setting, ret_holds, err), setting, err);
}

static bool is_entry(const struct setting *setting)
{
	return setting->kind == SETTING_PROXY || setting->kind == SETTING_NO_PROXY;
}

void apply_read_each(struct netlink *nl, const struct plan *plan, enum reading *readings)
{
	CLEANUP(free) struct proxy_question *questions = NULL;
	size_t count = 0;

	questions = plan->count > 0 ? calloc(plan->count, sizeof(*questions)) : NULL;
	if (!questions)
		return;
	for (size_t i = 0; i < plan->count; i++) {
		const struct setting *s = &plan->settings[i];

		if (is_entry(s))
			questions[count++] = (struct proxy_question){ .ifindex = s->ifindex, .ip = s->ip };
	}
	proxy_get_each(nl, questions, count);
	count = 0;
	for (size_t i = 0; i < plan->count; i++) {
		const struct setting *s = &plan->settings[i];
		const struct proxy_question *q = &questions[count];

		if (!is_entry(s))
			continue;
		if (q->known)
			readings[i] = q->exists == (s->kind == SETTING_PROXY) ? READING_HOLDS : READING_DIFFERS;
		count++;
	}
}

int apply_write(struct netlink *nl, const struct facts *facts, const struct setting *setting, struct err *err)
{
	return in_words(kinds[setting->kind].write(nl, facts, setting, err), setting, err);
}

int apply_hold(struct netlink *nl, const struct facts *facts, const struct setting *setting, struct err *err)
{
	bool holds = false;
	int r = apply_read(nl, facts, setting, &holds, err);

	if (r == 0 && !holds)
		r = apply_write(nl, facts, setting, err);
	return r < 0 ? r : !holds;
}

int apply_release(struct netlink *nl, struct facts *facts, const struct guest *guest, const struct policy *policy,
		  const struct setting *setting, struct err *err)
{
	int r = asking_link(nl, facts, setting->device, err);

	if (r < 0 || !owner_may_release(guest, policy, asking_vrf(nl, facts, setting->device), setting))
		return r;
	return apply_delete(nl, facts, setting, err);
}

int apply_remove(struct netlink *nl, int ifindex, const struct setting *setting, struct err *err)
{
	remove_fn remove = kinds[setting->kind].remove;
	int r = remove ? remove(nl, ifindex, setting, err) : 0;

	return r == -ENODEV ? 0 : in_words(r, setting, err);
}

int apply_delete(struct netlink *nl, struct facts *facts, const struct setting *setting, struct err *err)
{
	int r = asking_link(nl, facts, setting->device, err);
	const struct link *link = facts_link(facts, setting->device);

	if (r < 0 || !link)
		return r;
	return apply_remove(nl, link->ifindex, setting, err);
}
