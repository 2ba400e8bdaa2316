/* SPDX-License-Identifier: GPL-2.0-or-later */
/* storage.cfg, and volumes' names: each storage that is found has a name and an absolute or empty directory. */

#include "doctor/storage.c" /* NOLINT(bugprone-suspicious-include): for its static functions */

#include "fuzz.h"

static bool check_one(const struct storage *storage, void *arg)
{
	size_t *count = arg;

	(*count)++;
	CHECK(storage->id[0] && strnlen(storage->id, sizeof(storage->id)) < sizeof(storage->id));
	CHECK(strnlen(storage->snippets, sizeof(storage->snippets)) < sizeof(storage->snippets));
	CHECK(!strchr(storage->id, '\n') && !strchr(storage->snippets, '\n'));
	return false;
}

/* The text's first line is also taken for a volume and for a path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *line = strdup(text);
	char path[PATH_SIZE];
	struct err err = { 0 };
	size_t count = 0;

	CHECK(line);
	line[strcspn(line, "\n")] = '\0';
	(void)walk_text(text, check_one, &count);
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
