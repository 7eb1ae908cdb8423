// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_check_guest_unread.c - what is said of a guest's queue whose words could
 * not be read, or are none that its kernel has.
 */
#include "guest_shape_builder.h"

static void a_word_that_decides_is_missing(void **state)
{
	struct judged x = shaped("stalled backend");

	(void)state;
	x.q.split.avail_idx = x.q.avail_idx_shadow = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	x = (forget(&x), shaped("stalled backend"));
	x.q.split.used_idx = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	x = (forget(&x), shaped("stalled backend"));
	x.q.last_used_idx = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	/* Whether a stopped queue is full hangs on it. */
	x = (forget(&x), shaped("stalled backend"));
	x.q.num_free = UNREAD;
	assert_verdict(judge(&x), VR_ST_UNREADABLE, WARN);
	assert_reason(&x.q.verdict, "unreadable", WARN, "num_free");
	x.q.txq.state = READ(0);
	assert_int_not_equal(judge(&x)->state, VR_ST_UNREADABLE);
	forget(&x);
}

/* What this kernel does not have, or could not be read, is no evidence. */
static void unknown_words_raise_no_alarm(void **state)
{
	struct judged x = shaped("full, the last room that stops it");

	(void)state;
	x.q.txq.state = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	x = (forget(&x), shaped("no kick arrives"));
	x.q.split.avail_event = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	x = (forget(&x), shaped("no kick arrives"));
	x.q.txq.age_ms = UNREAD;
	assert_verdict(judge(&x), VR_ST_NOT_CONSUMING, INFO);
	x = (forget(&x), shaped("full of chains"));
	x.q.num_free = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	x = (forget(&x), shaped("full, the device polls"));
	x.q.parked = true;
	assert_verdict(judge(&x), VR_ST_IDLE, OK);
	x = (forget(&x), shaped("masked vector, a few packets"));
	x.q.split.used_event = UNREAD;
	assert_verdict(judge(&x), VR_ST_ACTIVE, OK);
	forget(&x);
}

/* Callbacks are off: somebody polls. */
static void overload_without_napis_state_is_no_starvation(void **state)
{
	struct judged x = shaped("rx, overload");

	(void)state;
	x.q.napi = (struct vr_napi){ .addr = 0 };
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	assert_reason(&x.q.verdict, "driver-not-reaping", INFO, "callbacks are off");
	x.q.napi.scheduled = UNREAD;
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	forget(&x);
}

/* 'Not scheduled' has to be seen for an interrupt to be lost. */
static void without_napis_state_no_interrupt_is_lost(void **state)
{
	struct judged x = shaped("the known case, receiving");

	(void)state;
	x.q.napi.scheduled = x.q.napi.enabled = UNREAD;
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	x.q.napi = (struct vr_napi){ .addr = 0 };
	assert_verdict(judge(&x), VR_ST_LOST_INTERRUPT, WARN);
	x = (forget(&x), shaped("masked vector, tx full and drained"));
	x.q.napi.scheduled = x.q.napi.enabled = UNREAD;
	assert_verdict(judge(&x), VR_ST_TX_STOPPED, WARN);
	/* Transmitting with napi_tx off looks like scheduled. */
	x.q.napi.scheduled = READ(1);
	x.q.napi.enabled = READ(0);
	assert_verdict(judge(&x), VR_ST_LOST_INTERRUPT, WARN);
	forget(&x);
}

/* Before 3.18 nothing tells whether the device is enabled, and there is no shadow. */
static void old_kernels_are_judged_by_what_they_have(void **state)
{
	struct judged x = shaped("broken");

	(void)state;
	x.d.enabled = ABSENT;
	assert_verdict(judge(&x), VR_ST_BROKEN, ERROR);
	x = (forget(&x), shaped("tx, reaped lazily"));
	x.q.avail_idx_shadow = x.q.avail_flags_shadow = ABSENT;
	x.q.broken = x.d.enabled = ABSENT;
	assert_verdict(judge(&x), VR_ST_IDLE, OK);
	/* The ring's flag is what such a driver writes. */
	x.q.split.avail_flags = READ(0);
	x.q.split.used_event = READ(66);
	x.q.napi = (struct vr_napi){ .addr = 0 };
	assert_verdict(judge(&x), VR_ST_NOT_REAPING, INFO);
	forget(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_that_decides_is_missing),
		cmocka_unit_test(unknown_words_raise_no_alarm),
		cmocka_unit_test(overload_without_napis_state_is_no_starvation),
		cmocka_unit_test(without_napis_state_no_interrupt_is_lost),
		cmocka_unit_test(old_kernels_are_judged_by_what_they_have),
	};

	return cmocka_run_group_tests_name("check_guest_unread", tests, NULL, NULL);
}
