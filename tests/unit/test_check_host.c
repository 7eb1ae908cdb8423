// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_check_host.c - invariants and states of vhost queues, from their words alone.
 * The numbers are those of real queues wherever there are some; each case is moved
 * round the circle of 16-bit indices.
 */
#include "judge.h"

#define EVENT_IDX	(1ULL << 29)

enum { RX = 0, TX = 1 };
enum { S = 1, D = 2, T = 4 };

/* A queue in figures.  What is not said: of 256, set up, the worker asleep, kicks on,
 * nothing queued, no tap waited for, the ring in the dump. */
struct shape {
	const char *name;
	enum vr_vhost_kind kind;
	unsigned vq;
	uint16_t la, ai, lu;		/* last_avail_idx, avail_idx, last_used_idx */
	uint16_t a, u;			/* avail->idx, used->idx */
	bool off;			/* NO_NOTIFY */
	bool tap;			/* the backend's poll waits */
	unsigned rxq, ring, sock;	/* packets that wait */
	bool kicked, tapped;		/* work is queued */
	bool runs, on_cpu, on_rq;
	unsigned blocked;		/* another task state */
	bool no_worker, detached, iotlb, locked;
	unsigned errors;		/* where the tap is waited for */
	unsigned num, head, copied;
	enum { IN_DUMP, NO_PAGE, ZEROS } ring_is;
	enum vr_state state;
	enum vr_severity severity;
};

#define OK	VR_SEV_OK
#define INFO	VR_SEV_INFO
#define WARN	VR_SEV_WARN
#define ERROR	VR_SEV_ERROR
#define NET	VR_VHOST_NET
#define VSOCK	VR_VHOST_VSOCK
#define SCSI	VR_VHOST_SCSI

static const struct shape shapes[] = {
	/* ---- healthy ---- */
	{ "tx at rest", NET, TX, 30, 30, 30, 30, 30, .state = VR_ST_IDLE, .severity = OK },
	{ "rx at rest", NET, RX, 30, 286, 30, 286, 30, .off = true, .tap = true,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "rx at rest, its copy is old", NET, RX, 30, 30, 30, 286, 30, .off = true,
	  .tap = true, .state = VR_ST_IDLE, .severity = OK },
	{ "rx at rest with busyloop_timeout", NET, RX, 30, 286, 30, 286, 30, .tap = true,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "rx without buffers, nothing comes", NET, RX, 30, 30, 30, 30, 30,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "tx, at work", NET, TX, 30, 40, 28, 45, 28, .off = true, .runs = true,
	  .on_cpu = true, .state = VR_ST_ACTIVE, .severity = OK },
	{ "rx, at work", NET, RX, 30, 40, 28, 45, 28, .off = true, .rxq = 20,
	  .runs = true, .on_cpu = true, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx, kicked this moment", NET, TX, 30, 30, 30, 31, 30, .kicked = true,
	  .runs = true, .on_cpu = true, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx, its loop is about to look for work", NET, TX, 30, 30, 30, 31, 30,
	  .kicked = true, .on_cpu = true, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx, in its work, waiting for a page", NET, TX, 30, 40, 30, 40, 30,
	  .off = true, .blocked = D, .state = VR_ST_ACTIVE, .severity = OK },
	{ "rx, in its work, a process brings the page", NET, RX, 30, 40, 28, 45, 28,
	  .off = true, .locked = true, .state = VR_ST_IDLE, .severity = OK },
	{ "tx, in its work, a process brings the page", NET, TX, 30, 30, 30, 31, 30,
	  .off = true, .locked = true, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx, the tap cannot take more, or up to 4.14 an error", NET, TX, 30, 40, 30, 40, 30,
	  .off = true, .tap = true, .errors = 1, .state = VR_ST_ACTIVE, .severity = INFO },
	{ "tx, the tap cannot take more", NET, TX, 30, 40, 30, 40, 30, .off = true,
	  .tap = true, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx, zero copy under way", NET, TX, 40, 40, 30, 40, 30, .off = true,
	  .copied = 10, .state = VR_ST_IDLE, .severity = OK },
	{ "tx, an iotlb that may lack an entry", NET, TX, 30, 40, 30, 40, 30, .off = true,
	  .iotlb = true, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx, a remainder of a restart", NET, TX, 40, 40, 33, 40, 33,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "tx, last_used_idx leads by all of the ring", NET, TX, 256, 256, 256, 256, 0,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "rx, more buffers needed than there are, up to 6.1", NET, RX, 104, 108, 104,
	  108, 104, .off = true, .rxq = 3, .runs = true, .on_cpu = true,
	  .state = VR_ST_ACTIVE, .severity = OK },
	{ "vsock rx, buffers parked", VSOCK, RX, 3, 3, 3, 131, 3,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "scsi events, buffers parked", SCSI, 1, 0, 0, 0, 8, 0,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "scsi requests at rest", SCSI, 2, 77, 77, 77, 77, 77,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "scsi requests, kicks off", SCSI, 2, 77, 77, 70, 77, 70, .off = true,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "without a worker that was found", NET, TX, 30, 30, 30, 40, 30,
	  .no_worker = true, .state = VR_ST_ACTIVE, .severity = OK },

	/* ---- stopped ---- */
	{ "detached", NET, RX, 30, 30, 30, 40, 30, .detached = true, .rxq = 7,
	  .state = VR_ST_STOPPED, .severity = INFO },
	{ "detached, the driver has begun anew", NET, TX, 0, 0, 5000, 3, 0,
	  .detached = true, .state = VR_ST_STOPPED, .severity = INFO },
	{ "never set up", NET, TX, 0, 0, 0, 0, 0, .detached = true, .num = 1,
	  .ring_is = NO_PAGE, .state = VR_ST_STOPPED, .severity = INFO },
	{ "owner stopped", NET, TX, 30, 30, 30, 31, 30, .kicked = true, .blocked = T,
	  .state = VR_ST_STOPPED, .severity = INFO },
	{ "owner traced", NET, TX, 30, 30, 30, 31, 30, .kicked = true, .blocked = 8,
	  .state = VR_ST_STOPPED, .severity = INFO },

	/* ---- stopped on an error ---- */
	{ "tx, an error", NET, TX, 60, 61, 60, 61, 60, .off = true,
	  .state = VR_ST_VHOST_ERROR, .severity = ERROR },
	{ "rx, an error", NET, RX, 60, 61, 60, 300, 60, .off = true,
	  .state = VR_ST_VHOST_ERROR, .severity = ERROR },
	{ "tx, an error, without user pages", NET, TX, 60, 61, 60, 0, 0, .off = true,
	  .ring_is = NO_PAGE, .state = VR_ST_VHOST_ERROR, .severity = ERROR },
	{ "tx, an error, pages of zeros", NET, TX, 60, 61, 60, 0, 0, .off = true,
	  .ring_is = ZEROS, .state = VR_ST_VHOST_ERROR, .severity = ERROR },

	/* ---- lost kicks ---- */
	{ "tx, never kicked", NET, TX, 30, 30, 30, 39, 30,
	  .state = VR_ST_LOST_KICK, .severity = WARN },
	{ "tx, one entry", NET, TX, 65535, 65535, 65535, 0, 65535,
	  .state = VR_ST_LOST_KICK, .severity = WARN },
	{ "tx, a ring full", NET, TX, 0, 0, 0, 256, 0,
	  .state = VR_ST_LOST_KICK, .severity = WARN },
	{ "rx, never kicked, packets wait", NET, RX, 4, 4, 4, 54, 4, .rxq = 26,
	  .state = VR_ST_LOST_KICK, .severity = WARN },
	{ "rx, never kicked, they wait in the tap", NET, RX, 4, 4, 4, 54, 4, .ring = 5,
	  .state = VR_ST_LOST_KICK, .severity = WARN },
	{ "rx, never kicked, they wait in the socket", NET, RX, 4, 4, 4, 54, 4,
	  .sock = 5, .state = VR_ST_LOST_KICK, .severity = WARN },
	{ "rx, never kicked, nothing comes", NET, RX, 4, 4, 4, 54, 4,
	  .state = VR_ST_IDLE, .severity = OK },
	{ "vsock tx, never kicked", VSOCK, TX, 9, 9, 9, 12, 9,
	  .state = VR_ST_LOST_KICK, .severity = WARN },
	{ "scsi control, never kicked", SCSI, 0, 9, 9, 9, 12, 9,
	  .state = VR_ST_LOST_KICK, .severity = WARN },
	{ "scsi requests, never kicked", SCSI, 3, 9, 9, 9, 12, 9,
	  .state = VR_ST_LOST_KICK, .severity = WARN },
	{ "tx, never kicked, without user pages", NET, TX, 30, 30, 30, 0, 0,
	  .ring_is = NO_PAGE, .state = VR_ST_IDLE, .severity = OK },
	{ "tx, pages of zeros are no ring that is far behind", NET, TX, 65500, 65500,
	  65500, 0, 0, .ring_is = ZEROS, .state = VR_ST_IDLE, .severity = OK },
	{ "tx, never kicked, but vhost is busy", NET, TX, 30, 30, 30, 39, 30,
	  .runs = true, .on_cpu = true, .state = VR_ST_ACTIVE, .severity = OK },
	{ "tx, kicks off are not lost", NET, TX, 30, 30, 30, 39, 30, .off = true,
	  .tap = true, .state = VR_ST_ACTIVE, .severity = OK },

	/* ---- kicks that are not served ---- */
	{ "queued, the worker sleeps", NET, TX, 30, 30, 30, 39, 30, .kicked = true,
	  .state = VR_ST_KICK_NOT_SERVED, .severity = WARN },
	{ "the tap's work queued, the worker sleeps", NET, RX, 30, 40, 30, 40, 30,
	  .off = true, .tapped = true, .tap = true, .state = VR_ST_KICK_NOT_SERVED,
	  .severity = WARN },
	{ "queued, the worker waits for a CPU", NET, TX, 30, 30, 30, 31, 30,
	  .kicked = true, .runs = true, .state = VR_ST_KICK_NOT_SERVED,
	  .severity = INFO },
	{ "queued, the worker was pushed off its CPU before it looked", NET, TX, 30, 30,
	  30, 31, 30, .kicked = true, .on_rq = true, .state = VR_ST_KICK_NOT_SERVED,
	  .severity = INFO },
	{ "published, the worker was pushed off its CPU", NET, TX, 30, 30, 30, 31, 30,
	  .on_rq = true, .state = VR_ST_ACTIVE, .severity = OK },
	{ "queued, the worker waits for a page that a process brings", NET, TX, 30, 30, 30, 31,
	  30, .kicked = true, .locked = true, .state = VR_ST_KICK_NOT_SERVED,
	  .severity = INFO },
	{ "queued, the worker waits for a page", NET, TX, 30, 30, 30, 31, 30,
	  .kicked = true, .blocked = D, .state = VR_ST_KICK_NOT_SERVED,
	  .severity = INFO },

	/* ---- receiving without buffers ---- */
	{ "drained", NET, RX, 65100, 65100, 65100, 65100, 65100, .rxq = 30,
	  .state = VR_ST_RX_STARVED, .severity = WARN },
	{ "drained, the tap is full", NET, RX, 65100, 65100, 65100, 65100, 65100,
	  .rxq = 60, .ring = 1000, .state = VR_ST_RX_STARVED, .severity = WARN },
	{ "those left are too few, 6.12 and later", NET, RX, 104, 108, 104, 108, 104,
	  .rxq = 3, .state = VR_ST_RX_STARVED, .severity = WARN },
	{ "drained, without user pages", NET, RX, 100, 100, 100, 0, 0, .rxq = 30,
	  .ring_is = NO_PAGE, .state = VR_ST_RX_STARVED, .severity = WARN },

	/* ---- corrupt ---- */
	{ "more taken than there are", NET, TX, 400, 400, 100, 400, 100,
	  .state = VR_ST_CORRUPT, .severity = ERROR },
	{ "last_used_idx past last_avail_idx", NET, TX, 12, 12, 13, 12, 13,
	  .state = VR_ST_CORRUPT, .severity = ERROR },
	{ "the copy is more than a ring ahead", NET, TX, 10, 267, 10, 267, 10, .off = true,
	  .ring_is = NO_PAGE, .state = VR_ST_CORRUPT, .severity = ERROR },
	{ "published more than a ring ahead", NET, TX, 10, 10, 10, 267, 10,
	  .state = VR_ST_CORRUPT, .severity = ERROR },
	{ "published behind", NET, TX, 10, 10, 10, 9, 10,
	  .state = VR_ST_CORRUPT, .severity = ERROR },
	{ "used ahead", NET, TX, 12, 12, 12, 12, 19,
	  .state = VR_ST_CORRUPT, .severity = ERROR },
	{ "used more than a ring behind", NET, TX, 312, 312, 312, 312, 12,
	  .state = VR_ST_CORRUPT, .severity = ERROR },
	{ "a head outside", NET, TX, 60, 61, 60, 61, 60, .off = true, .head = 256,
	  .state = VR_ST_CORRUPT, .severity = ERROR },
	{ "a head outside, behind the next", NET, TX, 61, 61, 61, 61, 61, .head = 256,
	  .state = VR_ST_IDLE, .severity = OK },
};

struct judged {
	struct vr_ctx c;
	struct vr_vhost v;
	struct vr_hostq q;
};

static struct vr_val moved(uint16_t index, uint16_t shift)
{
	return READ((uint16_t)(index + shift));
}

static void make(const struct shape *s, uint16_t shift, struct judged *x)
{
	uint32_t num = s->num ? s->num : 256;
	struct vr_hostq *q = &x->q;

	*x = (struct judged){ .v = { .kind = s->kind, .iotlb = s->iotlb } };
	*q = (struct vr_hostq){ .vhost = &x->v, .vq = s->vq, .num = READ(num),
		.last_avail_idx = moved(s->la, shift), .avail_idx = moved(s->ai, shift),
		.last_used_idx = moved(s->lu, shift), .used_flags = READ(s->off),
		.backend = READ(s->detached ? 0 : 0xffff888000001000),
		.upend_idx = READ(s->copied), .done_idx = READ(0),
		.kick_count = READ(15), .call_count = READ(30), .error_count = READ(s->tap ? s->errors : 1),
		.locked = READ(s->locked),
		.rxq_head = READ(3), .rxq_tail = READ(3 + s->rxq),
		.tx_ring_used = READ(s->ring), .sock_qlen = READ(s->sock),
		.kick_poll = { 0xffff888000002000, READ(0xffff888000002100),
			       READ(s->kicked) },
		.backend_poll = { 0xffff888000003000,
				  READ(s->tap ? 0xffff888000003100 : 0),
				  READ(s->tapped) },
		.next_head = READ(s->head), .why = VR_TR_OK };
	if (!s->no_worker)
		q->worker = (struct vr_task){ .addr = 0xffff888000004000,
			.pid = READ(777), .on_cpu = READ(s->on_cpu), .on_rq = READ(s->on_rq),
			.state = READ(s->runs ? 0 : s->blocked ? s->blocked : S) };
	q->ring = (struct vr_split){ .num = num, .avail_idx = moved(s->a, shift),
		.used_idx = moved(s->u, shift) };
	if (s->ring_is == NO_PAGE) {
		q->ring.avail_idx = q->ring.used_idx = q->next_head = UNREAD;
		q->why = VR_TR_NO_PAGE;
	} else if (s->ring_is == ZEROS) {
		q->ring.avail_idx = q->ring.used_idx = q->next_head = READ(0);
		q->zeros = true;
	}
}

static const struct vr_verdict *judge(struct judged *x)
{
	struct vr_host h = { .queues = &x->q, .nqueues = 1 };

	x->q.vhost = &x->v;
	x->q.verdict = (struct vr_verdict){ .state = VR_ST_NONE };
	vr_check_host(&x->c, &h);
	return &x->q.verdict;
}

static void forget(struct judged *x)
{
	vr_arena_free(&x->c.arena);
}

static void each_shape_has_its_state(void **state)
{
	static const uint16_t shifts[] = { 0, 1, 32768, 43000, 65100, 65270, 65500,
					   65530, 65535 };

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(shapes); i++) {
		for (unsigned k = 0; k < COUNT_OF(shifts); k++) {
			struct judged x;

			make(&shapes[i], shifts[k], &x);
			judge(&x);
			if (x.q.verdict.state != shapes[i].state ||
			    x.q.verdict.severity != shapes[i].severity)
				fail_msg("%s, moved by %u: %s", shapes[i].name, shifts[k],
					 reasons_text(&x.q.verdict));
			if (x.q.verdict.state != VR_ST_CORRUPT)
				assert_int_equal(breaches(&x.q.verdict, vr_host_checks), 0);
			forget(&x);
		}
	}
}

static struct judged shaped(const char *name)
{
	struct judged x = { .c = { .nerrors = 0 } };

	for (unsigned i = 0; i < COUNT_OF(shapes); i++)
		if (!strcmp(shapes[i].name, name)) {
			make(&shapes[i], 0, &x);
			return x;
		}
	fail_msg("no shape '%s'", name);
	return x;
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
	for (unsigned i = 0; i < COUNT_OF(shapes); i++) {
		if (shapes[i].ring_is != IN_DUMP && !shapes[i].detached)
			continue;
		make(&shapes[i], 0, &x);
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
		cmocka_unit_test(who_has_to_move_next),
		cmocka_unit_test(who_starves_a_receive_queue),
		cmocka_unit_test(kicks_and_calls_that_moved_nothing),
		cmocka_unit_test(what_was_not_read_is_a_dash),
		cmocka_unit_test(what_moved_is_at_work),
		cmocka_unit_test(what_the_ring_would_tell_is_named),
		cmocka_unit_test(unknown_words_raise_no_alarm),
		cmocka_unit_test(without_vhosts_own_words_it_is_unreadable),
		cmocka_unit_test(unread_words_are_no_rest),
		cmocka_unit_test(without_the_ring_a_kick_may_be_lost_too),
		cmocka_unit_test(a_worse_state_hides_the_others),
	};

	return cmocka_run_group_tests_name("check_host", tests, NULL, NULL);
}
