// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pgtable.c - our own walk through x86_64 page tables, the kernel's:
 * pages of all sizes, what maps nothing, and which addresses need it.
 */
#include "unit.h"
#include "x86_builder.h"

#define VAREA		0xffffc90000400000ULL
#define VAREA5		0xffa0000000400000ULL
#define MODULE		0xffffffffc0400000ULL

/* ---- pages of all sizes -------------------------------------------------- */

static void pages_of_4k_2m_and_1g_on_4_levels(void **state)
{
	struct x86_kernel *x = *state;

	pt_map(&x->pt, VAREA, 0x123456000, 1, 0);
	pt_map(&x->pt, VAREA + (4ULL << 20), 0x40000000, 2, 0);
	pt_map(&x->pt, VMALLOC4 + (8ULL << 30), 0x80000000, 3, 0);
	assert_phys(x, VAREA, 0x123456000);
	assert_phys(x, VAREA + 0xabc, 0x123456abc);
	assert_phys(x, VAREA + (4ULL << 20) + 0x1abcde, 0x401abcde);
	assert_phys(x, VMALLOC4 + (8ULL << 30) + 0x3abcdef0, 0xbabcdef0);
}

static void pages_of_4k_2m_and_1g_on_5_levels(void **state)
{
	struct x86_kernel *x = *state;

	pt_map(&x->pt, VAREA5, 0x123456000, 1, 0);
	pt_map(&x->pt, VAREA5 + (4ULL << 20), 0x40000000, 2, 0);
	pt_map(&x->pt, VMALLOC5 + (8ULL << 30), 0x80000000, 3, 0);
	/* Far enough away to have an entry of its own on level 5. */
	pt_map(&x->pt, VMALLOC5 + (1ULL << 50), 0x7000, 1, 0);
	assert_phys(x, VAREA5 + 0xfff, 0x123456fff);
	assert_phys(x, VAREA5 + (4ULL << 20) + 0x1abcde, 0x401abcde);
	assert_phys(x, VMALLOC5 + (8ULL << 30) + 0x3abcdef0, 0xbabcdef0);
	assert_phys(x, VMALLOC5 + (1ULL << 50) + 8, 0x7008);
}

/* Protection keys, NX and software bits are above the frame's 52 bits. */
static void bits_beside_the_frame_are_not_part_of_the_address(void **state)
{
	struct x86_kernel *x = *state;

	pt_map(&x->pt, VAREA, 0x5000, 1, PT_NX | 0x7ff0000000000000ULL | 0xe62);
	pt_map(&x->pt, VAREA + (4ULL << 20), 0x40000000, 2,
	       PT_NX | PT_LARGE_PAT);
	pt_map(&x->pt, VMALLOC4 + (8ULL << 30), 0x80000000, 3,
	       PT_NX | PT_LARGE_PAT);
	assert_phys(x, VAREA + 1, 0x5001);
	assert_phys(x, VAREA + (4ULL << 20) + 0x1fff, 0x40001fff);
	assert_phys(x, VAREA + (4ULL << 20) + 0x1000, 0x40001000);
	assert_phys(x, VMALLOC4 + (8ULL << 30) + 0x10, 0x80000010);
}

/* Bit 7 of a 4 KiB page's entry is PAT, not "large". */
static void the_pat_bit_of_a_4k_page_is_harmless(void **state)
{
	struct x86_kernel *x = *state;

	pt_map(&x->pt, VAREA + FAKE_PAGE, 0x7000, 1, PT_LARGE);
	assert_phys(x, VAREA + FAKE_PAGE + 4, 0x7004);
}

static void the_frame_may_be_beyond_4_gib(void **state)
{
	struct x86_kernel *x = *state;

	pt_map(&x->pt, VAREA, 0xffffffffff000ULL, 1, 0);
	assert_phys(x, VAREA + 0x10, 0xffffffffff010ULL);
}

/* ---- what maps nothing --------------------------------------------------- */

static void an_empty_entry_on_any_level_is_not_present(void **state)
{
	struct x86_kernel *x = *state;

	pt_map(&x->pt, VAREA, 0x5000, 1, 0);
	assert_not(x, VAREA + FAKE_PAGE, VR_TR_NOT_PRESENT);
	assert_not(x, VAREA + (2ULL << 20), VR_TR_NOT_PRESENT);
	assert_not(x, VAREA + (1ULL << 30), VR_TR_NOT_PRESENT);
	assert_not(x, VAREA + (512ULL << 30), VR_TR_NOT_PRESENT);
}

static void an_entry_with_content_but_not_present_is_swapped(void **state)
{
	struct x86_kernel *x = *state;

	pt_set(&x->pt, VAREA, 1, 0x1234500ULL << 9);
	assert_not(x, VAREA, VR_TR_SWAPPED);
}

#define INVERTED(frame)	(~(frame) & 0x000ffffffffff000ULL)

/* What mprotect(PROT_NONE) and NUMA balancing leave of an entry; bit 1 is RW. */
static void a_page_that_nobody_may_touch_is_mapped(void **state)
{
	struct x86_kernel *x = *state;

	pt_set(&x->pt, VAREA, 1, INVERTED(0x5000ULL) | PT_PROTNONE | 0x62);
	pt_set(&x->pt, VAREA + 0x1000, 1, INVERTED(0ULL) | PT_PROTNONE | PT_NX);
	/* Kernels before the inversion. */
	pt_set(&x->pt, VAREA + 0x2000, 1, 0x7000 | PT_PROTNONE | PT_NX);
	assert_phys(x, VAREA + 0xabc, 0x5abc);
	assert_phys(x, VAREA + 0x1010, 0x10);
	assert_phys(x, VAREA + 0x2004, 0x7004);
}

static void so_are_large_ones(void **state)
{
	struct x86_kernel *x = *state;
	uint64_t area = VMALLOC4 + (8ULL << 30);

	pt_set(&x->pt, VAREA, 2, INVERTED(0x40000000ULL) | PT_PROTNONE | PT_LARGE);
	/* Being split: neither bit. */
	pt_set(&x->pt, VAREA + (2ULL << 20), 2, INVERTED(0x40200000ULL) | PT_LARGE);
	pt_set(&x->pt, area, 3, INVERTED(0x80000000ULL) | PT_PROTNONE | PT_LARGE);
	assert_phys(x, VAREA + 0x1abcde, 0x401abcde);
	assert_phys(x, VAREA + (2ULL << 20) + 8, 0x40200008);
	assert_phys(x, area + 0x3abcdef0, 0xbabcdef0);
}

/* Offset and type of a swap entry are inverted, too, above bit 8. */
static void swap_is_not_taken_for_a_page(void **state)
{
	struct x86_kernel *x = *state;

	pt_set(&x->pt, VAREA, 1, ~0x1ffULL);
	pt_set(&x->pt, VAREA + (2ULL << 20), 2, ~0x1ffULL);
	assert_not(x, VAREA, VR_TR_SWAPPED);
	assert_not(x, VAREA + (2ULL << 20), VR_TR_SWAPPED);
	/* Damaged: no table above has an entry that is not present. */
	pt_set(&x->pt, VMALLOC4 + (8ULL << 30), 3, 0x5000 | PT_PROTNONE);
	pt_set(&x->pt, VMALLOC4 + (1ULL << 39), 4, 0x5000 | PT_PROTNONE | PT_LARGE);
	assert_not(x, VMALLOC4 + (8ULL << 30), VR_TR_NOT_PRESENT);
	assert_not(x, VMALLOC4 + (1ULL << 39), VR_TR_NOT_PRESENT);
}

static void a_missing_table_is_told_from_an_empty_one(void **state)
{
	(void)state;
	for (unsigned level = 1; level <= 3; level++) {
		struct x86_kernel x = { .f = NULL };

		x86_start(&x, 4, DIRECT4);
		pt_map(&x.pt, VAREA, 0x5000, 1, 0);
		fake_drop(x.f, VR_PHYS, pt_table(&x.pt, VAREA, level));
		assert_not(&x, VAREA, VR_TR_NO_TABLE);
		x86_stop(&x);
	}
}

static void a_missing_top_table_is_no_table(void **state)
{
	struct x86_kernel *x = *state;

	pt_map(&x->pt, VAREA, 0x5000, 1, 0);
	fake_drop(x->f, VR_KERNEL, x->pt.top_kernel);
	assert_not(x, VAREA, VR_TR_NO_TABLE);
}

/*
 * Only bits 47..0 index the tables, but the hardware refuses an address whose
 * upper bits are not copies of bit 47: a damaged pointer must not be read as
 * the sound one that it resembles.
 */
static void an_address_that_is_not_canonical_maps_nothing(void **state)
{
	struct x86_kernel *x = *state;

	pt_map(&x->pt, VAREA, 0x5000, 1, 0);
	assert_phys(x, VAREA, 0x5000);
	assert_not(x, VAREA & 0x0000ffffffffffffULL, VR_TR_NOT_PRESENT);
	assert_not(x, (VAREA & 0x0000ffffffffffffULL) | 0x1234000000000000ULL,
		   VR_TR_NOT_PRESENT);
}

static void an_address_that_is_not_canonical_on_5_levels_neither(void **state)
{
	struct x86_kernel *x = *state;

	pt_map(&x->pt, VAREA5, 0x5000, 1, 0);
	assert_phys(x, VAREA5, 0x5000);
	assert_not(x, VAREA5 & 0x01ffffffffffffffULL, VR_TR_NOT_PRESENT);
}

/* ---- which addresses need it --------------------------------------------- */

static void the_direct_map_and_the_image_need_no_walk(void **state)
{
	struct x86_kernel *x = *state;

	assert_false(vr_needs_walk(&x->c, DIRECT4));
	assert_false(vr_needs_walk(&x->c, DIRECT4 + 0x123456789));
	assert_false(vr_needs_walk(&x->c, VMALLOC4 - 1));
	assert_false(vr_needs_walk(&x->c, IMAGE));
	assert_false(vr_needs_walk(&x->c, IMAGE_END - 1));
	assert_true(vr_needs_walk(&x->c, VMALLOC4));
	assert_true(vr_needs_walk(&x->c, VAREA));
	assert_true(vr_needs_walk(&x->c, IMAGE - 1));
	assert_true(vr_needs_walk(&x->c, IMAGE_END));
	assert_true(vr_needs_walk(&x->c, MODULE));
}

/* 3.10 has its direct map at another constant, and no variable. */
static void the_direct_map_of_old_kernels_needs_no_walk(void **state)
{
	struct x86_kernel *x = *state;

	assert_false(vr_needs_walk(&x->c, 0xffff8800da2f8000ULL));
	assert_false(vr_needs_walk(&x->c, 0xffff880000000000ULL));
	assert_true(vr_needs_walk(&x->c, 0xffff87ffffffffffULL));
}

static void randomised_bases_are_read_from_the_dump(void **state)
{
	struct x86_kernel *x = *state;

	x86_set_bases(x, 0xffff9c0000000000ULL, 0xffffb40000000000ULL);
	assert_true(vr_needs_walk(&x->c, DIRECT4));
	assert_false(vr_needs_walk(&x->c, 0xffff9c0000000000ULL));
	assert_false(vr_needs_walk(&x->c, 0xffffb3ffffffffffULL));
	assert_true(vr_needs_walk(&x->c, 0xffffb40000000000ULL));
}

static void bases_that_cannot_be_read_fall_back_to_the_constants(void **state)
{
	struct x86_kernel *x = *state;

	x86_set_bases(x, 0xffff9c0000000000ULL, 0xffffb40000000000ULL);
	fake_drop(x->f, VR_KERNEL, IMAGE + 0x200000);
	assert_false(vr_needs_walk(&x->c, DIRECT4));
	assert_true(vr_needs_walk(&x->c, VMALLOC4));
}

/* Without a randomised layout no variable tells: the kernel's top table does, which has
 * nothing of the direct map at the other place. */
static void without_a_variable_the_top_table_tells_the_base(void **state)
{
	struct x86_kernel *x = *state;
	uint64_t top = IMAGE + 0x100000, phys;

	fake_map(x->f, VR_KERNEL, top, 512 * 8);
	fake_symbol(x->f, "init_top_pgt", top);
	for (unsigned late = 0; late < 2; late++) {
		fake_u64(x->f, top + 272 * 8, late ? 0 : 0x1067);
		fake_u64(x->f, top + 273 * 8, late ? 0x1067 : 0);
		memset(&x->c.pg, 0, sizeof(x->c.pg));
		assert_int_equal(vr_virt_to_phys(&x->c, DIRECT4 + 0x12345000, &phys),
				 VR_TR_OK);
		assert_int_equal(phys, 0x12345000 + (late ? 0 : 1ULL << 39));
	}
}

static void other_architectures_are_left_to_the_target(void **state)
{
	struct x86_kernel *x = *state;
	uint64_t v;

	x->f->t.x86_64 = false;
	fake_u64(x->f, VAREA, 4711);
	assert_false(vr_needs_walk(&x->c, VAREA));
	assert_not(x, VAREA, VR_TR_UNKNOWN);
	assert_int_equal(vr_read(&x->c, VAREA, &v, 8), 0);
	assert_int_equal(v, 4711);
}

static void without_the_top_table_addresses_are_left_to_the_target(void **state)
{
	struct x86_kernel *x = *state;

	fake_no_symbols(x->f);
	assert_false(vr_needs_walk(&x->c, VAREA));
	assert_not(x, VAREA, VR_TR_UNKNOWN);
}

/* Something is read before the types tell where mm_struct.pgd is. */
static void the_walk_starts_once_pgd_is_known(void **state)
{
	struct x86_kernel *x = *state;

	x->c.layout.f[VR_MM_PGD].known = false;
	assert_false(vr_needs_walk(&x->c, VAREA));
	x->c.layout.f[VR_MM_PGD].known = true;
	assert_true(vr_needs_walk(&x->c, VAREA));
}

/* ---- reading ------------------------------------------------------------- */

static void a_read_crosses_from_one_frame_to_another(void **state)
{
	struct x86_kernel *x = *state;
	char buf[12];

	pt_map(&x->pt, MODULE, 0x9000000, 1, 0);
	pt_map(&x->pt, MODULE + FAKE_PAGE, 0x5000, 1, 0);
	fake_put(x->f, VR_PHYS, 0x9000ffa, "virtio", 6);
	fake_put(x->f, VR_PHYS, 0x5000, "-ring", 6);
	assert_int_equal(vr_read(&x->c, MODULE + 0xffa, buf, 12), 0);
	assert_string_equal(buf, "virtio-ring");
}

static void a_read_fails_when_its_second_page_is_missing(void **state)
{
	struct x86_kernel *x = *state;
	char buf[12];

	pt_map(&x->pt, MODULE, 0x9000000, 1, 0);
	fake_map(x->f, VR_PHYS, 0x9000000, FAKE_PAGE);
	assert_int_equal(vr_read(&x->c, MODULE + 0xffa, buf, 12), -1);
	/* Mapped, but the frame is not in the dump. */
	pt_map(&x->pt, MODULE + FAKE_PAGE, 0x5000, 1, 0);
	assert_int_equal(vr_read(&x->c, MODULE + 0xffa, buf, 12), -1);
	assert_int_equal(vr_read(&x->c, MODULE + 0xffa, buf, 6), 0);
}

static void a_translation_is_remembered(void **state)
{
	struct x86_kernel *x = *state;
	uint64_t reads;

	pt_map(&x->pt, VAREA, 0x5000, 1, 0);
	assert_phys(x, VAREA, 0x5000);
	reads = x->f->t.reads;
	assert_phys(x, VAREA + 8, 0x5008);
	assert_int_equal(x->f->t.reads, reads);
}

/* More pages than are remembered, back and forth. */
static void what_was_forgotten_is_walked_again(void **state)
{
	struct x86_kernel *x = *state;

	for (uint64_t i = 0; i < 100; i++)
		pt_map(&x->pt, VAREA + i * FAKE_PAGE, 0x100000 + (99 - i) * FAKE_PAGE,
		       1, 0);
	for (unsigned round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 100; i++)
			assert_phys(x, VAREA + i * FAKE_PAGE + i,
				    0x100000 + (99 - i) * FAKE_PAGE + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST4(pages_of_4k_2m_and_1g_on_4_levels),
		TEST5(pages_of_4k_2m_and_1g_on_5_levels),
		TEST4(bits_beside_the_frame_are_not_part_of_the_address),
		TEST4(the_pat_bit_of_a_4k_page_is_harmless),
		TEST4(the_frame_may_be_beyond_4_gib),
		TEST4(an_empty_entry_on_any_level_is_not_present),
		TEST4(an_entry_with_content_but_not_present_is_swapped),
		TEST4(a_page_that_nobody_may_touch_is_mapped),
		TEST4(so_are_large_ones),
		TEST4(swap_is_not_taken_for_a_page),
		TEST4(a_missing_table_is_told_from_an_empty_one),
		TEST4(a_missing_top_table_is_no_table),
		TEST4(an_address_that_is_not_canonical_maps_nothing),
		TEST5(an_address_that_is_not_canonical_on_5_levels_neither),
		TEST4(the_direct_map_and_the_image_need_no_walk),
		TEST4(the_direct_map_of_old_kernels_needs_no_walk),
		TEST4(randomised_bases_are_read_from_the_dump),
		TEST4(bases_that_cannot_be_read_fall_back_to_the_constants),
		TEST4(without_a_variable_the_top_table_tells_the_base),
		TEST4(other_architectures_are_left_to_the_target),
		TEST4(without_the_top_table_addresses_are_left_to_the_target),
		TEST4(the_walk_starts_once_pgd_is_known),
		TEST4(a_read_crosses_from_one_frame_to_another),
		TEST4(a_read_fails_when_its_second_page_is_missing),
		TEST4(a_translation_is_remembered),
		TEST4(what_was_forgotten_is_walked_again),
	};

	return cmocka_run_group_tests_name("pgtable", tests, NULL, NULL);
}
