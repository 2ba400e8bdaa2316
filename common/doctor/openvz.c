/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does vzctl call vznet-custom wherever its generation can? The places are those of vznet-custom(8): vzctl 3 keeps its
 * scripts in /usr/lib/vzctl/scripts (/usr/lib64 on x86_64 RPM hosts), 4 in /usr/libexec/vzctl/scripts, libvzctl in
 * /usr/libexec/libvzctl/scripts, whose own are replaced by script.d beside it. From 4.9 on vps-functions know
 * NEIGHBOUR_DEVS="list:DEVICE".
 */

#include "doctor/doctor.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "guest/vz.h"

#define OURS     "vznet-custom"
#define PROGRAM  "/usr/lib/vzctl/scripts/" OURS
#define LIBVZCTL "/usr/libexec/libvzctl"
#define CONF     "/etc/vz/vz.conf"
#define VETH     "/etc/vz/vznet.conf"

static bool is_there(const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	return path_full(path, real, sizeof(real), NULL) == 0 && lstat(real, &st) == 0;
}

/* A link to something of the program's name: the program itself may be a link to where it is installed. */
static bool is_our_link(const char *path)
{
	char real[PATH_MAX];
	char target[PATH_MAX];
	const char *name;
	ssize_t len;

	if (path_full(path, real, sizeof(real), NULL) < 0)
		return false;
	len = readlink(real, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	name = strrchr(target, '/');
	return strcmp(name ? name + 1 : target, OURS) == 0;
}

/* Has a line of the file, no comment, all of these words? b may be NULL. */
static bool has_line(const char *path, const char *a, const char *b)
{
	CLEANUP(free) char *text = NULL;
	char *rest;
	char *line;
	size_t len;

	if (file_read(path, FILE_ANY, &text, &len, NULL) < 0)
		return false;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line += strspn(line, " \t");
		if (*line != '#' && strstr(line, a) && (!b || strstr(line, b)))
			return true;
	}
	return false;
}

/* What is missing: where, for people, the commands that add it, and what is for the administrator to write. */
struct lines {
	char places[300];
	char fix[FINDING_TEXT];
	char advice[FINDING_TEXT];
};

static void missing(struct lines *lines, const char *place, const char *command)
{
	(void)text_append(lines->places, sizeof(lines->places), "%s%s", lines->places[0] ? ", " : "", place);
	if (command)
		(void)text_append(lines->fix, sizeof(lines->fix), "%s%s", lines->fix[0] ? " && " : "", command);
}

static void check_actions(struct lines *lines)
{
	static const char *const actions[] = { "/etc/vz/conf/vps.mount", "/etc/vz/conf/vps.umount" };

	for (size_t i = 0; i < 2; i++) {
		const char *path = actions[i];
		const char *role = strrchr(path, '.');
		char command[300];

		if (is_our_link(path) || has_line(path, OURS, NULL) || has_line(path, "guestarp", NULL))
			continue;
		finding_set(command, "ln -s " PROGRAM " %s", path);
		missing(lines, path, is_there(path) ? NULL : command);
		/* In whatever language it is; and it may end before its last line. */
		if (is_there(path))
			(void)text_append(lines->advice, sizeof(lines->advice),
					  "%slet %s end with a call of /usr/local/lib/guestarp%s, a link to " PROGRAM,
					  lines->advice[0] ? "; " : "", path, role);
	}
}

/* The scripts in dir are vzctl's own files: each is put aside, by dpkg where it would put it back. */
static void check_wrapped(struct lines *lines, const char *dir)
{
	static const char *const names[] = { "vps-net_add", "vps-net_del" };

	for (size_t i = 0; i < 2; i++) {
		char path[100];
		char command[400];

		finding_set(path, "%s/%s", dir, names[i]);
		if (is_our_link(path))
			continue;
		if (is_there("/usr/bin/dpkg-divert"))
			finding_set(command, "dpkg-divert --local --rename --add %s && ln -s " PROGRAM " %s", path,
				    path);
		else
			finding_set(command, "mv %s %s.distrib && ln -s " PROGRAM " %s", path, path, path);
		missing(lines, path, command);
	}
}

static bool is_wrapped(const char *dir)
{
	struct lines lines = { 0 };

	check_wrapped(&lines, dir);
	return !lines.places[0];
}

/* False where there is no vzctl of this kind. */
static bool check_classic(struct lines *lines)
{
	static const char *const dirs[] = { "/usr/libexec/vzctl/scripts", "/usr/lib/vzctl/scripts",
					    "/usr/lib64/vzctl/scripts" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char path[100];

		finding_set(path, "%s/vps-net_add", dirs[i]);
		if (!is_there(path))
			continue;
		finding_set(path, "%s/vps-functions", dirs[i]);
		if (!has_line(path, "list:", NULL)) {
			check_wrapped(lines, dirs[i]);
		} else if (!has_line(CONF, "NEIGHBOUR_DEVS=", OURS) && !is_wrapped(dirs[i])) {
			missing(lines, "NEIGHBOUR_DEVS in " CONF,
				"echo 'NEIGHBOUR_DEVS=\"$(" PROGRAM " devices)\"' >>" CONF);
		}
		return true;
	}
	return false;
}

/* Virtuozzo 7 has vz-net_add, 8 and 9 have vz-netns_dev_add. */
static bool check_libvzctl(struct lines *lines)
{
	static const char *const names[] = { "vz-net_add", "vz-net_del", "vz-netns_dev_add", "vz-stop" };
	bool made = is_there(LIBVZCTL "/script.d");

	if (vz_family() != VZ_LIBVZCTL)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[100];
		char link[300];

		finding_set(path, LIBVZCTL "/scripts/%s", names[i]);
		if (!is_there(path))
			continue;
		finding_set(path, LIBVZCTL "/script.d/%s", names[i]);
		if (is_our_link(path))
			continue;
		finding_set(link, "%sln -s " PROGRAM " %s", made ? "" : "mkdir -p " LIBVZCTL "/script.d && ", path);
		missing(lines, path, link);
		made = true;
	}
	return true;
}

void check_openvz(struct doctor *d)
{
	struct lines lines = { 0 };
	bool managed = false;
	bool veth = false;
	struct finding *f;

	for (size_t i = 0; i < d->patient_count; i++) {
		const struct patient *p = &d->patients[i];

		if (p->guest.kind != GUEST_VZ || !p->managed)
			continue;
		managed = true;
		veth = veth || p->guest.nic_count > 0;
	}
	if (!managed || !(check_libvzctl(&lines) || check_classic(&lines)))
		return;
	check_actions(&lines);
	if (veth && !has_line(VETH, "EXTERNAL_SCRIPT=", OURS) && !has_line(VETH, "EXTERNAL_SCRIPT=", "guestarp"))
		missing(&lines, "EXTERNAL_SCRIPT in " VETH, "echo 'EXTERNAL_SCRIPT=\"" PROGRAM "\"' >>" VETH);
	f = lines.places[0] ? findings_add(d->findings, FINDING_OPENVZ) : NULL;
	if (!f)
		return;
	finding_set(f->what, "OpenVZ does not call guestarp at each event. Missing: %s.", lines.places);
	finding_set(f->permanent, "%s", lines.fix);
	finding_set(f->advice, "%s", lines.advice);
	f->permanent_fixes = true;
}
