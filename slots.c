// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slots.c - what each descriptor of a split ring is used for: on the free list, in a
 * chain that the device holds, or in one that it has returned; and everything about
 * that which no driver and no device would have written.
 *
 * Sections are those of the virtio 1.2 specification.
 */
#include "ring.h"

/* A descriptor, 2.7.5; fixed by the ABI. */
#define DESC_SIZE	16u
#define DESC_ADDR	0u
#define DESC_LEN	8u
#define DESC_FLAGS	12u
#define DESC_NEXT	14u
#define F_NEXT		1u
#define F_INDIRECT	4u

#define MAX_TABLE	65536u	/* bytes looked into: more than most drivers' longest chain */
#define REACH		0x100000u	/* bytes: no link of 16 bits leads further */
/* What is looked into of one queue, and of all of a command: a sound queue's tables have
 * 2 KiB and number some hundreds. */
#define QUEUE_TABLES	4096u
#define QUEUE_BYTES	(16u << 20)
#define ALL_TABLES	(1u << 20)
#define ALL_BYTES	(256u << 20)

struct walk {
	struct vr_ctx *c;
	struct vr_queue *q;
	struct vr_pieces *p;
	uint32_t num;
	uint32_t tables, table_bytes;
};

void vr_slot_damage(struct vr_slots *s, struct vr_damage d)
{
	if (s->ndamage < VR_MAX_DAMAGE)
		s->damage[s->ndamage] = d;
	s->ndamage++;
}

bool vr_free_entry(struct vr_slots *s, uint32_t num, const uint8_t *seen, uint32_t from,
		   uint64_t at)
{
	if (at < num && !seen[at])
		return true;
	vr_slot_damage(s, (struct vr_damage){ at < num ? VR_D_FREE_REPEAT :
					      VR_D_FREE_RANGE, from, at, 0 });
	return false;
}

static void damaged(struct walk *w, struct vr_damage d)
{
	vr_slot_damage(&w->q->slots, d);
}

/* ---- the tables --------------------------------------------------------------------- */

/* Bytes between two tokens: pointers to 4.4, then structs. */
static unsigned state_stride(const struct vr_ctx *c)
{
	return vr_has(c, VR_SZ_DESC_STATE) ?
	       c->layout.f[VR_SZ_DESC_STATE].size : 8;
}

static uint64_t find_state(struct vr_ctx *c, const struct vr_pieces *p)
{
	const struct vr_field *f = c->layout.f;

	if (vr_has(c, VR_VVQ_DESC_STATE_PTR))
		return vr_get_ptr(c, &p->vvq, VR_VVQ_DESC_STATE_PTR, "desc_state");
	if (vr_has(c, VR_VVQ_DESC_STATE))
		return p->vvq.addr + f[VR_VVQ_DESC_STATE].offset;
	if (vr_has(c, VR_VVQ_DATA))
		return p->vvq.addr + f[VR_VVQ_DATA].offset;
	return 0;
}

/* Does the driver keep its own links, out of the device's reach (5.15)? */
static bool own_links(const struct vr_ctx *c)
{
	return vr_has(c, VR_VVQ_DESC_EXTRA_PTR) && vr_has(c, VR_EXTRA_NEXT) &&
	       vr_has(c, VR_SZ_DESC_EXTRA);
}

/* It does, and vring does not know where. */
static bool lost_links(const struct vr_ctx *c)
{
	const struct vr_field *f = c->layout.f;

	return f[VR_VVQ_DESC_EXTRA_PTR].missed || f[VR_EXTRA_NEXT].missed ||
	       f[VR_SZ_DESC_EXTRA].missed;
}

bool vr_tokens_lost(const struct vr_ctx *c)
{
	const struct vr_field *f = c->layout.f;

	return f[VR_SZ_DESC_STATE].missed || f[VR_STATE_DATA].missed ||
	       f[VR_VVQ_DESC_STATE_PTR].missed;
}

static void load_tables(const struct walk *w)
{
	struct vr_queue *q = w->q;

	q->desc_state = find_state(w->c, w->p);
	if (q->desc_state && !vr_tokens_lost(w->c))
		vr_span_load(w->c, &w->p->state, q->desc_state,
			     (size_t)state_stride(w->c) * w->num, "desc_state");
	if (own_links(w->c))
		vr_extra_load(w->c, &w->p->vvq, VR_VVQ_DESC_EXTRA_PTR, w->num,
			      &w->p->extra);
	if (q->split.desc)
		vr_span_load(w->c, &w->p->desc, q->split.desc,
			     (size_t)DESC_SIZE * w->num, "descriptor table");
}

static struct vr_val desc_at(const struct walk *w, uint32_t i, unsigned word,
			     unsigned size)
{
	return vr_span_get(&w->p->desc, (size_t)DESC_SIZE * i + word, size,
			   w->p->big);
}

/* The descriptor after 'i', on the free list or in a chain. */
static struct vr_val link_of(const struct walk *w, uint32_t i)
{
	if (own_links(w->c))
		return vr_extra_next(w->c, &w->p->extra, i);
	if (lost_links(w->c))
		return (struct vr_val){ .have = VR_UNREAD };
	return desc_at(w, i, DESC_NEXT, 2);
}

/* A word of what the driver keeps for the chain that starts at 'i'; 0: none, or
 * unreadable. */
static uint64_t state_word(const struct walk *w, uint32_t i, enum vr_slot s)
{
	size_t off = (size_t)state_stride(w->c) * i;
	struct vr_val v;

	if (vr_has(w->c, s))
		off += w->c->layout.f[s].offset;
	v = vr_span_get(&w->p->state, off, 8, w->c->t->big_endian);
	return v.have == VR_READ ? v.v : 0;
}

/* May the chain that starts at 'i' have a token?  No: it was read, and is 0. */
static bool may_be_out(const struct walk *w, uint32_t i)
{
	size_t off = (size_t)state_stride(w->c) * i;

	if (vr_has(w->c, VR_STATE_DATA))
		off += w->c->layout.f[VR_STATE_DATA].offset;
	return w->q->slots.token[i] ||
	       vr_span_get(&w->p->state, off, 8, false).have != VR_READ;
}

/* ---- the free list -------------------------------------------------------------------- */

/* In order there is no list: what follows the last buffer up to the oldest is free. */
static void mark_rest_free(struct walk *w)
{
	struct vr_queue *q = w->q;

	if (q->free_head.have != VR_READ)
		return;
	for (uint64_t k = 0; k < q->num_free.v; k++)
		q->slots.state[(q->free_head.v + k) % w->num] = VR_SLOT_FREE;
}

/*
 * The free list has exactly num_free entries and no terminator: the last
 * entry's link is a leftover.
 */
static void mark_free(struct walk *w)
{
	struct vr_queue *q = w->q;
	struct vr_val at = q->free_head;
	uint32_t from = 0;

	if (q->num_free.have != VR_READ || q->num_free.v > w->num)
		return;
	if (q->in_order) {
		mark_rest_free(w);
		return;
	}
	for (uint64_t k = 0; k < q->num_free.v; k++) {
		if (at.have != VR_READ ||
		    !vr_free_entry(&q->slots, w->num, q->slots.state, from, at.v))
			return;
		from = (uint32_t)at.v;
		q->slots.state[from] = VR_SLOT_FREE;
		at = link_of(w, from);
	}
}

/* ---- chains ------------------------------------------------------------------------------ */

/* May one more table be looked into, of so many bytes? */
static bool may_look(struct walk *w, uint32_t bytes)
{
	static const char tables[] = "indirect tables", size[] = "bytes of indirect tables";
	struct vr_spent *all = &w->c->spent;

	if (w->tables >= QUEUE_TABLES)
		vr_over_budget(w->c, tables, QUEUE_TABLES, false);
	else if (w->table_bytes + bytes > QUEUE_BYTES)
		vr_over_budget(w->c, size, QUEUE_BYTES, false);
	else if (all->tables >= ALL_TABLES)
		vr_over_budget(w->c, tables, ALL_TABLES, true);
	else if (all->table_bytes + bytes > ALL_BYTES)
		vr_over_budget(w->c, size, ALL_BYTES, true);
	else {
		w->tables++;
		w->table_bytes += bytes;
		all->tables++;
		all->table_bytes += bytes;
		return true;
	}
	return false;
}

/* The table of an indirect descriptor (2.7.5.3), as the driver wrote it. */
static void check_table(struct walk *w, uint32_t head, uint32_t at)
{
	struct vr_val len = desc_at(w, at, DESC_LEN, 4);
	struct vr_val addr = desc_at(w, at, DESC_ADDR, 8);
	uint64_t table = state_word(w, head, VR_STATE_INDIR);
	uint32_t entries = (uint32_t)len.v / DESC_SIZE, i = 0;
	uint8_t *raw;

	if (w->q->indirect.have == VR_READ && !w->q->indirect.v) {
		damaged(w, (struct vr_damage){ VR_D_TABLE_ALIEN, at, 0, 0 });
		return;
	}
	if (len.have == VR_READ && (!len.v || len.v % DESC_SIZE || len.v > REACH))
		damaged(w, (struct vr_damage){ VR_D_TABLE_LENGTH, at, len.v, 0 });
	/* Without the driver's pointer (to 4.4) there is only a bus address. */
	if (len.have != VR_READ || addr.have != VR_READ || !table || !entries ||
	    !vr_has(w->c, VR_STATE_INDIR) || len.v > MAX_TABLE ||
	    !may_look(w, entries * DESC_SIZE))
		return;
	raw = vr_alloc(&w->c->scratch, entries, DESC_SIZE);
	if (!raw || vr_read(w->c, table, raw, (size_t)entries * DESC_SIZE))
		return;
	for (uint32_t k = 0; k < entries; k++) {
		const struct vr_span one = { .len = (size_t)entries * DESC_SIZE,
					     .data = raw };
		size_t off = (size_t)DESC_SIZE * i;
		struct vr_val flags = vr_span_get(&one, off + DESC_FLAGS, 2, w->p->big);
		struct vr_val next = vr_span_get(&one, off + DESC_NEXT, 2, w->p->big);

		if (flags.v & F_INDIRECT)
			damaged(w, (struct vr_damage){ VR_D_TABLE_NESTED, at, i, 0 });
		if ((flags.v & F_INDIRECT) || !(flags.v & F_NEXT))
			return;
		if (next.v >= entries) {
			damaged(w, (struct vr_damage){ VR_D_TABLE_LINK, at, next.v, i });
			return;
		}
		i = (uint32_t)next.v;
	}
}

/* Follow 'at', which has NEXT: the descriptor behind it, or num at a bad link. */
static uint32_t follow(struct walk *w, uint32_t at)
{
	struct vr_val next = link_of(w, at), shared = desc_at(w, at, DESC_NEXT, 2);

	if (next.have != VR_READ)
		return w->num;
	if (shared.have == VR_READ && shared.v != next.v)
		damaged(w, (struct vr_damage){ VR_D_LINK_DIFFERS, at, shared.v, next.v });
	if (next.v >= w->num) {
		damaged(w, (struct vr_damage){ VR_D_LINK_RANGE, at, next.v, 0 });
		return w->num;
	}
	/* Where a chain begins, none goes on. */
	if (w->q->slots.state[next.v] ||
	    state_word(w, (uint32_t)next.v, VR_STATE_DATA)) {
		damaged(w, (struct vr_damage){ VR_D_LINK_SHARED, at, next.v, 0 });
		return w->num;
	}
	return (uint32_t)next.v;
}

/* Mark the chain that starts at 'head', which the device holds. */
static void mark_chain(struct walk *w, uint32_t head)
{
	uint8_t *state = w->q->slots.state;
	uint32_t at = head;

	if (state[head] == VR_SLOT_FREE)
		damaged(w, (struct vr_damage){ VR_D_FREE_TAKEN, head, 0, 0 });
	while (at < w->num) {
		struct vr_val flags = desc_at(w, at, DESC_FLAGS, 2);

		state[at] = VR_SLOT_DEVICE;
		if (flags.have != VR_READ)
			return;
		if (flags.v & F_INDIRECT) {
			if (flags.v & F_NEXT)
				damaged(w, (struct vr_damage){ VR_D_TABLE_NESTED, at,
							       0, 1 });
			check_table(w, head, at);
			return;
		}
		if (!(flags.v & F_NEXT))
			return;
		at = follow(w, at);
	}
}

/* Mark a chain that the device has returned; it was marked as the device's. */
static void mark_returned(struct walk *w, uint32_t head)
{
	uint8_t *state = w->q->slots.state;
	uint32_t at = head;

	while (state[at] == VR_SLOT_DEVICE) {
		struct vr_val flags = desc_at(w, at, DESC_FLAGS, 2);
		struct vr_val next = link_of(w, at);

		state[at] = VR_SLOT_RETURNED;
		if (flags.have != VR_READ || !(flags.v & F_NEXT) ||
		    (flags.v & F_INDIRECT) || next.have != VR_READ ||
		    next.v >= w->num)
			return;
		at = (uint32_t)next.v;
	}
}

/* ---- what the two rings name ---------------------------------------------------------------- */

/* A count of entries that the indices give; 0 when they make no sense. */
static uint32_t entries_of(const struct walk *w, struct vr_val count)
{
	return count.have == VR_READ && count.v <= w->num ? (uint32_t)count.v : 0;
}

static void check_heads(struct walk *w)
{
	uint32_t n = entries_of(w, w->q->counts.in_flight);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t slot = (w->q->last_used_idx.v + k) & (w->num - 1);
		struct vr_val head = vr_avail_at(w->p, slot);

		if (head.have == VR_READ && head.v >= w->num)
			damaged(w, (struct vr_damage){ VR_D_AVAIL_HEAD, slot,
						       head.v, 0 });
	}
}

static void walk_used(struct walk *w)
{
	struct vr_queue *q = w->q;
	uint32_t n = entries_of(w, q->counts.driver_pending);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t slot = (q->last_used_idx.v + k) & (w->num - 1);
		struct vr_val id = vr_used_at(w->p, slot, 0);

		if (id.have != VR_READ)
			continue;
		if (id.v >= w->num)
			damaged(w, (struct vr_damage){ VR_D_USED_ID, slot, id.v, 0 });
		else if (!may_be_out(w, (uint32_t)id.v) ||
			 q->slots.state[id.v] == VR_SLOT_RETURNED)
			damaged(w, (struct vr_damage){ VR_D_USED_TOKEN, slot, id.v, 0 });
		else
			mark_returned(w, (uint32_t)id.v);
	}
}

/*
 * In order, the device writes one element for a batch: the oldest buffers are
 * those that it returned, one behind the other from 'last_used' on (7.1), and the next
 * is where the next token is.  The first may have lost its own: the dump caught the
 * driver at it.
 */
static void walk_used_in_order(struct walk *w)
{
	struct vr_queue *q = w->q;
	struct vr_val at = vr_get(w->c, &w->p->vvq, VR_VVQ_LAST_USED, "last_used");
	uint32_t n = entries_of(w, q->counts.driver_pending), steps = 0;

	if (at.have != VR_READ)
		return;
	/* Once round, however many the indices say. */
	for (uint32_t k = 0; k < n && steps < w->num; k++) {
		uint32_t head = (uint32_t)at.v & (w->num - 1);

		if (q->slots.token[head])
			mark_returned(w, head);
		else if (k)
			return;
		do {
			at.v = (at.v + 1) & (w->num - 1);
		} while (++steps < w->num && !q->slots.token[at.v]);
	}
}

/* Descriptors of the chain that starts at 'at', as an add wrote them; 0: too many. */
static uint32_t chain_length(const struct walk *w, struct vr_val at, uint32_t limit)
{
	if (limit > vr_longest_chain(w->q))
		return 0;
	for (uint32_t n = 1; n <= limit && at.have == VR_READ && at.v < w->num; n++) {
		struct vr_val flags = desc_at(w, (uint32_t)at.v, DESC_FLAGS, 2);

		if (flags.have != VR_READ)
			return 0;
		if ((flags.v & F_INDIRECT) || !(flags.v & F_NEXT))
			return n;
		at = link_of(w, (uint32_t)at.v);
	}
	return 0;
}

/*
 * Chains among the descriptors that are neither free nor in flight: one is what a
 * CPU has in hand that was caught inside an add or a get.  An add takes it off the
 * list's length first and then off the list, so that it may still be the list's head.
 */
static void count_stray(struct walk *w)
{
	struct vr_slots *s = &w->q->slots;
	uint8_t *target = vr_alloc(&w->c->scratch, w->num, 1);
	uint32_t lost = s->count[VR_SLOT_UNKNOWN];

	for (uint32_t i = 0; target && i < w->num; i++) {
		struct vr_val next = link_of(w, i);

		if (!s->state[i] && next.have == VR_READ && next.v < w->num &&
		    next.v != i)
			target[next.v] = 1;
	}
	s->adding = chain_length(w, w->q->free_head, lost) == lost;
	for (uint32_t i = 0; target && i < w->num; i++) {
		if (s->state[i] || target[i])
			continue;
		/* Among several none is looked for. */
		if (s->stray++)
			continue;
		s->adding |= chain_length(w, (struct vr_val){ i, VR_READ }, lost) == lost;
	}
}

static bool is_whole(const struct vr_span *s)
{
	return s->data && !s->missing;
}

void vr_slots_read(struct vr_ctx *c, struct vr_queue *q, struct vr_pieces *p)
{
	struct walk w = { .c = c, .q = q, .p = p, .num = q->split.num };
	struct vr_slots *s = &q->slots;

	load_tables(&w);
	s->complete = is_whole(&p->desc) && is_whole(&p->state) &&
		      (!own_links(c) || is_whole(&p->extra)) &&
		      !lost_links(c) && !vr_tokens_lost(c);
	s->state = s->buffer = vr_alloc(&c->arena, w.num, 1);
	s->token = vr_alloc(&c->arena, w.num, sizeof(*s->token));
	if (!s->state || !s->token) {
		s->state = NULL;
		return;
	}
	mark_free(&w);
	/* A head in flight has the driver's token, in whatever order. */
	for (uint32_t i = 0; i < w.num; i++) {
		s->token[i] = state_word(&w, i, VR_STATE_DATA);
		if (!s->token[i])
			continue;
		s->tokens++;
		mark_chain(&w, i);
	}
	check_heads(&w);
	if (q->in_order)
		walk_used_in_order(&w);
	else
		walk_used(&w);
	for (uint32_t i = 0; i < w.num; i++)
		s->count[s->state[i]]++;
	if (s->count[VR_SLOT_UNKNOWN])
		count_stray(&w);
}
