// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_compare.c - which queues of a guest and of a host are one, and where between
 * the two ends something waits.
 */
#include <time.h>

#include "compare.h"
#include "judge.h"
#include "render.h"

#define GUESTS	3
#define QUEUES	3	/* rx0, tx0, ctrl */

struct both {
	struct vr_target t;
	struct vr_ctx c;
	struct vr_queue q[GUESTS][QUEUES];
	struct vr_device d[GUESTS];
	struct vr_snapshot s;
	struct vr_vhost v[GUESTS];
	struct vr_hostq hq[2 * GUESTS];
	struct vr_host h;
	struct vr_comparison k;
	char *text;
	size_t len;
};

/* At rest: all that was published before 1000 is returned and reaped. */
static void make_queue(struct vr_queue *q, unsigned n)
{
	static const char *const labels[] = { "rx0", "tx0", "ctrl" };
	static const enum vr_dir dirs[] = { VR_RX, VR_TX, VR_CTRL };

	*q = (struct vr_queue){ .dir = dirs[n], .num = 256, .event = READ(1),
		.avail_flags_shadow = READ(0), .callback = READ(1), .num_added = READ(0),
		.last_used_idx = READ(1000), .dma_desc = READ(0x10000 * (n + 1)),
		.dma_avail = READ(0x10000 * (n + 1) + 0x1000),
		.dma_used = READ(0x10000 * (n + 1) + 0x2000),
		.vring_virtqueue = 0x500 + n, .napi = { .addr = 1, .scheduled = READ(0),
		.enabled = READ(1) } };
	strcpy(q->label, labels[n]);
	q->split.num = 256;
	q->split.avail_idx = q->split.used_idx = READ(1000);
	q->split.used_event = q->split.avail_event = READ(1000);
	q->verdict.state = VR_ST_IDLE;
}

static void make_host_queue(struct vr_hostq *h, struct vr_vhost *v, unsigned n)
{
	*h = (struct vr_hostq){ .device = "tap0", .vq = n, .vhost = v, .num = READ(256),
		.ref = { .addr = v->addr }, .last_avail_idx = READ(1000),
		.avail_idx = READ(1000), .last_used_idx = READ(1000), .used_flags = READ(0),
		.signalled_used = READ(1000), .signalled_used_valid = READ(1),
		.acked_features = READ(1ULL << 32 | 1ULL << 29 | 1ULL << 26),
		.dma_desc = READ(0x10000 * (n + 1)),
		.dma_avail = READ(0x10000 * (n + 1) + 0x1000),
		.dma_used = READ(0x10000 * (n + 1) + 0x2000),
		.worker = { .addr = 7, .state = READ(1) },
		.kick_poll = { .addr = 1, .wqh = READ(1), .queued = READ(0) },
		.backend_poll = { .addr = 1, .wqh = READ(0), .queued = READ(0) } };
	strcpy(h->label, n ? "tx0" : "rx0");
	h->ring.avail_idx = h->ring.used_idx = h->ring.used_event = READ(1000);
	h->verdict.state = VR_ST_IDLE;
	if (!n) {	/* 200 buffers parked, notifications off */
		h->ring.avail_idx = h->avail_idx = READ(1200);
		h->used_flags = READ(1);
		h->backend_poll.wqh = READ(1);
	}
}

static int setup(void **state)
{
	struct both *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x->c.t = &x->t;
	for (unsigned i = 0; i < GUESTS; i++) {
		for (unsigned n = 0; n < QUEUES; n++)
			make_queue(&x->q[i][n], n);
		x->q[i][0].split.avail_idx = READ(1200);
		x->d[i] = (struct vr_device){ .ref = { .addr = 0x100 + i },
			.features = READ(1ULL << 32 | 1ULL << 29 | 1ULL << 5),
			.queues = x->q[i], .nqueues = QUEUES };
		snprintf(x->d[i].ref.name, sizeof(x->d[i].ref.name), "eth%u", i);
		x->v[i] = (struct vr_vhost){ .addr = 0x200 + i, .dev = 0x300 + i,
					     .mm = 0x400 + i };
		make_host_queue(&x->hq[2 * i], &x->v[i], 0);
		make_host_queue(&x->hq[2 * i + 1], &x->v[i], 1);
	}
	x->s = (struct vr_snapshot){ .devices = x->d, .ndevices = 1 };
	x->h = (struct vr_host){ .queues = x->hq, .nqueues = 2, .vhosts = x->v,
				 .nvhosts = GUESTS };
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct both *x = *state;

	vr_arena_free(&x->c.arena);
	free(x->text);
	free(x);
	return 0;
}

static void compare(struct both *x)
{
	for (unsigned i = 0; i < x->s.ndevices; i++)
		for (unsigned n = 0; n < x->s.devices[i].nqueues; n++)
			if (!x->s.devices[i].queues[n].packed) {
				vr_ring_derive(&x->s.devices[i].queues[n]);
				vr_notify_replay(&x->s.devices[i].queues[n]);
			}
	for (unsigned i = 0; i < x->h.nqueues; i++)
		vr_host_notify_replay(&x->h.queues[i]);
	vr_arena_reset(&x->c.arena);
	assert_int_equal(vr_compare(&x->c, &x->s, &x->h, &x->k), 0);
}

static const char *text(struct both *x, bool json)
{
	FILE *out;

	free(x->text);
	x->text = NULL;
	out = open_memstream(&x->text, &x->len);
	assert_non_null(out);
	if (json)
		vr_json_compared(out, &x->c, "vring", "guest", "n", "6", &x->k);
	else
		vr_text_comparison(out, &x->k);
	fclose(out);
	return x->text;
}

static void assert_has(const char *in, const char *want)
{
	if (!strstr(in, want))
		fail_msg("'%s' is not in:\n%s", want, in);
}

static void assert_joint(struct both *x, unsigned n, enum vr_where where,
			 enum vr_state state, enum vr_severity severity, const char *part)
{
	compare(x);
	assert_int_equal(x->k.npairs, 2);
	if (x->k.pairs[n].where != where)
		fail_msg("at %s: %s", vr_where_name(x->k.pairs[n].where),
			 reasons_text(&x->k.pairs[n].joint));
	assert_verdict(&x->k.pairs[n].joint, state, severity);
	assert_has(reasons_text(&x->k.pairs[n].joint), part);
	/* The other pair is sound all the while. */
	assert_true(x->k.pairs[!n].joint.severity <= VR_SEV_INFO);
}

/* ---- which belong together ------------------------------------------------------ */

static void one_guest_is_joined(void **state)
{
	struct both *x = *state;

	compare(x);
	assert_int_equal(x->k.npairs, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_ptr_equal(x->k.pairs[i].q, &x->q[0][i]);
		assert_ptr_equal(x->k.pairs[i].h, &x->hq[i]);
		assert_int_equal(x->k.pairs[i].where, VR_AT_NOBODY);
		assert_verdict(&x->k.pairs[i].joint, VR_ST_IDLE, VR_SEV_OK);
		assert_true(x->k.pairs[i].moment_known && !x->k.pairs[i].apart_in_time);
	}
	assert_has(text(x, false), "guest: eth0 ctrl has no partner: vhost never has this queue");
	assert_has(text(x, false), "\n2 pairs; ");
	assert_has(text(x, true), "\"same_moment\":true");
}

static void equal_guests_are_listed_and_not_joined(void **state)
{
	struct both *x = *state;

	x->s.ndevices = 1;
	x->h.nqueues = 6;	/* three guests that booted alike */
	compare(x);
	assert_int_equal(x->k.npairs, 0);
	assert_int_equal(x->k.ncandidates, 3);
	assert_has(text(x, false), "so may others, not joined");
	assert_has(text(x, false), "nothing of the one side is the other end of the other's");
	x->s.ndevices = 3;
	compare(x);
	assert_int_equal(x->k.npairs, 0);
	assert_int_equal(x->k.ncandidates, 9);
	/* Nor where the others lead away from the first only by the host's end. */
	x->s.ndevices = 2;
	x->h.nqueues = 2;
	compare(x);
	assert_int_equal(x->k.npairs, 0);
}

static void plausible_indices_break_a_tie(void **state)
{
	struct both *x = *state;

	x->h.nqueues = 6;
	for (unsigned i = 2; i < 6; i++)
		x->hq[i].last_avail_idx = x->hq[i].last_used_idx = READ(30000);
	compare(x);
	assert_int_equal(x->k.npairs, 2);
	assert_ptr_equal(x->k.pairs[0].h, &x->hq[0]);
	assert_int_equal(x->k.ncandidates, 3);
	assert_has(text(x, false), "the addresses fit, the indices do not");
	/* One queue of a device is enough to tell it apart. */
	x->hq[2].last_avail_idx = x->hq[2].last_used_idx = READ(1000);
	compare(x);
	assert_int_equal(x->k.npairs, 2);
	/* The differences go on across the wrap. */
	x->q[0][0].split.avail_idx = x->hq[0].ring.avail_idx = READ(100);
	x->q[0][0].split.used_idx = x->q[0][0].last_used_idx = READ(65500);
	x->hq[0].last_avail_idx = x->hq[0].last_used_idx = READ(65500);
	x->hq[0].ring.used_idx = READ(65500);
	compare(x);
	assert_int_equal(x->k.npairs, 2);
}

static void assert_no_pair(struct both *x)
{
	compare(x);
	assert_int_equal(x->k.npairs, 0);
	assert_int_equal(x->k.ncandidates, 0);
}

static void what_does_not_change_has_to_fit(void **state)
{
	struct both *x = *state;
	struct vr_hostq sound = x->hq[1];
	struct vr_queue mine = x->q[0][1];

	x->hq[1].num = READ(128);
	assert_no_pair(x);
	x->hq[1] = sound;
	x->hq[1].acked_features.v |= 1ULL << 15;	/* what the guest has not */
	assert_no_pair(x);
	x->hq[1] = sound;
	x->hq[1].dma_used = READ(0x77000);
	assert_no_pair(x);
	x->hq[1] = sound;
	x->q[0][1].dir = VR_RX;
	assert_no_pair(x);
	x->q[0][1] = mine;
	x->q[0][1].packed = true;	/* vhost has no packed rings */
	assert_no_pair(x);
	x->q[0][1] = mine;
	x->hq[1].dma_desc = UNREAD;	/* not set up: no say */
	compare(x);
	assert_int_equal(x->k.npairs, 1);
	x->hq[1] = sound;
	/* A vsock's queues are no net device's. */
	x->v[0].kind = VR_VHOST_VSOCK;
	assert_no_pair(x);
	x->q[0][0].dir = x->q[0][1].dir = VR_OTHER;
	compare(x);
	assert_int_equal(x->k.npairs, 2);
	/* Behind an IOMMU there are no addresses to go by. */
	x->v[0].iotlb = true;
	for (unsigned i = 0; i < 2; i++)
		x->hq[i].dma_desc = x->hq[i].dma_avail = x->hq[i].dma_used = UNREAD;
	assert_no_pair(x);
	assert_has(text(x, false), "host: tap0 rx0 has no partner: its addresses are behind an IOMMU");
}

static void a_guest_with_queues_to_spare_is_joined(void **state)
{
	struct both *x = *state;

	/* Two pairs of one tap, each with a vhost of its own; the second is detached. */
	x->hq[2].ref = x->hq[3].ref = x->hq[0].ref;
	x->v[1].mm = x->v[0].mm;
	x->hq[2].detached = x->hq[3].detached = true;
	x->hq[2].num = x->hq[3].num = READ(1);
	x->h.nqueues = 4;
	compare(x);
	assert_int_equal(x->k.npairs, 2);
	assert_int_equal(x->k.ncandidates, 1);
	assert_int_equal(x->k.candidates[0].count, 4);
}

/* No backend leads to an interface any more: each pair of queues stands alone. */
static void pairs_without_backends_are_joined(void **state)
{
	struct both *x = *state;
	/* Of one guest with two pairs: rx0 tx0 rx1 tx1. */
	struct vr_queue q[4] = { x->q[0][0], x->q[0][1] };

	make_queue(&q[2], 0);
	make_queue(&q[3], 1);
	for (unsigned n = 0; n < 2; n++) {
		struct vr_hostq *h = &x->hq[2 + n];

		h->dma_desc.v += 0x100000;
		h->dma_avail.v += 0x100000;
		h->dma_used.v += 0x100000;
		q[2 + n].split.avail_idx = h->ring.avail_idx;
		q[2 + n].dma_desc = h->dma_desc;
		q[2 + n].dma_avail = h->dma_avail;
		q[2 + n].dma_used = h->dma_used;
	}
	x->d[0].queues = q;
	x->d[0].nqueues = 4;
	x->h.nqueues = 4;
	for (unsigned i = 0; i < 6; i++)
		x->hq[i].ref.addr = 0;
	compare(x);
	assert_int_equal(x->k.ncandidates, 2);
	assert_int_equal(x->k.npairs, 4);
	/* Another guest's first pair is where this one's is, its second elsewhere. */
	x->h.nqueues = 6;
	compare(x);
	assert_int_equal(x->k.ncandidates, 3);
	assert_int_equal(x->k.npairs, 2);
	assert_ptr_equal(x->k.pairs[0].h, &x->hq[2]);
}

/* Listed twice, by a forged document: one other end is enough. */
static void a_queue_has_one_other_end(void **state)
{
	struct both *x = *state;

	x->hq[2] = x->hq[0];
	x->hq[3] = x->hq[1];
	x->h.nqueues = 4;
	compare(x);
	assert_int_equal(x->k.npairs, 2);
	assert_has(text(x, false), "host: tap0 rx0 has no partner");
}

static void assert_ends(struct both *x)
{
	clock_t start = clock();

	compare(x);
	assert_int_equal(x->k.npairs, 0);
	assert_true(x->k.gave_up);
	assert_true(clock() - start < 20 * CLOCKS_PER_SEC);
	assert_has(text(x, true), "\"gave_up\":true");
}

static void hostile_counts_end_in_the_budget(void **state)
{
	enum { MANY = 65536 };
	struct both *x = *state;
	struct vr_queue *q = calloc(MANY, sizeof(*q));
	struct vr_device *d = calloc(MANY, sizeof(*d));
	struct vr_hostq *h = calloc(MANY, sizeof(*h));

	assert_true(q && d && h);
	for (unsigned i = 0; i < MANY; i++) {
		q[i].dir = VR_TX;
		d[i].queues = &q[i];
		d[i].nqueues = 1;
		h[i] = x->hq[1];
		h[i].num = UNREAD;
		h[i].ref.addr = i + 1;
	}
	x->s = (struct vr_snapshot){ .devices = d, .ndevices = MANY };
	x->h.queues = h;
	x->h.nqueues = MANY;
	assert_ends(x);		/* not one of them set up */
	for (unsigned i = 0; i < MANY; i++)
		h[i].num = READ(256);
	assert_ends(x);		/* none that fits */
	for (unsigned i = 0; i < MANY; i++)
		q[i] = x->q[0][1];
	assert_ends(x);		/* all fit */
	assert_true(x->k.ncandidates <= 4096);
	x->d[0].queues = q;
	x->d[0].nqueues = MANY;
	for (unsigned i = 0; i < MANY; i++) {
		q[i].num = 2;
		h[i].ref.addr = 1;
	}
	x->s = (struct vr_snapshot){ .devices = x->d, .ndevices = 1 };
	compare(x);		/* one device, one tap: nothing fits, at the first queue */
	assert_int_equal(x->k.npairs, 0);
	free(q);
	free(d);
	free(h);
}

/* ---- where something waits -------------------------------------------------------- */

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
	assert_joint(x, 1, VR_AT_BACKEND, VR_ST_NOT_CONSUMING, VR_SEV_WARN, "waits for the tap");
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
	assert_has(text(x, false), "the two dumps are of different moments");
	assert_has(text(x, true), "\"same_moment\":false");
	/* Without the ring's pages vhost's own index tells. */
	x->hq[1].zeros = true;
	x->q[0][1].split.avail_idx = x->q[0][1].split.used_idx = READ(1003);
	x->hq[1].last_used_idx = READ(1005);
	compare(x);
	assert_true(x->k.pairs[1].apart_in_time);
	assert_true(x->k.pairs[1].joint.severity <= VR_SEV_INFO);
	x->hq[1].last_used_idx = READ(1003);
	compare(x);
	assert_false(x->k.pairs[1].moment_known);
	assert_has(text(x, true), "\"same_moment\":null");
	assert_has(text(x, false), "of one moment cannot be told");
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
	compare(x);
	text(x, false);
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
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(one_guest_is_joined),
		TEST(equal_guests_are_listed_and_not_joined),
		TEST(plausible_indices_break_a_tie),
		TEST(what_does_not_change_has_to_fit),
		TEST(a_guest_with_queues_to_spare_is_joined),
		TEST(pairs_without_backends_are_joined),
		TEST(a_queue_has_one_other_end),
		TEST(hostile_counts_end_in_the_budget),
		TEST(a_lost_kick),
		TEST(work_that_is_queued_waits_for_the_worker),
		TEST(a_backend_that_takes_nothing),
		TEST(what_one_end_is_sure_of_stands),
		TEST(packets_that_wait_for_buffers),
		TEST(returned_and_not_reaped),
		TEST(a_vsock_waits_for_the_host),
		TEST(what_the_tap_holds),
		TEST(two_moments_are_told_and_raise_no_alarm),
		TEST(names_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
