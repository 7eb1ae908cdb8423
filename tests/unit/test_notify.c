// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_notify.c - the notification decisions, against the specification's rule
 * and against cases that people met.
 */
#include "unit.h"

static struct vr_val val(uint64_t v)
{
	return (struct vr_val){ v, VR_READ };
}

struct words {
	uint16_t l, a, u, used_event, avail_event, added;
	uint16_t used_flags, avail_flags, shadow;
	bool event;
};

static struct vr_queue queue(const struct words *w)
{
	struct vr_queue q = { .event = val(w->event),
		.last_used_idx = val(w->l), .num_added = val(w->added),
		.avail_flags_shadow = val(w->shadow) };

	q.split.avail_idx = val(w->a);
	q.split.used_idx = val(w->u);
	q.split.used_event = val(w->used_event);
	q.split.avail_event = val(w->avail_event);
	q.split.used_flags = val(w->used_flags);
	q.split.avail_flags = val(w->avail_flags);
	vr_notify_replay(&q);
	return q;
}

#define REPLAY(...) queue(&(struct words){ __VA_ARGS__ })

/* A real one: everything returned, nothing reaped, callbacks on, no progress. */
static void a_lost_interrupt_was_due(void **state)
{
	struct vr_queue q = REPLAY(.event = true, .l = 43932, .a = 43936,
				   .u = 43936, .used_event = 43932,
				   .avail_event = 43936);

	(void)state;
	assert_true(q.interrupt.due);
	assert_false(q.interrupt.suppressed);
	assert_int_equal(q.interrupt.event.v, 43932);
	assert_false(q.kick.due);
	assert_false(q.kick.suppressed);
}

static void at_rest_both_sides_are_armed(void **state)
{
	char text[96];
	struct vr_queue q = REPLAY(.event = true, .l = 53, .a = 53, .u = 53,
				   .used_event = 53, .avail_event = 53);

	(void)state;
	assert_false(q.kick.due || q.kick.suppressed);
	assert_false(q.interrupt.due || q.interrupt.suppressed);
	vr_kick_text(text, sizeof(text), &q);
	assert_string_equal(text, "armed: the device waits for one");
	vr_interrupt_text(text, sizeof(text), &q);
	assert_string_equal(text, "armed: the driver waits for one");
}

/* The same at every place of the 16-bit circle. */
static void a_kick_is_due_when_the_batch_passes_avail_event(void **state)
{
	(void)state;
	for (uint32_t base = 0; base < 65536; base += 257) {
		uint16_t a = (uint16_t)(base + 3);

		/* Entries base, base+1, base+2 were added. */
		for (int at = -2; at < 6; at++) {
			struct vr_queue q = REPLAY(.event = true, .a = a,
				.u = (uint16_t)base, .added = 3,
				.avail_event = (uint16_t)((int)base + at));

			assert_int_equal(q.kick.due, at >= 0 && at < 3);
		}
	}
}

static void a_polling_device_leaves_avail_event_behind(void **state)
{
	struct vr_queue q = REPLAY(.event = true, .l = 100, .a = 300, .u = 200,
				   .avail_event = 120);

	(void)state;
	assert_true(q.kick.suppressed);
	assert_false(q.kick.due);
	q = REPLAY(.event = true, .l = 100, .a = 300, .u = 200,
		   .avail_event = 300);
	assert_false(q.kick.suppressed);
	/* Armed for an entry that is published and not returned. */
	q = REPLAY(.event = true, .l = 100, .a = 300, .u = 200,
		   .avail_event = 250);
	assert_false(q.kick.suppressed);
}

static void without_event_indices_the_flags_decide(void **state)
{
	struct vr_queue q = REPLAY(.a = 5, .u = 5, .l = 5, .added = 2);

	(void)state;
	assert_true(q.kick.due);
	q = REPLAY(.a = 5, .u = 5, .l = 5, .added = 2, .used_flags = 1);
	assert_false(q.kick.due);
	assert_true(q.kick.suppressed);
	q = REPLAY(.a = 5, .u = 5, .l = 3);
	assert_true(q.interrupt.due);
	q = REPLAY(.a = 5, .u = 5, .l = 3, .shadow = 1);
	assert_false(q.interrupt.due);
	assert_true(q.interrupt.suppressed);
}

/* 4.4 and later do not copy the flag to the ring with event indices. */
static void the_shadow_says_whether_callbacks_are_on(void **state)
{
	struct vr_queue q = REPLAY(.event = true, .a = 9, .u = 9, .l = 5,
				   .used_event = 5, .shadow = 1);

	(void)state;
	assert_true(q.interrupt.suppressed);
	assert_false(q.interrupt.due);
}

static void without_a_shadow_the_ring_says_it(void **state)
{
	struct vr_queue q = REPLAY(.event = true, .a = 9, .u = 9, .l = 5,
				   .used_event = 5, .avail_flags = 1);

	(void)state;
	q.avail_flags_shadow.have = VR_ABSENT;
	vr_notify_replay(&q);
	assert_true(q.interrupt.suppressed);
}

/* Delayed callbacks put used_event ahead: returned and not due. */
static void delayed_callbacks_are_not_due(void **state)
{
	struct vr_queue q = REPLAY(.event = true, .a = 40, .u = 20, .l = 10,
				   .used_event = 32);

	(void)state;
	assert_false(q.interrupt.due);
	assert_false(q.interrupt.suppressed);
}

static void an_unread_word_leaves_it_unknown(void **state)
{
	struct vr_queue q = REPLAY(.event = true, .a = 9, .u = 9, .l = 9);
	char text[96];

	(void)state;
	q.split.avail_event.have = VR_UNREAD;
	vr_notify_replay(&q);
	assert_false(q.kick.known);
	assert_true(q.interrupt.known);
	vr_kick_text(text, sizeof(text), &q);
	assert_string_equal(text, "cannot be told: a word that decides it was not read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_interrupt_was_due),
		cmocka_unit_test(at_rest_both_sides_are_armed),
		cmocka_unit_test(a_kick_is_due_when_the_batch_passes_avail_event),
		cmocka_unit_test(a_polling_device_leaves_avail_event_behind),
		cmocka_unit_test(without_event_indices_the_flags_decide),
		cmocka_unit_test(the_shadow_says_whether_callbacks_are_on),
		cmocka_unit_test(without_a_shadow_the_ring_says_it),
		cmocka_unit_test(delayed_callbacks_are_not_due),
		cmocka_unit_test(an_unread_word_leaves_it_unknown),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
