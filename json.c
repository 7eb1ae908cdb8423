// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json.c - a small streaming JSON writer, see json.h.
 */
#include <inttypes.h>

#include "json.h"

static void quote(struct json *j, const char *s)
{
	fputc('"', j->out);
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"' || ch == '\\')
			fprintf(j->out, "\\%c", ch);
		else if (ch >= 0x20 && ch < 0x7f)
			fputc(ch, j->out);
		else
			fprintf(j->out, "\\u%04x", ch);
	}
	fputc('"', j->out);
}

/* What stands before a value: a comma, the line, its name. */
static void before(struct json *j, const char *name)
{
	uint64_t here = 1ULL << j->depth;

	if (j->filled & here)
		fputc(',', j->out);
	j->filled |= here;
	/* A queue a line keeps the document fit for grep and diff. */
	if (j->depth == 1 || (j->depth == 2 && !name))
		fputc('\n', j->out);
	if (name) {
		quote(j, name);
		fputc(':', j->out);
	}
}

static void open_with(struct json *j, const char *name, char ch)
{
	before(j, name);
	fputc(ch, j->out);
	j->depth++;
	j->filled &= ~(1ULL << j->depth);
}

static void close_with(struct json *j, char ch)
{
	j->depth--;
	if (!j->depth)
		fputc('\n', j->out);
	fputc(ch, j->out);
}

void json_begin(struct json *j, FILE *out)
{
	*j = (struct json){ .out = out };
	fputc('{', out);
	j->depth = 1;
}

void json_end(struct json *j)
{
	close_with(j, '}');
	fputc('\n', j->out);
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

void json_number(struct json *j, const char *name, uint64_t value)
{
	before(j, name);
	fprintf(j->out, "%" PRIu64, value);
}

void json_bool(struct json *j, const char *name, bool value)
{
	before(j, name);
	fputs(value ? "true" : "false", j->out);
}

void json_null(struct json *j, const char *name)
{
	before(j, name);
	fputs("null", j->out);
}

static void hex(struct json *j, const char *name, uint64_t value)
{
	before(j, name);
	fprintf(j->out, "\"0x%" PRIx64 "\"", value);
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
