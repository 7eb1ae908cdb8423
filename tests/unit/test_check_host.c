// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_check_host.c - invariants and states of vhost queues, from their words alone:
 * each shape moved round the circle of 16-bit indices, the worse of two states, who has
 * to move next, and what the reasons tell.
 */
#include "host_shape_builder.h"

#define EVENT_IDX	(1ULL << 29)

static void each_shape_has_its_state(void **state)
{
	static const uint16_t shifts[] = { 0, 1, 32768, 43000, 65100, 65270, 65500,
					   65530, 65535 };

	(void)state;
	for (unsigned i = 0; i < host_nshapes; i++) {
		for (unsigned k = 0; k < COUNT_OF(shifts); k++) {
			struct judged x;

			host_shape_make(&host_shapes[i], shifts[k], &x);
			judge(&x);
			if (x.q.verdict.state != host_shapes[i].state ||
			    x.q.verdict.severity != host_shapes[i].severity)
				fail_msg("%s, moved by %u: %s", host_shapes[i].name,
					 shifts[k], reasons_text(&x.q.verdict));
			if (x.q.verdict.state != VR_ST_CORRUPT)
				assert_int_equal(breaches(&x.q.verdict, vr_host_checks), 0);
			forget(&x);
		}
	}
}

static void the_reasons_tell_what_was_seen(void **state)
{
	static const struct {
		const char *shape, *check, *part;
	} cases[] = {
		{ "more taken than there are", "vhost-taken",
		  "last_avail_idx 400, last_used_idx 100: 300 taken and not returned in a ring of 256" },
		{ "last_used_idx past last_avail_idx", "vhost-taken", "65535 taken" },
		{ "the copy is more than a ring ahead", "vhost-cached",
		  "avail_idx 267, last_avail_idx 10: 257 apart in a ring of 256" },
		{ "published more than a ring ahead", "vhost-published",
		  "avail->idx 267, last_avail_idx 10: 257 apart in a ring of 256" },
		{ "published behind", "vhost-published", "65535 apart" },
		{ "used ahead", "vhost-returned",
		  "used->idx 19 is ahead of last_used_idx 12" },
		{ "used more than a ring behind", "vhost-returned",
		  "used->idx 12 is more than the ring behind last_used_idx 312" },
		{ "a head outside", "vhost-head",
		  "avail->ring[60], which vhost takes next, is 256 in a ring of 256" },
		{ "tx, an error", "vhost-stopped-on-error",
		  "last_avail_idx 60, error count 1" },
		{ "tx, never kicked", "lost-kick",
		  "9 published and not taken (avail->idx 39, last_avail_idx 30), vhost waits for a kick and has none queued, kick count 15" },
		{ "queued, the worker sleeps", "kick-not-served",
		  "kick work is queued and worker 777 sleeps" },
		{ "the tap's work queued, the worker sleeps", "kick-not-served",
		  "tap work is queued" },
		{ "queued, the worker waits for a CPU", "kick-not-served", "waits for a CPU" },
		{ "queued, the worker waits for a page", "kick-not-served", "is blocked" },
		{ "drained, the tap is full", "rx-starved", "1060 packets wait" },
		{ "those left are too few, 6.12 and later", "rx-starved",
		  "avail_idx 108, last_avail_idx 104 (those left are too few" },
		{ "detached", "stopped", "the backend is detached" },
		{ "never set up", "stopped", "the queue was never set up" },
		{ "owner stopped", "stopped", "the owner is stopped" },
		{ "rx at rest", "idle", "waits for the tap" },
		{ "tx at rest", "idle", "waits for a kick" },
		{ "rx, at work", "active", "the worker runs, 20 packets wait for the guest" },
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

/* Between publishing and kicking, a thread of the owner runs. */
static void a_kick_may_be_on_its_way_while_the_owner_runs(void **state)
{
	struct judged x = shaped("tx, never kicked");

	(void)state;
	x.v.owner_runs = true;
	assert_verdict(judge(&x), VR_ST_LOST_KICK, INFO);
	assert_reason(&x.q.verdict, "lost-kick", INFO, "the owner runs");
	forget(&x);
}

/* One whose state was not read may be at that. */
static void a_thread_that_was_not_read_may_be_about_to_kick(void **state)
{
	struct judged x = shaped("tx, never kicked");

	(void)state;
	x.v.runs_lost = true;
	assert_verdict(judge(&x), VR_ST_LOST_KICK, INFO);
	assert_reason(&x.q.verdict, "lost-kick", INFO, "not all threads of the owner were read");
	forget(&x);
}

/* Inside of the work of one queue it waits for a page; the other's is queued. */
static void a_worker_that_waits_in_its_work_serves_no_queue(void **state)
{
	struct judged x = shaped("queued, the worker sleeps");
	struct vr_hostq rx = { .vhost = &x.v, .worker = x.q.worker, .locked = READ(1),
			       .locked_by = x.q.worker.addr };
	struct vr_host h = { .queues = &rx, .nqueues = 1 };

	(void)state;
	assert_verdict(judge(&x), VR_ST_KICK_NOT_SERVED, WARN);
	vr_host_note_locked(&h);
	assert_verdict(judge(&x), VR_ST_KICK_NOT_SERVED, INFO);
	assert_reason(&x.q.verdict, "kick-not-served", INFO, "is blocked in its work");
	/* A document does not tell who holds it. */
	x.v.locked_worker = 0;
	rx.locked_by = 0;
	vr_host_note_locked(&h);
	assert_verdict(judge(&x), VR_ST_KICK_NOT_SERVED, INFO);
	/* Another worker's is no matter of this one; nor is what the VMM holds. */
	x.v.locked_worker = 0;
	rx.worker.pid.v++;
	vr_host_note_locked(&h);
	assert_verdict(judge(&x), VR_ST_KICK_NOT_SERVED, WARN);
	x.v.locked_worker = 0;
	rx.worker.pid.v--;
	rx.locked_by = rx.worker.addr + 64;
	vr_host_note_locked(&h);
	assert_verdict(judge(&x), VR_ST_KICK_NOT_SERVED, WARN);
	forget(&x);
}

static void who_has_to_move_next(void **state)
{
	static const struct {
		const char *shape;
		enum vr_where at;
	} cases[] = {
		{ "tx at rest", VR_AT_NOBODY },
		{ "rx at rest", VR_AT_NOBODY },
		{ "tx, at work", VR_AT_WORKER },
		{ "tx, the tap cannot take more", VR_AT_BACKEND },
		{ "detached", VR_AT_BACKEND },
		{ "owner stopped", VR_AT_WORKER },
		{ "tx, an error", VR_AT_WORKER },
		{ "tx, never kicked", VR_AT_KICK },
		{ "queued, the worker sleeps", VR_AT_WORKER },
		{ "more taken than there are", VR_AT_RING },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct judged x = shaped(cases[i].shape);

		judge(&x);
		if (x.q.at != cases[i].at)
			fail_msg("%s: at %s", cases[i].shape, vr_where_name(x.q.at));
		forget(&x);
	}
}

/* A guest that polls, or has not heard yet, has posted no buffers either. */
static void who_starves_a_receive_queue(void **state)
{
	static const struct {
		uint64_t features;
		uint16_t flags, used_event, signalled;
		enum vr_where at;
	} cases[] = {
		{ EVENT_IDX, 0, 3, 3, VR_AT_DRIVER },	/* it has reaped all */
		{ EVENT_IDX, 0, 2, 3, VR_AT_INTERRUPT },
		{ EVENT_IDX, 0, 60000, 3, VR_AT_NAPI },	/* callbacks are off */
		{ EVENT_IDX, 0, 2, 1, VR_AT_WORKER },	/* it has yet to signal */
		{ 0, 0, 0, 0, VR_AT_DRIVER },
		{ 0, 1, 0, 0, VR_AT_NAPI },
	};

	(void)state;
	for (unsigned i = 0; i < 2 * COUNT_OF(cases); i++) {
		struct judged x = shaped("drained, the tap is full");
		bool reaped = cases[i / 2].at == VR_AT_DRIVER;

		x.q.last_avail_idx = x.q.avail_idx = x.q.last_used_idx = READ(3);
		x.q.ring.avail_idx = x.q.ring.used_idx = READ(3);
		x.q.acked_features = READ(cases[i / 2].features);
		x.q.ring.avail_flags = READ(cases[i / 2].flags);
		x.q.ring.used_event = READ(cases[i / 2].used_event);
		x.q.signalled_used = READ(cases[i / 2].signalled);
		x.q.signalled_used_valid = READ(1);
		vr_host_notify_replay(&x.q);
		x.v.owner_runs = i % 2;
		assert_verdict(judge(&x), VR_ST_RX_STARVED,
			       !reaped && x.v.owner_runs ? INFO : WARN);
		assert_int_equal(x.q.at, cases[i / 2].at);
		forget(&x);
	}
}

/* Counts of 15 and 30: data in the avail ring, none in the used one. */
static void kicks_and_calls_that_moved_nothing(void **state)
{
	struct judged x = shaped("tx, never kicked");

	(void)state;
	x.q.last_avail_idx = x.q.avail_idx = x.q.last_used_idx = READ(0);
	x.q.ring.avail_idx = READ(15);
	x.q.ring.used_idx = READ(0);
	assert_verdict(judge(&x), VR_ST_LOST_KICK, WARN);
	assert_reason(&x.q.verdict, "lost-kick", WARN, "15 published and not taken");
	assert_reason(&x.q.verdict, "lost-kick", WARN, "kick count 15");
	forget(&x);
}

/* On a live system words of different moments may say together what was never so. */
static void what_moved_is_at_work(void **state)
{
	static const struct { const char *name, *check; } cases[] = {
		{ "tx, an error", "vhost-stopped-on-error" }, { "tx, never kicked", "lost-kick" },
		{ "queued, the worker sleeps", "kick-not-served" }, { "drained", "rx-starved" },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		struct judged x = shaped(cases[i].name);

		x.q.moving = true;
		judge(&x);
		assert_int_equal(x.q.verdict.state, VR_ST_ACTIVE);
		assert_int_equal(x.q.verdict.severity, VR_SEV_INFO);
		assert_reason(&x.q.verdict, cases[i].check, INFO, "(it moved while it was read)");
		forget(&x);
	}
}

static void a_worse_state_hides_the_others(void **state)
{
	struct judged x = shaped("drained");

	(void)state;
	assert_verdict(judge(&x), VR_ST_RX_STARVED, WARN);
	x.q.kick_poll.queued = READ(1);
	assert_verdict(judge(&x), VR_ST_KICK_NOT_SERVED, WARN);
	x.q.kick_poll.queued = READ(0);
	x.q.ring.avail_idx = READ(65110);
	assert_verdict(judge(&x), VR_ST_LOST_KICK, WARN);
	x.q.used_flags = READ(1);
	assert_verdict(judge(&x), VR_ST_VHOST_ERROR, ERROR);
	x.q.backend = READ(0);
	assert_verdict(judge(&x), VR_ST_STOPPED, INFO);
	x.q.backend = READ(1);
	x.q.next_head = READ(300);
	assert_verdict(judge(&x), VR_ST_CORRUPT, ERROR);
	forget(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_has_its_state),
		cmocka_unit_test(the_reasons_tell_what_was_seen),
		cmocka_unit_test(a_kick_may_be_on_its_way_while_the_owner_runs),
		cmocka_unit_test(a_thread_that_was_not_read_may_be_about_to_kick),
		cmocka_unit_test(a_worker_that_waits_in_its_work_serves_no_queue),
		cmocka_unit_test(who_has_to_move_next),
		cmocka_unit_test(who_starves_a_receive_queue),
		cmocka_unit_test(kicks_and_calls_that_moved_nothing),
		cmocka_unit_test(what_moved_is_at_work),
		cmocka_unit_test(a_worse_state_hides_the_others),
	};

	return cmocka_run_group_tests_name("check_host", tests, NULL, NULL);
}
