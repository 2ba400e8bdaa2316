/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LXC's container configurations, and a file that they include: what follows a line "%%" is /inc.conf. */

#include "guest/lxc.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/path.h"
#include "fuzz.h"

static void put_include(const char *text)
{
	char path[4096];
	size_t len = strlen(text);
	int fd;

	CHECK(path_full("/inc.conf", path, sizeof(path), NULL) == 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK(write(fd, text, len) == (ssize_t)len);
	CHECK(close(fd) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest guest;
	static struct guest again;
	char *text = fuzz_text(data, size);
	char *included = strstr(text, "\n%%\n");
	char *copy;

	if (included) {
		*included = '\0';
		put_include(included + 4);
	}
	copy = strdup(text);
	CHECK(copy);
	memset(&guest, 0, sizeof(guest)); /* compared as a whole */
	CHECK(guest_init(&guest, GUEST_LXC, "web1", NULL) == 0);
	lxc_parse(&guest, "f", text);
	fuzz_check_guest(&guest);
	CHECK(strcmp(guest.id, "web1") == 0);

	/* What a guest was read as before leaves no trace in what it is read as now. */
	again = guest;
	lxc_parse(&again, "f", copy);
	CHECK(memcmp(&guest, &again, sizeof(guest)) == 0);
	free(copy);
	free(text);
	return 0;
}
