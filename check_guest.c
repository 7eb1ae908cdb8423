// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_guest.c - the state of a guest's queue whose ring is sound: who has to move
 * next, and whether anything shows that he does not.
 *
 * One dump is one instant.  What a healthy system also looks like for a moment is
 * called info; it becomes a warning when it blocks progress, and has for a while.
 */
#include <inttypes.h>
#include <string.h>

#include "check.h"
#include "render.h"

/* Where the kernel's own number is not known. */
#define MAX_SKB_FRAGS	17u

#define NAPI_BUDGET	64u
/* Features: receive buffers are merged; packets may come that were joined. */
#define MERGED		(1u << 15)
#define COALESCED	(0xfu << 7)
#define TXQ_DRV_XOFF	1u	/* netdev_queue.state */
#define TXQ_STACK_XOFF	2u

/* Is the transmit queue stopped, by the driver or by byte queue limits? */
static bool xoff(const struct vr_queue *q)
{
	return q->dir == VR_TX && q->txq.state.have == VR_READ &&
	       (q->txq.state.v & (TXQ_DRV_XOFF | TXQ_STACK_XOFF));
}

/* ---- before the ring is looked at ---------------------------------------------------- */

static bool is_unreadable(struct vr_judge *j)
{
	const struct vr_queue *q = j->q;
	const char *what = NULL;

	if (q->failed)
		what = "the queue could not be read";
	else if (!q->num)
		what = "the ring's size could not be read";
	else if (!vr_is_read(q->counts.in_flight) ||
		 !vr_is_read(q->counts.device_pending))
		what = "an index could not be read";
	else if (xoff(q) && !vr_is_read(q->num_free))
		what = "the queue is stopped, and num_free could not be read";
	if (what)
		vr_conclude(j, VR_ST_UNREADABLE, VR_SEV_WARN, "%s; see the errors", what);
	return what != NULL;
}

/* Hardened kernels create queues broken, mend them with DRIVER_OK, and break one that is
 * being reset; since 6.15, and backports, a shutdown breaks those of all devices. */
static bool is_broken(struct vr_judge *j)
{
	if (!vr_is_set(j->q->broken))
		return false;
	if (vr_is_clear(j->d->enabled))
		vr_conclude(j, VR_ST_STOPPED, VR_SEV_INFO,
			    "broken is set, and the device is not enabled (before DRIVER_OK, or being reset)");
	else if (vr_is_set(j->q->reset))
		vr_conclude(j, VR_ST_STOPPED, VR_SEV_INFO,
			    "broken is set, and the queue is being reset");
	else if (vr_is_set(j->d->shutdown))
		vr_conclude(j, VR_ST_STOPPED, VR_SEV_INFO,
			    "broken is set, as a shutdown or reboot does, which is under way");
	else
		vr_conclude(j, VR_ST_BROKEN, VR_SEV_ERROR,
			    "broken is set: the driver met nonsense in the ring, or the device is gone");
	return true;
}

/* Its buffers are taken back.  A get looks like that, too, for a moment in which nothing
 * else need tell that the queue is out of work (up to 3.17). */
static bool is_taken_back(const struct vr_judge *j)
{
	const struct vr_device *d = j->d;

	return (j->under_way & VR_IN_DETACH) &&
	       (!(j->under_way & VR_IN_GET) || vr_is_set(j->q->broken) ||
		vr_is_set(j->q->reset) || vr_is_clear(d->enabled) || vr_is_clear(d->up));
}

static bool is_stopped(struct vr_judge *j)
{
	const struct vr_device *d = j->d;
	const struct vr_queue *q = j->q;
	const char *why = NULL;

	if (vr_is_set(d->failed))
		why = "the device failed to probe (virtio_device.failed)";
	else if (vr_is_clear(d->enabled))
		why = "the device is not enabled (before DRIVER_OK, or being reset)";
	else if (is_taken_back(j))
		why = "the queue was reset, its buffers are taken back";
	else if (vr_is_set(q->reset))
		why = "the queue is being reset (to be resized, or for AF_XDP)";
	else if (q->dir == VR_CTRL)
		return false;
	else if (!q->in_use)
		why = "the pair is not in use (at or above curr_queue_pairs)";
	else if (vr_is_clear(d->up))
		why = "the interface is down";
	else if (vr_is_clear(d->carrier) || vr_is_clear(d->link))
		why = "the link is down";
	if (why)
		vr_conclude(j, VR_ST_STOPPED, VR_SEV_INFO, "%s", why);
	return why != NULL;
}

/* Does the poll loop run, or could it, for all that is known?  One turns callbacks off. */
static bool may_poll(const struct vr_queue *q)
{
	return vr_polls(&q->napi) || (!vr_is_read(q->napi.scheduled) && q->interrupt.known &&
			    q->interrupt.suppressed);
}

/* ---- what the ring says ----------------------------------------------------------------- */

/* The interrupt for what was returned is due, and NAPI knows nothing of it. */
static bool is_unheard(const struct vr_queue *q)
{
	return q->interrupt.known && q->interrupt.due && !vr_is_clear(q->callback) &&
	       !vr_polls(&q->napi);
}

/* Would it have heard?  A CPU that has nothing to do takes an interrupt at once; one
 * that works may have it before it, and after a panic nobody takes any while the
 * device goes on. */
static bool would_hear(const struct vr_queue *q)
{
	return vr_is_set(q->irq.idle) && !vr_is_set(q->irq.panicked);
}

/* Is it known that the transmit queue has been stopped for longer than a busy moment? */
static bool is_stuck(const struct vr_txq *t)
{
	return t->age_ms.have == VR_READ && t->age_ms.v >= VR_PATIENCE_MS;
}

static const char *napi_words(const struct vr_queue *q)
{
	if (!q->napi.addr || q->napi.scheduled.have != VR_READ)
		return "";
	if (vr_is_clear(q->napi.enabled))
		return ", NAPI is not enabled";
	return q->napi.scheduled.v ? ", NAPI is scheduled" : ", NAPI is not scheduled";
}

static void lost_interrupt(struct vr_judge *j, const char *blocked)
{
	const struct vr_queue *q = j->q;

	vr_conclude(j, VR_ST_LOST_INTERRUPT, VR_SEV_WARN,
		    "%" PRIu64 " returned and not reaped, callbacks on, the interrupt was due%s%s, and %s",
		    q->counts.driver_pending.v, napi_words(q),
		    would_hear(q) ? ", its CPU is idle" : "", blocked);
}

static void not_reaping(struct vr_judge *j, const char *blocked)
{
	const struct vr_queue *q = j->q;

	vr_conclude(j, VR_ST_NOT_REAPING, VR_SEV_INFO,
		    "%" PRIu64 " returned and not reaped, the interrupt was due%s%s: %s",
		    q->counts.driver_pending.v, napi_words(q), blocked,
		    vr_is_set(q->irq.panicked) ?
		    "the kernel has panicked, nobody listens any more" :
		    "on its way, or lost (a second look or the host's dump tells)");
}

/* NAPI has it in hand: a busy moment, or softirqs that are starved. */
static void reaping(struct vr_judge *j, enum vr_severity severity, const char *blocked)
{
	const struct vr_queue *q = j->q;

	vr_conclude(j, VR_ST_NOT_REAPING, severity,
		    "%" PRIu64 " returned and not reaped%s, and %s",
		    q->counts.driver_pending.v, vr_polls(&q->napi) ? ", NAPI is scheduled" :
		    ", callbacks are off", blocked);
}

/* Callbacks are off, and a timer will poll (napi_defer_hard_irqs, 5.8). */
static bool is_deferred(const struct vr_queue *q)
{
	return q->interrupt.known && q->interrupt.suppressed &&
	       (q->napi.deferred.v || q->napi.deferred.have == VR_UNREAD);
}

/* Descriptors of a receive buffer: one for packets of any size, which are merged, are
 * small, or have a table of their own; else a page each, behind the header. */
static uint32_t buffer_slots(const struct vr_judge *j)
{
	struct vr_val frags = j->d->max_frags, features = j->d->features;

	if (!vr_is_read(features) || (features.v & MERGED) || !(features.v & COALESCED) ||
	    !vr_is_clear(j->q->indirect))
		return 1;
	return 2 + (vr_is_read(frags) && frags.v < j->q->num ? (uint32_t)frags.v :
							       MAX_SKB_FRAGS);
}

/* A pair that is not in use has no buffers; the first one always is. */
static bool may_be_unused(const struct vr_judge *j)
{
	const struct vr_queue *q = j->q;

	return j->d->curr_pairs.have == VR_UNREAD && q->pair > 0 &&
	       !q->counts.in_flight.v && vr_is_read(q->num_free) &&
	       q->num_free.v == q->num;
}

/*
 * One poll reaps up to its budget of 64 and refills, up to 4.19 only when more than half
 * of the ring is free: nothing left to reap and nothing with the device is no moment of
 * that in a ring that holds more than twice as many buffers.
 */
static bool receive_is_starved(struct vr_judge *j)
{
	const struct vr_queue *q = j->q;
	bool moment = vr_polls(&q->napi) && q->num / buffer_slots(j) <= 2 * NAPI_BUDGET;
	/* All that the ring has room for, and no more than comes in at once. */
	bool few = q->counts.in_flight.v <= NAPI_BUDGET && q->num_free.v < q->num / 2;
	char num_free[24];

	if (q->counts.device_pending.v)
		return false;
	if (is_unheard(q) && would_hear(q) && vr_none_polls(&q->napi) && !few)
		lost_interrupt(j, "no buffer is left with the device");
	else if (is_unheard(q))
		not_reaping(j, ", no buffer is left with the device");
	else if (q->counts.driver_pending.v && (may_poll(q) || is_deferred(q)))
		reaping(j, VR_SEV_INFO,
			"no buffer is left with the device: overload, or softirqs are starved");
	else
		vr_conclude(j, VR_ST_RX_STARVED, moment || may_be_unused(j) ?
			    VR_SEV_INFO : VR_SEV_WARN,
			    "no buffer is left with the device, num_free %s of %" PRIu32 "%s%s%s",
			    vr_val_text(q->num_free, num_free), q->num, napi_words(q),
			    vr_is_set(j->d->refill_pending) ? ", refill work is pending" : "",
			    may_be_unused(j) ?
			    "; whether the pair is in use was not read" : "");
	return true;
}

/* virtio_net stops a queue that could not take another packet: its header, its head
 * and each fragment have a descriptor. */
static bool takes_no_packet(const struct vr_judge *j)
{
	struct vr_val frags = j->d->max_frags;

	return vr_is_read(j->q->num_free) &&
	       j->q->num_free.v < 2 + (vr_is_read(frags) ? frags.v : MAX_SKB_FRAGS);
}

static bool transmit_is_stopped(struct vr_judge *j)
{
	const struct vr_queue *q = j->q;
	/* Delayed callbacks leave some unreaped: the next interrupt is not due. */
	bool full = takes_no_packet(j) && !q->interrupt.due;
	bool stuck = is_stuck(&q->txq);
	char age[48] = "for an unknown time";

	if (!xoff(q))
		return false;
	if (vr_is_read(q->txq.age_ms))
		snprintf(age, sizeof(age), "for %" PRIu64 " ms", q->txq.age_ms.v);
	if (stuck && is_unheard(q) && vr_none_polls(&q->napi) && !vr_is_set(q->irq.panicked)) {
		lost_interrupt(j, "the transmit queue is stopped");
	} else if (stuck && q->counts.driver_pending.v && vr_polls(&q->napi)) {
		reaping(j, VR_SEV_WARN,
			"the transmit queue is stopped: softirqs are starved");
	} else {
		vr_conclude(j, full && (q->txq.state.v & TXQ_DRV_XOFF) ?
			    VR_ST_RING_FULL : VR_ST_TX_STOPPED,
			    stuck ? VR_SEV_WARN : VR_SEV_INFO,
			    "stopped by %s %s, num_free %" PRIu64 " of %" PRIu32
			    ", the device holds %" PRIu64 "%s",
			    q->txq.state.v & TXQ_DRV_XOFF ? "the driver" :
			    "byte queue limits", age, q->num_free.v, q->num,
			    q->counts.device_pending.v,
			    stuck ? "" : ": can be a busy moment");
	}
	return true;
}

/* Everything the ring has room for is with the device.  (A network driver stops before
 * that: ring-full.) */
static bool is_full(const struct vr_queue *q)
{
	return q->dir != VR_TX && q->counts.device_pending.v && vr_is_clear(q->counts.driver_pending) &&
	       (q->counts.device_pending.v == q->num || vr_is_clear(q->num_free));
}

/* Entries that the device has not seen: it waits for a kick at an index behind
 * avail->idx, so that one was due. */
static bool is_not_seen(const struct vr_queue *q)
{
	const struct vr_split *s = &q->split;

	if (!q->counts.device_pending.v || !q->kick.known || q->kick.suppressed)
		return false;
	if (!q->kick.event_idx)
		return true;
	if (q->packed)	/* in a full ring the same slot is a round apart */
		return vr_packed_steps(q->num, (uint32_t)q->kick.event.v,
				       q->pk.device.off_wrap.v >> 15 & 1,
				       (uint32_t)q->pk.next_avail_idx.v,
				       q->pk.avail_wrap_counter.v) != 0;
	return vr_event_passed((uint16_t)s->avail_event.v, (uint16_t)s->avail_idx.v,
			       (uint16_t)s->used_idx.v);
}

/* For how long is not known: trans_start is written behind the kick, and until then is
 * that of the packet before. */
static void not_consuming(struct vr_judge *j)
{
	const struct vr_queue *q = j->q;
	bool unseen = is_not_seen(q);

	vr_conclude(j, VR_ST_NOT_CONSUMING, VR_SEV_INFO,
		    "%" PRIu64 " published and not returned, %s%s%s",
		    q->counts.device_pending.v, unseen ?
		    "the device waits for a kick that was due" : "the ring is full",
		    q->num_added.v ? " (not announced yet)" : "",
		    q->dir == VR_CTRL ? "; a sender waits for the answer" :
		    unseen ? ": lost, or a slow device (the host's dump tells)" :
		    ": a slow device, or a busy moment");
}

/* Buffers that lie with the device until something comes in. */
static bool is_parked(const struct vr_queue *q)
{
	return q->dir == VR_RX || q->parked;
}

void vr_judge_guest(struct vr_judge *j)
{
	const struct vr_queue *q = j->q;

	if (is_unreadable(j) || is_broken(j) || is_stopped(j))
		return;
	/* Live, the words were read one after the other. */
	if (j->moving && (q->counts.device_pending.v > q->num ||
			  q->counts.driver_pending.v > q->num)) {
		vr_conclude(j, VR_ST_ACTIVE, VR_SEV_OK, "it moved while it was read");
		return;
	}
	if (q->dir == VR_RX && receive_is_starved(j))
		return;
	if (q->dir == VR_TX && transmit_is_stopped(j))
		return;
	if (!is_parked(q) && (is_not_seen(q) || is_full(q))) {
		not_consuming(j);
	} else if (is_unheard(q)) {
		not_reaping(j, "");
	} else if (is_parked(q) ? q->counts.driver_pending.v :
					q->counts.device_pending.v) {
		vr_conclude(j, VR_ST_ACTIVE, VR_SEV_OK, "%" PRIu64
			    " with the device, %" PRIu64 " to be reaped",
			    q->counts.device_pending.v, q->counts.driver_pending.v);
	} else {
		vr_conclude(j, VR_ST_IDLE, VR_SEV_OK, "%" PRIu64 " %s",
			    q->counts.device_pending.v, is_parked(q) ?
			    "buffers wait with the device" : "outstanding");
	}
}
