// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pgtable_builder.c - page tables, entry by entry.
 */
#include "unit.h"
#include "pgtable_builder.h"

static uint64_t new_table(struct pgtable *p)
{
	uint64_t at = p->next;

	p->next += FAKE_PAGE;
	fake_map(p->f, VR_PHYS, at, FAKE_PAGE);
	return at;
}

void pt_init(struct pgtable *p, struct fake_target *f, unsigned levels,
	     uint64_t direct, uint64_t phys)
{
	*p = (struct pgtable){ .f = f, .levels = levels, .next = phys };
	p->top = new_table(p);
	p->top_kernel = direct + p->top;
	fake_map(f, VR_KERNEL, p->top_kernel, FAKE_PAGE);
}

static uint64_t index_of(uint64_t addr, unsigned level)
{
	return addr >> (12 + 9 * (level - 1)) & 511;
}

static uint64_t read_entry(struct pgtable *p, uint64_t at)
{
	uint64_t v;

	assert_int_equal(p->f->t.read(&p->f->t, VR_PHYS, at, &v, 8), 0);
	return v;
}

static void write_entry(struct pgtable *p, uint64_t table, uint64_t index,
			uint64_t entry)
{
	fake_phys64(p->f, table + 8 * index, entry);
	if (table == p->top)
		fake_u64(p->f, p->top_kernel + 8 * index, entry);
}

uint64_t pt_table(struct pgtable *p, uint64_t addr, unsigned level)
{
	uint64_t table = p->top;

	for (unsigned at = p->levels; at > level; at--) {
		uint64_t index = index_of(addr, at);
		uint64_t entry = read_entry(p, table + 8 * index);

		if (!entry) {
			entry = new_table(p) | PT_WRITE | PT_PRESENT;
			write_entry(p, table, index, entry);
		}
		table = entry & 0x000ffffffffff000ULL;
	}
	return table;
}

void pt_set(struct pgtable *p, uint64_t addr, unsigned level, uint64_t entry)
{
	write_entry(p, pt_table(p, addr, level), index_of(addr, level), entry);
}

void pt_map(struct pgtable *p, uint64_t addr, uint64_t frame, unsigned level,
	    uint64_t bits)
{
	pt_set(p, addr, level, frame | bits | PT_PRESENT |
	       (level > 1 ? PT_LARGE : 0));
}
