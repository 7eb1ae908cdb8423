// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snapshots_host.c - a host's snapshot, and what goes with both sides', made of an input.
 */
#include "snapshots.h"

/* ---- a host ---------------------------------------------------------------------------- */

static void make_task(struct maker *m, struct vr_task *t)
{
	t->addr = any_number(m);
	t->mm = any_number(m);
	t->state = any_val(m);
	t->on_cpu = any_val(m);
	t->pid = any_val(m);
	TEXT(m, t->comm);
}

static void make_vhost(struct maker *m, struct vr_vhost *v)
{
	v->kind = below(m, VR_VHOST_SCSI + 1);
	v->addr = any_number(m);
	v->dev = any_number(m);
	v->mm = any_number(m);
	make_task(m, &v->owner);
	v->owner_runs = any_flag(m);
	v->nvqs = any_val(m);
	v->cid = any_val(m);
	v->iotlb = any_flag(m);
	v->zeros = any_flag(m);
	v->iotlb_lost = !v->iotlb && v->zeros;
	v->nregions = below(m, 4);
	v->regions = need(m, v->nregions, sizeof(*v->regions));
	for (unsigned i = 0; i < v->nregions; i++)
		v->regions[i] = (struct vr_region){ any_number(m), any_number(m), any_number(m) };
}

static const size_t hostq_vals[] = {
#define AT(x) offsetof(struct vr_hostq, x)
	AT(ref.inum), AT(queue_index), AT(num), AT(last_avail_idx), AT(avail_idx),
	AT(last_used_idx), AT(used_flags), AT(signalled_used), AT(signalled_used_valid),
	AT(acked_features), AT(busyloop_timeout), AT(locked), AT(backend), AT(is_le), AT(upend_idx),
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

	any_vals(m, q, hostq_vals, COUNT_OF(hostq_vals));
	q->vhost = &h->vhosts[below(m, h->nvhosts)];
	TEXT(m, q->device);
	TEXT(m, q->ref.name);
	/* A host's labels are ours. */
	snprintf(q->label, sizeof(q->label), "rx%u", below(m, 256));
	q->ref.addr = any_number(m);
	q->vq = (unsigned)any_number(m) % (any_flag(m) ? 2 : 4096);
	q->tun = any_number(m);
	q->tun_file = any_number(m);
	q->detached = any_flag(m);
	q->tap = any_flag(m);
	q->socket_wq = any_number(m);
	q->wait_entry = any_number(m);
	q->vhost_virtqueue = any_number(m);
	q->kick_poll.addr = any_number(m);
	q->backend_poll.addr = any_number(m);
	q->txq.addr = any_number(m);
	make_task(m, &q->worker);
	make_split(m, &q->ring, sizes[below(m, 4)]);
	make_chains(m, &q->chains);
	q->why = below(m, 8) > VR_TR_UNKNOWN ? VR_TR_OK : below(m, VR_TR_UNKNOWN + 1);
	q->zeros = below(m, 8) == 7;
	q->moving = any_flag(m);
	if (any_flag(m)) {
		vr_host_notify_replay(q);
	} else {
		make_notify(m, &q->kick);
		make_notify(m, &q->signal);
	}
}

#define READ(n)	((struct vr_val){ (n), VR_READ })

/* A queue that could be, of which the input then changes a little. */
static void settle_hostq(struct maker *m, struct vr_hostq *q)
{
	unsigned published = below(m, 17), taken = below(m, 17);
	uint16_t returned = (uint16_t)m->base;

	q->why = VR_TR_OK;
	q->zeros = q->moving = q->detached = false;
	q->num = READ(16);
	q->ring.num = 16;
	q->desc = READ(0x1000);
	q->avail = READ(0x1100);
	q->used = READ(0x2000);
	q->backend = READ(below(m, 8) ? 1 : 0);
	q->last_used_idx = q->ring.used_idx = READ(returned);
	q->signalled_used = READ((uint16_t)(returned - below(m, 3)));
	q->signalled_used_valid = READ(1);
	q->last_avail_idx = READ((uint16_t)(returned + taken % (published + 1)));
	q->avail_idx = q->ring.avail_idx = READ((uint16_t)(returned + published));
	q->ring.avail_event = READ((uint16_t)(returned + below(m, 20)));
	q->ring.used_event = READ((uint16_t)(returned + below(m, 20)));
	q->used_flags = q->ring.used_flags = READ(below(m, 2));
	q->next_head = READ(below(m, 16));
	q->kick_poll.queued = READ(below(m, 4) == 3);
	q->backend_poll.queued = READ(below(m, 4) == 3);
	q->worker.addr = 1;
	q->worker.state = READ(any_flag(m));
	q->rxq_head = q->rxq_tail = READ(0);
	for (unsigned n = below(m, 6); n; n--)
		*(struct vr_val *)((uint8_t *)q +
			hostq_vals[below(m, COUNT_OF(hostq_vals))]) = any_val(m);
	vr_host_notify_replay(q);
}

void make_host(struct maker *m, struct vr_host *ret)
{
	m->base = take16(&m->in);
	TEXT(m, ret->nodename);
	TEXT(m, ret->release);
	ret->memory = any_flag(m);
	ret->nvhosts = 1 + below(m, 3);
	ret->vhosts = need(m, ret->nvhosts, sizeof(*ret->vhosts));
	for (unsigned i = 0; i < ret->nvhosts; i++)
		make_vhost(m, &ret->vhosts[i]);
	ret->nqueues = below(m, 5);
	ret->queues = need(m, ret->nqueues, sizeof(*ret->queues));
	for (unsigned i = 0; i < ret->nqueues; i++) {
		make_hostq(m, ret, &ret->queues[i]);
		if (below(m, 4))
			settle_hostq(m, &ret->queues[i]);
	}
}

/* ---- what goes with them ------------------------------------------------------------------ */

void make_errors(struct maker *m, struct vr_ctx *c)
{
	c->nerrors = below(m, 4) ? below(m, 4) : below(m, 80);
	for (unsigned i = 0; i < c->nerrors && i < VR_MAX_ERRORS; i++) {
		struct vr_error *e = &c->errors[i];

		*e = (struct vr_error){ .code = below(m, VR_E_MEMORY + 1),
			.what = "avail ring", .of = "tun_struct", .module = "tun",
			.addr = any_number(m), .value = any_number(m), .limit = any_number(m),
			.len = (uint32_t)any_number(m) };
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
		q->dma_desc = other->dma_desc = (struct vr_val){ any_number(m), VR_READ };
		q->dma_avail = other->dma_avail = (struct vr_val){ any_number(m), VR_READ };
		q->dma_used = other->dma_used = (struct vr_val){ any_number(m), VR_READ };
		other->acked_features.v &= d->features.v;
		other->vhost = h->queues[0].vhost;
		other->ref.addr = h->queues[0].ref.addr;
		/* What was made for a packed ring does not fit a split one. */
		q->slots.length = NULL;
		q->split.num = q->num;
	}
}

void move_host(struct maker *m, struct vr_host *h)
{
	for (unsigned i = 0; i < h->nqueues && m->in.size; i++)
		*(struct vr_val *)((uint8_t *)&h->queues[i] +
			hostq_vals[below(m, COUNT_OF(hostq_vals))]) = any_val(m);
}
