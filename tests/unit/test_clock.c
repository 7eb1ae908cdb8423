// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_clock.c - ages, by the last tick; and what bears a later time than that.
 */
#include "judge.h"

#define TICK_NSEC	4000000u
#define NOW		(4294967296u + 1000000ull)	/* jiffies */

static struct vr_val age(uint64_t since)
{
	struct vr_ctx c = { .clock = { .tried = true, .tick_nsec = TICK_NSEC,
				       .jiffies = NOW } };

	return vr_age_jiffies(&c, READ(since));
}

static void an_age_is_counted_to_the_last_tick(void **state)
{
	(void)state;
	assert_val(age(NOW), 0);
	assert_val(age(NOW - 750), 3000);
	assert_val(age(1), (NOW - 1) * 4);
	assert_unread(age(0));
}

/* Live, jiffies are read once, and what happens is read later. */
static void what_happened_since_is_of_this_moment(void **state)
{
	(void)state;
	assert_val(age(NOW + 1), 0);
	assert_val(age(NOW + 3), 0);
	assert_val(age(NOW + 2500), 0);
}

static void a_time_that_cannot_be_has_no_age(void **state)
{
	(void)state;
	assert_unread(age(NOW + 2501));
	assert_unread(age(NOW + 1000000));
	assert_unread(age(UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_age_is_counted_to_the_last_tick),
		cmocka_unit_test(what_happened_since_is_of_this_moment),
		cmocka_unit_test(a_time_that_cannot_be_has_no_age),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
