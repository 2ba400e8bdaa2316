/* SPDX-License-Identifier: GPL-2.0-or-later */
/* storage.cfg, and volumes' names: each storage that is found has a name and an absolute or empty directory. */

#include "doctor/storage.c" /* NOLINT(bugprone-suspicious-include): for its static functions */

#include "fuzz.h"

static void check_one(const struct storage *storage)
{
	char snippets[PATH_SIZE];

	CHECK(id_valid(storage->id));
	CHECK(strnlen(storage->path, sizeof(storage->path)) < sizeof(storage->path));
	CHECK(strnlen(storage->directory, sizeof(storage->directory)) < sizeof(storage->directory));
	CHECK(!storage->path[0] || storage->path[0] == '/');
	if (snippets_of(storage, snippets))
		CHECK(snippets[0] == '/' && !strchr(snippets, '\n'));
}

static void check_all(char *text)
{
	struct storages storages = STORAGES_NONE;
	size_t locals = 0;

	CHECK(parse(&storages, text) == 0);
	for (size_t i = 0; i < storages.count; i++) {
		check_one(&storages.list[i]);
		locals += strcmp(storages.list[i].id, "local") == 0;
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(storages.list[i].id, storages.list[j].id) != 0);
	}
	CHECK(locals == 1);
	storages_done(&storages);
}

/* The text's first line is also taken for a volume and for a path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *line = strdup(text);
	char path[PATH_SIZE];
	struct err err = { 0 };

	CHECK(line);
	line[strcspn(line, "\n")] = '\0';
	check_all(text);
	if (storage_path(line, path, sizeof(path), &err) == 0) {
		char volume[PATH_SIZE];

		CHECK(strncmp(path, "/var/lib/vz/snippets/", 21) == 0);
		CHECK(storage_volume(path, volume, sizeof(volume), &err) == 0);
		CHECK(strcmp(volume, line) == 0);
	} else {
		CHECK(err.code && err.text[0]);
	}
	free(line);
	free(text);
	return 0;
}
