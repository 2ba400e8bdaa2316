/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_BASE_TEXT_H
#define GUESTARP_BASE_TEXT_H
/* Text from outside, checked before anything is done with it. */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Plain decimal, no sign, no blanks, no leading zero but "0" itself. -EINVAL, -ERANGE. */
int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret_value);

/* "101-103": both ends as parse_u32, in whatever order; false for anything else. */
bool parse_u32_range(const char *text, uint32_t *ret_first, uint32_t *ret_last);

/* As parse_u32, for those who write 007. */
int parse_u32_padded(const char *text, uint32_t min, uint32_t max, uint32_t *ret_value);

/* What the kernel takes as a device name (dev_valid_name): 1 to 15 bytes, no '/', ':', blank, nor "." or "..". */
bool ifname_valid(const char *name);

/* Copies a name that ifname_valid() accepts; -EINVAL otherwise. */
int ifname_copy(char ret_name[IFNAMSIZ], const char *name);

/* -ENAMETOOLONG instead of a cut string. */
int text_copy(char *ret_text, size_t size, const char *text);

/*
 * The word of the table nearest to a misspelt one (edit distance at most 2), or NULL.
 * words[i] is found at (char *)table + i * stride, a const char *.
 */
const char *text_nearest(const char *misspelt, const void *table, size_t count, size_t stride);

/* A safe rendering of outside text for a message: control bytes as '?', cut with "..." to fit. Returns ret_text. */
const char *text_shown(const char *text, char *ret_text, size_t size);

/* FNV-1a, to be fed piece by piece: start with TEXT_HASH_START. Stable for ever, as MACs are derived from it. */
#define TEXT_HASH_START UINT64_C(14695981039346656037)
uint64_t text_hash(uint64_t hash, const char *text);

/* Appends, bounded; returns false and leaves a whole string where it does not fit. */
bool text_append(char *text, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
