/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_ARRAY_H
#define GUESTARP_BASE_ARRAY_H
/* Lists that grow. */

#include <stddef.h>

/*
 * A list of count items of size bytes with room for one more; *room says for how many it has room. The list itself, or
 * where realloc(3) has moved it; NULL, and list as it was, when there is no memory.
 */
void *array_grow(void *list, size_t count, size_t *room, size_t size);

#endif
