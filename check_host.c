// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_host.c - invariants and states of a vhost queue.  Differences of indices are
 * mod 2^16.
 *
 * Without the owner's memory (makedumpfile -d 31) there are only vhost's own indices;
 * what cannot be told then is said by name.
 */
#include <inttypes.h>

#include "check.h"

#define USED_F_NO_NOTIFY	1u
#define AVAIL_F_NO_INTERRUPT	1u
#define TASK_INTERRUPTIBLE	1u
#define TASK_STOPPED		0xcu	/* __TASK_STOPPED, __TASK_TRACED */
#define SCSI_VQ_EVENT		1u

/* The ring's words count only where they are in the dump, and are vhost's business
 * only while it has a backend. */
static bool has_ring(const struct vr_hostq *q)
{
	return q->why == VR_TR_OK && !q->zeros && q->ring.num &&
	       vr_is_read(q->ring.avail_idx) && vr_is_read(q->ring.used_idx);
}

static bool has_backend(const struct vr_hostq *q)
{
	return !vr_is_read(q->backend) || q->backend.v;
}

/* ---- invariants --------------------------------------------------------------------- */

static void check_taken(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_hostq *q = j->h;

	if (vr_is_read(q->num) && vr_is_read(q->last_avail_idx) &&
	    vr_is_read(q->last_used_idx) && q->num.v > 1 && has_backend(q) &&
	    vr_apart(q->last_avail_idx, q->last_used_idx) > q->num.v)
		vr_found(j, self, "last_avail_idx %" PRIu64 ", last_used_idx %" PRIu64
			 ": %u taken and not returned in a ring of %" PRIu64,
			 q->last_avail_idx.v, q->last_used_idx.v,
			 vr_apart(q->last_avail_idx, q->last_used_idx), q->num.v);
}

static void check_cached(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_hostq *q = j->h;

	if (vr_is_read(q->num) && vr_is_read(q->avail_idx) &&
	    vr_is_read(q->last_avail_idx) && q->num.v > 1 && has_backend(q) &&
	    vr_apart(q->avail_idx, q->last_avail_idx) > q->num.v)
		vr_found(j, self, "avail_idx %" PRIu64 ", last_avail_idx %" PRIu64
			 ": %u apart in a ring of %" PRIu64, q->avail_idx.v,
			 q->last_avail_idx.v, vr_apart(q->avail_idx, q->last_avail_idx),
			 q->num.v);
}

static void check_published(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_hostq *q = j->h;

	if (has_ring(q) && has_backend(q) && vr_is_read(q->last_avail_idx) &&
	    vr_apart(q->ring.avail_idx, q->last_avail_idx) > q->ring.num)
		vr_found(j, self, "avail->idx %" PRIu64 ", last_avail_idx %" PRIu64
			 ": %u apart in a ring of %" PRIu32, q->ring.avail_idx.v,
			 q->last_avail_idx.v,
			 vr_apart(q->ring.avail_idx, q->last_avail_idx), q->ring.num);
}

/* last_used_idx leads used->idx for a moment, by up to the ring's size. */
static void check_returned(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_hostq *q = j->h;

	if (has_ring(q) && has_backend(q) && vr_is_read(q->last_used_idx) &&
	    vr_apart(q->last_used_idx, q->ring.used_idx) > q->ring.num)
		vr_found(j, self, "used->idx %" PRIu64 " is %s last_used_idx %" PRIu64,
			 q->ring.used_idx.v,
			 vr_apart(q->last_used_idx, q->ring.used_idx) < 0x8000 ?
			 "more than the ring behind" : "ahead of", q->last_used_idx.v);
}

static void check_next_head(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_hostq *q = j->h;

	if (has_ring(q) && has_backend(q) && vr_is_read(q->next_head) &&
	    vr_is_read(q->last_avail_idx) &&
	    vr_apart(q->ring.avail_idx, q->last_avail_idx) &&
	    q->next_head.v >= q->ring.num)
		vr_found(j, self, "avail->ring[%" PRIu64 "], which vhost takes next, is %"
			 PRIu64 " in a ring of %" PRIu32,
			 q->last_avail_idx.v % q->ring.num, q->next_head.v,
			 q->ring.num);
}

const struct vr_check vr_host_checks[] = {
	{ "vhost-taken", VR_SEV_ERROR, 0,
	  "vhost holds no more buffers than the ring has slots", check_taken },
	{ "vhost-cached", VR_SEV_ERROR, 0,
	  "vhost's avail_idx is at most a ring ahead of last_avail_idx", check_cached },
	{ "vhost-published", VR_SEV_ERROR, 0,
	  "avail->idx is at most a ring ahead of last_avail_idx", check_published },
	{ "vhost-returned", VR_SEV_ERROR, 0,
	  "used->idx is not ahead of last_used_idx, and at most a ring behind",
	  check_returned },
	{ "vhost-head", VR_SEV_ERROR, 0,
	  "the head that vhost takes next is inside the ring", check_next_head },
	{ NULL, VR_SEV_OK, false, NULL, NULL },
};

/* ---- states --------------------------------------------------------------------------- */

static bool kicks_off(const struct vr_hostq *q)
{
	return q->used_flags.v & USED_F_NO_NOTIFY;
}

static bool is_queued(const struct vr_poll *p)
{
	return p->addr && vr_is_set(p->queued);
}

bool vr_work_queued(const struct vr_hostq *q)
{
	return is_queued(&q->kick_poll) || is_queued(&q->backend_poll);
}

/* Its loop has nothing to do.  It says so before it looks for work, so that one on
 * a CPU, or pushed off it just then, is no sleeper.  A wait inside of work is another
 * matter: for a lock, or for a page from the disk, it is uninterruptible; for a page that
 * a process brings (userfaultfd, as in a migration) it is not, since 5.7, but a queue
 * of this worker's is locked. */
bool vr_worker_sleeps(const struct vr_hostq *q)
{
	return q->worker.addr && vr_is_read(q->worker.state) &&
	       (q->worker.state.v & TASK_INTERRUPTIBLE) && !vr_is_set(q->locked) &&
	       !(q->vhost->locked_worker && q->worker.pid.v == q->vhost->locked_worker) &&
	       !vr_is_set(q->worker.on_cpu) && !vr_is_set(q->worker.on_rq);
}

static bool worker_runs(const struct vr_hostq *q)
{
	return q->worker.addr && vr_is_read(q->worker.state) &&
	       (!q->worker.state.v || vr_is_set(q->worker.on_rq));
}

bool vr_task_is_stopped(const struct vr_task *t)
{
	return t->addr && vr_is_read(t->state) && (t->state.v & TASK_STOPPED);
}

static bool queued_unread(const struct vr_poll *p)
{
	return p->addr && p->queued.have == VR_UNREAD;
}

bool vr_host_at_rest(const struct vr_hostq *q)
{
	return vr_worker_sleeps(q) && !vr_work_queued(q) && !queued_unread(&q->kick_poll) &&
	       !queued_unread(&q->backend_poll) && vr_is_read(q->used_flags);
}

bool vr_host_may_wait_unseen(const struct vr_hostq *q)
{
	const struct vr_vhost *v = q->vhost;
	bool copies = q->vq && (q->upend_idx.have == VR_UNREAD ||
				q->done_idx.have == VR_UNREAD ||
				q->upend_idx.v != q->done_idx.v);

	return v->kind != VR_VHOST_NET || copies || v->iotlb || v->iotlb_lost ||
	       !vr_is_read(q->backend_poll.wqh);
}

bool vr_host_is_parked(const struct vr_hostq *q)
{
	return q->vq == (q->vhost->kind == VR_VHOST_SCSI ? SCSI_VQ_EVENT : 0);
}

/* Packets that wait to go to the guest: in vhost, and in the tap. */
uint64_t vr_host_packets(const struct vr_hostq *q)
{
	uint64_t n = 0;

	if (q->vhost->kind != VR_VHOST_NET || q->vq)
		return 0;
	if (vr_is_read(q->rxq_head) && vr_is_read(q->rxq_tail) &&
	    q->rxq_tail.v > q->rxq_head.v)
		n += q->rxq_tail.v - q->rxq_head.v;
	if (vr_is_read(q->tx_ring_used))
		n += q->tx_ring_used.v;
	if (vr_is_read(q->sock_qlen))
		n += q->sock_qlen.v;
	return n;
}

/* What is published and vhost has not taken, by the ring; -1 without it. */
static int64_t backlog(const struct vr_hostq *q)
{
	return has_ring(q) && vr_is_read(q->last_avail_idx) ?
	       vr_apart(q->ring.avail_idx, q->last_avail_idx) : -1;
}

static bool is_stopped(struct vr_judge *j)
{
	const struct vr_hostq *q = j->h;
	const char *why = NULL;

	if (!has_backend(q))
		why = q->num.v > 1 ? "the backend is detached" :
				     "the queue was never set up";
	else if (vr_task_is_stopped(&q->worker))
		why = "the owner is stopped, and its vhost worker with it";
	if (why)
		vr_conclude(j, VR_ST_STOPPED, VR_SEV_INFO, "%s", why);
	return why != NULL;
}

/* Its own words say where vhost stands; the ring's are another matter. */
static bool is_unreadable(struct vr_judge *j)
{
	const struct vr_hostq *q = j->h;
	const struct { const char *name; struct vr_val v; } words[] = {
		{ "private_data", q->backend }, { "num", q->num },
		{ "last_avail_idx", q->last_avail_idx }, { "last_used_idx", q->last_used_idx },
		{ "used_flags", q->used_flags },
	};

	/* Without a backend the others decide nothing. */
	if (!has_backend(q))
		return false;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].v.have == VR_UNREAD) {
			vr_conclude(j, VR_ST_UNREADABLE, VR_SEV_WARN,
				    "%s could not be read", words[i].name);
			return true;
		}
	return false;
}

/*
 * There is no error flag.  vhost leaves kicks off and goes to sleep without having
 * queued or waiting for anything; a healthy queue never does that.
 */
static bool stopped_on_error(struct vr_judge *j)
{
	const struct vr_hostq *q = j->h;
	char errors[24];

	if (!vr_host_at_rest(q) || !kicks_off(q) || vr_host_may_wait_unseen(q) ||
	    q->backend_poll.wqh.v)
		return false;
	vr_conclude(j, VR_ST_VHOST_ERROR, VR_SEV_ERROR,
		    "kicks are off, no work is queued, the worker sleeps and waits for neither kick nor tap; last_avail_idx %"
		    PRIu64 ", error count %s", q->last_avail_idx.v,
		    vr_val_text(q->error_count, errors));
	return true;
}

static bool kick_is_lost(struct vr_judge *j)
{
	const struct vr_hostq *q = j->h;
	uint64_t waiting = vr_host_packets(q);
	char kicks[24];

	if (!vr_host_at_rest(q) || kicks_off(q) || backlog(q) <= 0)
		return false;
	/* Receiving, buffers may lie there untaken while nothing comes; and vhost
	 * knows of those that are too few for a packet. */
	if (vr_host_is_parked(q) && (!waiting || !vr_is_read(q->avail_idx) ||
			     vr_apart(q->ring.avail_idx, q->avail_idx) == 0))
		return false;
	/* Between publishing and kicking its owner runs. */
	vr_conclude(j, VR_ST_LOST_KICK, vr_owner_may_run(q->vhost) ? VR_SEV_INFO :
		    VR_SEV_WARN,
		    "%" PRId64 " published and not taken (avail->idx %" PRIu64
		    ", last_avail_idx %" PRIu64 "), vhost waits for a kick and has none queued, kick count %s%s",
		    backlog(q), q->ring.avail_idx.v, q->last_avail_idx.v,
		    vr_val_text(q->kick_count, kicks), q->vhost->owner_runs ?
		    ": lost, or on its way (the owner runs)" : q->vhost->runs_lost ?
		    ": lost, or on its way (not all threads of the owner were read)" : "");
	return true;
}

static bool is_not_served(struct vr_judge *j)
{
	const struct vr_hostq *q = j->h;
	const char *what = is_queued(&q->kick_poll) ? "kick" : "tap";
	bool off_cpu = vr_is_clear(q->worker.on_cpu);
	char pid[24];

	vr_val_text(q->worker.pid, pid);
	if (!vr_work_queued(q))
		return false;
	if (vr_worker_sleeps(q))
		vr_conclude(j, VR_ST_KICK_NOT_SERVED, VR_SEV_WARN,
			    "%s work is queued and worker %s sleeps (state 0x%" PRIx64 ")",
			    what, pid, q->worker.state.v);
	else if (worker_runs(q) && off_cpu)
		vr_conclude(j, VR_ST_KICK_NOT_SERVED, VR_SEV_INFO,
			    "%s work is queued and worker %s waits for a CPU: a busy moment, or starved",
			    what, pid);
	else if (q->worker.addr && off_cpu && vr_is_read(q->worker.state))
		vr_conclude(j, VR_ST_KICK_NOT_SERVED, VR_SEV_INFO,
			    "%s work is queued and worker %s is blocked in its work (state 0x%"
			    PRIx64 "): a lock or a page, for a moment or for good",
			    what, pid, q->worker.state.v);
	else
		return false;
	return true;
}

/*
 * Who in the guest has to move, receiving: a driver that has reaped everything asks for
 * the next interrupt at used->idx; while it polls, its event stays behind (since 5.15 it
 * is 0 then).
 */
static enum vr_where guest_is_at(const struct vr_hostq *q)
{
	uint16_t behind = vr_apart(q->ring.used_idx, q->ring.used_event);

	if (!has_ring(q) || !q->signal.known)
		return VR_AT_DRIVER;
	if (!q->signal.event_idx)
		return q->ring.avail_flags.v & AVAIL_F_NO_INTERRUPT ? VR_AT_NAPI :
								      VR_AT_DRIVER;
	if (!behind)
		return VR_AT_DRIVER;
	if (behind > q->ring.num)
		return VR_AT_NAPI;
	return vr_apart(q->signalled_used, q->ring.used_idx) ? VR_AT_WORKER :
							    VR_AT_INTERRUPT;
}

static bool is_starved(struct vr_judge *j)
{
	const struct vr_hostq *q = j->h;
	uint64_t waiting = vr_host_packets(q);
	enum vr_where at = guest_is_at(q);
	bool few = vr_apart(q->avail_idx, q->last_avail_idx) && vr_is_read(q->avail_idx);
	/* A guest at work may be about to post some; only the ring would tell that it has
	 * reaped all there is. */
	bool soon = vr_owner_may_run(q->vhost) && (at != VR_AT_DRIVER || !has_ring(q));
	char copy[24];

	if (!waiting || !vr_host_at_rest(q) || kicks_off(q))
		return false;
	vr_conclude(j, VR_ST_RX_STARVED, soon ? VR_SEV_INFO : VR_SEV_WARN,
		    "%" PRIu64 " packets wait and %s: avail_idx %s, last_avail_idx %" PRIu64
		    "%s%s", waiting, has_ring(q) ? "the guest posts no buffers" :
		    "vhost knows of no buffers", vr_val_text(q->avail_idx, copy),
		    q->last_avail_idx.v, few ?
		    " (those left are too few for the next packet)" : "", !has_ring(q) ?
		    "; the guest posts none, or its kick is lost or on its way" :
		    at == VR_AT_DRIVER ? "" : soon ?
		    "; it has not reaped all yet, and its owner may run" :
		    "; it has not asked for an interrupt since what was returned last");
	return true;
}

enum vr_where vr_host_at(const struct vr_hostq *q)
{
	switch (q->verdict.state) {
	case VR_ST_LOST_KICK:
		return VR_AT_KICK;
	case VR_ST_RX_STARVED:
		return guest_is_at(q);
	case VR_ST_KICK_NOT_SERVED:
	case VR_ST_VHOST_ERROR:
		return VR_AT_WORKER;
	case VR_ST_STOPPED:
		return has_backend(q) ? VR_AT_WORKER : VR_AT_BACKEND;
	case VR_ST_ACTIVE:
		return vr_work_queued(q) || worker_runs(q) || !vr_is_set(q->backend_poll.wqh) ?
			VR_AT_WORKER : VR_AT_BACKEND;
	case VR_ST_CORRUPT:
		return VR_AT_RING;
	default:
		return VR_AT_NOBODY;
	}
}

/* What would have to be known, and why it is not. */
static void say_undecidable(struct vr_judge *j)
{
	static const struct vr_check undecidable = { .name = "undecidable",
		.severity = VR_SEV_INFO };
	const struct vr_hostq *q = j->h;

	if (!has_backend(q))
		return;
	if (queued_unread(&q->kick_poll) || queued_unread(&q->backend_poll))
		vr_found(j, &undecidable, "without knowing whether work is queued: vhost-stopped-on-error, lost-kick, kick-not-served");
	if (has_ring(q))
		return;
	vr_found(j, &undecidable, "%s: lost-kick, and corrupt where the ring shows it",
		 q->zeros || q->why == VR_TR_NO_PAGE ? "without user pages" :
		 vr_hostq_bad_num(q) ? "with a size that no ring has" :
		 "without the ring's words");
}

/* Transmitting it waits for the tap, as it seems: up to 4.14 it stays on the tap's wait
 * queue for good. */
static bool may_have_stopped(const struct vr_hostq *q)
{
	return q->vhost->kind == VR_VHOST_NET && q->vq && vr_host_at_rest(q) && kicks_off(q) &&
	       vr_is_set(q->backend_poll.wqh) && vr_is_set(q->error_count);
}

void vr_judge_host(struct vr_judge *j)
{
	const struct vr_hostq *q = j->h;
	int64_t left = backlog(q);
	uint64_t waiting = vr_host_packets(q);

	if (is_unreadable(j) || is_stopped(j) || stopped_on_error(j) || kick_is_lost(j) ||
	    is_not_served(j))
		return;
	if (is_starved(j)) {
		say_undecidable(j);
		return;
	}
	if (may_have_stopped(q) && left > 0)
		vr_conclude(j, VR_ST_ACTIVE, VR_SEV_INFO,
			    "%" PRId64 " published and not taken, and the worker sleeps: it waits for room in the tap, or has stopped on an error, which up to 4.14 looks the same (error count %"
			    PRIu64 ")", left, q->error_count.v);
	else if (vr_work_queued(q) || waiting || (!vr_host_is_parked(q) && left > 0) ||
		 worker_runs(q))
		vr_conclude(j, VR_ST_ACTIVE, VR_SEV_OK,
			    "%s%s%" PRIu64 " packets wait for the guest",
			    vr_work_queued(q) ? "work is queued, " : "",
			    worker_runs(q) ? "the worker runs, " : "", waiting);
	else
		vr_conclude(j, VR_ST_IDLE, VR_SEV_OK, "%s", kicks_off(q) ?
			    "waits for the tap" : "waits for a kick");
	say_undecidable(j);
}
