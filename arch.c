// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arch.c - the table of architectures, and x86_64's row of it.
 *
 * To add one: give its row a file like arch_arm64.c, a flag in struct vr_target
 * that target_crash.c sets, and a line in vr_arch_of().
 */
#include "vring.h"

#define PRESENT		0x1ULL
#define LARGE		0x80ULL
#define PROTNONE	0x100ULL	/* where PRESENT is not set */
#define FRAME		0x000ffffffffff000ULL

/* Defaults of kernels without a randomised memory layout. */
#define DIRECT_BASE	0xffff880000000000ULL
#define DIRECT_BASE_4_20	0xffff888000000000ULL	/* a top-level entry further on */
#define VMALLOC_BASE	0xffffc90000000000ULL

int vr_arch_variable(struct vr_target *t, const char *symbol, uint64_t *ret)
{
	uint64_t addr;

	if (t->symbol(t, symbol, &addr))
		return -1;
	return t->read(t, VR_KERNEL, addr, ret, sizeof(*ret));
}

/*
 * On AMD's machines one bit of the address in an entry says that the memory is
 * encrypted (SME, SEV).  The kernel keeps it in a variable since 4.14.
 */
static uint64_t encryption_bit(struct vr_target *t)
{
	uint64_t bit;

	if (vr_arch_variable(t, "sme_me_mask", &bit) || bit & (bit - 1) ||
	    bit < 1ULL << 32)
		return 0;
	return bit;
}

/* Where the direct map begins that no variable tells of: which of the two places the
 * kernel's own top-level table has an entry for.  (A process's may use the other one.) */
static uint64_t fixed_direct_base(struct vr_target *t)
{
	uint64_t table, entry[2], first = DIRECT_BASE >> 39 & 511;

	if (t->symbol(t, "init_top_pgt", &table) ||	/* 4.13 */
	    t->read(t, VR_KERNEL, table + first * sizeof(entry[0]), entry, sizeof(entry)))
		return DIRECT_BASE;
	return !(entry[0] & PRESENT) && (entry[1] & PRESENT) ? DIRECT_BASE_4_20 : DIRECT_BASE;
}

static int x86_geometry(struct vr_target *t, struct vr_geometry *g)
{
	/* The bases are variables since 4.8, where memory sections can be randomised. */
	if (vr_arch_variable(t, "page_offset_base", &g->direct))
		g->direct = fixed_direct_base(t);
	if (vr_arch_variable(t, "vmalloc_base", &g->direct_end))
		g->direct_end = VMALLOC_BASE;
	if (t->symbol(t, "_text", &g->image) || t->symbol(t, "_end", &g->image_end))
		g->image = g->image_end = 0;
	g->page_shift = 12;
	g->level_bits = g->top_bits = 9;
	/* A direct map below the canonical 48-bit half means five levels. */
	g->levels = g->direct >> 47 == 0x1ffff ? 4 : 5;
	g->va_bits = g->page_shift + g->levels * g->level_bits;
	/* 2 MiB pages on level 2, 1 GiB pages on level 3. */
	g->large_levels = 3;
	g->frame = FRAME & ~encryption_bit(t);
	return 0;
}

/*
 * Does an entry of this level map something?  Linux keeps pages that nobody may
 * touch for now (mprotect, NUMA balancing) under an entry that is not present for
 * the hardware; PROTNONE tells it from one of swap.  A large page that is being
 * split has neither bit for a moment, but is still LARGE.
 */
static bool x86_maps(const struct vr_geometry *g, uint64_t entry, unsigned level)
{
	if (entry & PRESENT)
		return true;
	return level == 1 ? entry & PROTNONE :
			    level <= g->large_levels && entry & LARGE;
}

/*
 * Since 4.18 (and in older kernels with its fix for L1TF) such an entry has its
 * frame's bits inverted, so that speculation finds no memory there.  No machine
 * has memory at the top of what a frame can name, so its top bit tells.
 */
static uint64_t x86_frame(const struct vr_geometry *g, uint64_t entry)
{
	uint64_t top = 1ULL << (63 - __builtin_clzll(g->frame));

	if (!(entry & PRESENT) && (entry & top))
		entry = ~entry;
	return entry & g->frame;
}

static enum vr_pte x86_decode(const struct vr_geometry *g, uint64_t entry,
				unsigned level, uint64_t *addr)
{
	/* A large page's entry may be one of swap while the page moves. */
	if (!x86_maps(g, entry, level))
		return entry && level <= 2 ? VR_PTE_SWAPPED : VR_PTE_NOTHING;
	*addr = x86_frame(g, entry);
	if (level == 1 || (level <= g->large_levels && entry & LARGE))
		return VR_PTE_PAGE;
	return VR_PTE_TABLE;
}

/* The upper bits are copies of the last one that counts. */
static bool x86_address(const struct vr_geometry *g, bool user, uint64_t *addr)
{
	unsigned unused = 64 - g->va_bits;

	(void)user;
	return (uint64_t)((int64_t)(*addr << unused) >> unused) == *addr;
}

static const struct vr_arch x86_64 = {
	.geometry = x86_geometry,
	.decode = x86_decode,
	.address = x86_address,
};

const struct vr_arch *vr_arch_of(const struct vr_target *t)
{
	return t->x86_64 ? &x86_64 : t->arm64 ? &vr_arm64 : NULL;
}
