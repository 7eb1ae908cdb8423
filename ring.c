// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ring.c - the state of one ring: what the driver keeps for itself, and of a split ring
 * the words that both sides share and what each descriptor is used for.
 * Packed rings go on in packed.c.
 *
 * Sections are those of the virtio 1.2 specification.
 */
#include <string.h>

#include "ring.h"

/* Layout of the shared rings, 2.7.6 and 2.7.8; fixed by the ABI. */
#define AVAIL_RING	4u	/* after flags and idx */
#define USED_RING	4u
#define USED_ELEM	8u	/* id, len */

/* Values of the enum behind vring_virtqueue.layout (7.1). */

bool vr_event_passed(uint16_t event, uint16_t new_idx, uint16_t old)
{
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old);
}

static struct vr_val difference(struct vr_val a, struct vr_val b)
{
	if (a.have != VR_READ || b.have != VR_READ)
		return (struct vr_val){ .have = VR_UNREAD };
	return (struct vr_val){ (uint16_t)(a.v - b.v), VR_READ };
}

void vr_ring_derive(struct vr_queue *q)
{
	const struct vr_split *s = &q->split;

	q->counts.in_flight = difference(s->avail_idx, q->last_used_idx);
	q->counts.device_pending = difference(s->avail_idx, s->used_idx);
	q->counts.driver_pending = difference(s->used_idx, q->last_used_idx);
}

/* ---- what the driver keeps ------------------------------------------------ */

static void read_layout(struct vr_ctx *c, struct vr_queue *q,
			const struct vr_obj *o)
{
	struct vr_val packed = vr_get(c, o, VR_VVQ_PACKED_RING, "packed_ring");
	struct vr_val layout = vr_get(c, o, VR_VVQ_LAYOUT, "layout");

	const uint64_t *k = c->layout.constant;

	q->packed = packed.have == VR_READ && packed.v;
	q->unread_layout = packed.have == VR_UNREAD || layout.have == VR_UNREAD;
	if (layout.have != VR_READ)
		return;
	q->packed = layout.v == k[VR_C_PACKED] ||
		    layout.v == k[VR_C_PACKED_IN_ORDER];
	q->in_order = layout.v == k[VR_C_SPLIT_IN_ORDER] ||
		      layout.v == k[VR_C_PACKED_IN_ORDER];
	q->strange = !q->packed && !q->in_order && layout.v != k[VR_C_SPLIT];
	if (q->strange)
		vr_error_add(c, (struct vr_error){ .code = VR_E_RANGE,
			.what = "layout", .value = layout.v,
			.limit = k[VR_C_PACKED_IN_ORDER] });
}

/* struct virtqueue, the part of vring_virtqueue that drivers see. */
static void read_public_side(struct vr_ctx *c, struct vr_queue *q,
			     const struct vr_obj *vvq)
{
	uint32_t offset = c->layout.f[VR_VVQ_VQ].offset;
	struct vr_obj o = { .addr = vvq->addr + offset, .noted = vvq->noted };

	if (vvq->data && offset < vvq->size) {
		o.data = vvq->data + offset;
		o.size = vvq->size - offset;
	}
	q->callback = vr_get(c, &o, VR_VQ_CALLBACK, "virtqueue.callback");
	if (q->callback.have == VR_READ)
		q->callback.v = q->callback.v != 0;
	q->index = vr_get(c, &o, VR_VQ_INDEX, "virtqueue.index");
	q->num_free = vr_get(c, &o, VR_VQ_NUM_FREE, "virtqueue.num_free");
	q->reset = vr_get(c, &o, VR_VQ_RESET, "virtqueue.reset");
	vr_get_name(c, &o, VR_VQ_NAME, "virtqueue.name", q->name, sizeof(q->name));
}

static void read_driver_side(struct vr_ctx *c, struct vr_queue *q,
			     const struct vr_obj *o)
{
	q->free_head = vr_get(c, o, VR_VVQ_FREE_HEAD, "free_head");
	q->num_added = vr_get(c, o, VR_VVQ_NUM_ADDED, "num_added");
	q->last_used_idx = vr_get(c, o, VR_VVQ_LAST_USED_IDX, "last_used_idx");
	/* Of a union: in a packed ring other words are there. */
	q->avail_idx_shadow = q->avail_flags_shadow =
		(struct vr_val){ .have = VR_ABSENT };
	if (!q->packed) {
		q->avail_idx_shadow = vr_get(c, o, VR_VVQ_AVAIL_IDX_SHADOW,
					     "avail_idx_shadow");
		q->avail_flags_shadow = vr_get(c, o, VR_VVQ_AVAIL_FLAGS_SHADOW,
					       "avail_flags_shadow");
	}
	q->event = vr_get(c, o, VR_VVQ_EVENT, "event");
	q->event_triggered = vr_get(c, o, VR_VVQ_EVENT_TRIGGERED,
				    "event_triggered");
	q->indirect = vr_get(c, o, VR_VVQ_INDIRECT, "indirect");
	q->broken = vr_get(c, o, VR_VVQ_BROKEN, "broken");
	q->weak_barriers = vr_get(c, o, VR_VVQ_WEAK_BARRIERS, "weak_barriers");
}

/* The guest-physical address of a part of the ring: what a host knows it by. */
struct vr_val vr_ring_physical(struct vr_ctx *c, uint64_t addr)
{
	struct vr_val v = { .have = VR_UNREAD };

	if (addr && vr_virt_to_phys(c, addr, &v.v) == VR_TR_OK)
		v.have = VR_READ;
	return v;
}

uint32_t vr_ring_num(struct vr_ctx *c, struct vr_queue *q, struct vr_val num,
		     uint64_t addr, bool power_of_two)
{
	struct vr_error e = { .what = "vring.num", .value = num.v, .addr = addr,
			      .limit = VR_MAX_RING };

	if (num.have != VR_READ)
		return 0;
	q->size_read = num.v;
	q->size_known = true;
	if (!num.v || num.v > VR_MAX_RING) {
		e.code = VR_E_RANGE;
		vr_error_add(c, e);
		return 0;
	}
	if (power_of_two && (num.v & (num.v - 1))) {
		e.code = VR_E_SHAPE;
		vr_error_add(c, e);
		return 0;
	}
	return (uint32_t)num.v;
}

/* ---- what both sides share --------------------------------------------------- */

static void unread_words(struct vr_split *s)
{
	const struct vr_val none = { .have = VR_UNREAD };
	struct vr_entry *e[] = { &s->avail_last, &s->avail_next, &s->used_last,
				 &s->used_reap };

	s->avail_flags = s->avail_idx = s->used_event = none;
	s->used_flags = s->used_idx = s->avail_event = none;
	for (unsigned i = 0; i < 4; i++)
		e[i]->id = e[i]->len = none;
}

static void read_words(struct vr_ctx *c, struct vr_split *s, struct vr_pieces *p)
{
	size_t avail_end = AVAIL_RING + 2u * s->num;
	size_t used_end = USED_RING + USED_ELEM * s->num;

	if (s->avail)
		vr_span_load(c, &p->avail, s->avail, avail_end + 2, "avail ring");
	if (s->used)
		vr_span_load(c, &p->used, s->used, used_end + 2, "used ring");
	s->avail_flags = vr_span_get(&p->avail, 0, 2, p->big);
	s->avail_idx = vr_span_get(&p->avail, 2, 2, p->big);
	s->used_event = vr_span_get(&p->avail, avail_end, 2, p->big);
	s->used_flags = vr_span_get(&p->used, 0, 2, p->big);
	s->used_idx = vr_span_get(&p->used, 2, 2, p->big);
	s->avail_event = vr_span_get(&p->used, used_end, 2, p->big);
}

void vr_extra_load(struct vr_ctx *c, const struct vr_obj *vvq, enum vr_slot ptr,
		   uint32_t num, struct vr_span *ret)
{
	uint64_t extra = vr_get_ptr(c, vvq, ptr, "desc_extra");

	if (extra)
		vr_span_load(c, ret, extra,
			     (size_t)c->layout.f[VR_SZ_DESC_EXTRA].size * num,
			     "desc_extra");
}

struct vr_val vr_extra_next(const struct vr_ctx *c, const struct vr_span *extra, uint32_t i)
{
	const struct vr_field *f = c->layout.f;

	return vr_span_get(extra, (size_t)f[VR_SZ_DESC_EXTRA].size * i +
			   f[VR_EXTRA_NEXT].offset, 2, c->t->big_endian);
}

struct vr_val vr_avail_at(const struct vr_pieces *p, uint32_t slot)
{
	return vr_span_get(&p->avail, AVAIL_RING + 2u * slot, 2, p->big);
}

struct vr_val vr_used_at(const struct vr_pieces *p, uint32_t slot,
			     unsigned word)
{
	return vr_span_get(&p->used, USED_RING + USED_ELEM * slot + 4 * word, 4,
			   p->big);
}

static void read_entries(struct vr_queue *q, const struct vr_pieces *p)
{
	struct vr_split *s = &q->split;
	uint32_t mask = s->num - 1;

	if (s->avail_idx.have == VR_READ) {
		s->avail_last.slot = (uint16_t)(s->avail_idx.v - 1) & mask;
		s->avail_next.slot = (uint16_t)s->avail_idx.v & mask;
		s->avail_last.id = vr_avail_at(p, s->avail_last.slot);
		s->avail_next.id = vr_avail_at(p, s->avail_next.slot);
	}
	if (s->used_idx.have == VR_READ) {
		s->used_last.slot = (uint16_t)(s->used_idx.v - 1) & mask;
		s->used_last.id = vr_used_at(p, s->used_last.slot, 0);
		s->used_last.len = vr_used_at(p, s->used_last.slot, 1);
	}
	if (q->last_used_idx.have == VR_READ) {
		s->used_reap.slot = (uint16_t)q->last_used_idx.v & mask;
		s->used_reap.id = vr_used_at(p, s->used_reap.slot, 0);
		s->used_reap.len = vr_used_at(p, s->used_reap.slot, 1);
	}
}

/*
 * On a live system: did anything change since it was read?  Then the rest of the picture
 * may be of different moments.  All that the driver has counts, and not the indices
 * alone: an add that was caught before it moved the shadow, and had ended when the ring's
 * own words were read, leaves nothing else behind.
 */
static bool has_moved(struct vr_ctx *c, const struct vr_queue *q, const struct vr_obj *before,
		      bool words_big)
{
	struct vr_obj now = { .data = NULL };
	struct vr_split words = q->split;
	struct vr_pieces p = { .big = words_big };

	if (before->data)
		now = vr_obj_load(c, before->addr, before->size, NULL);
	if (now.data && memcmp(before->data, now.data, before->size))
		return true;
	if (q->packed)
		return false;
	unread_words(&words);
	read_words(c, &words, &p);
	return words.avail_idx.v != q->split.avail_idx.v ||
	       words.used_idx.v != q->split.used_idx.v;
}

void vr_ring_read(struct vr_ctx *c, struct vr_queue *q, uint64_t vring_virtqueue,
		  bool words_big)
{
	struct vr_pieces p = { .big = words_big };
	struct vr_split *s = &q->split;

	vr_arena_reset(&c->scratch);
	q->vring_virtqueue = vring_virtqueue;
	p.vvq = vr_obj_load(c, vring_virtqueue,
			    c->layout.f[VR_SZ_VRING_VIRTQUEUE].size,
			    "vring_virtqueue");
	read_layout(c, q, &p.vvq);
	read_public_side(c, q, &p.vvq);
	read_driver_side(c, q, &p.vvq);
	unread_words(s);
	if (q->packed) {
		vr_packed_read(c, q, &p.vvq);
		vr_notify_replay(q);
		q->moving = q->num && c->t->live && has_moved(c, q, &p.vvq, false);
		return;
	}
	if (q->strange) {
		vr_ring_derive(q);
		vr_notify_replay(q);
		return;
	}
	s->num = q->num = vr_ring_num(c, q, vr_get(c, &p.vvq, VR_VVQ_NUM,
						   "vring.num"),
				      p.vvq.addr + c->layout.f[VR_VVQ_NUM].offset, true);
	/* 2.7 */
	s->desc = vr_get_aligned(c, &p.vvq, VR_VVQ_DESC, 16, "vring.desc");
	s->avail = vr_get_aligned(c, &p.vvq, VR_VVQ_AVAIL, 2, "vring.avail");
	s->used = vr_get_aligned(c, &p.vvq, VR_VVQ_USED, 4, "vring.used");
	q->dma_desc = vr_ring_physical(c, s->desc);
	q->dma_avail = vr_ring_physical(c, s->avail);
	q->dma_used = vr_ring_physical(c, s->used);
	if (s->num) {
		read_words(c, s, &p);
		read_entries(q, &p);
	}
	vr_ring_derive(q);
	vr_notify_replay(q);
	if (s->num)
		vr_slots_read(c, q, &p);
	q->moving = s->num && c->t->live && has_moved(c, q, &p.vvq, words_big);
}
