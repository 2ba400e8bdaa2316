/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enough of storage.cfg to know where a hookscript lies: sections "type: id", indented "key value" lines. */

#include "doctor/storage.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define ID_SIZE   64
#define PATH_SIZE 1024

/* One storage with files. */
struct storage {
	char id[ID_SIZE];
	char snippets[PATH_SIZE]; /* its snippets directory */
};

/* Called for each; true ends the walk. */
typedef bool (*storage_fn)(const struct storage *storage, void *arg);

/* "path" or, for network file systems, "/mnt/pve/<id>"; "content-dirs snippets=..." names another directory below. */
struct section {
	char id[ID_SIZE];
	char path[PATH_SIZE / 2];
	char directory[PATH_SIZE / 4];
};

static bool visit(const struct section *section, storage_fn fn, void *arg)
{
	struct storage storage;

	if (!section->id[0] || !section->path[0])
		return false;
	memcpy(storage.id, section->id, sizeof(storage.id));
	(void)snprintf(storage.snippets, sizeof(storage.snippets), "%s/%s", section->path, section->directory);
	return fn(&storage, arg);
}

static void begin(struct section *section, const char *type, const char *id)
{
	memset(section, 0, sizeof(*section));
	if (text_copy(section->id, sizeof(section->id), id) < 0)
		return;
	(void)text_copy(section->directory, sizeof(section->directory), "snippets");
	if (strcmp(type, "nfs") == 0 || strcmp(type, "cifs") == 0 || strcmp(type, "cephfs") == 0)
		(void)snprintf(section->path, sizeof(section->path), "/mnt/pve/%s", id);
}

static void take_key(struct section *section, const char *key, const char *value)
{
	const char *snippets = strstr(value, "snippets=");

	if (strcmp(key, "path") == 0)
		(void)text_copy(section->path, sizeof(section->path), value);
	else if (strcmp(key, "content-dirs") == 0 && snippets)
		(void)snprintf(section->directory, sizeof(section->directory), "%.*s", (int)strcspn(snippets + 9, ","),
			       snippets + 9);
}

static bool walk_text(char *text, storage_fn fn, void *arg)
{
	struct section section = { 0 };
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		char *end = line + strlen(line);
		char *value;

		while (end > line && isspace((unsigned char)end[-1]))
			*--end = '\0';
		if (!*line || *line == '#')
			continue;
		if (isspace((unsigned char)*line)) {
			line += strspn(line, " \t");
			value = line + strcspn(line, " \t");
			if (*value)
				*value++ = '\0';
			take_key(&section, line, value + strspn(value, " \t"));
			continue;
		}
		if (visit(&section, fn, arg))
			return true;
		value = strchr(line, ':');
		if (!value) {
			memset(&section, 0, sizeof(section));
			continue;
		}
		*value++ = '\0';
		begin(&section, line, value + strspn(value, " \t"));
	}
	return visit(&section, fn, arg);
}

static bool walk(storage_fn fn, void *arg)
{
	CLEANUP(free) char *text = NULL;
	char local[] = "dir: local\n\tpath /var/lib/vz\n";
	size_t len;

	if (file_read("/etc/pve/storage.cfg", FILE_ANY, &text, &len, NULL) == 0)
		return walk_text(text, fn, arg);
	return walk_text(local, fn, arg);
}

struct wanted {
	const char *id;   /* to find a directory */
	const char *path; /* to find a volume */
	struct storage found;
};

static bool by_id(const struct storage *storage, void *arg)
{
	struct wanted *wanted = arg;

	wanted->found = *storage;
	return strcmp(storage->id, wanted->id) == 0;
}

static bool by_path(const struct storage *storage, void *arg)
{
	struct wanted *wanted = arg;
	size_t len = strlen(storage->snippets);

	wanted->found = *storage;
	return strncmp(wanted->path, storage->snippets, len) == 0 && wanted->path[len] == '/' &&
	       wanted->path[len + 1] && !strchr(wanted->path + len + 1, '/');
}

int storage_path(const char *volume, char *ret_path, size_t size, struct err *err)
{
	static const char middle[] = ":snippets/";
	const char *at = strstr(volume, middle);
	const char *name = at ? at + sizeof(middle) - 1 : "";
	char id[ID_SIZE];
	struct wanted wanted = { .id = id };

	if (!*name || strchr(name, '/') || (size_t)(at - volume) >= sizeof(id))
		return err_set(err, EINVAL, "'%s' is no snippets volume", volume);
	memcpy(id, volume, (size_t)(at - volume));
	id[at - volume] = '\0';
	if (!walk(by_id, &wanted))
		return err_set(err, ENOENT, "storage '%s' is not in /etc/pve/storage.cfg, or keeps no files", id);
	if (snprintf(ret_path, size, "%s/%s", wanted.found.snippets, name) >= (int)size)
		return err_errno(err, ENAMETOOLONG, "%s", volume);
	return 0;
}

int storage_volume(const char *path, char *ret_volume, size_t size, struct err *err)
{
	struct wanted wanted = { .path = path };

	if (!walk(by_path, &wanted))
		return err_set(err, ENOENT, "%s is in no storage's snippets directory", path);
	if (snprintf(ret_volume, size, "%s:snippets/%s", wanted.found.id, path + strlen(wanted.found.snippets) + 1) >=
	    (int)size)
		return err_errno(err, ENAMETOOLONG, "%s", path);
	return 0;
}

int storage_check(const char *volume, struct err *err)
{
	char path[PATH_SIZE];
	char full[PATH_SIZE * 2];
	struct stat st;
	int r = storage_path(volume, path, sizeof(path), err);

	if (r == 0)
		r = file_path(path, full, sizeof(full), err);
	if (r < 0)
		return r;
	if (stat(full, &st) < 0)
		return err_errno(err, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s is no file", path);
	if (!(st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
		return err_set(err, EACCES, "%s is not executable", path);
	return 0;
}
