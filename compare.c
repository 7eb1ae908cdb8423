// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compare.c - which queues of a guest and of a host are the two ends of one, and where
 * between them something waits.
 *
 * Names prove nothing, and one ring's addresses prove little: guests that boot alike
 * put their rings at the same guest-physical addresses.  So devices are matched as a
 * whole, and where several fit, none is joined.  Differences of indices are mod 2^16.
 */
#include <inttypes.h>
#include <string.h>

#include "check.h"
#include "compare.h"

#define MAX_CANDIDATES	4096u
#define MAX_TRIES	50000000u	/* pairs of queues, all in all */
/* LOG_ALL and NET_VIRTIO_NET_HDR are between vhost and its owner. */
#define VHOST_PRIVATE	(1ULL << 26 | 1ULL << 27)
#define USED_F_NO_NOTIFY	1u

static uint16_t apart(struct vr_val a, struct vr_val b)
{
	return (uint16_t)(a.v - b.v);
}

static bool are_read(struct vr_val a, struct vr_val b)
{
	return vr_is_read(a) && vr_is_read(b);
}

/* ---- which belong together --------------------------------------------------------------- */

static bool same(struct vr_val a, struct vr_val b)
{
	return are_read(a, b) && a.v == b.v;
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
	return q->num == h->num.v && (!are_read(d->features, h->acked_features) ||
	       !(h->acked_features.v & ~VHOST_PRIVATE & ~d->features.v));
}

/* .. and by their indices, if they are of one moment or nearly so. */
static bool is_plausible(const struct vr_queue *q, const struct vr_hostq *h)
{
	return (!are_read(q->split.avail_idx, h->last_avail_idx) ||
		apart(q->split.avail_idx, h->last_avail_idx) <= q->num) &&
	       (!are_read(h->last_used_idx, q->split.used_idx) ||
		apart(h->last_used_idx, q->split.used_idx) <= q->num);
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
 * it has is known only when all were looked at. */
static void join(struct vr_comparison *k)
{
	if (k->gave_up)
		return;
	for (unsigned i = 0; i < k->ncandidates; i++) {
		struct vr_candidate *a = &k->candidates[i];

		a->joined = a->plausible;
		for (unsigned o = 0; o < k->ncandidates && a->joined; o++) {
			const struct vr_candidate *b = &k->candidates[o];

			if (o != i && b->plausible &&
			    (b->first == a->first ||
			     (b->d == a->d && overlap(k, a, b))))
				a->joined = false;
		}
	}
}

/* ---- where something waits ------------------------------------------------------------------ */

struct ends {
	struct vr_judge j;
	struct vr_pair *p;
	const struct vr_queue *q;
	const struct vr_hostq *h;
	uint64_t waiting;	/* packets for the guest, in vhost and the tap */
	bool sure;		/* one end alone says so */
};

static enum vr_state say(struct ends *e, enum vr_where where, enum vr_state state,
			 enum vr_severity severity, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Of two moments nothing can be wrong together: what the one end has not seen may not
 * have been there yet. */
static enum vr_state say(struct ends *e, enum vr_where where, enum vr_state state,
			 enum vr_severity severity, const char *format, ...)
{
	bool alarm = severity > VR_SEV_INFO && e->p->apart_in_time && !e->sure;
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	e->p->where = where;
	return vr_conclude(&e->j, state, alarm ? VR_SEV_INFO : severity, "%s%s", text,
			   alarm ? " (by two moments, so it may be motion)" : "");
}

/* Either end alone may be sure already. */
static bool one_end_is_sure(struct ends *e)
{
	const struct vr_verdict *g = &e->q->verdict, *h = &e->h->verdict;

	e->sure = true;
	if (g->state == VR_ST_CORRUPT || g->state == VR_ST_BROKEN)
		say(e, g->state == VR_ST_CORRUPT ? VR_AT_RING : VR_AT_DRIVER, g->state,
		    VR_SEV_ERROR, "the guest's end is %s",
		    vr_state_name(g->state));
	else if (h->state == VR_ST_CORRUPT || h->state == VR_ST_VHOST_ERROR)
		say(e, h->state == VR_ST_CORRUPT ? VR_AT_RING : VR_AT_WORKER, h->state,
		    VR_SEV_ERROR, "the host's end is %s",
		    vr_state_name(h->state));
	else if (h->state == VR_ST_STOPPED)
		say(e, VR_AT_BACKEND, VR_ST_STOPPED, g->state == VR_ST_STOPPED ?
		    VR_SEV_INFO : VR_SEV_WARN, "the host's end is stopped, the guest's is %s",
		    vr_state_name(g->state));
	else if (g->state == VR_ST_STOPPED)
		say(e, VR_AT_DRIVER, VR_ST_STOPPED, VR_SEV_INFO, "the guest's end is stopped");
	else
		e->sure = false;
	return e->sure;
}

/* A kick or an interrupt that nobody has yet is on its way at times in any guest that
 * runs; one that rests has neither under way for long. */
static enum vr_severity in_time(const struct vr_hostq *h)
{
	return h->vhost->owner_runs ? VR_SEV_INFO : VR_SEV_WARN;
}

static const char *on_its_way(const struct vr_hostq *h)
{
	return vr_task_is_stopped(&h->vhost->owner) ?
	       "held up, for the owner is stopped" : h->vhost->owner_runs ?
	       "on its way (the owner runs)" : "this very moment on its way";
}

/* Published, and not taken by vhost though it has reason to. */
static bool is_not_taken(struct ends *e)
{
	const struct vr_queue *q = e->q;
	const struct vr_hostq *h = e->h;
	uint16_t left = apart(q->split.avail_idx, h->last_avail_idx);
	bool parked = vr_host_is_parked(h);

	if (!are_read(q->split.avail_idx, h->last_avail_idx) || !left ||
	    (parked && !e->waiting))
		return false;
	if (!h->worker.addr || !vr_is_read(h->worker.state))
		say(e, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO,
		    "%u published and not taken, what the worker does was not read", left);
	else if (h->verdict.state == VR_ST_KICK_NOT_SERVED && !vr_worker_sleeps(h))
		say(e, VR_AT_WORKER, VR_ST_KICK_NOT_SERVED, h->verdict.severity,
		    "%u published and not taken, work is queued and the worker gets no CPU, or is blocked",
		    left);
	else if (vr_work_queued(h) || !vr_worker_sleeps(h))
		say(e, VR_AT_WORKER, vr_worker_sleeps(h) ? VR_ST_KICK_NOT_SERVED :
		    VR_ST_ACTIVE, vr_worker_sleeps(h) ? VR_SEV_WARN : VR_SEV_OK,
		    "%u published and not taken, %s", left, vr_worker_sleeps(h) ?
		    "work is queued and the worker sleeps" : "the worker has it in hand");
	else if (h->used_flags.v & USED_F_NO_NOTIFY)
		say(e, VR_AT_BACKEND, VR_ST_NOT_CONSUMING, VR_SEV_WARN,
		    "%u published and not taken, vhost waits for %s", left,
		    h->backend_poll.wqh.v ? "the tap" : "nothing that is seen");
	else if (q->num_added.v)
		say(e, VR_AT_DRIVER, VR_ST_ACTIVE, VR_SEV_OK,
		    "%u published and not taken, the driver is about to kick", left);
	else if (parked && h->avail_idx.v == q->split.avail_idx.v)
		say(e, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_WARN,
		    "%" PRIu64 " packets wait, the %u buffers left are too few for the next",
		    e->waiting, left);
	else
		say(e, VR_AT_KICK, VR_ST_LOST_KICK, in_time(h),
		    "%u published and not taken, vhost waits for a kick, the driver has none to give: lost, or %s",
		    left, on_its_way(h));
	return true;
}

static bool has_no_buffers(struct ends *e)
{
	const struct vr_queue *q = e->q;
	const struct vr_hostq *h = e->h;

	if (!e->waiting || !are_read(q->split.avail_idx, h->last_avail_idx) ||
	    apart(q->split.avail_idx, h->last_avail_idx))
		return false;
	if (q->counts.driver_pending.v)
		return false;	/* then who has not reaped is the matter */
	say(e, VR_AT_DRIVER, VR_ST_RX_STARVED, VR_SEV_WARN,
	    "%" PRIu64 " packets wait and the guest has posted no buffers", e->waiting);
	return true;
}

/* Returned by vhost, and not reaped by the guest. */
static bool is_not_reaped(struct ends *e)
{
	const struct vr_queue *q = e->q;
	const struct vr_hostq *h = e->h;
	bool polls = vr_is_read(q->napi.scheduled) && q->napi.scheduled.v &&
		     !(vr_is_read(q->napi.enabled) && !q->napi.enabled.v);
	bool told = are_read(h->signalled_used, q->split.used_idx) &&
		    (uint16_t)h->signalled_used.v == (uint16_t)q->split.used_idx.v;
	bool blocked = e->waiting && !q->counts.device_pending.v;
	char calls[24];

	if (!vr_is_read(q->counts.driver_pending) || !q->counts.driver_pending.v ||
	    !q->interrupt.known)
		return false;
	if (polls) {
		say(e, VR_AT_NAPI, blocked ? VR_ST_NOT_REAPING : VR_ST_ACTIVE,
		    blocked ? VR_SEV_INFO : VR_SEV_OK,
		    "%" PRIu64 " returned and not reaped, NAPI is scheduled",
		    q->counts.driver_pending.v);
		return true;
	}
	if (!q->interrupt.due || (vr_is_read(q->callback) && !q->callback.v))
		return false;
	if (q->napi.addr && !vr_is_read(q->napi.scheduled))
		say(e, VR_AT_NAPI, VR_ST_NOT_REAPING, VR_SEV_INFO,
		    "%" PRIu64 " returned and not reaped, what NAPI does was not read",
		    q->counts.driver_pending.v);
	else if (told || (h->signal.known && !h->signal.event_idx))
		say(e, VR_AT_INTERRUPT, VR_ST_LOST_INTERRUPT, in_time(h),
		    "%" PRIu64 " returned and not reaped, vhost has signalled used %" PRIu64
		    ", call count %s, callbacks are on%s: lost, or %s",
		    q->counts.driver_pending.v, h->signalled_used.v,
		    vr_val_text(h->call_count, calls),
		    q->napi.addr ? ", NAPI is not scheduled" : "", on_its_way(h));
	else
		say(e, VR_AT_WORKER, VR_ST_ACTIVE, VR_SEV_INFO,
		    "%" PRIu64 " returned and not reaped, vhost has not signalled yet (used %"
		    PRIu64 ")", q->counts.driver_pending.v, h->signalled_used.v);
	return true;
}

/* Taken by vhost, and not returned. */
static bool is_not_returned(struct ends *e)
{
	const struct vr_hostq *h = e->h;
	uint16_t held = apart(h->last_avail_idx, h->last_used_idx);

	if (!h->vq || !are_read(h->last_avail_idx, h->last_used_idx) || !held)
		return false;
	say(e, VR_AT_BACKEND, VR_ST_ACTIVE, VR_SEV_INFO,
	    "%u taken and not returned: with the tap (zero copy), in a batch, or left over from a restart",
	    held);
	return true;
}

/* Each word of the ring, which both ends know, or where the host's side of it is
 * missing, vhost's own idea of it. */
static void compare_moments(struct vr_pair *p)
{
	const struct vr_split *g = &p->q->split, *h = &p->h->ring;
	bool readable = p->h->why == VR_TR_OK && !p->h->zeros;
	struct vr_val used = readable ? h->used_idx : p->h->last_used_idx;

	p->moment_known = readable && are_read(g->avail_idx, h->avail_idx);
	p->apart_in_time = (p->moment_known && apart(g->avail_idx, h->avail_idx)) ||
			   (are_read(g->used_idx, used) && apart(g->used_idx, used));
	p->moment_known = p->moment_known || p->apart_in_time;
}

static void judge(struct vr_ctx *c, struct vr_pair *p)
{
	struct ends e = { .j = { .c = c, .v = &p->joint }, .p = p, .q = p->q, .h = p->h,
			  .waiting = vr_host_packets(p->h) };

	compare_moments(p);
	if (one_end_is_sure(&e) || is_not_reaped(&e) || is_not_taken(&e) ||
	    has_no_buffers(&e) || is_not_returned(&e))
		return;
	say(&e, VR_AT_NOBODY, VR_ST_IDLE, VR_SEV_OK, "both ends agree, nothing waits");
}

/* ---- the comparison ------------------------------------------------------------------------------ */

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
		judge(c, p);
	}
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
	for (unsigned i = 0; i < ret->ncandidates; i++)
		if (ret->candidates[i].joined)
			pair_up(c, ret, &ret->candidates[i]);
	return 0;
}

/* ---- a part of it ------------------------------------------------------------------------------ */

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
