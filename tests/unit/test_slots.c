// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_slots.c - what each descriptor is used for: on the free list, in a chain
 * that the device has, in one that it returned.  Each test runs in every era,
 * since eras differ in where the list is linked and where the tokens are.
 */
#include "unit.h"
#include "guest_builder.h"

struct fixture {
	struct guest *g;
	struct ring r;
	struct vr_queue q;
};

static struct fixture fixture(enum guest_era era, uint32_t num, uint16_t start)
{
	struct fixture x = { .g = guest_new(era) };

	ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = num,
						      .start = start });
	return x;
}

static void done(struct fixture *x)
{
	guest_free(x->g);
}

/* The state of each descriptor as a string: '.' free, D, u, '?'. */
static void assert_slots(struct fixture *x, const char *want)
{
	static const char marks[VR_SLOT_NSTATES] = {
		[VR_SLOT_UNKNOWN] = '?', [VR_SLOT_FREE] = '.',
		[VR_SLOT_DEVICE] = 'D', [VR_SLOT_RETURNED] = 'u',
	};
	uint32_t count[VR_SLOT_NSTATES] = { 0 };
	char got[65] = "";

	assert_int_equal(x->r.num, strlen(want));
	x->q = guest_read_ring(x->g, &x->r);
	assert_non_null(x->q.slots.state);
	for (uint32_t i = 0; i < x->r.num; i++) {
		got[i] = marks[x->q.slots.state[i]];
		count[x->q.slots.state[i]]++;
	}
	assert_string_equal(got, want);
	for (unsigned i = 0; i < VR_SLOT_NSTATES; i++)
		assert_int_equal(x->q.slots.count[i], count[i]);
}

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_COUNT; era++)

/* ---- sound rings --------------------------------------------------------- */

static void a_new_ring_is_all_free(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8, 0);

		assert_slots(&x, "........");
		assert_int_equal(x.g->c.nerrors, 0);
		done(&x);
	}
}

static void a_chain_takes_all_its_descriptors(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 16, 65535);

		assert_int_equal(ring_add(&x.r, 3), 0);
		assert_int_equal(ring_add(&x.r, 1), 3);
		assert_int_equal(ring_add(&x.r, 4), 4);
		assert_slots(&x, "DDDDDDDD........");
		assert_val(x.q.num_free, 8);
		assert_int_equal(x.g->c.nerrors, 0);
		done(&x);
	}
}

static void an_indirect_chain_takes_one_descriptor(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8, 0);

		ring_add_indirect(&x.r, 17);
		ring_add(&x.r, 2);
		ring_add_indirect(&x.r, 1);
		assert_slots(&x, "DDDD....");
		assert_val(x.q.num_free, 4);
		done(&x);
	}
}

static void what_the_device_returned_is_told_from_what_it_has(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8, 65534);

		ring_add(&x.r, 2);
		ring_add(&x.r, 1);
		ring_add(&x.r, 3);
		ring_return(&x.r, 0, 0);
		assert_slots(&x, "uuDDDD..");
		ring_return(&x.r, 2, 0);
		assert_slots(&x, "uuuDDD..");
		assert_int_equal(x.g->c.nerrors, 0);
		done(&x);
	}
}

/* 2.7.8: a device may return buffers in any order. */
static void buffers_return_in_any_order(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8, 0);

		ring_add(&x.r, 2);
		ring_add(&x.r, 2);
		ring_add(&x.r, 2);
		ring_return(&x.r, 4, 0);
		assert_slots(&x, "DDDDuu..");
		ring_return(&x.r, 0, 0);
		assert_slots(&x, "uuDDuu..");
		assert_int_equal(ring_reap(&x.r), 4);
		assert_slots(&x, "uuDD....");
		done(&x);
	}
}

static void reaped_descriptors_are_free_again(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8, 65533);

		for (unsigned round = 0; round < 20; round++) {
			uint16_t a = ring_add(&x.r, 3), b = ring_add(&x.r, 2);

			ring_return(&x.r, b, 0);
			ring_reap(&x.r);
			ring_return(&x.r, a, 0);
			ring_reap(&x.r);
		}
		assert_slots(&x, "........");
		assert_int_equal(x.g->c.nerrors, 0);
		done(&x);
	}
}

/* The list after that use is no longer 0, 1, 2; a later chain is scattered. */
static void a_scattered_chain_is_followed_by_its_links(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8, 0);

		ring_add(&x.r, 1);
		ring_add(&x.r, 1);
		ring_add(&x.r, 1);
		ring_add(&x.r, 1);
		ring_return(&x.r, 3, 0);
		ring_return(&x.r, 1, 0);
		ring_reap(&x.r);
		ring_reap(&x.r);
		/* Free now: 1, 3, 4, 5, 6, 7. */
		assert_int_equal(ring_add(&x.r, 3), 1);
		assert_slots(&x, "DDDDD...");
		ring_return(&x.r, 1, 0);
		assert_slots(&x, "DuDuu...");
		done(&x);
	}
}

static void a_full_ring_has_nothing_free(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 4, 65535);

		ring_add(&x.r, 3);
		ring_add(&x.r, 1);
		assert_slots(&x, "DDDD");
		assert_val(x.q.num_free, 0);
		assert_int_equal(x.g->c.nerrors, 0);
		done(&x);
	}
}

/* With nothing free, free_head is whatever the last link was. */
static void the_free_head_of_a_full_ring_means_nothing(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 4, 0);

		ring_add(&x.r, 4);
		ring_set(&x.r, RING_FREE_HEAD, 0xfffe);
		assert_slots(&x, "DDDD");
		assert_int_equal(x.g->c.nerrors, 0);
		done(&x);
	}
}

/* The list has exactly num_free entries; what its last one says is a leftover. */
static void the_last_link_of_the_free_list_is_not_followed(void **state)
{
	static const uint16_t leftovers[] = { 0, 2, 7, 5, 8, 0xfffe, 0xffff };

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(leftovers); i++) {
			struct fixture x = fixture(era, 8, 0);

			ring_add(&x.r, 2);
			ring_set_link(&x.r, 7, leftovers[i]);
			assert_slots(&x, "DD......");
			assert_int_equal(x.g->c.nerrors, 0);
			done(&x);
		}
	}
}

/* What the ring's own 'next' says of free descriptors is stale since 5.15. */
static void stale_links_in_the_ring_are_not_followed(void **state)
{
	(void)state;
	for (enum guest_era era = ERA_5_15; era < ERA_COUNT; era++) {
		struct fixture x = fixture(era, 8, 0);

		ring_add(&x.r, 2);
		for (uint32_t i = 2; i < 8; i++)
			ring_set_desc(&x.r, i, DESC_NEXT_FLAG, 0);
		assert_slots(&x, "DD......");
		assert_int_equal(x.g->c.nerrors, 0);
		done(&x);
	}
}

static void a_ring_of_one_descriptor(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 1, 65535);

		assert_slots(&x, ".");
		ring_add(&x.r, 1);
		assert_slots(&x, "D");
		ring_return(&x.r, 0, 0);
		assert_slots(&x, "u");
		done(&x);
	}
}

static void the_largest_ring_is_counted(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 32768, 40000);

		for (unsigned i = 0; i < 100; i++)
			ring_add(&x.r, 7);
		for (unsigned i = 0; i < 40; i++)
			ring_return(&x.r, (uint16_t)(7 * i), 0);
		x.q = guest_read_ring(x.g, &x.r);
		assert_int_equal(x.q.slots.count[VR_SLOT_FREE], 32768 - 700);
		assert_int_equal(x.q.slots.count[VR_SLOT_DEVICE], 420);
		assert_int_equal(x.q.slots.count[VR_SLOT_RETURNED], 280);
		assert_int_equal(x.q.slots.count[VR_SLOT_UNKNOWN], 0);
		done(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ring_is_all_free),
		cmocka_unit_test(a_chain_takes_all_its_descriptors),
		cmocka_unit_test(an_indirect_chain_takes_one_descriptor),
		cmocka_unit_test(what_the_device_returned_is_told_from_what_it_has),
		cmocka_unit_test(buffers_return_in_any_order),
		cmocka_unit_test(reaped_descriptors_are_free_again),
		cmocka_unit_test(a_scattered_chain_is_followed_by_its_links),
		cmocka_unit_test(a_full_ring_has_nothing_free),
		cmocka_unit_test(the_free_head_of_a_full_ring_means_nothing),
		cmocka_unit_test(the_last_link_of_the_free_list_is_not_followed),
		cmocka_unit_test(stale_links_in_the_ring_are_not_followed),
		cmocka_unit_test(a_ring_of_one_descriptor),
		cmocka_unit_test(the_largest_ring_is_counted),
	};

	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
