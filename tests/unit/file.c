/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other people's files: what is read, what is refused and in which words. */

#include "base/file.h"
#include "base/kernel_file.h"
#include "base/path.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "root.h"

#define PATH "/etc/guestarp/x.json"

/* Makes what is to be read at PATH. */
static void make_plain(void)
{
	root_put(PATH, "text\n");
}

static void make_empty(void)
{
	root_put(PATH, "");
}

static void make_nothing(void)
{
	root_mkdirs(PATH);
}

static void make_file_above(void)
{
	root_put("/etc/guestarp", "text\n");
}

static void make_directory(void)
{
	root_mkdirs(PATH "/");
}

static void make_link(void)
{
	root_put("/etc/real", "text\n");
	root_mkdirs(PATH);
	assert_int_equal(symlink("../real", root_path(PATH)), 0);
}

static void make_dangling_link(void)
{
	root_mkdirs(PATH);
	assert_int_equal(symlink("nowhere", root_path(PATH)), 0);
}

static void make_fifo(void)
{
	root_mkdirs(PATH);
	assert_int_equal(mkfifo(root_path(PATH), 0600), 0);
}

static void make_nul(void)
{
	root_put_bytes(PATH, "a\nb\n\0c\n", 7, 0644);
}

static void make_last_nul(void)
{
	root_put_bytes(PATH, "a", 2, 0644);
}

static void make_of_size(size_t len)
{
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'x', len);
	root_put_bytes(PATH, text, len, 0644);
	free(text);
}

static void make_largest(void)
{
	make_of_size(FILE_MAX);
}

static void make_too_large(void)
{
	make_of_size(FILE_MAX + 1);
}

static void make_group_writable(void)
{
	root_put_bytes(PATH, "text\n", 5, 0664);
}

static void make_world_writable(void)
{
	root_put_bytes(PATH, "text\n", 5, 0646);
}

static void make_private(void)
{
	root_put_bytes(PATH, "text\n", 5, 0400);
}

static void make_foreign(void)
{
	make_plain();
	assert_int_equal(chown(root_path(PATH), 65534, 0), 0);
}

static const struct row {
	const char *name;
	void (*make)(void);
	enum file_trust trust;
	int result;
	const char *error; /* where the result is no 0 */
	size_t len;
} rows[] = {
	{ "plain", make_plain, FILE_ROOT_ALONE, 0, NULL, 5 },
	{ "empty", make_empty, FILE_ROOT_ALONE, 0, NULL, 0 },
	{ "private", make_private, FILE_ROOT_ALONE, 0, NULL, 5 },
	{ "largest", make_largest, FILE_ANY, 0, NULL, FILE_MAX },
	{ "one byte too large", make_too_large, FILE_ANY, -EFBIG, PATH ": larger than 1048576 bytes", 0 },
	{ "missing", make_nothing, FILE_ANY, -ENOENT, PATH ": No such file or directory", 0 },
	{ "a file where the directory should be", make_file_above, FILE_ANY, -ENOTDIR, PATH ": Not a directory", 0 },
	{ "directory", make_directory, FILE_ANY, -EISDIR, PATH ": Is a directory", 0 },
	{ "symbolic link", make_link, FILE_ANY, -ELOOP, PATH ": refused, it is a symbolic link", 0 },
	{ "dangling link", make_dangling_link, FILE_ANY, -ELOOP, PATH ": refused, it is a symbolic link", 0 },
	{ "FIFO", make_fifo, FILE_ANY, -EINVAL, PATH ": not a regular file", 0 },
	{ "NUL", make_nul, FILE_ANY, -EINVAL, PATH ":3: NUL byte", 0 },
	{ "NUL at the end", make_last_nul, FILE_ANY, -EINVAL, PATH ":1: NUL byte", 0 },
	{ "the group can write, trusted", make_group_writable, FILE_ROOT_ALONE, -EACCES,
	  PATH ": refused, others can write it (mode 0664; chmod go-w " PATH ")", 0 },
	{ "all can write, trusted", make_world_writable, FILE_ROOT_ALONE, -EACCES,
	  PATH ": refused, others can write it (mode 0646; chmod go-w " PATH ")", 0 },
	{ "all can write, untrusted", make_world_writable, FILE_ANY, 0, NULL, 5 },
};

/* Only root can give a file away. */
static const struct row foreign_rows[] = {
	{ "another user's, trusted", make_foreign, FILE_ROOT_ALONE, -EACCES, PATH ": refused, it belongs to user 65534",
	  0 },
	{ "another user's, untrusted", make_foreign, FILE_ANY, 0, NULL, 5 },
};

static void check_result(const struct row *row, int r, const char *text, size_t len, const struct err *err)
{
	assert_int_equal(r, row->result);
	if (r == 0) {
		assert_int_equal(len, row->len);
		assert_int_equal(text[len], '\0');
		assert_int_equal(strlen(text), len);
		return;
	}
	assert_string_equal(err->text, row->error);
	assert_int_equal(err->code, -r);
	assert_null(text);
	assert_int_equal(len, 4711);
}

static void read_path(void **state)
{
	const struct row *row = *state;
	CLEANUP(free) char *text = NULL;
	size_t len = 4711;
	struct err err = { 0 };
	int r;

	root_clean();
	row->make();
	r = file_read(PATH, row->trust, &text, &len, &err);
	check_result(row, r, text, len, &err);
	root_clean();
}

/* A full path at the limit of its buffer: never cut to another file's. */
static void long_path(void **state)
{
	char path[5000];
	char full[64] = "untouched";
	struct err err = { 0 };

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(path_full(path, full, sizeof(full), &err), -ENAMETOOLONG);
	assert_int_equal(path_full("/etc", full, strlen(root_dir) + 5, NULL), 0);
	assert_string_equal(full, root_path("/etc"));
	assert_int_equal(path_full("/etc", full, strlen(root_dir) + 4, NULL), -ENAMETOOLONG);
	assert_int_equal(file_read(path, FILE_ANY, NULL, NULL, &err), -ENAMETOOLONG);
	assert_int_equal(file_open_dir(path, true, NULL, &err), -ENAMETOOLONG);
}

/* FUSE (pmxcfs) and the kernel tell a size of 0 for what is longer: read to its end all the same. */
static void unknown_size(void **state)
{
	CLEANUP(free) char *text = NULL;
	char want[1000];
	struct stat st;
	size_t len = 0;
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, want, sizeof(want));

	(void)state;
	assert_true(n > 16);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	close(fd);
	assert_int_equal(file_read_given("/proc/version", FILE_ANY, &text, &len, NULL), 0);
	assert_int_equal(len, n);
	assert_memory_equal(text, want, len);
	assert_int_equal(text[len], '\0');
}

/* Address 0 of the process's own memory: a file that can be opened and not be read. */
static void unreadable(void **state)
{
	char *text = NULL;
	char small[16] = "before";
	size_t len = 4711;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(file_read_given("/proc/self/mem", FILE_ANY, &text, &len, &err), -EIO);
	assert_string_equal(err.text, "/proc/self/mem: Input/output error");
	assert_null(text);
	assert_int_equal(len, 4711);
	assert_int_equal(kernel_file_read("/proc/self/mem", small, sizeof(small)), -EIO);
	assert_string_equal(small, "before");
	assert_int_equal(kernel_file_write("/dev/full", "1"), -ENOSPC);
}

static int open_root(const char *path, bool create, struct err *err)
{
	int fd = -1;
	int r = file_open_dir(path, create, &fd, err);

	return r < 0 ? r : fd;
}

static void directory(void **state)
{
	struct err err = { 0 };
	struct stat st;
	int fd;

	(void)state;
	root_clean();
	root_mkdirs("/run/");
	assert_int_equal(open_root("/run/guestarp", false, &err), -ENOENT);
	fd = open_root("/run/guestarp", true, &err);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	close(fd);
	fd = open_root("/run/guestarp", true, &err);
	assert_true(fd >= 0);
	close(fd);
	root_clean();
}

static void directory_refused(void **state)
{
	struct err err = { 0 };

	(void)state;
	root_clean();
	root_mkdirs("/run/other/");
	assert_int_equal(symlink("other", root_path("/run/link")), 0);
	assert_true(open_root("/run/link", true, &err) < 0);
	assert_string_equal(err.text, "/run/link: Not a directory");
	assert_int_equal(chmod(root_path("/run/other"), 0777), 0);
	assert_int_equal(open_root("/run/other", true, &err), -EACCES);
	assert_string_equal(err.text, "/run/other: refused, others can write it (mode 0777; chmod go-w /run/other)");
	root_put("/run/file", "");
	assert_int_equal(open_root("/run/file", true, &err), -ENOTDIR);
	assert_int_equal(open_root("/nowhere/guestarp", true, &err), -ENOENT);
	root_clean();
}

static void check_content(int dir, const char *name, const char *want)
{
	CLEANUP(free) char *text = NULL;
	size_t len;

	assert_int_equal(file_read_at(dir, name, &text, &len, NULL), 0);
	assert_string_equal(text, want);
}

static void replace(void **state)
{
	struct err err = { 0 };
	struct stat st;
	int fd;

	(void)state;
	root_clean();
	root_mkdirs("/run/");
	fd = open_root("/run/guestarp", true, &err);
	assert_true(fd >= 0);
	assert_int_equal(file_replace_at(fd, "a.json", "first, and longer", 17, &err), 0);
	check_content(fd, "a.json", "first, and longer");
	/* What a kill left behind is no obstacle. */
	root_put("/run/guestarp/.a.json.tmp", "half of something that is longer than both");
	assert_int_equal(file_replace_at(fd, "a.json", "second", 6, &err), 0);
	check_content(fd, "a.json", "second");
	assert_int_equal(fstatat(fd, "a.json", &st, 0), 0);
	assert_int_equal(fstatat(fd, ".a.json.tmp", &st, 0), -1);
	close(fd);
	root_clean();
}

static void replace_link(void **state)
{
	struct err err = { 0 };
	struct stat st;
	int fd;

	(void)state;
	root_clean();
	root_put("/run/victim", "untouched");
	fd = open_root("/run/guestarp", true, &err);
	assert_true(fd >= 0);
	assert_int_equal(symlinkat("../victim", fd, "a.json"), 0);
	assert_int_equal(file_replace_at(fd, "a.json", "ours", 4, &err), 0);
	assert_int_equal(fstatat(fd, "a.json", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	/* A link in the place of the file beside it is taken away, not followed. */
	assert_int_equal(symlinkat("../victim", fd, ".b.json.tmp"), 0);
	assert_int_equal(file_replace_at(fd, "b.json", "ours", 4, &err), 0);
	assert_int_equal(fstatat(fd, "b.json", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	close(fd);
	fd = open_root("/run", false, &err);
	assert_true(fd >= 0);
	check_content(fd, "victim", "untouched");
	close(fd);
	root_clean();
}

static void replace_directory(void **state)
{
	struct err err = { 0 };
	struct stat st;
	int fd;

	(void)state;
	root_clean();
	root_mkdirs("/run/a.json/");
	fd = open_root("/run", false, &err);
	assert_true(fd >= 0);
	assert_int_equal(file_replace_at(fd, "a.json", "ours", 4, &err), -EISDIR);
	assert_string_equal(err.text, "a.json: Is a directory");
	assert_int_equal(fstatat(fd, ".a.json.tmp", &st, 0), -1);
	close(fd);
	root_clean();
}

/* What stands in the way and is no file is left there, and said. */
static void in_the_way(void **state)
{
	struct err err = { 0 };
	int fd;

	(void)state;
	root_clean();
	root_mkdirs("/run/.a.json.tmp/");
	root_mkdirs("/run/b.json/");
	fd = open_root("/run", false, &err);
	assert_true(fd >= 0);
	assert_int_equal(file_replace_at(fd, "a.json", "ours", 4, &err), -EISDIR);
	assert_string_equal(err.text, ".a.json.tmp: Is a directory");
	assert_int_equal(file_remove_at(fd, "a.json", &err), -EISDIR);
	assert_string_equal(err.text, ".a.json.tmp: Is a directory");
	assert_int_equal(file_remove_at(fd, "b.json", &err), -EISDIR);
	assert_string_equal(err.text, "b.json: Is a directory");
	close(fd);
	root_clean();
}

/* The longest name that has room for the one beside it, and one more. */
static void long_name(void **state)
{
	char name[NAME_MAX];
	struct err err = { 0 };
	int fd;

	(void)state;
	root_clean();
	root_mkdirs("/run/");
	fd = open_root("/run", false, &err);
	assert_true(fd >= 0);
	memset(name, 'n', sizeof(name));
	name[NAME_MAX - 5] = '\0';
	assert_int_equal(file_replace_at(fd, name, "ours", 4, &err), 0);
	assert_int_equal(file_remove_at(fd, name, &err), 0);
	name[NAME_MAX - 5] = 'n';
	name[NAME_MAX - 4] = '\0';
	assert_int_equal(file_replace_at(fd, name, "ours", 4, &err), -ENAMETOOLONG);
	assert_int_equal(file_remove_at(fd, name, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "nnn: File name too long"));
	close(fd);
	root_clean();
}

static void kernel_file(void **state)
{
	char text[16] = "before";
	char path[4096];

	(void)state;
	root_clean();
	(void)snprintf(path, sizeof(path), "%s", root_path("/value"));
	assert_int_equal(kernel_file_read(path, text, sizeof(text)), -ENOENT);
	assert_string_equal(text, "before");
	assert_int_equal(kernel_file_write(path, "1"), -ENOENT);
	root_put("/value", "12\n");
	assert_int_equal(kernel_file_read(path, text, sizeof(text)), 0);
	assert_string_equal(text, "12");
	root_put("/value", "");
	assert_int_equal(kernel_file_read(path, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(kernel_file_write(path, "34"), 0);
	assert_int_equal(kernel_file_read(path, text, sizeof(text)), 0);
	assert_string_equal(text, "34");
	root_clean();
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, read_path, rows);
	if (geteuid() == 0)
		TABLE_ROWS(&table, read_path, foreign_rows);
	else
		puts("# not root: files of another user are not tried");
	TABLE_TEST(&table, long_path);
	TABLE_TEST(&table, unknown_size);
	TABLE_TEST(&table, unreadable);
	TABLE_TEST(&table, directory);
	TABLE_TEST(&table, directory_refused);
	TABLE_TEST(&table, replace);
	TABLE_TEST(&table, replace_link);
	TABLE_TEST(&table, replace_directory);
	TABLE_TEST(&table, in_the_way);
	TABLE_TEST(&table, long_name);
	TABLE_TEST(&table, kernel_file);
	return table_run(&table, root_setup, root_teardown);
}
