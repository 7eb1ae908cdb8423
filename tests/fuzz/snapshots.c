// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snapshots.c - values, rings and a guest's snapshot, made of an input.
 */
#include <string.h>

#include "snapshots.h"

void *need(struct maker *m, size_t n, size_t size)
{
	void *p = vr_alloc(&m->arena, n ? n : 1, size);

	if (!p)
		abort();
	return p;
}

/* ---- values ---------------------------------------------------------------------- */

uint64_t any_number(struct maker *m)
{
	unsigned b = take8(&m->in);

	switch (b % 8) {
	case 0:
		return b >> 3 & 1;
	case 1:
	case 2:
		return m->base + (b >> 3) - 16;
	case 3:
		return take16(&m->in);
	case 4:
		return take(&m->in, 8);
	case 5:
		return 1ULL << (b >> 3);
	case 6:
		return -(uint64_t)(b >> 6);
	default:
		return b >> 3;
	}
}

struct vr_val any_val(struct maker *m)
{
	unsigned b = take8(&m->in);

	if (b % 16 == 0)
		return (struct vr_val){ .have = VR_ABSENT };
	if (b % 16 == 1)
		return (struct vr_val){ any_number(m), VR_UNREAD };
	return (struct vr_val){ b & 0x80 ? m->base + b / 16 % 8 : any_number(m), VR_READ };
}

bool any_flag(struct maker *m)
{
	return take8(&m->in) & 1;
}

unsigned below(struct maker *m, unsigned n)
{
	return take8(&m->in) % n;
}

void any_text(struct maker *m, char *buf, size_t size)
{
	static const char *const known[] = { "eth0", "tap0", "tx0", "rx0", "ctrl",
		"vhost-net", "req.0", "" };
	unsigned b = take8(&m->in);
	size_t n = b / 8 % size;

	if (b % 8 < 6) {
		snprintf(buf, size, "%s", known[b / 8 % COUNT_OF(known)]);
		return;
	}
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)take8(&m->in);
	buf[n] = '\0';
}

void any_vals(struct maker *m, void *owner, const size_t *at, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*(struct vr_val *)((uint8_t *)owner + at[i]) = any_val(m);
}

/* ---- rings -------------------------------------------------------------------------- */

void make_split(struct maker *m, struct vr_split *s, uint32_t num)
{
	static const size_t at[] = {
		offsetof(struct vr_split, avail_flags), offsetof(struct vr_split, avail_idx),
		offsetof(struct vr_split, used_event), offsetof(struct vr_split, used_flags),
		offsetof(struct vr_split, used_idx), offsetof(struct vr_split, avail_event),
		offsetof(struct vr_split, avail_last.id), offsetof(struct vr_split, avail_next.id),
		offsetof(struct vr_split, used_last.id), offsetof(struct vr_split, used_last.len),
		offsetof(struct vr_split, used_reap.id), offsetof(struct vr_split, used_reap.len),
	};

	s->num = num;
	s->desc = any_number(m);
	s->avail = any_number(m);
	s->used = any_number(m);
	any_vals(m, s, at, COUNT_OF(at));
	s->avail_last.slot = s->used_reap.slot = (uint32_t)any_number(m);
}

static void make_packed(struct maker *m, struct vr_packed *p)
{
	static const size_t at[] = {
		offsetof(struct vr_packed, driver.off_wrap),
		offsetof(struct vr_packed, driver.flags),
		offsetof(struct vr_packed, device.off_wrap),
		offsetof(struct vr_packed, device.flags),
		offsetof(struct vr_packed, next_avail_idx),
		offsetof(struct vr_packed, avail_wrap_counter),
		offsetof(struct vr_packed, last_used_idx),
		offsetof(struct vr_packed, used_wrap_counter),
		offsetof(struct vr_packed, event_flags_shadow),
		offsetof(struct vr_packed, device_idx),
		offsetof(struct vr_packed, device_wrap_counter),
	};

	p->desc = any_number(m);
	any_vals(m, p, at, COUNT_OF(at));
}

/* An array of states, one a byte. */
static uint8_t *make_states(struct maker *m, uint32_t num)
{
	uint8_t *s = need(m, num, 1);

	for (uint32_t i = 0; i < num; i++)
		s[i] = (uint8_t)below(m, VR_SLOT_NSTATES);
	return s;
}

static void make_slots(struct maker *m, struct vr_queue *q)
{
	struct vr_slots *s = &q->slots;

	s->ndamage = below(m, 4) ? 0 : below(m, VR_MAX_DAMAGE + 3);
	for (unsigned i = 0; i < s->ndamage && i < VR_MAX_DAMAGE; i++)
		s->damage[i] = (struct vr_damage){ .code = below(m, VR_D_NCODES),
			.at = (uint32_t)any_number(m), .value = any_number(m),
			.other = any_number(m) };
	s->complete = any_flag(m);
	s->stray = below(m, 4);
	s->adding = any_flag(m);
	if (!q->num || any_flag(m))
		return;
	s->state = make_states(m, q->num);
	s->token = need(m, q->num, sizeof(*s->token));
	for (uint32_t i = 0; i < q->num; i++) {
		s->count[s->state[i]]++;
		s->token[i] = s->state[i] == VR_SLOT_FREE ? 0 : any_number(m);
		s->tokens += s->token[i] != 0;
	}
	s->buffer = make_states(m, q->num);
	if (!q->packed)
		return;
	s->length = need(m, q->num, sizeof(*s->length));
	for (uint32_t i = 0; i < q->num; i++)
		s->length[i] = (uint16_t)any_number(m);
}

void make_chains(struct maker *m, struct vr_chains *s)
{
	*s = (struct vr_chains){ .wanted = any_flag(m), .known = any_flag(m), .bus.v = any_flag(m),
		.capped = any_flag(m), .packed = any_flag(m), .nchains = below(m, 4),
		.ndescs = below(m, 8) };
	s->bus.have = s->nchains == 3 ? VR_UNREAD : VR_READ;
	s->chain = need(m, s->nchains, sizeof(*s->chain));
	s->desc = need(m, s->ndescs, sizeof(*s->desc));
	for (uint32_t i = 0; i < s->nchains; i++) {
		uint32_t first = s->ndescs ? below(m, s->ndescs) : 0;

		s->chain[i] = (struct vr_chain){ .head = (uint32_t)any_number(m),
			.id = (uint32_t)any_number(m), .first = first,
			.count = s->ndescs > first ? below(m, s->ndescs - first + 1) : 0,
			.stop = below(m, VR_STOP_OTHER + 1), .readable = any_number(m),
			.writable = any_number(m) };
	}
	for (uint32_t i = 0; i < s->ndescs; i++)
		s->desc[i] = (struct vr_desc){ .index = (uint32_t)any_number(m),
			.indirect = any_flag(m), .flags = (uint16_t)any_number(m),
			.next = (uint16_t)any_number(m), .len = (uint32_t)any_number(m),
			.addr = any_number(m) };
}

static struct vr_packet *make_packet(struct maker *m)
{
	static const size_t at[] = {
		offsetof(struct vr_packet, len), offsetof(struct vr_packet, data_len),
		offsetof(struct vr_packet, protocol),
		offsetof(struct vr_packet, flow.protocol),
		offsetof(struct vr_packet, flow.sport),
		offsetof(struct vr_packet, flow.dport),
		offsetof(struct vr_packet, flow.icmp_type),
	};
	static const unsigned versions[] = { 0, 4, 6 };
	struct vr_packet *p = need(m, 1, sizeof(*p));

	any_vals(m, p, at, COUNT_OF(at));
	TEXT(m, p->dev);
	p->flow.version = versions[below(m, 3)];
	for (unsigned i = 0; i < 16; i++) {
		p->flow.src[i] = (uint8_t)any_number(m);
		p->flow.dst[i] = (uint8_t)any_number(m);
	}
	return p;
}

static struct vr_request *make_request(struct maker *m)
{
	static const size_t at[] = {
		offsetof(struct vr_request, sector), offsetof(struct vr_request, data_len),
		offsetof(struct vr_request, tag), offsetof(struct vr_request, state),
		offsetof(struct vr_request, op), offsetof(struct vr_request, type),
		offsetof(struct vr_request, age_ms),
	};
	struct vr_request *r = need(m, 1, sizeof(*r));

	any_vals(m, r, at, COUNT_OF(at));
	r->addr = any_number(m);
	r->op_name = any_flag(m) ? "READ" : NULL;
	r->age_from = any_flag(m) ? "start_time_ns" : NULL;
	TEXT(m, r->disk);
	return r;
}

static void make_owners(struct maker *m, struct vr_owners *s)
{
	*s = (struct vr_owners){ .wanted = any_flag(m), .known = any_flag(m),
				 .count = below(m, 4) };
	s->total = s->count + below(m, 3);
	s->owner = need(m, s->count, sizeof(*s->owner));
	for (uint32_t i = 0; i < s->count; i++) {
		struct vr_owner *o = &s->owner[i];

		*o = (struct vr_owner){ .head = (uint32_t)any_number(m),
			.kind = below(m, VR_OWNER_REQUEST + 1),
			.why = below(m, 4) ? NULL : "no pointer", .orphan = any_flag(m),
			.returned = any_flag(m), .token = any_number(m), .addr = any_number(m),
			.readable = any_val(m), .writable = any_val(m), .truesize = any_val(m),
			.xsk_len = any_val(m) };
		if (!o->why && (o->kind == VR_OWNER_SKB || o->kind == VR_OWNER_XDP_FRAME))
			o->packet = make_packet(m);
		if (!o->why && o->kind == VR_OWNER_REQUEST)
			o->request = make_request(m);
	}
}

/* ---- a guest --------------------------------------------------------------------------- */

static const size_t queue_vals[] = {
#define AT(x) offsetof(struct vr_queue, x)
	AT(callback), AT(kicks), AT(txq.state), AT(txq.age_ms), AT(txq.qlen),
	AT(txq.trans_timeout), AT(txq.tx_timeouts), AT(napi.state), AT(napi.weight),
	AT(napi.scheduled), AT(napi.disabled), AT(napi.deferred), AT(napi.enabled), AT(irq.number),
	AT(irq.disabled), AT(irq.masked), AT(irq.unhandled), AT(irq.count), AT(irq.cpu),
	AT(irq.more_cpus), AT(irq.softirqs), AT(irq.net_tx), AT(irq.net_rx), AT(irq.idle),
	AT(irq.panicked), AT(dma_desc), AT(dma_avail), AT(dma_used), AT(index), AT(num_free),
	AT(free_head), AT(num_added), AT(last_used_idx), AT(avail_idx_shadow),
	AT(avail_flags_shadow), AT(event), AT(event_triggered), AT(indirect), AT(broken), AT(reset),
	AT(weak_barriers), AT(counts.in_flight), AT(counts.device_pending),
	AT(counts.driver_pending), AT(kick.event), AT(interrupt.event),
#undef AT
};

void make_notify(struct maker *m, struct vr_notify *n)
{
	n->known = any_flag(m);
	n->event_idx = any_flag(m);
	n->due = any_flag(m);
	n->suppressed = any_flag(m);
}

static void make_queue(struct maker *m, struct vr_queue *q)
{
	static const uint32_t sizes[] = { 16, 0, 1, 4, 13, 64, 256, 32768 };
	unsigned size = take8(&m->in);

	any_vals(m, q, queue_vals, COUNT_OF(queue_vals));
	q->dir = below(m, VR_OTHER + 1);
	q->pair = (unsigned)any_number(m);
	TEXT(m, q->label);
	TEXT(m, q->name);
	TEXT(m, q->irq.name);
	q->in_use = !any_flag(m);
	q->parked = any_flag(m);
	q->packed = below(m, 4) == 3;
	q->in_order = below(m, 4) == 3;
	/* The largest only now and then, for it takes long. */
	q->num = sizes[size % 8 == 7 && size != 255 ? 0 : size % 8];
	q->failed = below(m, 8) == 7;
	q->moving = any_flag(m);
	q->size_read = any_number(m);
	q->size_known = any_flag(m);
	q->owner = any_number(m);
	q->vring_virtqueue = any_number(m);
	q->txq.addr = any_number(m);
	q->napi.addr = any_number(m);
	q->irq.have = below(m, 3);
	q->irq.desc = any_number(m);
	q->irq.shared = any_flag(m);
	q->desc_state = any_number(m);
	if (q->packed)
		make_packed(m, &q->pk);
	else
		make_split(m, &q->split, below(m, 8) ? q->num : 0);
	make_slots(m, q);
	make_chains(m, &q->chains);
	make_owners(m, &q->owners);
	if (any_flag(m)) {
		vr_notify_replay(q);
	} else {
		make_notify(m, &q->kick);
		make_notify(m, &q->interrupt);
	}
}

#define READ(n)	((struct vr_val){ (n), VR_READ })

/* A queue that could be, of which the input then changes a little: what is anything is
 * hardly ever more than unreadable or corrupt. */
static void settle_queue(struct maker *m, struct vr_queue *q)
{
	unsigned taken = below(m, 17), returned = below(m, 17);
	uint16_t reaped = (uint16_t)m->base;

	q->failed = q->packed = q->in_order = q->moving = false;
	q->in_use = q->size_known = true;
	q->num = q->size_read = q->split.num = 16;
	q->broken = q->event_triggered = READ(0);
	q->event = READ(any_flag(m));
	q->last_used_idx = READ(reaped);
	q->split.avail_idx = q->avail_idx_shadow = READ((uint16_t)(reaped + taken));
	q->split.used_idx = READ((uint16_t)(reaped + returned % (taken + 1)));
	q->split.avail_event = READ((uint16_t)(reaped + below(m, 20)));
	q->split.used_event = READ((uint16_t)(reaped + below(m, 20)));
	q->split.avail_flags = q->avail_flags_shadow = READ(below(m, 2));
	q->split.used_flags = READ(below(m, 2));
	q->num_free = READ(16 - taken);
	q->num_added = READ(below(m, 4) ? 0 : below(m, 3));
	q->free_head = READ(0);
	q->callback = READ(below(m, 4));
	q->napi.scheduled = READ(any_flag(m));
	q->napi.enabled = READ(below(m, 8) != 7);
	q->slots = (struct vr_slots){ .tokens = taken, .complete = true };
	vr_ring_derive(q);
	for (unsigned n = below(m, 6); n; n--)
		*(struct vr_val *)((uint8_t *)q +
			queue_vals[below(m, COUNT_OF(queue_vals))]) = any_val(m);
	vr_notify_replay(q);
}

static void settle_device(struct vr_device *d)
{
	d->enabled = d->up = d->carrier = d->link = READ(1);
	d->failed = READ(0);
	d->features = READ(1ULL << 32 | 1ULL << 29);
	d->type = READ(d->queues && d->queues[0].dir == VR_OTHER ? VR_ID_BLOCK : VR_ID_NET);
}

static void make_device(struct maker *m, struct vr_device *d)
{
#define AT(x) offsetof(struct vr_device, x)
	static const size_t at[] = { AT(ref.inum), AT(virtio_index), AT(features),
		AT(max_pairs), AT(curr_pairs), AT(features_high), AT(type), AT(bound), AT(up),
		AT(carrier), AT(link), AT(failed), AT(enabled), AT(refill_pending),
		AT(refill_enabled), AT(watchdog_ms) };
#undef AT

	bool settled = below(m, 4);

	any_vals(m, d, at, COUNT_OF(at));
	d->ref.addr = any_number(m);
	d->ref.net = any_number(m);
	TEXT(m, d->ref.name);
	TEXT(m, d->virtio_name);
	TEXT(m, d->driver);
	TEXT(m, d->parent);
	TEXT(m, d->transport);
	d->virtnet_info = any_number(m);
	d->virtio_device = any_number(m);
	d->unlisted = any_flag(m);
	d->nqueues = below(m, 5);
	d->queues = need(m, d->nqueues, sizeof(*d->queues));
	for (unsigned i = 0; i < d->nqueues; i++) {
		make_queue(m, &d->queues[i]);
		if (settled)
			settle_queue(m, &d->queues[i]);
	}
	if (settled)
		settle_device(d);
}

void make_guest(struct maker *m, struct vr_snapshot *ret)
{
	m->base = take16(&m->in);
	TEXT(m, ret->nodename);
	TEXT(m, ret->release);
	ret->ndevices = 1 + below(m, 3);
	ret->devices = need(m, ret->ndevices, sizeof(*ret->devices));
	for (unsigned i = 0; i < ret->ndevices; i++)
		make_device(m, &ret->devices[i]);
}

void move_guest(struct maker *m, struct vr_snapshot *g)
{
	for (unsigned i = 0; i < g->ndevices; i++)
		for (unsigned k = 0; k < g->devices[i].nqueues && m->in.size; k++)
			*(struct vr_val *)((uint8_t *)&g->devices[i].queues[k] +
				queue_vals[below(m, COUNT_OF(queue_vals))]) = any_val(m);
}
