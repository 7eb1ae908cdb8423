// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pgtable.c - kernel virtual to physical addresses by our own page walk.
 *
 * crash's kvtop() reads page tables with FAULT_ON_ERROR, so a page table that
 * is missing from the dump ends the command by longjmp, and in minimal mode
 * crash does not know the vmalloc and module ranges at all.  This walk reads
 * physical memory only, through the seam, and just fails.
 *
 * What differs between architectures is in arch.c.
 */
#include "vring.h"

/* Where the page tables of this kernel are, and how they are read. */
static void find_tables(struct vr_ctx *c, struct vr_pgcache *pg)
{
	const struct vr_field *pgd = &c->layout.f[VR_MM_PGD];
	uint64_t init_mm;

	/* The first reads fetch the very types that tell where pgd is. */
	if (!pgd->known)
		return;
	pg->tried = true;
	pg->arch = vr_arch_of(c->t);
	if (!pg->arch || pgd->size != 8 || pg->arch->geometry(c->t, &pg->g))
		return;
	if (c->t->symbol(c->t, "init_mm", &init_mm) ||
	    c->t->read(c->t, VR_KERNEL, init_mm + pgd->offset, &pg->pgd, 8))
		return;
	pg->usable = pg->g.direct < pg->g.direct_end;
}

#define TLB	(sizeof(((struct vr_pgcache *)0)->tlb) / sizeof(((struct vr_pgcache *)0)->tlb[0]))

static bool cached(const struct vr_pgcache *pg, uint64_t mm, uint64_t addr,
		   uint64_t *ret)
{
	for (unsigned i = 0; i < TLB; i++) {
		uint64_t off = addr - pg->tlb[i].page;

		if (off < pg->tlb[i].size && pg->tlb[i].mm == mm) {
			*ret = pg->tlb[i].frame + off;
			return true;
		}
	}
	return false;
}

static void remember(struct vr_pgcache *pg, uint64_t mm, uint64_t addr,
		     uint64_t frame, uint64_t size)
{
	unsigned n = pg->next++ % TLB;

	pg->tlb[n].mm = mm;
	pg->tlb[n].page = addr & ~(size - 1);
	pg->tlb[n].frame = frame & ~(size - 1);
	pg->tlb[n].size = size;
}

/* How much memory a table of single pages maps. */
static uint64_t table_span(const struct vr_geometry *g)
{
	return 1ULL << (g->page_shift + g->level_bits);
}

/* The table of the single pages around an address, if a walk has met it; 0: no. */
static uint64_t cached_table(const struct vr_pgcache *pg, uint64_t mm, uint64_t addr)
{
	for (unsigned i = 0; i < TLB; i++)
		if (pg->tables[i].size && pg->tables[i].mm == mm &&
		    addr - pg->tables[i].page < pg->tables[i].size)
			return pg->tables[i].frame;
	return 0;
}

static void remember_table(struct vr_pgcache *pg, uint64_t mm, uint64_t addr,
			   uint64_t table)
{
	unsigned n = pg->next_table++ % TLB;

	pg->tables[n].mm = mm;
	pg->tables[n].size = table_span(&pg->g);
	pg->tables[n].page = addr & ~(pg->tables[n].size - 1);
	pg->tables[n].frame = table;
}

/* Walk down from the table of 'level' at 'table'. */
static enum vr_translation walk(struct vr_ctx *c, uint64_t mm, enum vr_space space,
				uint64_t table, unsigned level, uint64_t addr,
				uint64_t *ret)
{
	const struct vr_geometry *g = &c->pg.g;

	for (; level; level--) {
		unsigned shift = g->page_shift + (level - 1) * g->level_bits;
		unsigned bits = level == g->levels ? g->top_bits : g->level_bits;
		uint64_t index = (addr >> shift) & ((1U << bits) - 1);
		uint64_t entry, size = 1ULL << shift;

		if (c->t->read(c->t, space, table + index * 8, &entry, 8))
			return VR_TR_NO_TABLE;
		space = VR_PHYS;
		switch (c->pg.arch->decode(g, entry, level, &table)) {
		case VR_PTE_NOTHING:
			return VR_TR_NOT_PRESENT;
		case VR_PTE_SWAPPED:
			return VR_TR_SWAPPED;
		case VR_PTE_PAGE:
			*ret = (table & ~(size - 1)) | (addr & (size - 1));
			remember(&c->pg, mm, addr, *ret, size);
			return VR_TR_OK;
		case VR_PTE_TABLE:
			if (level == 2)
				remember_table(&c->pg, mm, addr, table);
		}
	}
	return VR_TR_NOT_PRESENT;
}

static bool usable(struct vr_ctx *c)
{
	if (!c->pg.tried)
		find_tables(c, &c->pg);
	return c->pg.usable;
}

/* Of the kernel (mm 0), or of a process, whose top table is looked up when needed. */
static enum vr_translation translate(struct vr_ctx *c, uint64_t mm, uint64_t addr,
				     uint64_t *ret)
{
	uint64_t pgd = c->pg.pgd, table;

	if (!c->pg.arch->address(&c->pg.g, mm != 0, &addr))
		return VR_TR_NOT_PRESENT;
	if (cached(&c->pg, mm, addr, ret))
		return VR_TR_OK;
	table = cached_table(&c->pg, mm, addr);
	if (table)
		return walk(c, mm, VR_PHYS, table, 1, addr, ret);
	if (mm && vr_read(c, mm + c->layout.f[VR_MM_PGD].offset, &pgd, sizeof(pgd)))
		return VR_TR_NO_TABLE;
	return walk(c, mm, VR_KERNEL, vr_untagged(c, pgd), c->pg.g.levels, addr, ret);
}

enum vr_translation vr_virt_to_phys(struct vr_ctx *c, uint64_t addr,
				    uint64_t *ret)
{
	const struct vr_geometry *g = &c->pg.g;

	if (!usable(c))
		return VR_TR_UNKNOWN;
	addr = vr_untagged(c, addr);
	/* The direct map is what its name says. */
	if (addr >= g->direct && addr < g->direct_end) {
		*ret = addr - g->direct + g->direct_phys;
		return VR_TR_OK;
	}
	return translate(c, 0, addr, ret);
}

enum vr_translation vr_user_to_phys(struct vr_ctx *c, uint64_t mm, uint64_t addr,
				    uint64_t *ret)
{
	if (!usable(c))
		return VR_TR_UNKNOWN;
	return translate(c, mm, addr, ret);
}

enum vr_translation vr_read_user(struct vr_ctx *c, uint64_t mm, uint64_t addr,
				 void *buf, size_t len)
{
	uint8_t *p = buf;

	if (!usable(c))
		return VR_TR_UNKNOWN;
	while (len) {
		uint64_t page = 1ULL << c->pg.g.page_shift, phys;
		size_t n = page - addr % page;
		enum vr_translation r;

		if (n > len)
			n = len;
		r = vr_user_to_phys(c, mm, addr, &phys);
		if (r != VR_TR_OK)
			return r;
		if (c->t->read(c->t, VR_PHYS, phys, p, n))
			return VR_TR_NO_PAGE;
		addr += n;
		p += n;
		len -= n;
	}
	return VR_TR_OK;
}

uint64_t vr_untagged(struct vr_ctx *c, uint64_t addr)
{
	if (usable(c) && c->pg.g.tagged)
		c->pg.arch->address(&c->pg.g, false, &addr);
	return addr;
}

bool vr_needs_walk(struct vr_ctx *c, uint64_t addr)
{
	const struct vr_geometry *g = &c->pg.g;

	if (!usable(c))
		return false;
	return !(addr >= g->direct && addr < g->direct_end) &&
	       !(addr >= g->image && addr < g->image_end);
}
