// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pgtable_sme.c - x86_64 page tables of hosts that encrypt their memory: each
 * entry has one bit more, which is no part of an address.
 */
#include "unit.h"
#include "x86_builder.h"

#define VAREA		0xffffc90000400000ULL
#define FRAME		0x000ffffffffff000ULL

/* A kernel whose variable says 'mask'. */
static void start(struct x86_kernel *x, uint64_t mask)
{
	memset(x, 0, sizeof(*x));
	x86_start(x, 4, DIRECT4);
	fake_symbol(x->f, "sme_me_mask", IMAGE + 0x200000);
	fake_u64(x->f, IMAGE + 0x200000, mask);
}

/* Set the bit in the entries above a page, from the lowest one up: the builder
 * would not find its way through them. */
static void encrypt_tables(struct x86_kernel *x, uint64_t addr, uint64_t bit)
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
		struct x86_kernel x;

		start(&x, bits[i]);
		pt_map(&x.pt, VAREA, 0x123456000, 1, bits[i] | PT_NX);
		pt_map(&x.pt, large, 0x40000000, 2, bits[i] | PT_NX);
		/* Some pages are shared with who cannot decrypt. */
		pt_map(&x.pt, VAREA + 0x1000, 0x7000, 1, 0);
		encrypt_tables(&x, VAREA, bits[i]);
		assert_phys(&x, VAREA + 8, 0x123456008);
		assert_phys(&x, VAREA + 0x1008, 0x7008);
		assert_phys(&x, large + 0x1abcde, 0x401abcde);
		x86_stop(&x);
	}
}

/* Inverted are the bits of an address only, of which this one is none. */
static void a_page_that_nobody_may_touch_is_mapped(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bits); i++) {
		uint64_t addresses = FRAME & ~bits[i];
		struct x86_kernel x;

		start(&x, bits[i]);
		pt_set(&x.pt, VAREA, 1, (~0x5000ULL & addresses) | bits[i] | PT_PROTNONE);
		pt_set(&x.pt, VAREA + 0x1000, 1, (~0x6000ULL & addresses) | PT_PROTNONE);
		/* Kernels before the inversion. */
		pt_set(&x.pt, VAREA + 0x2000, 1, 0x7000 | bits[i] | PT_PROTNONE);
		assert_phys(&x, VAREA + 8, 0x5008);
		assert_phys(&x, VAREA + 0x1008, 0x6008);
		assert_phys(&x, VAREA + 0x2008, 0x7008);
		x86_stop(&x);
	}
}

/* No such bit, or a damaged variable: all bits of a frame count. */
static void nonsense_is_not_believed(void **state)
{
	static const uint64_t nonsense[] = { 0, 0x1000, 1ULL << 31, 3ULL << 50, ~0ULL,
					     0x6b6b6b6b6b6b6b6bULL };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(nonsense); i++) {
		struct x86_kernel x;

		start(&x, nonsense[i]);
		pt_map(&x.pt, VAREA, FRAME, 1, 0);
		assert_phys(&x, VAREA + 8, FRAME + 8);
		x86_stop(&x);
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
