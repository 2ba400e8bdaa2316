/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a path is on hosts with and without /run. */

#include "base/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kernel_file.h"
#include "root.h"

/* A host without /run has /var/run, which may be on a disk: what a boot before has left there is none of ours. */
static const struct run_row {
	const char *name;
	const char *made; /* beside /var */
	const char *path;
	const char *want; /* BOOT stands for the boot's id */
} run_rows[] = {
	{ "there is /run", "/run/", "/run/guestarp/x.json", "/run/guestarp/x.json" },
	{ "both", "/run/../var/run/", "/run/guestarp/x.json", "/run/guestarp/x.json" },
	{ "neither", "/var/", "/run/guestarp/x.json", "/run/guestarp/x.json" },
	{ "records", "/var/run/", "/run/guestarp/x.json", "/var/run/guestarp-BOOT/x.json" },
	{ "their directory", "/var/run/", "/run/guestarp", "/var/run/guestarp-BOOT" },
	{ "others' files", "/var/run/", "/run/qemu-server/101.pid", "/var/run/qemu-server/101.pid" },
	{ "a like name elsewhere", "/var/run/", "/var/lib/run/guestarp", "/var/lib/run/guestarp" },
};

/* A process asks once whether there is /run, so each row has one of its own. */
static void path_of_new_process(const char *path, char *ret_path, size_t size)
{
	int ends[2];
	int status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int r = path_full(path, ret_path, size, NULL);

		_exit(r < 0 || write(ends[1], ret_path, strlen(ret_path)) < 0 ? 1 : 0);
	}
	close(ends[1]);
	n = read(ends[0], ret_path, size - 1);
	close(ends[0]);
	assert_true(n > 0);
	ret_path[n] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void run_elsewhere(void **state)
{
	const struct run_row *row = *state;
	const char *boot = strstr(row->want, "BOOT");
	char id[64];
	char path[4096];
	char want[4096];

	root_clean();
	root_mkdirs(row->made);
	assert_int_equal(kernel_file_read("/proc/sys/kernel/random/boot_id", id, sizeof(id)), 0);
	if (boot)
		(void)snprintf(want, sizeof(want), "%s%.*s%s%s", root_dir, (int)(boot - row->want), row->want, id,
			       boot + strlen("BOOT"));
	else
		(void)snprintf(want, sizeof(want), "%s", root_path(row->want));
	path_of_new_process(row->path, path, sizeof(path));
	assert_string_equal(path, want);
	root_clean();
}

int main(void)
{
	static struct table table;

	TABLE_ROWS(&table, run_elsewhere, run_rows);
	return table_run(&table, root_setup, root_teardown);
}
