/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz.h - what the fuzzers share.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdlib.h>

#include "compare.h"
#include "vring.h"
#include "watch.h"

#define COUNT_OF(a)	(sizeof(a) / sizeof((a)[0]))

/* libFuzzer's two entries; replay.c calls them too. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program with a finding: 'what' must not happen. */
void __attribute__((noreturn)) finding(const char *what);

/* ---- the input, taken from its front; zeros when it is used up ---------------- */

struct input {
	const uint8_t *data;
	size_t size;
};

static inline uint8_t take8(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static inline uint32_t take16(struct input *in)
{
	uint32_t low = take8(in);

	return low | (uint32_t)take8(in) << 8;
}

/* 'size' bytes, little-endian. */
static inline uint64_t take(struct input *in, unsigned size)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)take8(in) << 8 * i;
	return v;
}

/* ---- no_types.c ----------------------------------------------------------------- */

/* A target whose debugger knows no type; what it reads is for the caller to add. */
struct vr_target target_without_types(void);

/* ---- sink.c: output that is looked at ------------------------------------------- */

enum sink {
	SINK_TEXT,	/* lines of printable ASCII */
	SINK_JSON,	/* one JSON document (RFC 8259), in lines of printable ASCII */
};

/* What an input prints counts from here on; more than a fixed sum is a finding. */
void sink_begin(void);
/* A stream to print to, one at a time.  What is not as its kind says is a finding. */
FILE *sink_open(enum sink kind);
void sink_close(void);
/* How much was printed since sink_begin(). */
size_t sink_bytes(void);

/* ---- json_check.c: a strict reader of JSON that keeps nothing -------------------- */

#define CHECK_DEPTH	64
#define CHECK_MEMBERS	256	/* of one object */

struct json_check {
	unsigned state, depth, left;
	const char *rest;	/* of true, false, null */
	char open[CHECK_DEPTH];	/* '{' or '[' */
	bool is_key, unique;
	uint32_t key;		/* hash of the one that is being read */
	uint32_t keys[CHECK_DEPTH][CHECK_MEMBERS];
	unsigned nkeys[CHECK_DEPTH];
};

/* 'unique': an object's members have to have different names. */
void json_check_begin(struct json_check *k, bool unique);
/* NULL, or what is wrong at this byte. */
const char *json_check_byte(struct json_check *k, char ch);
/* NULL, or what is missing at the end. */
const char *json_check_end(const struct json_check *k);

/* ---- fuzz_render.c: everything that is printed of what was read ------------------ */

/* All of a guest's or a host's snapshot; 'how' varies the rest. */
void print_guest(struct vr_ctx *c, const struct vr_select *sel,
		 const struct vr_snapshot *s, unsigned how);
void print_host(struct vr_ctx *c, const struct vr_select *sel,
		const struct vr_host *h);
/* Two looks, as -w shows them. */
void print_watch(const struct vr_look *from, const struct vr_look *to);
/* Two sides beside each other, as -c shows them. */
void print_comparison(struct vr_ctx *c, const struct vr_comparison *k);
/* Why there is nothing to show. */
void print_failure(struct vr_ctx *c, const char *command, const char *reason);
/* A selection: 'how' picks one of some command lines. */
void select_by(struct vr_select *sel, unsigned how);
/* What the next command of a session finds: nothing, but for the layout. */
void forget(struct vr_ctx *c);

#endif
