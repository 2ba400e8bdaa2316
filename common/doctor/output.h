/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef GUESTARP_DOCTOR_OUTPUT_H
#define GUESTARP_DOCTOR_OUTPUT_H
/* JSON and words as every command writes them. */

#include <json-c/json_object.h>
#include <stdio.h>
#include <time.h>

/* Pretty, slashes as they are. 0 or -EIO. */
int output_json(struct json_object *json, FILE *out);

/* Words up to column 79, each line but the first indented; a word longer than a line stays whole. Ends the line. */
void output_wrapped(FILE *out, const char *text, int indent);

/* The same with a margin of that many columns in front of each further line. */
void output_wrapped_behind(FILE *out, const char *text, const char *margin, int width, int indent);

/* "2026-11-27 02:33:01", local time. Returns text. */
#define OUTPUT_TIME 32
const char *output_time(time_t time, char text[OUTPUT_TIME]);

#endif
