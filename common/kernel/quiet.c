/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders, each one transaction of nf_tables. */

#include "kernel/quiet.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/quiet_message.h"

static int compare(const void *a, const void *b)
{
	const struct quiet_name *x = a;
	const struct quiet_name *y = b;

	return x->loud != y->loud ? x->loud - y->loud : strncmp(x->text, y->text, IFNAMSIZ);
}

int quiet_names_add(struct quiet_names *names, const char *text, bool loud)
{
	struct quiet_name *list = array_grow(names->list, names->count, &names->room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	names->list = list;
	list[names->count] = (struct quiet_name){ .loud = loud };
	(void)snprintf(list[names->count++].text, IFNAMSIZ, "%s", text);
	return 0;
}

void quiet_names_sort(struct quiet_names *names)
{
	size_t kept = 0;

	if (names->count == 0)
		return;
	qsort(names->list, names->count, sizeof(*names->list), compare);
	for (size_t i = 1; i < names->count; i++) {
		if (compare(&names->list[kept], &names->list[i]) != 0)
			names->list[++kept] = names->list[i];
	}
	names->count = kept + 1;
}

bool quiet_names_have(const struct quiet_names *names, const struct quiet_name *name)
{
	return names->count > 0 && bsearch(name, names->list, names->count, sizeof(*name), compare);
}

static bool in_set(const struct quiet_names *names, const char *device, bool loud)
{
	struct quiet_name name = { .loud = loud };
	size_t len = strnlen(device, IFNAMSIZ - 1);

	memcpy(name.text, device, len);
	if (quiet_names_have(names, &name))
		return true;
	/* A prefix and its asterisk. */
	for (size_t i = len < IFNAMSIZ - 1 ? len : IFNAMSIZ - 2; i > 0; i--) {
		name.text[i] = '*';
		name.text[i + 1] = '\0';
		if (quiet_names_have(names, &name))
			return true;
	}
	return false;
}

bool quiet_names_cover(const struct quiet_names *names, const char *device)
{
	return in_set(names, device, false) && !in_set(names, device, true);
}

void quiet_names_done(struct quiet_names *names)
{
	free(names->list);
	memset(names, 0, sizeof(*names));
}

struct batch {
	struct nl_msg **msgs;
	size_t count;
	size_t room;
	bool failed; /* something could not be added */
};

static void batch_add(struct batch *batch, struct nl_msg *msg)
{
	struct nl_msg **msgs = array_grow(batch->msgs, batch->count, &batch->room, sizeof(struct nl_msg *));

	if (msgs)
		batch->msgs = msgs;
	if (msgs && msg) {
		batch->msgs[batch->count++] = msg;
		return;
	}
	nlmsg_free(msg);
	batch->failed = true;
}

static bool any(const struct quiet_names *names, size_t from, bool loud)
{
	for (size_t i = from; i < names->count; i++) {
		if (names->list[i].loud == loud)
			return true;
	}
	return false;
}

static void batch_add_names(struct batch *batch, int type, int flags, const struct quiet_names *names)
{
	for (int loud = 0; loud < 2; loud++) {
		size_t at = 0;

		while (!batch->failed && any(names, at, loud))
			batch_add(batch, quiet_message_names(type, flags, names, loud, &at));
	}
}

/* Sends and empties it. */
static int batch_end(struct netlink *nl, struct batch *batch, netlink_answer_fn echo, void *arg, struct err *err)
{
	int r = 0;

	if (batch->failed)
		r = err_errno(err, ENOMEM, "netlink request");
	else if (batch->count > 0)
		r = netlink_batch(nl, batch->msgs, batch->count, echo, arg, err);
	for (size_t i = 0; i < batch->count; i++)
		nlmsg_free(batch->msgs[i]);
	free(batch->msgs);
	return r < 0 ? err_wrap(err, "nftables") : 0;
}

static void count_begun(bool loud, const char key[IFNAMSIZ], bool end, void *arg)
{
	size_t *added = arg;

	(void)key;
	added[loud] += !end;
}

static int count_added(struct nlmsghdr *answer, void *arg)
{
	return quiet_each_element(answer, count_begun, arg);
}

int quiet_ensure(struct netlink *nl, const struct quiet_names *names, size_t *ret_quiet, size_t *ret_loud,
		 struct err *err)
{
	struct batch batch = { 0 };
	size_t added[2] = { 0 };
	int r;

	/* What is there already changes nothing, and is not echoed. */
	batch_add_names(&batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_ECHO, names);
	r = batch_end(nl, &batch, count_added, added, err);
	if (r < 0)
		return r;
	*ret_quiet = added[false];
	*ret_loud = added[true];
	return 0;
}

int quiet_change(struct netlink *nl, const struct quiet_names *added, const struct quiet_names *removed,
		 struct err *err)
{
	struct batch batch = { 0 };

	batch_add_names(&batch, NFT_MSG_DELSETELEM, 0, removed);
	batch_add_names(&batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, added);
	return batch_end(nl, &batch, NULL, NULL, err);
}

int quiet_make(struct netlink *nl, bool replace, const struct quiet_names *names, struct err *err)
{
	struct batch batch = { 0 };

	if (replace)
		batch_add(&batch, quiet_message(NFT_MSG_DELTABLE, 0, 0, NFTA_TABLE_NAME));
	/* NLM_F_EXCL: without it, forty who find no table would each add their rules to the first one's. */
	batch_add(&batch, quiet_message(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, 0, NFTA_TABLE_NAME));
	batch_add(&batch, quiet_message_chain());
	for (int loud = 0; loud < 2; loud++)
		batch_add(&batch, quiet_message_set(loud, (uint32_t)loud + 1));
	batch_add(&batch, quiet_message_rule(false));
	batch_add(&batch, quiet_message_rule(true));
	batch_add_names(&batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, names);
	return batch_end(nl, &batch, NULL, NULL, err);
}

int quiet_drop(struct netlink *nl, struct err *err)
{
	struct batch batch = { 0 };
	int r;

	batch_add(&batch, quiet_message(NFT_MSG_DELTABLE, 0, 0, NFTA_TABLE_NAME));
	r = batch_end(nl, &batch, NULL, NULL, err);
	return r == -ENOENT ? 0 : r;
}

struct wanted {
	char key[IFNAMSIZ];
	bool found;
};

static void match(bool loud, const char key[IFNAMSIZ], bool end, void *arg)
{
	struct wanted *wanted = arg;

	(void)loud;
	/* The kernel answers with the interval that the key is in. */
	wanted->found = wanted->found || (!end && memcmp(key, wanted->key, IFNAMSIZ) == 0);
}

static int take_wanted(struct nlmsghdr *answer, void *arg)
{
	return quiet_each_element(answer, match, arg);
}

static int ignore(struct nlmsghdr *answer, void *arg)
{
	(void)answer;
	(void)arg;
	return 0;
}

int quiet_exists(struct netlink *nl, bool *ret_exists, struct err *err)
{
	int r = netlink_get(nl, quiet_message(NFT_MSG_GETTABLE, 0, 0, NFTA_TABLE_NAME), ignore, NULL, err);

	*ret_exists = r == 0;
	return r < 0 && r != -ENOENT ? err_wrap(err, "nftables") : 0;
}

int quiet_has(struct netlink *nl, const struct quiet_name *name, bool *ret_has, struct err *err)
{
	struct wanted wanted = { .found = false };
	char behind[IFNAMSIZ];
	int r;

	quiet_interval(name->text, wanted.key, behind);
	r = netlink_get(nl, quiet_message_get(wanted.key, name->loud), take_wanted, &wanted, err);
	/* No such element and no such table are one errno. */
	if (r < 0 && r != -ENOENT)
		return err_wrap(err, "nftables");
	*ret_has = r == 0 && wanted.found;
	return 0;
}
