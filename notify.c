// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * notify.c - the notification decisions, replayed as the driver and the device
 * make them (virtio 1.2, 2.7.7 and 2.7.10).  Pure functions of a snapshot.
 */
#include <inttypes.h>

#include "vring.h"

#define NO_INTERRUPT	1u	/* avail->flags and its shadow */
#define NO_NOTIFY	1u	/* used->flags */

static bool read(struct vr_val v)
{
	return v.have == VR_READ;
}

/*
 * Guest to host.  'due' is what the driver would decide for the entries that it
 * has added and not announced; 'suppressed' is whether the device waits for a
 * kick at all.  A device that polls leaves avail_event behind, by any distance.
 */
static struct vr_notify kick(const struct vr_queue *q)
{
	const struct vr_split *s = &q->split;
	struct vr_notify n = { .event_idx = q->event.v != 0 };
	uint16_t a = (uint16_t)s->avail_idx.v, u = (uint16_t)s->used_idx.v;
	uint16_t added = (uint16_t)q->num_added.v;

	n.known = read(q->event) && read(s->avail_idx) && read(q->num_added) &&
		  (n.event_idx ? read(s->avail_event) && read(s->used_idx) :
				 read(s->used_flags));
	if (!n.known)
		return n;
	if (n.event_idx) {
		uint16_t event = (uint16_t)s->avail_event.v;

		n.event = s->avail_event;
		n.suppressed = (uint16_t)(event - u) > (uint16_t)(a - u);
		n.due = added && vr_event_passed(event, a, (uint16_t)(a - added));
	} else {
		n.suppressed = s->used_flags.v & NO_NOTIFY;
		n.due = added && !n.suppressed;
	}
	return n;
}

/*
 * Host to guest, as the guest sees it: old is last_used_idx.  Whether the driver
 * wants interrupts is the shadow's flag in both modes; with event indices, newer
 * drivers do not copy it to the ring, and used_event says nothing while it is
 * set.  Kernels without the shadow write the ring's flag in both modes.
 */
static struct vr_notify interrupt(const struct vr_queue *q)
{
	const struct vr_split *s = &q->split;
	struct vr_notify n = { .event_idx = q->event.v != 0 };
	struct vr_val flags = q->avail_flags_shadow.have == VR_ABSENT ?
			      s->avail_flags : q->avail_flags_shadow;
	uint16_t u = (uint16_t)s->used_idx.v, l = (uint16_t)q->last_used_idx.v;

	n.known = read(q->event) && read(flags) && read(s->used_idx) &&
		  read(q->last_used_idx) && (!n.event_idx || read(s->used_event));
	if (!n.known)
		return n;
	n.suppressed = flags.v & NO_INTERRUPT;
	if (n.event_idx)
		n.event = s->used_event;
	n.due = !n.suppressed && u != l &&
		(!n.event_idx ||
		 vr_event_passed((uint16_t)s->used_event.v, u, l));
	return n;
}

/*
 * The same for a packed ring (2.8.10): each side's event area says whether it wants
 * to hear at all, and perhaps from which position on.  Positions are compared by
 * the steps between them; a slot that the ring does not have is never come to.
 */
static bool event_in_ring(const struct vr_queue *q, struct vr_val off_wrap)
{
	return (off_wrap.v & 0x7fff) < q->num;
}

static uint32_t steps_to_event(const struct vr_queue *q, struct vr_val slot,
			       struct vr_val wrap, struct vr_val off_wrap)
{
	return vr_packed_steps(q->num, (uint32_t)slot.v, wrap.v,
			       off_wrap.v & 0x7fff, off_wrap.v >> 15 & 1);
}

/* As in a split ring, 'due' does not ask how far the device has come. */
static void kick_by_event(struct vr_notify *n, const struct vr_queue *q)
{
	const struct vr_packed *p = &q->pk;
	struct vr_val event = p->device.off_wrap;
	uint32_t behind, ahead, held;

	n->event = event;
	n->event.v &= 0x7fff;
	n->due = false;
	n->suppressed = true;
	if (!event_in_ring(q, event))
		return;
	behind = vr_packed_steps(q->num, (uint32_t)n->event.v, event.v >> 15 & 1,
				 (uint32_t)p->next_avail_idx.v,
				 p->avail_wrap_counter.v);
	ahead = steps_to_event(q, p->device_idx, p->device_wrap_counter, event);
	held = vr_packed_steps(q->num, (uint32_t)p->device_idx.v,
			       p->device_wrap_counter.v,
			       (uint32_t)p->next_avail_idx.v,
			       p->avail_wrap_counter.v);
	n->due = behind && behind <= q->num_added.v;
	n->suppressed = ahead > held;
}

static struct vr_notify packed_kick(const struct vr_queue *q)
{
	const struct vr_packed *p = &q->pk;
	struct vr_notify n = { .event_idx = p->device.flags.v == VR_EVENT_DESC };

	n.known = read(p->device.flags) && read(q->num_added) &&
		  (!n.event_idx || (read(p->device.off_wrap) &&
				    read(p->device_idx)));
	if (!n.known)
		return n;
	n.suppressed = p->device.flags.v == VR_EVENT_DISABLE;
	n.due = q->num_added.v && !n.suppressed;
	if (n.event_idx)
		kick_by_event(&n, q);
	return n;
}

static struct vr_notify packed_interrupt(const struct vr_queue *q)
{
	const struct vr_packed *p = &q->pk;
	struct vr_notify n = { .event_idx =
			       p->event_flags_shadow.v == VR_EVENT_DESC };
	uint32_t returned;

	n.known = read(p->event_flags_shadow) && read(p->device_idx) &&
		  (!n.event_idx || read(p->driver.off_wrap));
	if (!n.known)
		return n;
	n.suppressed = p->event_flags_shadow.v == VR_EVENT_DISABLE;
	n.due = !n.suppressed && q->counts.driver_pending.v;
	if (!n.event_idx)
		return n;
	n.event = p->driver.off_wrap;
	n.event.v &= 0x7fff;
	returned = vr_packed_steps(q->num, (uint32_t)p->last_used_idx.v,
				   p->used_wrap_counter.v,
				   (uint32_t)p->device_idx.v,
				   p->device_wrap_counter.v);
	n.due = n.due && event_in_ring(q, p->driver.off_wrap) &&
		steps_to_event(q, p->last_used_idx, p->used_wrap_counter,
			       p->driver.off_wrap) < returned;
	return n;
}

void vr_notify_replay(struct vr_queue *q)
{
	q->kick = q->packed ? packed_kick(q) : kick(q);
	q->interrupt = q->packed ? packed_interrupt(q) : interrupt(q);
}

void vr_kick_text(char *buf, size_t size, const struct vr_queue *q)
{
	const struct vr_notify *n = &q->kick;
	const char *event = q->packed ? "its event position" : "avail_event";

	if (!n->known)
		snprintf(buf, size, "cannot be told: a word that decides it was not read");
	else if (n->due)
		snprintf(buf, size, "due for the %" PRIu64 " entries added and not announced",
			 q->num_added.v);
	else if (q->num_added.v && n->event_idx)
		snprintf(buf, size, "not due: the %" PRIu64 " entries added do not pass %s",
			 q->num_added.v, event);
	else if (n->suppressed)
		snprintf(buf, size, "suppressed: the device polls (%s%s)",
			 n->event_idx ? event : q->packed ? "flags" : "NO_NOTIFY",
			 n->event_idx ? " is behind" : "");
	else
		snprintf(buf, size, "armed: the device waits for one");
}

void vr_interrupt_text(char *buf, size_t size, const struct vr_queue *q)
{
	const struct vr_notify *n = &q->interrupt;
	const char *event = q->packed ? "the driver's event position" : "used_event";

	if (!n->known)
		snprintf(buf, size, "cannot be told: a word that decides it was not read");
	else if (n->suppressed)
		snprintf(buf, size, "suppressed: callbacks off");
	else if (n->due)
		snprintf(buf, size, "due: %s passed %s", q->packed ?
			 "the device has" : "used->idx has",
			 n->event_idx ? event : "last_used_idx");
	else if (q->counts.driver_pending.v)
		snprintf(buf, size, "not due: %s not passed %s", q->packed ?
			 "the device has" : "used->idx has", event);
	else
		snprintf(buf, size, "armed: the driver waits for one");
}

/* ---- the host's side ------------------------------------------------------------------- */

#define F_NOTIFY_ON_EMPTY	24
#define F_EVENT_IDX		29

/* A word of the ring, unless its page only reads as zeros. */
static bool in_dump(const struct vr_hostq *q, struct vr_val v)
{
	return read(v) && !q->zeros;
}

static bool has_feature(const struct vr_hostq *q, unsigned bit)
{
	return q->acked_features.v >> bit & 1;
}

/* How far vhost had looked when it asked for kicks: with event indices it writes that
 * down.  What it had looked at and not taken, it knows. */
static struct vr_val armed_at(const struct vr_hostq *q)
{
	return has_feature(q, F_EVENT_IDX) && in_dump(q, q->ring.avail_event) ?
	       q->ring.avail_event : q->avail_idx;
}

/*
 * vhost keeps 'I want no kicks' in used_flags in both modes; with event indices it
 * writes avail_event only when it wants them again.
 */
static struct vr_notify host_kick(const struct vr_hostq *q)
{
	struct vr_notify n = { .event_idx = has_feature(q, F_EVENT_IDX) };

	n.known = read(q->used_flags) && read(q->acked_features);
	n.suppressed = q->used_flags.v & NO_NOTIFY;
	n.event.have = VR_UNREAD;
	if (n.event_idx && in_dump(q, q->ring.avail_event))
		n.event = q->ring.avail_event;
	n.doubt = !n.suppressed && !in_dump(q, q->ring.avail_idx);
	n.due = n.known && !n.suppressed && in_dump(q, q->ring.avail_idx) &&
		read(armed_at(q)) &&
		(uint16_t)q->ring.avail_idx.v != (uint16_t)armed_at(q).v;
	return n;
}

/* Would vhost signal what it returned last?  'Signalled' is how far it last did. */
static struct vr_notify host_signal(const struct vr_hostq *q)
{
	struct vr_notify n = { .event_idx = has_feature(q, F_EVENT_IDX) };
	uint16_t used = (uint16_t)q->last_used_idx.v;
	uint16_t signalled = (uint16_t)q->signalled_used.v;

	n.known = read(q->acked_features) && read(q->last_used_idx) &&
		  (n.event_idx ? in_dump(q, q->ring.used_event) &&
				 read(q->signalled_used) &&
				 read(q->signalled_used_valid) :
				 in_dump(q, q->ring.avail_flags));
	if (!n.known)
		return n;
	if (has_feature(q, F_NOTIFY_ON_EMPTY) && read(q->avail_idx) &&
	    q->avail_idx.v == q->last_avail_idx.v) {
		n.due = !n.event_idx || used != signalled;
	} else if (!n.event_idx) {
		n.suppressed = q->ring.avail_flags.v & NO_INTERRUPT;
		n.due = !n.suppressed;
	} else {
		n.due = !q->signalled_used_valid.v ||
			vr_event_passed((uint16_t)q->ring.used_event.v, used, signalled);
	}
	if (n.event_idx)
		n.event = q->ring.used_event;
	return n;
}

void vr_host_notify_replay(struct vr_hostq *q)
{
	q->kick = host_kick(q);
	q->signal = host_signal(q);
}

void vr_host_kick_text(char *buf, size_t size, const struct vr_hostq *q)
{
	const struct vr_notify *n = &q->kick;

	if (!n->known)
		snprintf(buf, size, "cannot be told: a word that decides it was not read");
	else if (n->suppressed)
		snprintf(buf, size, "off: vhost polls, or waits for something else (NO_NOTIFY)");
	else if (!in_dump(q, q->ring.avail_idx))
		snprintf(buf, size, "armed; whether one is due, the ring would tell");
	else if (n->due)
		snprintf(buf, size, "armed, and was due %u entries ago (avail->idx %" PRIu64
			 ", %s %" PRIu64 ")",
			 (uint16_t)(q->ring.avail_idx.v - armed_at(q).v),
			 q->ring.avail_idx.v, n->event.have == VR_READ ? "avail_event" :
			 "avail_idx", armed_at(q).v);
	else
		snprintf(buf, size, "armed: the next entry kicks");
}

void vr_signal_text(char *buf, size_t size, const struct vr_hostq *q)
{
	const struct vr_notify *n = &q->signal;
	uint16_t since = (uint16_t)(q->last_used_idx.v - q->signalled_used.v);

	if (!n->known)
		snprintf(buf, size, "cannot be told: a word that decides it was not read");
	else if (!n->event_idx)
		snprintf(buf, size, n->due ? "on: vhost signals what it returns" :
			 "off: the guest wants none (NO_INTERRUPT)");
	else if (!q->signalled_used_valid.v)
		snprintf(buf, size, "the next entry signals: nothing was decided so far");
	else if (n->due && since)
		snprintf(buf, size, "due: %u returned since used %" PRIu64
			 " pass used_event %" PRIu64, since, q->signalled_used.v,
			 n->event.v);
	else if (!since && (uint16_t)n->event.v == (uint16_t)q->last_used_idx.v)
		snprintf(buf, size, "armed: the next entry signals");
	else
		snprintf(buf, size, "not due: last decided at used %" PRIu64
			 ", used_event %" PRIu64, q->signalled_used.v, n->event.v);
}
