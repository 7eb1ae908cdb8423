// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pgtable_arm64.c - our own walk through arm64's page tables.
 */
#include "unit.h"
#include "arm64_builder.h"

#define USER_TABLES	0x60000000ULL

#define PAGE		A64_PAGE
#define BLOCK		A64_BLOCK
#define INNER		A64_INNER
#define AF		A64_AF
#define NG		A64_NG
#define PXN		A64_PXN
#define UXN		A64_UXN
#define CONT		A64_CONT
#define OLD_NONE	A64_OLD_NONE
#define OLD_SPLIT	A64_OLD_SPLIT

static uint64_t area(const struct arm64_kernel *x)
{
	return x->s->image + (1ULL << 30);
}

/* So much memory an entry of a level stands for. */
static uint64_t span(const struct arm64_kernel *x, unsigned level)
{
	return 1ULL << x->s->shift[level - 1];
}

/* Where such memory starts, above area(). */
static uint64_t large_area(const struct arm64_kernel *x, unsigned level)
{
	return (area(x) + 2 * span(x, level)) & ~(span(x, level) - 1);
}

static void assert_phys(struct arm64_kernel *x, uint64_t addr, uint64_t want)
{
	uint64_t phys = ~0ULL;

	assert_int_equal(vr_virt_to_phys(&x->c, addr, &phys), VR_TR_OK);
	assert_int_equal(phys, want);
}

static void assert_not(struct arm64_kernel *x, uint64_t addr, enum vr_translation why)
{
	uint64_t phys;

	assert_int_equal(vr_virt_to_phys(&x->c, addr, &phys), why);
}

/* ---- pages of all sizes ----------------------------------------------------- */

static void pages_of_every_geometry(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARM64_SPACES; i++) {
		struct arm64_kernel x;
		uint64_t frame, last;

		arm64_start(&x, &arm64_spaces[i]);
		frame = 0x123450000ULL;
		/* The address's last page, too: each index is all ones there. */
		last = ~0ULL - x.s->page + 1;
		arm64_set(&x, area(&x), 1, frame | PAGE | AF | INNER * (x.s->bits < 52));
		arm64_set(&x, area(&x) + x.s->page, 1,
			  (frame + 7 * x.s->page) | PAGE | PXN | CONT);
		arm64_set(&x, last, 1, (frame + 9 * x.s->page) | PAGE);
		assert_phys(&x, area(&x) + 0xabc, frame + 0xabc);
		assert_phys(&x, area(&x) + 2 * x.s->page - 1, frame + 8 * x.s->page - 1);
		assert_phys(&x, last + 8, frame + 9 * x.s->page + 8);
		assert_not(&x, area(&x) + 2 * x.s->page, VR_TR_NOT_PRESENT);
		arm64_stop(&x);
	}
}

static void blocks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARM64_SPACES; i++) {
		struct arm64_kernel x;
		uint64_t at;

		arm64_start(&x, &arm64_spaces[i]);
		at = large_area(&x, 2);
		arm64_set(&x, at, 2, 3 * span(&x, 2) | BLOCK | AF | PXN);
		assert_phys(&x, at + span(&x, 2) - 1, 4 * span(&x, 2) - 1);
		/* Of 1 GiB with 4 KiB pages only; for the others it is an error. */
		if (x.s->levels > 2 && x.s->width[2] > 1) {
			at = large_area(&x, 3);
			arm64_set(&x, at, 3, 5 * span(&x, 3) | BLOCK);
			if (x.s->page == 4096)
				assert_phys(&x, at + 0x3abcde, 5 * span(&x, 3) + 0x3abcde);
			else
				assert_not(&x, at + 0x3abcde, VR_TR_NOT_PRESENT);
		}
		arm64_stop(&x);
	}
}

/* 64 KiB pages keep bits 51 to 48 of an address where the entry has room. */
static void memory_of_52_bits_in_64k_pages(void **state)
{
	struct arm64_kernel x;

	(void)state;
	arm64_start(&x, arm64_space("64K, 52"));
	arm64_set(&x, area(&x), 1, 0x0000123456780000ULL | 0xa000 | PAGE | AF | INNER);
	arm64_set(&x, large_area(&x, 2), 2, 0x0000123440000000ULL | 0xf000 | BLOCK);
	assert_phys(&x, area(&x) + 8, 0x000a123456780008ULL);
	assert_phys(&x, large_area(&x, 2) + 8, 0x000f123440000008ULL);
	arm64_stop(&x);
}

/* Others do so in the place of the shareability, but only with long addresses. */
static void memory_of_52_bits_in_small_pages(void **state)
{
	static const char *const with[] = { "4K, 52", "16K, 52" };
	static const char *const without[] = { "4K, 48", "16K, 48", "4K, 48 of 52",
					       "16K, 47 of 52" };
	struct arm64_kernel x;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		arm64_start(&x, arm64_space(with[i]));
		arm64_set(&x, area(&x), 1, 0x0003123456780000ULL | 2 << 8 | PAGE | AF);
		assert_phys(&x, area(&x) + 8, 0x000b123456780008ULL);
		arm64_stop(&x);
	}
	for (unsigned i = 0; i < 4; i++) {
		arm64_start(&x, arm64_space(without[i]));
		arm64_set(&x, area(&x), 1, 0x0000123456780000ULL | INNER | PAGE | AF);
		assert_phys(&x, area(&x) + 8, 0x0000123456780008ULL);
		arm64_stop(&x);
	}
}

/* ---- what maps nothing ------------------------------------------------------- */

static void empty_entries_and_missing_tables(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARM64_SPACES; i++)
		for (unsigned level = 1; level <= arm64_spaces[i].levels; level++) {
			struct arm64_kernel x;
			uint64_t table;

			arm64_start(&x, &arm64_spaces[i]);
			arm64_set(&x, area(&x), 1, 0x5000000 | PAGE);
			if (level < x.s->levels) {
				arm64_set(&x, area(&x) ^ span(&x, level), level, 0);
				assert_not(&x, area(&x) ^ span(&x, level),
					   VR_TR_NOT_PRESENT);
				table = arm64_table_of(&x, area(&x), level);
				fake_drop(x.f, VR_PHYS,
					  arm64_entry_at(&x, table, area(&x), level));
			} else {
				fake_drop(x.f, VR_KERNEL, TOP_SEEN(&x) +
					  arm64_entry_at(&x, 0, area(&x), level));
			}
			assert_not(&x, area(&x), VR_TR_NO_TABLE);
			arm64_stop(&x);
		}
}

/* Entries that the hardware refuses: damaged, whatever their other bits say. */
static void reserved_entries_map_nothing(void **state)
{
	struct arm64_kernel x;

	(void)state;
	arm64_start(&x, arm64_space("4K, 48"));
	arm64_set(&x, area(&x), 1, 0x5000 | BLOCK | AF | NG);
	assert_not(&x, area(&x), VR_TR_NOT_PRESENT);
	arm64_set(&x, 0xffffb00000000000ULL, 4, 0x5000 | BLOCK | AF | NG | PXN);
	assert_not(&x, 0xffffb00000000000ULL, VR_TR_NOT_PRESENT);
	/* A table that is not valid is none. */
	arm64_set(&x, 0xffffb08000000000ULL, 3, 0x5000 | 2 | AF | NG | PXN | OLD_NONE);
	assert_not(&x, 0xffffb08000000000ULL, VR_TR_NOT_PRESENT);
	arm64_stop(&x);
}

/* mprotect(PROT_NONE) and NUMA balancing, until 6.9 and since. */
static void a_page_that_nobody_may_touch_is_mapped(void **state)
{
	struct arm64_kernel x;
	uint64_t at;

	(void)state;
	arm64_start(&x, arm64_space("4K, 48"));
	at = area(&x);
	arm64_set(&x, at, 1, 0x5000 | 2 | AF | INNER | NG | PXN | UXN | OLD_NONE);
	arm64_set(&x, at + 0x1000, 1, 0x7000 | 2 | AF | INNER | NG | PXN | UXN);
	arm64_set(&x, at + span(&x, 2), 2,
		  0x40000000 | AF | INNER | NG | PXN | UXN | OLD_NONE);
	arm64_set(&x, at + 2 * span(&x, 2), 2, 0x40200000 | AF | INNER | NG | PXN);
	/* Being split, until 6.9; the kernel's own have no NG. */
	arm64_set(&x, at + 3 * span(&x, 2), 2,
		  0x40400000 | AF | INNER | NG | PXN | OLD_SPLIT);
	arm64_set(&x, at + 4 * span(&x, 2), 2, 0x40600000 | AF | INNER | PXN | OLD_SPLIT);
	assert_phys(&x, at + 8, 0x5008);
	assert_phys(&x, at + 0x1008, 0x7008);
	assert_phys(&x, at + span(&x, 2) + 0x1abcde, 0x401abcde);
	assert_phys(&x, at + 2 * span(&x, 2) + 8, 0x40200008);
	assert_phys(&x, at + 3 * span(&x, 2) + 8, 0x40400008);
	assert_phys(&x, at + 4 * span(&x, 2) + 8, 0x40600008);
	arm64_stop(&x);
}

/* Until 6.9 an offset lies in bits 8 to 57, since then in 12 to 61; bits 0 and 1
 * of both are 0, whatever else is set. */
static void swap_is_not_taken_for_a_page(void **state)
{
	struct arm64_kernel x;
	uint64_t at;

	(void)state;
	arm64_start(&x, arm64_space("4K, 48"));
	at = area(&x);
	arm64_set(&x, at, 1, 0x1234ffULL << 8 | 5 << 3);
	arm64_set(&x, at + 0x1000, 1, 0x12345ULL << 12 | 3 << 6);
	arm64_set(&x, at + 0x2000, 1, ~3ULL);
	/* A large page on its way: a number of a page and two bits above it. */
	arm64_set(&x, at + span(&x, 2), 2, (0x480000ULL | 3ULL << 36) << 8 | 30 << 3);
	arm64_set(&x, at + 2 * span(&x, 2), 2, (0x480000ULL | 3ULL << 40) << 12 | 30 << 6);
	/* Bits of older offsets that mean something in newer entries. */
	arm64_set(&x, at + 3 * span(&x, 2), 2, NG | AF | 30 << 3);
	for (uint64_t page = 0; page < 3; page++)
		assert_not(&x, at + page * 0x1000, VR_TR_SWAPPED);
	for (uint64_t large = 1; large < 4; large++)
		assert_not(&x, at + large * span(&x, 2), VR_TR_SWAPPED);
	arm64_stop(&x);
}

/* ---- addresses ------------------------------------------------------------------ */

static void an_address_of_too_many_bits_maps_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARM64_SPACES; i++) {
		struct arm64_kernel x;

		arm64_start(&x, &arm64_spaces[i]);
		arm64_set(&x, area(&x), 1, 0x50000 | PAGE);
		assert_phys(&x, area(&x), 0x50000);
		assert_not(&x, area(&x) & ~(1ULL << 63), VR_TR_NOT_PRESENT);
		assert_not(&x, area(&x) & ~(1ULL << x.s->bits), VR_TR_NOT_PRESENT);
		assert_not(&x, area(&x) & ((1ULL << x.s->bits) - 1), VR_TR_NOT_PRESENT);
		arm64_stop(&x);
	}
}

/* KASAN's tags are where the top byte's ones would be. */
static void tags_of_kernel_pointers(void **state)
{
	static const char *const by[] = { "kasan_flag_enabled", "__hwasan_tag_memory" };
	struct arm64_kernel x;
	uint64_t tagged, v;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		arm64_start(&x, arm64_space("4K, 48"));
		fake_symbol(x.f, by[i], x.s->image);
		arm64_set(&x, area(&x), 1, 0x50000 | PAGE);
		tagged = area(&x) ^ 0x0a00000000000000ULL;
		assert_phys(&x, tagged, 0x50000);
		assert_not(&x, tagged ^ 1ULL << 50, VR_TR_NOT_PRESENT);
		/* The direct map's are read without walking, as the target knows them. */
		fake_u64(x.f, 0xffff000012345678ULL, 4711);
		assert_int_equal(vr_read(&x.c, 0xf3ff000012345678ULL, &v, 8), 0);
		assert_int_equal(v, 4711);
		assert_phys(&x, 0xf3ff000012345678ULL, RAM + 0x12345678);
		arm64_stop(&x);
	}
}

#define MM	0xffff000003000000ULL
#define UADDR	0x0000ffff9c7b8000ULL
#define USEEN	0xffff000020000000ULL	/* the direct map of USER_TABLES */

static void user_memory(void **state)
{
	struct arm64_kernel x;
	uint64_t phys, table, lowest;
	char buf[12];

	(void)state;
	arm64_start(&x, arm64_space("4K, 48"));
	x.next = USER_TABLES;
	table = arm64_new_table(&x);
	fake_map(x.f, VR_KERNEL, USEEN, x.s->page);
	fake_u64(x.f, MM + PGD_OFFSET, USEEN);
	lowest = arm64_table_in(&x, table, USEEN, UADDR, 1);
	for (unsigned i = 0; i < 2; i++)
		arm64_put_entry(&x, arm64_entry_at(&x, lowest, UADDR + i * 0x1000, 1),
				table, USEEN,
				(0x70000000 - i * 0x1000) | PAGE | AF | NG | PXN);
	fake_put(x.f, VR_PHYS, 0x70000ffa, "virtio", 6);
	fake_put(x.f, VR_PHYS, 0x6ffff000, "-ring", 6);
	assert_int_equal(vr_read_user(&x.c, MM, UADDR + 0xffa, buf, 12), VR_TR_OK);
	assert_string_equal(buf, "virtio-ring");
	/* The hardware ignores a process's tags, too. */
	assert_int_equal(vr_user_to_phys(&x.c, MM, UADDR | 0xb4ULL << 56, &phys), VR_TR_OK);
	assert_int_equal(phys, 0x70000000);
	assert_int_equal(vr_user_to_phys(&x.c, MM, UADDR | 1ULL << 48, &phys),
			 VR_TR_NOT_PRESENT);
	/* The other half is not a process's. */
	arm64_set(&x, area(&x), 1, 0x50000 | PAGE);
	assert_phys(&x, area(&x), 0x50000);
	assert_int_equal(vr_user_to_phys(&x.c, MM, area(&x), &phys), VR_TR_NOT_PRESENT);
	assert_not(&x, UADDR, VR_TR_NOT_PRESENT);
	arm64_stop(&x);
}

/* ---- the direct map --------------------------------------------------------------- */

static void the_direct_map_is_the_lower_half(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARM64_SPACES; i++) {
		struct arm64_kernel x;
		unsigned built, fewest;
		uint64_t low, high;

		arm64_start(&x, &arm64_spaces[i]);
		built = x.s->built;
		fewest = built < 52 ? built : x.s->page == 16384 ? 47 : 48;
		low = 0 - (1ULL << x.s->bits);
		high = 0 - (1ULL << (fewest - 1));
		/* What the kernel keeps makes up for bits that it must do without. */
		if (x.s->bits < built)
			fake_u64(x.f, x.s->image + 0x200000 + 24,
				 RAM - (low - (0 - (1ULL << built))));
		assert_false(vr_needs_walk(&x.c, low));
		assert_false(vr_needs_walk(&x.c, high - 1));
		assert_false(vr_needs_walk(&x.c, x.s->image));
		assert_false(vr_needs_walk(&x.c, x.s->image + (32 << 20) - 1));
		assert_true(vr_needs_walk(&x.c, high));
		assert_true(vr_needs_walk(&x.c, low - 1));
		assert_true(vr_needs_walk(&x.c, x.s->image + (32 << 20)));
		assert_true(vr_needs_walk(&x.c, area(&x)));
		assert_phys(&x, low, RAM);
		assert_phys(&x, low + 0x8765432, RAM + 0x8765432);
		arm64_stop(&x);
	}
}

/* 5.4 to 5.10 say themselves what is to be added. */
static void the_direct_map_by_its_own_variable(void **state)
{
	struct arm64_kernel x;

	(void)state;
	arm64_start(&x, arm64_space("64K, 48 of 52"));
	arm64_variable(&x, "physvirt_offset", 32, RAM - 0xffff000000000000ULL);
	assert_phys(&x, 0xffff000000001234ULL, RAM + 0x1234);
	arm64_stop(&x);
}

/* Until 5.3 it is the upper half, and until 4.5 it has the image in it. */
static void the_direct_map_of_old_kernels(void **state)
{
	static const struct arm64_space old = { "4.19", 4096, 48, 48, 4, { 12, 21, 30, 39 },
		{ 9, 9, 9, 9 }, 0xffff000008080000ULL };
	static const struct arm64_space older = { "4.4", 4096, 39, 39, 3, { 12, 21, 30 },
		{ 9, 9, 9 }, 0xffffffc000080000ULL };
	struct arm64_kernel x;

	(void)state;
	arm64_start(&x, &old);
	arm64_set(&x, area(&x), 1, 0x50000 | PAGE);
	assert_false(vr_needs_walk(&x.c, 0xffff800000000000ULL));
	assert_false(vr_needs_walk(&x.c, 0xffffc00012345678ULL));
	assert_true(vr_needs_walk(&x.c, 0xffff7fffffffffffULL));
	assert_phys(&x, 0xffff800000001234ULL, RAM + 0x1234);
	assert_phys(&x, area(&x) + 4, 0x50004);
	arm64_stop(&x);

	arm64_start(&x, &older);
	fake_no_symbols(x.f);
	fake_symbol(x.f, "_text", older.image);
	fake_symbol(x.f, "_end", older.image + (32 << 20));
	fake_symbol(x.f, "init_mm", older.image + 0x100000);
	fake_symbol(x.f, "memstart_addr", older.image + 0x200018);
	/* An array then, not a pointer to one. */
	fake_symbol(x.f, "vmcoreinfo_data", older.image + 0x300000);
	fake_symbol(x.f, "vmcoreinfo_size", older.image + 0x200008);
	assert_false(vr_needs_walk(&x.c, older.image + (1ULL << 30)));
	assert_phys(&x, 0xffffffc000001234ULL, RAM + 0x1234);
	assert_true(vr_needs_walk(&x.c, 0xffffffbc00000000ULL));
	arm64_stop(&x);
}

/* ---- VMCOREINFO -------------------------------------------------------------------- */

static const char *const nonsense[] = {
	"", "\n", "PAGESIZE=4096\n", "NUMBER(VA_BITS)=48\n",
	"PAGESIZE=4095\nNUMBER(VA_BITS)=48\n", "PAGESIZE=8192\nNUMBER(VA_BITS)=48\n",
	"PAGESIZE=4096\nNUMBER(VA_BITS)=0\n", "PAGESIZE=4096\nNUMBER(VA_BITS)=53\n",
	"PAGESIZE=4096\nNUMBER(VA_BITS)=-48\n", "PAGESIZE=4096\nXNUMBER(VA_BITS)=48\n",
	"PAGESIZE=4096\nNUMBER(VA_BITS)=48\nNUMBER(TCR_EL1_T1SZ)=0x0\n",
	"PAGESIZE=4096\nNUMBER(VA_BITS)=48\nNUMBER(TCR_EL1_T1SZ)=0xc\n",
	"PAGESIZE=4096\nNUMBER(VA_BITS)=48\nNUMBER(TCR_EL1_T1SZ)=63\n",
	"PAGESIZE=4096 NUMBER(VA_BITS)=48\n",
};

/* All is left to the target then. */
static void nonsense_in_it_is_not_believed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		struct arm64_kernel x;

		arm64_start(&x, arm64_space("4K, 48"));
		arm64_set(&x, area(&x), 1, 0x50000 | PAGE);
		arm64_info(&x, nonsense[i]);
		assert_not(&x, area(&x), VR_TR_UNKNOWN);
		assert_false(vr_needs_walk(&x.c, area(&x)));
		arm64_stop(&x);
	}
}

static void what_is_missing_leaves_all_to_the_target(void **state)
{
	static const unsigned holes[] = { 0, 0x100000, 0x200000, 0x300000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		struct arm64_kernel x;

		arm64_start(&x, arm64_space("4K, 48"));
		if (holes[i])
			fake_drop(x.f, VR_KERNEL, x.s->image + holes[i]);
		else
			fake_no_symbols(x.f);
		assert_not(&x, area(&x), VR_TR_UNKNOWN);
		assert_false(vr_needs_walk(&x.c, area(&x)));
		arm64_stop(&x);
	}
}

/* Kernels of 5.4 to 5.8 do not write down how many bits there are; some that can
 * vary have a variable. */
static void the_bits_of_an_address_by_a_variable(void **state)
{
	struct arm64_kernel x;

	(void)state;
	arm64_start(&x, arm64_space("64K, 48 of 52"));
	arm64_info(&x, "PAGESIZE=65536\nNUMBER(VA_BITS)=52\n");
	arm64_variable(&x, "vabits_actual", 40, 48);
	arm64_set(&x, area(&x), 1, 0x50000 | PAGE);
	assert_phys(&x, area(&x), 0x50000);
	assert_false(vr_needs_walk(&x.c, 0xffff000000000000ULL));
	assert_true(vr_needs_walk(&x.c, 0xfffeffffffffffffULL));
	arm64_stop(&x);

	arm64_start(&x, arm64_space("4K, 48"));
	arm64_info(&x, "PAGESIZE=4096\nNUMBER(VA_BITS)=48");
	arm64_set(&x, area(&x), 1, 0x50000 | PAGE);
	assert_phys(&x, area(&x), 0x50000);
	arm64_stop(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_every_geometry),
		cmocka_unit_test(blocks),
		cmocka_unit_test(memory_of_52_bits_in_64k_pages),
		cmocka_unit_test(memory_of_52_bits_in_small_pages),
		cmocka_unit_test(empty_entries_and_missing_tables),
		cmocka_unit_test(reserved_entries_map_nothing),
		cmocka_unit_test(a_page_that_nobody_may_touch_is_mapped),
		cmocka_unit_test(swap_is_not_taken_for_a_page),
		cmocka_unit_test(an_address_of_too_many_bits_maps_nothing),
		cmocka_unit_test(tags_of_kernel_pointers),
		cmocka_unit_test(user_memory),
		cmocka_unit_test(the_direct_map_is_the_lower_half),
		cmocka_unit_test(the_direct_map_by_its_own_variable),
		cmocka_unit_test(the_direct_map_of_old_kernels),
		cmocka_unit_test(nonsense_in_it_is_not_believed),
		cmocka_unit_test(what_is_missing_leaves_all_to_the_target),
		cmocka_unit_test(the_bits_of_an_address_by_a_variable),
	};

	return cmocka_run_group_tests_name("pgtable_arm64", tests, NULL, NULL);
}
