/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a hookscript's volume lies by Proxmox VE's storage.cfg, and which volume a file is. */

#include "doctor/storage.h"

#include <errno.h>
#include <string.h>

#include "root.h"

#define CONFIG "/etc/pve/storage.cfg"
#define SRV    "dir: srv\n\tpath /srv/vz\n\tcontent iso,snippets\n\n"
#define ID_64  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"

#define NOT_THERE(id) "storage '" id "' is not in /etc/pve/storage.cfg, or keeps no files"

/* path is NULL for what is refused. config is NULL where there is no storage.cfg. */
static const struct row {
	const char *name;
	const char *config;
	const char *volume;
	const char *path;
	const char *error;
} rows[] = {
	{ "no storage.cfg", NULL, "local:snippets/x.pl", "/var/lib/vz/snippets/x.pl", NULL },
	{ "a directory", SRV, "srv:snippets/x.pl", "/srv/vz/snippets/x.pl", NULL },
	{ "the second of two", SRV "dir: two\n\tpath /two\n", "two:snippets/x", "/two/snippets/x", NULL },
	{ "blanks at the ends, and CR", "dir: srv \t\r\n\tpath  /srv/vz \r\n", "srv:snippets/x", "/srv/vz/snippets/x",
	  NULL },
	{ "no blank in the header", "dir:srv\n path /srv/vz\n", "srv:snippets/x", "/srv/vz/snippets/x", NULL },
	{ "the type in capitals", "DIR: srv\n\tpath /srv/vz\n", "srv:snippets/x", "/srv/vz/snippets/x", NULL },
	{ "comments", "# dir: srv\n#\tpath /no\n" SRV, "srv:snippets/x", "/srv/vz/snippets/x", NULL },
	{ "comments inside", "dir: srv\n # \n\t#path /no\n\tpath /srv/vz\n", "srv:snippets/x", "/srv/vz/snippets/x",
	  NULL },
	{ "behind an id too long", "dir: " ID_64 "\n\tpath /no\n\n" SRV, "srv:snippets/x", "/srv/vz/snippets/x", NULL },
	{ "NFS", "nfs: nas\n\texport /x\n", "nas:snippets/x", "/mnt/pve/nas/snippets/x", NULL },
	{ "CIFS", "cifs: nas\n\tshare x\n", "nas:snippets/x", "/mnt/pve/nas/snippets/x", NULL },
	{ "CephFS", "cephfs: ceph\n", "ceph:snippets/x", "/mnt/pve/ceph/snippets/x", NULL },
	{ "GlusterFS", "glusterfs: gl\n", "gl:snippets/x", "/mnt/pve/gl/snippets/x", NULL },
	{ "NFS with a path", "nfs: nas\n\tpath /nas\n", "nas:snippets/x", "/nas/snippets/x", NULL },
	{ "another directory for snippets", "dir: srv\n\tpath /srv\n\tcontent-dirs snippets=hooks\n", "srv:snippets/x",
	  "/srv/hooks/x", NULL },
	{ "another directory among others",
	  "dir: srv\n\tcontent-dirs iso=isos,snippets=my/hooks,backup=b\n\tpath /srv\n", "srv:snippets/x",
	  "/srv/my/hooks/x", NULL },
	{ "other directories alone", "dir: srv\n\tpath /srv\n\tcontent-dirs iso=isos\n", "srv:snippets/x",
	  "/srv/snippets/x", NULL },

	/* "local" is what it is */
	{ "local in an empty storage.cfg", "", "local:snippets/x", "/var/lib/vz/snippets/x", NULL },
	{ "local beside others", SRV, "local:snippets/x", "/var/lib/vz/snippets/x", NULL },
	{ "local as it is installed", "dir: local\n\tpath /var/lib/vz\n", "local:snippets/x", "/var/lib/vz/snippets/x",
	  NULL },
	{ "local with another directory", "dir: local\n\tpath /var/lib/vz/\n\tcontent-dirs snippets=s\n",
	  "local:snippets/x", "/var/lib/vz/s/x", NULL },
	{ "local elsewhere", "dir: local\n\tpath /srv/vz\n\tcontent-dirs snippets=s\n", "local:snippets/x",
	  "/var/lib/vz/snippets/x", NULL },
	{ "local of another type", "nfs: local\n\texport /x\n", "local:snippets/x", "/var/lib/vz/snippets/x", NULL },
	{ "local without files", "lvmthin: local\n\tvgname pve\n", "local:snippets/x", "/var/lib/vz/snippets/x", NULL },
	{ "local without a path", "dir: local\n\tcontent-dirs snippets=s\n", "local:snippets/x",
	  "/var/lib/vz/snippets/x", NULL },

	/* paths */
	{ "a slash at the end", "dir: srv\n\tpath /srv/vz/\n", "srv:snippets/x", "/srv/vz/snippets/x", NULL },
	{ "slashes and dots", "dir: srv\n\tpath //srv/./vz//.//\n", "srv:snippets/x", "/srv/vz/snippets/x", NULL },
	{ "two paths", "dir: srv\n\tpath /srv/vz\n\tpath /no\n", "srv:snippets/x", "/srv/vz/snippets/x", NULL },
	{ "a path without a value before one", "dir: srv\n\tpath\n\tpath /srv/vz\n", "srv:snippets/x",
	  "/srv/vz/snippets/x", NULL },

	/* sections */
	{ "the last of one name", "dir: aa\n\tpath /one\n\ndir: aa\n\tpath /two\n", "aa:snippets/x", "/two/snippets/x",
	  NULL },
	{ "a header without an empty line before it", "dir: aa\n\tpath /one\ndir: bb\n\tcontent-dirs snippets=s\n",
	  "aa:snippets/x", "/one/s/x", NULL },
	{ "words between sections", "what is this\n\n" SRV "path /no\n", "srv:snippets/x", "/srv/vz/snippets/x", NULL },
	{ "words in a section", "dir: srv\nwhat is this\n\tpath /srv/vz\n", "srv:snippets/x", "/srv/vz/snippets/x",
	  NULL },
	{ "blanks do not end a section", "dir: srv\n \t\n\tpath /srv/vz\n", "srv:snippets/x", "/srv/vz/snippets/x",
	  NULL },

	{ "no such storage", SRV, "other:snippets/x", NULL, NOT_THERE("other") },
	{ "a storage without files", "lvmthin: thin\n\tvgname pve\n", "thin:snippets/x", NULL, NOT_THERE("thin") },
	{ "the last of one name has no files", "dir: aa\n\tpath /one\n\nlvm: aa\n", "aa:snippets/x", NULL,
	  NOT_THERE("aa") },
	{ "a header that is ignored", "dir: aa\n\tpath /one\ndir: bb\n\tpath /two\n", "bb:snippets/x", NULL,
	  NOT_THERE("bb") },
	{ "an empty line ends a section", "dir: srv\n\n\tpath /srv/vz\n", "srv:snippets/x", NULL, NOT_THERE("srv") },
	{ "a directory without a path", "dir: srv\n\tcontent iso\n", "srv:snippets/x", NULL, NOT_THERE("srv") },
	{ "a path that is none", "dir: srv\n\tpath srv/vz\n", "srv:snippets/x", NULL, NOT_THERE("srv") },
	{ "a path with a blank", "dir: srv\n\tpath /srv /vz\n", "srv:snippets/x", NULL, NOT_THERE("srv") },
	{ "a key before all headers", "\tpath /srv\n", "srv:snippets/x", NULL, NOT_THERE("srv") },
	{ "an id of one letter", "dir: a\n\tpath /srv\n", "a:snippets/x", NULL, NOT_THERE("a") },
	{ "an id that cannot be", "dir: a/b\n\tpath /srv\n", "a/b:snippets/x", NULL, NOT_THERE("a/b") },
	{ "two ids", "dir: srv two\n\tpath /srv\n", "srv:snippets/x", NULL, NOT_THERE("srv") },
	{ "an id too long", "dir: " ID_64 "\n\tpath /srv\n", ID_64 ":snippets/x", NULL,
	  "'" ID_64 ":snippets/x' is no snippets volume" },
	{ "no colon", SRV, "x.pl", NULL, "'x.pl' is no snippets volume" },
	{ "not snippets", SRV, "local:iso/x.iso", NULL, "'local:iso/x.iso' is no snippets volume" },
	{ "no name", SRV, "local:snippets/", NULL, "'local:snippets/' is no snippets volume" },
	{ "below snippets", SRV, "local:snippets/a/b", NULL, "'local:snippets/a/b' is no snippets volume" },
	{ "empty", SRV, "", NULL, "'' is no snippets volume" },
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

	lay_out(SRV);
	assert_int_equal(storage_volume(row->path, volume, sizeof(volume), &err), -ENOENT);
	assert_non_null(strstr(err.text, "is in no storage's snippets directory"));
	assert_string_equal(volume, "before");
}

static void no_room(void **state)
{
	char text[10];
	struct err err = { 0 };

	(void)state;
	lay_out(SRV);
	assert_int_equal(storage_path("srv:snippets/x", text, sizeof(text), &err), -ENAMETOOLONG);
	assert_string_equal(err.text, "srv:snippets/x: File name too long");
	assert_int_equal(storage_volume("/srv/vz/snippets/x", text, sizeof(text), &err), -ENAMETOOLONG);
	assert_string_equal(err.text, "/srv/vz/snippets/x: File name too long");
}

/* What Proxmox VE asks of a hookscript. */
static void check(void **state)
{
	struct err err = { 0 };

	(void)state;
	lay_out(SRV);
	assert_int_equal(storage_check("srv:snippets/x", &err), -ENOENT);
	assert_string_equal(err.text, "/srv/vz/snippets/x: No such file or directory");
	root_mkdirs("/srv/vz/snippets/x/");
	assert_int_equal(storage_check("srv:snippets/x", &err), -EINVAL);
	assert_string_equal(err.text, "/srv/vz/snippets/x is no file");
	root_put_bytes("/srv/vz/snippets/y", "", 0, 0644);
	assert_int_equal(storage_check("srv:snippets/y", &err), -EACCES);
	assert_string_equal(err.text, "/srv/vz/snippets/y is not executable");
	root_put_bytes("/srv/vz/snippets/z", "", 0, 0755);
	assert_int_equal(storage_check("srv:snippets/z", &err), 0);
	assert_int_equal(symlink("z", root_path("/srv/vz/snippets/link")), 0);
	assert_int_equal(storage_check("srv:snippets/link", &err), 0);
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
