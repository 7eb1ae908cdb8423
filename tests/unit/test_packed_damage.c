// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packed_damage.c - packed rings whose words make no sense or are not in the
 * dump: what depends on them is unknown, with a reason, and what does not is still
 * there.
 */
#include "unit.h"
#include "packed_guest.h"

/* Counts by flags are unknown, and the driver's own words are not. */
static void assert_lost(const struct vr_queue *q)
{
	assert_int_equal(q->num, 8);
	assert_unread(q->pk.device_idx);
	assert_unread(q->pk.device_wrap_counter);
	assert_unread(q->counts.driver_pending);
	assert_unread(q->counts.device_pending);
	assert_val(q->counts.in_flight, 3);
	assert_val(q->num_free, 4);
	assert_false(q->interrupt.known);
	assert_int_equal(q->chains.nchains, 0);
	assert_false(q->chains.known);
	for (unsigned i = 0; i < q->num; i++)
		assert_int_not_equal(q->slots.buffer[i], VR_SLOT_DEVICE);
}

static void assert_unknown_slots(const struct vr_queue *q, const char *want)
{
	static const char marks[] = { '?', '.', 'D', 'u' };
	char got[9] = "";

	assert_non_null(q->slots.state);
	for (unsigned i = 0; i < 8; i++)
		got[i] = marks[q->slots.state[i]];
	assert_string_equal(got, want);
}

/* ---- positions ---------------------------------------------------------------- */

static void a_position_outside_of_the_ring(void **state)
{
	static const uint16_t bad[] = { 8, 9, 0x7fff };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bad); i++) {
		struct packed_guest x = packed_guest_in_use(ERA_5_4, 5);
		struct vr_queue q;

		packed_set(&x.p, PACKED_NEXT_AVAIL, bad[i]);
		q = guest_read_packed(x.g, &x.p);
		assert_lost(&q);
		assert_null(q.slots.state);
		guest_corrupt(x.g, &q, "positions");
		guest_free(x.g);
	}
}

static void a_used_position_outside_of_the_ring_in_both_eras(void **state)
{
	static const enum guest_era eras[] = { ERA_5_4, ERA_6_12 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(eras); i++) {
		struct packed_guest x = packed_guest_in_use(eras[i], 5);
		struct vr_queue q;

		/* With the wrap bit where it belongs to the position. */
		packed_set(&x.p, PACKED_LAST_USED_IDX, i ? 0x8008 : 8);
		q = guest_read_packed(x.g, &x.p);
		assert_lost(&q);
		assert_val(q.last_used_idx, 8);
		assert_string_equal(guest_corrupt(x.g, &q, "positions"),
			"next_avail_idx 1, last_used_idx 8 in a ring of 8");
		guest_free(x.g);
	}
	/* Before 5.19 bit 15 is no wrap counter. */
	struct packed_guest x = packed_guest_in_use(ERA_5_4, 5);
	struct vr_queue q;

	packed_set(&x.p, PACKED_LAST_USED_IDX, 0x8005);
	q = guest_read_packed(x.g, &x.p);
	assert_val(q.last_used_idx, 0x8005);
	guest_corrupt(x.g, &q, "positions");
	guest_free(x.g);
}

/* On the same round, and the driver reaps ahead of where it writes. */
static void more_between_the_positions_than_the_ring_has(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_15, 5);
	struct vr_queue q;

	(void)state;
	/* From slot 5 on the first round to slot 6 on the second: nine slots. */
	packed_set(&x.p, PACKED_NEXT_AVAIL, 6);
	q = guest_read_packed(x.g, &x.p);
	assert_lost(&q);
	assert_string_equal(guest_corrupt(x.g, &q, "positions"),
			    "9 slots from last_used_idx 5 (wrap 1) to next_avail_idx 6 "
			    "(wrap 0) in a ring of 8");
	/* Eight of them are a full ring: nothing wrong with the positions. */
	packed_set(&x.p, PACKED_NEXT_AVAIL, 5);
	packed_set(&x.p, PACKED_NUM_FREE, 0);
	q = guest_read_packed(x.g, &x.p);
	assert_int_not_equal(guest_verdict(x.g, &q)->state, VR_ST_CORRUPT);
	assert_val(q.pk.device_idx, 6);
	guest_free(x.g);
}

/* A byte of a bool: whatever the true one was, nothing is derived from it. */
static void a_wrap_counter_that_is_no_bool(void **state)
{
	static const struct { enum guest_era era; unsigned member; const char *what; } cases[] = {
		{ ERA_5_4, PACKED_AVAIL_WRAP, "avail_wrap_counter" },
		{ ERA_5_4, PACKED_USED_WRAP, "used_wrap_counter" },
		{ ERA_6_12, PACKED_AVAIL_WRAP, "avail_wrap_counter" },
	};
	static const uint8_t bad[] = { 2, 255 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases) * COUNT_OF(bad); i++) {
		struct packed_guest x = packed_guest_in_use(cases[i / 2].era, 5);
		struct vr_queue q;
		const struct vr_error *e;

		packed_set(&x.p, cases[i / 2].member, bad[i % 2]);
		q = guest_read_packed(x.g, &x.p);
		assert_lost(&q);
		e = get_error(&x.g->c, VR_E_RANGE, cases[i / 2].what);
		assert_int_equal(e->value, bad[i % 2]);
		assert_int_equal(e->limit, 1);
		assert_true(e->addr > x.p.vvq);
		guest_free(x.g);
	}
}

/* ---- used descriptors ------------------------------------------------------------ */

static void a_used_id_outside_of_the_ring(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_15, 5);
	struct vr_queue q;

	(void)state;
	packed_set_desc(&x.p, 5, 0, 0, 8, 0x8080);
	q = guest_read_packed(x.g, &x.p);
	assert_lost(&q);
	assert_unknown_slots(&q, "?....???");
	assert_string_equal(guest_corrupt(x.g, &q, "used-id"),
			    "slot 5 returns id 8 (ring of 8)");
	guest_free(x.g);
}

static void a_buffer_of_no_slots_or_of_too_many(void **state)
{
	static const uint16_t bad[] = { 0, 5, 9, 0xffff };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bad); i++) {
		struct packed_guest x = packed_guest_in_use(ERA_7_1, 5);
		struct vr_queue q;

		packed_set_length(&x.p, x.p.used_id[5], bad[i]);
		q = guest_read_packed(x.g, &x.p);
		assert_lost(&q);
		assert_int_equal(find_damage(&q, VR_D_USED_LENGTH)->value, bad[i]);
		assert_int_equal(find_damage(&q, VR_D_USED_LENGTH)->other, 4);
		guest_corrupt(x.g, &q, "used-id");
		guest_free(x.g);
	}
}

/* 2.8.1: used is both bits like the wrap counter.  The other two combinations that no
 * driver and no device writes there are not taken for it. */
static void half_a_used_descriptor(void **state)
{
	static const uint16_t flags[] = { 0x8000, 0x0080, 0 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(flags); i++) {
		struct packed_guest x = packed_guest_in_use(ERA_5_15, 5);
		struct vr_queue q;

		packed_set_flags(&x.p, 6, flags[i]);
		q = guest_read_packed(x.g, &x.p);
		assert_val(q.counts.driver_pending, 1);
		assert_val(q.counts.device_pending, 2);
		assert_val(q.pk.device_idx, 6);
		guest_free(x.g);
	}
}

/* The second used descriptor bears the id of the first. */
static void a_buffer_that_was_returned_twice(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_4, 5);
	struct vr_queue q;

	(void)state;
	packed_set_desc(&x.p, 6, 0, 0, x.p.used_id[5], 0x8080);
	q = guest_read_packed(x.g, &x.p);
	assert_lost(&q);
	assert_unknown_slots(&q, "?....u??");
	assert_int_equal(find_damage(&q, VR_D_USED_TOKEN)->value, x.p.used_id[5]);
	assert_int_equal(find_damage(&q, VR_D_USED_TOKEN)->at, 6);
	guest_corrupt(x.g, &q, "used-id");
	guest_free(x.g);
}

static void the_return_of_a_buffer_that_was_never_given(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_4, 5);
	struct vr_queue q;

	(void)state;
	packed_set_desc(&x.p, 6, 0, 0, 7, 0x8080);
	packed_set_length(&x.p, 7, 1);
	q = guest_read_packed(x.g, &x.p);
	assert_lost(&q);
	assert_int_equal(find_damage(&q, VR_D_USED_TOKEN)->value, 7);
	guest_free(x.g);
}

/* What is reaped next too, where the tokens account for all slots. */
static void the_next_return_of_a_buffer_that_was_never_given(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_4, 5);
	struct vr_queue q;

	(void)state;
	packed_set_desc(&x.p, 5, 0, 0, 7, 0x8080);
	packed_set_length(&x.p, 7, 1);
	q = guest_read_packed(x.g, &x.p);
	assert_int_equal(find_damage(&q, VR_D_USED_TOKEN)->at, 5);
	guest_corrupt(x.g, &q, "used-id");
	guest_free(x.g);
}

/* The driver takes a buffer's token before it moves its position: a dump that stops
 * it there is no damage. */
static void a_driver_that_was_stopped_while_it_reaps(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_6_12, 5);
	struct vr_queue q;

	(void)state;
	packed_set_token(&x.p, x.p.used_id[5], 0);
	q = guest_read_packed(x.g, &x.p);
	assert_int_equal(x.g->c.nerrors, 0);
	assert_val(q.counts.in_flight, 2);
	assert_val(q.counts.device_pending, 2);
	assert_val(q.counts.driver_pending, 1);
	assert_val(q.pk.device_idx, 6);
	assert_int_not_equal(guest_verdict(x.g, &q)->state, VR_ST_CORRUPT);
	guest_free(x.g);
}

/* Of 100, no power of two: 90 buffers from slot 95 on, of which 73 are returned, the one
 * at 'slot' as the first once more. */
static struct packed_guest returned_twice_at(unsigned slot)
{
	struct packed_guest x = packed_guest(ERA_6_1, 100, 95);
	uint16_t first = packed_add(&x.p, 1);

	packed_fill(&x.p, 89);
	packed_return_oldest(&x.p, 73);
	packed_set_desc(&x.p, slot, 0, 0, first, 0);
	return x;
}

/* Slot 67 is 95 & 99. */
static void no_slot_but_the_next_is_excused_at_any_size(void **state)
{
	(void)state;
	for (unsigned slot = 65; slot <= 67; slot++) {
		struct packed_guest x = returned_twice_at(slot);
		struct vr_queue q = guest_read_packed(x.g, &x.p);

		assert_int_equal(find_damage(&q, VR_D_USED_TOKEN)->at, slot);
		guest_corrupt(x.g, &q, "used-id");
		guest_free(x.g);
	}
}

/* ---- holes ------------------------------------------------------------------------- */

/* 512 descriptors on two pages, the driver at 250: the second page is missing. */
static void the_ring_is_read_up_to_a_missing_page(void **state)
{
	struct packed_guest x = packed_guest(ERA_5_15, 512, 250);
	struct vr_queue q;

	(void)state;
	packed_fill(&x.p, 10);
	packed_return_oldest(&x.p, 5);
	fake_drop(x.g->f, VR_KERNEL, x.p.desc + FAKE_PAGE);
	q = guest_read_packed(x.g, &x.p);
	assert_val(q.pk.device_idx, 255);
	assert_val(q.counts.driver_pending, 5);
	assert_val(q.counts.device_pending, 5);
	get_error(&x.g->c, VR_E_READ, "descriptor ring");
	/* One buffer stands on the page that is there. */
	assert_int_equal(q.chains.nchains, 5);
	assert_int_equal(q.chains.chain[0].stop, VR_STOP_END);
	for (unsigned i = 1; i < 5; i++) {
		assert_int_equal(q.chains.chain[i].count, 0);
		assert_int_equal(q.chains.chain[i].stop, VR_STOP_UNREADABLE);
	}
	packed_return_oldest(&x.p, 5);
	packed_add(&x.p, 1);
	fake_drop(x.g->f, VR_KERNEL, x.p.desc + FAKE_PAGE);
	q = guest_read_packed(x.g, &x.p);
	assert_unread(q.pk.device_idx);
	assert_unread(q.counts.driver_pending);
	assert_val(q.counts.in_flight, 11);
	assert_int_equal(q.slots.count[VR_SLOT_RETURNED], 6);
	assert_int_equal(q.slots.count[VR_SLOT_UNKNOWN], 5);
	guest_free(x.g);
}

static void a_ring_that_is_not_in_the_dump(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_15, 5);
	struct vr_queue q;

	(void)state;
	fake_drop(x.g->f, VR_KERNEL, x.p.desc);
	q = guest_read_packed(x.g, &x.p);
	assert_lost(&q);
	assert_unknown_slots(&q, "?....???");
	assert_int_equal(get_error(&x.g->c, VR_E_READ, "descriptor ring")->addr, x.p.desc);
	guest_free(x.g);
}

static void without_the_drivers_states_no_buffer_can_be_counted(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_15, 5);
	struct vr_queue q;

	(void)state;
	fake_drop(x.g->f, VR_KERNEL, x.p.state);
	q = guest_read_packed(x.g, &x.p);
	assert_unread(q.counts.in_flight);
	assert_unread(q.counts.device_pending);
	assert_unread(q.counts.driver_pending);
	assert_unread(q.pk.device_idx);
	assert_val(q.pk.next_avail_idx, 1);
	get_error(&x.g->c, VR_E_READ, "desc_state");
	guest_free(x.g);
}

/* A kernel whose types do not tell what the driver keeps for a buffer. */
static void without_the_types_of_the_states_neither(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_15, 5);
	struct vr_queue q;

	(void)state;
	memset(&x.g->c.layout, 0, sizeof(x.g->c.layout));
	fake_forget(x.g->f, "vring_desc_state_packed", NULL);
	q = guest_read_packed(x.g, &x.p);
	assert_int_equal(q.num, 8);
	assert_unread(q.counts.in_flight);
	assert_unread(q.counts.driver_pending);
	guest_free(x.g);
}

static void each_event_area_is_read_for_itself(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_15, 5);
	struct vr_queue q;

	(void)state;
	packed_set_area(&x.p, x.p.driver, 0x8005, 2);
	fake_drop(x.g->f, VR_KERNEL, x.p.device);
	q = guest_read_packed(x.g, &x.p);
	assert_unread(q.pk.device.flags);
	assert_unread(q.pk.device.off_wrap);
	assert_val(q.pk.driver.off_wrap, 0x8005);
	assert_false(q.kick.known);
	assert_true(q.interrupt.known);
	assert_val(q.counts.in_flight, 3);
	get_error(&x.g->c, VR_E_READ, "device's event area");
	fake_drop(x.g->f, VR_KERNEL, x.p.driver);
	q = guest_read_packed(x.g, &x.p);
	assert_unread(q.pk.driver.flags);
	get_error(&x.g->c, VR_E_READ, "driver's event area");
	guest_free(x.g);
}

/* An unknown mode is shown as it is. */
static void a_mode_that_does_not_exist(void **state)
{
	struct packed_guest x = packed_guest_in_use(ERA_5_15, 5);
	struct vr_queue q;
	char text[24];

	(void)state;
	packed_set_area(&x.p, x.p.device, 3, 3);
	q = guest_read_packed(x.g, &x.p);
	assert_val(q.pk.device.flags, 3);
	assert_string_equal(vr_area_text(&q.pk.device, text), "?");
	assert_false(q.kick.event_idx);
	guest_free(x.g);
}

/* ---- sizes and pointers ------------------------------------------------------------- */

static void a_size_that_no_ring_has(void **state)
{
	static const uint32_t bad[] = { 0, 32769, 65536, 0xffffffff };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bad); i++) {
		struct packed_guest x = packed_guest_in_use(ERA_6_12, 5);
		struct vr_queue q;

		packed_set(&x.p, PACKED_NUM, bad[i]);
		q = guest_read_packed(x.g, &x.p);
		assert_true(q.packed);
		assert_int_equal(q.num, 0);
		assert_null(q.slots.state);
		assert_unread(q.counts.in_flight);
		assert_val(q.pk.next_avail_idx, 1);
		guest_corrupt(x.g, &q, "ring-size");
		guest_free(x.g);
	}
}

static void a_pointer_that_is_null(void **state)
{
	static const struct {
		enum packed_word word;
		const char *what;
	} cases[] = {
		{ PACKED_DESC, "packed.vring.desc" },
		{ PACKED_DRIVER, "packed.vring.driver" },
		{ PACKED_DEVICE, "packed.vring.device" },
		{ PACKED_STATE, "desc_state" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct packed_guest x = packed_guest_in_use(ERA_5_4, 5);
		struct vr_queue q;

		packed_set(&x.p, cases[i].word, 0);
		q = guest_read_packed(x.g, &x.p);
		get_error(&x.g->c, VR_E_NULL, cases[i].what);
		assert_val(q.pk.next_avail_idx, 1);
		if (cases[i].word == PACKED_DESC)
			assert_lost(&q);
		else if (cases[i].word == PACKED_STATE)
			assert_unread(q.counts.in_flight);
		else
			assert_val(q.counts.driver_pending, 1);
		guest_free(x.g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_position_outside_of_the_ring),
		cmocka_unit_test(a_used_position_outside_of_the_ring_in_both_eras),
		cmocka_unit_test(more_between_the_positions_than_the_ring_has),
		cmocka_unit_test(a_wrap_counter_that_is_no_bool),
		cmocka_unit_test(a_used_id_outside_of_the_ring),
		cmocka_unit_test(a_buffer_of_no_slots_or_of_too_many),
		cmocka_unit_test(half_a_used_descriptor),
		cmocka_unit_test(a_buffer_that_was_returned_twice),
		cmocka_unit_test(the_return_of_a_buffer_that_was_never_given),
		cmocka_unit_test(the_next_return_of_a_buffer_that_was_never_given),
		cmocka_unit_test(a_driver_that_was_stopped_while_it_reaps),
		cmocka_unit_test(no_slot_but_the_next_is_excused_at_any_size),
		cmocka_unit_test(the_ring_is_read_up_to_a_missing_page),
		cmocka_unit_test(a_ring_that_is_not_in_the_dump),
		cmocka_unit_test(without_the_drivers_states_no_buffer_can_be_counted),
		cmocka_unit_test(without_the_types_of_the_states_neither),
		cmocka_unit_test(each_event_area_is_read_for_itself),
		cmocka_unit_test(a_mode_that_does_not_exist),
		cmocka_unit_test(a_size_that_no_ring_has),
		cmocka_unit_test(a_pointer_that_is_null),
	};

	return cmocka_run_group_tests_name("packed damage", tests, NULL, NULL);
}
