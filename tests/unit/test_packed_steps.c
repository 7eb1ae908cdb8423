// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packed_steps.c - packed rings whose driver was caught between two words of an add, of
 * a get, or of taking buffers back; and the same words where nobody has them in hand.
 */
#include "unit.h"
#include "packed_guest.h"

/* The same counts as of the sound ring, and no alarm, but a word about it. */
static void check_turning(struct packed_guest *x, struct vr_queue sound)
{
	struct vr_queue q = guest_read_packed(x->g, &x->p);
	const struct vr_verdict *v = guest_verdict(x->g, &q);

	assert_val(q.counts.in_flight, sound.counts.in_flight.v);
	assert_val(q.counts.device_pending, sound.counts.device_pending.v);
	assert_val(q.counts.driver_pending, sound.counts.driver_pending.v);
	if (v->state == VR_ST_CORRUPT || v->severity > VR_SEV_INFO)
		fail_msg("%s: %s", vr_state_name(v->state), v->reasons[0].text);
	assert_string_equal(v->reasons[0].check, "positions");
	assert_non_null(strstr(v->reasons[0].text, "in transition"));
}

/* virtqueue_add_packed() turns the wrap counter, and then moves next_avail_idx. */
static void an_add_is_caught_turning(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS; i++)
		for (uint32_t left = 1; left <= 17; left++) {
			struct packed_guest x =
				packed_guest(packed_eras[i], 256, 240 - left);
			struct vr_queue q;

			packed_fill(&x.p, 16);
			packed_return_oldest(&x.p, 5);
			q = guest_check_packed(x.g, &x.p);
			assert_int_equal(q.pk.next_avail_idx.v, 256 - left);
			packed_set(&x.p, PACKED_AVAIL_WRAP, 0);
			check_turning(&x, q);
			/* With a table num_free has moved, and the slot is the last. */
			packed_set(&x.p, PACKED_NUM_FREE, 256 - 16 - 1);
			if (left == 1)
				check_turning(&x, q);
			else
				assert_int_equal(packed_verdict(&x).state,
						 VR_ST_CORRUPT);
			guest_free(x.g);
		}
}

/* Up to 5.17 a get moves last_used_idx, and then turns the wrap counter. */
static void a_get_is_caught_turning(void **state)
{
	(void)state;
	for (uint32_t over = 0; over <= 16; over++) {
		struct packed_guest x = packed_guest(ERA_5_4, 256, 256 + over);
		struct vr_queue q;

		packed_fill(&x.p, 30);
		packed_return_oldest(&x.p, 5);
		q = guest_check_packed(x.g, &x.p);
		packed_set(&x.p, PACKED_USED_WRAP, 1);
		check_turning(&x, q);
		guest_free(x.g);
	}
}

/* What the slot has from the round before. */
static void unpublish(struct packed *p, uint32_t at)
{
	packed_set_flags(p, at % p->num, packed_wrap(p, at) ? 0 : 0x8080);
}

static void assert_excused(struct packed_guest *x, const char *when, uint32_t n)
{
	struct vr_verdict v = packed_verdict(x);

	if (v.state == VR_ST_CORRUPT || v.severity > VR_SEV_INFO)
		fail_msg("%s of %u: %s: %s", when, n, vr_state_name(v.state), v.reasons[0].text);
}

/* The steps of an add, last to first: all but the first flags; the token; next_avail_idx;
 * the wrap counter; num_free. */
static void undo_add(struct packed_guest *x, uint16_t id, uint32_t at, uint32_t n)
{
	struct packed *p = &x->p;
	bool turned = packed_wrap(p, at) != packed_wrap(p, at + n);

	unpublish(p, at);
	assert_excused(x, "an add before it publishes", n);
	packed_set_token(p, id, 0);
	assert_excused(x, "an add before its token", n);
	packed_set(p, PACKED_NEXT_AVAIL, at % p->num);
	packed_set(p, PACKED_FREE_HEAD, id);
	assert_excused(x, "an add before next_avail_idx", n);
	packed_set(p, PACKED_NUM_FREE, p->num - p->held + n);
	assert_excused(x, "an add before num_free", n);
	if (turned)
		packed_set(p, PACKED_AVAIL_WRAP, packed_wrap(p, at));
	assert_excused(x, "an add before its end", n);
}

/* With so many buffers of one slot out before it. */
static void add_and_undo(enum guest_era era, uint32_t start, unsigned held, uint32_t n)
{
	struct packed_guest x = packed_guest(era, 256, start);
	uint32_t at;
	uint16_t id;

	packed_fill(&x.p, held);
	at = x.p.avail;
	id = packed_add(&x.p, n);
	undo_add(&x, id, at, n);
	guest_free(x.g);
}

static void an_add_is_caught_at_each_step(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS; i++)
		for (uint32_t n = 1; n <= 17; n++)
			for (uint32_t start = 230; start <= 260; start += 5)
				for (unsigned held = 0; held <= 2; held += 2)
					add_and_undo(packed_eras[i], start, held, n);
}

/* Across the ring's end, while what was reaped last lies behind its begin. */
static void an_add_to_a_ring_that_is_nearly_full_is_caught_at_each_step(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS; i++)
		for (uint32_t n = 1; n <= 16; n++)
			add_and_undo(packed_eras[i], 5, 240, n);
}

/* Up to 5.17 a get that empties the ring across its end turns the counter last. */
static void a_get_that_empties_the_ring_is_caught_turning(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 16; n++) {
		struct packed_guest x = packed_guest(ERA_5_4, 256, 256 - n);

		packed_fill(&x.p, n);
		packed_return_oldest(&x.p, n);
		for (uint32_t k = 0; k < n; k++)
			packed_reap(&x.p);
		packed_set(&x.p, PACKED_USED_WRAP, 1);
		assert_excused(&x, "a get that empties the ring", n);
		guest_free(x.g);
	}
}

/* A device that polls may return a table before its token is there. */
static void a_table_may_come_back_before_its_token(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS; i++)
		for (unsigned before = 0; before < 3; before++)
			for (unsigned slots = 0; slots < 2; slots++) {
				struct packed_guest x =
					packed_guest(packed_eras[i], 256, 250);
				struct vr_queue q;
				uint16_t id;

				for (unsigned k = 0; k < before; k++)
					packed_return(&x.p, packed_add(&x.p, 1), 0);
				id = packed_add_indirect(&x.p, 5);
				packed_return(&x.p, id, 0);
				packed_set_token(&x.p, id, 0);
				packed_set_length(&x.p, id, slots ? 7 : 0);
				assert_excused(&x, "a table that is back", before);
				q = guest_read_packed(x.g, &x.p);
				assert_val(q.counts.driver_pending, before + 1);
				guest_free(x.g);
			}
}

/* One with a table is published first. */
static void an_add_of_a_table_is_caught_at_each_step(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS; i++)
		for (uint32_t start = 230; start <= 260; start += 5) {
			struct packed_guest x =
				packed_guest(packed_eras[i], 256, start);
			uint32_t at;
			uint16_t id;

			packed_add(&x.p, 2);
			at = x.p.avail;
			id = packed_add_indirect(&x.p, 5);
			packed_set_token(&x.p, id, 0);
			assert_excused(&x, "a table before its token", 1);
			packed_set(&x.p, PACKED_NEXT_AVAIL, at % 256);
			packed_set(&x.p, PACKED_AVAIL_WRAP, packed_wrap(&x.p, at));
			assert_excused(&x, "a table before next_avail_idx", 1);
			guest_free(x.g);
		}
}

/* Of a buffer that the device has, not the newest one: nothing takes that. */
static void a_token_that_is_lost_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS; i++)
		for (unsigned which = 0; which < 2; which++) {
			struct packed_guest x = packed_guest(packed_eras[i], 256, 250);
			uint16_t ids[3];
			struct vr_queue q;

			for (unsigned k = 0; k < 3; k++)
				ids[k] = which ? packed_add(&x.p, k + 1) :
						 packed_add_indirect(&x.p, 3);
			packed_set_token(&x.p, ids[1], 0);
			q = guest_read_packed(x.g, &x.p);
			guest_corrupt(x.g, &q, "tokens");
			guest_free(x.g);
		}
}

static struct vr_verdict caught_in_a_reset(struct packed_guest *x)
{
	struct vr_queue q = guest_read_packed(x->g, &x->p);

	q.reset = (struct vr_val){ 1, VR_READ };
	return *guest_verdict(x->g, &q);
}

/* virtqueue_detach_unused_buf_packed(), id by id from 0. */
static void unused_buffers_are_caught_on_their_way_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PACKED_ERAS; i++) {
		struct packed_guest x = packed_guest(packed_eras[i], 256, 30);

		packed_fill(&x.p, 256);
		packed_return_oldest(&x.p, 20);
		for (uint32_t back = 1; back <= 256; back++) {
			packed_set_token(&x.p, back - 1, 0);
			packed_set(&x.p, PACKED_NUM_FREE, back);
			assert_int_not_equal(caught_in_a_reset(&x).state, VR_ST_CORRUPT);
		}
		/* More than the tokens tell. */
		packed_set(&x.p, PACKED_NUM_FREE, 257);
		assert_int_equal(packed_verdict(&x).state, VR_ST_CORRUPT);
		guest_free(x.g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_add_is_caught_turning),
		cmocka_unit_test(a_get_is_caught_turning),
		cmocka_unit_test(an_add_is_caught_at_each_step),
		cmocka_unit_test(an_add_to_a_ring_that_is_nearly_full_is_caught_at_each_step),
		cmocka_unit_test(a_get_that_empties_the_ring_is_caught_turning),
		cmocka_unit_test(a_table_may_come_back_before_its_token),
		cmocka_unit_test(an_add_of_a_table_is_caught_at_each_step),
		cmocka_unit_test(a_token_that_is_lost_is_told),
		cmocka_unit_test(unused_buffers_are_caught_on_their_way_back),
	};

	return cmocka_run_group_tests_name("packed steps", tests, NULL, NULL);
}
