/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz.h - what the fuzzers share.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "vring.h"

/* libFuzzer's two entries; replay.c calls them too. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, taken from its front; zeros when it is used up. */
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

/* fuzz_render.c: everything that is printed of a snapshot, to /dev/null; 'how'
 * varies the rest. */
void print_guest(struct vr_ctx *c, const struct vr_select *sel,
		 const struct vr_snapshot *s, unsigned how);
void print_host(struct vr_ctx *c, const struct vr_select *sel,
		const struct vr_host *h);
/* A selection: 'how' picks one of the command lines below. */
void select_by(struct vr_select *sel, unsigned how);

#endif
