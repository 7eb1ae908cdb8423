// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm64_builder.c - arm64 kernels and their page tables, entry by entry.
 *
 * Shifts and widths of each geometry are written out here by hand, from the
 * architecture's manual; nothing is computed as arch_arm64.c does it.
 */
#include "unit.h"
#include "arm64_builder.h"

#define TABLES		0x50000000ULL	/* physical */

const struct arm64_space arm64_spaces[ARM64_SPACES] = {
	{ "4K, 48", 4096, 48, 48, 4, { 12, 21, 30, 39 }, { 9, 9, 9, 9 },
	  0xffffa6d028000000ULL },
	{ "4K, 39", 4096, 39, 39, 3, { 12, 21, 30 }, { 9, 9, 9 },
	  0xffffffc008000000ULL },
	{ "16K, 36", 16384, 36, 36, 2, { 14, 25 }, { 11, 11 }, 0xfffffff808000000ULL },
	{ "16K, 47", 16384, 47, 47, 3, { 14, 25, 36 }, { 11, 11, 11 },
	  0xffffc00008000000ULL },
	{ "16K, 48", 16384, 48, 48, 4, { 14, 25, 36, 47 }, { 11, 11, 11, 1 },
	  0xffff800008000000ULL },
	{ "64K, 42", 65536, 42, 42, 2, { 16, 29 }, { 13, 13 }, 0xfffffe0008000000ULL },
	{ "64K, 48", 65536, 48, 48, 3, { 16, 29, 42 }, { 13, 13, 6 },
	  0xffff800008000000ULL },
	{ "64K, 52", 65536, 52, 52, 3, { 16, 29, 42 }, { 13, 13, 10 },
	  0xffff800008000000ULL },
	{ "4K, 52", 4096, 52, 52, 5, { 12, 21, 30, 39, 48 }, { 9, 9, 9, 9, 4 },
	  0xffff800080000000ULL },
	{ "16K, 52", 16384, 52, 52, 4, { 14, 25, 36, 47 }, { 11, 11, 11, 5 },
	  0xffffc00080000000ULL },
	/* Made for 52 bits, on machines without them. */
	{ "64K, 48 of 52", 65536, 52, 48, 3, { 16, 29, 42 }, { 13, 13, 10 },
	  0xffff800008000000ULL },
	{ "4K, 48 of 52", 4096, 52, 48, 4, { 12, 21, 30, 39 }, { 9, 9, 9, 9 },
	  0xffff800080000000ULL },
	{ "16K, 47 of 52", 16384, 52, 47, 3, { 14, 25, 36 }, { 11, 11, 11 },
	  0xffffc00080000000ULL },
};

const struct arm64_space *arm64_space(const char *name)
{
	for (unsigned i = 0; i < ARM64_SPACES; i++)
		if (!strcmp(arm64_spaces[i].name, name))
			return &arm64_spaces[i];
	fail_msg("no space %s", name);
	return NULL;
}

/* ---- a kernel -------------------------------------------------------------- */

void arm64_variable(struct arm64_kernel *x, const char *name, unsigned at, uint64_t v)
{
	fake_symbol(x->f, name, x->s->image + 0x200000 + at);
	fake_u64(x->f, x->s->image + 0x200000 + at, v);
}

void arm64_info(struct arm64_kernel *x, const char *text)
{
	uint64_t at = x->s->image + 0x300000;

	arm64_variable(x, "vmcoreinfo_data", 0, at);
	arm64_variable(x, "vmcoreinfo_size", 8, strlen(text));
	fake_put(x->f, VR_KERNEL, at, text, strlen(text));
}

uint64_t arm64_new_table(struct arm64_kernel *x)
{
	uint64_t at = x->next;

	x->next += x->s->page;
	fake_map(x->f, VR_PHYS, at, x->s->page);
	return at;
}

void arm64_start(struct arm64_kernel *x, const struct arm64_space *s)
{
	uint64_t init_mm = s->image + 0x100000;
	char text[200];

	memset(x, 0, sizeof(*x));
	x->s = s;
	x->f = fake_new();
	x->f->t.arm64 = true;
	x->c.t = &x->f->t;
	x->c.layout.f[VR_MM_PGD] = (struct vr_field){ .known = true,
		.offset = PGD_OFFSET, .size = 8 };
	x->next = TABLES;
	x->top = arm64_new_table(x);
	fake_map(x->f, VR_KERNEL, TOP_SEEN(x), s->page);
	fake_symbol(x->f, "_text", s->image);
	fake_symbol(x->f, "_end", s->image + (32 << 20));
	fake_symbol(x->f, "init_mm", init_mm);
	fake_u64(x->f, init_mm + PGD_OFFSET, TOP_SEEN(x));
	snprintf(text, sizeof(text), "OSRELEASE=6.1.0\nPAGESIZE=%u\n"
		 "NUMBER(VA_BITS)=%u\nNUMBER(kimage_voffset)=0xffff5a2fe8000000\n"
		 "NUMBER(TCR_EL1_T1SZ)=0x%x\n", s->page, s->built, 64 - s->bits);
	arm64_info(x, text);
	arm64_variable(x, "kimage_voffset", 16, s->image - RAM);
	arm64_variable(x, "memstart_addr", 24, RAM);
}

void arm64_stop(struct arm64_kernel *x)
{
	vr_arena_free(&x->c.arena);
	vr_arena_free(&x->c.scratch);
	fake_free(x->f);
}

/* ---- its page tables -------------------------------------------------------- */

uint64_t arm64_entry_at(struct arm64_kernel *x, uint64_t table, uint64_t addr,
			unsigned level)
{
	uint64_t n = addr >> x->s->shift[level - 1] & ((1U << x->s->width[level - 1]) - 1);

	return table + 8 * n;
}

void arm64_put_entry(struct arm64_kernel *x, uint64_t at, uint64_t top, uint64_t seen,
		     uint64_t entry)
{
	fake_phys64(x->f, at, entry);
	if (at - top < x->s->page)
		fake_u64(x->f, seen + at - top, entry);
}

uint64_t arm64_table_in(struct arm64_kernel *x, uint64_t top, uint64_t seen,
			uint64_t addr, unsigned level)
{
	uint64_t table = top, entry;

	for (unsigned at = x->s->levels; at > level; at--) {
		uint64_t where = arm64_entry_at(x, table, addr, at);

		assert_int_equal(x->f->t.read(&x->f->t, VR_PHYS, where, &entry, 8), 0);
		if (!entry) {
			entry = arm64_new_table(x) | A64_PAGE;
			arm64_put_entry(x, where, top, seen, entry);
		}
		table = entry & ~0xfffULL;
	}
	return table;
}

uint64_t arm64_table_of(struct arm64_kernel *x, uint64_t addr, unsigned level)
{
	return arm64_table_in(x, x->top, TOP_SEEN(x), addr, level);
}

void arm64_set(struct arm64_kernel *x, uint64_t addr, unsigned level, uint64_t entry)
{
	uint64_t table = arm64_table_of(x, addr, level);

	arm64_put_entry(x, arm64_entry_at(x, table, addr, level), x->top, TOP_SEEN(x),
			entry);
}
