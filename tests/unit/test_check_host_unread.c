// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_check_host_unread.c - what is said of a vhost queue whose words, or whose
 * ring's, could not be read.
 */
#include "host_shape_builder.h"

static void what_was_not_read_is_a_dash(void **state)
{
	struct judged x = shaped("tx, never kicked");

	(void)state;
	x.q.kick_count = UNREAD;
	assert_reason(judge(&x), "lost-kick", WARN, "kick count -");
	x = (forget(&x), shaped("tx, an error"));
	x.q.error_count = UNREAD;
	assert_reason(judge(&x), "vhost-stopped-on-error", ERROR, "error count -");
	x = (forget(&x), shaped("queued, the worker sleeps"));
	x.q.worker.pid = UNREAD;
	assert_reason(judge(&x), "kick-not-served", WARN, "worker - sleeps");
	forget(&x);
}

/* Without the ring some things stay open, and that is said; with it nothing is. */
static void what_the_ring_would_tell_is_named(void **state)
{
	static const char *const open[] = {
		"tx, never kicked, without user pages",
		"tx, pages of zeros are no ring that is far behind",
	};
	struct judged x;

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(open); i++) {
		x = shaped(open[i]);
		assert_reason(judge(&x), "undecidable", INFO, "without user pages: lost-kick");
		assert_int_equal(x.q.verdict.severity, OK);
		forget(&x);
	}
	x = shaped(open[0]);
	x.q.why = VR_TR_NO_TABLE;
	assert_reason(judge(&x), "undecidable", INFO, "without the ring's words: lost-kick");
	/* Where the size is impossible, no page is to blame. */
	x.q.why = VR_TR_UNKNOWN;
	x.q.ring.num = 0;
	x.q.desc = READ(0x7f0000001000);
	x.q.num = READ(65536);
	assert_reason(judge(&x), "undecidable", INFO, "with a size that no ring has: lost-kick");
	forget(&x);
	for (unsigned i = 0; i < host_nshapes; i++) {
		if (host_shapes[i].ring_is != IN_DUMP && !host_shapes[i].detached)
			continue;
		host_shape_make(&host_shapes[i], 0, &x);
		judge(&x);
		assert_no_reason(&x.q.verdict, "undecidable");
		forget(&x);
	}
}

static void unknown_words_raise_no_alarm(void **state)
{
	static const char *const names[] = {
		"tx, never kicked", "tx, an error", "queued, the worker sleeps", "drained",
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(names); i++) {
		struct judged x = shaped(names[i]);

		x.q.worker.state = UNREAD;
		assert_true(judge(&x)->severity <= INFO);
		x = (forget(&x), shaped(names[i]));
		x.q.kick_poll.queued = x.q.backend_poll.queued = UNREAD;
		assert_true(judge(&x)->severity <= INFO);
		forget(&x);
	}
}

/* Of a queue whose own words are missing nothing can be said. */
static void without_vhosts_own_words_it_is_unreadable(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct judged x = shaped("tx at rest");
		struct vr_val *const words[] = { &x.q.num, &x.q.last_avail_idx,
			&x.q.last_used_idx, &x.q.used_flags, &x.q.backend };

		*words[i] = UNREAD;
		assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
		assert_reason(&x.q.verdict, "unreadable", WARN, "could not be read");
		/* Detached it is all the same. */
		x.q.backend = READ(0);
		assert_verdict(judge(&x), VR_ST_STOPPED, INFO);
		forget(&x);
	}
}

/* What stops nobody, as long as it was read. */
static void unread_words_are_no_rest(void **state)
{
	struct judged x = shaped("tx, an error");

	(void)state;
	x.q.upend_idx = x.q.done_idx = ABSENT;
	assert_verdict(judge(&x), VR_ST_VHOST_ERROR, ERROR);
	x.q.upend_idx = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	x.q.upend_idx = ABSENT;
	x.q.backend_poll.queued = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	assert_reason(&x.q.verdict, "undecidable", INFO, "whether work is queued");
	x = (forget(&x), shaped("rx, an error"));
	x.q.upend_idx = UNREAD;		/* receiving copies nothing */
	assert_verdict(judge(&x), VR_ST_VHOST_ERROR, ERROR);
	x = (forget(&x), shaped("tx, never kicked"));
	x.q.kick_poll.queued = UNREAD;
	assert_true(judge(&x)->severity <= INFO);
	forget(&x);
}

static void without_the_ring_a_kick_may_be_lost_too(void **state)
{
	struct judged x = shaped("drained, without user pages");

	(void)state;
	assert_verdict(judge(&x), VR_ST_RX_STARVED, WARN);
	assert_reason(&x.q.verdict, "rx-starved", WARN, "or its kick is lost");
	assert_reason(&x.q.verdict, "undecidable", INFO, "without user pages: lost-kick");
	x.v.owner_runs = true;
	assert_verdict(judge(&x), VR_ST_RX_STARVED, INFO);
	x.q.avail_idx = UNREAD;
	assert_reason(judge(&x), "rx-starved", INFO, "avail_idx -, last");
	forget(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_read_is_a_dash),
		cmocka_unit_test(what_the_ring_would_tell_is_named),
		cmocka_unit_test(unknown_words_raise_no_alarm),
		cmocka_unit_test(without_vhosts_own_words_it_is_unreadable),
		cmocka_unit_test(unread_words_are_no_rest),
		cmocka_unit_test(without_the_ring_a_kick_may_be_lost_too),
	};

	return cmocka_run_group_tests_name("check_host_unread", tests, NULL, NULL);
}
