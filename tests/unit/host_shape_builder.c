// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * host_shape_builder.c - vhost queues in figures.  The numbers are those of real queues
 * wherever there are some.
 */
#include "host_shape_builder.h"

enum { RX = 0, TX = 1 };
enum { S = 1, D = 2, T = 4 };

#define NET	VR_VHOST_NET
#define VSOCK	VR_VHOST_VSOCK
#define SCSI	VR_VHOST_SCSI

const struct host_shape host_shapes[] = {
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

const unsigned host_nshapes = COUNT_OF(host_shapes);

static struct vr_val moved(uint16_t index, uint16_t shift)
{
	return READ((uint16_t)(index + shift));
}

void host_shape_make(const struct host_shape *s, uint16_t shift, struct judged *x)
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
