// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_arena.c - the memory of one command.
 */
#include "unit.h"

#define MIB	((size_t)1 << 20)
#define BUDGET	(256 * MIB)

static void memory_is_zeroed_when_it_is_handed_out_again(void **state)
{
	struct vr_arena a = { 0 };
	uint8_t *p = vr_alloc(&a, 1, 1000);

	(void)state;
	assert_non_null(p);
	memset(p, 0xff, 1000);
	vr_arena_reset(&a);
	p = vr_alloc(&a, 1, 1000);
	assert_non_null(p);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(p[i], 0);
	vr_arena_free(&a);
}

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
	struct vr_arena a = { 0 };
	uint8_t *p[200];

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(p); i++) {
		p[i] = vr_alloc(&a, 1, i + 1);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
		memset(p[i], (int)i + 1, i + 1);
	}
	for (unsigned i = 0; i < COUNT_OF(p); i++)
		for (unsigned k = 0; k <= i; k++)
			assert_int_equal(p[i][k], i + 1);
	vr_arena_free(&a);
}

static void an_overflowing_product_is_refused(void **state)
{
	struct vr_arena a = { 0 };

	(void)state;
	assert_null(vr_alloc(&a, SIZE_MAX / 2, 4));
	assert_null(vr_alloc(&a, SIZE_MAX, SIZE_MAX));
	assert_null(vr_alloc(&a, 1, SIZE_MAX));
	assert_null(vr_alloc(&a, SIZE_MAX, 1));
	assert_int_equal(a.total, 0);
	vr_arena_free(&a);
}

static void the_budget_is_256_mib_a_command(void **state)
{
	struct vr_arena a = { 0 };

	(void)state;
	assert_null(vr_alloc(&a, 1, BUDGET + 1));
	for (unsigned i = 0; i < 16; i++)
		assert_non_null(vr_alloc(&a, 16, MIB));
	assert_int_equal(a.total, BUDGET);
	assert_null(vr_alloc(&a, 1, 1));
	vr_arena_reset(&a);
	assert_int_equal(a.total, 0);
	assert_non_null(vr_alloc(&a, 1, 1));
	vr_arena_free(&a);
}

static void a_piece_larger_than_a_chunk_is_one_piece(void **state)
{
	struct vr_arena a = { 0 };
	uint8_t *small = vr_alloc(&a, 1, 16);
	uint8_t *large = vr_alloc(&a, 1, 5 * MIB);
	uint8_t *after = vr_alloc(&a, 1, 16);

	(void)state;
	assert_non_null(small);
	assert_non_null(large);
	assert_non_null(after);
	memset(large, 0x55, 5 * MIB);
	assert_int_equal(small[15], 0);
	assert_int_equal(after[0], 0);
	vr_arena_free(&a);
}

/* The first chunk serves the next command too: no malloc() for small ones. */
static void reset_keeps_the_first_chunk(void **state)
{
	struct vr_arena a = { 0 };
	void *first = vr_alloc(&a, 1, 64), *again;

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		assert_non_null(vr_alloc(&a, 1, MIB));
	vr_arena_reset(&a);
	again = vr_alloc(&a, 1, 64);
	assert_ptr_equal(again, first);
	vr_arena_free(&a);
}

static void free_and_reset_of_an_unused_arena_are_harmless(void **state)
{
	struct vr_arena a = { 0 };

	(void)state;
	vr_arena_reset(&a);
	vr_arena_free(&a);
	vr_arena_free(&a);
	assert_int_equal(a.total, 0);
	assert_non_null(vr_alloc(&a, 4, 4));
	assert_int_equal(a.total, 16);
	vr_arena_free(&a);
	assert_null(a.first);
}

static void nothing_is_allocated_for_a_refused_request(void **state)
{
	struct vr_arena a = { 0 };
	uint8_t *before, *after;

	(void)state;
	before = vr_alloc(&a, 1, 16);
	assert_null(vr_alloc(&a, 1, BUDGET));
	after = vr_alloc(&a, 1, 16);
	assert_ptr_equal(after, before + 16);
	assert_int_equal(a.total, 32);
	vr_arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_when_it_is_handed_out_again),
		cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
		cmocka_unit_test(an_overflowing_product_is_refused),
		cmocka_unit_test(the_budget_is_256_mib_a_command),
		cmocka_unit_test(a_piece_larger_than_a_chunk_is_one_piece),
		cmocka_unit_test(reset_keeps_the_first_chunk),
		cmocka_unit_test(free_and_reset_of_an_unused_arena_are_harmless),
		cmocka_unit_test(nothing_is_allocated_for_a_refused_request),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
