// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compare_joint.c - where between the two ends of one queue something waits.  Differences
 * of indices are mod 2^16.
 */
#include <inttypes.h>

#include "check.h"
#include "compare.h"

#define USED_F_NO_NOTIFY	1u

static bool same16(struct vr_val a, struct vr_val b)
{
	return vr_are_read(a, b) && !vr_apart(a, b);
}

struct ends {
	struct vr_judge j;
	struct vr_pair *p;
	const struct vr_queue *q;
	const struct vr_hostq *h;
	uint64_t waiting;	/* packets for the guest, in vhost and the tap */
	bool sure;		/* one end alone says so */
};

static enum vr_state say(struct ends *e, enum vr_where where, enum vr_state state,
			 enum vr_severity severity, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Of two moments nothing can be wrong together: what the one end has not seen may not
 * have been there yet. */
static enum vr_state say(struct ends *e, enum vr_where where, enum vr_state state,
			 enum vr_severity severity, const char *format, ...)
{
	bool alarm = severity > VR_SEV_INFO && e->p->apart_in_time && !e->sure;
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	e->p->where = where;
	return vr_conclude(&e->j, state, alarm ? VR_SEV_INFO : severity, "%s%s", text,
			   alarm ? " (by two moments, so it may be motion)" : "");
}

/* Is there work for the device, by what the guest's end knows?  Buffers to receive into
 * are none. */
static bool is_outstanding(const struct ends *e)
{
	return e->q->verdict.severity > VR_SEV_INFO ||
	       (!vr_host_is_parked(e->h) && vr_is_set(e->q->counts.device_pending));
}

/* A guest that is paused has no backends, and a process that is stopped no workers: both
 * are how dumps are taken of a healthy pair. */
static void say_stopped(struct ends *e)
{
	const struct vr_verdict *g = &e->q->verdict;
	bool paused = vr_task_is_stopped(&e->h->vhost->owner) ||
		      vr_task_is_stopped(&e->h->worker);

	say(e, VR_AT_BACKEND, VR_ST_STOPPED, g->state != VR_ST_STOPPED && !paused &&
	    is_outstanding(e) ? VR_SEV_WARN : VR_SEV_INFO,
	    "the host's end is stopped%s, the guest's is %s",
	    paused ? ", as its owner is" : "", vr_state_name(g->state));
}

/* Either end alone may be sure already. */
static bool one_end_is_sure(struct ends *e)
{
	const struct vr_verdict *g = &e->q->verdict, *h = &e->h->verdict;

	e->sure = g->state == VR_ST_CORRUPT || g->state == VR_ST_BROKEN ||
		  h->state == VR_ST_CORRUPT || h->state == VR_ST_VHOST_ERROR;
	if (g->state == VR_ST_CORRUPT || g->state == VR_ST_BROKEN)
		say(e, g->state == VR_ST_CORRUPT ? VR_AT_RING : VR_AT_DRIVER, g->state,
		    VR_SEV_ERROR, "the guest's end is %s",
		    vr_state_name(g->state));
	else if (h->state == VR_ST_CORRUPT || h->state == VR_ST_VHOST_ERROR)
		say(e, h->state == VR_ST_CORRUPT ? VR_AT_RING : VR_AT_WORKER, h->state,
		    VR_SEV_ERROR, "the host's end is %s",
		    vr_state_name(h->state));
	else if (h->state == VR_ST_STOPPED)
		say_stopped(e);
	else if (g->state == VR_ST_STOPPED)
		say(e, VR_AT_DRIVER, VR_ST_STOPPED, VR_SEV_INFO, "the guest's end is stopped");
	else
		return false;
	return true;
}

/* Who has to move next by the guest's end. */
static enum vr_where guest_at(const struct vr_queue *q)
{
	switch (q->verdict.state) {
	case VR_ST_RX_STARVED:
	case VR_ST_TX_STOPPED:
		return VR_AT_DRIVER;
	case VR_ST_RING_FULL:
		return VR_AT_BACKEND;
	case VR_ST_NOT_CONSUMING:
		return VR_AT_KICK;
	case VR_ST_NOT_REAPING:
		return vr_is_set(q->napi.scheduled) ? VR_AT_NAPI : VR_AT_INTERRUPT;
	case VR_ST_LOST_INTERRUPT:
		return VR_AT_INTERRUPT;
	default:
		return VR_AT_NOBODY;
	}
}

/* What the two together do not explain stays what either end says of it, the worse one,
 * from this severity on. */
static bool one_end_says(struct ends *e, enum vr_severity least)
{
	const struct vr_verdict *g = &e->q->verdict, *h = &e->h->verdict;
	bool host = h->severity > g->severity ||
		    (h->severity == g->severity && h->state < g->state);
	const struct vr_verdict *worse = host ? h : g;

	if (worse->severity < least)
		return false;
	e->sure = true;		/* of its own moment */
	say(e, host ? vr_host_at(e->h) : guest_at(e->q), worse->state, worse->severity,
	    "the %s's end alone is %s", host ? "host" : "guest",
	    vr_state_name(worse->state));
	return true;
}

/* A kick or an interrupt that nobody has yet is on its way at times in any guest that
 * runs; one that rests has neither under way for long. */
static enum vr_severity in_time(const struct vr_hostq *h)
{
	return vr_owner_may_run(h->vhost) ? VR_SEV_INFO : VR_SEV_WARN;
}

static const char *on_its_way(const struct vr_hostq *h)
{
	return vr_task_is_stopped(&h->vhost->owner) ?
	       "held up, for the owner is stopped" : h->vhost->owner_runs ?
	       "on its way (the owner runs)" : h->vhost->runs_lost ?
	       "on its way (not all threads of the owner were read)" :
	       "this very moment on its way";
}

/* The same where vhost's work is queued, or its worker runs, or neither is known. */
static bool is_with_worker(struct ends *e, uint16_t left)
{
	const struct vr_hostq *h = e->h;
	bool sleeps = vr_worker_sleeps(h);

	if (!h->worker.addr || !vr_is_read(h->worker.state))
		say(e, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO,
		    "%u published and not taken, what the worker does was not read", left);
	else if (h->verdict.state == VR_ST_KICK_NOT_SERVED && !sleeps)
		say(e, VR_AT_WORKER, VR_ST_KICK_NOT_SERVED, h->verdict.severity,
		    "%u published and not taken, work is queued and the worker gets no CPU, or is blocked",
		    left);
	else if (vr_work_queued(h) || !sleeps)
		say(e, VR_AT_WORKER, sleeps ? VR_ST_KICK_NOT_SERVED : VR_ST_ACTIVE,
		    sleeps ? VR_SEV_WARN : VR_SEV_OK, "%u published and not taken, %s", left,
		    sleeps ? "work is queued and the worker sleeps" :
		    "the worker has it in hand");
	else if (!vr_host_at_rest(h))
		say(e, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO,
		    "%u published and not taken, whether vhost waits for a kick was not read",
		    left);
	else
		return false;
	return true;
}

/* Published, and not taken by vhost though it has reason to. */
static bool is_not_taken(struct ends *e)
{
	const struct vr_queue *q = e->q;
	const struct vr_hostq *h = e->h;
	uint16_t left = vr_apart(q->split.avail_idx, h->last_avail_idx);
	bool parked = vr_host_is_parked(h), tap = vr_is_set(h->backend_poll.wqh);

	if (!vr_are_read(q->split.avail_idx, h->last_avail_idx) || !left ||
	    (parked && !e->waiting))
		return false;
	if (is_with_worker(e, left))
		return true;
	if (h->used_flags.v & USED_F_NO_NOTIFY)
		say(e, VR_AT_BACKEND, VR_ST_NOT_CONSUMING,
		    vr_host_may_wait_unseen(h) || (h->vq && tap) ? VR_SEV_INFO : VR_SEV_WARN,
		    "%u published and not taken, vhost waits for %s", left,
		    tap ? "the tap" : vr_host_may_wait_unseen(h) ?
		    "its backend (zero copy, an IOMMU, or what was not read)" :
		    "nothing that is seen");
	else if (vr_is_set(q->num_added))
		say(e, VR_AT_DRIVER, VR_ST_ACTIVE, VR_SEV_OK,
		    "%u published and not taken, the driver is about to kick", left);
	else if (parked && same16(h->avail_idx, q->split.avail_idx))
		say(e, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_WARN,
		    "%" PRIu64 " packets wait, the %u buffers left are too few for the next",
		    e->waiting, left);
	else
		say(e, VR_AT_KICK, VR_ST_LOST_KICK, in_time(h),
		    "%u published and not taken, vhost waits for a kick, the driver has none to give: lost, or %s",
		    left, on_its_way(h));
	return true;
}

/* All that was posted is filled, returned and reaped, and vhost waits for more. */
static bool has_no_buffers(struct ends *e)
{
	const struct vr_queue *q = e->q;
	const struct vr_hostq *h = e->h;
	const struct vr_verdict *g = &q->verdict;
	bool soon = vr_owner_may_run(h->vhost) || vr_is_set(q->napi.scheduled);

	if (!e->waiting || !same16(q->split.avail_idx, h->last_avail_idx) ||
	    !same16(h->last_avail_idx, h->last_used_idx) || !vr_host_at_rest(h) ||
	    (h->used_flags.v & USED_F_NO_NOTIFY))
		return false;
	/* Where some are not reaped, that is the matter. */
	if (!vr_are_read(q->counts.device_pending, q->counts.driver_pending) ||
	    q->counts.device_pending.v || q->counts.driver_pending.v)
		return false;
	/* A driver at work may be about to; its own end knows better. */
	say(e, VR_AT_DRIVER, VR_ST_RX_STARVED, g->state == VR_ST_RX_STARVED ? g->severity :
	    soon ? VR_SEV_INFO : VR_SEV_WARN,
	    "%" PRIu64 " packets wait and the guest has posted no buffers", e->waiting);
	return true;
}

/* An interrupt is due, and NAPI is not scheduled: did vhost signal? */
static void say_not_heard(struct ends *e)
{
	const struct vr_queue *q = e->q;
	const struct vr_hostq *h = e->h;
	uint64_t n = q->counts.driver_pending.v;
	/* By flags vhost keeps no account: it signals whatever it returns. */
	bool flags = vr_is_read(h->acked_features) && !h->signal.event_idx;
	bool told = !flags && vr_is_set(h->signalled_used_valid) &&
		    same16(h->signalled_used, q->split.used_idx);
	bool sleeps = vr_worker_sleeps(h);
	char signalled[24], calls[24], how[64];

	vr_val_text(h->signalled_used, signalled);
	snprintf(how, sizeof(how), told ? "vhost has signalled used %s" :
		 "vhost signals what it returns", signalled);
	if (told || (flags && sleeps))
		say(e, VR_AT_INTERRUPT, VR_ST_LOST_INTERRUPT, sleeps ? in_time(h) :
		    VR_SEV_INFO,
		    "%" PRIu64 " returned and not reaped, %s, call count %s, callbacks are on%s: lost, or %s",
		    n, how, vr_val_text(h->call_count, calls),
		    q->napi.addr ? ", NAPI is not scheduled" : "", on_its_way(h));
	else if (flags)
		say(e, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO,
		    "%" PRIu64 " returned and not reaped, vhost's worker is about to signal, or to look for work",
		    n);
	else if (!vr_is_set(h->signalled_used_valid) || !vr_is_read(h->signalled_used))
		say(e, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO,
		    "%" PRIu64 " returned and not reaped, whether vhost has signalled is not known",
		    n);
	else
		say(e, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO,
		    "%" PRIu64 " returned and not reaped, vhost has not signalled yet (used %s)",
		    n, signalled);
}

/* Returned by vhost, and not reaped by the guest. */
static bool is_not_reaped(struct ends *e)
{
	const struct vr_queue *q = e->q;
	const struct vr_verdict *g = &q->verdict;
	bool polls = vr_polls(&q->napi);
	bool blocked = e->waiting && vr_is_read(q->counts.device_pending) &&
		       !q->counts.device_pending.v;

	if (!vr_is_set(q->counts.driver_pending) || !q->interrupt.known)
		return false;
	if (polls) {
		bool late = g->state == VR_ST_NOT_REAPING;

		say(e, VR_AT_NAPI, blocked || late ? VR_ST_NOT_REAPING : VR_ST_ACTIVE,
		    late ? g->severity : blocked ? VR_SEV_INFO : VR_SEV_OK,
		    "%" PRIu64 " returned and not reaped, NAPI is scheduled",
		    q->counts.driver_pending.v);
		return true;
	}
	if (!q->interrupt.due || vr_is_clear(q->callback))
		return false;
	if (!vr_none_polls(&q->napi))
		say(e, VR_AT_NAPI, VR_ST_NOT_REAPING, VR_SEV_INFO,
		    "%" PRIu64 " returned and not reaped, what NAPI does was not read",
		    q->counts.driver_pending.v);
	else
		say_not_heard(e);
	return true;
}

/* Taken by vhost, and not returned. */
static bool is_not_returned(struct ends *e)
{
	const struct vr_hostq *h = e->h;
	uint16_t held = vr_apart(h->last_avail_idx, h->last_used_idx);

	if (!h->vq || !vr_are_read(h->last_avail_idx, h->last_used_idx) || !held)
		return false;
	say(e, VR_AT_BACKEND, VR_ST_ACTIVE, VR_SEV_INFO,
	    "%u taken and not returned: with the tap (zero copy), in a batch, or left over from a restart",
	    held);
	return true;
}

/* Each word of the ring, which both ends know, or where the host's side of it is
 * missing, vhost's own idea of it. */
static void compare_moments(struct vr_pair *p)
{
	const struct vr_split *g = &p->q->split, *h = &p->h->ring;
	bool readable = p->h->why == VR_TR_OK && !p->h->zeros;
	struct vr_val used = readable ? h->used_idx : p->h->last_used_idx;

	p->moment_known = readable && vr_are_read(g->avail_idx, h->avail_idx);
	p->apart_in_time = (p->moment_known && vr_apart(g->avail_idx, h->avail_idx)) ||
			   (vr_are_read(g->used_idx, used) && vr_apart(g->used_idx, used));
	p->moment_known = p->moment_known || p->apart_in_time;
}

void vr_judge_pair(struct vr_ctx *c, struct vr_pair *p)
{
	struct ends e = { .j = { .c = c, .v = &p->joint }, .p = p, .q = p->q, .h = p->h,
			  .waiting = vr_host_packets(p->h) };

	compare_moments(p);
	if (one_end_is_sure(&e) || is_not_reaped(&e) || is_not_taken(&e) ||
	    has_no_buffers(&e) || one_end_says(&e, VR_SEV_WARN) || is_not_returned(&e) ||
	    one_end_says(&e, VR_SEV_INFO))
		return;
	if (e.waiting)
		say(&e, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_OK,
		    "both ends agree, %" PRIu64 " packets are on their way to the guest",
		    e.waiting);
	else
		say(&e, VR_AT_NOBODY, VR_ST_IDLE, VR_SEV_OK, "both ends agree, nothing waits");
}
