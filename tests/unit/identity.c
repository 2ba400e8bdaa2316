/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which guest it is, by its configuration. */

#include "guest/identity.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "root.h"

#define UUID "0f2c4a6e-1111-2222-3333-444455556666"

static const struct row {
	const char *name;
	const char *text;
	const char *read;
} rows[] = {
	{ "nothing", "", "" },
	{ "a container", "arch: amd64\nnet0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:0A,type=veth\n",
	  " bc:24:11:00:00:0a" },
	{ "a machine", "smbios1: uuid=0F2C4A6E-1111-2222-3333-444455556666\nnet0: virtio=02:9E:00:00:00:01,bridge=a\n",
	  UUID " 02:9e:00:00:00:01" },
	{ "other forms",
	  "smbios1: base64=1,manufacturer=UUU=,uuid=" UUID "\nnet31: model=e1000,macaddr=02:9e:00:00:00:01",
	  UUID " 02:9e:00:00:00:01" },
	{ "no end of the last line", "net0: hwaddr=BC:24:11:00:00:0A", " bc:24:11:00:00:0a" },
	{ "a carriage return", "net0: hwaddr=BC:24:11:00:00:0A\r\n", " bc:24:11:00:00:0a" },
	{ "two NICs", "net0: a=02:00:00:00:00:01\nnet1: a=02:00:00:00:00:02\n",
	  " 02:00:00:00:00:01 02:00:00:00:00:02" },
	{ "snapshots are another time's", "net0: a=02:00:00:00:00:01\n[snap]\nnet1: a=02:00:00:00:00:02\n",
	  " 02:00:00:00:00:01" },
	{ "other keys",
	  "#net0: a=02:00:00:00:00:01\nnetx: a=02:00:00:00:00:02\nnet: a=02:00:00:00:00:03\n"
	  "vmgenid: " UUID "\nlxc.net.0.hwaddr: 02:00:00:00:00:04\n",
	  "" },
	{ "no identity", "smbios1: uuid=x\nnet0: hwaddr=auto,bridge=vmbr0\nnet1: hwaddr=02:00:00:00:00:0\n", "" },
};

static void parse(void **state)
{
	const struct row *row = *state;
	struct identity identity;
	char words[400] = "";
	char mac[MAC_TEXT];

	memset(&identity, 0x5a, sizeof(identity));
	identity_parse(row->text, &identity);
	(void)text_append(words, sizeof(words), "%s", identity.uuid);
	for (size_t i = 0; i < identity.mac_count; i++)
		(void)text_append(words, sizeof(words), " %s", mac_to_str(&identity.macs[i], mac));
	assert_string_equal(words, row->read);
	assert_int_equal(identity_is_empty(&identity), !*row->read);
}

static const struct pair {
	const char *name;
	const char *a;
	const char *b;
	bool same;
} pairs[] = {
	{ "the same MAC", "net0: a=02:00:00:00:00:01", "net3: a=02:00:00:00:00:01", true },
	{ "another MAC", "net0: a=02:00:00:00:00:01", "net0: a=02:00:00:00:00:02", false },
	{ "one MAC of several", "net0: a=02:00:00:00:00:01\nnet1: a=02:00:00:00:00:02",
	  "net0: a=02:00:00:00:00:03\nnet1: a=02:00:00:00:00:02", true },
	{ "the same UUID, another MAC", "smbios1: uuid=" UUID "\nnet0: a=02:00:00:00:00:01",
	  "smbios1: uuid=" UUID "\nnet0: a=02:00:00:00:00:02", true },
	{ "another UUID, the same MAC", "smbios1: uuid=" UUID "\nnet0: a=02:00:00:00:00:01",
	  "smbios1: uuid=1f2c4a6e-1111-2222-3333-444455556666\nnet0: a=02:00:00:00:00:01", false },
	{ "one UUID was taken away", "smbios1: uuid=" UUID "\nnet0: a=02:00:00:00:00:01", "net0: a=02:00:00:00:00:01",
	  true },
	{ "nothing is not the same as nothing", "", "", false },
};

static void compare(void **state)
{
	const struct pair *pair = *state;
	struct identity a;
	struct identity b;

	identity_parse(pair->a, &a);
	identity_parse(pair->b, &b);
	assert_int_equal(identity_same(&a, &b), pair->same);
	assert_int_equal(identity_same(&b, &a), pair->same);
}

/* NICs without number: as many as a guest can have. */
static void too_many(void **state)
{
	struct identity identity = { .mac_count = 0 };

	(void)state;
	for (unsigned i = 0; i < GUEST_NICS_MAX; i++)
		assert_int_equal(identity_add(&identity, "02:00:00:00:00:01"), 0);
	assert_int_equal(identity_add(&identity, "02:00:00:00:00:01"), -ENOSPC);
	assert_int_equal(identity_add(&identity, UUID), 0);
	assert_int_equal(identity_add(&identity, UUID "0"), -EINVAL);
	assert_int_equal(identity_add(&identity, ""), -EINVAL);
}

static void read_where(void **state)
{
	struct identity identity;
	struct guest guest;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(guest_init(&guest, GUEST_PVE, "101", NULL), 0);
	assert_int_equal(identity_read(&guest, "pve2", &identity, &err), -ENOENT);
	root_put("/etc/pve/nodes/pve2/qemu-server/101.conf", "net0: virtio=02:00:00:00:00:02\n");
	assert_int_equal(identity_read(&guest, NULL, &identity, &err), -ENOENT);
	assert_int_equal(identity_read(&guest, "pve2", &identity, &err), 0);
	assert_int_equal(identity.macs[0].bytes[5], 2);
	/* It has come here meanwhile. */
	root_put("/etc/pve/qemu-server/101.conf", "net0: virtio=02:00:00:00:00:03\n");
	assert_int_equal(identity_read(&guest, "pve2", &identity, &err), 0);
	assert_int_equal(identity.macs[0].bytes[5], 3);
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, parse, rows);
	TABLE_ROWS(&table, compare, pairs);
	TABLE_TEST(&table, too_many);
	TABLE_TEST(&table, read_where);
	return table_run(&table, root_setup, root_teardown);
}
