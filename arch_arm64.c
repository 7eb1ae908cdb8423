// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arch_arm64.c - arm64's row of the table of architectures.
 *
 * Pages are of 4, 16 or 64 KiB and addresses have 36 to 52 bits, by the kernel's
 * configuration; one that was made for 52 runs with fewer where the machine has no
 * more.  VMCOREINFO tells, and the kernel has its text in memory: most kernels,
 * since crash itself opens few dumps without it.
 *
 * Pointer authentication signs addresses of code, which nothing here follows.
 */
#include <stdlib.h>
#include <string.h>

#include "vring.h"

#define VALID		(1ULL << 0)
#define TABLE		(1ULL << 1)	/* on level 1: a page, not reserved */
#define NG		(1ULL << 11)
#define PXN		(1ULL << 53)
#define OLD_PROTNONE	(1ULL << 58)
#define OLD_INVALID	(1ULL << 59)

#define MAX_INFO	8192	/* of VMCOREINFO */

/* ---- VMCOREINFO ---------------------------------------------------------- */

/* Read its text, with a NUL behind it; 0, or -1. */
static int read_info(struct vr_target *t, char text[MAX_INFO + 1])
{
	uint64_t at, size;

	if (t->symbol(t, "vmcoreinfo_data", &at) ||
	    vr_arch_variable(t, "vmcoreinfo_size", &size) ||
	    t->read(t, VR_KERNEL, at, text, 8))
		return -1;
	/* A pointer since 4.13, an array that starts with OSRELEASE= before. */
	if (memcmp(text, "OSRELEAS", 8))
		memcpy(&at, text, sizeof(at));
	if (!size || size > MAX_INFO)
		size = MAX_INFO;
	if (t->read(t, VR_KERNEL, at, text, size))
		return -1;
	text[size] = '\0';
	return 0;
}

/* The number on the line that starts with 'key', "=" included. */
static bool info_number(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	while (text) {
		if (!strncmp(text, key, len)) {
			*ret = strtoull(text + len, NULL, 0);
			return true;
		}
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return false;
}

/* ---- the address space ----------------------------------------------------- */

/* Where the upper half of the space starts when addresses have so many bits. */
static uint64_t from_top(unsigned bits)
{
	return ~0ULL << bits;
}

/* Page size and bits of an address; '*built' is what the kernel was made for. */
static int read_sizes(struct vr_target *t, struct vr_geometry *g, unsigned *built)
{
	char text[MAX_INFO + 1];
	uint64_t page, bits, unused, now;

	if (read_info(t, text) || !info_number(text, "PAGESIZE=", &page) ||
	    !info_number(text, "NUMBER(VA_BITS)=", &bits))
		return -1;
	if ((page != 4096 && page != 16384 && page != 65536) || bits < 36 || bits > 52)
		return -1;
	*built = (unsigned)bits;
	/* Since 5.9; before, kernels of 5.4 and later that can vary have a variable. */
	if (info_number(text, "NUMBER(TCR_EL1_T1SZ)=", &unused) && unused < 64)
		bits = 64 - unused;
	else if (!vr_arch_variable(t, "vabits_actual", &now))
		bits = now;
	if (bits < 36 || bits > *built)
		return -1;
	g->va_bits = (unsigned)bits;
	g->page_shift = page == 4096 ? 12 : page == 16384 ? 14 : 16;
	return 0;
}

static void set_tables(struct vr_geometry *g, unsigned built)
{
	unsigned top;

	g->level_bits = g->page_shift - 3;
	g->levels = (g->va_bits - g->page_shift + g->level_bits - 1) / g->level_bits;
	/* The top table is as big as the kernel was built for; the hardware is told
	 * to start in the middle of it. */
	top = built - (g->page_shift + (g->levels - 1) * g->level_bits);
	g->top_bits = top < g->level_bits ? top : g->level_bits;
	/* 1 GiB pages exist with 4 KiB pages only. */
	g->large_levels = g->page_shift == 12 ? 3 : 2;
	g->frame = ((1ULL << 48) - 1) & from_top(g->page_shift);
	if (g->page_shift == 16) {
		g->more = 0xf000;	/* bits 51 to 48 */
		g->more_shift = 36;
	} else if (g->va_bits > 48) {
		/* Such addresses come with another format of entries (LPA2). */
		g->frame |= 3ULL << 48;
		g->more = 0x300;	/* bits 51 and 50; else shareability */
		g->more_shift = 42;
	}
}

/*
 * Since 5.4 the direct map is the lower half, and all else is above it, as if
 * addresses had the fewest bits that this kernel may find; before it was the upper
 * half, and before 4.6 with the image in it.
 */
static int find_direct_map(struct vr_target *t, struct vr_geometry *g, unsigned built)
{
	unsigned fewest = built <= 48 ? built : g->page_shift == 14 ? 47 : 48;
	uint64_t middle = from_top(fewest - 1), start, addr, offset;

	if (g->image >= middle && !t->symbol(t, "kimage_voffset", &addr)) {
		g->direct = from_top(g->va_bits);
		g->direct_end = middle;
		start = from_top(built);
	} else {
		g->direct = start = middle;
		g->direct_end = ~0ULL;
	}
	/* 5.4 to 5.10: what to add to an address of it. */
	if (!vr_arch_variable(t, "physvirt_offset", &offset)) {
		g->direct_phys = g->direct + offset;
		return 0;
	}
	if (vr_arch_variable(t, "memstart_addr", &offset))
		return -1;
	g->direct_phys = g->direct - start + offset;
	return 0;
}

static int arm64_geometry(struct vr_target *t, struct vr_geometry *g)
{
	unsigned built;
	uint64_t addr;

	if (read_sizes(t, g, &built) || t->symbol(t, "_text", &g->image) ||
	    t->symbol(t, "_end", &g->image_end))
		return -1;
	set_tables(g, built);
	/* KASAN's hardware and software tags. */
	g->tagged = !t->symbol(t, "kasan_flag_enabled", &addr) ||
		    !t->symbol(t, "__hwasan_tag_memory", &addr);
	return find_direct_map(t, g, built);
}

/* ---- entries ------------------------------------------------------------------ */

/*
 * Is memory behind an entry that the hardware does not take, since nobody may touch
 * it for now (mprotect, NUMA balancing) or it is being split?  A page's entry keeps
 * its second bit then, which is 0 in one of swap.  A large page's has no such bit:
 * until 6.9 there is a bit for each of the two reasons, above all that an entry of
 * swap uses; since then there is one for both, NG, which an older one of swap may
 * have set too, but not together with PXN.
 */
static bool arm64_keeps(const struct vr_geometry *g, uint64_t entry, unsigned level)
{
	if (level == 1)
		return entry & TABLE && entry & (NG | OLD_PROTNONE);
	if (level > g->large_levels || entry & TABLE)
		return false;
	return entry & (OLD_PROTNONE | OLD_INVALID) || (entry & NG && entry & PXN);
}

static enum vr_pte arm64_decode(const struct vr_geometry *g, uint64_t entry,
				  unsigned level, uint64_t *addr)
{
	bool leads_on = level > 1 && entry & TABLE;

	if (!(entry & VALID)) {
		if (!arm64_keeps(g, entry, level))
			return entry && level <= 2 ? VR_PTE_SWAPPED :
						     VR_PTE_NOTHING;
	} else if (level == 1 ? !(entry & TABLE) :
				!leads_on && level > g->large_levels) {
		return VR_PTE_NOTHING;	/* reserved: the hardware faults */
	}
	*addr = (entry & g->frame) | (entry & g->more) << g->more_shift;
	return leads_on ? VR_PTE_TABLE : VR_PTE_PAGE;
}

/* Bit 55 says whose an address is.  Of a process's the hardware ignores the top
 * byte, of the kernel's only where it is used for tags. */
static bool arm64_address(const struct vr_geometry *g, bool user, uint64_t *addr)
{
	uint64_t plain = (uint64_t)((int64_t)(*addr << 8) >> 8);

	if (user || g->tagged)
		*addr = plain;
	return user ? *addr >> g->va_bits == 0 : *addr >= from_top(g->va_bits);
}

const struct vr_arch vr_arm64 = {
	.geometry = arm64_geometry,
	.decode = arm64_decode,
	.address = arm64_address,
};
