// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost_queue.c - one queue of a vhost device: vhost's own indices, who waits
 * and works for it, and the ring words in the memory of the process that owns
 * the guest.
 */
#include "vring.h"

#define WORK_QUEUED	1	/* bit number in vhost_work.flags */
#define MUTEX_FLAGS	7ull	/* in the lowest bits of its owner */
#define AVAIL_RING	4u
#define USED_RING	4u
#define USED_ELEM	8u

uint64_t vr_vhost_vq(struct vr_ctx *c, const struct vr_vhost *v, unsigned vq,
		     const char *what)
{
	static const enum vr_slot members[] = { VR_VHD_NVQS, VR_VHD_VQS };
	struct vr_obj dev = vr_obj_cover(c, v->dev, members, 2);
	struct vr_val n = vr_get(c, &dev, VR_VHD_NVQS, what ? "vhost_dev.nvqs" : NULL);
	struct vr_error e = { .what = what, .len = 8 };
	uint64_t table, addr;

	if (n.have != VR_READ || n.v > VR_MAX_VHOST_VQS || vq >= n.v)
		return 0;
	table = vr_get_ptr(c, &dev, VR_VHD_VQS, what);
	if (!table)
		return 0;
	e.addr = table + 8u * vq;
	e.code = VR_E_READ;
	if (!vr_read(c, e.addr, &addr, sizeof(addr))) {
		if (addr && !(addr & 7))
			return addr;
		e.code = addr ? VR_E_WILD : VR_E_NULL;
		e.value = addr;
	}
	if (what)
		vr_error_add(c, e);
	return 0;
}

/* ---- the ring in user memory ------------------------------------------------------ */

/* A legacy ring is in its guest's order, which vhost was told (VHOST_SET_VRING_ENDIAN). */
bool vr_host_ring_is_big(const struct vr_ctx *c, const struct vr_hostq *q)
{
	return q->is_le.have == VR_READ ? !q->is_le.v : c->t->big_endian;
}

/* Two words that follow each other, or one; VR_TR_OK, or why one of them is not there. */
static enum vr_translation words(struct vr_ctx *c, const struct vr_hostq *q, uint64_t addr,
				 bool big, struct vr_val *first, struct vr_val *second)
{
	enum vr_translation r = VR_TR_UNKNOWN, other;
	size_t len = second ? 4 : 2;
	uint8_t b[4] = { 0 };

	/* They may lie on two pages. */
	if (second && (addr & 3)) {
		r = words(c, q, addr, big, first, NULL);
		other = words(c, q, addr + 2, big, second, NULL);
		return r != VR_TR_OK ? r : other;
	}
	if (vr_ring_to_user(q->vhost, addr, &addr))
		r = vr_read_user(c, q->vhost->mm, addr, b, len);
	if (r != VR_TR_OK)
		return r;
	*first = (struct vr_val){ big ? b[0] << 8 | b[1] : b[1] << 8 | b[0], VR_READ };
	if (second)
		*second = (struct vr_val){ big ? b[2] << 8 | b[3] :
						 b[3] << 8 | b[2], VR_READ };
	return VR_TR_OK;
}

/* A word at the end of a ring, which may be on another page than the indices: without
 * it the ring is still a ring. */
static void event_word(struct vr_ctx *c, const struct vr_hostq *q, uint64_t addr, bool big,
		       struct vr_val *ret, const char *what)
{
	if (words(c, q, addr, big, ret, NULL) != VR_TR_OK && q->why == VR_TR_OK)
		vr_error_add(c, (struct vr_error){ .code = VR_E_READ, .what = what,
			.addr = addr, .len = 2 });
}

/* What vhost itself would not have taken for a ring. */
static void doubt_ring(struct vr_ctx *c, const struct vr_hostq *q)
{
	const struct {
		enum vr_slot slot;
		const char *what;
		struct vr_val at;
		unsigned align;
	} parts[] = {
		{ VR_VHQ_DESC, "vhost_virtqueue.desc", q->desc, 16 },
		{ VR_VHQ_AVAIL, "vhost_virtqueue.avail", q->avail, 2 },
		{ VR_VHQ_USED, "vhost_virtqueue.used", q->used, 4 },
	};
	struct vr_error e = { .code = VR_E_RANGE, .what = "vhost_virtqueue.num",
		.addr = q->vhost_virtqueue + c->layout.f[VR_VHQ_NUM].offset,
		.value = q->num.v, .limit = VR_MAX_RING };

	if (q->num.have != VR_READ || !q->desc.v)
		return;		/* not set up */
	if (!vr_hostq_bad_num(q) && (q->num.v & (q->num.v - 1)))
		e.code = VR_E_SHAPE;
	if (e.code == VR_E_SHAPE || vr_hostq_bad_num(q))
		vr_error_add(c, e);
	for (unsigned i = 0; i < 3; i++)
		if (parts[i].at.v & (parts[i].align - 1))
			vr_error_add(c, (struct vr_error){ .code = VR_E_WILD,
				.what = parts[i].what, .value = parts[i].at.v,
				.addr = q->vhost_virtqueue +
					c->layout.f[parts[i].slot].offset });
}

static void read_ring(struct vr_ctx *c, struct vr_hostq *q)
{
	struct vr_split *s = &q->ring;
	bool big = vr_host_ring_is_big(c, q);
	uint64_t avail = q->avail.v, used = q->used.v;
	enum vr_translation r;

	s->avail_flags.have = s->avail_idx.have = s->used_event.have = VR_UNREAD;
	s->used_flags.have = s->used_idx.have = s->avail_event.have = VR_UNREAD;
	q->why = VR_TR_UNKNOWN;
	doubt_ring(c, q);
	if (q->num.have != VR_READ || !q->num.v || q->num.v > VR_MAX_RING ||
	    !avail || !used || !q->vhost->mm)
		return;
	s->num = (uint32_t)q->num.v;
	q->why = words(c, q, avail, big, &s->avail_flags, &s->avail_idx);
	r = words(c, q, used, big, &s->used_flags, &s->used_idx);
	if (r != VR_TR_OK)
		q->why = r;
	event_word(c, q, avail + AVAIL_RING + 2u * s->num, big, &s->used_event,
		   "used_event in the owner's memory");
	event_word(c, q, used + USED_RING + USED_ELEM * s->num, big, &s->avail_event,
		   "avail_event in the owner's memory");
	if (q->last_avail_idx.have != VR_READ)
		return;
	q->next_head.have = VR_UNREAD;
	words(c, q, avail + AVAIL_RING + 2 * (q->last_avail_idx.v % s->num), big,
	      &q->next_head, NULL);
}

/* ---- who waits and works for it ------------------------------------------------------ */

static void read_poll(struct vr_ctx *c, uint64_t addr, struct vr_poll *p)
{
	static const enum vr_slot members[] = { VR_POLL_WQH, VR_POLL_WORK };
	const struct vr_field *f = c->layout.f;
	struct vr_obj o = vr_obj_cover(c, addr, members, 2);
	struct vr_obj work = { .addr = addr + f[VR_POLL_WORK].offset };
	uint64_t node;

	if (o.data) {
		work.data = o.data + (f[VR_POLL_WORK].offset - o.from);
		work.size = f[VR_POLL_WORK].size;
	}
	p->addr = addr;
	p->wqh = vr_get(c, &o, VR_POLL_WQH, "vhost_poll.wqh");
	p->queued = (struct vr_val){ .have = VR_UNREAD };
	if (vr_has(c, VR_WORK_FLAGS)) {
		p->queued = vr_get(c, &work, VR_WORK_FLAGS, "vhost_work.flags");
		p->queued.v = p->queued.v >> WORK_QUEUED & 1;
		return;
	}
	if (f[VR_WORK_FLAGS].missed)
		return;
	/* Before 4.9 queued work is a node on a list. */
	node = vr_get_ptr(c, &work, VR_WORK_NODE, NULL);
	if (node)
		p->queued = (struct vr_val){ node != work.addr +
					     f[VR_WORK_NODE].offset, VR_READ };
}

/* The task of a vhost_worker, by whichever member this kernel has set. */
static uint64_t worker_task(struct vr_ctx *c, uint64_t worker)
{
	struct vr_obj o = { .addr = worker }, vtsk;
	uint64_t task;

	if (!worker)
		return 0;
	task = vr_get_ptr(c, &o, VR_WORKER_KTHREAD, NULL);
	if (!task)
		task = vr_get_ptr(c, &o, VR_WORKER_TASK, NULL);
	if (task)
		return task;
	vtsk = (struct vr_obj){ .addr = vr_get_ptr(c, &o, VR_WORKER_VTSK, NULL) };
	return vtsk.addr ? vr_get_ptr(c, &vtsk, VR_VTSK_TASK, NULL) : 0;
}

static void read_worker_task(struct vr_ctx *c, uint64_t addr, struct vr_task *ret)
{
	struct vr_obj task = { .addr = addr };
	struct vr_val delayed;

	vr_read_task(c, addr, addr, ret);
	ret->on_cpu = vr_get(c, &task, VR_TASK_ON_CPU, NULL);
	ret->on_rq = vr_get(c, &task, VR_TASK_ON_RQ, NULL);
	delayed = vr_get(c, &task, VR_TASK_DELAYED, NULL);
	if (delayed.have == VR_READ && delayed.v)
		ret->on_rq = (struct vr_val){ .have = VR_READ };
}

static void read_worker(struct vr_ctx *c, struct vr_hostq *q,
			const struct vr_obj *vq)
{
	const struct vr_field *f = &c->layout.f[VR_VHD_WORKER];
	struct vr_obj dev = { .addr = q->vhost->dev };
	uint64_t task = 0, worker;

	if (vr_has(c, VR_VHQ_WORKER)) {
		task = worker_task(c, vr_get_ptr(c, vq, VR_VHQ_WORKER, NULL));
	} else if (f->known && f->size > 8) {
		task = worker_task(c, dev.addr + f->offset);
	} else if (f->known) {
		worker = vr_get_ptr(c, &dev, VR_VHD_WORKER, NULL);
		task = vr_has(c, VR_SZ_VHOST_WORKER) ? worker_task(c, worker) :
						       worker;
	}
	if (!task)
		return;
	/* Most often the device's queues share one; live, it is at something else by
	 * the time of the next. */
	if (q->vhost->worker.addr != task || c->t->live)
		read_worker_task(c, task, &q->vhost->worker);
	q->worker = q->vhost->worker;
}

/* Behind a pointer of the queue's; VR_ABSENT where that is NULL: nobody has given it one. */
static struct vr_val eventfd_count(struct vr_ctx *c, const struct vr_obj *vq, enum vr_slot s,
				   const char *what)
{
	struct vr_val ptr = vr_get(c, vq, s, NULL);
	struct vr_obj o = { .addr = 0 };

	if (ptr.have != VR_READ || !ptr.v)
		return (struct vr_val){ .have = ptr.have == VR_READ ? VR_ABSENT : VR_UNREAD };
	o.addr = vr_get_ptr(c, vq, s, what);
	/* A kick's is behind its file. */
	if (o.addr && s == VR_VHQ_KICK)
		o.addr = vr_get_ptr(c, &o, VR_FILE_PRIVATE, "file.private_data of the kick");
	return o.addr ? vr_get(c, &o, VR_EVENTFD_COUNT, "eventfd_ctx.count") :
			(struct vr_val){ .have = VR_UNREAD };
}

static void read_eventfds(struct vr_ctx *c, struct vr_hostq *q,
			  const struct vr_obj *vq)
{
	q->kick_count = eventfd_count(c, vq, VR_VHQ_KICK, "vhost_virtqueue.kick");
	q->call_count = eventfd_count(c, vq, VR_VHQ_CALL, "vhost_virtqueue.call_ctx");
	q->error_count = eventfd_count(c, vq, VR_VHQ_ERROR, "vhost_virtqueue.error_ctx");
}

/* vhost_net's own part of a queue. */
static void read_net_part(struct vr_ctx *c, struct vr_hostq *q)
{
	static const enum vr_slot members[] = { VR_VNQ_UPEND, VR_VNQ_DONE,
						VR_VNQ_RXQ_HEAD, VR_VNQ_RXQ_TAIL };
	const struct vr_field *f = c->layout.f;
	struct vr_obj o = vr_obj_cover(c, q->vhost_virtqueue - f[VR_VNQ_VQ].offset,
				       members, 4);

	q->upend_idx = vr_get(c, &o, VR_VNQ_UPEND, "upend_idx");
	q->done_idx = vr_get(c, &o, VR_VNQ_DONE, "done_idx");
	q->rxq_head = vr_get(c, &o, VR_VNQ_RXQ_HEAD, "rxq.head");
	q->rxq_tail = vr_get(c, &o, VR_VNQ_RXQ_TAIL, "rxq.tail");
	read_poll(c, q->vhost->addr + f[VR_VHN_POLL].offset +
		  (uint64_t)q->vq * f[VR_SZ_VHOST_POLL].size, &q->backend_poll);
}

/*
 * Members of vhost_virtqueue in front of its long array of buffers, and behind it:
 * a few hundred bytes of 18 KiB.
 */
static const enum vr_slot front[] = {
	VR_VHQ_NUM, VR_VHQ_DESC, VR_VHQ_AVAIL, VR_VHQ_USED, VR_VHQ_KICK, VR_VHQ_CALL,
	VR_VHQ_ERROR, VR_VHQ_LAST_AVAIL, VR_VHQ_AVAIL_IDX, VR_VHQ_LAST_USED,
	VR_VHQ_USED_FLAGS, VR_VHQ_SIGNALLED, VR_VHQ_SIGNALLED_VALID, VR_VHQ_WORKER,
	VR_VHQ_MUTEX,
};
static const enum vr_slot back[] = {
	VR_VHQ_FEATURES, VR_VHQ_BACKEND, VR_VHQ_IS_LE, VR_VHQ_BUSYLOOP,
};

static struct vr_obj front_of(struct vr_ctx *c, const struct vr_hostq *q)
{
	return vr_obj_cover(c, q->vhost_virtqueue, front,
			    sizeof(front) / sizeof(front[0]));
}

static void read_indices(struct vr_ctx *c, struct vr_hostq *q, const struct vr_obj *o)
{
	struct vr_obj b = vr_obj_cover(c, q->vhost_virtqueue, back,
				       sizeof(back) / sizeof(back[0]));
	struct vr_obj dev = { .addr = q->vhost->dev };
	bool old = vr_has_in(c, VR_VHQ_FEATURES, "vhost_dev");

	q->locked = vr_get(c, o, VR_VHQ_MUTEX, "vhost_virtqueue.mutex");
	q->locked_by = q->locked.v & ~MUTEX_FLAGS;
	q->locked.v = q->locked_by != 0;
	q->num = vr_get(c, o, VR_VHQ_NUM, "vhost_virtqueue.num");
	q->desc = vr_get(c, o, VR_VHQ_DESC, "vhost_virtqueue.desc");
	q->avail = vr_get(c, o, VR_VHQ_AVAIL, "vhost_virtqueue.avail");
	q->used = vr_get(c, o, VR_VHQ_USED, "vhost_virtqueue.used");
	q->last_avail_idx = vr_get(c, o, VR_VHQ_LAST_AVAIL, "last_avail_idx");
	q->avail_idx = vr_get(c, o, VR_VHQ_AVAIL_IDX, "avail_idx");
	q->last_used_idx = vr_get(c, o, VR_VHQ_LAST_USED, "last_used_idx");
	q->used_flags = vr_get(c, o, VR_VHQ_USED_FLAGS, "used_flags");
	q->signalled_used = vr_get(c, o, VR_VHQ_SIGNALLED, "signalled_used");
	q->signalled_used_valid = vr_get(c, o, VR_VHQ_SIGNALLED_VALID,
					 "signalled_used_valid");
	q->acked_features = vr_get(c, old ? &dev : &b, VR_VHQ_FEATURES,
				   "acked_features");
	q->acked_features_high = vr_get_second(c, &b, VR_VHQ_FEATURES);
	q->busyloop_timeout = vr_get(c, &b, VR_VHQ_BUSYLOOP, "busyloop_timeout");
	q->backend = vr_get(c, &b, VR_VHQ_BACKEND, "private_data");
	q->is_le = vr_get(c, &b, VR_VHQ_IS_LE, "is_le");
}

/* On a live system: did an index change since it was read, or who works on it?  Then
 * vhost's words and the ring's are of different moments. */
static bool has_moved(struct vr_ctx *c, const struct vr_hostq *q)
{
	struct vr_hostq now = *q;
	struct vr_obj o = front_of(c, q);

	read_indices(c, &now, &o);
	read_poll(c, q->kick_poll.addr, &now.kick_poll);
	read_worker(c, &now, &o);
	read_ring(c, &now);
	if (now.used_flags.v != q->used_flags.v ||
	    now.kick_poll.queued.v != q->kick_poll.queued.v ||
	    now.worker.state.v != q->worker.state.v ||
	    now.worker.on_cpu.v != q->worker.on_cpu.v ||
	    now.worker.on_rq.v != q->worker.on_rq.v)
		return true;
	return now.last_avail_idx.v != q->last_avail_idx.v ||
	       now.avail_idx.v != q->avail_idx.v ||
	       now.last_used_idx.v != q->last_used_idx.v ||
	       now.ring.avail_idx.v != q->ring.avail_idx.v ||
	       now.ring.used_idx.v != q->ring.used_idx.v;
}

void vr_vhost_queue(struct vr_ctx *c, struct vr_hostq *q)
{
	struct vr_obj o = front_of(c, q);

	read_indices(c, q, &o);
	read_eventfds(c, q, &o);
	read_poll(c, q->vhost_virtqueue + c->layout.f[VR_VHQ_POLL].offset,
		  &q->kick_poll);
	if (q->vhost->kind == VR_VHOST_NET)
		read_net_part(c, q);
	read_worker(c, q, &o);
	read_ring(c, q);
	q->moving = c->t->live && has_moved(c, q);
	q->dma_desc = vr_user_to_guest(q->vhost, q->desc);
	q->dma_avail = vr_user_to_guest(q->vhost, q->avail);
	q->dma_used = vr_user_to_guest(q->vhost, q->used);
}

/* ---- zeros ------------------------------------------------------------------------- */

static bool only_zeros(const struct vr_hostq *q)
{
	const struct vr_split *s = &q->ring;

	return q->why == VR_TR_OK &&
	       !(s->avail_flags.v | s->avail_idx.v | s->used_event.v |
		 s->used_flags.v | s->used_idx.v | s->avail_event.v);
}

/* A ring that is served and has had traffic is not all zeros: vhost wrote used->idx,
 * and the guest avail->idx. */
static bool betrays(const struct vr_hostq *q)
{
	return only_zeros(q) && q->backend.v &&
	       (q->last_used_idx.v || q->last_avail_idx.v || q->avail_idx.v);
}

static bool page_is_zeros(struct vr_ctx *c, uint64_t mm, uint64_t at)
{
	uint64_t page[512];

	if (vr_read_user(c, mm, at & ~(sizeof(page) - 1), page, sizeof(page)) != VR_TR_OK)
		return false;
	for (unsigned i = 0; i < sizeof(page) / sizeof(page[0]); i++)
		if (page[i])
			return false;
	return true;
}

/* The page with a process's arguments, its environment or its program's name is not
 * all zeros, whatever became of the process since. */
static bool stack_is_zeros(struct vr_ctx *c, uint64_t mm)
{
	struct vr_obj o = { .addr = mm };
	uint64_t at = vr_get_aligned(c, &o, VR_MM_ARG_START, 1, NULL);

	return at && page_is_zeros(c, mm, at);
}

/* Is it a part of the ring whose page is not in the dump?  'Written' is what stood in it
 * by vhost's own account. */
static bool part_is_zeros(struct vr_ctx *c, const struct vr_hostq *q, struct vr_val at,
			  struct vr_val written)
{
	uint64_t addr;

	return q->backend.v && written.v && vr_ring_to_user(q->vhost, at.v, &addr) &&
	       page_is_zeros(c, q->vhost->mm, addr);
}

/* Of the two parts of a ring one may be there. */
static void doubt_parts(struct vr_ctx *c, struct vr_hostq *q)
{
	struct vr_split *s = &q->ring;

	if (q->why != VR_TR_OK)
		return;
	if (!(s->avail_flags.v | s->avail_idx.v | s->used_event.v) &&
	    part_is_zeros(c, q, q->avail, q->avail_idx)) {
		s->avail_flags = s->avail_idx = s->used_event = q->next_head =
			(struct vr_val){ .have = VR_UNREAD };
		q->why = VR_TR_NO_PAGE;
	}
	if (!(s->used_flags.v | s->used_idx.v | s->avail_event.v) &&
	    part_is_zeros(c, q, q->used, q->last_used_idx)) {
		s->used_flags = s->used_idx = s->avail_event =
			(struct vr_val){ .have = VR_UNREAD };
		q->why = VR_TR_NO_PAGE;
	}
}

/* The same by a vhost device whose queues nobody asked for. */
static bool rest_betrays(struct vr_ctx *c, struct vr_vhost *v)
{
	for (unsigned vq = 0; vq < 2; vq++) {
		struct vr_hostq q = { .vhost = v, .vq = vq,
			.vhost_virtqueue = vr_vhost_vq(c, v, vq, NULL) };

		struct vr_obj o;

		if (!q.vhost_virtqueue)
			continue;
		o = front_of(c, &q);
		read_indices(c, &q, &o);
		read_ring(c, &q);
		if (betrays(&q))
			return true;
	}
	return false;
}

/* Is a process's memory missing from the dump, but reads as zeros? */
static bool memory_is_zeros(struct vr_ctx *c, const struct vr_host *h, uint64_t mm)
{
	for (unsigned i = 0; i < h->nqueues; i++)
		if (h->queues[i].vhost->mm == mm && betrays(&h->queues[i]))
			return true;
	if (stack_is_zeros(c, mm))
		return true;
	for (unsigned i = 0; i < h->nvhosts; i++)
		if (h->vhosts[i].mm == mm && !h->vhosts[i].shown &&
		    rest_betrays(c, &h->vhosts[i]))
			return true;
	return false;
}

/*
 * Pages that a dump filtered out read as zeros in an ELF core.  An idle ring may be
 * all zeros, too: what else there is of the process's memory tells which it is.
 */
void vr_vhost_doubt_zeros(struct vr_ctx *c, struct vr_host *h)
{
	for (unsigned i = 0; i < h->nqueues; i++) {
		struct vr_hostq *q = &h->queues[i];
		bool zeros;

		if (!only_zeros(q)) {
			doubt_parts(c, q);
			continue;
		}
		if (!q->vhost->judged) {
			zeros = memory_is_zeros(c, h, q->vhost->mm);
			for (unsigned k = 0; k < h->nvhosts; k++) {
				if (h->vhosts[k].mm != q->vhost->mm)
					continue;
				h->vhosts[k].judged = true;
				h->vhosts[k].zeros = zeros;
			}
		}
		q->zeros = q->vhost->zeros;
	}
}
