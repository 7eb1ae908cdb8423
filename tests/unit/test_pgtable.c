// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pgtable.c - our own walk through x86_64 page tables.
 */
#include "unit.h"
#include "pgtable_builder.h"

#define PGD_OFFSET	80u
#define IMAGE		0xffffffff81000000ULL
#define IMAGE_END	0xffffffff83000000ULL
#define DIRECT4		0xffff888000000000ULL
#define DIRECT5		0xff11000000000000ULL
#define VMALLOC4	0xffffc90000000000ULL
#define VMALLOC5	0xffa0000000000000ULL
#define TABLES		0x1000000ULL	/* physical, of the kernel's tables */
#define USER_TABLES	0x2000000ULL
#define VAREA		0xffffc90000400000ULL
#define VAREA5		0xffa0000000400000ULL
#define MODULE		0xffffffffc0400000ULL

struct fixture {
	struct fake_target *f;
	struct vr_ctx c;
	struct pgtable pt;
};

static void start(struct fixture *x, unsigned levels, uint64_t direct)
{
	uint64_t init_mm = IMAGE + 0x100000;

	x->f = fake_new();
	x->f->t.x86_64 = true;
	x->c.t = &x->f->t;
	x->c.layout.f[VR_MM_PGD] = (struct vr_field){ .known = true,
		.offset = PGD_OFFSET, .size = 8 };
	fake_symbol(x->f, "_text", IMAGE);
	fake_symbol(x->f, "_end", IMAGE_END);
	fake_symbol(x->f, "init_mm", init_mm);
	pt_init(&x->pt, x->f, levels, direct, TABLES);
	fake_u64(x->f, init_mm + PGD_OFFSET, x->pt.top_kernel);
}

/* Kernels since 4.8 keep the bases in variables. */
static void set_bases(struct fixture *x, uint64_t direct, uint64_t vmalloc)
{
	fake_symbol(x->f, "page_offset_base", IMAGE + 0x200000);
	fake_u64(x->f, IMAGE + 0x200000, direct);
	fake_symbol(x->f, "vmalloc_base", IMAGE + 0x200008);
	fake_u64(x->f, IMAGE + 0x200008, vmalloc);
}

static int setup4(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	start(x, 4, DIRECT4);
	*state = x;
	return 0;
}

static int setup5(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	start(x, 5, DIRECT5);
	set_bases(x, DIRECT5, VMALLOC5);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	vr_arena_free(&x->c.arena);
	vr_arena_free(&x->c.scratch);
	fake_free(x->f);
	free(x);
	return 0;
}

static void assert_phys(struct fixture *x, uint64_t addr, uint64_t want)
{
	uint64_t phys = ~0ULL;

	assert_int_equal(vr_virt_to_phys(&x->c, addr, &phys), VR_TR_OK);
	assert_int_equal(phys, want);
}

static void assert_not(struct fixture *x, uint64_t addr, enum vr_translation why)
{
	uint64_t phys;

	assert_int_equal(vr_virt_to_phys(&x->c, addr, &phys), why);
}

/* ---- pages of all sizes -------------------------------------------------- */

static void pages_of_4k_2m_and_1g_on_4_levels(void **state)
{
	struct fixture *x = *state;

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
	struct fixture *x = *state;

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
	struct fixture *x = *state;

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
	struct fixture *x = *state;

	pt_map(&x->pt, VAREA + FAKE_PAGE, 0x7000, 1, PT_LARGE);
	assert_phys(x, VAREA + FAKE_PAGE + 4, 0x7004);
}

static void the_frame_may_be_beyond_4_gib(void **state)
{
	struct fixture *x = *state;

	pt_map(&x->pt, VAREA, 0xffffffffff000ULL, 1, 0);
	assert_phys(x, VAREA + 0x10, 0xffffffffff010ULL);
}

/* ---- what maps nothing --------------------------------------------------- */

static void an_empty_entry_on_any_level_is_not_present(void **state)
{
	struct fixture *x = *state;

	pt_map(&x->pt, VAREA, 0x5000, 1, 0);
	assert_not(x, VAREA + FAKE_PAGE, VR_TR_NOT_PRESENT);
	assert_not(x, VAREA + (2ULL << 20), VR_TR_NOT_PRESENT);
	assert_not(x, VAREA + (1ULL << 30), VR_TR_NOT_PRESENT);
	assert_not(x, VAREA + (512ULL << 30), VR_TR_NOT_PRESENT);
}

static void an_entry_with_content_but_not_present_is_swapped(void **state)
{
	struct fixture *x = *state;

	pt_set(&x->pt, VAREA, 1, 0x1234500ULL << 9);
	assert_not(x, VAREA, VR_TR_SWAPPED);
}

#define INVERTED(frame)	(~(frame) & 0x000ffffffffff000ULL)

/* What mprotect(PROT_NONE) and NUMA balancing leave of an entry; bit 1 is RW. */
static void a_page_that_nobody_may_touch_is_mapped(void **state)
{
	struct fixture *x = *state;

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
	struct fixture *x = *state;
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
	struct fixture *x = *state;

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
		struct fixture x = { .f = NULL };

		start(&x, 4, DIRECT4);
		pt_map(&x.pt, VAREA, 0x5000, 1, 0);
		fake_drop(x.f, VR_PHYS, pt_table(&x.pt, VAREA, level));
		assert_not(&x, VAREA, VR_TR_NO_TABLE);
		fake_free(x.f);
	}
}

static void a_missing_top_table_is_no_table(void **state)
{
	struct fixture *x = *state;

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
	struct fixture *x = *state;

	pt_map(&x->pt, VAREA, 0x5000, 1, 0);
	assert_phys(x, VAREA, 0x5000);
	assert_not(x, VAREA & 0x0000ffffffffffffULL, VR_TR_NOT_PRESENT);
	assert_not(x, (VAREA & 0x0000ffffffffffffULL) | 0x1234000000000000ULL,
		   VR_TR_NOT_PRESENT);
}

static void an_address_that_is_not_canonical_on_5_levels_neither(void **state)
{
	struct fixture *x = *state;

	pt_map(&x->pt, VAREA5, 0x5000, 1, 0);
	assert_phys(x, VAREA5, 0x5000);
	assert_not(x, VAREA5 & 0x01ffffffffffffffULL, VR_TR_NOT_PRESENT);
}

/* ---- which addresses need it --------------------------------------------- */

static void the_direct_map_and_the_image_need_no_walk(void **state)
{
	struct fixture *x = *state;

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
	struct fixture *x = *state;

	assert_false(vr_needs_walk(&x->c, 0xffff8800da2f8000ULL));
	assert_false(vr_needs_walk(&x->c, 0xffff880000000000ULL));
	assert_true(vr_needs_walk(&x->c, 0xffff87ffffffffffULL));
}

static void randomised_bases_are_read_from_the_dump(void **state)
{
	struct fixture *x = *state;

	set_bases(x, 0xffff9c0000000000ULL, 0xffffb40000000000ULL);
	assert_true(vr_needs_walk(&x->c, DIRECT4));
	assert_false(vr_needs_walk(&x->c, 0xffff9c0000000000ULL));
	assert_false(vr_needs_walk(&x->c, 0xffffb3ffffffffffULL));
	assert_true(vr_needs_walk(&x->c, 0xffffb40000000000ULL));
}

static void bases_that_cannot_be_read_fall_back_to_the_constants(void **state)
{
	struct fixture *x = *state;

	set_bases(x, 0xffff9c0000000000ULL, 0xffffb40000000000ULL);
	fake_drop(x->f, VR_KERNEL, IMAGE + 0x200000);
	assert_false(vr_needs_walk(&x->c, DIRECT4));
	assert_true(vr_needs_walk(&x->c, VMALLOC4));
}

/* Without a randomised layout no variable tells: the kernel's top table does, which has
 * nothing of the direct map at the other place. */
static void without_a_variable_the_top_table_tells_the_base(void **state)
{
	struct fixture *x = *state;
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
	struct fixture *x = *state;
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
	struct fixture *x = *state;

	fake_no_symbols(x->f);
	assert_false(vr_needs_walk(&x->c, VAREA));
	assert_not(x, VAREA, VR_TR_UNKNOWN);
}

/* Something is read before the types tell where mm_struct.pgd is. */
static void the_walk_starts_once_pgd_is_known(void **state)
{
	struct fixture *x = *state;

	x->c.layout.f[VR_MM_PGD].known = false;
	assert_false(vr_needs_walk(&x->c, VAREA));
	x->c.layout.f[VR_MM_PGD].known = true;
	assert_true(vr_needs_walk(&x->c, VAREA));
}

/* ---- reading ------------------------------------------------------------- */

static void a_read_crosses_from_one_frame_to_another(void **state)
{
	struct fixture *x = *state;
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
	struct fixture *x = *state;
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
	struct fixture *x = *state;
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
	struct fixture *x = *state;

	for (uint64_t i = 0; i < 100; i++)
		pt_map(&x->pt, VAREA + i * FAKE_PAGE, 0x100000 + (99 - i) * FAKE_PAGE,
		       1, 0);
	for (unsigned round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 100; i++)
			assert_phys(x, VAREA + i * FAKE_PAGE + i,
				    0x100000 + (99 - i) * FAKE_PAGE + i);
}

/* ---- user memory --------------------------------------------------------- */

#define MM	(DIRECT4 + 0x3000000)
#define MM2	(DIRECT4 + 0x3001000)
#define UADDR	0x7f124c7b8000ULL	/* of the seed procedure's vhost rings */

static struct pgtable process(struct fixture *x, uint64_t mm, uint64_t tables)
{
	struct pgtable p;

	pt_init(&p, x->f, x->pt.levels, x->pt.top_kernel - x->pt.top, tables);
	fake_u64(x->f, mm + PGD_OFFSET, p.top_kernel);
	return p;
}

static void user_memory_is_read_through_its_mm(void **state)
{
	struct fixture *x = *state;
	struct pgtable p = process(x, MM, USER_TABLES);
	char buf[8];

	pt_map(&p, UADDR, 0x6000, 1, 0);
	pt_map(&p, UADDR + FAKE_PAGE, 0x3000, 1, 0);
	fake_put(x->f, VR_PHYS, 0x6ffc, "abcd", 4);
	fake_put(x->f, VR_PHYS, 0x3000, "efg", 4);
	assert_int_equal(vr_read_user(&x->c, MM, UADDR + 0xffc, buf, 8), VR_TR_OK);
	assert_string_equal(buf, "abcdefg");
}

static void two_processes_do_not_share_translations(void **state)
{
	struct fixture *x = *state;
	struct pgtable a = process(x, MM, USER_TABLES);
	struct pgtable b = process(x, MM2, USER_TABLES + 0x100000);
	uint64_t phys = 0;

	pt_map(&a, UADDR, 0x6000, 1, 0);
	pt_map(&b, UADDR, 0x40000000, 2, 0);
	assert_int_equal(vr_user_to_phys(&x->c, MM, UADDR, &phys), VR_TR_OK);
	assert_int_equal(phys, 0x6000);
	assert_int_equal(vr_user_to_phys(&x->c, MM2, UADDR, &phys), VR_TR_OK);
	/* 0x7f124c7b8000 is 0x1b8000 into its 2 MiB page. */
	assert_int_equal(phys, 0x401b8000);
	assert_not(x, UADDR, VR_TR_NOT_PRESENT);
}

static void user_pages_say_why_they_cannot_be_read(void **state)
{
	struct fixture *x = *state;
	struct pgtable p = process(x, MM, USER_TABLES);
	uint64_t v;

	pt_map(&p, UADDR, 0x6000, 1, 0);
	pt_set(&p, UADDR + 0x1000, 1, 0x1234500ULL << 9);
	assert_int_equal(vr_read_user(&x->c, MM, UADDR + 0x1000, &v, 8),
			 VR_TR_SWAPPED);
	assert_int_equal(vr_read_user(&x->c, MM, UADDR + 0x2000, &v, 8),
			 VR_TR_NOT_PRESENT);
	/* Mapped, but the frame is not in the dump. */
	assert_int_not_equal(vr_read_user(&x->c, MM, UADDR, &v, 8), VR_TR_OK);
	fake_drop(x->f, VR_PHYS, pt_table(&p, UADDR, 1));
	memset(&x->c.pg, 0, sizeof(x->c.pg));
	assert_int_equal(vr_read_user(&x->c, MM, UADDR, &v, 8), VR_TR_NO_TABLE);
}

static void a_process_without_a_readable_mm_has_no_table(void **state)
{
	struct fixture *x = *state;
	uint64_t v;

	assert_int_equal(vr_read_user(&x->c, MM, UADDR, &v, 8), VR_TR_NO_TABLE);
	fake_u64(x->f, MM + PGD_OFFSET, 0);
	assert_int_equal(vr_read_user(&x->c, MM, UADDR, &v, 8), VR_TR_NO_TABLE);
}

static void user_memory_on_5_levels(void **state)
{
	struct fixture *x = *state;
	uint64_t mm = DIRECT5 + 0x3000000, v = 0;
	struct pgtable p = process(x, mm, USER_TABLES);

	pt_map(&p, UADDR, 0x6000, 1, 0);
	fake_phys64(x->f, 0x6010, 4711);
	assert_int_equal(vr_read_user(&x->c, mm, UADDR + 0x10, &v, 8), VR_TR_OK);
	assert_int_equal(v, 4711);
}

/* A ring's pages lie side by side: one walk from the top serves them all. */
static void a_page_beside_one_that_was_read_costs_one_entry(void **state)
{
	struct fixture *x = *state;
	struct pgtable p = process(x, MM, USER_TABLES);
	uint64_t phys, reads;

	for (unsigned i = 0; i < 3; i++)
		pt_map(&p, UADDR + i * FAKE_PAGE, 0x6000 + 2 * i * FAKE_PAGE, 1, 0);
	assert_int_equal(vr_user_to_phys(&x->c, MM, UADDR, &phys), VR_TR_OK);
	reads = x->f->t.reads;
	assert_int_equal(vr_user_to_phys(&x->c, MM, UADDR + 0x10, &phys), VR_TR_OK);
	assert_int_equal(x->f->t.reads, reads);
	assert_int_equal(vr_user_to_phys(&x->c, MM, UADDR + 2 * FAKE_PAGE, &phys),
			 VR_TR_OK);
	assert_int_equal(phys, 0xa000);
	assert_int_equal(x->f->t.reads, reads + 1);
	/* Not beyond the 2 MiB that the table is for. */
	assert_int_equal(vr_user_to_phys(&x->c, MM, UADDR + (2ULL << 20), &phys),
			 VR_TR_NOT_PRESENT);
	assert_int_equal(vr_user_to_phys(&x->c, MM, UADDR + 3 * FAKE_PAGE, &phys),
			 VR_TR_NOT_PRESENT);
}

/* More processes than are remembered, back and forth. */
static void many_processes_keep_their_own_pages(void **state)
{
	struct fixture *x = *state;
	struct pgtable p;
	uint64_t phys;

	for (uint64_t i = 0; i < 50; i++) {
		p = process(x, MM + i * FAKE_PAGE, USER_TABLES + i * 0x10000);
		pt_map(&p, UADDR, 0x100000 + i * FAKE_PAGE, 1, 0);
	}
	for (unsigned round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 50; i++) {
			assert_int_equal(vr_user_to_phys(&x->c, MM + i * FAKE_PAGE,
							 UADDR + i, &phys), VR_TR_OK);
			assert_int_equal(phys, 0x100000 + i * FAKE_PAGE + i);
		}
}

#define TEST4(fn) cmocka_unit_test_setup_teardown(fn, setup4, teardown)
#define TEST5(fn) cmocka_unit_test_setup_teardown(fn, setup5, teardown)

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
		TEST4(user_memory_is_read_through_its_mm),
		TEST4(two_processes_do_not_share_translations),
		TEST4(user_pages_say_why_they_cannot_be_read),
		TEST4(a_process_without_a_readable_mm_has_no_table),
		TEST5(user_memory_on_5_levels),
		TEST4(a_page_beside_one_that_was_read_costs_one_entry),
		TEST4(many_processes_keep_their_own_pages),
	};

	return cmocka_run_group_tests_name("pgtable", tests, NULL, NULL);
}
