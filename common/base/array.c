/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Twice the room each time. */

#include "base/array.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#define ROOM_MIN 16

void *array_grow(void *list, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : ROOM_MIN;
	void *moved;

	if (count < *room)
		return list;
	if (more > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	moved = realloc(list, more * size);
	if (moved)
		*room = more;
	return moved;
}
