/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a hookscript's volume lies by Proxmox VE's storage.cfg, and which volume a file is. */

#include "doctor/storage.h"

#include <errno.h>
#include <string.h>

#include "root.h"

#define CONFIG "/etc/pve/storage.cfg"
#define LOCAL  "dir: local\n\tpath /srv/vz\n\tcontent iso,snippets\n\n"
#define ID_64  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"

/* path is NULL for what is refused. config is NULL where there is no storage.cfg. */
static const struct row {
	const char *name;
	const char *config;
	const char *volume;
	const char *path;
	const char *error;
} rows[] = {
	{ "no storage.cfg", NULL, "local:snippets/x.pl", "/var/lib/vz/snippets/x.pl", NULL },
	{ "a directory", LOCAL, "local:snippets/x.pl", "/srv/vz/snippets/x.pl", NULL },
	{ "the second of two", LOCAL "dir: two\n\tpath /two\n", "two:snippets/x", "/two/snippets/x", NULL },
	{ "blanks at the ends, and CR", "dir: local \t\r\n\tpath  /srv/vz \r\n", "local:snippets/x",
	  "/srv/vz/snippets/x", NULL },
	{ "comments", "# dir: local\n#\tpath /no\n" LOCAL, "local:snippets/x", "/srv/vz/snippets/x", NULL },
	{ "behind an id too long", "dir: " ID_64 "\n\tpath /no\n" LOCAL, "local:snippets/x", "/srv/vz/snippets/x",
	  NULL },
	{ "NFS", "nfs: nas\n\texport /x\n", "nas:snippets/x", "/mnt/pve/nas/snippets/x", NULL },
	{ "CIFS", "cifs: nas\n\tshare x\n", "nas:snippets/x", "/mnt/pve/nas/snippets/x", NULL },
	{ "CephFS", "cephfs: ceph\n", "ceph:snippets/x", "/mnt/pve/ceph/snippets/x", NULL },
	{ "NFS with a path", "nfs: nas\n\tpath /nas\n", "nas:snippets/x", "/nas/snippets/x", NULL },
	{ "another directory for snippets", "dir: local\n\tpath /srv\n\tcontent-dirs snippets=hooks\n",
	  "local:snippets/x", "/srv/hooks/x", NULL },
	{ "another directory among others",
	  "dir: local\n\tcontent-dirs iso=isos,snippets=my/hooks,backup=b\n\tpath /srv\n", "local:snippets/x",
	  "/srv/my/hooks/x", NULL },
	{ "other directories alone", "dir: local\n\tpath /srv\n\tcontent-dirs iso=isos\n", "local:snippets/x",
	  "/srv/snippets/x", NULL },
	{ "the first of one name", "dir: a\n\tpath /one\ndir: a\n\tpath /two\n", "a:snippets/x", "/one/snippets/x",
	  NULL },

	{ "no such storage", LOCAL, "other:snippets/x", NULL,
	  "storage 'other' is not in /etc/pve/storage.cfg, or keeps no files" },
	{ "a storage without files", "lvmthin: local\n\tvgname pve\n", "local:snippets/x", NULL,
	  "storage 'local' is not in /etc/pve/storage.cfg, or keeps no files" },
	{ "an empty storage.cfg", "", "local:snippets/x", NULL,
	  "storage 'local' is not in /etc/pve/storage.cfg, or keeps no files" },
	{ "a header without a colon ends the one before", "dir: local\nwhat is this\n\tpath /srv\n", "local:snippets/x",
	  NULL, "storage 'local' is not in /etc/pve/storage.cfg, or keeps no files" },
	{ "a key before all headers", "\tpath /srv\n", "local:snippets/x", NULL,
	  "storage 'local' is not in /etc/pve/storage.cfg, or keeps no files" },
	{ "an id too long", "dir: " ID_64 "\n\tpath /srv\n", ID_64 ":snippets/x", NULL,
	  "'" ID_64 ":snippets/x' is no snippets volume" },
	{ "no colon", LOCAL, "x.pl", NULL, "'x.pl' is no snippets volume" },
	{ "not snippets", LOCAL, "local:iso/x.iso", NULL, "'local:iso/x.iso' is no snippets volume" },
	{ "no name", LOCAL, "local:snippets/", NULL, "'local:snippets/' is no snippets volume" },
	{ "below snippets", LOCAL, "local:snippets/a/b", NULL, "'local:snippets/a/b' is no snippets volume" },
	{ "empty", LOCAL, "", NULL, "'' is no snippets volume" },
};

static void lay_out(const char *config)
{
	root_clean();
	if (config)
		root_put(CONFIG, config);
}

static void path_of(void **state)
{
	const struct row *row = *state;
	char path[200] = "before";
	char volume[200];
	struct err err = { 0 };
	int r;

	lay_out(row->config);
	r = storage_path(row->volume, path, sizeof(path), &err);
	if (row->path) {
		assert_int_equal(r, 0);
		assert_string_equal(path, row->path);
		assert_int_equal(storage_volume(path, volume, sizeof(volume), &err), 0);
		assert_string_equal(volume, row->volume);
	} else {
		assert_true(r == -EINVAL || r == -ENOENT);
		assert_string_equal(err.text, row->error);
		assert_string_equal(path, "before");
	}
}

/* Files that are no volume. */
static const struct outside {
	const char *name;
	const char *path;
} outsides[] = {
	{ "elsewhere", "/usr/local/bin/x" },
	{ "the directory", "/srv/vz/snippets" },
	{ "the directory with its slash", "/srv/vz/snippets/" },
	{ "below it", "/srv/vz/snippets/a/b" },
	{ "beside it", "/srv/vz/snippets2/x" },
};

static void no_volume(void **state)
{
	const struct outside *row = *state;
	char volume[200] = "before";
	struct err err = { 0 };

	lay_out(LOCAL);
	assert_int_equal(storage_volume(row->path, volume, sizeof(volume), &err), -ENOENT);
	assert_non_null(strstr(err.text, "is in no storage's snippets directory"));
	assert_string_equal(volume, "before");
}

static void no_room(void **state)
{
	char text[10];
	struct err err = { 0 };

	(void)state;
	lay_out(LOCAL);
	assert_int_equal(storage_path("local:snippets/x", text, sizeof(text), &err), -ENAMETOOLONG);
	assert_string_equal(err.text, "local:snippets/x: File name too long");
	assert_int_equal(storage_volume("/srv/vz/snippets/x", text, sizeof(text), &err), -ENAMETOOLONG);
	assert_string_equal(err.text, "/srv/vz/snippets/x: File name too long");
}

/* What Proxmox VE asks of a hookscript. */
static void check(void **state)
{
	struct err err = { 0 };

	(void)state;
	lay_out(LOCAL);
	assert_int_equal(storage_check("local:snippets/x", &err), -ENOENT);
	assert_string_equal(err.text, "/srv/vz/snippets/x: No such file or directory");
	root_mkdirs("/srv/vz/snippets/x/");
	assert_int_equal(storage_check("local:snippets/x", &err), -EINVAL);
	assert_string_equal(err.text, "/srv/vz/snippets/x is no file");
	root_put_bytes("/srv/vz/snippets/y", "", 0, 0644);
	assert_int_equal(storage_check("local:snippets/y", &err), -EACCES);
	assert_string_equal(err.text, "/srv/vz/snippets/y is not executable");
	root_put_bytes("/srv/vz/snippets/z", "", 0, 0755);
	assert_int_equal(storage_check("local:snippets/z", &err), 0);
	assert_int_equal(symlink("z", root_path("/srv/vz/snippets/link")), 0);
	assert_int_equal(storage_check("local:snippets/link", &err), 0);
	assert_int_equal(storage_check("nowhere:snippets/z", &err), -ENOENT);
	assert_string_equal(err.text, "storage 'nowhere' is not in /etc/pve/storage.cfg, or keeps no files");
	root_clean();
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, path_of, rows);
	TABLE_ROWS(&table, no_volume, outsides);
	TABLE_TEST(&table, no_room);
	TABLE_TEST(&table, check);
	return table_run(&table, root_setup, root_teardown);
}
