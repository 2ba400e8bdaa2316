/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enough of storage.cfg to know where a hookscript lies, read as PVE::SectionConfig reads it. */

#include "doctor/storage.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#define ID_SIZE   64
#define PATH_SIZE 1024

#define CONFIG     "/etc/pve/storage.cfg"
#define LOCAL_PATH "/var/lib/vz"
#define BLANKS     " \t\r\f\v"

/* One section. A storage without files has no path. */
struct storage {
	char id[ID_SIZE];
	bool is_dir; /* of type dir */
	char path[PATH_SIZE / 2];
	char directory[PATH_SIZE / 4]; /* its snippets directory, below path */
};

struct storages {
	struct storage *list;
	size_t count;
	size_t room;
};

#define STORAGES_NONE                                                                                                  \
	{                                                                                                              \
		NULL, 0, 0                                                                                             \
	}

static void storages_done(struct storages *storages)
{
	free(storages->list);
}

/* PVE::Storage::Plugin::parse_storage_id: ^[a-z][a-z0-9\-\_\.]*[a-z0-9]$, in any case. */
static bool id_valid(const char *id)
{
	size_t len = strlen(id);

	for (const char *p = id; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return false;
	}
	return len >= 2 && len < ID_SIZE && isalpha((unsigned char)id[0]) && isalnum((unsigned char)id[len - 1]);
}

/* A later section of the same id takes the place of the earlier one, in files or not. */
static int add(struct storages *storages, const struct storage *storage)
{
	struct storage *list;

	for (size_t i = 0; i < storages->count; i++) {
		if (strcmp(storages->list[i].id, storage->id) == 0) {
			storages->list[i] = *storage;
			return 0;
		}
	}
	list = array_grow(storages->list, storages->count, &storages->room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	storages->list = list;
	storages->list[storages->count++] = *storage;
	return 0;
}

/* "type: id". False for a section that Proxmox VE skips; its lines are skipped with it. */
static bool begin(struct storage *storage, const char *type, const char *id)
{
	static const char *const mounted[] = { "nfs", "cifs", "cephfs", "glusterfs" };

	memset(storage, 0, sizeof(*storage));
	if (!id_valid(id) || text_copy(storage->id, sizeof(storage->id), id) < 0)
		return false;
	storage->is_dir = strcasecmp(type, "dir") == 0;
	for (size_t i = 0; i < sizeof(mounted) / sizeof(mounted[0]); i++) {
		if (strcasecmp(type, mounted[i]) == 0)
			(void)snprintf(storage->path, sizeof(storage->path), "/mnt/pve/%s", id);
	}
	return true;
}

/* PVE::Storage::DirPlugin: ^/[-/a-zA-Z0-9_.@]+$ */
static bool dir_path_valid(const char *path)
{
	if (path[0] != '/' || !path[1])
		return false;
	for (const char *p = path; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-/_.@", *p))
			return false;
	}
	return true;
}

/* File::Spec->canonpath(): "//" and "/./" are one slash, none at the end. */
static void canonical(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++) {
		if (*from == '/' && (from[1] == '/' || from[1] == '\0'))
			continue;
		if (*from == '/' && from[1] == '.' && (from[2] == '/' || from[2] == '\0')) {
			from++;
			continue;
		}
		*to++ = *from;
	}
	*to = '\0';
}

/* What one section's lines have said; of a key given twice the first counts. */
struct given {
	bool path;
	bool directories;
};

/* "path /srv/vz"; "content-dirs snippets=..." names another directory below it than snippets. */
static void take_key(struct storage *storage, struct given *given, const char *key, const char *value)
{
	const char *snippets = strstr(value, "snippets=");

	if (strcmp(key, "path") == 0 && value[0] == '/' && !given->path) {
		given->path = true;
		if (text_copy(storage->path, sizeof(storage->path), value) < 0)
			storage->path[0] = '\0';
		canonical(storage->path);
	} else if (strcmp(key, "content-dirs") == 0 && *value && !given->directories) {
		given->directories = true;
		if (snippets)
			(void)snprintf(storage->directory, sizeof(storage->directory), "%.*s",
				       (int)strcspn(snippets + 9, ","), snippets + 9);
	}
}

/* Cuts the first word off; ret_rest is what follows it, blanks at both ends cut. */
static char *first_word(char *text, char **ret_rest)
{
	char *word = text + strspn(text, BLANKS);
	char *rest = word + strcspn(word, BLANKS);
	char *end = rest + strlen(rest);

	while (end > rest && strchr(BLANKS, end[-1]))
		*--end = '\0';
	if (*rest)
		*rest++ = '\0';
	*ret_rest = rest + strspn(rest, BLANKS);
	return word;
}

/* ^(\S+):\s*(\S+)\s*$, for what can be a storage's id. */
static bool split_header(char *line, char **ret_type, char **ret_id)
{
	size_t len = strcspn(line, ":" BLANKS);
	char *rest;

	if (len == 0 || line[len] != ':')
		return false;
	line[len] = '\0';
	*ret_type = line;
	*ret_id = first_word(line + len + 1, &rest);
	return **ret_id && !*rest;
}

/* The next line that is no comment; NULL at the end. */
static char *next_line(char **text)
{
	char *line;

	do
		line = strsep(text, "\n");
	while (line && line[strspn(line, BLANKS)] == '#');
	return line;
}

/* Up to the next empty line: a header without one before it is a line that is ignored. */
static int take_section(struct storages *storages, const char *type, const char *id, char **text)
{
	struct storage storage;
	struct given given = { false, false };
	bool skipped = !begin(&storage, type, id);
	char *line;

	while ((line = next_line(text)) != NULL && *line) {
		char *value;
		char *key;

		if (!strchr(BLANKS, *line))
			continue;
		key = first_word(line, &value);
		take_key(&storage, &given, key, value);
	}
	if (storage.is_dir && !dir_path_valid(storage.path))
		storage.path[0] = '\0';
	return skipped ? 0 : add(storages, &storage);
}

/* What is called "local" is a directory at /var/lib/vz on each node, whatever the file says. */
static int force_local(struct storages *storages)
{
	struct storage local = { .id = "local", .is_dir = true, .path = LOCAL_PATH };

	for (size_t i = 0; i < storages->count; i++) {
		const struct storage *storage = &storages->list[i];

		if (strcmp(storage->id, "local") == 0 && storage->is_dir && strcmp(storage->path, LOCAL_PATH) == 0)
			return 0;
	}
	return add(storages, &local);
}

static int parse(struct storages *storages, char *text)
{
	char *line;
	int r = 0;

	while (r == 0 && (line = next_line(&text)) != NULL) {
		char *type;
		char *id;

		if (split_header(line, &type, &id))
			r = take_section(storages, type, id, &text);
	}
	return r == 0 ? force_local(storages) : r;
}

static int read_all(struct storages *storages, struct err *err)
{
	CLEANUP(free) char *text = NULL;
	char none[] = "";
	size_t len;
	int r = file_read(CONFIG, FILE_ANY, &text, &len, NULL);

	/* Without the file there is "local" all the same. */
	if (parse(storages, r == 0 ? text : none) < 0)
		return err_errno(err, ENOMEM, CONFIG);
	return 0;
}

/* The snippets directory; false where the storage keeps no files. */
static bool snippets_of(const struct storage *storage, char ret_path[PATH_SIZE])
{
	if (!storage->path[0])
		return false;
	(void)snprintf(ret_path, PATH_SIZE, "%s/%s", storage->path,
		       storage->directory[0] ? storage->directory : "snippets");
	return true;
}

int storage_path(const char *volume, char *ret_path, size_t size, struct err *err)
{
	static const char middle[] = ":snippets/";
	const char *at = strstr(volume, middle);
	const char *name = at ? at + sizeof(middle) - 1 : "";
	struct storages storages = STORAGES_NONE;
	char snippets[PATH_SIZE];
	bool found = false;
	char id[ID_SIZE];
	int r;

	if (!*name || strchr(name, '/') || (size_t)(at - volume) >= sizeof(id))
		return err_set(err, EINVAL, "'%s' is no snippets volume", volume);
	memcpy(id, volume, (size_t)(at - volume));
	id[at - volume] = '\0';
	r = read_all(&storages, err);
	for (size_t i = 0; r == 0 && i < storages.count; i++) {
		if (strcmp(storages.list[i].id, id) == 0)
			found = snippets_of(&storages.list[i], snippets);
	}
	storages_done(&storages);
	if (r < 0)
		return r;
	if (!found)
		return err_set(err, ENOENT, "storage '%s' is not in " CONFIG ", or keeps no files", id);
	if (snprintf(ret_path, size, "%s/%s", snippets, name) >= (int)size)
		return err_errno(err, ENAMETOOLONG, "%s", volume);
	return 0;
}

/* The name of the file that lies in the directory itself, NULL for any other path. */
static const char *name_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (strncmp(path, directory, len) != 0 || path[len] != '/' || !path[len + 1] || strchr(path + len + 1, '/'))
		return NULL;
	return path + len + 1;
}

int storage_volume(const char *path, char *ret_volume, size_t size, struct err *err)
{
	struct storages storages = STORAGES_NONE;
	int r = read_all(&storages, err);
	bool found = false;

	for (size_t i = 0; r == 0 && !found && i < storages.count; i++) {
		char snippets[PATH_SIZE];
		const char *name = snippets_of(&storages.list[i], snippets) ? name_below(path, snippets) : NULL;

		if (!name)
			continue;
		found = true;
		if (snprintf(ret_volume, size, "%s:snippets/%s", storages.list[i].id, name) >= (int)size)
			r = err_errno(err, ENAMETOOLONG, "%s", path);
	}
	storages_done(&storages);
	if (r == 0 && !found)
		r = err_set(err, ENOENT, "%s is in no storage's snippets directory", path);
	return r;
}

int storage_check(const char *volume, struct err *err)
{
	char path[PATH_SIZE];
	char full[PATH_SIZE * 2];
	struct stat st;
	int r = storage_path(volume, path, sizeof(path), err);

	if (r == 0)
		r = path_full(path, full, sizeof(full), err);
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
