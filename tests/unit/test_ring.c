// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_ring.c - the driver's words, the shared words, the entries around the
 * indices and the counts that follow.  Sections are those of virtio 1.2.
 */
#include "unit.h"
#include "guest_builder.h"

static const uint32_t sizes[] = { 1, 2, 4, 64, 256, 1024, 4096, 32768 };
static const uint16_t starts[] = { 0, 1, 255, 32767, 32768, 65530, 65535 };

static int setup(void **state)
{
	*state = guest_new(ERA_5_4);
	return 0;
}

static int teardown(void **state)
{
	guest_free(*state);
	return 0;
}

static struct ring new_ring(struct guest *g, uint32_t num, uint16_t start)
{
	struct ring r;

	ring_build(&r, g->f, &(struct ring_spec){ .num = num, .start = start });
	return r;
}

/* ---- what the driver keeps ----------------------------------------------- */

static void the_drivers_words_are_read_in_each_era(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct guest *g = guest_new(era);
		struct ring r = new_ring(g, 256, 0);
		struct vr_queue q;

		ring_set(&r, RING_INDEX, 5);
		ring_set(&r, RING_NUM_FREE, 200);
		ring_set(&r, RING_FREE_HEAD, 17);
		ring_set(&r, RING_NUM_ADDED, 3);
		ring_set(&r, RING_LAST_USED_IDX, 54321);
		ring_set(&r, RING_EVENT, 1);
		ring_set(&r, RING_INDIRECT, 0);
		ring_set(&r, RING_BROKEN, 1);
		q = guest_read_ring(g, &r);
		assert_int_equal(q.split.num, 256);
		assert_int_equal(q.vring_virtqueue, r.vvq);
		assert_val(q.index, 5);
		assert_val(q.num_free, 200);
		assert_val(q.free_head, 17);
		assert_val(q.num_added, 3);
		assert_val(q.last_used_idx, 54321);
		assert_val(q.event, 1);
		assert_val(q.indirect, 0);
		assert_val(q.broken, 1);
		guest_free(g);
	}
}

static void the_shadows_are_read_where_the_era_has_them(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct guest *g = guest_new(era);
		struct ring r = new_ring(g, 256, 0);
		bool shadows = era != ERA_3_10 && era != ERA_EL7;
		struct vr_queue q;

		if (shadows) {
			ring_set(&r, RING_AVAIL_IDX_SHADOW, 1234);
			ring_set(&r, RING_AVAIL_FLAGS_SHADOW, 1);
		}
		q = guest_read_ring(g, &r);
		if (shadows) {
			assert_val(q.avail_idx_shadow, 1234);
			assert_val(q.avail_flags_shadow, 1);
		} else {
			assert_absent(q.avail_idx_shadow);
			assert_absent(q.avail_flags_shadow);
		}
		guest_free(g);
	}
}

static void event_triggered_is_absent_before_el8_372(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_COUNT; era++) {
		struct guest *g = guest_new(era);
		struct ring r = new_ring(g, 256, 0);
		struct vr_queue q;

		if (era >= ERA_EL8_372)
			ring_set(&r, RING_EVENT_TRIGGERED, 1);
		q = guest_read_ring(g, &r);
		if (era >= ERA_EL8_372)
			assert_val(q.event_triggered, 1);
		else
			assert_absent(q.event_triggered);
		guest_free(g);
	}
}

static void the_queues_name_is_the_kernels(void **state)
{
	struct guest *g = *state;
	struct ring r = new_ring(g, 256, 0);
	uint64_t at = fake_alloc(g->f, 64);

	assert_string_equal(guest_read_ring(g, &r).name, "");
	fake_str(g->f, at, "output.1");
	ring_set(&r, RING_NAME, at);
	assert_string_equal(guest_read_ring(g, &r).name, "output.1");
	assert_int_equal(g->c.nerrors, 0);
}

/* ---- what both sides share ----------------------------------------------- */

/*
 * 2.7.6: flags, idx, num entries of 2 bytes, used_event.
 * 2.7.8: flags, idx, num entries of 8 bytes, avail_event.
 */
static void the_shared_words_are_at_the_specifications_offsets(void **state)
{
	struct guest *g = *state;

	for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
		struct ring r = new_ring(g, sizes[i], 0);
		struct vr_queue q;

		fake_u16(g->f, r.avail, 1);
		fake_u16(g->f, r.avail + 2, 1001);
		fake_u16(g->f, r.avail + 4 + 2 * sizes[i], 1002);
		fake_u16(g->f, r.used, 2);
		fake_u16(g->f, r.used + 2, 1003);
		fake_u16(g->f, r.used + 4 + 8 * sizes[i], 1004);
		q = guest_read_ring(g, &r);
		assert_int_equal(q.split.num, sizes[i]);
		assert_int_equal(q.split.desc, r.desc);
		assert_int_equal(q.split.avail, r.avail);
		assert_int_equal(q.split.used, r.used);
		assert_val(q.split.avail_flags, 1);
		assert_val(q.split.avail_idx, 1001);
		assert_val(q.split.used_event, 1002);
		assert_val(q.split.used_flags, 2);
		assert_val(q.split.used_idx, 1003);
		assert_val(q.split.avail_event, 1004);
	}
}

/* The word after used->ring[num] has 16 bits; what follows is not its own. */
static void the_event_words_have_16_bits(void **state)
{
	struct guest *g = *state;
	struct ring r = new_ring(g, 256, 0);
	struct vr_queue q;

	fake_u32(g->f, r.avail + 4 + 2 * 256, 0xdead1111);
	fake_u32(g->f, r.used + 4 + 8 * 256, 0xbeef2222);
	q = guest_read_ring(g, &r);
	assert_val(q.split.used_event, 0x1111);
	assert_val(q.split.avail_event, 0x2222);
}

static void the_entries_around_the_indices_wrap_at_num(void **state)
{
	struct guest *g = *state;

	for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
		for (unsigned k = 0; k < COUNT_OF(starts); k++) {
			struct ring r = new_ring(g, sizes[i], starts[k]);
			uint32_t last = (uint16_t)(starts[k] - 1) % sizes[i];
			uint32_t next = starts[k] % sizes[i];
			struct vr_queue q = guest_read_ring(g, &r);

			assert_int_equal(q.split.avail_last.slot, last);
			assert_int_equal(q.split.avail_next.slot, next);
			assert_int_equal(q.split.used_last.slot, last);
			assert_int_equal(q.split.used_reap.slot, next);
		}
		/* Rings of 32768 use up the arena's budget of one command. */
		vr_arena_reset(&g->c.arena);
		g->c.types = NULL;
	}
}

static void the_entries_hold_what_was_written_there(void **state)
{
	struct guest *g = *state;
	struct ring r = new_ring(g, 8, 65534);
	struct vr_queue q;

	/* A 65534 -> 65537 = 1 mod 2^16: slots 6, 7, 0; the next is 1. */
	for (unsigned i = 0; i < 3; i++)
		ring_add(&r, 1);
	ring_set_avail(&r, 1, 7);
	/* U 65534 -> 65536 = 0: slots 6 and 7; the driver reaps slot 6 next. */
	ring_return(&r, 1, 1500);
	ring_return(&r, 0, 60);
	q = guest_read_ring(g, &r);
	assert_val(q.split.avail_idx, 1);
	assert_val(q.split.used_idx, 0);
	assert_int_equal(q.split.avail_last.slot, 0);
	assert_val(q.split.avail_last.id, 2);
	assert_int_equal(q.split.avail_next.slot, 1);
	assert_val(q.split.avail_next.id, 7);
	assert_int_equal(q.split.used_last.slot, 7);
	assert_val(q.split.used_last.id, 0);
	assert_val(q.split.used_last.len, 60);
	assert_int_equal(q.split.used_reap.slot, 6);
	assert_val(q.split.used_reap.id, 1);
	assert_val(q.split.used_reap.len, 1500);
}

static void used_ids_and_lengths_have_32_bits(void **state)
{
	struct guest *g = *state;
	struct ring r = new_ring(g, 256, 0);
	struct vr_queue q;

	ring_set_used(&r, 0, 0xdeadbeef, 0xfffffff0);
	ring_set(&r, RING_USED_IDX, 1);
	q = guest_read_ring(g, &r);
	assert_val(q.split.used_last.id, 0xdeadbeef);
	assert_val(q.split.used_last.len, 0xfffffff0);
	assert_val(q.split.used_reap.id, 0xdeadbeef);
}

/* 2.7.1: a legacy device's words are in the guest's own order. */
static void a_legacy_rings_words_may_be_big_endian(void **state)
{
	struct guest *g = *state;
	struct vr_queue q;
	struct ring r;

	ring_build(&r, g->f, &(struct ring_spec){ .num = 16, .start = 0x1234,
						  .big = true });
	ring_set(&r, RING_AVAIL_FLAGS, 1);
	ring_set(&r, RING_USED_EVENT, 0x1235);
	ring_set(&r, RING_AVAIL_EVENT, 0x1236);
	ring_add(&r, 3);
	ring_add(&r, 1);
	ring_return(&r, 0, 1514);
	q = guest_read_ring(g, &r);
	assert_val(q.split.avail_flags, 1);
	assert_val(q.split.avail_idx, 0x1236);
	assert_val(q.split.used_idx, 0x1235);
	assert_val(q.split.used_event, 0x1235);
	assert_val(q.split.avail_event, 0x1236);
	assert_val(q.split.avail_last.id, 3);
	assert_val(q.split.used_last.id, 0);
	assert_val(q.split.used_last.len, 1514);
	assert_val(q.last_used_idx, 0x1234);
	assert_int_equal(q.slots.count[VR_SLOT_FREE], 12);
	assert_int_equal(q.slots.count[VR_SLOT_RETURNED], 3);
	assert_int_equal(q.slots.count[VR_SLOT_DEVICE], 1);
}

/* ---- counts -------------------------------------------------------------- */

static void counts_follow_from_the_steps_taken(void **state)
{
	struct guest *g = *state;

	for (unsigned i = 0; i < COUNT_OF(starts); i++) {
		struct ring r = new_ring(g, 64, starts[i]);
		struct vr_queue q;
		uint16_t head[9];

		for (unsigned k = 0; k < 9; k++)
			head[k] = ring_add(&r, 1);
		for (unsigned k = 0; k < 5; k++)
			ring_return(&r, head[k], 0);
		ring_reap(&r);
		ring_reap(&r);
		q = guest_read_ring(g, &r);
		assert_val(q.counts.in_flight, 7);
		assert_val(q.counts.device_pending, 4);
		assert_val(q.counts.driver_pending, 3);
	}
}

static void an_empty_ring_counts_nothing_wherever_it_is(void **state)
{
	struct guest *g = *state;

	for (unsigned i = 0; i < COUNT_OF(starts); i++) {
		struct ring r = new_ring(g, 64, starts[i]);
		struct vr_queue q = guest_read_ring(g, &r);

		assert_val(q.counts.in_flight, 0);
		assert_val(q.counts.device_pending, 0);
		assert_val(q.counts.driver_pending, 0);
	}
}

static void a_full_ring_of_32768_counts_32768(void **state)
{
	struct guest *g = *state;
	struct ring r = new_ring(g, 32768, 40000);
	struct vr_queue q;

	ring_set(&r, RING_AVAIL_IDX, (40000 + 32768) % 65536);
	q = guest_read_ring(g, &r);
	assert_val(q.counts.in_flight, 32768);
	assert_val(q.counts.device_pending, 32768);
	assert_val(q.counts.driver_pending, 0);
}

/* Pure: no ring behind it. */
static void counts_are_differences_mod_2_16(void **state)
{
	static const struct {
		uint16_t avail, used, last, flight, device, driver;
	} cases[] = {
		{ 0, 0, 0, 0, 0, 0 },
		{ 5, 3, 1, 4, 2, 2 },
		{ 2, 65535, 65533, 5, 3, 2 },
		{ 0, 65535, 65535, 1, 1, 0 },
		/* the lost interrupt */
		{ 43936, 43936, 43932, 4, 0, 4 },
		/* U ahead of A: absurd, but a number nevertheless */
		{ 10, 11, 10, 0, 65535, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct vr_queue q = { .dir = VR_TX };

		q.split.avail_idx = (struct vr_val){ cases[i].avail, VR_READ };
		q.split.used_idx = (struct vr_val){ cases[i].used, VR_READ };
		q.last_used_idx = (struct vr_val){ cases[i].last, VR_READ };
		vr_ring_derive(&q);
		assert_val(q.counts.in_flight, cases[i].flight);
		assert_val(q.counts.device_pending, cases[i].device);
		assert_val(q.counts.driver_pending, cases[i].driver);
	}
}

static void a_count_needs_both_its_indices(void **state)
{
	const struct vr_val read = { 5, VR_READ }, unread = { .have = VR_UNREAD };
	struct vr_queue q = { .dir = VR_TX };

	(void)state;
	q.split.avail_idx = read;
	q.split.used_idx = unread;
	q.last_used_idx = read;
	vr_ring_derive(&q);
	assert_val(q.counts.in_flight, 0);
	assert_unread(q.counts.device_pending);
	assert_unread(q.counts.driver_pending);
	q.split.avail_idx = (struct vr_val){ .have = VR_ABSENT };
	vr_ring_derive(&q);
	assert_unread(q.counts.in_flight);
}

/* ---- packed and in-order ------------------------------------------------- */

/* 7.1: split 0, packed 1, split in-order 2, packed in-order 3. */
static void the_layout_enum_tells_packed_and_in_order(void **state)
{
	(void)state;
	for (uint64_t layout = 0; layout < 4; layout++) {
		struct guest *g = guest_new(ERA_7_1);
		struct ring r = new_ring(g, 256, 0);
		struct vr_queue q;

		ring_set(&r, RING_LAYOUT, layout);
		q = guest_read_ring(g, &r);
		assert_int_equal(q.packed, layout == 1 || layout == 3);
		assert_int_equal(q.in_order, layout == 2 || layout == 3);
		assert_int_equal(q.split.num, q.packed ? 0 : 256);
		guest_free(g);
	}
}

/* A fifth layout, of some later kernel: the ring is not read as one of the four. */
static void a_layout_that_is_not_known_is_not_guessed(void **state)
{
	struct guest *g = guest_new(ERA_7_1);
	struct ring r = new_ring(g, 256, 0);
	struct vr_queue q;

	(void)state;
	ring_set(&r, RING_LAYOUT, 4);
	q = guest_read_ring(g, &r);
	assert_true(q.strange);
	assert_int_equal(q.num, 0);
	assert_unread(q.split.avail_idx);
	assert_unread(q.counts.in_flight);
	assert_int_equal(g->c.nerrors, 1);
	assert_int_equal(g->c.errors[0].code, VR_E_RANGE);
	assert_string_equal(g->c.errors[0].what, "layout");
	guest_free(g);
}

/* An in-order ring has no free list: its free_head is the next slot. */
static void an_in_order_ring_has_no_free_list_to_walk(void **state)
{
	struct guest *g = guest_new(ERA_7_1);
	struct ring r = new_ring(g, 256, 0);
	struct vr_queue q;

	(void)state;
	ring_set(&r, RING_LAYOUT, 2);
	for (uint32_t i = 0; i < 256; i++)
		ring_set_link(&r, i, 0xffff);
	ring_set(&r, RING_AVAIL_IDX, 7);
	q = guest_read_ring(g, &r);
	assert_int_equal(q.slots.count[VR_SLOT_FREE], 256);
	assert_val(q.counts.in_flight, 7);
	assert_int_equal(g->c.nerrors, 0);
	guest_free(g);
}

/* ---- on a live system --------------------------------------------------------- */

static struct ring *live_ring;
static int (*plain_read)(struct vr_target *t, enum vr_space space, uint64_t addr, void *buf,
			 size_t len);

/* The driver ends its add when the driver's own words were read, and before the ring's are. */
static int read_across_the_end_of_an_add(struct vr_target *t, enum vr_space space, uint64_t addr,
					 void *buf, size_t len)
{
	if (live_ring && addr >= live_ring->avail && addr < live_ring->avail + 8) {
		ring_set(live_ring, RING_AVAIL_IDX_SHADOW, 7);
		ring_set(live_ring, RING_AVAIL_IDX, 7);
		live_ring = NULL;
	}
	return plain_read(t, space, addr, buf, len);
}

/* Neither num_free nor an index of the ring tells of it: the shadow alone does. */
static void an_add_that_ends_between_two_reads_is_motion(void **state)
{
	(void)state;
	for (enum guest_era era = ERA_4_4; era < ERA_COUNT; era++) {
		for (int live = 0; live < 3; live++) {
			struct guest *g = guest_new(era);
			struct ring r = new_ring(g, 256, 6);
			struct vr_queue q;

			live_ring = live ? &r : NULL;
			g->f->t.live = live != 1;
			plain_read = g->f->t.read;
			g->f->t.read = read_across_the_end_of_an_add;
			q = guest_read_ring(g, &r);
			assert_val(q.avail_idx_shadow, 6);
			assert_val(q.split.avail_idx, live ? 7 : 6);
			assert_int_equal(q.moving, live == 2);
			guest_free(g);
		}
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_drivers_words_are_read_in_each_era),
		cmocka_unit_test(the_shadows_are_read_where_the_era_has_them),
		cmocka_unit_test(event_triggered_is_absent_before_el8_372),
		cmocka_unit_test(an_add_that_ends_between_two_reads_is_motion),
		TEST(the_queues_name_is_the_kernels),
		TEST(the_shared_words_are_at_the_specifications_offsets),
		TEST(the_event_words_have_16_bits),
		TEST(the_entries_around_the_indices_wrap_at_num),
		TEST(the_entries_hold_what_was_written_there),
		TEST(used_ids_and_lengths_have_32_bits),
		TEST(a_legacy_rings_words_may_be_big_endian),
		TEST(counts_follow_from_the_steps_taken),
		TEST(an_empty_ring_counts_nothing_wherever_it_is),
		TEST(a_full_ring_of_32768_counts_32768),
		cmocka_unit_test(counts_are_differences_mod_2_16),
		cmocka_unit_test(a_count_needs_both_its_indices),
		cmocka_unit_test(the_layout_enum_tells_packed_and_in_order),
		cmocka_unit_test(a_layout_that_is_not_known_is_not_guessed),
		cmocka_unit_test(an_in_order_ring_has_no_free_list_to_walk),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
