// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch.c - is it moving?  Two looks at a live system's queues, and what they show
 * that one cannot: a queue that stands still while something is outstanding.
 *
 * Each counter is one word and was read at once, so a rate is never torn; counters are
 * mod 2^16, so what goes round in one interval is not seen.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "watch.h"

#define LONGEST_INTERVAL	86400.0
/* A guest's CPU may not run for a while: until then an interrupt is on its way. */
#define LOST_AFTER		0.5

int vr_watch_parse(const char *word, double *seconds, unsigned *count)
{
	char *end;
	unsigned long n;

	*count = 0;
	*seconds = strtod(word, &end);
	/* No "inf", no "0x1p3", no blanks. */
	if (end == word || end != word + strspn(word, "0123456789.") || !(*seconds >= 0.01) || *seconds > LONGEST_INTERVAL)
		return -1;
	if (!*end)
		return 0;
	if (*end != ',' || end[1] < '0' || end[1] > '9')
		return -1;
	n = strtoul(end + 1, &end, 10);
	*count = (unsigned)n;
	return *end || !n || n > UINT32_MAX ? -1 : 0;
}

/* ---- looking --------------------------------------------------------------------------- */

/* A place in a packed ring, from 0 to twice its size. */
static struct vr_val place(struct vr_val slot, struct vr_val wrap, uint32_t num)
{
	if (slot.have == VR_READ)
		slot.have = wrap.have;
	slot.v += wrap.v ? 0 : num;
	return slot;
}

/* An interrupt was due, and nobody is about to see to it, as far as was read. */
static bool is_unheard(const struct vr_queue *q)
{
	return q->interrupt.known && q->interrupt.due &&
	       !vr_is_clear(q->callback) && vr_none_polls(&q->napi);
}

/* Interfaces of several name spaces may have one name: those outside the first
 * device's have theirs beside it. */
static void name_device(char *buf, size_t size, const char *name,
			const struct vr_netdev_ref *ref, const struct vr_netdev_ref *first)
{
	bool elsewhere = ref->addr && first->addr && ref->inum.have == VR_READ &&
			 ref->inum.v != first->inum.v;
	int n = snprintf(buf, size, "%s", name);

	if (elsewhere && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, " netns %" PRIu64, ref->inum.v);
}

static void keep_guest(const struct vr_device *d, const struct vr_device *first,
		       const struct vr_queue *q, struct vr_sample *s)
{
	const struct vr_packed *p = &q->pk;

	name_device(s->device, sizeof(s->device), vr_device_name(d), &d->ref, &first->ref);
	snprintf(s->label, sizeof(s->label), "%s", q->label);
	s->key = q->vring_virtqueue;
	s->moving = q->moving;
	s->parks = q->dir == VR_RX || q->parked;
	s->round = q->packed ? 2 * q->num : 0x10000;
	s->count[0] = q->split.avail_idx;
	s->count[1] = q->split.used_idx;
	s->count[2] = q->last_used_idx;
	if (q->packed) {
		s->count[0] = place(p->next_avail_idx, p->avail_wrap_counter, q->num);
		s->count[1] = place(p->device_idx, p->device_wrap_counter, q->num);
		s->count[2] = place(p->last_used_idx, p->used_wrap_counter, q->num);
	}
	s->outstanding = q->counts.device_pending;
	s->unreaped = q->counts.driver_pending;
	s->unheard = is_unheard(q);
	s->verdict = q->verdict;
	s->verdict.reasons = NULL;
	s->verdict.nreasons = 0;
}

int vr_look_guest(struct vr_arena *arena, const struct vr_snapshot *snap,
		  struct vr_look *ret)
{
	unsigned n = 0;

	for (unsigned i = 0; i < snap->ndevices; i++)
		n += snap->devices[i].nqueues;
	ret->sample = vr_alloc(arena, n ? n : 1, sizeof(*ret->sample));
	ret->n = 0;
	if (!ret->sample)
		return -1;
	for (unsigned i = 0; i < snap->ndevices; i++)
		for (unsigned k = 0; k < snap->devices[i].nqueues; k++)
			keep_guest(&snap->devices[i], snap->devices,
				   &snap->devices[i].queues[k], &ret->sample[ret->n++]);
	return 0;
}

/* Packets for the guest: in vhost's own queue, in the tap's ring, in its socket. */
static struct vr_val packets(const struct vr_hostq *q)
{
	struct vr_val n = { .have = VR_UNREAD };

	if (q->vhost->kind != VR_VHOST_NET || q->vq)
		return n;
	if (q->rxq_head.have == VR_READ && q->rxq_tail.have == VR_READ &&
	    q->rxq_tail.v >= q->rxq_head.v)
		n = (struct vr_val){ q->rxq_tail.v - q->rxq_head.v, VR_READ };
	if (q->tx_ring_used.have == VR_READ)
		n = (struct vr_val){ n.v + q->tx_ring_used.v, VR_READ };
	if (q->sock_qlen.have == VR_READ)
		n = (struct vr_val){ n.v + q->sock_qlen.v, VR_READ };
	return n;
}

static void keep_host(const struct vr_hostq *q, const struct vr_hostq *first,
		      struct vr_sample *s)
{
	/* All of a kind have one name, unless they serve an interface. */
	if (q->ref.addr || q->vhost->kind == VR_VHOST_NET)
		name_device(s->device, sizeof(s->device), q->device, &q->ref, &first->ref);
	else
		snprintf(s->device, sizeof(s->device), "%s %" PRIx64, q->device,
			 q->vhost->addr);
	snprintf(s->label, sizeof(s->label), "%s", q->label);
	s->key = q->vhost_virtqueue;
	s->host = true;
	s->moving = q->moving;
	s->parks = vr_host_is_parked(q);
	s->round = 0x10000;
	s->count[0] = q->last_avail_idx;
	s->count[1] = q->last_used_idx;
	s->count[2] = q->kick_count;
	s->outstanding = (struct vr_val){ .have = VR_UNREAD };
	if (q->ring.avail_idx.have == VR_READ && q->last_avail_idx.have == VR_READ &&
	    q->why == VR_TR_OK && !q->zeros)
		s->outstanding = (struct vr_val){ (uint16_t)(q->ring.avail_idx.v -
				q->last_avail_idx.v), VR_READ };
	s->unreaped = packets(q);
	s->verdict = q->verdict;
	s->verdict.reasons = NULL;
	s->verdict.nreasons = 0;
}

int vr_look_host(struct vr_arena *arena, const struct vr_host *h, struct vr_look *ret)
{
	ret->sample = vr_alloc(arena, h->nqueues ? h->nqueues : 1, sizeof(*ret->sample));
	ret->n = 0;
	if (!ret->sample)
		return -1;
	for (unsigned i = 0; i < h->nqueues; i++)
		keep_host(&h->queues[i], h->queues, &ret->sample[ret->n++]);
	return 0;
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* An address alone may have become another queue's. */
static bool is_same(const struct vr_sample *a, const struct vr_sample *b)
{
	return a->key == b->key && !strcmp(a->label, b->label) &&
	       !strcmp(a->device, b->device);
}

/* The queue of another look, which is mostly at the same place there. */
static const struct vr_sample *find(const struct vr_look *in, const struct vr_sample *s,
				    unsigned hint)
{
	if (hint < in->n && is_same(&in->sample[hint], s))
		return &in->sample[hint];
	for (unsigned i = 0; i < in->n; i++)
		if (is_same(&in->sample[i], s))
			return &in->sample[i];
	return NULL;
}

/* How far counter 'i' came; the kick count has all its bits, and begins anew when it
 * was read meanwhile. */
static struct vr_val progress(const struct vr_sample *a, const struct vr_sample *b,
			      unsigned i)
{
	struct vr_val d = { .have = VR_UNREAD };

	if (a->count[i].have != VR_READ || b->count[i].have != VR_READ ||
	    a->round != b->round || !a->round)
		return d;
	if (b->host && i == 2) {
		if (b->count[i].v >= a->count[i].v)
			d = (struct vr_val){ b->count[i].v - a->count[i].v, VR_READ };
		return d;
	}
	d.have = VR_READ;
	d.v = (b->count[i].v % a->round + a->round - a->count[i].v % a->round) % a->round;
	return d;
}

static bool stands_still(const struct vr_sample *a, const struct vr_sample *b)
{
	for (unsigned i = 0; i < (b->host ? 2u : 3u); i++) {
		struct vr_val d = progress(a, b, i);

		if (d.have != VR_READ || d.v)
			return false;
	}
	return true;
}

/* What two looks show and one does not. */
static void conclusion(char *buf, size_t size, const struct vr_sample *a,
		       const struct vr_sample *b, double seconds)
{
	bool still = a && !b->moving && stands_still(a, b);
	const char *state = vr_state_name(b->verdict.state);

	if (!a)
		snprintf(buf, size, "%s, not there before", state);
	else if (!still || b->verdict.state == VR_ST_STOPPED)
		snprintf(buf, size, "%s", state);
	else if (!b->host && a->unheard && b->unheard && b->unreaped.v)
		snprintf(buf, size, "not moving while %" PRIu64
			 " wait to be reaped: %s", b->unreaped.v,
			 seconds < LOST_AFTER ? state :
			 vr_state_name(VR_ST_LOST_INTERRUPT));
	else if (b->host && b->parks && b->unreaped.have == VR_READ && b->unreaped.v)
		snprintf(buf, size, "not moving while %" PRIu64 " packets wait: %s",
			 b->unreaped.v, state);
	else if (!b->parks && b->outstanding.have == VR_READ && b->outstanding.v &&
		 a->outstanding.v)
		snprintf(buf, size, "not moving while %" PRIu64 " outstanding: %s",
			 b->outstanding.v, state);
	else
		snprintf(buf, size, "%s, not moving", state);
}

static const char *rate(struct vr_val d, double seconds, char buf[24])
{
	if (d.have != VR_READ)
		return "-";
	snprintf(buf, 24, "%.0f", (double)d.v / seconds);
	return buf;
}

static void queue_name(char *buf, size_t size, const struct vr_sample *s)
{
	char device[4 * sizeof(s->device)], label[4 * sizeof(s->label)];

	vr_text_escape(device, sizeof(device), s->device);
	vr_text_escape(label, sizeof(label), s->label);
	snprintf(buf, size, "%s %s", device, label);
}

void vr_text_watch(FILE *out, const struct vr_look *from, const struct vr_look *to)
{
	double seconds = (double)(to->nsec - from->nsec) / 1e9;
	bool host = to->n ? to->sample[0].host : from->n && from->sample[0].host;

	if (!(seconds > 0))
		seconds = 1e-9;
	fprintf(out, "%.2f s\n%-22s %10s %10s %10s %6s %6s  %s\n", seconds, "QUEUE",
		host ? "TAKEN/s" : "ADDED/s", "RETURNED/s", host ? "KICKS/s" : "REAPED/s",
		host ? "BEHIND" : "DEV", host ? "WAIT" : "DRV", "STATE");
	for (unsigned i = 0; i < to->n; i++) {
		const struct vr_sample *b = &to->sample[i], *a = find(from, b, i);
		const struct vr_val none = { .have = VR_UNREAD };
		char full[400], words[160], buf[5][24];

		queue_name(full, sizeof(full), b);
		conclusion(words, sizeof(words), a, b, seconds);
		fprintf(out, "%-22s %10s %10s %10s %6s %6s  %s\n", full,
			rate(a ? progress(a, b, 0) : none, seconds, buf[0]),
			rate(a ? progress(a, b, 1) : none, seconds, buf[1]),
			rate(a ? progress(a, b, 2) : none, seconds, buf[2]),
			vr_val_text(b->outstanding, buf[3]),
			vr_val_text(b->unreaped, buf[4]), words);
	}
	for (unsigned i = 0; i < from->n; i++) {
		char full[400];

		if (find(to, &from->sample[i], i))
			continue;
		queue_name(full, sizeof(full), &from->sample[i]);
		fprintf(out, "%-22s %10s %10s %10s %6s %6s  gone\n", full, "-", "-", "-", "-",
			"-");
	}
}
