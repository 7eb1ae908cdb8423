// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * render_text.c - a snapshot as text for people: one line a queue, or one
 * queue's full block.
 */
#include <inttypes.h>
#include <string.h>

#include "vring.h"

#define MAX_ROWS	16	/* of the picture of a ring */
#define MARGIN		8	/* slot numbers to its left */

#define AVAIL_F_NO_INTERRUPT	1u
#define USED_F_NO_NOTIFY	1u

/* Bits of netdev_queue.state; they have not moved since 3.3. */
#define TXQ_DRV_XOFF		1u
#define TXQ_STACK_XOFF		2u
#define TXQ_FROZEN		4u

/* ---- one line a queue ----------------------------------------------------------------- */

static const char *note(const struct vr_queue *q)
{
	if (!q->in_use)
		return "  not in use";
	if (!q->txq.addr || q->txq.state.have != VR_READ)
		return "";
	if (q->txq.state.v & TXQ_DRV_XOFF)
		return "  stopped by the driver";
	/* Byte queue limits hold packets back before the ring is full. */
	return q->txq.state.v & TXQ_STACK_XOFF ? "  stopped by BQL" : "";
}

static void print_row(FILE *out, const struct vr_queue *q, int width)
{
	char label[4 * VR_LABEL_SIZE], name[4 * VR_LABEL_SIZE], b[10][24];
	struct vr_val num = { q->num, q->num ? VR_READ : VR_UNREAD };
	const struct vr_split *s = &q->split;
	const struct vr_packed *p = &q->pk;

	vr_text_escape(label, sizeof(label), q->label);
	fprintf(out, "%-*s ", width, label);
	/* Where an index is the label, the name is not the queue's alone. */
	vr_text_escape(name, sizeof(name), q->dir == VR_OTHER &&
		       strcmp(q->label, q->name) ? q->name : "");
	if (q->vring_virtqueue)
		fprintf(out, "%16" PRIx64, q->vring_virtqueue);
	else
		fprintf(out, "%16s", "-");
	if (q->failed) {
		fprintf(out, "  %s%s%s\n", vr_state_name(q->verdict.state),
			*name ? "  " : "", name);
		return;
	}
	fprintf(out, " %5s %5s %6s %6s %6s %6s %5s %5s %7s %7s  %s%s%s%s%s\n",
		vr_val_text(num, b[9]), vr_val_text(q->num_free, b[0]), vr_val_text(q->last_used_idx, b[1]),
		vr_val_text(q->packed ? p->next_avail_idx : s->avail_idx, b[2]),
		vr_val_text(q->packed ? p->device_idx : s->used_idx, b[3]),
		vr_val_text(q->counts.in_flight, b[4]), vr_val_text(q->counts.device_pending, b[5]),
		vr_val_text(q->counts.driver_pending, b[6]),
		q->packed ? vr_area_text(&p->driver, b[7]) : vr_val_text(s->used_event, b[7]),
		q->packed ? vr_area_text(&p->device, b[8]) : vr_val_text(s->avail_event, b[8]),
		vr_state_name(q->verdict.state), q->packed ? "  packed" : "", note(q),
		*name ? "  " : "", name);
}

static void print_table(FILE *out, const struct vr_device *d)
{
	int width = vr_label_width(d);

	vr_text_device(out, d, true);
	if (!d->nqueues && !d->ref.addr) {
		vr_text_no_queues(out, d);
		return;
	}
	fprintf(out, "%-*s %-16s %5s %5s %6s %6s %6s %6s %5s %5s %7s %7s  %s\n",
		width, "QUEUE", "VRING_VIRTQUEUE", "NUM", "FREE", "L_USED", "AVAIL",
		"USED", "FLIGHT", "DEV", "DRV", "U_EVENT", "A_EVENT", "VERDICT");
	for (unsigned i = 0; i < d->nqueues; i++)
		print_row(out, &d->queues[i], width);
}

/* ---- the full block ----------------------------------------------------------------------- */

static void print_driver(FILE *out, const struct vr_queue *q)
{
	char b[4][24];

	fprintf(out, "  driver\n");
	fprintf(out, "    num_free %s   free_head %s   num_added %s   last_used_idx %s\n",
		vr_val_text(q->num_free, b[0]), vr_val_text(q->free_head, b[1]),
		vr_val_text(q->num_added, b[2]), vr_val_text(q->last_used_idx, b[3]));
	fprintf(out, "    avail_idx_shadow %s   avail_flags_shadow %s",
		vr_val_text(q->avail_idx_shadow, b[0]), vr_val_text(q->avail_flags_shadow, b[1]));
	if (q->avail_flags_shadow.have == VR_READ)
		fprintf(out, " (%s)", q->avail_flags_shadow.v &
			AVAIL_F_NO_INTERRUPT ? "NO_INTERRUPT: callbacks off" :
			"callbacks on");
	fprintf(out, "\n    event %s   event_triggered %s   indirect %s   broken %s\n",
		vr_val_text(q->event, b[0]), vr_val_text(q->event_triggered, b[1]),
		vr_val_text(q->indirect, b[2]), vr_val_text(q->broken, b[3]));
}

/* An event index means something only when it was negotiated. */
static const char *unused(const struct vr_queue *q)
{
	return q->event.have == VR_READ && !q->event.v ?
	       " (not negotiated: flags decide)" : "";
}

static void print_avail(FILE *out, const struct vr_queue *q)
{
	const struct vr_split *s = &q->split;
	char b[2][24];

	fprintf(out, "  avail %s, written by the driver\n", vr_addr_text(s->avail, b[0]));
	fprintf(out, "    flags %s%s   idx %s\n", vr_val_text(s->avail_flags, b[0]),
		s->avail_flags.have == VR_READ &&
		(s->avail_flags.v & AVAIL_F_NO_INTERRUPT) ?
		" (NO_INTERRUPT)" : "", vr_val_text(s->avail_idx, b[1]));
	if (s->avail_idx.have == VR_READ) {
		fprintf(out, "    ring[%u] %s, the head published last; ",
			s->avail_last.slot, vr_val_text(s->avail_last.id, b[0]));
		fprintf(out, "ring[%u] %s, the next slot\n",
			s->avail_next.slot, vr_val_text(s->avail_next.id, b[0]));
	}
	fprintf(out, "    used_event %s%s, the driver's: interrupt me once used->idx passes it\n",
		vr_val_text(s->used_event, b[0]), unused(q));
}

static void print_element(FILE *out, const struct vr_entry *e, const char *what)
{
	char b[2][24];

	fprintf(out, "    ring[%u] id %s len %s, %s\n", e->slot,
		vr_val_text(e->id, b[0]), vr_val_text(e->len, b[1]), what);
}

static void print_used(FILE *out, const struct vr_queue *q)
{
	const struct vr_split *s = &q->split;
	char b[2][24];

	fprintf(out, "  used %s, written by the device\n", vr_addr_text(s->used, b[0]));
	fprintf(out, "    flags %s%s   idx %s\n", vr_val_text(s->used_flags, b[0]),
		s->used_flags.have == VR_READ &&
		(s->used_flags.v & USED_F_NO_NOTIFY) ? " (NO_NOTIFY)" : "",
		vr_val_text(s->used_idx, b[1]));
	/* In order a batch has one element, and nobody knows from outside where. */
	if (s->used_idx.have == VR_READ && !q->in_order)
		print_element(out, &s->used_last, "the element returned last");
	if (q->counts.driver_pending.have == VR_READ && q->counts.driver_pending.v &&
	    !q->in_order)
		print_element(out, &s->used_reap, "the next to be reaped");
	fprintf(out, "    avail_event %s%s, the device's: kick me once avail->idx passes it\n",
		vr_val_text(s->avail_event, b[0]), unused(q));
}

static void print_counts(FILE *out, const struct vr_queue *q)
{
	char b[24];

	fprintf(out, "  counts\n");
	fprintf(out, "    in_flight      %5s  published, not reaped   %s\n",
		vr_val_text(q->counts.in_flight, b),
		q->packed ? "(buffers)" : "(avail->idx - last_used_idx)");
	fprintf(out, "    device_pending %5s  published, not returned %s\n",
		vr_val_text(q->counts.device_pending, b),
		q->packed ? "(buffers)" : "(avail->idx - used->idx)");
	fprintf(out, "    driver_pending %5s  returned, not reaped    %s\n",
		vr_val_text(q->counts.driver_pending, b),
		q->packed ? "(buffers, by the descriptors' flags)" :
			    "(used->idx - last_used_idx)");
}

/* What a run of slots is drawn as; '+' when they differ. */
static char picture(const struct vr_slots *s, uint32_t from, uint32_t to)
{
	static const char marks[VR_SLOT_NSTATES] = { '?', '.', 'D', 'u' };

	for (uint32_t i = from + 1; i < to; i++)
		if (s->state[i] != s->state[from])
			return '+';
	return marks[s->state[from]];
}

static void print_picture(FILE *out, const struct vr_queue *q, unsigned width)
{
	const struct vr_slots *s = &q->slots;
	uint32_t num = q->num, columns = 16, per = 1;

	if (!s->state)
		return;
	while (columns * 2 + MARGIN <= width && columns * 2 <= num)
		columns *= 2;
	while (num / per > columns * MAX_ROWS)
		per *= 2;
	fprintf(out, "  descriptors %" PRIx64 ": . free %u, D with the device %u, u returned and not reaped %u",
		q->packed ? q->pk.desc : q->split.desc, s->count[VR_SLOT_FREE], s->count[VR_SLOT_DEVICE],
		s->count[VR_SLOT_RETURNED]);
	if (s->count[VR_SLOT_UNKNOWN])
		fprintf(out, ", ? unknown %u", s->count[VR_SLOT_UNKNOWN]);
	if (per > 1)
		fprintf(out, "; %u a character, + mixed", per);
	for (uint32_t i = 0; i < num; i += per) {
		uint32_t end = i + per < num ? i + per : num;

		if (i % (columns * per) == 0)
			fprintf(out, "\n  %5u ", i);
		fputc(picture(s, i, end), out);
	}
	fputc('\n', out);
}

static void print_notify(FILE *out, const struct vr_queue *q)
{
	char text[128];

	vr_kick_text(text, sizeof(text), q);
	fprintf(out, "  kick       %s\n", text);
	vr_interrupt_text(text, sizeof(text), q);
	fprintf(out, "  interrupt  %s\n", text);
}

/* The queue's interrupt and what waits on its CPU. */
static void print_irq(FILE *out, const char *lead, const struct vr_irq *irq)
{
	char name[170], b[4][24];

	if (irq->have != VR_READ) {
		fprintf(out, "%s%s\n", lead, irq->have == VR_UNREAD ? "-" : "none");
		return;
	}
	vr_text_escape(name, sizeof(name), irq->name);
	fprintf(out, "%s%s %s%s   %s%s   CPU %s%s   count %s   unhandled %s   softirqs pending there: ",
		lead, vr_val_text(irq->number, b[0]), name, irq->shared ? " (shared)" : "",
		vr_flag_text(irq->disabled, "disabled", "enabled"),
		irq->masked.have == VR_READ && irq->masked.v ? ", masked" : "",
		vr_val_text(irq->cpu, b[1]),
		irq->more_cpus.have == VR_READ && irq->more_cpus.v ? " and others" : "",
		vr_val_text(irq->count, b[2]), vr_val_text(irq->unhandled, b[3]));
	vr_softirqs_text(name, sizeof(name), irq->softirqs);
	fprintf(out, "%s\n", name);
}

/* What the network stack knows of the queue. */
static void print_net(FILE *out, const struct vr_device *d,
		      const struct vr_queue *q)
{
	char b[4][24];

	fprintf(out, "  net\n    interface %s   carrier %s   callback %s\n",
		vr_flag_text(d->up, "up", "down"), vr_flag_text(d->carrier, "on", "off"),
		vr_flag_text(q->callback, "yes", "no"));
	if (q->txq.addr)
		fprintf(out, "    netdev_queue %" PRIx64 "   state %s%s%s%s   qlen %s   trans_start %s ms ago\n",
			q->txq.addr, vr_val_text(q->txq.state, b[0]),
			q->txq.state.v & TXQ_DRV_XOFF ? " (stopped by the driver)" : "",
			q->txq.state.v & TXQ_STACK_XOFF ? " (stopped by BQL)" : "",
			q->txq.state.v & TXQ_FROZEN ? " (frozen)" : "",
			vr_val_text(q->txq.qlen, b[1]), vr_val_text(q->txq.age_ms, b[2]));
	/* Without a driver's handler for it the stack watches nothing. */
	if (q->txq.addr && d->watchdog_ms.have == VR_READ && !d->watchdog_ms.v)
		fprintf(out, "    watchdog off\n");
	else if (q->txq.addr)
		fprintf(out, "    watchdog after %s ms   fired %s times, by the driver's count %s\n",
			vr_val_text(d->watchdog_ms, b[0]),
			vr_val_text(q->txq.trans_timeout, b[1]),
			vr_val_text(q->txq.tx_timeouts, b[2]));
	print_irq(out, "    irq ", &q->irq);
	if (q->napi.addr)
		fprintf(out, "    napi %" PRIx64 "   state %s   %s   %s   weight %s\n",
			q->napi.addr, vr_val_text(q->napi.state, b[0]),
			vr_flag_text(q->napi.scheduled, "scheduled", "not scheduled"),
			vr_flag_text(q->napi.disabled, "disabled",
				     vr_flag_text(q->napi.enabled, "enabled", "never enabled")),
			vr_val_text(q->napi.weight, b[1]));
	else if (q->napi.lost)
		fprintf(out, "    napi -\n");
	if (q->dir == VR_RX)
		fprintf(out, "    refill work %s   refill_enabled %s\n",
			vr_flag_text(d->refill_pending, "pending", "not pending"),
			vr_val_text(d->refill_enabled, b[0]));
}

static void print_block(FILE *out, const struct vr_device *d,
			const struct vr_queue *q, unsigned width)
{
	char name[4 * VR_LABEL_SIZE], b[2][24];

	vr_text_escape(name, sizeof(name), vr_device_name(d));
	fprintf(out, "%s", name);
	vr_text_escape(name, sizeof(name), q->label);
	fprintf(out, " %s", name);
	vr_text_escape(name, sizeof(name), q->name);
	fprintf(out, "  %s  virtqueue %s  vring_virtqueue %s", *name ? name : "-",
		vr_val_text(q->index, b[0]), vr_addr_text(q->vring_virtqueue, b[1]));
	if (q->owner)
		fprintf(out, "  %s %" PRIx64,
			q->dir == VR_TX ? "send_queue" : "receive_queue",
			q->owner);
	if (q->failed || !q->num) {
		fputc('\n', out);
		vr_text_verdict(out, &q->verdict);
		return;
	}
	fprintf(out, "  num %" PRIu32 "%s%s%s\n", q->num, q->packed ? "  packed" : "",
		q->in_order ? "  in order" : "",
		q->in_use ? "" : "  not in use (at or above curr_queue_pairs)");
	if (q->packed) {
		vr_text_packed(out, q);
	} else {
		print_driver(out, q);
		print_avail(out, q);
		print_used(out, q);
	}
	print_counts(out, q);
	print_notify(out, q);
	if (d->ref.addr) {
		print_net(out, d, q);
	} else {
		fprintf(out, "  callback   %s\n", vr_flag_text(q->callback, "yes", "no"));
		print_irq(out, "  irq        ", &q->irq);
	}
	vr_text_verdict(out, &q->verdict);
	print_picture(out, q, width);
	vr_text_chains(out, &q->chains);
	vr_text_owners(out, &q->owners);
}

void vr_text_snapshot(FILE *out, const struct vr_ctx *c,
		      const struct vr_snapshot *s, const struct vr_select *sel,
		      unsigned width)
{
	struct vr_worst worst = { .total = 0 };

	for (unsigned i = 0; i < s->ndevices; i++) {
		const struct vr_device *d = &s->devices[i];

		for (unsigned k = 0; k < d->nqueues; k++)
			vr_worst_add(&worst, &d->queues[k].verdict,
				     vr_device_name(d), d->queues[k].label);
		if (i)
			fputc('\n', out);
		if (!sel->full) {
			print_table(out, d);
			continue;
		}
		vr_text_device(out, d, false);
		vr_text_features(out, d, width);
		vr_text_no_queues(out, d);
		for (unsigned k = 0; k < d->nqueues; k++) {
			if (k)
				fputc('\n', out);
			print_block(out, d, &d->queues[k], width);
		}
	}
	if (!sel->full)
		vr_text_worst(out, &worst);
	vr_text_errors(out, c);
}
