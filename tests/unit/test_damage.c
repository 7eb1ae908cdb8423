// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_damage.c - rings with contents that no sound kernel writes: sizes, links,
 * ids and pointers are bounded, and what is sound is still read.
 */
#include <time.h>

#include "unit.h"
#include "guest_builder.h"

struct fixture {
	struct guest *g;
	struct ring r;
	struct vr_queue q;
};

static struct fixture fixture(enum guest_era era, uint32_t num)
{
	struct fixture x = { .g = guest_new(era) };

	ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = num });
	return x;
}

static void read_ring(struct fixture *x)
{
	x->q = guest_read_ring(x->g, &x->r);
}

static uint32_t count(const struct fixture *x, enum vr_slot_state s)
{
	return x->q.slots.count[s];
}

static void done(struct fixture *x)
{
	guest_free(x->g);
}

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_COUNT; era++)

/* ---- size ---------------------------------------------------------------- */

static void an_impossible_size_is_refused(void **state)
{
	static const struct {
		uint32_t num;
		enum vr_errcode code;
	} bad[] = {
		{ 0, VR_E_RANGE }, { 32769, VR_E_RANGE }, { 65536, VR_E_RANGE },
		{ 0x80000000, VR_E_RANGE }, { 0xffffffff, VR_E_RANGE },
		{ 3, VR_E_SHAPE }, { 257, VR_E_SHAPE }, { 1023, VR_E_SHAPE },
		{ 32767, VR_E_SHAPE },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bad); i++) {
		struct fixture x = fixture(ERA_5_15, 256);

		ring_set(&x.r, RING_NUM, bad[i].num);
		ring_set(&x.r, RING_NUM_FREE, 99);
		read_ring(&x);
		assert_int_equal(x.q.split.num, 0);
		assert_int_equal(get_error(&x.g->c, bad[i].code, "vring.num")->value,
				 bad[i].num);
		assert_val(x.q.num_free, 99);
		assert_unread(x.q.split.avail_idx);
		assert_unread(x.q.split.used_idx);
		assert_unread(x.q.split.used_event);
		assert_unread(x.q.counts.in_flight);
		assert_null(x.q.slots.state);
		done(&x);
	}
}

static void each_power_of_two_up_to_32768_is_a_size(void **state)
{
	(void)state;
	for (uint32_t num = 1; num <= 32768; num *= 2) {
		struct fixture x = fixture(ERA_5_15, num);

		read_ring(&x);
		assert_int_equal(x.q.split.num, num);
		assert_int_equal(count(&x, VR_SLOT_FREE), num);
		assert_int_equal(x.g->c.nerrors, 0);
		done(&x);
	}
}

/* ---- pointers ------------------------------------------------------------ */

static void a_null_ring_pointer_spoils_only_what_it_leads_to(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 256);

		ring_add(&x.r, 2);
		ring_set(&x.r, RING_AVAIL, 0);
		read_ring(&x);
		get_error(&x.g->c, VR_E_NULL, "vring.avail");
		assert_unread(x.q.split.avail_idx);
		assert_val(x.q.split.used_idx, 0);
		assert_int_equal(count(&x, VR_SLOT_DEVICE), 2);
		done(&x);

		x = fixture(era, 256);
		ring_add(&x.r, 2);
		ring_set(&x.r, RING_USED, 0);
		read_ring(&x);
		get_error(&x.g->c, VR_E_NULL, "vring.used");
		assert_unread(x.q.split.used_idx);
		assert_unread(x.q.split.avail_event);
		assert_val(x.q.split.avail_idx, 1);
		assert_int_equal(count(&x, VR_SLOT_DEVICE), 2);
		done(&x);
	}
}

static void a_null_descriptor_table_leaves_the_heads(void **state)
{
	struct fixture x = fixture(ERA_5_15, 256);

	(void)state;
	ring_add(&x.r, 2);
	ring_set(&x.r, RING_DESC, 0);
	read_ring(&x);
	get_error(&x.g->c, VR_E_NULL, "vring.desc");
	assert_val(x.q.split.avail_idx, 1);
	assert_int_equal(x.q.slots.state[0], VR_SLOT_DEVICE);
	assert_int_equal(x.q.slots.state[1], VR_SLOT_UNKNOWN);
	assert_int_equal(count(&x, VR_SLOT_FREE), 254);
	done(&x);
}

static void a_pointer_to_nowhere_is_noted_with_its_address(void **state)
{
	struct fixture x = fixture(ERA_5_4, 256);

	(void)state;
	ring_set(&x.r, RING_USED, 0x123454);
	read_ring(&x);
	assert_int_equal(get_error(&x.g->c, VR_E_READ, "used ring")->addr,
			 0x123454);
	assert_unread(x.q.split.used_idx);
	assert_val(x.q.split.avail_idx, 0);
	done(&x);
}

/* What lies there would be taken for indices. */
static void a_misaligned_pointer_is_not_followed(void **state)
{
	struct fixture x = fixture(ERA_5_4, 256);
	const struct vr_error *e;

	(void)state;
	ring_set(&x.r, RING_USED, x.r.used + 2);
	read_ring(&x);
	e = get_error(&x.g->c, VR_E_WILD, "vring.used");
	assert_int_equal(e->value, x.r.used + 2);
	assert_true(e->addr > x.r.vvq);
	assert_unread(x.q.split.used_idx);
	assert_val(x.q.split.avail_idx, 0);
	done(&x);
}

/* The end of the address space must not wrap to its start. */
static void a_pointer_to_the_last_bytes_is_bounded(void **state)
{
	struct fixture x = fixture(ERA_5_4, 256);

	(void)state;
	ring_set(&x.r, RING_AVAIL, UINT64_MAX - 1);
	fake_map(x.g->f, VR_KERNEL, 0, FAKE_PAGE);
	read_ring(&x);
	assert_unread(x.q.split.avail_idx);
	assert_unread(x.q.split.used_event);
	assert_val(x.q.split.used_idx, 0);
	done(&x);
}

/* The first damage of a kind, which must be there. */
static const struct vr_damage *get_damage(const struct fixture *x,
					  enum vr_damage_code code)
{
	const struct vr_slots *s = &x->q.slots;

	for (unsigned i = 0; i < s->ndamage && i < VR_MAX_DAMAGE; i++)
		if (s->damage[i].code == code)
			return &s->damage[i];
	fail_msg("no damage %u among %u", code, s->ndamage);
	return NULL;
}

/* ---- free list ----------------------------------------------------------- */

static void a_link_out_of_range_ends_the_free_list(void **state)
{
	static const uint16_t links[] = { 16, 17, 1000, 0x8000, 0xffff };

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(links); i++) {
			struct fixture x = fixture(era, 16);
			const struct vr_damage *d;

			ring_set_link(&x.r, 4, links[i]);
			read_ring(&x);
			assert_int_equal(count(&x, VR_SLOT_FREE), 5);
			assert_int_equal(count(&x, VR_SLOT_UNKNOWN), 11);
			d = get_damage(&x, VR_D_FREE_RANGE);
			assert_int_equal(d->at, 4);
			assert_int_equal(d->value, links[i]);
			done(&x);
		}
	}
}

static void a_free_head_out_of_range_is_noted(void **state)
{
	static const uint32_t heads[] = { 16, 0xffff, 0x10000, 0xffffffff };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(heads); i++) {
		struct fixture x = fixture(ERA_5_15, 16);

		ring_set(&x.r, RING_FREE_HEAD, heads[i]);
		read_ring(&x);
		assert_int_equal(count(&x, VR_SLOT_FREE), 0);
		assert_int_equal(get_damage(&x, VR_D_FREE_RANGE)->value, heads[i]);
		done(&x);
	}
}

static void a_loop_in_the_free_list_ends_at_the_repeat(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 16);

		ring_set_link(&x.r, 9, 3);
		read_ring(&x);
		assert_int_equal(count(&x, VR_SLOT_FREE), 10);
		assert_int_equal(get_damage(&x, VR_D_FREE_REPEAT)->value, 3);
		done(&x);

		x = fixture(era, 16);
		ring_set_link(&x.r, 0, 0);
		read_ring(&x);
		assert_int_equal(count(&x, VR_SLOT_FREE), 1);
		assert_int_equal(get_damage(&x, VR_D_FREE_REPEAT)->value, 0);
		done(&x);
	}
}

static void more_free_than_the_ring_has_is_not_walked(void **state)
{
	static const uint32_t frees[] = { 17, 65536, 0xffffffff };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(frees); i++) {
		struct fixture x = fixture(ERA_5_15, 16);

		ring_set(&x.r, RING_NUM_FREE, frees[i]);
		read_ring(&x);
		assert_val(x.q.num_free, frees[i]);
		assert_int_equal(count(&x, VR_SLOT_FREE), 0);
		assert_int_equal(count(&x, VR_SLOT_UNKNOWN), 16);
		done(&x);
	}
}

static void a_num_free_too_small_leaves_the_rest_unknown(void **state)
{
	struct fixture x = fixture(ERA_5_15, 16);

	(void)state;
	ring_add(&x.r, 3);
	ring_set(&x.r, RING_NUM_FREE, 10);
	read_ring(&x);
	assert_int_equal(count(&x, VR_SLOT_DEVICE), 3);
	assert_int_equal(count(&x, VR_SLOT_FREE), 10);
	assert_int_equal(count(&x, VR_SLOT_UNKNOWN), 3);
	assert_int_equal(x.g->c.nerrors, 0);
	done(&x);
}

/* ---- chains -------------------------------------------------------------- */

static void a_chain_that_leaves_the_table_ends_there(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 16);

		ring_add(&x.r, 3);
		ring_set_desc(&x.r, 1, DESC_NEXT_FLAG, 16);
		ring_set_link(&x.r, 1, 16);
		read_ring(&x);
		assert_int_equal(x.q.slots.state[0], VR_SLOT_DEVICE);
		assert_int_equal(x.q.slots.state[1], VR_SLOT_DEVICE);
		assert_int_equal(x.q.slots.state[2], VR_SLOT_UNKNOWN);
		assert_int_equal(count(&x, VR_SLOT_FREE), 13);
		done(&x);
	}
}

static void a_chain_that_loops_is_bounded(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 16);

		ring_add(&x.r, 4);
		ring_set_desc(&x.r, 3, DESC_NEXT_FLAG, 1);
		ring_set_link(&x.r, 3, 1);
		read_ring(&x);
		assert_int_equal(count(&x, VR_SLOT_DEVICE), 4);
		assert_int_equal(count(&x, VR_SLOT_FREE), 12);
		done(&x);
	}
}

/*
 * Every descriptor a head, every chain one circle through all of them: the
 * worst that a table can hold.  Chain by chain that is num * num steps, 2^30
 * of them; whoever comes to a descriptor that is marked already may stop.
 */
static void chains_that_share_a_circle_end_in_time(void **state)
{
	struct fixture x = fixture(ERA_5_15, 32768);
	clock_t start;

	(void)state;
	ring_set(&x.r, RING_NUM_FREE, 0);
	for (uint32_t i = 0; i < 32768; i++) {
		ring_set_desc(&x.r, i, DESC_NEXT_FLAG, (uint16_t)((i + 1) % 32768));
		ring_set_link(&x.r, i, (uint16_t)((i + 1) % 32768));
		ring_set_token(&x.r, i, 0xffff888000000000ULL);
	}
	start = clock();
	read_ring(&x);
	assert_int_equal(count(&x, VR_SLOT_DEVICE), 32768);
	/* Once round is a matter of milliseconds, sanitizers or not. */
	assert_true(clock() - start < CLOCKS_PER_SEC);
	done(&x);
}

/* ---- heads --------------------------------------------------------------- */

static void heads_out_of_range_are_shown_as_they_are(void **state)
{
	struct fixture x = fixture(ERA_5_15, 16);

	(void)state;
	ring_add(&x.r, 1);
	ring_set_avail(&x.r, 0, 0xffff);
	ring_set_used(&x.r, 0, 0xffffffff, 7);
	ring_set(&x.r, RING_USED_IDX, 1);
	read_ring(&x);
	assert_val(x.q.split.avail_last.id, 0xffff);
	assert_val(x.q.split.used_last.id, 0xffffffff);
	assert_val(x.q.split.used_reap.id, 0xffffffff);
	assert_val(x.q.counts.driver_pending, 1);
	assert_int_equal(count(&x, VR_SLOT_RETURNED), 0);
	assert_int_equal(count(&x, VR_SLOT_DEVICE), 1);
	done(&x);
}

/* What has no token is not in flight, whatever the device wrote. */
static void a_returned_id_without_a_token_changes_nothing(void **state)
{
	struct fixture x = fixture(ERA_5_15, 16);

	(void)state;
	ring_add(&x.r, 1);
	ring_set_used(&x.r, 0, 9, 0);
	ring_set(&x.r, RING_USED_IDX, 1);
	read_ring(&x);
	assert_int_equal(x.q.slots.state[9], VR_SLOT_FREE);
	assert_int_equal(x.q.slots.state[0], VR_SLOT_DEVICE);
	assert_int_equal(count(&x, VR_SLOT_RETURNED), 0);
	done(&x);
}

static void a_used_index_far_ahead_returns_nothing(void **state)
{
	struct fixture x = fixture(ERA_5_15, 16);

	(void)state;
	ring_add(&x.r, 1);
	ring_set(&x.r, RING_USED_IDX, 17);
	read_ring(&x);
	assert_val(x.q.counts.driver_pending, 17);
	assert_int_equal(count(&x, VR_SLOT_RETURNED), 0);
	assert_int_equal(count(&x, VR_SLOT_DEVICE), 1);
	done(&x);
}

static void rubbish_everywhere_is_bounded(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 256);
		size_t size = fake_sizeof(x.g->f, "vring_virtqueue");

		/* All of it but the size is rubbish; then the size too. */
		for (uint64_t a = x.r.vvq; a < x.r.vvq + size; a += 2)
			fake_u16(x.g->f, a, 0xa5a5);
		if (era < ERA_7_1 && era >= ERA_5_4)
			ring_set(&x.r, RING_PACKED, 0);
		if (era >= ERA_7_1)
			ring_set(&x.r, RING_LAYOUT, 0);
		ring_set(&x.r, RING_NUM, 256);
		read_ring(&x);
		assert_int_equal(x.q.split.num, 256);
		assert_val(x.q.num_free, 0xa5a5a5a5);
		assert_unread(x.q.split.avail_idx);
		assert_int_equal(count(&x, VR_SLOT_FREE), 0);
		done(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_impossible_size_is_refused),
		cmocka_unit_test(each_power_of_two_up_to_32768_is_a_size),
		cmocka_unit_test(a_null_ring_pointer_spoils_only_what_it_leads_to),
		cmocka_unit_test(a_null_descriptor_table_leaves_the_heads),
		cmocka_unit_test(a_pointer_to_nowhere_is_noted_with_its_address),
		cmocka_unit_test(a_misaligned_pointer_is_not_followed),
		cmocka_unit_test(a_pointer_to_the_last_bytes_is_bounded),
		cmocka_unit_test(a_link_out_of_range_ends_the_free_list),
		cmocka_unit_test(a_free_head_out_of_range_is_noted),
		cmocka_unit_test(a_loop_in_the_free_list_ends_at_the_repeat),
		cmocka_unit_test(more_free_than_the_ring_has_is_not_walked),
		cmocka_unit_test(a_num_free_too_small_leaves_the_rest_unknown),
		cmocka_unit_test(a_chain_that_leaves_the_table_ends_there),
		cmocka_unit_test(a_chain_that_loops_is_bounded),
		cmocka_unit_test(chains_that_share_a_circle_end_in_time),
		cmocka_unit_test(heads_out_of_range_are_shown_as_they_are),
		cmocka_unit_test(a_returned_id_without_a_token_changes_nothing),
		cmocka_unit_test(a_used_index_far_ahead_returns_nothing),
		cmocka_unit_test(rubbish_everywhere_is_bounded),
	};

	return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
