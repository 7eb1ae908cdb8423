// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * owners.c - whose the buffers in flight are: the driver keeps a token for each
 * chain of descriptors, and what it is depends on the driver, the queue and the
 * kernel.  owners_net.c and owners_blk.c know some drivers; of the others the
 * token is all there is.
 *
 * A token is a word of a hostile dump.  It is followed only where this kernel's
 * own types say what it is, and believed only when what is there fits.
 */
#include <string.h>

#include "vring.h"

#define MAX_OWNERS	256	/* of a queue that was not asked for by itself */
#define BATCH		1024	/* chains measured at once */

const char *vr_owner_suspect(const struct vr_queue *q, uint64_t addr, unsigned align)
{
	/* The ring's own struct comes from the same allocator as any object. */
	if ((addr ^ q->vring_virtqueue) >> 56)
		return "no kernel address";
	return addr & (align - 1) ? "not aligned" : NULL;
}

/* ---- how long the buffers are -------------------------------------------------- */

/* Take over the sums of the chains; of one that did not end well they are not the
 * whole truth.  'place' has an owner's number by its head, from 1 on. */
static void take_lengths(struct vr_owner *o, const uint32_t *place, uint32_t num,
			 const struct vr_chains *s)
{
	for (uint32_t k = 0; k < s->nchains; k++) {
		uint32_t at = s->chain[k].id < num ? place[s->chain[k].id] : 0;

		if (!at || s->chain[k].stop != VR_STOP_END)
			continue;
		o[at - 1].readable = (struct vr_val){ s->chain[k].readable, VR_READ };
		o[at - 1].writable = (struct vr_val){ s->chain[k].writable, VR_READ };
	}
}

/*
 * Have chains.c walk the chains of these owners only.  Of a split ring the returned
 * ones too: their descriptors stay as they are until the driver reaps them.
 */
static void measure(struct vr_ctx *c, const struct vr_device *d,
		    const struct vr_queue *q, bool words_big, struct vr_owner *o,
		    uint32_t n)
{
	uint32_t *place = vr_alloc(&c->arena, q->num, sizeof(*place));
	uint8_t *state = vr_alloc(&c->arena, q->num, 1);
	struct vr_queue scratch = *q;

	if (!place || !state)
		return;
	scratch.chains = (struct vr_chains){ .wanted = true };
	scratch.slots.state = scratch.slots.buffer = state;
	for (uint32_t i = 0; i < n; i++) {
		if (q->packed && o[i].returned)
			continue;
		state[o[i].head] = VR_SLOT_DEVICE;
		place[o[i].head] = i + 1;
	}
	vr_guest_chains(c, &scratch, d->features, words_big);
	take_lengths(o, place, q->num, &scratch.chains);
}

/* ---- all of a queue ---------------------------------------------------------------- */

static bool list_tokens(struct vr_ctx *c, struct vr_queue *q, uint32_t limit)
{
	struct vr_owners *s = &q->owners;
	uint32_t num = q->num;

	for (uint32_t i = 0; i < num; i++)
		s->total += q->slots.token[i] != 0;
	/* Unreadable tokens look like none, but the rings know better. */
	s->known = s->total || q->counts.in_flight.have != VR_READ ||
		   !q->counts.in_flight.v;
	if (limit > s->total)
		limit = s->total;
	s->owner = vr_alloc(&c->arena, limit ? limit : 1, sizeof(*s->owner));
	if (!s->owner) {
		vr_error_add(c, (struct vr_error){ .code = VR_E_MEMORY,
						   .what = "owners" });
		return false;
	}
	for (uint32_t i = 0; i < num && s->count < limit; i++) {
		const struct vr_val unread = { .have = VR_UNREAD };

		if (!q->slots.token[i])
			continue;
		s->owner[s->count++] = (struct vr_owner){ .head = i,
			.token = q->slots.token[i],
			.returned = q->slots.buffer[i] == VR_SLOT_RETURNED,
			.readable = unread, .writable = unread };
	}
	return true;
}

void vr_owners_read(struct vr_ctx *c, const struct vr_device *d,
		    struct vr_queue *q, bool words_big, bool all)
{
	struct vr_owners *s = &q->owners;

	*s = (struct vr_owners){ .wanted = true };
	if (!q->slots.state || !list_tokens(c, q, all ? q->num : MAX_OWNERS))
		return;
	for (uint32_t i = 0; i < s->count; i += BATCH)
		measure(c, d, q, words_big, s->owner + i,
			s->count - i < BATCH ? s->count - i : BATCH);
	if (d->ref.addr)
		vr_owners_net(c, d, q);
	else if (d->type.have == VR_READ && d->type.v == VR_ID_BLOCK)
		vr_owners_blk(c, d, q, words_big);
}
