// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_check_ring.c - a guest's invariants: rings that a driver and a device made step
 * by step are sound in every state, and each single breach is found by its own check,
 * with the numbers that fail.
 */
#include "guest_builder.h"
#include "judge.h"

struct fixture {
	struct guest *g;
	struct ring r;
	struct vr_queue q;
	struct vr_device d;
};

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_COUNT; era++)

static struct fixture fixture(enum guest_era era, uint32_t num, uint16_t start)
{
	struct fixture x = { .g = guest_new(era) };

	ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = num, .start = start });
	return x;
}

/* A device that works. */
static const struct vr_verdict *judge(struct fixture *x)
{
	x->q = guest_read_ring(x->g, &x->r);
	x->q.in_use = true;
	x->d = (struct vr_device){ .enabled = READ(1), .up = READ(1),
				   .carrier = READ(1) };
	judge_queue(&x->g->c, &x->d, &x->q);
	return &x->q.verdict;
}

static void is_sound(struct fixture *x)
{
	assert_sound(judge(x), vr_ring_checks);
}

static void done(struct fixture *x)
{
	guest_free(x->g);
}

/* ---- sound rings --------------------------------------------------------- */

static const uint16_t starts[] = { 0, 1, 32767, 32768, 65534, 65535 };

static void a_new_ring_is_sound_at_every_size(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 4, 256, 1024, 32768 };

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
			struct fixture x = fixture(era, sizes[i], starts[i]);

			is_sound(&x);
			assert_verdict(&x.q.verdict, VR_ST_IDLE, VR_SEV_OK);
			done(&x);
		}
	}
}

/* Filled by chains of 'n', returned and reaped, at each step of the way. */
static void fill_and_drain(struct fixture *x, unsigned n)
{
	uint16_t heads[16];
	unsigned count = 0;

	while (x->r.num_free >= n && count < COUNT_OF(heads)) {
		heads[count++] = ring_add(&x->r, n);
		is_sound(x);
	}
	for (unsigned i = 0; i < count; i++) {
		/* From the middle outwards: not in the order of adding. */
		ring_return(&x->r, heads[(i * 7 + count / 2) % count], 60);
		is_sound(x);
	}
	while (x->r.last_used_idx != x->r.used_idx) {
		ring_reap(&x->r);
		is_sound(x);
	}
}

static void a_ring_is_sound_at_each_step(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(starts); i++) {
			struct fixture x = fixture(era, 16, (uint16_t)(starts[i] - 9));

			fill_and_drain(&x, 1);
			fill_and_drain(&x, 2);
			fill_and_drain(&x, 3);
			assert_int_equal(x.r.num_free, 16);
			done(&x);
		}
	}
}

static void the_smallest_rings_are_sound_at_each_step(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 1, 65534);

		for (unsigned i = 0; i < 4; i++)
			fill_and_drain(&x, 1);
		done(&x);
		x = fixture(era, 2, 65533);
		for (unsigned i = 0; i < 3; i++) {
			fill_and_drain(&x, 1);
			fill_and_drain(&x, 2);
		}
		done(&x);
	}
}

/* All of it with the device; then all returned; the indices pass 65535. */
static void a_full_ring_is_sound(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 256, 1024 };

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
			uint32_t num = sizes[i];
			struct fixture x = fixture(era, num, (uint16_t)(0 - num / 2));

			for (uint32_t k = 0; k < num; k++)
				ring_add(&x.r, 1);
			ring_set(&x.r, RING_FREE_HEAD, 0xfffe);
			is_sound(&x);
			assert_val(x.q.counts.in_flight, num);
			for (uint32_t k = 0; k < num; k++)
				ring_return(&x.r, (uint16_t)k, 0);
			is_sound(&x);
			assert_val(x.q.counts.driver_pending, num);
			done(&x);
		}
	}
}

static void the_largest_ring_is_sound_in_traffic(void **state)
{
	static const enum guest_era eras[] = { ERA_EL7, ERA_5_4, ERA_7_1 };

	(void)state;
	for (unsigned e = 0; e < COUNT_OF(eras); e++) {
		struct fixture x = fixture(eras[e], 32768, 65000);

		for (unsigned i = 0; i < 1000; i++)
			ring_add(&x.r, 1 + i % 4);
		for (unsigned i = 0; i < 500; i += 2)
			ring_return(&x.r, (uint16_t)(i / 4 * 10 + (i % 4 ? 3 : 0)), 9);
		for (unsigned i = 0; i < 200; i++)
			ring_reap(&x.r);
		is_sound(&x);
		assert_val(x.q.counts.driver_pending, 50);
		done(&x);
	}
}

static void indirect_tables_are_sound(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8, 65535);

		ring_add_indirect(&x.r, 1);
		ring_add_indirect(&x.r, 4096);
		ring_add(&x.r, 2);
		is_sound(&x);
		ring_return(&x.r, 1, 0);
		is_sound(&x);
		done(&x);
	}
}

/* Entries that neither side will look at again may say anything. */
static void old_entries_are_not_looked_at(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 16, 65534);

		ring_add(&x.r, 2);
		ring_add(&x.r, 2);
		ring_return(&x.r, 2, 0);
		for (uint32_t slot = 0; slot < 16; slot++) {
			if (slot != 14 && slot != 15)	/* 65534 and 65535 */
				ring_set_avail(&x.r, slot, 0xffff);
			if (slot != 14)
				ring_set_used(&x.r, slot, 0xffffffff, 0);
		}
		is_sound(&x);
		done(&x);
	}
}

/* ---- breaches ------------------------------------------------------------ */

/*
 * Each starts from this ring of 16: chains at 0 (2 descriptors), 2 (1) and 3 (3);
 * that at 2 is returned; 6 to 15 are free.  last_used_idx is 65534 (slot 14),
 * used->idx 65535, avail->idx 1.
 */
static struct fixture busy(enum guest_era era)
{
	struct fixture x = fixture(era, 16, 65534);

	ring_add(&x.r, 2);
	ring_add(&x.r, 1);
	ring_add(&x.r, 3);
	ring_return(&x.r, 2, 0);
	return x;
}

static void set_avail_idx(struct ring *r, uint16_t idx)
{
	ring_set(r, RING_AVAIL_IDX, idx);
	if (fake_has(r->f, "vring_virtqueue", "split.avail_idx_shadow"))
		ring_set(r, RING_AVAIL_IDX_SHADOW, idx);
	else if (fake_has(r->f, "vring_virtqueue", "avail_idx_shadow"))
		ring_set(r, RING_AVAIL_IDX_SHADOW, idx);
}

static void avail_a_round_ahead(struct ring *r) { set_avail_idx(r, 16); }
static void avail_far_ahead(struct ring *r) { set_avail_idx(r, 40000); }
static void flight_of_17(struct ring *r) { set_avail_idx(r, 15); }
static void used_a_round_ahead(struct ring *r) { ring_set(r, RING_USED_IDX, 15); }
static void used_behind(struct ring *r) { ring_set(r, RING_LAST_USED_IDX, 0); }
/* The device returned what it was not given. */
static void used_past_avail(struct ring *r) { ring_set(r, RING_USED_IDX, 3); }
static void num_free_17(struct ring *r) { ring_set(r, RING_NUM_FREE, 17); }
static void num_free_huge(struct ring *r) { ring_set(r, RING_NUM_FREE, 0xffffffff); }
static void free_head_16(struct ring *r) { ring_set(r, RING_FREE_HEAD, 16); }
static void free_head_huge(struct ring *r) { ring_set(r, RING_FREE_HEAD, 0xffff); }
static void free_list_cycle(struct ring *r) { ring_set_link(r, 9, 7); }
static void free_list_self(struct ring *r) { ring_set_link(r, 6, 6); }
static void free_list_out(struct ring *r) { ring_set_link(r, 9, 16); }
static void free_list_taken(struct ring *r) { ring_set_link(r, 9, 3); }
static void free_list_long(struct ring *r) { ring_set(r, RING_NUM_FREE, 11); }
static void avail_head_16(struct ring *r) { ring_set_avail(r, 14, 16); }
static void avail_head_last(struct ring *r) { ring_set_avail(r, 0, 0xffff); }
static void used_id_16(struct ring *r) { ring_set_used(r, 14, 16, 0); }
static void used_id_huge(struct ring *r) { ring_set_used(r, 14, 0xffffffff, 0); }
static void used_id_free(struct ring *r) { ring_set_used(r, 14, 9, 0); }
static void used_id_no_head(struct ring *r) { ring_set_used(r, 14, 4, 0); }

static void two_leaks(struct ring *r)
{
	ring_set_link(r, 7, 9);
	ring_set_link(r, 11, 13);
	ring_set(r, RING_NUM_FREE, 8);
}

static void two_tokens_gone(struct ring *r)
{
	ring_set_token(r, 0, 0);
	ring_set_token(r, 3, 0);
}

/* Nothing is being taken back: the device works, and what it returned is there. */
static void a_token_gone(struct ring *r)
{
	ring_set_token(r, 3, 0);
}

static void two_tokens_more(struct ring *r)
{
	ring_set_token(r, 7, 0x1000);
	ring_set_token(r, 8, 0x2000);
}

static void returned_twice(struct ring *r)
{
	ring_return(r, 2, 0);
}

static void chain_to(struct ring *r, uint32_t from, uint16_t to)
{
	ring_set_desc(r, from, DESC_NEXT_FLAG, to);
	ring_set_link(r, from, to);
}

static void chain_out(struct ring *r) { chain_to(r, 3, 16); }
static void chain_far(struct ring *r) { chain_to(r, 4, 0xffff); }
static void chain_shared(struct ring *r) { chain_to(r, 3, 0); }
static void chain_to_head(struct ring *r) { chain_to(r, 0, 2); }
static void chain_free(struct ring *r) { chain_to(r, 0, 10); }
static void chain_loop(struct ring *r) { chain_to(r, 5, 3); }

static const struct breach {
	const char *check, *numbers;
	void (*spoil)(struct ring *r);
} breach[] = {
	{ "avail-ahead", "avail->idx 16, used->idx 65535: 17 apart in a ring of 16",
	  avail_a_round_ahead },
	{ "avail-ahead", "avail->idx 40000, used->idx 65535: 40001 apart in a ring of 16",
	  avail_far_ahead },
	{ "avail-ahead", "avail->idx 1, used->idx 3: 65534 apart", used_past_avail },
	{ "in-flight", "in_flight 17 in a ring of 16", flight_of_17 },
	{ "in-flight", "in_flight 40002 in a ring of 16", avail_far_ahead },
	{ "used-ahead", "used->idx 15, last_used_idx 65534: 17 apart in a ring of 16",
	  used_a_round_ahead },
	{ "used-ahead", "used->idx 65535, last_used_idx 0: 65535 apart", used_behind },
	{ "num-free", "num_free 17 in a ring of 16", num_free_17 },
	{ "num-free", "num_free 4294967295 in a ring of 16", num_free_huge },
	{ "free-head", "free_head 16 in a ring of 16", free_head_16 },
	{ "free-head", "free_head 65535 in a ring of 16", free_head_huge },
	{ "free-list", "behind descriptor 9 it comes to 7 a second time", free_list_cycle },
	{ "free-list", "behind descriptor 6 it comes to 6 a second time", free_list_self },
	{ "free-list", "behind descriptor 9 it leads to 16", free_list_out },
	{ "free-list", "descriptor 3 is on it and has a token", free_list_taken },
	{ "free-list", "descriptor 0 is on it and has a token", free_list_long },
	{ "free-list", "descriptor 8 is on it and has a token", two_tokens_more },
	{ "descriptors", "2 of 16 descriptors are neither free (8) nor in flight (6)",
	  two_leaks },
	{ "descriptors", "3 of 16 descriptors are neither free (10) nor in flight (3)",
	  a_token_gone },
	{ "tokens", "1 heads have a token, in_flight is 3", two_tokens_gone },
	{ "tokens", "2 heads have a token, in_flight is 3", a_token_gone },
	{ "tokens", "5 heads have a token, in_flight is 3", two_tokens_more },
	{ "chain", "descriptor 3 has NEXT and leads to 16", chain_out },
	{ "chain", "descriptor 4 has NEXT and leads to 65535", chain_far },
	{ "chain", "descriptor 3 leads to 0, which is free or of another chain",
	  chain_shared },
	{ "chain", "descriptor 0 leads to 2, which is free or of another chain",
	  chain_to_head },
	{ "chain", "descriptor 0 leads to 10, which is free or of another chain",
	  chain_free },
	{ "chain", "descriptor 5 leads to 3, which", chain_loop },
	{ "avail-head", "avail->ring[14] is 16", avail_head_16 },
	{ "avail-head", "avail->ring[0] is 65535", avail_head_last },
	{ "used-id", "slot 14 returns id 16", used_id_16 },
	{ "used-id", "slot 14 returns id 4294967295", used_id_huge },
	{ "used-id", "slot 14 returns id 9, which is not out", used_id_free },
	{ "used-id", "slot 14 returns id 4, which is not out", used_id_no_head },
	{ "used-id", "slot 15 returns id 2, which is not out", returned_twice },
};

static void each_breach_is_found_by_its_check(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(breach); i++) {
			struct fixture x = busy(era);
			const struct vr_verdict *v;

			is_sound(&x);
			breach[i].spoil(&x.r);
			v = judge(&x);
			assert_verdict(v, VR_ST_CORRUPT, VR_SEV_ERROR);
			assert_reason(v, breach[i].check, VR_SEV_ERROR,
				      breach[i].numbers);
			done(&x);
		}
	}
}

/* Where the kernel keeps a shadow; one ahead is an add that is under way. */
static void a_shadow_elsewhere_is_a_breach(void **state)
{
	static const uint16_t shadows[] = { 3, 0, 17, 289, 32769, 65535 };

	(void)state;
	for (enum guest_era era = ERA_4_9; era < ERA_COUNT; era++) {
		for (unsigned i = 0; i < COUNT_OF(shadows); i++) {
			struct fixture x = busy(era);
			char text[64];

			ring_set(&x.r, RING_AVAIL_IDX_SHADOW, shadows[i]);
			snprintf(text, sizeof(text),
				 "avail_idx_shadow %u, avail->idx 1", shadows[i]);
			assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
			assert_reason(&x.q.verdict, "shadow", VR_SEV_ERROR, text);
			assert_int_equal(breaches(&x.q.verdict, vr_ring_checks), 1);
			done(&x);
		}
	}
}

/* Since 5.15 the driver follows its own links; the device those in the ring. */
static void links_that_differ_are_a_breach(void **state)
{
	(void)state;
	for (enum guest_era era = ERA_5_15; era < ERA_COUNT; era++) {
		struct fixture x = busy(era);

		ring_set_desc(&x.r, 3, DESC_NEXT_FLAG, 9);
		assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
		assert_reason(&x.q.verdict, "chain", VR_SEV_ERROR,
			      "descriptor 3 leads to 9 in the ring, to 4 by desc_extra");
		assert_int_equal(breaches(&x.q.verdict, vr_ring_checks), 1);
		done(&x);
	}
}

/* More is missing than one chain explains. */
static void a_free_list_that_is_too_short_is_a_breach(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 256, 0);

		ring_add(&x.r, 3);
		ring_set(&x.r, RING_NUM_FREE, 100);
		assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
		assert_reason(&x.q.verdict, "descriptors", VR_SEV_ERROR,
			      "153 of 256 descriptors are neither free (100) nor in flight (3)");
		done(&x);
	}
}

static void a_senseless_size_is_a_breach(void **state)
{
	static const uint32_t sizes[] = { 0, 3, 255, 32769, 65536, 0xffffffff };

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
			struct fixture x = fixture(era, 256, 0);
			char text[32];

			ring_set(&x.r, RING_NUM, sizes[i]);
			snprintf(text, sizeof(text), "ring size %u", sizes[i]);
			assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
			assert_reason(&x.q.verdict, "ring-size", VR_SEV_ERROR, text);
			assert_int_equal(breaches(&x.q.verdict, vr_ring_checks), 1);
			done(&x);
		}
	}
}

/* A size that could not be read is no breach. */
static void an_unread_size_is_unreadable(void **state)
{
	struct vr_ctx c = { .nerrors = 0 };
	struct vr_queue q = { .num_free = READ(7), .free_head = READ(9) };
	struct vr_device d = { .up = READ(1) };

	(void)state;
	q.counts.in_flight = q.counts.device_pending = UNREAD;
	judge_queue(&c, &d, &q);
	assert_verdict(&q.verdict, VR_ST_UNREADABLE, VR_SEV_WARN);
	assert_no_reason(&q.verdict, "ring-size");
	vr_arena_free(&c.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ring_is_sound_at_every_size),
		cmocka_unit_test(a_ring_is_sound_at_each_step),
		cmocka_unit_test(the_smallest_rings_are_sound_at_each_step),
		cmocka_unit_test(a_full_ring_is_sound),
		cmocka_unit_test(the_largest_ring_is_sound_in_traffic),
		cmocka_unit_test(indirect_tables_are_sound),
		cmocka_unit_test(old_entries_are_not_looked_at),
		cmocka_unit_test(each_breach_is_found_by_its_check),
		cmocka_unit_test(a_shadow_elsewhere_is_a_breach),
		cmocka_unit_test(links_that_differ_are_a_breach),
		cmocka_unit_test(a_free_list_that_is_too_short_is_a_breach),
		cmocka_unit_test(a_senseless_size_is_a_breach),
		cmocka_unit_test(an_unread_size_is_unreadable),
	};

	return cmocka_run_group_tests_name("check_ring", tests, NULL, NULL);
}
