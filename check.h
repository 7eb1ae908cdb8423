/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - what the files that judge queues share: a check is a row in a table, and
 * a pure function of one queue's snapshot.
 */
#ifndef VRING_CHECK_H
#define VRING_CHECK_H

#include "vring.h"

/* Younger trouble than this can be a busy moment: virtio_net's watchdog_timeo.  A
 * guest under load was seen to keep a scheduled NAPI waiting for two seconds. */
#define VR_PATIENCE_MS	5000

/* What a CPU may have been stopped in the middle of, a mask. */
#define VR_IN_ADD	1u
#define VR_IN_GET	2u
#define VR_IN_DETACH	4u	/* buffers are taken back from a device that was reset */

/* The queue at hand: a guest's (d and q) or a host's (h). */
struct vr_judge {
	struct vr_ctx *c;
	const struct vr_device *d;
	const struct vr_queue *q;
	const struct vr_hostq *h;
	struct vr_verdict *v;
	unsigned under_way;	/* VR_IN_..: what may explain breaches */
	bool moving;		/* the words changed under the reader */
};

struct vr_check {
	const char *name;
	enum vr_severity severity;
	unsigned excuses;	/* VR_IN_..: what explains a breach */
	const char *meaning;
	void (*run)(struct vr_judge *j, const struct vr_check *self);
};

/* The tables, ended by a row without a name. */
extern const struct vr_check vr_ring_checks[];	/* check_ring.c: a guest's rings */
extern const struct vr_check vr_host_checks[];	/* check_host.c */

/* A check's breach: 'format' says which numbers, without a closing full stop. */
void vr_found(struct vr_judge *j, const struct vr_check *self, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What the state was concluded from; 'severity' replaces the table's for it. */
enum vr_state vr_conclude(struct vr_judge *j, enum vr_state state,
			  enum vr_severity severity, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The severity that a state has in the table. */
enum vr_severity vr_state_severity(enum vr_state state);
/* Both sides' shorthand. */
static inline bool vr_is_read(struct vr_val v)
{
	return v.have == VR_READ;
}

static inline bool vr_is_set(struct vr_val v)
{
	return v.have == VR_READ && v.v;
}

static inline bool vr_is_clear(struct vr_val v)
{
	return v.have == VR_READ && !v.v;
}

static inline bool vr_are_read(struct vr_val a, struct vr_val b)
{
	return vr_is_read(a) && vr_is_read(b);
}

/* From index b to index a, mod 2^16. */
static inline uint16_t vr_apart(struct vr_val a, struct vr_val b)
{
	return (uint16_t)(a.v - b.v);
}

/* Is the poll loop going to run?  SCHED is set as well in one that was never enabled
 * (interface down) or is not used (transmitting with napi_tx off); NPSVC tells. */
static inline bool vr_polls(const struct vr_napi *n)
{
	return vr_is_set(n->scheduled) && !vr_is_clear(n->enabled);
}

/* Is it known that no poll loop has the queue in hand?  Up to 4.12 transmitting had none. */
static inline bool vr_none_polls(const struct vr_napi *n)
{
	return (!n->addr && !n->lost) || (vr_is_read(n->scheduled) && !vr_polls(n));
}

/* May a thread of its owner's be about to kick, for all that is known? */
static inline bool vr_owner_may_run(const struct vr_vhost *v)
{
	return v->owner_runs || v->runs_lost;
}

/* check_host.c, of a vhost queue: is there work for its worker; does that one sleep,
 * with nothing to do as it thinks. */
bool vr_work_queued(const struct vr_hostq *q);
bool vr_worker_sleeps(const struct vr_hostq *q);
/* Nothing is on its way to the queue: its worker sleeps, no work is queued, and all of
 * that was read, as was used_flags. */
bool vr_host_at_rest(const struct vr_hostq *q);
/* With kicks off, may it wait for what is not seen, or was not read: zero copy under way,
 * an entry of the iotlb, answers to the guest of a vsock? */
bool vr_host_may_wait_unseen(const struct vr_hostq *q);
/* Was the task told to stand still, by a signal or a debugger? */
bool vr_task_is_stopped(const struct vr_task *t);
/* Who has to move next by its verdict, as far as the host's end knows. */
enum vr_where vr_host_at(const struct vr_hostq *q);
/* What may be under way in the driver, by the traces in the ring (check_ring.c). */
unsigned vr_under_way(const struct vr_device *d, const struct vr_queue *q);
/* check_guest.c, check_host.c: the state of a queue without breaches. */
void vr_judge_guest(struct vr_judge *j);
void vr_judge_host(struct vr_judge *j);
/* check_host.c: are the queue's buffers there for what may come, rather than work? */
bool vr_host_is_parked(const struct vr_hostq *q);
/* Packets that wait to go to the guest through this queue: in vhost, and in the tap. */
uint64_t vr_host_packets(const struct vr_hostq *q);

#endif
