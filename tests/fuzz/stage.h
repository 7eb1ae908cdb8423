/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stage.h - the memory and layout of a kernel that the unit tests' builders made, and
 * what an input does to both: a sound system to start from lets walks get deep.
 *
 * An input is a list of operations, each a byte that tells which, and its operands.
 */
#ifndef STAGE_H
#define STAGE_H

#include "fake_target.h"
#include "fuzz.h"

#define STAGE_PAGES	1024

struct stage {
	struct vr_target t;	/* first, so that the seam's pointer is ours */
	struct fake_target *f;	/* symbols and types */
	struct vr_layout built, layout;	/* as it was, and as the input left it */
	unsigned npages, nwords, ndirty;
	struct stage_page {
		uint64_t at;
		enum vr_space space;
		bool gone, dirty;
		uint8_t was[FAKE_PAGE], now[FAKE_PAGE];
	} *page;
	struct stage_page *dirty[STAGE_PAGES];
	uint16_t slot[4 * STAGE_PAGES];	/* page number + 1, by address */
	struct stage_word {
		uint16_t page, offset;
	} *word;		/* where the built memory is not zero, 8 bytes each */
	struct input later;	/* what happens after so many reads more */
	uint64_t when;
};

/* The stage of what was built in 'f', which it keeps; nothing is on it yet. */
struct stage *stage_new(struct fake_target *f);
/* Put those pages on it that exist from 'from' up to 'to', and do not consist of
 * zeros if 'sparse'. */
void stage_keep(struct stage *s, enum vr_space space, uint64_t from, uint64_t to,
		bool sparse);
/* Everything is on it, and this is the layout. */
void stage_ready(struct stage *s, const struct vr_layout *layout);
/* As it was built, then changed by the input's operations. */
void stage_begin(struct stage *s, struct input *in);
/* These pages read as zeros: they were left out of the dump. */
void stage_zero(struct stage *s, enum vr_space space, uint64_t from, uint64_t to);
/* A 16-bit number becomes less than 'limit', unless it is more than 'most'. */
void stage_limit16(struct stage *s, uint64_t addr, uint16_t limit, uint16_t most);

#endif
