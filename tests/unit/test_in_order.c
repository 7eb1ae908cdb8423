// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_in_order.c - rings whose buffers are used in order (7.1): no free list, and
 * one used entry for several buffers (virtio 1.2, 2.7.9 and 2.8.9).
 */
#include "unit.h"
#include "guest_builder.h"

static const uint32_t sizes[] = { 1, 2, 4, 8, 16 };
static const uint16_t starts[] = { 0, 65530 };

struct fixture {
	struct guest *g;
	struct ring r;
	struct packed p;
};

static struct fixture split(uint32_t num, uint16_t start)
{
	struct fixture x = { .g = guest_new(ERA_7_1) };

	ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = num, .start = start,
						      .in_order = true });
	return x;
}

static struct fixture packed(uint32_t num, uint32_t start)
{
	struct fixture x = { .g = guest_new(ERA_7_1) };

	packed_build(&x.p, x.g->f, &(struct packed_spec){ .num = num,
							  .in_order = true });
	packed_advance(&x.p, start);
	return x;
}

/* Descriptors are used one behind the other, round and round. */
static struct vr_queue check_split(struct fixture *x)
{
	const struct ring *r = &x->r;
	uint32_t held = r->added - r->reaped, back = r->given_back - r->reaped;
	struct vr_queue q;

	vr_arena_reset(&x->g->c.arena);
	x->g->c.types = NULL;
	q = guest_read_ring(x->g, r);
	assert_true(q.in_order && !q.packed);
	assert_val(q.counts.in_flight, (uint16_t)(r->avail_idx - r->last_used_idx));
	assert_val(q.counts.device_pending, (uint16_t)(r->avail_idx - r->used_idx));
	assert_val(q.counts.driver_pending, (uint16_t)(r->used_idx - r->last_used_idx));
	assert_non_null(q.slots.state);
	for (uint32_t k = 0; k < r->num; k++)
		assert_int_equal(q.slots.state[(r->reaped + k) % r->num],
				 k >= held ? VR_SLOT_FREE :
				 k < back ? VR_SLOT_RETURNED : VR_SLOT_DEVICE);
	assert_int_equal(q.slots.count[VR_SLOT_FREE], r->num - held);
	assert_int_equal(q.slots.count[VR_SLOT_RETURNED], back);
	assert_int_equal(q.slots.count[VR_SLOT_DEVICE], held - back);
	assert_int_equal(x->g->c.nerrors, 0);
	assert_int_equal(q.slots.ndamage, 0);
	assert_int_not_equal(guest_verdict(x->g, &q)->state, VR_ST_CORRUPT);
	return q;
}

/* ---- split ------------------------------------------------------------------- */

/* Fill it, return 'back' at once, and reap them one by one: the batch stays open. */
static void split_batch(struct fixture *x, uint32_t fill, uint32_t back)
{
	for (uint32_t k = 0; k < fill; k++)
		ring_add(&x->r, 1);
	check_split(x);
	if (back)
		ring_return_batch(&x->r, back, 60);
	for (uint32_t k = 0; k < back; k++) {
		check_split(x);
		ring_reap(&x->r);
	}
	check_split(x);
	if (fill > back)
		ring_return_batch(&x->r, fill - back, 60);
	while (x->r.last_used_idx != x->r.used_idx)
		ring_reap(&x->r);
	check_split(x);
}

static void split_batches_at_every_position(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(sizes) * COUNT_OF(starts); i++) {
		uint32_t num = sizes[i / 2];
		struct fixture x = split(num, starts[i % 2]);

		/* 'added' moves by 'fill'; one more buffer makes the next position. */
		for (uint32_t at = 0; at < num; at++) {
			for (uint32_t fill = 0; fill <= num; fill++) {
				for (uint32_t back = 0; back <= fill; back++) {
					split_batch(&x, fill, back);
					while (x.r.added % num != at)
						split_batch(&x, 1, 1);
				}
			}
			split_batch(&x, 1, 0);
		}
		guest_free(x.g);
	}
}

/* The free slots are those from free_head on, round the end. */
static void free_slots_are_what_the_next_head_has_before_it(void **state)
{
	struct fixture x = split(8, 0);
	struct vr_queue q;

	(void)state;
	ring_add(&x.r, 3);
	ring_add(&x.r, 4);
	ring_return_batch(&x.r, 1, 0);
	ring_reap(&x.r);
	q = check_split(&x);
	assert_val(q.free_head, 7);
	assert_val(q.num_free, 4);
	ring_add(&x.r, 3);
	q = check_split(&x);
	assert_val(q.free_head, 2);
	assert_int_equal(q.slots.state[2], VR_SLOT_FREE);
	assert_int_equal(q.slots.state[1], VR_SLOT_DEVICE);
	guest_free(x.g);
}

/* What the device left in the used ring behind a batch's entry means nothing. */
static void leftovers_in_the_used_ring_mean_nothing(void **state)
{
	struct fixture x = split(8, 0);

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		ring_set_used(&x.r, i, i % 2 ? 0xdeadbeef : 7 - i, 1);
	for (unsigned i = 0; i < 6; i++)
		ring_add(&x.r, 1);
	ring_return_batch(&x.r, 4, 0);
	check_split(&x);
	ring_reap(&x.r);
	check_split(&x);
	guest_free(x.g);
}

static void the_text_names_no_leftover(void **state)
{
	struct guest *g = guest_new(ERA_7_1);
	struct nic *n = guest_nic(g, &(struct nic_spec){ .name = "eth0" });
	struct walked w;
	struct ring r;
	char *text = NULL;
	size_t len;
	FILE *out;

	(void)state;
	ring_build(&r, g->f, &(struct ring_spec){ .num = 8, .in_order = true,
						  .vvq_at = n->tx[0].vvq });
	for (unsigned i = 0; i < 6; i++)
		ring_add(&r, 1);
	ring_return_batch(&r, 4, 1234);
	ring_reap(&r);
	w = guest_walk(g, "eth0", "tx0");
	assert_int_equal(w.status, VR_WALK_OK);
	out = open_memstream(&text, &len);
	assert_non_null(out);
	vr_text_snapshot(out, &g->c, &w.snap, &w.sel, 80);
	fclose(out);
	assert_non_null(strstr(text, "num 8  in order\n"));
	assert_non_null(strstr(text, "    driver_pending     3  "));
	assert_null(strstr(text, "returned last"));
	assert_null(strstr(text, "next to be reaped"));
	free(text);
	guest_free(g);
}

static void an_impossible_position_marks_nothing_wrong(void **state)
{
	struct fixture x = split(8, 0);
	struct vr_queue q;

	(void)state;
	ring_add(&x.r, 2);
	ring_add(&x.r, 2);
	ring_return_batch(&x.r, 1, 0);
	/* The head there has no token. */
	ring_set(&x.r, RING_LAST_USED, 5);
	q = guest_read_ring(x.g, &x.r);
	assert_int_equal(q.slots.count[VR_SLOT_RETURNED], 0);
	assert_int_equal(q.slots.count[VR_SLOT_DEVICE], 4);
	/* Beyond the ring it goes round, as the driver's does. */
	ring_set(&x.r, RING_LAST_USED, 0x4000);
	q = guest_read_ring(x.g, &x.r);
	assert_int_equal(q.slots.count[VR_SLOT_RETURNED], 2);
	ring_set(&x.r, RING_FREE_HEAD, 0xffffffff);
	ring_set(&x.r, RING_NUM_FREE, 9);
	q = guest_read_ring(x.g, &x.r);
	assert_int_equal(q.slots.count[VR_SLOT_FREE], 0);
	guest_free(x.g);
}

/* ---- packed --------------------------------------------------------------------- */

static void packed_batch(struct fixture *x, uint32_t fill, uint32_t back)
{
	for (uint32_t k = 0; k < fill; k++)
		packed_add(&x->p, 1);
	guest_check_packed(x->g, &x->p);
	if (back)
		packed_return_batch(&x->p, back, 60);
	for (uint32_t k = 0; k < back; k++) {
		guest_check_packed(x->g, &x->p);
		packed_reap(&x->p);
	}
	guest_check_packed(x->g, &x->p);
	if (fill > back)
		packed_return_batch(&x->p, fill - back, 60);
	while (x->p.returned)
		packed_reap(&x->p);
	guest_check_packed(x->g, &x->p);
}

static void packed_batches_at_every_position(void **state)
{
	static const uint32_t nums[] = { 1, 2, 3, 5, 7, 8 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(nums); i++) {
		struct fixture x = packed(nums[i], 0);

		for (uint32_t at = 0; at < 2 * nums[i]; at++) {
			for (uint32_t fill = 0; fill <= nums[i]; fill++) {
				for (uint32_t back = 0; back <= fill; back++) {
					packed_batch(&x, fill, back);
					while (x.p.avail % (2 * nums[i]) != at)
						packed_advance(&x.p, 1);
				}
			}
			packed_advance(&x.p, 1);
		}
		guest_free(x.g);
	}
}

/* Two batches returned, the first of them half reaped. */
static void a_batch_behind_an_open_one(void **state)
{
	struct fixture x = packed(9, 6);
	struct vr_queue q;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		packed_add(&x.p, 1 + i % 2);
	packed_return_batch(&x.p, 2, 10);
	packed_return_batch(&x.p, 1, 20);
	packed_reap(&x.p);
	assert_int_not_equal(x.p.batch, 0xffffffff);
	q = guest_check_packed(x.g, &x.p);
	assert_val(q.counts.driver_pending, 2);
	assert_val(q.counts.device_pending, 1);
	assert_int_equal(q.slots.count[VR_SLOT_RETURNED], 3);
	guest_free(x.g);
}

/* A batch that ends at no buffer of the device's: where it ends is unknown. */
static void assert_no_batch_end(struct fixture *x, uint32_t id)
{
	struct vr_queue q;

	q = guest_read_packed(x->g, &x->p);
	assert_unread(q.pk.device_idx);
	assert_unread(q.counts.driver_pending);
	assert_unread(q.counts.device_pending);
	assert_val(q.counts.in_flight, 3);
	assert_int_equal(find_damage(&q, VR_D_USED_TOKEN)->value, id);
	guest_corrupt(x->g, &q, "used-id");
}

static void a_batch_that_ends_nowhere(void **state)
{
	struct fixture x = packed(8, 3);
	struct vr_queue q;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		packed_add(&x.p, 2);
	/* 3, 5 and 7 are buffers; 4 is in the middle of one, 2 is free. */
	packed_set_desc(&x.p, 3, 0, 0, 4, 0x8080);
	assert_no_batch_end(&x, 4);
	packed_set_desc(&x.p, 3, 0, 0, 2, 0x8080);
	assert_no_batch_end(&x, 2);
	/* The same of the batch that is being reaped. */
	packed_set(&x.p, PACKED_BATCH_ID, 6);
	assert_no_batch_end(&x, 6);
	packed_set(&x.p, PACKED_BATCH_ID, 8);
	q = guest_read_packed(x.g, &x.p);
	assert_unread(q.pk.device_idx);
	assert_int_equal(find_damage(&q, VR_D_USED_ID)->value, 8);
	guest_free(x.g);
}

/* The driver closes a batch and takes the token before it moves its position. */
static void a_driver_that_was_stopped_at_the_last_of_a_batch(void **state)
{
	struct fixture x = packed(9, 5);
	struct vr_queue q;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		packed_add(&x.p, 2);
	packed_return_batch(&x.p, 2, 10);
	packed_return_batch(&x.p, 1, 20);
	packed_reap(&x.p);
	packed_set(&x.p, PACKED_BATCH_ID, 0xffffffff);
	packed_set_token(&x.p, x.p.reap % 9, 0);
	q = guest_read_packed(x.g, &x.p);
	assert_int_equal(q.slots.ndamage, 0);
	assert_val(q.counts.driver_pending, 2);
	assert_val(q.counts.device_pending, 1);
	assert_val(q.counts.in_flight, 2);
	assert_val(q.pk.device_idx, x.p.used % 9);
	assert_int_not_equal(guest_verdict(x.g, &q)->state, VR_ST_CORRUPT);
	guest_free(x.g);

	x = split(8, 0);
	for (unsigned i = 0; i < 4; i++)
		ring_add(&x.r, 2);
	ring_return_batch(&x.r, 3, 10);
	ring_reap(&x.r);
	ring_reap(&x.r);
	ring_return_batch(&x.r, 1, 20);
	ring_set(&x.r, RING_BATCH_ID, 0xffffffff);
	ring_set_token(&x.r, 4, 0);
	ring_set(&x.r, RING_NUM_FREE, 6);
	q = guest_read_ring(x.g, &x.r);
	assert_val(q.counts.driver_pending, 2);
	assert_int_equal(q.slots.state[6], VR_SLOT_RETURNED);
	assert_int_equal(q.slots.state[7], VR_SLOT_RETURNED);
	assert_int_equal(q.slots.count[VR_SLOT_FREE], 6);
	assert_int_equal(q.slots.ndamage, 0);
	guest_free(x.g);
}

/* By head, and free_head stays where it is: what is free then is anywhere. */
static void buffers_taken_back_in_a_reset_are_no_damage(void **state)
{
	for (uint16_t start = 0; start < 256; start += 100) {
		struct fixture x = split(256, start);

		(void)state;
		for (unsigned i = 0; i < 256; i++)
			ring_add(&x.r, 1);
		for (uint32_t back = 1; back <= 256; back++) {
			struct vr_queue q;

			ring_set_token(&x.r, back - 1, 0);
			ring_set(&x.r, RING_NUM_FREE, back);
			ring_set(&x.r, RING_AVAIL_IDX, (uint16_t)(x.r.avail_idx - back));
			ring_set(&x.r, RING_AVAIL_IDX_SHADOW, (uint16_t)(x.r.avail_idx - back));
			vr_arena_reset(&x.g->c.arena);
			x.g->c.types = NULL;
			q = guest_read_ring(x.g, &x.r);
			q.reset = (struct vr_val){ 1, VR_READ };
			if (guest_verdict(x.g, &q)->state != VR_ST_STOPPED)
				fail_msg("%u back: %s", back, q.verdict.reasons[0].text);
		}
		guest_free(x.g);
	}
}

/* ---- long runs --------------------------------------------------------------------- */

static uint32_t next_number(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static void step_split(struct fixture *x, uint32_t *seed)
{
	struct ring *r = &x->r;
	uint16_t with_device = (uint16_t)(r->avail_idx - r->used_idx);
	uint32_t what = next_number(seed, 6);

	if (what < 2 && r->num_free)
		ring_add(r, 1 + next_number(seed, r->num_free < 4 ? r->num_free : 4));
	else if (what == 2 && r->num_free)
		ring_add_indirect(r, 2);
	else if (what == 3 && with_device)
		ring_return_batch(r, 1 + next_number(seed, with_device), what);
	else if (r->last_used_idx != r->used_idx)
		ring_reap(r);
}

static void step_packed(struct fixture *x, uint32_t *seed)
{
	struct packed *p = &x->p;
	uint32_t room = p->num - p->held, what = next_number(seed, 6);
	uint32_t with_device = 0;

	for (uint32_t i = 0; i < p->num; i++)
		with_device += p->buffer[i].ours && !p->buffer[i].returned;
	if (what < 2 && room)
		packed_add(p, 1 + next_number(seed, room < 4 ? room : 4));
	else if (what == 2 && room)
		packed_add_indirect(p, 2);
	else if (what == 3 && with_device)
		packed_return_batch(p, 1 + next_number(seed, with_device), what);
	else if (p->returned)
		packed_reap(p);
}

static void many_steps(void **state)
{
	static const uint32_t nums[] = { 1, 2, 4, 8, 64, 256 };
	uint32_t seed = 2;

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(nums); i++) {
		struct fixture x = split(nums[i], 65000);

		for (unsigned n = 0; n < 1500; n++) {
			step_split(&x, &seed);
			check_split(&x);
		}
		assert_true(x.r.reaped > nums[i]);
		guest_free(x.g);
		x = packed(nums[i] + i % 2, 0);
		for (unsigned n = 0; n < 1500; n++) {
			step_packed(&x, &seed);
			guest_check_packed(x.g, &x.p);
		}
		assert_true(x.p.reap > nums[i]);
		guest_free(x.g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_batches_at_every_position),
		cmocka_unit_test(free_slots_are_what_the_next_head_has_before_it),
		cmocka_unit_test(leftovers_in_the_used_ring_mean_nothing),
		cmocka_unit_test(the_text_names_no_leftover),
		cmocka_unit_test(an_impossible_position_marks_nothing_wrong),
		cmocka_unit_test(packed_batches_at_every_position),
		cmocka_unit_test(a_batch_behind_an_open_one),
		cmocka_unit_test(a_batch_that_ends_nowhere),
		cmocka_unit_test(a_driver_that_was_stopped_at_the_last_of_a_batch),
		cmocka_unit_test(buffers_taken_back_in_a_reset_are_no_damage),
		cmocka_unit_test(many_steps),
	};

	return cmocka_run_group_tests_name("in order", tests, NULL, NULL);
}
