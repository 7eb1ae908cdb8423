// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_check_guest.c - the state of a guest's queue, from its words alone: each
 * shape moved round the circle of 16-bit indices, the worse of two states, and what the
 * reasons tell.
 */
#include "guest_shape_builder.h"

static void each_shape_has_its_state(void **state)
{
	static const uint16_t shifts[] = { 0, 1, 21604, 21600, 32768, 43000, 65000,
					   65300, 65500, 65530, 65535 };

	(void)state;
	for (unsigned i = 0; i < guest_nshapes; i++) {
		const struct guest_shape *s = &guest_shapes[i];

		for (unsigned k = 0; k < COUNT_OF(shifts); k++) {
			struct judged x = { .c = { .nerrors = 0 } };

			guest_shape_make(s, shifts[k], &x.q, &x.d);
			judge(&x);
			if (x.q.verdict.state != s->state ||
			    x.q.verdict.severity != s->severity)
				fail_msg("%s, moved by %u: %s", s->name, shifts[k],
					 reasons_text(&x.q.verdict));
			assert_int_equal(x.q.verdict.nreasons, 1);
			assert_reason(&x.q.verdict, vr_state_name(s->state), s->severity, "");
			forget(&x);
		}
	}
}

/* Each in turn hides those behind it: they are put on one queue from the last to the
 * first. */
static void a_worse_state_hides_the_others(void **state)
{
	struct judged x = shaped("masked vector, tx full and drained");

	(void)state;
	x.q.txq.state = READ(0);
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	x.q.split.avail_event = READ(2221);
	x.q.split.avail_idx = x.q.avail_idx_shadow = READ(2222);
	assert_verdict(judge(&x), VR_ST_NOT_CONSUMING, INFO);
	x.q.txq.state = READ(1);
	x.q.napi.scheduled = READ(1);
	x.q.last_used_idx = READ(2221);
	x.q.num_free = READ(200);
	assert_verdict(judge(&x), VR_ST_TX_STOPPED, WARN);
	x.q.num_free = READ(18);
	assert_verdict(judge(&x), VR_ST_RING_FULL, WARN);
	x.q.last_used_idx = READ(1983);
	x.q.napi.scheduled = READ(0);
	assert_verdict(judge(&x), VR_ST_LOST_INTERRUPT, WARN);
	x.d.carrier = READ(0);
	assert_verdict(judge(&x), VR_ST_STOPPED, INFO);
	x.q.broken = READ(1);
	assert_verdict(judge(&x), VR_ST_BROKEN, ERROR);
	x.q.num_free = READ(257);
	assert_verdict(judge(&x), VR_ST_CORRUPT, ERROR);
	assert_reason(&x.q.verdict, "num-free", ERROR, "num_free 257 in a ring of 256");
	x.q.failed = true;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	forget(&x);
}

/* A kernel whose packets may have more fragments stops its queue earlier. */
static void a_ring_is_full_by_the_kernels_own_number_of_fragments(void **state)
{
	struct judged x = shaped("stalled, delayed callbacks");

	(void)state;
	for (unsigned frags = 0; frags <= 45; frags += 45) {
		x.d.max_frags = frags ? READ(frags) : UNREAD;
		for (unsigned num_free = 17; num_free <= 48; num_free++) {
			x.q.num_free = READ(num_free);
			assert_verdict(judge(&x), num_free < (frags ? 47u : 19u) ?
				       VR_ST_RING_FULL : VR_ST_TX_STOPPED, WARN);
		}
	}
	x.q.num_free = UNREAD;
	assert_int_not_equal(judge(&x)->state, VR_ST_RING_FULL);
	forget(&x);
}

static void the_reasons_tell_what_was_seen(void **state)
{
	static const struct {
		const char *shape, *check, *part;
	} cases[] = {
		{ "the known case, receiving", "lost-interrupt",
		  "4 returned and not reaped, callbacks on, the interrupt was due, NAPI is not scheduled, its CPU is idle, and no buffer is left with the device" },
		{ "masked vector, tx full and drained", "lost-interrupt",
		  "238 returned and not reaped, callbacks on, the interrupt was due, NAPI is not scheduled, its CPU is idle, and the transmit queue is stopped" },
		{ "healthy, caught on the way", "driver-not-reaping", "7 returned and not reaped" },
		{ "stalled, delayed callbacks", "ring-full",
		  "stopped by the driver for 8000 ms, num_free 18 of 256, the device holds 204" },
		{ "full for a moment", "ring-full", "for 80 ms" },
		{ "full for an unknown time", "ring-full", "for an unknown time" },
		{ "byte queue limits, the device holds it", "tx-stopped",
		  "stopped by byte queue limits for 8000 ms, num_free 216 of 256, the device holds 40" },
		{ "no memory for buffers", "rx-starved",
		  "no buffer is left with the device, num_free 256 of 256" },
		{ "no kick arrives", "device-not-consuming", "5 published and not returned" },
		{ "ctrl, a sender spins for it", "device-not-consuming",
		  "1 published and not returned, the device waits for a kick that was due; a sender waits" },
		{ "full, the device polls", "device-not-consuming",
		  "256 published and not returned, the ring is full" },
		{ "healthy, in the middle of a packet", "device-not-consuming",
		  "not announced yet" },
		{ "NAPI's thread starved", "driver-not-reaping", "NAPI is scheduled" },
		{ "softirqs starved", "driver-not-reaping", "softirqs are starved" },
		{ "a pair that is not in use", "stopped", "curr_queue_pairs" },
		{ "no carrier", "stopped", "the link is down" },
		{ "down, rx empty", "stopped", "the interface is down" },
		{ "rx, being reaped", "active", "226 with the device, 30 to be reaped" },
		{ "rx, all buffers with the device", "idle", "256 buffers wait with the device" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct judged x = shaped(cases[i].shape);

		judge(&x);
		assert_reason(&x.q.verdict, cases[i].check, x.q.verdict.severity,
			      cases[i].part);
		forget(&x);
	}
}

static void pending_refill_work_is_told(void **state)
{
	struct judged x = shaped("no memory for buffers");

	(void)state;
	x.d.refill_pending = READ(1);
	assert_reason(judge(&x), "rx-starved", WARN, "refill work is pending");
	forget(&x);
	x = shaped("no memory for buffers");
	x.q.num_free = (struct vr_val){ .have = VR_UNREAD };
	assert_reason(judge(&x), "rx-starved", WARN, "num_free - of 256");
	forget(&x);
}

/* Live, avail was read before used: the counts are of two moments. */
static void counts_of_two_moments_are_active(void **state)
{
	struct judged x = shaped("rx, being reaped");

	(void)state;
	x.q.split.used_idx = READ(267);
	x.q.moving = true;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	forget(&x);
}

/* What moves is not stuck. */
static void what_moved_is_at_work(void **state)
{
	static const struct { const char *name, *check; } cases[] = {
		{ "full, the last room that stops it", "ring-full" },
		{ "stopped and empty", "tx-stopped" },
		{ "no memory for buffers", "rx-starved" },
		{ "the known case, receiving", "lost-interrupt" },
		{ "softirqs starved", "driver-not-reaping" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct judged x = shaped(cases[i].name);

		x.q.moving = true;
		assert_verdict(judge(&x), VR_ST_ACTIVE, INFO);
		assert_reason(&x.q.verdict, cases[i].check, INFO, "(it moved while it was read)");
		forget(&x);
	}
}

/* Neither is of two words. */
static void what_is_missing_or_broken_stays_so_while_it_moves(void **state)
{
	struct judged x = shaped("broken");

	(void)state;
	x.q.moving = true;
	assert_verdict(judge(&x), VR_ST_BROKEN, ERROR);
	x = (forget(&x), shaped("stalled backend"));
	x.q.moving = true;
	x.q.num_free = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	x = (forget(&x), shaped("full for a moment"));
	x.q.moving = true;
	assert_verdict(judge(&x), VR_ST_RING_FULL, INFO);
	forget(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_has_its_state),
		cmocka_unit_test(a_worse_state_hides_the_others),
		cmocka_unit_test(a_ring_is_full_by_the_kernels_own_number_of_fragments),
		cmocka_unit_test(the_reasons_tell_what_was_seen),
		cmocka_unit_test(pending_refill_work_is_told),
		cmocka_unit_test(counts_of_two_moments_are_active),
		cmocka_unit_test(what_moved_is_at_work),
		cmocka_unit_test(what_is_missing_or_broken_stays_so_while_it_moves),
	};

	return cmocka_run_group_tests_name("check_guest", tests, NULL, NULL);
}
