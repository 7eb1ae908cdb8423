// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_check_tables.c - invariants of indirect tables and of packed rings; and rings of
 * which pages are missing, which prove nothing.
 */
#include "guest_builder.h"
#include "judge.h"

#define EACH_ERA(era) (enum guest_era era = 0; era < ERA_COUNT; era++)

struct fixture {
	struct guest *g;
	struct ring r;
	struct vr_queue q;
	struct vr_device d;
};

static struct fixture fixture(enum guest_era era, uint32_t num)
{
	struct fixture x = { .g = guest_new(era) };

	ring_build(&x.r, x.g->f, &(struct ring_spec){ .num = num, .start = 65534 });
	return x;
}

static const struct vr_verdict *judge(struct fixture *x)
{
	x->q = guest_read_ring(x->g, &x->r);
	x->q.in_use = true;
	x->d = (struct vr_device){ .enabled = READ(1), .up = READ(1) };
	judge_queue(&x->g->c, &x->d, &x->q);
	return &x->q.verdict;
}

static void done(struct fixture *x)
{
	guest_free(x->g);
}

/* ---- indirect tables ------------------------------------------------------- */

/* The length of the table of descriptor 'i', little-endian (2.7.5). */
static void set_length(struct fixture *x, uint32_t i, uint32_t len)
{
	fake_u32(x->g->f, x->r.desc + 16ULL * i + 8, len);
}

static void a_tables_length_is_whole_descriptors(void **state)
{
	static const struct {
		uint32_t len;
		bool sound;
	} cases[] = {
		{ 16, true }, { 32, true }, { 4096, true }, { 65536, true },
		{ 0, false }, { 1, false }, { 15, false }, { 17, false },
		{ 65552, true }, { 0x100000, true }, { 0x100010, false },
		{ 24, false }, { 0x10000000, false },
		{ 0xfffffff0, false }, { 0xffffffff, false },
	};

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(cases); i++) {
			struct fixture x = fixture(era, 8);
			char text[64];

			ring_add(&x.r, 1);
			ring_add_indirect(&x.r, 4096);
			set_length(&x, 1, cases[i].len);
			judge(&x);
			if (cases[i].sound) {
				assert_sound(&x.q.verdict, vr_ring_checks);
			} else {
				snprintf(text, sizeof(text),
					 "descriptor 1 has a table of %u bytes",
					 cases[i].len);
				assert_verdict(&x.q.verdict, VR_ST_CORRUPT, VR_SEV_ERROR);
				assert_reason(&x.q.verdict, "indirect", VR_SEV_ERROR, text);
				assert_int_equal(breaches(&x.q.verdict, vr_ring_checks), 1);
			}
			done(&x);
		}
	}
}

static void a_table_in_a_queue_without_is_a_breach(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8);

		ring_add_indirect(&x.r, 2);
		ring_set(&x.r, RING_INDIRECT, 0);
		assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
		assert_reason(&x.q.verdict, "indirect", VR_SEV_ERROR,
			      "descriptor 0 has a table in a queue without");
		done(&x);
	}
}

static void a_table_in_a_chain_that_goes_on_is_a_breach(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8);

		ring_add_indirect(&x.r, 2);
		ring_set_desc(&x.r, 0, DESC_INDIRECT_FLAG | DESC_NEXT_FLAG, 1);
		assert_verdict(judge(&x), VR_ST_CORRUPT, VR_SEV_ERROR);
		assert_reason(&x.q.verdict, "indirect", VR_SEV_ERROR,
			      "descriptor 0 has a table and NEXT");
		done(&x);
	}
}

/* The driver's own pointer to the table of head 0, where the kernel keeps one (4.9);
 * 0: this one does not. */
static uint64_t add_known_table(struct fixture *x, unsigned n)
{
	static const char *const types[] = { "vring_desc_state_split",
					     "vring_desc_state" };
	uint64_t table;

	for (unsigned k = 0; k < 2; k++) {
		if (!fake_has(x->g->f, types[k], "indir_desc"))
			continue;
		ring_add_indirect(&x->r, n);
		table = fake_get64(x->g->f, x->r.desc);
		fake_set(x->g->f, x->r.state, types[k], "indir_desc", table);
		for (unsigned i = 0; i + 1 < n; i++) {
			fake_u16(x->g->f, table + 16 * i + 12, DESC_NEXT_FLAG);
			fake_u16(x->g->f, table + 16 * i + 14, (uint16_t)(i + 1));
		}
		return table;
	}
	return 0;
}

static void what_is_in_a_table_is_looked_at(void **state)
{
	static const struct {
		uint16_t flags, next;
		const char *text;	/* NULL: sound */
	} cases[] = {
		{ DESC_NEXT_FLAG, 3, NULL }, { 0, 0xffff, NULL },
		{ DESC_NEXT_FLAG, 4, "entry 2 of descriptor 0's table leads to 4" },
		{ DESC_NEXT_FLAG, 0xffff, "entry 2 of descriptor 0's table leads to 65535" },
		{ DESC_INDIRECT_FLAG, 0, "the table of descriptor 0 holds a table" },
		/* In a circle: bounded, and nobody's rule. */
		{ DESC_NEXT_FLAG, 1, NULL },
	};
	unsigned looked = 0;

	(void)state;
	for EACH_ERA(era) {
		for (unsigned i = 0; i < COUNT_OF(cases); i++) {
			struct fixture x = fixture(era, 8);
			uint64_t table = add_known_table(&x, 4);

			if (table) {
				fake_u16(x.g->f, table + 32 + 12, cases[i].flags);
				fake_u16(x.g->f, table + 32 + 14, cases[i].next);
				judge(&x);
				looked++;
			}
			if (table && cases[i].text)
				assert_reason(&x.q.verdict, "indirect", VR_SEV_ERROR,
					      cases[i].text);
			else if (table)
				assert_sound(&x.q.verdict, vr_ring_checks);
			done(&x);
		}
	}
	assert_true(looked >= 5 * COUNT_OF(cases));
}

/* A chain's last descriptor may be a table (2.7.5.3.1 wants it so). */
static void a_table_at_a_chains_end_is_sound(void **state)
{
	(void)state;
	for EACH_ERA(era) {
		struct fixture x = fixture(era, 8);

		ring_add(&x.r, 3);
		ring_set_desc(&x.r, 2, DESC_INDIRECT_FLAG, 0);
		set_length(&x, 2, 64);
		assert_sound(judge(&x), vr_ring_checks);
		done(&x);
	}
}

/* ---- holes ------------------------------------------------------------------- */

#define NUM	1024u

static void traffic(struct fixture *x, enum guest_era era)
{
	*x = fixture(era, NUM);
	for (unsigned i = 0; i < 300; i++)
		ring_add(&x->r, 3);
	for (unsigned i = 0; i < 300; i += 2)
		ring_return(&x->r, (uint16_t)(3 * i), 9);
}

/* Each page of each table in turn: the driver's, and both rings. */
static void a_missing_page_is_no_breach(void **state)
{
	unsigned dropped = 0;

	(void)state;
	for EACH_ERA(era) {
		for (unsigned page = 0; page < 24; page++) {
			struct fixture x;
			uint64_t at;

			traffic(&x, era);
			if (page < 8)	/* descriptors, avail, used */
				at = x.r.desc + FAKE_PAGE * page;
			else if (page < 16)
				at = x.r.state + FAKE_PAGE * (page - 8);
			else
				at = x.r.extra ? x.r.extra + FAKE_PAGE * (page - 16) : 0;
			/* Behind the struct there are no pages of its own to drop. */
			if (at && at / FAKE_PAGE != x.r.vvq / FAKE_PAGE &&
			    at / FAKE_PAGE != (x.r.vvq + 4095) / FAKE_PAGE &&
			    !x.g->f->t.read(&x.g->f->t, VR_KERNEL, at & ~(FAKE_PAGE - 1),
					    &(uint64_t){ 0 }, 8)) {
				fake_drop(x.g->f, VR_KERNEL, at);
				judge(&x);
				if (breaches(&x.q.verdict, vr_ring_checks))
					fail_msg("%s, page %u: %s", era_name(era), page,
						 reasons_text(&x.q.verdict));
				dropped++;
			}
			done(&x);
		}
	}
	assert_true(dropped >= ERA_COUNT * 9);
}

/* ---- packed rings ---------------------------------------------------------------- */

/*
 * Of 100 (no power of two): last_used_idx 90, next_avail_idx 5 one round later, so 15
 * slots are out; 10 buffers, of which 2 are returned.
 */
static struct vr_queue packed(void)
{
	struct vr_queue q = { .dir = VR_TX, .in_use = true, .packed = true, .num = 100,
		.size_read = 100, .size_known = true, .num_free = READ(85),
		.free_head = READ(30), .callback = READ(1), .broken = READ(0) };

	q.pk.next_avail_idx = READ(5);
	q.pk.avail_wrap_counter = READ(0);
	q.pk.last_used_idx = q.last_used_idx = READ(90);
	q.pk.used_wrap_counter = READ(1);
	q.counts.in_flight = READ(10);
	q.counts.device_pending = READ(8);
	q.counts.driver_pending = READ(2);
	return q;
}

static void judge_packed_of(struct vr_queue *q, unsigned enabled)
{
	static struct vr_ctx c;
	static struct vr_device d;

	vr_arena_free(&c.arena);
	d = (struct vr_device){ .enabled = READ(enabled), .up = READ(1) };
	judge_queue(&c, &d, q);
}

static const struct vr_verdict *judge_packed(struct vr_queue *q)
{
	judge_packed_of(q, 1);
	return &q->verdict;
}

static void a_packed_ring_is_sound(void **state)
{
	struct vr_queue q = packed();

	(void)state;
	assert_sound(judge_packed(&q), vr_ring_checks);
	/* Empty, and full: the same slot, by the wrap counters. */
	q.pk.next_avail_idx = READ(90);
	q.pk.avail_wrap_counter = READ(1);
	q.num_free = READ(100);
	q.counts.in_flight = q.counts.device_pending = q.counts.driver_pending = READ(0);
	assert_sound(judge_packed(&q), vr_ring_checks);
	q.pk.avail_wrap_counter = READ(0);
	q.num_free = READ(0);
	q.free_head = READ(0xffff);
	assert_sound(judge_packed(&q), vr_ring_checks);
	/* In order, nothing hangs on free_head. */
	q = packed();
	q.free_head = READ(100);
	q.in_order = true;
	assert_sound(judge_packed(&q), vr_ring_checks);
}

static void each_breach_of_a_packed_ring_is_found(void **state)
{
	struct vr_queue q = packed();

	(void)state;
	q.pk.next_avail_idx = READ(100);
	assert_verdict(judge_packed(&q), VR_ST_CORRUPT, VR_SEV_ERROR);
	assert_reason(&q.verdict, "positions", VR_SEV_ERROR,
		      "next_avail_idx 100, last_used_idx 90 in a ring of 100");
	q = packed();
	q.pk.last_used_idx = READ(32767);
	assert_reason(judge_packed(&q), "positions", VR_SEV_ERROR, "last_used_idx 32767");
	/* More than a round: 90 with wrap 1 to 95 with wrap 0. */
	q = packed();
	q.pk.next_avail_idx = READ(95);
	assert_reason(judge_packed(&q), "positions", VR_SEV_ERROR,
		      "105 slots from last_used_idx 90 (wrap 1) to next_avail_idx 95 (wrap 0) in a ring of 100");
	q = packed();
	q.num_free = READ(101);
	assert_reason(judge_packed(&q), "num-free", VR_SEV_ERROR,
		      "num_free 101 in a ring of 100");
	q = packed();
	q.free_head = READ(100);
	assert_reason(judge_packed(&q), "free-head", VR_SEV_ERROR,
		      "free_head 100 in a ring of 100");
	q = packed();
	q.num_free = READ(20);
	assert_verdict(judge_packed(&q), VR_ST_CORRUPT, VR_SEV_ERROR);
	assert_reason(&q.verdict, "descriptors", VR_SEV_ERROR,
		      "15 of 100 slots are out, num_free is 20");
	q = packed();
	q.num = 0;
	q.size_read = 65536;
	assert_reason(judge_packed(&q), "ring-size", VR_SEV_ERROR, "ring size 65536");
}

static void what_a_packed_ring_returns_is_looked_at(void **state)
{
	static const struct {
		struct vr_damage d;
		const char *text;
	} cases[] = {
		{ { VR_D_USED_ID, 90, 100, 0 }, "slot 90 returns id 100" },
		{ { VR_D_USED_LENGTH, 91, 20, 14 },
		  "slot 91 returns a buffer of 20 descriptors where 14 are out" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct vr_queue q = packed();

		q.slots.damage[0] = cases[i].d;
		q.slots.ndamage = 1;
		assert_verdict(judge_packed(&q), VR_ST_CORRUPT, VR_SEV_ERROR);
		assert_reason(&q.verdict, "used-id", VR_SEV_ERROR, cases[i].text);
	}
}

/* num_free and the positions move one after the other, by one chain. */
static void a_chain_in_hand_is_excused_in_a_packed_ring(void **state)
{
	(void)state;
	for (int off = -17; off <= 15; off++) {
		struct vr_queue q = packed();

		q.num_free = READ((uint64_t)(85 + off));
		/* A get has taken the token, an add has written what is behind the first. */
		q.pk.lone = off > 0 ? (uint32_t)off : 0;
		q.pk.writing = off < -1;
		q.counts.driver_pending = READ(off > 0);
		assert_excused(judge_packed(&q));
		assert_int_equal(q.verdict.nreasons, off ? 2 : 1);
		if (off)
			assert_reason(&q.verdict, "descriptors", VR_SEV_INFO,
				      "in transition");
	}
}

/* The same numbers without a trace of an add or a get. */
static void a_chain_that_nobody_has_in_hand_is_lost(void **state)
{
	static const int offs[] = { -17, -2, 1, 15 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(offs); i++) {
		struct vr_queue q = packed();

		q.num_free = READ((uint64_t)(85 + offs[i]));
		assert_int_equal(judge_packed(&q)->state, VR_ST_CORRUPT);
		assert_reason(&q.verdict, "descriptors", VR_SEV_ERROR, "slots are out");
	}
}

/* A get's token is that of what was returned, an add's is not there yet. */
static void a_lost_token_of_a_packed_ring_is_corrupt(void **state)
{
	static const struct { bool returned, fresh, in_order, unread, corrupt; } cases[] = {
		{ false, false, false, false, true }, { true, false, false, false, false },
		{ false, true, false, false, false }, { false, false, true, false, false },
		{ false, false, false, true, false },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct vr_queue q = packed();

		q.pk.lone = 1;
		q.pk.tokens_known = !cases[i].unread;
		q.pk.lone_new = cases[i].fresh;
		q.in_order = cases[i].in_order;
		q.counts.driver_pending = READ(cases[i].returned);
		assert_int_equal(judge_packed(&q)->state == VR_ST_CORRUPT, cases[i].corrupt);
		if (cases[i].corrupt)
			assert_reason(&q.verdict, "tokens", VR_SEV_ERROR,
				      "1 slots that are out have no token");
	}
}

/* virtqueue_detach_unused_buf_packed() gives slots back, and leaves the positions. */
static void buffers_taken_back_are_excused_while_nothing_works(void **state)
{
	static const struct { unsigned enabled, reset, broken; bool quiet; } cases[] = {
		{ 1, 1, 0, true }, { 0, 0, 0, true }, { 1, 0, 1, true }, { 1, 0, 0, false },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++)
		for (unsigned back = 65; back <= 90; back += 25) {
			struct vr_queue q = packed();

			q.pk.last_used_idx = q.last_used_idx = READ(10);
			q.num_free = READ(5 + back);
			q.pk.lone = back;
			q.broken = READ(cases[i].broken);
			q.reset = READ(cases[i].reset);
			judge_packed_of(&q, cases[i].enabled);
			assert_reason(&q.verdict, "descriptors", cases[i].quiet ?
				      VR_SEV_INFO : VR_SEV_ERROR, "95 of 100 slots are out");
			q.verdict = (struct vr_verdict){ .state = VR_ST_NONE };
			q.pk.lone = 0;
			judge_packed_of(&q, cases[i].enabled);
			assert_reason(&q.verdict, "descriptors", cases[i].reset ? VR_SEV_INFO :
				      VR_SEV_ERROR, "95 of 100");
		}
}

/* Whatever the order of the tables: who reads one reason reads the verdict's. */
static void the_verdicts_reason_comes_first(void **state)
{
	struct vr_queue q = packed();

	(void)state;
	q.num_free = READ(86);
	q.pk.lone = 1;
	q.slots.damage[0] = (struct vr_damage){ VR_D_USED_LENGTH, 91, 20, 14 };
	q.slots.ndamage = 1;
	assert_verdict(judge_packed(&q), VR_ST_CORRUPT, VR_SEV_ERROR);
	assert_int_equal(q.verdict.nreasons, 2);
	assert_int_equal(q.verdict.reasons[0].severity, VR_SEV_ERROR);
	assert_int_equal(q.verdict.reasons[1].severity, VR_SEV_INFO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tables_length_is_whole_descriptors),
		cmocka_unit_test(a_table_in_a_queue_without_is_a_breach),
		cmocka_unit_test(a_table_in_a_chain_that_goes_on_is_a_breach),
		cmocka_unit_test(what_is_in_a_table_is_looked_at),
		cmocka_unit_test(a_table_at_a_chains_end_is_sound),
		cmocka_unit_test(a_missing_page_is_no_breach),
		cmocka_unit_test(a_packed_ring_is_sound),
		cmocka_unit_test(each_breach_of_a_packed_ring_is_found),
		cmocka_unit_test(what_a_packed_ring_returns_is_looked_at),
		cmocka_unit_test(a_chain_in_hand_is_excused_in_a_packed_ring),
		cmocka_unit_test(a_chain_that_nobody_has_in_hand_is_lost),
		cmocka_unit_test(a_lost_token_of_a_packed_ring_is_corrupt),
		cmocka_unit_test(buffers_taken_back_are_excused_while_nothing_works),
		cmocka_unit_test(the_verdicts_reason_comes_first),
	};

	return cmocka_run_group_tests_name("check_tables", tests, NULL, NULL);
}
