// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json.c - a small streaming JSON writer, see json.h.
 */
#include <inttypes.h>

#include "json.h"

static void flush(struct json *j)
{
	fwrite(j->held, 1, j->nheld, j->out);
	j->nheld = 0;
}

static void put(struct json *j, char ch)
{
	if (j->nheld == sizeof(j->held))
		flush(j);
	j->held[j->nheld++] = ch;
}

static void puts_to(struct json *j, const char *s)
{
	while (*s)
		put(j, *s++);
}

static void quote(struct json *j, const char *s)
{
	char code[8];

	put(j, '"');
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"' || ch == '\\')
			put(j, '\\');
		if (ch >= 0x20 && ch < 0x7f) {
			put(j, *s);
			continue;
		}
		snprintf(code, sizeof(code), "\\u%04x", ch);
		puts_to(j, code);
	}
	put(j, '"');
}

/* What stands before a value: a comma, the line, its name. */
static void before(struct json *j, const char *name)
{
	uint64_t here = 1ULL << j->depth;

	if (j->filled & here)
		put(j, ',');
	j->filled |= here;
	/* A queue a line keeps the document fit for grep and diff. */
	if (j->depth == 1 || (j->depth == 2 && !name))
		put(j, '\n');
	if (name) {
		quote(j, name);
		put(j, ':');
	}
}

static void open_with(struct json *j, const char *name, char ch)
{
	before(j, name);
	put(j, ch);
	j->depth++;
	j->filled &= ~(1ULL << j->depth);
}

static void close_with(struct json *j, char ch)
{
	j->depth--;
	if (!j->depth)
		put(j, '\n');
	put(j, ch);
}

void json_begin(struct json *j, FILE *out)
{
	j->out = out;
	j->nheld = 0;
	j->filled = 0;
	put(j, '{');
	j->depth = 1;
}

void json_end(struct json *j)
{
	close_with(j, '}');
	put(j, '\n');
	flush(j);
}

void json_object(struct json *j, const char *name)
{
	open_with(j, name, '{');
}

void json_array(struct json *j, const char *name)
{
	open_with(j, name, '[');
}

void json_close_object(struct json *j)
{
	close_with(j, '}');
}

void json_close_array(struct json *j)
{
	close_with(j, ']');
}

void json_string(struct json *j, const char *name, const char *value)
{
	before(j, name);
	quote(j, value);
}

void json_known(struct json *j, const char *name, const char *value)
{
	if (value && *value)
		json_string(j, name, value);
	else
		json_null(j, name);
}

void json_number(struct json *j, const char *name, uint64_t value)
{
	char text[24];

	before(j, name);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	puts_to(j, text);
}

void json_bool(struct json *j, const char *name, bool value)
{
	before(j, name);
	puts_to(j, value ? "true" : "false");
}

void json_null(struct json *j, const char *name)
{
	before(j, name);
	puts_to(j, "null");
}

static void hex(struct json *j, const char *name, uint64_t value)
{
	char text[24];

	before(j, name);
	snprintf(text, sizeof(text), "\"0x%" PRIx64 "\"", value);
	puts_to(j, text);
}

void json_addr(struct json *j, const char *name, uint64_t value)
{
	if (value)
		hex(j, name, value);
	else
		json_null(j, name);
}

void json_val(struct json *j, const char *name, struct vr_val v)
{
	if (v.have == VR_READ)
		json_number(j, name, v.v);
	else
		json_null(j, name);
}

void json_val_bool(struct json *j, const char *name, struct vr_val v)
{
	if (v.have == VR_READ)
		json_bool(j, name, v.v != 0);
	else
		json_null(j, name);
}

void json_val_hex(struct json *j, const char *name, struct vr_val v)
{
	if (v.have == VR_READ)
		hex(j, name, v.v);
	else
		json_null(j, name);
}
