// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pgtable.c - kernel virtual to physical addresses by our own page walk.
 *
 * crash's kvtop() reads page tables with FAULT_ON_ERROR, so a page table that
 * is missing from the dump ends the command by longjmp, and in minimal mode
 * crash does not know the vmalloc and module ranges at all.  This walk reads
 * physical memory only, through the seam, and just fails.
 *
 * To add an architecture: give its geometry in geometry(), its entry bits in
 * walk(), and set the flag in target_crash.c.
 */
#include "vring.h"

#define PTE_PRESENT	0x1ULL
#define PTE_LARGE	0x80ULL
#define PTE_PROTNONE	0x100ULL	/* where PRESENT is not set */
#define PTE_FRAME	0x000ffffffffff000ULL
#define PTE_TOP		0x0008000000000000ULL	/* of the frame's bits */
#define PAGE_SHIFT	12
#define PAGE_SIZE	(1ULL << PAGE_SHIFT)
#define LEVEL_BITS	9
#define TABLE_SPAN	(PAGE_SIZE << LEVEL_BITS)

/* Defaults of kernels without a randomised memory layout. */
#define DIRECT_BASE	0xffff880000000000ULL	/* 0xffff8880... since 4.20 */
#define VMALLOC_BASE	0xffffc90000000000ULL

/* A variable of the kernel image; those never need page tables to be read. */
static int image_u64(struct vr_ctx *c, const char *symbol, uint64_t *ret)
{
	uint64_t addr;

	if (c->t->symbol(c->t, symbol, &addr))
		return -1;
	return c->t->read(c->t, VR_KERNEL, addr, ret, sizeof(*ret));
}

static void geometry(struct vr_ctx *c, struct vr_pgcache *pg)
{
	const struct vr_field *pgd = &c->layout.f[VR_MM_PGD];
	uint64_t init_mm;

	/* The first reads fetch the very types that tell where pgd is. */
	if (!pgd->known)
		return;
	pg->tried = true;
	if (!c->t->x86_64 || pgd->size != 8)
		return;
	/* The bases are variables since 4.8 (randomised memory sections). */
	if (image_u64(c, "page_offset_base", &pg->direct))
		pg->direct = DIRECT_BASE;
	if (image_u64(c, "vmalloc_base", &pg->direct_end))
		pg->direct_end = VMALLOC_BASE;
	/* A direct map below the canonical 48-bit half means five levels. */
	pg->levels = pg->direct >> 47 == 0x1ffff ? 4 : 5;
	if (c->t->symbol(c->t, "_text", &pg->image) ||
	    c->t->symbol(c->t, "_end", &pg->image_end))
		pg->image = pg->image_end = 0;
	if (c->t->symbol(c->t, "init_mm", &init_mm) ||
	    c->t->read(c->t, VR_KERNEL, init_mm + pgd->offset, &pg->pgd, 8))
		return;
	pg->usable = pg->direct < pg->direct_end;
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

/* The table of the 4 KiB pages around an address, if a walk has met it; 0: no. */
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
	pg->tables[n].page = addr & ~(TABLE_SPAN - 1);
	pg->tables[n].frame = table;
	pg->tables[n].size = TABLE_SPAN;
}

/*
 * Does an entry of this level map something?  Linux keeps pages that nobody may
 * touch for now (mprotect, NUMA balancing) under an entry that is not present for
 * the hardware; PROTNONE tells it from one of swap.  A large page that is being
 * split has neither bit for a moment, but is still LARGE.
 */
static bool maps(uint64_t entry, unsigned level)
{
	if (entry & PTE_PRESENT)
		return true;
	return level == 1 ? entry & PTE_PROTNONE : level <= 3 && entry & PTE_LARGE;
}

/*
 * Since 4.18 (and in older kernels with its fix for L1TF) such an entry has its
 * frame's bits inverted, so that speculation finds no memory there.  No machine
 * has memory at the top of what a frame can name, so its top bit tells.
 */
static uint64_t frame_of(uint64_t entry)
{
	if (!(entry & PTE_PRESENT) && (entry & PTE_TOP))
		entry = ~entry;
	return entry & PTE_FRAME;
}

/* Is it an address at all, whose upper bits are copies of the last one that counts? */
static bool canonical(const struct vr_pgcache *pg, uint64_t addr)
{
	unsigned unused = 64 - PAGE_SHIFT - pg->levels * LEVEL_BITS;

	return (uint64_t)((int64_t)(addr << unused) >> unused) == addr;
}

/* Walk down from the table of 'level' at 'table'. */
static enum vr_translation walk(struct vr_ctx *c, uint64_t mm, enum vr_space space,
				uint64_t table, unsigned level, uint64_t addr,
				uint64_t *ret)
{
	for (; level; level--) {
		unsigned shift = PAGE_SHIFT + (level - 1) * LEVEL_BITS;
		uint64_t index = (addr >> shift) & ((1U << LEVEL_BITS) - 1);
		uint64_t entry, size = 1ULL << shift;

		if (c->t->read(c->t, space, table + index * 8, &entry, 8))
			return VR_TR_NO_TABLE;
		/* A large page's entry may be one of swap while the page moves. */
		if (!maps(entry, level))
			return entry && level <= 2 ? VR_TR_SWAPPED :
						     VR_TR_NOT_PRESENT;
		table = frame_of(entry);
		space = VR_PHYS;
		/* 1 GiB pages on level 3, 2 MiB pages on level 2. */
		if (level == 1 || (level <= 3 && (entry & PTE_LARGE))) {
			*ret = (table & ~(size - 1)) | (addr & (size - 1));
			remember(&c->pg, mm, addr, *ret, size);
			return VR_TR_OK;
		}
		if (level == 2)
			remember_table(&c->pg, mm, addr, table);
	}
	return VR_TR_NOT_PRESENT;
}

static bool usable(struct vr_ctx *c)
{
	if (!c->pg.tried)
		geometry(c, &c->pg);
	return c->pg.usable;
}

/* Of the kernel (mm 0), or of a process, whose 'pgd' is looked up when needed. */
static enum vr_translation translate(struct vr_ctx *c, uint64_t mm, uint64_t pgd,
				     uint64_t addr, uint64_t *ret)
{
	uint64_t table;

	if (cached(&c->pg, mm, addr, ret))
		return VR_TR_OK;
	if (!canonical(&c->pg, addr))
		return VR_TR_NOT_PRESENT;
	table = cached_table(&c->pg, mm, addr);
	if (table)
		return walk(c, mm, VR_PHYS, table, 1, addr, ret);
	if (mm && vr_read(c, mm + c->layout.f[VR_MM_PGD].offset, &pgd, sizeof(pgd)))
		return VR_TR_NO_TABLE;
	return walk(c, mm, VR_KERNEL, pgd, c->pg.levels, addr, ret);
}

enum vr_translation vr_virt_to_phys(struct vr_ctx *c, uint64_t addr,
				    uint64_t *ret)
{
	if (!usable(c))
		return VR_TR_UNKNOWN;
	/* The direct map is what its name says. */
	if (addr >= c->pg.direct && addr < c->pg.direct_end) {
		*ret = addr - c->pg.direct;
		return VR_TR_OK;
	}
	return translate(c, 0, c->pg.pgd, addr, ret);
}

enum vr_translation vr_user_to_phys(struct vr_ctx *c, uint64_t mm, uint64_t addr,
				    uint64_t *ret)
{
	if (!usable(c))
		return VR_TR_UNKNOWN;
	return translate(c, mm, 0, addr, ret);
}

enum vr_translation vr_read_user(struct vr_ctx *c, uint64_t mm, uint64_t addr,
				 void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		size_t n = PAGE_SIZE - addr % PAGE_SIZE;
		enum vr_translation r;
		uint64_t phys;

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

bool vr_needs_walk(struct vr_ctx *c, uint64_t addr)
{
	const struct vr_pgcache *pg = &c->pg;

	if (!usable(c))
		return false;
	return !(addr >= pg->direct && addr < pg->direct_end) &&
	       !(addr >= pg->image && addr < pg->image_end);
}
