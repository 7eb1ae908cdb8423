// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_packed_notify.c - the notification decisions of a packed ring, against the
 * virtio specification's rule (1.2, 2.8.10) spelled out: positions are counted on
 * from 0, and the rule is tried on each one that was made available or used.
 */
#include "unit.h"

#define ENABLE	0u
#define DISABLE	1u
#define DESC	2u

static const uint32_t sizes[] = { 1, 2, 3, 5, 8 };

/* Where everybody is; positions, not slots. */
struct place {
	uint32_t num, reap, used, avail, added;
	/* slot and wrap counter that an event area names */
	uint32_t event;
	bool event_wrap;
};

static bool wrap_at(const struct place *w, uint32_t position)
{
	return position / w->num % 2 == 0;
}

/* Is the event at one of the positions from .. to - 1? */
static bool among(const struct place *w, uint32_t from, uint32_t to)
{
	for (uint32_t at = from; at < to; at++)
		if (at % w->num == w->event && wrap_at(w, at) == w->event_wrap)
			return true;
	return false;
}

static struct vr_val val(uint64_t v)
{
	return (struct vr_val){ v, VR_READ };
}

static struct vr_val off_wrap(const struct place *w)
{
	return val(w->event | (w->event_wrap ? 0x8000u : 0));
}

static struct vr_queue queue(const struct place *w, unsigned flags)
{
	struct vr_queue q = { .packed = true, .num = w->num, .event = val(1),
		.num_added = val(w->added) };

	q.pk = (struct vr_packed){
		.driver = { .off_wrap = off_wrap(w), .flags = val(flags) },
		.device = { .off_wrap = off_wrap(w), .flags = val(flags) },
		.next_avail_idx = val(w->avail % w->num),
		.avail_wrap_counter = val(wrap_at(w, w->avail)),
		.last_used_idx = val(w->reap % w->num),
		.used_wrap_counter = val(wrap_at(w, w->reap)),
		.event_flags_shadow = val(flags),
		.device_idx = val(w->used % w->num),
		.device_wrap_counter = val(wrap_at(w, w->used)) };
	q.counts.driver_pending = val(w->used - w->reap);
	vr_notify_replay(&q);
	assert_true(q.kick.known);
	assert_true(q.interrupt.known);
	return q;
}

/* Call 'check' for each place that the sides can be in, with each event. */
static void everywhere(uint32_t num, void (*check)(const struct place *w))
{
	struct place w = { .num = num };

	/* From the fifth round on, so that there are rounds before. */
	for (w.reap = 4 * num; w.reap < 6 * num; w.reap++)
		for (w.used = w.reap; w.used <= w.reap + num; w.used++)
			for (w.avail = w.used; w.avail <= w.reap + num; w.avail++)
				for (w.added = 0; w.added <= num; w.added++)
					for (uint32_t e = 0; e < 2 * num; e++) {
						w.event = e % num;
						w.event_wrap = e < num;
						check(&w);
					}
}

/* ---- with an event position ------------------------------------------------- */

/* The driver kicks when one of the slots that it added is the event's. */
static void check_kick(const struct place *w)
{
	struct vr_queue q = queue(w, DESC);

	assert_true(q.kick.event_idx);
	assert_val(q.kick.event, w->event);
	assert_int_equal(q.kick.due, among(w, w->avail - w->added, w->avail));
	/* The device waits for a slot that it has not come to, or the next one. */
	assert_int_equal(q.kick.suppressed, !among(w, w->used, w->avail + 1));
}

static void a_kick_is_due_when_what_was_added_has_the_event(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(sizes); i++)
		everywhere(sizes[i], check_kick);
}

/* The device interrupts when one of the slots that it returned is the event's. */
static void check_interrupt(const struct place *w)
{
	struct vr_queue q = queue(w, DESC);

	assert_true(q.interrupt.event_idx);
	assert_val(q.interrupt.event, w->event);
	assert_int_equal(q.interrupt.due, among(w, w->reap, w->used));
	assert_false(q.interrupt.suppressed);
}

static void an_interrupt_is_due_when_what_was_returned_has_the_event(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(sizes); i++)
		everywhere(sizes[i], check_interrupt);
}

/* ---- on, off, and what is no mode --------------------------------------------- */

static void check_modes(const struct place *w)
{
	static const unsigned on[] = { ENABLE, 3, 0x8000 };
	struct vr_queue q;

	/* The reserved value is no reason to keep quiet: Linux's drivers kick. */
	for (unsigned i = 0; i < COUNT_OF(on); i++) {
		q = queue(w, on[i]);
		assert_false(q.kick.event_idx || q.kick.suppressed);
		assert_false(q.interrupt.event_idx || q.interrupt.suppressed);
		assert_int_equal(q.kick.due, w->added != 0);
		assert_int_equal(q.interrupt.due, w->used != w->reap);
	}
	q = queue(w, DISABLE);
	assert_true(q.kick.suppressed && q.interrupt.suppressed);
	assert_false(q.kick.due || q.interrupt.due);
}

static void without_an_event_position_the_flags_decide(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		everywhere(sizes[i], check_modes);
}

/* From 5.15 on a driver that turns interrupts off may leave its area as it is. */
static void the_shadow_says_whether_the_driver_wants_interrupts(void **state)
{
	struct place w = { .num = 8, .reap = 2, .used = 4, .avail = 6 };
	struct vr_queue q = queue(&w, DESC);

	(void)state;
	q.pk.event_flags_shadow = val(DISABLE);
	vr_notify_replay(&q);
	assert_true(q.interrupt.suppressed);
	assert_false(q.interrupt.due);
	q.pk.event_flags_shadow = val(ENABLE);
	q.pk.driver.flags = val(DISABLE);
	vr_notify_replay(&q);
	assert_true(q.interrupt.due);
}

/* ---- damage -------------------------------------------------------------------- */

/* A slot that the ring does not have is nobody's. */
static void an_event_outside_of_the_ring_is_never_reached(void **state)
{
	static const uint32_t outside[] = { 8, 15, 16, 100, 0x7fff };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(outside); i++) {
		for (unsigned k = 0; k < 2; k++) {
			struct place w = { .num = 8, .reap = 2, .used = 5,
				.avail = 9, .added = 4, .event = outside[i],
				.event_wrap = k };
			struct vr_queue q = queue(&w, DESC);

			assert_val(q.kick.event, outside[i]);
			assert_false(q.kick.due);
			assert_true(q.kick.suppressed);
			assert_val(q.interrupt.event, outside[i]);
			assert_false(q.interrupt.due);
		}
	}
}

static void an_unread_word_leaves_it_unknown(void **state)
{
	struct place w = { .num = 8, .reap = 2, .used = 4, .avail = 6, .added = 1 };
	const struct vr_queue sound = queue(&w, DESC);
	struct vr_queue q;

	(void)state;
	q = sound;
	q.pk.device.off_wrap.have = VR_UNREAD;
	vr_notify_replay(&q);
	assert_false(q.kick.known);
	assert_true(q.interrupt.known);
	q = sound;
	q.pk.driver.off_wrap.have = VR_UNREAD;
	vr_notify_replay(&q);
	assert_true(q.kick.known);
	assert_false(q.interrupt.known);
	q = sound;
	q.pk.device.flags.have = VR_UNREAD;
	vr_notify_replay(&q);
	assert_false(q.kick.known || q.kick.due);
	q = sound;
	q.num_added.have = VR_UNREAD;
	vr_notify_replay(&q);
	assert_false(q.kick.known);
	q = sound;
	q.pk.event_flags_shadow.have = VR_UNREAD;
	vr_notify_replay(&q);
	assert_false(q.interrupt.known);
	q = sound;
	q.pk.device_idx.have = VR_UNREAD;
	vr_notify_replay(&q);
	assert_false(q.kick.known || q.interrupt.known);
}

static void what_is_said_of_both(void **state)
{
	struct place w = { .num = 8, .reap = 2, .used = 4, .avail = 6, .added = 2,
			   .event = 5, .event_wrap = true };
	struct vr_queue q = queue(&w, DESC);
	char text[128];

	(void)state;
	vr_kick_text(text, sizeof(text), &q);
	assert_string_equal(text, "due for the 2 entries added and not announced");
	vr_interrupt_text(text, sizeof(text), &q);
	assert_string_equal(text, "not due: the device has not passed the driver's event position");
	w.event = 3;
	q = queue(&w, DESC);
	vr_kick_text(text, sizeof(text), &q);
	assert_string_equal(text, "not due: the 2 entries added do not pass its event position");
	vr_interrupt_text(text, sizeof(text), &q);
	assert_string_equal(text, "due: the device has passed the driver's event position");
	w.added = 0;
	q = queue(&w, DESC);
	vr_kick_text(text, sizeof(text), &q);
	assert_string_equal(text, "suppressed: the device polls (its event position is behind)");
	q = queue(&w, DISABLE);
	vr_kick_text(text, sizeof(text), &q);
	assert_string_equal(text, "suppressed: the device polls (flags)");
	vr_interrupt_text(text, sizeof(text), &q);
	assert_string_equal(text, "suppressed: callbacks off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kick_is_due_when_what_was_added_has_the_event),
		cmocka_unit_test(an_interrupt_is_due_when_what_was_returned_has_the_event),
		cmocka_unit_test(without_an_event_position_the_flags_decide),
		cmocka_unit_test(the_shadow_says_whether_the_driver_wants_interrupts),
		cmocka_unit_test(an_event_outside_of_the_ring_is_never_reached),
		cmocka_unit_test(an_unread_word_leaves_it_unknown),
		cmocka_unit_test(what_is_said_of_both),
	};

	return cmocka_run_group_tests_name("packed notify", tests, NULL, NULL);
}
