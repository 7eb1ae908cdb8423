// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pgtable_sme.c - x86_64 page tables of hosts that encrypt their memory: each
 * entry has one bit more, which is no part of an address.
 */
#include "unit.h"
#include "pgtable_builder.h"

#define PGD_OFFSET	80u
#define IMAGE		0xffffffff81000000ULL
#define DIRECT		0xffff888000000000ULL
#define VAREA		0xffffc90000400000ULL
#define FRAME		0x000ffffffffff000ULL

struct fixture {
	struct fake_target *f;
	struct vr_ctx c;
	struct pgtable pt;
};

/* A kernel whose variable says 'mask'. */
static void start(struct fixture *x, uint64_t mask)
{
	memset(x, 0, sizeof(*x));
	x->f = fake_new();
	x->f->t.x86_64 = true;
	x->c.t = &x->f->t;
	x->c.layout.f[VR_MM_PGD] = (struct vr_field){ .known = true,
		.offset = PGD_OFFSET, .size = 8 };
	fake_symbol(x->f, "_text", IMAGE);
	fake_symbol(x->f, "_end", IMAGE + (32 << 20));
	fake_symbol(x->f, "init_mm", IMAGE + 0x100000);
	fake_symbol(x->f, "sme_me_mask", IMAGE + 0x200000);
	fake_u64(x->f, IMAGE + 0x200000, mask);
	pt_init(&x->pt, x->f, 4, DIRECT, 0x1000000);
	fake_u64(x->f, IMAGE + 0x100000 + PGD_OFFSET, x->pt.top_kernel);
}

static void stop(struct fixture *x)
{
	vr_arena_free(&x->c.arena);
	vr_arena_free(&x->c.scratch);
	fake_free(x->f);
}

static void assert_phys(struct fixture *x, uint64_t addr, uint64_t want)
{
	uint64_t phys = ~0ULL;

	assert_int_equal(vr_virt_to_phys(&x->c, addr, &phys), VR_TR_OK);
	assert_int_equal(phys, want);
}

/* Set the bit in the entries above a page, from the lowest one up: the builder
 * would not find its way through them. */
static void encrypt_tables(struct fixture *x, uint64_t addr, uint64_t bit)
{
	uint64_t tables[5];

	for (unsigned level = 1; level <= 3; level++)
		tables[level] = pt_table(&x->pt, addr, level);
	for (unsigned level = 2; level <= 4; level++)
		pt_set(&x->pt, addr, level, tables[level - 1] | PT_WRITE | PT_PRESENT | bit);
}

/* Bit 47 on the first machines that could, 51 on later ones. */
static const uint64_t bits[] = { 1ULL << 47, 1ULL << 51 };

static void the_encryption_bit_is_not_part_of_an_address(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bits); i++) {
		uint64_t large = VAREA + (8ULL << 30);
		struct fixture x;

		start(&x, bits[i]);
		pt_map(&x.pt, VAREA, 0x123456000, 1, bits[i] | PT_NX);
		pt_map(&x.pt, large, 0x40000000, 2, bits[i] | PT_NX);
		/* Some pages are shared with who cannot decrypt. */
		pt_map(&x.pt, VAREA + 0x1000, 0x7000, 1, 0);
		encrypt_tables(&x, VAREA, bits[i]);
		assert_phys(&x, VAREA + 8, 0x123456008);
		assert_phys(&x, VAREA + 0x1008, 0x7008);
		assert_phys(&x, large + 0x1abcde, 0x401abcde);
		stop(&x);
	}
}

/* Inverted are the bits of an address only, of which this one is none. */
static void a_page_that_nobody_may_touch_is_mapped(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bits); i++) {
		uint64_t addresses = FRAME & ~bits[i];
		struct fixture x;

		start(&x, bits[i]);
		pt_set(&x.pt, VAREA, 1, (~0x5000ULL & addresses) | bits[i] | PT_PROTNONE);
		pt_set(&x.pt, VAREA + 0x1000, 1, (~0x6000ULL & addresses) | PT_PROTNONE);
		/* Kernels before the inversion. */
		pt_set(&x.pt, VAREA + 0x2000, 1, 0x7000 | bits[i] | PT_PROTNONE);
		assert_phys(&x, VAREA + 8, 0x5008);
		assert_phys(&x, VAREA + 0x1008, 0x6008);
		assert_phys(&x, VAREA + 0x2008, 0x7008);
		stop(&x);
	}
}

/* No such bit, or a damaged variable: all bits of a frame count. */
static void nonsense_is_not_believed(void **state)
{
	static const uint64_t nonsense[] = { 0, 0x1000, 1ULL << 31, 3ULL << 50, ~0ULL,
					     0x6b6b6b6b6b6b6b6bULL };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(nonsense); i++) {
		struct fixture x;

		start(&x, nonsense[i]);
		pt_map(&x.pt, VAREA, FRAME, 1, 0);
		assert_phys(&x, VAREA + 8, FRAME + 8);
		stop(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_encryption_bit_is_not_part_of_an_address),
		cmocka_unit_test(a_page_that_nobody_may_touch_is_mapped),
		cmocka_unit_test(nonsense_is_not_believed),
	};

	return cmocka_run_group_tests_name("pgtable_sme", tests, NULL, NULL);
}
