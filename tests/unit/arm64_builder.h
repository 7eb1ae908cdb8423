/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arm64_builder.h - a kernel of arm64 with page tables in a fake target.
 *
 * Level 1 is the table of single pages.  Tables lie in physical memory; only the
 * top one is also seen at a kernel address.
 */
#ifndef ARM64_BUILDER_H
#define ARM64_BUILDER_H

#include "fake_target.h"

#define PGD_OFFSET	72u		/* in mm_struct */
#define RAM		0x40000000ULL	/* where memory starts on QEMU's machine */

#define A64_PAGE	3ULL		/* valid, and not a block */
#define A64_BLOCK	1ULL
#define A64_INNER	(3ULL << 8)	/* shareability */
#define A64_AF		(1ULL << 10)
#define A64_NG		(1ULL << 11)
#define A64_CONT	(1ULL << 52)
#define A64_PXN		(1ULL << 53)
#define A64_UXN		(1ULL << 54)
#define A64_OLD_NONE	(1ULL << 58)	/* until 6.9 */
#define A64_OLD_SPLIT	(1ULL << 59)

/* Pages of 'page' bytes; tables by level, the single pages' first. */
struct arm64_space {
	const char *name;
	unsigned page, built, bits;	/* 'bits' of the 'built' ones are used */
	unsigned levels, shift[5], width[5];
	uint64_t image;			/* and vmalloc memory 1 GiB above it */
};

#define ARM64_SPACES	13
extern const struct arm64_space arm64_spaces[ARM64_SPACES];

struct arm64_kernel {
	struct fake_target *f;
	struct vr_ctx c;
	const struct arm64_space *s;
	uint64_t top, next;	/* physical, of the kernel's tables */
};

/* The kernel sees its top table in its image. */
#define TOP_SEEN(x)	((x)->s->image + 0x400000)

/* One of arm64_spaces by its name: "4K, 48". */
const struct arm64_space *arm64_space(const char *name);
/* A kernel of that space, with its symbols and variables and no mapping; its memory
 * is given back by arm64_stop(). */
void arm64_start(struct arm64_kernel *x, const struct arm64_space *s);
void arm64_stop(struct arm64_kernel *x);
/* A variable of 8 bytes in the image, 'at' bytes behind the first. */
void arm64_variable(struct arm64_kernel *x, const char *name, unsigned at, uint64_t v);
/* Another text of VMCOREINFO. */
void arm64_info(struct arm64_kernel *x, const char *text);

/* Physical address of an empty table. */
uint64_t arm64_new_table(struct arm64_kernel *x);
/* Where in a table of 'level' the entry of 'addr' is. */
uint64_t arm64_entry_at(struct arm64_kernel *x, uint64_t table, uint64_t addr,
			unsigned level);
/* Write the entry at 'at', and where the kernel sees it when it is in the top table. */
void arm64_put_entry(struct arm64_kernel *x, uint64_t at, uint64_t top, uint64_t seen,
		     uint64_t entry);
/* The table that holds the entry of 'addr' on 'level', below any top table; tables
 * on the way are made. */
uint64_t arm64_table_in(struct arm64_kernel *x, uint64_t top, uint64_t seen,
			uint64_t addr, unsigned level);
/* The same below the kernel's. */
uint64_t arm64_table_of(struct arm64_kernel *x, uint64_t addr, unsigned level);
/* Set the kernel's entry of 'addr' on 'level' to anything. */
void arm64_set(struct arm64_kernel *x, uint64_t addr, unsigned level, uint64_t entry);

#endif
