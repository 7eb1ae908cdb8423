// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snapshots.c - makes snapshots of an input.
 */
#include <string.h>

#include "snapshots.h"

static void *need(struct maker *m, size_t n, size_t size)
{
	void *p = vr_alloc(&m->arena, n ? n : 1, size);

	if (!p)
		abort();
	return p;
}

/* ---- values ---------------------------------------------------------------------- */

static uint64_t number(struct maker *m)
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

static struct vr_val val(struct maker *m)
{
	unsigned b = take8(&m->in);

	if (b % 16 == 0)
		return (struct vr_val){ .have = VR_ABSENT };
	if (b % 16 == 1)
		return (struct vr_val){ number(m), VR_UNREAD };
	return (struct vr_val){ b & 0x80 ? m->base + b / 16 % 8 : number(m), VR_READ };
}

static bool flag(struct maker *m)
{
	return take8(&m->in) & 1;
}

static unsigned below(struct maker *m, unsigned n)
{
	return take8(&m->in) % n;
}

/* A name as it may be in a dump. */
static void text(struct maker *m, char *buf, size_t size)
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

#define TEXT(m, array)	text(m, array, sizeof(array))

/* The values of a struct that are anything, by where they are in it. */
static void fill(struct maker *m, void *owner, const size_t *at, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*(struct vr_val *)((uint8_t *)owner + at[i]) = val(m);
}

/* ---- rings -------------------------------------------------------------------------- */

static void make_split(struct maker *m, struct vr_split *s, uint32_t num)
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
	s->desc = number(m);
	s->avail = number(m);
	s->used = number(m);
	fill(m, s, at, COUNT_OF(at));
	s->avail_last.slot = s->used_reap.slot = (uint32_t)number(m);
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

	p->desc = number(m);
	fill(m, p, at, COUNT_OF(at));
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
			.at = (uint32_t)number(m), .value = number(m),
			.other = number(m) };
	s->complete = flag(m);
	s->stray = below(m, 4);
	s->adding = flag(m);
	if (!q->num || flag(m))
		return;
	s->state = make_states(m, q->num);
	s->token = need(m, q->num, sizeof(*s->token));
	for (uint32_t i = 0; i < q->num; i++) {
		s->count[s->state[i]]++;
		s->token[i] = s->state[i] == VR_SLOT_FREE ? 0 : number(m);
		s->tokens += s->token[i] != 0;
	}
	s->buffer = make_states(m, q->num);
	if (!q->packed)
		return;
	s->length = need(m, q->num, sizeof(*s->length));
	for (uint32_t i = 0; i < q->num; i++)
		s->length[i] = (uint16_t)number(m);
}

static void make_chains(struct maker *m, struct vr_chains *s)
{
	*s = (struct vr_chains){ .wanted = flag(m), .known = flag(m), .bus = flag(m),
		.capped = flag(m), .packed = flag(m), .nchains = below(m, 4),
		.ndescs = below(m, 8) };
	s->chain = need(m, s->nchains, sizeof(*s->chain));
	s->desc = need(m, s->ndescs, sizeof(*s->desc));
	for (uint32_t i = 0; i < s->nchains; i++) {
		uint32_t first = s->ndescs ? below(m, s->ndescs) : 0;

		s->chain[i] = (struct vr_chain){ .head = (uint32_t)number(m),
			.id = (uint32_t)number(m), .first = first,
			.count = s->ndescs > first ? below(m, s->ndescs - first + 1) : 0,
			.stop = below(m, VR_STOP_OTHER + 1), .readable = number(m),
			.writable = number(m) };
	}
	for (uint32_t i = 0; i < s->ndescs; i++)
		s->desc[i] = (struct vr_desc){ .index = (uint32_t)number(m),
			.indirect = flag(m), .flags = (uint16_t)number(m),
			.next = (uint16_t)number(m), .len = (uint32_t)number(m),
			.addr = number(m) };
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

	fill(m, p, at, COUNT_OF(at));
	TEXT(m, p->dev);
	p->flow.version = versions[below(m, 3)];
	for (unsigned i = 0; i < 16; i++) {
		p->flow.src[i] = (uint8_t)number(m);
		p->flow.dst[i] = (uint8_t)number(m);
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

	fill(m, r, at, COUNT_OF(at));
	r->addr = number(m);
	r->op_name = flag(m) ? "READ" : NULL;
	r->age_from = flag(m) ? "start_time_ns" : NULL;
	TEXT(m, r->disk);
	return r;
}

static void make_owners(struct maker *m, struct vr_owners *s)
{
	*s = (struct vr_owners){ .wanted = flag(m), .known = flag(m),
				 .count = below(m, 4) };
	s->total = s->count + below(m, 3);
	s->owner = need(m, s->count, sizeof(*s->owner));
	for (uint32_t i = 0; i < s->count; i++) {
		struct vr_owner *o = &s->owner[i];

		*o = (struct vr_owner){ .head = (uint32_t)number(m),
			.kind = below(m, VR_OWNER_REQUEST + 1),
			.why = below(m, 4) ? NULL : "no pointer", .orphan = flag(m),
			.returned = flag(m), .token = number(m), .addr = number(m),
			.readable = val(m), .writable = val(m), .truesize = val(m),
			.xsk_len = val(m) };
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
	AT(napi.scheduled), AT(napi.disabled), AT(napi.enabled), AT(irq.number),
	AT(irq.disabled), AT(irq.masked), AT(irq.unhandled), AT(irq.count), AT(irq.cpu),
	AT(irq.more_cpus), AT(irq.softirqs), AT(irq.net_tx), AT(irq.net_rx), AT(irq.idle),
	AT(irq.panicked), AT(dma_desc), AT(dma_avail), AT(dma_used), AT(index), AT(num_free),
	AT(free_head), AT(num_added), AT(last_used_idx), AT(avail_idx_shadow),
	AT(avail_flags_shadow), AT(event), AT(event_triggered), AT(indirect), AT(broken),
	AT(weak_barriers), AT(counts.in_flight), AT(counts.device_pending),
	AT(counts.driver_pending), AT(kick.event), AT(interrupt.event),
#undef AT
};

static void make_notify(struct maker *m, struct vr_notify *n)
{
	n->known = flag(m);
	n->event_idx = flag(m);
	n->due = flag(m);
	n->suppressed = flag(m);
}

static void make_queue(struct maker *m, struct vr_queue *q)
{
	static const uint32_t sizes[] = { 16, 0, 1, 4, 13, 64, 256, 32768 };
	unsigned size = take8(&m->in);

	fill(m, q, queue_vals, COUNT_OF(queue_vals));
	q->dir = below(m, VR_OTHER + 1);
	q->pair = (unsigned)number(m);
	TEXT(m, q->label);
	TEXT(m, q->name);
	TEXT(m, q->irq.name);
	q->in_use = !flag(m);
	q->parked = flag(m);
	q->packed = below(m, 4) == 3;
	q->in_order = below(m, 4) == 3;
	/* The largest only now and then, for it takes long. */
	q->num = sizes[size % 8 == 7 && size != 255 ? 0 : size % 8];
	q->failed = below(m, 8) == 7;
	q->moving = flag(m);
	q->size_read = number(m);
	q->size_known = flag(m);
	q->owner = number(m);
	q->vring_virtqueue = number(m);
	q->txq.addr = number(m);
	q->napi.addr = number(m);
	q->irq.have = below(m, 3);
	q->irq.desc = number(m);
	q->irq.shared = flag(m);
	q->desc_state = number(m);
	if (q->packed)
		make_packed(m, &q->pk);
	else
		make_split(m, &q->split, below(m, 8) ? q->num : 0);
	make_slots(m, q);
	make_chains(m, &q->chains);
	make_owners(m, &q->owners);
	if (flag(m)) {
		vr_notify_replay(q);
	} else {
		make_notify(m, &q->kick);
		make_notify(m, &q->interrupt);
	}
}

static void make_device(struct maker *m, struct vr_device *d)
{
#define AT(x) offsetof(struct vr_device, x)
	static const size_t at[] = { AT(ref.inum), AT(virtio_index), AT(features),
		AT(max_pairs), AT(curr_pairs), AT(features_high), AT(type), AT(bound), AT(up),
		AT(carrier), AT(link), AT(failed), AT(enabled), AT(refill_pending),
		AT(refill_enabled), AT(watchdog_ms) };
#undef AT

	fill(m, d, at, COUNT_OF(at));
	d->ref.addr = number(m);
	d->ref.net = number(m);
	TEXT(m, d->ref.name);
	TEXT(m, d->virtio_name);
	TEXT(m, d->driver);
	TEXT(m, d->parent);
	TEXT(m, d->transport);
	d->virtnet_info = number(m);
	d->virtio_device = number(m);
	d->unlisted = flag(m);
	d->nqueues = below(m, 5);
	d->queues = need(m, d->nqueues, sizeof(*d->queues));
	for (unsigned i = 0; i < d->nqueues; i++)
		make_queue(m, &d->queues[i]);
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

/* ---- a host ---------------------------------------------------------------------------- */

static void make_task(struct maker *m, struct vr_task *t)
{
	t->addr = number(m);
	t->mm = number(m);
	t->state = val(m);
	t->on_cpu = val(m);
	t->pid = val(m);
	TEXT(m, t->comm);
}

static void make_vhost(struct maker *m, struct vr_vhost *v)
{
	v->kind = below(m, VR_VHOST_SCSI + 1);
	v->addr = number(m);
	v->dev = number(m);
	v->mm = number(m);
	make_task(m, &v->owner);
	v->owner_runs = flag(m);
	v->nvqs = val(m);
	v->cid = val(m);
	v->iotlb = flag(m);
	v->zeros = flag(m);
	v->nregions = below(m, 4);
	v->regions = need(m, v->nregions, sizeof(*v->regions));
	for (unsigned i = 0; i < v->nregions; i++)
		v->regions[i] = (struct vr_region){ number(m), number(m), number(m) };
}

static const size_t hostq_vals[] = {
#define AT(x) offsetof(struct vr_hostq, x)
	AT(ref.inum), AT(queue_index), AT(num), AT(last_avail_idx), AT(avail_idx),
	AT(last_used_idx), AT(used_flags), AT(signalled_used), AT(signalled_used_valid),
	AT(acked_features), AT(busyloop_timeout), AT(backend), AT(is_le), AT(upend_idx),
	AT(done_idx), AT(desc), AT(avail), AT(used), AT(kick_count), AT(call_count),
	AT(error_count), AT(rxq_head), AT(rxq_tail), AT(kick_poll.wqh), AT(kick_poll.queued),
	AT(backend_poll.wqh), AT(backend_poll.queued), AT(tx_ring_size), AT(tx_ring_used),
	AT(sock_qlen), AT(next_head), AT(txq.state), AT(txq.age_ms), AT(txq.qlen),
	AT(txq.trans_timeout), AT(dma_desc), AT(dma_avail), AT(dma_used), AT(kick.event),
	AT(signal.event),
#undef AT
};

static void make_hostq(struct maker *m, struct vr_host *h, struct vr_hostq *q)
{
	static const uint32_t sizes[] = { 16, 0, 1, 256 };

	fill(m, q, hostq_vals, COUNT_OF(hostq_vals));
	q->vhost = &h->vhosts[below(m, h->nvhosts)];
	TEXT(m, q->device);
	TEXT(m, q->ref.name);
	/* A host's labels are ours. */
	snprintf(q->label, sizeof(q->label), "rx%u", below(m, 256));
	q->ref.addr = number(m);
	q->vq = (unsigned)number(m) % (flag(m) ? 2 : 4096);
	q->tun = number(m);
	q->tun_file = number(m);
	q->detached = flag(m);
	q->tap = flag(m);
	q->socket_wq = number(m);
	q->wait_entry = number(m);
	q->vhost_virtqueue = number(m);
	q->kick_poll.addr = number(m);
	q->backend_poll.addr = number(m);
	q->txq.addr = number(m);
	make_task(m, &q->worker);
	make_split(m, &q->ring, sizes[below(m, 4)]);
	make_chains(m, &q->chains);
	q->why = below(m, 8) > VR_TR_UNKNOWN ? VR_TR_OK : below(m, VR_TR_UNKNOWN + 1);
	q->zeros = below(m, 8) == 7;
	q->moving = flag(m);
	if (flag(m)) {
		vr_host_notify_replay(q);
	} else {
		make_notify(m, &q->kick);
		make_notify(m, &q->signal);
	}
}

void make_host(struct maker *m, struct vr_host *ret)
{
	m->base = take16(&m->in);
	TEXT(m, ret->nodename);
	TEXT(m, ret->release);
	ret->memory = flag(m);
	ret->nvhosts = 1 + below(m, 3);
	ret->vhosts = need(m, ret->nvhosts, sizeof(*ret->vhosts));
	for (unsigned i = 0; i < ret->nvhosts; i++)
		make_vhost(m, &ret->vhosts[i]);
	ret->nqueues = below(m, 5);
	ret->queues = need(m, ret->nqueues, sizeof(*ret->queues));
	for (unsigned i = 0; i < ret->nqueues; i++)
		make_hostq(m, ret, &ret->queues[i]);
}

/* ---- what goes with them ------------------------------------------------------------------ */

void make_errors(struct maker *m, struct vr_ctx *c)
{
	c->nerrors = below(m, 4) ? below(m, 4) : below(m, 80);
	for (unsigned i = 0; i < c->nerrors && i < VR_MAX_ERRORS; i++) {
		struct vr_error *e = &c->errors[i];

		*e = (struct vr_error){ .code = below(m, VR_E_MEMORY + 1),
			.what = "avail ring", .of = "tun_struct", .module = "tun",
			.addr = number(m), .value = number(m), .limit = number(m),
			.len = (uint32_t)number(m) };
		TEXT(m, e->device);
		TEXT(m, e->queue);
	}
}

void make_fit(struct maker *m, struct vr_snapshot *g, struct vr_host *h)
{
	struct vr_device *d = &g->devices[0];

	for (unsigned i = 0; i < d->nqueues && i < h->nqueues; i++) {
		struct vr_queue *q = &d->queues[i];
		struct vr_hostq *other = &h->queues[i];

		q->packed = false;
		q->dir = other->vhost->kind != VR_VHOST_NET ? VR_OTHER :
			 other->vq ? VR_TX : VR_RX;
		other->num = (struct vr_val){ q->num, VR_READ };
		q->dma_desc = other->dma_desc = (struct vr_val){ number(m), VR_READ };
		q->dma_avail = other->dma_avail = (struct vr_val){ number(m), VR_READ };
		q->dma_used = other->dma_used = (struct vr_val){ number(m), VR_READ };
		other->acked_features.v &= d->features.v;
		other->vhost = h->queues[0].vhost;
		other->ref.addr = h->queues[0].ref.addr;
		/* What was made for a packed ring does not fit a split one. */
		q->slots.length = NULL;
		q->split.num = q->num;
	}
}

void move_guest(struct maker *m, struct vr_snapshot *g)
{
	for (unsigned i = 0; i < g->ndevices; i++)
		for (unsigned k = 0; k < g->devices[i].nqueues && m->in.size; k++)
			*(struct vr_val *)((uint8_t *)&g->devices[i].queues[k] +
				queue_vals[below(m, COUNT_OF(queue_vals))]) = val(m);
}

void move_host(struct maker *m, struct vr_host *h)
{
	for (unsigned i = 0; i < h->nqueues && m->in.size; i++)
		*(struct vr_val *)((uint8_t *)&h->queues[i] +
			hostq_vals[below(m, COUNT_OF(hostq_vals))]) = val(m);
}
