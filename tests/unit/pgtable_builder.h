/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pgtable_builder.h - x86_64 page tables in a fake target, of the kernel or of
 * a process.
 *
 * Level 1 is the table of 4 KiB pages; an entry on level 2 may be a 2 MiB page,
 * one on level 3 a 1 GiB page.  Tables lie in physical memory; only the top one
 * is also seen at a kernel address, in the direct map.
 */
#ifndef PGTABLE_BUILDER_H
#define PGTABLE_BUILDER_H

#include "fake_target.h"

#define PT_PRESENT	0x001ULL
#define PT_WRITE	0x002ULL
#define PT_LARGE	0x080ULL
#define PT_PROTNONE	0x100ULL	/* in an entry that is not present */
#define PT_LARGE_PAT	0x1000ULL	/* in an entry that is a large page */
#define PT_NX		(1ULL << 63)

struct pgtable {
	struct fake_target *f;
	unsigned levels;	/* 4 or 5 */
	uint64_t top;		/* physical address of the top table */
	uint64_t top_kernel;	/* the same by the direct map */
	uint64_t next;		/* physical memory for the next table */
};

/* An empty tree; its tables are taken from physical address 'phys' on, which
 * the kernel sees at 'direct' + phys. */
void pt_init(struct pgtable *p, struct fake_target *f, unsigned levels,
	     uint64_t direct, uint64_t phys);
/* Map a page of 'level' (1, 2, 3) with these entry bits beside PRESENT. */
void pt_map(struct pgtable *p, uint64_t addr, uint64_t frame, unsigned level,
	    uint64_t bits);
/* Set the entry of 'addr' on 'level' to anything; upper tables are made. */
void pt_set(struct pgtable *p, uint64_t addr, unsigned level, uint64_t entry);
/* Physical address of the table that holds the entry of 'addr' on 'level'. */
uint64_t pt_table(struct pgtable *p, uint64_t addr, unsigned level);

#endif
