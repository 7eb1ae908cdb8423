/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.h - a small streaming JSON writer.  It owns commas, quoting and nesting;
 * the caller names what it writes.
 *
 * Every function takes the member's name, NULL inside an array.  Values follow
 * the contract of docs/json.md: addresses and masks are strings "0x...",
 * numbers are numbers, what is unknown is null.
 */
#ifndef VRING_JSON_H
#define VRING_JSON_H

#include "vring.h"

struct json {
	FILE *out;
	unsigned depth;
	uint64_t filled;	/* a bit a depth: something was written there */
	/* crash's redirected files have no buffer: each byte would be a write(2). */
	unsigned nheld;
	char held[8192];
};

void json_begin(struct json *j, FILE *out);
/* Ends the document with a newline; only then all of it is in 'out'. */
void json_end(struct json *j);
void json_object(struct json *j, const char *name);
void json_array(struct json *j, const char *name);
void json_close_object(struct json *j);
void json_close_array(struct json *j);
/* Bytes that are no printable ASCII are written as \u00NN. */
void json_string(struct json *j, const char *name, const char *value);
/* The same; null for NULL and for one of no length, which was not read. */
void json_known(struct json *j, const char *name, const char *value);
void json_number(struct json *j, const char *name, uint64_t value);
void json_bool(struct json *j, const char *name, bool value);
void json_null(struct json *j, const char *name);
/* An address: 0 is null, since no pointer that we followed is NULL. */
void json_addr(struct json *j, const char *name, uint64_t value);
/* A value of the snapshot as a number, a truth value, or a mask. */
void json_val(struct json *j, const char *name, struct vr_val v);
void json_val_bool(struct json *j, const char *name, struct vr_val v);
void json_val_hex(struct json *j, const char *name, struct vr_val v);

#endif
