// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_host_notify.c - vhost's decisions, against the rules: it wants a kick or not, and
 * it would signal what it returned or not.
 */
#include "judge.h"

#define NOTIFY_ON_EMPTY	(1ULL << 24)
#define EVENT_IDX	(1ULL << 29)

struct words {
	uint64_t features;
	uint16_t la, ai, lu, signalled;	/* vhost's */
	uint16_t a, flags, used_event, avail_event;	/* the ring's */
	bool off, valid, zeros;
};

static struct vr_hostq replay(const struct words *w)
{
	struct vr_hostq q = { .acked_features = READ(w->features),
		.last_avail_idx = READ(w->la), .avail_idx = READ(w->ai),
		.last_used_idx = READ(w->lu), .used_flags = READ(w->off),
		.signalled_used = READ(w->signalled),
		.signalled_used_valid = READ(w->valid), .zeros = w->zeros,
		.ring = { .num = 256, .avail_idx = READ(w->a),
			  .avail_flags = READ(w->flags),
			  .used_event = READ(w->used_event),
			  .avail_event = READ(w->avail_event) } };

	vr_host_notify_replay(&q);
	return q;
}

#define REPLAY(...) replay(&(struct words){ __VA_ARGS__ })

static void assert_texts(const struct vr_hostq *q, const char *kick, const char *sig)
{
	char text[160];

	vr_host_kick_text(text, sizeof(text), q);
	assert_string_equal(text, kick);
	vr_signal_text(text, sizeof(text), q);
	assert_string_equal(text, sig);
}

/* ---- kicks ----------------------------------------------------------------- */

static void at_rest_vhost_is_armed(void **state)
{
	struct vr_hostq q = REPLAY(.features = EVENT_IDX, .la = 30, .ai = 30, .lu = 30,
				   .a = 30, .signalled = 30, .valid = true,
				   .used_event = 30, .avail_event = 30);

	(void)state;
	assert_true(q.kick.known && q.kick.event_idx);
	assert_false(q.kick.due || q.kick.suppressed);
	assert_val(q.kick.event, 30);
	assert_true(q.signal.known && q.signal.event_idx);
	assert_false(q.signal.due || q.signal.suppressed);
	assert_texts(&q, "armed: the next entry kicks", "armed: the next entry signals");
}

/* 'Off' is in used_flags in both modes; avail_event is then whatever it was last. */
static void vhost_that_polls_wants_no_kicks(void **state)
{
	static const uint64_t modes[] = { 0, EVENT_IDX };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(modes); i++) {
		struct vr_hostq q = REPLAY(.features = modes[i], .la = 30, .ai = 40,
					   .lu = 30, .a = 40, .off = true,
					   .avail_event = 7, .valid = true);
		char text[160];

		assert_true(q.kick.known && q.kick.suppressed);
		assert_false(q.kick.due);
		vr_host_kick_text(text, sizeof(text), &q);
		assert_non_null(strstr(text, "NO_NOTIFY"));
	}
}

/* At every place of the circle. */
static void a_kick_was_due_for_what_is_not_taken(void **state)
{
	(void)state;
	for (uint32_t base = 0; base < 65536; base += 251) {
		for (unsigned n = 0; n <= 256; n += 32) {
			struct vr_hostq q = REPLAY(.features = EVENT_IDX,
				.la = (uint16_t)base, .ai = (uint16_t)base,
				.lu = (uint16_t)base, .a = (uint16_t)(base + n),
				.avail_event = (uint16_t)base, .valid = true);

			assert_int_equal(q.kick.due, n != 0);
		}
	}
}

static void how_many_entries_ago_is_told(void **state)
{
	struct vr_hostq q = REPLAY(.la = 65530, .ai = 65530, .lu = 65530, .a = 3);
	char text[160];

	(void)state;
	vr_host_kick_text(text, sizeof(text), &q);
	assert_string_equal(text,
		"armed, and was due 9 entries ago (avail->idx 3, avail_idx 65530)");
}

/* It has looked at them: buffers that lie ready, or are too few for what comes next. */
static void what_vhost_knows_of_and_leaves_was_no_kick(void **state)
{
	static const uint64_t modes[] = { 0, EVENT_IDX };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(modes); i++) {
		struct vr_hostq q = REPLAY(.features = modes[i], .la = 3, .ai = 131, .lu = 3,
					   .a = 131, .avail_event = 131, .valid = true);
		char text[160];

		assert_false(q.kick.due);
		vr_host_kick_text(text, sizeof(text), &q);
		assert_string_equal(text, "armed: the next entry kicks");
	}
}

/* A page that only reads as zeros is no ring of zeros. */
static void without_the_ring_a_kick_is_undecided(void **state)
{
	struct vr_hostq q = REPLAY(.features = EVENT_IDX, .la = 30, .ai = 30, .lu = 30,
				   .signalled = 30, .valid = true, .zeros = true);

	(void)state;
	assert_true(q.kick.known);
	assert_false(q.kick.due);
	assert_unread(q.kick.event);
	assert_false(q.signal.known);
	assert_texts(&q, "armed; whether one is due, the ring would tell",
		     "cannot be told: a word that decides it was not read");
	q.used_flags = UNREAD;
	vr_host_notify_replay(&q);
	assert_false(q.kick.known);
}

/* ---- signals ----------------------------------------------------------------- */

static void without_event_indices_the_guests_flag_decides(void **state)
{
	struct vr_hostq q = REPLAY(.la = 40, .ai = 40, .lu = 40, .a = 45);

	(void)state;
	assert_true(q.signal.known && q.signal.due);
	assert_false(q.signal.event_idx || q.signal.suppressed);
	assert_texts(&q, "armed, and was due 5 entries ago (avail->idx 45, avail_idx 40)",
		     "on: vhost signals what it returns");
	q = REPLAY(.la = 40, .ai = 45, .lu = 40, .a = 45, .flags = 1);
	assert_true(q.signal.known && q.signal.suppressed);
	assert_false(q.signal.due);
}

/* vring_need_event(used_event, last_used_idx, signalled_used). */
static void a_signal_is_due_when_used_passes_used_event(void **state)
{
	(void)state;
	for (uint32_t base = 0; base < 65536; base += 257) {
		/* base, base+1, base+2 were returned since it last decided. */
		for (int event = -2; event < 6; event++) {
			struct vr_hostq q = REPLAY(.features = EVENT_IDX,
				.la = (uint16_t)(base + 9), .ai = (uint16_t)(base + 10),
				.lu = (uint16_t)(base + 3), .signalled = (uint16_t)base,
				.a = (uint16_t)(base + 10), .valid = true,
				.used_event = (uint16_t)((int)base + event), .flags = 1);

			assert_true(q.signal.known);
			assert_false(q.signal.suppressed);
			assert_int_equal(q.signal.due, event >= 0 && event < 3);
			assert_val(q.signal.event, (uint16_t)((int)base + event));
		}
	}
}

static void the_signals_words_tell_the_numbers(void **state)
{
	struct vr_hostq q = REPLAY(.features = EVENT_IDX, .la = 50, .ai = 51, .lu = 45,
				   .signalled = 40, .valid = true, .a = 51,
				   .used_event = 42, .off = true);
	char text[160];

	(void)state;
	vr_signal_text(text, sizeof(text), &q);
	assert_string_equal(text, "due: 5 returned since used 40 pass used_event 42");
	q = REPLAY(.features = EVENT_IDX, .la = 50, .ai = 51, .lu = 45, .signalled = 40,
		   .valid = true, .a = 51, .used_event = 60, .off = true);
	assert_false(q.signal.due);
	vr_signal_text(text, sizeof(text), &q);
	assert_string_equal(text, "not due: last decided at used 40, used_event 60");
}

/* Nothing was decided since the indices were set: the next one signals. */
static void an_invalid_signalled_used_always_signals(void **state)
{
	(void)state;
	for (unsigned event = 0; event < 65536; event += 4095) {
		struct vr_hostq q = REPLAY(.features = EVENT_IDX, .la = 9, .ai = 10,
					   .lu = 9, .signalled = 3, .a = 10,
					   .used_event = (uint16_t)event);
		char text[160];

		assert_true(q.signal.known && q.signal.due);
		vr_signal_text(text, sizeof(text), &q);
		assert_string_equal(text,
			"the next entry signals: nothing was decided so far");
	}
}

/* With that feature an empty avail ring signals, whatever the guest says. */
static void an_empty_ring_signals_with_notify_on_empty(void **state)
{
	struct vr_hostq q = REPLAY(.features = NOTIFY_ON_EMPTY, .la = 40, .ai = 40,
				   .lu = 40, .a = 40, .flags = 1);

	(void)state;
	assert_true(q.signal.due);
	assert_false(q.signal.suppressed);
	q = REPLAY(.features = NOTIFY_ON_EMPTY | EVENT_IDX, .la = 40, .ai = 40, .lu = 40,
		   .signalled = 37, .valid = true, .a = 40, .used_event = 100);
	assert_true(q.signal.due);
	/* vhost's copy of avail->idx counts, not the ring's. */
	q = REPLAY(.features = NOTIFY_ON_EMPTY | EVENT_IDX, .la = 40, .ai = 40, .lu = 40,
		   .signalled = 37, .valid = true, .a = 44, .used_event = 100);
	assert_true(q.signal.due);
	q = REPLAY(.features = NOTIFY_ON_EMPTY | EVENT_IDX, .la = 40, .ai = 41, .lu = 40,
		   .signalled = 37, .valid = true, .a = 41, .used_event = 100);
	assert_false(q.signal.due);
	q = REPLAY(.features = NOTIFY_ON_EMPTY, .la = 40, .ai = 41, .lu = 40, .a = 41,
		   .flags = 1);
	assert_false(q.signal.due);
	/* And without the feature an empty ring is like any other. */
	q = REPLAY(.la = 40, .ai = 40, .lu = 40, .a = 40, .flags = 1);
	assert_false(q.signal.due);
}

static void an_unread_word_leaves_it_unknown(void **state)
{
	struct vr_hostq q = REPLAY(.features = EVENT_IDX, .la = 9, .ai = 9, .lu = 9,
				   .valid = true);
	struct vr_val *words[] = { &q.acked_features, &q.last_used_idx,
				   &q.ring.used_event, &q.signalled_used,
				   &q.signalled_used_valid };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(words); i++) {
		struct vr_val was = *words[i];

		*words[i] = UNREAD;
		vr_host_notify_replay(&q);
		assert_false(q.signal.known || q.signal.due);
		*words[i] = was;
	}
	vr_host_notify_replay(&q);
	assert_true(q.signal.known);
	/* By flags, event indices and what was signalled decide nothing. */
	q.acked_features = READ(0);
	q.signalled_used = q.signalled_used_valid = q.ring.used_event = UNREAD;
	vr_host_notify_replay(&q);
	assert_true(q.signal.known);
	q.ring.avail_flags = UNREAD;
	vr_host_notify_replay(&q);
	assert_false(q.signal.known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_rest_vhost_is_armed),
		cmocka_unit_test(vhost_that_polls_wants_no_kicks),
		cmocka_unit_test(a_kick_was_due_for_what_is_not_taken),
		cmocka_unit_test(how_many_entries_ago_is_told),
		cmocka_unit_test(what_vhost_knows_of_and_leaves_was_no_kick),
		cmocka_unit_test(without_the_ring_a_kick_is_undecided),
		cmocka_unit_test(without_event_indices_the_guests_flag_decides),
		cmocka_unit_test(a_signal_is_due_when_used_passes_used_event),
		cmocka_unit_test(the_signals_words_tell_the_numbers),
		cmocka_unit_test(an_invalid_signalled_used_always_signals),
		cmocka_unit_test(an_empty_ring_signals_with_notify_on_empty),
		cmocka_unit_test(an_unread_word_leaves_it_unknown),
	};

	return cmocka_run_group_tests_name("host_notify", tests, NULL, NULL);
}
