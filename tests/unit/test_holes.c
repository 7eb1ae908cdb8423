// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_holes.c - rings of which pages are missing from the dump: everything on
 * the other pages is read, nothing is made up.
 *
 * Rings of 1024, as vring_init() lays them out on page boundaries: descriptors
 * on pages 0 to 3, the avail ring (2054 bytes) on page 4, the used ring (8198
 * bytes) on pages 5 to 7, avail_event alone on page 7.
 */
#include "unit.h"
#include "guest_builder.h"

#define NUM	1024u

struct fixture {
	struct guest *g;
	struct ring r;
	struct vr_queue q;
};

/* 100 chains of 3, of which 10 are returned; the indices pass 65535. */
static void build(struct fixture *x, enum guest_era era)
{
	*x = (struct fixture){ .g = guest_new(era) };
	ring_build(&x->r, x->g->f, &(struct ring_spec){ .num = NUM,
							.start = 65500 });
	for (unsigned i = 0; i < 100; i++)
		ring_add(&x->r, 3);
	for (unsigned i = 0; i < 10; i++)
		ring_return(&x->r, (uint16_t)(3 * i), 100 + i);
	ring_set(&x->r, RING_USED_EVENT, 65501);
	ring_set(&x->r, RING_AVAIL_EVENT, 77);
}

static void drop(struct fixture *x, uint64_t addr)
{
	fake_drop(x->g->f, VR_KERNEL, addr);
}

static void read_ring(struct fixture *x)
{
	x->q = guest_read_ring(x->g, &x->r);
}

static void assert_driver_side(struct fixture *x)
{
	assert_int_equal(x->q.split.num, NUM);
	assert_val(x->q.num_free, NUM - 300);
	assert_val(x->q.free_head, 300);
	assert_val(x->q.last_used_idx, 65500);
}

static void assert_avail_side(struct fixture *x)
{
	/* 65500 + 100 = 64 mod 2^16, slot 63 holds the last head. */
	assert_val(x->q.split.avail_idx, 64);
	assert_val(x->q.split.used_event, 65501);
	assert_int_equal(x->q.split.avail_last.slot, 63);
	assert_val(x->q.split.avail_last.id, 297);
}

static void assert_used_side(struct fixture *x)
{
	/* 65500 % 1024 = 988 */
	assert_val(x->q.split.used_idx, 65510);
	assert_val(x->q.split.avail_event, 77);
	assert_int_equal(x->q.split.used_last.slot, 997);
	assert_val(x->q.split.used_last.id, 27);
	assert_val(x->q.split.used_last.len, 109);
	assert_val(x->q.split.used_reap.id, 0);
}

static void assert_slots(struct fixture *x, uint32_t unknown, uint32_t free_,
			 uint32_t device, uint32_t returned)
{
	assert_int_equal(x->q.slots.count[VR_SLOT_UNKNOWN], unknown);
	assert_int_equal(x->q.slots.count[VR_SLOT_FREE], free_);
	assert_int_equal(x->q.slots.count[VR_SLOT_DEVICE], device);
	assert_int_equal(x->q.slots.count[VR_SLOT_RETURNED], returned);
}

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_COUNT; era++)

static void nothing_missing_is_read_without_an_error(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x;

		build(&x, era);
		read_ring(&x);
		assert_false(x.q.unread_layout);
		assert_driver_side(&x);
		assert_avail_side(&x);
		assert_used_side(&x);
		assert_slots(&x, 0, NUM - 300, 270, 30);
		assert_int_equal(x.g->c.nerrors, 0);
		guest_free(x.g);
	}
}

static void without_the_avail_ring_the_rest_is_read(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x;
		const struct vr_error *e;

		build(&x, era);
		drop(&x, x.r.avail);
		read_ring(&x);
		assert_driver_side(&x);
		assert_used_side(&x);
		assert_unread(x.q.split.avail_flags);
		assert_unread(x.q.split.avail_idx);
		assert_unread(x.q.split.used_event);
		assert_unread(x.q.split.avail_last.id);
		assert_unread(x.q.split.avail_next.id);
		assert_unread(x.q.counts.in_flight);
		assert_unread(x.q.counts.device_pending);
		assert_val(x.q.counts.driver_pending, 10);
		assert_slots(&x, 0, NUM - 300, 270, 30);
		assert_int_equal(x.g->c.nerrors, 1);
		e = get_error(&x.g->c, VR_E_READ, "avail ring");
		assert_int_equal(e->addr, x.r.avail);
		assert_int_equal(e->len, 2 + 2 + 2 * NUM + 2);
		guest_free(x.g);
	}
}

static void without_the_used_rings_first_page_the_rest_is_read(void **state)
{
	struct fixture x;

	(void)state;
	build(&x, ERA_5_15);
	drop(&x, x.r.used);
	read_ring(&x);
	assert_driver_side(&x);
	assert_avail_side(&x);
	assert_unread(x.q.split.used_flags);
	assert_unread(x.q.split.used_idx);
	assert_unread(x.q.split.used_last.id);
	/* Slot 988 is on the next page, avail_event on the last. */
	assert_val(x.q.split.used_reap.id, 0);
	assert_val(x.q.split.avail_event, 77);
	assert_val(x.q.counts.in_flight, 100);
	assert_unread(x.q.counts.device_pending);
	assert_unread(x.q.counts.driver_pending);
	/* Without used->idx all that has a token is with the device. */
	assert_slots(&x, 0, NUM - 300, 300, 0);
	assert_int_equal(get_error(&x.g->c, VR_E_READ, "used ring")->addr,
			 x.r.used);
	guest_free(x.g);
}

static void a_hole_in_the_middle_of_the_used_ring_hides_its_entries(void **state)
{
	struct fixture x;
	const struct vr_error *e;

	(void)state;
	build(&x, ERA_5_15);
	drop(&x, x.r.used + FAKE_PAGE);
	read_ring(&x);
	assert_driver_side(&x);
	assert_avail_side(&x);
	assert_val(x.q.split.used_idx, 65510);
	assert_val(x.q.split.avail_event, 77);
	assert_int_equal(x.q.split.used_last.slot, 997);
	assert_unread(x.q.split.used_last.id);
	assert_unread(x.q.split.used_last.len);
	assert_unread(x.q.split.used_reap.id);
	assert_val(x.q.counts.driver_pending, 10);
	assert_int_equal(x.g->c.nerrors, 1);
	e = get_error(&x.g->c, VR_E_READ, "used ring");
	assert_int_equal(e->addr, x.r.used + FAKE_PAGE);
	assert_int_equal(e->len, FAKE_PAGE);
	guest_free(x.g);
}

/* Element 511 begins 4 bytes before the page's end: 4 + 8 * 511 = 4092. */
static void an_element_on_a_holes_edge_is_read_as_far_as_it_goes(void **state)
{
	struct fixture x;

	(void)state;
	build(&x, ERA_5_15);
	ring_set(&x.r, RING_USED_IDX, 512);
	ring_set_used(&x.r, 511, 33, 44);
	drop(&x, x.r.used + FAKE_PAGE);
	read_ring(&x);
	assert_int_equal(x.q.split.used_last.slot, 511);
	assert_val(x.q.split.used_last.id, 33);
	assert_unread(x.q.split.used_last.len);
	guest_free(x.g);
}

static void without_the_last_page_only_avail_event_is_unread(void **state)
{
	struct fixture x;

	(void)state;
	build(&x, ERA_5_15);
	drop(&x, x.r.used + 2 * FAKE_PAGE);
	read_ring(&x);
	assert_driver_side(&x);
	assert_avail_side(&x);
	assert_unread(x.q.split.avail_event);
	assert_val(x.q.split.used_idx, 65510);
	assert_val(x.q.split.used_last.id, 27);
	/* The used ring ends 4 + 8 * 1024 + 2 - 8192 bytes into that page. */
	assert_int_equal(get_error(&x.g->c, VR_E_READ, "used ring")->len, 6);
	guest_free(x.g);
}

/* ---- tables of descriptors ----------------------------------------------- */

/* Since 5.15 the free list does not need the descriptors; chains need flags. */
static void a_hole_in_the_descriptors_cuts_chains_only(void **state)
{
	(void)state;
	for (enum guest_era era = ERA_5_15; era < ERA_COUNT; era++) {
		struct fixture x;

		build(&x, era);
		drop(&x, x.r.desc);
		read_ring(&x);
		assert_driver_side(&x);
		assert_avail_side(&x);
		assert_used_side(&x);
		/*
		 * Page 0 holds descriptors 0 to 255.  Of the 86 chains with
		 * heads 0, 3 .. 255 only the heads are known, 10 of them
		 * returned; the 14 chains from 258 on are whole.
		 */
		assert_slots(&x, 2 * 86, NUM - 300, 76 + 3 * 14, 10);
		guest_free(x.g);
	}
}

/* Before, the free list is linked in them too. */
static void a_hole_in_the_descriptors_cuts_the_free_list(void **state)
{
	(void)state;
	for (enum guest_era era = 0; era < ERA_5_15; era++) {
		struct fixture x;

		build(&x, era);
		drop(&x, x.r.desc + 2 * FAKE_PAGE);
		read_ring(&x);
		assert_driver_side(&x);
		assert_avail_side(&x);
		assert_used_side(&x);
		/* The list runs 300 .. 511 on pages 1, then 512, whose link is
		 * gone: 300 .. 512 are known to be free. */
		assert_slots(&x, NUM - 513, 213, 270, 30);
		assert_int_equal(x.q.slots.ndamage, 0);
		guest_free(x.g);
	}
}

static void a_hole_in_desc_extra_cuts_the_free_list(void **state)
{
	(void)state;
	for (enum guest_era era = ERA_5_15; era < ERA_COUNT; era++) {
		struct fixture x;

		build(&x, era);
		drop(&x, x.r.extra + 2 * FAKE_PAGE);
		read_ring(&x);
		assert_slots(&x, NUM - 513, 213, 270, 30);
		assert_int_equal(get_error(&x.g->c, VR_E_READ, "desc_extra")->addr,
				 x.r.extra + 2 * FAKE_PAGE);
		assert_int_equal(x.q.slots.ndamage, 0);
		guest_free(x.g);
	}
}

/* The ring's own links are stale there, so nothing but the head is known. */
static void without_desc_extra_the_rings_stale_links_are_not_used(void **state)
{
	(void)state;
	for (enum guest_era era = ERA_5_15; era < ERA_COUNT; era++) {
		struct fixture x;

		build(&x, era);
		ring_set(&x.r, RING_EXTRA, 0xffffdead00000000ULL);
		read_ring(&x);
		assert_int_equal(x.q.slots.count[VR_SLOT_FREE], 1);
		assert_int_equal(x.q.slots.ndamage, 0);
		get_error(&x.g->c, VR_E_READ, "desc_extra");
		guest_free(x.g);
	}
}

static void a_null_desc_extra_is_no_reason_to_use_stale_links(void **state)
{
	(void)state;
	for (enum guest_era era = ERA_5_15; era < ERA_COUNT; era++) {
		struct fixture x;

		build(&x, era);
		ring_set(&x.r, RING_EXTRA, 0);
		read_ring(&x);
		assert_int_equal(x.q.slots.count[VR_SLOT_FREE], 1);
		assert_int_equal(x.q.slots.ndamage, 0);
		get_error(&x.g->c, VR_E_NULL, "desc_extra");
		guest_free(x.g);
	}
}

static void without_tokens_chains_are_unknown_and_not_free(void **state)
{
	(void)state;
	for (enum guest_era era = ERA_5_4; era < ERA_COUNT; era++) {
		struct fixture x;

		build(&x, era);
		ring_set(&x.r, RING_STATE, 0xffffdead00000000ULL);
		read_ring(&x);
		assert_driver_side(&x);
		assert_avail_side(&x);
		assert_used_side(&x);
		assert_slots(&x, 300, NUM - 300, 0, 0);
		get_error(&x.g->c, VR_E_READ, "desc_state");
		guest_free(x.g);
	}
}

/* ---- the struct itself --------------------------------------------------- */

static void a_queue_without_its_struct_is_unread_and_harmless(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x;

		build(&x, era);
		drop(&x, x.r.vvq);
		read_ring(&x);
		/* Packed or split, where there are both, is among what is not known. */
		assert_int_equal(x.q.unread_layout, vr_has(&x.g->c, VR_VVQ_PACKED_RING) ||
						    vr_has(&x.g->c, VR_VVQ_LAYOUT));
		assert_int_equal(x.q.split.num, 0);
		assert_unread(x.q.num_free);
		assert_unread(x.q.last_used_idx);
		assert_unread(x.q.split.avail_idx);
		assert_unread(x.q.split.used_idx);
		assert_unread(x.q.counts.in_flight);
		assert_null(x.q.slots.state);
		get_error(&x.g->c, VR_E_READ, "vring_virtqueue");
		assert_int_equal(x.g->c.nerrors, 1);
		guest_free(x.g);
	}
}

/* The struct lies across two pages; of el7's, vring.num is at 56, free_head at
 * 92, last_used_idx at 100. */
static void members_on_the_structs_other_page_survive(void **state)
{
	const uint64_t page = 0xffff880035420000ULL;
	struct guest *g = guest_new(ERA_EL7);
	struct vr_queue q;
	struct ring r;

	(void)state;
	ring_build(&r, g->f, &(struct ring_spec){ .num = 256, .start = 9,
			.vvq_at = page + FAKE_PAGE - 96 });
	fake_drop(g->f, VR_KERNEL, page + FAKE_PAGE);
	q = guest_read_ring(g, &r);
	assert_int_equal(q.split.num, 256);
	assert_val(q.num_free, 256);
	assert_val(q.free_head, 0);
	assert_unread(q.last_used_idx);
	assert_val(q.split.avail_idx, 9);
	assert_val(q.counts.device_pending, 0);
	assert_unread(q.counts.driver_pending);
	assert_int_equal(get_error(&g->c, VR_E_READ, "vring_virtqueue")->addr,
			 page + FAKE_PAGE);
	guest_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_missing_is_read_without_an_error),
		cmocka_unit_test(without_the_avail_ring_the_rest_is_read),
		cmocka_unit_test(without_the_used_rings_first_page_the_rest_is_read),
		cmocka_unit_test(a_hole_in_the_middle_of_the_used_ring_hides_its_entries),
		cmocka_unit_test(an_element_on_a_holes_edge_is_read_as_far_as_it_goes),
		cmocka_unit_test(without_the_last_page_only_avail_event_is_unread),
		cmocka_unit_test(a_hole_in_the_descriptors_cuts_chains_only),
		cmocka_unit_test(a_hole_in_the_descriptors_cuts_the_free_list),
		cmocka_unit_test(a_hole_in_desc_extra_cuts_the_free_list),
		cmocka_unit_test(without_desc_extra_the_rings_stale_links_are_not_used),
		cmocka_unit_test(a_null_desc_extra_is_no_reason_to_use_stale_links),
		cmocka_unit_test(without_tokens_chains_are_unknown_and_not_free),
		cmocka_unit_test(a_queue_without_its_struct_is_unread_and_harmless),
		cmocka_unit_test(members_on_the_structs_other_page_survive),
	};

	return cmocka_run_group_tests_name("holes", tests, NULL, NULL);
}
