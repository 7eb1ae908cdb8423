/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_words.h - what a queue of a JSON document is to say: values by their dotted names.
 *
 * Who builds a guest or a host notes each value that it sets under the name that the JSON
 * has for it, so that a test can ask for all of them back, whatever the era calls their
 * members.
 */
#ifndef JSON_WORDS_H
#define JSON_WORDS_H

#include "fake_target.h"

#define JSON_MAX_WORDS 80

struct json_word {
	char json[40];		/* "ring.avail.idx" */
	bool none;		/* null: this era has no such member */
	uint64_t v;
	const char *text;	/* a string, in place of 'v' */
};

struct json_words {
	struct json_word word[JSON_MAX_WORDS];
	unsigned n;
};

/* One more value; for what may be null, to set 'none' in. */
struct json_word *json_want(struct json_words *w, const char *json, uint64_t v);
void json_want_text(struct json_words *w, const char *json, const char *text);
/* Set a member where the era has it, and expect it either way. */
void json_put(struct json_words *w, const char *json, struct fake_target *f, uint64_t addr,
	      const char *type, const char *path, uint64_t v);
/* A value that was noted; the test fails without it. */
const struct json_word *json_word(const struct json_words *w, const char *json);
/* The test fails unless the n-th of the document's queues says all of it; 'whose' is
 * told then. */
void json_check(struct vr_arena *a, const char *doc, unsigned n,
		const struct json_words *w, const char *whose);

/* The test fails unless the document says whose kernel it is of, and which. */
void json_check_kernel(struct vr_arena *a, const char *doc, const char *nodename,
		       const char *release);

/* A word of the text that its value follows, and what that is in the JSON. */
struct json_shown {
	const char *text, *json;
};
/* The test fails unless 'text' has each of them, 'none' where this era has none. */
void json_check_text(const char *text, const struct json_shown *shown, unsigned n,
		     const struct json_words *w, const char *whose);

#endif
