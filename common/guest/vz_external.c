/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vznetcfg sources the file, so the last assignment is ours; the one in front of it still says what was there before.
 */

#include "guest/vz_external.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define CONF "/etc/vz/vznet.conf"
#define KEY  "EXTERNAL_SCRIPT="
#define OURS "vznet-custom"

/* The word behind KEY, its quotes taken away; NULL for another line. */
static char *find_value(char *line)
{
	char *value = line + strspn(line, " \t");
	char quote;

	if (strncmp(value, "export ", strlen("export ")) == 0)
		value += strlen("export ");
	if (strncmp(value, KEY, strlen(KEY)) != 0)
		return NULL;
	value += strlen(KEY);
	quote = *value == '"' || *value == '\'' ? *value++ : '\0';
	for (char *p = value; *p; p++) {
		if (quote ? *p == quote : isspace((unsigned char)*p) || *p == ';' || *p == '#') {
			*p = '\0';
			break;
		}
	}
	return value;
}

static bool is_ours(const char *script)
{
	const char *name = strrchr(script, '/');

	return strcmp(name ? name + 1 : script, OURS) == 0;
}

int vz_external_parse(const char *path, char *text, char ret_path[VZ_EXTERNAL_SIZE], struct err *err)
{
	const char *found = "";
	unsigned found_at = 0;
	unsigned number = 0;
	char shown[80];
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		const char *value = find_value(line);

		number++;
		if (!value || is_ours(value))
			continue;
		found = value;
		found_at = number;
	}
	if (*found && (*found != '/' || strpbrk(found, "$`\\\"'") || strlen(found) >= VZ_EXTERNAL_SIZE))
		return err_set(err, EINVAL, "%s:%u: EXTERNAL_SCRIPT: '%s' is no plain path of a script", path, found_at,
			       text_shown(found, shown, sizeof(shown)));
	return text_copy(ret_path, VZ_EXTERNAL_SIZE, found);
}

int vz_external(char ret_path[VZ_EXTERNAL_SIZE], struct err *err)
{
	CLEANUP(free) char *text = NULL;
	size_t len;
	int r = file_read(CONF, FILE_LINKED, &text, &len, err);

	if (r == -ENOENT) {
		ret_path[0] = '\0';
		return 0;
	}
	return r < 0 ? r : vz_external_parse(CONF, text, ret_path, err);
}
