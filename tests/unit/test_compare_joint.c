// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_compare_joint.c - where between the two ends of a queue something waits.
 */
#include "compare_builder.h"

static void assert_joint(struct both *x, unsigned n, enum vr_where where,
			 enum vr_state state, enum vr_severity severity, const char *part)
{
	both_compare(x);
	assert_int_equal(x->k.npairs, 2);
	if (x->k.pairs[n].where != where)
		fail_msg("at %s: %s", vr_where_name(x->k.pairs[n].where),
			 reasons_text(&x->k.pairs[n].joint));
	assert_verdict(&x->k.pairs[n].joint, state, severity);
	assert_has(reasons_text(&x->k.pairs[n].joint), part);
	/* The other pair is sound all the while. */
	assert_true(x->k.pairs[!n].joint.severity <= VR_SEV_INFO);
}

/* tx0: what the guest published, vhost took, returned, and the guest reaped. */
static void stage_tx(struct both *x, unsigned published, unsigned taken,
		     unsigned returned, unsigned reaped)
{
	x->q[0][1].split.avail_idx = x->hq[1].ring.avail_idx = READ(published);
	x->hq[1].avail_idx = READ(published);
	x->hq[1].last_avail_idx = READ(taken);
	x->hq[1].last_used_idx = READ(returned);
	x->q[0][1].split.used_idx = x->hq[1].ring.used_idx = READ(returned);
	x->q[0][1].last_used_idx = READ(reaped);
}

static void a_lost_kick(void **state)
{
	struct both *x = *state;

	stage_tx(x, 1007, 1000, 1000, 1000);
	assert_joint(x, 1, VR_AT_KICK, VR_ST_LOST_KICK, VR_SEV_WARN, "7 published and not taken");
	x->v[0].owner_runs = true;
	assert_joint(x, 1, VR_AT_KICK, VR_ST_LOST_KICK, VR_SEV_INFO, "the owner runs");
	/* It will give the kick when it goes on. */
	x->v[0].owner_runs = false;
	x->v[0].owner = (struct vr_task){ .addr = 9, .state = READ(4) };
	assert_joint(x, 1, VR_AT_KICK, VR_ST_LOST_KICK, VR_SEV_WARN, "the owner is stopped");
	/* The driver is about to. */
	x->q[0][1].num_added = READ(7);
	assert_joint(x, 1, VR_AT_DRIVER, VR_ST_ACTIVE, VR_SEV_OK, "about to kick");
}

static void work_that_is_queued_waits_for_the_worker(void **state)
{
	struct both *x = *state;

	stage_tx(x, 1007, 1000, 1000, 1000);
	x->hq[1].kick_poll.queued = READ(1);
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_KICK_NOT_SERVED, VR_SEV_WARN, "the worker sleeps");
	x->hq[1].worker.state = READ(0);
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_OK, "in hand");
	/* It would, but something keeps it from running. */
	x->hq[1].verdict = (struct vr_verdict){ VR_ST_KICK_NOT_SERVED, VR_SEV_INFO, NULL, 0, 0 };
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_KICK_NOT_SERVED, VR_SEV_INFO, "gets no CPU");
	/* Nothing is known of a worker that was not found. */
	x->hq[1].worker.addr = 0;
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO, "was not read");
}

static void a_backend_that_takes_nothing(void **state)
{
	struct both *x = *state;

	stage_tx(x, 1007, 1000, 1000, 1000);
	x->hq[1].used_flags = READ(1);
	x->hq[1].backend_poll.wqh = READ(1);
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_NOT_CONSUMING, VR_SEV_INFO, "waits for the tap");
	x->hq[1].backend_poll.wqh = READ(0);
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_NOT_CONSUMING, VR_SEV_WARN, "nothing that is seen");
	/* Removed. */
	x->hq[1].verdict = (struct vr_verdict){ VR_ST_STOPPED, VR_SEV_INFO, NULL, 0, 0 };
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_STOPPED, VR_SEV_WARN, "the host's end is stopped");
	x->q[0][1].verdict.state = VR_ST_STOPPED;
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_STOPPED, VR_SEV_INFO, "stopped");
	x->hq[1].verdict.state = VR_ST_IDLE;
	assert_joint(x, 1, VR_AT_DRIVER, VR_ST_STOPPED, VR_SEV_INFO, "the guest's end is stopped");
}

static void what_one_end_is_sure_of_stands(void **state)
{
	struct both *x = *state;

	x->hq[1].verdict.state = VR_ST_VHOST_ERROR;
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_VHOST_ERROR, VR_SEV_ERROR, "the host's end");
	x->q[0][1].verdict.state = VR_ST_BROKEN;
	assert_joint(x, 1, VR_AT_DRIVER, VR_ST_BROKEN, VR_SEV_ERROR, "the guest's end is broken");
	/* Of another moment too. */
	x->hq[1].ring.avail_idx = READ(1001);
	assert_joint(x, 1, VR_AT_DRIVER, VR_ST_BROKEN, VR_SEV_ERROR, "the guest's end is broken");
}

static void packets_that_wait_for_buffers(void **state)
{
	struct both *x = *state;

	/* Buffers are there: what waits is in motion as long as the worker is. */
	x->hq[0].tx_ring_used = READ(3);
	x->hq[0].worker.state = READ(0);
	assert_joint(x, 0, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_OK, "in hand");
	x->hq[0].worker.state = READ(1);
	x->hq[0].backend_poll.queued = READ(1);
	assert_joint(x, 0, VR_AT_WORKER, VR_ST_KICK_NOT_SERVED, VR_SEV_WARN, "work is queued");
	x->hq[0].backend_poll.queued = READ(0);
	assert_joint(x, 0, VR_AT_BACKEND, VR_ST_NOT_CONSUMING, VR_SEV_WARN, "waits for the tap");
	/* None left, packets in vhost's own queue and none in the tap's ring. */
	x->hq[0].used_flags = READ(0);
	x->hq[0].backend_poll.wqh = READ(0);
	x->hq[0].tx_ring_used = READ(0);
	x->hq[0].rxq_head = READ(2);
	x->hq[0].rxq_tail = READ(9);
	x->hq[0].last_avail_idx = x->hq[0].last_used_idx = READ(1200);
	x->hq[0].ring.used_idx = x->q[0][0].split.used_idx = x->q[0][0].last_used_idx = READ(1200);
	assert_joint(x, 0, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_WARN, "7 packets wait and the guest");
	/* Nobody waits for them. */
	x->hq[0].rxq_tail = READ(2);
	assert_joint(x, 0, VR_AT_NOBODY, VR_ST_IDLE, VR_SEV_OK, "nothing waits");
	/* Four buffers, and the next packet takes more. */
	x->hq[0].tx_ring_used = READ(5);
	x->hq[0].used_flags = READ(0);
	x->hq[0].last_avail_idx = READ(1196);
	assert_joint(x, 0, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_WARN, "4 buffers left are too few");
}

/* U 52, L 45, used_event 45, as 1007, 1000, 1000. */
static void returned_and_not_reaped(void **state)
{
	struct both *x = *state;
	struct vr_queue *q = &x->q[0][1];

	stage_tx(x, 1007, 1007, 1007, 1000);
	x->hq[1].signalled_used = READ(1007);
	assert_joint(x, 1, VR_AT_INTERRUPT, VR_ST_LOST_INTERRUPT, VR_SEV_WARN, "has signalled used 1007");
	assert_has(reasons_text(&x->k.pairs[1].joint), "NAPI is not scheduled");
	x->v[0].owner_runs = true;
	assert_joint(x, 1, VR_AT_INTERRUPT, VR_ST_LOST_INTERRUPT, VR_SEV_INFO, "the owner runs");
	x->v[0].owner_runs = false;
	x->v[0].owner = (struct vr_task){ .addr = 9, .state = READ(8) };
	assert_joint(x, 1, VR_AT_INTERRUPT, VR_ST_LOST_INTERRUPT, VR_SEV_WARN, "the owner is stopped");
	x->hq[1].signalled_used = READ(1000);
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO, "has not signalled yet");
	x->hq[1].signalled_used = READ(1007);
	q->napi.scheduled = READ(1);
	assert_joint(x, 1, VR_AT_NAPI, VR_ST_ACTIVE, VR_SEV_OK, "NAPI is scheduled");
	q->napi.scheduled = UNREAD;
	assert_joint(x, 1, VR_AT_NAPI, VR_ST_NOT_REAPING, VR_SEV_INFO, "was not read");
	/* Reaped when somebody sends next: nobody waits. */
	q->napi.scheduled = READ(0);
	q->avail_flags_shadow = READ(1);
	assert_joint(x, 1, VR_AT_NOBODY, VR_ST_IDLE, VR_SEV_OK, "nothing waits");
	q->avail_flags_shadow = READ(0);
	q->callback = READ(0);
	assert_joint(x, 1, VR_AT_NOBODY, VR_ST_IDLE, VR_SEV_OK, "nothing waits");
	q->callback = READ(1);
	q->split.used_event = READ(1192);	/* delayed callbacks */
	assert_joint(x, 1, VR_AT_NOBODY, VR_ST_IDLE, VR_SEV_OK, "nothing waits");
}

/* Buffers for what the host may send one day. */
static void a_vsock_waits_for_the_host(void **state)
{
	struct both *x = *state;

	x->v[0].kind = VR_VHOST_VSOCK;
	x->q[0][0].dir = x->q[0][1].dir = VR_OTHER;
	x->hq[0].used_flags = READ(0);
	assert_joint(x, 0, VR_AT_NOBODY, VR_ST_IDLE, VR_SEV_OK, "nothing waits");
	stage_tx(x, 1007, 1000, 1000, 1000);
	assert_joint(x, 1, VR_AT_KICK, VR_ST_LOST_KICK, VR_SEV_WARN, "7 published and not taken");
}

static void set_verdict(struct vr_verdict *v, enum vr_state state, enum vr_severity severity)
{
	*v = (struct vr_verdict){ .state = state, .severity = severity };
}

/* A pair whose one end is in trouble is never called idle. */
static void what_one_end_knows_alone_is_said(void **state)
{
	static const struct {
		enum vr_state state;
		enum vr_severity severity;
		enum vr_where where;
	} guest[] = {
		{ VR_ST_UNREADABLE, VR_SEV_WARN, VR_AT_NOBODY },
		{ VR_ST_TX_STOPPED, VR_SEV_WARN, VR_AT_DRIVER },
		{ VR_ST_TX_STOPPED, VR_SEV_INFO, VR_AT_DRIVER },
		{ VR_ST_RING_FULL, VR_SEV_WARN, VR_AT_BACKEND },
		{ VR_ST_NOT_REAPING, VR_SEV_INFO, VR_AT_INTERRUPT },
	};
	struct both *x = *state;
	struct vr_queue *q = &x->q[0][1];

	for (unsigned i = 0; i < COUNT_OF(guest); i++) {
		set_verdict(&q->verdict, guest[i].state, guest[i].severity);
		assert_joint(x, 1, guest[i].where, guest[i].state, guest[i].severity,
			     "the guest's end alone is");
	}
	/* What vhost still holds explains no stop of a minute. */
	set_verdict(&q->verdict, VR_ST_TX_STOPPED, VR_SEV_WARN);
	stage_tx(x, 1007, 1007, 1000, 1000);
	assert_joint(x, 1, VR_AT_DRIVER, VR_ST_TX_STOPPED, VR_SEV_WARN, "the guest's end alone");
	set_verdict(&q->verdict, VR_ST_IDLE, VR_SEV_OK);
	stage_tx(x, 1000, 1000, 1000, 1000);
	/* Receiving, work is queued and there is nothing to take or to return. */
	set_verdict(&x->hq[0].verdict, VR_ST_KICK_NOT_SERVED, VR_SEV_WARN);
	assert_joint(x, 0, VR_AT_WORKER, VR_ST_KICK_NOT_SERVED, VR_SEV_WARN,
		     "the host's end alone is kick-not-served");
	set_verdict(&x->hq[0].verdict, VR_ST_IDLE, VR_SEV_OK);
	set_verdict(&x->q[0][0].verdict, VR_ST_RX_STARVED, VR_SEV_WARN);
	x->q[0][0].split.avail_idx = x->hq[0].ring.avail_idx = x->hq[0].avail_idx = READ(1000);
	assert_joint(x, 0, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_WARN, "the guest's end alone");
}

/* Both ends of a guest without memory, and what looks nearly like it. */
static void busy_receiving_is_not_starved(void **state)
{
	struct both *x = *state;
	struct vr_hostq *h = &x->hq[0];
	struct vr_queue *q = &x->q[0][0];

	/* Everything is taken, nothing returned so far, and the worker is at it. */
	q->split.avail_idx = h->ring.avail_idx = h->avail_idx = h->last_avail_idx = READ(1064);
	h->worker = (struct vr_task){ .addr = 7, .state = READ(0), .on_cpu = READ(1) };
	h->rxq_head = READ(3);
	h->rxq_tail = READ(40);
	x->v[0].owner_runs = true;
	assert_joint(x, 0, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_OK, "37 packets are on their way");
	/* All is returned and reaped, and vhost waits for more. */
	h->worker = (struct vr_task){ .addr = 7, .state = READ(1) };
	h->used_flags = h->backend_poll.wqh = READ(0);
	h->last_used_idx = h->ring.used_idx = q->split.used_idx = q->last_used_idx = READ(1064);
	assert_joint(x, 0, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_INFO, "37 packets wait");
	x->v[0].owner_runs = false;
	assert_joint(x, 0, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_WARN, "37 packets wait");
	q->napi.scheduled = READ(1);
	assert_joint(x, 0, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_INFO, "37 packets wait");
	/* The guest's end is sure of it whoever runs. */
	x->v[0].owner_runs = true;
	set_verdict(&q->verdict, VR_ST_RX_STARVED, VR_SEV_WARN);
	assert_joint(x, 0, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_WARN, "37 packets wait");
	set_verdict(&q->verdict, VR_ST_IDLE, VR_SEV_OK);
	/* It is vhost that has yet to look. */
	h->used_flags = READ(1);
	assert_joint(x, 0, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_OK, "on their way");
}

static void a_backend_that_may_take_nothing(void **state)
{
	struct both *x = *state;
	struct vr_hostq *h = &x->hq[1];

	stage_tx(x, 1010, 1004, 1000, 1000);
	h->used_flags = READ(1);
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_NOT_CONSUMING, VR_SEV_WARN, "nothing that is seen");
	h->upend_idx = READ(9);
	h->done_idx = READ(5);
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_NOT_CONSUMING, VR_SEV_INFO, "zero copy");
	h->upend_idx = READ(5);
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_NOT_CONSUMING, VR_SEV_WARN, "nothing that is seen");
	h->backend_poll.wqh = UNREAD;
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_NOT_CONSUMING, VR_SEV_INFO, "was not read");
	h->backend_poll.wqh = READ(0);
	h->used_flags = UNREAD;
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO, "was not read");
	h->used_flags = READ(0);
	assert_joint(x, 1, VR_AT_KICK, VR_ST_LOST_KICK, VR_SEV_WARN, "6 published");
	h->kick_poll.queued = UNREAD;
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO, "was not read");
}

/* By flags vhost signals whatever it returns, and writes down nothing of it. */
static void interrupts_by_flags(void **state)
{
	struct both *x = *state;
	struct vr_hostq *h = &x->hq[1];

	stage_tx(x, 1003, 1003, 1003, 1000);
	x->q[0][1].event = x->q[0][1].split.avail_flags = READ(0);
	x->d[0].features = x->hq[0].acked_features = h->acked_features = READ(1ULL << 32);
	h->ring.avail_flags = READ(0);
	h->signalled_used = h->signalled_used_valid = READ(0);
	assert_joint(x, 1, VR_AT_INTERRUPT, VR_ST_LOST_INTERRUPT, VR_SEV_WARN,
		     "vhost signals what it returns, call count");
	assert_null(strstr(reasons_text(&x->k.pairs[1].joint), "used 0"));
	/* Between writing used->idx and signalling. */
	h->worker = (struct vr_task){ .addr = 7, .state = READ(0), .on_cpu = READ(1) };
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO, "about to signal");
	/* With event indices it says how far it has come. */
	x->q[0][1].event = READ(1);
	x->d[0].features = x->hq[0].acked_features = h->acked_features = READ(1ULL << 32 | 1ULL << 29);
	h->signalled_used_valid = READ(1);
	h->signalled_used = READ(1003);
	assert_joint(x, 1, VR_AT_INTERRUPT, VR_ST_LOST_INTERRUPT, VR_SEV_INFO, "has signalled used 1003");
	h->worker = (struct vr_task){ .addr = 7, .state = READ(1) };
	assert_joint(x, 1, VR_AT_INTERRUPT, VR_ST_LOST_INTERRUPT, VR_SEV_WARN, "has signalled used 1003");
	h->signalled_used = UNREAD;
	assert_joint(x, 1, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO, "is not known");
}

/* QEMU takes the backends away from a guest that it pauses. */
static void a_paused_guest_is_healthy(void **state)
{
	struct both *x = *state;

	for (unsigned n = 0; n < 2; n++)
		set_verdict(&x->hq[n].verdict, VR_ST_STOPPED, VR_SEV_INFO);
	x->hq[0].tx_ring_used = READ(3);
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_STOPPED, VR_SEV_INFO, "the guest's is idle");
	assert_joint(x, 0, VR_AT_BACKEND, VR_ST_STOPPED, VR_SEV_INFO, "the guest's is idle");
	/* The guest waits for what it has sent .. */
	stage_tx(x, 1007, 1000, 1000, 1000);
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_STOPPED, VR_SEV_WARN, "the guest's is idle");
	/* .. unless it was stopped as well. */
	x->v[0].owner = (struct vr_task){ .addr = 9, .state = READ(4) };
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_STOPPED, VR_SEV_INFO, "as its owner is");
	x->v[0].owner.addr = 0;
	x->q[0][1].split.avail_idx = READ(1008);
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_STOPPED, VR_SEV_INFO, "two moments");
}

static void what_the_tap_holds(void **state)
{
	struct both *x = *state;

	stage_tx(x, 1007, 1007, 1000, 1000);	/* zero copy */
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_ACTIVE, VR_SEV_INFO, "7 taken and not returned");
}

static void two_moments_are_told_and_raise_no_alarm(void **state)
{
	struct both *x = *state;

	/* The guest went on after the host's dump was taken. */
	stage_tx(x, 1000, 1000, 1000, 1000);
	x->q[0][1].split.avail_idx = READ(1007);
	assert_joint(x, 1, VR_AT_KICK, VR_ST_LOST_KICK, VR_SEV_INFO, "two moments");
	assert_true(x->k.pairs[1].apart_in_time);
	assert_has(both_text(x, false), "the two dumps are of different moments");
	assert_has(both_text(x, true), "\"same_moment\":false");
	/* Without the ring's pages vhost's own index tells. */
	x->hq[1].zeros = true;
	x->q[0][1].split.avail_idx = x->q[0][1].split.used_idx = READ(1003);
	x->hq[1].last_used_idx = READ(1005);
	both_compare(x);
	assert_true(x->k.pairs[1].apart_in_time);
	assert_true(x->k.pairs[1].joint.severity <= VR_SEV_INFO);
	x->hq[1].last_used_idx = READ(1003);
	both_compare(x);
	assert_false(x->k.pairs[1].moment_known);
	assert_has(both_text(x, true), "\"same_moment\":null");
	assert_has(both_text(x, false), "of one moment cannot be told");
}

static void names_are_escaped(void **state)
{
	struct both *x = *state;

	strcpy(x->d[0].ref.name, "e\x1b[1m");
	strcpy(x->q[0][0].label, "r\n\x9b");
	strcpy(x->q[0][2].label, "c\t");
	strcpy(x->hq[0].label, "R\r");
	strcpy(x->hq[1].device, "t\b");
	stage_tx(x, 1007, 1000, 1000, 1000);
	strcpy(x->q[0][1].label, "T\x7f");
	both_compare(x);
	both_text(x, false);
	for (size_t i = 0; i < x->len; i++)
		assert_true(x->text[i] == '\n' || (x->text[i] >= 0x20 && x->text[i] < 0x7f));
	assert_has(x->text, "e\\x1b[1m r\\x0a\\x9b  vring_virtqueue");
	assert_has(x->text, "R\\x0d  vhost_virtqueue");
	assert_has(x->text, "guest: e\\x1b[1m c\\x09 has no partner");
	assert_has(x->text, "e\\x1b[1m T\\x7f: lost-kick");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, both_setup, both_teardown)
		TEST(a_lost_kick),
		TEST(work_that_is_queued_waits_for_the_worker),
		TEST(a_backend_that_takes_nothing),
		TEST(what_one_end_is_sure_of_stands),
		TEST(packets_that_wait_for_buffers),
		TEST(returned_and_not_reaped),
		TEST(a_vsock_waits_for_the_host),
		TEST(what_one_end_knows_alone_is_said),
		TEST(busy_receiving_is_not_starved),
		TEST(a_backend_that_may_take_nothing),
		TEST(interrupts_by_flags),
		TEST(a_paused_guest_is_healthy),
		TEST(what_the_tap_holds),
		TEST(two_moments_are_told_and_raise_no_alarm),
		TEST(names_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
