// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compare.c - which queues of a guest and of a host are the two ends of one.
 *
 * Names prove nothing, and one ring's addresses prove little: guests that boot alike
 * put their rings at the same guest-physical addresses.  So devices are matched as a
 * whole, and where several fit, none is joined.  Differences of indices are mod 2^16.
 */
#include "check.h"
#include "compare.h"

#define MAX_CANDIDATES	4096u
#define MAX_TRIES	50000000u	/* pairs of queues, all in all */
/* LOG_ALL and NET_VIRTIO_NET_HDR are between vhost and its owner. */
#define VHOST_PRIVATE	(1ULL << 26 | 1ULL << 27)

/* ---- which belong together ------------------------------------------------------- */

static bool same(struct vr_val a, struct vr_val b)
{
	return vr_are_read(a, b) && a.v == b.v;
}

static bool is_set_up(const struct vr_hostq *h)
{
	return vr_is_read(h->num) && h->num.v > 1 && vr_is_read(h->dma_desc) &&
	       vr_is_read(h->dma_avail) && vr_is_read(h->dma_used);
}

/* Could these two be one queue, by what does not change while it runs? */
static bool fits(const struct vr_device *d, const struct vr_queue *q,
		 const struct vr_hostq *h)
{
	if (q->packed || !same(q->dma_desc, h->dma_desc) ||
	    !same(q->dma_avail, h->dma_avail) || !same(q->dma_used, h->dma_used))
		return false;
	if (q->dir != (h->vhost->kind != VR_VHOST_NET ? VR_OTHER : h->vq ? VR_TX : VR_RX))
		return false;
	return q->num == h->num.v && (!vr_are_read(d->features, h->acked_features) ||
	       !(h->acked_features.v & ~VHOST_PRIVATE & ~d->features.v));
}

/* .. and by their indices, if they are of one moment or nearly so. */
static bool is_plausible(const struct vr_queue *q, const struct vr_hostq *h)
{
	return (!vr_are_read(q->split.avail_idx, h->last_avail_idx) ||
		vr_apart(q->split.avail_idx, h->last_avail_idx) <= q->num) &&
	       (!vr_are_read(h->last_used_idx, q->split.used_idx) ||
		vr_apart(h->last_used_idx, q->split.used_idx) <= q->num);
}

/* The host's queues that are one device's: of one net device and one owner, else of
 * one vhost device.  Returns how many from 'first' on. */
static unsigned group_at(const struct vr_host *h, unsigned first)
{
	const struct vr_hostq *a = &h->queues[first];
	unsigned n = 1;

	while (first + n < h->nqueues) {
		const struct vr_hostq *b = &a[n];

		if (a->ref.addr ? b->ref.addr != a->ref.addr ||
				  b->vhost->mm != a->vhost->mm :
				  b->ref.addr || b->vhost->dev != a->vhost->dev)
			break;
		n++;
	}
	return n;
}

static const struct vr_queue *partner(struct vr_comparison *k, const struct vr_device *d,
				      const struct vr_hostq *h)
{
	k->gave_up = k->gave_up || (k->tried += d->nqueues) > MAX_TRIES;
	for (unsigned i = 0; i < d->nqueues && !k->gave_up; i++)
		if (fits(d, &d->queues[i], h))
			return &d->queues[i];
	return NULL;
}

/* Queues of a network device that a host which serves it has to have. */
static unsigned queues_in_use(const struct vr_device *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->nqueues; i++)
		n += d->queues[i].in_use && vr_is_read(d->queues[i].dma_desc) &&
		     (d->queues[i].dir == VR_RX || d->queues[i].dir == VR_TX);
	return n;
}

/* Does every queue of the group that was set up have its other end in this device? */
static bool device_fits(struct vr_comparison *k, struct vr_candidate *one)
{
	unsigned found = 0;

	one->plausible = true;
	for (unsigned i = one->first; i < one->first + one->count; i++) {
		const struct vr_hostq *h = &k->h->queues[i];
		const struct vr_queue *q;

		k->tried++;
		if (!is_set_up(h))
			continue;
		q = partner(k, one->d, h);
		if (!q)
			return false;
		found++;
		one->plausible = one->plausible && is_plausible(q, h);
	}
	k->tried += one->d->nqueues;
	one->whole = found >= queues_in_use(one->d);
	return found > 0;
}

static int add_candidate(struct vr_ctx *c, struct vr_comparison *k,
			 struct vr_candidate one)
{
	struct vr_candidate *more = vr_grow(&c->arena, k->candidates, k->ncandidates,
					    &k->room, sizeof(*more));

	if (!more)
		return -1;
	k->candidates = more;
	k->candidates[k->ncandidates++] = one;
	return 0;
}

static int find_candidates(struct vr_ctx *c, struct vr_comparison *k)
{
	for (unsigned first = 0, n; first < k->h->nqueues; first += n) {
		struct vr_candidate one = { .first = first,
			.count = n = group_at(k->h, first) };

		for (unsigned i = 0; i < k->g->ndevices; i++) {
			one.d = &k->g->devices[i];
			if (k->ncandidates == MAX_CANDIDATES || k->tried > MAX_TRIES)
				k->gave_up = true;
			if (k->gave_up)
				return 0;
			if (device_fits(k, &one) && add_candidate(c, k, one))
				return -1;
			one.number += one.d->nqueues;
		}
	}
	return 0;
}

/* Are there queues of one device that both groups may be the other end of?  Several
 * groups may share a device: without its backends each pair of queues is one by itself. */
static bool overlap(struct vr_comparison *k, const struct vr_candidate *a,
		    const struct vr_candidate *b)
{
	for (unsigned i = a->first; i < a->first + a->count; i++) {
		k->gave_up = k->gave_up || (k->tried += b->count) > MAX_TRIES;
		for (unsigned o = b->first; o < b->first + b->count && !k->gave_up; o++)
			if (same(k->h->queues[i].dma_desc, k->h->queues[o].dma_desc))
				return true;
	}
	return k->gave_up;
}

/* Joined is what fits, indices and all, where neither end has another choice; whether
 * it has is known only when all were looked at.  A part of a device is no choice where
 * there is all of it: a document may hold a part, though, and a queue be without vhost. */
static void join(struct vr_comparison *k)
{
	if (k->gave_up)
		return;
	for (unsigned i = 0; i < k->ncandidates; i++) {
		struct vr_candidate *a = &k->candidates[i];

		a->joined = a->plausible;
		for (unsigned o = 0; o < k->ncandidates && a->joined; o++) {
			const struct vr_candidate *b = &k->candidates[o];

			if (o != i && b->plausible && (b->whole || !a->whole) &&
			    (b->first == a->first ||
			     (b->d == a->d && overlap(k, a, b))))
				a->joined = false;
		}
	}
}

/* ---- the comparison -------------------------------------------------------------- */

static void pair_up(struct vr_ctx *c, struct vr_comparison *k,
		    const struct vr_candidate *one)
{
	for (unsigned i = one->first; i < one->first + one->count; i++) {
		const struct vr_hostq *h = &k->h->queues[i];
		const struct vr_queue *q = is_set_up(h) ? partner(k, one->d, h) : NULL;
		struct vr_pair *p = &k->pairs[k->npairs];
		uint8_t *taken;

		if (!q)
			continue;
		taken = &k->guest_paired[one->number + (unsigned)(q - one->d->queues)];
		if (*taken)
			continue;	/* a queue has one other end */
		*p = (struct vr_pair){ .d = one->d, .q = q, .h = h };
		k->npairs++;
		k->host_paired[i] = *taken = 1;
		vr_judge_pair(c, p);
	}
}

static bool other_space(struct vr_val *first, const struct vr_netdev_ref *ref)
{
	if (!ref->addr || !vr_is_read(ref->inum))
		return false;
	if (!vr_is_read(*first))
		*first = ref->inum;
	return first->v != ref->inum.v;
}

static void look_at_spaces(struct vr_comparison *k)
{
	struct vr_val g = { .have = VR_UNREAD }, h = g;

	for (unsigned i = 0; i < k->g->ndevices; i++)
		k->guest_spaces = other_space(&g, &k->g->devices[i].ref) || k->guest_spaces;
	for (unsigned i = 0; i < k->h->nqueues; i++)
		k->host_spaces = other_space(&h, &k->h->queues[i].ref) || k->host_spaces;
}

int vr_compare(struct vr_ctx *c, const struct vr_snapshot *g, const struct vr_host *h,
	       struct vr_comparison *ret)
{
	size_t queues = 0;

	*ret = (struct vr_comparison){ .g = g, .h = h };
	for (unsigned i = 0; i < g->ndevices; i++)
		queues += g->devices[i].nqueues;
	ret->guest_paired = vr_alloc(&c->arena, queues + 1, 1);
	ret->host_paired = vr_alloc(&c->arena, (size_t)h->nqueues + 1, 1);
	ret->pairs = vr_alloc(&c->arena, (size_t)h->nqueues + 1, sizeof(*ret->pairs));
	if (!ret->guest_paired || !ret->host_paired || !ret->pairs ||
	    find_candidates(c, ret))
		return -1;
	join(ret);
	look_at_spaces(ret);
	for (unsigned i = 0; i < ret->ncandidates; i++)
		if (ret->candidates[i].joined)
			pair_up(c, ret, &ret->candidates[i]);
	return 0;
}

/* ---- a part of it ---------------------------------------------------------------- */

struct chosen {
	bool host_side;
	const uint64_t *addr;
	unsigned n;
};

static bool is_chosen(const struct chosen *o, uint64_t addr)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->addr[i] == addr)
			return true;
	return false;
}

static bool concerns(const struct vr_comparison *k, const struct vr_candidate *a,
		     const struct chosen *o)
{
	for (unsigned i = 0; o->host_side && i < a->count; i++)
		if (is_chosen(o, k->h->queues[a->first + i].vhost_virtqueue))
			return true;
	for (unsigned i = 0; !o->host_side && i < a->d->nqueues; i++)
		if (is_chosen(o, a->d->queues[i].vring_virtqueue))
			return true;
	return false;
}

/* Of what nobody asked for, it is not told that it has no partner. */
static void hide_others(struct vr_comparison *k, const struct chosen *o)
{
	unsigned n = 0;

	for (unsigned i = 0; i < k->g->ndevices; i++)
		for (unsigned q = 0; q < k->g->devices[i].nqueues; q++, n++)
			if (o->host_side || !is_chosen(o, k->g->devices[i].queues[q].vring_virtqueue))
				k->guest_paired[n] = 1;
	for (unsigned i = 0; i < k->h->nqueues; i++)
		if (!o->host_side || !is_chosen(o, k->h->queues[i].vhost_virtqueue))
			k->host_paired[i] = 1;
}

void vr_compare_narrow(struct vr_comparison *k, bool host_side, const uint64_t *chosen,
		       unsigned nchosen)
{
	const struct chosen o = { host_side, chosen, nchosen };
	unsigned pairs = 0, candidates = 0;

	for (unsigned i = 0; i < k->npairs; i++)
		if (is_chosen(&o, host_side ? k->pairs[i].h->vhost_virtqueue :
					      k->pairs[i].q->vring_virtqueue))
			k->pairs[pairs++] = k->pairs[i];
	k->npairs = pairs;
	for (unsigned i = 0; i < k->ncandidates; i++)
		if (concerns(k, &k->candidates[i], &o))
			k->candidates[candidates++] = k->candidates[i];
	k->ncandidates = candidates;
	hide_others(k, &o);
}
