// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packed_held.c - the driver's two positions in a packed ring, and how many slots are out
 * by them and their wrap counters (virtio 1.2, 2.8.1), whatever a CPU was caught at.
 */
#include "ring.h"

#define WRAP_BIT	15	/* of a stored position */

/* A bool: what is neither of its values is no wrap counter, though it would count
 * as 'true'. */
static struct vr_val wrap_counter(struct vr_ctx *c, const struct vr_obj *o,
				  enum vr_slot s, const char *what)
{
	struct vr_val v = vr_get(c, o, s, what);

	if (v.have != VR_READ || v.v <= 1)
		return v;
	vr_error_add(c, (struct vr_error){ .code = VR_E_RANGE, .what = what,
		.value = v.v, .addr = o->addr + c->layout.f[s].offset, .limit = 1 });
	return (struct vr_val){ .have = VR_UNREAD };
}

/* A used position is a slot and a member of its own for the wrap counter up to
 * 5.17; since 5.19 the counter is its top bit. */
void vr_packed_positions(struct vr_ctx *c, struct vr_queue *q, const struct vr_obj *o)
{
	struct vr_packed *p = &q->pk;

	p->next_avail_idx = vr_get(c, o, VR_PVQ_NEXT_AVAIL, "next_avail_idx");
	p->avail_wrap_counter = wrap_counter(c, o, VR_PVQ_AVAIL_WRAP,
					     "avail_wrap_counter");
	p->last_used_idx = q->last_used_idx;
	p->used_wrap_counter = q->last_used_idx;
	p->wrap_apart = vr_has(c, VR_PVQ_USED_WRAP);
	if (p->wrap_apart) {
		p->used_wrap_counter = wrap_counter(c, o, VR_PVQ_USED_WRAP,
						    "used_wrap_counter");
	} else if (q->last_used_idx.have == VR_READ) {
		p->used_wrap_counter.v = q->last_used_idx.v >> WRAP_BIT & 1;
		p->last_used_idx.v &= (1u << WRAP_BIT) - 1;
	}
	q->last_used_idx = p->last_used_idx;
	p->event_flags_shadow = vr_get(c, o, VR_PVQ_EVENT_SHADOW,
				       "event_flags_shadow");
}

uint32_t vr_packed_steps(uint32_t num, uint32_t from, bool from_wrap, uint32_t to,
			 bool to_wrap)
{
	uint32_t a = from + (from_wrap ? 0 : num), b = to + (to_wrap ? 0 : num);

	return num ? (b + 2 * num - a) % (2 * num) : 0;
}

/*
 * Is a wrap counter caught turning, of a ring with 'held' slots out but for that?
 * virtqueue_add_packed() turns avail's before num_free moves, with a table of its own
 * behind that, and next_avail_idx comes last; virtqueue_get_buf_ctx_packed() turns used's
 * as the last.
 */
static bool is_turning(const struct vr_queue *q, uint32_t held)
{
	const uint64_t next = q->pk.next_avail_idx.v, last = q->pk.last_used_idx.v;
	const uint32_t longest = vr_longest_chain(q);
	uint64_t taken;

	if (q->num_free.have != VR_READ || q->num_free.v + held > q->num)
		return false;
	taken = q->num - held - q->num_free.v;
	if (taken)
		return taken <= longest && next + taken >= q->num &&
		       (taken == 1 || q->pk.writing);
	return next + longest >= q->num || (q->pk.wrap_apart && last < longest);
}

bool vr_packed_held(const struct vr_queue *q, struct vr_packed_held *ret)
{
	const struct vr_packed *p = &q->pk;
	const uint32_t num = q->num;

	if (p->next_avail_idx.have != VR_READ || p->next_avail_idx.v >= num ||
	    p->last_used_idx.have != VR_READ || p->last_used_idx.v >= num ||
	    p->avail_wrap_counter.have != VR_READ ||
	    p->used_wrap_counter.have != VR_READ)
		return false;
	*ret = (struct vr_packed_held){ .used_wrap = p->used_wrap_counter.v };
	ret->slots = vr_packed_steps(num, (uint32_t)p->last_used_idx.v, ret->used_wrap,
				     (uint32_t)p->next_avail_idx.v,
				     p->avail_wrap_counter.v);
	/* What is out has tokens.  An empty ring whose counter turns looks like a full one. */
	if (ret->slots < num || (ret->slots == num && !p->tokens_known) ||
	    (p->tokens_known && p->with_token > ret->slots - num) ||
	    !is_turning(q, ret->slots - num))
		return true;
	ret->turning = true;
	ret->slots -= num;
	if (p->used_turns)
		ret->used_wrap = !ret->used_wrap;
	return true;
}
