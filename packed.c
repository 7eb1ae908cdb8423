// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packed.c - the state of one packed ring.  Sections are those of the virtio 1.2
 * specification.
 *
 * There are no shared indices: how far the device has come shows only in the
 * descriptors' flags, walked from where the driver reaps next (2.8.1).  A packed
 * ring's words are little-endian on every machine, and its size need not be a
 * power of two.
 */
#include <inttypes.h>

#include "ring.h"

/* Layout of a descriptor and an event area, 2.8.13 and 2.8.14. */
#define DESC_SIZE	16u
#define DESC_LEN	8u
#define DESC_ID		12u
#define DESC_FLAGS	14u
#define AVAIL_BIT	7
#define USED_BIT	15
#define AREA_SIZE	4u

#define F_NEXT		1u
#define F_INDIRECT	4u	/* 2.8.7 */

#define NO_BATCH	0xffffffffu

/* A walk over the ring's slots between two of the driver's positions. */
struct walk {
	struct vr_ctx *c;
	struct vr_queue *q;
	struct vr_span desc, state, extra;
	uint32_t slot, left;	/* where it is, and steps to the end */
	bool wrap, begin;	/* the wrap counter where it is, and where it began */
	bool lost;		/* it cannot go on: unreadable, or senseless */
	uint32_t returned;	/* buffers */
};

/* ---- what the driver keeps ------------------------------------------------------- */

static void read_area(struct vr_ctx *c, struct vr_event_area *a, const char *what)
{
	struct vr_span s = { .addr = 0 };

	if (a->addr)
		vr_span_load(c, &s, a->addr, AREA_SIZE, what);
	a->off_wrap = vr_span_get(&s, 0, 2, false);
	a->flags = vr_span_get(&s, 2, 2, false);
}

static void load_tables(struct walk *w, const struct vr_obj *vvq)
{
	const struct vr_field *f = w->c->layout.f;
	struct vr_queue *q = w->q;

	q->desc_state = vr_get_ptr(w->c, vvq, VR_PVQ_STATE, "desc_state");
	if (q->desc_state && vr_has(w->c, VR_SZ_PSTATE))
		vr_span_load(w->c, &w->state, q->desc_state,
			     (size_t)f[VR_SZ_PSTATE].size * q->num, "desc_state");
	if (q->pk.desc)
		vr_span_load(w->c, &w->desc, q->pk.desc,
			     (size_t)DESC_SIZE * q->num, "descriptor ring");
}

/* Since 5.15 the free ids' list is in an array of its own. */
static void load_extra(struct walk *w, const struct vr_obj *vvq)
{
	if (!w->q->in_order && !vr_has(w->c, VR_PSTATE_NEXT) &&
	    vr_has(w->c, VR_SZ_DESC_EXTRA) && vr_has(w->c, VR_EXTRA_NEXT))
		vr_extra_load(w->c, vvq, VR_PVQ_EXTRA, w->q->num, &w->extra);
}

/* A member of what the driver keeps for the buffer with this id. */
static struct vr_val state_of(const struct walk *w, uint32_t id, enum vr_slot s,
			      unsigned size)
{
	const struct vr_field *f = w->c->layout.f;

	if (!vr_has(w->c, s) || !vr_has(w->c, VR_SZ_PSTATE))
		return (struct vr_val){ .have = VR_UNREAD };
	return vr_span_get(&w->state, (size_t)f[VR_SZ_PSTATE].size * id +
			   f[s].offset, size, w->c->t->big_endian);
}

/* The id behind 'id' on the list of free ones. */
static struct vr_val free_link(const struct walk *w, uint32_t id)
{
	if (vr_has(w->c, VR_PSTATE_NEXT))
		return state_of(w, id, VR_PSTATE_NEXT, 2);
	return vr_extra_next(w->c, &w->extra, id);
}

/*
 * The list has exactly num_free ids and no terminator, as a split ring's of
 * descriptors: each slot of a buffer takes one, and the first of them is the buffer's.
 * In order there is none.
 */
static void walk_free_ids(struct walk *w)
{
	struct vr_queue *q = w->q;
	struct vr_val at = q->free_head;
	uint32_t from = 0;
	uint8_t *seen;

	if (q->in_order || q->num_free.have != VR_READ || q->num_free.v > q->num)
		return;
	seen = vr_alloc(&w->c->scratch, q->num, sizeof(*seen));
	for (uint64_t k = 0; seen && k < q->num_free.v && at.have == VR_READ; k++) {
		if (!vr_free_entry(&q->slots, q->num, seen, from, at.v))
			return;
		from = (uint32_t)at.v;
		seen[from] = 1;
		if (state_of(w, from, VR_PSTATE_DATA, 8).v)
			vr_slot_damage(&q->slots,
				       (struct vr_damage){ VR_D_FREE_TAKEN, from, 0, 0 });
		at = free_link(w, from);
	}
}

/* ---- what the descriptors say ----------------------------------------------------- */

static struct vr_val desc_word(const struct walk *w, unsigned word)
{
	return vr_span_get(&w->desc, (size_t)DESC_SIZE * w->slot + word, 2, false);
}

/* Is the descriptor here marked used (2.8.1): both bits equal the wrap counter? */
static bool is_used(struct walk *w)
{
	struct vr_val flags = desc_word(w, DESC_FLAGS);

	if (flags.have != VR_READ) {
		w->lost = true;
		return false;
	}
	return (flags.v >> AVAIL_BIT & 1) == w->wrap &&
	       (flags.v >> USED_BIT & 1) == w->wrap;
}

static void mark(struct walk *w, uint32_t slots, enum vr_slot_state state)
{
	for (uint32_t i = 0; i < slots && w->left; i++) {
		w->q->slots.state[w->slot] = (uint8_t)state;
		w->left--;
		if (++w->slot == w->q->num) {
			w->slot = 0;
			w->wrap = !w->wrap;
		}
	}
}

/* What the used descriptor here says makes no sense. */
static void senseless(struct walk *w, enum vr_damage_code code, uint64_t value,
		      uint64_t other)
{
	vr_slot_damage(&w->q->slots,
		       (struct vr_damage){ code, w->slot, value, other });
	w->lost = true;
}

/* Slots of all buffers with a token, at most as many as the ring has; false where one
 * could not be read. */
static bool slots_with_token(const struct walk *w, uint32_t *ret)
{
	*ret = 0;
	for (uint32_t i = 0; i < w->q->num; i++) {
		struct vr_val data = state_of(w, i, VR_PSTATE_DATA, 8);
		struct vr_val slots = state_of(w, i, VR_PSTATE_NUM, 2);

		if (data.have != VR_READ || slots.have != VR_READ)
			return false;
		if (data.v)
			*ret += slots.v < w->q->num - *ret ? (uint32_t)slots.v :
							     w->q->num - *ret;
	}
	return true;
}

/* Is it the newest slot, a table's whose token was not noted yet?  It was published before
 * that, and may be back. */
static bool is_newest(const struct walk *w)
{
	return w->left == 1 && w->q->pk.lone == 1;
}

/* Was the buffer 'id' the device's to return?  The next to be reaped may have lost
 * its token already: the dump may have caught the driver at it. */
static bool can_return(const struct walk *w, uint32_t id)
{
	struct vr_val data = state_of(w, id, VR_PSTATE_DATA, 8);

	if (w->q->slots.buffer[id] == VR_SLOT_RETURNED)
		return false;
	return data.have != VR_READ || data.v || (!w->returned && w->q->pk.lone) ||
	       is_newest(w);
}

/* Step over the buffer 'id', which the device returned; it had as many slots as
 * the driver noted. */
static void step_over(struct walk *w, uint32_t id)
{
	struct vr_val slots = state_of(w, id, VR_PSTATE_NUM, 2);

	if (is_newest(w) && slots.have == VR_READ)
		slots.v = 1;
	if (!can_return(w, id))
		senseless(w, VR_D_USED_TOKEN, id, 0);
	else if (slots.have == VR_READ && (!slots.v || slots.v > w->left))
		senseless(w, VR_D_USED_LENGTH, slots.v, w->left);
	if (w->lost || slots.have != VR_READ) {
		w->lost = true;
		return;
	}
	w->q->slots.buffer[id] = VR_SLOT_RETURNED;
	mark(w, (uint32_t)slots.v, VR_SLOT_RETURNED);
	w->returned++;
}

/*
 * In order, one used descriptor returns every buffer up to the one
 * whose id it bears, and a buffer's id is the slot of its first descriptor.
 */
static void step_batch(struct walk *w, uint32_t last)
{
	uint32_t at;

	do {
		at = w->slot;
		step_over(w, at);
	} while (!w->lost && w->left && at != last);
	if (!w->lost && at != last)
		senseless(w, VR_D_USED_TOKEN, last, 0);
}

/* What the driver is reaping, in order; the used descriptor lies behind. */
static void step_open_batch(struct walk *w, const struct vr_obj *vvq)
{
	struct vr_val batch = vr_get(w->c, vvq, VR_VVQ_BATCH_ID, NULL);
	struct vr_val data = state_of(w, w->slot, VR_PSTATE_DATA, 8);

	if (batch.have != VR_READ)
		return;
	if (batch.v == NO_BATCH) {
		/* The last of one: the dump caught the driver at it. */
		if (w->left && data.have == VR_READ && !data.v && !is_used(w))
			step_over(w, w->slot);
	} else if (batch.v < w->q->num) {
		step_batch(w, (uint32_t)batch.v);
	} else {
		senseless(w, VR_D_USED_ID, batch.v, 0);
	}
}

static void walk_returned(struct walk *w, const struct vr_obj *vvq)
{
	if (w->q->in_order)
		step_open_batch(w, vvq);
	while (!w->lost && w->left && is_used(w)) {
		struct vr_val id = desc_word(w, DESC_ID);

		if (id.have != VR_READ)
			w->lost = true;
		else if (id.v >= w->q->num)
			senseless(w, VR_D_USED_ID, id.v, 0);
		else if (w->q->in_order)
			step_batch(w, (uint32_t)id.v);
		else
			step_over(w, (uint32_t)id.v);
	}
}

/* Was the slot that lies so many behind the one to be reaped next made available in its
 * round (2.8.1), used since or not?  True as well where that cannot be read: 'unread'. */
static bool is_published(const struct walk *w, uint32_t steps, bool unread)
{
	const uint32_t num = w->q->num, at = (uint32_t)w->q->pk.last_used_idx.v + steps;
	const bool wrap = w->begin != (at / num & 1);
	struct vr_val flags = vr_span_get(&w->desc, (size_t)DESC_SIZE * (at % num) +
					  DESC_FLAGS, 2, false);

	return flags.have == VR_READ ? (flags.v >> AVAIL_BIT & 1) == wrap : unread;
}

/* What the published descriptor at 'slot', which the device has, says of its table. */
static void check_table(struct walk *w, uint32_t slot)
{
	struct vr_queue *q = w->q;
	const size_t at = (size_t)DESC_SIZE * slot;
	struct vr_val flags = vr_span_get(&w->desc, at + DESC_FLAGS, 2, false);
	struct vr_val len = vr_span_get(&w->desc, at + DESC_LEN, 4, false);
	struct vr_damage d = { VR_D_TABLE_ALIEN, slot, 0, 0 };

	if (flags.have != VR_READ || !(flags.v & F_INDIRECT))
		return;
	if (q->indirect.have != VR_READ || q->indirect.v) {
		if (flags.v & F_NEXT)
			d = (struct vr_damage){ VR_D_TABLE_NESTED, slot, 0, 1 };
		else if (len.have == VR_READ && (!len.v || len.v % DESC_SIZE))
			d = (struct vr_damage){ VR_D_TABLE_LENGTH, slot, len.v, 0 };
		else
			return;
	}
	vr_slot_damage(&q->slots, d);
}

/* Tables of single descriptors (2.8.7).  Those that were returned are written over, and
 * those of an add that has not published them yet are of the round before. */
static void check_tables(struct walk *w, uint32_t held)
{
	for (uint32_t k = 0; k < held; k++) {
		uint32_t slot = ((uint32_t)w->q->pk.last_used_idx.v + k) % w->q->num;

		if (w->q->slots.state[slot] == VR_SLOT_DEVICE && is_published(w, k, false))
			check_table(w, slot);
	}
}

/* Buffers that the driver has given away, those with a token; and of these the ones
 * that the device has not returned. */
static void count_tokens(struct walk *w)
{
	struct vr_counts *n = &w->q->counts;
	struct vr_slots *s = &w->q->slots;
	bool known = n->driver_pending.have == VR_READ;
	uint32_t pending = 0;

	for (uint32_t i = 0; i < w->q->num; i++) {
		struct vr_val data = state_of(w, i, VR_PSTATE_DATA, 8);

		if (data.have != VR_READ)
			return;
		s->tokens += data.v != 0;
		s->token[i] = data.v;
		s->length[i] = (uint16_t)state_of(w, i, VR_PSTATE_NUM, 2).v;
		if (data.v && !s->buffer[i] && known) {
			s->buffer[i] = VR_SLOT_DEVICE;
			pending++;
		}
	}
	n->in_flight = (struct vr_val){ s->tokens, VR_READ };
	if (known)
		n->device_pending = (struct vr_val){ pending, VR_READ };
}

/* 0, or -1 when memory is short. */
static int alloc_slots(struct walk *w)
{
	struct vr_slots *s = &w->q->slots;
	uint32_t num = w->q->num;

	s->state = vr_alloc(&w->c->arena, num, 1);
	s->buffer = vr_alloc(&w->c->arena, num, 1);
	s->token = vr_alloc(&w->c->arena, num, sizeof(*s->token));
	s->length = vr_alloc(&w->c->arena, num, sizeof(*s->length));
	if (!s->state || !s->buffer || !s->token || !s->length) {
		*s = (struct vr_slots){ .state = NULL };
		vr_error_add(w->c, (struct vr_error){ .code = VR_E_MEMORY,
			.what = "states of a packed ring" });
		return -1;
	}
	for (uint32_t i = 0; i < num; i++)
		s->state[i] = VR_SLOT_FREE;
	return 0;
}

static void note_device_position(const struct walk *w)
{
	struct vr_packed *p = &w->q->pk;

	p->device_idx = (struct vr_val){ w->slot, VR_READ };
	p->device_wrap_counter = (struct vr_val){ w->wrap, VR_READ };
}

/* Is the newest slot a table's that is of no token? */
static bool is_lone_table(const struct walk *w)
{
	const size_t at = (size_t)DESC_SIZE * ((w->q->pk.next_avail_idx.v + w->q->num - 1) %
					       w->q->num);
	struct vr_val flags = vr_span_get(&w->desc, at + DESC_FLAGS, 2, false);
	struct vr_val id = vr_span_get(&w->desc, at + DESC_ID, 2, false);

	return flags.have == VR_READ && (flags.v & F_INDIRECT) && id.v < w->q->num &&
	       !state_of(w, (uint32_t)id.v, VR_PSTATE_DATA, 8).v;
}

/*
 * Traces of an add that was caught.  virtqueue_add_packed() writes the descriptors, takes
 * them from num_free, moves next_avail_idx, notes the token, and makes the first one
 * available; one with a table is available before all that.
 */
static void note_add(struct walk *w)
{
	struct vr_packed *p = &w->q->pk;

	p->lone = !p->tokens_known ? w->left :
		  w->left > p->with_token ? w->left - p->with_token : 0;
	if (p->lone)
		p->lone_new = !is_published(w, w->left - p->lone, false) ||
			      (p->lone == 1 && is_lone_table(w));
}

/* Of a ring whose wrap counter turns: is it used's?  Then what is out was published in
 * the other round than this counter says. */
static bool used_turns(struct walk *w, const struct vr_packed_held *held)
{
	const struct vr_packed *p = &w->q->pk;

	if (!held->turning || !p->wrap_apart)
		return false;
	w->begin = p->used_wrap_counter.v;
	return held->slots ? !is_published(w, held->slots - 1, true) :
			     p->last_used_idx.v < w->q->num / 2;
}

/* Start between the driver's two positions; false when they make no sense, which
 * check_ring.c tells. */
static bool begin_walk(struct walk *w)
{
	struct vr_packed *p = &w->q->pk;
	struct vr_packed_held held;

	p->tokens_known = slots_with_token(w, &p->with_token);
	/* Whether an add is under way shows in front of where it is, if that is so. */
	p->writing = true;
	if (!vr_packed_held(w->q, &held) || held.slots > w->q->num)
		return false;
	p->used_turns = used_turns(w, &held);
	w->begin = held.used_wrap != p->used_turns;
	p->writing = is_published(w, held.slots + 1, true);
	if (!vr_packed_held(w->q, &held) || held.slots > w->q->num)
		return false;
	w->slot = (uint32_t)p->last_used_idx.v;
	w->wrap = w->begin = held.used_wrap;
	w->left = held.slots;
	note_add(w);
	return true;
}

static void derive(struct walk *w, const struct vr_obj *vvq)
{
	struct vr_counts *n = &w->q->counts;
	struct vr_slots *s = &w->q->slots;

	if (begin_walk(w)) {
		const uint32_t held = w->left;

		walk_returned(w, vvq);
		if (!w->lost) {
			note_device_position(w);
			n->driver_pending = (struct vr_val){ w->returned, VR_READ };
		}
		mark(w, w->left, w->lost ? VR_SLOT_UNKNOWN : VR_SLOT_DEVICE);
		check_tables(w, held);
	} else {
		s->state = NULL;
	}
	count_tokens(w);
	for (uint32_t i = 0; s->state && i < w->q->num; i++)
		s->count[s->state[i]]++;
}

void vr_packed_read(struct vr_ctx *c, struct vr_queue *q, const struct vr_obj *vvq)
{
	const struct vr_val none = { .have = VR_UNREAD };
	struct vr_packed *p = &q->pk;
	struct walk w = { .c = c, .q = q };

	q->counts = (struct vr_counts){ none, none, none };
	p->device_idx = p->device_wrap_counter = none;
	q->num = vr_ring_num(c, q, vr_get(c, vvq, VR_PVQ_NUM, "packed.vring.num"),
			     vvq->addr + c->layout.f[VR_PVQ_NUM].offset, false);
	/* 2.8.10.1 */
	p->desc = vr_get_aligned(c, vvq, VR_PVQ_DESC, 16, "packed.vring.desc");
	p->driver.addr = vr_get_aligned(c, vvq, VR_PVQ_DRIVER, 4, "packed.vring.driver");
	p->device.addr = vr_get_aligned(c, vvq, VR_PVQ_DEVICE, 4, "packed.vring.device");
	q->dma_desc = vr_ring_physical(c, p->desc);
	q->dma_avail = vr_ring_physical(c, p->driver.addr);
	q->dma_used = vr_ring_physical(c, p->device.addr);
	vr_packed_positions(c, q, vvq);
	read_area(c, &p->driver, "driver's event area");
	read_area(c, &p->device, "device's event area");
	if (!q->num)
		return;
	load_tables(&w, vvq);
	load_extra(&w, vvq);
	if (!alloc_slots(&w))
		derive(&w, vvq);
	walk_free_ids(&w);
}
