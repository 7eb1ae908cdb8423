// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_ring.c - a ring's invariants, as a guest's driver and its device keep them:
 * each a row of the table at the end.  Differences of indices are mod 2^16.
 */
#include <inttypes.h>
#include <string.h>

#include "check.h"
#include "ring.h"

static bool is_split(const struct vr_judge *j)
{
	return !j->q->packed && j->q->num;
}

/* ---- what is under way ----------------------------------------------------------- */

/* How many slots more than the ring has are either out, by a packed ring's positions,
 * or free, by num_free; false when that is not known. */
static bool packed_excess(const struct vr_queue *q, int64_t *ret)
{
	struct vr_packed_held held;

	if (!vr_is_read(q->num_free) || !vr_packed_held(q, &held))
		return false;
	*ret = held.slots + (int64_t)q->num_free.v - q->num;
	return true;
}

static bool is_within_a_chain(const struct vr_queue *q, int64_t slots)
{
	int64_t longest = vr_longest_chain(q);

	return slots >= -longest && slots <= longest;
}

/*
 * Slots and num_free move one after the other, by one chain.  A get clears the token
 * before it gives slots back; an add that has taken more than one has written those
 * behind the first.  Rings in order are not looked at that closely.
 */
static bool packed_in_transition(const struct vr_queue *q)
{
	int64_t excess;

	if (!packed_excess(q, &excess) || !is_within_a_chain(q, excess))
		return false;
	if (q->in_order)
		return true;
	return excess > 0 ? q->pk.lone != 0 : excess >= -1 || q->pk.writing;
}

/* The lowest head that has a token; num when none has. */
static uint32_t lowest_token(const struct vr_queue *q)
{
	uint32_t i = 0;

	while (q->slots.token && i < q->num && !q->slots.token[i])
		i++;
	return i;
}

/* Is what the driver reaps next a head whose token it has just cleared? */
static bool is_getting(const struct vr_queue *q)
{
	const struct vr_val id = q->split.used_reap.id;

	if (!vr_is_read(q->counts.driver_pending) || !q->counts.driver_pending.v)
		return false;
	/* In order, one entry tells of a whole batch. */
	return q->in_order || !vr_is_read(id) ||
	       (id.v < q->num && !q->slots.token[id.v]);
}

/* Heads are taken back from the lowest to the highest: those that are gone lie below
 * those that are there. */
static bool is_taken_from_below(const struct vr_queue *q)
{
	const struct vr_slots *s = &q->slots;
	uint32_t first = lowest_token(q);

	for (unsigned i = 0; i < s->ndamage && i < VR_MAX_DAMAGE; i++)
		if (s->damage[i].code == VR_D_USED_TOKEN &&
		    s->damage[i].value >= first)
			return false;
	return true;
}

/*
 * May the device, or this queue, be out of work, so that its buffers can be taken back?
 * A port of a console, and a Bluetooth device, is closed while the device works.  Up to
 * 3.17 nothing tells but what a network driver does before: it turns NAPI off, which up to
 * 4.2 looks like one that is scheduled, and stops transmit queues, or it is down.
 */
static bool is_quiet(const struct vr_device *d, const struct vr_queue *q)
{
	if (vr_is_set(q->broken) || vr_is_set(q->reset))
		return true;
	if (vr_is_read(d->type) && (d->type.v == VR_ID_CONSOLE || d->type.v == VR_ID_BLUETOOTH))
		return true;
	if (d->enabled.have != VR_ABSENT)
		return !vr_is_set(d->enabled);
	if (vr_is_clear(d->up))
		return true;
	if (q->napi.addr)
		return vr_is_set(q->napi.scheduled) ||
		       vr_is_clear(q->napi.enabled);
	return q->dir == VR_TX && vr_is_set(q->txq.state);
}

/* A packed ring's buffers are taken back without its positions: what num_free has too
 * much lies between them without a token. */
static bool is_packed_detaching(const struct vr_device *d, const struct vr_queue *q)
{
	int64_t excess;

	return q->pk.lone && packed_excess(q, &excess) && q->num_free.v <= q->num &&
	       is_within_a_chain(q, excess - q->pk.lone) && is_quiet(d, q) &&
	       (!q->slots.ndamage || is_taken_from_below(q));
}

/*
 * Buffers are being taken back from a device that was reset: avail->idx goes back by
 * one for each, and may fall behind used->idx.  A device that works shows nothing of
 * the kind; one of its queues alone is told to be reset.
 */
static bool is_detaching(const struct vr_device *d, const struct vr_queue *q)
{
	const struct vr_split *s = &q->split;
	const struct vr_val l = q->last_used_idx;
	bool disabled = vr_is_clear(d->enabled);

	if (!vr_are_read(s->avail_idx, s->used_idx) || !vr_is_read(l) ||
	    vr_apart(s->avail_idx, l) > q->num || vr_apart(s->used_idx, l) > q->num ||
	    !is_taken_from_below(q))
		return false;
	if (vr_apart(s->avail_idx, s->used_idx) > q->num ||
	    q->slots.tokens + 1 == q->counts.in_flight.v)
		return is_quiet(d, q);
	return disabled;
}

/*
 * A get clears the token, gives the descriptors back one by one, and then moves
 * last_used_idx; an add takes descriptors, sets the token, and then moves avail->idx.
 * Taking back goes like a get, and then moves avail->idx.  Each has one chain in hand;
 * where the list's end leads into its middle, what is left of it looks like two.
 */
unsigned vr_under_way(const struct vr_device *d, const struct vr_queue *q)
{
	const struct vr_slots *s = &q->slots;
	const uint64_t flight = q->counts.in_flight.v;
	unsigned what = 0;

	if (q->packed)
		return (packed_in_transition(q) ? VR_IN_ADD | VR_IN_GET : 0) |
		       (is_packed_detaching(d, q) ? VR_IN_DETACH : 0);
	/* Descriptors that are taken back in order go nowhere. */
	if (q->in_order && (vr_is_set(q->reset) || vr_is_clear(d->enabled)))
		return VR_IN_DETACH;
	if (!q->num || !s->state || !vr_is_read(q->counts.in_flight) ||
	    s->count[VR_SLOT_UNKNOWN] > vr_longest_chain(q) || s->stray > 2)
		return 0;
	if (s->tokens == flight + 1 || (s->tokens == flight && s->stray == 1 &&
					s->adding && !s->ndamage))
		what |= VR_IN_ADD;
	if (s->tokens + 1 == flight && is_getting(q))
		what |= VR_IN_GET;
	if ((s->tokens == flight || s->tokens + 1 == flight) && is_detaching(d, q))
		what |= VR_IN_DETACH;
	return what;
}

/* ---- the indices ----------------------------------------------------------------- */

static void check_size(struct vr_judge *j, const struct vr_check *self)
{
	if (!j->q->num && j->q->size_known)
		vr_found(j, self, "ring size %" PRIu64, j->q->size_read);
}

static void check_avail(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_split *s = &j->q->split;

	if (is_split(j) && vr_are_read(s->avail_idx, s->used_idx) &&
	    vr_apart(s->avail_idx, s->used_idx) > j->q->num)
		vr_found(j, self, "avail->idx %" PRIu64 ", used->idx %" PRIu64
			 ": %u apart in a ring of %" PRIu32, s->avail_idx.v,
			 s->used_idx.v, vr_apart(s->avail_idx, s->used_idx), j->q->num);
}

static void check_used(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_val u = j->q->split.used_idx, l = j->q->last_used_idx;

	if (is_split(j) && vr_are_read(u, l) && vr_apart(u, l) > j->q->num)
		vr_found(j, self, "used->idx %" PRIu64 ", last_used_idx %" PRIu64
			 ": %u apart in a ring of %" PRIu32, u.v, l.v, vr_apart(u, l),
			 j->q->num);
}

static void check_flight(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_val n = j->q->counts.in_flight;

	if (j->q->num && vr_is_read(n) && n.v > j->q->num)
		vr_found(j, self, "in_flight %" PRIu64 " in a ring of %" PRIu32, n.v,
			 j->q->num);
}

static void check_shadow(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_check strict = { .name = self->name, .severity = self->severity };
	const struct vr_val shadow = j->q->avail_idx_shadow, a = j->q->split.avail_idx;

	/* One ahead: inside an add.  One behind: a buffer is taken back. */
	if (is_split(j) && vr_are_read(shadow, a) && vr_apart(shadow, a) > 1)
		vr_found(j, vr_apart(a, shadow) == 1 ? self : &strict, "avail_idx_shadow %" PRIu64 ", avail->idx %" PRIu64,
			 shadow.v, a.v);
}

static void check_num_free(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_queue *q = j->q;

	if (q->num && vr_is_read(q->num_free) && q->num_free.v > q->num)
		vr_found(j, self, "num_free %" PRIu64 " in a ring of %" PRIu32,
			 q->num_free.v, q->num);
}

static void check_free_head(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_queue *q = j->q;

	/* A packed ring used in order has no use for it. */
	if (q->num && vr_are_read(q->num_free, q->free_head) && q->num_free.v &&
	    q->free_head.v >= q->num && !(q->packed && q->in_order))
		vr_found(j, self, "free_head %" PRIu64 " in a ring of %" PRIu32,
			 q->free_head.v, q->num);
}

/* ---- packed rings ---------------------------------------------------------------- */

static void check_positions(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_check strict = { .name = self->name, .severity = self->severity };
	const struct vr_packed *p = &j->q->pk;
	uint32_t num = j->q->num;
	struct vr_packed_held held;

	if (!j->q->packed || !num || !vr_are_read(p->next_avail_idx, p->last_used_idx) ||
	    !vr_are_read(p->avail_wrap_counter, p->used_wrap_counter))
		return;
	if (!vr_packed_held(j->q, &held))
		vr_found(j, &strict, "next_avail_idx %" PRIu64 ", last_used_idx %" PRIu64
			 " in a ring of %" PRIu32, p->next_avail_idx.v,
			 p->last_used_idx.v, num);
	else if (held.turning || held.slots > num)
		vr_found(j, held.turning ? self : &strict, "%" PRIu32
			 " slots from last_used_idx %" PRIu64 " (wrap %" PRIu64
			 ") to next_avail_idx %" PRIu64 " (wrap %" PRIu64
			 ") in a ring of %" PRIu32, held.slots + (held.turning ? num : 0),
			 p->last_used_idx.v, p->used_wrap_counter.v, p->next_avail_idx.v,
			 p->avail_wrap_counter.v, num);
}

/* ---- descriptors ----------------------------------------------------------------- */

static void check_sum(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_queue *q = j->q;
	const struct vr_slots *s = &q->slots;
	int64_t excess;

	if (q->packed && packed_excess(q, &excess) && excess)
		vr_found(j, self, "%" PRId64 " of %" PRIu32
			 " slots are out, num_free is %" PRIu64,
			 excess + q->num - (int64_t)q->num_free.v, q->num,
			 q->num_free.v);

	if (is_split(j) && s->state && s->count[VR_SLOT_UNKNOWN] &&
	    vr_is_read(q->num_free) && s->complete)
		vr_found(j, self, "%" PRIu32 " of %" PRIu32
			 " descriptors are neither free (%" PRIu32 ") nor in flight (%"
			 PRIu32 ")", s->count[VR_SLOT_UNKNOWN], q->num,
			 s->count[VR_SLOT_FREE],
			 s->count[VR_SLOT_DEVICE] + s->count[VR_SLOT_RETURNED]);
}

/* In a packed ring the token that a get takes is that of what was returned first. */
static void check_packed_tokens(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_check strict = { .name = self->name, .severity = self->severity };
	const struct vr_queue *q = j->q;

	if (q->pk.tokens_known && q->pk.lone && !q->pk.lone_new && !q->in_order &&
	    vr_are_read(q->counts.in_flight, q->counts.driver_pending) &&
	    !q->counts.driver_pending.v)
		vr_found(j, j->under_way & VR_IN_DETACH ? self : &strict, "%" PRIu32
			 " slots that are out have no token, and nothing was returned",
			 q->pk.lone);
}

static void check_tokens(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_queue *q = j->q;

	if (q->packed)
		check_packed_tokens(j, self);
	if (is_split(j) && q->slots.state && q->slots.complete &&
	    vr_is_read(q->counts.in_flight) &&
	    q->slots.tokens != q->counts.in_flight.v)
		vr_found(j, self, "%" PRIu32 " heads have a token, in_flight is %" PRIu64,
			 q->slots.tokens, q->counts.in_flight.v);
}

/* Which check tells of what slots.c and packed.c came upon. */
static const char *const damage_checks[VR_D_NCODES] = {
	[VR_D_FREE_RANGE] = "free-list", [VR_D_FREE_REPEAT] = "free-list",
	[VR_D_FREE_TAKEN] = "free-list", [VR_D_LINK_RANGE] = "chain",
	[VR_D_LINK_SHARED] = "chain", [VR_D_LINK_DIFFERS] = "chain",
	[VR_D_TABLE_LENGTH] = "indirect", [VR_D_TABLE_NESTED] = "indirect",
	[VR_D_TABLE_LINK] = "indirect", [VR_D_TABLE_ALIEN] = "indirect",
	[VR_D_AVAIL_HEAD] = "avail-head", [VR_D_USED_ID] = "used-id",
	[VR_D_USED_TOKEN] = "used-id", [VR_D_USED_LENGTH] = "used-id",
};

static void damage_text(char *buf, size_t size, const struct vr_damage *d)
{
	const uint64_t v = d->value, other = d->other;
	const uint32_t at = d->at;

	switch (d->code) {
	case VR_D_FREE_RANGE:
		snprintf(buf, size, "behind descriptor %u it leads to %" PRIu64, at, v);
		break;
	case VR_D_FREE_REPEAT:
		snprintf(buf, size, "behind descriptor %u it comes to %" PRIu64
			 " a second time", at, v);
		break;
	case VR_D_FREE_TAKEN:
		snprintf(buf, size, "descriptor %u is on it and has a token", at);
		break;
	case VR_D_LINK_RANGE:
		snprintf(buf, size, "descriptor %u has NEXT and leads to %" PRIu64, at, v);
		break;
	case VR_D_LINK_SHARED:
		snprintf(buf, size, "descriptor %u leads to %" PRIu64
			 ", which is free or of another chain", at, v);
		break;
	case VR_D_LINK_DIFFERS:
		snprintf(buf, size, "descriptor %u leads to %" PRIu64
			 " in the ring, to %" PRIu64 " by desc_extra", at, v, other);
		break;
	case VR_D_TABLE_LENGTH:
		snprintf(buf, size, "descriptor %u has a table of %" PRIu64 " bytes", at, v);
		break;
	case VR_D_TABLE_NESTED:
		snprintf(buf, size, other ? "descriptor %u has a table and NEXT" :
			 "the table of descriptor %u holds a table", at);
		break;
	case VR_D_TABLE_LINK:
		snprintf(buf, size, "entry %" PRIu64 " of descriptor %u's table leads to %"
			 PRIu64, other, at, v);
		break;
	case VR_D_TABLE_ALIEN:
		snprintf(buf, size, "descriptor %u has a table in a queue without", at);
		break;
	case VR_D_AVAIL_HEAD:
		snprintf(buf, size, "avail->ring[%u] is %" PRIu64, at, v);
		break;
	case VR_D_USED_ID:
		snprintf(buf, size, "slot %u returns id %" PRIu64, at, v);
		break;
	case VR_D_USED_TOKEN:
		snprintf(buf, size, "slot %u returns id %" PRIu64 ", which is not out", at, v);
		break;
	default:
		snprintf(buf, size, "slot %u returns a buffer of %" PRIu64
			 " descriptors where %" PRIu64 " are out", at, v, other);
	}
}

/* Does a chain in hand look like that?  What is being given back may meet the list
 * that is longer by it, and what is reaped next has lost its token. */
static bool is_explained(const struct vr_judge *j, const struct vr_damage *d)
{
	const struct vr_queue *q = j->q;

	switch (d->code) {
	case VR_D_USED_TOKEN:
		/* In a packed ring packed.c has looked whether one is missing. */
		return (j->under_way & VR_IN_DETACH) ||
		       (!q->packed && d->at == (q->last_used_idx.v & (q->num - 1)));
	case VR_D_FREE_RANGE:
	case VR_D_FREE_REPEAT:
	case VR_D_FREE_TAKEN:
		/* A packed ring's driver that gives ids back has taken a token. */
		return !q->packed || q->pk.lone;
	case VR_D_LINK_SHARED:
		return true;
	default:
		return false;
	}
}

static void check_damage(struct vr_judge *j, const struct vr_check *self)
{
	const struct vr_check strict = { .name = self->name, .severity = self->severity };
	const struct vr_slots *s = &j->q->slots;
	unsigned n = s->ndamage < VR_MAX_DAMAGE ? s->ndamage : VR_MAX_DAMAGE;

	for (unsigned i = 0; i < n; i++) {
		const struct vr_damage *d = &s->damage[i];
		char text[160];

		if (strcmp(damage_checks[d->code], self->name))
			continue;
		damage_text(text, sizeof(text), d);
		vr_found(j, is_explained(j, d) ? self : &strict,
			 "%s (ring of %" PRIu32 ")", text, j->q->num);
	}
}

const struct vr_check vr_ring_checks[] = {
	{ "ring-size", VR_SEV_ERROR, 0,
	  "the size is 1 to 32768, of a split ring a power of two", check_size },
	{ "avail-ahead", VR_SEV_ERROR, VR_IN_DETACH,
	  "avail->idx - used->idx is at most the ring's size", check_avail },
	{ "used-ahead", VR_SEV_ERROR, 0,
	  "used->idx - last_used_idx is at most the ring's size", check_used },
	{ "in-flight", VR_SEV_ERROR, 0,
	  "no more buffers are out than the ring has slots", check_flight },
	{ "shadow", VR_SEV_ERROR, VR_IN_DETACH,
	  "avail_idx_shadow is avail->idx, or one ahead inside an add", check_shadow },
	{ "num-free", VR_SEV_ERROR, 0,
	  "num_free is at most the ring's size", check_num_free },
	{ "free-head", VR_SEV_ERROR, 0,
	  "free_head is below the ring's size while descriptors are free",
	  check_free_head },
	{ "positions", VR_SEV_ERROR, VR_IN_ADD | VR_IN_GET,
	  "a packed ring's positions are inside it, and at most a round apart",
	  check_positions },
	{ "free-list", VR_SEV_ERROR, VR_IN_GET | VR_IN_DETACH,
	  "it has num_free entries, each inside the ring, none twice, none in flight",
	  check_damage },
	{ "descriptors", VR_SEV_ERROR, VR_IN_ADD | VR_IN_GET | VR_IN_DETACH,
	  "every descriptor is free or in a chain in flight", check_sum },
	{ "tokens", VR_SEV_ERROR, VR_IN_ADD | VR_IN_GET | VR_IN_DETACH,
	  "as many heads have a driver's token as buffers are out", check_tokens },
	{ "chain", VR_SEV_ERROR, VR_IN_GET | VR_IN_DETACH,
	  "links stay inside the ring and in their chain", check_damage },
	{ "indirect", VR_SEV_ERROR, 0,
	  "tables have whole descriptors, links inside, and hold no table", check_damage },
	{ "avail-head", VR_SEV_ERROR, 0,
	  "published heads are inside the ring", check_damage },
	{ "used-id", VR_SEV_ERROR, VR_IN_GET | VR_IN_DETACH,
	  "what was returned is inside the ring and was out", check_damage },
	{ NULL, VR_SEV_OK, false, NULL, NULL },
};
