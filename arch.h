/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arch.h - what differs between architectures: how the kernel's address space is
 * laid out, and what an entry of a page table says.
 */
#ifndef ARCH_H
#define ARCH_H

#include <stdbool.h>
#include <stdint.h>

struct vr_target;

/* One kernel's address space, as the dump tells it. */
struct vr_geometry {
	uint64_t direct, direct_end;	/* the direct map of physical memory ... */
	uint64_t direct_phys;		/* ... and what is at its start */
	uint64_t image, image_end;	/* the kernel's own text and data; 0: unknown */
	unsigned page_shift;
	unsigned levels, level_bits;	/* of the tables; the index into one of them */
	unsigned top_bits;		/* the index into the top one */
	unsigned va_bits;		/* of an address that count */
	unsigned large_levels;		/* up to here an entry may map memory itself */
	uint64_t frame;			/* an entry's bits that are a physical address */
	uint64_t more;			/* bits of it that are kept elsewhere, ... */
	unsigned more_shift;		/* ... so far to the right */
	bool tagged;			/* kernel pointers bear tags in their top byte */
};

/* What an entry says; levels are counted from 1, the table of single pages. */
enum vr_pte {
	VR_PTE_NOTHING,
	VR_PTE_SWAPPED,	/* nothing in memory, but the entry is not empty */
	VR_PTE_TABLE,		/* the next table is at '*addr' */
	VR_PTE_PAGE,		/* memory at '*addr' is mapped */
};

struct vr_arch {
	/* Fill 'g', all zero before; 0, or -1 when the dump does not tell. */
	int (*geometry)(struct vr_target *t, struct vr_geometry *g);
	enum vr_pte (*decode)(const struct vr_geometry *g, uint64_t entry,
				unsigned level, uint64_t *addr);
	/* Could the hardware take it for an address of a process ('user') or of the
	 * kernel?  Tags are removed from it. */
	bool (*address)(const struct vr_geometry *g, bool user, uint64_t *addr);
};

/* arch.c: of the target; NULL when its page tables are not known here. */
const struct vr_arch *vr_arch_of(const struct vr_target *t);
/* arch.c: a variable of the kernel image, which needs no page tables to be read;
 * 0, or -1. */
int vr_arch_variable(struct vr_target *t, const char *symbol, uint64_t *ret);
/* arch_arm64.c: its row of the table. */
extern const struct vr_arch vr_arm64;

#endif
