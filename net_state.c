// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * net_state.c - what the guest's network stack knows of a device: link, transmit
 * queues, NAPI, the work that refills receive rings.
 */
#include "irq.h"

/* Bits of net_device.state: an enum that has not moved since 2.6. */
#define LINK_STATE_START	0
#define LINK_STATE_NOCARRIER	2
#define STATUS_LINK_UP		1	/* VIRTIO_NET_S_LINK_UP */
#define WORK_PENDING		1	/* bit 0 of work_struct.data */
#define QDISC_CPUSTATS		0x20	/* TCQ_F_CPUSTATS */
#define MAX_CPUS		8192
#define SKB_FRAG_SIZE	16	/* skb_frag_t, a bio_vec since 5.4, of a 64-bit kernel */

static struct vr_val bit(struct vr_val v, unsigned n)
{
	if (v.have == VR_READ)
		v.v = v.v >> n & 1;
	return v;
}

static struct vr_val inverse(struct vr_val v)
{
	if (v.have == VR_READ)
		v.v = !v.v;
	return v;
}

static struct vr_val watchdog_ms(struct vr_ctx *c, const struct vr_obj *dev)
{
	struct vr_val v = vr_get(c, dev, VR_DEV_WATCHDOG,
				 "net_device.watchdog_timeo");

	/* A signed number; 0 until the first device of its kind is opened. */
	if (v.have == VR_READ && v.v > INT32_MAX)
		v.have = VR_UNREAD;
	return vr_jiffies_ms(c, v);
}

/* How many fragments this kernel's packets may have: the size of an array says it. */
static struct vr_val max_frags(const struct vr_ctx *c)
{
	if (!vr_has(c, VR_SKB_FRAGS))
		return (struct vr_val){ .have = VR_UNREAD };
	return (struct vr_val){ c->layout.f[VR_SKB_FRAGS].size / SKB_FRAG_SIZE, VR_READ };
}

void vr_net_device_state(struct vr_ctx *c, struct vr_device *d)
{
	struct vr_obj dev = { .addr = d->ref.addr };
	struct vr_obj vi = { .addr = d->virtnet_info };
	struct vr_val state = vr_get(c, &dev, VR_DEV_STATE, "net_device.state");
	struct vr_obj refill = { .addr = vi.addr +
					 c->layout.f[VR_VI_REFILL].offset };

	vr_net_txqs(c, d->ref.addr, &d->txqs);
	d->up = bit(state, LINK_STATE_START);
	d->carrier = inverse(bit(state, LINK_STATE_NOCARRIER));
	d->link = bit(vr_get(c, &vi, VR_VI_STATUS, "virtnet_info.status"), 0);
	d->refill_enabled = vr_get(c, &vi, VR_VI_REFILL_ENABLED,
				   "virtnet_info.refill_enabled");
	d->refill_pending = (struct vr_val){ .have = VR_ABSENT };
	if (vr_has(c, VR_VI_REFILL))
		d->refill_pending = bit(vr_get(c, &refill, VR_WORK_DATA,
					       "virtnet_info.refill"), 0);
	d->watchdog_ms = watchdog_ms(c, &dev);
	d->max_frags = max_frags(c);
	d->deferred = vr_get(c, &dev, VR_DEV_DEFER, "net_device.napi_defer_hard_irqs");
}

/* What a queueing discipline without a lock has, counted by each CPU; a CPU may
 * count another's packets down, so only the sum means something. */
static struct vr_val qlen_of_cpus(struct vr_ctx *c, struct vr_val first,
				  uint64_t percpu)
{
	if (first.have != VR_READ || !percpu || !vr_has(c, VR_GNET_QLEN))
		return (struct vr_val){ .have = VR_UNREAD };
	return vr_sum_over_cpus(c, (uint32_t)first.v, percpu +
				c->layout.f[VR_GNET_QLEN].offset);
}

static struct vr_val qdisc_qlen(struct vr_ctx *c, uint64_t addr)
{
	static const enum vr_slot members[] = {
		VR_QDISC_FLAGS, VR_QDISC_QLEN, VR_QDISC_QSTATS_QLEN,
		VR_QDISC_CPU_QSTATS,
	};
	struct vr_obj qdisc = vr_obj_cover(c, addr, members, 4);
	struct vr_val flags = vr_get(c, &qdisc, VR_QDISC_FLAGS, "Qdisc.flags");

	if (flags.have == VR_READ && (flags.v & QDISC_CPUSTATS) && !vr_has(c, VR_QDISC_ATOMIC))
		return qlen_of_cpus(c, vr_get(c, &qdisc, VR_QDISC_QSTATS_QLEN,
					      "Qdisc.qstats.qlen"),
				    vr_get_aligned(c, &qdisc, VR_QDISC_CPU_QSTATS,
						   4, NULL));
	return vr_get(c, &qdisc, VR_QDISC_QLEN, "Qdisc.q.qlen");
}

void vr_net_txqs(struct vr_ctx *c, uint64_t net_device, struct vr_txqs *ret)
{
	struct vr_obj dev = { .addr = net_device };

	ret->count = vr_get(c, &dev, VR_DEV_NUM_TX, "net_device.num_tx_queues");
	ret->base = vr_get_ptr(c, &dev, VR_DEV_TX, "net_device._tx");
}

void vr_net_txq(struct vr_ctx *c, const struct vr_txqs *all, uint64_t n,
		struct vr_txq *ret)
{
	static const enum vr_slot members[] = {
		VR_TXQ_STATE, VR_TXQ_TRANS_START, VR_TXQ_QDISC, VR_TXQ_TIMEOUTS,
	};
	struct vr_obj txq;
	uint64_t qdisc;

	if (!all->base || all->count.have != VR_READ || n >= all->count.v ||
	    !vr_has(c, VR_SZ_NETDEV_QUEUE))
		return;
	ret->addr = all->base + n * c->layout.f[VR_SZ_NETDEV_QUEUE].size;
	txq = vr_obj_cover(c, ret->addr, members, 4);
	ret->state = vr_get(c, &txq, VR_TXQ_STATE, "netdev_queue.state");
	ret->age_ms = vr_age_jiffies(c, vr_get(c, &txq, VR_TXQ_TRANS_START,
				       "netdev_queue.trans_start"));
	ret->trans_timeout = vr_get(c, &txq, VR_TXQ_TIMEOUTS,
				    "netdev_queue.trans_timeout");
	qdisc = vr_get_ptr(c, &txq, VR_TXQ_QDISC, NULL);
	ret->qlen = (struct vr_val){ .have = VR_UNREAD };
	if (qdisc)
		ret->qlen = qdisc_qlen(c, qdisc);
}

/* What the driver counts for itself. */
static void read_stats(struct vr_ctx *c, struct vr_queue *q, uint64_t owner)
{
	struct vr_obj o = { .addr = owner };

	q->kicks = vr_get(c, &o, q->dir == VR_TX ? VR_SQ_KICKS : VR_RQ_KICKS,
			  "kicks");
	if (q->dir == VR_TX)
		q->txq.tx_timeouts = vr_get(c, &o, VR_SQ_TIMEOUTS,
					    "tx_timeouts");
}

/* The driver says so before it asks the device, virtqueue.reset behind the answer. */
static void read_reset(struct vr_ctx *c, struct vr_queue *q, uint64_t owner)
{
	struct vr_obj o = { .addr = owner };
	struct vr_val v = vr_get(c, &o, VR_SQ_RESET, "send_queue.reset");

	if (v.have != VR_ABSENT && !(q->reset.have == VR_READ && q->reset.v))
		q->reset = v;
}

/* A bit that an enum numbers. */
static struct vr_val bit_by(const struct vr_ctx *c, struct vr_val v,
			    enum vr_constant number)
{
	if (c->layout.constant[number] == VR_NO_CONSTANT)
		return (struct vr_val){ .have = VR_UNREAD };
	return bit(v, c->layout.constant[number] & 63);
}

static void read_napi(struct vr_ctx *c, const struct vr_device *d, struct vr_queue *q,
		      uint64_t napi)
{
	struct vr_obj o = { .addr = napi };

	q->napi.deferred = vr_has(c, VR_NAPI_DEFER) ?
			   vr_get(c, &o, VR_NAPI_DEFER, "napi_struct.defer_hard_irqs") :
			   d->deferred;
	q->napi.addr = napi;
	q->napi.state = vr_get(c, &o, VR_NAPI_STATE, "napi_struct.state");
	q->napi.weight = vr_get(c, &o, VR_NAPI_WEIGHT, "napi_struct.weight");
	q->napi.scheduled = bit(q->napi.state, 0);
	q->napi.disabled = bit_by(c, q->napi.state, VR_C_NAPI_DISABLE);
	q->napi.enabled = bit_by(c, q->napi.state, VR_C_NAPI_NPSVC);
	q->napi.enabled.v = !q->napi.enabled.v;
	/* virtio_net enables none of this weight, and up to 5.8 a fresh one looked enabled
	 * and scheduled. */
	if (q->napi.weight.have == VR_READ && !q->napi.weight.v)
		q->napi.enabled = (struct vr_val){ 0, VR_READ };
}

/* There is a NAPI, and nothing of it is known. */
static void lose_napi(struct vr_queue *q)
{
	const struct vr_val unread = { .have = VR_UNREAD };

	q->napi = (struct vr_napi){ .lost = true, .scheduled = unread, .disabled = unread,
		.enabled = unread, .state = unread, .weight = unread, .deferred = unread };
}

/* The driver's own struct of the queue is not to be found. */
static void lose_state(struct vr_ctx *c, struct vr_queue *q)
{
	bool tx = q->dir == VR_TX;
	enum vr_slot napi = tx ? VR_SQ_NAPI : VR_RQ_NAPI;

	if (vr_has(c, napi) || c->layout.f[napi].missed)
		lose_napi(q);
	if (vr_has(c, tx ? VR_SQ_KICKS : VR_RQ_KICKS))
		q->kicks.have = VR_UNREAD;
	if (tx && vr_has(c, VR_SQ_TIMEOUTS))
		q->txq.tx_timeouts.have = VR_UNREAD;
}

void vr_net_queue_state(struct vr_ctx *c, const struct vr_device *d,
			struct vr_queue *q, uint64_t owner)
{
	enum vr_slot napi = q->dir == VR_TX ? VR_SQ_NAPI : VR_RQ_NAPI;

	if (q->dir == VR_CTRL)
		return;
	if (q->dir == VR_TX)
		vr_net_txq(c, &d->txqs, q->pair, &q->txq);
	if (!owner) {
		lose_state(c, q);
		return;
	}
	if (q->dir == VR_TX)
		read_reset(c, q, owner);
	read_stats(c, q, owner);
	if (vr_has(c, napi))
		read_napi(c, d, q, owner + c->layout.f[napi].offset);
	else if (c->layout.f[napi].missed)
		lose_napi(q);
}
