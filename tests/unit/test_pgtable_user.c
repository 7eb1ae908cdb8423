// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pgtable_user.c - our own walk through x86_64 page tables, a process's: user
 * memory.
 */
#include "unit.h"
#include "x86_builder.h"

#define USER_TABLES	0x2000000ULL

#define MM	(DIRECT4 + 0x3000000)
#define MM2	(DIRECT4 + 0x3001000)
#define UADDR	0x7f124c7b8000ULL	/* of the seed procedure's vhost rings */

static struct pgtable process(struct x86_kernel *x, uint64_t mm, uint64_t tables)
{
	struct pgtable p;

	pt_init(&p, x->f, x->pt.levels, x->pt.top_kernel - x->pt.top, tables);
	fake_u64(x->f, mm + PGD_OFFSET, p.top_kernel);
	return p;
}

static void user_memory_is_read_through_its_mm(void **state)
{
	struct x86_kernel *x = *state;
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
	struct x86_kernel *x = *state;
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
	struct x86_kernel *x = *state;
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
	struct x86_kernel *x = *state;
	uint64_t v;

	assert_int_equal(vr_read_user(&x->c, MM, UADDR, &v, 8), VR_TR_NO_TABLE);
	fake_u64(x->f, MM + PGD_OFFSET, 0);
	assert_int_equal(vr_read_user(&x->c, MM, UADDR, &v, 8), VR_TR_NO_TABLE);
}

static void user_memory_on_5_levels(void **state)
{
	struct x86_kernel *x = *state;
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
	struct x86_kernel *x = *state;
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
	struct x86_kernel *x = *state;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST4(user_memory_is_read_through_its_mm),
		TEST4(two_processes_do_not_share_translations),
		TEST4(user_pages_say_why_they_cannot_be_read),
		TEST4(a_process_without_a_readable_mm_has_no_table),
		TEST5(user_memory_on_5_levels),
		TEST4(a_page_beside_one_that_was_read_costs_one_entry),
		TEST4(many_processes_keep_their_own_pages),
	};

	return cmocka_run_group_tests_name("pgtable_user", tests, NULL, NULL);
}
