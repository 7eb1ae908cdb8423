// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packed_held.c - how many slots of a packed ring are out, by the driver's two positions
 * and their wrap counters (virtio 1.2, 2.8.1), whatever a CPU was caught at.
 */
#include "ring.h"

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
	if (ret->slots <= num || !is_turning(q, ret->slots - num))
		return true;
	ret->turning = true;
	ret->slots -= num;
	if (p->wrap_apart && p->last_used_idx.v < vr_longest_chain(q))
		ret->used_wrap = !ret->used_wrap;
	return true;
}
