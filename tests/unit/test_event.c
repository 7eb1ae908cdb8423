// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_event.c - when an index passes an event: virtio 1.2, 2.7.7.1 and 2.7.10.
 *
 * The answer is yes when the index moved over event+1, counting mod 2^16.
 */
#include "unit.h"

static void moving_over_event_plus_one_passes_it(void **state)
{
	(void)state;
	/* 10 -> 11 publishes entry 10, which is what event 10 waits for. */
	assert_true(vr_event_passed(10, 11, 10));
	assert_true(vr_event_passed(10, 20, 5));
}

static void an_event_still_ahead_is_not_passed(void **state)
{
	(void)state;
	assert_false(vr_event_passed(11, 11, 10));
	assert_false(vr_event_passed(12, 11, 10));
	assert_false(vr_event_passed(300, 20, 5));
}

static void an_event_left_behind_is_not_passed_again(void **state)
{
	(void)state;
	assert_false(vr_event_passed(9, 11, 10));
	assert_false(vr_event_passed(4, 20, 5));
}

static void an_index_that_did_not_move_passes_nothing(void **state)
{
	(void)state;
	assert_false(vr_event_passed(10, 10, 10));
	assert_false(vr_event_passed(9, 10, 10));
	assert_false(vr_event_passed(65535, 0, 0));
}

static void the_first_and_the_last_entry_of_a_batch_count(void **state)
{
	(void)state;
	/* The batch 100..109 takes the index from 100 to 110. */
	assert_false(vr_event_passed(99, 110, 100));
	assert_true(vr_event_passed(100, 110, 100));
	assert_true(vr_event_passed(109, 110, 100));
	assert_false(vr_event_passed(110, 110, 100));
}

static void batches_across_65535_are_counted_mod_2_16(void **state)
{
	(void)state;
	/* The batch 65533, 65534, 65535, 0, 1. */
	for (uint32_t e = 65533; e < 65538; e++)
		assert_true(vr_event_passed((uint16_t)e, 2, 65533));
	assert_false(vr_event_passed(65532, 2, 65533));
	assert_false(vr_event_passed(2, 2, 65533));
	assert_true(vr_event_passed(65535, 0, 65535));
}

/* Every event has exactly one place in a trip of 65535 steps. */
static void a_batch_of_n_is_passed_by_exactly_n_events(void **state)
{
	static const uint16_t olds[] = { 0, 1, 255, 32767, 32768, 65000, 65535 };
	static const uint16_t lengths[] = { 0, 1, 2, 256, 1024, 32768, 65535 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(olds); i++) {
		for (unsigned k = 0; k < COUNT_OF(lengths); k++) {
			uint16_t new_idx = (uint16_t)(olds[i] + lengths[k]);
			unsigned n = 0;

			for (uint32_t e = 0; e < 65536; e++)
				n += vr_event_passed((uint16_t)e, new_idx, olds[i]);
			assert_int_equal(n, lengths[k]);
		}
	}
}

/*
 * The procedure's sample: avail->idx 21790, avail_event 10380.  However many of
 * the ring's 1024 were just added, the event is far behind: no kick.
 */
static void the_sample_case_does_not_kick(void **state)
{
	(void)state;
	for (unsigned added = 0; added <= 1024; added++)
		assert_false(vr_event_passed(10380, 21790,
					     (uint16_t)(21790 - added)));
	/* Only a batch of more than 21790 - 10381 entries would reach it. */
	assert_false(vr_event_passed(10380, 21790, 21790 - 11409));
	assert_true(vr_event_passed(10380, 21790, 21790 - 11410));
}

/* The real lost interrupt: L 43932, U 43936, used_event 43932. */
static void the_lost_interrupt_case_was_due(void **state)
{
	(void)state;
	assert_true(vr_event_passed(43932, 43936, 43932));
	/* Its avail side had nothing to tell: A 43936, avail_event 43936. */
	assert_false(vr_event_passed(43936, 43936, 43932));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moving_over_event_plus_one_passes_it),
		cmocka_unit_test(an_event_still_ahead_is_not_passed),
		cmocka_unit_test(an_event_left_behind_is_not_passed_again),
		cmocka_unit_test(an_index_that_did_not_move_passes_nothing),
		cmocka_unit_test(the_first_and_the_last_entry_of_a_batch_count),
		cmocka_unit_test(batches_across_65535_are_counted_mod_2_16),
		cmocka_unit_test(a_batch_of_n_is_passed_by_exactly_n_events),
		cmocka_unit_test(the_sample_case_does_not_kick),
		cmocka_unit_test(the_lost_interrupt_case_was_due),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
