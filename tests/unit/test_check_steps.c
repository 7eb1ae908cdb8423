// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_check_steps.c - a dump stops CPUs in the middle: a ring is looked at after each
 * single word that an add, a get, or taking buffers back from a device that was reset
 * writes.  None of that is corruption; what they do not explain still is.
 */
#include "guest_builder.h"
#include "judge.h"

#define NUM	16u

struct fixture {
	struct guest *g;
	struct ring r;
	struct vr_queue q;
	struct vr_device d;
	bool reset;		/* the device is not enabled */
	unsigned told;		/* how often something was called in transition */
};

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_COUNT; era++)

/* Chains at 0 (2), 2 (1), 3 (3) and 6 (1); 7 to 15 are free. */
static struct fixture fixture(enum guest_era era, uint16_t start)
{
	struct fixture x = { .g = guest_new(era) };

	ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = NUM, .start = start });
	ring_add(&x.r, 2);
	ring_add(&x.r, 1);
	ring_add(&x.r, 3);
	ring_add(&x.r, 1);
	return x;
}

static const struct vr_verdict *judge(struct fixture *x)
{
	x->q = guest_read_ring(x->g, &x->r);
	x->q.in_use = true;
	x->d = (struct vr_device){ .enabled = READ(!x->reset), .up = READ(1),
				   .carrier = READ(1) };
	judge_queue(&x->g->c, &x->d, &x->q);
	for (unsigned i = 0; i < x->q.verdict.nreasons; i++)
		x->told += strstr(x->q.verdict.reasons[i].text, "in transition") != NULL;
	return &x->q.verdict;
}

static void is_excused(struct fixture *x)
{
	assert_excused(judge(x));
	/* What an add or a get looks like is no queue that was reset. */
	if (!x->reset)
		assert_int_not_equal(x->q.verdict.state, VR_ST_STOPPED);
}

static void done(struct fixture *x)
{
	guest_free(x->g);
}

static void set_shadow(struct ring *r, uint16_t v)
{
	if (fake_has(r->f, "vring_virtqueue", "split.avail_idx_shadow") ||
	    fake_has(r->f, "vring_virtqueue", "avail_idx_shadow"))
		ring_set(r, RING_AVAIL_IDX_SHADOW, v);
}

static const uint16_t starts[] = { 0, 100, 32765, 65531, 65532, 65533, 65534, 65535 };

/* ---- an add ---------------------------------------------------------------- */

/* As virtqueue_add_split() goes: descriptors, num_free, free_head, the token, the
 * entry, the shadow, and last the index. */
static void add_by_steps(struct fixture *x, unsigned n)
{
	struct ring *r = &x->r;
	uint16_t head = r->free_head, at = head;

	for (unsigned i = 0; i < n; i++) {
		ring_set_desc(r, at, i + 1 < n ? DESC_NEXT_FLAG : 0, r->next[at]);
		at = r->next[at];
		is_excused(x);
	}
	ring_set(r, RING_NUM_FREE, r->num_free - n);
	is_excused(x);
	ring_set(r, RING_FREE_HEAD, at);
	is_excused(x);
	assert_reason(&x->q.verdict, "descriptors", VR_SEV_INFO, "in transition");
	ring_set_token(r, head, 0xffff888299990000);
	is_excused(x);
	assert_reason(&x->q.verdict, "tokens", VR_SEV_INFO, "in transition");
	ring_set_avail(r, r->avail_idx % NUM, head);
	is_excused(x);
	set_shadow(r, (uint16_t)(r->avail_idx + 1));
	is_excused(x);
	assert_reason(&x->q.verdict, "tokens", VR_SEV_INFO, "in transition");
	ring_set(r, RING_AVAIL_IDX, (uint16_t)(r->avail_idx + 1));
	assert_sound(judge(x), vr_ring_checks);
}

static void each_step_of_an_add_is_excused(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(starts); i++) {
			for (unsigned n = 1; n <= 9; n += 2) {
				struct fixture x = fixture(era, starts[i]);

				add_by_steps(&x, n);
				done(&x);
			}
		}
	}
}

/* The first buffer of an empty ring, and the one that fills it. */
static void the_first_and_the_last_add_are_excused(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = { .g = guest_new(era) };

		ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = NUM,
							      .start = 65535 });
		add_by_steps(&x, 1);
		done(&x);
		x = fixture(era, 65533);
		ring_add(&x.r, 8);
		add_by_steps(&x, 1);
		done(&x);
	}
}

/* Only network drivers bound a chain by less than the ring. */
static void a_long_add_is_excused_but_of_network_drivers(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = { .g = guest_new(era) };
		uint16_t head;

		ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = 256 });
		ring_add(&x.r, 3);
		head = ring_add(&x.r, 100);
		ring_set_token(&x.r, head, 0);
		ring_set(&x.r, RING_AVAIL_IDX, 1);
		set_shadow(&x.r, 1);
		guest_resolve(x.g);
		for (unsigned net = 0; net < 2; net++) {
			x.q = (struct vr_queue){ .dir = net ? VR_TX : VR_OTHER, .in_use = true };
			vr_ring_read(&x.g->c, &x.q, x.r.vvq, x.r.big);
			x.d = (struct vr_device){ .enabled = READ(1) };
			judge_queue(&x.g->c, &x.d, &x.q);
			assert_reason(&x.q.verdict, "descriptors", net ? VR_SEV_ERROR : VR_SEV_INFO,
				      "100 of 256 descriptors are neither");
		}
		done(&x);
	}
}

/* ---- a get ------------------------------------------------------------------ */

/* As virtqueue_get_buf_ctx_split() goes: the token, the descriptors one by one, the
 * end of the chain, free_head, and last last_used_idx. */
static void get_by_steps(struct fixture *x, uint16_t head)
{
	struct ring *r = &x->r;
	unsigned length = r->length[head];
	uint16_t at = head;

	ring_set_token(r, head, 0);
	is_excused(x);
	assert_reason(&x->q.verdict, "tokens", VR_SEV_INFO, "in transition");
	for (unsigned i = 1; i < length; i++) {
		ring_set(r, RING_NUM_FREE, ++r->num_free);
		is_excused(x);
		at = r->next[at];
	}
	ring_set_link(r, at, r->free_head);
	is_excused(x);
	ring_set(r, RING_FREE_HEAD, head);
	is_excused(x);
	ring_set(r, RING_NUM_FREE, ++r->num_free);
	is_excused(x);
	assert_reason(&x->q.verdict, "used-id", VR_SEV_INFO, "in transition");
	ring_set(r, RING_LAST_USED_IDX, (uint16_t)(r->last_used_idx + 1));
	assert_sound(judge(x), vr_ring_checks);
}

static void each_step_of_a_get_is_excused(void **state)
{
	static const uint16_t heads[] = { 0, 2, 3, 6 };

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(starts); i++) {
			for (unsigned k = 0; k < COUNT_OF(heads); k++) {
				struct fixture x = fixture(era, starts[i]);

				ring_return(&x.r, heads[k], 60);
				ring_return(&x.r, heads[(k + 1) % 4], 60);
				get_by_steps(&x, heads[k]);
				done(&x);
			}
		}
	}
}

/* num_free runs ahead of the list, whose last link leads anywhere: over what is in
 * flight, out of the ring, or round in a circle. */
static void leftovers_at_the_lists_end_are_excused(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		for (unsigned to = 0; to <= NUM; to++) {
			struct fixture x = fixture(era, 65533);

			ring_set_link(&x.r, 15, (uint16_t)(to == NUM ? 0xffff : to));
			ring_return(&x.r, 3, 60);
			get_by_steps(&x, 3);
			done(&x);
		}
	}
}

static void the_last_get_is_excused(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = { .g = guest_new(era) };

		ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = NUM,
							      .start = 65535 });
		ring_add(&x.r, 16);
		ring_return(&x.r, 0, 0);
		get_by_steps(&x, 0);
		done(&x);
	}
}

/* ---- a reset ------------------------------------------------------------------ */

/* As virtqueue_detach_unused_buf_split() goes, for each head by its number, whatever
 * the device had returned. */
static void detach_by_steps(struct fixture *x)
{
	struct ring *r = &x->r;

	for (uint16_t head = 0; head < NUM; head++) {
		uint16_t at = head;

		if (!r->length[head])
			continue;
		ring_set_token(r, head, 0);
		is_excused(x);
		for (unsigned i = 1; i < r->length[head]; i++) {
			ring_set(r, RING_NUM_FREE, ++r->num_free);
			is_excused(x);
			at = r->next[at];
		}
		ring_set_link(r, at, r->free_head);
		r->next[at] = r->free_head;
		r->free_head = head;
		ring_set(r, RING_FREE_HEAD, head);
		is_excused(x);
		ring_set(r, RING_NUM_FREE, ++r->num_free);
		is_excused(x);
		r->avail_idx--;
		set_shadow(r, r->avail_idx);
		is_excused(x);
		ring_set(r, RING_AVAIL_IDX, r->avail_idx);
		is_excused(x);
	}
	assert_int_equal(r->num_free, NUM);
}

/* The more was returned and not reaped, the further avail falls behind used. */
static void each_step_of_taking_back_is_excused(void **state)
{
	static const uint16_t order[] = { 3, 0, 6, 2 };

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(starts); i++) {
			for (unsigned returned = 0; returned <= 4; returned++) {
				struct fixture x = fixture(era, starts[i]);

				x.reset = true;
				for (unsigned k = 0; k < returned; k++)
					ring_return(&x.r, order[k], 0);
				is_excused(&x);
				detach_by_steps(&x);
				assert_int_equal((uint16_t)(x.r.used_idx -
							    x.r.avail_idx), returned);
				done(&x);
			}
		}
	}
}

static void avail_behind_used_is_told_of(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 65533);

		x.reset = true;
		ring_return(&x.r, 3, 0);
		ring_return(&x.r, 2, 0);
		detach_by_steps(&x);
		assert_reason(&x.q.verdict, "avail-ahead", VR_SEV_INFO,
			      "avail->idx 65533, used->idx 65535: 65534 apart");
		assert_true(x.told > 0);
		done(&x);
	}
}

/* Taking back moves the shadow by one, and no more. */
static void a_shadow_elsewhere_is_corrupt_in_a_reset_too(void **state)
{
	(void)state;
	for (enum guest_era era = ERA_4_9; era < ERA_COUNT; era++) {
		struct fixture x = fixture(era, 65533);

		x.reset = true;
		ring_set_token(&x.r, 0, 0);
		is_excused(&x);
		ring_set(&x.r, RING_AVAIL_IDX_SHADOW, 0);
		is_excused(&x);
		ring_set(&x.r, RING_AVAIL_IDX_SHADOW, 65535);
		assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
		assert_reason(&x.q.verdict, "shadow", VR_SEV_ERROR,
			      "avail_idx_shadow 65535, avail->idx 1");
		done(&x);
	}
}

/* The same in a device that works is no reset. */
static void avail_behind_used_of_a_working_device_is_corrupt(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 65533);

		ring_return(&x.r, 0, 0);
		ring_return(&x.r, 2, 0);
		ring_return(&x.r, 3, 0);
		ring_return(&x.r, 6, 0);
		ring_set(&x.r, RING_USED_IDX, 65533 + 6 - 65536);
		assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
		assert_reason(&x.q.verdict, "avail-ahead", VR_SEV_ERROR,
			      "avail->idx 1, used->idx 3");
		done(&x);
	}
}

/* ---- what none of them explains --------------------------------------------------- */

/* In the middle of a get: the token of the head in hand is gone. */
static struct fixture in_a_get(enum guest_era era)
{
	struct fixture x = fixture(era, 65533);

	ring_return(&x.r, 2, 0);
	ring_return(&x.r, 6, 0);
	ring_set_token(&x.r, 2, 0);
	is_excused(&x);
	return x;
}

static void a_second_id_that_is_not_out(struct ring *r)
{
	ring_set_used(r, 65534 % NUM, 9, 0);
}

static void an_id_out_of_the_ring(struct ring *r)
{
	ring_set_used(r, 65534 % NUM, NUM, 0);
}

static void an_avail_head_out_of_the_ring(struct ring *r)
{
	ring_set_avail(r, 65535 % NUM, NUM);
}

static void a_link_out_of_the_ring(struct ring *r)
{
	ring_set_desc(r, 3, DESC_NEXT_FLAG, NUM);
	ring_set_link(r, 3, NUM);
}

static void more_free_than_there_are(struct ring *r)
{
	ring_set(r, RING_NUM_FREE, NUM + 1);
}

static void a_used_index_out_of_the_ring(struct ring *r)
{
	ring_set(r, RING_USED_IDX, 65533 + NUM + 1 - 65536);
}

static void what_a_get_does_not_explain_is_corrupt(void **state)
{
	static const struct {
		const char *check;
		void (*spoil)(struct ring *r);
	} cases[] = {
		{ "used-id", a_second_id_that_is_not_out },
		{ "used-id", an_id_out_of_the_ring },
		{ "avail-head", an_avail_head_out_of_the_ring },
		{ "chain", a_link_out_of_the_ring },
		{ "num-free", more_free_than_there_are },
		{ "used-ahead", a_used_index_out_of_the_ring },
	};

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(cases); i++) {
			struct fixture x = in_a_get(era);

			cases[i].spoil(&x.r);
			assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
			assert_reason(&x.q.verdict, cases[i].check, VR_SEV_ERROR, "");
			done(&x);
		}
	}
}

/* A head whose token is gone while nothing was returned: there is nothing to get. */
static void a_lost_token_is_corrupt(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 65533);

		ring_set_token(&x.r, 3, 0);
		assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
		assert_reason(&x.q.verdict, "tokens", VR_SEV_ERROR,
			      "3 heads have a token, in_flight is 4");
		done(&x);
	}
}

/* An add takes a chain that it has written; these were two, and one of three. */
static void a_list_that_lost_more_than_a_chain_is_corrupt(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 65533);

		for (unsigned lost = 2; lost <= 9; lost++) {
			char text[64];

			ring_set(&x.r, RING_NUM_FREE, 9 - lost);
			snprintf(text, sizeof(text), "%u of 16 descriptors are neither",
				 lost);
			assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
			assert_reason(&x.q.verdict, "descriptors", VR_SEV_ERROR, text);
		}
		done(&x);
	}
}

/* ---- a live system ------------------------------------------------------------------ */

/* What moved while it was read may be of two moments. */
static void what_moved_is_no_proof(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 0);
		struct vr_snapshot s = { .devices = &x.d, .ndevices = 1 };

		ring_set(&x.r, RING_NUM_FREE, 2);
		ring_set(&x.r, RING_USED_IDX, 30);
		judge(&x);
		assert_verdict(&x.q.verdict, VR_ST_CORRUPT, VR_SEV_ERROR);
		x.q.verdict = (struct vr_verdict){ .state = VR_ST_NONE };
		x.q.moving = true;
		vr_check_guest(&x.g->c, &s);
		assert_excused(&x.q.verdict);
		assert_reason(&x.q.verdict, "used-ahead", VR_SEV_INFO,
			      "it moved while it was read");
		done(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_step_of_an_add_is_excused),
		cmocka_unit_test(the_first_and_the_last_add_are_excused),
		cmocka_unit_test(a_long_add_is_excused_but_of_network_drivers),
		cmocka_unit_test(each_step_of_a_get_is_excused),
		cmocka_unit_test(leftovers_at_the_lists_end_are_excused),
		cmocka_unit_test(the_last_get_is_excused),
		cmocka_unit_test(each_step_of_taking_back_is_excused),
		cmocka_unit_test(avail_behind_used_is_told_of),
		cmocka_unit_test(a_shadow_elsewhere_is_corrupt_in_a_reset_too),
		cmocka_unit_test(avail_behind_used_of_a_working_device_is_corrupt),
		cmocka_unit_test(what_a_get_does_not_explain_is_corrupt),
		cmocka_unit_test(a_lost_token_is_corrupt),
		cmocka_unit_test(a_list_that_lost_more_than_a_chain_is_corrupt),
		cmocka_unit_test(what_moved_is_no_proof),
	};

	return cmocka_run_group_tests_name("check_steps", tests, NULL, NULL);
}
