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

void vr_notify_replay(struct vr_queue *q)
{
	q->kick = kick(q);
	q->interrupt = interrupt(q);
}

void vr_kick_text(char *buf, size_t size, const struct vr_queue *q)
{
	const struct vr_notify *n = &q->kick;

	if (!n->known)
		snprintf(buf, size, "cannot be told: a word that decides it was not read");
	else if (n->due)
		snprintf(buf, size, "due for the %" PRIu64 " entries added and not announced",
			 q->num_added.v);
	else if (q->num_added.v && n->event_idx)
		snprintf(buf, size, "not due: the %" PRIu64 " entries added do not pass avail_event",
			 q->num_added.v);
	else if (n->suppressed)
		snprintf(buf, size, "suppressed: the device polls (%s)",
			 n->event_idx ? "avail_event is behind" : "NO_NOTIFY");
	else
		snprintf(buf, size, "armed: the device waits for one");
}

void vr_interrupt_text(char *buf, size_t size, const struct vr_queue *q)
{
	const struct vr_notify *n = &q->interrupt;

	if (!n->known)
		snprintf(buf, size, "cannot be told: a word that decides it was not read");
	else if (n->suppressed)
		snprintf(buf, size, "suppressed: callbacks off");
	else if (n->due)
		snprintf(buf, size, "due: used->idx has passed %s",
			 n->event_idx ? "used_event" : "last_used_idx");
	else if (q->split.used_idx.v != q->last_used_idx.v)
		snprintf(buf, size, "not due: used->idx has not passed used_event");
	else
		snprintf(buf, size, "armed: the driver waits for one");
}
