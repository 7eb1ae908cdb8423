// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sink.c - looks at each byte that is printed, and keeps none.
 */
#include "fuzz.h"

#define MAX_OUTPUT	((size_t)64 << 20)	/* bytes of one input, in all forms */

static struct {
	FILE *f;
	enum sink kind;
	struct json_check json;
	size_t total, size;	/* of the input, of this stream */
	char last;
	bool show;		/* VRING_SHOW is set: to stderr as well */
} sink;

void finding(const char *what)
{
	fprintf(stderr, "FINDING: %s\n", what);
	abort();
}

static ssize_t look_at(void *cookie, const char *buf, size_t size)
{
	(void)cookie;
	if (sink.show)
		fwrite(buf, 1, size, stderr);
	sink.total += size;
	sink.size += size;
	if (sink.total > MAX_OUTPUT)
		finding("output without end");
	for (size_t i = 0; i < size; i++) {
		const char *why = NULL;

		if (buf[i] != '\n' && (buf[i] < 0x20 || buf[i] > 0x7e))
			why = "a control byte, or one that is no ASCII, is printed";
		else if (sink.kind == SINK_JSON)
			why = json_check_byte(&sink.json, buf[i]);
		if (!why)
			continue;
		fprintf(stderr, "at byte %zu of %.*s\n", i, (int)size, buf);
		finding(why);
	}
	if (size)
		sink.last = buf[size - 1];
	return (ssize_t)size;
}

void sink_begin(void)
{
	sink.total = 0;
	sink.show = getenv("VRING_SHOW") != NULL;
}

size_t sink_bytes(void)
{
	return sink.total;
}

FILE *sink_open(enum sink kind)
{
	if (sink.f)
		abort();
	sink.kind = kind;
	sink.size = 0;
	sink.last = '\n';
	json_check_begin(&sink.json, true);
	sink.f = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = look_at });
	if (!sink.f)
		abort();
	return sink.f;
}

void sink_close(void)
{
	const char *why = NULL;

	fclose(sink.f);
	sink.f = NULL;
	if (sink.last != '\n')
		finding("the last line has no end");
	if (sink.kind == SINK_JSON)
		why = json_check_end(&sink.json);
	if (why)
		finding(why);
}
