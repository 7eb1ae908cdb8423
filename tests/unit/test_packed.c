// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packed.c - sound packed rings: wherever they are, however full, and in every
 * era.  guest_check_packed() compares everything that is read with the positions
 * that the builder's driver and device have come to.
 */
#include "unit.h"
#include "packed_guest.h"

static const uint32_t small[] = { 1, 2, 3, 5, 7, 8, 16 }, large[] = { 255, 256, 257 };

/* Two rounds are a circle: from any position to any other, and none in no ring. */
static void the_steps_between_two_positions(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(small); i++) {
		uint32_t num = small[i];

		for (uint32_t from = 0; from < 2 * num; from++)
			for (uint32_t n = 0; n < 2 * num; n++) {
				uint32_t to = from + n;

				assert_int_equal(vr_packed_steps(num, from % num,
					from < num, to % num, to / num % 2 == 0), n);
			}
	}
	assert_int_equal(vr_packed_steps(0, 0, true, 0, false), 0);
}

/* ---- positions ------------------------------------------------------------- */

static void an_empty_ring_is_read_in_each_era(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS; i++) {
		struct packed_guest x = packed_guest(packed_eras[i], 8, 0);
		struct vr_queue q;

		packed_set_area(&x.p, x.p.driver, 0x8003, 2);
		packed_set_area(&x.p, x.p.device, 0x0005, 1);
		packed_set(&x.p, PACKED_EVENT_SHADOW, 2);
		packed_set(&x.p, PACKED_NUM_ADDED, 6);
		packed_set(&x.p, PACKED_INDIRECT, 0);
		q = guest_check_packed(x.g, &x.p);
		assert_int_equal(q.pk.driver.addr, x.p.driver);
		assert_val(q.pk.driver.off_wrap, 0x8003);
		assert_val(q.pk.driver.flags, 2);
		assert_int_equal(q.pk.device.addr, x.p.device);
		assert_val(q.pk.device.off_wrap, 5);
		assert_val(q.pk.device.flags, 1);
		assert_val(q.pk.event_flags_shadow, 2);
		assert_val(q.num_added, 6);
		assert_val(q.indirect, 0);
		assert_int_equal(q.desc_state, x.p.state);
		assert_int_equal(q.chains.nchains, 0);
		/* Nothing of it is taken for a split ring's. */
		assert_int_equal(q.split.num, 0);
		assert_unread(q.split.avail_idx);
		assert_unread(q.split.used_idx);
		guest_free(x.g);
	}
}

/* Fill it step by step, and return as much of that step by step. */
static void fill_and_empty(struct packed_guest *x, uint32_t fill)
{
	packed_fill(&x->p, fill);
	guest_check_packed(x->g, &x->p);
	for (uint32_t k = 0; k < fill; k++) {
		packed_return(&x->p, packed_oldest(&x->p), k);
		guest_check_packed(x->g, &x->p);
	}
	while (x->p.returned)
		packed_reap(&x->p);
	guest_check_packed(x->g, &x->p);
}

/* Every start position with both wrap counters, every fill, every number returned. */
static void small_rings_at_every_position(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(small); i++) {
		for (uint32_t start = 0; start < 2 * small[i]; start++) {
			for (uint32_t fill = 0; fill <= small[i]; fill++) {
				/* Both ways to store the used position. */
				struct packed_guest x =
					packed_guest(fill % 2 ? ERA_5_4 : ERA_6_12,
						     small[i], start);

				fill_and_empty(&x, fill);
				guest_free(x.g);
			}
		}
	}
}

/* Some of the fills and numbers returned, always in the same ring. */
static void large_rings_at_every_position(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(large); i++) {
		uint32_t num = large[i];
		struct packed_guest x = packed_guest(i % 2 ? ERA_5_15 : ERA_7_1,
						     num, 0);

		for (uint32_t start = 0; start < 2 * num; start++) {
			uint32_t fill = start % 3 ? start * 7 % num : num;
			uint32_t back = start % 5 ? start * 11 % (fill + 1) : fill;

			assert_int_equal(x.p.avail % (2 * num), start);
			packed_fill(&x.p, fill);
			packed_return_oldest(&x.p, back);
			guest_check_packed(x.g, &x.p);
			packed_return_oldest(&x.p, fill - back);
			while (x.p.returned)
				packed_reap(&x.p);
			packed_advance(&x.p, 2 * num + 1 - fill);
		}
		guest_free(x.g);
	}
}

/* The positions are the same; only the wrap counters differ. */
static void a_full_ring_is_told_from_an_empty_one(void **state)
{
	(void)state;
	for (uint32_t start = 0; start < 10; start++) {
		struct packed_guest x = packed_guest(ERA_5_15, 5, start);
		struct vr_queue q = guest_check_packed(x.g, &x.p);

		assert_val(q.counts.in_flight, 0);
		assert_int_equal(q.slots.count[VR_SLOT_FREE], 5);
		packed_add(&x.p, 5);
		q = guest_check_packed(x.g, &x.p);
		assert_int_equal(q.pk.next_avail_idx.v, q.pk.last_used_idx.v);
		assert_val(q.counts.in_flight, 1);
		assert_val(q.counts.device_pending, 1);
		assert_int_equal(q.slots.count[VR_SLOT_DEVICE], 5);
		packed_return(&x.p, packed_oldest(&x.p), 0);
		q = guest_check_packed(x.g, &x.p);
		assert_val(q.counts.driver_pending, 1);
		assert_int_equal(q.slots.count[VR_SLOT_RETURNED], 5);
		guest_free(x.g);
	}
}

/* In a full ring the oldest slot and the next one are the same, a round apart: who
 * waits at the former was due a kick, at the latter none. */
static void the_event_of_a_full_ring_is_told_by_its_round(void **state)
{
	(void)state;
	for (uint32_t start = 0; start < 10; start++) {
		struct packed_guest x = packed_guest(ERA_6_12, 5, start);
		struct vr_queue q;

		packed_add(&x.p, 5);
		packed_set_area(&x.p, x.p.device, packed_off_wrap(&x.p, x.p.used), 2);
		q = guest_check_packed(x.g, &x.p);
		assert_int_equal(q.verdict.state, VR_ST_NOT_CONSUMING);
		packed_set_area(&x.p, x.p.device, packed_off_wrap(&x.p, x.p.avail), 2);
		q = guest_check_packed(x.g, &x.p);
		assert_int_equal(q.verdict.state, VR_ST_ACTIVE);
		guest_free(x.g);
	}
}

/* 5.19 and later: bit 15 of the used position is its wrap counter. */
static void both_ways_to_store_the_used_position(void **state)
{
	struct packed_guest x = packed_guest(ERA_5_4, 8, 8 + 3);
	struct vr_queue q;

	(void)state;
	assert_true(packed_own_wrap(&x.p));
	q = guest_read_packed(x.g, &x.p);
	assert_val(q.last_used_idx, 3);
	assert_val(q.pk.used_wrap_counter, 0);
	packed_advance(&x.p, 8);
	q = guest_read_packed(x.g, &x.p);
	assert_val(q.last_used_idx, 3);
	assert_val(q.pk.used_wrap_counter, 1);
	guest_free(x.g);

	x = packed_guest(ERA_6_12, 8, 3);
	assert_false(packed_own_wrap(&x.p));
	packed_set(&x.p, PACKED_LAST_USED_IDX, 0x8003);
	q = guest_check_packed(x.g, &x.p);
	assert_val(q.last_used_idx, 3);
	assert_val(q.pk.used_wrap_counter, 1);
	guest_free(x.g);
}

/* ---- buffers of several slots, in any order ---------------------------------- */

static void a_buffer_that_goes_round_the_end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS; i++) {
		struct packed_guest x = packed_guest(packed_eras[i], 7, 5);
		uint16_t a = packed_add(&x.p, 4), b = packed_add(&x.p, 2);

		guest_check_packed(x.g, &x.p);
		packed_return(&x.p, a, 60);
		guest_check_packed(x.g, &x.p);
		packed_return(&x.p, b, 60);
		guest_check_packed(x.g, &x.p);
		assert_int_equal(packed_reap(&x.p), a);
		guest_check_packed(x.g, &x.p);
		guest_free(x.g);
	}
}

/* A short buffer overtakes a long one: its used descriptor takes the long one's
 * first slot, and the ring goes on behind it. */
static void a_short_buffer_overtakes_a_long_one(void **state)
{
	struct packed_guest x = packed_guest(ERA_5_15, 8, 6);
	uint16_t a = packed_add(&x.p, 3), b = packed_add(&x.p, 1);
	struct vr_queue q;

	(void)state;
	packed_return(&x.p, b, 1514);
	q = guest_check_packed(x.g, &x.p);
	assert_val(q.pk.device_idx, 7);
	assert_val(q.counts.driver_pending, 1);
	assert_int_equal(packed_reap(&x.p), b);
	/* The id is used again, its old descriptor still stands in the ring. */
	assert_int_equal(packed_add(&x.p, 2), b);
	guest_check_packed(x.g, &x.p);
	packed_return(&x.p, a, 1);
	packed_return(&x.p, b, 2);
	q = guest_check_packed(x.g, &x.p);
	assert_val(q.counts.driver_pending, 2);
	guest_free(x.g);
}

/* A long one overtakes short ones: slots between are skipped as they stand. */
static void a_long_buffer_overtakes_short_ones(void **state)
{
	struct packed_guest x = packed_guest(ERA_5_4, 9, 4);
	uint16_t a = packed_add(&x.p, 1), b = packed_add(&x.p, 1);
	uint16_t c = packed_add(&x.p, 5);

	(void)state;
	packed_return(&x.p, c, 0);
	guest_check_packed(x.g, &x.p);
	packed_return(&x.p, a, 0);
	guest_check_packed(x.g, &x.p);
	packed_return(&x.p, b, 0);
	guest_check_packed(x.g, &x.p);
	assert_int_equal(packed_reap(&x.p), c);
	guest_check_packed(x.g, &x.p);
	guest_free(x.g);
}

/* ---- long runs of everything ---------------------------------------------------- */

/* The same numbers every time. */
static uint32_t next_number(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

/* One that the device has, chosen by 'n'. */
static uint16_t pending(const struct packed *p, uint32_t n)
{
	for (uint32_t i = n; ; i++)
		if (p->buffer[i % p->num].ours && !p->buffer[i % p->num].returned)
			return (uint16_t)(i % p->num);
}

static void one_step(struct packed *p, uint32_t *seed)
{
	uint32_t room = p->num - p->held, what = next_number(seed, 8);

	if (what < 3 && room)
		packed_add(p, 1 + next_number(seed, room < 4 ? room : 4));
	else if (what < 4 && room)
		packed_add_indirect(p, 1 + next_number(seed, 3));
	else if (what < 6 && p->avail != p->used)
		packed_return(p, pending(p, next_number(seed, p->num)), what);
	else if (p->returned)
		packed_reap(p);
}

static void many_steps_in_any_order(void **state)
{
	static const uint32_t nums[] = { 1, 2, 3, 5, 7, 8, 16, 100, 256 };
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(nums); i++) {
		for (unsigned k = 0; k < PACKED_ERAS; k++) {
			struct packed_guest x =
				packed_guest(packed_eras[k], nums[i], 0);

			for (unsigned n = 0; n < 1000; n++) {
				one_step(&x.p, &seed);
				guest_check_packed(x.g, &x.p);
			}
			assert_true(x.p.avail > 2 * nums[i] || nums[i] > 99);
			guest_free(x.g);
		}
	}
}

/* 2.8.1: little-endian whatever the guest, unlike a legacy split ring. */
static void a_packed_ring_is_little_endian_in_a_big_endian_guest(void **state)
{
	struct guest *g = guest_new(ERA_5_15);
	struct vr_queue q;
	struct packed p;

	(void)state;
	g->f->t.big_endian = true;
	packed_build(&p, g->f, &(struct packed_spec){ .num = 300 });
	packed_advance(&p, 290);
	packed_set_area(&p, p.driver, 0x8123, 2);
	packed_set_area(&p, p.device, 0x0124, 2);
	packed_fill(&p, 260);
	packed_return_oldest(&p, 258);
	q = guest_check_packed(g, &p);
	assert_val(q.pk.driver.off_wrap, 0x8123);
	assert_val(q.pk.device.off_wrap, 0x0124);
	assert_val(q.pk.device.flags, 2);
	assert_int_equal(q.chains.nchains, 2);
	assert_int_equal(q.chains.desc[0].len, 100);
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_steps_between_two_positions),
		cmocka_unit_test(an_empty_ring_is_read_in_each_era),
		cmocka_unit_test(small_rings_at_every_position),
		cmocka_unit_test(large_rings_at_every_position),
		cmocka_unit_test(a_full_ring_is_told_from_an_empty_one),
		cmocka_unit_test(the_event_of_a_full_ring_is_told_by_its_round),
		cmocka_unit_test(both_ways_to_store_the_used_position),
		cmocka_unit_test(a_buffer_that_goes_round_the_end),
		cmocka_unit_test(a_short_buffer_overtakes_a_long_one),
		cmocka_unit_test(a_long_buffer_overtakes_short_ones),
		cmocka_unit_test(many_steps_in_any_order),
		cmocka_unit_test(a_packed_ring_is_little_endian_in_a_big_endian_guest),
	};

	return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
